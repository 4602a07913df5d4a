"""The driver: what is due goes out, what waits comes in, and a person may look and decide."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import attrs

from vnedoc.errors import (
    AmbiguousError,
    ExchangeError,
    FileError,
    LimitExceeded,
    MissingExtra,
    SecurityError,
    TransientError,
    TransportError,
    VnedocError,
)
from vnedoc.exchange._process import SystemClock, crashpoint, new_worker
from vnedoc.exchange._states import (
    OUTBOX,
    HandlingStep,
    OutboxState,
    OutboxStep,
    Refusal,
    RetryPolicy,
    poisoned,
    refusal_for,
    refused,
    step_after,
)
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
from vnedoc.model import (
    Awaiting,
    DocumentId,
    Envelope,
    InboundMeta,
    Limits,
    OrganId,
    Parcel,
    Received,
    RemoteHandle,
    Settlement,
    StatusMessage,
    Wire,
)
from vnedoc.protocols import Clock, Codec, Handler, Opener, Poller, Sender

if TYPE_CHECKING:
    from vnedoc.exchange._inbox import Arrival, Task
    from vnedoc.exchange._outbox import Claim, Outcome
    from vnedoc.exchange._store import Store

_OWN_BODY = ("VND-EXC-022", "VND-EXC-023")


class Carrier(Sender, Poller, Protocol):
    """A transport that sends and can be polled."""


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
        from vnedoc.exchange._store import Store
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
        route: Name of the transport's settings, which keeps the rows of several transports apart.
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
        from vnedoc.exchange._inbox import Inbox
        from vnedoc.exchange._outbox import Outbox
        from vnedoc.exchange._store import Scope

        if lease <= deadline:
            raise ExchangeError(
                "VND-EXC-006",
                "a claim must hold for longer than a call of the transport may take",
                path="lease",
                hint="raise lease or lower deadline",
                facts={"lease": str(lease), "deadline": str(deadline)},
            )
        scope = Scope(
            organ=organ.value,
            route=route,
            worker=new_worker(),
            lease=dt.timedelta(seconds=lease),
            observer=on_event,
        )
        self.organ = organ
        self._store = store
        self._transport = transport
        self._codec = codec
        self._opener = opener
        self._clock = clock or SystemClock()
        self._retry = retry or RetryPolicy()
        self._limits = limits or Limits()
        self._deadline = deadline
        self._chance = chance or random.SystemRandom()
        self._out = Outbox(store, scope)
        self._in = Inbox(store, scope)

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
            Conflict: ``VND-EXC-013`` when the identifier was used for another content.
            ExchangeError: ``VND-EXC-007`` no recipient, ``VND-EXC-008`` another sender, ``VND-EXC-009`` too
                large for the transport, ``VND-EXC-011`` no identifier, ``VND-EXC-012`` the connection.
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
        resend = self._transport.capabilities.idempotent_send
        tried: list[int] = []
        errors: list[Exception] = []
        fenced = 0
        while len(tried) < limit:
            # Where sending again is not harmless, a worker that dies must leave one doubtful row, not many.
            most = limit - len(tried) if resend else 1
            claims = deque(self._out.claim(most, self._clock.now(), resend=resend))
            if not claims:
                break
            try:
                while claims:
                    tried.append(claims[0].id)
                    outcome = self._send(claims.popleft())
                    if outcome is None:
                        fenced += 1
                    elif outcome.error is not None:
                        errors.append(outcome.error)
                        if outcome.steps[0] is OutboxStep.ROUTE:
                            return self._summary(tried, fenced, errors)
            finally:
                if claims:
                    with suppress(VnedocError):  # the leases end by themselves
                        self._out.release(claims, self._clock.now())
        return self._summary(tried, fenced, errors)

    def _summary(self, tried: list[int], fenced: int, errors: list[Exception]) -> SendSummary:
        return SendSummary(
            entries=self._out.entries(tried) if tried else (), fenced=fenced, errors=tuple(errors)
        )

    def _send(self, claim: Claim) -> Outcome | None:
        """Send one row and write down the outcome; ``None`` when another worker has taken over."""
        if self._clock.now() + dt.timedelta(seconds=self._deadline) > claim.lease_until:
            renewed = self._out.renew(claim, self._clock.now())
            if renewed is None:
                return None
            claim = renewed
        crashpoint("O3")
        outcome = self._carry(claim)
        crashpoint("O5")
        return outcome if self._out.record(claim, outcome, self._clock.now()) else None

    def _carry(self, claim: Claim) -> Outcome:
        from vnedoc.exchange._outbox import Outcome

        started = self._clock.now()
        try:
            wire = Wire(self._store.get(claim.digest), claim.content_type)
        except ExchangeError as error:
            if error.code not in _OWN_BODY:
                raise
            return Outcome(steps=(OutboxStep.SECURITY,), started_at=started, error=error)
        parcel = Parcel(
            idempotency_key=claim.idempotency_key,
            attempt_id=f"{claim.idempotency_key}-{claim.token}",
            document_id=claim.document_id,
            kind=claim.kind,
            sender=claim.sender,
            recipient=claim.recipient,
            wire=wire,
            created_at=claim.created_at,
        )
        try:
            result = self._transport.send(parcel, deadline=self._deadline)
        except Exception as error:  # noqa: BLE001 - a transport may be anybody's code
            return self._failed(claim, error, started)
        waits = result.awaiting is Awaiting.RECEIPT
        step = OutboxStep.AWAIT if waits else OutboxStep.DELIVER
        return Outcome(steps=(step,), started_at=started, result=result)

    def _failed(self, claim: Claim, error: Exception, started: dt.datetime) -> Outcome:
        from vnedoc.exchange._outbox import Outcome

        steps: tuple[OutboxStep, ...] = (step_after(error),)
        if steps[0] is OutboxStep.AMBIGUOUS and self._transport.capabilities.idempotent_send:
            steps += (OutboxStep.RESEND,)
        waits = OUTBOX.advance(OutboxState.SENDING, *steps) is OutboxState.RETRY_WAIT
        if steps[0] is OutboxStep.ROUTE:
            wait = dt.timedelta(seconds=self._retry.base)
        elif waits and self._retry.over(claim.first_try_at, self._clock.now()):
            steps += (OutboxStep.GIVE_UP,)
            wait = dt.timedelta()
        else:
            floor = error.retry_after if isinstance(error, TransientError) else None
            wait = self._retry.delay(claim.attempts, self._chance, floor=floor)
        return Outcome(steps=steps, started_at=started, wait=wait, error=error)

    # --- incoming ---------------------------------------------------------------------------------

    def collect(self, *, limit: int = 100, handler: Handler | None = None) -> CollectSummary:
        """Take in up to *limit* messages that wait for this organisation.

        Each is stored, judged, accepted once or kept in quarantine, and only then settled with the other
        side: what failed as refused; what could not be decided as accepted, since it is here for good.

        Args:
            limit: Largest number of messages.
            handler: Is called for each accepted message after it was committed, at least once; what it
                raises means "not yet". Without it messages wait for a call that gives one. What nothing
                proves (a claimed revoke, update or replace, an unmatched status) is not handed over.

        Raises:
            TransportError: When the transport cannot be asked at all.
            FileError: ``VND-IO-002`` when the store cannot be written; nothing is lost.
            ExchangeError: ``VND-EXC-003``, ``VND-EXC-004``.
        """
        tally = _Tally()
        cursor: bytes | None = None
        left = limit
        while left > 0:
            with _carrying():
                page = self._transport.poll(self.organ, cursor=cursor, limit=left, deadline=self._deadline)
            for handle in page.handles[:left]:
                try:
                    self._take(handle, tally, handler)
                except TransportError as error:
                    tally.errors.append(error)
            left -= len(page.handles)
            cursor = page.next_cursor
            if cursor is None or not page.handles:
                break
        if handler is not None:
            self._hand_over(handler, tally, limit)
        return CollectSummary(
            accepted=self._in.entries(tally.accepted) if tally.accepted else (),
            duplicates=self._in.entries(tally.duplicates) if tally.duplicates else (),
            quarantined=self._in.quarantined(tally.quarantined) if tally.quarantined else (),
            handled=tally.handled,
            busy=tally.busy,
            errors=tuple(tally.errors),
        )

    def _take(self, handle: RemoteHandle, tally: _Tally, handler: Handler | None) -> None:
        with self._store.spool(self._limits.file_bytes) as spool:
            try:
                with _carrying():
                    meta = self._transport.fetch(
                        self.organ, handle, cast("BinaryIO", spool), deadline=self._deadline
                    )
            except LimitExceeded as error:
                tally.errors.append(error)
                self._settle(handle, Settlement.REFUSED)
                return
            _compare(meta, spool.digest, handle)
            crashpoint("I1")
            blob = spool.finish()
        arrival = self._in.arrive(handle.id, blob, self._clock.now())
        crashpoint("I2")
        arrival, received = self._judge(arrival, meta.sender)
        tally.count(arrival)
        crashpoint("I3")
        if arrival.settlement is not None:
            self._settle(handle, arrival.settlement)
            crashpoint("I4")
        if handler is not None and received is not None:
            self._hand_over(handler, tally, 1, entry=arrival.entry, received=received)

    def _settle(self, handle: RemoteHandle, settlement: Settlement) -> None:
        if self._transport.capabilities.settles:
            with _carrying():
                self._transport.settle(self.organ, handle, settlement, deadline=self._deadline)

    def _judge(self, arrival: Arrival, route_sender: OrganId | None) -> tuple[Arrival, Received | None]:
        """Open what is fresh and accept it or keep it apart; the message is given only when it is new."""
        from vnedoc.exchange._inbox import Verdict

        if arrival.verdict is not Verdict.FRESH:
            return arrival, None
        if arrival.poisoned:
            return self._in.quarantine(arrival, poisoned(), self._clock.now()), None
        try:
            received = self._opener.open(arrival.wire)
            label = Label.of(received.message)
        except Exception as error:
            refusal = refusal_for(error)
            if refusal is None:
                self._in.release(arrival)
                raise
            return self._in.quarantine(arrival, refusal, self._clock.now()), None
        wrong = self._misdirected(received.message, label, route_sender)
        if wrong is not None:
            return self._in.quarantine(arrival, wrong, self._clock.now()), None
        conflict = refused(
            "VND-EXC-032",
            "this identifier came before with another content",
            document_id=label.document_id,
        )
        arrival = self._in.accept(arrival, label, received, conflict, self._clock.now())
        return arrival, received if arrival.verdict is Verdict.ACCEPTED else None

    def _misdirected(
        self, message: Envelope | StatusMessage, label: Label, route_sender: OrganId | None
    ) -> Refusal | None:
        if route_sender is not None and not route_sender.same_as(label.sender):
            return refused(
                "VND-EXC-031",
                "the route says that another organisation sent it",
                route=route_sender.value,
                sender=label.sender.value,
            )
        if isinstance(message, Envelope):
            named = [one.organ_id for one in message.receivers]
        else:
            # The axis routes a status by other means too, so one without an address is taken.
            about = message.response_for.organ_id
            named = [self.organ if about is None else about]
        if any(one.same_as(self.organ) for one in named):
            return None
        return refused(
            "VND-EXC-030",
            "the message is not addressed to this organisation",
            organ=self.organ.value,
            recipients=[one.value for one in named],
        )

    def _hand_over(
        self,
        handler: Handler,
        tally: _Tally,
        limit: int,
        *,
        entry: int | None = None,
        received: Received | None = None,
    ) -> None:
        for _ in range(limit):
            tasks = self._in.claim_tasks(1, self._clock.now(), entry=entry)
            if not tasks:
                return
            error = self._handle(handler, tasks[0], received)
            if error is None:
                tally.handled += 1
            else:
                tally.errors.append(error)

    def _handle(self, handler: Handler, task: Task, received: Received | None) -> Exception | None:
        if task.poisoned:
            self._in.finish_task(task, (HandlingStep.POISON,), self._clock.now(), error=_lethal(task.id))
            return _lethal(task.id)
        try:
            if received is None:
                received = self._opener.open(Wire(self._store.get(task.digest), task.content_type))
            handler(received)
        except Exception as error:  # noqa: BLE001 - whatever the application raises means "not yet"
            now = self._clock.now()
            over = self._retry.over(task.first_try_at, now)
            steps = (HandlingStep.FAIL, HandlingStep.GIVE_UP) if over else (HandlingStep.FAIL,)
            wait = self._retry.delay(task.attempts, self._chance)
            self._in.finish_task(task, steps, now, wait=wait, error=error)
            return error
        crashpoint("I6")
        self._in.finish_task(task, (HandlingStep.FINISH,), self._clock.now())
        return None

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

    def outbox(self) -> tuple[OutboxEntry, ...]:
        """Give every outgoing entry, oldest first."""
        return self._out.entries()

    def inbox(self) -> tuple[InboxEntry, ...]:
        """Give every accepted message, oldest first; those UNMATCHED or WAITING need a person."""
        return self._in.entries()

    def quarantine(self) -> tuple[QuarantineEntry, ...]:
        """Give everything that came and was not accepted, oldest first."""
        return self._in.quarantined()

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
        from vnedoc.exchange._inbox import Verdict

        arrival, _ = self._judge(self._in.reopen(entry, self._clock.now()), None)
        if arrival.verdict is Verdict.BUSY:
            raise ExchangeError(
                "VND-EXC-018",
                "another worker has this entry in hand",
                path=f"quarantine:{entry}",
                hint="try again in a minute",
                facts={"entry": f"quarantine:{entry}"},
            )
        if arrival.entry is not None:
            return self._in.entries([arrival.entry])[0]
        return self._in.quarantined([entry])[0]


@attrs.define
class _Tally:
    accepted: list[int] = attrs.field(factory=list)
    duplicates: list[int] = attrs.field(factory=list)
    quarantined: list[int] = attrs.field(factory=list)
    errors: list[Exception] = attrs.field(factory=list)
    handled: int = 0
    busy: int = 0

    def count(self, arrival: Arrival) -> None:
        from vnedoc.exchange._inbox import Verdict

        if arrival.verdict is Verdict.BUSY:
            self.busy += 1
        elif arrival.entry is None:
            self.quarantined.append(arrival.id)
        elif arrival.verdict is Verdict.ACCEPTED:
            self.accepted.append(arrival.entry)
        else:
            self.duplicates.append(arrival.entry)


def _compare(meta: InboundMeta, digest: str, handle: RemoteHandle) -> None:
    if meta.digest != digest:
        raise SecurityError(
            "VND-EXC-020",
            "the transport gave other bytes than it says",
            path=handle.id,
            hint="look at the transport; the message stays there",
            facts={"handle": handle.id, "expected": meta.digest, "seen": digest},
        )


def _lethal(task: int) -> ExchangeError:
    return ExchangeError(
        "VND-EXC-014",
        "several workers ended while they had it in hand",
        path=f"handling:{task}",
        hint="find out why before it is tried again",
        facts={"entry": f"handling:{task}"},
    )


@contextmanager
def _carrying() -> Iterator[None]:
    """Take whatever a transport raises beyond its contract for an ambiguous failure."""
    try:
        yield
    except VnedocError:
        raise
    except Exception as error:
        raise AmbiguousError(
            "VND-EXC-019",
            f"{type(error).__name__} escaped from the transport",
            hint="report it to whoever wrote the transport",
            facts={"error": type(error).__name__},
        ) from error
