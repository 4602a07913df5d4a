"""Reports as JSON: ``vnedoc-report/1``, ``vnedoc-inspect/1``, ``vnedoc-check/1``; keys are only added."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, TypeVar

import attrs

from vnedoc.errors import VnedocError
from vnedoc.model import FileKind, Finding, Report, SignatureReport, SignerIdentity
from vnedoc.report._catalogue import language
from vnedoc.report._render import render_error, render_finding

REPORT_SCHEMA = "vnedoc-report/1"
INSPECT_SCHEMA = "vnedoc-inspect/1"
CHECK_SCHEMA = "vnedoc-check/1"

_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEPEST = 20


@attrs.frozen
class Unreadable:
    """A file that could not be read, so that nothing can be said about it.

    Attributes:
        file: Name or path as the caller gave it.
        error: Why.
    """

    file: str
    error: VnedocError


@attrs.frozen(kw_only=True)
class Checked:
    """What the rules say about one file.

    Attributes:
        file: Name or path as the caller gave it.
        kind: What the file is, by content.
        findings: All of them.
    """

    file: str
    kind: FileKind
    findings: tuple[Finding, ...] = ()


@attrs.frozen(kw_only=True)
class AttachmentRow:
    """One attachment, as ``inspect`` shows it.

    Attributes:
        content_id: Without ``cid:``.
        name: As the sender wrote it.
        safe_name: As it would be written to a folder.
        declared_type: Media type that the manifest declares.
        actual_type: Media type that the first bytes show.
        octets: Size after unpacking.
        digest: ``sha256:`` and hex of those octets.
        packed: Whether a zip of one entry was unpacked.
    """

    content_id: str
    name: str
    safe_name: str | None = None
    declared_type: str | None = None
    actual_type: str | None = None
    octets: int | None = None
    digest: str | None = None
    packed: bool = False


@attrs.frozen
class PresentSignature:
    """A signature that is in the file; nothing is said about its worth.

    Attributes:
        where: ``document``, ``envelope`` or ``attachment:<ContentId>``.
        kind: Format, such as ``XMLDSig``.
        id: What reports call it; ``None`` where the file is too large to tell.
        xml_id: ``Id`` of an XML signature's element; ``None`` for none.
    """

    where: str
    kind: str
    id: str | None = None
    xml_id: str | None = None


@attrs.frozen(kw_only=True)
class Inspected:
    """What is in one file, unjudged.

    Attributes:
        file: Name or path as the caller gave it.
        kind: What the file is, by content.
        size: Its octets.
        digest: ``sha256:`` and hex of those octets.
        dialect: Name of the dialect of edXML; ``None`` when it holds no message.
        message: Fields of the envelope or status as JSON values; ``None`` when it holds no message.
        attachments: In the order of the file.
        signatures_present: In the order of the file.
        findings: What was odd.
        error: Why reading stopped, when the file is malformed.
    """

    file: str
    kind: FileKind
    size: int | None = None
    digest: str | None = None
    dialect: str | None = None
    message: Mapping[str, Any] | None = None
    attachments: tuple[AttachmentRow, ...] = ()
    signatures_present: tuple[PresentSignature, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: VnedocError | None = None


_Row = TypeVar("_Row")


def to_json(reports: Sequence[Report | Unreadable], lang: str = "en") -> str:
    """Give one JSON array, one report per file in order (``vnedoc-report/1``). Write it as UTF-8.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    return _array(reports, report_to_dict, lang)


def check_to_json(rows: Sequence[Checked | Unreadable], lang: str = "en") -> str:
    """Give one JSON array, one row per file in order (``vnedoc-check/1``).

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    return _array(rows, check_to_dict, lang)


def inspect_to_json(rows: Sequence[Inspected | Unreadable], lang: str = "en") -> str:
    """Give one JSON array, one row per file in order (``vnedoc-inspect/1``).

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    return _array(rows, inspect_to_dict, lang)


def _array(rows: Sequence[_Row], to_dict: Callable[[_Row, str], dict[str, Any]], lang: str) -> str:
    language(lang)
    text = json.dumps([to_dict(row, lang) for row in rows], ensure_ascii=False, indent=2, allow_nan=False)
    # A file name may hold undecodable bytes; half a surrogate pair has no UTF-8 but has a JSON escape.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def report_to_dict(report: Report | Unreadable, lang: str = "en") -> dict[str, Any]:
    """Give one report as JSON values; every key of the schema is there."""
    if isinstance(report, Unreadable):
        return {
            "schema": REPORT_SCHEMA,
            "file": report.file,
            "kind": FileKind.UNKNOWN.value,
            "size": None,
            "digest": None,
            "policy": None,
            "checked_at": None,
            "acceptance": None,
            "revocation": None,
            "covers": None,
            "conclusion": None,
            "sub_indication": None,
            "signatures": [],
            "findings": [],
            "error": error_to_dict(report.error, lang),
        }
    return {
        "schema": REPORT_SCHEMA,
        "file": report.file,
        "kind": report.kind.value,
        "size": report.size,
        "digest": report.digest,
        "policy": report.policy,
        "checked_at": _time(report.checked_at),
        "acceptance": report.acceptance.value if report.acceptance else None,
        "revocation": report.revocation,
        "covers": report.covers,
        "conclusion": report.conclusion.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "signatures": [_signature(one, lang) for one in report.signatures],
        "findings": [finding_to_dict(one, lang) for one in report.findings],
        "error": None,
    }


