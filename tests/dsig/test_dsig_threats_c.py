"""Threats C01 to C14: SignedInfo, digests and canonical forms."""

import hashlib

import attrs
import pytest
from dsig_attacks import Doors, by, content_of, element, put, replaced, resigned, signed, swapped
from dsig_samples import ENVELOPED, MOMENT, RSA_SHA256, SHA256, b64, reference
from edxml_making import full_envelope

import vnedoc
from vnedoc.model import SubIndication
from vnedoc.xml import C14N, C14N_COMMENTS, EXC_C14N, EXC_C14N_COMMENTS

FORMAT, CONSTRAINTS = SubIndication.FORMAT_FAILURE, SubIndication.SIG_CONSTRAINTS_FAILURE
HASH, VALUE = SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE
WEAK = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
GRAMMAR, NO_TEXT, WRONG_DIGEST, WRONG_VALUE = "VND-DSIG-001", "VND-XML-031", "VND-DSIG-014", "VND-DSIG-015"
EVIL_DIGEST, EMPTY = (b64(hashlib.sha256(one).digest()) for one in (b"khac", b""))
CONTENT = "nội dung tệp kèm theo".encode()
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def doors(pki):
    return Doors(pki.policy())


@pytest.fixture(scope="module")
def seal(person):
    """A message of ours with its seal."""
    file = vnedoc.Attachment(name="a.txt", blob=CONTENT, content_id="1")
    made = attrs.evolve(full_envelope(), business=None, attachments=(file,))
    return vnedoc.seal(made, person.signer(), signing_time=MOMENT).read()


@pytest.fixture(scope="module")
def letter(person):
    """A letter signed as other programs do it."""
    return signed(person)


# --- SignedInfo -----------------------------------------------------------------------------------


def evil_info(data):
    """A SignedInfo with the digest of another content, as an attacker writes it."""
    return element(
        replaced(data, "DigestValue", b64(hashlib.sha256(b"khac").digest()).encode()), "SignedInfo"
    )


def test_c01_two_signed_infos(doors, letter, seal):
    for data in (letter, seal):
        evil = evil_info(data)
        before, after = put(data, "<SignedInfo", evil), put(data, "<SignatureValue>", evil)
        for one in (before, after, put(data, "<KeyInfo>", evil), put(data, "</Signature>", evil)):
            report = doors.failed(one, FORMAT, GRAMMAR)
            assert report.signatures[0].signer is None


def test_c02_a_signed_info_inside_an_object(doors, letter, seal):
    for data in (letter, seal):
        evil = f"<Object>{evil_info(data)}</Object>"
        doors.failed(put(data, "<SignedInfo", evil), FORMAT, GRAMMAR)
        report = doors.failed(put(data, "</Signature>", evil), CONSTRAINTS, "VND-SIG-013")
        # what is covered is what the direct child says
        known = [one.digest for one in doors.verify(data).signatures[0].covers]
        assert [one.digest for one in report.signatures[0].covers] == known


# --- text that two readers read in two ways -------------------------------------------------------

HIDDEN = ["<!-- {} -->", "<?x {}?>", "<![CDATA[]]><!--{}-->"]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_c03_a_digest_in_a_comment(doors, letter, seal, hidden):
    """Exclusive C14N without comments leaves the comment out of what is signed: the value stays right."""
    for data in (letter, seal):
        real = content_of(data, "DigestValue").decode()
        evil = EVIL_DIGEST
        for inside in (hidden.format(evil) + real, real + hidden.format(evil), evil + hidden.format(real)):
            report = doors.failed(replaced(data, "DigestValue", inside.encode()), FORMAT, NO_TEXT)
            assert report.signatures[0].covers == ()


