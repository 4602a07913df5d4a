"""What does not hang on the order of arrival: every message once, an order of their own, who is who."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import attrs

from vnedoc.exchange._threads._values import Message, Sighting
from vnedoc.model import Blob, Envelope, Evidence, Kind, OrganId, StatusMessage
from vnedoc.protocols import Directory

GRADES = (Evidence.PROVEN, Evidence.CLAIMED, Evidence.UNMATCHED)
"""Best first."""

_NEVER = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
# Of messages of one moment, documents come first, then what changes them, statuses by code, revocations last.
_RANK = {Kind.NEW: -3, Kind.REPLACE: -2, Kind.UPDATE: -1, Kind.REVOKE: 100}


# --- an order of their own ------------------------------------------------------------------------


def _bare(message: Message) -> Message:
    """Give what makes two messages the same: whoever forwards a document adds to its traces."""
    if isinstance(message, StatusMessage):
        return message
    business = None if message.kind is Kind.NEW else message.business
    return attrs.evolve(message, traces=(), unknown=(), business=business)


def _text(value: Any) -> str:
    """Give a text that is equal when and only when the values are; it only breaks ties."""
    if attrs.has(type(value)) and not isinstance(value, Blob):
        fields = [one.name for one in attrs.fields(type(value)) if one.eq]
        return f"({'|'.join(_text(getattr(value, name)) for name in fields)})"
    if isinstance(value, tuple):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, enum.Enum):
        return value.name
    return repr(value.digest if isinstance(value, Blob) else value)


def _ordered(sightings: Iterable[Sighting]) -> list[Sighting]:
    def place(one: Sighting) -> tuple[bool, dt.datetime, int, str]:
        message = one.message
        if isinstance(message, StatusMessage):
            rank, name = int(message.code.value), message.sender.organ_id.value
        else:
            rank, name = _RANK[message.kind], identifier_of(message) or ""
        return one.when is None, one.when or _NEVER, rank, name

    ordered: list[Sighting] = []
    for _, group in groupby(sorted(sightings, key=place), key=place):
        equals = list(group)
        ordered += sorted(equals, key=lambda one: _text(one.message)) if len(equals) > 1 else equals
    return ordered


def merged(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Give every message once, with the best evidence and the earliest receipt."""
    groups: dict[Message, list[Sighting]] = {}
    for one in sightings:
        groups.setdefault(_bare(one.message), []).append(one)
    once = []
    for copies in groups.values():
        if len(copies) == 1:
            once += copies
            continue
        received = [one.at for one in copies if one.at is not None]
        approved = any(one.approved for one in copies)
        # Which of two copies is kept must not hang on when they were received; the least travelled one is.
        bare = _ordered({one.message: Sighting(message=one.message) for one in copies}.values())
        once.append(
            Sighting(
                message=min((one.message for one in bare), key=_hops),
                evidence=min((one.evidence for one in copies), key=GRADES.index),
                at=min(received, default=None),
                approved=approved,
            )
        )
    return _ordered(once)


def _hops(message: Message) -> int:
    return len(message.traces) if isinstance(message, Envelope) else 0


def identifier_of(envelope: Envelope) -> str | None:
    """Give what a document is known by: its identifier, else its number and notation."""
    if envelope.document_id is not None:
        return envelope.document_id.value
    return None if envelope.code is None else str(envelope.code)


# --- who is who -----------------------------------------------------------------------------------


class Names:
    """Which codes name one organisation: by aliases in the messages, and by a directory."""

    def __init__(self, sightings: Iterable[Sighting], directory: Directory | None) -> None:
        self._parent: dict[str, str] = {}
        for sighting in sightings:
            if sighting.evidence is not Evidence.UNMATCHED:
                for organ in _organs(sighting.message):
                    self._join(organ)
        if directory is not None:
            for code in sorted(self._parent):
                known = directory.resolve(OrganId(code))
                if known is not None:
                    self._join(OrganId(code, (known.value, *known.aliases)))
        self._full: dict[str, OrganId] = {}
        self._codes: dict[str, list[str]] = {}
        for code in sorted(self._parent):
            self._codes.setdefault(self._top(code), []).append(code)

    def _join(self, organ: OrganId) -> None:
        top = self._top(organ.value)
        for alias in organ.aliases:
            first, second = sorted((top, self._top(alias)))
            self._parent[second] = top = first

    def _top(self, code: str) -> str:
        parent = self._parent
        parent.setdefault(code, code)
        while parent[code] != code:
            parent[code] = code = parent[parent[code]]
        return code

    def who(self, organ: OrganId) -> str:
        """Give the one name of an organisation."""
        return self._top(organ.value)

    def full(self, organ: OrganId) -> OrganId:
        """Give the identifier with every code that is known of its organisation."""
        found = self._full.get(organ.value)
        if found is None:
            others = (one for one in self._codes[self.who(organ)] if one != organ.value)
            found = self._full[organ.value] = OrganId(organ.value, tuple(others))
        return found


def _organs(message: Message) -> Iterator[OrganId]:
    yield message.sender.organ_id
    if isinstance(message, StatusMessage):
        if message.response_for.organ_id is not None:
            yield message.response_for.organ_id
        return
    for party in message.receivers:
        yield party.organ_id
    if message.business is not None:
        for change in message.business.receivers:
            yield change.organ_id
        for replaced in message.business.replaced:
            yield from replaced.organ_ids
