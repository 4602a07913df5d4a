"""Fetching what says whether a certificate was revoked, from where the certificate itself says.

What is fetched is kept only when it is signed by whom it should be, as everybody on the way can change what
http brings. Whether it counts is for the judge. Where a fetch fails there is nothing, and a finding says why.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ObjectIdentifier

from vnedoc.errors import TransientError, VnedocError
from vnedoc.model import Finding, Limits, RevocationData
from vnedoc.protocols import Clock, Fetcher, OcspSource, RevocationSource
from vnedoc.trust._certificates import Certificate, certificate, name_key, quiet
from vnedoc.trust._status import OcspResponse, RevocationList, read_list, read_response
from vnedoc.trust._stores import read_material

Kind: TypeAlias = Literal["ocsp", "crl"]

# A certificate may name many places; no more are tried.
_MOST_PLACES = 3
_MOST_OCTETS_OF_OCSP = 128 * 1024
_MOST_OCTETS_OF_CERTIFICATES = 1024 * 1024
_MOST_KEPT = 256
_MOST_FINDINGS = 64
# What failed is not asked again for so long: a dead server must not cost its time-out for each certificate,
# nor for each of the many addresses that a hostile one may name.
_REST = dt.timedelta(seconds=60)
# However long an answer says that it is right: whoever makes one has to be believed no longer than that.
_LONGEST = dt.timedelta(hours=24)
_NONCE_OCTETS = 32
_CODES: dict[str, str] = {"ocsp": "VND-TRUST-066", "crl": "VND-TRUST-067", "issuer": "VND-TRUST-068"}


class _Unusable(Exception):
    """An answer that is no use, in a word of the catalogue."""


class _Answer(NamedTuple):
    octets: bytes
    next_update: dt.datetime | None
    decided: bool
    """Nothing else needs to be asked."""
    authentic: bool = True
    """Signed by whom it should be, as far as its own certificates show."""


class _Kept(NamedTuple):
    kind: str
    answer: _Answer | None
    """``None``: it failed."""
    until: dt.datetime


class FetchingRevocation:
    """A ``RevocationSource`` that asks for what it does not have: OCSP and CRL, at the certificate's places.

    Kept in memory are answers that the issuer or its responder signed, until their ``nextUpdate`` and for 24
    hours at most. One may be used for many verifications, and from several threads.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        base: RevocationSource | None = None,
        prefer: Kind = "ocsp",
        max_age: dt.timedelta | None = None,
        hash_name: Literal["sha1", "sha256"] = "sha1",
        nonce: bool = False,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Say by what to fetch.

        Args:
            fetcher: Decides what may be fetched at all.
            base: What is at hand already; it is handed on with what is fetched.
            prefer: What is asked for first; the other only when that gives nothing, or OCSP says "unknown".
            max_age: How long an answer is kept at most (``None``: 24 hours), and how long one without
                ``nextUpdate``, which otherwise is not kept.
            hash_name: Names a certificate in OCSP requests. Responders are only bound to understand SHA-1
                there (RFC 5019, clause 2.1.1), where it is no matter of security.
            nonce: Send a number to OCSP responders; when one comes back it must be the same. Many responders
                know none and answer with what they signed before (RFC 9654, clause 2.1).
            clock: Tells how long answers may be kept; default the system's.
            limits: ``crl_bytes`` bounds a revocation list, ``certificates`` a bundle of issuers.
        """
        self._fetcher = fetcher
        self._base = base
        self._order: tuple[Kind, ...] = ("ocsp", "crl") if prefer == "ocsp" else ("crl", "ocsp")
        self._max_age = max_age
        self._hash: hashes.SHA1 | hashes.SHA256 = (
            hashes.SHA256() if hash_name == "sha256" else hashes.SHA1()  # noqa: S303 - a name, not a proof
        )
        self._nonce = nonce
        self._clock = clock
        self._limits = limits or Limits()
        self._kept: dict[tuple[object, ...], _Kept] = {}
        self._findings: list[Finding] = []
        self._lock = threading.Lock()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What could not be fetched, and why, each once."""
        with self._lock:
            return tuple(self._findings)

    def crls(self) -> Sequence[bytes]:
        """Give the revocation lists at hand and those that were fetched so far, DER."""
        at_hand = () if self._base is None else self._base.crls()
        return tuple(dict.fromkeys((*at_hand, *self._fetched("crl"))))

    def ocsps(self) -> Sequence[bytes]:
        """Give the OCSP answers at hand and those that were fetched so far, DER."""
        base: object = self._base
        at_hand = base.ocsps() if isinstance(base, OcspSource) else ()
        return tuple(dict.fromkeys((*at_hand, *self._fetched("ocsp"))))

    def _fetched(self, kind: Kind) -> tuple[bytes, ...]:
        with self._lock:
            return tuple(
                one.answer.octets
                for one in self._kept.values()
                if one.kind == kind and one.answer is not None
            )

    def revocation(self, certificate: bytes, issuer: bytes) -> RevocationData:
        """Give what could be had for a certificate, at its own places; empty when nothing.

        OCSP answers are successful and about this certificate, lists are its issuer's, and both are signed
        by whom they should be. Only where an OCSP answer does not bring its responder's certificate that is
        left open: then it is not kept, and the list is asked for as well. Nothing is raised: see
        ``findings``.

        Args:
            certificate: DER.
            issuer: The certificate of who issued it, DER.
        """
        found: dict[Kind, tuple[bytes, ...]] = {"ocsp": (), "crl": ()}
        with quiet():
            try:
                leaf, by = _parsed(certificate), _parsed(issuer)
            except VnedocError as error:
                self._note(Finding.warning(error.code, None, **error.facts))
                return RevocationData()
            places: dict[Kind, tuple[str, ...]] = {
                "ocsp": _access(leaf, AuthorityInformationAccessOID.OCSP),
                "crl": _distribution_points(leaf),
            }
            if not any(places.values()):
                self._note(Finding.info("VND-TRUST-069", None, subject=leaf.subject))
            for kind in self._order:
                answer = self._first(kind, places[kind], leaf, by)
                if answer is not None:
                    found[kind] = (answer.octets,)
                    if answer.decided:
                        break
        return RevocationData(crls=found["crl"], ocsps=found["ocsp"])

    def fetch_issuer(self, certificate: bytes) -> tuple[bytes, ...]:
        """Give certificates of who issued *certificate*, DER, by its caIssuers (RFC 5280, clause 4.2.2.1).

        They are hints, and never trusted for where they came from. A place may hold one certificate or a
        PKCS#7 bundle; given are those whose subject is the issuer's name. Nothing is raised: see
        ``findings``.
        """
        with quiet():
            try:
                leaf = _parsed(certificate)
            except VnedocError as error:
                self._note(Finding.warning(error.code, None, **error.facts))
                return ()
            for url in _access(leaf, AuthorityInformationAccessOID.CA_ISSUERS):
                found = self._bundle(url, leaf)
                named = tuple(one for one in found if _is_subject(one, leaf))
                if named:
                    return named
                if found:
                    self._failed("issuer", url, leaf, "not for this certificate")
        return ()

    # --- asking -----------------------------------------------------------------------------------

    def _first(self, kind: Kind, places: Iterable[str], leaf: Certificate, by: Certificate) -> _Answer | None:
        for url in places:
            key = (kind, url, leaf.der, by.der) if kind == "ocsp" else (kind, url, by.der)
            kept = self._at_hand(key) or self._resting(url)
            if kept is not None:
                if kept.answer is not None:
                    return kept.answer
                continue
            answer = self._ask(kind, url, leaf, by, key)
            if answer is not None:
                return answer
        return None

    def _ask(
        self, kind: Kind, url: str, leaf: Certificate, by: Certificate, key: tuple[object, ...]
    ) -> _Answer | None:
        try:
            if kind == "ocsp":
                answer = self._ask_ocsp(url, leaf, by)
            else:
                octets = self._fetcher.fetch(
                    url, accept="application/pkix-crl", max_bytes=self._limits.crl_bytes
                )
                answer = _read_crl(octets, leaf, by)
        except VnedocError as error:
            self._rest(kind, url, error)
            self._failed(kind, url, leaf, error.code)
        except Exception as error:  # noqa: BLE001 - whatever the parser raises, it is no answer
            self._keep(key, _Kept(kind, None, self._now() + _REST))
            self._failed(kind, url, leaf, str(error) if isinstance(error, _Unusable) else "malformed")
        else:
            if answer.authentic:
                self._keep(key, _Kept(kind, answer, self._until(answer.next_update)))
            return answer
        return None

    def _ask_ocsp(self, url: str, leaf: Certificate, by: Certificate) -> _Answer:
        builder = ocsp.OCSPRequestBuilder().add_certificate(leaf.parsed, by.parsed, self._hash)
        nonce = secrets.token_bytes(_NONCE_OCTETS) if self._nonce else None
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        octets = self._fetcher.fetch(
            url,
            body=builder.build().public_bytes(Encoding.DER),
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            max_bytes=_MOST_OCTETS_OF_OCSP,
        )
        return _read_ocsp(octets, leaf, by, nonce)

    def _bundle(self, url: str, leaf: Certificate) -> tuple[bytes, ...]:
        if self._resting(url) is not None:
            return ()
        try:
            octets = self._fetcher.fetch(url, max_bytes=_MOST_OCTETS_OF_CERTIFICATES)
            return read_material(octets).certificates[: self._limits.certificates]
        except VnedocError as error:
            self._rest("issuer", url, error)
            self._failed("issuer", url, leaf, error.code)
        except Exception as error:  # noqa: BLE001 - whatever the parser raises, it is no certificate
            self._rest("issuer", url, error)
            self._failed("issuer", url, leaf, "malformed")
        return ()

    # --- remembering ------------------------------------------------------------------------------

    def _now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) if self._clock is None else self._clock.now()

    def _until(self, next_update: dt.datetime | None) -> dt.datetime:
        now = self._now()
        if next_update is None:
            return now if self._max_age is None else now + self._max_age
        return min(next_update, now + (_LONGEST if self._max_age is None else self._max_age))

    def _at_hand(self, key: tuple[object, ...]) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(key)
        return kept if kept is not None and self._now() < kept.until else None

    def _rest(self, kind: str, url: str, error: Exception) -> None:
        """Leave an address alone for a while, and its whole host when that did not answer."""
        key = _host(url) if isinstance(error, TransientError) else url
        self._keep((key,), _Kept(kind, None, self._now() + _REST))

    def _resting(self, url: str) -> _Kept | None:
        return self._at_hand((url,)) or self._at_hand((_host(url),))

    def _keep(self, key: tuple[object, ...], kept: _Kept) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = kept
            if len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]

    def _failed(self, kind: str, url: str, leaf: Certificate, cause: str) -> None:
        # Neither what may be a password nor what may be a key of a query belongs into a report.
        shown = url.partition("?")[0][:200]
        facts = {"subject": leaf.subject, "url": "…" if "@" in shown else shown, "cause": cause}
        self._note(Finding.warning(_CODES[kind], None, **facts))

    def _note(self, finding: Finding) -> None:
        with self._lock:
            if finding not in self._findings and len(self._findings) < _MOST_FINDINGS:
                self._findings.append(finding)


