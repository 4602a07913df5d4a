"""Long base64 text inside a file: decoded piece by piece, and opened again as the octets it stands for."""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

import attrs

from vnedoc.errors import DecodeError, FileError, LimitExceeded
from vnedoc.model import Limits, file_changed
from vnedoc.xml._text import has_gaps

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TOO_LARGE = "VND-XML-010"
MARK = "vnedoc-run."  # "-" and ".": no base64

_HEAD = 4096  # octets
_TELLING = 1024  # octets; fewer do not tell what a content is
CHUNK = 3 << 15  # octets; what is decoded stays in the cache, and its memory is used again
EXPAT_CHUNK = 1 << 16  # octets; expat is fastest, and smallest, at this size
_QUAD = 4
_WHITE_SPACE = b" \t\r\n"
_TOKEN = re.compile(re.escape(MARK) + r"[0-9a-f]{32}\.([0-9]{1,9})\.")
_LINE_IN_CAUSE = re.compile(r" line ([0-9]{1,9}) and ")


Hashed = Callable[[bytes], bool]
"""Tells by the first octets of a content, a kilobyte or more, whether its digest is taken."""


def all_hashed(_head: bytes) -> bool:
    """Take every digest."""
    return True


class NotBase64(Exception):
    """The text is no exact base64; whoever meets it says where it stands."""


class Base64:
    """Decodes base64 that comes piece by piece, and accepts what ``strict_base64`` accepts of the whole.

    Attributes:
        lines: Line feeds met so far.
        has_gaps: Spaces or tabs stood inside a line, see ``vnedoc.xml.has_gaps``.
    """

    def __init__(self) -> None:
        # Imported here: small messages do without it.
        from pybase64 import b64decode

        self._decode = b64decode
        self._rest = b""
        self._ended = False  # by padding
        self._wrapped = False
        self._before = b""  # how the text before ended: its last character, and one space if there were any
        self.lines = 0
        self.has_gaps = False

    @property
    def wanting(self) -> int:
        """How many characters are missing to the next whole group of four."""
        return -len(self._rest) % _QUAD

    def feed(self, text: bytes | memoryview) -> bytes:
        """Decode what is whole of it.

        Raises:
            NotBase64: For another character, wrong padding, or bits left over.
        """
        if not self._wrapped:
            decoded = self.feed_unbroken(text)
            if decoded is not None:
                return decoded
            self._wrapped = True
        text = bytes(text)
        # One character is deleted by a search for it, which beats the translation of each octet by far.
        packed = text.replace(b"\n", b"")
        self.lines += len(text) - len(packed)
        if b"\r" in packed:
            packed = packed.replace(b"\r", b"")
        spaces = b" " in packed or b"\t" in packed
        if not self.has_gaps:
            self._look_for_gaps(text, spaces=spaces)
        if spaces:
            packed = packed.translate(None, _WHITE_SPACE)
        try:
            return self._whole(packed)
        except binascii.Error as error:
            raise NotBase64 from error

    def feed_unbroken(self, text: bytes | memoryview) -> bytes | None:
        """Decode text as ``feed`` does, where it is base64 and nothing else."""
        if self._wrapped:
            return None
        try:
            decoded = self._whole(text)
        except binascii.Error:
            return None
        self._before = bytes(text[-1:]) or self._before
        return decoded

    def _look_for_gaps(self, text: bytes, *, spaces: bool) -> None:
        before = self._before
        if spaces:
            text = before + text
            self.has_gaps = has_gaps(text)
            solid = text.rstrip(b" \t")
            self._before = solid[-1:] + b" " if len(solid) < len(text) else text[-1:]
        elif text:
            self.has_gaps = before.endswith(b" ") and has_gaps(before + text[:1])
            self._before = text[-1:]

    def finish(self) -> None:
        """Say that the text has ended.

        Raises:
            NotBase64: It ends in the middle of a group.
        """
        if self._rest:
            raise NotBase64

    def _whole(self, packed: bytes | memoryview) -> bytes:
        if self._ended:
            if packed:
                raise binascii.Error
            return b""
        text = self._rest + bytes(packed) if self._rest else packed
        end = len(text) & ~(_QUAD - 1)
        rest = b""
        if end == len(text):
            decoded = self._decode(text, validate=True)
        else:
            decoded = self._decode(memoryview(text)[:end], validate=True)
            rest = bytes(text[end:])
            if len(rest.translate(None, _WHITE_SPACE)) != len(rest):
                raise binascii.Error
        self._rest = rest
        if end and text[end - 1] == ord("="):
            self._ended = True
            # Bits left over would let many texts mean the same octets (RFC 4648, clause 3.5).
            tail = binascii.b2a_base64(decoded[-(len(decoded) % 3) :], newline=False)
            if tail != bytes(text[end - _QUAD : end]):
                raise binascii.Error
        return decoded


