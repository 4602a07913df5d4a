"""The present state of an exchange follows from the set of its messages."""

import datetime as dt
import time

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.edxml import EdXmlCodec
from vnedoc.errors import InputError
from vnedoc.exchange import (
    RECEIPT,
    STANDING,
    Progress,
    Sighting,
    Standing,
    StandingStep,
    Thread,
    answer,
    recall,
    replace,
    revoke,
    update,
)
from vnedoc.exchange._states import furthest
from vnedoc.model import (
    VIETNAM,
    Business,
    DocumentCode,
    Envelope,
    Evidence,
    Kind,
    OrganId,
    Party,
    Replaced,
    ResponseFor,
    Severity,
    StatusCode,
    StatusMessage,
    TraceHeader,
    Wire,
)

AT = dt.datetime(2026, 11, 30, 8, 0, tzinfo=VIETNAM)
SENDER = Party("H99.1", "Sở Thử nghiệm A")
FIRST = Party("H99.2", "Sở Thử nghiệm B")
SECOND = Party("H99.3", "Sở Thử nghiệm C")
THIRD = Party("H99.4", "Sở Thử nghiệm D")
REASON = "Sai số liệu"
WHOLE = (
    "recipients",
    "holders",
    "versions",
    "withdrawn",
    "waiting",
    "unmatched",
    "findings",
    "history",
)


def hour(hours):
    return AT + dt.timedelta(hours=hours)


def letter(number="17", at=AT, **changes):
    values = {
        "sender": SENDER,
        "receivers": (FIRST, SECOND),
        "document_id": f"H99.1,2026/11/30,{number}/STNA-VP",
        "code": DocumentCode(number, "STNA-VP"),
        "date": dt.date(2026, 11, 30),
        "subject": "V/v thử nghiệm",
        "traces": () if at is None else (TraceHeader(organ_id="H99.1", timestamp=at),),
    }
    return Envelope(**{**values, **changes})


def said(code, hours, *, by=FIRST, on=None, text=None):
    """Give a status of a recipient."""
    return answer(on or letter(), StatusCode(code), sender=by, at=hour(hours), description=text or REASON)


def proven(message, **more):
    return Sighting(message=message, evidence=Evidence.PROVEN, **more)


def codes(thread):
    return [one.code for one in thread.findings]


def state(thread, organ=FIRST):
    one = thread.state_of(organ)
    return one.progress, one.standing


# --- the tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", [RECEIPT, STANDING], ids=lambda one: one.name)
def test_every_state_can_be_reached(machine):
    reached, before = {machine.first}, set()
    while reached != before:
        before = set(reached)
        reached |= {target for (source, _), target in machine.steps.items() if source in before}
    assert reached == set(type(machine.first))


def test_receipt_goes_forward_only():
    order = list(Progress)
    assert all(order.index(after) >= order.index(before) for (before, _), after in RECEIPT.steps.items())
    # Whatever was reported, the way on is open: so the end does not hang on the order.
    for place, one in enumerate(order):
        assert {after for (before, _), after in RECEIPT.steps.items() if before is one} == set(
            order[max(place, 1) :]
        )


def test_nothing_brings_back_what_was_revoked():
    for (before, _), after in STANDING.steps.items():
        assert before is not Standing.REVOKED or after is Standing.REVOKED
        assert before is not Standing.REPLACED or after in (Standing.REPLACED, Standing.REVOKED)
    assert STANDING.sources(StandingStep.REVOKE) == tuple(Standing)


def test_every_state_has_a_vietnamese_name():
    for kind in (Progress, Standing, StandingStep):
        assert all(one.vietnamese and one.vietnamese[0].isupper() for one in kind)
    assert Progress.RECEIVED.vietnamese == StatusCode.RECEIVED.vietnamese


# --- who has it -----------------------------------------------------------------------------------


def test_each_recipient_has_a_state_of_its_own():
    thread = Thread.of([letter(), said("01", 1), said("03", 2), said("02", 1, by=SECOND)])
    assert state(thread) == (Progress.RECEIVED, Standing.CURRENT)
    assert state(thread, SECOND) == (Progress.REFUSED, Standing.CURRENT)
    assert [one.organ_id.value for one in thread.holders] == ["H99.2"]
    assert thread.state_of(THIRD) is None
    assert thread.state_of("H99.2").evidence is Evidence.CLAIMED
    assert codes(thread) == []
    assert thread.unmatched == ()


