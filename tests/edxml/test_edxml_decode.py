"""Reading: any order, tolerated forms, what is kept, what is refused."""

import datetime as dt

import pytest
from edxml_making import (
    FROM,
    QCVN,
    TO,
    attachment,
    codes,
    decode,
    document,
    encode,
    full_envelope,
    reference,
    status,
)

from vnedoc.edxml import EdXmlCodec, check, decode_document, is_edxml, safe_name
from vnedoc.errors import DecodeError, FileError, LimitExceeded
from vnedoc.model import (
    VIETNAM,
    Business,
    DocumentCode,
    DocumentType,
    Kind,
    Limits,
    OrganId,
    OtherInfo,
    ResponseFor,
    Severity,
    StatusCode,
    StatusMessage,
    TraceHeader,
    Wire,
)
from vnedoc.xml import parse

HEADER = "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader"
STATUS = (
    "<edXML:From><edXML:OrganId>H99.1</edXML:OrganId></edXML:From>"
    "<edXML:ResponseFor><edXML:OrganId>000.00.01.Z99</edXML:OrganId></edXML:ResponseFor>"
)


def traced(text: str) -> bytes:
    header = f"<edXML:TraceHeader><edXML:Timestamp>{text}</edXML:Timestamp></edXML:TraceHeader>"
    return document(after_header=f"<edXML:TraceHeaderList>{header}</edXML:TraceHeaderList>")


def business(children: str) -> bytes:
    block = f"<edXML:Bussiness>{children}</edXML:Bussiness>"
    return document(after_header=f"<edXML:TraceHeaderList>{block}</edXML:TraceHeaderList>")


def soap(namespace: str) -> bytes:
    """Give the XML part of a message of the 2014 form."""
    header = f'<s:Header><e:MessageHeader xmlns:e="{namespace}"/></s:Header>'
    return f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{header}</s:Envelope>'.encode()


def refusal(data: bytes, **limits: int) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(data, **limits)
    return caught.value


# --- which message --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "VND-EDX-001"),
        (b"{}", "VND-EDX-001"),
        (b"%PDF-1.7", "VND-EDX-001"),
        (b"<a/>", "VND-EDX-001"),
        (b'<edXML xmlns="http://www.go.vn/eDoc"/>', "VND-EDX-004"),
        (b"<edXML/>", "VND-EDX-004"),
        (b"<EdXMLEnvelope/>", "VND-EDX-004"),
        (f'<EdXML xmlns="{QCVN}"/>'.encode(), "VND-EDX-004"),
        (
            soap("http://www.e-doc.vn/Schema/"),
            "VND-EDX-007",
        ),
        (
            soap("http://www.inetcloud.vn/ns/edxml"),
            "VND-EDX-007",
        ),
        (b'<edXML xmlns="http://edxml.gov.vn/schema"/>', "VND-EDX-002"),
        (f'<edXML xmlns="{QCVN}"/>'.encode(), "VND-EDX-005"),
        (f'<edXML xmlns="{QCVN}"><edXMLEnvelope/></edXML>'.encode(), "VND-EDX-005"),
        (
            f'<edXML xmlns="{QCVN}"><edXMLEnvelope><edXMLHeader/></edXMLEnvelope></edXML>'.encode(),
            "VND-EDX-005",
        ),
        (document(TO), "VND-EDX-006"),
        (document("<edXML:From><edXML:OrganName>A</edXML:OrganName></edXML:From>" + TO), "VND-EDX-006"),
        (document("<edXML:From><edXML:OrganId/></edXML:From>" + TO), "VND-EDX-006"),
        (document(f"<edXML:From><edXML:OrganId>{'9' * 61}</edXML:OrganId></edXML:From>" + TO), "VND-EDX-006"),
        (status(STATUS), "VND-EDX-007"),
        (status(STATUS, "Status"), "VND-EDX-007"),
        (status(STATUS + "<edXML:StatusCode/>"), "VND-EDX-007"),
        (status(STATUS + "<edXML:StatusCode>07</edXML:StatusCode>"), "VND-EDX-007"),
        (status(STATUS + "<edXML:StatusCode>3</edXML:StatusCode>"), "VND-EDX-007"),
        (document(STATUS + "<edXML:StatusCode>03</edXML:StatusCode>"), "VND-EDX-008"),
        (
            status(
                STATUS + "<edXML:StatusCode>03</edXML:StatusCode>",
                after="<AttachmentEncoded><Attachment/></AttachmentEncoded>",
            ),
            "VND-EDX-008",
        ),
        (document(FROM + TO, tail="<AttachmentEncoded/>"), "VND-EDX-010"),
        (document(FROM + TO, after_header="<MessageHeader/>"), "VND-EDX-010"),
    ],
)
def test_what_is_no_message_is_refused_with_one_code(data, code):
    assert refusal(data).code == code


