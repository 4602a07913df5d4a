"""What a signature still lacks to be judged later: certificates and revocation data, each once."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import attrs

from vnedoc.dsig import CarriedTimestamp
from vnedoc.errors import SigningError, VnedocError
from vnedoc.model import Limits, RevocationData, SubIndication
from vnedoc.protocols import RevocationSource, TrustSource, ValidationData
from vnedoc.trust import (
    AlgorithmPolicy,
    CarriedRevocation,
    CmsFault,
    ProofsOfExistence,
    Purpose,
    RevocationStore,
    TimestampToken,
    check_token,
    identity_of,
)


class Collector(Protocol):
    """Gives what a verifier needs to judge a certificate; ``vnedoc.trust.collect_evidence`` is one."""

    def __call__(
        self,
        certificate: bytes,
        *,
        hints: Sequence[bytes],
        trust: TrustSource,
        revocation: RevocationSource,
        at: dt.datetime,
        algorithms: AlgorithmPolicy | None,
        limits: Limits | None,
        purpose: Purpose,
        existed: dt.datetime | None,
        poe: ProofsOfExistence | None,
    ) -> ValidationData:
        """Collect it; raises a ``VnedocError`` that says what is missing."""


@attrs.frozen(kw_only=True)
class Bundle:
    """Values without repetition, in the order in which they came.

    Attributes:
        certificates: DER.
        crls: DER.
        ocsps: DER.
    """

    certificates: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    crls: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.certificates or self.crls or self.ocsps)

    def plus(self, *others: ValidationData) -> Bundle:
        """Give all of them together."""
        return Bundle(
            certificates=_once(self.certificates, *(one.certificates for one in others)),
            crls=_once(self.crls, *(one.crls for one in others)),
            ocsps=_once(self.ocsps, *(one.ocsps for one in others)),
        )

    def less(self, other: ValidationData) -> Bundle:
        """Give what *other* does not have."""
        return Bundle(
            certificates=tuple(one for one in self.certificates if one not in other.certificates),
            crls=tuple(one for one in self.crls if one not in other.crls),
            ocsps=tuple(one for one in self.ocsps if one not in other.ocsps),
        )


def _once(*groups: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(one for group in groups for one in group))


@attrs.frozen(kw_only=True)
class Evidence:
    """Collects for one signature.

    Attributes:
        collect: How.
        trust: Anchors, and certificates that help.
        revocation: Revocation data, at hand or fetched.
        at: The time for which it must be good.
        algorithms: What counts as strong enough, and until when.
        limits: Bounds on the work.
        carried: What the signature carries already.
        held: What was collected for it before.
        tokens: Its time stamps whose imprints are right, each with what it covers, in the document's order.
    """

    collect: Collector
    trust: TrustSource
    revocation: RevocationSource
    at: dt.datetime
    algorithms: AlgorithmPolicy
    limits: Limits
    carried: Bundle
    held: Bundle = Bundle()
    tokens: Sequence[tuple[CarriedTimestamp, TimestampToken]]
    _poe: ProofsOfExistence = attrs.field(init=False)

    @_poe.default
    def _no_proofs(self) -> ProofsOfExistence:
        return ProofsOfExistence(self.at)

    def stamped(self) -> bool:
        """Tell whether a time stamp over the signature counts, as far as can be proven now."""
        return any(
            stamp.kind == "signature" and not isinstance(found, SigningError)
            for stamp, _, found in self._walk()
        )

    def before_stamp(self, certificate: bytes | None) -> Bundle:
        """Give what the signer needs now, while there is no time stamp over the signature yet.

        Raises:
            SigningError: As ``of_all``: a new time stamp would be wasted, as what it needs is not to be had.
        """
        wrong = [(stamp, found) for stamp, _, found in self._walk() if isinstance(found, SigningError)]
        fatal = [found for stamp, found in wrong if _is_missed(stamp, found)]
        return self._signers(certificate, self.at, fatal, [found for _, found in wrong])

    def of_all(self, certificate: bytes | None) -> tuple[Bundle, Bundle]:
        """Give what a verifier needs for the signer, and what it needs for the time stamps.

        Raises:
            SigningError: ``VND-SIGN-083`` when something is missing, ``VND-SIGN-057`` when a certificate was
                revoked, ``VND-SIGN-084`` when no time stamp over the signature is left.
        """
        of_stamps, existed = Bundle(), None
        over_signature = False
        failures: list[SigningError] = []
        fatal: list[SigningError] = []
        for stamp, token, found in self._walk():
            if isinstance(found, SigningError):
                # It counts for nothing then. That may be so for one of several over the same.
                (fatal if _is_missed(stamp, found) else failures).append(found)
                continue
            of_stamps = of_stamps.plus(found)
            over_signature = over_signature or stamp.kind == "signature"
            if stamp.proves_signature:
                existed = token.time
        if not over_signature:
            fatal += failures or [unusable_stamp("there is none over the signature")]
        return self._signers(certificate, existed, fatal), of_stamps

    def _signers(
        self,
        certificate: bytes | None,
        existed: dt.datetime | None,
        fatal: Sequence[SigningError],
        named: Sequence[SigningError] = (),
    ) -> Bundle:
        """Give what the signer needs, unless that or anything else is missing: then all of it is named.

        Args:
            certificate: The signer's.
            existed: When the signature is proven to have existed.
            fatal: What is missing for the time stamps.
            named: What is named with it though it alone would not matter.
        """
        found, failed = Bundle(), list(fatal)
        if certificate is not None:
            try:
                found = self._of(certificate, Purpose.DOCUMENT, existed, ())
            except SigningError as error:
                failed.append(error)
        if failed:
            raise _together([*named, *(one for one in failed if one not in named)])
        return found

    def _walk(self) -> Iterator[tuple[CarriedTimestamp, TimestampToken, Bundle | SigningError]]:
        """Give with each time stamp what its authority needs, or why it does not count.

        The last comes first: it proves what an earlier one, and the signer, may need.
        """
        for stamp, token in sorted(self.tokens, key=lambda one: one[1].time, reverse=True):
            found: Bundle | SigningError
            try:
                found = self._of_token(token)
            except SigningError as error:
                found = error
            else:
                self._poe.add_digests(stamp.proves, token.time)
            yield stamp, token, found

    def _of_token(self, token: TimestampToken) -> Bundle:
        """Give what is needed for the authority of a time stamp, less what stands in the token."""
        signer = authority_of(token, self.carried.certificates)
        known = self._poe.of(token.der)
        if known is not None:
            for piece in (*token.certificates, *token.crls, *token.ocsps):
                self._poe.add(piece, known)
        found = self._of(signer, Purpose.TIMESTAMP, known, token.certificates, token)
        inside = [one for one in token.certificates if one == signer]
        return found.less(Bundle(certificates=tuple(inside), crls=token.crls, ocsps=token.ocsps))

    def _of(
        self,
        certificate: bytes,
        purpose: Purpose,
        existed: dt.datetime | None,
        hints: Sequence[bytes],
        inside: ValidationData | None = None,
    ) -> Bundle:
        carried = self.carried.plus(self.held) if inside is None else self.carried.plus(self.held, inside)
        data = RevocationData(crls=carried.crls, ocsps=carried.ocsps)

        def collected(source: RevocationSource) -> Bundle:
            found = self.collect(
                certificate,
                hints=(*hints, *self.carried.certificates, *self.held.certificates),
                trust=self.trust,
                revocation=CarriedRevocation(data, source),
                at=self.at,
                algorithms=self.algorithms,
                limits=self.limits,
                purpose=purpose,
                existed=existed,
                poe=self._poe,
            )
            return Bundle().plus(found)

        with contextlib.suppress(VnedocError):
            return collected(RevocationStore())  # what is there already is enough
        try:
            return collected(self.revocation)
        except VnedocError as error:
            raise _missing(certificate, error) from error


def _is_missed(stamp: CarriedTimestamp, error: SigningError) -> bool:
    """Tell whether an archive time stamp only lacks revocation data, which is to be had another time.

    One whose authority is not trusted, or was revoked, demands nothing: anybody can put one in, and what it
    alone could prove is missed where it is needed.
    """
    cause = error.__cause__
    reason = cause.facts.get("reason") if isinstance(cause, VnedocError) else None
    return stamp.kind.startswith("archive") and reason == SubIndication.TRY_LATER.value


def authority_of(token: TimestampToken, others: Iterable[bytes] = ()) -> bytes:
    """Give the certificate whose key signed a time stamp.

    Raises:
        SigningError: ``VND-SIGN-084``.
    """
    try:
        return check_token(token, others).certificate
    except CmsFault as fault:
        raise unusable_stamp(f"its own signature is not right: {fault}") from fault


def unusable_stamp(cause: str) -> SigningError:
    """Give the error for a time stamp that proves nothing about this signature."""
    return SigningError(
        "VND-SIGN-084",
        f"the time stamp cannot be used: {cause}",
        hint="ask the time-stamping authority again, or another one",
        facts={"cause": cause},
    )


def _missing(certificate: bytes, error: VnedocError) -> SigningError:
    subject = error.facts.get("subject")
    if not isinstance(subject, str):
        try:
            subject = identity_of(certificate).subject
        except VnedocError:
            subject = f"SHA-256 {hashlib.sha256(certificate).hexdigest()}"
    codes = error.facts.get("codes")
    reasons = ", ".join(str(one) for one in codes) if isinstance(codes, list) else ""
    cause = f"{error.code}: {reasons or error.message}"
    if str(error.facts.get("reason")).startswith("REVOKED"):
        return SigningError(
            "VND-SIGN-057",
            f"the certificate {subject} was revoked: {cause}",
            hint="sign again with a certificate that is good, or ask the authority that revoked this one",
            facts={"certificate": subject, "certificates": [subject], "cause": cause},
        )
    return _lacking([subject], cause)


def _lacking(certificates: list[str], cause: str) -> SigningError:
    return SigningError(
        "VND-SIGN-083",
        f"validation data is missing for: {'; '.join(certificates)}: {cause}",
        hint="give their issuers' certificates and current revocation data, or a source that fetches them",
        facts={"certificate": certificates[0], "certificates": list(certificates), "cause": cause},
    )


def _together(failures: Sequence[SigningError]) -> SigningError:
    """Give one error for all: a revoked certificate comes first, as no data will mend that."""
    first = next((one for one in failures if one.code == "VND-SIGN-057"), failures[0])
    lacking = [one for one in failures if one.code == "VND-SIGN-083"]
    if first.code != "VND-SIGN-083" or len(lacking) == 1:
        return first
    names = dict.fromkeys(str(one.facts["certificate"]) for one in lacking)
    causes = dict.fromkeys(str(one.facts["cause"]) for one in lacking)
    return _lacking(list(names), "; ".join(causes))
