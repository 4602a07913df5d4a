"""What goes into a thread and what comes out, as frozen values."""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import attrs

from vnedoc.errors import InputError
from vnedoc.exchange._threads._tables import Progress, Standing
from vnedoc.model import (
    Envelope,
    Evidence,
    Finding,
    Kind,
    OrganId,
    Received,
    Replaced,
    StatusCode,
    StatusMessage,
    TraceHeader,
)

Message: TypeAlias = Envelope | StatusMessage


def _message(value: Message | Received) -> Message:
    return value.message if isinstance(value, Received) else value


def _zoned(value: dt.datetime | None) -> dt.datetime | None:
    return TraceHeader(timestamp=value).timestamp  # which refuses a time without zone


def said_at(message: Message) -> dt.datetime | None:
    """Give the time in a message: of a status its own, of a document that of its first trace with a time."""
    if isinstance(message, StatusMessage):
        return message.timestamp
    return next((one.timestamp for one in message.traces if one.timestamp is not None), None)


@attrs.frozen(kw_only=True)
class Sighting:
    """A message, and what is known about it from outside.

    Attributes:
        message: A document or a status; of a ``Received`` its message.
        evidence: How far it can be relied on. What you made yourself is ``PROVEN``; ``UNMATCHED`` moves
            nothing.
        at: When it was received, with zone, or ``None``.
        approved: A person decided that a revoke, update or replace takes effect though nothing proves it.
    """

    message: Message = attrs.field(converter=_message)
    evidence: Evidence = Evidence.CLAIMED
    at: dt.datetime | None = attrs.field(default=None, converter=_zoned)
    approved: bool = False

    @message.validator
    def _is_message(self, _: object, value: object) -> None:
        if not isinstance(value, Envelope | StatusMessage):
            raise InputError(
                "VND-EXC-069",
                "this is not a message",
                hint="give an Envelope, a StatusMessage, a Received or a Sighting",
                facts={"seen": type(value).__name__},
            )

    @classmethod
    def of(cls, value: Message | Received | Sighting) -> Sighting:
        """Take a sighting as it is, a ``Received`` with its evidence, and a bare message as claimed."""
        if isinstance(value, Sighting):
            return value
        return cls(
            message=value, evidence=value.evidence if isinstance(value, Received) else Evidence.CLAIMED
        )

    @property
    def said_at(self) -> dt.datetime | None:
        """The time in the message."""
        return said_at(self.message)

    @property
    def when(self) -> dt.datetime | None:
        """The time in the message, else when it was received."""
        return said_at(self.message) or self.at

    @property
    def in_effect(self) -> bool:
        """Whether what it does to an earlier document counts: proven, or approved by a person."""
        return self.evidence is Evidence.PROVEN or (self.approved and self.evidence is Evidence.CLAIMED)


@attrs.frozen(kw_only=True)
class Holder:
    """One document at one recipient.

    Attributes:
        organ_id: The recipient, as the document writes it.
        name: Its name there.
        document_id: The document, an earlier or later one where it was replaced.
        progress: How far it has come there.
        evidence: How far that can be relied on, ``None`` when nothing was reported.
        standing: Whether the recipient is still to keep it.
        answer: The last answer to a recall or change, 15 or 16, or ``None``.
    """

    organ_id: OrganId
    name: str
    document_id: str
    progress: Progress = Progress.UNKNOWN
    evidence: Evidence | None = None
    standing: Standing = Standing.CURRENT
    answer: StatusCode | None = None

    @property
    def has_it(self) -> bool:
        """Whether, as far as was reported, the document is there and to be kept."""
        there = self.progress not in (Progress.UNKNOWN, Progress.REFUSED)
        return there and not self.standing.withdrawn

    @property
    def vietnamese(self) -> str:
        """The state in Vietnamese, for people."""
        if self.standing is Standing.CURRENT:
            return self.progress.vietnamese
        return (
            f"{self.progress.vietnamese}; {self.standing.vietnamese[0].lower()}{self.standing.vietnamese[1:]}"
        )

    def __str__(self) -> str:
        standing = "" if self.standing is Standing.CURRENT else f", {self.standing.value}"
        return f"{self.organ_id}: {self.progress.value}{standing}"


@attrs.frozen(kw_only=True)
class Version:
    """One state of the content: a new document, an update of it, or a replacement.

    Attributes:
        document_id: Of the document; an update names the one that it changes.
        kind: ``NEW``, ``UPDATE`` or ``REPLACE``.
        envelope: The message.
        evidence: How far it can be relied on.
        waiting: It changes or replaces an earlier document, and nothing proves it: a person decides.
        replaces: Which earlier documents it replaces, and for whom; also those that are not here.
    """

    document_id: str
    kind: Kind
    envelope: Envelope
    evidence: Evidence
    waiting: bool = False
    replaces: tuple[Replaced, ...] = ()

    def __str__(self) -> str:
        waiting = ", waits for a person" if self.waiting else ""
        return f"{self.kind.name.lower()} {self.document_id}{waiting}"


@attrs.frozen(kw_only=True)
class Withdrawal:
    """A document that recipients are no longer to use.

    Attributes:
        document_id: The document.
        how: ``REVOKED``, ``REPLACED``, ``REMOVED`` or ``RECALL_AGREED``.
        organ_ids: For whom.
    """

    document_id: str
    how: Standing
    organ_ids: tuple[OrganId, ...]

    def __str__(self) -> str:
        return f"{self.document_id} {self.how.value} for {', '.join(map(str, self.organ_ids))}"


@attrs.frozen(kw_only=True)
class Folded:
    """Everything that follows from a set of messages; ``Thread`` says what is what."""

    history: tuple[Sighting, ...]
    holders: tuple[Holder, ...]
    versions: tuple[Version, ...]
    withdrawn: tuple[Withdrawal, ...]
    waiting: tuple[Sighting, ...]
    unmatched: tuple[Sighting, ...]
    findings: tuple[Finding, ...]
