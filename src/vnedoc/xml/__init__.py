"""Hardened parsing, canonicalisation, and reading values out of the tree.

The trees are lxml's and stay between this room and those that read XML.
"""

from vnedoc.xml._canonical import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    canonicalize,
    canonicalize_into,
    canonicalize_nodes_into,
    canonicalize_stream_into,
    compare_c14n,
    cuts_with_markup,
)
from vnedoc.xml._doctype import parse_with_doctype
from vnedoc.xml._guards import has_references_in_tags, is_base64, occurrences
from vnedoc.xml._nodes import (
    FilterStep,
    NodeSet,
    XPathWork,
    filter2,
    string_value,
    subtree,
    whole,
    without,
    xpath_filter,
)
from vnedoc.xml._parse import XmlDocument, looks_like_xml, parse
from vnedoc.xml._positions import ElementPositions, element_positions
from vnedoc.xml._runs import NotBase64, all_hashed, true_offset
from vnedoc.xml._skeleton import ByteSource, Streamed, parse_stream, true_line
from vnedoc.xml._spans import Edit, ElementSpan, edited, element_span
from vnedoc.xml._text import has_gaps, location, strict_base64, text_of

__all__ = [
    "C14N",
    "C14N_11",
    "C14N_11_COMMENTS",
    "C14N_COMMENTS",
    "C14N_METHODS",
    "EXC_C14N",
    "EXC_C14N_COMMENTS",
    "ByteSource",
    "Edit",
    "ElementPositions",
    "ElementSpan",
    "FilterStep",
    "NodeSet",
    "NotBase64",
    "Streamed",
    "XPathWork",
    "XmlDocument",
    "all_hashed",
    "canonicalize",
    "canonicalize_into",
    "canonicalize_nodes_into",
    "canonicalize_stream_into",
    "compare_c14n",
    "cuts_with_markup",
    "edited",
    "element_positions",
    "element_span",
    "filter2",
    "has_gaps",
    "has_references_in_tags",
    "is_base64",
    "location",
    "looks_like_xml",
    "occurrences",
    "parse",
    "parse_stream",
    "parse_with_doctype",
    "strict_base64",
    "string_value",
    "subtree",
    "text_of",
    "true_line",
    "true_offset",
    "whole",
    "without",
    "xpath_filter",
]
