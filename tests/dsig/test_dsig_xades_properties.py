"""Qualifying properties in full: policies, what the signer states, time stamps and values."""

import hashlib

import attrs
import pytest
from dsig_samples import (
    DS,
    FORMAT,
    LIMITS,
    SHA256,
    TIME,
    b64,
    cert_v2,
    forge_xades,
    qualifying,
)
from lxml import etree

from vnedoc.dsig import check_signatures
from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Level, Severity, SubIndication
from vnedoc.verification import verify_xml
from vnedoc.xml import EXC_C14N, parse

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE


def errors(core):
    return [one.code for one in core.findings if one.severity is Severity.ERROR]


def verdict(core):
    return core.conclusion, core.sub_indication


UNSIGNED = (
    "<UnsignedProperties><UnsignedSignatureProperties>{}</UnsignedSignatureProperties></UnsignedProperties>"
)


def with_unsigned(person, inside):
    return forge_xades(person, qualifying(TIME + cert_v2(person.der), after=UNSIGNED.format(inside)))


# --- policies -------------------------------------------------------------------------------------


def policy(document, *, identifier="urn:oid:2.999.7", digest=None, transforms=(), method=SHA256, more=""):
    value = b64(digest or hashlib.sha256(document).digest())
    steps = "".join(f'<Transform Algorithm="{one}"/>' for one in transforms)
    steps = f'<Transforms xmlns="{DS}">{steps}</Transforms>' if steps else ""
    return (
        f"<SignaturePolicyIdentifier><SignaturePolicyId><SigPolicyId><Identifier>\n{identifier} </Identifier>"
        f"<Description>Quy chế thử nghiệm</Description></SigPolicyId>{steps}<SigPolicyHash>"
        f'<DigestMethod xmlns="{DS}" Algorithm="{method}"/><DigestValue xmlns="{DS}">{value}</DigestValue>'
        f"</SigPolicyHash>{more}</SignaturePolicyId></SignaturePolicyIdentifier>"
    )


QUALIFIERS = (
    "<SigPolicyQualifiers><SigPolicyQualifier><SPURI>https://quy-che.invalid/a</SPURI></SigPolicyQualifier>"
    "<SigPolicyQualifier><SPUserNotice><ExplicitText>Chỉ dùng thử</ExplicitText></SPUserNotice>"
    "</SigPolicyQualifier><SigPolicyQualifier><y:SPDocSpecification xmlns:y="
    "'http://uri.etsi.org/01903/v1.4.1#'><Identifier>urn:mau</Identifier></y:SPDocSpecification>"
    "</SigPolicyQualifier></SigPolicyQualifiers>"
)
NOT_AVAILABLE = SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE
NOT_PROCESSED = SubIndication.POLICY_PROCESSING_ERROR


@pytest.mark.parametrize(
    ("text", "policies", "expected", "code"),
    [
        (policy(b"quy"), {"urn:oid:2.999.7": b"quy"}, (PASSED, None), "VND-DSIG-081"),
        (policy(b"quy"), {"2.999.7": b"quy"}, (PASSED, None), "VND-DSIG-081"),
        (policy(b"quy"), {"2.999.8": b"quy"}, (INDETERMINATE, NOT_AVAILABLE), "VND-DSIG-046"),
        (policy(b"quy"), {"2.999.7": b"Quy"}, (INDETERMINATE, NOT_PROCESSED), "VND-DSIG-080"),
        (
            policy(b"quy", transforms=["urn:khac"]),
            {"2.999.7": b"quy"},
            (INDETERMINATE, NOT_PROCESSED),
            "VND-DSIG-082",
        ),
        (
            policy(b"quy", method="urn:khac"),
            {"2.999.7": b"quy"},
            (INDETERMINATE, NOT_PROCESSED),
            "VND-DSIG-082",
        ),
        (
            policy(b"<a></a>", transforms=[EXC_C14N]),
            {"2.999.7": b"<?xml version='1.0'?><a />"},
            (PASSED, None),
            "VND-DSIG-081",
        ),
        (
            policy(b"quy", transforms=[EXC_C14N]),
            {"2.999.7": b"quy"},
            (INDETERMINATE, NOT_PROCESSED),
            "VND-DSIG-080",
        ),
    ],
)
def test_a_policy_document_is_held_against_what_was_signed(person, text, policies, expected, code):
    """EN 319 102-1, clause 5.2.5: the document must be the very one whose digest was signed."""
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der) + text))
    (core,) = check_signatures(parse(data), LIMITS, policies=policies)
    assert verdict(core) == expected
    (finding,) = core.findings
    assert (finding.code, finding.facts["policy"]) == (code, "urn:oid:2.999.7")


