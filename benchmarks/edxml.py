"""E1, E2 and E4: a message of 200 MB read from a file, and the memory that reading takes.

Equal work on all sides: parse, decode the base64 strictly, and take the SHA-256 of each attachment.
"""

from __future__ import annotations

import base64
import hashlib
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from lxml import etree

from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc.edxml import read_file
from vnedoc.errors import DecodeError

Case = Callable[[], Any]

_FILES = 4
_CONTENT = 37_500_000  # octets; four of them are 200 MB of base64
_BLOCK = 57 * 4096  # octets; lines of 76 characters without a rest
_CHUNK = 1 << 16
_FLOOR_CHUNK = 1 << 17
_QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_CODED = f"{{{_QCVN}}}ContentTransferEncoded"


# --- ours -----------------------------------------------------------------------------------------


def vnedoc_read(folder: Path) -> Case:
    return lambda: _read(folder / "plain.edxml")


def vnedoc_read_crlf(folder: Path) -> Case:
    return lambda: _read(folder / "crlf.edxml")


def vnedoc_read_wrapped(folder: Path) -> Case:
    return lambda: _read(folder / "wrapped.edxml")


def vnedoc_read_digest(folder: Path) -> Case:
    return lambda: read_file(folder / "plain.edxml")


def _read(path: Path) -> list[str]:
    return [one.blob.digest for one in read_file(path, digest=False).decoded.message.attachments]  # type: ignore[union-attr]


# --- peers ----------------------------------------------------------------------------------------


def lxml_tree(folder: Path) -> Case:
    return lambda: _lxml_tree(folder / "plain.edxml")


def lxml_tree_crlf(folder: Path) -> Case:
    return lambda: _lxml_tree(folder / "crlf.edxml")


def lxml_iterparse(folder: Path) -> Case:
    return lambda: _lxml_iterparse(folder / "plain.edxml")


def expat_read(folder: Path) -> Case:
    return lambda: _expat(folder / "plain.edxml")


def expat_read_crlf(folder: Path) -> Case:
    return lambda: _expat(folder / "crlf.edxml")


def expat_read_wrapped(folder: Path) -> Case:
    return lambda: _expat(folder / "wrapped.edxml")


def _lxml_tree(path: Path) -> list[str]:
    tree = etree.parse(path, etree.XMLParser(huge_tree=True))
    return [_decoded(element.text or "") for element in tree.iter(_CODED)]


def _lxml_iterparse(path: Path) -> list[str]:
    found = []
    for _, element in etree.iterparse(path, events=("end",), tag=_CODED, huge_tree=True):
        found.append(_decoded(element.text or ""))
        element.clear()
    return found


def _decoded(text: str) -> str:
    import pybase64

    packed = text.encode("ascii").translate(None, b" \t\r\n") if "\n" in text else text
    octets = pybase64.b64decode(packed, validate=True)
    return "sha256:" + hashlib.sha256(octets).hexdigest()


def _expat(path: Path) -> list[str]:
    """Decode and hash as the text comes; nothing is kept."""
    import pybase64

    found: list[str] = []
    hasher: Any = None
    rest = b""

    def start(name: str, _attributes: object) -> None:
        nonlocal hasher, rest
        if name.endswith("ContentTransferEncoded"):
            hasher, rest = hashlib.sha256(), b""
            parser.CharacterDataHandler = text

    def text(characters: str) -> None:
        nonlocal rest
        packed = rest + characters.encode("ascii")
        if b"\n" in packed:
            packed = packed.translate(None, b" \t\r\n")
        whole = len(packed) & ~3
        hasher.update(pybase64.b64decode(packed[:whole], validate=True))
        rest = packed[whole:]

    def end(name: str) -> None:
        if name.endswith("ContentTransferEncoded"):
            assert not rest
            found.append("sha256:" + hasher.hexdigest())
            parser.CharacterDataHandler = None

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            parser.Parse(chunk, False)  # noqa: FBT003 - a C signature
    parser.Parse(b"", True)  # noqa: FBT003 - a C signature
    return found


# --- floors ---------------------------------------------------------------------------------------


def floor_read_b64_sha(folder: Path) -> Case:
    """Reading, base64 and SHA-256 of as many octets, and nothing of XML."""
    return lambda: _floor(folder / "pure.b64", digest=False)


def floor_with_digest(folder: Path) -> Case:
    """The same, and SHA-256 of the file too."""
    return lambda: _floor(folder / "pure.b64", digest=True)


def _floor(path: Path, *, digest: bool) -> str:
    import pybase64

    content, file = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(_FLOOR_CHUNK):
            content.update(pybase64.b64decode(piece, validate=True))
            if digest:
                file.update(piece)
    return content.hexdigest()


