"""How each kind of text on the wire is read and written.

A value is read strictly: in the form of the standard, and in the same form less tidily written, with a
finding. What other programs write instead is read only where the caller asked for leniency.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable
from typing import Any

import attrs

from vnedoc.model import (
    VIETNAM,
    Blob,
    DocumentId,
    Kind,
    OrganId,
    Priority,
    ReceiverChange,
    StatusCode,
    Steering,
)
from vnedoc.xml import strict_base64


@attrs.frozen
class Value:
    """How one kind of text is read and written.

    Attributes:
        expected: The form, for people.
        read: Text without surrounding white space to value; raises ``ValueError``.
        write: Value to text.
        exact: What the standard wants; other texts that can be read give a finding. ``None``: any.
        lenient: Reads forms of other programs too; raises ``ValueError``. ``None``: there are none.
        plain: The value is the text itself.
    """

    expected: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    exact: re.Pattern[str] | None = None
    lenient: Callable[[str], Any] | None = None
    plain: bool = False

    def better(self, text: str) -> str | None:
        """Give the text in the standard's form, where a lenient reader understands it."""
        if self.lenient is None:
            return None
        try:
            return self.write(self.lenient(text))
        except ValueError:
            return None


# --- dates and times ------------------------------------------------------------------------------

_YEAR_FIRST = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_DASHED = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def _year_first(text: str) -> dt.date:
    match = _YEAR_FIRST.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return dt.date(int(match[1]), int(match[2]), int(match[3]))


def _day_first(text: str) -> dt.date:
    match = _DAY_FIRST.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return dt.date(int(match[3]), int(match[2]), int(match[1]))


def _any_date(text: str) -> dt.date:
    """Read the forms that programs write: both of the standards, and ISO 8601. None could be another one."""
    if _DAY_FIRST.fullmatch(text):
        return _day_first(text)
    return _year_first(text.replace("-", "/") if _DASHED.fullmatch(text) else text)


def _write_year_first(value: dt.date) -> str:
    return f"{value.year:04}/{value.month:02}/{value.day:02}"


def _write_day_first(value: dt.date) -> str:
    return f"{value.day:02}/{value.month:02}/{value.year:04}"


def _clock(day: dt.date, time: str) -> dt.datetime:
    match = _CLOCK.fullmatch(time)
    if match is None:
        raise ValueError(time)
    moment = dt.time(int(match[1]), int(match[2]), int(match[3] or 0))
    when = dt.datetime.combine(day, moment, VIETNAM)
    if day.year == 1:
        try:
            when.astimezone(dt.UTC)  # 0001/01/01, "none" in some programs, has no such time
        except OverflowError as error:
            raise ValueError(time) from error
    return when


def _timestamp(read_date: Callable[[str], dt.date]) -> Callable[[str], dt.datetime]:
    def read(text: str) -> dt.datetime:
        day, _, time = text.partition(" ")
        return _clock(read_date(day), time.strip())

    return read


def _any_timestamp(text: str) -> dt.datetime:
    day, _, time = text.replace("T", " ", 1).partition(" ")
    time = time.strip()
    if _CLOCK.fullmatch(time):
        return _clock(_any_date(day), time)
    when = dt.datetime.fromisoformat(text)  # with a zone, or parts of a second
    when = when.replace(tzinfo=VIETNAM) if when.tzinfo is None else when
    try:
        return when.astimezone(VIETNAM)
    except OverflowError as error:
        raise ValueError(text) from error


def _write_timestamp(write_date: Callable[[dt.date], str]) -> Callable[[dt.datetime], str]:
    return lambda value: f"{write_date(local := value.astimezone(VIETNAM))} {local:%H:%M:%S}"


_TIME_FORM = " [0-9]{2}:[0-9]{2}:[0-9]{2}"
_YEAR_FIRST_FORM = "[0-9]{4}/[0-9]{2}/[0-9]{2}"
_DAY_FIRST_FORM = "[0-9]{2}/[0-9]{2}/[0-9]{4}"