def test_mandatory_parts_are_named_with_place_and_line():
    error = refusal(f'<edXML xmlns="{QCVN}">\n<edXMLEnvelope>\n</edXMLEnvelope></edXML>'.encode())
    assert error.path == "/edXML/edXMLEnvelope"
    assert error.facts == {"element": "edXMLHeader", "line": 2}


def test_nearness_to_edxml_is_recognised():
    assert is_edxml(parse(document()))
    assert is_edxml(parse(b"<EdXMLEnvelope/>"))
    assert is_edxml(parse(b'<a><b xmlns="http://edxml.gov.vn/schema"/></a>'))
    assert not is_edxml(parse(b"<a/>"))
    assert not is_edxml(parse(b'<a xmlns="http://www.e-doc.vn/Schema/"/>'))


def test_bytes_that_are_no_xml_keep_the_parsers_error():
    error = refusal(b"<edXML>")
    assert error.code == "VND-XML-001"
    assert {"line", "column", "cause"} <= set(error.facts)


def test_files_larger_than_a_tree_are_refused_before_they_are_read():
    with pytest.raises(LimitExceeded) as caught:
        decode(document(), tree_bytes=100)
    assert caught.value.facts["limit"] == "tree_bytes"


def test_a_file_that_is_gone_is_a_file_error(tmp_path):
    path = tmp_path / "a.edxml"
    path.write_bytes(document())
    wire = Wire.from_file(path)
    path.unlink()
    with pytest.raises(FileError):
        EdXmlCodec().decode(wire)


def test_the_verified_tree_is_the_one_that_is_read():
    decoded = decode_document(parse(document()), Limits())
    assert decoded.dialect == "2016"
    assert decoded.message.sender.organ_id == OrganId("000.00.01.Z99")


# --- order, names, namespaces ---------------------------------------------------------------------


def test_children_are_read_in_any_order():
    message = decode(
        document(
            "<edXML:DocumentId>d-1</edXML:DocumentId><edXML:Subject> Trích\n yếu </edXML:Subject>"
            "<edXML:Code><edXML:CodeNotation>N</edXML:CodeNotation><edXML:CodeNumber>1</edXML:CodeNumber></edXML:Code>"
            + TO
            + FROM
        )
    ).message
    assert message.document_id.value == "d-1"
    assert message.subject == "Trích\n yếu"
    assert message.code == DocumentCode("1", "N")


def test_prefixes_do_not_matter():
    data = document(FROM + TO + "<edXML:Subject>s</edXML:Subject>")
    assert (
        decode(data.replace(b"edXML:", b"q:").replace(b"xmlns:edXML", b"xmlns:q")).message
        == decode(data).message
    )


def test_elements_of_other_namespaces_are_not_ours():
    decoded = decode(document(FROM + TO + '<Subject xmlns="urn:x">s</Subject>'))
    assert decoded.message.subject is None
    assert [one.code for one in decoded.findings] == ["VND-EDX-024"]
    assert decoded.findings[0].severity is Severity.INFO
    assert decoded.findings[0].location == f"{HEADER}/Subject"


def test_other_spellings_are_read_and_named():
    decoded = decode(
        document(
            "<edXML:From><edXML:OrganId>Z99</edXML:OrganId><edXML:OrganInCharge>U</edXML:OrganInCharge></edXML:From>"
            + TO,
            after_header="<edXML:TraceHeaderList><edXML:Business><edXML:BusinessDocType>1</edXML:BusinessDocType>"
            "<edXML:BusinessDocReason>r</edXML:BusinessDocReason></edXML:Business></edXML:TraceHeaderList>",
            body="<edXML:edXMLBody><edXML:Manifest/></edXML:edXMLBody>",
        )
    )
    assert decoded.message.business == Business(kind=Kind.REVOKE, reason="r")
    assert decoded.message.sender.in_charge == "U"
    assert [one.facts["seen"] for one in decoded.findings if one.code == "VND-EDX-027"] == [
        "OrganInCharge",
        "BusinessDocType",
        "BusinessDocReason",
        "Business",
        "Manifest",
    ]


