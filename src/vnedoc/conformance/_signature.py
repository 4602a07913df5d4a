"""Signing octets with the hash that a test asks for, also with one that nobody should use any more."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from vnedoc.conformance._pki import PrivateKey

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def sign_octets(key: PrivateKey, octets: bytes, hash_name: str) -> tuple[str, bytes]:
    """Sign with PKCS #1 v1.5, ECDSA or EdDSA; the last brings its own hash.

    Returns:
        The algorithm as asn1crypto names it, and the value.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return f"{hash_name}_rsa", key.sign(octets, padding.PKCS1v15(), _HASHES[hash_name]())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return f"{hash_name}_ecdsa", key.sign(octets, ec.ECDSA(_HASHES[hash_name]()))
    return "ed25519", key.sign(octets)
