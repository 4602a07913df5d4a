"""Revocation lists: which of them speak of a certificate (RFC 5280, clauses 5 and 6.3).

Used are lists of the issuer itself, signed by the very key that signed the certificate. Not used: indirect
lists, lists under another key of the same authority, and lists whose scope is not certain to hold the
certificate. Delta lists, lists for some reasons only and lists without an end can revoke but never clear.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property, lru_cache
from typing import Any

import attrs
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from vnedoc.trust._certificates import Certificate, NameKey, extension, hash_name_of, name_key, quiet
from vnedoc.trust._cms import generalized_time, read
from vnedoc.trust._status._statement import Statement

_PROCESSED = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR}
_EXPIRED_KEPT = ObjectIdentifier("2.5.29.60")  # expiredCertsOnCRL (X.509, clause 9.5.2.8)
_REMOVED = x509.ReasonFlags.remove_from_crl.value
_CRITICAL_FLAG = b"\x01\x01\xff"
_MOST_ANSWERS = 512


@attrs.frozen(eq=False, kw_only=True)
class RevocationList:
    """One revocation list; made by ``read_list`` only. What was asked of it is kept with it."""

    der: bytes
    parsed: x509.CertificateRevocationList
    issuer_key: NameKey
    this_update: dt.datetime
    next_update: dt.datetime | None
    authority_id: bytes | None
    hash_name: str | None
    point: x509.IssuingDistributionPoint | None
    """Its scope."""
    keeps_expired: dt.datetime | None
    partial: str | None
    """Why it cannot clear a certificate, though it can revoke one."""
    unusable: str | None
    """Why it can be used for no certificate at all."""
    _signed: dict[bytes, bool] = attrs.field(factory=dict)
    _entries: dict[int, x509.RevokedCertificate | None] = attrs.field(factory=dict)

    @cached_property
    def has_critical_entries(self) -> bool:
        """Whether an entry has a critical extension: that forbids the use of the list (RFC 5280, 5.3).

        A long list is walked only when its octets hold more critical flags than its own extensions account
        for, and only once its signature was found right.
        """
        own = sum(one.critical for one in self.parsed.extensions)
        if self.der.count(_CRITICAL_FLAG) <= own:
            return False
        try:
            with quiet():
                return any(one.critical for entry in self.parsed for one in entry.extensions)
        except Exception:  # noqa: BLE001 - an entry that cannot be read may have one
            return True

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether *issuer*'s key signed it."""
        if issuer.spki not in self._signed:
            if len(self._signed) >= _MOST_ANSWERS:
                self._signed.clear()
            self._signed[issuer.spki] = _is_signed_by(self.parsed, issuer)
        return self._signed[issuer.spki]

    def entry(self, serial: int) -> x509.RevokedCertificate | None:
        """Give the entry of a certificate."""
        if serial not in self._entries:
            if len(self._entries) >= _MOST_ANSWERS:
                self._entries.clear()
            self._entries[serial] = _entry(self.parsed, serial)
        return self._entries[serial]

    def says(self, subject: Certificate, issuer: Certificate) -> Statement | str:
        """Give what it says of *subject*, or why it cannot be used for it."""
        cause = self.unusable or _out_of_scope(self, subject) or _not_from(self, issuer)
        if cause is None and self.has_critical_entries:
            cause = "critical-entry-extension"
        if cause is not None:
            return cause
        entry = self.entry(subject.serial)
        reason = None if entry is None else _reason(entry)
        if reason == _REMOVED and self.partial:
            entry = None
        return Statement(
            der=self.der,
            is_ocsp=False,
            issued=self.this_update,
            until=self.next_update,
            starts=self.this_update,
            clears=self.partial is None,
            revoked_at=None if entry is None else entry.revocation_date_utc,
            reason=reason or "unspecified",
            keeps_expired=self.keeps_expired,
            hash_names=(self.hash_name,),
        )


