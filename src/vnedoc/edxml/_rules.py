"""The rules of a message as a table: code, severity, source and what is checked.

The table is the first slice: required fields, lengths, duplicates, direction of statuses, the business
block, attachments, identifiers and text form. Whether a source was seen itself (``certain``) or is known
through several implementations (``likely``) stands beside each rule and decides its severity where the
two differ: what is only likely is a warning.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from vnedoc.edxml._files import safe_name
from vnedoc.errors import FactValue
from vnedoc.model import (
    Blob,
    Envelope,
    Finding,
    Kind,
    OrganId,
    Severity,
    StatusCode,
    StatusMessage,
    UnknownElement,
)

_Broken = tuple[str, dict[str, FactValue]]
_Check = Callable[[Any], Iterator[_Broken]]

_ND30 = "NĐ 30/2020/NĐ-CP Phụ lục VI phần II"
_QCVN = "QCVN 102:2016/BTTTT"
_QD20 = "QĐ 20/2020/QĐ-TTg"
_QD28 = "QĐ 28/2018/QĐ-TTg"
_NFC = "TCVN 6909:2001"


@attrs.frozen(kw_only=True)
class Rule:
    """One rule.

    Attributes:
        code: Code of its findings; rules of one kind share it.
        severity: Severity of its findings.
        message: The kind of message it is for.
        source: Where the rule comes from.
        certain: Whether the source itself was seen; otherwise several implementations agree.
        check: Gives location and facts of each breach.
    """

    code: str
    severity: Severity
    message: type[Envelope | StatusMessage]
    source: str
    certain: bool
    check: _Check


def check(message: Envelope | StatusMessage) -> tuple[Finding, ...]:
    """Run every rule over a message and give all findings, errors first.

    Locations are field paths such as ``receivers[1].organ_id``, counted from 0. No key, file or network
    plays a part. What constructors already refuse (a ``DocumentId`` of more than 200 characters, an empty
    ``OrganId``) needs no rule.
    """
    findings = [
        Finding(rule.code, rule.severity, where, {**facts, "source": rule.source})
        for rule in RULES
        if isinstance(message, rule.message)
        for where, facts in rule.check(message)
    ]
    return tuple(sorted(findings, key=lambda one: one.severity is not Severity.ERROR))


# --- walking fields -------------------------------------------------------------------------------


def _values(value: Any, path: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values at a path such as ``receivers[].organ_id``, with their places."""
    if not path:
        yield at, value
        return
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    inner = None if value is None else getattr(value, name)
    here = f"{at}.{name}" if at else name
    if step == name:
        yield from _values(inner, rest, here)
    else:
        for place, one in enumerate(inner or ()):
            yield from _values(one, rest, f"{here}[{place}]")


def _texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a message with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from _texts(one, f"{at}[{place}]")
    elif attrs.has(type(value)) and not isinstance(value, Blob | UnknownElement):
        for field in attrs.fields(type(value)):
            yield from _texts(getattr(value, field.name), f"{at}.{field.name}" if at else field.name)


# --- kinds of checks ------------------------------------------------------------------------------


def _required(path: str, element: str, when: Callable[[Any], bool] = lambda _: True) -> _Check:
    def check_required(message: Any) -> Iterator[_Broken]:
        if not when(message):
            return
        for where, value in _values(message, path):
            if value in (None, "", ()):
                yield where, {"element": element}

    return check_required


def _longest(path: str, element: str, longest: int) -> _Check:
    def check_length(message: Any) -> Iterator[_Broken]:
        for where, value in _values(message, path):
            text = "" if value is None else str(value)
            if len(text) > longest:
                yield where, {"element": element, "longest": longest, "seen": len(text)}

    return check_length


def _between(path: str, element: str, least: int, most: int) -> _Check:
    def check_range(message: Any) -> Iterator[_Broken]:
        for where, value in _values(message, path):
            if value is not None and not least <= value <= most:
                yield where, {"element": element, "least": least, "most": most, "seen": value}

    return check_range


def _grammar(path: str) -> _Check:
    def check_grammar(message: Any) -> Iterator[_Broken]:
        for where, value in _values(message, path):
            if isinstance(value, OrganId) and value.grammar == "other":
                yield where, {"seen": value.value}

    return check_grammar


def _digits(envelope: Envelope) -> Iterator[_Broken]:
    if envelope.code is not None and envelope.code.number:
        number = envelope.code.number
        if not (number.isascii() and number.isdigit()):
            yield "code.number", {"seen": number[:80]}


def _composed(message: Any) -> Iterator[_Broken]:
    for where, text in _texts(message):
        if not unicodedata.is_normalized("NFC", text):
            yield where, {"seen": text[:80]}


def _receivers_once(envelope: Envelope) -> Iterator[_Broken]:
    met: set[str] = set()
    for place, one in enumerate(envelope.receivers):
        names = {one.organ_id.value, *one.organ_id.aliases}  # as OrganId.same_as compares
        if not names.isdisjoint(met):
            yield f"receivers[{place}].organ_id", {"seen": one.organ_id.value}
        met |= names


