"""What callers give to the doors that sign: every form that is taken, and typed refusals of all others."""

import datetime as dt

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

import vnedoc
from vnedoc.conformance import FakeTsa
from vnedoc.errors import ConfigError, DecodeError, LimitExceeded, SigningError
from vnedoc.model import Limits, Wire
from vnedoc.signing import (
    KeySigner,
    PublicIdentity,
    SignatureAlgorithm,
    SigningState,
    XmlForm,
    complete_pdf,
    complete_xml,
    prepare_pdf,
)
from vnedoc.workflow import (
    augment_file,
    complete,
    counter_sign_xml,
    open_sealed,
    prepare_counter_xml,
    prepare_xml,
)

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
XML = b"<a>\n<b/></a>"
NS = {"d": "http://www.w3.org/2000/09/xmldsig#", "x": "http://uri.etsi.org/01903/v1.3.2#"}


@pytest.fixture(scope="module")
def tsa(office):
    return FakeTsa(office.pki, at=AT)


@pytest.fixture(scope="module")
def signed(office):
    return vnedoc.sign_xml(XML, office.signer, signing_time=AT).read()


def sources(data, tmp_path):
    path = tmp_path / "in.xml"
    path.write_bytes(data)
    return data, path, str(path), Wire.from_bytes(data)


# --- doors that take bytes, a path or a Wire --------------------------------------------------------


def test_two_steps_from_every_source(office, tmp_path):
    whole = vnedoc.sign_xml(XML, office.signer, signing_time=AT).read()
    for source in sources(XML, tmp_path):
        state = prepare_xml(source, office.signer, signing_time=AT).state
        text = state.to_json()
        assert complete(source, text, office.signer.sign(state.to_be_signed)).read() == whole


@pytest.mark.parametrize("style", ["property", "separate"])
def test_counter_sign_from_every_source(office, signed, tmp_path, style):
    more = {"signature_id": "signature-1", "signing_time": AT, "style": style}
    results = set()
    for source in sources(signed, tmp_path):
        results.add(counter_sign_xml(source, office.signer, **more).read())
        state = prepare_counter_xml(source, office.signer, **more).state
        results.add(complete(source, state, office.signer.sign(state.to_be_signed)).read())
    (result,) = results
    assert len(vnedoc.verify(result, office.policy).require().signatures) == 2


@pytest.mark.parametrize("style", ["property", "separate"])
def test_a_value_without_id_cannot_be_counter_signed_after_raising(office, signed, tsa, style):
    """Time stamps cover the value as it is written, so it must have its ``Id`` from the start."""
    raised = vnedoc.augment(signed, office.policy, timestamper=tsa)
    with pytest.raises(SigningError) as caught:
        counter_sign_xml(raised, office.signer, signature_id="signature-1", style=style, signing_time=AT)
    assert caught.value.code == "VND-SIGN-058"
    assert "value_id=True" in caught.value.hint


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("reference", ["", "#b"])
@pytest.mark.parametrize("style", ["property", "separate"])
def test_a_counter_signature_takes_no_level_away(office, tsa, style, reference, level):
    """EN 319 132-1, clause 5.5.2: an archive time stamp covers all objects, and what stands before it."""
    policy = attrs.evolve(office.policy, whole_document=False)
    form = XmlForm(value_id=True, reference=reference)
    wire = vnedoc.sign_xml(
        b"<a><b Id='b'/><c/></a>", office.signer, signing_time=AT, form=form, parent=("a", "c")
    )
    raised = vnedoc.augment(wire, policy, level=level, timestamper=tsa)
    more = {"style": style, "signing_time": AT}
    if (style, reference, level) == ("separate", "", "B-LTA"):
        with pytest.raises(SigningError) as caught:
            counter_sign_xml(raised, office.signer, signature_id="signature-1", **more)
        assert (caught.value.code, "property" in caught.value.hint) == ("VND-SIGN-054", True)
        return
    both = counter_sign_xml(raised, office.signer, signature_id="signature-1", **more)
    assert level in [one.level.value for one in vnedoc.verify(both, policy).require().signatures]
    again = vnedoc.augment(both, policy, timestamper=tsa, signature_id="signature-1")
    if (style, reference) == ("property", ""):
        with pytest.raises(SigningError) as caught:  # the first counter-signature is archived by now
            counter_sign_xml(again, office.signer, signature_id="signature-2", **more)
        assert caught.value.code in ("VND-SIGN-054", "VND-SIGN-058")


