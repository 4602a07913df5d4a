"""Which certificates are trusted, and why: anchors, paths, revocation data, time stamps, algorithms.

Certificates come in as DER and are judged at a given time. Nothing is fetched unless the caller's source of
revocation data does so.
"""

from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import identity_of, public_key_of
from vnedoc.trust._cms import (
    DATA,
    TST_INFO,
    CheckedCms,
    CmsFault,
    SignedData,
    TimestampToken,
    check_token,
    claimed_signer,
    read_token,
    time_stamped,
)
from vnedoc.trust._cms import check as check_cms
from vnedoc.trust._cms import hash_of as cms_hash
from vnedoc.trust._cms import parse as read_cms
from vnedoc.trust._fetching import FetchingRevocation
from vnedoc.trust._past import (
    Evidence,
    PastVerdict,
    ProofsOfExistence,
    Standing,
    TokenVerdict,
    collect_evidence,
    evidence_suffices,
    made_too_early,
    validate_certificate,
    validate_past,
    validate_token,
)
from vnedoc.trust._path import PathVerdict, Purpose, validate_path
from vnedoc.trust._status import CarriedRevocation
from vnedoc.trust._stores import Material, RevocationStore, TrustStore, load_material
from vnedoc.trust._tsa import TsaClient, first_that_answers
from vnedoc.trust._work import Work

__all__ = [
    "DATA",
    "TST_INFO",
    "AlgorithmPolicy",
    "CarriedRevocation",
    "CheckedCms",
    "CmsFault",
    "Evidence",
    "FetchingRevocation",
    "Material",
    "PastVerdict",
    "PathVerdict",
    "ProofsOfExistence",
    "Purpose",
    "RevocationStore",
    "SignedData",
    "Standing",
    "TimestampToken",
    "TokenVerdict",
    "TrustStore",
    "TsaClient",
    "Work",
    "check_cms",
    "check_token",
    "claimed_signer",
    "cms_hash",
    "collect_evidence",
    "evidence_suffices",
    "first_that_answers",
    "identity_of",
    "load_material",
    "made_too_early",
    "public_key_of",
    "read_cms",
    "read_token",
    "time_stamped",
    "validate_certificate",
    "validate_past",
    "validate_path",
    "validate_token",
]
