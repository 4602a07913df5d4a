"""Reports as one page that stands alone: no script, nothing fetched, for paper and for dark screens."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources

from vnedoc.model import Conclusion, Finding, Report, Severity, SignatureReport
from vnedoc.report._catalogue import language, word
from vnedoc.report._coverage import Part, Piece, data_and_own, lacking, piece_text, where_text
from vnedoc.report._json import Unreadable
from vnedoc.report._render import plain, render_error, render_finding
from vnedoc.report._verdict import (
    Fact,
    Verdict,
    file_facts,
    finding_key,
    no_signatures,
    remedies,
    rules,
    signature_facts,
    signature_word,
    signer_name,
    verdict_of,
)

# Drawn, not typed: a font may lack the signs, and colour alone does not speak to everybody.
_SIGNS = {
    "PASSED": '<path d="M13 25l8 8 15-17"/>',
    "INDETERMINATE": '<path d="M18 19a6 6 0 1 1 8.5 5.5c-1.8.8-2.5 2-2.5 4M24 34.5v.5"/>',
    "FAILED": '<path d="M16 16l16 16M32 16L16 32"/>',
    "NONE": '<path d="M15 24h18"/>',
}

# Steps of a path that are shown; of a longer one the last two.
_LONGEST_PATH = 3


@functools.cache
def _style() -> tuple[str, str]:
    """Give the style sheet, and its hash for the content security policy."""
    text = resources.files("vnedoc.report").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return text, f"sha256-{digest}"


def to_html(reports: Sequence[Report | Unreadable], lang: str = "en") -> str:
    """Give one page for one or several files. Write it as UTF-8.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    style, digest = _style()
    title = escape(word("label", "title", lang))
    policy = f"default-src 'none'; style-src '{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(line for one in reports for line in _article(one, lang))
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="{policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1></header>
<main>
{body}
</main>
<footer><p>{escape(word("label", "footer", lang))}</p></footer>
</body>
</html>
"""


def _article(report: Report | Unreadable, lang: str) -> Iterator[str]:
    verdict = verdict_of(report, lang)
    yield "<article>"
    yield from _verdict(report, verdict)
    if isinstance(report, Unreadable):
        text = render_error(report.error, lang)
        yield f"<section>{_p('seen', text.seen)}{_p('next', text.next)}"
        yield f"<p class='small'>{_code(report.error.code)}</p></section>"
    else:
        yield from _todo(report, verdict, lang)
        yield from _section("rules", rules(report, lang), lang)
        yield from _signatures(report, lang)
        if report.findings:
            yield f"<section><h2>{_label('file_findings', lang)}</h2>"
            yield from _findings(report.findings, report.conclusion, lang)
            yield "</section>"
        yield from _section("details", file_facts(report, lang), lang)
    yield "</article>"


def _section(title: str, facts: Iterator[Fact], lang: str) -> Iterator[str]:
    shown = list(facts)
    if shown:
        yield f"<section><h2>{_label(title, lang)}</h2>{_facts(shown)}</section>"


def _verdict(report: Report | Unreadable, verdict: Verdict) -> Iterator[str]:
    yield f"<div class='verdict {verdict.key}'>"
    yield (
        "<svg viewBox='0 0 48 48' fill='none' stroke='currentColor' stroke-width='4' stroke-linecap='round'"
        " stroke-linejoin='round' aria-hidden='true'><circle cx='24' cy='24' r='21'/>"
        f"{_SIGNS[verdict.key]}</svg>"
    )
    yield "<div>"
    if report.file:
        yield _p("name", plain(report.file))
    yield _p("word", verdict.word)
    reason = report.sub_indication if isinstance(report, Report) else None
    code = "" if reason is None else f" {_code(reason.value)}"
    if verdict.reason is None:
        yield _p("meaning", verdict.meaning, code)
    else:
        yield _p("meaning", verdict.meaning)
        yield _p("reason", verdict.reason, code)
    if verdict.note is not None:
        yield _p("note", verdict.note)
    yield "</div></div>"


def _todo(report: Report, verdict: Verdict, lang: str) -> Iterator[str]:
    """Say what to do: the verdict's own advice, then each remedy once."""
    steps = dict.fromkeys(render_finding(one, lang).next for one in remedies(report))
    steps.pop(verdict.action, None)
    yield f"<section><h2>{_label('what_next', lang)}</h2>"
    yield _p("next", verdict.action)
    if steps:
        yield "<ol class='todo'>" + "".join(f"<li>{escape(step)}</li>" for step in steps) + "</ol>"
    yield "</section>"


def _signatures(report: Report, lang: str) -> Iterator[str]:
    yield f"<section><h2>{_label('signatures', lang)}</h2>"
    if not report.signatures:
        yield _p("next", no_signatures(report, lang))
    for one in report.signatures:
        yield from _signature(one, lang)
    yield "</section>"


