"""The grammars: written from the text of the standard by hand, and equal to the wire table all the same."""

import datetime as dt
import email
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import attrs
import pytest
from edxml_grammars import Grammar, compare
from edxml_making import decode, encode, full_envelope, full_status
from edxml_strategies import envelopes, statuses
from hypothesis import HealthCheck, given, settings
from lxml import etree
from signing_builders import credential

from vnedoc.edxml import DIALECTS, SIGNATURE_PARENT, EdXmlCodec, check, dialect, relaxng
from vnedoc.errors import ConfigError
from vnedoc.model import (
    VIETNAM,
    DocumentCode,
    DocumentType,
    Kind,
    Party,
    Replaced,
    ResponseFor,
    Severity,
    SignerInfo,
    StatusCode,
    TraceHeader,
    UnknownElement,
)
from vnedoc.signing import sign_xml

ROOT = Path(__file__).resolve().parents[2]
XML_DIALECTS = [name for name in DIALECTS if dialect(name).packaging == "xml"]
MIME_DIALECTS = [name for name in DIALECTS if dialect(name).packaging == "mime"]


@cache
def grammar(name, *, part=False):
    return etree.RelaxNG(etree.fromstring(relaxng(name, part=part).encode()))


# --- the same as the wire table -------------------------------------------------------------------


@pytest.mark.parametrize("name", DIALECTS)
def test_grammar_and_wire_table_are_equal(name):
    """Names, order, repetition, texts and groups, code lists, dates: nothing more, nothing less."""
    tree = Grammar(relaxng(name))
    document, status = tree.starts()
    for row, start in ((dialect(name).document, document), (dialect(name).status, status)):
        assert start.tag == row.tag
        assert list(compare(name, tree, row, start)) == []


@pytest.mark.parametrize("name", MIME_DIALECTS)
def test_grammar_and_wire_table_of_a_part_are_equal(name):
    tree = Grammar(relaxng(name, part=True))
    (start,) = tree.starts()
    row = dialect(name).part
    assert start.tag == row.tag
    assert list(compare(name, tree, row, start)) == []


@pytest.mark.parametrize("name", XML_DIALECTS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<ref name="From"/>', ""),
        ('<ref name="Subject"/>', '<ref name="Subject"/><element name="Note"><text/></element>'),
        ('<element name="OrganName">', '<element name="OrganNames">'),
        ('<element name="ContentType"><text/></element>', '<element name="ContentType"><empty/></element>'),
        ('<ref name="To"/>', '<ref name="From"/>'),
        ("<value>13</value>", "<value>14</value>"),
        ("[0-9]{4}/", "[0-9]{4}-"),
    ],
)
def test_the_comparison_sees_a_difference(name, old, new):
    text = relaxng(name)
    assert old in text
    tree = Grammar(text.replace(old, new))
    document, status = tree.starts()
    told = [
        *compare(name, tree, dialect(name).document, document),
        *compare(name, tree, dialect(name).status, status),
    ]
    assert told


def test_the_comparison_sees_an_order_and_a_repetition():
    tree = Grammar(relaxng("2016-official"))
    assert list(compare("2016-official", tree, dialect("2016").document, tree.starts()[0]))
    text = relaxng("2016")
    tree = Grammar(text.replace("oneOrMore>", "group>"))
    told = list(compare("2016", tree, dialect("2016").document, tree.starts()[0]))
    assert "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To: occurs again in one only" in told


# --- what is written is valid ---------------------------------------------------------------------


def named(party):
    return attrs.evolve(party, name=party.name or "Sở Thí điểm")


def number(value):
    return None if value is None else abs(value)


def answered(one):
    return attrs.evolve(
        one,
        organ_id=one.organ_id or "H99.1",
        code=one.code or "7/STĐ",
        document_id=one.document_id or "H99.1,2026/11/20,7/STĐ",
    )


