"""Small messages and zips for the tests of this room. All agencies are made up."""

import base64
import datetime as dt
import io
import zipfile

from vnedoc.edxml import Decoded, EdXmlCodec
from vnedoc.model import (
    VIETNAM,
    Attachment,
    Blob,
    Business,
    DocumentCode,
    DocumentType,
    Envelope,
    Kind,
    Limits,
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
    Steering,
    TraceHeader,
    Wire,
)

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
FROM = "<edXML:From><edXML:OrganId>000.00.01.Z99</edXML:OrganId></edXML:From>"
TO = "<edXML:To><edXML:OrganId>H99.1</edXML:OrganId></edXML:To>"
PDF = b"%PDF-1.7\n%%EOF\n"


def document(
    header: str = FROM + TO,
    *,
    after_header: str = "",
    references: str = "",
    attachments: str = "",
    body: str | None = None,
    tail: str = "",
) -> bytes:
    """Give a document message whose parts are XML text."""
    if body is None:
        body = (
            f'<edXML:edXMLBody><edXML:edXMLManifest version="1.0">{references}</edXML:edXMLManifest>'
            "</edXML:edXMLBody>"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{QCVN}">'
        f'<edXML:edXMLEnvelope xmlns:edXML="{QCVN}"><edXML:edXMLHeader>'
        f"<edXML:MessageHeader>{header}</edXML:MessageHeader>{after_header}"
        f"</edXML:edXMLHeader>{body}</edXML:edXMLEnvelope>"
        f"<AttachmentEncoded>{attachments}</AttachmentEncoded>{tail}</edXML>"
    ).encode()


def status(header: str, name: str = "MessageHeader", after: str = "") -> bytes:
    """Give a status message whose header is XML text."""
    return (
        f'<edXML xmlns="{QCVN}"><edXML:edXMLEnvelope xmlns:edXML="{QCVN}"><edXML:edXMLHeader>'
        f"<edXML:{name}>{header}</edXML:{name}></edXML:edXMLHeader></edXML:edXMLEnvelope>{after}</edXML>"
    ).encode()


def reference(
    content_id: str | None = "1", name: str = "a.pdf", kind: str = "application/pdf", more: str = ""
) -> str:
    """Give one manifest line."""
    id_text = "" if content_id is None else f"<edXML:ContentId>cid:{content_id}</edXML:ContentId>"
    return (
        f"<edXML:Reference{more}>{id_text}<edXML:ContentType>{kind}</edXML:ContentType>"
        f"<edXML:AttachmentName>{name}</edXML:AttachmentName></edXML:Reference>"
    )


def attachment(
    content_id: str | None = "1",
    content: bytes = PDF,
    name: str = "a.pdf",
    kind: str = "application/pdf",
    more: str = "",
) -> str:
    """Give one attachment."""
    id_text = "" if content_id is None else f"<ContentId>cid:{content_id}</ContentId>"
    text = base64.b64encode(content).decode()
    return (
        f"<Attachment>{id_text}<AttachmentName>{name}</AttachmentName><ContentType>{kind}</ContentType>"
        f"<ContentTransferEncoded>{text}</ContentTransferEncoded>{more}</Attachment>"
    )


def carrying(content: bytes, name: str = "a.pdf", kind: str = "application/pdf") -> bytes:
    """Give a document message with one attachment."""
    return document(
        references=reference(name=name, kind=kind),
        attachments=attachment(content=content, name=name, kind=kind),
    )


def decode(data: bytes, *, mode: str = "strict", **limits: int) -> Decoded:
    """Read bytes with the codec."""
    return EdXmlCodec(Limits(**limits), mode=mode).decode(Wire.from_bytes(data))


def encode(message: Envelope | StatusMessage, to: str = "2016") -> bytes:
    """Write with the codec."""
    return EdXmlCodec(dialect=to).encode(message).read()


def codes(data: bytes) -> list[str]:
    """Give the codes of the findings, in order."""
    return [one.code for one in decode(data).findings]


def zip_of(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Give a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def full_envelope() -> Envelope:
    """Give an envelope in which every field says something."""
    return Envelope(
        sender=Party(
            "000.00.01.Z99",
            "Sở Thí điểm A",
            in_charge="UBND tỉnh Thử nghiệm",
            address="Số 1, phố Mẫu",
            email="so-a@example.vn",
            telephone="000 0001",
            fax="000 0002",
            website="so-a.example.vn",
        ),
        receivers=(Party("H99.1", "Sở Thí điểm B"), Party("H99.2", "Sở Thí điểm C & D")),
        document_id="000.00.01.Z99,2026/11/20,12/STĐA-VP",
        code=DocumentCode("12", "STĐA-VP"),
        place="Thử nghiệm",
        date=dt.date(2026, 11, 20),
        type=DocumentType("Công văn"),
        subject="V/v thử nghiệm <liên thông>",
        content="Nội dung thử",
        signer=SignerInfo(competence="KT.", position="Phó Giám đốc", full_name="Nguyễn Văn Mẫu"),
        due_date=dt.date(2026, 12, 1),
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(
            priority=Priority.URGENT,
            sphere="Nội bộ",
            typist="NVM",
            copies=2,
            pages=1,
            direction=False,
            appendixes=("Phụ lục I",),
        ),
        responses_for=(
            ResponseFor(
                organ_id="H99.1", code="7/STĐB", date=dt.date(2026, 11, 1), document_id="H99.1,2026/11/01,7"
            ),
        ),
        steering=Steering.STEERING,
        traces=(
            TraceHeader(
                organ_id="000.00.01.Z99", timestamp=dt.datetime(2026, 11, 20, 8, 0, 5, tzinfo=VIETNAM)
            ),
        ),
        business=Business(
            kind=Kind.UPDATE,
            reason="Cập nhật",
            document_id="000.00.01.Z99,2026/11/19,11/STĐA-VP",
            changes_content=True,
            changes_receivers=True,
            receivers=(Receiver("H99.2", ReceiverChange.ADDED), Receiver("H99.3", ReceiverChange.REMOVED)),
            replaced=(Replaced("cũ-1", ()),),
            staff=StaffInfo(department="Văn thư", staff="Trần Thị Mẫu", mobile="000", email="vt@example.vn"),
            paper=0,
        ),
        attachments=(
            Attachment(
                name="Công văn.pdf",
                blob=Blob.from_bytes(PDF),
                content_id="1",
                content_type="application/pdf",
                attachment_type="application/pdf",
                description="Bản chính",
            ),
        ),
    )


def full_status() -> StatusMessage:
    """Give a status in which every field says something."""
    return StatusMessage(
        sender=Party("H99.1", "Sở Thí điểm B", in_charge="UBND tỉnh Thử nghiệm"),
        response_for=ResponseFor(
            organ_id="000.00.01.Z99",
            code="12/STĐA-VP",
            date=dt.date(2026, 11, 20),
            document_id="000.00.01.Z99,2026/11/20,12/STĐA-VP",
        ),
        code=StatusCode.RECEIVED,
        description="Đã vào sổ",
        staff=StaffInfo(department="Văn thư", staff="Lê Văn Mẫu", mobile="000", email="vt-b@example.vn"),
        timestamp=dt.datetime(2026, 11, 20, 9, 30, tzinfo=VIETNAM),
    )
