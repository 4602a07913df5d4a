"""``sign`` and ``seal``: the commands that make signatures."""

from __future__ import annotations

import argparse
from pathlib import Path

from vnedoc.cli._console import Console
from vnedoc.cli._options import key_of
from vnedoc.edxml import envelope_from_json
from vnedoc.errors import ConfigError, DecodeError
from vnedoc.model import Blob, FileKind
from vnedoc.workflow import as_wire, kind_of, sign_edxml, sign_pdf, sign_xml
from vnedoc.workflow import seal as seal_message


def sign(options: argparse.Namespace, console: Console) -> int:
    """Sign one file by its kind and write the result."""
    _not_onto_itself(options)
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
    make = {FileKind.PDF: sign_pdf, FileKind.XML: sign_xml, FileKind.EDXML: sign_edxml}[kind]
    signed = make(wire, key_of(options), level=options.level)
    console.note(str(signed.save(Path(options.out))))
    return 0


def seal(options: argparse.Namespace, console: Console) -> int:
    """Read ENVELOPE.json, write and seal the message."""
    _not_onto_itself(options)
    source = Path(options.file)
    envelope = envelope_from_json(Blob.from_file(source).read(), source.resolve().parent)
    console.note(str(seal_message(envelope, key_of(options)).save(Path(options.out))))
    return 0


def _not_onto_itself(options: argparse.Namespace) -> None:
    """Refuse to replace the only unsigned copy."""
    if Path(options.out).exists() and Path(options.out).samefile(options.file):
        raise ConfigError(
            "VND-CLI-006",
            "--out is the input itself",
            path=options.out,
            hint="give --out another name; keep the unsigned file",
        )