@pytest.mark.parametrize("code", [one for one in StatusCode if one.value < "13"], ids=lambda one: one.value)
def test_every_progress_code_moves_the_state(code):
    thread = Thread().add(letter()).add(said(code.value, 1))
    assert thread.state_of(FIRST).progress.vietnamese == code.vietnamese


def test_a_recall_and_its_answers():
    asked = recall(letter(), FIRST, reason=REASON, at=hour(2))
    thread = Thread.of([letter(), said("03", 1), asked])
    assert state(thread) == (Progress.RECEIVED, Standing.RECALL_ASKED)
    assert state(thread, SECOND) == (Progress.UNKNOWN, Standing.CURRENT)
    declined = thread.add(said("16", 3))
    assert state(declined) == (Progress.RECEIVED, Standing.RECALL_REFUSED)
    assert declined.holders
    again = declined.add(recall(letter(), FIRST, reason="Vẫn cần lấy lại", at=hour(4)))
    assert again.state_of(FIRST).standing is Standing.RECALL_ASKED
    agreed = again.add(said("15", 5))
    assert state(agreed) == (Progress.RECEIVED, Standing.RECALL_AGREED)
    assert agreed.state_of(FIRST).answer is StatusCode.RECALL_AGREED
    assert not agreed.holders
    assert str(agreed.withdrawn[0]) == "H99.1,2026/11/30,17/STNA-VP recall-agreed for H99.2"
    assert codes(agreed) == []


def test_an_answer_counts_though_its_clock_is_behind():
    asked = recall(letter(), FIRST, reason=REASON, at=hour(2))
    assert Thread.of([letter(), asked, said("15", 1)]).state_of(FIRST).standing is Standing.RECALL_AGREED


def test_times_that_are_missing_are_no_fault():
    asked = attrs.evolve(recall(letter(), FIRST, reason=REASON, at=hour(2)), timestamp=None)
    agreed = attrs.evolve(said("15", 1), timestamp=None)
    thread = Thread.of([agreed, asked, letter(at=None), attrs.evolve(said("03", 1), timestamp=None)])
    assert state(thread) == (Progress.RECEIVED, Standing.RECALL_AGREED)
    assert codes(thread) == []


# --- revoke, update, replace ----------------------------------------------------------------------


def test_a_proven_revocation_counts_for_whom_it_names():
    gone = revoke(letter(), reason=REASON, at=hour(2), receivers=[FIRST])
    thread = Thread.of([letter(), said("03", 1), proven(gone)])
    assert state(thread) == (Progress.RECEIVED, Standing.REVOKED)
    assert thread.state_of(SECOND).standing is Standing.CURRENT
    assert [(one.how, one.organ_ids) for one in thread.withdrawn] == [(Standing.REVOKED, (OrganId("H99.2"),))]
    answered = thread.add(said("15", 3))
    assert answered.state_of(FIRST).answer is StatusCode.RECALL_AGREED
    assert state(answered) == (Progress.RECEIVED, Standing.REVOKED)
    assert codes(answered) == []


@pytest.mark.parametrize(
    "change",
    [
        revoke(letter(), reason=REASON, at=hour(2)),
        update(letter(), removed=[FIRST, SECOND], reason=REASON, at=hour(2)),
        replace(letter(), by=letter("18"), reason=REASON, at=hour(2)),
    ],
    ids=["revoke", "update", "replace"],
)
def test_a_change_that_is_only_claimed_waits_for_a_person(change):
    thread = Thread.of([letter(), change])
    assert thread.state_of(FIRST, letter().document_id.value).standing is Standing.CURRENT
    assert [one.message for one in thread.waiting] == [change]
    assert thread.withdrawn == ()
    assert all(one.waiting is (one.kind is not Kind.NEW) for one in thread.versions)
    for decided in (thread.approve(change), thread.add(change, evidence=Evidence.PROVEN)):
        assert decided.state_of(FIRST, letter().document_id.value).standing.withdrawn
        assert decided.waiting == ()
        assert len(decided.withdrawn) == 1
    assert thread.add(change, evidence=Evidence.UNMATCHED) == thread


