"""References: what a URI names, which octets its transforms give, and whether the digest is right.

The rules of XMLDSig 1.1, clauses 4.4.3.2 to 4.4.3.4. Nothing is ever fetched: what lies outside of the
document comes from the caller's resolver or not at all. Comments are left out for ``""`` and ``#id``; a node
set that reaches the digest takes C14N 1.0.
"""

from vnedoc.dsig._references._check import MANIFEST_TYPE, ReferenceCheck, check_reference
from vnedoc.dsig._references._scope import Pieces, Resolver, Scope, Target
from vnedoc.dsig._references._transforms import WITHOUT_COMMENTS, Outcome, is_whole, transform_into

__all__ = [
    "MANIFEST_TYPE",
    "WITHOUT_COMMENTS",
    "Outcome",
    "Pieces",
    "ReferenceCheck",
    "Resolver",
    "Scope",
    "Target",
    "check_reference",
    "is_whole",
    "transform_into",
]
