"""The CMS of a PAdES signature, written as DER (RFC 5652, RFC 5035, EN 319 142-1 clause 6.3).

It is written here and not through an ASN.1 library, because the parts are few, fixed and the same for every
signature of a key; encoding them anew through object trees costs more than the signature itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vnedoc.errors import SigningError
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
_RSA, _ECDSA = "1.2.840.113549.1.1", "1.2.840.10045.4.3"
_ARCS = {"sha256": ("1", "11", "2", 32), "sha384": ("2", "12", "3", 48), "sha512": ("3", "13", "4", 64)}
"""By hash: the last arcs of hash, RSA and ECDSA, and the octets of the hash (RFC 4055, 5754 and 5758)."""


def _pss(hash_arc: str, size: int) -> bytes:
    """Give RSASSA-PSS; hash and mask are named, the salt is as long as the hash (RFC 4055, clause 3.1)."""
    hash_ = _tlv(_SEQUENCE, _oid(f"2.16.840.1.101.3.4.2.{hash_arc}"), _NULL)
    return _tlv(
        _SEQUENCE,
        _oid(f"{_RSA}.10"),
        _tlv(
            _SEQUENCE,
            _tlv(b"\xa0", hash_),
            _tlv(b"\xa1", _tlv(_SEQUENCE, _MGF1, hash_)),
            _tlv(b"\xa2", _integer(size)),
        ),
    )


def _signatures() -> dict[SignatureAlgorithm, bytes]:
    found = {}
    for name, (hash_arc, rsa_arc, ecdsa_arc, size) in _ARCS.items():
        found[SignatureAlgorithm(f"rsa-{name}")] = _tlv(_SEQUENCE, _oid(f"{_RSA}.{rsa_arc}"), _NULL)
        found[SignatureAlgorithm(f"rsa-pss-{name}")] = _pss(hash_arc, size)
        found[SignatureAlgorithm(f"ecdsa-{name}")] = _tlv(_SEQUENCE, _oid(f"{_ECDSA}.{ecdsa_arc}"))
    return found


_SIGNATURES = _signatures()


def digest_name(algorithm: SignatureAlgorithm) -> str:
    """Give the hash of a CMS that *algorithm* signs, a name of ``hashlib``.

    Raises:
        SigningError: ``VND-SIGN-047`` when vnedoc makes no CMS with this algorithm.
    """
    name = algorithm.hash_name
    if name is None or algorithm not in _SIGNATURES:
        raise SigningError(
            "VND-SIGN-047",
            "signatures on PDF are not made with this algorithm",
            hint="use RSA or ECDSA with SHA-256, SHA-384 or SHA-512",
            facts={"algorithm": algorithm.value},
        )
    return name


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
    digest = _DIGESTS[digest_name(algorithm)]
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
        SigningError: ``VND-SIGN-047`` when vnedoc makes no CMS with it.
    """
    attributes = signed_attributes(certificate, bytes(hashlib.new(digest_name(algorithm)).digest_size))
    key = public_key_for(certificate, algorithm)
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey), "digest_name takes no EdDSA"  # noqa: S101
    octets = (key.key_size + 7) // 8
    longest = bytes(octets)
    if algorithm.family == "ecdsa":
        number = _integer(1 << (8 * octets - 1))
        longest = _tlv(_SEQUENCE, number, number)
    return len(signed_data(certificate, chain, algorithm, attributes, longest))
