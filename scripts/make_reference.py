"""Write the pages of the reference that are made from the code: error codes, limits, schemas, commands.

Run ``python scripts/make_reference.py`` after changing a catalogue, ``Limits`` or a schema; with ``--check``
it only says whether a page is out of date. A test holds the pages and the code together.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
from reference_lists import lists_page
from reference_wire import wire_page
from state_diagram import drawings, states_page

from vnedoc.cli._parser import build_parser
from vnedoc.edxml import envelope_schema, rules, rules_to_json
from vnedoc.model import Limits
from vnedoc.report import codes, explain, schema

DOCS = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by scripts/make_reference.py: change the code, not this page. -->"
ROOMS = {
    "MODEL": "Values",
    "IO": "Files",
    "EXTRA": "Optional parts",
    "NET": "Fetching from the network",
    "XML": "XML",
    "DSIG": "XML signatures",
    "TRUST": "Certificates and trust",
    "EDX": "edXML messages",
    "SIGN": "Making signatures",
    "SIG": "Verifying, all formats",
    "PDF": "Verifying PDF",
    "POL": "Policies",
    "VER": "Reports",
    "TRN": "Transports",
    "EXC": "Outbox and inbox",
    "DIR": "Directory of agencies",
    "FLOW": "Acceptance and sealing",
    "CLI": "Command line",
    "INTERNAL": "vnedoc itself",
}
CLI_INTRO = """\
Results go to stdout, progress and errors to stderr. JSON and HTML are UTF-8 on any console. Secrets are never
an argument: they come from the environment variable that is named, or are asked for.

| Exit code | Meaning |
|---:|---|
| 0 | yes, or done |
| 1 | no: the verdict is FAILED, a rule is broken, the file is malformed |
| 2 | usage, input or output, or an error of vnedoc itself (`VND-INTERNAL`) |
| 3 | not decided: the verdict is INDETERMINATE |
| 130 | interrupted |

Over many files the worst wins, in the order 1, 2, 3."""
LIMITS_INTRO = """\
Bounds on what hostile input may cost: the fields of {class}`vnedoc.model.Limits`. An input above a bound is
FAILED with `FORMAT_FAILURE` and a finding that names the field. Raise a field only for a source that you
trust, in Python or in a policy file:

```python
from vnedoc.model import Limits

roomy = Limits(tree_bytes=64 * 1024 * 1024)
```

```toml
[limits]
tree_bytes = 67108864
```

`file_bytes` bounds every file. An edXML message above 1 MiB is read and judged with its attachments left in
the file: there `tree_bytes` counts what is left of the message without their contents, and `attachment_bytes`
and `total_bytes` decide. Any other XML file is in memory as a whole, so `tree_bytes` decides the largest:
32 MiB unless you raise it.
"""
JSON_INTRO = """\
Each command prints one array with one object per file, in the order the files were given. Every key is
always there: what is unknown is `null`, a list without members is `[]`. Keys are only ever added, so a reader
ignores keys that it does not know. The schemas (JSON Schema, draft 2020-12) are in the package:

```python
from vnedoc.report import schema

for name in ("vnedoc-report/1", "vnedoc-inspect/1", "vnedoc-check/1"):
    assert schema(name)["type"] == "array"
```

What goes *in* is `vnedoc-envelope/1`, at the end of this page."""
ENVELOPE = """\
## vnedoc-envelope/1

A document or status message as JSON, for `vnedoc seal` and for programs in other languages. Here a field
that is not written has its default, and one that does not exist is refused (`VND-EDX-062`). Dates and times
are ISO 8601, times with their offset. `path` leads to the attachment, relative to the JSON file and never out
of its folder.
The schema is {func}`vnedoc.edxml.envelope_schema`; {func}`vnedoc.edxml.from_json` reads such a file and
{func}`vnedoc.edxml.to_json` writes one. An `organ` is the code alone, or an object with `value`
and `aliases`.

