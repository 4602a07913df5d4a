import asyncio
import datetime as dt
import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import (
    AT,
    CA_USAGE,
    DAY,
    LEAF_USAGE,
    Entity,
    codes,
    errors,
    judge,
    make,
    name,
    resigned,
    root,
    rsa_key,
)

from vnedoc.model import Conclusion, Limits, SubIndication
from vnedoc.trust import AlgorithmPolicy, RevocationStore, TrustStore, validate_path

PASSED = (Conclusion.PASSED, None)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def said(verdict):
    return verdict.conclusion, verdict.sub_indication


def indeterminate(name_):
    return Conclusion.INDETERMINATE, SubIndication[name_]


@pytest.fixture(scope="module")
def top():
    return root()


@pytest.fixture(scope="module")
def middle(top):
    return top.authority("Trung gian")


@pytest.fixture(scope="module")
def leaf(middle):
    return middle.issue("Nguyễn Văn A")


# --- finding a path -------------------------------------------------------------------------------


def test_path_is_given_leaf_first_anchor_last(top, middle, leaf):
    verdict = judge(leaf, anchors=[top], certificates=[middle])
    assert said(verdict) == PASSED
    assert verdict.path == (leaf.der, middle.der, top.der)
    assert errors(verdict) == set()


def test_hints_help(top, middle, leaf):
    assert said(judge(leaf, anchors=[top], hints=[leaf, middle])) == PASSED


def test_empty_store_trusts_nobody(top, middle, leaf):
    verdict = judge(leaf, hints=[top, middle])
    assert said(verdict) == indeterminate("NO_CERTIFICATE_CHAIN_FOUND")
    assert verdict.path == ()
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-011"
    assert finding.facts == {"subject": "CN=Nguyễn Văn A", "issuer": "CN=Trung gian"}


def test_missing_issuer_is_named(top, leaf):
    verdict = judge(leaf, anchors=[top])
    assert said(verdict) == indeterminate("NO_CERTIFICATE_CHAIN_FOUND")
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-010"
    assert finding.facts == {"subject": "CN=Nguyễn Văn A", "issuer": "CN=Trung gian"}


def test_root_in_the_document_never_becomes_an_anchor(top):  # E15
    other = root("Gốc giả")
    signer = other.issue("A")
    for place in ({"hints": [other]}, {"certificates": [other]}):
        verdict = judge(signer, anchors=[top], **place)
        assert said(verdict) == indeterminate("NO_CERTIFICATE_CHAIN_FOUND")
        assert codes(verdict) == {"018"}


def test_look_alike_root_is_told_by_its_key(top, middle, leaf):  # D02
    fake = root("Gốc")
    assert said(judge(leaf, anchors=[fake], certificates=[middle])) == indeterminate(
        "NO_CERTIFICATE_CHAIN_FOUND"
    )


def test_anchor_in_another_certificate_of_the_same_key_is_the_anchor(top, middle, leaf):
    renewed = root("Gốc", key=top.key, not_after=AT + 900 * DAY)
    verdict = judge(leaf, anchors=[renewed], hints=[middle, top])
    assert said(verdict) == PASSED
    assert verdict.path[-1] == renewed.der


def test_intermediate_may_be_the_anchor(middle, leaf):
    verdict = judge(leaf, anchors=[middle])
    assert said(verdict) == PASSED
    assert len(verdict.path) == 2


def test_anchor_itself_may_sign_when_its_usage_says_so():
    signer = root("Tự ký", key_usage=(*CA_USAGE, "digital_signature"), extensions=[permitted("x")])
    verdict = judge(signer, anchors=[signer], required=True)
    assert said(verdict) == PASSED
    assert verdict.path == (signer.der,)


def test_names_are_compared_without_case_and_spaces(top):  # RFC 5280, clause 7.1
    middle = top.authority("Trung  Gian")
    loud = Entity(make("TRUNG GIAN ", ca=True, key_usage=CA_USAGE).certificate, middle.key)
    signer = loud.issue("A")
    assert said(judge(signer, anchors=[top], certificates=[middle])) == PASSED


def test_authority_without_a_name_issues_nothing(top):
    nameless = top.authority("")
    assert said(judge(nameless.issue("A"), anchors=[top], hints=[nameless])) == indeterminate(
        "NO_CERTIFICATE_CHAIN_FOUND"
    )


