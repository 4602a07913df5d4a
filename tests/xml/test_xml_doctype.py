"""Documents with a DOCTYPE: only what stands in them is read."""

import os
import time

import pytest
from cpu_bound import seconds
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import DecodeError, LimitExceeded, VnedocError
from vnedoc.model import Limits
from vnedoc.xml import C14N, XmlDocument, canonicalize, parse, parse_with_doctype


def read(text, **limits):
    return parse_with_doctype(text.encode(), Limits(**limits))


def form(text):
    return canonicalize(read(text), C14N).decode()


def test_defaults_are_filled_in_and_entities_become_text():
    """Canonical XML 1.0, clause 2.1; XML 1.0, clauses 3.3 and 4.4."""
    doctype = (
        "<!DOCTYPE a [<!ATTLIST a x CDATA 'default' y NMTOKEN #IMPLIED xmlns:p CDATA 'urn:p'>"
        "<!ENTITY one 'eins'><!ENTITY two '&one;&#38;#38;<b/>'><!NOTATION gif SYSTEM 'viewer'>]>"
    )
    assert form(f"{doctype}<a y='  1  '>&two;</a>") == (
        '<a xmlns:p="urn:p" x="default" y="1">eins&amp;<b></b></a>'
    )


def test_without_a_doctype_it_is_parse():
    text = "<a><!-- c --><b/></a>"
    assert form(text) == canonicalize(parse(text.encode()), C14N).decode()
    assert not read(text).declared_ids
    with pytest.raises(DecodeError) as caught:
        read("<a>&lt;&unknown;</a>")
    assert caught.value.code == "VND-XML-001"


def test_the_strict_parser_stays_as_strict():
    with pytest.raises(DecodeError) as caught:
        parse(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a/>")
    assert caught.value.code == "VND-XML-002"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding):
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE a><a>é</a>"
    document = parse_with_doctype(text.encode(encoding))
    assert document.root.text == "é"
    assert document.data == text.encode(encoding)


@pytest.mark.parametrize("data", [b"\xff\xfe<", b"<?xml version='1.0' encoding='koi8-r'?><a/>", b"\x00<"])
def test_other_encodings_are_refused(data):
    with pytest.raises(DecodeError) as caught:
        parse_with_doctype(data)
    assert caught.value.code == "VND-XML-003"


# --- identifiers ----------------------------------------------------------------------------------

_IDS = "<!DOCTYPE a [<!ATTLIST b key ID #IMPLIED><!ATTLIST p:c p:key ID #IMPLIED name CDATA #IMPLIED>]>"


def test_declared_identifiers_are_known():
    document = read(f"{_IDS}<a xmlns:p='u:p'><b key=' 1 '/><p:c p:key='2' key='3' name='4'/><d key='5'/></a>")
    b, c, _ = document.root
    assert document.declared_ids == {"1": b, "2": c}


def test_a_declared_identifier_belongs_to_one_element():
    with pytest.raises(DecodeError) as caught:
        read(f"{_IDS}<a><b key='1'/><b key='1'/></a>")
    assert (caught.value.code, caught.value.facts) == ("VND-XML-042", {"id": "1"})


# --- nothing else is opened -----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["file", "path"])
@pytest.mark.parametrize(
    ("doctype", "content", "entity"),
    [
        ("<!DOCTYPE a [<!ENTITY e SYSTEM '{url}'>]>", "&e;", "&e;"),
        ("<!DOCTYPE a [<!ENTITY e PUBLIC 'p' '{url}'><!ENTITY f '&e;'>]>", "", "&e;"),
        ("<!DOCTYPE a [<!ENTITY % e SYSTEM '{url}'> %e;]>", "", "%e;"),
        ("<!DOCTYPE a [<!ENTITY % e SYSTEM '{url}'>]>", "", "%e;"),
        ("<!DOCTYPE a [<!ENTITY % e '<!ENTITY f 1>'>]>", "", "%e;"),
        ("<!DOCTYPE a SYSTEM '{url}' [<!ENTITY f '1'>]>", "&secret;", "&secret;"),
    ],
)
def test_what_stands_elsewhere_is_refused(tmp_path, doctype, content, entity, scheme):
    url = _bait(tmp_path, scheme)
    with pytest.raises(DecodeError) as caught:
        read(doctype.replace("{url}", url) + f"<a>{content}</a>")
    assert (caught.value.code, caught.value.facts) == ("VND-XML-043", {"entity": entity})


