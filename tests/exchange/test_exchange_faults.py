"""What the wire and the other side may do: nothing lost, nothing doubled, nothing settled falsely."""

import json

import pytest
from exchange_world import (
    COMMUNE,
    MINISTRY,
    PROVINCE,
    START,
    FakeOpener,
    FaultyTransport,
    FixedClock,
    letter,
    make,
    status,
)

from vnedoc.errors import AmbiguousError, ConfigError, ExchangeError, SecurityError, TransientError
from vnedoc.exchange import HandlingState, OutboxState, RetryPolicy, open_store
from vnedoc.model import (
    Awaiting,
    Capabilities,
    Conclusion,
    Custody,
    InboundMeta,
    Limits,
    MessageKind,
    Parcel,
    PollPage,
    RemoteHandle,
    SendResult,
    Settlement,
    Wire,
)
from vnedoc.transport import MemoryHub, MemoryTransport


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def hub():
    return MemoryHub()


@pytest.fixture
def road(hub):
    return FaultyTransport(hub)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "sender.db") as store:
        yield store


@pytest.fixture
def sender(store, road, clock):
    return make(store, road, MINISTRY, clock)


@pytest.fixture
def receiver(tmp_path, hub, clock):
    with open_store(tmp_path / "receiver.db") as store:
        yield make(store, MemoryTransport(hub), PROVINCE, clock)


def deliver(hub, wire, *, sender=MINISTRY, key="k"):
    """Put bytes on the province's shelf without an exchange."""
    MemoryTransport(hub).send(
        Parcel(
            idempotency_key=key,
            attempt_id="1",
            document_id="-",
            kind=MessageKind.DOCUMENT,
            sender=sender,
            recipient=PROVINCE,
            wire=wire,
            created_at=START,
        ),
        deadline=1.0,
    )


def settled(hub):
    """What became of each message, by its idempotency key; the hub's names hold the content's digest too."""
    return {name.partition(".")[0]: became for name, became in hub.settlements(PROVINCE).items()}


@pytest.mark.parametrize("fault", ["refuse", "lose", "bug"])
def test_a_failed_send_is_tried_again_with_the_same_key(sender, receiver, road, clock, fault):
    road.plan = [fault, fault]
    sender.enqueue(letter())
    for attempt in (1, 2):
        summary = sender.send_due()
        assert (summary.sent, len(summary.errors)) == (0, 1)
        (entry,) = sender.outbox()
        assert (entry.state, entry.attempts) == (OutboxState.RETRY_WAIT, attempt)
        assert entry.next_at > clock.now()
        assert sender.send_due().entries == ()
        clock.forward(60)
    assert sender.send_due().sent == 1
    assert len({key for key, _ in road.keys}) == 1
    assert len({attempt for _, attempt in road.keys}) == 3
    assert len(receiver.collect().accepted) == 1
    assert receiver.collect().accepted == ()


def test_the_peer_says_how_long_to_wait(sender, road, clock):
    road.plan = ["later"]
    sender.enqueue(letter())
    sender.send_due()
    assert (sender.outbox()[0].next_at - clock.now()).total_seconds() >= 500


@pytest.mark.parametrize("days", [1, 3650])
def test_a_clock_that_was_wrong_delays_nothing(sender, receiver, road, clock, days):
    right = clock.now()
    road.plan = ["refuse", None]
    clock.forward(days * 86_400)
    sender.enqueue(letter("fails"))
    sender.enqueue(letter("sent"))
    sender.send_due(limit=1)
    clock.time = right
    assert sender.send_due().sent == 2
    clock.forward(days * 86_400)

    def not_yet(received):
        raise OSError

    assert len(receiver.collect(handler=not_yet).accepted) == 2
    clock.time = right
    assert receiver.collect(handler=lambda received: None).handled == 2


