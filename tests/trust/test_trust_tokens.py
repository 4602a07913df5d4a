"""Time-stamp tokens (RFC 3161, RFC 5816): read, checked, and judged (EN 319 102-1, clause 5.4)."""

import datetime as dt
import hashlib
import subprocess

import pytest
from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import AT, DAY, root, rsa_key
from trust_tokens import answer, token, tsa

from vnedoc.errors import DecodeError
from vnedoc.model import Limits, Severity
from vnedoc.trust import (
    AlgorithmPolicy,
    ProofsOfExistence,
    RevocationStore,
    TrustStore,
    check_token,
    read_token,
    validate_token,
)
from vnedoc.trust._cms import Verify

DATA = "Quyết định số 01".encode()


@pytest.fixture(scope="module")
def top():
    return root()


@pytest.fixture(scope="module")
def maker(top):
    return tsa(top)


@pytest.fixture(scope="module")
def genuine(maker):
    return token(maker, DATA)


def judge(
    der, top, *, data=DATA, crls=None, ocsps=(), at=AT + DAY, hints=(), poe=None, required=True, **more
):
    stamp = read_token(der)
    return validate_token(
        stamp,
        imprint=hashlib.new(stamp.hash_name, data).digest(),
        hints=[one.der for one in hints],
        trust=TrustStore.from_der([top.der]),
        revocation=RevocationStore.from_der([top.crl()] if crls is None else crls, ocsps),
        require_revocation=required,
        at=at,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
        poe=poe,
        **more,
    )


def said(verdict):
    return verdict.conclusion.value, None if verdict.sub_indication is None else verdict.sub_indication.value


def errors(verdict):
    return {one.code.removeprefix("VND-TRUST-") for one in verdict.findings if one.severity is Severity.ERROR}


PASSED = ("PASSED", None)


# --- reading --------------------------------------------------------------------------------------


def test_what_a_token_says(top, maker):
    crl, ocsp = top.crl(), answer(maker, top)
    stamp = read_token(token(maker, DATA, hash_name="sha512", nonce=77, crls=[crl], ocsps=[ocsp]))
    assert (stamp.time, stamp.hash_name, stamp.nonce) == (AT, "sha512", 77)
    assert stamp.imprint == hashlib.sha512(DATA).digest()
    assert stamp.policy == "1.3.6.1.4.1.55555.1"
    assert stamp.certificates == (maker.der,)
    assert (stamp.crls, stamp.ocsps) == ((crl,), (ocsp,))


def test_fractions_of_a_second_are_kept(maker):
    time = AT.replace(microsecond=250_000)
    assert read_token(token(maker, DATA, time)).time == time


def other_version(info):
    info["version"] = 2


def short_imprint(info):
    info["message_imprint"]["hashed_message"] = b"\0" * 20


def critical(info):
    info["extensions"] = [{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}]


def unknown_hash(info):
    info["message_imprint"]["hash_algorithm"] = {"algorithm": "1.2.3.4"}


@pytest.mark.parametrize("change", [other_version, short_imprint, critical, unknown_hash])
def test_a_time_stamp_that_is_none(maker, change):
    with pytest.raises(DecodeError) as caught:
        read_token(token(maker, DATA, change=change))
    assert caught.value.code == "VND-TRUST-043"


def test_an_extension_that_is_not_critical_is_read_past(maker, top):
    def change(info):
        info["extensions"] = [{"extn_id": "1.2.3.4", "extn_value": b"\x05\x00"}]

    assert said(judge(token(maker, DATA, change=change), top)) == PASSED


def token_with(der, *, certificates):
    """Put the certificate of a token into it so many times."""
    info = cms.ContentInfo.load(der)
    info["content"]["certificates"] = list(info["content"]["certificates"]) * certificates
    return info.dump(force=True)


def test_many_certificates_are_read(maker):
    assert len(read_token(token_with(token(maker, DATA), certificates=256)).certificates) == 256


def fat(found, octets):
    kind = cms.CMSAttributeType("1.3.6.1.4.1.55555.7")
    return [*found, cms.CMSAttribute({"type": kind, "values": [core.OctetString(bytes(octets))]})]


