"""The present state of an exchange, as a value: see ``Thread``."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable

from vnedoc.exchange._threads._fold import fold
from vnedoc.exchange._threads._tables import Standing
from vnedoc.exchange._threads._values import Folded, Holder, Message, Sighting, Version, Withdrawal
from vnedoc.model import Evidence, Finding, OrganId, Party, Received
from vnedoc.protocols import Directory


class Thread:
    """An exchange about one document: the document, its updates and replacements, and the statuses on them.

    A value: ``add`` gives a new thread. Two threads are equal when the same follows from them, in whatever
    order and however often the messages came. Statuses are matched by the document's identifier, else by
    organisation, number and year. A revoke, update or replace that is only claimed changes nothing and is in
    ``waiting`` until a person approves it.

    ``Thread.of([letter, status]).state_of("H99.2").progress`` is ``Progress.RECEIVED``.
    """

    __slots__ = ("__dict__", "_directory", "_sightings")

    def __init__(self, sightings: Iterable[Sighting] = (), *, directory: Directory | None = None) -> None:
        self._sightings = tuple(sightings)
        self._directory = directory

    @classmethod
    def of(
        cls,
        messages: Iterable[Message | Received | Sighting],
        *,
        directory: Directory | None = None,
    ) -> Thread:
        """Make a thread of many messages at once.

        Args:
            messages: In any order. A ``Received`` counts with its evidence, a bare message as ``CLAIMED``.
            directory: Knows under which codes an organisation goes; without it, aliases in the messages do.

        Raises:
            InputError: ``VND-EXC-069`` for what is no message.
        """
        return cls(map(Sighting.of, messages), directory=directory)

    def add(
        self,
        message: Message | Received,
        *,
        evidence: Evidence | None = None,
        at: dt.datetime | None = None,
        approved: bool = False,
    ) -> Thread:
        """Give the thread with one more message; a repeat changes nothing but may better its evidence.

        Args:
            message: A document or a status.
            evidence: How far it can be relied on; default that of a ``Received``, else ``CLAIMED``.
            at: When it was received, with zone.
            approved: A person decided that this revoke, update or replace takes effect.

        Raises:
            InputError: ``VND-EXC-069`` for what is no message, ``VND-MODEL-003`` for a time without zone.
        """
        grade = Sighting.of(message).evidence if evidence is None else evidence
        sighting = Sighting(message=message, evidence=grade, at=at, approved=approved)
        return Thread((*self._sightings, sighting), directory=self._directory)

    def approve(self, message: Message | Received) -> Thread:
        """Give the thread in which a waiting revoke, update or replace takes effect: a person decided so."""
        return self.add(message, approved=True)

    # --- what follows -----------------------------------------------------------------------------

    @functools.cached_property
    def _folded(self) -> Folded:
        return fold(self._sightings, self._directory)

    @property
    def recipients(self) -> tuple[Holder, ...]:
        """Each document at each of its recipients."""
        return self._folded.holders

    @property
    def holders(self) -> tuple[Holder, ...]:
        """The recipients that have a document and are to keep it, as far as was reported."""
        return tuple(one for one in self._folded.holders if one.has_it)

    @property
    def versions(self) -> tuple[Version, ...]:
        """Documents, updates and replacements, oldest first."""
        return self._folded.versions

    @property
    def withdrawn(self) -> tuple[Withdrawal, ...]:
        """What was withdrawn, and for whom."""
        return self._folded.withdrawn

    @property
    def waiting(self) -> tuple[Sighting, ...]:
        """Revokes, updates and replacements that nothing proves; see ``approve``."""
        return self._folded.waiting

    @property
    def unmatched(self) -> tuple[Sighting, ...]:
        """What belongs to no document here, or does not count; kept for a person, never dropped."""
        return self._folded.unmatched

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is out of order."""
        return self._folded.findings

    @property
    def history(self) -> tuple[Sighting, ...]:
        """Every message once, oldest first, with the best evidence and the earliest receipt."""
        return self._folded.history

    def state_of(self, organ: Party | OrganId | str, document_id: str | None = None) -> Holder | None:
        """Give the state at one recipient, by its code or an alias.

        Args:
            organ: The recipient.
            document_id: Which document; default the newest that was sent to it and not replaced.

        Returns:
            ``None`` when it is no recipient.
        """
        wanted = organ.organ_id if isinstance(organ, Party) else organ
        wanted = wanted if isinstance(wanted, OrganId) else OrganId(wanted)
        # Holders bear every code that is known of their organisation.
        found = [
            one
            for one in self._folded.holders
            if one.organ_id.same_as(wanted) and document_id in (None, one.document_id)
        ]
        live = [one for one in found if one.standing is not Standing.REPLACED]
        return (live or found)[-1] if found else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thread) and self._folded == other._folded

    def __hash__(self) -> int:
        return hash(self._folded.history)

    def __repr__(self) -> str:
        folded = self._folded
        named = ", ".join(dict.fromkeys(one.document_id for one in folded.versions[:3])) or "no document"
        states = "; ".join(map(str, folded.holders[:5])) + ("; …" if len(folded.holders) > 5 else "")  # noqa: PLR2004
        more = ", ".join(
            f"{len(found)} {name}"
            for name, found in (
                ("waiting", folded.waiting),
                ("unmatched", folded.unmatched),
                ("findings", folded.findings),
            )
            if found
        )
        return f"Thread({' | '.join(one for one in (named, states, more) if one)})"