def test_updates_add_and_remove_recipients():
    first = update(letter(), added=[THIRD], removed=[FIRST], reason=REASON, at=hour(1))
    thread = Thread.of([letter(), proven(first), said("01", 2, by=THIRD, on=first)])
    assert [one.organ_id.value for one in thread.recipients] == ["H99.2", "H99.3", "H99.4"]
    assert thread.state_of(FIRST).standing is Standing.REMOVED
    assert thread.state_of(THIRD).progress is Progress.ARRIVED
    back = update(first, added=[Party("H99.5")], reason=REASON, at=hour(3), document_id="x-2")
    later = thread.add(back, evidence=Evidence.PROVEN)
    assert [one.kind for one in later.versions] == [Kind.NEW, Kind.UPDATE, Kind.UPDATE]
    assert {one.document_id for one in later.versions} == {letter().document_id.value}
    # A status that names the update is on the document.
    assert later.add(said("03", 4, by=SECOND, on=back)).state_of(SECOND).progress is Progress.RECEIVED
    assert codes(later) == []


def test_after_an_update_recipients_report_anew():
    changed = update(letter(), attrs.evolve(letter(), content="Mới"), reason=REASON, at=hour(3))
    thread = Thread.of([letter(), said("03", 1), proven(changed), said("01", 4), said("15", 5)])
    assert state(thread) == (Progress.RECEIVED, Standing.CURRENT)
    assert thread.state_of(FIRST).answer is StatusCode.RECALL_AGREED
    assert codes(thread) == []


def test_a_replacement_takes_the_place_of_the_document():
    new = replace(letter(), by=letter("18"), reason=REASON, at=hour(2), for_whom=[FIRST])
    thread = Thread.of([letter(), said("03", 1), proven(new), said("01", 3, on=new)])
    old = thread.state_of(FIRST, letter().document_id.value)
    assert (old.progress, old.standing) == (Progress.RECEIVED, Standing.REPLACED)
    assert thread.state_of(FIRST).document_id == new.document_id.value
    assert state(thread) == (Progress.ARRIVED, Standing.CURRENT)
    assert thread.state_of(SECOND, letter().document_id.value).standing is Standing.CURRENT
    assert thread.versions[-1].replaces == (Replaced(letter().document_id, ("H99.2",)),)
    assert codes(thread) == []


def test_a_replacement_without_names_is_for_all():
    business = Business(kind=Kind.REPLACE, reason=REASON, replaced=(Replaced(letter().document_id),))
    new = letter("18", at=hour(2), business=business)
    thread = Thread.of([letter(), proven(new)])
    assert [one.organ_ids for one in thread.withdrawn] == [(OrganId("H99.2"), OrganId("H99.3"))]


def test_a_revocation_that_names_its_document_in_the_header_only():
    gone = attrs.evolve(letter(at=hour(2)), business=Business(kind=Kind.REVOKE, reason=REASON))
    assert Thread.of([letter(), proven(gone)]).state_of(FIRST).standing is Standing.REVOKED


def test_a_report_on_a_revocation_is_none_on_the_document():
    gone = revoke(letter(), reason=REASON, at=hour(2), document_id="x-9")
    thread = Thread.of([letter(), proven(gone), said("03", 3, on=gone), said("15", 4, on=gone)])
    assert state(thread) == (Progress.UNKNOWN, Standing.REVOKED)
    assert thread.state_of(FIRST).answer is StatusCode.RECALL_AGREED
    assert thread.unmatched == ()


# --- matching -------------------------------------------------------------------------------------


def test_by_number_where_the_identifier_is_another():
    other = attrs.evolve(
        said("03", 1),
        response_for=ResponseFor(
            organ_id="H99.1", code="17/STNA-VP", date=dt.date(2026, 11, 30), document_id="of-the-axis"
        ),
    )
    assert Thread.of([letter(), other]).state_of(FIRST).progress is Progress.RECEIVED
    another_year = attrs.evolve(
        other, response_for=attrs.evolve(other.response_for, date=dt.date(2025, 11, 30))
    )
    thread = Thread.of([letter(), another_year])
    assert [one.message for one in thread.unmatched] == [another_year]


def test_a_number_of_two_documents_matches_none():
    twin = letter(document_id="twin", subject="Khác")
    other = attrs.evolve(
        said("03", 1), response_for=ResponseFor(organ_id="H99.1", code="17/STNA-VP", document_id="?")
    )
    thread = Thread.of([letter(), twin, other])
    assert [one.message for one in thread.unmatched] == [other]
    assert set(codes(thread)) == {"VND-EXC-078", "VND-EXC-079"}


class Merged:
    """A directory that knows two codes of one body."""

    def resolve(self, organ_id):
        known = OrganId("H99.2", ("000.00.02.H99",))
        return known if organ_id.same_as(known) else None


