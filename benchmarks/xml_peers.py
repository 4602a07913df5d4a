"""How signxml, python-xmlsec and pybergshamra sign and verify XML, each as its documentation says.

Keys and certificates are loaded beforehand wherever the interface lets them be. All sign with RSA of 2048
bits, SHA-256, exclusive canonicalisation and an enveloped signature, and carry the same two certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from lxml import etree

from benchmarks import fixtures

Verify = Callable[[bytes], object]
"""Raises for what it refuses; the chain is built to the throwaway root each time."""

Sign = Callable[[bytes], bytes]

CHAIN = ("signer.der", "issuing.der")
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def tree_of(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(huge_tree=True))


# --- signxml --------------------------------------------------------------------------------------


def signxml_verify(folder: Path) -> Verify:
    from signxml import SignatureConfiguration, XMLVerifier

    # Two references: the document and the signed properties.
    expected = SignatureConfiguration(expect_references=2)
    root = str(folder / "root.pem")
    return lambda data: XMLVerifier().verify(tree_of(data), ca_pem_file=root, expect_config=expected)


def signxml_sign_tree(folder: Path) -> Callable[[Any], Any]:
    from signxml import XMLSigner

    key = fixtures.private_key(folder)
    chain = [x509.load_der_x509_certificate((folder / name).read_bytes()) for name in CHAIN]
    signer = XMLSigner(c14n_algorithm=_EXCLUSIVE)
    return lambda root: signer.sign(root, key=key, cert=chain)


def signxml_sign(folder: Path) -> Sign:
    sign = signxml_sign_tree(folder)
    return lambda data: etree.tostring(sign(etree.fromstring(data)))


# --- python-xmlsec --------------------------------------------------------------------------------


def xmlsec_verify_tree(folder: Path) -> Callable[[Any], None]:
    import xmlsec

    manager = xmlsec.KeysManager()
    manager.load_cert(str(folder / "root.pem"), xmlsec.KeyFormat.PEM, xmlsec.KeyDataType.TRUSTED)

    def verify(root: Any) -> None:
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext(manager)
        context.verify(xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE))

    return verify


def xmlsec_verify(folder: Path) -> Verify:
    verify = xmlsec_verify_tree(folder)
    return lambda data: verify(tree_of(data))


def xmlsec_sign_tree(folder: Path) -> Callable[[Any], None]:
    import xmlsec

    key = xmlsec.Key.from_file(str(folder / "key.pem"), xmlsec.KeyFormat.PEM)
    for name in CHAIN:
        key.load_cert_from_file(str(folder / name), xmlsec.KeyFormat.CERT_DER)

    def sign(root: Any) -> None:
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        root.append(signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(signature)

    return sign


def xmlsec_sign(folder: Path) -> Sign:
    sign = xmlsec_sign_tree(folder)

    def case(data: bytes) -> bytes:
        root = tree_of(data)
        sign(root)
        octets: bytes = etree.tostring(root)
        return octets

    return case


# --- pybergshamra ---------------------------------------------------------------------------------


def bergshamra_verify_text(folder: Path) -> Callable[[str], None]:
    """Verify a ``str``, which is what it takes."""
    import pybergshamra

    manager = pybergshamra.KeysManager()
    manager.add_trusted_cert((folder / "root.der").read_bytes())
    # Its strict mode refuses the reference to the signed properties, and keys that are carried.
    context = pybergshamra.DsigContext(manager, trusted_keys_only=False, strict_verification=False)

    def verify(text: str) -> None:
        result = pybergshamra.verify(context, text)
        if not (result and result.all_reference_digests_verified):
            raise ValueError(result.reason)

    return verify


def bergshamra_verify(folder: Path) -> Verify:
    verify = bergshamra_verify_text(folder)
    return lambda data: verify(data.decode())


def bergshamra_sign_text(folder: Path) -> Callable[[str], str]:
    import pybergshamra

    manager = pybergshamra.KeysManager()
    manager.add_key(pybergshamra.load_rsa_private_pem((folder / "key.pem").read_bytes()))
    context = pybergshamra.DsigContext(manager)
    chain = "".join((folder / name).read_text() for name in ("signer.pem", "issuing.pem"))
    return lambda text: pybergshamra.sign_enveloped(context, text, cert_pem=chain)


def bergshamra_sign(folder: Path) -> Sign:
    sign = bergshamra_sign_text(folder)
    return lambda data: sign(data.decode()).encode()


# --- as judges ------------------------------------------------------------------------------------

_JUDGES: dict[str, Callable[[Path], Verify]] = {
    "signxml": signxml_verify,
    "xmlsec": xmlsec_verify,
    "pybergshamra": bergshamra_verify,
}


def accepts(name: str, data: bytes, folder: Path) -> bool:
    """Tell whether a peer accepts a signed document, ``False`` also where it is not installed."""
    try:
        _JUDGES[name](folder)(data)
    except Exception:  # noqa: BLE001 - each peer refuses with classes of its own
        return False
    return True


def wrong_judges(good: bytes, changed: bytes, folder: Path, *names: str) -> str | None:
    """Say what is wrong with the answers of the peers; all that are named and can answer must be right."""
    accepting = [name for name in names or _JUDGES if accepts(name, good, folder)]
    if not accepting:
        return f"none of {', '.join(names or _JUDGES)} accepts our signature"
    fooled = [name for name in accepting if accepts(name, changed, folder)]
    return f"{', '.join(fooled)} accepts a changed file, so it judges nothing" if fooled else None
