"""One judgement for every format: path, algorithms and coverage on top of the format's own integrity check.

The order is that of EN 319 102-1, clause 5.3: format, signing certificate, certificate path, then the
constraints. FAILED outweighs INDETERMINATE; of equals the first in that order names the reason.
"""

from __future__ import annotations

import datetime as dt

import attrs

from vnedoc.errors import VnedocError
from vnedoc.model import (
    Conclusion,
    Covered,
    Finding,
    Level,
    Severity,
    SignatureFormat,
    SignatureReport,
    SubIndication,
    TimeSource,
    worst,
)
from vnedoc.trust import identity_of, public_key_of, validate_path
from vnedoc.verification._policy import Policy


@attrs.frozen(kw_only=True)
class Core:
    """What a format's own check found out about one signature; it knows no trust.

    Attributes:
        id: Unique within the report.
        where: ``document``, ``envelope`` or ``attachment:<ContentId>``.
        format: The signature's own format.
        level: Baseline level that was found.
        conclusion: Of format and integrity alone.
        sub_indication: Its reason.
        certificate: The certificate whose key made the signature, DER; ``None`` when there is none.
        certificates: Certificates that the signature carries, DER; hints only.
        signing_time: With zone.
        time_source: What says it.
        hash_names: Every hash that digests and signature rest on, names of ``hashlib``.
        covers: What it covers.
        covers_whole: Whether it covers all of the document but itself.
        findings: All of the format's own findings.
    """

    id: str
    where: str
    format: SignatureFormat
    level: Level | None = None
    conclusion: Conclusion = Conclusion.PASSED
    sub_indication: SubIndication | None = None
    certificate: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    signing_time: dt.datetime | None = None
    time_source: TimeSource | None = None
    hash_names: tuple[str, ...] = ()
    covers: tuple[Covered, ...] = ()
    covers_whole: bool = False
    findings: tuple[Finding, ...] = ()


def judge(core: Core, policy: Policy) -> SignatureReport:
    """Judge one signature under *policy*, at ``policy.time()``. Never raises for a bad signature."""
    verdicts: list[tuple[Conclusion, SubIndication | None]] = [(core.conclusion, core.sub_indication)]
    findings = list(core.findings)
    signer = None
    on_path = False
    if core.certificate is None:
        verdicts.append((Conclusion.INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
        if not core.certificates:
            findings.append(Finding.error("VND-SIG-101", core.where))
    else:
        try:
            signer = identity_of(core.certificate)
            verdict = validate_path(
                core.certificate,
                hints=core.certificates,
                trust=policy.trust,
                revocation=policy.revocation,
                require_revocation=policy.require_revocation,
                at=policy.time(),
                algorithms=policy.algorithms,
                limits=policy.limits,
            )
            verdicts.append((verdict.conclusion, verdict.sub_indication))
            findings += verdict.findings
            on_path = bool(verdict.path)
        except VnedocError as error:  # a certificate that cannot be read is the signer's fault, not ours
            verdicts.append((Conclusion.INDETERMINATE, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE))
            findings.append(Finding.error(error.code, core.where, **error.facts))
    if policy.whole_document and not core.covers_whole and core.conclusion is Conclusion.PASSED:
        verdicts.append((Conclusion.FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE))
        findings.append(
            Finding.error("VND-SIG-102", core.where, covers=[one.location or one.node for one in core.covers])
        )
    weak = _algorithms(core, policy, key_too=not on_path)
    if any(one.severity is Severity.ERROR for one in weak):
        verdicts.append((Conclusion.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE))
    findings += weak
    conclusion, reason = worst(verdicts)
    return SignatureReport(
        id=core.id,
        where=core.where,
        conclusion=conclusion,
        sub_indication=reason,
        signer=signer,
        signing_time=core.signing_time,
        time_source=core.time_source,
        level=core.level,
        format=core.format,
        covers=core.covers,
        findings=tuple(findings),
    )


def _algorithms(core: Core, policy: Policy, *, key_too: bool) -> list[Finding]:
    """Name every hash that the policy does not take as strong, and the key where no path judged it."""
    found: list[Finding] = []
    for name in dict.fromkeys(core.hash_names):
        found += policy.algorithms.judge(
            hash_name=name, key=None, claimed_time=core.signing_time, location=core.where
        )
    if core.certificate is not None and key_too:
        try:
            key = public_key_of(core.certificate)
        except VnedocError:
            return found  # already named with the certificate
        found += policy.algorithms.judge(
            hash_name=None, key=key, claimed_time=core.signing_time, location=core.where
        )
    return found
