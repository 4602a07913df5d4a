"""Rules on organisations: the grammar of their codes, who is named twice, and what the directory says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vnedoc.edxml._rules._fields import is_stand_in, longest
from vnedoc.edxml._rules._rule import (
    CERTAIN,
    DOCUMENT,
    LIKELY,
    ND30_FIELDS,
    QCVN,
    QD20,
    QD28,
    STATUS,
    Breach,
    Check,
    Given,
    Rule,
    rule,
    values,
)
from vnedoc.model import Envelope, OrganId, Severity, StatusMessage

_GRAMMARS = f"{QD20} Điều 4-6; {QD28} Điều 10"
_DEEPEST = 4  # levels that the checkers of the axis know
_LONGEST_2016 = 13
_ORGANS = (("sender.organ_id", DOCUMENT), ("receivers[].organ_id", DOCUMENT), ("sender.organ_id", STATUS))
_ALL_ORGANS = (*_ORGANS, ("response_for.organ_id", STATUS))


def _known_grammar(path: str) -> Check:
    def check_grammar(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            # A stand-in and what is too long have findings of their own.
            if isinstance(value, OrganId) and value.grammar == "other" and not is_stand_in(value.value):
                yield where, {"seen": value.value}

    return check_grammar


def _grammar_of(path: str, edition: str, wrong: str) -> Check:
    def check_edition(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if isinstance(value, OrganId) and value.grammar == wrong:
                yield where, {"seen": value.value, "edition": edition, "grammar": wrong}

    return check_edition


def _few_levels(path: str) -> Check:
    def check_levels(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if isinstance(value, OrganId) and (levels := value.value.count(".") + 1) > _DEEPEST:
                yield where, {"seen": value.value, "levels": levels, "most": _DEEPEST}

    return check_levels


def _receivers_once(envelope: Envelope, given: Given) -> Iterator[Breach]:
    met: set[str] = set()
    for place, one in enumerate(envelope.receivers):
        names = given.names(one.organ_id)
        if not names.isdisjoint(met):
            yield f"receivers[{place}].organ_id", {"seen": one.organ_id.value}
        met |= names


def _not_to_oneself(envelope: Envelope, given: Given) -> Iterator[Breach]:
    sender = given.names(envelope.sender.organ_id)
    for place, one in enumerate(envelope.receivers):
        if not sender.isdisjoint(given.names(one.organ_id)):
            yield f"receivers[{place}].organ_id", {"seen": one.organ_id.value}


def _status_to_oneself(status: StatusMessage, given: Given) -> Iterator[Breach]:
    other = status.response_for.organ_id
    if other is not None and not given.names(other).isdisjoint(given.names(status.sender.organ_id)):
        yield "response_for.organ_id", {"seen": other.value}


def _in_directory(path: str) -> Check:
    def check_directory(message: Any, given: Given) -> Iterator[Breach]:
        if given.directory is None:
            return
        for where, value in values(message, path):
            if value is not None and given.resolve(value) is None:
                yield where, {"seen": value.value}

    return check_directory


def _current_code(path: str) -> Check:
    """Find codes that the directory gives back as another one of the same grammar.

    The same code written in the other grammar is a live alias and no mistake: both are on the axis.
    """

    def check_current(message: Any, given: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            known = None if value is None else given.resolve(value)
            if known is not None and known.value != value.value and known.grammar == value.grammar:
                yield where, {"seen": value.value, "better": known.value}

    return check_current


def organ_rules() -> tuple[Rule, ...]:
    """Give the rules on organisations."""
    return (
        rule(
            "M",
            "receivers[].organ_id",
            "Duplicate",
            "VND-EDX-106",
            _receivers_once,
            source=f"{QCVN} 1.2",
            severity=Severity.ERROR,
            certainty=CERTAIN,
        ),
        *(
            rule(
                "T",
                path,
                "",
                "VND-EDX-107",
                _known_grammar(path),
                source=_GRAMMARS,
                certainty=CERTAIN,
                messages=(message,),
            )
            for path, message in _ALL_ORGANS
        ),
        *(
            rule(
                "R",
                path,
                "Levels",
                "VND-EDX-130",
                _few_levels(path),
                source=f"{QD28} Điều 10",
                messages=(message,),
            )
            for path, message in _ALL_ORGANS
        ),
        *(
            rule(
                "R",
                path,
                "2016",
                "VND-EDX-104",
                longest(path, _LONGEST_2016),
                source=f"{ND30_FIELDS}; {QD28} Điều 10",
                messages=(message,),
                dialects=("2016",),
            )
            for path, message in _ORGANS
        ),
        *(
            rule(
                "T",
                path,
                "2016",
                "VND-EDX-131",
                _grammar_of(path, "2016", "2020"),
                source=f"{QD28} Điều 10",
                messages=(message,),
                dialects=("2016",),
            )
            for path, message in _ORGANS
        ),
        *(
            rule(
                "T",
                path,
                "2022",
                "VND-EDX-131",
                _grammar_of(path, "2022", "2016"),
                source=f"{QD20} Điều 4-6",
                severity=Severity.INFO,
                certainty=LIKELY,
                messages=(message,),
                dialects=("2022",),
            )
            for path, message in _ORGANS
        ),
        rule("M", "receivers[].organ_id", "Sender", "VND-EDX-129", _not_to_oneself, source=f"{QCVN} 1.2"),
        rule(
            "M",
            "response_for.organ_id",
            "Sender",
            "VND-EDX-160",
            _status_to_oneself,
            source=QCVN,
            messages=(STATUS,),
        ),
        *(
            rule(
                "M",
                path,
                "Directory",
                "VND-EDX-153",
                _in_directory(path),
                source=f"{QD20} Điều 11",
                messages=(message,),
                needs=("directory",),
            )
            for path, message in (("receivers[].organ_id", DOCUMENT), ("response_for.organ_id", STATUS))
        ),
        *(
            rule(
                "M",
                path,
                "Successor",
                "VND-EDX-154",
                _current_code(path),
                source=f"{QD20} Điều 11",
                certainty=LIKELY,
                severity=Severity.WARNING,
                messages=(message,),
                needs=("directory",),
            )
            for path, message in (("receivers[].organ_id", DOCUMENT), ("response_for.organ_id", STATUS))
        ),
    )
