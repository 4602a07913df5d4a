"""``verify`` and ``open``: the commands that judge."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._files import write_new
from vnedoc.cli._options import acceptance_of, contents_of, password_of, policy_of
from vnedoc.edxml import message_to_dict, safe_name
from vnedoc.edxml import to_json as message_to_json
from vnedoc.errors import ConfigError, FileError, VerificationError
from vnedoc.model import Acceptance, Blob, Conclusion, Envelope, FileKind, Received, Report, open_file
from vnedoc.report import Unreadable, report_to_dict, to_html, to_json, to_text
from vnedoc.verification import Policy
from vnedoc.workflow import kind_of, open_sealed
from vnedoc.workflow import verify as verify_file

_CODE_OF = {Conclusion.PASSED: 0, Conclusion.FAILED: 1, Conclusion.INDETERMINATE: 3}
_WORST_FIRST = (1, 2, 3, 0)
_HEAD = 64 * 1024


def verify(options: argparse.Namespace, console: Console) -> int:
    """Judge each file; the worst exit code wins."""
    policy, acceptance, password = policy_of(options), acceptance_of(options), password_of(options)
    contents = contents_of(options)
    for file in options.files:
        _no_part_of_a_seal(file, policy, acceptance)
    rows: list[Report | Unreadable] = []
    for number, file in enumerate(options.files, 1):
        if len(options.files) > 1:
            console.note(f"[{number}/{len(options.files)}] {file}")
        try:
            rows.append(
                verify_file(
                    Path(file),
                    policy,
                    acceptance=acceptance,
                    password=password,
                    file=file,
                    resolver=contents,
                )
            )
        except FileError as error:
            rows.append(Unreadable(file, error))
            console.error(error)
    if options.format == "text":
        console.say(to_text(rows, options.lang).rstrip("\n"))
    else:
        console.data((to_json if options.format == "json" else to_html)(rows, options.lang))
    codes = {2 if isinstance(one, Unreadable) else _CODE_OF[one.conclusion] for one in rows}
    return next(one for one in _WORST_FIRST if one in codes)


def open_message(options: argparse.Namespace, console: Console) -> int:
    """Verify one message and write what is in it; nothing is written unless it PASSED."""
    policy, acceptance = policy_of(options), acceptance_of(options)
    _no_part_of_a_seal(options.file, policy, acceptance)
    try:
        received = open_sealed(
            Path(options.file), policy, acceptance=acceptance, password=password_of(options)
        )
    except VerificationError as error:
        console.say(to_text([error.report], options.lang).rstrip("\n"))
        return _CODE_OF[error.report.conclusion]
    console.say(to_text([received.report], options.lang).rstrip("\n"))
    if received.report.conclusion is not Conclusion.PASSED:
        # A claimed status may be taken in by an exchange that keeps its grade; a folder has no grades.
        return _CODE_OF[received.report.conclusion]
    for path in write_new(Path(options.out), _parts(received)):
        console.note(str(path))
    return 0


def _parts(received: Received) -> dict[str, Blob]:
    """Name the files to write: each attachment under a safe name, the metadata, and the report.

    ``envelope.json`` is ``vnedoc-envelope/1``: with the attachments beside it, ``seal`` takes it again.
    """
    report = _json([report_to_dict(received.report, "en")])
    if not isinstance(received.message, Envelope):
        return {"status.json": _json(message_to_dict(received.message)), "report.json": report}
    files: dict[str, Blob] = {}
    for one in received.envelope.attachments:
        files[safe_name(one.name, {*files, "envelope.json", "report.json"})] = one.blob
    envelope = Blob.from_bytes(message_to_json(received.envelope, tuple(files)).encode())
    return {"envelope.json": envelope, "report.json": report, **files}


def _json(value: object) -> Blob:
    return Blob.from_bytes(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


def _no_part_of_a_seal(file: str, policy: Policy, acceptance: Acceptance) -> None:
    """Refuse, before anything is judged, to loosen the seal of an edXML message."""
    if policy.whole_document or acceptance is not Acceptance.SEALED:
        return
    with suppress(FileError, OSError), open_file(Path(file)) as handle:  # it is named when its turn comes
        if kind_of(handle.read(_HEAD)) is FileKind.EDXML:
            raise ConfigError(
                "VND-CLI-003",
                "--covers element does not loosen the rule sealed",
                path=file,
                hint="leave --covers out, or give --accept attachments",
            )