def test_codes_of_one_organisation():
    old = Party("000.00.02.H99")
    report = answer(letter(), StatusCode.DONE, sender=old, at=hour(1), unlisted=True)
    assert codes(Thread.of([letter(), report])) == ["VND-EXC-072"]
    thread = Thread.of([letter(), report], directory=Merged())
    assert thread.state_of("000.00.02.H99") == thread.state_of("H99.2")
    assert state(thread) == (Progress.DONE, Standing.CURRENT)
    named = attrs.evolve(report, sender=Party(OrganId("000.00.02.H99", ("H99.2",))))
    assert state(Thread.of([letter(), named])) == (Progress.DONE, Standing.CURRENT)


def test_a_status_without_its_document_is_kept():
    early = Thread.of([said("01", 1), proven(revoke(letter(), reason=REASON, at=hour(2)))])
    assert len(early.unmatched) == 2
    assert early.recipients == ()
    assert codes(early) == []
    later = early.add(letter())
    assert later.unmatched == ()
    assert state(later) == (Progress.ARRIVED, Standing.REVOKED)


def test_what_is_unmatched_moves_nothing():
    thread = Thread.of([letter(), Sighting(message=said("03", 1), evidence=Evidence.UNMATCHED)])
    assert state(thread) == (Progress.UNKNOWN, Standing.CURRENT)
    assert len(thread.unmatched) == 1
    assert thread.add(said("03", 1)).unmatched == ()


def test_the_best_evidence_counts():
    thread = Thread.of([letter(), said("03", 1)]).add(said("03", 1), evidence=Evidence.PROVEN)
    assert thread.state_of(FIRST).evidence is Evidence.PROVEN
    assert len(thread.history) == 2


# --- out of order ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([said("03", 1), said("02", 2)], "VND-EXC-070"),
        ([said("05", 1), said("01", 2)], "VND-EXC-070"),
        ([recall(letter(), FIRST, reason=REASON, at=hour(1)), said("15", 2), said("16", 3)], "VND-EXC-070"),
        ([said("01", -1)], "VND-EXC-071"),
        ([said("15", 1)], "VND-EXC-073"),
        ([said("16", 1)], "VND-EXC-073"),
        ([proven(revoke(letter(), reason=REASON, at=hour(-1)))], "VND-EXC-074"),
        (
            [
                proven(revoke(letter(), reason=REASON, at=hour(1))),
                update(letter(), added=[THIRD], reason=REASON, at=hour(2)),
            ],
            "VND-EXC-074",
        ),
        ([letter(subject="Khác")], "VND-EXC-075"),
        (
            [
                update(letter(), added=[THIRD], reason=REASON, at=hour(2)),
                update(letter(), removed=[FIRST], reason=REASON, at=hour(2)),
            ],
            "VND-EXC-075",
        ),
        ([replace(letter(), by=letter("18"), reason=REASON, at=hour(-1))], "VND-EXC-077"),
        ([letter("18")], "VND-EXC-078"),
    ],
)
def test_what_is_out_of_order_is_found(messages, expected):
    thread = Thread.of([letter(), *messages])
    assert codes(thread) == [expected]
    assert Thread.of([*reversed(messages), letter()]).findings == thread.findings


def test_a_status_from_a_stranger_is_kept_and_does_not_count():
    strangers = [
        answer(letter(), StatusCode.RECEIVED, sender=THIRD, at=hour(1), unlisted=True),
        answer(letter(), StatusCode.RECEIVED, sender=SENDER, at=hour(1), unlisted=True),
        # The roles of 13 are turned: the recipient seems to ask.
        attrs.evolve(recall(letter(), FIRST, reason=REASON, at=hour(1)), sender=FIRST),
    ]
    for one in strangers:
        thread = Thread.of([letter(), one])
        assert codes(thread) == ["VND-EXC-072"]
        assert [it.message for it in thread.unmatched] == [one]
        assert state(thread) == (Progress.UNKNOWN, Standing.CURRENT)


def test_nobody_else_withdraws_a_document():
    gone = attrs.evolve(revoke(letter(), reason=REASON, at=hour(1)), sender=THIRD)
    new = attrs.evolve(replace(letter(), by=letter("18"), reason=REASON, at=hour(1)), sender=THIRD)
    for one in (gone, new):
        thread = Thread.of([letter(), proven(one)])
        assert "VND-EXC-076" in codes(thread)
        assert thread.withdrawn == ()
    assert thread.findings[0].severity is Severity.ERROR


