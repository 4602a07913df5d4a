"""Making enveloped XAdES B-B signatures: what goes in, what stays, what is refused."""

import base64
import datetime as dt
import hashlib
import json

import attrs
import pytest
from asn1crypto.tsp import IssuerSerial
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from dsig_samples import DS, EDXML, HEADER, MOMENT, XADES, edxml_wire
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnedoc.conformance import FakePki
from vnedoc.dsig import find_signatures, is_plain
from vnedoc.errors import DecodeError, LimitExceeded, SigningError, StateMismatch
from vnedoc.model import Conclusion, Level, SignatureAlgorithm, Wire
from vnedoc.signing import (
    KeySigner,
    PublicIdentity,
    SigningState,
    complete_xml,
    prepare_xml,
    sign_xml,
)
from vnedoc.xml import EXC_C14N, parse

NS = {"d": DS, "x": XADES}


@pytest.fixture(scope="module")
def sealed(person):
    return sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER)


def test_the_seal_is_what_the_verifier_wants(sealed, person, check):
    core = check(sealed.read())
    assert (core.conclusion, core.findings) == (Conclusion.PASSED, ())
    assert core.level is Level.B_B
    assert core.covers_root
    assert core.certificate == person.der
    assert core.certificates == (person.der, *person.chain)
    assert core.signing_time == MOMENT
    assert core.hash_names == ("sha256",)
    assert core.location == "/edXML/edXMLEnvelope/edXMLHeader/Signature"


def test_every_octet_of_the_document_stays(sealed):
    data = sealed.read()
    start, end = data.index(b"<Signature "), data.index(b"</Signature>") + len(b"</Signature>")
    assert data[:start] + data[end:] == EDXML.encode()
    assert data[end:].startswith(b"</edXMLHeader>")
    assert sealed.content_type == edxml_wire().content_type


def test_the_exact_shape_of_the_seal(sealed):
    document = parse(sealed.read())
    (seal,) = find_signatures(document)
    assert is_plain(seal)
    assert seal.nsmap[None] == DS
    assert seal.prefix is None
    first, second = seal.findall("d:SignedInfo/d:Reference", NS)
    assert first.get("URI") == ""
    assert [one.get("Algorithm") for one in first.iter(f"{{{DS}}}Transform")] == [
        DS + "enveloped-signature",
        EXC_C14N,
    ]
    assert [one.get("Algorithm") for one in second.iter(f"{{{DS}}}Transform")] == [EXC_C14N]
    assert second.get("Type") == "http://uri.etsi.org/01903#SignedProperties"
    (properties,) = seal.iterfind(".//x:SignedProperties", NS)
    assert second.get("URI") == "#" + properties.get("Id")
    assert seal.find("d:Object/x:QualifyingProperties", NS).get("Target") == "#" + seal.get("Id")
    assert seal.findtext(".//x:SigningTime", namespaces=NS) == "2026-11-22T08:00:00+07:00"
    (data_format,) = seal.iterfind(".//x:DataObjectFormat", NS)
    assert data_format.get("ObjectReference") == "#" + first.get("Id")
    assert data_format.findtext("x:MimeType", namespaces=NS) == "application/xml"
    digests = {one.get("Algorithm") for one in seal.iter(f"{{{DS}}}DigestMethod")}
    assert digests == {"http://www.w3.org/2001/04/xmlenc#sha256"}
    identifiers = [one.get("Id") for one in seal.iter() if one.get("Id")]
    assert len(identifiers) == len(set(identifiers)) == 3
    assert document.root.xpath("count(//*[local-name()='Signature']/following-sibling::*)") == 0


def test_the_canonical_text_stands_in_the_file(sealed):
    """The signed octets can be found in the file by eye, and by another canonicaliser."""
    prepared = prepare_xml(edxml_wire(), _identity_of(sealed), signing_time=MOMENT, parent=HEADER)
    assert prepared.to_be_signed in sealed.read()
    seal = find_signatures(parse(sealed.read()))[0]
    again = etree.tostring(seal[0], method="c14n", exclusive=True, with_comments=False)
    assert again == prepared.to_be_signed


