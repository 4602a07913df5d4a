"""OCSP (RFC 6960): whose answer counts, of whom it speaks, and when."""

import datetime as dt
import hashlib

import pytest
from asn1crypto import core, ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import AT, DAY, errors, root
from trust_tokens import NO_CHECK, OCSP_SIGNING, answer, responder

from vnedoc.errors import TransientError
from vnedoc.model import Conclusion, Limits, RevocationData, SubIndication
from vnedoc.trust import (
    AlgorithmPolicy,
    CarriedRevocation,
    RevocationStore,
    TrustStore,
    load_material,
    validate_path,
)

KEY_COMPROMISE = x509.ReasonFlags.key_compromise
HOLD = x509.ReasonFlags.certificate_hold


@pytest.fixture(scope="module")
def top():
    return root()


@pytest.fixture(scope="module")
def leaf(top):
    return top.issue("Trần Thị Bình")


@pytest.fixture(scope="module")
def helper(top):
    return responder(top)


def ask(leaf, top, *ocsps, crls=(), at=AT, required=True, source=None, hints=(), algorithms=None):
    return validate_path(
        leaf.der,
        hints=[one.der for one in hints],
        trust=TrustStore.from_der([top.der]),
        revocation=source or RevocationStore.from_der(crls, ocsps),
        require_revocation=required,
        at=at,
        algorithms=algorithms or AlgorithmPolicy(),
        limits=Limits(),
    )


def passed(verdict):
    return verdict.conclusion is Conclusion.PASSED


def causes(verdict):
    return {cause for one in verdict.findings for cause in one.facts.get("causes", ())}


# --- good, revoked, unknown -----------------------------------------------------------------------


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
def test_an_answer_of_the_issuer_itself(top, leaf, by_name, hash_name):
    der = answer(leaf, top, by_name=by_name, hash_name=hash_name)
    verdict = ask(leaf, top, der)
    assert passed(verdict)
    assert verdict.findings == ()
    assert verdict.evidence == RevocationData(ocsps=(der,))
    assert verdict.responders == ()


@pytest.mark.parametrize("by_name", [True, False])
def test_an_answer_of_a_responder_that_the_issuer_authorised(top, leaf, helper, by_name):
    verdict = ask(leaf, top, answer(leaf, top, by=helper, by_name=by_name))
    assert passed(verdict)
    assert verdict.responders == (helper.der,)


def test_a_responder_whose_certificate_is_elsewhere(top, leaf, helper):
    der = answer(leaf, top, by=helper, certificates=[])
    assert causes(ask(leaf, top, der)) == {"ocsp-responder-unknown"}
    assert passed(ask(leaf, top, der, hints=[helper]))


def test_a_revoked_certificate(top, leaf):
    verdict = ask(leaf, top, answer(leaf, top, revoked=AT - DAY, reason=KEY_COMPROMISE))
    assert verdict.sub_indication is SubIndication.REVOKED_NO_POE
    assert errors(verdict) == {"030"}
    (finding,) = verdict.findings
    assert finding.facts["reason"] == "keyCompromise"
    assert finding.facts["revoked_at"] == (AT - DAY).isoformat()


def test_a_revoked_authority(top):
    middle = top.authority("Trung gian")
    leaf = middle.issue("A")
    revoked = answer(middle, top, revoked=AT - DAY)
    verdict = ask(leaf, top, revoked, answer(leaf, middle), hints=[middle])
    assert verdict.sub_indication is SubIndication.REVOKED_CA_NO_POE


def test_a_revocation_after_the_time_in_question_is_told_and_does_not_count(top, leaf):
    verdict = ask(leaf, top, answer(leaf, top, revoked=AT + DAY))
    assert passed(verdict)
    assert [one.code for one in verdict.findings] == ["VND-TRUST-035"]


def test_a_responder_that_does_not_know_the_certificate(top, leaf):
    verdict = ask(leaf, top, answer(leaf, top, unknown=True))
    assert verdict.sub_indication is SubIndication.TRY_LATER
    assert causes(verdict) == {"ocsp-unknown"}
    assert passed(ask(leaf, top, answer(leaf, top, unknown=True), crls=[top.crl()]))


# --- lists and answers together -------------------------------------------------------------------


