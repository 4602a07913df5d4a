"""XML signatures of every packaging: two steps, several in a document, levels, what is refused."""

import base64
import datetime as dt
import hashlib
import json

import attrs
import pytest
from dsig_samples import EDXML, HEADER, MOMENT, edxml_wire
from lxml import etree
from signing_builders import AT, credential
from signing_xml_samples import (
    DS,
    FORMS,
    OCTETS,
    PARTS,
    check,
    one,
    passed,
    sources,
)

from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.dsig import find_signatures
from vnedoc.errors import ConfigError, DecodeError, FileError, SigningError, StateMismatch
from vnedoc.model import Blob, Conclusion, Level, Wire
from vnedoc.signing import (
    LargeXml,
    Measured,
    SignaturePolicy,
    SigningState,
    XmlForm,
    complete_xml,
    prepare_large_xml,
    prepare_xml,
    sign_xml,
)
from vnedoc.xml import C14N, C14N_11, C14N_METHODS, EXC_C14N, EXC_C14N_COMMENTS, canonicalize, parse


@pytest.fixture(scope="module")
def signer():
    return credential("p256").signer()


# --- the default form -----------------------------------------------------------------------------


def test_the_default_form_is_the_seal(signer):
    state = prepare_xml(edxml_wire(), signer, signing_time=AT, parent=HEADER).state
    same = prepare_xml(edxml_wire(), signer, signing_time=AT, parent=HEADER, form=XmlForm()).state
    assert same == state
    assert state.parts.keys() == {"offset", "signature"}
    assert state.to_be_signed in state.parts["signature"].encode()
    assert "SignatureValue Id" not in state.parts["signature"]


# --- packagings and methods -----------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(C14N_METHODS))
@pytest.mark.parametrize("name", FORMS)
def test_two_steps_give_what_one_gives(name, method):
    """XMLDSig 1.1, clause 3.1: each packaging with each method, by a key that signs later."""
    fields, parent = FORMS[name]
    form = XmlForm(**fields, canonicalization=method)
    rsa = credential("rsa2048").signer()  # its values are always the same
    whole = sign_xml(sources(name), rsa, signing_time=AT, parent=parent, form=form)
    state = prepare_xml(sources(name), rsa, signing_time=AT, parent=parent, form=form).state
    again = SigningState.from_json(state.to_json())
    assert complete_xml(sources(name), again, rsa.sign(state.to_be_signed)).read() == whole.read()
    content = Blob.from_bytes(OCTETS)
    (core,) = passed(whole.read(), content)
    assert core.signing_time == AT
    assert core.covers_root is (name == "whole")
    info = etree.fromstring(whole.read()).find(f".//{{{DS}}}SignedInfo")
    assert canonicalize(info, method) == state.to_be_signed
    if name.startswith(("whole", "part")):
        start, end = whole.read().index(b"<Signature "), whole.read().rindex(b"</Signature>") + 12
        assert whole.read()[:start] + whole.read()[end:] == PARTS


@pytest.mark.parametrize("name", FORMS)
def test_no_state_holds_the_document(name, signer):
    fields, parent = FORMS[name]
    form = XmlForm(**fields)
    text = prepare_xml(sources(name), signer, signing_time=AT, parent=parent, form=form).state.to_json()
    assert json.loads(text)["schema"] == "vnedoc-signing-state/1"
    assert ">hai<" not in text
    assert base64.b64encode(OCTETS).decode()[:40] not in text


