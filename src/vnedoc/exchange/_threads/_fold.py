"""The fold: from a set of messages to what follows from it.

Messages are first put into an order of their own, by the times in them, by when they were received where a
message has none, then by what they are; every later step goes through them in that order, so the order of
arrival plays no part. Findings go by the times in the messages alone.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect
from collections.abc import Iterable, Sequence

import attrs

from vnedoc.exchange._threads._order import GRADES, Names, identifier_of, merged
from vnedoc.exchange._threads._tables import RECEIPT, STANDING, Progress, Standing, StandingStep
from vnedoc.exchange._threads._values import Folded, Holder, Sighting, Version, Withdrawal
from vnedoc.model import (
    VIETNAM,
    Envelope,
    Evidence,
    Finding,
    Kind,
    OrganId,
    Party,
    ReceiverChange,
    Replaced,
    StatusCode,
    StatusMessage,
)
from vnedoc.protocols import Directory

CLOCK_SKEW = dt.timedelta(minutes=5)
"""So far two organisations' clocks may differ before a status counts as earlier than its document."""

_STEPS = tuple(StandingStep)
_STEP_OF = {
    StatusCode.RECALL: StandingStep.ASK,
    StatusCode.RECALL_REFUSED: StandingStep.DECLINE,
    StatusCode.RECALL_AGREED: StandingStep.AGREE,
}
_ANSWERS = (StandingStep.DECLINE, StandingStep.AGREE)
_BEFORE_ALL = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
_MOST_NAMED = 10
_UNDATED = 0


def fold(sightings: Iterable[Sighting], directory: Directory | None = None) -> Folded:
    """Work out what follows from a set of messages; time grows about as their number does."""
    return _Fold(tuple(sightings), directory).folded()


@attrs.frozen
class _Event:
    sighting: Sighting
    step: StandingStep


@attrs.define
class _Document:
    """A new document or a replacement, and what was said about it, by recipient."""

    sender: str
    identifier: str
    sighting: Sighting
    parties: dict[str, Party] = attrs.field(factory=dict)
    reports: dict[str, list[Sighting]] = attrs.field(factory=dict)
    events: dict[str, list[_Event]] = attrs.field(factory=dict)
    updates: list[Sighting] = attrs.field(factory=list)
    revoked: dict[str, dt.datetime] = attrs.field(factory=dict)
    """When it was revoked."""
    changes: list[dt.datetime | None] = attrs.field(factory=list)
    """When updates, revocations and replacements of it were sent."""
    replaced_for_all: bool = False

    @property
    def envelope(self) -> Envelope:
        return _envelope(self.sighting)

    def turn(self, who: str, step: StandingStep, sighting: Sighting) -> None:
        """Note a step of one recipient's standing; of others it says nothing."""
        if who in self.parties:
            self.events.setdefault(who, []).append(_Event(sighting, step))


