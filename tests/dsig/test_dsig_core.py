"""The core check: references, signature value, key, and every way to get them wrong."""

import attrs
import pytest
from dsig_samples import (
    DS,
    DS11,
    EDXML,
    ENVELOPED,
    LIMITS,
    RSA_SHA256,
    SHA1,
    SHA384,
    b64,
    forge,
    reference,
    transform,
    x509_data,
)

from vnedoc.dsig import check_signatures, find_signatures
from vnedoc.errors import LimitExceeded
from vnedoc.model import Conclusion, Level, Severity, SignatureFormat, SubIndication
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    parse,
)

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE
BODY = "<Doc>{}<Body Id='body'>nội dung</Body></Doc>"
WHOLE = "<Doc Id='doc'>{}<!-- ghi chú --><Body Id='body'>nội dung</Body></Doc>"


def codes(core):
    return [one.code for one in core.findings if one.severity is Severity.ERROR]


def refused(core, conclusion, reason, code):
    assert (core.conclusion, core.sub_indication) == (conclusion, reason)
    assert code in codes(core)
    assert core.level is Level.BASIC


# --- what is right --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [C14N, C14N_COMMENTS, C14N_11, C14N_11_COMMENTS, EXC_C14N, EXC_C14N_COMMENTS]
)
@pytest.mark.parametrize("uri", ["", "#doc", "#xpointer(/)", "#xpointer(id('doc'))", '#xpointer(id("doc"))'])
def test_each_canonicalisation_and_each_same_document_uri(person, check, method, uri):
    quoted = f"URI='{uri}'" if '"' in uri else f'URI="{uri}"'
    core = check(forge(person, WHOLE, reference(quoted, (ENVELOPED, method)), canonicalization=method))
    assert (core.conclusion, core.sub_indication, core.findings) == (PASSED, None, ())
    assert core.covers_root
    assert core.value_ok
    assert core.certificate == person.der
    assert core.certificates == (person.der, *person.chain)
    assert (core.format, core.level) == (SignatureFormat.XMLDSIG, Level.BASIC)
    (one,) = core.references
    assert one.ok
    assert one.node == "/Doc"
    assert one.octets > 0
    assert one.sha256.startswith("sha256:")


def test_comments_count_only_where_the_uri_keeps_them(person, check):
    """XMLDSig 1.1, 4.4.3.3: comments are left out for "" and #id, whatever the method says."""
    for uri, counts in (("", False), ("#doc", False), ("#xpointer(/)", True), ("#xpointer(id('doc'))", True)):
        data = forge(person, WHOLE, reference(f'URI="{uri}"', (ENVELOPED, EXC_C14N_COMMENTS)))
        changed = data.replace("ghi chú".encode(), b"khac")
        assert check(data).conclusion is PASSED
        assert (check(changed).conclusion is FAILED) is counts


def test_a_node_set_without_canonicalisation_takes_c14n_1_0(person, check):
    """XMLDSig 1.1, 4.4.3.2."""
    core = check(forge(person, BODY, reference('URI="#body"', ())))
    assert core.conclusion is PASSED
    assert not core.covers_root
    assert core.references[0].node == "/Doc/Body"


@pytest.mark.parametrize("name", ["Id", "ID", "id", "xml:id"])
def test_each_identifier_attribute(person, check, name):
    body = f"<Doc>{{}}<Body {name}='body'>x</Body></Doc>"
    assert check(forge(person, body, reference('URI="#body"', (EXC_C14N,)))).conclusion is PASSED


def test_sha_1_is_read_and_named(person, check):
    core = check(forge(person, BODY, reference(digest=SHA1), reference(digest=SHA384)))
    assert core.conclusion is PASSED
    assert core.hash_names == ("sha1", "sha384", "sha256")
    assert core.references[0].sha256 == core.references[1].sha256


def test_an_enveloping_signature(person, check):
    data = forge(
        person, "{}", reference('URI="#obj"', (EXC_C14N,)), objects='<Object Id="obj">nội dung</Object>'
    )
    core = check(data)
    assert core.conclusion is PASSED
    assert not core.covers_root
    assert core.references[0].node == "/Signature/Object"
    assert core.location == "/Signature"


