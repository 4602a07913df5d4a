"""The nodes of a document as XPath sees them: with attributes, namespace nodes and their owners.

lxml's trees have no namespace nodes, and no attributes or texts that know each other, so a set of nodes is
made of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs
from lxml import etree

from vnedoc.errors import LimitExceeded
from vnedoc.xml._parse import XmlDocument

ROOT: Final = "root"
ELEMENT: Final = "element"
TEXT: Final = "text"
ATTRIBUTE: Final = "attribute"
NAMESPACE: Final = "namespace"
COMMENT: Final = "comment"
INSTRUCTION: Final = "instruction"

XML_URI = "http://www.w3.org/XML/1998/namespace"
LIMIT_CODE = "VND-XML-040"
_KNOWN_IDS = frozenset({("", "Id"), ("", "ID"), ("", "id"), (XML_URI, "id")})

_attribute_name = etree.XPath("name(@*[local-name() = $local and namespace-uri() = $uri])")


@attrs.define(eq=False, repr=False, weakref_slot=False)
class Node:
    """One node (XPath 1.0, clause 5).

    Attributes:
        kind: One of the constants of this module.
        order: Its number in document order, attributes and namespace nodes included.
        parent: ``None`` for the root; for an attribute or namespace node the element that owns it.
        place: Where it stands in ``Tree.nodes``; for an attribute or namespace node, where its owner does.
        end: Where its last descendant stands, plus one.
        local: Local name; the prefix for a namespace node, the target for an instruction.
        uri: Namespace URI of the name of an element or attribute.
        prefix: Prefix of the name of an element or attribute.
        value: String-value; empty for the root and for elements, which have it from their texts.
        attributes: Of an element.
        namespaces: All that are in scope of an element, ``xml`` too, an undeclared default not.
    """

    kind: str
    order: int
    parent: Node | None
    place: int
    end: int
    local: str = ""
    uri: str = ""
    prefix: str = ""
    value: str = ""
    attributes: tuple[Node, ...] = ()
    namespaces: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """Give the name as it was written (XPath 1.0, ``name()``)."""
        return f"{self.prefix}:{self.local}" if self.prefix else self.local

    def ancestors(self) -> Iterator[Node]:
        """Go up to the root, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


@attrs.frozen(eq=False, repr=False)
class Tree:
    """All nodes of one document.

    Attributes:
        nodes: The root, elements, texts, comments and instructions, in document order.
        of: The node of each of lxml's elements.
        ids: Elements by the value of an attribute that is declared or known as an identifier; ``None`` where
            several have it.
        size: Number of all nodes, attributes and namespace nodes included.
    """

    nodes: list[Node]
    of: Mapping[etree._Element, Node]
    ids: Mapping[str, Node | None]
    size: int

    @property
    def root(self) -> Node:
        """The root, which is above the document element."""
        return self.nodes[0]

    def inside(self, node: Node) -> Iterator[Node]:
        """Give a node and all in it, with attributes and namespace nodes, in document order."""
        if node.kind in (ATTRIBUTE, NAMESPACE):
            yield node
            return
        for one in self.nodes[node.place : node.end]:
            yield one
            if one.kind == ELEMENT:
                yield from one.namespaces
                yield from one.attributes


def build_tree(document: XmlDocument, allowed: int) -> Tree:
    """List the nodes of a document.

    Raises:
        LimitExceeded: ``VND-XML-040`` when there are more than *allowed*.
    """
    builder = _Builder(allowed)
    root = document.root
    for node in reversed(list(root.itersiblings(preceding=True))):
        builder.add_markup(node)
    builder.walk(root)
    for node in root.itersiblings():
        builder.add_markup(node)
    builder.nodes[0].end = len(builder.nodes)
    ids = builder.ids
    for value, element in document.declared_ids.items():
        _note_id(ids, value, builder.of[element])
    return Tree(builder.nodes, builder.of, ids, builder.size)


