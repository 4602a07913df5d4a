"""What was good once: proofs of existence, past validation, time stamps, and evidence for later."""

from vnedoc.trust._past._evidence import Evidence, collect_evidence, evidence_suffices
from vnedoc.trust._past._existence import ProofsOfExistence
from vnedoc.trust._past._sliding import PastVerdict, validate_past
from vnedoc.trust._past._standing import Standing, made_too_early, validate_certificate
from vnedoc.trust._past._tokens import TokenVerdict, validate_token

__all__ = [
    "Evidence",
    "PastVerdict",
    "ProofsOfExistence",
    "Standing",
    "TokenVerdict",
    "collect_evidence",
    "evidence_suffices",
    "made_too_early",
    "validate_certificate",
    "validate_past",
    "validate_token",
]
