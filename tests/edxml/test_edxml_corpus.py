"""Public edXML samples: what each one is, read, judged by the rules, and written again."""

from collections import Counter

import pytest
from edxml_making import decode, encode
from lxml import etree

from vnedoc.edxml import EdXmlCodec, check, convert, decode_document, extract
from vnedoc.errors import DecodeError
from vnedoc.model import Kind, Limits, ReceiverChange, Severity, StatusCode
from vnedoc.xml import parse

pytestmark = pytest.mark.corpus

GATEWAY = "PVN-Organization__"
SDK = "all4u1089__"
# name: kind, attachments, digests' stand-in (first octets of each), size of each as carried, trace headers
DOCUMENTS = {
    f"{SDK}edoc_new.edxml": (Kind.NEW, [(b"<?xml", 270823)], 1),
    f"{SDK}edoc_replacement.edxml": (Kind.REPLACE, [(b"<?xml", 270823)], 1),
    f"{SDK}edoc_update.edxml": (Kind.UPDATE, [(b"<?xml", 270823)], 1),
    f"{GATEWAY}1da394ba-2117-4354-a23f-6ec3e47ba81b.edxml": (Kind.NEW, [(b"LOCAL", 207)] * 3, 1),
    f"{GATEWAY}b6e1f29d-cdc9-4fa7-8391-442e8566f14e.edxml": (Kind.NEW, [(b"META ", 202)] * 2, 1),
    f"{GATEWAY}bb5d2f68-bbce-49da-aa9a-2197cabec3bf.edxml": (Kind.NEW, [(b"LOCAL", 207)] * 3, 1),
    f"{GATEWAY}bdb98a62-a2be-4c25-9075-8dcdbcdb1402.edxml": (Kind.NEW, [(b"LOCAL", 207)] * 3, 1),
    f"{GATEWAY}edoc_new.edxml.bak": (Kind.NEW, [(b"<?xml", 270823)], 1),
    f"{GATEWAY}test_user_edxml.xml": (Kind.NEW, [(b"Clean", 206)], 0),
    f"{GATEWAY}852e179c-8eca-4502-ac38-0b97321f29c3.edxml": (Kind.NEW, [(b"\xff\xf4\xad\xae)", 214)], 2),
    f"{GATEWAY}874e0f18-90dc-45fb-989a-65401470ba84.edxml": (Kind.NEW, [(b"%PDF-", 10689)], 2),
    "hungnguyen01011985__edoc_new.edxml": (Kind.NEW, [(b"<?xml", 270823)], 1),
    "QuangChuIT__edoc_update.edxml": (Kind.UPDATE, [(b"<?xml", 270823)], 1),
}
STATUSES = {
    f"{SDK}status_inbox__01.edxml": StatusCode.ARRIVED,
    f"{SDK}status_acceptance_03.edxml": StatusCode.RECEIVED,
    f"{SDK}status_assignment_04.edxml": StatusCode.ASSIGNED,
    f"{SDK}status_processing_05.edxml": StatusCode.PROCESSING,
    f"{SDK}status_cancellation_13.edxml": StatusCode.RECALL,
    f"{SDK}status_change-acceptance_15.edxml": StatusCode.RECALL_AGREED,
    "QuangChuIT__status_processing_05.edxml": StatusCode.PROCESSING,
}
# name: code, line and column of the XML error
REFUSED = {
    f"{SDK}edoc.edxml": ("VND-XML-001", 74, 29),
    f"{GATEWAY}edoc.edxml": ("VND-XML-001", 116, 39),
    f"{GATEWAY}edoc.edxml.bak": ("VND-XML-001", 116, 39),
    "ngtheanh1910__data.xml": ("VND-EDX-001", None, None),
    "tungsfer512__edoc.json": ("VND-EDX-001", None, None),
    "tungsfer512__edoc_req.json": ("VND-EDX-001", None, None),
    "tungsfer512__status.json": ("VND-EDX-001", None, None),
    "tungsfer512__status_req.json": ("VND-EDX-001", None, None),
}


@pytest.fixture(scope="module")
def samples(corpus):
    return corpus / "samples" / "edxml"


