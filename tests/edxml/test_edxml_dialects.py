"""Dialects: each is written, read and told apart; every known variant is read and named."""

import datetime as dt
from contextlib import suppress

import attrs
import pytest
from edxml_making import (
    FROM,
    PDF,
    QCVN,
    TO,
    attachment,
    carrying,
    decode,
    document,
    encode,
    full_envelope,
    full_status,
    reference,
    status,
    zip_of,
)
from edxml_strategies import envelopes, statuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vnedoc
from vnedoc.edxml import DIALECTS, EdXmlCodec, convert, detect, dialect
from vnedoc.errors import ConfigError, DecodeError, InputError, LimitExceeded, RuleError
from vnedoc.model import (
    VIETNAM,
    Attachment,
    Blob,
    Business,
    Envelope,
    Kind,
    Limits,
    OrganId,
    OtherInfo,
    Party,
    ResponseFor,
    Severity,
    SignerInfo,
    StatusCode,
    TraceHeader,
    UnknownAttribute,
    UnknownElement,
    Wire,
)
from vnedoc.transport import QueueItem, read_queue_item

XML_DIALECTS = [name for name in DIALECTS if dialect(name).packaging == "xml"]
MIME_DIALECTS = [name for name in DIALECTS if dialect(name).packaging == "mime"]
E_DOC = "http://www.e-doc.vn/Schema/"
INET = "http://www.inetcloud.vn/ns/edxml"


def found(decoded, code="VND-EDX-027"):
    return [(one.facts["seen"], one.facts["expected"]) for one in decoded.findings if one.code == code]


def sent_by(message, organ_id):
    """Give the message of the edition that the identifier belongs to."""
    return attrs.evolve(message, sender=attrs.evolve(message.sender, organ_id=organ_id))


def old_shape(envelope):
    """Give what the form of 2014 has elements for."""
    other = None if envelope.other is None else attrs.evolve(envelope.other, direction=None)
    if other == OtherInfo():
        other = None
    ids = [f"{number}.bin" for number, _ in enumerate(envelope.attachments)]
    return attrs.evolve(
        envelope,
        business=None,
        other=other,
        unknown=tuple(attrs.evolve(one, parent="Header") for one in envelope.unknown),
        unknown_attributes=tuple(
            one for one in envelope.unknown_attributes if one.parent == "" and one.name.startswith("{urn")
        ),
        attachments=tuple(
            attrs.evolve(one, content_id=name, content_type=one.attachment_type)
            for one, name in zip(envelope.attachments, ids, strict=True)
        ),
    )


def unpacked(message):
    """Give the message without the transport form of its attachments."""
    if not isinstance(message, Envelope):
        return message
    return attrs.evolve(
        message, attachments=tuple(attrs.evolve(one, packed=None) for one in message.attachments)
    )


# --- round trips ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", XML_DIALECTS)
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    deadline=None,
    max_examples=25,
)
@given(message=envelopes | statuses)
def test_what_is_written_is_read_again(name, message):
    """QCVN 102:2016/BTTTT, sections 1 to 4; the order is a matter of the writer."""
    message = sent_by(message, "H99.1" if dialect(name).edition == 2022 else "000.00.01.Z99")
    data = encode(message, name)
    decoded = decode(data)
    assert decoded.message == message
    assert encode(decoded.message, name) == data


@pytest.mark.parametrize("name", MIME_DIALECTS)
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    deadline=None,
    max_examples=25,
)
@given(
    message=envelopes.map(old_shape)
    | statuses.map(lambda one: attrs.evolve(one, unknown=(), unknown_attributes=()))
)
def test_what_is_written_in_the_form_of_2014_is_read_again(name, message):
    """Công văn 2803/BTTTT-THH: MIME multipart/related with a SOAP 1.1 part."""
    data = encode(message, name)
    decoded = decode(data)
    assert unpacked(decoded.message) == message
    assert decoded.dialect == name
    assert encode(decoded.message, name) == data


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("message", [full_envelope(), full_status()], ids=["document", "status"])
def test_the_dialect_is_told(name, message):
    message = sent_by(message, "H99.7" if dialect(name).edition == 2022 else "000.00.01.Z99")
    if isinstance(message, Envelope):
        message = attrs.evolve(message, business=None, other=None)
    codec = EdXmlCodec(dialect=name)
    told = detect(codec.encode(message))
    assert codec.detect(codec.encode(message)) is told
    # A status has neither of the elements whose order tells the two apart.
    assert told.name == (name if isinstance(message, Envelope) else name.removesuffix("-official"))
    assert told.content_type == codec.encode(message).content_type