def test_best_of_several_paths_counts(top):
    key = ec.generate_private_key(ec.SECP256R1())
    expired = top.authority("Trung gian", key=key, not_before=AT - 9 * DAY, not_after=AT - DAY)
    good = top.authority("Trung gian", key=key)
    signer = good.issue("A")
    verdict = judge(signer, anchors=[top], certificates=[expired, good])
    assert said(verdict) == PASSED
    assert verdict.path[1] == good.der


def test_of_several_bad_paths_the_one_with_fewest_faults_is_told(top):
    key = ec.generate_private_key(ec.SECP256R1())
    worse = top.authority("Trung gian", key=key, not_after=AT - DAY, extensions=[(UNKNOWN, True)])
    bad = top.authority("Trung gian", key=key, not_after=AT - DAY)
    worst = top.authority(
        "Trung gian", key=key, not_after=AT - DAY, extensions=[(UNKNOWN, True)], key_usage=("crl_sign",)
    )
    verdict = judge(bad.issue("A"), anchors=[top], certificates=[worse, bad, worst])
    assert said(verdict) == indeterminate("OUT_OF_BOUNDS_NO_POE")
    assert verdict.path[1] == bad.der


def test_only_so_many_bad_paths_are_tried(top, monkeypatch):
    monkeypatch.setattr("vnedoc.trust._path.MOST_PATHS", 2)
    key = ec.generate_private_key(ec.SECP256R1())
    expired = [top.authority("Trung gian", key=key, not_after=AT - DAY) for _ in range(3)]
    good = top.authority("Trung gian", key=key)
    assert said(judge(good.issue("A"), anchors=[top], certificates=[*expired, good])) == indeterminate(
        "OUT_OF_BOUNDS_NO_POE"
    )


# --- caps (E07) -----------------------------------------------------------------------------------


def test_cross_certificates_cannot_loop(top):
    one = root("Một")
    two = root("Hai")
    one_by_two = two.authority("Một", key=one.key)
    two_by_one = one.authority("Hai", key=two.key)
    verdict = judge(one.issue("A"), anchors=[top], hints=[one_by_two, two_by_one, one, two])
    assert said(verdict) == indeterminate("NO_CERTIFICATE_CHAIN_FOUND")


def test_chain_depth_is_bounded(top):
    chain = [top]
    for number in range(12):
        chain.append(chain[-1].authority(f"Cấp {number}"))
    signer = chain[-1].issue("A")
    verdict = judge(signer, anchors=[top], certificates=chain[1:])
    assert said(verdict) == indeterminate("CERTIFICATE_CHAIN_GENERAL_FAILURE")
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-012"
    assert finding.facts["limit"] == "chain_depth"
    assert said(judge(signer, anchors=[top], certificates=chain[1:], limits=Limits(chain_depth=14))) == PASSED
    assert said(judge(signer, anchors=[top], certificates=chain[1:], limits=Limits(chain_depth=13))) != PASSED


def test_many_look_alikes_are_cut_off_in_time(top):
    key = ec.generate_private_key(ec.SECP256R1())
    crowd = [top.authority("Đông", key=key, identifiers=False) for _ in range(2)]
    crowd += [root("Đông", identifiers=False) for _ in range(300)]
    signer = root("Đông", identifiers=False).issue("A", identifiers=False)
    start = time.monotonic()
    verdict = judge(signer, anchors=[top], hints=crowd)
    assert time.monotonic() - start < 2
    assert said(verdict) == indeterminate("CERTIFICATE_CHAIN_GENERAL_FAILURE")
    assert verdict.findings[0].facts == {"limit": "chain_checks", "allowed": 200, "seen": None}


def test_key_identifier_finds_the_right_one_among_look_alikes(top):
    right = top.authority("Đông")
    crowd = [root("Đông") for _ in range(30)]
    verdict = judge(right.issue("A"), anchors=[top], hints=[*crowd, right], limits=Limits(chain_checks=5))
    assert said(verdict) == PASSED


def test_huge_name_constraints_are_not_worked_through(top):
    many = [x509.DNSName(f"a{number}.example") for number in range(300)]
    constraints = x509.NameConstraints(permitted_subtrees=None, excluded_subtrees=many)
    middle = top.authority("Trung gian", extensions=[(constraints, True)])
    names = x509.SubjectAlternativeName([x509.DNSName(f"b{number}.example") for number in range(300)])
    start = time.monotonic()
    verdict = judge(middle.issue("A", extensions=[(names, False)]), anchors=[top], hints=[middle])
    assert time.monotonic() - start < 2
    assert errors(verdict) == {"040"}


