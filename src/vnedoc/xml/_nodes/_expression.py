"""Reading an XPath 1.0 expression and making a function of it (clauses 3.1 to 3.7).

An evaluator of our own, because libxml2's can be neither interrupted nor counted, and gives namespace nodes
without their owners, which a canonical form needs.
"""

from __future__ import annotations

import re

import attrs

from vnedoc.errors import LimitExceeded
from vnedoc.xml._nodes._functions import FUNCTIONS, Context
from vnedoc.xml._nodes._steps import (
    AXES,
    NODE_TYPES,
    Evaluate,
    Step,
    Test,
    choose,
    follow,
    instruction_test,
    name_test,
)
from vnedoc.xml._nodes._tree import LIMIT_CODE, XML_URI, Node, Tree
from vnedoc.xml._nodes._values import ARITHMETIC, ORDERS, Environment, Nodes, Value, boolean, in_order
from vnedoc.xml._nodes._work import XPathWork, unusable

_NAME = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_.\-\u0080-\U0010ffff]*+"
_TOKEN = re.compile(
    rf"(?P<number>[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)"
    rf"|(?P<literal>\"[^\"]*+\"|'[^']*+')"
    rf"|(?P<name>{_NAME}(?::(?:{_NAME}|\*))?)"
    rf"|(?P<sign>//|::|\.\.|!=|<=|>=|[()\[\].@,/|+\-=<>*$])"
)
_SPACES = re.compile(r"[ \t\r\n]*+")
_WORDS = frozenset({"and", "or", "div", "mod"})
# After these, or at the start, a star is a name test and a word is a name (clause 3.7).
_OPERATORS = frozenset({"/", "//", "|", "+", "-", "*", "=", "!=", "<", "<=", ">", ">=", *_WORDS})
_BEFORE_OPERAND = _OPERATORS | {"@", "::", "(", "[", ","}
_DEPTH = 20  # brackets within brackets; the functions made of them call each other as deep
_ANY = Step("descendant-or-self", NODE_TYPES["node"])

# The binary operators, those that bind loosest first.
_LEVELS = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))


@attrs.frozen
class _Token:
    kind: str  # "number", "literal", "name", "star", "sign" (words that are operators, too), "end"
    text: str


def evaluate(expression: str, env: Environment, node: Node) -> Value:
    """Evaluate an expression once, in the context of one node alone."""
    return compile_expression(expression, env)(Context(node, 1, 1))


def environment(tree: Tree, work: XPathWork, namespaces: dict[str, str], here: Node | None) -> Environment:
    """Put together what expressions are evaluated against; the prefix ``xml`` is bound in any case."""
    return Environment(tree, work, {**namespaces, "xml": XML_URI}, here)


def compile_expression(expression: str, env: Environment) -> Evaluate:
    """Make a function of an expression.

    Raises:
        DecodeError: ``VND-XML-041`` when it is no XPath 1.0, or uses a variable, a function that is neither
            in the core library nor ``here()``, or a prefix that is not bound.
        LimitExceeded: ``VND-XML-040`` when it is too long.
    """
    allowed = env.work.limits.xpath_length
    if len(expression) > allowed:
        raise LimitExceeded.of(LIMIT_CODE, "xpath_length", allowed, len(expression))
    env.work.spend(len(expression))
    return _Reader(env, _tokens(expression)).whole()


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = _end_of_space(expression, 0)
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise unusable(f"unexpected character at {at + 1}")
        kind, text = match.lastgroup, match[0]
        before = tokens[-1] if tokens else _Token("sign", "(")
        operand = before.kind == "sign" and before.text in _BEFORE_OPERAND
        if text == "*" and operand:
            kind = "star"
        elif kind == "name" and not operand:
            kind = "sign"
            if text not in _WORDS:
                raise unusable(f"an operator was expected at {at + 1}")
        tokens.append(_Token(kind, text))
        at = _end_of_space(expression, match.end())
    return [*tokens, _Token("end", "")]


def _end_of_space(text: str, at: int) -> int:
    match = _SPACES.match(text, at)
    return match.end() if match else at


