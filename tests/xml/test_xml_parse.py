"""The hardened parser: what it takes, and what it refuses with which code."""

import functools
import io
import re
import socket
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import vnedoc
from vnedoc.errors import DecodeError, VnedocError
from vnedoc.model import Limits
from vnedoc.xml import XmlDocument, looks_like_xml, parse, parse_stream, text_of

BOM = b"\xef\xbb\xbf"


def refused(data: bytes, **options: object) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        parse(data, **options)
    return caught.value


def test_the_document_keeps_its_exact_input():
    data = BOM + '<?xml version="1.0" encoding="UTF-8"?>\r\n<a>Công văn</a>\n<!-- x -->'.encode()
    document = parse(data)
    assert document.data is data
    assert document.repairs == ()
    assert document.root.text == "Công văn"
    assert repr(document) == f"XmlDocument(a, {len(data)} octets)"


def test_comments_instructions_and_white_space_stay_and_cdata_becomes_text():
    root = parse(b"<?p q?><a> <!--c--><?d e?><b>1<![CDATA[<2>]]>3<![CDATA[]]>4</b> </a>").root
    assert len(root) == 3
    assert root.text == " "
    assert text_of(root[2]) == "1<2>34"
    assert root.getprevious().text == "q"


@pytest.mark.parametrize("encoding", [b"UTF-8", b"utf-8", b"us-ascii", b"US-ASCII"])
def test_declared_utf8_or_ascii_is_read(encoding):
    assert parse(b"<?xml version='1.0' encoding='" + encoding + b"' standalone='yes'?><a/>").root.tag == "a"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"   \n", 2),
        (b"<a>\n <b></a>", 2),
        (b"<a/>\n<b/>", 2),
        (b"<a/>junk", 1),
        (b"<a x='1' x='2'/>", 1),
        (b"<a xmlns:p='u:u' xmlns:q='u:u' p:x='' q:x=''/>", 1),
        (b"<a>\n<b xlink:href=''/></a>", 2),
        (b"<p:a/>", 1),
        (b"<a>&unknown;</a>", 1),
        (b"<a>&#0;</a>", 1),
        (b"<a>]]></a>", 1),
        (b"<a>\x1b</a>", 1),
        (b" <?xml version='1.0'?><a/>", 1),
        (b"<!ELEMENT a ANY><a/>", 1),
        (b"%PDF-1.7\n", 1),
    ],
)
def test_not_well_formed_says_where_and_why(data, line):
    error = refused(data)
    assert error.code == "VND-XML-001"
    assert error.facts["line"] == line
    assert (
        1 <= error.facts["column"] <= len(data) + 2
    )  # which octet it is differs between versions of libxml2
    assert error.facts["cause"]
    assert not re.search(r"column \d", error.facts["cause"])


def test_the_cause_names_the_unbound_prefix():
    assert "xlink" in str(refused(b"<a xlink:href=''/>").facts["cause"])


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b"<!doctype html><html/>",
        BOM + b"<?xml version='1.0'?>\n<!-- <a> --><?p ?>\t<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<!DOCTYPE a [<!ENTITY e SYSTEM 'http://127.0.0.1:9/'>]><a>&e;</a>",
        b"<!DOCTYPE a [<!ENTITY % e SYSTEM '//127.0.0.1/x'>%e;]><a/>",
        b"<!DOCTYPE a [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><a>&a;</a>",
        b"<!DOCTYPE a [<!ATTLIST a Id CDATA 'body'>]><a/>",
    ],
)
def test_a_doctype_is_refused_before_anything_is_opened(data, monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("a socket was opened"))
    assert refused(data).code == "VND-XML-002"
    assert refused(data, repair=True).code == "VND-XML-002"


def test_a_doctype_that_the_prolog_scan_does_not_see_is_refused_all_the_same(monkeypatch):
    monkeypatch.setattr("vnedoc.xml._parse.find_markup", lambda _source: 0)
    assert refused(b" <!DOCTYPE a><a/>").code == "VND-XML-002"


def test_entity_bombs_cost_nothing():
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 11))
    laughs = f'<!DOCTYPE a [<!ENTITY e0 "lol">{levels}]><a>&e10;</a>'.encode()
    quadratic = b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 60_000 + b'">]><a>' + b"&e;" * 4000 + b"</a>"
    started = time.process_time()
    assert refused(laughs).code == refused(quadratic).code == "VND-XML-002"
    assert time.process_time() - started < 0.1


def test_xinclude_stays_inert():
    root = parse(b"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd'/></a>").root
    assert root[0].tag == "{http://www.w3.org/2001/XInclude}include"
    assert len(root[0]) == 0
    assert not root[0].text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("<a/>".encode("utf-16"), "UTF-16"),
        ("<a/>".encode("utf-16-be"), "UTF-16"),
        ("<a/>".encode("utf-16-le"), "UTF-16"),
        ("<a/>".encode("utf-32"), "UTF-32"),
        ("<a/>".encode("utf-32-be"), "UTF-32"),
        (b"+/v8-<a/>", "UTF-7"),
        ("<?xml version='1.0'?><a/>".encode("cp500"), "EBCDIC"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", "UTF-16"),
        (b'<?xml version="1.0" encoding="windows-1258"?><a/>', "windows-1258"),
        (BOM + b"<?xml version='1.0' encoding='latin1'?><a/>", "latin1"),
        (b"<?xml version='1.0' encoding=''?><a/>", ""),
        (b"<a>\xc0\xaf</a>", "invalid UTF-8"),
        (b"<a>\xed\xa0\x80</a>", "invalid UTF-8"),
        (b"<a>\xff</a>", "invalid UTF-8"),
        (b"<a x='\xf5\x80\x80\x80'/>", "invalid UTF-8"),
    ],
)
def test_only_utf8_is_read(data, name):
    error = refused(data)
    assert error.code == "VND-XML-003"
    assert error.facts["encoding"] == name