def test_a_lease_of_a_clock_that_was_wrong_is_over(sender, receiver, road, clock, monkeypatch):
    right = clock.now()
    clock.forward(86_400)
    sender.enqueue(letter())
    monkeypatch.setattr(road, "send", kill)
    with pytest.raises(Killed):
        sender.send_due()
    monkeypatch.undo()
    clock.time = right
    assert sender.send_due().sent == 1
    clock.forward(86_400)
    monkeypatch.setattr(receiver._receiving._means.opener, "open", kill)
    with pytest.raises(Killed):
        receiver.collect()
    monkeypatch.undo()
    clock.time = right
    assert len(receiver.collect().accepted) == 1


def test_an_unexpected_error_is_shown_with_its_own_code(sender, road):
    road.plan = ["bug"]
    sender.enqueue(letter())
    sender.send_due()
    assert sender.outbox()[0].error_code == "VND-EXC-019"


def test_a_refusal_for_good_ends_it(sender, road, clock):
    road.plan = ["never"]
    sender.enqueue(letter())
    sender.send_due()
    (entry,) = sender.outbox()
    assert (entry.state, entry.error_code) == (OutboxState.REJECTED, "VND-TRN-020")
    clock.forward(10**6)
    assert sender.send_due().entries == ()
    with pytest.raises(ExchangeError) as caught:
        sender.redrive(entry.id)
    assert caught.value.code == "VND-EXC-010"


def test_it_is_given_up_by_age_and_a_person_may_put_it_back(sender, road, clock):
    road.plan = ["refuse"] * 4
    sender.enqueue(letter())
    clock.forward(10**6)
    for _ in range(4):
        sender.send_due()
        clock.forward(25 * 3600)
    (entry,) = sender.outbox()
    assert (entry.state, entry.attempts) == (OutboxState.DEAD, 4)
    assert sender.redrive(entry.id).state is OutboxState.READY
    assert sender.send_due().sent == 1


def test_a_fault_of_the_route_burns_no_attempt_and_ends_the_round(sender, road, clock):
    road.plan = ["route"] * 5
    for number in range(3):
        sender.enqueue(letter(f"doc-{number}"))
    for _ in range(5):
        summary = sender.send_due()
        assert len(summary.entries) == 1
        clock.forward(11)
    assert {one.attempts for one in sender.outbox()} == {0}
    assert len(road.keys) == 5
    assert sender.send_due().sent == 3


def test_an_answer_that_was_lost_leaves_doubt_where_sending_twice_is_not_harmless(store, hub, clock):
    road = FaultyTransport(hub, idempotent=False, plan=["lose"])
    sender = make(store, road, MINISTRY, clock)
    sender.enqueue(letter())
    sender.send_due()
    clock.forward(10**6)
    assert sender.send_due().entries == ()
    (entry,) = sender.outbox()
    assert entry.state is OutboxState.UNKNOWN
    assert sender.redrive(entry.id).state is OutboxState.READY


def test_a_digest_that_does_not_match_waits_for_a_person(sender, road, clock, monkeypatch):
    def refuse(parcel, *, deadline):
        raise SecurityError("VND-TRN-010", "conflict")

    monkeypatch.setattr(road, "send", refuse)
    sender.enqueue(letter())
    sender.send_due()
    assert sender.outbox()[0].state is OutboxState.HELD


def test_a_transport_that_will_report_later(sender, road, monkeypatch):
    result = SendResult(custody=Custody.HUB, remote_id="7", awaiting=Awaiting.RECEIPT)
    monkeypatch.setattr(road, "send", lambda parcel, *, deadline: result)
    sender.enqueue(letter())
    assert sender.send_due().sent == 1
    assert sender.outbox()[0].state is OutboxState.AWAITING_RECEIPT


def test_one_bad_message_does_not_stop_the_others(sender, road):
    road.plan = ["never", None, "bug", None]
    for number in range(4):
        sender.enqueue(letter(f"doc-{number}"))
    summary = sender.send_due()
    assert (summary.sent, len(summary.errors)) == (2, 2)


