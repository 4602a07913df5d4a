"""Qualifying properties: what the signer signed about the signature, and how it can be faked."""

import datetime as dt

import attrs
import pytest
from asn1crypto import x509 as asn1_x509
from asn1crypto.tsp import IssuerSerial
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from dsig_samples import (
    DOCUMENT_REFERENCE,
    FORMAT,
    LIMITS,
    PROPERTIES_REFERENCE,
    SHA1,
    SIGNED_PROPERTIES,
    TIME,
    b64,
    cert_v1,
    cert_v2,
    forge_xades,
    qualifying,
    reference,
    x509_data,
)

from vnedoc.dsig import is_plain
from vnedoc.model import Conclusion, Level, Severity, SignatureFormat, SubIndication
from vnedoc.xml import EXC_C14N

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE


def errors(core):
    return [one.code for one in core.findings if one.severity is Severity.ERROR]


def verdict(core):
    return core.conclusion, core.sub_indication


def good(person, **more):
    return forge_xades(person, qualifying(TIME + cert_v2(person.der)), **more)


def test_a_baseline_signature(person, check):
    core = check(good(person))
    assert (verdict(core), core.findings) == ((PASSED, None), ())
    assert (core.format, core.level) == (SignatureFormat.XADES, Level.B_B)
    assert core.signing_time == dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
    assert core.certificate == person.der
    assert core.covers_root
    assert is_plain(core.element)


# --- level: only what was found and checked -------------------------------------------------------


def test_without_a_named_certificate_it_is_no_baseline(person, check):
    core = check(forge_xades(person, qualifying(TIME)))
    assert verdict(core) == (PASSED, None)
    assert core.level is Level.BASIC
    assert [one.code for one in core.findings] == ["VND-DSIG-051"]


def test_the_first_form_of_the_certificate_reference(person, check):
    serial = person.certificate.serial_number
    core = check(forge_xades(person, qualifying(TIME + cert_v1(person.der, serial))))
    assert (verdict(core), core.level) == ((PASSED, None), Level.BASIC)
    wrong = check(forge_xades(person, qualifying(TIME + cert_v1(person.der, serial + 1))))
    assert verdict(wrong) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert errors(wrong) == ["VND-DSIG-045"]


def test_without_a_media_type_it_is_no_baseline(person, check):
    for formats in ("", FORMAT.replace("#ref", "#khac"), '<DataObjectFormat ObjectReference="#ref"/>'):
        core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der), formats)))
        assert (verdict(core), core.level) == ((PASSED, None), Level.BASIC)


@pytest.mark.parametrize("text", ["2026-11-22T08:00:00", ""])
def test_a_time_without_zone_is_not_used(person, check, text):
    time = f"<SigningTime>{text}</SigningTime>" if text else ""
    core = check(forge_xades(person, qualifying(time + cert_v2(person.der))))
    assert (verdict(core), core.level, core.signing_time) == ((PASSED, None), Level.BASIC, None)
    assert [one.code for one in core.findings] == (["VND-DSIG-049"] if text else [])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T08:00:00Z", dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)),
        (" 2026-11-22T08:00:00.5-14:00 ", dt.datetime(2026, 11, 22, 22, 0, 0, 500000, tzinfo=dt.UTC)),
        ("2026-11-22T08:00:00.123456789Z", dt.datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=dt.UTC)),
    ],
)
def test_forms_of_a_time(person, check, text, moment):
    data = forge_xades(person, qualifying(f"<SigningTime>{text}</SigningTime>{cert_v2(person.der)}"))
    assert check(data).signing_time == moment


@pytest.mark.parametrize(
    "text",
    [
        "hôm nay",
        "2026-11-22",
        "20261122T080000Z",
        "2026-13-22T08:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-22T24:00:01Z",
        "2026-W47-7T08:00:00Z",
        "2026-11-22T08:00:00+99:00",
        "٢٠٢٦-11-22T08:00:00Z",
        "2026-11-22T08:00<!-- x -->:00Z",
    ],
)
def test_what_is_no_time_is_a_format_failure(person, check, text):
    core = check(forge_xades(person, qualifying(f"<SigningTime>{text}</SigningTime>")))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert core.references == ()


# --- properties that are not this signature's own -------------------------------------------------


def test_properties_that_nobody_signed(person, check):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der)), DOCUMENT_REFERENCE))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-041"]


def test_properties_signed_without_saying_so(person, check):
    untyped = reference('URI="#props"', (EXC_C14N,))
    core = check(forge_xades(person, qualifying(TIME), DOCUMENT_REFERENCE, untyped))
    assert errors(core) == ["VND-DSIG-041"]
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)


