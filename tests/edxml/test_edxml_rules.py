"""The rules of a message: a table as data, a message that breaks each, and a clean one that breaks none."""

import datetime as dt
import json
import re
import unicodedata

import attrs
import pytest
from edxml_breaking import (
    BREAKING,
    GOOD,
    GOOD_STATUS,
    NOW,
    OWN,
    Directory,
    answering,
    attached,
    coded,
    doc,
    doing,
    other,
    receiver,
    reporting,
    sender,
    signed,
    status,
    traced,
)
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.edxml import DIALECTS, check, rules, rules_to_json
from vnedoc.errors import ConfigError, InputError
from vnedoc.model import (
    VIETNAM,
    AdministrativeType,
    DocumentCode,
    DocumentType,
    Envelope,
    Kind,
    OrganId,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    Severity,
    StatusCode,
    TraceHeader,
    UnknownElement,
)
from vnedoc.report import explain, render_finding

TABLE = {one.id: one for one in rules()}
EVERYTHING = {"now": NOW, "directory": Directory()}


def broken(message, **given) -> list[tuple[str, str]]:
    return [(one.code, one.location) for one in check(message, **given)]


def ids(message, **given) -> set[str]:
    return {one.facts["rule"] for one in check(message, **given)}


def places(message, code, **given) -> list[str]:
    return [one.location for one in check(message, **given) if one.code == code]


# --- the table ------------------------------------------------------------------------------------


def test_ids_are_unique_and_in_the_style_of_the_field():
    assert len(TABLE) == len(rules())
    for one in rules():
        assert re.fullmatch(r"[NRTM](\.[A-Za-z0-9]+)+", one.id)


def test_only_what_is_certain_is_an_error_and_what_is_unsure_is_only_told():
    for one in rules():
        assert one.certainty in ("certain", "likely", "unsure")
        assert one.severity is not Severity.ERROR or one.certainty == "certain", one.id
        assert one.certainty != "unsure" or one.severity is Severity.INFO, one.id
        assert one.source
        assert one.messages in (("document",), ("status",), ("document", "status"))


def test_one_code_has_words_in_both_languages():
    for code in {one.code for one in rules()}:
        for lang in ("vi", "en"):
            text = explain(code, lang)
            assert text.checked
            assert text.next


def test_the_table_is_exported_as_json():
    table = json.loads(json.dumps(rules_to_json()))
    assert table["schema"] == "vnedoc-rules/1"
    assert [one["id"] for one in table["rules"]] == list(TABLE)
    row = next(one for one in table["rules"] if one["id"] == "R.MessageHeader.Code.CodeNumber")
    assert row == {
        "id": "R.MessageHeader.Code.CodeNumber",
        "code": "VND-EDX-103",
        "severity": "error",
        "messages": ["document"],
        "dialects": None,
        "source": "NĐ 30/2020/NĐ-CP Phụ lục VI phần II",
        "certainty": "certain",
        "field": "code.number",
        "element": "MessageHeader/Code/CodeNumber",
        "needs": [],
    }


def test_every_rule_has_a_message_that_breaks_it():
    assert set(BREAKING) == set(TABLE)


@pytest.mark.parametrize("rule", TABLE)
def test_each_rule_is_broken_by_its_message_and_says_where(rule):
    row = TABLE[rule]
    (dialect,) = row.dialects or (None,)
    found = [one for one in check(BREAKING[rule], dialect=dialect, **EVERYTHING) if one.facts["rule"] == rule]
    assert found
    for one in found:
        assert (one.code, one.severity) == (row.code, row.severity)
        assert (one.facts["source"], one.facts["certainty"]) == (row.source, row.certainty)
        assert one.location
        assert one.facts["element"] not in ("", "*")
        for lang in ("vi", "en"):
            text = render_finding(one, lang)
            assert not re.search(r"[{}]|chưa rõ|unknown", text.seen + text.next), text
    if row.needs:
        assert rule not in ids(BREAKING[rule], dialect=dialect)
    if row.dialects:
        assert rule not in ids(BREAKING[rule])


