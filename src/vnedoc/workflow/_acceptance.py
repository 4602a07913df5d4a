"""The acceptance rules for an edXML message, as one pure function over what was found in it.

The axis rewrites messages and most of today's carry no envelope signature, so the route decides which
signature must hold: the envelope's (``sealed``) or those inside the attachments (``attachments``,
``rewritten``). Status messages and messages without attachments have no attachment to hold on to.
"""

from __future__ import annotations

import attrs

from vnedoc.model import (
    Acceptance,
    Attachment,
    Conclusion,
    Evidence,
    Finding,
    Severity,
    SignatureReport,
    SubIndication,
    worst,
)

_Verdict = tuple[Conclusion, SubIndication | None]
_MISSING: _Verdict = (Conclusion.INDETERMINATE, SubIndication.NO_SIGNATURE)
_MALFORMED: _Verdict = (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
_UNREADABLE: _Verdict = (Conclusion.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE)


@attrs.frozen(kw_only=True)
class Seen:
    """What was found in one message, format by format, before any rule.

    Attributes:
        envelope: Judgements of the XML signatures of the message itself.
        attachments: Judgements of the signatures inside attachments.
        unjudged: Verdicts of attachments that could not be judged at all, such as an encrypted PDF.
        files: The attachments, in order.
        main: Place of the main document among the files, ``None`` when there is none.
        signed: Places of the files that carry a signature, or could not be looked into.
        foreign: Locations of elements that look like a signature and are none.
        shape: Deviations from the seal's exact shape.
        odd: What the codec read past.
        sender: Code of the organisation that the message names as its sender.
    """

    envelope: tuple[SignatureReport, ...]
    attachments: tuple[SignatureReport, ...]
    unjudged: tuple[_Verdict, ...]
    files: tuple[Attachment, ...]
    main: int | None
    signed: frozenset[int]
    foreign: tuple[str, ...]
    shape: tuple[Finding, ...]
    odd: tuple[Finding, ...]
    sender: str


@attrs.frozen(kw_only=True)
class Accepted:
    """The answer of the rule.

    Attributes:
        conclusion: Of the file.
        sub_indication: Its reason.
        findings: What the rule itself has to say.
        taken: Whether the message may be taken in; also without PASSED for a claimed status.
        evidence: How far it can be relied on.
    """

    conclusion: Conclusion
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    taken: bool
    evidence: Evidence


def apply(rule: Acceptance, seen: Seen) -> Accepted:
    """Apply *rule*."""
    sealed = bool(seen.envelope) and all(one.conclusion is Conclusion.PASSED for one in seen.envelope)
    evidence = Evidence.PROVEN if sealed and not seen.shape else Evidence.CLAIMED
    verdicts, findings = _sealed(seen) if rule is Acceptance.SEALED else _by_attachments(rule, seen)
    verdicts += [(one.conclusion, one.sub_indication) for one in seen.attachments]
    verdicts += seen.unjudged
    if len({one.content_id for one in seen.files}) < len(seen.files):
        # Two files of one name: a signature on one must never stand for the other.
        verdicts.append(_MALFORMED)
        findings.append(Finding.error("VND-FLOW-022", "attachments"))
    if evidence is Evidence.PROVEN:
        # A certificate does not say whose code it may use: what is proven is that somebody trusted signed.
        names = [one.signer.subject for one in seen.envelope if one.signer is not None]
        findings.append(Finding.info("VND-FLOW-023", "envelope", sender=seen.sender, signers=names))
    conclusion, reason = worst(verdicts)
    # A message without attachments has nothing but its envelope: where the route takes unsealed messages it
    # is taken as a claim, unless something about it is wrong rather than missing.
    claim = rule is not Acceptance.SEALED and not seen.files and reason is SubIndication.NO_SIGNATURE
    return Accepted(
        conclusion=conclusion,
        sub_indication=reason,
        findings=tuple(findings),
        taken=conclusion is Conclusion.PASSED or claim,
        evidence=evidence,
    )


def _sealed(seen: Seen) -> tuple[list[_Verdict], list[Finding]]:
    verdicts = [(one.conclusion, one.sub_indication) for one in seen.envelope]
    findings: list[Finding] = []
    if not seen.envelope:
        verdicts.append(_UNREADABLE if seen.foreign else _MISSING)
        findings.append(Finding.error("VND-FLOW-010", "envelope", signed_attachments=len(seen.attachments)))
    if seen.foreign:
        verdicts.append(_UNREADABLE)
        findings += [Finding.error("VND-FLOW-011", one) for one in seen.foreign]
    if seen.envelope and seen.shape:
        verdicts.append(_MALFORMED)
        findings += seen.shape
    if any(one.severity is Severity.ERROR for one in seen.odd):
        verdicts.append(_MALFORMED)
    return verdicts, findings


def _by_attachments(rule: Acceptance, seen: Seen) -> tuple[list[_Verdict], list[Finding]]:
    verdicts: list[_Verdict] = []
    findings = [Finding.warning("VND-FLOW-012", "envelope")]
    broken = [one for one in seen.envelope if one.conclusion is not Conclusion.PASSED]
    if rule is Acceptance.REWRITTEN:
        findings += [Finding.warning("VND-FLOW-016", one.where, id=one.id) for one in broken]
        findings += [Finding.warning("VND-FLOW-011", one) for one in seen.foreign]
    else:
        verdicts += [(one.conclusion, one.sub_indication) for one in broken]
        verdicts += [_UNREADABLE for _ in seen.foreign]
        findings += [Finding.error("VND-FLOW-011", one) for one in seen.foreign]
    if not seen.envelope and not seen.foreign:
        findings.append(Finding.warning("VND-FLOW-013", "envelope"))
    if not seen.files:
        if not seen.envelope or (rule is Acceptance.REWRITTEN and broken):
            verdicts.append(_MISSING)
            findings.append(Finding.error("VND-FLOW-014", "envelope"))
    elif seen.main is None:
        verdicts.append(_MISSING)
        findings.append(Finding.error("VND-FLOW-015", "attachments", files=[one.name for one in seen.files]))
    elif seen.main not in seen.signed:
        verdicts.append(_MISSING)
        findings.append(Finding.error("VND-FLOW-017", f"attachment:{seen.files[seen.main].content_id}"))
    return verdicts, findings
