"""Signature values: closed tables, key kinds, and the vectors of Wycheproof."""

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from vnedoc.conformance import make_key
from vnedoc.dsig import SignatureMethod, fits, method_of, to_xml_value, verify_value
from vnedoc.model import SignatureAlgorithm

DATA = "nội dung".encode()


@pytest.fixture(scope="module")
def keys():
    found = {kind: make_key(kind) for kind in ("rsa2048", "p256", "p384", "p521", "ed25519")}
    found["ed448"] = ed448.Ed448PrivateKey.generate()
    return found


def _method(family, hash_name):
    return SignatureMethod("urn:thu", family, hash_name)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_what_is_made_has_its_uri(algorithm):
    method = method_of(algorithm)
    assert method.family == algorithm.family
    assert method.hash_name == algorithm.hash_name
    assert method.uri.startswith("http://www.w3.org/")


HASHES = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
}


@pytest.mark.parametrize("name", HASHES)
def test_each_family_with_each_hash(keys, name):
    rsa_key, curve, hash_ = keys["rsa2048"], keys["p384"], HASHES[name]
    value = rsa_key.sign(DATA, padding.PKCS1v15(), hash_)
    assert verify_value(rsa_key.public_key(), _method("rsa", name), value, DATA)
    assert not verify_value(rsa_key.public_key(), _method("rsa-pss", name), value, DATA)
    value = rsa_key.sign(DATA, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)
    assert verify_value(rsa_key.public_key(), _method("rsa-pss", name), value, DATA)
    assert not verify_value(rsa_key.public_key(), _method("rsa", name), value, DATA)
    longer = rsa_key.sign(DATA, padding.PSS(padding.MGF1(hash_), hash_.digest_size + 1), hash_)
    assert not verify_value(rsa_key.public_key(), _method("rsa-pss", name), longer, DATA)
    public = curve.public_key()
    value = to_xml_value(public, curve.sign(DATA, ec.ECDSA(hash_)))
    assert len(value) == 96
    assert verify_value(public, _method("ecdsa", name), value, DATA)
    assert not verify_value(public, _method("ecdsa", name), value, DATA + b" ")


@pytest.mark.parametrize(("kind", "width"), [("p256", 32), ("p384", 48), ("p521", 66)])
def test_ecdsa_values_have_one_width(keys, kind, width):
    """RFC 9231, 2.3.6: r and s, each as long as the order, and nothing else."""
    key, method = keys[kind], _method("ecdsa", "sha256")
    public, der = key.public_key(), key.sign(DATA, ec.ECDSA(hashes.SHA256()))
    value = to_xml_value(public, der)
    assert len(value) == 2 * width
    assert verify_value(public, method, value, DATA)
    zero = bytes(2 * width)
    padded = b"\x00" + value[:width] + b"\x00" + value[width:]
    for wrong in (b"", der, value[:-1], value + b"\x00", padded, zero, b"\xff" * 2 * width, value[::-1]):
        assert not verify_value(public, method, wrong, DATA)
    with pytest.raises(ValueError, match=r"DER|ASN|parsing"):
        to_xml_value(public, value)


@pytest.mark.parametrize("kind", ["ed25519", "ed448"])
def test_edwards_curves(keys, kind):
    key = keys[kind]
    value = key.sign(DATA)
    assert to_xml_value(key.public_key(), value) == value
    assert verify_value(key.public_key(), _method(kind, None), value, DATA)
    assert not verify_value(key.public_key(), _method(kind, None), bytes([value[0] ^ 1]) + value[1:], DATA)


def test_a_key_of_another_kind_never_verifies(keys):
    families = {
        "rsa": rsa.RSAPrivateKey,
        "rsa-pss": rsa.RSAPrivateKey,
        "ecdsa": ec.EllipticCurvePrivateKey,
        "ed25519": ed25519.Ed25519PrivateKey,
        "ed448": ed448.Ed448PrivateKey,
    }
    for family, kind in families.items():
        method = _method(family, None if family.startswith("ed") else "sha256")
        for key in keys.values():
            assert fits(key.public_key(), method) is isinstance(key, kind)
            assert not verify_value(key.public_key(), method, b"\x01" * 64, DATA)


@settings(max_examples=200, deadline=None)
@given(value=st.binary(max_size=300), kind=st.sampled_from(["rsa2048", "p256", "ed25519"]))
def test_no_octets_ever_break_the_check(keys, value, kind):
    family = {"rsa2048": "rsa-pss", "p256": "ecdsa", "ed25519": "ed25519"}[kind]
    assert verify_value(keys[kind].public_key(), _method(family, "sha256"), value, DATA) is False


# --- Wycheproof -----------------------------------------------------------------------------------

FILES = {
    "ecdsa_secp256r1_sha512_p1363_test.json": ("ecdsa", "sha512"),
    "ecdsa_secp521r1_sha512_p1363_test.json": ("ecdsa", "sha512"),
    "ed25519_test.json": ("ed25519", None),
    "ed448_test.json": ("ed448", None),
    "rsa_pss_2048_sha256_mgf1_32_test.json": ("rsa-pss", "sha256"),
    "rsa_pss_3072_sha256_mgf1_32_test.json": ("rsa-pss", "sha256"),
    "rsa_signature_2048_sha256_test.json": ("rsa", "sha256"),
    "rsa_signature_2048_sha384_test.json": ("rsa", "sha384"),
    "rsa_signature_3072_sha256_test.json": ("rsa", "sha256"),
    "rsa_signature_3072_sha384_test.json": ("rsa", "sha384"),
    "rsa_signature_4096_sha384_test.json": ("rsa", "sha384"),
    "rsa_signature_4096_sha512_test.json": ("rsa", "sha512"),
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", FILES)
def test_wycheproof(corpus, name):
    """No valid vector is refused and no invalid one is taken; "acceptable" ones may go either way."""
    method = _method(*FILES[name])
    table = json.loads((corpus / "vectors/crypto/wycheproof" / name).read_text())
    wrong = []
    for group in table["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group.get("publicKeyDer") or group["publicKeyAsn"]))
        for test in group["tests"]:
            value, octets = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            good = verify_value(key, method, value, octets)
            if test["result"] != "acceptable" and good is not (test["result"] == "valid"):
                wrong.append((test["tcId"], test["comment"], test["result"]))
    assert wrong == []
