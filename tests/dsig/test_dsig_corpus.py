"""Public vectors. The counts are exact, so that they change by intention only."""

import base64
import csv
import sys
from collections import Counter

import pytest
from dsig_samples import LIMITS

from vnedoc.dsig import check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Severity, SubIndication, worst
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy, verify_xml
from vnedoc.xml import parse

pytestmark = pytest.mark.corpus

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE


def _rows(folder):
    with (folder / "index.tsv").open(encoding="utf-8") as handle:
        yield from csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)


def _judged(folder, column):
    """Give (row, checks or the typed refusal); anything else that is raised fails the test."""
    for row in _rows(folder):
        try:
            yield row, row[column], check_signatures(parse((folder / row["file"]).read_bytes()), LIMITS)
        except VnedocError as error:
            yield row, row[column], error


def _verdicts(folder, column):
    """Count (what is expected, what was concluded)."""
    found = Counter()
    for row, expected, checks in _judged(folder, column):
        if isinstance(checks, VnedocError):
            found[expected, "refused"] += 1
            continue
        assert checks, row["file"]
        conclusion, _ = worst((one.conclusion, one.sub_indication) for one in checks)
        found[expected, conclusion.value] += 1
    return found


def test_xmldsig_vectors(corpus):
    """382 are valid; most of them have a bare key, HMAC, DSA, XPath or external resources."""
    assert _verdicts(corpus / "vectors/xmldsig", "expected") == {
        ("valid", "PASSED"): 24,
        ("valid", "INDETERMINATE"): 121,
        ("valid", "FAILED"): 232,
        ("valid", "refused"): 5,
        ("invalid", "FAILED"): 7,
        ("invalid", "refused"): 1,
        ("unsupported-ok", "INDETERMINATE"): 43,
        ("unsupported-ok", "FAILED"): 59,
        ("unsupported-ok", "refused"): 2,
    }


def test_xades_vectors(corpus):
    """116 are valid; most of the others of them have a base64 transform, XPath or detached data."""
    assert _verdicts(corpus / "vectors/xades", "core_expected") == {
        ("valid", "PASSED"): 25,
        ("valid", "INDETERMINATE"): 53,
        ("valid", "FAILED"): 37,
        ("valid", "refused"): 1,
        ("invalid", "FAILED"): 15,
        ("invalid", "refused"): 1,
        ("undecided", "INDETERMINATE"): 4,
        ("undecided", "FAILED"): 6,
        ("undecided", "refused"): 1,
    }


@pytest.mark.parametrize(
    ("folder", "column", "right", "values"),
    [("xmldsig", "expected", 217, 37), ("xades", "core_expected", 191, 124)],
)
def test_no_digest_and_no_value_of_a_valid_vector_is_wrong(corpus, folder, column, right, values):
    """What can be computed is computed right: every digest of a valid file that is in reach matches."""
    digests = sum_of_values = 0
    wrong_values = []
    for row, expected, checks in _judged(corpus / "vectors" / folder, column):
        if expected != "valid" or isinstance(checks, VnedocError):
            continue
        for one in checks:
            digests += sum(each.verdict == (PASSED, None) for each in one.references)
            assert all(each.verdict[1] is not SubIndication.HASH_FAILURE for each in one.references)
            sum_of_values += one.value_ok
            if any(each.code == "VND-DSIG-015" for each in one.findings):
                wrong_values.append(row["file"].rpartition("/")[2])
    assert (digests, sum_of_values) == (right, values)
    # r and s that are shorter or longer than the order of the curve: not the form of RFC 9231, 2.3.6
    padded = ["enveloped-ecdsa-java-bug.xml", "enveloping-sha256-ecdsa-sha256_padded.xml"]
    assert wrong_values == (padded if folder == "xmldsig" else [])


def test_valid_vectors_fail_only_for_what_the_profile_forbids(corpus):
    """A FAILED for a valid file names a rule, never a digest or value that came out wrong."""
    reasons = Counter()
    for folder, column in (("xmldsig", "expected"), ("xades", "core_expected")):
        for _, expected, checks in _judged(corpus / "vectors" / folder, column):
            if expected == "valid" and not isinstance(checks, VnedocError):
                for one in checks:
                    failed = one.conclusion is FAILED
                    reasons[one.sub_indication if failed else None] += 1
    assert set(reasons) == {
        None,
        SubIndication.SIGNED_DATA_NOT_FOUND,  # external resources
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,  # HMAC
        SubIndication.SIG_CONSTRAINTS_FAILURE,  # XPath, XSLT, another certificate named
        SubIndication.FORMAT_FAILURE,  # RetrievalMethod, more than 20 references, doubled identifiers
        SubIndication.SIG_CRYPTO_FAILURE,  # the two padded values
    }


