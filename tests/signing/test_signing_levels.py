"""XML signatures raised from B-B to B-LTA, one's own and those of others; what each level is proven by."""

import base64
import datetime as dt
import hashlib
import re
import subprocess
from itertools import pairwise, permutations

import pytest
from asn1crypto import cms
from dsig_samples import (
    DOCUMENT_REFERENCE,
    DS,
    PROPERTIES_REFERENCE,
    SIGNED_PROPERTIES,
    TIME,
    cert_v2,
    forge,
    forge_xades,
    qualifying,
    reference,
)
from level_builders import (
    AT,
    CONTENT,
    FORMS,
    LATER,
    LIMITS,
    at_level,
    checks,
    lists,
    only_added,
    person,
    pki,
    policy,
    property_names,
    raised,
    report,
    resolver,
    signed,
    tsa,
)
from lxml import etree

from vnedoc.conformance import FakeOcsp, FakePki, FakeTsa, to_pem
from vnedoc.dsig import check_signatures
from vnedoc.errors import ConfigError, SigningError, VnedocError
from vnedoc.model import Conclusion, Level, SubIndication, Wire
from vnedoc.signing import (
    XmlForm,
    augment_xml,
    complete_xml,
    counter_sign_xml,
    prepare_xml,
    sign_xml,
    signature_id_of,
)
from vnedoc.trust import RevocationStore, TrustStore, read_token
from vnedoc.verification import verify_xml
from vnedoc.xml import EXC_C14N, element_span, parse

PASSED, INDETERMINATE = Conclusion.PASSED, Conclusion.INDETERMINATE
LEVELS = ("B-T", "B-LT", "B-LTA")
DAY = dt.timedelta(days=1)


def code_of(wire, level="B-LTA", **more):
    """Give the code of the refusal."""
    with pytest.raises(VnedocError) as caught:
        raised(wire, level, **more)
    return caught.value.code


# --- from level to level --------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", FORMS)
def test_each_level_is_proven(name, level):
    before, after = signed(name).read(), at_level(level, name).read()
    assert only_added(before, after)
    assert report(before).level is Level.B_B
    found = report(after)
    assert (found.conclusion, found.level) == (PASSED, Level(level))
    assert found.signing_time == AT


def test_the_properties_of_each_level():
    stamp, values = ["SignatureTimeStamp"], ["CertificateValues", "RevocationValues"]
    assert property_names(at_level("B-T").read()) == stamp
    assert property_names(at_level("B-LT").read()) == [*stamp, *values]
    assert property_names(at_level("B-LTA").read()) == [*stamp, *values, "ArchiveTimeStamp"]


def test_step_by_step_or_at_once_is_the_same_level():
    step = signed()
    for level in LEVELS:
        step = raised(step, level)
        assert report(step.read()).level is Level(level)
    assert property_names(step.read()) == property_names(at_level("B-LTA").read())


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT"])
def test_a_level_that_is_there_adds_nothing(level):
    wire = at_level(level) if level != "B-B" else signed()
    assert raised(wire, level).read() == wire.read()


def test_the_hash_of_new_time_stamps():
    (check,) = checks(raised(signed(), "B-LTA", hash_name="sha512").read())
    assert [read_token(one.token).hash_name for one in check.timestamps] == ["sha512", "sha512"]


def test_ocsp_answers_are_kept():
    ocsp = FakeOcsp(pki())
    answers = [ocsp.respond(one) for one in (person(), tsa().credential, pki().issuing)]
    source = RevocationStore.from_der((), answers)
    wire = raised(signed(), "B-LTA", revocation=source)
    (check,) = checks(wire.read())
    assert sorted(check.values.ocsps) == sorted(answers)
    assert check.values.crls == ()
    found = report(wire.read(), policy(revocation=RevocationStore.from_der()))
    assert (found.conclusion, found.level) == (PASSED, Level.B_LTA)


def test_in_two_steps_with_a_key_elsewhere():
    wire = Wire.from_bytes(CONTENT)
    state = prepare_xml(wire, person().signer(), signing_time=AT).state
    signature = person().signer().sign(state.to_be_signed)
    done = raised(complete_xml(wire, state, signature), "B-LT", signature_id=signature_id_of(state))
    assert report(done.read()).level is Level.B_LT


# --- what a level is for --------------------------------------------------------------------------


