"""Closed tables of algorithms: digest and signature URIs, and how a signature value is checked.

ML-DSA (FIPS 204) is experimental: no standard has given it a URI for XML signatures, so those of xmlsec are
read, and only where ``cryptography`` was built with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from vnedoc.model import SignatureAlgorithm

_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLDSIG11 = "http://www.w3.org/2009/xmldsig11#"
_XMLSEC_2025 = "http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#"

SHA256 = _XMLENC + "sha256"

_OLD_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType({"md5": hashes.MD5()})  # noqa: S303
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

OLD_DIGESTS: Mapping[str, str] = MappingProxyType(
    {
        uri: name
        for uri, name in ((_MORE_2001 + "md5", "md5"), (_XMLENC + "ripemd160", "ripemd160"))
        if name in hashlib.algorithms_available
    }
)
"""Digests for ``UnsafeGeneric`` alone, where this Python has them."""


@attrs.frozen
class SignatureMethod:
    """What a signature URI stands for.

    Attributes:
        uri: The URI itself.
        family: ``rsa`` (PKCS #1 v1.5), ``rsa-pss``, ``ecdsa``, ``ed25519``, ``ed448``, ``ml-dsa-44``,
            ``ml-dsa-65``, ``ml-dsa-87``; for ``UnsafeGeneric`` alone ``dsa`` and ``hmac``.
        hash_name: Name of ``hashlib``; ``None`` where the family fixes it.
        mask_hash: Hash of MGF1 where it is not *hash_name*.
        salt: Octets of the salt of RSASSA-PSS where it is not as long as the hash.
        bits: Length that an HMAC was cut to.
        context: Context string of ML-DSA.
    """

    uri: str
    family: str
    hash_name: str | None
    mask_hash: str | None = None
    salt: int | None = None
    bits: int | None = None
    context: bytes | None = None

    @property
    def experimental(self) -> bool:
        """Whether no standard names it yet."""
        return self.family.startswith("ml-dsa")


_ML_DSA: Mapping[str, str] = MappingProxyType(
    {f"ml-dsa-{one}": f"MLDSA{one}PublicKey" for one in (44, 65, 87)}
)


def _methods() -> dict[str, SignatureMethod]:
    found = [
        SignatureMethod(_XMLDSIG + "rsa-sha1", "rsa", "sha1"),
        SignatureMethod(_MORE_2021 + "eddsa-ed25519", "ed25519", None),
        SignatureMethod(_MORE_2021 + "eddsa-ed448", "ed448", None),
        *(SignatureMethod(f"{_XMLSEC_2025}{one}", one, None) for one in _ML_DSA),
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

PSS = _MORE_2007 + "rsa-pss"
"""RSASSA-PSS whose parameters stand in the method (RFC 9231, clause 2.3.9)."""

MGF1 = _MORE_2007 + "MGF1"


def _old_methods() -> dict[str, SignatureMethod]:
    found = [
        SignatureMethod(_XMLDSIG + "dsa-sha1", "dsa", "sha1"),
        SignatureMethod(_XMLDSIG11 + "dsa-sha256", "dsa", "sha256"),
        SignatureMethod(_MORE_2001 + "rsa-md5", "rsa", "md5"),
        SignatureMethod(_XMLDSIG + "hmac-sha1", "hmac", "sha1"),
    ]
    names = ("md5", "ripemd160", "sha224", "sha256", "sha384", "sha512")
    found += [SignatureMethod(f"{_MORE_2001}hmac-{one}", "hmac", one) for one in names]
    return {one.uri: one for one in found if one.hash_name in hashlib.algorithms_available}


OLD_SIGNATURES: Mapping[str, SignatureMethod] = MappingProxyType(_old_methods())
"""Signature methods for ``UnsafeGeneric`` alone (RFC 9231, clauses 2.2 and 2.3.1)."""


def _written() -> dict[SignatureAlgorithm, SignatureMethod]:
    by = {(one.family, one.hash_name): one for one in SIGNATURES.values()}
    return {one: by[one.family, one.hash_name] for one in SignatureAlgorithm}


_WRITTEN: Mapping[SignatureAlgorithm, SignatureMethod] = MappingProxyType(_written())


def method_of(algorithm: SignatureAlgorithm) -> SignatureMethod:
    """Give the XML signature method of what a key makes."""
    return _WRITTEN[algorithm]


def is_hmac(uri: str) -> bool:
    """Tell whether *uri* names a keyed hash, which proves nothing to a third party."""
    return uri.rpartition("#")[2].startswith("hmac-")


_KINDS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "rsa": rsa.RSAPublicKey,
        "rsa-pss": rsa.RSAPublicKey,
        "ecdsa": ec.EllipticCurvePublicKey,
        "ed25519": ed25519.Ed25519PublicKey,
        "ed448": ed448.Ed448PublicKey,
        "dsa": dsa.DSAPublicKey,
    }
)


def fits(key: PublicKeyTypes, method: SignatureMethod) -> bool:
    """Tell whether *key* is of the kind that *method* needs."""
    if method.family in _ML_DSA:
        # the class is asked for by name, so that an older library without it does for all the rest
        return any(one.__name__ == _ML_DSA[method.family] for one in type(key).__mro__)
    return isinstance(key, _KINDS.get(method.family, ()))


def verify_value(
    key: PublicKeyTypes, method: SignatureMethod, value: bytes, octets: bytes, *, padded: bool = False
) -> bool:
    """Tell whether *value*, in its XML form, is the signature of *octets* by *key*.

    ECDSA values are ``r || s``, each as long as the order of the curve (RFC 9231, clause 2.3.6); RSASSA-PSS
    takes MGF1 with the same hash and a salt as long as the hash (clause 2.3.9) unless *method* says more.

    Args:
        key: Of any kind; one that does not fit verifies nothing.
        method: How.
        value: As XML carries it.
        octets: What was signed.
        padded: Take ECDSA and DSA numbers that are longer or shorter than they should be, which old engines
            have written.
    """
    if not fits(key, method):
        return False
    signer: Any = key
    try:
        if method.family in ("ecdsa", "dsa"):
            encoded = _to_der(value, _width(signer), padded=padded)
            hash_ = _hash(method.hash_name)
            signer.verify(encoded, octets, ec.ECDSA(hash_) if method.family == "ecdsa" else hash_)
        elif method.family == "rsa":
            signer.verify(value, octets, padding.PKCS1v15(), _hash(method.hash_name))
        elif method.family == "rsa-pss":
            hash_ = _hash(method.hash_name)
            salt = hash_.digest_size if method.salt is None else method.salt
            mask = padding.MGF1(_hash(method.mask_hash or method.hash_name))
            signer.verify(value, octets, padding.PSS(mask, salt), hash_)
        elif method.context is not None:
            signer.verify(value, octets, method.context)
        else:
            signer.verify(value, octets)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def verify_hmac(secret: bytes, method: SignatureMethod, value: bytes, octets: bytes) -> bool:
    """Tell whether *value* is the HMAC of *octets*, cut to ``method.bits`` where that is given.

    The time that it takes says nothing about the right value.
    """
    right = hmac.digest(secret, octets, method.hash_name or "")
    return hmac.compare_digest(right if method.bits is None else right[: method.bits // 8], value)


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


def _hash(name: str | None) -> hashes.HashAlgorithm:
    return _HASHES.get(name or "") or _OLD_HASHES[name or ""]


def _width(key: ec.EllipticCurvePublicKey | dsa.DSAPublicKey) -> int:
    """Give the octets of one number of a signature value."""
    if isinstance(key, dsa.DSAPublicKey):
        return (key.parameters().parameter_numbers().q.bit_length() + 7) // 8
    # the field and the order have the same number of octets on every named curve that is read here
    return (key.key_size + 7) // 8


def _to_der(value: bytes, width: int, *, padded: bool) -> bytes:
    if padded and value and not len(value) % 2:
        width = len(value) // 2
    if len(value) != 2 * width:
        raise ValueError(f"a value of {len(value)} octets for numbers of {width}")
    return encode_dss_signature(int.from_bytes(value[:width], "big"), int.from_bytes(value[width:], "big"))
