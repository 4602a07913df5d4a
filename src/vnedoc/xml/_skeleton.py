"""Reading XML with long base64 in it: the base64 goes past the parser, what is left is a small document.

A pass over the file takes the text out of elements with given names, decodes, sizes and hashes it on the
way, and leaves a token in its place that nobody can foresee. There are two ways to do so with one result.
The quick one looks for the start tags in the octets and believes nothing: a token that is not, in the
parsed skeleton, the whole text of such an element was put in a wrong place, and the text stays where it is
in the next pass. Text that is not base64 alone (references, CDATA sections, comments) takes the other way,
where a streaming parser tells where elements begin and end.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterable
from typing import BinaryIO
from xml.parsers import expat

import attrs

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Blob, Limits, file_changed
from vnedoc.xml import _repair
from vnedoc.xml._guards import check_encoding, nul_octet
from vnedoc.xml._parse import XmlDocument, doctype_refused, not_well_formed, parse
from vnedoc.xml._runs import (
    CHUNK,
    EXPAT_CHUNK,
    MARK,
    TOO_LARGE,
    Cut,
    Hashed,
    LongText,
    NotBase64,
    Octets,
    Run,
    all_hashed,
    opened,
    relocated,
    tokens_met,
    true_offset,
    true_place,
    without_lines,
)

_LONG = 4096  # octets; shorter text stays where it is
_MOST_RUNS = 10_000  # each costs some memory; what is beyond stays where it is
_LONGEST_TAG = 1 << 16  # octets
_LONGEST_CHARACTER = 4  # octets
_LOOK_BACK = 64  # octets before a fault
_QUOTED = 80  # characters of text that is not base64, for those who say what is wrong with it
_PASSES = 3
_XML_SPACE = " \t\r\n"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_START_TAG = re.compile(rb"<[^\"'>]*+(?:(?:\"[^\"]*+\"|'[^']*+')[^\"'>]*+)*+>")

ByteSource = Callable[[], BinaryIO]
"""Gives a new stream at the first octet of one file, whenever it is called."""


@attrs.frozen
class Streamed:
    """What one pass over a file gave.

    Attributes:
        document: The skeleton as a document, with its ``runs``, ``cuts`` and ``gaps``.
        size: Number of octets in the file.
        digest: ``sha256:`` and 64 hex digits over them, or ``None`` when it was not asked for.
    """

    document: XmlDocument
    size: int
    digest: str | None

    def cuts_in(self, texts: Iterable[str]) -> frozenset[int]:
        """Give the ``Cut.start`` of those whose tokens stand in *texts*, to be left where they are."""
        cuts = self.document.cuts
        return frozenset(cut.start for text in texts for cut, _ in tokens_met(cuts, text))


def true_line(document: XmlDocument, line: int) -> int:
    """Give the line in the file of a line of *document*, such as an element's ``sourceline``."""
    return true_place(document.cuts, line, 1 << 62)[0]


def parse_stream(
    source: ByteSource,
    names: Collection[str],
    limits: Limits | None = None,
    *,
    digest: bool = False,
    expected: str | None = None,
    repair: bool = False,
    leave: frozenset[int] = frozenset(),
    hashed: Hashed = all_hashed,
    steady: bool = False,
    through: ByteSource | None = None,
    plain: bool = False,
) -> Streamed:
    """Read an XML document of any size, long base64 text aside, and everything from one pass over it.

    The result is what ``parse`` gives, but that the text of elements called one of *names* is, where it is
    4 KiB and more, a token; ``document.runs`` maps tokens to the decoded contents. Such a blob decodes the
    text again whenever it is opened, and refuses a file that is another by then. Where the text is not
    exact base64, or has markup in it, the token begins with 80 characters of it, maps to nothing and is no
    base64 either. A token means nothing after its document is gone: where one is met that was not looked
    up in ``runs``, the file is read again with the text in ``leave``, see ``Streamed.cuts_in``.

    Args:
        source: Gives a new stream of the file at its first octet; must be picklable if the blobs shall be.
        names: Local names of the elements.
        limits: As for ``parse``; ``tree_bytes`` bounds what is left, ``file_bytes`` the file.
        digest: Take the digest of the whole file in the same pass.
        expected: What it must be, as ``sha256:`` and hex.
        repair: As for ``parse``.
        leave: Offsets in the file (``Cut.start``) of text to be left where it is.
        hashed: Tells by the first octets of a content whether its digest is taken. A blob without one holds
            its size and its first octets; it cannot be read with ``Blob.read``, which would not know whether
            the file is still the same.
        steady: The octets cannot change: the digest of a content is computed when somebody asks for it, and
            *hashed* does not count.
        through: Opens the file for this reading in the place of *source*, for those who watch it.
        plain: Give up where a long text is not base64 and white space alone.

    Raises:
        NotBase64: As *plain* says.
        DecodeError: As ``parse`` does, lines and columns being those of the file.
        LimitExceeded: ``VND-XML-010``.
        FileError: ``VND-IO-001``; ``VND-IO-003`` when the file is not what was expected, or changes.
    """
    limits = limits or Limits()
    wanted = tuple(name.encode() for name in names)
    contents = _Contents(source, _none_hashed if steady else hashed, steady)
    with opened(through or source) as handle:
        for _ in range(_PASSES):
            made = _pass(handle, contents, wanted, limits, digest or expected is not None, leave, plain=plain)
            if expected is not None and made.octets.digest != expected:
                raise file_changed(expected)
            document = made.parsed(limits, repair=repair)
            misplaced = _misplaced(document, names)
            if not misplaced:
                return Streamed(document, made.octets.size, made.octets.digest)
            leave |= misplaced
    raise file_changed(expected or "")


