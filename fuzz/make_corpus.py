"""Write the seeds and the dictionaries of the fuzz targets again. All agencies in them are made up.

Run it after a change of what the codec writes, or of ``signed_seeds.py``: ``python fuzz/make_corpus.py``. The
same sources always give the same files. Inputs that fuzzing found are kept by hand in ``corpus/found``.
"""

import base64
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from vnedoc.edxml import DIALECTS, EdXmlCodec
from vnedoc.errors import VnedocError
from vnedoc.model import (
    VIETNAM,
    Attachment,
    Business,
    DocumentCode,
    Envelope,
    Kind,
    OtherInfo,
    Party,
    Priority,
    Receiver,
    ReceiverChange,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusCode,
    StatusMessage,
    TraceHeader,
)

HERE = Path(__file__).resolve().parent
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
WHEN = dt.datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM)


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def envelope(*files: tuple[str, bytes], business: Business | None = None) -> Envelope:
    return Envelope(
        sender=Party("000.00.01.Z99", "Sở Thí điểm A", email="so-a@example.vn"),
        receivers=(Party("H99.1", "Sở Thí điểm B"), Party("H99.2")),
        document_id="000.00.01.Z99,2026/11/20,12/STĐA-VP",
        code=DocumentCode("12", "STĐA-VP"),
        place="Thử nghiệm",
        date=WHEN.date(),
        type="Công văn",
        subject="V/v thử nghiệm <liên thông>",
        signer=SignerInfo(competence="KT.", position="Phó Giám đốc", full_name="Nguyễn Văn Mẫu"),
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(priority=Priority.URGENT, copies=2, pages=1, appendixes=("Phụ lục I",)),
        responses_for=(ResponseFor(organ_id="H99.1", code="7/STĐB", date=WHEN.date()),),
        traces=(TraceHeader(organ_id="000.00.01.Z99", timestamp=WHEN),),
        business=business,
        attachments=tuple(
            Attachment(name=name, blob=content, content_id=str(number), content_type="application/pdf")
            for number, (name, content) in enumerate(files, 1)
        ),
    )


def status() -> StatusMessage:
    return StatusMessage(
        sender=Party("H99.1", "Sở Thí điểm B"),
        response_for=ResponseFor(
            organ_id="000.00.01.Z99", code="12/STĐA-VP", date=WHEN.date(), document_id="000.00.01.Z99,2026,12"
        ),
        code=StatusCode.RECEIVED,
        description="Đã vào sổ",
        staff=StaffInfo(department="Văn thư", staff="Trần Thị Mẫu"),
        timestamp=WHEN,
    )


def messages() -> Iterator[tuple[str, Envelope | StatusMessage]]:
    yield "new", envelope(("Công văn.pdf", PDF))
    yield "bare", envelope()
    yield (
        "zipped",
        envelope(("a.pdf", packed({"0b5c.pdf": PDF})), ("b.docx", packed({"[Content_Types].xml": b""}))),
    )
    yield "revoke", envelope(business=Business(kind=Kind.REVOKE, reason="Sai", document_id="cũ-1"))
    yield (
        "update",
        envelope(
            business=Business(
                kind=Kind.UPDATE,
                document_id="cũ-1",
                changes_receivers=True,
                receivers=(Receiver("H99.3", ReceiverChange.ADDED),),
            )
        ),
    )
    yield "replace", envelope(business=Business(kind=Kind.REPLACE, replaced=(Replaced("cũ-1", ("H99.1",)),)))
    yield "status", status()


