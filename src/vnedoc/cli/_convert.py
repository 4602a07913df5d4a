"""``convert`` and ``explain``: one dialect into another, and what a code or a rule means."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import limits_of, output_of
from vnedoc.directory import FileDirectory
from vnedoc.edxml import convert as convert_message
from vnedoc.edxml import rules
from vnedoc.report import codes, explains, findings_to_text
from vnedoc.report import explain as explain_code
from vnedoc.workflow import as_wire

_LOSSES = frozenset({"VND-EDX-014", "VND-EDX-017", "VND-EDX-028"})
_LANGUAGES = ("vi", "en")


def convert(options: argparse.Namespace, console: Console) -> int:
    """Write a message in another dialect; 1 and no file when it would lose something, unless asked to."""
    out = output_of(options)
    mode = "lenient" if options.lenient else "strict"
    limits = limits_of(options)
    directory = None if options.directory is None else FileDirectory.open(options.directory, limits=limits)
    converted = convert_message(
        as_wire(Path(options.file)), options.to, mode=mode, limits=limits, directory=directory
    )
    told = (*converted.findings, *converted.lost)
    if told:
        console.note(findings_to_text(told, options.lang).rstrip("\n"))
    console.note(f"{converted.source} -> {converted.target}")
    if any(one.code in _LOSSES for one in converted.lost) and not options.lossy:
        console.note("Không ghi tệp vì sẽ mất thông tin (dùng --lossy nếu vẫn muốn ghi).")
        console.note("Nothing was written, since something would be lost (--lossy writes it all the same).")
        return 1
    console.note(str(converted.wire.save(out)))
    return 0


def explain(options: argparse.Namespace, console: Console) -> int:
    """Say what a code means, and which rules report it; a rule's identifier is taken too.

    Any other text lists the codes and rules that have it in their name.
    """
    asked = options.code.strip()
    wanted = asked.upper()
    named = [one for one in rules() if wanted in (one.id.upper(), one.code)]
    code = named[0].code if named else wanted
    if not named and not explains(code):
        return _list_matches(asked, options, console)
    texts = {lang: explain_code(code, lang) for lang in _LANGUAGES}
    if options.format == "json":
        row = {
            "schema": "vnedoc-explain/1",
            "code": code,
            "texts": {
                lang: {"checked": one.checked, "seen": one.seen, "next": one.next}
                for lang, one in texts.items()
            },
            "rules": [
                {
                    "id": one.id,
                    "severity": one.severity.value,
                    "source": one.source,
                    "certainty": one.certainty,
                    "element": one.element,
                    "field": one.field,
                }
                for one in named
            ],
        }
        console.data(json.dumps(row, ensure_ascii=False, indent=2))
        return 0
    console.say(code)
    for lang, one in texts.items():
        console.say(f"  [{lang}] {one.checked}")
        console.say(f"       {one.seen}")
        console.say(f"       {one.next}")
    for rule in named:
        console.say(f"  {rule.id} ({rule.severity.value}): {rule.source} [{rule.certainty}]")
    return 0


def _list_matches(asked: str, options: argparse.Namespace, console: Console) -> int:
    wanted = asked.upper()
    found = [one for one in rules() if wanted and wanted in one.id.upper()]
    named = [code for code in codes() if wanted and wanted in code]
    if not (found or named):
        explain_code(asked)  # raises: it does not know that either
    if options.format == "json":
        row = {
            "schema": "vnedoc-explain-matches/1",
            "asked": asked,
            "codes": named,
            "rules": [{"id": one.id, "code": one.code} for one in found],
        }
        console.data(json.dumps(row, ensure_ascii=False, indent=2))
        return 0
    for code in named:
        console.say(code)
        for lang in _LANGUAGES:
            console.say(f"  [{lang}] {explain_code(code, lang).checked}")
    for rule in found:
        console.say(f"{rule.id} ({rule.severity.value}): {rule.code}")
    return 0
