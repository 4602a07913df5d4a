"""What is likely wrong with a signature value that a key elsewhere has made."""

from __future__ import annotations

from contextlib import suppress

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from vnedoc.model import SignatureAlgorithm
from vnedoc.signing._keys import hash_of, load_certificate


def likely_fault(
    certificate: bytes, algorithm: SignatureAlgorithm, signature: bytes, signed: bytes
) -> str | None:
    """Say what is likely wrong with a value that the certificate's key did not make as it should.

    Returns:
        ``raw-ecdsa`` for ``r || s`` where DER is needed, ``pss-salt`` for RSASSA-PSS with a salt of another
        length, ``other-padding`` for PKCS #1 v1.5 instead of RSASSA-PSS or the other way round; or ``None``.
    """
    key = load_certificate(certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "raw-ecdsa" if len(signature) == 2 * ((key.key_size + 7) // 8) else None
    if not isinstance(key, rsa.RSAPublicKey) or algorithm.family not in ("rsa", "rsa-pss"):
        return None
    hash_ = hash_of(algorithm)
    any_salt = padding.PSS(mgf=padding.MGF1(hash_), salt_length=padding.PSS.AUTO)
    of_family: dict[str, padding.AsymmetricPadding] = {
        "pss-salt": any_salt,
        "other-padding": padding.PKCS1v15(),
    }
    if algorithm.family == "rsa":
        of_family = {"other-padding": any_salt}
    for fault, tried in of_family.items():
        with suppress(InvalidSignature, ValueError, UnsupportedAlgorithm):
            key.verify(signature, signed, tried, hash_)
            return fault
    return None
