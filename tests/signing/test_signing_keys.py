"""Keys: every good file loads, every bad one gives one clear error and no secret."""

import copy
import pickle

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from signing_builders import credential, pki

from vnedoc.conformance import FakePki
from vnedoc.errors import ConfigError, FileError, KeyUnavailable, SigningError, StateMismatch
from vnedoc.model import SignatureAlgorithm
from vnedoc.signing import KeySigner, PublicIdentity, load_key

SECRET = "mật khẩu thử 123"


def pem_of(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def key_pem(key, passphrase: str | None = None, form=serialization.PrivateFormat.PKCS8) -> bytes:
    protection = serialization.NoEncryption()
    if passphrase is not None:
        protection = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


def never() -> str:
    raise AssertionError("asked for a passphrase without need")


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("rsa2048", SignatureAlgorithm.RSA_SHA256),
        ("p256", SignatureAlgorithm.ECDSA_SHA256),
        ("p384", SignatureAlgorithm.ECDSA_SHA384),
        ("p521", SignatureAlgorithm.ECDSA_SHA512),
    ],
)
def test_the_algorithm_follows_the_key(kind, algorithm):
    signer = credential(kind).signer()
    assert signer.algorithm is algorithm
    value = signer.sign(b"octets")
    key = credential(kind).certificate.public_key()
    hash_algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    if kind.startswith("rsa"):
        key.verify(value, b"octets", padding.PKCS1v15(), hash_algorithm[algorithm.hash_name])
    else:
        key.verify(value, b"octets", ec.ECDSA(hash_algorithm[algorithm.hash_name]))


def test_pss_has_the_salt_of_the_hash():
    one = credential()
    signer = KeySigner.from_key(one.key, one.der, one.chain, algorithm=SignatureAlgorithm.RSA_PSS_SHA256)
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    one.certificate.public_key().verify(signer.sign(b"octets"), b"octets", scheme, hashes.SHA256())


def test_the_chain_goes_upwards_without_root_and_strangers():
    one = credential()
    stranger = FakePki.create(key="p256").issuing.der
    signer = KeySigner.from_key(one.key, one.der, [pki().root.der, stranger, pki().issuing.der, one.der])
    assert signer.chain == (pki().issuing.der,)


def test_pkcs12_and_pem_from_files(tmp_path):
    one = credential()
    p12, both = tmp_path / "khóa.p12", tmp_path / "khóa.pem"
    p12.write_bytes(one.pkcs12(SECRET))
    both.write_bytes(one.pem())
    asked = []
    signer = load_key(f"p12:{p12}", passphrase=lambda: asked.append(1) or SECRET)
    assert asked == [1]
    assert (signer.certificate, signer.chain) == (one.der, one.chain)
    again = load_key(f"pem:{both}", passphrase=never)
    assert (again.certificate, again.chain) == (one.der, one.chain)
    assert KeySigner.from_pkcs12(str(p12), SECRET).certificate == one.der
    assert KeySigner.from_pem(both).certificate == one.der
    assert KeySigner.from_pem(one.pem(SECRET), passphrase=SECRET).certificate == one.der


def test_key_and_chain_in_two_files(tmp_path):
    one = credential("p256")
    key, chain, lone = tmp_path / "k.pem", tmp_path / "c.pem", tmp_path / "c.der"
    key.write_bytes(key_pem(one.key, SECRET, serialization.PrivateFormat.TraditionalOpenSSL))
    chain.write_bytes(pem_of(pki().issuing.der) + pem_of(one.der))
    lone.write_bytes(one.der)
    signer = load_key(f"pem:{key}?cert={chain}", passphrase=lambda: SECRET)
    assert (signer.certificate, signer.chain) == (one.der, one.chain)
    assert load_key(f"pem:{key}?cert={lone}", passphrase=lambda: SECRET).chain == ()


def test_pkcs12_without_protection_asks_nobody(tmp_path):
    one = credential()
    path = tmp_path / "k.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"k", one.key, one.certificate, None, serialization.NoEncryption()
        )
    )
    assert load_key(f"p12:{path}", passphrase=never).certificate == one.der


def _several_pem() -> bytes:
    return key_pem(credential().key) + key_pem(credential("p256").key) + pem_of(credential().der)


def _agreement() -> bytes:
    return key_pem(x25519.X25519PrivateKey.generate())


def _short() -> bytes:
    return pki().issue("Ngắn", key="rsa1024").pem()


def _other_curve() -> bytes:
    return pki().issue("Đường cong khác", key=ec.generate_private_key(ec.SECP256K1())).pem()


def _only_certificate_p12() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"k", None, credential().certificate, None, serialization.NoEncryption()
    )


def _only_key_p12() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"k", credential().key, None, None, serialization.NoEncryption()
    )


def _two_keys_p12() -> bytes:
    from asn1crypto import pkcs12 as asn

    def bags(one) -> asn.SafeContents:
        held = asn.Pfx.load(
            pkcs12.serialize_key_and_certificates(
                b"k", one.key, one.certificate, None, serialization.NoEncryption()
            )
        )
        return [asn.SafeContents.load(part["content"].native) for part in held.authenticated_safe]

    keys = [
        bag
        for one in (credential(), credential("p256"))
        for safe in bags(one)
        for bag in safe
        if bag["bag_id"].native == "key_bag"
    ]
    both = {"content_type": "data", "content": asn.SafeContents(keys).dump()}
    return asn.Pfx(
        {
            "version": "v3",
            "auth_safe": {"content_type": "data", "content": asn.AuthenticatedSafe([both]).dump()},
        }
    ).dump()