# --- how fast base64 is decoded -------------------------------------------------------------------


def pybase64_decode(folder: Path) -> Case:
    import pybase64

    text = (folder / "pure.b64").read_bytes()[:_FLOOR_CHUNK]
    return lambda: pybase64.b64decode(text, validate=True)


def binascii_decode(folder: Path) -> Case:
    import binascii

    text = (folder / "pure.b64").read_bytes()[:_FLOOR_CHUNK]
    return lambda: binascii.a2b_base64(text, strict_mode=True)


# --- memory ---------------------------------------------------------------------------------------

_PEAK = """
import sys
from vnedoc.edxml import read_file
from vnedoc.model import Limits

def peak():
    # Not ru_maxrss, which a process inherits from the one that started it.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

limits = Limits(file_bytes=1 << 32, attachment_bytes=1 << 32, total_bytes=1 << 32)
read_file(sys.argv[1], limits=limits)
before = peak()
read_file(sys.argv[2], limits=limits)
print((peak() - before) * 1024)
"""


def peak_20(folder: Path) -> Case:
    return _peak(folder, 20_000_000)


def peak_1000(folder: Path) -> Case:
    return _peak(folder, 1_000_000_000)


def peak_20_crlf(folder: Path) -> Case:
    return _peak(folder, 20_000_000, wrapped=True)


def peak_1000_crlf(folder: Path) -> Case:
    return _peak(folder, 1_000_000_000, wrapped=True)


