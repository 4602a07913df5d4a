"""Repair is for looking at broken files, and says what it did."""

import pytest

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Severity
from vnedoc.xml import parse

EDXML = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf<?xml version='1.0'?><a/>", b"<a/>", b"<!-- <?xml version='1.0'?> --><a><b/></a>"]
)
def test_a_good_file_is_not_touched(data):
    document = parse(data, repair=True)
    assert document.repairs == ()
    assert document.root.tag == "a"


@pytest.mark.parametrize("junk", [b"\n", b"  \r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\xef\xbb\xbf\xef\xbb\xbf"])
def test_what_stands_before_the_declaration_is_dropped(junk):
    data = junk + b"<?xml version='1.0'?><a/>"
    with pytest.raises(DecodeError) as caught:
        parse(data)
    assert caught.value.code == "VND-XML-001"
    document = parse(data, repair=True)
    assert document.data == data
    (finding,) = document.repairs
    assert finding.code == "VND-XML-020"
    assert finding.severity is Severity.ERROR
    assert finding.facts == {"octets": len(junk)}


def test_unbound_prefixes_are_bound_on_the_document_element():
    data = b"<?xml version='1.0'?><!-- x -->\n<a>\n<b xlink:href='' edXML:x=''><odd:c/></b></a>"
    document = parse(data, repair=True)
    assert document.data == data
    assert document.root[0].attrib == {"{http://www.w3.org/1999/xlink}href": "", f"{{{EDXML}}}x": ""}
    assert document.root[0][0].tag == "{urn:vnedoc:unbound:odd}c"
    assert [(one.code, one.facts["prefix"], one.facts["line"]) for one in document.repairs] == [
        ("VND-XML-021", "xlink", 3),
        ("VND-XML-021", "edXML", 3),
        ("VND-XML-021", "odd", 3),
    ]


def test_a_prefix_out_of_its_scope_gets_the_namespace_that_it_has_inside():
    data = b'<a><b><p:c xmlns:p="urn:real"/></b><p:d/></a>'
    document = parse(data, repair=True)
    assert document.root[1].tag == "{urn:real}d"
    assert document.repairs[0].facts["namespace"] == "urn:real"


def test_the_document_element_itself_may_be_the_trouble():
    assert parse(b"<edXML:edXML/>", repair=True).root.tag == f"{{{EDXML}}}edXML"


def test_both_repairs_together():
    document = parse(b"\n<?xml version='1.0'?><p:a/>", repair=True)
    assert [one.code for one in document.repairs] == ["VND-XML-020", "VND-XML-021"]


@pytest.mark.parametrize(
    "data",
    [
        b"<p:a>",
        b"<a><b></a>",
        b"<p:a x='1' x='2'/>",
        b"",
        b"<p:a/>x",
        b"<a:b:c/>",
        b"<p:a xmlns:p='urn:&x;'/>",
    ],
)
def test_what_cannot_be_mended_is_refused_as_without(data):
    with pytest.raises(DecodeError) as caught:
        parse(data, repair=True)
    assert caught.value.code == "VND-XML-001"
    assert caught.value.facts["line"] == 1


def test_limits_hold_after_repair():
    data = b"<a>" + b"".join(b"<p%d:b/>" % i for i in range(70)) + b"</a>"
    with pytest.raises(LimitExceeded):
        parse(data, repair=True)
