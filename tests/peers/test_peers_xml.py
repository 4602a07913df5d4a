"""Independent engines take what we make, and we take what they make."""

import re
import subprocess

import pytest
from dsig_samples import DS, EDXML, ENVELOPED, HEADER, MOMENT, RSA_SHA256, SHA256, edxml_wire, transform
from lxml import etree

import vnedoc
from vnedoc.conformance import to_pem
from vnedoc.edxml import write_file
from vnedoc.model import Conclusion, Level, Wire
from vnedoc.signing import sign_xml
from vnedoc.workflow import seal_file, sign_edxml_file
from vnedoc.xml import C14N, C14N_11, EXC_C14N, EXC_C14N_COMMENTS

pytestmark = pytest.mark.peer

CANONICAL = [C14N, C14N_11, EXC_C14N, EXC_C14N_COMMENTS]


@pytest.fixture(scope="module")
def files(tmp_path_factory, pki, person):
    folder = tmp_path_factory.mktemp("peers")
    (folder / "root.pem").write_bytes(to_pem(pki.root.der))
    (folder / "key.pem").write_bytes(person.pem())
    (folder / "chain.pem").write_bytes(to_pem(person.der) + b"".join(to_pem(one) for one in person.chain))
    (folder / "person.pem").write_bytes(to_pem(person.der))
    return folder


