"""``convert``, ``explain`` and ``--limit``; ``inspect`` and ``extract`` of what is too large for a tree."""

import json

import pytest
from edxml_making import FROM, PDF, TO, carrying, document, full_envelope, full_status

from vnedoc.edxml import DIALECTS, EdXmlCodec, write_file
from vnedoc.model import Attachment, Blob, Envelope


@pytest.fixture
def message(tmp_path):
    path = tmp_path / "in.edxml"
    path.write_bytes(EdXmlCodec().encode(full_envelope()).read())
    return path


@pytest.mark.parametrize("name", [one for one in DIALECTS if not one.startswith("2014")])
def test_convert(run, message, tmp_path, name):
    out = tmp_path / "out"
    code, stdout, err = run("convert", message, "--to", name, "--out", out)
    assert (code, stdout) == (0, b"")
    assert f"2016 -> {name}".encode() in err
    assert EdXmlCodec().decode(EdXmlCodec().encode(full_envelope())).message == full_envelope()
    assert out.read_bytes() == EdXmlCodec(dialect=name).encode(full_envelope()).read()


def test_convert_writes_nothing_that_loses_something(run, message, tmp_path):
    out = tmp_path / "out"
    code, _, err = run("convert", message, "--to", "2014", "--out", out, "--lang", "en")
    assert (code, out.exists()) == (1, False)
    assert err.count(b"VND-EDX-014") == 2
    assert run("convert", message, "--to", "2014", "--out", out, "--lossy")[0] == 0
    code, stdout, _ = run("inspect", out, "--lang", "en")
    assert code == 0
    assert b"Dialect: 2014\n" in stdout


def test_convert_is_lenient_only_when_asked(run, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"junk" + document(FROM + TO + "<edXML:DueDate>30/11/2026</edXML:DueDate>"))
    code, _, err = run("convert", broken, "--to", "2016", "--out", tmp_path / "out")
    assert code == 2
    assert b"VND-EDX-001" in err
    code, _, err = run("convert", broken, "--to", "2016", "--out", tmp_path / "out", "--lenient")
    assert code == 0
    assert b"VND-XML-020" in err
    assert b"VND-EDX-020" in err
    assert b"<edXML:DueDate>2026/11/30</edXML:DueDate>" in (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--to", "2015", "--out", "x"], b"VND-EDX-011"),
        (["--to", "2016", "--out", "in.edxml"], b"VND-CLI-006"),
        (["--to", "2016", "--out", "none/x"], b"VND-IO-002"),
        (["--to", "2016", "--out", "x", "--limit", "bytes=1"], b"VND-CLI-007"),
        (["--to", "2016", "--out", "x", "--limit", "file_bytes"], b"VND-CLI-007"),
        (["--to", "2016", "--out", "x", "--limit", "file_bytes=-1"], b"VND-CLI-007"),
        (["--to", "2016", "--out", "x", "--limit", "attachment_bytes=3"], b"VND-EDX-015"),
    ],
)
def test_convert_refuses(run, message, tmp_path, monkeypatch, more, code):
    monkeypatch.chdir(tmp_path)
    exit_code, stdout, err = run("convert", message, *more)
    assert (exit_code, stdout) == (2, b"")
    assert code in err
    assert not (tmp_path / "x").exists()


def test_explain_a_code_and_a_rule(run):
    code, out, _ = run("explain", "vnd-edx-101")
    assert code == 0
    assert b"[vi]" in out
    assert b"[en]" in out
    assert b"N.MessageHeader" in out
    rule = next(line.split()[0] for line in out.decode().splitlines() if line.strip().startswith("N."))
    code, out, _ = run("explain", rule, "--format", "json")
    row = json.loads(out)
    assert (code, row["code"], [one["id"] for one in row["rules"]]) == (0, "VND-EDX-101", [rule])
    assert set(row["texts"]) == {"vi", "en"}


@pytest.mark.parametrize("asked", ["VND-EDX-999", "nonsense", ""])
def test_explain_refuses_what_it_does_not_know(run, asked):
    code, out, err = run("explain", asked)
    assert (code, out) == (2, b"")
    assert b"VND-VER-011" in err


def test_inspect_and_extract_a_message_that_is_no_tree(run, run_json, tmp_path):
    """The limit is lowered instead of making the file large: the way through is the same."""
    content = PDF + bytes(range(256)) * 9000
    envelope = Envelope(
        sender="H99.1",
        receivers=("H99.2",),
        subject="Tệp lớn",
        attachments=(Attachment(name="a.pdf", blob=Blob.from_bytes(content), content_id="1"),),
    )
    path = tmp_path / "large.edxml"
    write_file(envelope, path)
    limit = ["--limit", "tree_bytes=65536"]
    code, (row,) = run_json("inspect", path, *limit)
    assert (code, row["dialect"], row["message"]["subject"]) == (0, "2022", "Tệp lớn")
    assert row["attachments"][0]["octets"] == len(content)
    assert "VND-CLI-008" in [one["code"] for one in row["findings"]]
    assert run("extract", path, "--out", tmp_path / "out", *limit)[0] == 0
    assert (tmp_path / "out" / "a.pdf").read_bytes() == content
    code, (row,) = run_json("check", path, *limit)
    assert code == 1
    assert {one["code"] for one in row["findings"]} >= {"VND-EDX-101"}
    assert not {"VND-XML-010", "VND-EDX-015"} & {one["code"] for one in row["findings"]}
    assert all(one["facts"]["line"] for one in row["findings"])
    code, (row,) = run_json("inspect", path, *limit, "--limit", "attachment_bytes=1000")
    assert (code, row["findings"][0]["code"]) == (1, "VND-EDX-015")


def test_extract_takes_files_out_of_a_message_of_2014(run, tmp_path):
    envelope = Envelope(
        sender="Z99.01",
        receivers=("Z99.02",),
        attachments=(Attachment(name="a.pdf", blob=PDF, content_id="u1.pdf"),),
    )
    path = tmp_path / "old.mime"
    path.write_bytes(EdXmlCodec(dialect="2014").encode(envelope).read())
    assert run("extract", path, "--out", tmp_path / "out")[0] == 0
    assert (tmp_path / "out" / "a.pdf").read_bytes() == PDF


def test_verify_judges_the_attachments_of_a_message_of_2014(run_json, tmp_path):
    envelope = Envelope(
        sender="Z99.01",
        receivers=("Z99.02",),
        attachments=(Attachment(name="a.txt", blob=b"plain\n", content_id="u1.txt"),),
    )
    path = tmp_path / "old.mime"
    path.write_bytes(EdXmlCodec(dialect="2014").encode(envelope).read())
    code, (row,) = run_json("verify", path, "--accept", "attachments")
    assert (code, row["kind"]) == (3, "edxml")
    assert row["sub_indication"] == "NO_SIGNATURE"


def test_a_status_is_inspected(run_json, tmp_path):
    path = tmp_path / "status.edxml"
    path.write_bytes(EdXmlCodec().encode(full_status()).read())
    code, (row,) = run_json("inspect", path)
    assert (code, row["message"]["code"]) == (0, "03")


def test_check_says_line_and_column(run_json, tmp_path):
    path = tmp_path / "bad.edxml"
    path.write_bytes(carrying(PDF).replace(b"<edXML:To>", b"\n  <edXML:To>"))
    code, (row,) = run_json("check", path)
    assert code == 1
    places = [(one["facts"].get("line"), one["facts"].get("column")) for one in row["findings"]]
    assert places
    assert all(line and column for line, column in places)
