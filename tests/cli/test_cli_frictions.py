"""What a first user stumbles over: limits, empty results, drafts, and what a broken rule answers."""

import json

import pytest
from edxml_making import FROM, PDF, TO, carrying, document, full_envelope

from vnedoc.directory import FileDirectory
from vnedoc.edxml import EdXmlCodec, to_json
from vnedoc.model import Agency, Attachment, Blob, Envelope, OrganId

DRAFT = {
    "schema": "vnedoc-envelope/1",
    "sender": {"organ_id": "H99.1", "name": "Sở Thử nghiệm A"},
    "receivers": [{"organ_id": "H99.2", "name": "Sở Thử nghiệm B"}],
    "document_id": "H99.1,2026/11/22,15/STNA-VP",
    "code": {"number": "15", "notation": "STNA-VP"},
    "date": "2026-11-22",
    "type": {"name": "Công văn"},
    "subject": "V/v thử",
}


def draft(folder, **more):
    path = folder / "envelope.json"
    path.write_text(json.dumps({**DRAFT, **more}), encoding="utf-8")
    return path


# --- limits -----------------------------------------------------------------------------------------


def test_limits_of_judging(world, run, run_json, tmp_path):
    code, (row,) = run_json("verify", world.path("edxml", "good"), *world.trust, "--limit", "tree_bytes=999")
    assert code == 1
    (finding,) = row["findings"]
    assert (finding["facts"]["limit"], finding["facts"]["allowed"]) == ("tree_bytes", 999)
    words = ["open", world.path("edxml", "good"), *world.trust, "--out", tmp_path / "out"]
    code, out, _ = run(*words, "--limit", "file_bytes=999")
    assert code == 1
    assert b"VND-FLOW-004" in out
    assert run(*words, "--limit", "file_bytes")[0] == 2
    assert not (tmp_path / "out").exists()
    assert run(*words, "--limit", "file_bytes=9999999")[0] == 0


def test_limits_and_reasons_of_receiving(world, run, tmp_path):
    (tmp_path / "mail").mkdir()
    road = ["--via", f"folder:{tmp_path / 'mail'}"]
    receiver = ["--store", tmp_path / "b.db", *road, "--as", "H99.2", *world.trust]
    sender = ["--store", tmp_path / "a.db", *road]
    assert run("send", world.path("edxml", "tampered"), *sender)[0] == 0
    code, out, _ = run("receive", *receiver)
    assert code == 1
    assert b"quarantined: VND-VER-001 FAILED sha256:" in out
    assert b"(VND-" in out
    assert run("send", world.path("edxml", "good"), "--store", tmp_path / "c.db", *road)[0] == 0
    code, out, _ = run("receive", *receiver, "--limit", "tree_bytes=999")
    assert code == 1
    assert b"VND-XML-010" in out


def test_limits_of_sealing(world, run, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"0123456789")
    path = draft(tmp_path, attachments=[{"path": "a.txt", "name": "a.txt"}])
    words = ["seal", path, "--key", f"pem:{world.folder}/keys/good.pem", "--out", tmp_path / "out"]
    code, _, err = run(*words, "--limit", "attachment_bytes=9")
    assert code == 2
    assert b"VND-EDX-085" in err
    assert not (tmp_path / "out").exists()
    assert run(*words)[0] == 0


# --- extract ----------------------------------------------------------------------------------------


def test_extract_of_a_message_without_attachments(run, tmp_path):
    (tmp_path / "in").write_bytes(document(FROM + TO))
    code, out, err = run("extract", tmp_path / "in", "--out", tmp_path / "out")
    assert (code, out) == (0, b"")
    assert err.count(b"VND-CLI-010") == 2
    assert b"NOT VERIFIED" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [b"AttachmentEncoded", b"attachmentEncoded", b"ATTACHMENTENCODED"])
def test_extract_that_finds_nothing_says_no(run, tmp_path, name):
    lower = carrying(PDF).replace(b"Manifest", b"List").replace(b"ContentTransferEncoded", b"Data")
    (tmp_path / "in").write_bytes(lower.replace(b"AttachmentEncoded", name).replace(b"Attachment>", b"File>"))
    code, out, err = run("extract", tmp_path / "in", "--out", tmp_path / "out")
    assert (code, out) == (1, b"")
    assert err.count(b"VND-CLI-009") == 2


# --- convert and check ------------------------------------------------------------------------------


def test_convert_with_a_directory(run, tmp_path):
    path = tmp_path / "agencies.jsonl"
    FileDirectory.create(path, [Agency(organ_id=OrganId("H99.1", ["000.00.01.H99"]), name="Sở Thử nghiệm A")])
    old = Envelope(sender="000.00.01.H99", receivers=("000.00.02.H99",), subject="V/v thử")
    (tmp_path / "in").write_bytes(EdXmlCodec(dialect="2014").encode(old).read())
    words = ["convert", tmp_path / "in", "--to", "2022", "--out", tmp_path / "out"]
    code, _, err = run(*words, "--directory", path)
    assert (code, err.count(b"VND-EDX-034 ")) == (0, 1)
    assert b"H99.1" in (tmp_path / "out").read_bytes()
    code, _, err = run(*words, "--directory", tmp_path / "none")
    assert code == 2
    assert b"VND-IO-001" in err


