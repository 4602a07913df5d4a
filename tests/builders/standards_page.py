"""The figures that the page of standards gives for vectors, so that tests can hold them to it."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/standards.md"


def figures(name):
    """Give the numbers in the row *name* of its table: all, as expected, and otherwise for a reason."""
    found = re.search(
        rf"^\| {re.escape(name)} \| (\d+) \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert found, f"the page has no row {name!r}"
    return tuple(int(one) for one in found.groups())
