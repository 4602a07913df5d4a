"""Whether certificates were revoked: revocation lists (RFC 5280) and OCSP (RFC 6960)."""

from vnedoc.trust._status._check import (
    Inquiry,
    RevocationAnswer,
    Status,
    check_revocation,
    fetch_more,
    is_lifted,
    statements,
)
from vnedoc.trust._status._lists import RevocationList, read_list
from vnedoc.trust._status._ocsp import OcspResponse, is_response, read_response
from vnedoc.trust._status._shelf import CarriedRevocation, Shelf, shelves
from vnedoc.trust._status._statement import SKEW, Statement

__all__ = [
    "SKEW",
    "CarriedRevocation",
    "Inquiry",
    "OcspResponse",
    "RevocationAnswer",
    "RevocationList",
    "Shelf",
    "Statement",
    "Status",
    "check_revocation",
    "fetch_more",
    "is_lifted",
    "is_response",
    "read_list",
    "read_response",
    "shelves",
    "statements",
]
