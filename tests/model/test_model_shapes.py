"""Constructors take what has one plain meaning, and refuse every other type by naming the field."""

import datetime as dt

import attrs
import pytest

from vnedoc.errors import InputError
from vnedoc.model import (
    EDXML_TYPE,
    PDF_TYPE,
    VIETNAM,
    AdministrativeType,
    Attachment,
    Blob,
    Business,
    DocumentCode,
    DocumentType,
    Envelope,
    OrganId,
    OtherInfo,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusCode,
    StatusMessage,
    TraceHeader,
    UnknownElement,
    Wire,
)

A, B = Party("H99.1", "A"), Party("H99.2")
BLOB = Blob.from_bytes(b"%PDF-1.7")
SAMPLES = {
    "sender": A,
    "receivers": (B,),
    "organ_id": OrganId("H99.1"),
    "document_id": "H99.1,2026/11/22,15/STNA-VP",
    "response_for": ResponseFor(organ_id="H99.1"),
    "code": StatusCode.RECEIVED,
    "name": "a.pdf",
    "content_id": "main",
    "blob": BLOB,
    "number": "15",
    "notation": "VP",
    "parent": "edXMLEnvelope",
    "xml": "<a/>",
    "value": "H99.1",
}
CLASSES = (
    Attachment,
    Business,
    DocumentCode,
    DocumentType,
    Envelope,
    OrganId,
    OtherInfo,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusMessage,
    TraceHeader,
    UnknownElement,
    Wire,
)
FIELDS = [(cls, one.name) for cls in CLASSES for one in attrs.fields(cls)]


def made(cls, **more):
    needed = {one.name: SAMPLES[one.name] for one in attrs.fields(cls) if one.default is attrs.NOTHING}
    return cls(**{**needed, **more})


def refused(cls, **more):
    with pytest.raises(InputError) as caught:
        made(cls, **more)
    return caught.value


@pytest.mark.parametrize(("cls", "field"), FIELDS)
@pytest.mark.parametrize("value", [object(), 1.5])
def test_every_field_refuses_another_type(cls, field, value):
    error = refused(cls, **{field: value})
    # identifiers have codes of their own
    assert error.code in {"VND-MODEL-001", "VND-MODEL-002", "VND-MODEL-004"}
    if error.code == "VND-MODEL-004":
        assert error.facts["field"] == f"{cls.__name__}.{field}" == error.path
        assert error.facts["seen"] == type(value).__name__


@pytest.mark.parametrize("cls", CLASSES)
def test_the_samples_are_good(cls):
    value = made(cls)
    assert attrs.evolve(value) == value


@pytest.mark.parametrize(
    ("cls", "fields", "where", "expected", "seen"),
    [
        (Envelope, {"date": "2026-11-22"}, "Envelope.date", "date", "str"),
        (Envelope, {"date": dt.datetime(2026, 11, 22, tzinfo=VIETNAM)}, "Envelope.date", "date", "datetime"),
        (Envelope, {"code": "15/STNA-VP"}, "Envelope.code", "DocumentCode", "str"),
        (Envelope, {"receivers": "H99.2"}, "Envelope.receivers", "tuple", "str"),
        (Envelope, {"receivers": B}, "Envelope.receivers", "tuple", "Party"),
        (Envelope, {"receivers": [B, None]}, "Envelope.receivers[1]", "Party", "NoneType"),
        (Envelope, {"attachments": [BLOB]}, "Envelope.attachments[0]", "Attachment", "Blob"),
        (Envelope, {"to_places": "Sở A"}, "Envelope.to_places", "tuple", "str"),
        (Envelope, {"to_places": b"A"}, "Envelope.to_places", "tuple", "bytes"),
        (DocumentCode, {"number": 15}, "DocumentCode.number", "str", "int"),
        (DocumentType, {"name": "Công văn", "type": True}, "DocumentType.type", "int", "bool"),
        (OtherInfo, {"direction": 1}, "OtherInfo.direction", "bool", "int"),
        (OtherInfo, {"pages": False}, "OtherInfo.pages", "int", "bool"),
        (Attachment, {"blob": "a.pdf"}, "Attachment.blob", "Blob", "str"),
        (Replaced, {"organ_ids": "H99.1"}, "Replaced.organ_ids", "tuple", "str"),
        (OrganId, {"aliases": "H99"}, "OrganId.aliases", "tuple", "str"),
        (TraceHeader, {"timestamp": "08:00"}, "TraceHeader.timestamp", "datetime", "str"),
        (TraceHeader, {"timestamp": dt.date(2026, 1, 1)}, "TraceHeader.timestamp", "datetime", "date"),
        (StatusMessage, {"code": "03"}, "StatusMessage.code", "StatusCode", "str"),
        (Party, {"name": None}, "Party.name", "str", "NoneType"),
        (Wire, {"content_type": None}, "Wire.content_type", "str", "NoneType"),
    ],
)
def test_the_error_names_field_and_types(cls, fields, where, expected, seen):
    error = refused(cls, **fields)
    assert error.code == "VND-MODEL-004"
    assert error.facts == {"field": where, "expected": expected, "seen": seen}
    assert error.hint


def test_plain_meanings_are_taken():
    whole = Envelope(sender="H99.1", receivers=["H99.2", OrganId("H99.3"), B], type="Công văn")
    assert whole.sender == Party("H99.1")
    assert whole.receivers == (Party("H99.2"), Party("H99.3"), B)
    assert whole.type == DocumentType("Công văn")
    assert made(Envelope, type=AdministrativeType.OFFICIAL_LETTER).type == DocumentType("Công văn")
    assert made(StatusMessage, sender=OrganId("H99.1")).sender == Party("H99.1")
    assert made(OrganId, aliases=["H99"]).aliases == ("H99",)
    for content in (b"%PDF-1.7", bytearray(b"%PDF-1.7"), memoryview(b"%PDF-1.7"), Wire(BLOB)):
        assert made(Attachment, blob=content).blob == BLOB


class Text(str):
    __slots__ = ()


def test_subclasses_are_taken():
    assert made(Envelope, subject=Text("V/v")).subject == "V/v"
    assert made(Envelope, to_places=(Text("A"),)).to_places == ("A",)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"%PDF-1.7\n", PDF_TYPE), (b"%PDF", EDXML_TYPE), (b"<a/>", EDXML_TYPE), (b"", EDXML_TYPE)],
)
def test_wire_tells_a_pdf_by_its_first_octets(tmp_path, data, kind):
    path = tmp_path / "a"
    path.write_bytes(data)
    assert Wire.from_bytes(data).content_type == Wire.from_file(path).content_type == kind
    assert Wire.from_bytes(data, "x/y").content_type == Wire.from_file(path, "x/y").content_type == "x/y"


@pytest.mark.parametrize(
    "at",
    [
        dt.datetime.max.replace(tzinfo=dt.UTC),
        dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=9))),
    ],
)
def test_a_time_that_vietnam_does_not_have(at):
    assert refused(TraceHeader, timestamp=at).code == "VND-MODEL-005"
    assert refused(StatusMessage, timestamp=at).code == "VND-MODEL-005"
