"""Findings say the line and column of the element that they are about."""

import json

import attrs
import pytest
from edxml_breaking import GOOD, GOOD_STATUS
from edxml_making import FROM, TO, attachment, decode, document, encode, reference, status
from hypothesis import given
from hypothesis import strategies as st

import vnedoc
from vnedoc.edxml import check, locate
from vnedoc.model import DocumentCode, FileKind, Finding, Party, UnknownElement, Wire
from vnedoc.report import Checked, check_to_json, check_to_text

PDF = b"%PDF-1.7\n"


def located(data):
    """Give line, column and the text at that place, by code and location."""
    message = decode(data)
    found = locate((*message.findings, *check(message.message)), data, message.message)
    lines = data.decode().split("\n")
    return {
        (one.code, one.location): lines[one.facts["line"] - 1][one.facts["column"] - 1 :]
        for one in found
        if "line" in one.facts
    }


def spread(data: bytes) -> bytes:
    """Put each start tag on a line of its own."""
    return data.replace(b"><", b">\n <")


def test_each_field_is_found_in_what_is_written():
    message = attrs.evolve(
        GOOD,
        receivers=(Party("H99.1", "B"), Party("sai", "C")),
        code=DocumentCode("7a", "N 1"),
        signer=attrs.evolve(GOOD.signer, full_name="x" * 60),
        to_places=("a", "b" * 200),
        traces=(attrs.evolve(GOOD.traces[0], organ_id="null"),),
        document_id="H99.8,2026/11/20,7a/N 1",
    )
    found = located(spread(encode(message)))
    assert {where: text.partition(">")[0] for (_, where), text in found.items()} == {
        "receivers[1].organ_id": "<edXML:OrganId",
        "code.number": "<edXML:CodeNumber",
        "code.notation": "<edXML:CodeNotation",
        "signer.full_name": "<edXML:FullName",
        "to_places[1]": "<edXML:Place",
        "traces[0].organ_id": "<edXML:OrganId",
        "document_id": "<edXML:DocumentId",
    }
    assert found["VND-EDX-107", "receivers[1].organ_id"] == "<edXML:OrganId>sai</edXML:OrganId>"
    assert found["VND-EDX-104", "to_places[1]"].startswith("<edXML:Place>bb")


def test_the_nearest_element_stands_for_what_is_missing():
    found = located(spread(document(FROM + TO + "<edXML:Code></edXML:Code>")))
    assert found["VND-EDX-101", "code.number"].startswith("<edXML:Code>")
    assert found["VND-EDX-101", "subject"].startswith("<edXML:MessageHeader")
    assert found["VND-EDX-102", "sender.name"].startswith("<edXML:From")
    assert found["VND-EDX-102", "traces"].startswith("<edXML:edXMLHeader")
    assert found["VND-EDX-102", "attachments"].startswith("<AttachmentEncoded")


def test_elements_that_became_nothing_are_not_counted():
    bad = "<edXML:To><edXML:OrganName>Không mã</edXML:OrganName></edXML:To>"
    wrong = "<edXML:To><edXML:OrganId>sai</edXML:OrganId></edXML:To>"
    found = located(spread(document(FROM + "<edXML:To/>" + bad + TO + wrong)))
    assert found["VND-EDX-107", "receivers[1].organ_id"].startswith("<edXML:OrganId>sai")
    assert found["VND-EDX-023", "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[2]"] == "<edXML:To>"


def test_other_spellings_are_found():
    business = (
        "<edXML:TraceHeaderList><edXML:Business><edXML:BusinessDocType>1</edXML:BusinessDocType>"
        "</edXML:Business></edXML:TraceHeaderList>"
    )
    found = located(spread(document(FROM + TO, after_header=business)))
    assert found["VND-EDX-101", "business.document_id"].startswith("<edXML:Business>")


def test_an_attachment_is_found_by_its_content_id():
    data = document(
        references=reference("1", "a.pdf") + reference("2", "../b.pdf"),
        attachments=attachment("2", PDF, "../b.pdf") + attachment("1", PDF, "a.pdf"),
    )
    found = located(spread(data))
    assert found["VND-EDX-115", "attachments[1].name"].startswith("<AttachmentName>../b.pdf")
    (other,) = [line for line in spread(data).split(b"\n") if b"<AttachmentName>../b" in line]
    assert other.decode().strip() == found["VND-EDX-115", "attachments[1].name"]


