"""Manifest lines and carried attachments joined, each judged by its first bytes, never by what it claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from vnedoc.edxml._content._damage import damage_findings
from vnedoc.edxml._content._dangers import danger_findings
from vnedoc.edxml._content._peek import Ends, ends_of
from vnedoc.edxml._content._sniff import CLAIMS, extension, sniff_type
from vnedoc.edxml._content._zip import Opened, unpack
from vnedoc.edxml._wire import Carried, Reference
from vnedoc.errors import LimitExceeded
from vnedoc.model import Attachment, Finding, Limits, Severity

_SHOWN = 200


@attrs.frozen
class Joined:
    """Attachments in manifest order, those without a manifest line after them.

    Attributes:
        attachments: The attachments.
        unmatched: Elements of the manifest lines that have no attachment.
        reference_places: Place of a manifest line (from 1) to place of its attachment in ``attachments``.
        carried_places: Place of a carried attachment to its place in ``attachments``.
    """

    attachments: tuple[Attachment, ...]
    unmatched: tuple[Any, ...]
    reference_places: Mapping[int, int]
    carried_places: Mapping[int, int]


def join(
    references: Sequence[Reference], carried: Sequence[Carried], limits: Limits, findings: list[Finding]
) -> Joined:
    """Match manifest lines with attachments one to one by ContentId, by position where there is none.

    Whatever does not match is an error-severity finding (threat H07); an attachment without a manifest
    line is kept, so that nothing in the message escapes judgement.

    Raises:
        LimitExceeded: ``VND-EDX-015``.
    """
    _bound("attachments", limits.attachments, len(carried))
    _note_duplicates(references, findings)
    _note_duplicates(carried, findings)
    partner = _match(references, carried, findings)
    order: list[tuple[int | None, int]] = [(line, partner[line]) for line in sorted(partner)]
    unmatched = [place for place in range(len(references)) if place not in partner]
    findings.extend(_about("VND-EDX-040", references[place]) for place in unmatched)
    for place in sorted(set(range(len(carried))) - set(partner.values())):
        findings.append(_about("VND-EDX-041", carried[place]))
        order.append((None, place))
    taken = _ids(references) | _ids(carried)
    attachments = []
    total = 0
    for line, place in order:
        made = _attachment(
            None if line is None else references[line], carried[place], limits, taken, findings
        )
        total += made.blob.size
        _bound("total_bytes", limits.total_bytes, total, carried[place])
        attachments.append(made)
    return Joined(
        tuple(attachments),
        tuple(references[place].source for place in unmatched),
        {line + 1: now for now, (line, _) in enumerate(order, 1) if line is not None},
        {place + 1: now for now, (_, place) in enumerate(order, 1)},
    )


def content_findings(attachments: Iterable[Attachment]) -> tuple[Finding, ...]:
    """Look at files that are about to be sent as their receiver will: damage, dangers, wrong extensions.

    Reading a message reports the same of what it carries, so this is for messages that were made here.

    Args:
        attachments: The files; at most their ends and 32 MiB of each are read.

    Returns:
        ``VND-EDX-015``, ``038``, ``049`` and ``052`` to ``058``, at ``attachments[0]`` and so on.

    Raises:
        FileError: A file is gone or has changed.
    """
    findings: list[Finding] = []
    for place, one in enumerate(attachments):
        where = f"attachments[{place}]"
        ends = ends_of(one.blob)
        damage = damage_findings(one.name, one.blob, ends, where)
        findings.extend(damage)
        if not damage:
            findings.extend(_wrong_extension(one.name, ends, where))
        findings.extend(danger_findings(one.name, one.blob, ends, where))
        findings.extend(_unpacked_by_others(one, ends, where))
    return tuple(findings)


def _unpacked_by_others(one: Attachment, ends: Ends, where: str) -> Iterator[Finding]:
    """Report a file that every reader would take for a transport zip, and give its receiver the inside of."""
    if one.packed is not None:
        return
    try:
        opened = unpack(one.name, one.blob, ends.head, Limits(), where)
    except LimitExceeded as error:
        yield Finding.error(error.code, where, **error.facts)
        return
    if opened.content is not None:
        yield Finding.warning("VND-EDX-038", where, name=one.name[:_SHOWN], entry=opened.entry)


def _match(
    references: Sequence[Reference], carried: Sequence[Carried], findings: list[Finding]
) -> dict[int, int]:
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(carried):
        if one.content_id:
            waiting[one.content_id].append(place)
    partner: dict[int, int] = {}
    for line, reference in enumerate(references):
        if reference.content_id and waiting[reference.content_id]:
            partner[line] = waiting[reference.content_id].pop(0)
    left_lines = [line for line in range(len(references)) if line not in partner]
    left_places = sorted(set(range(len(carried))) - set(partner.values()))
    for line, place in zip(left_lines, left_places, strict=False):
        if not (references[line].content_id and carried[place].content_id):
            partner[line] = place
            findings.append(_about("VND-EDX-043", references[line]))
    return partner


def _note_duplicates(ones: Sequence[Reference] | Sequence[Carried], findings: list[Finding]) -> None:
    ids = [one.content_id for one in ones if one.content_id]
    if len(set(ids)) == len(ids):
        return
    counted = Counter(ids)
    findings.extend(
        _about("VND-EDX-042", one) for one in ones if one.content_id and counted.pop(one.content_id, 0) > 1
    )


def _attachment(
    reference: Reference | None, carried: Carried, limits: Limits, taken: set[str], findings: list[Finding]
) -> Attachment:
    _bound("attachment_bytes", limits.attachment_bytes, carried.content.size, carried)
    said = reference or carried
    name = said.name or carried.name or ""
    where = carried.where
    outer = ends_of(carried.content)
    damage = damage_findings(name, carried.content, outer, where)
    hurt = any(one.severity is Severity.ERROR for one in damage)
    opened = Opened() if hurt else unpack(name, carried.content, outer.head, limits, where)
    blob, ends = carried.content, outer
    if opened.content is not None and opened.ends is not None:
        blob, ends = opened.content, opened.ends
        damage = damage_findings(name, blob, ends, where)
    made = Attachment(
        name=name,
        blob=blob,
        content_id=said.content_id or carried.content_id or _free_id(taken),
        content_type=None if reference is None else reference.content_type,
        attachment_type=carried.content_type,
        description=said.description or carried.description,
        packed=None if blob is carried.content else carried.content,
    )
    cut = [one for one in damage if one.code == "VND-EDX-055"]
    if opened.closed is not None:
        findings.append(Finding.warning(opened.closed, where, name=name))
        damage = tuple(one for one in damage if one not in cut)  # said already
    findings.extend(damage)
    if len(cut) >= len(damage):  # else its type follows from the damage
        findings.extend(_lies(made, outer, ends, where))
    findings.extend(danger_findings(name, blob, ends, where))
    findings.extend(_other_extension(name, opened.entry, where))
    if reference is not None:
        findings.extend(_contradictions(reference, carried, where))
    return made


def _lies(made: Attachment, outer: Ends, ends: Ends, where: str) -> Iterator[Finding]:
    """Report what the message says about a file and its bytes deny (threat H03)."""
    if not ends.size:
        return
    measured = sniff_type(ends.head)
    true_of = {measured, sniff_type(outer.head)}
    for claimed in dict.fromkeys((made.content_type, made.attachment_type)):
        honest = CLAIMS.get((claimed or "").partition(";")[0].strip().lower())
        if honest is not None and honest.isdisjoint(true_of):
            yield Finding.warning("VND-EDX-047", where, name=made.name, claimed=claimed, measured=measured)
    yield from _wrong_extension(made.name, ends, where)


def _wrong_extension(name: str, ends: Ends, where: str) -> Iterator[Finding]:
    honest = CLAIMS.get(f"application/{extension(name)}")
    measured = sniff_type(ends.head)
    if honest is not None and ends.size and measured not in honest:
        yield Finding.warning("VND-EDX-049", where, name=name, measured=measured)


def _other_extension(name: str, entry: str, where: str) -> Iterator[Finding]:
    """Report a transport zip whose entry has another extension than the attachment."""
    inner = extension(entry)
    if inner and inner != extension(name):
        yield Finding.info("VND-EDX-059", where, name=name, entry=entry)


def _contradictions(reference: Reference, carried: Carried, where: str) -> Iterator[Finding]:
    """Report what manifest and attachment say differently; the manifest counts."""
    for part, one, other, note in (
        ("AttachmentName", reference.name, carried.name, Finding.warning),
        ("ContentType", reference.content_type, carried.content_type, Finding.info),
        ("Description", reference.description, carried.description, Finding.warning),
    ):
        if one and other and one != other:
            yield note("VND-EDX-048", where, element=part, manifest=one[:_SHOWN], attachment=other[:_SHOWN])


def _ids(ones: Sequence[Reference] | Sequence[Carried]) -> set[str]:
    return {one.content_id for one in ones if one.content_id}


def _free_id(taken: set[str]) -> str:
    number = 1
    while f"unnamed-{number}" in taken:
        number += 1
    taken.add(f"unnamed-{number}")
    return f"unnamed-{number}"


def _about(code: str, one: Reference | Carried) -> Finding:
    facts = {"name": one.name or "", "content_id": one.content_id or ""}
    make = Finding.warning if code == "VND-EDX-043" else Finding.error
    return make(code, one.where, **facts)


def _bound(limit: str, allowed: int, seen: int, carried: Carried | None = None) -> None:
    if seen > allowed:
        path = None if carried is None else carried.where
        raise LimitExceeded.of("VND-EDX-015", limit, allowed, seen, path=path)
