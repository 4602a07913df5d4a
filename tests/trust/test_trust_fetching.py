"""Fetching revocation data and issuers: from where the certificate says, remembered, and never in the way."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st

import vnedoc
from vnedoc.conformance import FakeOcsp, FakePki, crl_to_pem, serve, to_pem, where_to_ask
from vnedoc.errors import PermanentError, SecurityError, TransientError
from vnedoc.model import Conclusion, Limits, RevocationData, Severity, SubIndication
from vnedoc.net import HttpFetcher
from vnedoc.protocols import OcspSource, RevocationFetcher
from vnedoc.report import render_finding
from vnedoc.trust import FetchingRevocation, RevocationStore

AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
OCSP, CRL, ISSUER = "http://ca.example.vn/ocsp", "http://ca.example.vn/a.crl", "http://ca.example.vn/a.crt"
WHERE = where_to_ask(ocsp=OCSP, crl=CRL, issuer=ISSUER)


class Net:
    """A fetcher with answers at hand; what it does not have is not allowed."""

    def __init__(self, **answers):
        self.answers = {"ocsp": OCSP, "crl": CRL, "issuer": ISSUER}
        self.answers = {self.answers[name]: one for name, one in answers.items()}
        self.asked = []
        self.more = []

    def fetch(self, url, *, body=None, content_type=None, accept=None, max_bytes=None):
        self.asked.append(url)
        self.more.append((body, content_type, accept, max_bytes))
        found = self.answers.get(url)
        if found is None:
            raise SecurityError("VND-NET-003", "not allowed")
        if isinstance(found, Exception):
            raise found
        return found(body) if callable(found) else found


class Clock:
    def __init__(self, now=AT):
        self.time = now

    def now(self):
        return self.time


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=AT, key="p256")


@pytest.fixture(scope="module")
def leaf(pki):
    return pki.issue("Nguyễn Thị Thử", key="p256", extensions=WHERE)


@pytest.fixture(scope="module")
def crl(pki):
    return pki.crls()[1]


@pytest.fixture
def clock():
    return Clock()


def causes(source):
    return [(one.code, one.facts.get("cause")) for one in source.findings]


def test_it_is_what_the_ports_want():
    source = FetchingRevocation(Net())
    assert isinstance(source, OcspSource)
    assert isinstance(source, RevocationFetcher)
    assert (source.crls(), source.ocsps()) == ((), ())


def test_ocsp_comes_first_and_is_enough(pki, leaf, crl, clock):
    net = Net(ocsp=FakeOcsp(pki).answer, crl=crl)
    source = FetchingRevocation(net, clock=clock)
    found = source.revocation(leaf.der, pki.issuing.der)
    assert found.crls == ()
    assert ocsp.load_der_ocsp_response(found.ocsps[0]).serial_number == leaf.certificate.serial_number
    assert net.asked == [OCSP]
    assert net.more[0][1:3] == ("application/ocsp-request", "application/ocsp-response")
    assert (source.ocsps(), source.crls(), source.findings) == (found.ocsps, (), ())


def test_crl_first_when_that_is_preferred(pki, leaf, crl, clock):
    net = Net(ocsp=FakeOcsp(pki).answer, crl=crl)
    source = FetchingRevocation(net, prefer="crl", clock=clock, limits=Limits(crl_bytes=12345))
    assert source.revocation(leaf.der, pki.issuing.der) == RevocationData(crls=(crl,))
    assert net.asked == [CRL]
    assert net.more == [(None, None, "application/pkix-crl", 12345)]
    assert source.crls() == (crl,)


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_the_name_of_the_certificate_in_the_question(pki, leaf, clock, hash_name):
    net = Net(ocsp=FakeOcsp(pki).answer)
    source = FetchingRevocation(net, hash_name=hash_name, clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der).ocsps
    asked = ocsp.load_der_ocsp_request(net.more[0][0])
    assert asked.hash_algorithm.name == hash_name
    assert asked.serial_number == leaf.certificate.serial_number
    assert list(asked.extensions) == []


def test_an_answer_with_another_hash_is_for_the_same_certificate(pki, leaf, clock):
    answer = FakeOcsp(pki).respond(leaf, hash_name="sha512")
    source = FetchingRevocation(Net(ocsp=answer), clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der).ocsps == (answer,)


def test_nonce(pki, leaf, crl, clock):
    for fault, taken in ((None, True), ("no-nonce", True), ("nonce", False)):
        net = Net(ocsp=FakeOcsp(pki, fault=fault).answer, crl=crl)
        source = FetchingRevocation(net, nonce=True, clock=clock)
        found = source.revocation(leaf.der, pki.issuing.der)
        (extension,) = ocsp.load_der_ocsp_request(net.more[0][0]).extensions
        assert len(extension.value.nonce) == 32
        assert (bool(found.ocsps), bool(found.crls)) == (taken, not taken)
        assert causes(source) == ([] if taken else [("VND-TRUST-066", "another nonce")])


def test_unknown_is_handed_on_and_the_list_is_asked_for_too(pki, leaf, crl, clock):
    source = FetchingRevocation(Net(ocsp=FakeOcsp(pki, status="unknown").answer, crl=crl), clock=clock)
    found = source.revocation(leaf.der, pki.issuing.der)
    assert (len(found.ocsps), found.crls) == (1, (crl,))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "malformed"),
        (b"<html>", "malformed"),
        (bytes(100), "malformed"),
        ("garbage", "malformed"),
        ("try-later", "try-later"),
        ("other-certificate", "not for this certificate"),
        (PermanentError("VND-NET-012", "large"), "VND-NET-012"),
        (None, "VND-NET-003"),
    ],
)
def test_where_ocsp_fails_the_list_serves(pki, leaf, crl, clock, answer, cause):
    answer = FakeOcsp(pki, fault=answer).answer if isinstance(answer, str) else answer
    source = FetchingRevocation(Net(ocsp=answer, crl=crl), clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der) == RevocationData(crls=(crl,))
    assert causes(source) == [("VND-TRUST-066", cause)]
    (finding,) = source.findings
    assert finding.severity is Severity.WARNING
    assert finding.facts["url"] == OCSP
    for lang in ("vi", "en"):
        assert "{" not in render_finding(finding, lang).seen


def test_an_answer_for_another_authority(pki, leaf, clock):
    other = FakePki.create(at=AT, key="p256")
    same_serial = FakeOcsp(other).respond(leaf)  # of the other's key, though of the same name
    source = FetchingRevocation(Net(ocsp=same_serial), clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der) == RevocationData()
    assert ("VND-TRUST-066", "not for this certificate") in causes(source)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(b"", "malformed"), (b"-----BEGIN X509 CRL-----\nAA==\n", "malformed"), (None, "VND-NET-003"),
     ("other", "not for this certificate")],
)  # fmt: skip
def test_where_the_list_fails(pki, leaf, clock, answer, cause):
    answer = pki.crls()[0] if answer == "other" else answer
    source = FetchingRevocation(Net(ocsp=FakeOcsp(pki).answer, crl=answer), prefer="crl", clock=clock)
    assert len(source.revocation(leaf.der, pki.issuing.der).ocsps) == 1
    assert causes(source) == [("VND-TRUST-067", cause)]


def test_a_list_in_pem_is_read(pki, leaf, crl, clock):
    source = FetchingRevocation(Net(crl=crl_to_pem(crl)), prefer="crl", clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der).crls == (crl,)


# --- remembering -----------------------------------------------------------------------------------


def test_an_answer_is_kept_until_its_next_update(pki, leaf, crl, clock):
    net = Net(ocsp=FakeOcsp(pki, good_for=2 * HOUR).answer)
    source = FetchingRevocation(net, clock=clock)
    first = source.revocation(leaf.der, pki.issuing.der)
    clock.time = AT + 2 * HOUR - dt.timedelta(seconds=1)
    assert source.revocation(leaf.der, pki.issuing.der) == first
    assert net.asked == [OCSP]
    clock.time = AT + 2 * HOUR
    source.revocation(leaf.der, pki.issuing.der)
    assert net.asked == [OCSP, OCSP]
    assert len(source.ocsps()) == 1  # the new one stands for the old one


def test_one_list_serves_all_certificates_of_its_issuer(pki, leaf, crl, clock):
    other = pki.issue("Trần Văn Mẫu", key="p256", extensions=WHERE)
    net = Net(crl=crl)
    source = FetchingRevocation(net, prefer="crl", clock=clock)
    for one in (leaf, other, leaf):
        assert source.revocation(one.der, pki.issuing.der).crls == (crl,)
    assert net.asked == [CRL]


def test_one_answer_serves_one_certificate(pki, leaf, clock):
    other = pki.issue("Trần Văn Mẫu", key="p256", extensions=WHERE)
    net = Net(ocsp=FakeOcsp(pki).answer)
    source = FetchingRevocation(net, clock=clock)
    found = {source.revocation(one.der, pki.issuing.der).ocsps for one in (leaf, other, leaf)}
    assert len(found) == 2
    assert net.asked == [OCSP, OCSP]
    assert len(source.ocsps()) == 2


def test_max_age(pki, leaf, clock):
    for good_for, max_age, later, asked in (
        (DAY, HOUR, HOUR - dt.timedelta(seconds=1), 1),
        (DAY, HOUR, HOUR, 2),
        (None, HOUR, HOUR - dt.timedelta(seconds=1), 1),
        (None, None, dt.timedelta(), 2),
        (3000 * DAY, None, DAY - HOUR, 1),
        (3000 * DAY, None, DAY, 2),
        (3000 * DAY, 30 * DAY, 29 * DAY, 1),
    ):
        net = Net(ocsp=FakeOcsp(pki, good_for=good_for).answer)
        clock.time = AT
        source = FetchingRevocation(net, max_age=max_age, clock=clock)
        source.revocation(leaf.der, pki.issuing.der)
        clock.time = AT + later
        source.revocation(leaf.der, pki.issuing.der)
        assert len(net.asked) == asked


@pytest.fixture(scope="module")
def double():
    """Give an authority of the same names with other keys."""
    return FakePki.create(at=AT, key="p256")


def test_a_list_by_somebody_else_is_not_kept(pki, double, leaf, crl, clock):
    net = Net(crl=double.crls(AT - DAY, AT + 3000 * DAY)[1])
    source = FetchingRevocation(net, prefer="crl", clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der) == RevocationData()
    assert source.crls() == ()
    assert ("VND-TRUST-067", "signature") in causes(source)
    net.answers[CRL] = crl
    clock.time = AT + dt.timedelta(seconds=60)
    assert source.revocation(leaf.der, pki.issuing.der).crls == (crl,)


@pytest.mark.parametrize("cause", ["ocsp-signature", "ocsp-responder-not-authorised"])
def test_an_answer_by_somebody_else_does_not_keep_the_list_from_being_asked(
    pki, double, leaf, crl, clock, cause
):
    how = (
        {"fault": "signature"} if cause == "ocsp-signature" else {"responder": double.issue_ocsp_responder()}
    )
    net = Net(ocsp=FakeOcsp(pki, good_for=3000 * DAY, **how).answer, crl=crl)
    source = FetchingRevocation(net, clock=clock)
    assert source.revocation(leaf.der, pki.issuing.der) == RevocationData(crls=(crl,))
    assert source.ocsps() == ()
    assert causes(source) == [("VND-TRUST-066", cause)]


def test_an_answer_without_the_responders_certificate_is_handed_on_and_not_kept(pki, leaf, crl, clock):
    bare = FakeOcsp(pki, fault="no-certificate").respond(leaf)
    net = Net(ocsp=bare, crl=crl)
    source = FetchingRevocation(net, clock=clock)
    for _ in range(2):
        assert source.revocation(leaf.der, pki.issuing.der) == RevocationData(crls=(crl,), ocsps=(bare,))
    assert (source.ocsps(), source.findings) == ((), ())
    assert net.asked == [OCSP, CRL, OCSP]


def test_a_list_that_is_not_for_one_certificate_may_be_for_another(pki, leaf, crl, clock):
    other = FakePki.create(at=AT, name="Cơ quan khác", key="p256")
    stranger = other.issue("Lê Văn Lạ", key="p256", extensions=WHERE)
    net = Net(crl=crl)
    source = FetchingRevocation(net, prefer="crl", clock=clock)
    for _ in range(2):
        assert source.revocation(stranger.der, other.issuing.der).crls == ()
    assert source.revocation(leaf.der, pki.issuing.der).crls == (crl,)
    assert net.asked.count(CRL) == 2


def test_a_dead_server_is_asked_once_a_minute(pki, leaf, clock):
    other = pki.issue("Trần Văn Mẫu", key="p256", extensions=WHERE)
    net = Net(ocsp=TransientError("VND-NET-007", "slow"))
    source = FetchingRevocation(net, clock=clock)
    for one in (leaf, other, leaf):
        assert source.revocation(one.der, pki.issuing.der) == RevocationData()
        assert source.fetch_issuer(one.der) == ()
    assert net.asked == [OCSP]  # the list and the issuer are at the same host
    clock.time = AT + dt.timedelta(seconds=60)
    source.revocation(other.der, pki.issuing.der)
    assert net.asked == [OCSP, OCSP]


def test_what_a_living_server_does_not_have_is_asked_once_a_minute(pki, leaf, clock):
    other = pki.issue("Trần Văn Mẫu", key="p256", extensions=WHERE)
    net = Net(issuer=b"<html>")
    source = FetchingRevocation(net, clock=clock)
    for one in (leaf, other, leaf):
        assert source.revocation(one.der, pki.issuing.der) == RevocationData()
        assert source.fetch_issuer(one.der) == ()
    assert net.asked == [OCSP, CRL, ISSUER]


def test_what_is_at_hand_is_handed_on(pki, leaf, crl, clock):
    class Base:
        def crls(self):
            return (crl,)

        def ocsps(self):
            return (b"kept",)

    source = FetchingRevocation(Net(ocsp=FakeOcsp(pki).answer), base=Base(), clock=clock)
    (fetched,) = source.revocation(leaf.der, pki.issuing.der).ocsps
    assert (source.crls(), source.ocsps()) == ((crl,), (b"kept", fetched))
    lists_only = FetchingRevocation(Net(), base=RevocationStore.from_der([crl]), clock=clock)
    assert (lists_only.crls(), lists_only.ocsps()) == ((crl,), ())


# --- where to ask ----------------------------------------------------------------------------------


def access(*urls):
    rows = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(one))
        for one in urls
    ]
    return (x509.AuthorityInformationAccess(rows), False)


def points(*rows):
    made = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(one) for one in urls], None, None, by)
        for urls, by in rows
    ]
    return (x509.CRLDistributionPoints(made), False)


def test_only_http_is_asked(pki, clock):
    odd = access(
        "ldap://ca.example.vn/", "file:///etc/hostname", "HTTP://CA.example.vn/ocsp", "x", "https://s.vn/"
    )
    one = pki.issue("Thử", key="p256", extensions=[odd, points((["ldap://ca.example.vn/crl"], None))])
    net = Net()
    FetchingRevocation(net, clock=clock).revocation(one.der, pki.issuing.der)
    assert net.asked == ["HTTP://CA.example.vn/ocsp", "https://s.vn/"]


def test_no_more_than_three_places(pki, clock):
    many = pki.issue(
        "Thử",
        key="p256",
        extensions=[
            access(*(f"http://o.example.vn/{one}" for one in range(50))),
            points(*(([f"http://c.example.vn/{one}"], None) for one in range(50))),
        ],
    )
    net = Net()
    FetchingRevocation(net, clock=clock).revocation(many.der, pki.issuing.der)
    assert len(net.asked) == 6


def test_lists_that_others_keep_are_left_alone(pki, crl, clock):
    indirect = [x509.DirectoryName(pki.root.certificate.subject)]
    one = pki.issue(
        "Thử", key="p256", extensions=[points((["http://other.vn/a.crl"], indirect), ([CRL], None))]
    )
    net = Net(crl=crl)
    assert FetchingRevocation(net, clock=clock).revocation(one.der, pki.issuing.der).crls == (crl,)
    assert net.asked == [CRL]


def test_a_certificate_that_names_no_place(pki, clock):
    source = FetchingRevocation(Net(), clock=clock)
    assert source.revocation(pki.issue("Thử", key="p256").der, pki.issuing.der) == RevocationData()
    assert causes(source) == [("VND-TRUST-069", None)]


def test_secrets_in_addresses_are_not_repeated(pki, clock):
    one = pki.issue(
        "Thử", key="p256", extensions=[access("http://u:geheim@x.vn/", "http://x.vn/?key=geheim")]
    )
    source = FetchingRevocation(Net(), clock=clock)
    source.revocation(one.der, pki.issuing.der)
    assert [row.facts["url"] for row in source.findings] == ["…", "http://x.vn/"]


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_nothing_is_raised_for_octets_that_are_no_certificates(certificate, issuer):
    source = FetchingRevocation(Net())
    assert source.revocation(certificate, issuer) == RevocationData()
    assert source.fetch_issuer(certificate) == ()
    assert {one.code for one in source.findings} == {"VND-TRUST-003"}


@given(st.data())
def test_hostile_answers_never_raise(pki, leaf, crl, data):
    """Any octets: a value or nothing; an answer that is taken is still about this certificate."""
    answer, changed = bytearray(FakeOcsp(pki).respond(leaf)), bytearray(crl)
    for octets in (answer, changed):
        at = data.draw(st.integers(0, 5000)) % len(octets)
        octets[at] ^= data.draw(st.integers(1, 255))
    source = FetchingRevocation(Net(ocsp=bytes(answer), crl=bytes(changed), issuer=bytes(answer)))
    found = source.revocation(leaf.der, pki.issuing.der)
    for one in found.ocsps:
        assert ocsp.load_der_ocsp_response(one).serial_number == leaf.certificate.serial_number
    assert source.fetch_issuer(leaf.der) == ()


def test_findings_are_bounded(pki, clock):
    source = FetchingRevocation(Net(), clock=clock)
    for number in range(100):
        where = [access(f"http://o.example.vn/{number}")]
        source.revocation(pki.issue(f"Thử {number}", key=leaf_key(), extensions=where).der, pki.issuing.der)
    assert len(source.findings) == 64


def leaf_key(kept=[]):  # noqa: B006 - made once
    from vnedoc.conformance import make_key

    if not kept:
        kept.append(make_key("p256"))
    return kept[0]


# --- issuers ---------------------------------------------------------------------------------------


def bundle(*certificates, form):
    parsed = [x509.load_der_x509_certificate(one) for one in certificates]
    return pkcs7.serialize_certificates(parsed, form)


def test_the_issuer_in_every_form(pki, leaf):
    issuing, root = pki.issuing.der, pki.root.der
    for octets in (
        issuing,
        to_pem(issuing),
        bundle(root, issuing, form=serialization.Encoding.DER),
        bundle(issuing, root, form=serialization.Encoding.PEM),
        to_pem(root) + to_pem(issuing),
    ):
        net = Net(issuer=octets)
        assert FetchingRevocation(net).fetch_issuer(leaf.der) == (issuing,)
        assert net.asked == [ISSUER]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("root", "not for this certificate"),
        (b"", "malformed"),
        (b"<html>", "malformed"),
        (None, "VND-NET-003"),
    ],
)
def test_no_issuer(pki, leaf, answer, cause):
    source = FetchingRevocation(Net(issuer=pki.root.der if answer == "root" else answer))
    assert source.fetch_issuer(leaf.der) == ()
    assert causes(source) == [("VND-TRUST-068", cause)]


def test_a_bundle_is_read_up_to_its_limit(pki, leaf):
    octets = bundle(pki.root.der, pki.issuing.der, form=serialization.Encoding.DER)
    order = pkcs7.load_der_pkcs7_certificates(octets)
    first = order[0].public_bytes(serialization.Encoding.DER)
    found = FetchingRevocation(Net(issuer=octets), limits=Limits(certificates=1)).fetch_issuer(leaf.der)
    assert found == ((pki.issuing.der,) if first == pki.issuing.der else ())


# --- over HTTP -------------------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_over_http():
    with serve() as served:
        at_root = where_to_ask(crl=served.url("root.crl"), issuer=served.url("root.crt"))
        pki = FakePki.create(key="p256", extensions=at_root)
        where = where_to_ask(
            ocsp=served.ocsp_url, crl=served.url("issuing.crl"), issuer=served.url("issuing.crt")
        )
        leaf = pki.issue("Nguyễn Thị Thử", key="p256", extensions=where)
        served.ocsp = FakeOcsp(pki)
        served.files |= {
            "root.crl": pki.crls()[0], "root.crt": pki.root.der,
            "issuing.crl": pki.crls()[1], "issuing.crt": pki.issuing.der,
        }  # fmt: skip
        source = FetchingRevocation(HttpFetcher([served.host], allow_private=True, timeout=30))
        (issuing,) = source.fetch_issuer(leaf.der)
        (root,) = source.fetch_issuer(issuing)
        assert len(source.revocation(leaf.der, issuing).ocsps) == 1
        assert source.revocation(issuing, root).crls == (served.files["root.crl"],)
        assert source.findings == ()
        closed = FetchingRevocation(HttpFetcher([]))
        assert closed.revocation(leaf.der, issuing) == RevocationData()
        assert {one.facts["cause"] for one in closed.findings} == {"VND-NET-003"}
        asked = list(served.asked)
    assert asked == [
        ("GET", "/issuing.crt"), ("GET", "/root.crt"), ("POST", "/ocsp"), ("GET", "/root.crl"),
    ]  # fmt: skip


@pytest.mark.server
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_document_is_judged_by_what_is_fetched():
    with serve() as served:
        pki = FakePki.create(key="p256", extensions=where_to_ask(crl=served.url("root.crl")))
        leaf = pki.issue("Nguyễn Thị Thử", key="p256", extensions=where_to_ask(ocsp=served.ocsp_url))
        served.ocsp = FakeOcsp(pki)
        served.files["root.crl"] = pki.crls()[0]
        signed = vnedoc.sign_xml(b"<a>x</a>", leaf.signer())

        def judged(*allowed):
            fetcher = HttpFetcher(allowed, allow_private=True, timeout=30)
            source = FetchingRevocation(fetcher)
            return vnedoc.verify(signed, vnedoc.Policy.strict(trust=pki.trust(), revocation=source))

        assert judged(served.host).conclusion is Conclusion.PASSED
        assert served.asked == [("POST", "/ocsp"), ("GET", "/root.crl")]
        closed = judged("ca.example.vn")
        assert (closed.conclusion, closed.signatures[0].sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.TRY_LATER,
        )
        assert len(served.asked) == 2
        pki.revoke(leaf)
        revoked = judged(served.host)
    assert revoked.conclusion is not Conclusion.PASSED
    assert revoked.signatures[0].sub_indication in {SubIndication.REVOKED, SubIndication.REVOKED_NO_POE}


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "file:///etc/passwd",
        "ldap://127.0.0.1/cn=x",
        "http://u:p@ca.example.vn/",
        "http://ca.example.vn:22/",
    ],
)
def test_a_document_leads_nowhere_that_nobody_allowed(url):
    # Any attempt to open a socket, or to look a name up, ends this test.
    where = where_to_ask(ocsp=url, crl=url, issuer=url)
    pki = FakePki.create(key="p256")
    leaf = pki.issue("Kẻ lạ", key="p256", extensions=where)
    source = FetchingRevocation(HttpFetcher(["ca.example.vn"]))
    signed = vnedoc.sign_xml(b"<a>x</a>", leaf.signer())
    report = vnedoc.verify(signed, vnedoc.Policy.strict(trust=pki.trust(), revocation=source))
    assert report.conclusion is Conclusion.INDETERMINATE
    assert source.fetch_issuer(leaf.der) == ()
    assert {one.facts.get("cause") for one in source.findings} <= {"VND-NET-002", "VND-NET-003", None}
