"""The directory in memory: the lines of the file, and where each code and name stands.

Agencies are kept as the octets of their lines and built when they are asked for: a tenth of the memory, and
most of them nobody ever asks for.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, TypeAlias

from vnedoc.directory._line import LONGEST_LINE, agency_of, line_of, plain, wrong
from vnedoc.errors import DecodeError, InputError, LimitExceeded
from vnedoc.model import Agency, name_key, name_keys

SCHEMA = "vnedoc-directory/1"

# One row, or several where several agencies have the code or name.
_Rows: TypeAlias = "dict[str, int | set[int]]"
_decode = json.JSONDecoder().raw_decode


class Index:
    """One state of the directory. It is changed only before others see it."""

    __slots__ = ("_aliases", "_codes", "_lines", "_names", "since")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._codes: dict[str, int] = {}
        self._aliases: _Rows = {}
        self._names: _Rows = {}
        self.since: dt.datetime | None = None

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Agency]:
        return (self._agency(row) for _, row in sorted(self._codes.items()))

    def copy(self) -> Index:
        """Give a state of its own that may be changed."""
        twin = Index()
        twin._lines = self._lines.copy()
        twin._codes = self._codes.copy()
        twin._aliases = _copy(self._aliases)
        twin._names = _copy(self._names)
        twin.since = self.since
        return twin

    # --- asking -----------------------------------------------------------------------------------

    def having(self, code: str) -> tuple[Agency, ...]:
        """Give the agencies that have the code: the one whose own it is, else those with the alias.

        An active agency gives way to the only one that was changed later and has its code among its aliases:
        the same body, listed again under its new code.
        """
        row = self._codes.get(code)
        others = self._aliases.get(code)
        if others is None:
            return () if row is None else (self._agency(row),)
        claiming = tuple(map(self._agency, _each(others)))
        if row is None:
            return claiming
        own = self._agency(row)
        newer = tuple(one for one in claiming if later(one.modified, own.modified))
        return newer if own.active and len(newer) == 1 else (own,)

    def named(self, name: str) -> tuple[Agency, ...]:
        """Give every agency of that name, by code; those that another stands for are left out."""
        rows = _each(self._names.get(name_key(name), set()))
        found = map(self._agency, rows)
        # Only a code that others claim may have somebody standing for it.
        kept = [
            one
            for one in found
            if one.organ_id.value not in self._aliases or one in self.having(one.organ_id.value)
        ]
        return tuple(sorted(kept, key=lambda one: one.organ_id.value))

    def _agency(self, row: int) -> Agency:
        return agency_of(json.loads(self._lines[row]))

    # --- changing ---------------------------------------------------------------------------------

    def put(self, agency: Agency) -> bool | None:
        """Take an agency in unless the one that is there is as new: ``None`` then, else whether it is new.

        Of two versions of one time the greater line holds, so that the order of changes does not matter.

        Raises:
            InputError: ``VND-DIR-013`` when it cannot be written.
        """
        line = line_of(agency)
        row = self._codes.get(agency.organ_id.value)
        if row is None:
            self._enter(len(self._lines), agency, line)
            return True
        old = self._agency(row)
        if not later(agency.modified, old.modified) and (
            later(old.modified, agency.modified) or line <= line_of(old)
        ):
            return None
        for alias in old.organ_id.aliases:
            _remove(self._aliases, alias, row)
        _remove(self._names, name_key(old.name), row)
        self._enter(row, agency, line)
        return False

    def _enter(self, row: int, agency: Agency, line: bytes) -> None:
        self._lines[row : row + 1] = [line]
        self._codes[agency.organ_id.value] = row
        for alias in agency.organ_id.aliases:
            _add(self._aliases, alias, row)
        _add(self._names, name_key(agency.name), row)
        if later(agency.modified, self.since):
            self.since = agency.modified

    def circle(self, codes: Iterable[str]) -> list[str]:
        """Give the codes of a circle of parents that one of *codes* leads into; empty when there is none."""
        done: set[int] = set()
        for code in codes:
            path: dict[int, None] = {}
            row = self._row(code)
            while row is not None and row not in done:
                if row in path:
                    rows = list(path)
                    return [self._agency(one).organ_id.value for one in rows[rows.index(row) :]]
                path[row] = None
                parent = json.loads(self._lines[row]).get("parent")
                row = None if parent is None else self._row(parent)
            done.update(path)
        return []

    def _row(self, code: str) -> int | None:
        row = self._codes.get(code)
        if row is None:
            found = self._aliases.get(code)
            return found if isinstance(found, int) else None
        return row

    # --- the file ---------------------------------------------------------------------------------

    def write(self, handle: BinaryIO) -> None:
        """Write header and lines, by code: the same agencies give the same octets."""
        header = {"schema": SCHEMA, "agencies": len(self._lines)}
        handle.write(json.dumps(header, separators=(",", ":")).encode() + b"\n")
        handle.writelines(self._lines[row] for _, row in sorted(self._codes.items()))

    @classmethod
    def read(cls, handle: BinaryIO, most: int, most_bytes: int) -> Index:
        """Read a file.

        Raises:
            DecodeError: ``VND-DIR-001`` to ``VND-DIR-006``, with the line, counted from 1.
            LimitExceeded: ``VND-DIR-009``.
        """
        readline = partial(handle.readline, LONGEST_LINE + 1)
        announced = _header(readline())
        index = cls()
        names: list[str] = []
        parents: list[str | None] = []
        size = 0
        for number, line in enumerate(iter(readline, b""), 2):
            size += len(line)
            if number - 2 >= most:
                raise too_many(most)
            if size > most_bytes:
                raise LimitExceeded.of("VND-DIR-009", "file_bytes", most_bytes, None)
            record, kept = _record(line, number)
            index._take(record, kept, number)
            names.append(record["name"])
            parents.append(record.get("parent"))
        if announced is not None and announced != len(names):
            raise DecodeError(
                "VND-DIR-006",
                "the file does not have as many agencies as its header says",
                hint="take the file from its source again, or from a backup",
                facts={"expected": announced, "seen": len(names)},
            )
        if names:
            for row, key in enumerate(name_keys(names)):
                _add(index._names, key, row)
        index._refuse_circles(parents)
        return index

    def _take(self, record: dict[str, Any], line: bytes, number: int) -> None:
        row = number - 2
        code = record["code"]
        if self._codes.setdefault(code, row) != row:
            raise DecodeError(
                "VND-DIR-004",
                f"line {number}: this code was listed before",
                hint="keep the line that was changed last",
                facts={"line": number, "organ": code},
            )
        self._lines.append(line)
        for alias in record.get("aliases", ()):
            _add(self._aliases, alias, row)
        if "modified" in record:
            modified = dt.datetime.fromisoformat(record["modified"])
            if self.since is None or modified > self.since:
                self.since = modified

    def _refuse_circles(self, parents: list[str | None]) -> None:
        above = [None if one is None else self._row(one) for one in parents]
        seen = bytearray(len(above))  # 0 not yet, 1 on the present path, 2 leads to the top
        for start in range(len(above)):
            path = []
            row: int | None = start
            while row is not None and not seen[row]:
                seen[row] = 1
                path.append(row)
                row = above[row]
            if row is not None and seen[row] == 1:
                codes = [self._agency(one).organ_id.value for one in path[path.index(row) :]]
                raise in_a_circle(codes, row + 2)
            for one in path:
                seen[one] = 2


def later(one: dt.datetime | None, other: dt.datetime | None) -> bool:
    """Tell whether *one* is after *other*; no time is before any time."""
    return one is not None and (other is None or one > other)


def in_a_circle(codes: list[str], line: int | None = None) -> InputError:
    """Give the error for agencies that are their own ancestors."""
    where = "" if line is None else f"line {line}: "
    return (InputError if line is None else DecodeError)(
        "VND-DIR-005",
        f"{where}the parents of an agency lead back to it",
        hint="correct the parent of one of them",
        facts={"organs": [*codes[:10]], "line": line},
    )


def too_many(most: int) -> LimitExceeded:
    """Give the error for a directory of more agencies than are taken."""
    return LimitExceeded(
        "VND-DIR-009",
        f"a directory of more than {most} agencies is not taken",
        hint="if you trust the source, raise most=...",
        facts={"limit": "most", "allowed": most, "seen": None},
    )


def _copy(rows: _Rows) -> _Rows:
    return {key: found if isinstance(found, int) else found.copy() for key, found in rows.items()}


def _each(rows: int | set[int]) -> tuple[int, ...]:
    return (rows,) if isinstance(rows, int) else tuple(sorted(rows))


def _add(rows: _Rows, key: str, row: int) -> None:
    found = rows.setdefault(key, row)
    if not isinstance(found, int):
        found.add(row)
    elif found != row:
        rows[key] = {found, row}


def _remove(rows: _Rows, key: str, row: int) -> None:
    found = rows.get(key)
    if isinstance(found, set):
        found.discard(row)
        if len(found) == 1:
            rows[key] = found.pop()
    elif found == row:
        del rows[key]


def _header(line: bytes) -> int | None:
    try:
        header = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise DecodeError(
            "VND-DIR-001",
            "this is no directory of agencies",
            hint=f'the first line must be {{"schema": "{SCHEMA}"}}',
            facts={"expected": SCHEMA, "seen": ascii(line[:80].decode("latin-1"))[1:-1]},
        )
    announced = header.get("agencies")
    return announced if type(announced) is int else None


def _record(line: bytes, number: int) -> tuple[dict[str, Any], bytes]:
    """Give the record of one line, and the line as it is kept."""
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(LONGEST_LINE)  # noqa: TRY301 - the same refusal
        text = line.decode("utf-8")
        try:
            record, end = _decode(text)
        except ValueError:
            record, end = json.loads(text), 0
        if text[end:] != "\n":
            record = json.loads(text)
            line = line.strip() + b"\n"
    except (ValueError, RecursionError) as error:
        raise DecodeError(
            "VND-DIR-002",
            "a line is not JSON in UTF-8, or too long",
            hint="each line after the first is one JSON object",
            facts={"line": number, "longest": LONGEST_LINE, "seen": ascii(line[:80].decode("latin-1"))[1:-1]},
        ) from error
    if type(record) is not dict:
        raise _in_line(wrong("line", record), number)
    if not plain(record):
        try:
            line = line_of(agency_of(record))
        except InputError as error:
            raise _in_line(error, number) from error
    return record, line


def _in_line(error: InputError, number: int) -> DecodeError:
    field = str(error.facts.get("field", error.path or "code")).removeprefix("Agency.")
    return DecodeError(
        "VND-DIR-003",
        f"line {number}: {error.message}",
        hint=error.hint,
        facts={"line": number, "field": field, "seen": error.facts.get("seen")},
    )
