"""Public OCSP vectors: OpenSSL's own, and those of pyhanko-certvalidator on time."""

import base64
import datetime as dt
import json

import pytest
from trust_builders import errors

from vnedoc.model import Conclusion, Limits
from vnedoc.trust import (
    AlgorithmPolicy,
    ProofsOfExistence,
    Purpose,
    RevocationStore,
    TrustStore,
    load_material,
    validate_past,
    validate_path,
)
from vnedoc.trust._status import is_response

pytestmark = pytest.mark.corpus

MIDDLE = "inter\x6d"  # what the files call the authority in the middle

# The responses are of 2012, signed with SHA-1.
LEGACY = AlgorithmPolicy.legacy()


def one(path):
    return load_material(path).certificates[0]


def ask(leaf, root, at, *, hints=(), crls=(), ocsps=(), required=True):
    return validate_path(
        leaf,
        hints=hints,
        trust=TrustStore.from_der([root]),
        revocation=RevocationStore.from_der(crls, ocsps),
        require_revocation=required,
        at=at,
        algorithms=LEGACY,
        limits=Limits(),
    )


# --- OpenSSL: 29 cases ----------------------------------------------------------------------------

# Right answers that do not suffice here, each for a stated reason.
REFUSED = {
    "delegated_success": "the responder's certificate has no ocsp-nocheck and nothing speaks of it",
    "delegated_with_intermediate_success": "the same, and there is no data on the intermediate authority",
}


def openssl_rows(corpus):
    path = corpus / "vectors/pki/openssl-ocsp/openssl-ocsp.json"
    return json.loads(path.read_text(encoding="utf-8"))


def openssl_verdict(corpus, row, *, required=True):
    folder = corpus / "vectors/pki/openssl-ocsp"
    return ask(
        one(folder / row["cert"]),
        one(folder / row["root"]),
        dt.datetime.fromisoformat(row["moment"]),
        hints=[one(folder / name) for name in row.get("other_certs", ())],
        ocsps=[base64.b64decode((folder / name).read_bytes()) for name in row["ocsps"]],
        required=required,
    )


def test_openssl(corpus, record_property):
    wrong = []
    rows = openssl_rows(corpus)
    for row in rows:
        seen = openssl_verdict(corpus, row).conclusion is Conclusion.PASSED
        if seen is not ("error" not in row and row["name"] not in REFUSED):
            wrong.append((row["name"], seen))
    assert wrong == []
    assert len(rows) == 29
    record_property("rows", len(rows))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_openssl_answers_of_unchecked_responders_are_taken_where_none_is_required(corpus, name):
    (row,) = (one for one in openssl_rows(corpus) if one["name"] == name)
    verdict = openssl_verdict(corpus, row, required=False)
    assert verdict.conclusion is Conclusion.PASSED
    assert len(verdict.evidence.ocsps) == 1


CAUSES = {
    "invalid_response_signature": "ocsp-signature",
    "wrong_responder_id": "ocsp-responder-unknown",
    "wrong_issuer_name_hash": None,  # it is about a certificate of somebody else
    "wrong_issuer_key_hash": None,
    "signature_on_signing_cert": "ocsp-responder-not-authorised",
}


@pytest.mark.parametrize("part", sorted(CAUSES))
def test_openssl_reasons(corpus, part):
    rows = [row for row in openssl_rows(corpus) if part in row["name"]]
    assert rows
    for row in rows:
        causes = {
            cause
            for finding in openssl_verdict(corpus, row).findings
            for cause in finding.facts.get("causes", ())
        }
        assert causes == ({CAUSES[part]} if CAUSES[part] else set()), row["name"]