def test_a_round_sends_no_more_than_it_is_told(sender):
    for number in range(4):
        sender.enqueue(letter(f"doc-{number}"))
    assert sender.send_due(limit=3).sent == 3
    assert sender.send_due(limit=3).sent == 1


class Killed(BaseException):
    """As a signal: no handler of errors sees it."""


def kill(*args, **more):
    raise Killed


def test_rows_not_begun_are_given_back_when_a_worker_is_interrupted(sender, road, monkeypatch):
    for number in range(3):
        sender.enqueue(letter(f"doc-{number}"))
    monkeypatch.setattr(road, "send", kill)
    with pytest.raises(Killed):
        sender.send_due()
    assert [one.state.value for one in sender.outbox()] == ["sending", "ready", "ready"]


def test_a_lease_that_is_over_is_taken_up_again(store, hub, clock, monkeypatch):
    road = FaultyTransport(hub)
    first, second = (make(store, road, MINISTRY, clock) for _ in range(2))
    first.enqueue(letter())
    monkeypatch.setattr(road, "send", kill)
    with pytest.raises(Killed):
        first.send_due()
    monkeypatch.undo()
    assert second.send_due().entries == ()
    clock.forward(61)
    assert second.send_due().sent == 1


def test_a_lease_that_is_over_is_doubt_where_sending_twice_is_not_harmless(store, hub, clock, monkeypatch):
    road = FaultyTransport(hub, idempotent=False)
    sender = make(store, road, MINISTRY, clock)
    sender.enqueue(letter())
    sender.enqueue(letter("doc-2"))
    monkeypatch.setattr(road, "send", kill)
    with pytest.raises(Killed):
        sender.send_due()
    monkeypatch.undo()
    clock.forward(61)
    assert sender.send_due().sent == 1
    entry = sender.outbox()[0]
    assert (entry.state, entry.error_code) == (OutboxState.UNKNOWN, "VND-EXC-015")


def test_a_document_that_ends_its_workers_is_set_aside_alone(sender, road, clock, monkeypatch):
    for number in range(3):
        sender.enqueue(letter(f"doc-{number}"))
    send = road.send

    def poison(parcel, *, deadline):
        if parcel.document_id == "doc-0":
            raise Killed
        return send(parcel, deadline=deadline)

    monkeypatch.setattr(road, "send", poison)
    for _ in range(3):
        with pytest.raises(Killed):
            sender.send_due()
        clock.forward(61)
    assert sender.send_due().sent == 2
    entry = sender.outbox()[0]
    assert (entry.state, entry.error_code) == (OutboxState.HELD, "VND-EXC-014")
    monkeypatch.undo()
    sender.redrive(entry.id)
    assert sender.send_due().sent == 1


def test_a_worker_that_woke_too_late_is_fenced(store, hub, clock, monkeypatch):
    road = FaultyTransport(hub)
    slow, other = (make(store, road, MINISTRY, clock) for _ in range(2))
    slow.enqueue(letter())
    send = road.send

    def stall(parcel, *, deadline):
        monkeypatch.setattr(road, "send", send)
        clock.forward(61)
        assert other.send_due().sent == 1
        raise TransientError("VND-TRN-002", "too late")

    monkeypatch.setattr(road, "send", stall)
    summary = slow.send_due()
    assert (summary.fenced, summary.errors) == (1, ())
    assert slow.outbox()[0].state is OutboxState.SENT


def test_a_long_round_renews_its_leases(store, hub, clock, monkeypatch):
    road = FaultyTransport(hub)
    first = make(store, road, MINISTRY, clock)
    other = make(store, FaultyTransport(hub), MINISTRY, clock)
    for number in range(4):
        first.enqueue(letter(f"doc-{number}"))
    send, seen = road.send, []

    def slow(parcel, *, deadline):
        clock.forward(40)
        if parcel.document_id == "doc-2":
            # Its lease was renewed, that of the next one is over by now.
            seen.append(other.send_due().sent)
        return send(parcel, deadline=deadline)

    monkeypatch.setattr(road, "send", slow)
    summary = first.send_due()
    assert seen == [1]
    assert (summary.sent, summary.fenced) == (4, 1)
    assert {one.attempts for one in first.outbox()} == {1, 2}
    assert len(road.keys) == 3


