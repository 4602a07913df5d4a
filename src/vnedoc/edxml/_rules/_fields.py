"""Rules on one field: there or not, how long, in which range, and no stand-in for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vnedoc.edxml._rules._rule import (
    CERTAIN,
    DOCUMENT,
    LIKELY,
    ND30_FIELDS,
    QCVN,
    QD28,
    SHOWN,
    STATUS,
    Breach,
    Check,
    Given,
    Rule,
    is_empty,
    rule,
    values,
)
from vnedoc.model import Kind, Severity, StatusCode

_STAND_INS = frozenset(
    {
        "n/a", "na", "null", "(null)", "none", "nil", "undefined", "unknown", "string", "-", "--", "---", ".",
        "...", "…", "?", "xxx", "không có", "chưa có", "chưa rõ", "không xác định",
    }
)  # fmt: skip
_REASONED = frozenset({StatusCode.REFUSED, StatusCode.RECALL, StatusCode.RECALL_REFUSED})


def _always(_: Any) -> bool:
    return True


def required(path: str, when: Callable[[Any], bool] = _always) -> Check:
    """Find fields that say nothing."""

    def check_required(message: Any, _: Given) -> Iterator[Breach]:
        if when(message):
            yield from ((where, {}) for where, value in values(message, path) if is_empty(value))

    return check_required


def longest(path: str, most: int) -> Check:
    """Find texts of more than *most* characters."""

    def check_length(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            text = "" if value is None else str(value)
            if len(text) > most:
                yield where, {"longest": most, "seen": len(text)}

    return check_length


def between(path: str, least: int, most: int) -> Check:
    """Find numbers out of their range."""

    def check_range(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if value is not None and not least <= value <= most:
                yield where, {"least": least, "most": most, "seen": value}

    return check_range


def is_stand_in(text: str) -> bool:
    """Whether a text only fills the place of one that is missing: ``N/A``, ``null``, ``0``."""
    bare = text.strip().casefold()
    return bare in _STAND_INS or (bare != "" and not bare.strip("0"))


def stand_in(path: str) -> Check:
    """Find fields that were filled with nothing."""

    def check_stand_in(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if value is not None and is_stand_in(str(value)):
                yield where, {"seen": str(value)[:SHOWN]}

    return check_stand_in


def _all_places_too_long(envelope: Any, _: Given) -> Iterator[Breach]:
    total = sum(len(one) for one in envelope.to_places)
    if total > _ALL_PLACES:
        yield "to_places", {"longest": _ALL_PLACES, "seen": total}


# --- the table ------------------------------------------------------------------------------------

_CERTAIN_REQUIRED = (
    "receivers",
    "document_id",
    "code.number",
    "code.notation",
    "date",
    "subject",
    "attachments[].name",
    "attachments[].content_id",
)
_USUALLY_REQUIRED = (
    "sender.name",
    "receivers[].name",
    "type.name",
    "signer.full_name",
    "traces",
)
_STATUS_REQUIRED = ("response_for.organ_id", "response_for.code", "response_for.document_id")
_CERTAIN_LENGTHS: Mapping[str, int] = {
    "sender.name": 200,
    "receivers[].name": 200,
    "code.number": 11,
    "code.notation": 30,
    "type.name": 100,
    "subject": 500,
    "signer.position": 100,
    "signer.full_name": 50,
}
_PARTY_LENGTHS: Mapping[str, int] = {
    "organ_id": 35,
    "in_charge": 500,
    "address": 500,
    "email": 100,
    "telephone": 50,
    "fax": 50,
    "website": 100,
}
_LIKELY_LENGTHS: Mapping[str, int] = {
    **{f"sender.{field}": most for field, most in _PARTY_LENGTHS.items()},
    **{f"receivers[].{field}": most for field, most in _PARTY_LENGTHS.items()},
    "place": 50,
    "content": 500,
    "signer.competence": 100,
    "to_places[]": 150,
    "other.sphere": 100,
    "other.typist": 10,
    "attachments[].name": 500,
}
_ALL_PLACES = 1000
_RANGES: Mapping[str, tuple[int, int]] = {
    "other.pages": (0, 999),
    "other.copies": (0, 999),
    "business.paper": (0, 1),
    "type.type": (0, 999),
    "type.detail": (0, 999),
}
_NO_STAND_IN = (
    "sender.organ_id",
    "receivers[].organ_id",
    "code.number",
    "code.notation",
    "subject",
    "document_id",
)
_BETTER_NO_STAND_IN = ("sender.name", "receivers[].name", "type.name", "signer.full_name")
_STATUS_NO_STAND_IN = ("sender.organ_id", *_STATUS_REQUIRED)


def _needed(path: str, source: str, message: str = DOCUMENT, when: Callable[[Any], bool] = _always) -> Rule:
    return rule(
        "N",
        path,
        "",
        "VND-EDX-101",
        required(path, when),
        source=source,
        severity=Severity.ERROR,
        certainty=CERTAIN,
        messages=(message,),
    )


def _wanted(path: str, source: str, message: str = DOCUMENT, when: Callable[[Any], bool] = _always) -> Rule:
    return rule("N", path, "", "VND-EDX-102", required(path, when), source=source, messages=(message,))


def _short(path: str, most: int, message: str = DOCUMENT) -> Rule:
    return rule(
        "R",
        path,
        "",
        "VND-EDX-103",
        longest(path, most),
        source=ND30_FIELDS,
        severity=Severity.ERROR,
        certainty=CERTAIN,
        messages=(message,),
    )


def _filled(path: str, severity: Severity, message: str = DOCUMENT) -> Rule:
    certainty = CERTAIN if severity is Severity.ERROR else LIKELY
    return rule(
        "N",
        path,
        "Placeholder",
        "VND-EDX-117",
        stand_in(path),
        source=QCVN,
        severity=severity,
        certainty=certainty,
        messages=(message,),
    )


def required_rules() -> tuple[Rule, ...]:
    """Give the rules on fields that must or should be there, those of the business block included."""
    return (
        *(_needed(path, QCVN) for path in _CERTAIN_REQUIRED),
        *(_wanted(path, QCVN) for path in _USUALLY_REQUIRED),
        _wanted("attachments", QCVN, when=lambda envelope: envelope.kind is not Kind.REVOKE),
        *(_needed(path, QCVN, STATUS) for path in _STATUS_REQUIRED),
        _wanted("timestamp", QCVN, STATUS),
        _wanted("description", f"{QD28} Điều 9", STATUS, lambda status: status.code in _REASONED),
        _needed(
            "business.document_id",
            f"{QCVN} 2.2.4",
            when=lambda envelope: envelope.kind in (Kind.REVOKE, Kind.UPDATE),
        ),
        _needed("business.replaced", f"{QCVN} 2.2.8", when=lambda envelope: envelope.kind is Kind.REPLACE),
        _wanted("business.reason", f"{QCVN} 2.2.2", when=lambda envelope: envelope.kind is not Kind.NEW),
        _wanted(
            "business.receivers",
            f"{QCVN} 2.2.3",
            when=lambda envelope: envelope.business is not None and bool(envelope.business.changes_receivers),
        ),
        *(_filled(path, Severity.ERROR) for path in _NO_STAND_IN),
        *(_filled(path, Severity.WARNING) for path in _BETTER_NO_STAND_IN),
        *(_filled(path, Severity.ERROR, STATUS) for path in _STATUS_NO_STAND_IN),
    )


def length_rules() -> tuple[Rule, ...]:
    """Give the rules on lengths and ranges."""
    return (
        *(_short(path, most) for path, most in _CERTAIN_LENGTHS.items()),
        _short("sender.name", 200, STATUS),
        *(
            rule("R", path, "", "VND-EDX-104", longest(path, most), source=QCVN)
            for path, most in _LIKELY_LENGTHS.items()
        ),
        rule("R", "to_places", "All", "VND-EDX-104", _all_places_too_long, source=ND30_FIELDS),
        *(
            rule("R", path, "", "VND-EDX-105", between(path, *limits), source=ND30_FIELDS)
            for path, limits in _RANGES.items()
        ),
    )
