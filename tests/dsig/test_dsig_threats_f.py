"""Threats F01 to F10: XAdES properties, and the times that a signature claims."""

import base64
import datetime as dt

import attrs
import pytest
from asn1crypto import cms, tsp
from dsig_attacks import Doors, by, content_of, element, put, replaced, resigned, signed, swapped
from dsig_samples import (
    DOCUMENT_REFERENCE,
    DS,
    EXC_C14N,
    MOMENT,
    PROPERTIES_REFERENCE,
    SHA256,
    SIGNED_PROPERTIES,
    TIME,
    XADES,
    b64,
    cert_v2,
    forge_xades,
    qualifying,
    reference,
    x509_data,
)
from edxml_making import full_envelope

import vnedoc
from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.model import Conclusion, Level, SubIndication, TimeSource, Wire
from vnedoc.signing import augment_xml

FORMAT_FAILURE, CONSTRAINTS = SubIndication.FORMAT_FAILURE, SubIndication.SIG_CONSTRAINTS_FAILURE
DAY = dt.timedelta(days=1)
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def doors(pki):
    return Doors(pki.policy())


@pytest.fixture(scope="module")
def seal(person):
    made = attrs.evolve(full_envelope(), business=None, attachments=())
    return vnedoc.seal(made, person.signer(), signing_time=MOMENT).read()


def good(credential, **more):
    return forge_xades(credential, qualifying(TIME + cert_v2(credential.der)), **more)


def test_a_sound_signature_is_taken(doors, person, seal):
    for data in (good(person), seal):
        (one,) = doors.passed(data).signatures
        assert one.level is Level.B_B
        assert (one.signing_time, one.time_source) == (MOMENT, TimeSource.CLAIMED)


# --- which properties -----------------------------------------------------------------------------


def test_f01_properties_that_nobody_signed(doors, person, seal):
    unsigned = forge_xades(person, qualifying(TIME + cert_v2(person.der)), DOCUMENT_REFERENCE)
    doors.failed(unsigned, FORMAT_FAILURE, "VND-DSIG-041")
    start = seal.index(b'<Reference Type="')
    end = seal.index(b"</Reference>", start) + len(b"</Reference>")
    doors.failed(resigned(seal[:start] + seal[end:], by(person)), FORMAT_FAILURE, "VND-DSIG-041")
    untyped = swapped(seal, f' Type="{SIGNED_PROPERTIES}"', "")
    doors.failed(resigned(untyped, by(person)), FORMAT_FAILURE, "VND-DSIG-041")


def test_f02_a_decoy_is_signed_instead(doors, person):
    """DSS, XSW-enveloped-fake-signedProperties: the typed reference leads to other properties."""
    decoy = (
        f'<Object><x:SignedProperties xmlns:x="{XADES}" Id="moi">'
        "<x:SignedSignatureProperties/></x:SignedProperties></Object>"
    )
    lure = PROPERTIES_REFERENCE.replace("#props", "#moi")
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der)) + decoy, DOCUMENT_REFERENCE, lure)
    report = doors.failed(data, FORMAT_FAILURE, "VND-DSIG-042")
    assert report.signatures[0].level is Level.BASIC
    renamed = swapped(good(person), 'Id="props"', 'Id="props-2"')
    doors.failed(renamed, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-012")


@pytest.mark.parametrize("first", [True, False])
def test_f03_a_second_set_of_properties(doors, person, seal, first):
    evil = qualifying("<SigningTime>2001-01-01T00:00:00Z</SigningTime>").replace('"props"', '"gia"')
    inner = element(evil.encode(), "QualifyingProperties")
    for data, holder in ((good(person), "QualifyingProperties"), (seal, "xades:QualifyingProperties")):
        if first:
            beside, inside = put(data, "<Object>", evil), put(data, f"<{holder} ", inner)
        else:
            beside = put(data, "</Signature>", evil)
            inside = swapped(data, f"</{holder}>", f"</{holder}>{inner}")
        for one in (beside, inside):
            report = doors.failed(one, FORMAT_FAILURE, "VND-DSIG-001")
            assert report.signatures[0].signing_time is None
    again = element(good(person), "SignedProperties").replace('"props"', '"gia"')
    again = again.replace("2026-11-22", "2001-11-22")
    twice = (
        put(good(person), "<SignedProperties ", again)
        if first
        else put(good(person), "</QualifyingProperties>", again)
    )
    doors.failed(twice, FORMAT_FAILURE, "VND-DSIG-001")


@pytest.mark.parametrize("target", ["#other", "#Sig", "sig", "", "#props"])
def test_f04_properties_of_another_signature(doors, person, target):
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der), target=target))
    doors.failed(data, FORMAT_FAILURE, "VND-DSIG-043")
    doors.failed(swapped(good(person), ' Target="#sig"', ""), FORMAT_FAILURE, "VND-DSIG-043")


