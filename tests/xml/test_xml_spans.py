"""Where an element stands in the octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import DecodeError
from vnedoc.xml import element_span, parse


def at(document, path):
    """Give the first element with this path of local names, or nothing."""
    steps = "".join(f"/*[local-name() = '{name}']" for name in path)
    return next(iter(document.root.xpath(f"({steps})[1]")), None)


@pytest.mark.parametrize(
    ("data", "path", "start", "inside", "end_tag"),
    [
        (b"<a></a>", ("a",), 0, 3, 3),
        (b"<a/>", ("a",), 0, 4, None),
        (b"<a b='>'><b/>x</a >", ("a",), 0, 9, 14),
        (b"<p:a xmlns:p='u:p'><p:b>1</p:b></p:a>", ("a", "b"), 19, 24, 25),
        (b"<a><c><b></b></c><b>x</b><b></b></a>", ("a", "b"), 17, 20, 21),
        (b"<a><b><a><b></b></a></b></a>", ("a", "b"), 3, 6, 20),
        (b"<a><b/><b></b></a>", ("a", "b"), 3, 7, None),
        (b"\xef\xbb\xbf<a></a>", ("a",), 3, 6, 6),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<p:a xmlns:p='u:p'></p:a\n>\n", ("a",), 25, 44, 44),
        (b"<?xml version='1.0'?><a/>", ("a",), 21, 25, None),
        (b"<a>?></a>", ("a",), 0, 3, 5),
        (b"<a>\n</a><!-- </a> --><?p </a><?q ?>", ("a",), 0, 3, 4),
        (b"<a/><!-- </a> -->", ("a",), 0, 4, None),
        (b"<?p <b?><a></a>", ("a",), 8, 11, 11),
        (b"<a><![CDATA[</a><!-- ]]></a><!-- z -->", ("a",), 0, 3, 24),
        ("<?xml version='1.0'?>\r\n<!--</a>--><a>ộ<![CDATA[</a>]]></a>".encode(), ("a",), 34, 37, 56),
        (b"<a>" + b"QUJD" * 100_000 + b"</a>", ("a",), 0, 3, 400_003),
    ],
)
def test_where_an_element_stands(data, path, start, inside, end_tag):
    document = parse(data)
    span = element_span(document, at(document, path))
    assert (span.start, span.inside, span.end_tag) == (start, inside, end_tag)
    if end_tag is not None:
        assert data[end_tag : end_tag + 2 + len(span.name)] == f"</{span.name}".encode()


def test_an_element_of_another_document():
    with pytest.raises(DecodeError) as caught:
        element_span(parse(b"<a><b/></a>"), parse(b"<a><b/></a>").root[0])
    assert caught.value.code == "VND-XML-034"


_NAMES = st.sampled_from(["a", "b", "p:a", "p:b"])
_BETWEEN = st.sampled_from(["", "x", "<!-- </r> -->", "<?p </r>?>", "<![CDATA[</r>]]>", " ?> "])
_TREES = st.recursive(
    st.builds("<{0}>x</{0}>".format, _NAMES) | st.builds("<{0}/>".format, _NAMES),
    lambda inner: st.builds(
        lambda name, parts, text: f"<{name}>{text.join(parts)}{text}</{name}>",
        _NAMES,
        st.lists(inner),
        _BETWEEN,
    ),
    max_leaves=10,
)


@given(_TREES, st.sampled_from(["", "<?xml version='1.0'?>", "<!-- <r> -->"]))
def test_what_is_put_in_there_becomes_the_last_child(inner, before):
    data = f"{before}<r xmlns:p='u:p'>{inner}</r>".encode()
    document = parse(data)
    for number, element in enumerate(document.root.iter("*")):
        span = element_span(document, element)
        assert data[span.start : span.start + 1 + len(span.name)] == f"<{span.name}".encode()
        if span.end_tag is None:
            assert data[span.inside - 2 : span.inside] == b"/>"
            continue
        changed = parse(data[: span.end_tag] + b"<NEW/>" + data[span.end_tag :]).root
        assert list(changed.iter("*"))[number][-1].tag == "NEW"
