import logging
import os
import pickle
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from trust_builders import AT, errors, judge, make, name, root, rsa_key

from vnedoc.errors import ConfigError, DecodeError, FileError, VnedocError
from vnedoc.protocols import RevocationSource, TrustSource
from vnedoc.trust import (
    Material,
    RevocationStore,
    TrustStore,
    identity_of,
    load_material,
    public_key_of,
)


@pytest.fixture(scope="module")
def top():
    return root()


@pytest.fixture(scope="module")
def leaf(top):
    return top.issue("A")


def crl_pem(entity):
    return x509.load_der_x509_crl(entity.crl()).public_bytes(Encoding.PEM)


def private_pem(entity):
    return entity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def put(folder, **files):
    for stem, data in files.items():
        (folder / stem.replace("__", ".")).write_bytes(data)
    return folder


# --- files ----------------------------------------------------------------------------------------


def test_pem_holds_several_objects(tmp_path, top, leaf):
    text = b"Bag Attributes\n" + leaf.pem + private_pem(leaf) + top.pem + crl_pem(top) + leaf.pem
    put(tmp_path, all__txt=text)
    found = load_material(tmp_path / "all.txt")
    assert found.certificates == (leaf.der, top.der)
    assert len(found.crls) == 1


def test_der_certificate_and_list(tmp_path, top):
    crl = top.crl()
    put(tmp_path, a__cer=top.der, b__crl=crl)
    assert load_material(tmp_path / "a.cer") == Material(certificates=(top.der,))
    assert load_material(str(tmp_path / "b.crl")) == Material(crls=(crl,))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_pkcs7(tmp_path, top, leaf, encoding):
    bundle = pkcs7.serialize_certificates([leaf.certificate, top.certificate], encoding)
    put(tmp_path, a__p7b=bundle)
    assert set(load_material(tmp_path / "a.p7b").certificates) == {leaf.der, top.der}


def test_folder_is_read_by_suffix_sorted_and_flat(tmp_path, top, leaf):
    put(tmp_path, b__PEM=top.pem, a__crt=leaf.der, c__txt=b"?", d__crl=top.crl(), e__pem=private_pem(leaf))
    (tmp_path / "sub.pem").mkdir()
    put(tmp_path / "sub.pem", x__pem=b"-----BEGIN CERTIFICATE-----")
    found = load_material(tmp_path)
    assert found.certificates == (leaf.der, top.der)
    assert len(found.crls) == 1


def test_nothing_found_is_an_error(tmp_path, leaf):
    put(tmp_path, key__pem=private_pem(leaf))
    for path in (tmp_path, tmp_path / "key.pem"):
        with pytest.raises(ConfigError) as caught:
            load_material(path)
        assert caught.value.code == "VND-TRUST-001"
        assert caught.value.facts["path"] == str(path)
        assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"hello",
        b"\x30\x82\x01",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n",
        b"-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n",
        b"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n",
    ],
)
def test_damaged_file_is_an_error_by_itself_and_in_a_folder(tmp_path, top, damaged):
    put(tmp_path, a__crl=damaged, b__pem=top.pem)
    for path in (tmp_path, tmp_path / "a.crl"):
        with pytest.raises(ConfigError) as caught:
            load_material(path)
        assert caught.value.code == "VND-TRUST-004"
        assert caught.value.path == str(tmp_path / "a.crl")
        assert caught.value.facts.keys() == {"path", "cause"}


@pytest.mark.parametrize("missing", ["nowhere.pem", "no\0where.pem"])
def test_unreadable_path(tmp_path, missing):
    with pytest.raises(FileError) as caught:
        load_material(tmp_path / missing)
    assert caught.value.code == "VND-IO-001"
    assert caught.value.facts["reason"]


@pytest.mark.parametrize("target", ["a.pem", "."])
def test_no_permission(tmp_path, top, target, monkeypatch):
    put(tmp_path, a__pem=top.pem)

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(FileError) as caught:
        load_material(tmp_path / target)
    assert caught.value.code == "VND-IO-001"


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(max_size=400), head=st.sampled_from([b"", b"-----BEGIN CERTIFICATE-----\n", b"\x30\x82"])
)
def test_any_octets_give_material_or_a_typed_error(tmp_path_factory, data, head):
    path = tmp_path_factory.getbasetemp() / "any.pem"
    path.write_bytes(head + data)
    try:
        load_material(path)
    except VnedocError as error:
        assert error.code in {"VND-TRUST-001", "VND-TRUST-004"}  # noqa: PT017


