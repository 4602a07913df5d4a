"""The exchange wired to codec and verifier."""

from __future__ import annotations

import attrs

from vnedoc.model import Acceptance, Received, Wire
from vnedoc.verification import Policy
from vnedoc.workflow._verify import open_sealed


@attrs.frozen(kw_only=True)
class PolicyOpener:
    """Judges what arrives under one policy and one acceptance rule (``protocols.Opener``).

    Attributes:
        policy: What signatures must meet.
        acceptance: The rule of the route.
        password: Of encrypted PDF attachments.
    """

    policy: Policy
    acceptance: Acceptance = Acceptance.SEALED
    password: str | None = attrs.field(default=None, repr=False)

    def open(self, wire: Wire) -> Received:
        """Judge and read; see ``open_sealed``."""
        return open_sealed(wire, self.policy, acceptance=self.acceptance, password=self.password)
