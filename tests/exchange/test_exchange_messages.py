"""Messages about a document: every status and every kind of change, with the right roles and references."""

import datetime as dt
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vnedoc
from vnedoc.edxml import EdXmlCodec, check
from vnedoc.errors import InputError, RuleError
from vnedoc.exchange import answer, recall, replace, revoke, update
from vnedoc.model import (
    VIETNAM,
    Attachment,
    Business,
    DocumentCode,
    DocumentId,
    Envelope,
    Kind,
    OrganId,
    Party,
    Receiver,
    ReceiverChange,
    Replaced,
    ResponseFor,
    Severity,
    SignerInfo,
    StaffInfo,
    StatusCode,
    TraceHeader,
)

AT = dt.datetime(2026, 11, 30, 9, 30, tzinfo=VIETNAM)
LATER = AT + dt.timedelta(hours=2)
SENDER = Party("H99.1", "Sở Thử nghiệm A")
FIRST = Party("H99.2", "Sở Thử nghiệm B")
SECOND = Party(OrganId("H99.3", ("000.00.03.H99",)), "Sở Thử nghiệm C")
THIRD = Party("H99.4", "Sở Thử nghiệm D")
PDF = b"%PDF-1.7\n%%EOF\n"
STAFF = StaffInfo(department="Văn phòng", staff="Trần Thị Bình")
NAMED = (StatusCode.REFUSED, StatusCode.RECALL_REFUSED)
BACK = [code for code in StatusCode if not code.from_document_sender]


def letter(number="17", **changes):
    values = {
        "sender": SENDER,
        "receivers": (FIRST, SECOND),
        "document_id": f"H99.1,2026/11/30,{number}/STNA-VP",
        "code": DocumentCode(number, "STNA-VP"),
        "place": "Thí Điểm",
        "date": dt.date(2026, 11, 30),
        "type": "Công văn",
        "subject": "V/v thử nghiệm lấy lại văn bản",
        "signer": SignerInfo(full_name="Nguyễn Văn An"),
        "traces": (TraceHeader(organ_id="H99.1", timestamp=AT),),
        "attachments": (
            Attachment(
                name="cv.pdf",
                blob=PDF,
                content_id="1",
                content_type="application/pdf",
                attachment_type="application/pdf",
            ),
        ),
    }
    return Envelope(**{**values, **changes})


def errors(message):
    return [one for one in check(message) if one.severity is Severity.ERROR]


def again(message):
    """Give the message after a trip over the wire."""
    codec = EdXmlCodec()
    return codec.decode(codec.encode(message)).message


def refused(code, call, *args, **more):
    with pytest.raises((InputError, RuleError)) as caught:
        call(*args, **more)
    assert caught.value.code == code
    return caught.value


# --- statuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", BACK, ids=lambda one: one.value)
def test_a_recipient_reports_to_the_sender(code):
    said = "Thiếu phụ lục" if code in NAMED else None
    status = answer(letter(), code, sender=FIRST, at=LATER, description=said, staff=STAFF)
    assert (status.sender, status.code, status.timestamp, status.staff) == (FIRST, code, LATER, STAFF)
    assert status.description == (said or code.vietnamese)
    assert status.response_for == ResponseFor(
        organ_id="H99.1",
        code="17/STNA-VP",
        date=dt.date(2026, 11, 30),
        document_id="H99.1,2026/11/30,17/STNA-VP",
    )
    assert not errors(status)
    assert again(status) == status


def test_the_sender_asks_one_recipient_to_give_it_back():
    status = recall(letter(), "H99.2", reason="Gửi nhầm nơi nhận", at=LATER, staff=STAFF)
    assert (status.sender, status.code) == (SENDER, StatusCode.RECALL)
    assert status.response_for.organ_id == OrganId("H99.2")
    assert status.response_for.document_id == DocumentId("H99.1,2026/11/30,17/STNA-VP")
    assert status.description == "Gửi nhầm nơi nhận"
    assert not errors(status)
    assert again(status) == status


def test_a_recall_is_no_answer():
    error = refused("VND-EXC-060", answer, letter(), StatusCode.RECALL, sender=SENDER, at=LATER)
    assert error.facts == {"status": "13"}


