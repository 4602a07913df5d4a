"""A CMS SignedData with one signer (RFC 5652): its parts, and whether the value is right.

PDF signatures and time stamps are made of it. Knows no trust and no time, and fetches nothing; everything is
checked on the octets as they stand.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from vnedoc.errors import DecodeError
from vnedoc.trust._cms._der import (
    CONTEXT_0,
    CONTEXT_1,
    CONTEXT_3,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    malformed,
    read,
)
from vnedoc.trust._cms._values import CmsFault, Verify, hash_name, verifier

DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
_SIGNED_DATA = "1.2.840.113549.1.7.2"

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"

# Certificates, revocation data and more in one CMS; whole chains have ten.
_MOST_INSIDE = 256
# A signer is named by issuer and serial number, or by its key: there is one certificate, or its renewal.
_MOST_KEYS = 4
_MOST_OCTETS_OF_KEY = 8 * 1024


@attrs.frozen(kw_only=True)
class SignedData:
    """The parts of a SignedData with its one SignerInfo, in place.

    Attributes:
        content_type: Of the content that is signed, dotted.
        content: The eContent, when it is carried.
        certificates: X.509 certificates that are carried, DER.
        crls: Revocation lists that are carried, DER.
        ocsps: OCSP responses that are carried, DER (RFC 5940).
        sid: IssuerAndSerialNumber, or ``[0]`` with the key identifier.
        digest: Dotted identifier of the digest algorithm.
        attributes: The signed attributes as they stand, ``None`` when there are none.
        algorithm: The signature algorithm, an AlgorithmIdentifier.
        value: The signature value.
        unsigned: Dotted identifiers of the unsigned attributes.
        padding: What follows the CMS in its container.
    """

    content_type: str
    content: Element | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    sid: Element
    digest: str
    attributes: Element | None
    algorithm: Element
    value: bytes
    unsigned: tuple[str, ...]
    padding: bytes


def parse(container: bytes) -> SignedData:
    """Read the CMS at the front of *container*.

    Raises:
        CmsFault: ``malformed``, or ``signers`` when there is not exactly one.
    """
    try:
        return _parse(container)
    except (CmsFault, MemoryError):
        raise
    except Exception as error:  # hostile octets: whatever goes wrong, they are no CMS
        raise _not_cms(error) from error


def _parse(container: bytes) -> SignedData:
    info = read(container)
    kind, explicit = info.expect(SEQUENCE).children()[:2]
    if kind.oid() != _SIGNED_DATA:
        raise malformed(f"content type {kind.oid()} where signed data belongs")
    (body,) = explicit.expect(CONTEXT_0).children()
    parts = iter(body.expect(SEQUENCE).children())
    next(parts).integer()
    next(parts).expect(SET)
    encapsulated = next(parts).expect(SEQUENCE).children()
    certificates: list[bytes] = []
    revocation: list[Element] = []
    last = next(parts)
    if last.tag == CONTEXT_0:
        certificates = [one.raw for one in last.children(_MOST_INSIDE) if one.tag == SEQUENCE]
        last = next(parts)
    if last.tag == CONTEXT_1:
        revocation = last.children(_MOST_INSIDE)
        last = next(parts)
    signers = last.expect(SET).children(_MOST_INSIDE)
    if len(signers) != 1:
        raise CmsFault("signers", count=len(signers))
    rest = iter(signers[0].expect(SEQUENCE).children())
    next(rest).integer()
    sid = next(rest)
    digest = next(rest).expect(SEQUENCE).children()[0].oid()
    attributes, algorithm = None, next(rest)
    if algorithm.tag == CONTEXT_0:
        attributes, algorithm = algorithm, next(rest)
    value = next(rest).expect(OCTET_STRING).content
    unsigned = [
        one.children()[0].oid() for more in rest for one in more.expect(CONTEXT_1).children(_MOST_INSIDE)
    ]
    return SignedData(
        content_type=encapsulated[0].oid(),
        content=encapsulated[1].expect(CONTEXT_0).children()[0] if len(encapsulated) > 1 else None,
        certificates=tuple(certificates),
        crls=tuple(one.raw for one in revocation if one.tag == SEQUENCE),
        ocsps=tuple(_ocsps(revocation)),
        sid=sid,
        digest=digest,
        attributes=attributes,
        algorithm=algorithm.expect(SEQUENCE),
        value=value,
        unsigned=tuple(unsigned),
        padding=container[info.end :],
    )


def _ocsps(revocation: Iterable[Element]) -> Iterable[bytes]:
    for one in revocation:
        if one.tag == CONTEXT_1:
            kind, *value = one.children()
            if kind.oid() == _OCSP_RESPONSE and value:
                yield value[0].raw


@attrs.frozen(kw_only=True)
class CheckedCms:
    """What the check of the attributes and of the value found out.

    Attributes:
        certificate: The certificate whose key made the value, DER.
        hash_names: Digest and signature hashes.
        scheme: ``rsa``, ``rsa-pss``, ``ecdsa`` or ``eddsa``.
        ess: The signing certificate is named in the signed attributes, and it is this one.
        signing_time: The signing-time attribute.
        policy: Dotted identifier of the signature policy, when one is named.
        reordered: The attributes were not sent in the order of DER, though the value is over that.
    """

    certificate: bytes
    hash_names: tuple[str, ...]
    scheme: str
    ess: bool
    signing_time: dt.datetime | None
    policy: str | None
    reordered: bool


def hash_of(signed: SignedData) -> str:
    """Give the name of the digest algorithm for ``hashlib``; raises ``CmsFault`` when it is unknown."""
    return hash_name(signed.digest)


def check(
    signed: SignedData, content_digest: bytes, *, content_type: str = DATA, others: Iterable[bytes] = ()
) -> CheckedCms:
    """Check attributes, then value, then the binding to the certificate.

    Args:
        signed: What ``parse`` gave.
        content_digest: Digest of the content, by ``hash_of``.
        content_type: What the content must be said to be, dotted.
        others: Further certificates that may be the signer's, DER, for a CMS that carries none.

    Raises:
        CmsFault: For whatever is wrong; the value is looked at only when all attributes are right.
    """
    try:
        return _check(signed, content_digest, content_type, others)
    except (CmsFault, MemoryError):
        raise
    except Exception as error:  # hostile octets: whatever goes wrong, they are no CMS
        raise _not_cms(error) from error


def _check(
    signed: SignedData, content_digest: bytes, content_type: str, others: Iterable[bytes]
) -> CheckedCms:
    if signed.attributes is None:
        raise CmsFault("no-attributes")
    if signed.content_type != content_type:
        raise CmsFault("content-type", content_type=signed.content_type)
    attributes = _attributes(signed.attributes)
    if _one(attributes, _CONTENT_TYPE).oid() != content_type:
        raise CmsFault("content-type", content_type="other")
    if _one(attributes, _MESSAGE_DIGEST).expect(OCTET_STRING).content != content_digest:
        raise CmsFault("digest")
    _algorithm_protection(attributes, signed)
    digest = hash_of(signed)
    octets, sent = _octets(signed.attributes)
    verify = verifier(signed.algorithm, digest)
    certificate = _signer(signed, attributes, (octets, sent), verify, others)
    ess = _bound(attributes, certificate)
    return CheckedCms(
        certificate=certificate,
        hash_names=tuple(dict.fromkeys((digest, *verify.hash_names))),
        scheme=verify.scheme,
        ess=ess,
        signing_time=_time(attributes),
        policy=_policy(attributes),
        reordered=sent != octets,
    )


def claimed_signer(signed: SignedData) -> bytes | None:
    """Give the certificate that the signature names, for reports on signatures that are broken."""
    return next((one for one in signed.certificates if _is_named(one, signed.sid)), None)


def time_stamped(signed: SignedData) -> bool:
    """Tell whether a signature time-stamp is among the unsigned attributes."""
    return _TIME_STAMP in signed.unsigned


# --- attributes -----------------------------------------------------------------------------------


def _attributes(element: Element) -> dict[str, list[Element]]:
    """Give the values of each signed attribute; ``_one`` refuses those that must stand once."""
    found: dict[str, list[Element]] = {}
    for attribute in element.children():
        kind, values = attribute.expect(SEQUENCE).children()
        found.setdefault(kind.oid(), []).extend(values.expect(SET).children())
    return found


def _one(attributes: Mapping[str, Sequence[Element]], name: str) -> Element:
    values = attributes.get(name, ())
    if len(values) != 1:
        raise CmsFault("attribute", attribute=name)
    return values[0]


def _octets(element: Element) -> tuple[bytes, bytes]:
    """Give the attributes as DER ``SET OF``, over which the value must be, and as they were sent."""
    if not element.is_der():
        raise CmsFault("order")
    header = b"\x31" + element.data[element.start + 1 : element.body]
    return header + b"".join(sorted(one.raw for one in element.children())), header + element.content


def _algorithm_protection(attributes: Mapping[str, Sequence[Element]], signed: SignedData) -> None:
    """Refuse when the algorithms are not those that were signed (RFC 6211)."""
    if _ALGORITHM_PROTECTION not in attributes:
        return
    parts = _one(attributes, _ALGORITHM_PROTECTION).expect(SEQUENCE).children()
    digest = parts[0].expect(SEQUENCE).children()[0].oid()
    signature = [one.children()[0].oid() for one in parts[1:] if one.tag == CONTEXT_1]
    if digest != signed.digest or signature != [signed.algorithm.children()[0].oid()]:
        raise CmsFault("binding", attribute=_ALGORITHM_PROTECTION)


def _bound(attributes: Mapping[str, Sequence[Element]], certificate: bytes) -> bool:
    """Tell whether the ESS attribute is there; refuse when it names another certificate (RFC 5035)."""
    present = False
    for name, default in ((_SIGNING_CERTIFICATE, "sha1"), (_SIGNING_CERTIFICATE_V2, "sha256")):
        if name not in attributes:
            continue
        identifiers = _one(attributes, name).expect(SEQUENCE).children()[0]
        parts = identifiers.expect(SEQUENCE).children()[0].expect(SEQUENCE).children()
        used = default
        if name == _SIGNING_CERTIFICATE_V2 and parts[0].tag == SEQUENCE:
            used = hash_name(parts[0].children()[0].oid())
            parts = parts[1:]
        if parts[0].expect(OCTET_STRING).content != hashlib.new(used, certificate).digest():
            raise CmsFault("binding", attribute=name)
        present = True
    return present


def _policy(attributes: Mapping[str, Sequence[Element]]) -> str | None:
    if _SIGNATURE_POLICY not in attributes:
        return None
    value = _one(attributes, _SIGNATURE_POLICY)
    return value.children()[0].oid() if value.tag == SEQUENCE else None  # NULL: implied, not named


def _time(attributes: Mapping[str, Sequence[Element]]) -> dt.datetime | None:
    if _SIGNING_TIME not in attributes:
        return None
    value = _one(attributes, _SIGNING_TIME)
    text = value.content.decode("ascii")
    form = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}.get(value.tag)
    if form is None:
        raise malformed("a signing time that is no time")
    return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)


# --- the signer -----------------------------------------------------------------------------------


def _signer(
    signed: SignedData,
    attributes: Mapping[str, Sequence[Element]],
    sorted_and_sent: tuple[bytes, bytes],
    verify: Verify,
    others: Iterable[bytes],
) -> bytes:
    """Give the certificate that is named and whose key made the value: shown is who signed."""
    octets, sent = sorted_and_sent
    named = [one for one in dict.fromkeys((*signed.certificates, *others)) if _is_named(one, signed.sid)]
    named.sort(key=lambda one: not _is_bound(attributes, one))  # the one that the attributes name comes first
    usable = dict(islice(((one, key) for one in named if (key := _key(one)) is not None), _MOST_KEYS))
    if not usable:
        raise CmsFault("no-certificate")
    for certificate, key in usable.items():
        if verify(key, signed.value, octets):
            return certificate
    if sent != octets and verify(next(iter(usable.values())), signed.value, sent):
        # Made over attributes that are not in DER order: RFC 5652 section 5.4 gives it no meaning.
        raise CmsFault("order")
    raise CmsFault("value")


def _is_bound(attributes: Mapping[str, Sequence[Element]], certificate: bytes) -> bool:
    try:
        return _bound(attributes, certificate)
    except CmsFault:
        return False


def _key(certificate: bytes) -> Any:
    """Give the certificate's key; the rest of the certificate is for the path check to read."""
    try:
        octets = certificate_fields(certificate)[5].raw
    except (DecodeError, IndexError):
        return None
    return _loaded(octets) if len(octets) <= _MOST_OCTETS_OF_KEY else None


