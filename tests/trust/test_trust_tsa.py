"""Asking a time-stamping authority: only an answer to what was asked is taken."""

import datetime as dt
import hashlib

import pytest
from asn1crypto import tsp
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.conformance import FakePki, FakeTsa, serve
from vnedoc.errors import InputError, SigningError, TransientError, VnedocError
from vnedoc.net import HttpFetcher
from vnedoc.report import explain
from vnedoc.trust import TsaClient, first_that_answers, read_token

AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
IMPRINT = hashlib.sha256(b"the letter").digest()
URL = "http://tsa.example.vn/"


class Wire:
    """A fetcher that hands the question to an authority in memory."""

    def __init__(self, answer):
        self.answer = answer
        self.seen = []

    def fetch(self, url, *, body=None, content_type=None, accept=None, max_bytes=None):
        self.seen.append((url, content_type, accept))
        self.asked = tsp.TimeStampReq.load(body, strict=True)
        self.answered = self.answer(body)
        return self.answered


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=AT, key="p256")


@pytest.fixture
def tsa(pki):
    return FakeTsa(pki)


def refused(tsa, **more):
    with pytest.raises(SigningError) as caught:
        TsaClient(URL, Wire(tsa.answer), **more).timestamp(IMPRINT, "sha256")
    return caught.value


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"])
def test_every_hash(tsa, hash_name):
    imprint = hashlib.new(hash_name, b"the letter").digest()
    token = read_token(TsaClient(URL, Wire(tsa.answer)).timestamp(imprint, hash_name))
    assert (token.imprint, token.hash_name, token.time) == (imprint, hash_name, AT)
    assert tsa.credential.der in token.certificates


def test_the_question(tsa):
    wire = Wire(tsa.answer)
    client = TsaClient(URL, wire, policy="2.999.1")
    nonces = set()
    for _ in range(3):
        token = client.timestamp(IMPRINT, "sha256")
        assert token in wire.answered  # the authority's own octets, not written anew
        nonces.add(wire.asked["nonce"].native)
        assert read_token(token).nonce == wire.asked["nonce"].native
    assert len(nonces) == 3
    assert all(one.bit_length() == 64 for one in nonces)
    assert wire.asked["cert_req"].native is True
    assert wire.asked["req_policy"].native == "2.999.1"
    assert wire.asked["version"].native == "v1"
    assert set(wire.seen) == {(URL, "application/timestamp-query", "application/timestamp-reply")}


def test_what_is_not_asked_for_is_not_wanted(tsa):
    wire = Wire(tsa.answer)
    token = read_token(TsaClient(URL, wire, nonce=False, certificates=False).timestamp(IMPRINT, "sha256"))
    assert (token.nonce, token.certificates) == (None, ())
    assert (wire.asked["nonce"].native, wire.asked["cert_req"].native) == (None, False)


@pytest.mark.parametrize(
    ("fault", "differs"),
    [("imprint", ["imprint"]), ("hash", ["hash", "imprint"]), ("nonce", ["nonce"]), ("no-nonce", ["nonce"])],
)
def test_an_answer_to_another_question(tsa, fault, differs):
    tsa.fault = fault
    error = refused(tsa)
    assert (error.code, error.facts["differs"]) == ("VND-TRUST-062", differs)


def test_a_replayed_answer(tsa):
    wire = Wire(tsa.answer)
    TsaClient(URL, wire).timestamp(IMPRINT, "sha256")
    old = wire.answered
    with pytest.raises(SigningError) as caught:
        TsaClient(URL, Wire(lambda _body: old)).timestamp(IMPRINT, "sha256")
    assert (caught.value.code, caught.value.facts["differs"]) == ("VND-TRUST-062", ["nonce"])


def test_another_policy(tsa):
    tsa.fault = "policy"
    assert refused(tsa, policy="2.999.1").facts["differs"] == ["policy"]
    assert TsaClient(URL, Wire(tsa.answer)).timestamp(IMPRINT, "sha256")  # no policy was asked for


@pytest.mark.parametrize(
    ("fault", "unsound"),
    [("signer", "value"), ("signature", "value"), ("no-ess", "binding"), ("other-ess", "binding"),
     ("no-certificate", "no-certificate")],
)  # fmt: skip
def test_a_token_that_is_not_sound(tsa, fault, unsound):
    tsa.fault = fault
    error = refused(tsa)
    assert (error.code, error.facts["unsound"]) == ("VND-TRUST-063", unsound)


@pytest.mark.parametrize("fault", ["content-type", "garbage"])
def test_an_answer_that_is_none(tsa, fault):
    tsa.fault = fault
    assert refused(tsa).code == "VND-TRUST-060"


@pytest.mark.parametrize(
    ("fault", "status", "failure"),
    [("rejection", "rejection", "timeNotAvailable"), ("waiting", "waiting", "none")],
)
def test_a_refusal(tsa, fault, status, failure):
    tsa.fault = fault
    error = refused(tsa)
    assert (error.code, error.facts["status"], error.facts["failure"]) == ("VND-TRUST-061", status, failure)
    assert error.facts["text"] in {"Không phục vụ lúc này", "Đang chờ"}