def _identity_of(sealed):
    seal = find_signatures(parse(sealed.read()))[0]
    certificates = [base64.b64decode(one.text) for one in seal.iter(f"{{{DS}}}X509Certificate")]
    return PublicIdentity(
        certificate=certificates[0],
        chain=tuple(certificates[1:]),
        algorithm=SignatureAlgorithm.RSA_SHA256,
    )


@pytest.mark.parametrize("name", ["Ngắn", "ệ" * 15])
def test_the_issuer_and_serial_number_are_readable_asn_1(name):
    """Both forms of a DER length: one octet, and several."""
    person = FakePki.create(name=name, key="p256").issue("Người ký", key="p256")
    signed = sign_xml(edxml_wire(), person.signer()).read()
    (element,) = find_signatures(parse(signed))[0].iterfind(".//x:IssuerSerialV2", NS)
    value = IssuerSerial.load(base64.b64decode(element.text), strict=True)
    assert value["serial_number"].native == person.certificate.serial_number
    (name,) = value["issuer"]
    assert name.name == "directory_name"
    assert name.chosen.untag().dump() == person.certificate.issuer.public_bytes()


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("rsa2048", SignatureAlgorithm.RSA_SHA256),
        ("rsa2048", SignatureAlgorithm.RSA_PSS_SHA256),
        ("p256", SignatureAlgorithm.ECDSA_SHA256),
        ("p384", SignatureAlgorithm.ECDSA_SHA384),
        ("p521", SignatureAlgorithm.ECDSA_SHA512),
    ],
)
def test_each_algorithm(pki, person, check, kind, algorithm):
    credential = person if kind == "rsa2048" else pki.issue(kind, key=kind)
    signer = KeySigner.from_key(credential.key, credential.der, credential.chain, algorithm=algorithm)
    core = check(sign_xml(edxml_wire(), signer, parent=HEADER).read())
    assert (core.conclusion, core.findings, core.level) == (Conclusion.PASSED, (), Level.B_B)
    assert core.signing_time.tzinfo is not None
    assert abs(dt.datetime.now(dt.UTC) - core.signing_time) < dt.timedelta(minutes=5)
    assert algorithm.hash_name in core.hash_names


def test_without_a_parent_the_root_takes_it(person, check):
    core = check(sign_xml(Wire.from_bytes(b"<a:x xmlns:a='urn:a'>1</a:x>"), person.signer()).read())
    assert core.conclusion is Conclusion.PASSED
    assert core.location == "/x/Signature"


def test_a_byte_order_mark_and_a_prefix_for_everything(person, check):
    data = b"\xef\xbb\xbf<?xml version='1.0'?><!-- a --><?b c?><d:r xmlns:d='urn:d' xml:lang='vi'> </d:r>"
    signed = sign_xml(Wire.from_bytes(data), person.signer()).read()
    core = check(signed)
    assert core.conclusion is Conclusion.PASSED
    changed = signed.replace(b"<?b c?>", b"<?b d?>")
    assert check(changed).conclusion is Conclusion.FAILED


# --- two steps ------------------------------------------------------------------------------------


def test_two_steps_give_the_same_octets_as_one(sealed, person):
    identity = PublicIdentity(
        certificate=person.der, chain=person.chain, algorithm=SignatureAlgorithm.RSA_SHA256
    )
    prepared = prepare_xml(edxml_wire(), identity, signing_time=MOMENT, parent=HEADER)
    text = prepared.state.to_json()
    assert len(text) < 12_000
    assert "MessageHeader" not in text  # nothing of the document but its digest
    value = person.key.sign(prepared.to_be_signed, padding.PKCS1v15(), hashes.SHA256())
    again = complete_xml(edxml_wire(), SigningState.from_json(text), value)
    assert again.read() == sealed.read()