def _misplaced(document: XmlDocument, names: Collection[str]) -> frozenset[int]:
    """Give the cuts whose token is not the whole text of an element called one of *names*."""
    if not document.runs:
        return frozenset()
    whole = {
        element.text.strip(_XML_SPACE)
        for element in document.root.iter(*(f"{{*}}{name}" for name in names))
        if not len(element) and element.text
    }
    return frozenset(
        cut.start for cut in document.cuts if cut.token in document.runs and cut.token not in whole
    )


def _none_hashed(_head: bytes) -> bool:
    return False


@attrs.frozen
class _Contents:
    """How the blobs of contents are made: what opens the file, and which digests they have."""

    source: ByteSource
    hashed: Hashed
    steady: bool

    def blob(self, text: LongText, size: int, digest: str) -> Blob:
        run = Run(self.source, text.start, text.length, size, digest, text.marked)
        return Blob(size, None if self.steady else digest, opener=run, head=text.head)


def _pass(
    handle: BinaryIO,
    contents: _Contents,
    names: tuple[bytes, ...],
    limits: Limits,
    digest: bool,  # noqa: FBT001 - between neighbours
    leave: frozenset[int],
    *,
    plain: bool,
) -> _Skeleton:
    quick = _Skeleton(Octets(handle, limits, digest, steady=contents.steady), contents, limits, leave)
    try:
        _cut_plain(quick, names)
    except NotBase64:
        if plain:
            raise
        marked = _Skeleton(Octets(handle, limits, digest), contents, limits, leave)
        follower = _Follower(marked, names)
        try:
            follower.run()
        except expat.ExpatError as error:
            # The one parser says what is wrong, where it may see the whole.
            whole = _Skeleton(Octets(handle, limits, digest), contents, limits, leave)
            try:
                while chunk := whole.octets.read():
                    whole.add(chunk)
            except LimitExceeded:
                raise _not_well_formed(error, follower.stopped_at, handle) from error
            return whole
        return marked
    return quick


