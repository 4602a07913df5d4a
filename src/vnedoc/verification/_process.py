"""What the time stamps of a signature prove, from the last to the first (EN 319 102-1, clauses 5.5 and 5.6).

It knows neither XML nor PDF: a format hands over its time stamps, each with its token and a way to compute
what that must have stamped. Only a time stamp whose imprint and authority are right counts; any other is a
finding.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol

import attrs

from vnedoc.errors import DecodeError, VnedocError
from vnedoc.model import Finding, RevocationData, Severity
from vnedoc.protocols import RevocationSource, ValidationData
from vnedoc.trust import (
    CarriedRevocation,
    ProofsOfExistence,
    TimestampToken,
    TokenVerdict,
    Work,
    read_token,
    validate_token,
)
from vnedoc.verification._policy import Policy


class Stamp(Protocol):
    """A time stamp as a format hands it over, for example ``dsig.CarriedTimestamp``."""

    @property
    def kind(self) -> str:
        """``content``, ``signature``, ``refs-only``, ``sig-and-refs``, or ``archive`` and more."""
        ...

    @property
    def token(self) -> bytes | None:
        """``TimeStampToken``, DER; ``None`` where the format's own finding says why there is none."""
        ...

    @property
    def location(self) -> str:
        """Where it stands."""
        ...

    @property
    def proves_signature(self) -> bool:
        """Whether it covers the signature value."""
        ...

    @property
    def proves(self) -> frozenset[bytes]:
        """SHA-256 of each certificate, list, answer and token that it covers."""
        ...

    def imprint(self, hash_name: str, /) -> bytes:
        """Give the digest that the token must have stamped; raises a ``VnedocError`` when that cannot be."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class Counted:
    """A time stamp that proves its time."""

    stamp: Stamp
    token: TimestampToken
    verdict: TokenVerdict


class Protected:
    """What the archive time stamps that count cover, the insides of other tokens included."""

    def __init__(self, archived: Sequence[Counted], counted: Sequence[Counted]) -> None:
        self._digests = set().union(*(one.stamp.proves for one in archived))
        for one in counted:
            if _sha256(one.token.der) in self._digests:
                inside = (*one.token.certificates, *one.token.crls, *one.token.ocsps)
                self._digests.update(map(_sha256, inside))

    def of(self, pieces: Sequence[bytes]) -> tuple[bytes, ...]:
        """Give those of the pieces that are covered."""
        return tuple(one for one in pieces if _sha256(one) in self._digests)

    def data(self, data: RevocationData) -> RevocationData:
        """Do the same with revocation data."""
        return RevocationData(crls=self.of(data.crls), ocsps=self.of(data.ocsps))


def _sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


_NOTHING = RevocationData()


@attrs.frozen(kw_only=True, eq=False)
class Existence:
    """What is proven about when a signature existed, and the material to judge it with.

    Attributes:
        poe: What existed when.
        proven: The earliest time at which the signature is proven to have existed (best-signature-time).
        counted: The time stamps that count, the last first.
        hints: Certificates that the signature carries in any place.
        carried: Revocation data that it carries in any place.
        revocation: That together with the caller's.
        disorder: The time stamps contradict each other.
        findings: On each time stamp.
    """

    poe: ProofsOfExistence
    proven: dt.datetime | None = None
    counted: tuple[Counted, ...] = ()
    hints: tuple[bytes, ...] = ()
    carried: RevocationData = _NOTHING
    revocation: RevocationSource
    disorder: bool = False
    findings: tuple[Finding, ...] = ()


def examine(
    stamps: Sequence[Stamp],
    values: ValidationData | None,
    certificates: Sequence[bytes],
    policy: Policy,
    work: Work | None = None,
) -> Existence:
    """Judge the time stamps of a signature; a later one may prove what an earlier one needs.

    Args:
        stamps: As the signature carries them.
        values: Certificates and revocation data that it carries for this.
        certificates: Certificates that it carries beside the signature.
        policy: What authorities must meet.
        work: What all signatures of a file may cost together; default this one's alone.
    """
    budget = Work.within(policy.limits) if work is None else work
    findings: list[Finding] = []
    tokens = sorted(
        _read(stamps, findings, budget), key=lambda one: one[1].time, reverse=True
    )  # by time and not by place, so that moving them about changes nothing
    hints = hints_of(values, certificates, policy)
    carried = _carried(values, [token for _, token in tokens])
    source: RevocationSource = policy.revocation
    if carried.crls or carried.ocsps:
        source = CarriedRevocation(carried, policy.revocation)
    at = policy.time()
    poe = ProofsOfExistence(at)
    counted: list[Counted] = []
    for stamp, token in tokens:
        try:
            imprint = stamp.imprint(token.hash_name)
        except VnedocError as error:
            findings.append(_unread(stamp, error))
            continue
        _inside(token, poe)
        verdict = validate_token(
            token,
            imprint=imprint,
            hints=hints,
            trust=policy.trust,
            revocation=source,
            require_revocation=policy.require_revocation,
            at=at,
            algorithms=policy.algorithms,
            limits=policy.limits,
            poe=poe,
            freshness=policy.freshness,
            work=budget,
        )
        findings += _told(stamp, verdict)
        if verdict.passed:
            counted.append(Counted(stamp=stamp, token=token, verdict=verdict))
            poe.add_digests(stamp.proves, verdict.time)
    disorder = tuple(_disorder(counted))
    times = [one.verdict.time for one in counted if one.stamp.proves_signature]
    return Existence(
        poe=poe,
        proven=min(times, default=None),
        counted=tuple(counted),
        hints=hints,
        carried=carried,
        revocation=source,
        disorder=bool(disorder),
        findings=(*findings, *disorder),
    )


def _read(
    stamps: Sequence[Stamp], findings: list[Finding], work: Work
) -> Iterator[tuple[Stamp, TimestampToken]]:
    for stamp in reversed(stamps):
        if stamp.token is None:
            continue
        if not work.takes_token():
            findings.append(Finding.warning("VND-SIG-109", stamp.location, allowed=work.most_tokens))
            return
        try:
            token = read_token(stamp.token)
        except DecodeError as error:
            findings.append(_unread(stamp, error))
        else:
            yield stamp, token


def _unread(stamp: Stamp, error: VnedocError) -> Finding:
    cause = error.facts.get("cause")
    return Finding.warning(
        "VND-SIG-105",
        stamp.location,
        stamp=stamp.kind,
        error=error.code,
        cause=cause if isinstance(cause, str) else error.message,
    )


def hints_of(
    values: ValidationData | None, certificates: Sequence[bytes], policy: Policy
) -> tuple[bytes, ...]:
    """Give all certificates that a signature carries, each once, within the limits."""
    more = () if values is None else values.certificates[: policy.limits.certificates]
    return tuple(dict.fromkeys((*certificates, *more)))


def _carried(values: ValidationData | None, tokens: Sequence[TimestampToken]) -> RevocationData:
    own = RevocationData() if values is None else values
    return RevocationData(
        crls=tuple(dict.fromkeys((*own.crls, *(crl for one in tokens for crl in one.crls)))),
        ocsps=tuple(dict.fromkeys((*own.ocsps, *(ocsp for one in tokens for ocsp in one.ocsps)))),
    )


def _inside(token: TimestampToken, poe: ProofsOfExistence) -> None:
    """What proves a token proves what is inside it."""
    known = poe.of(token.der)
    if known is not None:
        for piece in (*token.certificates, *token.crls, *token.ocsps):
            poe.add(piece, known)


def _told(stamp: Stamp, verdict: TokenVerdict) -> Iterator[Finding]:
    time = verdict.time.isoformat()
    if verdict.passed:
        yield Finding.info("VND-SIG-103", stamp.location, stamp=stamp.kind, time=time)
        yield from (one for one in verdict.findings if one.severity is not Severity.INFO)
        return
    reason = None if verdict.sub_indication is None else verdict.sub_indication.value
    codes = [one.code for one in verdict.findings if one.severity is Severity.ERROR]
    yield Finding.warning(
        "VND-SIG-104",
        stamp.location,
        stamp=stamp.kind,
        time=time,
        reason=reason,
        codes=list(dict.fromkeys(codes)),
    )
    for one in verdict.findings:  # it keeps the time stamp from counting, not the signature from passing
        yield attrs.evolve(one, severity=Severity.WARNING)


# What must not be older than what comes before it; archive time stamps are held to the tokens they cover.
_ORDER = {"content": 0, "signature": 1, "refs-only": 2, "sig-and-refs": 2}


def _disorder(counted: Sequence[Counted]) -> Iterator[Finding]:
    """Compare the times of what must follow each other (EN 319 102-1, clause 5.5.4, 4)."""
    ranked = sorted(
        (one for one in counted if one.stamp.kind in _ORDER), key=lambda one: _ORDER[one.stamp.kind]
    )
    for first, second in combinations(ranked, 2):
        before, after = first.stamp.kind, second.stamp.kind
        if _ORDER[before] < _ORDER[after] and first.verdict.time > second.verdict.time:
            yield Finding.error(
                "VND-SIG-106",
                second.stamp.location,
                before=before,
                before_time=first.verdict.time.isoformat(),
                after=after,
                after_time=second.verdict.time.isoformat(),
            )
            return
