"""What a verification says, in the words of ETSI EN 319 102-1; only ``NO_SIGNATURE`` is our own."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from typing import NoReturn

import attrs

from vnedoc.errors import FactValue, VerificationError, VerificationIndeterminate


class Severity(enum.Enum):
    """How much a finding weighs."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Conclusion(enum.Enum):
    """The three answers of EN 319 102-1, clause 5.1.3. INDETERMINATE is not "wrong"."""

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"


_WORST_FIRST = (Conclusion.FAILED, Conclusion.INDETERMINATE, Conclusion.PASSED)


class SubIndication(enum.Enum):
    """Why it is not PASSED (EN 319 102-1, tables 5 and 6)."""

    # with FAILED
    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    # with FAILED or INDETERMINATE
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    # with INDETERMINATE
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND_NO_POE = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    CUSTOM = "CUSTOM"
    # of our own
    NO_SIGNATURE = "NO_SIGNATURE"


class FileKind(enum.Enum):
    """What a file is, by its content."""

    PDF = "pdf"
    XML = "xml"
    EDXML = "edxml"
    UNKNOWN = "unknown"


class TimeSource(enum.Enum):
    """Where a signing time comes from."""

    CLAIMED = "claimed"
    """Written by the signer, proven by nobody."""
    TIMESTAMP = "timestamp"
    """A time stamp whose imprint and authority were checked."""
    OTHER = "other"


class Level(enum.Enum):
    """Baseline level of a signature (EN 319 142-1, EN 319 132-1)."""

    BASIC = "basic"
    """A plain CMS or XMLDSig signature, without the attributes of a baseline level."""
    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"
    OTHER = "other"


class SignatureFormat(enum.Enum):
    """The signature's own format."""

    PADES = "PAdES"
    CMS_PDF = "CMS-PDF"
    """``adbe.pkcs7.detached`` in a PDF."""
    DOC_TIMESTAMP = "DocTimeStamp"
    XADES = "XAdES"
    XMLDSIG = "XMLDSig"
    OTHER = "other"


class SignerRole(enum.Enum):
    """Whose certificate it is; certificates do not say it, a registry does."""

    PERSON = "person"
    AGENCY = "agency"
    SERVICE = "service"
    OTHER = "other"


class Evidence(enum.Enum):
    """How far a message or status can be relied on."""

    PROVEN = "proven"
    """Signed, and the digest matches."""
    CLAIMED = "claimed"
    """Came over the authenticated route from the addressed body; nothing more."""
    UNMATCHED = "unmatched"
    """Belongs to nothing that was sent; kept for a person."""


class Acceptance(enum.Enum):
    """Which rule a message must meet, by the route it came over."""

    SEALED = "sealed"
    """The envelope signature passes and covers the root, and every attachment signature passes."""
    ATTACHMENTS = "attachments"
    """Every attachment signature passes and the main document has one; the header is unproven."""
    REWRITTEN = "rewritten"
    """As ATTACHMENTS, and a broken envelope signature is only a finding: the axis rewrites messages."""


def _facts(value: Mapping[str, FactValue]) -> dict[str, FactValue]:
    return dict(value)


@attrs.frozen(eq=True, hash=False)
class Finding:
    """One thing that was seen. It carries no prose: ``vnedoc.report`` renders it in Vietnamese or English.

    Attributes:
        code: Stable code such as ``VND-SIG-004``.
        severity: An error keeps a file from PASSED, a warning does not.
        location: XPath, PDF field, attachment or field name; ``None`` for the whole file.
        facts: What was seen, as JSON values, under the names that the catalogues use.
    """

    code: str
    severity: Severity
    location: str | None = None
    facts: Mapping[str, FactValue] = attrs.field(factory=dict, converter=_facts)

    @classmethod
    def error(cls, code: str, location: str | None = None, **facts: FactValue) -> Finding:
        """Make a finding that keeps the file from PASSED."""
        return cls(code, Severity.ERROR, location, facts)

    @classmethod
    def warning(cls, code: str, location: str | None = None, **facts: FactValue) -> Finding:
        """Make a finding that people should see."""
        return cls(code, Severity.WARNING, location, facts)

    @classmethod
    def info(cls, code: str, location: str | None = None, **facts: FactValue) -> Finding:
        """Make a finding that is only good to know."""
        return cls(code, Severity.INFO, location, facts)


