"""A reader of tags and lengths (X.690): it slices the octets and never writes them anew."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from vnedoc.errors import DecodeError

SEQUENCE, SET, OCTET_STRING, INTEGER, OID = 0x30, 0x31, 0x04, 0x02, 0x06
BOOLEAN, BIT_STRING, ENUMERATED, GENERALIZED_TIME = 0x01, 0x03, 0x0A, 0x18
CONTEXT_0, CONTEXT_1, CONTEXT_2, CONTEXT_3 = 0xA0, 0xA1, 0xA2, 0xA3

_CONSTRUCTED = 0x20
_LONG_FORM = 0x80
_MANY_OCTETS_TAG = 0x1F
_MOST_LENGTH_OCTETS = 4
_DEPTH = 32
_OID_OCTETS = 64  # the longest in use have under 20; decoding takes the square of the length


class Element(NamedTuple):
    """One element: where it stands in *data*, not a copy of it.

    Attributes:
        data: The octets that hold it.
        tag: The identifier octet.
        start: Offset of the identifier octet.
        body: Offset of the content.
        stop: Offset after the content.
        end: Offset after the element; more than *stop* only for the indefinite length of BER.
        canonical: The length is written as DER wants it.
    """

    data: bytes
    tag: int
    start: int
    body: int
    stop: int
    end: int
    canonical: bool

    @property
    def content(self) -> bytes:
        """The content octets."""
        return self.data[self.body : self.stop]

    @property
    def raw(self) -> bytes:
        """The element as it stands, identifier and length included."""
        return self.data[self.start : self.end]

    def children(self, most: int | None = None) -> list[Element]:
        """Give the elements inside; raises ``DecodeError`` when this one is primitive, or holds too many."""
        if not self.tag & _CONSTRUCTED:
            raise malformed("a primitive element where a constructed one belongs")
        found = _elements(self.data, self.body, self.stop, 0)
        if most is None:
            return list(found)
        inside = list(islice(found, most + 1))
        if len(inside) > most:
            raise malformed(f"more than {most} elements in one")
        return inside

    def expect(self, tag: int) -> Element:
        """Give the element itself when it has *tag*."""
        if self.tag != tag:
            raise malformed(f"tag {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def oid(self) -> str:
        """Give the dotted object identifier."""
        arcs, value = [], 0
        content = self.expect(OID).content
        if not content or content[-1] & _LONG_FORM:
            raise malformed("an object identifier without end")
        if len(content) > _OID_OCTETS:
            raise malformed("an object identifier that is too long")
        for octet in content:
            value = value << 7 | octet & 0x7F
            if not octet & _LONG_FORM:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def integer(self) -> int:
        """Give the number."""
        content = self.expect(INTEGER).content
        if not content:
            raise malformed("an integer without octets")
        return int.from_bytes(content, "big", signed=True)

    def is_der(self, depth: int = 0) -> bool:
        """Tell whether all lengths, of this element and inside it, are those of DER."""
        if not self.canonical:
            return False
        if not self.tag & _CONSTRUCTED:
            return True
        if depth > _DEPTH:
            raise malformed("nested too deeply")
        return all(one.is_der(depth + 1) for one in self.children())


def read(data: bytes, start: int = 0) -> Element:
    """Read the element that starts at *start*; octets after it are the caller's business.

    Raises:
        DecodeError: ``VND-TRUST-043``.
    """
    return _element(data, start, len(data), 0)


_TIME = re.compile(r"(\d{14})(?:\.(\d{1,9}))?Z", re.ASCII)


def generalized_time(element: Element) -> dt.datetime:
    """Give a GeneralizedTime in the form that DER and RFC 3161 want, UTC; raises ``ValueError`` too."""
    match = _TIME.fullmatch(element.expect(GENERALIZED_TIME).content.decode("ascii"))
    if match is None:
        raise malformed("a time that is none")
    fraction = int((match[2] or "0").ljust(6, "0")[:6])
    whole = dt.datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    return whole.replace(microsecond=fraction)


def malformed(cause: str) -> DecodeError:
    """Give the error for octets that are not what they should be."""
    return DecodeError("VND-TRUST-043", f"not in order as DER: {cause}", facts={"cause": cause})


def _elements(data: bytes, start: int, stop: int, depth: int) -> Iterator[Element]:
    while start < stop:
        one = _element(data, start, stop, depth)
        yield one
        start = one.end


def _element(data: bytes, start: int, limit: int, depth: int) -> Element:
    if start + 2 > limit:
        raise malformed("it ends too early")
    tag, length, body = data[start], data[start + 1], start + 2
    if tag & _MANY_OCTETS_TAG == _MANY_OCTETS_TAG:
        raise malformed("a tag of several octets")
    canonical = True
    if length == _LONG_FORM:
        return _indefinite(data, start, body, limit, depth)
    if length > _LONG_FORM:
        count = length - _LONG_FORM
        if count > _MOST_LENGTH_OCTETS or body + count > limit:
            raise malformed("a length that cannot be")
        length = int.from_bytes(data[body : body + count], "big")
        canonical = length >= _LONG_FORM and data[body] != 0
        body += count
    stop = body + length
    if stop > limit:
        raise malformed("it ends too early")
    return Element(data, tag, start, body, stop, stop, canonical)


def _indefinite(data: bytes, start: int, body: int, limit: int, depth: int) -> Element:
    if not data[start] & _CONSTRUCTED or depth > _DEPTH:
        raise malformed("an indefinite length that cannot be")
    at = body
    while data[at : at + 2] != b"\x00\x00":
        at = _element(data, at, limit, depth + 1).end
    return Element(data, data[start], start, body, at, at + 2, canonical=False)
