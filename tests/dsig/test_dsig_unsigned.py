"""Content inside a signature that nothing signs, and what many references may cost."""

import attrs
import pytest
from dsig_samples import DS, ENVELOPED, HEADER, MOMENT, edxml_wire, forge, reference

from vnedoc.dsig import check_signatures
from vnedoc.edxml import extract
from vnedoc.model import Conclusion, Limits, SubIndication, Wire
from vnedoc.signing import sign_xml
from vnedoc.verification import foreign_signatures, seal_findings, verify_xml
from vnedoc.xml import C14N, EXC_C14N, location, parse

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
EVIL = '<fine xmlns="urn:evil">999000</fine>'
UNSIGNED = (
    "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{}"
    "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
)
# where in a signature, and what is put there before it
PLACES = {
    "object": ("</Signature>", f"<Object Id='o'>{EVIL}</Object>"),
    "object-text": ("</Signature>", "<Object>999000</Object>"),
    "beside-properties": ("</Object>", EVIL),
    "key-info": ("</KeyInfo>", EVIL),
    "x509-data": ("</X509Data>", EVIL),
    "key-value": ("</KeyInfo>", f"<KeyName>x{EVIL}</KeyName>"),
    "qualifying-unsigned": (
        "</xades:QualifyingProperties>",
        UNSIGNED.format(EVIL),
    ),
    "inside-a-time-stamp": (
        "</xades:QualifyingProperties>",
        UNSIGNED.format(f"<xades:SignatureTimeStamp>{EVIL}</xades:SignatureTimeStamp>"),
    ),
}


@pytest.fixture(scope="module")
def policy(pki):
    return pki.policy()


@pytest.fixture(scope="module")
def signed(person):
    return sign_xml(Wire.from_bytes(b"<a>1</a>"), person.signer(), signing_time=MOMENT).read().decode()


@pytest.fixture(scope="module")
def sealed(person):
    return sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER).read().decode()


def put(data, place):
    before, what = PLACES[place]
    assert before in data
    return data.replace(before, what + before, 1).encode()


@pytest.mark.parametrize("place", PLACES)
def test_what_nobody_signed_is_not_passed_as_part_of_the_whole(signed, policy, place):
    (report,) = verify_xml(parse(put(signed, place)), policy)
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.FAILED,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    )
    (finding,) = [one for one in report.findings if one.code == "VND-SIG-013"]
    assert all(one.startswith("/a/Signature/") for one in finding.facts["places"])


@pytest.mark.parametrize("place", PLACES)
def test_a_seal_holds_nothing_that_nobody_signed(sealed, place):
    assert seal_findings(parse(sealed.encode())) == ()
    assert "VND-SIG-012" in [one.code for one in seal_findings(parse(put(sealed, place)))]


def test_where_a_part_is_signed_on_purpose_the_coverage_says_so(signed, policy):
    loose = attrs.evolve(policy, whole_document=False)
    (report,) = verify_xml(parse(put(signed, "object")), loose)
    assert report.conclusion is Conclusion.PASSED
    assert not any("/Object[2]" in one.node for one in report.covers)


def test_an_object_that_a_reference_covers_is_signed(person, policy):
    data = forge(
        person,
        "<Doc>{}</Doc>",
        reference(),
        reference("URI='#o'", (EXC_C14N,)),
        objects=f"<Object Id='o'>{EVIL}</Object>",
    )
    (check,) = check_signatures(parse(data), Limits())
    assert check.unsigned == ()
    (report,) = verify_xml(parse(data), policy)
    assert report.conclusion is Conclusion.PASSED


def test_the_evidence_that_xades_adds_later_is_no_content(signed, policy):
    stamp = "<xades:EncapsulatedTimeStamp>AAAA</xades:EncapsulatedTimeStamp>"
    added = UNSIGNED.format(f"<xades:SignatureTimeStamp>{stamp}</xades:SignatureTimeStamp>")
    end = "</xades:QualifyingProperties>"
    data = signed.replace(end, added + end).encode()
    (report,) = verify_xml(parse(data), policy)
    assert report.conclusion is Conclusion.PASSED


