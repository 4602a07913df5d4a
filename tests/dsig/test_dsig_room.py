"""Content where nothing signs it: between signatures, in their unsigned parts, under a second identifier."""

import base64
import datetime as dt
import hashlib
import secrets

import attrs
import pytest
from cpu_bound import seconds
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from dsig_attacks import ECDSA_SHA256
from dsig_samples import (
    DOCUMENT_REFERENCE,
    DS,
    EXC_C14N,
    HEADER,
    MOMENT,
    PROPERTIES_REFERENCE,
    TIME,
    b64,
    cert_v2,
    edxml_wire,
    forge_xades,
    qualifying,
    reference,
    x509_data,
)
from lxml import etree

import vnedoc
from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.dsig._keys import fields_of
from vnedoc.model import Conclusion, SubIndication, Wire
from vnedoc.signing import XmlForm, sign_xml
from vnedoc.verification import seal_findings
from vnedoc.xml import parse

COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
UNSIGNED = (
    "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{}"
    "</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
)
REFS = UNSIGNED.format("<xades:CompleteCertificateRefs>{}</xades:CompleteCertificateRefs>")
END = "</xades:QualifyingProperties>"


@pytest.fixture(scope="module")
def policy(pki):
    return pki.policy()


@pytest.fixture(scope="module")
def signed(person):
    data = sign_xml(Wire.from_bytes(b"<a>1</a>"), person.signer(), signing_time=MOMENT)
    return data.read().decode()


@pytest.fixture(scope="module")
def sealed(person):
    return sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER).read().decode()


def codes(report):
    return {one.code for one in report.all_findings() if one.severity.value == "error"}


# --- signatures on signatures ---------------------------------------------------------------------


def digest(octets):
    return hashlib.sha256(octets).digest()


def signed_info(identifier, value):
    return (
        f'<SignedInfo xmlns="{DS}"><CanonicalizationMethod Algorithm="{EXC_C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{ECDSA_SHA256}"></SignatureMethod>'
        f'<Reference Type="{COUNTERSIGNED}" URI="#{identifier}"><Transforms>'
        f'<Transform Algorithm="{EXC_C14N}"></Transform></Transforms>'
        '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>'
        f"<DigestValue>{b64(digest(value.encode()))}</DigestValue></Reference></SignedInfo>"
    )


def value_of(identifier, r, s):
    octets = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f'<SignatureValue xmlns="{DS}" Id="{identifier}">{b64(octets)}</SignatureValue>'


def signature(info, value, *certificates):
    inner = "".join(f"<X509Certificate>{b64(one)}</X509Certificate>" for one in certificates)
    return f'<Signature xmlns="{DS}">{info}{value}<KeyInfo><X509Data>{inner}</X509Data></KeyInfo></Signature>'


def test_signatures_in_a_circle_sign_no_document(pki, policy):
    """A key can be made for a value that was chosen first, so two signatures can sign each other's value."""
    nonce, s = secrets.randbelow(ORDER - 1) + 1, secrets.randbelow(ORDER - 1) + 1
    r = ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % ORDER
    first = value_of("va", r, s)
    other = pki.issue("Người thứ hai", key="p256")
    second_info = signed_info("va", first)
    second = value_of(
        "vb", *decode_dss_signature(other.key.sign(second_info.encode(), ec.ECDSA(hashes.SHA256())))
    )
    first_info = signed_info("vb", second)
    number = (s * nonce - int.from_bytes(digest(first_info.encode()), "big")) * pow(r, -1, ORDER) % ORDER
    fitting = pki.issue("Người thứ nhất", key=ec.derive_private_key(number, ec.SECP256R1()))
    pair = signature(first_info, first, fitting.der, pki.issuing.der)
    pair += signature(second_info, second, other.der, pki.issuing.der)
    report = vnedoc.verify(f"<D><S>9 triệu đồng</S>{pair}</D>".encode(), policy)
    assert report.conclusion is Conclusion.FAILED
    assert [one.sub_indication for one in report.signatures] == [SubIndication.SIG_CONSTRAINTS_FAILURE] * 2
    assert codes(report) == {"VND-SIG-102"}


