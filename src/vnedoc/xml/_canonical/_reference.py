"""Canonical XML in plain Python: every method, any element in its context, subtrees left out.

This runs where the fast path would be wrong, and the fast path is measured against it. Clauses are those of
Canonical XML 1.0 (2001), Canonical XML 1.1 (2008) and Exclusive XML Canonicalization 1.0 (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from lxml import etree

from vnedoc.xml._canonical._base_uri import join_base
from vnedoc.xml._canonical._methods import Settings, refuse_relative
from vnedoc.xml._nodes._tree import qualified_name

_XML = "{http://www.w3.org/XML/1998/namespace}"
_XML_BASE = f"{_XML}base"
_XML_SIMPLE = (f"{_XML}lang", f"{_XML}space")  # "simple inheritable attributes" of 1.1; 1.0 inherits all

TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
VALUE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)

_Inherited = Mapping[str, str | None]  # ``None``: joined to nothing, so not even the element's own is written
_Rendered = Mapping[str, str]  # prefix to URI; "" is the default prefix, and "" as a URI means none


def write_document(
    write: Callable[[bytes], object],
    root: etree._Element,
    settings: Settings,
    exclude: Collection[etree._Element] = (),
) -> None:
    """Write a whole document; top-level comments and instructions are parted by line feeds (1.0, 2.1)."""
    for node in reversed(list(root.itersiblings(preceding=True))):
        if octets := _outside(node, settings):
            write(octets + b"\n")
    write_element(write, root, settings, exclude)
    for node in root.itersiblings():
        if octets := _outside(node, settings):
            write(b"\n" + octets)


def write_element(
    write: Callable[[bytes], object],
    apex: etree._Element,
    settings: Settings,
    exclude: Collection[etree._Element] = (),
) -> None:
    """Write an element and what is in it, in the context of its document, less the subtrees *exclude*."""
    open_elements: list[tuple[str, _Rendered]] = []  # (qualified name, namespaces rendered so far)
    walker = etree.iterwalk(apex, events=("start", "end", "comment", "pi"))
    for event, node in walker:
        if node in exclude:
            if event == "start":
                walker.skip_subtree()
                continue
        elif event == "start":
            above = open_elements[-1][1] if open_elements else {}
            inherited = _inherited(node, settings) if node is apex else {}
            start, name, rendered = _start_tag(node, settings, inherited, above)
            write((start + _escaped(node.text)).encode())
            open_elements.append((name, rendered))
            continue
        elif event == "end":
            write(f"</{open_elements.pop()[0]}>".encode())
        else:
            write(_outside(node, settings))
        if node is not apex:
            write(_escaped(node.tail).encode())


def _outside(node: etree._Element, settings: Settings) -> bytes:
    """Give a comment (where kept) or a processing instruction (1.0, 2.3)."""
    if isinstance(node, etree._ProcessingInstruction):  # noqa: SLF001 - lxml names it so
        return f"<?{node.target} {node.text}?>".encode() if node.text else f"<?{node.target}?>".encode()
    return f"<!--{node.text}-->".encode() if settings.comments else b""


def _escaped(text: str | None) -> str:
    return text.translate(TEXT_ESCAPES) if text else ""


def _start_tag(
    element: etree._Element, settings: Settings, inherited: _Inherited, above: _Rendered
) -> tuple[str, str, _Rendered]:
    """Give the start tag, the qualified name, and the namespaces that are rendered from here on."""
    scope = {prefix or "": uri or "" for prefix, uri in element.nsmap.items()}
    for uri in scope.values():
        refuse_relative(uri)
    local = etree.QName(element).localname
    name = f"{element.prefix}:{local}" if element.prefix else local
    attributes = sorted(_attributes(element, scope, inherited))
    prefixes = {_prefix_of(qualified) for _, qualified, _ in attributes} - {""}
    wanted = _wanted(scope, settings, {element.prefix or ""} | prefixes)
    fresh = {prefix: uri for prefix, uri in wanted if above.get(prefix, "") != uri}
    parts = [f"<{name}"]
    parts += [
        f' xmlns{prefix and ":" + prefix}="{uri.translate(VALUE_ESCAPES)}"'
        for prefix, uri in sorted(fresh.items())
    ]
    parts += [f' {qualified}="{value.translate(VALUE_ESCAPES)}"' for _, qualified, value in attributes]
    parts.append(">")
    return "".join(parts), name, {**above, **fresh} if fresh else above


def _wanted(scope: _Rendered, settings: Settings, utilised: set[str]) -> Iterator[tuple[str, str]]:
    """Give the namespaces that this element renders unless an ancestor did (1.0, 2.3; exclusive, 3)."""
    if settings.exclusive:
        listed = {"" if prefix == "#default" else prefix for prefix in settings.prefixes}
        prefixes = utilised | (listed & scope.keys())
    else:
        prefixes = {"", *scope}
    for prefix in prefixes:
        if prefix != "xml":
            yield prefix, scope.get(prefix, "")


def _attributes(
    element: etree._Element, scope: _Rendered, inherited: _Inherited
) -> Iterator[tuple[tuple[str, str], str, str]]:
    """Give (sort key, qualified name, value); the key is namespace URI, then local name (1.0, 2.2)."""
    own: dict[str, str] = dict(element.attrib)
    for key, value in {**own, **inherited}.items():
        if value is None:
            continue
        uri, _, local = key[1:].rpartition("}") if key.startswith("{") else ("", "", key)
        if key.startswith(_XML):
            yield (uri, local), f"xml:{local}", value
        elif uri:
            yield (uri, local), qualified_name(element, uri, local, scope), value
        else:
            yield ("", local), local, value


def _prefix_of(qualified: str) -> str:
    return qualified.partition(":")[0] if ":" in qualified else ""


def _inherited(apex: etree._Element, settings: Settings) -> _Inherited:
    """Give the ``xml:`` attributes that the apex of an inclusive run takes from its ancestors (2.4)."""
    if settings.exclusive:
        return {}
    found: dict[str, str | None] = {}
    for ancestor in apex.iterancestors():
        for key, value in ancestor.attrib.items():
            if key.startswith(_XML) and (not settings.version_1_1 or key in _XML_SIMPLE):
                found.setdefault(key, value)
    found = {key: value for key, value in found.items() if key not in apex.attrib}
    if settings.version_1_1:
        bases = [node.get(_XML_BASE) for node in (apex, *apex.iterancestors())]
        if any(base is not None for base in bases[1:]):
            found[_XML_BASE] = join_base(one for one in reversed(bases) if one is not None) or None
    return found
