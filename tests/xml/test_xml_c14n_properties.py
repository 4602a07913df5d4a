"""The fast path equals the reference on any tree, and leaves the tree as it was."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vnedoc.errors import VnedocError
from vnedoc.xml import (
    C14N,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    FilterStep,
    canonicalize,
    canonicalize_nodes_into,
    compare_c14n,
    filter2,
    parse,
    subtree,
    whole,
    without,
    xpath_filter,
)


@pytest.fixture(autouse=True, scope="module")
def _compare():
    compare_c14n(True)
    yield
    compare_c14n(False)


_URIS = st.sampled_from(["urn:1", "urn:2", "http://h/'x"])
_PREFIXES = ["p", "q", "r"]
_TEXT = st.text("ab \n\t\r<&>\"'ộ\u2028😀", max_size=6)
_METHODS = st.sampled_from(sorted(C14N_METHODS))
_LIST = st.lists(st.sampled_from([*_PREFIXES, "#default", "xml", "absent"]), unique=True, max_size=3)


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("\r", "&#13;")


@st.composite
def _element(draw: st.DrawFn, depth: int, bound: frozenset[str]) -> str:
    declared = draw(st.dictionaries(st.sampled_from([*_PREFIXES, ""]), _URIS, max_size=3))
    scope = bound | (declared.keys() - {""})
    prefix = draw(st.sampled_from(["", *sorted(scope)]))
    name = (prefix and prefix + ":") + draw(st.sampled_from(["a", "b"]))
    parts = [f'xmlns{p and ":" + p}="{uri}"' for p, uri in declared.items()]
    if "" not in declared and draw(st.booleans()):
        parts.append('xmlns=""')
    names = st.sampled_from(["x", "y", "xml:lang", "xml:space", "xml:base"])
    parts += [
        f'{one}="{draw(st.sampled_from(["", "en", "u/../v"]))}"' for one in draw(st.sets(names, max_size=2))
    ]
    if scope:  # one at most: two prefixes may mean one namespace
        one = draw(st.sampled_from(sorted(scope)))
        parts.append(f'{one}:z="{_escape(draw(_TEXT))}"')
    parts = draw(st.permutations(parts))
    inner = []
    for _ in range(draw(st.integers(0, 3 if depth else 0))):
        kind = draw(st.sampled_from(["element", "element", "comment", "pi", "text", "cdata"]))
        inner.append(
            {
                "element": lambda: draw(_element(depth - 1, frozenset(scope))),
                "comment": lambda: "<!--c&-->",
                "pi": lambda: draw(st.sampled_from(["<?t?>", "<?t d  ?>"])),
                "text": lambda: _escape(draw(_TEXT)),
                "cdata": lambda: "<![CDATA[<&>]]>",
            }[kind]()
        )
    return f"<{' '.join([name, *parts])}>{''.join(inner)}</{name}>"


_OUTSIDE = st.lists(st.sampled_from(["<!--o-->", "<?o?>", "<?o p?>", "\n"]), max_size=3).map("".join)
_DOCUMENTS = st.builds("{}{}{}".format, _OUTSIDE, _element(3, frozenset()), _OUTSIDE).map(
    lambda text: parse(text.encode())
)


@given(_DOCUMENTS, _METHODS, _LIST, st.data())
def test_fast_equals_reference(document, method, prefixes, data):
    """compare_c14n raises where they differ; the serialised tree shows that nothing was left behind."""
    elements = list(document.root.iter("*"))
    target = data.draw(st.sampled_from([document, *elements]))
    exclude = data.draw(st.sampled_from([None, *elements]))
    before = etree.tostring(document.root.getroottree())
    texts = [(one.text, one.tail) for one in document.root.iter()]
    listed = tuple(prefixes) if method in (EXC_C14N, EXC_C14N_COMMENTS) else ()
    try:
        octets = canonicalize(target, method, prefixes=listed, exclude=exclude)
    except VnedocError as error:
        assert error.code == "VND-XML-035"  # noqa: PT017 - all is excluded
        assert exclude is target or exclude is document.root
    else:
        assert octets
    assert etree.tostring(document.root.getroottree()) == before
    assert [(one.text, one.tail) for one in document.root.iter()] == texts


@given(_DOCUMENTS, _METHODS)
def test_the_canonical_form_is_its_own_canonical_form(document, method):
    """Canonical XML 1.0, clause 1.1: a document is changed by it no further."""
    octets = canonicalize(document, method)
    assert canonicalize(parse(octets), method) == octets


@given(_DOCUMENTS)
def test_serialising_and_parsing_again_changes_no_meaning(document):
    again = parse(etree.tostring(document.root.getroottree(), encoding="utf-8"))
    assert canonicalize(again, C14N) == canonicalize(document, C14N)


@given(_DOCUMENTS, st.data())
def test_an_excluded_signature_keeps_its_own_octets(document, data):
    """Digesting with the Signature left out must not change what is digested of the Signature after."""
    elements = [one for one in document.root.iter("*") if one is not document.root]
    if not elements:
        return
    excluded = data.draw(st.sampled_from(elements))
    before = [canonicalize(excluded, method) for method in sorted(C14N_METHODS)]
    canonicalize(document, EXC_C14N, exclude=excluded)
    assert [canonicalize(excluded, method) for method in sorted(C14N_METHODS)] == before


def _octets(nodes, method, prefixes):
    output = io.BytesIO()
    canonicalize_nodes_into(output.write, nodes, method, prefixes=prefixes)
    return output.getvalue()


@given(_DOCUMENTS, _METHODS, _LIST, st.booleans(), st.data())
def test_a_set_is_the_same_described_and_listed(document, method, prefixes, comments, data):
    """XML Signature, clauses 4.4.3.3 and 6.6.4: what is left of a document or element after some elements."""
    elements = list(document.root.iter("*"))
    listed = tuple(prefixes) if method in (EXC_C14N, EXC_C14N_COMMENTS) else ()
    apex = data.draw(st.sampled_from([None, *elements]))
    nodes = whole(document, comments=comments) if apex is None else subtree(document, apex, comments=comments)
    same = xpath_filter(nodes, "true()", namespaces={})
    for element in data.draw(st.lists(st.sampled_from(elements), max_size=3)):
        nodes, same = without(nodes, element), without(same, element)
    octets = _octets(nodes, method, listed)
    assert _octets(same, method, listed) == octets
    assert _octets(xpath_filter(nodes, "true()", namespaces={}), method, listed) == octets
    everything = FilterStep(kind="intersect", expression="/", namespaces={})
    assert _octets(filter2(nodes, [everything]), method, listed) == octets


_EXPRESSIONS = st.sampled_from(
    ["self::*", "self::a", "not(self::a)", "self::text()", "ancestor-or-self::b", "parent::*", "@x", "../@y"]
)


@given(_DOCUMENTS, _METHODS, _LIST, _EXPRESSIONS, _EXPRESSIONS)
def test_any_set_has_a_canonical_form(document, method, prefixes, first, second):
    """Canonical XML 1.0, clause 2.3: a smaller set never needs a larger document, and filters commute."""
    listed = tuple(prefixes) if method in (EXC_C14N, EXC_C14N_COMMENTS) else ()
    nodes = whole(document, comments=True)
    one = xpath_filter(xpath_filter(nodes, first, namespaces={}), second, namespaces={})
    other = xpath_filter(nodes, f"({second}) and ({first})", namespaces={})
    assert _octets(one, method, listed) == _octets(other, method, listed)