class LongText:
    """A text on its way out: decoded, sized and hashed.

    Attributes:
        start: Its offset in the file.
        length: Its size in the file.
        lines: Line feeds in it.
        tail: Octets after the last of them.
        is_long: Long enough to be taken out.
        marked: References or CDATA sections stand in it.
        quote: Its first characters, white space aside, where it is no base64.
        head: The first octets that it stands for, at most 4 KiB.
    """

    def __init__(self, start: int, hashed: Hashed = all_hashed) -> None:
        self.start = start
        self.length = self.lines = self.tail = self._size = 0
        self.is_long = self.marked = False
        self.quote = ""
        self.head = b""
        self._decoder: Base64 | None = Base64()
        self._hashed = hashed
        self._hasher: hashlib._Hash | None = None

    def pass_by(self, raw: bytes | memoryview, lines: int) -> None:
        """Count octets of the file, and the line feeds in them."""
        self.length += len(raw)
        self.lines += lines
        self.tail = len(raw) - bytes(raw).rfind(b"\n") - 1 if lines else self.tail + len(raw)

    def decode(self, text: bytes | memoryview) -> int:
        """Decode text, which is not kept; give the number of line feeds in it.

        Raises:
            NotBase64: It is none.
        """
        if self._decoder is None:
            return 0
        before = self._decoder.lines
        octets = self._decoder.feed(text)
        self._take(octets)
        return self._decoder.lines - before

    def decode_unbroken(self, raw: memoryview) -> bool:
        """Decode and pass by octets of the file that are base64 and nothing else; ``False``: not done."""
        # What is left over of a group is not looked at, so there must be nothing of it.
        whole = self._decoder is not None and (len(raw) - self._decoder.wanting) % _QUAD == 0
        octets = self._decoder.feed_unbroken(raw) if self._decoder is not None and whole else None
        if octets is None:
            return False
        self.length += len(raw)
        self.tail += len(raw)
        self._take(octets)
        return True

    def _take(self, octets: bytes) -> None:
        if not self._size and (len(octets) < _TELLING or self._hashed(octets[:_HEAD])):
            self._hasher = hashlib.sha256()
        if self._size < _HEAD:
            self.head += octets[: _HEAD - self._size]
        self._size += len(octets)
        if self._hasher is not None:
            self._hasher.update(octets)

    def spoil(self) -> None:
        """Say that it is no base64."""
        self._decoder = None

    def wanting(self) -> int:
        """How many characters bring the decoder to the end of a group."""
        return 0 if self._decoder is None else self._decoder.wanting

    def finish(self) -> None:
        """Say that it has ended.

        Raises:
            NotBase64: In the middle of a group.
        """
        if self._decoder is not None:
            self._decoder.finish()

    @property
    def has_gaps(self) -> bool:
        """Whether it is base64 with spaces or tabs inside a line."""
        return self._decoder is not None and self._decoder.has_gaps

    def octets(self) -> tuple[int, str] | None:
        """Give size and digest of what it stands for; ``None`` when it is no base64.

        The digest is empty where it was not taken.
        """
        if self._decoder is None:
            return None
        return self._size, "" if self._hasher is None else f"sha256:{self._hasher.hexdigest()}"


class Octets:
    """One pass over the octets of a file: counted, bounded and, if wanted, hashed."""

    def __init__(
        self,
        handle: BinaryIO,
        limits: Limits,
        digest: bool,  # noqa: FBT001 - always given
        *,
        steady: bool = False,
    ) -> None:
        handle.seek(0)
        self._handle = handle
        self._steady = steady
        self._allowed = limits.file_bytes
        self._hasher = hashlib.sha256() if digest else None
        self.size = 0

    def read_plain(self, more: int = 0) -> bytes:
        """Give a chunk, and some octets more; of what is in memory all, which costs no copy."""
        return self.read(-1 if self._steady else CHUNK + more)

    def read(self, size: int = CHUNK) -> bytes:
        octets = self._handle.read(size)
        self.size += len(octets)
        if self.size > self._allowed:
            raise LimitExceeded.of(TOO_LARGE, "file_bytes", self._allowed, None)
        if self._hasher is not None:
            self._hasher.update(octets)
        return octets

    @property
    def digest(self) -> str | None:
        return None if self._hasher is None else "sha256:" + self._hasher.hexdigest()