def test_the_orders_are_those_of_their_writers():
    envelope = full_envelope()
    names = {
        name: [
            line.strip()[7:].partition(">")[0]
            for line in encode(envelope, name).decode().splitlines()
            if line.startswith("        <edXML:")
        ]
        for name in ("2016", "2016-official")
    }
    header = [one for one in names["2016"] if one not in ("TraceHeader", "Bussiness", "Reference")]
    assert header == [
        "From", "To", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content",
        "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ToPlaces",
    ]  # fmt: skip
    header = [one for one in names["2016-official"] if one not in ("TraceHeader", "Bussiness", "Reference")]
    assert header == [
        "From", "To", "To", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "SignerInfo",
        "DueDate", "ToPlaces", "OtherInfo", "ResponseFor", "SteeringType", "DocumentId",
    ]  # fmt: skip


def test_a_dialect_that_is_not_there():
    for make in (lambda: dialect("2015"), lambda: EdXmlCodec(dialect="2015")):
        with pytest.raises(ConfigError) as caught:
            make()
        assert (caught.value.code, caught.value.facts["known"]) == ("VND-EDX-011", list(DIALECTS))
    with pytest.raises(ConfigError) as caught:
        EdXmlCodec(mode="sloppy")
    assert caught.value.code == "VND-EDX-018"


# --- every row of the table of variants -----------------------------------------------------------


def test_variant_business_for_bussiness():
    decoded = decode(
        document(
            after_header="<edXML:TraceHeaderList><edXML:Business>"
            "<edXML:BusinessDocType>2</edXML:BusinessDocType><edXML:BusinessDocReason>r</edXML:BusinessDocReason>"
            "<edXML:BusinessDocumentInfo><edXML:DocumentInfo>1</edXML:DocumentInfo></edXML:BusinessDocumentInfo>"
            "</edXML:Business></edXML:TraceHeaderList>"
        )
    )
    assert decoded.message.business == Business(kind=Kind.UPDATE, reason="r", changes_content=True)
    assert found(decoded) == [
        ("BusinessDocType", "BussinessDocType"),
        ("BusinessDocReason", "BussinessDocReason"),
        ("BusinessDocumentInfo", "BussinessDocumentInfo"),
        ("Business", "Bussiness"),
    ]
    assert b"<edXML:BussinessDocType>2<" in encode(decoded.message)


def test_variant_organ_in_charge():
    sender = FROM.replace("</edXML:From>", "<edXML:OrganInCharge>U</edXML:OrganInCharge></edXML:From>")
    decoded = decode(document(sender + TO))
    assert decoded.message.sender.in_charge == "U"
    assert found(decoded) == [("OrganInCharge", "OrganizationInCharge")]


def test_variant_manifest():
    body = f"<edXML:edXMLBody><edXML:Manifest>{reference()}</edXML:Manifest></edXML:edXMLBody>"
    decoded = decode(document(body=body, attachments=attachment(content=PDF)))
    assert decoded.message.attachments[0].content_type == "application/pdf"
    assert found(decoded) == [("Manifest", "edXMLManifest")]


@pytest.mark.parametrize(
    ("root", "ns"),
    [
        ("EdXML", QCVN),
        ("EdXML", "http://www.go.vn/eDoc"),
        ("edXML", "http://www.go.vn/eDoc"),
        ("edXML", ""),
    ],
)
def test_variant_root_name_and_namespace(root, ns):
    """Refused across provinces: read only where leniency was asked for, and named."""
    data = (
        carrying(PDF)
        .decode()
        .replace(QCVN, ns)
        .replace("<edXML ", f"<{root} ")
        .replace("</edXML>", f"</{root}>")
    )
    if not ns:
        data = data.replace(' xmlns:edXML=""', "").replace("edXML:", "")
    with pytest.raises(DecodeError) as caught:
        decode(data.encode())
    assert caught.value.code == "VND-EDX-004"
    decoded = decode(data.encode(), mode="lenient")
    assert decoded.message.attachments[0].blob.read() == PDF
    first = decoded.findings[0]
    assert (first.code, first.severity) == ("VND-EDX-012", Severity.ERROR)
    assert encode(decoded.message) == encode(decode(carrying(PDF)).message)


@pytest.mark.parametrize("root", ["EdXMLEnvelope", "edXMLEnvelope"])
def test_variant_envelope_as_root(root):
    inner = carrying(PDF).decode()
    inner = inner[inner.index("<edXML:edXMLHeader>") :].replace("</edXML:edXMLEnvelope>", "")
    inner = inner.replace("</edXML>", "").replace("edXML:", "").replace(f' xmlns:edXML="{QCVN}"', "")
    data = f'<{root} xmlns="http://www.go.vn/eDoc">{inner}</{root}>'.encode()
    with pytest.raises(DecodeError) as caught:
        decode(data)
    assert caught.value.code == "VND-EDX-004"
    decoded = decode(data, mode="lenient")
    assert decoded.message.receivers == (Party("H99.1"),)
    assert decoded.message.attachments[0].blob.read() == PDF
    assert decoded.findings[0].code == "VND-EDX-012"


