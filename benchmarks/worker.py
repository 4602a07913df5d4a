"""The process of one case: ``python -m benchmarks.worker MODULE:FUNCTION FOLDER``.

It sets the case up, says so, and then measures it for each line on standard input. It answers in JSON lines.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

_AIM = 60.0  # milliseconds; long enough for the clock, short enough that rounds interleave
_MOST_RUNS = 2000


def _cpu_seconds(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _measure(case: Callable[[], object], who: int, runs: int) -> float:
    """Give milliseconds of CPU for one run."""
    before = _cpu_seconds(who)
    for _ in range(runs):
        case()
    return (_cpu_seconds(who) - before) / runs * 1000


def _say(output: TextIO, **answer: Any) -> None:
    output.write(json.dumps(answer) + "\n")
    output.flush()


def main(entry: str, folder: Path) -> None:
    """Serve one case until standard input ends."""
    # What a library prints must not come between the answers.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module, _, function = entry.partition(":")
    try:
        case = getattr(importlib.import_module(module), function)(folder)
        # A case that measures by itself, memory for example, gives what it has found.
        own = bool(getattr(case, "gives_value", False))
        # A case that starts processes is measured by those alone.
        who = resource.RUSAGE_CHILDREN if getattr(case, "in_children", False) else resource.RUSAGE_SELF
        case()
        once = 1.0 if own else max(_measure(case, who, 3), 1e-3)
    except Exception as error:  # noqa: BLE001 - whatever a peer does, the row says it
        _say(output, error=f"{type(error).__name__}: {error}")
        return
    runs = max(1, min(_MOST_RUNS, round(_AIM / once)))
    _say(output, ready=True)
    for _ in sys.stdin:
        _say(output, value=float(case()) if own else _measure(case, who, runs))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