# --- where the signature goes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "opened"),
    [
        (b"<HDon><DSCKS><NBan></NBan></DSCKS></HDon>", b"<NBan><Signature"),
        (b"<HDon><DSCKS><NBan/></DSCKS></HDon>", b"<NBan><Signature"),
        (b"<HDon><DSCKS><NBan a='/>' /><NMua/></DSCKS></HDon>", b"<NBan a='/>' ><Signature"),
        (b"<h:HDon xmlns:h='urn:h'><h:DSCKS><h:NBan/></h:DSCKS></h:HDon>", b"<h:NBan><Signature"),
    ],
)
def test_a_parent_is_named(office, tsa, data, opened):
    parent = ("HDon", "DSCKS", "NBan")
    one = vnedoc.sign_xml(data, office.signer, signing_time=AT, parent=parent)
    assert opened in one.read()
    state = prepare_xml(data, office.signer, signing_time=AT, parent=parent).state
    state = SigningState.from_json(state.to_json())
    assert complete(data, state, office.signer.sign(state.to_be_signed)).read() == one.read()
    (found,) = etree.fromstring(one.read()).iter("{*}Signature")
    assert [etree.QName(up).localname for up in found.iterancestors()] == [*reversed(parent)]
    vnedoc.verify(one, office.policy).require()
    raised = vnedoc.augment(one, office.policy, timestamper=tsa)
    assert vnedoc.verify(raised, office.policy).require().signatures[0].level.value == "B-LTA"


def test_an_empty_root_is_opened(office):
    signed = vnedoc.sign_xml(b"<a b='1'/>\n", office.signer, signing_time=AT)
    assert signed.read().startswith(b"<a b='1'><Signature")
    assert signed.read().endswith(b"</Signature></a>\n")
    vnedoc.verify(signed, office.policy).require()


def test_a_parent_that_is_not_there(office):
    with pytest.raises(DecodeError) as caught:
        vnedoc.sign_xml(XML, office.signer, parent=("a", "c"))
    assert caught.value.code == "VND-XML-034"


# --- values -----------------------------------------------------------------------------------------


def test_a_text_alone_is_one_role(office):
    form = XmlForm(roles="GĐ")
    assert form.roles == ("GĐ",)
    signed = vnedoc.sign_xml(XML, office.signer, signing_time=AT, form=form).read()
    roles = etree.fromstring(signed).xpath("//x:ClaimedRole/text()", namespaces=NS)
    assert roles == ["GĐ"]


@pytest.mark.parametrize("roles", [7, None, ["GĐ", 7]])
def test_other_roles_are_refused(roles):
    with pytest.raises(ConfigError) as caught:
        XmlForm(roles=roles)
    assert (caught.value.code, caught.value.facts["field"]) == ("VND-SIGN-048", "roles")


@pytest.mark.parametrize(
    "commitment", ["ProofOfApproval", "phê duyệt", "1.2.840.113549", "#a", "a b:c", ":a"]
)
def test_a_commitment_is_an_absolute_uri(commitment):
    with pytest.raises(ConfigError) as caught:
        XmlForm(commitment=commitment)
    assert (caught.value.code, caught.value.facts["field"]) == ("VND-SIGN-048", "commitment")


@pytest.mark.parametrize("commitment", ["urn:oid:1.2.3", "https://vi-du.example/cam-kết"])
def test_any_absolute_uri_is_a_commitment(commitment):
    assert XmlForm(commitment=commitment).commitment == commitment


