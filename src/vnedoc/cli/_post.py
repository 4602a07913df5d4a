"""``send`` and ``receive``: the commands that exchange."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from vnedoc.cli._console import Console
from vnedoc.cli._options import acceptance_of, key_of, password_of, policy_of
from vnedoc.edxml import EdXmlCodec
from vnedoc.exchange import CollectSummary, Exchange, OutboxState, open_store
from vnedoc.model import VIETNAM, Conclusion, Envelope, MessageKind, OrganId, Party, Received, StatusCode
from vnedoc.report import plain
from vnedoc.transport import open_transport
from vnedoc.verification import Policy
from vnedoc.workflow import PolicyOpener, answer, as_wire, seal, unsealed

if TYPE_CHECKING:
    from vnedoc.exchange import Store

_DELIVERED = (OutboxState.SENT, OutboxState.AWAITING_RECEIPT, OutboxState.RECEIPTED)


def send(options: argparse.Namespace, console: Console) -> int:
    """Enqueue one message and send what is due; what could not be sent stays in the outbox."""
    wire = as_wire(Path(options.file))
    codec = EdXmlCodec()
    sender = codec.decode(wire).message.sender.organ_id
    with _store(options) as store:
        # Sending judges nothing, so the opener needs no trust.
        exchange = Exchange(store, open_transport(options.via), codec, PolicyOpener(policy=Policy()), sender)
        ours = {one.id for one in exchange.enqueue(wire)}
        for error in exchange.send_due().errors:
            console.note(f"vnedoc: {plain(str(error))}")
        rows = [one for one in exchange.outbox() if one.id in ours]
    for one in rows:
        console.say(f"{one.state.value}: {one.document_id} -> {one.recipient}")
    return 0 if all(one.state in _DELIVERED for one in rows) else 2


def receive(options: argparse.Namespace, console: Console) -> int:
    """Fetch, verify, take in and answer 01; what does not verify goes to quarantine."""
    organ = OrganId(options.organ)
    key = None if options.key is None else key_of(options)
    opener = PolicyOpener(
        policy=policy_of(options), acceptance=acceptance_of(options), password=password_of(options)
    )
    with _store(options) as store:
        exchange = Exchange(store, open_transport(options.via), EdXmlCodec(), opener, organ)

        def arrived(received: Received) -> None:
            """Tell the sender that it is here; sealed with the key, else plain as most traffic is."""
            if not isinstance(received.message, Envelope):
                return
            parties = (one for one in received.envelope.receivers if one.organ_id.same_as(organ))
            us = next(parties, Party(organ))
            status = answer(received.envelope, StatusCode.ARRIVED, sender=us, at=dt.datetime.now(VIETNAM))
            exchange.enqueue(unsealed(status) if key is None else seal(status, key))

        summary = exchange.collect(handler=arrived)
        sent = exchange.send_due()
    _tell(summary, console)
    for error in (*summary.errors, *sent.errors):
        console.note(f"vnedoc: {plain(str(error))}")
    if summary.quarantined:
        undecided = all(one.conclusion is Conclusion.INDETERMINATE for one in summary.quarantined)
        return 3 if undecided else 1
    return 2 if summary.errors or sent.errors else 0


def _store(options: argparse.Namespace) -> Store:
    return open_store(options.store, blobs=options.blobs)


def _tell(summary: CollectSummary, console: Console) -> None:
    for one in summary.accepted:
        what = one.status.vietnamese if one.kind is MessageKind.STATUS and one.status else "document"
        console.say(plain(f"accepted: {one.document_id} <- {one.sender} ({what}, {one.evidence.value})"))
    for one in summary.duplicates:
        console.say(plain(f"duplicate: {one.document_id} <- {one.sender} (copies: {one.copies})"))
    for kept in summary.quarantined:
        console.say(f"quarantined: {kept.code} {kept.conclusion.value} {kept.digest}")
    if not (summary.accepted or summary.duplicates or summary.quarantined):
        console.say("nothing waits")
