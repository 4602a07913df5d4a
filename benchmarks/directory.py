"""L1 and L2: a directory of 100,000 agencies."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc.directory import FileDirectory
from vnedoc.model import VIETNAM, Agency, OrganId

COUNT = 100_000
Case = Callable[[], Any]
# Of every kind of question as many, spread over the whole file.
_ASKED = range(7, COUNT, COUNT // 20)


def _code(number: int) -> str:
    return f"H{number // 1000:02}.{number % 1000}"


def _alias(number: int) -> str:
    return f"{number % 1000:03}.00.00.H{number // 1000:02}"


def _name(number: int) -> str:
    return f"Ủy ban nhân dân xã Thí Điểm {number}, tỉnh Thử Nghiệm {number // 1000}"


def _agency(number: int) -> Agency:
    return Agency(
        organ_id=OrganId(_code(number), (_alias(number),)),
        name=_name(number),
        parent=f"H{number // 1000:02}",
        email=f"vanthu{number}@example.vn",
        phone="0200000000",
        modified=dt.datetime(2026, 11, 2, 8, tzinfo=VIETNAM),
    )


def _agencies() -> Iterator[Agency]:
    return map(_agency, range(COUNT))


# --- reading --------------------------------------------------------------------------------------


def open_directory(folder: Path) -> Case:
    return lambda: FileDirectory.open(folder / "directory.jsonl")


def json_lines(folder: Path) -> Case:
    def case() -> object:
        with (folder / "directory.jsonl").open("rb") as handle:
            return [json.loads(line) for line in handle]

    return case


# --- asking ---------------------------------------------------------------------------------------


def ask_directory(folder: Path) -> Case:
    directory = FileDirectory.open(folder / "directory.jsonl")
    codes = [_code(number) for number in _ASKED]
    aliases = [_alias(number) for number in _ASKED]
    names = [_name(number).upper() for number in _ASKED]

    def case() -> None:
        for one in codes:
            directory.find(one)
        for one in aliases:
            directory.find(one)
        for one in names:
            directory.named(one)

    return case


def plain_dict(_folder: Path) -> Case:
    places = {_code(number): number for number in range(COUNT)}
    codes = [_code(number) for number in _ASKED]

    def case() -> None:
        for _ in range(3):
            for one in codes:
                _agency(places[one])

    return case


def _prepare(folder: Path) -> Mapping[str, str]:
    path = folder / "directory.jsonl"
    if not path.exists():
        FileDirectory.create(path, _agencies())
    directory = FileDirectory.open(path)
    if len(directory) != COUNT:
        raise CheckFailed(f"{len(directory)} agencies were read, not {COUNT}")
    for number in _ASKED:
        wanted = _agency(number)
        found = [
            directory.find(_code(number)),
            directory.find(_alias(number)),
            *directory.named(_name(number).upper()),
        ]
        if found != [wanted] * 3:
            raise CheckFailed(f"{_code(number)} is answered with {found}")
    return {"L1": f"{path.stat().st_size / 1e6:.1f} MB", "L2": f"{3 * len(_ASKED)} questions in a call"}


GROUPS = (
    Group(
        id="L1",
        ours="benchmarks.directory:open_directory",
        rows=(Row("L1", "json.loads of each line", "benchmarks.directory:json_lines", Goal("<=", 4)),),
        prepare=_prepare,
    ),
    Group(
        id="L2",
        ours="benchmarks.directory:ask_directory",
        rows=(
            Row("L2", "a dict, and building the agency", "benchmarks.directory:plain_dict", Goal("<=", 20)),
        ),
        prepare=_prepare,
    ),
)
