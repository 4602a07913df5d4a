"""``inspect``, ``extract`` and ``check``: the commands that need no keys and judge no signature."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._files import write_new
from vnedoc.edxml import extract as extract_attachments
from vnedoc.edxml import is_edxml, message_to_dict, safe_name, sniff_type
from vnedoc.errors import DecodeError, FileError
from vnedoc.model import Acceptance, Attachment, Blob, Envelope, Finding, Limits, Severity
from vnedoc.report import (
    AttachmentRow,
    Checked,
    Inspected,
    PresentSignature,
    Unreadable,
    check_to_json,
    inspect_to_json,
    render_error,
    render_finding,
)
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy
from vnedoc.workflow import as_wire, examine, kind_of
from vnedoc.workflow import check as check_source
from vnedoc.xml import parse


def inspect(options: argparse.Namespace, console: Console) -> int:
    """Show what is in one file; 1 when it is malformed, 2 when it cannot be read."""
    try:
        row = _inspect(options.file)
    except FileError as error:
        console.error(error)
        if options.format == "json":
            console.data(inspect_to_json([Unreadable(options.file, error)], options.lang))
        return 2
    if options.format == "json":
        console.data(inspect_to_json([row], options.lang))
    else:
        _print_inspected(row, options.lang, console)
    return 1 if any(one.severity is Severity.ERROR for one in row.findings) else 0


def _inspect(file: str) -> Inspected:
    wire = as_wire(Path(file))
    # No anchor and no demand: this only finds out which signatures there are.
    policy = Policy(name="inspect", trust=TrustStore(), require_revocation=False, whole_document=False)
    seen = examine(wire, policy, acceptance=Acceptance.REWRITTEN, main=None, password=None)
    message = None if seen.decoded is None else seen.decoded.message
    if seen.decoded is not None:
        findings: tuple[Finding, ...] = seen.decoded.findings
    elif seen.malformed:
        findings = seen.report.findings
    else:
        findings = ()
    files = message.attachments if isinstance(message, Envelope) else ()
    return Inspected(
        file=file,
        kind=seen.report.kind,
        size=wire.size,
        digest=wire.digest,
        message=None if message is None else message_to_dict(message),
        attachments=tuple(_row(one) for one in files),
        signatures_present=tuple(
            PresentSignature(one.where, one.format.value) for one in seen.report.signatures
        ),
        findings=findings,
    )


def _row(attachment: Attachment) -> AttachmentRow:
    with attachment.blob.open() as handle:
        head = handle.read(4096)
    return AttachmentRow(
        content_id=attachment.content_id,
        name=attachment.name,
        safe_name=safe_name(attachment.name),
        declared_type=attachment.content_type,
        actual_type=sniff_type(head),
        octets=attachment.blob.size,
        digest=attachment.blob.digest,
        packed=attachment.packed is not None,
    )


def _print_inspected(row: Inspected, lang: str, console: Console) -> None:
    console.say(f"{row.file}: {row.kind.value}, {row.size} octets, {row.digest}")
    for name, value in (row.message or {}).items():
        if name != "attachments" and value not in (None, [], {}):
            console.say(f"  {name}: {value}")
    for one in row.attachments:
        packed = ", zip" if one.packed else ""
        console.say(f"  cid:{one.content_id} {one.name!r} ({one.actual_type}{packed}, {one.octets} octets)")
    for signature in row.signatures_present:
        console.say(f"  {signature.kind} @ {signature.where}")
    _print_findings(row.findings, lang, console)


def _print_findings(findings: tuple[Finding, ...], lang: str, console: Console) -> None:
    for one in findings:
        message = render_finding(one, lang)
        where = f" [{one.location}]" if one.location else ""
        console.say(
            f"  {one.severity.value.upper()} {one.code}{where}: {message.seen} {message.next}".rstrip()
        )


def extract(options: argparse.Namespace, console: Console) -> int:
    """Write the attachments of a message that nobody verified."""
    limits = Limits()
    document = parse(as_wire(Path(options.file)).read(), limits, repair=True)
    if not is_edxml(document):
        raise DecodeError(
            "VND-CLI-005",
            "not an edXML message",
            path=options.file,
            hint="only edXML messages carry attachments that can be taken out here",
        )
    parts: dict[str, Blob] = {}
    for one in extract_attachments(document, limits):
        parts[safe_name(one.name, parts)] = one.blob
    written = write_new(Path(options.out), parts)
    _print_findings(document.repairs, "vi", console)
    for path in written:
        console.say(str(path))
    console.note("CHƯA KIỂM TRA chữ ký: không dùng thay cho văn bản đã xác thực (dùng: vnedoc open).")
    console.note("NOT VERIFIED: do not rely on these files (use: vnedoc open).")
    return 0


def check(options: argparse.Namespace, console: Console) -> int:
    """Run the rules over each file; 1 when one breaks a rule, 2 when one cannot be read."""
    rows: list[Checked | Unreadable] = []
    for file in options.files:
        try:
            wire = as_wire(Path(file))
            rows.append(Checked(file=file, kind=kind_of(wire.read()), findings=check_source(wire)))
        except FileError as error:
            rows.append(Unreadable(file, error))
            console.error(error)
    if options.format == "json":
        console.data(check_to_json(rows, options.lang))
    else:
        for row in rows:
            if isinstance(row, Unreadable):
                console.say(f"{row.file}: {render_error(row.error, options.lang).seen}")
                continue
            console.say(f"{row.file}: {row.kind.value}, {len(row.findings)} finding(s)")
            _print_findings(row.findings, options.lang, console)
    broken = any(
        one.severity is Severity.ERROR for row in rows if isinstance(row, Checked) for one in row.findings
    )
    unread = any(isinstance(row, Unreadable) for row in rows)
    return 1 if broken else 2 if unread else 0
