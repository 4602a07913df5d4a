"""Revocation lists: which of them speak of a certificate, and what they say (RFC 5280, clauses 5 and 6.3).

Used are lists of the issuer itself, signed by the very key that signed the certificate. Not used: indirect
lists, lists under another key of the same authority, and lists whose scope is not certain to hold the
certificate. Delta lists, lists for some reasons only and lists without an end can revoke but never clear.
OCSP is not read yet.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from vnedoc.errors import FactValue
from vnedoc.model import Finding, Limits, Severity
from vnedoc.trust._certificates import Certificate, NameKey, extension, name_key, quiet

_PROCESSED = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR}
_REMOVED = x509.ReasonFlags.remove_from_crl.value
_CRITICAL_FLAG = b"\x01\x01\xff"


class Status(enum.Enum):
    """What the lists at hand say of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@attrs.frozen(eq=False, kw_only=True)
class RevocationList:
    """One revocation list; made by ``_revocation_list`` only."""

    parsed: x509.CertificateRevocationList
    issuer_key: NameKey
    this_update: dt.datetime
    next_update: dt.datetime | None
    authority_id: bytes | None
    point: x509.IssuingDistributionPoint | None
    """Its scope."""
    partial: str | None
    """Why it cannot clear a certificate, though it can revoke one."""
    unusable: str | None
    """Why it can be used for no certificate at all."""

    def is_current(self, at: dt.datetime) -> bool:
        """Whether *at* lies in the time that the list speaks for."""
        return self.next_update is not None and self.this_update <= at <= self.next_update


@lru_cache(maxsize=32)
def _revocation_list(der: bytes) -> RevocationList | None:
    try:
        with quiet():
            parsed = x509.load_der_x509_crl(der)
            return _parse(parsed, der)
    except Exception:  # noqa: BLE001 - a malformed list is no list, whatever the parser raises
        return None


def _parse(parsed: x509.CertificateRevocationList, der: bytes) -> RevocationList:
    authority_id = extension(parsed.extensions, x509.AuthorityKeyIdentifier)
    point = extension(parsed.extensions, x509.IssuingDistributionPoint)
    return RevocationList(
        parsed=parsed,
        issuer_key=name_key(parsed.issuer),
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
        authority_id=None if authority_id is None else authority_id.key_identifier,
        point=point,
        partial=_why_partial(parsed, point),
        unusable=_why_unusable(parsed, point, der),
    )


def _why_partial(
    parsed: x509.CertificateRevocationList, point: x509.IssuingDistributionPoint | None
) -> str | None:
    if extension(parsed.extensions, x509.DeltaCRLIndicator) is not None:
        return "delta"
    if parsed.next_update_utc is None:
        return "no-next-update"
    return "only-some-reasons" if point is not None and point.only_some_reasons else None


def _why_unusable(
    parsed: x509.CertificateRevocationList, point: x509.IssuingDistributionPoint | None, der: bytes
) -> str | None:
    critical = {one.oid for one in parsed.extensions if one.critical}
    if not critical <= _PROCESSED:
        return "critical-extension"
    if point is not None and point.indirect_crl:
        return "indirect"
    # A critical extension of any entry forbids the use of the whole list (RFC 5280, clause 5.3). A long
    # list is walked only when its octets hold more critical flags than its own extensions account for.
    if der.count(_CRITICAL_FLAG) > len(critical) and any(
        one.critical for entry in parsed for one in entry.extensions
    ):
        return "critical-entry-extension"
    return None


@attrs.frozen(eq=False)
class _Shelf:
    """Lists by issuer, and why some could not be read at all."""

    by_issuer: Mapping[NameKey, tuple[RevocationList, ...]]
    causes: frozenset[str]


