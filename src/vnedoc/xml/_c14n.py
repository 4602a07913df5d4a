"""Canonicalisation: which method, and by which of the two ways."""

from __future__ import annotations

import contextlib
import io
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
from lxml import etree

from vnedoc.errors import ConfigError, DecodeError
from vnedoc.model import file_changed
from vnedoc.xml._parse import XmlDocument
from vnedoc.xml._reference_c14n import Settings, write_document, write_element
from vnedoc.xml._runs import Cut, Run

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS = f"{C14N}#WithComments"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
C14N_11_COMMENTS = f"{C14N_11}#WithComments"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXC_C14N_COMMENTS = f"{EXC_C14N}WithComments"

_METHODS = {
    C14N: Settings(),
    C14N_COMMENTS: Settings(comments=True),
    C14N_11: Settings(version_1_1=True),
    C14N_11_COMMENTS: Settings(version_1_1=True, comments=True),
    EXC_C14N: Settings(exclusive=True),
    EXC_C14N_COMMENTS: Settings(exclusive=True, comments=True),
}
C14N_METHODS = frozenset(_METHODS)
"""The URIs of every method that ``canonicalize`` knows."""

_Write = Callable[[bytes], object]

_comparing = False


def compare_c14n(enabled: bool) -> None:  # noqa: FBT001 - a switch
    """Run both implementations from now on and raise ``AssertionError`` where they differ; for tests."""
    global _comparing  # noqa: PLW0603 - one switch for the whole process
    _comparing = enabled


def canonicalize(
    target: XmlDocument | etree._Element,
    method: str,
    *,
    prefixes: tuple[str, ...] = (),
    exclude: etree._Element | None = None,
) -> bytes:
    """Give the canonical octets (UTF-8).

    Args:
        target: A document (top-level comments and instructions included), or an element, which keeps the
            namespaces and ``xml:`` attributes that it has from its ancestors, as the method says.
        method: URI of the method: Canonical XML 1.0, 1.1 or exclusive, each also ``WithComments``.
        prefixes: InclusiveNamespaces PrefixList, ``#default`` allowed; only the exclusive method has one.
        exclude: One element to leave out with all that is in it, such as an enveloped Signature. The text
            after it stays. An element that is not inside *target* changes nothing.

    Raises:
        ConfigError: ``VND-XML-033`` for an unknown method, or prefixes where there can be none.
        DecodeError: ``VND-XML-030`` for a relative namespace URI, ``VND-XML-035`` when nothing would be
            left: an error is never an empty result.
    """
    output = io.BytesIO()
    canonicalize_into(output.write, target, method, prefixes=prefixes, exclude=exclude)
    return output.getvalue()


def canonicalize_into(
    write: _Write,
    target: XmlDocument | etree._Element,
    method: str,
    *,
    prefixes: tuple[str, ...] = (),
    exclude: etree._Element | None = None,
) -> None:
    """Hand the canonical octets to *write* piece by piece, for example to a hash; see ``canonicalize``.

    After an error the pieces written so far mean nothing.
    """
    settings = _settings(method, prefixes)
    whole = isinstance(target, XmlDocument)
    apex = target.root if isinstance(target, XmlDocument) else target
    if exclude is apex:
        raise DecodeError(
            "VND-XML-035",
            "nothing is left to canonicalise",
            hint="the signature must cover something besides itself",
            facts={"cause": "the whole of it is excluded"},
        )
    if exclude is not None and apex not in exclude.iterancestors():
        exclude = None
    if not whole and not _lxml_is_right_for(apex, settings):
        write_element(write, apex, settings, exclude)
    elif _comparing:
        write(_both(apex, settings, exclude, whole=whole))
    else:
        _write_fast(write, apex, settings, exclude, whole=whole)


def canonicalize_stream_into(
    write: _Write,
    document: XmlDocument,
    method: str,
    pieces: Iterable[bytes],
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
        pieces: The octets of the file that *document* was read from, all of them. Whether they are still the
            same is for the caller to tell. They are gone through to their end, or, for an element in which
            nothing long stands, not at all.
        target: An element of *document*; ``None`` or *document* itself is the whole.
        prefixes: As for ``canonicalize``.
        exclude: As for ``canonicalize``.

    Raises:
        DecodeError: As ``canonicalize`` raises it.
        FileError: ``VND-IO-003`` when there are fewer octets than there were.
    """
    held = io.BytesIO()
    target = document if target is None else target
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
        for octets in _line_ends(file.until(cut.there[0])):
            write(octets)
    write(outline[done:])
    file.drain()


def _cuts_met(document: XmlDocument, octets: bytes) -> list[tuple[Cut, int]]:
    """Give the cuts of *document* whose tokens stand in *octets*, with the places where they do."""
    if not document.cuts:
        return []
    # A token is the nonce of its pass and its number: one search finds them all.
    first = document.cuts[0].token
    token = re.compile(re.escape(first[: first.rindex(".", 0, -1)].encode()) + rb"\.([0-9]+)\.")
    return [(document.cuts[int(match[1])], match.start()) for match in token.finditer(octets)]


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

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._used = 0  # octets of it
        self._at = 0  # offset in the file

    def until(self, offset: int) -> Iterator[bytes]:
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


def _line_ends(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Make each line end one line feed, as every XML parser does (XML 1.0, clause 2.11)."""
    rest = b""
    for piece in pieces:
        octets = rest + piece
        rest = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(rest)]
        yield octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in octets else octets
    if rest:
        yield b"\n"