def complete(message):
    """Give a message with all that is mandatory, and with lengths and numbers that are allowed."""
    when = dt.datetime(2026, 11, 20, 8, 0, 5, tzinfo=VIETNAM)
    kind, code, signer, other = message.type, message.code, message.signer, message.other
    business = message.business
    return attrs.evolve(
        message,
        sender=named(message.sender),
        receivers=tuple(map(named, message.receivers)) or (Party("H99.9", "Sở Thí điểm Z"),),
        document_id=message.document_id or "000.00.01.Z99,2026/11/20,12/STĐ",
        code=DocumentCode("12", code.notation if code and code.notation else "STĐ-VP"),
        date=message.date or dt.date(2026, 11, 20),
        type=DocumentType(
            kind.name if kind else "Công văn",
            number(kind.type if kind else None) or 0,
            number(kind.detail if kind else None),
        ),
        subject=message.subject or "V/v thử nghiệm",
        signer=attrs.evolve(signer or SignerInfo(), full_name=(signer and signer.full_name) or "Lê Văn Mẫu"),
        other=other
        and attrs.evolve(other, copies=number(other.copies), pages=other.pages and abs(other.pages) % 1000),
        responses_for=tuple(map(answered, message.responses_for)),
        traces=tuple(
            TraceHeader(organ_id=one.organ_id or "null", timestamp=one.timestamp or when)
            for one in message.traces or (TraceHeader(),)
        ),
        business=business and attrs.evolve(business, paper=number(business.paper)),
        unknown=(),
        unknown_attributes=(),
    )


def complete_status(message):
    return attrs.evolve(
        message,
        sender=named(message.sender),
        response_for=answered(message.response_for),
        unknown=(),
        unknown_attributes=(),
    )


def old_shape(message):
    """Give what the form of 2014 has elements for."""
    other = message.other and attrs.evolve(message.other, direction=None)
    files = [
        attrs.evolve(one, content_id=f"{number}.bin", content_type=one.attachment_type)
        for number, one in enumerate(message.attachments)
    ]
    return attrs.evolve(message, business=None, other=other, attachments=files)


def judge(schema, octets):
    """Give what is wrong, in the words of libxml2."""
    root = etree.fromstring(octets, etree.XMLParser(huge_tree=True))
    return [] if schema.validate(root) else [one.message for one in schema.error_log]


def parts_of(octets):
    first, *parts = email.message_from_bytes(octets).get_payload()
    return first.get_payload(decode=True), [one.get_payload(decode=True) for one in parts]


relaxed = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    deadline=None,
    max_examples=25,
)


@pytest.mark.parametrize("name", XML_DIALECTS)
@relaxed
@given(message=envelopes.map(complete) | statuses.map(complete_status))
def test_what_is_written_is_valid(name, message):
    assert judge(grammar(name), encode(message, name)) == []


@pytest.mark.parametrize("name", MIME_DIALECTS)
@relaxed
@given(message=envelopes.map(complete).map(old_shape) | statuses.map(complete_status))
def test_every_part_of_2014_is_valid(name, message):
    soap, parts = parts_of(encode(message, name))
    assert judge(grammar(name), soap) == []
    assert len(parts) == len(getattr(message, "attachments", ()))
    for one in parts:
        assert judge(grammar(name, part=True), one) == []


def correct(name, kind=Kind.UPDATE):
    """Give a message in which every field says something, and that breaks no rule that stops it."""
    envelope = full_envelope()
    business = attrs.evolve(
        envelope.business, kind=kind, replaced=(Replaced("H99.1,2026/11/02,5/STĐB", ("H99.1", "H99.2")),)
    )
    message = attrs.evolve(
        envelope,
        type=DocumentType("Công văn", 1, 0),
        receivers=(*envelope.receivers, Party("000.00.02.Z99", "Sở Thí điểm E")),
        business=business,
        responses_for=(*envelope.responses_for, *map(answered, (ResponseFor(),))),
    )
    return old_shape(message) if name in MIME_DIALECTS else message