@pytest.mark.parametrize("inside", ["Object", "CounterSignature"])
def test_a_counter_signature_brings_no_content(person, curve, pki, policy, inside):
    """EN 319 132-1, 5.2.7: it is about a signature value; what it brings along belongs to no document."""
    wire = Wire.from_bytes(b"<a><b>1</b></a>")
    data = sign_xml(wire, person.signer(), signing_time=MOMENT, form=XmlForm(value_id=True)).read().decode()
    value = etree.fromstring(data.encode()).find(f".//{{{DS}}}SignatureValue")
    canonical = etree.tostring(value, method="c14n", exclusive=True, with_tail=False)
    info = signed_info(value.get("Id"), canonical.decode())
    evil = f'<Object xmlns="{DS}" Id="evil"><b xmlns="">2</b></Object>'
    more = info[info.index("<Reference ") : info.index("</SignedInfo>")]
    more = more.replace(f' Type="{COUNTERSIGNED}" URI="#{value.get("Id")}"', ' URI="#evil"')
    more = more.replace(b64(digest(canonical)), b64(digest(evil.encode())))
    info = info.replace("</SignedInfo>", more + "</SignedInfo>")
    r, s = decode_dss_signature(curve.key.sign(info.encode(), ec.ECDSA(hashes.SHA256())))
    made = signature(info, value_of("v2", r, s), curve.der, pki.issuing.der)
    for brought in ("", evil):
        if not brought:  # the same without it is as good as the first
            plain = signed_info(value.get("Id"), canonical.decode())
            pair = decode_dss_signature(curve.key.sign(plain.encode(), ec.ECDSA(hashes.SHA256())))
            one = signature(plain, value_of("v2", *pair), curve.der, pki.issuing.der)
        else:
            one = made.replace("</Signature>", evil + "</Signature>")
        if inside == "Object":
            whole = data.replace("</Signature>", f"<Object>{one}</Object></Signature>")
        else:
            whole = data.replace(END, UNSIGNED.format(f"<xades:{inside}>{one}</xades:{inside}>"))
        report = vnedoc.verify(whole.encode(), policy)
        assert report.conclusion is (Conclusion.FAILED if brought else Conclusion.PASSED)
        assert codes(report) == ({"VND-SIG-013"} if brought else set())


# --- parts that nothing signs ---------------------------------------------------------------------

ROOM = {
    "attribute of Signature": ("<Signature ", '<Signature Subject="999000" '),
    "attribute of SignatureValue": ("<SignatureValue", '<SignatureValue Subject="999000"'),
    "attribute of KeyInfo": ("<KeyInfo>", '<KeyInfo Subject="999000">'),
    "text in an attribute": ("<Object>", '<Object Encoding="999000 đồng">'),
    "media type": ("<Object>", '<Object MimeType="999000 đồng">'),
    "KeyName": ("<KeyInfo>", "<KeyInfo><KeyName>Chuyển 999000 đồng</KeyName>"),
    "text of X509SKI": ("<X509Data>", "<X509Data><X509SKI>999000 đồng</X509SKI>"),
    "text of a certificate's name": ("<X509Data>", "<X509Data><X509SubjectName>999000</X509SubjectName>"),
    "text in evidence": (END, REFS.format("999000")),
    "element in evidence": (END, REFS.format("<xades:Subject>999000</xades:Subject>")),
    "manifest in evidence": (END, REFS.format(f'<Manifest xmlns="{DS}"></Manifest>')),
    "attribute in evidence": (END, REFS.format('<xades:CertRefs Subject="999000"></xades:CertRefs>')),
    "text of a number": (END, REFS.format("<xades:Number>999000 đồng</xades:Number>")),
}


@pytest.mark.parametrize("place", ROOM)
def test_no_room_in_what_nothing_signs(signed, sealed, policy, place):
    before, after = ROOM[place]
    assert before in signed
    report = vnedoc.verify(signed.replace(before, after, 1).encode(), policy)
    assert report.conclusion is Conclusion.FAILED
    assert "VND-SIG-013" in codes(report)
    found = seal_findings(parse(sealed.replace(before, after, 1).encode()))
    assert [one.code for one in found] == ["VND-SIG-012"]


