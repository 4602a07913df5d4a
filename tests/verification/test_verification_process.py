"""Signatures with time stamps (EN 319 102-1, clauses 5.5 and 5.6), for a format that lives in memory."""

import datetime as dt
import hashlib
import itertools
import time

import attrs
import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import root, rsa_key
from trust_tokens import answer, responder, token, tsa

from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Covered, Level, Severity, SignatureFormat, SubIndication, TimeSource
from vnedoc.trust import (
    AlgorithmPolicy,
    Evidence,
    Purpose,
    RevocationStore,
    TrustStore,
    Work,
    collect_evidence,
    read_token,
)
from vnedoc.verification import Core, Policy, judge

DAY = dt.timedelta(days=1)
YEAR = 365 * DAY
SIGNED = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
FAR = dt.datetime(2034, 12, 31, 17, tzinfo=dt.UTC)  # 2035-01-01T00:00:00+07:00
VALUE = b"gia tri chu ky"


def sha256(octets):
    return hashlib.sha256(octets).digest()


@attrs.frozen(kw_only=True, eq=False)
class Stamp:
    """A time stamp over octets at hand."""

    kind: str
    token: bytes | None
    covered: bytes = VALUE
    location: str = "tai cho"
    proves_signature: bool = True
    proves: frozenset = frozenset()
    broken: Exception | None = None

    def imprint(self, hash_name):
        if self.broken:
            raise self.broken
        return hashlib.new(hash_name, self.covered).digest()


class Pki:
    """A root of thirty years, an authority of eight, a signer of two, and authorities of time stamps."""

    def __init__(self, *, signer_key=None):
        start = SIGNED - YEAR
        self.root = root(not_before=start, not_after=start + 30 * YEAR)
        self.ca = self.root.authority("Cấp phát", not_before=start, not_after=start + 8 * YEAR)
        window = {"not_before": start, "not_after": SIGNED + YEAR}
        self.signer = self.ca.issue("Nguyễn Văn An", key=signer_key, **window)
        self.tsa = tsa(self.ca, not_before=start, not_after=SIGNED + 2 * YEAR)
        self.middle_tsa = tsa(self.root, "Cấp dấu thời gian dài hạn", not_before=start, not_after=FAR + YEAR)

    @property
    def trust(self):
        return TrustStore.from_der([self.root.der])

    def crls(self, at, *, revoked=(), root_revoked=()):
        """Give the lists of the root and of the authority as published on the day before *at*."""
        this, following = at - DAY, at + 29 * DAY
        return (
            self.root.crl(root_revoked, this=this, following=following),
            self.ca.crl(revoked, this=this, following=following),
        )

    def policy(self, at, *crls, **more):
        return Policy.strict(trust=self.trust, revocation=RevocationStore.from_der(crls), at=at, **more)


@pytest.fixture(scope="module")
def pki():
    return Pki()


def core(pki, *stamps, values=None, **more):
    fields = {
        "id": "s",
        "where": "document",
        "format": SignatureFormat.XADES,
        "level": Level.B_B,
        "certificate": pki.signer.der,
        "certificates": (pki.signer.der, pki.ca.der),
        "signing_time": SIGNED,
        "time_source": TimeSource.CLAIMED,
        "hash_names": ("sha256",),
        "covers": (Covered("/a"),),
        "covers_whole": True,
        "timestamps": stamps,
        "values": values,
    }
    return Core(**{**fields, **more})


def stamp(maker, time, *, kind="signature", covered=VALUE, proves=(), proves_signature=True, **more):
    return Stamp(
        kind=kind,
        token=token(maker, covered, time, **more),
        covered=covered,
        proves=frozenset(map(sha256, proves)),
        proves_signature=proves_signature,
    )


def archive(maker, time, pieces, **more):
    """Make an archive time stamp over the value and all *pieces*."""
    covered = b"".join((VALUE, *pieces))
    return stamp(maker, time, kind="archive-141", covered=covered, proves=pieces, **more)


def said(report):
    return (
        report.conclusion.value,
        None if report.sub_indication is None else report.sub_indication.value,
    )


def codes(report):
    return {one.code for one in report.findings}


PASSED = ("PASSED", None)


# --- with time ------------------------------------------------------------------------------------


def test_a_signature_time_stamp_gives_the_time_and_the_level(pki):
    at = SIGNED + 2 * DAY
    report = judge(core(pki, stamp(pki.tsa, SIGNED + DAY)), pki.policy(at, *pki.crls(at)))
    assert said(report) == PASSED
    assert report.signing_time == SIGNED + DAY
    assert report.time_source is TimeSource.TIMESTAMP
    assert report.level is Level.B_T
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("VND-SIG-103", Severity.INFO)