```json
{
  "schema": "vnedoc-envelope/1",
  "sender": {
    "organ_id": "H99.1",
    "name": "Sở Thử nghiệm A",
    "in_charge": "UBND tỉnh Thí Điểm",
    "email": "vanthu@sta.example.vn"
  },
  "receivers": [
    {"organ_id": "H99.2", "name": "Sở Thử nghiệm B"}
  ],
  "document_id": "H99.1,2026/11/30,17/STNA-VP",
  "code": {"number": "17", "notation": "STNA-VP"},
  "place": "Thí Điểm",
  "date": "2026-11-30",
  "type": {"name": "Công văn", "type": 1, "detail": 0},
  "subject": "V/v gửi, nhận văn bản điện tử có ký số",
  "content": "Hướng dẫn gửi, nhận văn bản điện tử",
  "signer": {"competence": "KT. GIÁM ĐỐC", "position": "Phó Giám đốc", "full_name": "Nguyễn Văn An"},
  "due_date": "2026-12-15",
  "to_places": ["Như trên", "Lưu: VT"],
  "other": {"priority": "normal", "copies": 1, "pages": 2, "appendixes": ["Phụ lục I"]},
  "responses_for": [
    {
      "organ_id": "H99.2",
      "code": "05/STNB-VP",
      "date": "2026-11-02",
      "document_id": "H99.2,2026/11/02,05/STNB-VP"
    }
  ],
  "steering": "none",
  "traces": [
    {"organ_id": "H99.1", "timestamp": "2026-11-30T08:00:00+07:00"}
  ],
  "business": {"kind": "new", "staff": {"department": "Văn phòng", "staff": "Trần Thị Bình"}},
  "attachments": [
    {
      "path": "cong-van.pdf",
      "name": "Công văn 17.pdf",
      "content_type": "application/pdf",
      "description": "Văn bản chính"
    }
  ]
}
```"""


RULES_INTRO = """\
What `vnedoc check` and {func}`vnedoc.edxml.check` look at, and what must hold before a message is sealed.
Each finding has the rule's id as its fact `rule`, and `source`, `certainty` and `element` beside it.

| Letter | Meaning |
|---|---|
| `N` | missing, or filled with a stand-in |
| `R` | too long, or out of range |
| `T` | a form that is not allowed |
| `M` | two things that do not fit each other |

| Severity | Meaning |
|---|---|
| error | certain and a must: the message is not sealed |
| warning | likely, or certain in law and often broken by messages that are accepted all the same |
| info | unsure, or the rule of one province or system |

| Certainty | Meaning |
|---|---|
| certain | the text itself, or the bytes of real messages, were seen |
| likely | two or more independent implementations agree |
| unsure | one source, sources that disagree, or a local rule |

A rule for one edition runs when `dialect` names a dialect of that edition; one that needs `now` or
`directory` runs when they are given. An error stops sealing; it never stops reading.

