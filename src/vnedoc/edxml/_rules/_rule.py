"""What a rule is, how its parts are named, and how a field of the message is found."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs

from vnedoc.edxml._wire import DEFAULT, Row, dialect
from vnedoc.errors import FactValue
from vnedoc.model import VIETNAM, Blob, DocumentId, OrganId, Severity
from vnedoc.protocols import Directory

Breach: TypeAlias = tuple[str, dict[str, FactValue]]
"""Location, as a field path with places from 0, and facts."""

DOCUMENT = "document"
STATUS = "status"
BOTH = (DOCUMENT, STATUS)
CERTAIN = "certain"
LIKELY = "likely"
UNSURE = "unsure"
EVERY_TEXT = "*"

QCVN = "QCVN 102:2016/BTTTT"
ND30 = "NĐ 30/2020/NĐ-CP"
ND30_FIELDS = f"{ND30} Phụ lục VI phần II"
ND30_LAYOUT = f"{ND30} Phụ lục I phần I"
QD20 = "QĐ 20/2020/QĐ-TTg"
QD28 = "QĐ 28/2018/QĐ-TTg"
SHOWN = 80

_HEADER = "edXMLEnvelope/edXMLHeader/"
_PLACE = re.compile(r"\[[0-9]*\]")
# Fields of an attachment that its carrier's rows call otherwise.
_CARRIED = {"blob": "content", "packed": "content", "attachment_type": "content_type"}


@attrs.frozen(kw_only=True)
class Given:
    """What a check may look at beside the message.

    Attributes:
        now: The present time, with zone; ``None`` when nobody said.
        directory: Knows organisations; ``None`` when there is none at hand.
    """

    now: dt.datetime | None = None
    directory: Directory | None = None
    _known: dict[str, OrganId | None] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    @property
    def today(self) -> dt.date | None:
        """The present day in Vietnam."""
        return None if self.now is None else self.now.astimezone(VIETNAM).date()

    def resolve(self, organ: OrganId) -> OrganId | None:
        """Ask the directory, once for each code; ``None`` without a directory, too."""
        if self.directory is None:
            return None
        if organ.value not in self._known:
            self._known[organ.value] = self.directory.resolve(organ)
        return self._known[organ.value]

    def names(self, organ: OrganId) -> frozenset[str]:
        """Give every code that is known to mean this organisation."""
        known = self.resolve(organ)
        more = () if known is None else (known.value, *known.aliases)
        return frozenset((organ.value, *organ.aliases, *more))


Check: TypeAlias = Callable[[Any, Given], Iterator[Breach]]


@attrs.frozen(kw_only=True)
class Rule:
    """One rule of the published table. ``id`` and ``code`` never change their meaning.

    Attributes:
        id: A letter and a path, in the style of the field's own checkers: ``N`` missing, ``R`` range or
            length, ``T`` form, ``M`` mismatch. Paths of a status begin below its ``MessageHeader``.
        code: Code of its findings; rules of one kind share it.
        severity: Severity of its findings.
        messages: The kinds of message it is for: ``document``, ``status`` or both.
        dialects: The editions of the standard it is for, by year; ``None``: all.
        source: Law or standard, and the clause.
        certainty: ``certain``, the source itself was seen; ``likely``, several implementations agree;
            ``unsure``, one source, or a local rule.
        field: Field path in the model, such as ``receivers[].organ_id``; ``*`` for every text.
        element: Its path on the wire, without the envelope: ``MessageHeader/To/OrganId``.
        needs: What it needs beside the message: ``now``, ``directory``.
        check: Gives location and facts of each breach.
    """

    id: str
    code: str
    severity: Severity
    messages: tuple[str, ...]
    dialects: tuple[str, ...] | None
    source: str
    certainty: str
    field: str
    element: str
    needs: tuple[str, ...]
    check: Check = attrs.field(repr=False, eq=False)


def rule(
    letter: str,
    field: str,
    about: str,
    code: str,
    check: Check,
    *,
    source: str,
    severity: Severity = Severity.WARNING,
    certainty: str = LIKELY,
    messages: tuple[str, ...] = (DOCUMENT,),
    dialects: tuple[str, ...] | None = None,
    needs: tuple[str, ...] = (),
) -> Rule:
    """Make a rule; its ``element`` and ``id`` follow from the field and the wire table."""
    element = element_of(field, messages[0])
    path = "Text" if field == EVERY_TEXT else element
    if messages == (STATUS,):
        path = path.removeprefix("MessageHeader/")
    return Rule(
        id=".".join((letter, *path.split("/"), *((about,) if about else ()))),
        code=code,
        severity=severity,
        messages=messages,
        dialects=dialects,
        source=_clause(field, messages[0]) if source == QCVN else source,
        certainty=certainty,
        field=field,
        element=element,
        needs=needs,
        check=check,
    )


# Sections of the QCVN by the first step of a field of a document message.
_SECTIONS = {
    "sender": "1.1",
    "receivers": "1.2",
    "code": "1.3",
    "place": "1.4",
    "date": "1.4",
    "type": "1.5",
    "subject": "1.6",
    "content": "1.7",
    "signer": "1.8",
    "due_date": "1.9",
    "to_places": "1.10",
    "other": "1.11",
    "responses_for": "1.12",
    "steering": "1.13",
    "document_id": "1.14",
    "traces": "2.1",
    "business": "2.2",
    "attachments": "(edXMLManifest, AttachmentEncoded)",
}


def _clause(field: str, message: str) -> str:
    """Give the QCVN with the section that a field stands in; status messages have a part of their own."""
    if message == STATUS:
        return f"{QCVN} (thông điệp trạng thái)"
    section = _SECTIONS.get(field.partition(".")[0].removesuffix("[]"))
    return QCVN if section is None else f"{QCVN} {section}"


# --- fields on the wire ---------------------------------------------------------------------------


def rows_of(message: str, name: str = DEFAULT) -> Row:
    """Give the wire table of one kind of message in a dialect."""
    spoken = dialect(name)
    return spoken.status if message == STATUS else spoken.document


def chain(row: Row, field: str) -> tuple[Row, ...]:
    """Give the rows that lead from *row* to one field of its object: wrappers, then the field's own row."""
    for one in row.rows:
        if one.field == field:
            return (one,)
        if one.field is None and one.rows and (rest := chain(one, field)):
            return (one, *rest)
    return ()