@pytest.mark.parametrize("size", [10, 50_000])
def test_a_body_that_was_changed_is_not_sent(sender, store, size, road):
    sender.enqueue(letter(text="x" * size))
    if size > 32_768:
        (path,) = [one for one in store.blobs.rglob("*") if one.is_file()]
        path.write_bytes(b"changed")
    else:
        with store._database.write() as connection:
            connection.exec_driver_sql("UPDATE vnedoc_blob SET inline = X'00'")
    summary = sender.send_due()
    assert summary.errors[0].code == "VND-EXC-023"
    assert sender.outbox()[0].state is OutboxState.HELD
    assert road.keys == []


def test_a_body_that_is_missing_is_not_sent(sender, store):
    sender.enqueue(letter(text="x" * 50_000))
    (path,) = [one for one in store.blobs.rglob("*") if one.is_file()]
    path.unlink()
    assert sender.send_due().errors[0].code == "VND-EXC-022"
    with pytest.raises(ExchangeError) as caught:
        store.get("sha256:" + "0" * 64)
    assert caught.value.code == "VND-EXC-022"


def test_a_store_that_fails_while_the_body_is_read_is_not_the_bodys_fault(sender, store, monkeypatch):
    def locked(digest):
        raise ExchangeError("VND-EXC-004", "locked")

    sender.enqueue(letter())
    monkeypatch.setattr(store, "get", locked)
    with pytest.raises(ExchangeError):
        sender.send_due()


# --- incoming -------------------------------------------------------------------------------------


def test_a_repeated_delivery_has_one_effect(hub, receiver):
    seen = []
    for key in "abc":
        deliver(hub, letter(), key=key)
    summary = receiver.collect(handler=seen.append)
    assert (summary.accepted, summary.duplicates, len(seen)) == (receiver.inbox(), receiver.inbox(), 1)
    (entry,) = receiver.inbox()
    assert (entry.copies, entry.conflicts) == (3, 0)
    assert set(hub.settlements(PROVINCE).values()) == {Settlement.ACCEPTED}


def test_one_identifier_with_two_contents_is_a_conflict(hub, receiver):
    seen = []
    deliver(hub, letter(), key="a")
    deliver(hub, letter(text="other"), key="b")
    summary = receiver.collect(handler=seen.append)
    assert len(seen) == 1
    (entry,) = receiver.inbox()
    assert (entry.digest, entry.conflicts) == (letter().digest, 1)
    (kept,) = summary.quarantined
    assert (kept.code, kept.digest) == ("VND-EXC-032", letter(text="other").digest)
    assert settled(hub) == {"a": Settlement.ACCEPTED, "b": Settlement.REFUSED}


def test_a_status_that_comes_twice_counts_once(sender, receiver, hub):
    sender.enqueue(letter())
    sender.send_due()
    receiver.enqueue(status("03"))
    receiver.send_due()
    assert len(sender.collect().accepted) == 1
    MemoryTransport(hub).send(
        Parcel(
            idempotency_key="again",
            attempt_id="1",
            document_id="-",
            kind=MessageKind.STATUS,
            sender=PROVINCE,
            recipient=MINISTRY,
            wire=status("03"),
            created_at=START,
        ),
        deadline=1.0,
    )
    assert len(sender.collect().duplicates) == 1
    assert len(sender.outbox()[0].history) == 1


