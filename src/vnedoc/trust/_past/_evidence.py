"""What is needed to judge a signature later, when its authorities do not answer any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import attrs

from vnedoc.errors import SigningError
from vnedoc.model import Conclusion, Limits, RevocationData, Severity
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust._algorithms import AlgorithmPolicy
from vnedoc.trust._certificates import certificate as parsed_certificate
from vnedoc.trust._past._existence import ProofsOfExistence
from vnedoc.trust._past._standing import validate_certificate
from vnedoc.trust._path import Purpose
from vnedoc.trust._status import CarriedRevocation, Inquiry, statements
from vnedoc.trust._stores import RevocationStore


@attrs.frozen(kw_only=True)
class Evidence(RevocationData):
    """Certificates and revocation data that together say that a certificate was good.

    Attributes:
        certificates: DER, the certificate itself first, then up to and with the anchor, then OCSP responders.
        crls: Revocation lists that decided, DER.
        ocsps: OCSP responses that decided, DER.
    """

    certificates: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    def __or__(self, other: Evidence) -> Evidence:
        """Give both together, each piece once."""
        return Evidence(
            certificates=tuple(dict.fromkeys((*self.certificates, *other.certificates))),
            crls=tuple(dict.fromkeys((*self.crls, *other.crls))),
            ocsps=tuple(dict.fromkeys((*self.ocsps, *other.ocsps))),
        )


def collect_evidence(
    certificate: bytes,
    *,
    hints: Sequence[bytes] = (),
    trust: TrustSource,
    revocation: RevocationSource,
    at: dt.datetime,
    algorithms: AlgorithmPolicy | None = None,
    limits: Limits | None = None,
    purpose: Purpose = Purpose.DOCUMENT,
    existed: dt.datetime | None = None,
    poe: ProofsOfExistence | None = None,
) -> Evidence:
    """Give what proves that a certificate is good: pieces that were found right, and each that is needed.

    Where the revocation source can fetch, it is asked for what is missing.

    Args:
        certificate: Of a signer or of a time-stamping authority, DER.
        hints: Certificates that the document carries, DER.
        trust: Where trust starts.
        revocation: Revocation data at hand.
        at: The time to judge for, with zone; that of *poe* where it is given.
        algorithms: What counts as strong enough; the strict table by default.
        limits: As for ``validate_path``.
        purpose: What the certificate is for.
        existed: When what the certificate made is proven to have existed: a certificate that is not good any
            more at *at* is then judged for that time.
        poe: Further proofs of existence, for *existed*.

    Raises:
        SigningError: ``VND-TRUST-046`` when the certificate is not proven to be good; its facts name the
            reason and the findings.
    """
    standing = validate_certificate(
        certificate,
        hints=hints,
        trust=trust,
        revocation=revocation,
        require_revocation=True,
        algorithms=algorithms or AlgorithmPolicy(),
        limits=limits or Limits(),
        poe=poe or ProofsOfExistence(at),
        existed=existed,
        purpose=purpose,
    )
    reason, data = standing.sub_indication, standing.evidence
    if standing.conclusion is not Conclusion.PASSED:
        errors = [one for one in standing.findings if one.severity is Severity.ERROR]
        subject = next((str(one.facts["subject"]) for one in errors if "subject" in one.facts), None)
        raise SigningError(
            "VND-TRUST-046",
            f"there is no complete proof that this certificate is good: {subject or 'unreadable'}",
            hint="give its authorities, and revocation lists or OCSP answers of each of them",
            facts={
                "subject": subject,
                "reason": None if reason is None else reason.value,
                "codes": sorted({one.code for one in errors}),
            },
        )
    return Evidence(
        certificates=tuple(dict.fromkeys((*standing.path, *standing.responders))),
        crls=data.crls,
        ocsps=data.ocsps,
    )


def evidence_suffices(
    path: Sequence[bytes],
    data: RevocationData,
    *,
    time: dt.datetime,
    helpers: Sequence[bytes],
    algorithms: AlgorithmPolicy,
    limits: Limits,
) -> bool:
    """Tell whether *data* alone says that each certificate of *path* but the anchor was good at *time*.

    Data that was made later says so too, unless the certificate had expired by then. Certificates between
    the first and the anchor must be among *helpers*.

    Args:
        path: DER, the certificate first, the anchor last; an empty one suffices for nothing.
        data: What a signature carries.
        time: For which it is asked, with zone.
        helpers: Certificates that the signature carries, DER.
        algorithms: What the signatures over the data must meet.
        limits: ``crl_bytes``.
    """
    if not path or not set(path[1:-1]) <= set(helpers):
        return False
    inquiry = Inquiry(
        source=CarriedRevocation(data, RevocationStore()),
        required=True,
        algorithms=algorithms,
        limits=limits,
        helpers=helpers,
        existed=lambda _: time,
    )
    for subject, issuer in pairwise(map(parsed_certificate, path)):
        found, _, _ = statements(subject, issuer, inquiry, inquiry.at_hand, time)
        if not any(
            one.clears
            and (one.revoked_at is None or one.revoked_at > time)
            and (one.is_current(time) or (one.issued >= time and one.speaks_of_expired(subject)))
            for one in found
        ):
            return False
    return True