# --- validity (E01) -------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [(-9, -1), (1, 9)])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_every_certificate_must_be_valid_at_the_time(days, position):
    window = {"not_before": AT + days[0] * DAY, "not_after": AT + days[1] * DAY}
    top = root(**(window if position == 2 else {}))
    middle = top.authority("Trung gian", **(window if position == 1 else {}))
    signer = middle.issue("A", **(window if position == 0 else {}))
    verdict = judge(signer, anchors=[top], certificates=[middle])
    assert said(verdict) == indeterminate("OUT_OF_BOUNDS_NO_POE")
    (finding,) = (one for one in verdict.findings if one.code == "VND-TRUST-013")
    assert finding.facts["at"] == AT.isoformat()
    assert finding.facts["not_after"] == window["not_after"].isoformat()
    assert finding.facts["not_before"] == window["not_before"].isoformat()


def test_first_and_last_second_belong_to_the_validity(top):  # RFC 5280, clause 4.1.2.5
    signer = top.issue("A", not_before=AT, not_after=AT + DAY)
    last = dt.timedelta(microseconds=999_999)
    assert said(judge(signer, anchors=[top], at=AT)) == PASSED
    assert said(judge(signer, anchors=[top], at=AT + DAY + last)) == PASSED
    assert said(judge(signer, anchors=[top], at=AT - dt.timedelta(seconds=1))) != PASSED
    assert said(judge(signer, anchors=[top], at=AT + DAY + dt.timedelta(seconds=1))) != PASSED


def test_time_zone_of_the_question_does_not_matter(top):
    signer = top.issue("A", not_before=AT, not_after=AT + DAY)
    hanoi = dt.timezone(dt.timedelta(hours=7))
    assert said(judge(signer, anchors=[top], at=AT.astimezone(hanoi))) == PASSED


# --- constraints (E03 to E06) ---------------------------------------------------------------------


def test_issuer_must_be_an_authority(top):
    impostor = top.issue("Người dùng", key_usage=CA_USAGE)
    verdict = judge(impostor.issue("A"), anchors=[top], hints=[impostor])
    assert said(verdict) == indeterminate("CHAIN_CONSTRAINTS_FAILURE")
    assert codes(verdict) == {"014"}


def test_authority_must_be_allowed_to_sign_certificates(top):
    weak = top.authority("Trung gian", key_usage=("crl_sign",))
    verdict = judge(weak.issue("A"), anchors=[top], hints=[weak])
    assert said(verdict) == indeterminate("CHAIN_CONSTRAINTS_FAILURE")
    assert verdict.findings[0].facts["seen"] == ["crl_sign"]
    assert codes(verdict) == {"016"}


def test_authority_without_key_usage_is_fine(top):
    middle = top.authority("Trung gian", key_usage=None)
    assert said(judge(middle.issue("A", key_usage=None), anchors=[top], hints=[middle])) == PASSED


def test_path_length_is_kept(top):
    first = top.authority("Một", path_length=0)
    second = first.authority("Hai")
    assert said(judge(first.issue("A"), anchors=[top], hints=[first])) == PASSED
    verdict = judge(second.issue("A"), anchors=[top], hints=[first, second])
    assert said(verdict) == indeterminate("CHAIN_CONSTRAINTS_FAILURE")
    assert codes(verdict) == {"015"}


def test_path_length_of_the_anchor_counts_and_cannot_be_widened():
    short = root("Ngắn", path_length=1)
    first = short.authority("Một", path_length=5)
    second = first.authority("Hai")
    assert said(judge(first.issue("A"), anchors=[short], hints=[first])) == PASSED
    assert codes(judge(second.issue("A"), anchors=[short], hints=[first, second])) == {"015"}


def test_self_issued_certificates_do_not_use_up_the_path_length():  # RFC 5280, clause 6.1.4 (l)
    short = root("Ngắn", path_length=1)
    first = short.authority("Một")
    rolled = first.authority("Một")
    assert said(judge(rolled.issue("A"), anchors=[short], hints=[first, rolled])) == PASSED