@pytest.mark.parametrize(
    ("wire", "route", "code"),
    [
        (letter(to=(COMMUNE,)), MINISTRY, "VND-EXC-030"),
        (letter(), COMMUNE, "VND-EXC-031"),
        (letter(number=None), MINISTRY, "VND-EXC-011"),
        (status("03", to=COMMUNE, sender=MINISTRY), MINISTRY, "VND-EXC-030"),
        (Wire.from_bytes(b"<"), MINISTRY, "VND-XML-001"),
        (letter(seal="broken"), MINISTRY, "VND-VER-001"),
    ],
)
def test_what_must_not_come_in_is_refused_and_kept(hub, receiver, wire, route, code):
    deliver(hub, wire, sender=route)
    seen = []
    summary = receiver.collect(handler=seen.append)
    (entry,) = summary.quarantined
    assert (entry.code, entry.conclusion, seen) == (code, Conclusion.FAILED, [])
    assert entry.findings
    assert receiver.inbox() == ()
    assert settled(hub) == {"k": Settlement.REFUSED}


def test_a_status_without_an_address_is_for_whom_the_route_brings_it(hub, receiver):
    deliver(hub, status("13", to=None, sender=MINISTRY))
    assert len(receiver.collect().accepted) == 1


def test_a_value_that_no_constructor_takes_is_the_messages_fault(hub, receiver):
    deliver(hub, letter(number="x" * 300))
    (entry,) = receiver.collect().quarantined
    assert (entry.code, entry.conclusion) == ("VND-MODEL-002", Conclusion.FAILED)
    assert entry.findings[0].code == "VND-MODEL-002"


def test_a_bug_in_the_opener_is_kept_for_a_person(hub, receiver):
    deliver(hub, letter(seal="bug"), key="a")
    deliver(hub, letter(), key="b")
    summary = receiver.collect()
    assert len(summary.accepted) == 1
    (entry,) = summary.quarantined
    assert (entry.code, entry.conclusion) == ("VND-EXC-019", Conclusion.INDETERMINATE)


def test_a_setting_that_is_wrong_is_not_the_messages_fault(hub, receiver, tmp_path, clock):
    class Misconfigured(FakeOpener):
        def open(self, wire):
            raise ConfigError("VND-TRUST-001", "no anchors")

    deliver(hub, letter())
    with open_store(tmp_path / "other.db") as store:
        broken = make(store, MemoryTransport(hub), PROVINCE, clock, opener=Misconfigured())
        for _ in range(5):
            with pytest.raises(ConfigError):
                broken.collect()
        fixed = make(store, MemoryTransport(hub), PROVINCE, clock)
        assert len(fixed.collect().accepted) == 1


def test_a_message_that_ends_its_workers_goes_to_quarantine(hub, tmp_path, clock, monkeypatch):
    opener = FakeOpener()
    deliver(hub, letter())
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), PROVINCE, clock, opener=opener)
        monkeypatch.setattr(opener, "open", kill)
        for _ in range(3):
            with pytest.raises(Killed):
                receiver.collect()
            assert receiver.collect().busy == 1
            clock.forward(61)
        monkeypatch.undo()
        (entry,) = receiver.collect().quarantined
        assert (entry.code, entry.conclusion) == ("VND-EXC-014", Conclusion.INDETERMINATE)
        # A person may let it in once the cause is known.
        assert receiver.retry_quarantined(entry.id).document_id.value == "doc-1"


def test_a_person_and_a_worker_at_once(hub, tmp_path, clock, monkeypatch):
    opener = FakeOpener()
    deliver(hub, letter(seal="undecided"))
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), PROVINCE, clock, opener=opener)
        (entry,) = receiver.collect().quarantined

        def interleave(wire):
            monkeypatch.undo()
            clock.forward(61)
            with pytest.raises(ExchangeError) as caught:
                receiver.retry_quarantined(entry.id)
            assert caught.value.code == "VND-EXC-016"
            opener.has_lists = True
            return opener.open(wire)

        monkeypatch.setattr(opener, "open", interleave)
        assert receiver.retry_quarantined(entry.id).document_id.value == "doc-1"


