"""The four types of XPath 1.0 and how one becomes another (clauses 3.2 to 3.6, 4)."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeAlias

import attrs

from vnedoc.xml._nodes._tree import Node, Tree
from vnedoc.xml._nodes._work import XPathWork

Nodes: TypeAlias = "list[Node]"  # without doubles, in document order
Value: TypeAlias = "Nodes | float | str | bool"

_NUMBER = re.compile(r"[ \t\r\n]*-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t\r\n]*")


@attrs.frozen(eq=False)
class Environment:
    """What an expression is evaluated against.

    Attributes:
        tree: The document.
        work: Counts what is done.
        namespaces: Prefix to URI.
        here: The node that bears the expression, if it is in this document.
    """

    tree: Tree
    work: XPathWork
    namespaces: dict[str, str]
    here: Node | None

    def text(self, node: Node) -> str:
        """Give the string-value of a node."""
        return self.work.string_value(node, self.tree)

    def string(self, value: Value) -> str:
        """Convert as ``string()`` does."""
        if isinstance(value, list):
            return self.text(value[0]) if value else ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else _written(value)

    def number(self, value: Value) -> float:
        """Convert as ``number()`` does."""
        if isinstance(value, (bool, float)):
            return float(value)
        text = self.work.read(self.string(value))
        return float(text) if _NUMBER.fullmatch(text) else math.nan

    def compare(self, sign: str, left: Value, right: Value) -> bool:
        """Compare (XPath 1.0, clause 3.4); *sign* is one of ``= != < <= > >=``."""
        if isinstance(left, bool) or isinstance(right, bool):
            if sign in ("=", "!="):
                return (boolean(left) == boolean(right)) == (sign == "=")
            return ORDERS[sign](self.number(_plain(left)), self.number(_plain(right)))
        if isinstance(right, list) and not isinstance(left, list):
            return self.compare(_MIRRORED[sign], right, left)
        if isinstance(left, list):
            return self._compare_nodes(sign, left, right)
        if sign in ("=", "!="):
            if isinstance(left, str) and isinstance(right, str):
                self.work.read(left)
                return (left == right) == (sign == "=")
            equal = self.number(left) == self.number(right)
            return equal if sign == "=" else not equal
        return ORDERS[sign](self.number(left), self.number(right))

    def _compare_nodes(self, sign: str, left: Nodes, right: Value) -> bool:
        """Tell whether there is a node on the left, and one on the right, of which it is true."""
        if sign in ("=", "!=") and not isinstance(right, float):
            ours = {self.text(node) for node in left}
            theirs = {self.text(node) for node in right} if isinstance(right, list) else {self.string(right)}
            if sign == "=":
                return not ours.isdisjoint(theirs)
            return bool(ours) and bool(theirs) and len(ours | theirs) > 1
        numbers = [self.number(self.text(node)) for node in left]
        if not isinstance(right, list):
            wanted = self.number(right)
            return any(ORDERS[sign](one, wanted) for one in numbers)
        others = [self.number(self.text(node)) for node in right]
        ours_real = [one for one in numbers if not math.isnan(one)]
        theirs_real = [one for one in others if not math.isnan(one)]
        if not ours_real or not theirs_real:
            return False
        least_first = sign in ("<", "<=")
        first = min(ours_real) if least_first else max(ours_real)
        second = max(theirs_real) if least_first else min(theirs_real)
        return ORDERS[sign](first, second)


ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def boolean(value: Value) -> bool:
    """Convert as ``boolean()`` does."""
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def in_order(nodes: Iterable[Node], work: XPathWork) -> Nodes:
    """Give nodes once each, in document order."""
    found = set(nodes)
    work.spend(len(found))
    return sorted(found, key=_order)


def _order(node: Node) -> int:
    return node.order


def _plain(value: Value) -> Value:
    """Make a node set a boolean: what it is compared with is one."""
    return boolean(value) if isinstance(value, list) else value


def _written(number: float) -> str:
    """Write a number as clause 4.2 wants it: never with an exponent."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number):
        return str(int(number))
    return format(Decimal(repr(number)), "f")


# --- arithmetic (clause 3.5) ----------------------------------------------------------------------


def divide(left: float, right: float) -> float:
    """Divide as IEEE 754 does."""
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder(left: float, right: float) -> float:
    """Give the remainder of a truncating division."""
    if not right or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def rounded(number: float) -> float:
    """Round to the nearest whole number, halves up."""
    return whole(math.floor, number + 0.5) if abs(number) < 2**52 else number


def whole(function: Callable[[float], int], number: float) -> float:
    """Apply ``floor`` or ``ceil``, where there is something to apply it to."""
    return float(function(number)) if math.isfinite(number) else number


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "div": divide,
    "mod": remainder,
}
