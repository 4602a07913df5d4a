"""Two exchanges against a model, whatever happens in whatever order.

Promises P1 (no loss), P2 (one effect), P3 (no false receipt) and P4 (no half state).
"""

import os
import tempfile
from pathlib import Path

import pytest
from exchange_world import MINISTRY, PROVINCE, FaultyTransport, FixedClock, letter, make, status
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vnedoc.errors import Conflict
from vnedoc.exchange import OutboxState, open_store
from vnedoc.exchange import _receiving as receiving
from vnedoc.exchange import _sending as sending
from vnedoc.exchange._storage import _inbox, _outbox
from vnedoc.model import Settlement, StatusCode
from vnedoc.transport import MemoryHub, MemoryTransport

MODULES = (sending, receiving, _inbox, _outbox)
POINTS = ["C1", "O3", "O5", "O6", "I1", "A1", "I2", "A2", "I3", "I4", "I6"]
FINAL_BY_PERSON = (OutboxState.REJECTED, OutboxState.HELD, OutboxState.DEAD)

# Each step is synced to the disk several times, and a disk that others use may take its time over it: where
# there is a file system in memory, the machine's load decides nothing here.
_SHM = "/dev/shm"  # noqa: S108 - the folder in it gets a random name
MEMORY = _SHM if os.access(_SHM, os.W_OK) else None


class Died(BaseException):
    """The process ends here; no handler of errors sees it."""


class TwoRegisters(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.clock = FixedClock()
        self.hub = MemoryHub()
        self.road = FaultyTransport(self.hub)
        self.back = MemoryTransport(self.hub)
        self.mine = open_store(Path(self.folder.name) / "mine.db")
        self.theirs = open_store(Path(self.folder.name) / "theirs.db")
        self.restart()
        self.enqueued = {}
        self.told = set()
        self.effects = []

    def restart(self):
        self.sender = make(self.mine, self.road, MINISTRY, self.clock)
        self.receiver = make(self.theirs, self.back, PROVINCE, self.clock)

    def teardown(self):
        try:
            self.drain()
        finally:
            self.mine.close()
            self.theirs.close()
            self.folder.cleanup()

    # --- what may happen --------------------------------------------------------------------------

    @rule(number=st.integers(0, 5), text=st.sampled_from(["", "other", "x" * 40_000]))
    def enqueue(self, number, text):
        wire = letter(f"doc-{number}", text=text)
        known = self.enqueued.get(f"doc-{number}")
        if known is None or known == wire.digest:
            (entry,) = self.sender.enqueue(wire)
            assert entry.duplicate is (known is not None)
            self.enqueued[f"doc-{number}"] = wire.digest
        else:
            try:
                self.sender.enqueue(wire)
            except Conflict:
                return
            raise AssertionError("a conflict was taken")

    @rule(faults=st.lists(st.sampled_from([None, "refuse", "lose", "never", "route", "bug"]), max_size=4))
    def send(self, faults):
        self.road.plan = faults
        self.sender.send_due()
        self.road.plan = []

    @rule(fails=st.booleans())
    def collect(self, fails):
        self.receiver.collect(handler=self.refuse if fails else self.effect)

    @rule(point=st.sampled_from(POINTS), count=st.integers(0, 2))
    def die(self, point, count):
        """End one of the two at a crash point that it passes for the n-th time, and start again later."""
        left = count

        def dying(name):
            nonlocal left
            if name == point:
                left -= 1
                if left < 0:
                    raise Died

        for module in MODULES:
            module.crashpoint = dying
        try:
            if point in ("C1", "O3", "O5", "O6"):
                self.sender.send_due()
            else:
                self.receiver.collect(handler=self.effect)
        except Died:
            self.restart()
        finally:
            for module in MODULES:
                module.crashpoint = lambda name: None

    @precondition(lambda self: self.receiver.inbox())
    @rule(data=st.data(), code=st.sampled_from(["01", "03", "05", "06"]))
    def answer(self, data, code):
        entry = data.draw(st.sampled_from(self.receiver.inbox()))
        self.receiver.enqueue(status(code, entry.document_id.value))
        self.receiver.send_due()
        self.told.add((entry.document_id.value, code))

    @rule()
    def hear(self):
        self.sender.collect()

    @rule(seconds=st.sampled_from([1, 61, 4000, -86_400]))
    def time_passes(self, seconds):
        self.clock.forward(seconds)

    def effect(self, received):
        self.effects.append(received.envelope.document_id.value)

    def refuse(self, received):
        raise OSError

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_doubled(self):
        rows = {one.document_id.value: one for one in self.sender.outbox()}
        assert {name: one.digest for name, one in rows.items()} == self.enqueued
        there = [one.document_id.value for one in self.receiver.inbox()]
        assert len(there) == len(set(there))
        assert {
            one.document_id.value: one.digest for one in self.receiver.inbox()
        }.items() <= self.enqueued.items()
        waiting = self.hub.settlements(PROVINCE)
        for row in rows.values():
            if row.state is OutboxState.SENT:
                assert row.document_id.value in there or None in waiting.values()

    @invariant()
    def nothing_is_settled_that_is_not_kept(self):
        accepted = sum(one is Settlement.ACCEPTED for one in self.hub.settlements(PROVINCE).values())
        assert accepted <= len(self.receiver.inbox())
        assert self.receiver.quarantine() == ()

    @invariant()
    def only_statuses_move_the_business_state(self):
        for row in self.sender.outbox():
            said = {(row.document_id.value, one.code.value) for one in row.history}
            assert said <= self.told
            assert (row.business_state is None) is (not said)
            if said:
                assert row.business_state is max(
                    (one.code for one in row.history), key=list(StatusCode).index
                )

    def drain(self):
        """After every fault ends, everything arrives without anybody's hands."""
        self.restart()
        for _ in range(12):
            self.clock.forward(2 * 86_400 if _ == 0 else 3601)
            self.sender.send_due(limit=100)
            self.receiver.collect(handler=self.effect)
        self.sender.collect()
        there = {one.document_id.value for one in self.receiver.inbox()}
        for row in self.sender.outbox():
            assert row.state is OutboxState.SENT or row.state in FINAL_BY_PERSON
            assert row.document_id.value in there or row.state in FINAL_BY_PERSON
        assert set(self.hub.settlements(PROVINCE).values()) <= {Settlement.ACCEPTED}
        self.nothing_is_lost_or_doubled()
        self.only_statuses_move_the_business_state()


TestTwoRegisters = TwoRegisters.TestCase
TestTwoRegisters.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# The timer of pytest ends one example like a failure that does not happen again ("flaky"), so it is generous.
TestTwoRegisters.pytestmark = [pytest.mark.timeout(900)]