def test_good_messages_break_none():
    assert check(GOOD, **EVERYTHING) == ()
    assert check(GOOD_STATUS, **EVERYTHING) == ()


def test_an_empty_envelope_lists_everything_errors_first():
    findings = check(Envelope(sender=Party("H99.1"), receivers=()))
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    assert [one.severity for one in findings] == sorted((one.severity for one in findings), key=order.index)
    assert [one.location for one in findings if one.code == "VND-EDX-101"] == [
        "receivers",
        "document_id",
        "code.number",
        "code.notation",
        "date",
        "subject",
    ]
    assert [one.location for one in findings if one.code == "VND-EDX-102"] == [
        "sender.name",
        "type.name",
        "signer.full_name",
        "traces",
        "attachments",
    ]


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ConfigError) as caught:
        check(GOOD, dialect="2030")
    assert caught.value.code == "VND-EDX-011"
    with pytest.raises(InputError) as caught:
        check(GOOD, now=dt.datetime(2026, 11, 22))  # noqa: DTZ001 - that is the point
    assert caught.value.code == "VND-MODEL-003"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_its_rules(dialect):
    plain = attrs.evolve(GOOD, receivers=(Party("000.00.01.H99", "B"),))
    found = check(plain, dialect=dialect)
    if dialect.startswith("2022"):
        assert {one.severity for one in found} == {Severity.INFO}
        assert {one.code for one in found} == {"VND-EDX-131"}
    else:
        assert found == ()


# --- what the field does rightly is left alone ----------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        doc(subject="x" * 500),
        doc(due_date=None),
        doc(type=DocumentType("công  văn")),
        doc(type=DocumentType("Công văn (mời họp)")),
        doc(subject="V/v triển khai Luật Bảo vệ bí mật nhà nước"),
        doc(subject="Mật ong: kế hoạch phát triển nghề nuôi ong"),
        doc(subject="V/v rà soát tài liệu tối mật, tuyệt mật"),
        other(sphere="Lưu hành nội bộ"),
        other(sphere="Thường"),
        other(appendixes=("Danh sách",)),
        other(appendixes=("Phụ lục I. Danh sách", "PHỤ LỤC II", "Phụ lục số III - Biểu mẫu")),
        signed(competence="TM. ỦY BAN NHÂN DÂN", position="Chủ tịch"),
        signed(competence="Q. GIÁM ĐỐC", position="Giám đốc"),
        signed(competence=None, position="Giám đốc"),
        coded("05"),
        coded("123"),
        coded(notation="2026/QĐ-STĐA", type=DocumentType("Quyết định")),
        coded(notation="QĐ-STĐA", type=DocumentType.of(AdministrativeType.DECISION)),
        coded(notation="TTR-STĐA", type=DocumentType("Tờ trình")),
        coded(notation="GUQ-STĐA", type=DocumentType("Giấy uỷ quyền")),
        coded(notation="SY-STĐA", type=DocumentType("Báo cáo")),
        coded(notation="TT-BTĐ", type=DocumentType("Thông tư")),
        doc(document_id="000.00.01.Z99,2026,12"),
        doc(document_id="000.00.01.Z99.2026.12/STĐA-VP"),
        doc(document_id="000.00.01.Z99-2026-12"),
        doc(document_id="Z99.1,2026/11/20,12/stđa-vp"),
        answering(code="07/STĐB"),
        answering(document_id="0c6d"),
        sender(telephone="(84-4) 3821 5137 máy lẻ 12", fax="0383 840418; 0383 840419"),
        doc(place="Müller"),
        doc(place="Hà Nội®"),
        attached(name="a.PDF"),
        attached(name="a", content_type="application/pdf"),
        doing(Kind.NEW, reason=None),
        doing(Kind.REVOKE),
        doing(changes_receivers=True, receivers=(Receiver("H99.1"), Receiver("H99.2"))),
        doing(Kind.REPLACE, replaced=(Replaced(OWN.replace("12/", "11/")),)),
        doing(Kind.REPLACE, replaced=(Replaced("d", ("H99.1",)), Replaced("d", ("H99.2",)))),
        doing(Kind.REPLACE, replaced=(Replaced("000.00.01.Z99,2025/11/20,12/STĐA-VP"),)),
        traced(dt.datetime(2026, 11, 20, tzinfo=VIETNAM), None, dt.datetime(2026, 11, 20, tzinfo=VIETNAM)),
        doc(unknown=(UnknownElement(parent="edXMLEnvelope", xml="<Secret>Thường</Secret>"),)),
        doc(unknown=(UnknownElement(parent="edXMLEnvelope", xml="<Secret><a>"),)),
    ],
)
def test_what_is_right_gives_no_finding(message):
    assert check(message) == ()


