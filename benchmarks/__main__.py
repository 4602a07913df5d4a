"""``python -m benchmarks [--only ID]... [--rounds N] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    directory,
    edxml,
    edxml_seal,
    edxml_small,
    edxml_verify,
    edxml_write,
    imports,
    pdf,
    runner,
    xml,
)

GROUPS = (
    *directory.GROUPS,
    *imports.GROUPS,
    *pdf.GROUPS,
    *xml.GROUPS,
    *edxml.GROUPS,
    *edxml_small.GROUPS,
    *edxml_write.GROUPS,
    *edxml_seal.GROUPS,
    *edxml_verify.GROUPS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 also where a goal is missed, 2 where a row could not run or the usage is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="P1 takes P1-tuned too")
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    try:
        groups = runner.select(GROUPS, options.only)
    except KeyError as error:
        parser.error(f"no such row: {error.args[0]}")
    rows = []
    complete = True
    with tempfile.TemporaryDirectory(prefix="vnedoc-benchmarks-") as folder:
        for group in groups:
            found, ran = runner.run(group, Path(folder), options.rounds, _say)
            rows += found
            complete = complete and ran
    print(runner.table(rows))
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if complete else 2


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
