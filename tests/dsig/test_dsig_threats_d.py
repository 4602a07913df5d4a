"""Threats D01 to D13: keys, and the algorithms that go with them."""

import ast
import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dsig_attacks import ECDSA_SHA256, Doors, Hand, by, content_of, put, resigned, signed, swapped, with_value
from dsig_samples import DS, DS11, RSA_SHA256, SHA1, b64, reference, x509_data
from trust_builders import make, root

import vnedoc.dsig
from vnedoc.conformance import FakePki
from vnedoc.dsig import to_xml_value
from vnedoc.model import Conclusion, SubIndication

NO_CERTIFICATE = SubIndication.NO_SIGNING_CERTIFICATE_FOUND
NO_CHAIN = SubIndication.NO_CERTIFICATE_CHAIN_FOUND
FORMAT, CONSTRAINTS = SubIndication.FORMAT_FAILURE, SubIndication.SIG_CONSTRAINTS_FAILURE
VALUE, WEAK = SubIndication.SIG_CRYPTO_FAILURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
WRONG_VALUE = "VND-DSIG-015"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
BODY = "<Doc>{}<Body Id='body'>nội dung</Body></Doc>"
pytestmark = pytest.mark.timeout(30)


@pytest.fixture(scope="module")
def doors(pki):
    return Doors(pki.policy())


@pytest.fixture(scope="module")
def letter(person):
    return signed(person)


def key_value(key):
    numbers = key.public_key().public_numbers()
    modulus = b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
    exponent = b64(numbers.e.to_bytes(3, "big"))
    return (
        f"<KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent>"
        "</RSAKeyValue></KeyValue>"
    )


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_info(inside):
    return f"<KeyInfo>{inside}</KeyInfo>"


# --- whose key ------------------------------------------------------------------------------------


def test_d01_a_key_is_not_trusted_because_it_is_carried(doors, person):
    for inside in (
        key_value(person.key),
        f'<DEREncodedKeyValue xmlns="{DS11}">{b64(spki(person.key))}</DEREncodedKeyValue>',
        "<KeyName>Nguyễn Thị Thử</KeyName>",
        "<X509Data><X509SubjectName>CN=Nguyễn Thị Thử,C=VN</X509SubjectName></X509Data>",
    ):
        report = doors.undecided(signed(person, key_info=key_info(inside)), NO_CERTIFICATE, "VND-DSIG-020")
        assert report.signatures[0].signer is None
    doors.undecided(signed(person, key_info=""), NO_CERTIFICATE, "VND-DSIG-020")


def test_d02_a_certificate_that_only_looks_like_it(doors, pki, person):
    """Names are the attacker's to choose; the path goes by keys."""
    name = person.certificate.subject
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    its_own = make(name, key=key, not_before=person.certificate.not_valid_before_utc)
    data = signed(Hand(its_own.der, key))
    report = doors.undecided(data, NO_CHAIN, "VND-TRUST-018")
    assert report.signatures[0].signer.certificate == its_own.der
    false_root = root(pki.root.certificate.subject)
    false_issuer = false_root.authority(pki.issuing.certificate.subject)
    under_it = false_issuer.issue(name, key=key)
    for chain, code in (
        ((false_issuer.der,), "VND-TRUST-010"),
        ((false_issuer.der, false_root.der), "VND-TRUST-018"),
        ((pki.issuing.der, pki.root.der), "VND-TRUST-010"),
    ):
        doors.undecided(signed(Hand(under_it.der, key, chain)), NO_CHAIN, code)


def test_d03_the_certificate_shown_is_the_one_whose_key_verified(doors, person, other):
    for certificates in ((person.der, other.der), (other.der, person.der)):
        data = signed(other, key_info=x509_data(*certificates, *other.chain))
        report = doors.passed(data)
        assert report.signatures[0].signer.certificate == other.der
    stranger = FakePki.create(name="Kẻ lạ", key="p256").issue("Nguyễn Thị Thử")
    data = signed(stranger, key_info=x509_data(person.der, *person.chain, stranger.der))
    report = doors.undecided(data, NO_CHAIN, "VND-TRUST-010")
    assert report.signatures[0].signer.certificate == stranger.der
    two = x509_data(person.der, *person.chain).replace(
        "</KeyInfo>", x509_data(stranger.der).removeprefix("<KeyInfo>")
    )
    doors.undecided(signed(stranger, key_info=two), NO_CHAIN, "VND-TRUST-010")


