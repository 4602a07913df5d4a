"""Workers of the exchange as real processes that can be killed, and the check of what they left behind."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter

import exchange_world
from exchange_world import MINISTRY, PROVINCE, FixedClock, letter, make

from vnedoc.exchange import HandlingState, OutboxState, open_store
from vnedoc.transport import FolderTransport


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


class Nursery:
    """A process that has everything imported and forks a worker for each order: a birth costs milliseconds.

    It is of one thread, so forking is safe there; the test's own process may have several.
    """

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [sys.executable, exchange_world.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self):
        return self

    def __exit__(self, *trace):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=60)

    def run(self, role, *, hour=0, number=5, crash="", patience=None):
        """Run a worker to its end, or kill it after *patience* lines of its own; give its return code."""
        self._process.stdin.write(f"{role} {hour} {number} {crash}\n")
        child = int(self._line().removeprefix("born "))
        told = 0
        while not (line := self._line()).startswith("ended "):
            told += 1
            if told == patience:
                os.kill(child, 9)
        return int(line.removeprefix("ended "))

    def _line(self):
        line = self._process.stdout.readline()
        assert line, "the nursery is gone"
        return line