class _Skeleton:
    """What is left of the file, and what was taken out of it."""

    def __init__(self, octets: Octets, contents: _Contents, limits: Limits, leave: frozenset[int]) -> None:
        self.octets = octets
        self.data = bytearray()
        self.runs: dict[str, Blob] = {}
        self.cuts: list[Cut] = []
        self.gaps: set[str] = set()
        self.limits = limits
        self._contents = contents
        self._leave = leave
        self._long = 0
        self._nonce = f"{MARK}{secrets.token_hex(16)}"
        self._line, self._line_start, self._counted = 1, 0, 0

    def add(self, octets: bytes | bytearray | memoryview) -> None:
        """Take over octets as they are."""
        self.expect(len(octets))
        self.data += octets

    def expect(self, octets: int) -> None:
        """Refuse to hold so many octets more than there are."""
        if len(self.data) + octets > self.limits.tree_bytes:
            raise LimitExceeded.of(TOO_LARGE, "tree_bytes", self.limits.tree_bytes, None)

    def text(self, start: int) -> LongText:
        """Begin a text at the offset *start* of the file."""
        return LongText(start, self._contents.hashed)

    def leaves(self, start: int) -> bool:
        """Tell, once for each, whether the long text at the offset *start* of the file stays where it is."""
        self._long += 1  # those that stay count too, so that every pass looks at the same ones
        return start in self._leave or self._long > _MOST_RUNS

    def cut(self, text: LongText) -> None:
        """Put a token in the place of *text*."""
        line, column = self._place()
        there_line, there_column = true_place(self.cuts, line, column)
        there_offset = true_offset(self.cuts, len(self.data))
        token = f"{self._nonce}.{len(self.cuts)}."
        octets = text.octets()
        if octets is None:
            self.add(text.quote.translate(_ESCAPES).encode())
        # With its line end the token keeps what stands before the text and after it on lines of their own.
        self.add(f"{token}\n".encode() if text.lines else token.encode())
        if octets is not None:
            self.runs[token] = self._contents.blob(text, *octets)
            if text.has_gaps:
                self.gaps.add(token)
        there_line += text.lines
        there_column = text.tail + 1 if text.lines else there_column + text.length
        self.cuts.append(
            Cut(
                token,
                text.start,
                (len(self.data), *self._place()),
                (there_offset + text.length, there_line, there_column),
            )
        )

    def _place(self) -> tuple[int, int]:
        """Give line and column of what comes next."""
        self._line += self.data.count(b"\n", self._counted)
        self._line_start = self.data.rfind(b"\n", self._counted) + 1 or self._line_start
        self._counted = len(self.data)
        return self._line, len(self.data) - self._line_start + 1

    def parsed(self, limits: Limits, *, repair: bool) -> XmlDocument:
        """Parse what is left."""
        data = bytes(self.data)
        cuts = tuple(self.cuts)
        if repair and cuts:
            junk = len(data) - len(_repair.drop_junk(data)[0])
            cuts = without_lines(cuts, data.count(b"\n", 0, junk))
        try:
            document = parse(data, limits, repair=repair)
        except DecodeError as error:
            raise relocated(error, cuts) if cuts else error from error.__cause__
        return attrs.evolve(document, runs=self.runs, cuts=cuts, gaps=frozenset(self.gaps))


# --- by the octets --------------------------------------------------------------------------------


def _cut_plain(skeleton: _Skeleton, names: tuple[bytes, ...]) -> None:
    """Cut text that is base64 and white space alone.

    Raises:
        NotBase64: There is a long text that is not.
    """
    octets = skeleton.octets
    # Attributes with ">" in them are cut short; what follows is no base64 then, so nothing is cut.
    called = rb"<(?:[^\s<>/:!?=\"'&]{1,100}+:)?(?:" + b"|".join(map(re.escape, names)) + rb")(?:\s[^<>]*+)?>"
    tag = re.compile(called)
    window, at = octets.read_plain(), 0
    while True:
        content, unsure = _next_content(window, at, tag)
        skeleton.add(memoryview(window)[at : content if content >= 0 else unsure])
        if content < 0:
            more = octets.read_plain()
            if not more:
                skeleton.add(memoryview(window)[unsure:])
                return
            window, at = window[unsure:] + more, 0
            continue
        window, at = _cut_content(skeleton, window, content)


def _next_content(window: bytes, at: int, tag: re.Pattern[bytes]) -> tuple[int, int]:
    """Find where the content of the next element begins, or from where on more must be seen to tell."""
    for match in tag.finditer(window, at):
        if not match[0].endswith(b"/>"):
            return match.end(), -1
    last = window.rfind(b"<", at)
    unfinished = last >= 0 and window.find(b">", last) < 0 and len(window) - last < _LONGEST_TAG
    return -1, last if unfinished else len(window)


