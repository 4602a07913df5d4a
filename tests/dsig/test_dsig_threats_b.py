"""Threats B01 to B27: what is signed. Wrapping, identifiers, references, transforms, several signatures."""

import hashlib

import attrs
import pytest
from dsig_attacks import (
    EVIL_SENDER,
    PART,
    SENDER,
    Doors,
    by,
    message,
    put,
    resigned,
    signed,
    swapped,
    wrapping,
)
from dsig_samples import DS, ENVELOPED, EXC_C14N, MOMENT, b64, reference, transform, x509_data
from edxml_making import full_envelope
from lxml import etree

import vnedoc
from vnedoc.conformance import FakePki
from vnedoc.model import Conclusion, Evidence, SubIndication
from vnedoc.xml import C14N

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE
FORMAT, CONSTRAINTS = SubIndication.FORMAT_FAILURE, SubIndication.SIG_CONSTRAINTS_FAILURE
NOT_FOUND, HASH = SubIndication.SIGNED_DATA_NOT_FOUND, SubIndication.HASH_FAILURE
NOT_WHOLE, DOUBLED = "VND-SIG-102", "VND-DSIG-013"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def doors(pki):
    return Doors(pki.policy())


@pytest.fixture(scope="module")
def parts(person):
    """A letter and an edXML message in which one element alone is signed, as other programs do it."""
    letter = f'<Doc>{{}}<Body Id="header-1">{SENDER}</Body></Doc>'
    return signed(person, PART, body=letter), signed(person, PART, body=message())


@pytest.fixture(scope="module")
def seals(person, other):
    """Two messages of ours that differ in their subject, each sealed."""
    file = vnedoc.Attachment(name="a.txt", blob=b"n\xe1\xbb\x99i dung", content_id="1")
    made = attrs.evolve(full_envelope(), business=None, attachments=(file,))
    return tuple(
        vnedoc.seal(attrs.evolve(made, subject=subject), person.signer(), signing_time=MOMENT).read()
        for subject in ("V/v nâng lương", "V/v kỷ luật")
    )


def uri(text):
    return reference(f'URI="{text}"', (EXC_C14N,))


def steps(*transforms):
    """A reference to the whole document with these transforms."""
    return reference('URI=""', (ENVELOPED, *transforms))


# --- wrapping -------------------------------------------------------------------------------------


NOT_ONE = "VND-EDX-010"
"""The reader of messages has refused it before: a second header."""


def wrapped(doors, signatures, how, reason, code, *, of_message=None):
    """The evil element is never the one that is covered, and nobody gets to read it."""
    letter, part = signatures
    loose = attrs.evolve(doors.policy, whole_document=False)
    doors.passed(letter, loose)  # it covers the body; the default policy wants more
    report = doors.failed(wrapping(letter, how, "Body"), reason, code)
    assert len(report.signatures) == 1
    in_message = wrapping(part, how, "edXML:MessageHeader")
    doors.failed(in_message, FORMAT if of_message else reason, of_message or code)
    for data in (wrapping(letter, how, "Body"), in_message):
        assert EVIL_SENDER.encode() in data
        for policy in (doors.policy, loose):
            for covered in (each for one in doors.verify(data, policy).signatures for each in one.covers):
                (node,) = at_path(data, covered.node)
                assert node.get("Id") == "header-1"
                assert EVIL_SENDER not in "".join(node.itertext())


def at_path(data, path):
    """Give the elements at a path of local names."""
    parts = [one.partition("[") for one in path.strip("/").split("/")]
    found = "".join(f"/*[local-name()='{name}']{mark}{place}" for name, mark, place in parts)
    return etree.fromstring(data).xpath(found)


def test_b01_the_original_inside_the_signature(doors, parts):
    wrapped(doors, parts, "XSW1", CONSTRAINTS, NOT_WHOLE)


def test_b02_the_original_beside_the_evil_one(doors, parts):
    wrapped(doors, parts, "XSW2", CONSTRAINTS, NOT_WHOLE, of_message=NOT_ONE)


def test_b03_the_evil_one_before_and_the_original_after_the_signature(doors, parts):
    wrapped(doors, parts, "XSW3", CONSTRAINTS, NOT_WHOLE, of_message=NOT_ONE)


def test_b04_the_original_inside_the_evil_one(doors, parts):
    wrapped(doors, parts, "XSW4", CONSTRAINTS, NOT_WHOLE)


