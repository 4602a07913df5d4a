"""What is written into an XML signature, by which algorithms, and what no form can be."""

import base64
import hashlib

import attrs
import pytest
from asn1crypto.tsp import IssuerSerial
from cryptography.hazmat.primitives.asymmetric import ed448
from dsig_samples import HEADER, edxml_wire
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from signing_builders import AT, credential, pki, plain_wire
from signing_xml_samples import (
    FORMS,
    NS,
    OCTETS,
    XADES,
    check,
    one,
    passed,
    sources,
)

from vnedoc.errors import ConfigError, DecodeError, SigningError
from vnedoc.model import Blob, Level, SignatureAlgorithm, Wire
from vnedoc.signing import (
    CommitmentType,
    KeySigner,
    ProductionPlace,
    SignaturePolicy,
    XmlForm,
    sign_pdf,
    sign_xml,
)
from vnedoc.xml import C14N, EXC_C14N


@pytest.fixture(scope="module")
def signer():
    return credential("p256").signer()


# --- what is written ------------------------------------------------------------------------------

POLICY = b"Quy ch\xe1\xba\xbf th\xe1\xbb\xad"
TEXT = "Số <1> & \"2\" '3' {value} {content}"


def claims():
    return XmlForm(
        digest="sha384",
        media_type="text/xml",
        description=TEXT,
        encoding="urn:thu:ma-hoa",
        policy=SignaturePolicy(
            identifier="urn:oid:1.2.3",
            digest=hashlib.sha512(POLICY).digest(),
            hash_name="sha512",
            description=TEXT,
            uri="https://example.test/?a=1&b=<2>",
            notice=TEXT,
            organization="Cơ quan thử nghiệm",
            notice_numbers=(1, 22),
        ),
        commitment=CommitmentType.PROOF_OF_APPROVAL,
        roles=(TEXT, "Trưởng phòng thử"),
        place=ProductionPlace(
            city=TEXT, street="1 phố Thử", province="Tỉnh Thử", postal_code="1", country="VN"
        ),
    )


@pytest.mark.parametrize("method", [EXC_C14N, C14N])
def test_each_signed_property_says_what_was_given(method, signer):
    """EN 319 132-1 V1.3.1, clauses 5.2.1 to 5.2.9, in the order of its schema."""
    form = attrs.evolve(claims(), canonicalization=method)
    signed = sign_xml(edxml_wire(), signer, signing_time=AT, parent=HEADER, form=form).read()
    own = one(signed, "//x:SignedSignatureProperties")
    assert [etree.QName(child).localname for child in own] == [
        "SigningTime",
        "SigningCertificateV2",
        "SignaturePolicyIdentifier",
        "SignatureProductionPlaceV2",
        "SignerRoleV2",
    ]
    assert own[0].text == "2026-06-01T08:30:00+07:00"
    assert [each.text for each in own.iter(f"{{{XADES}}}ClaimedRole")] == [TEXT, "Trưởng phòng thử"]
    assert [(etree.QName(each).localname, each.text) for each in own[3]] == [
        ("City", TEXT),
        ("StreetAddress", "1 phố Thử"),
        ("StateOrProvince", "Tỉnh Thử"),
        ("PostalCode", "1"),
        ("CountryName", "VN"),
    ]
    serial = IssuerSerial.load(base64.b64decode(one(signed, "//x:IssuerSerialV2").text), strict=True)
    assert serial["serial_number"].native == credential("p256").certificate.serial_number
    digest = one(signed, "//x:SigningCertificateV2//d:DigestValue").text
    assert base64.b64decode(digest) == hashlib.sha384(signer.certificate).digest()
    policy = own[2]
    identifier = policy.find(".//x:SigPolicyId/x:Identifier", NS)
    assert (identifier.text, identifier.get("Qualifier")) == ("urn:oid:1.2.3", "OIDAsURN")
    assert policy.find(".//x:SigPolicyId/x:Description", NS).text == TEXT
    assert base64.b64decode(policy.find(".//d:DigestValue", NS).text) == hashlib.sha512(POLICY).digest()
    assert policy.find(".//x:SPURI", NS).text == "https://example.test/?a=1&b=<2>"
    assert policy.find(".//x:ExplicitText", NS).text == TEXT
    assert policy.find(".//x:NoticeRef/x:Organization", NS).text == "Cơ quan thử nghiệm"
    assert [each.text for each in policy.iter(f"{{{XADES}}}int")] == ["1", "22"]
    data = one(signed, "//x:SignedDataObjectProperties")
    format_ = data[0]
    assert format_.get("ObjectReference") == "#" + one(signed, "//d:Reference[@URI='']").get("Id")
    assert [(etree.QName(each).localname, each.text) for each in format_] == [
        ("Description", TEXT),
        ("MimeType", "text/xml"),
        ("Encoding", "urn:thu:ma-hoa"),
    ]
    kind = data[1].find("x:CommitmentTypeId/x:Identifier", NS).text
    assert kind == "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"
    assert data[1][1].tag == f"{{{XADES}}}AllSignedDataObjects"
    (core,) = check(signed)
    assert all(reference.ok for reference in core.references)
    assert core.value_ok