def written(name, message):
    """Give the XML that the grammar is for."""
    octets = encode(message, name)
    return parts_of(octets)[0] if name in MIME_DIALECTS else octets


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("kind", Kind)
def test_what_passes_the_rules_is_valid(name, kind):
    message = correct(name, kind)
    assert [one for one in check(message, dialect=name) if one.severity is Severity.ERROR] == []
    assert judge(grammar(name), written(name, message)) == []


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("code", StatusCode)
def test_every_status_is_valid(name, code):
    message = attrs.evolve(full_status(), code=code)
    assert judge(grammar(name), written(name, message)) == []


@pytest.mark.parametrize("name", XML_DIALECTS)
def test_a_sealed_message_is_valid(name):
    """The signature is the last child of the header."""
    wire = EdXmlCodec(dialect=name).encode(correct(name))
    sealed = sign_xml(wire, credential().signer(), parent=SIGNATURE_PARENT)
    assert judge(grammar(name), sealed.read()) == []


# --- what is wrong is refused ---------------------------------------------------------------------

SUBJECT = "<edXML:Subject>V/v thử nghiệm &lt;liên thông&gt;</edXML:Subject>"
CONTENT = "<edXML:Content>Nội dung thử</edXML:Content>"
DUE = "<edXML:DueDate>{}</edXML:DueDate>"
EVERYWHERE = {
    "wrong order": (f"{SUBJECT}\n      *{CONTENT}", f"{CONTENT}{SUBJECT}"),
    "mandatory element absent": (SUBJECT, ""),
    "mandatory text empty": (SUBJECT, "<edXML:Subject></edXML:Subject>"),
    "element twice": (SUBJECT, SUBJECT + SUBJECT),
    "unknown element": (SUBJECT, f"{SUBJECT}<edXML:Note>x</edXML:Note>"),
    "element of another namespace": (SUBJECT, f'{SUBJECT}<Note xmlns="urn:x">x</Note>'),
    "unknown attribute": ("<edXML:Subject>", '<edXML:Subject lang="vi">'),
    "text in a group": ("<edXML:SignerInfo>", "<edXML:SignerInfo>x"),
    "another spelling of a name": ("OrganizationInCharge", "OrganInCharge"),
    "unknown priority": ("<edXML:Priority>1<", "<edXML:Priority>5<"),
    "unknown steering type": ("<edXML:SteeringType>1<", "<edXML:SteeringType>3<"),
    "number in words": ("<edXML:PageAmount>1<", "<edXML:PageAmount>một<"),
    "no such month": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>2026/13/01<"),
    "no such day": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>31/04/2026<"),
    "ISO 8601": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>2026-12-01<"),
    "one digit": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>2026/12/1<"),
    "time without seconds": ("08:00:05", "08:00"),
    "no such hour": ("08:00:05", "24:00:05"),
    "no receiver": (r"(?s)<edXML:To>.*</edXML:To>", ""),
    "no number": (r"<edXML:CodeNumber>[^<]*</edXML:CodeNumber>", ""),
    "no trace": (r"(?s)<edXML:TraceHeader>.*</edXML:TraceHeader>", ""),
    "signature in another namespace": ("</edXML:MessageHeader>", "</edXML:MessageHeader><edXML:Signature/>"),
}
PACKET = {
    "Business for Bussiness": ("Bussiness>", "Business>"),
    "BusinessDocType": ("BussinessDocType>", "BusinessDocType>"),
    "unknown kind": ("<edXML:BussinessDocType>2<", "<edXML:BussinessDocType>4<"),
    "flag in words": ("<edXML:DocumentInfo>1<", "<edXML:DocumentInfo>true<"),
    "unknown change": ("<edXML:ReceiverType>1<", "<edXML:ReceiverType>2<"),
    "day first": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>01/12/2026<"),
    "Manifest": ("edXMLManifest", "Manifest"),
    "number with letters": ("<edXML:CodeNumber>12<", "<edXML:CodeNumber>12a<"),
    "number too long": ("<edXML:CodeNumber>12<", f"<edXML:CodeNumber>{'1' * 12}<"),
    "notation too long": ("<edXML:CodeNotation>[^<]*<", f"<edXML:CodeNotation>{'Đ' * 31}<"),
    "subject too long": (SUBJECT, f"<edXML:Subject>{'ệ' * 501}</edXML:Subject>"),
    "cid: absent": ("<edXML:ContentId>cid:", "<edXML:ContentId>"),
    # libxml2 passes over letters that are none of base64, as MIME does; four by four it counts.
    "no base64": (r"(<edXML:ContentTransferEncoded[^>]*>)[^<]*", r"\1AAAAA"),
    "attachments inside the envelope": (
        r"(?s)(</edXML:edXMLEnvelope>\s*)(<AttachmentEncoded>.*</AttachmentEncoded>)",
        r"\2\1",
    ),
    "another root": (r"(</?)edXML(?=[ >])", r"\1EdXML"),
    "another namespace": ("http://www.mic.gov.vn/TBT/QCVN_102_2016", "http://www.go.vn/eDoc"),
}
SOAP = {
    "year first": ("<edXML:DueDate>[^<]*<", "<edXML:DueDate>2026/12/01<"),
    "no due date": ("<edXML:DueDate>[^<]*</edXML:DueDate>", ""),
    "no error list": (r"<edXML:ErrorList[^>]*></edXML:ErrorList>", ""),
    "one of six absent": ("<edXML:TyperNotation>[^<]*</edXML:TyperNotation>", ""),
    "direction": ("(<edXML:Appendixes>)", r"<edXML:Direction>false</edXML:Direction>\1"),
    "business": ("</edXML:TraceHeaderList>", "<edXML:Bussiness/></edXML:TraceHeaderList>"),
    "no href": (r' xlink:href="[^"]*"', ""),
    "another namespace": (r"http://www\.(e-doc\.vn/Schema/|inetcloud\.vn/ns/edxml)", "http://www.go.vn/eDoc"),
}


