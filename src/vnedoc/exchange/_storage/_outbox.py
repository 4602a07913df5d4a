"""The outgoing half of the store: enqueue, claim, record, and the statuses that come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from vnedoc.errors import Conflict
from vnedoc.exchange._process import crashpoint, is_gone
from vnedoc.exchange._states import OUTBOX, POISON_CLAIMS, OutboxState, OutboxStep
from vnedoc.exchange._storage import _database as db
from vnedoc.exchange._storage._statuses import find_document, insert_document, no_entry, notes_on
from vnedoc.exchange._storage._store import Ledger, Scope, Store, is_over
from vnedoc.exchange._values import (
    Label,
    OutboxEntry,
    StatusNote,
    code_of,
    kind_of,
    status_code,
    status_of,
)
from vnedoc.model import DocumentId, Evidence, MessageKind, OrganId, SendResult, StatusCode, Wire

_rows = db.outbox.c
_SENDING = OutboxState.SENDING.value
_OUT = "out"


@attrs.frozen(kw_only=True)
class Claim:
    """A row in the hands of this worker, until the lease ends or another one takes it.

    ``attempts`` counts this one.
    """

    id: int
    token: int
    recipient: OrganId
    sender: OrganId
    document_id: str
    kind: MessageKind
    idempotency_key: str
    digest: str
    content_type: str
    attempts: int
    created_at: dt.datetime
    first_try_at: dt.datetime
    lease_until: dt.datetime


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of one claim.

    Attributes:
        steps: To take from SENDING.
        started_at: When the transport was asked.
        wait: Until it is due again.
        result: What the transport said, when it took the parcel.
        error: Why it did not.
    """

    steps: tuple[OutboxStep, ...]
    started_at: dt.datetime
    wait: dt.timedelta = dt.timedelta()
    result: SendResult | None = None
    error: Exception | None = None


