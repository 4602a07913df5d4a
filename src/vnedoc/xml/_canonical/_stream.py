"""The canonical form of a document whose long texts stay in its file."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lxml import etree

from vnedoc.model import Limits, file_changed
from vnedoc.xml._canonical._canonicalize import (
    canonicalize_into,
    is_comparing,
    reference_octets,
    same_octets,
)
from vnedoc.xml._canonical._methods import settings_of
from vnedoc.xml._parse import XmlDocument, parse
from vnedoc.xml._runs import Cut, Run, tokens_met

_Write = Callable[[Any], object]


def canonicalize_stream_into(
    write: _Write,
    document: XmlDocument,
    method: str,
    pieces: Iterable[bytes | memoryview],
    *,
    target: XmlDocument | etree._Element | None = None,
    prefixes: tuple[str, ...] = (),
    exclude: etree._Element | None = None,
) -> None:
    """Hand the canonical octets of a document of any size to *write*, its long texts taken from its file.

    Args:
        write: Takes the octets piece by piece.
        document: As ``parse_stream`` gives it, with nothing in ``cuts_with_markup``.
        method: As for ``canonicalize``.
        pieces: The octets of the file that *document* was read from, all of them, as ``bytes`` or
            ``memoryview``. Whether they are still the same is for the caller to tell. They are gone through
            to their end, or, for an element in which nothing long stands, not at all.
        target: An element of *document*; ``None`` or *document* itself is the whole.
        prefixes: As for ``canonicalize``.
        exclude: As for ``canonicalize``.

    Raises:
        DecodeError: As ``canonicalize`` raises it.
        FileError: ``VND-IO-003`` when there are fewer octets than there were.
    """
    target = document if target is None else target
    if not is_comparing():
        _splice(write, document, method, pieces, target, prefixes, exclude)
        return
    data, spliced = b"".join(pieces), io.BytesIO()
    _splice(spliced.write, document, method, [data], target, prefixes, exclude)
    settings = settings_of(method, prefixes)
    unbounded = Limits(**dict.fromkeys(("tree_bytes", "nodes", "attributes", "text_bytes"), sys.maxsize))
    root = parse(data, unbounded).root
    whole = isinstance(target, XmlDocument)
    apex, *excluded = (
        _counterpart(one, root)
        for one in (document.root if isinstance(target, XmlDocument) else target, exclude)
        if one is not None
    )
    kept = [one for one in excluded if apex in one.iterancestors()]
    reference = reference_octets(apex, settings, tuple(kept), whole=whole)
    write(same_octets(spliced.getvalue(), reference))


def _counterpart(element: etree._Element, root: etree._Element) -> etree._Element:
    """Give the element at the same place in another tree, whose document element is *root*."""
    around = [*reversed(list(element.iterancestors())), element]
    for parent, child in itertools.pairwise(around):
        root = root[parent.index(child)]
    return root


def _splice(
    write: _Write,
    document: XmlDocument,
    method: str,
    pieces: Iterable[bytes | memoryview],
    target: XmlDocument | etree._Element,
    prefixes: tuple[str, ...],
    exclude: etree._Element | None,
) -> None:
    held = io.BytesIO()
    canonicalize_into(held.write, target, method, prefixes=prefixes, exclude=exclude)
    outline, done = held.getvalue(), 0
    found = _cuts_met(document, outline)
    if not found and target is not document:
        write(outline)
        return
    file = _Ranges(pieces)
    for cut, place in found:
        write(outline[done:place])
        done = place + len(cut.token)
        if document.data[cut.after[0] - 1 : cut.after[0]] == b"\n":
            done += 1  # stands for the line ends inside the text
        for _ in file.until(cut.start):
            pass
        text = file.until(cut.there[0])
        for octets in text if _has_no_space(document, cut) else _line_ends(text):
            write(octets)
    write(outline[done:])
    file.drain()


def _cuts_met(document: XmlDocument, octets: bytes) -> list[tuple[Cut, int]]:
    """Give the cuts of *document* whose tokens stand in *octets*, with the places where they do."""
    # Places in the text are those in the octets where each octet is taken for one character.
    return list(tokens_met(document.cuts, octets.decode("latin-1"))) if document.cuts else []


def cuts_with_markup(document: XmlDocument) -> frozenset[int]:
    """Give the ``Cut.start`` of texts that are not base64 and white space alone.

    Their canonical form is not that of their octets: have ``parse_stream`` leave them where they are.
    """
    plain = {
        token
        for token, blob in document.runs.items()
        if isinstance(blob.opener, Run) and not blob.opener.marked
    }
    return frozenset(cut.start for cut in document.cuts if cut.token not in plain)


class _Ranges:
    """Goes through the octets of a file from place to place."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = iter(pieces)
        self._piece: bytes | memoryview = b""
        self._used = 0  # octets of it
        self._at = 0  # offset in the file

    def until(self, offset: int) -> Iterator[bytes | memoryview]:
        while self._at < offset:
            if self._used == len(self._piece):
                self._piece, self._used = next(self._pieces, b""), 0
                if not self._piece:
                    raise file_changed("")
            end = min(len(self._piece), self._used + offset - self._at)
            yield self._piece[self._used : end]  # no copy where it is the whole
            self._at += end - self._used
            self._used = end

    def drain(self) -> None:
        for _ in self._pieces:
            pass


def _has_no_space(document: XmlDocument, cut: Cut) -> bool:
    """Tell whether the text is base64 without any line end: its canonical form is what stands there."""
    opener = document.runs[cut.token].opener
    return isinstance(opener, Run) and opener.unbroken


def _line_ends(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Make each line end one line feed, as every XML parser does (XML 1.0, clause 2.11)."""
    rest = b""
    for piece in pieces:
        octets = rest + bytes(piece)
        rest = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(rest)]
        yield _with_line_feeds(octets) if b"\r" in octets else octets
    if rest:
        yield b"\n"


def _with_line_feeds(octets: bytes) -> bytes:
    # Lines of one length are what everybody writes. Their ends are looked at by strides, and one octet is
    # deleted ten times as fast as a pair is replaced.
    first = octets.find(b"\r")
    stride = octets.find(b"\r", first + 1) - first
    if stride > 0:
        ends, feeds = octets[first::stride], octets[first + 1 :: stride]
        deleted = octets.replace(b"\r", b"")
        paired = ends.count(b"\r") == feeds.count(b"\n") == len(ends)
        if paired and len(octets) - len(deleted) == len(ends):
            return deleted
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