def test_prefix_lists_are_followed(person, check):
    inner = f'<InclusiveNamespaces xmlns="{EXC_C14N}" PrefixList="#default xs"/>'
    data = forge(person, BODY, reference(transforms=(ENVELOPED, transform(EXC_C14N, inner))))
    assert check(data).references[0].reference.transforms[1].prefixes == ("#default", "xs")


def test_comments_and_instructions_may_stand_between_elements(person, check):
    # exclusive canonicalisation without comments leaves a comment out, and keeps an instruction
    data = forge(person).replace(b"<SignatureValue>", b"<!-- x --><?y z?> <SignatureValue>")
    assert check(data).conclusion is PASSED


def test_a_root_named_by_its_id_is_not_whole_beside_an_instruction(person, check):
    """A style sheet instruction outside of the root could change what people see."""
    for before, after, whole in (("<?x y?>", "", False), ("", "<?x y?>", False), ("<!-- x -->", "", True)):
        data = forge(person, before + WHOLE + after, reference('URI="#doc"'))
        core = check(data)
        assert core.conclusion is PASSED
        assert core.covers_root is whole


def test_every_signature_is_found_and_judged_for_itself(person, other):
    inner = forge(other, BODY, reference('URI="#body"', (EXC_C14N,))).decode().replace("{", "")
    start, end = inner.index("<Signature "), inner.index("<Body")
    second = inner[start:end]
    data = forge(person, f"<Doc>{{}}{second}<Body Id='body'>nội dung</Body></Doc>")
    both = check_signatures(parse(data), LIMITS)
    assert [one.certificate for one in both] == [person.der, other.der]
    assert [one.covers_root for one in both] == [True, False]
    assert [one.location for one in both] == ["/Doc/Signature[1]", "/Doc/Signature[2]"]


def test_a_namespace_that_only_looks_right_is_no_signature(person):
    data = forge(person).replace(f'xmlns="{DS}"'.encode(), f'xmlns="{DS}%23"'.encode())
    assert find_signatures(parse(data)) == ()
    assert check_signatures(parse(data), LIMITS) == ()


# --- references -----------------------------------------------------------------------------------


def test_changed_content_is_a_hash_failure(person, check):
    core = check(forge(person).replace("nội dung".encode(), b"khac"))
    refused(core, FAILED, SubIndication.HASH_FAILURE, "VND-DSIG-014")
    assert core.value_ok  # the signature itself is genuine, so the signer is known
    assert core.certificate == person.der
    assert not core.covers_root


def test_every_reference_counts(person, check):
    data = forge(person, BODY, reference(), reference('URI="#body"', (EXC_C14N,)), reference())
    core = check(data.replace("nội dung".encode(), b"khac"))
    assert [one.ok for one in core.references] == [False, False, False]
    later = forge(person, "<Doc>{}<A Id='a'/><B Id='b'>1</B></Doc>", *(_part("a"), _part("b")))
    core = check(later.replace(b">1<", b">2<"))
    assert [one.ok for one in core.references] == [True, False]
    assert core.sub_indication is SubIndication.HASH_FAILURE