def test_variant_signer_and_promulgator():
    decoded = decode(
        document(
            FROM
            + TO
            + "<edXML:PromulgationInfo><edXML:Promulgator>Thử</edXML:Promulgator></edXML:PromulgationInfo>"
            + "<edXML:SignerInfo><edXML:Signer>Nguyễn Văn Mẫu</edXML:Signer></edXML:SignerInfo>"
        )
    )
    assert decoded.message.place == "Thử"
    assert decoded.message.signer == SignerInfo(full_name="Nguyễn Văn Mẫu")
    assert found(decoded) == [("Promulgator", "Place"), ("Signer", "FullName")]


def test_variant_attachment_of_early_versions():
    old = (
        "<Attachment><FileName>a.pdf</FileName><FileType>application/pdf</FileType>"
        "<Content>JVBERi0xLjcK</Content></Attachment>"
    )
    decoded = decode(document(attachments=old))
    (one,) = decoded.message.attachments
    assert (one.name, one.attachment_type, one.blob.read()) == ("a.pdf", "application/pdf", b"%PDF-1.7\n")
    assert found(decoded) == [
        ("FileName", "AttachmentName"),
        ("FileType", "ContentType"),
        ("Content", "ContentTransferEncoded"),
    ]


def test_variant_attachment_encoded_with_its_prefix_out_of_scope():
    data = carrying(PDF).replace(b"<AttachmentEncoded>", b"<edXML:AttachmentEncoded>")
    data = data.replace(b"</AttachmentEncoded>", b"</edXML:AttachmentEncoded>")
    with pytest.raises(DecodeError) as caught:
        decode(data)
    assert caught.value.code == "VND-XML-001"
    decoded = decode(data, mode="lenient")
    assert decoded.message.attachments[0].blob.read() == PDF
    assert [(one.code, one.facts["prefix"]) for one in decoded.findings] == [("VND-XML-021", "edXML")]


def test_variant_status_element():
    about = "<edXML:ResponseFor><edXML:OrganId>000.00.01.Z99</edXML:OrganId></edXML:ResponseFor>"
    decoded = decode(status(FROM + about + "<edXML:StatusCode>13</edXML:StatusCode>", "Status"))
    assert decoded.message.code is StatusCode.RECALL
    assert found(decoded) == [("Status", "MessageHeader")]


@pytest.mark.parametrize(
    "element", ["<edXML:Signature>x</edXML:Signature>", "<edXML:DigitalSignature></edXML:DigitalSignature>"]
)
def test_variant_signature_that_is_none(element):
    decoded = decode(document(after_header=element))
    assert [one.code for one in decoded.findings] == ["VND-EDX-026"]
    assert decoded.seals == 1
    assert decoded.message.unknown == ()


@pytest.mark.parametrize("text", ["30/11/2026", "2026-11-30"])
def test_variant_dates(text):
    data = document(FROM + TO + f"<edXML:DueDate>{text}</edXML:DueDate>")
    assert decode(data).message.due_date is None
    assert decode(data, mode="lenient").message.due_date == dt.date(2026, 11, 30)


def test_a_date_is_never_guessed():
    """Both readings of 03/04 are possible: the day-first form of 2014 is known, and only when asked."""
    data = document(FROM + TO + "<edXML:DueDate>03/04/26</edXML:DueDate>")
    for mode in ("strict", "lenient"):
        decoded = decode(data, mode=mode)
        assert decoded.message.due_date is None
        assert [one.code for one in decoded.findings] == ["VND-EDX-021"]


def test_variant_author_of_the_draft():
    decoded = decode(
        document(
            FROM + TO + "<edXML:Author><edXML:Competence>KT.</edXML:Competence>"
            "<edXML:Function>Phó Giám đốc</edXML:Function>"
            "<edXML:FullName>Lê Văn Mẫu</edXML:FullName></edXML:Author>"
        )
    )
    assert decoded.message.signer == SignerInfo(
        competence="KT.", position="Phó Giám đốc", full_name="Lê Văn Mẫu"
    )
    assert found(decoded) == [("Function", "Position"), ("Author", "SignerInfo")]


def test_variant_unprefixed_elements():
    data = carrying(PDF).replace(b"edXML:", b"").replace(b'xmlns:edXML="', b'xmlns:e="')
    decoded = decode(data)
    assert decoded.message == decode(carrying(PDF)).message
    assert decoded.findings == ()