def finding_to_dict(finding: Finding, lang: str = "en") -> dict[str, Any]:
    """Give one finding as JSON values: ``message`` says what was seen."""
    text = render_finding(finding, lang)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": text.seen,
        "checked": text.checked,
        "next": text.next,
        "location": finding.location,
        "facts": _values(finding.facts),
    }


def error_to_dict(error: VnedocError, lang: str = "en") -> dict[str, Any]:
    """Give one error as JSON values."""
    text = render_error(error, lang)
    return {
        "code": error.code,
        "message": text.seen,
        "hint": text.next,
        "location": error.path,
        "facts": _values(error.facts),
    }


def check_to_dict(row: Checked | Unreadable, lang: str = "en") -> dict[str, Any]:
    """Give one row of ``check`` as JSON values; every key of the schema is there."""
    known = row if isinstance(row, Checked) else Checked(file=row.file, kind=FileKind.UNKNOWN)
    return {
        "schema": CHECK_SCHEMA,
        "file": known.file,
        "kind": known.kind.value,
        "findings": [finding_to_dict(one, lang) for one in known.findings],
        "error": error_to_dict(row.error, lang) if isinstance(row, Unreadable) else None,
    }


def inspect_to_dict(row: Inspected | Unreadable, lang: str = "en") -> dict[str, Any]:
    """Give one row of ``inspect`` as JSON values; every key of the schema is there."""
    if isinstance(row, Unreadable):
        row = Inspected(file=row.file, kind=FileKind.UNKNOWN, error=row.error)
    return {
        "schema": INSPECT_SCHEMA,
        "file": row.file,
        "kind": row.kind.value,
        "size": row.size,
        "digest": row.digest,
        "dialect": row.dialect,
        "message": None if row.message is None else _values(row.message),
        "attachments": [attrs.asdict(one) for one in row.attachments],
        "signatures_present": [attrs.asdict(one) for one in row.signatures_present],
        "findings": [finding_to_dict(one, lang) for one in row.findings],
        "error": None if row.error is None else error_to_dict(row.error, lang),
    }


def schema(name: str) -> dict[str, Any]:
    """Give a published JSON Schema (draft 2020-12).

    Args:
        name: ``vnedoc-report/1``, ``vnedoc-inspect/1`` or ``vnedoc-check/1``.

    Raises:
        KeyError: There is no such schema.
    """
    if name not in (REPORT_SCHEMA, INSPECT_SCHEMA, CHECK_SCHEMA):
        raise KeyError(name)
    source = resources.files("vnedoc.report").joinpath("schemas", name.replace("/", "-") + ".json")
    loaded: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return loaded


def _signature(report: SignatureReport, lang: str) -> dict[str, Any]:
    return {
        "id": report.id,
        "xml_id": report.xml_id,
        "where": report.where,
        "conclusion": report.conclusion.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "signer": None if report.signer is None else _signer(report.signer),
        "signing_time": _time(report.signing_time),
        "time_source": report.time_source.value if report.time_source else None,
        "level": report.level.value if report.level else None,
        "format": report.format.value,
        "covers": [{**attrs.asdict(one), "transforms": list(one.transforms)} for one in report.covers],
        "findings": [finding_to_dict(one, lang) for one in report.findings],
    }


def _signer(signer: SignerIdentity) -> dict[str, Any]:
    return {
        "subject": signer.subject,
        "issuer": signer.issuer,
        "serial": signer.serial,
        "role": signer.role.value if signer.role else None,
        "organ_id": signer.organ_id,
    }


def _time(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _values(value: object, depth: int = 0) -> Any:
    """Give facts as JSON values; what JSON cannot say becomes text, so that a report never fails to print."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        # Python refuses to print an integer of more than 4300 digits.
        return value if value.bit_length() <= 256 else hex(value)  # noqa: PLR2004 - as wide as a digest
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _values(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(
        value, (bytes, bytearray, memoryview)
    ):
        return [_values(one, depth + 1) for one in value]
    return str(value)
