"""Lines and columns of start tags, by the same paths that findings have."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vnedoc.xml import element_positions, location, parse, parse_stream

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="urn:a" xmlns:e="urn:a">
  <e:To><e:OrganId>H99.1</e:OrganId></e:To>
  <e:From>Sở Thí điểm</e:From> <e:To/>
</edXML>
""".encode()


def test_a_start_tag_is_found_by_its_path():
    found = element_positions(SMALL)
    assert dict(found) == {
        "/edXML": (2, 1),
        "/edXML/To[1]": (3, 3),
        "/edXML/To[1]/OrganId": (3, 9),
        "/edXML/From": (4, 3),
        "/edXML/To[2]": (4, 32),
    }
    assert len(found) == 5
    with pytest.raises(KeyError):
        found["/edXML/To[3]"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/edXML/To[2]/OrganId", (4, 32)),
        ("/edXML/Khác", (2, 1)),
        ("/edXML/To[>10000]/OrganId", (2, 1)),
        ("/edXML/To[1]/OrganId", (3, 9)),
    ],
)
def test_the_nearest_element_around_stands_for_one_that_is_not_there(path, place):
    found = element_positions(SMALL)
    assert found.place(found.nearest(path)) == place


def test_nothing_is_near_in_another_document():
    found = element_positions(SMALL)
    assert found.nearest("/other/To") is None
    assert found.nearest("") is None


def test_children_can_be_walked():
    found = element_positions(SMALL)
    first, second = found.named(found.root, "To")
    assert found.named(found.root, "From", "To") == [first, found.nearest("/edXML/From"), second]
    assert (found.filled(first), found.filled(second)) == (True, False)
    assert found.text(found.nearest("/edXML/From")) == "Sở Thí điểm"


def test_paths_are_those_of_the_tree():
    """So says the reader: a finding's location is always found, at the line that lxml says."""
    data = b"<a>\n <b/>\n<b><c/>\n<c/><d/></b><x:b xmlns:x='u'/>\n<!-- <c/> --><c><![CDATA[<b/>]]></c></a>"
    found = element_positions(data)
    for element in parse(data).root.iter(etree.Element):
        assert found[location(element)][0] == element.sourceline
    assert len(found) == 8


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"<a><b>",
        b"<a></b>",
        b"<a>\xff</a>",
        b"\x00",
        b"<a" * 1000,
        b"<!DOCTYPE a [<!ENTITY b '1'>]><a>&b;</a>",
    ],
)
def test_what_is_not_well_formed_gives_what_was_met_before(data):
    assert all(path.startswith("/a") for path in element_positions(data))


def test_a_flood_of_elements_ends_the_pass():
    found = element_positions(b"<a>" + b"<b/>" * 100 + b"</a>", most=11)
    assert len(found) == 11
    assert found.nearest("/a/b[50]") == found.root


@pytest.mark.parametrize("line", [76, 100_000])
def test_of_a_document_whose_contents_were_taken_out_the_places_are_those_of_the_file(line):
    content = base64.b64encode(bytes(range(256)) * 40)
    wrapped = b"\n".join(content[at : at + line] for at in range(0, len(content), line))
    data = (
        f"<a>\n <f>{'Sở Thí điểm ' * 900}</f><e>".encode()
        + wrapped
        + "</e><b/>\n<c>Sở</c><e>".encode()
        + wrapped
        + b"</e> <d/></a>"
    )
    whole = element_positions(data)
    left = parse_stream(lambda: io.BytesIO(data), ["e"]).document
    assert len(left.cuts) == 2
    assert dict(element_positions(left)) == dict(whole)
    assert element_positions(parse(data)) == whole


def test_a_long_text_is_kept_only_in_part():
    found = element_positions(b"<a><b>" + b" " * 1000 + b"QUJD\n" * 10_000 + b"</b><c> x</c></a>")
    assert len(found.text(found.nearest("/a/b"))) <= 80
    assert found.text(found.nearest("/a/c")) == " x"
    assert found["/a/c"] == (10_001, 5)


@given(st.binary(max_size=200))
def test_any_octets_give_positions(data):
    found = element_positions(b"<a>" + data)
    assert found["/a"] == (1, 1)


def test_deep_nesting_costs_little():
    depth = 20_000
    found = element_positions(b"<a>" * depth)
    assert len(found) == depth
    assert found.place(found.nearest("/a" * depth)) == (1, 3 * depth - 2)
