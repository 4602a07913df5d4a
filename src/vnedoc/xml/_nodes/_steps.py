"""Location paths: axes, node tests and predicates (XPath 1.0, clause 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from vnedoc.xml._nodes._functions import Context
from vnedoc.xml._nodes._tree import ATTRIBUTE, COMMENT, ELEMENT, INSTRUCTION, NAMESPACE, TEXT, Node
from vnedoc.xml._nodes._values import Environment, Nodes, Value, boolean, in_order

Evaluate: TypeAlias = "Callable[[Context], Value]"
Test: TypeAlias = "Callable[[Node], bool]"

_OWNED = (ATTRIBUTE, NAMESPACE)


@attrs.frozen
class Step:
    """One step; *test* and *predicates* choose among the nodes of the axis."""

    axis: str
    test: Test
    predicates: tuple[Evaluate, ...] = ()


def follow(env: Environment, nodes: Nodes, steps: tuple[Step, ...]) -> Nodes:
    """Go all steps from all of *nodes*."""
    for step in steps:
        axis = AXES[step.axis]
        env.work.spend(1)
        found: Nodes = []
        for node in nodes:
            candidates = axis(env, node)
            env.work.spend(1 + len(candidates))
            found += choose(env, [one for one in candidates if step.test(one)], step.predicates)
        is_sorted = len(nodes) <= 1 and step.axis not in _REVERSE
        nodes = found if is_sorted else in_order(found, env.work)
    return nodes


def choose(env: Environment, nodes: Nodes, predicates: tuple[Evaluate, ...]) -> Nodes:
    """Filter by predicates; a number is a position (clause 2.4)."""
    for predicate in predicates:
        kept = []
        size = len(nodes)
        env.work.spend(1 + size)
        for position, node in enumerate(nodes, 1):
            value = predicate(Context(node, position, size))
            if value == position if isinstance(value, float) else boolean(value):
                kept.append(node)
        nodes = kept
    return nodes


# --- axes, each in its own order ------------------------------------------------------------------


def _children(env: Environment, node: Node) -> Nodes:
    found = []
    if node.kind not in _OWNED:
        place, nodes = node.place + 1, env.tree.nodes
        while place < node.end:
            child = nodes[place]
            found.append(child)
            place = child.end
    return found


def _descendants(env: Environment, node: Node) -> Nodes:
    return [] if node.kind in _OWNED else env.tree.nodes[node.place + 1 : node.end]


def _ancestors(_env: Environment, node: Node) -> Nodes:
    return list(node.ancestors())


def _following(env: Environment, node: Node) -> Nodes:
    # What follows an attribute includes the content of its element: that is no descendant of the attribute.
    return env.tree.nodes[node.place + 1 if node.kind in _OWNED else node.end :]


def _preceding(env: Environment, node: Node) -> Nodes:
    above = set(node.ancestors())
    before = env.tree.nodes[: node.place]
    return [one for one in reversed(before) if one not in above]


def _siblings(env: Environment, node: Node) -> Nodes:
    return [] if node.parent is None or node.kind in _OWNED else _children(env, node.parent)


def _following_siblings(env: Environment, node: Node) -> Nodes:
    siblings = _siblings(env, node)
    env.work.spend(len(siblings))
    return [one for one in siblings if one.place > node.place]


def _preceding_siblings(env: Environment, node: Node) -> Nodes:
    siblings = _siblings(env, node)
    env.work.spend(len(siblings))
    return [one for one in reversed(siblings) if one.place < node.place]


AXES: dict[str, Callable[[Environment, Node], Nodes]] = {
    "ancestor": _ancestors,
    "ancestor-or-self": lambda env, node: [node, *_ancestors(env, node)],
    "attribute": lambda _env, node: list(node.attributes),
    "child": _children,
    "descendant": _descendants,
    "descendant-or-self": lambda env, node: [node, *_descendants(env, node)],
    "following": _following,
    "following-sibling": _following_siblings,
    "namespace": lambda _env, node: list(node.namespaces),
    "parent": lambda _env, node: [] if node.parent is None else [node.parent],
    "preceding": _preceding,
    "preceding-sibling": _preceding_siblings,
    "self": lambda _env, node: [node],
}
_REVERSE = frozenset({"ancestor", "ancestor-or-self", "preceding", "preceding-sibling"})


# --- node tests (clause 2.3) ----------------------------------------------------------------------

NODE_TYPES: dict[str, Test] = {
    "node": lambda _node: True,
    "text": lambda node: node.kind == TEXT,
    "comment": lambda node: node.kind == COMMENT,
    "processing-instruction": lambda node: node.kind == INSTRUCTION,
}


def instruction_test(target: str) -> Test:
    """Test for a processing instruction with that target."""
    return lambda node: node.kind == INSTRUCTION and node.local == target


def name_test(axis: str, uri: str | None, local: str | None) -> Test:
    """Test for a name; ``None`` stands for any."""
    kind = {"attribute": ATTRIBUTE, "namespace": NAMESPACE}.get(axis, ELEMENT)
    if local is None and uri is None:
        return lambda node: node.kind == kind
    if local is None:
        return lambda node: node.kind == kind and node.uri == uri
    return lambda node: node.kind == kind and node.local == local and node.uri == uri