@pytest.mark.parametrize(
    ("octets", "cause"),
    [(8192, "signed attributes longer than 8192 octets"), (1024 * 1024, "longer than 1048576 octets")],
)
def test_tokens_that_are_far_too_large(top, maker, octets, cause):
    assert said(judge(token(maker, DATA, attributes=lambda found: fat(found, 7000)), top)) == PASSED
    with pytest.raises(DecodeError) as caught:
        read_token(token(maker, DATA, attributes=lambda found: fat(found, octets)))
    assert caught.value.facts["cause"] == cause


def test_the_authority_among_many_that_are_named_alike(top, maker):
    """At most four keys are tried, and that of the certificate that the token itself names is the first."""
    serial = maker.certificate.serial_number
    alike = [tsa(top, serial=serial) for _ in range(30)]
    assert said(judge(token(maker, DATA, certificates=[*alike, maker]), top)) == PASSED
    verdict = judge(token(maker, DATA, certificates=alike), top)
    assert said(verdict) == ("FAILED", "SIG_CRYPTO_FAILURE")


def test_no_more_than_four_keys_are_tried(top, maker, monkeypatch):
    tried = []
    real = Verify.__call__

    def counting(self, key, value, octets):
        tried.append(key)
        return real(self, key, value, octets)

    serial = maker.certificate.serial_number
    alike = [tsa(top, serial=serial) for _ in range(30)]
    monkeypatch.setattr(Verify, "__call__", counting)
    assert said(judge(token(maker, DATA, certificates=alike), top)) == ("FAILED", "SIG_CRYPTO_FAILURE")
    assert len(tried) == 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda der: der + b"\0",
        lambda der: der[:-1],
        lambda der: b"",
        lambda der: b"\x30\x80\x00\x00",
        lambda der: bytes(5 * 1024 * 1024),
        lambda der: token_with(der, certificates=257),
        lambda der: cms.ContentInfo({"content_type": "data", "content": b"x"}).dump(),
    ],
)
def test_octets_that_are_no_token(maker, spoil):
    with pytest.raises(DecodeError) as caught:
        read_token(spoil(token(maker, DATA)))
    assert caught.value.code == "VND-TRUST-043"


def test_two_signers_are_none(maker):
    info = cms.ContentInfo.load(token(maker, DATA))
    signer = info["content"]["signer_infos"][0]
    info["content"]["signer_infos"] = [signer, signer]
    with pytest.raises(DecodeError):
        read_token(info.dump(force=True))