class _Fold:
    def __init__(self, sightings: Sequence[Sighting], directory: Directory | None) -> None:
        self.names = Names(sightings, directory)
        self.history = merged(sightings)
        self.findings: list[Finding] = []
        self.unmatched: set[int] = set()
        self.waiting: set[int] = set()
        self.documents: dict[tuple[str, str], _Document] = {}
        self.under: dict[str, list[_Document]] = {}
        self.numbered: dict[tuple[str, str, int | None], list[_Document]] = {}
        self.root: dict[tuple[str, str], tuple[str, str]] = {}
        self.notices: set[tuple[str, str]] = set()
        counted = [one for one in self.history if one.evidence is not Evidence.UNMATCHED]
        self.unmatched.update(id(one) for one in self.history if one.evidence is Evidence.UNMATCHED)
        letters = [(one, one.message) for one in counted if isinstance(one.message, Envelope)]
        self._take_documents([(one, it) for one, it in letters if it.kind in (Kind.NEW, Kind.REPLACE)])
        self._take_changes([(one, it) for one, it in letters if it.kind in (Kind.UPDATE, Kind.REVOKE)])
        self._take_replacements()
        for one in counted:
            if isinstance(one.message, StatusMessage):
                self._take_status(one, one.message)

    def who(self, organ: OrganId) -> str:
        return self.names.who(organ)

    def put_aside(self, sighting: Sighting, code: str = "", place: str = "", **facts: str) -> None:
        """Keep what does not count."""
        self.unmatched.add(id(sighting))
        if code:
            self.fault(code, place, **facts)

    def fault(self, code: str, place: str, **facts: str) -> None:
        """Add an error about the document *place*."""
        self.findings.append(Finding.error(code, place, document_id=place, **facts))

    def warn(self, code: str, place: str, **facts: str) -> None:
        """Add a warning about the document *place*."""
        self.findings.append(Finding.warning(code, place, document_id=place, **facts))

    def note(self, code: str, document: _Document, sighting: Sighting, **facts: str) -> None:
        """Add a finding about one message on a document."""
        message = sighting.message
        seen = {"organ": message.sender.organ_id.value, "at": _moment(sighting)}
        if isinstance(message, StatusMessage):
            seen["status"] = message.code.value
        else:
            seen["kind"] = message.kind.name.lower()
        self.warn(code, document.identifier, **{**seen, **facts})

    # --- documents --------------------------------------------------------------------------------

    def _take_documents(self, letters: Iterable[tuple[Sighting, Envelope]]) -> None:
        groups: dict[tuple[str, str], list[Sighting]] = {}
        for sighting, envelope in letters:
            identifier = identifier_of(envelope)
            if identifier is None:
                self.put_aside(sighting)
            else:
                groups.setdefault((self.who(envelope.sender.organ_id), identifier), []).append(sighting)
        for (sender, identifier), sightings in groups.items():
            chosen = min(sightings, key=lambda one: GRADES.index(one.evidence))
            times = {"kept": _moment(chosen)}
            for other in sightings:
                if other is not chosen:
                    self.put_aside(other, "VND-EXC-075", identifier, **times, seen=_moment(other))
            self._add_document(_Document(sender, identifier, chosen))

    def _add_document(self, document: _Document) -> None:
        sender, envelope = document.sender, document.envelope
        for party in envelope.receivers:
            document.parties.setdefault(self.who(party.organ_id), party)
        self.documents[sender, document.identifier] = document
        self.under.setdefault(document.identifier, []).append(document)
        if envelope.code is not None:
            year = _UNDATED if envelope.date is None else envelope.date.year
            for key in (year, None):
                self.numbered.setdefault((sender, str(envelope.code), key), []).append(document)

    def _find(self, sender: str, identifier: str) -> _Document | None:
        """Give the document under an identifier of its own or of one of its updates."""
        path: list[tuple[str, str]] = []
        key = sender, identifier
        while key not in self.documents and key in self.root:
            path.append(key)
            key = self.root.pop(key)  # gone, so that a circle ends
        for one in path:
            self.root[one] = key  # the next search takes one step
        return self.documents.get(key)

    def _by_number(self, sender: str, code: str, day: dt.date | None) -> _Document | None:
        """Give the only document of a sender under a number, of one year where the year is known."""
        years = (None,) if day is None else (day.year, _UNDATED)
        found = [self.numbered.get((sender, code, year), []) for year in years]
        count = sum(map(len, found))
        if count > 1:
            self.findings.append(Finding.warning("VND-EXC-079", code, number=code, documents=count))
        return next(one[0] for one in found if one) if count == 1 else None

    # --- revoke, update, replace ------------------------------------------------------------------

    def _take_changes(self, changes: Sequence[tuple[Sighting, Envelope]]) -> None:
        for _, envelope in changes:
            self._learn_identifier(envelope)
        revocations = []
        for sighting, envelope in changes:
            document = self._target(sighting, envelope)
            if document is None:
                continue
            document.changes.append(sighting.said_at)
            if envelope.kind is Kind.UPDATE:
                document.updates.append(sighting)
            if not sighting.in_effect:
                self.waiting.add(id(sighting))
            elif envelope.kind is Kind.UPDATE:
                self._update(document, sighting, envelope)
            else:
                revocations.append((document, sighting, envelope))
        for document, sighting, envelope in revocations:  # only now all recipients are known
            self._revoke(document, sighting, envelope)
        for document in self.documents.values():
            self._check_changes(document)

    def _learn_identifier(self, envelope: Envelope) -> None:
        sender = self.who(envelope.sender.organ_id)
        own, aim = _aims(envelope)
        if own and own != aim:
            self.root.setdefault((sender, own), (sender, aim))
            if envelope.kind is Kind.REVOKE:
                self.notices.add((sender, own))

    def _target(self, sighting: Sighting, envelope: Envelope) -> _Document | None:
        sender = self.who(envelope.sender.organ_id)
        own, aim = _aims(envelope)
        document = self._find(sender, aim) or self._find(sender, own)
        if document is None and aim in self.under:
            facts = {"organ": envelope.sender.organ_id.value, "kind": envelope.kind.name.lower()}
            self.put_aside(sighting, "VND-EXC-076", aim, **facts)
            return None
        if document is None and envelope.code is not None:
            document = self._by_number(sender, str(envelope.code), envelope.date)
        if document is None:
            self.put_aside(sighting)
        return document

    def _update(self, document: _Document, sighting: Sighting, envelope: Envelope) -> None:
        for party in envelope.receivers:
            document.parties.setdefault(self.who(party.organ_id), party)
        for change in envelope.business.receivers if envelope.business is not None else ():
            who = self.who(change.organ_id)
            if change.change is ReceiverChange.ADDED:
                document.parties.setdefault(who, Party(change.organ_id))
                document.turn(who, StandingStep.ADD, sighting)
            else:
                document.turn(who, StandingStep.REMOVE, sighting)

    def _revoke(self, document: _Document, sighting: Sighting, envelope: Envelope) -> None:
        said = sighting.said_at
        for who in [self.who(one.organ_id) for one in envelope.receivers] or list(document.parties):
            document.turn(who, StandingStep.REVOKE, sighting)
            if said is not None:
                document.revoked[who] = min(said, document.revoked.get(who, said))

    def _check_changes(self, document: _Document) -> None:
        """Find a document or update that was sent after its revocation, and two updates that are one."""
        letter, revoked = document.sighting.said_at, document.revoked
        if letter is not None and any(one < letter for one in revoked.values()):
            self.note("VND-EXC-074", document, document.sighting)
        moments: dict[tuple[str, dt.datetime | None], Sighting] = {}
        for sighting in document.updates:
            said, envelope = sighting.said_at, _envelope(sighting)
            kept = moments.setdefault((_aims(envelope)[0], said), sighting)
            if kept is not sighting:
                times = {"kept": _moment(kept), "seen": _moment(sighting)}
                self.fault("VND-EXC-075", document.identifier, **times)
            withdrawn = (revoked.get(self.who(one.organ_id)) for one in envelope.receivers)
            if said is not None and any(one is not None and one < said for one in withdrawn):
                self.note("VND-EXC-074", document, sighting)

    def _take_replacements(self) -> None:
        group: dict[int, int] = {place: place for place in range(len(self.documents))}
        places = {id(one): place for place, one in enumerate(self.documents.values())}

        def top(document: _Document) -> int:
            place = places[id(document)]
            while group[place] != place:
                group[place] = place = group[group[place]]
            return place

        for document in self.documents.values():
            for replaced in _replaced(document.envelope):
                earlier = self._earlier(document, replaced.document_id.value)
                if earlier is not None:
                    group[top(document)] = top(earlier)
                    self._replace(earlier, document, replaced)
            if document.envelope.kind is Kind.REPLACE and not document.sighting.in_effect:
                self.waiting.add(id(document.sighting))
        if len(set(map(top, self.documents.values()))) > 1:
            named = [one.identifier for one in self.documents.values()][:_MOST_NAMED]
            self.findings.append(Finding.warning("VND-EXC-078", documents=named))

    def _earlier(self, document: _Document, identifier: str) -> _Document | None:
        earlier = self._find(document.sender, identifier)
        if earlier is None and identifier in self.under:
            organ = document.envelope.sender.organ_id.value
            self.fault("VND-EXC-076", identifier, organ=organ, kind="replace")
        return None if earlier is document else earlier

    def _replace(self, earlier: _Document, document: _Document, replaced: Replaced) -> None:
        earlier.changes.append(document.sighting.said_at)
        before, after = earlier.sighting.said_at, document.sighting.said_at
        if before is not None and after is not None and after < before:
            times = {"at": _moment(document.sighting)}
            self.warn("VND-EXC-077", document.identifier, earlier=earlier.identifier, **times)
        if not document.sighting.in_effect:
            return
        named = [self.who(one) for one in replaced.organ_ids]
        if not named and not earlier.replaced_for_all:  # one is enough, the others would say the same
            earlier.replaced_for_all = True
            named = list(earlier.parties)
        for who in named:
            earlier.turn(who, StandingStep.REPLACE, document.sighting)

    # --- statuses ---------------------------------------------------------------------------------

    def _take_status(self, sighting: Sighting, status: StatusMessage) -> None:
        about, recall = status.response_for, status.code.from_document_sender
        said_by = self.who(status.sender.organ_id)
        other = None if about.organ_id is None else self.who(about.organ_id)
        issuer, recipient = (said_by, other) if recall else (other, said_by)
        identifier = "" if about.document_id is None else about.document_id.value
        document = self._reported_on(status, issuer, identifier)
        if document is None or recipient is None:
            self.put_aside(sighting)
            return
        if recipient not in document.parties or (recall and said_by != document.sender):
            facts = {"organ": status.sender.organ_id.value, "status": status.code.value}
            self.put_aside(sighting, "VND-EXC-072", document.identifier, **facts)
            return
        step = _STEP_OF.get(status.code)
        if step is not None:
            document.turn(recipient, step, sighting)
        elif (issuer, identifier) not in self.notices:
            # How far somebody has come with a revocation says nothing about the document.
            document.reports.setdefault(recipient, []).append(sighting)
        self._check_time(document, sighting)

    def _reported_on(self, status: StatusMessage, issuer: str | None, identifier: str) -> _Document | None:
        found = None if issuer is None else self._find(issuer, identifier)
        if found is not None:
            return found
        same_name = self.under.get(identifier, ())
        if same_name:  # of another sender, or the status names none
            return same_name[0] if len(same_name) == 1 else None
        about = status.response_for
        if issuer is None or about.code is None:
            return None
        return self._by_number(issuer, about.code, about.date)

    def _check_time(self, document: _Document, sighting: Sighting) -> None:
        said, sent, issued = sighting.said_at, document.sighting.said_at, document.envelope.date
        if said is None:
            return
        if sent is not None:
            early = sent - said > CLOCK_SKEW
        else:
            early = issued is not None and said.astimezone(VIETNAM).date() < issued
        if early:
            self.note("VND-EXC-071", document, sighting)

    # --- what follows -----------------------------------------------------------------------------

    def folded(self) -> Folded:
        """Give the result."""
        holders = [
            self._holder(document, who, party)
            for document in self.documents.values()
            for who, party in document.parties.items()
        ]
        withdrawn: dict[tuple[str, Standing], list[OrganId]] = {}
        for one in holders:
            if one.standing.withdrawn:
                withdrawn.setdefault((one.document_id, one.standing), []).append(one.organ_id)
        documents = {id(one.sighting): one for one in self.documents.values()}
        documents |= {id(it): one for one in self.documents.values() for it in one.updates}
        return Folded(
            history=tuple(self.history),
            holders=tuple(holders),
            versions=tuple(
                _version(documents[id(one)], one, waiting=id(one) in self.waiting)
                for one in self.history
                if id(one) in documents
            ),
            withdrawn=tuple(
                Withdrawal(document_id=identifier, how=how, organ_ids=tuple(organs))
                for (identifier, how), organs in withdrawn.items()
            ),
            waiting=tuple(one for one in self.history if id(one) in self.waiting),
            unmatched=tuple(one for one in self.history if id(one) in self.unmatched),
            findings=tuple(self.findings),
        )

    def _holder(self, document: _Document, who: str, party: Party) -> Holder:
        progress, evidence = self._progress(document, document.reports.get(who, []))
        standing, answer = self._standing(document, party, document.events.get(who, []))
        return Holder(
            organ_id=self.names.full(party.organ_id),
            name=party.name,
            document_id=document.identifier,
            progress=progress,
            evidence=evidence,
            standing=standing,
            answer=answer,
        )

    def _progress(self, document: _Document, reports: Sequence[Sighting]) -> tuple[Progress, Evidence | None]:
        state, timed = RECEIPT.first, RECEIPT.first
        evidence: Evidence | None = None
        # After an update its recipients report anew, so going back is seen between two changes only.
        rounds = None if None in document.changes else sorted(one for one in document.changes if one)
        round_before = 0
        for sighting in reports:
            code, said = _status(sighting).code, sighting.said_at
            # The table goes forward from every state, so the end does not hang on the order.
            following = RECEIPT.steps.get((state, code))
            if following is not None:
                evidence = _better(evidence, sighting.evidence) if following is state else sighting.evidence
                state = following
            if said is not None and rounds is not None:
                this_round = bisect(rounds, said)
                timed = timed if this_round == round_before else RECEIPT.first
                round_before = this_round
                step = RECEIPT.steps.get((timed, code))
                if step is None:
                    self.note("VND-EXC-070", document, sighting, state=timed.value)
                timed = step or timed
        return state, evidence

    def _standing(
        self, document: _Document, party: Party, events: Sequence[_Event]
    ) -> tuple[Standing, StatusCode | None]:
        asked = [one.sighting.when for one in events if one.step is StandingStep.ASK]
        first_asked = min((one for one in asked if one is not None), default=_BEFORE_ALL)

        def place(event: _Event) -> tuple[int, dt.datetime, int]:
            # Of what has no time, requests come first and answers last. Clocks differ, so an answer never
            # stands before the first request.
            when, is_answer = event.sighting.when, event.step in _ANSWERS
            if when is None:
                return (2 if is_answer else 0), _BEFORE_ALL, _STEPS.index(event.step)
            return 1, max(when, first_asked) if is_answer else when, _STEPS.index(event.step)

        state, answer = STANDING.first, None
        for event in sorted(events, key=place):
            if event.step in _ANSWERS:
                answer = _status(event.sighting).code
            following = STANDING.steps.get((state, event.step))
            if following is not None:
                state = following
            elif event.step in _ANSWERS and state is Standing.CURRENT:
                if not document.changes:  # else it answers one of them
                    self.note("VND-EXC-073", document, event.sighting)
            elif event.sighting.said_at is not None and event.step in _STEP_OF.values():
                facts = {"organ": party.organ_id.value, "state": state.value}
                self.note("VND-EXC-070", document, event.sighting, **facts)
        return state, answer


