"""Counter-signatures in both styles: what is put in, what stays, what is refused."""

import itertools

import pytest
from dsig_samples import HEADER, edxml_wire
from lxml import etree
from signing_builders import AT, credential
from signing_xml_samples import DS, FORMS, NS, OCTETS, XADES, check, first_id, one, passed, sources

from vnedoc.dsig import find_signatures
from vnedoc.errors import ConfigError, SigningError
from vnedoc.model import Blob, Conclusion, Wire
from vnedoc.signing import (
    SigningState,
    XmlForm,
    complete_xml,
    counter_sign_xml,
    prepare_counter_xml,
    sign_xml,
)
from vnedoc.xml import C14N, EXC_C14N, parse


@pytest.fixture(scope="module")
def signer():
    return credential("p256").signer()


# --- counter-signatures ---------------------------------------------------------------------------

COUNTERED = "http://uri.etsi.org/01903#CountersignedSignature"


def without(data, pieces):
    for piece in pieces:
        assert data.count(piece) == 1
        data = data.replace(piece, b"")
    return data


@pytest.mark.parametrize("method", [EXC_C14N, C14N])
@pytest.mark.parametrize("style", ["property", "separate"])
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("named", [True, False])
def test_a_signature_on_a_signature(name, style, method, named, signer):
    """EN 319 132-1, clause 5.2.7: the reference names the SignatureValue, and has the type."""
    fields, parent = FORMS[name]
    form = XmlForm(**fields, value_id=named)
    before = sign_xml(sources(name), signer, signing_time=AT, parent=parent, form=form).read()
    more = {"signature_id": first_id(before), "style": style, "form": XmlForm(canonicalization=method)}
    rsa = credential("rsa2048").signer()
    state = prepare_counter_xml(Wire.from_bytes(before), rsa, signing_time=AT, **more).state
    again = SigningState.from_json(state.to_json())
    after = complete_xml(Wire.from_bytes(before), again, rsa.sign(state.to_be_signed)).read()
    assert after == counter_sign_xml(Wire.from_bytes(before), rsa, signing_time=AT, **more).read()
    old, new = check(after, Blob.from_bytes(OCTETS))
    if new.certificate == signer.certificate:
        old, new = new, old
    assert (old.conclusion, new.conclusion) == (Conclusion.PASSED, Conclusion.PASSED), new.findings
    assert new.certificate == rsa.certificate
    reference = one(after, f"//d:Reference[@Type='{COUNTERED}']")
    value = one(after, f"//d:SignatureValue[@Id='{reference.get('URI')[1:]}']")
    assert value.getparent().get("Id") == first_id(before)
    if style == "property":
        path = "//x:UnsignedProperties/x:UnsignedSignatureProperties/x:CounterSignature/d:Signature"
        assert one(after, path).get("Id") == new.element.get("Id")
    # every octet stays: what was added is the attribute and one run
    text = state.parts["signature"].split("{value}")
    start = after.index(text[0].encode())
    end = after.index(text[1].encode(), start) + len(text[1].encode())
    rest = after[:start] + after[end:]
    if not named:
        rest = without(rest, [state.parts["earlier"].encode()])
    assert rest == before


def test_counter_signatures_beside_each_other_and_on_each_other(signer):
    wire = sign_xml(edxml_wire(), signer, parent=HEADER)
    name = first_id(wire.read())
    for _ in range(2):
        wire = counter_sign_xml(wire, signer, signature_id=name, form=XmlForm(value_id=True))
    inner = find_signatures(parse(wire.read()))[1].get("Id")
    for style in ("property", "separate"):
        wire = counter_sign_xml(wire, signer, signature_id=inner, style=style)
    cores = check(wire.read())
    assert [core.conclusion for core in cores] == [Conclusion.PASSED] * 5
    assert len(etree.fromstring(wire.read()).xpath("//x:UnsignedProperties", namespaces=NS)) == 2


