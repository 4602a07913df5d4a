"""Since when octets are proven to exist (EN 319 102-1, clause 5.6.2.3)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable


class ProofsOfExistence:
    """What existed when: filled by time stamps that were found good, asked by past validation.

    Octets are known by their SHA-256. What nothing proves is known to exist at the time of validation, since
    it is at hand then.
    """

    def __init__(self, at: dt.datetime) -> None:
        """Start with no proofs.

        Args:
            at: The time of validation, with zone.
        """
        self.at = at.replace(microsecond=0)
        self._times: dict[bytes, dt.datetime] = {}
        self._digests: dict[bytes, bytes] = {}

    def add(self, octets: bytes, time: dt.datetime) -> None:
        """Say that *octets* existed at *time*; the earliest of several proofs counts."""
        self.add_digests((self._digest(octets),), time)

    def add_digests(self, digests: Iterable[bytes], time: dt.datetime) -> None:
        """Say the same of octets that are known by their SHA-256."""
        for digest in digests:
            self._times[digest] = min(time, self._times.get(digest, time))

    def of(self, octets: bytes) -> dt.datetime | None:
        """Give the earliest proven time; ``None`` when nothing proves one."""
        return self._times.get(self._digest(octets))

    def since(self, octets: bytes) -> dt.datetime:
        """Give the earliest proven time, else that of validation."""
        return min(self.of(octets) or self.at, self.at)

    def _digest(self, octets: bytes) -> bytes:
        if octets not in self._digests:
            self._digests[octets] = hashlib.sha256(octets).digest()
        return self._digests[octets]
