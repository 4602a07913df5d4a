"""The table of all rules, its export, and ``check``, which runs it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from vnedoc.edxml._rules._attached import attachment_rules
from vnedoc.edxml._rules._business import business_rules
from vnedoc.edxml._rules._dates import date_rules
from vnedoc.edxml._rules._fields import length_rules, required_rules
from vnedoc.edxml._rules._numbers import identifier_rules, number_rules
from vnedoc.edxml._rules._organs import organ_rules
from vnedoc.edxml._rules._rule import DOCUMENT, STATUS, Given, Rule, element_of
from vnedoc.edxml._rules._texts import secrecy_rules, signer_rules, text_rules
from vnedoc.edxml._wire import dialect as dialect_of
from vnedoc.errors import InputError
from vnedoc.model import Envelope, Finding, Severity, StatusMessage
from vnedoc.protocols import Directory

RULES_SCHEMA = "vnedoc-rules/1"
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@cache
def rules() -> tuple[Rule, ...]:
    """Give the published table: every rule, in the order in which ``check`` runs them."""
    return (
        *required_rules(),
        *business_rules(),
        *length_rules(),
        *organ_rules(),
        *number_rules(),
        *identifier_rules(),
        *text_rules(),
        *secrecy_rules(),
        *signer_rules(),
        *date_rules(),
        *attachment_rules(),
    )


@cache
def _chosen(message: str, edition: str | None) -> tuple[Rule, ...]:
    """Give the rules for one kind of message; those of one edition only where the edition is known."""
    return tuple(
        one
        for one in rules()
        if message in one.messages and (one.dialects is None or edition in one.dialects)
    )


def check(
    message: Envelope | StatusMessage,
    *,
    dialect: str | None = None,
    now: dt.datetime | None = None,
    directory: Directory | None = None,
) -> tuple[Finding, ...]:
    """Run every rule over a message and give all findings: errors first, then warnings, then the rest.

    Locations are field paths such as ``receivers[1].organ_id``, counted from 0. Facts of every finding:
    ``rule``, ``source``, ``certainty`` and ``element``, the path on the wire. No key, file or network plays a
    part. What constructors already refuse (a ``DocumentId`` of more than 200 characters, an empty
    ``OrganId``) needs no rule.

    Args:
        message: What to check.
        dialect: Name of a dialect, such as ``2022``, for the rules of its edition too. Without it only the
            rules that all editions share are run: messages of 2016 and 2022 have the same shape.
        now: The present time, with zone, for the rules on dates in the future; without it they do not run.
        directory: Knows organisations; without it nobody asks whether a recipient exists.

    Raises:
        ConfigError: ``VND-EDX-011`` for an unknown dialect.
        InputError: ``VND-MODEL-003`` for a time without zone.
    """
    if now is not None and now.tzinfo is None:
        raise InputError(
            "VND-MODEL-003",
            "a time needs its zone",
            hint="use datetime(..., tzinfo=vnedoc.model.VIETNAM)",
            facts={"seen": now.isoformat()},
        )
    kind = DOCUMENT if isinstance(message, Envelope) else STATUS
    edition = None if dialect is None else str(dialect_of(dialect).edition)
    given = Given(now=now, directory=directory)
    findings = [
        Finding(
            one.code,
            one.severity,
            where,
            {
                **facts,
                "rule": one.id,
                "source": one.source,
                "certainty": one.certainty,
                "element": element_of(where, kind) or one.element,
            },
        )
        for one in _chosen(kind, edition)
        for where, facts in one.check(message, given)
    ]
    return tuple(sorted(findings, key=lambda one: _ORDER[one.severity]))


def rules_to_json() -> dict[str, Any]:
    """Give the table as JSON values (``vnedoc-rules/1``), for other languages, auditors and documentation.

    What a finding says, in words, is under its code in the catalogues of ``vnedoc.report``.
    """
    return {
        "schema": RULES_SCHEMA,
        "rules": [
            {
                "id": one.id,
                "code": one.code,
                "severity": one.severity.value,
                "messages": list(one.messages),
                "dialects": None if one.dialects is None else list(one.dialects),
                "source": one.source,
                "certainty": one.certainty,
                "field": one.field,
                "element": one.element,
                "needs": list(one.needs),
            }
            for one in rules()
        ],
    }
