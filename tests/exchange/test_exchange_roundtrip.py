"""From one register to the other, and the statuses back."""

import pytest
from exchange_world import (
    COMMUNE,
    MINISTRY,
    PROVINCE,
    FakeOpener,
    FaultyTransport,
    FixedClock,
    letter,
    make,
    status,
)

from vnedoc.errors import (
    ConfigError,
    Conflict,
    DecodeError,
    ExchangeError,
    FileError,
    RuleError,
    SecurityError,
)
from vnedoc.exchange import HandlingState, InboxState, OutboxState, open_store
from vnedoc.model import (
    Conclusion,
    DocumentId,
    Evidence,
    Kind,
    MessageKind,
    OrganId,
    Settlement,
    StatusCode,
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
def sender(tmp_path, hub, clock):
    with open_store(tmp_path / "sender.db") as store:
        yield make(store, MemoryTransport(hub), MINISTRY, clock)


@pytest.fixture
def receiver(tmp_path, hub, clock):
    with open_store(tmp_path / "receiver.db") as store:
        yield make(store, MemoryTransport(hub), PROVINCE, clock)


def pass_on(sender, receiver, *wires):
    for wire in wires:
        sender.enqueue(wire)
    sender.send_due()
    return receiver.collect()


def test_a_document_reaches_the_other_register(sender, receiver, hub, clock):
    wire = letter(text="Tiếng Việt")
    (entry,) = sender.enqueue(wire)
    assert (entry.state, entry.attempts, entry.duplicate) == (OutboxState.READY, 0, False)
    summary = sender.send_due()
    assert (summary.sent, summary.fenced, summary.errors) == (1, 0, ())
    (sent,) = sender.outbox()
    assert sent.state is OutboxState.SENT
    assert sent.sent_at == clock.now()
    assert sent.document_kind is Kind.NEW
    assert sent.status is None
    collected = receiver.collect()
    (got,) = collected.accepted
    assert got == receiver.inbox()[0]
    assert (got.document_id, got.sender, got.kind) == (DocumentId("doc-1"), MINISTRY, MessageKind.DOCUMENT)
    assert (got.digest, got.copies, got.conflicts) == (wire.digest, 1, 0)
    assert (got.state, got.evidence) == (InboxState.ACCEPTED, Evidence.PROVEN)
    assert list(hub.settlements(PROVINCE).values()) == [Settlement.ACCEPTED]
    assert receiver.collect().accepted == ()


@pytest.mark.parametrize("size", [10, 100_000])
def test_the_very_bytes_arrive(sender, receiver, size):
    wire = letter(text="x" * size)
    (got,) = pass_on(sender, receiver, wire).accepted
    assert receiver._store.get(got.digest).read() == wire.read()
    assert (receiver._store.blobs.is_dir()) is (size > 32_768)


def test_one_row_for_each_recipient(sender):
    entries = sender.enqueue(letter(to=(PROVINCE, COMMUNE, PROVINCE)))
    assert [one.recipient for one in entries] == [PROVINCE, COMMUNE]
    assert sender.send_due().sent == 2


def test_the_same_bytes_again_are_not_sent_again(sender, receiver):
    pass_on(sender, receiver, letter())
    (again,) = sender.enqueue(letter())
    assert again.duplicate
    assert again.state is OutboxState.SENT
    assert sender.send_due().entries == ()
    assert len(sender.outbox()) == 1


def test_the_same_identifier_with_other_bytes_is_a_conflict(sender):
    sender.enqueue(letter())
    with pytest.raises(Conflict) as caught:
        sender.enqueue(letter(text="other"))
    assert caught.value.code == "VND-EXC-013"
    assert len(sender.outbox()) == 1


def test_a_revocation_goes_under_the_identifier_of_its_document(sender, receiver):
    collected = pass_on(sender, receiver, letter(), letter(kind="revoke"))
    assert [one.document_kind for one in collected.accepted] == [Kind.NEW, Kind.REVOKE]


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (letter(to=()), "VND-EXC-007"),
        (letter(sender=PROVINCE), "VND-EXC-008"),
        (letter(number=None), "VND-EXC-011"),
        (status("13", to=None, sender=MINISTRY), "VND-EXC-007"),
        (status("13", None, to=PROVINCE, sender=MINISTRY), "VND-EXC-011"),
        (status("13", None, to=PROVINCE, sender=MINISTRY, about_code="x" * 300), "VND-EXC-011"),
    ],
)
def test_what_cannot_be_enqueued(sender, wire, code):
    with pytest.raises((ExchangeError, RuleError)) as caught:
        sender.enqueue(wire)
    assert caught.value.code == code
    assert sender.outbox() == ()


