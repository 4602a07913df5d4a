"""Canonical XML 1.0, 1.1 and exclusive: a reference, and a fast path that equals it."""

from vnedoc.xml._canonical._canonicalize import (
    canonicalize,
    canonicalize_into,
    canonicalize_nodes_into,
    compare_c14n,
)
from vnedoc.xml._canonical._methods import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
)
from vnedoc.xml._canonical._stream import canonicalize_stream_into, cuts_with_markup

__all__ = [
    "C14N",
    "C14N_11",
    "C14N_11_COMMENTS",
    "C14N_COMMENTS",
    "C14N_METHODS",
    "EXC_C14N",
    "EXC_C14N_COMMENTS",
    "canonicalize",
    "canonicalize_into",
    "canonicalize_nodes_into",
    "canonicalize_stream_into",
    "compare_c14n",
    "cuts_with_markup",
]
