import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import AT, DAY, codes, errors, judge, resigned, root, rsa_key

from vnedoc.model import Conclusion, Limits, Severity, SubIndication

PASSED = (Conclusion.PASSED, None)
HOLD = (x509.CRLReason(x509.ReasonFlags.certificate_hold), False)
COMPROMISE = (x509.CRLReason(x509.ReasonFlags.key_compromise), False)
REMOVED = (x509.CRLReason(x509.ReasonFlags.remove_from_crl), False)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
HERE = "http://crl.example/one.crl"
THERE = "http://crl.example/two.crl"


def said(verdict):
    return verdict.conclusion, verdict.sub_indication


def indeterminate(name):
    return Conclusion.INDETERMINATE, SubIndication[name]


TRY_LATER = indeterminate("TRY_LATER")
REVOKED = indeterminate("REVOKED_NO_POE")


@pytest.fixture(scope="module")
def top():
    return root()


@pytest.fixture(scope="module")
def middle(top):
    return top.authority("Trung gian")


@pytest.fixture(scope="module")
def leaf(middle):
    return middle.issue("A")


def point(uri=HERE, **more):
    """A scope; every flag is off unless named."""
    fields = {
        "full_name": [x509.UniformResourceIdentifier(uri)] if uri else None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**fields, **more}), True


def lists_at(*uris, crl_issuer=None):
    names = [x509.UniformResourceIdentifier(one) for one in uris]
    one = x509.DistributionPoint(full_name=names, relative_name=None, reasons=None, crl_issuer=crl_issuer)
    return [(x509.CRLDistributionPoints([one]), False)]


def ask(signer, top, *crls, required=True, **more):
    """Judge a certificate that the root itself issued."""
    return judge(signer, anchors=[top], crls=crls, required=required, **more)


# --- present and missing (E08) --------------------------------------------------------------------


def test_lists_of_both_authorities_make_the_path_pass(top, middle, leaf):
    verdict = judge(leaf, anchors=[top], hints=[middle], crls=[top.crl(), middle.crl()], required=True)
    assert said(verdict) == PASSED
    assert verdict.findings == ()


@pytest.mark.parametrize("held", ["top", "middle", "none"])
def test_each_certificate_below_the_anchor_needs_a_list(top, middle, leaf, held):
    crls = {"top": [top.crl()], "middle": [middle.crl()], "none": []}[held]
    verdict = judge(leaf, anchors=[top], hints=[middle], crls=crls, required=True)
    assert said(verdict) == TRY_LATER
    assert codes(verdict) == {"032"}
    assert len(verdict.findings) == 2 - len(crls)


def test_missing_list_is_a_warning_when_not_required(top, middle, leaf):
    verdict = judge(leaf, anchors=[top], hints=[middle])
    assert said(verdict) == PASSED
    assert [(one.code, one.severity) for one in verdict.findings] == [
        ("VND-TRUST-032", Severity.WARNING),
        ("VND-TRUST-032", Severity.WARNING),
    ]
    assert verdict.findings[0].facts == {"subject": "CN=A", "issuer": "CN=Trung gian"}


# --- revoked (E02) --------------------------------------------------------------------------------


@pytest.mark.parametrize("required", [True, False])
def test_revoked_signer(top, required):
    signer = top.issue("A")
    crl = top.crl([(signer, AT - DAY, COMPROMISE)])
    verdict = ask(signer, top, crl, required=required)
    assert said(verdict) == REVOKED
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-030"
    assert finding.facts == {
        "subject": "CN=A",
        "issuer": "CN=Gốc",
        "revoked_at": (AT - DAY).isoformat(),
        "reason": "keyCompromise",
        "at": AT.isoformat(),
    }


@pytest.mark.parametrize("required", [True, False])
def test_revoked_authority(top, required):
    middle = top.authority("Trung gian")
    crls = [top.crl([(middle, AT - DAY)]), middle.crl()]
    verdict = judge(middle.issue("A"), anchors=[top], hints=[middle], crls=crls, required=required)
    assert said(verdict) == indeterminate("REVOKED_CA_NO_POE")
    assert codes(verdict) == {"031"}
    assert verdict.findings[0].facts["reason"] == "unspecified"


def test_revoked_at_the_very_moment_is_revoked(top):
    signer = top.issue("A")
    assert said(ask(signer, top, top.crl([(signer, AT)]))) == REVOKED