@pytest.mark.parametrize("seal", ["ok", "broken"])
def test_a_judge_that_woke_too_late_is_fenced(hub, tmp_path, clock, monkeypatch, seal):
    slow, quick = FakeOpener(), FakeOpener()
    deliver(hub, letter(seal=seal))
    with open_store(tmp_path / "r.db") as store:
        first = make(store, MemoryTransport(hub), PROVINCE, clock, opener=slow)
        second = make(store, MemoryTransport(hub), PROVINCE, clock, opener=quick)
        judge = slow.open

        def stall(wire):
            clock.forward(61)
            summary = second.collect()
            assert len(summary.accepted) + len(summary.quarantined) == 1
            return judge(wire)

        monkeypatch.setattr(slow, "open", stall)
        summary = first.collect()
        assert (summary.busy, summary.accepted, summary.quarantined) == (1, (), ())
        assert len(first.inbox()) + len(first.quarantine()) == 1


def test_a_fault_of_settings_after_the_lease_is_over_leaves_the_row_to_its_new_holder(
    hub, tmp_path, clock, monkeypatch
):
    opener = FakeOpener()
    deliver(hub, letter())
    with open_store(tmp_path / "r.db") as store:
        first = make(store, MemoryTransport(hub), PROVINCE, clock, opener=opener)
        second = make(store, MemoryTransport(hub), PROVINCE, clock)

        def stall(wire):
            clock.forward(61)
            assert len(second.collect().accepted) == 1
            raise ConfigError("VND-TRUST-001", "no anchors")

        monkeypatch.setattr(opener, "open", stall)
        with pytest.raises(ConfigError):
            first.collect()
        assert len(first.inbox()) == 1


def test_an_entry_in_the_hands_of_another_worker(hub, tmp_path, clock, monkeypatch):
    opener = FakeOpener()
    deliver(hub, letter(seal="undecided"))
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), PROVINCE, clock, opener=opener)
        (entry,) = receiver.collect().quarantined
        judge = opener.open

        def stall(wire):
            clock.forward(61)
            deliver(hub, wire, key="k")
            with store.write(receiver._in._scope) as ledger:  # as another worker does that takes over
                ledger.connection.exec_driver_sql("UPDATE vnedoc_arrival SET token = token + 1")
            return judge(wire)

        monkeypatch.setattr(opener, "open", stall)
        with pytest.raises(ExchangeError) as caught:
            receiver.retry_quarantined(entry.id)
        assert caught.value.code == "VND-EXC-018"


def test_a_message_beyond_the_limit_is_refused_before_it_is_stored(hub, tmp_path, clock):
    deliver(hub, letter(text="x" * 100_000))
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), PROVINCE, clock, limits=Limits(file_bytes=50_000))
        summary = receiver.collect()
        assert summary.errors[0].code == "VND-EXC-021"
        assert receiver.events()[-1].reason == "VND-EXC-021"
        assert not store.blobs.exists() or not [one for one in store.blobs.rglob("*") if one.is_file()]
    assert settled(hub) == {"k": Settlement.REFUSED}


class LyingTransport(MemoryTransport):
    def fetch(self, recipient, handle, sink, *, deadline):
        meta = super().fetch(recipient, handle, sink, deadline=deadline)
        return InboundMeta(size=meta.size, digest="sha256:" + "0" * 64, remote_id=meta.remote_id)


def test_a_transport_that_lies_about_the_digest(hub, tmp_path, clock):
    deliver(hub, letter())
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, LyingTransport(hub), PROVINCE, clock)
        assert receiver.collect().errors[0].code == "VND-EXC-020"
        assert receiver.inbox() == receiver.quarantine() == ()
    assert settled(hub) == {"k": None}


class UnsettledTransport(MemoryTransport):
    """Never hears what became of a message, and pages by one."""

    capabilities = Capabilities(idempotent_send=True, settles=False)

    def poll(self, recipient, *, cursor, limit, deadline):
        return super().poll(recipient, cursor=cursor, limit=1, deadline=deadline)


