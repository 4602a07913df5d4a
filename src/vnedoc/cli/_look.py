"""``inspect``, ``extract`` and ``check``: the commands that need no keys and judge no signature."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from pathlib import Path
from typing import Any

from vnedoc.cli._console import Console
from vnedoc.cli._files import write_new
from vnedoc.cli._options import contents_of, limits_of
from vnedoc.dsig import Resolver
from vnedoc.edxml import Decoded, EdXmlCodec, from_json, is_edxml, message_to_dict, safe_name, sniff_type
from vnedoc.edxml import extract as extract_attachments
from vnedoc.errors import DecodeError, FileError, InputError, LimitExceeded, VnedocError
from vnedoc.model import (
    VIETNAM,
    Acceptance,
    Attachment,
    Blob,
    Envelope,
    FileKind,
    Finding,
    Limits,
    Severity,
    Wire,
)
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
from vnedoc.xml import XmlDocument, looks_like_xml, parse

_XML = (FileKind.XML, FileKind.EDXML)
_HEAD = 64 * 1024
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*[\"}]")
_LANGUAGES = ("vi", "en")
# Elements around an attachment, and findings that say one is missing; names are compared without case.
_CARRIERS = frozenset({"attachmentencoded", "contenttransferencoded"})
_MISSED = frozenset({"VND-EDX-040", "VND-EDX-041"})


def inspect(options: argparse.Namespace, console: Console) -> int:
    """Show what is in one file; 1 when it is malformed, 2 when it cannot be read."""
    try:
        row = _inspect(options.file, limits_of(options), contents_of(options))
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


def _inspect(file: str, limits: Limits, resolver: Resolver | None) -> Inspected:
    wire = as_wire(Path(file))
    decoded: Decoded | None = None
    if wire.size > limits.tree_bytes and (kind := _kind(wire)) is FileKind.EDXML:
        try:
            decoded = EdXmlCodec(limits).decode(wire)
        except InputError as error:
            findings: tuple[Finding, ...] = (Finding.error(error.code, error.path, **error.facts),)
        else:
            findings = (*decoded.findings, Finding.info("VND-CLI-008", octets=wire.size))
        present = (PresentSignature("envelope", "XMLDSig"),) * (decoded.seals if decoded else 0)
    else:
        # No anchor and no demand: this only finds out which signatures there are.
        policy = Policy(
            name="inspect",
            trust=TrustStore(),
            require_revocation=False,
            whole_document=False,
            limits=limits,
        )
        seen = examine(
            wire, policy, acceptance=Acceptance.REWRITTEN, main=None, password=None, resolver=resolver
        )
        decoded, kind = seen.decoded, seen.report.kind
        findings = decoded.findings if decoded else seen.report.findings if seen.malformed else ()
        present = tuple(
            PresentSignature(one.where, one.format.value, one.id, one.xml_id)
            for one in seen.report.signatures
        )
    message = None if decoded is None else decoded.message
    files = message.attachments if isinstance(message, Envelope) else ()
    return Inspected(
        file=file,
        kind=kind,
        size=wire.size,
        digest=wire.digest,
        dialect=None if decoded is None else decoded.dialect,
        message=None if message is None else message_to_dict(message),
        attachments=tuple(_row(one) for one in files),
        signatures_present=present,
        findings=findings,
    )


def _kind(wire: Wire) -> FileKind:
    """Tell what a file is by its beginning."""
    with wire.blob.open() as handle:
        return kind_of(handle.read(_HEAD))


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
    """Write the attachments of a message that nobody verified; 1 when none came out though it has some."""
    attachments, repairs, missed = _attachments(options.file, limits_of(options))
    if not attachments:
        nothing = Finding.error("VND-CLI-009") if missed else Finding.info("VND-CLI-010")
        for lang in _LANGUAGES:
            console.note(findings_to_text((*repairs, nothing), lang).rstrip("\n"))
        return 1 if missed else 0
    parts: dict[str, Blob] = {}
    for one in attachments:
        parts[safe_name(one.name, parts)] = one.blob
    written = write_new(Path(options.out), parts)
    if repairs:
        console.note(findings_to_text(repairs, "vi").rstrip("\n"))
    for path in written:
        console.say(str(path))
    console.note("CHƯA KIỂM TRA chữ ký: không dùng thay cho văn bản đã xác thực (dùng: vnedoc open).")
    console.note("NOT VERIFIED: do not rely on these files (use: vnedoc open).")
    return 0


def _attachments(file: str, limits: Limits) -> tuple[tuple[Attachment, ...], tuple[Finding, ...], bool]:
    """Take the attachments out, also of a message whose header nobody can read.

    Returns:
        The attachments, what was mended, and whether the file speaks of any attachment.
    """
    wire = as_wire(Path(file))
    with wire.blob.open() as handle:
        head = handle.read(4096)
    kind = kind_of(head)
    if kind is FileKind.EDXML and (wire.size > limits.tree_bytes or not looks_like_xml(wire.read())):
        decoded = EdXmlCodec(limits, mode="lenient").decode(wire)
        mended = tuple(one for one in decoded.findings if one.code.startswith("VND-XML-02"))
        missed = any(one.code in _MISSED for one in decoded.findings)
        return getattr(decoded.message, "attachments", ()), mended, missed
    if kind in _XML or b"<?xml" in head:  # junk may stand before the declaration
        document = parse(wire.read(), limits, repair=True)
        if is_edxml(document):
            return extract_attachments(document, limits), document.repairs, _names_attachments(document)
    raise DecodeError(
        "VND-CLI-005",
        "not an edXML message",
        path=file,
        hint="only edXML messages carry attachments that can be taken out here",
    )


def _names_attachments(document: XmlDocument) -> bool:
    """Tell whether there is a line of a manifest, or an element for contents that is not empty."""
    for element in document.root.iter("{*}*"):
        name = _local(element)
        parent = element.getparent()
        if name in _CARRIERS and (len(element) or (element.text or "").strip()):
            return True
        if name == "reference" and parent is not None and _local(parent) == "manifest":
            return True
    return False


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def check(options: argparse.Namespace, console: Console) -> int:
    """Run the rules over each file; 1 when one breaks a rule, 2 when one cannot be read."""
    limits = limits_of(options)
    rows: list[Checked | Unreadable] = []
    for number, file in enumerate(options.files, 1):
        if len(options.files) > 1:
            console.note(f"[{number}/{len(options.files)}] {file}")
        try:
            rows.append(_checked(file, limits, options))
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


def _checked(file: str, limits: Limits, options: argparse.Namespace) -> Checked:
    wire = as_wire(Path(file))
    now = dt.datetime.now(VIETNAM)
    with wire.blob.open() as handle:
        is_json = _JSON.match(handle.read(_HEAD)) is not None
    if not is_json:
        mode = "lenient" if options.lenient else "strict"
        findings = check_source(wire, limits=limits, now=now, dialect=options.dialect, mode=mode)
        return Checked(file=file, kind=_kind(wire), findings=findings)
    try:
        if wire.size > limits.tree_bytes:
            raise LimitExceeded.of("VND-EDX-015", "tree_bytes", limits.tree_bytes, wire.size)
        message = from_json(wire.read(), Path(file).resolve().parent)
    except FileError:
        raise
    except VnedocError as error:
        findings = (Finding.error(error.code, error.path, **error.facts),)
    else:
        findings = check_source(message, now=now, dialect=options.dialect)
    return Checked(file=file, kind=FileKind.EDXML, findings=findings)
