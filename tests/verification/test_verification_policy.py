"""Policies: the defaults hold from the first day, and a file says only what it may."""

import datetime as dt

import attrs
import pytest

from vnedoc.conformance import FakePki, crl_to_pem, to_pem
from vnedoc.errors import ConfigError, FileError
from vnedoc.model import Conclusion, Covered, Level, SignatureFormat, SubIndication, TimeSource
from vnedoc.trust import TrustStore
from vnedoc.verification import Core, Policy, judge, load_policy

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
BROKEN = {"conclusion": Conclusion.FAILED, "sub_indication": SubIndication.SIG_CRYPTO_FAILURE}


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=AT)


@pytest.fixture(scope="module")
def person(pki):
    return pki.issue("Nguyễn Văn An")


def core(person, **more):
    fields = {
        "id": "s",
        "where": "document",
        "format": SignatureFormat.XADES,
        "level": Level.B_B,
        "certificate": person.der,
        "certificates": person.chain,
        "signing_time": AT,
        "time_source": TimeSource.CLAIMED,
        "hash_names": ("sha256",),
        "covers": (Covered("/a"),),
        "covers_whole": True,
    }
    return Core(**{**fields, **more})


def codes(report):
    return [one.code for one in report.findings]


def test_the_default_policy():
    policy = Policy.strict(trust=TrustStore())
    assert (policy.name, policy.require_revocation, policy.whole_document) == ("strict", True, True)
    assert policy.time().tzinfo is not None
    with pytest.raises(ConfigError) as caught:
        Policy.strict(trust=TrustStore(), at=AT.replace(tzinfo=None))
    assert caught.value.code == "VND-POL-001"


def test_a_path_stands_for_what_it_holds(pki, person, tmp_path):
    (tmp_path / "root.pem").write_bytes(to_pem(pki.root.der))
    (tmp_path / "crl").mkdir()
    for number, one in enumerate(pki.crls()):
        (tmp_path / "crl" / f"{number}.crl").write_bytes(crl_to_pem(one))
    policy = Policy.strict(trust=tmp_path / "root.pem", revocation=str(tmp_path / "crl"), at=AT)
    assert judge(core(person), policy).conclusion is Conclusion.PASSED
    assert Policy.legacy(trust=str(tmp_path / "root.pem")).require_revocation is False


def test_a_right_signature_passes(pki, person):
    report = judge(core(person), pki.policy())
    assert (report.conclusion, report.sub_indication) == (Conclusion.PASSED, None)
    assert report.signer.subject.startswith("CN=Nguyễn Văn An")
    assert report.signing_time == AT


