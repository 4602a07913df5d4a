"""Files that were damaged before or in transit, told by their octets.

Programs that read a binary file as text and write it back leave clear traces: replacement characters all
over it, every octet as UTF-16, or every octet above 127 as two octets of UTF-8. Such a file cannot be
opened by anybody, so it is an error; a file whose end is missing, or that stands in base64 twice, may still
be of use, so it is a warning.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator

import attrs

from vnedoc.edxml._content._peek import Ends, find, first_pieces
from vnedoc.edxml._content._sniff import (
    CLAIMS,
    DOCX,
    HTML,
    OLE,
    PDF,
    PPTX,
    TEXT,
    UNKNOWN,
    XLSX,
    XML,
    ZIP,
    extension,
    sniff_type,
)
from vnedoc.model import Blob, Finding

_PNG = "image/png"
_JPEG = "image/jpeg"
_MAGIC = (
    (b"%PDF-", PDF),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", _JPEG),
    (b"\xff\xd8\xff\xe1", _JPEG),
    (b"\xff\xd8\xff\xdb", _JPEG),
    (b"GIF89a", "image/gif"),
    (b"GIF87a", "image/gif"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_BOM = b"\xef\xbb\xbf"
_REPLACED = "\ufffd"
_LOOKED_AT = 4 * 1024 * 1024  # damage of this kind is all over a file
_NUL_WITHIN = 32  # every second octet of a file in UTF-16 that has characters below 256
_LEAST_REPLACED = 3
_LEAST_DOUBLED = 8
_CONTROL_SHARE = 16
# Windows-1252 puts these where Latin-1 has control characters that no text holds.
_WINDOWS = bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
_CONTROLS = re.compile(f"[\x80-\x9f{_WINDOWS}]")
_HIGH = re.compile(rb"[\x80-\xff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_BEYOND_LATIN = re.compile(f"[^\x00-\xff\ufffd{_WINDOWS}]")
_QUESTIONS = re.compile(rb"%PDF-[0-9.]{1,5}[ \t]*(?:\r\n|\r|\n)%(\?{4,64})[\r\n]")
_BINARY_FILTERS = (b"/FlateDecode", b"/DCTDecode")
_TEXT_FILTERS = (b"/ASCII85Decode", b"/ASCIIHexDecode", b"/A85", b"/AHx")
_END_OF_PDF = 1024  # ISO 32000-1, annex H.3 (18): %%EOF stands in the last 1,024 octets
_LEAST_BASE64 = 64
_BASE64_START = re.compile(rb"[ \t\r\n]*[A-Za-z0-9+/]{4}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_NOT_BINARY = frozenset({TEXT, XML, HTML, UNKNOWN})
_BINARY = frozenset({PDF, OLE, ZIP, DOCX, XLSX, PPTX, _PNG, _JPEG, "application/vnd.rar"})


def _as_utf8(magic: bytes) -> Iterator[tuple[bytes, str]]:
    yield magic.decode("utf-8", "replace").encode(), "VND-EDX-052"
    yield magic.decode("latin-1").encode(), "VND-EDX-054"
    yield magic.decode("cp1252", "replace").encode(), "VND-EDX-054"


def _as_utf16(magic: bytes) -> Iterator[tuple[bytes, str]]:
    readings = {magic.decode("latin-1"), magic.decode("cp1252", "replace"), magic.decode("utf-8", "replace")}
    for text in sorted(readings):
        for codec, bom in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
            yield text.encode(codec), codec.upper()
            yield bom + text.encode(codec), codec.upper()


_UTF8_HEADS = tuple(
    (head, kind, code)
    for magic, kind in _MAGIC
    for head, code in dict(_as_utf8(magic)).items()
    if not magic.isascii()
)
_UTF16_HEADS = tuple(
    (head, kind, codec) for magic, kind in _MAGIC for head, codec in dict(_as_utf16(magic)).items()
)
_ANY_UTF8 = tuple(head for head, _, _ in _UTF8_HEADS)
_ANY_UTF16 = tuple(head for head, _, _ in _UTF16_HEADS)
_ASCII = tuple(magic for magic, _ in _MAGIC if magic.isascii())


@attrs.frozen
class Damage:
    """What happened to a file.

    Attributes:
        code: ``VND-EDX-052`` characters replaced, ``053`` written as UTF-16, ``054`` octets doubled.
        kind: Media type of the file that it was.
        how: ``UTF-8`` or ``?`` for what stands in place of its octets, or the encoding that it is in.
        offset: Of the first octet that is not the file's own, from 0.
    """

    code: str
    kind: str
    how: str
    offset: int


def damage_of(blob: Blob, head: bytes) -> Damage | None:
    """Tell whether a binary file was written as if it were text; ``None`` when nothing shows it.

    At most the first 4 MiB are read, and in a sound file hardly more than its head.

    Args:
        blob: The file.
        head: Its first octets, some kilobytes.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    if b"\x00" in head[:_NUL_WITHIN] and head.startswith(_ANY_UTF16):
        kind, codec = next((kind, codec) for start, kind, codec in _UTF16_HEADS if head.startswith(start))
        return Damage("VND-EDX-053", kind, codec, 0)
    bare = head.removeprefix(_BOM)
    if bare.startswith(_ANY_UTF8):
        kind, code = next((kind, code) for start, kind, code in _UTF8_HEADS if bare.startswith(start))
        high = _HIGH.search(bare)
        assert high is not None  # noqa: S101 - the heads in the table have such octets
        return Damage(code, kind, "UTF-8", len(head) - len(bare) + high.start())
    if bare.startswith(_ASCII) and _may_be_utf8(head):
        kind = next(kind for magic, kind in _MAGIC if bare.startswith(magic))
        return _in_body(blob, kind, _QUESTIONS.match(head))
    return None