def test_f05_another_signing_certificate(doors, pki, person, other):
    for named in (cert_v2(other.der), cert_v2(person.chain[0])):
        data = forge_xades(person, qualifying(TIME + named))
        doors.failed(data, CONSTRAINTS, "VND-DSIG-044")
    # a certificate of the same key, slipped in by somebody on the way: the signed digest tells them apart
    twin = pki.issue("Người khác cùng khóa", key=person.key)
    key_info = element(good(person), "KeyInfo")
    slipped = swapped(good(person), key_info, x509_data(twin.der, *person.chain))
    doors.failed(slipped, CONSTRAINTS, "VND-DSIG-044")
    serial = forge_xades(person, qualifying(TIME + cert_v2(person.der, issuer_serial=b64(b"0\\x00"))))
    doors.failed(serial, CONSTRAINTS, "VND-DSIG-045")


def test_f06_a_claimed_time_proves_nothing(doors, pki):
    """Back-dated to the life of a certificate that has ended."""
    day = dt.timedelta(days=1)
    ended = pki.issue("Đã hết hạn", not_before=pki.at - 300 * day, not_after=pki.at - 10 * day)
    claimed = (pki.at - 100 * day).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = forge_xades(ended, qualifying(f"<SigningTime>{claimed}</SigningTime>" + cert_v2(ended.der)))
    report = doors.undecided(data, SubIndication.OUT_OF_BOUNDS_NO_POE, "VND-TRUST-013")
    assert report.signatures[0].time_source is TimeSource.CLAIMED
    weak = signed(ended)
    doors.undecided(weak, SubIndication.OUT_OF_BOUNDS_NO_POE, "VND-TRUST-013")


# --- unsigned properties --------------------------------------------------------------------------

UNSIGNED = (
    "<UnsignedProperties><UnsignedSignatureProperties>{}</UnsignedSignatureProperties></UnsignedProperties>"
)


def with_unsigned(data, *properties):
    return put(data, "</QualifyingProperties>", UNSIGNED.format("".join(properties)))


def test_f09_references_that_nobody_signed(doors, person, other):
    """They name another certificate, and change neither who signed nor what is known of him."""
    digest = f'<DigestMethod xmlns="{DS}" Algorithm="{SHA256}"/><DigestValue xmlns="{DS}">AAAA</DigestValue>'
    named = f"<CertRefs><Cert><CertDigest>{digest}</CertDigest></Cert></CertRefs>"
    refs = f"<CompleteCertificateRefs>{named}</CompleteCertificateRefs>"
    revocation = "<CompleteRevocationRefs/>"
    plain = doors.passed(good(person)).signatures[0]
    report = doors.passed(with_unsigned(good(person), refs, revocation))
    (one,) = report.signatures
    assert (one.signer.certificate, one.level) == (person.der, plain.level)
    assert (one.signing_time, one.time_source) == (plain.signing_time, TimeSource.CLAIMED)


