"""Reports as plain text: the verdict first, then who signed what, then each finding with what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Finding, Report, SignatureReport
from vnedoc.report._catalogue import language, word
from vnedoc.report._json import Checked, Inspected, Unreadable
from vnedoc.report._render import common_name, moment, plain, render_error, render_finding, value_text


def to_text(reports: Sequence[Report | Unreadable], lang: str = "en") -> str:
    """Give the reports one after the other, and a line for each at the end when there are several.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    blocks = ["\n".join(_block(one, lang)) for one in reports]
    if len(reports) > 1:
        blocks.append(
            "\n".join([word("label", "summary", lang), *(f"  {_headline(one, lang)}" for one in reports)])
        )
    return "\n\n".join(blocks) + "\n"


def findings_to_text(findings: Sequence[Finding], lang: str = "en") -> str:
    """Give findings one after the other; an empty text for none.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    return "".join(line + "\n" for one in findings for line in _finding(one, lang))


def check_to_text(rows: Sequence[Checked | Unreadable], lang: str = "en") -> str:
    """Give the rows of ``check`` one after the other.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    return "".join(line + "\n" for row in rows for line in _checked(row, lang))


def inspect_to_text(rows: Sequence[Inspected | Unreadable], lang: str = "en") -> str:
    """Give the rows of ``inspect`` one after the other.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    return "".join(line + "\n" for row in rows for line in _inspected(row, lang))


def conclusion_key(report: Report | Unreadable) -> str:
    """Give the key of the verdict's words."""
    return "NONE" if isinstance(report, Unreadable) else report.conclusion.value


def where_text(where: str, lang: str) -> str:
    """Say what a signature signs: the document, the envelope or an attachment."""
    if where.startswith("attachment:"):
        return f"{word('where', 'attachment', lang)} {plain(where.removeprefix('attachment:'))}"
    return plain(word("where", where, lang))


def _headline(report: Report | Unreadable, lang: str) -> str:
    verdict = word("conclusion", conclusion_key(report), lang)
    reason = (
        "" if isinstance(report, Unreadable) or not report.sub_indication else report.sub_indication.value
    )
    name = plain(report.file) if report.file else word("label", "file", lang)
    return f"{name}: {verdict}" + (f" ({reason})" if reason else "")


def _block(report: Report | Unreadable, lang: str) -> Iterator[str]:
    key = conclusion_key(report)
    yield _headline(report, lang)
    yield f"  {word('meaning', key, lang)}"
    if isinstance(report, Unreadable):
        yield from (f"  {line}" for line in _error(report.error, lang))
        return
    if report.sub_indication is not None:
        reason = word("sub_indication", report.sub_indication.value, lang)
        yield f"  {word('label', 'reason', lang)}: {reason}"
    yield f"  {word('label', 'what_next', lang)}: {word('action', key, lang)}"
    for label, value in file_facts(report, lang):
        yield f"  {label}: {value}"
    if not report.signatures:
        yield f"  {word('label', 'no_signatures', lang)}"
    for number, signature in enumerate(report.signatures, 1):
        yield ""
        yield from _signature(number, signature, lang)
    if report.findings:
        yield ""
        yield f"  {word('label', 'file_findings', lang)}"
        for one in report.findings:
            yield from (f"    {line}" for line in _finding(one, lang))


def file_facts(report: Report, lang: str) -> Iterator[tuple[str, str]]:
    """Give what is known of the file and the judgement, label and value."""
    octets = "" if report.size is None else f", {report.size} {word('label', 'octets', lang)}"
    yield word("label", "file", lang), word("kind", report.kind.value, lang) + octets
    if report.digest:
        yield word("label", "digest", lang), plain(report.digest)
    if report.policy:
        yield word("label", "policy", lang), plain(report.policy)
    if report.checked_at:
        yield word("label", "checked_at", lang), moment(report.checked_at, lang)


def signature_facts(signature: SignatureReport, lang: str) -> Iterator[tuple[str, str]]:
    """Give what is known of a signature, label and value."""
    yield word("label", "signs", lang), where_text(signature.where, lang)
    if signature.signing_time is not None:
        source = word("time_source", signature.time_source.value, lang) if signature.time_source else ""
        when = moment(signature.signing_time, lang)
        yield word("label", "time", lang), f"{when} ({source})" if source else when
    if signature.signer is not None:
        yield word("label", "signer", lang), plain(signature.signer.subject)
        yield word("label", "issuer", lang), plain(signature.signer.issuer)
        yield word("label", "serial", lang), plain(signature.signer.serial)
        if signature.signer.role is not None:
            yield word("label", "role", lang), word("role", signature.signer.role.value, lang)
        if signature.signer.organ_id is not None:
            yield word("label", "organ_id", lang), plain(signature.signer.organ_id)
    yield word("label", "format", lang), word("format", signature.format.value, lang)
    if signature.level is not None:
        yield word("label", "level", lang), word("level", signature.level.value, lang)