def _version(document: _Document, sighting: Sighting, *, waiting: bool) -> Version:
    envelope = _envelope(sighting)
    return Version(
        document_id=document.identifier,
        kind=envelope.kind,
        envelope=envelope,
        evidence=sighting.evidence,
        waiting=waiting,
        replaces=_replaced(envelope),
    )


def _envelope(sighting: Sighting) -> Envelope:
    assert isinstance(sighting.message, Envelope)  # noqa: S101 - the fold keeps the two apart
    return sighting.message


def _status(sighting: Sighting) -> StatusMessage:
    assert isinstance(sighting.message, StatusMessage)  # noqa: S101 - the fold keeps the two apart
    return sighting.message


def _replaced(envelope: Envelope) -> tuple[Replaced, ...]:
    if envelope.kind is not Kind.REPLACE or envelope.business is None:
        return ()
    return envelope.business.replaced


def _aims(envelope: Envelope) -> tuple[str, str]:
    """Give the identifier of a change itself, and that of the document that it changes."""
    own = identifier_of(envelope) or ""
    named = None if envelope.business is None else envelope.business.document_id
    return own, own if named is None else named.value


def _better(one: Evidence | None, other: Evidence) -> Evidence:
    return other if one is None else min(one, other, key=GRADES.index)


def _moment(sighting: Sighting) -> str:
    said = sighting.said_at
    return "-" if said is None else said.astimezone(VIETNAM).isoformat(timespec="seconds")
