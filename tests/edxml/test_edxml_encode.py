"""Writing: exact bytes, escapes, unknown elements in their places, refusals."""

import base64
import datetime as dt

import attrs
import pytest
from edxml_making import FROM, PDF, TO, decode, document, encode, full_envelope, full_status

from vnedoc.edxml import SIGNATURE_PARENT, EdXmlCodec
from vnedoc.errors import RuleError
from vnedoc.model import (
    EDXML_TYPE,
    Attachment,
    Blob,
    Envelope,
    OtherInfo,
    Party,
    SignerInfo,
    TraceHeader,
    UnknownElement,
    Wire,
)
from vnedoc.xml import element_span, parse

GOLDEN_ENVELOPE = """\
<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>000.00.01.Z99</edXML:OrganId>
          <edXML:OrganizationInCharge>UBND tỉnh Thử nghiệm</edXML:OrganizationInCharge>
          <edXML:OrganName>Sở Thí điểm A</edXML:OrganName>
          <edXML:OrganAdd>Số 1, phố Mẫu</edXML:OrganAdd>
          <edXML:Email>so-a@example.vn</edXML:Email>
          <edXML:Telephone>000 0001</edXML:Telephone>
          <edXML:Fax>000 0002</edXML:Fax>
          <edXML:Website>so-a.example.vn</edXML:Website>
        </edXML:From>
        <edXML:To>
          <edXML:OrganId>H99.1</edXML:OrganId>
          <edXML:OrganName>Sở Thí điểm B</edXML:OrganName>
        </edXML:To>
        <edXML:To>
          <edXML:OrganId>H99.2</edXML:OrganId>
          <edXML:OrganName>Sở Thí điểm C &amp; D</edXML:OrganName>
        </edXML:To>
        <edXML:DocumentId>000.00.01.Z99,2026/11/20,12/STĐA-VP</edXML:DocumentId>
        <edXML:Code>
          <edXML:CodeNumber>12</edXML:CodeNumber>
          <edXML:CodeNotation>STĐA-VP</edXML:CodeNotation>
        </edXML:Code>
        <edXML:PromulgationInfo>
          <edXML:Place>Thử nghiệm</edXML:Place>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
        </edXML:PromulgationInfo>
        <edXML:DocumentType>
          <edXML:Type>1</edXML:Type>
          <edXML:TypeDetail>0</edXML:TypeDetail>
          <edXML:TypeName>Công văn</edXML:TypeName>
        </edXML:DocumentType>
        <edXML:Subject>V/v thử nghiệm &lt;liên thông&gt;</edXML:Subject>
        <edXML:Content>Nội dung thử</edXML:Content>
        <edXML:SignerInfo>
          <edXML:Competence>KT.</edXML:Competence>
          <edXML:Position>Phó Giám đốc</edXML:Position>
          <edXML:FullName>Nguyễn Văn Mẫu</edXML:FullName>
        </edXML:SignerInfo>
        <edXML:DueDate>2026/12/01</edXML:DueDate>
        <edXML:OtherInfo>
          <edXML:Priority>1</edXML:Priority>
          <edXML:SphereOfPromulgation>Nội bộ</edXML:SphereOfPromulgation>
          <edXML:TyperNotation>NVM</edXML:TyperNotation>
          <edXML:PromulgationAmount>2</edXML:PromulgationAmount>
          <edXML:PageAmount>1</edXML:PageAmount>
          <edXML:Direction>false</edXML:Direction>
          <edXML:Appendixes>
            <edXML:Appendix>Phụ lục I</edXML:Appendix>
          </edXML:Appendixes>
        </edXML:OtherInfo>
        <edXML:ResponseFor>
          <edXML:OrganId>H99.1</edXML:OrganId>
          <edXML:Code>7/STĐB</edXML:Code>
          <edXML:PromulgationDate>2026/11/01</edXML:PromulgationDate>
          <edXML:DocumentId>H99.1,2026/11/01,7</edXML:DocumentId>
        </edXML:ResponseFor>
        <edXML:SteeringType>1</edXML:SteeringType>
        <edXML:ToPlaces>
          <edXML:Place>Như trên</edXML:Place>
          <edXML:Place>Lưu: VT</edXML:Place>
        </edXML:ToPlaces>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>
        <edXML:TraceHeader>
          <edXML:OrganId>000.00.01.Z99</edXML:OrganId>
          <edXML:Timestamp>2026/11/20 08:00:05</edXML:Timestamp>
        </edXML:TraceHeader>
        <edXML:Bussiness>
          <edXML:DocumentId>000.00.01.Z99,2026/11/19,11/STĐA-VP</edXML:DocumentId>
          <edXML:BussinessDocType>2</edXML:BussinessDocType>
          <edXML:BussinessDocReason>Cập nhật</edXML:BussinessDocReason>
          <edXML:Paper>0</edXML:Paper>
          <edXML:BussinessDocumentInfo>
            <edXML:DocumentInfo>1</edXML:DocumentInfo>
            <edXML:DocumentReceiver>1</edXML:DocumentReceiver>
            <edXML:ReceiverList>
              <edXML:Receiver>
                <edXML:OrganId>H99.2</edXML:OrganId>
                <edXML:ReceiverType>1</edXML:ReceiverType>
              </edXML:Receiver>
              <edXML:Receiver>
                <edXML:OrganId>H99.3</edXML:OrganId>
                <edXML:ReceiverType>0</edXML:ReceiverType>
              </edXML:Receiver>
            </edXML:ReceiverList>
          </edXML:BussinessDocumentInfo>
          <edXML:ReplacementInfoList>
            <edXML:ReplacementInfo>
              <edXML:DocumentId>cũ-1</edXML:DocumentId>
            </edXML:ReplacementInfo>
          </edXML:ReplacementInfoList>
          <edXML:StaffInfo>
            <edXML:Department>Văn thư</edXML:Department>
            <edXML:Staff>Trần Thị Mẫu</edXML:Staff>
            <edXML:Email>vt@example.vn</edXML:Email>
            <edXML:Mobile>000</edXML:Mobile>
          </edXML:StaffInfo>
        </edXML:Bussiness>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference>
          <edXML:ContentId>cid:1</edXML:ContentId>
          <edXML:ContentType>application/pdf</edXML:ContentType>
          <edXML:Description>Bản chính</edXML:Description>
          <edXML:AttachmentName>Công văn.pdf</edXML:AttachmentName>
        </edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment>
      <ContentId>cid:1</ContentId>
      <AttachmentName>Công văn.pdf</AttachmentName>
      <Description>Bản chính</Description>
      <ContentType>application/pdf</ContentType>
      <edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">@PDF@</edXML:ContentTransferEncoded>
    </Attachment>
  </AttachmentEncoded>
</edXML>
"""

