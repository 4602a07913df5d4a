"""``vnedoc-envelope/1``: out, in, and everything that is wrong with a hand-written file."""

import json
import os

import attrs
import jsonschema
import pytest
from edxml_making import PDF, carrying, decode, full_envelope, full_status, zip_of

from vnedoc.edxml import envelope_schema, from_json, message_to_dict, to_json
from vnedoc.errors import DecodeError, FileError, InputError
from vnedoc.model import (
    DocumentType,
    Envelope,
    OrganId,
    Party,
    StatusMessage,
    UnknownAttribute,
    UnknownElement,
)

MINIMAL = {
    "schema": "vnedoc-envelope/1",
    "sender": {"organ_id": "000.00.01.Z99"},
    "receivers": [{"organ_id": "H99.1"}],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.pdf").write_bytes(PDF)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.pdf").write_bytes(PDF + b"b")
    return tmp_path


def load(folder, **more):
    return from_json(json.dumps({**MINIMAL, **more}), folder)


def refusal(folder, **more) -> InputError:
    with pytest.raises(InputError) as caught:
        load(folder, **more)
    return caught.value


def test_an_envelope_goes_out_and_comes_back(folder):
    envelope = attrs.evolve(
        full_envelope(), unknown=(UnknownElement(parent="", after="edXMLEnvelope", xml="<a></a>"),)
    )
    text = to_json(envelope, ["a.pdf"])
    assert from_json(text, folder) == envelope
    assert from_json(text.encode(), folder) == envelope
    jsonschema.validate(json.loads(text), envelope_schema(), cls=jsonschema.Draft202012Validator)


def test_a_status_goes_out_and_comes_back(tmp_path):
    status = attrs.evolve(
        full_status(),
        sender=Party(OrganId("000.00.01.Z99", ("Z99.1",)), "Sở Thí điểm A"),
        unknown_attributes=(UnknownAttribute(parent="edXMLEnvelope", name="{urn:x}a", value="1"),),
    )
    text = to_json(status)
    back = from_json(text, tmp_path)
    assert back == status
    assert back.sender.organ_id.aliases == ("Z99.1",)
    jsonschema.validate(json.loads(text), envelope_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("kind", ["letter", 1, None])
def test_another_kind_of_message_is_refused(folder, kind):
    error = refusal(folder, message=kind)
    assert (error.code, error.path) == ("VND-EDX-061", "$.message")


def test_the_schema_is_the_model():
    """Field by field, so that neither can grow without the other."""
    schema = envelope_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, kind in (("document", Envelope), ("status", StatusMessage)):
        fields = set(attrs.fields_dict(kind)) | {"schema", "message"}
        assert set(schema["$defs"][name]["properties"]) == fields
    envelope = full_envelope()
    for name, value in (
        ("party", envelope.sender),
        ("code", envelope.code),
        ("type", envelope.type),
        ("signer", envelope.signer),
        ("other", envelope.other),
        ("response_for", envelope.responses_for[0]),
        ("trace", envelope.traces[0]),
        ("staff", envelope.business.staff),
        ("receiver", envelope.business.receivers[0]),
        ("replaced", envelope.business.replaced[0]),
        ("business", envelope.business),
    ):
        assert set(schema["$defs"][name]["properties"]) == set(attrs.fields_dict(type(value))), name


def test_the_smallest_file_is_enough(folder):
    jsonschema.validate(MINIMAL, envelope_schema())
    envelope = load(folder)
    assert envelope.sender.organ_id.value == "000.00.01.Z99"
    assert envelope.attachments == ()


def test_null_is_none_and_absent_is_the_default(folder):
    assert load(folder, subject=None, code=None, signer=None) == load(folder)
    assert load(folder, type={"name": "Công văn"}).type == DocumentType("Công văn", 1, 0)
    assert load(folder, type={"name": "Công văn", "type": None}).type == DocumentType("Công văn", None, 0)


def test_attachments_get_name_and_content_id(folder):
    envelope = load(
        folder, attachments=[{"path": "a.pdf"}, {"path": "sub/b.pdf", "content_id": "1", "name": "B.pdf"}]
    )
    assert [(one.name, one.content_id, one.blob.read()) for one in envelope.attachments] == [
        ("a.pdf", "2", PDF),
        ("B.pdf", "1", PDF + b"b"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "../a.pdf",
        "sub/../../a.pdf",
        "/etc/passwd",
        "C:/a.pdf",
        "sub\\b.pdf",
        "",
        ".",
        "sub",
        "a\x00.pdf",
        "\ud800",
        "x" * 5000,
        "out/a.pdf",
        "loop/a.pdf",
        "pipe",
    ],
)
def test_paths_never_lead_out_of_the_folder(tmp_path, path):
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "a.pdf").write_bytes(PDF)
    (inside / "sub").mkdir()
    (inside / "out").symlink_to(tmp_path)
    (inside / "loop").symlink_to(inside / "loop")
    os.mkfifo(inside / "pipe")
    error = refusal(inside, attachments=[{"path": path}])
    assert error.code == "VND-EDX-065"
    assert error.path == "$.attachments[0].path"


def test_a_link_inside_the_folder_is_fine(folder):
    (folder / "c.pdf").symlink_to(folder / "a.pdf")
    assert load(folder, attachments=[{"path": "c.pdf"}]).attachments[0].blob.read() == PDF