def test_only_recipients_report_and_are_asked():
    error = refused("VND-EXC-061", answer, letter(), StatusCode.ARRIVED, sender=THIRD, at=LATER)
    assert error.facts == {"organ": "H99.4", "recipients": ["H99.2", "H99.3"]}
    refused("VND-EXC-061", answer, letter(), StatusCode.ARRIVED, sender=SENDER, at=LATER)
    refused("VND-EXC-061", recall, letter(), THIRD, reason="Gửi nhầm", at=LATER)
    refused("VND-EXC-061", recall, letter(), "H99.1", reason="Gửi nhầm", at=LATER)
    status = answer(letter(), StatusCode.ARRIVED, sender=THIRD, at=LATER, unlisted=True)
    assert status.sender == THIRD


def test_a_recipient_may_go_by_its_other_code():
    old = Party("000.00.03.H99", "Sở Thử nghiệm C")
    assert answer(letter(), StatusCode.RECEIVED, sender=old, at=LATER).sender == old
    assert recall(letter(), old, reason="Gửi nhầm", at=LATER).response_for.organ_id == SECOND.organ_id
    both = OrganId("000.00.02.H99", ("H99.2",))
    assert recall(letter(), both, reason="Gửi nhầm", at=LATER).response_for.organ_id == FIRST.organ_id


@pytest.mark.parametrize("code", NAMED, ids=lambda one: one.value)
@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_a_refusal_needs_a_reason(code, reason):
    error = refused("VND-EXC-062", answer, letter(), code, sender=FIRST, at=LATER, description=reason)
    assert error.facts == {"what": code.value}


def test_every_change_needs_a_reason_and_a_time_with_zone():
    new = letter("18")
    naive = dt.datetime(2026, 11, 30, 9, 30)  # noqa: DTZ001 - this is what is refused
    calls = (
        lambda **more: recall(letter(), FIRST, **more),
        lambda **more: revoke(letter(), **more),
        lambda **more: update(letter(), removed=[FIRST], **more),
        lambda **more: replace(letter(), by=new, **more),
    )
    for call in calls:
        refused("VND-EXC-062", call, reason=" ", at=LATER)
        refused("VND-MODEL-003", call, reason="Sai", at=naive)
    refused("VND-MODEL-003", answer, letter(), StatusCode.DONE, sender=FIRST, at=naive)


# --- revoke ---------------------------------------------------------------------------------------


def test_a_revocation_goes_under_the_header_of_its_document():
    message = revoke(letter(), reason="Ban hành nhầm", at=LATER, staff=STAFF, paper=0)
    assert message == letter(
        attachments=(),
        responses_for=(
            ResponseFor(
                organ_id="H99.1",
                code="17/STNA-VP",
                date=dt.date(2026, 11, 30),
                document_id="H99.1,2026/11/30,17/STNA-VP",
            ),
        ),
        traces=(TraceHeader(organ_id="H99.1", timestamp=LATER),),
        business=Business(
            kind=Kind.REVOKE,
            reason="Ban hành nhầm",
            document_id="H99.1,2026/11/30,17/STNA-VP",
            staff=STAFF,
            paper=0,
        ),
    )
    assert not errors(message)
    assert again(message) == message


def test_a_revocation_for_some():
    message = revoke(letter(), reason="Gửi nhầm", at=LATER, receivers=["000.00.03.H99"], document_id="x-1")
    assert message.receivers == (SECOND,)
    assert (message.document_id, message.business.document_id) == (
        DocumentId("x-1"),
        letter().document_id,
    )
    refused("VND-EXC-061", revoke, letter(), reason="Gửi nhầm", at=LATER, receivers=[THIRD])


def test_a_letter_of_its_own_revokes():
    notice = letter("21", subject="V/v thu hồi văn bản")
    message = revoke(letter(), reason="Ban hành nhầm", at=LATER, notice=notice)
    assert (message.document_id, message.code) == (notice.document_id, notice.code)
    assert message.attachments == notice.attachments
    assert message.business.document_id == letter().document_id
    assert message.responses_for[-1].code == "17/STNA-VP"
    assert not errors(message)
    assert again(message) == message
    error = refused("VND-EXC-065", revoke, letter(), reason="Sai", at=LATER, notice=letter(subject="Khác"))
    assert error.facts["what"] == "document_id"


