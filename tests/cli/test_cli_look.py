"""``inspect``, ``extract``, ``check``, ``doctor`` and the edges of the command itself."""

import json
import os

import jsonschema
import pytest

from vnedoc import cli
from vnedoc.report import schema


@pytest.mark.parametrize("kind", ["pdf", "xml", "edxml"])
def test_inspect(world, run, run_json, kind):
    code, rows = run_json("inspect", world.path(kind, "good"))
    jsonschema.validate(rows, schema("vnedoc-inspect/1"))
    (row,) = rows
    assert (code, row["kind"]) == (0, kind)
    assert [one["kind"] for one in row["signatures_present"]] == ["PAdES" if kind == "pdf" else "XAdES"]
    if kind == "edxml":
        assert row["message"]["subject"] == "V/v thử"
        (attachment,) = row["attachments"]
        assert attachment["name"] == attachment["safe_name"] == "cv.pdf"
        assert attachment["actual_type"] == "application/pdf"
    code, out, _ = run("inspect", world.path(kind, "good"))
    assert code == 0
    assert out.startswith(world.path(kind, "good").encode())


@pytest.mark.parametrize(("octets", "expected"), [(b"<a><b></a>", 1), (b"", 1), (b"hello", 1), (b"<a/>", 0)])
def test_inspect_of_odd_files(run, run_json, tmp_path, octets, expected):
    (tmp_path / "odd").write_bytes(octets)
    code, rows = run_json("inspect", tmp_path / "odd")
    jsonschema.validate(rows, schema("vnedoc-inspect/1"))
    assert code == expected
    assert run("inspect", tmp_path / "odd")[0] == expected


def test_inspect_of_nothing(run, run_json, tmp_path):
    code, (row,) = run_json("inspect", tmp_path / "none")
    assert (code, row["error"]["code"]) == (2, "VND-IO-001")
    code, out, _ = run("inspect", tmp_path / "none")
    assert (code, out) == (2, b"")


def test_extract_says_that_nothing_was_verified(world, run, tmp_path):
    code, out, err = run("extract", world.path("edxml", "tampered"), "--out", tmp_path / "out")
    assert code == 0
    assert out.decode().split() == [str(tmp_path / "out" / "cv.pdf")]
    assert b"NOT VERIFIED" in err
    assert (tmp_path / "out" / "cv.pdf").read_bytes().startswith(b"%PDF-")
    code, _, err = run("extract", world.path("edxml", "tampered"), "--out", tmp_path / "out")
    assert code == 2
    assert b"VND-IO-004" in err


def test_extract_takes_back_what_it_wrote(world, run, tmp_path, monkeypatch):
    (tmp_path / "out").write_bytes(b"a file where the folder should be")
    code, _, err = run("extract", world.path("edxml", "good"), "--out", tmp_path / "out")
    assert code == 2
    assert b"VND-IO-002" in err


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_extract_is_for_edxml(world, run, tmp_path, kind):
    code, _, err = run("extract", world.path(kind, "good"), "--out", tmp_path / "out")
    assert code == 2
    assert b"VND-INTERNAL" not in err
    assert not (tmp_path / "out").exists()


def test_check(world, run, run_json, tmp_path):
    code, rows = run_json("check", world.path("edxml", "good"))
    jsonschema.validate(rows, schema("vnedoc-check/1"))
    assert (code, rows[0]["kind"]) == (0, "edxml")
    (tmp_path / "bad").write_bytes(b"<a>")
    code, rows = run_json("check", world.path("edxml", "good"), tmp_path / "bad", tmp_path / "none")
    jsonschema.validate(rows, schema("vnedoc-check/1"))
    assert code == 1
    assert rows[1]["findings"][0]["severity"] == "error"
    assert rows[2]["error"]["code"] == "VND-IO-001"
    assert run("check", tmp_path / "none")[0] == 2
    code, out, _ = run("check", tmp_path / "bad", tmp_path / "none", "--lang", "en")
    assert code == 1
    assert b"VND-XML-001" in out


def test_doctor(run):
    code, out, _ = run("doctor")
    assert code == 0
    assert b"pyhanko" in out


def test_version_and_help(run):
    assert run("--version")[0] == 0
    assert run("--help")[0] == 0
    code, out, err = run()
    assert (code, out) == (2, b"")
    assert b"usage" in err


def test_an_error_of_our_own_is_not_a_verdict(world, run, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("bí mật trong lỗi")

    monkeypatch.setattr("vnedoc.cli._judge.verify_file", broken)
    code, out, err = run("verify", world.path("pdf", "good"))
    assert (code, out) == (2, b"")
    assert b"VND-INTERNAL" in err
    assert "bí mật".encode() not in err
    monkeypatch.setenv("VNEDOC_TRACEBACK", "1")
    assert b"Traceback" in run("verify", world.path("pdf", "good"))[2]


@pytest.mark.parametrize(("error", "expected"), [(KeyboardInterrupt, 130), (BrokenPipeError, 2)])
def test_interrupts(world, run, monkeypatch, error, expected):
    def stopped(*_args, **_more):
        raise error

    monkeypatch.setattr("vnedoc.cli._judge.verify_file", stopped)
    monkeypatch.setattr("vnedoc.cli._console.Console.abandon", lambda _self: None)
    assert run("verify", world.path("pdf", "good"))[0] == expected


def test_console_script_entry(monkeypatch):
    monkeypatch.setattr(cli, "main", lambda: 3)
    with pytest.raises(SystemExit) as stop:
        cli.run()
    assert stop.value.code == 3


@pytest.mark.corpus
def test_the_signed_pdf_inside_the_samples(corpus, run, run_json, tmp_path):
    """A real government PDF in a message in a message: intact, chain unknown, SHA-1 named."""
    sample = corpus / "samples" / "edxml" / "all4u1089__edoc_new.edxml"
    assert run("extract", sample, "--out", tmp_path / "one")[0] == 0
    (inner,) = (tmp_path / "one").iterdir()
    assert run("extract", inner, "--out", tmp_path / "two")[0] == 0
    (pdf,) = (tmp_path / "two").iterdir()
    code, (row,) = run_json("verify", pdf)
    assert (code, row["kind"], row["sub_indication"]) == (3, "pdf", "NO_CERTIFICATE_CHAIN_FOUND")
    (signature,) = row["signatures"]
    algorithms = [one["facts"].get("algorithm") for one in signature["findings"]]
    assert "sha1" in algorithms
    assert signature["signing_time"].startswith("2018-01-02")
    assert signature["covers"][0]["octets"] == 284937 - 20002
    assert json.dumps(row)
    assert os.listdir(tmp_path / "two")


@pytest.mark.corpus
def test_every_sample_is_inspected(corpus, run_json):
    for sample in sorted((corpus / "samples" / "edxml").iterdir()):
        code, (row,) = run_json("inspect", sample)
        assert code in (0, 1), sample
        assert row["error"] is None
