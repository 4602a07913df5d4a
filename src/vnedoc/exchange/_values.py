"""What the exchange shows of its rows, as frozen values."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import attrs

from vnedoc.errors import InputError, RuleError, VnedocError
from vnedoc.exchange._states import HandlingState, InboxState, OutboxState
from vnedoc.model import (
    Conclusion,
    DocumentId,
    Envelope,
    Evidence,
    Finding,
    Kind,
    MessageKind,
    OrganId,
    StatusCode,
    StatusMessage,
)


@attrs.frozen(kw_only=True)
class Label:
    """What tells one message from another.

    Attributes:
        kind: Document or status.
        sender: Who made it.
        document_id: Of the document that it is, or that it reports on; the number and notation of that
            document when a status gives no identifier.
        variant: ``new``, ``revoke``, ``update`` or ``replace`` for a document. For a status its code and,
            when it carries one, its time: a code may be reported again.
        addressee: To whom a status goes; empty for a document, whose recipients are rows of their own.
        code: Number and notation in one text, when there is one.
    """

    kind: MessageKind
    sender: OrganId
    document_id: str
    variant: str
    addressee: str = ""
    code: str | None = None

    @classmethod
    def of(cls, message: Envelope | StatusMessage) -> Label:
        """Read the label off a message.

        Raises:
            RuleError: ``VND-EXC-011`` when nothing identifies it.
        """
        if isinstance(message, Envelope):
            if message.document_id is None:
                raise _anonymous("DocumentId")
            return cls(
                kind=MessageKind.DOCUMENT,
                sender=message.sender.organ_id,
                document_id=message.document_id.value,
                variant=message.kind.name.lower(),
                code=None if message.code is None else str(message.code),
            )
        about = message.response_for
        try:
            identifier = about.document_id or DocumentId(about.code or "")
        except InputError as error:
            raise _anonymous("ResponseFor") from error
        when = f"@{message.timestamp.isoformat()}" if message.timestamp else ""
        return cls(
            kind=MessageKind.STATUS,
            sender=message.sender.organ_id,
            document_id=identifier.value,
            variant=message.code.value + when,
            addressee=about.organ_id.value if about.organ_id else "",
            code=about.code,
        )

    def key_for(self, recipient: str) -> str:
        """Give the idempotency key for one recipient: the same on every attempt and after every restart."""
        parts = [self.sender.value, self.document_id, self.kind.value, self.variant, recipient]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def _anonymous(field: str) -> RuleError:
    return RuleError(
        "VND-EXC-011",
        "the message has no identifier",
        path=field,
        hint="give it a DocumentId; without one a repeated delivery cannot be told from a new document",
        facts={"field": field},
    )


_STATUS_CODES = {one.value: one for one in StatusCode}


def status_code(text: str) -> StatusCode:
    """Give the status code for its two digits."""
    return _STATUS_CODES[text]


def status_of(kind: str, variant: str) -> StatusCode | None:
    """Give the status code that a variant holds."""
    return _STATUS_CODES[variant[:2]] if kind == MessageKind.STATUS.value else None


def kind_of(kind: str, variant: str) -> Kind | None:
    """Give the document kind that a variant holds."""
    return Kind[variant.upper()] if kind == MessageKind.DOCUMENT.value else None


@attrs.frozen(kw_only=True)
class StatusNote:
    """One status message that was matched to a document, kept for ever.

    Attributes:
        code: What it says.
        evidence: How far it can be relied on.
        issuer: Who says it.
        said_at: The time in the message, ``None`` when it gives none.
        received_at: When it came.
        description: The text in it.
        digest: Of the exact bytes, which ``Store.get`` gives.
    """

    code: StatusCode
    evidence: Evidence
    issuer: OrganId
    said_at: dt.datetime | None
    received_at: dt.datetime
    description: str | None
    digest: str


@attrs.frozen(kw_only=True)
class OutboxEntry:
    """One message for one recipient.

    Attributes:
        id: Number of the row in this store.
        document_id: Of the document, or of the one that a status reports on.
        kind: Document or status.
        document_kind: New, revoke, update or replace; ``None`` for a status.
        status: The code that a status message carries; ``None`` for a document.
        sender: Who sends.
        recipient: The one recipient of this row.
        digest: Of the exact bytes.
        state: Where it stands on the wire.
        attempts: Attempts with an outcome.
        next_at: When it is due.
        created_at: When it was enqueued.
        sent_at: When the transport took it, ``None`` before.
        error_code: Code of the last failure.
        error: Sentence of the last failure.
        business_state: The furthest progress (01 to 06) that the recipient reported.
        business_evidence: How far that can be relied on.
        recall: The answer to a recall or update: 15, 16 or ``None``.
        recall_evidence: How far that can be relied on.
        history: Every status message about it, in the order they came.
        duplicate: ``enqueue`` found it here already.
    """

    id: int
    document_id: DocumentId
    kind: MessageKind
    document_kind: Kind | None
    status: StatusCode | None
    sender: OrganId
    recipient: OrganId
    digest: str
    state: OutboxState
    attempts: int
    next_at: dt.datetime
    created_at: dt.datetime
    sent_at: dt.datetime | None
    error_code: str | None
    error: str | None
    business_state: StatusCode | None
    business_evidence: Evidence | None
    recall: StatusCode | None
    recall_evidence: Evidence | None
    history: tuple[StatusNote, ...]
    duplicate: bool = False


@attrs.frozen(kw_only=True)
class InboxEntry:
    """One message that was accepted.

    Attributes:
        id: Number of the row in this store.
        document_id: Of the document, or of the one that a status reports on.
        kind: Document or status.
        document_kind: New, revoke, update or replace; ``None`` for a status.
        status: The code that a status message carries; ``None`` for a document.
        sender: Who sent it.
        code: Number and notation in one text.
        digest: Of the exact bytes, which ``Store.get`` gives.
        state: Where it stands here.
        evidence: How far it can be relied on; ``UNMATCHED`` for a status on nothing that was sent.
        handling: Whether the application took it; ``None`` when it is not offered.
        copies: How often the same bytes came.
        conflicts: How often other bytes came under the same identifier; those are in quarantine.
        route: Name of the route over which it came first.
        received_at: When it was accepted.
        registered_at: When it was entered in the book, ``None`` before.
        recalls: Requests of the sender to give it back (13).
    """

    id: int
    document_id: DocumentId
    kind: MessageKind
    document_kind: Kind | None
    status: StatusCode | None
    sender: OrganId
    code: str | None
    digest: str
    state: InboxState
    evidence: Evidence
    handling: HandlingState | None
    copies: int
    conflicts: int
    route: str
    received_at: dt.datetime
    registered_at: dt.datetime | None
    recalls: tuple[StatusNote, ...]


@attrs.frozen(kw_only=True)
class QuarantineEntry:
    """Bytes that came and were not accepted. They are kept, and nothing was done with them.

    Attributes:
        id: Number of the row; ``Exchange.retry_quarantined`` takes it.
        handle: Name at the transport.
        digest: Of the exact bytes, which ``Store.get`` gives.
        size: Octets.
        code: Code of the error that kept it out.
        conclusion: FAILED, or INDETERMINATE when more trust or revocation data may change the answer.
        findings: What the verification saw.
        copies: How often the same bytes came.
        received_at: When they first came.
    """

    id: int
    handle: str
    digest: str
    size: int
    code: str
    conclusion: Conclusion
    findings: tuple[Finding, ...]
    copies: int
    received_at: dt.datetime


@attrs.frozen(kw_only=True)
class Event:
    """One line of the log; lines are only ever added.

    Attributes:
        seq: Number of the line, growing.
        at: When.
        subject: ``outbox:N``, ``arrival:N``, ``inbox:N`` or ``handling:N``.
        before: State before, ``None`` for a new row.
        after: State after.
        reason: The step, or the code of an error.
        worker: Who did it.
    """

    seq: int
    at: dt.datetime
    subject: str
    before: str | None
    after: str
    reason: str
    worker: str


@attrs.frozen(kw_only=True)
class SendSummary:
    """What one round of sending did.

    Attributes:
        entries: The rows that were tried, as they stand now.
        fenced: Results that came too late because another worker had taken over.
        errors: Failures, one for each row that had one.
    """

    entries: tuple[OutboxEntry, ...] = ()
    fenced: int = 0
    errors: tuple[Exception, ...] = ()

    @property
    def sent(self) -> int:
        """How many the transport took."""
        taken = (OutboxState.SENT, OutboxState.AWAITING_RECEIPT)
        return sum(one.state in taken for one in self.entries)


@attrs.frozen(kw_only=True)
class CollectSummary:
    """What one round of receiving did.

    Attributes:
        accepted: New messages.
        duplicates: Messages that were here already; they had no second effect.
        quarantined: Messages that were not accepted.
        handled: How many the application took.
        busy: How many another worker has in hand.
        errors: What went wrong with single messages; they will be tried again.
    """

    accepted: tuple[InboxEntry, ...] = ()
    duplicates: tuple[InboxEntry, ...] = ()
    quarantined: tuple[QuarantineEntry, ...] = ()
    handled: int = 0
    busy: int = 0
    errors: tuple[Exception, ...] = ()


@attrs.frozen(kw_only=True)
class RunSummary:
    """What ``run_once`` did, in figures; *error* is the last failure, ``None`` when there was none."""

    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    handled: int = 0
    error: Exception | None = None


def code_of(error: Exception) -> str:
    """Give the stable code of an error; one that is not ours gets the code for the unexpected."""
    return error.code if isinstance(error, VnedocError) else "VND-EXC-019"