def test_check_of_a_draft(run_json, tmp_path):
    (tmp_path / "cv.pdf").write_bytes(PDF)
    path = draft(tmp_path, attachments=[{"path": "cv.pdf", "name": "cv.pdf"}])
    code, (row,) = run_json("check", path)
    assert (code, row["kind"]) == (0, "edxml")
    code, (row,) = run_json("check", draft(tmp_path, subject=""))
    assert code == 1
    assert {one["severity"] for one in row["findings"]} >= {"error"}
    code, (row,) = run_json("check", draft(tmp_path, date="22/11/2026"))
    assert (code, len(row["findings"]), row["findings"][0]["location"]) == (1, 1, "$.date")
    code, (row,) = run_json("check", path, "--limit", "tree_bytes=9")
    assert (code, row["findings"][0]["code"]) == (1, "VND-EDX-015")
    code, (row,) = run_json("check", draft(tmp_path, attachments=[{"path": "none", "name": "a.pdf"}]))
    assert (code, row["error"]["code"]) == (2, "VND-IO-001")


def test_check_of_what_was_opened(run, tmp_path):
    envelope = full_envelope()
    names = [f"{number}.bin" for number in range(len(envelope.attachments))]
    for name, one in zip(names, envelope.attachments, strict=True):
        one.blob.save(tmp_path / name)
    (tmp_path / "envelope.json").write_text(to_json(envelope, names), encoding="utf-8")
    assert b"VND-EDX-06" not in run("check", tmp_path / "envelope.json")[1]


@pytest.mark.parametrize("octets", [b"hello", b"{\\rtf1 text}", b"PK\x03\x04" + bytes(60)])
def test_check_of_an_unknown_file_shows_its_first_bytes(run_json, tmp_path, octets):
    (tmp_path / "in").write_bytes(octets)
    code, (row,) = run_json("check", tmp_path / "in")
    (finding,) = row["findings"]
    assert (code, row["kind"], finding["code"]) == (1, "unknown", "VND-FLOW-001")
    assert finding["facts"]["first_bytes"] == octets[:8].hex(" ")
    assert finding["facts"]["type"]


def test_check_is_lenient_only_when_asked(run_json, tmp_path):
    (tmp_path / "in").write_bytes(b"junk" + document(FROM + TO))
    code, (row,) = run_json("check", tmp_path / "in")
    assert (code, [one["code"] for one in row["findings"]]) == (1, ["VND-FLOW-001"])
    code, (row,) = run_json("check", tmp_path / "in", "--lenient")
    assert code == 1
    assert {one["code"] for one in row["findings"]} >= {"VND-XML-020", "VND-EDX-101"}


# --- seal and explain -------------------------------------------------------------------------------


def test_seal_tells_what_the_rules_say(world, run, tmp_path):
    words = ["--key", f"pem:{world.folder}/keys/good.pem", "--out", tmp_path / "out"]
    code, out, err = run("seal", draft(tmp_path), *words, "--lang", "en")
    assert (code, out) == (0, b"")
    assert b"[Warning] VND-EDX-" in err
    for broken in ({"receivers": []}, {"subject": ""}):
        (tmp_path / "out").unlink(missing_ok=True)
        code, out, err = run("seal", draft(tmp_path, **broken), *words, "--lang", "en")
        assert (code, out) == (1, b"")
        assert b"VND-FLOW-020" in err
        assert b"[Error] VND-EDX-" in err
        assert not (tmp_path / "out").exists()


def test_explain_lists_what_has_the_text_in_its_name(run):
    code, out, _ = run("explain", "messageheader.to")
    assert code == 0
    assert b"N.MessageHeader.To (" in out
    code, out, _ = run("explain", "edx-10", "--format", "json")
    row = json.loads(out)
    assert (code, row["schema"], row["asked"]) == (0, "vnedoc-explain-matches/1", "edx-10")
    assert {"VND-EDX-101", "VND-EDX-109"} <= set(row["codes"])
    assert run("explain", "n.messageheader.to", "--format", "json")[0] == 0


def test_explain_repeats_what_was_typed(run):
    code, _, err = run("explain", "Vnd-Edx-999")
    assert code == 2
    assert b"Vnd-Edx-999" in err


def test_a_large_attachment_is_told_once(run, tmp_path):
    """Contents that come from a file are no reason for another answer than those in memory."""
    (tmp_path / "a.pdf").write_bytes(PDF)
    made = Attachment(name="a.pdf", blob=Blob.from_file(tmp_path / "a.pdf"), content_id="1")
    envelope = Envelope(sender="H99.1", receivers=("H99.2",), attachments=(made,))
    (tmp_path / "envelope.json").write_text(to_json(envelope, ["a.pdf"]), encoding="utf-8")
    code, out, _ = run("check", tmp_path / "envelope.json")
    assert code == 1
    assert out.count(b"VND-EDX-101") >= 1
