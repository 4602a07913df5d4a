"""X5 and X6-sign: an edXML message of 20 and of 200 MB signed from file to file, and the memory it takes.

Nothing is flushed to the disk on either side: what is measured is CPU time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

import vnedoc
from benchmarks import fixtures
from benchmarks.edxml_write import message, peak_of
from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc import Blob
from vnedoc.edxml import write_file
from vnedoc.workflow import seal_file, sign_edxml, sign_edxml_file

Case = Callable[[], Any]

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_CHAIN = ("signer.der", "issuing.der")
_SMALL, _LARGE = "sign-20.edxml", "sign-200.edxml"
_CONTENTS = {_SMALL: 15_000_000, _LARGE: 150_000_000}


def _vnedoc(folder: Path, name: str) -> Case:
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]
    signer = fixtures.signer(folder)
    return lambda: sign_edxml_file(folder / name, signer, folder / f"ours-{name}")


def vnedoc_20(folder: Path) -> Case:
    return _vnedoc(folder, _SMALL)


def vnedoc_200(folder: Path) -> Case:
    return _vnedoc(folder, _LARGE)


def vnedoc_seal_200(folder: Path) -> Case:
    """From the attachment to the sealed message, which no peer does in one."""
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]
    signer = fixtures.signer(folder)
    given = message(Blob.from_file(folder / "sign-content.bin"))
    return lambda: seal_file(given, signer, folder / "ours-sealed.edxml")


def _xmlsec(folder: Path, name: str) -> Case:
    import xmlsec

    key = xmlsec.Key.from_file(str(folder / "key.pem"), xmlsec.KeyFormat.PEM)
    for one in _CHAIN:
        key.load_cert_from_file(str(folder / one), xmlsec.KeyFormat.CERT_DER)

    def case() -> None:
        tree = etree.parse(str(folder / name), etree.XMLParser(huge_tree=True))
        root = tree.getroot()
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        root.append(signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context = xmlsec.SignatureContext()
        context.key = key
        context.sign(signature)
        tree.write(str(folder / f"xmlsec-{name}"), encoding="UTF-8", xml_declaration=True)

    return case


def xmlsec_20(folder: Path) -> Case:
    return _xmlsec(folder, _SMALL)


def xmlsec_200(folder: Path) -> Case:
    return _xmlsec(folder, _LARGE)


def signxml_20(folder: Path) -> Case:
    from signxml import XMLSigner

    key = fixtures.private_key(folder)
    chain = [x509.load_der_x509_certificate((folder / one).read_bytes()) for one in _CHAIN]
    signer = XMLSigner(c14n_algorithm=_EXCLUSIVE)

    def case() -> None:
        tree = etree.parse(str(folder / _SMALL), etree.XMLParser(huge_tree=True))
        signed = signer.sign(tree.getroot(), key=key, cert=chain)
        etree.ElementTree(signed).write(str(folder / "signxml.edxml"), encoding="UTF-8", xml_declaration=True)

    return case


def _floor(folder: Path, name: str) -> Case:
    """SHA-256 of the file in memory, and one private operation."""
    data = (folder / name).read_bytes()
    key = fixtures.private_key(folder)
    return lambda: key.sign(hashlib.sha256(data).digest(), padding.PKCS1v15(), hashes.SHA256())


def floor_20(folder: Path) -> Case:
    return _floor(folder, _SMALL)


def floor_200(folder: Path) -> Case:
    return _floor(folder, _LARGE)


# --- memory ---------------------------------------------------------------------------------------

_WORK = """
from benchmarks import fixtures
from vnedoc.workflow import seal_file, sign_edxml_file
from vnedoc.edxml import write_file
signer = fixtures.signer(folder)

def work(path):
    given = message(Blob.from_file(path))
    seal_file(given, signer, folder / "memory.edxml")
    write_file(given, folder / "memory.edxml")
    sign_edxml_file(folder / "memory.edxml", signer, folder / "memory.edxml")
"""


def peak_200(folder: Path) -> Case:
    return peak_of(folder, 200_000_000, _WORK)


# --- cross-checks ---------------------------------------------------------------------------------


def _prepare(folder: Path) -> Mapping[str, str]:
    fixtures.build(folder)
    if (folder / _LARGE).exists():
        return {}
    random_octets = random.Random(150).randbytes(_CONTENTS[_LARGE])  # noqa: S311 - the same each time
    for name, size in _CONTENTS.items():
        (folder / "sign-content.bin").write_bytes(random_octets[:size])
        write_file(message(Blob.from_file(folder / "sign-content.bin")), folder / name)
    at = dt.datetime.now(dt.UTC)
    signer = fixtures.signer(folder)
    sealed = sign_edxml_file(folder / _SMALL, signer, folder / "checked.edxml", signing_time=at)
    if sealed.read() != sign_edxml(folder / _SMALL, signer, signing_time=at).read():
        raise CheckFailed("the file is not what signing in memory gives")
    if not vnedoc.verify(sealed, fixtures.policy(folder)).passed:
        raise CheckFailed("our own sealed file does not pass")
    data = sealed.read()
    changed = bytearray(data)
    changed[-1_000_000] ^= 1
    if not _xmlsec_accepts(data, folder):
        raise CheckFailed("xmlsec does not accept our sealed file")
    if _xmlsec_accepts(bytes(changed), folder):
        raise CheckFailed("xmlsec accepts a changed file, so it judges nothing")
    return {}


def _xmlsec_accepts(data: bytes, folder: Path) -> bool:
    import xmlsec

    manager = xmlsec.KeysManager()
    manager.load_cert(str(folder / "root.pem"), xmlsec.KeyFormat.PEM, xmlsec.KeyDataType.TRUSTED)
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    xmlsec.tree.add_ids(root, ["Id"])
    try:
        xmlsec.SignatureContext(manager).verify(xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE))
    except xmlsec.Error:
        return False
    return True


_XADES = "ours is XAdES B-B with two references, the peer's plain XMLDSig with one"
_FLOOR = "SHA-256 and one private operation"
_SELF = "benchmarks.edxml_seal:"

GROUPS = (
    Group(
        id="X5",
        ours=f"{_SELF}vnedoc_20",
        rows=(
            Row("X5-20MB", "python-xmlsec", f"{_SELF}xmlsec_20", Goal(">=", 2.5), _XADES, "xmlsec"),
            Row("X5-20MB-signxml", "signxml", f"{_SELF}signxml_20", Goal(">=", 4), _XADES, "signxml"),
            Row("X5-20MB-floor", _FLOOR, f"{_SELF}floor_20", Goal("<=", 4)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X5",
        ours=f"{_SELF}vnedoc_200",
        rows=(
            Row("X5-200MB", "python-xmlsec", f"{_SELF}xmlsec_200", Goal(">=", 2.5), _XADES, "xmlsec"),
            Row("X5-200MB-floor", _FLOOR, f"{_SELF}floor_200", Goal("<=", 4)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X5-seal",
        ours=f"{_SELF}vnedoc_seal_200",
        rows=(
            Row(
                "X5-seal",
                _FLOOR,
                f"{_SELF}floor_200",
                Goal("<=", 6),
                "from the attachment's file to the sealed message; the floor only hashes",
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X6-sign",
        ours=f"{_SELF}peak_200",
        rows=(Row("X6-sign", "1 MB", "benchmarks.edxml_write:one", Goal("<=", 16)),),
        prepare=_prepare,
        unit="MB over start",
    ),
)
