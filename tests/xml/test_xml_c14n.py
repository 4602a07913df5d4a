"""Canonicalisation, clause by clause. Every test here runs both implementations and compares them."""

import hashlib
import threading

import pytest

from vnedoc.errors import ConfigError, DecodeError
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    canonicalize,
    canonicalize_into,
    compare_c14n,
    parse,
)

_WAYS = "vnedoc.xml._canonical._canonicalize"


@pytest.fixture(autouse=True)
def _compare():
    compare_c14n(True)
    yield
    compare_c14n(False)


def document(text: str):
    return parse(text.encode())


def test_the_methods_are_a_closed_list():
    assert {
        C14N,
        C14N_COMMENTS,
        C14N_11,
        C14N_11_COMMENTS,
        EXC_C14N,
        EXC_C14N_COMMENTS,
    } == C14N_METHODS
    for method in ("", "http://www.w3.org/TR/1999/REC-xslt-19991116"):
        with pytest.raises(ConfigError) as caught:
            canonicalize(document("<a/>"), method)
        assert (caught.value.code, caught.value.facts) == ("VND-XML-033", {"method": method})


def test_only_the_exclusive_method_has_a_prefix_list():
    assert canonicalize(document("<a/>"), EXC_C14N, prefixes=("p",)) == b"<a></a>"
    with pytest.raises(ConfigError):
        canonicalize(document("<a/>"), C14N, prefixes=("p",))


@pytest.mark.parametrize("method", sorted(C14N_METHODS))
def test_top_level_nodes_are_parted_by_line_feeds(method):
    """Canonical XML 1.0, clause 2.1 and example 3.1."""
    given = document("<?xml version='1.0'?>\n\n<?p  q ?> <!-- 1 -->\n<?r?><a/><!--2--> \n<?s t?>")
    comments = method.endswith("WithComments")
    expected = "<?p q ?>\n<!-- 1 -->\n<?r?>\n<a></a>\n<!--2-->\n<?s t?>"
    if not comments:
        expected = "<?p q ?>\n<?r?>\n<a></a>\n<?s t?>"
    assert canonicalize(given, method).decode() == expected
    assert canonicalize(given.root, method) == b"<a></a>"


def test_text_and_values_are_escaped():
    """Canonical XML 1.0, clause 2.3."""
    given = document(
        "<a x='&lt;&amp;&gt;\"&#39;&#9;&#10;&#13; \t\n'>&lt;&gt;&amp;\"'&#9;&#10;&#13;\r\n<![CDATA[<&>]]></a>"
    )
    expected = '<a x="&lt;&amp;>&quot;\'&#x9;&#xA;&#xD;   ">&lt;&gt;&amp;"\'\t\n&#xD;\n&lt;&amp;&gt;</a>'
    for target in (given, given.root):
        assert canonicalize(target, C14N).decode() == expected


def test_namespaces_go_by_prefix_and_attributes_by_namespace():
    """Canonical XML 1.0, clause 2.2; the element of example 3.3."""
    given = document(
        "<e5 a:attr='out' b:attr='sorted' attr2='all' attr=\"I'm\" xmlns:b='http://www.ietf.org'"
        " xmlns:a='http://www.w3.org' xmlns='http://example.org' xml:lang='vi'/>"
    )
    assert canonicalize(given, C14N).decode() == (
        '<e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org"'
        ' attr="I\'m" attr2="all" b:attr="sorted" a:attr="out" xml:lang="vi"></e5>'
    )


def test_an_attribute_keeps_the_prefix_that_it_was_written_with():
    given = document("<a xmlns:p='u:u' xmlns:q='u:u' xmlns='u:u'><b q:x='1'/><b p:x='2' xmlns:p='u:u'/></a>")
    assert b'<b q:x="1"></b><b p:x="2"></b>' in canonicalize(given.root, C14N)
    assert canonicalize(given.root[0], EXC_C14N) == b'<b xmlns="u:u" xmlns:q="u:u" q:x="1"></b>'