GOLDEN_STATUS = """\
<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>H99.1</edXML:OrganId>
          <edXML:OrganName>Sở Thí điểm B</edXML:OrganName>
          <edXML:OrganizationInCharge>UBND tỉnh Thử nghiệm</edXML:OrganizationInCharge>
        </edXML:From>
        <edXML:ResponseFor>
          <edXML:OrganId>000.00.01.Z99</edXML:OrganId>
          <edXML:Code>12/STĐA-VP</edXML:Code>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
          <edXML:DocumentId>000.00.01.Z99,2026/11/20,12/STĐA-VP</edXML:DocumentId>
        </edXML:ResponseFor>
        <edXML:StaffInfo>
          <edXML:Department>Văn thư</edXML:Department>
          <edXML:Staff>Lê Văn Mẫu</edXML:Staff>
          <edXML:Mobile>000</edXML:Mobile>
          <edXML:Email>vt-b@example.vn</edXML:Email>
        </edXML:StaffInfo>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Description>Đã vào sổ</edXML:Description>
        <edXML:Timestamp>2026/11/20 09:30:00</edXML:Timestamp>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
"""

EMPTY_TAIL = b"""\
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0"></edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded></AttachmentEncoded>
</edXML>
"""


def small(**more) -> Envelope:
    return Envelope(sender=Party("000.00.01.Z99"), receivers=(Party("H99.1"),), **more)


