"""The incoming half of the store: bytes arrive, are accepted once or kept apart, and are handed on."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import attrs

from vnedoc.errors import ExchangeError
from vnedoc.exchange._process import crashpoint, is_gone
from vnedoc.exchange._states import (
    ARRIVAL,
    HANDLING,
    INBOX,
    POISON_CLAIMS,
    ArrivalState,
    ArrivalStep,
    HandlingState,
    HandlingStep,
    InboxState,
    InboxStep,
    Refusal,
)
from vnedoc.exchange._storage import _database as db
from vnedoc.exchange._storage._conflicts import (
    Place,
    described,
    displace,
    is_weaker,
    mark_conflict,
)
from vnedoc.exchange._storage._statuses import (
    find_document,
    insert_document,
    no_entry,
    notes_on,
    take_effect,
)
from vnedoc.exchange._storage._store import Ledger, Scope, Store, is_over
from vnedoc.exchange._values import InboxEntry, Label, QuarantineEntry, code_of, kind_of, status_of
from vnedoc.model import (
    Blob,
    Conclusion,
    DocumentId,
    Envelope,
    Evidence,
    Finding,
    Kind,
    MessageKind,
    OrganId,
    Received,
    Settlement,
    Severity,
    Wire,
)

_IN = "in"
_rows = db.inbox.c
_came = db.arrival.c
_tasks = db.handling.c


class Verdict(enum.Enum):
    """What became of bytes that came in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    BUSY = "busy"
    """Another worker has them in hand."""
    FRESH = "fresh"
    """They are ours to judge."""


@attrs.frozen(kw_only=True)
class Arrival:
    """Bytes that came, in the hands of this worker when the verdict is FRESH."""

    id: int
    token: int
    verdict: Verdict
    wire: Wire
    poisoned: bool = False
    settlement: Settlement | None = None
    entry: int | None = None
    displaced: tuple[int, ...] = ()
    """Arrivals that lost their place to this one."""


@attrs.frozen(kw_only=True)
class Task:
    """An accepted message in the hands of this worker, to be handed to the application."""

    id: int
    token: int
    digest: str
    content_type: str
    attempts: int
    first_try_at: dt.datetime
    poisoned: bool


