"""From the core check to a judgement under a policy; the exact shape of the seal; one flipped octet."""

import hashlib
import random

import attrs
import pytest
from dsig_samples import (
    DS,
    EDXML,
    HEADER,
    MOMENT,
    SHA1,
    XADES,
    edxml_wire,
    forge,
    qualifying,
    reference,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from vnedoc.errors import LimitExceeded, VnedocError
from vnedoc.model import Conclusion, Level, Limits, SignatureFormat, SubIndication, TimeSource, Wire
from vnedoc.signing import sign_xml
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy, foreign_signatures, seal_findings, verify_xml
from vnedoc.xml import EXC_C14N, canonicalize, parse

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE


@pytest.fixture(scope="module")
def policy(pki):
    return pki.policy()


@pytest.fixture(scope="module")
def sealed(person):
    return sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER).read()


def verify(data, policy, **more):
    return verify_xml(parse(data), policy, **more)


def test_a_seal_passes_and_says_what_it_covers(sealed, policy, person):
    document = parse(sealed)
    (report,) = verify_xml(document, policy, where="envelope", prefix_id="goi-")
    assert (report.conclusion, report.sub_indication) == (PASSED, None)
    assert (report.id, report.where) == ("goi-signature-1", "envelope")
    assert (report.format, report.level) == (SignatureFormat.XADES, Level.B_B)
    assert (report.signing_time, report.time_source) == (MOMENT, TimeSource.CLAIMED)
    assert report.signer.certificate == person.der
    assert "Nguyễn Thị Thử" in report.signer.subject
    whole, properties = report.covers
    octets = canonicalize(parse(EDXML.encode()), EXC_C14N)
    assert (whole.node, whole.location, whole.octets) == ("/edXML", 'URI=""', len(octets))
    assert whole.digest == "sha256:" + hashlib.sha256(octets).hexdigest()
    assert properties.node.endswith("/Signature/Object/QualifyingProperties/SignedProperties")
    assert seal_findings(document) == ()
    assert foreign_signatures(document) == ()


def test_nothing_is_trusted_because_it_is_carried(sealed, policy):
    (report,) = verify(sealed, attrs.evolve(policy, trust=TrustStore()))
    assert (report.conclusion, report.sub_indication) == (
        INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )


def test_a_revoked_signer(pki):
    credential = pki.issue("Người bị thu hồi")
    data = sign_xml(edxml_wire(), credential.signer(), parent=HEADER).read()
    pki.revoke(credential)
    (report,) = verify(data, pki.policy())
    assert report.conclusion is not PASSED


def test_weak_algorithms_are_for_old_archives_only(pki, person, policy):
    data = forge(person, "<Doc>{}</Doc>", reference(digest=SHA1))
    (report,) = verify(data, policy)
    assert (report.conclusion, report.sub_indication) == (
        INDETERMINATE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    )
    legacy = Policy.legacy(trust=pki.trust(), revocation=pki.revocation(), at=pki.at)
    (report,) = verify(data, legacy)
    assert report.conclusion is PASSED
    assert report.findings