def test_f09_certificate_values_are_no_anchors(doors, person):
    stranger = FakePki.create(name="Kẻ lạ", key="p256")
    signer = stranger.issue("Kẻ lạ")
    values = "".join(
        f"<EncapsulatedX509Certificate>{b64(one)}</EncapsulatedX509Certificate>"
        for one in (stranger.issuing.der, stranger.root.der)
    )
    data = with_unsigned(good(signer), f"<CertificateValues>{values}</CertificateValues>")
    report = doors.verify(data)
    assert report.conclusion is Conclusion.INDETERMINATE
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def counter(credential, uri="#value", more=""):
    """A counter-signature as an unsigned property, over the SignatureValue or what it pretends to be that."""
    inner = signed(credential, reference(f'URI="{uri}"', (EXC_C14N,), more=more), attributes='Id="counter"')
    return f"<CounterSignature>{element(inner, 'Signature')}</CounterSignature>"


def test_f09_a_counter_signature_of_something_else(doors, person):
    """It is judged for itself: it neither helps the signature that carries it, nor passes."""
    stranger = FakePki.create(name="Kẻ xác nhận giả", key="p256").issue("Kẻ xác nhận giả")
    data = with_unsigned(good(person), counter(stranger, "#body"))
    report = doors.verify(data)
    assert report.conclusion is not Conclusion.PASSED
    main, countering = report.signatures
    assert (main.conclusion, main.signer.certificate) == (Conclusion.PASSED, person.der)
    assert countering.conclusion is Conclusion.FAILED


# --- policy ---------------------------------------------------------------------------------------


def policy_identifier(value):
    method = f'<DigestMethod xmlns="{DS}" Algorithm="{SHA256}"/>'
    return (
        "<SignaturePolicyIdentifier><SignaturePolicyId><SigPolicyId>"
        "<Identifier>urn:oid:1.2.3.4</Identifier></SigPolicyId>"
        f'<SigPolicyHash>{method}<DigestValue xmlns="{DS}">{value}</DigestValue></SigPolicyHash>'
        "<SigPolicyQualifiers><SigPolicyQualifier><SPURI>http://127.0.0.1:9/policy</SPURI>"
        "</SigPolicyQualifier></SigPolicyQualifiers></SignaturePolicyId></SignaturePolicyIdentifier>"
    )


@pytest.mark.parametrize("value", [b64(bytes(32)), b64(b"x" * 32)])
def test_f10_a_policy_that_is_not_at_hand(doors, person, value):
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der) + policy_identifier(value)))
    report = doors.undecided(data, SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, "VND-DSIG-046")
    (finding,) = [one for one in report.signatures[0].findings if one.code == "VND-DSIG-046"]
    assert finding.facts["policy"] == "urn:oid:1.2.3.4"


# --- time stamps ----------------------------------------------------------------------------------

STRANGER = FakePki.create(name="Cơ quan dấu thời gian lạ", key="p256")
NO_POE = SubIndication.OUT_OF_BOUNDS_NO_POE


@pytest.fixture(scope="module")
def ended(pki):
    """A signer whose certificate has ended: without a time stamp that counts nothing is proven."""
    return pki.issue("Đã hết hạn", not_before=pki.at - 300 * DAY, not_after=pki.at - 10 * DAY)


def stamped(data, timestamper):
    return augment_xml(Wire.from_bytes(data), "B-T", timestamper=timestamper).read()


def with_token(data, token):
    """Put another token into the place of the one that is there."""
    return replaced(data, "xades:EncapsulatedTimeStamp", b64(token).encode())


def codes_of(report):
    return {one.code for one in report.signatures[0].findings}


def test_a_time_stamp_that_counts(doors, pki, ended):
    """The other half: the same signature, stamped in time by a known authority, has proof of existence."""
    tsa = FakeTsa(pki, at=pki.at - 100 * DAY)
    report = doors.verify(stamped(good(ended), tsa))
    assert "VND-SIG-103" in codes_of(report)
    assert report.signatures[0].time_source is TimeSource.TIMESTAMP
    alive = pki.issue("Còn hạn")
    (one,) = doors.passed(stamped(good(alive), tsa)).signatures
    assert (one.level, one.time_source) == (Level.B_T, TimeSource.TIMESTAMP)