def test_superfluous_declarations_go_and_undeclared_defaults_stay():
    """Canonical XML 1.0, clause 2.3, namespace axis; exclusive, clause 3."""
    given = document(
        "<a xmlns='u:a' xmlns:p='u:p'><b xmlns='u:a' xmlns:p='u:p'/><p:c xmlns=''><d/></p:c></a>"
    )
    assert canonicalize(given, C14N) == (
        b'<a xmlns="u:a" xmlns:p="u:p"><b></b><p:c xmlns=""><d></d></p:c></a>'
    )
    assert canonicalize(given, EXC_C14N) == (
        b'<a xmlns="u:a"><b></b><p:c xmlns:p="u:p"><d xmlns=""></d></p:c></a>'
    )
    assert canonicalize(given.root[1], C14N) == b'<p:c xmlns:p="u:p"><d></d></p:c>'
    assert canonicalize(given.root[1], EXC_C14N) == b'<p:c xmlns:p="u:p"><d></d></p:c>'


def test_an_element_takes_its_namespaces_along():
    """Exclusive XML Canonicalization, clause 2.2: what the two kinds make of one element."""
    given = document(
        "<n0:a xmlns:n0='u:0' xmlns:n3='u:3' xml:lang='fr'><n1:b xmlns:n1='u:1' n3:x=''/></n0:a>"
    )
    inner = given.root[0]
    assert canonicalize(inner, C14N) == (
        b'<n1:b xmlns:n0="u:0" xmlns:n1="u:1" xmlns:n3="u:3" xml:lang="fr" n3:x=""></n1:b>'
    )
    assert canonicalize(inner, EXC_C14N) == b'<n1:b xmlns:n1="u:1" xmlns:n3="u:3" n3:x=""></n1:b>'
    assert canonicalize(inner, EXC_C14N, prefixes=("n0", "absent")) == (
        b'<n1:b xmlns:n0="u:0" xmlns:n1="u:1" xmlns:n3="u:3" n3:x=""></n1:b>'
    )


def test_default_in_the_prefix_list():
    """Exclusive XML Canonicalization, clause 4, ``#default``."""
    given = document("<a xmlns='u:a'><p:b xmlns:p='u:p'><c xmlns=''/></p:b></a>")
    inner = given.root[0]
    assert canonicalize(inner, EXC_C14N) == b'<p:b xmlns:p="u:p"><c></c></p:b>'
    assert canonicalize(inner, EXC_C14N, prefixes=("#default",)) == (
        b'<p:b xmlns="u:a" xmlns:p="u:p"><c xmlns=""></c></p:b>'
    )


