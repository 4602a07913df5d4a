"""Where the end tag of an element stands in the octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import DecodeError
from vnedoc.xml import end_tag_offset, parse


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        (b"<a></a>", ("a",), 3),
        (b"<a><b/>x</a >", ("a",), 8),
        (b"<p:a xmlns:p='u:p'><p:b>1</p:b></p:a>", ("a", "b"), 25),
        (b"<a><c><b></b></c><b>x</b><b></b></a>", ("a", "b"), 21),
        (b"<a><b><a><b></b></a></b></a>", ("a", "b"), 20),
        (b"\xef\xbb\xbf<a></a>", ("a",), 6),
        (b"\xef\xbb\xbf<?xml version='1.0'?><p:a xmlns:p='u:p'></p:a\n>\n", ("a",), 43),
        (b"<a>\n</a><!-- </a> --><?p </a><?q ?>", ("a",), 4),
        (b"<a><![CDATA[</a><!-- ]]></a><!-- z -->", ("a",), 24),
        ("<?xml version='1.0'?>\r\n<!--</a>--><a>ộ<![CDATA[</a>]]></a>".encode(), ("a",), 56),
        (b"<a>" + b"QUJD" * 100_000 + b"</a>", ("a",), 400_003),
    ],
)
def test_offset_of_the_end_tag(data, path, expected):
    assert end_tag_offset(data, path) == expected
    assert data[expected : expected + 2] == b"</"


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        (b"<a/>", ("a",), "VND-XML-034"),
        (b"<a><b/><b></b></a>", ("a", "b"), "VND-XML-034"),
        (b"<a></a>", ("b",), "VND-XML-034"),
        (b"<a><c><b></b></c></a>", ("a", "b"), "VND-XML-034"),
        (b"<b></b>", ("a",), "VND-XML-034"),
        (b"<a/><!-- </a> -->", ("a",), "VND-XML-034"),
        (b"<a><b></a>", ("a", "b"), "VND-XML-001"),
        (b"", ("a",), "VND-XML-034"),
        (b"", ("a", "b"), "VND-XML-001"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", ("a",), "VND-XML-002"),
    ],
)
def test_no_place(data, path, code):
    with pytest.raises(DecodeError) as caught:
        end_tag_offset(data, path)
    assert caught.value.code == code


_NAMES = st.sampled_from(["a", "b", "p:a", "p:b"])
_TREES = st.recursive(
    st.builds("<{0}>x</{0}>".format, _NAMES),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", _NAMES, st.lists(inner)
    ),
    max_leaves=10,
)


@given(_TREES, st.lists(st.sampled_from(["a", "b"]), max_size=3))
def test_what_is_put_in_there_becomes_the_last_child(inner, path):
    data = f"<r xmlns:p='u:p'>{inner}</r>".encode()
    steps = "".join(f"/*[local-name() = '{name}']" for name in path)
    expected = parse(data).root.xpath(f"({'/r' + steps})[1]")
    if not expected:
        with pytest.raises(DecodeError):
            end_tag_offset(data, ("r", *path))
        return
    at = end_tag_offset(data, ("r", *path))
    changed = parse(data[:at] + b"<NEW/>" + data[at:]).root
    # Document order: the first match of the XPath is the first element with that path.
    assert changed.xpath(f"({'/r' + steps})[1]")[0][-1].tag == "NEW"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"A & B", "ampersand"),
        (b"A&B", "ampersand"),
        (b"1 < 2", "less"),
        (b"\x01", "character"),
        (b"</b>", "tags"),
    ],
)
def test_a_fault_on_the_way_says_why(octets, why):
    with pytest.raises(DecodeError) as caught:
        end_tag_offset(b"<a><!-- --><c>" + octets + b"</c></a>", ("a", "b"))
    assert (caught.value.code, caught.value.facts["why"]) == ("VND-XML-001", why)