def test_a_part_is_enough_only_where_the_policy_says_so(person, policy):
    part = reference('URI="#body"', (EXC_C14N,))
    data = forge(person, "<Doc>{}<Body Id='body'>1</Body></Doc>", part)
    (report,) = verify(data, policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    (report,) = verify(data, attrs.evolve(policy, whole_document=False))
    assert report.conclusion is PASSED
    (one,) = report.covers
    assert (one.node, one.location) == ("/Doc/Body", 'URI="#body"')


def test_a_broken_signature_covers_nothing(sealed, policy):
    start = sealed.index(b"<SignatureValue>") + 20
    changed = sealed[:start] + (b"A" if sealed[start : start + 1] != b"A" else b"B") + sealed[start + 1 :]
    (report,) = verify(changed, policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.SIG_CRYPTO_FAILURE)
    assert report.covers == ()
    assert report.signer is None


def test_changed_content_is_not_shown_as_covered(sealed, policy):
    (report,) = verify(sealed.replace("thử nghiệm".encode(), b"khac"), policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.HASH_FAILURE)
    assert [one.node.rpartition("/")[2] for one in report.covers] == ["SignedProperties"]
    assert report.signer is not None


def test_each_signature_has_its_own_report(person, other, policy):
    part = reference('URI="#body"', (EXC_C14N,))
    body = "<Doc>{}<Body Id='body'>1</Body></Doc>"
    first = forge(other, body, part).decode()
    second = first[first.index("<Signature ") : first.index("<Body")]
    data = forge(person, body.replace("<Body", f"{second}<Body"))
    reports = verify(data, policy)
    assert [one.id for one in reports] == ["signature-1", "signature-2"]
    assert [one.conclusion for one in reports] == [PASSED, FAILED]


def test_a_counter_signature_is_reported_as_a_signature(person, other, policy):
    """It signs the value of another one, not the document."""
    inner = forge(other, "<Doc>{}</Doc>", reference('URI="#value"', (EXC_C14N,))).decode()
    counter = inner[inner.index("<Signature ") : inner.index("</Doc>")]
    data = forge(person, "<Doc>{}</Doc>", objects=f"<Object>{counter}</Object>").decode()
    data = data.replace("<SignatureValue>", "<SignatureValue Id='value'>", 1)
    reports = verify(data.encode(), policy)
    assert [one.conclusion for one in reports] == [PASSED, FAILED]
    assert len({one.id for one in reports}) == 2


def test_a_document_without_signature(policy):
    assert verify(EDXML.encode(), policy) == ()


def test_too_many_signatures(policy):
    small = attrs.evolve(policy, limits=Limits(signatures=1))
    with pytest.raises(LimitExceeded):
        verify(f"<a><Signature xmlns='{DS}'/><Signature xmlns='{DS}'/></a>".encode(), small)


# --- wrapping -------------------------------------------------------------------------------------

GENUINE = "<Doc>{}<Body Id='body'>chuyển 10 đồng</Body></Doc>"
EVIL = "<Body{id}>chuyển 10 tỷ đồng</Body>"


def _wrapped(person, how):
    """Build the eight wrappings: the signed element moved, and an evil copy in its place."""
    data = forge(person, GENUINE, reference('URI="#body"', (EXC_C14N,))).decode()
    start, end = data.index("<Signature "), data.index("</Signature>") + len("</Signature>")
    signature, body = data[start:end], data[end : data.index("</Doc>")]
    same, fresh = EVIL.replace("{id}", " Id='body'"), EVIL.replace("{id}", " Id='khac'")
    inside = signature.replace("</Signature>", f"<Object>{body}</Object></Signature>")
    return {
        1: f"<Doc>{fresh}{signature.replace('</Signature>', f'<Object>{body}</Object></Signature>')}</Doc>",
        2: f"<Doc>{signature}{body}{fresh}</Doc>",
        3: f"<Doc>{fresh}{body}{signature}</Doc>",
        4: f"<Doc><Body Id='khac'>chuyển 10 tỷ đồng{body}</Body>{signature}</Doc>",
        5: f"<Doc>{same}{body}{signature}</Doc>",
        6: f"<Doc>{same}{inside}</Doc>",
        7: f"<Doc>{signature}<Extensions>{body}</Extensions>{same}</Doc>",
        8: f"<Doc>{fresh}<Header>{inside}</Header></Doc>",
    }[how].encode()


@pytest.mark.parametrize("how", range(1, 9))
def test_wrapping_never_passes_as_the_whole(person, policy, how):
    data = _wrapped(person, how)
    reports = verify(data, policy)
    assert all(one.conclusion is FAILED for one in reports)
    loose = verify(data, attrs.evolve(policy, whole_document=False))
    for one in loose:
        # the genuine element, where it stands now, or nothing
        assert all(not each.node.endswith("khac") for each in one.covers)
        assert one.conclusion is FAILED or "Body" in one.covers[0].node
        duplicated = how in (5, 6, 7)
        assert (one.sub_indication is SubIndication.FORMAT_FAILURE) is duplicated


def test_a_signature_in_another_document(sealed, policy):
    start, end = sealed.index(b"<Signature "), sealed.index(b"</Signature>") + len(b"</Signature>")
    other = EDXML.replace("thử nghiệm", "khác").encode()
    at = other.index(b"</edXMLHeader>")
    (report,) = verify(other[:at] + sealed[start:end] + other[at:], policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.HASH_FAILURE)


def test_a_seal_may_not_move(sealed, policy):
    """Only its text would stay the same: what stood around it moves with the enveloped transform."""
    start, end = sealed.index(b"<Signature "), sealed.index(b"</Signature>") + len(b"</Signature>")
    seal, rest = sealed[start:end], sealed[:start] + sealed[end:]
    at = rest.index(b"</edXML>")
    moved = rest[:at] + seal + rest[at:]
    (report,) = verify(moved, policy)
    assert report.conclusion is PASSED  # nothing of the document changed
    assert [one.code for one in seal_findings(parse(moved))] == ["VND-SIG-011"]


# --- the shape of the seal ------------------------------------------------------------------------


def test_no_seal_and_two_seals(sealed, person):
    (finding,) = seal_findings(parse(EDXML.encode()))
    assert (finding.code, finding.facts["count"], finding.facts["places"]) == ("VND-SIG-010", 0, [])
    twice = sealed.replace(b"</edXML>", f"<Signature xmlns='{DS}'/></edXML>".encode())
    (finding,) = seal_findings(parse(twice))
    assert finding.code == "VND-SIG-010"
    assert len(finding.facts["places"]) == 2


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("</Signature>", "</Signature><Sau/>", ["VND-SIG-011"]),
        ("</Signature>", "</Signature> <!-- x -->", []),
        ("</Object>", "</Object><Object/>", ["VND-SIG-012"]),
        ("</Object>", "<x/></Object>", ["VND-SIG-012"]),
        ("</Object>", "x</Object>", ["VND-SIG-012"]),
        ("<KeyInfo>", "<!-- x --><KeyInfo>", ["VND-SIG-012"]),
        ("<KeyInfo>", "x<KeyInfo>", ["VND-SIG-012"]),
        ("<KeyInfo>", "\n<KeyInfo>", []),
        ("<KeyInfo>", "<Object/><KeyInfo>", ["VND-SIG-012"]),
        ("edXMLEnvelope>", "edXMLBody>", ["VND-SIG-011"]),
    ],
)
def test_what_departs_from_the_seal(sealed, old, new, codes):
    document = parse(sealed.replace(old.encode(), new.encode()))
    assert [one.code for one in seal_findings(document)] == codes