@pytest.mark.parametrize("method", [EXC_C14N, C14N])
@pytest.mark.parametrize("name", FORMS)
def test_another_document_is_refused(name, method, signer):
    fields, parent = FORMS[name]
    form = XmlForm(**fields, canonicalization=method)
    state = prepare_xml(sources(name), signer, signing_time=AT, parent=parent, form=form).state
    other = Wire.from_bytes(sources(name).read()[:-1] + b" ")
    with pytest.raises(StateMismatch) as caught:
        complete_xml(other, state, signer.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-010"
    stranger = credential("p384").signer()
    with pytest.raises(SigningError) as caught:
        complete_xml(sources(name), state, stranger.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-042"


CHANGES = {
    "a property": lambda text: text.replace("SigningTime>20", "SigningTime>19"),
    "a digest": lambda text: text.replace("DigestValue>", "DigestValue>AAAA", 1),
    "the method": lambda text: text.replace("xml-exc-c14n#", "xml-c14n11", 1).replace("20010315", "2001", 1),
    "no signature": lambda text: text.replace("Signature ", "Signature2 ", 1),
    "no properties": lambda text: text.replace("SignedProperties", "UnsignedProperties"),
    "the braces": lambda text: text + "{value}",
    "the content": lambda text: text.replace("{content}", ""),
    "another certificate": lambda text: text.replace("<X509Certificate>", "<X509Certificate>AAAA", 1).replace(
        "<ds:X509Certificate>", "<ds:X509Certificate>AAAA", 1
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("method", [EXC_C14N, C14N])
@pytest.mark.parametrize("name", ["whole", "part", "around", "beside"])
def test_a_changed_state_is_refused(name, method, change, signer):
    fields, parent = FORMS[name]
    form = XmlForm(**fields, canonicalization=method)
    state = prepare_xml(sources(name), signer, signing_time=AT, parent=parent, form=form).state
    text = CHANGES[change](state.parts["signature"])
    if text == state.parts["signature"]:
        assert change == "the content"
        return
    changed = attrs.evolve(state, parts={**state.parts, "signature": text})
    with pytest.raises(StateMismatch) as caught:
        complete_xml(sources(name), changed, signer.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-043"


@pytest.mark.parametrize(
    "parts",
    [
        {"removed": "x"},
        {"removed": "9999"},
        {"earlier": " Id='a'"},
        {"earlier": " Id='a'", "earlier_offset": "999999"},
    ],
)
def test_places_that_cannot_be(parts, signer):
    state = prepare_xml(Wire.from_bytes(PARTS), signer, signing_time=AT).state
    changed = attrs.evolve(state, parts={**state.parts, **parts})
    with pytest.raises(StateMismatch) as caught:
        complete_xml(Wire.from_bytes(PARTS), changed, signer.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-043"


def test_comments_never_count_and_instructions_do(signer):
    """XMLDSig 1.1, clause 4.4.3.3: "" and #id leave comments out, whatever the method is called."""
    form = XmlForm(canonicalization=EXC_C14N_COMMENTS)
    signed = sign_xml(Wire.from_bytes(b"<a><!-- x -->1<?p q?></a>"), signer, form=form).read()
    passed(signed.replace(b"<!-- x -->", b""))
    assert check(signed.replace(b"<?p q?>", b""))[0].conclusion is Conclusion.FAILED


def test_what_stands_in_a_signature_keeps_its_namespaces(signer):
    data = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- tr\xc6\xb0\xe1\xbb\x9bc --><a x='1'><b/></a><?sau x?>\n"
    signed = sign_xml(Wire.from_bytes(data), signer, form=XmlForm(packaging="enveloping")).read()
    holder = one(signed, "//d:Object[@MimeType]")
    assert [child.tag for child in holder.iterchildren("*")] == ["a"]
    assert holder.get("MimeType") == "application/xml"
    assert b"<!-- tr" in signed
    passed(signed)


def test_octets_in_a_signature(signer):
    form = XmlForm(packaging="enveloping", octets=True, media_type="image/png; x=1")
    signed = sign_xml(Wire.from_bytes(OCTETS), signer, form=form)
    holder = one(signed.read(), "//d:Object[@Encoding]")
    assert base64.b64decode(holder.text) == OCTETS
    assert holder.get("MimeType") == one(signed.read(), "//x:MimeType").text == "image/png; x=1"
    assert signed.content_type == "application/xml"


def test_a_file_of_any_size_beside_its_signature(tmp_path, signer):
    path = tmp_path / "lớn.bin"
    path.write_bytes(OCTETS * 5000)
    wire = Wire.from_file(path, "application/octet-stream")
    form = XmlForm(packaging="detached", reference="lớn.bin", digest="sha3_384")
    signed = sign_xml(wire, signer, form=form)
    assert signed.size < 8000
    passed(signed.read(), Blob.from_file(path))
    reference = one(signed.read(), "//d:Reference[not(@Type)]")
    assert reference.get("URI") == "lớn.bin"
    assert reference[0].tag == f"{{{DS}}}DigestMethod"  # no transform
    digest = hashlib.sha3_384(OCTETS * 5000).digest()
    assert base64.b64decode(reference[-1].text) == digest
    state = prepare_xml(wire, signer, signing_time=AT, form=form).state
    path.write_bytes(OCTETS * 4999 + OCTETS[::-1])
    for act in (
        lambda: prepare_xml(wire, signer, signing_time=AT, form=form),
        lambda: complete_xml(wire, state, signer.sign(state.to_be_signed)),
    ):
        with pytest.raises(FileError) as caught:
            act()
        assert caught.value.code == "VND-IO-003"


# --- several signatures ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", [EXC_C14N, C14N, C14N_11])
def test_several_parts_of_one_document(method, signer):
    wire = Wire.from_bytes(PARTS)
    for number, name in enumerate(("#phan-1", "#phan-2", "#phan-1")):
        form = XmlForm(reference=name, canonicalization=method)
        wire = sign_xml(wire, signer, parent=("so", "ky"), form=form)
        assert len(passed(wire.read())) == number + 1
    identifiers = [one_.get("Id") for one_ in find_signatures(parse(wire.read()))]
    assert len(set(identifiers)) == 3


def test_the_whole_is_signed_once(signer):
    wire = sign_xml(Wire.from_bytes(PARTS), signer, form=XmlForm(reference="#phan-1"), parent=("so", "ky"))
    for form in (XmlForm(), XmlForm(xades=False)):
        with pytest.raises(SigningError) as caught:
            sign_xml(wire, signer, form=form)
        assert caught.value.code == "VND-SIGN-041"


@pytest.mark.parametrize(
    ("first", "parent"),
    [(XmlForm(), ("so", "ky")), (XmlForm(reference="#phan-1"), ("so", "phan"))],
)
def test_no_place_where_it_would_break_another(first, parent, signer):
    wire = sign_xml(Wire.from_bytes(PARTS), signer, form=first)
    with pytest.raises(SigningError) as caught:
        sign_xml(wire, signer, form=XmlForm(reference="#phan-2"), parent=parent)
    assert caught.value.code == "VND-SIGN-052"
    assert caught.value.facts["place"] == "/so/Signature"


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"<a><b/></a>", 0),
        (b"<a><b Id='p'/><c id='p'/></a>", 2),
        (b"<a><b w:Id='p' xmlns:w='urn:w'/></a>", 1),
    ],
)
def test_a_part_needs_one_identifier(data, count, signer):
    with pytest.raises(SigningError) as caught:
        sign_xml(Wire.from_bytes(data), signer, form=XmlForm(reference="#p"))
    assert (caught.value.code, caught.value.facts["count"]) == ("VND-SIGN-051", count)


def test_a_place_that_is_not_there(signer):
    for parent in (("so", "khong"), ("khac",)):
        with pytest.raises(DecodeError) as caught:
            sign_xml(Wire.from_bytes(PARTS), signer, parent=parent, form=XmlForm(reference="#phan-1"))
        assert caught.value.code == "VND-XML-034"


# --- levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_each_form_can_be_raised_at_once(name, signer):
    """EN 319 132-1, clause 6.3: a time stamp over the signature value of the very signature just made."""
    authority = FakePki.create(key="p256")
    fields, parent = FORMS[name]
    form = XmlForm(**fields)
    signed = sign_xml(
        sources(name), signer, parent=parent, form=form, level="B-T", timestamper=FakeTsa(authority)
    ).read()
    assert one(signed, "//x:UnsignedSignatureProperties/x:SignatureTimeStamp") is not None
    (core,) = check(signed, Blob.from_bytes(OCTETS))
    assert core.conclusion is Conclusion.PASSED, core.findings


def test_a_plain_signature_has_no_level(signer):
    with pytest.raises(ConfigError) as caught:
        sign_xml(edxml_wire(), signer, form=XmlForm(xades=False), level=Level.B_T)
    assert caught.value.code == "VND-SIGN-049"


# --- documents that are not in memory -------------------------------------------------------------


def large():
    document = parse(PARTS)
    digest = hashlib.sha256(canonicalize(document, EXC_C14N)).digest()
    wire = Wire.from_bytes(PARTS)
    return LargeXml(
        outline=document,
        measure=lambda: Measured(canonical_digest=digest, digest=wire.digest, size=wire.size),
    )


def test_a_large_document_has_the_same_signature(signer):
    for form in (XmlForm(), XmlForm(policy=SignaturePolicy.implied(), roles=("a",), value_id=True)):
        first = prepare_large_xml(large(), signer, signing_time=AT, form=form).state
        assert first == prepare_xml(Wire.from_bytes(PARTS), signer, signing_time=AT, form=form).state


@pytest.mark.parametrize(
    "fields",
    [
        {"canonicalization": C14N},
        {"digest": "sha512"},
        {"reference": "#phan-1"},
        {"packaging": "enveloping"},
        {"packaging": "detached", "reference": "a"},
    ],
)
def test_a_large_document_takes_no_other_form(fields, signer):
    with pytest.raises(ConfigError) as caught:
        prepare_large_xml(large(), signer, signing_time=AT, form=XmlForm(**fields))
    assert caught.value.code == "VND-SIGN-050"


def test_a_time_needs_its_zone_everywhere(signer):
    for form, wire in (
        (XmlForm(), edxml_wire()),
        (XmlForm(packaging="detached", reference="a"), edxml_wire()),
    ):
        with pytest.raises(SigningError) as caught:
            sign_xml(wire, signer, form=form, signing_time=dt.datetime(2026, 6, 1))  # noqa: DTZ001
        assert caught.value.code == "VND-SIGN-040"
    signed = sign_xml(edxml_wire(), signer, signing_time=MOMENT).read()
    assert EDXML.encode()[:200] == signed[:200]
