"""Every code of the source has words in both languages, and every word belongs to a code."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import vnedoc
from vnedoc.model import (
    Conclusion,
    FileKind,
    Level,
    Severity,
    SignatureFormat,
    SignerRole,
    SubIndication,
    TimeSource,
)
from vnedoc.report import codes, explain
from vnedoc.report._catalogue import LANGUAGES, entry, placeholders, word

SOURCE = Path(vnedoc.__file__).parent
MESSAGES = SOURCE / "report" / "messages"
CODE = re.compile(r"(?<=[\"'])VND-[A-Z]+-[0-9]{3}(?=[\"'])|VND-INTERNAL")
VIETNAMESE = re.compile(
    "[ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE
)


def literals():
    return {code for path in SOURCE.rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_the_codes_of_the_source_are_the_codes_of_the_catalogues():
    have = set(codes())
    want = literals()
    assert sorted(want - have) == [], "codes without words"
    assert sorted(have - want) == [], "words without a code"


def test_every_catalogue_file_belongs_to_the_order():
    listed = set(codes())
    for path in MESSAGES.glob("*.toml"):
        if path.stem != "words":
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            assert set(table) <= listed, path.name
            for code in table:
                assert code.split("-")[1].lower() == path.stem


@pytest.mark.parametrize("code", codes())
def test_an_entry_is_whole(code):
    found = entry(code)
    assert set(found.texts) == set(LANGUAGES)
    for lang, text in found.texts.items():
        for part in (text.checked, text.seen, text.next):
            assert part.strip() == part != ""
            assert placeholders(part) <= set(found.facts), (code, lang)
            assert not set(re.findall(r"[{}]", re.sub(r"\{[a-z0-9_]+\}", "", part))), (code, lang)
        assert text.next[-1] not in ",;", code
    vietnamese = found.texts["vi"]
    assert VIETNAMESE.search(vietnamese.checked), code
    assert VIETNAMESE.search(vietnamese.next), code
    assert not VIETNAMESE.search(found.texts["en"].checked), code
    assert explain(code, "vi").next


def test_every_enum_has_its_word_in_both_languages():
    groups = {
        "conclusion": Conclusion,
        "meaning": Conclusion,
        "action": Conclusion,
        "sub_indication": SubIndication,
        "kind": FileKind,
        "severity": Severity,
        "level": Level,
        "format": SignatureFormat,
        "role": SignerRole,
        "time_source": TimeSource,
    }
    words = tomllib.loads((MESSAGES / "words.toml").read_text(encoding="utf-8"))
    for group, members in groups.items():
        extra = {"NONE"} if group in ("conclusion", "meaning", "action") else set()
        assert set(words[group]) == {one.value for one in members} | extra, group
    for group, rows in words.items():
        for key, row in rows.items():
            assert set(row) == set(LANGUAGES), (group, key)
            assert all(text.strip() == text != "" for text in row.values()), (group, key)


def test_a_word_that_is_not_there_is_itself():
    assert word("where", "somewhere", "vi") == "somewhere"


def given():
    """Give each place that makes a finding or an error with its facts written out: code, names, place."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            code = str(node.args[0].value)
            if not re.fullmatch(r"VND-[A-Z]+-[0-9]{3}", code):
                continue
            name = ast.unparse(node.func)
            words = {one.arg: one.value for one in node.keywords}
            place = f"{path.relative_to(SOURCE)}:{node.lineno}"
            if name in ("Finding.error", "Finding.warning", "Finding.info"):
                if None not in words:
                    yield code, set(words) - {"location"}, place
            elif name.endswith(".of"):
                yield code, {"limit", "allowed", "seen"}, place
            elif name.endswith("Error") or name in ("KeyUnavailable", "StateMismatch", "Conflict"):
                facts = words.get("facts", ast.Dict(keys=[], values=[]))
                if isinstance(facts, ast.Dict) and None not in facts.keys:
                    yield code, {one.value for one in facts.keys}, place


def test_every_fact_that_a_text_uses_is_given():
    missing = []
    for code, names, place in given():
        texts = entry(code).texts.values()
        used = {
            name
            for text in texts
            for part in (text.checked, text.seen, text.next)
            for name in placeholders(part)
        }
        if not used <= names:
            missing.append((place, code, sorted(used - names)))
    assert missing == []