STAMPS = {
    "over other data": (lambda pki: FakeTsa(pki, at=pki.at - 100 * DAY, fault="imprint"), "VND-SIG-104"),
    "of an unknown authority": (lambda pki: FakeTsa(STRANGER, at=pki.at - 100 * DAY), "VND-SIG-104"),
    "of a signer": (
        lambda pki: FakeTsa(pki, credential=pki.issue("Không phải"), at=pki.at - 100 * DAY),
        "VND-SIG-104",
    ),
    "with a wrong value": (lambda pki: FakeTsa(pki, at=pki.at - 100 * DAY, fault="signature"), "VND-SIG-104"),
    "by another key": (lambda pki: FakeTsa(pki, at=pki.at - 100 * DAY, fault="signer"), "VND-SIG-104"),
    "in the future": (lambda pki: FakeTsa(pki, at=pki.at + 100 * DAY), "VND-SIG-104"),
}


@pytest.mark.parametrize("what", STAMPS)
def test_f07_a_time_stamp_that_does_not_count(doors, pki, ended, what):
    make, code = STAMPS[what]
    sound = stamped(good(ended), FakeTsa(pki, at=pki.at - 100 * DAY))
    data = with_token(sound, make(pki).timestamp(imprint_of(sound), "sha256"))
    report = doors.undecided(data, NO_POE, "VND-TRUST-013")
    assert code in codes_of(report)
    assert "VND-SIG-103" not in codes_of(report)
    assert report.signatures[0].time_source is TimeSource.CLAIMED


def imprint_of(data):
    """Give the imprint that the sound token of a stamped document holds."""
    token = base64.b64decode(content_of(data, "xades:EncapsulatedTimeStamp"))
    octets = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].contents
    return tsp.TSTInfo.load(octets)["message_imprint"]["hashed_message"].native


def test_f07_the_imprint_is_made_by_hand(doors, pki, ended):
    """What the tests above stamp is indeed the sound imprint: stamped anew, it counts."""
    sound = stamped(good(ended), FakeTsa(pki, at=pki.at - 100 * DAY))
    again = with_token(sound, FakeTsa(pki, at=pki.at - 90 * DAY).timestamp(imprint_of(sound), "sha256"))
    assert "VND-SIG-103" in codes_of(doors.verify(again))


def test_f07_a_time_stamp_of_another_signature(doors, pki, ended):
    tsa = FakeTsa(pki, at=pki.at - 100 * DAY)
    first = stamped(good(ended), tsa)
    other = stamped(forge_xades(ended, qualifying(TIME.replace("08:00", "09:00") + cert_v2(ended.der))), tsa)
    token = base64.b64decode(content_of(other, "xades:EncapsulatedTimeStamp"))
    report = doors.undecided(with_token(first, token), NO_POE, "VND-TRUST-013")
    assert "VND-SIG-104" in codes_of(report)


GARBAGE = (b"\x00", b"<html/>", b"0\x80", bytes(2000), b"0\x03\x02\x01\x01")


def test_f07_garbage_for_a_time_stamp(doors, pki, ended):
    sound = stamped(good(ended), FakeTsa(pki, at=pki.at - 100 * DAY))
    for octets, code in ((b"", "VND-DSIG-084"), *((one, "VND-SIG-105") for one in GARBAGE)):
        report = doors.undecided(with_token(sound, octets), NO_POE, "VND-TRUST-013")
        assert code in codes_of(report), octets
        assert "VND-SIG-103" not in codes_of(report)


def test_f08_a_time_stamp_after_the_revocation(pki):
    signer = pki.issue("Bị thu hồi")
    pki.revoke(signer, pki.at - 50 * DAY)
    doors = Doors(pki.policy())
    late = stamped(good(signer), FakeTsa(pki, at=pki.at - 40 * DAY))
    report = doors.undecided(late, SubIndication.REVOKED_NO_POE, "VND-TRUST-030")
    assert "VND-SIG-103" in codes_of(report)  # the stamp itself is sound, it came too late
    early = stamped(good(signer), FakeTsa(pki, at=pki.at - 60 * DAY))
    (one,) = doors.passed(early).signatures
    assert one.time_source is TimeSource.TIMESTAMP