@given(place=st.integers(0, 100_000), flip=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_a_changed_octet_changes_nothing_that_is_believed(maker, top, genuine, place, flip):
    """RFC 3161, clause 2.4.2: imprint, time and maker are all under the authority's signature.

    Version numbers and the list of digest algorithms are signed by nobody, and say nothing.
    """
    der = bytearray(genuine)
    der[place % len(der)] ^= flip
    try:
        verdict = judge(bytes(der), top, hints=[maker])
    except DecodeError:
        return
    if verdict.passed:
        assert verdict.time == AT
        assert verdict.certificate == maker.der
        assert read_token(bytes(der)).imprint == hashlib.sha256(DATA).digest()


# --- the signature over it ------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("ess", ["v1", "v2"])
def test_right_tokens_of_each_kind(top, key, ess):
    keys = {"ec": None, "rsa": rsa_key(2048), "ed25519": ed25519.Ed25519PrivateKey.generate()}
    maker = tsa(top, key=keys[key])
    digest = "sha512" if key == "ed25519" else "sha256"
    verdict = judge(token(maker, DATA, ess=ess, digest=digest), top)
    assert said(verdict) == PASSED
    assert verdict.time == AT
    assert verdict.certificate == maker.der
    assert verdict.path == (maker.der, top.der)
    assert len(verdict.evidence.crls) == 1


def without(name):
    return lambda found: [one for one in found if one["type"].native != name]


def twice(name):
    return lambda found: [*found, *(one for one in found if one["type"].native == name)]


@pytest.mark.parametrize(
    ("more", "expected", "fault"),
    [
        ({"ess": None}, "SIG_CONSTRAINTS_FAILURE", "binding"),
        ({"attributes": without("message_digest")}, "FORMAT_FAILURE", "attribute"),
        ({"attributes": without("content_type")}, "FORMAT_FAILURE", "attribute"),
        ({"attributes": twice("message_digest")}, "FORMAT_FAILURE", "attribute"),
        ({"content_type": "data"}, "FORMAT_FAILURE", "content-type"),
    ],
)
def test_attributes_that_are_wrong(top, maker, more, expected, fault):
    verdict = judge(token(maker, DATA, **more), top)
    assert said(verdict) == ("FAILED", expected)
    assert verdict.findings[0].facts["fault"] == fault
    assert errors(verdict) == {"045"}


def test_a_token_bound_to_another_certificate(top, maker):
    other = tsa(top)
    verdict = judge(token(maker, DATA, bound=other), top)
    assert said(verdict) == ("FAILED", "SIG_CONSTRAINTS_FAILURE")


def test_a_token_that_another_key_signed(top, maker):
    verdict = judge(token(maker, DATA, key=tsa(top).key), top)
    assert said(verdict) == ("FAILED", "SIG_CRYPTO_FAILURE")


def test_a_content_that_was_exchanged(top, maker):
    info = cms.ContentInfo.load(token(maker, DATA))
    content = info["content"]["encap_content_info"]["content"]
    changed = tsp.TSTInfo.load(bytes(content))
    changed["gen_time"] = core.GeneralizedTime(AT - 300 * DAY)
    info["content"]["encap_content_info"]["content"] = core.ParsableOctetString(changed.dump(force=True))
    verdict = judge(info.dump(force=True), top)
    assert said(verdict) == ("FAILED", "HASH_FAILURE")


def test_a_token_without_certificates_finds_its_authority_among_the_others(top, maker):
    bare = token(maker, DATA, certificates=[])
    assert said(judge(bare, top)) == ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND")
    assert said(judge(bare, top, hints=[maker])) == PASSED
    assert check_token(read_token(bare), [maker.der]).hash_names == ("sha256",)


# --- what it stamps, who made it (F07) ------------------------------------------------------------


def test_a_token_over_other_data(top, maker):
    verdict = judge(token(maker, b"khac"), top)
    assert said(verdict) == ("FAILED", "HASH_FAILURE")
    assert errors(verdict) == {"044"}


def test_an_unknown_authority(top):
    stranger = root("Gốc lạ")
    verdict = judge(token(tsa(stranger), DATA), top, hints=[stranger])
    assert said(verdict) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.parametrize(
    "extensions",
    [
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), False)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH]), True)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), True)],
        [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True)],
        [],
    ],
)
def test_a_purpose_that_is_not_time_stamping_alone_and_critical(top, extensions):
    """RFC 3161, clause 2.3."""
    verdict = judge(token(tsa(top, extensions=extensions), DATA), top)
    assert said(verdict) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")
    assert errors(verdict) == {"042"}


def test_a_certificate_for_encryption_makes_no_time_stamps(top):
    verdict = judge(token(tsa(top, key_usage=("key_encipherment",)), DATA), top)
    assert errors(verdict) == {"017"}


def test_revocation_data_on_the_authority_is_required(top, maker):
    der = token(maker, DATA)
    assert said(judge(der, top, crls=[])) == ("INDETERMINATE", "TRY_LATER")
    assert said(judge(der, top, crls=[], required=False)) == PASSED
    assert said(judge(der, top, crls=[], ocsps=[answer(maker, top)])) == PASSED
    revoked = top.crl([(maker, AT)])
    assert said(judge(der, top, crls=[revoked])) == ("INDETERMINATE", "REVOKED_NO_POE")


def test_times_that_cannot_be(top, maker):
    future = judge(token(maker, DATA, AT + 2 * DAY), top)
    assert said(future) == ("INDETERMINATE", "TIMESTAMP_ORDER_FAILURE")
    assert errors(future) == {"051"}
    ahead = token(maker, DATA, AT + DAY + dt.timedelta(minutes=9))
    assert said(judge(ahead, top)) == PASSED  # another clock
    early = judge(token(maker, DATA, AT - 31 * DAY), top)
    assert said(early) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    proofs = ProofsOfExistence(AT + DAY)
    der = token(maker, DATA)
    proofs.add(der, AT - DAY)
    assert errors(judge(der, top, poe=proofs)) == {"051"}


# --- authorities that are not good any more -------------------------------------------------------


def past(top, der, crls, *, proven, pieces=(), at):
    proofs = ProofsOfExistence(at)
    for octets in (der, *crls, *pieces):
        proofs.add(octets, proven)
    return judge(der, top, crls=crls, at=at, poe=proofs)


