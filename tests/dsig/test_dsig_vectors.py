"""Public XMLDSig vectors: all 494, as other engines judge them, and what the default makes of them.

The judges are those of the index: where the JDK or Santuario accept a file, it must be accepted here, and
every exception stands in a table with its reason.
"""

import csv
from collections import Counter
from urllib.parse import unquote

import attrs
import pytest
from dsig_samples import LIMITS
from standards_page import figures

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Blob, Conclusion, Limits, Severity, SubIndication, worst
from vnedoc.xml import parse, parse_with_doctype

pytestmark = pytest.mark.corpus

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE

# One vector has 130 references, and some 30 transforms in one.
WIDE = Limits(references=200, transforms=50)

XSLT = "unsupported: XSLT is never run"
SHORT = "refused: an HMAC below half of its hash can be guessed (CVE-2009-0217)"
ASN1 = "unsupported: the value is an ASN.1 SEQUENCE, which RFC 9231, clause 2.3.6, does not allow"
XPOINTER = "refused: XPointer beyond the four forms of XML Signature 1.1, clause 4.4.3.2"
ENVELOPED = (
    "the digest was made as if enveloped-signature left in what stands inside the signature; clause 6.6.4"
    " says that nothing is left, and sign-spec.xml of merlin-xpath-filter2-three agrees"
)
OPC = "unsupported: the relationship transform of Open Packaging Conventions"

NOT_ACCEPTED = {
    # what the JDK or Santuario accept
    "santuario/at/iaik/ixsil/coreFeatures/signatures/manifestSignatureWrapping.xml": (
        "VND-DSIG-013",
        "refused: two elements with the identifier that is referenced (wrapping)",
    ),
    "xmlsec/phaos-xmldsig-three/signature-rsa-detached-xslt-transform-retrieval-method.xml": (
        "VND-DSIG-008",
        XSLT,
    ),
    "xmlsec/phaos-xmldsig-three/signature-rsa-detached-xslt-transform.xml": ("VND-DSIG-008", XSLT),
    "xmlsec/xmldsig2ed-tests/defCan-2.xml": ("VND-DSIG-008", XSLT),
    # what xmlsec1 alone accepts
    "xmlsec/aleksey-xmldsig-01/enveloping-ripemd160-rsa-ripemd160.xml": (
        "VND-DSIG-004",
        "unsupported: cryptography has no RIPEMD-160",
    ),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-ns-legacy.xml": (
        "VND-DSIG-008",
        OPC,
    ),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-whitespace-legacy.xml": (
        "VND-DSIG-008",
        OPC,
    ),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship.xml": ("VND-DSIG-008", OPC),
    "xmlsec/aleksey-xmldsig-01/xpointer-hmac.xml": ("VND-DSIG-008", "unsupported: the XPointer transform"),
    "xmlsec/merlin-xmldsig-twenty-three/signature.xml": ("VND-DSIG-008", XSLT),
    "xmlsec/phaos-xmldsig-three/signature-big.xml": ("VND-DSIG-008", XSLT),
}
"""Rows that somebody accepts, with the code that must be named here and the reason."""

REFUSED_THOUGH_UNKNOWN = {
    "santuario/at/buergerkarte/testresp.xml": ("VND-DSIG-011", XPOINTER),
    "santuario/at/iaik/ixsil/signatureAlgorithms/signatures/hMACShortSignature.xml": ("VND-DSIG-055", SHORT),
    "santuario/ie/baltimore/merlin-examples/merlin-xmldsig-fifteen/signature-enveloping-hmac-sha1-40.xml": (
        "VND-DSIG-055",
        SHORT,
    ),
    "santuario/javax/xml/crypto/dsig/eddsa/envelopingSignatureEd25519.xml": ("VND-DSIG-014", ENVELOPED),
    "santuario/javax/xml/crypto/dsig/eddsa/envelopingSignatureEd448.xml": ("VND-DSIG-014", ENVELOPED),
    "santuario/org/w3c/www/interop/xmldsig/xpointer/xpointerscheme-1-IAIK.xml": ("VND-DSIG-011", XPOINTER),
    "xmlsec/aleksey-xmldsig-01/enveloped-sha256-ecdsa-sha256-with-asn1.xml": ("VND-DSIG-015", ASN1),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha512-ecdsa-sha512-with-asn1.xml": ("VND-DSIG-015", ASN1),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha224-hmac-sha224-64.xml": ("VND-DSIG-055", SHORT),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-64.xml": ("VND-DSIG-055", SHORT),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha384-hmac-sha384-64.xml": ("VND-DSIG-055", SHORT),
    "xmlsec/aleksey-xmldsig-01/enveloping-sha512-hmac-sha512-64.xml": ("VND-DSIG-055", SHORT),
    "xmlsec/xmldsig11-interop-2012/signature-enveloping-hmac-sha1-truncated40.xml": ("VND-DSIG-055", SHORT),
}
"""Rows that no engine knows and that end as FAILED here rather than as undecided."""


