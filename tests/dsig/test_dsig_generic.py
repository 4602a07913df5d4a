"""``UnsafeGeneric``: what it takes that the default never does, and that nothing else reaches it."""

import ast
import hmac
import inspect
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dsig_samples import C14N, DS, DS11, EXC_C14N, LIMITS, b64, forge, reference, transform
from lxml import etree

import vnedoc
from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import ConfigError
from vnedoc.model import Blob, Conclusion, Severity, SubIndication
from vnedoc.verification import Policy, verify_xml
from vnedoc.xml import canonicalize, parse

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE
MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
BODY = "<Doc>{}<Body Id='body'>nội dung</Body></Doc>"
SECRET = b"khong phai bi mat cua ai"


class ByHand:
    """Signs ``SignedInfo`` by any function, for ``forge``."""

    der, chain = b"", ()

    def __init__(self, sign):
        self.key = self
        self.sign = sign


def check(data, **generic):
    found = UnsafeGeneric(**generic) if generic is not None else None
    (core,) = check_signatures(parse(data), LIMITS, generic=found)
    return core


def by_default(data, **more):
    (core,) = check_signatures(parse(data), LIMITS, **more)
    return core


def errors(core):
    return [one.code for one in core.findings if one.severity is Severity.ERROR]


def verdict(core):
    return core.conclusion, core.sub_indication


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# --- it is out of reach -----------------------------------------------------------------------------

SOURCE = Path(vnedoc.__file__).parent


def test_no_policy_and_no_command_reaches_it():
    """Who checks or augments by hand may hand it over; nothing in the library makes one."""
    knowing = set()
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = [getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(tree)]
        if "UnsafeGeneric" in named:
            knowing.add(path.relative_to(SOURCE).parts[0])
        made = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert not any(getattr(one.func, "id", None) == "UnsafeGeneric" for one in made), path
    assert "dsig" in knowing
    assert knowing <= {"dsig", "signing"}
    assert not any("generic" in one.name for one in attrs.fields(Policy))
    assert "generic" not in inspect.signature(verify_xml).parameters
    assert "Unsafe" in UnsafeGeneric.__doc__


def test_its_secrets_are_not_shown():
    assert "0a0b0c" not in repr(UnsafeGeneric(hmac_keys=(b"0a0b0c",), keys=(b"0a0b0c",)))


def test_its_limits_count_instead_of_those_of_the_call(person):
    data = forge(person, BODY, *[reference('URI="#body"', (C14N,))] * 21)
    assert errors(check(data)) == ["VND-DSIG-002"]
    wide = attrs.evolve(LIMITS, references=21)
    assert check(data, limits=wide).conclusion is PASSED


# --- HMAC -------------------------------------------------------------------------------------------