def test_what_was_revoked_is_not_changed_again():
    gone = revoke(letter(), reason="Sai", at=LATER)
    refused("VND-EXC-066", revoke, gone, reason="Sai", at=LATER)
    refused("VND-EXC-066", update, gone, removed=[FIRST], reason="Sai", at=LATER)
    refused("VND-EXC-066", replace, gone, by=letter("18"), reason="Sai", at=LATER)


def test_a_document_without_identifier_cannot_be_named():
    nameless = letter(document_id=None)
    refused("VND-EXC-011", revoke, nameless, reason="Sai", at=LATER)
    refused("VND-EXC-011", update, nameless, removed=[FIRST], reason="Sai", at=LATER)
    refused("VND-EXC-011", replace, nameless, by=letter("18"), reason="Sai", at=LATER)
    refused("VND-EXC-011", replace, letter(), by=nameless, reason="Sai", at=LATER)


# --- update ---------------------------------------------------------------------------------------


def test_an_update_of_data_and_recipients():
    before = letter()
    new = attrs.evolve(before, due_date=dt.date(2026, 12, 20))
    message = update(before, new, added=[THIRD], removed=["H99.2"], reason="Thêm hạn trả lời", at=LATER)
    # Those who are taken out learn of it too.
    assert message.receivers == (FIRST, SECOND, THIRD)
    assert message.due_date == dt.date(2026, 12, 20)
    assert (message.document_id, message.code) == (before.document_id, before.code)
    assert message.traces == (TraceHeader(organ_id="H99.1", timestamp=LATER),)
    assert message.business == Business(
        kind=Kind.UPDATE,
        reason="Thêm hạn trả lời",
        document_id=before.document_id,
        changes_content=True,
        changes_receivers=True,
        receivers=(
            Receiver("H99.2", ReceiverChange.REMOVED),
            Receiver("H99.4", ReceiverChange.ADDED),
        ),
    )
    assert not errors(message)
    assert again(message) == message


def test_an_update_of_recipients_only():
    message = update(letter(), added=["H99.4", "H99.2"], reason="Thêm nơi nhận", at=LATER)
    assert (message.business.changes_content, message.business.changes_receivers) == (False, True)
    assert message.business.receivers == (Receiver("H99.4", ReceiverChange.ADDED),)
    assert message.attachments == letter().attachments
    assert not errors(message)


def test_an_update_is_of_the_same_document():
    before = letter()
    for field, value in (
        ("code", DocumentCode("18", "STNA-VP")),
        ("document_id", "x"),
        ("sender", THIRD),
        ("date", dt.date(2026, 12, 1)),
        ("type", "Thông báo"),
    ):
        new = attrs.evolve(before, **{field: value})
        error = refused("VND-EXC-063", update, before, new, reason="Sai", at=LATER)
        assert error.facts == {"changed": [field]}


def test_the_signed_text_is_not_exchanged_under_its_number():
    before = letter()
    other = Attachment(
        name="cv.pdf",
        blob=PDF + b"2",
        content_id="1",
        content_type="application/pdf",
        attachment_type="application/pdf",
    )
    annex = Attachment(
        name="pl.pdf",
        blob=PDF + b"3",
        content_id="2",
        content_type="application/pdf",
        attachment_type="application/pdf",
    )
    new = attrs.evolve(before, attachments=(other,))
    error = refused("VND-EXC-064", update, before, new, reason="Sai", at=LATER)
    assert error.facts == {"names": ["cv.pdf"]}
    assert update(before, new, reason="Đính kèm nhầm", at=LATER, replaces_files=True).attachments == (other,)
    more = attrs.evolve(before, attachments=(*before.attachments, annex))
    assert update(before, more, reason="Thêm phụ lục", at=LATER).attachments == more.attachments


def test_an_update_changes_something():
    refused("VND-EXC-068", update, letter(), letter(), reason="Sai", at=LATER)
    refused("VND-EXC-068", update, letter(), added=[FIRST], reason="Sai", at=LATER)
    refused("VND-EXC-061", update, letter(), removed=[THIRD], reason="Sai", at=LATER)


