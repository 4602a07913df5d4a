"""Why a digest does not match: a help for people, which never changes the verdict."""

import hashlib
import time

import attrs
import pytest
from cpu_bound import seconds
from dsig_samples import ENVELOPED, LIMITS, b64, forge, reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from vnedoc.dsig import check_signatures
from vnedoc.model import Blob, Conclusion, Severity, SubIndication
from vnedoc.report import render_finding
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_COMMENTS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    canonicalize,
    parse,
)

FAILED = Conclusion.FAILED
BODY = (
    "<Doc xmlns:a='urn:a' xml:lang='vi'>{}<!-- ghi chú --><Body Id='body'>\n  <b>một\nhai</b>\n"
    "  <!-- nữa -->\n  <c d='1'/>\n</Body></Doc>"
)
BARE = parse(BODY.replace("{}", "").encode())
PART = BARE.root[-1]
LINES = canonicalize(BARE, C14N)


def over(octets, uri='URI=""', transforms=(ENVELOPED, C14N)):
    return reference(uri, transforms).replace("@@", b64(hashlib.sha256(octets).digest()))


def run(data, limits=LIMITS, **more):
    (core,) = check_signatures(parse(data), limits, **more)
    return core


def found(core):
    """Give the changes that are named, all of them as information only."""
    assert core.conclusion is FAILED
    assert core.sub_indication is SubIndication.HASH_FAILURE
    assert "VND-DSIG-014" in [one.code for one in core.findings]
    named = [one for one in core.findings if one.code == "VND-DSIG-061"]
    assert all(one.severity is Severity.INFO for one in named)
    return [one.facts["variant"] for one in named]


@pytest.mark.parametrize(
    ("octets", "change"),
    [
        (canonicalize(BARE, C14N_COMMENTS), "comments"),
        (LINES.replace(b"\n", b"\r\n"), "newlines-crlf"),
        (LINES.replace(b"\n", b"&#xD;\n"), "newlines-crlf"),
        (LINES + b"\n", "last-newline"),
        (LINES + b"\r\n", "last-newline"),
        (b"\xef\xbb\xbf" + LINES, "bom"),
        (
            LINES.replace(b">\n  <", b"><").replace(b">\n<", b"><").replace(b">\n  \n  <", b"><"),
            "white-space",
        ),
    ],
)
def test_changes_of_the_octets(person, octets, change):
    assert found(run(forge(person, BODY, over(octets)))) == [change]


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (C14N, EXC_C14N),
        (EXC_C14N, C14N),
        (EXC_C14N, C14N_11),
        (C14N, EXC_C14N_COMMENTS),
    ],
)
def test_another_canonical_form(person, declared, used):
    octets = canonicalize(PART, used)
    core = run(forge(person, BODY, over(octets, 'URI="#body"', (declared,))))
    (change,) = found(core)
    # two methods may give the same octets: the first of them is named
    assert change.startswith("c14n http://")
    assert canonicalize(PART, change.removeprefix("c14n ")) == octets


@pytest.mark.parametrize("indent", ["  ", "    ", "\t"])
def test_a_document_that_was_indented_anew(person, indent):
    """Signed with one layout, stored with another by a program that prints XML."""
    flat = "<Doc>{}<Body Id='body'><b>một\nhai</b><c d='1'><e/></c></Body></Doc>"
    tree = parse(flat.replace("{}", "").encode()).root
    etree.indent(tree, space=indent)
    octets = canonicalize(parse(etree.tostring(tree)), C14N)
    assert found(run(forge(person, flat, over(octets)))) == ["indentation"]
    # the other way round: signed flat, and indented with all that is in the signature
    data = etree.fromstring(forge(person, flat, reference(transforms=(ENVELOPED, C14N))))
    etree.indent(data[1], space=indent)
    assert found(run(etree.tostring(data))) == ["white-space"]


def test_an_object_of_the_signature(person):
    inner = reference('URI="#o"', (C14N,))
    data = forge(person, "<Doc>{}</Doc>", inner, objects="<Object Id='o'/>")
    assert run(data).conclusion is Conclusion.PASSED
    assert found(run(data.replace(b" Id='o'/>", b" Id='o'>\n<!-- x --></Object>"))) == ["white-space"]
    assert found(run(data.replace(b" Id='o'/>", b" Id='o'>\n<?x?></Object>"))) == []


@pytest.mark.parametrize(
    ("file", "signed", "change"),
    [
        (b"a\r\nb", b"a\nb", "newlines-lf"),
        (b"a\nb", b"a\r\nb", "newlines-crlf"),
        (b"a\nb", b"a\rb", "newlines-cr"),
        (b"\xef\xbb\xbfa", b"a", "bom"),
        (b"a", b"\xef\xbb\xbfa", "bom"),
        (b"a\r\n", b"a", "last-newline"),
        (b"a", b"a\n", "last-newline"),
        (b"a", b"b", None),
    ],
)
def test_a_file_outside(person, file, signed, change):
    data = forge(person, BODY, over(signed, 'URI="a"', ()))
    core = run(data, resolver=lambda _: Blob.from_bytes(file))
    assert found(core) == ([] if change is None else [change])


def test_nothing_is_said_where_nothing_explains_it(person):
    assert found(run(forge(person, BODY).replace(b"hai", b"ba"))) == []


def test_nothing_is_looked_for_in_what_is_large(person):
    for size, changes in ((900_000, ["last-newline"]), (1_000_001, [])):
        octets = b"x" * size
        data = forge(person, BODY, over(octets + b"\n", 'URI="a"', ()))
        blob = Blob.from_bytes(octets)
        assert found(run(data, resolver=lambda _, blob=blob: blob)) == changes


def test_a_flood_of_wrong_digests_is_not_explained_one_by_one(person):
    """The help has a small budget of its own for the whole document, and ends without a word."""
    rows = "".join(f"<r n='{number}'>x</r>" for number in range(4000))
    body = BODY.replace("</Body>", f"{rows}</Body>")
    wrong = [over(b"%d" % number) for number in range(20)]
    data = forge(person, body, *wrong)
    begun = time.process_time()
    core = run(data)
    assert time.process_time() - begun < seconds(5)
    assert found(core) == []
    assert len([one for one in core.findings if one.code == "VND-DSIG-014"]) == 20
    limits = attrs.evolve(LIMITS, digest_bytes=200_000 * 20)
    assert run(data, limits).sub_indication is SubIndication.HASH_FAILURE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(change=st.binary(max_size=20), at=st.integers(0, 10_000))
def test_the_verdict_is_that_of_the_digest_alone(person, change, at):
    """EN 319 102-1, clause 5.2.7: a digest that does not match is HASH_FAILURE, whatever explains it."""
    place = at % (len(LINES) + 1)
    octets = LINES[:place] + change + LINES[place:]
    core = run(forge(person, BODY, over(octets)))
    if octets == LINES:
        assert core.conclusion is Conclusion.PASSED
        assert core.findings == ()
    else:
        found(core)


def test_people_read_what_the_change_is(person):
    core = run(forge(person, BODY, over(LINES + b"\n")))
    (finding,) = [one for one in core.findings if one.code == "VND-DSIG-061"]
    assert "xuống dòng ở cuối" in render_finding(finding, "vi").seen
    assert "a newline at the end" in render_finding(finding, "en").seen
