"""What is nearly right: said once, by its right name."""

import pytest
from edxml_making import FROM, PDF, TO, carrying, document

import vnedoc
from vnedoc.edxml import EdXmlCodec
from vnedoc.errors import DecodeError
from vnedoc.model import Severity, Wire

PROMULGATED = (
    "<edXML:PromulgationInfo><edXML:PromulgationDate>23/11/2026</edXML:PromulgationDate>"
    "</edXML:PromulgationInfo>"
)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("edXMLEnvelope", "edXmlEnvelope"),
        ("edXMLHeader", "edXMLheader"),
        ("MessageHeader", "messageHeader"),
    ],
)
def test_a_mandatory_element_that_is_misspelt_is_named(right, wrong):
    data = carrying(PDF).replace(f":{right}".encode(), f":{wrong}".encode())
    with pytest.raises(DecodeError) as caught:
        EdXmlCodec().decode(Wire.from_bytes(data))
    assert caught.value.code == "VND-EDX-019"
    assert (caught.value.facts["element"], caught.value.facts["seen"]) == (right, wrong)
    (one,) = vnedoc.check(data)
    assert one.code == "VND-EDX-019"


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("<edXML:subject>Thử</edXML:subject>", "VND-EDX-036", "MessageHeader/Subject"),
        (
            PROMULGATED,
            "VND-EDX-037",
            "MessageHeader/PromulgationInfo/PromulgationDate",
        ),
        (
            "<edXML:code><edXML:CodeNumber>1</edXML:CodeNumber></edXML:code>",
            "VND-EDX-036",
            "MessageHeader/Code/CodeNumber",
        ),
    ],
)
def test_what_could_not_be_read_is_not_called_missing(text, code, field):
    findings = vnedoc.check(document(FROM + TO + text))
    assert [one.severity for one in findings if one.code == code] == [Severity.ERROR]
    missing = {one.facts["element"] for one in findings if one.code == "VND-EDX-101"}
    assert field not in missing
    assert "MessageHeader/DocumentId" in missing


@pytest.mark.parametrize(("href", "found"), [("cid:1", []), ("CID: 1", []), ("cid:2", ["VND-EDX-039"])])
def test_a_manifest_line_names_one_attachment(href, found):
    xlink = ' xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="' + href + '"'
    data = carrying(PDF).replace(b"<edXML:Reference>", f"<edXML:Reference{xlink}>".encode())
    decoded = EdXmlCodec().decode(Wire.from_bytes(data))
    assert [one.code for one in decoded.findings] == found
