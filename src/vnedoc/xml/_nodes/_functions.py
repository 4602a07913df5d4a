"""The core function library of XPath 1.0 (clause 4), and ``here()`` of XML Signature (clause 6.6.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeAlias

import attrs

from vnedoc.errors import DecodeError
from vnedoc.xml._nodes._tree import ATTRIBUTE, ELEMENT, XML_URI, Node
from vnedoc.xml._nodes._values import Environment, Nodes, Value, boolean, in_order, rounded, whole
from vnedoc.xml._nodes._work import unusable

_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]+")


@attrs.frozen
class Context:
    """What a function knows besides its arguments: the node, its position and how many there are."""

    node: Node
    position: int
    size: int


_Function: TypeAlias = "Callable[[Environment, Context, list[Value]], Value]"


def _nodes(value: Value) -> Nodes:
    if isinstance(value, list):
        return value
    raise unusable("a node set was expected")


def _name_of(give: Callable[[Node], str]) -> _Function:
    def function(_env: Environment, context: Context, values: list[Value]) -> Value:
        nodes = _nodes(values[0]) if values else [context.node]
        return give(nodes[0]) if nodes else ""

    return function


def _namespace(node: Node) -> str:
    return node.uri if node.kind in (ELEMENT, ATTRIBUTE) else ""


def _own(context: Context, values: list[Value]) -> Value:
    """Give the argument, or where there is none, the context node."""
    return values[0] if values else [context.node]


def _id(env: Environment, _context: Context, values: list[Value]) -> Value:
    value = values[0]
    texts = [env.text(node) for node in value] if isinstance(value, list) else [env.string(value)]
    found = []
    for text in texts:
        for name in env.work.read(text).split():
            if name in env.tree.ids:
                element = env.tree.ids[name]
                if element is None:
                    raise DecodeError(
                        "VND-XML-042",
                        f"several elements have the identifier {name!r}",
                        hint="do not accept the signature: it does not say which of them it means",
                        facts={"id": name},
                    )
                found.append(element)
    return in_order(found, env.work)


def _here(env: Environment, _context: Context, _values: list[Value]) -> Value:
    if env.here is None:
        raise unusable("here() is not in the document that the expression is evaluated against")
    return [env.here]


def _concat(env: Environment, _context: Context, values: list[Value]) -> Value:
    return env.work.read("".join([env.work.read(env.string(value)) for value in values]))


def _two(give: Callable[[str, str], Value]) -> _Function:
    def function(env: Environment, _context: Context, values: list[Value]) -> Value:
        text, part = env.string(values[0]), env.string(values[1])
        env.work.read(part)
        return give(env.work.read(text), part)

    return function


def _after(text: str, part: str) -> str:
    return text.partition(part)[2] if part else text


def _before(text: str, part: str) -> str:
    return text.partition(part)[0] if part and part in text else ""


def _substring(env: Environment, _context: Context, values: list[Value]) -> Value:
    text = env.work.read(env.string(values[0]))
    first = rounded(env.number(values[1]))
    end = first + rounded(env.number(values[2])) if len(values) > 2 else math.inf  # noqa: PLR2004 - optional
    if math.isnan(first) or math.isnan(end):
        return ""
    # Positions are from 1, so the last is as long as the text.
    start = int(max(1.0, min(first, len(text) + 1)))
    return text[start - 1 : int(max(float(start), min(end, len(text) + 1))) - 1]


def _normalize_space(env: Environment, context: Context, values: list[Value]) -> Value:
    text = env.work.read(env.string(_own(context, values)))
    return _SPACES.sub(" ", text.strip(_SPACE))


def _translate(env: Environment, _context: Context, values: list[Value]) -> Value:
    text, old, new = (env.work.read(env.string(value)) for value in values)
    table: dict[int, str | None] = {}
    for place, character in enumerate(old):
        table.setdefault(ord(character), new[place] if place < len(new) else None)
    return text.translate(table)


def _lang(env: Environment, context: Context, values: list[Value]) -> Value:
    wanted = env.string(values[0]).lower()
    for node in (context.node, *context.node.ancestors()):
        env.work.spend(1)
        for one in node.attributes:
            if one.uri == XML_URI and one.local == "lang":
                found = one.value.lower()
                return found == wanted or found.startswith(wanted + "-")
    return False


def _sum(env: Environment, _context: Context, values: list[Value]) -> Value:
    return float(sum(env.number(env.text(node)) for node in _nodes(values[0])))


_MANY = 2**30

# Name: fewest arguments, most arguments, what it does.
FUNCTIONS: dict[str, tuple[int, int, _Function]] = {
    # Node sets, 4.1
    "last": (0, 0, lambda _env, context, _values: float(context.size)),
    "position": (0, 0, lambda _env, context, _values: float(context.position)),
    "count": (1, 1, lambda _env, _context, values: float(len(_nodes(values[0])))),
    "id": (1, 1, _id),
    "local-name": (0, 1, _name_of(lambda node: node.local)),
    "namespace-uri": (0, 1, _name_of(_namespace)),
    "name": (0, 1, _name_of(lambda node: node.name)),
    "here": (0, 0, _here),
    # Strings, 4.2
    "string": (0, 1, lambda env, context, values: env.string(_own(context, values))),
    "concat": (2, _MANY, _concat),
    "starts-with": (2, 2, _two(lambda text, part: text.startswith(part))),
    "contains": (2, 2, _two(lambda text, part: part in text)),
    "substring-before": (2, 2, _two(_before)),
    "substring-after": (2, 2, _two(_after)),
    "substring": (2, 3, _substring),
    "string-length": (
        0,
        1,
        lambda env, context, values: float(len(env.work.read(env.string(_own(context, values))))),
    ),
    "normalize-space": (0, 1, _normalize_space),
    "translate": (3, 3, _translate),
    # Booleans, 4.3
    "boolean": (1, 1, lambda _env, _context, values: boolean(values[0])),
    "not": (1, 1, lambda _env, _context, values: not boolean(values[0])),
    "true": (0, 0, lambda _env, _context, _values: True),
    "false": (0, 0, lambda _env, _context, _values: False),
    "lang": (1, 1, _lang),
    # Numbers, 4.4
    "number": (0, 1, lambda env, context, values: env.number(_own(context, values))),
    "sum": (1, 1, _sum),
    "floor": (1, 1, lambda env, _context, values: whole(math.floor, env.number(values[0]))),
    "ceiling": (1, 1, lambda env, _context, values: whole(math.ceil, env.number(values[0]))),
    "round": (1, 1, lambda env, _context, values: rounded(env.number(values[0]))),
}
