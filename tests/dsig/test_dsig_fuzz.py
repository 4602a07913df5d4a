"""The corpus of the fuzz target for signatures, replayed without the fuzzer; and shuffled trees."""

import copy
import importlib.util
import sys
from pathlib import Path

import pytest
from dsig_samples import DS, TIME, XADES, cert_v2, forge_xades, qualifying
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion
from vnedoc.verification import seal_findings, verify_xml
from vnedoc.xml import EXC_C14N, canonicalize, parse

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
CORPUS = sorted(path for path in (FUZZ / "corpus").rglob("*") if path.is_file())
pytestmark = pytest.mark.timeout(60)


def module(name):
    """Load a module of the folder under a name of its own, since the target of another room is loaded too."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, FUZZ / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def seeds():
    return module("signed_seeds")


@pytest.fixture(scope="module")
def target(seeds):
    return module("fuzz_verify_xml")


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_input_gives_a_value_or_a_typed_error(path, target):
    target.one_input(path.read_bytes())


def test_the_seeds_are_those_of_the_script(seeds):
    """A difference means that other octets are signed: run ``python fuzz/make_corpus.py``."""
    made = seeds.seeds()
    assert {path.name: path.read_bytes() for path in (FUZZ / "corpus" / "verify_xml").iterdir()} == made
    assert (FUZZ / "dsig.dict").read_bytes() == seeds.dictionary()
    assert max(map(len, made.values())) < 10_000


def test_the_target_sees_a_forgery(target, seeds, monkeypatch):
    """It must be able to fail: with nothing known, a sound seed is one that nobody signed."""
    data = seeds.seeds()["plain"]
    target.one_input(data)
    monkeypatch.setattr(target, "_known", frozenset)
    with pytest.raises(target.Forged):
        target.one_input(data)


# --- shuffled trees -------------------------------------------------------------------------------

NAMES = [
    f"{{{DS}}}{one}"
    for one in ["Signature", "SignedInfo", "Reference", "Object", "KeyInfo", "DigestValue", "Manifest"]
]
NAMES += [f"{{{XADES}}}{one}" for one in ["QualifyingProperties", "SignedProperties", "UnsignedProperties"]]
ATTRIBUTES = ["Id", "ID", "URI", "Type", "Algorithm", "Target", "{http://www.w3.org/XML/1998/namespace}id"]
VALUES = [
    "",
    "#sig",
    "#props",
    "#body",
    "sig",
    "props",
    "body",
    EXC_C14N,
    f"{DS}Manifest",
    "http://127.0.0.1:9/",
]


@pytest.fixture(scope="module")
def genuine(person):
    """A XAdES signature over the whole document, with properties that it does not sign."""
    value = "<EncapsulatedX509Certificate>AAAA</EncapsulatedX509Certificate>"
    values = f"<CertificateValues>{value * 3}</CertificateValues>"
    unsigned = f"<UnsignedSignatureProperties>{values}</UnsignedSignatureProperties>"
    after = f"<UnsignedProperties>{unsigned}</UnsignedProperties>"
    return forge_xades(person, qualifying(TIME + cert_v2(person.der), after=after))


@pytest.fixture(scope="module")
def policy(pki):
    return pki.policy()


def _drop(draw, one, _others):
    one.getparent().remove(one)


def _double(draw, one, _others):
    one.addnext(copy.deepcopy(one))


def _swap(draw, one, others):
    other = draw(st.sampled_from(others))
    if one not in other.iterancestors() and other not in one.iterancestors() and one is not other:
        here, there = copy.deepcopy(one), copy.deepcopy(other)
        one.getparent().replace(one, there)
        other.getparent().replace(other, here)


def _move(draw, one, others):
    into = draw(st.sampled_from(others))
    if into is not one and one not in into.iterancestors():
        into.insert(draw(st.integers(0, len(into))), one)


def _rename(draw, one, _others):
    one.tag = draw(st.sampled_from(NAMES))


def _attribute(draw, one, _others):
    name = draw(st.sampled_from(ATTRIBUTES))
    if draw(st.booleans()):
        one.set(name, draw(st.sampled_from(VALUES)))
    else:
        one.attrib.pop(name, None)


def _text(draw, one, _others):
    one.text = draw(st.sampled_from(["", "x", "AAAA", " ", "#sig", None]))


EDITS = [_drop, _double, _swap, _move, _rename, _attribute, _text]


def _content(document):
    """Give the canonical form of a document less its signatures."""
    root = copy.deepcopy(document.root)
    for one in list(root.iter(f"{{{DS}}}Signature")):
        if one.getparent() is not None:
            one.getparent().remove(one)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _signed_parts(document):
    """Give the canonical forms of what each signature signs about itself, by where they stand."""
    names = {"d": DS, "x": XADES}
    found = document.root.xpath(
        "//d:Signature/d:SignedInfo | //d:Signature/d:Object/x:QualifyingProperties/x:SignedProperties",
        namespaces=names,
    )
    return {canonicalize(one, EXC_C14N) for one in found}


@settings(max_examples=400)
@given(data=st.data())
def test_no_shuffled_tree_passes_for_other_content(genuine, policy, data):
    """XMLDSig 1.1, 3.2: core validation holds only where every digest and the value do."""
    root = etree.fromstring(genuine)
    for _ in range(data.draw(st.integers(1, 4))):
        everything = list(root.iter(etree.Element))
        inside = [one for one in everything if one is not root]
        if not inside:
            break
        edit = data.draw(st.sampled_from(EDITS))
        edit(data.draw, data.draw(st.sampled_from(inside)), everything if edit is _move else inside)
    octets = etree.tostring(root)
    try:
        document = parse(octets)
        reports = verify_xml(document, policy)
    except VnedocError:
        return
    seal_findings(document)
    known = parse(genuine)
    for one in reports:
        if one.conclusion is Conclusion.PASSED:
            assert _content(document) == _content(known)
            assert _signed_parts(document) >= _signed_parts(known)
            (before,) = verify_xml(known, policy)
            assert [each.digest for each in one.covers] == [each.digest for each in before.covers]


def test_the_comparison_sees_changes(genuine):
    known = parse(genuine)
    for old, new in ((b"<Body/>", b"<Body>x</Body>"), (b"<Doc>", b"<Doc a=''>"), (b"</Doc>", b"<x/></Doc>")):
        assert _content(parse(genuine.replace(old, new))) != _content(known)
    for old, new in ((b"2026-11", b"2026-10"), (b"application/xml", b"text/xml"), (b"<Dig", b"x<Dig")):
        assert _signed_parts(parse(genuine.replace(old, new, 1))) != _signed_parts(known)
