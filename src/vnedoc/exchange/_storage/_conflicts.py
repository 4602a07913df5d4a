"""What is proven takes the place of what is only claimed: the first to come does not own an identifier.

Who can write into the route could otherwise send a forgery ahead, and the genuine message would be refused.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from vnedoc.exchange._states import (
    ARRIVAL,
    INBOX,
    ArrivalState,
    ArrivalStep,
    InboxState,
    InboxStep,
    displaced,
)
from vnedoc.exchange._storage import _database as db
from vnedoc.exchange._storage._statuses import forget_status
from vnedoc.exchange._storage._store import Ledger, Scope
from vnedoc.model import Evidence, Finding, MessageKind, Wire

_rows = db.inbox.c
_came = db.arrival.c


@attrs.frozen
class Place:
    """A place in the inbox that changed hands: the entry, and the arrivals that lost it."""

    entry: int
    lost: tuple[int, ...]


def is_weaker(ledger: Ledger, known: Any, grade: Evidence) -> bool:
    """Tell whether a message of *grade* outranks the one that stands under its label."""
    if grade is not Evidence.PROVEN:
        return False
    if known.kind == MessageKind.STATUS.value:
        # The row of an unmatched status says just that; how good it is in itself stands with the evidence.
        query = db.select(db.evidence.c.grade).where(db.evidence.c.document == known.id)
    else:
        query = db.select(_rows.evidence).where(_rows.document == known.id)
    return ledger.connection.execute(query).scalars().first() != Evidence.PROVEN.value


def mark_conflict(ledger: Ledger, document: int, now: dt.datetime) -> None:
    """Write down that other bytes came under the label of a message that stays."""
    row = ledger.connection.execute(db.inbox.select().where(_rows.document == document)).one()
    ledger.connection.execute(
        db.inbox.update().where(_rows.id == row.id).values(conflicts=_rows.conflicts + 1)
    )
    ledger.note(now, f"inbox:{row.id}", row.state, row.state, "conflict")


def displace(ledger: Ledger, scope: Scope, known: Any, wire: Wire, now: dt.datetime) -> Place:
    """Put *wire* under a label in place of what stands there, which goes to quarantine with its bytes.

    The entry keeps its number, and the application is offered it again, whatever it did with the first one.
    A status has its say once more, by ``take_status``.
    """
    ledger.keep(wire.blob)
    ledger.connection.execute(
        db.document.update()
        .where(db.document.c.id == known.id)
        .values(digest=wire.digest, content_type=wire.content_type)
    )
    lost = _set_apart(ledger, known, now)
    row = ledger.connection.execute(db.inbox.select().where(_rows.document == known.id)).one()
    state = INBOX.advance(InboxState(row.state), InboxStep.PROVE)
    ledger.connection.execute(
        db.inbox.update()
        .where(_rows.id == row.id)
        .values(
            state=state.value,
            evidence=Evidence.PROVEN.value,
            route=scope.route,
            copies=1,
            conflicts=_rows.conflicts + 1,
            created_at=now,
            registered_at=None,
        )
    )
    ledger.note(now, f"inbox:{row.id}", row.state, state.value, InboxStep.PROVE.value)
    if known.kind == MessageKind.STATUS.value:
        forget_status(ledger, known.id, now)
    return Place(row.id, lost)


def described(finding: Finding) -> dict[str, Any]:
    """Give a finding as the store keeps it."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "location": finding.location,
        "facts": dict(finding.facts),
    }


def _set_apart(ledger: Ledger, known: Any, now: dt.datetime) -> tuple[int, ...]:
    refusal = displaced(known.document_id)
    state = ARRIVAL.advance(ArrivalState.ACCEPTED, ArrivalStep.DISPLACE)
    # The other side was told that it is accepted, and that stays so: it is here for good.
    moved = ledger.connection.execute(
        db.arrival.update()
        .where(_came.document == known.id)
        .values(
            state=state.value,
            document=None,
            error_code=refusal.code,
            error=refusal.message,
            conclusion=refusal.conclusion.value,
            findings=[described(one) for one in refusal.findings],
        )
        .returning(_came.id)
    )
    lost = tuple(sorted(moved.scalars()))
    for key in lost:
        ledger.note(now, f"arrival:{key}", ArrivalState.ACCEPTED.value, state.value, refusal.code)
    return lost