@pytest.mark.parametrize("whole", [True, False])
def test_default_in_the_prefix_list_does_not_depend_on_what_was_read_before(whole):
    """lxml hands on only the prefixes that a dictionary of the thread knows; a new thread knows none."""
    compare_c14n(False)
    found = []

    def work():
        given = document("<p:a xmlns:p='urn:p' xmlns='urn:a'><c/></p:a>")
        found.append(canonicalize(given if whole else given.root, EXC_C14N, prefixes=("#default",)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [b'<p:a xmlns="urn:a" xmlns:p="urn:p"><c></c></p:a>']


def test_inherited_xml_attributes():
    """Canonical XML 1.0, clause 2.4: all of ``xml:``; 1.1, clause 2.4: lang and space, and base joined."""
    given = document(
        "<a xml:id='i' xml:lang='vi' xml:space='preserve' xml:base='http://h/p/'>"
        "<b xml:lang='en'><c/></b></a>"
    )
    inner = given.root[0][0]
    assert canonicalize(inner, C14N) == (
        b'<c xml:base="http://h/p/" xml:id="i" xml:lang="en" xml:space="preserve"></c>'
    )
    assert (
        canonicalize(inner, C14N_11) == b'<c xml:base="http://h/p/" xml:lang="en" xml:space="preserve"></c>'
    )
    assert canonicalize(inner, EXC_C14N) == b"<c></c>"
    assert canonicalize(given, C14N) == canonicalize(given, C14N_11)


@pytest.mark.parametrize(
    ("bases", "joined"),
    [
        (("http://h/a/b", None, "c"), "http://h/a/c"),
        (("http://h/a/b", "../x/", "c?q#f"), "http://h/x/c?q"),
        (("http://h", "c", None), "http://h/c"),
        (("http://h/a?q", "", None), "http://h/a?q"),
        (("http://h/a", "?r", None), "http://h/a?r"),
        (("http://h/a", "//other/./x", "y"), "http://other/y"),
        (("http://h/a", "ftp://o/x/../y", "z"), "ftp://o/z"),
        (("foo/bar", "..", ".."), "../"),
        (("a/b", "../../..", "x"), "../../x"),
        (("a", "/b//c/.", None), "/b/c/"),
        ((None, "a/", "."), "a/"),
        (("..", "x", None), "../x"),
        (("/..", "/../x", None), "/x"),
        (("a/", "..", None), None),
        ((None, None, "own/../kept"), "own/../kept"),
    ],
)
def test_xml_base_is_joined(bases, joined):
    """Canonical XML 1.1, clause 2.4 and appendix A."""
    tags = [f"<e{'' if base is None else f' xml:base={base!r}'}>" for base in bases]
    inner = document("".join(tags) + "</e></e></e>").root[0][0]
    expected = "<e></e>" if joined is None else f'<e xml:base="{joined}"></e>'
    assert canonicalize(inner, C14N_11).decode() == expected


@pytest.mark.parametrize("method", sorted(C14N_METHODS))
def test_one_subtree_is_left_out_and_its_tail_stays(method):
    given = document("<a>1<!--c-->2<s xmlns='u:s'>3<t/></s>4<b/>5</a>")
    comment = "<!--c-->" if method.endswith("WithComments") else ""
    excluded = given.root[1]
    expected = f"<a>1{comment}24<b></b>5</a>".encode()
    assert canonicalize(given, method, exclude=excluded) == expected
    assert canonicalize(given.root, method, exclude=excluded) == expected
    assert canonicalize(given, method, exclude=excluded[0]).count(b"<t") == 0


def test_what_is_excluded_elsewhere_changes_nothing():
    given = document("<a><b/><c/></a>")
    assert canonicalize(given.root[0], EXC_C14N, exclude=given.root[1]) == b"<b></b>"
    assert canonicalize(given.root[0], EXC_C14N, exclude=given.root) == b"<b></b>"


def test_nothing_left_is_an_error():
    given = document("<a><b/></a>")
    for target, excluded in ((given, given.root), (given.root[0], given.root[0])):
        with pytest.raises(DecodeError) as caught:
            canonicalize(target, EXC_C14N, exclude=excluded)
        assert caught.value.code == "VND-XML-035"


@pytest.mark.parametrize("compare", [True, False])
@pytest.mark.parametrize("method", sorted(C14N_METHODS))
@pytest.mark.parametrize("text", ["<a xmlns='rel'/>", "<a><b xmlns:p='../x'/></a>", "<p:a xmlns:p='//h/x'/>"])
def test_relative_namespaces_have_no_canonical_form(text, method, compare):
    """Canonical XML 1.0, clause 1.3: report a failure. It must never become the digest of nothing."""
    compare_c14n(compare)
    given = document(text)
    for options in ({}, {"exclude": given.root[0]} if len(given.root) else {}):
        if method in (EXC_C14N, EXC_C14N_COMMENTS) and options:
            continue  # the one with the relative namespace is left out
        with pytest.raises(DecodeError) as caught:
            canonicalize(given, method, **options) if not options else canonicalize(given.root, method)
        assert caught.value.code == "VND-XML-030"


def test_streaming_gives_the_same_octets():
    compare_c14n(False)
    given = document("<a><b>" + "QUJD" * 30_000 + "</b><s/>" + "t" * 70_000 + "</a>")
    for method in sorted(C14N_METHODS):
        for excluded in (None, given.root[1]):
            pieces: list[bytes] = []
            canonicalize_into(pieces.append, given, method, exclude=excluded)
            assert len(pieces) > 1
            assert b"".join(pieces) == canonicalize(given, method, exclude=excluded)
    hasher = hashlib.sha256()
    canonicalize_into(hasher.update, given, C14N)
    assert hasher.digest() == hashlib.sha256(canonicalize(given, C14N)).digest()


def test_the_tree_is_as_before_when_writing_fails():
    compare_c14n(False)
    given = document("<a>1<b/>2</a>")

    def write(_octets: bytes) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        canonicalize_into(write, given, EXC_C14N, exclude=given.root[0])
    assert canonicalize(given, C14N) == b"<a>1<b></b>2</a>"


def test_a_difference_between_the_two_would_be_noticed(monkeypatch):
    for one in ("document", "nodes", "fast"):
        with monkeypatch.context() as patch:
            patch.setattr(f"{_WAYS}.write_{one}", lambda write, *_, **__: write(b"<other/>"))
            with pytest.raises(AssertionError):
                canonicalize(document("<a/>"), C14N)