def _host(url: str) -> str:
    """Give scheme and host of an address, as a key."""
    return "/".join(url.split("/", 3)[:3]).lower()


# --- certificates ---------------------------------------------------------------------------------


def _parsed(der: bytes) -> Certificate:
    return certificate(der)


def _http(names: Iterable[x509.GeneralName]) -> tuple[str, ...]:
    """Give the addresses that can be fetched: http and https (RFC 2585, clause 3), in their order."""
    found = (one.value for one in names if isinstance(one, x509.UniformResourceIdentifier))
    usable = dict.fromkeys(one for one in found if one.lower().startswith(("http://", "https://")))
    return tuple(usable)[:_MOST_PLACES]


def _access(leaf: Certificate, method: ObjectIdentifier) -> tuple[str, ...]:
    found = leaf.extension(x509.AuthorityInformationAccess)
    return _http(one.access_location for one in found or () if one.access_method == method)


def _distribution_points(leaf: Certificate) -> tuple[str, ...]:
    """Give the places of lists of the issuer itself; lists that others keep for it are not used."""
    points = leaf.extension(x509.CRLDistributionPoints) or ()
    return _http(name for one in points if not one.crl_issuer for name in one.full_name or ())


def _is_subject(der: bytes, leaf: Certificate) -> bool:
    try:
        return certificate(der).subject_key == leaf.issuer_key
    except VnedocError:
        return False


