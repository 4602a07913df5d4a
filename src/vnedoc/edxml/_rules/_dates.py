"""Rules on dates and times: their order, the future, and dates that stand for none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from vnedoc.edxml._rules._rule import (
    DOCUMENT,
    LIKELY,
    ND30,
    QCVN,
    QD28,
    STATUS,
    UNSURE,
    Breach,
    Check,
    Given,
    Rule,
    rule,
    values,
)
from vnedoc.model import VIETNAM, Envelope, Severity

_FIRST_YEAR = 1945  # the state whose documents these are
_CLOCKS_DIFFER = dt.timedelta(minutes=10)


def _answer_after_issue(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if envelope.date and envelope.due_date and envelope.due_date < envelope.date:
        yield "due_date", {"due": envelope.due_date.isoformat(), "issued": envelope.date.isoformat()}


def _future(path: str) -> Check:
    def check_future(message: Any, given: Given) -> Iterator[Breach]:
        if given.now is None or given.today is None:
            return
        for where, value in values(message, path):
            late = (
                value > given.now + _CLOCKS_DIFFER
                if isinstance(value, dt.datetime)
                else value is not None and value > given.today
            )
            if late:
                yield where, {"seen": value.isoformat(), "now": given.now.isoformat()}

    return check_future


def _believable(path: str) -> Check:
    def check_believable(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if value is not None and value.year < _FIRST_YEAR:
                yield where, {"seen": value.isoformat()}

    return check_believable


def _answers_the_past(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.responses_for):
        if envelope.date and one.date and one.date > envelope.date:
            yield (
                f"responses_for[{place}].date",
                {"seen": one.date.isoformat(), "issued": envelope.date.isoformat()},
            )


def _trace_in_order(envelope: Envelope, _: Given) -> Iterator[Breach]:
    before: dt.datetime | None = None
    for place, one in enumerate(envelope.traces):
        if one.timestamp is None:
            continue
        if before is not None and one.timestamp < before:
            yield (
                f"traces[{place}].timestamp",
                {"seen": one.timestamp.isoformat(), "before": before.isoformat()},
            )
        before = one.timestamp


def _trace_after_issue(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.traces):
        if (
            envelope.date is not None
            and one.timestamp is not None
            and one.timestamp.astimezone(VIETNAM).date() < envelope.date
        ):
            yield (
                f"traces[{place}].timestamp",
                {"seen": one.timestamp.isoformat(), "before": envelope.date.isoformat()},
            )


def date_rules() -> tuple[Rule, ...]:
    """Give the rules on dates and times."""
    return (
        rule("M", "due_date", "", "VND-EDX-113", _answer_after_issue, source=f"{QCVN} 1.9"),
        *(
            rule(
                "R",
                path,
                "Future",
                "VND-EDX-123",
                _future(path),
                source=source,
                messages=(message,),
                needs=("now",),
            )
            for path, source, message in (
                ("date", f"{ND30} Điều 15, 16", DOCUMENT),
                ("responses_for[].date", f"{QCVN} 1.12", DOCUMENT),
                ("traces[].timestamp", f"{QCVN} 2.1", DOCUMENT),
                ("response_for.date", f"{QCVN} 1.12", STATUS),
                ("timestamp", f"{QD28} Điều 14", STATUS),
            )
        ),
        *(
            rule(
                "R",
                path,
                "",
                "VND-EDX-128",
                _believable(path),
                source=QCVN,
                certainty=LIKELY,
                messages=(message,),
            )
            for path, message in (
                ("date", DOCUMENT),
                ("due_date", DOCUMENT),
                ("traces[].timestamp", DOCUMENT),
                ("timestamp", STATUS),
            )
        ),
        rule("M", "responses_for[].date", "", "VND-EDX-159", _answers_the_past, source=f"{QCVN} 1.12"),
        rule(
            "M",
            "traces[].timestamp",
            "Order",
            "VND-EDX-155",
            _trace_in_order,
            source=f"{QCVN} 2.1",
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
        rule(
            "M",
            "traces[].timestamp",
            "Issued",
            "VND-EDX-155",
            _trace_after_issue,
            source=f"{QCVN} 2.1; {QD28} Điều 14",
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
    )