def test_every_sample_has_its_row(samples):
    rows = {**DOCUMENTS, **STATUSES, **REFUSED}
    assert set(rows) == {path.name for path in samples.iterdir()} - {"INDEX.md"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_read_and_written_without_loss(samples, name):
    kind, files, traces = DOCUMENTS[name]
    decoded = decode((samples / name).read_bytes())
    message = decoded.message
    assert message.kind is kind
    assert [(one.blob.read()[:5], one.packed.size) for one in message.attachments] == files
    assert len(message.traces) == traces
    assert message.unknown == ()
    assert not [one for one in decoded.findings if one.severity is Severity.ERROR]
    assert decode(encode(message)).message == message


def said(data):
    """Give what each element of a message says, with its path: all text but that of signatures."""
    found = Counter()
    waiting = [(parse(data).root, "")]
    while waiting:
        element, above = waiting.pop()
        path = f"{above}/{etree.QName(element).localname}"
        if path.endswith("/Signature"):
            continue
        text = (element.text or "").strip()
        if text or element.keys():
            found[path, text, tuple(sorted(element.items()))] += 1
        waiting += [(child, path) for child in element.iterchildren(etree.Element)]
    return found


@pytest.mark.parametrize("name", [*DOCUMENTS, *STATUSES])
@pytest.mark.parametrize("to", ["2016", "2016-official"])
def test_no_element_that_says_something_is_lost(samples, name, to):
    """Signatures apart, which never survive; each is told."""
    data = (samples / name).read_bytes()
    assert said(encode(decode(data).message, to)) == said(data)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_message_of_the_axis_goes_through_the_form_of_2014_and_back(samples, name):
    message = decode((samples / name).read_bytes()).message
    converted = convert(EdXmlCodec().encode(message), "2014")
    lost = {one.location for one in converted.lost if one.code == "VND-EDX-014"}
    assert lost <= {
        "business",
        "other.direction",
        *(f"attachments[{place}].content_type" for place in range(3)),
    }
    back = decode(converted.wire.read()).message
    assert [one.blob for one in back.attachments] == [one.blob for one in message.attachments]
    assert (back.sender, back.receivers, back.date, back.code) == (
        message.sender,
        message.receivers,
        message.date,
        message.code,
    )


@pytest.mark.parametrize("name", [f"{GATEWAY}edoc.edxml", f"{GATEWAY}edoc.edxml.bak"])
def test_hand_written_samples_are_read_leniently_and_explained(samples, name):
    """The xlink prefix is bound nowhere and the content is a template's mark, which no base64 is."""
    with pytest.raises(DecodeError) as caught:
        decode((samples / name).read_bytes(), mode="lenient")
    assert caught.value.code == "VND-EDX-044"
    text = (samples / name).read_text("utf-8")
    start = text.index("${__String")
    mended = text[:start] + "JVBERi0=" + text[text.index("}", start) + 1 :]
    decoded = decode(mended.encode(), mode="lenient")
    assert "VND-XML-021" in {one.code for one in decoded.findings}
    assert decoded.message.sender.organ_id.level_1 is not None


@pytest.mark.parametrize("name", STATUSES)
def test_statuses_are_read_written_and_in_order(samples, name):
    decoded = decode((samples / name).read_bytes())
    assert decoded.message.code is STATUSES[name]
    assert decoded.message.staff is not None
    assert decoded.findings == ()
    assert check(decoded.message) == ()
    again = encode(decoded.message)
    assert decode(again).message == decoded.message
    # Those files are indented by hand; without white space they are what we write.
    squeezed = b"".join((samples / name).read_bytes().split())
    assert b"".join(again.split()) == squeezed


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_gives_one_clear_error(samples, name):
    with pytest.raises(DecodeError) as caught:
        decode((samples / name).read_bytes())
    code, line, column = REFUSED[name]
    assert caught.value.code == code
    assert (caught.value.facts.get("line"), caught.value.facts.get("column")) == (line, column)
    assert line is None or caught.value.facts["cause"]


@pytest.mark.parametrize(
    "name",
    [
        f"{GATEWAY}b6e1f29d-cdc9-4fa7-8391-442e8566f14e.edxml",
        f"{GATEWAY}test_user_edxml.xml",
        f"{GATEWAY}874e0f18-90dc-45fb-989a-65401470ba84.edxml",
    ],
)
def test_messages_of_the_axis_come_out_byte_for_byte(samples, name):
    """The bytes of the axis's own tool, line ends apart, so the order and spelling are its own."""
    data = (samples / name).read_bytes()
    assert encode(decode(data).message) == data.replace(b"\r\n", b"\n")


def test_an_update_says_who_comes_and_goes(samples):
    business = decode((samples / f"{SDK}edoc_update.edxml").read_bytes()).message.business
    assert [one.change for one in business.receivers] == [ReceiverChange.REMOVED, ReceiverChange.ADDED]
    assert (business.changes_content, business.changes_receivers, business.paper) == (True, True, 0)


def test_a_replacement_lists_what_it_replaces(samples):
    business = decode((samples / f"{SDK}edoc_replacement.edxml").read_bytes()).message.business
    assert [len(one.organ_ids) for one in business.replaced] == [2, 2]


def test_what_the_axis_changed_is_named(samples):
    decoded = decode((samples / f"{GATEWAY}852e179c-8eca-4502-ac38-0b97321f29c3.edxml").read_bytes())
    found = {one.code for one in decoded.findings}
    assert {"VND-EDX-026", "VND-EDX-047", "VND-EDX-048", "VND-EDX-049"} == found
    assert decoded.message.responses_for == ()
    (one,) = decoded.message.attachments
    assert (one.content_type, one.attachment_type) == ("application/pdf", "application/zip")


def test_trace_headers_without_an_organisation_are_kept(samples):
    message = decode((samples / f"{GATEWAY}874e0f18-90dc-45fb-989a-65401470ba84.edxml").read_bytes()).message
    assert [one.organ_id for one in message.traces] == ["null", None]


@pytest.mark.parametrize(
    "name", [name for name, (_, files, _) in DOCUMENTS.items() if files == [(b"<?xml", 270823)]]
)
def test_the_message_inside_needs_repair_and_gives_its_pdf(samples, name):
    (outer,) = decode((samples / name).read_bytes()).message.attachments
    with pytest.raises(DecodeError):
        parse(outer.blob.read())
    inner = parse(outer.blob.read(), repair=True)
    (pdf,) = extract(inner, Limits())
    assert pdf.blob.size == 284_937
    assert pdf.blob.read().startswith(b"%PDF-1.5")
    decoded = decode_document(inner, Limits())
    assert decoded.message.attachments == (pdf,)
    assert decoded.findings[: len(inner.repairs)] == inner.repairs


@pytest.mark.parametrize("name", [f"{GATEWAY}edoc.edxml", f"{GATEWAY}edoc.edxml.bak"])
def test_a_place_holder_for_base64_is_refused_also_after_repair(samples, name):
    repaired = parse((samples / name).read_bytes(), repair=True)
    for read in (decode_document, extract):
        with pytest.raises(DecodeError) as caught:
            read(repaired, Limits())
        assert caught.value.code == "VND-EDX-044"