def test_years_later_only_the_archive_proves_it():
    """EN 319 102-1, 5.6: signer and authority have expired, their data is that of the archive."""
    lasting = FakeTsa(pki(), credential=pki().issue_tsa(not_after=AT + 9 * 365 * DAY))
    archived = raised(signed(), "B-LTA", timestamper=lasting)
    then = AT + 4 * 365 * DAY
    crls = pki().crls(then - DAY, then + DAY)
    late = policy(then, revocation=RevocationStore.from_der(crls))
    for level in ("B-B", "B-T", "B-LT"):
        data = signed().read() if level == "B-B" else at_level(level).read()
        assert report(data, late).conclusion is INDETERMINATE
    found = report(archived.read(), late)
    assert (found.conclusion, found.level, found.signing_time) == (PASSED, Level.B_LTA, AT)


def test_renewing_brings_what_the_time_stamps_before_need():
    """EN 319 132-1, 5.5.1: the missing validation data first, then one more archive time stamp."""
    other = FakePki.create(at=AT, name="Khác", key="p256")
    trust = TrustStore.from_der([pki().root.der, other.root.der])
    revocation = RevocationStore.from_der([*pki().crls(), *other.crls()])
    kinds = {"trust": trust, "revocation": revocation}

    def renewed(wire, days, by):
        moment = AT + days * DAY
        return raised(wire, "B-LTA", at=moment, timestamper=FakeTsa(by, at=moment, chain=True), **kinds)

    first = renewed(signed(), 0, other)
    assert property_names(first.read())[3:] == ["TimeStampValidationData", "ArchiveTimeStamp"]
    second = renewed(first, 5, pki())
    third = renewed(second, 9, other)
    names = property_names(third.read())
    assert names[:5] == [
        "SignatureTimeStamp",
        "CertificateValues",
        "RevocationValues",
        "TimeStampValidationData",
        "ArchiveTimeStamp",
    ]
    assert names[5:] == ["ArchiveTimeStamp", "ArchiveTimeStamp"]
    assert only_added(first.read(), second.read())
    assert only_added(second.read(), third.read())
    (check,) = checks(third.read())
    archives = [one for one in check.timestamps if one.kind == "archive-141"]
    assert archives[0].proves < archives[1].proves < archives[2].proves
    held = {hashlib.sha256(one).digest() for one in (*check.values.certificates, *check.values.crls)}
    assert held <= archives[0].proves
    assert hashlib.sha256(archives[1].token).digest() in archives[2].proves
    found = report(third.read(), policy(AT + 10 * DAY, trust=trust, revocation=revocation))
    assert (found.conclusion, found.level) == (PASSED, Level.B_LTA)


def test_new_revocation_data_goes_with_the_time_stamps():
    """``CertificateValues`` and ``RevocationValues`` stand once; table 2 of EN 319 132-1."""
    first = at_level("B-LTA")
    later = AT + 40 * DAY
    crls = pki().crls(later - DAY, later + DAY)
    wire = raised(
        first,
        "B-LTA",
        at=later,
        revocation=RevocationStore.from_der(crls),
        timestamper=FakeTsa(pki(), at=later),
    )
    assert property_names(wire.read())[3:] == [
        "ArchiveTimeStamp",
        "TimeStampValidationData",
        "ArchiveTimeStamp",
    ]
    (check,) = checks(wire.read())
    assert sorted(check.values.crls) == sorted([*lists().crls(), *crls])
    after = policy(later + DAY / 2, revocation=RevocationStore.from_der(crls))
    assert (report(wire.read(), after).conclusion, report(wire.read(), after).level) == (PASSED, Level.B_LTA)


# --- the signatures of others ---------------------------------------------------------------------

