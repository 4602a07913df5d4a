"""Reports as plain text: the verdict first, then who signed what, then each finding with what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Finding, Report, Severity, SignatureReport
from vnedoc.report._catalogue import language, word
from vnedoc.report._coverage import Piece, data_and_own, lacking, piece_text, place_text, where_text
from vnedoc.report._json import Checked, Inspected, Unreadable
from vnedoc.report._render import plain, render_error, render_finding, value_text
from vnedoc.report._verdict import (
    Fact,
    file_facts,
    finding_key,
    no_signatures,
    rules,
    signature_facts,
    signature_word,
    signer_name,
    verdict_of,
)


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


def _headline(report: Report | Unreadable, lang: str) -> str:
    verdict = verdict_of(report, lang).word
    reason = (
        "" if isinstance(report, Unreadable) or not report.sub_indication else report.sub_indication.value
    )
    name = plain(report.file) if report.file else word("label", "file", lang)
    return f"{name}: {verdict}" + (f" ({reason})" if reason else "")


def _block(report: Report | Unreadable, lang: str) -> Iterator[str]:
    verdict = verdict_of(report, lang)
    yield _headline(report, lang)
    yield f"  {verdict.meaning}"
    if verdict.note is not None:
        yield f"  {verdict.note}"
    if isinstance(report, Unreadable):
        yield from (f"  {line}" for line in _error(report.error, lang))
        return
    if verdict.reason is not None:
        yield f"  {word('label', 'reason', lang)}: {verdict.reason}"
    yield f"  {word('label', 'what_next', lang)}: {verdict.action}"
    yield from (
        f"  {line}" for one in (*rules(report, lang), *file_facts(report, lang)) for line in _fact(one)
    )
    if not report.signatures:
        yield f"  {no_signatures(report, lang)}"
    for number, signature in enumerate(report.signatures, 1):
        yield ""
        yield from _signature(number, signature, lang)
    if report.findings:
        yield ""
        yield f"  {word('label', 'file_findings', lang)}"
        for one in report.findings:
            yield from (f"    {line}" for line in _finding(one, lang, report.conclusion))


def _fact(fact: Fact) -> Iterator[str]:
    yield f"{fact.label}: {fact.value}"
    if fact.small is not None:
        yield f"  ({fact.small})"


def _signature(number: int, signature: SignatureReport, lang: str) -> Iterator[str]:
    reason = f" ({signature.sub_indication.value})" if signature.sub_indication else ""
    name = signer_name(signature, lang)
    if signature.signer is not None and signature.conclusion is not Conclusion.PASSED:
        name += f" ({word('label', 'unproven', lang)})"
    yield f"  {word('label', 'signature', lang)} {number}: {name}: {signature_word(signature, lang)}{reason}"
    if signature.sub_indication is not None:
        reason = word("sub_indication", signature.sub_indication.value, lang)
        yield f"    {word('label', 'reason', lang)}: {reason}"
    yield from (f"    {line}" for one in signature_facts(signature, lang) for line in _fact(one))
    yield from (f"    {line}" for line in _covers(signature, lang))
    for finding in signature.findings:
        yield from (f"    {line}" for line in _finding(finding, lang, signature.conclusion))


def _covers(signature: SignatureReport, lang: str) -> Iterator[str]:
    """Give what is signed, then what should be and is not, then what the signature holds of its own."""
    data, own = data_and_own(signature)
    missed = lacking(signature)
    yield f"{word('label', 'covers', lang)}:"
    if not (data or missed):
        yield f"  {word('label', 'covers_nothing', lang)}"
    yield from (f"  {_piece(one, lang)}" for one in data)
    for lack in missed:
        yield f"  {plain(lack.node)}: {word('covered', lack.key, lang)}"
    if own:
        yield f"{word('covered', 'own', lang)}:"
        yield from (f"  {_piece(one, lang)}" for one in own)


def _piece(piece: Piece, lang: str) -> str:
    one = piece.covered
    octets = None if one.octets is None else f"{one.octets} {word('label', 'octets', lang)}"
    return ", ".join(
        (piece_text(piece, lang), *(plain(part) for part in (one.location, octets, one.digest) if part))
    )


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
    if row.dialect:
        yield f"  {word('label', 'dialect', lang)}: {row.dialect}"
    if row.message is not None:
        yield from (f"  {line}" for line in _message(row.message, lang))
    for one in row.attachments:
        packed = "zip" if one.packed else None
        size = None if one.octets is None else f"{one.octets} {word('label', 'octets', lang)}"
        about = ", ".join(
            plain(part) for part in (one.actual_type or one.declared_type, packed, size) if part
        )
        yield f"  {where_text('attachment:' + one.content_id, lang)}: “{plain(one.name)}” ({about})"
    if not row.signatures_present:
        yield f"  {word('label', 'unread_signatures' if _stopped(row) else 'no_signatures', lang)}"
    for signature in row.signatures_present:
        where = place_text(signature.where, lang)
        named = f", Id “{plain(signature.xml_id)}”" if signature.xml_id else ""
        yield f"  {word('label', 'unjudged', lang)}: {plain(signature.kind)}, {where}{named}"
    for finding in row.findings:
        yield from (f"  {line}" for line in _finding(finding, lang))
    if row.error is not None:
        yield from (f"  {line}" for line in _error(row.error, lang))


def _stopped(row: Inspected) -> bool:
    """Tell whether reading stopped, so that nobody could look for signatures."""
    broken = any(one.severity is Severity.ERROR for one in row.findings)
    return row.error is not None or (row.message is None and broken)


def _message(message: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Give the fields of a message that say something, each under its name."""
    for name, value in message.items():
        if name == "code" and isinstance(value, str):
            name = "status"  # noqa: PLW2901 - the code of a status message, not number and notation
        if name != "attachments":
            yield from _field(name, value, lang)


