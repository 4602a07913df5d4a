"""What the reports say a signature covers: never more than was proven, and a part is called a part."""

import re

import attrs
import lxml.etree
import pytest
from level_builders import AT, CONTENT, LATER, at_level, lists, person, pki, resolver, signed

from vnedoc import verify
from vnedoc.dsig import find_signatures
from vnedoc.model import (
    Acceptance,
    Conclusion,
    Covered,
    FileKind,
    Finding,
    Report,
    SignatureFormat,
    SignatureReport,
    Wire,
)
from vnedoc.report import (
    Inspected,
    PresentSignature,
    explain,
    explains,
    inspect_to_text,
    to_html,
    to_text,
)
from vnedoc.report._coverage import Part, pieces_of
from vnedoc.signing import XmlForm, counter_sign_xml, sign_xml
from vnedoc.verification import Policy
from vnedoc.xml import parse

INVOICE = b"<HDon>\n <DLHDon Id='data'><SHDon>12</SHDon></DLHDon>\n <DSCKS/></HDon>\n"
LANGUAGES = pytest.mark.parametrize("lang", ["vi", "en"])
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
PROPERTIES = Covered("/a/Signature/Object/QualifyingProperties/SignedProperties", 'URI="#p"', 9)
REST = {"vi": "phần còn lại của tệp không được ai ký", "en": "nobody signed the rest of the file"}
SIGNS = {"vi": "Ký lên", "en": "Signs"}


def signature(*covers, **changes):
    values = {
        "id": "s1",
        "where": "document",
        "conclusion": Conclusion.PASSED,
        "format": SignatureFormat.XADES,
        "covers": covers,
    }
    return SignatureReport(**{**values, **changes})


def report(*signatures, **changes):
    values = {
        "kind": FileKind.XML,
        "conclusion": Conclusion.PASSED,
        "signatures": signatures,
        "covers": "element",
    }
    return Report(**{**values, **changes})


def judged(data, *, whole=True, content=None):
    strict = Policy.strict(trust=pki().trust(), revocation=lists(), at=LATER)
    return verify(data, policy=attrs.evolve(strict, whole_document=whole), resolver=content)


def said(result, lang, number=0):
    """Give what text says that a signature signs, and prove that the page says the same."""
    lines = re.findall(rf"^    {SIGNS[lang]}: (.*)$", to_text([result], lang), re.MULTILINE)
    page = lxml.etree.fromstring(to_html([result], lang).split("\n", 1)[1].encode())
    terms = [one.getnext() for one in page.iter("dt") if one.text == SIGNS[lang]]
    assert ["".join(one.itertext()) for one in terms] == lines
    return lines[number]


# --- signatures that were made and judged -----------------------------------------------------------


@LANGUAGES
def test_a_signature_over_the_whole_says_so(lang):
    whole = {"vi": "toàn văn bản", "en": "the document"}[lang]
    for rule in (True, False):
        result = judged(signed().read(), whole=rule)
        assert said(result, lang) == whole
        assert REST[lang] not in to_text([result], lang) + to_html([result], lang)
    assert said(judged(at_level("B-LTA").read()), lang) == whole


@LANGUAGES
def test_a_signature_over_a_part_names_it(lang):
    data = sign_xml(
        Wire.from_bytes(INVOICE), person().signer(), signing_time=AT, form=XmlForm(reference="#data")
    ).read()
    part = {"vi": "một phần: /HDon/DLHDon (#data)", "en": "a part only: /HDon/DLHDon (#data)"}[lang]
    noted = {"vi": "ĐẠT, có lưu ý", "en": "PASSED, with notes"}[lang]
    allowed, strict = judged(data, whole=False), judged(data)
    assert (allowed.conclusion, strict.conclusion) == (Conclusion.PASSED, Conclusion.FAILED)
    for result in (allowed, strict):
        assert said(result, lang) == part
    for shown in (to_text([allowed], lang), to_html([allowed], lang)):
        assert noted in shown
        assert f"/HDon/DLHDon (#data); {REST[lang]}" in shown
    page = lxml.etree.fromstring(to_html([allowed], lang).split("\n", 1)[1].encode())
    assert REST[lang] in page.findtext(".//div[@class='verdict PASSED']/div/p[@class='note']")
    assert REST[lang] not in to_text([strict], lang) + to_html([strict], lang)


