"""How much XPath may cost."""

from __future__ import annotations

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml._nodes._tree import ELEMENT, LIMIT_CODE, ROOT, TEXT, Node, Tree, build_tree
from vnedoc.xml._parse import XmlDocument

_CHARACTERS = 8  # that one step may look at


class XPathWork:
    """Counts the steps of evaluating XPath expressions, together for all that it is handed to.

    A step is a node visited or eight characters compared or copied, so the count, unlike a clock, is the same
    on every machine. The nodes of a document are listed once, however many expressions there are.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.xpath_steps
        self._trees: dict[XmlDocument, Tree] = {}

    def tree(self, document: XmlDocument) -> Tree:
        """Give the nodes of a document.

        Raises:
            LimitExceeded: ``VND-XML-040``.
        """
        found = self._trees.get(document)
        if found is None:
            found = self._trees[document] = build_tree(document, self.limits.xpath_nodes)
            self.spend(found.size)
        return found

    def spend(self, steps: int) -> None:
        """Count *steps*.

        Raises:
            LimitExceeded: ``VND-XML-040``.
        """
        self._left -= steps
        if self._left < 0:
            raise LimitExceeded.of(LIMIT_CODE, "xpath_steps", self.limits.xpath_steps, None)

    def read(self, text: str) -> str:
        """Count a text that is looked at or made."""
        self.spend(1 + len(text) // _CHARACTERS)
        return text

    def string_value(self, node: Node, tree: Tree) -> str:
        """Give the string-value of a node (XPath 1.0, clause 5)."""
        if node.kind not in (ELEMENT, ROOT):
            return self.read(node.value)
        self.spend(node.end - node.place)
        inside = tree.nodes[node.place : node.end]
        return self.read("".join([one.value for one in inside if one.kind == TEXT]))


def unusable(cause: str) -> DecodeError:
    """Give the error for an expression that cannot be evaluated."""
    return DecodeError(
        "VND-XML-041",
        f"the XPath expression cannot be evaluated: {cause}",
        hint="ask the sender for a signature without XPath transforms",
        facts={"cause": cause},
    )
