"""Keys: the few fields of a certificate that a signature check needs, straight from its DER; bare keys.

No trust is decided here: a certificate that this reader takes and that is malformed elsewhere is refused by
the path check.
"""

from __future__ import annotations

from functools import lru_cache

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from lxml import etree

from vnedoc.dsig._grammar import DS, DS11, children
from vnedoc.xml import strict_base64, text_of

_SEQUENCE = 0x30
_INTEGER = 0x02
_VERSION = 0xA0
_DIRECTORY_NAME = 0xA4
_LONG = 0x80
_MAX_LENGTH_OCTETS = 4
_MOST_OCTETS = 64 * 1024  # of a certificate; what is larger is kept by no cache, as an error is not
_MOST_BITS = 8192  # of a modulus or prime
_MOST_EXPONENT = 2**32


@attrs.frozen
class CertificateFields:
    """Parts of ``TBSCertificate`` (RFC 5280, clause 4.1), each as its whole DER value.

    Attributes:
        serial: The ``INTEGER``.
        issuer: The ``Name``.
        subject: The ``Name``.
        key_info: The ``SubjectPublicKeyInfo``.
    """

    serial: bytes
    issuer: bytes
    subject: bytes
    key_info: bytes

    @property
    def serial_number(self) -> int:
        """The serial number as a number."""
        start, end = _value(self.serial, 0, _INTEGER)
        return int.from_bytes(self.serial[start:end], "big", signed=True)


@lru_cache(maxsize=128)
def fields_of(certificate: bytes) -> CertificateFields:
    """Read the fields of a DER certificate.

    Raises:
        ValueError: It is not one, or larger than any is.
    """
    if len(certificate) > _MOST_OCTETS:
        raise ValueError("larger than any certificate is")
    outer, end = _value(certificate, 0, _SEQUENCE)
    if end != len(certificate):
        raise ValueError("octets after the certificate")
    at, end = _value(certificate, outer, _SEQUENCE)
    if certificate[at : at + 1] == bytes([_VERSION]):
        at = _value(certificate, at, _VERSION)[1]
    found = []
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE):
        after = _value(certificate, at, tag)[1]
        if after > end:
            raise ValueError("a field is longer than its certificate")
        found.append(certificate[at:after])
        at = after
    serial, _algorithm, issuer, _validity, subject, key_info = found
    return CertificateFields(serial, issuer, subject, key_info)


def public_key(certificate: bytes) -> PublicKeyTypes | None:
    """Give the public key of a DER certificate.

    ``None`` when it cannot be read, is of no known kind, or so large that a check of it is an attack.
    """
    try:
        return _key_of(fields_of(certificate).key_info)
    except (ValueError, UnsupportedAlgorithm):
        return None


@lru_cache(maxsize=128)
def _key_of(key_info: bytes) -> PublicKeyTypes | None:
    return bounded(load_der_public_key(key_info))


def bounded(key: PublicKeyTypes) -> PublicKeyTypes | None:
    """Give a key back whose size is one that keys have; ``None`` for one beyond."""
    if isinstance(key, rsa.RSAPublicKey):
        fits = key.key_size <= _MOST_BITS and key.public_numbers().e <= _MOST_EXPONENT
        return key if fits else None
    return None if isinstance(key, dsa.DSAPublicKey) and key.key_size > _MOST_BITS else key


def issuer_serial(certificate: bytes) -> bytes:
    """Give ``IssuerSerial`` (RFC 5035, clause 5) of a certificate, DER: the issuer as ``directoryName``.

    Raises:
        ValueError: It is not a certificate.
    """
    fields = fields_of(certificate)
    names = _wrap(_SEQUENCE, _wrap(_DIRECTORY_NAME, fields.issuer))
    return _wrap(_SEQUENCE, names + fields.serial)


def same_key(bare: etree._Element, certificate: bytes) -> bool | None:
    """Tell whether a bare key of ``KeyInfo`` is the key of *certificate*; ``None`` when its form is not read.

    Raises:
        DecodeError: The bare key is malformed.
    """
    key = public_key(certificate)
    if bare.tag == f"{{{DS11}}}DEREncodedKeyValue":
        return strict_base64(text_of(bare)) == fields_of(certificate).key_info
    form = [one for one in children(bare) if one.tag in (f"{{{DS}}}RSAKeyValue", f"{{{DS11}}}ECKeyValue")]
    if len(form) != 1:
        return None
    values = {str(one.tag).rpartition("}")[2]: one for one in children(form[0])}
    if isinstance(key, rsa.RSAPublicKey) and values.keys() == {"Modulus", "Exponent"}:
        numbers = key.public_numbers()
        return (_number(values["Modulus"]), _number(values["Exponent"])) == (numbers.n, numbers.e)
    if isinstance(key, ec.EllipticCurvePublicKey) and "PublicKey" in values:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return strict_base64(text_of(values["PublicKey"])) == point
    return False


def _number(element: etree._Element) -> int:
    return int.from_bytes(strict_base64(text_of(element)), "big")


def _value(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Give start and end of the content of the DER value at *at*, which must have the tag *tag*."""
    if len(data) < at + 2 or data[at] != tag:
        raise ValueError(f"expected tag {tag:#04x} at octet {at}")
    length, start = data[at + 1], at + 2
    if length >= _LONG:
        octets = length - _LONG
        if not 0 < octets <= _MAX_LENGTH_OCTETS:
            raise ValueError("a length that is not DER")
        length = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + length > len(data):
        raise ValueError("a value is cut off")
    return start, start + length


def _wrap(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < _LONG:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(octets)]) + octets + content