def test_another_time_gives_other_identifiers(person):
    first, second = (
        prepare_xml(edxml_wire(), person.signer(), signing_time=MOMENT + dt.timedelta(seconds=one)).state
        for one in (0, 1)
    )
    assert first.parts["offset"] == second.parts["offset"]
    assert first.parts["signature"][:120] != second.parts["signature"][:120]


def test_the_document_must_be_the_prepared_one(person):
    signer = person.signer()
    state = prepare_xml(edxml_wire(), signer, signing_time=MOMENT).state
    value = signer.sign(state.to_be_signed)
    with pytest.raises(StateMismatch) as caught:
        complete_xml(Wire.from_bytes(EDXML.encode() + b"\n"), state, value)
    assert caught.value.code == "VND-SIGN-010"


@pytest.mark.parametrize("spoil", ["other key", "other octets", "empty", "not DER", "flipped"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_the_value_must_be_by_the_key_over_the_octets(person, other, curve, pki, kind, spoil):
    credential = person if kind == "rsa" else curve
    signer = credential.signer()
    state = prepare_xml(edxml_wire(), signer, signing_time=MOMENT).state
    good = signer.sign(state.to_be_signed)
    stranger = other if kind == "rsa" else pki.issue("khác", key="p256")
    value = {
        "other key": stranger.signer().sign(state.to_be_signed),
        "other octets": signer.sign(state.to_be_signed + b" "),
        "empty": b"",
        "not DER": b"\x30\x03abc",
        "flipped": good[:-1] + bytes([good[-1] ^ 1]),
    }[spoil]
    with pytest.raises(SigningError) as caught:
        complete_xml(edxml_wire(), state, value)
    assert caught.value.code == "VND-SIGN-042"


def test_an_ecdsa_value_longer_than_its_curve(curve):
    state = prepare_xml(edxml_wire(), curve.signer(), signing_time=MOMENT).state
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    with pytest.raises(SigningError) as caught:
        complete_xml(edxml_wire(), state, encode_dss_signature(1 << 256, 1))
    assert caught.value.code == "VND-SIGN-042"
    raw = curve.key.sign(state.to_be_signed, ec.ECDSA(hashes.SHA256()))
    assert complete_xml(edxml_wire(), state, raw).size > len(EDXML)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: attrs.evolve(state, format="pdf"),
        lambda state: attrs.evolve(state, parts={}),
        lambda state: attrs.evolve(state, parts={**state.parts, "offset": "-1"}),
        lambda state: attrs.evolve(state, parts={**state.parts, "offset": "٣"}),
        lambda state: attrs.evolve(state, parts={**state.parts, "offset": "0"}),
        lambda state: attrs.evolve(state, parts={**state.parts, "offset": "99999999"}),
        lambda state: attrs.evolve(state, parts={**state.parts, "signature": "<Signature/>"}),
        lambda state: attrs.evolve(
            state, parts={**state.parts, "signature": state.parts["signature"] + "{value}"}
        ),
        lambda state: attrs.evolve(state, to_be_signed=state.to_be_signed[:-1] + b" "),
    ],
)
def test_a_changed_state_is_refused(person, change):
    signer = person.signer()
    state = prepare_xml(edxml_wire(), signer, signing_time=MOMENT).state
    with pytest.raises(StateMismatch) as caught:
        complete_xml(edxml_wire(), change(state), signer.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-043"


def test_a_state_with_a_broken_certificate(person):
    signer = person.signer()
    state = prepare_xml(edxml_wire(), signer, signing_time=MOMENT).state
    value = json.loads(state.to_json())
    value["certificate"] = base64.b64encode(b"khong phai").decode()
    with pytest.raises(SigningError) as caught:
        complete_xml(edxml_wire(), SigningState.from_json(json.dumps(value)), signer.sign(state.to_be_signed))
    assert caught.value.code == "VND-SIGN-042"


# --- what is not signed ---------------------------------------------------------------------------


def test_a_time_needs_its_zone(person):
    with pytest.raises(SigningError) as caught:
        sign_xml(edxml_wire(), person.signer(), signing_time=dt.datetime(2026, 11, 22))  # noqa: DTZ001
    assert caught.value.code == "VND-SIGN-040"


def test_a_signed_document_is_not_signed_again(sealed, person):
    for data in (sealed.read(), f"<a><b><s:Signature xmlns:s='{DS}'/></b></a>".encode()):
        with pytest.raises(SigningError) as caught:
            sign_xml(Wire.from_bytes(data), person.signer())
        assert caught.value.code == "VND-SIGN-041"
        assert caught.value.path == caught.value.facts["place"]


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("p256", SignatureAlgorithm.RSA_SHA256), ("rsa", SignatureAlgorithm.ECDSA_SHA256), ("none", None)],
)
def test_certificate_and_algorithm_must_fit(person, curve, kind, algorithm):
    der = {"p256": curve.der, "rsa": person.der, "none": b"khong phai"}[kind]
    identity = attrs.make_class("Identity", ["certificate", "chain", "algorithm"])(
        der, (), algorithm or SignatureAlgorithm.RSA_SHA256
    )
    with pytest.raises(SigningError) as caught:
        prepare_xml(edxml_wire(), identity, signing_time=MOMENT)
    assert caught.value.code == "VND-SIGN-044"


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"%PDF-1.7", b"<!DOCTYPE a><a></a>", "<a>ả</a>".encode("utf-16")]
)
def test_what_cannot_take_a_signature(person, data):
    with pytest.raises(DecodeError):
        sign_xml(Wire.from_bytes(data), person.signer())


