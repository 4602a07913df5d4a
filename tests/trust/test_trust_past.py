"""Proofs of existence, past validation, evidence (EN 319 102-1, clause 5.6.2), and answers that are kept."""

import datetime as dt
import hashlib

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import AT, DAY, resigned, root, rsa_key
from trust_tokens import answer, responder, tsa

from vnedoc.errors import SigningError, TransientError
from vnedoc.model import Conclusion, Limits, RevocationData
from vnedoc.trust import (
    AlgorithmPolicy,
    CarriedRevocation,
    Evidence,
    ProofsOfExistence,
    Purpose,
    RevocationStore,
    TrustStore,
    _certificates,
    collect_evidence,
    validate_past,
    validate_path,
)
from vnedoc.trust._path import _kept_verdict

LATER = AT + 1000 * DAY


@pytest.fixture(scope="module")
def top():
    return root(not_after=AT + 4000 * DAY)


@pytest.fixture(scope="module")
def leaf(top):
    return top.issue("Lê Văn Cường")


def past(leaf, top, *crls, existed=AT, at=LATER, poe=None, ocsps=(), hints=(), required=True, **more):
    return validate_past(
        leaf if isinstance(leaf, bytes) else leaf.der,
        hints=[one.der for one in hints],
        trust=TrustStore.from_der([top.der]),
        revocation=RevocationStore.from_der(crls, ocsps),
        require_revocation=required,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
        poe=poe or ProofsOfExistence(at),
        existed=existed,
        **more,
    )


def said(verdict):
    return verdict.conclusion.value, None if verdict.sub_indication is None else verdict.sub_indication.value


PASSED = ("PASSED", None)

# --- proofs of existence --------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(-50, 50)), max_size=12))
def test_the_earliest_proof_counts_and_none_is_later_than_the_validation(facts):
    """EN 319 102-1, clause 5.6.2.3: a proof of existence is a time at or before which something was there."""
    poe = ProofsOfExistence(AT)
    for octets, days in facts:
        poe.add(octets, AT + days * DAY)
    for octets in (b"a", b"b"):
        days = [one for name, one in facts if name == octets]
        assert poe.of(octets) == (AT + min(days) * DAY if days else None)
        assert poe.since(octets) == min(AT, *(AT + one * DAY for one in days), AT)


def test_digests_and_octets_are_the_same_thing():
    poe = ProofsOfExistence(AT)
    poe.add_digests([hashlib.sha256(b"a").digest()], AT - DAY)
    assert poe.of(b"a") == AT - DAY


# --- sliding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("proven", [False, True])
def test_what_an_expired_anchor_issues_today_counts_for_no_past(proven):
    """EN 319 102-1, clause 5.6.2.2: its thief can date back certificates and lists, but not a proof."""
    old = root(not_before=AT - 40 * DAY, not_after=AT + 20 * DAY)
    backdated = old.issue("Lê Văn Cường", not_after=AT + 10 * DAY)
    crl = old.crl()
    poe = ProofsOfExistence(LATER)
    if proven:
        for piece in (backdated.der, crl):
            poe.add(piece, AT + DAY)
    verdict = past(backdated, old, crl, poe=poe)
    assert said(verdict) == (PASSED if proven else ("INDETERMINATE", "NO_POE"))
    if not proven:
        assert {one.code for one in verdict.findings} == {"VND-TRUST-049"}


def test_existence_after_the_end_of_the_anchor():
    usage = ("digital_signature", "key_cert_sign", "crl_sign")
    old = root(not_before=AT - 40 * DAY, not_after=AT + 20 * DAY, key_usage=usage)
    assert said(past(old, old, existed=AT)) == PASSED
    assert said(past(old, old, existed=AT + 21 * DAY)) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_an_expired_certificate_whose_last_list_was_made_in_time(top, leaf):
    verdict = past(leaf, top, top.crl())
    assert said(verdict) == PASSED
    assert verdict.control_time == AT + 7 * DAY
    assert verdict.path == (leaf.der, top.der)
    assert len(verdict.evidence.crls) == 1


def test_existence_after_the_control_time_says_what_lowered_it_and_when(top, leaf):
    verdict = past(leaf, top, top.crl(), existed=AT + 8 * DAY)
    assert said(verdict) == ("INDETERMINATE", "NO_POE")
    assert [one.code for one in verdict.findings] == ["VND-TRUST-033", "VND-TRUST-050"]
    assert verdict.findings[1].facts["control_time"] == (AT + 7 * DAY).isoformat()