@pytest.mark.parametrize(
    ("known", "expected"),
    [({"2.999.7": b"quy"}, (PASSED, None)), ({}, (INDETERMINATE, NOT_AVAILABLE))],
)
def test_policy_documents_of_the_verifier(pki, person, known, expected):
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der) + policy(b"quy")))
    judging = attrs.evolve(pki.policy(), signature_policies=known)
    (found,) = verify_xml(parse(data), judging)
    assert (found.conclusion, found.sub_indication) == expected


def test_what_a_policy_says_of_itself(person, check):
    text = policy(b"quy", more=QUALIFIERS)
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der) + text)))
    found = core.properties.policy
    assert (found.identifier, found.description) == ("urn:oid:2.999.7", "Quy chế thử nghiệm")
    assert found.uris == ("https://quy-che.invalid/a",)
    assert (found.notices, found.specification) == (("Chỉ dùng thử",), "urn:mau")


PLACE = (
    "<SignatureProductionPlaceV2><City>Thành phố Mẫu</City><StreetAddress>1 Đường Thử</StreetAddress>"
    "<CountryName>VN</CountryName></SignatureProductionPlaceV2>"
)
ROLE = (
    "<SignerRoleV2><ClaimedRoles><ClaimedRole>Văn thư</ClaimedRole></ClaimedRoles><CertifiedRolesV2>"
    "<CertifiedRole><X509AttributeCertificate>AAEC</X509AttributeCertificate></CertifiedRole>"
    "<CertifiedRole><X509AttributeCertificate>không</X509AttributeCertificate></CertifiedRole>"
    "</CertifiedRolesV2></SignerRoleV2>"
)
COMMITMENT = (
    "<CommitmentTypeIndication><CommitmentTypeId><Identifier>urn:cam-ket</Identifier></CommitmentTypeId>"
    "<ObjectReference>#ref</ObjectReference></CommitmentTypeIndication>"
    "<CommitmentTypeIndication><AllSignedDataObjects/></CommitmentTypeIndication>"
)
FULL_FORMAT = (
    '<DataObjectFormat ObjectReference="#ref"><Description>Công văn</Description><ObjectIdentifier>'
    "<Identifier>urn:dinh-dang</Identifier></ObjectIdentifier><MimeType>application/xml</MimeType>"
    "<Encoding>urn:ma</Encoding></DataObjectFormat>"
)


def test_what_the_signer_states(person, check):
    data = qualifying(TIME + cert_v2(person.der) + PLACE + ROLE, FULL_FORMAT + COMMITMENT)
    core = check(forge_xades(person, data))
    assert (verdict(core), core.level) == ((PASSED, None), Level.B_B)
    stated = core.properties.statements
    assert [(one.identifier, one.references) for one in stated.commitments] == [
        ("urn:cam-ket", ("ref",)),
        ("", ()),
    ]
    assert (stated.roles, stated.certified_roles) == (("Văn thư",), (b"\x00\x01\x02",))
    assert stated.place == (
        ("City", "Thành phố Mẫu"),
        ("StreetAddress", "1 Đường Thử"),
        ("CountryName", "VN"),
    )
    (one,) = stated.formats
    assert (one.reference, one.media_type, one.description) == ("ref", "application/xml", "Công văn")
    assert (one.identifier, one.encoding) == ("urn:dinh-dang", "urn:ma")
    (finding,) = core.findings
    assert (finding.code, finding.severity) == ("VND-DSIG-083", Severity.INFO)
    assert finding.facts["roles"] == ["Văn thư"]