@pytest.mark.parametrize(
    "holder",
    [
        "<u:UnsignedProperties xmlns:u='%s'/>",
        "<u:UnsignedProperties xmlns:u='%s'></u:UnsignedProperties>",
        "<u:UnsignedProperties xmlns:u='%s'><u:UnsignedDataObjectProperties/></u:UnsignedProperties>",
        "<u:UnsignedProperties xmlns:u='%s'>\n<u:UnsignedSignatureProperties a='>'/></u:UnsignedProperties>",
    ],
)
def test_holders_in_any_spelling(holder, signer):
    wire = sign_xml(edxml_wire(), signer, parent=HEADER, form=XmlForm(value_id=True))
    end = b"</xades:QualifyingProperties>"
    data = wire.read().replace(end, (holder % XADES).encode() + end)
    after = counter_sign_xml(Wire.from_bytes(data), signer, signature_id=first_id(data)).read()
    found = one(after, "//x:UnsignedProperties")
    assert found[0].tag == f"{{{XADES}}}UnsignedSignatureProperties"
    assert found[0][-1].tag == f"{{{XADES}}}CounterSignature"
    references = [reference for core in check(after) for reference in core.references]
    assert len(references) == 4
    assert all(reference.ok for reference in references)


def refused(data, code, signer, **more):
    with pytest.raises((SigningError, ConfigError)) as caught:
        counter_sign_xml(Wire.from_bytes(data), signer, **{"signature_id": first_id(data), **more})
    assert caught.value.code == code, caught.value
    return caught.value


def test_what_cannot_be_counter_signed(signer):
    plain = sign_xml(edxml_wire(), signer, parent=HEADER, form=XmlForm(xades=False)).read()
    refused(plain, "VND-SIGN-054", signer)
    counter_sign_xml(Wire.from_bytes(plain), signer, signature_id=first_id(plain), style="separate")
    refused(plain, "VND-SIGN-053", signer, signature_id="khong-co")
    bare = sign_xml(edxml_wire(), signer, parent=HEADER).read()
    end = b"</xades:QualifyingProperties>"
    stamped = bare.replace(end, f"<u:UnsignedProperties xmlns:u='{XADES}'/>".encode() + end)
    for style in ("property", "separate"):
        assert "value_id=True" in refused(stamped, "VND-SIGN-058", signer, style=style).hint
    start, stop = bare.index(b"<SignatureValue>"), bare.index(b"</SignatureValue>") + 17
    refused(bare[:start] + bare[stop:], "VND-SIGN-054", signer)
    for form in (XmlForm(media_type="a/b"), XmlForm(reference="#a"), XmlForm(packaging="enveloping")):
        refused(bare, "VND-SIGN-049", signer, form=form)
    refused(bare, "VND-SIGN-049", signer, style="beside")


def test_a_signature_that_another_one_covers(signer):
    data = b"<a><b Id='b'><c Id='c'>1</c><d></d></b><e></e></a>"
    for style, value_id in itertools.product(("property", "separate"), (True, False)):
        form = XmlForm(reference="#c", value_id=value_id)
        inner = sign_xml(Wire.from_bytes(data), signer, form=form, parent=("a", "b", "d"))
        name = first_id(inner.read())
        outer = sign_xml(inner, signer, form=XmlForm(reference="#b"), parent=("a", "e")).read()
        assert len(passed(outer)) == 2
        error = refused(outer, "VND-SIGN-052", signer, signature_id=name, style=style)
        assert error.facts["place"] == "/a/e/Signature"


def test_a_flood_of_references_costs_little(signer):
    """Each of them is held against the way from the root to the place, never against the document."""
    flood = b"<d:Reference URI='#x'/><b Id='x'/>" * 20_000
    data = b"<a><d:Signature xmlns:d='%s'>%s</d:Signature><p Id='p'/><c></c></a>" % (DS.encode(), flood)
    assert len(data) > 500_000
    sign_xml(Wire.from_bytes(data), signer, form=XmlForm(reference="#p"), parent=("a", "c"))


def test_a_name_that_two_values_have(signer):
    data = sign_xml(edxml_wire(), signer, parent=HEADER, form=XmlForm(value_id=True)).read()
    value = find_signatures(parse(data))[0][1].get("Id")
    doubled = data.replace(b"<MessageHeader>", f"<MessageHeader Id='{value}'>".encode())
    refused(doubled, "VND-SIGN-051", signer)