def test_an_implied_policy_and_a_policy_document(signer, tmp_path):
    form = XmlForm(policy=SignaturePolicy.implied())
    signed = sign_xml(edxml_wire(), signer, form=form).read()
    assert one(signed, "//x:SignaturePolicyIdentifier")[0].tag == f"{{{XADES}}}SignaturePolicyImplied"
    passed(signed)
    (tmp_path / "p").write_bytes(POLICY)
    for document in (POLICY, Blob.from_file(tmp_path / "p")):
        policy = SignaturePolicy.of("urn:thu:quy-che", document, hash_name="sha3_256")
        assert policy.digest == hashlib.sha3_256(POLICY).digest()


def test_commitments_have_their_object_identifiers():
    """TS 119 172-1, annex B, and RFC 5126, clause 5.11.1."""
    assert {one_.name: one_.oid for one_ in CommitmentType} == {
        "PROOF_OF_ORIGIN": "1.2.840.113549.1.9.16.6.1",
        "PROOF_OF_RECEIPT": "1.2.840.113549.1.9.16.6.2",
        "PROOF_OF_DELIVERY": "1.2.840.113549.1.9.16.6.3",
        "PROOF_OF_SENDER": "1.2.840.113549.1.9.16.6.4",
        "PROOF_OF_APPROVAL": "1.2.840.113549.1.9.16.6.5",
        "PROOF_OF_CREATION": "1.2.840.113549.1.9.16.6.6",
    }


def test_another_commitment_by_its_uri(signer):
    signed = sign_xml(edxml_wire(), signer, form=XmlForm(commitment="urn:thu:cam-ket")).read()
    assert one(signed, "//x:CommitmentTypeId/x:Identifier").text == "urn:thu:cam-ket"


def test_a_plain_signature_has_no_properties(signer):
    for name, (fields, parent) in FORMS.items():
        signed = sign_xml(sources(name), signer, parent=parent, form=XmlForm(**fields, xades=False)).read()
        assert XADES.encode() not in signed
        (core,) = passed(signed, Blob.from_bytes(OCTETS), level=Level.BASIC)
        assert core.signing_time is None
        assert len(core.references) == 1


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("rsa2048", "//d:KeyValue/d:RSAKeyValue"),
        ("p256", "//d:KeyValue/e:ECKeyValue[e:NamedCurve/@URI='urn:oid:1.2.840.10045.3.1.7']"),
        ("p384", "//d:KeyValue/e:ECKeyValue[e:NamedCurve/@URI='urn:oid:1.3.132.0.34']"),
        ("p521", "//d:KeyValue/e:ECKeyValue[e:NamedCurve/@URI='urn:oid:1.3.132.0.35']"),
        ("ed25519", "//d:KeyInfo/e:DEREncodedKeyValue"),
    ],
)
def test_the_bare_key_beside_the_certificates(kind, path):
    """XMLDSig 1.1, clauses 4.5.2 and 4.5.9; a verifier holds it against the certificate."""
    signed = sign_xml(edxml_wire(), credential(kind).signer(), form=XmlForm(key_value=True)).read()
    assert one(signed, path) is not None
    assert etree.QName(one(signed, "//d:KeyInfo")[0]).localname == "X509Data"
    assert passed(signed)[0].findings == ()