def test_a_refused_policy(tsa):
    assert refused(tsa, policy="2.999.3").facts["failure"] == "unacceptedPolicy"


@pytest.mark.parametrize(
    ("answer", "status", "failure", "text"),
    [
        ("3005 3003 020102", "rejection", "none", ""),
        ("3005 3003 020105", "revocationNotification", "none", ""),
        ("3009 3007 020102 03020780", "rejection", "badAlg", ""),
        ("3009 3007 020102 03020520", "rejection", "badRequest", ""),
        ("300a 3008 020102 0303000100", "rejection", "none", ""),
        ("300f 300d 020102 3008 0c066102611b6162", "rejection", "none", "a a ab"),
        ("3005 3003 0201ff", "-1", "none", ""),
    ],
)
def test_refusals_by_hand(answer, status, failure, text):
    with pytest.raises(SigningError) as caught:
        TsaClient(URL, Wire(lambda _body: bytes.fromhex(answer))).timestamp(IMPRINT, "sha256")
    assert caught.value.code == "VND-TRUST-061"
    assert caught.value.facts == {"status": status, "failure": failure, "text": text}


@pytest.mark.parametrize(
    "answer",
    ["", "3000", "30023000", "3005300302010000", "30053003020100", "30 07 3003 020100 3000", "ff" * 20,
     "3080 3003 020100", "30053003020102" + "00", "300a3008020102 03 03 ff"],
)  # fmt: skip
def test_malformed_answers(answer):
    with pytest.raises(SigningError) as caught:
        TsaClient(URL, Wire(lambda _body: bytes.fromhex(answer))).timestamp(IMPRINT, "sha256")
    assert caught.value.code == "VND-TRUST-060"


@pytest.mark.parametrize(
    ("imprint", "hash_name"),
    [(IMPRINT[:-1], "sha256"), (IMPRINT, "sha512"), (bytes(20), "sha1"), (bytes(16), "md5"), (b"", "none")],
)
def test_what_is_never_asked(tsa, imprint, hash_name):
    wire = Wire(tsa.answer)
    with pytest.raises(InputError) as caught:
        TsaClient(URL, wire).timestamp(imprint, hash_name)
    assert caught.value.code == "VND-TRUST-064"
    assert wire.seen == []


@given(at=st.integers(0, 5000), change=st.integers(1, 255))
def test_no_octet_of_an_answer_can_be_changed_unseen(at, change, pki):
    """RFC 3161, clause 2.2: the requester verifies what comes back; what passes is about the imprint."""
    tsa = FakeTsa(pki)

    def changed(body):
        octets = bytearray(tsa.answer(body))
        octets[at % len(octets)] ^= change
        return bytes(octets)

    try:
        token = read_token(TsaClient(URL, Wire(changed)).timestamp(IMPRINT, "sha256"))
    except VnedocError:
        return
    # Left over are parts that no signature covers, such as "granted, with modifications".
    assert (token.imprint, token.hash_name, token.time) == (IMPRINT, "sha256", AT)


@given(st.binary(max_size=200))
def test_hostile_answers_end_in_an_error_of_the_tree(octets):
    with pytest.raises(SigningError) as caught:
        TsaClient(URL, Wire(lambda _body: octets)).timestamp(IMPRINT, "sha256")
    assert caught.value.code in {"VND-TRUST-060", "VND-TRUST-061"}
    assert explain(caught.value.code, "vi").next


class Failing:
    def __init__(self, error):
        self.error = error
        self.asked = 0

    def timestamp(self, imprint, hash_name):
        self.asked += 1
        raise self.error


def test_the_next_one_is_asked_when_one_fails(tsa):
    dead, busy = Failing(TransientError("VND-NET-006", "dead")), Failing(SigningError("VND-TRUST-061", "no"))
    both = first_that_answers(dead, busy, tsa)
    assert read_token(both.timestamp(IMPRINT, "sha256")).time == AT
    assert (dead.asked, busy.asked) == (1, 1)
    with pytest.raises(SigningError):
        first_that_answers(tsa_refusing := Failing(SigningError("VND-TRUST-061", "no"))).timestamp(
            IMPRINT, "sha256"
        )
    assert tsa_refusing.asked == 1
    with pytest.raises(TransientError):
        first_that_answers(busy, dead).timestamp(IMPRINT, "sha256")


def test_a_mistake_of_the_caller_is_not_tried_elsewhere(tsa):
    other = Failing(SigningError("VND-TRUST-061", "no"))
    with pytest.raises(InputError):
        first_that_answers(TsaClient(URL, Wire(tsa.answer)), other).timestamp(b"", "sha256")
    assert other.asked == 0
    with pytest.raises(InputError) as caught:
        first_that_answers()
    assert caught.value.code == "VND-TRUST-065"


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_over_http(pki, tsa):
    with serve(tsa=tsa) as served:
        client = TsaClient(served.tsa_url, HttpFetcher([served.host], allow_private=True, timeout=30))
        assert read_token(client.timestamp(IMPRINT, "sha256")).time == AT
        assert served.asked == [("POST", "/tsa")]
