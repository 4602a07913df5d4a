"""The life of a document between two organisations: durable outbox and inbox, evidence, statuses.

A document that was enqueued is never lost; it is sent at least once until it is taken, refused or given up,
and what comes in has one effect however often it comes. Needs the extra ``exchange`` once a store is opened;
the messages about a document, and ``Thread``, need no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnedoc.exchange._driver import Exchange, open_store
from vnedoc.exchange._messages import answer, recall, replace, revoke, update
from vnedoc.exchange._process import SystemClock
from vnedoc.exchange._states import (
    ARRIVAL,
    HANDLING,
    INBOX,
    OUTBOX,
    ArrivalState,
    ArrivalStep,
    HandlingState,
    HandlingStep,
    InboxState,
    InboxStep,
    Machine,
    OutboxState,
    OutboxStep,
    RetryPolicy,
)
from vnedoc.exchange._threads import (
    RECEIPT,
    STANDING,
    Holder,
    Progress,
    Sighting,
    Standing,
    StandingStep,
    Thread,
    Version,
    Withdrawal,
)
from vnedoc.exchange._values import (
    CollectSummary,
    Event,
    InboxEntry,
    OutboxEntry,
    QuarantineEntry,
    RunSummary,
    SendSummary,
    StatusNote,
)

if TYPE_CHECKING:
    from vnedoc.exchange._storage import Store

__all__ = [
    "ARRIVAL",
    "HANDLING",
    "INBOX",
    "OUTBOX",
    "RECEIPT",
    "STANDING",
    "ArrivalState",
    "ArrivalStep",
    "CollectSummary",
    "Event",
    "Exchange",
    "HandlingState",
    "HandlingStep",
    "Holder",
    "InboxEntry",
    "InboxState",
    "InboxStep",
    "Machine",
    "OutboxEntry",
    "OutboxState",
    "OutboxStep",
    "Progress",
    "QuarantineEntry",
    "RetryPolicy",
    "RunSummary",
    "SendSummary",
    "Sighting",
    "Standing",
    "StandingStep",
    "StatusNote",
    "Store",
    "SystemClock",
    "Thread",
    "Version",
    "Withdrawal",
    "answer",
    "open_store",
    "recall",
    "replace",
    "revoke",
    "update",
]


def __getattr__(name: str) -> Any:
    # The store's module loads SQLAlchemy, so it comes only when somebody asks for the class.
    if name == "Store":
        from vnedoc.exchange._storage import Store

        return Store
    raise AttributeError(f"module 'vnedoc.exchange' has no attribute {name!r}")