FINE = {
    "identifier": ("<KeyInfo>", '<KeyInfo Id="key">'),
    "namespace": ("<KeyInfo>", '<KeyInfo xmlns:x="urn:x">'),
    "media type": ("<Object>", '<Object MimeType="application/xml" Encoding="urn:x">'),
    "name": ("<X509Data>", "<X509Data><X509SubjectName>CN=Nguyễn Thị Thử, C=VN</X509SubjectName>"),
    "comment in base64": ("<X509Data>", "<X509Data><X509SKI>AA<!-- -->AA</X509SKI>"),
    "references": (
        END,
        REFS.format(
            "<xades:CertRefs><xades:Cert><xades:CertDigest>"
            f'<DigestMethod xmlns="{DS}" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            f'<DigestValue xmlns="{DS}">AAAA</DigestValue></xades:CertDigest><xades:IssuerSerial>'
            f'<X509IssuerName xmlns="{DS}">2.5.4.3=Cơ quan,C=VN</X509IssuerName>'
            f'<X509SerialNumber xmlns="{DS}">12</X509SerialNumber></xades:IssuerSerial></xades:Cert>'
            "</xades:CertRefs>"
        ),
    ),
}


@pytest.mark.parametrize("place", FINE)
def test_what_the_standards_put_there_stays(signed, sealed, policy, place):
    before, after = FINE[place]
    assert before in signed
    assert vnedoc.verify(signed.replace(before, after, 1).encode(), policy).conclusion is Conclusion.PASSED
    assert seal_findings(parse(sealed.replace(before, after, 1).encode())) == ()


@pytest.mark.parametrize("name", [" {} ", "{}", "&#32;{}", "\n{}"])
def test_an_xml_id_is_read_without_its_spaces(signed, policy, name):
    """xml:id, clause 4: the value is normalised as that of an ID, so it names the same element twice."""
    properties = etree.fromstring(signed.encode()).find(".//{*}SignedProperties").get("Id")
    named = name.format(properties)
    report = vnedoc.verify(
        signed.replace("<Object>", f'<Object xml:id="{named}"></Object><Object>', 1).encode(), policy
    )
    assert "VND-DSIG-013" in codes(report)
    assert report.sub_indication is SubIndication.FORMAT_FAILURE


# --- time stamps over nothing ---------------------------------------------------------------------


def test_a_time_stamp_over_nothing_is_none():
    """Its imprint is that of no octets, which any token over an empty file has."""
    at = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
    pki = FakePki.create(at=at, key="p256")
    person = pki.issue("Nguyễn Thị Thử")
    early = FakeTsa(pki, at=at - dt.timedelta(days=100), chain=True).timestamp(digest(b""), "sha256")
    after = (
        "<UnsignedProperties><UnsignedSignatureProperties><RefsOnlyTimeStamp>"
        f'<CanonicalizationMethod xmlns="{DS}" Algorithm="{EXC_C14N}"></CanonicalizationMethod>'
        f"<EncapsulatedTimeStamp>{base64.b64encode(early).decode()}</EncapsulatedTimeStamp>"
        "</RefsOnlyTimeStamp></UnsignedSignatureProperties></UnsignedProperties>"
    )
    objects = qualifying(TIME + cert_v2(person.der), after=after)
    data = forge_xades(person, objects, DOCUMENT_REFERENCE, PROPERTIES_REFERENCE)
    (one,) = vnedoc.verify(data, pki.policy()).signatures
    assert one.conclusion is Conclusion.PASSED
    warned = [each for each in one.findings if each.code == "VND-SIG-105"]
    assert warned
    assert "VND-DSIG-085" in str([each.facts for each in warned])


# --- keys and certificates of any size ------------------------------------------------------------


def tlv(tag, content):
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets) + content


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


EMPTY = tlv(0x30, b"")


