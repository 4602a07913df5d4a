"""Time stamps, judged: what they stamp, who made them, and since when they are there (EN 319 102-1, 5.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import attrs

from vnedoc.model import Conclusion, Finding, Limits, RevocationData, Severity, SubIndication
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import certificate
from vnedoc.trust._cms import CmsFault, TimestampToken, TokenSigner, check_token
from vnedoc.trust._past._existence import ProofsOfExistence
from vnedoc.trust._past._standing import validate_certificate
from vnedoc.trust._path import Purpose, out_of_bounds
from vnedoc.trust._status import SKEW
from vnedoc.trust._work import Work

_FAULTS: Mapping[str, tuple[Conclusion, SubIndication]] = {
    "digest": (Conclusion.FAILED, SubIndication.HASH_FAILURE),
    "value": (Conclusion.FAILED, SubIndication.SIG_CRYPTO_FAILURE),
    "binding": (Conclusion.FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE),
    "unsupported": (Conclusion.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE),
    "no-certificate": (Conclusion.INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND),
}
_FORMAT = (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)


@attrs.frozen(kw_only=True)
class TokenVerdict:
    """What a time stamp is worth.

    Attributes:
        conclusion: PASSED when it proves that what it stamps existed at *time*.
        sub_indication: Why it does not.
        time: What it says, UTC.
        certificate: Of the authority, DER; ``None`` when it was not found.
        path: DER, the authority first, the anchor last.
        findings: Everything that was seen.
        evidence: The revocation data that decided.
    """

    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    time: dt.datetime
    certificate: bytes | None = attrs.field(default=None, repr=False)
    path: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    evidence: RevocationData = attrs.field(factory=RevocationData, repr=False)

    @property
    def passed(self) -> bool:
        """Whether it proves its time."""
        return self.conclusion is Conclusion.PASSED


def validate_token(
    token: TimestampToken,
    *,
    imprint: bytes,
    hints: Sequence[bytes] = (),
    trust: TrustSource,
    revocation: RevocationSource,
    require_revocation: bool,
    at: dt.datetime,
    algorithms: AlgorithmPolicy,
    limits: Limits,
    poe: ProofsOfExistence | None = None,
    freshness: dt.timedelta | None = None,
    work: Work | None = None,
) -> TokenVerdict:
    """Judge a time stamp: imprint, own signature, authority, algorithms (EN 319 102-1, clause 5.4).

    An authority whose certificate is not good any more is judged for the past when something later proves
    that the token existed while it was (clause 5.6.2.4).

    Args:
        token: What ``read_token`` gave.
        imprint: What it must have stamped, by the token's own hash.
        hints: Further certificates that the document carries, DER.
        trust: Where trust starts, for authorities as for signers.
        revocation: Revocation data at hand; wrap in ``CarriedRevocation`` what the document carries.
        require_revocation: As for ``validate_path``.
        at: The time to judge for, with zone.
        algorithms: What counts as strong enough, and until when.
        limits: As for ``validate_path``.
        poe: What existed when; ``None`` for no proofs.
        freshness: As for ``validate_path``.
        work: As for ``validate_path``.
    """
    proofs = ProofsOfExistence(at) if poe is None else poe
    if token.imprint != imprint:
        finding = Finding.error("VND-TRUST-044", None, hash=token.hash_name)
        return _refused(token, (Conclusion.FAILED, SubIndication.HASH_FAILURE), finding)
    certificates = (*token.certificates[: limits.certificates], *hints)
    try:
        signer = check_token(token, certificates)
    except CmsFault as fault:
        detail = next(iter(fault.facts.values()), None)
        finding = Finding.error("VND-TRUST-045", None, fault=fault.problem, detail=detail)
        return _refused(token, _FAULTS.get(fault.problem, _FORMAT), finding)
    known = proofs.of(token.der)
    problems = [*_times(token, signer, at, known), *_algorithms(signer, algorithms, known)]
    standing = validate_certificate(
        signer.certificate,
        hints=certificates,
        trust=trust,
        revocation=revocation,
        require_revocation=require_revocation,
        algorithms=algorithms,
        limits=limits,
        poe=proofs,
        existed=known,
        purpose=Purpose.TIMESTAMP,
        freshness=freshness,
        work=work,
    )
    conclusion, sub = standing.conclusion, standing.sub_indication
    errors = [problem for problem in problems if problem[1].severity is Severity.ERROR]
    if errors and conclusion is Conclusion.PASSED:
        conclusion, sub = Conclusion.INDETERMINATE, errors[0][0]
    return TokenVerdict(
        conclusion=conclusion,
        sub_indication=sub,
        time=token.time,
        certificate=signer.certificate,
        path=standing.path,
        findings=(*(finding for _, finding in problems), *standing.findings),
        evidence=standing.evidence,
    )


def _refused(
    token: TimestampToken, verdict: tuple[Conclusion, SubIndication], finding: Finding
) -> TokenVerdict:
    conclusion, sub = verdict
    return TokenVerdict(conclusion=conclusion, sub_indication=sub, time=token.time, findings=(finding,))


def _times(
    token: TimestampToken, signer: TokenSigner, at: dt.datetime, known: dt.datetime | None
) -> Iterator[tuple[SubIndication, Finding]]:
    """Refuse a time that cannot be: after the validation, after its own proof, or outside the certificate."""
    latest = at + SKEW if known is None else min(at, known)
    if token.time > latest:
        finding = Finding.error("VND-TRUST-051", None, time=_text(token.time), latest=_text(latest))
        yield SubIndication.TIMESTAMP_ORDER_FAILURE, finding
    maker = certificate(signer.certificate)
    if not maker.not_before <= token.time.replace(microsecond=0) <= maker.not_after:
        yield SubIndication.OUT_OF_BOUNDS_NO_POE, out_of_bounds(maker, token.time)


def _algorithms(
    signer: TokenSigner, algorithms: AlgorithmPolicy, known: dt.datetime | None
) -> Iterator[tuple[SubIndication, Finding]]:
    for name in signer.hash_names:
        for finding in algorithms.judge(
            hash_name=name, key=None, claimed_time=known, location=None, proven=known
        ):
            yield SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding


def _text(time: dt.datetime) -> str:
    return time.isoformat()