def test_a_parent_that_is_not_there(person):
    for parent in (("a", "c"), ("b",)):
        with pytest.raises(DecodeError):
            sign_xml(Wire.from_bytes(b"<a><b>1</b></a>"), person.signer(), parent=parent)


def test_limits_hold_for_the_signer_too(person):
    with pytest.raises(LimitExceeded):
        sign_xml(Wire.from_bytes(b"<a>" * 300 + b"</a>" * 300), person.signer())


# --- any document ---------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "p:c", "edXML"])
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="<&>\ufffe\uffff"),
    max_size=12,
)
EXTRA = st.sampled_from(
    ["<!-- ghi chú -->", "<?pi x?>", "<![CDATA[<&]]>", "&amp;", "&#13;", "\r\n", " xmlns:q='urn:q'", ""]
)


@st.composite
def elements(draw, depth=3):
    name = draw(NAMES)
    attribute = draw(st.sampled_from(["", " x='1&#9;\"'", " xml:space='preserve'", " p:y=''", " xmlns=''"]))
    inner = [draw(TEXTS), draw(EXTRA.filter(lambda one: "xmlns" not in one))]
    if depth:
        inner += draw(st.lists(elements(depth=depth - 1), max_size=3))
    return f"<{name}{attribute}>{''.join(inner)}</{name}>"


@settings(max_examples=60, deadline=None)
@given(body=elements())
def test_what_is_signed_verifies_and_the_rest_stays(curve, check, body):
    """XMLDSig 1.1, 6.6.4: the enveloped transform takes out the Signature and nothing else."""
    document = f"<root xmlns='urn:r' xmlns:p='urn:p'>{body}</root>\n".encode()
    signed = sign_xml(Wire.from_bytes(document), curve.signer(), signing_time=MOMENT).read()
    core = check(signed)
    assert (core.conclusion, core.findings) == (Conclusion.PASSED, ())
    start, end = signed.index(b'<Signature xmlns="'), signed.rindex(b"</Signature>") + 12
    assert signed[:start] + signed[end:] == document
    plain = etree.tostring(etree.fromstring(document), method="c14n", exclusive=True, with_comments=False)
    assert core.references[0].sha256 == "sha256:" + hashlib.sha256(plain).hexdigest()
