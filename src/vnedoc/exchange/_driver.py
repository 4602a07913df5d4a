"""The driver: what is due goes out, what waits comes in, and a person may look and decide."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from vnedoc.errors import ConfigError, ExchangeError, FileError, MissingExtra, TransportError
from vnedoc.exchange._process import SystemClock, crashpoint, new_worker
from vnedoc.exchange._states import RetryPolicy
from vnedoc.exchange._values import (
    CollectSummary,
    Event,
    InboxEntry,
    Label,
    OutboxEntry,
    QuarantineEntry,
    RunSummary,
    SendSummary,
)
from vnedoc.model import DocumentId, Envelope, Limits, OrganId, StatusCode, StatusMessage, Wire
from vnedoc.protocols import Clock, Codec, Handler, Opener

if TYPE_CHECKING:
    from vnedoc.exchange._sending import Carrier
    from vnedoc.exchange._storage import Store


def open_store(
    address: str | os.PathLike[str], *, blobs: str | os.PathLike[str] | None = None, tenant: str = ""
) -> Store:
    """Open a store, and make it when it is not there. Close it, or use it in ``with``.

    Args:
        address: A path, or a SQLAlchemy URL such as ``sqlite:///agency.db``; on a local disk.
        blobs: Folder for bodies over 32 KiB; by default the database's name with ``.blobs`` beside it.
        tenant: Name that keeps several users of one database apart.

    Raises:
        MissingExtra: ``VND-EXTRA-001`` when the extra ``exchange`` is not installed.
        ConfigError: ``VND-EXC-001`` for a URL that cannot be used.
        FileError: ``VND-IO-002`` when the file cannot be made or written.
        ExchangeError: ``VND-EXC-002`` a newer version's store, ``VND-EXC-003`` damaged or no database,
            ``VND-EXC-004`` locked.
    """
    try:
        from vnedoc.exchange._storage import Store
    except ImportError as error:
        raise MissingExtra.of("exchange", "a durable store") from error
    return Store.open(address, None if blobs is None else Path(blobs), tenant)


class Exchange:
    """Sends and receives for one organisation over one transport.

    Threads and processes may share a store, each with its own exchange. The store and the transport stay the
    caller's, who closes them.

    Args:
        store: See ``open_store``.
        transport: Sends and can be polled.
        codec: Reads the header of what is enqueued.
        opener: Judges what comes in; nothing is accepted without it.
        organ: The organisation that sends and receives here.
        clock: Tells the time; by default the machine's.
        on_event: Is told of each change after it was committed; what it raises is logged and forgotten.
        route: Name of the transport's settings. It keeps the rows of several transports, and messages under
            several acceptance rules, apart; what came once does not come again over another route.
        retry: When failed sends and failed handlers are tried again.
        limits: ``file_bytes`` bounds what is fetched.
        lease: For how long a claim holds, seconds; longer than *deadline*.
        deadline: How long one call of the transport may take, seconds.
        chance: Source of the jitter.
    """

    def __init__(
        self,
        store: Store,
        transport: Carrier,
        codec: Codec,
        opener: Opener,
        organ: OrganId,
        *,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        route: str = "default",
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        lease: float = 60.0,
        deadline: float = 30.0,
        chance: random.Random | None = None,
    ) -> None:
        # These load SQLAlchemy, which whoever holds a store has.
        from vnedoc.exchange._receiving import Receiving
        from vnedoc.exchange._sending import Means, Sending
        from vnedoc.exchange._storage import Inbox, Outbox, Scope

        if lease <= deadline:
            raise ConfigError(
                "VND-EXC-006",
                "a claim must hold for longer than a call of the transport may take",
                path="lease",
                hint="raise lease or lower deadline",
                facts={"lease": str(lease), "deadline": str(deadline)},
            )
        policy = retry or RetryPolicy()
        scope = Scope(
            organ=organ.value,
            route=route,
            worker=new_worker(),
            lease=dt.timedelta(seconds=lease),
            horizon=dt.timedelta(seconds=max(policy.cap, lease)),
            observer=on_event,
        )
        means = Means(
            store=store,
            transport=transport,
            opener=opener,
            organ=organ,
            clock=clock or SystemClock(),
            retry=policy,
            limits=limits or Limits(),
            deadline=deadline,
            chance=chance or random.SystemRandom(),
        )
        self.organ = organ
        self._store = store
        self._transport = transport
        self._codec = codec
        self._clock = means.clock
        self._out = Outbox(store, scope)
        self._in = Inbox(store, scope)
        self._sending = Sending(means, self._out)
        self._receiving = Receiving(means, self._in)

    # --- outgoing ---------------------------------------------------------------------------------

    def enqueue(self, wire: Wire, *, connection: object = None) -> tuple[OutboxEntry, ...]:
        """Keep a message for sending: one entry for each recipient. Once this returns it is not lost.

        The bytes are kept and sent as they are. The same bytes again give the entries that are there, with
        ``duplicate`` set, and are not sent again.

        Args:
            wire: A document or status message of this organisation.
            connection: A ``sqlalchemy.Connection`` inside a transaction, when the tables are in the
                application's own database; the message is then kept when that transaction commits.

        Raises:
            DecodeError: When the bytes are no message.
            RuleError: ``VND-EXC-011`` when nothing identifies it.
            Conflict: ``VND-EXC-013`` when the identifier was used for another content.
            ExchangeError: ``VND-EXC-007`` no recipient, ``VND-EXC-008`` another sender, ``VND-EXC-009`` too
                large for the transport, ``VND-EXC-012`` the connection.
            FileError: ``VND-IO-002`` disk full, ``VND-IO-003`` the file changed; nothing was kept.
        """
        message = self._codec.decode(wire).message
        label = Label.of(message)
        recipients = self._recipients(message, label, wire)
        with self._store.spool() as spool:
            for piece in wire.blob.chunks():
                spool.write(piece)
            if spool.digest != wire.digest:
                raise FileError(
                    "VND-IO-003",
                    "the file has changed since it was first read",
                    path=str(wire.blob.path),
                    hint="copy the file to a place that nobody writes to, then start again",
                    facts={"expected": wire.digest},
                )
            kept = attrs.evolve(wire, blob=spool.finish())
        entries = self._out.add(label, kept, recipients, self._clock.now(), connection)
        crashpoint("O2")
        return entries

    def _recipients(self, message: Envelope | StatusMessage, label: Label, wire: Wire) -> tuple[str, ...]:
        if not label.sender.same_as(self.organ):
            raise ExchangeError(
                "VND-EXC-008",
                "the message is from another organisation",
                path="From",
                hint="use the exchange of the organisation that sends",
                facts={"sender": label.sender.value, "organ": self.organ.value},
            )
        if isinstance(message, Envelope):
            found = tuple(dict.fromkeys(one.organ_id.value for one in message.receivers))
        else:
            found = (label.addressee,) if label.addressee else ()
        if not found:
            raise ExchangeError(
                "VND-EXC-007",
                "the message names no recipient",
                path="To",
                hint="name at least one; a status goes to ResponseFor/OrganId",
                facts={"document_id": label.document_id},
            )
        largest = self._transport.capabilities.max_payload
        if largest is not None and wire.size > largest:
            raise ExchangeError(
                "VND-EXC-009",
                "the message is too large for this transport",
                path=label.document_id,
                hint="use another transport, or smaller attachments",
                facts={"allowed": largest, "seen": wire.size},
            )
        return found

    def send_due(self, *, limit: int = 32) -> SendSummary:
        """Send up to *limit* messages that are due.

        Failures of single messages are in the summary. A failure of the route ends the round.

        Raises:
            FileError: ``VND-IO-002`` when the store cannot be written; what was sent will be sent again.
            ExchangeError: ``VND-EXC-003``, ``VND-EXC-004``.
        """
        return self._sending.send_due(limit)

    # --- incoming ---------------------------------------------------------------------------------

    def collect(self, *, limit: int = 100, handler: Handler | None = None) -> CollectSummary:
        """Take in up to *limit* messages that wait for this organisation.

        Each is stored, judged, accepted once or kept in quarantine, and only then settled with the other
        side: what failed as refused; what could not be decided as accepted, since it is here for good.

        Args:
            limit: Largest number of messages.
            handler: Is called for each accepted message after it was committed, at least once; what it
                raises means "not yet". Without it messages wait for a call that gives one. What nothing
                proves (a claimed revoke, update or replace, an unmatched status) is not handed over. What
                is handed over later is judged again first.

        Raises:
            TransportError: When the transport cannot be asked at all.
            FileError: ``VND-IO-002`` when the store cannot be written; nothing is lost.
            ExchangeError: ``VND-EXC-003``, ``VND-EXC-004``.
        """
        return self._receiving.collect(limit, handler)

    # --- both ways --------------------------------------------------------------------------------

    def run_once(self, budget: float, *, handler: Handler | None = None) -> RunSummary:
        """Receive and send until nothing moves or *budget* seconds are over; for cron and the like.

        A failure of the transport while receiving does not keep it from sending; it is in the summary.
        """
        until = self._clock.now() + dt.timedelta(seconds=budget)
        total = RunSummary()
        while True:
            taken, failure = CollectSummary(), None
            try:
                taken = self.collect(limit=32, handler=handler)
            except TransportError as error:
                failure = error
            sent = self.send_due(limit=32)
            errors = [*taken.errors, *sent.errors, *([failure] if failure else [])]
            total = RunSummary(
                sent=total.sent + sent.sent,
                accepted=total.accepted + len(taken.accepted),
                duplicates=total.duplicates + len(taken.duplicates),
                quarantined=total.quarantined + len(taken.quarantined),
                handled=total.handled + taken.handled,
                error=errors[-1] if errors else total.error,
            )
            moved = taken.accepted or taken.handled or sent.sent
            if not moved or self._clock.now() >= until:
                return total

    # --- a person looks and decides ---------------------------------------------------------------

    def outbox(self, ids: Sequence[int] | None = None) -> tuple[OutboxEntry, ...]:
        """Give the outgoing entries of this route, or those with *ids*, oldest first."""
        return self._out.entries(ids)

    def inbox(self, ids: Sequence[int] | None = None) -> tuple[InboxEntry, ...]:
        """Give the accepted messages of every route, or those with *ids*, oldest first.

        Those that are UNMATCHED or WAITING need a person.
        """
        return self._in.entries(ids)

    def quarantine(self) -> tuple[QuarantineEntry, ...]:
        """Give what came over this route and was not accepted, oldest first."""
        return self._in.quarantined()

    def answered(self, document_id: DocumentId | str, recipient: OrganId | str, code: StatusCode) -> bool:
        """Tell whether a status with *code* on this document was ever enqueued here for *recipient*.

        A handler may run again after a crash; this keeps it from answering twice.
        """
        whom = recipient if isinstance(recipient, OrganId) else OrganId(recipient)
        return self._out.answered(str(document_id), self.organ, whom, code)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Give up to *limit* lines of the log after line *after*, oldest first."""
        return self._store.events(after=after, limit=limit)

    def register(self, document_id: DocumentId | str, *, sender: OrganId | str | None = None) -> InboxEntry:
        """Enter a document in the book of incoming documents; the caller then enqueues status 03.

        May be said twice.

        Raises:
            ExchangeError: ``VND-EXC-016`` no such document, ``VND-EXC-017`` several senders used this
                identifier.
        """
        who = None if sender is None else str(sender)
        return self._in.register(str(document_id), who, self._clock.now())

    def redrive(self, entry: int) -> OutboxEntry:
        """Put an outgoing entry that is HELD, UNKNOWN or DEAD back in line, because a person says so.

        Raises:
            ExchangeError: ``VND-EXC-010`` in any other state, ``VND-EXC-016`` no such entry.
        """
        return self._out.redrive(entry, self._clock.now())

    def retry_quarantined(self, entry: int) -> InboxEntry | QuarantineEntry:
        """Judge quarantined bytes again, for example after trust or revocation data was added.

        The other side is not told again.

        Raises:
            ExchangeError: ``VND-EXC-016`` no such entry, ``VND-EXC-018`` another worker has it in hand,
                ``VND-EXC-022``, ``VND-EXC-023`` its bytes are lost.
        """
        return self._receiving.retry_quarantined(entry)
