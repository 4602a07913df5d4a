"""What a good PDF signature looks like in a report, and what each kind of wrong CMS comes to."""

import datetime as dt
import logging

import attrs
import pytest
from asn1crypto import core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pdf_builders import (
    AT,
    attribute,
    cms_of,
    codes,
    credential,
    ess,
    objects,
    only,
    pdf,
    pki,
    policy,
    pss,
    raw_attribute,
    said,
    signed_twice,
    unsigned_pdf,
    verdict,
    write,
)

from vnedoc.conformance import FakePki
from vnedoc.errors import FileError
from vnedoc.model import (
    Blob,
    Conclusion,
    Level,
    Limits,
    Severity,
    SignatureAlgorithm,
    SignatureFormat,
    SubIndication,
    TimeSource,
    Wire,
)
from vnedoc.signing import KeySigner, sign_pdf
from vnedoc.verification import verify_pdf

FORMAT, HASH, CRYPTO = "FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE"
CONSTRAINTS, NO_CERTIFICATE = "SIG_CONSTRAINTS_FAILURE", "NO_SIGNING_CERTIFICATE_FOUND"


# --- good ones ------------------------------------------------------------------------------------


def test_the_two_signatures_of_a_document():
    octets = signed_twice()
    result = verdict(octets, where="attachment:van-ban.pdf", prefix_id="a1-")
    assert (result.findings, result.conclusion_override) == ((), None)
    first, second = result.signatures
    assert [one.conclusion for one in result.signatures] == [Conclusion.PASSED] * 2
    assert [one.id for one in result.signatures] == ["a1-pdf-1", "a1-pdf-2"]
    assert {one.where for one in result.signatures} == {"attachment:van-ban.pdf"}
    assert {(one.format, one.level) for one in result.signatures} == {(SignatureFormat.PADES, Level.B_B)}
    assert (first.signing_time, first.time_source) == (AT, TimeSource.CLAIMED)
    assert "Người ký rsa2048" in first.signer.subject
    assert "Người ký p256" in second.signer.subject
    (covered,) = first.covers
    assert covered.node == "revision 1 of 2"
    assert covered.location.startswith("ByteRange [0 ")
    assert covered.octets < len(octets)
    assert covered.digest.startswith("sha256:")
    assert second.covers[0].node == "revision 2 of 2"
    assert codes(first, Severity.INFO) == ["VND-PDF-034"]  # PKCS#1 v1.5; the second is ECDSA
    assert codes(second, Severity.INFO) == []


@pytest.mark.parametrize(
    "algorithm",
    [one for one in SignatureAlgorithm if one.hash_name in ("sha256", "sha384", "sha512")],
)
def test_every_algorithm_that_we_make(algorithm):
    kind = {"ecdsa-sha256": "p256", "ecdsa-sha384": "p384", "ecdsa-sha512": "p521"}.get(
        algorithm.value, "rsa2048"
    )
    owner = credential(kind)
    signer = KeySigner.from_key(owner.key, owner.der, owner.chain, algorithm=algorithm)
    wire = sign_pdf(Wire.from_bytes(unsigned_pdf()), signer, signing_time=AT)
    assert only(wire.read()).conclusion is Conclusion.PASSED


GOOD = {
    "plain": {},
    "rsaEncryption names no hash": {"algorithm": {"algorithm": "rsassa_pkcs1v15"}},
    "ecdsa": {"kind": "p256"},
    "ed25519": {"kind": "ed25519", "hash_name": "sha512"},
    "pss": {
        "algorithm": pss(),
        "scheme": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
    },
    "two hashes": {"hash_name": "sha512"},
    "ess with named hash": {"drop": ["ess"], "more": [ess(credential().der, hash_name="sha512")]},
    "algorithm protection": {
        "more": [
            attribute(
                "cms_algorithm_protection",
                {
                    "digest_algorithm": {"algorithm": "sha256"},
                    "signature_algorithm": {"algorithm": "sha256_rsa"},
                },
            )
        ]
    },
    "unknown attribute twice": {
        "more": [raw_attribute("1.2.3.4", b"\x05\x00"), raw_attribute("1.2.3.4", b"\x02\x01\x01")]
    },
    "implied policy": {"more": [raw_attribute("1.2.840.113549.1.9.16.2.15", b"\x05\x00")]},
    "doubled certificates": {"certificates": [credential().der] * 3 + [pki().issuing.der]},
}


