"""Node sets, XPath 1.0 over them, and the transforms that choose nodes."""

from vnedoc.xml._nodes._filters import FilterStep, filter2, xpath_filter
from vnedoc.xml._nodes._sets import NodeSet, string_value, subtree, whole, without
from vnedoc.xml._nodes._work import XPathWork

__all__ = [
    "FilterStep",
    "NodeSet",
    "XPathWork",
    "filter2",
    "string_value",
    "subtree",
    "whole",
    "without",
    "xpath_filter",
]
