"""Every row of the threat catalogue on parsing, XML signatures and certificates has its test.

The rows A01 to A23 are in ``tests/edxml/test_edxml_threats.py``, the others beside this file, by letter, in
functions named by their row. They go through the doors; the tests of each room go deeper.
"""

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
COUNTS = {"A": 23, "B": 27, "C": 14, "D": 13, "E": 16, "F": 10}


def functions(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]


def rows_by_name() -> set[str]:
    names = [name for path in HERE.glob("test_dsig_threats_*.py") for name in functions(path)]
    return {found[1].upper() for name in names if (found := re.match(r"test_([b-f]\d\d)_", name))}


def rows_of_the_reader() -> set[str]:
    """The keys of the table of cases in the file on messages."""
    tree = ast.parse((HERE.parent / "edxml/test_edxml_threats.py").read_text(encoding="utf-8"))
    keys = [
        key.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Dict)
        for key in one.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]
    return {one for one in keys if re.fullmatch(r"A\d\d", one)}


def test_every_row_has_its_test():
    wanted = {f"{letter}{number:02}" for letter, most in COUNTS.items() for number in range(1, most + 1)}
    assert rows_by_name() | rows_of_the_reader() == wanted
