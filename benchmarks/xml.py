"""X1 and X2: an enveloped signature on an XML document of 6 KB, RSA of 2048 bits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

import vnedoc
from benchmarks import fixtures
from benchmarks.runner import CheckFailed, Goal, Group, Row

Case = Callable[[], Any]

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


# --- signing --------------------------------------------------------------------------------------


def vnedoc_sign(folder: Path) -> Case:
    signer = fixtures.signer(folder)
    data = (folder / "document.xml").read_bytes()
    return lambda: vnedoc.sign_xml(data, signer).read()


def signxml_sign(folder: Path) -> Case:
    from signxml import XMLSigner

    data = (folder / "document.xml").read_bytes()
    key = fixtures.private_key(folder)
    chain = [x509.load_der_x509_certificate((folder / name).read_bytes()) for name in _CHAIN]
    signer = XMLSigner(c14n_algorithm=_EXCLUSIVE)
    return lambda: etree.tostring(signer.sign(etree.fromstring(data), key=key, cert=chain))


def xmlsec_sign(folder: Path) -> Case:
    import xmlsec

    data = (folder / "document.xml").read_bytes()
    key = xmlsec.Key.from_file(str(folder / "key.pem"), xmlsec.KeyFormat.PEM)
    for name in _CHAIN:
        key.load_cert_from_file(str(folder / name), xmlsec.KeyFormat.CERT_DER)

    def case() -> bytes:
        root = etree.fromstring(data)
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        root.append(signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(signature)
        octets: bytes = etree.tostring(root)
        return octets

    return case


_CHAIN = ("signer.der", "issuing.der")


def sign_floor(folder: Path) -> Case:
    """SHA-256 of the input, and one private operation."""
    data = (folder / "document.xml").read_bytes()
    key = fixtures.private_key(folder)
    return lambda: key.sign(hashlib.sha256(data).digest(), padding.PKCS1v15(), hashes.SHA256())


# --- verifying ------------------------------------------------------------------------------------


def vnedoc_verify(folder: Path) -> Case:
    data = (folder / "signed.xml").read_bytes()
    policy = fixtures.policy(folder)
    return lambda: vnedoc.verify(data, policy)


def signxml_verify(folder: Path) -> Case:
    data = (folder / "signed.xml").read_bytes()
    return lambda: _signxml_verify(data, folder)


def _signxml_verify(data: bytes, folder: Path) -> Any:
    from signxml import SignatureConfiguration, XMLVerifier

    # Two references: the document and the signed properties.
    expected = SignatureConfiguration(expect_references=2)
    return XMLVerifier().verify(data, ca_pem_file=str(folder / "root.pem"), expect_config=expected)


def xmlsec_verify(folder: Path) -> Case:
    data = (folder / "signed.xml").read_bytes()
    return lambda: _xmlsec_verify(data, folder)


def _xmlsec_verify(data: bytes, folder: Path, _managers: dict[Path, Any] = {}) -> None:  # noqa: B006 - made once
    import xmlsec

    if folder not in _managers:
        manager = xmlsec.KeysManager()
        manager.load_cert(str(folder / "root.pem"), xmlsec.KeyFormat.PEM, xmlsec.KeyDataType.TRUSTED)
        _managers[folder] = manager
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext(_managers[folder])
    context.verify(xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE))


def verify_floor(folder: Path) -> Case:
    """SHA-256 of the input, and three public operations: the signature and two certificates."""
    data = (folder / "document.xml").read_bytes()
    key = fixtures.private_key(folder)
    public = key.public_key()
    signature = key.sign(data[:300], padding.PKCS1v15(), hashes.SHA256())

    def case() -> None:
        hashlib.sha256(data).digest()
        for _ in range(3):
            public.verify(signature, data[:300], padding.PKCS1v15(), hashes.SHA256())

    return case


# --- cross-checks ---------------------------------------------------------------------------------


def _prepare(folder: Path) -> Mapping[str, str]:
    fixtures.build(folder)
    signed = vnedoc_sign(folder)()
    (folder / "signed.xml").write_bytes(signed)
    policy = fixtures.policy(folder)
    changed = fixtures.tampered(signed, "Đơn vị 7<".encode(), "Đơn vị 8<".encode())
    if not vnedoc.verify(signed, policy).passed:
        raise CheckFailed("our own signed XML does not pass")
    if vnedoc.verify(changed, policy).passed:
        raise CheckFailed("a changed XML passes")
    accepting = [name for name, judge in _JUDGES.items() if _accepts(judge, signed, folder)]
    if not accepting:
        raise CheckFailed(f"none of {', '.join(_JUDGES)} accepts our signed XML")
    for name in accepting:
        if _accepts(_JUDGES[name], changed, folder):
            raise CheckFailed(f"{name} accepts a changed XML, so it judges nothing")
    return {}


_JUDGES: dict[str, Callable[[bytes, Path], Any]] = {"signxml": _signxml_verify, "xmlsec": _xmlsec_verify}


def _accepts(judge: Callable[[bytes, Path], Any], data: bytes, folder: Path) -> bool:
    try:
        judge(data, folder)
    except Exception:  # noqa: BLE001 - each peer refuses with classes of its own
        return False
    return True


_XADES = "ours is XAdES B-B with two references, the peer's plain XMLDSig with one"

GROUPS = (
    Group(
        id="X1",
        ours="benchmarks.xml:vnedoc_sign",
        rows=(
            Row("X1", "signxml", "benchmarks.xml:signxml_sign", Goal(">=", 1.6), _XADES, "signxml"),
            Row(
                "X1-xmlsec", "python-xmlsec", "benchmarks.xml:xmlsec_sign", Goal(">=", 1.6), _XADES, "xmlsec"
            ),
            Row(
                "X1-floor", "SHA-256 and one private operation", "benchmarks.xml:sign_floor", Goal("<=", 1.6)
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X2",
        ours="benchmarks.xml:vnedoc_verify",
        rows=(
            Row("X2", "signxml", "benchmarks.xml:signxml_verify", Goal(">=", 3), package="signxml"),
            Row(
                "X2-xmlsec",
                "python-xmlsec",
                "benchmarks.xml:xmlsec_verify",
                Goal(">=", 1.6),
                package="xmlsec",
            ),
            Row(
                "X2-floor",
                "SHA-256 and three public operations",
                "benchmarks.xml:verify_floor",
                Goal("<=", 5),
            ),
        ),
        prepare=_prepare,
    ),
)