def _cut_content(skeleton: _Skeleton, window: bytes, at: int) -> tuple[bytes, int]:
    """Cut the content that begins at *at* of the window, if it is long.

    Returns:
        The window that follows, and where to go on in it.
    """
    octets = skeleton.octets
    start = octets.size - len(window) + at
    end = window.find(b"<", at, at + _LONG)
    while end < 0 and len(window) - at < _LONG and (more := octets.read_plain()):
        window, at = window[at:] + more, 0
        end = window.find(b"<", 0, _LONG)
    stop = end if end >= 0 else len(window)
    if stop - at < _LONG:
        # Short it is only if it ends there: a CDATA section may begin instead.
        while stop + 2 > len(window) and (more := octets.read_plain()):
            window, at, stop = window[at:] + more, 0, stop - at
        _expect_end(window, stop)
        return window, at
    if skeleton.leaves(start):
        return window, at  # what stays is looked through like the rest
    text = skeleton.text(start)
    window, end = _decode_content(octets, text, window, at)
    text.finish()
    while end + 2 > len(window) and (more := octets.read_plain()):
        window, end = window[end:] + more, 0
    _expect_end(window, end)
    skeleton.cut(text)
    return window, end


def _decode_content(octets: Octets, text: LongText, window: bytes, at: int) -> tuple[bytes, int]:
    """Decode the content that begins at *at* of the window; give the window and the place where it ends."""
    while True:
        # After the first one the pieces begin and end with whole groups, so that none needs a copy. Each is
        # decoded, and where that fails searched, while it is in the cache.
        stop = min(len(window), at + CHUNK + text.wanting())
        if not text.decode_unbroken(memoryview(window)[at:stop]):
            end = window.find(b"<", at, stop)
            stop = end if end >= 0 else stop
            piece = memoryview(window)[at:stop]
            text.pass_by(piece, text.decode(piece))
            if end >= 0:
                return window, end
        at = stop
        if at == len(window):
            window, at = octets.read_plain(text.wanting()), 0
            if not window:
                raise NotBase64


def _expect_end(window: bytes, at: int) -> None:
    if window[at : at + 2] != b"</":
        raise NotBase64


# --- by a streaming parser ------------------------------------------------------------------------


@attrs.define
class _Inside:
    """An open element whose text may be cut."""

    depth: int
    has_markup: bool = False