@pytest.mark.parametrize("first", [True, False])
def test_d04_a_bare_key_that_is_another(doors, person, other, first):
    whole = x509_data(person.der, *person.chain)
    for key, agrees in ((person.key, True), (other.key, False)):
        bare = key_value(key)
        both = whole.replace("<KeyInfo>", f"<KeyInfo>{bare}") if first else whole.replace("</K", f"{bare}</K")
        data = signed(person, key_info=both)
        if agrees:
            doors.passed(data)
        else:
            doors.failed(data, CONSTRAINTS, "VND-DSIG-019")


@pytest.mark.parametrize(
    "inside",
    [
        '<RetrievalMethod URI="http://127.0.0.1:9/key"/>',
        '<RetrievalMethod URI="file:///etc/hostname"/>',
        '<RetrievalMethod URI="#k" Type="http://www.w3.org/2000/09/xmldsig#X509Data"/>',
        f'<KeyInfoReference xmlns="{DS11}" URI="#k"/>',
    ],
)
def test_d05_a_key_elsewhere(doors, person, inside):
    """Neither fetched nor followed, also where it names itself, or stands beside a good certificate."""
    for known in (
        "",
        x509_data(person.der, *person.chain).removeprefix("<KeyInfo>").removesuffix("</KeyInfo>"),
    ):
        data = signed(person, key_info=f'<KeyInfo Id="k">{known}{inside}</KeyInfo>')
        doors.failed(data, FORMAT, "VND-DSIG-018")


# --- keyed hashes ---------------------------------------------------------------------------------

HMACS = {
    DS + "hmac-sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512": "sha512",
}


def keyed(credential, uri, secret, *, length=None):
    """Sign with a keyed hash, as whoever knows the secret can."""
    inside = "" if length is None else f"<HMACOutputLength>{length}</HMACOutputLength>"
    data = swapped(
        signed(credential),
        f'<SignatureMethod Algorithm="{RSA_SHA256}"/>',
        f'<SignatureMethod Algorithm="{uri}">{inside}</SignatureMethod>',
    )
    size = None if length is None else length // 8
    return resigned(data, lambda octets: hmac.digest(secret, octets, HMACS[uri])[:size])


@pytest.mark.parametrize("uri", HMACS)
def test_d06_a_public_key_is_no_secret(doors, person, uri):
    pem = person.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.strip(), spki(person.key), person.der, b64(person.der).encode(), b""):
        report = doors.failed(
            keyed(person, uri, secret), SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "VND-DSIG-005"
        )
        assert report.signatures[0].signer is None
        assert report.signatures[0].covers == ()


@pytest.mark.parametrize("length", [0, 8, 80, 160, -8])
def test_d07_a_keyed_hash_cut_short(doors, person, length):
    """CVE-2009-0217: of no bits at all, any value is right."""
    data = keyed(person, DS + "hmac-sha1", person.der, length=length)
    doors.failed(data, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "VND-DSIG-005")


def test_d08_no_keyed_hash_is_computed_or_compared(doors, person, monkeypatch):
    """There is no comparison whose time could tell anything; what compares elsewhere does so in even time."""
    for name in ("new", "digest"):
        monkeypatch.setattr(hmac, name, lambda *_, **__: pytest.fail("a keyed hash was computed"))
    uri = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    method = f'<SignatureMethod Algorithm="{uri}"/>'
    data = swapped(signed(person), f'<SignatureMethod Algorithm="{RSA_SHA256}"/>', method)
    doors.failed(with_value(data, bytes(32)), SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "VND-DSIG-005")
    monkeypatch.undo()
    for path in Path(vnedoc.dsig.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            one.attr if isinstance(one, ast.Attribute) else one.id
            for one in ast.walk(tree)
            if isinstance(one, ast.Attribute | ast.Name)
        }
        assert not named & {"hmac", "HMAC"} or named & {"compare_digest", "verify"}, path.name