# --- answers --------------------------------------------------------------------------------------


def _read_crl(octets: bytes, leaf: Certificate, by: Certificate) -> _Answer:
    if octets.lstrip().startswith(b"-----BEGIN X509 CRL-----"):  # against RFC 2585, but it happens
        found = x509.load_pem_x509_crl(octets)
        octets = found.public_bytes(Encoding.DER)
    else:
        found = x509.load_der_x509_crl(octets)
    if name_key(found.issuer) != leaf.issuer_key:
        raise _Unusable("not for this certificate")
    read: RevocationList | None = read_list(octets)
    if read is None or not read.is_signed_by(by):
        raise _Unusable("malformed" if read is None else "signature")
    return _Answer(octets, found.next_update_utc, decided=True)


def _read_ocsp(octets: bytes, leaf: Certificate, by: Certificate, nonce: bytes | None) -> _Answer:
    found = ocsp.load_der_ocsp_response(octets)
    if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise _Unusable(found.response_status.name.lower().replace("_", "-"))
    if nonce is not None:
        sent_back = [one.value.nonce for one in found.extensions if isinstance(one.value, x509.OCSPNonce)]
        if any(one != nonce for one in sent_back):
            raise _Unusable("another nonce")
    for single in found.responses:
        if single.serial_number != leaf.parsed.serial_number:
            continue
        algorithm = single.hash_algorithm
        own = ocsp.OCSPRequestBuilder().add_certificate(leaf.parsed, by.parsed, algorithm).build()
        if (single.issuer_name_hash, single.issuer_key_hash) == (own.issuer_name_hash, own.issuer_key_hash):
            decided = single.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN
            authentic = _is_authentic(read_response(octets), leaf, by)
            return _Answer(octets, single.next_update_utc, decided and authentic, authentic)
    raise _Unusable("not for this certificate")


def _is_authentic(read: OcspResponse | None, leaf: Certificate, by: Certificate) -> bool:
    """Tell whether the issuer or its responder signed an answer; raises when neither did."""
    said = [] if read is None else list(read.says(leaf, by))
    causes = [one for one in said if isinstance(one, str)]
    if causes == ["ocsp-responder-unknown"]:  # its certificate may be among those that a document carries
        return False
    if causes or not said:
        raise _Unusable(causes[0] if causes else "malformed")
    return True
