"""The life of a document as tables, without I/O.

Everything that may change a state is a row of one of the four machines below; the store asks them and never
decides by itself. Next to them stand the other pure rules: what a failure means, how long to wait, and which
of several status messages counts.
"""

from __future__ import annotations

import datetime as dt
import enum
import random
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import attrs

from vnedoc.errors import (
    ConfigError,
    ExchangeError,
    FactValue,
    InputError,
    PermanentError,
    RouteError,
    SecurityError,
    TransientError,
    VerificationError,
    VerificationIndeterminate,
    VnedocError,
)
from vnedoc.model import Conclusion, Evidence, Finding, Settlement, Severity, StatusCode

_State = TypeVar("_State", bound=enum.Enum)
_Step = TypeVar("_Step", bound=enum.Enum)


@attrs.frozen
class Machine(Generic[_State, _Step]):
    """States and the steps between them.

    Attributes:
        name: For messages and diagrams.
        first: Where a new row starts.
        steps: From state and step to state; what is not in it is refused.
    """

    name: str
    first: _State
    steps: Mapping[tuple[_State, _Step], _State]

    def advance(self, state: _State, *steps: _Step) -> _State:
        """Take the steps one after the other.

        Raises:
            ExchangeError: ``VND-EXC-010`` when a step is not allowed.
        """
        for step in steps:
            following = self.steps.get((state, step))
            if following is None:
                raise ExchangeError(
                    "VND-EXC-010",
                    f"{self.name}: {step.value} is not allowed in state {state.value}",
                    hint="look at the entry again; somebody else may have changed it",
                    facts={"machine": self.name, "state": state.value, "step": step.value},
                )
            state = following
        return state

    def sources(self, step: _Step) -> tuple[_State, ...]:
        """Give the states in which *step* is allowed."""
        return tuple(state for state, one in self.steps if one is step)

    @property
    def final(self) -> frozenset[_State]:
        """The states that nothing leaves."""
        leaving = {state for state, _ in self.steps}
        return frozenset(one for one in type(self.first) if one not in leaving)


# --- outgoing: one document for one recipient -----------------------------------------------------


class OutboxState(enum.Enum):
    """Where one document for one recipient stands."""

    READY = "ready"
    SENDING = "sending"
    RETRY_WAIT = "retry-wait"
    SENT = "sent"
    AWAITING_RECEIPT = "awaiting-receipt"
    RECEIPTED = "receipted"
    UNKNOWN = "unknown"
    """It may have been sent; sending again could have a second effect, so a person or a probe decides."""
    REJECTED = "rejected"
    HELD = "held"
    """Something needs a person: a digest that does not match, or a document that kills its worker."""
    DEAD = "dead"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class OutboxStep(enum.Enum):
    """What may happen to an outgoing row."""

    CLAIM = "claim"
    """A worker takes it, also from a worker whose lease is over."""
    RELEASE = "release"
    """The worker gives it back untouched."""
    DELIVER = "deliver"
    AWAIT = "await"
    RECEIPT = "receipt"
    NO_RECEIPT = "no-receipt"
    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"
    PERMANENT = "permanent"
    SECURITY = "security"
    ROUTE = "route"
    """The route is to blame; this is not an attempt."""
    RESEND = "resend"
    FOUND = "found"
    NOT_FOUND = "not-found"
    POISON = "poison"
    """Claimed again and again without any outcome."""
    GIVE_UP = "give-up"
    HOLD = "hold"
    EXPIRE = "expire"
    CANCEL = "cancel"
    REDRIVE = "redrive"


def _outbox_steps() -> dict[tuple[OutboxState, OutboxStep], OutboxState]:
    state, step = OutboxState, OutboxStep
    return {
        (state.READY, step.CLAIM): state.SENDING,
        (state.READY, step.HOLD): state.HELD,
        (state.READY, step.EXPIRE): state.EXPIRED,
        (state.READY, step.CANCEL): state.CANCELLED,
        (state.SENDING, step.CLAIM): state.SENDING,
        (state.SENDING, step.RELEASE): state.READY,
        (state.SENDING, step.DELIVER): state.SENT,
        (state.SENDING, step.AWAIT): state.AWAITING_RECEIPT,
        (state.SENDING, step.TRANSIENT): state.RETRY_WAIT,
        (state.SENDING, step.ROUTE): state.RETRY_WAIT,
        (state.SENDING, step.AMBIGUOUS): state.UNKNOWN,
        (state.SENDING, step.PERMANENT): state.REJECTED,
        (state.SENDING, step.SECURITY): state.HELD,
        (state.SENDING, step.POISON): state.HELD,
        (state.RETRY_WAIT, step.CLAIM): state.SENDING,
        (state.RETRY_WAIT, step.HOLD): state.HELD,
        (state.RETRY_WAIT, step.EXPIRE): state.EXPIRED,
        (state.RETRY_WAIT, step.GIVE_UP): state.DEAD,
        (state.AWAITING_RECEIPT, step.RECEIPT): state.RECEIPTED,
        (state.AWAITING_RECEIPT, step.NO_RECEIPT): state.RETRY_WAIT,
        (state.AWAITING_RECEIPT, step.EXPIRE): state.EXPIRED,
        (state.UNKNOWN, step.RESEND): state.RETRY_WAIT,
        (state.UNKNOWN, step.FOUND): state.SENT,
        (state.UNKNOWN, step.NOT_FOUND): state.RETRY_WAIT,
        (state.UNKNOWN, step.RECEIPT): state.RECEIPTED,
        (state.UNKNOWN, step.GIVE_UP): state.DEAD,
        (state.UNKNOWN, step.EXPIRE): state.EXPIRED,
        (state.UNKNOWN, step.REDRIVE): state.READY,
        (state.HELD, step.EXPIRE): state.EXPIRED,
        (state.HELD, step.REDRIVE): state.READY,
        (state.DEAD, step.RECEIPT): state.RECEIPTED,
        (state.DEAD, step.REDRIVE): state.READY,
    }