@pytest.mark.parametrize("options", GOOD.values(), ids=GOOD.keys())
def test_other_forms_that_are_right(options):
    one = only(pdf(cms_of(**options)))
    assert said(one) == ("PASSED", None, [])
    assert one.level is Level.B_B


def test_a_subject_key_identifier_names_the_signer():
    identifier = x509.Certificate.load(credential().der).key_identifier
    one = only(pdf(cms_of(sid={"subject_key_identifier": identifier})))
    assert said(one) == ("PASSED", None, [])


@pytest.mark.parametrize("sid", [b"\x01" * 20, b""])
def test_a_key_identifier_that_is_nobodys(sid):
    one = only(pdf(cms_of(sid={"subject_key_identifier": sid})))
    assert said(one)[:2] == ("INDETERMINATE", NO_CERTIFICATE)


def test_attributes_sent_in_another_order_but_signed_in_der_order():
    """RFC 5652 section 5.4: the value is over the DER encoding, however the attributes are sent."""
    one = only(pdf(cms_of(order=lambda raw: sorted(raw, reverse=True))))
    assert said(one) == ("PASSED", None, [])
    assert "VND-PDF-033" in codes(one, Severity.WARNING)


def test_a_plain_cms_signature_is_basic():
    when = attribute("signing_time", core.UTCTime(dt.datetime(2026, 5, 1, 1, 2, 3, tzinfo=dt.UTC)))
    one = only(pdf(cms_of(drop=["ess"], more=[when]), sub_filter=b"adbe.pkcs7.detached"))
    assert said(one) == ("PASSED", None, [])
    assert (one.format, one.level) == (SignatureFormat.CMS_PDF, Level.BASIC)
    assert one.signing_time == dt.datetime(2026, 5, 1, 1, 2, 3, tzinfo=dt.UTC)


def test_pades_with_a_signing_time_attribute_is_not_baseline():
    """EN 319 142-1 clause 6.3: signing-time shall not be there; ``/M`` says the time."""
    when = attribute("signing_time", core.GeneralizedTime(dt.datetime(2026, 5, 1, tzinfo=dt.UTC)))
    one = only(pdf(cms_of(more=[when])))
    assert one.conclusion is Conclusion.PASSED
    assert (one.level, one.signing_time) == (Level.BASIC, AT)


@pytest.mark.parametrize(
    ("entry", "time", "warned"),
    [
        (b"(D:20260601083000Z)", dt.datetime(2026, 6, 1, 8, 30, tzinfo=dt.UTC), False),
        (b"(D:20260601083000Z00'00')", dt.datetime(2026, 6, 1, 8, 30, tzinfo=dt.UTC), False),
        (b"(D:20260601083000-03'30)", dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC), False),
        (b"(D:20260601083000)", None, True),
        (b"(D:20261301083000Z)", None, True),
        (b"(D:20260601083000+99'00')", None, True),
        (b"(tomorrow)", None, True),
        (b"42", None, False),
    ],
)
def test_the_time_entry(entry, time, warned):
    parts = objects()
    parts[6] = parts[6].replace(b"(D:20260601083000+07'00')", entry)
    from pdf_builders import fill

    one = only(fill(write(parts), cms_of()))
    assert one.conclusion is Conclusion.PASSED
    assert one.signing_time == time
    assert one.time_source is (None if time is None else TimeSource.CLAIMED)
    assert ("VND-PDF-035" in codes(one, Severity.WARNING)) is warned
    assert one.level is (Level.BASIC if time is None else Level.B_B)