def test_b05_the_evil_one_under_the_same_identifier(doors, parts):
    wrapped(doors, parts, "XSW5", FORMAT, DOUBLED, of_message=NOT_ONE)


def test_b06_the_same_identifier_and_the_original_inside_the_signature(doors, parts):
    wrapped(doors, parts, "XSW6", FORMAT, DOUBLED)


def test_b07_the_evil_one_in_an_extension(doors, parts):
    wrapped(doors, parts, "XSW7", FORMAT, DOUBLED)


def test_b08_the_signature_with_the_original_in_an_extension(doors, parts):
    wrapped(doors, parts, "XSW8", CONSTRAINTS, NOT_WHOLE)


def test_b09_the_original_parked_under_an_unknown_header(doors, parts):
    wrapped(doors, parts, "parked", CONSTRAINTS, NOT_WHOLE)


# --- identifiers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False])
def test_b10_two_elements_of_one_identifier(doors, person, first):
    data = signed(person, uri("#body"))
    evil = "<Body Id='body'>khác</Body>"
    data = swapped(data, "<Doc>", f"<Doc>{evil}") if first else swapped(data, "</Doc>", f"{evil}</Doc>")
    report = doors.failed(data, FORMAT, DOUBLED)
    assert report.signatures[0].covers == ()


@pytest.mark.parametrize("name", ["ID", "id", "xml:id", "w:Id"])
def test_b11_one_value_under_several_names(doors, person, name):
    data = signed(person, uri("#body"), body="<Doc xmlns:w='urn:w'>{}<Body Id='body'/></Doc>")
    doors.failed(swapped(data, "</Doc>", f"<Body {name}='body'>khác</Body></Doc>"), FORMAT, DOUBLED)


def test_b12_an_identifier_is_no_expression(doors, person):
    for text in ("#x' or '1'='1", "#body'][1]", "#*", "#a|//b"):
        report = doors.failed(signed(person, uri(text)), FORMAT, "VND-DSIG-011")
        assert report.signatures[0].covers == ()


def test_b13_an_xpointer_in_general(doors, person):
    for text in ("#xpointer(//*[@Id])", "#xpointer(/Doc/Body)", "#element(/1/2)", "#xmlns(a=b) xpointer(/)"):
        doors.failed(signed(person, uri(text)), FORMAT, "VND-DSIG-011")


# --- references -----------------------------------------------------------------------------------


def test_b14_nothing_is_named(doors, person):
    doors.failed(signed(person, reference("", (EXC_C14N,))), NOT_FOUND, "VND-DSIG-010")
    doors.failed(signed(person, uri("#khong-co")), NOT_FOUND, "VND-DSIG-012")
    for name in ("sig", "trong"):  # less the signature, nothing is left of either
        data = signed(person, uri(f"#{name}"), objects="<Object Id='trong'>nội dung</Object>")
        less = swapped(data, "<Transforms>", f"<Transforms>{transform(ENVELOPED)}")
        doors.failed(resigned(less, by(person)), FORMAT, "VND-DSIG-009")


def test_b15_only_a_part_of_the_signature_itself_is_signed(doors, person):
    in_object = signed(person, uri("#o"), objects="<Object Id='o'>vô nghĩa</Object>")
    doors.failed(in_object, CONSTRAINTS, NOT_WHOLE)
    named = x509_data(person.der, *person.chain).replace("<KeyInfo>", "<KeyInfo Id='k'>")
    doors.failed(signed(person, uri("#k"), key_info=named), CONSTRAINTS, NOT_WHOLE)


def test_b16_a_sender_that_nobody_signed(doors, person):
    """What is covered is said, and a header outside of it is never handed out."""
    text = message().replace('<edXML:edXMLManifest version="1.0">', '<edXML:edXMLManifest Id="m">')
    data = signed(person, uri("#m"), body=text)
    assert b"000.00.01.Z99" in data
    report = doors.failed(data.replace(b"000.00.01.Z99", EVIL_SENDER.encode()), CONSTRAINTS, NOT_WHOLE)
    (one,) = report.signatures
    assert [each.node.rpartition("/")[2] for each in one.covers] == ["edXMLManifest"]
    (finding,) = [each for each in one.findings if each.code == NOT_WHOLE]
    assert finding.facts["covers"] == ['URI="#m"']


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/hostname",
        "/etc/hostname",
        "hostname",
        "http://127.0.0.1:9/x",
        "https://127.0.0.1:9/x#body",
        "//127.0.0.1/share/x",
        "ftp://127.0.0.1/x",
        "data:,x",
        "cid:1",
    ],
)
def test_b17_nothing_outside_of_the_file_is_read(doors, person, text):
    doors.failed(signed(person, uri(text)), NOT_FOUND, "VND-DSIG-010")