def _peak(folder: Path, size: int, *, wrapped: bool = False) -> Case:
    """Give megabytes over start that reading takes, in a process of its own."""
    small, big = folder / "small.edxml", folder / f"memory-{size}-{wrapped:d}.edxml"
    write_message(small, 10_000)
    write_message(big, size // _FILES // 4 * 3, end="\r\n" if wrapped else "\n", wrapped=wrapped)

    def case() -> float:
        command = [sys.executable, "-c", _PEAK, str(small), str(big)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e6

    case.gives_value = True  # type: ignore[attr-defined]
    return case


# --- fixtures and cross-checks --------------------------------------------------------------------

_START = """<?xml version="1.0" encoding="utf-8"?>
<edXML xmlns="{space}">
<edXML:edXMLEnvelope xmlns:edXML="{space}">
<edXML:edXMLHeader>
<edXML:MessageHeader>
<edXML:From><edXML:OrganId>H99.1</edXML:OrganId></edXML:From>
<edXML:To><edXML:OrganId>H99.2</edXML:OrganId></edXML:To>
<edXML:Code><edXML:CodeNumber>15</edXML:CodeNumber><edXML:CodeNotation>STNA-VP</edXML:CodeNotation></edXML:Code>
<edXML:Subject>V/v thử nghiệm tệp lớn{subject}</edXML:Subject>
</edXML:MessageHeader>
</edXML:edXMLHeader>
<edXML:edXMLBody>
<edXML:edXMLManifest version="1.0">{references}</edXML:edXMLManifest>
</edXML:edXMLBody>
</edXML:edXMLEnvelope>
<AttachmentEncoded>
"""
_REFERENCE = """
<edXML:Reference>
<edXML:ContentId>cid:{number}</edXML:ContentId>
<edXML:AttachmentName>to-{number}.bin</edXML:AttachmentName>
</edXML:Reference>"""
_ATTACHMENT = """<Attachment>
<ContentId>cid:{number}</ContentId>
<AttachmentName>to-{number}.bin</AttachmentName>
<ContentTransferEncoded>|</ContentTransferEncoded>
</Attachment>
"""


def write_message(
    path: Path, octets: int, *, end: str = "\n", subject: str = "", wrapped: bool = False
) -> None:
    """Write a message with four attachments of that size, one after the other and none of them in memory."""
    references = "".join(_REFERENCE.format(number=number) for number in range(_FILES))
    start = _START.format(space=_QCVN, subject=subject, references=references)
    chance = random.Random(200)  # noqa: S311 - the same octets each time
    with path.open("wb") as handle:
        handle.write(start.replace("\n", end).encode())
        for number in range(_FILES):
            before, _, after = _ATTACHMENT.replace("\n", end).format(number=number).partition("|")
            handle.write(before.encode())
            handle.writelines(_base64(chance.randbytes(_BLOCK), octets, end if wrapped else ""))
            handle.write(after.encode())
        handle.write(f"</AttachmentEncoded>{end}</edXML>{end}".encode())


def _base64(block: bytes, octets: int, end: str) -> Iterator[bytes]:
    while octets > 0:
        text = base64.b64encode(block[:octets])
        if end:
            text = b"".join(text[at : at + 76] + end.encode() for at in range(0, len(text), 76))
        for _ in range(max(octets // len(block), 1)):
            yield text
            octets -= len(block)


_MADE: dict[str, dict[str, Any]] = {
    "plain.edxml": {},
    "crlf.edxml": {"end": "\r\n", "subject": " &amp; C"},
    "wrapped.edxml": {"end": "\r\n", "wrapped": True},
}


def _prepare(folder: Path) -> Mapping[str, str]:
    if (folder / "pure.b64").exists():
        return {}
    for name, form in _MADE.items():
        write_message(folder / name, _CONTENT, **form)
        digests = _read(folder / name)
        for peer in (_lxml_tree, _lxml_iterparse, _expat):
            if peer(folder / name) != digests:
                raise CheckFailed(f"{peer.__name__} reads other contents out of {name}")
    with (folder / "pure.b64").open("wb") as handle:
        handle.writelines(_base64(random.Random(200).randbytes(_BLOCK), _CONTENT * _FILES, ""))  # noqa: S311
    _refuse_changes(folder)
    return {}


def _refuse_changes(folder: Path) -> None:
    changed = folder / "changed.edxml"
    write_message(changed, 1_000_000)
    digests = _read(changed)
    data = bytearray(changed.read_bytes())
    data[-500] = ord("A") if data[-500] != ord("A") else ord("B")
    changed.write_bytes(data)
    if _read(changed)[-1] == digests[-1]:
        raise CheckFailed("a changed content has the same digest")
    data[-500] = ord("*")
    changed.write_bytes(data)
    try:
        _read(changed)
    except DecodeError:
        return
    raise CheckFailed("what is not base64 was read")


_SELF = "benchmarks.edxml:"
_FLOOR = "reading, base64 and SHA-256"
_LEFT_OUT = "the digest of the whole file left out"

GROUPS = (
    Group(
        id="E1",
        ours=f"{_SELF}vnedoc_read",
        rows=(
            Row("E1", "lxml tree", f"{_SELF}lxml_tree", Goal(">=", 4), _LEFT_OUT, "lxml"),
            Row("E1-iterparse", "lxml.iterparse", f"{_SELF}lxml_iterparse", Goal(">=", 3.5), "", "lxml"),
            Row("E1-expat", "expat", f"{_SELF}expat_read", Goal(">=", 2.5)),
            Row("E1-floor", _FLOOR, f"{_SELF}floor_read_b64_sha", Goal("<=", 1.4)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="E1-digest",
        ours=f"{_SELF}vnedoc_read_digest",
        rows=(Row("E1-digest", f"{_FLOOR} twice", f"{_SELF}floor_with_digest", Goal("<=", 1.4)),),
        prepare=_prepare,
    ),
    Group(
        id="E1-crlf",
        ours=f"{_SELF}vnedoc_read_crlf",
        rows=(
            Row("E1-crlf", "lxml tree", f"{_SELF}lxml_tree_crlf", Goal(">=", 4), _LEFT_OUT, "lxml"),
            Row("E1-crlf-expat", "expat", f"{_SELF}expat_read_crlf", Goal(">=", 2.5)),
            Row("E1-crlf-floor", _FLOOR, f"{_SELF}floor_read_b64_sha", Goal("<=", 1.4)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="E2",
        ours=f"{_SELF}vnedoc_read_wrapped",
        rows=(
            Row("E2", "expat", f"{_SELF}expat_read_wrapped", Goal(">=", 1.5)),
            Row("E2-floor", _FLOOR, f"{_SELF}floor_read_b64_sha", Goal("<=", 4), "the floor has no lines"),
        ),
        prepare=_prepare,
    ),
    Group(
        id="E-base64",
        ours=f"{_SELF}pybase64_decode",
        rows=(Row("E-base64", "binascii, strict", f"{_SELF}binascii_decode", Goal(">=", 3), "128 KiB"),),
        prepare=_prepare,
    ),
    *(
        Group(
            id="E4-read",
            ours=f"{_SELF}{entry}",
            rows=(Row(f"E4-read-{name}", "1 MB", "benchmarks.edxml_write:one", Goal("<=", 24)),),
            prepare=lambda _folder: {},
            unit="MB over start",
        )
        for name, entry in (
            ("20MB", "peak_20"),
            ("1GB", "peak_1000"),
            ("20MB-crlf", "peak_20_crlf"),
            ("1GB-crlf", "peak_1000_crlf"),
        )
    ),
)