def test_too_large_for_the_transport(tmp_path, clock):
    with open_store(tmp_path / "s.db") as store:
        small = make(store, FaultyTransport(max_payload=10), MINISTRY, clock)
        with pytest.raises(ExchangeError) as caught:
            small.enqueue(letter())
    assert caught.value.code == "VND-EXC-009"


def test_not_a_message_is_not_enqueued(sender):
    with pytest.raises(DecodeError):
        sender.enqueue(Wire.from_bytes(b"<"))


def test_a_file_that_changes_while_it_is_enqueued(sender, tmp_path, monkeypatch):
    path = tmp_path / "letter.edxml"
    path.write_bytes(letter().read())
    wire = Wire.from_file(path)
    monkeypatch.setattr(sender._codec, "decode", lambda _: _Changed(path, letter()))
    with pytest.raises(FileError) as caught:
        sender.enqueue(wire)
    assert caught.value.code == "VND-IO-003"
    assert sender.outbox() == ()


class _Changed:
    findings = ()

    def __init__(self, path, wire):
        from exchange_world import JsonCodec

        self.message = JsonCodec().decode(wire).message
        path.write_bytes(b"changed")


def test_statuses_come_back(sender, receiver):
    pass_on(sender, receiver, letter())
    pass_on(receiver, sender, status("01"), status("03"))
    (entry,) = sender.outbox()
    assert (entry.business_state, entry.business_evidence) == (StatusCode.RECEIVED, Evidence.PROVEN)
    assert [one.code for one in entry.history] == [StatusCode.ARRIVED, StatusCode.RECEIVED]
    assert entry.state is OutboxState.SENT
    answers = [one for one in sender.inbox() if one.kind is MessageKind.STATUS]
    assert [one.status for one in answers] == [StatusCode.ARRIVED, StatusCode.RECEIVED]


def test_statuses_out_of_order_show_the_furthest(sender, receiver):
    pass_on(sender, receiver, letter())
    pass_on(receiver, sender, status("06"), status("02"), status("01", grade="claimed"))
    (entry,) = sender.outbox()
    assert entry.business_state is StatusCode.DONE
    assert [one.code.value for one in entry.history] == ["06", "02", "01"]
    assert [one.evidence for one in entry.history][-1] is Evidence.CLAIMED


def test_a_claimed_status_shows_its_grade_until_it_is_proven(sender, receiver):
    pass_on(sender, receiver, letter())
    pass_on(receiver, sender, status("03", grade="claimed", time="2026-11-23T09:00:00+07:00"))
    assert sender.outbox()[0].business_evidence is Evidence.CLAIMED
    pass_on(receiver, sender, status("03", time="2026-11-23T09:30:00+07:00"))
    assert sender.outbox()[0].business_evidence is Evidence.PROVEN
    assert len(sender.outbox()[0].history) == 2


def test_a_code_may_be_reported_again_at_another_time(sender, receiver):
    pass_on(sender, receiver, letter())
    first, second = (status("05", time=f"2026-11-2{day}T09:00:00+07:00") for day in (3, 4))
    receiver.enqueue(first)
    receiver.enqueue(second)
    with pytest.raises(Conflict):
        receiver.enqueue(status("05", time="2026-11-23T09:00:00+07:00", text="other"))


def test_one_document_to_two_has_two_histories(sender, receiver):
    sender.enqueue(letter(to=(PROVINCE, COMMUNE)))
    pass_on(sender, receiver)
    pass_on(receiver, sender, status("03"))
    assert [one.business_state for one in sender.outbox()] == [StatusCode.RECEIVED, None]