DATE = Value("yyyy/MM/dd", _year_first, _write_year_first, re.compile(_YEAR_FIRST_FORM), _any_date)
DATE_2014 = Value("dd/MM/yyyy", _day_first, _write_day_first, re.compile(_DAY_FIRST_FORM), _any_date)
TIMESTAMP = Value(
    "yyyy/MM/dd HH:mm:ss",
    _timestamp(_year_first),
    _write_timestamp(_write_year_first),
    re.compile(_YEAR_FIRST_FORM + _TIME_FORM),
    _any_timestamp,
)
TIMESTAMP_2014 = Value(
    "dd/MM/yyyy HH:mm:ss",
    _timestamp(_day_first),
    _write_timestamp(_write_day_first),
    re.compile(_DAY_FIRST_FORM + _TIME_FORM),
    _any_timestamp,
)


# --- numbers, flags, lists ------------------------------------------------------------------------

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false"})


def _read_integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _read_flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _member(member: Any) -> str:
    return str(member.value)


def _listed(members: type[enum.Enum], expected: str) -> Value:
    """Give the value of a code list whose codes are numbers; ``01`` is not ``1``, but is read as such."""
    known = {str(one.value): one for one in members}

    def read(text: str) -> Any:
        found = known.get(text)
        return members(_read_integer(text)) if found is None else found

    return Value(expected, read, _member)


INTEGER = Value("an integer", _read_integer, str)
BOOLEAN = Value("true | false", _read_flag, lambda value: "true" if value else "false")
FLAG = Value("0 | 1", _read_flag, lambda value: "1" if value else "0", re.compile("[01]"))
KIND = _listed(Kind, "0 | 1 | 2 | 3")
PRIORITY = _listed(Priority, "0 | 1 | 2 | 3 | 4")
STEERING = _listed(Steering, "0 | 1 | 2")
CHANGE = _listed(ReceiverChange, "0 | 1")
STATUS_CODE = Value("01-06 | 13 | 15 | 16", StatusCode, _member)


# --- texts, identifiers, contents -----------------------------------------------------------------


def _read_content_id(text: str) -> str:
    bare = text[4:].strip() if text[:4].lower() == "cid:" else text
    if not bare:
        raise ValueError(text)
    return bare


def _read_base64(text: str) -> Blob:
    return Blob.from_bytes(strict_base64(text))


def _content_is_not_text(_value: Any) -> str:
    raise AssertionError("content is written piece by piece, never as one text")


# What the constructors check, in one look: most identifiers need no second one.
_PLAIN_ORGAN = re.compile(r"[0-9A-Za-z.\-_]{1,60}")
_PLAIN_DOCUMENT = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,198}[^\s\x00-\x1f\x7f])?")
_VALUE_OF_ORGAN, _ALIASES_OF_ORGAN = (getattr(OrganId, name).__set__ for name in ("value", "aliases"))
_VALUE_OF_DOCUMENT = DocumentId.value.__set__  # type: ignore[attr-defined]  # a slot


def _read_organ(text: str) -> OrganId:
    if _PLAIN_ORGAN.fullmatch(text) is None:
        return OrganId(text)
    made = OrganId.__new__(OrganId)
    _VALUE_OF_ORGAN(made, text)
    _ALIASES_OF_ORGAN(made, ())
    return made


def _read_document(text: str) -> DocumentId:
    if _PLAIN_DOCUMENT.fullmatch(text) is None:
        return DocumentId(text)
    made = DocumentId.__new__(DocumentId)
    _VALUE_OF_DOCUMENT(made, text)
    return made


TEXT = Value("text", str, str, plain=True)
ORGAN = Value("an organisation identifier", _read_organ, str)
DOCUMENT = Value("a document identifier of at most 200 characters", _read_document, str)
CONTENT_ID = Value("cid:…", _read_content_id, lambda value: f"cid:{value}")
BASE64 = Value("base64", _read_base64, _content_is_not_text)