def test_a_seal_without_properties_is_not_one(person):
    plain = forge(person, "<edXML><edXMLEnvelope><edXMLHeader>{}</edXMLHeader></edXMLEnvelope></edXML>")
    assert [one.code for one in seal_findings(parse(plain))] == ["VND-SIG-012"]


def test_signatures_that_are_not_ours_to_verify():
    qcvn = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
    document = parse(
        f"<e:a xmlns:e='{qcvn}'><e:Signature/><b><e:DigitalSignature/><DigitalSignature/></b>"
        f"<Signature/><d:Signature xmlns:d='{DS}'/></e:a>".encode()
    )
    assert foreign_signatures(document) == (
        "/a/Signature[1]",
        "/a/b/DigitalSignature[1]",
        "/a/b/DigitalSignature[2]",
    )


# --- one octet ------------------------------------------------------------------------------------


def _never_passes(data, policy):
    try:
        document = parse(data)
        reports = verify_xml(document, policy)
    except VnedocError:
        return True
    return not reports or any(one.conclusion is not PASSED for one in reports)


def test_no_flipped_bit_passes(sealed, policy):
    """Of the XML declaration nothing is signed, and certificates of the chain are hints; all else matters."""
    chance = random.Random(20261122)
    hints = sealed.index(b"<X509Certificate>", sealed.index(b"<X509Certificate>") + 1)
    places = [*range(sealed.index(b"?>") + 4, hints), *range(sealed.index(b"</KeyInfo>"), len(sealed) - 1)]
    for at in chance.sample(places, 800):
        changed = bytearray(sealed)
        changed[at] ^= 1 << chance.randrange(8)
        assert _never_passes(bytes(changed), policy), (at, sealed[at - 20 : at + 20])