@pytest.mark.parametrize(
    "wire",
    [status("03", "another"), status("03", "doc-1", sender=COMMUNE), status("03", None, about_code="9/X")],
)
def test_a_status_on_nothing_that_was_sent_is_kept_and_not_applied(
    sender, receiver, hub, clock, wire, tmp_path
):
    pass_on(sender, receiver, letter(code="7/VPCP"))
    who = COMMUNE if b"01.17" in wire.read() else PROVINCE
    seen = []
    with open_store(tmp_path / "third.db") as store:
        pass_on(make(store, MemoryTransport(hub), who, clock), receiver, wire)
    assert sender.collect(handler=seen.append).accepted[0].evidence is Evidence.UNMATCHED
    (entry,) = sender.outbox()
    assert entry.business_state is None
    assert entry.history == ()
    assert seen == []
    assert sender.inbox()[0].handling is None


def test_a_status_without_identifier_matches_by_its_only_code(sender, receiver):
    pass_on(sender, receiver, letter(code="7816/VPCP"))
    pass_on(receiver, sender, status("03", None, about_code="7816/VPCP"))
    assert sender.outbox()[0].business_state is StatusCode.RECEIVED


def test_a_code_that_two_documents_have_matches_none(sender, receiver):
    pass_on(sender, receiver, letter("a", code="1/X"), letter("b", code="1/X"))
    pass_on(receiver, sender, status("03", None, about_code="1/X"))
    assert [one.business_state for one in sender.outbox()] == [None, None]


def test_a_recall_is_noted_on_the_document_and_answered(sender, receiver):
    pass_on(sender, receiver, letter())
    recall = status("13", sender=MINISTRY, to=PROVINCE, text="Sai số liệu")
    pass_on(sender, receiver, recall)
    (document, request) = receiver.inbox()
    assert [one.description for one in document.recalls] == ["Sai số liệu"]
    assert request.evidence is Evidence.PROVEN
    pass_on(receiver, sender, status("03"), status("16"), status("15"))
    entry = sender.outbox()[0]
    assert (entry.business_state, entry.recall) == (StatusCode.RECEIVED, StatusCode.RECALL_AGREED)
    assert entry.recall_evidence is Evidence.PROVEN


def test_only_the_answer_to_a_recall(sender, receiver):
    pass_on(sender, receiver, letter())
    pass_on(receiver, sender, status("16"))
    entry = sender.outbox()[0]
    assert (entry.business_state, entry.recall) == (None, StatusCode.RECALL_REFUSED)


def test_a_recall_that_comes_before_its_document(sender, receiver):
    seen = []
    recall = status("13", sender=MINISTRY, to=PROVINCE, grade="claimed")
    assert pass_on(sender, receiver, recall).accepted[0].evidence is Evidence.UNMATCHED
    pass_on(sender, receiver, letter())
    (request, document) = receiver.inbox()
    assert request.evidence is Evidence.CLAIMED
    assert [one.code for one in document.recalls] == [StatusCode.RECALL]
    receiver.collect(handler=seen.append)
    assert len(seen) == 2


@pytest.mark.parametrize("kind", ["revoke", "update", "replace"])
def test_what_nothing_proves_waits_for_a_person(sender, receiver, kind):
    seen = []
    sender.enqueue(letter(kind=kind, grade="claimed"))
    sender.send_due()
    (entry,) = receiver.collect(handler=seen.append).accepted
    assert (entry.state, entry.handling, seen) == (InboxState.WAITING, None, [])


def test_register_is_said_once_or_twice(sender, receiver, clock):
    pass_on(sender, receiver, letter())
    clock.forward(60)
    first = receiver.register("doc-1")
    clock.forward(60)
    assert receiver.register(DocumentId("doc-1"), sender=MINISTRY) == first
    assert first.state is InboxState.REGISTERED
    assert (first.registered_at - first.received_at).total_seconds() == 60


def test_register_what_is_not_there(receiver):
    with pytest.raises(ExchangeError) as caught:
        receiver.register("doc-1")
    assert caught.value.code == "VND-EXC-016"


def test_register_when_two_sent_the_same_identifier(sender, receiver, hub, clock, tmp_path):
    with open_store(tmp_path / "third.db") as store:
        third = make(store, MemoryTransport(hub), COMMUNE, clock)
        pass_on(third, receiver, letter(sender=COMMUNE))
        pass_on(sender, receiver, letter())
        with pytest.raises(ExchangeError) as caught:
            receiver.register("doc-1")
    assert caught.value.code == "VND-EXC-017"
    assert receiver.register("doc-1", sender=COMMUNE.value).sender == COMMUNE


