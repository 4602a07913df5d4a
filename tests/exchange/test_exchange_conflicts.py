"""Two contents under one identifier: what is proven outranks what is claimed, and nothing is lost."""

import datetime as dt

import pytest
from exchange_world import MINISTRY, PROVINCE, START, FixedClock, letter, make, status

from vnedoc.exchange import HandlingState, InboxState, QuarantineEntry, open_store
from vnedoc.exchange._storage import Inbox
from vnedoc.exchange._storage._database import _Instant
from vnedoc.model import Evidence, MessageKind, OrganId, Parcel, Settlement, StatusCode, Wire
from vnedoc.transport import MemoryHub, MemoryTransport

FORGED = letter(text="forged", grade="claimed")


@pytest.fixture
def hub():
    return MemoryHub()


@pytest.fixture
def receiver(tmp_path, hub):
    with open_store(tmp_path / "receiver.db") as store:
        yield make(store, MemoryTransport(hub), PROVINCE, FixedClock())


def deliver(hub, *wires, sender=MINISTRY, to=PROVINCE):
    for wire in wires:
        parcel = Parcel(
            idempotency_key=wire.digest[-8:],
            attempt_id="1",
            document_id="-",
            kind=MessageKind.DOCUMENT,
            sender=sender,
            recipient=to,
            wire=wire,
            created_at=START,
        )
        MemoryTransport(hub).send(parcel, deadline=1.0)


def texts(seen):
    return [one.envelope.subject for one in seen]


def test_a_forgery_that_comes_first_loses_its_place_to_what_is_proven(hub, receiver):
    seen = []
    deliver(hub, FORGED, letter(text="real"))
    summary = receiver.collect(handler=seen.append)
    assert texts(seen) == ["forged", "real"]
    (entry,) = receiver.inbox()
    assert entry in summary.accepted
    assert (entry.digest, entry.evidence) == (letter(text="real").digest, Evidence.PROVEN)
    assert (entry.conflicts, entry.copies, entry.handling) == (1, 1, HandlingState.DONE)
    (kept,) = receiver.quarantine()
    assert kept in summary.quarantined
    assert (kept.code, kept.digest) == ("VND-EXC-033", FORGED.digest)
    assert receiver._store.get(kept.digest).read() == FORGED.read()
    assert [one.code for one in kept.findings] == ["VND-EXC-033"]
    assert set(hub.settlements(PROVINCE).values()) == {Settlement.ACCEPTED}
    reasons = [(one.subject.partition(":")[0], one.reason) for one in receiver.events()]
    assert {("arrival", "VND-EXC-033"), ("inbox", "prove"), ("handling", "renew")} <= set(reasons)


@pytest.mark.parametrize("second", [FORGED, letter(text="other", grade="claimed"), letter(text="other")])
def test_what_is_proven_keeps_its_place(hub, receiver, second):
    deliver(hub, letter(), second)
    receiver.collect()
    (entry,) = receiver.inbox()
    assert (entry.digest, entry.conflicts) == (letter().digest, 1)
    assert [one.code for one in receiver.quarantine()] == ["VND-EXC-032"]


def test_what_was_displaced_does_not_come_back(hub, receiver):
    deliver(hub, FORGED, letter(text="real"))
    receiver.collect()
    (kept,) = receiver.quarantine()
    again = receiver.retry_quarantined(kept.id)
    assert isinstance(again, QuarantineEntry)
    assert again.code == "VND-EXC-032"
    assert receiver.inbox()[0].digest == letter(text="real").digest


def test_what_waited_or_was_registered_is_looked_at_again(hub, receiver):
    deliver(hub, FORGED, letter("doc-2", kind="revoke", grade="claimed"))
    receiver.collect()
    receiver.register("doc-1")
    assert [one.state for one in receiver.inbox()] == [InboxState.REGISTERED, InboxState.WAITING]
    seen = []
    deliver(hub, letter(text="real"), letter("doc-2", kind="revoke", text="real"))
    receiver.collect(handler=seen.append)
    assert texts(seen) == ["real", "real"]
    assert [one.state for one in receiver.inbox()] == [InboxState.ACCEPTED] * 2
    assert [one.registered_at for one in receiver.inbox()] == [None, None]


def test_a_handler_that_is_busy_with_the_forgery_finishes_nothing(hub, receiver):
    seen = []
    with open_store(receiver._store.path) as store:
        other = make(store, MemoryTransport(hub), PROVINCE, FixedClock())

        def busy(received):
            seen.append(received)
            if received.envelope.subject == "forged":
                deliver(hub, letter(text="real"))
                other.collect()

        deliver(hub, FORGED)
        receiver.collect(handler=busy)
        (entry,) = receiver.inbox()
        assert (entry.evidence, entry.handling) == (Evidence.PROVEN, HandlingState.DONE)
        assert texts(seen) == ["forged", "real"]


