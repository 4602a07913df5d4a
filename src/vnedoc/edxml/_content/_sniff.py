"""What a file is by its first bytes, and what a message may then call it."""

from __future__ import annotations

import re
from collections.abc import Mapping

PDF = "application/pdf"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
XML = "application/xml"
TEXT = "text/plain"
HTML = "text/html"
EXECUTABLE = "application/vnd.microsoft.portable-executable"
ELF = "application/x-elf"
UNKNOWN = "application/octet-stream"
OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{OFFICE}.wordprocessingml.document"
XLSX = f"{OFFICE}.spreadsheetml.sheet"
PPTX = f"{OFFICE}.presentationml.presentation"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

_MAGIC = (
    (b"%PDF-", PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"MZ", EXECUTABLE),
    (b"\x7fELF", ELF),
    (b"PK\x05\x06", ZIP),
)
_CONTENT_TYPES = b"[Content_Types].xml"
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|script)\b", re.IGNORECASE)
_UTF8_BOM = b"\xef\xbb\xbf"
_BINARY = bytes(octet for octet in range(0x20) if octet not in b"\t\n\x0c\r\x1b")


def sniff_type(head: bytes) -> str:
    """Give the media type that the first bytes show; what the message claims plays no part.

    Args:
        head: The first few kilobytes, or all of it.

    Returns:
        A media type; ``text/plain`` for UTF-8 without control characters, ``application/octet-stream``
        for what is not known, an empty file included.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(head)
    text = head.removeprefix(_UTF8_BOM).lstrip()
    if text.startswith(b"<?xml"):
        return XML
    if _HTML.match(text):
        return HTML
    return TEXT if text and _is_text(head) else UNKNOWN


def _zip_kind(head: bytes) -> str:
    if head[30:].startswith(b"mimetype" + _OPEN_DOCUMENT.encode()):
        kind = re.match(rb"[a-z./\-]+", head[38:])
        return kind[0].decode("ascii") if kind else ZIP
    if _CONTENT_TYPES not in head and b"_rels/" not in head:
        return ZIP
    for folder, kind_of_office in ((b"word/", DOCX), (b"xl/", XLSX), (b"ppt/", PPTX)):
        if folder in head:
            return kind_of_office
    return OFFICE


def _is_text(head: bytes) -> bool:
    if head.translate(None, _BINARY) != head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start >= len(head) - 3
    return True


_WORD = frozenset({DOCX, OFFICE, OLE, "application/rtf"})
_SHEET = frozenset({XLSX, OFFICE, OLE})
_SLIDES = frozenset({PPTX, OFFICE, OLE})
_PLAIN = frozenset({TEXT, XML, HTML})
# A media type that a message may claim, to the types that its bytes may then show. The axis's own tools
# write "application/" and the file's extension, so these stand here beside the registered names.
CLAIMS: Mapping[str, frozenset[str]] = {
    PDF: frozenset({PDF}),
    "application/doc": _WORD,
    "application/docx": _WORD,
    "application/msword": _WORD,
    DOCX: _WORD,
    "application/xls": _SHEET,
    "application/xlsx": _SHEET,
    "application/vnd.ms-excel": _SHEET,
    XLSX: _SHEET,
    "application/ppt": _SLIDES,
    "application/pptx": _SLIDES,
    PPTX: _SLIDES,
    ZIP: frozenset({ZIP}),
    "application/rar": frozenset({"application/vnd.rar"}),
    "application/png": frozenset({"image/png"}),
    "image/png": frozenset({"image/png"}),
    "application/jpg": frozenset({"image/jpeg"}),
    "application/jpeg": frozenset({"image/jpeg"}),
    "image/jpeg": frozenset({"image/jpeg"}),
    "application/xml": frozenset({XML, TEXT}),
    "application/edxml": frozenset({XML, TEXT}),
    "text/xml": frozenset({XML, TEXT}),
    "application/txt": _PLAIN,
    "text/plain": _PLAIN,
}


def default_type(name: str, head: bytes) -> str:
    """Give the ContentType to write for a file: ``application/<extension>`` as the axis's tools do.

    A file whose extension says nothing gets the type that its bytes show.
    """
    kind = f"application/{extension(name)}"
    return kind if kind in CLAIMS else sniff_type(head)


def extension(name: str) -> str:
    """Give the extension of a name in lower case, without its dot; empty when there is none."""
    stem, dot, last = name.strip().rpartition(".")
    return last.lower() if dot and stem and last.isascii() and last.isalnum() else ""