@settings(max_examples=150, deadline=None)
@given(
    at=st.integers(0, 1 << 20),
    cut=st.integers(0, 40),
    put=st.sampled_from([b"", b"x", b" x=''", b"<x/>", b"&lt;", b"A", b"=", b"\n1", "ế".encode()]),
)
def test_no_edit_of_what_is_covered_passes(sealed, policy, at, cut, put):
    start, end = sealed.index(b"<edXML "), sealed.index(b"<Signature ")
    at = start + at % (end - start)
    cut = min(cut, end - at)
    changed = sealed[:at] + put + sealed[at + cut :]
    if changed == sealed:
        return
    try:
        same = canonicalize(parse(changed), EXC_C14N) == canonicalize(parse(sealed), EXC_C14N)
    except VnedocError:
        return
    assert same is not _never_passes(changed, policy)


JUNK = [b"x", b"<x/>", b"AAAA", b"<!-- x -->", b"<?x?>", b"&#0;"]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_garbage_in_a_signature_breaks_the_verifier(sealed, policy, data):
    """Hostile octets give a value or a VnedocError (XMLDSig and XAdES grammar are fuzzed token by token)."""
    start, end = sealed.index(b"<Signature "), sealed.index(b"</Signature>") + len(b"</Signature>")
    tokens = sealed[start:end].replace(b"<", b"\x00<").replace(b">", b">\x00").split(b"\x00")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "swap", "text"]))
        if kind == "drop":
            tokens[at] = b""
        elif kind == "double":
            tokens[at] *= 2
        elif kind == "swap":
            other = data.draw(st.integers(0, len(tokens) - 1))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens[at] = data.draw(
                st.sampled_from([b"x", b"<x/>", b"AAAA", b"<!-- x -->", b"<?x?>", b"&#0;"])
            )
    changed = sealed[:start] + b"".join(tokens) + sealed[end:]
    try:
        document = parse(changed)
    except VnedocError:
        return
    reports = verify_xml(document, policy)
    seal_findings(document)
    if any(one.conclusion is PASSED for one in reports):
        # only what is outside of the signed parts may differ: certificates of the chain, foreign objects
        assert reports[0].covers[0].node == "/edXML"


def test_properties_are_read_from_the_signed_node_only(person, policy):
    """A second set of properties, unsigned and first, is a format failure (XAdES is read in one place)."""
    fake = qualifying("<SigningTime>2030-01-01T00:00:00Z</SigningTime>").replace("props", "fake")
    data = sign_xml(Wire.from_bytes(b"<a>1</a>"), person.signer()).read().decode()
    (report,) = verify(data.replace("<Object>", f"{fake}<Object>").encode(), policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert report.signing_time is None
    nested = f"<Object><x><QualifyingProperties xmlns='{XADES}'/></x></Object>"
    (report,) = verify(data.replace("<Object>", f"{nested}<Object>").encode(), policy)
    assert (report.conclusion, report.sub_indication) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    (report,) = verify(
        data.replace("<Object>", f"{nested}<Object>").encode(), attrs.evolve(policy, whole_document=False)
    )
    assert report.conclusion is PASSED  # inert, and not among what is covered
    assert [one.code for one in report.findings] == []