def test_tenants_do_not_see_each_other(tmp_path, hub, clock):
    path = tmp_path / "shared.db"
    with open_store(path, tenant="a") as one, open_store(path, tenant="b") as two:
        first = make(one, MemoryTransport(hub), MINISTRY, clock)
        second = make(two, MemoryTransport(MemoryHub()), MINISTRY, clock)
        first.enqueue(letter())
        assert second.outbox() == second.events() == second.send_due().entries == ()
        assert not second.enqueue(letter(text="other"))[0].duplicate
        assert first.send_due().sent == 1


def test_routes_do_not_take_each_others_rows(tmp_path, clock):
    with open_store(tmp_path / "s.db") as store:
        mail = make(store, MemoryTransport(), MINISTRY, clock, route="mail")
        axis = make(store, MemoryTransport(), MINISTRY, clock, route="axis")
        mail.enqueue(letter())
        assert axis.send_due().sent == 0
        assert mail.send_due().sent == 1


def test_events_tell_the_story_and_observers_hear_it(tmp_path, hub, clock):
    heard = []
    with open_store(tmp_path / "s.db") as store:
        sender = make(store, MemoryTransport(hub), MINISTRY, clock, on_event=heard.append)
        sender.enqueue(letter())
        sender.send_due()
        assert tuple(heard) == sender.events()
        assert [(one.subject, one.before, one.after, one.reason) for one in heard] == [
            ("outbox:1", None, "ready", "enqueue"),
            ("outbox:1", "sending", "sent", "deliver"),
        ]
        assert sender.events(after=1, limit=1) == tuple(heard[1:])


def test_an_observer_that_fails_stops_nothing(tmp_path, clock, caplog):
    def bad(event):
        raise RuntimeError

    with open_store(tmp_path / "s.db") as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock, on_event=bad)
        sender.enqueue(letter())
        assert sender.send_due().sent == 1
    assert "observer" in caplog.text


def test_the_handler_takes_each_message_once(sender, receiver):
    seen = []
    sender.enqueue(letter())
    sender.send_due()
    assert receiver.collect(handler=seen.append).handled == 1
    assert receiver.collect(handler=seen.append).handled == 0
    assert [one.envelope.document_id.value for one in seen] == ["doc-1"]
    assert receiver.inbox()[0].handling is HandlingState.DONE


def test_a_handler_that_says_not_yet_is_asked_again(sender, receiver, clock):
    seen = []

    def busy(received):
        seen.append(received)
        if len(seen) < 3:
            raise OSError

    pass_on(sender, receiver, letter())
    for _ in range(3):
        receiver.collect(handler=busy)
        clock.forward(3600)
    assert len(seen) == 3
    assert receiver.inbox()[0].handling is HandlingState.DONE


def test_a_handler_that_never_can_is_given_up(sender, receiver, clock):
    def never(received):
        raise OSError

    pass_on(sender, receiver, letter())
    for _ in range(3):
        assert len(receiver.collect(handler=never).errors) == 1
        clock.forward(40 * 3600)
    assert receiver.inbox()[0].handling is HandlingState.DEAD


def test_run_once_moves_everything(sender, receiver):
    for number in range(70):
        sender.enqueue(letter(f"doc-{number}"))
    seen = []
    assert sender.run_once(10.0).sent == 70
    total = receiver.run_once(10.0, handler=seen.append)
    assert (total.accepted, total.handled, total.error, len(seen)) == (70, 70, None, 70)


def test_run_once_sends_when_receiving_fails(sender, monkeypatch):
    def broken(*args, **more):
        raise SecurityError("VND-TRN-099", "no")

    sender.enqueue(letter())
    monkeypatch.setattr(sender._transport, "poll", broken)
    total = sender.run_once(0.0)
    assert (total.sent, total.error.code) == (1, "VND-TRN-099")