@LANGUAGES
def test_another_file_is_named(lang):
    outside = {"vi": "tệp bên ngoài cong-van.xml", "en": "the outside file cong-van.xml"}[lang]
    absent = {"vi": "cong-van.xml: không có ở đây", "en": "cong-van.xml: not at hand"}[lang]
    nothing = {"vi": "chưa chứng minh được phần nào", "en": "nothing proven"}[lang]
    data = signed("detached").read()
    for rule in (True, False):
        found = judged(data, whole=rule, content=resolver)
        assert found.conclusion is Conclusion.PASSED
        assert said(found, lang) == outside
        assert REST[lang] not in to_text([found], lang)
    missing = judged(data)
    assert said(missing, lang) == nothing
    assert absent in to_text([missing], lang)


@LANGUAGES
def test_a_counter_signature_is_about_another_signature(lang):
    first = sign_xml(
        Wire.from_bytes(CONTENT), person().signer(), signing_time=AT, form=XmlForm(value_id=True)
    )
    (found,) = find_signatures(parse(first.read()))
    both = counter_sign_xml(first, person().signer(), signature_id=found.get("Id"), signing_time=AT)
    words = {
        "vi": "xác nhận chữ ký khác (/congVan/Signature)",
        "en": "another signature, as a counter-signature (/congVan/Signature)",
    }
    for rule in (True, False):
        result = judged(both.read(), whole=rule)
        assert said(result, lang, 1) == words[lang]
        assert REST[lang] not in to_text([result], lang)


@LANGUAGES
def test_what_was_changed_stands_among_what_is_signed(lang):
    changed = at_level("B-LTA").read().replace("thử nghiệm".encode(), "đã sửa".encode())
    result = judged(changed)
    assert result.conclusion is Conclusion.FAILED
    text = to_text([result], lang)
    wrong = {"vi": "/congVan: không khớp", "en": "/congVan: does not match"}[lang]
    own = {"vi": "Dữ liệu của chính chữ ký", "en": "The signature&#x27;s own data"}[lang]
    lines = text.splitlines()
    at = lines.index(f"      {wrong}")
    assert lines[at + 1].strip().rstrip(":") == own.replace("&#x27;", "'")
    assert "SignedProperties" in lines[at + 2]
    page = to_html([result], lang)
    assert wrong.replace("/congVan", "<code>/congVan</code>") in page
    assert f"<details><summary>{own}</summary>" in page
    assert page.index("SignedProperties") > page.index(f"<summary>{own}")


@LANGUAGES
def test_what_is_only_good_to_know_is_folded_and_its_paths_are_short(lang):
    page = to_html([judged(at_level("B-LTA").read())], lang)
    root = lxml.etree.fromstring(page.split("\n", 1)[1].encode())
    folded = [one for one in root.iter("details") if one.find(".//li[@class='info']") is not None]
    assert len(folded) == 1
    assert len(root.findall(".//li[@class='info']")) == 2 == len(folded[0].findall(".//li"))
    assert "(2)" in folded[0].findtext("summary")
    places = [one for one in folded[0].iter("code") if one.get("title")]
    assert {one.text for one in places} == {
        "…/ArchiveTimeStamp/EncapsulatedTimeStamp",
        "…/SignatureTimeStamp/EncapsulatedTimeStamp",
    }
    for one in places:
        assert one.get("title").startswith("/congVan/Signature/Object/")
    assert "<table" not in page
    warned = report(signature(findings=(Finding.warning("VND-DSIG-014", uri="", node="/a"),)))
    assert "<details>" not in to_html([warned], lang)


# --- what nothing but the report says ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "part"),
    [
        (Covered("/a", 'URI=""', transforms=(ENVELOPED, C14N)), Part.WHOLE),
        (Covered("/a", 'URI="#x"', transforms=(C14N,)), Part.WHOLE),
        (Covered("/a", 'URI=""', transforms=(ENVELOPED, BASE64)), Part.PART),
        (Covered("/a/b[2]", 'URI="#x"'), Part.PART),
        (Covered("/a/SignedProperties", 'URI="#x"'), Part.PART),
        (Covered("/a/SignatureValue", 'URI="#x"'), Part.PART),
        (PROPERTIES, Part.OWN),
        (Covered("/a/Signature[2]/KeyInfo", 'URI="#k"'), Part.OWN),
        (Covered("/a/Signature[2]/SignatureValue", 'URI="#v"'), Part.COUNTER),
        (Covered("/Signature/Object", 'URI="#o"'), Part.ENVELOPED),
        (Covered("letter.pdf", 'URI="letter.pdf"'), Part.OUTSIDE),
        (Covered("/srv/letter.pdf", 'URI="/srv/letter.pdf"'), Part.OUTSIDE),
        (Covered("detached", "no URI"), Part.OUTSIDE),
        (Covered("detached"), Part.OUTSIDE),
    ],
)
def test_each_piece_is_known_for_what_it_is(covered, part):
    (piece,) = pieces_of(signature(covered))
    assert piece.part is part


