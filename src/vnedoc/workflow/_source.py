"""What the verbs of the front door take: bytes, a path or a ``Wire``."""

from __future__ import annotations

import os
from typing import TypeAlias

from vnedoc.edxml import looks_like_mime
from vnedoc.model import EDXML_TYPE, FileKind, Wire
from vnedoc.xml import looks_like_xml

Source: TypeAlias = Wire | bytes | str | os.PathLike[str]
"""A ``Wire``, the bytes themselves, or the path of a file."""

_PDF = b"%PDF-"
_QCVN = b"QCVN_102_2016"
# ISO 32000 lets readers look for the header in the first 1,024 octets; such a file is a PDF, and a bad one.
_PDF_HEADER_WITHIN = 1024


def as_wire(source: Source, content_type: str = EDXML_TYPE) -> Wire:
    """Give the source as a ``Wire``; raises ``FileError`` when a file cannot be read."""
    if isinstance(source, Wire):
        return source
    if isinstance(source, bytes | bytearray | memoryview):
        return Wire.from_bytes(bytes(source), content_type)
    return Wire.from_file(source, content_type)


def name_of(source: Source) -> str | None:
    """Give the path as the caller wrote it, ``None`` for bytes."""
    if isinstance(source, Wire):
        return None if source.blob.path is None else str(source.blob.path)
    return None if isinstance(source, bytes | bytearray | memoryview) else os.fspath(source)


def kind_of(data: bytes) -> FileKind:
    """Tell what a file is by its content, before it is parsed."""
    if data.startswith(_PDF):
        return FileKind.PDF
    if looks_like_xml(data):
        return FileKind.EDXML if _QCVN in data[:4096] else FileKind.XML
    if looks_like_mime(data):
        return FileKind.EDXML
    # A note that only mentions the header has no objects, and no reader would show it as a PDF.
    if _PDF in data[:_PDF_HEADER_WITHIN] and b" obj" in data:
        return FileKind.PDF
    return FileKind.UNKNOWN