SOME = "<UnsignedDataObjectProperties><UnsignedDataObjectProperty/></UnsignedDataObjectProperties>"
HOLDERS = {
    "none": "",
    "empty": "<UnsignedProperties></UnsignedProperties>",
    "an empty-element tag": "<UnsignedProperties/>",
    "white space in the tag": "<UnsignedProperties  \n Id='u' />",
    "an inner empty-element tag": "<UnsignedProperties>\n <UnsignedSignatureProperties\t/>\n"
    "</UnsignedProperties>",
    "white space": "<UnsignedProperties>\r\n <UnsignedSignatureProperties> \n </UnsignedSignatureProperties>"
    "</UnsignedProperties >",
    "a comment": "<UnsignedProperties><UnsignedSignatureProperties><!-- </UnsignedSignatureProperties> -->"
    "<CompleteCertificateRefs a='&gt;/>'/></UnsignedSignatureProperties></UnsignedProperties>",
    "only about the data": f"<UnsignedProperties> {SOME} </UnsignedProperties>",
    "another prefix": "<x:UnsignedProperties xmlns:x='http://uri.etsi.org/01903/v1.3.2#'>"
    "<x:UnsignedSignatureProperties/></x:UnsignedProperties>",
    "our prefixes for something else": "<x:UnsignedProperties xmlns:x='http://uri.etsi.org/01903/v1.3.2#' "
    "xmlns:xades='urn:khac' xmlns:ds='urn:nua' xmlns:xades141='urn:roi'><x:UnsignedSignatureProperties/>"
    "</x:UnsignedProperties>",
}


@pytest.mark.parametrize("name", HOLDERS)
def test_other_ways_of_writing_it(name):
    objects = qualifying(TIME + cert_v2(person().der), after=HOLDERS[name])
    data = forge_xades(person(), objects)
    wire = raised(Wire.from_bytes(data), "B-LTA")
    found = report(wire.read())
    assert (found.conclusion, found.level) == (PASSED, Level.B_LTA)
    again = raised(wire, "B-LTA", at=LATER, timestamper=FakeTsa(pki(), at=LATER))
    assert report(again.read(), policy(LATER + DAY)).level is Level.B_LTA
    # what was there is there, but for the slashes of the two empty-element tags
    assert only_added(wire.read(), again.read())
    left = wire.read()
    for piece in (data[: data.index(b"</SignedProperties>")], data[data.index(b"</QualifyingProperties>") :]):
        assert piece in left


def test_one_of_several_signatures():
    """They stand side by side, each over an element of its own."""
    parts = "".join(f"<Phan Id='p{n}'>{n}</Phan>" for n in (1, 2))
    body = f"<Doc>{parts}{{}}</Doc>"
    one = forge_part(body, "1").decode()
    both = forge_part(one.replace("</Doc>", "{}</Doc>"), "2")
    wire = Wire.from_bytes(both)
    assert code_of(wire) == "VND-SIGN-080"
    assert code_of(wire, signature_id="khac") == "VND-SIGN-080"
    for name in ("sig2", "sig1"):
        wire = raised(wire, "B-LTA", signature_id=name)
    found = verify_xml(parse(wire.read()), policy())
    assert [(each.conclusion, each.level) for each in found] == [(PASSED, Level.B_LTA)] * 2


def forge_part(body, number):
    objects = qualifying(TIME + cert_v2(person().der), target=f"#sig{number}")
    return forge(
        person(),
        body,
        reference(f'URI="#p{number}"', (EXC_C14N,), more=f'Id="ref{number}"'),
        reference(f'URI="#props{number}"', (EXC_C14N,), more=f'Type="{SIGNED_PROPERTIES}"'),
        objects=objects.replace('Id="props"', f'Id="props{number}"').replace("#ref", f"#ref{number}"),
        attributes=f'Id="sig{number}"',
    )


def test_a_counter_signature_is_kept_and_covered():
    other = pki().issue("Trần Văn Khác", key="p256")
    form = XmlForm(value_id=True)
    first = sign_xml(Wire.from_bytes(CONTENT), person().signer(), signing_time=AT, form=form)
    stamped = raised(first, "B-T")
    (check,) = checks(stamped.read())
    name = check.element.get("Id")
    wire = raised(counter_sign_xml(stamped, other.signer(), signature_id=name, signing_time=AT), "B-LTA")
    outer, inner = verify_xml(parse(wire.read()), policy())
    assert (outer.conclusion, outer.level) == (PASSED, Level.B_LTA)
    assert inner.conclusion is PASSED
    names = [etree.QName(one).localname for one in checks(wire.read())[0].properties.unsigned]
    assert names.index("CounterSignature") < names.index("ArchiveTimeStamp")


# --- what is refused ------------------------------------------------------------------------------