def broken(name, message, change):
    old, new = change
    text = written(name, message).decode()
    again, count = re.subn(old, new, text)
    assert count, "nothing was changed"
    assert judge(grammar(name), text.encode()) == []
    return judge(grammar(name), again.encode())


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("case", EVERYWHERE)
def test_what_is_wrong_in_every_dialect_is_refused(name, case):
    assert broken(name, correct(name), EVERYWHERE[case])


@pytest.mark.parametrize("name", XML_DIALECTS)
@pytest.mark.parametrize("case", PACKET)
def test_what_is_wrong_in_a_packet_is_refused(name, case):
    assert broken(name, correct(name), PACKET[case])


@pytest.mark.parametrize("name", MIME_DIALECTS)
@pytest.mark.parametrize("case", SOAP)
def test_what_is_wrong_in_soap_is_refused(name, case):
    assert broken(name, correct(name), SOAP[case])


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "change",
    [
        ("<edXML:StatusCode>03<", "<edXML:StatusCode>07<"),
        ("<edXML:StatusCode>03<", "<edXML:StatusCode>3<"),
        ("<edXML:StatusCode>03</edXML:StatusCode>", ""),
        ("<edXML:ResponseFor>", "<edXML:To/><edXML:ResponseFor>"),
        (r"(?s)(<edXML:ResponseFor>.*)<edXML:DocumentId>[^<]*</edXML:DocumentId>", r"\1"),
        (r"edXML:(MessageHeader|Status)>", "edXML:StatusHeader>"),
    ],
)
def test_a_wrong_status_is_refused(name, change):
    assert broken(name, full_status(), change)


@pytest.mark.parametrize("name", XML_DIALECTS)
def test_the_name_of_2014_is_none_of_2016(name):
    assert broken(name, full_status(), ("edXML:MessageHeader>", "edXML:Status>"))


@pytest.mark.parametrize("name", MIME_DIALECTS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<edXML:name>[^<]*</edXML:name>", ""),
        ("<edXML:value>[^<]*<", "<edXML:value>AAAAA<"),
        (' Content-Type="application/zip"', ""),
        ('"base64"', '"8bit"'),
        ("<edXML:MimeType>", "<edXML:Note/><edXML:MimeType>"),
    ],
)
def test_a_wrong_part_is_refused(name, old, new):
    _, (part,) = parts_of(encode(correct(name), name))
    again, count = re.subn(old, new, part.decode())
    assert count
    assert judge(grammar(name, part=True), again.encode())