def test_properties_signed_twice(person, check):
    both = (DOCUMENT_REFERENCE, PROPERTIES_REFERENCE, PROPERTIES_REFERENCE)
    core = check(forge_xades(person, qualifying(TIME), *both))
    assert errors(core) == ["VND-DSIG-041"]


def test_a_typed_reference_without_properties(person, check):
    typed = reference('URI="#body"', (EXC_C14N,), more=f'Type="{SIGNED_PROPERTIES}"')
    data = forge_xades(person, "<Object Id='body'/>", DOCUMENT_REFERENCE, typed)
    core = check(data)
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-041"]


def test_a_decoy_is_signed_instead_of_the_properties(person, check):
    decoy = "<Object Id='decoy'><x/></Object>"
    typed = reference('URI="#decoy"', (EXC_C14N,), more=f'Type="{SIGNED_PROPERTIES}"')
    data = forge_xades(person, qualifying(TIME + cert_v2(person.der)) + decoy, DOCUMENT_REFERENCE, typed)
    core = check(data)
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-042"]
    assert core.level is Level.BASIC
    assert not is_plain(core.element)


def test_the_signed_properties_cannot_be_found(person, check):
    typed = reference('URI="#khac"', (EXC_C14N,), more=f'Type="{SIGNED_PROPERTIES}"')
    core = check(forge_xades(person, qualifying(TIME), DOCUMENT_REFERENCE, typed))
    assert verdict(core) == (FAILED, SubIndication.SIGNED_DATA_NOT_FOUND)


@pytest.mark.parametrize("more", [{"target": "#khac"}, {"target": "sig"}, {"target": ""}])
def test_properties_for_another_signature(person, check, more):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der), **more)))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-043"]


def test_a_signature_without_id_has_no_properties(person, check):
    core = check(good(person, attributes=""))
    assert errors(core) == ["VND-DSIG-043"]
    core = check(forge_xades(person, qualifying(TIME, target="#None"), attributes=""))
    assert "VND-DSIG-043" in errors(core)


def test_enveloped_properties_would_be_empty(person, check):
    typed = reference(
        'URI="#props"',
        ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXC_C14N),
        more=f'Type="{SIGNED_PROPERTIES}"',
    )
    core = check(forge_xades(person, qualifying(TIME), DOCUMENT_REFERENCE, typed))
    assert errors(core) == ["VND-DSIG-009"]


def test_changed_properties(person, check):
    core = check(good(person).replace(b"08:00:00+07:00", b"09:00:00+07:00"))
    assert verdict(core) == (FAILED, SubIndication.HASH_FAILURE)
    assert core.level is Level.BASIC


# --- the signing certificate ----------------------------------------------------------------------


def test_the_named_certificate_is_another(person, other, check):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(other.der))))
    assert verdict(core) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert errors(core) == ["VND-DSIG-044"]
    both = check(
        forge_xades(person, qualifying(TIME + cert_v2(other.der)), key_info=x509_data(other.der, person.der))
    )
    assert errors(both) == ["VND-DSIG-044"]
    assert both.certificate == person.der


def test_of_two_certificates_for_one_key_the_named_one_counts(pki, person, check):
    renewed = pki.issue("Nguyễn Thị Thử", key=person.key)
    carried = x509_data(renewed.der, person.der)
    for named in (person, renewed):
        core = check(forge_xades(person, qualifying(TIME + cert_v2(named.der)), key_info=carried))
        assert verdict(core) == (PASSED, None)
        assert core.certificate == named.der


@pytest.mark.parametrize(("spoil", "code"), [(False, None), (True, "VND-DSIG-045")])
def test_issuer_and_serial_number(pki, person, other, check, spoil, code):
    # made by an independent writer of ASN.1
    issuer = asn1_x509.Name.load(person.certificate.issuer.public_bytes())
    value = IssuerSerial(
        {
            "issuer": [asn1_x509.GeneralName("directory_name", issuer)],
            "serial_number": (other if spoil else person).certificate.serial_number,
        }
    )
    properties = qualifying(TIME + cert_v2(person.der, issuer_serial=b64(value.dump())))
    core = check(forge_xades(person, properties))
    assert errors(core) == ([code] if code else [])
    assert core.level is (Level.BASIC if spoil else Level.B_B)


def test_the_hash_of_the_named_certificate_is_judged_too(person, check):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der, SHA1))))
    assert verdict(core) == (PASSED, None)
    assert core.hash_names == ("sha256", "sha1")