def test_the_control_time_is_never_later_than_the_certificate(top, leaf):
    verdict = past(leaf, top, top.crl(following=AT + 900 * DAY))
    assert said(verdict) == PASSED
    assert verdict.control_time == AT + 30 * DAY


def test_an_answer_that_keeps_expired_certificates(top, leaf):
    late = answer(leaf, top, this=LATER - DAY, following=LATER + DAY)
    assert said(past(leaf, top, ocsps=[late])) == ("INDETERMINATE", "NO_POE")


def test_nothing_at_hand(top, leaf):
    assert said(past(leaf, top)) == ("INDETERMINATE", "NO_POE")
    assert said(past(leaf, top, required=False)) == PASSED


def test_a_path_that_is_none(top):
    assert said(past(root("Lạ"), top)) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    assert said(past(b"rac", top)) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_constraints_hold_for_the_past_too(top):
    wrong = top.issue("A", key_usage=("key_encipherment",))
    assert said(past(wrong, top, top.crl())) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")
    assert said(past(top.issue("A"), top, top.crl(), purpose=Purpose.TIMESTAMP)) == (
        "INDETERMINATE",
        "CHAIN_CONSTRAINTS_FAILURE",
    )


@settings(deadline=None, max_examples=60)
@given(existed=st.integers(-40, 60), revoked=st.none() | st.integers(-10, 25), made=st.integers(-10, 25))
def test_past_validation_never_says_more_than_was_true(existed, revoked, made):
    """EN 319 102-1, clause 5.6.2: PASSED needs existence inside the validity and before any revocation."""
    top, leaf = _pair()
    this = AT + made * DAY
    entries = [] if revoked is None else [(leaf, AT + revoked * DAY)]
    verdict = past(
        leaf, top, top.crl(entries, this=this, following=this + 7 * DAY), existed=AT + existed * DAY
    )
    if verdict.conclusion is Conclusion.PASSED:
        assert -30 <= existed <= 30
        assert revoked is None or existed <= revoked
        assert existed <= made + 7
    if existed < -30:
        assert said(verdict) == ("FAILED", "NOT_YET_VALID")


_PAIR = []


def _pair():
    if not _PAIR:
        top = root(not_after=AT + 4000 * DAY, not_before=AT - 400 * DAY)
        _PAIR.append((top, top.issue("Lê Văn Cường")))
    return _PAIR[0]


def test_a_responder_must_have_been_good_when_its_answer_is_first_proven(top, leaf):
    helper = responder(top, not_after=AT + 5 * DAY)
    der = answer(leaf, top, by=helper)
    assert said(past(leaf, top, ocsps=[der])) == ("INDETERMINATE", "NO_POE")
    poe = ProofsOfExistence(LATER)
    poe.add(der, AT + DAY)
    verdict = past(leaf, top, ocsps=[der], poe=poe)
    assert said(verdict) == PASSED
    assert verdict.responders == (helper.der,)


class Fetching:
    """A source that has old data and can ask for new."""

    def __init__(self, *crls, found=None):
        self._crls, self._found, self.asked = crls, found, 0

    def crls(self):
        return self._crls

    def revocation(self, certificate, issuer):
        self.asked += 1
        if self._found is None:
            raise TransientError("VND-TRN-001", "nobody there")
        return RevocationData(crls=(self._found,))


def past_of(leaf, top, source, *, hints=(), existed=AT):
    return validate_past(
        leaf.der,
        hints=[one.der for one in hints],
        trust=TrustStore.from_der([top.der]),
        revocation=source,
        require_revocation=True,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
        poe=ProofsOfExistence(LATER),
        existed=existed,
    )


def test_new_data_on_an_authority_is_fetched_for_the_past(top):
    """An expired signer below an authority that is still good: only that needs to be proven today."""
    middle = top.authority("Trung gian", not_after=AT + 3000 * DAY)
    leaf = middle.issue("A")
    old = (top.crl(), middle.crl())
    assert said(past_of(leaf, top, RevocationStore.from_der(old), hints=[middle])) == (
        "INDETERMINATE",
        "NO_POE",
    )
    fresh = top.crl(this=LATER - DAY, following=LATER + DAY)
    source = Fetching(*old, found=fresh)
    verdict = past_of(leaf, top, source, hints=[middle])
    assert said(verdict) == PASSED
    assert fresh in verdict.evidence.crls
    silent = Fetching(*old)
    verdict = past_of(leaf, top, silent, hints=[middle])
    assert said(verdict) == ("INDETERMINATE", "NO_POE")
    assert "VND-TRUST-052" in {one.code for one in verdict.findings}


