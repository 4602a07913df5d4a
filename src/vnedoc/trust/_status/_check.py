"""What is known of a certificate at a time: lists and OCSP answers together, the newest first."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from functools import cached_property

import attrs

from vnedoc.errors import FactValue, VnedocError
from vnedoc.model import Finding, Limits, Severity
from vnedoc.protocols import RevocationSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import Certificate
from vnedoc.trust._status._shelf import Shelf, fetched_shelf, fetcher_of, shelves
from vnedoc.trust._status._statement import Statement

# What such a responder says counts for nothing, not even as a revocation.
_NEVER = "ocsp-responder-revoked"


class Status(enum.Enum):
    """What the data at hand says of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True, eq=False)
class Inquiry:
    """How statuses are looked up; one for all links of a path.

    Attributes:
        source: The data at hand, and who may be asked for more.
        required: Without data the answer is an error, else a warning.
        algorithms: What the signatures over the data must meet.
        limits: ``crl_bytes``.
        helpers: Certificates, DER, among which responders may be.
        freshness: How long data is right at most, counted from when it was made (EN 319 102-1, clause 5.2.5);
            ``None`` for as long as it says itself.
        asks: The source's fetcher may be asked.
        existed: Since when data of given octets is proven to exist; the time that is judged for, when there
            is no better proof.
    """

    source: RevocationSource
    required: bool
    algorithms: AlgorithmPolicy
    limits: Limits
    helpers: Sequence[bytes] = ()
    freshness: dt.timedelta | None = None
    asks: bool = True
    existed: Callable[[bytes], dt.datetime] | None = None

    @cached_property
    def at_hand(self) -> tuple[Shelf, ...]:
        """The data at hand, sorted."""
        return shelves(self.source, self.limits)


@attrs.frozen(kw_only=True)
class RevocationAnswer:
    """What is known of one certificate.

    Attributes:
        status: The answer.
        findings: What was seen.
        used: The statements that decided, those on OCSP responders included.
    """

    status: Status
    findings: tuple[Finding, ...] = ()
    used: tuple[Statement, ...] = ()


def check_revocation(
    subject: Certificate, issuer: Certificate, inquiry: Inquiry, *, at: dt.datetime, is_leaf: bool
) -> RevocationAnswer:
    """Say whether *subject* was revoked at *at*; asks the source's fetcher when the data does not decide.

    The newest data that is right for *at* decides. Data of another time clears nothing, but a revocation in
    it that lies before *at* counts.
    """
    at_hand = inquiry.at_hand
    answer = _check(subject, issuer, inquiry, at_hand, at=at, is_leaf=is_leaf)
    if answer.status is not Status.UNKNOWN:
        return answer
    try:
        fetched = fetch_more(subject, issuer, inquiry)
    except VnedocError as error:
        failed = Finding.warning(
            "VND-TRUST-052", None, subject=subject.subject, cause=f"{error.code}: {error.message}"
        )
        return attrs.evolve(answer, findings=(*answer.findings, failed))
    if fetched is None:
        return answer
    return _check(subject, issuer, inquiry, (*at_hand, fetched), at=at, is_leaf=is_leaf)


def fetch_more(subject: Certificate, issuer: Certificate, inquiry: Inquiry) -> Shelf | None:
    """Ask the caller's fetcher, when there is one; raises what it raises."""
    fetcher = fetcher_of(inquiry.source) if inquiry.asks else None
    if fetcher is None:
        return None
    return fetched_shelf(fetcher.revocation(subject.der, issuer.der), inquiry.limits)


def statements(
    subject: Certificate, issuer: Certificate, inquiry: Inquiry, at_hand: Sequence[Shelf], at: dt.datetime
) -> tuple[list[Statement], dict[Statement, tuple[Statement, ...]], set[str]]:
    """Give what is said of *subject*, newest first, what vouches for the responders, and what is unusable.

    A statement whose algorithms are too weak, or whose responder was not good when the statement is first
    known to exist, can revoke but never clear.
    """
    found: list[Statement] = []
    support: dict[Statement, tuple[Statement, ...]] = {}
    causes: set[str] = set()
    for shelf in at_hand:
        said, why = shelf.about(subject, issuer, inquiry.helpers)
        causes |= why
        for one in (each.not_after(inquiry.freshness) for each in said):
            known = at if inquiry.existed is None else inquiry.existed(one.der)
            cause = _weak(one, inquiry, known)
            if cause is None and one.responder is not None:
                cause, support[one] = _responder(one, issuer, inquiry, at_hand, known)
            if one.unknown:
                cause = "ocsp-unknown"
            if cause is not None:
                causes.add(cause)
            if cause == _NEVER:
                continue
            found.append(attrs.evolve(one, clears=False) if cause and one.clears else one)
    return sorted(found, key=lambda one: one.issued, reverse=True), support, causes


