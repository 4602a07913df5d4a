"""Sending: claim what is due, hand it to the transport, write down what became of it."""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from contextlib import suppress
from typing import Protocol

import attrs

from vnedoc.errors import ExchangeError, TransientError, VnedocError
from vnedoc.exchange._process import crashpoint
from vnedoc.exchange._states import OUTBOX, OutboxState, OutboxStep, RetryPolicy, step_after
from vnedoc.exchange._storage import Claim, Outbox, Outcome, Store
from vnedoc.exchange._values import SendSummary
from vnedoc.model import Awaiting, Limits, OrganId, Parcel, Wire
from vnedoc.protocols import Clock, Opener, Poller, Sender

_OWN_BODY = ("VND-EXC-022", "VND-EXC-023")


class Carrier(Sender, Poller, Protocol):
    """A transport that sends and can be polled."""


@attrs.frozen(kw_only=True)
class Means:
    """What both directions work with; see ``Exchange``."""

    store: Store
    transport: Carrier
    opener: Opener
    organ: OrganId
    clock: Clock
    retry: RetryPolicy
    limits: Limits
    deadline: float
    chance: random.Random


class Sending:
    """The outgoing half of an exchange."""

    def __init__(self, means: Means, out: Outbox) -> None:
        self._means = means
        self._out = out

    def send_due(self, limit: int) -> SendSummary:
        """See ``Exchange.send_due``."""
        resend = self._means.transport.capabilities.idempotent_send
        tried: list[int] = []
        errors: list[Exception] = []
        fenced = 0
        while len(tried) < limit:
            # Where sending again is not harmless, a worker that dies must leave one doubtful row, not many.
            most = limit - len(tried) if resend else 1
            claims = deque(self._out.claim(most, self._means.clock.now(), resend=resend))
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
                        self._out.release(claims, self._means.clock.now())
        return self._summary(tried, fenced, errors)

    def _summary(self, tried: list[int], fenced: int, errors: list[Exception]) -> SendSummary:
        return SendSummary(
            entries=self._out.entries(tried) if tried else (), fenced=fenced, errors=tuple(errors)
        )

    def _send(self, claim: Claim) -> Outcome | None:
        """Send one row and write down the outcome; ``None`` when another worker has taken over."""
        if self._means.clock.now() + dt.timedelta(seconds=self._means.deadline) > claim.lease_until:
            renewed = self._out.renew(claim, self._means.clock.now())
            if renewed is None:
                return None
            claim = renewed
        crashpoint("O3")
        outcome = self._carry(claim)
        crashpoint("O5")
        return outcome if self._out.record(claim, outcome, self._means.clock.now()) else None

    def _carry(self, claim: Claim) -> Outcome:
        started = self._means.clock.now()
        try:
            wire = Wire(self._means.store.get(claim.digest), claim.content_type)
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
            result = self._means.transport.send(parcel, deadline=self._means.deadline)
        except Exception as error:  # noqa: BLE001 - a transport may be anybody's code
            return self._failed(claim, error, started)
        waits = result.awaiting is Awaiting.RECEIPT
        step = OutboxStep.AWAIT if waits else OutboxStep.DELIVER
        return Outcome(steps=(step,), started_at=started, result=result)

    def _failed(self, claim: Claim, error: Exception, started: dt.datetime) -> Outcome:
        steps: tuple[OutboxStep, ...] = (step_after(error),)
        if steps[0] is OutboxStep.AMBIGUOUS and self._means.transport.capabilities.idempotent_send:
            steps += (OutboxStep.RESEND,)
        waits = OUTBOX.advance(OutboxState.SENDING, *steps) is OutboxState.RETRY_WAIT
        if steps[0] is OutboxStep.ROUTE:
            wait = dt.timedelta(seconds=self._means.retry.base)
        elif waits and self._means.retry.over(claim.first_try_at, self._means.clock.now()):
            steps += (OutboxStep.GIVE_UP,)
            wait = dt.timedelta()
        else:
            floor = error.retry_after if isinstance(error, TransientError) else None
            wait = self._means.retry.delay(claim.attempts, self._means.chance, floor=floor)
        return Outcome(steps=steps, started_at=started, wait=wait, error=error)