def test_a_transport_that_cannot_be_told_gives_it_again(hub, tmp_path, clock):
    for number in range(3):
        deliver(hub, letter(f"doc-{number}"), key=f"k{number}")
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, UnsettledTransport(hub), PROVINCE, clock)
        assert len(receiver.collect().accepted) == 3
        assert len(receiver.collect(limit=2).duplicates) == 2
        assert receiver.inbox()[0].copies == 2


def test_settling_that_fails_is_said_again(hub, receiver, monkeypatch):
    road = receiver._transport

    def lost(*args, **more):
        raise AmbiguousError("VND-TRN-004", "no answer")

    deliver(hub, letter(), key="a")
    deliver(hub, letter("doc-2", seal="broken"), key="b")
    monkeypatch.setattr(road, "settle", lost)
    summary = receiver.collect()
    assert (len(summary.accepted), len(summary.quarantined), len(summary.errors)) == (1, 1, 2)
    monkeypatch.undo()
    summary = receiver.collect()
    assert (len(summary.duplicates), len(summary.quarantined)) == (1, 1)
    assert settled(hub) == {"a": Settlement.ACCEPTED, "b": Settlement.REFUSED}
    assert receiver.quarantine()[0].copies == 2


@pytest.mark.parametrize("call", ["poll", "fetch"])
def test_a_bug_in_the_transport_is_an_ambiguous_failure(hub, receiver, monkeypatch, call):
    def bug(*args, **more):
        raise KeyError(1)

    deliver(hub, letter())
    monkeypatch.setattr(receiver._transport, call, bug)
    if call == "poll":
        with pytest.raises(AmbiguousError) as caught:
            receiver.collect()
        error = caught.value
    else:
        (error,) = receiver.collect().errors
    assert (error.code, error.facts) == ("VND-EXC-019", {"error": "KeyError"})


def test_a_page_larger_than_asked_is_cut(hub, receiver, monkeypatch):
    for number in range(3):
        deliver(hub, letter(f"doc-{number}"), key=f"k{number}")
    handles = tuple(RemoteHandle(name) for name in hub.settlements(PROVINCE))
    page = PollPage(handles, b"9")
    monkeypatch.setattr(receiver._transport, "poll", lambda *args, **more: page)
    assert len(receiver.collect(limit=2).accepted) == 2


def test_a_handler_that_ends_its_workers_is_stopped(hub, receiver, clock):
    deliver(hub, letter())
    for _ in range(3):
        with pytest.raises(Killed):
            receiver.collect(handler=kill)
        clock.forward(61)
    summary = receiver.collect(handler=kill)
    assert summary.errors[0].code == "VND-EXC-014"
    assert receiver.inbox()[0].handling is HandlingState.DEAD


def test_a_handler_that_woke_too_late_is_fenced(hub, receiver, clock):
    seen = []

    def slow(received):
        seen.append(received)
        if len(seen) == 1:
            clock.forward(61)
            assert receiver.collect(handler=slow).handled == 1

    deliver(hub, letter())
    receiver.collect(handler=slow)
    assert len(seen) == 2
    assert receiver.inbox()[0].handling is HandlingState.DONE


def test_a_handler_may_use_the_exchange(hub, receiver):
    def handler(received):
        receiver.register(received.envelope.document_id)
        receiver.enqueue(status("01"))

    deliver(hub, letter())
    assert receiver.collect(handler=handler).errors == ()
    assert receiver.inbox()[0].registered_at is not None
    assert len(receiver.outbox()) == 1


def test_no_secret_and_no_body_in_the_log(hub, receiver):
    deliver(hub, letter(text="mật khẩu"))
    receiver.collect()
    assert "mật khẩu" not in json.dumps([str(one) for one in receiver.events()], ensure_ascii=False)


def test_give_up_is_by_policy(store, road, clock):
    road.plan = ["refuse"]
    sender = make(store, road, MINISTRY, clock, retry=RetryPolicy(give_up=0.0))
    sender.enqueue(letter())
    sender.send_due()
    assert sender.outbox()[0].state is OutboxState.DEAD
