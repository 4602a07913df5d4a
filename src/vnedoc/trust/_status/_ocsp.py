"""OCSP responses: which of them speak of a certificate, and who may say so (RFC 6960).

Used are responses that the issuer's own key signed, or a responder to whom the issuer itself gave a
certificate with id-kp-OCSPSigning. A responder that anybody trusts for another reason is not one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

import attrs
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from vnedoc.errors import DecodeError
from vnedoc.trust._certificates import Certificate, certificate, is_signed_by
from vnedoc.trust._cms import (
    CmsFault,
    Element,
    Verify,
    certificate_fields,
    generalized_time,
    hash_name,
    read,
    verifier,
)
from vnedoc.trust._cms import tags as tag
from vnedoc.trust._status._statement import MOMENT, SKEW, Statement

_BASIC = "1.3.6.1.5.5.7.48.1.1"
_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
_GOOD, _REVOKED, _UNKNOWN = 0x80, tag.CONTEXT_1, 0x82
_MOST_CERTIFICATES = 10
_MOST_SINGLES = 64  # responders answer about one, a few about a handful
_MOST_ANSWERS = 512
_REASONS = {
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}


@attrs.frozen(kw_only=True)
class _Single:
    """What a response says of one certificate."""

    hash_name: str
    issuer_name: bytes
    issuer_key: bytes
    status: int
    revoked_at: dt.datetime | None
    reason: str
    this_update: dt.datetime
    next_update: dt.datetime | None
    cutoff: dt.datetime | None


@attrs.frozen(eq=False, kw_only=True)
class OcspResponse:
    """One response; made by ``read_response`` only. Who signed it is found once for each issuer."""

    der: bytes
    tbs: bytes
    verify: Verify | None
    value: bytes
    responder_name: bytes | None
    responder_key: bytes | None
    certificates: tuple[bytes, ...]
    singles: dict[int, list[_Single]]
    _makers: dict[bytes, _Maker | str] = attrs.field(factory=dict)
    _about: dict[tuple[bytes, bytes], list[_Single]] = attrs.field(factory=dict)

    def says(
        self, subject: Certificate, issuer: Certificate, helpers: Sequence[bytes] = ()
    ) -> Iterator[Statement | str]:
        """Give what it says of *subject*, or why it cannot be used; nothing when it is about others.

        Args:
            subject: Whose status is asked for.
            issuer: Who issued it.
            helpers: Certificates, DER, among which the responder's may be when the response has none.
        """
        for one in self._singles_about(subject, issuer):
            maker = self._maker(issuer, helpers)
            if isinstance(maker, str):
                yield maker
                return
            yield Statement(
                der=self.der,
                is_ocsp=True,
                issued=one.this_update,
                until=one.next_update or one.this_update + MOMENT,
                starts=one.this_update - SKEW,
                clears=one.status != _UNKNOWN,
                unknown=one.status == _UNKNOWN,
                revoked_at=one.revoked_at,
                reason=one.reason,
                keeps_expired=one.cutoff,
                hash_names=maker.hash_names,
                responder=maker.responder,
                vouched=maker.vouched,
            )

    def _singles_about(self, subject: Certificate, issuer: Certificate) -> list[_Single]:
        if subject.serial not in self.singles:
            return []
        key = subject.der, issuer.der
        if key not in self._about:
            if len(self._about) >= _MOST_ANSWERS:
                self._about.clear()
            own: dict[str, tuple[bytes, bytes]] = {}
            self._about[key] = [
                one for one in self.singles[subject.serial] if _is_about(one, subject, issuer, own)
            ]
        return self._about[key]

    def _maker(self, issuer: Certificate, helpers: Sequence[bytes]) -> _Maker | str:
        known = self._makers.get(issuer.der)
        if known is None or (isinstance(known, str) and helpers):
            if len(self._makers) >= _MOST_ANSWERS:
                self._makers.clear()
            known = self._makers[issuer.der] = self._find_maker(issuer, helpers)
        return known

    def _find_maker(self, issuer: Certificate, helpers: Sequence[bytes]) -> _Maker | str:
        verify = self.verify
        if verify is None:
            return "ocsp-algorithm"
        if self._is_named(issuer):
            if verify(issuer.public_key, self.value, self.tbs):
                return _Maker(verify.hash_names, None, vouched=False)
            return "ocsp-signature"
        cause = "ocsp-responder-unknown"
        for der in dict.fromkeys((*self.certificates, *helpers)):
            try:
                one = certificate(der)
            except DecodeError:
                continue
            if not self._is_named(one):
                continue
            if not _is_delegated(one, issuer):
                cause = "ocsp-responder-not-authorised"
            elif not verify(one.public_key, self.value, self.tbs):
                cause = "ocsp-signature"
            else:
                vouched = one.extension(x509.OCSPNoCheck) is not None
                return _Maker(verify.hash_names, one, vouched=vouched)
        return cause

    def _is_named(self, one: Certificate) -> bool:
        if self.responder_key is not None:
            return _key_hash(one.der, "sha1") == self.responder_key
        return self.responder_name == _subject(one.der)


@attrs.frozen
class _Maker:
    """Who signed a response: the issuer itself, or a responder that it authorised."""

    hash_names: tuple[str, ...]
    responder: Certificate | None
    vouched: bool = attrs.field(kw_only=True)


def read_response(der: bytes) -> OcspResponse | None:
    """Read an OCSP response; a malformed or unsuccessful one is none."""
    try:
        return _parse(der)
    except Exception:  # noqa: BLE001 - hostile octets: whatever goes wrong, they are no response
        return None


def is_response(der: bytes) -> bool:
    """Whether octets are an OCSP response that says something."""
    return read_response(der) is not None


kept_response = lru_cache(maxsize=128)(read_response)
"""The same for responses of the caller's store; what documents carry is not kept."""


