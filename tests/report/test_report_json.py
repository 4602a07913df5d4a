import datetime as dt
import json

import hypothesis.strategies as st
import jsonschema
import pytest
from hypothesis import given

from vnedoc.errors import DecodeError, FileError, InputError
from vnedoc.model import (
    VIETNAM,
    Acceptance,
    Conclusion,
    Covered,
    FileKind,
    Finding,
    Level,
    Report,
    Severity,
    SignatureFormat,
    SignatureReport,
    SignerIdentity,
    SignerRole,
    SubIndication,
    TimeSource,
)
from vnedoc.report import (
    AttachmentRow,
    Checked,
    Inspected,
    PresentSignature,
    Unreadable,
    check_to_json,
    codes,
    error_to_dict,
    finding_to_dict,
    inspect_to_json,
    report_to_dict,
    schema,
    to_html,
    to_json,
    to_text,
)

NAMES = ("vnedoc-report/1", "vnedoc-inspect/1", "vnedoc-check/1")

# Hostile on purpose: braces, control and bidi characters, half surrogates, markup.
texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        "{seen}",
        "{0.__class__}",
        "\u202egnp.exe",
        "\x00\x1b[31m",
        "\udcff",
        "<script>alert(1)</script>",
        "{",
        "}",
    ]
)
facts = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.just(1 << 4000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
times = st.datetimes(
    min_value=dt.datetime(1, 1, 3),  # noqa: DTZ001 - the zones follow
    max_value=dt.datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.sampled_from([dt.UTC, VIETNAM]),
)
digests = st.none() | st.binary(min_size=32, max_size=32).map(lambda octets: "sha256:" + octets.hex())
findings = st.builds(
    Finding,
    code=st.sampled_from(["VND-IO-001", "VND-POL-001", "VND-NONE-999", "VND-INTERNAL"]),
    severity=st.sampled_from(Severity),
    location=st.none() | texts,
    facts=st.dictionaries(st.sampled_from(["reason", "seen", "cause"]) | texts, facts, max_size=4),
)
many_findings = st.lists(findings, max_size=3).map(tuple)
reasons = st.sampled_from(SubIndication)


def verdict(draw):
    conclusion = draw(st.sampled_from(Conclusion))
    reason = None if conclusion is Conclusion.PASSED else draw(reasons)
    return {"conclusion": conclusion, "sub_indication": reason}


@st.composite
def signatures(draw):
    return SignatureReport(
        **verdict(draw),
        id=draw(texts),
        where=draw(st.sampled_from(["document", "envelope"]) | texts.map(lambda one: "attachment:" + one)),
        signer=draw(
            st.none()
            | st.builds(
                SignerIdentity,
                subject=texts,
                issuer=texts,
                serial=st.integers(min_value=0).map("{:x}".format),
                role=st.none() | st.sampled_from(SignerRole),
                organ_id=st.none() | texts,
            )
        ),
        signing_time=draw(st.none() | times),
        time_source=draw(st.none() | st.sampled_from(TimeSource)),
        level=draw(st.none() | st.sampled_from(Level)),
        format=draw(st.sampled_from(SignatureFormat)),
        covers=draw(
            st.lists(
                st.builds(
                    Covered,
                    node=texts,
                    location=st.none() | texts,
                    octets=st.none() | st.integers(min_value=0),
                    digest=digests,
                    transforms=st.lists(texts, max_size=2).map(tuple),
                ),
                max_size=2,
            ).map(tuple)
        ),
        findings=draw(many_findings),
    )


@st.composite
def reports(draw):
    return Report(
        **verdict(draw),
        kind=draw(st.sampled_from(FileKind)),
        signatures=tuple(draw(st.lists(signatures(), max_size=2))),
        findings=draw(many_findings),
        file=draw(st.none() | texts),
        digest=draw(digests),
        size=draw(st.none() | st.integers(min_value=0)),
        policy=draw(st.none() | texts),
        checked_at=draw(st.none() | times),
        acceptance=draw(st.none() | st.sampled_from(Acceptance)),
        revocation=draw(st.sampled_from([None, "require", "if-available"])),
        covers=draw(st.sampled_from([None, "document", "element"])),
    )


unreadable = st.builds(
    Unreadable,
    file=texts,
    error=st.builds(
        lambda code, message, hint, facts: DecodeError(code, message, hint=hint, facts=facts),
        st.sampled_from(["VND-IO-001", "VND-NONE-999"]),
        texts,
        texts,
        st.dictionaries(texts, facts, max_size=2),
    ),
)
languages = st.sampled_from(["vi", "en"])


def validate(name, text):
    value = json.loads(text.encode("utf-8"))
    jsonschema.Draft202012Validator(schema(name)).validate(value)
    return value


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_itself_valid(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_requires_every_key_it_names(name):
    def walk(node):
        if isinstance(node, dict):
            if "properties" in node and node.get("type") in ("object", ["object", "null"]):
                assert set(node["properties"]) == set(node["required"])
                assert "additionalProperties" not in node
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema(name))


def test_the_schema_closes_its_sets_with_other():
    rows = schema("vnedoc-report/1")["$defs"]
    closed = {
        "severity": rows["finding"]["properties"]["severity"]["enum"],
        "time_source": rows["signature"]["properties"]["time_source"]["enum"],
        "level": rows["signature"]["properties"]["level"]["enum"],
        "format": rows["signature"]["properties"]["format"]["enum"],
        "role": rows["signer"]["properties"]["role"]["enum"],
    }
    assert all("other" in values for values in closed.values())
    assert {one.value for one in Severity} <= set(closed["severity"])
    assert {one.value for one in TimeSource} <= set(closed["time_source"])
    assert {one.value for one in Level} <= set(closed["level"])
    assert {one.value for one in SignatureFormat} <= set(closed["format"])
    assert {one.value for one in SignerRole} <= set(closed["role"])


def test_there_is_no_other_schema():
    with pytest.raises(KeyError):
        schema("vnedoc-report/2")


@given(st.lists(reports() | unreadable, max_size=3), languages)
def test_every_report_is_valid_json_of_the_schema(values, lang):
    rows = validate("vnedoc-report/1", to_json(values, lang))
    assert [row["file"] for row in rows] == [one.file for one in values]
    assert [row["conclusion"] for row in rows] == [
        None if isinstance(one, Unreadable) else one.conclusion.value for one in values
    ]


@given(st.lists(reports() | unreadable, max_size=2), languages)
def test_every_report_has_a_text_and_a_page_without_hidden_characters(values, lang):
    for text in (to_text(values, lang), to_html(values, lang)):
        text.encode("utf-8")
        assert not [one for one in text if one < " " and one != "\n"]
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f\ufeff\u2028")


def test_a_report_in_full():
    at = dt.datetime(2026, 11, 22, 8, 0, tzinfo=VIETNAM)
    report = Report(
        kind=FileKind.PDF,
        conclusion=Conclusion.INDETERMINATE,
        sub_indication=SubIndication.TRY_LATER,
        signatures=(
            SignatureReport(
                id="s1",
                where="document",
                conclusion=Conclusion.INDETERMINATE,
                sub_indication=SubIndication.TRY_LATER,
                signer=SignerIdentity(subject="CN=A", issuer="CN=B", serial="0f"),
                signing_time=at,
                time_source=TimeSource.CLAIMED,
                level=Level.B_B,
                format=SignatureFormat.PADES,
                covers=(Covered("revision 1", "ByteRange [0 1 2 3]", 4, "sha256:" + "00" * 32),),
            ),
        ),
        findings=(Finding.warning("VND-IO-001", "x", reason="gone"),),
        file="a.pdf",
        digest="sha256:" + "11" * 32,
        size=9,
        policy="strict",
        checked_at=at,
        acceptance=Acceptance.ATTACHMENTS,
        revocation="if-available",
        covers="document",
    )
    row = report_to_dict(report)
    finding = row["findings"][0]
    assert row == {
        "schema": "vnedoc-report/1",
        "file": "a.pdf",
        "kind": "pdf",
        "size": 9,
        "digest": "sha256:" + "11" * 32,
        "policy": "strict",
        "checked_at": "2026-11-22T08:00:00+07:00",
        "acceptance": "attachments",
        "revocation": "if-available",
        "covers": "document",
        "conclusion": "INDETERMINATE",
        "sub_indication": "TRY_LATER",
        "signatures": [
            {
                "id": "s1",
                "xml_id": None,
                "where": "document",
                "conclusion": "INDETERMINATE",
                "sub_indication": "TRY_LATER",
                "signer": {
                    "subject": "CN=A",
                    "issuer": "CN=B",
                    "serial": "0f",
                    "role": None,
                    "organ_id": None,
                },
                "signing_time": "2026-11-22T08:00:00+07:00",
                "time_source": "claimed",
                "level": "B-B",
                "format": "PAdES",
                "covers": [
                    {
                        "node": "revision 1",
                        "location": "ByteRange [0 1 2 3]",
                        "octets": 4,
                        "digest": "sha256:" + "00" * 32,
                        "transforms": [],
                    }
                ],
                "findings": [],
            }
        ],
        "findings": [finding],
        "error": None,
    }
    assert {key: finding[key] for key in ("code", "severity", "location", "facts")} == {
        "code": "VND-IO-001",
        "severity": "warning",
        "location": "x",
        "facts": {"reason": "gone"},
    }
    assert "gone" in finding["message"]


def test_a_file_that_cannot_be_read_has_no_conclusion():
    error = FileError("VND-IO-001", "cannot read", path="a.pdf", facts={"reason": "gone"})
    row = report_to_dict(Unreadable("a.pdf", error), "vi")
    assert (row["conclusion"], row["kind"], row["signatures"], row["findings"]) == (None, "unknown", [], [])
    assert row["error"]["code"] == "VND-IO-001"
    assert row["error"]["hint"]


def test_facts_that_json_cannot_say_become_text():
    odd = {
        "wide": 1 << 20000,
        "ratio": 0.5,
        "nan": float("nan"),
        "octets": b"\x00",
        "set": {1},
        "tuple": (1, None),
        "deep": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]],
    }
    got = finding_to_dict(Finding.info("VND-IO-001", **odd))["facts"]
    assert got["wide"] == hex(1 << 20000)
    assert (got["ratio"], got["nan"], got["octets"]) == (0.5, "nan", "b'\\x00'")
    assert (got["set"], got["tuple"]) == ([1], [1, None])
    assert "…" in json.dumps(got["deep"], ensure_ascii=False)


