"""Limits: each one named, none of them dear to check."""

import time

import pytest
from cpu_bound import seconds

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml import C14N, canonicalize, parse


def refused(data: bytes, limits: Limits | None = None) -> LimitExceeded:
    started = time.process_time()
    with pytest.raises(LimitExceeded) as caught:
        parse(data, limits)
    assert time.process_time() - started < seconds(2)
    assert caught.value.code == "VND-XML-010"
    return caught.value


def test_size():
    limits = Limits(tree_bytes=10)
    assert parse(b"<a>1234</a>"[:3] + b"123</a>", limits).root.text == "123"
    error = refused(b"<a>1234</a>", limits)
    assert error.facts == {"limit": "tree_bytes", "allowed": 10, "seen": 11}


def test_depth():
    limits = Limits(depth=3)
    assert parse(b"<a><b><c/></b></a>", limits).root[0][0].tag == "c"
    assert refused(b"<a><b><c><d/></c></b></a>", limits).facts["limit"] == "depth"


@pytest.mark.parametrize("levels", [101, 300, 5000, 50_000])
def test_depth_by_default(levels):
    assert refused(b"<a>" * levels + b"</a>" * levels).facts == {
        "limit": "depth",
        "allowed": 100,
        "seen": None,
    }


def test_more_depth_than_the_parser_has_by_default_can_be_allowed():
    limits = Limits(depth=1000)
    assert parse(b"<a>" * 1000 + b"</a>" * 1000, limits).root.tag == "a"
    assert refused(b"<a>" * 1001 + b"</a>" * 1001, limits).facts["limit"] == "depth"
    assert refused(b"<a>" * 4000 + b"</a>" * 4000, Limits(depth=10_000)).facts["limit"] == "depth"


@pytest.mark.parametrize("piece", [b"<b/>", b"<!--c-->", b"<?p?>"])
def test_nodes(piece):
    limits = Limits(nodes=5)
    assert len(parse(b"<a>" + piece * 4 + b"</a>", limits).root) == 4
    assert refused(b"<a>" + piece * 5 + b"</a>", limits).facts == {"limit": "nodes", "allowed": 5, "seen": 6}


def test_node_floods_are_refused_before_there_is_a_tree():
    assert refused(b"<a>" + b"<!--x-->" * 300_000 + b"</a>").facts["limit"] == "nodes"
    assert refused(b"<" * 1_000_000).facts["limit"] == "nodes"


def test_end_tags_and_cdata_are_no_nodes():
    assert parse(b"<a><b></b><![CDATA[<]]></a>", Limits(nodes=3)).root.tag == "a"


def test_attributes_and_declarations_of_one_element():
    limits = Limits(attributes=8)
    many = b" ".join(b'a%d=""' % i for i in range(6))
    assert (
        parse(b"<a><b " + many + b" xmlns:p='u:1' xmlns:q='u:2'/><c x='' y=''/></a>", limits).root.tag == "a"
    )
    error = refused(b"<a xmlns:p='u:1'><b " + many + b" x='' y='' z=''/></a>", limits)
    assert error.facts == {"limit": "attributes", "allowed": 8, "seen": 9}
    assert refused(b"<a><b xmlns:p='u:1' " + many + b" x='' z='' /></a>", limits).facts["seen"] == 9


def test_attribute_floods():
    one = b"<a " + b" ".join(b'a%d=""' % i for i in range(60_000)) + b"/>"
    assert refused(one).facts == {"limit": "attributes", "allowed": 256, "seen": 60_000}
    spread = b"<b " + b" ".join(b'a%d=""' % i for i in range(250)) + b"/>"
    assert refused(b"<a>" + spread * 6000 + b"</a>").facts["limit"] == "attributes"


def test_namespace_floods_on_one_element_and_down_a_path():
    flood = (
        b"<a "
        + b" ".join(b'xmlns:p%d="u:%d"' % (i, i) for i in range(20_000))
        + b">"
        + b"<b/>" * 1000
        + b"</a>"
    )
    assert refused(flood).facts["limit"] == "attributes"
    deep = b"".join(b'<a xmlns:p%d="u:%d">' % (i, i) for i in range(65))
    assert refused(deep + b"</a>" * 65).facts["limit"] == "attributes"


def test_namespaces_that_go_out_of_scope_again_are_free():
    data = b"<a>" + b'<b xmlns="u:b" xmlns:p="u:p"/>' * 1000 + b"</a>"
    assert canonicalize(parse(data), C14N).count(b"u:p") == 1000


@pytest.mark.parametrize(
    "data",
    [
        b"<a>%s</a>",
        b"<a><b/>%s</a>",
        b"<a x='%s'/>",
        b"<a><!--%s--></a>",
        b"<!--%s--><a/>",
        b"<a/><?p %s?>",
    ],
)
def test_text_that_is_no_base64_is_bounded(data):
    limits = Limits(text_bytes=100)
    assert parse(data % (b"t" * 99 + b"!"), limits).root.tag == "a"
    assert parse(data % (b"QUJD \n" * 100), limits).root.tag == "a"
    error = refused(data % (b"t" * 100 + b"!"), limits)
    assert error.facts == {"limit": "text_bytes", "allowed": 100, "seen": 101}


def test_text_is_counted_in_octets():
    assert refused("<a>{}</a>".format("ộ" * 34).encode(), Limits(text_bytes=100)).facts["seen"] == 102


def test_attachments_up_to_the_size_of_the_tree_fit_and_other_text_does_not():
    assert len(parse(b"<a>" + b"QUJD" * 3_000_000 + b"</a>").root.text) == 12_000_000
    assert refused(b"<a>" + b"QU!D" * 3_000_000 + b"</a>").facts["limit"] == "text_bytes"


def test_a_name_longer_than_the_parser_allows_is_refused():
    with pytest.raises(DecodeError):
        parse(b"<" + b"n" * 60_000 + b"/>")
