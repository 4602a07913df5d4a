"""Sets of nodes of one document, as the transforms of XML signatures hand them on."""

from __future__ import annotations

import attrs
from lxml import etree

from vnedoc.model import Limits
from vnedoc.xml._nodes._tree import COMMENT, TEXT, Node, Tree
from vnedoc.xml._nodes._work import XPathWork
from vnedoc.xml._parse import XmlDocument


@attrs.frozen(eq=False, repr=False, kw_only=True)
class NodeSet:
    """A set of nodes in XPath's sense: elements, texts, attributes, namespace nodes, comments, and so on.

    As long as it is a document or an element, less some elements, it is only described. Its nodes are listed
    when an expression asks for them.

    Attributes:
        document: The document that all of them are in.
        apex: The element that the set is, with all in it; ``None`` is the whole document.
        comments: Whether comments are among them.
        excluded: Elements inside the apex that are left out, each with all in it; none is inside another.
        tree: All nodes of the document, once they are listed.
        members: The nodes of the set, where it is not described by the above.
    """

    document: XmlDocument
    apex: etree._Element | None = None
    comments: bool = True
    excluded: tuple[etree._Element, ...] = ()
    tree: Tree | None = None
    members: frozenset[Node] | None = None

    def __repr__(self) -> str:
        if self.members is not None:
            return f"NodeSet({len(self.members)} nodes)"
        name = "document" if self.apex is None else etree.QName(self.apex).localname
        return f"NodeSet({name}, less {len(self.excluded)} elements)"

    @property
    def is_empty(self) -> bool:
        """Whether there is no node in it."""
        return self.members is not None and not self.members


def whole(document: XmlDocument, *, comments: bool) -> NodeSet:
    """Give the nodes of a document, its root among them."""
    return NodeSet(document=document, comments=comments)


def subtree(document: XmlDocument, element: etree._Element, *, comments: bool) -> NodeSet:
    """Give an element and all that is in it."""
    return NodeSet(document=document, apex=element, comments=comments)


def without(nodes: NodeSet, element: etree._Element) -> NodeSet:
    """Leave out an element and all that is in it, as the enveloped-signature transform does (6.6.4)."""
    if nodes.members is not None:
        if nodes.tree is None or element not in nodes.tree.of:
            return nodes
        return listed(nodes, nodes.tree, nodes.members.difference(nodes.tree.inside(nodes.tree.of[element])))
    apex = nodes.document.root if nodes.apex is None else nodes.apex
    around = (element, *element.iterancestors())
    if nodes.apex is not None and element in (nodes.apex, *nodes.apex.iterancestors()):
        return attrs.evolve(nodes, excluded=(), members=frozenset())
    if apex not in around or any(one in around for one in nodes.excluded):
        return nodes
    kept = tuple(one for one in nodes.excluded if element not in one.iterancestors())
    return attrs.evolve(nodes, excluded=(*kept, element))


def listed(nodes: NodeSet, tree: Tree, members: frozenset[Node]) -> NodeSet:
    """Give a set of just these *members*, in place of *nodes*."""
    return NodeSet(document=nodes.document, tree=tree, members=members)


def members_of(nodes: NodeSet, work: XPathWork) -> tuple[Tree, frozenset[Node]]:
    """List the nodes of a set.

    Raises:
        LimitExceeded: ``VND-XML-040`` for a document of too many nodes.
    """
    if nodes.members is not None and nodes.tree is not None:
        return nodes.tree, nodes.members
    tree = work.tree(nodes.document)
    work.spend(tree.size)
    if nodes.members is not None:
        return tree, nodes.members
    found = set(tree.inside(tree.root if nodes.apex is None else tree.of[nodes.apex]))
    for element in nodes.excluded:
        found.difference_update(tree.inside(tree.of[element]))
    if not nodes.comments:
        found = {node for node in found if node.kind != COMMENT}
    return tree, frozenset(found)


def string_value(nodes: NodeSet, *, limits: Limits | None = None, work: XPathWork | None = None) -> str:
    """Join the texts of a set in document order: what the base64 transform decodes (6.6.2).

    Raises:
        LimitExceeded: ``VND-XML-040``.
    """
    if nodes.members is None and not nodes.excluded:
        apex = nodes.document.root if nodes.apex is None else nodes.apex
        return "".join(apex.itertext())
    _, members = members_of(nodes, work or XPathWork(limits or Limits()))
    texts = sorted((node.order, node.value) for node in members if node.kind == TEXT)
    return "".join([text for _, text in texts])
