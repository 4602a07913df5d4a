"""What no field holds, and where it stood, so that it is written back in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from vnedoc.edxml._wire._rows import Row
from vnedoc.model import UnknownAttribute, UnknownElement


class Kept:
    """What no field holds, on its way up to the message: its place grows with each level.

    Attributes:
        parent: Slash path of the element around it, from the level where it is now.
        after: Name of the element that stood before it.
        xml: The element as XML text; ``None`` for an attribute.
        name: Of an attribute, in Clark notation.
        value: Of an attribute.
    """

    __slots__ = ("after", "name", "parent", "value", "xml")

    def __init__(
        self,
        parent: str,
        *,
        after: str | None = None,
        xml: str | None = None,
        name: str = "",
        value: str = "",
    ) -> None:
        self.parent = parent
        self.after = after
        self.xml = xml
        self.name = name
        self.value = value


def nth(name: str, place: int) -> str:
    """Give the path component of the *place*-th element of that name, counted from 1."""
    return name if place == 1 else f"{name}[{place}]"


def place_of(component: str) -> int:
    """Give the place that ``nth`` put into the first component of a path."""
    number = component.partition("/")[0].partition("[")[2].rstrip("]")
    return int(number) if number else 1


def put_below(component: str, kept: list[Kept]) -> list[Kept]:
    """Say where things are that were kept below a child named *component*."""
    for one in kept:
        one.parent = f"{component}/{one.parent}" if one.parent else component
    return kept


def parted(kept: Iterable[Kept]) -> dict[str, Any]:
    """Give the fields of a message that hold it."""
    unknown = tuple(
        UnknownElement(parent=one.parent, after=one.after, xml=one.xml) for one in kept if one.xml is not None
    )
    attributes = tuple(
        UnknownAttribute(parent=one.parent, name=one.name, value=one.value) for one in kept if one.xml is None
    )
    return {"unknown": unknown, "unknown_attributes": attributes}


@cache
def paths_of(row: Row, *fields: str) -> tuple[str, ...]:
    """Give the slash path of the row that fills each field."""
    found: dict[str, str] = {}
    waiting = [(row, "")]
    while waiting:
        parent, above = waiting.pop()
        for child in parent.rows:
            here = f"{above}/{child.name}".lstrip("/")
            if child.field is None:
                waiting.append((child, here))
            else:
                found[child.field] = here
    return tuple(found.get(field, field) for field in fields)


def renumber(kept: list[Kept], stem: str, places: Mapping[int, int]) -> list[Kept]:
    """Let what is kept inside manifest lines and attachments follow these to their new places."""
    old = {nth(stem, before): nth(stem, now) for before, now in places.items()}
    moved: list[Kept] = []
    for one in kept:
        head, slash, rest = _split(one.parent, stem)
        if not head:
            moved.append(one)
        elif head in old:
            one.parent = f"{old[head]}{slash}{rest}"
            moved.append(one)
    return moved


def _split(parent: str, stem: str) -> tuple[str, str, str]:
    """Split the component that *stem* ends in from what follows; empty when it is not there."""
    depth = stem.count("/") + 1
    parts = parent.split("/")
    head = "/".join(parts[:depth])
    if len(parts) < depth or head.partition("[")[0] != stem:
        return "", "", parent
    rest = "/".join(parts[depth:])
    return head, "/" if rest else "", rest
