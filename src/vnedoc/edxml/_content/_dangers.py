"""Files that are more than they show: two formats at once, macros, programs. Flagged and never opened."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from vnedoc.edxml._content._peek import Ends, find
from vnedoc.edxml._content._sniff import (
    ELF,
    EXECUTABLE,
    HTML,
    OFFICE,
    OLE,
    PDF,
    UNKNOWN,
    ZIP,
    extension,
    sniff_type,
)
from vnedoc.model import Blob, Finding

_END = struct.Struct("<4s4H2IH")
# Readers of PDF look for its header in the first 1,024 octets (ISO 32000-1, annex H.3 (13)).
_PDF_HEADER_WITHIN = 1024
_MARKUP = re.compile(rb"<(!doctype\s+html|html|script)[\s>]", re.IGNORECASE)
_PROGRAMS = frozenset(
    {"appx", "bat", "cmd", "com", "cpl", "dll", "exe", "gadget", "hta", "inf", "jar", "js", "jse", "lnk"}
    | {"msc", "msi", "msix", "msp", "pif", "ps1", "reg", "scf", "scr", "sct", "sh", "url", "vb", "vbe"}
    | {"vbs", "ws", "wsf", "wsh"}
)
_WITH_MACROS = frozenset(
    {"docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam", "sldm"}
)
_MACROS_IN_ZIP = b"vbaProject.bin"
_MACROS_IN_OLE = "_VBA_PROJECT".encode("utf-16-le")


def danger_findings(name: str, blob: Blob, ends: Ends, where: str) -> Iterator[Finding]:
    """Report what a file may do beyond being read (threats H03, H10).

    Args:
        name: Its name.
        blob: The file.
        ends: Both its ends.
        where: Location of the findings.

    Returns:
        ``VND-EDX-057`` a second format in the same octets, ``058`` a program or macros, both warnings.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    measured = sniff_type(ends.head)
    for other in dict.fromkeys(_also(measured, ends)):
        yield Finding.warning("VND-EDX-057", where, name=name, measured=measured, also=other)
    suffix = extension(name)
    if measured in {EXECUTABLE, ELF}:
        yield Finding.warning("VND-EDX-058", where, name=name, seen=measured)
    elif suffix in _PROGRAMS:
        yield Finding.warning("VND-EDX-058", where, name=name, seen=f".{suffix}")
    elif macros := _macros(measured, suffix, blob, ends):
        yield Finding.warning("VND-EDX-058", where, name=name, seen=macros)


def _also(measured: str, ends: Ends) -> Iterator[str]:
    """Name the formats that a file has besides its first: each reader would show another one."""
    if measured == PDF:
        if _MARKUP.search(ends.head, 0, _PDF_HEADER_WITHIN):
            yield HTML
        if _ends_as_zip(ends):
            yield ZIP
    elif measured != UNKNOWN and not ends.head.startswith(b"PK"):  # archives hold files as they are
        if b"%PDF-" in ends.head[:_PDF_HEADER_WITHIN] and b" obj" in ends.head:
            yield PDF
        if _ends_as_zip(ends):
            yield ZIP


def _ends_as_zip(ends: Ends) -> bool:
    # An end record that fits to the last octet is no chance: somebody put a zip behind the file.
    tail = ends.tail or b""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return False
    record = _END.unpack_from(tail, at)
    entries, comment = int(record[4]), int(record[7])
    return entries > 0 and at + _END.size + comment == len(tail)


def _macros(measured: str, suffix: str, blob: Blob, ends: Ends) -> str | None:
    """Say how a document shows that it holds macros."""
    if suffix in _WITH_MACROS:
        return f".{suffix}"
    if measured.startswith(OFFICE) or measured == ZIP:
        # Names of entries stand in the directory at the end, and the first ones at the start too.
        held = _MACROS_IN_ZIP in ends.head or _MACROS_IN_ZIP in (ends.tail or b"")
        return "vbaProject.bin" if held else None
    if measured == OLE and find(blob, _MACROS_IN_OLE) >= 0:
        return "_VBA_PROJECT"
    return None