def test_attachments_without_content_id_are_counted():
    data = document(attachments=attachment(None, PDF, "a.pdf") + attachment(None, PDF, "../b.pdf"))
    assert located(spread(data))["VND-EDX-115", "attachments[1].name"].startswith("<AttachmentName>../b.pdf")


def test_an_unknown_element_is_found():
    secret = "<edXML:PageAmount>1</edXML:PageAmount><edXML:Secret>Mật</edXML:Secret>"
    found = located(spread(document(f"{FROM}{TO}<edXML:OtherInfo>{secret}</edXML:OtherInfo>")))
    assert found["VND-EDX-122", "unknown[0]"] == "<edXML:Secret>Mật</edXML:Secret>"


def test_a_status_is_searched_too():
    message = attrs.evolve(GOOD_STATUS, response_for=attrs.evolve(GOOD_STATUS.response_for, organ_id="sai"))
    found = located(spread(encode(message)))
    assert found["VND-EDX-107", "response_for.organ_id"].startswith("<edXML:OrganId>sai")
    empty = status(FROM + "<edXML:StatusCode>02</edXML:StatusCode>", name="Status")
    assert located(spread(empty))["VND-EDX-101", "response_for.code"].startswith("<edXML:Status")


def test_without_a_message_only_element_paths_are_found():
    data = encode(GOOD)
    given = (
        Finding.error("VND-X-001", "subject"),
        Finding.error("VND-X-001", "/edXML"),
        Finding.error("VND-X-001"),
    )
    field, element, none = locate(given, data)
    assert (field, none) == (given[0], given[2])
    assert (element.facts["line"], element.facts["column"]) == (2, 1)


def test_what_says_its_line_already_is_left_alone():
    given = (Finding.error("VND-X-001", "/edXML", line=7),)
    assert locate(given, encode(GOOD)) == given


@pytest.mark.parametrize(
    "where",
    [
        "",
        "x",
        "/",
        "//",
        "unknown[9]",
        "unknown",
        "receivers[999].organ_id",
        "attachments[9].name",
        "a b",
        "subject.x",
        "…",
    ],
)
def test_odd_locations_do_no_harm(where):
    message = attrs.evolve(GOOD, unknown=(UnknownElement(parent="a[b]/c", xml="x"),))
    for one in locate(
        (Finding.error("VND-X-001", where), Finding.error("VND-X-001", "unknown[0]")), encode(GOOD), message
    ):
        assert one.facts.get("line", 1) >= 1


def test_data_that_is_no_xml_leaves_the_findings_as_they_are():
    given = (Finding.error("VND-X-001", "subject"),)
    assert locate(given, b"Content-Type: x", GOOD) == given


def test_check_of_a_file_shows_line_and_column(tmp_path):
    data = spread(encode(attrs.evolve(GOOD, subject="")))
    findings = vnedoc.check(data)
    (one,) = [one for one in findings if one.location == "subject"]
    assert (one.facts["line"], one.facts["column"]) == (5, 7)
    rows = [Checked(file="a", kind=FileKind.EDXML, findings=findings)]
    assert "subject (dòng 5, cột 7)" in check_to_text(rows, "vi")
    assert "subject (line 5, column 7)" in check_to_text(rows, "en")
    plain = json.loads(check_to_json(rows))[0]["findings"]
    assert [
        (row["facts"]["line"], row["facts"]["column"]) for row in plain if row["location"] == "subject"
    ] == [(5, 7)]
    assert vnedoc.check(Wire.from_bytes(data)) == findings


@given(at=st.integers(0, 5000), length=st.integers(0, 40), octets=st.binary(max_size=20))
def test_a_changed_file_gives_findings_with_places_or_is_refused(at, length, octets):
    whole = encode(attrs.evolve(GOOD, subject="N/A", receivers=(Party("sai"), Party("H99.1"))))
    data = whole[:at] + octets + whole[at + length :]
    for one in vnedoc.check(data):
        place = one.facts.get("line", 1), one.facts.get("column", 1)
        assert all(isinstance(number, int) and number >= 1 for number in place)


def test_many_findings_in_a_long_list_cost_little():
    many = attrs.evolve(GOOD, receivers=tuple(Party(f"sai.{place}", "B") for place in range(3000)))
    data = encode(many)
    found = locate(check(many), data, many)
    assert len([one for one in found if "line" in one.facts]) == 3000
