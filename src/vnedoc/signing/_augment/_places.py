"""Where new unsigned properties go, in octets that somebody else may have written."""

from __future__ import annotations

import attrs
from lxml import etree

from vnedoc.signing._augment import _texts
from vnedoc.xml import XmlDocument, element_span

_X = f"{{{_texts.XADES}}}"


@attrs.frozen(kw_only=True)
class Place:
    """Octets that are replaced, and what goes around the new text.

    Attributes:
        start: First octet that is replaced; nothing is when it is *end*.
        end: Behind the last.
        head: Text before the new one.
        tail: Text behind it.
    """

    start: int
    end: int
    head: str = ""
    tail: str = ""

    def around(self, text: str) -> tuple[bytes, int]:
        """Give the octets that go there, and the offset in the document that *text* will have."""
        return f"{self.head}{text}{self.tail}".encode(), self.start + len(self.head.encode())


def place_for_properties(document: XmlDocument, qualifying: etree._Element) -> Place:
    """Find the place behind the last unsigned property of a signature.

    The holders are made where there are none, or where they are written as empty-element tags: the two
    slashes are the only octets that are ever taken away.
    """
    outer = qualifying.find(_X + "UnsignedProperties")
    if outer is None:
        # SignedProperties stands in it, so it has an end tag
        return _at_end(document, qualifying, *_texts.UNSIGNED_PROPERTIES)
    inner = outer.find(_X + "UnsignedSignatureProperties")
    if inner is not None:
        return _at_end(document, inner)
    span = element_span(document, outer)
    head, tail = _texts.UNSIGNED_SIGNATURE_PROPERTIES
    if span.end_tag is None:
        return _at_end(document, outer, head, tail)
    # properties about the data come second
    return Place(start=span.inside, end=span.inside, head=head, tail=tail)


def _at_end(document: XmlDocument, element: etree._Element, head: str = "", tail: str = "") -> Place:
    span = element_span(document, element)
    if span.end_tag is not None:
        return Place(start=span.end_tag, end=span.end_tag, head=head, tail=tail)
    # <a/> becomes <a>…</a>
    return Place(start=span.inside - 2, end=span.inside, head=f">{head}", tail=f"{tail}</{span.name}>")