def test_octets_that_are_not_ascii_under_a_declared_ascii_are_read_as_utf8():
    assert parse("<?xml version='1.0' encoding='us-ascii'?><a>ă</a>".encode()).root.text == "ă"


@pytest.mark.parametrize("uri", [b"http://h/?a&amp;b", b"urn:x&#38;y"])
def test_namespaces_with_an_ampersand_are_refused(uri):
    assert refused(b"<a><b xmlns:p='" + uri + b"'/>&amp;</a>").code == "VND-XML-006"
    assert parse(b"<a xmlns='urn:x'>&amp;</a>").root.text == "&"


def test_a_nul_octet_is_refused_with_its_place():
    error = refused(b"<a>\x00</a>")
    assert (error.code, error.facts) == ("VND-XML-004", {"offset": 3})


@pytest.mark.parametrize("version", [b"1.1", b"2.0", b"1.10"])
def test_only_xml_1_0_is_read(version):
    error = refused(b"<?xml version='" + version + b"'?><a/>")
    assert (error.code, error.facts) == ("VND-XML-005", {"version": version.decode()})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a/>", True),
        (b"  \r\n<?xml version='1.0'?><a/>", True),
        (BOM + b"<a/>", True),
        ("<đ/>".encode(), True),
        ("<a/>".encode("utf-16"), True),
        (b"<!DOCTYPE a>", True),
        (b"", False),
        (b"%PDF-1.7 <a/>", False),
        (b"< a", False),
        (b"PK\x03\x04", False),
        (b"\xff\xfe%\x00", False),
    ],
)
def test_xml_is_told_by_its_first_octets(data, expected):
    assert looks_like_xml(data) is expected


_PIECES = st.sampled_from(
    [
        *b"<a>|</a>|<b x='1'/>|<!--|-->|<?p ?>|<![CDATA[|]]>|&amp;|&x;|<!DOCTYPE a|[|]|>|\0| ".split(b"|"),
        b"xmlns:p=''",
        b"<?xml version='1.0' encoding='utf-8'?>",
        BOM,
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=12).map(b"".join)), st.booleans())
@example(b"<p:a>\xff</p:a>", True)
@example(b"<xmlns:a/>", True)
@example(b"<?xml version='1.0'?>", True)
def test_any_octets_give_a_document_or_an_error_of_ours(data, repair):
    looks_like_xml(data)
    try:
        assert isinstance(parse(data, repair=repair), XmlDocument)
    except VnedocError as error:
        assert error.code.startswith("VND-XML-")  # noqa: PT017 - a property, not an expectation


def test_nothing_else_constructs_an_xml_parser():
    source = Path(vnedoc.__file__).parent
    makers = re.compile(
        r"XMLParser|HTMLParser|XMLPullParser|iterparse|\.fromstring|etree\.(?:parse|XML|HTML)\b|objectify"
        r"|ParserCreate|minidom|xml\.sax\.parse|make_parser|ElementTree\.parse"
    )
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if makers.search(path.read_text(encoding="utf-8"))
    }
    # Those but _doctype and _parse find only where something stands, in documents that it judges.
    assert found == {
        "xml/_doctype.py",
        "xml/_parse.py",
        "xml/_positions.py",
        "xml/_runs.py",
        "xml/_skeleton.py",
        "xml/_spans.py",
    }
    assert "recover=True" not in (source / "xml/_parse.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<a><b>abc", "cut"),
        (b"<a><b at='1", "cut"),
        (b"<a><b", "cut"),
        (b"<a><![CDATA[x", "cut"),
        (b"junk <a/>", "junk"),
        (b" <?xml version='1.0'?><a/>", "junk"),
        (b"<a/>junk", "junk"),
        (b"<a>A & B</a>", "ampersand"),
        (b"<a b='x&y'/>", "ampersand"),
        (b"<a>&nbsp;</a>", "entity"),
        (b"<x:a/>", "prefix"),
        (b"<a><b></a></b>", "tags"),
        (b"<a>1 < 2</a>", "less"),
        (b"<a>\x01</a>", "character"),
        (b"<a b='1' b='2'/>", "twice"),
        (b"<a b=c/>", "other"),
        (b"<EntityRef></Namespace>", "tags"),
    ],
)
def test_why_it_is_not_well_formed(data, why):
    error = refused(data)
    assert (error.code, error.facts["why"]) == ("VND-XML-001", why)
    assert error.facts["cause"]


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"A & B", "ampersand"), (b"A&B", "ampersand"), (b"1 < 2", "less"), (b"\x01", "character")],
)
def test_what_is_too_large_for_a_tree_has_the_same_reason(text, why):
    data = b"<a><!-- <d> --><d>!!</d><s>" + text + b"</s>" + b"<x>1 w</x>" * 2000 + b"</a>"
    with pytest.raises(DecodeError) as caught:
        parse_stream(functools.partial(io.BytesIO, data), ["d"], Limits(tree_bytes=9000))
    assert refused(data).facts["why"] == caught.value.facts["why"] == why
