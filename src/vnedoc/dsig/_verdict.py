"""How the steps of the core check say what they found."""

from __future__ import annotations

from typing import TypeAlias

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Finding, Severity, SubIndication, worst

Verdict: TypeAlias = tuple[Conclusion, SubIndication | None]


class RefusedError(Exception):
    """Ends a step with a verdict and its finding; never leaves this room."""

    def __init__(self, conclusion: Conclusion, reason: SubIndication, finding: Finding) -> None:
        super().__init__(finding.code)
        self.verdict: Verdict = (conclusion, reason)
        self.finding = finding


def failed(reason: SubIndication, finding: Finding) -> RefusedError:
    """Give what ends a step as FAILED."""
    return RefusedError(Conclusion.FAILED, reason, finding)


def undecided(reason: SubIndication, finding: Finding) -> RefusedError:
    """Give what ends a step as INDETERMINATE."""
    return RefusedError(Conclusion.INDETERMINATE, reason, finding)


def ill_formed(error: VnedocError, location: str) -> RefusedError:
    """Give the verdict for an error of the grammar, of a text value or of canonicalisation."""
    finding = Finding(error.code, Severity.ERROR, error.path or location, error.facts)
    return failed(SubIndication.FORMAT_FAILURE, finding)


class Tally:
    """Collects verdicts and findings of one signature, in the order of EN 319 102-1, clause 5.3."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.findings: list[Finding] = []

    def add(self, refused: RefusedError) -> None:
        """Take what ended a step."""
        self.verdicts.append(refused.verdict)
        self.findings.append(refused.finding)

    def note(self, finding: Finding) -> None:
        """Take a finding that changes no verdict."""
        self.findings.append(finding)

    def conclusion(self) -> Verdict:
        """Give the worst verdict; FAILED outweighs INDETERMINATE, of equals the first."""
        return worst(self.verdicts)