@pytest.mark.parametrize("name", ["docId", "docid"])
def test_variant_doc_id_in_the_lists_of_the_axis(name):
    """It names an entry of the queue, beside the message and not in it, so it is read with the list."""
    item = {name: "65f0c0ffee65f0c0ffee65f0", "messageType": "edoc", "from": "H99.1", "to": "H99.2"}
    read = read_queue_item({**item, "status_desc": None})
    assert read == QueueItem(
        doc_id="65f0c0ffee65f0c0ffee65f0", message_type="edoc", sender="H99.1", recipient="H99.2"
    )


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({}, "doc_id"),
        ({"docId": ""}, "doc_id"),
        ({"docId": 5}, "doc_id"),
        ({"docId": "a", "docid": "b"}, "doc_id"),
        ({"docId": "a", "from": ["H99.1"]}, "sender"),
    ],
)
def test_an_entry_of_the_axis_that_cannot_be_used(item, field):
    with pytest.raises(DecodeError) as caught:
        read_queue_item(item)
    assert (caught.value.code, caught.value.facts["field"]) == ("VND-TRN-016", field)


def test_variant_lower_case_names_are_read_leniently():
    data = document(FROM + TO + "<edXML:subject>Thử</edXML:subject>")
    assert decode(data).message.subject is None
    decoded = decode(data, mode="lenient")
    assert decoded.message.subject == "Thử"
    assert found(decoded) == [("subject", "Subject")]


def test_junk_before_the_declaration_is_dropped_leniently():
    data = b"junk\r\n" + carrying(PDF)
    with pytest.raises(DecodeError):
        decode(data)
    decoded = decode(data, mode="lenient")
    assert [(one.code, one.severity) for one in decoded.findings] == [("VND-XML-020", Severity.ERROR)]
    assert decoded.message.attachments[0].blob.read() == PDF


# --- what no field holds --------------------------------------------------------------------------


def test_attributes_are_kept_and_written_back_in_place():
    data = encode(full_envelope())
    for before, after in (
        (b"<edXML:Subject>", b'<edXML:Subject xml:lang="vi">'),
        (b"<edXML:MessageHeader>", b'<edXML:MessageHeader xmlns:q="urn:q" q:a="&lt;1&quot;">'),
        (b'version="1.0">', b'version="1.0" extra="2">'),
        (b"<edXML:Place>L", b'<edXML:Place order="2">L'),
        (b"<Attachment>", b'<Attachment kind="main">'),
        (b"<edXML:ContentTransferEncoded ", b'<edXML:ContentTransferEncoded enc="b64" '),
    ):
        assert data.count(before) == 1 or before == b'version="1.0">', before
        data = data.replace(before, after)
    data = data.replace(b' extra="2"', b"", 0)
    decoded = decode(data)
    assert {one.code for one in decoded.findings} == {"VND-EDX-025"}
    again = encode(decoded.message)
    assert decode(again).message == decoded.message
    for kept in (
        b'<edXML:Subject xml:lang="vi">',
        b'="urn:q"',
        b':a="&lt;1&quot;"',
        b'extra="2"',
        b'<edXML:Place order="2">L',
        b'<Attachment kind="main">',
        b' enc="b64">',
    ):
        assert kept in again


def test_attributes_of_the_trace_list_and_manifest_survive():
    data = encode(full_envelope()).replace(
        b"<edXML:TraceHeaderList>",
        b'<edXML:TraceHeaderList xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" id="t" '
        b's:mustUnderstand="1">',
    )
    data = data.replace(b'<edXML:edXMLManifest version="1.0">', b'<edXML:edXMLManifest version="2.0">')
    decoded = decode(data)
    assert decoded.findings == ()
    again = encode(decoded.message)
    assert b'id="t"' in again
    assert b':mustUnderstand="1"' in again
    assert b'<edXML:edXMLManifest version="2.0">' in again
    assert decode(again).message == decoded.message


def test_an_empty_element_with_an_attribute_is_kept_whole():
    decoded = decode(document(FROM + TO + '<edXML:Subject note="x"/>'))
    assert decoded.message.subject is None
    assert 'note="x"' in decoded.message.unknown[0].xml
    assert decode(encode(decoded.message)).message == decoded.message


@pytest.mark.parametrize("name", ["", "a b", "1", "{urn:x}", "{urn:x", "a:b", "<"])
def test_no_attribute_breaks_out_of_its_place(name):
    envelope = attrs.evolve(
        full_envelope(), unknown_attributes=(UnknownAttribute(parent="", name=name, value="1"),)
    )
    with pytest.raises(RuleError) as caught:
        encode(envelope)
    assert caught.value.code == "VND-EDX-031"


def test_an_attribute_without_its_element_is_refused():
    envelope = attrs.evolve(
        full_envelope(), unknown_attributes=(UnknownAttribute(parent="nowhere", name="a", value="1"),)
    )
    with pytest.raises(RuleError) as caught:
        encode(envelope)
    assert caught.value.code == "VND-EDX-032"


# --- the form of 2014 -----------------------------------------------------------------------------


