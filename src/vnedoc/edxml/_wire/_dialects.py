"""The wire table: which element is which field, in each dialect, in the order in which it is written.

Reader and writer walk the same rows, so a spelling, an order or a further dialect is a line of data.
Elements are read in any order. This is the only place that knows the wire's own spellings
(``Bussiness``, ``TyperNotation``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import attrs

from vnedoc.edxml._spaces import E_DOC, INET, QCVN, SOAP, XLINK
from vnedoc.edxml._wire import _values as values
from vnedoc.edxml._wire._rows import Carried, Dialect, Reference, Row, clark
from vnedoc.edxml._wire._values import Value
from vnedoc.errors import ConfigError
from vnedoc.model import (
    Business,
    DocumentCode,
    DocumentType,
    Envelope,
    OtherInfo,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusMessage,
    TraceHeader,
)

DEFAULT = "2016"
DIALECTS = ("2016", "2016-official", "2022", "2022-official", "2014", "2014-inet")

_NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
_OFFICIAL_HEADER = (
    "From", "To", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "SignerInfo", "DueDate",
    "ToPlaces", "OtherInfo", "ResponseFor", "SteeringType", "DocumentId",
)  # fmt: skip
_OFFICIAL_BUSINESS = (
    "BussinessDocType", "BussinessDocReason", "BussinessDocumentInfo", "DocumentId", "StaffInfo", "Paper",
    "ReplacementInfoList",
)  # fmt: skip
_STATUS_PARTY = (
    "OrganId", "OrganName", "OrganizationInCharge", "OrganAdd", "Email", "Telephone", "Fax", "Website",
)  # fmt: skip
_HEADER_2014 = (
    "From", "To", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "DocumentId",
    "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType", "ToPlaces",
)  # fmt: skip


def dialect(name: str) -> Dialect:
    """Give a dialect by its name.

    Raises:
        ConfigError: ``VND-EDX-011`` when there is none of that name.
    """
    if name not in DIALECTS:
        raise ConfigError(
            "VND-EDX-011",
            f"there is no dialect {name!r}",
            hint=f"use one of {', '.join(DIALECTS)}",
            facts={"seen": str(name)[:80], "known": list(DIALECTS)},
        )
    return _dialect(name)


@cache
def _dialect(name: str) -> Dialect:
    edition, _, variant = name.partition("-")
    if edition == "2014":
        return _year_2014(name, INET if variant == "inet" else E_DOC)
    order = "the order of the QCVN's sections" if variant else "the order that the national axis writes"
    law = "QCVN 102:2016/BTTTT" + (", SĐ1:2022 QCVN 102:2016/BTTTT" if edition == "2022" else "")
    return Dialect(
        name=name,
        edition=int(edition),
        title=f"{law}, {order}",
        source="TT 01/2022/TT-BTTTT; QĐ 20/2020/QĐ-TTg" if edition == "2022" else "TT 10/2016/TT-BTTTT",
        namespace=QCVN,
        document=_document(QCVN, official=bool(variant)),
        status=_status(QCVN),
    )


@cache
def misspelt(ns: str, *, flat: bool) -> Dialect:
    """Give the rows of 2016 with another root or namespace, for lenient reading only."""
    document, status = _document(ns, official=False), _status(ns)
    return Dialect(
        name=DEFAULT,
        edition=2016,
        title=f"QCVN 102:2016/BTTTT in the namespace {ns!r}",
        source="early local guides",
        namespace=ns,
        document=_flat(document) if flat else document,
        status=_flat(status) if flat else status,
        flat=flat,
    )


def _flat(root: Row) -> Row:
    """Let the envelope be the root, with what stood beside it inside."""
    envelope, *beside = root.rows
    return attrs.evolve(root, name=envelope.name, rows=(*envelope.rows, *beside))


# --- making rows ----------------------------------------------------------------------------------


class _Rows:
    """Makes rows of one namespace."""

    def __init__(self, ns: str, *, prefix: str = "edXML:") -> None:
        self._row = partial(Row, ns=ns, prefix=prefix)

    def leaf(self, name: str, field: str, value: Value = values.TEXT, **more: Any) -> Row:
        return self._row(name=name, field=field, value=value, **more)

    def group(self, name: str, field: str, shape: Callable[..., Any], *rows: Row, **more: Any) -> Row:
        return self._row(name=name, field=field, shape=shape, rows=rows, **more)

    def wrap(self, name: str, *rows: Row, **more: Any) -> Row:
        return self._row(name=name, rows=rows, **more)


def _in_order(rows: Sequence[Row], names: Sequence[str]) -> tuple[Row, ...]:
    by_name = {row.name: row for row in rows}
    return tuple(by_name[name] for name in names)


def _party(make: _Rows, more: Mapping[str, Any]) -> dict[str, Row]:
    rows = (
        make.leaf("OrganId", "organ_id", values.ORGAN, required=True, **more),
        make.leaf("OrganizationInCharge", "in_charge", read_as=("OrganInCharge",)),
        make.leaf("OrganName", "name", absent=""),
        make.leaf("OrganAdd", "address"),
        make.leaf("Email", "email"),
        make.leaf("Telephone", "telephone"),
        make.leaf("Fax", "fax"),
        make.leaf("Website", "website"),
    )
    return {row.name: row for row in rows}


def _response_for(make: _Rows, date: Value, more: Mapping[str, Any]) -> tuple[Row, ...]:
    return (
        make.leaf("OrganId", "organ_id", values.ORGAN, **more),
        make.leaf("Code", "code"),
        make.leaf("PromulgationDate", "date", date),
        make.leaf("DocumentId", "document_id", values.DOCUMENT),
    )


def _staff(make: _Rows, *order: str) -> Row:
    rows = (
        make.leaf("Department", "department"),
        make.leaf("Staff", "staff"),
        make.leaf("Mobile", "mobile"),
        make.leaf("Email", "email"),
    )
    return make.group("StaffInfo", "staff", StaffInfo, *_in_order(rows, order))


def _header_rows(
    make: _Rows, date: Value, *, organ: Mapping[str, Any], always: bool = False
) -> tuple[Row, ...]:
    party = _party(make, organ).values()
    return (
        make.group("From", "sender", Party, *party),
        make.group("To", "receivers", Party, *party, many=True),
        make.leaf("DocumentId", "document_id", values.DOCUMENT),
        make.group(
            "Code",
            "code",
            DocumentCode,
            make.leaf("CodeNumber", "number", absent=""),
            make.leaf("CodeNotation", "notation", absent=""),
        ),
        make.wrap(
            "PromulgationInfo",
            make.leaf("Place", "place", read_as=("Promulgator",)),
            make.leaf("PromulgationDate", "date", date, read_as=("Date",)),
        ),
        make.group(
            "DocumentType",
            "type",
            DocumentType,
            make.leaf("Type", "type", values.INTEGER),
            make.leaf("TypeDetail", "detail", values.INTEGER),
            make.leaf("TypeName", "name", absent=""),
        ),
        make.leaf("Subject", "subject"),
        make.leaf("Content", "content"),
        make.group(
            "SignerInfo",
            "signer",
            SignerInfo,
            make.leaf("Competence", "competence"),
            make.leaf("Position", "position", read_as=("Function",)),
            make.leaf("FullName", "full_name", read_as=("Signer",)),
            read_as=("Author",),
        ),
        make.leaf("DueDate", "due_date", date, always=always),
        make.group(
            "OtherInfo",
            "other",
            OtherInfo,
            make.leaf("Priority", "priority", values.PRIORITY, always=always),
            make.leaf("SphereOfPromulgation", "sphere", always=always),
            make.leaf("TyperNotation", "typist", always=always),
            make.leaf("PromulgationAmount", "copies", values.INTEGER, always=always),
            make.leaf("PageAmount", "pages", values.INTEGER, always=always),
            make.leaf("Direction", "direction", values.BOOLEAN, written=not always),
            make.wrap("Appendixes", make.leaf("Appendix", "appendixes", many=True), always=always),
            always=always,
        ),
        make.group("ResponseFor", "responses_for", ResponseFor, *_response_for(make, date, organ), many=True),
        make.leaf("SteeringType", "steering", values.STEERING),
        make.wrap("ToPlaces", make.leaf("Place", "to_places", many=True), always=always),
    )


def _trace(make: _Rows, timestamp: Value) -> Row:
    return make.group(
        "TraceHeader",
        "traces",
        TraceHeader,
        make.leaf("OrganId", "organ_id"),
        make.leaf("Timestamp", "timestamp", timestamp),
        many=True,
    )


def _business(make: _Rows, *, order: Sequence[str] | None = None, **more: Any) -> Row:
    rows = (
        make.leaf("DocumentId", "document_id", values.DOCUMENT),
        make.leaf(
            "BussinessDocType",
            "kind",
            values.KIND,
            required=True,
            fatal="VND-EDX-009",
            read_as=("BusinessDocType",),
        ),
        make.leaf("BussinessDocReason", "reason", read_as=("BusinessDocReason",)),
        make.leaf("Paper", "paper", values.INTEGER),
        make.wrap(
            "BussinessDocumentInfo",
            make.leaf("DocumentInfo", "changes_content", values.FLAG),
            make.leaf("DocumentReceiver", "changes_receivers", values.FLAG),
            make.wrap(
                "ReceiverList",
                make.group(
                    "Receiver",
                    "receivers",
                    Receiver,
                    make.leaf("OrganId", "organ_id", values.ORGAN, required=True),
                    make.leaf("ReceiverType", "change", values.CHANGE, required=True),
                    many=True,
                ),
            ),
            read_as=("BusinessDocumentInfo",),
        ),
        make.wrap(
            "ReplacementInfoList",
            make.group(
                "ReplacementInfo",
                "replaced",
                Replaced,
                make.leaf("DocumentId", "document_id", values.DOCUMENT, required=True),
                make.wrap("OrganIdList", make.leaf("OrganId", "organ_ids", values.ORGAN, many=True)),
                many=True,
            ),
        ),
        _staff(make, "Department", "Staff", "Email", "Mobile"),
    )
    ordered = rows if order is None else _in_order(rows, order)
    return make.group("Bussiness", "business", Business, *ordered, read_as=("Business",), **more)


# --- 2016 and 2022 --------------------------------------------------------------------------------


def _declared(ns: str) -> str:
    return f' xmlns:edXML="{ns}"'


def _document(ns: str, *, official: bool) -> Row:
    make, bare = _Rows(ns), _Rows(ns, prefix="")
    header = _header_rows(make, values.DATE, organ={})
    trace, business = _trace(make, values.TIMESTAMP), _business(make)
    if official:
        header = _in_order(header, _OFFICIAL_HEADER)
        business = _business(make, order=_OFFICIAL_BUSINESS)
    soap = {"id": None, "version": None, clark(SOAP, "mustUnderstand"): None, clark(SOAP, "actor"): None}
    return bare.group(
        "edXML",
        "",
        Envelope,
        make.wrap(
            "edXMLEnvelope",
            make.wrap(
                "edXMLHeader",
                make.wrap("MessageHeader", *header, structure=True),
                make.wrap("TraceHeaderList", trace, business, attributes=soap),
                structure=True,
            ),
            make.wrap(
                "edXMLBody",
                make.wrap(
                    "edXMLManifest",
                    make.group(
                        "Reference",
                        "references",
                        Reference,
                        make.leaf("ContentId", "content_id", values.CONTENT_ID),
                        make.leaf("ContentType", "content_type", read_as=("FileType",)),
                        make.leaf("Description", "description"),
                        make.leaf("AttachmentName", "name", read_as=("FileName",)),
                        many=True,
                        attributes={clark(XLINK, name): None for name in ("href", "role", "type")},
                    ),
                    read_as=("Manifest",),
                    structure=True,
                    attributes={"version": "1.0"},
                ),
                structure=True,
            ),
            structure=True,
            declare=_declared(ns),
        ),
        bare.wrap(
            "AttachmentEncoded",
            bare.group(
                "Attachment",
                "carried",
                Carried,
                bare.leaf("ContentId", "content_id", values.CONTENT_ID),
                bare.leaf("AttachmentName", "name", read_as=("FileName",)),
                bare.leaf("Description", "description"),
                bare.leaf("ContentType", "content_type", read_as=("FileType",)),
                make.leaf(
                    "ContentTransferEncoded",
                    "content",
                    values.BASE64,
                    required=True,
                    fatal="VND-EDX-044",
                    keep_empty=True,
                    declare=_declared(ns),
                    read_as=("Content",),
                ),
                many=True,
            ),
            structure=True,
        ),
    )


def _status(ns: str) -> Row:
    make, bare = _Rows(ns), _Rows(ns, prefix="")
    return bare.group(
        "edXML",
        "",
        StatusMessage,
        make.wrap(
            "edXMLEnvelope",
            make.wrap(
                "edXMLHeader",
                _status_header(
                    make, "MessageHeader", values.DATE, values.TIMESTAMP, organ={}, read_as=("Status",)
                ),
                structure=True,
            ),
            structure=True,
            declare=_declared(ns),
        ),
    )


def _status_header(
    make: _Rows, name: str, date: Value, timestamp: Value, *, organ: Mapping[str, Any], **more: Any
) -> Row:
    sender = _in_order(tuple(_party(make, organ).values()), _STATUS_PARTY)
    return make.wrap(
        name,
        make.group("From", "sender", Party, *sender),
        make.group(
            "ResponseFor",
            "response_for",
            ResponseFor,
            *_response_for(make, date, organ),
            absent=ResponseFor(),
        ),
        _staff(make, "Department", "Staff", "Mobile", "Email"),
        make.leaf("StatusCode", "code", values.STATUS_CODE, fatal="VND-EDX-007"),
        make.leaf("Description", "description"),
        make.leaf("Timestamp", "timestamp", timestamp),
        structure=True,
        **more,
    )


# --- 2014 -----------------------------------------------------------------------------------------


def _year_2014(name: str, ns: str) -> Dialect:
    """Give the shape of Công văn 2803/BTTTT-THH: SOAP 1.1 inside MIME multipart/related."""
    make, soap = _Rows(ns), _Rows(SOAP, prefix="SOAP-ENV:")
    organ = {"attributes": {clark(ns, "type"): "edXMLString"}}
    date, timestamp = values.DATE_2014, values.TIMESTAMP_2014
    header = _in_order(_header_rows(make, date, organ=organ, always=True), _HEADER_2014)
    trace_list = make.wrap(
        "TraceHeaderList",
        _trace(make, timestamp),
        _business(make, written=False),
        always=True,
        attributes={
            clark(ns, "id"): None,
            clark(ns, "version"): "1.0",
            clark(SOAP, "mustUnderstand"): "1",
            clark(SOAP, "actor"): _NEXT,
        },
    )
    error_list = make.wrap(
        "ErrorList",
        kept=True,
        always=True,
        attributes={clark(ns, "id"): None, clark(ns, "highestSeverity"): None, clark(ns, "version"): "1.0"},
    )
    manifest = make.wrap(
        "Manifest",
        make.group(
            "Reference",
            "references",
            Reference,
            make.leaf("ContentId", "content_id", values.CONTENT_ID, written=False),
            make.leaf("ContentType", "content_type", written=False),
            make.leaf("AttachmentName", "name"),
            make.leaf(
                "Description",
                "description",
                attributes={"{http://www.w3.org/XML/1998/namespace}lang": None},
            ),
            many=True,
            attributes={clark(XLINK, "role"): "XLinkRole", clark(XLINK, "type"): "simple"},
            attribute_fields={clark(XLINK, "href"): ("content_id", values.CONTENT_ID)},
        ),
        structure=True,
        read_as=("edXMLManifest",),
        attributes={clark(ns, "version"): "1.0"},
    )
    message_header = make.wrap(
        "MessageHeader",
        *header,
        structure=True,
        attributes={
            one: None
            for local in ("OriginalBodyRequested", "ImmediateResponseRequired")
            for one in (local, clark(ns, local))
        },
    )
    return Dialect(
        name=name,
        edition=2014,
        title="Công văn 2803/BTTTT-THH, SOAP 1.1 in MIME multipart/related",
        source="Công văn 2803/BTTTT-THH",
        namespace=ns,
        document=_soap(
            soap,
            Envelope,
            soap.wrap("Header", message_header, trace_list, error_list, structure=True),
            soap.wrap("Body", manifest, structure=True),
        ),
        status=_soap(
            soap,
            StatusMessage,
            soap.wrap(
                "Header",
                _status_header(make, "Status", date, timestamp, organ=organ, read_as=("MessageHeader",)),
                error_list,
                structure=True,
            ),
            soap.wrap("Body", structure=True),
        ),
        packaging="mime",
        part=_part(make),
        scope={SOAP: "SOAP-ENV", ns: "edXML", XLINK: "xlink"},
    )


def _soap(make: _Rows, shape: Callable[..., Any], *rows: Row) -> Row:
    return make.group("Envelope", "", shape, *rows)


def _part(make: _Rows) -> Row:
    """Give the rows of an attachment's part; its ContentId is the part's Content-ID."""
    return make.wrap(
        "Document",
        make.wrap(
            "Attach",
            make.group(
                "Attachment",
                "carried",
                Carried,
                make.leaf("name", "name"),
                make.wrap("FieldName", kept=True),
                make.leaf("MimeType", "content_type"),
                make.leaf(
                    "value",
                    "content",
                    values.BASE64,
                    required=True,
                    fatal="VND-EDX-044",
                    keep_empty=True,
                ),
                many=True,
                attributes={"Content-Type": "application/zip", "Content-Transfer-Encoding": "base64"},
            ),
            structure=True,
        ),
        structure=True,
    )
