"""Attacks that other projects have met: public files, under the worst trust that a verifier can have.

Every certificate that a file carries is an anchor, the time is inside of its life: what is refused is then
refused for what the file does, and not because nobody knows the signer.
"""

import base64
import csv
import re
import subprocess
import sys
import warnings
from collections import Counter

import attrs
import pytest
from cryptography import x509
from dsig_attacks import nothing_opened
from dsig_samples import LIMITS
from standards_page import figures

import vnedoc
from vnedoc.dsig import check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Severity
from vnedoc.trust import AlgorithmPolicy, TrustStore
from vnedoc.verification import Policy
from vnedoc.xml import parse

pytestmark = pytest.mark.corpus

PASSED = Conclusion.PASSED
_CERTIFICATE = re.compile(rb"<(?:\w+:)?X509Certificate[^>]*>([^<]*)<")


@attrs.frozen
class Everything:
    """Trusts each of the certificates it was given, those of signers too."""

    given: tuple[bytes, ...]

    def anchors(self):
        return self.given

    def certificates(self):
        return ()


def _attacks(folder):
    with (folder / "index.tsv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            data = (folder / row["file"]).read_bytes()
            yield row["file"], base64.b64decode(data) if row["file"].endswith("base64") else data


@pytest.fixture(scope="module")
def attacks(corpus):
    return dict(_attacks(corpus / "vectors/attacks"))


def _trusting(data):
    """Give the policy that trusts all that a file carries, for the middle of the first certificate's life."""
    found, at = [], None
    for text in _CERTIFICATE.findall(data):
        try:
            der = base64.b64decode(text)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one = x509.load_der_x509_certificate(der)
        except ValueError:
            continue
        found.append(der)
        at = at or one.not_valid_before_utc + (one.not_valid_after_utc - one.not_valid_before_utc) / 2
    return Policy.strict(trust=Everything(tuple(dict.fromkeys(found))), at=at)


SOUND = {
    "xmldsig-xml-crypto/static/valid_saml_sha256_rsa_mgf1.xml",
    "xmldsig-xml-crypto/static/wsfederation_metadata.xml",
}
"""Controls of that collection: nothing is wrong with them but that nobody should trust their signer."""


def test_no_attack_passes_and_none_reaches_out(attacks, record_property):
    record_property("rows", len(attacks))
    nobody = Policy.strict(trust=TrustStore())
    taken, seen = set(), Counter()
    for name, data in attacks.items():
        with nothing_opened():
            alone = vnedoc.verify(data, nobody)
            report = vnedoc.verify(data, _trusting(data))
        assert alone.conclusion is not PASSED, name
        assert all(one.conclusion is not PASSED for one in alone.signatures), name
        if report.conclusion is PASSED:
            taken.add(name)
        seen[report.conclusion.value if report.signatures else report.sub_indication.value] += 1
    assert taken == SOUND
    assert figures("attacks") == (len(attacks), len(attacks), 0)
    assert seen == {"FAILED": 48, "INDETERMINATE": 18, "PASSED": 2, "FORMAT_FAILURE": 14, "NO_SIGNATURE": 18}


WHOLE = {
    "saml-ruby/responses/invalids/invalid_subjectconfirmation_nb.xml.base64": "a rule of SAML is broken",
    "saml-ruby/responses/invalids/no_conditions.xml.base64": "a rule of SAML is broken",
    "saml-ruby/responses/invalids/wrong_spnamequalifier.xml.base64": "a rule of SAML is broken",
    "saml-ruby/responses/response_encrypted_attrs.xml.base64": "sound",
    "saml-ruby/responses/response_node_text_attack2.xml.base64": "a comment in a name that nobody reads here",
    "saml-ruby/responses/signed_message_encrypted_signed_assertion.xml.base64": "sound",
    "saml-ruby/responses/signed_unqual_nameid_in_atts.xml": "sound",
    "xmldsig-xml-crypto/static/valid_signature_utf8.xml": "sound",
    **dict.fromkeys(SOUND, "sound"),
}
"""What is signed as a whole by the key that it carries, once SHA-1 and missing lists are let pass."""


def _lax(data, **more):
    return attrs.evolve(
        _trusting(data), require_revocation=False, algorithms=AlgorithmPolicy.legacy(), **more
    )


def test_what_passes_under_lax_rules_was_signed_as_a_whole(attacks):
    taken = {}
    for name, data in attacks.items():
        report = vnedoc.verify(data, _lax(data))
        if report.conclusion is PASSED:
            taken[name] = [one.node.count("/") for each in report.signatures for one in each.covers]
    assert taken == {one: [1] for one in WHOLE}


PARTS = {
    "saml-ruby/responses/invalids/encrypted_new_attack.xml.base64": [
        "/Response/Status/StatusDetail/LogoutResponse"
    ],
    "saml-ruby/responses/invalids/response_with_concealed_signed_assertion.xml": ["/Response/foo/Assertion"],
    "saml-ruby/responses/response_assertion_wrapped.xml.base64": ["/Response/Assertion[2]"],
}


@pytest.mark.parametrize("name", PARTS)
def test_a_wrapped_part_is_named_where_it_stands(attacks, name):
    """Who asks for parts is told which one, so that the evil one beside it is not taken for it."""
    data = attacks[name]
    report = vnedoc.verify(data, _lax(data, whole_document=False))
    passed = [one for one in report.signatures if one.conclusion is PASSED]
    assert [each.node for one in passed for each in one.covers] == PARTS[name]
    assert vnedoc.verify(data, _lax(data)).conclusion is not PASSED


SHAPES = {
    "xsw-dss/xsw/XSW-enveloping-fake-manifest.xml": "VND-DSIG-016",
    "xsw-dss/xsw/disable-checks.xml": "VND-DSIG-007",
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
def test_known_attacks_are_named(attacks, name):
    report = vnedoc.verify(attacks[name], _trusting(attacks[name]))
    first = report.signatures[0]
    assert first.conclusion is not PASSED
    assert SHAPES[name] in [one.code for one in first.findings if one.severity is Severity.ERROR]


def test_a_concealed_element_is_never_the_whole(corpus, attacks):
    """Genuine signatures over a part, in a file that was wrapped around it, do not cover the root."""
    for name in PARTS:
        assert not any(one.covers_root for one in check_signatures(parse(attacks[name]), LIMITS))
    misplaced = corpus / "vectors/xades/dss/dss-xades/src/test/resources/validation/xsw"
    for path in misplaced.glob("XSW-*.xml"):
        try:
            checks = check_signatures(parse(path.read_bytes()), LIMITS)
        except VnedocError:
            continue
        for one in checks:
            assert one.conclusion is not PASSED or not one.covers_root, path.name


_COST = """
import base64, resource, sys, time
from pathlib import Path
import vnedoc
from vnedoc.trust import TrustStore
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
policy = vnedoc.Policy.strict(trust=TrustStore())
vnedoc.verify(b"<a/>", policy)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
slowest = 0.0
for name in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    data = Path(name).read_bytes()
    if name.endswith("base64"):
        data = base64.b64decode(data)
    start = time.process_time()
    vnedoc.verify(data, policy)
    slowest = max(slowest, time.process_time() - start)
print(slowest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_no_attack_costs_much(corpus, attacks, tmp_path):
    """At most 5 s and 256 MB for each of them, in a process of its own; ru_maxrss is in KiB on Linux."""
    listed = tmp_path / "files"
    listed.write_text("\n".join(str(corpus / "vectors/attacks" / one) for one in attacks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _COST, str(listed)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    seconds, kibibytes = map(float, done.stdout.split())
    assert seconds <= 5
    assert kibibytes <= 256 * 1024
