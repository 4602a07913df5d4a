"""``send`` and ``receive``: the commands that exchange."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import acceptance_of, key_of, password_of, policy_of
from vnedoc.edxml import EdXmlCodec
from vnedoc.exchange import CollectSummary, OutboxEntry, OutboxState
from vnedoc.model import VIETNAM, Conclusion, MessageKind, Severity
from vnedoc.report import plain
from vnedoc.verification import Policy
from vnedoc.workflow import as_wire, open_mailroom

_WAITING = (OutboxState.READY, OutboxState.SENDING, OutboxState.RETRY_WAIT)
_DELIVERED = (OutboxState.SENT, OutboxState.AWAITING_RECEIPT, OutboxState.RECEIPTED)


def send(options: argparse.Namespace, console: Console) -> int:
    """Enqueue one message and send what is due; what could not be sent stays in the outbox."""
    wire = as_wire(Path(options.file))
    sender = EdXmlCodec().decode(wire).message.sender
    # Sending judges nothing, so this policy needs no trust.
    with open_mailroom(
        options.store, via=options.via, party=sender, policy=Policy(), blobs=options.blobs
    ) as room:
        rows = room.send(wire)
    for one in rows:
        console.say(plain(f"{one.state.value}: {one.document_id} -> {one.recipient}"))
        if one.state not in _DELIVERED:
            _tell_why(one, console)
    return 0 if all(one.state in _DELIVERED for one in rows) else 2


def _tell_why(entry: OutboxEntry, console: Console) -> None:
    """Say what stopped a message, and what to do, in both languages."""
    console.note(plain(f"vnedoc: {entry.error_code or entry.state.name}: {entry.error or '-'}"))
    if entry.state in _WAITING:
        due = f"{entry.next_at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S %z}"
        console.note(f"  [vi] Văn bản vẫn ở hộp đi; chạy lại lệnh này sau {due} để gửi tiếp.")
        console.note(f"  [en] It stays in the outbox; run this command again after {due} to go on.")
    else:
        console.note("  [vi] Văn bản vẫn ở hộp đi và chờ người quyết định (Exchange.redrive).")
        console.note("  [en] It stays in the outbox and waits for a person's decision (Exchange.redrive).")


def receive(options: argparse.Namespace, console: Console) -> int:
    """Fetch, verify, take in and answer 01; what does not verify goes to quarantine."""
    with open_mailroom(
        options.store,
        via=options.via,
        party=options.organ,
        policy=policy_of(options),
        signer=None if options.key is None else key_of(options),
        acceptance=acceptance_of(options),
        password=password_of(options),
        blobs=options.blobs,
    ) as room:
        summary = room.receive()
    _tell(summary, console)
    if summary.quarantined:
        undecided = all(one.conclusion is Conclusion.INDETERMINATE for one in summary.quarantined)
        return 3 if undecided else 1
    return 2 if summary.errors else 0


def _tell(summary: CollectSummary, console: Console) -> None:
    for one in summary.accepted:
        what = one.status.vietnamese if one.kind is MessageKind.STATUS and one.status else "document"
        console.say(plain(f"accepted: {one.document_id} <- {one.sender} ({what}, {one.evidence.value})"))
    for one in summary.duplicates:
        console.say(plain(f"duplicate: {one.document_id} <- {one.sender} (copies: {one.copies})"))
    for kept in summary.quarantined:
        errors = dict.fromkeys(one.code for one in kept.findings if one.severity is Severity.ERROR)
        why = ", ".join(code for code in errors if code != kept.code)
        console.say(
            f"quarantined: {kept.code} {kept.conclusion.value} {kept.digest}" + f" ({why})" * bool(why)
        )
    for error in summary.errors:
        console.note(plain(f"vnedoc: {error}"))
    if not (summary.accepted or summary.duplicates or summary.quarantined or summary.errors):
        console.say("nothing waits")