# --- algorithms -----------------------------------------------------------------------------------


def owner_of(family):
    if family == "ed448":
        return pki().issue("Ed448", key=ed448.Ed448PrivateKey.generate())
    return credential({"ecdsa": "p256", "ed25519": "ed25519"}.get(family, "rsa2048"))


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_each_algorithm_is_made_and_verified(algorithm):
    owner = owner_of(algorithm.family)
    key = KeySigner.from_key(owner.key, owner.der, owner.chain, algorithm=algorithm)
    signed = sign_xml(edxml_wire(), key, form=XmlForm(digest=algorithm.hash_name or "sha512"))
    (core,) = passed(signed.read())
    assert (algorithm.hash_name or "sha512") in core.hash_names
    assert b"sha1" not in signed.read()


def test_sha_1_is_never_made():
    assert not [each for each in SignatureAlgorithm if "sha1" in each.value]
    for name in ("sha1", "md5", "sha224"):
        with pytest.raises(ConfigError) as caught:
            XmlForm(digest=name)
        assert caught.value.code == "VND-SIGN-048"


@pytest.mark.parametrize("family", ["ed25519", "ed448"])
def test_edwards_keys_have_one_algorithm(family):
    owner = owner_of(family)
    assert owner.signer().algorithm is SignatureAlgorithm(family)
    with pytest.raises(SigningError) as caught:
        KeySigner.from_key(owner.key, owner.der, algorithm=SignatureAlgorithm.ECDSA_SHA256)
    assert caught.value.code == "VND-SIGN-007"


@pytest.mark.parametrize("name", ["ED25519", "ED448", "RSA_PSS_SHA3_256", "ECDSA_SHA3_512"])
def test_pdf_refuses_what_it_does_not_make(name):
    algorithm = SignatureAlgorithm[name]
    owner = owner_of(algorithm.family)
    key = KeySigner.from_key(owner.key, owner.der, owner.chain, algorithm=algorithm)
    with pytest.raises(SigningError) as caught:
        sign_pdf(plain_wire(), key, signing_time=AT)
    assert (caught.value.code, caught.value.facts["algorithm"]) == ("VND-SIGN-047", algorithm.value)


# --- what no form can be --------------------------------------------------------------------------

BAD = [
    ({"packaging": "wrapped"}, "VND-SIGN-048"),
    ({"canonicalization": "urn:thu"}, "VND-SIGN-048"),
    ({"reference": "phan"}, "VND-SIGN-048"),
    ({"reference": None}, "VND-SIGN-048"),
    ({"reference": "#xpointer(/)"}, "VND-SIGN-048"),
    ({"reference": "#a b"}, "VND-SIGN-048"),
    ({"packaging": "enveloping", "reference": "#a"}, "VND-SIGN-048"),
    ({"packaging": "detached"}, "VND-SIGN-048"),
    ({"packaging": "detached", "reference": "#a"}, "VND-SIGN-048"),
    ({"packaging": "detached", "reference": "a b"}, "VND-SIGN-048"),
    ({"packaging": "detached", "reference": "a{value}"}, "VND-SIGN-048"),
    ({"packaging": "detached", "reference": "a\x00"}, "VND-SIGN-048"),
    ({"media_type": "xml"}, "VND-SIGN-048"),
    ({"media_type": 'a/b"'}, "VND-SIGN-048"),
    ({"media_type": "a/{value}"}, "VND-SIGN-048"),
    ({"description": "a\x0b"}, "VND-SIGN-048"),
    ({"description": "\ud800"}, "VND-SIGN-048"),
    ({"description": "\ufffe"}, "VND-SIGN-048"),
    ({"description": ""}, "VND-SIGN-048"),
    ({"description": 1}, "VND-SIGN-048"),
    ({"roles": ("a", "\x00")}, "VND-SIGN-048"),
    ({"roles": (1,)}, "VND-SIGN-048"),
    ({"commitment": " "}, "VND-SIGN-048"),
    ({"commitment": 1}, "VND-SIGN-048"),
    ({"policy": "urn:thu"}, "VND-SIGN-048"),
    ({"place": "Hà Nội"}, "VND-SIGN-048"),
    ({"octets": True}, "VND-SIGN-049"),
    ({"xades": False, "roles": ("a",)}, "VND-SIGN-049"),
    ({"xades": False, "policy": SignaturePolicy.implied()}, "VND-SIGN-049"),
    ({"xades": False, "media_type": "a/b"}, "VND-SIGN-049"),
]