def signer_name(signature: SignatureReport, lang: str) -> str:
    """Give the name that people know the signer by."""
    if signature.signer is None:
        return word("label", "no_signer", lang)
    return f"“{plain(common_name(signature.signer.subject))}”"


def _signature(number: int, signature: SignatureReport, lang: str) -> Iterator[str]:
    verdict = word("conclusion", signature.conclusion.value, lang)
    reason = f" ({signature.sub_indication.value})" if signature.sub_indication else ""
    name = signer_name(signature, lang)
    if signature.signer is not None and signature.conclusion is not Conclusion.PASSED:
        name += f" ({word('label', 'unproven', lang)})"
    yield f"  {word('label', 'signature', lang)} {number}: {name}: {verdict}{reason}"
    if signature.sub_indication is not None:
        reason = word("sub_indication", signature.sub_indication.value, lang)
        yield f"    {word('label', 'reason', lang)}: {reason}"
    for label, value in signature_facts(signature, lang):
        yield f"    {label}: {value}"
    yield f"    {word('label', 'covers', lang)}:"
    if not signature.covers:
        yield f"      {word('label', 'covers_nothing', lang)}"
    for one in signature.covers:
        octets = None if one.octets is None else f"{one.octets} {word('label', 'octets', lang)}"
        parts = (one.node, one.location, octets, one.digest)
        yield "      " + ", ".join(plain(part) for part in parts if part)
    for finding in signature.findings:
        yield from (f"    {line}" for line in _finding(finding, lang))


def _checked(row: Checked | Unreadable, lang: str) -> Iterator[str]:
    if isinstance(row, Unreadable):
        yield from _unread(row, lang)
        return
    none = "" if row.findings else f". {word('label', 'no_findings', lang)}"
    yield f"{plain(row.file)}: {word('kind', row.kind.value, lang)}{none}"
    for one in row.findings:
        yield from (f"  {line}" for line in _finding(one, lang))


def _inspected(row: Inspected | Unreadable, lang: str) -> Iterator[str]:
    if isinstance(row, Unreadable):
        yield from _unread(row, lang)
        return
    octets = "" if row.size is None else f", {row.size} {word('label', 'octets', lang)}"
    yield f"{plain(row.file)}: {word('kind', row.kind.value, lang)}{octets}"
    if row.digest:
        yield f"  {word('label', 'digest', lang)}: {plain(row.digest)}"
    for name, value in (row.message or {}).items():
        if name != "attachments" and value not in (None, "", [], {}, ()):
            yield f"  {plain(name)}: {value_text(value, lang)}"
    for one in row.attachments:
        packed = "zip" if one.packed else None
        size = None if one.octets is None else f"{one.octets} {word('label', 'octets', lang)}"
        about = ", ".join(
            plain(part) for part in (one.actual_type or one.declared_type, packed, size) if part
        )
        yield f"  {where_text('attachment:' + one.content_id, lang)}: “{plain(one.name)}” ({about})"
    if not row.signatures_present:
        yield f"  {word('label', 'no_signatures', lang)}"
    for signature in row.signatures_present:
        where = where_text(signature.where, lang)
        yield f"  {word('label', 'unjudged', lang)}: {plain(signature.kind)}, {where}"
    for finding in row.findings:
        yield from (f"  {line}" for line in _finding(finding, lang))
    if row.error is not None:
        yield from (f"  {line}" for line in _error(row.error, lang))


def _unread(row: Unreadable, lang: str) -> Iterator[str]:
    yield f"{plain(row.file)}: {word('conclusion', 'NONE', lang)}"
    yield from (f"  {line}" for line in _error(row.error, lang))


def _error(error: VnedocError, lang: str) -> Iterator[str]:
    text = render_error(error, lang)
    yield f"{plain(error.code)}  {text.seen}"
    yield f"  {word('label', 'next', lang)}: {text.next}"


def _finding(finding: Finding, lang: str) -> Iterator[str]:
    text = render_finding(finding, lang)
    yield f"[{word('severity', finding.severity.value, lang)}] {plain(finding.code)}  {text.seen}"
    if finding.location:
        yield f"    {word('label', 'at', lang)}: {plain(finding.location)}"
    yield f"    {word('label', 'checked', lang)}: {text.checked}"
    yield f"    {word('label', 'next', lang)}: {text.next}"