def test_a_finding_that_the_whole_is_not_covered_is_believed():
    root = Covered("/a", 'URI=""')
    (piece,) = pieces_of(signature(root, findings=(Finding.error("VND-SIG-102", covers=[]),)))
    assert piece.part is Part.PART


def test_other_formats_keep_their_words():
    (piece,) = pieces_of(signature(Covered("revision 1 of 2"), format=SignatureFormat.PADES))
    assert piece.part is Part.OTHER
    pdf = {"format": SignatureFormat.PADES}
    assert said(report(signature(Covered("revision 2 of 2"), **pdf)), "en") == "the document"
    assert said(report(signature(Covered("revision 1 of 2"), **pdf)), "en") == "revision 1 of 2"
    assert REST["en"] not in to_text([report(signature(Covered("revision 1 of 2"), **pdf))])


@LANGUAGES
def test_the_rest_is_unsigned_only_where_nobody_signed_the_whole(lang):
    part, whole = Covered("/a/b", 'URI="#b"'), Covered("/a", 'URI=""')
    outside = Covered("x.pdf", 'URI="x.pdf"')

    def noted(*signatures, **changes):
        return REST[lang] in to_text([report(*signatures, **changes)], lang)

    assert noted(signature(part, PROPERTIES))
    assert noted(signature(outside, PROPERTIES))
    assert not noted(signature(part), signature(whole))
    assert not noted(signature(part), covers="document")
    assert not noted(signature(part), conclusion=Conclusion.FAILED)
    assert not noted(signature(PROPERTIES))
    assert not noted(signature(Covered("/Signature/Object", 'URI="#o"')))
    assert not noted(signature(outside, Covered("/Signature/KeyInfo", 'URI="#k"')))
    assert noted(signature(part), signature(whole, conclusion=Conclusion.INDETERMINATE))
    inside = signature(part, where="attachment:a@b")
    assert noted(inside, signature(whole), kind=FileKind.EDXML, acceptance=Acceptance.ATTACHMENTS)


@LANGUAGES
def test_a_flood_of_references_is_counted(lang):
    many = [Covered(f"/a/b[{number}]", f'URI="#b{number}"') for number in range(1, 2001)]
    result = report(signature(*many))
    more = {"vi": "và 1995 phần khác", "en": "and 1995 more"}[lang]
    assert said(result, lang).endswith(more)
    assert len(said(result, lang)) < 200


@LANGUAGES
def test_hostile_names_stay_text(lang):
    evil = Covered("<b>\u202e.pdf", 'URI="<b>\u202e.pdf"')
    page = to_html([report(signature(evil))], lang)
    assert "<b>" not in page
    assert "\\u202e" in page
    gone = Finding.error("VND-DSIG-014", uri="<i>", node="<i>\x07")
    assert "<i>" not in to_html([report(signature(findings=(gone,)))], lang)
    assert "\x07" not in to_text([report(signature(findings=(gone,)))], lang)


@LANGUAGES
def test_inspect_says_where_a_signature_stands_not_what_it_signs(lang):
    row = Inspected(
        file="a.xml", kind=FileKind.XML, signatures_present=(PresentSignature("document", "XAdES"),)
    )
    shown = inspect_to_text([row], lang)
    assert {"vi": "nằm trong tệp", "en": "stands in the file"}[lang] in shown
    assert "toàn văn bản" not in shown


# --- explain ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HASH_FAILURE", "TRY_LATER", "PASSED", "INDETERMINATE", "B-LTA", "B-B"])
def test_words_of_the_standard_are_explained(name):
    assert explains(name)
    texts = {lang: explain(name, lang) for lang in ("vi", "en")}
    assert texts["vi"].seen != texts["en"].seen
    for text in texts.values():
        for sentence in (text.checked, text.seen, text.next):
            assert sentence.endswith(".")


def test_nothing_else_is_explained():
    assert not explains("nonsense")
    assert explains("VND-XML-001")
    assert not explains("PASSED_NOTES")