OUTBOX = Machine("outbox", OutboxState.READY, _outbox_steps())


# --- incoming: bytes that came, and the message in them -------------------------------------------


class ArrivalState(enum.Enum):
    """Where bytes that came in stand."""

    STORED = "stored"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


class ArrivalStep(enum.Enum):
    """What may happen to bytes that came in."""

    CLAIM = "claim"
    RELEASE = "release"
    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    DISPLACE = "displace"
    """It was only claimed, and what is proven came under the same identifier."""


ARRIVAL = Machine(
    "arrival",
    ArrivalState.STORED,
    {
        (ArrivalState.STORED, ArrivalStep.CLAIM): ArrivalState.VERIFYING,
        (ArrivalState.VERIFYING, ArrivalStep.CLAIM): ArrivalState.VERIFYING,
        (ArrivalState.VERIFYING, ArrivalStep.RELEASE): ArrivalState.STORED,
        (ArrivalState.VERIFYING, ArrivalStep.ACCEPT): ArrivalState.ACCEPTED,
        (ArrivalState.VERIFYING, ArrivalStep.QUARANTINE): ArrivalState.QUARANTINED,
        (ArrivalState.QUARANTINED, ArrivalStep.CLAIM): ArrivalState.VERIFYING,
        (ArrivalState.ACCEPTED, ArrivalStep.DISPLACE): ArrivalState.QUARANTINED,
    },
)


