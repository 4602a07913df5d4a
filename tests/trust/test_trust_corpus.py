"""Public vectors: NIST PKITS, x509-limbo, and real certificates of the Vietnamese authorities."""

import base64
import datetime as dt
import json
import time

import pytest
from trust_builders import errors, judge

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Limits, SubIndication
from vnedoc.trust import (
    AlgorithmPolicy,
    RevocationStore,
    TrustStore,
    identity_of,
    load_material,
    public_key_of,
    validate_path,
)

pytestmark = pytest.mark.corpus
LEGACY = AlgorithmPolicy.legacy()
LIMITS = Limits()

# --- NIST PKITS -----------------------------------------------------------------------------------

# Right certificates that are refused here, each for a stated reason.
REFUSED = {
    "dsa": {"40104", "40105"},
    # The list is signed by another key of the same authority than the certificate.
    "list under another key": {
        "40419", "40501", "40504", "40506", "40615", "40617", "40906", "41107", "41207", "41209", "41319",
    },
    "distribution point relative to the issuer": {"41404", "41405", "41407"},
    "lists for some reasons only, added up": {"41418", "41419"},
    "indirect list": {"41422", "41424", "41425", "41428", "41429", "41430", "41433"},
    "delta list that takes a certificate off": {"41505"},
}  # fmt: skip
PKITS_AT = dt.datetime(2012, 6, 1, tzinfo=dt.UTC)


def pkits_rows(corpus):
    """Give the cases; those that ask for other initial policy settings than the default cannot be put."""
    rows = json.loads((corpus / "vectors/pki/nist_pkits/pkits.json").read_text(encoding="utf-8"))
    return [row for row in rows if not row.get("params")]


def pkits_verdict(folder, row):
    def certificate(file):
        return load_material(folder / "certs" / file).certificates[0]

    crls = [
        (folder / "crls" / file).read_bytes() for file in ("TrustAnchorRootCRL.crl", *row.get("crls", ()))
    ]
    return judge(
        certificate(row["cert"]),
        anchors=[certificate("TrustAnchorRootCertificate.crt")],
        hints=[certificate(file) for file in row.get("other_certs", ())],
        crls=crls,
        required=row.get("revocation", True),
        at=PKITS_AT,
        algorithms=LEGACY,
    )


def test_pkits(corpus, record_property):
    folder = corpus / "vectors/pki/nist_pkits"
    refused = set().union(*REFUSED.values())
    wrong, accepted = [], 0
    rows = pkits_rows(corpus)
    for row in rows:
        expected = "error" not in row and row["id"] not in refused
        try:
            seen = pkits_verdict(folder, row).conclusion is Conclusion.PASSED
        except VnedocError:
            seen = False
        accepted += seen
        if seen is not expected:
            wrong.append((row["id"], row["name"], seen))
    assert wrong == []
    assert (len(rows), accepted) == (213, 66)
    record_property("rows", len(rows))


@pytest.mark.parametrize(
    ("case", "sub_indication"),
    [
        ("40102", "NO_CERTIFICATE_CHAIN_FOUND"),
        ("40201", "OUT_OF_BOUNDS_NO_POE"),
        ("40205", "OUT_OF_BOUNDS_NO_POE"),
        ("40402", "REVOKED_CA_NO_POE"),
        ("40403", "REVOKED_NO_POE"),
        ("40404", "TRY_LATER"),
        ("40411", "TRY_LATER"),
        ("40601", "CHAIN_CONSTRAINTS_FAILURE"),
        ("40605", "CHAIN_CONSTRAINTS_FAILURE"),
        ("40701", "CHAIN_CONSTRAINTS_FAILURE"),
        ("41302", "CHAIN_CONSTRAINTS_FAILURE"),
        ("41602", "CHAIN_CONSTRAINTS_FAILURE"),
        ("40104", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    ],
)
def test_pkits_reasons(corpus, case, sub_indication):
    (row,) = (one for one in pkits_rows(corpus) if one["id"] == case)
    verdict = pkits_verdict(corpus / "vectors/pki/nist_pkits", row)
    assert verdict.sub_indication is SubIndication[sub_indication]


# --- x509-limbo -----------------------------------------------------------------------------------

# Cases about server names (a signer of documents has none), about the WebPKI profile, or about what an
# authority must write rather than what a reader must refuse.
OTHER_PROFILE = (
    "webpki::san::",
    "webpki::cn::",
    "webpki::aki::",
    "webpki::eku::",
    "rfc5280::aki::",
    "rfc5280::ski::",
)
ACCEPTED_HERE = {
    "crl::crlnumber-missing",
    "pathlen::max-chain-depth-0-exhausted",  # a depth that the case sets
    "pathlen::max-chain-depth-1-exhausted",
    "rfc5280::eku::ee-wrong-eku",  # client authentication is right here
    "rfc5280::leaf-ku-keycertsign",
    "rfc5280::nc::not-allowed-in-ee-noncritical",
    "rfc5280::nc::permitted-dns-match-noncritical",
    "rfc5280::pc::ica-noncritical-pc",
    "rfc5280::root-non-critical-basic-constraints",
    "rfc5280::san::ip-in-dns",
    "rfc5280::serial::zero",  # real roots have it
    "webpki::ee-basicconstraints-ca",
    "webpki::explicit-curve",
    "webpki::forbidden-rsa-not-divisible-by-8-in-root",
    "webpki::v1-cert",
    # Wildcards in DNS names under name constraints.
    "cve::cve-2025-61727",
    "rfc5280::nc::nc-forbids-dnsname-wildcard-san",
}
REFUSED_HERE = {
    "rfc5280::ca-as-leaf",  # keyCertSign alone does not sign documents
    "rfc5280::nc::nc-forbids-othername-noop",  # the full process knows no such names
    "rfc5280::nc::permitted-ipv4-match",
}


def der(pem):
    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))