def old_message(ns=E_DOC, *, body="", header="", parts="", more=""):
    soap = (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><soap-env:Header>'
        f'<edXML:MessageHeader xmlns:edXML="{ns}" edXML:OriginalBodyRequested="false">'
        '<edXML:From><edXML:OrganId edXML:type="edXMLString">Z99.01</edXML:OrganId></edXML:From>'
        "<edXML:To><edXML:OrganId>Z99.02</edXML:OrganId></edXML:To>"
        "<edXML:PromulgationInfo><edXML:PromulgationDate>07/10/2014</edXML:PromulgationDate></edXML:PromulgationInfo>"
        f"{header}</edXML:MessageHeader>{more}</soap-env:Header>"
        f'<soap-env:Body><edXML:Manifest xmlns:edXML="{ns}" edXML:version="1.0">{body}</edXML:Manifest>'
        "</soap-env:Body></soap-env:Envelope>"
    )
    return (
        'Content-Type: multipart/related; boundary="b1"; type="text/xml"; start="<Start>"\r\n\r\n'
        "--b1\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"Content-ID: <Start>\r\n\r\n{soap}\r\n{parts}--b1--\r\n"
    ).encode()


def old_part(name="a.pdf", content="JVBERi0xLjcK", cid="u1.pdf", ns=E_DOC):
    return (
        f"--b1\r\nContent-Type: text/xml\r\nContent-ID: <{cid}>\r\n\r\n"
        f'<edXML:Document xmlns:edXML="{ns}"><edXML:Attach><edXML:Attachment Content-Type="application/zip" '
        f'Content-Transfer-Encoding="base64"><edXML:name>{name}</edXML:name>'
        "<edXML:FieldName>file1</edXML:FieldName><edXML:MimeType>application/pdf</edXML:MimeType>"
        f"<edXML:value>{content}</edXML:value></edXML:Attachment></edXML:Attach></edXML:Document>\r\n"
    )


OLD_REFERENCE = (
    '<edXML:Reference xlink:href="cid:u1.pdf" xlink:role="XLinkRole" xlink:type="simple">'
    "<edXML:AttachmentName>a.pdf</edXML:AttachmentName>"
    '<edXML:Description xml:lang="vi">Bản chính</edXML:Description></edXML:Reference>'
)


@pytest.mark.parametrize(("ns", "name"), [(E_DOC, "2014"), (INET, "2014-inet")])
def test_a_message_of_2014(ns, name):
    decoded = decode(old_message(ns, body=OLD_REFERENCE, parts=old_part(ns=ns)))
    assert decoded.dialect == name
    message = decoded.message
    assert (message.sender.organ_id.value, message.date) == ("Z99.01", dt.date(2014, 10, 7))
    (one,) = message.attachments
    assert (one.name, one.content_id, one.description) == ("a.pdf", "u1.pdf", "Bản chính")
    assert (one.content_type, one.attachment_type) == ("application/pdf", "application/pdf")
    assert one.blob.read() == b"%PDF-1.7\n"
    assert decode(encode(message, name)).message.sender == message.sender


def test_headers_may_be_missing_and_lines_may_end_in_lf():
    data = old_message(body=OLD_REFERENCE, parts=old_part())
    bare = data.partition(b"\r\n\r\n")[2]
    assert decode(bare).message == decode(data).message
    assert decode(bare.replace(b"\r\n", b"\n")).message == decode(data).message


def test_the_soap_part_alone_is_a_message_without_attachments():
    data = old_message()
    soap = data[data.index(b"<?xml") : data.index(b"\r\n--b1--")]
    assert decode(soap).message == decode(data).message
    assert decode(soap).dialect == "2014"


def test_the_start_parameter_names_the_first_part():
    data = old_message(body=OLD_REFERENCE, parts=old_part())
    head, start, file, end = data.split(b"--b1")
    turned = b"--b1".join((head, file, start, end))
    assert decode(turned).message == decode(data).message


def test_a_status_of_2014():
    wire = EdXmlCodec(dialect="2014").encode(full_status())
    assert wire.content_type == "multipart/related"
    assert b"<edXML:Status>" in wire.read()
    decoded = EdXmlCodec().decode(wire)
    assert (decoded.message, decoded.dialect, decoded.findings) == (full_status(), "2014", ())


def test_every_tag_that_strict_receivers_of_2014_want_is_there():
    data = encode(Envelope(sender="Z99.01", receivers=("Z99.02",)), "2014")
    for tag in ("DueDate", "OtherInfo", "Priority", "Appendixes", "ToPlaces", "TraceHeaderList", "ErrorList"):
        assert f"<edXML:{tag}".encode() in data
    assert decode(data).message == Envelope(sender="Z99.01", receivers=("Z99.02",))