def test_a_status_may_stand_in_an_element_of_its_own():
    decoded = decode(status(STATUS + "<edXML:StatusCode>13</edXML:StatusCode>", "Status"))
    assert decoded.message == StatusMessage(
        sender=decoded.message.sender,
        response_for=ResponseFor(organ_id="000.00.01.Z99"),
        code=StatusCode.RECALL,
    )
    assert [one.code for one in decoded.findings] == ["VND-EDX-027"]


def test_a_status_without_the_document_it_is_about_gets_an_error_finding():
    decoded = decode(status(FROM + "<edXML:StatusCode>01</edXML:StatusCode>"))
    assert decoded.message.response_for == ResponseFor()
    assert [(one.code, one.severity) for one in decoded.findings] == [("VND-EDX-023", Severity.ERROR)]


def test_what_a_status_does_not_know_is_kept():
    decoded = decode(
        status(FROM + TO + STATUS.partition("</edXML:From>")[2] + "<edXML:StatusCode>01</edXML:StatusCode>")
    )
    assert [one.after for one in decoded.message.unknown] == ["From"]
    assert decode(encode(decoded.message)).message == decoded.message


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"), [("2026/11/20", []), ("2026/11/20 ", []), ("2026/11/2", ["VND-EDX-020"])]
)
def test_the_date_of_the_standard_is_read(text, found):
    decoded = decode(document(FROM + TO + f"<edXML:DueDate>{text}</edXML:DueDate>"))
    assert decoded.message.due_date in (dt.date(2026, 11, 20), dt.date(2026, 11, 2))
    assert [one.code for one in decoded.findings] == found


@pytest.mark.parametrize("text", ["20/11/2026", "2026-11-20", "2026-11-20 "])
def test_dates_in_other_forms_are_read_only_where_leniency_was_asked_for(text):
    data = document(FROM + TO + f"<edXML:DueDate>{text}</edXML:DueDate>")
    strict, lenient = decode(data), decode(data, mode="lenient")
    assert strict.message.due_date is None
    (one,) = strict.findings
    assert (one.code, one.severity, one.facts["better"]) == ("VND-EDX-037", Severity.ERROR, "2026/11/20")
    assert text.strip() in strict.message.unknown[0].xml
    assert lenient.message.due_date == dt.date(2026, 11, 20)
    assert [(one.code, one.severity) for one in lenient.findings] == [("VND-EDX-020", Severity.WARNING)]


@pytest.mark.parametrize(
    ("text", "mode", "found"),
    [
        ("2026/11/20 08:05:09", "strict", []),
        ("2026/11/20 8:05:09", "strict", ["VND-EDX-020"]),
        ("20/11/2026 08:05:09", "lenient", ["VND-EDX-020"]),
        ("2026-11-20T08:05:09", "lenient", ["VND-EDX-020"]),
        ("2026-11-20T01:05:09+00:00", "lenient", ["VND-EDX-020"]),
    ],
)
def test_times_are_vietnam_times(text, mode, found):
    decoded = decode(traced(text), mode=mode)
    assert decoded.message.traces == (
        TraceHeader(timestamp=dt.datetime(2026, 11, 20, 8, 5, 9, tzinfo=VIETNAM)),
    )
    assert [one.code for one in decoded.findings] == found


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ("DueDate", "mai"),
        ("DueDate", "2026/02/30"),
        ("DueDate", "2026/11/20x"),
        ("DueDate", "٢٠٢٦/11/20"),
        ("SteeringType", "7"),
        ("SteeringType", "one"),
        ("DocumentId", "x" * 201),
    ],
)
def test_a_value_that_cannot_be_read_is_kept_and_named(element, text):
    decoded = decode(document(FROM + TO + f"<edXML:{element}>{text}</edXML:{element}>"))
    message = decoded.message
    assert (message.due_date, message.steering, message.document_id) == (None, None, None)
    (finding,) = decoded.findings
    assert (finding.code, finding.severity) == ("VND-EDX-021", Severity.ERROR)
    assert finding.location == f"{HEADER}/{element}"
    assert finding.facts["seen"] == text[:80]
    assert text in message.unknown[0].xml
    again = decode(encode(message))
    assert again.message == message
    assert again.findings == decoded.findings


