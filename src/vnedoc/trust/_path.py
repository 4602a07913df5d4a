"""The judgement of a certificate: a path to an anchor, its constraints, algorithms, times and revocation."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice, pairwise
from typing import TypeAlias

import attrs
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Finding, Limits, RevocationData, Severity, SubIndication
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import Certificate, certificate
from vnedoc.trust._constraints import constraint_failure
from vnedoc.trust._search import PathSearch
from vnedoc.trust._status import Inquiry, Statement, Status, check_revocation
from vnedoc.trust._stores import RevocationStore, TrustStore
from vnedoc.trust._work import Work


class Purpose(enum.Enum):
    """What a certificate is judged for."""

    DOCUMENT = "document"
    """Signing documents."""
    TIMESTAMP = "timestamp"
    """Making time stamps (RFC 3161, clause 2.3)."""


_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_DOCUMENT_SIGNING = frozenset(
    {
        "2.5.29.37.0",  # any
        "1.3.6.1.5.5.7.3.36",  # document signing
        "1.3.6.1.4.1.311.10.3.12",  # document signing, Microsoft
        "1.3.6.1.5.5.7.3.4",  # e-mail protection
        "1.3.6.1.5.5.7.3.2",  # client authentication
        "1.3.6.1.4.1.311.20.2.2",  # smart-card logon
    }
)
"""Extended key usages of document signers; certificates of the government PKI carry the last three."""

Problem: TypeAlias = tuple[SubIndication | None, Finding]
"""A finding, with the sub-indication that it leads to; ``None`` for what is only worth knowing."""

_UNKNOWN_KEY = object()

# A crowd of cross-certificates makes many paths; where so many fail, the next one does not help.
MOST_PATHS = 20

# The first of these that a path met is its sub-indication.
_PRECEDENCE = (
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.TRY_LATER,
)


@attrs.frozen(kw_only=True)
class PathVerdict:
    """What a certificate is worth at a time.

    Attributes:
        conclusion: PASSED or INDETERMINATE.
        sub_indication: Why it is not PASSED (EN 319 102-1, clause 5.2.6); ``None`` when it is.
        path: DER, the certificate first, the anchor last; empty when no anchor was reached.
        findings: Everything that was seen.
        evidence: The revocation data that decided.
        responders: Certificates of the OCSP responders among it, DER.
    """

    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    path: tuple[bytes, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: RevocationData = attrs.field(factory=RevocationData, repr=False)
    responders: tuple[bytes, ...] = attrs.field(default=(), repr=False)


@attrs.frozen(kw_only=True, eq=False)
class _Question:
    inquiry: Inquiry
    at: dt.datetime
    algorithms: AlgorithmPolicy
    limits: Limits
    purpose: Purpose


def validate_path(
    certificate: bytes,
    *,
    hints: Sequence[bytes] = (),
    trust: TrustSource,
    revocation: RevocationSource,
    require_revocation: bool,
    at: dt.datetime,
    algorithms: AlgorithmPolicy,
    limits: Limits,
    purpose: Purpose = Purpose.DOCUMENT,
    freshness: dt.timedelta | None = None,
    work: Work | None = None,
) -> PathVerdict:
    """Judge whether a certificate may sign documents at a time (RFC 5280, clause 6; EN 319 102-1, 5.2.6).

    Looks for a path to an anchor, then judges basicConstraints, path lengths, key usages, critical
    extensions, name and policy constraints, algorithms, validity and revocation of each certificate. Of
    several paths the first that holds counts, else the one with the fewest faults is told.

    The same question about the same octets gets the same answer, so the last answers are kept where all that
    decides is a value: a ``TrustStore``, a ``RevocationStore``, and the second that is judged for.

    Args:
        certificate: The signer's certificate, DER.
        hints: Certificates that the document carries, DER; they help and are never trusted.
        trust: Where trust starts.
        revocation: Revocation lists and OCSP answers at hand. A source that can fetch
            (``RevocationFetcher``) is asked where these do not decide, and only for a path that holds in all
            else.
        require_revocation: Without fitting data the answer is INDETERMINATE, ``TRY_LATER``. When false,
            its absence is a warning; a certificate that the data revokes is refused all the same.
        at: The time to judge for, with zone.
        algorithms: What counts as strong enough; the anchor's own signature is not judged.
        limits: ``chain_depth``, ``chain_checks`` and ``crl_bytes`` bound the cost.
        purpose: What the certificate is judged for.
        freshness: How old revocation data may be at most (EN 319 102-1, clause 5.2.5); ``None`` for as old as
            it allows itself by ``nextUpdate``.
        work: What all signatures of a file may cost together; ``None`` for this one alone.
    """
    moment = at.replace(microsecond=0)  # certificates and revocation data count in seconds
    kept = (
        type(trust) is TrustStore
        and type(revocation) is RevocationStore
        and len(certificate) + sum(map(len, hints)) <= _MOST_KEPT_OCTETS
    )
    answer: Callable[..., PathVerdict] = _kept_verdict if kept else _verdict
    token = _WORK.set(work)
    try:
        return answer(
            certificate,
            tuple(hints),
            trust,
            revocation,
            require_revocation,
            moment,
            algorithms,
            limits,
            purpose,
            freshness,
        )
    except _Exhausted as exhausted:
        return exhausted.verdict
    finally:
        _WORK.reset(token)


# The budget is no part of the question, and so not of the key under which answers are kept.
_WORK: ContextVar[Work | None] = ContextVar("vnedoc_path_work", default=None)


class _Exhausted(Exception):
    """Carries an answer that is not kept: it is about the rest of the file."""

    def __init__(self, verdict: PathVerdict) -> None:
        super().__init__()
        self.verdict = verdict


# An answer is kept with the certificates of its question, which a document brings.
_MOST_KEPT_OCTETS = 64 * 1024


def _verdict(  # noqa: PLR0917 - the key of a cache
    der: bytes,
    hints: tuple[bytes, ...],
    trust: TrustSource,
    revocation: RevocationSource,
    require_revocation: bool,  # noqa: FBT001
    at: dt.datetime,
    algorithms: AlgorithmPolicy,
    limits: Limits,
    purpose: Purpose,
    freshness: dt.timedelta | None,
) -> PathVerdict:
    try:
        leaf = certificate(der)
    except DecodeError as error:
        return _indeterminate(
            SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, Finding.error(error.code, None, **error.facts)
        )
    inquiry = Inquiry(
        source=revocation,
        required=require_revocation,
        algorithms=algorithms,
        limits=limits,
        helpers=hints,
        freshness=freshness,
    )
    question = _Question(inquiry=inquiry, at=at, algorithms=algorithms, limits=limits, purpose=purpose)
    anchors = trust.anchors()
    search = PathSearch(
        leaf,
        anchors=anchors,
        hints=hints,
        certificates=trust.certificates(),
        limits=limits,
        work=_WORK.get(),
    )
    best: PathVerdict | None = None
    for path in islice(search, MOST_PATHS):
        verdict = _judge(path, question)
        if verdict.conclusion is Conclusion.PASSED:
            return verdict
        if best is None or _faults(verdict) < _faults(best):
            best = verdict
    verdict = best or _no_path(leaf, search, question, anchored=bool(anchors))
    if search.exhausted:
        raise _Exhausted(verdict)
    return verdict


_kept_verdict = lru_cache(maxsize=256)(_verdict)


def _faults(verdict: PathVerdict) -> int:
    return sum(one.severity is Severity.ERROR for one in verdict.findings)


def _indeterminate(sub: SubIndication, *findings: Finding) -> PathVerdict:
    return PathVerdict(conclusion=Conclusion.INDETERMINATE, sub_indication=sub, findings=findings)


def _no_path(leaf: Certificate, search: PathSearch, question: _Question, *, anchored: bool) -> PathVerdict:
    if search.exceeded is not None:
        return _indeterminate(
            SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
            Finding.error("VND-TRUST-012", None, limit=search.exceeded, allowed=search.allowed, seen=None),
        )
    if not anchored:
        finding = Finding.error("VND-TRUST-011", None, subject=leaf.subject, issuer=leaf.issuer)
        return _indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, finding)
    findings: list[Finding] = []
    for one in islice(dict.fromkeys(search.dead_ends), question.limits.chain_depth):
        code = "VND-TRUST-018" if one.self_issued else "VND-TRUST-010"
        findings.append(Finding.error(code, None, subject=one.subject, issuer=one.issuer))
        if not one.self_issued:  # an algorithm that nothing here can check looks like a missing issuer
            findings += question.algorithms.judge(
                hash_name=one.hash_name, key=None, claimed_time=one.not_before, location=one.subject
            )
    return _indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, *findings)


# With one of these the path ends in nothing that could issue, so the rest is not worth telling.
_NO_AUTHORITY = frozenset({"VND-TRUST-014", "VND-TRUST-015", "VND-TRUST-016"})


def _judge(path: tuple[Certificate, ...], question: _Question) -> PathVerdict:
    problems, used = list(constraint_problems(path, question.purpose)), list[Statement]()
    if not any(finding.code in _NO_AUTHORITY for _, finding in problems):
        problems += [*_algorithms(path, question), *_times(path, question)]
        asks = not any(problem[0] for problem in problems)
        problems += _revocation(path, question, used, asks=asks)
    met = {sub for sub, _ in problems}
    sub = next((one for one in _PRECEDENCE if one in met), None)
    return PathVerdict(
        conclusion=Conclusion.PASSED if sub is None else Conclusion.INDETERMINATE,
        sub_indication=sub,
        path=tuple(one.der for one in path),
        findings=tuple(finding for _, finding in problems),
        evidence=evidence_of(used),
        responders=responders_of(used),
    )


def evidence_of(used: Iterable[Statement]) -> RevocationData:
    """Give the octets of statements, each once."""
    found = list(used)
    return RevocationData(
        crls=tuple(dict.fromkeys(one.der for one in found if not one.is_ocsp)),
        ocsps=tuple(dict.fromkeys(one.der for one in found if one.is_ocsp)),
    )


def responders_of(used: Iterable[Statement]) -> tuple[bytes, ...]:
    """Give the certificates of the OCSP responders that made statements, each once."""
    return tuple(dict.fromkeys(one.responder.der for one in used if one.responder is not None))


def constraint_problems(path: tuple[Certificate, ...], purpose: Purpose) -> Iterator[Problem]:
    """Judge what does not depend on a time: who may issue, and what the certificate is for."""
    found = [*_authorities(path), *_critical(path), *_purpose(path[0], purpose)]
    yield from found
    if not any(finding.code in _NO_AUTHORITY for _, finding in found):
        yield from _constraints(path)


def _chain_problem(code: str, subject: Certificate, **facts: str | int | list[str]) -> Problem:
    finding = Finding.error(code, None, subject=subject.subject, **facts)
    return SubIndication.CHAIN_CONSTRAINTS_FAILURE, finding


def _authorities(path: tuple[Certificate, ...]) -> Iterator[Problem]:
    """Judge what issues: RFC 5280, clause 6.1.4 (k) to (n); the anchor is held to it as well."""
    left: int | None = None
    for one in reversed(path[1:]):
        if not one.is_ca:
            yield _chain_problem("VND-TRUST-014", one)
        if one.key_usage is not None and not one.key_usage.key_cert_sign:
            yield _chain_problem("VND-TRUST-016", one, seen=_usage_names(one.key_usage))
        if left is not None and not one.self_issued:
            if left == 0:
                yield _chain_problem("VND-TRUST-015", one)
            left = max(left - 1, 0)
        if one.path_length is not None:
            left = one.path_length if left is None else min(left, one.path_length)


def _purpose(leaf: Certificate, purpose: Purpose) -> Iterator[Problem]:
    usage = leaf.key_usage
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        yield _chain_problem("VND-TRUST-017", leaf, seen=_usage_names(usage))
    extended = leaf.extended_usage
    if purpose is Purpose.TIMESTAMP:
        if extended != (_TIME_STAMPING,) or not _usage_is_critical(leaf):
            yield _chain_problem(
                "VND-TRUST-042", leaf, seen=list(extended or ()), critical=_usage_is_critical(leaf)
            )
    elif extended is not None and _DOCUMENT_SIGNING.isdisjoint(extended):
        yield _chain_problem("VND-TRUST-019", leaf, seen=list(extended))


def _usage_is_critical(leaf: Certificate) -> bool:
    return any(one.critical for one in leaf.parsed.extensions if one.oid == ExtensionOID.EXTENDED_KEY_USAGE)


def _critical(path: tuple[Certificate, ...]) -> Iterator[Problem]:
    for one in path:
        if one.unknown_critical:
            yield _chain_problem("VND-TRUST-041", one, seen=list(one.unknown_critical))


def _constraints(path: tuple[Certificate, ...]) -> Iterator[Problem]:
    if len(path) == 1 or not any(one.constrained for one in path):
        return
    cause = constraint_failure(path)
    if cause is not None:
        yield _chain_problem("VND-TRUST-040", path[0], cause=cause)


def _algorithms(path: tuple[Certificate, ...], question: _Question) -> Iterator[Problem]:
    anchor = path[-1]
    for one in path:
        findings = question.algorithms.judge(
            hash_name=None if one is anchor else one.hash_name,
            key=_UNKNOWN_KEY if one.public_key is None else one.public_key,
            claimed_time=one.not_before,
            location=one.subject,
        )
        for finding in findings:
            refused = finding.severity is Severity.ERROR
            yield SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE if refused else None, finding


def _times(path: tuple[Certificate, ...], question: _Question) -> Iterator[Problem]:
    for one in path:
        if not one.not_before <= question.at <= one.not_after:
            yield SubIndication.OUT_OF_BOUNDS_NO_POE, out_of_bounds(one, question.at)


def out_of_bounds(subject: Certificate, at: dt.datetime) -> Finding:
    """Give the finding for a certificate that is not valid at a time."""
    return Finding.error(
        "VND-TRUST-013",
        None,
        subject=subject.subject,
        not_before=subject.not_before.isoformat(),
        not_after=subject.not_after.isoformat(),
        at=at.isoformat(),
    )


def _revocation(
    path: tuple[Certificate, ...], question: _Question, used: list[Statement], *, asks: bool
) -> Iterator[Problem]:
    inquiry = question.inquiry if asks else attrs.evolve(question.inquiry, asks=False)
    for position, (subject, issuer) in enumerate(pairwise(path)):
        answer = check_revocation(subject, issuer, inquiry, at=question.at, is_leaf=position == 0)
        used += answer.used
        sub: SubIndication | None = None
        if answer.status is Status.REVOKED:
            sub = SubIndication.REVOKED_CA_NO_POE if position else SubIndication.REVOKED_NO_POE
        elif answer.status is Status.UNKNOWN and question.inquiry.required:
            sub = SubIndication.TRY_LATER
        for finding in answer.findings:
            yield sub if finding.severity is Severity.ERROR else None, finding


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def _usage_names(usage: x509.KeyUsage) -> list[str]:
    return [name for name in _USAGES if getattr(usage, name)]
