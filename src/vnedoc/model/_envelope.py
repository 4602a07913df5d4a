"""The typed document envelope, *gói tin văn bản*. Names are plain English; ``edxml`` has the wire's."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from vnedoc.errors import InputError
from vnedoc.model._blob import Blob
from vnedoc.model._ids import DocumentCode, DocumentId, OrganId
from vnedoc.model._lists import AdministrativeType, Kind, Priority, ReceiverChange, StatusCode, Steering
from vnedoc.model._shape import check_shape, each_of, tuple_of
from vnedoc.model._wire import Wire

VIETNAM = dt.timezone(dt.timedelta(hours=7), "+07:00")
"""Vietnam time; times on the wire carry no zone and mean this one (QĐ 28/2018 Art. 14(4))."""


def _organ(value: OrganId | str) -> OrganId:
    return value if isinstance(value, OrganId) else OrganId(value)


def _organ_or_none(value: OrganId | str | None) -> OrganId | None:
    return None if value is None else _organ(value)


def _document(value: DocumentId | str) -> DocumentId:
    return value if isinstance(value, DocumentId) else DocumentId(value)


def _document_or_none(value: DocumentId | str | None) -> DocumentId | None:
    return None if value is None else _document(value)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple_of(values)


def _zoned(value: dt.datetime | None) -> dt.datetime | None:
    if not isinstance(value, dt.datetime):
        return value
    if value.tzinfo is None:
        raise InputError(
            "VND-MODEL-003",
            "a time needs its zone",
            hint="use datetime(..., tzinfo=vnedoc.model.VIETNAM)",
            facts={"seen": value.isoformat()},
        )
    try:
        value.astimezone(VIETNAM)
    except OverflowError as error:
        raise InputError(
            "VND-MODEL-005",
            "a time must fall into the years 1 to 9999 in Vietnam",
            hint="check the year",
            facts={"seen": value.isoformat()},
        ) from error
    return value


@attrs.frozen(kw_only=True)
class UnknownElement:
    """An element that vnedoc does not know, kept so that forwarding loses nothing.

    Attributes:
        parent: Slash path of local names from the root, such as ``edXMLEnvelope/edXMLHeader/MessageHeader``.
        after: Local name of the element that stood before it, or ``None`` when it came first.
        xml: The element as XML text, with the namespaces it needs.
    """

    parent: str
    after: str | None = None
    xml: str

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class UnknownAttribute:
    """An attribute that no field holds, kept so that forwarding loses nothing.

    Attributes:
        parent: Slash path of local names from the root to its element, as ``UnknownElement.parent``; empty
            for the root itself.
        name: Name in Clark notation: ``{namespace}local``, or ``local`` when it is in none.
        value: Its text.
    """

    parent: str
    name: str
    value: str

    __attrs_post_init__ = check_shape


@attrs.frozen
class Party:
    """An organisation as sender or recipient, *bên gửi, bên nhận*."""

    organ_id: OrganId = attrs.field(converter=_organ)
    name: str = ""
    """*Tên cơ quan*, ``OrganName``."""
    in_charge: str | None = attrs.field(default=None, kw_only=True)
    """*Đơn vị chủ quản*, ``OrganizationInCharge``."""
    address: str | None = attrs.field(default=None, kw_only=True)
    email: str | None = attrs.field(default=None, kw_only=True)
    telephone: str | None = attrs.field(default=None, kw_only=True)
    fax: str | None = attrs.field(default=None, kw_only=True)
    website: str | None = attrs.field(default=None, kw_only=True)

    __attrs_post_init__ = check_shape


def _party(value: Party | OrganId | str) -> Party:
    return Party(value) if isinstance(value, OrganId | str) else value


def _parties(values: Iterable[Party | OrganId | str]) -> tuple[Party, ...]:
    return each_of(values, _party)


def _organs(values: Iterable[OrganId | str]) -> tuple[OrganId, ...]:
    return each_of(values, _organ)


@attrs.frozen
class DocumentType:
    """Type of a document, *loại văn bản*. The name decides; the numbers differ between systems."""

    name: str
    type: int | None = 1
    detail: int | None = 0

    @classmethod
    def of(cls, kind: AdministrativeType) -> DocumentType:
        """Give the type for one of the 29 names of NĐ 30/2020."""
        return cls(kind.value)

    __attrs_post_init__ = check_shape


def _type_or_none(value: DocumentType | AdministrativeType | str | None) -> DocumentType | None:
    if isinstance(value, AdministrativeType):
        return DocumentType.of(value)
    return DocumentType(value) if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class SignerInfo:
    """Who signed the document, *người ký*."""

    competence: str | None = None
    """*Quyền hạn ký*: TM., KT., TL., TUQ., Q."""
    position: str | None = None
    """*Chức vụ*."""
    full_name: str | None = None
    """*Họ tên*."""

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class OtherInfo:
    """Further metadata, *thông tin khác*."""

    priority: Priority | None = None
    sphere: str | None = None
    """*Phạm vi lưu hành*."""
    typist: str | None = None
    """*Ký hiệu người soạn thảo*."""
    copies: int | None = None
    """*Số lượng bản phát hành*."""
    pages: int | None = None
    """*Số trang*."""
    direction: bool | None = None
    appendixes: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    """*Phụ lục*."""

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class ResponseFor:
    """The document that is answered or reported on, *văn bản được phản hồi*."""

    organ_id: OrganId | None = attrs.field(default=None, converter=_organ_or_none)
    code: str | None = None
    """Number, a slash, and notation in one text."""
    date: dt.date | None = None
    document_id: DocumentId | None = attrs.field(default=None, converter=_document_or_none)

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class TraceHeader:
    """One system that the message passed, *vết đi qua*."""

    organ_id: str | None = None
    """As written; real messages have ``null`` or nothing here."""
    timestamp: dt.datetime | None = attrs.field(default=None, converter=_zoned)

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class StaffInfo:
    """The person in charge, *người thực hiện*."""

    department: str | None = None
    staff: str | None = None
    mobile: str | None = None
    email: str | None = None

    __attrs_post_init__ = check_shape


@attrs.frozen
class Receiver:
    """One recipient that an update adds or removes."""

    organ_id: OrganId = attrs.field(converter=_organ)
    change: ReceiverChange = ReceiverChange.ADDED

    __attrs_post_init__ = check_shape


@attrs.frozen
class Replaced:
    """An earlier document that a replacement takes the place of, and for which recipients."""

    document_id: DocumentId = attrs.field(converter=_document)
    organ_ids: tuple[OrganId, ...] = attrs.field(default=(), converter=_organs)

    __attrs_post_init__ = check_shape


def _changes(values: Iterable[Receiver]) -> tuple[Receiver, ...]:
    return tuple_of(values)


def _replaced(values: Iterable[Replaced]) -> tuple[Replaced, ...]:
    return tuple_of(values)


@attrs.frozen(kw_only=True)
class Business:
    """What the message does to an earlier document, *nghiệp vụ* (QCVN 102:2016, 2.2)."""

    kind: Kind = Kind.NEW
    reason: str | None = None
    document_id: DocumentId | None = attrs.field(default=None, converter=_document_or_none)
    """The earlier document that is revoked or updated."""
    changes_content: bool | None = None
    """An update changes metadata or files, ``DocumentInfo``."""
    changes_receivers: bool | None = None
    """An update changes the recipients, ``DocumentReceiver``."""
    receivers: tuple[Receiver, ...] = attrs.field(default=(), converter=_changes)
    replaced: tuple[Replaced, ...] = attrs.field(default=(), converter=_replaced)
    staff: StaffInfo | None = None
    paper: int | None = None
    """1 when a paper copy follows."""

    __attrs_post_init__ = check_shape


def _blob(value: Blob | Wire | bytes | bytearray | memoryview) -> Blob:
    if isinstance(value, Wire):
        return value.blob
    return Blob.from_bytes(value) if isinstance(value, bytes | bytearray | memoryview) else value


@attrs.frozen(kw_only=True)
class Attachment:
    """A file in the message, *tệp đính kèm*.

    Attributes:
        name: Original file name as given; it is data, never a path. See ``safe_name`` of ``vnedoc.edxml``.
        blob: The content, after a transport zip was unpacked; bytes and a ``Wire`` are taken too.
        content_id: Without ``cid:``.
        content_type: As the manifest declares it; it may lie.
        attachment_type: As the attachment itself declares it; it may differ.
        description: Free text.
        packed: The bytes as carried, when a one-entry zip was unpacked, else ``None``.
    """

    name: str
    blob: Blob = attrs.field(converter=_blob)
    content_id: str
    content_type: str | None = None
    attachment_type: str | None = None
    description: str | None = None
    packed: Blob | None = None

    __attrs_post_init__ = check_shape

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        content_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
    ) -> Attachment:
        """Attach a file where it lies; it is read once for its digest and must not change after.

        Args:
            path: The file.
            content_id: Default the first 32 hex digits of its digest, so that equal files have equal ones.
            name: Name to show; default that of the file.
            description: Free text.

        Raises:
            FileError: ``VND-IO-001`` when it cannot be read.
        """
        blob = Blob.from_file(path)
        return cls(
            name=Path(path).name if name is None else name,
            blob=blob,
            content_id=blob.digest.partition(":")[2][:32] if content_id is None else content_id,
            description=description,
        )


def _responses(values: Iterable[ResponseFor]) -> tuple[ResponseFor, ...]:
    return tuple_of(values)


def _traces(values: Iterable[TraceHeader]) -> tuple[TraceHeader, ...]:
    return tuple_of(values)


def _attachments(values: Iterable[Attachment]) -> tuple[Attachment, ...]:
    return tuple_of(values)


def _unknown(values: Iterable[UnknownElement]) -> tuple[UnknownElement, ...]:
    return tuple_of(values)


def _unknown_attributes(values: Iterable[UnknownAttribute]) -> tuple[UnknownAttribute, ...]:
    return tuple_of(values)


@attrs.frozen(kw_only=True)
class Envelope:
    """A document message: new, revoke, update or replace.

    Constructors check types and shape only (``VND-MODEL-004`` names the field); ``vnedoc.check`` runs the
    rules and lists every finding.
    """

    sender: Party = attrs.field(converter=_party)
    receivers: tuple[Party, ...] = attrs.field(converter=_parties)
    """*Bên nhận*, in order; an identifier alone is taken too."""
    document_id: DocumentId | None = attrs.field(default=None, converter=_document_or_none)
    code: DocumentCode | None = None
    """*Số, ký hiệu*."""
    place: str | None = None
    """*Địa danh*."""
    date: dt.date | None = None
    """*Ngày ban hành*."""
    type: DocumentType | None = attrs.field(default=None, converter=_type_or_none)
    """*Loại văn bản*; its name alone, or an ``AdministrativeType``, is taken too."""
    subject: str | None = None
    """*Trích yếu*."""
    content: str | None = None
    """*Nội dung tóm tắt*."""
    signer: SignerInfo | None = None
    due_date: dt.date | None = None
    """*Hạn trả lời*."""
    to_places: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    """*Nơi nhận* as printed; not the routing list."""
    other: OtherInfo | None = None
    responses_for: tuple[ResponseFor, ...] = attrs.field(default=(), converter=_responses)
    steering: Steering | None = None
    traces: tuple[TraceHeader, ...] = attrs.field(default=(), converter=_traces)
    business: Business | None = None
    attachments: tuple[Attachment, ...] = attrs.field(default=(), converter=_attachments)
    unknown: tuple[UnknownElement, ...] = attrs.field(default=(), converter=_unknown)
    unknown_attributes: tuple[UnknownAttribute, ...] = attrs.field(default=(), converter=_unknown_attributes)

    @property
    def kind(self) -> Kind:
        """What the message does; a message without a business block is a new document."""
        return Kind.NEW if self.business is None else self.business.kind

    __attrs_post_init__ = check_shape


@attrs.frozen(kw_only=True)
class StatusMessage:
    """A report on a document, *thông điệp trạng thái*.

    For every code but 13 the sender is the recipient of the document and ``response_for.organ_id`` its
    sender; for 13 the roles turn round.
    """

    sender: Party = attrs.field(converter=_party)
    response_for: ResponseFor
    code: StatusCode
    description: str | None = None
    staff: StaffInfo | None = None
    timestamp: dt.datetime | None = attrs.field(default=None, converter=_zoned)
    unknown: tuple[UnknownElement, ...] = attrs.field(default=(), converter=_unknown)
    unknown_attributes: tuple[UnknownAttribute, ...] = attrs.field(default=(), converter=_unknown_attributes)

    __attrs_post_init__ = check_shape
