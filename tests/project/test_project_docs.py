"""The documentation says what the code says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from vnedoc import check
from vnedoc.edxml import envelope_schema, from_json
from vnedoc.model import Severity
from vnedoc.report import codes, schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def test_the_generated_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, "scripts/make_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_code_has_an_anchor():
    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    anchors = re.findall(r"^\((vnd-[a-z0-9-]+)\)=$", page, re.MULTILINE)
    assert anchors == [code.lower() for code in codes()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_a_page_names_only_tests_that_exist(path):
    named = re.findall(r"`(tests/[\w/.]+)`", path.read_text(encoding="utf-8"))
    assert [one for one in named if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_a_page_names_only_codes_that_exist(path):
    named = set(re.findall(r"VND-[A-Z]+-[0-9]{3}", path.read_text(encoding="utf-8")))
    assert named <= set(codes())


def test_the_example_of_an_envelope_is_whole_and_taken(tmp_path):
    page = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    example = page.split("## vnedoc-envelope/1")[1].split("```json\n")[1].split("```")[0]
    plain = json.loads(example)
    jsonschema.Draft202012Validator(envelope_schema()).validate(plain)
    (tmp_path / plain["attachments"][0]["path"]).write_bytes(b"%PDF-1.7\n")
    envelope = from_json(example, tmp_path)
    assert not [one for one in check(envelope) if one.severity is Severity.ERROR]
    left_out = set(envelope_schema()["$defs"]["document"]["properties"]) - set(plain)
    assert left_out == {"message", "unknown", "unknown_attributes"}


def test_every_published_schema_is_in_the_reference():
    page = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    for name in ("vnedoc-report/1", "vnedoc-inspect/1", "vnedoc-check/1"):
        assert schema(name)["title"] == name
        assert f"## {name}" in page
    assert f"## {envelope_schema()['title']}" in page


def test_a_page_in_two_languages_runs_the_same_code():
    english, vietnamese = (
        re.findall(r"^```\w+\n.*?^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for path in (DOCS / "how-to" / "first-document.md", DOCS / "how-to" / "first-document-vi.md")
    )
    assert english == vietnamese
    assert english


def test_the_first_envelope_file_is_taken(tmp_path):
    page = (DOCS / "how-to" / "first-document.md").read_text(encoding="utf-8")
    (tmp_path / "cong-van.pdf").write_bytes(b"%PDF-1.7\n")
    envelope = from_json(page.split("```json\n")[1].split("```")[0], tmp_path)
    assert not [one for one in check(envelope) if one.severity is Severity.ERROR]


def test_every_decision_is_numbered_and_has_its_parts():
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        for part in ("## Context", "## Decision", "## Options that were weighed", "## Consequences"):
            assert part in text, (path.name, part)