def index_rows(corpus, group):
    text = (corpus / "vectors/pki/index.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return [(row[0].rpartition("/")[2], row[3]) for row in rows if row[1] == group]


def openssl_pair(corpus, position):
    """Give a certificate and its issuer: ``D1``, ``ND2``, …"""
    folder = corpus / "vectors/pki/openssl-ocsp"
    kind = "ICA" if position[-1] == "2" else "EE"
    issuer = "ICA" if position[-1] == "1" else "Root"
    return one(folder / f"{position}_Cert_{kind}.pem"), folder / f"{position}_Issuer_{issuer}.pem"


def openssl_alone(corpus, position, response, *, issuer=None):
    """Judge one certificate under its issuer, which is taken for an anchor, by one response."""
    folder = corpus / "vectors/pki/openssl-ocsp"
    leaf, right = openssl_pair(corpus, position)
    octets = base64.b64decode((folder / response).read_bytes())
    at = dt.datetime(2012, 10, 11 if "ND" in position else 23, 14, tzinfo=dt.UTC)
    return octets, ask(leaf, one(issuer or right), at, ocsps=[octets], required="ND" in position)


def test_openssl_every_response_of_the_index(corpus, record_property):
    rows = [row for row in index_rows(corpus, "openssl-ocsp") if row[0].endswith(".ors")]
    wrong = []
    for name, expected in rows:
        position = name.removesuffix(".ors").rpartition("_")[2]
        octets, verdict = openssl_alone(corpus, position, name)
        assert verdict.path != (), name
        if (verdict.evidence.ocsps == (octets,)) is not (expected == "good"):
            wrong.append((name, expected))
    assert wrong == []
    assert len(rows) == 36
    record_property("rows", len(rows))


# The signature over an anchor is nobody's business: trust in it is the caller's.
ANCHORS_ANYWAY = {"ISIC"}


def test_openssl_every_wrong_issuer_of_the_index(corpus, record_property):
    folder = corpus / "vectors/pki/openssl-ocsp"
    names = [name for name, _ in index_rows(corpus, "openssl-ocsp") if name.count("_") == 3]
    for name in names:
        prefix, position, _, _ = name.split("_")
        octets, verdict = openssl_alone(corpus, position, f"{position}.ors", issuer=folder / name)
        assert (verdict.path != ()) is (prefix in ANCHORS_ANYWAY), name
        assert (verdict.evidence.ocsps == (octets,)) is (prefix in ANCHORS_ANYWAY), name
    assert len(names) == 18
    record_property("rows", len(names))


@pytest.mark.parametrize("prefix", ["WSNIC", "WKIC", "ISIC"])
@pytest.mark.parametrize("kind", ["ND1", "D1"])
def test_openssl_wrong_issuers_below_the_root(corpus, prefix, kind):
    folder = corpus / "vectors/pki/openssl-ocsp"
    root = one(folder / ("R2.pem" if kind == "D1" else "ND2_Issuer_Root.pem"))
    answers = [
        base64.b64decode((folder / f"{name}.ors").read_bytes()) for name in (kind, kind.replace("1", "2"))
    ]
    verdict = ask(
        one(folder / f"{kind}_Cert_EE.pem"),
        root,
        dt.datetime(2012, 10, 12, tzinfo=dt.UTC),
        hints=[one(folder / f"{prefix}_{kind}_Issuer_ICA.pem")],
        ocsps=answers,
    )
    assert verdict.path == ()
    assert verdict.conclusion is Conclusion.INDETERMINATE


# --- one responder for several authorities --------------------------------------------------------


def test_multitasking_responder(corpus):
    folder = corpus / "vectors/pki/multitasking-ocsp"
    answers = [(folder / f"ocsp-resp-{name}.der").read_bytes() for name in ("alice", MIDDLE)]
    leaf, hints = one(folder / "alice.cert.pem"), [one(folder / f"{MIDDLE}.cert.pem")]
    root = one(folder / "root.cert.pem")
    at = dt.datetime(2021, 8, 19, 12, 20, tzinfo=dt.UTC)
    verdict = ask(leaf, root, at, hints=hints, ocsps=answers)
    assert verdict.conclusion is Conclusion.PASSED
    assert set(verdict.evidence.ocsps) == set(answers)
    assert len(verdict.responders) == 2
    # Each answer is good only for whom its own certificate was issued by.
    alone = ask(leaf, root, at, hints=hints, ocsps=answers[:1])
    assert errors(alone) == {"032"}
    assert errors(ask(leaf, root, at + dt.timedelta(days=1), hints=hints, ocsps=answers)) == {"033"}


# --- freshness ------------------------------------------------------------------------------------

OCTOBER, NOVEMBER, DECEMBER = (
    dt.datetime(2020, month, day, tzinfo=dt.UTC) for month, day in ((10, 1), (11, 29), (12, 10))
)


def dated(corpus, group, names):
    folder = corpus / "vectors/pki" / group
    data = [(folder / name).read_bytes() for name in names]
    return (
        [octets for name, octets in zip(names, data, strict=True) if name.endswith(".crl")],
        [octets for name, octets in zip(names, data, strict=True) if name.endswith(".ors")],
    )


@pytest.mark.parametrize("group", ["freshness", "ades/time-slide"])
@pytest.mark.parametrize(
    ("names", "at", "middle", "expected"),
    [
        (("root-2020-10-01.crl", "alice-2020-10-01.ors"), OCTOBER, MIDDLE, set()),
        (("root-2020-11-29.crl", "alice-2020-11-29.ors"), NOVEMBER, MIDDLE, set()),
        (("root-2020-11-29.crl", "alice-2020-10-01.ors"), NOVEMBER, MIDDLE, {"033"}),  # stale answer
        (("root-2020-10-01.crl", "alice-2020-11-29.ors"), NOVEMBER, MIDDLE, {"033"}),  # stale list
        (("root-2020-12-10.crl", "alice-2020-12-10.ors"), DECEMBER, MIDDLE, {"030"}),  # revoked signer
        (("root-2020-12-10.crl", "alice-2020-12-10.ors"), DECEMBER, f"{MIDDLE}-revoked", {"030", "031"}),
        (("root-2020-12-10.crl", "alice-2020-11-29.ors"), NOVEMBER, f"{MIDDLE}-revoked", {"033"}),
    ],
)
def test_freshness(corpus, group, names, at, middle, expected):
    folder = corpus / "vectors/pki" / group / "certs"
    crls, ocsps = dated(corpus, group, names)
    verdict = ask(
        one(folder / "alice.crt"),
        one(folder / "root.crt"),
        at,
        hints=[one(folder / f"{middle}.crt")],
        crls=crls,
        ocsps=ocsps,
    )
    assert errors(verdict) == expected


# Groups with OCSP responses that no test above puts a question to, each for a stated reason.
NOT_ASKED = {"attribute-certs": "attribute certificates are not supported"}


def test_every_ocsp_response_of_the_index_is_read(corpus):
    text = (corpus / "vectors/pki/index.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    found = {}
    for name, group, *_ in rows:
        if name.endswith(".ors") or "ocsp-resp" in name:
            octets = (corpus / "vectors/pki" / name).read_bytes()
            der = octets if octets[:1] == b"0" else base64.b64decode(octets)
            found.setdefault(group, []).append(is_response(der))
    assert all(all(one) for one in found.values())
    assert set(found) == {"openssl-ocsp", "multitasking-ocsp", "freshness", "ades", *NOT_ASKED}
    assert sum(map(len, found.values())) == 46


# --- sliding back in time (EN 319 102-1, clause 5.6.2.2) ------------------------------------------


def slide(corpus, names, *, existed, proven=(), middle=MIDDLE, at=DECEMBER):
    group = "ades/time-slide"
    folder = corpus / "vectors/pki" / group / "certs"
    crls, ocsps = dated(corpus, group, names)
    hints = [one(folder / f"{middle}.crt")]
    leaf = one(folder / "alice.crt")
    poe = ProofsOfExistence(at)
    for octets in (*crls, *ocsps, *hints, leaf) if proven else ():
        poe.add(octets, proven)
    return validate_past(
        leaf,
        hints=hints,
        trust=TrustStore.from_der([one(folder / "root.crt")]),
        revocation=RevocationStore.from_der(crls, ocsps),
        require_revocation=True,
        algorithms=LEGACY,
        limits=Limits(),
        poe=poe,
        existed=existed,
    )


ALL_CRLS = tuple(f"{name}-2020-{day}.crl" for name in ("root", MIDDLE) for day in ("10-01", "11-29", "12-10"))
REVOKED_AT = dt.datetime(2020, 12, 1, tzinfo=dt.UTC)


def test_the_control_time_is_that_of_the_revocation(corpus):
    verdict = slide(corpus, ALL_CRLS, existed=REVOKED_AT - dt.timedelta(days=1))
    assert verdict.conclusion is Conclusion.PASSED
    assert verdict.control_time == REVOKED_AT


def test_after_the_revocation_nothing_counts(corpus):
    verdict = slide(corpus, ALL_CRLS, existed=REVOKED_AT + dt.timedelta(seconds=1))
    assert verdict.sub_indication.value == "REVOKED_NO_POE"


def test_a_revoked_authority_needs_older_proofs(corpus):
    """Its lists are known to exist only now, after the revocation: whoever has the key may have made them."""
    before = REVOKED_AT - dt.timedelta(days=3)
    verdict = slide(corpus, ALL_CRLS, existed=before, middle=f"{MIDDLE}-revoked")
    assert verdict.sub_indication.value == "NO_POE"
    proven = slide(
        corpus,
        ("root-2020-12-10.crl", "root-2020-11-29.crl", f"{MIDDLE}-2020-11-29.crl"),
        existed=before,
        proven=before,
        middle=f"{MIDDLE}-revoked",
    )
    assert proven.conclusion is Conclusion.PASSED
    assert proven.control_time == REVOKED_AT


def test_data_of_an_earlier_time_lowers_the_control_time_to_its_end(corpus):
    names = ("root-2020-12-10.crl", f"{MIDDLE}-2020-11-29.crl")
    verdict = slide(corpus, names, existed=NOVEMBER)
    assert verdict.conclusion is Conclusion.PASSED
    assert verdict.control_time == dt.datetime(2020, 12, 1, tzinfo=dt.UTC)
    assert slide(corpus, names, existed=REVOKED_AT + dt.timedelta(1)).sub_indication.value == "NO_POE"


def test_stale_data_of_the_authority_leaves_nothing_to_stand_on(corpus):
    names = ("root-2020-10-01.crl", f"{MIDDLE}-2020-10-01.crl")
    assert slide(corpus, names, existed=OCTOBER).sub_indication.value == "NO_POE"
    proven = slide(corpus, names, existed=OCTOBER, proven=OCTOBER)
    assert proven.conclusion is Conclusion.PASSED
    assert proven.control_time == dt.datetime(2020, 10, 2, tzinfo=dt.UTC)


# --- chains of other algorithms -------------------------------------------------------------------


@pytest.mark.parametrize("group", ["testing-ca-ed25519", "testing-ca-ed448"])
def test_certificates_of_time_stamp_authorities_on_other_curves(corpus, group):
    """Rows without an expected result: the chains are right, and each purpose is kept apart."""
    folder = corpus / "vectors/pki" / group
    settings = {
        "hints": [one(folder / f"{MIDDLE}.cert.pem")],
        "trust": TrustStore.from_der([one(folder / "root.cert.pem")]),
        "revocation": RevocationStore(),
        "require_revocation": False,
        "at": dt.datetime(2021, 6, 1, tzinfo=dt.UTC),
        "algorithms": AlgorithmPolicy(),
        "limits": Limits(),
    }
    stamping = validate_path(one(folder / "tsa.cert.pem"), **settings, purpose=Purpose.TIMESTAMP)
    assert stamping.conclusion is Conclusion.PASSED
    signing = validate_path(one(folder / "tsa.cert.pem"), **settings)
    assert errors(signing) == {"019"}
    signer = validate_path(one(folder / "signer.cert.pem"), **settings, purpose=Purpose.TIMESTAMP)
    assert "042" in errors(signer)


@pytest.mark.parametrize("group", ["testing-ca-pss", "testing-ca-pss-exclusive"])
def test_chains_with_pss(corpus, group):
    folder = corpus / "vectors/pki" / group
    verdict = validate_path(
        one(folder / "signer1.cert.pem"),
        hints=[one(folder / f"{MIDDLE}.cert.pem")],
        trust=TrustStore.from_der([one(folder / "root.cert.pem")]),
        revocation=RevocationStore(),
        require_revocation=False,
        at=dt.datetime(2021, 6, 1, tzinfo=dt.UTC),
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
    )
    assert verdict.conclusion is Conclusion.PASSED