@pytest.mark.parametrize("name", ["SignatureValue", "X509Certificate"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_c04_comments_in_the_value_and_in_a_certificate(doors, letter, seal, name, hidden):
    for data in (letter, seal):
        real = content_of(data, name).decode()
        for inside in (hidden.format("AAAA") + real, real[:40] + hidden.format("AAAA") + real[40:]):
            doors.failed(replaced(data, name, inside.encode()), FORMAT, NO_TEXT)


def test_c05_a_comment_cuts_a_name_short(doors, seal, letter):
    """The seal stays right, since comments are left out of it; so the reader must refuse."""
    data = swapped(seal, ">000.00.01.Z99<", ">000.00.01.Z99<!---->.evil.example<")
    doors.failed(data, FORMAT, NO_TEXT)
    silent = swapped(seal, "000.00.01.Z99", "000.00.01<!-- -->.Z99")
    doors.failed(silent, FORMAT, NO_TEXT)
    # a letter is judged and not read: what was signed is unchanged, and what is covered has no comment
    octets = [
        doors.passed(one).signatures[0].covers[0] for one in (letter, swapped(letter, "dung", "du<!-- -->ng"))
    ]
    assert octets[0] == octets[1]


def test_c06_an_instruction_in_a_value(doors, seal, letter):
    """C14N keeps instructions, so that the digest is wrong."""
    for mark in ("<?x?>", "<?x y?>"):
        doors.failed(swapped(letter, "dung", f"du{mark}ng"), HASH, WRONG_DIGEST)
        doors.failed(swapped(seal, ".Z99<", f".Z{mark}99<"), FORMAT, NO_TEXT)


def test_c07_cdata_changes_nothing(doors, seal):
    data = swapped(seal, "000.00.01.Z99", "000.00.01<![CDATA[]]>.Z99")
    doors.passed(data)
    assert vnedoc.open_sealed(data, doors.policy).message.sender.organ_id.value == "000.00.01.Z99"
    split = swapped(seal, ">000.00.01.Z99<", "><![CDATA[000.00.01]]><![CDATA[.Z99]]><")
    doors.passed(split)
    assert vnedoc.open_sealed(split, doors.policy).message.sender.organ_id.value == "000.00.01.Z99"


# --- canonical forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [C14N, EXC_C14N, C14N_COMMENTS])
def test_c08_no_canonical_form_is_not_an_empty_one(doors, person, method):
    """A failure that is taken for "" would verify the digest of nothing (CVE-2025-66568)."""
    body = "<Doc>{}<r:B xmlns:r='urn:r'/></Doc>"
    data = signed(person, reference('URI=""', (ENVELOPED, method)), body=body)
    void = resigned(replaced(data, "DigestValue", EMPTY.encode()), by(person))
    doors.failed(void, HASH, WRONG_DIGEST)
    report = doors.failed(swapped(void, "urn:r", "tuong-doi"), FORMAT, "VND-XML-030")
    assert report.signatures[0].covers == ()


def test_c08_a_signed_info_without_canonical_form(doors, person):
    for method in (C14N, EXC_C14N):
        data = signed(person, canonicalization=method, body="<Doc xmlns:r='urn:r'>{}</Doc>")
        doors.passed(data)
        report = doors.failed(swapped(data, "urn:r", "tuong-doi"), FORMAT, "VND-XML-030")
        assert report.signatures[0].signer is None


def test_c09_comments_follow_the_form_of_the_uri(doors, person):
    """XMLDSig 1.1, 4.4.3.3: for "" and #id comments leave before any transform, whatever it is called."""
    body = "<Doc Id='doc'>{}<!-- ghi chú --><Body>nội dung</Body></Doc>"
    for method in (EXC_C14N_COMMENTS, C14N_COMMENTS):
        for uri, counts in (("", False), ("#doc", False), ("#xpointer(/)", True)):
            data = signed(person, reference(f'URI="{uri}"', (ENVELOPED, method)), body=body)
            doors.passed(data)
            changed = swapped(data, "ghi chú", "khác")
            if counts:
                doors.failed(changed, HASH, WRONG_DIGEST)
            else:
                doors.passed(changed)


def test_c09_inclusive_form_in_another_context(doors, person):
    """The namespaces of the ancestors belong to it; in the exclusive form those not used do not."""
    for method, moves in ((C14N, False), (EXC_C14N, True)):
        data = signed(person, reference('URI="#body"', (method,)))
        loose = attrs.evolve(doors.policy, whole_document=False)
        doors.passed(data, loose)
        moved = swapped(data, "<Doc>", "<Doc xmlns:la='urn:la'>")
        if moves:
            doors.passed(moved, loose)
        else:
            doors.failed(moved, HASH, WRONG_DIGEST, policy=loose)


@pytest.mark.parametrize("name", ["urn:khong-ai-biet", RSA_SHA256.upper(), " " + SHA256, ""])
@pytest.mark.parametrize(
    ("method", "code"),
    [("DigestMethod", "VND-DSIG-003"), ("SignatureMethod", "VND-DSIG-004")],
)
def test_c10_algorithms_that_are_not_known(doors, person, letter, name, method, code):
    marked = f'<{method} Algorithm="'
    start = letter.index(marked.encode()) + len(marked)
    known = letter[start : letter.index(b'"', start)].decode()
    data = resigned(swapped(letter, f'{marked}{known}"', f'{marked}{name}"'), by(person))
    if name:
        doors.undecided(data, WEAK, code)
    else:
        doors.failed(data, FORMAT, GRAMMAR)


def test_c10_a_canonical_form_that_is_not_known(doors, person, letter):
    for name, code in (("urn:khong-ai-biet", "VND-DSIG-006"), (ENVELOPED, "VND-DSIG-006"), ("", GRAMMAR)):
        marked = '<CanonicalizationMethod Algorithm="'
        data = swapped(letter, f'{marked}{EXC_C14N}"', f'{marked}{name}"')
        if name:
            doors.undecided(data, SubIndication.SIGNED_DATA_NOT_FOUND, code)
        else:
            doors.failed(data, FORMAT, code)


# --- digests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_c11_every_reference_counts_and_names_its_node(doors, person, wrong):
    body = "<Doc>{}" + "".join(f"<P Id='p{one}'>phần {one}</P>" for one in range(3)) + "</Doc>"
    references = [reference(f'URI="#p{one}"', (EXC_C14N,)) for one in range(3)]
    data = swapped(signed(person, *references, body=body), f"phần {wrong}", "khác")
    report = doors.failed(data, HASH, WRONG_DIGEST)
    (one,) = report.signatures
    (finding,) = [each for each in one.findings if each.code == WRONG_DIGEST]
    assert finding.facts == {"uri": f"#p{wrong}", "node": f"/Doc/P[{wrong + 1}]"}
    assert [each.node for each in one.covers] == [f"/Doc/P[{n + 1}]" for n in range(3) if n != wrong]


CHANGES = {
    "text": ("Nội dung thử", "Nội dung khử"),
    "attribute": ('edXMLManifest version="', 'edXMLManifest version="1'),
    "white space": ("\n  <", "\n   <"),
    "attachment": (b64(CONTENT), b64(CONTENT[:-1] + b"x")),
    "element": ("</AttachmentEncoded>", "<x/></AttachmentEncoded>"),
    "namespace": ('<edXML xmlns="', '<edXML xmlns:a="urn:a" a:b="" xmlns="'),
    "instruction": ("</edXML>", "<?x?></edXML>"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_c12_what_is_changed_after_signing(doors, seal, what):
    report = doors.failed(swapped(seal, *CHANGES[what]), HASH, WRONG_DIGEST)
    assert all(one.node != "/edXML" for one in report.signatures[0].covers)


def test_c13_a_new_digest_that_nobody_signed(doors, person, letter):
    other = signed(person, body="<Doc>{}<Body Id='body'>khác</Body></Doc>")
    data = replaced(swapped(letter, "nội dung", "khác"), "DigestValue", content_of(other, "DigestValue"))
    report = doors.failed(data, VALUE, WRONG_VALUE)
    assert report.signatures[0].signer is None
    assert report.signatures[0].covers == ()
    for kept, replacement in (("SignatureMethod", "ecdsa-sha256"), ("Reference", "khac")):
        changed = swapped(letter, f"<{kept} ", f'<{kept} Id="{replacement}" ')
        doors.failed(changed, VALUE, WRONG_VALUE)


def test_c14_base64_is_strict_but_for_white_space(doors, letter, seal):
    for data in (letter, seal):
        for name in ("SignatureValue", "X509Certificate"):
            real = content_of(data, name).decode()
            lines = "\n".join(real[at : at + 64] for at in range(0, len(real), 64))
            doors.passed(replaced(data, name, f"\n {lines}\t\r\n".encode()))
            for cut, junk in ((8, "*"), (8, "-"), (len(real), "="), (len(real), "\u00a0"), (0, "&#173;")):
                odd = (real[:cut] + junk + real[cut:]).encode()
                report = doors.failed(replaced(data, name, odd), FORMAT, "VND-XML-032")
                assert report.signatures[0].covers == ()
    value = content_of(letter, "SignatureValue").decode()
    assert value.endswith("==")
    twin = chr(ord(value[-3]) + 1)  # the same octets, with bits set that belong to none
    doors.failed(replaced(letter, "SignatureValue", f"{value[:-3]}{twin}==".encode()), FORMAT, "VND-XML-032")
