"""Entries of the axis's queue as its clients list them: plain mappings, whose names differ between builds."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from vnedoc.errors import DecodeError

_NAMES: Mapping[str, tuple[str, ...]] = {
    "doc_id": ("docId", "docid"),
    "service_type": ("serviceType",),
    "message_type": ("messageType",),
    "sender": ("from",),
    "recipient": ("to",),
    "status": ("status",),
    "status_text": ("status_desc",),
    "created": ("created_time",),
    "updated": ("updated_time",),
}
"""Field, and the names that it has in one build or another."""


@attrs.frozen(kw_only=True)
class QueueItem:
    """One entry of ``getReceivedEdocList``; every value is text as the axis wrote it.

    Attributes:
        doc_id: What the axis calls the entry: opaque, and not the DocumentId in the message.
        service_type: ``eDoc``.
        message_type: ``edoc`` or ``status``.
        sender: Organisation code.
        recipient: Organisation code.
        status: State of the entry in the queue, nothing about the document.
        status_text: The same in words.
        created: Date and time, in the form of the build.
        updated: Date and time, in the form of the build.
    """

    doc_id: str
    service_type: str | None = None
    message_type: str | None = None
    sender: str | None = None
    recipient: str | None = None
    status: str | None = None
    status_text: str | None = None
    created: str | None = None
    updated: str | None = None


def read_queue_item(item: Mapping[str, object]) -> QueueItem:
    """Read one entry, as parsed from JSON.

    Raises:
        DecodeError: ``VND-TRN-016`` when a value is no text, stands twice and differs, or no entry is named.
    """
    found: dict[str, str] = {}
    for field, names in _NAMES.items():
        given = {item[name] for name in names if isinstance(item.get(name), str) and item[name]}
        odd = any(not isinstance(item.get(name), str | None) for name in names)
        if odd or len(given) > 1:
            raise _unreadable(field)
        for one in given:
            found[field] = str(one)
    if "doc_id" not in found:
        raise _unreadable("doc_id")
    return QueueItem(**found)


def _unreadable(field: str) -> DecodeError:
    return DecodeError(
        "VND-TRN-016",
        f"an entry of the axis's queue says nothing that can be used as {field}",
        path=field,
        hint="ask for the list again; without its identifier an entry cannot be fetched",
        facts={"field": field},
    )
