"""Receiving: fetch, judge, accept once or keep apart, tell the other side, hand over to the application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import attrs

from vnedoc.errors import (
    AmbiguousError,
    ExchangeError,
    LimitExceeded,
    SecurityError,
    TransportError,
    VnedocError,
)
from vnedoc.exchange._process import crashpoint
from vnedoc.exchange._sending import Means
from vnedoc.exchange._states import HandlingStep, Refusal, poisoned, refusal_for, refused, unreadable
from vnedoc.exchange._storage import Arrival, Inbox, Task, Verdict
from vnedoc.exchange._values import CollectSummary, InboxEntry, Label, QuarantineEntry
from vnedoc.model import (
    Envelope,
    InboundMeta,
    OrganId,
    Received,
    RemoteHandle,
    Settlement,
    StatusMessage,
    Wire,
)
from vnedoc.protocols import Handler

_NOT_STORABLE = "VND-EXC-005"


class Receiving:
    """The incoming half of an exchange."""

    def __init__(self, means: Means, inbox: Inbox) -> None:
        self._means = means
        self._in = inbox

    def collect(self, limit: int, handler: Handler | None) -> CollectSummary:
        """See ``Exchange.collect``."""
        tally = _Tally()
        cursor: bytes | None = None
        left = limit
        while left > 0:
            with _carrying():
                page = self._means.transport.poll(
                    self._means.organ, cursor=cursor, limit=left, deadline=self._means.deadline
                )
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
        with self._means.store.spool(self._means.limits.file_bytes) as spool:
            try:
                with _carrying():
                    meta = self._means.transport.fetch(
                        self._means.organ, handle, cast("BinaryIO", spool), deadline=self._means.deadline
                    )
            except LimitExceeded as error:
                tally.errors.append(error)
                self._in.note_refused(error.code, self._means.clock.now())
                self._settle(handle, Settlement.REFUSED)
                return
            _compare(meta, spool.digest, handle)
            crashpoint("I1")
            blob = spool.finish()
        arrival = self._in.arrive(handle.id, blob, self._means.clock.now())
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
        if self._means.transport.capabilities.settles:
            with _carrying():
                self._means.transport.settle(
                    self._means.organ, handle, settlement, deadline=self._means.deadline
                )

    def _judge(self, arrival: Arrival, route_sender: OrganId | None) -> tuple[Arrival, Received | None]:
        """Open what is fresh and accept it or keep it apart; the message is given only when it is new."""
        if arrival.verdict is not Verdict.FRESH:
            return arrival, None
        if arrival.poisoned:
            return self._in.quarantine(arrival, poisoned(), self._means.clock.now()), None
        try:
            received = self._means.opener.open(arrival.wire)
            label = Label.of(received.message)
        except Exception as error:
            refusal = refusal_for(error)
            if refusal is None:
                self._in.release(arrival)
                raise
            return self._in.quarantine(arrival, refusal, self._means.clock.now()), None
        wrong = self._misdirected(received.message, label, route_sender)
        if wrong is not None:
            return self._in.quarantine(arrival, wrong, self._means.clock.now()), None
        conflict = refused(
            "VND-EXC-032",
            "this identifier came before with another content",
            document_id=label.document_id,
        )
        try:
            arrival = self._in.accept(arrival, label, received, conflict, self._means.clock.now())
        except Exception as error:
            # Nothing was written. What the store cannot take in must not come back for ever and hold up the
            # rest; trouble with the store itself is not the message's.
            if isinstance(error, VnedocError) and error.code != _NOT_STORABLE:
                raise
            refusal = unreadable(error)
            return self._in.quarantine(arrival, refusal, self._means.clock.now()), None
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
            named = [self._means.organ if about is None else about]
        if any(one.same_as(self._means.organ) for one in named):
            return None
        return refused(
            "VND-EXC-030",
            "the message is not addressed to this organisation",
            organ=self._means.organ.value,
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
            tasks = self._in.claim_tasks(1, self._means.clock.now(), entry=entry)
            if not tasks:
                return
            error = self._handle(handler, tasks[0], received)
            if error is None:
                tally.handled += 1
            else:
                tally.errors.append(error)

    def _handle(self, handler: Handler, task: Task, received: Received | None) -> Exception | None:
        if task.poisoned:
            self._in.finish_task(
                task, (HandlingStep.POISON,), self._means.clock.now(), error=_lethal(task.id)
            )
            return _lethal(task.id)
        try:
            if received is None or received.wire.digest != task.digest:  # another one took its place since
                received = self._means.opener.open(
                    Wire(self._means.store.get(task.digest), task.content_type)
                )
            handler(received)
        except Exception as error:  # noqa: BLE001 - whatever the application raises means "not yet"
            now = self._means.clock.now()
            over = self._means.retry.over(task.first_try_at, now)
            steps = (HandlingStep.FAIL, HandlingStep.GIVE_UP) if over else (HandlingStep.FAIL,)
            wait = self._means.retry.delay(task.attempts, self._means.chance)
            self._in.finish_task(task, steps, now, wait=wait, error=error)
            return error
        crashpoint("I6")
        self._in.finish_task(task, (HandlingStep.FINISH,), self._means.clock.now())
        return None

    def retry_quarantined(self, entry: int) -> InboxEntry | QuarantineEntry:
        """See ``Exchange.retry_quarantined``."""
        arrival, _ = self._judge(self._in.reopen(entry, self._means.clock.now()), None)
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
        if arrival.verdict is Verdict.BUSY:
            self.busy += 1
        elif arrival.entry is None:
            self.quarantined.append(arrival.id)
        elif arrival.verdict is Verdict.ACCEPTED:
            self.accepted.append(arrival.entry)
            self.quarantined.extend(arrival.displaced)
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