def limbo_rows(corpus):
    path = corpus / "vectors/pki/x509-limbo/limbo-subset.json"
    return json.loads(path.read_text(encoding="utf-8"))["testcases"]


def limbo_verdict(row):
    at = row["validation_time"]
    return validate_path(
        der(row["peer_certificate"]),
        hints=[der(one) for one in row["untrusted_intermediates"]],
        trust=TrustStore(tuple(map(der, row["trusted_certs"]))),
        revocation=RevocationStore(tuple(map(der, row["crls"]))),
        require_revocation=bool(row["crls"]),
        at=dt.datetime.fromisoformat(at) if at else dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        algorithms=AlgorithmPolicy(),
        limits=LIMITS,
    )


def test_limbo(corpus, record_property):
    """Server certificates mostly lack a purpose that is right for documents: that one fault is left out."""
    wrong, rows = [], 0
    for row in limbo_rows(corpus):
        if row["id"].startswith(OTHER_PROFILE):
            continue
        rows += 1
        start = time.monotonic()
        verdict = limbo_verdict(row)
        assert time.monotonic() - start < 2, row["id"]
        seen = bool(verdict.path) and errors(verdict) <= {"019"}
        expected = row["id"] not in REFUSED_HERE and (
            row["expected_result"] == "SUCCESS" or row["id"] in ACCEPTED_HERE
        )
        if seen is not expected:
            wrong.append((row["id"], row["expected_result"], verdict))
    assert wrong == []
    assert rows == 110
    record_property("rows", rows)


def test_limbo_never_raises(corpus):
    for row in limbo_rows(corpus):
        assert limbo_verdict(row).conclusion in {Conclusion.PASSED, Conclusion.INDETERMINATE}


# --- every certificate of the vectors -------------------------------------------------------------


def test_every_certificate_file_gives_identities_or_a_typed_error(corpus):
    read = 0
    for path in sorted((corpus / "vectors/pki").rglob("*")):
        if path.suffix not in {".crt", ".cer", ".pem", ".der", ".crl", ".p7b"}:
            continue
        try:
            found = load_material(path)
            for one in found.certificates:
                assert identity_of(one).serial
                public_key_of(one)
            read += 1
        except VnedocError as error:
            assert error.code.startswith("VND-TRUST-")  # noqa: PT017
    assert read > 550


# --- Vietnamese authorities -----------------------------------------------------------------------

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
SIGNED = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)


def one_of(corpus, path):
    return load_material(corpus / "certs" / path).certificates[0]


@pytest.fixture
def government(corpus):
    return TrustStore.from_paths([corpus / "certs/vgca/rootcag2.crt"], [corpus / "certs/vgca/cpcag2.crt"])


def ask(certificate, trust, at, **more):
    settings = {
        "revocation": RevocationStore(),
        "require_revocation": False,
        "at": at,
        "algorithms": AlgorithmPolicy(),
        "limits": LIMITS,
    }
    return validate_path(certificate, trust=trust, **{**settings, **more})


def test_roots_are_anchors(corpus):
    store = TrustStore.from_paths([corpus / "certs/vgca/rootcag2.crt", corpus / "certs/national"])
    assert len(store.anchors()) == 2
    assert {identity_of(one).subject.split(",")[0] for one in store.anchors()} == {
        "CN=RootCA chuyên dùng Chính phủ G2",
        "CN=Vietnam National Root CA",
    }


def test_government_agency_certificate(corpus, government):
    leaf = one_of(corpus, "vgca/leaf-samples/g2-org-tong-cuc-thue.pem")
    while_valid = ask(leaf, government, SIGNED)
    assert while_valid.conclusion is Conclusion.PASSED
    assert len(while_valid.path) == 3
    assert errors(while_valid) == set()
    expired = ask(leaf, government, NOW)
    assert expired.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert errors(expired) == {"013"}
    strict = ask(leaf, government, SIGNED, require_revocation=True)
    assert strict.sub_indication is SubIndication.TRY_LATER


def test_government_authority_is_a_good_path_but_no_signer(corpus, government):
    verdict = ask(one_of(corpus, "vgca/cpcag2.crt"), government, NOW)
    assert len(verdict.path) == 2
    assert errors(verdict) == {"017"}


def test_certificate_of_an_older_generation_names_the_missing_issuer(corpus, government):
    verdict = ask(one_of(corpus, "vgca/leaf-samples/g1-org-chi-cuc-thue-q12.pem"), government, SIGNED)
    assert verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert "Co quan chung thuc so Bo Tai chinh" in verdict.findings[0].facts["issuer"]


def test_public_authority_does_not_chain_to_the_government(corpus, government):
    national = TrustStore.from_paths([corpus / "certs/national/vnrca256.crt"])
    public = one_of(corpus, "vnpt/vnpt-ca-sha2.crt")
    assert len(ask(public, national, NOW).path) == 2
    assert ask(public, government, NOW).sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