def test_what_is_not_intact():
    broken = signed().read().replace("thử nghiệm".encode(), "thử nghiêm".encode())
    assert code_of(Wire.from_bytes(broken)) == "VND-SIGN-081"
    plain = sign_xml(
        Wire.from_bytes(CONTENT),
        person().signer(),
        signing_time=AT,
        form=XmlForm(xades=False),
    )
    assert code_of(plain) == "VND-SIGN-081"
    assert code_of(Wire.from_bytes(CONTENT)) == "VND-SIGN-080"
    assert code_of(signed("detached"), resolver=None) == "VND-SIGN-081"


def test_a_signature_that_another_one_covers():
    """Whatever were added to it would break the other one."""
    inner = forge_part("<Doc><Phan Id='p1'/>{}</Doc>", "1").decode()
    objects = qualifying(TIME + cert_v2(person().der))
    both = forge(
        person(),
        inner.replace("</Doc>", "{}</Doc>"),
        DOCUMENT_REFERENCE,
        PROPERTIES_REFERENCE,
        objects=objects,
    )
    assert code_of(Wire.from_bytes(both), signature_id="sig1") == "VND-SIGN-082"
    wire = raised(Wire.from_bytes(both), "B-LTA", signature_id="sig")
    assert all(one.conclusion is PASSED for one in checks(wire.read()))


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_missing_validation_data_is_named(level):
    nothing = RevocationStore.from_der()
    with pytest.raises(SigningError) as caught:
        raised(signed(), level, revocation=nothing)
    assert caught.value.code == "VND-SIGN-083"
    assert "Nguyễn Thị Thử" in caught.value.facts["certificate"]
    # all of them, where the authority is known
    with pytest.raises(SigningError) as caught:
        raised(at_level("B-T"), level, revocation=nothing)
    assert caught.value.code == "VND-SIGN-083"
    stamper, signer = caught.value.facts["certificates"]
    assert "Dịch vụ dấu thời gian thử nghiệm" in stamper
    assert "Nguyễn Thị Thử" in signer
    root, issuing = lists().crls()
    with pytest.raises(SigningError) as caught:
        raised(signed(), level, revocation=RevocationStore.from_der([issuing]))
    assert "CA cấp phát Thử nghiệm" in caught.value.facts["certificate"]
    assert code_of(signed(), level, revocation=RevocationStore.from_der([root])) == "VND-SIGN-083"


def test_a_revoked_signer_gets_no_validation_data():
    own = FakePki.create(at=AT, key="p256")
    bad = own.issue("Đã bị thu hồi", key="p256")
    wire = sign_xml(Wire.from_bytes(CONTENT), bad.signer(), signing_time=AT)
    own.revoke(bad, AT - DAY)
    more = {"trust": own.trust(), "revocation": own.revocation(), "timestamper": FakeTsa(own)}
    with pytest.raises(SigningError) as caught:
        raised(wire, "B-LT", **more)
    assert caught.value.code == "VND-SIGN-057"
    assert "Đã bị thu hồi" in caught.value.facts["certificate"]
    assert checks(raised(wire, "B-T", **more).read())[0].conclusion is PASSED


class Counting:
    """An authority that tells how often it was asked."""

    def __init__(self):
        self.times = 0

    def timestamp(self, imprint, hash_name):
        self.times += 1
        return tsa().timestamp(imprint, hash_name)


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_no_time_stamp_is_spent_on_what_cannot_be_raised(level):
    """What the signer needs does not depend on the new time stamp, so it comes first."""
    asked = Counting()
    nothing = RevocationStore.from_der()
    assert code_of(signed(), level, revocation=nothing, timestamper=asked) == "VND-SIGN-083"
    assert asked.times == 0
    raised(signed(), level, timestamper=asked)
    assert asked.times == (1 if level == "B-LT" else 2)


def test_an_authority_that_nobody_trusts():
    stranger = FakeTsa(FakePki.create(at=AT, name="Lạ", key="p256"))
    stamped = raised(signed(), "B-T", timestamper=stranger)
    assert report(stamped.read()).level is Level.B_B
    assert code_of(signed(), "B-LT", timestamper=stranger) == "VND-SIGN-083"
    # theirs is left alone, and ours counts
    wire = raised(stamped, "B-LTA")
    assert property_names(wire.read())[:2] == ["SignatureTimeStamp"] * 2
    assert report(wire.read()).level is Level.B_LTA