@pytest.mark.parametrize(
    ("subject", "secret"),
    [
        ("MẬT", True),
        ("Tối mật: kế hoạch diễn tập", True),
        ("Kế hoạch diễn tập (MẬT)", True),
        ("Kế hoạch diễn tập - Độ mật: Tuyệt  mật", True),
        (unicodedata.normalize("NFD", "Mật"), True),
        ("Bảo mật", False),
        ("(Mật độ dân số)", False),
        ("Kế hoạch bảo mật: phần hai", False),
    ],
)
def test_a_mark_of_secrecy_is_told_from_a_word(subject, secret):
    assert ("M.MessageHeader.Subject.Secret" in ids(doc(subject=subject))) is secret


@pytest.mark.parametrize(
    ("subject", "legacy"),
    [
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "VNI"),
        ("QuyÕt ®Þnh vÒ viÖc thµnh lËp tæ c«ng t¸c", "TCVN3"),
        ("Kế hoạch của Công ty ABC®, XYZ®", None),
        ("Cong van so 12", None),
        ("Ha noi, hoà, toà, quỹ", None),
        ("Dự án Çanakkale và Århus", None),
    ],
)
def test_old_encodings_are_recognised(subject, legacy):
    found = [one.facts["encoding"] for one in check(doc(subject=subject)) if one.code == "VND-EDX-120"]
    assert found == ([legacy] if legacy else [])


# --- single rules in detail -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "better"), [("7", "07"), ("007", "07"), ("0123", "123"), ("12", None), ("12a", None)]
)
def test_a_number_has_two_digits(number, better):
    found = [one.facts["better"] for one in check(coded(number)) if one.code == "VND-EDX-132"]
    assert found == ([better] if better else [])


@pytest.mark.parametrize(
    ("notation", "code", "better"),
    [
        ("STĐA - VP", "VND-EDX-133", "STĐA-VP"),
        ("STĐA–VP", "VND-EDX-133", "STĐA–VP"),
        ("STĐA-", "VND-EDX-133", "STĐA-"),
        ("12/STĐA-VP", "VND-EDX-137", "STĐA-VP"),
    ],
)
def test_a_notation_is_written_without_spaces(notation, code, better):
    found = [one for one in check(coded(notation=notation)) if one.code in ("VND-EDX-133", "VND-EDX-137")]
    assert [(one.code, one.facts["better"]) for one in found] == [(code, better)]


@pytest.mark.parametrize(
    ("competence", "better"),
    [
        ("KT GIÁM ĐỐC", "KT. GIÁM ĐỐC"),
        ("tuq: CHỦ TỊCH", "TUQ. CHỦ TỊCH"),
        ("Quyền 1", None),
        ("GIÁM ĐỐC", None),
    ],
)
def test_the_authority_of_the_signer_is_mended(competence, better):
    (found,) = [one for one in check(signed(competence=competence)) if one.code == "VND-EDX-139"]
    assert found.facts["better"] == better


