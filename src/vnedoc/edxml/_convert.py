"""From one dialect to another, with a list of what the other cannot carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from vnedoc.edxml._codec import EdXmlCodec
from vnedoc.edxml._wire import DIALECTS, Dialect, Row, dialect
from vnedoc.edxml._write import Message, parts_and_losses, parts_to_bytes
from vnedoc.model import (
    Finding,
    Limits,
    OrganId,
    StatusMessage,
    UnknownAttribute,
    UnknownElement,
    Wire,
)
from vnedoc.protocols import Directory

_Kept = TypeVar("_Kept", UnknownElement, UnknownAttribute)

# Told while reading, and in no message: what is unknown in the part of an attachment, and stray text.
_LEFT_OUT = frozenset({"VND-EDX-017", "VND-EDX-028"})
# The same places under the names of either packaging; the first that fits counts.
_PLACES = (
    ("edXMLEnvelope/edXMLHeader", "Header"),
    ("edXMLEnvelope/edXMLBody/edXMLManifest", "Body/Manifest"),
    ("edXMLEnvelope/edXMLBody", "Body"),
)


@attrs.frozen(kw_only=True)
class Converted:
    """A message in another dialect.

    Attributes:
        wire: The new bytes, unsigned.
        message: What they say.
        source: Name of the dialect that it came in.
        target: Name of the dialect that it is in now.
        findings: What was odd about the bytes that it came in, repairs included.
        lost: What the new bytes do not say, one finding each; empty when nothing was lost.
    """

    wire: Wire
    message: Message
    source: str
    target: str
    findings: tuple[Finding, ...] = ()
    lost: tuple[Finding, ...] = ()


def detect(wire: Wire, *, mode: str = "strict", limits: Limits | None = None) -> Dialect:
    """Name the dialect of a message.

    Args:
        wire: The message.
        mode: ``strict`` or ``lenient``, see ``EdXmlCodec``.
        limits: Bounds on what is read.

    Raises:
        DecodeError: It is no edXML message, or so broken that nobody can tell.
        LimitExceeded: Something is larger than *limits* allow.
    """
    return EdXmlCodec(limits or Limits(), mode=mode).detect(wire)


def convert(
    wire: Wire,
    to: str,
    *,
    mode: str = "strict",
    directory: Directory | None = None,
    limits: Limits | None = None,
) -> Converted:
    """Write a message in another dialect. No signature of the message itself survives that.

    Identifiers of organisations are put into the grammar of the target's edition only where *directory*
    knows the other code; what it does not know stays as it is and is told.

    Args:
        wire: The message, in any dialect.
        to: Name of the dialect to write.
        mode: ``strict`` or ``lenient``, see ``EdXmlCodec``.
        directory: Knows the codes of organisations.
        limits: Bounds on what is read.

    Raises:
        DecodeError: It is no edXML message.
        LimitExceeded: Something is larger than ``limits`` allow.
        ConfigError: ``VND-EDX-011``, no such dialect.
    """
    target = dialect(to)
    decoded = EdXmlCodec(limits or Limits(), mode=mode).decode(wire)
    source = dialect(decoded.dialect) if decoded.dialect in DIALECTS else target
    lost = [one for one in decoded.findings if one.code in _LEFT_OUT]
    if decoded.seals:
        lost.append(Finding.warning("VND-EDX-035", "Signature", count=decoded.seals))
    message = decoded.message
    if source.edition != target.edition:
        message = _identifiers(message, target, directory, lost)
    message = _moved(message, source, target, lost)
    parts, left = parts_and_losses(message, target)
    lost += left
    return Converted(
        wire=Wire.from_bytes(parts_to_bytes(parts), target.content_type),
        message=message,
        source=decoded.dialect,
        target=to,
        findings=tuple(one for one in decoded.findings if one.code not in _LEFT_OUT),
        lost=tuple(lost),
    )


# --- identifiers ----------------------------------------------------------------------------------


def _identifiers(
    message: Message, target: Dialect, directory: Directory | None, lost: list[Finding]
) -> Message:
    grammar = "2020" if target.edition == 2022 else "2016"  # noqa: PLR2004 - a year

    def other(organ_id: OrganId, where: str) -> OrganId:
        if organ_id.grammar == grammar:
            return organ_id
        known = None if directory is None else directory.resolve(organ_id)
        for one in () if known is None else (known, *map(OrganId, known.aliases)):
            if one.grammar == grammar:
                return OrganId(one.value, (organ_id.value,))
        lost.append(Finding.warning("VND-EDX-034", where, seen=organ_id.value, grammar=grammar))
        return organ_id

    return _with_organs(message, other)


def _with_organs(message: Message, other: Callable[[OrganId, str], OrganId]) -> Message:
    sender = attrs.evolve(message.sender, organ_id=other(message.sender.organ_id, "sender.organ_id"))
    if isinstance(message, StatusMessage):
        about = message.response_for
        if about.organ_id is not None:
            about = attrs.evolve(about, organ_id=other(about.organ_id, "response_for.organ_id"))
        return attrs.evolve(message, sender=sender, response_for=about)
    receivers = tuple(
        attrs.evolve(one, organ_id=other(one.organ_id, f"receivers[{place}].organ_id"))
        for place, one in enumerate(message.receivers)
    )
    answered = tuple(
        one
        if one.organ_id is None
        else attrs.evolve(one, organ_id=other(one.organ_id, f"responses_for[{place}].organ_id"))
        for place, one in enumerate(message.responses_for)
    )
    business = message.business
    if business is not None:
        changed = tuple(
            attrs.evolve(one, organ_id=other(one.organ_id, f"business.receivers[{place}].organ_id"))
            for place, one in enumerate(business.receivers)
        )
        replaced = tuple(
            attrs.evolve(
                one,
                organ_ids=tuple(
                    other(each, f"business.replaced[{place}].organ_ids[{number}]")
                    for number, each in enumerate(one.organ_ids)
                ),
            )
            for place, one in enumerate(business.replaced)
        )
        business = attrs.evolve(business, receivers=changed, replaced=replaced)
    return attrs.evolve(
        message, sender=sender, receivers=receivers, responses_for=answered, business=business
    )


# --- what has another place -----------------------------------------------------------------------


def _moved(message: Message, source: Dialect, target: Dialect, lost: list[Finding]) -> Message:
    """Give what is unknown its place under the target's names."""
    if source.packaging == target.packaging:
        return message
    row = target.row_of(message)
    return attrs.evolve(
        message,
        unknown=_placed(message.unknown, target, row, lost),
        unknown_attributes=_placed(message.unknown_attributes, target, row, lost),
    )


def _placed(kept: tuple[_Kept, ...], target: Dialect, row: Row, lost: list[Finding]) -> tuple[_Kept, ...]:
    stay: list[_Kept] = []
    for one in kept:
        parent = _place_of(one.parent, target)
        if parent is None or not _exists(parent, row):
            lost.append(Finding.warning("VND-EDX-014", one.parent or "/", dialect=target.name))
        else:
            stay.append(attrs.evolve(one, parent=parent))
    return tuple(stay)


def _place_of(parent: str, target: Dialect) -> str | None:
    for xml, mime in _PLACES:
        before, after = (xml, mime) if target.packaging == "mime" else (mime, xml)
        if parent == before or parent.startswith(f"{before}/"):
            return after + parent[len(before) :]
    return None


def _exists(parent: str, row: Row) -> bool:
    """Tell whether the target has such an element at all."""
    for step in parent.split("/"):
        found = next((one for one in row.rows if one.written and one.name == step.partition("[")[0]), None)
        if found is None:
            return False
        row = found
    return True