def test_a_missing_file_is_a_file_error(folder):
    with pytest.raises(FileError) as caught:
        load(folder, attachments=[{"path": "none.pdf"}])
    assert caught.value.code == "VND-IO-001"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("{", 1, 2),
        ('{"a": 1,\n "b": x}', 2, 7),
        (b"\xff{}", 1, 1),
        ('{"a": 1, "a": 2}', 1, 1),
        ('{"a": NaN}', 1, 1),
        ("[" * 100_000, 1, 1),
        ("1" * 5000, 1, 1),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(tmp_path, text, line, column):
    with pytest.raises(DecodeError) as caught:
        from_json(text, tmp_path)
    assert caught.value.code == "VND-EDX-060"
    assert (caught.value.facts["line"], caught.value.facts["column"]) == (line, column)


@pytest.mark.parametrize("text", ["[]", "null", '"a"'])
def test_the_top_must_be_an_object(tmp_path, text):
    with pytest.raises(DecodeError) as caught:
        from_json(text, tmp_path)
    assert (caught.value.code, caught.value.path) == ("VND-EDX-061", "$")


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"schema": "vnedoc-envelope/2"}, "VND-EDX-064", "$.schema"),
        ({"schema": None}, "VND-EDX-064", "$.schema"),
        ({"subjects": "a"}, "VND-EDX-062", "$"),
        ({"attachments": {}}, "VND-EDX-061", "$.attachments"),
        ({"attachments": [1]}, "VND-EDX-061", "$.attachments[0]"),
        ({"attachments": [{}]}, "VND-EDX-063", "$.attachments[0]"),
        ({"attachments": [{"path": 1}]}, "VND-EDX-061", "$.attachments[0].path"),
        ({"attachments": [{"path": "a.pdf", "blob": "a"}]}, "VND-EDX-062", "$.attachments[0]"),
        ({"attachments": [{"path": "a.pdf", "name": 1}]}, "VND-EDX-061", "$.attachments[0].name"),
        ({"sender": "a"}, "VND-EDX-061", "$.sender"),
        ({"sender": {}}, "VND-EDX-063", "$.sender"),
        ({"sender": {"organ_id": ""}}, "VND-MODEL-001", "$.sender.organ_id"),
        ({"receivers": {}}, "VND-EDX-061", "$.receivers"),
        ({"receivers": [{"organ_id": 7}]}, "VND-EDX-061", "$.receivers[0].organ_id"),
        ({"document_id": "x" * 201}, "VND-MODEL-002", "$.document_id"),
        ({"date": "20/11/2026"}, "VND-EDX-061", "$.date"),
        ({"date": 2026}, "VND-EDX-061", "$.date"),
        ({"traces": [{"timestamp": "2026-11-20T08:00:00"}]}, "VND-EDX-061", "$.traces[0].timestamp"),
        ({"steering": "maybe"}, "VND-EDX-061", "$.steering"),
        ({"steering": 1}, "VND-EDX-061", "$.steering"),
        ({"other": {"pages": True}}, "VND-EDX-061", "$.other.pages"),
        ({"other": {"direction": 1}}, "VND-EDX-061", "$.other.direction"),
        ({"other": {"priority": "urgent", "appendixes": "a"}}, "VND-EDX-061", "$.other.appendixes"),
    ],
)
def test_what_is_not_of_the_schema_is_refused_with_its_path(folder, more, code, path):
    error = refusal(folder, **more)
    assert (error.code, error.path) == (code, path)


def test_missing_fields_are_named(tmp_path):
    with pytest.raises(DecodeError) as caught:
        from_json('{"schema": "vnedoc-envelope/1", "sender": {"organ_id": "H99"}}', tmp_path)
    assert (caught.value.code, caught.value.facts) == ("VND-EDX-063", {"field": "receivers"})


def test_every_attachment_needs_a_path():
    with pytest.raises(InputError) as caught:
        to_json(full_envelope(), [])
    assert caught.value.code == "VND-EDX-066"


def test_the_view_for_display_has_every_key():
    plain = message_to_dict(full_envelope())
    assert set(plain) == {"message", *attrs.fields_dict(Envelope)}
    assert plain["message"] == "document"
    assert plain["other"]["priority"] == "urgent"
    assert plain["traces"][0]["timestamp"] == "2026-11-20T08:00:05+07:00"
    assert plain["attachments"] == [
        {
            "name": "Công văn.pdf",
            "content_id": "1",
            "content_type": "application/pdf",
            "attachment_type": "application/pdf",
            "description": "Bản chính",
            "size": len(PDF),
            "digest": full_envelope().attachments[0].blob.digest,
            "measured_type": "application/pdf",
            "packed_size": None,
        }
    ]
    json.dumps(plain)


def test_the_view_of_a_status_and_of_a_packed_attachment():
    plain = message_to_dict(full_status())
    assert (plain["message"], plain["code"], plain["sender"]["organ_id"]) == (
        "status",
        "03",
        "H99.1",
    )
    packed = zip_of({"x": PDF})
    view = message_to_dict(decode(carrying(packed)).message)
    assert view["attachments"][0]["packed_size"] == len(packed)
    assert view["subject"] is None