def _signature(signature: SignatureReport, lang: str) -> Iterator[str]:
    key = signature.conclusion.value
    yield f"<div class='signature'><div class='top'><h3>{escape(signer_name(signature, lang))}"
    if signature.signer is not None and signature.conclusion is not Conclusion.PASSED:
        yield f" <span class='unproven'>({_label('unproven', lang)})</span>"
    yield "</h3>"
    yield f"<span class='badge {key}'>{escape(signature_word(signature, lang))}</span></div>"
    yield "<div class='body'>"
    if signature.sub_indication is not None:
        reason = signature.sub_indication.value
        yield _p("seen", word("sub_indication", reason, lang), f" {_code(reason)}")
    yield _facts(list(signature_facts(signature, lang)))
    yield from _covers(signature, lang)
    if signature.findings:
        yield f"<h4>{_label('findings', lang)}</h4>"
        yield from _findings(signature.findings, signature.conclusion, lang)
    yield "</div></div>"


def _covers(signature: SignatureReport, lang: str) -> Iterator[str]:
    """Give what is signed, then what should be and is not, and fold what the signature holds of its own."""
    data, own = data_and_own(signature)
    missed = lacking(signature)
    yield f"<h4>{_label('covers', lang)}</h4>"
    if data or missed:
        pieces = [_piece(one, lang) for one in data]
        pieces += [
            f"<li class='error'>{_code(one.node)}: {escape(word('covered', one.key, lang))}</li>"
            for one in missed
        ]
        yield f"<ul class='covers'>{''.join(pieces)}</ul>"
    else:
        yield f"<p class='next'>{_label('covers_nothing', lang)}</p>"
    if own:
        yield f"<details><summary>{escape(word('covered', 'own', lang))}</summary><ul class='covers'>"
        yield "".join(_piece(one, lang) for one in own) + "</ul></details>"


def _piece(piece: Piece, lang: str) -> str:
    """Give one piece: data by its whole path, what is the signature's own by the end of it."""
    one = piece.covered
    name = _path(one.node) if piece.part is Part.OWN else _shown(one.node, piece_text(piece, lang))
    size = None if one.octets is None else f"{one.octets} {word('label', 'octets', lang)}"
    small = [_code(one.location), escape(size or ""), _code(one.digest)]
    told = " · ".join(part for part in small if part)
    return f"<li>{name}" + (f"<p class='small'>{told}</p>" if told else "") + "</li>"


def _path(path: str) -> str:
    """Give the last two steps of a long path, and the whole of it to whoever points at it."""
    steps = plain(path).split("/")
    if not path.startswith("/") or len(steps) <= _LONGEST_PATH + 1:
        return _code(path)
    return f"<code title='{escape(plain(path))}'>…/{escape('/'.join(steps[-2:]))}</code>"


def _shown(raw: str, words: str) -> str:
    """Give the words for it, or itself as code when there are none."""
    return _code(raw) if words == plain(raw) else escape(words)


def _findings(findings: Sequence[Finding], conclusion: Conclusion, lang: str) -> Iterator[str]:
    """Give the findings; those that are only good to know stand folded after the others."""
    notes = [one for one in findings if one.severity is Severity.INFO]
    others = [one for one in findings if one.severity is not Severity.INFO]
    if others:
        yield from _list(others, conclusion, lang)
    if notes:
        yield f"<details><summary>{_label('notes', lang)} ({len(notes)})</summary>"
        yield from _list(notes, conclusion, lang)
        yield "</details>"


def _list(findings: Sequence[Finding], conclusion: Conclusion, lang: str) -> Iterator[str]:
    yield "<ul class='findings'>"
    for one in findings:
        text = render_finding(one, lang)
        severity = finding_key(one, conclusion)
        small = [escape(word("severity", severity, lang)), _code(one.code)]
        if one.location:
            words = where_text(one.location, lang)
            where = _path(one.location) if words == plain(one.location) else escape(words)
            small.append(f"{_label('at', lang)} {where}")
        small.append(f"{_label('checked', lang)}: {escape(text.checked)}")
        yield f"<li class='{severity}'>{_p('seen', text.seen)}{_p('next', text.next)}"
        yield f"<p class='small'>{' · '.join(small)}</p></li>"
    yield "</ul>"


def _facts(facts: Sequence[Fact]) -> str:
    rows = (
        f"<dt>{escape(one.label)}</dt><dd>{escape(one.value)}"
        + ("" if one.small is None else f"<span class='full'>{escape(one.small)}</span>")
        + "</dd>"
        for one in facts
    )
    return f"<dl>{''.join(rows)}</dl>"


def _p(kind: str, text: str, markup: str = "") -> str:
    return f"<p class='{kind}'>{escape(text)}{markup}</p>"


def _code(text: str | None) -> str:
    return f"<code>{escape(plain(text))}</code>" if text else ""


def _label(key: str, lang: str) -> str:
    return escape(word("label", key, lang))