def test_revoked_later_is_told_and_does_not_count(top):
    signer = top.issue("A")
    verdict = ask(signer, top, top.crl([(signer, AT + DAY)]))
    assert said(verdict) == PASSED
    assert [(one.code, one.severity) for one in verdict.findings] == [("VND-TRUST-035", Severity.WARNING)]


@pytest.mark.parametrize("entry", [HOLD, REMOVED])
def test_whatever_stands_on_a_full_list_is_revoked(top, entry):
    signer = top.issue("A")
    assert said(ask(signer, top, top.crl([(signer, AT - DAY, entry)]))) == REVOKED


def test_other_serials_do_not_matter(top):
    others = [(top.issue(f"B{number}"), AT - DAY) for number in range(50)]
    assert said(ask(top.issue("A"), top, top.crl(others))) == PASSED


def test_malformed_reason_does_not_make_it_good(top):
    signer = top.issue("A")
    odd = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.21"), b"\x04\x00")
    verdict = ask(signer, top, top.crl([(signer, AT - DAY, (odd, False))]))
    assert said(verdict) == REVOKED
    assert verdict.findings[0].facts["reason"] == "unspecified"


# --- times (E09) ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("this", "following"), [(-9, -1), (1, 9)])
def test_list_of_another_time_clears_nothing(top, this, following):
    signer = top.issue("A")
    crl = top.crl(this=AT + this * DAY, following=AT + following * DAY)
    verdict = ask(signer, top, crl)
    assert said(verdict) == TRY_LATER
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-033"
    assert finding.facts["this_update"] == (AT + this * DAY).isoformat()
    assert finding.facts["next_update"] == (AT + following * DAY).isoformat()
    soft = ask(signer, top, crl, required=False)
    assert said(soft) == PASSED
    assert soft.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(("this", "following"), [(-9, -1), (1, 9)])
def test_revocation_in_a_list_of_another_time_counts(top, this, following, required):
    signer = top.issue("A")
    crl = top.crl([(signer, AT - 10 * DAY)], this=AT + this * DAY, following=AT + following * DAY)
    assert said(ask(signer, top, crl, required=required)) == REVOKED


def test_first_and_last_second_of_a_list_belong_to_it(top):
    signer = top.issue("A")
    crl = top.crl(this=AT - DAY, following=AT + DAY)
    assert said(ask(signer, top, crl, at=AT - DAY)) == PASSED
    assert said(ask(signer, top, crl, at=AT + DAY)) == PASSED


def test_newest_list_that_is_right_for_the_time_decides(top):
    signer = top.issue("A")
    old = top.crl([(signer, AT - 10 * DAY, HOLD)], this=AT - 9 * DAY)
    new = top.crl(this=AT - DAY)
    assert said(ask(signer, top, old, new)) == PASSED
    assert said(ask(signer, top, new, old)) == PASSED
    back = top.crl([(signer, AT - 10 * DAY, HOLD)], this=AT - DAY / 2)
    assert said(ask(signer, top, old, back, new)) == REVOKED


def test_later_list_with_an_earlier_revocation_counts(top):
    signer = top.issue("A")
    then = top.crl(this=AT - DAY, following=AT + DAY)
    later = top.crl([(signer, AT - 2 * DAY)], this=AT + 20 * DAY, following=AT + 30 * DAY)
    assert said(ask(signer, top, then, later)) == REVOKED


# --- forged and out of scope (E10, E11) -----------------------------------------------------------


def causes(verdict):
    (finding,) = verdict.findings
    assert finding.code == "VND-TRUST-034"
    return finding.facts["causes"]


def test_forged_list_is_not_used(top):
    signer = top.issue("A")
    other = ec.generate_private_key(ec.SECP256R1())
    verdict = ask(signer, top, top.crl(key=other))
    assert said(verdict) == TRY_LATER
    assert causes(verdict) == ["signature"]
    # nor can a forger revoke
    forged = top.crl([(signer, AT - DAY)], key=other)
    assert said(ask(signer, top, top.crl(), forged)) == PASSED


def test_list_of_another_issuer_is_not_used(top, middle):
    assert codes(ask(top.issue("A"), top, middle.crl())) == {"032"}


def test_list_under_another_key_of_the_issuer_is_not_used(top):
    other = ec.generate_private_key(ec.SECP256R1())
    extension = x509.AuthorityKeyIdentifier.from_issuer_public_key(other.public_key())
    verdict = ask(top.issue("A"), top, top.crl(key=other, extensions=[(extension, False)]))
    assert causes(verdict) == ["other-key"]