def test_the_orders_do_not_fit_each_other():
    for name, other in (("2016", "2016-official"), ("2022", "2022-official")):
        assert judge(grammar(other), encode(correct(name), name))
        assert judge(grammar(name), encode(correct(other), other))


@pytest.mark.parametrize("code", ["000.00.01.Z99.01", "H99." + "1" * 31])
def test_the_editions_differ_in_the_length_of_an_identifier(code):
    message = attrs.evolve(correct("2016"), sender=Party(code, "Sở Thí điểm A"))
    assert judge(grammar("2016"), encode(message, "2016"))
    assert judge(grammar("2022"), encode(message, "2022")) == []
    longer = attrs.evolve(message, sender=Party("H99." + "1" * 32, "Sở Thí điểm A"))
    assert judge(grammar("2022"), encode(longer, "2022"))


def test_what_the_axis_writes_more_is_accepted():
    task = "<edXML:ResponseForTask><edXML:TaskCode>1</edXML:TaskCode></edXML:ResponseForTask>"
    more = (
        "(</edXML:SteeringType>)",
        rf"\1{task}<edXML:ApplicationType>1</edXML:ApplicationType>",
    )
    assert broken("2016", correct("2016"), more) == []
    assert (
        broken(
            "2016",
            correct("2016"),
            ("(?s)<edXML:ResponseFor>.*</edXML:ResponseFor>", "<edXML:ResponseFor />"),
        )
        == []
    )
    assert broken("2016-official", correct("2016-official"), more)


def test_an_unknown_element_is_written_and_not_valid():
    message = attrs.evolve(
        correct("2016"), unknown=(UnknownElement(parent="", after=None, xml='<a xmlns="urn:x"></a>'),)
    )
    assert judge(grammar("2016"), encode(message))


# --- public samples -------------------------------------------------------------------------------

# None: valid. Else the line and the first element that is not, and why: such messages travel all the same.
_LOCAL_NUMBER = "letters in the number"
_OWN_SIGNATURE = "Signature in the namespace of the standard, not of XML-Signature"
SAMPLES = {
    "PVN-Organization__1da394ba-2117-4354-a23f-6ec3e47ba81b.edxml": (18, "CodeNumber", _LOCAL_NUMBER),
    "PVN-Organization__852e179c-8eca-4502-ac38-0b97321f29c3.edxml": (73, "Signature", _OWN_SIGNATURE),
    "PVN-Organization__874e0f18-90dc-45fb-989a-65401470ba84.edxml": (8, "OrganAdd", "no OrganName before it"),
    "PVN-Organization__b6e1f29d-cdc9-4fa7-8391-442e8566f14e.edxml": (18, "CodeNumber", _LOCAL_NUMBER),
    "PVN-Organization__bb5d2f68-bbce-49da-aa9a-2197cabec3bf.edxml": (18, "CodeNumber", _LOCAL_NUMBER),
    "PVN-Organization__bdb98a62-a2be-4c25-9075-8dcdbcdb1402.edxml": (18, "CodeNumber", _LOCAL_NUMBER),
    "PVN-Organization__edoc_new.edxml.bak": (29, "CodeNumber", _LOCAL_NUMBER),
    "PVN-Organization__test_user_edxml.xml": (13, "Subject", "no DocumentId, Code and date before it"),
    "QuangChuIT__edoc_update.edxml": (117, "Signature", _OWN_SIGNATURE),
    "QuangChuIT__status_processing_05.edxml": None,
    "all4u1089__edoc_new.edxml": (29, "CodeNumber", _LOCAL_NUMBER),
    "all4u1089__edoc_replacement.edxml": (118, "Signature", _OWN_SIGNATURE),
    "all4u1089__edoc_update.edxml": (117, "Signature", _OWN_SIGNATURE),
    "all4u1089__status_acceptance_03.edxml": None,
    "all4u1089__status_assignment_04.edxml": None,
    "all4u1089__status_cancellation_13.edxml": None,
    "all4u1089__status_change-acceptance_15.edxml": None,
    "all4u1089__status_inbox__01.edxml": None,
    "all4u1089__status_processing_05.edxml": None,
    "hungnguyen01011985__edoc_new.edxml": (28, "CodeNumber", _LOCAL_NUMBER),
}
# The hand-made ones are not well formed; the others are no messages.
NO_SAMPLES = {
    "INDEX.md",
    "PVN-Organization__edoc.edxml",
    "PVN-Organization__edoc.edxml.bak",
    "all4u1089__edoc.edxml",
    "ngtheanh1910__data.xml",
    "tungsfer512__edoc.json",
    "tungsfer512__edoc_req.json",
    "tungsfer512__status.json",
    "tungsfer512__status_req.json",
}