def test_error_rows_carry_the_path():
    row = error_to_dict(DecodeError("VND-NONE-999", "what", path="/a", hint="do this"))
    assert row == {
        "code": "VND-NONE-999",
        "message": "what",
        "hint": "do this",
        "location": "/a",
        "facts": {},
    }


@given(
    st.lists(
        st.builds(Checked, file=texts, kind=st.sampled_from(FileKind), findings=many_findings) | unreadable
    )
)
def test_check_rows_follow_their_schema(rows):
    assert len(validate("vnedoc-check/1", check_to_json(rows))) == len(rows)


@given(
    st.lists(
        st.builds(
            Inspected,
            file=texts,
            kind=st.sampled_from(FileKind),
            size=st.none() | st.integers(min_value=0),
            digest=digests,
            message=st.none() | st.dictionaries(texts, facts, max_size=2),
            attachments=st.lists(
                st.builds(
                    AttachmentRow,
                    content_id=texts,
                    name=texts,
                    safe_name=st.none() | texts,
                    octets=st.none() | st.integers(min_value=0),
                    digest=digests,
                    packed=st.booleans(),
                ),
                max_size=2,
            ).map(tuple),
            signatures_present=st.just((PresentSignature("envelope", "XMLDSig"),)),
            findings=many_findings,
            error=st.none() | st.just(DecodeError("VND-IO-001", "x")),
        )
        | unreadable,
        max_size=2,
    )
)
def test_inspect_rows_follow_their_schema(rows):
    assert len(validate("vnedoc-inspect/1", inspect_to_json(rows, "vi"))) == len(rows)


def test_an_unknown_language_is_refused_everywhere():
    for function in (to_json, to_text, to_html, check_to_json, inspect_to_json):
        with pytest.raises(InputError) as caught:
            function([], "fr")
        assert caught.value.code == "VND-VER-010"


def test_nothing_at_all():
    assert json.loads(to_json([])) == []
    assert codes()