def _weak(one: Statement, inquiry: Inquiry, known: dt.datetime) -> str | None:
    proven = None if inquiry.existed is None else known
    for name in one.hash_names:
        judged = (
            ()
            if name is None
            else inquiry.algorithms.judge(
                hash_name=name, key=None, claimed_time=one.issued, location=None, proven=proven
            )
        )
        if any(finding.severity is Severity.ERROR for finding in judged):
            return "weak-algorithm"
    return None


def _responder(
    one: Statement, issuer: Certificate, inquiry: Inquiry, at_hand: Sequence[Shelf], known: dt.datetime
) -> tuple[str | None, tuple[Statement, ...]]:
    """Judge a delegated responder at the time at which its answer is known to exist."""
    responder = one.responder
    if responder is None:
        return None, ()
    known = max(known, one.issued)
    if not responder.not_before <= known <= responder.not_after:
        return "ocsp-responder-expired", ()
    weak = inquiry.algorithms.judge(
        hash_name=responder.hash_name,
        key=responder.public_key,
        claimed_time=responder.not_before,
        location=None,
        proven=None if inquiry.existed is None else known,
    )
    if any(finding.severity is Severity.ERROR for finding in weak):
        return "weak-algorithm", ()
    if one.vouched:
        return None, ()
    # Its own answers say nothing of itself, so only lists and what the issuer signed remain.
    others = [
        said
        for shelf in at_hand
        for said in (each.not_after(inquiry.freshness) for each in shelf.about(responder, issuer)[0])
        if said.responder is None and not _weak(said, inquiry, known)
    ]
    if any(said.revoked_at is not None and said.revoked_at <= known for said in others):
        return _NEVER, ()
    current = next((said for said in others if said.clears and said.is_current(known)), None)
    if current is not None:
        return None, (current,)
    return ("ocsp-responder-unchecked" if inquiry.required else None), ()


def _check(
    subject: Certificate,
    issuer: Certificate,
    inquiry: Inquiry,
    at_hand: Sequence[Shelf],
    *,
    at: dt.datetime,
    is_leaf: bool,
) -> RevocationAnswer:
    found, support, causes = statements(subject, issuer, inquiry, at_hand, at)
    full = [one for one in found if one.clears]
    current = next((one for one in full if one.is_current(at)), None)
    base = current or next(iter(full), None)
    names: dict[str, FactValue] = {"subject": subject.subject, "issuer": subject.issuer}
    later: tuple[Finding, ...] = ()
    for one in found:
        if one.revoked_at is None or (base is not None and is_lifted(one, base)):
            continue
        facts = {**names, "revoked_at": _text(one.revoked_at), "reason": one.reason, "at": _text(at)}
        if one.revoked_at <= at:
            code = "VND-TRUST-030" if is_leaf else "VND-TRUST-031"
            finding = Finding.error(code, None, **facts)
            return RevocationAnswer(status=Status.REVOKED, findings=(finding,), used=(one,))
        later = (Finding.warning("VND-TRUST-035", None, **facts),)
    if current is not None:
        used = (current, *support.get(current, ()))
        return RevocationAnswer(status=Status.GOOD, findings=later, used=used)
    severity = Severity.ERROR if inquiry.required else Severity.WARNING
    if base is not None:
        code = "VND-TRUST-033"
        names |= {"this_update": _text(base.issued), "next_update": _text(base.until), "at": _text(at)}
    elif causes:
        code = "VND-TRUST-034"
        names["causes"] = sorted(causes)
    else:
        code = "VND-TRUST-032"
    return RevocationAnswer(status=Status.UNKNOWN, findings=(*later, Finding(code, severity, None, names)))


def is_lifted(one: Statement, newer: Statement) -> bool:
    """Whether a newer statement takes a revocation back: a list its older self, anything a mere hold."""
    alike = one.is_ocsp == newer.is_ocsp or one.reason == "certificateHold"
    return one.issued < newer.issued and alike


def _text(time: dt.datetime | None) -> str | None:
    return None if time is None else time.isoformat()