@pytest.mark.parametrize("position", [0, 1, 2])
def test_unknown_critical_extension_is_refused(position):
    extra = {"extensions": [(UNKNOWN, True)]}
    top = root(**(extra if position == 2 else {}))
    middle = top.authority("Trung gian", **(extra if position == 1 else {}))
    signer = middle.issue("A", **(extra if position == 0 else {}))
    verdict = judge(signer, anchors=[top], hints=[middle])
    assert said(verdict) == indeterminate("CHAIN_CONSTRAINTS_FAILURE")
    assert errors(verdict) == {"041"}
    assert verdict.findings[0].facts["seen"] == ["1.2.3.4.5"]


def test_unknown_extension_that_is_not_critical_is_fine(top):
    assert said(judge(top.issue("A", extensions=[(UNKNOWN, False)]), anchors=[top])) == PASSED


@pytest.mark.parametrize(
    ("names", "accepted"),
    [
        (("digital_signature",), True),
        (("content_commitment",), True),
        (None, True),
        (("key_encipherment",), False),
        (("key_cert_sign", "crl_sign"), False),
    ],
)
def test_key_usage_of_the_signer(top, names, accepted):
    verdict = judge(top.issue("A", key_usage=names), anchors=[top])
    assert errors(verdict) == (set() if accepted else {"017"})
    assert said(verdict) == (PASSED if accepted else indeterminate("CHAIN_CONSTRAINTS_FAILURE"))


@pytest.mark.parametrize(
    ("purposes", "accepted"),
    [
        (["2.5.29.37.0"], True),
        (["1.3.6.1.5.5.7.3.36"], True),
        (["1.3.6.1.4.1.311.10.3.12"], True),
        (["1.3.6.1.5.5.7.3.4"], True),
        (["1.3.6.1.5.5.7.3.2"], True),
        (["1.3.6.1.4.1.311.20.2.2"], True),
        (["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], True),
        (["1.3.6.1.5.5.7.3.1"], False),
        (["1.3.6.1.5.5.7.3.8"], False),
        (["1.3.6.1.5.5.7.3.9"], False),
    ],
)
def test_extended_key_usage_of_the_signer(top, purposes, accepted):
    verdict = judge(top.issue("A", purposes=purposes), anchors=[top])
    assert errors(verdict) == (set() if accepted else {"019"})
    assert said(verdict) == (PASSED if accepted else indeterminate("CHAIN_CONSTRAINTS_FAILURE"))


def permitted(text, *, critical=True):
    tree = x509.DirectoryName(
        x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, text),
            ]
        )
    )
    return x509.NameConstraints(permitted_subtrees=[tree], excluded_subtrees=None), critical


def person(organization):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Văn A"),
        ]
    )


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize("on_anchor", [True, False])
def test_name_constraints_are_kept(on_anchor, critical):  # E05
    constraint = [permitted("Sở Một", critical=critical)]
    top = root(extensions=constraint if on_anchor else ())
    issuing = top if on_anchor else top.authority("Trung gian", extensions=constraint)
    inside, outside = issuing.issue(person("Sở Một")), issuing.issue(person("Sở Hai"))
    hints = [] if on_anchor else [issuing]
    assert said(judge(inside, anchors=[top], hints=hints)) == PASSED
    verdict = judge(outside, anchors=[top], hints=hints)
    assert said(verdict) == indeterminate("CHAIN_CONSTRAINTS_FAILURE")
    assert errors(verdict) == {"040"}


def test_excluded_names_on_the_anchor_count():
    tree = x509.DirectoryName(person("Sở Hai"))
    top = root(extensions=[(x509.NameConstraints(None, [tree]), True)])
    assert said(judge(top.issue(person("Sở Một")), anchors=[top])) == PASSED
    assert errors(judge(top.issue(person("Sở Hai")), anchors=[top])) == {"040"}


def test_name_constraints_that_cannot_be_worked_through_are_refused():
    tree = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    top = root(extensions=[(x509.NameConstraints([tree], None), True)])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("10.0.0.1"))])
    assert errors(judge(top.issue("A", extensions=[(alternative, False)]), anchors=[top])) == {"040"}


