"""One agency as one line of JSON, and back.

Reading is in two steps: ``plain`` is quick and takes what nearly all lines are; what it does not take goes
through ``agency_of``, which says what is wrong or takes it after all. Whatever ``plain`` takes, ``agency_of``
takes too.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vnedoc.errors import InputError
from vnedoc.model import VIETNAM, Agency, AgencyState, OrganId

LONGEST_LINE = 64 * 1024
"""Octets in one line of the file."""

_OPTIONAL: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("parent", str),
    *((key, str) for key in ("email", "phone", "fax", "remote_id")),
    ("valid_from", dt.date.isoformat),
    ("valid_to", dt.date.isoformat),
    ("modified", dt.datetime.isoformat),
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def line_of(agency: Agency) -> bytes:
    """Write an agency as one line, with its end, in one way only: what is not set is left out.

    Raises:
        InputError: ``VND-DIR-013`` for a code that is no Unicode text, and for what makes a line too long.
    """
    organ = agency.organ_id
    record: dict[str, object] = {"code": organ.value, "name": agency.name}
    if organ.aliases:
        record["aliases"] = organ.aliases
    if agency.level != organ.level:
        record["level"] = agency.level
    for key, write in _OPTIONAL:
        value = getattr(agency, key)
        if value is not None:
            record[key] = write(value)
    if not agency.active:
        record["state"] = agency.state.value
    if agency.successors:
        record["successors"] = [one.value for one in agency.successors]
    try:
        line = _encode(record).encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        raise wrong("code", organ.value) from error
    if len(line) > LONGEST_LINE:
        raise wrong("aliases", f"{len(organ.aliases)} + {len(agency.successors)}")
    return line


def agency_of(record: Mapping[str, Any]) -> Agency:
    """Build the agency.

    Raises:
        InputError: ``VND-DIR-013`` for a key or a value that is not taken, or a code of ``model``.
    """
    for key in record:
        if key not in _CHECKS:
            raise wrong(key, record[key])
    for key in ("code", "name"):
        if key not in record:
            raise wrong(key, None)
    given: dict[str, Any] = {
        key: record[key] for key in ("email", "phone", "fax", "remote_id", "level") if key in record
    }
    aliases = record.get("aliases", ())
    if not isinstance(aliases, list | tuple):
        raise wrong("aliases", aliases)
    try:
        organ_id = OrganId(record["code"], aliases)
    except InputError as error:
        _organs(record, "aliases")
        raise wrong("code", record["code"]) from error
    return Agency(
        organ_id=organ_id,
        name=_text(record, "name"),
        parent=_organ("parent", record["parent"]) if "parent" in record else None,
        valid_from=_day(record, "valid_from"),
        valid_to=_day(record, "valid_to"),
        state=_state(record),
        successors=_organs(record, "successors"),
        modified=_time(record),
        **given,
    )


def wrong(field: str, seen: object) -> InputError:
    """Give the error for a value that cannot be used."""
    shown = seen if isinstance(seen, str) else type(seen).__name__
    return InputError(
        "VND-DIR-013",
        f"{field[:40]!a} of an agency cannot be used",
        hint="correct the value in the system that it comes from",
        facts={"field": ascii(field[:40])[1:-1], "seen": ascii(shown[:80])[1:-1]},
    )


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise wrong(key, value)
    return value


def _organ(key: str, value: object) -> OrganId:
    try:
        return OrganId(value)  # type: ignore[arg-type]  # it refuses what is no text
    except InputError as error:
        raise wrong(key, value) from error


def _organs(record: Mapping[str, Any], key: str) -> tuple[OrganId, ...]:
    values = record.get(key, ())
    if not isinstance(values, list | tuple):
        raise wrong(key, values)
    return tuple(_organ(key, one) for one in values)


def _day(record: Mapping[str, Any], key: str) -> dt.date | None:
    if key not in record:
        return None
    text = _text(record, key)
    if not _DAY.fullmatch(text):
        raise wrong(key, text)
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise wrong(key, text) from error


def _time(record: Mapping[str, Any]) -> dt.datetime | None:
    if "modified" not in record:
        return None
    text = _text(record, "modified")
    try:
        value = dt.datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise wrong("modified", text)
        value.astimezone(VIETNAM)
    except InputError:
        raise
    except (ValueError, OverflowError) as error:
        raise wrong("modified", text) from error
    return value


def _state(record: Mapping[str, Any]) -> AgencyState:
    text = record.get("state", "active")
    if text not in _STATES:
        raise wrong("state", text)
    return AgencyState(text)


# --- the quick step -------------------------------------------------------------------------------

# No comma, quote or space: what is odd goes the careful way.
_CODE = re.compile(r"[0-9A-Za-z._-]{1,60}")
_NAME = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff](?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,498}"
    r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff])?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STATES = tuple(one.value for one in AgencyState)


def _plain_codes(values: object) -> bool:
    return type(values) is list and all(map(_CODE.fullmatch, values))


def _plain_day(text: str) -> bool:
    return bool(_DAY.fullmatch(text)) and bool(dt.date.fromisoformat(text))


def _plain_level(value: object) -> bool:
    return type(value) is int and 0 < value < 10  # noqa: PLR2004 - deeper is rare


def _plain_time(text: str) -> bool:
    value = dt.datetime.fromisoformat(text)
    return value.tzinfo is not None and 1 < value.year < dt.MAXYEAR


_CHECKS: dict[str, Callable[[Any], object]] = {
    "code": _CODE.fullmatch,
    "name": _NAME.fullmatch,
    "aliases": _plain_codes,
    "parent": _CODE.fullmatch,
    "level": _plain_level,
    "email": _NAME.fullmatch,
    "phone": _NAME.fullmatch,
    "fax": _NAME.fullmatch,
    "remote_id": _NAME.fullmatch,
    "valid_from": _plain_day,
    "valid_to": _plain_day,
    "state": _STATES.__contains__,
    "successors": _plain_codes,
    "modified": _plain_time,
}


def plain(record: dict[str, Any]) -> bool:
    """Tell quickly whether the record is certainly taken by ``agency_of``."""
    try:
        for key, value in record.items():
            if not _CHECKS[key](value):
                return False
        code, _ = record["code"], record["name"]
        if code == record.get("parent") or code in record.get("successors", ()):
            return False
        return "valid_to" not in record or record.get("valid_from", "") <= record["valid_to"]
    except (KeyError, TypeError, ValueError):
        return False