def test_an_envelope_is_written_byte_for_byte():
    expected = GOLDEN_ENVELOPE.replace("@PDF@", base64.b64encode(PDF).decode())
    assert encode(full_envelope()).decode() == expected
    assert decode(expected.encode()).message == full_envelope()
    assert decode(expected.encode()).findings == ()


def test_a_status_is_written_byte_for_byte():
    assert encode(full_status()).decode() == GOLDEN_STATUS
    assert decode(GOLDEN_STATUS.encode()).message == full_status()
    assert decode(GOLDEN_STATUS.encode()).findings == ()


def test_the_wire_is_xml_and_has_a_place_for_the_seal():
    wire = EdXmlCodec().encode(full_envelope())
    assert wire.content_type == EDXML_TYPE
    document = parse(wire.read())
    header = document.root[0][0]
    assert tuple(one.tag.rpartition("}")[2] for one in (*reversed([*header.iterancestors()]), header)) == (
        SIGNATURE_PARENT
    )
    assert wire.read()[element_span(document, header).end_tag :].startswith(b"</edXML:edXMLHeader>")


def test_a_document_without_attachments_still_has_a_body():
    assert encode(small()).endswith(EMPTY_TAIL)
    assert decode(encode(small())).message == small()


def test_empty_texts_and_groups_are_the_same_as_none():
    empty = small(
        subject="", signer=SignerInfo(), other=OtherInfo(), to_places=("",), traces=(TraceHeader(),)
    )
    assert encode(empty) == encode(small())


def test_times_are_written_in_vietnam_time():
    at = dt.datetime(2026, 11, 20, 23, 0, tzinfo=dt.UTC)
    assert b"<edXML:Timestamp>2026/11/21 06:00:00<" in encode(small(traces=(TraceHeader(timestamp=at),)))


def test_carriage_returns_survive():
    message = small(subject="một\r\nhai\tba")
    assert b"m\xe1\xbb\x99t&#13;\nhai\tba" in encode(message)
    assert decode(encode(message)).message == message


@pytest.mark.parametrize("letter", ["\x00", "\x08", "\x1f", "\ufffe", "\ud800"])
def test_a_character_that_xml_cannot_carry_is_refused(letter):
    with pytest.raises(RuleError) as caught:
        encode(small(subject=letter))
    assert caught.value.code == "VND-EDX-030"
    assert caught.value.facts == {"element": "Subject", "character": f"U+{ord(letter):04X}"}
    assert caught.value.path == "edXMLEnvelope/edXMLHeader/MessageHeader/Subject"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.DOCX", b"x", "application/docx"),
        ("ảnh", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.unknown", b"\x00", "application/octet-stream"),
    ],
)
def test_the_content_type_is_filled_in(name, content, kind):
    one = Attachment(name=name, blob=Blob.from_bytes(content), content_id="1")
    back = decode(encode(small(attachments=(one,)))).message.attachments[0]
    assert (back.content_type, back.attachment_type) == (kind, kind)
    assert back.blob.read() == content


def test_the_attachment_follows_the_manifest_when_it_says_no_type_of_its_own():
    one = Attachment(name="a.pdf", blob=Blob.from_bytes(PDF), content_id="1", content_type="application/x")
    back = decode(encode(small(attachments=(one,)))).message.attachments[0]
    assert (back.content_type, back.attachment_type) == ("application/x", "application/x")


def test_an_attachment_may_lie_in_a_file(tmp_path):
    (tmp_path / "a.pdf").write_bytes(PDF)
    one = Attachment(name="a.pdf", blob=Blob.from_file(tmp_path / "a.pdf"), content_id="1")
    assert decode(encode(small(attachments=(one,)))).message.attachments[0].blob.read() == PDF


