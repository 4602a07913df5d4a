"""Worker processes, rounds, statistics, and what a row says. It knows no case and no peer."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs

Progress = Callable[[str], None]


@attrs.frozen
class Goal:
    """A bound on a ratio.

    Attributes:
        sense: ``>=``: times faster than the peer, so peer over ours. ``<=``: ours over peer.
        bound: The ratio that must be reached in the worse quartile.
    """

    sense: str
    bound: float

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:g}"

    def ratio(self, ours: float, peer: float) -> float:
        return peer / ours if self.sense == ">=" else ours / peer

    def worse_quartile(self, ratios: Sequence[float]) -> float:
        if len(ratios) == 1:
            return ratios[0]
        lower, _, upper = statistics.quantiles(ratios, n=4, method="inclusive")
        return lower if self.sense == ">=" else upper

    def holds(self, ratio: float) -> bool:
        return ratio >= self.bound if self.sense == ">=" else ratio <= self.bound


@attrs.frozen
class Row:
    """One comparison.

    Attributes:
        id: Such as ``P1-tuned``.
        peer: Name of what ours is compared with.
        entry: ``module:function`` that takes the folder of fixtures and gives what is measured.
        goal: What must hold.
        note: What a reader of the figure must know.
        package: Distribution of the peer, for its version.
    """

    id: str
    peer: str
    entry: str
    goal: Goal
    note: str = ""
    package: str | None = None


@attrs.frozen(kw_only=True)
class Group:
    """Rows that share our case, and are measured together.

    Attributes:
        id: Such as ``P1``; ``--only P1`` takes all its rows.
        ours: Entry of our case.
        rows: The comparisons.
        prepare: Makes fixtures in a folder and cross-checks both sides before anything is timed; gives notes
            by row id. Raises ``CheckFailed`` where an output is wrong.
        unit: Of ``ours`` and ``peer_value``.
    """

    id: str
    ours: str
    rows: tuple[Row, ...]
    prepare: Callable[[Path], Mapping[str, str]]
    unit: str = "ms CPU"


class CheckFailed(Exception):
    """An output did not pass its cross-check, so its speed means nothing."""


class WorkerFailed(Exception):
    """A worker process could not set up or run its case."""


class Worker:
    """One case in a process of its own."""

    def __init__(self, entry: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", entry, str(folder)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._read()

    def measure(self) -> float:
        """Run the case some times and give milliseconds of CPU for one, or what the case itself measures."""
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return float(self._read()["value"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the worker died"}
        if "error" in answer:
            self.close()
            raise WorkerFailed(answer["error"])
        return answer


def select(groups: Iterable[Group], only: Sequence[str]) -> list[Group]:
    """Keep the rows that *only* names: a group by its id with all its parts, or one row.

    Raises:
        KeyError: For a name that fits nothing.
    """
    chosen = list(groups)
    for name in only:
        if not any(name in {group.id, row.id} for group in chosen for row in group.rows):
            raise KeyError(name)
    if not only:
        return chosen
    kept = [
        attrs.evolve(group, rows=tuple(row for row in group.rows if {group.id, row.id} & set(only)))
        for group in chosen
    ]
    return [group for group in kept if group.rows]


def run(group: Group, folder: Path, rounds: int, progress: Progress) -> tuple[list[dict[str, Any]], bool]:
    """Measure a group; the second value is whether our side could run."""
    progress(f"{group.id}: preparing and cross-checking")
    try:
        notes = group.prepare(folder)
        ours = Worker(group.ours, folder)
    except Exception as error:  # noqa: BLE001 - the other groups still run
        reason = f"could not run: {type(error).__name__}: {error}"
        progress(f"{group.id}: {reason}")
        return [result(group, row, [], [], reason) for row in group.rows], False
    workers = {"": ours}
    failed: dict[str, str] = {}
    for row in group.rows:
        try:
            workers[row.id] = Worker(row.entry, folder)
        except WorkerFailed as error:
            failed[row.id] = f"the peer failed: {error}"
    times = _rounds(workers, rounds, lambda done: progress(f"{group.id}: round {done}/{rounds}"))
    rows = []
    for row in group.rows:
        note = "; ".join(
            filter(None, [_version(row), row.note, notes.get(row.id, ""), failed.get(row.id, "")])
        )
        rows.append(result(group, row, times[""], times.get(row.id, []), note))
    return rows, True


def _rounds(
    workers: Mapping[str, Worker], rounds: int, progress: Callable[[int], None]
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in workers}
    order = list(workers)
    try:
        for done in range(rounds):
            for name in order:  # one at a time, so that they share the machine's ups and downs
                times[name].append(workers[name].measure())
            order = order[1:] + order[:1]
            progress(done + 1)
    finally:
        for worker in workers.values():
            worker.close()
    return times


def result(group: Group, row: Row, ours: Sequence[float], peer: Sequence[float], note: str) -> dict[str, Any]:
    """Give a row's JSON object; what could not be measured is ``None``."""
    ratios = [row.goal.ratio(mine, theirs) for mine, theirs in zip(ours, peer, strict=bool(ours and peer))]
    worse = row.goal.worse_quartile(ratios) if ratios else None
    return {
        "id": row.id,
        "unit": group.unit,
        "ours": _short(statistics.median(ours)) if ours else None,
        "peer": row.peer,
        "peer_value": _short(statistics.median(peer)) if peer else None,
        "ratio": _short(statistics.median(ratios)) if ratios else None,
        "worse_quartile": None if worse is None else _short(worse),
        "goal": str(row.goal),
        "holds": None if worse is None else row.goal.holds(worse),
        "note": note,
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _version(row: Row) -> str:
    if row.package is None:
        return ""
    try:
        return f"{row.package} {metadata.version(row.package)}"
    except metadata.PackageNotFoundError:
        return f"{row.package} is not installed"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay the rows out in columns."""
    titles = ("id", "ours", "peer", "peer value", "ratio", "worse quartile", "goal", "holds", "note")
    keys = ("id", "ours", "peer", "peer_value", "ratio", "worse_quartile", "goal", "holds", "note")
    words = {True: "yes", False: "NO", None: "-"}
    cells = [titles] + [
        tuple(words[row[key]] if row[key] is None or key == "holds" else str(row[key]) for key in keys)
        for row in rows
    ]
    widths = [max(len(line[at]) for line in cells) for at in range(len(titles))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