def test_the_nearest_type_is_proposed():
    (found,) = check(doc(type=DocumentType("Tờ trìnhh")))
    assert found.facts["better"] == "Tờ trình"
    (found,) = check(doc(type=DocumentType("Hoàn toàn khác")))
    assert found.facts["better"] is None


@pytest.mark.parametrize(
    ("document_id", "form"),
    [
        ("1da394ba-2117-4354-a23f-6ec3e47ba81b", "uuid"),
        ("000.00.01.Z99,2026-11-20,12/STĐA-VP", "iso-date"),
        ("12", "other"),
        ("so.a.2026.12", "other"),
    ],
)
def test_other_forms_of_the_identifier_are_told_with_the_usual_one(document_id, form):
    (found,) = check(doc(document_id=document_id))
    assert (found.code, found.severity) == ("VND-EDX-127", Severity.INFO)
    assert (found.facts["form"], found.facts["better"]) == (form, OWN)


def test_an_identifier_of_the_same_agency_in_the_other_grammar_is_its_own():
    theirs = doc(document_id="000.00.07.H99,2026/11/20,12/STĐA-VP")
    for organ_id, same in (("H99.7", True), ("H99.07", True), ("H99.8", False)):
        message = attrs.evolve(theirs, sender=Party(organ_id, "A"))
        assert ids(message) == (set() if same else {"M.MessageHeader.DocumentId.Issuer"})
    known = OrganId("H99.8", ("000.00.07.H99",))
    assert ids(attrs.evolve(theirs, sender=Party(known, "A"))) == set()


def test_an_issuer_that_is_no_code_is_another_one():
    assert ids(doc(document_id="x" * 70 + ",2026,12")) == {"M.MessageHeader.DocumentId.Issuer"}


def test_without_date_and_code_no_identifier_is_proposed():
    found = check(doc(date=None, due_date=None, document_id="0c6d"))
    assert [one.facts["better"] for one in found if one.code == "VND-EDX-127"] == [None]


def test_annexes_are_counted_in_roman():
    many = tuple(f"Danh sách {place}" for place in range(450))
    found = [one.facts["better"] for one in check(other(appendixes=many)) if one.code == "VND-EDX-141"]
    assert [found[place] for place in (0, 3, 8, 13, 48, 98, 398, 449)] == [
        f"Phụ lục {number}" for number in ("I", "IV", "IX", "XIV", "XLIX", "XCIX", "CCCXCIX", "450")
    ]
    assert check(other(appendixes=tuple(found[:399]))) == ()


def test_a_recipient_that_is_named_twice_is_found_by_the_directory_too():
    twice = doc(receivers=(Party("H98.7", "B"), Party("H99.2", "B")))
    assert places(twice, "VND-EDX-106") == []
    assert places(twice, "VND-EDX-106", directory=Directory()) == ["receivers[1].organ_id"]
    (found,) = [one for one in check(twice, directory=Directory()) if one.code == "VND-EDX-154"]
    assert (found.location, found.facts["better"]) == ("receivers[0].organ_id", "H99.2")


def test_the_same_agency_in_the_other_grammar_is_no_old_code():
    class Both:
        def resolve(self, organ_id):
            return OrganId("Z99.1", ("000.00.01.Z99",))

    assert places(reporting(), "VND-EDX-154", directory=Both()) == []


def test_the_directory_is_asked_once_for_each_code():
    asked = []

    class Slow:
        def resolve(self, organ_id):
            asked.append(organ_id.value)

    check(GOOD, directory=Slow())
    assert sorted(asked) == sorted(set(asked))


ISSUER, RECIPIENT = "000.00.01.Z99", "H99.1"


