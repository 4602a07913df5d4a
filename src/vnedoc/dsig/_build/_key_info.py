"""``KeyInfo`` (XMLDSig 1.1, clause 4.5): the certificates, and the bare key for those who ask for it."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vnedoc.dsig._build._texts import b64
from vnedoc.dsig._grammar import DS11
from vnedoc.dsig._keys import fields_of, public_key

_CURVES = {
    "secp256r1": "1.2.840.10045.3.1.7",
    "secp384r1": "1.3.132.0.34",
    "secp521r1": "1.3.132.0.35",
}


@lru_cache(maxsize=64)
def key_info(prefix: str, certificate: bytes, chain: tuple[bytes, ...], *, bare: bool) -> str:
    """Give the element.

    Args:
        prefix: Of the names, with its colon, or nothing.
        certificate: The signer's, DER.
        chain: Further certificates, DER, nearest first.
        bare: Whether the key stands in it too.
    """
    carried = "".join(
        f"<{prefix}X509Certificate>{b64(one)}</{prefix}X509Certificate>" for one in (certificate, *chain)
    )
    key = _bare_key(prefix, certificate) if bare else ""
    return f"<{prefix}KeyInfo><{prefix}X509Data>{carried}</{prefix}X509Data>{key}</{prefix}KeyInfo>"


def _bare_key(prefix: str, certificate: bytes) -> str:
    key = public_key(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        inner = (
            f"<{prefix}RSAKeyValue><{prefix}Modulus>{_number(numbers.n)}</{prefix}Modulus>"
            f"<{prefix}Exponent>{_number(numbers.e)}</{prefix}Exponent></{prefix}RSAKeyValue>"
        )
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        inner = (
            f'<dsig11:ECKeyValue xmlns:dsig11="{DS11}">'
            f'<dsig11:NamedCurve URI="urn:oid:{_CURVES[key.curve.name]}"></dsig11:NamedCurve>'
            f"<dsig11:PublicKey>{b64(point)}</dsig11:PublicKey></dsig11:ECKeyValue>"
        )
    else:
        encoded = b64(fields_of(certificate).key_info)
        return f'<dsig11:DEREncodedKeyValue xmlns:dsig11="{DS11}">{encoded}</dsig11:DEREncodedKeyValue>'
    return f"<{prefix}KeyValue>{inner}</{prefix}KeyValue>"


def _number(value: int) -> str:
    """Give a ``CryptoBinary``: no octet of zero before the number (clause 4.1)."""
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