def test_the_error_list_of_2014_is_kept():
    errors = (
        f'<edXML:ErrorList xmlns:edXML="{E_DOC}"><edXML:Error>'
        "<edXML:ErrCode>N.MessageHeader.To</edXML:ErrCode></edXML:Error></edXML:ErrorList>"
    )
    decoded = decode(old_message(more=errors))
    assert [one.code for one in decoded.findings] == ["VND-EDX-013"]
    again = encode(decoded.message, "2014")
    assert again.count(b"<edXML:ErrorList") == 1
    assert b"N.MessageHeader.To" in again


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"Content-Type: multipart/related; boundary=b\r\n\r\n", "VND-EDX-016"),
        (b"Content-Type: multipart/related\r\n\r\n--b\r\n\r\n<a/>\r\n--b--", "VND-EDX-016"),
        (b"Content-Type: multipart/related; boundary=b\r\n", "VND-EDX-016"),
        (b"Content-Type: text/plain\r\n\r\nx", "VND-EDX-001"),
        (b"--b\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--b--\r\n", "VND-EDX-001"),
        (b"--b\r\nContent-Type: text/xml\r\n\r\n" + carrying(PDF) + b"\r\n--b--\r\n", "VND-EDX-016"),
        (old_message(parts="--b1\r\n\r\n<a/>\r\n"), "VND-EDX-016"),
        (old_message(parts=old_part(content="!")), "VND-EDX-044"),
        (
            old_message(parts=old_part()).replace(b"<?xml version", b"<!DOCTYPE a []><?xml version"),
            "VND-XML-002",
        ),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n*\r\n--b--", "VND-XML-032"),
    ],
)
def test_a_broken_multipart_is_refused(data, code):
    with pytest.raises(InputError) as caught:
        decode(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("header", "again"),
    [
        (b"Content-ID: <Start>\r\n", b"Content-ID: <x>\r\n"),
        (b"Content-Transfer-Encoding: 8bit\r\n", b"content-transfer-encoding: base64\r\n"),
        (b'boundary="b1"; ', b"boundary=b2; "),
        (b'start="<Start>"', b'; start="<x>"'),
    ],
)
def test_a_header_that_occurs_twice_is_refused(header, again):
    with pytest.raises(DecodeError) as caught:
        decode(old_message().replace(header, header + again, 1))
    assert caught.value.code == "VND-EDX-016"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("mark", ["(", ";", '"', "\\", 'a="', "<", "\r\n ", "=?", "a*0*=x'y'%41;"])
def test_long_headers_take_neither_recursion_nor_the_square_of_the_time(mark):
    flood = (mark * 15_000)[:15_000].encode()
    for at in (b"multipart/related;", b"Content-ID: ", b"8bit"):
        with suppress(InputError):
            decode(old_message(parts=old_part()).replace(at, at + flood, 1))


def test_parts_are_bounded():
    data = old_message(parts="".join(old_part(cid=f"u{number}") for number in range(6)))
    with pytest.raises(LimitExceeded):
        decode(data, attachments=4)
    with pytest.raises(LimitExceeded):
        decode(data, tree_bytes=1000)


@settings(deadline=None, max_examples=200)
@given(
    data=st.binary(max_size=60),
    at=st.integers(0, 1500),
    cut=st.integers(0, 40),
)
def test_mutated_multiparts_give_a_value_or_a_typed_error(data, at, cut):
    message = old_message(body=OLD_REFERENCE, parts=old_part())
    with suppress(InputError):
        decode(message[:at] + data + message[at + cut :])