@pytest.mark.parametrize("holder", [f'Signature xmlns="{DS}"', f'DigitalSignature xmlns="{QCVN}"'])
def test_no_attachment_is_taken_out_of_a_signature(holder):
    one = (
        '<Attachment xmlns="{0}"><ContentId>{1}</ContentId><AttachmentName>{1}</AttachmentName>'
        "<ContentTransferEncoded>R0lG</ContentTransferEncoded></Attachment>"
    )
    name = holder.split()[0]
    data = (
        f'<edXML xmlns="{QCVN}"><{holder}><KeyInfo>{one.format(QCVN, "evil")}</KeyInfo></{name}>'
        f"<AttachmentEncoded>{one.format(QCVN, 'good')}</AttachmentEncoded></edXML>"
    )
    assert [each.name for each in extract(parse(data.encode()), Limits())] == ["good"]


# --- work -----------------------------------------------------------------------------------------


def flood(references, signatures=1, body=""):
    names = " ".join(f'xmlns:n{one}="urn:{one}"' for one in range(60))
    made = (
        f'<Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
        f"{references}</SignedInfo><SignatureValue>AAAA</SignatureValue></Signature>"
    )
    return parse(f"<r {names}>{body}{made * signatures}</r>".replace("@@", "AAAA").encode())


def test_the_work_of_all_references_together_is_bounded():
    document = flood(reference("URI=''", (ENVELOPED, C14N)), signatures=50, body="<a/>" * 20_000)
    checks = check_signatures(document, Limits(canonical_steps=2_000_000))
    codes = [one.code for check in checks for one in check.findings]
    assert codes.count("VND-DSIG-002") >= 48
    facts = [one.facts["limit"] for check in checks for one in check.findings if one.code == "VND-DSIG-002"]
    assert set(facts) == {"canonical_steps"}
    assert {one.conclusion for one in checks} == {Conclusion.FAILED}


def test_the_same_is_digested_once():
    document = flood(reference("URI=''", (C14N,)) * 20, body="<a/>" * 1000)
    (check,) = check_signatures(document, Limits(canonical_steps=150_000))
    assert len(check.references) == 20
    assert len({one.sha256 for one in check.references}) == 1
    assert not any(one.code == "VND-DSIG-002" for one in check.findings)


def test_an_element_in_inclusive_form_is_weighed_too():
    body = '<b Id="b">' + "<a/>" * 1000 + "</b>"
    (check,) = check_signatures(
        flood(reference("URI='#b'", (C14N,)), body=body), Limits(canonical_steps=150_000)
    )
    assert "VND-DSIG-002" in [one.code for one in check.findings]


def test_a_wrong_value_ends_it_after_the_first_two_references(person):
    parts = "".join(f"<p Id='p{one}'/>" for one in range(5))
    references = [reference(f"URI='#p{one}'", (EXC_C14N,)) for one in range(5)]
    data = forge(person, f"<Doc>{parts}{{}}</Doc>", *references).decode()
    (check,) = check_signatures(parse(data.encode()), Limits())
    assert len(check.references) == 5
    at = data.index("<SignatureValue>") + len("<SignatureValue>") + 8
    wrong = data[:at] + ("A" if data[at] != "A" else "B") + data[at + 1 :]
    (check,) = check_signatures(parse(wrong.encode()), Limits())
    assert check.sub_indication is SubIndication.SIG_CRYPTO_FAILURE
    assert len(check.references) == 2
    (note,) = [one for one in check.findings if one.code == "VND-DSIG-052"]
    assert note.facts == {"checked": 2, "left": 3}


def test_a_flood_is_not_named_to_the_last():
    document = parse(f'<r xmlns="{QCVN}">{"<Signature/>" * 12_000}</r>'.encode())
    named = foreign_signatures(document)
    assert named == tuple(f"/r/Signature[{one}]" for one in range(1, 21))
    assert location(document.root[9_999]) == "/r/Signature[10000]"
    assert location(document.root[-1]) == "/r/Signature[>10000]"
