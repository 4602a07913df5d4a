"""Real processes, really killed. P1 no loss, P2 one effect, P3 no false receipt, P4 no half state."""

import os
import random
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import exchange_world
import pytest
from exchange_world import MINISTRY, PROVINCE, FixedClock, letter, make

from vnedoc.exchange import HandlingState, OutboxState, open_store
from vnedoc.transport import FolderTransport

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

OUTGOING = {"O1": "enqueue", "O2": "enqueue", "C1": "send", "O3": "send", "O5": "send", "O6": "send"}
INCOMING = dict.fromkeys(["I1", "A1", "I2", "A2", "I3", "I4", "I6"], "collect")
POINTS = OUTGOING | INCOMING


def start(folder, role, *, hour=0, number=5, crash="", **more):
    return subprocess.Popen(
        [sys.executable, exchange_world.__file__, str(folder), role, str(hour), str(number)],
        env=os.environ | {"VNEDOC_CRASH_AT": crash},
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def finish(process):
    process.communicate(timeout=100)
    return process.returncode


def work(folder, role, *, hour=0, number=5):
    exchange_world.run(folder, role, hour, number)


def lines(folder, role):
    path = folder / role
    return Counter(path.read_text().split()) if path.exists() else Counter()


def check(folder, number, *, extra_effects=0):
    """Compare both registers with what was enqueued."""
    for organ in (MINISTRY, PROVINCE):
        connection = sqlite3.connect(folder / f"{organ.value}.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
    clock, road = FixedClock(), FolderTransport(folder / "drop")
    with (
        open_store(folder / f"{MINISTRY.value}.db") as mine,
        open_store(folder / f"{PROVINCE.value}.db") as theirs,
    ):
        sent = make(mine, road, MINISTRY, clock).outbox()
        inbox = make(theirs, road, PROVINCE, clock).inbox()
        expected = {f"doc-{one}" for one in range(number)}
        assert {one.document_id.value for one in sent} == expected
        assert {one.state for one in sent} == {OutboxState.SENT}
        assert sorted(one.document_id.value for one in inbox) == sorted(expected)
        assert {one.handling for one in inbox} == {HandlingState.DONE}
        assert [theirs.get(one.digest).read() for one in inbox] == [
            letter(one.document_id.value, text="x" * 40_000 * (int(one.document_id.value[4:]) % 2)).read()
            for one in inbox
        ]
        settled = {one.name for one in road.folder(PROVINCE).glob("done/*")}
        assert len(settled) == number
        assert not list(road.folder(PROVINCE).glob("new/*"))
    effects = lines(folder, "collect")
    assert set(effects) == expected
    assert sum(effects.values()) <= number + extra_effects


def test_every_crash_point_in_the_source_is_killed_here():
    (source,) = find_spec("vnedoc.exchange").submodule_search_locations
    text = "".join(one.read_text(encoding="utf-8") for one in Path(source).rglob("*.py"))
    assert set(re.findall(r'crashpoint\("(\w+)"\)', text)) == set(POINTS)


# Who starts again on the same machine need not wait for the dead process's lease; elsewhere it must end.
@pytest.mark.parametrize(
    ("point", "elsewhere"), [*((one, False) for one in POINTS), ("O5", True), ("I2", True), ("I6", True)]
)
def test_killed_at(tmp_path, point, elsewhere, monkeypatch):
    (tmp_path / "drop").mkdir()
    hour = 0
    for role in ("enqueue", "send", "collect"):
        if POINTS[point] == role:
            assert finish(start(tmp_path, role, crash=point)) == -9
            if elsewhere:
                hour = 1
                monkeypatch.setattr("vnedoc.exchange._process._place", lambda: "elsewhere/")
        work(tmp_path, role, hour=hour)
    # A handler whose worker died after its effect runs again: it must be idempotent or inside the store.
    check(tmp_path, 5, extra_effects=1 if point == "I6" else 0)


def kill_loop(folder, number, kills, seed):
    (folder / "drop").mkdir()
    chance = random.Random(seed)
    work(folder, "enqueue", number=number)
    killed = hour = 0
    while killed < kills:
        hour += 1
        process = start(folder, chance.choice(["send", "collect"]), hour=hour, number=2 * number)
        with process:
            for _ in range(chance.randrange(1, 12)):
                if not process.stdout.readline():
                    break
            process.kill()
        if process.returncode == -9:
            killed += 1
        elif not killed or hour > 20 * kills:
            break
    for _ in range(2):
        hour += 1
        work(folder, "send", hour=hour, number=2 * number)
        work(folder, "collect", hour=hour, number=2 * number)
    check(folder, number, extra_effects=killed)
    return killed


def test_ten_random_kills(tmp_path):
    assert kill_loop(tmp_path, 40, 10, seed=1) == 10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_random_kills(tmp_path):
    assert kill_loop(tmp_path, 1500, 200, seed=2) == 200


def test_processes_never_send_the_same_row(tmp_path):
    (tmp_path / "drop").mkdir()
    work(tmp_path, "enqueue", number=60)
    running = [start(tmp_path, "send", number=60) for _ in range(4)]
    assert [finish(one) for one in running] == [0] * 4
    sends = lines(tmp_path, "send")
    assert len(sends) == 60
    assert set(sends.values()) == {1}
    running = [start(tmp_path, "collect", number=200) for _ in range(3)]
    assert [finish(one) for one in running] == [0] * 3
    work(tmp_path, "collect", number=200)
    check(tmp_path, 60)


def test_processes_may_make_the_store_together(tmp_path):
    (tmp_path / "drop").mkdir()
    running = [start(tmp_path, "enqueue", number=5) for _ in range(4)]
    assert [finish(one) for one in running] == [0] * 4
    work(tmp_path, "send")
    work(tmp_path, "collect")
    check(tmp_path, 5)


def test_threads_may_share_a_store(tmp_path):
    import threading

    (tmp_path / "drop").mkdir()
    with open_store(tmp_path / f"{MINISTRY.value}.db") as store:
        for one in range(40):
            make(store, FolderTransport(tmp_path / "drop"), MINISTRY, FixedClock()).enqueue(
                letter(f"doc-{one}", text="x" * 40_000 * (one % 2))
            )
        attempts = []

        def loop():
            exchange = make(store, FolderTransport(tmp_path / "drop"), MINISTRY, FixedClock())
            while entries := exchange.send_due(limit=3).entries:
                attempts.extend(one.id for one in entries)

        threads = [threading.Thread(target=loop) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(attempts) == list(range(1, 41))
    work(tmp_path, "collect", number=40)
    check(tmp_path, 40)
