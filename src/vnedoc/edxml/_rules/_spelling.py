"""Did you mean: names that are known to be wrong, and the right name that is nearest to any other.

The known ones are those of the market: early local guides, a draft, other vendors' writers, and the decree's
own typing slips (a small L for a capital I).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from vnedoc.edxml._rules._rule import DOCUMENT, STATUS, rows_of
from vnedoc.edxml._wire import Row

_LONGEST = 40  # characters; no right name has more than 24, and nothing longer is near to one
_NEAR = 0.8

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "EdXML": ("edXML",),
    "EdXMLEnvelope": ("edXMLEnvelope",),
    "Envelope": ("edXMLEnvelope",),
    "Header": ("edXMLHeader",),
    "Body": ("edXMLBody",),
    "Manifest": ("edXMLManifest",),
    "Status": ("MessageHeader",),
    "Business": ("Bussiness",),
    "BusinessDocType": ("BussinessDocType",),
    "BusinessDocReason": ("BussinessDocReason",),
    "BusinessDocumentInfo": ("BussinessDocumentInfo",),
    "DigitalSignature": ("Signature",),
    "OrganInCharge": ("OrganizationInCharge",),
    "Organld": ("OrganId",),
    "OrganizationId": ("OrganId",),
    "OrganCode": ("OrganId",),
    "OrganizationName": ("OrganName",),
    "OrganAddress": ("OrganAdd",),
    "Address": ("OrganAdd",),
    "Phone": ("Telephone",),
    "Tel": ("Telephone",),
    "PhoneNumber": ("Telephone", "Mobile"),
    "Number": ("CodeNumber",),
    "Notation": ("CodeNotation",),
    "Promulgator": ("Place",),
    "PromulgationPlace": ("Place",),
    "IssuedDate": ("PromulgationDate",),
    "IssueDate": ("PromulgationDate",),
    "Date": ("PromulgationDate",),
    "IssuedAmount": ("PromulgationAmount",),
    "type": ("Type",),
    "value": ("ContentTransferEncoded",),
    "description": ("TypeName", "Description"),
    "Signer": ("FullName", "SignerInfo"),
    "Signerlnfo": ("SignerInfo",),
    "Author": ("SignerInfo",),
    "Function": ("Position",),
    "TypistNotation": ("TyperNotation",),
    "Pages": ("PageAmount",),
    "Urgency": ("Priority",),
    "Deadline": ("DueDate",),
    "Appendices": ("Appendixes",),
    "DocId": ("DocumentId",),
    "FileName": ("AttachmentName",),
    "FieldName": ("AttachmentName",),
    "name": ("AttachmentName",),
    "FileType": ("ContentType",),
    "MimeType": ("ContentType",),
    "Content": ("ContentTransferEncoded",),
    "FileContent": ("ContentTransferEncoded",),
    "Data": ("ContentTransferEncoded",),
    "Attachments": ("AttachmentEncoded",),
    "AttachmentsEncoded": ("AttachmentEncoded",),
    "TraceHeaders": ("TraceHeaderList",),
    "Sender": ("From", "OrganId"),
    "Receiver": ("To",),
    "Recipient": ("To",),
    "SentTime": ("Timestamp",),
    "TimeStamp": ("Timestamp",),
}


@cache
def _children() -> Mapping[str, Mapping[str, Row]]:
    """Give the names that may stand in each element, by its name in any spelling that is read."""
    found: dict[str, dict[str, Row]] = {}

    def walk(row: Row) -> None:
        for name in (row.name, *row.read_as):
            found.setdefault(name, {}).update({one.name: one for one in row.rows})
        for one in row.rows:
            walk(one)

    for message in (DOCUMENT, STATUS):
        root = rows_of(message)
        found.setdefault("", {})[root.name] = root
        walk(root)
    found["edXMLHeader"].setdefault("Signature", Row(name="Signature", ns=rows_of(DOCUMENT).ns))
    return found


@cache
def _attributes() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}

    def walk(row: Row) -> None:
        found.setdefault(row.name, set()).update(one.rpartition("}")[2] for one in row.attributes)
        for one in row.rows:
            walk(one)

    walk(rows_of(DOCUMENT))
    return {name: tuple(sorted(names)) for name, names in found.items()}


def did_you_mean(name: str, parent: str | None = None, *, attribute: bool = False) -> str | None:
    """Give the standard's name that a wrong name stands for, or ``None`` when nothing is near enough.

    Args:
        name: Local name of an element, or of an attribute, as it was found.
        parent: Local name of the element that it stands in; for an attribute, of its own element. ``""`` for
            the root's place, ``None`` when it is not known.
        attribute: Whether it is the name of an attribute.

    Returns:
        A name that may stand there. A right name gives ``None``, also one that belongs to another element.
    """
    return None if len(name) > _LONGEST else _meant(name, parent, attribute)


@lru_cache(maxsize=1024)
def _meant(name: str, parent: str | None, attribute: bool) -> str | None:  # noqa: FBT001 - the cache's key
    if attribute:
        allowed = _attributes().get(parent, ()) if parent else tuple(_every(_attributes()))
        return _nearest(name, {one: one for one in allowed})
    if parent is None:
        every = {one: one for names in _children().values() for one in names}
        return None if name in every else _known(name, every) or _nearest(name, every)
    here = {one: one for one in _children().get(parent, {})}
    if not here or name in here:
        return None
    known = _known(name, here)
    if known is not None:
        return known
    # A right name of another place is misplaced, not misspelt.
    return None if any(name in names for names in _children().values()) else _nearest(name, here)


def _every(found: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {one for names in found.values() for one in names}


def _known(name: str, allowed: Mapping[str, str]) -> str | None:
    return next((one for one in _known_folded().get(name.casefold(), ()) if one in allowed), None)


@cache
def _known_folded() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for wrong, right in _KNOWN.items():
        found[wrong.casefold()] = (*found.get(wrong.casefold(), ()), *right)
    return found


def _nearest(name: str, allowed: Mapping[str, str]) -> str | None:
    if name in allowed:
        return None
    from difflib import get_close_matches

    folded = {one.casefold(): one for one in allowed}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=_NEAR)
    return folded[near[0]] if near else None
