"""A certificate now, and where that does not do, then: the order of EN 319 102-1, clauses 5.5.4 and 5.6.3."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs

from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Finding, Limits, RevocationData, Severity, SubIndication
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import certificate as parsed_certificate
from vnedoc.trust._past._existence import ProofsOfExistence
from vnedoc.trust._past._sliding import PastVerdict, validate_past
from vnedoc.trust._path import PathVerdict, Purpose, validate_path
from vnedoc.trust._work import Work

PAST_REASONS = frozenset(
    {
        SubIndication.TRY_LATER,
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    }
)
"""What a proof of existence may overcome (EN 319 102-1, clause 5.6.2.4)."""


_NOTHING = RevocationData()


@attrs.frozen(kw_only=True)
class Standing:
    """What a certificate is worth, at the time of validation or when something that it made existed.

    Attributes:
        conclusion: PASSED, INDETERMINATE or FAILED.
        sub_indication: Why it is not PASSED.
        path: DER, the certificate first, the anchor last.
        findings: What led to the conclusion.
        evidence: The revocation data that decided.
        responders: Certificates of the OCSP responders among it, DER.
        set_aside: Codes of what holds for the present only; ``None`` when the present is what counts.
    """

    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    path: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    evidence: RevocationData = attrs.field(default=_NOTHING, repr=False)
    responders: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    set_aside: tuple[str, ...] | None = None


def validate_certificate(
    certificate: bytes,
    *,
    hints: Sequence[bytes] = (),
    trust: TrustSource,
    revocation: RevocationSource,
    require_revocation: bool,
    algorithms: AlgorithmPolicy,
    limits: Limits,
    poe: ProofsOfExistence,
    existed: dt.datetime | None,
    purpose: Purpose = Purpose.DOCUMENT,
    freshness: dt.timedelta | None = None,
    work: Work | None = None,
) -> Standing:
    """Judge a certificate now (``validate_path``), and if need be for the past (``validate_past``).

    Args:
        certificate: DER.
        hints: Certificates that the document carries, DER; they help and are never trusted.
        trust: Where trust starts.
        revocation: Revocation data at hand, that of the document included.
        require_revocation: Without data that decides the answer is INDETERMINATE.
        algorithms: What counts as strong enough, and until when.
        limits: As for ``validate_path``.
        poe: What existed when; its ``at`` is the time of validation.
        existed: When what the certificate made is proven to have existed, with zone; ``None`` for no proof,
            and then only the present counts.
        purpose: What the certificate is judged for.
        freshness: As for ``validate_path``.
        work: As for ``validate_path``.
    """
    now = validate_path(
        certificate,
        hints=hints,
        trust=trust,
        revocation=revocation,
        require_revocation=require_revocation,
        at=poe.at,
        algorithms=algorithms,
        limits=limits,
        purpose=purpose,
        freshness=freshness,
        work=work,
    )
    if existed is None or (now.sub_indication is not None and now.sub_indication not in PAST_REASONS):
        return _standing(now, now.findings)
    early = made_too_early(certificate, existed)
    if early is not None:
        return attrs.evolve(
            _standing(now, (early, *now.findings)),
            conclusion=Conclusion.FAILED,
            sub_indication=SubIndication.NOT_YET_VALID,
        )
    if now.sub_indication is None:
        return _standing(now, now.findings)
    past = validate_past(
        certificate,
        hints=hints,
        trust=trust,
        revocation=revocation,
        require_revocation=require_revocation,
        algorithms=algorithms,
        limits=limits,
        poe=poe,
        existed=existed,
        purpose=purpose,
        freshness=freshness,
        work=work,
        stale_counts=now.sub_indication is not SubIndication.TRY_LATER or not _all_valid(now.path, poe.at),
    )
    if past.conclusion is Conclusion.INDETERMINATE:
        known = [(one.code, one.facts) for one in now.findings]
        more = [one for one in past.findings if (one.code, one.facts) not in known]
        return _standing(now, (*now.findings, *more))
    codes = dict.fromkeys(one.code for one in now.findings if one.severity is Severity.ERROR)
    return attrs.evolve(_standing(past, past.findings), set_aside=tuple(codes))


def made_too_early(certificate: bytes, existed: dt.datetime) -> Finding | None:
    """Give the finding for what is proven to be older than the certificate whose key made it.

    Whoever made it then was not known by this certificate, and a key may be chosen to fit what was stamped
    long before (EN 319 102-1, clauses 5.5.4 and 5.6.2.4).
    """
    try:
        maker = parsed_certificate(certificate)
    except DecodeError:
        return None  # said with the path
    if existed >= maker.not_before:
        return None
    return Finding.error(
        "VND-TRUST-053",
        None,
        subject=maker.subject,
        not_before=maker.not_before.isoformat(),
        proven=existed.isoformat(),
    )


def _all_valid(path: Sequence[bytes], at: dt.datetime) -> bool:
    return all(one.not_before <= at <= one.not_after for one in map(parsed_certificate, path))


def _standing(verdict: PathVerdict | PastVerdict, findings: tuple[Finding, ...]) -> Standing:
    return Standing(
        conclusion=verdict.conclusion,
        sub_indication=verdict.sub_indication,
        path=verdict.path,
        findings=findings,
        evidence=verdict.evidence,
        responders=verdict.responders,
    )
