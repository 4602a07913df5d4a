"""A message that was accepted. Only ``vnedoc.workflow`` makes one, after its acceptance rule held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import attrs

from vnedoc.model._envelope import Envelope, StatusMessage
from vnedoc.model._report import Acceptance, Evidence, Report
from vnedoc.model._wire import Wire


@final
class Received:
    """A message that met its acceptance rule, with the report that says so.

    Attributes:
        wire: The bytes that were judged.
        message: ``Envelope`` or ``StatusMessage``, read from those same bytes.
        report: The judgement.
        evidence: ``PROVEN`` when the envelope signature covers the message, else ``CLAIMED``.
        acceptance: The rule that it met.
    """

    __slots__ = ("_coverage", "acceptance", "evidence", "message", "report", "wire")

    wire: Wire
    message: Envelope | StatusMessage
    report: Report
    evidence: Evidence
    acceptance: Acceptance
    _coverage: dict[str, tuple[str, ...]]

    def __init__(self) -> None:
        raise TypeError("a Received is made by vnedoc.open_sealed only, after the acceptance rule held")

    @classmethod
    def _make(
        cls,
        *,
        wire: Wire,
        message: Envelope | StatusMessage,
        report: Report,
        evidence: Evidence,
        acceptance: Acceptance,
        coverage: Mapping[str, tuple[str, ...]],
    ) -> Received:
        self = object.__new__(cls)
        self.wire = wire
        self.message = message
        self.report = report
        self.evidence = evidence
        self.acceptance = acceptance
        self._coverage = dict(coverage)
        return self

    @property
    def envelope(self) -> Envelope:
        """The document message; ``TypeError`` when it is a status."""
        if isinstance(self.message, Envelope):
            return self.message
        raise TypeError("this message is a status: use .status")

    @property
    def status(self) -> StatusMessage:
        """The status message; ``TypeError`` when it is a document."""
        if isinstance(self.message, StatusMessage):
            return self.message
        raise TypeError("this message is a document: use .envelope")

    def covered_by(self, field: str) -> tuple[str, ...]:
        """Give the ids of the signatures that cover a field; empty means that nothing proves it.

        Args:
            field: A field name of the message such as ``subject``, or ``attachment:<ContentId>``.
        """
        if not field.startswith("attachment:") and field not in attrs.fields_dict(type(self.message)):
            raise KeyError(field)
        return self._coverage.get(field, self._coverage.get("*", ()))

    def __repr__(self) -> str:
        what = type(self.message).__name__
        return f"Received({what}, {self.acceptance.value}, {self.evidence.value}, {self.wire.digest[:19]}…)"
