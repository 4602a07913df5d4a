"""The CMS of one PDF signature (EN 319 142-1), in the words of the PDF adapter.

``vnedoc.trust`` reads and checks it; here each fault gets its verdict and its finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vnedoc import trust
from vnedoc.model import Conclusion, Finding, SubIndication
from vnedoc.trust import CheckedCms, CmsFault, SignedData


class Refusal(Exception):
    """Ends the check of one signature with a verdict that is not PASSED; it never leaves the PDF adapter."""

    def __init__(self, conclusion: Conclusion, reason: SubIndication, finding: Finding) -> None:
        super().__init__(finding.code)
        self.conclusion = conclusion
        self.reason = reason
        self.finding = finding


def failed(reason: SubIndication, code: str, where: str, **facts: Any) -> Refusal:
    """Give the refusal for a signature that is wrong."""
    return Refusal(Conclusion.FAILED, reason, Finding.error(code, where, **facts))


def undecided(reason: SubIndication, code: str, where: str, **facts: Any) -> Refusal:
    """Give the refusal for a signature that cannot be judged."""
    return Refusal(Conclusion.INDETERMINATE, reason, Finding.error(code, where, **facts))


# The problem of a fault: code, reason, and whether it leaves the signature undecided.
_FAULTS: Mapping[str, tuple[str, SubIndication, bool]] = {
    "malformed": ("VND-PDF-020", SubIndication.FORMAT_FAILURE, False),
    "signers": ("VND-PDF-021", SubIndication.FORMAT_FAILURE, False),
    "content-type": ("VND-PDF-022", SubIndication.FORMAT_FAILURE, False),
    "no-attributes": ("VND-PDF-023", SubIndication.FORMAT_FAILURE, False),
    "attribute": ("VND-PDF-024", SubIndication.FORMAT_FAILURE, False),
    "digest": ("VND-PDF-025", SubIndication.HASH_FAILURE, False),
    "order": ("VND-PDF-026", SubIndication.FORMAT_FAILURE, False),
    "binding": ("VND-PDF-028", SubIndication.SIG_CONSTRAINTS_FAILURE, False),
    "unsupported": ("VND-PDF-029", SubIndication.CUSTOM, True),
    "no-certificate": ("VND-PDF-019", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, True),
    "value": ("VND-PDF-030", SubIndication.SIG_CRYPTO_FAILURE, False),
}


def parse(container: bytes, where: str) -> SignedData:
    """Read the CMS at the front of *container*.

    Raises:
        Refusal: ``VND-PDF-020`` malformed, ``VND-PDF-021`` not exactly one signer.
    """
    with _refusing(where):
        return trust.read_cms(container)


def hash_of(signed: SignedData, where: str) -> str:
    """Give the name of the digest algorithm for ``hashlib``; raises ``Refusal`` when it is unknown."""
    with _refusing(where):
        return trust.cms_hash(signed)


def check(signed: SignedData, document_digest: bytes, where: str) -> CheckedCms:
    """Check attributes, then value, then the binding to the certificate.

    Raises:
        Refusal: With the verdict and its finding.
    """
    if signed.content is not None and signed.attributes is not None:
        raise failed(SubIndication.FORMAT_FAILURE, "VND-PDF-022", where, content_type=signed.content_type)
    with _refusing(where):
        return trust.check_cms(signed, document_digest)


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except CmsFault as fault:
        code, reason, open_question = _FAULTS[fault.problem]
        refuse = undecided if open_question else failed
        raise refuse(reason, code, where, **fault.facts) from fault
