"""Every code of the source has words in both languages, and every word belongs to a code."""

import ast
import errno
import os
import re
import tomllib
from pathlib import Path

import attrs
import pytest
from cryptography import x509

import vnedoc
from vnedoc.model import (
    Acceptance,
    Business,
    Conclusion,
    DocumentCode,
    DocumentType,
    Envelope,
    FileKind,
    Finding,
    Kind,
    Level,
    OtherInfo,
    Party,
    Priority,
    Receiver,
    Replaced,
    ResponseFor,
    Severity,
    SignatureFormat,
    SignerInfo,
    SignerRole,
    StaffInfo,
    StatusCode,
    StatusMessage,
    Steering,
    SubIndication,
    TimeSource,
    TraceHeader,
    UnknownElement,
)
from vnedoc.report import codes, explain, render_finding
from vnedoc.report._catalogue import LANGUAGES, entry, placeholders, word

SOURCE = Path(vnedoc.__file__).parent
MESSAGES = SOURCE / "report" / "messages"
CODE = re.compile(r"(?<=[\"'])VND-[A-Z]+-[0-9]{3}(?=[\"'])|VND-INTERNAL")
VIETNAMESE = re.compile(
    "[ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE
)

EXTRA = {
    "conclusion": {"NONE", "PASSED_NOTES"},
    "meaning": {"NONE", "PASSED_NOTES", "PASSED_ATTACHMENTS"},
    "action": {"NONE", "PASSED_NOTES", "PASSED_ATTACHMENTS", "PASSED_PART"},
    "severity": {"missing"},
}
# EN 319 102-1, tables 5 and 6: these come with FAILED only.
MAY_BE_INDETERMINATE = {one.value for one in SubIndication} - {
    "FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID",
}  # fmt: skip


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
        if path.stem not in ("words", "values"):
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
        "acceptance": Acceptance,
    }
    words = tomllib.loads((MESSAGES / "words.toml").read_text(encoding="utf-8"))
    for group, members in groups.items():
        extra = EXTRA.get(group, set())
        assert set(words[group]) == {one.value for one in members} | extra, group
    assert set(words["undecided"]) == set(words["undecided_action"]) == MAY_BE_INDETERMINATE
    assert set(words["revocation"]) == {"require", "if-available"}
    assert set(words["coverage"]) == {"document", "element"}


@pytest.mark.parametrize("name", ["words", "values"])
def test_every_word_is_in_both_languages(name):
    groups = tomllib.loads((MESSAGES / f"{name}.toml").read_text(encoding="utf-8"))
    for group, rows in groups.items():
        for key, row in rows.items():
            assert set(row) == set(LANGUAGES), (group, key)
            assert all(text.strip() == text != "" for text in row.values()), (group, key)


def test_every_field_of_a_message_has_a_name():
    named = set(tomllib.loads((MESSAGES / "words.toml").read_text(encoding="utf-8"))["field"])
    models = (
        Envelope, StatusMessage, Party, DocumentCode, DocumentType, SignerInfo, OtherInfo, ResponseFor,
        TraceHeader, StaffInfo, Receiver, Replaced, Business, UnknownElement,
    )  # fmt: skip
    fields = {field.name for model in models for field in attrs.fields(model)}
    assert fields - named == {"attachments"}


def test_every_chosen_value_has_its_word():
    groups = tomllib.loads((MESSAGES / "values.toml").read_text(encoding="utf-8"))
    for fact, members in {"kind": Kind, "priority": Priority, "steering": Steering}.items():
        assert {one.name.lower() for one in members} <= set(groups[fact])
    assert {one.value for one in StatusCode} == set(groups["status"])
    assert {one.value for one in x509.ReasonFlags} <= set(groups["reason"])
    usual = "ENOENT EISDIR ENOTDIR EACCES EPERM ENOSPC EEXIST EROFS ENAMETOOLONG EDQUOT EIO ELOOP EFBIG EPIPE"
    for name in usual.split():
        assert os.strerror(getattr(errno, name)) in groups["reason"], name


@pytest.mark.parametrize("code", codes())
@pytest.mark.parametrize("value", [None, ""])
def test_a_fact_that_is_not_there_is_no_quoted_word(code, value):
    finding = Finding.error(code, **dict.fromkeys(entry(code).facts, value))
    for lang in LANGUAGES:
        text = render_finding(finding, lang)
        for part in (text.checked, text.seen, text.next):
            assert "None" not in part
            for none in (word("label", "none", lang), '""'):
                assert not re.search(f'[“"]{none}[”"]', part), (code, lang)
        assert text.seen.endswith((".", "!", "?", "…"))
        assert not text.seen.endswith("..")


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
