"""The codes of level 1 with the time of their validity, and the letters that they begin with."""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import attrs

from vnedoc.model._lists import Certainty


@attrs.frozen(kw_only=True)
class LevelOne:
    """A ministry, province or central body, and when its code held.

    Attributes:
        code: Such as ``G22``.
        name: Its Vietnamese name, as far as the source has it; ``None`` where it lists the code alone.
        valid_from: Day of the decision that lists it.
        valid_to: Last day before the decision that dropped or renamed it; ``None`` while it is listed.
        successor: Code that took its place, where the source says so.
        source: The text that it comes from.
        certainty: How well the row is known.
    """

    code: str
    name: str | None
    valid_from: dt.date
    valid_to: dt.date | None = None
    successor: str | None = None
    source: str
    certainty: Certainty = attrs.field(converter=Certainty)


@attrs.frozen(kw_only=True)
class LevelOneRange:
    """What the codes of level 1 with one letter are for.

    Attributes:
        letter: ``A`` to ``K``, or ``Z``.
        first: First code of the range.
        last: Last code of the range; ``None`` where the source leaves it open.
        name: Whose codes these are, in Vietnamese.
        source: The text that it comes from.
        certainty: How well the row is known.
    """

    letter: str
    first: str
    last: str | None = None
    name: str
    source: str
    certainty: Certainty = attrs.field(converter=Certainty)


def level_1(code: str, *, on: dt.date | None = None) -> LevelOne | None:
    """Give the entry of a code of level 1 that held on a day.

    The tables are those of QĐ 20/2020/QĐ-TTg and QĐ 09/2025/QĐ-TTg as far as they could be read: no entry
    does not mean that the code is wrong. A directory of the axis is newer.

    Args:
        code: Such as ``G22``, as ``OrganId.level_1`` gives it.
        on: The day; without one, the latest entry.

    Returns:
        The entry, or ``None`` when the tables have none for that day.
    """
    found = [
        one
        for one in level_1_codes()
        if one.code == code
        and (on is None or (one.valid_from <= on and (one.valid_to is None or on <= one.valid_to)))
    ]
    return found[-1] if found else None


def level_1_range(code: str) -> LevelOneRange | None:
    """Give the range that a code of level 1 falls into; ``None`` when it is in none."""
    return next(
        (
            one
            for one in level_1_ranges()
            if code[:1] == one.letter
            and len(code) == len(one.first)
            and one.first <= code <= (one.last or code)
        ),
        None,
    )


@cache
def level_1_codes() -> tuple[LevelOne, ...]:
    """Give every entry, by code and then by time."""
    rows = (LevelOne(**{"name": None, **row, **_source(row)}) for row in _tables()["code"])
    return tuple(sorted(rows, key=lambda one: (one.code, one.valid_from)))


@cache
def level_1_ranges() -> tuple[LevelOneRange, ...]:
    """Give every range, by letter."""
    return tuple(LevelOneRange(**{**row, **_source(row)}) for row in _tables()["range"])


def _source(row: dict[str, Any]) -> dict[str, str]:
    return {"source": str(_tables()["source"][row["source"]])}


@cache
def _tables() -> dict[str, Any]:
    source = resources.files("vnedoc.model").joinpath("_reference", "level_1.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