@attrs.frozen
class Covered:
    """One piece that a signature covers: *what you see is what was signed*.

    Attributes:
        node: What it is: ``/edXML``, ``revision 1``, an element path or a URI.
        location: Where: ``URI=""``, ``ByteRange [0 100 200 300]``, …
        octets: Number of octets that went into the digest.
        digest: ``sha256:`` and hex of those octets, ``None`` when another digest was used.
        transforms: URIs of the transforms that gave those octets, in order; XML only.
    """

    node: str
    location: str | None = None
    octets: int | None = None
    digest: str | None = None
    transforms: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class SignerIdentity:
    """Who signed, as the certificate says, and as a registry says when one was given.

    Attributes:
        subject: Distinguished name, RFC 4514.
        issuer: Distinguished name, RFC 4514.
        serial: Serial number in hex, without prefix.
        role: From a registry, else ``None``.
        organ_id: From a registry, else ``None``.
        certificate: DER, for programs; reports do not print it.
    """

    subject: str
    issuer: str
    serial: str
    role: SignerRole | None = None
    organ_id: str | None = None
    certificate: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class SignatureReport:
    """The judgement of one signature.

    Attributes:
        id: Unique within its report.
        where: ``document``, ``envelope`` or ``attachment:<ContentId>`` (without ``cid:``).
        conclusion: PASSED, INDETERMINATE or FAILED.
        sub_indication: Why; ``None`` when PASSED.
        signer: ``None`` when no certificate was found.
        signing_time: With zone; ``None`` when nothing says it.
        time_source: What says it; ``None`` together with *signing_time*.
        level: Baseline level that was found.
        format: Format of the signature.
        covers: Every piece that it covers.
        findings: All of them, worst first not required.
        xml_id: ``Id`` of an XML signature's element, as its document says; ``None`` for none.
    """

    id: str
    where: str
    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    signer: SignerIdentity | None = None
    signing_time: dt.datetime | None = None
    time_source: TimeSource | None = None
    level: Level | None = None
    format: SignatureFormat = SignatureFormat.OTHER
    covers: tuple[Covered, ...] = ()
    findings: tuple[Finding, ...] = ()
    xml_id: str | None = None


@attrs.frozen(kw_only=True)
class Report:
    """The judgement of one file. ``bool(report)`` raises: compare ``report.conclusion``.

    Attributes:
        kind: What the file is, by content.
        conclusion: PASSED, INDETERMINATE or FAILED, by the acceptance rule of the file's kind.
        sub_indication: Why; ``None`` when PASSED.
        signatures: One judgement for each signature, also those inside attachments.
        findings: What concerns the file rather than one signature.
        file: Name or path as the caller gave it.
        digest: ``sha256:`` and hex of the file's octets.
        size: Its octets.
        policy: Name of the policy, with what it relaxed.
        checked_at: The time that certificates were judged for, with zone.
        acceptance: The rule that a message had to meet; ``None`` for a file that is no message.
        revocation: ``"require"`` when each certificate needed proof that it was not revoked, else
            ``"if-available"``.
        covers: What a signature had to cover: ``"document"`` (all of it) or ``"element"``.
    """

    kind: FileKind
    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    signatures: tuple[SignatureReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    file: str | None = None
    digest: str | None = None
    size: int | None = None
    policy: str | None = None
    checked_at: dt.datetime | None = None
    acceptance: Acceptance | None = None
    revocation: str | None = None
    covers: str | None = None

    def __bool__(self) -> NoReturn:
        """Refuse: there are three answers, not two."""
        raise TypeError("a Report is neither true nor false: use report.conclusion or report.require()")

    @property
    def passed(self) -> bool:
        """Whether the conclusion is PASSED."""
        return self.conclusion is Conclusion.PASSED

    def all_findings(self) -> tuple[Finding, ...]:
        """Give the findings of the file, then those of each signature."""
        return self.findings + tuple(one for signature in self.signatures for one in signature.findings)

    def require(self) -> Report:
        """Give the report itself when it PASSED.

        Raises:
            VerificationError: ``VND-VER-001`` when it FAILED.
            VerificationIndeterminate: ``VND-VER-002`` when it is INDETERMINATE.
        """
        if self.passed:
            return self
        raise self.refusal()

    def refusal(self) -> VerificationError:
        """Give the error that ``require`` raises for a report that did not pass."""
        failed = self.conclusion is Conclusion.FAILED
        reason = self.sub_indication.value if self.sub_indication else "unknown"
        seen: dict[str, FactValue] = {
            "sub_indication": reason,
            "codes": sorted({one.code for one in self.all_findings() if one.severity is Severity.ERROR}),
        }
        if failed:
            return VerificationError(
                "VND-VER-001",
                f"verification failed: {reason}",
                report=self,
                path=self.file,
                hint="read the findings of the report",
                facts=seen,
            )
        return VerificationIndeterminate(
            "VND-VER-002",
            f"verification could not be decided: {reason}",
            report=self,
            path=self.file,
            hint="give what is missing, for example trust anchors or revocation lists",
            facts=seen,
        )


def worst(
    verdicts: Iterable[tuple[Conclusion, SubIndication | None]],
) -> tuple[Conclusion, SubIndication | None]:
    """Give the worst of several verdicts; the first of equals. Nothing at all is PASSED."""
    found: tuple[Conclusion, SubIndication | None] = (Conclusion.PASSED, None)
    for one in verdicts:
        if _WORST_FIRST.index(one[0]) < _WORST_FIRST.index(found[0]):
            found = one
    return found
