"""Throwaway authorities: what they issue, stamp and answer, and how they misbehave."""

import base64
import datetime as dt
import hashlib
import socket
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from vnedoc.conformance import FakeOcsp, FakePki, FakeTsa, serve, where_to_ask
from vnedoc.errors import PermanentError, SigningError
from vnedoc.net import HttpFetcher
from vnedoc.trust import CmsFault, check_token, read_token

AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SHA1 = hashes.SHA1()  # noqa: S303 - how OCSP names certificates
IMPRINT = hashlib.sha256(b"the letter").digest()


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=AT, key="p256")


@pytest.fixture(scope="module")
def leaf(pki):
    return pki.issue("Nguyễn Thị Thử", key="p256")


class Noon:
    def now(self):
        return dt.datetime(2031, 5, 6, 12, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=7)))


def value(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def question(certificate, issuer, algorithm=None, nonce=None):
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate.certificate, issuer.certificate, algorithm or SHA1
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def read(octets):
    found = ocsp.load_der_ocsp_response(octets)
    assert found.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return found


def signed_by(answer, certificate):
    certificate.public_key().verify(
        answer.signature, answer.tbs_response_bytes, _ecdsa(answer.signature_hash_algorithm)
    )


def _ecdsa(algorithm):
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(algorithm)


# --- certificates ----------------------------------------------------------------------------------


def test_the_certificate_of_a_time_stamping_authority_is_for_that_alone(pki):
    usage = value(pki.issue_tsa().certificate, x509.ExtendedKeyUsage)
    assert usage.critical  # RFC 3161, clause 2.3
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


@pytest.mark.parametrize("nocheck", [True, False])
def test_the_certificate_of_a_responder(pki, nocheck):
    certificate = pki.issue_ocsp_responder(nocheck=nocheck, authority=pki.root).certificate
    assert list(value(certificate, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert certificate.issuer == pki.root.certificate.subject
    assert bool([one for one in certificate.extensions if isinstance(one.value, x509.OCSPNoCheck)]) == nocheck


def test_certificates_say_where_to_ask():
    where = where_to_ask(
        ocsp="http://o.example.vn/", crl="http://c.example.vn/a.crl", issuer="http://c.example.vn/a.crt"
    )
    pki = FakePki.create(at=AT, key="p256", extensions=where)
    for one in (pki.issuing, pki.issue("Thử", key="p256", extensions=where)):
        access = value(one.certificate, x509.AuthorityInformationAccess).value
        assert [(row.access_method, row.access_location.value) for row in access] == [
            (AuthorityInformationAccessOID.OCSP, "http://o.example.vn/"),
            (AuthorityInformationAccessOID.CA_ISSUERS, "http://c.example.vn/a.crt"),
        ]
        (point,) = value(one.certificate, x509.CRLDistributionPoints).value
        assert [name.value for name in point.full_name] == ["http://c.example.vn/a.crl"]
    assert where_to_ask() == ()


# --- time stamps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["p256", "p384", "rsa2048", "ed25519"])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
def test_a_token_says_what_was_asked(pki, key, hash_name):
    tsa = FakeTsa(pki, credential=pki.issue_tsa(key=key), hash_name=hash_name, policy="2.999.7")
    token = read_token(tsa.timestamp(IMPRINT, "sha256"))
    assert (token.time, token.imprint, token.hash_name, token.policy) == (AT, IMPRINT, "sha256", "2.999.7")
    assert check_token(token).certificate == tsa.credential.der


def test_any_time_is_stamped(pki):
    tsa = FakeTsa(pki, at=dt.datetime(1999, 12, 31, 23, 59, 59, tzinfo=dt.UTC))
    assert read_token(tsa.timestamp(IMPRINT, "sha256")).time.year == 1999
    tsa.at = dt.datetime(2049, 1, 1, 7, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    assert read_token(tsa.timestamp(IMPRINT, "sha256")).time == dt.datetime(2049, 1, 1, tzinfo=dt.UTC)
    tsa = FakeTsa(pki, clock=Noon())
    assert read_token(tsa.timestamp(IMPRINT, "sha256")).time == dt.datetime(2031, 5, 6, 5, tzinfo=dt.UTC)


def test_serial_numbers_are_never_twice_the_same(pki):
    tsa = FakeTsa(pki)
    assert len({read_token(tsa.timestamp(IMPRINT, "sha256")).serial for _ in range(5)}) == 5


def test_a_token_may_carry_its_chain(pki):
    token = read_token(FakeTsa(pki, chain=True).timestamp(IMPRINT, "sha256"))
    assert set(token.certificates) >= {pki.issuing.der}
    assert len(token.certificates) == 2


@pytest.mark.parametrize(
    ("fault", "problem"),
    [("signer", "value"), ("signature", "value"), ("no-ess", "binding"), ("other-ess", "binding"),
     ("no-certificate", "no-certificate")],
)  # fmt: skip
def test_tokens_that_are_not_sound(pki, fault, problem):
    token = read_token(FakeTsa(pki, fault=fault).timestamp(IMPRINT, "sha256"))
    with pytest.raises(CmsFault) as caught:
        check_token(token)
    assert caught.value.problem == problem


def test_a_refusal_in_memory(pki):
    with pytest.raises(SigningError) as caught:
        FakeTsa(pki, fault="rejection").timestamp(IMPRINT, "sha256")
    assert caught.value.code == "VND-TRUST-061"


@pytest.mark.parametrize("request_", [b"", b"\x30\x00", b"\x00" * 50, b"\x30\x03\x02\x01\x01"])
def test_questions_that_are_none_are_answered_with_a_refusal(pki, request_):
    assert FakeTsa(pki).answer(request_).startswith(b"\x30")
    found = ocsp.load_der_ocsp_response(FakeOcsp(pki).answer(request_))
    assert found.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


# --- OCSP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [SHA1, hashes.SHA256(), hashes.SHA512()], ids=lambda one: one.name)
@pytest.mark.parametrize("delegated", [True, False])
def test_good(pki, leaf, algorithm, delegated):
    found = read(FakeOcsp(pki, delegated=delegated).answer(question(leaf, pki.issuing, algorithm)))
    assert found.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert found.serial_number == leaf.certificate.serial_number
    assert found.hash_algorithm.name == algorithm.name
    assert (found.this_update_utc, found.next_update_utc, found.produced_at_utc) == (AT, AT + DAY, AT)
    assert len(found.certificates) == delegated
    signed_by(found, found.certificates[0] if delegated else pki.issuing.certificate)


def test_revoked_and_unknown(leaf):
    pki = FakePki.create(at=AT, key="p256")
    gone = pki.issue("Trần Văn Mẫu", key="p256")
    pki.revoke(gone, AT - DAY)
    pki.revoke(pki.issuing, AT - 2 * DAY)
    for certificate, when in ((gone, AT - DAY), (pki.issuing, AT - 2 * DAY)):
        found = read(FakeOcsp(pki).respond(certificate))
        assert found.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert found.revocation_time_utc == when
    found = read(FakeOcsp(pki, status="unknown").respond(gone))
    assert found.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    assert read(FakeOcsp(pki, status="revoked").respond(pki.issue("Thử"))).revocation_time_utc == AT
    unauthorized = ocsp.load_der_ocsp_response(FakeOcsp(pki).answer(question(leaf, leaf)))
    assert unauthorized.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_chosen_times(pki, leaf):
    found = read(FakeOcsp(pki, at=AT + DAY, this_update=AT - DAY, good_for=None).respond(leaf))
    assert (found.this_update_utc, found.next_update_utc) == (AT - DAY, None)
    assert found.produced_at_utc == AT + DAY
    noon = dt.datetime(2031, 5, 6, 5, tzinfo=dt.UTC)
    assert read(FakeOcsp(pki, clock=Noon()).respond(leaf)).this_update_utc == noon


def test_each_authority_has_a_responder_of_its_own(pki, leaf):
    service = FakeOcsp(pki)
    for certificate, by in ((leaf, pki.issuing), (pki.issuing, pki.root)):
        found = read(service.respond(certificate, hash_name="sha256"))
        assert found.certificates[0].issuer == by.certificate.subject


@pytest.mark.parametrize(
    ("fault", "sent_back"), [(None, b"n" * 32), ("no-nonce", None), ("nonce", bytes(16))]
)
def test_nonce(pki, leaf, fault, sent_back):
    found = read(FakeOcsp(pki, fault=fault).answer(question(leaf, pki.issuing, nonce=b"n" * 32)))
    assert [one.value.nonce for one in found.extensions] == ([] if sent_back is None else [sent_back])


def test_misbehaving(pki, leaf):
    asked = question(leaf, pki.issuing)
    assert read(FakeOcsp(pki, fault="other-certificate").answer(asked)).serial_number != (
        leaf.certificate.serial_number
    )
    assert read(FakeOcsp(pki, fault="no-certificate").answer(asked)).certificates == []
    later = ocsp.load_der_ocsp_response(FakeOcsp(pki, fault="try-later").answer(asked))
    assert later.response_status is ocsp.OCSPResponseStatus.TRY_LATER
    with pytest.raises(ValueError, match="error parsing"):
        ocsp.load_der_ocsp_response(FakeOcsp(pki, fault="garbage").answer(asked))
    found = read(FakeOcsp(pki, fault="signature").answer(asked))
    with pytest.raises(Exception):  # noqa: B017, PT011 - InvalidSignature carries no words
        signed_by(found, found.certificates[0])
    found = read(FakeOcsp(pki, fault="signer").answer(asked))
    signed_by(found, found.certificates[0])
    assert not [
        one
        for one in found.certificates[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if one == ExtendedKeyUsageOID.OCSP_SIGNING
    ]


# --- on HTTP ---------------------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
class TestServed:
    def test_everything_by_its_address(self, pki, leaf):
        root, issuing = pki.crls()
        with serve(tsa=FakeTsa(pki), ocsp=FakeOcsp(pki), crls={"root.crl": root}) as served:
            served.files["sub/issuing.crl"] = issuing
            fetcher = HttpFetcher([served.host], allow_private=True, timeout=30)
            assert fetcher.fetch(served.url("root.crl")) == root
            assert fetcher.fetch(served.url("sub/issuing.crl")) == issuing
            asked = question(leaf, pki.issuing)
            posted = fetcher.fetch(served.ocsp_url, body=asked, content_type="application/ocsp-request")
            got = fetcher.fetch(f"{served.ocsp_url}/{quote(base64.b64encode(asked), safe='')}")
            assert read(posted).serial_number == read(got).serial_number == leaf.certificate.serial_number
            assert served.asked[:3] == [
                ("GET", "/root.crl"), ("GET", "/sub/issuing.crl"), ("POST", "/ocsp"),
            ]  # fmt: skip

    @pytest.mark.parametrize(
        ("path", "body", "kind"),
        [
            ("/none", None, None),
            ("/ocsp/%%%", None, None),
            ("/ocsp/", None, None),
            ("/tsa", None, None),
            ("/tsa", b"x", "text/plain"),
            ("/ocsp", b"x", "application/timestamp-query"),
            ("/other", b"x", "application/timestamp-query"),
            ("/tsa", bytes(1024 * 1024 + 1), "application/timestamp-query"),
        ],
    )
    def test_wrong_questions(self, pki, path, body, kind):
        with serve(tsa=FakeTsa(pki), ocsp=FakeOcsp(pki)) as served:
            fetcher = HttpFetcher([served.host], allow_private=True, timeout=30)
            with pytest.raises(PermanentError) as caught:
                fetcher.fetch(served.address + path, body=body, content_type=kind)
        assert caught.value.code == "VND-NET-010"

    def test_it_is_on_loopback_and_gone_afterwards(self):
        with serve() as served:
            host, _, port = served.host.partition(":")
        assert host == "127.0.0.1"
        with socket.socket() as again, pytest.raises(ConnectionRefusedError):
            again.connect((host, int(port)))
