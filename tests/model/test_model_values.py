"""Blobs, identifiers, lists and envelopes."""

import datetime as dt
import hashlib
import os
import pickle
import stat

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import FileError, InputError
from vnedoc.model import (
    PDF_TYPE,
    VIETNAM,
    AdministrativeType,
    Attachment,
    Blob,
    Business,
    DocumentCode,
    DocumentId,
    DocumentType,
    Envelope,
    Kind,
    OrganId,
    Party,
    Priority,
    Receiver,
    Replaced,
    ResponseFor,
    SignatureAlgorithm,
    StatusCode,
    StatusMessage,
    TraceHeader,
    UnknownElement,
    Wire,
)


@given(st.binary(max_size=300))
def test_blob_in_memory(data):
    blob = Blob.from_bytes(data)
    assert blob.size == len(data)
    assert blob.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert blob.read() == data == b"".join(blob.chunks())
    with blob.open() as first, blob.open() as second:
        assert first.read() == second.read() == data
    assert pickle.loads(pickle.dumps(blob)) == blob


def test_blob_in_a_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 100)
    blob = Blob.from_file(path)
    assert blob == Blob.from_bytes(b"x" * 100)
    assert hash(blob) == hash(Blob.from_bytes(b"x" * 100))
    assert blob != "something else"
    assert [len(one) for one in blob.chunks(40)] == [40, 40, 20]
    assert str(path) in repr(blob)
    assert "memory" in repr(Blob.from_bytes(b""))


def test_a_file_that_changed_is_not_read(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    blob = Blob.from_file(path)
    path.write_bytes(b"two")
    with pytest.raises(FileError) as caught:
        blob.read()
    assert caught.value.code == "VND-IO-003"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError) as caught:
        Blob.from_file(tmp_path / "none")
    assert caught.value.code == "VND-IO-001"
    path = tmp_path / "gone"
    path.write_bytes(b"one")
    blob = Blob.from_file(path)
    path.unlink()
    with pytest.raises(FileError) as caught:
        blob.open()
    assert caught.value.code == "VND-IO-001"


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(FileError) as caught:
        Blob.from_file(tmp_path)
    assert caught.value.code == "VND-IO-001"


def test_save_replaces_as_a_whole(tmp_path):
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    assert Blob.from_bytes(b"new").save(target) == target
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.bin"]


def test_save_refuses_an_existing_file(tmp_path):
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(FileError) as caught:
        Wire.from_bytes(b"new").save(target, replace=False)
    assert caught.value.code == "VND-IO-004"
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.bin"]
    assert Wire.from_bytes(b"new").save(tmp_path / "b", replace=False).read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
@pytest.mark.parametrize("replace", [True, False])
def test_save_never_takes_the_place_of_a_pipe_or_device(tmp_path, replace):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(FileError) as caught:
            Blob.from_bytes(b"x").save(tmp_path / name, replace=replace)
        assert caught.value.code == "VND-IO-002"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


