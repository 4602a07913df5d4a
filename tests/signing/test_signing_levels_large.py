"""Raising signatures in documents whose long texts stay in their files, and putting octets in."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from level_builders import AT, LATER, LIMITS, lists, only_added, person, pki, policy, tsa

from vnedoc.conformance import FakeTsa
from vnedoc.errors import FileError
from vnedoc.model import Conclusion, Level, Wire, file_changed
from vnedoc.signing import augment_large_xml, augment_xml, sign_xml
from vnedoc.verification import verify_xml
from vnedoc.xml import edited, element_span, parse, parse_stream

BODY = base64.encodebytes(bytes(range(256)) * 400)
NAMES = ("Content",)


def signed(line_end):
    """Sign a document with long texts before and after the place of the signature."""
    content = BODY.replace(b"\n", line_end)
    text = b"<tin><dau><Content>%s</Content>%s<ky>%s</ky></dau><Content>%s</Content></tin>"
    wire = Wire.from_bytes(text % (content, line_end, line_end, content))
    return sign_xml(wire, person().signer(), signing_time=AT, parent=("tin", "dau", "ky"))


def left_in_file(data):
    document = parse_stream(lambda: io.BytesIO(data), NAMES).document
    assert len(document.cuts) == 2
    assert len(document.data) < 20_000 < len(BODY)
    return document


def chunks(data, size=1000):
    return lambda: (data[at : at + size] for at in range(0, len(data), size))


def raised_in_file(data, level, **more):
    made = augment_large_xml(
        left_in_file(data),
        chunks(data),
        level,
        **{
            "timestamper": tsa(),
            "trust": pki().trust(),
            "revocation": lists(),
            "at": AT,
            **more,
        },
    )
    return b"".join(made())


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_document_that_is_not_in_memory(level, line_end):
    before = signed(line_end).read()
    after = raised_in_file(before, level)
    assert only_added(before, after)
    (found,) = verify_xml(parse(after), policy())
    assert (found.conclusion, found.level) == (Conclusion.PASSED, Level(level))
    whole = augment_xml(
        Wire.from_bytes(before),
        level,
        timestamper=tsa(),
        trust=pki().trust(),
        revocation=lists(),
        at=AT,
    )
    # tokens differ, and with them perhaps a few octets
    assert abs(len(whole.read()) - len(after)) < 20


def test_renewed_from_file_to_file():
    first = raised_in_file(signed(b"\r\n").read(), "B-LTA")
    again = raised_in_file(first, "B-LTA", at=LATER, timestamper=FakeTsa(pki(), at=LATER))
    assert only_added(first, again)
    (found,) = verify_xml(parse(again), policy(LATER))
    assert (found.conclusion, found.level) == (Conclusion.PASSED, Level.B_LTA)
    assert again.count(b"<xades141:ArchiveTimeStamp") == 2


def test_the_level_that_is_there():
    data = signed(b"\n").read()
    assert raised_in_file(data, "B-B") == data


def test_a_file_that_changes_meanwhile():
    data = signed(b"\n").read()
    asked = []

    def pieces():
        yield from chunks(data)()
        asked.append(1)
        if len(asked) > 2:
            raise file_changed("")

    with pytest.raises(FileError) as caught:
        augment_large_xml(
            left_in_file(data),
            pieces,
            "B-LTA",
            timestamper=tsa(),
            trust=pki().trust(),
            revocation=lists(),
            at=AT,
        )
    assert caught.value.code == "VND-IO-003"


@given(
    data=st.binary(max_size=40),
    octets=st.binary(max_size=8),
    size=st.integers(1, 12),
    places=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_octets_in_pieces_are_put_where_they_belong(data, octets, size, places):
    """An edit of a file is that of its octets, however the pieces fall."""
    start, end = sorted(min(place, len(data)) for place in places)
    holder = b"<a>" + base64.b64encode(data) + b"</a>"
    document = parse(holder)
    fresh, edit = edited(document, 3, 3, b"x", LIMITS)
    assert fresh.data == holder[:3] + b"x" + holder[3:]
    assert (edit.offset, edit.removed, edit.octets) == (3, 0, b"x")
    edit = type(edit)(start, end - start, octets)
    made = list(edit.pieces(chunks(data, size)()))
    assert b"".join(made) == data[:start] + octets + data[end:]
    assert all(made)


@pytest.mark.parametrize(
    ("text", "name", "empty"),
    [
        ("<a><b/></a>", "b", True),
        ("<a><b></b></a>", "b", False),
        ("<a><b c='/>' d=\"'>\"\n/></a>", "b", True),
        ("<a><b c='>' ><!-- <b> --><![CDATA[</b>]]></b ></a>", "b", False),
        (
            "<?xml version='1.0'?><!-- <b> --><a>\u1ec7<?b <b>?><x:b xmlns:x='u:x'>\u1ec7</x:b></a>",
            "x:b",
            False,
        ),
    ],
)
def test_where_an_element_stands(text, name, empty):
    data = text.encode()
    document = parse(data)
    element = next(one for one in document.root.iter("{*}b"))
    span = element_span(document, element)
    assert data[span.start :].startswith(f"<{name}".encode())
    assert data[span.inside - 1 : span.inside] == b">"
    assert span.name == name
    assert (span.end_tag is None) is empty
    if span.end_tag is not None:
        assert data[span.end_tag :].startswith(f"</{name}".encode())
    assert element_span(document, document.root).end_tag == data.rindex(b"</")
