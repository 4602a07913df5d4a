"""The CMS of one PDF signature (RFC 5652, EN 319 142-1): its parts, and whether the value is right.

Knows no PDF, no trust and no time. Everything is checked on the octets as they stand in the file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Finding, SubIndication
from vnedoc.verification._pdf_der import (
    CONTEXT_0,
    CONTEXT_1,
    CONTEXT_2,
    CONTEXT_3,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    malformed,
    read,
)

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

_HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
# Signature algorithms that name their hash.
_RSA_WITH = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
_ECDSA_WITH = {
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
}
_RSA, _EC, _PSS = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_MOST_SALT = 2048  # octets; no more fits beside the hash in a value of RSA-16384
_EDDSA: Mapping[str, type] = {"1.3.101.112": ed25519.Ed25519PublicKey, "1.3.101.113": ed448.Ed448PublicKey}

_PRIMITIVES: Mapping[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - only to name what a weak signature used; the policy refuses it
    "sha1": hashes.SHA1(),  # noqa: S303 - the same
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


class Refusal(Exception):
    """Ends the check of one signature with a verdict that is not PASSED; it never leaves the PDF adapter."""

    def __init__(self, conclusion: Conclusion, reason: SubIndication, finding: Finding) -> None:
        super().__init__(finding.code)
        self.conclusion = conclusion
        self.reason = reason
        self.finding = finding


def failed(reason: SubIndication, code: str, where: str, **facts: Any) -> Refusal:
    """Give the refusal for a signature that is wrong."""
    return Refusal(Conclusion.FAILED, reason, Finding.error(code, where, **facts))


def undecided(reason: SubIndication, code: str, where: str, **facts: Any) -> Refusal:
    """Give the refusal for a signature that cannot be judged."""
    return Refusal(Conclusion.INDETERMINATE, reason, Finding.error(code, where, **facts))


@attrs.frozen(kw_only=True)
class Signed:
    """The parts of a SignedData with its one SignerInfo, in place.

    Attributes:
        content_type: Of the content that is signed, dotted.
        content: The eContent, when it is carried.
        certificates: X.509 certificates that are carried, DER.
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
    sid: Element
    digest: str
    attributes: Element | None
    algorithm: Element
    value: bytes
    unsigned: tuple[str, ...]
    padding: bytes


def parse(container: bytes, where: str) -> Signed:
    """Read the CMS at the front of *container*.

    Raises:
        Refusal: ``VND-PDF-020`` malformed, ``VND-PDF-021`` not exactly one signer.
    """
    try:
        return _parse(container, where)
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # hostile octets: whatever goes wrong, they are no CMS
        raise _not_cms(error, where) from error


def _parse(container: bytes, where: str) -> Signed:
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
    last = next(parts)
    if last.tag == CONTEXT_0:
        certificates = [one.raw for one in last.children() if one.tag == SEQUENCE]
        last = next(parts)
    if last.tag == CONTEXT_1:
        last = next(parts)
    signers = last.expect(SET).children()
    if len(signers) != 1:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-021", where, count=len(signers))
    rest = iter(signers[0].expect(SEQUENCE).children())
    next(rest).integer()
    sid = next(rest)
    digest = next(rest).expect(SEQUENCE).children()[0].oid()
    attributes, algorithm = None, next(rest)
    if algorithm.tag == CONTEXT_0:
        attributes, algorithm = algorithm, next(rest)
    value = next(rest).expect(OCTET_STRING).content
    unsigned = [one.children()[0].oid() for more in rest for one in more.expect(CONTEXT_1).children()]
    return Signed(
        content_type=encapsulated[0].oid(),
        content=encapsulated[1].expect(CONTEXT_0).children()[0] if len(encapsulated) > 1 else None,
        certificates=tuple(certificates),
        sid=sid,
        digest=digest,
        attributes=attributes,
        algorithm=algorithm.expect(SEQUENCE),
        value=value,
        unsigned=tuple(unsigned),
        padding=container[info.end :],
    )


@attrs.frozen(kw_only=True)
class Checked:
    """What the check of the attributes and of the value found out.

    Attributes:
        certificate: The certificate whose key made the value, DER.
        hash_names: Digest and signature hashes.
        scheme: ``rsa``, ``rsa-pss``, ``ecdsa`` or ``eddsa``.
        ess: The signing certificate is named in the signed attributes, and it is this one.
        signing_time: The signing-time attribute.
        findings: What does not change the verdict.
        policy: Dotted identifier of the signature policy, when one is named.
    """

    certificate: bytes
    hash_names: tuple[str, ...]
    scheme: str
    ess: bool
    signing_time: dt.datetime | None
    policy: str | None
    findings: tuple[Finding, ...]


def hash_of(signed: Signed, where: str) -> str:
    """Give the name of the digest algorithm for ``hashlib``."""
    name = _HASHES.get(signed.digest)
    if name is None:
        raise _unsupported(where, signed.digest)
    return name