@pytest.mark.parametrize("text", ["08:05:09", "2026/11/20 25:00:00", "2026/11/20", "2026/11/20 08:05:09 Z"])
def test_times_that_cannot_be_read_are_kept(text):
    decoded = decode(traced(text))
    assert decoded.message.traces == (TraceHeader(),)
    assert [one.code for one in decoded.findings] == ["VND-EDX-021"]
    assert decode(encode(decoded.message)).message == decoded.message


@pytest.mark.parametrize(
    ("element", "text", "field", "value"),
    [
        ("PageAmount", "-3", "pages", -3),
        ("PageAmount", "1" * 5000, "pages", None),
        ("PageAmount", "3 trang", "pages", None),
        ("Direction", "true", "direction", True),
        ("Direction", "0", "direction", False),
        ("Direction", "maybe", "direction", None),
        ("Priority", "5", "priority", None),
    ],
)
def test_numbers_and_flags(element, text, field, value):
    amount = "<edXML:PromulgationAmount>1</edXML:PromulgationAmount>"
    info = f"<edXML:OtherInfo>{amount}<edXML:{element}>{text}</edXML:{element}></edXML:OtherInfo>"
    decoded = decode(document(FROM + TO + info))
    assert getattr(decoded.message.other, field) == value
    assert ("VND-EDX-021" in [one.code for one in decoded.findings]) == (value is None)


def test_a_kind_of_business_that_is_not_known_is_refused():
    error = refusal(business("<edXML:BussinessDocType>4</edXML:BussinessDocType>"))
    assert error.code == "VND-EDX-009"
    assert error.facts["seen"] == "4"


def test_a_group_that_lacks_what_it_needs_is_kept_whole():
    decoded = decode(business("<edXML:DocumentId>d</edXML:DocumentId>"))
    assert decoded.message.business is None
    (finding,) = decoded.findings
    assert (finding.code, finding.facts["missing"]) == ("VND-EDX-023", "BussinessDocType")
    assert decode(encode(decoded.message)).message == decoded.message


def test_a_recipient_without_identifier_is_no_recipient():
    decoded = decode(document(FROM + "<edXML:To><edXML:OrganName>B</edXML:OrganName></edXML:To>" + TO))
    assert [one.organ_id.value for one in decoded.message.receivers] == ["H99.1"]
    assert [(one.code, one.severity) for one in decoded.findings] == [("VND-EDX-023", Severity.ERROR)]
    assert decode(encode(decoded.message)).message == decoded.message


@pytest.mark.parametrize(
    "empty",
    [
        "<edXML:ResponseFor/>",
        "<edXML:ResponseFor><edXML:OrganId> </edXML:OrganId><edXML:Code/></edXML:ResponseFor>",
        "<edXML:DocumentId/>",
        "<edXML:OtherInfo><edXML:Appendixes/></edXML:OtherInfo>",
        "<edXML:Subject/>",
    ],
)
def test_empty_elements_are_absent(empty):
    decoded = decode(document(FROM + TO + empty))
    assert decoded.message == decode(document()).message
    assert decoded.findings == ()


def test_an_empty_element_does_not_hide_the_filled_one():
    decoded = decode(document(FROM + TO + "<edXML:Subject/><edXML:Subject>s</edXML:Subject>"))
    assert (decoded.message.subject, decoded.findings) == ("s", ())


def test_absent_numbers_of_the_type_stay_absent():
    one = "<edXML:DocumentType><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>"
    assert decode(document(FROM + TO + one)).message.type == DocumentType("Công văn", None, None)


def test_unknown_children_keep_an_otherwise_empty_group():
    message = decode(document(FROM + TO + '<edXML:OtherInfo><x xmlns="urn:y"/></edXML:OtherInfo>')).message
    assert message.other == OtherInfo()
    assert decode(encode(message)).message == message


# --- oddities -------------------------------------------------------------------------------------


def test_a_field_that_occurs_twice_is_used_once_and_named():
    decoded = decode(document(FROM + TO + "<edXML:Subject>a</edXML:Subject><edXML:Subject>b</edXML:Subject>"))
    assert decoded.message.subject == "a"
    (finding,) = decoded.findings
    assert (finding.code, finding.severity) == ("VND-EDX-022", Severity.ERROR)
    assert finding.location == f"{HEADER}/Subject[2]"
    assert decode(encode(decoded.message)).message == decoded.message