class InboxState(enum.Enum):
    """Where an accepted message stands."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    """A revoke, update or replace that nothing proves: a person decides."""
    REGISTERED = "registered"
    """It is in the book of incoming documents, *sổ văn bản đến*."""


class InboxStep(enum.Enum):
    """What may happen to an accepted message."""

    REGISTER = "register"
    PROVE = "prove"
    """A proven message took the place of a claimed one; what was registered were other bytes."""


INBOX = Machine(
    "inbox",
    InboxState.ACCEPTED,
    {
        (InboxState.ACCEPTED, InboxStep.REGISTER): InboxState.REGISTERED,
        (InboxState.WAITING, InboxStep.REGISTER): InboxState.REGISTERED,
        (InboxState.REGISTERED, InboxStep.REGISTER): InboxState.REGISTERED,
        (InboxState.ACCEPTED, InboxStep.PROVE): InboxState.ACCEPTED,
        (InboxState.WAITING, InboxStep.PROVE): InboxState.ACCEPTED,
        (InboxState.REGISTERED, InboxStep.PROVE): InboxState.ACCEPTED,
    },
)


class HandlingState(enum.Enum):
    """Whether the application has taken an accepted message."""

    PENDING = "pending"
    RUNNING = "running"
    RETRY = "retry"
    DONE = "done"
    DEAD = "dead"


class HandlingStep(enum.Enum):
    """What may happen between an accepted message and the application."""

    CLAIM = "claim"
    FINISH = "finish"
    FAIL = "fail"
    GIVE_UP = "give-up"
    POISON = "poison"
    RENEW = "renew"
    """The entry now stands for other bytes, which the application has not seen."""


HANDLING = Machine(
    "handling",
    HandlingState.PENDING,
    {
        (HandlingState.PENDING, HandlingStep.CLAIM): HandlingState.RUNNING,
        (HandlingState.RETRY, HandlingStep.CLAIM): HandlingState.RUNNING,
        (HandlingState.RETRY, HandlingStep.GIVE_UP): HandlingState.DEAD,
        (HandlingState.RUNNING, HandlingStep.CLAIM): HandlingState.RUNNING,
        (HandlingState.RUNNING, HandlingStep.FINISH): HandlingState.DONE,
        (HandlingState.RUNNING, HandlingStep.FAIL): HandlingState.RETRY,
        (HandlingState.RUNNING, HandlingStep.POISON): HandlingState.DEAD,
        **{(state, HandlingStep.RENEW): HandlingState.PENDING for state in HandlingState},
    },
)


# --- failures and waiting -------------------------------------------------------------------------

POISON_CLAIMS = 3
"""So many claims without an outcome, and the next worker leaves it to a person."""


def step_after(error: Exception) -> OutboxStep:
    """Give what a failed send means; an error that nobody expected may have come after the effect."""
    for kind, step in (
        (TransientError, OutboxStep.TRANSIENT),
        (PermanentError, OutboxStep.PERMANENT),
        (RouteError, OutboxStep.ROUTE),
        (SecurityError, OutboxStep.SECURITY),
    ):
        if isinstance(error, kind):
            return step
    return OutboxStep.AMBIGUOUS


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """When to try again: full jitter below a growing bound, and an end by age.

    Attributes:
        base: Bound of the first wait, seconds.
        cap: Longest wait, seconds, also when the peer asks for more.
        give_up: Seconds after the first attempt; the default is longer than a weekend.
    """

    base: float = 10.0
    cap: float = 3600.0
    give_up: float = 72 * 3600.0

    def delay(self, attempts: int, chance: random.Random, *, floor: float | None = None) -> dt.timedelta:
        """Give the wait after *attempts* failures, at least the *floor* seconds the peer asked for."""
        bound = min(self.cap, self.base * 2.0 ** min(attempts - 1, 30))
        return dt.timedelta(seconds=min(self.cap, max(chance.uniform(0.0, bound), floor or 0.0)))

    def over(self, first_try: dt.datetime, now: dt.datetime) -> bool:
        """Whether it has been tried for long enough."""
        return (now - first_try).total_seconds() >= self.give_up


# --- why bytes are not accepted --------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Refusal:
    """Why bytes were not accepted.

    Attributes:
        code: Of the error.
        message: Its sentence.
        conclusion: FAILED, or INDETERMINATE when the answer may change.
        settlement: What the other side is told.
        findings: What the verification saw.
    """

    code: str
    message: str
    conclusion: Conclusion
    settlement: Settlement
    findings: tuple[Finding, ...] = ()


def refusal_for(error: Exception) -> Refusal | None:
    """Give what an error of the opener means for the message; ``None`` when the message is not to blame.

    What failed is refused to the other side. What could not be decided is kept here for good, so the other
    side may forget it, and a person can try again with more trust or revocation data.
    """
    if not isinstance(error, VnedocError):
        return unreadable(error)
    undecided = isinstance(error, VerificationIndeterminate)
    if isinstance(error, ConfigError) or not isinstance(error, (InputError, VerificationError)):
        return None
    report = getattr(error, "report", None)
    found = report.all_findings() if report is not None else tuple(getattr(error, "findings", ()))
    return Refusal(
        code=error.code,
        message=error.message,
        conclusion=Conclusion.INDETERMINATE if undecided else Conclusion.FAILED,
        settlement=Settlement.ACCEPTED if undecided else Settlement.REFUSED,
        findings=found or (Finding(error.code, Severity.ERROR, error.path, error.facts),),
    )


def unreadable(error: Exception) -> Refusal:
    """Give the refusal of a message on which something broke that must not; it is kept here for a person."""
    return Refusal(
        code="VND-EXC-019",
        message=f"{type(error).__name__} while the message was read or taken in",
        conclusion=Conclusion.INDETERMINATE,
        settlement=Settlement.ACCEPTED,
    )


def refused(code: str, message: str, **facts: FactValue) -> Refusal:
    """Give the refusal of a message that was verified and yet may not come in."""
    return Refusal(
        code=code,
        message=message,
        conclusion=Conclusion.FAILED,
        settlement=Settlement.REFUSED,
        findings=(Finding(code, Severity.ERROR, None, facts),),
    )


def displaced(document_id: str) -> Refusal:
    """Give why a message that was only claimed lost its place to one that is proven."""
    return refused(
        "VND-EXC-033",
        "nothing proved it, and a proven message came under the same identifier",
        document_id=document_id,
    )


def poisoned() -> Refusal:
    """Give the refusal of bytes that ended several workers; they are kept here for a person."""
    return Refusal(
        code="VND-EXC-014",
        message="several workers ended while they had it in hand",
        conclusion=Conclusion.INDETERMINATE,
        settlement=Settlement.ACCEPTED,
    )


# --- business status ------------------------------------------------------------------------------

# A refusal stands before the taking in: a document that was taken in after all was not refused.
_PROGRESS = (
    StatusCode.ARRIVED,
    StatusCode.REFUSED,
    StatusCode.RECEIVED,
    StatusCode.ASSIGNED,
    StatusCode.PROCESSING,
    StatusCode.DONE,
)
_RECALL = (StatusCode.RECALL_REFUSED, StatusCode.RECALL_AGREED)

StatusGrade = tuple[StatusCode, Evidence]


def furthest(history: Iterable[StatusGrade]) -> StatusGrade | None:
    """Give the furthest progress and the best evidence for it, in whatever order the messages came."""
    return _best(history, _PROGRESS)


def recall_answer(history: Iterable[StatusGrade]) -> StatusGrade | None:
    """Give the answer to a recall or update: an agreement outweighs a refusal."""
    return _best(history, _RECALL)


def _best(history: Iterable[StatusGrade], order: tuple[StatusCode, ...]) -> StatusGrade | None:
    usable = [one for one in history if one[0] in order and one[1] is not Evidence.UNMATCHED]
    return max(usable, key=lambda one: (order.index(one[0]), one[1] is Evidence.PROVEN), default=None)