class _Reader:
    """Descends through the grammar; what it gives back are functions of the context."""

    def __init__(self, env: Environment, tokens: list[_Token]) -> None:
        self._env = env
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Evaluate:
        made = self._expression()
        if self._token.kind != "end":
            raise unusable(f"unexpected {self._token.text!r}")
        return made

    # --- tokens ---

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    @property
    def _next(self) -> _Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _take(self) -> str:
        text = self._token.text
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return text

    def _is(self, *texts: str) -> bool:
        return self._token.kind == "sign" and self._token.text in texts

    def _skip(self, text: str) -> bool:
        if self._is(text):
            self._take()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise unusable(f"{text!r} was expected, not {self._token.text!r}")

    # --- operators ---

    def _expression(self) -> Evaluate:
        self._depth += 1
        if self._depth > _DEPTH:
            raise unusable("too many brackets within brackets")
        made = self._binary(0)
        self._depth -= 1
        return made

    def _binary(self, level: int) -> Evaluate:
        if level == len(_LEVELS):
            return self._unary()
        first = self._binary(level + 1)
        rest: list[tuple[str, Evaluate]] = []
        while self._is(*_LEVELS[level]):
            sign = self._take()
            rest.append((sign, self._binary(level + 1)))
        if not rest:
            return first
        if level < 2:  # noqa: PLR2004 - "or" and "and"
            return self._logical(rest[0][0] == "or", (first, *(one for _, one in rest)))
        return self._chain(first, rest)

    def _chain(self, first: Evaluate, rest: list[tuple[str, Evaluate]]) -> Evaluate:
        env = self._env

        def function(context: Context) -> Value:
            value = first(context)
            for sign, operand in rest:
                other = operand(context)
                env.work.spend(1)
                if sign in ORDERS:
                    value = env.compare(sign, value, other)
                else:
                    value = ARITHMETIC[sign](env.number(value), env.number(other))
            return value

        return function

    def _logical(self, until: bool, parts: tuple[Evaluate, ...]) -> Evaluate:  # noqa: FBT001 - see below
        """Go on until a part is *until*: "or" stops at true, "and" at false."""
        work = self._env.work

        def function(context: Context) -> Value:
            for part in parts:
                work.spend(1)
                if boolean(part(context)) is until:
                    return until
            return not until

        return function

    def _unary(self) -> Evaluate:
        signs = 0
        while self._skip("-"):
            signs += 1
        operand = self._union()
        if not signs:
            return operand
        env, factor = self._env, -1.0 if signs % 2 else 1.0
        return lambda context: factor * env.number(operand(context))

    def _union(self) -> Evaluate:
        parts = [self._path()]
        while self._skip("|"):
            parts.append(self._path())
        if len(parts) == 1:
            return parts[0]
        env = self._env

        def function(context: Context) -> Value:
            env.work.spend(len(parts))
            return in_order([node for part in parts for node in _as_nodes(part(context))], env.work)

        return function

    # --- paths ---

    def _path(self) -> Evaluate:
        if self._is("$"):
            raise unusable("variables are not allowed")
        call = self._token.kind == "name" and self._next.text == "(" and self._token.text not in NODE_TYPES
        if not (call or self._is("(") or self._token.kind in ("number", "literal")):
            return self._location()
        env = self._env
        primary = self._call() if call else self._primary()
        predicates = self._predicates()
        steps = self._relative(()) if self._is("/", "//") else ()
        if not predicates and not steps:
            return primary
        return lambda context: follow(env, choose(env, _as_nodes(primary(context)), predicates), steps)

    def _primary(self) -> Evaluate:
        if self._skip("("):
            inner = self._expression()
            self._expect(")")
            return inner
        kind, text = self._token.kind, self._take()
        value: Value = float(text) if kind == "number" else text[1:-1]
        return lambda _context: value

    def _call(self) -> Evaluate:
        name = self._take()
        self._take()  # the bracket
        arguments: list[Evaluate] = []
        if not self._is(")"):
            arguments.append(self._expression())
            while self._skip(","):
                arguments.append(self._expression())
        self._expect(")")
        if name not in FUNCTIONS:
            raise unusable(f"there is no function {name}()")
        fewest, most, function = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise unusable(f"{name}() does not take {len(arguments)} arguments")
        env = self._env

        def call(context: Context) -> Value:
            env.work.spend(1)
            return function(env, context, [one(context) for one in arguments])

        return call

    def _location(self) -> Evaluate:
        env = self._env
        if not self._is("/", "//"):
            steps = self._relative(None)
            return lambda context: follow(env, [context.node], steps)
        alone = self._is("/") and not self._begins_step(self._next)
        if alone:
            self._take()
        absolute = () if alone else self._relative(())
        # Whatever the context is, it is the same: worked out once.
        known: list[Nodes] = []

        def function(_context: Context) -> Value:
            if not known:
                known.append(follow(env, [env.tree.root], absolute))
            return known[0]

        return function

    @staticmethod
    def _begins_step(token: _Token) -> bool:
        return token.kind in ("name", "star") or (token.kind == "sign" and token.text in (".", "..", "@"))

    def _relative(self, before: tuple[Step, ...] | None) -> tuple[Step, ...]:
        """Read steps, each after a slash or two; with ``None`` the first has none before it."""
        steps: list[Step] = []
        if before is None:
            steps.append(self._step())
        while self._is("/", "//"):
            if self._take() == "//":
                steps.append(_ANY)
            step = self._step()
            if steps and steps[-1] is _ANY and step.axis == "child" and not step.predicates:
                steps.pop()  # the same nodes, without asking every one for its children
                step = attrs.evolve(step, axis="descendant")
            steps.append(step)
        return tuple(steps)

    def _step(self) -> Step:
        if self._skip("."):
            return Step("self", NODE_TYPES["node"])
        if self._skip(".."):
            return Step("parent", NODE_TYPES["node"])
        axis = "child"
        if self._skip("@"):
            axis = "attribute"
        elif self._token.kind == "name" and self._next.text == "::":
            axis = self._take()
            self._take()
            if axis not in AXES:
                raise unusable(f"there is no axis {axis}")
        return Step(axis, self._test(axis), self._predicates())

    def _predicates(self) -> tuple[Evaluate, ...]:
        found = []
        while self._skip("["):
            found.append(self._expression())
            self._expect("]")
        return tuple(found)

    def _test(self, axis: str) -> Test:
        kind, text = self._token.kind, self._take()
        if kind == "star":
            return name_test(axis, None, None)
        if kind != "name":
            raise unusable(f"a name was expected, not {text!r}" if text else "it ends too early")
        if text in NODE_TYPES and self._skip("("):
            if text == "processing-instruction" and self._token.kind == "literal":
                test = instruction_test(self._take()[1:-1])
            else:
                test = NODE_TYPES[text]
            self._expect(")")
            return test
        prefix, colon, local = text.rpartition(":")
        if colon and prefix not in self._env.namespaces:
            raise unusable(f"the prefix {prefix} is not bound")
        return name_test(axis, self._env.namespaces[prefix] if colon else "", None if local == "*" else local)


def _as_nodes(value: Value) -> Nodes:
    if isinstance(value, list):
        return value
    raise unusable("a node set was expected")