def test_issuer_must_be_allowed_to_sign_lists():
    top = root(key_usage=("key_cert_sign",))
    verdict = ask(top.issue("A"), top, top.crl())
    assert said(verdict) == TRY_LATER
    assert causes(verdict) == ["issuer-may-not-sign-lists"]
    free = root(key_usage=None)
    assert said(ask(free.issue("A"), free, free.crl())) == PASSED


def test_key_that_cannot_have_signed_the_list_does_not_crash(top):
    rsa_root = root(key=rsa_key(2048))
    crl = rsa_root.crl(key=top.key)
    assert causes(ask(rsa_root.issue("A"), rsa_root, crl)) == ["signature"]


@pytest.mark.parametrize(
    ("scope", "used"),
    [
        ({}, True),
        ({"only_contains_user_certs": True}, True),
        ({"uri": None, "only_contains_user_certs": True}, True),
        ({"uri": THERE}, False),
        ({"only_contains_ca_certs": True}, False),
        ({"only_contains_attribute_certs": True}, False),
        (
            {
                "uri": None,
                "relative_name": x509.RelativeDistinguishedName(
                    [x509.NameAttribute(NameOID.COMMON_NAME, "Một")]
                ),
            },
            False,
        ),
    ],
)
def test_scope_of_a_list(top, scope, used):
    signer = top.issue("A", extensions=lists_at(HERE))
    verdict = ask(signer, top, top.crl(extensions=[point(**scope)]))
    assert said(verdict) == (PASSED if used else TRY_LATER)
    if not used:
        assert causes(verdict) == ["scope"]


@pytest.mark.parametrize(
    ("scope", "used"),
    [({"only_contains_ca_certs": True}, True), ({"only_contains_user_certs": True}, False)],
)
def test_scope_of_a_list_for_an_authority(top, scope, used):
    middle = top.authority("Trung gian")
    crls = [top.crl(extensions=[point(uri=None, **scope)]), middle.crl()]
    verdict = judge(middle.issue("A"), anchors=[top], hints=[middle], crls=crls, required=True)
    assert said(verdict) == (PASSED if used else TRY_LATER)


def test_named_scope_needs_a_name_in_the_certificate(top):
    named = top.crl(extensions=[point()])
    assert causes(ask(top.issue("A"), top, named)) == ["scope"]
    of_another = lists_at(HERE, crl_issuer=[x509.DirectoryName(top.certificate.subject)])
    assert causes(ask(top.issue("A", extensions=of_another), top, named)) == ["scope"]
    assert said(ask(top.issue("A", extensions=lists_at(THERE, HERE)), top, named)) == PASSED


def test_indirect_list_is_not_used(top):
    verdict = ask(top.issue("A"), top, top.crl(extensions=[point(uri=None, indirect_crl=True)]))
    assert causes(verdict) == ["indirect"]


@pytest.mark.parametrize(
    ("extension", "cause"),
    [
        ((x509.DeltaCRLIndicator(1), True), "delta"),
        (
            point(uri=None, only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),
            "only-some-reasons",
        ),
    ],
)
def test_partial_list_can_revoke_but_not_clear(top, extension, cause):
    signer = top.issue("A")
    partial = top.crl(extensions=[extension])
    verdict = ask(signer, top, partial)
    assert said(verdict) == TRY_LATER
    assert causes(verdict) == [cause]
    assert said(ask(signer, top, partial, top.crl())) == PASSED
    revoking = top.crl([(signer, AT - DAY)], extensions=[extension])
    assert said(ask(signer, top, revoking, top.crl())) == REVOKED
    assert said(ask(signer, top, revoking, required=False)) == REVOKED


def test_delta_list_that_takes_a_certificate_off_says_nothing(top):
    signer = top.issue("A")
    delta = top.crl([(signer, AT - DAY, REMOVED)], extensions=[(x509.DeltaCRLIndicator(1), True)])
    assert said(ask(signer, top, top.crl(), delta)) == PASSED
    held = top.crl([(signer, AT - 2 * DAY, HOLD)])
    assert said(ask(signer, top, held, delta)) == REVOKED


def test_unknown_critical_extension_of_the_list(top):
    verdict = ask(top.issue("A"), top, top.crl(extensions=[(UNKNOWN, True)]))
    assert causes(verdict) == ["critical-extension"]
    assert said(ask(top.issue("A"), top, top.crl(extensions=[(UNKNOWN, False)]))) == PASSED


