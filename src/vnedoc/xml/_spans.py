"""Where an element stands in the octets, and putting octets into a document that else stays as it is."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

import attrs
from lxml import etree

from vnedoc.errors import DecodeError
from vnedoc.model import Limits
from vnedoc.xml._guards import BOM
from vnedoc.xml._parse import XmlDocument, parse
from vnedoc.xml._runs import Cut, true_offset
from vnedoc.xml._text import location

_CHUNK = 64 * 1024
_START_TAG = re.compile(rb"<([^\s/>]++)(?:[^\"'>]|\"[^\"]*+\"|'[^']*+')*+>")


class _Found(Exception):
    pass


@attrs.frozen
class ElementSpan:
    """Offsets of one element in the octets of its document.

    Attributes:
        name: Its name as written, with the prefix.
        start: Of its start tag.
        inside: Behind its start tag.
        end_tag: Of its end tag; ``None`` for an empty-element tag (``<a/>``).
    """

    name: str
    start: int
    inside: int
    end_tag: int | None


def element_span(document: XmlDocument, element: etree._Element) -> ElementSpan:
    """Give the offsets of an element of *document* in ``document.data``.

    lxml's trees know no offsets, expat does: it counts start tags up to the element's own.

    Raises:
        DecodeError: ``VND-XML-034`` when *element* is not in the document, or the octets are not those that
            it was parsed from.
    """
    data = document.data
    start, end = _of_root(data) if element is document.root else (None, None)
    if start is None:
        number = next((at for at, one in enumerate(document.root.iter("*")) if one is element), None)
        start, end = (None, None) if number is None else _follow(data, number)
    tag = None if start is None else _START_TAG.match(data, start)
    if tag is None or (end is None and not tag[0].endswith(b"/>")):
        where = location(element)
        raise DecodeError(
            "VND-XML-034",
            f"there is no element {where} in these octets",
            path=where,
            hint="parse the document again",
            facts={"element": where},
        )
    empty = tag[0].endswith(b"/>")
    return ElementSpan(tag[1].decode(), tag.start(), tag.end(), None if empty else end)


@attrs.frozen
class Edit:
    """Octets that take the place of others in a file.

    Attributes:
        offset: Of the first that is replaced, in the file.
        removed: How many are.
        octets: What stands there instead.
    """

    offset: int
    removed: int
    octets: bytes = attrs.field(repr=False)

    def pieces(self, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        """Give the octets of the file with the edit made, piece by piece; no piece is empty."""
        return (piece for piece in self._pieces(pieces) if len(piece))

    def _pieces(self, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        at, end = 0, self.offset + self.removed
        for piece in pieces:
            if at + len(piece) <= self.offset:
                yield piece
            else:
                if at <= self.offset:
                    yield piece[: self.offset - at]
                    yield self.octets
                yield piece[max(0, end - at) :]
            at += len(piece)
        if at == self.offset:
            yield self.octets


def edited(
    document: XmlDocument, start: int, end: int, octets: bytes, limits: Limits
) -> tuple[XmlDocument, Edit]:
    """Put octets into a document; texts that were left in its file stay there.

    Args:
        document: As ``parse`` or ``parse_stream`` gives it.
        start: Of what is replaced, in ``document.data``; not inside a text that was left out.
        end: Behind it.
        octets: What stands there instead.
        limits: As for ``parse``.

    Returns:
        The document as it is then, and the edit of the file that makes it so.

    Raises:
        DecodeError: The document is not well-formed any more.
        LimitExceeded: It is too large.
    """
    fresh = parse(document.data[:start] + octets + document.data[end:], limits)
    edit = Edit(true_offset(document.cuts, start), end - start, octets)
    moved = len(octets) - edit.removed
    cuts = tuple(_moved(cut, moved) if cut.after[0] > start else cut for cut in document.cuts)
    return attrs.evolve(fresh, runs=document.runs, cuts=cuts, gaps=document.gaps), edit


def _moved(cut: Cut, octets: int) -> Cut:
    return attrs.evolve(
        cut,
        start=cut.start + octets,
        after=(cut.after[0] + octets, *cut.after[1:]),
        there=(cut.there[0] + octets, *cut.there[1:]),
    )


def _of_root(data: bytes) -> tuple[int | None, int | None]:
    """Give the offsets of the tags of the document element where every ``<`` begins a tag, else nothing.

    No parser is needed then: the first tag is its own, and so is the last end tag.
    """
    if b"!" in data and b"<!" in data:  # one octet is looked for many times faster than two
        return None, None
    instruction = data.rfind(b"<?", 0, data.rfind(b"?") + 1)
    if instruction > len(BOM):  # no XML declaration
        return None, None
    end = data.rfind(b"</")
    start = data.find(b"<", data.find(b"?>") + 2 if instruction >= 0 else 0)
    return start, None if end < 0 else end


def _follow(data: bytes, number: int) -> tuple[int | None, int | None]:
    """Give the offsets of the start and end events of the element with this number, from 0."""
    seen = depth = 0
    start: int | None = None
    end: int | None = None
    at_depth = -1

    def on_start(_name: str, _attributes: list[str]) -> None:
        nonlocal seen, depth, start, at_depth
        if seen == number:
            start, at_depth = parser.CurrentByteIndex, depth
        seen += 1
        depth += 1

    def on_end(_name: str) -> None:
        nonlocal depth, end
        depth -= 1
        if depth == at_depth:
            end = parser.CurrentByteIndex
            raise _Found

    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True  # a list is cheaper than a mapping, and neither is looked at
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    view = memoryview(data)
    with contextlib.suppress(_Found, expat.ExpatError):
        for at in range(0, len(view), _CHUNK):
            parser.Parse(bytes(view[at : at + _CHUNK]), False)  # noqa: FBT003 - a C signature
        parser.Parse(b"", True)  # noqa: FBT003 - a C signature
    return start, end