def check(signed: Signed, document_digest: bytes, where: str) -> Checked:
    """Check attributes, then value, then the binding to the certificate.

    Raises:
        Refusal: With the verdict and its finding.
    """
    try:
        return _check(signed, document_digest, where)
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # hostile octets: whatever goes wrong, they are no CMS
        raise _not_cms(error, where) from error


def _check(signed: Signed, document_digest: bytes, where: str) -> Checked:
    if signed.attributes is None:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-023", where)
    if signed.content is not None or signed.content_type != DATA:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-022", where, content_type=signed.content_type)
    attributes = _attributes(signed.attributes)
    if _one(attributes, _CONTENT_TYPE, where).oid() != DATA:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-022", where, content_type="other")
    if _one(attributes, _MESSAGE_DIGEST, where).expect(OCTET_STRING).content != document_digest:
        raise failed(SubIndication.HASH_FAILURE, "VND-PDF-025", where)
    _algorithm_protection(attributes, signed, where)
    digest = hash_of(signed, where)
    octets, sent = _octets(signed.attributes, where)
    scheme, verify = _verifier(signed.algorithm, digest, where)
    certificate = _signer(signed, octets, sent, verify, where)
    ess = _bound(attributes, certificate, where)
    names = dict.fromkeys((digest, *verify.hash_names))
    return Checked(
        certificate=certificate,
        hash_names=tuple(names),
        scheme=scheme,
        ess=ess,
        signing_time=_time(attributes, where),
        policy=_policy(attributes, where),
        findings=(Finding.warning("VND-PDF-033", where),) if sent != octets else (),
    )


def claimed_signer(signed: Signed) -> bytes | None:
    """Give the certificate that the signature names, for reports on signatures that are broken."""
    return next((one for one in signed.certificates if _is_named(one, signed.sid)), None)


def time_stamped(signed: Signed) -> bool:
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


def _one(attributes: Mapping[str, Sequence[Element]], name: str, where: str) -> Element:
    values = attributes.get(name, ())
    if len(values) != 1:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-024", where, attribute=name)
    return values[0]


def _octets(element: Element, where: str) -> tuple[bytes, bytes]:
    """Give the attributes as DER ``SET OF``, over which the value must be, and as they were sent."""
    if not element.is_der():
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-026", where)
    header = b"\x31" + element.data[element.start + 1 : element.body]
    return header + b"".join(sorted(one.raw for one in element.children())), header + element.content


def _algorithm_protection(attributes: Mapping[str, Sequence[Element]], signed: Signed, where: str) -> None:
    """Refuse when the algorithms are not those that were signed (RFC 6211)."""
    if _ALGORITHM_PROTECTION not in attributes:
        return
    parts = _one(attributes, _ALGORITHM_PROTECTION, where).expect(SEQUENCE).children()
    digest = parts[0].expect(SEQUENCE).children()[0].oid()
    signature = [one.children()[0].oid() for one in parts[1:] if one.tag == CONTEXT_1]
    if digest != signed.digest or signature != [signed.algorithm.children()[0].oid()]:
        raise failed(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-028", where, attribute=_ALGORITHM_PROTECTION
        )


def _bound(attributes: Mapping[str, Sequence[Element]], certificate: bytes, where: str) -> bool:
    """Tell whether the ESS attribute is there; refuse when it names another certificate (RFC 5035)."""
    present = False
    for name, default in ((_SIGNING_CERTIFICATE, "sha1"), (_SIGNING_CERTIFICATE_V2, "sha256")):
        if name not in attributes:
            continue
        identifiers = _one(attributes, name, where).expect(SEQUENCE).children()[0]
        parts = identifiers.expect(SEQUENCE).children()[0].expect(SEQUENCE).children()
        hash_name: str | None = default
        if name == _SIGNING_CERTIFICATE_V2 and parts[0].tag == SEQUENCE:
            hash_name = _HASHES.get(parts[0].children()[0].oid())
            parts = parts[1:]
        if hash_name is None:
            raise _unsupported(where, "ESS")
        if parts[0].expect(OCTET_STRING).content != hashlib.new(hash_name, certificate).digest():
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-PDF-028", where, attribute=name)
        present = True
    return present


def _policy(attributes: Mapping[str, Sequence[Element]], where: str) -> str | None:
    if _SIGNATURE_POLICY not in attributes:
        return None
    value = _one(attributes, _SIGNATURE_POLICY, where)
    return value.children()[0].oid() if value.tag == SEQUENCE else None  # NULL: implied, not named


def _time(attributes: Mapping[str, Sequence[Element]], where: str) -> dt.datetime | None:
    if _SIGNING_TIME not in attributes:
        return None
    value = _one(attributes, _SIGNING_TIME, where)
    text = value.content.decode("ascii")
    form = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}.get(value.tag)
    if form is None:
        raise malformed("a signing time that is no time")
    return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)


