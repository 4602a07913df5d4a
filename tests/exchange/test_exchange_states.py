"""The tables by themselves: no clock, no store."""

import datetime as dt
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.errors import AmbiguousError, ExchangeError
from vnedoc.exchange import (
    ARRIVAL,
    HANDLING,
    INBOX,
    OUTBOX,
    HandlingState,
    HandlingStep,
    InboxState,
    OutboxState,
    OutboxStep,
    RetryPolicy,
    SystemClock,
    _process,
)
from vnedoc.exchange._states import furthest, recall_answer, step_after
from vnedoc.model import Evidence, StatusCode

MACHINES = [OUTBOX, ARRIVAL, INBOX, HANDLING]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.name)
def test_every_state_but_the_waiting_one_can_be_reached(machine):
    reached, before = {machine.first}, set()
    while reached != before:
        before = set(reached)
        reached |= {target for (source, _), target in machine.steps.items() if source in before}
    apart = set(type(machine.first)) - reached
    assert apart == ({InboxState.WAITING} if machine is INBOX else set())


def test_final_states():
    final = {
        OutboxState.SENT,
        OutboxState.RECEIPTED,
        OutboxState.REJECTED,
        OutboxState.EXPIRED,
        OutboxState.CANCELLED,
    }
    assert OUTBOX.final == final
    # A proven message in place of a claimed one is handed over whatever became of the first.
    assert HANDLING.final == frozenset()
    assert {state for state, step in HANDLING.steps if step is HandlingStep.RENEW} == set(HandlingState)


@given(st.sampled_from(OutboxState), st.sampled_from(OutboxStep))
def test_a_step_is_in_the_table_or_refused(state, step):
    if (state, step) in OUTBOX.steps:
        assert OUTBOX.advance(state, step) is OUTBOX.steps[state, step]
        assert state in OUTBOX.sources(step)
    else:
        with pytest.raises(ExchangeError) as caught:
            OUTBOX.advance(state, step)
        assert caught.value.code == "VND-EXC-010"
        assert caught.value.facts == {"machine": "outbox", "state": state.value, "step": step.value}


def test_nothing_leaves_by_expiry_or_cancelling_once_it_was_sent():
    assert OutboxState.SENT not in OUTBOX.sources(OutboxStep.EXPIRE)
    assert OUTBOX.sources(OutboxStep.CANCEL) == (OutboxState.READY,)


@given(st.integers(1, 10_000), st.integers(), st.none() | st.floats(0, 10_000))
def test_a_wait_stays_below_its_bound_and_above_what_the_peer_asked(attempts, seed, floor):
    policy = RetryPolicy()
    wait = policy.delay(attempts, random.Random(seed), floor=floor).total_seconds()
    assert min(floor or 0, 3600.0) - 1e-6 <= wait <= 3600.0 + 1e-6
    if floor is None:
        assert wait <= 10.0 * 2 ** min(attempts - 1, 20) + 1e-6


def test_giving_up_is_by_age():
    start = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)
    policy = RetryPolicy()
    # From Friday evening over a weekend to Monday morning it is still tried.
    assert not policy.over(start, start + dt.timedelta(hours=63))
    assert policy.over(start, start + dt.timedelta(hours=72))


def test_an_error_that_nobody_expected_is_ambiguous():
    assert step_after(ValueError()) is OutboxStep.AMBIGUOUS
    assert step_after(AmbiguousError("VND-TRN-004", "?")) is OutboxStep.AMBIGUOUS


history = st.lists(st.tuples(st.sampled_from(StatusCode), st.sampled_from(Evidence)))


@given(history, st.randoms())
def test_the_order_of_arrival_does_not_matter(notes, chance):
    shuffled = list(notes)
    chance.shuffle(shuffled)
    assert furthest(notes) == furthest(shuffled)
    assert recall_answer(notes) == recall_answer(shuffled)


@given(history)
def test_what_matches_nothing_moves_nothing(notes):
    kept = [one for one in notes if one[1] is not Evidence.UNMATCHED]
    assert furthest(notes) == furthest(kept)


def test_a_refusal_does_not_undo_a_taking_in():
    notes = [(StatusCode.RECEIVED, Evidence.CLAIMED), (StatusCode.REFUSED, Evidence.PROVEN)]
    assert furthest(notes) == (StatusCode.RECEIVED, Evidence.CLAIMED)
    assert recall_answer(notes) is None


# --- this process ---------------------------------------------------------------------------------


def test_the_clock_has_a_zone():
    assert SystemClock().now().tzinfo is not None


def test_a_worker_is_gone_only_when_that_is_certain(monkeypatch):
    mine = _process.new_worker()
    assert not _process.is_gone(mine)
    assert mine != _process.new_worker()
    child = subprocess.run(
        [sys.executable, "-c", "from vnedoc.exchange._process import new_worker; print(new_worker())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert _process.is_gone(child.stdout.strip())
    assert not _process.is_gone("elsewhere/1/2")
    assert not _process.is_gone(mine.replace(f"/{os.getpid()}/", "/x/"))
    monkeypatch.setattr(os, "kill", _forbidden)
    assert not _process.is_gone(mine)


def _forbidden(*args):
    raise PermissionError


def test_without_proc_a_place_is_the_host(monkeypatch):
    monkeypatch.setattr("pathlib.Path.readlink", _forbidden)
    assert _process.new_worker().split("/")[1] == ""