@lru_cache(maxsize=8)
def _shelf(crls: tuple[bytes, ...], crl_bytes: int) -> _Shelf:
    found: dict[NameKey, tuple[RevocationList, ...]] = {}
    causes: set[str] = set()
    for der in crls:
        one = _revocation_list(der) if len(der) <= crl_bytes else None
        if one is None:
            causes.add("malformed" if len(der) <= crl_bytes else "limit-crl_bytes")
        else:
            found[one.issuer_key] = (*found.get(one.issuer_key, ()), one)
    return _Shelf(found, frozenset(causes))


@lru_cache(maxsize=128)
def _is_signed_by(crl: RevocationList, issuer: Certificate) -> bool:
    return crl.parsed.is_signature_valid(issuer.public_key)


@lru_cache(maxsize=512)
def _entry(crl: RevocationList, serial: int) -> x509.RevokedCertificate | None:
    if serial >= 0:
        return crl.parsed.get_revoked_certificate_by_serial_number(serial)
    with quiet():  # the look-up takes no negative numbers
        return next((one for one in crl.parsed if one.serial_number == serial), None)


@attrs.frozen(kw_only=True)
class RevocationAnswer:
    """What is known of one certificate."""

    status: Status
    findings: tuple[Finding, ...] = ()


def check_revocation(
    subject: Certificate,
    issuer: Certificate,
    *,
    crls: Sequence[bytes],
    at: dt.datetime,
    required: bool,
    is_leaf: bool,
    limits: Limits,
) -> RevocationAnswer:
    """Say whether *subject* was revoked at *at*.

    The newest list that is right for *at* decides. A list of another time clears nothing, but a revocation
    in it that lies before *at* counts.
    """
    fitting, causes = _fitting(subject, issuer, crls, limits)
    full = [one for one in fitting if one.partial is None]
    current = next((one for one in full if one.is_current(at)), None)
    base = current or next(iter(full), None)
    names: dict[str, FactValue] = {"subject": subject.subject, "issuer": subject.issuer}
    later: tuple[Finding, ...] = ()
    for crl in fitting:
        entry = _entry(crl, subject.serial)
        if entry is None or (base is not None and crl.this_update < base.this_update):
            continue
        reason = _reason(entry)
        if reason == _REMOVED and crl.partial:
            continue
        facts = {**names, "revoked_at": _text(entry.revocation_date_utc), "reason": reason, "at": _text(at)}
        if entry.revocation_date_utc <= at:
            code = "VND-TRUST-030" if is_leaf else "VND-TRUST-031"
            return RevocationAnswer(status=Status.REVOKED, findings=(Finding.error(code, None, **facts),))
        later = (Finding.warning("VND-TRUST-035", None, **facts),)
    if current is not None:
        return RevocationAnswer(status=Status.GOOD, findings=later)
    severity = Severity.ERROR if required else Severity.WARNING
    if base is not None:
        code = "VND-TRUST-033"
        names |= {
            "this_update": _text(base.this_update),
            "next_update": _text(base.next_update),
            "at": _text(at),
        }
    elif causes:
        code = "VND-TRUST-034"
        names["causes"] = sorted(causes)
    else:
        code = "VND-TRUST-032"
    return RevocationAnswer(status=Status.UNKNOWN, findings=(*later, Finding(code, severity, None, names)))


def _fitting(
    subject: Certificate, issuer: Certificate, crls: Sequence[bytes], limits: Limits
) -> tuple[list[RevocationList], set[str]]:
    """Give the lists that speak of *subject*, newest first, and why others of its issuer do not clear it."""
    shelf = _shelf(tuple(crls), limits.crl_bytes)
    found: list[RevocationList] = []
    causes = set(shelf.causes)
    for crl in shelf.by_issuer.get(subject.issuer_key, ()):
        cause = crl.unusable or _out_of_scope(crl, subject) or _not_from(crl, issuer)
        if cause is None:
            found.append(crl)
        if cause or crl.partial:
            causes.add(cause or crl.partial or "")
    return sorted(found, key=lambda one: one.this_update, reverse=True), causes


def _text(time: dt.datetime | None) -> str | None:
    return None if time is None else time.isoformat()


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
    return None if _is_signed_by(crl, issuer) else "signature"


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