def test_a_newer_answer_does_not_undo_a_revocation_in_a_list(top, leaf):
    listed = top.crl([(leaf, AT - 2 * DAY)], this=AT - 2 * DAY)
    assert errors(ask(leaf, top, answer(leaf, top, this=AT - DAY / 2), crls=[listed])) == {"030"}


def test_a_newer_answer_takes_back_a_mere_hold(top, leaf):
    hold = (x509.CRLReason(HOLD), False)
    listed = top.crl([(leaf, AT - 2 * DAY, hold)], this=AT - 2 * DAY)
    assert passed(ask(leaf, top, answer(leaf, top, this=AT - DAY / 2), crls=[listed]))


def test_a_list_that_is_older_than_a_revocation_does_not_help(top, leaf):
    revoked = answer(leaf, top, revoked=AT - DAY / 2, this=AT - DAY / 4)
    assert errors(ask(leaf, top, revoked, crls=[top.crl()])) == {"030"}


# --- who may not answer (E10) ---------------------------------------------------------------------


def test_a_responder_without_the_purpose(top, leaf):
    plain = responder(top, extensions=[NO_CHECK])
    assert causes(ask(leaf, top, answer(leaf, top, by=plain))) == {"ocsp-responder-not-authorised"}


def test_a_responder_that_may_not_sign(top, leaf):
    wrong = responder(top, key_usage=("key_encipherment",))
    assert causes(ask(leaf, top, answer(leaf, top, by=wrong))) == {"ocsp-responder-not-authorised"}


def test_a_responder_of_another_authority_of_the_same_name(top, leaf):
    stranger = root()
    assert stranger.certificate.subject == top.certificate.subject
    der = answer(leaf, top, by=responder(stranger))
    assert causes(ask(leaf, top, der)) == {"ocsp-responder-not-authorised"}


def test_a_responder_that_issued_its_own_certificate(top, leaf):
    """DSS, pdf-self-issued-ocsp."""
    own = root("Tự cấp", extensions=[OCSP_SIGNING, NO_CHECK], key_usage=("digital_signature",))
    assert causes(ask(leaf, top, answer(leaf, top, by=own))) == {"ocsp-responder-not-authorised"}


def test_a_responder_of_an_authority_above_or_below(top):
    middle = top.authority("Trung gian")
    leaf = middle.issue("A")
    der = answer(leaf, middle, by=responder(top))
    verdict = ask(leaf, top, der, crls=[top.crl()], hints=[middle])
    assert causes(verdict) == {"ocsp-responder-not-authorised"}


def test_an_answer_that_another_key_signed(top, leaf, helper):
    for der in (
        answer(leaf, top, key=helper.key),
        answer(leaf, top, by=helper, key=top.key),
    ):
        assert causes(ask(leaf, top, der)) == {"ocsp-signature"}


def test_an_answer_about_another_certificate_says_nothing(top, leaf):
    other = top.issue("B")
    assert errors(ask(leaf, top, answer(other, top))) == {"032"}


def test_an_answer_about_the_same_number_of_another_authority(top, leaf):
    stranger = root("Gốc khác")
    twin = stranger.issue("B", serial=leaf.certificate.serial_number)
    assert errors(ask(leaf, top, answer(twin, stranger))) == {"032"}


# --- the responder's own status -------------------------------------------------------------------


def test_a_responder_that_wants_to_be_checked(top, leaf):
    checked = responder(top, checked=True)
    der = answer(leaf, top, by=checked)
    assert causes(ask(leaf, top, der)) == {"ocsp-responder-unchecked"}
    assert passed(ask(leaf, top, der, required=False))
    own = answer(checked, top, by=checked)
    assert causes(ask(leaf, top, der, own)) == {"ocsp-responder-unchecked"}  # nobody vouches for himself
    by_issuer = answer(checked, top)
    verdict = ask(leaf, top, der, by_issuer)
    assert passed(verdict)
    assert set(verdict.evidence.ocsps) == {der, by_issuer}


def test_a_responder_that_was_revoked_says_nothing_at_all(top, leaf):
    checked = responder(top, checked=True)
    gone = answer(checked, top, revoked=AT - DAY)
    for der in (answer(leaf, top, by=checked), answer(leaf, top, by=checked, revoked=AT - DAY)):
        verdict = ask(leaf, top, der, gone)
        assert causes(verdict) == {"ocsp-responder-revoked"}
        assert verdict.sub_indication is SubIndication.TRY_LATER