def _direction(status: StatusMessage) -> Iterator[_Broken]:
    """Find swapped roles where the identifier of the document begins with its issuer's code."""
    about = status.response_for
    if about.document_id is None or about.organ_id is None or "," not in about.document_id.value:
        return
    issuer = about.document_id.value.partition(",")[0].strip()
    issued_by_sender = issuer in (status.sender.organ_id.value, *status.sender.organ_id.aliases)
    issued_by_other = issuer in (about.organ_id.value, *about.organ_id.aliases)
    wrong = issued_by_other if status.code.from_document_sender else issued_by_sender
    if wrong and issued_by_sender != issued_by_other:
        yield "sender.organ_id", {"status": status.code.value, "issuer": issuer}


def _fits_kind(envelope: Envelope) -> Iterator[_Broken]:
    business = envelope.business
    if business is None:
        return
    surplus: Sequence[tuple[str, str, object, tuple[Kind, ...]]] = (
        ("business.document_id", "DocumentId", business.document_id, (Kind.REVOKE, Kind.UPDATE)),
        ("business.receivers", "ReceiverList", business.receivers, (Kind.UPDATE,)),
        ("business.replaced", "ReplacementInfoList", business.replaced, (Kind.REPLACE,)),
    )
    for where, element, value, kinds in surplus:
        if value and business.kind not in kinds:
            yield where, {"element": element, "kind": business.kind.value}


def _replaces_another(envelope: Envelope) -> Iterator[_Broken]:
    for place, one in enumerate(envelope.business.replaced if envelope.business else ()):
        if one.document_id == envelope.document_id:
            yield f"business.replaced[{place}].document_id", {"seen": one.document_id.value}


def _answer_after_issue(envelope: Envelope) -> Iterator[_Broken]:
    if envelope.date and envelope.due_date and envelope.due_date < envelope.date:
        yield "due_date", {"due": envelope.due_date.isoformat(), "issued": envelope.date.isoformat()}


def _one_to_one(envelope: Envelope) -> Iterator[_Broken]:
    counted = Counter(one.content_id for one in envelope.attachments)
    for place, one in enumerate(envelope.attachments):
        if counted[one.content_id] > 1:
            yield f"attachments[{place}].content_id", {"seen": one.content_id[:80]}


def _plain_names(envelope: Envelope) -> Iterator[_Broken]:
    for place, one in enumerate(envelope.attachments):
        better = safe_name(one.name)
        if one.name and one.name != better:
            yield f"attachments[{place}].name", {"seen": one.name[:200], "better": better}


def _not_empty(envelope: Envelope) -> Iterator[_Broken]:
    for place, one in enumerate(envelope.attachments):
        if one.blob.size == 0:
            yield f"attachments[{place}]", {"name": one.name[:200]}


# --- the table ------------------------------------------------------------------------------------

_CERTAIN_REQUIRED: Mapping[str, str] = {
    "receivers": "To",
    "document_id": "DocumentId",
    "code.number": "Code/CodeNumber",
    "code.notation": "Code/CodeNotation",
    "date": "PromulgationInfo/PromulgationDate",
    "subject": "Subject",
    "attachments[].name": "Attachment/AttachmentName",
    "attachments[].content_id": "Attachment/ContentId",
}
_USUALLY_REQUIRED: Mapping[str, str] = {
    "sender.name": "From/OrganName",
    "receivers[].name": "To/OrganName",
    "type.name": "DocumentType/TypeName",
    "signer.full_name": "SignerInfo/FullName",
    "traces": "TraceHeaderList/TraceHeader",
    "attachments": "AttachmentEncoded/Attachment",
}
_STATUS_REQUIRED: Mapping[str, str] = {
    "response_for.organ_id": "ResponseFor/OrganId",
    "response_for.code": "ResponseFor/Code",
    "response_for.document_id": "ResponseFor/DocumentId",
}
_CERTAIN_LENGTHS: Mapping[str, tuple[str, int]] = {
    "sender.name": ("From/OrganName", 200),
    "receivers[].name": ("To/OrganName", 200),
    "code.number": ("Code/CodeNumber", 11),
    "code.notation": ("Code/CodeNotation", 30),
    "type.name": ("DocumentType/TypeName", 100),
    "subject": ("Subject", 500),
    "signer.position": ("SignerInfo/Position", 100),
    "signer.full_name": ("SignerInfo/FullName", 50),
}
_LIKELY_LENGTHS: Mapping[str, tuple[str, int]] = {
    **{
        f"{party}.{field}": (f"{element}/{name}", longest)
        for party, element in (("sender", "From"), ("receivers[]", "To"))
        for field, name, longest in (
            ("organ_id", "OrganId", 35),
            ("in_charge", "OrganizationInCharge", 500),
            ("address", "OrganAdd", 500),
            ("email", "Email", 100),
            ("telephone", "Telephone", 50),
            ("fax", "Fax", 50),
            ("website", "Website", 100),
        )
    },
    "place": ("PromulgationInfo/Place", 50),
    "content": ("Content", 500),
    "signer.competence": ("SignerInfo/Competence", 100),
    "to_places[]": ("ToPlaces/Place", 150),
    "other.sphere": ("OtherInfo/SphereOfPromulgation", 100),
    "other.typist": ("OtherInfo/TyperNotation", 10),
    "attachments[].name": ("AttachmentName", 500),
}
_RANGES: Mapping[str, tuple[str, int, int]] = {
    "other.pages": ("OtherInfo/PageAmount", 0, 999),
    "other.copies": ("OtherInfo/PromulgationAmount", 0, 999),
    "business.paper": ("Bussiness/Paper", 0, 1),
}
_REASONED = frozenset({StatusCode.REFUSED, StatusCode.RECALL, StatusCode.RECALL_REFUSED})


