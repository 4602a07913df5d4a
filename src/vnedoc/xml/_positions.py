"""Where each element begins: line and column, for findings that people look up in an editor."""

from __future__ import annotations

import contextlib
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from xml.parsers import expat

from vnedoc.xml._parse import XmlDocument
from vnedoc.xml._runs import Cut

_STEP = re.compile(r"([^\[\]]+)(?:\[([0-9]{1,9})\])?")
_TEXT = 80  # characters of text that are kept for each element
_MOST = 100_000


class _Enough(Exception):
    """Nothing more is looked at."""


class ElementPositions(Mapping[str, "tuple[int, int]"]):
    """Line and column of start tags, both from 1, by paths as ``vnedoc.xml.location`` writes them.

    Elements also have numbers, in document order, for those who walk: ``root``, ``named``, ``place``.
    """

    def __init__(self, cuts: Sequence[Cut] = ()) -> None:
        self._cuts = cuts
        self._names: list[str] = []
        self._parents = array("q")
        self._lines = array("q")
        self._columns = array("q")
        self._offsets = array("q")
        self._children: dict[tuple[int, str], list[int]] = {}
        self._texts: dict[int, str] = {}
        self._filled = bytearray()

    # --- by path ---

    def __getitem__(self, path: str) -> tuple[int, int]:
        node, whole = self._walk(path)
        if node is None or not whole:
            raise KeyError(path)
        return self.place(node)

    def __iter__(self) -> Iterator[str]:
        return (self._path(node) for node in range(len(self._names)))

    def __len__(self) -> int:
        return len(self._names)

    def nearest(self, path: str) -> int | None:
        """Give the deepest element on the way of a path that is there; ``None`` when even the root is not."""
        return self._walk(path)[0]

    def _walk(self, path: str) -> tuple[int | None, bool]:
        here: int | None = None
        for step in path.split("/")[1:]:
            match = _STEP.fullmatch(step)
            inner = () if match is None else self._children.get((-1 if here is None else here, match[1]), ())
            number = int(match[2] or 1) if match else 1
            if not 1 <= number <= len(inner):
                return here, False
            here = inner[number - 1]
        return here, here is not None

    def _path(self, node: int) -> str:
        steps = []
        while node >= 0:
            parent, name = self._parents[node], self._names[node]
            same = self._children[parent, name]
            steps.append(f"{name}[{same.index(node) + 1}]" if len(same) > 1 else name)
            node = parent
        return "/" + "/".join(reversed(steps))

    # --- by number ---

    @property
    def root(self) -> int | None:
        """The document element."""
        return 0 if self._names else None

    def named(self, node: int, *names: str) -> Sequence[int]:
        """Give the children with one of these local names, in document order."""
        found = [one for name in dict.fromkeys(names) for one in self._children.get((node, name), ())]
        return sorted(found)

    def place(self, node: int) -> tuple[int, int]:
        """Give line and column of the start tag, from 1; columns count characters."""
        line, column = self._lines[node], self._columns[node]
        before = bisect_right(self._cuts, self._offsets[node], key=lambda cut: cut.after[0])
        if not before:
            return line, column
        _, after_line, after_column = self._cuts[before - 1].after
        _, there_line, there_column = self._cuts[before - 1].there
        # Columns of cuts count octets, but what differs between the two was base64: one octet a character.
        moved = there_column - after_column if line == after_line else 0
        return line + there_line - after_line, column + moved

    def text(self, node: int) -> str:
        """Give the beginning of the text right inside the element, at most 80 characters."""
        return self._texts.get(node, "")

    def filled(self, node: int) -> bool:
        """Whether there is any text but white space in it or in an element inside."""
        return bool(self._filled[node])

    # --- while parsing ---

    def _add(self, name: str, parent: int, place: tuple[int, int, int]) -> int:
        node = len(self._names)
        self._names.append(name)
        self._parents.append(parent)
        self._offsets.append(place[0])
        self._lines.append(place[1])
        self._columns.append(place[2] + 1)
        self._filled.append(0)
        self._children.setdefault((parent, name), []).append(node)
        return node

    def _write(self, node: int, piece: str) -> bool:
        """Note a piece of text; whether there is enough of it."""
        before = self._texts.get(node, "")
        blank = piece.isspace()
        if before or not blank:
            self._texts[node] = before = (before + piece[:_TEXT])[:_TEXT]
        if not blank:
            ancestor = node
            while ancestor >= 0 and not self._filled[ancestor]:
                self._filled[ancestor] = 1
                ancestor = self._parents[ancestor]
        return len(before) >= _TEXT


class _Pass:
    """One run of the parser over a document."""

    def __init__(self, most: int, cuts: Sequence[Cut]) -> None:
        self.found = ElementPositions(cuts)
        self._most = most
        self._open: list[int] = []
        # Local names are few, and one text for each saves memory.
        self._local: dict[str, str] = {}
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._stop

    def run(self, data: bytes) -> None:
        with contextlib.suppress(_Enough, expat.ExpatError):
            self._parser.Parse(data, True)  # noqa: FBT003 - expat knows no names: this is the last piece

    def _start(self, name: str, _attributes: object) -> None:
        if len(self.found) >= self._most:
            raise _Enough
        local = self._local.get(name)
        if local is None:
            local = self._local[name] = name.rpartition(":")[2]
        parent = self._open[-1] if self._open else -1
        parser = self._parser
        place = parser.CurrentByteIndex, parser.CurrentLineNumber, parser.CurrentColumnNumber
        self._open.append(self.found._add(local, parent, place))  # noqa: SLF001 - this module's own
        self._parser.CharacterDataHandler = self._text

    def _end(self, _name: str) -> None:
        self._open.pop()
        self._parser.CharacterDataHandler = self._text

    def _text(self, piece: str) -> None:
        # Attachments are long: once there is enough, nobody is called for the rest of a text.
        if self.found._write(self._open[-1], piece):  # noqa: SLF001 - this module's own
            self._parser.CharacterDataHandler = None

    def _stop(self, *_: object) -> None:
        raise _Enough


def element_positions(source: bytes | XmlDocument, *, most: int = _MOST) -> ElementPositions:
    """Find where the elements of a document begin, in one pass, without namespaces and without a tree.

    Made for documents that were parsed already: nothing is refused here. What cannot be read, a DTD, and
    what comes after *most* elements ends the pass, and only what was met before is known.

    Args:
        source: The octets of the document, UTF-8, or a parsed one; where contents were taken out of it,
            lines and columns are those of the file.
        most: Elements that are looked at.
    """
    data, cuts = (source.data, source.cuts) if isinstance(source, XmlDocument) else (source, ())
    one = _Pass(most, cuts)
    one.run(data)
    return one.found