def test_a_responder_out_of_its_period(top, leaf):
    old = responder(top, not_before=AT - 20 * DAY, not_after=AT - DAY / 2)
    assert causes(ask(leaf, top, answer(leaf, top, by=old))) == {"ocsp-responder-expired"}
    revoking = answer(leaf, top, by=old, revoked=AT - DAY)
    assert errors(ask(leaf, top, revoking)) == {"030"}  # doubt is no reason to trust


# --- time (E09) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("this", "following", "expected"),
    [
        (AT - DAY, AT, True),
        (AT, AT + DAY, True),
        (AT - 2 * DAY, AT - DAY, False),
        (AT + DAY, AT + 2 * DAY, False),
        (AT - DAY / 48, None, True),  # within the hour
        (AT - DAY, None, False),
        (AT + DAY / 288, AT + DAY, True),  # five minutes ahead: another clock
    ],
)
def test_the_time_that_an_answer_speaks_for(top, leaf, this, following, expected):
    verdict = ask(leaf, top, answer(leaf, top, this=this, following=following))
    assert passed(verdict) is expected
    assert errors(verdict) == (set() if expected else {"033"})


@pytest.mark.parametrize(("hours", "expected"), [(23, False), (24, True), (None, True)])
@pytest.mark.parametrize("kind", ["answer", "list"])
def test_the_freshness_that_a_caller_asks_for(top, leaf, hours, expected, kind):
    """EN 319 102-1, clause 5.2.5: a maximum age overrules what the data allows itself."""
    source = (
        RevocationStore.from_der([], [answer(leaf, top)])
        if kind == "answer"
        else RevocationStore.from_der([top.crl()])
    )
    verdict = validate_path(
        leaf.der,
        trust=TrustStore.from_der([top.der]),
        revocation=source,
        require_revocation=True,
        at=AT,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
        freshness=None if hours is None else dt.timedelta(hours=hours),
    )
    assert passed(verdict) is expected
    assert errors(verdict) == (set() if expected else {"033"})


# --- algorithms -----------------------------------------------------------------------------------


def test_an_answer_under_a_weak_hash_clears_nothing(top, leaf):
    strict = AlgorithmPolicy(hashes=frozenset({"sha384"}), old_hashes=frozenset())
    verdict = ask(leaf, top, answer(leaf, top), algorithms=strict)
    assert "weak-algorithm" in causes(verdict)


# --- octets that are none (E14) -------------------------------------------------------------------