@lru_cache(maxsize=256)
def _loaded(octets: bytes) -> Any:
    try:
        return serialization.load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None


def certificate_fields(certificate: bytes) -> list[Element]:
    """Give the fields of a TBSCertificate from the serial number on (RFC 5280 section 4.1).

    These are serial number, algorithm, issuer, validity, subject, key, and what is optional.
    """
    fields = read(certificate).children()[0].children()
    return fields[1:] if fields[0].tag == CONTEXT_0 else fields


def _is_named(certificate: bytes, sid: Element) -> bool:
    try:
        fields = certificate_fields(certificate)
        if sid.tag == SEQUENCE:
            issuer, serial = sid.children()
            return (serial.raw, issuer.raw) == (fields[0].raw, fields[2].raw)
        return _holds_key_identifier(fields, sid.content)
    except (DecodeError, IndexError, ValueError):
        return False


def _holds_key_identifier(fields: Iterable[Element], identifier: bytes) -> bool:
    """Look for the subjectKeyIdentifier extension (2.5.29.14) among the last fields of a certificate."""
    for field in fields:
        if field.tag == CONTEXT_3:
            for extension in field.children()[0].children():
                parts = extension.children()
                if parts[0].oid() == "2.5.29.14":
                    return read(parts[-1].content).expect(OCTET_STRING).content == identifier
    return False


def _not_cms(error: Exception) -> CmsFault:
    cause = str(error.facts["cause"]) if isinstance(error, DecodeError) else "a part is missing"
    return CmsFault("malformed", cause=cause)