def test_expired_certificate_below_name_constraints_is_told_as_expired():
    top = root(extensions=[permitted("Sở Một")])
    signer = top.issue(person("Sở Một"), not_before=AT - 9 * DAY, not_after=AT - DAY)
    assert said(judge(signer, anchors=[top])) == indeterminate("OUT_OF_BOUNDS_NO_POE")


def test_required_policies_are_kept(top):
    demanding = top.authority("Trung gian", extensions=[(x509.PolicyConstraints(0, None), True)])
    policy = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("2.16.704.1.1.1.1.1"), None)])
    assert errors(judge(demanding.issue("A"), anchors=[top], hints=[demanding])) == {"040"}
    with_policy = top.authority(
        "Trung gian", extensions=[(x509.PolicyConstraints(0, None), True), (policy, False)]
    )
    signer = with_policy.issue("A", extensions=[(policy, False)])
    assert said(judge(signer, anchors=[top], hints=[with_policy])) == PASSED


def test_full_process_works_inside_a_running_event_loop():
    top = root(extensions=[permitted("Sở Một")])
    signer = top.issue(person("Sở Một"))

    async def inside():
        return judge(signer, anchors=[top])

    assert said(asyncio.run(inside())) == PASSED


def test_full_process_that_waits_is_refused(monkeypatch):
    async def waits(*_args, **_more):
        await asyncio.sleep(0)

    monkeypatch.setattr("pyhanko_certvalidator.validate.async_validate_path", waits)
    top = root(extensions=[permitted("Sở Một")])
    assert errors(judge(top.issue(person("Sở Một")), anchors=[top])) == {"040"}


# --- algorithms (E13) -----------------------------------------------------------------------------


def test_old_hash_below_the_anchor_is_refused():
    top = root(key=rsa_key(2048))
    signer = resigned(top.issue("A"), top.key, hash_name="sha1")
    verdict = judge(signer, anchors=[top])
    assert said(verdict) == indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert errors(verdict) == {"020"}
    assert verdict.findings[0].facts == {"algorithm": "sha1"}
    assert verdict.findings[0].location == "CN=A"


@pytest.mark.parametrize(("hash_name", "told"), [("md5", "md5"), ("md2", "1.2.840.113549.1.1.2")])
def test_hash_that_nothing_here_can_check_is_named(hash_name, told):
    top = root(key=rsa_key(2048))
    verdict = judge(resigned(top.issue("A"), top.key, hash_name=hash_name), anchors=[top])
    assert said(verdict) == indeterminate("NO_CERTIFICATE_CHAIN_FOUND")
    assert errors(verdict) == {"010", "020"}
    assert verdict.findings[1].facts == {"algorithm": told}


def test_old_hash_is_taken_and_named_under_legacy():
    top = root(key=rsa_key(2048))
    signer = resigned(top.issue("A"), top.key, hash_name="sha1")
    verdict = judge(signer, anchors=[top], algorithms=AlgorithmPolicy.legacy())
    assert said(verdict) == PASSED
    assert "024" in codes(verdict)
    late = judge(signer, anchors=[top], algorithms=AlgorithmPolicy.legacy(until=AT - 300 * DAY))
    assert said(late) == indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert errors(late) == {"023"}


def test_own_signature_of_the_anchor_is_not_judged():
    plain = root(key=rsa_key(2048))
    top = resigned(plain, plain.key, hash_name="sha1")
    assert said(judge(top.issue("A"), anchors=[top])) == PASSED


def test_short_rsa_key_is_refused_wherever_it_stands():
    small = rsa_key(1024)
    top = root()
    verdict = judge(top.issue("A", key=small), anchors=[top])
    assert said(verdict) == indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert verdict.findings[0].facts == {"algorithm": "rsa", "bits": 1024, "needed": 2048}
    weak_root = root(key=small)
    assert errors(judge(weak_root.issue("A"), anchors=[weak_root])) == {"021"}


def test_oversized_rsa_key_verifies_nothing(monkeypatch):
    monkeypatch.setattr("vnedoc.trust._certificates._MOST_RSA_BITS", 2047)
    top = root("Quá dài", key=rsa_key(2048))
    assert codes(judge(top.issue("A"), anchors=[top])) == {"010"}


