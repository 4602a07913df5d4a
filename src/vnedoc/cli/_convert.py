"""``convert`` and ``explain``: one dialect into another, and what a code or a rule means."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import limits_of, output_of
from vnedoc.edxml import convert as convert_message
from vnedoc.edxml import rules
from vnedoc.report import explain as explain_code
from vnedoc.report import findings_to_text
from vnedoc.workflow import as_wire

_LOSS = "VND-EDX-014"
_LANGUAGES = ("vi", "en")


def convert(options: argparse.Namespace, console: Console) -> int:
    """Write a message in another dialect; 1 and no file when it would lose something, unless asked to."""
    out = output_of(options)
    mode = "lenient" if options.lenient else "strict"
    converted = convert_message(as_wire(Path(options.file)), options.to, mode=mode, limits=limits_of(options))
    told = (*converted.findings, *converted.lost)
    if told:
        console.note(findings_to_text(told, options.lang).rstrip("\n"))
    console.note(f"{converted.source} -> {converted.target}")
    if any(one.code == _LOSS for one in converted.lost) and not options.lossy:
        console.note("Không ghi tệp vì sẽ mất thông tin (dùng --lossy nếu vẫn muốn ghi).")
        console.note("Nothing was written, since something would be lost (--lossy writes it all the same).")
        return 1
    console.note(str(converted.wire.save(out)))
    return 0


def explain(options: argparse.Namespace, console: Console) -> int:
    """Say what a code means, and which rules report it; a rule's identifier is taken too."""
    asked = options.code.strip()
    named = [one for one in rules() if asked == one.id or asked.upper() == one.code]
    code = named[0].code if named else asked.upper()
    texts = {lang: explain_code(code, lang) for lang in _LANGUAGES}  # refuses what it does not know
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