def test_an_office_file_inside_its_zip_comes_out():
    docx = zip_of({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
    envelope = Envelope(
        sender="Z99.01",
        receivers=("Z99.02",),
        attachments=(Attachment(name="a.docx", blob=docx, content_id="u1.docx"),),
    )
    (one,) = decode(encode(envelope, "2014")).message.attachments
    assert one.blob.read() == docx
    assert one.packed is not None


# --- from one to another --------------------------------------------------------------------------


def fits(name):
    return (
        attrs.evolve(full_envelope(), business=None, other=None)
        if name.startswith("2014")
        else full_envelope()
    )


@pytest.mark.parametrize("target", DIALECTS)
@pytest.mark.parametrize("source", DIALECTS)
def test_convert_between_all_dialects(source, target):
    message = sent_by(fits(source), "H99.7" if source.startswith("2022") else "000.00.01.Z99")
    wire = EdXmlCodec(dialect=source).encode(message)
    converted = convert(wire, target)
    assert (converted.source, converted.target) == (source, target)
    back = EdXmlCodec().decode(converted.wire)
    told = {one.location for one in converted.lost if one.code == "VND-EDX-014"}
    expected = message
    if target.startswith("2014") and not source.startswith("2014"):
        assert told == {"business", "other.direction"}
        expected = attrs.evolve(message, business=None, other=attrs.evolve(message.other, direction=None))
    else:
        assert told == set()
    assert unpacked(back.message) == expected
    if dialect(source).edition == dialect(target).edition:
        assert converted.lost == ()


def test_what_the_target_cannot_carry_is_listed_before_it_is_written():
    with pytest.raises(RuleError) as caught:
        encode(full_envelope(), "2014")
    assert caught.value.code == "VND-EDX-033"
    assert caught.value.facts["fields"] == ["other.direction", "business"]


class Directory:
    def resolve(self, organ_id):
        return OrganId("H99.1", ("000.00.01.Z99",)) if organ_id.value == "000.00.01.Z99" else None


@pytest.mark.parametrize("target", XML_DIALECTS)
@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.odt", "a.zip", "a"])
def test_a_file_is_the_same_whatever_dialect_carries_it(name, target):
    content = zip_of({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<b/>"})
    one = Attachment(name=name, blob=Blob.from_bytes(content), content_id="1")
    message = attrs.evolve(fits("2014"), attachments=(one,))
    old = EdXmlCodec(dialect="2014").encode(message)
    assert EdXmlCodec().decode(old).message.attachments[0].blob.read() == content
    new = convert(old, target).wire
    assert EdXmlCodec().decode(new).message.attachments[0].blob.read() == content
    again = convert(new, "2014").wire
    assert EdXmlCodec().decode(again).message.attachments[0].blob.read() == content


def test_what_reading_leaves_out_is_lost_by_a_conversion():
    body = old_part()
    start, end = body.index("<edXML:Attach>"), body.index("</edXML:Document>")
    empty = body[:start] + "<edXML:Extra>quan trọng</edXML:Extra>" + body[end:]
    converted = convert(Wire.from_bytes(old_message(parts=empty)), "2014")
    assert [one.code for one in converted.lost] == ["VND-EDX-017"]
    assert "VND-EDX-017" not in {one.code for one in converted.findings}
    converted = convert(Wire.from_bytes(document(FROM + TO + "chữ thừa")), "2016")
    assert [one.code for one in converted.lost] == ["VND-EDX-028"]


def test_attachments_of_one_content_id_are_told():
    one = attrs.evolve(full_envelope().attachments[0], content_id="a")
    wire = EdXmlCodec().encode(attrs.evolve(fits("2014"), attachments=(one, one)))
    converted = convert(wire, "2014")
    assert [one.location for one in converted.lost if one.code == "VND-EDX-014"] == [
        "attachments[1].content_id"
    ]


def test_the_severity_of_an_error_list_is_kept():
    data = old_message(more=f'<edXML:ErrorList xmlns:edXML="{E_DOC}" edXML:highestSeverity="Error"/>')
    again = encode(decode(data).message, "2014")
    assert b'highestSeverity="Error"' in again


def test_identifiers_change_only_by_the_directory():
    message = attrs.evolve(full_envelope(), receivers=(Party("000.00.02.Z99", "Sở Thí điểm B"),))
    wire = EdXmlCodec().encode(message)
    converted = convert(wire, "2022", directory=Directory())
    assert EdXmlCodec().decode(converted.wire).message.sender.organ_id.value == "H99.1"
    assert EdXmlCodec().detect(converted.wire).name == "2022"
    told = [(one.code, one.location, one.facts["seen"]) for one in converted.lost]
    assert told == [("VND-EDX-034", "receivers[0].organ_id", "000.00.02.Z99")]
    without = convert(wire, "2022")
    assert EdXmlCodec().decode(without.wire).message.sender.organ_id.value == "000.00.01.Z99"
    back = convert(converted.wire, "2016")
    assert [one.location for one in back.lost][:1] == ["sender.organ_id"]


def test_unknown_elements_move_with_their_parents():
    message = attrs.evolve(
        fits("2014"),
        unknown=(
            UnknownElement(
                parent="edXMLEnvelope/edXMLHeader/MessageHeader", after="Subject", xml='<a xmlns="urn:x"></a>'
            ),
            UnknownElement(parent="AttachmentEncoded", after=None, xml='<b xmlns="urn:x"></b>'),
        ),
    )
    converted = convert(EdXmlCodec().encode(message), "2014")
    assert [one.location for one in converted.lost if one.code == "VND-EDX-014"] == ["AttachmentEncoded"]
    old = EdXmlCodec().decode(converted.wire).message
    assert [(one.parent, one.after) for one in old.unknown] == [("Header/MessageHeader", "Subject")]
    again = EdXmlCodec().decode(convert(converted.wire, "2016").wire).message
    assert again.unknown == message.unknown[:1]


def test_a_signature_does_not_survive_and_is_told():
    data = document(after_header='<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>')
    converted = convert(Wire.from_bytes(data), "2016-official")
    assert [one.code for one in converted.lost] == ["VND-EDX-035"]
    assert b"Signature" not in converted.wire.read()


def test_a_lenient_conversion_mends_and_says_so():
    data = document(FROM + TO + "<edXML:DueDate>30/11/2026</edXML:DueDate>")
    converted = convert(Wire.from_bytes(data), "2016", mode="lenient")
    assert b"<edXML:DueDate>2026/11/30</edXML:DueDate>" in converted.wire.read()
    assert [one.code for one in converted.findings] == ["VND-EDX-020"]


# --- built without constructors -------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(envelopes | statuses)
def test_what_the_reader_builds_passes_the_constructors(message):
    """The reader passes the constructors by; each object must be what they would have made."""
    rebuilt = decode(encode(message)).message

    def again(value):
        if isinstance(value, tuple):
            return tuple(map(again, value))
        if attrs.has(type(value)) and not isinstance(value, Blob):
            fields = {one.alias: again(getattr(value, one.name)) for one in attrs.fields(type(value))}
            return type(value)(**fields)
        return value

    assert again(rebuilt) == rebuilt == message


def test_a_trace_of_year_one_is_kept_as_it_is():
    trace = (
        "<edXML:TraceHeaderList><edXML:TraceHeader><edXML:OrganId>A</edXML:OrganId>"
        "<edXML:Timestamp>{}</edXML:Timestamp></edXML:TraceHeader></edXML:TraceHeaderList>"
    )
    decoded = decode(document(after_header=trace.format("0001/01/01 00:00:00")))
    assert decoded.message.traces == (TraceHeader(organ_id="A"),)
    assert [one.code for one in decoded.findings] == ["VND-EDX-021"]
    late = decode(document(after_header=trace.format("9999/12/31 23:59:59"))).message
    assert late.traces[0].timestamp == dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=VIETNAM)
    assert decode(encode(late)).message == late


def test_limits_hold_in_every_dialect():
    envelope = Envelope(
        sender="Z99.01",
        receivers=("Z99.02",),
        attachments=(Attachment(name="a.bin", blob=b"x" * 5000, content_id="1"),),
        responses_for=(ResponseFor(code="1/A"),),
    )
    for name in DIALECTS:
        with pytest.raises(LimitExceeded):
            EdXmlCodec(Limits(attachment_bytes=4000)).decode(EdXmlCodec(dialect=name).encode(envelope))


def test_findings_on_a_message_of_2014_say_line_and_column_of_the_file():
    data = old_message(header="\r\n<edXML:Subjects>x</edXML:Subjects>")
    found = {one.code: one.facts for one in vnedoc.check(data)}
    line = data[: data.index(b"<edXML:Subjects>")].count(b"\n") + 1
    assert (found["VND-EDX-036"]["line"], found["VND-EDX-036"]["column"]) == (line, 1)
    assert all("line" in one.facts for one in vnedoc.check(data) if one.location)


def test_what_is_unknown_in_the_part_of_an_attachment_is_written_back_in_place():
    """The manifest has the files in another order than the parts: what is kept follows its file."""
    extra = "<edXML:Extra>một</edXML:Extra><edXML:MimeType>"
    first = old_part(cid="u1.pdf").replace("<edXML:MimeType>", extra)
    second = old_part(name="b.pdf", cid="u2.pdf").replace("<edXML:Attach>", '<edXML:Attach note="hai">')
    manifest = OLD_REFERENCE.replace("u1.pdf", "u2.pdf").replace("a.pdf", "b.pdf") + OLD_REFERENCE
    message = decode(old_message(body=manifest, parts=first + second)).message
    assert [one.name for one in message.attachments] == ["b.pdf", "a.pdf"]
    assert [one.parent for one in message.unknown_attributes if one.name == "note"] == ["part/Attach"]
    data = encode(message, "2014")
    _, b_pdf, a_pdf = data.split(b"Content-ID: <")[1:]
    assert b'<edXML:Attach note="hai">' in b_pdf
    assert "Extra" not in b_pdf.decode()
    assert a_pdf.index(b"FieldName") < a_pdf.index("một</".encode()) < a_pdf.index(b"<edXML:MimeType>")
    assert unpacked(decode(data).message) == unpacked(message)
    with pytest.raises(RuleError) as caught:
        encode(message, "2016")
    assert caught.value.code == "VND-EDX-032"
    told = {one.location for one in convert(Wire.from_bytes(data), "2016").lost if one.code == "VND-EDX-014"}
    assert told == {"part/Attach", "part/Attach/Attachment", "part[2]/Attach/Attachment"}


def test_a_part_that_the_message_does_not_have_is_refused():
    message = attrs.evolve(
        fits("2014"), unknown=(UnknownElement(parent="part[2]/Attach", xml='<a xmlns="urn:x"></a>'),)
    )
    with pytest.raises(RuleError) as caught:
        encode(message, "2014")
    assert caught.value.code == "VND-EDX-032"


def test_what_is_kept_stays_in_its_order():
    kept = "<edXML:DueDate>soon</edXML:DueDate><edXML:X>1</edXML:X>"
    header = FROM + TO + '<edXML:Subject n="1"/><edXML:Y>2</edXML:Y>' + kept
    data = encode(decode(document(header)).message).decode()
    places = [data.index(text) for text in (' n="1"', ">2<", ">soon<", ">1<")]
    assert places == sorted(places)