@pytest.mark.parametrize("fault", ["imprint", "hash", "signature", "signer", "no-ess", "other-ess"])
def test_time_stamps_that_prove_nothing(fault):
    assert code_of(signed(), "B-T", timestamper=FakeTsa(pki(), fault=fault)) == "VND-SIGN-084"
    assert code_of(at_level("B-LT"), timestamper=FakeTsa(pki(), fault=fault)) == "VND-SIGN-084"


def test_what_is_no_time_stamp_at_all():
    class Odd:
        def timestamp(self, _imprint, _hash_name):
            return b"0\x00"

    assert code_of(signed(), "B-T", timestamper=Odd()) == "VND-TRUST-043"
    refusing = FakeTsa(pki(), fault="rejection")
    assert code_of(signed(), "B-T", timestamper=refusing) == "VND-TRUST-061"


@pytest.mark.parametrize(
    ("level", "more"),
    [
        ("B-X", {}),
        ("basic", {}),
        ("B-T", {"timestamper": None}),
        ("B-LT", {"trust": None}),
        ("B-LTA", {"revocation": None}),
    ],
)
def test_what_a_level_needs(level, more):
    with pytest.raises(ConfigError) as caught:
        raised(signed(), level, **more)
    assert caught.value.code == "VND-SIGN-086"


def test_an_old_stamp_that_is_wrong_does_not_count():
    """A time stamp of another signature is left alone, and a right one is added."""
    (theirs,) = checks(raised(signed("enveloping"), "B-T").read())
    (ours,) = checks(at_level("B-T").read())
    data = at_level("B-T").read().replace(base64_of(ours), base64_of(theirs))
    assert report(data).level is Level.B_B
    wire = raised(Wire.from_bytes(data), "B-LTA")
    assert property_names(wire.read())[:2] == ["SignatureTimeStamp"] * 2
    assert report(wire.read()).level is Level.B_LTA


def base64_of(check):
    return base64.b64encode(check.timestamps[0].token)


# --- mutations ------------------------------------------------------------------------------------


def lost(data):
    """Tell whether a changed document is refused, or has lost its level."""
    try:
        found = report(data)
    except VnedocError:
        return True
    return found.conclusion is not PASSED or found.level is not Level.B_LTA


