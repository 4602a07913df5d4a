"""E3 and E4-write: a message of 200 MB into a file, and the memory that writing takes.

Nothing is flushed to the disk on either side: what is measured is CPU time.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from benchmarks import fixtures
from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc import Attachment, Blob, DocumentCode, DocumentType, Envelope, Party
from vnedoc.edxml import Draft, EdXmlCodec, write_file
from vnedoc.errors import FileError
from vnedoc.model import Limits

Case = Callable[[], Any]

_CONTENT = 150_000_000  # octets, that is 200 MB of base64
_PIECE = 3 << 17
_QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


def message(blob: Blob) -> Envelope:
    """Give a small message around one content."""
    import datetime as dt

    return Envelope(
        sender=Party("H99.1", "Sở Thử nghiệm A"),
        receivers=(Party("H99.2", "Sở Thử nghiệm B"),),
        document_id="H99.1,2026/11/22,15/STNA-VP",
        code=DocumentCode("15", "STNA-VP"),
        date=dt.date(2026, 11, 22),
        type=DocumentType("Công văn"),
        subject="V/v thử nghiệm tệp lớn",
        attachments=(Attachment(name="to.bin", blob=blob, content_id="to", content_type="application/x"),),
    )


def _into(folder: Path, name: str, write: Callable[[Any], object]) -> None:
    """Write under another name and rename, as all who write whole files do."""
    scratch = folder / f"{name}.tmp"
    with scratch.open("wb") as handle:
        write(handle)
    scratch.replace(folder / name)


# --- one digest: that of the canonical form, the content in memory -------------------------------


def vnedoc_write(folder: Path) -> Case:
    draft_of = message(Blob.from_bytes((folder / "content.bin").read_bytes()))

    def write(handle: Any) -> None:
        Draft.of(draft_of).write_into(handle.write, digest=False, canonical=True)

    return lambda: _into(folder, "ours.edxml", write)


def floor_write(folder: Path) -> Case:
    """Base64, SHA-256 and writing, and nothing of XML."""
    import pybase64

    content = memoryview((folder / "content.bin").read_bytes())

    def write(handle: Any) -> None:
        hasher = hashlib.sha256()
        for start in range(0, len(content), _PIECE):
            line = pybase64.b64encode(content[start : start + _PIECE])
            hasher.update(line)
            handle.write(line)
        hasher.digest()

    return lambda: _into(folder, "floor.edxml", write)


def lxml_tree(folder: Path) -> Case:
    """Tree, canonical form into a hash, serialised into a file."""
    content = (folder / "content.bin").read_bytes()

    def case() -> None:
        tree = etree.ElementTree(_tree(content))
        sink = _Sink()
        tree.write_c14n(sink, exclusive=True, with_comments=False)
        sink.hasher.digest()
        _into(folder, "tree.edxml", lambda handle: tree.write(handle, encoding="UTF-8", xml_declaration=True))

    return case


def lxml_xmlfile(folder: Path) -> Case:
    """Written element by element, the octets hashed on their way."""
    import pybase64

    content = (folder / "content.bin").read_bytes()

    def write(handle: Any) -> None:
        sink = _Sink(handle)
        with etree.xmlfile(sink, encoding="UTF-8") as file:
            file.write_declaration()
            with file.element(f"{{{_QCVN}}}edXML", nsmap={None: _QCVN}):
                file.write(_header())
                with (
                    file.element(f"{{{_QCVN}}}AttachmentEncoded"),
                    file.element(f"{{{_QCVN}}}Attachment"),
                    file.element(f"{{{_QCVN}}}ContentTransferEncoded"),
                ):
                    file.write(pybase64.b64encode(content).decode("ascii"))
        sink.hasher.digest()

    return lambda: _into(folder, "xmlfile.edxml", write)


class _Sink:
    def __init__(self, handle: Any = None) -> None:
        self.hasher = hashlib.sha256()
        self._handle = handle

    def write(self, octets: bytes) -> None:
        self.hasher.update(octets)
        if self._handle is not None:
            self._handle.write(octets)


def _header() -> Any:
    envelope = etree.Element(f"{{{_QCVN}}}edXMLEnvelope", nsmap={"edXML": _QCVN})
    header = etree.SubElement(envelope, f"{{{_QCVN}}}edXMLHeader")
    for name, text in (("Subject", "V/v thử nghiệm tệp lớn"), ("Code", "15/STNA-VP")):
        etree.SubElement(header, f"{{{_QCVN}}}{name}").text = text
    return envelope


def _tree(content: bytes) -> Any:
    import pybase64

    root = etree.Element(f"{{{_QCVN}}}edXML", nsmap={None: _QCVN})
    root.append(_header())
    carrier = etree.SubElement(root, f"{{{_QCVN}}}AttachmentEncoded")
    attachment = etree.SubElement(carrier, f"{{{_QCVN}}}Attachment")
    coded = etree.SubElement(attachment, f"{{{_QCVN}}}ContentTransferEncoded")
    coded.text = pybase64.b64encode(content).decode("ascii")
    return root


# --- all digests: content held against its own, octets and canonical form, from file to file ------


def vnedoc_write_file(folder: Path) -> Case:
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]
    given = message(Blob.from_file(folder / "content.bin"))

    def case() -> None:
        write_file(given, folder / "ours.edxml")

    return case


def floor_write_file(folder: Path) -> Case:
    """The same reading, hashing and writing, and nothing of XML."""
    import pybase64

    def write(handle: Any) -> None:
        before, after = hashlib.sha256(), hashlib.sha256()
        with (folder / "content.bin").open("rb") as source:
            while piece := source.read(_PIECE):
                before.update(piece)
                line = pybase64.b64encode(piece)
                after.update(line)
                handle.write(line)
        after.digest()

    return lambda: _into(folder, "floor.edxml", write)


# --- memory ---------------------------------------------------------------------------------------

_PEAK = """
import os, sys
os.fsync = lambda _descriptor: None
from pathlib import Path
from benchmarks.edxml_write import message
from vnedoc import Blob
folder, size = Path(sys.argv[1]), int(sys.argv[2])