def rsa_key(modulus, exponent):
    oid = bytes.fromhex("06092a864886f70d0101010500")
    return tlv(0x30, tlv(0x30, oid) + tlv(3, b"\0" + tlv(0x30, integer(modulus) + integer(exponent))))


def certificate(number, key=EMPTY, junk=b""):
    return tlv(0x30, tlv(0x30, integer(number) + EMPTY * 4 + key) + junk)


def with_certificates(*certificates, value=b"\1" * 256, properties=""):
    inner = "".join(f"<X509Certificate>{b64(one)}</X509Certificate>{properties}" for one in certificates)
    one = reference(more='Id="ref"').replace("@@", b64(bytes(32)))
    return (
        f'<D><Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{one}</SignedInfo>'
        f"<SignatureValue>{b64(value)}</SignatureValue><KeyInfo><X509Data>{inner}</X509Data></KeyInfo>"
        "</Signature></D>"
    ).encode()


@pytest.mark.parametrize(
    ("bits", "exponent", "code"),
    [
        (8192, 65537, "VND-DSIG-015"),
        (8200, 65537, "VND-DSIG-020"),
        (2048, 2**32 + 1, "VND-DSIG-020"),
    ],
)
def test_a_key_beyond_all_keys_fits_nothing(policy, bits, exponent, code):
    """One check of a value by such a key may take half a second; nobody has to find out."""
    data = with_certificates(certificate(1, rsa_key((1 << (bits - 1)) | 1, exponent)))
    assert codes(vnedoc.verify(data, policy)) >= {code}


def test_a_certificate_beyond_all_certificates_is_none(policy):
    data = with_certificates(certificate(1, rsa_key((1 << 2047) | 1, 65537), tlv(4, bytes(64 * 1024))))
    assert codes(vnedoc.verify(data, policy)) >= {"VND-DSIG-020"}


def test_what_is_said_of_certificates_costs_their_size_once(policy, cpu_time):
    """25 long names, each held against 25 descriptions."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aaa")] * 1500)
    maker = x509.CertificateBuilder(name, name, key.public_key())
    maker = maker.not_valid_before(MOMENT).not_valid_after(MOMENT + dt.timedelta(days=1))
    made = [maker.serial_number(number).sign(key, hashes.SHA256()) for number in range(1, 26)]
    many = [one.public_bytes(Encoding.DER) for one in made]
    assert max(map(len, many)) < 64 * 1024
    said = "</X509Data><X509Data><X509SubjectName>CN=b</X509SubjectName>"
    data = with_certificates(*many, properties=said)
    with cpu_time(seconds(1)):
        assert codes(vnedoc.verify(data, policy)) >= {"VND-DSIG-015"}


def test_hashing_certificates_is_counted(person, policy):
    """A signature names 20 certificates by SHA-512, and carries 20: each is hashed once, and counted."""
    method = f'<DigestMethod xmlns="{DS}" Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
    named = f'<CertDigest>{method}<DigestValue xmlns="{DS}">AAAA</DigestValue></CertDigest>'
    entries = f"<SigningCertificateV2>{f'<Cert>{named}</Cert>' * 20}</SigningCertificateV2>"
    carried = [certificate(n, junk=tlv(4, bytes(60_000))) for n in range(20)]
    data = forge_xades(person, qualifying(TIME + entries), key_info=x509_data(person.der, *carried))
    for allowed, limited in ((1_100_000, True), (1_300_000, False)):
        limits = attrs.evolve(policy.limits, digest_bytes=allowed)
        report = vnedoc.verify(data, attrs.evolve(policy, limits=limits))
        hit = {one.facts.get("limit") for one in report.all_findings() if one.code == "VND-DSIG-002"}
        assert hit == ({"digest_bytes"} if limited else set())


def test_no_cache_keeps_what_is_too_large(policy):
    """Caches live as long as the process, so what they keep is bounded in size as well as in number."""
    before = fields_of.cache_info().currsize
    vnedoc.verify(with_certificates(*(certificate(n, junk=tlv(4, bytes(70_000))) for n in range(20))), policy)
    assert fields_of.cache_info().currsize == before
