"""``sign``, ``seal`` and ``open``: what is made verifies, and nothing half-written is left."""

import json
import os

import pytest

from vnedoc.edxml import EdXmlCodec
from vnedoc.model import Wire


def envelope_json(world, **more):
    value = {
        "schema": "vnedoc-envelope/1",
        "sender": {"organ_id": "H99.1", "name": "Sở Thử nghiệm A"},
        "receivers": [{"organ_id": "H99.2", "name": "Sở Thử nghiệm B"}],
        "document_id": "H99.1,2026/11/22,15/STNA-VP",
        "code": {"number": "15", "notation": "STNA-VP"},
        "date": "2026-11-22",
        "type": {"name": "Công văn"},
        "subject": "V/v thử",
        "attachments": [{"path": "good.pdf", "name": "cv.pdf", "content_id": "main"}],
    }
    path = world.folder / "envelope.json"
    path.write_text(json.dumps({**value, **more}), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["pdf", "xml", "edxml"])
def test_sign_then_verify(world, run, run_json, tmp_path, kind):
    out = tmp_path / f"signed.{kind}"
    code, stdout, _ = run(
        "sign", world.path(kind, "unsigned"), "--key", f"pem:{world.folder}/keys/good.pem", "--out", out
    )
    assert (code, stdout) == (0, b"")
    code, (row,) = run_json("verify", out, *world.trust)
    assert (code, row["conclusion"]) == (0, "PASSED")


def test_passphrase_from_the_environment(world, run, tmp_path, monkeypatch):
    words = [
        "sign",
        world.path("pdf", "unsigned"),
        "--key",
        f"p12:{world.folder}/keys/good.p12",
        "--out",
        tmp_path / "a.pdf",
    ]
    monkeypatch.setenv("VNEDOC_TEST_SECRET", "bí mật")
    assert run(*words, "--passphrase-env", "VNEDOC_TEST_SECRET")[0] == 0
    monkeypatch.setenv("VNEDOC_TEST_SECRET", "sai-hoàn-toàn")
    code, stdout, stderr = run(*words, "--passphrase-env", "VNEDOC_TEST_SECRET")
    assert (code, stdout) == (2, b"")
    assert "sai-hoàn-toàn".encode() not in stderr
    code, _, stderr = run(*words, "--passphrase-env", "VNEDOC_TEST_NOT_SET")
    assert code == 2
    assert b"VND-CLI-002" in stderr


def test_no_passphrase_and_no_terminal(world, run, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    code, _, stderr = run(
        "sign",
        world.path("pdf", "unsigned"),
        "--key",
        f"p12:{world.folder}/keys/good.p12",
        "--out",
        tmp_path / "a.pdf",
    )
    assert code == 2
    assert b"VND-SIGN-" in stderr


@pytest.mark.parametrize(
    ("octets", "words"),
    [(b"plain text", []), (b"", []), (b"%PDF-1.7 cut", []), (b"<a>", []), (b"<a/>", ["--level", "B-T"])],
)
def test_sign_refuses_and_leaves_nothing(world, run, tmp_path, octets, words):
    (tmp_path / "in").write_bytes(octets)
    code, stdout, stderr = run(
        "sign",
        tmp_path / "in",
        "--key",
        f"pem:{world.folder}/keys/good.pem",
        "--out",
        tmp_path / "out",
        *words,
    )
    assert (code, stdout) == (2, b"")
    assert b"VND-" in stderr
    assert b"VND-INTERNAL" not in stderr
    assert os.listdir(tmp_path) == ["in"]


def test_the_input_is_not_replaced(world, run, tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a/>")
    for out in (path, tmp_path / "." / "a.xml"):
        code, _, err = run("sign", path, "--key", f"pem:{world.folder}/keys/good.pem", "--out", out)
        assert code == 2
        assert b"VND-CLI-006" in err
    assert path.read_bytes() == b"<a/>"


def test_sign_when_the_disk_is_full(world, run, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, stderr = run(
        "sign",
        world.path("pdf", "unsigned"),
        "--key",
        f"pem:{world.folder}/keys/good.pem",
        "--out",
        tmp_path / "out",
    )
    assert code == 2
    assert b"VND-IO-002" in stderr
    assert os.listdir(tmp_path) == []


def test_seal_then_open(world, run, run_json, tmp_path):
    sealed = tmp_path / "sealed.edxml"
    code, _, stderr = run(
        "seal", envelope_json(world), "--key", f"pem:{world.folder}/keys/good.pem", "--out", sealed
    )
    assert code == 0, stderr
    assert EdXmlCodec().decode(Wire.from_file(sealed)).message.subject == "V/v thử"
    code, (row,) = run_json("verify", sealed, *world.trust)
    assert code == 0
    assert [one["where"] for one in row["signatures"]] == ["envelope", "attachment:main"]
    out = tmp_path / "out"
    code, _, _ = run("open", sealed, *world.trust, "--out", out)
    assert code == 0
    assert sorted(os.listdir(out)) == ["cv.pdf", "envelope.json", "report.json"]
    with open(world.path("pdf", "good"), "rb") as handle:
        assert (out / "cv.pdf").read_bytes() == handle.read()
    key = f"pem:{world.folder}/keys/good.pem"
    assert run("seal", out / "envelope.json", "--key", key, "--out", tmp_path / "again.edxml")[0] == 0
    code, _, stderr = run("open", sealed, *world.trust, "--out", out)
    assert code == 2
    assert b"VND-IO-004" in stderr


@pytest.mark.parametrize(
    "more",
    [
        {"attachments": [{"path": "../secret.pdf", "name": "a.pdf", "content_id": "a"}]},
        {"attachments": [{"path": "/etc/passwd", "name": "a.pdf", "content_id": "a"}]},
        {"attachments": [{"path": "none.pdf", "name": "a.pdf", "content_id": "a"}]},
        {"subject": 7},
        {"schema": "vnedoc-envelope/2"},
        {"date": "22/11/2026"},
    ],
)
def test_seal_refuses(world, run, tmp_path, more):
    code, stdout, stderr = run(
        "seal",
        envelope_json(world, **more),
        "--key",
        f"pem:{world.folder}/keys/good.pem",
        "--out",
        tmp_path / "out",
    )
    assert (code, stdout) == (2, b"")
    assert b"VND-INTERNAL" not in stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [("tampered", 1), ("expired", 3), ("revoked", 3), ("untrusted", 3), ("unsigned", 3)],
)
def test_open_writes_nothing_unless_it_passed(world, run, tmp_path, state, expected):
    out = tmp_path / "out"
    code, _, _ = run("open", world.path("edxml", state), *world.trust, "--out", out)
    assert code == expected
    assert not out.exists()


def test_open_is_for_edxml(world, run, tmp_path):
    code, stdout, stderr = run("open", world.path("pdf", "good"), *world.trust, "--out", tmp_path / "out")
    assert (code, stdout) == (2, b"")
    assert b"VND-FLOW-005" in stderr
    code, _, stderr = run(
        "open", world.path("edxml", "good"), *world.trust, "--out", tmp_path / "out", "--covers", "element"
    )
    assert code == 2
    assert b"VND-CLI-003" in stderr
    assert os.listdir(tmp_path) == []