# --- algorithms -----------------------------------------------------------------------------------


def test_d09_weak_algorithms(doors, pki, person):
    old = signed(person, reference(digest=SHA1))
    doors.undecided(old, WEAK, "VND-TRUST-020")
    method = f'<SignatureMethod Algorithm="{DS}rsa-sha1"/>'
    data = swapped(signed(person), f'<SignatureMethod Algorithm="{RSA_SHA256}"/>', method)
    sha1 = hashes.SHA1()  # noqa: S303
    by_sha1 = resigned(data, lambda octets: person.key.sign(octets, padding.PKCS1v15(), sha1))
    doors.undecided(by_sha1, WEAK, "VND-TRUST-020")
    short = pki.issue("Khóa ngắn", key="rsa1024")
    doors.undecided(signed(short), WEAK, "VND-TRUST-021")
    md5 = "http://www.w3.org/2001/04/xmldsig-more#"
    doors.undecided(signed(person, reference(digest=md5 + "md5")), WEAK, "VND-DSIG-003")
    for name in (md5 + "rsa-md5", DS + "dsa-sha1"):
        method = f'<SignatureMethod Algorithm="{name}"/>'
        data = swapped(signed(person), f'<SignatureMethod Algorithm="{RSA_SHA256}"/>', method)
        report = doors.verify(resigned(data, by(person)))
        assert report.conclusion is Conclusion.INDETERMINATE
        assert report.sub_indication is WEAK


def test_d10_an_algorithm_that_does_not_fit_the_key(doors, person, curve):
    for credential, named in (
        (person, ECDSA_SHA256),
        (person, MORE_2021 + "eddsa-ed25519"),
        (curve, RSA_SHA256),
        (curve, MORE_2007 + "sha256-rsa-MGF1"),
        (curve, MORE_2021 + "eddsa-ed448"),
    ):
        data = signed(credential)
        known = data[data.index(b'<SignatureMethod Algorithm="') + 28 :].split(b'"')[0].decode()
        report = doors.failed(resigned(swapped(data, known, named), by(credential)), VALUE, WRONG_VALUE)
        assert report.signatures[0].signer is None


def test_d11_values_that_are_no_ecdsa_signature(doors, curve):
    good = signed(curve)
    doors.passed(good)
    value = base64.b64decode(content_of(good, "SignatureValue"))
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def pair(one, two):
        return one.to_bytes(32, "big") + two.to_bytes(32, "big")

    wrong = {
        "zeros": bytes(64),
        "r is zero": pair(0, s),
        "s is zero": pair(r, 0),
        "order": pair(order, order),
        "r and the order": pair(r, order),
        "one": pair(1, 1),
        "DER": encode_dss_signature(r, s),
        "short": value[:-1],
        "long": value + b"\x00",
        "padded": b"\x00" + value[:32] + b"\x00" + value[32:],
        "swapped": pair(s, r),
        "empty": b"",
    }
    for octets in wrong.values():
        doors.failed(with_value(good, octets), VALUE, WRONG_VALUE)
    # The other root is the same signature by the same key: FIPS 186-5 and RFC 9231 take both.
    doors.passed(with_value(good, pair(r, order - s)))


