"""Certificates, parsed once: what path building and the judgement need, and readable names."""

from __future__ import annotations

import datetime as dt
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.extensions import ExtensionType
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

from vnedoc.errors import DecodeError
from vnedoc.model import SignerIdentity

NameKey: TypeAlias = tuple[frozenset[tuple[str, str | bytes]], ...]
"""A distinguished name in the form in which names are compared (RFC 5280, clause 7.1)."""

# Extensions that may be critical because this room, or the full process, acts on them.
_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
_CONSTRAINING = frozenset(
    {
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
_READABLE = {
    NameOID.EMAIL_ADDRESS: "E",
    NameOID.TITLE: "T",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.SURNAME: "SN",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
}
_VERSION_TAG = 0xA0

# Real certificates are far smaller; a check with a longer key takes milliseconds.
_MOST_OCTETS = 64 * 1024
_MOST_OCTETS_KEPT = 8 * 1024
_MOST_RSA_BITS = 8192
_BYTES_TYPES = frozenset({_ASN1Type.BitString, _ASN1Type.OctetString})


@attrs.frozen(eq=False, kw_only=True)
class Certificate:
    """One certificate with the fields that a path needs; made by ``certificate`` only.

    Attributes:
        der: The octets.
        parsed: The same, parsed.
        serial: Serial number; real roots have zero, and negative ones are read (RFC 5280, clause 4.1.2.2).
        subject: For people, RFC 4514.
        issuer: For people, RFC 4514.
        subject_key: For comparing.
        issuer_key: For comparing.
        hash_name: Hash in the signature over it; ``None`` for EdDSA, the dotted OID of an unknown algorithm.
        public_key: ``None`` when the library knows no such key.
        spki: SubjectPublicKeyInfo, DER; tells keys apart.
        key_id: subjectKeyIdentifier.
        authority_id: keyIdentifier of authorityKeyIdentifier.
        not_before: First moment of validity.
        not_after: Last moment of validity.
        is_ca: basicConstraints says so.
        path_length: pathLenConstraint.
        key_usage: ``None`` when the extension is absent.
        extended_usage: Dotted object identifiers, ``None`` when the extension is absent.
        unknown_critical: Critical extensions that nothing here acts on.
        constrained: It restricts names or policies, so the full process must judge its path.
    """

    der: bytes
    parsed: x509.Certificate
    serial: int
    subject: str
    issuer: str
    subject_key: NameKey
    issuer_key: NameKey
    hash_name: str | None
    public_key: Any
    spki: bytes
    key_id: bytes | None
    authority_id: bytes | None
    not_before: dt.datetime
    not_after: dt.datetime
    is_ca: bool
    path_length: int | None
    key_usage: x509.KeyUsage | None
    extended_usage: tuple[str, ...] | None
    unknown_critical: tuple[str, ...]
    constrained: bool

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject_key == self.issuer_key

    @property
    def entity(self) -> tuple[NameKey, bytes]:
        """Name and key together: what a certification authority *is*, in however many certificates."""
        return self.subject_key, self.spki

    def extension(self, kind: type[ExtensionType]) -> Any:
        """Give the value of an extension, or ``None``."""
        return extension(self.parsed.extensions, kind)


def extension(extensions: x509.Extensions, kind: type[ExtensionType]) -> Any:
    """Give the value of the extension *kind*, or ``None``."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the library's remarks on odd but readable objects; they are judged here, not logged."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"vnedoc\.trust\.")
        yield


def certificate(der: bytes) -> Certificate:
    """Parse a DER certificate; those of ordinary size are kept.

    Raises:
        DecodeError: ``VND-TRUST-003`` when it is malformed.
    """
    return _kept_certificate(der) if len(der) <= _MOST_OCTETS_KEPT else _certificate(der)


def _certificate(der: bytes) -> Certificate:
    try:
        with quiet():
            return _parse(der)
    except Exception as error:
        # The parser raises ValueError, TypeError, UnsupportedAlgorithm and more for malformed octets.
        raise DecodeError(
            "VND-TRUST-003",
            "not a readable certificate",
            hint="ask for the certificate again, as DER or PEM",
            facts={"cause": f"{type(error).__name__}: {error}"[:200]},
        ) from error


_kept_certificate = lru_cache(maxsize=1024)(_certificate)


def _parse(der: bytes) -> Certificate:
    if len(der) > _MOST_OCTETS:
        raise ValueError(f"longer than {_MOST_OCTETS} octets")
    parsed = x509.load_der_x509_certificate(der)
    if _inner_algorithm(parsed.tbs_certificate_bytes) != _outer_algorithm(der):
        raise ValueError("the signature algorithm inside and outside of the signed part differ")
    if der[-len(parsed.signature) - 1]:
        raise ValueError("the signature value claims unused bits")
    extensions = parsed.extensions
    basic = extension(extensions, x509.BasicConstraints)
    usages = extension(extensions, x509.ExtendedKeyUsage)
    key_id = extension(extensions, x509.SubjectKeyIdentifier)
    authority_id = extension(extensions, x509.AuthorityKeyIdentifier)
    critical = {one.oid for one in extensions if one.critical}
    key = _public_key(parsed)
    return Certificate(
        der=der,
        parsed=parsed,
        serial=parsed.serial_number,
        subject=readable_name(parsed.subject),
        issuer=readable_name(parsed.issuer),
        subject_key=name_key(parsed.subject),
        issuer_key=name_key(parsed.issuer),
        hash_name=hash_name_of(parsed),
        public_key=key,
        spki=_spki(key, parsed),
        key_id=None if key_id is None else key_id.digest,
        authority_id=None if authority_id is None else authority_id.key_identifier,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        is_ca=basic is not None and basic.ca,
        path_length=None if basic is None else basic.path_length,
        key_usage=extension(extensions, x509.KeyUsage),
        extended_usage=None if usages is None else tuple(one.dotted_string for one in usages),
        unknown_critical=tuple(sorted(one.dotted_string for one in critical - _PROCESSED)),
        constrained=any(one.oid in _CONSTRAINING for one in extensions),
    )


def _element(data: bytes, start: int) -> tuple[int, int]:
    """Give where the content of the DER element at *start* begins and ends."""
    length = data[start + 1]
    begin = start + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[begin : begin + size], "big")
        begin += size
    return begin, begin + length


def _inner_algorithm(tbs: bytes) -> bytes:
    at, _ = _element(tbs, 0)
    if tbs[at] == _VERSION_TAG:
        _, at = _element(tbs, at)
    _, at = _element(tbs, at)  # serial number
    return tbs[at : _element(tbs, at)[1]]


def _outer_algorithm(der: bytes) -> bytes:
    at, _ = _element(der, 0)
    _, at = _element(der, at)  # the signed part
    return der[at : _element(der, at)[1]]


def hash_name_of(parsed: x509.Certificate | x509.CertificateRevocationList) -> str | None:
    """Give the hash of the signature over it; ``None`` for EdDSA, the dotted OID of an unknown algorithm."""
    try:
        algorithm = parsed.signature_hash_algorithm
    except Exception:  # noqa: BLE001 - unknown, or with parameters that make no sense
        return parsed.signature_algorithm_oid.dotted_string
    return None if algorithm is None else algorithm.name


def _public_key(parsed: x509.Certificate) -> Any:
    try:
        return parsed.public_key()
    except Exception:  # noqa: BLE001 - a key of another kind is judged as unsupported, not as a crash
        return None


def _spki(key: Any, parsed: x509.Certificate) -> bytes:
    if key is None:  # cannot be told apart from others, so it is like none
        return parsed.fingerprint(hashes.SHA256())
    encoded: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def name_key(name: x509.Name) -> NameKey:
    """Give the form in which names are compared: case and spaces do not count (RFC 5280, clause 7.1)."""
    return tuple(
        frozenset((one.oid.dotted_string, _comparable(one)) for one in relative) for relative in name.rdns
    )


def _comparable(attribute: x509.NameAttribute[Any]) -> str | bytes:
    value: str | bytes = attribute.value
    if isinstance(value, bytes) or attribute._type in _BYTES_TYPES:  # noqa: SLF001 - no public door
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def readable_name(name: x509.Name) -> str:
    """Give a name as RFC 4514 writes it, in NFC, with unprintable characters as hex pairs."""
    text = unicodedata.normalize("NFC", name.rfc4514_string(_READABLE))
    return "".join(one if unicodedata.category(one) not in _UNPRINTABLE else _hex(one) for one in text)


_UNPRINTABLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


def _hex(character: str) -> str:
    return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))


def is_signed_by(subject: Certificate, issuer: Certificate) -> bool:
    """Whether *issuer*'s key made the signature over *subject*. Names and constraints are not looked at."""
    if max(len(subject.der), len(issuer.der)) > _MOST_OCTETS_KEPT:
        return _is_signed_by(subject, issuer)
    return _kept_is_signed_by(subject, issuer)


def _is_signed_by(subject: Certificate, issuer: Certificate) -> bool:
    try:
        return _verify(subject.parsed, issuer.public_key)
    except Exception:  # noqa: BLE001 - besides InvalidSignature: a key and an algorithm that do not fit
        return False


_kept_is_signed_by = lru_cache(maxsize=2048)(_is_signed_by)


def _verify(signed: x509.Certificate, key: Any) -> bool:
    arguments = _arguments(signed, kind_of_key(key))
    if arguments is None or (isinstance(key, rsa.RSAPublicKey) and key.key_size > _MOST_RSA_BITS):
        return False
    key.verify(*arguments)
    return True


def kind_of_key(key: Any) -> str | None:
    """Give the kind of a key: ``rsa``, ``ecdsa``, ``dsa`` or ``eddsa``; ``None`` for another one."""
    return _kind_of_class(key.__class__)


@lru_cache(maxsize=64)
def _kind_of_class(found: Any) -> str | None:
    # Asking abstract classes is slow, and there are few classes.
    return next((name for name, kinds in _KINDS.items() if issubclass(found, kinds)), None)


_KINDS: dict[str, tuple[type, ...]] = {
    "rsa": (rsa.RSAPublicKey,),
    "ecdsa": (ec.EllipticCurvePublicKey,),
    "dsa": (dsa.DSAPublicKey,),
    "eddsa": (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey),
}


@lru_cache(maxsize=64)
def _arguments(signed: x509.Certificate, kind: str | None) -> tuple[Any, ...] | None:
    """Give what a key of that kind is asked with; ``None`` for an unknown kind."""
    signature, octets = signed.signature, signed.tbs_certificate_bytes
    if kind == "rsa":
        return signature, octets, signed.signature_algorithm_parameters, signed.signature_hash_algorithm
    if kind == "ecdsa":
        return signature, octets, signed.signature_algorithm_parameters
    if kind == "dsa":
        return signature, octets, signed.signature_hash_algorithm
    return (signature, octets) if kind == "eddsa" else None


def identity_of(certificate_der: bytes) -> SignerIdentity:
    """Give who a DER certificate speaks of; names as RFC 4514 in NFC, serial in lower-case hex.

    Raises:
        DecodeError: ``VND-TRUST-003`` when it is malformed.
    """
    found = certificate(certificate_der)
    return SignerIdentity(
        subject=found.subject,
        issuer=found.issuer,
        serial=f"{found.serial:x}",
        certificate=certificate_der,
    )


def public_key_of(certificate_der: bytes) -> Any:
    """Give the public key of a DER certificate, an object of ``cryptography``.

    Raises:
        DecodeError: ``VND-TRUST-003`` when the certificate is malformed or holds a key of an unknown kind.
    """
    key = certificate(certificate_der).public_key
    if key is None:
        raise DecodeError(
            "VND-TRUST-003",
            "the certificate holds a public key of an unknown kind",
            hint="RSA, ECDSA and EdDSA keys are known",
            facts={"cause": "unknown kind of public key"},
        )
    return key
