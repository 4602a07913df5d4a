"""Certificates that are not valid any more, judged for the time at which they were (EN 319 102-1, 5.6.2).

A certificate is walked to from its anchor. With each certificate on the way the *control time* is lowered to
the last moment for which the data that provably existed by then says it was good. What the certificate made
counts when it provably existed by the control time that is left, and inside all validity periods.

Two points differ from the letter of clause 5.6.2.2.4. Where revocation data is not current at the control
time, that is lowered to the last moment for which the data is current (``nextUpdate``) and not to
``thisUpdate``: until then the data decides in clause 5.2.5, and with lists it would otherwise lie before the
signature that it was collected for. The letter holds where nothing has expired yet, only newer data is
missing and the data is older than what is judged (``stale_counts``): newer can still be had. And an algorithm
with a date lowers the control time only where it is that of a key; where it is a hash, the octets that it
signs must themselves be proven to be older.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import attrs

from vnedoc.errors import DecodeError, VnedocError
from vnedoc.model import Conclusion, Finding, Limits, RevocationData, Severity, SubIndication
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import Certificate, certificate
from vnedoc.trust._past._existence import ProofsOfExistence
from vnedoc.trust._path import (
    MOST_PATHS,
    Purpose,
    constraint_problems,
    evidence_of,
    out_of_bounds,
    responders_of,
)
from vnedoc.trust._search import PathSearch
from vnedoc.trust._status import Inquiry, Shelf, Statement, fetch_more, is_lifted, statements
from vnedoc.trust._work import Work


@attrs.frozen(kw_only=True)
class PastVerdict:
    """What a certificate was worth.

    Attributes:
        conclusion: PASSED, INDETERMINATE, or FAILED for what existed before the certificate did.
        sub_indication: Why it is not PASSED.
        control_time: The last moment for which the certificate is known to have been good; ``None`` when
            there is none.
        path: DER, the certificate first, the anchor last.
        findings: Everything that was seen.
        evidence: The revocation data that decided.
        responders: Certificates of the OCSP responders among it, DER.
    """

    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    control_time: dt.datetime | None = None
    path: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    evidence: RevocationData = attrs.field(factory=RevocationData, repr=False)
    responders: tuple[bytes, ...] = attrs.field(default=(), repr=False)


def validate_past(
    certificate_der: bytes,
    *,
    hints: Sequence[bytes] = (),
    trust: TrustSource,
    revocation: RevocationSource,
    require_revocation: bool,
    algorithms: AlgorithmPolicy,
    limits: Limits,
    poe: ProofsOfExistence,
    existed: dt.datetime,
    purpose: Purpose = Purpose.DOCUMENT,
    freshness: dt.timedelta | None = None,
    work: Work | None = None,
    stale_counts: bool = True,
) -> PastVerdict:
    """Judge whether a certificate was good when something that it made is proven to have existed.

    Args:
        certificate_der: The certificate.
        hints: Certificates that the document carries, DER; they help and are never trusted.
        trust: Where trust starts.
        revocation: Revocation data at hand, that of the document included.
        require_revocation: Without data that provably existed in time the answer is INDETERMINATE,
            ``NO_POE``.
        algorithms: What counts as strong enough, and until when.
        limits: As for ``validate_path``.
        poe: What existed when; its ``at`` is the time of validation.
        existed: When what the certificate made is proven to have existed, with zone.
        purpose: What the certificate is judged for.
        freshness: As for ``validate_path``.
        work: As for ``validate_path``.
        stale_counts: Revocation data that is not current any more speaks for all of its time; else that
            from before *existed* does not speak of what came after it.
    """
    try:
        leaf = certificate(certificate_der)
    except DecodeError as error:
        return PastVerdict(
            conclusion=Conclusion.INDETERMINATE,
            sub_indication=SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
            findings=(Finding.error(error.code, None, **error.facts),),
        )
    inquiry = Inquiry(
        source=revocation,
        required=require_revocation,
        algorithms=algorithms,
        limits=limits,
        helpers=tuple(hints),
        freshness=freshness,
        existed=poe.since,
    )
    search = PathSearch(
        leaf,
        anchors=trust.anchors(),
        hints=hints,
        certificates=trust.certificates(),
        limits=limits,
        work=work,
    )
    best: PastVerdict | None = None
    for path in islice(search, MOST_PATHS):
        verdict = _Slide(path, inquiry, poe, existed, purpose, stale_counts=stale_counts).verdict()
        if verdict.conclusion is Conclusion.PASSED:
            return verdict
        best = best or verdict
    return best or PastVerdict(
        conclusion=Conclusion.INDETERMINATE, sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    )


class _Slide:
    """One path on the way from its anchor to its leaf."""

    def __init__(
        self,
        path: tuple[Certificate, ...],
        inquiry: Inquiry,
        poe: ProofsOfExistence,
        existed: dt.datetime,
        purpose: Purpose,
        *,
        stale_counts: bool,
    ) -> None:
        self._stale_counts = stale_counts
        self._path, self._inquiry, self._poe = path, inquiry, poe
        self._existed, self._purpose = existed, purpose
        self._control = poe.at
        self._lowered: tuple[SubIndication, Finding] | None = None
        self._used: list[Statement] = []
        self._shelves = list(inquiry.at_hand)
        self._remarks: list[Finding] = []

    def verdict(self) -> PastVerdict:
        problems = self._problems()
        sub = problems[0][0] if problems else None
        failed = sub is SubIndication.NOT_YET_VALID
        conclusion = Conclusion.FAILED if failed else Conclusion.INDETERMINATE
        return PastVerdict(
            conclusion=Conclusion.PASSED if sub is None else conclusion,
            sub_indication=sub,
            control_time=self._control,
            path=tuple(one.der for one in self._path),
            findings=(*(finding for _, finding in problems), *self._remarks),
            evidence=evidence_of(self._used),
            responders=responders_of(self._used),
        )

    def _problems(self) -> list[tuple[SubIndication, Finding]]:
        """Give what is wrong at the first step that finds something; the reason comes first."""
        for step in (self._constraints, self._links, self._times):
            found = list(step())
            if found:
                return found
        return []

    def _constraints(self) -> Iterator[tuple[SubIndication, Finding]]:
        for sub, finding in constraint_problems(self._path, self._purpose):
            if sub is not None:
                yield sub, finding

    def _links(self) -> Iterator[tuple[SubIndication, Finding]]:
        """Walk from the anchor to the leaf, lowering the control time; stop where nothing is left of it."""
        anchor = self._path[-1]
        # Who has the key of an anchor that expired can date back whatever it issues.
        self._lower(
            anchor.not_after, SubIndication.OUT_OF_BOUNDS_NO_POE, out_of_bounds(anchor, self._existed)
        )
        yield from self._key(anchor)
        links = list(pairwise(self._path))
        for position in reversed(range(len(links))):
            found = list(self._link(*links[position], is_leaf=position == 0))
            if found:
                yield from found
                return

    def _times(self) -> Iterator[tuple[SubIndication, Finding]]:
        """Require that what was made existed inside all validity periods, and by the control time."""
        for one in self._path:
            if not one.not_before <= self._existed <= one.not_after:
                early = self._existed < one.not_before
                finding = out_of_bounds(one, self._existed)
                yield SubIndication.NOT_YET_VALID if early else SubIndication.OUT_OF_BOUNDS_NO_POE, finding
        if self._existed > self._control:
            if self._lowered is not None:
                yield self._lowered
            finding = Finding.error(
                "VND-TRUST-050",
                None,
                subject=self._path[0].subject,
                proven=self._existed.isoformat(),
                control_time=self._control.isoformat(),
            )
            yield SubIndication.NO_POE, finding

    def _lower(self, time: dt.datetime, sub: SubIndication, finding: Finding) -> None:
        if time < self._control:
            self._control, self._lowered = time, (sub, finding)

    def _link(
        self, subject: Certificate, issuer: Certificate, *, is_leaf: bool
    ) -> Iterator[tuple[SubIndication, Finding]]:
        known = self._poe.since(subject.der)
        if known > self._control:
            yield self._unproven(subject, issuer, ["certificate"])
        for finding in self._inquiry.algorithms.judge(
            hash_name=subject.hash_name,
            key=None,
            claimed_time=subject.not_before,
            location=subject.subject,
            proven=known,
        ):
            if finding.severity is Severity.ERROR:
                yield SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding
            else:
                self._remarks.append(finding)
        yield from self._status(subject, issuer, is_leaf=is_leaf)
        bound = out_of_bounds(subject, self._existed)
        self._lower(subject.not_after, SubIndication.OUT_OF_BOUNDS_NO_POE, bound)
        yield from self._key(subject)

    def _key(self, one: Certificate) -> Iterator[tuple[SubIndication, Finding]]:
        algorithms = self._inquiry.algorithms
        key = _UNKNOWN_KEY if one.public_key is None else one.public_key
        until = algorithms.reliable_until(key=key, claimed_time=one.not_before)
        sub = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
        weak = algorithms.judge(hash_name=None, key=key, claimed_time=one.not_before, location=one.subject)
        for finding in weak:
            if until is None:
                yield sub, finding
            elif finding.severity is Severity.ERROR:
                self._lower(until, sub, finding)

    def _status(
        self, subject: Certificate, issuer: Certificate, *, is_leaf: bool
    ) -> Iterator[tuple[SubIndication, Finding]]:
        found, support, causes = self._statements(subject, issuer)
        good = [
            one
            for one in found
            if one.clears and one.starts <= self._control and self._poe.since(one.der) <= self._control
        ]
        silent = [one for one in good if one.revoked_at is not None or one.speaks_of_expired(subject)]
        newest = next(iter(silent), None)
        revoked = [
            one
            for one in found
            if one.revoked_at is not None and (newest is None or not is_lifted(one, newest))
        ]
        for one in revoked:
            code = "VND-TRUST-030" if is_leaf else "VND-TRUST-031"
            facts = {
                "subject": subject.subject,
                "issuer": subject.issuer,
                "revoked_at": _text(one.revoked_at),
                "reason": one.reason,
                "at": self._existed.isoformat(),
            }
            sub = SubIndication.REVOKED_NO_POE if is_leaf else SubIndication.REVOKED_CA_NO_POE
            self._lower(one.revoked_at or self._control, sub, Finding.error(code, None, **facts))
        self._used += revoked
        if newest is not None:
            self._used += (newest, *support.get(newest, ()))
            stale = self._stale(subject, newest)
            if self._inquiry.required:
                until = newest.until or newest.issued
                if not self._stale_counts and newest.issued < self._existed and until < self._poe.at:
                    until = newest.issued
                self._lower(until, *stale)
            elif not newest.is_current(self._control):  # no worse than having none
                self._remarks.append(attrs.evolve(stale[1], severity=Severity.WARNING))
        elif not revoked:
            if len(good) > len(silent):
                causes.add("expired-dropped")
            problem = self._unproven(subject, issuer, sorted(causes | {"revocation"}))
            if self._inquiry.required:
                yield problem
            else:
                self._remarks.append(attrs.evolve(problem[1], severity=Severity.WARNING))

    def _statements(
        self, subject: Certificate, issuer: Certificate
    ) -> tuple[list[Statement], dict[Statement, tuple[Statement, ...]], set[str]]:
        answer = statements(subject, issuer, self._inquiry, self._shelves, self._poe.at)
        current = any(one.clears and one.is_current(self._control) for one in answer[0])
        if current or self._control < self._poe.at:  # what is fetched now existed by no earlier time
            return answer
        more: Shelf | None = None
        try:
            more = fetch_more(subject, issuer, self._inquiry)
        except VnedocError as error:
            cause = f"{error.code}: {error.message}"
            self._remarks.append(Finding.warning("VND-TRUST-052", None, subject=subject.subject, cause=cause))
        if more is None:
            return answer
        self._shelves.append(more)
        return statements(subject, issuer, self._inquiry, self._shelves, self._poe.at)

    def _stale(self, subject: Certificate, newest: Statement) -> tuple[SubIndication, Finding]:
        finding = Finding.error(
            "VND-TRUST-033",
            None,
            subject=subject.subject,
            issuer=subject.issuer,
            this_update=_text(newest.issued),
            next_update=_text(newest.until),
            at=self._existed.isoformat(),
        )
        return SubIndication.NO_POE, finding

    def _unproven(
        self, subject: Certificate, issuer: Certificate, causes: list[str]
    ) -> tuple[SubIndication, Finding]:
        finding = Finding.error(
            "VND-TRUST-049",
            None,
            subject=subject.subject,
            issuer=issuer.subject,
            control_time=self._control.isoformat(),
            causes=causes,
        )
        return SubIndication.NO_POE, finding


_UNKNOWN_KEY = object()


def _text(time: dt.datetime | None) -> str | None:
    return None if time is None else time.isoformat()