def test_an_algorithm_by_its_name(office):
    signer = office.signer
    named = PublicIdentity(certificate=signer.certificate, algorithm=signer.algorithm.value)
    assert named.algorithm is signer.algorithm
    state = prepare_xml(XML, named, signing_time=AT).state
    assert complete(XML, state, signer.sign(state.to_be_signed)).read()


@pytest.mark.parametrize("wrong", ["rsa", "RSA_SHA256", 7, None, b"rsa-sha256"])
def test_no_such_algorithm(office, wrong):
    with pytest.raises(ConfigError) as caught:
        PublicIdentity(certificate=office.signer.certificate, algorithm=wrong)
    assert caught.value.code == "VND-SIGN-056"
    assert "rsa-pss-sha256" in caught.value.facts["known"]


def test_a_key_takes_the_name_of_its_algorithm(office):
    credential = office.pki.issue("Sở Thử nghiệm C", key="rsa2048")
    key = credential.key
    signer = KeySigner.from_key(key, credential.der, algorithm="rsa-pss-sha384")
    assert signer.algorithm is SignatureAlgorithm.RSA_PSS_SHA384
    with pytest.raises(ConfigError) as caught:
        KeySigner.from_key(key, credential.der, algorithm="rsa-pss")
    assert caught.value.code == "VND-SIGN-056"


# --- a value that is not right: what is likely wrong with it -----------------------------------------


def likely(office, key, algorithm, make):
    """Give what the refusal says of a value that *make* makes over the octets to sign."""
    credential = office.pki.issue("Sở Thử nghiệm C", key=key)
    identity = PublicIdentity(certificate=credential.der, algorithm=algorithm)
    state = prepare_xml(XML, identity, signing_time=AT).state
    with pytest.raises(SigningError) as caught:
        complete(XML, state, make(credential.key, state.to_be_signed))
    assert caught.value.code == "VND-SIGN-042"
    return caught.value.facts["likely"], caught.value.hint


@pytest.mark.parametrize(("key", "name", "octets"), [("p256", "sha256", 32), ("p384", "sha384", 48)])
def test_a_plain_ecdsa_value_must_be_der(office, key, name, octets):
    def plain(private, signed):
        der = private.sign(signed, ec.ECDSA(getattr(hashes, name.upper())()))
        return b"".join(one.to_bytes(octets, "big") for one in decode_dss_signature(der))

    fault, hint = likely(office, key, f"ecdsa-{name}", plain)
    assert (fault, "DER" in hint) == ("raw-ecdsa", True)


def rsa_value(how):
    return lambda private, signed: private.sign(signed, how, hashes.SHA256())


def pss(salt):
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)


@pytest.mark.parametrize(
    ("algorithm", "make", "fault"),
    [
        ("rsa-pss-sha256", rsa_value(pss(padding.PSS.MAX_LENGTH)), "pss-salt"),
        ("rsa-pss-sha256", rsa_value(pss(20)), "pss-salt"),
        ("rsa-pss-sha256", rsa_value(padding.PKCS1v15()), "other-padding"),
        ("rsa-sha256", rsa_value(pss(32)), "other-padding"),
        ("rsa-sha256", lambda private, signed: b"x" * 256, None),
        ("rsa-pss-sha256", lambda private, signed: b"", None),
    ],
)
def test_an_rsa_value_with_other_parameters(office, algorithm, make, fault):
    found, hint = likely(office, "rsa2048", algorithm, make)
    assert found == fault
    assert ("salt" in hint) is (fault == "pss-salt")


# --- arguments of another kind ----------------------------------------------------------------------


def refused(door):
    with pytest.raises(ConfigError) as caught:
        door()
    facts = caught.value.facts
    return caught.value.code, facts.get("name"), facts.get("seen")


def test_a_policy_that_is_none(office, signed, tsa, tmp_path):
    wanted = ("VND-FLOW-027", "policy", "str")
    more = {"level": "B-T", "timestamper": tsa}
    assert refused(lambda: vnedoc.augment(signed, "strict", **more)) == wanted
    assert refused(lambda: augment_file(tmp_path / "a", "strict", tmp_path / "b", **more)) == wanted
    assert refused(lambda: vnedoc.sign_xml(XML, office.signer, policy="strict", **more)) == wanted
    assert refused(lambda: vnedoc.verify(signed, "strict")) == wanted
    assert refused(lambda: open_sealed(signed, "strict")) == wanted


