"""Hardened parsing, canonicalisation, and reading values out of the tree.

The trees are lxml's and stay between this room and those that read XML.
"""

from vnedoc.xml._c14n import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    canonicalize,
    canonicalize_into,
    canonicalize_stream_into,
    compare_c14n,
    cuts_with_markup,
)
from vnedoc.xml._parse import XmlDocument, looks_like_xml, parse
from vnedoc.xml._positions import ElementPositions, element_positions
from vnedoc.xml._runs import true_offset
from vnedoc.xml._skeleton import ByteSource, Streamed, parse_stream, true_line
from vnedoc.xml._splice import end_tag_offset
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
    "ElementPositions",
    "Streamed",
    "XmlDocument",
    "canonicalize",
    "canonicalize_into",
    "canonicalize_stream_into",
    "compare_c14n",
    "cuts_with_markup",
    "element_positions",
    "end_tag_offset",
    "has_gaps",
    "location",
    "looks_like_xml",
    "parse",
    "parse_stream",
    "strict_base64",
    "text_of",
    "true_line",
    "true_offset",
]