def without_meaning(data):
    """Give the places in the unsigned properties of which nothing depends.

    A prefix that is declared further out too, and ``digestAlgorithms`` of the last token, a list for readers
    in a hurry that no signature covers (RFC 5652, clause 5.1).
    """
    start = data.index(b"<xades:UnsignedSignatureProperties")
    found = {at for match in re.finditer(rb" xmlns:\w+=", data) for at in range(match.start(), match.end())}
    (check,) = checks(data)
    token = check.timestamps[-1].token
    listed = cms.ContentInfo.load(token)["content"]["digest_algorithms"].dump()
    offset = data.rindex(base64.b64encode(token)[:200])
    first = token.index(listed)
    return found | set(range(offset + first * 4 // 3, offset + (first + len(listed)) * 4 // 3 + 1)), start


def test_a_changed_octet_loses_the_level():
    """Each token and value, and the tags between them: the archive time stamp covers all but itself."""
    data = at_level("B-LTA").read()
    free, start = without_meaning(data)
    end = data.index(b"</xades141:ArchiveTimeStamp>")
    assert not lost(data)
    kept = []
    for at in range(start, end, 41):
        changed = b"B" if data[at : at + 1] != b"B" else b"C"
        if not lost(data[:at] + changed + data[at + 1 :]):
            kept.append(at)
    assert set(kept) <= free


def stretches(data):
    """Give the octets before, of each, and after the unsigned properties."""
    document = parse(data)
    (check,) = check_signatures(document, LIMITS)
    starts = [element_span(document, one).start for one in check.properties.unsigned]
    spans = pairwise([*starts, data.index(b"</xades:UnsignedSignatureProperties>")])
    return data[: starts[0]], [data[start:end] for start, end in spans], data[data.index(UNSIGNED_END) :]


UNSIGNED_END = b"</xades:UnsignedSignatureProperties>"


def test_the_order_of_the_properties_counts():
    data = at_level("B-LTA").read()
    before, parts, after = stretches(data)
    assert before + b"".join(parts) + after == data
    orders = list(permutations(range(4)))[1:]
    assert [one for one in orders if not lost(before + b"".join(parts[at] for at in one) + after)] == []


@pytest.mark.parametrize("number", range(4))
def test_a_property_that_is_taken_away_or_doubled(number):
    before, parts, after = stretches(at_level("B-LTA").read())
    assert lost(before + b"".join(parts[:number] + parts[number + 1 :]) + after)
    if number < 3:
        assert lost(before + b"".join([*parts[: number + 1], *parts[number:]]) + after)


def test_a_property_that_is_put_in_before_the_archive():
    data = at_level("B-LTA").read()
    for place in (b"<xades:CertificateValues", b"<xades141:ArchiveTimeStamp"):
        before, _, after = data.partition(place)
        more = b"<xades:CertificateValues xmlns:xades='http://uri.etsi.org/01903/v1.3.2#'/>"
        assert lost(before + more + place + after)


def test_the_data_counts_too():
    data = at_level("B-LTA", "enveloping").read()
    assert lost(data.replace(b"</ds:Signature>", b"<ds:Object>th</ds:Object></ds:Signature>"))
    assert not lost(data)


# --- an independent judge -------------------------------------------------------------------------


def canonical(element):
    """Give the exclusive form of an element by lxml itself, which is right for that one method."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)


def stamped_octets(check, number):
    """Put together what a time stamp must have stamped, after EN 319 132-1, by other means than ours."""
    info, value, key_info, *objects = check.element
    if number == 0:
        return canonical(value)
    properties = check.properties.unsigned
    stamps = [one for one in properties if etree.QName(one).localname == "ArchiveTimeStamp"]
    before = properties[: properties.index(stamps[number - 1])]
    rest = [one for one in objects if one is not check.properties.qualifying.getparent()]
    data = b"".join(one.read() for one in check.references)
    return data + b"".join(map(canonical, (info, value, key_info, *before, *rest)))


@pytest.mark.parametrize("name", FORMS)
def test_openssl_verifies_every_token(name, peer, tmp_path):
    """``openssl ts -verify``, over octets that another canonicaliser made."""
    openssl = peer("openssl")
    wire = raised(at_level("B-LTA", name), "B-LTA", at=LATER, timestamper=FakeTsa(pki(), at=LATER))
    (check,) = checks(wire.read())
    (tmp_path / "root.pem").write_bytes(to_pem(pki().root.der))
    (tmp_path / "issuing.pem").write_bytes(to_pem(pki().issuing.der))
    assert len(check.timestamps) == 3
    for number, stamp in enumerate(check.timestamps):
        octets = stamped_octets(check, number)
        (tmp_path / "token").write_bytes(stamp.token)
        (tmp_path / "data").write_bytes(octets)
        digest = stamp.imprint("sha256").hex()
        for how in (["-data", "data"], ["-digest", digest]):
            command = [openssl, "ts", "-verify", "-token_in", "-in", "token", *how, "-CAfile", "root.pem"]
            command += ["-untrusted", "issuing.pem", "-attime", str(int(LATER.timestamp()))]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert "Verification: OK" in done.stdout, (number, how, done.stderr)
        other = bytes(32).hex()
        command = [openssl, "ts", "-verify", "-token_in", "-in", "token", "-digest", other]
        command += ["-CAfile", "root.pem", "-untrusted", "issuing.pem"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Verification: FAILED" in done.stdout + done.stderr


def test_levels_of_detached_data_need_the_data():
    (check,) = check_signatures(parse(at_level("B-LTA", "detached").read()), LIMITS, resolver=resolver)
    assert [one.kind for one in check.timestamps] == ["signature", "archive-141"]
    assert DS in check.element.tag
    other = check_signatures(parse(at_level("B-LTA", "detached").read()), LIMITS, resolver=lambda _uri: None)
    with pytest.raises(VnedocError) as caught:
        other[0].timestamps[1].imprint("sha256")
    assert caught.value.code == "VND-DSIG-085"
    assert other[0].sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_nothing_is_asked_of_an_authority_in_vain():
    """What can be refused before is refused before a time stamp is spent."""
    asked = []

    class Counting:
        def timestamp(self, imprint, hash_name):
            asked.append(imprint)
            return tsa().timestamp(imprint, hash_name)

    broken = Wire.from_bytes(signed().read().replace(b"a='1'", b"a='2'"))
    assert code_of(broken, timestamper=Counting()) == "VND-SIGN-081"
    with pytest.raises(ConfigError):
        augment_xml(signed(), "B-LT", timestamper=Counting())
    assert asked == []