class Outbox:
    """The outgoing rows of one organisation on one route."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        self._mine = (
            (_rows.tenant == store.tenant) & (_rows.organ == scope.organ) & (_rows.route == scope.route)
        )

    # --- enqueue ----------------------------------------------------------------------------------

    def add(
        self, label: Label, wire: Wire, recipients: Sequence[str], now: dt.datetime, connection: object
    ) -> tuple[OutboxEntry, ...]:
        """Insert the document and one row for each recipient, or give the rows that are there already.

        Raises:
            Conflict: ``VND-EXC-013`` when the label was used for other bytes.
        """
        opened = (
            self._store.write(self._scope)
            if connection is None
            else self._store.join(connection, self._scope)
        )
        with opened as ledger:
            known = find_document(ledger.connection, self._store, self._scope, _OUT, label)
            if known is not None and known.digest != wire.digest:
                raise Conflict(
                    "VND-EXC-013",
                    "this identifier was enqueued with another content",
                    path=label.document_id,
                    hint="the first one stays; give the document its own identifier",
                    facts={
                        "document_id": label.document_id,
                        "first": known.digest,
                        "second": wire.digest,
                    },
                )
            if known is None:
                document = insert_document(ledger, self._scope, _OUT, label, wire, now)
                for recipient in recipients:
                    self._insert(ledger, label, document, recipient, now)
            else:
                document = known.id
            entries = self._entries(ledger.connection, _rows.document == document)
            crashpoint("O1")
        return tuple(attrs.evolve(one, duplicate=known is not None) for one in entries)

    def _insert(self, ledger: Ledger, label: Label, document: int, recipient: str, now: dt.datetime) -> None:
        row = ledger.insert(
            db.outbox,
            tenant=self._store.tenant,
            organ=self._scope.organ,
            route=self._scope.route,
            document=document,
            recipient=recipient,
            state=OUTBOX.first.value,
            next_at=now,
            idempotency_key=label.key_for(recipient),
            created_at=now,
        )
        ledger.note(now, f"outbox:{row}", None, OUTBOX.first.value, "enqueue")

    # --- claim, send, record ----------------------------------------------------------------------

    def claim(self, limit: int, now: dt.datetime, *, resend: bool) -> list[Claim]:
        """Take up to *limit* rows that are due.

        A row whose worker died comes alone, so that a document that kills its worker takes no other with it.

        Args:
            limit: Largest number of rows.
            now: The present.
            resend: Whether sending again has one effect; if not, such a row becomes UNKNOWN instead.
        """
        with self._store.write(self._scope) as ledger:
            over = self._mine & (_rows.state == _SENDING) & is_over(_rows.lease_until, now, self._scope)
            self._end_dead_leases(ledger, now)
            self._set_aside(ledger, over & (_rows.claims - _rows.attempts >= POISON_CLAIMS), now, _POISON)
            if not resend:
                self._set_aside(ledger, over, now, _LOST)
            ready = _rows.state == OutboxState.READY.value
            again = _rows.state == OutboxState.RETRY_WAIT.value
            due = self._mine & (ready | (again & is_over(_rows.next_at, now, self._scope)))
            claims = self._take(ledger, over, 1, now) or self._take(ledger, due, limit, now)
            crashpoint("C1")
        return claims

    def _take(self, ledger: Ledger, which: Any, limit: int, now: dt.datetime) -> list[Claim]:
        chosen = db.select(_rows.id).where(which).order_by(_rows.next_at, _rows.id).limit(limit)
        taken = ledger.connection.execute(
            db.outbox.update()
            .where(_rows.id.in_(chosen.with_for_update(skip_locked=True).scalar_subquery()))
            .values(
                state=_SENDING,
                worker=self._scope.worker,
                lease_until=now + self._scope.lease,
                token=_rows.token + 1,
                claims=_rows.claims + 1,
                first_try_at=db.first_of(_rows.first_try_at, now),
            )
            .returning(_rows.id)
        )
        ids = list(taken.scalars())
        joined = db.outbox.join(db.document, db.document.c.id == _rows.document)
        query = (
            db.select(
                db.outbox,
                db.document.c.sender,
                db.document.c.document_id,
                db.document.c.kind,
                db.document.c.digest,
                db.document.c.content_type,
            )
            .select_from(joined)
            .where(_rows.id.in_(ids))
            .order_by(_rows.next_at, _rows.id)
        )
        return [
            Claim(
                id=row.id,
                token=row.token,
                recipient=OrganId(row.recipient),
                sender=OrganId(row.sender),
                document_id=row.document_id,
                kind=MessageKind(row.kind),
                idempotency_key=row.idempotency_key,
                digest=row.digest,
                content_type=row.content_type,
                attempts=row.claims,
                created_at=row.created_at,
                first_try_at=row.first_try_at,
                lease_until=row.lease_until,
            )
            for row in (ledger.connection.execute(query) if ids else ())
        ]

    def _end_dead_leases(self, ledger: Ledger, now: dt.datetime) -> None:
        running = self._mine & (_rows.state == _SENDING) & (_rows.lease_until > now)
        workers = ledger.connection.execute(db.select(_rows.worker).where(running).distinct()).scalars()
        gone = [one for one in workers if is_gone(one)]
        if gone:
            ledger.connection.execute(
                db.outbox.update().where(running & _rows.worker.in_(gone)).values(lease_until=now)
            )

    def _set_aside(self, ledger: Ledger, which: Any, now: dt.datetime, how: tuple[OutboxStep, str]) -> None:
        step, code = how
        target = OUTBOX.advance(OutboxState.SENDING, step)
        done = ledger.connection.execute(
            db.outbox.update()
            .where(which)
            .values(
                state=target.value,
                attempts=_rows.claims,
                token=_rows.token + 1,
                lease_until=None,
                error_code=code,
                error=None,
            )
            .returning(_rows.id)
        )
        for key in done.scalars().all():
            ledger.note(now, f"outbox:{key}", _SENDING, target.value, code)

    def renew(self, claim: Claim, now: dt.datetime) -> Claim | None:
        """Begin the lease anew; ``None`` when another worker has taken over."""
        until = now + self._scope.lease
        with self._store.write(self._scope) as ledger:
            done = ledger.connection.execute(
                db.outbox.update().where(self._held(claim)).values(lease_until=until)
            )
        return attrs.evolve(claim, lease_until=until) if done.rowcount else None

    def release(self, claims: Iterable[Claim], now: dt.datetime) -> None:
        """Give rows back untouched."""
        state = OUTBOX.advance(OutboxState.SENDING, OutboxStep.RELEASE).value
        with self._store.write(self._scope) as ledger:
            for claim in claims:
                ledger.connection.execute(
                    db.outbox.update()
                    .where(self._held(claim))
                    .values(state=state, next_at=now, lease_until=None, claims=_rows.claims - 1)
                )

    def record(self, claim: Claim, outcome: Outcome, now: dt.datetime) -> bool:
        """Write down what became of a claim; ``False`` when another worker has taken over."""
        target = OUTBOX.advance(OutboxState.SENDING, *outcome.steps)
        blameless = outcome.steps[0] is OutboxStep.ROUTE
        error_code = None if outcome.error is None else code_of(outcome.error)
        error = None if outcome.error is None else str(outcome.error)[:2000]
        values: dict[str, Any] = {
            "state": target.value,
            "next_at": now + outcome.wait,
            "lease_until": None,
            "error_code": error_code,
            "error": error,
            "claims": _rows.claims - 1 if blameless else _rows.claims,
            "attempts": _rows.attempts if blameless else _rows.claims,
        }
        if outcome.result is not None:
            values |= {"remote_id": outcome.result.remote_id, "sent_at": now}
        with self._store.write(self._scope) as ledger:
            done = ledger.connection.execute(db.outbox.update().where(self._held(claim)).values(**values))
            in_time = done.rowcount == 1
            ledger.connection.execute(
                db.attempt.insert().values(
                    outbox=claim.id,
                    token=claim.token,
                    worker=self._scope.worker,
                    started_at=outcome.started_at,
                    ended_at=now,
                    outcome=outcome.steps[0].value if in_time else "late",
                    error_code=error_code,
                    error=error,
                )
            )
            if in_time:
                reason = error_code or outcome.steps[-1].value
                ledger.note(now, f"outbox:{claim.id}", _SENDING, target.value, reason)
            crashpoint("O6")
        return in_time

    def _held(self, claim: Claim) -> Any:
        return (_rows.id == claim.id) & (_rows.token == claim.token) & (_rows.state == _SENDING)

    def redrive(self, entry: int, now: dt.datetime) -> OutboxEntry:
        """Put a row that stopped back in line."""
        with self._store.write(self._scope) as ledger:
            query = db.select(_rows.state).where(self._mine & (_rows.id == entry))
            state = ledger.connection.execute(query).scalar()
            if state is None:
                raise no_entry(f"outbox:{entry}")
            target = OUTBOX.advance(OutboxState(state), OutboxStep.REDRIVE)
            ledger.connection.execute(
                db.outbox.update()
                .where(_rows.id == entry)
                .values(state=target.value, next_at=now, first_try_at=None, claims=_rows.attempts)
            )
            ledger.note(now, f"outbox:{entry}", state, target.value, OutboxStep.REDRIVE.value)
            return self._entries(ledger.connection, _rows.id == entry)[0]

    # --- listing ----------------------------------------------------------------------------------

    def entries(self, ids: Sequence[int] | None = None) -> tuple[OutboxEntry, ...]:
        """Give rows, oldest first."""
        with self._store.read() as connection:
            which = self._mine if ids is None else self._mine & _rows.id.in_(ids)
            return self._entries(connection, which)

    def answered(self, document_id: str, sender: OrganId, recipient: OrganId, code: StatusCode) -> bool:
        """Tell whether a status was enqueued, over whatever route; by the unique index of documents."""
        columns = db.document.c
        query = db.select(columns.id).where(
            (columns.tenant == self._store.tenant)
            & (columns.organ == self._scope.organ)
            & (columns.direction == _OUT)
            & columns.sender.in_((sender.value, *sender.aliases))
            & (columns.document_id == document_id)
            & (columns.kind == MessageKind.STATUS.value)
            & columns.addressee.in_((recipient.value, *recipient.aliases))
            # a variant is the code, and the time after it
            & (db.first_letters(columns.variant, len(code.value)) == code.value)
        )
        with self._store.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _entries(self, connection: db.Connection, which: Any) -> tuple[OutboxEntry, ...]:
        joined = db.outbox.join(db.document, db.document.c.id == _rows.document)
        query = (
            db.select(
                db.outbox,
                db.document.c.sender,
                db.document.c.document_id,
                db.document.c.kind,
                db.document.c.variant,
                db.document.c.digest,
            )
            .select_from(joined)
            .where(which)
            .order_by(_rows.id)
        )
        rows = connection.execute(query).all()
        notes = notes_on(connection, db.evidence.c.outbox, db.select(_rows.id).where(which))
        return tuple(_entry(row, tuple(notes.get(row.id, ()))) for row in rows)


_POISON = (OutboxStep.POISON, "VND-EXC-014")
_LOST = (OutboxStep.AMBIGUOUS, "VND-EXC-015")


def _entry(row: Any, history: tuple[StatusNote, ...]) -> OutboxEntry:
    return OutboxEntry(
        id=row.id,
        document_id=DocumentId(row.document_id),
        kind=MessageKind(row.kind),
        document_kind=kind_of(row.kind, row.variant),
        status=status_of(row.kind, row.variant),
        sender=OrganId(row.sender),
        recipient=OrganId(row.recipient),
        digest=row.digest,
        state=OutboxState(row.state),
        attempts=row.attempts,
        next_at=row.next_at,
        created_at=row.created_at,
        sent_at=row.sent_at,
        error_code=row.error_code,
        error=row.error,
        business_state=None if row.business_state is None else status_code(row.business_state),
        business_evidence=None if row.business_evidence is None else Evidence(row.business_evidence),
        recall=None if row.recall is None else status_code(row.recall),
        recall_evidence=None if row.recall_evidence is None else Evidence(row.recall_evidence),
        history=history,
    )
