"""The wire table of QCVN 102:2016/BTTTT: which element is which field, in the order in which it is written.

Reader and writer walk the same rows, so a spelling, an order or a further dialect is a line of data. The
order is the one that the national axis itself writes; elements are read in any order. This is the only
place that knows the wire's own spellings (``Bussiness``, ``TyperNotation``).
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from vnedoc.model import (
    VIETNAM,
    Blob,
    Business,
    DocumentCode,
    DocumentId,
    DocumentType,
    Envelope,
    Kind,
    OrganId,
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
)
from vnedoc.xml import strict_base64

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
XLINK = "http://www.w3.org/1999/xlink"
DIALECT = "2016"

_DECLARE = f' xmlns:edXML="{QCVN}"'
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_TRACE_ATTRIBUTES = frozenset({"id", "version", f"{{{_SOAP}}}mustUnderstand", f"{{{_SOAP}}}actor"})
_XLINK_ATTRIBUTES = frozenset(f"{{{XLINK}}}{name}" for name in ("href", "role", "type"))


# --- values ---------------------------------------------------------------------------------------


@attrs.frozen
class Value:
    """How one kind of text is read and written.

    Attributes:
        expected: The form, for people.
        read: Text without surrounding white space to value; raises ``ValueError``.
        write: Value to text.
        exact: What the standard wants; other texts that can be read give a finding. ``None``: any.
    """

    expected: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    exact: re.Pattern[str] | None = None


_INTEGER = re.compile(r"-?[0-9]+")
# The standard's form, then the two others that real messages hold.
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})",
        r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})",
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})",
    )
)
_TIME = re.compile(r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?")
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false"})


def _read_date(text: str) -> dt.date:
    for form in _DATES:
        if match := form.fullmatch(text):
            return dt.date(*(int(match[part]) for part in ("year", "month", "day")))
    raise ValueError(text)


def _write_date(value: dt.date) -> str:
    return f"{value.year:04}/{value.month:02}/{value.day:02}"


def _read_timestamp(text: str) -> dt.datetime:
    day, _, time = text.replace("T", " ", 1).partition(" ")
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise ValueError(text)
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    clock = dt.time(hour, minute, second)
    when = dt.datetime.combine(_read_date(day), clock, VIETNAM)
    try:
        when.astimezone(dt.UTC)  # 0001/01/01, which stands for "none" in some programs, has no such time
    except OverflowError as error:
        raise ValueError(text) from error
    return when


def _write_timestamp(value: dt.datetime) -> str:
    return f"{_write_date(local := value.astimezone(VIETNAM))} {local:%H:%M:%S}"


def _read_integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _read_flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _read_content_id(text: str) -> str:
    bare = text[4:].strip() if text[:4].lower() == "cid:" else text
    if not bare:
        raise ValueError(text)
    return bare


def _read_base64(text: str) -> Blob:
    return Blob.from_bytes(strict_base64(text))


def _not_text(_value: Any) -> str:
    raise AssertionError("content is written piece by piece, never as one text")


def _listed(members: type[enum.Enum], expected: str, code: Callable[[str], Any] = _read_integer) -> Value:
    """Give the value of a code list."""
    return Value(expected, lambda text: members(code(text)), lambda member: str(member.value))


TEXT = Value("text", str, str)
INTEGER = Value("an integer", _read_integer, str)
DATE = Value("yyyy/MM/dd", _read_date, _write_date, re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}"))
TIMESTAMP = Value(
    "yyyy/MM/dd HH:mm:ss",
    _read_timestamp,
    _write_timestamp,
    re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
)
BOOLEAN = Value("true | false", _read_flag, lambda value: "true" if value else "false")
FLAG = Value("0 | 1", _read_flag, lambda value: "1" if value else "0", re.compile("[01]"))
ORGAN = Value("an organisation identifier", OrganId, str)
DOCUMENT = Value("a document identifier of at most 200 characters", DocumentId, str)
CONTENT_ID = Value("cid:…", _read_content_id, lambda value: f"cid:{value}")
BASE64 = Value("base64", _read_base64, _not_text)
KIND = _listed(Kind, "0 | 1 | 2 | 3")
PRIORITY = _listed(Priority, "0 | 1 | 2 | 3 | 4")
STEERING = _listed(Steering, "0 | 1 | 2")
CHANGE = _listed(ReceiverChange, "0 | 1")
STATUS_CODE = _listed(StatusCode, "01-06 | 13 | 15 | 16", str)


# --- rows -----------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True, eq=False)
class Row:
    """One element of the wire.

    With ``value`` it is a leaf, with ``shape`` a group that becomes one object, with neither a wrapper
    whose rows belong to the object around it.

    Attributes:
        name: Local name as it is written.
        field: Field of the object around it; ``None`` for a wrapper.
        value: How the text of a leaf is read and written.
        shape: Class of the object that a group becomes.
        rows: Children in the order in which they are written.
        many: May occur again; the field is a tuple.
        required: The object around it cannot be made without it.
        fatal: Code of the ``DecodeError`` when the text cannot be read; ``None``: a finding instead.
        keep_empty: An empty element is a value, not an absent one.
        absent: Value of the field when the element is absent.
        read_as: Other spellings that are read, with a finding.
        structure: Written even when empty, and refused when it occurs again.
        prefix: Namespace prefix that is written.
        declare: Attributes that are written, as text.
        attributes: Attributes that are read past; any other gives a finding.
        index: Row of each local name that is read.
        fields: The rows that fill the fields of ``shape``, those inside wrappers included.
    """

    name: str
    field: str | None = None
    value: Value | None = None
    shape: Callable[..., Any] | None = None
    rows: tuple[Row, ...] = ()
    many: bool = False
    required: bool = False
    fatal: str | None = None
    keep_empty: bool = False
    absent: Any = None
    read_as: tuple[str, ...] = ()
    structure: bool = False
    prefix: str = "edXML:"
    declare: str = ""
    attributes: frozenset[str] = frozenset()
    index: Mapping[str, Row] = attrs.field(init=False, repr=False)
    fields: tuple[Row, ...] = attrs.field(init=False, repr=False)

    @index.default
    def _index(self) -> Mapping[str, Row]:
        return {name: row for row in self.rows for name in (row.name, *row.read_as)}

    @fields.default
    def _fields(self) -> tuple[Row, ...]:
        return tuple(one for row in self.rows for one in (row.fields if row.field is None else (row,)))

    def build(self, found: Mapping[str, Any], **more: Any) -> Any:
        """Make the object from the fields that were found."""
        assert self.shape is not None  # noqa: S101 - only groups are built
        given = {
            row.field: tuple(found.get(row.field, ())) if row.many else found.get(row.field, row.absent)
            for row in self.fields
            if row.field is not None and row.field not in more
        }
        return self.shape(**given, **more)


def _leaf(name: str, field: str, value: Value = TEXT, **more: Any) -> Row:
    return Row(name=name, field=field, value=value, **more)


def _group(name: str, field: str, shape: Callable[..., Any], *rows: Row, **more: Any) -> Row:
    return Row(name=name, field=field, shape=shape, rows=rows, **more)


def _wrap(name: str, *rows: Row, **more: Any) -> Row:
    return Row(name=name, rows=rows, **more)


@attrs.frozen(kw_only=True, eq=False)
class Reference:
    """One line of the manifest. ``source`` is the element it was read from, ``where`` its place."""

    content_id: str | None
    content_type: str | None
    description: str | None
    name: str | None
    source: Any = None
    where: str = ""


@attrs.frozen(kw_only=True, eq=False)
class Carried:
    """One attachment as it stands after the envelope; ``source`` and ``where`` as for ``Reference``."""

    content_id: str | None
    name: str | None
    description: str | None
    content_type: str | None
    content: Blob
    source: Any = None
    where: str = ""


def _envelope(*, references: object, carried: object, **fields: Any) -> Envelope:
    """Make the envelope; manifest lines and carried attachments were joined to ``attachments`` before."""
    del references, carried
    return Envelope(**fields)


_ORGAN_ID = _leaf("OrganId", "organ_id", ORGAN, required=True)
_NAME = _leaf("OrganName", "name", absent="")
_IN_CHARGE = _leaf("OrganizationInCharge", "in_charge", read_as=("OrganInCharge",))
_CONTACT = (
    _leaf("OrganAdd", "address"),
    _leaf("Email", "email"),
    _leaf("Telephone", "telephone"),
    _leaf("Fax", "fax"),
    _leaf("Website", "website"),
)
_PARTY = (_ORGAN_ID, _IN_CHARGE, _NAME, *_CONTACT)
_RESPONSE_FOR = (
    _leaf("OrganId", "organ_id", ORGAN),
    _leaf("Code", "code"),
    _leaf("PromulgationDate", "date", DATE),
    _leaf("DocumentId", "document_id", DOCUMENT),
)
_DEPARTMENT, _STAFF, _MOBILE, _EMAIL = (
    _leaf("Department", "department"),
    _leaf("Staff", "staff"),
    _leaf("Mobile", "mobile"),
    _leaf("Email", "email"),
)

MESSAGE_HEADER = _wrap(
    "MessageHeader",
    _group("From", "sender", Party, *_PARTY),
    _group("To", "receivers", Party, *_PARTY, many=True),
    _leaf("DocumentId", "document_id", DOCUMENT),
    _group(
        "Code",
        "code",
        DocumentCode,
        _leaf("CodeNumber", "number", absent=""),
        _leaf("CodeNotation", "notation", absent=""),
    ),
    _wrap("PromulgationInfo", _leaf("Place", "place"), _leaf("PromulgationDate", "date", DATE)),
    _group(
        "DocumentType",
        "type",
        DocumentType,
        _leaf("Type", "type", INTEGER),
        _leaf("TypeDetail", "detail", INTEGER),
        _leaf("TypeName", "name", absent=""),
    ),
    _leaf("Subject", "subject"),
    _leaf("Content", "content"),
    _group(
        "SignerInfo",
        "signer",
        SignerInfo,
        _leaf("Competence", "competence"),
        _leaf("Position", "position"),
        _leaf("FullName", "full_name"),
    ),
    _leaf("DueDate", "due_date", DATE),
    _group(
        "OtherInfo",
        "other",
        OtherInfo,
        _leaf("Priority", "priority", PRIORITY),
        _leaf("SphereOfPromulgation", "sphere"),
        _leaf("TyperNotation", "typist"),
        _leaf("PromulgationAmount", "copies", INTEGER),
        _leaf("PageAmount", "pages", INTEGER),
        _leaf("Direction", "direction", BOOLEAN),
        _wrap("Appendixes", _leaf("Appendix", "appendixes", many=True)),
    ),
    _group("ResponseFor", "responses_for", ResponseFor, *_RESPONSE_FOR, many=True),
    _leaf("SteeringType", "steering", STEERING),
    _wrap("ToPlaces", _leaf("Place", "to_places", many=True)),
    structure=True,
)

BUSINESS = _group(
    "Bussiness",
    "business",
    Business,
    _leaf("DocumentId", "document_id", DOCUMENT),
    _leaf(
        "BussinessDocType",
        "kind",
        KIND,
        required=True,
        fatal="VND-EDX-009",
        read_as=("BusinessDocType",),
    ),
    _leaf("BussinessDocReason", "reason", read_as=("BusinessDocReason",)),
    _leaf("Paper", "paper", INTEGER),
    _wrap(
        "BussinessDocumentInfo",
        _leaf("DocumentInfo", "changes_content", FLAG),
        _leaf("DocumentReceiver", "changes_receivers", FLAG),
        _wrap(
            "ReceiverList",
            _group(
                "Receiver",
                "receivers",
                Receiver,
                _ORGAN_ID,
                _leaf("ReceiverType", "change", CHANGE, required=True),
                many=True,
            ),
        ),
        read_as=("BusinessDocumentInfo",),
    ),
    _wrap(
        "ReplacementInfoList",
        _group(
            "ReplacementInfo",
            "replaced",
            Replaced,
            _leaf("DocumentId", "document_id", DOCUMENT, required=True),
            _wrap("OrganIdList", _leaf("OrganId", "organ_ids", ORGAN, many=True)),
            many=True,
        ),
    ),
    _group("StaffInfo", "staff", StaffInfo, _DEPARTMENT, _STAFF, _EMAIL, _MOBILE),
    read_as=("Business",),
)

REFERENCE = _group(
    "Reference",
    "references",
    Reference,
    _leaf("ContentId", "content_id", CONTENT_ID),
    _leaf("ContentType", "content_type"),
    _leaf("Description", "description"),
    _leaf("AttachmentName", "name"),
    many=True,
    attributes=_XLINK_ATTRIBUTES,
)

ATTACHMENT = _group(
    "Attachment",
    "carried",
    Carried,
    _leaf("ContentId", "content_id", CONTENT_ID, prefix=""),
    _leaf("AttachmentName", "name", prefix=""),
    _leaf("Description", "description", prefix=""),
    _leaf("ContentType", "content_type", prefix=""),
    _leaf(
        "ContentTransferEncoded",
        "content",
        BASE64,
        required=True,
        fatal="VND-EDX-044",
        keep_empty=True,
        declare=_DECLARE,
    ),
    many=True,
    prefix="",
)

DOCUMENT_MESSAGE = Row(
    name="edXML",
    shape=_envelope,
    rows=(
        _wrap(
            "edXMLEnvelope",
            _wrap(
                "edXMLHeader",
                MESSAGE_HEADER,
                _wrap(
                    "TraceHeaderList",
                    _group(
                        "TraceHeader",
                        "traces",
                        TraceHeader,
                        _leaf("OrganId", "organ_id"),
                        _leaf("Timestamp", "timestamp", TIMESTAMP),
                        many=True,
                    ),
                    BUSINESS,
                    attributes=_TRACE_ATTRIBUTES,
                ),
                structure=True,
            ),
            _wrap(
                "edXMLBody",
                _wrap(
                    "edXMLManifest",
                    REFERENCE,
                    read_as=("Manifest",),
                    structure=True,
                    declare=' version="1.0"',
                    attributes=frozenset({"version"}),
                ),
                structure=True,
            ),
            structure=True,
            declare=_DECLARE,
        ),
        _wrap("AttachmentEncoded", ATTACHMENT, structure=True, prefix=""),
    ),
)

STATUS_MESSAGE = Row(
    name="edXML",
    shape=StatusMessage,
    rows=(
        _wrap(
            "edXMLEnvelope",
            _wrap(
                "edXMLHeader",
                _wrap(
                    "MessageHeader",
                    _group("From", "sender", Party, _ORGAN_ID, _NAME, _IN_CHARGE, *_CONTACT),
                    _group("ResponseFor", "response_for", ResponseFor, *_RESPONSE_FOR, absent=ResponseFor()),
                    _group("StaffInfo", "staff", StaffInfo, _DEPARTMENT, _STAFF, _MOBILE, _EMAIL),
                    _leaf("StatusCode", "code", STATUS_CODE, fatal="VND-EDX-007"),
                    _leaf("Description", "description"),
                    _leaf("Timestamp", "timestamp", TIMESTAMP),
                    read_as=("Status",),
                    structure=True,
                ),
                structure=True,
            ),
            structure=True,
            declare=_DECLARE,
        ),
    ),
)