def test_a_proven_document_goes_before_a_claimed_one_and_an_earlier_before_a_later():
    late = letter(at=hour(5), subject="Muộn")
    assert Thread.of([late, letter()]).versions[0].envelope == letter()
    assert Thread.of([proven(late), letter()]).versions[0].envelope == late
    assert [one.message for one in Thread.of([late, letter()]).unmatched] == [late]


def test_a_forwarded_copy_is_a_repeat():
    axis = TraceHeader(organ_id="000.00.00.Z99", timestamp=hour(1))
    copy = attrs.evolve(letter(), traces=(*letter().traces, axis))
    thread = Thread.of([copy, letter()])
    assert codes(thread) == []
    assert [one.message for one in thread.history] == [letter()]


def test_a_document_that_replaces_itself_or_in_a_circle():
    def replaces(number, other):
        named = (Replaced(letter(other).document_id),)
        return proven(letter(number, business=Business(kind=Kind.REPLACE, reason=REASON, replaced=named)))

    alone = Thread.of([replaces("17", "17")])
    assert alone.withdrawn == ()
    both = Thread.of([replaces("17", "18"), replaces("18", "17")])
    assert len(both.withdrawn) == 2
    assert both.state_of(FIRST).standing is Standing.REPLACED


def test_updates_that_name_each_other_end():
    def names(own, aim):
        return letter(document_id=own, business=Business(kind=Kind.UPDATE, reason=REASON, document_id=aim))

    thread = Thread.of([names("a", "b"), names("b", "a"), said("03", 1, on=names("a", "b"))])
    assert len(thread.unmatched) == 3


# --- the law: the state is a function of the set --------------------------------------------------

_SECOND_UPDATE = update(
    update(letter(), added=[THIRD], reason=REASON, at=hour(1)),
    removed=[THIRD],
    reason=REASON,
    at=hour(2),
    document_id="x-2",
)
_LETTERS = [
    letter(),
    letter(at=None),
    letter(subject="Khác"),
    letter("18"),
    letter(document_id=None, code=None),
    attrs.evolve(letter(), traces=(*letter().traces, TraceHeader(organ_id="null", timestamp=hour(3)))),
    attrs.evolve(letter(), receivers=(Party(OrganId("H99.2", ("000.00.02.H99",))), SECOND)),
    revoke(letter(), reason=REASON, at=hour(2)),
    revoke(letter(), reason=REASON, at=hour(3), receivers=[SECOND], document_id="x-1"),
    attrs.evolve(revoke(letter(), reason=REASON, at=hour(1)), sender=THIRD),
    update(letter(), added=[THIRD], reason=REASON, at=hour(1)),
    update(letter(), removed=[FIRST], reason=REASON, at=hour(1)),
    _SECOND_UPDATE,
    replace(letter(), by=letter("18"), reason=REASON, at=hour(2)),
    replace(letter("18"), by=letter("17"), reason=REASON, at=hour(2)),
    replace(letter(), by=letter("19"), reason=REASON, at=hour(-2), for_whom=[FIRST]),
]
_REPORTERS = [FIRST, SECOND, THIRD, SENDER, Party("000.00.02.H99")]
_TIMES = st.sampled_from([None, *map(hour, range(-1, 4))])
_ABOUT = st.builds(
    ResponseFor,
    organ_id=st.sampled_from([None, "H99.1", "H99.2", "H99.3"]),
    code=st.sampled_from([None, "17/STNA-VP", "18/STNA-VP"]),
    date=st.sampled_from([None, dt.date(2026, 11, 30), dt.date(2025, 1, 1)]),
    document_id=st.sampled_from([None, "x-1", "x-2", "?", letter().document_id, letter("18").document_id]),
)
_STATUSES = st.builds(
    StatusMessage,
    sender=st.sampled_from(_REPORTERS),
    response_for=_ABOUT,
    code=st.sampled_from(StatusCode),
    timestamp=_TIMES,
)
_SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        message=st.sampled_from(_LETTERS) | _STATUSES,
        evidence=st.sampled_from(Evidence),
        at=_TIMES,
        approved=st.booleans(),
    ),
    max_size=12,
)