def peak():
    # Not ru_maxrss, which a process inherits from the one that started it.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

{work}
small, big = folder / "memory.small", folder / "memory.big"
small.write_bytes(b"x" * 10_000)
with big.open("wb") as handle:
    handle.truncate(size // 4 * 3)
work(small)
before = peak()
work(big)
after = peak()
for path in (small, big, folder / "memory.edxml"):
    path.unlink()
print((after - before) * 1024)
"""

_WRITE = """
from vnedoc.edxml import Draft, write_file

def work(path):
    given = message(Blob.from_file(path))
    Draft.of(given).write_into(canonical=True)
    write_file(given, folder / "memory.edxml")
"""


def peak_of(folder: Path, size: int, work: str) -> Case:
    """Give megabytes over start that *work* takes on a message of *size* octets, in a process of its own."""
    code = _PEAK.replace("{work}", work)

    def case() -> float:
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder), str(size)], check=True, capture_output=True, text=True
        )
        return int(done.stdout) / 1e6

    case.gives_value = True  # type: ignore[attr-defined]
    return case


def peak_20(folder: Path) -> Case:
    return peak_of(folder, 20_000_000, _WRITE)


def peak_1000(folder: Path) -> Case:
    return peak_of(folder, 1_000_000_000, _WRITE)


def one(_folder: Path) -> Case:
    def case() -> float:
        return 1.0

    case.gives_value = True  # type: ignore[attr-defined]
    return case


# --- cross-checks ---------------------------------------------------------------------------------


def _prepare(folder: Path) -> Mapping[str, str]:
    if (folder / "content.bin").exists():
        return {}
    fixtures.build(folder)
    content = random.Random(150).randbytes(_CONTENT)  # noqa: S311 - the same octets each time
    (folder / "content.bin").write_bytes(content)
    small = folder / "part.bin"
    small.write_bytes(content[: _CONTENT // 50])
    given = message(Blob.from_file(small))
    written = write_file(given, folder / "part.edxml")
    if written.read() != EdXmlCodec().encode(given).read():
        raise CheckFailed("the file is not what the codec writes")
    read = EdXmlCodec(Limits()).decode(written).message
    if read.attachments[0].blob.read() != small.read_bytes():
        raise CheckFailed("the content does not come back")
    sink = _Sink()
    etree.ElementTree(etree.fromstring(written.read(), etree.XMLParser(huge_tree=True))).write_c14n(
        sink, exclusive=True, with_comments=False
    )
    if sink.hasher.digest() != Draft.of(given).write_into(canonical=True).canonical_digest:
        raise CheckFailed("lxml has another canonical form")
    small.write_bytes(content[1 : 1 + _CONTENT // 50])
    try:
        write_file(given, folder / "part.edxml")
    except FileError:
        return {}
    raise CheckFailed("a content that has changed was written")


_PEER = "the peer makes no check of the content, and writes fewer elements"
_SELF = "benchmarks.edxml_write:"

GROUPS = (
    Group(
        id="E3",
        ours=f"{_SELF}vnedoc_write",
        rows=(
            Row("E3", "lxml tree", f"{_SELF}lxml_tree", Goal(">=", 5), _PEER, "lxml"),
            Row("E3-xmlfile", "lxml.xmlfile", f"{_SELF}lxml_xmlfile", Goal(">=", 3), _PEER, "lxml"),
            Row("E3-floor", "base64, SHA-256 and writing", f"{_SELF}floor_write", Goal("<=", 1.2)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="E3-file",
        ours=f"{_SELF}vnedoc_write_file",
        rows=(
            Row(
                "E3-file",
                "reading, two SHA-256, base64 and writing",
                f"{_SELF}floor_write_file",
                Goal("<=", 1.2),
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="E4-write",
        ours=f"{_SELF}peak_20",
        rows=(Row("E4-write-20MB", "1 MB", f"{_SELF}one", Goal("<=", 8)),),
        prepare=_prepare,
        unit="MB over start",
    ),
    Group(
        id="E4-write",
        ours=f"{_SELF}peak_1000",
        rows=(Row("E4-write-1GB", "1 MB", f"{_SELF}one", Goal("<=", 8)),),
        prepare=_prepare,
        unit="MB over start",
    ),
)
