"""Other people's XAdES signatures: the core verdict of every row, and the imprint of every time stamp.

The tokens were made by others, from what others computed: that the digests are equal proves the imprints.
Every exception stands in a table with its reason.
"""

import base64
import hashlib

import pytest
from asn1crypto import cms, tsp
from standards_page import figures
from xades_vectors import detached_files, rows

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Limits
from vnedoc.xml import C14N_COMMENTS, canonicalize, parse

pytestmark = pytest.mark.corpus

DSS = "dss/dss-xades/src/test/resources/validation/"
XADES4J = "xades4j/src/test/xml/"

# --- the verdict of the core check ----------------------------------------------------------------

VERDICTS = {
    f"{DSS}Signature-X-CZ_SEF-4.xml": (
        "invalid",
        "the ten files that its signed manifest lists are not at hand, and manifests are looked into",
    ),
    f"{DSS}Signature-X-CZ_SEF-5.xml": (
        "invalid",
        "the six files that its signed manifest lists are not at hand, and manifests are looked into",
    ),
    f"{DSS}Signature-X-UK_ASC-2.xml": ("VND-XML-003", "unsupported: ISO-8859-1, only UTF-8 is read"),
    f"{DSS}xades-with-dtd-injection.xml": ("VND-XML-002", "a DOCTYPE is refused before anything is read"),
    f"{DSS}xsw/XSW-enveloped-fake-content-two-same-id.xml": (
        "invalid",
        "two elements with the Id that is referenced: refused by design",
    ),
}
"""Decided rows where what is found is not what is expected, and why."""

UNDECIDED = {
    f"{DSS}BaselineBWithCertificateValues.xml": ("VND-XML-003", "unsupported: ISO-8859-2"),
    f"{DSS}dss-2506.xml": ("HASH_FAILURE", "the engines differ; the digest over the document is not right"),
    f"{DSS}dss1636/detached_cts.xml": ("SIGNED_DATA_NOT_FOUND", "the detached file is not at hand"),
    f"{DSS}dss1788/dss1920-cert-in-certValues-without-publicKey.xml": (
        "NO_SIGNING_CERTIFICATE_FOUND",
        "KeyInfo has no key",
    ),
    f"{DSS}dss2095/sigPolicyWithBrokenTransforms.xml": (
        "HASH_FAILURE",
        "its signed properties were changed; the detached files are not at hand",
    ),
    f"{DSS}dss2095/sigPolicyWithTransforms.xml": (
        "SIGNED_DATA_NOT_FOUND",
        "the detached files are not at hand",
    ),
    f"{DSS}xades-900-references.xml": ("FORMAT_FAILURE", "901 references, more than the limit of 20"),
    f"{DSS}xades-level-b-with-certvals.xml": ("NO_SIGNING_CERTIFICATE_FOUND", "KeyInfo has no key"),
    f"{DSS}xades-tampered-keyinfo.xml": ("FORMAT_FAILURE", "the certificate in KeyInfo is no base64"),
    f"{DSS}xades-unsupported-signature-algorithm.xml": (
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "a signature method that nobody defines",
    ),
    f"{XADES4J}document.signed.bes.no-ki.xml": ("NO_SIGNING_CERTIFICATE_FOUND", "there is no KeyInfo"),
}
"""Rows without a verdict of others: what is found here, and why."""


def checked(folder, row):
    """Check the signatures of a row, everything allowed, its detached files at hand where they exist."""
    document = parse((folder / row["file"]).read_bytes())
    resolver = detached_files(folder, row)
    return check_signatures(document, Limits(), resolver=resolver, generic=UnsafeGeneric())


def core(check):
    """Give the core verdict as the index means it: signature value and references, nothing else."""
    right = check.references and all(one.verdict[0] is Conclusion.PASSED for one in check.references)
    return "valid" if check.value_ok and right else "invalid"


def test_the_core_verdict_of_every_decided_row(corpus, record_property):
    folder = corpus / "vectors/xades"
    decided = [row for row in rows(folder) if row["core_expected"] != "undecided"]
    assert len(decided) == 132
    exceptions = {}
    for row in decided:
        try:
            # the rows are about the outermost signature; counter-signatures stand inside of it
            found = core(checked(folder, row)[0])
        except VnedocError as error:
            found = error.code
        if found != row["core_expected"]:
            exceptions[row["file"]] = found
    record_property("rows", len(decided))
    assert exceptions == {file: found for file, (found, _) in VERDICTS.items()}
    expected = (len(decided), len(decided) - len(exceptions), len(exceptions))
    assert figures("XAdES signatures") == expected


