"""The two transforms that choose nodes by XPath expressions.

XML Signature, clause 6.6.3 (XPath Filtering), and XML-Signature XPath Filter 2.0 (2002).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs
from lxml import etree

from vnedoc.model import Limits
from vnedoc.xml._nodes._expression import compile_expression, environment
from vnedoc.xml._nodes._functions import Context
from vnedoc.xml._nodes._sets import NodeSet, listed, members_of
from vnedoc.xml._nodes._tree import Node, Tree
from vnedoc.xml._nodes._values import Environment, boolean, in_order
from vnedoc.xml._nodes._work import XPathWork, unusable


@attrs.frozen(kw_only=True, eq=False)
class FilterStep:
    """One ``XPath`` element of the XPath Filter 2.0 transform.

    Attributes:
        kind: What is done with the nodes that the expression finds, and all that is in them.
        expression: Gives a node set; its context is the root of the document.
        namespaces: Prefixes that are bound where the expression stands.
        here: The element that bears the expression.
    """

    kind: Literal["intersect", "subtract", "union"]
    expression: str
    namespaces: Mapping[str | None, str]
    here: etree._Element | None = None


def xpath_filter(
    nodes: NodeSet,
    expression: str,
    *,
    namespaces: Mapping[str | None, str],
    here: etree._Element | None = None,
    limits: Limits | None = None,
    work: XPathWork | None = None,
) -> NodeSet:
    """Keep the nodes for which an expression is true (XML Signature, clause 6.6.3).

    Each node of the set is the context node once, with the position and the size 1. ``here()`` and the core
    functions can be used, variables cannot. ``id()`` knows ``Id``, ``ID``, ``id``, ``xml:id`` and what the
    DOCTYPE declares.

    Args:
        nodes: The set.
        expression: XPath 1.0.
        namespaces: Prefixes that are bound where the expression stands; ``None`` as a prefix is passed over.
        here: The element that bears the expression.
        limits: ``xpath_nodes``, ``xpath_length`` and ``xpath_steps`` count.
        work: Counts the steps of several expressions together, and lists the nodes of a document once; its
            limits count then.

    Raises:
        DecodeError: ``VND-XML-041`` for an expression that cannot be evaluated, ``VND-XML-042`` when
            ``id()`` asks for an identifier that several elements have.
        LimitExceeded: ``VND-XML-040``.
    """
    work = work or XPathWork(limits or Limits())
    tree, members = members_of(nodes, work)
    test = compile_expression(expression, _environment(tree, work, namespaces, here))
    work.spend(len(members))
    kept = frozenset(node for node in members if boolean(test(Context(node, 1, 1))))
    return listed(nodes, tree, kept)


def filter2(
    nodes: NodeSet,
    steps: Iterable[FilterStep],
    *,
    limits: Limits | None = None,
    work: XPathWork | None = None,
) -> NodeSet:
    """Apply XPath Filter 2.0: intersect, subtract and union whole subtrees, then keep what was in *nodes*.

    Args:
        nodes: The set.
        steps: In the order of the transform.
        limits: As for ``xpath_filter``.
        work: As for ``xpath_filter``.

    Raises:
        DecodeError: As ``xpath_filter``; an expression that gives no node set, too.
        LimitExceeded: ``VND-XML-040``.
    """
    work = work or XPathWork(limits or Limits())
    tree, members = members_of(nodes, work)
    work.spend(tree.size)
    chosen = set(tree.inside(tree.root))
    for step in steps:
        found = compile_expression(step.expression, _environment(tree, work, step.namespaces, step.here))(
            Context(tree.root, 1, 1)
        )
        if not isinstance(found, list):
            raise unusable("a node set was expected")
        expanded = _with_subtrees(tree, found, work)
        if step.kind == "intersect":
            chosen &= expanded
        elif step.kind == "subtract":
            chosen -= expanded
        elif step.kind == "union":
            chosen |= expanded
        else:
            raise unusable(f"there is no filter {step.kind}")
    return listed(nodes, tree, members & chosen)


def _environment(
    tree: Tree, work: XPathWork, namespaces: Mapping[str | None, str], here: etree._Element | None
) -> Environment:
    bound = {prefix: uri for prefix, uri in namespaces.items() if prefix}
    return environment(tree, work, bound, None if here is None else tree.of.get(here))


def _with_subtrees(tree: Tree, nodes: Iterable[Node], work: XPathWork) -> set[Node]:
    found: set[Node] = set()
    for node in in_order(nodes, work):
        if node not in found:
            inside = list(tree.inside(node))
            work.spend(len(inside))
            found.update(inside)
    return found
