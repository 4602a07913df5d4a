"""What transports and the exchange hand to each other."""

from __future__ import annotations

import datetime as dt
import enum

import attrs

from vnedoc.model._ids import OrganId
from vnedoc.model._wire import Wire


class MessageKind(enum.Enum):
    """What a parcel carries."""

    DOCUMENT = "document"
    STATUS = "status"


class Custody(enum.Enum):
    """Who has the parcel after a send."""

    PEER = "peer"
    HUB = "hub"


class Awaiting(enum.Enum):
    """What is still to come from the transport itself."""

    NOTHING = "nothing"
    RECEIPT = "receipt"


class Settlement(enum.Enum):
    """What is told to the place that a message was fetched from."""

    ACCEPTED = "accepted"
    """It is stored here for good and may be forgotten there."""
    RELEASED = "released"
    """Could not be stored now; offer it again."""
    REFUSED = "refused"
    """Will never be taken; keep it aside."""


@attrs.frozen(kw_only=True)
class Parcel:
    """One message for one recipient, exactly as it goes out on every attempt.

    Attributes:
        idempotency_key: The same on every attempt; the receiver tells duplicates by it.
        attempt_id: New for every attempt.
        document_id: Text of the message's identifier.
        kind: Document or status.
        sender: Who sends.
        recipient: The one recipient of this parcel.
        wire: The bytes.
        created_at: With zone.
    """

    idempotency_key: str
    attempt_id: str
    document_id: str
    kind: MessageKind
    sender: OrganId
    recipient: OrganId
    wire: Wire
    created_at: dt.datetime


@attrs.frozen(kw_only=True)
class SendResult:
    """A transport took the parcel.

    Attributes:
        custody: Who has it now.
        remote_id: Name of it over there.
        duplicate: The other side had it already, which is success.
        awaiting: Whether the transport will report again.
    """

    custody: Custody
    remote_id: str
    duplicate: bool = False
    awaiting: Awaiting = Awaiting.NOTHING


@attrs.frozen
class RemoteHandle:
    """A message waiting at the other side, as the transport names it."""

    id: str


@attrs.frozen(kw_only=True)
class InboundMeta:
    """What the transport knows of a fetched message; all of it is a claim.

    Attributes:
        size: Octets that were written to the sink.
        digest: ``sha256:`` and hex of those octets.
        remote_id: Name of it over there.
        sender: Whom the route says it is from, when the route authenticates that.
    """

    size: int
    digest: str
    remote_id: str
    sender: OrganId | None = None


@attrs.frozen
class PollPage:
    """Messages waiting, and where to go on."""

    handles: tuple[RemoteHandle, ...]
    next_cursor: bytes | None = None


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a transport can do; the exchange uses every field.

    Attributes:
        idempotent_send: Sending the same ``idempotency_key`` again has one effect.
        receives: It can be polled.
        settles: It can be told what became of a message.
        max_payload: Largest message in octets, ``None`` for no bound.
    """

    idempotent_send: bool = False
    receives: bool = True
    settles: bool = True
    max_payload: int | None = None
