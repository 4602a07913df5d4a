"""Where a finding stands in the file, and where two findings are about one thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from vnedoc.edxml._rules._rule import DOCUMENT, STATUS, chain, rows_of
from vnedoc.edxml._wire import DEFAULT, Row
from vnedoc.model import Envelope, Finding, Severity, StatusMessage, UnknownElement
from vnedoc.xml import ElementPositions, XmlDocument, element_positions

_STEP = re.compile(r"(?P<name>[a-z_0-9]+)(?:\[(?P<place>[0-9]{1,9})\])?")
_COMPONENT = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<place>[0-9]{1,9})\])?")
_TAG = re.compile(r"<(?:[^\s<>/:]+:)?([^\s<>/:]+)")
_SHOWN = 60  # characters of a ContentId that are compared
# Fields of an attachment that its carrier's rows call otherwise.
_CARRIED = {"blob": "content", "packed": "content", "attachment_type": "content_type"}

_NOT_READ = frozenset({"VND-EDX-021", "VND-EDX-037"})
_MISNAMED = "VND-EDX-036"
_MISSING = frozenset({"VND-EDX-101", "VND-EDX-102"})
_NUMBER = re.compile(r"\[[0-9>]+\]")


def locate(
    findings: Iterable[Finding],
    source: bytes | XmlDocument,
    message: Envelope | StatusMessage | None = None,
    *,
    dialect: str = DEFAULT,
) -> tuple[Finding, ...]:
    """Add the facts ``line`` and ``column``, from 1, of the element that each finding is about.

    They are those of its start tag; of the nearest element around it when it is not there. Findings without
    a location, and those that say the line already, stay as they are. The file is read once more only when
    there is something to look for.

    Args:
        findings: From reading (element paths such as ``/edXML/edXMLEnvelope``) and from ``check`` (field
            paths such as ``receivers[1].organ_id``).
        source: The XML that was read, as octets or as the parsed document; of one whose contents were taken
            out the lines are those of the file.
        message: What was read from it; field paths need it.
        dialect: The dialect that it is in.
    """
    asked = tuple(findings)
    if not any(one.location and "line" not in one.facts for one in asked):
        return asked
    positions = element_positions(source)
    seeker = None if message is None else _Seeker(positions, message, dialect)
    found = []
    for one in asked:
        node = None
        if one.location and "line" not in one.facts:
            if one.location.startswith("/"):
                node = positions.nearest(one.location)
            elif seeker is not None:
                node = seeker.find(one.location)
        if node is not None:
            line, column = positions.place(node)
            one = attrs.evolve(one, facts={**one.facts, "line": line, "column": column})  # noqa: PLW2901 - the same finding, located
        found.append(one)
    return tuple(found)


class _Seeker:
    """Follows field paths through the rows of the wire table down to the element that was read."""

    def __init__(self, positions: ElementPositions, message: Envelope | StatusMessage, dialect: str) -> None:
        self._positions = positions
        self._message = message
        self._row = rows_of(DOCUMENT if isinstance(message, Envelope) else STATUS, dialect)
        self._matches: dict[tuple[int, str], Sequence[int]] = {}

    def find(self, path: str) -> int | None:
        """Give the element of a field, or the nearest one around its place."""
        here, row = self._positions.root, self._row
        if here is None:
            return None
        for step in path.split("."):
            match = _STEP.fullmatch(step)
            if match is None:
                return here
            place = int(match["place"]) if match["place"] else 0
            if match["name"] == "attachments":
                attachment = self._attachment(here, row, place) if match["place"] else None
                if attachment is None:
                    return self._down(here, row, "carried")[0]
                here, row = attachment
                continue
            if match["name"] == "unknown":
                return self._unknown(here, place)
            name = _CARRIED.get(match["name"], match["name"]) if row.name == "Attachment" else match["name"]
            around, target = self._down(here, row, name)
            if target is None:
                return around
            found = self._these(around, target)
            if place >= len(found):
                return around
            here, row = found[place], target
        return here

    def _down(self, here: int, row: Row, field: str) -> tuple[int, Row | None]:
        """Go through the wrappers around a field; ``None`` for its row where one of them is missing."""
        rows = chain(row, field)
        for wrapper in rows[:-1]:
            inner = self._positions.named(here, wrapper.name, *wrapper.read_as)
            if not inner:
                return here, None
            here = inner[0]
        return here, rows[-1] if rows else None

    def _these(self, around: int, row: Row) -> Sequence[int]:
        """Give the elements of a row that became values; the empty ones only where there are no others."""
        key = (around, row.name)
        if key not in self._matches:
            every = self._positions.named(around, row.name, *row.read_as)
            made = [one for one in every if self._positions.filled(one) and self._complete(one, row)]
            self._matches[key] = made or every
        return self._matches[key]

    def _complete(self, node: int, row: Row) -> bool:
        return all(
            self._positions.named(node, one.name, *one.read_as)
            for one in row.rows
            if one.required and one.field is not None
        )

    def _attachment(self, here: int, row: Row, place: int) -> tuple[int, Row] | None:
        """Give the carrier of an attachment, by its ContentId: their order may differ from the manifest's."""
        around, target = self._down(here, row, "carried")
        if target is None or not isinstance(self._message, Envelope):
            return None
        carriers = self._positions.named(around, target.name, *target.read_as)
        if place < len(self._message.attachments):
            wanted = self._message.attachments[place].content_id
            same = [one for one in carriers if self._content_id(one) == wanted[:_SHOWN]]
            if len(same) == 1:
                return same[0], target
        return (carriers[place], target) if place < len(carriers) else None

    def _content_id(self, carrier: int) -> str | None:
        for one in self._positions.named(carrier, "ContentId"):
            text = self._positions.text(one).strip()
            return (text[4:].strip() if text[:4].lower() == "cid:" else text)[:_SHOWN]
        return None

    def _unknown(self, here: int, place: int) -> int | None:
        if place >= len(self._message.unknown):
            return here
        kept: UnknownElement = self._message.unknown[place]
        tag = _TAG.match(kept.xml)
        for component in (*kept.parent.split("/"), tag[1] if tag else ""):
            match = _COMPONENT.fullmatch(component)
            inner = self._positions.named(here, match["name"]) if match else ()
            number = int(match["place"] or 1) if match else 1
            if number > len(inner):
                break
            here = inner[number - 1]
        return here


