"""What a file is by its first bytes, and the one kind of zip that is opened."""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Collection, Mapping

import attrs

from vnedoc.errors import LimitExceeded
from vnedoc.model import Limits

# --- first bytes ----------------------------------------------------------------------------------

PDF = "application/pdf"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
XML = "application/xml"
TEXT = "text/plain"
UNKNOWN = "application/octet-stream"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"
PPTX = f"{_OFFICE}.presentationml.presentation"
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
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
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
        return "text/html"
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
    return _OFFICE


def _is_text(head: bytes) -> bool:
    if head.translate(None, _BINARY) != head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start >= len(head) - 3
    return True


_WORD = frozenset({DOCX, _OFFICE, OLE, "application/rtf"})
_SHEET = frozenset({XLSX, _OFFICE, OLE})
_SLIDES = frozenset({PPTX, _OFFICE, OLE})
_PLAIN = frozenset({TEXT, XML, "text/html"})
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


# --- transport zips -------------------------------------------------------------------------------

# Names of files that are zips by their own nature, or archives that a person packed: they stay closed.
_ARCHIVES = (
    frozenset(
        {"zip", "rar", "7z", "gz", "tgz", "bz2", "xz", "tar", "jar", "war", "apk", "epub", "kmz", "cbz"}
    )
    | frozenset({"docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "potx", "ppsx", "vsdx"})
    | frozenset({"odt", "ods", "odp", "odg"})
)
_HEAD = 4096
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LONGEST_COMMENT = 0xFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _DESCRIBED = 0x0001, 0x0008
# Sizes of a data descriptor: 4 or 8 octets for each size, with or without its signature.
_DESCRIPTORS = frozenset({12, 16, 20, 24})


@attrs.frozen
class Opened:
    """What became of a possible transport zip.

    Attributes:
        content: The unpacked file; ``None`` when there was nothing to unpack.
        closed: Code of the finding when what looks like a transport zip stays closed, else ``None``.
    """

    content: bytes | None = None
    closed: str | None = None


_ENCRYPTED_ZIP, _SEVERAL, _DAMAGED = "VND-EDX-045", "VND-EDX-046", "VND-EDX-051"


class _Closed(Exception):
    """The zip is not opened; the argument, if any, is the code of the finding."""


def unpack(name: str, data: bytes, limits: Limits, where: str) -> Opened:
    """Undo the transport encoding that the axis's tools put around files: a zip with exactly one entry.

    Archives and office files stay as they are, one level is undone and never two, and the name of the
    entry means nothing. Every size is checked against what was really unpacked (threats H04, H06).

    Args:
        name: AttachmentName; it decides whether a zip is the file itself.
        data: The carried bytes.
        limits: ``zip_ratio`` and ``attachment_bytes``.
        where: Path for the error.

    Raises:
        LimitExceeded: ``VND-EDX-015`` when it would unpack to more than the limits allow.
    """
    if not data.startswith(b"PK\x03\x04") or extension(name) in _ARCHIVES:
        return Opened()
    try:
        return Opened(_inflate(data, limits, where))
    except _Closed as why:
        return Opened(closed=str(why) or None)
    except (struct.error, zlib.error):
        return Opened(closed=_DAMAGED)


def _inflate(data: bytes, limits: Limits, where: str) -> bytes:
    end_at, entries, central_at = _end_record(data)
    if entries == 0:
        raise _Closed(_DAMAGED)
    if entries > 1:
        raise _Closed(_SEVERAL) if sniff_type(data[:_HEAD]) == ZIP else _Closed()
    central = _CENTRAL.unpack_from(data, central_at)
    magic, flags, method, crc, packed_size, size = (central[n] for n in (0, 3, 4, 7, 8, 9))
    name_size, extra_size, note_size, local_at = (central[n] for n in (10, 11, 12, 16))
    name_at = central_at + _CENTRAL.size
    if magic != b"PK\x01\x02" or name_at + name_size + extra_size + note_size != end_at:
        raise _Closed(_DAMAGED)
    entry_name = data[name_at : name_at + name_size]
    if entry_name == _CONTENT_TYPES:
        raise _Closed
    if flags & _ENCRYPTED:
        raise _Closed(_ENCRYPTED_ZIP)
    local = _LOCAL.unpack_from(data, 0)
    start = _LOCAL.size + local[9] + local[10]
    # The entry must fill the file from its first octet to the directory: nothing overlaps, nothing hides.
    gap = central_at - start - packed_size
    fills = gap == 0 or (flags & _DESCRIBED and gap in _DESCRIPTORS)
    usual = method in (_STORED, _DEFLATED) and local[3] == method and not entry_name.endswith(b"/")
    if local_at != 0 or not fills or not usual:
        raise _Closed(_DAMAGED)
    content = _bounded(data[start : start + packed_size], method, len(data), limits, where)
    if len(content) != size or zlib.crc32(content) != crc:
        raise _Closed(_DAMAGED)
    return content


def _end_record(data: bytes) -> tuple[int, int, int]:
    """Give where the end record stands, the number of entries, and where the directory starts."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - _LONGEST_COMMENT))
    if at < 0:
        raise _Closed(_DAMAGED)
    _, disk, first_disk, here, entries, size, central_at, comment = _END.unpack_from(data, at)
    whole = disk == first_disk == 0 and here == entries and at + _END.size + comment == len(data)
    if not whole or central_at + size != at:
        raise _Closed(_DAMAGED)
    return at, entries, central_at


def _bounded(packed: bytes, method: int, carried: int, limits: Limits, where: str) -> bytes:
    by_ratio = carried * limits.zip_ratio
    allowed = min(by_ratio, limits.attachment_bytes)
    if method == _STORED:
        content = packed
    else:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(packed, allowed + 1)
        if len(content) <= allowed and (not inflater.eof or inflater.unused_data):
            raise _Closed(_DAMAGED)
    if len(content) > allowed:
        limit = "zip_ratio" if by_ratio < limits.attachment_bytes else "attachment_bytes"
        raise LimitExceeded.of("VND-EDX-015", limit, getattr(limits, limit), None, path=where)
    return content


# --- names ----------------------------------------------------------------------------------------

_LONGEST_NAME = 200
_LONGEST_EXTENSION = 20
_PUNCTUATION = frozenset(" -_.,()[]+=@#&'!")
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}).union(
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
)


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """Make a file name for display and storage out of a name that a message gives (threats H01, H02).

    Letters of every script, digits and a little punctuation stay; all else, path separators, control and
    direction characters included, becomes ``_`` or goes. The result is NFC, at most 200 octets of UTF-8,
    no device name of Windows, does not start with a dot or a combining mark, does not end in a dot or a
    space, keeps its extension, and is never empty.

    Args:
        name: The name as given; it is data and may be anything.
        taken: Names that are already there; the result differs from each of them also on file systems
            that ignore case or Unicode form.
    """
    plain = _tidy("".join(map(_allowed, unicodedata.normalize("NFC", name))))
    stem, suffix = _parted(plain or "attachment")
    used = {_key(one) for one in taken}
    made = _fitted(stem, "", suffix)
    number = 2
    while _key(made) in used:
        made = _fitted(stem, f" ({number})", suffix)
        number += 1
    return made


def _allowed(letter: str) -> str:
    if letter in _PUNCTUATION:
        return letter
    match unicodedata.category(letter)[0], unicodedata.category(letter):
        case (("L" | "M" | "N"), _):
            return letter
        case _, "Cf":  # zero width and direction marks
            return ""
        case _, "Zs":
            return " "
    return "_"


def _tidy(name: str) -> str:
    name = unicodedata.normalize("NFC", name).rstrip(". ")
    first = (at for at, one in enumerate(name) if one not in ". " and unicodedata.category(one)[0] != "M")
    name = name[next(first, len(name)) :]
    if name.startswith("-"):
        name = "_" + name[1:]
    if name.split(".", 1)[0].rstrip().lower() in _DEVICES:
        name = "_" + name
    return name


def _parted(name: str) -> tuple[str, str]:
    stem, dot, last = name.rpartition(".")
    if dot and stem and len(last.encode()) < _LONGEST_EXTENSION:
        return stem, "." + last
    return name, ""


def _fitted(stem: str, number: str, suffix: str) -> str:
    room = _LONGEST_NAME - len((number + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + number + suffix


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