def test_an_alias_is_the_same_organisation(tmp_path, hub, clock, sender):
    sender.enqueue(letter())
    sender.send_due()
    renamed = OrganId("000.00.00.H36", ("H36",))
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), renamed, clock)
        assert len(receiver.collect().accepted) == 1
        assert len(receiver.enqueue(status("01", sender=OrganId("H36")))) == 1


def test_a_claim_must_outlast_a_call(tmp_path, clock):
    with open_store(tmp_path / "s.db") as store, pytest.raises(ConfigError) as caught:
        make(store, MemoryTransport(), MINISTRY, clock, lease=5.0, deadline=5.0)
    assert caught.value.code == "VND-EXC-006"


def test_quarantine_keeps_the_findings(sender, receiver, hub):
    sender.enqueue(letter(seal="broken"))
    sender.send_due()
    collected = receiver.collect()
    (entry,) = collected.quarantined
    assert collected.accepted == ()
    assert entry == receiver.quarantine()[0]
    assert (entry.code, entry.conclusion) == ("VND-VER-001", Conclusion.FAILED)
    assert entry.findings[0].code == "VND-SIG-004"
    assert entry.findings[0].facts == {"seen": "other"}
    assert receiver._store.get(entry.digest).read() == letter(seal="broken").read()
    assert list(hub.settlements(PROVINCE).values()) == [Settlement.REFUSED]


def test_what_could_not_be_decided_is_tried_again_by_a_person(sender, hub, clock, tmp_path):
    opener = FakeOpener()
    sender.enqueue(letter(seal="undecided"))
    sender.send_due()
    with open_store(tmp_path / "r.db") as store:
        receiver = make(store, MemoryTransport(hub), PROVINCE, clock, opener=opener)
        (entry,) = receiver.collect().quarantined
        assert entry.conclusion is Conclusion.INDETERMINATE
        assert list(hub.settlements(PROVINCE).values()) == [Settlement.ACCEPTED]
        assert receiver.retry_quarantined(entry.id) == entry
        opener.has_lists = True
        assert receiver.retry_quarantined(entry.id).document_id == DocumentId("doc-1")
        assert receiver.quarantine() == ()
        assert len(receiver.inbox()) == 1
        with pytest.raises(ExchangeError) as caught:
            receiver.retry_quarantined(entry.id)
        assert caught.value.code == "VND-EXC-016"


def test_each_route_judges_and_hands_over_its_own(tmp_path, hub, clock, sender):
    seen = []
    sender.enqueue(letter())
    sender.enqueue(letter("doc-2", seal="undecided"))
    sender.send_due()
    with open_store(tmp_path / "r.db") as store:
        axis = make(store, MemoryTransport(hub), PROVINCE, clock, route="axis")
        strict = make(store, MemoryTransport(MemoryHub()), PROVINCE, clock, route="strict")
        (kept,) = axis.collect().quarantined
        assert strict.inbox()[0].route == "axis"
        assert strict.collect(handler=seen.append).handled == 0
        assert strict.quarantine() == ()
        with pytest.raises(ExchangeError):
            strict.retry_quarantined(kept.id)
        assert axis.collect(handler=seen.append).handled == 1


def test_a_message_has_one_effect_over_two_routes(tmp_path, clock):
    roads = {"mail": MemoryHub(), "axis": MemoryHub()}
    for name, hub in roads.items():
        with open_store(tmp_path / f"{name}.db") as store:
            sender = make(store, MemoryTransport(hub), MINISTRY, clock)
            sender.enqueue(letter())
            sender.send_due()
    with open_store(tmp_path / "r.db") as store:
        mail, axis = (
            make(store, MemoryTransport(hub), PROVINCE, clock, route=name) for name, hub in roads.items()
        )
        assert len(mail.collect().accepted) == 1
        assert axis.collect().duplicates == mail.inbox()


def test_a_row_that_is_not_there_cannot_be_put_back(sender):
    with pytest.raises(ExchangeError) as caught:
        sender.redrive(9)
    assert caught.value.code == "VND-EXC-016"


def test_listing_by_number(sender):
    first, second = (sender.enqueue(letter(f"doc-{one}"))[0] for one in range(2))
    assert sender.outbox([second.id]) == (second,)
    assert sender.outbox([]) == ()
    assert sender.inbox([1]) == ()
    assert first in sender.outbox()