def test_an_unknown_hash_of_the_named_certificate(person, check):
    unknown = cert_v2(person.der).replace("2001/04/xmlenc#sha256", "2001/04/xmlenc#ripemd160")
    core = check(forge_xades(person, qualifying(TIME + unknown)))
    assert verdict(core) == (INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert errors(core) == ["VND-DSIG-003"]


def test_a_flood_of_named_certificates(person, check):
    one = cert_v2(person.der)
    inner = one[len("<SigningCertificateV2>") : -len("</SigningCertificateV2>")]
    flood = one.replace(inner, inner * 3)
    core = check(forge_xades(person, qualifying(TIME + flood)), attrs.evolve(LIMITS, certificates=2))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-002"]
    assert check(forge_xades(person, qualifying(TIME + flood))).conclusion is PASSED


def test_a_serial_number_with_its_top_bit(pki, check):
    """A serial number is a signed INTEGER (RFC 5280, 4.1.2.2): 0x80… carries a leading zero octet."""
    serial = 0x80 << 120
    key = pki.issue("x").key
    builder = (
        x509.CertificateBuilder()
        .subject_name(pki.issuing.certificate.subject)
        .issuer_name(pki.issuing.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(pki.at)
        .not_valid_after(pki.at + dt.timedelta(days=1))
    )
    der = builder.sign(pki.issuing.key, SHA256()).public_bytes(Encoding.DER)
    signer = type("Signer", (), {"key": key, "der": der, "chain": ()})()
    core = check(forge_xades(signer, qualifying(TIME + cert_v1(der, serial))))
    assert verdict(core) == (PASSED, None)


# --- what is not evaluated is said ----------------------------------------------------------------

POLICY = (
    "<SignaturePolicyIdentifier><SignaturePolicyId><SigPolicyId><Identifier>urn:chinh-sach</Identifier>"
    "</SigPolicyId></SignaturePolicyId></SignaturePolicyIdentifier>"
)


def test_a_named_policy_leaves_it_undecided(person, check):
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der) + POLICY)))
    assert verdict(core) == (INDETERMINATE, SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE)
    assert [dict(one.facts) for one in core.findings] == [{"policy": "urn:chinh-sach"}]
    nameless = POLICY.replace("<Identifier>urn:chinh-sach</Identifier>", "")
    core = check(forge_xades(person, qualifying(TIME + cert_v2(person.der) + nameless)))
    assert core.sub_indication is SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE


def test_an_implied_policy_names_none(person, check):
    implied = "<SignaturePolicyIdentifier><SignaturePolicyImplied/></SignaturePolicyIdentifier>"
    assert check(forge_xades(person, qualifying(TIME + cert_v2(person.der) + implied))).conclusion is PASSED


UNSIGNED = (
    "<UnsignedProperties><UnsignedSignatureProperties>{}</UnsignedSignatureProperties></UnsignedProperties>"
)


def with_unsigned(person, inside):
    return forge_xades(person, qualifying(TIME + cert_v2(person.der), after=UNSIGNED.format(inside)))


def test_what_is_not_evaluated_is_named_and_proves_nothing(person, check):
    core = check(with_unsigned(person, "<CompleteCertificateRefs/><RefsOnlyTimeStamp/><CertificateValues/>"))
    assert (verdict(core), core.level) == ((PASSED, None), Level.B_B)
    (finding,) = core.findings
    assert (finding.code, finding.severity) == ("VND-DSIG-047", Severity.INFO)
    assert tuple(finding.facts["names"]) == ("CompleteCertificateRefs", "RefsOnlyTimeStamp")


def test_other_signed_properties_are_named(person, check):
    more = "<SignerRoleV2/><x:Khac xmlns:x='urn:x'/>"
    data = qualifying(TIME + cert_v2(person.der) + more, FORMAT + "<y:Nua xmlns:y='urn:y'/>")
    core = check(forge_xades(person, data))
    assert verdict(core) == (PASSED, None)
    (finding,) = core.findings
    assert finding.code == "VND-DSIG-050"
    assert tuple(finding.facts["names"]) == ("Khac", "Nua")