def test_unknown_critical_extension_of_any_entry(top):  # RFC 5280, clause 5.3
    other = top.issue("B")
    assert causes(ask(top.issue("A"), top, top.crl([(other, AT - DAY, (UNKNOWN, True))]))) == [
        "critical-entry-extension"
    ]
    assert said(ask(top.issue("A"), top, top.crl([(other, AT - DAY, (UNKNOWN, False))]))) == PASSED


def test_serial_that_looks_like_a_critical_flag_does_no_harm(top):
    other = top.issue("B", serial=0x0101FF0101FF)
    assert said(ask(top.issue("A"), top, top.crl([(other, AT - DAY)]))) == PASSED


def test_list_without_an_end_can_revoke_but_not_clear():
    from asn1crypto import crl as asn1

    authority = root(key=rsa_key(2048))
    signer = authority.issue("A")

    def endless(crl):
        parsed = asn1.CertificateList.load(crl)
        tbs = parsed["tbs_cert_list"]
        del tbs["next_update"]
        octets = tbs.dump(force=True)
        parsed["signature"] = authority.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        return parsed.dump(force=True)

    assert causes(ask(signer, authority, endless(authority.crl()))) == ["no-next-update"]
    revoking = endless(authority.crl([(signer, AT - DAY)]))
    assert said(ask(signer, authority, revoking, required=False)) == REVOKED


@pytest.mark.parametrize("algorithm", ["md2_rsa", "rsassa_pss", "sha256_ecdsa"])
def test_list_under_an_algorithm_that_does_not_fit_is_not_used(algorithm):
    from asn1crypto import crl as asn1

    authority = root(key=rsa_key(2048))
    parsed = asn1.CertificateList.load(authority.crl())
    for place in (parsed["tbs_cert_list"]["signature"], parsed["signature_algorithm"]):
        place["parameters"] = core.Null() if algorithm == "md2_rsa" else None
        place["algorithm"] = algorithm
    assert causes(ask(authority.issue("A"), authority, parsed.dump(force=True))) in (
        ["signature"],
        ["malformed"],
    )


def test_negative_serial_is_found_on_a_list():  # RFC 5280, clause 4.1.2.2: handle gracefully
    from asn1crypto import crl as asn1

    def negative(tbs):
        tbs["serial_number"] = -7

    authority = root(key=rsa_key(2048))
    signer = resigned(authority.issue("A"), authority.key, change=negative)
    parsed = asn1.CertificateList.load(authority.crl([(authority.issue("B"), AT - DAY)]))
    tbs = parsed["tbs_cert_list"]
    tbs["revoked_certificates"][0]["user_certificate"] = -7
    octets = tbs.dump(force=True)
    parsed["signature"] = authority.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    assert said(ask(signer, authority, parsed.dump(force=True))) == REVOKED
    assert said(ask(signer, authority, authority.crl())) == PASSED


def test_list_above_the_limit_names_the_limit(top):
    verdict = ask(top.issue("A"), top, top.crl(), limits=Limits(crl_bytes=100))
    assert said(verdict) == TRY_LATER
    assert causes(verdict) == ["limit-crl_bytes"]


def test_malformed_list_is_told(top):
    assert causes(ask(top.issue("A"), top, b"\x30\x00")) == ["malformed"]
    assert said(ask(top.issue("A"), top, b"", top.crl())) == PASSED


def test_worst_of_several_faults_is_the_sub_indication(top):
    key = rsa_key(2048)
    authority = root(key=key)
    expired = authority.issue("A", not_before=AT - 9 * DAY, not_after=AT - DAY)
    signer = resigned(expired, key, hash_name="sha1")
    verdict = ask(signer, authority, authority.crl([(signer, AT - 2 * DAY)]))
    assert said(verdict) == indeterminate("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert errors(verdict) == {"020", "013", "030"}
    assert said(ask(expired, authority)) == indeterminate("OUT_OF_BOUNDS_NO_POE")
    assert said(ask(expired, authority, authority.crl([(expired, AT - 2 * DAY)]))) == REVOKED


_CASE = []


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_change_of_a_list_never_clears_a_revoked_certificate(data):
    """RFC 5280, clause 6.3.3 (g): the signature covers the whole list."""
    if not _CASE:
        top = root(key=rsa_key(2048))
        signer = top.issue("A")
        _CASE.extend([top, signer, top.crl([(signer, AT - DAY, COMPROMISE)])])
    top, signer, crl = _CASE
    changed = bytearray(crl)
    changed[data.draw(st.integers(0, len(crl) - 1))] ^= data.draw(st.integers(1, 255))
    assert ask(signer, top, bytes(changed)).conclusion is Conclusion.INDETERMINATE
