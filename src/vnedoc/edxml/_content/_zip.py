"""The one kind of zip that is opened: the one that the axis's tools put around a file for its transport."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import BinaryIO, cast

import attrs

from vnedoc.edxml._content._peek import HEAD, TAIL, Ends, Tail, skip
from vnedoc.edxml._content._sniff import ZIP, extension, sniff_type
from vnedoc.errors import LimitExceeded
from vnedoc.model import Blob, Limits, file_changed

# Archives that a person packed stay closed.
_ARCHIVES = frozenset(
    {"zip", "rar", "7z", "gz", "tgz", "bz2", "xz", "tar", "jar", "war", "apk", "epub", "kmz", "cbz"}
)
# Files that are zips by their own nature. None has one entry alone, so such a zip is put around them, as the
# axis's tools do with Excel files; it must hold a file of the same extension that is a zip itself.
_OFFICE = frozenset(
    {"docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "potx", "ppsx", "vsdx"}
) | frozenset({"odt", "ods", "odp", "odg"})
_CONTENT_TYPES = b"[Content_Types].xml"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LONGEST = 0xFFFF  # of a name, an extra field, a comment
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _DESCRIBED = 0x0001, 0x0008
# Sizes of a data descriptor: 4 or 8 octets for each size, with or without its signature.
_DESCRIPTORS = frozenset({12, 16, 20, 24})
_DIRECTORY = _CENTRAL.size + 3 * _LONGEST + _END.size + _LONGEST
"""The most octets that the directory of one entry and the end record take."""
_PIECE = 1 << 16
_STEP = 1 << 18
_KEPT = 1 << 20
_ENCRYPTED_ZIP, _SEVERAL, _DAMAGED = "VND-EDX-045", "VND-EDX-046", "VND-EDX-051"
_NAME_SHOWN = 200


@attrs.frozen
class Opened:
    """What became of a possible transport zip.

    Attributes:
        content: The unpacked file; ``None`` when there was nothing to unpack.
        ends: Both ends of the unpacked file.
        entry: Its name inside the zip, which means nothing.
        closed: Code of the finding when what looks like a transport zip stays closed, else ``None``.
    """

    content: Blob | None = None
    ends: Ends | None = None
    entry: str = ""
    closed: str | None = None


class _Closed(Exception):
    """The zip is not opened; the argument, if any, is the code of the finding."""


def unpack(name: str, carried: Blob, head: bytes, limits: Limits, where: str) -> Opened:
    """Undo the transport encoding that the axis's tools put around files: a zip with exactly one entry.

    Archives stay as they are, and office files too unless the one entry is such a file. One level is undone
    and never two, and the name of the entry means nothing else. Every size is checked against what was really
    unpacked (threats H04, H06). The file is read once, forward; content of more than 1 MiB stays in *carried*
    and is unpacked again by whoever reads it.

    Args:
        name: AttachmentName; it decides whether a zip is the file itself.
        carried: The carried bytes.
        head: Their first octets.
        limits: ``zip_ratio`` and ``attachment_bytes``.
        where: Path for the error.

    Raises:
        LimitExceeded: ``VND-EDX-015`` when it would unpack to more than the limits allow.
        FileError: The file that holds the octets is gone or has changed.
    """
    kind = extension(name)
    if not head.startswith(b"PK\x03\x04") or kind in _ARCHIVES:
        return Opened()
    by_ratio = carried.size * limits.zip_ratio
    allowed = min(by_ratio, limits.attachment_bytes)
    try:
        entry, content = _open(carried, head, allowed)
    except _Closed as why:
        return Opened(closed=None if kind in _OFFICE else str(why) or None)
    except struct.error:
        return Opened(closed=None if kind in _OFFICE else _DAMAGED)
    except _TooMuchError as error:
        limit = "zip_ratio" if by_ratio < limits.attachment_bytes else "attachment_bytes"
        raise LimitExceeded.of("VND-EDX-015", limit, getattr(limits, limit), None, path=where) from error
    inside = entry.name.decode("utf-8", "replace")[:_NAME_SHOWN]
    if kind in _OFFICE and not (extension(inside) == kind and content.ends.head.startswith(b"PK\x03\x04")):
        return Opened()
    return Opened(
        content.blob(Entry(carried, entry.start, entry.packed_size, entry.method, content.digest)),
        content.ends,
        inside,
    )


def is_transport(name: str, head: bytes) -> bool:
    """Tell whether ``unpack`` would open a sound zip of one file again, if the message called it *name*.

    Args:
        name: AttachmentName.
        head: First octets of the zip.
    """
    kind = extension(name)
    if kind in _ARCHIVES:
        return False
    if kind not in _OFFICE or len(head) < _LOCAL.size:
        return True
    inside = head[_LOCAL.size : _LOCAL.size + _LOCAL.unpack_from(head)[9]]
    return extension(inside.decode("utf-8", "replace")[:_NAME_SHOWN]) == kind


class _TooMuchError(Exception):
    """The entry unpacks to more than is allowed."""


# --- the directory --------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Central:
    """The one line of the directory, and where the packed octets stand."""

    name: bytes
    method: int
    crc: int
    start: int
    packed_size: int
    size: int


def _open(carried: Blob, head: bytes, allowed: int) -> tuple[_Central, _Content]:
    """Walk the file once, then judge what was met by the directory at its end."""
    local, content, last = _walk(carried, allowed)
    entry = _directory(local, last, carried.size, head)
    if content is None or (entry.method == _STORED and content.packed != entry.packed_size):
        content = _stored(carried, entry, allowed)  # only the directory says how long it is
    if content.over and content.packed <= entry.packed_size:
        raise _TooMuchError
    if not content.whole or content.packed != entry.packed_size:
        raise _Closed(_DAMAGED)
    if (content.size, content.crc) != (entry.size, entry.crc):
        raise _Closed(_DAMAGED)
    return entry, content


def _directory(local: tuple[int, ...], last: bytes, total: int, head: bytes) -> _Central:
    """Read the directory from the *last* octets of *total*; refuse whatever overlaps, hides or lies."""
    before = total - len(last)
    end_at, entries, central_at = _end_record(last, before)
    if entries == 0:
        raise _Closed(_DAMAGED)
    if entries > 1:
        raise _Closed(_SEVERAL) if sniff_type(head) == ZIP else _Closed()
    if central_at < before:
        raise _Closed(_DAMAGED)
    central = _CENTRAL.unpack_from(last, central_at - before)
    magic, flags, method, crc, packed_size, size = (central[n] for n in (0, 3, 4, 7, 8, 9))
    name_size, extra_size, note_size, local_at = (central[n] for n in (10, 11, 12, 16))
    name_at = central_at + _CENTRAL.size
    if magic != b"PK\x01\x02" or name_at + name_size + extra_size + note_size != end_at:
        raise _Closed(_DAMAGED)
    name = last[name_at - before : name_at - before + name_size]
    if name == _CONTENT_TYPES:
        raise _Closed
    if flags & _ENCRYPTED:
        raise _Closed(_ENCRYPTED_ZIP)
    start = _LOCAL.size + local[9] + local[10]
    # The entry must fill the file from its first octet to the directory: nothing overlaps, nothing hides.
    gap = central_at - start - packed_size
    fills = gap == 0 or (flags & _DESCRIBED and gap in _DESCRIPTORS)
    usual = method in (_STORED, _DEFLATED) and local[3] == method and not name.endswith(b"/")
    if local_at != 0 or not fills or not usual:
        raise _Closed(_DAMAGED)
    return _Central(name=name, method=method, crc=crc, start=start, packed_size=packed_size, size=size)


def _end_record(last: bytes, before: int) -> tuple[int, int, int]:
    """Give where the end record stands, the number of entries, and where the directory starts."""
    at = last.rfind(b"PK\x05\x06", max(0, len(last) - _END.size - _LONGEST))
    if at < 0:
        raise _Closed(_DAMAGED)
    _, disk, first_disk, here, entries, size, central_at, comment = _END.unpack_from(last, at)
    whole = disk == first_disk == 0 and here == entries and at + _END.size + comment == len(last)
    if not whole or central_at + size != before + at:
        raise _Closed(_DAMAGED)
    return before + at, entries, central_at


# --- the entry ------------------------------------------------------------------------------------


class _Content:
    """Hashes, counts and bounds what the entry unpacks to, and keeps it while it is small.

    Attributes:
        packed: Octets of the entry that were read.
        size: Octets that they unpacked to.
        crc: CRC-32 of those.
        over: They are more than allowed; reading stopped there.
        whole: The entry came to its end.
    """

    def __init__(self, allowed: int, method: int, stored_size: int = 0) -> None:
        self.packed = self.size = self.crc = 0
        self.over = False
        self.whole = False
        self._broken = False
        self._allowed = allowed
        self._hasher = hashlib.sha256()
        self._head = b""
        self._tail = Tail(TAIL)
        self._kept: list[bytes] = []
        self._left = stored_size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if method == _DEFLATED else None
        self.feed(b"")

    def feed(self, piece: bytes) -> None:
        """Take the next packed octets; those after the end of the entry are passed over."""
        if self.whole or self.over or self._broken:
            return
        if self._inflater is None:
            mine = piece[: self._left]
            self.packed += len(mine)
            self._left -= len(mine)
            self._add(mine)
            self.whole = not self._left
            return
        inflater = self._inflater
        rest = piece
        try:
            while not inflater.eof:
                room = min(_STEP, self._allowed + 1 - self.size)
                made = inflater.decompress(rest, room)
                rest = inflater.unconsumed_tail
                if not self._add(made) or (not rest and len(made) < room):
                    break
        except zlib.error:
            self._broken = True
            return
        self.whole = inflater.eof
        # At the end what is left stands in unused_data, and sometimes in unconsumed_tail as well.
        self.packed += len(piece) - len(inflater.unused_data if inflater.eof else rest)

    def _add(self, made: bytes) -> bool:
        self.size += len(made)
        if self.size > self._allowed:
            self.over = True
            return False
        self.crc = zlib.crc32(made, self.crc)
        self._hasher.update(made)
        self._tail.add(made)
        if len(self._head) < HEAD:
            self._head += made[: HEAD - len(self._head)]
        if self.size <= _KEPT:
            self._kept.append(made)
        else:
            self._kept.clear()
        return True

    @property
    def ends(self) -> Ends:
        """Both ends of what was unpacked."""
        return Ends(self.size, self._head, self._tail.octets())

    @property
    def digest(self) -> str:
        """Digest as a blob has it."""
        return "sha256:" + self._hasher.hexdigest()

    def blob(self, entry: Entry) -> Blob:
        """Give the content: in memory when it is small, else as the *entry* that it comes from."""
        if self.size <= _KEPT:
            return Blob(self.size, self.digest, b"".join(self._kept))
        return Blob(self.size, self.digest, opener=entry)


def _walk(carried: Blob, allowed: int) -> tuple[tuple[int, ...], _Content | None, bytes]:
    """Read the file once: its local header, its first entry as that header describes it, its last octets.

    What is told by the directory only (a stored entry with a descriptor) is left for a second look.
    """
    last = Tail(_DIRECTORY)
    content: _Content | None = None
    local: tuple[int, ...] = ()
    header = b""
    for piece in carried.checked_chunks(_PIECE):
        last.add(piece)
        if not local:
            header += piece
            if len(header) < _LOCAL.size + 2 * _LONGEST and last.total < carried.size:
                continue
            if len(header) < _LOCAL.size:
                continue  # to the end, where the digest is compared
            local = _LOCAL.unpack_from(header)
            content = _promised(local, allowed)
            piece = header[_LOCAL.size + local[9] + local[10] :]  # noqa: PLW2901 - the rest of it
        if content is not None:
            content.feed(piece)
    if not local:
        raise _Closed(_DAMAGED)
    return local, content, last.octets()


def _promised(local: tuple[int, ...], allowed: int) -> _Content | None:
    flags, method, packed_size = local[2], local[3], local[7]
    if method == _DEFLATED:
        return _Content(allowed, method)
    if method == _STORED and not flags & _DESCRIBED:
        return _Content(allowed, method, packed_size)
    return None


def _stored(carried: Blob, entry: _Central, allowed: int) -> _Content:
    """Read a stored entry whose place is known."""
    content = _Content(allowed, _STORED, entry.packed_size)
    before = entry.start
    for piece in carried.checked_chunks(_PIECE):
        content.feed(piece[before:])
        before = max(0, before - len(piece))
    return content


# --- reading it again -----------------------------------------------------------------------------


@attrs.frozen
class Entry:
    """Opens the content of a transport zip that was checked before; calling it gives a forward stream.

    Attributes:
        carried: The zip.
        start: Where the packed octets start.
        packed_size: How many they are.
        method: 0 stored, 8 deflated.
        digest: Of the content.
    """

    carried: Blob
    start: int
    packed_size: int
    method: int
    digest: str

    def __call__(self) -> BinaryIO:
        """Give a new stream at the first octet; the caller closes it."""
        return cast("BinaryIO", io.BufferedReader(_EntryStream(self), _PIECE))


class _EntryStream(io.RawIOBase):
    """Unpacks while it is read. What was checked and is broken now has changed meanwhile."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self._left = entry.packed_size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
        self._source = entry.carried.open()
        skip(self._source, entry.start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        piece = self._packed(len(buffer)) if self._inflater is None else self._inflated(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        source = vars(self).get("_source")  # absent when it could not be opened
        if source is not None:
            source.close()
        super().close()

    def _packed(self, most: int) -> bytes:
        piece = self._source.read(min(most, self._left))
        if not piece and self._left:
            raise file_changed(self._entry.digest, self._entry.carried.path)
        self._left -= len(piece)
        return piece

    def _inflated(self, most: int) -> bytes:
        inflater = self._inflater
        assert inflater is not None  # noqa: S101 - the caller asked
        while not inflater.eof:
            source = inflater.unconsumed_tail or self._packed(_PIECE)
            try:
                piece = inflater.decompress(source, most)
            except zlib.error as error:
                raise file_changed(self._entry.digest, self._entry.carried.path) from error
            if piece:
                return piece
            if not source and not inflater.eof:
                raise file_changed(self._entry.digest, self._entry.carried.path)
        return b""
