"""Canonical XML of any set of nodes, to the letter of the clauses.

Elements may be in it without their attributes, attributes and namespace nodes without their element, texts
without their parent. Clauses are those of Canonical XML 1.0 (2001), 1.1 (2008) and Exclusive XML
Canonicalization 1.0 (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from vnedoc.xml._canonical._base_uri import join_base
from vnedoc.xml._canonical._methods import Settings, refuse_relative
from vnedoc.xml._canonical._reference import TEXT_ESCAPES, VALUE_ESCAPES
from vnedoc.xml._nodes._tree import COMMENT, ELEMENT, INSTRUCTION, ROOT, TEXT, XML_URI, Node, Tree

_PIECES = 1000  # that are joined before they are handed on
_SIMPLE = ("lang", "space")  # "simple inheritable attributes" of 1.1


def write_nodes(
    write: Callable[[bytes], object], tree: Tree, members: frozenset[Node], settings: Settings
) -> None:
    """Write the canonical form of *members*, nodes of *tree*; that of none is empty.

    Raises:
        DecodeError: ``VND-XML-030`` for a relative namespace URI.
    """
    writer = _Writer(tree, members, settings)
    pieces: list[str] = []
    for piece in writer.pieces():
        pieces.append(piece)
        if len(pieces) >= _PIECES:
            write("".join(pieces).encode())
            pieces.clear()
    if pieces:
        write("".join(pieces).encode())


@attrs.frozen
class _Output:
    """What is known of the nearest ancestors that are written, the "output ancestors".

    Attributes:
        end: Where the element's last descendant stands, plus one.
        tag: The end tag.
        scope: Its namespace nodes that are in the set, prefix to URI.
        utilised: For each prefix, the URI that the nearest of them that visibly utilises the prefix has for
            it in the set; empty where it has none.
    """

    end: int
    tag: str
    scope: Mapping[str, str] = attrs.field(factory=dict)
    utilised: Mapping[str, str] = attrs.field(factory=dict)


class _Writer:
    def __init__(self, tree: Tree, members: frozenset[Node], settings: Settings) -> None:
        self._nodes = tree.nodes
        self._members = members
        self._settings = settings
        self._listed = frozenset("" if one == "#default" else one for one in settings.prefixes)
        self._checked: set[str] = set()
        self._open = [_Output(len(tree.nodes) + 1, "")]

    def pieces(self) -> Iterator[str]:
        if not self._members:
            return
        after_element = False
        for node in self._nodes:
            while node.place >= self._open[-1].end:
                yield self._open.pop().tag
            if node.kind == ELEMENT:
                after_element = True
                yield from self._element(node)
            elif node not in self._members:
                continue
            elif node.kind == TEXT:
                yield node.value.translate(TEXT_ESCAPES)
            elif node.kind == INSTRUCTION or (node.kind == COMMENT and self._settings.comments):
                outside = node.parent is not None and node.parent.kind == ROOT
                yield "\n" if outside and after_element else ""
                yield _markup(node)
                yield "\n" if outside and not after_element else ""
        while len(self._open) > 1:
            yield self._open.pop().tag

    def _element(self, node: Node) -> Iterator[str]:
        """Write a start tag; of an element that is not in the set, what is in it of its axes (1.0, 2.3)."""
        is_in = node in self._members
        scope = {one.local: one.value for one in node.namespaces if one in self._members}
        scope.pop("xml", None)
        own = [one for one in node.attributes if one in self._members]
        if not (is_in or scope or own):
            return
        self._refuse_relative(one.value for one in node.namespaces if is_in or one in self._members)
        above = self._open[-1]
        prefixes = {one.prefix for one in own} - {"", "xml"}
        prefixes.add(node.prefix)
        yield f"<{node.name}" if is_in else ""
        for prefix in sorted({*scope, ""}):
            if self._renders(prefix, scope.get(prefix, ""), above, is_in, prefix in prefixes):
                uri = scope.get(prefix, "").translate(VALUE_ESCAPES)
                yield f' xmlns{prefix and ":" + prefix}="{uri}"'
        attributes = {(one.uri, one.local): (one.name, one.value) for one in own}
        if is_in:
            self._inherit(node, attributes)
        for _, (name, value) in sorted(attributes.items()):
            yield f' {name}="{value.translate(VALUE_ESCAPES)}"'
        if is_in:
            yield ">"
            utilised = {**above.utilised, **{prefix: scope.get(prefix, "") for prefix in prefixes}}
            self._open.append(_Output(node.end, f"</{node.name}>", scope, utilised))

    def _renders(self, prefix: str, uri: str, above: _Output, is_in: bool, is_utilised: bool) -> bool:  # noqa: FBT001
        """Tell whether a namespace node is written, or, for an empty *uri*, ``xmlns=""``.

        Canonical XML 1.0, clause 2.3, namespace axis and nodes; exclusive, clause 3.
        """
        if not uri and not is_in:
            return False
        if not self._settings.exclusive or prefix in self._listed:
            return above.scope.get(prefix, "") != uri
        return is_in and is_utilised and above.utilised.get(prefix, "") != uri

    def _inherit(self, node: Node, attributes: dict[tuple[str, str], tuple[str, str]]) -> None:
        """Add the ``xml:`` attributes of omitted ancestors (1.0, 2.4; 1.1, 2.4)."""
        parent = node.parent
        if self._settings.exclusive or parent is None or parent in self._members:
            return
        own = {one.local for one in node.attributes if one.uri == XML_URI}
        for ancestor in node.ancestors():
            for one in ancestor.attributes:
                inherits = not self._settings.version_1_1 or one.local in _SIMPLE
                if one.uri == XML_URI and inherits and one.local not in own:
                    own.add(one.local)
                    attributes[one.uri, one.local] = (f"xml:{one.local}", one.value)
        if self._settings.version_1_1:
            self._fix_base(node, attributes)

    def _fix_base(self, node: Node, attributes: dict[tuple[str, str], tuple[str, str]]) -> None:
        omitted: list[str] = []
        for ancestor in node.ancestors():
            if ancestor in self._members:
                break  # only those that follow one another
            omitted = _bases(ancestor) + omitted
        # By the outputs of the W3C's interoperability tests, its own counts even where it is not in the set.
        bases = omitted + _bases(node)
        attributes.pop((XML_URI, "base"), None)
        if omitted:
            bases = [joined for joined in [join_base(bases)] if joined]
        if bases:
            attributes[XML_URI, "base"] = ("xml:base", bases[0])

    def _refuse_relative(self, uris: Iterator[str]) -> None:
        for uri in uris:
            if uri not in self._checked:
                refuse_relative(uri)
                self._checked.add(uri)


def _bases(element: Node) -> list[str]:
    return [one.value for one in element.attributes if one.uri == XML_URI and one.local == "base"]


def _markup(node: Node) -> str:
    if node.kind == COMMENT:
        return f"<!--{node.value}-->"
    return f"<?{node.local} {node.value}?>" if node.value else f"<?{node.local}?>"
