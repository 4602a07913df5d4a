"""The exchange wired to codec and verifier: what most programs want."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs

from vnedoc.edxml import EdXmlCodec
from vnedoc.exchange import (
    CollectSummary,
    Exchange,
    InboxEntry,
    OutboxEntry,
    SendSummary,
    answer,
    open_store,
)
from vnedoc.model import (
    VIETNAM,
    Acceptance,
    Conclusion,
    Envelope,
    OrganId,
    Party,
    Received,
    StatusCode,
    StatusMessage,
    Wire,
)
from vnedoc.protocols import Handler, Signer
from vnedoc.transport import open_transport
from vnedoc.verification import Policy
from vnedoc.workflow._sealing import seal, unsealed
from vnedoc.workflow._verify import open_sealed

if TYPE_CHECKING:
    from vnedoc.exchange import Store


_UNDECIDED = Conclusion.INDETERMINATE


@attrs.frozen(kw_only=True)
class PolicyOpener:
    """Judges what arrives under one policy and one acceptance rule (``protocols.Opener``).

    Attributes:
        policy: What signatures must meet.
        acceptance: The rule of the route.
        password: Of encrypted PDF attachments.
    """

    policy: Policy
    acceptance: Acceptance = Acceptance.SEALED
    password: str | None = attrs.field(default=None, repr=False)

    def open(self, wire: Wire) -> Received:
        """Judge and read; see ``open_sealed``."""
        return open_sealed(wire, self.policy, acceptance=self.acceptance, password=self.password)


class Mailroom:
    """Sends and receives for one organisation; made by ``open_mailroom``, closed by ``with``.

    Attributes:
        party: The organisation.
        exchange: The durable outbox and inbox behind it, for everything that is not here.
    """

    def __init__(self, party: Party, exchange: Exchange, signer: Signer | None, closing: ExitStack) -> None:
        self.party = party
        self.exchange = exchange
        self._signer = signer
        self._closing = closing

    def send(self, message: Envelope | StatusMessage | Wire) -> tuple[OutboxEntry, ...]:
        """Keep a message durably, then send what is due.

        Args:
            message: A message is sealed when there is a signer, else written plain; a ``Wire`` goes as it is.

        Returns:
            One entry for each recipient as it stands now. What could not be sent stays in the outbox.

        Raises:
            RuleError: The message breaks a rule of the format.
            Conflict: Its identifier was used for another content.
            ExchangeError: It cannot be kept; see ``Exchange.enqueue``.
            FileError: The store cannot be written.
        """
        kept = {one.id for one in self.exchange.enqueue(self._written(message))}
        self.flush()
        return tuple(one for one in self.exchange.outbox() if one.id in kept)

    def receive(self, handler: Handler | None = None) -> CollectSummary:
        """Fetch what waits, verify it, take it in, and answer 01 for each document.

        What was kept because it could not be decided is judged again first.

        Args:
            handler: Is called for each accepted message, at least once; when it raises, the message is
                offered again and not yet answered.

        Raises:
            TransportError: The transport cannot be asked at all.
            FileError: The store cannot be written; nothing is lost.
            ExchangeError: See ``Exchange.collect``.
        """

        def arrived(received: Received) -> None:
            if handler is not None:
                handler(received)
            message, code = received.message, StatusCode.ARRIVED
            if not isinstance(message, Envelope) or message.document_id is None:
                return
            # After a crash the handler runs again, and an answer bears its time: it would be another one.
            if not self.exchange.answered(message.document_id, message.sender.organ_id, code):
                self.exchange.enqueue(self._written(self._answer(message, code)))

        # What could not be decided may be decided now, for example because a newer revocation list is here.
        undecided = [one.id for one in self.exchange.quarantine() if one.conclusion is _UNDECIDED]
        again = [self.exchange.retry_quarantined(one) for one in undecided]
        summary = self.exchange.collect(handler=arrived)
        self.flush()
        late = tuple(one for one in again if isinstance(one, InboxEntry))
        return attrs.evolve(summary, accepted=(*late, *summary.accepted))

    def answer(
        self, envelope: Envelope, code: StatusCode, *, description: str | None = None
    ) -> tuple[OutboxEntry, ...]:
        """Report the state of a received document to its sender; 02 and 16 need the reason as *description*.

        See ``send`` and ``vnedoc.answer`` for what is raised.
        """
        return self.send(self._answer(envelope, code, description))

    def flush(self) -> SendSummary:
        """Send what is due."""
        return self.exchange.send_due()

    def close(self) -> None:
        """Close the store and the transport."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, envelope: Envelope, code: StatusCode, description: str | None = None) -> StatusMessage:
        ours = self.party.organ_id
        named = (one for one in envelope.receivers if one.organ_id.same_as(ours))
        us = self.party if self.party.name else next(named, self.party)
        return answer(envelope, code, sender=us, at=dt.datetime.now(VIETNAM), description=description)

    def _written(self, message: Envelope | StatusMessage | Wire) -> Wire:
        if isinstance(message, Wire):
            return message
        return unsealed(message) if self._signer is None else seal(message, self._signer)


def open_mailroom(
    store: str | os.PathLike[str],
    *,
    via: str,
    party: Party | OrganId | str,
    policy: Policy,
    signer: Signer | None = None,
    acceptance: Acceptance = Acceptance.SEALED,
    password: str | None = None,
    blobs: str | os.PathLike[str] | None = None,
) -> Mailroom:
    """Open the outbox and inbox of one organisation over one transport.

    Args:
        store: A path for SQLite, or a SQLAlchemy URL.
        via: Transport, such as ``folder:DIR``.
        party: Who sends and receives.
        policy: What the signatures of incoming messages must meet.
        signer: Seals what is sent; without it messages go plain, as most of today's traffic does.
        acceptance: The rule of the route.
        password: Of encrypted PDF attachments.
        blobs: Folder for large bodies; default beside the store.

    Raises:
        MissingExtra: The extra ``exchange`` is not installed.
        ConfigError: The store's URL or the transport's short form cannot be used.
        ExchangeError: The store is damaged, locked or of a newer version.
        FileError: The store cannot be written.
    """
    us = party if isinstance(party, Party) else Party(party)
    opener = PolicyOpener(policy=policy, acceptance=acceptance, password=password)
    with ExitStack() as stack:
        transport = open_transport(via)
        stack.callback(transport.close)
        opened: Store = stack.enter_context(open_store(store, blobs=blobs))
        exchange = Exchange(opened, transport, EdXmlCodec(policy.limits), opener, us.organ_id)
        return Mailroom(us, exchange, signer, stack.pop_all())