def test_save_leaves_nothing_when_the_disk_is_full(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as caught:
        Blob.from_bytes(b"new").save(tmp_path / "out.bin")
    assert caught.value.code == "VND-IO-002"
    assert caught.value.facts == {"reason": "No space left on device"}
    assert os.listdir(tmp_path) == []


def test_save_into_no_folder(tmp_path):
    with pytest.raises(FileError) as caught:
        Blob.from_bytes(b"new").save(tmp_path / "none" / "out.bin")
    assert caught.value.code == "VND-IO-002"


def test_save_of_a_blob_whose_file_is_gone(tmp_path):
    path = tmp_path / "gone"
    path.write_bytes(b"one")
    blob = Blob.from_file(path)
    path.unlink()
    with pytest.raises(FileError) as caught:
        blob.save(tmp_path / "out")
    assert caught.value.code == "VND-IO-001"


def test_wire(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-")
    wire = Wire.from_file(path, PDF_TYPE)
    assert (wire.size, wire.digest, wire.read()) == (5, wire.blob.digest, b"%PDF-")
    assert wire == Wire.from_bytes(b"%PDF-", PDF_TYPE)


@pytest.mark.parametrize(
    ("value", "grammar", "level_1"),
    [
        ("000.00.00.G22", "2016", "G22"),
        ("001.00.20.TT2", "2016", "TT2"),
        ("G12.18", "2020", "G12"),
        ("H37.DN.001", "2020", "H37"),
        ("Z01ABC123", "2020", "Z01ABC123"),
        ("01.02.G22", "other", None),
        ("vxp.saas.03", "other", None),
        ("H26." + "1" * 40, "other", None),
    ],
)
def test_organ_id_grammars(value, grammar, level_1):
    organ = OrganId(value)
    assert (organ.grammar, organ.level_1, str(organ)) == (grammar, level_1, value)


@pytest.mark.parametrize("value", ["", " H26", "H26 ", "x" * 61, "H\n26", "H\x7f26", 7, None])
def test_organ_id_refuses(value):
    with pytest.raises(InputError) as caught:
        OrganId(value)
    assert caught.value.code == "VND-MODEL-001"


def test_aliases_name_one_organisation():
    old, new = OrganId("000.00.34.H36", ("H36.88",)), OrganId("H36.88")
    assert old.same_as(new)
    assert new.same_as(old)
    assert old != new
    assert not new.same_as(OrganId("H36.87"))
    with pytest.raises(InputError):
        OrganId("H36.88", ("",))


def test_document_id():
    text = "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"
    assert str(DocumentId(text)) == text
    assert len(DocumentId.new().value) == 36
    with pytest.raises(InputError) as caught:
        DocumentId("x" * 201)
    assert caught.value.code == "VND-MODEL-002"


def test_status_codes_and_their_direction():
    assert [one.value for one in StatusCode] == ["01", "02", "03", "04", "05", "06", "13", "15", "16"]
    assert [one for one in StatusCode if one.from_document_sender] == [StatusCode.RECALL]
    assert StatusCode("01").vietnamese == "Đã đến"
    assert Kind(3) is Kind.REPLACE
    assert Priority(4).vietnamese == "Hỏa tốc hẹn giờ"


def test_29_administrative_types():
    assert len(AdministrativeType) == 29
    without = [one.value for one in AdministrativeType if one.abbreviation is None]
    assert without == ["Công văn", "Thư công"]
    assert DocumentType.of(AdministrativeType.DECISION).name == "Quyết định"


def test_envelope_kinds_and_conversions():
    envelope = Envelope(sender=Party("H99.1"), receivers=[Party("H99.2")])
    assert envelope.kind is Kind.NEW
    assert envelope.receivers == (Party(OrganId("H99.2")),)
    business = Business(
        kind=Kind.REVOKE, document_id="abc", receivers=(Receiver("H99.3"),), replaced=(Replaced("x"),)
    )
    revoke = attrs.evolve(
        envelope, business=business, document_id="d", responses_for=(ResponseFor(organ_id="H99.1"),)
    )
    assert revoke.kind is Kind.REVOKE
    assert revoke.business.document_id == DocumentId("abc")
    assert revoke.document_id == DocumentId("d")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        revoke.subject = "x"
    assert str(DocumentCode("15", "ABC-VP")) == "15/ABC-VP"


def test_any_iterable_becomes_a_tuple():
    part = Attachment(name="a", blob=Blob.from_bytes(b""), content_id="a")
    one, two = (
        Envelope(
            sender=Party("H99.1"),
            receivers=kind([Party("H99.2")]),
            attachments=kind([part]),
            traces=kind([TraceHeader(organ_id="x")]),
            responses_for=kind([ResponseFor(code="1/A")]),
            unknown=kind([UnknownElement(parent="p", xml="<x/>")]),
            business=Business(
                receivers=kind([Receiver("H99.3")]), replaced=kind([Replaced("d", kind(["H99.4"]))])
            ),
        )
        for kind in (list, iter)
    )
    assert one == two
    assert one.business.replaced[0].organ_ids == (OrganId("H99.4"),)


def test_times_need_a_zone():
    aware = dt.datetime(2026, 11, 22, 8, tzinfo=VIETNAM)
    assert TraceHeader(timestamp=aware).timestamp == aware
    with pytest.raises(InputError) as caught:
        TraceHeader(timestamp=aware.replace(tzinfo=None))
    assert caught.value.code == "VND-MODEL-003"
    with pytest.raises(InputError):
        StatusMessage(
            sender=Party("H99.1"),
            response_for=ResponseFor(),
            code=StatusCode.ARRIVED,
            timestamp=aware.replace(tzinfo=None),
        )


def test_algorithms_name_hash_and_family():
    assert SignatureAlgorithm.RSA_PSS_SHA256.family == "rsa-pss"
    assert SignatureAlgorithm.ECDSA_SHA384.hash_name == "sha384"


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "a\x00b"])
def test_what_never_ends_or_is_no_file_is_refused(tmp_path, path):
    """A device or a pipe would be read for ever; the suite's time-out is what a hang would meet."""
    if path == "pipe":
        os.mkfifo(tmp_path / path)
    with pytest.raises(FileError) as caught:
        Blob.from_file(tmp_path / path)
    assert caught.value.code == "VND-IO-001"


def test_a_file_is_attached_where_it_lies(tmp_path):
    path = tmp_path / "Công văn.pdf"
    path.write_bytes(b"abc")
    one = Attachment.from_file(path)
    assert (one.name, one.blob.path, one.content_id) == ("Công văn.pdf", path, one.blob.digest[7:39])
    named = Attachment.from_file(path, content_id="1", name="a.pdf", description="Bản chính")
    assert (named.name, named.content_id, named.description) == ("a.pdf", "1", "Bản chính")
    with pytest.raises(FileError):
        Attachment.from_file(tmp_path / "none")