def test_a_second_update_has_an_identifier_of_its_own():
    first = update(letter(), added=[THIRD], reason="Thêm nơi nhận", at=LATER)
    error = refused("VND-EXC-067", update, first, removed=[THIRD], reason="Thêm nhầm", at=LATER)
    assert error.facts == {"document_id": letter().document_id.value}
    second = update(first, removed=[THIRD], reason="Thêm nhầm", at=LATER, document_id="x-2")
    assert second.document_id == DocumentId("x-2")
    assert second.business.document_id == letter().document_id
    third = update(second, added=["H99.5"], reason="Thêm nơi nhận", at=LATER, document_id="x-3")
    assert third.business.document_id == letter().document_id
    assert not errors(second) + errors(third)
    gone = revoke(third, reason="Sai", at=LATER)
    asked = recall(third, THIRD, reason="Sai", at=LATER)
    for named in (gone.document_id, gone.business.document_id, gone.responses_for[0].document_id):
        assert named == letter().document_id
    assert asked.response_for.document_id == letter().document_id
    # An answer names what was received, as it came.
    assert answer(third, StatusCode.DONE, sender=FIRST, at=LATER).response_for.document_id == DocumentId(
        "x-3"
    )


# --- replace --------------------------------------------------------------------------------------


def test_a_replacement_is_a_new_document():
    new = letter("18", receivers=(FIRST, SECOND, THIRD))
    message = replace(letter(), by=new, reason="Sai số liệu", at=LATER, staff=STAFF)
    assert message == attrs.evolve(
        new,
        traces=(TraceHeader(organ_id="H99.1", timestamp=LATER),),
        business=Business(
            kind=Kind.REPLACE,
            reason="Sai số liệu",
            replaced=(Replaced(letter().document_id, ("H99.2", "H99.3")),),
            staff=STAFF,
        ),
    )
    assert not errors(message)
    assert again(message) == message


def test_several_documents_are_replaced_for_some():
    second = letter("16", receivers=(SECOND, THIRD))
    new = letter("18", receivers=(FIRST, SECOND))
    message = replace(letter(), second, by=new, reason="Gộp", at=LATER, for_whom=["000.00.03.H99"])
    assert message.business.replaced == (
        Replaced(letter().document_id, ("H99.3",)),
        Replaced(second.document_id, ("H99.3",)),
    )
    refused("VND-EXC-061", replace, letter(), by=new, reason="Gộp", at=LATER, for_whom=[THIRD])
    error = refused(
        "VND-EXC-061", replace, second, by=letter("18", receivers=(FIRST,)), reason="Gộp", at=LATER
    )
    assert error.facts == {"organ": "H99.2", "recipients": ["H99.3", "H99.4"]}
    refused("VND-EXC-061", replace, letter(), second, by=new, reason="Gộp", at=LATER, for_whom=[FIRST])
    refused("VND-EXC-061", replace, letter(), by=letter("18", receivers=()), reason="Gộp", at=LATER)
    refused("VND-EXC-068", replace, by=new, reason="Gộp", at=LATER)


def test_the_same_number_is_never_signed_again():
    same_number = letter(document_id="x", subject="Bản sửa")
    error = refused("VND-EXC-065", replace, letter(), by=same_number, reason="Sai", at=LATER)
    assert error.facts == {"what": "code", "seen": "17/STNA-VP"}
    same_id = letter("18", document_id=letter().document_id)
    error = refused("VND-EXC-065", replace, letter(), by=same_id, reason="Sai", at=LATER)
    assert error.facts["what"] == "document_id"
    # Numbers begin again each year.
    next_year = letter(document_id="y", date=dt.date(2027, 1, 5))
    assert replace(letter(), by=next_year, reason="Sai", at=LATER).code == letter().code


# --- all of them ----------------------------------------------------------------------------------


@given(st.sampled_from(BACK), st.text(max_size=40), st.sampled_from([FIRST, SECOND]))
def test_an_answer_breaks_no_rule(code, said, sender):
    if code in NAMED and not said.strip():
        refused("VND-EXC-062", answer, letter(), code, sender=sender, at=LATER, description=said)
    else:
        assert not errors(answer(letter(), code, sender=sender, at=LATER, description=said))


def test_the_names_are_the_same_everywhere():
    from vnedoc import exchange, workflow

    for name in ("Thread", "answer", "recall", "replace", "revoke", "update"):
        assert getattr(workflow, name) is getattr(exchange, name)
    assert vnedoc.answer is answer


def test_making_messages_needs_no_store():
    code = (
        "import sys; from vnedoc.workflow import Thread, answer, recall, replace, revoke, update; "
        "assert 'sqlalchemy' not in sys.modules and 'lxml' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
