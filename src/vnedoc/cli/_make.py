"""``sign`` and ``seal``: the commands that make signatures."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import key_of, limits_of, output_of, policy_of, timestamper_of
from vnedoc.edxml import from_json
from vnedoc.errors import DecodeError
from vnedoc.model import Blob, FileKind, open_file
from vnedoc.report import findings_to_text
from vnedoc.workflow import (
    as_wire,
    augment_file,
    check,
    kind_of,
    seal_file,
    sign_edxml_file,
    sign_pdf,
    sign_xml,
)

_HEAD = 4096  # octets that tell edXML, which may be too large for memory, from the rest


def sign(options: argparse.Namespace, console: Console) -> int:
    """Sign one file by its kind and write the result."""
    out = output_of(options)
    with open_file(Path(options.file)) as handle:
        head = handle.read(_HEAD)
    timestamper, policy = timestamper_of(options), policy_of(options)
    if kind_of(head) is FileKind.EDXML:
        sign_edxml_file(
            options.file,
            key_of(options),
            out,
            level=options.level,
            timestamper=timestamper,
            policy=policy,
            limits=policy.limits,
        )
        console.note(str(out))
        return 0
    wire = as_wire(Path(options.file))
    kind = kind_of(wire.read())
    if kind is FileKind.UNKNOWN:
        raise DecodeError(
            "VND-CLI-004",
            "neither a PDF nor an XML file",
            path=options.file,
            hint="export the document as PDF first",
            facts={"octets": wire.size},
        )
    if kind is FileKind.PDF:
        signed = sign_pdf(wire, key_of(options), level=options.level)
    else:
        signed = sign_xml(wire, key_of(options), level=options.level, timestamper=timestamper, policy=policy)
    console.note(str(signed.save(out)))
    return 0


def augment(options: argparse.Namespace, console: Console) -> int:
    """Raise the signature of a file and write the result; no attachment is in memory as a whole."""
    out = output_of(options)
    augment_file(
        options.file,
        policy_of(options),
        out,
        level=options.level,
        timestamper=timestamper_of(options),
        signature_id=options.signature,
    )
    console.note(str(out))
    return 0


def seal(options: argparse.Namespace, console: Console) -> int:
    """Read ENVELOPE.json, write and seal the message; no attachment is in memory as a whole.

    What the rules find is told; 1 when one is broken.
    """
    out = output_of(options)
    limits = limits_of(options) if options.limit else None
    source = Path(options.file)
    envelope = from_json(Blob.from_file(source).read(), source.resolve().parent)
    findings = check(envelope)
    if findings:
        console.note(findings_to_text(findings, options.lang).rstrip("\n"))
    seal_file(envelope, key_of(options), out, limits=limits)
    console.note(str(out))
    return 0