def test_a_signature_time_stamp_is_named_and_not_used():
    stamp = cms_of()(b"any")
    one = only(pdf(cms_of(unsigned=[raw_attribute("1.2.840.113549.1.9.16.2.14", stamp)]), room=6000))
    assert one.conclusion is Conclusion.PASSED
    assert one.time_source is TimeSource.CLAIMED
    assert "VND-PDF-031" in codes(one, Severity.INFO)


# --- CMS that is wrong ----------------------------------------------------------------------------


def _half(der: bytes) -> bytes:
    return der[: len(der) // 2]


def _wrong_digest(_covered):
    return [
        attribute("content_type", "data"),
        attribute("message_digest", b"\x00" * 32),
        ess(credential().der),
    ]


OTHER = FakePki.create(at=AT, key="p256").issue("Kẻ khác", key="p256")
BAD = {
    "no CMS": ({"edit": lambda _: b"\x00"}, ("FAILED", FORMAT, "VND-PDF-020")),
    "cut off": ({"edit": _half}, ("FAILED", FORMAT, "VND-PDF-020")),
    "not signed data": (
        {"edit": lambda _: bytes.fromhex("301006092a864886f70d010701a003040100")},
        ("FAILED", FORMAT, "VND-PDF-020"),
    ),
    "a tag of several octets": ({"edit": lambda _: b"\x3f\x81\x01\x00"}, ("FAILED", FORMAT, "VND-PDF-020")),
    "no signer": ({"signers": 0}, ("FAILED", FORMAT, "VND-PDF-021")),
    "two signers": ({"signers": 2}, ("FAILED", FORMAT, "VND-PDF-021")),
    "content of its own": ({"content": b"other"}, ("FAILED", FORMAT, "VND-PDF-022")),
    "another content type": ({"content_type": "digested_data"}, ("FAILED", FORMAT, "VND-PDF-022")),
    "no signed attributes": (
        {"drop": ["content_type", "message_digest", "ess"]},
        ("FAILED", FORMAT, "VND-PDF-023"),
    ),
    "no content type": ({"drop": ["content_type"]}, ("FAILED", FORMAT, "VND-PDF-024")),
    "no message digest": ({"drop": ["message_digest"]}, ("FAILED", FORMAT, "VND-PDF-024")),
    "two message digests": (
        {"more": [attribute("message_digest", b"\x00" * 32)]},
        ("FAILED", FORMAT, "VND-PDF-024"),
    ),
    "another content type attribute": (
        {"drop": ["content_type"], "more": [attribute("content_type", "signed_data")]},
        ("FAILED", FORMAT, "VND-PDF-022"),
    ),
    "wrong message digest": ({"attributes": _wrong_digest}, ("FAILED", HASH, "VND-PDF-025")),
    "value over attributes out of order": (
        {
            "order": lambda raw: sorted(raw, reverse=True),
            "signed_order": lambda raw: sorted(raw, reverse=True),
        },
        ("FAILED", FORMAT, "VND-PDF-026"),
    ),
    "attribute that is not DER": (
        {"more": [raw_attribute("1.2.3.4", b"\x04\x81\x01\x00")]},
        ("FAILED", FORMAT, "VND-PDF-026"),
    ),
    "ess of another certificate": (
        {"drop": ["ess"], "more": [ess(pki().issuing.der)]},
        ("FAILED", CONSTRAINTS, "VND-PDF-028"),
    ),
    "old ess of another certificate": (
        {"more": [ess(pki().issuing.der, version=1)]},
        ("FAILED", CONSTRAINTS, "VND-PDF-028"),
    ),
    "no ess in PAdES": ({"drop": ["ess"]}, ("FAILED", CONSTRAINTS, "VND-PDF-027")),
    "algorithm protection differs": (
        {
            "more": [
                attribute(
                    "cms_algorithm_protection",
                    {
                        "digest_algorithm": {"algorithm": "sha512"},
                        "signature_algorithm": {"algorithm": "sha256_rsa"},
                    },
                )
            ]
        },
        ("FAILED", CONSTRAINTS, "VND-PDF-028"),
    ),
    "value of zeros": ({"value": bytes(256)}, ("FAILED", CRYPTO, "VND-PDF-030")),
    "value is empty": ({"value": b""}, ("FAILED", CRYPTO, "VND-PDF-030")),
    "another algorithm than the key": (
        {"algorithm": {"algorithm": "sha256_ecdsa"}},
        ("FAILED", CRYPTO, "VND-PDF-030"),
    ),
    "another hash than was used": (
        {"algorithm": {"algorithm": "sha512_rsa"}},
        ("FAILED", CRYPTO, "VND-PDF-030"),
    ),
    "pss parameters differ": (
        {"algorithm": pss(salt=20), "scheme": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)},
        ("FAILED", CRYPTO, "VND-PDF-030"),
    ),
    "certificate of another key": (
        {"certificates": [OTHER.der]},
        ("INDETERMINATE", NO_CERTIFICATE, "VND-PDF-019"),
    ),
    "no certificates": ({"certificates": ()}, ("INDETERMINATE", NO_CERTIFICATE, "VND-PDF-019")),
    "unknown digest": (
        {"digest_algorithm": "1.2.3.4"},
        ("INDETERMINATE", "CUSTOM", "VND-PDF-029"),
    ),
    "unknown signature algorithm": (
        {"algorithm": {"algorithm": "1.2.3.4"}},
        ("INDETERMINATE", "CUSTOM", "VND-PDF-029"),
    ),
    "negative salt": ({"algorithm": pss(salt=-1)}, ("INDETERMINATE", "CUSTOM", "VND-PDF-029")),
    "unknown pss hash": ({"algorithm": pss(hash_name="1.2.3.4")}, ("INDETERMINATE", "CUSTOM", "VND-PDF-029")),
    "unknown ess hash": (
        {
            "drop": ["ess"],
            "more": [
                raw_attribute(
                    "1.2.840.113549.1.9.16.2.47",
                    bytes.fromhex("300f300d300b3005060329010104020000"),
                )
            ],
        },
        ("INDETERMINATE", "CUSTOM", "VND-PDF-029"),
    ),
    "named policy": (
        {"more": [raw_attribute("1.2.840.113549.1.9.16.2.15", bytes.fromhex("3005060329010a"))]},
        ("INDETERMINATE", "SIGNATURE_POLICY_NOT_AVAILABLE", "VND-PDF-036"),
    ),
    "signing time that is no time": (
        {"more": [raw_attribute("1.2.840.113549.1.9.5", b"\x04\x01\x00")]},
        ("FAILED", FORMAT, "VND-PDF-020"),
    ),
    "signing time cut off": (
        {"more": [raw_attribute("1.2.840.113549.1.9.5", b"\x17\x0226")]},
        ("FAILED", FORMAT, "VND-PDF-020"),
    ),
    "padding that is not zero": ({"padding_after": b"\x01"}, ("FAILED", FORMAT, "VND-PDF-018")),
}


