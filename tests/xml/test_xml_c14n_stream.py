"""The canonical form of a document whose long texts stay in its file."""

import base64
import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnedoc.errors import FileError
from vnedoc.xml import (
    C14N_METHODS,
    EXC_C14N,
    canonicalize,
    canonicalize_stream_into,
    compare_c14n,
    cuts_with_markup,
    parse,
    parse_stream,
)

_RUN = base64.b64encode(bytes(range(250)) * 30)
_TEXTS = st.lists(
    st.sampled_from(
        [_RUN, _RUN[:76], b"\r\n", b"\r", b"\n", b" \t", b"&#13;", b"<!-- x -->", b"<![CDATA[QUJD]]>", b"*"]
    ),
    max_size=8,
).map(b"".join)


@contextlib.contextmanager
def comparing():
    compare_c14n(True)
    try:
        yield
    finally:
        compare_c14n(False)


@pytest.fixture
def _compare():
    with comparing():
        yield


def streamed(data, leave=frozenset()):
    """Give the skeleton, texts that have markup in them left in it."""
    document = parse_stream(lambda: io.BytesIO(data), {"t"}, leave=leave).document
    more = cuts_with_markup(document)
    return streamed(data, leave | more) if more else document


def canonical(document, method, pieces):
    output = io.BytesIO()
    canonicalize_stream_into(output.write, document, method, pieces)
    return output.getvalue()


@settings(deadline=None, max_examples=200)
@given(
    texts=st.lists(_TEXTS, max_size=3),
    method=st.sampled_from(sorted(C14N_METHODS)),
    size=st.sampled_from([1, 2, 77, 1000, 1 << 20]),
    around=st.sampled_from([(b"", b""), (b"\xef\xbb\xbf<?x\r\n y?><!-- a -->\r\n", b"\r\n<!-- b --><?z?>")]),
)
def test_it_is_that_of_the_tree(texts, method, size, around):
    inside = b"".join(b"<p:t a='1'\r\n b='&#13;'>" + one + b"</p:t>\r\n&amp;<c/>" for one in texts)
    data = around[0] + b'<a xmlns="urn:a" xmlns:p="urn:p" xml:lang="vi">' + inside + b"</a>" + around[1]
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    with comparing():
        assert canonical(streamed(data), method, pieces) == canonicalize(parse(data), method)


@pytest.mark.usefixtures("_compare")
@pytest.mark.parametrize("method", sorted(C14N_METHODS))
def test_elements_and_what_is_left_out(method):
    inside = b"".join(b"<b n='%d'>x<t>%s</t>\r\n</b>" % (number, _RUN) for number in range(4))
    data = b'<a xmlns="urn:a" xmlns:p="urn:p" xml:lang="vi"><!-- c -->' + inside + b"<e>&amp;</e></a>"
    document, tree = streamed(data), parse(data)
    assert len(document.cuts) == 4
    for target in (None, *range(5)):
        for exclude in (None, *range(5)):
            if target == exclude is not None:
                continue
            ways = []
            for one in (document, tree):
                children = list(one.root.iterchildren("{*}b", "{*}e"))
                ways.append([None if place is None else children[place] for place in (target, exclude)])
            output = io.BytesIO()
            canonicalize_stream_into(
                output.write, document, method, [data], target=ways[0][0], exclude=ways[0][1]
            )
            whole = tree if ways[1][0] is None else ways[1][0]
            assert output.getvalue() == canonicalize(whole, method, exclude=ways[1][1])


def test_the_file_is_not_read_for_an_element_without_long_text():
    data = b"<a><t>" + _RUN + b"</t><e>&amp;</e></a>"
    document, output = streamed(data), io.BytesIO()
    pieces = iter([data])
    canonicalize_stream_into(output.write, document, EXC_C14N, pieces, target=document.root[1])
    assert output.getvalue() == b"<e>&amp;</e>"
    assert next(pieces) == data


def test_no_octet_comes_from_the_skeleton_alone():
    data = b"<a><t>" + b"\r\n".join([_RUN, _RUN]) + b"\r\n</t></a>"
    document = streamed(data)
    assert len(document.data) < 200
    assert canonical(document, EXC_C14N, [data]) == data.replace(b"\r", b"")


@pytest.mark.parametrize("kept", [0, 10, 5000])
def test_a_file_that_has_become_shorter(kept):
    data = b"<a><t>" + _RUN + b"</t></a>"
    with pytest.raises(FileError) as caught:
        canonical(streamed(data), EXC_C14N, [data[:kept]])
    assert caught.value.code == "VND-IO-003"


@pytest.mark.usefixtures("_compare")
@pytest.mark.parametrize("is_element", [True, False])
def test_a_difference_from_the_reference_would_be_noticed(monkeypatch, is_element):
    data = b"<a><t>" + _RUN + b"\r\n</t></a>"
    document = streamed(data)
    target = document.root if is_element else document
    output = io.BytesIO()
    canonicalize_stream_into(output.write, document, EXC_C14N, [data], target=target)
    assert output.getvalue() == canonicalize(parse(data), EXC_C14N)
    monkeypatch.setattr("vnedoc.xml._canonical._stream._line_ends", lambda pieces: pieces)
    with pytest.raises(AssertionError):
        canonicalize_stream_into(output.write, document, EXC_C14N, [data], target=target)