def seeds() -> dict[str, bytes]:
    """Give each seed by its file name."""
    made: dict[str, bytes] = {}
    for dialect in DIALECTS:
        for name, message in messages():
            try:
                made[f"{name}-{dialect}"] = EdXmlCodec(dialect=dialect).encode(message).read()
            except VnedocError:  # this dialect cannot say that
                continue
    new = made["new-2016"]
    made |= {
        "bom": b"\xef\xbb\xbf" + new,
        "crlf": new.replace(b"\n", b"\r\n"),
        "one-line": b"".join(line.strip() for line in new.splitlines()),
        "junk-before": b"junk" + new,
        "cut": new[:-60],
        "comment": new.replace(b"<edXML:Subject>", b"<edXML:Subject><!-- x -->"),
        "cdata": new.replace(b"V/v", b"<![CDATA[V/v & <b>]]>"),
        "reference": new.replace(b"V/v", b"&#7893;&#x1ED5;&amp;"),
        "unknown": new.replace(b"<edXML:Subject>", b'<x y="1" xmlns="urn:z">t</x><edXML:Subject>'),
        "attribute": new.replace(b"<edXML:Subject>", b'<edXML:Subject x="1">'),
        "wrong-date": new.replace(b"2026/11/20<", b"20/11/2026<"),
        "unbound": new.replace(b"<edXML:Reference>", b'<edXML:Reference xlink:href="cid:1">'),
        "twice": new.replace(b"</edXML:From>", b"</edXML:From><edXML:From/>"),
        "business": new.replace(b"Bussiness", b"Business"),
        "other-namespace": new.replace(b"http://www.mic.gov.vn/TBT/QCVN_102_2016", b"http://www.go.vn/eDoc"),
        "doctype": new.replace(b"?>\n", b'?>\n<!DOCTYPE edXML [<!ENTITY e "x">]>\n', 1),
        "wrapped": new.replace(base64.b64encode(PDF), base64.encodebytes(PDF)),
        "bad-base64": new.replace(base64.b64encode(PDF), base64.b64encode(PDF)[:-3] + b"*=="),
        "damaged": new.replace(
            base64.b64encode(PDF), base64.b64encode(PDF.decode("utf-8", "replace").encode())
        ),
        "utf-16-file": new.replace(
            base64.b64encode(PDF), base64.b64encode(PDF.decode("latin-1").encode("utf-16"))
        ),
        "utf-16": new.decode().encode("utf-16"),
        "several": new.replace(base64.b64encode(PDF), base64.b64encode(packed({"a": b"1", "b": b"2"}))),
        "stored": new.replace(
            base64.b64encode(PDF), base64.b64encode(packed({"a": PDF}, zipfile.ZIP_STORED))
        ),
        "no-xml": b"%PDF-1.7",
        "empty": b"",
    }
    for name, content in contents().items():
        made[f"file-{name}"] = b"@" + content
    return {name: made[name] for name in sorted(made)}


def contents() -> dict[str, bytes]:
    """Give files for the other form of input: the octet that chooses a name, then the file."""
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64) + "_VBA_PROJECT".encode("utf-16-le")
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"IEND\xaeB`\x82"
    return {
        "pdf": b"\x00" + PDF,
        "pdf-zip": b"\x00" + packed({"0b5c.pdf": PDF}),
        "pdf-stored": b"\x00" + packed({"0b5c.pdf": PDF}, zipfile.ZIP_STORED),
        "pdf-and-zip": b"\x00" + PDF + packed({"x": b"1"}),
        "pdf-replaced": b"\x00" + PDF.decode("utf-8", "replace").encode(),
        "pdf-doubled": b"\x00" + (PDF + png).decode("latin-1").encode(),
        "pdf-utf-16": b"\x00" + PDF.decode("latin-1").encode("utf-16"),
        "pdf-base64": b"\x00" + base64.encodebytes(PDF * 2),
        "docx": b"\x01" + packed({"[Content_Types].xml": b"<Types/>", "word/vbaProject.bin": b"1"}),
        "zip": b"\x02" + packed({"a": b"1", "b": b"2"}),
        "doc": b"\x03" + ole,
        "named-nothing": b"\x04" + packed({"a": PDF}),
        "png": b"\x05" + png,
        "docm": b"\x06" + packed({"a": b""}),
        "exe": b"\x07MZ\x90",
    }


def dictionary() -> bytes:
    """Give the words that mutations may put in: names of elements and the marks of markup."""
    words = set()
    for data in seeds().values():
        for part in data.split(b"<"):
            name = part.split(b">")[0].split(b" ")[0]
            if name.replace(b":", b"").isalnum():
                words.add(name.decode())
    lines = [f'"<{word}>"\n"</{word}>"\n' for word in sorted(words)]
    marks = ['"<![CDATA["', '"]]>"', '"<!--"', '"-->"', '"&#13;"', '"xmlns="', '"cid:"', '"PK\\x03\\x04"']
    return ("".join(lines) + "\n".join(marks) + "\n").encode()


def main() -> None:
    import signed_seeds

    for name, made in (("decode", seeds()), ("verify_xml", signed_seeds.seeds())):
        folder = HERE / "corpus" / name
        folder.mkdir(parents=True, exist_ok=True)
        for stale in {path.name for path in folder.iterdir()} - set(made):
            (folder / stale).unlink()
        for seed, data in made.items():
            (folder / seed).write_bytes(data)
    (HERE / "edxml.dict").write_bytes(dictionary())
    (HERE / "dsig.dict").write_bytes(signed_seeds.dictionary())


if __name__ == "__main__":
    main()
