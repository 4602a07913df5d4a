"""What is asked of a certificate and of a key before a signature is made."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from signing_builders import AT, credential, pki, plain_wire

from vnedoc.errors import ConfigError, FileError, InputError, SigningError
from vnedoc.model import VIETNAM, Wire
from vnedoc.signing import KeySigner, load_key, prepare_pdf, prepare_xml, sign_pdf, sign_xml

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
SECRET = "bí mật"
FORMATS = {
    "pdf": (plain_wire, prepare_pdf, sign_pdf),
    "xml": (lambda: Wire.from_bytes(b"<a>b</a>"), prepare_xml, sign_xml),
}
every_format = pytest.mark.parametrize(("make", "prepare", "sign"), FORMATS.values(), ids=FORMATS)


def issued(**more):
    return pki().issue("X", key=credential("p256").key, **more).signer()


@every_format
@pytest.mark.parametrize("at", [AT - DAY - SECOND, AT + DAY + SECOND])
def test_outside_of_the_validity(make, prepare, sign, at):
    """RFC 5280 section 4.1.2.5: the period includes its two ends."""
    signer = issued(not_before=AT - DAY, not_after=AT + DAY)
    for make_it in (prepare, sign):
        with pytest.raises(SigningError) as caught:
            make_it(make(), signer, signing_time=at)
        assert caught.value.code == "VND-SIGN-015"
        assert caught.value.facts == {
            "not_before": (AT - DAY).isoformat(),
            "not_after": (AT + DAY).isoformat(),
            "signing_time": at.isoformat(),
        }
        assert caught.value.hint


@every_format
@pytest.mark.parametrize("at", [AT - DAY, AT + DAY, AT + DAY + dt.timedelta(microseconds=9)])
def test_the_ends_of_the_validity(make, prepare, sign, at):
    signer = issued(not_before=AT - DAY, not_after=AT + DAY)
    assert prepare(make(), signer, signing_time=at.astimezone(dt.UTC)).to_be_signed
    assert sign(make(), signer, signing_time=at).size > make().size


@every_format
def test_the_time_of_now_counts_when_none_is_given(make, prepare, sign):
    expired = issued(not_before=AT - 9000 * DAY, not_after=AT - 8000 * DAY)
    with pytest.raises(SigningError) as caught:
        sign(make(), expired)
    assert caught.value.code == "VND-SIGN-015"


@every_format
@pytest.mark.parametrize(
    ("usage", "seen"),
    [
        (["key_encipherment", "data_encipherment"], ["keyEncipherment", "dataEncipherment"]),
        (["key_agreement", "decipher_only"], ["keyAgreement"]),
        (["key_cert_sign", "crl_sign"], ["keyCertSign", "cRLSign"]),
    ],
)
def test_a_key_usage_without_signatures(make, prepare, sign, usage, seen):
    """RFC 5280 section 4.2.1.3."""
    for make_it in (prepare, sign):
        with pytest.raises(SigningError) as caught:
            make_it(make(), issued(key_usage=usage), signing_time=AT)
        assert caught.value.code == "VND-SIGN-016"
        assert caught.value.facts == {"seen": seen}


UNREADABLE = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), b"\x30\x03\x82\x01\xff")


@every_format
@pytest.mark.parametrize(
    "more",
    [
        {"key_usage": None},
        {"key_usage": ["digital_signature"]},
        {"key_usage": ["content_commitment", "key_encipherment"]},
        {"key_usage": ["key_encipherment"], "extensions": [(UNREADABLE, False)]},
    ],
)
def test_a_key_usage_with_signatures_or_none_that_is_known(make, prepare, sign, more):
    assert sign(make(), issued(**more), signing_time=AT)


@every_format
@pytest.mark.parametrize("key", [None, "pem:key.pem", b"", object()])
def test_a_key_that_is_none(make, prepare, sign, key):
    for make_it in (prepare, sign):
        with pytest.raises(ConfigError) as caught:
            make_it(make(), key, signing_time=AT)
        assert caught.value.code == "VND-SIGN-017"
        assert caught.value.facts["seen"] == type(key).__name__


@every_format
def test_an_identity_that_cannot_sign(make, prepare, sign):
    from vnedoc.signing import PublicIdentity

    signer = issued()
    identity = PublicIdentity(certificate=signer.certificate, algorithm=signer.algorithm)
    assert prepare(make(), identity, signing_time=AT)
    with pytest.raises(ConfigError) as caught:
        sign(make(), identity, signing_time=AT)
    assert caught.value.code == "VND-SIGN-017"


@every_format
@pytest.mark.parametrize("at", ["2026-06-01", dt.date(2026, 6, 1), AT.replace(tzinfo=None)])
def test_a_time_that_is_none(make, prepare, sign, at):
    with pytest.raises((InputError, SigningError)) as caught:
        sign(make(), issued(), signing_time=at)
    assert caught.value.code in {"VND-SIGN-026", "VND-SIGN-040"}
    assert caught.value.facts["seen"].startswith("2026-06-01")


@pytest.mark.parametrize("scheme", ["p12", "pem"])
def test_a_passphrase_as_text(tmp_path, scheme):
    one = pki().issue("X", key="p256")
    path = tmp_path / "key"
    path.write_bytes(one.pkcs12(SECRET) if scheme == "p12" else one.pem(SECRET))
    assert load_key(f"{scheme}:{path}", passphrase=SECRET).certificate == one.der
    assert load_key(f"{scheme}:{path}", passphrase=lambda: SECRET).certificate == one.der
    for wrong in (SECRET.encode(), SECRET.encode, 7):
        with pytest.raises(ConfigError) as caught:
            load_key(f"{scheme}:{path}", passphrase=wrong)
        assert caught.value.code == "VND-SIGN-017"
        assert SECRET not in str(caught.value)
    with pytest.raises(SigningError) as missing:
        load_key(f"{scheme}:{path}", passphrase="")
    assert missing.value.code == "VND-SIGN-002"


@pytest.mark.parametrize("reference", [Path("key.p12"), None, b"p12:key.p12"])
def test_a_reference_is_text(reference):
    with pytest.raises(ConfigError) as caught:
        load_key(reference)
    assert caught.value.code == "VND-SIGN-009"


def test_a_name_that_no_file_has():
    for call in (lambda: load_key("p12:a\0b"), lambda: KeySigner.from_pem("a\0b")):
        with pytest.raises(FileError) as caught:
            call()
        assert caught.value.code == "VND-IO-001"


def test_the_facts_keep_the_zone_of_the_signing_time():
    signer = issued(not_before=AT - DAY, not_after=AT + DAY)
    with pytest.raises(SigningError) as caught:
        sign_pdf(plain_wire(), signer, signing_time=(AT + 9 * DAY).astimezone(VIETNAM))
    assert all(value.endswith("+07:00") for value in caught.value.facts.values())