def _cube_root_above(number):
    low, high = 0, 1 << ((number.bit_length() + 2) // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


def test_d12_a_forged_value_under_a_small_exponent(doors, pki, person):
    """Bleichenbacher 2006: eight octets of padding, the digest, and room for a cube."""
    key = rsa.generate_private_key(public_exponent=3, key_size=2048)
    victim = pki.issue("Số mũ nhỏ", key=key)
    good = signed(victim)
    doors.passed(good)
    info = bytes.fromhex("3031300d060960864801650304020105000420")

    def forge(octets):
        head = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + hashlib.sha256(octets).digest()
        made = _cube_root_above(int.from_bytes(head.ljust(256, b"\x00"), "big"))
        assert (made**3).to_bytes(256, "big").startswith(head)
        return made.to_bytes(256, "big")

    doors.failed(resigned(good, forge), VALUE, WRONG_VALUE)


def test_d12_paddings_and_parameters_that_are_others(doors, person):
    key, data = person.key, signed(person)
    numbers = key.private_numbers()
    n = numbers.public_numbers.n

    def raw(block):
        return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")

    def block(info, octets, *, mark=b"\x01", tail=b""):
        body = b"\x00" + info + hashlib.sha256(octets).digest() + tail
        return b"\x00" + mark + b"\xff" * (256 - 2 - len(body)) + body

    info = bytes.fromhex("3031300d060960864801650304020105000420")
    without_null = bytes.fromhex("302f300b0609608648016503040201" + "0420")
    long_form = bytes.fromhex("308131300d060960864801650304020105000420")
    doors.passed(resigned(data, lambda octets: raw(block(info, octets))))
    for sign in (
        lambda octets: raw(block(long_form, octets)),
        lambda octets: raw(block(info, octets, mark=b"\x02")),
        lambda octets: raw(block(info, octets, tail=b"\x00")),
        lambda octets: raw(block(b"", octets)),
        lambda octets: raw(block(without_null, octets)),
        lambda octets: raw(block(info, octets))[1:],
        lambda octets: b"\x00" + raw(block(info, octets)),
        lambda octets: (int.from_bytes(raw(block(info, octets)), "big") + n).to_bytes(257, "big"),
    ):
        doors.failed(resigned(data, sign), VALUE, WRONG_VALUE)


def test_d12_pss_has_one_set_of_parameters(doors, person):
    """RFC 9231, 2.3.9: MGF1 with the same hash, and a salt as long as it."""
    key, hash_ = person.key, hashes.SHA256()
    data = swapped(signed(person), RSA_SHA256, MORE_2007 + "sha256-rsa-MGF1")

    def pss(mask, salt, hash_of=hash_):
        return resigned(data, lambda octets: key.sign(octets, padding.PSS(padding.MGF1(mask), salt), hash_of))

    doors.passed(pss(hash_, 32))
    sha1 = hashes.SHA1()  # noqa: S303
    for wrong in (pss(sha1, 32), pss(hash_, 0), pss(hash_, 31), pss(hash_, 222), pss(sha1, 20, sha1)):
        doors.failed(wrong, VALUE, WRONG_VALUE)
    doors.failed(resigned(data, by(person)), VALUE, WRONG_VALUE)
    doors.failed(swapped(pss(hash_, 32), MORE_2007 + "sha256-rsa-MGF1", RSA_SHA256), VALUE, WRONG_VALUE)


def test_d13_every_key_gives_a_verdict_with_its_reason(doors, pki, person):
    """What other programs do not know is known here or named; nothing is guessed, nothing breaks."""
    for kind, size in (("p384", 384), ("p521", 512)):
        credential = pki.issue(f"Đường cong {kind}", key=kind)
        hash_ = getattr(hashes, f"SHA{size}")()
        data = swapped(signed(credential), ECDSA_SHA256, ECDSA_SHA256.replace("256", str(size)))
        doors.passed(
            resigned(
                data,
                lambda octets, one=credential, how=hash_: to_xml_value(
                    one.key.public_key(), one.key.sign(octets, ec.ECDSA(how))
                ),
            )
        )
    for kind in ("ed25519", ed448.Ed448PrivateKey.generate()):
        credential = pki.issue("Đường cong Edwards", key=kind)
        name = "eddsa-ed448" if credential.key.public_key().public_bytes_raw()[56:] else "eddsa-ed25519"
        data = signed(credential, method=MORE_2021 + name)
        doors.passed(data)
    doors.passed(signed(pki.issue("Brainpool", key=ec.generate_private_key(ec.BrainpoolP256R1()))))
    stranger = pki.issue("Khóa DSA", key=dsa.generate_private_key(2048))
    good = swapped(signed(person), RSA_SHA256, "http://www.w3.org/2009/xmldsig11#dsa-sha256")
    known = put(good, "</X509Data>", f"<X509Certificate>{b64(stranger.der)}</X509Certificate>")
    doors.undecided(known, WEAK, "VND-DSIG-004")