def with_hmac(name="sha256", bits=None, secret=SECRET, claimed=None):
    def sign(octets):
        value = hmac.digest(secret, octets, name)
        return value if bits is None else value[: bits // 8]

    claimed = bits if claimed is None else claimed
    uri = (DS if name == "sha1" else MORE_2001) + f"hmac-{name}"
    data = forge(ByHand(sign), BODY, key_info="", method=uri if claimed is None else f"{uri}@")
    if claimed is None:
        return data
    # the parameter is a part of SignedInfo, so it goes in before the value is made
    inner = f"<HMACOutputLength>{claimed}</HMACOutputLength></SignatureMethod>"
    return _resigned(data.replace(f'{uri}@"/>'.encode(), f'{uri}">{inner}'.encode()), sign)


def _resigned(data, sign):
    document = parse(data)
    (info,) = document.root.iter(f"{{{DS}}}SignedInfo")
    value = b64(sign(canonicalize(info, EXC_C14N))).encode()
    start = data.index(b"<SignatureValue>") + len(b"<SignatureValue>")
    return data[:start] + value + data[data.index(b"</SignatureValue>") :]


@pytest.mark.parametrize("name", ["sha1", "sha224", "sha256", "sha384", "sha512", "md5"])
def test_hmac_needs_the_secret_and_the_permission(name):
    data = with_hmac(name)
    core = check(data, hmac_keys=(b"wrong", SECRET))
    assert verdict(core) == (PASSED, None)
    assert (core.value_ok, core.certificate) == (True, None)
    assert name in core.hash_names
    assert verdict(check(data, hmac_keys=(b"wrong",))) == (FAILED, SubIndication.SIG_CRYPTO_FAILURE)
    assert errors(check(data)) == ["VND-DSIG-020"]
    assert errors(check(data, hmac_keys=(SECRET,), old_algorithms=False)) == ["VND-DSIG-005"]
    assert errors(by_default(data)) == ["VND-DSIG-005"]


@pytest.mark.parametrize(("name", "least"), [("sha1", 80), ("sha224", 112), ("sha256", 128), ("sha512", 256)])
def test_an_hmac_that_was_cut_too_short_proves_nothing(name, least):
    """XML Signature 1.1, clause 6.3.1, and no less than half of the hash (CVE-2009-0217)."""
    assert check(with_hmac(name, least), hmac_keys=(SECRET,)).conclusion is PASSED
    for bits in (least - 8, least + 4, 8, 0):
        core = check(with_hmac(name, bits), hmac_keys=(SECRET,))
        assert verdict(core) == (FAILED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
        assert errors(core) == ["VND-DSIG-055"]


def test_an_hmac_is_as_long_as_it_says():
    """A value that is cut, or longer, where another length is said, is another value."""
    assert errors(check(with_hmac(bits=128, claimed=256), hmac_keys=(SECRET,))) == ["VND-DSIG-015"]
    assert errors(check(with_hmac(bits=256, claimed=128), hmac_keys=(SECRET,))) == ["VND-DSIG-015"]
    assert errors(check(with_hmac(bits=256, claimed=264), hmac_keys=(SECRET,))) == ["VND-DSIG-055"]
    assert errors(check(with_hmac(bits=256, claimed="x"), hmac_keys=(SECRET,))) == ["VND-DSIG-001"]


# --- old algorithms -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def old_key():
    return dsa.generate_private_key(2048)


def test_dsa_in_its_xml_form(old_key):
    def sign(octets):
        r, s = decode_dss_signature(old_key.sign(octets, hashes.SHA256()))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    data = forge(ByHand(sign), BODY, key_info="", method=DS11 + "dsa-sha256")
    key = spki(old_key.public_key())
    assert check(data, keys=(key,)).conclusion is PASSED
    assert errors(check(data, keys=(key,), old_algorithms=False)) == ["VND-DSIG-004"]
    assert errors(by_default(data)) == ["VND-DSIG-004"]


def test_md5_in_a_digest_only_where_it_is_allowed(person):
    data = forge(person, BODY, reference(digest=MORE_2001 + "md5"))
    assert errors(by_default(data)) == ["VND-DSIG-003"]
    # the builder digests by SHA-256 what it does not know, so the digest is computed and differs
    assert "VND-DSIG-014" in errors(check(data))
    assert errors(check(data, old_algorithms=False)) == ["VND-DSIG-003"]


@pytest.mark.parametrize("extra", [-1, 1, 4])
def test_ecdsa_numbers_of_a_wrong_length_only_where_they_are_allowed(pki, extra):
    private = ec.generate_private_key(ec.SECP256R1())
    size = 32 + extra

    def sign(octets):
        while True:
            r, s = decode_dss_signature(private.sign(octets, ec.ECDSA(hashes.SHA256())))
            if max(r, s).bit_length() <= size * 8:
                return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    data = forge(ByHand(sign), BODY, key_info="", method=MORE_2001 + "ecdsa-sha256")
    key = spki(private.public_key())
    assert check(data, keys=(key,)).conclusion is PASSED
    assert errors(check(data, keys=(key,), old_algorithms=False)) == ["VND-DSIG-015"]


# --- keys that stand by themselves ------------------------------------------------------------------


def rsa_value(key):
    numbers = key.public_numbers()
    parts = {"Modulus": numbers.n, "Exponent": numbers.e}
    inner = "".join(
        f"<{name}>{b64(one.to_bytes((one.bit_length() + 7) // 8, 'big'))}</{name}>"
        for name, one in parts.items()
    )
    return f"<RSAKeyValue xmlns='{DS}'>{inner}</RSAKeyValue>"


def ec_value(key, oid):
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    inner = f"<NamedCurve URI='urn:oid:{oid}'/><PublicKey>{b64(point)}</PublicKey>"
    return f"<ECKeyValue xmlns='{DS11}'>{inner}</ECKeyValue>"


def der_value(key):
    return f"<DEREncodedKeyValue xmlns='{DS11}'>{b64(spki(key))}</DEREncodedKeyValue>"


def by_key(key, method=None):
    def sign(octets):
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(hashes.SHA256())))
            size = (key.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return key.sign(octets)

    return ByHand(sign)


CURVES = {
    ec.SECP256R1: "1.2.840.10045.3.1.7",
    ec.SECP384R1: "1.3.132.0.34",
    ec.SECP521R1: "1.3.132.0.35",
    ec.BrainpoolP256R1: "1.3.36.3.3.2.8.1.1.7",
    ec.BrainpoolP384R1: "1.3.36.3.3.2.8.1.1.11",
    ec.BrainpoolP512R1: "1.3.36.3.3.2.8.1.1.13",
}


@pytest.mark.parametrize("curve", CURVES)
def test_curves_and_their_key_values(curve):
    private = ec.generate_private_key(curve())
    public = private.public_key()
    for value in (f"<KeyValue>{ec_value(public, CURVES[curve])}</KeyValue>", der_value(public)):
        info = f"<KeyInfo>{value}</KeyInfo>"
        data = forge(by_key(private), BODY, key_info=info, method=MORE_2001 + "ecdsa-sha256")
        core = check(data)
        assert verdict(core) == (PASSED, None)
        assert (core.value_ok, core.certificate) == (True, None)
        # by default a key that the document brings itself says nothing about anybody
        assert verdict(by_default(data)) == (INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
        assert errors(check(data, bare_keys=False)) == ["VND-DSIG-020"]


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def test_an_rsa_key_value(rsa_key):
    info = f"<KeyInfo><KeyValue>{rsa_value(rsa_key.public_key())}</KeyValue></KeyInfo>"
    data = forge(by_key(rsa_key), BODY, key_info=info)
    assert check(data).conclusion is PASSED
    assert by_default(data).conclusion is INDETERMINATE


def _bare(form, namespace=DS, **values):
    inner = "".join(f"<{name}>{one}</{name}>" for name, one in values.items())
    return f"<KeyValue><{form} xmlns='{namespace}'>{inner}</{form}></KeyValue>"


def _curve(oid):
    point = "<PublicKey>AA==</PublicKey>"
    return _bare("ECKeyValue", DS11).replace("></E", f"><NamedCurve URI='urn:oid:{oid}'/>{point}</E")


@pytest.mark.parametrize(
    "value",
    [
        "<KeyValue/>",
        "<KeyValue><X xmlns='urn:x'/></KeyValue>",
        _bare("RSAKeyValue", Modulus="AA=="),
        _bare("RSAKeyValue", Modulus="!", Exponent="AQAB"),
        _bare("RSAKeyValue", Modulus="A" * 4000, Exponent="AQAB"),
        _bare("ECKeyValue", DS11),
        _curve("1.2"),
        _curve("1.3.132.0.34"),
        f"<DEREncodedKeyValue xmlns='{DS11}'>AA==</DEREncodedKeyValue>",
        _bare("DSAKeyValue", P="AA==", Q="AA==", G="AA==", Y="AA=="),
    ],
)
def test_key_values_that_are_none(rsa_key, value):
    core = check(forge(by_key(rsa_key), BODY, key_info=f"<KeyInfo>{value}</KeyInfo>"))
    assert core.conclusion is INDETERMINATE
    assert errors(core) == ["VND-DSIG-020"]


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_given_keys_and_certificates(person, encoding):
    certificate = x509.load_der_x509_certificate(person.der)
    data = forge(person, BODY, key_info="")
    by_certificate = check(data, keys=(certificate.public_bytes(encoding),))
    assert by_certificate.conclusion is PASSED
    assert by_certificate.certificate == person.der
    key = certificate.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    by_key_alone = check(data, keys=(b"\n" + key if encoding is Encoding.PEM else key,))
    assert by_key_alone.conclusion is PASSED
    assert by_key_alone.certificate is None


@pytest.mark.parametrize(
    "rubbish", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_key_is_the_callers_mistake(person, rubbish):
    with pytest.raises(ConfigError) as caught:
        check(forge(person, BODY, key_info=""), keys=(rubbish,))
    assert caught.value.code == "VND-DSIG-056"


# --- keys that are pointed to -------------------------------------------------------------------------

POINTERS = {
    "KeyInfoReference": (
        f"<KeyInfoReference xmlns='{DS11}' URI='#k'/>",
        "<Object><KeyInfo Id='k'>{}</KeyInfo></Object>",
    ),
    "RetrievalMethod to X509Data": (
        f"<RetrievalMethod URI='#k' Type='{DS}X509Data'/>",
        "<Object><X509Data Id='k'>{}</X509Data></Object>",
    ),
    "RetrievalMethod through transforms": (
        f"<RetrievalMethod URI='#k'><Transforms>{transform(C14N)}</Transforms></RetrievalMethod>",
        "<Object><X509Data Id='k'>{}</X509Data></Object>",
    ),
}


@pytest.mark.parametrize("kind", POINTERS)
def test_a_pointer_within_the_document_is_followed_only_where_it_is_allowed(person, kind):
    pointer, holder = POINTERS[kind]
    certificate = f"<X509Certificate>{b64(person.der)}</X509Certificate>"
    if kind == "KeyInfoReference":
        certificate = f"<X509Data>{certificate}</X509Data>"
    info = f"<KeyInfo>{pointer}</KeyInfo>"
    data = forge(person, BODY, key_info=info, objects=holder.replace("{}", certificate))
    core = check(data)
    assert verdict(core) == (PASSED, None)
    assert core.certificate == person.der
    assert "VND-DSIG-018" in errors(by_default(data))
    assert by_default(data).conclusion is FAILED
    assert "VND-DSIG-018" in errors(check(data, retrieval=False))


def test_a_raw_certificate_comes_from_the_resolver(person):
    info = f"<KeyInfo><RetrievalMethod URI='cert.der' Type='{DS}rawX509Certificate'/></KeyInfo>"
    data = forge(person, BODY, key_info=info)
    assert errors(check(data)) == ["VND-DSIG-020"]
    (core,) = check_signatures(
        parse(data), LIMITS, resolver=lambda _: Blob.from_bytes(person.der), generic=UnsafeGeneric()
    )
    assert core.certificate == person.der
    assert core.conclusion is PASSED


def test_a_bare_key_that_is_pointed_to(rsa_key):
    value = rsa_value(rsa_key.public_key()).replace("<RSAKeyValue ", "<RSAKeyValue Id='k' ")
    info = f"<KeyInfo><RetrievalMethod URI='#k' Type='{DS}RSAKeyValue'/></KeyInfo>"
    data = forge(by_key(rsa_key), BODY, key_info=info, objects=f"<Object>{value}</Object>")
    assert check(data).conclusion is PASSED


@pytest.mark.parametrize("uri", ["#nowhere", "#body", "", "#k"])
def test_a_pointer_to_nothing_of_use_gives_no_key(person, uri):
    """Not even when it points to itself."""
    info = f"<KeyInfo Id='k'><RetrievalMethod URI='{uri}'/></KeyInfo>"
    assert errors(check(forge(person, BODY, key_info=info))) == ["VND-DSIG-020"]


# --- what is new -------------------------------------------------------------------------------------


def pss_parameters(hash_uri, mask_uri=None, salt=None, trailer=None):
    digest = "" if hash_uri is None else f"<DigestMethod xmlns='{DS}' Algorithm='{hash_uri}'/>"
    mask = "" if mask_uri is None else (
        f"<MaskGenerationFunction Algorithm='{MORE_2007}MGF1'><DigestMethod xmlns='{DS}'"
        f" Algorithm='{mask_uri}'/></MaskGenerationFunction>"
    )  # fmt: skip
    salt = "" if salt is None else f"<SaltLength>{salt}</SaltLength>"
    trailer = "" if trailer is None else f"<TrailerField>{trailer}</TrailerField>"
    return f"<RSAPSSParams xmlns='{MORE_2007}'>{digest}{mask}{salt}{trailer}</RSAPSSParams>"


def with_pss(key, parameters, hash_=None, mask=None, salt=None):
    hash_ = hash_ or hashes.SHA256()
    how = padding.PSS(padding.MGF1(mask or hash_), hash_.digest_size if salt is None else salt)

    def sign(octets):
        return key.sign(octets, how, hash_)

    uri = MORE_2007 + "rsa-pss"
    data = forge(ByHand(sign), BODY, key_info="", method=uri)
    changed = data.replace(f'"{uri}"/>'.encode(), f'"{uri}">{parameters}</SignatureMethod>'.encode())
    return _resigned(changed, sign)


SHA384_URI = MORE_2001 + "sha384"
SHA512_URI = "http://www.w3.org/2001/04/xmlenc#sha512"


@pytest.mark.parametrize(
    ("parameters", "how"),
    [
        ("", {}),
        (pss_parameters(None), {}),
        (pss_parameters(None, trailer=1), {}),
        (pss_parameters(SHA384_URI), {"hash_": hashes.SHA384()}),
        (pss_parameters(SHA384_URI, salt=20), {"hash_": hashes.SHA384(), "salt": 20}),
        (pss_parameters(SHA384_URI, salt=0), {"hash_": hashes.SHA384(), "salt": 0}),
        (
            pss_parameters(SHA384_URI, SHA512_URI, 33),
            {"hash_": hashes.SHA384(), "mask": hashes.SHA512(), "salt": 33},
        ),
        (pss_parameters(None, SHA512_URI), {"mask": hashes.SHA512()}),
    ],
)
def test_rsassa_pss_with_parameters(rsa_key, parameters, how):
    """RFC 9231, clause 2.3.9: without them SHA-256, MGF1 by the same hash, a salt as long as the hash."""
    data = with_pss(rsa_key, parameters, **how)
    core = check(data, keys=(spki(rsa_key.public_key()),))
    assert verdict(core) == (PASSED, None)
    name = "sha384" if SHA384_URI in parameters else "sha256"
    assert name in core.hash_names
    other = with_pss(rsa_key, parameters, **{**how, "salt": 7})
    assert errors(check(other, keys=(spki(rsa_key.public_key()),))) == ["VND-DSIG-015"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (pss_parameters(None, trailer=2), "VND-DSIG-004"),
        (pss_parameters("urn:x"), "VND-DSIG-004"),
        (pss_parameters(None, "urn:x"), "VND-DSIG-004"),
        (pss_parameters(None).replace("</", "<MaskGenerationFunction Algorithm='urn:x'/></"), "VND-DSIG-004"),
        (pss_parameters(None, salt="nhiều"), "VND-DSIG-001"),
        (pss_parameters(None).replace("</", "<X/></"), "VND-DSIG-001"),
        ("<X/>", "VND-DSIG-001"),
    ],
)
def test_parameters_of_rsassa_pss_that_are_none(rsa_key, parameters, code):
    data = with_pss(rsa_key, parameters)
    assert errors(check(data, keys=(spki(rsa_key.public_key()),))) == [code]


def test_ml_dsa_is_verified_and_called_experimental():
    mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    private = mldsa.MLDSA65PrivateKey.generate()
    method = "http://www.aleksey.com/xmlsec/2025/12/xmldsig-more#ml-dsa-65"
    info = f"<KeyInfo>{der_value(private.public_key())}</KeyInfo>"
    data = forge(ByHand(private.sign), BODY, key_info=info, method=method)
    core = check(data)
    assert verdict(core) == (PASSED, None)
    (finding,) = [one for one in core.findings if one.code == "VND-DSIG-062"]
    assert (finding.severity, finding.facts["algorithm"]) == (Severity.INFO, method)
    changed = data.replace("nội dung".encode(), b"khac")
    assert check(changed).conclusion is FAILED
    other = check(data.replace(b"ml-dsa-65", b"ml-dsa-44"))
    assert errors(other) == ["VND-DSIG-015"]


def test_eddsa_by_a_given_key():
    private = ed448.Ed448PrivateKey.generate()
    method = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448"
    data = forge(ByHand(private.sign), BODY, key_info="", method=method)
    assert check(data, keys=(spki(private.public_key()),)).conclusion is PASSED


# --- certificates that X509Data only describes ---------------------------------------------------------


def described(person, inner):
    return forge(person, BODY, key_info=f"<KeyInfo><X509Data>{inner}</X509Data></KeyInfo>")


def _subject(person):
    return x509.load_der_x509_certificate(person.der).subject.rfc4514_string()


def _backwards(person):
    name = x509.load_der_x509_certificate(person.der).subject
    return "; ".join(one.rfc4514_string() for one in name.rdns)


def _issuer_serial(person, more=0):
    certificate = x509.load_der_x509_certificate(person.der)
    return (
        f"<X509IssuerSerial><X509IssuerName>{certificate.issuer.rfc4514_string()}</X509IssuerName>"
        f"<X509SerialNumber> {certificate.serial_number + more}\n</X509SerialNumber></X509IssuerSerial>"
    )


def _key_id(person):
    certificate = x509.load_der_x509_certificate(person.der)
    found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return f"<X509SKI>{b64(found.value.digest)}</X509SKI>"


def _digest(person, name="sha256"):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(person.der)
    uri = f"http://www.w3.org/2001/04/xmlenc#{name}"
    return f"<X509Digest xmlns='{DS11}' Algorithm='{uri}'>{b64(digest.finalize())}</X509Digest>"


DESCRIPTIONS = {
    "subject": lambda one: f"<X509SubjectName>{_subject(one)}</X509SubjectName>",
    "subject backwards": lambda one: f"<X509SubjectName> {_backwards(one)}</X509SubjectName>",
    "issuer and serial": _issuer_serial,
    "key identifier": _key_id,
    "digest": _digest,
    "all": lambda one: _issuer_serial(one) + _key_id(one) + _digest(one),
}


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_the_certificate_that_is_described_is_found_among_those_given(person, other, curve, pki, kind):
    data = described(person, DESCRIPTIONS[kind](person))
    given = (other.der, curve.der, person.der)
    core = by_default(data, certificates=given)
    assert verdict(core) == (PASSED, None)
    assert core.certificate == person.der
    assert errors(by_default(data)) == ["VND-DSIG-020"]
    assert errors(by_default(data, certificates=(other.der, curve.der))) == ["VND-DSIG-020"]
    (report,) = verify_xml(parse(data), pki.policy(), certificates=(*given, *person.chain))
    assert report.conclusion is PASSED


@pytest.mark.parametrize(
    "inner",
    [
        lambda one: "<X509SubjectName>CN=Ai đó khác</X509SubjectName>",
        lambda one: "<X509SubjectName/>",
        lambda one: f"<X509SubjectName>{_subject(one)},O=Thừa</X509SubjectName>",
        lambda one: "<X509SubjectName>" + "CN=a," * 1000 + "</X509SubjectName>",
        lambda one: _issuer_serial(one, 1),
        lambda one: (
            "<X509IssuerSerial><X509IssuerName/><X509SerialNumber>x</X509SerialNumber></X509IssuerSerial>"
        ),
        lambda one: "<X509SKI>AAAA</X509SKI>",
        lambda one: "<X509SKI>!</X509SKI>",
        lambda one: _digest(one, "sha512"),
        lambda one: _digest(one, "md2"),
        lambda one: _key_id(one) + _issuer_serial(one, 1),
        lambda one: "<X509CRL>AAAA</X509CRL>",
        lambda one: "",
    ],
)
def test_a_certificate_that_is_not_described_is_not_tried(person, inner):
    """The right certificate is at hand, and nothing in the signature is about it."""
    core = by_default(described(person, inner(person)), certificates=(person.der,))
    assert verdict(core) == (INDETERMINATE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)


def test_names_are_compared_as_names(pki):
    """Escapes, quotes, case and white space of RFC 4514 and RFC 1779 do not make another name."""
    person = pki.issue('Lê  Văn "Thử", phòng A+B')
    name = _subject(person)
    cn = 'cn = "Lê văn \\"thử\\", phòng A+B"'
    rest = name[name.index(",C=") :] if ",C=" in name else ""
    for text in (name, cn + rest, name.replace("\\,", "\\2C").replace("\\+", "\\2b")):
        data = described(person, f"<X509SubjectName>{text}</X509SubjectName>")
        assert by_default(data, certificates=(person.der,)).conclusion is PASSED, text


def test_a_broken_certificate_among_those_given_is_passed_over(person):
    data = described(person, _key_id(person))
    assert by_default(data, certificates=(b"", b"0\x03", person.der)).conclusion is PASSED


def test_what_is_signed_names_the_certificate_too(person, other):
    """The certificate that SigningCertificateV2 names is taken from those that were given."""
    from dsig_samples import TIME, cert_v2, forge_xades, qualifying

    data = forge_xades(person, qualifying(TIME + cert_v2(person.der)), key_info="")
    core = by_default(data, certificates=(other.der, person.der))
    assert verdict(core) == (PASSED, None)
    assert core.certificate == person.der
    assert etree.QName(core.element).localname == "Signature"