# --- transforms -----------------------------------------------------------------------------------


def test_b18_an_expression_that_leaves_the_body_out(doors, person):
    out = transform(XPATH, "<XPath>not(ancestor-or-self::Body)</XPath>")
    less = transform(FILTER, f'<XPath xmlns="{FILTER}" Filter="subtract">//Body</XPath>')
    for step in (out, less):
        for order in ((step, EXC_C14N), (EXC_C14N, step), (step,)):
            report = doors.failed(signed(person, steps(*order)), CONSTRAINTS, "VND-DSIG-007")
            assert report.signatures[0].covers == ()


SHEET = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="/">{}</xsl:template></xsl:stylesheet>'
)


@pytest.mark.parametrize(
    "inside",
    [
        "hằng số",
        "<xsl:copy-of select=\"document('file:///etc/hostname')\"/>",
        "<xsl:copy-of select=\"document('http://127.0.0.1:9/x')\"/>",
        '<xsl:apply-templates select="/"/>',
        "<xsl:for-each select='//*'><xsl:for-each select='//*'>x</xsl:for-each></xsl:for-each>",
    ],
)
def test_b19_a_style_sheet_is_never_run(doors, person, inside):
    data = signed(person, steps(transform(XSLT, SHEET.format(inside)), EXC_C14N))
    doors.failed(data, CONSTRAINTS, "VND-DSIG-007")


def test_b20_an_expression_that_never_ends(doors, person):
    deep = "count(//.)>" + "count(//.[" * 6 + "count(//.)>0" + "])>0" * 6
    body = "<Doc>{}" + "<a/>" * 400 + "</Doc>"
    for step in (
        transform(XPATH, f"<XPath>{deep.replace('>', '&gt;')}</XPath>"),
        transform(FILTER, f'<XPath xmlns="{FILTER}" Filter="union">{deep.replace(">", "&gt;")}</XPath>'),
    ):
        doors.failed(signed(person, steps(step), body=body), CONSTRAINTS, "VND-DSIG-007")


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/2002/07/decrypt#XML",
        "http://www.w3.org/2002/07/decrypt#Binary",
        "urn:khong-ai-biet",
        EXC_C14N + "x",
        C14N.upper(),
    ],
)
def test_b21_a_transform_that_is_not_known_is_not_skipped(doors, person, algorithm):
    report = doors.undecided(signed(person, steps(algorithm)), NOT_FOUND, "VND-DSIG-008")
    assert report.signatures[0].covers == ()


def test_b22_floods_are_refused_by_their_count(doors, person):
    certificate = "<X509Certificate>AAAA</X509Certificate>"
    floods = {
        "transforms": signed(person, steps(*[EXC_C14N] * 1000)),
        "references": swapped(
            signed(person), "</SignedInfo>", steps(EXC_C14N).replace("@@", "AAAA") * 2000 + "</SignedInfo>"
        ),
        "certificates": swapped(signed(person), "</X509Data>", certificate * 2001 + "</X509Data>"),
    }
    for limit, data in floods.items():
        report = doors.failed(data, FORMAT, "VND-DSIG-002")
        (one,) = report.signatures
        assert [each.facts["limit"] for each in one.findings if each.code == "VND-DSIG-002"] == [limit]
        assert one.covers == ()
        assert one.signer is None


def test_b18_a_decoding_step_is_forbidden_too(doors, person):
    doors.failed(signed(person, steps(DS + "base64")), CONSTRAINTS, "VND-DSIG-007")


def test_b23_a_manifest_is_checked_to_the_last_digest(doors, person):
    """DSS, XSW-enveloping-fake-manifest: the outer digest is right, and an inner one is not."""
    inner = digested(uri("#body"), '<Body Id="body">nội dung</Body>')
    manifest = f'<Object><Manifest Id="m">{inner}</Manifest></Object>'
    outer = reference('URI="#m"', (EXC_C14N,), more=f'Type="{DS}Manifest"')
    body = '<Doc>{}<Body Id="body">nội dung</Body></Doc>'
    sound = signed(person, reference(), outer, objects=manifest, body=body)
    doors.passed(sound)
    broken = signed(
        person, reference(), outer, objects=manifest, body=body.replace("nội dung", "nội dung khác")
    )
    report = doors.failed(broken, HASH, "VND-DSIG-014")
    assert report.signatures[0].signer.certificate == person.der


