"""Closed tables of algorithms: digest and signature URIs, and how a signature value is checked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from vnedoc.model import SignatureAlgorithm

_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"

SHA256 = _XMLENC + "sha256"

_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "sha1": hashes.SHA1(),  # noqa: S303 - read for old archives; the policy judges it
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "sha3_224": hashes.SHA3_224(),
        "sha3_256": hashes.SHA3_256(),
        "sha3_384": hashes.SHA3_384(),
        "sha3_512": hashes.SHA3_512(),
    }
)
_SHA3 = ("sha3_224", "sha3_256", "sha3_384", "sha3_512")

DIGESTS: Mapping[str, str] = MappingProxyType(
    {
        _XMLDSIG + "sha1": "sha1",
        _MORE_2001 + "sha224": "sha224",
        SHA256: "sha256",
        _MORE_2001 + "sha384": "sha384",
        _XMLENC + "sha512": "sha512",
        **{_MORE_2007 + name.replace("_", "-"): name for name in _SHA3},
    }
)
"""Digest URIs and the names of ``hashlib`` (RFC 9231, clause 2.1)."""


@attrs.frozen
class SignatureMethod:
    """What a signature URI stands for.

    Attributes:
        uri: The URI itself.
        family: ``rsa`` (PKCS #1 v1.5), ``rsa-pss``, ``ecdsa``, ``ed25519`` or ``ed448``.
        hash_name: Name of ``hashlib``; ``None`` where the family fixes it.
    """

    uri: str
    family: str
    hash_name: str | None


def _methods() -> dict[str, SignatureMethod]:
    found = [
        SignatureMethod(_XMLDSIG + "rsa-sha1", "rsa", "sha1"),
        SignatureMethod(_MORE_2021 + "eddsa-ed25519", "ed25519", None),
        SignatureMethod(_MORE_2021 + "eddsa-ed448", "ed448", None),
    ]
    for name in _HASHES:
        word, ecdsa = name.replace("_", "-"), _MORE_2021 if name in _SHA3 else _MORE_2001
        found.append(SignatureMethod(f"{ecdsa}ecdsa-{word}", "ecdsa", name))
        found.append(SignatureMethod(f"{_MORE_2007}{word}-rsa-MGF1", "rsa-pss", name))
        if name not in ("sha1", *_SHA3):
            found.append(SignatureMethod(f"{_MORE_2001}rsa-{word}", "rsa", name))
    return {one.uri: one for one in found}


SIGNATURES: Mapping[str, SignatureMethod] = MappingProxyType(_methods())
"""Signature URIs (RFC 9231, clauses 2.3.1, 2.3.2, 2.3.6, 2.3.9, 2.3.10, 2.3.12)."""

_WRITTEN: Mapping[SignatureAlgorithm, SignatureMethod] = MappingProxyType(
    {
        SignatureAlgorithm.RSA_SHA256: SIGNATURES[_MORE_2001 + "rsa-sha256"],
        SignatureAlgorithm.RSA_PSS_SHA256: SIGNATURES[_MORE_2007 + "sha256-rsa-MGF1"],
        SignatureAlgorithm.ECDSA_SHA256: SIGNATURES[_MORE_2001 + "ecdsa-sha256"],
        SignatureAlgorithm.ECDSA_SHA384: SIGNATURES[_MORE_2001 + "ecdsa-sha384"],
        SignatureAlgorithm.ECDSA_SHA512: SIGNATURES[_MORE_2001 + "ecdsa-sha512"],
    }
)


def method_of(algorithm: SignatureAlgorithm) -> SignatureMethod:
    """Give the XML signature method of what a key makes."""
    return _WRITTEN[algorithm]


def is_hmac(uri: str) -> bool:
    """Tell whether *uri* names a keyed hash, which proves nothing to a third party."""
    return uri.rpartition("#")[2].startswith("hmac-")


def fits(key: PublicKeyTypes, method: SignatureMethod) -> bool:
    """Tell whether *key* is of the kind that *method* needs."""
    kinds = {
        "rsa": rsa.RSAPublicKey,
        "rsa-pss": rsa.RSAPublicKey,
        "ecdsa": ec.EllipticCurvePublicKey,
        "ed25519": ed25519.Ed25519PublicKey,
        "ed448": ed448.Ed448PublicKey,
    }
    return isinstance(key, kinds[method.family])


def verify_value(key: PublicKeyTypes, method: SignatureMethod, value: bytes, octets: bytes) -> bool:
    """Tell whether *value*, in its XML form, is the signature of *octets* by *key*.

    ECDSA values are ``r || s``, each as long as the order of the curve (RFC 9231, clause 2.3.6); RSASSA-PSS
    takes MGF1 with the same hash and a salt as long as the hash (clause 2.3.9).
    """
    try:
        if isinstance(key, rsa.RSAPublicKey) and method.family == "rsa":
            key.verify(value, octets, padding.PKCS1v15(), _hash(method))
        elif isinstance(key, rsa.RSAPublicKey) and method.family == "rsa-pss":
            hash_ = _hash(method)
            key.verify(value, octets, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)
        elif isinstance(key, ec.EllipticCurvePublicKey) and method.family == "ecdsa":
            key.verify(_ecdsa_to_der(value, key), octets, ec.ECDSA(_hash(method)))
        elif (isinstance(key, ed25519.Ed25519PublicKey) and method.family == "ed25519") or (
            isinstance(key, ed448.Ed448PublicKey) and method.family == "ed448"
        ):
            key.verify(value, octets)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def to_xml_value(key: PublicKeyTypes, signature: bytes) -> bytes:
    """Give a signature value as XML carries it: ECDSA as ``r || s``, all others unchanged.

    Raises:
        ValueError: The value is not what the key's kind makes.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return signature
    width = _width(key)
    r, s = decode_dss_signature(signature)
    try:
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    except OverflowError as error:
        raise ValueError("r or s is longer than the order of the curve") from error


def _hash(method: SignatureMethod) -> hashes.HashAlgorithm:
    return _HASHES[method.hash_name or ""]


def _width(key: ec.EllipticCurvePublicKey) -> int:
    # the field and the order have the same number of octets on every named curve that is read here
    return (key.key_size + 7) // 8


def _ecdsa_to_der(value: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    width = _width(key)
    if len(value) != 2 * width:
        raise ValueError(f"an ECDSA value of {len(value)} octets for a curve of {width}")
    return encode_dss_signature(int.from_bytes(value[:width], "big"), int.from_bytes(value[width:], "big"))