@pytest.mark.parametrize("kind", [ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey])
def test_edwards_keys_are_accepted(kind):
    from cryptography.hazmat.primitives.serialization import Encoding

    key = kind.generate()
    top = root()
    builder = x509.CertificateBuilder().subject_name(name("Gốc")).issuer_name(name("Gốc"))
    certificate = (
        builder.public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    signer = (
        x509.CertificateBuilder()
        .subject_name(name("A"))
        .issuer_name(name("Gốc"))
        .public_key(top.key.public_key())
        .serial_number(8)
        .not_valid_before(AT - DAY)
        .not_valid_after(AT + DAY)
        .sign(key, None)
    )
    verdict = judge(signer.public_bytes(Encoding.DER), anchors=[certificate.public_bytes(Encoding.DER)])
    assert said(verdict) == PASSED


def test_key_of_another_kind_does_not_verify_and_does_not_crash(top):
    twin = Entity(root("Gốc", key=rsa_key(2048), identifiers=False).certificate, rsa_key(2048))
    assert codes(judge(top.issue("A"), anchors=[twin])) == {"010"}


def test_dsa_authority_is_named():
    from cryptography.hazmat.primitives.asymmetric import dsa

    top = root(key=dsa.generate_private_key(2048))
    verdict = judge(top.issue("A"), anchors=[top])
    assert said(verdict) == indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert verdict.findings[0].facts == {"algorithm": "dsa"}


def test_certificate_of_version_1_has_no_constraints_to_judge(top):
    def first_version(tbs):
        tbs["version"] = "v1"
        del tbs["extensions"]

    authority = root(key=rsa_key(2048))
    old = resigned(authority.issue("A"), authority.key, change=first_version)
    assert old.certificate.version is x509.Version.v1
    assert said(judge(old, anchors=[authority])) == PASSED
    issuer = resigned(authority.authority("Cũ", key=rsa_key(2048)), authority.key, change=first_version)
    assert errors(judge(issuer.issue("A"), anchors=[authority], hints=[issuer])) == {"014"}


def test_bits_in_a_name_are_compared_as_they_are(top):
    def named(octets):
        unique = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, octets, x509.name._ASN1Type.BitString)
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bit"), unique])

    middle = top.authority(named(b"\x00\x01"))
    other = Entity(root(named(b"\x00\x02")).certificate, middle.key)
    assert said(judge(middle.issue("A"), anchors=[top], hints=[middle])) == PASSED
    assert codes(judge(other.issue("A"), anchors=[top], hints=[middle])) == {"010"}


# --- hostile octets (E14) -------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [b"", b"0", b"\x30\x80", b"not a certificate", b"\x30\x03\x02\x01\x01"])
def test_malformed_certificate_is_indeterminate(top, octets):
    verdict = judge(octets, anchors=[top])
    assert said(verdict) == indeterminate("CERTIFICATE_CHAIN_GENERAL_FAILURE")
    assert codes(verdict) == {"003"}


def test_malformed_hints_are_passed_over(top, middle, leaf):
    assert said(judge(leaf, anchors=[top], hints=[b"", b"\x30\x00", middle])) == PASSED


def test_signature_algorithm_must_agree_inside_and_outside(top):
    der = top.issue("A").der
    inner = bytes.fromhex("06082a8648ce3d040302")
    changed = der[::-1].replace(inner[::-1], bytes.fromhex("06082a8648ce3d040303")[::-1], 1)[::-1]
    assert changed != der
    assert codes(judge(changed, anchors=[top])) == {"003"}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_change_of_a_certificate_gives_a_verdict_that_is_not_passed(data):
    """RFC 5280, clause 6.1.3 (a) (1): whatever changes, the signature covers it."""
    signer, top = _changed_pair()
    der = bytearray(signer.der)
    position = data.draw(st.integers(0, len(der) - 1))
    der[position] ^= data.draw(st.integers(1, 255))
    verdict = validate_path(
        bytes(der),
        hints=[bytes(der)],
        trust=TrustStore.from_der([top.der]),
        revocation=RevocationStore(),
        require_revocation=False,
        at=AT,
        algorithms=AlgorithmPolicy(),
        limits=Limits(),
    )
    assert verdict.conclusion is Conclusion.INDETERMINATE


_PAIR = []


def _changed_pair():
    if not _PAIR:
        top = root(key=rsa_key(2048))
        _PAIR.extend([top.issue("A", purposes=["1.3.6.1.5.5.7.3.36"], key_usage=LEAF_USAGE), top])
    return _PAIR