# --- attacks --------------------------------------------------------------------------------------

_listeners: list[list[str]] = []
_REACHING_OUT = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen")


def _hook(event, arguments):
    if event in _REACHING_OUT:
        for one in _listeners:
            one.append(f"{event} {arguments[0]}")


sys.addaudithook(_hook)


@pytest.fixture
def watched():
    """List every file and socket that is opened while a hostile document is judged."""
    seen: list[str] = []
    _listeners.append(seen)
    yield seen
    _listeners.remove(seen)


def _attacks(folder):
    for row in _rows(folder):
        data = (folder / row["file"]).read_bytes()
        yield row["file"], base64.b64decode(data) if row["file"].endswith("base64") else data


def test_no_attack_passes_and_none_reaches_out(corpus, watched):
    policy = Policy.strict(trust=TrustStore())
    attacks = list(_attacks(corpus / "vectors/attacks"))
    seen = Counter()
    watched.clear()
    for name, data in attacks:
        try:
            reports = verify_xml(parse(data), policy)
        except VnedocError:
            seen["refused"] += 1
            continue
        assert all(one.conclusion is not PASSED for one in reports), name
        seen["judged" if reports else "no signature"] += 1
    assert [one for one in watched if "site-packages" not in one and "/lib/" not in one] == []
    assert seen == {"refused": 14, "no signature": 18, "judged": 68}


SHAPES = {
    "xsw-dss/xsw/XSW-enveloping-fake-manifest.xml": "VND-DSIG-016",
    "xsw-dss/xsw/disable-checks.xml": "VND-DSIG-008",
    "saml-ruby/responses/invalids/signature_wrapping_attack.xml.base64": "VND-DSIG-013",
    "saml-ruby/responses/invalids/no_status.xml.base64": "VND-DSIG-014",
    "saml-ruby/responses/response_node_text_attack3.xml.base64": "VND-DSIG-014",
    "xmldsig-xml-crypto/static/hmac_signature.xml": "VND-DSIG-005",
    "xmldsig-xml-crypto/static/saml_multiple_signed_info_nodes.xml": "VND-DSIG-001",
    "xmldsig-xml-crypto/static/invalid_saml_no_signed_info.xml": "VND-DSIG-001",
    "xmldsig-xml-crypto/static/valid_saml_signature_wrapping.xml": "VND-DSIG-013",
    "xmldsig-xml-crypto/static/valid_saml_with_digest_comment.xml": "VND-XML-031",
    "xmldsig-xml-crypto/static/invalid_saml_sha256_rsa_mgf1.xml": "VND-DSIG-014",
    "xmldsig-xml-crypto/static/valid_saml_withcomments.xml": "VND-DSIG-015",
}


@pytest.mark.parametrize("name", SHAPES)
def test_known_attacks_are_named(corpus, name):
    attacks = dict(_attacks(corpus / "vectors/attacks"))
    first = check_signatures(parse(attacks[name]), LIMITS)[0]
    assert first.conclusion is not PASSED
    assert SHAPES[name] in [one.code for one in first.findings if one.severity is Severity.ERROR]
    assert not first.covers_root


def test_a_concealed_element_is_never_the_whole(corpus):
    """Genuine signatures over a part, in a file that was wrapped around it, do not cover the root."""
    attacks = dict(_attacks(corpus / "vectors/attacks"))
    for name in (
        "saml-ruby/responses/response_assertion_wrapped.xml.base64",
        "saml-ruby/responses/invalids/response_with_concealed_signed_assertion.xml",
        "saml-ruby/responses/invalids/encrypted_new_attack.xml.base64",
    ):
        for one in check_signatures(parse(attacks[name]), LIMITS):
            assert not one.covers_root
    misplaced = corpus / "vectors/xades/dss/dss-xades/src/test/resources/validation/xsw"
    for path in misplaced.glob("XSW-*.xml"):
        try:
            checks = check_signatures(parse(path.read_bytes()), LIMITS)
        except VnedocError:
            continue
        for one in checks:
            assert one.conclusion is not PASSED or not one.covers_root, path.name
