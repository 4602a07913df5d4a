"""``send`` and ``receive``, over a folder between two stores."""

import json
import os

import pytest


@pytest.fixture
def road(tmp_path):
    (tmp_path / "mail").mkdir()
    return f"folder:{tmp_path / 'mail'}"


@pytest.fixture
def sides(tmp_path, road, world):
    sender = ["--store", tmp_path / "sender.db", "--via", road]
    receiver = ["--store", tmp_path / "receiver.db", "--via", road, "--as", "H99.2", *world.trust]
    return sender, receiver


@pytest.mark.parametrize("with_key", [True, False])
def test_there_and_back(world, run, sides, with_key):
    sender, receiver = sides
    key = ["--key", f"pem:{world.folder}/keys/good.pem"] if with_key else []
    code, out, err = run("send", world.path("edxml", "good"), *sender)
    assert (code, out) == (0, b"sent: H99.1,2026/11/22,15/STNA-VP -> H99.2\n"), err
    code, out, err = run("receive", *receiver, *key)
    assert code == 0, err
    assert out == b"accepted: H99.1,2026/11/22,15/STNA-VP <- H99.1 (document, proven)\n"
    # The answer travels the same road; without a key it is what most traffic is today, a claim.
    accept = [] if with_key else ["--accept", "attachments"]
    code, out, err = run("receive", *sender, "--as", "H99.1", *world.trust, *accept)
    assert code == 0, err
    grade = "proven" if with_key else "claimed"
    assert f"(Đã đến, {grade})" in out.decode()
    code, out, _ = run("receive", *receiver)
    assert (code, out) == (0, b"nothing waits\n")


def test_sending_again_sends_nothing(world, run, sides, tmp_path):
    sender, _ = sides
    assert run("send", world.path("edxml", "good"), *sender)[0] == 0
    assert run("send", world.path("edxml", "good"), *sender)[0] == 0
    assert len(os.listdir(tmp_path / "mail" / "H99.2" / "new")) == 1


@pytest.mark.parametrize(
    ("state", "expected"), [("tampered", 1), ("revoked", 3), ("untrusted", 3), ("unsigned", 3)]
)
def test_what_does_not_verify_is_kept_apart(world, run, sides, state, expected):
    sender, receiver = sides
    assert run("send", world.path("edxml", state), *sender)[0] == 0
    code, out, _ = run("receive", *receiver)
    assert code == expected
    assert out.startswith(b"quarantined: ")


def test_what_was_undecided_is_judged_again(world, run, sides):
    sender, receiver = sides
    assert run("send", world.path("edxml", "good"), *sender)[0] == 0
    blind = [one for one in receiver if not str(one).startswith("--crl")]
    assert run("receive", *blind)[0] == 3
    code, out, _ = run("receive", *receiver)
    assert (code, out) == (0, b"accepted: H99.1,2026/11/22,15/STNA-VP <- H99.1 (document, proven)\n")
    code, out, _ = run("receive", *sender, "--as", "H99.1", *world.trust, "--accept", "attachments")
    assert code == 0
    assert "Đã đến".encode() in out


def test_a_route_that_is_not_there(world, run, tmp_path):
    words = ["--store", tmp_path / "s.db", "--via", f"folder:{tmp_path / 'none'}"]
    code, out, err = run("send", world.path("edxml", "good"), *words)
    assert code == 2
    assert b"VND-TRN-" in err
    assert b"H99.1,2026/11/22,15/STNA-VP" in out  # it stays in the outbox
    code, out, _ = run("receive", *words, "--as", "H99.2", *world.trust)
    assert (code, out) == (2, b"")


@pytest.mark.parametrize("via", ["pigeon:here", "folder:"])
def test_an_unknown_route(world, run, tmp_path, via):
    code, out, err = run("send", world.path("edxml", "good"), "--store", tmp_path / "s.db", "--via", via)
    assert (code, out) == (2, b"")
    assert b"VND-TRN-005" in err


def test_a_store_that_is_none(world, run, tmp_path, road):
    (tmp_path / "s.db").write_bytes(b"this is no database" * 100)
    code, out, err = run("send", world.path("edxml", "good"), "--store", tmp_path / "s.db", "--via", road)
    assert (code, out) == (2, b"")
    assert b"VND-EXC-003" in err


@pytest.mark.parametrize("kind", ["pdf", "xml"])
def test_only_messages_are_sent(world, run, sides, kind):
    code, out, err = run("send", world.path(kind, "good"), *sides[0])
    assert (code, out) == (2, b"")
    assert b"VND-INTERNAL" not in err
    assert json.dumps(err.decode())
