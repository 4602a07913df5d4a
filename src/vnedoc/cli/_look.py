"""``inspect``, ``extract`` and ``check``: the commands that need no keys and judge no signature."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._files import write_new
from vnedoc.edxml import extract as extract_attachments
from vnedoc.edxml import is_edxml, message_to_dict, safe_name, sniff_type
from vnedoc.errors import DecodeError, FileError
from vnedoc.model import Acceptance, Attachment, Blob, Envelope, FileKind, Finding, Limits, Severity
from vnedoc.report import (
    AttachmentRow,
    Checked,
    Inspected,
    PresentSignature,
    Unreadable,
    check_to_json,
    check_to_text,
    findings_to_text,
    inspect_to_json,
    inspect_to_text,
)
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy
from vnedoc.workflow import as_wire, examine, kind_of
from vnedoc.workflow import check as check_source
from vnedoc.xml import parse

_XML = (FileKind.XML, FileKind.EDXML)


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
        console.say(inspect_to_text([row], options.lang).rstrip("\n"))
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


def extract(options: argparse.Namespace, console: Console) -> int:
    """Write the attachments of a message that nobody verified."""
    limits = Limits()
    data = as_wire(Path(options.file)).read()
    document = parse(data, limits, repair=True) if kind_of(data) in _XML else None
    if document is None or not is_edxml(document):
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
    if document.repairs:
        console.note(findings_to_text(document.repairs, "vi").rstrip("\n"))
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
        console.say(check_to_text(rows, options.lang).rstrip("\n"))
    broken = any(
        one.severity is Severity.ERROR for row in rows if isinstance(row, Checked) for one in row.findings
    )
    unread = any(isinstance(row, Unreadable) for row in rows)
    return 1 if broken else 2 if unread else 0