BAD = [
    ("p12", lambda: credential().pkcs12(SECRET), "wrong", "VND-SIGN-001"),
    ("p12", lambda: credential().pkcs12(SECRET), None, "VND-SIGN-002"),
    ("p12", lambda: credential().pkcs12(SECRET), "", "VND-SIGN-002"),
    ("p12", _only_certificate_p12, None, "VND-SIGN-003"),
    ("p12", _only_key_p12, None, "VND-SIGN-004"),
    ("p12", _two_keys_p12, None, "VND-SIGN-005"),
    ("p12", lambda: b"not a key", None, "VND-SIGN-008"),
    ("p12", lambda: b"", None, "VND-SIGN-008"),
    ("p12", lambda: credential().pkcs12(SECRET)[:-40], SECRET, "VND-SIGN-008"),
    ("pem", lambda: credential().pem(SECRET), "wrong", "VND-SIGN-001"),
    ("pem", lambda: credential().pem(SECRET), None, "VND-SIGN-002"),
    ("pem", lambda: pem_of(credential().der), None, "VND-SIGN-003"),
    ("pem", lambda: b"", None, "VND-SIGN-003"),
    ("pem", lambda: key_pem(credential().key), None, "VND-SIGN-004"),
    ("pem", _several_pem, None, "VND-SIGN-005"),
    ("pem", lambda: key_pem(credential().key) + pem_of(credential("p256").der), None, "VND-SIGN-006"),
    ("pem", _agreement, None, "VND-SIGN-007"),
    ("pem", _short, None, "VND-SIGN-007"),
    ("pem", _other_curve, None, "VND-SIGN-007"),
    (
        "pem",
        lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        None,
        "VND-SIGN-008",
    ),
    (
        "pem",
        lambda: key_pem(credential().key) + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        None,
        "VND-SIGN-008",
    ),
]


@pytest.mark.parametrize(("scheme", "content", "passphrase", "code"), BAD)
def test_bad_keys(tmp_path, scheme, content, passphrase, code):
    path = tmp_path / "key"
    path.write_bytes(content())
    with pytest.raises(KeyUnavailable) as caught:
        load_key(f"{scheme}:{path}", passphrase=None if passphrase is None else lambda: passphrase)
    assert caught.value.code == code
    assert caught.value.hint
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__context__)


def test_the_hint_for_a_missing_passphrase_names_the_option(tmp_path):
    path = tmp_path / "k.p12"
    path.write_bytes(credential().pkcs12(SECRET))
    with pytest.raises(KeyUnavailable, match="--passphrase-env"):
        load_key(f"p12:{path}")


@pytest.mark.parametrize("uri", ["", "key.p12", "p12:", "pem:", "file:/k", "pkcs11:token"])
def test_unknown_references(uri):
    with pytest.raises(ConfigError) as caught:
        load_key(uri)
    assert caught.value.code == "VND-SIGN-009"


@pytest.mark.parametrize("uri", ["p12:{0}/none", "pem:{0}", "pem:{0}/none"])
def test_unreadable_files(tmp_path, uri):
    with pytest.raises(FileError) as caught:
        load_key(uri.format(tmp_path))
    assert caught.value.code == "VND-IO-001"


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("rsa2048", SignatureAlgorithm.ECDSA_SHA256), ("p256", SignatureAlgorithm.RSA_PSS_SHA256)],
)
def test_an_algorithm_that_does_not_fit(kind, algorithm):
    one = credential(kind)
    with pytest.raises(KeyUnavailable) as caught:
        KeySigner.from_key(one.key, one.der, algorithm=algorithm)
    assert caught.value.code == "VND-SIGN-007"
    assert caught.value.facts["algorithm"] == algorithm.value


def test_an_ec_key_takes_another_hash():
    one = credential("p384")
    signer = KeySigner.from_key(one.key, one.der, algorithm=SignatureAlgorithm.ECDSA_SHA256)
    assert signer.algorithm is SignatureAlgorithm.ECDSA_SHA256


def test_key_and_certificate_differ():
    with pytest.raises(KeyUnavailable) as caught:
        KeySigner.from_key(credential().key, credential("p256").der)
    assert caught.value.code == "VND-SIGN-006"


def test_a_damaged_certificate():
    with pytest.raises(KeyUnavailable) as caught:
        KeySigner.from_key(credential().key, b"\x30\x00")
    assert caught.value.code == "VND-SIGN-008"


def test_a_key_that_is_too_short_for_the_algorithm():
    # 1024 bits hold no PSS value with SHA-512, but every size that can be loaded holds SHA-256,
    # so the refusal of the library is played by a key that refuses.
    signer = credential("p256").signer()

    class Refusing:
        def sign(self, *_):
            raise ValueError("no")

    signer._key = Refusing()
    with pytest.raises(SigningError) as caught:
        signer.sign(b"x")
    assert caught.value.code == "VND-SIGN-012"


def test_a_signer_keeps_its_key_to_itself():
    signer = credential().signer()
    assert "Người ký rsa2048" in repr(signer)
    assert "PRIVATE" not in repr(signer)
    assert str(credential().key.private_numbers().d) not in repr(signer)
    with pytest.raises(TypeError, match="load_key"):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        copy.copy(signer)


def test_a_public_identity_is_a_value():
    one = PublicIdentity(
        certificate=credential().der,
        chain=list(credential().chain),
        algorithm=SignatureAlgorithm.RSA_SHA256,
    )
    assert one.chain == credential().chain
    assert pickle.loads(pickle.dumps(one)) == one


def test_state_mismatch_is_a_signing_error():
    assert issubclass(StateMismatch, SigningError)