@pytest.mark.parametrize("name", ["SigningCertificate", "SignerRole", "SignatureProductionPlace"])
def test_two_forms_of_one_property(person, check, name):
    data = qualifying(f"{TIME}<{name}/><{name}V2/>")
    core = check(forge_xades(person, data))
    assert (verdict(core), errors(core)) == ((FAILED, SubIndication.FORMAT_FAILURE), ["VND-DSIG-001"])


# --- what is carried ------------------------------------------------------------------------------

X141 = "http://uri.etsi.org/01903/v1.4.1#"
STAMPS = (
    "<SignatureTimeStamp><EncapsulatedTimeStamp>MQ==</EncapsulatedTimeStamp>"
    "<EncapsulatedTimeStamp> Mg== </EncapsulatedTimeStamp></SignatureTimeStamp>"
    "<CertificateValues><EncapsulatedX509Certificate>YQ==</EncapsulatedX509Certificate>"
    "<EncapsulatedX509Certificate>???</EncapsulatedX509Certificate></CertificateValues>"
    "<RevocationValues><CRLValues><EncapsulatedCRLValue>Yg==</EncapsulatedCRLValue></CRLValues>"
    "<OCSPValues><EncapsulatedOCSPValue>Yw==</EncapsulatedOCSPValue></OCSPValues></RevocationValues>"
    "<SigAndRefsTimeStamp><EncapsulatedTimeStamp>Mw==</EncapsulatedTimeStamp></SigAndRefsTimeStamp>"
    f"<y:TimeStampValidationData xmlns:y='{X141}'><CertificateValues><EncapsulatedX509Certificate>ZA=="
    "</EncapsulatedX509Certificate></CertificateValues></y:TimeStampValidationData>"
    f"<y:ArchiveTimeStamp xmlns:y='{X141}'><EncapsulatedTimeStamp>NA==</EncapsulatedTimeStamp>"
    "</y:ArchiveTimeStamp><ArchiveTimeStamp><XMLTimeStamp/><EncapsulatedTimeStamp/></ArchiveTimeStamp>"
)


def digests(*values):
    return frozenset(hashlib.sha256(one).digest() for one in values)


def test_time_stamps_and_values_in_document_order(person, check):
    core = check(with_unsigned(person, STAMPS))
    assert verdict(core) == (PASSED, None)
    key_info = (person.der, *person.chain)
    assert core.values.certificates == (*key_info, b"a", b"d")
    assert (core.values.crls, core.values.ocsps) == ((b"b",), (b"c",))
    assert [(one.kind, one.token) for one in core.timestamps] == [
        ("signature", b"1"),
        ("signature", b"2"),
        ("sig-and-refs", b"3"),
        ("archive-141", b"4"),
        ("archive-132", None),
        ("archive-132", None),
    ]
    held = digests(*key_info, b"a", b"b", b"c", b"1", b"2", b"3", b"d")
    assert [one.proves for one in core.timestamps] == [
        frozenset(),
        frozenset(),
        digests(b"1", b"2"),
        held,
        held | digests(b"4"),
        held | digests(b"4"),
    ]
    unread = [one.facts["name"] for one in core.findings if one.code == "VND-DSIG-084"]
    assert sorted(unread) == ["EncapsulatedTimeStamp", "EncapsulatedX509Certificate", "XMLTimeStamp"]


def canonical(element):
    """Give the exclusive form of an element by lxml itself, which is right for that one method."""
    return etree.tostring(element, method="c14n", exclusive=True)