@pytest.mark.timeout(10)
@pytest.mark.parametrize("scheme", ["file", "path", "http"])
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a SYSTEM '{url}'>",
        "<!DOCTYPE a PUBLIC 'p' '{url}' []>",
        '<!DOCTYPE\n a\nPUBLIC\n"p"\n"{url}"\n>',
        "<!-- <!DOCTYPE b> --><!DOCTYPE a SYSTEM '{url}' [<!ATTLIST b c CDATA 'd'>]>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM '{url}'>]>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM '{url}' NDATA gif><!NOTATION gif SYSTEM '{url}'>]>",
    ],
)
def test_what_stands_elsewhere_is_passed_over(tmp_path, doctype, scheme):
    """A pipe that nobody writes to would never let go of who opens it; the address has no one who answers."""
    os.mkfifo(tmp_path / "pipe")
    url = {
        "file": (tmp_path / "pipe").as_uri(),
        "path": str(tmp_path / "pipe"),
        "http": "http://127.0.0.1:9/",
    }
    assert form(doctype.replace("{url}", url[scheme]) + "<a/>") == "<a></a>"
    assert form(doctype.replace("{url}", _bait(tmp_path, "path")) + "<a/>") == "<a></a>"


def _bait(folder, scheme):
    path = folder / "bait"
    path.write_text("<!ATTLIST a bitten CDATA 'yes'><!ENTITY secret 'told'>", encoding="utf-8")
    return path.as_uri() if scheme == "file" else str(path)


# --- amplification --------------------------------------------------------------------------------

_LAUGHS = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE a [<!ENTITY e0 'ha'>{_LAUGHS}]><a>&e11;</a>",
        f"<!DOCTYPE a [<!ENTITY e0 'ha'>{_LAUGHS}]><a/>",
        f"<!DOCTYPE a [<!ENTITY e0 'ha'>{_LAUGHS}]><a x='&e11;'/>",
        f"<!DOCTYPE a [<!ENTITY e '{'x' * 100_000}'>]><a>{'&e;' * 100_000}</a>",
        f"<!DOCTYPE a [<!ENTITY e '{'<b/>' * 20_000}'>]><a>{'&e;' * 100}</a>",
        f"<!DOCTYPE a [<!ENTITY e '{'x' * 100_000}'><!ATTLIST a b CDATA '{'&e;' * 10_000}'>]><a/>",
    ],
)
def test_entities_stay_small(text):
    started = time.process_time()
    with pytest.raises(LimitExceeded) as caught:
        read(text)
    assert (caught.value.code, caught.value.facts["limit"]) == ("VND-XML-010", "entity_bytes")
    assert time.process_time() - started < seconds(2)


def test_elements_from_entities_count():
    text = f"<!DOCTYPE a [<!ENTITY e '{'<b/>' * 50}'>]><a>{'&e;' * 10}</a>"
    assert len(read(text).root) == 500
    with pytest.raises(LimitExceeded) as caught:
        read(text, nodes=400)
    assert caught.value.facts["limit"] == "nodes"


def test_an_entity_that_holds_itself_is_refused():
    for doctype in ("<!ENTITY e '&e;'>", "<!ENTITY e '&f;'><!ENTITY f '&e;'>"):
        with pytest.raises(DecodeError) as caught:
            read(f"<!DOCTYPE a [{doctype}]><a>&e;</a>")
        assert caught.value.code == "VND-XML-043"


_PIECES = st.one_of(
    st.sampled_from([b"<!DOCTYPE a [", b"]>", b"<a>", b"</a>", b"&e;", b"<a x='i'/>", b"%p;", b"\xff", b" "]),
    st.sampled_from([b"<!ENTITY e 'x'>", b"<!ENTITY e SYSTEM 'x'>", b"<!ENTITY % p ''>", b"<!DOCTYPE a>"]),
    st.sampled_from([b"<!ATTLIST a x ID 'i'>", b"<!NOTATION n SYSTEM 'x'>", b"<!DOCTYPE a SYSTEM 'x' ["]),
)


@given(st.one_of(st.binary(max_size=60), st.lists(_PIECES, max_size=8).map(b"".join)))
def test_any_octets_give_a_document_or_an_error_of_ours(data):
    try:
        assert isinstance(parse_with_doctype(data), XmlDocument)
    except VnedocError as error:
        assert error.code.startswith("VND-XML-")  # noqa: PT017 - a property