def _error(code: str, check: _Check, source: str, message: type[Any] = Envelope) -> Rule:
    return Rule(code=code, severity=Severity.ERROR, message=message, source=source, certain=True, check=check)


def _warning(
    code: str, check: _Check, source: str, message: type[Any] = Envelope, *, certain: bool = False
) -> Rule:
    return Rule(
        code=code, severity=Severity.WARNING, message=message, source=source, certain=certain, check=check
    )


RULES: tuple[Rule, ...] = (
    *(_error("VND-EDX-101", _required(*row), _QCVN) for row in _CERTAIN_REQUIRED.items()),
    *(_warning("VND-EDX-102", _required(*row), _QCVN) for row in _USUALLY_REQUIRED.items()),
    *(_error("VND-EDX-101", _required(*row), _QCVN, StatusMessage) for row in _STATUS_REQUIRED.items()),
    _warning("VND-EDX-102", _required("timestamp", "Timestamp"), _QCVN, StatusMessage),
    _warning(
        "VND-EDX-102",
        _required("description", "Description", lambda status: status.code in _REASONED),
        f"{_QD28} Điều 9",
        StatusMessage,
    ),
    _error(
        "VND-EDX-101",
        _required(
            "business.document_id",
            "Bussiness/DocumentId",
            lambda envelope: envelope.kind in (Kind.REVOKE, Kind.UPDATE),
        ),
        f"{_QCVN} 2.2.4",
    ),
    _error(
        "VND-EDX-101",
        _required(
            "business.replaced",
            "Bussiness/ReplacementInfoList",
            lambda envelope: envelope.kind is Kind.REPLACE,
        ),
        f"{_QCVN} 2.2.8",
    ),
    _warning(
        "VND-EDX-102",
        _required(
            "business.reason",
            "Bussiness/BussinessDocReason",
            lambda envelope: envelope.kind is not Kind.NEW,
        ),
        f"{_QCVN} 2.2.2",
    ),
    _warning(
        "VND-EDX-102",
        _required(
            "business.receivers",
            "Bussiness/BussinessDocumentInfo/ReceiverList",
            lambda envelope: envelope.business is not None and bool(envelope.business.changes_receivers),
        ),
        f"{_QCVN} 2.2.3",
    ),
    _warning("VND-EDX-110", _fits_kind, f"{_QCVN} 2.2"),
    _error("VND-EDX-111", _replaces_another, f"{_QCVN} 2.2.8"),
    *(_error("VND-EDX-103", _longest(path, *row), _ND30) for path, row in _CERTAIN_LENGTHS.items()),
    *(_warning("VND-EDX-104", _longest(path, *row), _QCVN) for path, row in _LIKELY_LENGTHS.items()),
    _error("VND-EDX-103", _longest("sender.name", "From/OrganName", 200), _ND30, StatusMessage),
    *(_warning("VND-EDX-105", _between(path, *row), _ND30) for path, row in _RANGES.items()),
    _error("VND-EDX-106", _receivers_once, f"{_QCVN} 1.2"),
    *(
        _warning("VND-EDX-107", _grammar(path), f"{_QD20} Điều 4-6; {_QD28} Điều 10", message, certain=True)
        for path, message in (
            ("sender.organ_id", Envelope),
            ("receivers[].organ_id", Envelope),
            ("sender.organ_id", StatusMessage),
            ("response_for.organ_id", StatusMessage),
        )
    ),
    _warning("VND-EDX-108", _digits, f"{_ND30}; {_QCVN} 1.3"),
    _warning("VND-EDX-109", _composed, _NFC, certain=True),
    _warning("VND-EDX-109", _composed, _NFC, StatusMessage, certain=True),
    _error("VND-EDX-112", _direction, f"{_QCVN}", StatusMessage),
    _warning("VND-EDX-113", _answer_after_issue, f"{_QCVN} 1.9"),
    _error("VND-EDX-114", _one_to_one, f"{_QCVN} (edXMLManifest)"),
    _warning("VND-EDX-115", _plain_names, "CWE-22, UTS #39", certain=True),
    _warning("VND-EDX-116", _not_empty, f"{_QCVN} (AttachmentEncoded)"),
)