@pytest.mark.parametrize(("fields", "code"), BAD)
def test_a_form_that_cannot_be(fields, code):
    with pytest.raises(ConfigError) as caught:
        XmlForm(**fields)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    "fields",
    [
        {"identifier": ""},
        {"identifier": "urn:thu"},
        {"identifier": "urn:thu", "digest": bytes(31)},
        {"identifier": "urn:thu", "digest": bytes(20), "hash_name": "sha1"},
        {"identifier": None, "uri": "urn:thu"},
        {"identifier": "urn:thu", "digest": bytes(32), "notice": "\x1f"},
        {"identifier": "urn:thu", "digest": bytes(32), "organization": "a"},
        {"identifier": "urn:thu", "digest": bytes(32), "notice_numbers": (1,)},
        {"identifier": "urn:thu", "digest": bytes(32), "organization": "a", "notice_numbers": (True,)},
        {"identifier": "urn:thu", "digest": bytes(32), "organization": "a", "notice_numbers": (-1,)},
        {"identifier": "urn:thu", "digest": bytes(32), "organization": "a", "notice_numbers": (1,) * 101},
    ],
)
def test_a_policy_that_cannot_be(fields):
    with pytest.raises(ConfigError) as caught:
        SignaturePolicy(**fields)
    assert caught.value.code == "VND-SIGN-048"


def test_other_values_that_cannot_be():
    for make in (
        lambda: SignaturePolicy.of("urn:thu", POLICY, hash_name="sha1"),
        ProductionPlace,
        lambda: ProductionPlace(city="\x00"),
    ):
        with pytest.raises(ConfigError) as caught:
            make()
        assert caught.value.code == "VND-SIGN-048"


def test_a_parent_goes_with_an_enveloped_signature_alone(signer):
    for name in ("around", "beside"):
        with pytest.raises(ConfigError) as caught:
            sign_xml(sources(name), signer, parent=("so",), form=XmlForm(**FORMS[name][0]))
        assert caught.value.code == "VND-SIGN-049"


@pytest.mark.parametrize("data", [b"", b"<a>", b"<!DOCTYPE a><a/>", OCTETS])
def test_only_xml_is_put_in_as_xml(data, signer):
    with pytest.raises(DecodeError):
        sign_xml(Wire.from_bytes(data), signer, form=XmlForm(packaging="enveloping"))


ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@given(text=ANY_TEXT)
def test_any_text_is_carried_or_refused(text):
    """XML 1.0, clause 2.2 says which characters; what is carried is read back to the letter."""
    carried = bool(text.strip()) and all(
        letter in "\t\n\r"
        or "\x20" <= letter <= "\ud7ff"
        or "\ue000" <= letter <= "\ufffd"
        or letter > "\uffff"
        for letter in text
    )
    if not carried:
        with pytest.raises(ConfigError) as caught:
            XmlForm(description=text, roles=(text,))
        assert caught.value.code == "VND-SIGN-048"
        return
    form = XmlForm(description=text, roles=(text,))
    for method in (EXC_C14N, C14N):
        key = credential("p256").signer()
        signed = sign_xml(
            Wire.from_bytes(b"<a xmlns='urn:a'>1</a>"), key, form=attrs.evolve(form, canonicalization=method)
        ).read()
        passed(signed)
        assert one(signed, "//x:Description").text == text
        assert one(signed, "//x:ClaimedRole").text == text