def rows(folder):
    with (folder / "index.tsv").open(encoding="utf-8") as handle:
        yield from csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)


def key_files(folder, row):
    """Give what a verifier must be given: keys, secrets, and files by their URI."""
    keys, secrets, files = [], [], {}
    for part in row["key_files"].split(" ; "):
        kind, _, value = part.strip().partition("=")
        if kind in ("key", "trusted"):
            path = folder / value.removeprefix("any of ")
            found = sorted(path.iterdir()) if path.is_dir() else [path]
            keys += [one.read_bytes() for one in found]
        elif kind == "hmac":
            secrets.append((folder / value).read_bytes())
        elif kind == "map":
            uri, _, file = value.rpartition("=")
            files[uri] = folder / file
    return tuple(keys), tuple(secrets), files


def judged(folder, row, **changes):
    keys, secrets, files = key_files(folder, row)
    document = folder / row["file"]

    def resolver(uri):
        near = [files.get(uri)]
        if uri and ":" not in uri:
            near += [document.parent / unquote(uri), folder / "xmlsec" / uri.removeprefix("tests/")]
        return next((Blob.from_file(one) for one in near if one is not None and one.is_file()), None)

    generic = UnsafeGeneric(keys=keys, hmac_keys=secrets, limits=WIDE, id_names=("AssertionID",))
    generic = attrs.evolve(generic, **changes)
    checks = check_signatures(
        parse_with_doctype(document.read_bytes(), WIDE), LIMITS, resolver=resolver, generic=generic
    )
    assert checks, row["file"]
    conclusion, _ = worst((one.conclusion, one.sub_indication) for one in checks)
    return conclusion, checks


def errors(checks):
    return [found.code for one in checks for found in one.findings if found.severity is Severity.ERROR]


def accepted_by_somebody(row):
    return row["jdk"].startswith("valid") or row["santuario"].startswith("valid")


def test_every_row_under_unsafe_generic(corpus):
    """Valid is accepted, invalid refused, unknown is valid or cleanly unsupported; tables say where not."""
    folder = corpus / "vectors/xmldsig"
    seen, wrong, met = Counter(), [], set()
    for row in rows(folder):
        name, expected = row["file"], row["expected"]
        conclusion, checks = judged(folder, row)
        must = accepted_by_somebody(row)
        assert not must or expected == "valid"
        seen["must" if must else expected, conclusion.value] += 1
        table = NOT_ACCEPTED if expected == "valid" else REFUSED_THOUGH_UNKNOWN
        if name in table:
            met.add(name)
            right = conclusion is not PASSED and table[name][0] in errors(checks)
        elif expected == "invalid":
            right = conclusion is FAILED
        else:
            right = conclusion is PASSED or (expected == "unsupported-ok" and conclusion is INDETERMINATE)
        if not right:
            wrong.append((name, expected, conclusion.value, errors(checks)))
    assert wrong == []
    assert met == {*NOT_ACCEPTED, *REFUSED_THOUGH_UNKNOWN}
    assert figures("XMLDSig signatures") == (seen.total(), seen.total() - len(met), len(met))
    assert seen == {
        ("must", "PASSED"): 367,
        ("must", "FAILED"): 1,
        ("must", "INDETERMINATE"): 3,
        ("valid", "PASSED"): 4,
        ("valid", "INDETERMINATE"): 7,
        ("invalid", "FAILED"): 8,
        ("unsupported-ok", "PASSED"): 16,
        ("unsupported-ok", "FAILED"): 13,
        ("unsupported-ok", "INDETERMINATE"): 75,
    }


UNKNOWN = {
    "VND-DSIG-003": "digest",
    "VND-DSIG-004": "signature method",
    "VND-DSIG-008": "transform",
    "VND-DSIG-020": "no key that can be used",
    "VND-DSIG-048": "an older XAdES",
    "VND-DSIG-053": "data outside that is not at hand",
}


def test_undecided_is_always_for_want_of_something(corpus):
    """Each INDETERMINATE names what is not known or missing, and nothing in it is called wrong."""
    folder = corpus / "vectors/xmldsig"
    reasons = Counter()
    for row in rows(folder):
        conclusion, checks = judged(folder, row)
        if conclusion is INDETERMINATE:
            named = set(errors(checks)) - {"VND-DSIG-016"}  # the manifest that lists it
            assert named <= set(UNKNOWN), row["file"]
            reasons.update(named)
    assert sum(reasons.values()) >= 85
    assert set(reasons) <= set(UNKNOWN)


