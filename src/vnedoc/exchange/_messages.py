"""Messages about a document that was sent or received: statuses, and revoke, update and replace.

Pure values in, pure values out: no store, no key, no clock. What is made here breaks no rule of the format
that the document itself does not break.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from vnedoc.errors import FactValue, InputError
from vnedoc.exchange._values import Label
from vnedoc.model import (
    Business,
    DocumentId,
    Envelope,
    Kind,
    OrganId,
    Party,
    Receiver,
    ReceiverChange,
    Replaced,
    ResponseFor,
    StaffInfo,
    StatusCode,
    StatusMessage,
    TraceHeader,
)

# A refusal goes with its reason (QĐ 28/2018 Art. 9(1), NĐ 30/2020 Art. 21(2)(b)).
_REASONED = frozenset({StatusCode.REFUSED, StatusCode.RECALL_REFUSED})

# What makes it this document and no other: a change of these is a new document.
_IDENTITY = ("sender", "document_id", "code", "date", "type")


# --- statuses -------------------------------------------------------------------------------------


def answer(
    envelope: Envelope,
    code: StatusCode,
    *,
    sender: Party,
    at: dt.datetime,
    description: str | None = None,
    staff: StaffInfo | None = None,
    unlisted: bool = False,
) -> StatusMessage:
    """Make the status message that a recipient sends to the sender of a document.

    Args:
        envelope: The document, or the revocation, update or replacement, that was received.
        code: The state to report: 01 to 06, or 15 and 16 as the answer to a recall or change.
        sender: Who reports, a recipient of the document by its code or an alias.
        at: Time of the report, with zone.
        description: Free text; default the printed name of the state. For 02 and 16 it is the reason, and
            required (QĐ 28/2018 Art. 9(1), NĐ 30/2020 Art. 21(2)(b)).
        staff: Who did it.
        unlisted: Take a *sender* that the document does not list, for example the successor of a body that
            was merged.

    Raises:
        InputError: ``VND-EXC-060`` for 13, which goes the other way: see ``recall``. ``VND-EXC-061`` when
            *sender* is no recipient, ``VND-EXC-062`` when a refusal has no reason, ``VND-MODEL-003`` when
            *at* has no zone, ``VND-MODEL-004`` when *code* is no ``StatusCode``.
    """
    if not isinstance(code, StatusCode):
        raise InputError(
            "VND-MODEL-004",
            f"this takes StatusCode, not {type(code).__name__}",
            path="code",
            hint='give StatusCode.RECEIVED, or StatusCode("03")',
            facts={"field": "code", "expected": "StatusCode", "seen": type(code).__name__},
        )
    if code.from_document_sender:
        raise InputError(
            "VND-EXC-060",
            f"status {code.value} goes from the sender of a document to a recipient",
            path="code",
            hint="use recall",
            facts={"status": code.value},
        )
    if not unlisted:
        _listed(envelope, sender.organ_id, "sender")
    if code in _REASONED:
        description = _reason(description, "description", code.value)
    return StatusMessage(
        sender=sender,
        # What was received is named as it came: the sender looks for the message that it sent.
        response_for=_about(envelope, envelope.sender.organ_id, envelope.document_id),
        code=code,
        description=description or code.vietnamese,
        staff=staff,
        timestamp=at,
    )


def recall(
    envelope: Envelope,
    receiver: Party | OrganId | str,
    *,
    reason: str,
    at: dt.datetime,
    staff: StaffInfo | None = None,
) -> StatusMessage:
    """Make the status message 13 by which the sender of a document asks one recipient to give it back.

    The roles turn round: it is from the document's sender, and ``response_for.organ_id`` is the recipient
    that is asked. The recipient answers 15 or 16.

    Args:
        envelope: The document that was sent.
        receiver: Who is asked, a recipient of the document by its code or an alias.
        reason: Why.
        at: Time of the request, with zone.
        staff: Who does it.

    Raises:
        InputError: ``VND-EXC-061`` when *receiver* is no recipient, ``VND-EXC-062`` without a reason,
            ``VND-MODEL-003`` when *at* has no zone.
    """
    (organ,) = _organs((receiver,))
    named = _listed(envelope, organ, "receiver")
    text = _reason(reason, "reason", StatusCode.RECALL.value)
    return StatusMessage(
        sender=envelope.sender,
        response_for=_about(envelope, named.organ_id, _root(envelope)),
        code=StatusCode.RECALL,
        description=text,
        staff=staff,
        timestamp=at,
    )


# --- revoke, update, replace ----------------------------------------------------------------------


def revoke(
    envelope: Envelope,
    *,
    reason: str,
    at: dt.datetime,
    receivers: Iterable[Party | OrganId | str] | None = None,
    notice: Envelope | None = None,
    document_id: DocumentId | str | None = None,
    staff: StaffInfo | None = None,
    paper: int | None = None,
) -> Envelope:
    """Make the message that withdraws a document (kind 1): recipients cancel it and say so.

    (NĐ 30/2020 Art. 18(4)(b), QĐ 28/2018 Art. 8(2).) It goes under the header of the withdrawn document,
    identifier included, as the sample of the axis's own tools does; ``Bussiness/DocumentId`` names the same
    document, as the field list asks. So a reader finds the document whichever of the two it looks at, and no
    number is used up. ``ResponseFor`` names it too, for those who match by number. Files are not sent again.

    Args:
        envelope: The document as it was sent, or the last update of it.
        reason: Why.
        at: Time of the message, with zone.
        receivers: For whom it is withdrawn; default for all.
        notice: A letter of its own that says so, with its own number, identifier and files; it then gives the
            header.
        document_id: An identifier for this message where one under the document's own was sent before, for
            example to other recipients. Not with *notice*.
        staff: Who does it.
        paper: 1 when a paper copy follows.

    Raises:
        InputError: ``VND-EXC-061`` when one of *receivers* is no recipient, ``VND-EXC-062`` without a reason,
            ``VND-EXC-065`` when *notice* has the identifier or number of the document, ``VND-EXC-066`` when
            *envelope* is a revocation itself, ``VND-MODEL-003`` when *at* has no zone.
        RuleError: ``VND-EXC-011`` when the document has no identifier.
    """
    earlier = _changeable(envelope)
    text = _reason(reason, "reason", Kind.REVOKE.name.lower())
    parties = envelope.receivers
    if receivers is not None:
        parties = tuple(_listed(envelope, one, "receivers") for one in _organs(receivers))
    business = Business(kind=Kind.REVOKE, reason=text, document_id=earlier, staff=staff, paper=paper)
    about = _about(envelope, envelope.sender.organ_id, earlier)
    if notice is None:
        return attrs.evolve(
            envelope,
            receivers=parties,
            document_id=document_id or earlier,
            responses_for=(about,),
            traces=_left(envelope, at),
            business=business,
            attachments=(),
            unknown=(),
        )
    _another(envelope, notice, "notice")
    return attrs.evolve(
        notice,
        receivers=parties,
        responses_for=(*notice.responses_for, about),
        traces=_left(notice, at),
        business=business,
    )


def update(
    envelope: Envelope,
    new: Envelope | None = None,
    *,
    added: Iterable[Party | OrganId | str] = (),
    removed: Iterable[Party | OrganId | str] = (),
    reason: str,
    at: dt.datetime,
    document_id: DocumentId | str | None = None,
    replaces_files: bool = False,
    staff: StaffInfo | None = None,
    paper: int | None = None,
) -> Envelope:
    """Make the message that carries the new data of the same document (kind 2).

    Its number, date, type, sender and signed text stay: wrong content after issue takes a new document, never
    the same number again (NĐ 30/2020 Art. 18(3)); see ``replace``. It goes to all recipients, to those it
    adds, and to those it takes out, so that these learn of it.

    Args:
        envelope: The document as it was sent, or the last update of it.
        new: The document with its new data, for example ``attrs.evolve(envelope, due_date=…)``; ``None`` when
            only recipients change. Its recipients are not looked at.
        added: Recipients that come in.
        removed: Recipients that are taken out.
        reason: Why.
        at: Time of the message, with zone.
        document_id: An identifier for this message; default the document's own. A second update needs one,
            because one identifier and kind stands for one content.
        replaces_files: Let *new* lack or exchange a file, for example one that was attached by mistake.
            Without it files may only come in.
        staff: Who does it.
        paper: 1 when a paper copy follows.

    Raises:
        InputError: ``VND-EXC-061`` when one of *removed* is no recipient, ``VND-EXC-062`` without a reason,
            ``VND-EXC-063`` when *new* is another document, ``VND-EXC-064`` when it lacks a file,
            ``VND-EXC-066`` when *envelope* is a revocation, ``VND-EXC-067`` when a second update has no
            identifier of its own, ``VND-EXC-068`` when nothing changes, ``VND-MODEL-003`` when *at* has no
            zone.
        RuleError: ``VND-EXC-011`` when the document has no identifier.
    """
    earlier = _changeable(envelope)
    text = _reason(reason, "reason", Kind.UPDATE.name.lower())
    if envelope.kind is Kind.UPDATE and document_id is None:
        raise InputError(
            "VND-EXC-067",
            "a second update needs an identifier of its own",
            path="document_id",
            hint="give document_id=DocumentId.new(); the block inside still names the document itself",
            facts={"document_id": earlier.value},
        )
    content = envelope if new is None else new
    _same_document(envelope, content)
    if not replaces_files:
        _keeps_files(envelope, content)
    outgoing = tuple(_listed(envelope, one, "removed") for one in _organs(removed))
    incoming = tuple(
        one for one in _parties(added) if not any(_same(one, known) for known in envelope.receivers)
    )
    about_content = _content(content) != _content(envelope)
    if not (about_content or incoming or outgoing):
        raise InputError(
            "VND-EXC-068",
            "the update changes nothing",
            hint="give the new data, or recipients that come in or are taken out",
            facts={"document_id": earlier.value},
        )
    changes = [Receiver(one.organ_id, ReceiverChange.REMOVED) for one in outgoing]
    changes += [Receiver(one.organ_id, ReceiverChange.ADDED) for one in incoming]
    return attrs.evolve(
        content,
        receivers=(*envelope.receivers, *incoming),
        document_id=document_id or earlier,
        traces=_left(envelope, at),
        business=Business(
            kind=Kind.UPDATE,
            reason=text,
            document_id=earlier,
            changes_content=about_content,
            changes_receivers=bool(changes),
            receivers=tuple(changes),
            staff=staff,
            paper=paper,
        ),
    )


def replace(
    *earlier: Envelope,
    by: Envelope,
    reason: str,
    at: dt.datetime,
    for_whom: Iterable[Party | OrganId | str] | None = None,
    staff: StaffInfo | None = None,
    paper: int | None = None,
) -> Envelope:
    """Make a new document the replacement of earlier ones (kind 3), as wrong content after issue needs.

    (NĐ 30/2020 Art. 18(3).) The new document has its own number and identifier. ``ResponseFor`` is left as it
    is: a replacement answers nothing.

    Args:
        earlier: The documents that are replaced, as they were sent.
        by: The new document, signed again.
        reason: Why.
        at: Time of the message, with zone.
        for_whom: For which recipients; each must get the new document and have got an earlier one. Default:
            all of whom that holds.
        staff: Who does it.
        paper: 1 when a paper copy follows.

    Raises:
        InputError: ``VND-EXC-061`` when one of *for_whom* is no recipient, or an earlier document and the new
            one have no recipient in common; ``VND-EXC-062`` without a reason; ``VND-EXC-065`` when the new
            document has the identifier or number of an earlier one; ``VND-EXC-066`` when an earlier one is a
            revocation; ``VND-EXC-068`` when none is given; ``VND-MODEL-003`` when *at* has no zone.
        RuleError: ``VND-EXC-011`` when a document has no identifier.
    """
    text = _reason(reason, "reason", Kind.REPLACE.name.lower())
    if not earlier:
        raise InputError(
            "VND-EXC-068",
            "there is nothing to replace",
            path="earlier",
            hint="give the earlier documents, or send the new one as it is",
            facts={"document_id": str(by.document_id or "")},
        )
    wanted = tuple(one.organ_id for one in by.receivers) if for_whom is None else tuple(_organs(for_whom))
    for organ in wanted if for_whom is not None else ():
        _listed(by, organ, "for_whom")
        if not any(_find(one, organ) for one in earlier):
            _listed(earlier[0], organ, "for_whom")
    replaced = []
    for one in earlier:
        identifier = _changeable(one)
        _another(one, by, "by")
        parties = (_find(one, organ) for organ in wanted)
        organs = tuple(party.organ_id for party in parties if party is not None)
        if not organs:  # an entry without recipients would read as "for all"
            raise _stranger(one, ", ".join(organ.value for organ in wanted), "by.receivers")
        replaced.append(Replaced(identifier, organs))
    return attrs.evolve(
        by,
        traces=_left(by, at),
        business=Business(kind=Kind.REPLACE, reason=text, replaced=tuple(replaced), staff=staff, paper=paper),
    )


# --- what they share ------------------------------------------------------------------------------


def _about(envelope: Envelope, organ: OrganId, identifier: DocumentId | None) -> ResponseFor:
    return ResponseFor(
        organ_id=organ,
        code=None if envelope.code is None else str(envelope.code),
        date=envelope.date,
        document_id=identifier,
    )


def _root(envelope: Envelope) -> DocumentId | None:
    """Give the identifier of the document that *envelope* is or updates."""
    if envelope.kind is Kind.UPDATE and envelope.business is not None and envelope.business.document_id:
        return envelope.business.document_id
    return envelope.document_id


def _left(envelope: Envelope, at: dt.datetime) -> tuple[TraceHeader, ...]:
    return (TraceHeader(organ_id=envelope.sender.organ_id.value, timestamp=at),)


def _organs(values: Iterable[Party | OrganId | str]) -> Iterable[OrganId]:
    return (one.organ_id for one in _parties(values))


def _parties(values: Iterable[Party | OrganId | str]) -> Iterable[Party]:
    return (one if isinstance(one, Party) else Party(one) for one in values)


def _same(one: Party, other: Party) -> bool:
    return one.organ_id.same_as(other.organ_id)


def _find(envelope: Envelope, organ: OrganId) -> Party | None:
    return next((one for one in envelope.receivers if one.organ_id.same_as(organ)), None)


def _listed(envelope: Envelope, organ: OrganId, path: str) -> Party:
    found = _find(envelope, organ)
    if found is None:
        raise _stranger(envelope, organ.value, path)
    return found


def _stranger(envelope: Envelope, organ: str, path: str) -> InputError:
    return InputError(
        "VND-EXC-061",
        f"{organ or 'nobody'} is no recipient of the document",
        path=path,
        hint="give one of its recipients, or an OrganId with the code of one among its aliases",
        facts={"organ": organ, "recipients": [one.organ_id.value for one in envelope.receivers]},
    )


def _reason(text: str | None, path: str, what: str) -> str:
    if text is None or not text.strip():
        raise InputError(
            "VND-EXC-062",
            "a reason is required",
            path=path,
            hint="say why in a sentence that the other side can act on",
            facts={"what": what},
        )
    return text.strip()


def _changeable(envelope: Envelope) -> DocumentId:
    """Give the identifier of the document that *envelope* is or updates; to change it there must be one."""
    if envelope.kind is Kind.REVOKE:
        raise InputError(
            "VND-EXC-066",
            "a revocation cannot be revoked, updated or replaced",
            hint="give the document itself; to send it again, issue a new one",
            facts={"kind": envelope.kind.name.lower()},
        )
    return _root(envelope) or DocumentId(Label.of(envelope).document_id)


def _another(earlier: Envelope, new: Envelope, path: str) -> None:
    """Require that *new* is a document of its own."""
    facts: dict[str, FactValue] = {}
    if DocumentId(Label.of(new).document_id) in (earlier.document_id, _changeable(earlier)):
        facts = {"what": "document_id", "seen": str(new.document_id)}
    elif new.code is not None and new.code == earlier.code and _year(new) in (None, _year(earlier)):
        facts = {"what": "code", "seen": str(new.code)}
    if facts and new.sender.organ_id.same_as(earlier.sender.organ_id):
        raise InputError(
            "VND-EXC-065",
            f"the new document has the {facts['what']} of the earlier one",
            path=f"{path}.{facts['what']}",
            hint="a new document has its own number and identifier; the same number is never signed again",
            facts=facts,
        )


def _year(envelope: Envelope) -> int | None:
    return None if envelope.date is None else envelope.date.year


def _same_document(envelope: Envelope, new: Envelope) -> None:
    fields = [name for name in _IDENTITY if getattr(new, name) != getattr(envelope, name)]
    if fields:
        raise InputError(
            "VND-EXC-063",
            f"an update does not change {', '.join(fields)}",
            path=f"new.{fields[0]}",
            hint="issue a new document and replace the earlier one by it",
            facts={"changed": fields},
        )


def _keeps_files(envelope: Envelope, new: Envelope) -> None:
    kept = {one.blob.digest for one in new.attachments}
    lost = [one.name for one in envelope.attachments if one.blob.digest not in kept]
    if lost:
        raise InputError(
            "VND-EXC-064",
            f"the update lacks {len(lost)} file(s) of the document",
            path="new.attachments",
            hint="a corrected text is a new document: use replace; replaces_files=True mends an attachment",
            facts={"names": lost},
        )


def _content(envelope: Envelope) -> Envelope:
    return attrs.evolve(envelope, receivers=(), traces=(), business=None, document_id=None)
