"""Canonicalisation: which method, and by which of the ways."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import attrs
from lxml import etree

from vnedoc.errors import DecodeError
from vnedoc.model import Limits
from vnedoc.xml._canonical._fast import lxml_is_right_for, write_fast
from vnedoc.xml._canonical._methods import Settings, settings_of
from vnedoc.xml._canonical._node_sets import write_nodes
from vnedoc.xml._canonical._reference import write_document, write_element
from vnedoc.xml._nodes import NodeSet, XPathWork
from vnedoc.xml._nodes._sets import members_of
from vnedoc.xml._parse import XmlDocument

_Write = Callable[[Any], object]
"""Takes octets: ``bytes``, or of a long text a ``memoryview``."""

_comparing = False
_last: tuple[bytes, XPathWork, XmlDocument] | None = None


def compare_c14n(enabled: bool) -> None:  # noqa: FBT001 - a switch
    """Run every implementation from now on and raise ``AssertionError`` where two differ; for tests.

    What libxml2 writes and what is spliced from a file are compared with the reference for subtrees, and
    that with the one for sets of nodes.
    """
    global _comparing, _last  # noqa: PLW0603 - one switch for the whole process
    _comparing = enabled
    _last = None


def is_comparing() -> bool:
    """Tell what ``compare_c14n`` was given last."""
    return _comparing


def canonicalize(
    target: XmlDocument | etree._Element,
    method: str,
    *,
    prefixes: tuple[str, ...] = (),
    exclude: etree._Element | None = None,
    at_once: bool = False,
) -> bytes:
    """Give the canonical octets (UTF-8).

    Args:
        target: A document (top-level comments and instructions included), or an element, which keeps the
            namespaces and ``xml:`` attributes that it has from its ancestors, as the method says.
        method: URI of the method: Canonical XML 1.0, 1.1 or exclusive, each also ``WithComments``.
        prefixes: InclusiveNamespaces PrefixList, ``#default`` allowed; only the exclusive method has one.
        exclude: One element to leave out with all that is in it, such as an enveloped Signature. The text
            after it stays. An element that is not inside *target* changes nothing.
        at_once: Make all octets before the first is written, which takes less time for a small document and
            more memory for any.

    Raises:
        ConfigError: ``VND-XML-033`` for an unknown method, or prefixes where there can be none.
        DecodeError: ``VND-XML-030`` for a relative namespace URI, ``VND-XML-035`` when nothing would be
            left: an error is never an empty result.
    """
    output = io.BytesIO()
    canonicalize_into(output.write, target, method, prefixes=prefixes, exclude=exclude, at_once=at_once)
    return output.getvalue()


def canonicalize_into(
    write: _Write,
    target: XmlDocument | etree._Element,
    method: str,
    *,
    prefixes: tuple[str, ...] = (),
    exclude: etree._Element | None = None,
    at_once: bool = False,
) -> None:
    """Hand the canonical octets to *write* piece by piece, for example to a hash; see ``canonicalize``.

    After an error the pieces written so far mean nothing.
    """
    settings = settings_of(method, prefixes)
    apex = target.root if isinstance(target, XmlDocument) else target
    if exclude is apex:
        raise DecodeError(
            "VND-XML-035",
            "nothing is left to canonicalise",
            hint="the signature must cover something besides itself",
            facts={"cause": "the whole of it is excluded"},
        )
    if exclude is not None and all(one is not apex for one in exclude.iterancestors()):
        exclude = None
    excluded = () if exclude is None else (exclude,)
    _write(write, apex, settings, excluded, whole=isinstance(target, XmlDocument), at_once=at_once)


def canonicalize_nodes_into(
    write: _Write, nodes: NodeSet, method: str, *, prefixes: tuple[str, ...] = ()
) -> None:
    """Hand the canonical octets of a set of nodes to *write* piece by piece; of an empty set, nothing.

    A set that is a document or an element, less at most one element, goes the fast way.

    Args:
        write: Takes the octets.
        nodes: Any set.
        method: As for ``canonicalize``.
        prefixes: As for ``canonicalize``.

    Raises:
        ConfigError: ``VND-XML-033``.
        DecodeError: ``VND-XML-030``.
    """
    settings = settings_of(method, prefixes)
    if nodes.members is not None:
        if nodes.tree is not None:
            write_nodes(write, nodes.tree, nodes.members, settings)
        return
    if not nodes.comments:
        settings = attrs.evolve(settings, comments=False)
    apex = nodes.document.root if nodes.apex is None else nodes.apex
    _write(write, apex, settings, nodes.excluded, whole=nodes.apex is None)


def reference_octets(
    apex: etree._Element, settings: Settings, excluded: tuple[etree._Element, ...], *, whole: bool
) -> bytes:
    """Give what the reference makes of a document or an element; compared with the one for node sets."""
    subtrees, members = io.BytesIO(), io.BytesIO()
    (write_document if whole else write_element)(subtrees.write, apex, settings, excluded)
    work, document = _listed(apex.getroottree())
    nodes = NodeSet(document=document, apex=None if whole else apex, excluded=excluded)
    tree, found = members_of(nodes, work)
    write_nodes(members.write, tree, found, settings)
    return same_octets(subtrees.getvalue(), members.getvalue())


def _listed(tree: etree._ElementTree) -> tuple[XPathWork, XmlDocument]:
    """List the nodes of a document, unless they are those of the last time; for comparing only."""
    global _last  # noqa: PLW0603 - as above
    root, octets = tree.getroot(), etree.tostring(tree)
    if _last is None or _last[2].root is not root or _last[0] != octets:
        unbounded = Limits(xpath_nodes=sys.maxsize, xpath_steps=sys.maxsize)
        _last = octets, XPathWork(unbounded), XmlDocument(b"", root)
    return _last[1:]


def _write(
    write: _Write,
    apex: etree._Element,
    settings: Settings,
    excluded: tuple[etree._Element, ...],
    *,
    whole: bool,
    at_once: bool = False,
) -> None:
    is_one = len(excluded) <= 1 and apex not in excluded
    is_fast = is_one and lxml_is_right_for(apex, settings, whole=whole)
    exclude = excluded[0] if excluded else None
    if _comparing:
        reference = reference_octets(apex, settings, excluded, whole=whole)
        if is_fast:
            for either in (False, True):
                fast = io.BytesIO()
                write_fast(fast.write, apex, settings, exclude, whole=whole, at_once=either)
                same_octets(fast.getvalue(), reference)
        write(reference)
    elif is_fast:
        write_fast(write, apex, settings, exclude, whole=whole, at_once=at_once)
    else:
        (write_document if whole else write_element)(write, apex, settings, excluded)


def same_octets(octets: bytes, others: bytes) -> bytes:
    """Give *octets*, which must be the same as *others*."""
    if octets != others:
        raise AssertionError(f"two canonical forms: {octets!r} {others!r}")
    return octets