def test_every_undecided_row_gives_a_value_or_a_typed_refusal(corpus, record_property):
    folder = corpus / "vectors/xades"
    found = {}
    for row in rows(folder):
        if row["core_expected"] != "undecided":
            continue
        try:
            check = checked(folder, row)[0]
        except VnedocError as error:
            found[row["file"]] = error.code
            continue
        assert check.conclusion is not Conclusion.PASSED
        found[row["file"]] = check.sub_indication.value
    record_property("rows", len(found))
    assert found == {file: reason for file, (reason, _) in UNDECIDED.items()}


NESTED = {
    "TEST_S1a_C1a_InTL_VALID.xml": [("invalid", False)],
    "X-E-ERS-with-counter-sig.xml": [("valid", True)],
    "document.signed.bes.cs.cs.xml": [("valid", True), ("valid", True)],
    "document.signed.bes.cs.invalidtransforms.xml": [("valid", False)],
    "sample-counter-signed.xml": [("valid", True)],
    "xades-counter-signature-injected.xml": [("valid", False)],
    "xades-counter-signature-with-type-invalid.xml": [("valid", False)],
    "xades-fake-counter-signature.xml": [("valid", False)],
}
"""What stands as a counter-signature: its core verdict, and whether it signs the value around it.

The verdicts are those of the JDK; the four that are valid and sign something else were made so on purpose."""


def test_counter_signatures_are_named_with_what_they_sign(corpus):
    folder = corpus / "vectors/xades"
    found = {}
    for row in rows(folder):
        if "CounterSignature" in row["properties"] and row["file"] not in VERDICTS:
            outer, *inner = checked(folder, row)
            assert outer.counters is None
            name = row["file"].rpartition("/")[2]
            found[name] = [(core(one), one.counters is not None) for one in inner]
            verdicts = ",".join(verdict for verdict, _ in found[name])
            assert row["jdk"] == f"{row['core_expected']} (nested: {verdicts})"
    assert found == NESTED


# --- the imprint of every time stamp --------------------------------------------------------------

WITHOUT_INPUT = "VND-DSIG-085"
IMPRINTS = {
    (f"{DSS}dss1636/detached_cts.xml", "content"): (1, WITHOUT_INPUT, "the detached file is not at hand"),
    (f"{DSS}dss1688/dss1688.xml", "archive-132"): (1, WITHOUT_INPUT, "the detached file is not at hand"),
    (f"{DSS}dss1688/dss1688.xml", "archive-141"): (1, WITHOUT_INPUT, "the detached file is not at hand"),
    (f"{DSS}dss2011/xades-alldata-tst-detached.xml", "content"): (
        2,
        WITHOUT_INPUT,
        "one of the two detached files is not at hand",
    ),
    (f"{DSS}dss2011/xades-individual-content-tst-detached.xml", "content"): (
        1,
        WITHOUT_INPUT,
        "a reference names an element that is not there",
    ),
    (f"{DSS}dss3732/xades-enveloping-arcTst132-add-object.xml", "archive-132"): (
        1,
        "other",
        "an Object was added after the stamp: without it the imprint is right, see below",
    ),
    (f"{DSS}signing-cert-multiple-refs-sig.xml", "refs-only"): (
        1,
        "other",
        "a digest in CompleteCertificateRefs was replaced by hand after the stamp (tabs among spaces)",
    ),
    (f"{DSS}xades-detached-with-object-type-ref.xml", "archive-141"): (
        1,
        "other",
        "the file that bears the detached name is another: the digest of the reference is wrong, too",
    ),
    (f"{DSS}xades-lta-copied-atst.xml", "archive-141"): (1, "other", "the stamp of another signature"),
    (f"{DSS}xades-lta-corrupted-cert.xml", "archive-141"): (
        1,
        "other",
        "a certificate in what is stamped was corrupted on purpose",
    ),
    (f"{DSS}xades-t-copied-sigtst.xml", "signature"): (1, "other", "the stamp of another signature"),
    (f"{DSS}xsw/XSW-enveloping-fake-object.xml", "content"): (
        1,
        "other",
        "its maker stamped the canonical form of the decoded file, not the file: see below",
    ),
    (f"{XADES4J}bad/document.signed.bes.invaliddataobj.xml", "content"): (
        2,
        "other",
        "the data was changed on purpose: the digest of its reference is wrong, too",
    ),
    (f"{XADES4J}bad/document.signed.t.bes.badtsdigest.xml", "signature"): (1, "other", "wrong on purpose"),
}
"""Time stamps whose imprint is another or cannot be computed: how many, which, and why."""