@pytest.mark.parametrize(
    ("more", "conclusion", "reason"),
    [
        (BROKEN, "FAILED", "SIG_CRYPTO_FAILURE"),
        ({"certificate": None, "certificates": ()}, "INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
        ({"certificate": b"no certificate"}, "INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE"),
        ({"covers_whole": False}, "FAILED", "SIG_CONSTRAINTS_FAILURE"),
        ({"hash_names": ("sha256", "sha1")}, "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
        ({"hash_names": ("md5",)}, "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
        ({"certificates": ()}, "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    ],
)  # fmt: skip
def test_each_way_to_miss(pki, person, more, conclusion, reason):
    """EN 319 102-1, clause 5.3: FAILED outweighs INDETERMINATE, of equals the first step names the reason."""
    report = judge(core(person, **more), pki.policy())
    assert (report.conclusion.value, report.sub_indication.value) == (conclusion, reason)


def test_a_missing_chain_comes_before_a_weak_hash(pki, person):
    report = judge(core(person, hash_names=("sha1",)), Policy.strict(trust=TrustStore(), at=AT))
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert {"sha1"} == {one.facts["algorithm"] for one in report.findings if "algorithm" in one.facts}


def test_a_part_is_taken_where_the_policy_says_so(pki, person):
    policy = attrs.evolve(pki.policy(), whole_document=False)
    assert judge(core(person, covers_whole=False), policy).conclusion is Conclusion.PASSED


def test_a_broken_signature_does_not_lack_a_certificate(pki, person):
    report = judge(core(person, certificate=None, **BROKEN), pki.policy())
    assert "VND-SIG-101" not in codes(report)


@pytest.mark.parametrize(
    ("until", "expected"), [(None, "PASSED"), (AT + dt.timedelta(1), "PASSED"), (AT, "INDETERMINATE")]
)
def test_legacy_takes_old_hashes_until_a_claimed_time(pki, person, until, expected):
    policy = Policy.legacy(trust=pki.trust(), revocation=pki.revocation(), at=AT, until=until)
    report = judge(core(person, hash_names=("sha1",)), policy)
    assert report.conclusion.value == expected
    assert "sha1" in [one.facts.get("algorithm") for one in report.findings]


def load(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path, trust=TrustStore(), at=AT)


def test_a_policy_file(tmp_path):
    policy = load(
        tmp_path,
        'base = "legacy"\nname = "kho lưu"\nuntil = 2020-01-01T00:00:00+07:00\nwhole_document = false\n'
        "require_revocation = true\nfreshness_hours = 48\n[limits]\nattachments = 3\n",
    )
    assert (policy.name, policy.whole_document, policy.require_revocation) == ("kho lưu", False, True)
    assert policy.limits.attachments == 3
    assert policy.freshness == dt.timedelta(days=2)
    assert load(tmp_path, "").freshness is None
    assert policy.at == AT
    assert load(tmp_path, "").name == "strict (policy.toml)"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("= 1", "VND-POL-002"),
        ("unknown = 1", "VND-POL-003"),
        ('base = "lax"', "VND-POL-003"),
        ('require_revocation = "no"', "VND-POL-003"),
        ("until = 2020-01-01T00:00:00+07:00", "VND-POL-003"),
        ('base = "legacy"\nuntil = 2020-01-01T00:00:00', "VND-POL-003"),
        ("freshness_hours = 0", "VND-POL-003"),
        ("freshness_hours = true", "VND-POL-003"),
        ("freshness_hours = 100000000", "VND-POL-003"),
        ("[limits]\nunknown = 1", "VND-POL-003"),
        ("[limits]\ndepth = -1", "VND-POL-003"),
        ("[limits]\ndepth = true", "VND-POL-003"),
        ('trust = "a"', "VND-POL-003"),
    ],
)
def test_a_policy_file_that_is_none(tmp_path, text, code):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.code == code


def test_a_policy_file_that_is_not_text(tmp_path):
    (tmp_path / "policy.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        load_policy(tmp_path / "policy.toml", trust=TrustStore())
    assert caught.value.code == "VND-POL-002"
    with pytest.raises(FileError):
        load_policy(tmp_path / "none.toml", trust=TrustStore())


def test_a_file_names_signature_policies(tmp_path):
    (tmp_path / "quy-che.xml").write_bytes(b"<quy-che/>")
    path = tmp_path / "p.toml"
    path.write_text('[signature_policies]\n"urn:oid:1.2.3" = "quy-che.xml"\n', encoding="utf-8")
    policy = load_policy(path, trust=TrustStore())
    assert policy.signature_policies == {"urn:oid:1.2.3": b"<quy-che/>"}
    path.write_text('[signature_policies]\n"urn:oid:1.2.3" = "khong-co.xml"\n', encoding="utf-8")
    with pytest.raises(FileError) as missing:
        load_policy(path, trust=TrustStore())
    assert missing.value.code == "VND-IO-001"
    for wrong in ("7", '""', "[]"):
        path.write_text(f'[signature_policies]\n"urn:oid:1.2.3" = {wrong}\n', encoding="utf-8")
        with pytest.raises(ConfigError) as unfit:
            load_policy(path, trust=TrustStore())
        assert unfit.value.facts["key"] == "signature_policies.urn:oid:1.2.3"
