"""Time stamps and OCSP against openssl, in both directions: it judges ours, and we talk to it."""

import contextlib
import datetime as dt
import hashlib
import itertools
import re
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

from vnedoc.conformance import FakeOcsp, FakePki, FakeTsa, serve, to_pem, where_to_ask
from vnedoc.errors import SigningError
from vnedoc.net import HttpFetcher
from vnedoc.trust import FetchingRevocation, TsaClient, check_token, read_token

pytestmark = pytest.mark.peer
DATA = "Công văn số 12/TB-THỬ\n".encode()
IMPRINT = hashlib.sha256(DATA).digest()
TSA_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/issuing.pem
default_policy = 1.2.3.4
other_policies = 1.2.3.5
digests = sha256, sha512
signer_digest = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


@pytest.fixture(scope="module")
def present():
    # openssl's responder and time-stamping authority know only the present time.
    return FakePki.create(key="p256")


@pytest.fixture
def desk(present, tmp_path):
    for name, octets in (
        ("root.pem", to_pem(present.root.der)),
        ("issuing.pem", to_pem(present.issuing.der)),
        ("data", DATA),
    ):
        (tmp_path / name).write_bytes(octets)
    return tmp_path


@pytest.fixture
def run(peer, desk):
    def call(*words, succeeds=True):
        done = subprocess.run(
            [peer("openssl"), *words], cwd=desk, capture_output=True, text=True, errors="replace", check=False
        )
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


class Openssl:
    """openssl's own time-stamping authority behind the port of a fetcher."""

    def __init__(self, run, desk):
        self.run = run
        self.desk = desk

    def fetch(self, url, *, body=None, content_type=None, accept=None, max_bytes=None):
        (self.desk / "ours.tsq").write_bytes(body)
        self.run("ts", "-reply", "-config", "tsa.conf", "-queryfile", "ours.tsq", "-out", "theirs.tsr")
        return (self.desk / "theirs.tsr").read_bytes()


# --- openssl judges what we made -------------------------------------------------------------------


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p384"])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha512"])
def test_openssl_accepts_our_tokens(present, desk, run, key, hash_name):
    tsa = FakeTsa(present, credential=present.issue_tsa(key=key), hash_name=hash_name)
    (desk / "token").write_bytes(tsa.timestamp(IMPRINT, "sha256"))
    verify = ("ts", "-verify", "-data", "data", "-in", "token", "-token_in", "-untrusted", "issuing.pem")
    assert "Verification: OK" in run(*verify, "-CAfile", "root.pem")


@pytest.mark.parametrize(
    "fault",
    ["imprint", "nonce", "no-nonce", "signer", "no-ess", "other-ess", "signature", "rejection", "garbage"],
)
def test_openssl_refuses_what_is_wrong_with_our_answers(present, desk, run, fault):
    tsa = FakeTsa(present)
    run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "their.tsq")
    for now in (None, fault):
        tsa.fault = now
        (desk / "our.tsr").write_bytes(tsa.answer((desk / "their.tsq").read_bytes()))
        said = run(
            "ts", "-verify", "-queryfile", "their.tsq", "-in", "our.tsr", "-CAfile", "root.pem",
            "-untrusted", "issuing.pem", succeeds=now is None,
        )  # fmt: skip
        assert ("Verification: OK" in said) is (now is None)


def test_openssl_refuses_a_certificate_that_is_not_for_time_stamps(present, desk, run):
    tsa = FakeTsa(present, credential=present.issue("Không phải dịch vụ dấu thời gian"))
    (desk / "token").write_bytes(tsa.timestamp(IMPRINT, "sha256"))
    said = run(
        "ts", "-verify", "-data", "data", "-in", "token", "-token_in", "-CAfile", "root.pem",
        "-untrusted", "issuing.pem", succeeds=False,
    )  # fmt: skip
    assert "Verification: FAILED" in said


@pytest.mark.parametrize("delegated", [True, False])
@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
@pytest.mark.parametrize("status", ["good", "revoked", "unknown"])
def test_openssl_accepts_our_ocsp_answers(present, desk, run, delegated, hash_name, status):
    (desk / "leaf.pem").write_bytes(to_pem((leaf := present.issue("Thử", key="p256")).der))
    service = FakeOcsp(present, delegated=delegated, status=status)
    name = () if hash_name == "sha1" else ("-sha256",)
    run("ocsp", *name, "-issuer", "issuing.pem", "-cert", "leaf.pem", "-reqout", "their.orq")
    (desk / "our.ors").write_bytes(service.answer((desk / "their.orq").read_bytes()))
    trusting = ("-CAfile", "root.pem", "-verify_other", "issuing.pem")
    # With the request: the nonce; with the certificate: the status.
    assert "Response verify OK" in run("ocsp", "-reqin", "their.orq", "-respin", "our.ors", *trusting)
    (desk / "our.ors").write_bytes(service.respond(leaf, hash_name=hash_name))
    certificate = (*name, "-issuer", "issuing.pem", "-cert", "leaf.pem", "-no_nonce")
    said = run("ocsp", *certificate, "-respin", "our.ors", *trusting)
    assert "Response verify OK" in said
    assert f"leaf.pem: {status}" in said