def test_a_certificate_that_is_younger_than_the_control_time(top):
    """Its authority was revoked, and nothing proves that it was issued before."""
    middle = top.authority("Trung gian", not_after=AT + 3000 * DAY)
    leaf = middle.issue("A")
    lists = (top.crl([(middle, AT + DAY)], this=LATER - DAY, following=LATER + DAY), middle.crl())
    poe = ProofsOfExistence(LATER)
    for crl in lists:
        poe.add(crl, AT)
    assert said(past(leaf, top, *lists, hints=[middle], poe=poe)) == ("INDETERMINATE", "NO_POE")
    poe.add(leaf.der, AT)
    assert said(past(leaf, top, *lists, hints=[middle], poe=poe)) == PASSED


def test_stale_data_is_no_worse_than_none_where_none_is_required(top, leaf):
    verdict = past(leaf, top, top.crl(this=AT - 20 * DAY, following=AT - 10 * DAY), required=False)
    assert said(verdict) == PASSED
    assert [one.code for one in verdict.findings] == ["VND-TRUST-033"]


def test_a_key_that_was_never_strong_enough(top):
    weak = top.issue("A", key=rsa_key(1024), not_before=AT - 30 * DAY)
    verdict = past(weak, top, top.crl())
    assert said(verdict) == ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    curve = top.issue("B", key=ec.generate_private_key(ec.SECP192R1()))
    verdict = past(curve, top, top.crl())
    assert said(verdict) == ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


# --- algorithms with a date -----------------------------------------------------------------------

MADE = dt.datetime(2013, 6, 1, tzinfo=dt.UTC)


def era(**more):
    """Make a root and a signer of 2013."""
    window = {"not_before": MADE - 300 * DAY, "not_after": MADE + 1000 * DAY}
    top = root(**{**window, "not_after": AT + 4000 * DAY}, **more)
    return top, window