@pytest.mark.parametrize(
    "foreign",
    [
        qualifying(TIME, namespace="http://uri.etsi.org/01903/v1.1.1#"),
        "<Object><QualifyingPropertiesReference xmlns='http://uri.etsi.org/01903/v1.3.2#'/></Object>",
    ],
)
def test_properties_in_a_form_that_is_not_read(person, check, foreign):
    core = check(forge_xades(person, foreign, DOCUMENT_REFERENCE))
    assert verdict(core) == (INDETERMINATE, SubIndication.CUSTOM)
    assert errors(core) == ["VND-DSIG-048"]
    assert core.format is SignatureFormat.XMLDSIG
    both = check(forge_xades(person, qualifying(TIME + cert_v2(person.der)) + foreign.replace("props", "p2")))
    assert errors(both) == ["VND-DSIG-048"]


# --- grammar --------------------------------------------------------------------------------------

CHANGES = {
    "second QualifyingProperties": ("<Object><Qual", "<Object><Q:QualifyingProperties xmlns:Q='{x}'/><Qual"),
    "no SignedProperties": ("<SignedProperties Id", "<Y/><SignedProperties Id"),
    "foreign group": ("<SignedSignatureProperties>", "<Y/><SignedSignatureProperties>"),
    "group twice": ("<SignedSig", "<SignedSignatureProperties/><SignedSig"),
    "group in a foreign namespace": ("<SignedSignatureProperties>", "<SignedSignatureProperties xmlns=''>"),
    "property twice": ("<SigningTime>", "<SigningTime>2026-11-22T08:00:00Z</SigningTime><SigningTime>"),
    "property in a foreign namespace": ("<SigningTime>", "<SigningTime xmlns='urn:x'>"),
    "no certificate": ("<SigningCertificateV2>", "<SigningCertificateV2/><Z>"),
    "both forms": ("<SigningCertificateV2>", "<SigningCertificate/><SigningCertificateV2>"),
    "not a Cert": ("<Cert>", "<Y/><Cert>"),
    "empty Cert": ("<Cert>", "<Cert/><Cert>"),
    "not a CertDigest": ("<CertDigest>", "<Y/><CertDigest>"),
    "digest without method": ("<CertDigest>", "<CertDigest/><CertDigest>"),
    "three parts": ("</CertDigest>", "</CertDigest><Y/><Y/>"),
    "not an IssuerSerialV2": ("</CertDigest>", "</CertDigest><IssuerSerial/>"),
    "text among properties": ("<SigningTime>", "x<SigningTime>"),
    "third part": ("</SignedProperties>", "</SignedProperties><UnsignedProperties/><Y/>"),
    "unknown second part": ("</SignedProperties>", "</SignedProperties><Y/>"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_breaks_the_grammar_is_a_format_failure(person, check, name):
    old, new = CHANGES[name]
    data = good(person).decode()
    assert old in data
    changed = data.replace(old, new.replace("{x}", "http://uri.etsi.org/01903/v1.3.2#"), 1)
    if name == "no certificate":
        changed = changed.replace("</SigningCertificateV2>", "</Z>")
    core = check(changed.encode())
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-001"]


@pytest.mark.parametrize("serial", ["", "0x10", "1" * 61, "1<!-- -->2", "số"])
def test_what_is_no_serial_number(person, check, serial):
    core = check(forge_xades(person, qualifying(TIME + cert_v1(person.der, serial))))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<IssuerSerial>", "<IssuerSerialV2>"),
        ("<X509IssuerName ", "<Khac "),
        ("<IssuerSerial>", "<IssuerSerial><Y/>"),
    ],
)
def test_the_first_form_keeps_its_grammar(person, check, old, new):
    text = cert_v1(person.der, 1)
    text = text.replace(old, new).replace("/" + old[1:].strip(), "/" + new[1:].strip().split(">")[0] + ">")
    if "Khac" in new:
        text = text.replace("</X509IssuerName>", "</Khac>")
    core = check(forge_xades(person, qualifying(TIME + text)))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)


def test_the_first_form_needs_issuer_and_serial_number(person, check):
    text = cert_v2(person.der).replace("SigningCertificateV2", "SigningCertificate")
    core = check(forge_xades(person, qualifying(TIME + text)))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)


def test_properties_first_stand_alone(person, check):
    """The reference to the properties may come first, and the document's own may be the last."""
    core = check(
        forge_xades(
            person,
            qualifying(TIME + cert_v2(person.der)),
            PROPERTIES_REFERENCE,
            DOCUMENT_REFERENCE,
        )
    )
    assert (verdict(core), core.level) == ((PASSED, None), Level.B_B)
    alone = check(forge_xades(person, qualifying(TIME + cert_v2(person.der)), PROPERTIES_REFERENCE))
    assert (verdict(alone), alone.level, alone.covers_root) == ((PASSED, None), Level.BASIC, False)
