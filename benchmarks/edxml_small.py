"""E5: a message of 6 KB read into its typed form, against a bare parse with access to the same fields."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from benchmarks.runner import CheckFailed, Goal, Group, Row
from vnedoc import Attachment, DocumentCode, Envelope, Party, Wire
from vnedoc.edxml import EdXmlCodec
from vnedoc.model import (
    VIETNAM,
    Business,
    DocumentType,
    Kind,
    OtherInfo,
    Priority,
    Receiver,
    ReceiverChange,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    Steering,
    TraceHeader,
)

Case = Callable[[], Any]

_Q = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
_PARTY = (
    "OrganId",
    "OrganizationInCharge",
    "OrganName",
    "OrganAdd",
    "Email",
    "Telephone",
    "Fax",
    "Website",
)
_LABELS = ("ContentId", "ContentType", "Description", "AttachmentName")


def vnedoc_read(folder: Path) -> Case:
    wire = Wire.from_bytes((folder / "small.edxml").read_bytes())
    codec = EdXmlCodec()
    return lambda: codec.decode(wire)


def lxml_read(folder: Path) -> Case:
    """Parse, and fetch the text of every field, with ``find`` and ``findtext`` as lxml's tutorial does."""
    data = (folder / "small.edxml").read_bytes()
    return lambda: _fields(etree.fromstring(data))


def _fields(root: Any) -> list[Any]:
    found: list[Any] = []

    def texts(element: Any, *names: str) -> None:
        found.extend(element.findtext(_Q + name) for name in names)

    def each(element: Any, name: str) -> Any:
        return element.findall(_Q + name)

    envelope = root.find(_Q + "edXMLEnvelope")
    header = envelope.find(_Q + "edXMLHeader")
    message = header.find(_Q + "MessageHeader")
    texts(message.find(_Q + "From"), *_PARTY)
    for one in each(message, "To"):
        texts(one, *_PARTY)
    texts(message, "DocumentId", "Subject", "Content", "DueDate", "SteeringType")
    texts(message.find(_Q + "Code"), "CodeNumber", "CodeNotation")
    texts(message.find(_Q + "PromulgationInfo"), "Place", "PromulgationDate")
    texts(message.find(_Q + "DocumentType"), "Type", "TypeDetail", "TypeName")
    texts(message.find(_Q + "SignerInfo"), "Competence", "Position", "FullName")
    other = message.find(_Q + "OtherInfo")
    texts(other, "Priority", "SphereOfPromulgation", "TyperNotation", "PromulgationAmount", "PageAmount")
    texts(other, "Direction")
    found.extend(one.text for one in each(other.find(_Q + "Appendixes"), "Appendix"))
    for one in each(message, "ResponseFor"):
        texts(one, "OrganId", "Code", "PromulgationDate", "DocumentId")
    found.extend(one.text for one in each(message.find(_Q + "ToPlaces"), "Place"))
    traces = header.find(_Q + "TraceHeaderList")
    for one in each(traces, "TraceHeader"):
        texts(one, "OrganId", "Timestamp")
    business = traces.find(_Q + "Bussiness")
    texts(business, "BussinessDocType", "BussinessDocReason", "DocumentId", "Paper")
    changes = business.find(_Q + "BussinessDocumentInfo")
    texts(changes, "DocumentInfo", "DocumentReceiver")
    for one in each(changes.find(_Q + "ReceiverList"), "Receiver"):
        texts(one, "OrganId", "ReceiverType")
    texts(business.find(_Q + "StaffInfo"), "Department", "Staff", "Mobile", "Email")
    for one in each(envelope.find(_Q + "edXMLBody").find(_Q + "edXMLManifest"), "Reference"):
        texts(one, *_LABELS)
    for one in each(root.find(_Q + "AttachmentEncoded"), "Attachment"):
        texts(one, *_LABELS)
        content = base64.b64decode(one.findtext(_Q + "ContentTransferEncoded"), validate=True)
        found += [content, hashlib.sha256(content).hexdigest()]
    return found


def _message() -> Envelope:
    day = dt.date(2026, 11, 20)

    def party(organ_id: str, name: str) -> Party:
        return Party(
            organ_id,
            name,
            in_charge="UBND tỉnh Thí Điểm",
            address="Số 1, phố Mẫu, tỉnh Thí Điểm",
            email="vanthu@so.example.vn",
            telephone="000 0001",
            fax="000 0002",
            website="so.example.vn",
        )

    return Envelope(
        sender=party("000.00.01.Z99", "Sở Thử nghiệm A"),
        receivers=(party("000.00.02.Z99", "Sở Thử nghiệm B"), party("000.00.03.Z99", "Sở Thử nghiệm C")),
        document_id="000.00.01.Z99,2026/11/20,12/STNA-VP",
        code=DocumentCode("12", "STNA-VP"),
        place="Thí Điểm",
        date=day,
        type=DocumentType("Công văn"),
        subject="V/v gửi, nhận văn bản điện tử có ký số giữa các đơn vị",
        content="Hướng dẫn gửi, nhận văn bản điện tử",
        signer=SignerInfo(competence="KT. GIÁM ĐỐC", position="Phó Giám đốc", full_name="Nguyễn Văn An"),
        due_date=dt.date(2026, 12, 1),
        to_places=("Như trên", "Lưu: VT"),
        other=OtherInfo(
            priority=Priority.URGENT,
            sphere="Nội bộ",
            typist="NVA",
            copies=2,
            pages=1,
            direction=False,
            appendixes=("Phụ lục I",),
        ),
        responses_for=(
            ResponseFor(
                organ_id="000.00.02.Z99",
                code="7/STNB",
                date=day,
                document_id="000.00.02.Z99,2026/11/20,7/STNB",
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
            reason="Cập nhật nơi nhận",
            document_id="000.00.01.Z99,2026/11/19,11/STNA-VP",
            changes_content=True,
            changes_receivers=True,
            receivers=(Receiver("000.00.03.Z99", ReceiverChange.ADDED),),
            staff=StaffInfo(department="Văn thư", staff="Trần Thị Bình", mobile="000", email="vt@example.vn"),
            paper=0,
        ),
        attachments=(
            Attachment(
                name="cong-van.pdf",
                blob=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
                + b"1 0 obj << /Type /Catalog >> endobj\n" * 12
                + b"%%EOF\n",
                content_id="1",
                description="Bản chính",
            ),
        ),
    )


def _prepare(folder: Path) -> Mapping[str, str]:
    wire = EdXmlCodec().encode(_message())
    (folder / "small.edxml").write_bytes(wire.read())
    decoded = EdXmlCodec().decode(wire)
    if decoded.findings or EdXmlCodec().encode(decoded.message).read() != wire.read():
        raise CheckFailed("our own message does not come back as it went")
    if None in _fields(etree.fromstring(wire.read())):
        raise CheckFailed("the peer misses a field")
    return {"E5": f"{wire.size} octets, {len(_fields(etree.fromstring(wire.read())))} fields"}


GROUPS = (
    Group(
        id="E5",
        ours="benchmarks.edxml_small:vnedoc_read",
        rows=(
            Row(
                "E5",
                "a bare lxml parse and its fields",
                "benchmarks.edxml_small:lxml_read",
                Goal("<=", 1.5),
                package="lxml",
            ),
        ),
        prepare=_prepare,
    ),
)