@pytest.fixture(scope="module")
def samples(corpus):
    return corpus / "samples" / "edxml"


@pytest.mark.corpus
def test_every_sample_is_in_the_table(samples):
    assert {one.name for one in samples.iterdir()} == {*SAMPLES, *NO_SAMPLES}


@pytest.mark.corpus
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_valid_or_it_is_known_why_not(samples, name):
    tree = etree.parse(samples / name, etree.XMLParser(huge_tree=True))
    schema = grammar("2016")
    if SAMPLES[name] is None:
        assert schema.validate(tree), schema.error_log
        return
    assert not schema.validate(tree)
    line, element, _ = SAMPLES[name]
    first = schema.error_log[0].line
    assert (
        first,
        [etree.QName(one).localname for one in tree.iter(etree.Element) if one.sourceline == first],
    ) == (
        line,
        [element],
    )


@pytest.mark.corpus
@pytest.mark.parametrize("name", [name for name, why in SAMPLES.items() if why and why[1] == "Signature"])
def test_the_signature_is_all_that_is_wrong_with_some(samples, name):
    tree = etree.parse(samples / name, etree.XMLParser(huge_tree=True))
    (found,) = tree.iter("{http://www.mic.gov.vn/TBT/QCVN_102_2016}Signature")
    found.getparent().remove(found)
    assert grammar("2016").validate(tree), grammar("2016").error_log


@pytest.mark.corpus
@pytest.mark.parametrize("name", [name for name, why in SAMPLES.items() if why is None])
def test_valid_samples_are_valid_when_written_again(samples, name):
    message = decode((samples / name).read_bytes()).message
    assert judge(grammar("2016"), encode(message)) == []


# --- the files themselves -------------------------------------------------------------------------


def test_the_grammars_are_up_to_date():
    done = subprocess.run(
        [sys.executable, "scripts/make_schemas.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_no_grammar_of_another_name():
    for name, part in (("2015", False), ("../edxml-2016", False), ("2015", True), ("2016", True)):
        with pytest.raises(ConfigError) as caught:
            relaxng(name, part=part)
        assert caught.value.code == "VND-EDX-011"
    assert caught.value.facts["known"] == MIME_DIALECTS


@pytest.mark.parametrize("name", DIALECTS)
def test_a_grammar_needs_no_other_file(name):
    for part in (False, True) if name in MIME_DIALECTS else (False,):
        text = relaxng(name, part=part)
        assert not re.search("externalRef|include|<!DOCTYPE", text)
        assert f'ns="{dialect(name).namespace}"' in text


@pytest.mark.peer
@pytest.mark.parametrize("name", DIALECTS)
def test_xmllint_agrees(name, peer, tmp_path):
    (tmp_path / "a.rng").write_text(relaxng(name), encoding="utf-8")
    for number, message in enumerate((correct(name), full_status())):
        (tmp_path / f"{number}.xml").write_bytes(written(name, message))
    (tmp_path / "wrong.xml").write_bytes(written(name, correct(name)).replace(b"SignerInfo", b"Author"))
    command = [peer("xmllint"), "--noout", "--nonet", "--relaxng", str(tmp_path / "a.rng")]
    for file, code in (("0.xml", 0), ("1.xml", 0), ("wrong.xml", 3)):
        done = subprocess.run([*command, str(tmp_path / file)], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