@pytest.mark.parametrize(("options", "expected"), BAD.values(), ids=BAD.keys())
def test_wrong_values(options, expected):
    one = only(pdf(cms_of(**options)))
    conclusion, reason, found = said(one)
    assert (conclusion, reason, found[0]) == expected


def test_a_broken_signature_still_says_whose_it_claims_to_be():
    one = only(pdf().replace(b"0 0 m 0 l", b"0 0 m 9 l"))
    assert said(one) == ("FAILED", HASH, ["VND-PDF-025"])
    assert "Người ký rsa2048" in one.signer.subject
    assert one.level is None


def test_a_transplanted_value():
    taken = cms_of()(b"another document")
    assert said(only(pdf(lambda _covered: taken))) == ("FAILED", HASH, ["VND-PDF-025"])


def test_an_indefinite_length_is_read():
    """BER outside the signed attributes is legal CMS (RFC 5652 section 2)."""

    def edit(der: bytes) -> bytes:
        body = der[4:]
        return b"\x30\x80" + body + b"\x00\x00"

    assert only(pdf(cms_of(edit=edit))).conclusion is Conclusion.PASSED


@pytest.mark.parametrize("der", ["3080", "308000", "0480010000", "30" + "80" * 200, "3085ffffffffff"])
def test_lengths_that_cannot_be(der):
    octets = bytes.fromhex(der)
    assert said(only(pdf(lambda _covered: octets)))[1:] == (FORMAT, ["VND-PDF-020"])