def test_what_a_row_is_accepted_for_must_be_allowed(corpus):
    """Without its permission the same file is not accepted: none of them is decoration."""
    folder = corpus / "vectors/xmldsig"
    needed = Counter()
    for row in rows(folder):
        if row["file"] in NOT_ACCEPTED or not accepted_by_somebody(row):
            continue
        for name in ("bare_keys", "old_algorithms", "xpath", "base64", "retrieval"):
            conclusion, _ = judged(folder, row, **{name: False})
            needed[name] += conclusion is not PASSED
    assert min(needed.values()) > 0
    assert set(needed) == {"bare_keys", "old_algorithms", "xpath", "base64", "retrieval"}


def test_no_row_is_accepted_with_another_key(corpus):
    """A signature value is right for one key: with a secret or a key of someone else nothing passes."""
    folder = corpus / "vectors/xmldsig"
    other = (folder / "xmlsec/keys/rsa/rsa-4096-pubkey.crt").read_bytes()
    tried = 0
    for row in rows(folder):
        keys, secrets, _ = key_files(folder, row)
        if not secrets and not (keys and row["key_source"] in ("KeyName", "X509Data(SubjectName)")):
            continue
        if any(one in keys for one in (other,)):
            continue
        changes = {"keys": (other,), "hmac_keys": (b"0123456789abcdef",), "bare_keys": False}
        conclusion, _ = judged(folder, row, **changes)
        assert conclusion is not PASSED, row["file"]
        tried += 1
    assert tried > 150


# --- what the default makes of the same files ------------------------------------------------------


def by_default(folder, column):
    """Give (row, checks or the typed refusal); anything else that is raised fails the test."""
    for row in rows(folder):
        try:
            yield row, row[column], check_signatures(parse((folder / row["file"]).read_bytes()), LIMITS)
        except VnedocError as error:
            yield row, row[column], error


def verdicts(folder, column):
    """Count (what is expected, what was concluded)."""
    found = Counter()
    for row, expected, checks in by_default(folder, column):
        if isinstance(checks, VnedocError):
            found[expected, "refused"] += 1
            continue
        assert checks, row["file"]
        conclusion, _ = worst((one.conclusion, one.sub_indication) for one in checks)
        found[expected, conclusion.value] += 1
    return found


def test_xmldsig_vectors_by_default(corpus):
    """382 are valid; most of them have a bare key, HMAC, DSA, XPath or resources that are not at hand."""
    assert verdicts(corpus / "vectors/xmldsig", "expected") == {
        ("valid", "PASSED"): 24,
        ("valid", "INDETERMINATE"): 142,
        ("valid", "FAILED"): 211,
        ("valid", "refused"): 5,
        ("invalid", "FAILED"): 6,
        ("invalid", "INDETERMINATE"): 1,
        ("invalid", "refused"): 1,
        ("unsupported-ok", "INDETERMINATE"): 49,
        ("unsupported-ok", "FAILED"): 53,
        ("unsupported-ok", "refused"): 2,
    }


def test_xades_vectors_by_default(corpus):
    """116 are valid; most of the others have a base64 transform, which is forbidden, or detached data."""
    assert verdicts(corpus / "vectors/xades", "core_expected") == {
        ("valid", "PASSED"): 26,
        ("valid", "INDETERMINATE"): 24,
        ("valid", "FAILED"): 65,
        ("valid", "refused"): 1,
        ("invalid", "FAILED"): 12,
        ("invalid", "INDETERMINATE"): 3,
        ("invalid", "refused"): 1,
        ("undecided", "INDETERMINATE"): 4,
        ("undecided", "FAILED"): 6,
        ("undecided", "refused"): 1,
    }


@pytest.mark.parametrize(
    ("folder", "column", "right", "values"),
    [("xmldsig", "expected", 217, 37), ("xades", "core_expected", 196, 126)],
)
def test_no_digest_and_no_value_of_a_valid_vector_is_wrong(corpus, folder, column, right, values):
    """What can be computed is computed right: every digest of a valid file that is in reach matches."""
    digests = sum_of_values = 0
    wrong_values = []
    for row, expected, checks in by_default(corpus / "vectors" / folder, column):
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
    reasons = set()
    for folder, column in (("xmldsig", "expected"), ("xades", "core_expected")):
        for _, expected, checks in by_default(corpus / "vectors" / folder, column):
            if expected == "valid" and not isinstance(checks, VnedocError):
                reasons |= {one.sub_indication for one in checks if one.conclusion is FAILED}
    assert reasons == {
        SubIndication.SIGNED_DATA_NOT_FOUND,  # external resources
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,  # HMAC
        SubIndication.SIG_CONSTRAINTS_FAILURE,  # XPath, XSLT, base64, another certificate named
        SubIndication.FORMAT_FAILURE,  # RetrievalMethod, more than 20 references, doubled identifiers
        SubIndication.SIG_CRYPTO_FAILURE,  # the two padded values
    }