The same table, with the words of each code in both languages, is {download}`rules.json`; programs get it from
{func}`vnedoc.edxml.rules_to_json`."""


def rules_page() -> Iterator[str]:
    """Every rule of a message, by the kind of message it is for."""
    yield "# Rules of a message"
    yield ""
    yield RULES_INTRO
    titles = {
        ("document",): "Documents",
        ("status",): "Status messages",
        ("document", "status"): "Every text of any message",
    }
    for messages, title in titles.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| Rule | Code | Severity | Certainty | Source | For |"
        yield "|---|---|---|---|---|---|"
        for one in rules():
            if one.messages == messages:
                more = [
                    *(f"edition {edition}" for edition in one.dialects or ()),
                    *(f"needs {name}" for name in one.needs),
                ]
                code = f"[{one.code}](#{one.code.lower()})"
                cells = (f"`{one.id}`", code, one.severity.value, one.certainty, one.source, ", ".join(more))
                yield f"| {' | '.join(cells)} |"


def rules_json() -> str:
    """Give the table of rules with what each code says in both languages."""
    table = rules_to_json()
    for row in table["rules"]:
        for lang in ("vi", "en"):
            row[lang] = attrs.asdict(explain(row["code"], lang))
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


def codes_page() -> Iterator[str]:
    """Every code in both languages, with an anchor of its own."""
    yield "# Error and finding codes"
    yield ""
    yield "A code never changes its meaning and is never used again. Words in angle brackets are facts of the"
    yield "finding."
    for room, group in groupby(codes(), key=lambda code: code.split("-")[1]):
        yield ""
        yield f"## {ROOMS[room]}"
        for code in group:
            yield ""
            yield f"({code.lower()})="
            yield f"### {code}"
            for lang, labels in (
                ("vi", ("Đã kiểm tra", "Thấy", "Cách xử lý")),
                ("en", ("Checked", "Seen", "Next")),
            ):
                text = explain(code, lang)
                yield ""
                for label, part in zip(labels, (text.checked, text.seen, text.next), strict=True):
                    yield f"- **{label}:** {_plain(part)}"


def _plain(text: str) -> str:
    """Keep Markdown from reading anything into a message."""
    return "".join("\\" + one if one in "\\`*_{}[]<>#|$@" else one for one in text)


def limits_page() -> Iterator[str]:
    """Every field of Limits with its default."""
    yield "# Limits"
    yield ""
    yield LIMITS_INTRO
    yield "| Field | Default |"
    yield "|---|---:|"
    for field in attrs.fields(Limits):
        yield f"| `{field.name}` | {field.default:,} |"


def schema_page() -> Iterator[str]:
    """The JSON that the commands print."""
    yield "# JSON output"
    yield ""
    yield JSON_INTRO
    for name, command in (("report", "verify"), ("inspect", "inspect"), ("check", "check")):
        whole = schema(f"vnedoc-{name}/1")
        yield ""
        yield f"## vnedoc-{name}/1"
        yield ""
        yield f"Printed by `vnedoc {command} --format json`."
        for part, definition in whole["$defs"].items():
            if "properties" in definition:
                yield ""
                yield (
                    f"### {part} of vnedoc-{name}/1" if part != "row" else f"### One file of vnedoc-{name}/1"
                )
                yield ""
                yield "| Key | Value |"
                yield "|---|---|"
                for key, value in definition["properties"].items():
                    yield f"| `{key}` | {_value(value)} |"

    yield ""
    yield ENVELOPE
    whole = envelope_schema()
    for part, definition in whole["$defs"].items():
        if "properties" not in definition:
            continue
        yield ""
        yield f"### {part.replace('_', ' ')} of vnedoc-envelope/1"
        yield ""
        if "description" in definition:
            yield definition["description"]
            yield ""
        yield "| Key | Required | Value |"
        yield "|---|---|---|"
        for key, value in definition["properties"].items():
            required = "yes" if key in definition.get("required", ()) else ""
            yield f"| `{key}` | {required} | {_value(value)} |"


def _value(node: dict[str, Any]) -> str:
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        values = ", ".join(f"`{'null' if one is None else one}`" for one in node["enum"])
        return values + (f". {node['description']}" if "description" in node else "")
    if "anyOf" in node:
        return " or ".join("`null`" if one.get("type") == "null" else _value(one) for one in node["anyOf"])
    if "$ref" in node:
        return node["$ref"].rsplit("/", 1)[1].replace("_", " ")
    if node.get("type") == "array":
        inner = node["items"]
        return f"list of {'objects with ' + _keys(inner) if 'properties' in inner else _value(inner)}"
    kind = node["type"]
    words = kind if isinstance(kind, str) else " or ".join("`null`" if one == "null" else one for one in kind)
    pattern = f", `{node['pattern']}`".replace("|", "\\|") if "pattern" in node else ""
    return words + pattern + (f". {node['description']}" if "description" in node else "")


def _keys(node: dict[str, Any]) -> str:
    return ", ".join(f"`{one}`" for one in node["properties"])


def cli_page() -> Iterator[str]:
    """Every command with its arguments."""
    yield "# Command line"
    yield ""
    yield CLI_INTRO
    parser = build_parser()
    (commands,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001
    for name, command in commands.choices.items():
        yield ""
        yield f"## vnedoc {name}"
        yield ""
        yield _plain(command.description)
        yield ""
        yield "| Argument | Meaning |"
        yield "|---|---|"
        for action in command._actions:  # noqa: SLF001 - argparse has no other way to ask
            if not isinstance(action, argparse._HelpAction):  # noqa: SLF001
                yield f"| `{_argument(action)}` | {_plain(_help(action))} |"


def _argument(action: argparse.Action) -> str:
    if not action.option_strings:
        many = "..." if action.nargs == "+" else ""
        return f"{action.metavar or action.dest}{many}"
    value = "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or ())}"
    return f"{action.option_strings[0]}{value}".replace("|", "\\|")


def _help(action: argparse.Action) -> str:
    required = "required" if action.required and action.option_strings else ""
    text = (action.help or "") % {"default": action.default}
    return "; ".join(one for one in (text, required) if one)


PAGES = {
    "codes.md": codes_page,
    "lists.md": lists_page,
    "limits.md": limits_page,
    "json.md": schema_page,
    "cli.md": cli_page,
    "rules.md": rules_page,
    "wire.md": wire_page,
    "states.md": states_page,
}
DATA = {"rules.json": rules_json, **{name: partial(str, text) for name, text in drawings().items()}}


def render(name: str) -> str:
    """Give the text of one page."""
    if name in DATA:
        return DATA[name]()
    return "\n".join((NOTE, "", *PAGES[name]())) + "\n"


def main() -> int:
    """Write or check every page."""
    stale = [name for name in (*PAGES, *DATA) if not _holds(name)]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is out of date: run python scripts/make_reference.py")
        return 1 if stale else 0
    DOCS.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (DOCS / name).write_text(render(name), encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


def _holds(name: str) -> bool:
    path = DOCS / name
    return path.is_file() and path.read_text(encoding="utf-8") == render(name)


if __name__ == "__main__":
    sys.exit(main())