def test_of_several_the_earliest_counts(pki):
    at = SIGNED + 9 * DAY
    stamps = [stamp(pki.tsa, SIGNED + number * DAY) for number in (5, 2, 7)]
    report = judge(core(pki, *stamps), pki.policy(at, *pki.crls(at)))
    assert report.signing_time == SIGNED + 2 * DAY


def test_without_one_nothing_changes(pki):
    at = SIGNED + 2 * DAY
    report = judge(core(pki), pki.policy(at, *pki.crls(at)))
    assert said(report) == PASSED
    assert (report.signing_time, report.time_source, report.level) == (
        SIGNED, TimeSource.CLAIMED, Level.B_B,
    )  # fmt: skip


REVOKED_AT = SIGNED + 20 * DAY


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (REVOKED_AT - DAY, PASSED),
        (REVOKED_AT, PASSED),
        (REVOKED_AT + dt.timedelta(seconds=1), ("INDETERMINATE", "REVOKED_NO_POE")),
        (None, ("INDETERMINATE", "REVOKED_NO_POE")),
    ],
)
def test_a_signer_that_was_revoked_later(pki, time, expected):
    """Threat F08: a time stamp after the revocation proves nothing."""
    at = SIGNED + 40 * DAY
    lists = pki.crls(at, revoked=[(pki.signer, REVOKED_AT)])
    stamps = () if time is None else (stamp(pki.tsa, time),)
    report = judge(core(pki, *stamps), pki.policy(at, *lists))
    assert said(report) == expected
    assert ("VND-SIG-107" in codes(report)) is (expected == PASSED)
    if expected == PASSED:
        assert not [one for one in report.findings if one.severity is Severity.ERROR]


def test_a_signer_that_was_revoked_later_by_ocsp(pki):
    at = SIGNED + 40 * DAY
    revoked = answer(pki.signer, pki.ca, revoked=REVOKED_AT, this=at - DAY, following=at + DAY)
    source = RevocationStore.from_der(pki.crls(at), [revoked])
    policy = Policy.strict(trust=pki.trust, revocation=source, at=at)
    assert said(judge(core(pki, stamp(pki.tsa, SIGNED)), policy)) == PASSED
    assert said(judge(core(pki), policy)) == ("INDETERMINATE", "REVOKED_NO_POE")


def test_an_authority_that_was_revoked_later_leaves_nothing_without_an_archive_stamp(pki):
    """Whoever has its key may have made the list on the signer, and its age is proven by nobody."""
    at = SIGNED + 40 * DAY
    lists = pki.crls(at, root_revoked=[(pki.ca, REVOKED_AT)])
    outside = tsa(pki.root, not_before=SIGNED - YEAR, not_after=SIGNED + YEAR)
    report = judge(core(pki, stamp(outside, SIGNED)), pki.policy(at, *lists))
    assert said(report) == ("INDETERMINATE", "REVOKED_CA_NO_POE")
    assert "VND-TRUST-049" in codes(report)


AFTER = SIGNED + YEAR + 10 * DAY
BEFORE_END = SIGNED + YEAR - 5 * DAY


