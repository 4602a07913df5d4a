"""``send`` and ``receive``: the commands that exchange."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import acceptance_of, key_of, policy_of
from vnedoc.edxml import EdXmlCodec
from vnedoc.exchange import CollectSummary, Exchange, InboxEntry, Store, open_store
from vnedoc.model import VIETNAM, Conclusion, Envelope, OrganId, Party, StatusCode
from vnedoc.protocols import Signer
from vnedoc.transport import open_transport
from vnedoc.workflow import PolicyOpener, answer, as_wire, seal, unsealed


def send(options: argparse.Namespace, console: Console) -> int:
    """Enqueue one message and send what is due; what could not be sent stays in the outbox."""
    wire = as_wire(Path(options.file))
    codec = EdXmlCodec()
    message = codec.decode(wire).message
    with _store(options) as store:
        exchange = Exchange(store, open_transport(options.via), codec, None, message.sender.organ_id)
        for entry in exchange.enqueue(wire):
            console.note(f"outbox: {entry.document_id} -> {entry.recipient}")
        summary = exchange.send_due()
        waiting = summary.retried + summary.unknown
        console.say(f"sent: {summary.sent}, waiting: {waiting}, refused: {summary.rejected}")
        return 2 if waiting or summary.rejected else 0


def receive(options: argparse.Namespace, console: Console) -> int:
    """Fetch, verify, take in and answer 01; quarantine what does not verify."""
    organ = OrganId(options.organ)
    key = None if options.key is None else key_of(options)
    opener = PolicyOpener(policy=policy_of(options), acceptance=acceptance_of(options))
    codec = EdXmlCodec()
    with _store(options) as store:
        exchange = Exchange(store, open_transport(options.via), codec, opener, organ)
        summary = exchange.collect()
        for entry in summary.accepted:
            console.say(f"accepted: {entry.document_id} <- {entry.sender} ({entry.evidence.value})")
            _answer_arrival(exchange, entry, organ, key)
        for one in summary.quarantined:
            console.say(f"quarantined: {one.reason} {one.digest}")
        console.say(
            f"accepted: {len(summary.accepted)}, duplicates: {summary.duplicates}, "
            f"statuses: {summary.statuses}, quarantined: {len(summary.quarantined)}"
        )
        exchange.send_due()
        return _code(summary)


def _store(options: argparse.Namespace) -> Store:
    return open_store(options.store, None if options.blobs is None else Path(options.blobs))


def _answer_arrival(exchange: Exchange, entry: InboxEntry, organ: OrganId, key: Signer | None) -> None:
    """Tell the sender that the message arrived: sealed with the key, else plain, as most traffic is today."""
    message = exchange.message_of(entry)
    if not isinstance(message, Envelope):
        return
    us = next((one for one in message.receivers if one.organ_id.same_as(organ)), Party(organ))
    status = answer(message, StatusCode.ARRIVED, sender=us, at=dt.datetime.now(VIETNAM))
    exchange.enqueue(unsealed(status) if key is None else seal(status, key))


def _code(summary: CollectSummary) -> int:
    verdicts = {one.conclusion for one in summary.quarantined}
    if not verdicts:
        return 0
    return 3 if verdicts == {Conclusion.INDETERMINATE} else 1