@pytest.mark.parametrize(("when", "expected"), [("2013-12-31", PASSED), ("2014-01-02", None)])
def test_a_short_key_lowers_the_control_time(when, expected):
    """RSA-1024 counts where all that it made is proven to be older than its date (NIST SP 800-131A)."""
    top, window = era()
    leaf = top.issue("A", key=rsa_key(1024), **window)
    crl = top.crl(this=MADE + 900 * DAY, following=MADE + 930 * DAY)
    existed = dt.datetime.fromisoformat(when).replace(tzinfo=dt.UTC)
    verdict = past(leaf, top, crl, existed=existed)
    assert said(verdict) == (expected or ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"))
    assert verdict.control_time <= dt.datetime(2014, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(("proven", "expected"), [("2016-06-01", PASSED), (None, None), ("2018-01-01", None)])
def test_a_certificate_under_sha1_must_itself_be_proven_to_be_old(proven, expected):
    """Threat E13: the signature on a certificate is not helped by the age of what the certificate made."""
    top, window = era(key=rsa_key(2048))
    leaf = resigned(top.issue("A", **window), top.key, hash_name="sha1")
    crl = top.crl(this=MADE + 900 * DAY, following=MADE + 930 * DAY)
    poe = ProofsOfExistence(LATER)
    if proven:
        poe.add(leaf.der, dt.datetime.fromisoformat(proven).replace(tzinfo=dt.UTC))
    verdict = past(leaf, top, crl, existed=MADE, poe=poe)
    assert said(verdict) == (expected or ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"))


def test_dates_of_algorithms():
    strict, legacy = AlgorithmPolicy(), AlgorithmPolicy.legacy()
    always = dt.datetime.max.replace(tzinfo=dt.UTC)
    assert strict.reliable_until(hash_name="sha256") == always
    assert strict.reliable_until(hash_name="SHA1") == dt.datetime(2017, 2, 23, tzinfo=dt.UTC)
    assert strict.reliable_until(hash_name="md5") is None
    assert strict.reliable_until(key=rsa_key(2048).public_key()) == always
    assert strict.reliable_until(key=rsa_key(1024).public_key()) == dt.datetime(2014, 1, 1, tzinfo=dt.UTC)
    assert strict.reliable_until(hash_name="sha1", key=rsa_key(1024).public_key()).year == 2014
    assert legacy.reliable_until(hash_name="sha1") == always
    assert legacy.reliable_until(hash_name="md5") is None


@pytest.mark.parametrize(
    ("name", "proven", "code"),
    [
        ("sha1", None, "VND-TRUST-020"),
        ("sha1", "2017-02-22", "VND-TRUST-047"),
        ("sha1", "2017-02-23", "VND-TRUST-048"),
        ("sha224", "2025-08-14", "VND-TRUST-047"),
        ("sha224", "2025-08-15", "VND-TRUST-048"),
        ("md5", "1999-01-01", "VND-TRUST-020"),
        ("sha256", "2016-01-01", None),
    ],
)
def test_a_claim_does_not_stand_for_a_proof(name, proven, code):
    time = None if proven is None else dt.datetime.fromisoformat(proven).replace(tzinfo=dt.UTC)
    found = AlgorithmPolicy().judge(
        hash_name=name,
        key=None,
        claimed_time=dt.datetime(2010, 1, 1, tzinfo=dt.UTC),
        location=None,
        proven=time,
    )
    assert [one.code for one in found] == ([] if code is None else [code])


# --- evidence -------------------------------------------------------------------------------------


def collect(certificate, top, source, *, hints=(), at=AT, **more):
    return collect_evidence(
        certificate.der,
        hints=[one.der for one in hints],
        trust=TrustStore.from_der([top.der]),
        revocation=source,
        at=at,
        **more,
    )


def test_evidence_holds_what_decided_and_nothing_else(top):
    middle = top.authority("Trung gian", not_after=AT + 3000 * DAY)
    leaf, other = middle.issue("A"), root("Khác")
    helper = responder(middle, checked=True)
    status, own = answer(leaf, middle, by=helper, this=AT - DAY / 2), middle.crl()
    source = RevocationStore.from_der(
        [top.crl(), own, other.crl()], [status, answer(other, other), answer(leaf, middle, key=other.key)]
    )
    evidence = collect(leaf, top, source, hints=[middle, other])
    assert evidence.certificates == (leaf.der, middle.der, top.der, helper.der)
    assert evidence.ocsps == (status,)
    assert set(evidence.crls) == {source.crls()[0], own}
    again = validate_path(
        leaf.der,
        hints=evidence.certificates,
        trust=TrustStore.from_der([top.der]),
        revocation=RevocationStore.from_der(evidence.crls, evidence.ocsps),
        require_revocation=True,
        at=AT,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
    )
    assert again.conclusion is Conclusion.PASSED


def test_evidence_of_an_authority_of_time_stamps(top):
    maker = tsa(top)
    source = RevocationStore.from_der([top.crl()])
    assert collect(maker, top, source, purpose=Purpose.TIMESTAMP).crls == source.crls()
    with pytest.raises(SigningError):
        collect(maker, top, source)  # it may not sign documents


@pytest.mark.parametrize(("crls", "reason"), [((), "TRY_LATER"), (("revoked",), "REVOKED_NO_POE")])
def test_evidence_that_is_missing_is_a_typed_error(top, leaf, crls, reason):
    source = RevocationStore.from_der([top.crl([(leaf, AT - DAY)])] if crls else [])
    with pytest.raises(SigningError) as caught:
        collect(leaf, top, source)
    assert caught.value.code == "VND-TRUST-046"
    assert caught.value.facts["reason"] == reason
    assert caught.value.facts["subject"] == "CN=Lê Văn Cường"


def test_evidence_for_a_certificate_that_has_expired(top, leaf):
    source = RevocationStore.from_der([top.crl()])
    with pytest.raises(SigningError):
        collect(leaf, top, source, at=LATER)
    evidence = collect(leaf, top, source, at=LATER, existed=AT)
    assert evidence.crls == source.crls()
    with pytest.raises(SigningError):
        collect(leaf, top, source, at=LATER, existed=AT + 31 * DAY)


def test_two_bundles_make_one():
    first = Evidence(certificates=(b"a", b"b"), crls=(b"1",))
    second = Evidence(certificates=(b"b", b"c"), crls=(b"1",), ocsps=(b"2",))
    assert first | second == Evidence(certificates=(b"a", b"b", b"c"), crls=(b"1",), ocsps=(b"2",))


# --- answers that are kept ------------------------------------------------------------------------


def question(top, leaf, **more):
    settings = {
        "hints": (),
        "trust": TrustStore.from_der([top.der]),
        "revocation": RevocationStore.from_der([top.crl()]),
        "require_revocation": True,
        "at": AT,
        "algorithms": AlgorithmPolicy(),
        "limits": Limits(),
    }
    return leaf.der, {**settings, **more}


def hits(call):
    before = _kept_verdict.cache_info()
    result = call()
    after = _kept_verdict.cache_info()
    return after.hits - before.hits, after.misses - before.misses, result


def test_the_same_question_gets_the_kept_answer(top, leaf):
    der, asked = question(top, leaf)
    validate_path(der, **asked)
    for time in (AT, AT + dt.timedelta(microseconds=5)):
        found, missed, verdict = hits(lambda time=time: validate_path(der, **{**asked, "at": time}))
        assert (found, missed) == (1, 0)
        assert verdict.conclusion is Conclusion.PASSED


@pytest.mark.parametrize(
    "change",
    [
        {"at": AT + dt.timedelta(seconds=1)},
        {"require_revocation": False},
        {"revocation": RevocationStore()},
        {"trust": TrustStore()},
        {"algorithms": AlgorithmPolicy.legacy()},
        {"limits": Limits(chain_depth=3)},
        {"purpose": Purpose.TIMESTAMP},
        {"hints": (b"x",)},
        {"freshness": DAY},
    ],
)
def test_whatever_decides_makes_another_question(top, leaf, change):
    _kept_verdict.cache_clear()
    der, asked = question(top, leaf)
    validate_path(der, **asked)
    found, missed, _ = hits(lambda: validate_path(der, **{**asked, **change}))
    assert (found, missed) == (0, 1)
    other = top.issue("Khác")
    assert hits(lambda: validate_path(other.der, **asked))[1] == 1


def test_a_revocation_counts_at_once(top):
    leaf = top.issue("A")
    der, asked = question(top, leaf)
    assert validate_path(der, **asked).conclusion is Conclusion.PASSED
    newer = RevocationStore.from_der([top.crl([(leaf, AT - DAY)])])
    assert validate_path(der, **{**asked, "revocation": newer}).sub_indication.value == "REVOKED_NO_POE"


def test_nothing_is_kept_where_something_else_may_decide(top, leaf):
    der, asked = question(top, leaf)

    class Mine:
        def crls(self):
            return asked["revocation"].crls()

    for change in (
        {"revocation": Mine()},
        {"revocation": CarriedRevocation(RevocationData(), asked["revocation"])},
        {"hints": (b"x" * 70_000,)},
    ):
        assert hits(lambda change=change: validate_path(der, **{**asked, **change}))[:2] == (0, 0)


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_kept_or_not_the_answer_is_the_same(data):
    """RFC 5280, clause 6: the result is a function of its inputs, and all of them are in the key."""
    top, leaf = _pair()
    seconds = data.draw(st.integers(-40 * 86400, 40 * 86400))
    der, asked = question(top, leaf, at=AT + dt.timedelta(seconds=seconds))
    if data.draw(st.booleans()):
        asked["revocation"] = RevocationStore.from_der([top.crl([(leaf, AT)])])
    first = validate_path(der, **asked)
    assert validate_path(der, **asked) is first

    class Mine:
        def crls(self):
            return asked["revocation"].crls()

    fresh = validate_path(der, **{**asked, "revocation": Mine()})
    assert attrs.asdict(fresh) == attrs.asdict(first)


# --- what is kept -------------------------------------------------------------------------------------


def test_large_certificates_are_not_kept(top):
    """What a document carries stays in memory no longer than its verification, unless it is small."""
    large = top.issue("L" * 60, extensions=[(x509.UnrecognizedExtension(_UNKNOWN, bytes(9000)), False)])
    small = top.issue("Nhỏ")
    assert _certificates.certificate(small.der) is _certificates.certificate(small.der)
    parsed = _certificates.certificate(large.der)
    assert _certificates.certificate(large.der) is not parsed
    before = _certificates._kept_is_signed_by.cache_info().currsize
    assert _certificates.is_signed_by(parsed, _certificates.certificate(top.der))
    assert _certificates._kept_is_signed_by.cache_info().currsize == before


_UNKNOWN = x509.ObjectIdentifier("2.999.7")
