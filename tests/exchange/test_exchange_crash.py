"""Real processes, really killed. P1 no loss, P2 one effect, P3 no false receipt, P4 no half state."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from exchange_processes import Nursery, check, finish, lines, start, work
from exchange_world import MINISTRY, FixedClock, letter, make

from vnedoc.exchange import open_store
from vnedoc.transport import FolderTransport

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

OUTGOING = {"O1": "enqueue", "O2": "enqueue", "C1": "send", "O3": "send", "O5": "send", "O6": "send"}
INCOMING = dict.fromkeys(["I1", "A1", "I2", "A2", "I3", "I4", "I6"], "collect")
POINTS = OUTGOING | INCOMING


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
            with Nursery(tmp_path) as nursery:
                assert nursery.run(role, crash=point) == -9
            if elsewhere:
                hour = 1
                monkeypatch.setattr("vnedoc.exchange._process._place", lambda: "elsewhere/")
        work(tmp_path, role, hour=hour)
    # A handler whose worker died after its effect runs again: it must be idempotent or inside the store.
    check(tmp_path, 5, extra_effects=1 if point == "I6" else 0)


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
