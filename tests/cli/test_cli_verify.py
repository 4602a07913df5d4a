"""``vnedoc verify``: exit codes and the JSON contract, on files of each kind."""

import json
import random

import jsonschema
import pytest

from vnedoc.report import schema

KINDS = ("pdf", "xml", "edxml")
EXPECTED = {
    "good": (0, "PASSED", None),
    "tampered": (1, "FAILED", "HASH_FAILURE"),
    "expired": (3, "INDETERMINATE", "OUT_OF_BOUNDS_NO_POE"),
    "revoked": (3, "INDETERMINATE", "REVOKED_NO_POE"),
    "untrusted": (3, "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    "unsigned": (3, "INDETERMINATE", "NO_SIGNATURE"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", EXPECTED)
def test_exit_code_and_verdict(world, run_json, kind, state):
    code, rows = run_json("verify", world.path(kind, state), *world.trust)
    jsonschema.validate(rows, schema("vnedoc-report/1"))
    (row,) = rows
    assert (code, row["conclusion"], row["sub_indication"]) == EXPECTED[state]
    assert row["file"] == world.path(kind, state)
    assert row["kind"] == kind
    if state == "good":
        (signature,) = row["signatures"]
        assert signature["where"] == ("envelope" if kind == "edxml" else "document")
        assert signature["format"] == ("PAdES" if kind == "pdf" else "XAdES")
        assert signature["level"] == "B-B"
        assert signature["time_source"] == "claimed"
        assert signature["signing_time"] == "2026-11-22T08:00:00+00:00"
        assert signature["signer"]["subject"].startswith("CN=Tốt")
        assert signature["signer"]["role"] is None
        assert signature["covers"][0]["octets"] > 0
        assert signature["covers"][0]["digest"].startswith("sha256:")


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("form", ["text", "html"])
def test_other_forms(world, run, form, lang):
    code, out, _err = run(
        "verify",
        world.path("pdf", "good"),
        world.path("xml", "tampered"),
        *world.trust,
        "--format",
        form,
        "--lang",
        lang,
    )
    assert code == 1
    text = out.decode()
    assert "PASSED" in text or "ĐẠT" in text.upper()
    assert (form == "html") == text.lstrip().lower().startswith("<!doctype html")


def test_the_worst_code_wins_and_order_is_kept(world, run_json):
    files = [
        world.path("pdf", "good"),
        world.path("xml", "expired"),
        "/no/such/file",
        world.path("xml", "tampered"),
    ]
    code, rows = run_json("verify", *files, *world.trust)
    assert code == 1
    assert [row["file"] for row in rows] == files
    assert [row["conclusion"] for row in rows] == ["PASSED", "INDETERMINATE", None, "FAILED"]
    assert rows[2]["error"]["code"] == "VND-IO-001"
    jsonschema.validate(rows, schema("vnedoc-report/1"))
    assert run_json("verify", *files[:3], *world.trust)[0] == 2
    assert run_json("verify", *files[:2], *world.trust)[0] == 3


def test_without_an_anchor_it_is_undecided(world, run_json):
    code, (row,) = run_json("verify", world.path("pdf", "good"), world.trust[-1])
    assert (code, row["sub_indication"]) == (3, "NO_CERTIFICATE_CHAIN_FOUND")


def test_without_revocation_data_it_is_undecided(world, run_json):
    words = [one for one in world.trust if not one.startswith("--crl")]
    code, (row,) = run_json("verify", world.path("xml", "good"), *words)
    assert (code, row["sub_indication"]) == (3, "TRY_LATER")
    code, (row,) = run_json("verify", world.path("xml", "good"), *words, "--revocation", "if-available")
    assert (code, row["conclusion"]) == (0, "PASSED")


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"", "unknown"),
        (b"\x00\x01", "unknown"),
        (b"%PDF-1.7\n", "pdf"),
        (b"<a><b></a>", "xml"),
        (b"<!DOCTYPE a><a/>", "xml"),
    ],
)
def test_bytes_that_can_be_read_always_give_a_report(world, run_json, tmp_path, octets, kind):
    path = tmp_path / "odd"
    path.write_bytes(octets)
    code, rows = run_json("verify", str(path), *world.trust)
    jsonschema.validate(rows, schema("vnedoc-report/1"))
    assert (code, rows[0]["conclusion"], rows[0]["sub_indication"]) == (1, "FAILED", "FORMAT_FAILURE")
    assert rows[0]["kind"] == kind
    assert rows[0]["findings"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated(world, run_json, tmp_path, kind):
    with open(world.path(kind, "good"), "rb") as handle:
        octets = handle.read()
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(octets[: len(octets) * 2 // 3])
    code, (row,) = run_json("verify", str(path), *world.trust)
    assert (code, row["conclusion"]) == (1, "FAILED")


def test_a_folder_is_an_input_error(world, run_json, tmp_path):
    code, (row,) = run_json("verify", str(tmp_path), *world.trust)
    assert (code, row["conclusion"], row["error"]["code"]) == (2, None, "VND-IO-001")


@pytest.mark.parametrize(
    "words",
    [
        ["--at", "2026-11-22T08:00:00"],
        ["--at", "yesterday"],
        ["--policy", "/no/such.toml"],
        ["--trust", "/no/such"],
        ["--password-env", "VNEDOC_NO_SUCH_VARIABLE"],
        ["--no-such-option"],
        ["--covers", "everything"],
    ],
)
def test_usage_errors_print_nothing_on_stdout(world, run, words):
    code, out, err = run("verify", world.path("pdf", "good"), *words)
    assert (code, out) == (2, b"")
    assert err


def test_a_folder_without_certificates_is_an_error(world, run):
    code, out, err = run("verify", world.path("pdf", "good"), "--trust", world.folder / "empty")
    assert (code, out) == (2, b"")
    assert b"VND-TRUST-" in err


def test_a_part_does_not_loosen_the_seal(world, run, run_json):
    code, out, err = run(
        "verify", world.path("edxml", "good"), *world.trust, "--covers", "element", "--accept", "sealed"
    )
    assert (code, out) == (2, b"")
    assert b"VND-CLI-003" in err
    code, _ = run_json(
        "verify", world.path("xml", "good"), *world.trust, "--covers", "element", "--accept", "sealed"
    )
    assert code == 0


def test_an_exceeded_limit_names_itself(world, run_json, tmp_path):
    policy = tmp_path / "tight.toml"
    policy.write_text('name = "tight"\n[limits]\nfile_bytes = 100\n')
    code, (row,) = run_json("verify", world.path("pdf", "good"), *world.trust, "--policy", str(policy))
    assert (code, row["conclusion"], row["sub_indication"]) == (1, "FAILED", "FORMAT_FAILURE")
    assert row["findings"][0]["facts"]["limit"] == "file_bytes"
    assert row["policy"] == "tight"


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_never_passes(world, run_json, tmp_path, kind):
    """200 seeded places inside what the signature covers."""
    with open(world.path(kind, "good"), "rb") as handle:
        octets = handle.read()
    chance = random.Random(20261122)
    covered = (_outside_contents if kind == "pdf" else _outside_signature)(octets)
    for place in chance.sample(covered, 200):
        path = tmp_path / f"flipped.{kind}"
        path.write_bytes(
            octets[:place] + bytes([octets[place] ^ (1 << chance.randrange(8))]) + octets[place + 1 :]
        )
        code, (row,) = run_json("verify", str(path), *world.trust)
        assert code != 0, place
        assert row["conclusion"] != "PASSED", place


def _outside_contents(octets):
    start = octets.rindex(b"/Contents <") + len(b"/Contents ")
    end = octets.index(b">", start) + 1
    return [*range(start), *range(end, len(octets))]


def _outside_signature(octets):
    """The root element without its signature; the declaration and the last line end are not part of it."""
    first = octets.index(b"?>") + 3
    start, end = octets.index(b"<Signature"), octets.index(b"</Signature>") + len(b"</Signature>")
    return [*range(first, start), *range(end, octets.rindex(b">") + 1)]


def test_output_is_utf_8_on_any_console(world):
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vnedoc",
            "verify",
            world.path("xml", "good"),
            *world.trust,
            "--format",
            "json",
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1258", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert "CN=Tốt" in json.loads(done.stdout.decode("utf-8"))[0]["signatures"][0]["signer"]["subject"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vnedoc",
            "verify",
            world.path("xml", "expired"),
            *world.trust,
            "--lang",
            "vi",
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1258", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 3, done.stderr


def test_a_device_is_an_input_error_wherever_a_file_is_asked_for(world, run, run_json, tmp_path):
    code, (row,) = run_json("verify", "/dev/zero", *world.trust)
    assert (code, row["error"]["code"]) == (2, "VND-IO-001")
    code, out, err = run("verify", world.path("pdf", "good"), "--trust", "/dev/zero")
    assert (code, out) == (2, b"")
    assert b"VND-IO-001" in err
    code, _, err = run(
        "sign", world.path("pdf", "unsigned"), "--key", "pem:/dev/zero", "--out", tmp_path / "a.pdf"
    )
    assert code == 2
    assert b"VND-IO-001" in err