def read_list(der: bytes) -> RevocationList | None:
    """Read a revocation list; a malformed one is none."""
    try:
        with quiet():
            return _parse(x509.load_der_x509_crl(der), der)
    except Exception:  # noqa: BLE001 - whatever the parser raises
        return None


kept_list = lru_cache(maxsize=32)(read_list)
"""The same for lists of the caller's store; what documents carry is not kept."""


def _parse(parsed: x509.CertificateRevocationList, der: bytes) -> RevocationList:
    authority_id = extension(parsed.extensions, x509.AuthorityKeyIdentifier)
    point = extension(parsed.extensions, x509.IssuingDistributionPoint)
    return RevocationList(
        der=der,
        parsed=parsed,
        issuer_key=name_key(parsed.issuer),
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
        authority_id=None if authority_id is None else authority_id.key_identifier,
        hash_name=hash_name_of(parsed),
        point=point,
        keeps_expired=_keeps_expired(parsed),
        partial=_why_partial(parsed, point),
        unusable=_why_unusable(parsed, point),
    )


def _keeps_expired(parsed: x509.CertificateRevocationList) -> dt.datetime | None:
    try:
        value: Any = parsed.extensions.get_extension_for_oid(_EXPIRED_KEPT).value
    except x509.ExtensionNotFound:
        return None
    return generalized_time(read(value.value))


def _why_partial(
    parsed: x509.CertificateRevocationList, point: x509.IssuingDistributionPoint | None
) -> str | None:
    if extension(parsed.extensions, x509.DeltaCRLIndicator) is not None:
        return "delta"
    if parsed.next_update_utc is None:
        return "no-next-update"
    return "only-some-reasons" if point is not None and point.only_some_reasons else None


def _why_unusable(
    parsed: x509.CertificateRevocationList, point: x509.IssuingDistributionPoint | None
) -> str | None:
    critical = {one.oid for one in parsed.extensions if one.critical}
    if not critical <= _PROCESSED:
        return "critical-extension"
    if point is not None and point.indirect_crl:
        return "indirect"
    return None


def _is_signed_by(parsed: x509.CertificateRevocationList, issuer: Certificate) -> bool:
    try:
        return parsed.is_signature_valid(issuer.public_key)
    except Exception:  # noqa: BLE001 - a key and an algorithm that do not fit
        return False


def _entry(parsed: x509.CertificateRevocationList, serial: int) -> x509.RevokedCertificate | None:
    if serial >= 0:
        return parsed.get_revoked_certificate_by_serial_number(serial)
    with quiet():  # the look-up takes no negative numbers
        return next((one for one in parsed if one.serial_number == serial), None)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        with quiet():
            reason: x509.CRLReason | None = extension(entry.extensions, x509.CRLReason)
    except ValueError:  # a malformed extension of the entry does not make the certificate good
        reason = None
    return "unspecified" if reason is None else reason.reason.value


def _not_from(crl: RevocationList, issuer: Certificate) -> str | None:
    if issuer.key_usage is not None and not issuer.key_usage.crl_sign:
        return "issuer-may-not-sign-lists"
    if None not in (crl.authority_id, issuer.key_id) and crl.authority_id != issuer.key_id:
        return "other-key"
    return None if crl.is_signed_by(issuer) else "signature"


def _out_of_scope(crl: RevocationList, subject: Certificate) -> str | None:
    """Compare the list's scope with the certificate (RFC 5280, clause 6.3.3 b)."""
    point = crl.point
    if point is None:
        return None
    if point.only_contains_attribute_certs or point.relative_name:
        return "scope"
    if point.only_contains_user_certs and subject.is_ca:
        return "scope"
    if point.only_contains_ca_certs and not subject.is_ca:
        return "scope"
    if point.full_name and not set(point.full_name) & _distribution_names(subject):
        return "scope"
    return None


def _distribution_names(subject: Certificate) -> set[Any]:
    points = subject.extension(x509.CRLDistributionPoints) or ()
    return {name for one in points if not one.crl_issuer for name in one.full_name or ()}
