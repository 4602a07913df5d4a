"""What all signatures of one file may cost together, however many paths and time stamps they bring."""

from __future__ import annotations

import attrs

from vnedoc.model import Limits
from vnedoc.trust._certificates import Certificate, is_signed_by

# A file with fifty signatures, each with a path of its own and a handful of time stamps, needs less.
_PATHS = 5
_TOKENS = 5


@attrs.define(eq=False)
class Work:
    """A budget for one verification, handed down to everything that checks certificates and time stamps.

    Attributes:
        most_checks: Checks of one certificate by another, different ones: five times ``chain_checks``.
        most_tokens: Time stamps: five times ``signatures``.
    """

    most_checks: int
    most_tokens: int
    _tokens: int = attrs.field(default=0, init=False)
    _signed: dict[tuple[bytes, bytes], bool] = attrs.field(factory=dict, init=False, repr=False)

    @classmethod
    def within(cls, limits: Limits) -> Work:
        """Give the budget for one file."""
        return cls(_PATHS * limits.chain_checks, _TOKENS * limits.signatures)

    def takes_token(self) -> bool:
        """Count one more time stamp; false where that is too many."""
        self._tokens += 1
        return self._tokens <= self.most_tokens

    def may_check(self, subject: Certificate, issuer: Certificate) -> bool:
        """Whether ``is_signed`` may be asked: it was before, or there is something left."""
        return len(self._signed) < self.most_checks or (subject.der, issuer.der) in self._signed

    def is_signed(self, subject: Certificate, issuer: Certificate) -> bool:
        """Whether *issuer*'s key made the signature over *subject*, found out once."""
        key = subject.der, issuer.der
        if key not in self._signed:
            self._signed[key] = is_signed_by(subject, issuer)
        return self._signed[key]