@given(_SIGHTINGS, st.randoms(), st.booleans())
def test_neither_order_nor_repeats_matter(sightings, chance, known):
    directory = Merged() if known else None
    thread = Thread.of(sightings, directory=directory)
    other = [*sightings, *(one for one in sightings if chance.random() < 0.5)]
    chance.shuffle(other)
    again = Thread.of(other, directory=directory)
    for name in WHOLE:
        assert getattr(again, name) == getattr(thread, name), name
    assert again == thread
    assert hash(again) == hash(thread)
    assert repr(again) == repr(thread)


@given(_SIGHTINGS)
def test_one_by_one_is_all_at_once(sightings):
    thread = Thread()
    for one in sightings:
        thread = thread.add(one.message, evidence=one.evidence, at=one.at, approved=one.approved)
    assert thread == Thread.of(sightings)


@given(_SIGHTINGS)
def test_nothing_is_lost(sightings):
    thread = Thread.of(sightings)
    shown = [*(one.envelope for one in thread.versions), *(one.message for one in thread.unmatched)]
    for one in thread.history:
        if isinstance(one.message, Envelope) and one.message.kind is not Kind.REVOKE:
            assert one.message in shown
    assert {one.message for one in thread.unmatched} <= {one.message for one in thread.history}
    assert all(one.evidence is Evidence.CLAIMED and not one.approved for one in thread.waiting)


@given(st.lists(st.tuples(st.sampled_from([*map(StatusCode, ("01", "02", "03", "04", "05", "06"))]), _TIMES)))
def test_the_store_and_the_thread_show_the_same_progress(notes):
    messages = [attrs.evolve(said(code.value, 1), timestamp=at) for code, at in notes]
    shown = Thread.of([letter(), *messages]).state_of(FIRST).progress
    best = furthest((code, Evidence.CLAIMED) for code, _ in notes)
    assert shown is (Progress.UNKNOWN if best is None else RECEIPT.steps[Progress.UNKNOWN, best[0]])


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.corpus
def test_the_public_samples_are_one_exchange(corpus):
    names = [
        *("edoc_new", "edoc_update", "edoc_replacement", "status_inbox__01", "status_acceptance_03"),
        *("status_assignment_04", "status_processing_05", "status_cancellation_13"),
        "status_change-acceptance_15",
    ]
    paths = [corpus / "samples" / "edxml" / f"all4u1089__{name}.edxml" for name in names]
    messages = [EdXmlCodec().decode(Wire.from_file(path)).message for path in paths]
    thread = Thread.of(messages)
    issuer = "000.00.00.G22"
    one = thread.state_of("000.00.00.H41", f"{issuer},2015/09/30,7816/VPCP-TTĐT")
    # They say what they say years before the sample document was sent.
    assert (one.progress, one.standing) == (Progress.PROCESSING, Standing.RECALL_AGREED)
    assert "VND-EXC-071" in codes(thread)
    assert {one.message.kind for one in thread.waiting} == {Kind.UPDATE, Kind.REPLACE}
    assert Thread.of(reversed(messages)) == thread


def test_it_says_what_it_is():
    thread = Thread.of([letter(), said("03", 1), recall(letter(), FIRST, reason=REASON, at=hour(2))])
    assert repr(thread) == (
        "Thread(H99.1,2026/11/30,17/STNA-VP | H99.2: received, recall-asked; H99.3: unknown)"
    )
    assert thread.state_of(FIRST).vietnamese == "Đã tiếp nhận; chờ trả lời lấy lại"
    assert str(thread.versions[0]) == "new H99.1,2026/11/30,17/STNA-VP"
    assert repr(Thread()) == "Thread(no document)"
    assert Thread() != "no thread"


def test_what_is_no_message_is_refused():
    for call in (lambda: Thread.of(["x"]), lambda: Thread().add(None)):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == "VND-EXC-069"
    with pytest.raises(InputError) as caught:
        Thread().add(letter(), at=dt.datetime(2026, 1, 1))  # noqa: DTZ001 - this is what is refused
    assert caught.value.code == "VND-MODEL-003"


def test_ten_thousand_messages():
    parties = tuple(Party(f"H99.{number}") for number in range(2, 2002))
    messages = [letter(receivers=parties)]
    for place, code in enumerate(("01", "03", "04", "05", "06")):
        report = said(code, place + 1)
        messages += [attrs.evolve(report, sender=one) for one in parties]
    start = time.process_time()
    thread = Thread.of(messages)
    assert {one.progress for one in thread.recipients} == {Progress.DONE}
    spent = time.process_time() - start
    assert len(thread.history) == 10_001
    # A fold that grows with the square would take minutes.
    assert spent < 10