def test_imprints_are_what_the_standard_says(person, check):
    """EN 319 132-1, 5.3 and 5.5.2.2, with another canonicaliser than ours."""
    method = f'<CanonicalizationMethod xmlns="{DS}" Algorithm="{EXC_C14N}"/>'
    stamps = STAMPS.replace("<EncapsulatedTimeStamp>", method + "<EncapsulatedTimeStamp>", 1)
    stamps = stamps.replace("<EncapsulatedTimeStamp>NA", method + "<EncapsulatedTimeStamp>NA")
    between = stamps.replace("<CertificateValues>", "\n <!-- lời --> <?lệnh a?> <CertificateValues>", 1)
    data = with_unsigned(person, between).replace(
        b"</Signature>", b"<Object>th\xc3\xaam</Object></Signature>"
    )
    core = check(data)
    signature = core.element
    info, value, key_info, _, more = signature
    properties = [one for one in core.properties.unsigned if one.tag.startswith("{")]
    before = properties[: [one.tag for one in properties].index(f"{{{X141}}}ArchiveTimeStamp")]
    assert [one.imprint("sha384") for one in core.timestamps[:2]] == [
        hashlib.sha384(canonical(value)).digest()
    ] * 2
    expected = b"".join(one.read() for one in core.references)
    expected += b"".join(map(canonical, (info, value, key_info, *before, more)))
    assert core.timestamps[3].imprint("sha256") == hashlib.sha256(expected).digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<EncapsulatedTimeStamp>MQ", "<ReferenceInfo/><EncapsulatedTimeStamp>MQ"),
        (
            "<EncapsulatedTimeStamp>MQ",
            f"<CanonicalizationMethod xmlns='{DS}' Algorithm='urn:khac'/><EncapsulatedTimeStamp>MQ",
        ),
        (
            "<EncapsulatedTimeStamp>MQ",
            (
                f"<CanonicalizationMethod xmlns='{DS}' Algorithm='{EXC_C14N}'><Khac/>"
                "</CanonicalizationMethod><EncapsulatedTimeStamp>MQ"
            ),
        ),
    ],
)
def test_imprints_that_cannot_be_computed(person, check, old, new):
    core = check(with_unsigned(person, STAMPS.replace(old, new)))
    assert verdict(core) == (PASSED, None)
    with pytest.raises(DecodeError) as caught:
        core.timestamps[0].imprint("sha256")
    assert caught.value.code == "VND-DSIG-085"


def test_a_hash_that_is_not_known(person, check):
    core = check(with_unsigned(person, STAMPS))
    with pytest.raises(DecodeError) as caught:
        core.timestamps[0].imprint("sha-khong-co")
    assert caught.value.code == "VND-DSIG-085"


INDIVIDUAL = (
    '<IndividualDataObjectsTimeStamp><Include URI="{}" referencedData="{}"/><EncapsulatedTimeStamp>MQ=='
    "</EncapsulatedTimeStamp></IndividualDataObjectsTimeStamp>"
)
ALL = "<AllDataObjectsTimeStamp><EncapsulatedTimeStamp>MQ==</EncapsulatedTimeStamp></AllDataObjectsTimeStamp>"


@pytest.mark.parametrize("stamp", [ALL, INDIVIDUAL.format("#ref", "true"), INDIVIDUAL.format("#ref", "1")])
def test_time_stamps_over_the_data(person, check, stamp):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der), FORMAT + stamp)))
    (found,) = core.timestamps
    assert (found.kind, found.proves_signature, found.proves_data) == ("content", False, True)
    assert found.imprint("sha256") == hashlib.sha256(core.references[0].read()).digest()
    assert core.findings == ()


@pytest.mark.parametrize("parts", [("#khac", "true"), ("#ref", "false"), ("", "true")])
def test_time_stamps_over_something_else(person, check, parts):
    stamp = INDIVIDUAL.format(*parts)
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der), FORMAT + stamp)))
    (found,) = core.timestamps
    assert not found.proves_data
    with pytest.raises(DecodeError) as caught:
        found.imprint("sha256")
    assert caught.value.code == "VND-DSIG-085"


def test_too_many_time_stamps_or_values(person, check):
    stamp = "<EncapsulatedTimeStamp>MQ==</EncapsulatedTimeStamp>"
    core = check(with_unsigned(person, f"<SignatureTimeStamp>{stamp * 51}</SignatureTimeStamp>"))
    assert (verdict(core), errors(core)) == ((FAILED, SubIndication.FORMAT_FAILURE), ["VND-DSIG-002"])
    values = "".join(
        f"<EncapsulatedX509Certificate>{b64(bytes([n]))}</EncapsulatedX509Certificate>" for n in range(60)
    )
    core = check(with_unsigned(person, f"<CertificateValues>{values}</CertificateValues>"))
    assert (verdict(core), errors(core)) == ((FAILED, SubIndication.FORMAT_FAILURE), ["VND-DSIG-002"])
