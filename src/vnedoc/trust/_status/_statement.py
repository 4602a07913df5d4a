"""What one piece of revocation data says of one certificate, whatever its form."""

from __future__ import annotations

import datetime as dt

import attrs

from vnedoc.trust._certificates import Certificate

MOMENT = dt.timedelta(hours=1)
"""How long an answer without ``nextUpdate`` is right: its maker says that newer is always to be had
(RFC 6960, clause 4.2.2.1)."""

SKEW = dt.timedelta(minutes=10)
"""What was made just now may be made by a clock that is a little ahead: OCSP answers and time stamps."""


@attrs.frozen(eq=False, kw_only=True)
class Statement:
    """One authentic statement: its signature, its maker and its scope were checked, its time was not.

    Attributes:
        der: The revocation list or the OCSP response.
        is_ocsp: Which of the two.
        issued: ``thisUpdate``.
        until: Last moment that it speaks for; ``None`` for a list without an end.
        starts: First moment that it speaks for.
        clears: It can say that a certificate is not revoked; else it can only revoke.
        unknown: Its maker does not know the certificate.
        revoked_at: When the certificate was revoked; ``None`` when it was not.
        reason: Why, as in RFC 5280.
        keeps_expired: From this moment on it also speaks of certificates that have expired
            (``expiredCertsOnCRL``, ``archiveCutoff``); ``None`` when it drops them.
        hash_names: Hashes of the signature over it.
        responder: Certificate of a delegated OCSP responder.
        vouched: The responder's certificate asks not to be checked (``id-pkix-ocsp-nocheck``).
    """

    der: bytes
    is_ocsp: bool
    issued: dt.datetime
    until: dt.datetime | None
    starts: dt.datetime
    clears: bool
    unknown: bool = False
    revoked_at: dt.datetime | None = None
    reason: str = "unspecified"
    keeps_expired: dt.datetime | None = None
    hash_names: tuple[str | None, ...] = ()
    responder: Certificate | None = None
    vouched: bool = False

    def is_current(self, at: dt.datetime) -> bool:
        """Whether *at* lies in the time that it speaks for."""
        return self.until is not None and self.starts <= at <= self.until

    def not_after(self, freshness: dt.timedelta | None) -> Statement:
        """Give the same statement, right for *freshness* after it was made and no longer."""
        if freshness is None or self.until is None or self.until - self.issued <= freshness:
            return self
        return attrs.evolve(self, until=self.issued + freshness)

    def speaks_of_expired(self, subject: Certificate) -> bool:
        """Whether silence still means something: it was made before *subject* expired, or keeps such ones."""
        if self.issued <= subject.not_after:
            return True
        return self.keeps_expired is not None and self.keeps_expired <= subject.not_after
