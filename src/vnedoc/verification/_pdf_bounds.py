# mypy: disable-error-code="no-untyped-call"
"""A pyHanko reader that counts before it expands, so that the work stays in proportion to the file."""

from __future__ import annotations

import io
import os
import re
from bisect import bisect_left
from typing import Any

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeContext,
    DecodeLimits,
    DecodePurpose,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import (
    HistoricalResolver,
    PdfFileReader,
    _read_header_version,
    process_data_at_eof,
)
from pyhanko.pdf_utils.xref import XRefBuilder, XRefCache

from vnedoc.errors import LimitExceeded
from vnedoc.model import Limits

_XREF_ENTRY = 16  # octets of one entry in a cross-reference stream, generously
_TABLE_ENTRY = 20  # octets of one entry in a cross-reference table
_WIDTHS = 3
_CHEAP = 16  # checks of a freed entry, or direct values, that cost as much as following one reference
_BIG = 512  # digits of a hex string that is worth slicing
_NEAR = 64 * 1024  # octets around such a string that one signature dictionary may have
_LONG_STRING = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{%d,})>" % _BIG)
_SPACE = rb"[\x00\t\n\x0c\r ]"
_SUBSECTION = re.compile(rb"%b*(\d{1,10})%b+(\d{1,10})%b*" % (_SPACE, _SPACE, _SPACE))
_NO_ENTRIES = re.compile(rb"%b*" % _SPACE)


def exceeded(limit: str, allowed: int, seen: int | None) -> LimitExceeded:
    """Give the error for a bound that the file breaks."""
    return LimitExceeded.of("VND-PDF-005", limit, allowed, seen)


class Reader(PdfFileReader):  # type: ignore[misc, unused-ignore]
    """A reader with bounds, which finds signature values by slicing and remembers where they stand."""

    def __init__(self, octets: bytes, limits: Limits, *, strict: bool = True) -> None:
        """Do what ``PdfFileReader`` does, with tables that are counted before they are expanded."""
        self._limits = limits
        # A comment that nothing ends would be read for ever, so the stream always ends with a line end.
        self._octets = octets if octets[-1:] in b"\r\n" else octets + b"\n"
        self._steps = 0
        self._packed: dict[int, tuple[io.BytesIO, dict[int, tuple[int, int]]]] = {}
        self._long = [(one.start(1) - 1, one.end(1) + 1) for one in _LONG_STRING.finditer(octets)]
        self.gaps: dict[tuple[int, int], tuple[int, int]] = {}
        self._security_handler = None
        self.strict = strict
        self._decode_context = DecodeContext(_decode_limits(limits), input_size=len(self._octets))
        self.resolved_objects = {}
        self._input_version = None
        self._views: dict[int, _Resolver] = {}
        self._embedded_signatures = None
        self.stream = io.BytesIO(self._octets)
        self._header_version = _read_header_version(self.stream)
        self.stream.seek(-1, os.SEEK_END)
        sections = _Sections(self, process_data_at_eof(self.stream), self._octets, limits)
        self.xrefs = _History(self, sections.read_xrefs())
        self.last_startxref = sections.last_startxref
        self.trailer = sections.trailer
        self.has_xref_stream = sections.has_xref_stream

    def step(self, count: int) -> None:
        """Count work whose amount the file decides.

        Raises:
            LimitExceeded: ``VND-PDF-005`` naming ``pdf_references``.
        """
        self._steps += count
        if self._steps > self._limits.pdf_references:
            raise exceeded("pdf_references", self._limits.pdf_references, self._steps)

    def get_historical_resolver(self, revision: int) -> _Resolver:
        """Give the view on one revision, whose work is counted."""
        if revision not in self._views:
            self._views[revision] = _Resolver(self, revision)
        return self._views[revision]

    def _read_object(self, ref: Any, marker: Any, *args: Any, **options: Any) -> Any:
        value = self._sliced(ref, marker, *args, **options) if isinstance(marker, int) else None
        if value is None:
            value = super()._read_object(ref, marker, *args, **options)
        _require_depth(raw(value), self._limits.pdf_depth)
        return value

    def _sliced(self, ref: Any, marker: int, *args: Any, **options: Any) -> Any:
        """Read an object with a mark in place of its one long hex string.

        pyHanko reads hex strings one digit at a time, which takes longer than all other work on a signature.
        A value counts as read this way only when the mark turns up as ``/Contents`` of what was parsed.
        """
        place = self._long_string(marker)
        if place is None:
            return None
        start, end, stop = place
        mark = os.urandom(16)
        octets = self._octets
        short = b"".join((octets[marker:start], b"<", mark.hex().encode(), b">", octets[end:stop], b"\n0"))
        stream = self.stream
        self.stream = io.BytesIO(short)
        try:
            value = super()._read_object(ref, 0, *args, **options)
        finally:
            self.stream = stream
        if not _replace_mark(raw(value), mark, bytes.fromhex(octets[start + 1 : end - 1].decode())):
            return None
        self.gaps[ref.idnum, ref.generation] = (start, end)
        return value

    def _long_string(self, marker: int) -> tuple[int, int, int] | None:
        """Give start and end of the one long string of the object at *marker*, and the object's end."""
        index = bisect_left(self._long, (marker, 0))
        if index == len(self._long):
            return None
        start, end = self._long[index]
        if start - marker > _NEAR or (end - start) % 2 or self._octets.find(b"endobj", marker, start) >= 0:
            return None
        stop = self._octets.find(b"endobj", end, end + _NEAR) + len(b"endobj")
        if stop < end or (index + 1 < len(self._long) and self._long[index + 1][0] < stop):
            return None
        around = self._octets[marker:start], self._octets[end:stop]
        return None if any(b"stream" in one for one in around) else (start, end, stop)

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        """Read one object of an object stream, whose list of objects is read once (pyHanko: each time)."""
        if stmnum not in self._packed:
            self._packed[stmnum] = self._unpacked(stmnum)
        content, places = self._packed[stmnum]
        index, offset = places.get(idnum, (-1, 0))
        if index != idx and (self.strict or index < 0):
            raise misc.PdfReadError(f"object stream {stmnum} has no object {idnum} at {idx}")
        content.seek(offset)
        value = generic.read_object(content, generic.Reference(idnum, 0, self))
        if isinstance(value, (generic.StreamObject, generic.IndirectObject)):
            raise misc.PdfReadError("an object that an object stream must not hold")
        return value

    def _unpacked(self, stmnum: int) -> tuple[io.BytesIO, dict[int, tuple[int, int]]]:
        stream = generic.Reference(stmnum, 0, self).get_object()
        if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
            raise misc.PdfReadError(f"object {stmnum} is no object stream")
        content = stream.read_data(DecodePurpose.OBJECT_STREAM)
        first, count = int(stream["/First"]), int(stream["/N"])
        numbers = [int(one) for one in content[: max(first, 0)].split()[: 2 * max(count, 0)]]
        if len(numbers) != 2 * count:
            raise misc.PdfReadError(f"object stream {stmnum} holds fewer objects than it says")
        places: dict[int, tuple[int, int]] = {}
        for index, (number, offset) in enumerate(zip(numbers[::2], numbers[1::2], strict=True)):
            places.setdefault(number, (index, first + offset))
        # As for files: a comment at the end must end.
        return io.BytesIO(content + b"\n"), places


