"""Which certificate ``X509Data`` is about, when it only describes it (XMLDSig 1.1, clause 4.5.4)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

import attrs
from cryptography import x509

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.dsig._grammar import CertificateHints
from vnedoc.dsig._keys._certificate_keys import fields_of

_HEX = re.compile("[0-9A-Fa-f]{2}")
_LONGEST_NAME = 4096  # characters, or octets in DER

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "CN": "2.5.4.3",
        "SN": "2.5.4.4",
        "SERIALNUMBER": "2.5.4.5",
        "C": "2.5.4.6",
        "L": "2.5.4.7",
        "ST": "2.5.4.8",
        "S": "2.5.4.8",
        "STREET": "2.5.4.9",
        "O": "2.5.4.10",
        "OU": "2.5.4.11",
        "T": "2.5.4.12",
        "TITLE": "2.5.4.12",
        "GN": "2.5.4.42",
        "G": "2.5.4.42",
        "GIVENNAME": "2.5.4.42",
        "ORGANIZATIONIDENTIFIER": "2.5.4.97",
        "UID": "0.9.2342.19200300.100.1.1",
        "DC": "0.9.2342.19200300.100.1.25",
        "E": "1.2.840.113549.1.9.1",
        "EMAIL": "1.2.840.113549.1.9.1",
        "EMAILADDRESS": "1.2.840.113549.1.9.1",
    }
)
"""What names of attribute types stand for (RFC 4514, clause 3, and what signing software writes)."""


@attrs.frozen
class _Described:
    """What a certificate says of itself: fingerprints of its names as they are compared, and its key."""

    issuer: bytes
    subject: bytes
    key_ids: frozenset[bytes]


def describes(
    hints: CertificateHints, certificate: bytes, digest_of: Callable[[str, bytes], bytes] | None = None
) -> bool:
    """Tell whether all that *hints* say is true of a DER certificate; one that cannot be read is none.

    Args:
        hints: What is said.
        certificate: DER.
        digest_of: Gives the digest of a certificate by a name of ``hashlib``, where many are asked for.
    """
    if not hints:
        return False
    try:
        # the number first: it is as good as read
        if any(number != fields_of(certificate).serial_number for _, number in hints.issuer_serials):
            return False
        for uri, value in hints.digests:
            name = DIGESTS.get(uri)
            if name is None or (digest_of or digest)(name, certificate) != value:
                return False
        if not (hints.subjects or hints.key_ids or hints.issuer_serials):
            return True
        known = _described(certificate)
    except ValueError:
        return False
    return (
        all(known.issuer in _fingerprints(text) for text, _ in hints.issuer_serials)
        and all(known.subject in _fingerprints(text) for text in hints.subjects)
        and all(one in known.key_ids for one in hints.key_ids)
    )


def digest(hash_name: str, octets: bytes) -> bytes:
    """Give the digest of *octets* by a name of ``hashlib``."""
    return hashlib.new(hash_name, octets).digest()


@lru_cache(maxsize=128)
def _described(certificate: bytes) -> _Described:
    """Read a certificate once, whatever is said of it.

    Raises:
        ValueError: It cannot be read, or a name in it is longer than any that is looked for.
    """
    fields = fields_of(certificate)
    if max(len(fields.issuer), len(fields.subject)) > _LONGEST_NAME:
        raise ValueError("a name that nobody has")
    loaded = x509.load_der_x509_certificate(certificate)
    issuer, subject = (_fingerprint(_name(one)) for one in (loaded.issuer, loaded.subject))
    return _Described(issuer, subject, _key_ids(loaded))


def _key_ids(certificate: x509.Certificate) -> frozenset[bytes]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset()
    return frozenset({found.value.digest})


def _name(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    return [frozenset((one.oid.dotted_string, _plain(str(one.value))) for one in rdn) for rdn in name.rdns]


@lru_cache(maxsize=128)
def _fingerprints(text: str) -> tuple[bytes, ...]:
    """Read a text as a name in both orders: RFC 4514 begins with the last part, old software does not."""
    if len(text) > _LONGEST_NAME:
        return ()
    read = [frozenset(one) for one in _parse(text)]
    return (_fingerprint(read), _fingerprint(read[::-1])) if read else ()


def _fingerprint(name: Iterable[frozenset[tuple[str, str]]]) -> bytes:
    return hashlib.sha256(repr([sorted(one) for one in name]).encode("utf-8", "replace")).digest()


def _parse(text: str) -> Iterator[list[tuple[str, str]]]:
    """Read a distinguished name (RFC 4514, and the quotes and semicolons of RFC 1779)."""
    parts: list[tuple[str, str]] = []
    for part, end in _split(text):
        kind, _, value = part.partition("=")
        kind = kind.strip().upper().removeprefix("OID.")
        parts.append((_TYPES.get(kind, kind), _plain(_unescape(value.strip()))))
        if end != "+":
            yield parts
            parts = []


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Give each ``type=value`` with the character that ends it."""
    start, at, quoted = 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] in ",;+" and not quoted:
            yield text[start:at], text[at]
            start = at + 1
        at += 1
    if text[start:].strip():
        yield text[start:], ","


def _unescape(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if "\\" not in value:
        return value
    octets = bytearray()
    at = 0
    while at < len(value):
        if value[at] != "\\":
            octets += value[at].encode("utf-8", "replace")
            at += 1
            continue
        pair = value[at + 1 : at + 3]
        if _HEX.fullmatch(pair):
            octets.append(int(pair, 16))
            at += 3
        else:
            octets += value[at + 1 : at + 2].encode("utf-8", "replace")
            at += 2
    return octets.decode("utf-8", "replace")


def _plain(value: str) -> str:
    """Give a value as names are compared: case and white space do not count (RFC 5280, clause 7.1)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
