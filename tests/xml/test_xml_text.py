"""Whole text, strict base64, names of places."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import DecodeError
from vnedoc.xml import location, parse, strict_base64, text_of


def test_text_is_whole():
    root = parse(b"<a><b>x&amp;y</b><c/><d>1<![CDATA[2]]></d></a>").root
    assert [text_of(one) for one in root] == ["x&y", "", "12"]


@pytest.mark.parametrize("inside", [b"A<!---->.evil", b"A<?x?>B", b"A<b/>B", b"<!--c-->"])
def test_text_with_something_in_it_is_refused(inside):
    root = parse(b"<a><v>1</v><v>" + inside + b"</v></a>").root
    with pytest.raises(DecodeError) as caught:
        text_of(root[1])
    assert (caught.value.code, caught.value.path) == ("VND-XML-031", "/a/v[2]")


def test_places_have_local_names_and_positions_where_names_repeat():
    root = parse(
        b"<e:edXML xmlns:e='u:e'><e:h><Signature xmlns='u:s'/><!--c--><e:x/><e:Signature/></e:h></e:edXML>"
    ).root
    assert location(root) == "/edXML"
    assert [location(one) for one in root[0].iterchildren("*")] == [
        "/edXML/h/Signature[1]",
        "/edXML/h/x",
        "/edXML/h/Signature[2]",
    ]


@given(st.binary(max_size=300), st.integers(1, 80), st.sampled_from(["\n", "\r\n", "\t ", ""]))
def test_base64_round_trip(octets, columns, fold):
    text = base64.b64encode(octets).decode()
    wrapped = fold.join(text[at : at + columns] for at in range(0, len(text), columns))
    assert strict_base64(wrapped) == strict_base64(wrapped.encode()) == octets


_WRONG_LENGTH = ["QQ=", "QQ", "Q", "=", "QUJD=", "QQ===", "===="]
_WRONG_CHARACTER = ["Q-_=", "QUJD!", "QUJD\x0b", "QUJD\u00a0", "QUI=\0"]
_AFTER_THE_END = ["QQ==QQ==", "QQ==x", "Q=Q="]
_BITS_LEFT_OVER = ["QR==", "QUK="]


@pytest.mark.parametrize("text", _WRONG_LENGTH + _WRONG_CHARACTER + _AFTER_THE_END + _BITS_LEFT_OVER)
def test_base64_that_is_not_exact_is_refused(text):
    with pytest.raises(DecodeError) as caught:
        strict_base64(text)
    assert caught.value.code == "VND-XML-032"
    assert caught.value.facts["cause"]


@given(st.text("QRSTgw=+/ \n-", max_size=12))
def test_no_two_texts_without_white_space_mean_the_same_octets(text):
    """RFC 4648, clause 3.5: canonical encoding."""
    try:
        octets = strict_base64(text)
    except DecodeError:
        return
    assert base64.b64encode(octets).decode() == "".join(text.split())