def qualified_name(element: etree._Element, uri: str, local: str, scope: Mapping[str, str]) -> str:
    """Give the name of an attribute in a namespace as it was written; *scope* is prefix to URI."""
    prefixes = [prefix for prefix, bound in scope.items() if prefix and bound == uri]
    if len(prefixes) == 1:
        return f"{prefixes[0]}:{local}"
    # lxml does not tell an attribute's prefix, XPath does.
    return str(_attribute_name(element, local=local, uri=uri))


def _note_id(ids: dict[str, Node | None], value: str, element: Node) -> None:
    ids[value] = element if ids.get(value, element) is element else None


class _Builder:
    def __init__(self, allowed: int) -> None:
        self.size = 0
        self.of: dict[etree._Element, Node] = {}
        self.ids: dict[str, Node | None] = {}
        self.nodes: list[Node] = []
        self._allowed = allowed
        self._open: list[Node] = []
        self._scopes: list[dict[str, str]] = [{"xml": XML_URI}]
        self._open.append(self._add(ROOT))

    def walk(self, apex: etree._Element) -> None:
        declared: dict[str, str] = {}
        for event, item in etree.iterwalk(apex, events=("start-ns", "start", "end", "comment", "pi")):
            if isinstance(item, tuple):
                prefix, uri = item
                declared[prefix or ""] = uri or ""
            elif item is None:
                continue
            elif event == "start":
                above = self._scopes[-1]
                self._scopes.append({**above, **declared} if declared else above)
                declared = {}
                self._start(item)
            elif event == "end":
                node = self._open.pop()
                self._scopes.pop()
                node.end = len(self.nodes)
                if item is not apex:
                    self._text(item.tail)
            else:
                self.add_markup(item)
                self._text(item.tail)

    def add_markup(self, node: etree._Element) -> None:
        """Add a comment or instruction."""
        if isinstance(node, etree._ProcessingInstruction):  # noqa: SLF001 - lxml names it so
            added = self._add(INSTRUCTION)
            added.local = str(node.target)
        else:
            added = self._add(COMMENT)
        added.value = node.text or ""

    def _add(self, kind: str) -> Node:
        place = len(self.nodes)
        node = Node(kind, self._number(), self._open[-1] if self._open else None, place, place + 1)
        self.nodes.append(node)
        return node

    def _number(self) -> int:
        self.size += 1
        if self.size > self._allowed:
            raise LimitExceeded.of(LIMIT_CODE, "xpath_nodes", self._allowed, None)
        return self.size

    def _text(self, text: str | None) -> None:
        if text:
            self._add(TEXT).value = text

    def _start(self, element: etree._Element) -> None:
        scope = self._scopes[-1]
        node = self._add(ELEMENT)
        node.uri, node.local = _split(str(element.tag))
        node.prefix = element.prefix or ""
        node.namespaces = tuple(
            Node(NAMESPACE, self._number(), node, node.place, node.place, local=prefix, value=uri)
            for prefix, uri in scope.items()
            if uri
        )
        if element.attrib:
            node.attributes = tuple(self._attributes(element, node, scope))
        self.of[element] = node
        self._open.append(node)
        self._text(element.text)

    def _attributes(self, element: etree._Element, owner: Node, scope: Mapping[str, str]) -> Iterator[Node]:
        for key, value in element.attrib.items():
            uri, local = _split(str(key))
            prefix = qualified_name(element, uri, local, scope).rpartition(":")[0] if uri else ""
            if (uri, local) in _KNOWN_IDS:
                _note_id(self.ids, str(value), owner)
            yield Node(
                ATTRIBUTE,
                self._number(),
                owner,
                owner.place,
                owner.place,
                local=local,
                uri=uri,
                prefix=prefix,
                value=str(value),
            )


def _split(name: str) -> tuple[str, str]:
    uri, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    return uri, local