# --- stores ---------------------------------------------------------------------------------------


def test_stores_fit_the_ports():
    trust: TrustSource = TrustStore()
    revocation: RevocationSource = RevocationStore()
    assert trust.anchors() == ()
    assert trust.certificates() == ()
    assert revocation.crls() == ()


def test_stores_are_values(top, leaf):
    one = TrustStore.from_der([top.der, top.der], iter([leaf.der]))
    two = TrustStore.from_der((top.der,), (leaf.der,))
    assert one == two
    assert hash(one) == hash(two)
    assert one != TrustStore.from_der([top.der])
    assert one.anchors() == (top.der,)
    assert pickle.loads(pickle.dumps(one)) == one
    crl = top.crl()
    lists = RevocationStore.from_der([crl, crl])
    assert lists == RevocationStore.from_der([crl])
    assert pickle.loads(pickle.dumps(lists)) == lists
    assert len(repr(one)) < 100
    with pytest.raises(AttributeError):
        one._anchors = ()


def test_from_paths(tmp_path, top, leaf):
    put(tmp_path, top__pem=top.pem, leaf__pem=leaf.pem, list__crl=top.crl())
    store = TrustStore.from_paths([tmp_path / "top.pem"], [tmp_path])
    assert store.anchors() == (top.der,)
    assert set(store.certificates()) == {top.der, leaf.der}
    crl = tmp_path / "list.crl"
    assert RevocationStore.from_paths([tmp_path, crl]).crls() == (crl.read_bytes(),)
    for one in (tmp_path / "top.pem", str(tmp_path / "top.pem")):
        assert TrustStore.from_paths(one, one) == TrustStore.from_paths([one], [one])
    for one in (crl, str(crl)):
        assert RevocationStore.from_paths(one) == RevocationStore.from_paths([one])
    assert TrustStore.from_paths([]) == TrustStore()
    assert RevocationStore.from_paths([]) == RevocationStore()


def test_leaf_is_no_anchor(tmp_path, top, leaf):
    put(tmp_path, leaf__pem=leaf.pem)
    with pytest.raises(ConfigError) as caught:
        TrustStore.from_der([leaf.der])
    assert caught.value.code == "VND-TRUST-002"
    assert caught.value.facts == {"subject": "CN=A", "issuer": "CN=Gốc"}
    assert "--cert" in caught.value.hint
    with pytest.raises(ConfigError) as caught:
        TrustStore.from_paths([tmp_path])
    assert caught.value.path == str(tmp_path)
    TrustStore.from_paths([], [tmp_path])


def test_expired_anchor_may_be_configured():
    old = root("Cũ", not_before=AT.replace(year=2000), not_after=AT.replace(year=2001))
    assert TrustStore.from_der([old.der]).anchors() == (old.der,)


def test_malformed_certificates_are_refused(top):
    with pytest.raises(DecodeError) as caught:
        TrustStore.from_der([b"\x30\x00"])
    assert caught.value.code == "VND-TRUST-003"
    with pytest.raises(DecodeError):
        TrustStore.from_der([top.der], [b""])


def test_readable_file_with_an_unusable_certificate(tmp_path):
    from asn1crypto import x509 as asn1

    parsed = asn1.Certificate.load(root(key=rsa_key(2048)).der)
    extensions = parsed["tbs_certificate"]["extensions"]
    extensions.append(extensions[0])
    put(tmp_path, twice__pem=parsed.dump(force=True))
    for call in (lambda: TrustStore.from_paths([tmp_path]), lambda: TrustStore.from_paths([], [tmp_path])):
        with pytest.raises(ConfigError) as caught:
            call()
        assert caught.value.code == "VND-TRUST-004"