def with_critical_inside(der):
    """Put a critical extension beside the status of one certificate."""
    parsed = ocsp.OCSPResponse.load(der)
    basic = parsed.response_data
    extension = {"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}
    basic["responses"][0]["single_extensions"] = [extension]
    outer = parsed["response_bytes"]["response"].parsed
    outer["tbs_response_data"] = basic
    parsed["response_bytes"]["response"] = core.ParsableOctetString(outer.dump(force=True))
    return parsed.dump(force=True)


def test_a_critical_extension_forbids_the_use(top, leaf):
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    plain = answer(leaf, top, extensions=[(unknown, False)])
    assert passed(ask(leaf, top, plain))
    critical = answer(leaf, top, extensions=[(unknown, True)])
    assert causes(ask(leaf, top, critical)) == {"ocsp-malformed"}
    assert causes(ask(leaf, top, with_critical_inside(answer(leaf, top)))) == {"ocsp-malformed"}


@pytest.mark.parametrize("octets", [b"", b"\x30\x03\x0a\x01\x06", b"\x30\x80\x00\x00", bytes(300 * 1024)])
def test_octets_that_are_no_answer(top, leaf, octets):
    verdict = ask(leaf, top, octets)
    assert verdict.sub_indication is SubIndication.TRY_LATER
    assert causes(verdict) == {"ocsp-malformed"}


def with_singles(der, issuer, count):
    """Say the same so many times, under a right signature."""
    parsed = ocsp.OCSPResponse.load(der)
    outer = parsed["response_bytes"]["response"].parsed
    data = outer["tbs_response_data"]
    data["responses"] = list(data["responses"]) * count
    outer["tbs_response_data"] = data
    outer["signature"] = issuer.key.sign(data.dump(force=True), ec.ECDSA(hashes.SHA256()))
    parsed["response_bytes"]["response"] = core.ParsableOctetString(outer.dump(force=True))
    return parsed.dump(force=True)


@pytest.mark.parametrize("count", [64, 65])
def test_an_answer_about_very_many(top, leaf, count):
    verdict = ask(leaf, top, with_singles(answer(leaf, top), top, count))
    assert passed(verdict) == (count == 64)
    assert causes(verdict) == (set() if count == 64 else {"ocsp-malformed"})


@pytest.mark.parametrize("before", [9, 11])
def test_answers_that_a_document_carries_are_read_up_to_a_size(top, leaf, before):
    carried = (*(bytes([one]) * 200 * 1024 for one in range(before)), answer(leaf, top))
    source = CarriedRevocation(RevocationData(ocsps=carried), RevocationStore())
    assert passed(ask(leaf, top, source=source)) == (before == 9)


@pytest.fixture(scope="module")
def genuine(top, leaf, helper):
    return answer(leaf, top, by=helper)


@given(place=st.integers(0, 100_000), flip=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_a_changed_octet_never_clears(top, leaf, genuine, place, flip):
    """RFC 6960, clause 4.2.1: all that is said is under the signature. Certificates are under their own."""
    der = bytearray(genuine)
    der[place % len(der)] ^= flip
    verdict = ask(leaf, top, bytes(der))
    if passed(verdict):
        assert ocsp.OCSPResponse.load(genuine).response_data.dump() in der


# --- sources --------------------------------------------------------------------------------------


class Fetching:
    """A source that asks, and remembers what it was asked."""

    def __init__(self, found=None, error=None):
        self.asked, self.found, self.error = [], found, error

    def crls(self):
        return ()

    def revocation(self, certificate, issuer):
        self.asked.append((certificate, issuer))
        if self.error:
            raise self.error
        return self.found


def test_a_source_that_fetches_is_asked_where_the_data_does_not_decide(top, leaf):
    source = Fetching(RevocationData(ocsps=(answer(leaf, top),)))
    assert passed(ask(leaf, top, source=source))
    assert source.asked == [(leaf.der, top.der)]


def test_it_is_not_asked_for_a_path_that_fails_anyway(top):
    expired = top.issue("A", not_after=AT - DAY)
    source = Fetching(RevocationData())
    assert ask(expired, top, source=source).sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert source.asked == []


def test_a_fetch_that_fails_is_told(top, leaf):
    source = Fetching(error=TransientError("VND-TRN-001", "nobody there"))
    verdict = ask(leaf, top, source=source)
    assert verdict.sub_indication is SubIndication.TRY_LATER
    assert {one.code for one in verdict.findings} == {"VND-TRUST-032", "VND-TRUST-052"}


def test_what_a_document_carries_helps_and_is_held_to_the_same(top, leaf):
    carried = CarriedRevocation(RevocationData(ocsps=(answer(leaf, top),)), RevocationStore())
    assert passed(ask(leaf, top, source=carried))
    forged = CarriedRevocation(RevocationData(ocsps=(answer(leaf, top, key=leaf.key),)), RevocationStore())
    assert causes(ask(leaf, top, source=forged)) == {"ocsp-signature"}
    known = RevocationStore.from_der([top.crl([(leaf, AT - DAY)], this=AT - DAY / 2)])
    assert errors(ask(leaf, top, source=CarriedRevocation(carried.data, known))) == {"030"}


def test_a_store_reads_answers_from_files(top, leaf, tmp_path):
    der = answer(leaf, top)
    (tmp_path / "a.ocsp").write_bytes(der)
    (tmp_path / "b.ors").write_bytes(answer(leaf, top, unknown=True))
    store = RevocationStore.from_paths(tmp_path)
    assert len(store.ocsps()) == 2
    assert store.crls() == ()
    assert load_material(tmp_path / "a.ocsp").ocsps == (der,)
    assert passed(ask(leaf, top, source=store))
    assert hashlib.sha256(store.ocsps()[0]).digest() == hashlib.sha256(der).digest()
