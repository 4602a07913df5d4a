"""Canonicalisation by libxml2, where it is right."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from typing import Any

from lxml import etree

from vnedoc.errors import DecodeError
from vnedoc.xml._canonical._methods import Settings

_Write = Callable[[Any], object]


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
    write: _Write,
    apex: etree._Element,
    settings: Settings,
    exclude: etree._Element | None,
    *,
    whole: bool,
    at_once: bool = False,
) -> None:
    """Write a document or an element, less the subtree *exclude*; see ``lxml_is_right_for``.

    With *at_once* all octets are made before the first is written.
    """
    if at_once and _write_at_once(write, apex, settings, exclude, whole=whole):
        return
    tree = apex.getroottree() if whole else etree.ElementTree(apex)
    if exclude is None:
        _run_libxml2(write, tree, settings)
        return
    gate = _Gate(write, secrets.token_hex(16))
    with _Marked(exclude, gate.marker):
        _run_libxml2(gate.write, tree, settings)
    gate.close()


def _write_at_once(
    write: _Write, apex: etree._Element, settings: Settings, exclude: etree._Element | None, *, whole: bool
) -> bool:
    """Do it in one call of libxml2; ``False`` when there is no canonical form, and the other way says why."""
    marker = "" if exclude is None else secrets.token_hex(16)
    try:
        with contextlib.nullcontext() if exclude is None else _Marked(exclude, marker):
            octets = etree.tostring(
                apex.getroottree() if whole else apex,
                method="c14n",
                exclusive=settings.exclusive,
                with_comments=settings.comments,
                inclusive_ns_prefixes=list(settings.prefixes) or None,
            )
    except etree.C14NError:
        return False
    if exclude is None:
        write(octets)
        return True
    before, _, after = octets.split(marker.encode())  # the markers were written, so they come by
    write(before)
    write(after)
    return True


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


class _Marked:
    """Puts a marker text before and after an element for a while.

    Taking the element out and putting it back would be shorter, but lxml then rewrites the namespace
    declarations in it, and with them the octets of a Signature. Texts go back exactly as they were.
    """

    def __init__(self, element: etree._Element, marker: str) -> None:
        self._element = element
        self._marker = marker
        self._previous = element.getprevious()
        self._parent = element.getparent()
        self._after = element.tail
        self._before = self._parent.text if self._previous is None else self._previous.tail  # type: ignore[union-attr]

    def __enter__(self) -> None:
        try:
            self._put((self._before or "") + self._marker, self._marker + (self._after or ""))
        except BaseException:
            self._put(self._before, self._after)
            raise

    def __exit__(self, *_: object) -> None:
        self._put(self._before, self._after)

    def _put(self, before: str | None, after: str | None) -> None:
        if self._previous is not None:
            self._previous.tail = before
        else:
            self._parent.text = before  # type: ignore[union-attr]
        self._element.tail = after


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
        if self._passed == 2:  # noqa: PLR2004 - one before, one after
            self._write(octets)
            return
        held = self._held + octets if self._held else octets
        view, start = memoryview(held), 0
        while self._passed < 2:  # noqa: PLR2004
            at = held.find(self._token, start)
            if at < 0:
                break
            self._pass_on(view[start:at])
            start = at + len(self._token)
            self._passed += 1
        keep = 0 if self._passed == 2 else min(len(held) - start, len(self._token) - 1)  # noqa: PLR2004
        end = len(held) - keep
        self._held = held[end:]
        self._pass_on(view[start:end])

    def close(self) -> None:
        self._pass_on(self._held)
        assert self._passed == 2, "the markers were written, so they come by"  # noqa: S101, PLR2004

    def _pass_on(self, octets: bytes | memoryview) -> None:
        if len(octets) and self._passed != 1:
            self._write(octets)