# --- the value ------------------------------------------------------------------------------------


@attrs.frozen
class _Verify:
    """One signature algorithm, ready to be tried with a key."""

    key: type
    arguments: tuple[Any, ...]
    hash_names: tuple[str, ...]

    def __call__(self, key: Any, value: bytes, octets: bytes) -> bool:
        if not isinstance(key, self.key):
            return False
        try:
            key.verify(value, octets, *self.arguments)  # type: ignore[attr-defined]
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return False
        return True


def _verifier(algorithm: Element, digest: str, where: str) -> tuple[str, _Verify]:
    """Give the scheme and its check; the list of algorithms is closed."""
    parts = algorithm.children()
    name = parts[0].oid()
    if name in _EDDSA:
        return "eddsa", _Verify(_EDDSA[name], (), ())
    if name == _PSS:
        return "rsa-pss", _pss(parts[1:], where)
    if name in _RSA_WITH or name == _RSA:
        used = _RSA_WITH.get(name, digest)
        return "rsa", _Verify(rsa.RSAPublicKey, (padding.PKCS1v15(), _PRIMITIVES[used]), (used,))
    if name in _ECDSA_WITH or name == _EC:
        used = _ECDSA_WITH.get(name, digest)
        return "ecdsa", _Verify(ec.EllipticCurvePublicKey, (ec.ECDSA(_PRIMITIVES[used]),), (used,))
    raise _unsupported(where, name)


def _pss(parameters: Sequence[Element], where: str) -> _Verify:
    """Read RSASSA-PSS-params (RFC 4055 section 3.1)."""
    used = mask = "sha1"
    salt, trailer = 20, 1
    for one in parameters[0].expect(SEQUENCE).children() if parameters else ():
        inner = one.children()[0]
        if one.tag == CONTEXT_0:
            used = _known_hash(inner, where)
        elif one.tag == CONTEXT_1:
            function, argument = inner.children()
            if function.oid() != _MGF1:
                raise _unsupported(where, function.oid())
            mask = _known_hash(argument, where)
        elif one.tag == CONTEXT_2:
            salt = inner.integer()
        else:
            trailer = inner.integer()
    if trailer != 1 or not 0 <= salt <= _MOST_SALT:
        raise _unsupported(where, _PSS)
    scheme = padding.PSS(mgf=padding.MGF1(_PRIMITIVES[mask]), salt_length=salt)
    return _Verify(rsa.RSAPublicKey, (scheme, _PRIMITIVES[used]), tuple(dict.fromkeys((used, mask))))


def _known_hash(algorithm: Element, where: str) -> str:
    dotted = algorithm.children()[0].oid()
    if dotted not in _HASHES:
        raise _unsupported(where, dotted)
    return _HASHES[dotted]


def _signer(signed: Signed, octets: bytes, sent: bytes, verify: _Verify, where: str) -> bytes:
    """Give the certificate that is named and whose key made the value: shown is who signed."""
    keys = {one: _key(one) for one in signed.certificates if _is_named(one, signed.sid)}
    usable = {certificate: key for certificate, key in keys.items() if key is not None}
    if not usable:
        raise undecided(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-PDF-019", where)
    for certificate, key in usable.items():
        if verify(key, signed.value, octets):
            return certificate
    if any(verify(key, signed.value, sent) for key in usable.values()):
        # Made over attributes that are not in DER order: RFC 5652 section 5.4 gives it no meaning.
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-026", where)
    raise failed(SubIndication.SIG_CRYPTO_FAILURE, "VND-PDF-030", where)


@lru_cache(maxsize=256)
def _key(certificate: bytes) -> Any:
    """Give the certificate's key; the rest of the certificate is for the path check to read."""
    try:
        fields = _fields(certificate)
        return serialization.load_der_public_key(fields[5].raw)
    except (DecodeError, IndexError, ValueError, UnsupportedAlgorithm):
        return None


def _fields(certificate: bytes) -> list[Element]:
    """Give the fields of a TBSCertificate from the serial number on (RFC 5280 section 4.1)."""
    fields = read(certificate).children()[0].children()
    return fields[1:] if fields[0].tag == CONTEXT_0 else fields


def _is_named(certificate: bytes, sid: Element) -> bool:
    try:
        fields = _fields(certificate)
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


def _not_cms(error: Exception, where: str) -> Refusal:
    cause = str(error.facts["cause"]) if isinstance(error, DecodeError) else "a part is missing"
    return failed(SubIndication.FORMAT_FAILURE, "VND-PDF-020", where, cause=cause)


def _unsupported(where: str, algorithm: str) -> Refusal:
    return undecided(SubIndication.CUSTOM, "VND-PDF-029", where, algorithm=algorithm)