@pytest.mark.parametrize(
    ("code", "sender", "other", "document_id", "wrong"),
    [
        (StatusCode.RECEIVED, RECIPIENT, ISSUER, f"{ISSUER},2026/11/20,1/A", False),
        (StatusCode.RECEIVED, ISSUER, RECIPIENT, f"{ISSUER},2026/11/20,1/A", True),
        (StatusCode.RECALL, ISSUER, RECIPIENT, f"{ISSUER},2026/11/20,1/A", False),
        (StatusCode.RECALL, RECIPIENT, ISSUER, f"{ISSUER},2026/11/20,1/A", True),
        (StatusCode.RECALL, RECIPIENT, ISSUER, "0c6d", False),
        (StatusCode.RECEIVED, ISSUER, RECIPIENT, "H99.7,2026/11/20,1/A", False),
    ],
)
def test_statuses_go_back_to_the_issuer_and_only_13_goes_forth(code, sender, other, document_id, wrong):
    message = status(
        code=code,
        sender=Party(sender, "A"),
        response_for=ResponseFor(organ_id=other, code="1/A", document_id=document_id),
    )
    assert broken(message) == ([("VND-EDX-112", "sender.organ_id")] if wrong else [])


def test_what_a_status_needs():
    message = status(response_for=ResponseFor(), timestamp=None, description=None, code=StatusCode.REFUSED)
    assert broken(message) == [
        ("VND-EDX-101", "response_for.organ_id"),
        ("VND-EDX-101", "response_for.code"),
        ("VND-EDX-101", "response_for.document_id"),
        ("VND-EDX-102", "timestamp"),
        ("VND-EDX-102", "description"),
    ]
    assert broken(status(description=None)) == []


def test_the_present_day_is_that_of_vietnam():
    late = dt.datetime(2026, 11, 19, 18, 0, tzinfo=dt.UTC)  # the 20th in Vietnam
    assert places(GOOD, "VND-EDX-123", now=late) == ["traces[0].timestamp"]
    assert places(GOOD, "VND-EDX-123", now=late - dt.timedelta(hours=2)) == ["date", "traces[0].timestamp"]


def test_a_secret_element_is_named_with_its_place():
    (found,) = check(BREAKING["M.MessageHeader.OtherInfo.Secret"])
    assert (found.location, found.severity) == ("unknown[0]", Severity.ERROR)
    assert found.facts["level"] == "tối mật"


def test_texts_of_every_depth_are_looked_at():
    decomposed = unicodedata.normalize("NFD", "ế")
    message = doc(to_places=("a", decomposed), traces=(TraceHeader(organ_id="H99.1" + decomposed),))
    assert places(message, "VND-EDX-109") == ["to_places[1]", "traces[0].organ_id"]
    (found,) = check(doc(content="a\u200bb\u202e\u200b"))
    assert found.facts["characters"] == ["U+200B", "U+202E"]


@given(
    number=st.text(max_size=40),
    notation=st.text(max_size=40),
    subject=st.text(max_size=80),
    competence=st.text(max_size=40),
    kind=st.text(max_size=40),
    identifier=st.text(min_size=1, max_size=60).filter(
        lambda one: one == one.strip() and all(ord(letter) >= 32 and letter != "\x7f" for letter in one)
    ),
)
def test_any_text_is_judged_and_put_into_words(number, notation, subject, competence, kind, identifier):
    message = doc(
        code=DocumentCode(number, notation),
        subject=subject,
        type=DocumentType(kind),
        document_id=identifier,
        signer=attrs.evolve(GOOD.signer, competence=competence, position=competence),
        other=attrs.evolve(GOOD.other, sphere=subject, appendixes=(kind, subject)),
        receivers=(Party(OrganId("H99.1"), subject),),
    )
    for one in check(message, **EVERYTHING):
        assert render_finding(one, "vi").seen


def test_receivers_in_the_thousands_cost_little():
    many = receiver()
    many = attrs.evolve(many, receivers=tuple(Party(f"H99.{place}", "B") for place in range(5000)))
    assert check(many) == ()