def _may_be_utf8(head: bytes) -> bool:
    try:
        codecs.utf_8_decode(head, "strict", False)  # noqa: FBT003 - this door takes no names
    except UnicodeDecodeError:
        return False
    return True


def _in_body(blob: Blob, kind: str, questions: re.Match[bytes] | None) -> Damage | None:
    """Judge a file whose first octets are ASCII and so tell nothing, by what follows them.

    Packed octets are never UTF-8 by chance, so the first one that is not ends the search.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    high = replaced = controls = 0
    beyond_latin = False
    first: int | None = None
    filters: set[bytes] = set()
    at = 0
    try:
        for piece in first_pieces(blob, _LOOKED_AT):
            text = decoder.decode(piece)
            filters.update(one for one in (*_BINARY_FILTERS, *_TEXT_FILTERS) if one in piece)
            marked = len(_BOM) if at == 0 and piece.startswith(_BOM) else 0
            if first is None and (met := _HIGH.search(piece, marked)):
                first = at + met.start()
            at += len(piece)
            if not text.isascii():
                replaced += text.count(_REPLACED)
                high += len(_BEYOND_ASCII.findall(text))
                controls += len(_CONTROLS.findall(text))
                beyond_latin = beyond_latin or _BEYOND_LATIN.search(text) is not None
    except UnicodeDecodeError:
        return None
    doubled = high - replaced
    if replaced >= _LEAST_REPLACED and replaced >= doubled:
        return Damage("VND-EDX-052", kind, "UTF-8", find(blob, _REPLACED.encode(), _LOOKED_AT))
    if doubled >= _LEAST_DOUBLED and not beyond_latin and controls * _CONTROL_SHARE >= doubled:
        return Damage("VND-EDX-054", kind, "UTF-8", first or 0)
    if questions and not high and filters.intersection(_BINARY_FILTERS) and filters.isdisjoint(_TEXT_FILTERS):
        return Damage("VND-EDX-052", kind, "?", questions.start(1))
    return None


def damage_findings(name: str, blob: Blob, ends: Ends, where: str) -> tuple[Finding, ...]:
    """Report what happened to a file before or in transit (at most one finding).

    Args:
        name: Its name, which says what it should be when it is empty.
        blob: The file.
        ends: Both its ends.
        where: Location of the finding.

    Returns:
        ``VND-EDX-052`` to ``054`` as an error, ``055`` (cut off) or ``056`` (base64 twice) as a warning.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    damage = damage_of(blob, ends.head)
    if damage is not None:
        found = Finding.error(
            damage.code,
            where,
            name=name,
            measured=damage.kind,
            damage=damage.how,
            offset=damage.offset,
        )
        return (found,)
    if missing := _cut_off(name, ends):
        return (Finding.warning("VND-EDX-055", where, name=name, missing=missing, size=ends.size),)
    if inner := _twice(ends.head):
        return (Finding.warning("VND-EDX-056", where, name=name, measured=inner),)
    return ()


def _cut_off(name: str, ends: Ends) -> str | None:
    """Name the end that a file lacks."""
    if not ends.size:
        expected = CLAIMS.get(f"application/{extension(name)}", frozenset())
        return min(expected & _BINARY, default=None)
    if ends.tail is None:
        return None
    if ends.head.startswith(b"%PDF-"):
        return None if b"%%EOF" in ends.tail[-_END_OF_PDF:] else "%%EOF"
    if ends.head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None if b"IEND" in ends.tail else "IEND"
    if ends.head.startswith(b"PK\x03\x04"):
        return None if b"PK\x05\x06" in ends.tail else "PK\\5\\6"
    return None


def _twice(head: bytes) -> str | None:
    """Give the type of the binary file whose base64 text *head* starts."""
    if not _BASE64_START.match(head):
        return None
    text = head.translate(None, b" \t\r\n")
    if len(text) < _LEAST_BASE64 or not _BASE64.fullmatch(text):
        return None
    kind = sniff_type(binascii.a2b_base64(text.rstrip(b"=")[: len(text) // 4 * 4 - 4]))
    return None if kind in _NOT_BINARY else kind