def element_of(field: str, message: str) -> str:
    """Give the wire path of a field path, ``MessageHeader/To/OrganId`` for ``receivers[3].organ_id``."""
    return EVERY_TEXT if field == EVERY_TEXT else _element(_PLACE.sub("", field), message)


@functools.lru_cache(maxsize=512)
def _element(field: str, message: str) -> str:
    row = rows_of(message)
    names: list[str] = []
    for step in field.split("."):
        name = _CARRIED.get(step, step) if row.name == "Attachment" else step
        found = chain(row, "carried" if name == "attachments" else name)
        if not found:
            break
        names.extend(one.name for one in found)
        row = found[-1]
    return "/".join(names).removeprefix(_HEADER)


# --- walking fields -------------------------------------------------------------------------------


def values(value: Any, path: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values at a path such as ``receivers[].organ_id``, with their places."""
    if not path:
        yield at, value
        return
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    inner = None if value is None else getattr(value, name)
    here = f"{at}.{name}" if at else name
    if step == name:
        yield from values(inner, rest, here)
    else:
        for place, one in enumerate(inner or ()):
            yield from values(one, rest, f"{here}[{place}]")


def texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a message with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, OrganId | DocumentId):
        yield at, value.value
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from texts(one, f"{at}[{place}]")
    elif attrs.has(type(value)) and not isinstance(value, Blob):
        for field in attrs.fields(type(value)):
            if field.name.startswith("unknown"):
                continue  # kept as it came; nobody reads it
            yield from texts(getattr(value, field.name), f"{at}.{field.name}" if at else field.name)


def is_empty(value: Any) -> bool:
    """Whether a field says nothing."""
    return value in (None, "", ())