def test_what_was_displaced_before_it_was_handed_over_is_not_handed_over(hub, receiver, monkeypatch):
    seen = []
    with open_store(receiver._store.path) as store:
        other = make(store, MemoryTransport(hub), PROVINCE, FixedClock())

        def meanwhile(point):
            if point == "I3" and len(receiver.inbox()) and not receiver.quarantine():
                deliver(hub, letter(text="real"))
                monkeypatch.undo()
                other.collect()

        monkeypatch.setattr("vnedoc.exchange._receiving.crashpoint", meanwhile)
        deliver(hub, FORGED)
        receiver.collect(handler=seen.append)
    assert texts(seen) == ["real"]


def test_a_proven_status_takes_the_place_of_a_claimed_one(hub, tmp_path):
    with open_store(tmp_path / "sender.db") as store:
        sender = make(store, MemoryTransport(hub), MINISTRY, FixedClock())
        sender.enqueue(letter())
        claimed, proven = status("06", text="no", grade="claimed"), status("06", text="yes")
        deliver(hub, claimed, proven, sender=PROVINCE, to=MINISTRY)
        summary = sender.collect()
        assert [one.evidence for one in summary.accepted] == [Evidence.PROVEN]
        (row,) = sender.outbox()
        assert [(one.description, one.evidence) for one in row.history] == [("yes", Evidence.PROVEN)]
        assert (row.business_state, row.business_evidence) == (StatusCode.DONE, Evidence.PROVEN)
        assert [one.digest for one in sender.quarantine()] == [claimed.digest]


def test_a_proven_recall_that_matches_nothing_yet_counts_when_its_document_comes(hub, receiver):
    deliver(
        hub,
        status("13", sender=MINISTRY, to=PROVINCE, grade="claimed"),
        status("13", sender=MINISTRY, to=PROVINCE, text="please"),
    )
    receiver.collect()
    assert [one.evidence for one in receiver.inbox()] == [Evidence.UNMATCHED]
    deliver(hub, letter())
    receiver.collect()
    entry = receiver.inbox()[1]
    assert [(one.description, one.evidence) for one in entry.recalls] == [("please", Evidence.PROVEN)]


# --- one bad message ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OverflowError("date value out of range"), KeyError("bug")])
def test_what_breaks_the_taking_in_is_kept_apart_and_the_rest_goes_on(hub, receiver, monkeypatch, error):
    accept = Inbox.accept

    def breaking(self, arrival, label, *rest):
        if label.document_id == "doc-1":
            raise error
        return accept(self, arrival, label, *rest)

    monkeypatch.setattr(Inbox, "accept", breaking)
    deliver(hub, letter(), letter("doc-2"))
    summary = receiver.collect()
    assert [one.document_id.value for one in summary.accepted] == ["doc-2"]
    assert [one.code for one in summary.quarantined] == ["VND-EXC-019"]
    assert set(hub.settlements(PROVINCE).values()) == {Settlement.ACCEPTED}
    monkeypatch.undo()
    (kept,) = receiver.quarantine()
    assert receiver.retry_quarantined(kept.id).document_id.value == "doc-1"


def test_text_that_no_database_takes_is_kept_apart(hub, receiver):
    lone = status("03", sender=MINISTRY, to=PROVINCE, text="@").read().replace(b"@", b"\\ud800")
    deliver(hub, Wire.from_bytes(lone), letter())
    summary = receiver.collect()
    assert [one.code for one in summary.quarantined] == ["VND-EXC-019"]
    assert len(summary.accepted) == 1


@pytest.mark.parametrize(
    "when",
    [
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=7))),
        dt.datetime(1, 1, 3, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=-7))),
        START,
    ],
)
def test_every_time_can_be_kept_and_is_text_in_order(when):
    column = _Instant()
    text = column.process_bind_param(when, None)
    assert len(text) == 27
    back = column.process_result_value(text, None)
    assert abs(back.replace(tzinfo=None) - when.replace(tzinfo=None)) < dt.timedelta(days=3)


# --- answers --------------------------------------------------------------------------------------


def test_what_was_answered_is_known_by_document_recipient_and_code(receiver):
    receiver.enqueue(status("01", time="2026-11-23T08:00:00+07:00"))
    receiver.enqueue(status("03", "doc-2"))
    assert receiver.answered("doc-1", MINISTRY, StatusCode.ARRIVED)
    assert receiver.answered("doc-1", OrganId("x", aliases=(MINISTRY.value,)), StatusCode.ARRIVED)
    assert receiver.answered("doc-2", MINISTRY.value, StatusCode.RECEIVED)
    assert not receiver.answered("doc-1", MINISTRY, StatusCode.RECEIVED)
    assert not receiver.answered("doc-2", MINISTRY, StatusCode.ARRIVED)
    assert not receiver.answered("doc-1", PROVINCE, StatusCode.ARRIVED)
