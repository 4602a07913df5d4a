"""One judgement for every format: path, algorithms, coverage and times on top of the integrity check.

The order is that of EN 319 102-1, clause 5.3: format, signing certificate, certificate path, then the
constraints. FAILED outweighs INDETERMINATE; of equals the first in that order names the reason.

A signature with time stamps goes through clauses 5.5 and 5.6: one that is not good any more at the time of
validation may be proven to have been good when it was made.
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
from vnedoc.protocols import ValidationData
from vnedoc.trust import (
    ProofsOfExistence,
    Standing,
    Work,
    evidence_suffices,
    identity_of,
    made_too_early,
    public_key_of,
    validate_certificate,
)
from vnedoc.verification._policy import Policy
from vnedoc.verification._process import Existence, Protected, Stamp, examine, hints_of


@attrs.frozen(kw_only=True)
class Core:
    """What a format's own check found out about one signature; it knows no trust.

    Attributes:
        id: Unique within the report.
        where: ``document``, ``envelope`` or ``attachment:<ContentId>``.
        format: The signature's own format.
        xml_id: ``Id`` of an XML signature's element.
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
        timestamps: Time stamps that it carries, in the order of the document.
        values: Certificates and revocation data that it carries for later; ``None`` for none.
    """

    id: str
    where: str
    format: SignatureFormat
    xml_id: str | None = None
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
    timestamps: tuple[Stamp, ...] = ()
    values: ValidationData | None = None


def judge(core: Core, policy: Policy, work: Work | None = None) -> SignatureReport:
    """Judge one signature under *policy*, at ``policy.time()``. Never raises for a bad signature.

    Args:
        core: What the format found out.
        policy: What the signature must meet.
        work: What all signatures of the file may cost together; default this one's alone.
    """
    work = Work.within(policy.limits) if work is None else work
    verdicts: list[tuple[Conclusion, SubIndication | None]] = [(core.conclusion, core.sub_indication)]
    existence = _existence(core, policy, work)
    proven = _proven(core, existence)
    findings = [*core.findings, *existence.findings]
    signer = None
    path: tuple[bytes, ...] = ()
    if core.certificate is None:
        verdicts.append((Conclusion.INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND))
        if not core.certificates:
            findings.append(Finding.error("VND-SIG-101", core.where))
    else:
        try:
            signer = identity_of(core.certificate)
            verdict = _signer(core, core.certificate, policy, existence, work)
            verdicts.append((verdict.conclusion, verdict.sub_indication))
            findings += verdict.findings
            path = verdict.path
        except VnedocError as error:  # a certificate that cannot be read is the signer's fault, not ours
            verdicts.append((Conclusion.INDETERMINATE, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE))
            findings.append(Finding.error(error.code, core.where, **error.facts))
    if existence.disorder:
        verdicts.append((Conclusion.INDETERMINATE, SubIndication.TIMESTAMP_ORDER_FAILURE))
    if policy.whole_document and not core.covers_whole and core.conclusion is Conclusion.PASSED:
        verdicts.append((Conclusion.FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE))
        findings.append(
            Finding.error("VND-SIG-102", core.where, covers=[one.location or one.node for one in core.covers])
        )
    weak = _algorithms(core, policy, proven, key_too=not path)
    if any(one.severity is Severity.ERROR for one in weak):
        verdicts.append((Conclusion.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE))
    findings += weak
    if proven is not existence.proven:
        existence = attrs.evolve(existence, proven=proven)
    level = _level(core, policy, existence, path)
    if core.conclusion is not Conclusion.FAILED and _claims_more(core.level, level):
        findings.append(
            Finding.warning("VND-SIG-108", core.where, carried=_name(core.level), proven=_name(level))
        )
    conclusion, reason = worst(verdicts)
    return SignatureReport(
        id=core.id,
        where=core.where,
        conclusion=conclusion,
        sub_indication=reason,
        signer=signer,
        signing_time=proven or core.signing_time,
        time_source=TimeSource.TIMESTAMP if proven else core.time_source,
        level=level,
        format=core.format,
        covers=core.covers,
        findings=tuple(findings),
        xml_id=core.xml_id,
    )


def _existence(core: Core, policy: Policy, work: Work) -> Existence:
    """Look into time stamps and values, where there are any and the signature itself is not broken."""
    values = core.values
    if core.conclusion is Conclusion.FAILED or not (core.timestamps or values):
        hints = core.certificates
    elif core.timestamps or values is None or values.crls or values.ocsps:
        return examine(core.timestamps, values, core.certificates, policy, work)
    else:
        hints = hints_of(values, core.certificates, policy)
    return Existence(poe=ProofsOfExistence(policy.time()), hints=hints, revocation=policy.revocation)


def _proven(core: Core, existence: Existence) -> dt.datetime | None:
    """Give the proven time for all but the signer, whom one that is older than its certificate refutes."""
    proven = existence.proven
    if proven is None or core.certificate is None:
        return proven
    return None if made_too_early(core.certificate, proven) else proven


def _signer(core: Core, certificate: bytes, policy: Policy, existence: Existence, work: Work) -> Standing:
    """Judge the signer now, and where that fails, for the time at which the signature is proven to exist."""
    standing = validate_certificate(
        certificate,
        hints=existence.hints,
        trust=policy.trust,
        revocation=existence.revocation,
        require_revocation=policy.require_revocation,
        algorithms=policy.algorithms,
        limits=policy.limits,
        poe=existence.poe,
        existed=existence.proven,
        freshness=policy.freshness,
        work=work,
    )
    if standing.set_aside is None or existence.proven is None:
        return standing
    told = Finding.info(
        "VND-SIG-107", core.where, time=existence.proven.isoformat(), codes=list(standing.set_aside)
    )
    return attrs.evolve(standing, findings=(told, *standing.findings))


_BASELINE = (Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA)


def _level(core: Core, policy: Policy, existence: Existence, path: tuple[bytes, ...]) -> Level | None:
    """Give the baseline level that was proven, which may be lower or higher than what the format saw."""
    if core.level not in _BASELINE:
        return core.level
    stamps = [one for one in existence.counted if one.stamp.kind == "signature"]
    if not stamps or existence.proven is None:
        return Level.B_B
    stamp = min(stamps, key=lambda one: one.verdict.time)
    needed = (
        (path, existence.proven, existence.hints),
        (stamp.verdict.path, stamp.verdict.time, (*existence.hints, *stamp.token.certificates)),
    )

    def suffices(protected: Protected | None) -> bool:
        return all(
            evidence_suffices(
                chain,
                existence.carried if protected is None else protected.data(existence.carried),
                time=time,
                helpers=helpers if protected is None else protected.of(helpers),
                algorithms=policy.algorithms,
                limits=policy.limits,
            )
            for chain, time, helpers in needed
        )

    if not suffices(None):
        return Level.B_T
    archived = [one for one in existence.counted if one.stamp.kind.startswith("archive")]
    # What no archive time stamp covers can be taken away or put there at any time.
    return Level.B_LTA if archived and suffices(Protected(archived, existence.counted)) else Level.B_LT


def _claims_more(carried: Level | None, proven: Level | None) -> bool:
    if carried not in _BASELINE or proven not in _BASELINE:
        return False
    return _BASELINE.index(carried) > _BASELINE.index(proven)


def _name(level: Level | None) -> str | None:
    return None if level is None else level.value


def _algorithms(core: Core, policy: Policy, proven: dt.datetime | None, *, key_too: bool) -> list[Finding]:
    """Name every hash that the policy does not take as strong, and the key where no path judged it."""
    found: list[Finding] = []
    time = proven or core.signing_time
    for name in dict.fromkeys(core.hash_names):
        found += policy.algorithms.judge(
            hash_name=name, key=None, claimed_time=time, location=core.where, proven=proven
        )
    if core.certificate is not None and key_too:
        try:
            key = public_key_of(core.certificate)
        except VnedocError:
            return found  # already named with the certificate
        found += policy.algorithms.judge(
            hash_name=None, key=key, claimed_time=time, location=core.where, proven=proven
        )
    return found
