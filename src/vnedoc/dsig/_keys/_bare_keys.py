"""Keys that stand by themselves: ``KeyValue`` and its forms, and the keys that a caller hands over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from lxml import etree

from vnedoc.dsig._grammar import DS, DS11, children
from vnedoc.dsig._keys._certificate_keys import bounded, fields_of
from vnedoc.errors import ConfigError, DecodeError
from vnedoc.xml import strict_base64, text_of

_CURVES: Mapping[str, ec.EllipticCurve] = MappingProxyType(
    {
        "1.2.840.10045.3.1.7": ec.SECP256R1(),
        "1.3.132.0.34": ec.SECP384R1(),
        "1.3.132.0.35": ec.SECP521R1(),
        "1.3.132.0.33": ec.SECP224R1(),
        "1.2.840.10045.3.1.1": ec.SECP192R1(),
        "1.3.132.0.10": ec.SECP256K1(),
        "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
        "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
        "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
    }
)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_MOST_OCTETS = 2048  # of one number: an RSA modulus of 16384 bits


def read_bare_key(element: etree._Element) -> PublicKeyTypes | None:
    """Read ``KeyValue``, ``DEREncodedKeyValue`` or one of the forms that stand in ``KeyValue``.

    Returns:
        The key; ``None`` when its form or its curve is not known, what it holds makes no key, or one that
        is larger than any.
    """
    try:
        if element.tag == f"{{{DS}}}KeyValue":
            (element,) = children(element)
        return bounded(_FORMS[str(element.tag)](element))
    except (ValueError, UnsupportedAlgorithm, KeyError):  # a DecodeError is a ValueError
        return None


def is_bare_key(element: etree._Element) -> bool:
    """Tell whether ``read_bare_key`` knows the element by its name."""
    return element.tag == f"{{{DS}}}KeyValue" or element.tag in _FORMS


def load_given(data: bytes) -> tuple[bytes | None, PublicKeyTypes]:
    """Read a certificate or public key of the caller's, DER or PEM.

    Returns:
        The certificate, DER, where it is one, and the key.

    Raises:
        ConfigError: ``VND-DSIG-056`` when it is neither.
    """
    certificate: bytes | None = data
    try:
        match = _CERTIFICATE.search(data)
        if match is not None:
            certificate = data = strict_base64(match[1])
        elif data.lstrip().startswith(b"-----"):
            return None, load_pem_public_key(data)
        try:
            key_info = fields_of(data).key_info
        except ValueError:
            certificate, key_info = None, data
        return certificate, load_der_public_key(key_info)
    except (ValueError, UnsupportedAlgorithm, DecodeError) as error:
        raise ConfigError(
            "VND-DSIG-056",
            "neither a certificate nor a public key",
            hint="give DER or PEM of a certificate or of a SubjectPublicKeyInfo",
        ) from error


def _read_rsa(element: etree._Element) -> PublicKeyTypes:
    parts = _values(element)
    return rsa.RSAPublicNumbers(_number(parts["Exponent"]), _number(parts["Modulus"])).public_key()


def _read_dsa(element: etree._Element) -> PublicKeyTypes:
    parts = _values(element)
    numbers = dsa.DSAParameterNumbers(*(_number(parts[one]) for one in ("P", "Q", "G")))
    return dsa.DSAPublicNumbers(_number(parts["Y"]), numbers).public_key()


def _read_ec(element: etree._Element) -> PublicKeyTypes:
    """Read ``ECKeyValue`` with a named curve (clause 4.5.2.3); written-out parameters are not taken."""
    parts = _values(element)
    curve = _CURVES[(parts["NamedCurve"].get("URI") or "").removeprefix("urn:oid:")]
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, strict_base64(text_of(parts["PublicKey"])))


def _read_der(element: etree._Element) -> PublicKeyTypes:
    return load_der_public_key(strict_base64(text_of(element)))


_FORMS: Mapping[str, Callable[[etree._Element], PublicKeyTypes]] = MappingProxyType(
    {
        f"{{{DS}}}RSAKeyValue": _read_rsa,
        f"{{{DS}}}DSAKeyValue": _read_dsa,
        f"{{{DS11}}}ECKeyValue": _read_ec,
        f"{{{DS11}}}DEREncodedKeyValue": _read_der,
    }
)


def _values(element: etree._Element) -> dict[str, etree._Element]:
    return {str(one.tag).rpartition("}")[2]: one for one in children(element)}


def _number(element: etree._Element) -> int:
    octets = strict_base64(text_of(element))
    if len(octets) > _MOST_OCTETS:
        raise ValueError("a number of more octets than any key has")
    return int.from_bytes(octets, "big")
