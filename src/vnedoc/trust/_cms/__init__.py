"""CMS and what is made of it: the reader of DER, signed data with one signer, time-stamp tokens."""

from vnedoc.trust._cms import _der as tags
from vnedoc.trust._cms._der import Element, generalized_time, malformed, read
from vnedoc.trust._cms._signed_data import (
    DATA,
    TST_INFO,
    CheckedCms,
    SignedData,
    certificate_fields,
    check,
    claimed_signer,
    hash_of,
    parse,
    time_stamped,
)
from vnedoc.trust._cms._token import TimestampToken, TokenSigner, check_token, read_token
from vnedoc.trust._cms._values import CmsFault, Verify, hash_name, unsupported, verifier

__all__ = [
    "DATA",
    "TST_INFO",
    "CheckedCms",
    "CmsFault",
    "Element",
    "SignedData",
    "TimestampToken",
    "TokenSigner",
    "Verify",
    "certificate_fields",
    "check",
    "check_token",
    "claimed_signer",
    "generalized_time",
    "hash_name",
    "hash_of",
    "malformed",
    "parse",
    "read",
    "read_token",
    "tags",
    "time_stamped",
    "unsupported",
    "verifier",
]
