"""Keys from PKCS#12 and PEM files, loaded and checked once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeAlias

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from vnedoc.errors import ConfigError, KeyUnavailable, SigningError, StateMismatch
from vnedoc.model import Blob, SignatureAlgorithm

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)
PublicKey: TypeAlias = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)
Source: TypeAlias = "bytes | str | os.PathLike[str]"
Passphrase: TypeAlias = Callable[[], "str | None"]

_LEAST_RSA_BITS = 2048
_CURVES = {
    "secp256r1": SignatureAlgorithm.ECDSA_SHA256,
    "secp384r1": SignatureAlgorithm.ECDSA_SHA384,
    "secp521r1": SignatureAlgorithm.ECDSA_SHA512,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
_PUBLIC: dict[str, type[PublicKey]] = {
    "rsa": rsa.RSAPublicKey,
    "rsa-pss": rsa.RSAPublicKey,
    "ecdsa": ec.EllipticCurvePublicKey,
    "ed25519": ed25519.Ed25519PublicKey,
    "ed448": ed448.Ed448PublicKey,
}
"""Kinds of keys, by the family of algorithms."""
_PEM_KEY = re.compile(
    rb"-----BEGIN (?P<kind>(?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END (?P=kind)-----", re.DOTALL
)
_PEM_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def algorithm_of(given: SignatureAlgorithm | str) -> SignatureAlgorithm:
    """Give a signature algorithm, also by its name, such as ``rsa-pss-sha256``.

    Raises:
        ConfigError: ``VND-SIGN-056``.
    """
    try:
        return SignatureAlgorithm(given)
    except ValueError as error:
        known = [one.value for one in SignatureAlgorithm]
        seen = given[:40] if isinstance(given, str) else type(given).__name__
        raise ConfigError(
            "VND-SIGN-056",
            f"there is no signature algorithm {seen}",
            hint=f"give a vnedoc.signing.SignatureAlgorithm, or one of: {', '.join(known)}",
            facts={"seen": seen, "known": known},
        ) from error


@attrs.frozen(kw_only=True)
class PublicIdentity:
    """The public half of a key that signs elsewhere: a token, an HSM, a phone.

    Attributes:
        certificate: The signer's certificate, DER.
        chain: Further certificates, DER, nearest first.
        algorithm: What the key will make; its name, such as ``rsa-pss-sha256``, does too.

    Raises:
        ConfigError: ``VND-SIGN-056``, there is no such algorithm.
    """

    certificate: bytes = attrs.field(repr=False)
    chain: tuple[bytes, ...] = attrs.field(default=(), repr=False, converter=tuple)
    algorithm: SignatureAlgorithm = attrs.field(converter=algorithm_of)


class KeySigner:
    """A private key in memory with its certificate. It was checked that the two belong together.

    It cannot be pickled: a task that runs elsewhere carries the reference given to ``load_key`` and loads
    the key there.
    """

    __slots__ = ("_key", "algorithm", "certificate", "chain", "subject")

    certificate: bytes
    chain: tuple[bytes, ...]
    algorithm: SignatureAlgorithm
    subject: str
    """Distinguished name of the certificate, RFC 4514."""
    _key: PrivateKey

    def __init__(
        self,
        private_key: Any,
        certificate: bytes,
        chain: Iterable[bytes] = (),
        *,
        algorithm: SignatureAlgorithm | str | None = None,
    ) -> None:
        fitting = _fitting(private_key, algorithm)
        leaf = load_certificate(certificate)
        if _spki(private_key.public_key()) != _spki(leaf.public_key()):
            raise _differ()
        self._key = private_key
        self.certificate = bytes(certificate)
        self.chain = _ordered(leaf, [load_certificate(one) for one in chain])
        self.algorithm = fitting
        self.subject = leaf.subject.rfc4514_string()

    @classmethod
    def from_key(
        cls,
        private_key: Any,
        certificate: bytes,
        chain: Iterable[bytes] = (),
        *,
        algorithm: SignatureAlgorithm | str | None = None,
    ) -> KeySigner:
        """Take a key that is already loaded; how strong it is, is the caller's business.

        Args:
            private_key: RSA, EC on P-256, P-384 or P-521, Ed25519 or Ed448, of ``cryptography``.
            certificate: DER.
            chain: DER, in any order; what does not lead upwards from *certificate*, and roots, are left out.
            algorithm: Or its name, such as ``rsa-pss-sha256``. Default: RSASSA-PKCS1-v1_5 with SHA-256, ECDSA
                with the hash of the curve's size, or EdDSA.

        Raises:
            ConfigError: ``VND-SIGN-056``, there is no such algorithm.
            KeyUnavailable: ``VND-SIGN-006`` key and certificate differ, ``VND-SIGN-007`` unsupported key,
                ``VND-SIGN-008`` the certificate cannot be read.
        """
        return cls(private_key, certificate, chain, algorithm=algorithm)

    @classmethod
    def from_pkcs12(
        cls,
        source: Source,
        passphrase: str | None = None,
        *,
        algorithm: SignatureAlgorithm | str | None = None,
    ) -> KeySigner:
        """Load a PKCS#12 file, given as a path or as its octets.

        Raises:
            KeyUnavailable: ``VND-SIGN-001`` to ``VND-SIGN-008``.
            FileError: ``VND-IO-001`` when the file cannot be read.
        """
        return _from_pkcs12(_octets(source), _path(source), lambda: passphrase, algorithm)

    @classmethod
    def from_pem(
        cls,
        source: Source,
        certificates: Source | None = None,
        passphrase: str | None = None,
        *,
        algorithm: SignatureAlgorithm | str | None = None,
    ) -> KeySigner:
        """Load a PEM key, and its certificates from the same or another file; paths or octets.

        Raises:
            KeyUnavailable: ``VND-SIGN-001`` to ``VND-SIGN-008``.
            FileError: ``VND-IO-001`` when a file cannot be read.
        """
        octets = _octets(source)
        carried = octets if certificates is None else _octets(certificates)
        return _from_pem(octets, carried, _path(source), lambda: passphrase, algorithm)

    def sign(self, to_be_signed: bytes) -> bytes:
        """Sign the octets; the hash of ``algorithm`` is part of it.

        Raises:
            SigningError: ``VND-SIGN-012`` when the key refuses.
        """
        algorithm = self.algorithm
        try:
            if isinstance(self._key, rsa.RSAPrivateKey):
                return self._key.sign(to_be_signed, _padding(algorithm), hash_of(algorithm))
            if isinstance(self._key, ec.EllipticCurvePrivateKey):
                return self._key.sign(to_be_signed, ec.ECDSA(hash_of(algorithm)))
            return self._key.sign(to_be_signed)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SigningError(
                "VND-SIGN-012",
                "the key could not sign",
                hint="the key may be too short for the algorithm",
                facts={"algorithm": algorithm.value},
            ) from error

    def __repr__(self) -> str:
        return f"KeySigner({self.subject!r}, {self.algorithm.value})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a KeySigner holds a private key and cannot be pickled: pass the URI for load_key instead"
        )


def load_key(uri: str, *, passphrase: Passphrase | str | None = None) -> KeySigner:
    """Load the key that *uri* names.

    Args:
        uri: ``p12:PATH``, ``pem:PATH`` (key and chain in one file) or ``pem:KEY?cert=CHAIN``.
        passphrase: The passphrase, or what gives it: called at most once, and only when the key is protected.

    Raises:
        ConfigError: ``VND-SIGN-009`` when the form of *uri* is unknown, ``VND-SIGN-017`` when *passphrase* is
            neither text nor gives text.
        KeyUnavailable: ``VND-SIGN-001`` to ``VND-SIGN-008``.
        FileError: ``VND-IO-001`` when a file cannot be read.
    """
    given: object = uri
    scheme, colon, rest = given.partition(":") if isinstance(given, str) else ("", "", "")
    ask = passphrase if callable(passphrase) else (lambda: passphrase)
    if colon and rest and scheme == "p12":
        return _from_pkcs12(_octets(rest), rest, ask, None)
    if colon and rest and scheme == "pem":
        path, _, chain = rest.partition("?cert=")
        key = _octets(path)
        return _from_pem(key, _octets(chain) if chain else key, path, ask, None)
    raise ConfigError(
        "VND-SIGN-009",
        "unknown form of key reference",
        hint="write p12:PATH, pem:PATH or pem:KEY?cert=CHAIN, as text",
        facts={"scheme": scheme if colon else ""},
    )


def public_key_for(certificate: bytes, algorithm: SignatureAlgorithm) -> PublicKey:
    """Give the certificate's key when it is of the kind that *algorithm* needs.

    Raises:
        KeyUnavailable: ``VND-SIGN-007`` when it is not, ``VND-SIGN-008`` when the certificate cannot be read.
    """
    key = load_certificate(certificate).public_key()
    if isinstance(key, _PUBLIC[algorithm.family]):
        return key
    raise _unsupported(type(key).__name__.removesuffix("PublicKey"), algorithm)


def require_value(certificate: bytes, algorithm: SignatureAlgorithm, signature: bytes, signed: bytes) -> None:
    """Refuse a signature value that the certificate's key did not make over *signed*.

    Raises:
        StateMismatch: ``VND-SIGN-013``.
        KeyUnavailable: ``VND-SIGN-007`` or ``VND-SIGN-008`` when the certificate does not fit.
    """
    key = public_key_for(certificate, algorithm)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _padding(algorithm), hash_of(algorithm))
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(hash_of(algorithm)))
        else:
            key.verify(signature, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise StateMismatch(
            "VND-SIGN-013",
            "the signature value was not made by the certificate's key over the prepared octets",
            hint="check which key signed, with which algorithm, then prepare and sign again",
            facts={"algorithm": algorithm.value},
        ) from error


# --- files ----------------------------------------------------------------------------------------


def _from_pkcs12(
    octets: bytes, path: str | None, ask: Passphrase, algorithm: SignatureAlgorithm | str | None
) -> KeySigner:
    keys = _count_pkcs12_keys(octets, path)
    if keys > 1:
        raise _several(keys, path)
    key, certificate, others = _open_pkcs12(octets, path, ask)
    if key is None:
        raise _no_key(path)
    carried = [one.certificate for one in (certificate, *others) if one is not None]
    return _strong(key, carried, path, algorithm)


def _open_pkcs12(octets: bytes, path: str | None, ask: Passphrase) -> tuple[Any, Any, list[Any]]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    def load(secret: bytes | None) -> tuple[Any, Any, list[Any]]:
        held = pkcs12.load_pkcs12(octets, secret)
        return held.key, held.cert, held.additional_certs

    for none in (None, b""):
        try:
            return load(none)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    secret = _secret(ask, path)
    try:
        return load(secret)
    except UnsupportedAlgorithm as error:
        raise _unreadable(path, "its protection is not supported") from error
    except (ValueError, TypeError) as error:
        raise _passphrase_wrong(path) from error


def _count_pkcs12_keys(octets: bytes, path: str | None) -> int:
    """Count the key bags that can be seen without the passphrase; nearly always all of them."""
    from asn1crypto import cms, pkcs12

    keys = 0
    try:
        for part in pkcs12.Pfx.load(octets, strict=True).authenticated_safe:
            if part["content_type"].native != "data":
                continue
            content: cms.OctetString = part["content"]
            for bag in pkcs12.SafeContents.load(content.native):
                keys += bag["bag_id"].native in {"key_bag", "pkcs8_shrouded_key_bag"}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable(path, "not a PKCS#12 file") from error
    return keys


def _from_pem(
    octets: bytes,
    carried: bytes,
    path: str | None,
    ask: Passphrase,
    algorithm: SignatureAlgorithm | str | None,
) -> KeySigner:
    blocks = list(_PEM_KEY.finditer(octets))
    if not blocks:
        raise _no_key(path)
    if len(blocks) > 1:
        raise _several(len(blocks), path)
    block = blocks[0].group()
    secret = None
    if b"ENCRYPTED" in block[:100]:
        secret = _secret(ask, path)
    try:
        key = serialization.load_pem_private_key(block, secret)
    except UnsupportedAlgorithm as error:
        raise _unsupported("unknown", None) from error
    except (ValueError, TypeError) as error:
        raise (_passphrase_wrong(path) if secret else _unreadable(path, "a damaged key")) from error
    return _strong(key, _certificates(carried, path), path, algorithm)


def _certificates(octets: bytes, path: str | None) -> list[x509.Certificate]:
    try:
        if _PEM_CERTIFICATE in octets:
            return x509.load_pem_x509_certificates(octets)
        if octets[:1] == b"\x30":
            return [x509.load_der_x509_certificate(octets)]
    except ValueError as error:
        raise _unreadable(path, "a damaged certificate") from error
    return []


def _strong(
    key: Any,
    certificates: Sequence[x509.Certificate],
    path: str | None,
    algorithm: SignatureAlgorithm | str | None,
) -> KeySigner:
    """Pick the certificate that belongs to *key*, and refuse keys that the law calls too weak."""
    _fitting(key, algorithm)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        raise _unsupported(
            f"RSA of {key.key_size} bits", None if algorithm is None else algorithm_of(algorithm)
        )
    if not certificates:
        raise KeyUnavailable(
            "VND-SIGN-004",
            "no certificate beside the key",
            path=path,
            hint="put the certificate into the same file, or write pem:KEY?cert=CHAIN",
        )
    own = _spki(key.public_key())
    for one in certificates:
        if _spki(one.public_key()) == own:
            return KeySigner(key, _der(one), map(_der, certificates), algorithm=algorithm)
    raise _differ(path)


def _secret(ask: Passphrase, path: str | None) -> bytes:
    given: object = ask()
    if not given:
        raise _passphrase_missing(path)
    if not isinstance(given, str):
        raise not_a("passphrase as text", given, "give the passphrase, or a function that gives it")
    return given.encode()


def _octets(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    return Blob.from_file(source).read()


def _path(source: Source) -> str | None:
    return None if isinstance(source, bytes) else os.fspath(source)


# --- certificates and algorithms ------------------------------------------------------------------


def load_certificate(der: bytes) -> x509.Certificate:
    """Read a DER certificate.

    Raises:
        KeyUnavailable: ``VND-SIGN-008`` when it is damaged.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise _unreadable(None, "a damaged certificate") from error


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _spki(key: Any) -> bytes:
    octets: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def _ordered(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[bytes, ...]:
    """Give the issuers from *leaf* upwards, without a self-issued root."""
    chain: list[x509.Certificate] = []
    at = leaf
    while above := next((one for one in others if one not in (leaf, *chain) and _issued(at, one)), None):
        if above.issuer == above.subject:
            break
        chain.append(above)
        at = above
    return tuple(map(_der, chain))


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _fitting(key: Any, given: SignatureAlgorithm | str | None) -> SignatureAlgorithm:
    """Give the algorithm to use, refusing keys and combinations that are not supported."""
    algorithm = None if given is None else algorithm_of(given)
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm is None:
            return SignatureAlgorithm.RSA_SHA256
        if algorithm.family in {"rsa", "rsa-pss"}:
            return algorithm
        raise _unsupported("RSA", algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        default = _CURVES.get(key.curve.name)
        if default is None or (algorithm is not None and algorithm.family != "ecdsa"):
            raise _unsupported(f"EC {key.curve.name}", algorithm)
        return algorithm or default
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        own = SignatureAlgorithm.ED25519
        if isinstance(key, ed448.Ed448PrivateKey):
            own = SignatureAlgorithm.ED448
        if algorithm in (None, own):
            return own
        raise _unsupported(own.name.capitalize(), algorithm)
    raise _unsupported(type(key).__name__.removesuffix("PrivateKey").lstrip("_"), algorithm)


def hash_of(algorithm: SignatureAlgorithm) -> hashes.HashAlgorithm:
    """Give the hash of an algorithm that has one."""
    return _HASHES[algorithm.hash_name or ""]


def _padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.family == "rsa-pss":
        digest = hash_of(algorithm)
        return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    return padding.PKCS1v15()


# --- errors ---------------------------------------------------------------------------------------


def not_a(expected: str, seen: object, hint: str) -> ConfigError:
    """Give the error for an argument of another kind; the value itself is never shown."""
    return ConfigError(
        "VND-SIGN-017",
        f"a {expected} is needed here, not {type(seen).__name__}",
        hint=hint,
        facts={"expected": expected, "seen": type(seen).__name__},
    )


def _passphrase_wrong(path: str | None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-001",
        "the passphrase does not open the key, or the file is damaged",
        path=path,
        hint="check the passphrase and the keyboard layout, then try again",
    )


def _passphrase_missing(path: str | None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-002",
        "the key is protected and no passphrase was given",
        path=path,
        hint="name the environment variable that holds it: --passphrase-env NAME",
    )


def _no_key(path: str | None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-003",
        "no private key in the file",
        path=path,
        hint="give the file that holds the private key",
    )


def _several(count: int, path: str | None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-005",
        f"{count} private keys in one file",
        path=path,
        hint="give a file that holds only the key to sign with",
        facts={"count": count},
    )


def _differ(path: str | None = None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-006",
        "the private key does not belong to the certificate",
        path=path,
        hint="give the certificate that was issued for this key",
    )


def _unsupported(key: str, algorithm: SignatureAlgorithm | None) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-007",
        f"a key of this kind cannot be used: {key}",
        hint="use RSA of at least 2048 bits, EC on P-256, P-384 or P-521, Ed25519 or Ed448, "
        "with an algorithm that fits",
        facts={"key": key, "algorithm": algorithm.value if algorithm else None},
    )


def _unreadable(path: str | None, cause: str) -> KeyUnavailable:
    return KeyUnavailable(
        "VND-SIGN-008",
        f"cannot be used as a key file: {cause}",
        path=path,
        hint="export the key again as PKCS#12 or PEM",
        facts={"cause": cause},
    )