# --- unknown elements -----------------------------------------------------------------------------

HEADER = "edXMLEnvelope/edXMLHeader/MessageHeader"


def unknown(xml: str, parent: str = HEADER, after: str | None = "To") -> UnknownElement:
    return UnknownElement(parent=parent, after=after, xml=xml)


@pytest.mark.parametrize(
    "one",
    [
        unknown('<a:b xmlns:a="urn:x" c="1">t<a:d></a:d></a:b>'),
        unknown("<plain><child></child></plain>"),
        unknown('<a:b xmlns:a="urn:x"><plain></plain></a:b>'),
        unknown('<x xmlns="urn:y"><z xmlns=""></z></x>'),
        unknown(
            '<edXML:ApplicationType xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">1</edXML:ApplicationType>'
        ),
        unknown('<a xmlns="urn:y"></a>', after=None),
        unknown('<a xmlns="urn:y"></a>', parent="", after="edXMLEnvelope"),
        unknown('<a xmlns="urn:y"></a>', parent=f"{HEADER}/To", after="OrganId"),
        unknown('<a xmlns="urn:y"></a>', parent=f"{HEADER}/OtherInfo", after=None),
        unknown('<a xmlns="urn:y"></a>', parent=f"{HEADER}/OtherInfo/Appendixes", after=None),
    ],
)
def test_unknown_elements_survive_in_their_places(one):
    message = small(unknown=(one,))
    decoded = decode(encode(message)).message
    assert decoded.unknown == (one,)
    assert encode(decoded) == encode(message)


def test_an_unknown_element_cannot_break_out():
    for xml in (
        "<a></a></edXML:To><edXML:To>",
        "<a/><b/>",
        "text",
        "<!DOCTYPE a><a/>",
        "<a",
        "\ud800",
    ):
        with pytest.raises(RuleError) as caught:
            encode(small(unknown=(unknown(xml),)))
        assert caught.value.code == "VND-EDX-031"


def test_an_unknown_element_with_a_declaration_is_written_without_it():
    data = encode(small(unknown=(unknown('<?xml version="1.0"?><a xmlns="urn:y"/>'),)))
    assert data.count(b"<?xml") == 1
    assert b'<a xmlns="urn:y"></a>' in data


def test_an_unknown_element_whose_parent_is_gone_is_not_dropped_in_silence():
    for parent in ("nowhere", f"{HEADER}/To[2]"):
        with pytest.raises(RuleError) as caught:
            encode(small(unknown=(unknown("<a></a>", parent=parent),)))
        assert caught.value.code == "VND-EDX-032"
        assert caught.value.facts == {"parent": parent}


def test_unknown_elements_of_the_second_recipient_stay_with_it():
    extra = '<x xmlns="urn:y">2</x>'
    second = f"<edXML:To><edXML:OrganId>H99.2</edXML:OrganId>{extra}</edXML:To>"
    message = decode(document(FROM + TO + second)).message
    assert message.unknown == (
        UnknownElement(parent=f"{HEADER}/To[2]", after="OrganId", xml='<x xmlns="urn:y">2</x>'),
    )
    assert decode(encode(message)).message == message


def test_unknown_elements_after_a_field_that_is_gone_keep_their_place():
    message = decode(
        document(
            FROM + TO + '<edXML:Subject>s</edXML:Subject><x xmlns="urn:y"/><edXML:Content>c</edXML:Content>'
        )
    ).message
    data = encode(attrs.evolve(message, subject=None))
    assert data.index(b"urn:y") < data.index(b"<edXML:Content>")


def test_xsi_types_keep_their_prefix():
    header = (
        FROM
        + TO
        + '<x xmlns="urn:y" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        + ' xmlns:p="urn:p" xsi:type="p:t"/>'
    )
    message = decode(document(header)).message
    assert 'xmlns:p="urn:p"' in message.unknown[0].xml
    assert decode(encode(message)).message == message


def test_encoding_is_the_codec_port():
    assert isinstance(EdXmlCodec().encode(full_status()), Wire)
