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

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

import vnedoc
from benchmarks import fixtures, xml_peers
from benchmarks.edxml_write import message, peak_of
from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc import Blob
from vnedoc.edxml import write_file
from vnedoc.workflow import seal_file, sign_edxml, sign_edxml_file

Case = Callable[[], Any]

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
    sign = xml_peers.xmlsec_sign_tree(folder)

    def case() -> None:
        tree = etree.parse(str(folder / name), etree.XMLParser(huge_tree=True))
        sign(tree.getroot())
        tree.write(str(folder / f"xmlsec-{name}"), encoding="UTF-8", xml_declaration=True)

    return case


def xmlsec_20(folder: Path) -> Case:
    return _xmlsec(folder, _SMALL)


def xmlsec_200(folder: Path) -> Case:
    return _xmlsec(folder, _LARGE)


def signxml_20(folder: Path) -> Case:
    sign = xml_peers.signxml_sign_tree(folder)

    def case() -> None:
        tree = etree.parse(str(folder / _SMALL), etree.XMLParser(huge_tree=True))
        signed = sign(tree.getroot())
        etree.ElementTree(signed).write(str(folder / "signxml.edxml"), encoding="UTF-8", xml_declaration=True)

    return case


def bergshamra_20(folder: Path) -> Case:
    sign = xml_peers.bergshamra_sign(folder)
    return lambda: (folder / "bergshamra.edxml").write_bytes(sign((folder / _SMALL).read_bytes()))


def bergshamra_20_text(folder: Path) -> Case:
    text = (folder / _SMALL).read_bytes().decode()
    sign = xml_peers.bergshamra_sign_text(folder)
    return lambda: sign(text)


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
    wrong = xml_peers.wrong_judges(data, bytes(changed), folder)
    if wrong is not None:
        raise CheckFailed(wrong)
    return {}


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
            Row(
                "X8-sign-20MB",
                "pybergshamra",
                f"{_SELF}bergshamra_20",
                Goal(">=", 1.5),
                f"{_XADES}; reading, decoding and writing in the measured time",
                "pybergshamra",
            ),
            Row(
                "X8-sign-20MB-str",
                "pybergshamra",
                f"{_SELF}bergshamra_20_text",
                Goal(">=", 1.5),
                f"{_XADES}; from a str made beforehand to a str, ours from file to file",
                "pybergshamra",
            ),
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