def _field(name: str, value: Any, lang: str) -> Iterator[str]:
    label = plain(word("field", name, lang))
    if value in (None, "", [], {}, ()):
        return
    if isinstance(value, Mapping):
        inner = [line for key, one in value.items() for line in _field(str(key), one, lang)]
        if inner:
            yield f"{label}:"
            yield from (f"  {line}" for line in inner)
    elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(value[0], Mapping):
        for one in value:
            yield from _field(name, one, lang)
    else:
        yield f"{label}: {value_text(value, lang, name=name)}"


def _unread(row: Unreadable, lang: str) -> Iterator[str]:
    yield f"{plain(row.file)}: {word('conclusion', 'NONE', lang)}"
    yield from (f"  {line}" for line in _error(row.error, lang))


def _error(error: VnedocError, lang: str) -> Iterator[str]:
    text = render_error(error, lang)
    yield f"{plain(error.code)}  {text.seen}"
    yield f"  {word('label', 'next', lang)}: {text.next}"


def _position(finding: Finding, lang: str) -> str:
    """Say line and column, where a finding knows them."""
    line, column = finding.facts.get("line"), finding.facts.get("column")
    if not (isinstance(line, int) and isinstance(column, int)):
        return ""
    text = word("label", "position", lang)
    return f" ({text.replace('{line}', str(line)).replace('{column}', str(column))})"


def _finding(finding: Finding, lang: str, conclusion: Conclusion | None = None) -> Iterator[str]:
    text = render_finding(finding, lang)
    label = word("severity", finding_key(finding, conclusion), lang)
    yield f"[{label}] {plain(finding.code)}  {text.seen}"
    if finding.location:
        where = where_text(finding.location, lang) + _position(finding, lang)
        yield f"    {word('label', 'at', lang)}: {where}"
    yield f"    {word('label', 'checked', lang)}: {text.checked}"
    yield f"    {word('label', 'next', lang)}: {text.next}"
