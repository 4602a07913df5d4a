"""Documents by their label, and what status messages say about them.

Statuses come early, late, twice and in any order. Each is kept as evidence with its exact bytes; what an
entry shows is worked out anew from all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from vnedoc.errors import ExchangeError
from vnedoc.exchange._states import HANDLING, HandlingState, HandlingStep, furthest, recall_answer
from vnedoc.exchange._storage import _database as db
from vnedoc.exchange._storage._store import Ledger, Scope, Store
from vnedoc.exchange._values import Label, StatusNote, status_code
from vnedoc.model import Evidence, MessageKind, OrganId, Received, StatusCode, StatusMessage, Wire

_out = db.outbox.c
_in = db.inbox.c
_notes = db.evidence.c
_documents = db.document.c
_tasks = db.handling.c
_HANDLER = "default"


def no_entry(what: str) -> ExchangeError:
    """Give the error for a row that is not there."""
    return ExchangeError(
        "VND-EXC-016",
        "there is no such entry here",
        path=what,
        hint="list the entries first",
        facts={"entry": what},
    )


# --- documents ------------------------------------------------------------------------------------


def find_document(connection: db.Connection, store: Store, scope: Scope, direction: str, label: Label) -> Any:
    """Give the document row under *label*, or ``None``."""
    return connection.execute(
        db.document.select().where(
            (_documents.tenant == store.tenant)
            & (_documents.organ == scope.organ)
            & (_documents.direction == direction)
            & (_documents.sender == label.sender.value)
            & (_documents.document_id == label.document_id)
            & (_documents.kind == label.kind.value)
            & (_documents.variant == label.variant)
            & (_documents.addressee == label.addressee)
        )
    ).first()


def insert_document(
    ledger: Ledger, scope: Scope, direction: str, label: Label, wire: Wire, now: dt.datetime
) -> int:
    """Add a document row with its body; give its number."""
    ledger.keep(wire.blob)
    return ledger.insert(
        db.document,
        tenant=ledger.tenant,
        organ=scope.organ,
        direction=direction,
        sender=label.sender.value,
        document_id=label.document_id,
        kind=label.kind.value,
        variant=label.variant,
        addressee=label.addressee,
        code=label.code,
        digest=wire.digest,
        content_type=wire.content_type,
        created_at=now,
    )


# --- statuses -------------------------------------------------------------------------------------


def take_effect(
    ledger: Ledger,
    scope: Scope,
    entry: int,
    label: Label,
    received: Received,
    now: dt.datetime,
    *,
    waits: bool = False,
) -> None:
    """Let an accepted message count, and offer it to the application unless it *waits* for a person."""
    message = received.message
    matched = True
    if isinstance(message, StatusMessage):
        document = ledger.connection.execute(db.select(_in.document).where(_in.id == entry)).scalar_one()
        matched = take_status(
            ledger, scope, document, label, message, received.evidence, received.wire.digest, now
        )
        if not matched:
            ledger.connection.execute(
                db.inbox.update().where(_in.id == entry).values(evidence=Evidence.UNMATCHED.value)
            )
    else:
        attach_recalls(ledger, scope, entry, label, now)
    if matched and not waits:
        offer_again(ledger, scope, entry, now)


def take_status(
    ledger: Ledger,
    scope: Scope,
    document: int,
    label: Label,
    message: StatusMessage,
    grade: Evidence,
    digest: str,
    now: dt.datetime,
) -> bool:
    """Keep a status as evidence and let it count where it matches; say whether it does."""
    organ = message.sender.organ_id
    names = (organ.value, *organ.aliases)
    recall = message.code.from_document_sender
    outgoing = None if recall else _reported(ledger, scope, label, names)
    incoming = _asked_back(ledger, scope, label, names) if recall else None
    ledger.insert(
        db.evidence,
        tenant=ledger.tenant,
        organ=scope.organ,
        type="status",
        outbox=outgoing,
        inbox=incoming,
        document=document,
        code=message.code.value,
        grade=grade.value,
        issuer=organ.value,
        said_at=message.timestamp,
        at=now,
        description=message.description,
        digest=digest,
    )
    if outgoing is not None:
        _work_out(ledger, outgoing, now, f"status-{message.code.value}")
    if incoming is not None:
        _note_recall(ledger, incoming, now)
    return outgoing is not None or incoming is not None


def forget_status(ledger: Ledger, document: int, now: dt.datetime) -> None:
    """Take back what a status said: a proven one takes its place. Its bytes stay in quarantine."""
    said = ledger.connection.execute(db.evidence.select().where(_notes.document == document)).all()
    ledger.connection.execute(db.evidence.delete().where(_notes.document == document))
    for row in {one.outbox for one in said} - {None}:
        _work_out(ledger, row, now, "forget")


def attach_recalls(ledger: Ledger, scope: Scope, entry: int, label: Label, now: dt.datetime) -> None:
    """Let requests count that came before the document that they ask back."""
    early = (
        db.select(_notes.id, _notes.document, _notes.grade)
        .select_from(db.evidence.join(db.document, _documents.id == _notes.document))
        .where(
            (_notes.tenant == ledger.tenant)
            & (_notes.organ == scope.organ)
            & (_notes.code == StatusCode.RECALL.value)
            & _notes.inbox.is_(None)
            & (_notes.issuer == label.sender.value)
            & (_documents.document_id == label.document_id)
        )
        .order_by(_notes.id)
    )
    for note in ledger.connection.execute(early).all():
        ledger.connection.execute(db.evidence.update().where(_notes.id == note.id).values(inbox=entry))
        ledger.connection.execute(
            db.inbox.update().where(_in.document == note.document).values(evidence=note.grade)
        )
        request = ledger.connection.execute(db.inbox.select().where(_in.document == note.document)).one()
        offer(ledger, scope, request.id, request.route, now)
        _note_recall(ledger, entry, now)


def offer(ledger: Ledger, scope: Scope, entry: int, route: str, now: dt.datetime) -> None:
    """Put an accepted message in line for the application of the route that it came over."""
    ledger.insert(
        db.handling,
        tenant=ledger.tenant,
        organ=scope.organ,
        route=route,
        handler=_HANDLER,
        inbox=entry,
        state=HANDLING.first.value,
        next_at=now,
    )


def offer_again(ledger: Ledger, scope: Scope, entry: int, now: dt.datetime) -> None:
    """Put an entry in line for the application as if it had never been offered."""
    task = ledger.connection.execute(db.handling.select().where(_tasks.inbox == entry)).first()
    if task is None:
        offer(ledger, scope, entry, scope.route, now)
        return
    state = HANDLING.advance(HandlingState(task.state), HandlingStep.RENEW)
    ledger.connection.execute(
        db.handling.update()
        .where(_tasks.id == task.id)
        .values(
            state=state.value,
            route=scope.route,
            next_at=now,
            token=_tasks.token + 1,  # fences a handler that is still busy with the first one
            claims=0,
            attempts=0,
            first_try_at=None,
            lease_until=None,
            error_code=None,
            error=None,
        )
    )
    ledger.note(now, f"handling:{task.id}", task.state, state.value, HandlingStep.RENEW.value)


def notes_on(connection: db.Connection, column: Any, ids: Any) -> dict[int, list[StatusNote]]:
    """Give the status messages about each of *ids* (a list or a query), in the order they came."""
    found: dict[int, list[StatusNote]] = {}
    for row in connection.execute(db.evidence.select().where(column.in_(ids)).order_by(_notes.id)):
        note = StatusNote(
            code=status_code(row.code),
            evidence=Evidence(row.grade),
            issuer=OrganId(row.issuer),
            said_at=row.said_at,
            received_at=row.at,
            description=row.description,
            digest=row.digest,
        )
        found.setdefault(getattr(row, column.name), []).append(note)
    return found


def _reported(ledger: Ledger, scope: Scope, label: Label, recipients: Sequence[str]) -> int | None:
    """Give the outgoing row that a status is about: by identifier, else by a code that only one row has."""
    query = (
        db.select(_out.id)
        .select_from(db.outbox.join(db.document, _documents.id == _out.document))
        .where(
            (_out.tenant == ledger.tenant)
            & (_out.organ == scope.organ)
            & _out.recipient.in_(recipients)
            & (_documents.kind == MessageKind.DOCUMENT.value)
        )
        .order_by(_out.id)
    )
    by_id = query.where(_documents.document_id == label.document_id)
    found = ledger.connection.execute(by_id).scalars().all()
    if found:
        # An update or a revocation may go under the identifier of its document: the report is on the last.
        return int(found[-1])
    if label.code is None:
        return None
    found = ledger.connection.execute(query.where(_documents.code == label.code)).scalars().all()
    return int(found[0]) if len(found) == 1 else None


def _asked_back(ledger: Ledger, scope: Scope, label: Label, senders: Sequence[str]) -> int | None:
    """Give the entry of the document that its sender asks back."""
    query = (
        db.select(_in.id)
        .select_from(db.inbox.join(db.document, _documents.id == _in.document))
        .where(
            (_in.tenant == ledger.tenant)
            & (_in.organ == scope.organ)
            & _documents.sender.in_(senders)
            & (_documents.kind == MessageKind.DOCUMENT.value)
            & (_documents.document_id == label.document_id)
        )
        .order_by(_in.id.desc())
    )
    found: int | None = ledger.connection.execute(query).scalars().first()
    return found


def _work_out(ledger: Ledger, row: int, now: dt.datetime, reason: str) -> None:
    """Work out the business state of an outgoing row from everything that was said about it."""
    notes = notes_on(ledger.connection, _notes.outbox, [row]).get(row, [])
    grades = [(one.code, one.evidence) for one in notes]
    progress, answer = furthest(grades), recall_answer(grades)
    before = ledger.connection.execute(db.select(_out.business_state).where(_out.id == row)).scalar()
    ledger.connection.execute(
        db.outbox.update()
        .where(_out.id == row)
        .values(
            business_state=progress[0].value if progress else None,
            business_evidence=progress[1].value if progress else None,
            recall=answer[0].value if answer else None,
            recall_evidence=answer[1].value if answer else None,
        )
    )
    after = progress[0].value if progress else "-"
    ledger.note(now, f"outbox:{row}", before, after, reason)


def _note_recall(ledger: Ledger, entry: int, now: dt.datetime) -> None:
    state = ledger.connection.execute(db.select(_in.state).where(_in.id == entry)).scalar_one()
    ledger.note(now, f"inbox:{entry}", state, state, f"status-{StatusCode.RECALL.value}")