class _Sections(XRefBuilder):  # type: ignore[misc, unused-ignore]
    """Cross-reference sections, with what they declare counted first."""

    def __init__(self, reader: Reader, last_startxref: int, octets: bytes, limits: Limits) -> None:
        super().__init__(reader, reader.stream, reader.strict, last_startxref)
        self._reader, self._octets, self._limits, self._declared = reader, octets, limits, 0

    def _read_xref_table(self, declared_startxref: int) -> Any:
        self._count_section()
        self._count_table(self.stream.tell())
        previous = super()._read_xref_table(declared_startxref)
        self._count_comparison()
        return previous

    def _read_xref_stream(self, declared_startxref: int) -> Any:
        self._count_section()
        previous = super()._read_xref_stream(declared_startxref)
        self._count_comparison()
        return previous

    def _read_xref_stream_object(self) -> Any:
        reference, stream = super()._read_xref_stream_object()
        index, widths = list(stream.get("/Index", [0, stream["/Size"]])), list(stream["/W"])
        if not all(isinstance(one, int) and one >= 0 for one in index + widths) or len(widths) != _WIDTHS:
            raise misc.PdfReadError("a cross-reference stream whose entries cannot be counted")
        count, width = sum(index[1::2]), sum(widths)
        self._count_entries(count)
        content = stream.read_data(DecodePurpose.XREF_STREAM, expected_size=count * (width + 1))
        if len(content) < count * width:
            raise misc.PdfReadError("a cross-reference stream with fewer octets than entries")
        return reference, stream

    def _count_section(self) -> None:
        if len(self.sections) >= self._limits.pdf_revisions:
            raise exceeded("pdf_revisions", self._limits.pdf_revisions, len(self.sections) + 1)

    def _count_entries(self, count: int) -> None:
        self._declared += count
        if self._declared > self._limits.pdf_objects:
            raise exceeded("pdf_objects", self._limits.pdf_objects, self._declared)

    def _count_table(self, at: int) -> None:
        """Walk a table exactly as pyHanko does, keeping nothing (ISO 32000-2, 7.5.4)."""
        octets = self._octets
        while not octets.startswith(b"trailer", at):
            header = _SUBSECTION.match(octets, at)
            if header is None:
                raise misc.PdfReadError("a cross-reference table whose entries cannot be counted")
            count, at = int(header[2]), header.end()
            self._count_entries(count)
            for _ in range(count):
                at = _after_entry(octets, at)
            at = _NO_ENTRIES.match(octets, at).end()  # type: ignore[union-attr]

    def _count_comparison(self) -> None:
        """Count the checks of freed and reused numbers, each of which looks at all later sections."""
        data = self.sections[-1].xref_data
        reused = len(list(data.higher_generation_refs()))
        self._reader.step((len(data.freed) + reused) * len(self.sections) // _CHEAP)


class _History(XRefCache):  # type: ignore[misc, unused-ignore]
    """Cross-references that look an object's history up once."""

    def __init__(self, reader: Reader, sections: Any) -> None:
        super().__init__(reader, sections)
        self._last: dict[tuple[int, int], int | None] = {}

    def get_last_change(self, ref: Any) -> int:
        """Give the revision that wrote *ref* last; raises ``KeyError`` when none did."""
        key = (ref.idnum, ref.generation)
        if key not in self._last:
            try:
                self._last[key] = super().get_last_change(ref)
            except KeyError:
                self._last[key] = None
        found = self._last[key]
        if found is None:
            raise KeyError(ref)
        return found


class _Resolver(HistoricalResolver):  # type: ignore[misc, unused-ignore]
    """The view on one revision. References can be laid out so that the paths along them have no end."""

    def __init__(self, reader: Reader, revision: int) -> None:
        super().__init__(reader, revision)
        self._counter = reader

    def once(self, ref: Any) -> Any:
        """Follow a reference for a walk that takes each object once, which costs little."""
        return super().get_object(ref)

    def get_object(self, ref: Any, as_metadata_stream: bool = False) -> Any:  # noqa: FBT001,FBT002 - pyHanko's signature
        """Follow one reference, and count it."""
        value = super().get_object(ref, as_metadata_stream)
        self._counter.step(1 + (len(value) // _CHEAP if isinstance(value, (dict, list)) else 0))
        return value


def _decode_limits(limits: Limits) -> DecodeLimits:
    table = StreamDecodeLimits(max_output_size=limits.pdf_objects * _XREF_ENTRY)
    return DecodeLimits(
        per_stream=StreamDecodeLimits(max_output_size=limits.pdf_inflate_bytes),
        per_purpose={**DEFAULT_PURPOSE_LIMITS, DecodePurpose.XREF_STREAM: table},
    )


def _after_entry(octets: bytes, at: int) -> int:
    """Give where the entry at *at* ends: 20 octets by the rules, 19 or 21 in files that break them."""
    while octets[at : at + 1] in (b"\r", b"\n"):
        at += 1
    end = at + _TABLE_ENTRY
    if end > len(octets):
        raise misc.PdfReadError("a cross-reference table with fewer octets than entries")
    return end - 1 if octets[end - 1] in b"0123456789t" else end


def raw(value: Any) -> Any:
    """Give the value itself where pyHanko would decrypt it."""
    return value.raw_object if isinstance(value, generic.DecryptedObjectProxy) else value


def _require_depth(value: Any, allowed: int) -> None:
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        if depth > allowed:
            raise exceeded("pdf_depth", allowed, depth)
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]


def _replace_mark(value: Any, mark: bytes, contents: bytes) -> bool:
    """Put the real ``/Contents`` where the mark was parsed: in the dictionary, or in its ``/V``."""
    for holder in (value, value.get("/V") if isinstance(value, generic.DictionaryObject) else None):
        if isinstance(holder, generic.DictionaryObject) and raw_contents(holder) == mark:
            holder[generic.pdf_name("/Contents")] = generic.ByteStringObject(contents)
            return True
    return False


def raw_contents(signature: Any) -> bytes | None:
    """Give ``/Contents`` without decryption, which does not apply to it (ISO 32000-2, 7.6.2)."""
    if "/Contents" not in signature:
        return None
    value = signature.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    if isinstance(value, (generic.TextStringObject, generic.ByteStringObject)):
        octets: bytes = value.original_bytes
        return octets
    return None


def at(value: Any, *keys: str) -> Any:
    """Follow *keys* through dictionaries and references; ``None`` where one is missing."""
    for key in keys:
        if not isinstance(value, generic.DictionaryObject) or key not in value:
            return None
        value = value.raw_get(key).get_object()
    return value
