"""Long base64 goes past the parser, and everything else is as the parser says it is."""

import base64
import functools
import hashlib
import io
import os
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnedoc.errors import DecodeError, FileError, LimitExceeded, VnedocError
from vnedoc.model import Blob, Limits
from vnedoc.xml import has_gaps, parse, parse_stream, strict_base64, true_line

OCTETS = random.Random(4).randbytes(9001)
LONG = base64.b64encode(OCTETS).decode()
SHORT = base64.b64encode(OCTETS[:30]).decode()


def wrapped(end: str, width: int = 76, text: str = LONG) -> str:
    return "".join(text[at : at + width] + end for at in range(0, len(text), width))


class Dribble(io.BytesIO):
    """Gives a few octets at a time, as chunks of a large file end anywhere."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size=-1):
        return super().read(self.most if size < 0 else min(size, self.most))


def streamed(data: bytes, most: int = 1 << 30, **more):
    return parse_stream(functools.partial(Dribble, data, most), {"C", "D"}, **more)


def outcome(read, data: bytes):
    try:
        return read(data), None
    except VnedocError as error:
        return None, (type(error), error.code, error.path, error.facts)


# --- the two ways give the same --------------------------------------------------------------------

GOOD = [
    LONG,
    f"\n{LONG}\n",
    f"\r\n  {LONG}\r\n",
    wrapped("\n"),
    wrapped("\r\n"),
    wrapped(" \t\n", 64),
    wrapped("\r", 60),
    wrapped("&#13;\n"),
    wrapped("&#xD;&#xA;"),
    f"<![CDATA[{LONG}]]>",
    f"<![CDATA[{wrapped(chr(10))}]]>{SHORT[:0]}",
    LONG[:5000] + "<![CDATA[" + LONG[5000:] + "]]>",
    LONG.replace("A", "&#65;"),
    LONG[:-4] + "QQ==",
    LONG[:-4] + "\nQ\nQ\n=\n=\n",
    " " * 6000,
    SHORT,
    "",
]
BAD = [
    LONG + "Q",
    LONG[:-1] + "*",
    "*" + LONG,
    "QQ==" + LONG,
    LONG[:-4] + "QR==",
    LONG + "====",
    f"Đơn vị {LONG}",
    f"{LONG}&amp;&lt;&gt;",
    "&#13;\n" * 2000 + "x!",
    f"{LONG}<!-- c -->",
    f"<!-- c -->{LONG}",
    f"{LONG}<?p i?>{LONG}",
    f"<x a='>'/>{LONG}<y>{LONG}</y>\n{LONG}",
    f"<C>{LONG}</C>",
    f"{LONG}<D/>{LONG}<C>{SHORT}</C>",
]
FORMS = [
    "<C>{}</C>",
    "<n:D xmlns:n='urn:n'>{}</n:D >",
    "<C\na='>' b=\"/>\"\n>{}</C>",
    "<C a='1' >{}</C\n>",
    "<CC>{}</CC>",
    "<x C='{}'/>",
    "<!-- <C>{}</C> -->",
    "<![CDATA[<C>{}</C>]]>",
    "<?C <C>{}</C>?>",
    "<C/>{}<C />",
    "<x><C>{}</C></x>",
]
BETWEEN = ["", "\n", "\r\n", "\r", "text &amp; text", "<z/>\n<z/>", "<!-- a\nb -->"]

HEADS = [
    "<?xml version='1.0'?>\n",
    "",
    "\ufeff",
    "\ufeff<?xml version='1.0' encoding='UTF-8'?>\r\n",
    "<!-- <C>x</C> -->\n<?p i?>",
    "<?xml version='1.0' encoding='ISO-8859-1'?>",
]

pieces = st.tuples(st.sampled_from(FORMS), st.sampled_from(GOOD + BAD), st.sampled_from(BETWEEN))
documents = st.builds(
    lambda head, ones: (
        f"{head}<a>" + "".join(form.format(text) + gap for form, text, gap in ones) + "</a>\n"
    ).encode(),
    st.sampled_from(HEADS[:-1]) | st.sampled_from(HEADS),
    st.lists(pieces, max_size=5),
)
most = st.sampled_from([1 << 30, 5000, 4097, 1001, 150, 79])


def same_text(whole: str | None, left: str | None, document) -> bool:
    """Tell that two texts of one place say the same; what is no base64 may be cut short."""
    if whole == left:
        return True
    token = next(cut.token for cut in document.cuts if cut.token in left)
    if token in document.runs:
        return left.strip(" \t\r\n") == token and strict_base64(whole) == document.runs[token].read()
    quote = left.partition(token)[0]
    return len(quote) <= 80 and whole.lstrip(" \t\r\n").startswith(quote)


@given(documents, most)
@settings(max_examples=300, deadline=None)
def test_the_skeleton_is_the_document(data, most):
    whole, refusal = outcome(parse, data)
    left, other = outcome(functools.partial(streamed, most=most), data)
    assert other == refusal
    if whole is None:
        return
    document = left.document
    ours, theirs = list(document.root.iter()), list(whole.root.iter())
    assert [str(one.tag) for one in ours] == [str(one.tag) for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert dict(one.attrib) == dict(other.attrib)
        assert same_text(other.text, one.text, document)
        assert same_text(other.tail, one.tail, document)
        assert true_line(document, one.sourceline) == other.sourceline
    assert left.size == len(data)


@given(documents)
@settings(max_examples=100, deadline=None)
def test_what_is_left_where_it_is_gives_the_file_again(data):
    left, refusal = outcome(streamed, data)
    if refusal is None:
        starts = frozenset(cut.start for cut in left.document.cuts)
        again = streamed(data, leave=starts)
        assert again.document.data == data
        assert not again.document.runs


@given(documents, most, st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_broken_is_refused_as_the_parser_refuses_it(data, most, choose):
    at = choose.draw(st.integers(0, len(data) - 1))
    new = choose.draw(st.sampled_from([b"", b"<", b">", b"&", b"\0", b"\xff", b"]]>", b"</C>", b"'", b"\n<"]))
    broken = data[:at] + new + data[at + choose.draw(st.integers(0, 1)) :]
    whole, refusal = outcome(parse, broken)
    left, other = outcome(functools.partial(streamed, most=most), broken)
    assert other == refusal
    assert (whole is None) == (left is None)


@pytest.mark.parametrize("text", GOOD[:-2])
def test_what_is_base64_is_taken_out(text):
    document = streamed(f"<a><C>{text}</C></a>".encode()).document
    assert len(document.data) < 200
    assert [blob.read() for blob in document.runs.values()] == [
        strict_base64(parse(f"<C>{text}</C>".encode()).root.text)
    ]


@pytest.mark.parametrize("form", FORMS[4:9])
def test_what_is_no_content_stays_where_it_is(form):
    data = f"<a>{form.format(LONG)}</a>".encode()
    assert streamed(data).document.data == data


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("<a>\n<C>{0}</C></b>", "VND-XML-001"),
        ("<a><C>{1}</C></b></a>", "VND-XML-001"),
        ("<a><C>{1}</C>\n\n<C>{0}</C>&x;</a>", "VND-XML-001"),
        ("<a><C>{0}</C>\0</a>", "VND-XML-004"),
        ("<a><C>{2}</C>\n\0</a>", "VND-XML-004"),
        ("<!DOCTYPE a><a><C>{2}</C></a>", "VND-XML-002"),
        ("<a><C>{0}</C><!DOCTYPE a></a>", "VND-XML-001"),
        ("<?xml version='1.1'?><a><C>{0}</C></a>", "VND-XML-005"),
    ],
)
def test_errors_name_the_place_in_the_file(before, code):
    data = before.format(LONG, wrapped("\n"), wrapped("&#13;\n")).encode()
    _, refusal = outcome(parse, data)
    assert refusal[1] == code
    assert outcome(streamed, data)[1] == refusal


def test_an_error_names_the_line_in_the_file_where_an_element_began():
    wrapped = "\n".join(["AAAA" * 19] * 100)
    data = f"<a>\n<c>{wrapped}</c>\n<q>\n</a>".encode()
    with pytest.raises(DecodeError) as expected:
        parse(data)
    with pytest.raises(DecodeError) as caught:
        parse_stream(functools.partial(io.BytesIO, data), ["c"])
    assert "line 102 and" in caught.value.message
    assert caught.value.facts == expected.value.facts


def test_a_nul_in_text_too_large_for_a_tree():
    data = f"<a><C>{LONG}\0</C></a>".encode()
    with pytest.raises(DecodeError) as caught:
        streamed(data, limits=Limits(tree_bytes=5000))
    assert (caught.value.code, caught.value.facts) == ("VND-XML-004", {"offset": data.index(b"\0")})


@pytest.mark.parametrize(("octets", "code"), [(b"\xff", "VND-XML-003"), (b"\x01", "VND-XML-001")])
def test_octets_that_are_no_text_where_it_is_too_large_for_a_tree(octets, code):
    data = b"<a>\n<C>" + LONG.encode() + octets + b"</C></a>"
    with pytest.raises(DecodeError) as caught:
        streamed(data, limits=Limits(tree_bytes=5000))
    assert caught.value.code == code
    assert caught.value.facts["line"] == 2


def test_an_unended_file():
    for data in (f"<a><C>{LONG}".encode(), f"<a><C>{LONG}<".encode(), f"<a><C>{LONG}</".encode(), b""):
        assert outcome(streamed, data)[1] == outcome(parse, data)[1]


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "limits", "field"),
    [
        (f"<a><C>{LONG}</C></a>", Limits(file_bytes=5000), "file_bytes"),
        (f"<a><C>{wrapped('&#10;')}</C></a>", Limits(file_bytes=5000), "file_bytes"),
        (f"<a><C>{LONG}</C>{'<z/>' * 2000}</a>", Limits(tree_bytes=5000), "tree_bytes"),
        (f"<a><E>{LONG}</E></a>", Limits(tree_bytes=5000), "tree_bytes"),
        (f"<a><!-- <C>{LONG}</C> --></a>", Limits(tree_bytes=5000), "tree_bytes"),
        (f"<a><C>{wrapped('&#10;')}</C><E>{LONG}</E></a>", Limits(tree_bytes=5000), "tree_bytes"),
        (f"<a><C>{wrapped('&#10;')}</C><E a='{LONG}'/></a>", Limits(tree_bytes=5000), "tree_bytes"),
        (f"<a><C>{LONG}</C>{'<b>' * 200}{'</b>' * 200}</a>", Limits(), "depth"),
        (f"<a><C>{wrapped('&#10;')}</C>{'<b>' * 200}{'</b>' * 200}</a>", Limits(), "depth"),
        (f"<a><C>{LONG}</C>{'<b/>' * 30}</a>", Limits(nodes=20), "nodes"),
        (f"<a><C>{wrapped('&#10;')}</C>{'<b/>' * 30}</a>", Limits(nodes=20), "nodes"),
        (f"<a><C>{LONG}</C><b>{'ộ ' * 900}</b></a>", Limits(text_bytes=1000), "text_bytes"),
    ],
)
def test_limits_hold(data, limits, field):
    with pytest.raises(LimitExceeded) as caught:
        streamed(data.encode(), limits=limits)
    assert (caught.value.code, caught.value.facts["limit"]) == ("VND-XML-010", field)


def test_text_is_not_counted_as_part_of_the_tree():
    text = wrapped("&#13;\n") * 0 + LONG
    document = streamed(
        f"<a><C>{text}</C></a>".encode(), limits=Limits(tree_bytes=500, text_bytes=500)
    ).document
    assert [blob.size for blob in document.runs.values()] == [len(OCTETS)]


def test_a_flood_of_text_is_taken_out_up_to_a_bound():
    text = f"<C>{LONG[:4096]}</C>"
    document = streamed(f"<a>{text * 10_005}</a>".encode(), limits=Limits(file_bytes=1 << 27)).document
    assert len(document.runs) == 10_000
    assert len(document.data) < 2_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"<C " * 400_000 + b"</a>",
        b"<a>" + b"C>" * 400_000 + b"</a>",
        b"<a>" + b"<C>" * 400_000 + b"</a>",
        b"<a><C>" + b"\n" * 1_000_000 + b"*</C></a>",
        b"<a><C>" + b"A\n" * 500_000 + b"&#10;</C></a>",
        b"<a><C>" + b"&#65;" * 200_000 + b"</C></a>",
        b"<a><C>" + b"&#65;" * 1000 + b"</C><b a='" + b"x" * 2_000_000 + b"'/></a>",
        b"<a><C>" + b"<![CDATA[]]>" * 80_000 + b"</C></a>",
        b"<a><C>" + b"<!---->" * 100_000 + b"</C></a>",
        b"<a>" + b"<C>AAAA</C>" * 60_000 + b"</a>",
    ],
)
@pytest.mark.timeout(20)
def test_hostile_octets_take_no_square_of_the_time(data):
    ours, theirs = outcome(streamed, data)[1], outcome(parse, data)[1]
    assert (ours and ours[1]) == (theirs and theirs[1])


# --- the contents ---------------------------------------------------------------------------------

LAYOUTS = [LONG, wrapped("\r\n"), wrapped("\n", 7), wrapped(" \t"), wrapped("&#13;\n"), f"<![CDATA[{LONG}]]>"]


def blob_of(path, text: str) -> Blob:
    path.write_text(f"<a>\n<C>{text}</C></a>", encoding="utf-8", newline="")
    runs = parse_stream(Blob.from_file(path).open, {"C"}).document.runs
    (blob,) = runs.values()
    return blob


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_content_is_opened_again_and_again(tmp_path, text):
    blob = blob_of(tmp_path / "a.xml", text)
    assert (blob.size, blob.digest) == (len(OCTETS), "sha256:" + hashlib.sha256(OCTETS).hexdigest())
    assert blob.read() == b"".join(blob.chunks(1000)) == OCTETS
    assert blob.save(tmp_path / "b").read_bytes() == OCTETS
    assert LONG[:50] not in repr(blob)
    again = pickle.loads(pickle.dumps(blob))
    assert again == blob
    assert again.read() == OCTETS


@pytest.mark.parametrize("text", LAYOUTS)
@given(
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(-9500, 9500), st.integers(0, 3000)), max_size=8)
)
@settings(max_examples=25, deadline=None)
def test_a_stream_of_a_content_seeks_as_a_file_does(tmp_path_factory, text, moves):
    blob = blob_of(tmp_path_factory.mktemp("seek") / "a.xml", text)
    with blob.open() as ours, io.BytesIO(OCTETS) as theirs:
        for whence, offset, size in moves:
            there = min(max({0: 0, 1: theirs.tell(), 2: len(OCTETS)}[whence] + offset, 0), len(OCTETS))
            assert ours.seek(there) == theirs.seek(there) == ours.tell()
            assert ours.read(size) == theirs.read(size)
        with pytest.raises(ValueError, match="before"):
            ours.raw.seek(-1)
        assert ours.seek(0, os.SEEK_END) == len(OCTETS)
        assert ours.readable()
        assert ours.seekable()


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_file_that_changed_is_refused(tmp_path, text):
    path = tmp_path / "a.xml"
    blob = blob_of(path, text)
    before = path.read_bytes()
    place = before.index(LONG[:7].encode())
    other = b"B" if before[place : place + 1] == b"A" else b"A"
    for changed in (
        before[:place] + other + before[place + 1 :],
        before[:place] + b"*" + before[place + 1 :],
        before[:place] + b"<" + before[place + 1 :],
        before[: len(before) // 2],
        b"",
    ):
        path.write_bytes(changed)
        for read in (blob.read, lambda: blob.save(tmp_path / "b")):
            with pytest.raises(FileError) as caught:
                read()
            assert caught.value.code == "VND-IO-003"
            assert caught.value.facts == {"expected": blob.digest}
    assert sorted(os.listdir(tmp_path)) == ["a.xml"]
    path.unlink()
    with pytest.raises(FileError) as caught:
        blob.open()
    assert caught.value.code == "VND-IO-001"


# --- one pass -------------------------------------------------------------------------------------


def test_the_digest_of_the_file_is_taken_in_the_same_pass():
    for text in (LONG, wrapped("&#13;\n"), LONG + "&amp;"):
        data = f"<a><C>{text}</C></a>".encode()
        expected = "sha256:" + hashlib.sha256(data).hexdigest()
        assert streamed(data).digest is None
        assert streamed(data, digest=True).digest == expected
        assert streamed(data, expected=expected).digest == expected
        with pytest.raises(FileError) as caught:
            streamed(data, expected="sha256:" + "0" * 64)
        assert caught.value.code == "VND-IO-003"


def test_all_is_decided_by_the_last_pass():
    first = f"<a><!-- <C>{LONG}</C> --></a>".encode()
    second = f"<a><b/><C>{wrapped('&#13;')}</C></a>".encode()

    class Shifting(io.BytesIO):
        """A file that somebody writes to between two passes."""

        def seek(self, offset, whence=0):
            if self.tell():
                self.truncate(0)
                super().seek(0)
                self.write(second)
            return super().seek(offset, whence)

    made = parse_stream(functools.partial(Shifting, first), {"C"}, digest=True)
    assert made.digest == "sha256:" + hashlib.sha256(second).hexdigest()
    assert [one.tag for one in made.document.root] == ["b", "C"]
    assert [blob.digest for blob in made.document.runs.values()] == [Blob.from_bytes(OCTETS).digest]
    with pytest.raises(FileError) as caught:
        parse_stream(functools.partial(Shifting, first), {"C"}, expected=Blob.from_bytes(first).digest)
    assert caught.value.code == "VND-IO-003"


def test_a_trouble_of_the_disk_is_a_typed_error():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(FileError) as caught:
        parse_stream(Broken, {"C"})
    assert caught.value.code == "VND-IO-001"


def test_mended_files_keep_their_lines():
    data = f"junk\n\n<?xml version='1.0'?>\n<a>\n<C>{wrapped(chr(10))}</C>\n<u:b/></a>".encode()
    whole, left = parse(data, repair=True), streamed(data, repair=True).document
    assert [one.code for one in left.repairs] == [one.code for one in whole.repairs]
    assert [true_line(left, one.sourceline) for one in left.root.iter()] == [
        one.sourceline for one in whole.root.iter()
    ]


# --- spaces inside a line --------------------------------------------------------------------------

GAPS = [
    (LONG[:5000] + " " + LONG[5001:6000] + "   " + LONG[6003:], True),
    (f"{LONG[:5000]}\t{LONG[5000:]}", True),
    (f"{LONG[:5000]}{' ' * 7000}{LONG[5000:]}", True),
    (f"{wrapped(chr(10))[:5001]} {wrapped(chr(10))[5001:]}", True),
    (f"{LONG[:-4]}QQ= =", True),
    (f"{LONG[:5000]}&#32;{LONG[5000:]}", True),
    (f"<![CDATA[{LONG[:5000]}]]> <![CDATA[{LONG[5000:]}]]>", True),
    (LONG, False),
    (f" \t{LONG} \t", False),
    (f"{LONG[:5000]} \n {LONG[5000:]}", False),
    (f"{LONG[:5000]} \r {LONG[5000:]}", False),
    (f"{LONG[:5000]} &#13; {LONG[5000:]}", False),
    (f"\n{wrapped(' ' + chr(9) + chr(10))}\n", False),
    (f"\r\n{wrapped(chr(13) + chr(10) + '    ')}", False),
]


def gaps_of(text: str, most: int = 1 << 30) -> tuple[bool, bool]:
    """Tell what the two ways say; both decode the text."""
    data = f"<a><C>{text}</C></a>".encode()
    document, whole = streamed(data, most).document, parse(data).root[0].text
    assert [blob.read() for blob in document.runs.values()] == [strict_base64(whole)]
    return document.gaps == set(document.runs), has_gaps(whole.strip(" \t\r\n"))


@pytest.mark.parametrize("most", [7, 4096, 5003, 5004, 5005, 1 << 30])
@pytest.mark.parametrize(("text", "expected"), GAPS)
def test_spaces_inside_a_line_are_seen(text, expected, most):
    assert gaps_of(text, most) == (expected, expected)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LONG)), st.sampled_from([" ", "\t", "\n", "\r\n", "&#13;", " \n", "\n  "])
        ),
        max_size=3,
    ),
    st.integers(1, 20) | st.integers(4090, 6000),
)
@settings(max_examples=60, deadline=None)
def test_both_ways_see_the_same_spaces(spaces, most):
    text = LONG
    for at, space in sorted(spaces, reverse=True):
        text = text[:at] + space + text[at:]
    streamed_way, tree_way = gaps_of(text, most)
    assert streamed_way == tree_way


def test_spaces_where_chunks_of_a_large_file_meet():
    large = base64.b64encode(OCTETS * 30).decode()
    for at in range(98_280, 98_330):
        assert gaps_of(f"{large[:at]} {large[at:]}") == (True, True)
        assert gaps_of(f"{large[:at]} \n {large[at:]}") == (False, False)