def imprint_of(token):
    """Give hash and digest of a token, read by another reader than ours."""
    content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
    imprint = tsp.TSTInfo.load(content.contents if content.contents[:1] == b"0" else bytes(content))[
        "message_imprint"
    ]
    return imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native


def judged(stamp):
    name, digest = imprint_of(stamp.token)
    try:
        return "right" if stamp.imprint(name) == digest else "other"
    except VnedocError as error:
        return error.code


def test_the_imprint_of_every_time_stamp(corpus, record_property):
    """EN 319 132-1, clauses 5.2.8, 5.3, 5.5.2.2 and annex A; TS 101 903 V1.3.2, clause 7.7.1."""
    folder = corpus / "vectors/xades"
    right, others = {}, {}
    for row in rows(folder):
        try:
            checks = checked(folder, row)
        except VnedocError:
            continue  # a row of the tables above
        for stamp in (one for check in checks for one in check.timestamps):
            found = judged(stamp)
            if found == "right":
                right[stamp.kind] = right.get(stamp.kind, 0) + 1
            else:
                number = others.get((row["file"], stamp.kind), (0, found))[0]
                others[row["file"], stamp.kind] = (number + 1, found)
    record_property("rows", sum(right.values()) + sum(number for number, _ in others.values()))
    assert others == {key: (number, found) for key, (number, found, _) in IMPRINTS.items()}
    good, odd = sum(right.values()), sum(number for number, _ in others.values())
    assert figures("XAdES time stamps") == (good + odd, good, odd)
    assert right == {
        "archive-132": 2,
        "archive-141": 11,
        "content": 10,
        "refs-only": 2,
        "sig-and-refs": 7,
        "signature": 61,
    }


def test_the_first_archive_form_leaves_out_objects_that_are_referenced(corpus):
    """TS 101 903 V1.3.2, clause 7.7.1, step 5: "any ds:Object that is not referenced"."""
    folder = corpus / "vectors/xades"
    data = (folder / f"{DSS}dss3732/xades-enveloping-arcTst132-add-object.xml").read_bytes()
    start = data.index(b'Id="Bye"')
    start = data.rindex(b"<", 0, start)
    end = data.index(b"Object>", start) + len(b"Object>")
    for octets, expected in ((data, "other"), (data[:start] + data[end:], "right")):
        (check,) = check_signatures(parse(octets), Limits(), generic=UnsafeGeneric())
        assert [judged(one) for one in check.timestamps] == ["right", expected]


def test_a_stamp_over_something_else_than_the_data(corpus):
    """The maker's rule is known, and is not that of the standard."""
    folder = corpus / "vectors/xades"
    data = (folder / f"{DSS}xsw/XSW-enveloping-fake-object.xml").read_bytes()
    (check,) = check_signatures(parse(data), Limits(), generic=UnsafeGeneric())
    (stamp,) = check.timestamps
    name, digest = imprint_of(stamp.token)
    file = base64.b64decode("".join(check.references[0].target.itertext()))
    assert hashlib.new(name, canonicalize(parse(file), C14N_COMMENTS)).digest() == digest
    assert stamp.imprint(name) == hashlib.new(name, file).digest()


def test_an_archive_stamp_covers_what_stands_before_it(corpus):
    """EN 319 132-1, clause 5.5.2.2, step 4: unsigned properties in order, up to the stamp itself."""
    folder = corpus / "vectors/xades"
    row = next(one for one in rows(folder) if one["file"].endswith("xades-lta-valid.xml"))
    (check,) = checked(folder, row)
    signature, archive = check.timestamps
    assert (signature.kind, archive.kind) == ("signature", "archive-141")
    held = {hashlib.sha256(one).digest() for one in (*check.values.certificates, *check.values.crls)}
    held |= {hashlib.sha256(one).digest() for one in (*check.values.ocsps, signature.token)}
    assert archive.proves == held
    assert signature.proves == frozenset()
    assert (archive.proves_signature, archive.proves_data) == (True, True)
    assert (signature.proves_signature, signature.proves_data) == (True, False)
