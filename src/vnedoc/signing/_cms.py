"""The CMS of a PAdES signature, written as DER (RFC 5652, RFC 5035, EN 319 142-1 clause 6.3).

It is written here and not through an ASN.1 library, because the parts are few, fixed and the same for every
signature of a key; encoding them anew through object trees costs more than the signature itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509

from vnedoc.model import SignatureAlgorithm
from vnedoc.signing._keys import public_key_for

_SEQUENCE, _SET, _OCTETS, _INTEGER, _OID, _NULL = b"\x30", b"\x31", b"\x04", b"\x02", b"\x06", b"\x05\x00"
_SHORT = 0x7F  # the longest length that fits into one octet


def _tlv(tag: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size <= _SHORT:
        return tag + bytes((size,)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes((0x80 | len(length),)) + length + body


def _oid(dotted: str) -> bytes:
    first, second, *arcs = map(int, dotted.split("."))
    octets = bytearray((40 * first + second,))
    for arc in arcs:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 0x7F))
        octets += bytes(reversed(groups))
    return _tlv(_OID, bytes(octets))


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


_DATA = _oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
_MGF1 = _oid("1.2.840.113549.1.1.8")

# RFC 5754 section 2: the parameters of SHA-2 are absent.
_DIGESTS = {
    "sha256": _tlv(_SEQUENCE, _oid("2.16.840.1.101.3.4.2.1")),
    "sha384": _tlv(_SEQUENCE, _oid("2.16.840.1.101.3.4.2.2")),
    "sha512": _tlv(_SEQUENCE, _oid("2.16.840.1.101.3.4.2.3")),
}
_SHA256_WITH_NULL = _tlv(_SEQUENCE, _oid("2.16.840.1.101.3.4.2.1"), _NULL)
_SIGNATURES = {
    SignatureAlgorithm.RSA_SHA256: _tlv(_SEQUENCE, _oid("1.2.840.113549.1.1.11"), _NULL),
    # RFC 4055 section 3.1: hash and mask generation are named, the salt is as long as the hash.
    SignatureAlgorithm.RSA_PSS_SHA256: _tlv(
        _SEQUENCE,
        _oid("1.2.840.113549.1.1.10"),
        _tlv(
            _SEQUENCE,
            _tlv(b"\xa0", _SHA256_WITH_NULL),
            _tlv(b"\xa1", _tlv(_SEQUENCE, _MGF1, _SHA256_WITH_NULL)),
            _tlv(b"\xa2", _integer(32)),
        ),
    ),
    SignatureAlgorithm.ECDSA_SHA256: _tlv(_SEQUENCE, _oid("1.2.840.10045.4.3.2")),
    SignatureAlgorithm.ECDSA_SHA384: _tlv(_SEQUENCE, _oid("1.2.840.10045.4.3.3")),
    SignatureAlgorithm.ECDSA_SHA512: _tlv(_SEQUENCE, _oid("1.2.840.10045.4.3.4")),
}


def _attribute(kind: bytes, value: bytes) -> bytes:
    return _tlv(_SEQUENCE, kind, _tlv(_SET, value))


@lru_cache(maxsize=64)
def _signing_certificate(certificate: bytes) -> bytes:
    """Give the ESS attribute; SHA-256 is its default hash and therefore left out (RFC 5035 section 4)."""
    identifier = _tlv(_SEQUENCE, _tlv(_OCTETS, hashlib.sha256(certificate).digest()))
    return _attribute(_SIGNING_CERTIFICATE_V2, _tlv(_SEQUENCE, _tlv(_SEQUENCE, identifier)))


@lru_cache(maxsize=64)
def _issuer_and_serial(certificate: bytes) -> bytes:
    loaded = x509.load_der_x509_certificate(certificate)
    return _tlv(_SEQUENCE, loaded.issuer.public_bytes(), _integer(loaded.serial_number))


def signed_attributes(certificate: bytes, document_digest: bytes) -> bytes:
    """Give the octets to sign: the DER ``SET OF`` signed attributes (RFC 5652 section 5.4).

    There is no signing-time attribute: in PAdES the time stands in the signature dictionary's ``/M``
    (EN 319 142-1 clause 6.3).
    """
    attributes = (
        _attribute(_CONTENT_TYPE, _DATA),
        _attribute(_MESSAGE_DIGEST, _tlv(_OCTETS, document_digest)),
        _signing_certificate(certificate),
    )
    return _tlv(_SET, *sorted(attributes))


def signed_data(
    certificate: bytes,
    chain: Sequence[bytes],
    algorithm: SignatureAlgorithm,
    attributes: bytes,
    signature: bytes,
) -> bytes:
    """Give the whole ContentInfo, DER; *attributes* is what ``signed_attributes`` gave."""
    digest = _DIGESTS[algorithm.hash_name]
    one = _integer(1)
    signer = _tlv(
        _SEQUENCE,
        one,
        _issuer_and_serial(certificate),
        digest,
        b"\xa0" + attributes[1:],
        _SIGNATURES[algorithm],
        _tlv(_OCTETS, signature),
    )
    content = _tlv(
        _SEQUENCE,
        one,
        _tlv(_SET, digest),
        _tlv(_SEQUENCE, _DATA),
        _tlv(b"\xa0", *sorted((certificate, *chain))),
        _tlv(_SET, signer),
    )
    return _tlv(_SEQUENCE, _SIGNED_DATA, _tlv(b"\xa0", content))


@lru_cache(maxsize=64)
def container_size(certificate: bytes, chain: tuple[bytes, ...], algorithm: SignatureAlgorithm) -> int:
    """Give the most octets that ``signed_data`` can need; only ECDSA values vary, by a few octets.

    Raises:
        KeyUnavailable: ``VND-SIGN-007`` when the certificate's key does not make *algorithm*.
    """
    attributes = signed_attributes(certificate, bytes(hashlib.new(algorithm.hash_name).digest_size))
    octets = (public_key_for(certificate, algorithm).key_size + 7) // 8
    longest = bytes(octets)
    if algorithm.family == "ecdsa":
        number = _integer(1 << (8 * octets - 1))
        longest = _tlv(_SEQUENCE, number, number)
    return len(signed_data(certificate, chain, algorithm, attributes, longest))