def test_a_timestamper_that_is_none(office, signed):
    wanted = ("VND-SIGN-086", "timestamper", "str")
    more = {"level": "B-T", "timestamper": "http://tsa.example/"}
    assert refused(lambda: vnedoc.augment(signed, office.policy, **more)) == wanted
    assert refused(lambda: vnedoc.sign_xml(XML, office.signer, policy=office.policy, **more)) == wanted


@pytest.mark.parametrize(("level", "seen"), [("LTA", "LTA"), ("b-t", "b-t"), (5, "5"), (None, "None")])
def test_a_level_that_is_none(office, signed, tsa, level, seen):
    wanted = ("VND-SIGN-086", "level", seen)
    more = {"level": level, "timestamper": tsa}
    assert refused(lambda: vnedoc.augment(signed, office.policy, **more)) == wanted
    assert refused(lambda: vnedoc.sign_xml(XML, office.signer, policy=office.policy, **more)) == wanted


@pytest.mark.parametrize("form", [{"packaging": "detached"}, "enveloped", 7, {}])
def test_a_form_that_is_none(office, signed, form):
    wanted = ("VND-SIGN-055", "form", type(form).__name__)
    assert refused(lambda: vnedoc.sign_xml(XML, office.signer, form=form)) == wanted
    assert refused(lambda: prepare_xml(XML, office.signer, signing_time=AT, form=form)) == wanted
    more = {"signature_id": "signature-1", "form": form}
    assert refused(lambda: counter_sign_xml(signed, office.signer, **more)) == wanted


@pytest.mark.parametrize("parent", ["NBan", ["a"], 7])
def test_a_parent_that_is_no_path(office, parent):
    wanted = ("VND-SIGN-055", "parent", type(parent).__name__)
    assert refused(lambda: vnedoc.sign_xml(XML, office.signer, parent=parent)) == wanted


@pytest.mark.parametrize("source", [7, None, ["a"]])
def test_a_source_that_is_none(office, source, tsa):
    wanted = ("VND-FLOW-027", "source", type(source).__name__)
    assert refused(lambda: vnedoc.sign_xml(source, office.signer)) == wanted
    assert refused(lambda: vnedoc.sign_pdf(source, office.signer)) == wanted
    assert refused(lambda: vnedoc.verify(source, office.policy)) == wanted
    assert refused(lambda: vnedoc.augment(source, office.policy, timestamper=tsa)) == wanted


@pytest.mark.parametrize("wire", [XML, "in.xml", None])
def test_functions_for_a_wire_say_so(office, wire, tsa):
    from vnedoc import signing

    state = prepare_xml(XML, office.signer, signing_time=AT).state
    signer = office.signer
    for door in (
        lambda: signing.sign_xml(wire, signer),
        lambda: signing.prepare_xml(wire, signer, signing_time=AT),
        lambda: signing.counter_sign_xml(wire, signer, signature_id="a"),
        lambda: signing.augment_xml(wire, "B-T", timestamper=tsa),
        lambda: signing.sign_pdf(wire, signer, signing_time=AT),
        lambda: prepare_pdf(wire, signer, signing_time=AT),
        lambda: complete_xml(wire, state, b""),
        lambda: complete_pdf(wire, state, b""),
    ):
        assert refused(door) == ("VND-SIGN-055", "wire", type(wire).__name__)


def test_a_document_too_large_for_memory_names_the_other_door(office, signed, tsa):
    policy = attrs.evolve(office.policy, limits=Limits(tree_bytes=100))
    with pytest.raises(LimitExceeded) as caught:
        vnedoc.augment(signed, policy, timestamper=tsa)
    assert caught.value.facts["limit"] == "tree_bytes"
    assert "augment_file" in caught.value.hint
