"""Canonicalisation by libxml2, where it is right."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from vnedoc.errors import DecodeError
from vnedoc.xml._canonical._methods import Settings

_Write = Callable[[bytes], object]


def lxml_is_right_for(apex: etree._Element, settings: Settings, *, whole: bool) -> bool:
    """Tell whether libxml2's form of a document, or of an element in it, is right.

    For a tree that the parser made: of a prefix list, lxml hands on only what its dictionary knows.
    """
    # And that knows the empty prefix only by chance.
    if "#default" in settings.prefixes:
        return False
    # Its inclusive method is wrong below the root: spurious xmlns="" and no inherited xml: attributes. For
    # the root it writes the nodes beside it too.
    alone = apex.getprevious() is None and apex.getnext() is None
    return whole or (settings.exclusive and (alone or apex.getparent() is not None))


def write_fast(
    write: _Write, apex: etree._Element, settings: Settings, exclude: etree._Element | None, *, whole: bool
) -> None:
    """Write a document or an element, less the subtree *exclude*; see ``lxml_is_right_for``."""
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
            inclusive_ns_prefixes=list(settings.prefixes) or None,
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