def _xmlsec1(program, files, data, *, good=True):
    target = files / "signed.xml"
    target.write_bytes(data)
    done = subprocess.run(
        [
            program,
            "--verify",
            "--trusted-pem",
            files / "root.pem",
            "--enabled-key-data",
            "x509",
            "--enabled-reference-uris",
            "empty,same-doc",
            "--id-attr:Id",
            "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
            target,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode == 0) is good, done.stderr + done.stdout
    return done.stdout + done.stderr


DOCUMENTS = {
    "edxml": (EDXML.encode(), HEADER),
    "prefixed": (b"<a:x xmlns:a='urn:a' xmlns='urn:d'><a:y xml:lang='vi'> <z/></a:y></a:x>", None),
    "comments": (b"<?x y?><!-- a --><x>1<!-- b -->2<?p q?>\r\n&#13;&amp;<![CDATA[<]]></x>", None),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521"])
def test_xmlsec1_takes_our_signatures(peer, files, pki, person, kind, name):
    credential = person if kind == "rsa" else pki.issue(kind, key=kind)
    document, parent = DOCUMENTS[name]
    signed = sign_xml(Wire.from_bytes(document), credential.signer(), parent=parent).read()
    assert "SignedInfo References (ok/all): 2/2" in _xmlsec1(peer("xmlsec1"), files, signed)


def test_xmlsec1_refuses_what_we_refuse(peer, files, person, check):
    signed = sign_xml(edxml_wire(), person.signer(), parent=HEADER).read()
    for old, new in (
        ("thử nghiệm".encode(), "thử nghiêm".encode()),
        (b"SigningTime>20", b"SigningTime>19"),
        (b'URI=""', b"URI='' "),
    ):
        changed = signed.replace(old, new, 1)
        good = check(changed).conclusion is Conclusion.PASSED
        assert good is (old == b'URI=""')  # the same infoset: not a change
        _xmlsec1(peer("xmlsec1"), files, changed, good=good)


def _template(uri, canonicalization, steps):
    inner = "".join(transform(one) for one in steps)
    return (
        f'<d:Signature xmlns:d="{DS}" Id="s"><d:SignedInfo><d:CanonicalizationMethod '
        f'Algorithm="{canonicalization}"/><d:SignatureMethod Algorithm="{RSA_SHA256}"/>'
        f'<d:Reference URI="{uri}"><d:Transforms xmlns="{DS}">{inner}</d:Transforms>'
        f'<d:DigestMethod Algorithm="{SHA256}"/><d:DigestValue/></d:Reference></d:SignedInfo>'
        f"<d:SignatureValue/><d:KeyInfo><d:X509Data/></d:KeyInfo></d:Signature>"
    )


@pytest.mark.parametrize("canonicalization", CANONICAL)
@pytest.mark.parametrize("method", CANONICAL)
@pytest.mark.parametrize("uri", ["", "#body"])
def test_we_take_the_signatures_of_xmlsec1(peer, files, person, check, canonicalization, method, uri):
    steps = (ENVELOPED, method) if uri == "" else (method,)
    document = EDXML.replace("<edXMLBody>", "<edXMLBody Id='body' xml:lang='vi'><!-- ghi chú -->")
    source = files / "template.xml"
    text = document.replace("</edXMLHeader>", _template(uri, canonicalization, steps) + "</edXMLHeader>")
    source.write_text(text, encoding="utf-8", newline="")
    program = peer("xmlsec1")
    namespace = "http://www.mic.gov.vn/TBT/QCVN_102_2016:edXMLBody"
    keys = f"{files / 'key.pem'},{files / 'person.pem'}"
    subprocess.run(
        [
            program,
            "--sign",
            "--privkey-pem",
            keys,
            "--id-attr:Id",
            namespace,
            "--output",
            files / "out.xml",
            source,
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    data = (files / "out.xml").read_bytes()
    core = check(data)
    assert (core.conclusion, core.level) == (Conclusion.PASSED, Level.BASIC), core.findings
    assert core.certificate == person.der
    assert core.covers_root is (uri == "")
    changed = data.replace(b'href="cid:1"', b'href="cid:2"')
    assert check(changed).conclusion is Conclusion.FAILED


def test_xmlsec1_takes_a_message_that_was_sealed_from_file_to_file(peer, files, pki, person, tmp_path):
    """Three megabytes, in one step and from a message that was written before."""
    (tmp_path / "to.bin").write_bytes(bytes(range(256)) * 12_000)
    message = vnedoc.Envelope(
        sender=vnedoc.Party("H99.1", "Sở Thử nghiệm A"),
        receivers=(vnedoc.Party("H99.2", "Sở Thử nghiệm B"),),
        document_id="H99.1,2026/11/22,15/STNA-VP",
        code=vnedoc.DocumentCode("15", "STNA-VP"),
        date=pki.at.date(),
        type=vnedoc.DocumentType("Công văn"),
        subject="V/v thử <tệp lớn>\r\n&",
        attachments=(
            vnedoc.Attachment(
                name="to.bin", blob=vnedoc.Blob.from_file(tmp_path / "to.bin"), content_id="to"
            ),
        ),
    )
    whole = seal_file(message, person.signer(), tmp_path / "a.edxml", signing_time=pki.at)
    written = write_file(message, tmp_path / "plain.edxml")
    wrapped = re.sub(rb"([A-Za-z0-9+/]{76})", rb"\1\r\n", written.read()[-3_000_000:])
    (tmp_path / "wrapped.edxml").write_bytes(written.read()[:-3_000_000] + wrapped)
    later = sign_edxml_file(
        tmp_path / "wrapped.edxml", person.signer(), tmp_path / "b.edxml", signing_time=pki.at
    )
    for sealed in (whole, later):
        report = vnedoc.verify(sealed, pki.policy(pki.at), acceptance=vnedoc.Acceptance.SEALED)
        assert report.conclusion is Conclusion.PASSED, report.findings
        data = sealed.read()
        assert "SignedInfo References (ok/all): 2/2" in _xmlsec1(peer("xmlsec1"), files, data)
        changed = data[:-1_000_000] + bytes([data[-1_000_000] ^ 1]) + data[-999_999:]
        _xmlsec1(peer("xmlsec1"), files, changed, good=False)


# --- engines in Python ----------------------------------------------------------------------------


def test_python_xmlsec_takes_our_signatures(files, person):
    xmlsec = pytest.importorskip("xmlsec")
    signed = sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER).read()
    tree = etree.fromstring(signed)
    xmlsec.tree.add_ids(tree, ["Id"])
    manager = xmlsec.KeysManager()
    manager.load_cert(
        str(files / "root.pem"), xmlsec.constants.KeyDataFormatPem, xmlsec.constants.KeyDataTypeTrusted
    )
    context = xmlsec.SignatureContext(manager)
    context.verify(tree.find(f".//{{{DS}}}Signature"))


def test_signxml_takes_our_signatures(files, person):
    signxml = pytest.importorskip("signxml")
    from signxml.xades import XAdESVerifier

    signed = sign_xml(edxml_wire(), person.signer(), signing_time=MOMENT, parent=HEADER).read()
    anchors = str(files / "root.pem")
    (first, second) = signxml.XMLVerifier().verify(
        signed,
        x509_cert=(files / "person.pem").read_text(),
        expect_config=signxml.SignatureConfiguration(expect_references=2),
    )
    assert first.signed_xml.tag.endswith("}edXML")
    assert second.signed_xml.tag.endswith("}SignedProperties")
    results = XAdESVerifier().verify(signed, ca_pem_file=anchors, expect_references=2)
    assert any(getattr(one, "signed_properties", None) is not None for one in results)


def test_we_take_the_signatures_of_signxml(person, check):
    signxml = pytest.importorskip("signxml")
    from cryptography.hazmat.primitives.serialization import Encoding

    signer = signxml.XMLSigner(
        c14n_algorithm=signxml.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
    )
    root = etree.fromstring(b"<r:x xmlns:r='urn:r'><y a='1'>n\xe1\xbb\x99i dung</y></r:x>")
    pem = person.certificate.public_bytes(Encoding.PEM).decode()
    signed = etree.tostring(signer.sign(root, key=person.key, cert=pem))
    core = check(signed)
    assert core.conclusion is Conclusion.PASSED, core.findings
    assert core.covers_root
    assert core.certificate == person.der