def digested(text, octets):
    """Give a reference with the digest of these octets, which are canonical."""
    return text.replace("@@", b64(hashlib.sha256(octets.encode()).digest()))


# --- several signatures ---------------------------------------------------------------------------


def test_b24_a_signature_in_another_document(doors, seals):
    first, second = seals
    doors.passed(first)
    start, end = first.index(b"<Signature "), first.index(b"</Signature>")
    there = slice(second.index(b"<Signature "), second.index(b"</Signature>"))
    moved = second[: there.start] + first[start:end] + second[there.stop :]
    report = doors.failed(moved, HASH, "VND-DSIG-014")
    (finding,) = [one for one in report.signatures[0].findings if one.code == "VND-DSIG-014"]
    assert finding.facts["node"] == "/edXML"


def test_b25_a_good_signature_inside_that_of_the_attacker(doors, person):
    attacker = FakePki.create(name="Kẻ giả mạo", key="p256").issue("Kẻ giả mạo")
    genuine = signed(person, reference('URI="#doc"'), body="<Doc Id='doc'>{}<Body>thật</Body></Doc>")
    for holder in ("<Object>{}</Object>", "<Object Id='o'>{}</Object>"):
        objects = holder.format(genuine.decode())
        data = signed(attacker, body="<Doc>{}<Body>giả</Body></Doc>", objects=objects)
        report = doors.verify(data)
        assert [one.conclusion for one in report.signatures] == [FAILED, FAILED]
        assert report.conclusion is FAILED
        outer, inner = report.signatures
        assert outer.signer is None or outer.signer.certificate == attacker.der
        assert inner.signer.certificate == person.der
        assert all("/Object/Doc" in one.node for one in inner.covers)


def test_b26_each_signature_has_its_verdict_and_all_must_pass(doors, person):
    attacker = FakePki.create(name="Không ai tin", key="p256").issue("Không ai tin")
    inner = signed(attacker, reference('URI="#body"', (EXC_C14N,))).decode()
    second = inner[inner.index("<Signature ") : inner.index("<Body")].replace('"sig"', '"sig-2"')
    data = signed(person, body=f"<Doc>{second}{{}}<Body Id='body'>nội dung</Body></Doc>")
    report = doors.verify(data)
    assert report.conclusion is FAILED
    bad, good = report.signatures
    assert (good.conclusion, good.signer.certificate) == (PASSED, person.der)
    assert (bad.conclusion, bad.sub_indication) == (FAILED, CONSTRAINTS)
    assert {"VND-TRUST-010", NOT_WHOLE} <= {one.code for one in bad.findings}


@pytest.mark.parametrize("namespace", [DS.rstrip("#"), DS.upper(), DS.replace("www", "WWW"), DS + "%20"])
def test_b27_a_namespace_that_looks_right_makes_no_signature(doors, seals, namespace):
    """What is no Signature proves nothing: the message counts as unsigned, and is not handed out."""
    data = swapped(seals[0], f'<Signature xmlns="{DS}"', f'<Signature xmlns="{namespace}"')
    report = doors.undecided(data, SubIndication.NO_SIGNATURE, "VND-FLOW-010")
    assert report.signatures == ()


def test_b27_a_namespace_with_white_space_is_no_name(doors, seals):
    for namespace in (DS + " ", " " + DS, DS + "&#10;", DS + "#"):
        data = swapped(seals[0], f'<Signature xmlns="{DS}"', f'<Signature xmlns="{namespace}"')
        doors.failed(data, FORMAT, "VND-XML-001")


def test_b27_a_signature_of_another_vocabulary_is_named(doors, seals):
    foreign = '<x:Signature xmlns:x="http://www.mic.gov.vn/TBT/QCVN_102_2016"/>'
    report = doors.failed(put(seals[0], "</edXML>", foreign), HASH, "VND-FLOW-011")
    assert len(report.signatures) == 1


def test_sound_seals_are_taken(doors, seals, person):
    """The other half: what none of the attacks above has touched passes and is handed out."""
    for data in seals:
        report = doors.passed(data)
        assert report.signatures[0].signer.certificate == person.der
        assert vnedoc.open_sealed(data, doors.policy).evidence is Evidence.PROVEN