class _Follower:
    """Cuts text with references and CDATA sections in it; comments and elements in it make it no base64.

    expat decides nothing here but where the text of an element begins and ends, and what it says.
    """

    def __init__(self, skeleton: _Skeleton, names: tuple[bytes, ...]) -> None:
        self._skeleton = skeleton
        self._names = frozenset(name.decode() for name in names)
        self._window = bytearray()  # octets that were read and not yet put anywhere
        self._base = 0  # offset of its start in the file
        self._depth = self._nodes = 0
        self._is_empty = False  # the element that was begun last, if there was anything to settle
        self._inside: list[_Inside] = []
        self._text: LongText | None = None
        self._held = bytearray()  # of the text, while it is not long
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = EXPAT_CHUNK
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CommentHandler = lambda _text: self._markup(b"-->")
        parser.ProcessingInstructionHandler = lambda _target, _text: self._markup(b"?>")
        parser.StartDoctypeDeclHandler = self._doctype

    def run(self) -> None:
        """Read the file.

        Raises:
            DecodeError: ``VND-XML-002``.
            LimitExceeded: ``VND-XML-010``.
            expat.ExpatError: It is not well-formed.
        """
        read = self._skeleton.octets.read
        # What expat has not finished with it looks at again each time: the longer, the more it gets at once.
        while chunk := read(max(EXPAT_CHUNK, len(self._window))):
            self._window += chunk
            self._parser.Parse(chunk, False)  # noqa: FBT003 - a C signature
            self._settle(self._parser.CurrentByteIndex)
            self._skeleton.expect(len(self._window))
        self._parser.Parse(b"", True)  # noqa: FBT003 - a C signature
        self._settle(self._base + len(self._window))

    @property
    def stopped_at(self) -> int:
        """Offset in the file of what expat could not read."""
        return max(self._parser.ErrorByteIndex, 0)

    def _settle(self, upto: int) -> None:
        """Put the octets before the offset *upto* where they belong."""
        if upto <= self._base:
            return
        raw = bytes(memoryview(self._window)[: upto - self._base])
        del self._window[: upto - self._base]
        self._base = upto
        text = self._text
        if text is None:
            self._skeleton.add(raw)
            return
        text.pass_by(raw, raw.count(b"\n"))
        text.marked = text.marked or b"&" in raw or b"<" in raw
        self._held += raw
        if text.length >= _LONG:
            if not text.is_long and self._skeleton.leaves(text.start):
                self._text = self._parser.CharacterDataHandler = None
                self._skeleton.add(self._held)
            text.is_long = True
            self._held.clear()

    def _begin_text(self) -> None:
        self._text = self._skeleton.text(self._base)
        self._parser.CharacterDataHandler = self._characters

    def _end_text(self, *, whole: bool) -> None:
        text, self._text = self._text, None
        self._parser.CharacterDataHandler = None
        if text is None:
            return
        if not text.is_long:
            self._skeleton.add(self._held)
            self._held.clear()
            return
        try:
            text.finish()
        except NotBase64:
            text.spoil()
        if not whole:
            text.spoil()
        self._skeleton.cut(text)

    def _characters(self, characters: str) -> None:
        text = self._text
        assert text is not None  # noqa: S101 - the handler is set only while there is one
        if len(text.quote) < _QUOTED:
            text.quote = (text.quote + characters).lstrip(_XML_SPACE)[:_QUOTED]
        try:
            text.decode(characters.encode("ascii"))
        except (NotBase64, UnicodeEncodeError):
            text.spoil()

    # --- events ---

    def _directly_inside(self) -> bool:
        return bool(self._inside) and self._inside[-1].depth == self._depth

    def _interrupt(self, at: int) -> None:
        """Text stops for markup that is no end tag."""
        self._settle(at)
        if self._directly_inside():
            self._inside[-1].has_markup = True
            self._end_text(whole=False)

    def _start(self, name: str, _attributes: list[str]) -> None:
        at = self._parser.CurrentByteIndex
        self._interrupt(at)
        self._count_node()
        self._depth += 1
        if name.rpartition(":")[2] in self._names:
            self._inside.append(_Inside(self._depth))
        if self._inside:
            tag = self._tag_at(at)
            self._settle(at + len(tag))
            self._is_empty = tag.endswith(b"/>")
            if self._directly_inside() and not self._is_empty:
                self._begin_text()

    def _end(self, _name: str) -> None:
        if not self._inside:
            self._depth -= 1
            return
        at = self._parser.CurrentByteIndex
        if not self._is_empty:  # of an empty one all is settled, and where it ends depends on expat's version
            self._settle(at)
        if self._directly_inside():
            self._end_text(whole=not self._inside.pop().has_markup)
        self._depth -= 1
        if self._directly_inside():
            if not self._is_empty:
                self._settle(at + len(self._tag_at(at)))
            self._begin_text()
        self._is_empty = False

    def _markup(self, ending: bytes) -> None:
        self._count_node()
        if self._directly_inside():
            at = self._parser.CurrentByteIndex
            self._interrupt(at)
            skip = len("<!--" if ending == b"-->" else "<?")
            self._settle(self._base + self._window.find(ending, skip) + len(ending))
            self._begin_text()

    def _count_node(self) -> None:
        # Depth and all else is the parser's to judge, but so many events would take time before it can.
        self._nodes += 1
        if self._nodes > self._skeleton.limits.nodes:
            raise LimitExceeded.of(TOO_LARGE, "nodes", self._skeleton.limits.nodes, None)

    def _tag_at(self, at: int) -> bytes:
        """Give the tag that begins at an offset of the file; expat has read it, so it is whole."""
        match = _START_TAG.match(self._window, at - self._base)
        assert match is not None  # noqa: S101 - see above
        return match[0]

    def _doctype(self, *_parts: object) -> None:
        raise doctype_refused()


def _not_well_formed(error: expat.ExpatError, at: int, handle: BinaryIO) -> DecodeError:
    """Say what ``parse`` would say of a file that is too large for it; expat stopped at the offset *at*."""
    handle.seek(0)
    check_encoding(handle.read(EXPAT_CHUNK))
    handle.seek(at)
    octets = handle.read(_LONGEST_CHARACTER)
    if octets.startswith(b"\0"):
        return nul_octet(at)
    cause = expat.ErrorString(error.code) or "unknown"
    line, column = error.lineno, error.offset + 1
    if octets and not _begins_with_character(octets):
        return DecodeError(
            "VND-XML-003",
            f"not UTF-8 at line {line}, column {column}",
            hint="ask the sender to write the file in UTF-8",
            facts={"encoding": "invalid UTF-8", "line": line, "column": column},
        )
    start = max(0, at - _LOOK_BACK)
    handle.seek(start)
    return not_well_formed(line, column, cause, before=handle.read(at - start), at=octets)


def _begins_with_character(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError as error:
        return error.start > 0
    return True
