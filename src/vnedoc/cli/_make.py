"""``sign`` and ``seal``: the commands that make signatures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vnedoc.cli._console import Console
from vnedoc.cli._options import contents_of, key_of, limits_of, output_of, policy_of, timestamper_of
from vnedoc.edxml import from_json
from vnedoc.errors import ConfigError, DecodeError
from vnedoc.model import Blob, FileKind, open_file
from vnedoc.report import findings_to_text
from vnedoc.signing import CommitmentType, ProductionPlace, XmlForm
from vnedoc.workflow import (
    as_wire,
    augment_file,
    check,
    counter_sign_xml,
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
    kind = kind_of(head)
    inside = options.packaging == "enveloped"
    if inside and kind is FileKind.EDXML:
        _require_unused(options, kind, ("place", "role", "commitment", "element"))
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
    if inside:
        kind = kind_of(wire.read())
    if inside and kind is FileKind.UNKNOWN:
        raise DecodeError(
            "VND-CLI-004",
            "neither a PDF nor an XML file",
            path=options.file,
            hint="export the document as PDF first, or give --packaging",
            facts={"octets": wire.size},
        )
    if inside and kind is FileKind.PDF:
        _require_unused(options, kind, ("role", "commitment", "element"))
        signed = sign_pdf(wire, key_of(options), level=options.level, location=options.place)
    else:
        form = _form_of(options, kind)
        signed = sign_xml(
            wire, key_of(options), level=options.level, form=form, timestamper=timestamper, policy=policy
        )
    console.note(str(signed.save(out)))
    return 0


def _require_unused(options: argparse.Namespace, kind: FileKind, names: tuple[str, ...]) -> None:
    """Refuse what a signature of this kind has no place for."""
    for name in names:
        if getattr(options, name):
            raise ConfigError(
                "VND-CLI-012",
                f"--{name} is not for a file of this kind: {kind.value}",
                path=options.file,
                hint="leave it out",
                facts={"option": f"--{name}", "kind": kind.value},
            )


def _form_of(options: argparse.Namespace, kind: FileKind) -> XmlForm:
    """Give how the signature looks. A detached one calls its content by the file's name."""
    reference = "" if options.element is None else f"#{options.element}"
    if options.packaging == "detached" and options.element is None:
        reference = quote(Path(options.file).name)
    return XmlForm(
        packaging=options.packaging,
        reference=reference,
        octets=options.packaging == "enveloping" and kind not in (FileKind.XML, FileKind.EDXML),
        **_statements(options),
    )


def _statements(options: argparse.Namespace) -> dict[str, Any]:
    named = {one.name.removeprefix("PROOF_OF_").lower(): one for one in CommitmentType}
    return {
        "roles": options.role,
        "commitment": named.get(options.commitment, options.commitment),
        "place": None if options.place is None else ProductionPlace(city=options.place),
    }


def countersign(options: argparse.Namespace, console: Console) -> int:
    """Sign the value of a signature of an XML file and write the result."""
    out = output_of(options)
    signed = counter_sign_xml(
        Path(options.file),
        key_of(options),
        signature_id=options.signature,
        style=options.style,
        form=XmlForm(**_statements(options)),
    )
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
        resolver=contents_of(options),
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