class Inbox:
    """The incoming rows of one organisation on one route."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        self._mine = (_rows.tenant == store.tenant) & (_rows.organ == scope.organ)
        # Another route may have another acceptance rule, so its arrivals and tasks are not touched.
        self._arrived = (
            (_came.tenant == store.tenant) & (_came.organ == scope.organ) & (_came.route == scope.route)
        )

    # --- arrivals ---------------------------------------------------------------------------------

    def arrive(self, handle: str, blob: Blob, now: dt.datetime) -> Arrival:
        """Write down that bytes are here for good, and take them when nobody has judged them yet."""
        which = self._arrived & (_came.handle == handle) & (_came.digest == blob.digest)
        with self._store.write(self._scope) as ledger:
            ledger.keep(blob)
            row = ledger.connection.execute(db.arrival.select().where(which)).first()
            if row is None:
                ledger.insert(
                    db.arrival,
                    tenant=self._store.tenant,
                    organ=self._scope.organ,
                    route=self._scope.route,
                    handle=handle,
                    digest=blob.digest,
                    state=ARRIVAL.first.value,
                    next_at=now,
                    created_at=now,
                )
                row = ledger.connection.execute(db.arrival.select().where(which)).one()
                ledger.note(now, f"arrival:{row.id}", None, ARRIVAL.first.value, "fetch")
            ledger.connection.execute(
                db.arrival.update().where(_came.id == row.id).values(copies=_came.copies + 1)
            )
            arrival = self._decided(ledger, row, blob, now) or self._take(ledger, row, blob, now)
            crashpoint("A1")
        return arrival

    def _decided(self, ledger: Ledger, row: Any, blob: Blob, now: dt.datetime) -> Arrival | None:
        """Give the verdict that was reached before; the other side did not hear it, or asks again."""
        state = ArrivalState(row.state)
        if state not in (ArrivalState.ACCEPTED, ArrivalState.QUARANTINED):
            return None
        entry = None
        if state is ArrivalState.ACCEPTED:
            entry = ledger.connection.execute(
                db.select(_rows.id).where(_rows.document == row.document)
            ).scalar_one()
            self._count_copy(ledger, entry, now)
        return Arrival(
            id=row.id,
            token=row.token,
            verdict=Verdict.DUPLICATE if entry is not None else Verdict.QUARANTINED,
            wire=Wire(blob),
            settlement=Settlement(row.settlement),
            entry=entry,
        )

    def _take(self, ledger: Ledger, row: Any, blob: Blob, now: dt.datetime) -> Arrival:
        busy = (
            row.state == ArrivalState.VERIFYING.value
            and not is_over(row.lease_until, now, self._scope)
            and not is_gone(row.worker)
        )
        if busy:
            return Arrival(id=row.id, token=row.token, verdict=Verdict.BUSY, wire=Wire(blob))
        target = ARRIVAL.advance(ArrivalState(row.state), ArrivalStep.CLAIM)
        ledger.connection.execute(
            db.arrival.update()
            .where(_came.id == row.id)
            .values(
                state=target.value,
                token=row.token + 1,
                claims=row.claims + 1,
                worker=self._scope.worker,
                lease_until=now + self._scope.lease,
            )
        )
        return Arrival(
            id=row.id,
            token=row.token + 1,
            verdict=Verdict.FRESH,
            wire=Wire(blob),
            poisoned=row.claims - row.attempts >= POISON_CLAIMS,
        )

    def reopen(self, entry: int, now: dt.datetime) -> Arrival:
        """Take quarantined bytes again, because a person asks for it."""
        found = self.quarantined([entry])
        if not found:
            raise no_entry(f"quarantine:{entry}")
        blob = self._store.get(found[0].digest)
        with self._store.write(self._scope) as ledger:
            row = ledger.connection.execute(db.arrival.select().where(_came.id == entry)).one()
            return self._take(ledger, row, blob, now)

    def _finish(self, ledger: Ledger, arrival: Arrival, step: ArrivalStep, values: dict[str, Any]) -> None:
        target = ARRIVAL.advance(ArrivalState.VERIFYING, step)
        done = ledger.connection.execute(
            db.arrival.update()
            .where(
                (_came.id == arrival.id)
                & (_came.token == arrival.token)
                & (_came.state == ArrivalState.VERIFYING.value)
            )
            .values(state=target.value, lease_until=None, attempts=_came.claims, **values)
        )
        if done.rowcount == 0:
            raise _Fenced

    def release(self, arrival: Arrival) -> None:
        """Give bytes back unjudged; not their fault."""
        with suppress(_Fenced), self._store.write(self._scope) as ledger:
            self._finish(ledger, arrival, ArrivalStep.RELEASE, {})

    def note_refused(self, code: str, now: dt.datetime) -> None:
        """Write down that a message was refused before it was stored."""
        with self._store.write(self._scope) as ledger:
            ledger.note(now, "arrival:-", None, Settlement.REFUSED.value, code)

    def quarantine(self, arrival: Arrival, refusal: Refusal, now: dt.datetime) -> Arrival:
        """Keep bytes apart, with the reason."""
        try:
            with self._store.write(self._scope) as ledger:
                self._set_apart(ledger, arrival, refusal, now)
                crashpoint("A2")
        except _Fenced:
            return attrs.evolve(arrival, verdict=Verdict.BUSY)
        return attrs.evolve(arrival, verdict=Verdict.QUARANTINED, settlement=refusal.settlement)

    def _set_apart(self, ledger: Ledger, arrival: Arrival, refusal: Refusal, now: dt.datetime) -> None:
        values = {
            "settlement": refusal.settlement.value,
            "error_code": refusal.code,
            "error": refusal.message[:2000],
            "conclusion": refusal.conclusion.value,
            "findings": [described(one) for one in refusal.findings],
        }
        self._finish(ledger, arrival, ArrivalStep.QUARANTINE, values)
        ledger.note(
            now,
            f"arrival:{arrival.id}",
            ArrivalState.VERIFYING.value,
            ArrivalState.QUARANTINED.value,
            refusal.code,
        )

    # --- the one important transaction ------------------------------------------------------------

    def accept(
        self, arrival: Arrival, label: Label, received: Received, conflict: Refusal, now: dt.datetime
    ) -> Arrival:
        """Take a message in, once: its key, its bytes, its evidence and its hand-over in one transaction.

        The same bytes under the same label are a duplicate. Other bytes are a conflict: the first message
        stays and is marked, the second goes to quarantine with the refusal *conflict*; but what is proven
        takes the place of what is only claimed.
        """
        try:
            with self._store.write(self._scope) as ledger:
                known = find_document(ledger.connection, self._store, self._scope, _IN, label)
                other = known is not None and known.digest != arrival.wire.digest
                place: Place | None = None
                if other and is_weaker(ledger, known, received.evidence):
                    place = displace(ledger, self._scope, known, arrival.wire, now)
                elif other:
                    mark_conflict(ledger, known.id, now)
                    self._set_apart(ledger, arrival, conflict, now)
                    return attrs.evolve(arrival, verdict=Verdict.CONFLICT, settlement=conflict.settlement)
                document = (
                    insert_document(ledger, self._scope, _IN, label, arrival.wire, now)
                    if known is None
                    else known.id
                )
                self._finish(
                    ledger,
                    arrival,
                    ArrivalStep.ACCEPT,
                    {
                        "document": document,
                        "settlement": Settlement.ACCEPTED.value,
                        "error_code": None,
                        "error": None,
                    },
                )
                ledger.note(
                    now,
                    f"arrival:{arrival.id}",
                    ArrivalState.VERIFYING.value,
                    ArrivalState.ACCEPTED.value,
                    "accept" if known is None else "prove" if place else "duplicate",
                )
                if place is not None:
                    entry = place.entry
                    take_effect(ledger, self._scope, entry, label, received, now)
                elif known is None:
                    entry = self._insert(ledger, document, label, received, now)
                else:
                    entry = ledger.connection.execute(
                        db.select(_rows.id).where(_rows.document == document)
                    ).scalar_one()
                    self._count_copy(ledger, entry, now)
                crashpoint("A2")
        except _Fenced:
            return attrs.evolve(arrival, verdict=Verdict.BUSY)
        return attrs.evolve(
            arrival,
            verdict=Verdict.ACCEPTED if known is None or place else Verdict.DUPLICATE,
            settlement=Settlement.ACCEPTED,
            entry=entry,
            displaced=() if place is None else place.lost,
        )

    def _insert(
        self, ledger: Ledger, document: int, label: Label, received: Received, now: dt.datetime
    ) -> int:
        message, grade = received.message, received.evidence
        unproven = (
            isinstance(message, Envelope) and message.kind is not Kind.NEW and grade is not Evidence.PROVEN
        )
        state = InboxState.WAITING if unproven else INBOX.first
        entry = ledger.insert(
            db.inbox,
            tenant=self._store.tenant,
            organ=self._scope.organ,
            route=self._scope.route,
            document=document,
            state=state.value,
            evidence=grade.value,
            copies=1,
            created_at=now,
        )
        ledger.note(now, f"inbox:{entry}", None, state.value, "accept")
        take_effect(ledger, self._scope, entry, label, received, now, waits=unproven)
        return entry

    def _count_copy(self, ledger: Ledger, entry: int, now: dt.datetime) -> None:
        ledger.connection.execute(db.inbox.update().where(_rows.id == entry).values(copies=_rows.copies + 1))
        state = ledger.connection.execute(db.select(_rows.state).where(_rows.id == entry)).scalar_one()
        ledger.note(now, f"inbox:{entry}", state, state, "duplicate")

    # --- hand-over to the application -------------------------------------------------------------

    def claim_tasks(self, limit: int, now: dt.datetime, *, entry: int | None = None) -> list[Task]:
        """Take up to *limit* messages that wait for the application, or the one of *entry*."""
        mine = (
            (_tasks.tenant == self._store.tenant)
            & (_tasks.organ == self._scope.organ)
            & (_tasks.route == self._scope.route)
        )
        again = (_tasks.state == HandlingState.RETRY.value) & is_over(_tasks.next_at, now, self._scope)
        due = mine & ((_tasks.state == HandlingState.PENDING.value) | again)
        if entry is not None:
            due &= _tasks.inbox == entry
        running = mine & (_tasks.state == _RUNNING.value)
        with self._store.write(self._scope) as ledger:
            workers = ledger.connection.execute(db.select(_tasks.worker).where(running).distinct()).scalars()
            gone = [one for one in workers if is_gone(one)]
            lost = running & (is_over(_tasks.lease_until, now, self._scope) | _tasks.worker.in_(gone))
            # One that ended its worker comes alone, as in the outbox.
            return (entry is None and self._take_tasks(ledger, lost, 1, now)) or self._take_tasks(
                ledger, due, limit, now
            )

    def _take_tasks(self, ledger: Ledger, which: Any, limit: int, now: dt.datetime) -> list[Task]:
        chosen = db.select(_tasks.id).where(which).order_by(_tasks.next_at, _tasks.id).limit(limit)
        taken = ledger.connection.execute(
            db.handling.update()
            .where(_tasks.id.in_(chosen.with_for_update(skip_locked=True).scalar_subquery()))
            .values(
                state=_RUNNING.value,
                worker=self._scope.worker,
                lease_until=now + self._scope.lease,
                token=_tasks.token + 1,
                claims=_tasks.claims + 1,
                first_try_at=db.first_of(_tasks.first_try_at, now),
            )
            .returning(_tasks.id)
        )
        ids = list(taken.scalars())
        joined = db.handling.join(db.inbox, _rows.id == _tasks.inbox).join(
            db.document, db.document.c.id == _rows.document
        )
        query = (
            db.select(db.handling, db.document.c.digest, db.document.c.content_type)
            .select_from(joined)
            .where(_tasks.id.in_(ids))
            .order_by(_tasks.id)
        )
        return [
            Task(
                id=row.id,
                token=row.token,
                digest=row.digest,
                content_type=row.content_type,
                attempts=row.claims,
                first_try_at=row.first_try_at,
                poisoned=row.claims - row.attempts > POISON_CLAIMS,
            )
            for row in ledger.connection.execute(query)
        ]

    def finish_task(
        self,
        task: Task,
        steps: tuple[HandlingStep, ...],
        now: dt.datetime,
        *,
        wait: dt.timedelta = dt.timedelta(),
        error: Exception | None = None,
    ) -> bool:
        """Write down what the application did; ``False`` when another worker has taken over."""
        target = HANDLING.advance(_RUNNING, *steps)
        code = None if error is None else code_of(error)
        with self._store.write(self._scope) as ledger:
            done = ledger.connection.execute(
                db.handling.update()
                .where(
                    (_tasks.id == task.id) & (_tasks.token == task.token) & (_tasks.state == _RUNNING.value)
                )
                .values(
                    state=target.value,
                    next_at=now + wait,
                    lease_until=None,
                    attempts=_tasks.claims,
                    error_code=code,
                    error=None if error is None else str(error)[:2000],
                )
            )
            if done.rowcount:
                reason = code or steps[-1].value
                ledger.note(now, f"handling:{task.id}", _RUNNING.value, target.value, reason)
        return done.rowcount == 1

    def register(self, document_id: str, sender: str | None, now: dt.datetime) -> InboxEntry:
        """Enter a document in the book of incoming documents."""
        which = (
            self._mine
            & (db.document.c.document_id == document_id)
            & (db.document.c.kind == MessageKind.DOCUMENT.value)
        )
        if sender is not None:
            which &= db.document.c.sender == sender
        with self._store.write(self._scope) as ledger:
            found = self._entries(ledger.connection, which)
            if not found:
                raise no_entry(document_id)
            if len({one.sender for one in found}) > 1:
                raise ExchangeError(
                    "VND-EXC-017",
                    "several organisations sent a document with this identifier",
                    path=document_id,
                    hint="say which sender is meant",
                    facts={
                        "document_id": document_id,
                        "senders": sorted({one.sender.value for one in found}),
                    },
                )
            entry = next((one for one in found if one.document_kind is Kind.NEW), found[-1])
            target = INBOX.advance(entry.state, InboxStep.REGISTER)
            if target is not entry.state:
                ledger.connection.execute(
                    db.inbox.update()
                    .where(_rows.id == entry.id)
                    .values(state=target.value, registered_at=now)
                )
                ledger.note(now, f"inbox:{entry.id}", entry.state.value, target.value, "register")
            return self._entries(ledger.connection, _rows.id == entry.id)[0]

    # --- listing ----------------------------------------------------------------------------------

    def entries(self, ids: Sequence[int] | None = None) -> tuple[InboxEntry, ...]:
        """Give accepted messages, oldest first."""
        which = self._mine if ids is None else self._mine & _rows.id.in_(ids)
        with self._store.read() as connection:
            return self._entries(connection, which)

    def _entries(self, connection: db.Connection, which: Any) -> tuple[InboxEntry, ...]:
        joined = db.inbox.join(db.document, db.document.c.id == _rows.document)
        with_task = joined.outerjoin(db.handling, _tasks.inbox == _rows.id)
        columns = db.document.c
        query = (
            db.select(
                db.inbox,
                columns.document_id,
                columns.kind,
                columns.variant,
                columns.sender,
                columns.code,
                columns.digest,
                _tasks.state.label("handling"),
            )
            .select_from(with_task)
            .where(which)
            .order_by(_rows.id)
        )
        chosen = db.select(_rows.id).select_from(joined).where(which)
        recalls = notes_on(connection, db.evidence.c.inbox, chosen)
        return tuple(
            InboxEntry(
                id=row.id,
                document_id=DocumentId(row.document_id),
                kind=MessageKind(row.kind),
                document_kind=kind_of(row.kind, row.variant),
                status=status_of(row.kind, row.variant),
                sender=OrganId(row.sender),
                code=row.code,
                digest=row.digest,
                state=InboxState(row.state),
                evidence=Evidence(row.evidence),
                handling=None if row.handling is None else HandlingState(row.handling),
                copies=row.copies,
                conflicts=row.conflicts,
                route=row.route,
                received_at=row.created_at,
                registered_at=row.registered_at,
                recalls=tuple(recalls.get(row.id, ())),
            )
            for row in connection.execute(query)
        )

    def quarantined(self, ids: Sequence[int] | None = None) -> tuple[QuarantineEntry, ...]:
        """Give what was not accepted, oldest first."""
        which = self._arrived & (_came.state == ArrivalState.QUARANTINED.value)
        if ids is not None:
            which &= _came.id.in_(ids)
        query = (
            db.select(db.arrival, db.blob.c.size)
            .select_from(db.arrival.join(db.blob, db.blob.c.digest == _came.digest))
            .where(which)
            .order_by(_came.id)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            QuarantineEntry(
                id=row.id,
                handle=row.handle,
                digest=row.digest,
                size=row.size,
                code=row.error_code,
                conclusion=Conclusion(row.conclusion),
                findings=tuple(
                    Finding(one["code"], Severity(one["severity"]), one["location"], one["facts"])
                    for one in row.findings
                ),
                copies=row.copies,
                received_at=row.created_at,
            )
            for row in rows
        )


_RUNNING = HandlingState.RUNNING


class _Fenced(Exception):
    """Another worker has taken over."""