# --- policy ---------------------------------------------------------------------------------------


def test_sha1_is_named_and_not_passed():
    owner = pki().issue("SHA-1")
    assert owner.key
    one = only(pdf(cms_of(hash_name="sha1"), sub_filter=b"adbe.pkcs7.detached"))
    assert one.conclusion is Conclusion.INDETERMINATE
    assert one.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_an_untrusted_chain():
    stranger = FakePki.create(at=AT, key="p256").policy()
    one = only(pdf(), stranger)
    assert (one.conclusion, one.sub_indication) == (
        Conclusion.INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )


def test_whole_document_off_does_not_loosen_a_pdf():
    loose = attrs.evolve(policy(), whole_document=False)
    octets = pdf() + b"% more\n"
    assert said(only(octets, loose))[:2] == ("FAILED", FORMAT)


# --- files ----------------------------------------------------------------------------------------


def test_a_file_without_signature():
    result = verdict(unsigned_pdf())
    assert (result.signatures, result.findings, result.conclusion_override) == ((), (), None)


def test_an_empty_field_is_not_a_signature():
    parts = objects()
    parts[5] = parts[5].replace(b"/V 6 0 R", b"")
    result = verdict(write(parts))
    assert result.signatures == ()
    assert [(one.code, one.facts["field"]) for one in result.findings] == [("VND-PDF-006", "Chu_ky")]
    parts[5] = objects()[5].replace(b"/V 6 0 R", b"/V null")
    assert verdict(write(parts)).signatures == ()


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "VND-PDF-001"),
        (b"GIF89a" + pdf(), "VND-PDF-001"),
        (b"\n" + pdf(), "VND-PDF-001"),
        (b"%PDF-1.7\n", "VND-PDF-002"),
        (b"%PDF-1.7", "VND-PDF-002"),
        (pdf()[:100], "VND-PDF-002"),
        (pdf()[:-40], "VND-PDF-002"),
        (pdf() + b"%" * 3000, "VND-PDF-002"),
    ],
)
def test_what_cannot_be_read(octets, code):
    result = verdict(octets)
    assert result.signatures == ()
    assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    assert [one.code for one in result.findings] == [code]


def test_a_file_that_is_gone(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf())
    wire = Wire(Blob.from_file(path))
    path.unlink()
    with pytest.raises(FileError):
        verify_pdf(wire, policy())


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(file_bytes=1000), "file_bytes"),
        (Limits(signatures=0), "signatures"),
        (Limits(pdf_objects=5), "pdf_objects"),
    ],
)
def test_limits_of_a_file(limits, name):
    result = verdict(pdf(), attrs.evolve(policy(), limits=limits))
    assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    (finding,) = result.findings
    assert (finding.code, finding.facts["limit"]) == ("VND-PDF-005", name)


def test_limit_of_certificates():
    one = only(pdf(), attrs.evolve(policy(), limits=Limits(certificates=1)))
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-005"])


def test_our_calls_log_nothing(caplog):
    with caplog.at_level(logging.DEBUG):
        verdict(pdf().replace(b"startxref\n", b"startxref "))
    assert not [one for one in caplog.records if one.name.startswith("pyhanko")]