def _parse(der: bytes) -> OcspResponse | None:
    outer = read(der)
    status, *rest = outer.expect(tag.SEQUENCE).children()
    if status.expect(tag.ENUMERATED).content != b"\0" or outer.end != len(der):
        return None
    kind, octets = rest[0].expect(tag.CONTEXT_0).children()[0].expect(tag.SEQUENCE).children()
    if kind.oid() != _BASIC:
        return None
    content = octets.expect(tag.OCTET_STRING).content
    inner = read(content).expect(tag.SEQUENCE)
    if inner.end != len(content):
        return None
    tbs, algorithm, value, *more = inner.children()
    certificates: list[Element] = []
    if more:
        carried = more[0].expect(tag.CONTEXT_0).children()[0].expect(tag.SEQUENCE)
        certificates = carried.children(_MOST_SINGLES)
    parts = iter(tbs.expect(tag.SEQUENCE).children())
    responder = next(parts)
    if responder.tag == tag.CONTEXT_0:  # the version
        responder = next(parts)
    name = responder.children()[0]
    generalized_time(next(parts))  # producedAt: must be there; what counts is thisUpdate
    singles = next(parts).expect(tag.SEQUENCE).children(_MOST_SINGLES)
    for extensions in parts:
        _extensions(extensions)
    found: dict[int, list[_Single]] = {}
    for one in singles:
        serial, single = _single(one)
        found.setdefault(serial, []).append(single)
    signature = value.expect(tag.BIT_STRING).content
    if signature[0]:
        return None
    return OcspResponse(
        der=der,
        tbs=tbs.raw,
        verify=_verify(algorithm),
        value=signature[1:],
        responder_name=name.raw if responder.tag == tag.CONTEXT_1 else None,
        responder_key=name.content if responder.tag == tag.CONTEXT_2 else None,
        certificates=tuple(one.raw for one in islice(certificates, _MOST_CERTIFICATES)),
        singles=found,
    )


def _verify(algorithm: Element) -> Verify | None:
    try:
        return verifier(algorithm, None)
    except CmsFault:  # one that is not known
        return None


def _single(element: Element) -> tuple[int, _Single]:
    identifier, status, this_update, *rest = element.expect(tag.SEQUENCE).children()
    algorithm, name, key, serial = identifier.expect(tag.SEQUENCE).children()
    if status.tag not in {_GOOD, _REVOKED, _UNKNOWN}:
        raise ValueError("a status that is none")
    revoked_at, reason = None, "unspecified"
    if status.tag == _REVOKED:
        when, *why = status.children()
        revoked_at = generalized_time(when)
        if why:
            code = why[0].expect(tag.CONTEXT_0).children()[0].expect(tag.ENUMERATED).content
            reason = _REASONS.get(int.from_bytes(code, "big"), reason)
    next_update = cutoff = None
    for one in rest:
        if one.tag == tag.CONTEXT_0:
            next_update = generalized_time(one.children()[0])
        else:
            value = _extensions(one.expect(tag.CONTEXT_1)).get(_ARCHIVE_CUTOFF)
            cutoff = None if value is None else generalized_time(read(value))
    return serial.integer(), _Single(
        hash_name=hash_name(algorithm.children()[0].oid()),
        issuer_name=name.expect(tag.OCTET_STRING).content,
        issuer_key=key.expect(tag.OCTET_STRING).content,
        status=status.tag,
        revoked_at=revoked_at,
        reason=reason,
        this_update=generalized_time(this_update),
        next_update=next_update,
        cutoff=cutoff,
    )


def _extensions(explicit: Element) -> dict[str, bytes]:
    """Give extensions by their dotted identifiers; none of those that exist may be critical."""
    found: dict[str, bytes] = {}
    for one in explicit.children()[0].children():
        identifier, *critical, value = one.children()
        if any(flag.content != b"\0" for flag in critical):
            raise ValueError("a critical extension")
        found[identifier.oid()] = value.expect(tag.OCTET_STRING).content
    return found


def _is_about(
    single: _Single, subject: Certificate, issuer: Certificate, own: dict[str, tuple[bytes, bytes]]
) -> bool:
    """Compare the CertID by the hash that it names (RFC 6960, clause 4.1.1); *own* keeps what was hashed."""
    used = single.hash_name
    if used not in own:
        name = hashlib.new(used, _issuer_name(subject.der), usedforsecurity=False).digest()
        own[used] = name, _key_hash(issuer.der, used)
    return own[used] == (single.issuer_name, single.issuer_key)


def _is_delegated(responder: Certificate, issuer: Certificate) -> bool:
    """Whether *issuer* itself made *responder* one (RFC 6960, clause 4.2.2.2)."""
    usage = responder.key_usage
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string in (responder.extended_usage or ())
        and (usage is None or usage.digital_signature or usage.content_commitment)
        and not responder.unknown_critical
        and responder.issuer_key == issuer.subject_key
        and is_signed_by(responder, issuer)
    )


def _key_hash(der: bytes, name: str) -> bytes:
    key = certificate_fields(der)[5].children()[1].expect(tag.BIT_STRING).content[1:]
    return hashlib.new(name, key, usedforsecurity=False).digest()


def _issuer_name(der: bytes) -> bytes:
    return certificate_fields(der)[2].raw


def _subject(der: bytes) -> bytes:
    return certificate_fields(der)[4].raw