def _settings(method: str, prefixes: tuple[str, ...]) -> Settings:
    settings = _METHODS.get(method)
    if settings is None or (prefixes and not settings.exclusive):
        raise ConfigError(
            "VND-XML-033",
            f"not a canonicalisation method, or one without a prefix list: {method}",
            hint="see vnedoc.xml.C14N_METHODS",
            facts={"method": method},
        )
    return attrs.evolve(settings, prefixes=prefixes) if prefixes else settings


def _both(apex: etree._Element, settings: Settings, exclude: etree._Element | None, *, whole: bool) -> bytes:
    fast, reference = io.BytesIO(), io.BytesIO()
    (write_document if whole else write_element)(reference.write, apex, settings, exclude)
    _write_fast(fast.write, apex, settings, exclude, whole=whole)
    if fast.getvalue() != reference.getvalue():
        raise AssertionError(f"two canonical forms: {fast.getvalue()!r} {reference.getvalue()!r}")
    return reference.getvalue()


# --- the fast path --------------------------------------------------------------------------------


def _lxml_is_right_for(apex: etree._Element, settings: Settings) -> bool:
    # Its inclusive method is wrong below the root: spurious xmlns="" and no inherited xml: attributes. For
    # the root it writes the nodes beside it too.
    alone = apex.getprevious() is None and apex.getnext() is None
    return settings.exclusive and (alone or apex.getparent() is not None)


def _write_fast(
    write: _Write, apex: etree._Element, settings: Settings, exclude: etree._Element | None, *, whole: bool
) -> None:
    tree = apex.getroottree() if whole else etree.ElementTree(apex)
    if exclude is None:
        _run_libxml2(write, tree, settings)
        return
    gate = _Gate(write, secrets.token_hex(16))
    with _marked(exclude, gate.marker):
        _run_libxml2(gate.write, tree, settings)
    gate.close()


def _run_libxml2(write: _Write, tree: etree._ElementTree, settings: Settings) -> None:
    try:
        tree.write_c14n(
            _Sink(write),
            exclusive=settings.exclusive,
            with_comments=settings.comments,
            inclusive_ns_prefixes=["" if one == "#default" else one for one in settings.prefixes] or None,
        )
    except etree.C14NError as error:
        raise DecodeError(
            "VND-XML-030",
            "there is no canonical form, most likely because of a relative namespace URI",
            hint="ask the sender to use absolute namespace URIs",
            facts={"namespace": str(error)},
        ) from error


@contextlib.contextmanager
def _marked(element: etree._Element, marker: str) -> Iterator[None]:
    """Put a marker text before and after an element for a while.

    Taking the element out and putting it back would be shorter, but lxml then rewrites the namespace
    declarations in it, and with them the octets of a Signature. Texts go back exactly as they were.
    """
    after = element.tail
    previous = element.getprevious()
    parent = element.getparent()
    before = previous.tail if previous is not None else parent.text  # type: ignore[union-attr]

    def put(first: str | None, second: str | None) -> None:
        if previous is not None:
            previous.tail = first
        else:
            parent.text = first  # type: ignore[union-attr]
        element.tail = second

    try:
        put((before or "") + marker, marker + (after or ""))
        yield
    finally:
        put(before, after)


class _Sink:
    """A file for lxml, which asks for no more than ``write``."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self.write = write


class _Gate:
    """Passes octets on, except what stands between the two places where its marker comes by."""

    def __init__(self, write: _Write, marker: str) -> None:
        self.marker = marker
        self._write = write
        self._token = marker.encode()
        self._held = b""
        self._passed = 0  # markers

    def write(self, octets: bytes) -> None:
        held = self._held + octets if self._held else octets
        while self._passed < 2:  # noqa: PLR2004 - one before, one after
            at = held.find(self._token)
            if at < 0:
                break
            self._pass_on(held[:at])
            held = held[at + len(self._token) :]
            self._passed += 1
        keep = 0 if self._passed == 2 else min(len(held), len(self._token) - 1)  # noqa: PLR2004
        self._held = held[len(held) - keep :]
        self._pass_on(held[: len(held) - keep])

    def close(self) -> None:
        self._pass_on(self._held)
        assert self._passed == 2, "the markers were written, so they come by"  # noqa: S101, PLR2004

    def _pass_on(self, octets: bytes) -> None:
        if octets and self._passed != 1:
            self._write(octets)