def _part(name):
    return reference(f'URI="#{name}"', (EXC_C14N,))


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:9/x", "file:///etc/hostname", "khac.xml", "cid:1", "//a/b", " ", "x#body"],
)
def test_nothing_outside_of_the_file_is_ever_read(person, check, uri):
    core = check(forge(person, BODY, reference(f'URI="{uri}"', ())))
    refused(core, FAILED, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-010")


def test_a_reference_without_uri_names_nothing(person, check):
    core = check(forge(person, BODY, reference("", ())))
    refused(core, FAILED, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-010")


@pytest.mark.parametrize(
    "uri",
    [
        "#",
        "#1a",
        "#a b",
        "#x' or '1'='1",
        "#xpointer(//*[1])",
        "#xpointer(id('a b'))",
        "#xpointer(id(''))",
        "#xmlns(a=b)xpointer(/)",
        "#element(/1)",
        "#x&#10;",
    ],
)
def test_only_plain_identifiers_are_taken(person, check, uri):
    core = check(forge(person, BODY, reference(f'URI="{uri}"', ())))
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-011")


def test_a_dangling_reference(person, check):
    core = check(forge(person, BODY, _part("khong-co")))
    refused(core, FAILED, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-012")


def test_an_identifier_of_another_vocabulary_identifies_nothing(person, check):
    body = "<Doc xmlns:w='urn:w'>{}<Body w:Id='body'>x</Body></Doc>"
    refused(
        check(forge(person, body, _part("body"))),
        FAILED,
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "VND-DSIG-012",
    )


@pytest.mark.parametrize("evil", ["Id='body'", "ID='body'", "id='body'", "xml:id='body'", "w:Id='body'"])
@pytest.mark.parametrize("first", [True, False])
def test_an_identifier_that_stands_twice_names_nothing(person, check, evil, first):
    data = forge(person, "<Doc xmlns:w='urn:w'>{}<Body Id='body'>x</Body></Doc>", _part("body")).decode()
    if first:
        data = data.replace("<Signature ", f"<Evil {evil}/><Signature ", 1)
    else:
        data = data.replace("</Doc>", f"<Evil {evil}/></Doc>")
    core = check(data.encode())
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-013")
    (finding,) = [one for one in core.findings if one.code == "VND-DSIG-013"]
    assert set(finding.facts["places"]) == {"/Doc/Body", "/Doc/Evil"}


def test_identifiers_that_no_reference_uses_may_repeat(person, check):
    assert check(forge(person, "<Doc>{}<A id='1'/><B id='1'/></Doc>")).conclusion is PASSED


@pytest.mark.parametrize(
    "uri",
    [
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
    ],
)
def test_transforms_that_can_hide_things_are_forbidden(person, check, uri):
    core = check(forge(person, BODY, reference(transforms=(ENVELOPED, uri))))
    refused(core, FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-DSIG-007")


@pytest.mark.parametrize(
    "steps",
    [
        ("urn:khong-biet",),
        (ENVELOPED, "http://www.w3.org/TR/xml-exc-c14n#"),
        ("http://www.w3.org/2002/07/decrypt#XML",),
    ],
)
def test_transforms_that_are_not_known_leave_it_undecided(person, check, steps):
    core = check(forge(person, BODY, reference(transforms=steps)))
    refused(core, INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-008")
    assert not core.covers_root


def test_taking_the_signature_away_must_leave_something(person, check):
    core = check(
        forge(person, BODY, reference('URI="#o"', (ENVELOPED,)), objects="<Object Id='o'>x</Object>")
    )
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-009")
    core = check(
        forge(person, "{}", reference('URI="#o"', ()), objects="<Object Id='o'>x</Object>").replace(
            b'URI="#o" ><',
            b'URI="" ><Transforms><Transform Algorithm="' + ENVELOPED.encode() + b'"/></Transforms><',
        )
    )
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-009")


def test_an_unknown_digest_leaves_it_undecided(person, check):
    core = check(forge(person, BODY, reference(digest="http://www.w3.org/2001/04/xmldsig-more#md5")))
    refused(core, INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "VND-DSIG-003")


def test_a_relative_namespace_is_never_the_digest_of_nothing(person, check):
    """A canonicalisation error taken as "" would verify the digest of the empty string (CVE-2025-66568)."""
    empty = b64(__import__("hashlib").sha256(b"").digest())
    data = forge(person, "<Doc>{}<B xmlns:r='urn:r'/></Doc>").decode()
    start = data.index("<DigestValue>") + len("<DigestValue>")
    evil = data[:start] + empty + data[data.index("</DigestValue>") :]
    core = check(evil.replace("urn:r", "relative").encode())
    assert core.conclusion is FAILED
    assert core.sub_indication is SubIndication.FORMAT_FAILURE


# --- signature value and key ----------------------------------------------------------------------


def test_a_new_digest_without_a_new_value(person, check):
    wrong = forge(person).decode()
    right = forge(person, BODY.replace("nội dung", "khác")).decode()
    start, end = right.index("<DigestValue>"), right.index("</DigestValue>")
    mixed = wrong.replace("nội dung", "khác")
    at = mixed.index("<DigestValue>")
    mixed = mixed[:at] + right[start:end] + mixed[mixed.index("</DigestValue>") :]
    core = check(mixed.encode())
    refused(core, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "VND-DSIG-015")
    assert core.certificate is None
    assert not core.value_ok
    assert not core.covers_root


def test_the_certificate_is_the_one_whose_key_verified(person, other, check):
    core = check(forge(person, key_info=x509_data(other.der, person.der)))
    assert core.conclusion is PASSED
    assert core.certificate == person.der


def test_a_value_by_a_key_that_is_not_carried(person, other, check):
    core = check(forge(person, key_info=x509_data(other.der)))
    refused(core, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "VND-DSIG-015")


def test_an_algorithm_that_does_not_fit_the_key(person, check):
    core = check(forge(person, method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"))
    refused(core, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "VND-DSIG-015")


def test_an_ecdsa_value_as_der_is_wrong(curve, check):
    core = check(forge(curve, method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"))
    refused(core, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "VND-DSIG-015")


def test_ed25519_is_read(pki, check):
    credential = pki.issue("Ed", key="ed25519")
    core = check(forge(credential, method="http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"))
    assert core.conclusion is PASSED
    assert core.hash_names == ("sha256",)


@pytest.mark.parametrize("name", [DS + "hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"])
def test_a_keyed_hash_is_forbidden(person, check, name):
    data = forge(person, method=name).replace(
        f'"{name}"/>'.encode(), f'"{name}"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>'.encode()
    )
    refused(check(data), FAILED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "VND-DSIG-005")


@pytest.mark.parametrize("name", ["urn:khong-biet", DS + "dsa-sha1", RSA_SHA256 + " "])
def test_an_unknown_signature_algorithm_leaves_it_undecided(person, check, name):
    core = check(forge(person, method=name))
    refused(core, INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "VND-DSIG-004")


def test_an_unknown_canonicalisation_leaves_it_undecided(person, check):
    core = check(forge(person, canonicalization="urn:khong-biet"))
    refused(core, INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-006")


def test_signed_info_without_a_canonical_form(person, check):
    data = forge(person, canonicalization=C14N).replace(b"<Doc>", b"<Doc xmlns:r='relative'>")
    core = check(data)
    assert core.sub_indication is SubIndication.FORMAT_FAILURE
    assert not core.value_ok


@pytest.mark.parametrize("key_info", ["", "<KeyInfo><KeyName>x</KeyName></KeyInfo>"])
def test_no_certificate_no_signer(person, check, key_info):
    core = check(forge(person, key_info=key_info))
    refused(core, INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")


def _rsa_value(credential, *, exponent=None):
    numbers = credential.key.public_key().public_numbers()
    modulus = numbers.n.to_bytes(256, "big")
    return (
        f"<KeyValue><RSAKeyValue><Modulus>{b64(modulus)}</Modulus><Exponent>"
        f"{b64((exponent or numbers.e).to_bytes(3, 'big'))}</Exponent></RSAKeyValue></KeyValue>"
    )


def _beside(credential, bare, *, first=False):
    x509 = x509_data(credential.der)[len("<KeyInfo>") : -len("</KeyInfo>")]
    return f"<KeyInfo>{bare + x509 if first else x509 + bare}</KeyInfo>"


def test_a_bare_key_is_no_signer(person, check):
    core = check(forge(person, key_info=f"<KeyInfo>{_rsa_value(person)}</KeyInfo>"))
    refused(core, INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")
    assert "VND-DSIG-017" in [one.code for one in core.findings]


@pytest.mark.parametrize("first", [True, False])
def test_a_bare_key_must_agree_with_the_certificate(person, other, check, first):
    good = check(forge(person, key_info=_beside(person, _rsa_value(person), first=first)))
    assert (good.conclusion, good.findings) == (PASSED, ())
    bad = check(forge(person, key_info=_beside(person, _rsa_value(other), first=first)))
    refused(bad, FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-DSIG-019")
    odd = check(forge(person, key_info=_beside(person, _rsa_value(person, exponent=3), first=first)))
    refused(odd, FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-DSIG-019")


def test_other_forms_of_a_bare_key(person, curve, check):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = person.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    der = f'<DEREncodedKeyValue xmlns="{DS11}">{b64(spki)}</DEREncodedKeyValue>'
    assert check(forge(person, key_info=_beside(person, der))).conclusion is PASSED
    changed = der.replace(b64(spki), b64(spki[:-1] + b"\x00"))
    refused(
        check(forge(person, key_info=_beside(person, changed))),
        FAILED,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "VND-DSIG-019",
    )
    point = curve.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    ec_key = (
        f'<KeyValue><ECKeyValue xmlns="{DS11}"><NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<PublicKey>{b64(point)}</PublicKey></ECKeyValue></KeyValue>"
    )
    refused(
        check(forge(person, key_info=_beside(person, ec_key))),
        FAILED,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "VND-DSIG-019",
    )
    ecdsa = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    data = forge(curve, key_info=_beside(curve, ec_key), method=ecdsa)
    core = check(_with_xml_value(data))
    assert (core.conclusion, core.findings) == (PASSED, ())
    unread = check(forge(person, key_info=_beside(person, "<KeyValue><DSAKeyValue/></KeyValue>")))
    assert unread.conclusion is PASSED
    assert [one.code for one in unread.findings] == ["VND-DSIG-017"]
    broken = check(forge(person, key_info=_beside(person, _rsa_value(person).replace("</Mod", "*</Mod"))))
    assert (broken.conclusion, broken.sub_indication) == (FAILED, SubIndication.FORMAT_FAILURE)


def _with_xml_value(data):
    """Turn the DER value of a forged ECDSA signature into r || s."""
    import base64

    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    start, end = data.index(b"<SignatureValue>") + 16, data.index(b"</SignatureValue>")
    r, s = decode_dss_signature(base64.b64decode(data[start:end]))
    return data[:start] + base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")) + data[end:]


@pytest.mark.parametrize(
    "bare",
    ["<RetrievalMethod URI='http://127.0.0.1:9/key'/>", f"<KeyInfoReference xmlns='{DS11}' URI='#sig'/>"],
)
def test_a_key_elsewhere_is_refused(person, check, bare):
    core = check(forge(person, key_info=_beside(person, bare)))
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-018")


@pytest.mark.parametrize(
    "certificate",
    [
        b"khong phai chung thu",
        b"",
        b"\x30",
        b"\x30\x03\x30\x01\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x82\x00",
        b"\x30\x05\x30\x02\x02\x01\x05",
    ],
)
def test_what_is_no_certificate_has_no_key(person, check, certificate):
    core = check(forge(person, key_info=x509_data(certificate)))
    refused(core, INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")
    beside = check(forge(person, key_info=x509_data(certificate, person.der)))
    assert beside.certificate == person.der


def test_octets_behind_a_certificate_make_it_unreadable(person, check):
    core = check(forge(person, key_info=x509_data(person.der + b"\x00")))
    refused(core, INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")


@pytest.mark.parametrize("at", range(0, 120, 3))
def test_a_damaged_certificate_never_breaks_the_check(person, check, at):
    der = bytearray(person.der)
    der[at] ^= 0x55
    core = check(forge(person, key_info=x509_data(bytes(der))))
    assert core.certificate in (None, bytes(der))


# --- grammar --------------------------------------------------------------------------------------

INFO = "<SignedInfo>"
CHANGES = {
    "two SignedInfo": ("<SignatureValue>", "<SignedInfo/><SignatureValue>"),
    "no value": ("<SignatureValue>", "<X><SignatureValue>"),
    "value first": ("<SignedInfo>", "<SignatureValue>AA==</SignatureValue><SignedInfo>"),
    "comment in digest": ("<DigestValue>", "<DigestValue>AAAA<!-- x -->"),
    "instruction in digest": ("<DigestValue>", "<DigestValue><?x y?>"),
    "comment in value": ("<SignatureValue>", "<SignatureValue><!---->"),
    "comment in certificate": ("<X509Certificate>", "<X509Certificate><!---->"),
    "junk in digest": ("<DigestValue>", "<DigestValue>*"),
    "junk in value": ("<SignatureValue>", "<SignatureValue>-_"),
    "text in SignedInfo": ("<CanonicalizationMethod", "x<CanonicalizationMethod"),
    "text after a child": ("<SignatureMethod", "x<SignatureMethod"),
    "foreign child": ("<KeyInfo>", "<X/><KeyInfo>"),
    "two KeyInfo": ("<KeyInfo>", "<KeyInfo/><KeyInfo>"),
    "foreign in SignedInfo": ("<Reference ", "<X/><Reference "),
    "no canonicalisation": ("<CanonicalizationMethod ", "<X "),
    "canonicalisation without a name": ('<CanonicalizationMethod Algorithm="', '<CanonicalizationMethod A="'),
    "canonicalisation with an empty name": (f'Algorithm="{EXC_C14N}"/><Sig', 'Algorithm=""/><Sig'),
    "method without a name": ('<SignatureMethod Algorithm="', '<SignatureMethod A="'),
    "method with a parameter": (f'"{RSA_SHA256}"/>', f'"{RSA_SHA256}"><X/></SignatureMethod>'),
    "digest with a parameter": ('sha256"/><DigestV', 'sha256"><X/></DigestMethod><DigestV'),
    "digest without a value": ("<DigestValue>", "<X/><DigestValue>"),
    "transform of another name": ("<Transform ", "<X/><Transform "),
    "transform with a parameter": (f'"{ENVELOPED}"></Tr', f'"{ENVELOPED}"><X/></Tr'),
    "two prefix lists": (f'"{EXC_C14N}"></Tr', f'"{EXC_C14N}"><X/><X/></Tr'),
    "not a prefix list": (f'"{EXC_C14N}"></Tr', f'"{EXC_C14N}"><X/></Tr'),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_breaks_the_grammar_is_a_format_failure(person, check, name):
    old, new = CHANGES[name]
    data = forge(person).decode()
    assert old in data
    changed = data.replace(old, new, 1)
    if name == "no value":
        changed = changed.replace("</SignatureValue>", "</SignatureValue></X>")
    core = check(changed.encode())
    assert (core.conclusion, core.sub_indication) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert core.references == ()
    assert core.certificate is None
    assert len(core.findings) == 1


METHODS = "<SignedInfo><CanonicalizationMethod Algorithm='x'/><SignatureMethod Algorithm='y'/>"


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<SignedInfo/>",
        "<SignedInfo/><SignatureValue/>",
        f"{METHODS}</SignedInfo><SignatureValue/>",
        "<SignedInfo><A/><B/><C/></SignedInfo><SignatureValue/>",
        "<Object><SignedInfo/></Object><SignatureValue/>",
        f"{METHODS}<Reference><Transforms/></Reference></SignedInfo><SignatureValue/>",
    ],
)
def test_what_is_missing_is_a_format_failure(check, inner):
    core = check(f"<Doc><Signature xmlns='{DS}'>{inner}</Signature></Doc>".encode())
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-001")


def test_base64_may_be_wrapped(person, check):
    data = forge(person)
    start = data.index(b"<SignatureValue>") + 16
    wrapped = data[:start] + b"\n  " + data[start : start + 64] + b"\r\n\t" + data[start + 64 :]
    assert check(wrapped).conclusion is PASSED


# --- floods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "make"),
    [
        ("references", lambda person: forge(person, BODY, *[reference()] * 3)),
        ("transforms", lambda person: forge(person, BODY, reference(transforms=[EXC_C14N] * 3))),
        ("certificates", lambda person: forge(person, key_info=x509_data(*[person.der] * 3))),
    ],
)
def test_floods_are_counted_before_anything_is_digested(person, check, limit, make):
    core = check(make(person), attrs.evolve(LIMITS, **{limit: 2}))
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-002")
    assert core.findings[0].facts == {"limit": limit, "allowed": 2, "seen": 3}
    assert core.references == ()


def test_the_octets_of_all_digests_are_bounded(person, check):
    core = check(forge(person), attrs.evolve(LIMITS, digest_bytes=60))
    refused(core, FAILED, SubIndication.FORMAT_FAILURE, "VND-DSIG-002")
    assert {one.facts["limit"] for one in core.findings if one.code == "VND-DSIG-002"} == {"digest_bytes"}


def test_too_many_signatures_are_a_typed_refusal(person):
    empty = f"<Signature xmlns='{DS}'/>"
    document = parse(f"<Doc>{empty * 3}</Doc>".encode())
    with pytest.raises(LimitExceeded) as caught:
        check_signatures(document, attrs.evolve(LIMITS, signatures=2))
    assert caught.value.code == "VND-DSIG-002"
    assert len(check_signatures(document, attrs.evolve(LIMITS, signatures=3))) == 3


def test_a_document_without_signatures():
    assert check_signatures(parse(EDXML.encode()), LIMITS) == ()
