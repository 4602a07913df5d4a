"""A directory that lives in one file, and answers from memory."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import attrs

from vnedoc.directory._index import Index, in_a_circle, too_many
from vnedoc.errors import FileError, InputError, LimitExceeded
from vnedoc.model import (
    Agency,
    Limits,
    OrganConversion,
    OrganId,
    Succession,
    open_file,
    unreadable,
    written_whole,
)

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_Stamp: TypeAlias = tuple[int, int, int]

MOST = 1_000_000
"""Agencies in one directory; the national axis has about 100,000."""


@attrs.frozen(kw_only=True)
class SyncResult:
    """What a delta changed.

    Attributes:
        added: Agencies that were not there.
        changed: Agencies of which a newer version came.
        ignored: Versions that were not newer than what was there.
    """

    added: int = 0
    changed: int = 0
    ignored: int = 0


class FileDirectory:
    """A directory of agencies in one file: ``vnedoc-directory/1``, JSON lines, one agency each.

    The file is read as a whole and answers come from memory, in microseconds. It is only ever replaced as a
    whole, so whoever reads it sees the state before a change or after it. Several threads may ask one object,
    also while it is brought up to date; several processes may sync one file, in turn.

    It implements ``vnedoc.protocols.Directory``.
    """

    def __init__(self, path: Path, index: Index, stamp: _Stamp, limits: Limits, most: int) -> None:
        self._path = path
        self._limits = limits
        self._most = most
        self._index = index
        self._stamp = stamp

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        agencies: Iterable[Agency] = (),
        *,
        limits: Limits | None = None,
        most: int = MOST,
    ) -> FileDirectory:
        """Make a new file.

        Args:
            path: Where to; its folder must exist, and nothing may be there.
            agencies: What it holds at first.
            limits: ``file_bytes`` bounds the file whenever it is read.
            most: Agencies that are taken.

        Raises:
            InputError: ``VND-DIR-004`` for a code that comes twice, ``VND-DIR-005`` for parents in a circle,
                ``VND-DIR-013`` for a value that cannot be written.
            LimitExceeded: ``VND-DIR-009``.
            FileError: ``VND-IO-004`` when something is there already, ``VND-IO-002``.
        """
        index = Index()
        for number, one in enumerate(agencies):
            if not index.put(_agency(one, number)):
                raise InputError(
                    "VND-DIR-004",
                    "two agencies have the same code",
                    hint="keep the one that was changed last",
                    facts={"line": number + 2, "organ": one.organ_id.value},
                )
            _bound(index, most)
        _refuse_circle(index, (one.organ_id.value for one in index))
        target = Path(path)
        bounds = limits or Limits()
        stamp = _write(target, index, bounds, replace=False)
        return cls(target, index, stamp, bounds, most)

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, limits: Limits | None = None, most: int = MOST
    ) -> FileDirectory:
        """Read a file.

        Args:
            path: The file.
            limits: ``file_bytes`` bounds the file.
            most: Agencies that are taken.

        Raises:
            DecodeError: ``VND-DIR-001`` to ``VND-DIR-006``; the fact ``line`` counts from 1.
            LimitExceeded: ``VND-DIR-009``.
            FileError: ``VND-IO-001`` when it cannot be read.
        """
        target = Path(path)
        bounds = limits or Limits()
        index, stamp = _read(target, bounds, most)
        return cls(target, index, stamp, bounds, most)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def since(self) -> dt.datetime | None:
        """The newest ``modified`` of all entries: where the next delta has to begin (``modifyDate``)."""
        return self._index.since

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Agency]:
        """Give every agency, by code."""
        return iter(self._index)

    # --- asking -----------------------------------------------------------------------------------

    def find(self, code: OrganId | str) -> Agency | None:
        """Give the agency that has the code, as its own or as an alias; ``None`` when nobody has.

        An ``OrganId`` is looked up by its value, then by its aliases. Abolished agencies are found too: see
        ``succession``.

        Raises:
            InputError: ``VND-DIR-007`` when several have it as an alias, so that nobody can say who is meant.
        """
        return _find(self._index, code)

    def resolve(self, organ_id: OrganId) -> OrganId | None:
        """Give the organisation's present code with all its aliases, or ``None`` when it is unknown.

        Raises:
            InputError: ``VND-DIR-007``, as ``find``.
        """
        found = self.find(organ_id)
        return None if found is None else found.organ_id

    def named(self, name: str) -> tuple[Agency, ...]:
        """Give every agency of that name, by code.

        Upper and lower case, composed and decomposed letters, the place of the tone mark and runs of spaces
        do not count (``vnedoc.model.name_key``).
        """
        return self._index.named(name)

    def succession(self, code: OrganId | str) -> Succession | None:
        """Say what became of an agency: who came after it, who of them exists today, and its last day.

        Circles of successors, as directories have them after a division is taken back, are walked once.

        Returns:
            ``None`` when the agency is unknown.

        Raises:
            InputError: ``VND-DIR-007``, as ``find``.
        """
        index = self._index
        agency = _find(index, code)
        if agency is None:
            return None
        if agency.active:
            return Succession(agency=agency, present=(agency,))
        seen = {agency.organ_id.value}
        chain: list[Agency] = []
        unknown: dict[OrganId, None] = {}
        waiting = list(agency.successors)
        for one in waiting:  # grows while it is walked
            found = _only(index, one.value)
            if found is None:
                unknown[one] = None
            elif found.organ_id.value not in seen:
                seen.add(found.organ_id.value)
                chain.append(found)
                if not found.active:
                    waiting += found.successors
        return Succession(
            agency=agency,
            chain=tuple(chain),
            present=tuple(one for one in chain if one.active),
            ended=agency.valid_to,
            unknown=tuple(unknown),
        )

    def convert(self, organ_id: OrganId, grammar: str) -> OrganConversion | None:
        """Give an organisation's code in a grammar, ``2016`` or ``2020``.

        Returns:
            ``certain`` when the directory lists the code, or when it is the one that was given; else the rule
            of thumb, marked as a guess; ``None`` when the directory knows the guess as another body, or when
            there is nothing to guess.

        Raises:
            InputError: ``VND-DIR-010`` for another grammar, ``VND-DIR-007`` as ``find``.
        """
        if grammar not in ("2016", "2020"):
            raise InputError(
                "VND-DIR-010",
                "there are two grammars of organisation codes",
                hint='ask for "2016" or "2020"',
                facts={"seen": ascii(grammar)[:80], "allowed": ["2016", "2020"]},
            )
        index = self._index
        found = _find(index, organ_id)
        known = organ_id if found is None else found.organ_id
        if found is None and organ_id.grammar == grammar:
            return OrganConversion(organ_id, certain=True)
        for code in (known.value, *known.aliases, *organ_id.aliases):
            if OrganId(code).grammar == grammar:
                return OrganConversion(OrganId(code), certain=found is not None)
        for code in (known.value, organ_id.value):
            guess = OrganId(code).guess_2020() if grammar == "2020" else OrganId(code).guess_2016()
            if guess is not None:
                taken = index.having(guess.organ_id.value)
                return None if found is not None and taken and found not in taken else guess
        return None

    # --- changing ---------------------------------------------------------------------------------

    def sync(self, changes: Iterable[Agency]) -> SyncResult:
        """Take in what a directory changed, all of it or nothing.

        Of two versions of one agency, by its own code, the one that was modified later holds, so deltas may
        come in any order and more than once. Nothing is ever taken out: an agency that ended stays, as
        merged or abolished. What other processes wrote in the meantime is kept; while one of them writes,
        this waits.

        Raises:
            InputError: ``VND-DIR-008`` for a change without ``modified``, ``VND-DIR-005`` for parents in a
                circle, ``VND-DIR-013`` for a value that cannot be written.
            LimitExceeded: ``VND-DIR-009``.
            DecodeError: As ``open``, when somebody else damaged the file.
            FileError: ``VND-IO-001``, ``VND-IO-002``.
        """
        given = [_change(_agency(one, number), number) for number, one in enumerate(changes)]
        with _alone(self._path):
            self.refresh()
            index = self._index.copy()
            steps = [index.put(one) for one in given]
            _bound(index, self._most)
            taken = [one.organ_id.value for one, step in zip(given, steps, strict=True) if step is not None]
            if taken:
                _refuse_circle(index, taken)
                self._index, self._stamp = index, _write(self._path, index, self._limits, replace=True)
        return SyncResult(added=steps.count(True), changed=steps.count(False), ignored=steps.count(None))

    def refresh(self) -> bool:
        """Read the file again when another process has replaced it.

        Returns:
            Whether it had changed.

        Raises:
            DecodeError: As ``open``; what was read before stays in use.
            FileError: ``VND-IO-001``.
        """
        try:
            seen = self._path.stat()
        except OSError as error:
            raise unreadable(self._path, error) from error
        if _stamp(seen) == self._stamp:
            return False
        self._index, self._stamp = _read(self._path, self._limits, self._most)
        return True


def _find(index: Index, code: OrganId | str) -> Agency | None:
    codes = (code.value, *code.aliases) if isinstance(code, OrganId) else (code,)
    for one in codes:
        found = index.having(one)
        if len(found) > 1:
            found = tuple(agency for agency in found if agency.active) or found
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                "VND-DIR-007",
                "several agencies have this code as an alias",
                hint="ask by the agency's own code, and have the directory corrected",
                facts={"organ": one, "organs": [agency.organ_id.value for agency in found[:10]]},
            )
    return None


def _only(index: Index, code: str) -> Agency | None:
    found = index.having(code)
    return found[0] if len(found) == 1 else None


def _agency(value: object, number: int) -> Agency:
    if isinstance(value, Agency):
        return value
    raise InputError(
        "VND-MODEL-004",
        f"this takes Agency, not {type(value).__name__}",
        path=f"[{number}]",
        hint="build vnedoc.model.Agency, or take from_axis",
        facts={"field": f"[{number}]", "expected": "Agency", "seen": type(value).__name__},
    )


def _change(agency: Agency, number: int) -> Agency:
    if agency.modified is not None:
        return agency
    raise InputError(
        "VND-DIR-008",
        "a change must say when it was made",
        path=f"[{number}]",
        hint="give modified=..., for example the time at which the delta was asked for",
        facts={"organ": agency.organ_id.value},
    )


def _refuse_circle(index: Index, codes: Iterable[str]) -> None:
    circle = index.circle(codes)
    if circle:
        raise in_a_circle(circle)


def _bound(index: Index, most: int) -> None:
    if len(index) > most:
        raise too_many(most)


def _read(path: Path, limits: Limits, most: int) -> tuple[Index, _Stamp]:
    try:
        with open_file(path) as handle:
            seen = os.fstat(handle.fileno())
            if seen.st_size > limits.file_bytes:
                raise LimitExceeded.of(
                    "VND-DIR-009", "file_bytes", limits.file_bytes, seen.st_size, path=str(path)
                )
            index = Index.read(handle, most, limits.file_bytes)
    except InputError as error:
        error.path = str(path)
        raise
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise unreadable(path, error) from error
    return index, _stamp(seen)


def _write(path: Path, index: Index, limits: Limits, *, replace: bool) -> _Stamp:
    with written_whole(path, replace=replace) as handle:
        index.write(handle)
        handle.flush()
        stamp = _stamp(os.fstat(handle.fileno()))
        if stamp[2] > limits.file_bytes:
            raise LimitExceeded.of("VND-DIR-009", "file_bytes", limits.file_bytes, stamp[2], path=str(path))
    return stamp


def _stamp(seen: os.stat_result) -> _Stamp:
    """Give what differs when the file was replaced."""
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other writers of the file away: readers need no lock, since the file is replaced as a whole."""
    try:
        handle = path.with_name(f".{path.name[:100]}.lock").open("ab")
    except OSError as error:
        raise _unlockable(path, error) from error
    with handle:
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise _unlockable(path, error) from error
        try:
            yield
        finally:
            if sys.platform == "win32":
                handle.seek(0)
                msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)


def _unlockable(path: Path, error: OSError) -> FileError:
    reason = error.strerror or str(error)
    return FileError(
        "VND-IO-002",
        f"cannot write: {reason}",
        path=str(path),
        hint="check that the folder exists, may be written and has room",
        facts={"reason": reason},
    )
