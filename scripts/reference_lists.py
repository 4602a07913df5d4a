"""The page of code lists and of the codes of level 1, for make_reference.py."""

import enum
import inspect
from collections.abc import Iterator

from vnedoc.model import AdministrativeType, code_lists, level_1_codes, level_1_ranges

INTRO = """\
Every list is an enum of {mod}`vnedoc.model`. *Certainty* says how well a list is known: `high`, read in the
legal text; `medium`, taken from public programs or pages that cite it; `low`, practice on the wire, or
inferred. Where a list is `low`, show the code beside the name and do not refuse what is not in it."""
LEVEL_1 = """\
Codes of level 1 of organisation identifiers, {func}`vnedoc.model.level_1`, as far as the decisions could be
read. *From* is the day of the decision that lists a code, *to* the day before the one that drops or renames
it. A code that is not here may well exist: the directory of the axis decides, see
[](../how-to/directory.md)."""


def lists_page() -> Iterator[str]:
    """Every enum with its codes, Vietnamese names, abbreviations, source and certainty."""
    yield "# Code lists"
    yield ""
    yield INTRO
    for members in code_lists():
        yield from _list(members)
    yield ""
    yield "## Level 1"
    yield ""
    yield LEVEL_1
    yield ""
    yield "| Letter | Codes | Whose | Certainty |"
    yield "|---|---|---|---|"
    for one in level_1_ranges():
        codes = f"{one.first} and up" if one.last is None else f"{one.first} to {one.last}"
        yield f"| {one.letter} | {codes} | {one.name} | {one.certainty.value} |"
    yield ""
    yield "| Code | Name | From | To | Successor | Certainty |"
    yield "|---|---|---|---|---|---|"
    for row in level_1_codes():
        cells = (row.code, row.name, row.valid_from, row.valid_to, row.successor, row.certainty.value)
        yield f"| {' | '.join('' if cell is None else str(cell) for cell in cells)} |"
    yield ""
    for source in sorted({row.source for row in (*level_1_codes(), *level_1_ranges())}):
        yield f"- {source}"


def _list(members: type[enum.Enum]) -> Iterator[str]:
    first = next(iter(members))
    yield ""
    yield f"## {members.__name__}"
    yield ""
    yield inspect.getdoc(members).split("\n")[0]
    yield ""
    yield f"Source: {first.source}. Certainty: {first.certainty.value}."
    yield ""
    columns = [("Code", lambda one: f"`{one.value}`"), ("Member", lambda one: f"`{one.name}`")]
    if members is AdministrativeType:
        columns[0] = ("Name", lambda one: one.value)
        columns += [
            ("Abbreviation", lambda one: one.abbreviation),
            ("In archives", lambda one: one.archive_code),
        ]
    else:
        columns.append(("Name", lambda one: one.vietnamese))
    if any(getattr(one, "stamp", None) for one in members):
        columns.append(("Stamp", lambda one: one.stamp))
    if hasattr(first, "directions"):
        columns.append(("From and to", _directions))
    yield f"| {' | '.join(title for title, _ in columns)} |"
    yield f"|{'---|' * len(columns)}"
    for one in members:
        yield f"| {' | '.join(str(cell(one) or '') for _, cell in columns)} |"


def _directions(copy: enum.Enum) -> str:
    ways = sorted((source.value, target.value) for source, target in copy.directions)
    return ", ".join(f"{source} to {target}" for source, target in ways)