class _Text:
    """Takes the text out of the inside of an element: references, CDATA sections and line ends resolved."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.buffer_size = EXPAT_CHUNK
        self._parser.CharacterDataHandler = self._pieces.append
        self._parser.Parse(b"<x>", False)  # noqa: FBT003 - a C signature

    def feed(self, raw: bytes) -> bytes:
        try:
            self._parser.Parse(raw, False)  # noqa: FBT003 - a C signature
            text = "".join(self._pieces).encode("ascii")
        except (expat.ExpatError, UnicodeEncodeError) as error:
            raise NotBase64 from error
        self._pieces.clear()
        return text


@attrs.frozen
class Run:
    """Opens base64 text inside a file as the octets that it stands for, decoded as they are read.

    Attributes:
        source: Gives a new stream of the file; picklable, so that this is.
        start: Offset of the text in the file, octets.
        length: Size of the text, octets.
        size: Number of decoded octets.
        digest: Of the decoded octets; only to say in an error what was expected.
        marked: References or CDATA sections stand in it.
    """

    source: Callable[[], BinaryIO] = attrs.field(repr=False)
    start: int
    length: int
    size: int
    digest: str
    marked: bool = False

    @property
    def unbroken(self) -> bool:
        """Whether nothing but base64 stands there, so that any place in it can be reached at once."""
        return not self.marked and self.length == -(-self.size // 3) * _QUAD

    def __call__(self) -> BinaryIO:
        """Give a stream that can seek; backwards, and forwards in broken text, by decoding again.

        Raises:
            FileError: ``VND-IO-001`` when the file is gone; while reading, ``VND-IO-003`` when what stands
                there is not base64 any more.
        """
        return io.BufferedReader(_RunStream(self))


class _RunStream(io.RawIOBase):
    """The octets of a run. It checks the form of the text; the digest is checked by ``Blob``."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._handle = run.source()
        self._begin(0, 0)

    def _begin(self, text_at: int, position: int) -> None:
        """Go on at the start of a group: an offset in the text, and the octet that it stands for."""
        self._position = min(position, self._run.size)
        self._left = self._run.length - text_at
        self._handle.seek(self._run.start + text_at)
        self._decoder = Base64()
        self._text = _Text() if self._run.marked else None
        self._ready = memoryview(b"")

    def _next(self) -> bytes:
        """Decode the next piece; empty at the end of the run."""
        while self._left:
            raw = self._handle.read(min(self._left, EXPAT_CHUNK if self._run.marked else CHUNK))
            self._left -= len(raw)
            try:
                if not raw:
                    raise NotBase64  # noqa: TRY301 - the file has become shorter: one way to say so
                octets = self._decoder.feed(raw if self._text is None else self._text.feed(raw))
                if not self._left:
                    self._decoder.finish()
            except NotBase64 as error:
                raise file_changed(self._run.digest) from error
            if octets:
                return octets
        return b""

    def _text_offset(self, group: int) -> int:
        """Find where in broken text a group of four begins, from its end."""
        wanted = max(-(-self._run.size // 3) - group, 0) * _QUAD  # characters from there to the end
        at = self._run.length
        while at and wanted:
            size = min(at, CHUNK)
            self._handle.seek(self._run.start + at - size)
            raw = self._handle.read(size)
            if len(raw) < size:
                raise file_changed(self._run.digest)
            count = len(raw.translate(None, _WHITE_SPACE))
            if count >= wanted:
                return at - size + _nth_character(raw, count - wanted)
            wanted -= count
            at -= size
        return at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with memoryview(buffer).cast("B") as target:
            if not self._ready:
                self._ready = memoryview(self._next())
            taken = min(len(self._ready), len(target))
            target[:taken] = self._ready[:taken]
        self._ready = self._ready[taken:]
        self._position += taken
        return taken

    def readall(self) -> bytes:
        pieces = [bytes(self._ready), *iter(self._next, b"")]
        self._ready = memoryview(b"")
        octets = b"".join(pieces)
        self._position += len(octets)
        return octets

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self._run.size
        if offset < 0:
            raise ValueError("a place before the first octet")
        group = offset // 3
        if self._run.unbroken:
            self._begin(min(group * _QUAD, self._run.length), group * 3)
        elif not self._run.marked and self._run.size - offset < abs(offset - self._position):
            self._begin(self._text_offset(group), group * 3)
        elif offset < self._position:
            self._begin(0, 0)
        while self._position < offset and self._skip(offset - self._position):
            pass
        return self._position

    def _skip(self, octets: int) -> int:
        if not self._ready:
            self._ready = memoryview(self._next())
        taken = min(len(self._ready), octets)
        self._ready = self._ready[taken:]
        self._position += taken
        return taken

    def close(self) -> None:
        source = vars(self).get("_handle")  # absent when it could not be opened
        if source is not None:
            source.close()
        super().close()


def _nth_character(raw: bytes, number: int) -> int:
    """Give the offset of a character by its number, white space not counted."""
    at = 0
    while len(raw) > 1:
        left = raw[: len(raw) // 2]
        count = len(left.translate(None, _WHITE_SPACE))
        if count > number:
            raw = left
        else:
            at, number, raw = at + len(left), number - count, raw[len(left) :]
    return at


@contextlib.contextmanager
def opened(source: Callable[[], BinaryIO]) -> Iterator[BinaryIO]:
    """Open a source for one pass; troubles of the disk while it lasts become ``VND-IO-001``."""
    with source() as handle:
        try:
            yield handle
        except FileError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise FileError(
                "VND-IO-001",
                f"cannot read: {reason}",
                hint="check the path and its permissions",
                facts={"reason": reason},
            ) from error


@attrs.frozen
class Cut:
    """A place where text was taken out of a file, and where that moved what follows it.

    Lines and columns count from 1, columns in octets.

    Attributes:
        token: What stands in the skeleton instead of the text.
        start: Offset of the text in the file.
        after: Offset, line and column, in the skeleton, of what follows.
        there: The same in the file.
    """

    token: str
    start: int
    after: tuple[int, int, int]
    there: tuple[int, int, int]


def tokens_met(cuts: Sequence[Cut], text: str) -> Iterator[tuple[Cut, int]]:
    """Give the cuts whose tokens stand in *text*, with the places where they do."""
    # What has the form of a token and is none of these is somebody else's text.
    for match in _TOKEN.finditer(text) if cuts else ():
        number = int(match[1])
        if number < len(cuts) and cuts[number].token == match[0]:
            yield cuts[number], match.start()


def true_place(cuts: Sequence[Cut], line: int, column: int) -> tuple[int, int]:
    """Give line and column in the file of a place in the skeleton."""
    number = bisect_right(cuts, (line, column), key=lambda cut: cut.after[1:])
    if not number:
        return line, column
    (_, after_line, after_column), (_, there_line, there_column) = (
        cuts[number - 1].after,
        cuts[number - 1].there,
    )
    return there_line + line - after_line, column + (there_column - after_column if line == after_line else 0)


def true_offset(cuts: Sequence[Cut], offset: int) -> int:
    """Give the offset in the file of a place in the skeleton."""
    number = bisect_right(cuts, offset, key=lambda cut: cut.after[0])
    return offset + (cuts[number - 1].there[0] - cuts[number - 1].after[0] if number else 0)


def without_lines(cuts: tuple[Cut, ...], lines: int) -> tuple[Cut, ...]:
    """Count lines from those that stay when junk before the document is dropped."""
    return tuple(
        attrs.evolve(
            cut,
            after=(cut.after[0], cut.after[1] - lines, cut.after[2]),
            there=(cut.there[0], cut.there[1] - lines, cut.there[2]),
        )
        for cut in cuts
    )


def relocated(error: DecodeError, cuts: tuple[Cut, ...]) -> DecodeError:
    """Let an error name the place in the file instead of that in the skeleton."""
    facts, message = dict(error.facts), error.message
    cause = facts.get("cause")
    if isinstance(cause, str) and (match := _LINE_IN_CAUSE.search(cause)):
        # Where the element began that was not ended.
        began = true_place(cuts, int(match[1]), 1 << 62)[0]
        told = f"{cause[: match.start(1)]}{began}{cause[match.end(1) :]}"
        facts["cause"], message = told, message.replace(cause, told, 1)
    line, column, offset = facts.get("line"), facts.get("column"), facts.get("offset")
    if isinstance(line, int) and isinstance(column, int):
        facts["line"], facts["column"] = true_place(cuts, line, column)
        message = message.replace(
            f"line {line}, column {column}", f"line {facts['line']}, column {facts['column']}", 1
        )
    if isinstance(offset, int):
        facts["offset"] = true_offset(cuts, offset)
        message = message.replace(f"offset {offset}", f"offset {facts['offset']}", 1)
    return DecodeError(error.code, message, path=error.path, hint=error.hint, facts=facts)