def test_wrong_kind_of_material(tmp_path, top):
    put(tmp_path, list__crl=top.crl(), top__pem=top.pem)
    for call in (
        lambda: TrustStore.from_paths([tmp_path / "list.crl"]),
        lambda: TrustStore.from_paths([], [tmp_path / "list.crl"]),
        lambda: RevocationStore.from_paths([tmp_path / "top.pem"]),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert caught.value.code == "VND-TRUST-001"


# --- identity -------------------------------------------------------------------------------------


def test_identity_is_readable():
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sở Thông tin, Một"),
            x509.NameAttribute(NameOID.TITLE, "Giám đốc"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Nguye\u0302\u0303n Va\u0306n A"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@example.vn"),
            x509.NameAttribute(NameOID.USER_ID, "MST:0100000000"),
        ]
    )
    entity = make(subject, serial=0xABC123)
    seen = identity_of(entity.der)
    assert (
        seen.subject
        == "UID=MST:0100000000,E=a@example.vn,CN=Nguyễn Văn A,T=Giám đốc,O=Sở Thông tin\\, Một,C=VN"
    )
    assert seen.issuer == seen.subject
    assert seen.serial == "abc123"
    assert seen.certificate == entity.der
    assert (seen.role, seen.organ_id) == (None, None)


def test_identity_hides_nothing_in_unprintable_characters():
    seen = identity_of(make(name("A\u202eB\x1b[2J")).der)
    assert seen.subject == "CN=A\\e2\\80\\aeB\\1b[2J"


def test_public_key_is_the_one_of_the_certificate(leaf):
    assert public_key_of(leaf.der) == leaf.key.public_key()


def test_odd_but_readable_certificates_make_no_noise(caplog):
    for serial in (0, -5):
        der = _odd(make(name("Tên"), key=rsa_key(2048)), serial, "Văn phòng Ủy ban nhân dân " * 5)
        with warnings.catch_warnings(record=True) as seen, caplog.at_level(logging.DEBUG):
            warnings.simplefilter("always")
            assert identity_of(der).serial == f"{serial:x}"
        assert [str(one) for one in seen] == []
    assert caplog.records == []


def _odd(entity, serial, common_name):
    """A serial that is not positive and a name above 64 octets, which the library remarks on."""
    from asn1crypto import x509 as asn1

    parsed = asn1.Certificate.load(entity.der)
    parsed["tbs_certificate"]["serial_number"] = serial
    parsed["tbs_certificate"]["subject"] = asn1.Name.build({"common_name": common_name})
    return parsed.dump(force=True)


def test_malformed_certificate_is_a_typed_error():
    for call in (identity_of, public_key_of):
        with pytest.raises(DecodeError) as caught:
            call(b"\x30\x03\x02\x01\x01")
        assert caught.value.code == "VND-TRUST-003"
        assert caught.value.facts["cause"]


def test_oversized_certificate_is_refused(top):
    bulk = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), os.urandom(70_000))
    with pytest.raises(DecodeError):
        identity_of(top.issue("A", extensions=[(bulk, False)]).der)


def test_key_of_an_unknown_kind():
    authority = root(key=rsa_key(2048))
    known = authority.issue("A").der
    odd = known.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0909"))
    assert odd != known
    octets = x509.load_der_x509_certificate(odd).tbs_certificate_bytes
    changed = odd[:-256] + authority.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    assert identity_of(changed).subject == "CN=A"
    with pytest.raises(DecodeError) as caught:
        public_key_of(changed)
    assert caught.value.code == "VND-TRUST-003"
    assert errors(judge(changed, anchors=[authority])) == {"022"}


def test_anchor_with_a_key_of_an_unknown_kind_verifies_nothing(top, leaf):
    odd = top.der.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0909"))
    assert errors(judge(leaf, anchors=[odd])) == {"010"}


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_change_of_a_certificate_gives_an_identity_or_a_typed_error(data):
    der = bytearray(_SAMPLE.der)
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    for call in (identity_of, public_key_of):
        try:
            call(bytes(der))
        except DecodeError as error:
            assert error.code == "VND-TRUST-003"  # noqa: PT017


_SAMPLE = root().issue("Nguyễn Văn A", purposes=["1.3.6.1.5.5.7.3.36"])