def test_an_expired_authority_whose_token_is_proven_to_be_old():
    long = root(not_after=AT + 4000 * DAY)
    maker = tsa(long)
    der = token(maker, DATA)
    lists = [long.crl()]
    at = AT + 400 * DAY
    assert said(judge(der, long, crls=lists, at=at)) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    verdict = past(long, der, lists, proven=AT + DAY, pieces=[maker.der], at=at)
    assert said(verdict) == PASSED
    # A proof that is later than the certificate proves nothing.
    late = past(long, der, lists, proven=AT + 31 * DAY, pieces=[maker.der], at=at)
    assert said(late) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_a_revoked_authority_and_a_token_from_before():
    top = root()
    maker = tsa(top)
    der = token(maker, DATA)
    lists = [top.crl([(maker, AT + 2 * DAY)])]
    at = AT + 3 * DAY
    assert said(judge(der, top, crls=lists, at=at)) == ("INDETERMINATE", "REVOKED_NO_POE")
    proofs = ProofsOfExistence(at)
    proofs.add(der, AT + DAY)
    assert said(judge(der, top, crls=lists, at=at, poe=proofs)) == PASSED
    proofs = ProofsOfExistence(at)
    proofs.add(der, AT + 2 * DAY + DAY / 2)
    assert said(judge(der, top, crls=lists, at=at, poe=proofs)) == ("INDETERMINATE", "REVOKED_NO_POE")


@pytest.mark.parametrize(("proven", "expected"), [("2016-01-01", "PASSED"), ("2017-03-01", "INDETERMINATE")])
def test_an_old_hash_counts_only_with_an_old_proof(proven, expected):
    made = dt.datetime(2015, 6, 1, tzinfo=dt.UTC)
    window = {"not_before": made - 900 * DAY, "not_after": made + 900 * DAY}
    top = root(**{**window, "not_after": AT + 900 * DAY})
    maker = tsa(top, key=rsa_key(2048), **window)
    der = token(maker, DATA, made, hash_name="sha1", digest="sha1")
    lists = [top.crl(this=made, following=made + 800 * DAY)]
    at = made + 700 * DAY
    assert said(judge(der, top, crls=lists, at=at)) == (
        "INDETERMINATE",
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    )
    time = dt.datetime.fromisoformat(proven).replace(tzinfo=dt.UTC)
    proofs = ProofsOfExistence(at)
    proofs.add(der, time)
    verdict = judge(der, top, crls=lists, at=at, poe=proofs)
    assert verdict.conclusion.value == expected
    assert {one.code for one in verdict.findings} == {
        "VND-TRUST-047" if expected == "PASSED" else "VND-TRUST-048"
    }


# --- another maker and another judge --------------------------------------------------------------


@pytest.mark.peer
def test_tokens_of_openssl(tmp_path, peer, top):
    openssl = peer("openssl")
    maker = tsa(top, key=rsa_key(2048))
    (tmp_path / "tsa.pem").write_bytes(maker.pem)
    (tmp_path / "tsa.key").write_bytes(
        maker.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "serial").write_text("01")
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa = here\n[here]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\n"
        "signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha512\naccuracy = secs:1\n"
        "ess_cert_id_chain = no\ness_cert_id_alg = sha256\nordering = yes\ntsa_name = yes\n"
    )

    def run(*arguments):
        subprocess.run([openssl, "ts", *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("-query", "-data", "data", "-sha512", "-cert", "-out", "query")
    run("-reply", "-config", "ts.cnf", "-queryfile", "query", "-token_out", "-out", "token")
    der = (tmp_path / "token").read_bytes()
    stamp = read_token(der)
    assert stamp.hash_name == "sha512"
    assert stamp.nonce is not None
    assert stamp.imprint == hashlib.sha512(DATA).digest()
    assert check_token(stamp).certificate == maker.der
    assert "sha256" in check_token(stamp).hash_names


@pytest.mark.peer
def test_openssl_takes_our_builders_tokens(tmp_path, peer, top, maker):
    """The builder of these tests is itself checked by a stranger."""
    openssl = peer("openssl")
    (tmp_path / "root.pem").write_bytes(top.pem)
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "token").write_bytes(token(maker, DATA))
    done = subprocess.run(
        [
            openssl, "ts", "-verify", "-in", "token", "-token_in", "-data", "data", "-CAfile", "root.pem",
            "-attime", str(int(AT.timestamp())),
        ],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout + done.stderr
