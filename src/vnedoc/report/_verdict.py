"""What a report says in words, for text and page alike: verdict, rules, signer, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from vnedoc.model import Acceptance, Conclusion, Finding, Report, Severity, SignatureReport, SubIndication
from vnedoc.report._catalogue import entry, has_word, word
from vnedoc.report._coverage import signs_text, unsigned_rest
from vnedoc.report._json import Unreadable
from vnedoc.report._render import common_name, moment, plain, readable_name


@attrs.frozen
class Fact:
    """One thing that is known, for people.

    Attributes:
        label: What it is.
        value: What is known.
        small: The same in full, for small print.
    """

    label: str
    value: str
    small: str | None = None


@attrs.frozen
class Verdict:
    """The verdict of one file in words.

    Attributes:
        key: ``PASSED``, ``INDETERMINATE``, ``FAILED``, or ``NONE`` when the file was not read.
        word: The verdict.
        meaning: What it means.
        reason: Why, when the meaning does not say so already.
        action: What to do.
        note: What nobody should overlook beside a PASSED: that only parts of the file are signed.
    """

    key: str
    word: str
    meaning: str
    reason: str | None
    action: str
    note: str | None = None


def verdict_of(report: Report | Unreadable, lang: str) -> Verdict:
    """Say the verdict.

    An INDETERMINATE one is said by its sub-indication. A PASSED one with warnings points to them, and under
    a rule that leaves the header of a message unproven it claims no more than the attachments. One under
    the rule ``element`` names the parts that are signed when nobody signed the whole.
    """
    key = "NONE" if isinstance(report, Unreadable) else report.conclusion.value
    reason = None if isinstance(report, Unreadable) else report.sub_indication
    if key == Conclusion.INDETERMINATE.value and reason is not None and has_word("undecided", reason.value):
        meaning, action = (word(one, reason.value, lang) for one in ("undecided", "undecided_action"))
        return Verdict(key, word("conclusion", key, lang), meaning, None, action)
    said = _passed_key(report) if isinstance(report, Report) and report.passed else key
    note = unsigned_rest(report, lang) if isinstance(report, Report) else None
    noted = note is not None or said == "PASSED_ATTACHMENTS"
    return Verdict(
        key,
        word("conclusion", "PASSED_NOTES" if noted else said, lang),
        word("meaning", said, lang),
        None if reason is None else word("sub_indication", reason.value, lang),
        word("action", "PASSED_PART" if note is not None and said != "PASSED_ATTACHMENTS" else said, lang),
        note,
    )


def _passed_key(report: Report) -> str:
    if report.acceptance in (Acceptance.ATTACHMENTS, Acceptance.REWRITTEN):
        return "PASSED_ATTACHMENTS"
    return "PASSED_NOTES" if _noted(report.all_findings()) else "PASSED"


def _noted(findings: tuple[Finding, ...]) -> bool:
    return any(one.severity is Severity.WARNING for one in findings)


def signature_word(signature: SignatureReport, lang: str) -> str:
    """Say the verdict of one signature."""
    key = signature.conclusion.value
    if signature.conclusion is Conclusion.PASSED and _noted(signature.findings):
        key = "PASSED_NOTES"
    return word("conclusion", key, lang)


def finding_key(finding: Finding, conclusion: Conclusion | None) -> str:
    """Give the key of a finding's label.

    ``missing`` stands for an error that only says that something is not at hand (``lack`` in its catalogue),
    under a verdict of the same signature or file that is INDETERMINATE. JSON keeps the severity.
    """
    known = entry(finding.code)
    lacks = known is not None and known.lack and finding.severity is Severity.ERROR
    return "missing" if lacks and conclusion is Conclusion.INDETERMINATE else finding.severity.value


def remedies(report: Report) -> tuple[Finding, ...]:
    """Give the findings that something should be done about: errors, and the notes of a file that PASSED."""
    wanted = Severity.WARNING if report.passed else Severity.ERROR
    return tuple(one for one in report.all_findings() if one.severity is wanted)


def no_signatures(report: Report, lang: str) -> str:
    """Say that there is no signature, or that nobody could look: a file that was not read may have some."""
    looked = report.sub_indication in (None, SubIndication.NO_SIGNATURE)
    return word("label", "no_signatures" if looked else "unread_signatures", lang)


def rules(report: Report, lang: str) -> Iterator[Fact]:
    """Give the rules that the conclusion was drawn by."""
    if report.policy:
        yield Fact(word("label", "policy", lang), plain(report.policy))
    if report.acceptance:
        yield Fact(word("label", "acceptance", lang), word("acceptance", report.acceptance.value, lang))
    if report.revocation:
        yield Fact(word("label", "revocation", lang), plain(word("revocation", report.revocation, lang)))
    if report.covers:
        yield Fact(word("label", "coverage", lang), plain(word("coverage", report.covers, lang)))
    if report.checked_at:
        yield Fact(word("label", "checked_at", lang), moment(report.checked_at, lang))


def file_facts(report: Report, lang: str) -> Iterator[Fact]:
    """Give what is known of the file."""
    octets = "" if report.size is None else f", {report.size} {word('label', 'octets', lang)}"
    yield Fact(word("label", "file", lang), word("kind", report.kind.value, lang) + octets)
    if report.digest:
        yield Fact(word("label", "digest", lang), plain(report.digest))


def signature_facts(signature: SignatureReport, lang: str) -> Iterator[Fact]:
    """Give what is known of a signature; a broken one has no level."""
    yield Fact(word("label", "signs", lang), signs_text(signature, lang))
    if signature.signing_time is not None:
        source = word("time_source", signature.time_source.value, lang) if signature.time_source else ""
        when = moment(signature.signing_time, lang)
        yield Fact(word("label", "time", lang), f"{when} ({source})" if source else when)
    if signature.signer is not None:
        yield _name("signer", signature.signer.subject, lang)
        yield _name("issuer", signature.signer.issuer, lang)
        yield Fact(word("label", "serial", lang), plain(signature.signer.serial))
        if signature.signer.role is not None:
            yield Fact(word("label", "role", lang), word("role", signature.signer.role.value, lang))
        if signature.signer.organ_id is not None:
            yield Fact(word("label", "organ_id", lang), plain(signature.signer.organ_id))
    yield Fact(word("label", "format", lang), word("format", signature.format.value, lang))
    if signature.level is not None and signature.conclusion is not Conclusion.FAILED:
        yield Fact(word("label", "level", lang), word("level", signature.level.value, lang))


def _name(label: str, name: str, lang: str) -> Fact:
    shown = plain(readable_name(name))
    return Fact(word("label", label, lang), shown, plain(name) if shown != plain(name) else None)


def signer_name(signature: SignatureReport, lang: str) -> str:
    """Give the name that people know the signer by."""
    if signature.signer is None:
        return word("label", "no_signer", lang)
    return f"“{plain(common_name(signature.signer.subject))}”"