# --- reading and rules together --------------------------------------------------------------------


def agree(read: Iterable[Finding], rules: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put the findings of reading and of the rules together.

    A field that is there, and was not read for its form or its name, is no missing field: the finding of
    reading stays, as an error where the rule was one.

    Args:
        read: From reading, with element paths as locations.
        rules: From ``check``, with the wire path among the facts.
    """
    first = list(read)
    there = {place: number for number, one in enumerate(first) if (place := _place(one)) is not None}
    left = []
    for rule in rules:
        number = None
        if there and rule.code in _MISSING:
            number = next(
                (there[one] for one in _ways_to(str(rule.facts.get("element"))) if one in there), None
            )
        if number is None:
            left.append(rule)
        elif rule.severity is Severity.ERROR:
            first[number] = attrs.evolve(first[number], severity=Severity.ERROR)
    return (*first, *left)


def _place(one: Finding) -> str | None:
    """Give the wire path, from MessageHeader or its like on, of what reading found and did not take."""
    if one.location is None or one.code not in {*_NOT_READ, _MISNAMED}:
        return None
    path = _NUMBER.sub("", one.location)
    if one.code == _MISNAMED:
        path = f"{path.rpartition('/')[0]}/{one.facts['better']}"
    for start in ("/MessageHeader/", "/Status/", "/TraceHeaderList/"):
        _, found, after = path.partition(start)
        if found:
            return f"{start.strip('/')}/{after}"
    return None


def _ways_to(element: str) -> Iterator[str]:
    """Give the path of an element and of every element around it."""
    steps = element.split("/")
    for length in range(len(steps), 1, -1):
        yield "/".join(steps[:length])