@pytest.mark.parametrize("hidden", ["<!--x-->", "<?x y?>", "<edXML:b>x</edXML:b>"])
def test_a_value_with_markup_in_it_is_refused(hidden):
    error = refusal(document(FROM + TO + f"<edXML:Subject>a{hidden}b</edXML:Subject>"))
    assert error.code.startswith("VND-XML-03")
    assert error.path == f"{HEADER}/Subject"


def test_comments_between_elements_mean_nothing():
    assert codes(document(FROM + "<!-- c --><?p i?>" + TO)) == []


def test_text_between_elements_is_named():
    decoded = decode(document(FROM + "lạc" + TO))
    (finding,) = decoded.findings
    assert (finding.code, finding.facts, finding.location) == ("VND-EDX-028", {"seen": "lạc"}, HEADER)


def test_unknown_attributes_are_named():
    decoded = decode(document(FROM + TO + '<edXML:Subject lang="vi" xml:lang="vi">a</edXML:Subject>'))
    assert [(one.code, one.facts["attribute"]) for one in decoded.findings] == [
        ("VND-EDX-025", "lang"),
        ("VND-EDX-025", "lang"),
    ]


def test_known_attributes_are_read_past():
    data = document(
        after_header='<edXML:TraceHeaderList id="1" version="1.0" xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' s:mustUnderstand="1" s:actor="a"/>',
        references=reference(
            more=' xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:1" xlink:type="simple"'
        ),
        attachments=attachment(),
    ).replace(
        b"<edXML xmlns=",
        b'<edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" xmlns=',
    )
    assert codes(data) == []


def test_references_to_the_outside_are_not_followed():
    for href, found in (("file:///etc/passwd", ["VND-EDX-050"]), ("", [])):
        more = f' xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{href}"'
        assert codes(document(references=reference(more=more), attachments=attachment())) == found


@pytest.mark.parametrize(
    ("signature", "found"),
    [
        ('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><x/></Signature>', []),
        ("<Signature><SignedInfo><!--x-->a</SignedInfo></Signature>", ["VND-EDX-026"]),
        ("<edXML:DigitalSignature/>", ["VND-EDX-026"]),
    ],
)
def test_signatures_are_passed_over(signature, found):
    decoded = decode(document(after_header=signature))
    assert [one.code for one in decoded.findings] == found
    assert decoded.message == decode(document()).message


def test_findings_of_repairs_come_first():
    data = (
        document()
        .replace(b"<AttachmentEncoded>", b"<edXML:AttachmentEncoded>")
        .replace(b"</AttachmentEncoded>", b"</edXML:AttachmentEncoded>")
    )
    repaired = parse(data, repair=True)
    assert repaired.repairs
    assert decode_document(repaired, Limits()).findings == repaired.repairs


def test_many_odd_siblings_cost_linear_time():
    header = FROM + TO + '<x xmlns="urn:y"/>' * 3000 + "<edXML:Subject>a</edXML:Subject>" * 3000
    decoded = decode(document(header))
    assert len(decoded.message.unknown) == 5999
    assert decode(encode(decoded.message)).message == decoded.message


def test_everything_that_is_written_is_read():
    assert decode(encode(full_envelope())).message == full_envelope()


def test_an_unknown_element_is_kept_as_a_seal_covers_it():
    """Exclusive canonical form has no comments, and does not render the prefixes of values."""
    inside = (
        '<x:Amount xmlns:x="urn:x" xmlns:p="urn:p" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:type="p:money">100<!-- 999 -->000</x:Amount>'
    )
    decoded = decode(document(FROM + TO + inside))
    (one,) = decoded.message.unknown
    assert ">100000<" in one.xml
    (note,) = [each for each in decoded.findings if each.code == "VND-EDX-029"]
    assert note.facts == {"element": "Amount", "prefixes": ["p"]}


def test_a_time_that_is_none_in_utc_is_kept_as_it_is():
    decoded = decode(traced("0001/01/01 00:00:00"))
    assert "VND-EDX-021" in [one.code for one in decoded.findings]
    assert "0001/01/01 00:00:00" in decoded.message.unknown[0].xml


@pytest.mark.timeout(20)
def test_many_receivers_and_long_names_take_no_longer_than_they_are():
    many = "".join(f"<edXML:To><edXML:OrganId>{one}</edXML:OrganId></edXML:To>" for one in range(20_000))
    message = decode(document(FROM + TO + many)).message
    assert not [one for one in check(message) if one.code == "VND-EDX-106"]
    assert safe_name("." * 300_000 + "x") == "x"