@pytest.mark.parametrize("fault", ["signer", "signature", "nonce", "garbage", "try-later"])
def test_openssl_refuses_what_is_wrong_with_our_ocsp_answers(present, desk, run, fault):
    (desk / "leaf.pem").write_bytes(to_pem(present.issue("Thử", key="p256").der))
    run("ocsp", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-reqout", "their.orq")
    (desk / "our.ors").write_bytes(FakeOcsp(present, fault=fault).answer((desk / "their.orq").read_bytes()))
    done = subprocess.run(
        ["openssl", "ocsp", "-reqin", "their.orq", "-respin", "our.ors", "-CAfile", "root.pem",
         "-verify_other", "issuing.pem"],
        cwd=desk, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert "Response verify OK" not in done.stdout + done.stderr


# --- we ask openssl --------------------------------------------------------------------------------


@pytest.fixture
def authority(present, desk, run):
    def open_(ess="sha256", **more):
        tsa = present.issue_tsa(**more)
        (desk / "tsa.pem").write_bytes(to_pem(tsa.der))
        (desk / "tsa.key").write_bytes(
            tsa.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (desk / "serial").write_text("01\n")
        (desk / "tsa.conf").write_text(TSA_CONFIG.format(folder=desk, ess=ess))
        return tsa, Openssl(run, desk)

    return open_


@pytest.mark.parametrize("key", ["rsa2048", "p256"])
@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha512"])  # sha1: the old attribute, RFC 2634
def test_we_take_openssls_time_stamps(authority, key, ess):
    tsa, fetcher = authority(ess, key=key)
    before = dt.datetime.now(dt.UTC)
    for hash_name in ("sha256", "sha512"):
        imprint = hashlib.new(hash_name, DATA).digest()
        token = read_token(TsaClient("http://tsa.example.vn/", fetcher).timestamp(imprint, hash_name))
        assert (token.imprint, token.policy) == (imprint, "1.2.3.4")
        assert abs(token.time - before) < dt.timedelta(minutes=5)
        assert check_token(token).certificate == tsa.der
    client = TsaClient("http://tsa.example.vn/", fetcher, policy="1.2.3.5")
    assert read_token(client.timestamp(IMPRINT, "sha256")).policy == "1.2.3.5"


def test_we_understand_openssls_refusals(authority, run):
    _, fetcher = authority()
    refusals = {}
    for policy, hash_name in (("1.2.3.9", "sha256"), (None, "sha384")):
        with pytest.raises(SigningError) as caught:
            TsaClient("http://tsa.example.vn/", fetcher, policy=policy).timestamp(
                hashlib.new(hash_name, DATA).digest(), hash_name
            )
        assert caught.value.code == "VND-TRUST-061"
        refusals[caught.value.facts["failure"]] = caught.value.facts["text"]
    assert refusals == {
        "unacceptedPolicy": "Requested policy is not supported.",
        "badAlg": "Message digest algorithm is not supported.",
    }


@contextlib.contextmanager
def responder(peer, desk):
    """Run openssl's responder at a free port, which it tells itself."""
    with subprocess.Popen(
        [peer("openssl"), "ocsp", "-port", "0", "-index", "index.txt", "-CA", "issuing.pem",
         "-rsigner", "responder.pem", "-rkey", "responder.pem", "-ndays", "1"],
        cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            line = process.stdout.readline()
            yield re.match(r"ACCEPT .*:(\d+) ", line)[1]
        finally:
            process.kill()


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_we_ask_openssls_responder(present, desk, peer):
    where = where_to_ask(ocsp="http://ocsp.example.vn/")
    asked = {
        status: present.issue(f"Thử {status}", key="p256", extensions=where)
        for status in ("GOOD", "REVOKED", "UNKNOWN")
    }
    rows = []
    for status, mark in (("GOOD", "V\t{end}\t"), ("REVOKED", "R\t{end}\t{end}")):
        certificate = asked[status].certificate
        end = f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}"
        octets = certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
        serial = octets.hex().upper()
        rows.append(f"{mark.format(end=end)}\t{serial}\tunknown\t/CN=x\n")
    (desk / "index.txt").write_text("".join(rows))
    (desk / "responder.pem").write_bytes(present.issue_ocsp_responder().pem())
    with responder(peer, desk) as port:
        here = f"127.0.0.1:{port}"
        fetcher = HttpFetcher(
            [here], allow_private=True, timeout=20, mirrors={"http://ocsp.example.vn/": f"http://{here}/"}
        )
        for nonce, hash_name in itertools.product((False, True), ("sha1", "sha256")):
            source = FetchingRevocation(fetcher, nonce=nonce, hash_name=hash_name)
            for status, one in asked.items():
                (answer,) = source.revocation(one.der, present.issuing.der).ocsps
                found = ocsp.load_der_ocsp_response(answer)
                assert found.certificate_status.name == status
                assert found.serial_number == one.certificate.serial_number
            assert source.findings == ()


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_openssl_asks_our_responder_over_http(present, desk, run):
    (desk / "leaf.pem").write_bytes(to_pem(present.issue("Thử", key="p256").der))
    with serve(ocsp=FakeOcsp(present)) as served:
        said = run(
            "ocsp", "-url", served.ocsp_url, "-issuer", "issuing.pem", "-cert", "leaf.pem",
            "-CAfile", "root.pem", "-verify_other", "issuing.pem",
        )  # fmt: skip
    assert "Response verify OK" in said
    assert "leaf.pem: good" in said