def test_an_expired_signer_with_proof_of_time_and_of_status(pki):
    last_list = pki.ca.crl(this=BEFORE_END, following=BEFORE_END + 30 * DAY)
    root_list, _ = pki.crls(AFTER)
    fresh = pki.ca.crl(this=AFTER - DAY, following=AFTER + 29 * DAY)
    policy = pki.policy(AFTER, root_list, last_list, fresh)
    report = judge(core(pki, stamp(pki.tsa, SIGNED)), policy)
    assert said(report) == PASSED
    assert said(judge(core(pki), policy)) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_a_list_from_after_the_end_says_nothing_of_an_expired_signer(pki):
    """RFC 5280, clause 3.3: entries may be removed once the certificate has expired."""
    report = judge(core(pki, stamp(pki.tsa, SIGNED)), pki.policy(AFTER, *pki.crls(AFTER)))
    assert said(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    (finding,) = (one for one in report.findings if one.code == "VND-TRUST-049")
    assert "expired-dropped" in finding.facts["causes"]


def test_a_list_that_keeps_the_expired_says_it(pki):
    kept = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    root_list, _ = pki.crls(AFTER)
    lists = [root_list, pki.ca.crl(this=AFTER - DAY, following=AFTER + DAY, extensions=[(kept, False)])]
    assert said(judge(core(pki, stamp(pki.tsa, SIGNED)), pki.policy(AFTER, *lists))) == PASSED


def test_an_expired_signer_whose_time_is_proven_too_late_or_too_early(pki):
    root_list, _ = pki.crls(AFTER)
    lists = (
        root_list,
        pki.ca.crl(this=BEFORE_END, following=AFTER + DAY),
        pki.ca.crl(this=AFTER - DAY, following=AFTER + DAY),
    )
    late = judge(core(pki, stamp(pki.tsa, SIGNED + YEAR + DAY)), pki.policy(AFTER, *lists))
    assert said(late) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    young = pki.ca.issue("B", not_before=SIGNED + DAY, not_after=SIGNED + YEAR)
    report = judge(core(pki, stamp(pki.tsa, SIGNED), certificate=young.der), pki.policy(AFTER, *lists))
    assert said(report) == ("FAILED", "NOT_YET_VALID")


# --- what does not count (F06, F07) ---------------------------------------------------------------


def test_a_claimed_time_proves_nothing(pki):
    """Threat F06: back-dated into the life of an expired certificate."""
    report = judge(core(pki, signing_time=SIGNED), pki.policy(AFTER, *pki.crls(AFTER)))
    assert said(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    assert report.time_source is TimeSource.CLAIMED


def bad_stamps(pki):
    stranger = root("Gốc lạ", not_before=SIGNED - YEAR, not_after=SIGNED + 9 * YEAR)
    other = stamp(pki.tsa, SIGNED, covered=b"chu ky khac")
    return {
        "other data": (attrs.evolve(other, covered=VALUE), "HASH_FAILURE"),
        "unknown authority": (stamp(tsa(stranger), SIGNED), "NO_CERTIFICATE_CHAIN_FOUND"),
        "no purpose": (stamp(pki.signer, SIGNED), "CHAIN_CONSTRAINTS_FAILURE"),
        "another key": (stamp(pki.tsa, SIGNED, key=pki.ca.key), "SIG_CRYPTO_FAILURE"),
        "future": (stamp(pki.tsa, AFTER + DAY), "TIMESTAMP_ORDER_FAILURE"),
        "weak hash": (stamp(pki.tsa, SIGNED, hash_name="sha1"), "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    }


@pytest.mark.parametrize(
    "case", ["other data", "unknown authority", "no purpose", "another key", "future", "weak hash"]
)
def test_a_time_stamp_that_does_not_count_is_a_finding_and_no_proof(pki, case):
    """Threat F07."""
    bad, reason = bad_stamps(pki)[case]
    at = SIGNED + 2 * DAY
    good_now = judge(core(pki, bad), pki.policy(at, *pki.crls(at)))
    assert said(good_now) == PASSED
    assert (good_now.level, good_now.time_source) == (Level.B_B, TimeSource.CLAIMED)
    finding = next(one for one in good_now.findings if one.code == "VND-SIG-104")
    assert finding.severity is Severity.WARNING
    assert finding.facts["reason"] == reason
    assert not [one for one in good_now.findings if one.severity is Severity.ERROR]
    lists = pki.crls(AFTER, revoked=[(pki.signer, REVOKED_AT)])
    revoked = judge(core(pki, bad), pki.policy(AFTER, *lists))
    assert said(revoked) == ("INDETERMINATE", "REVOKED_NO_POE")


def test_octets_that_are_no_token_and_imprints_that_cannot_be_computed(pki):
    at = SIGNED + 2 * DAY
    good = stamp(pki.tsa, SIGNED)
    missing = DecodeError("VND-DSIG-001", "tep goc khong co")
    stamps = [
        attrs.evolve(good, token=b"rac"),
        attrs.evolve(good, token=None),
        attrs.evolve(good, broken=missing),
        good,
    ]
    report = judge(core(pki, *stamps), pki.policy(at, *pki.crls(at)))
    assert said(report) == PASSED
    assert report.level is Level.B_T
    errors = [one.facts["error"] for one in report.findings if one.code == "VND-SIG-105"]
    assert sorted(errors) == ["VND-DSIG-001", "VND-TRUST-043"]


def test_a_broken_signature_is_not_mended_by_a_time_stamp(pki):
    at = SIGNED + 2 * DAY
    broken = core(
        pki,
        stamp(pki.tsa, SIGNED),
        conclusion=Conclusion.FAILED,
        sub_indication=SubIndication.HASH_FAILURE,
    )
    report = judge(broken, pki.policy(at, *pki.crls(at)))
    assert said(report) == ("FAILED", "HASH_FAILURE")
    assert report.time_source is TimeSource.CLAIMED


# --- order ----------------------------------------------------------------------------------------


def content(pki, time):
    return attrs.evolve(stamp(pki.tsa, time, kind="content", covered=b"noi dung"), proves_signature=False)


@pytest.mark.parametrize(("content_day", "expected"), [(0, PASSED), (1, PASSED), (3, None)])
def test_a_content_time_stamp_must_not_be_younger_than_the_signature(pki, content_day, expected):
    """EN 319 102-1, clause 5.5.4: the times of time stamps must not contradict each other."""
    at = SIGNED + 5 * DAY
    stamps = [content(pki, SIGNED + content_day * DAY), stamp(pki.tsa, SIGNED + DAY)]
    report = judge(core(pki, *stamps), pki.policy(at, *pki.crls(at)))
    assert said(report) == (expected or ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE"))
    assert ("VND-SIG-106" in codes(report)) is (expected is None)


def test_a_content_time_stamp_alone_gives_no_time_of_signing(pki):
    at = SIGNED + 5 * DAY
    report = judge(core(pki, content(pki, SIGNED)), pki.policy(at, *pki.crls(at)))
    assert (said(report), report.level, report.time_source) == (PASSED, Level.B_B, TimeSource.CLAIMED)


@pytest.mark.parametrize("kind", ["refs-only", "sig-and-refs"])
def test_stamps_over_references_come_after_the_signature(pki, kind):
    at = SIGNED + 5 * DAY
    over = attrs.evolve(stamp(pki.tsa, SIGNED, kind=kind), proves_signature=kind == "sig-and-refs")
    report = judge(core(pki, stamp(pki.tsa, SIGNED + DAY), over), pki.policy(at, *pki.crls(at)))
    assert said(report) == ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")


# --- for the long term ----------------------------------------------------------------------------


def evidence(pki, at, **more):
    """Collect what B-LT carries, as augmenting does."""
    source = RevocationStore.from_der(pki.crls(at))
    settings = {"hints": [pki.ca.der], "trust": pki.trust, "revocation": source, "at": at, **more}
    return collect_evidence(pki.signer.der, **settings) | collect_evidence(
        pki.tsa.der, **settings, purpose=Purpose.TIMESTAMP
    )


def archived(pki, at, *, maker=None, count=1):
    """Make a signature with a time stamp, its evidence, and an archive time stamp."""
    first = stamp(pki.tsa, SIGNED)
    values = evidence(pki, at)
    pieces = (first.token, *values.certificates, *values.crls, *values.ocsps)
    return core(pki, first, archive(maker or pki.middle_tsa, at, pieces), values=values, level=Level.B_LTA)


def test_values_that_suffice_make_it_b_lt(pki):
    at = SIGNED + 2 * DAY
    values = evidence(pki, at)
    assert set(values.certificates) >= {pki.signer.der, pki.ca.der, pki.tsa.der}
    carried = core(pki, stamp(pki.tsa, SIGNED), values=values, certificates=(), level=Level.B_LT)
    report = judge(carried, pki.policy(at))  # nothing at hand but what the signature carries
    assert said(report) == PASSED
    assert report.level is Level.B_LT
    assert "VND-SIG-108" not in codes(report)


@pytest.mark.parametrize("lacking", ["crls", "certificates"])
def test_values_that_do_not_suffice_are_told(pki, lacking):
    at = SIGNED + 2 * DAY
    values = attrs.evolve(evidence(pki, at), **{lacking: ()})
    carried = core(pki, stamp(pki.tsa, SIGNED), values=values, level=Level.B_LT, certificates=())
    policy = Policy.strict(
        trust=TrustStore.from_der([pki.root.der], [pki.ca.der]),
        revocation=RevocationStore.from_der(pki.crls(at)),
        at=at,
    )
    report = judge(carried, policy)
    assert said(report) == PASSED
    assert report.level is Level.B_T
    assert "VND-SIG-108" in codes(report)


def test_values_are_not_trusted_by_themselves(pki):
    """Threat E15: a root and a list that a document brings along."""
    own_root = root("Gốc tự mang", not_before=SIGNED - YEAR, not_after=SIGNED + YEAR)
    own = own_root.issue("Nguyễn Văn An", not_before=SIGNED - YEAR, not_after=SIGNED + YEAR)
    values = Evidence(certificates=(own.der, own_root.der), crls=(own_root.crl(this=SIGNED - DAY),))
    carried = core(pki, values=values, certificate=own.der, certificates=(own.der, own_root.der))
    at = SIGNED + 2 * DAY
    assert said(judge(carried, pki.policy(at, *pki.crls(at)))) == (
        "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND",
    )  # fmt: skip
    forged = pki.ca.crl([], this=at, following=at + DAY, key=pki.signer.key)
    lists = pki.crls(at, revoked=[(pki.signer, SIGNED - DAY)])
    report = judge(core(pki, values=Evidence(crls=(forged,))), pki.policy(at, *lists))
    assert said(report) == ("INDETERMINATE", "REVOKED_NO_POE")


def far_policy(pki):
    """Judge for 2035 with the root's own list of that day."""
    return pki.policy(FAR, pki.root.crl(this=FAR - DAY, following=FAR + DAY))


def test_before_augmenting_it_is_undecided_in_2035_and_after_it_passes(pki):
    at = SIGNED + 2 * DAY
    plain, timed = core(pki), core(pki, stamp(pki.tsa, SIGNED))
    long_term = core(pki, stamp(pki.tsa, SIGNED), values=evidence(pki, at))
    for before in (plain, timed, long_term):
        assert said(judge(before, far_policy(pki))) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    after = archived(pki, at)
    report = judge(after, far_policy(pki))
    assert said(report) == PASSED
    assert report.level is Level.B_LTA
    assert report.signing_time == SIGNED
    assert report.time_source is TimeSource.TIMESTAMP
    assert not [one for one in report.findings if one.severity is Severity.ERROR]


def test_an_archive_stamp_whose_own_authority_is_unknown_today_proves_nothing(pki):
    after = archived(pki, SIGNED + 2 * DAY)
    report = judge(after, pki.policy(FAR))  # no data of 2035
    assert said(report) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    assert "VND-SIG-108" in codes(report)
    assert report.level is Level.B_B


@pytest.mark.parametrize("left_out", ["token", "certificates", "crls"])
def test_what_the_archive_stamp_does_not_cover_is_not_proven(pki, left_out):
    at = SIGNED + 2 * DAY
    whole = archived(pki, at)
    first, last = whole.timestamps
    gone = {"token": [first.token], "certificates": whole.values.certificates, "crls": whole.values.crls}
    fewer = last.proves - set(map(sha256, gone[left_out]))
    report = judge(attrs.evolve(whole, timestamps=(first, attrs.evolve(last, proves=fewer))), far_policy(pki))
    if left_out == "token":  # the archive stamp itself still proves the signature, two days later
        assert said(report) == PASSED
        assert report.signing_time == at
        assert report.level is Level.B_B
    else:
        assert report.conclusion is Conclusion.INDETERMINATE


def renewed(pki):
    """Make a second archive stamp, shortly before the authority of the first one expires."""
    at = SIGNED + 2 * DAY
    early = archived(pki, at, maker=pki.tsa)
    first, second = early.timestamps
    again = SIGNED + 2 * YEAR - 10 * DAY
    lists = pki.crls(again)
    pieces = (first.token, second.token, *early.values.certificates, *early.values.crls, *lists)
    values = attrs.evolve(early.values, crls=(*early.values.crls, *lists))
    return attrs.evolve(
        early, timestamps=(first, second, archive(pki.middle_tsa, again, pieces)), values=values
    )


def test_renewed_archive_stamps_carry_each_other(pki):
    """EN 319 102-1, clause 5.6.3: from the last to the first, each proving what the one before needs."""
    twice = renewed(pki)
    report = judge(twice, far_policy(pki))
    assert said(report) == PASSED
    assert report.level is Level.B_LTA
    assert report.signing_time == SIGNED
    assert [one.code for one in report.findings].count("VND-SIG-103") == 3
    without_last = attrs.evolve(twice, timestamps=twice.timestamps[:2])
    assert said(judge(without_last, far_policy(pki))) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_place_of_a_time_stamp_in_the_document_changes_nothing(pki, order):
    twice = renewed(pki)
    moved = attrs.evolve(twice, timestamps=tuple(twice.timestamps[one] for one in order))
    assert said(judge(moved, far_policy(pki))) == PASSED


@given(gone=st.sets(st.integers(0, 9), max_size=6), dropped=st.sets(st.integers(0, 2), min_size=1))
@settings(max_examples=60, deadline=None)
def test_taking_proofs_away_never_makes_it_pass(gone, dropped):
    """EN 319 102-1, clause 5.6.2.4: PASSED needs the proofs; fewer of them never prove more."""
    pki = _shared()
    twice = renewed(pki)
    values = attrs.evolve(
        twice.values,
        crls=tuple(one for number, one in enumerate(twice.values.crls) if number not in gone),
    )
    stamps = tuple(one for number, one in enumerate(twice.timestamps) if number not in dropped)
    late = twice.timestamps[2]
    report = judge(attrs.evolve(twice, timestamps=stamps, values=values), far_policy(pki))
    if late not in stamps:
        assert report.conclusion is Conclusion.INDETERMINATE
    assert report.level is not Level.B_LTA or twice.timestamps[0] in stamps


_SHARED = []


def _shared():
    if not _SHARED:
        _SHARED.append(Pki())
    return _SHARED[0]


def test_an_archive_stamp_after_the_revocation_does_not_help(pki):
    at = SIGNED + 30 * DAY
    lists = pki.crls(at, revoked=[(pki.signer, REVOKED_AT)])
    values = Evidence(certificates=(pki.ca.der, pki.tsa.der, pki.signer.der), crls=lists)
    pieces = (*values.certificates, *values.crls)
    late = core(pki, archive(pki.middle_tsa, at, pieces), values=values)
    assert said(judge(late, far_policy(pki)))[0] == "INDETERMINATE"
    timed = stamp(pki.tsa, SIGNED)
    early = core(pki, timed, archive(pki.middle_tsa, at, (timed.token, *pieces)), values=values)
    assert said(judge(early, far_policy(pki))) == PASSED


@pytest.mark.parametrize(("days", "expected"), [(2, "PASSED"), (500, "INDETERMINATE")])
def test_an_authority_that_was_compromised_is_overcome_by_older_proofs_only(pki, days, expected):
    """Threat E02 for the past: a revoked authority's own data counts when it is proven to be older."""
    compromised = SIGNED + 400 * DAY
    first, values = stamp(pki.middle_tsa, SIGNED), evidence(pki, SIGNED + 2 * DAY)
    pieces = (first.token, *values.certificates, *values.crls)
    after = core(pki, first, archive(pki.middle_tsa, SIGNED + days * DAY, pieces), values=values)
    at = SIGNED + 600 * DAY
    lists = pki.root.crl([(pki.ca, compromised)], this=at - DAY, following=at + DAY)
    assert judge(after, pki.policy(at, lists)).conclusion.value == expected


def test_a_flood_of_time_stamps_certificates_and_lists_stays_cheap(pki):
    """A hostile document: each token brings look-alikes of its authority, and data that does not decide."""
    at = SIGNED + 2 * DAY
    alike = [tsa(pki.ca, not_before=SIGNED - YEAR, not_after=SIGNED + YEAR) for _ in range(30)]
    stamps = [
        stamp(pki.tsa, SIGNED + DAY / 50 * number, certificates=[*alike, pki.tsa]) for number in range(50)
    ]
    values = Evidence(
        certificates=(pki.ca.der, *(one.der for one in alike)),
        crls=tuple(pki.ca.crl(this=SIGNED - DAY * number) for number in range(1, 100)),
        ocsps=tuple(answer(pki.signer, pki.ca, key=pki.signer.key) for _ in range(100)),
    )
    start = time.monotonic()
    report = judge(core(pki, *stamps, values=values), pki.policy(at, *pki.crls(at)))
    assert time.monotonic() - start < 5
    assert said(report) == PASSED
    assert report.signing_time == SIGNED


# --- algorithms of an era -------------------------------------------------------------------------


def test_an_old_document_is_saved_by_an_old_time_stamp_and_a_new_archive_stamp():
    """RSA-2048 with SHA-1 of 2015, stamped then, archived in 2026, judged strictly in 2035."""
    made = dt.datetime(2015, 6, 1, tzinfo=dt.UTC)
    top = root(not_before=made - YEAR, not_after=FAR + YEAR)
    signer = top.issue("A", key=rsa_key(2048), not_before=made - YEAR, not_after=made + 4 * YEAR)
    maker = tsa(top, not_before=made - YEAR, not_after=made + 13 * YEAR)
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    new = tsa(top, "Dấu thời gian mới", not_before=now - YEAR, not_after=FAR + YEAR)
    lists = (
        top.crl(this=made + 3 * YEAR, following=made + 3 * YEAR + 30 * DAY),
        top.crl(this=now - DAY, following=now + 29 * DAY),
    )
    first = stamp(maker, made + DAY)
    values = Evidence(certificates=(signer.der, maker.der, top.der), crls=lists)
    pieces = (first.token, *values.certificates, *lists)
    fields = {
        "id": "s", "where": "document", "format": SignatureFormat.XADES, "level": Level.B_T,
        "certificate": signer.der, "certificates": (signer.der,), "signing_time": made,
        "hash_names": ("sha1",), "covers_whole": True, "values": values,
    }  # fmt: skip
    policy = Policy.strict(
        trust=TrustStore.from_der([top.der]),
        revocation=RevocationStore.from_der([top.crl(this=FAR - DAY, following=FAR + DAY)]),
        at=FAR,
    )
    before = judge(Core(**fields, timestamps=(first,)), policy)
    assert before.conclusion is Conclusion.INDETERMINATE
    after = judge(Core(**fields, timestamps=(first, archive(new, now, pieces))), policy)
    assert said(after) == PASSED
    assert after.level is Level.B_LTA
    assert "VND-TRUST-047" in codes(after)
    # Stamped only after the collision of 2017, it may be anybody's.
    late = stamp(maker, made + 3 * YEAR)
    pieces = (late.token, *values.certificates, *lists)
    report = judge(Core(**fields, timestamps=(late, archive(new, now, pieces))), policy)
    assert said(report) == ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert "VND-TRUST-048" in codes(report)


def test_md5_is_never_saved(pki):
    after = attrs.evolve(archived(pki, SIGNED + 2 * DAY), hash_names=("md5",))
    assert said(judge(after, far_policy(pki))) == ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


# --- OCSP inside ----------------------------------------------------------------------------------


def test_tokens_bring_their_own_revocation_data(pki):
    at = SIGNED + 2 * DAY
    root_list, ca_list = pki.crls(at)
    helper = responder(pki.ca, not_before=SIGNED - YEAR, not_after=SIGNED + YEAR)
    status = answer(pki.tsa, pki.ca, by=helper, this=at - DAY, following=at + DAY)
    inside = stamp(pki.tsa, SIGNED, crls=[root_list], ocsps=[status], certificates=[pki.tsa, pki.ca])
    signer_status = answer(pki.signer, pki.ca, by=helper, this=at - DAY, following=at + DAY)
    policy = Policy.strict(trust=pki.trust, revocation=RevocationStore.from_der([], [signer_status]), at=at)
    report = judge(core(pki, inside), policy)
    assert said(report) == PASSED
    assert report.level is Level.B_T
    assert read_token(inside.token).ocsps == (status,)
    assert ca_list  # the authority's own list was not needed


# --- what proves too much -------------------------------------------------------------------------


def young(pki, *stamps, **more):
    """Make a signature whose certificate was issued at SIGNED and not before."""
    signer = pki.ca.issue("Nguyễn Văn An", not_before=SIGNED, not_after=SIGNED + YEAR)
    fields = {"certificate": signer.der, "certificates": (signer.der, pki.ca.der), **more}
    return core(pki, *stamps, **fields)


def test_what_is_older_than_the_certificate_was_made_by_nobody(pki):
    """EN 319 102-1, clauses 5.5.4 and 5.6.2.4: best-signature-time before the certificate: NOT_YET_VALID."""
    at = SIGNED + 2 * DAY
    policy = pki.policy(at, *pki.crls(at))
    early = stamp(pki.tsa, SIGNED - dt.timedelta(seconds=1))
    for stamps in ((early,), (early, stamp(pki.tsa, SIGNED + DAY))):
        report = judge(young(pki, *stamps, level=Level.B_T), policy)
        assert said(report) == ("FAILED", "NOT_YET_VALID")
        assert "VND-TRUST-053" in codes(report)
        assert (report.signing_time, report.time_source) == (SIGNED, TimeSource.CLAIMED)
        assert report.level is Level.B_B
    report = judge(young(pki, stamp(pki.tsa, SIGNED), level=Level.B_T), policy)
    assert (said(report), report.level, report.signing_time) == (PASSED, Level.B_T, SIGNED)


def test_a_revoked_signer_whose_stamp_is_older_than_its_certificate(pki):
    at = SIGNED + 2 * DAY
    report = judge(core(pki, stamp(pki.tsa, SIGNED - DAY)), pki.policy(at, *pki.crls(at)))
    assert said(report) == PASSED
    signer = pki.ca.issue("Nguyễn Văn An", not_before=SIGNED, not_after=SIGNED + YEAR)
    signed = young(pki, stamp(pki.tsa, SIGNED - DAY), certificate=signer.der)
    report = judge(signed, pki.policy(at, *pki.crls(at, revoked=[(signer, SIGNED + DAY)])))
    assert said(report) == ("FAILED", "NOT_YET_VALID")


def test_a_stamp_older_than_the_certificate_makes_no_old_hash_strong(pki):
    at = SIGNED + 2 * DAY
    algorithms = AlgorithmPolicy(hashes_until=(("sha1", SIGNED + DAY),))
    policy = attrs.evolve(pki.policy(at, *pki.crls(at)), algorithms=algorithms)
    good = judge(young(pki, stamp(pki.tsa, SIGNED), hash_names=("sha1",)), policy)
    assert said(good) == PASSED
    assert "VND-TRUST-047" in codes(good)
    report = judge(young(pki, stamp(pki.tsa, SIGNED - DAY), hash_names=("sha1",)), policy)
    assert "VND-TRUST-020" in codes(report)
    assert "VND-TRUST-047" not in codes(report)


@pytest.mark.parametrize("left_out", ["certificates", "crls"])
def test_evidence_that_no_archive_stamp_covers_is_not_archived(pki, left_out):
    at = SIGNED + 2 * DAY
    whole = archived(pki, at)
    first, last = whole.timestamps
    policy = pki.policy(at, *pki.crls(at))
    assert judge(whole, policy).level is Level.B_LTA
    pieces = {"certificates": whole.values.certificates, "crls": whole.values.crls}
    del pieces[left_out]
    early = archive(pki.middle_tsa, at, (first.token, *itertools.chain(*pieces.values())))
    report = judge(attrs.evolve(whole, timestamps=(first, early)), policy)
    assert (said(report), report.level) == (PASSED, Level.B_LT)
    assert "VND-SIG-108" in codes(report)
    again = judge(attrs.evolve(whole, timestamps=(first, early, last)), policy)
    assert again.level is Level.B_LTA


def test_old_lists_do_not_stand_in_for_new_ones(pki):
    """EN 319 102-1, clause 5.6.2.2.4: data from before the signature does not speak of it."""
    at = SIGNED + 60 * DAY
    fresh = pki.crls(at)[0]
    stamps = [stamp(pki.middle_tsa, SIGNED)]  # its authority needs the root's list alone
    old = judge(core(pki, *stamps), pki.policy(at, fresh, pki.crls(SIGNED)[1]))
    assert said(old) == ("INDETERMINATE", "TRY_LATER")
    later = judge(core(pki, *stamps), pki.policy(at, fresh, pki.crls(SIGNED + 2 * DAY)[1]))
    assert said(later) == PASSED


# --- what many cost together ----------------------------------------------------------------------


def test_time_stamps_of_all_signatures_are_counted_together(pki):
    at = SIGNED + 2 * DAY
    policy = pki.policy(at, *pki.crls(at))
    work = Work(1000, 2)
    signed = core(pki, stamp(pki.tsa, SIGNED), level=Level.B_T)
    assert [judge(signed, policy, work).level for _ in range(3)] == [Level.B_T, Level.B_T, Level.B_B]
    report = judge(signed, policy, work)
    assert [one.facts for one in report.findings if one.code == "VND-SIG-109"] == [{"allowed": 2}]
    assert judge(signed, policy).level is Level.B_T


def test_paths_of_all_signatures_are_counted_together(pki):
    at = SIGNED + 2 * DAY
    policy = pki.policy(at, *pki.crls(at))
    work = Work(3, 10)
    others = [
        pki.ca.issue(f"Người thứ {one}", not_before=SIGNED - DAY, not_after=SIGNED + YEAR) for one in range(3)
    ]
    signed = [core(pki, certificate=one.der, certificates=(one.der, pki.ca.der)) for one in others]
    assert [said(judge(one, policy, work)) for one in signed[:2]] == [PASSED, PASSED]
    for _ in range(2):  # and what the budget ended is not remembered
        refused = judge(signed[2], policy, work)
        assert said(refused) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
        (finding,) = [one for one in refused.findings if one.code == "VND-TRUST-012"]
        assert (finding.facts["limit"], finding.facts["allowed"]) == ("chain_checks", 3)
    assert said(judge(signed[0], policy, work)) == PASSED  # nothing new is asked
    assert said(judge(signed[2], policy)) == PASSED
