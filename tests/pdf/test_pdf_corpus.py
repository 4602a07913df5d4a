"""The public PDF vectors: what is intact is found intact, and nothing that is not."""

import base64
import collections
import csv
import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from pdf_builders import AT, codes

from vnedoc.model import PDF_TYPE, Conclusion, Severity, Wire
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy, verify_pdf

pytestmark = pytest.mark.corpus

POLICY = Policy.strict(trust=TrustStore(), at=AT)
FOLDER = "esig-dss/dss-pades/src/test/resources/validation/"

# What other engines call intact and these rules do not, and why.
REFUSED = {
    FOLDER + "DSS-1683.pdf": ["VND-PDF-023"],  # no signed attributes
    FOLDER + "pkcs7-no-message-digest.pdf": ["VND-PDF-023"],
    "pyhanko/pyhanko_testing_commons/test_data/data/pdf/sig-no-signed-attrs.pdf": ["VND-PDF-023"],
    FOLDER + "pades-enveloping-empty-bytes-cms.pdf": ["VND-PDF-022"],  # content of its own
    FOLDER + "DSS-3298.pdf": ["VND-PDF-038"] * 2,  # two octets of white space after the last revision
    FOLDER + "dss-2236/replace.pdf": ["VND-PDF-016"],  # a form field filled after signing
    FOLDER + "pdf-spoofing-attack.pdf": ["VND-PDF-002"],  # its /Encrypt is no dictionary
    # the form's own fonts and colours, /DR, are others after signing
    "pyhanko/pyhanko_testing_commons/test_data/data/pdf/minimal-signed-twice-second-created.pdf": [
        "VND-PDF-015",
        "ok",
    ],
    # references to objects that are not there, which the comparison of revisions does not take
    FOLDER + "evidence-record/Signature-P-LT-ef971596-8f2e-407d-a413-aae9cb9b8e4a.pdf": ["VND-PDF-002"] * 2,
    # not wrong, but not decided: a form that is not supported, a signature policy that is not at hand
    FOLDER + "pkcs7_sha1.pdf": ["VND-PDF-013", "ok"],
    FOLDER + "Signature-P-SK-6.pdf": ["VND-PDF-036", "VND-PDF-032", "VND-PDF-036"],
    FOLDER + "TEST2_signed_with_zero_policy_hash.pdf": ["VND-PDF-036"],
    FOLDER + "pades-epes.pdf": ["VND-PDF-036"],
    FOLDER + "pades-not-epes.pdf": ["VND-PDF-036"],
}
# Where engines differ, these two are intact: a certificate with a malformed serial number, which the path
# check refuses, and a signature time-stamp whose imprint is another's, which is not evaluated.
TAKEN = {FOLDER + "BadEncodedCMS.pdf", FOLDER + "pades-two-sig-copied-tst.pdf"}
GAP = {"siwa.pdf", "weird-byterange.pdf", "signature-gap-too-big.pdf"}
UNORDERED = {
    "AD-RB.pdf",
    "Signature-P-IT_ADO-1 (HASH_FAILURE) (ECDSA).pdf",
    "Signature-P-SK-1 (HASH_FAILURE).pdf",
}


def rows(corpus):
    root = corpus / "vectors" / "pades"
    with (root / "index.tsv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["file"], row["integrity_expected"].split(" (")[0], (root / row["file"]).read_bytes()


def integrity(one) -> str:
    """Give ``ok``, or the code that says what the format's own check found."""
    found = [
        finding.code
        for finding in one.findings
        if finding.severity is Severity.ERROR and finding.code.startswith("VND-PDF-")
    ]
    return found[0] if found else "ok"


@pytest.fixture(scope="module")
def results(corpus):
    """Judge every row once; nothing may raise."""
    return {
        file: (expected, verify_pdf(Wire.from_bytes(octets, PDF_TYPE), POLICY))
        for file, expected, octets in rows(corpus)
    }


def found(verdict) -> list[str]:
    if verdict.conclusion_override is not None:
        return [verdict.findings[0].code]
    return [integrity(one) for one in verdict.signatures]


def test_the_counts(results):
    seen = collections.Counter()
    for expected, verdict in results.values():
        names = found(verdict)
        stamps_apart = [name for name in names if name not in {"ok", "VND-PDF-032"}]
        seen[expected, bool(names) and not stamps_apart] += 1
    assert seen == {
        ("intact", True): 87,
        ("intact", False): 14,
        ("intact, suspicious later changes", False): 18,
        ("not intact", False): 5,
        ("engines differ", True): 2,
        ("engines differ", False): 15,
        ("no signature", False): 74,
    }


def test_intact_files_are_found_intact_but_for_named_ones(results):
    refused = {}
    for file, (expected, verdict) in results.items():
        names = found(verdict)
        if expected == "intact" and set(names) - {"ok", "VND-PDF-032"}:
            refused[file] = names
    assert refused == REFUSED


def test_what_is_not_intact_never_passes(results):
    for file, (expected, verdict) in results.items():
        if expected != "intact" and file not in TAKEN:
            names = found(verdict)
            assert not names or set(names) != {"ok"}, file
    assert all(found(results[file][1]) for file in TAKEN)


def test_without_anchors_nothing_passes(results):
    for _expected, verdict in results.values():
        assert all(one.conclusion is not Conclusion.PASSED for one in verdict.signatures)


def test_gaps_that_hold_more_than_the_value(results):
    seen = {file.rsplit("/", 1)[1]: found(verdict) for file, (_, verdict) in results.items()}
    assert {name: seen[name] for name in GAP} == {name: ["VND-PDF-012"] for name in GAP}


def test_attributes_out_of_order_are_named_as_the_cause(results):
    seen = {file.rsplit("/", 1)[1]: found(verdict) for file, (_, verdict) in results.items()}
    for name in UNORDERED:
        assert "VND-PDF-026" in seen[name]


BASE64_RUN = re.compile(rb">([A-Za-z0-9+/=\s]{20000,})<")


def carried(octets: bytes) -> Iterator[bytes]:
    """Give every PDF inside a message, at any depth, in transport zips or not."""
    if octets.startswith(b"%PDF-"):
        yield octets
    elif octets.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(octets)) as pack:
            for name in pack.namelist():
                yield from carried(pack.read(name))
    else:
        for run in BASE64_RUN.findall(octets):
            yield from carried(base64.b64decode(run))


def test_a_signed_government_document(corpus):
    """A nested message carries a document that Word wrote and a government key signed in 2018, with SHA-1."""
    samples = (corpus / "samples" / "edxml").glob("*edoc_new.edxml")
    documents = {octets for path in samples for octets in carried(path.read_bytes())}
    signed = [
        one
        for octets in documents
        for one in verify_pdf(Wire.from_bytes(octets, PDF_TYPE), POLICY).signatures
    ]
    assert signed
    for one in signed:
        assert integrity(one) == "ok"
        assert one.sub_indication.value == "NO_CERTIFICATE_CHAIN_FOUND"
        assert "VND-TRUST-020" in codes(one)
        assert one.covers[0].node == "revision 1 of 1"
