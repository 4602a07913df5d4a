"""A transport inside one process, for tests and for trying things out."""

from __future__ import annotations

import hashlib
import threading
from typing import BinaryIO

import attrs

from vnedoc.errors import PermanentError, TransientError
from vnedoc.model import (
    Capabilities,
    Custody,
    InboundMeta,
    OrganId,
    Parcel,
    PollPage,
    RemoteHandle,
    SendResult,
    Settlement,
)
from vnedoc.transport._names import parcel_name


@attrs.define
class _Item:
    number: int
    digest: str
    data: bytes
    sender: OrganId
    settled: Settlement | None = None


class MemoryHub:
    """Where memory transports meet: one shelf for each organisation. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shelves: dict[str, dict[str, _Item]] = {}
        self._count = 0

    def settlements(self, recipient: OrganId) -> dict[str, Settlement | None]:
        """Give what became of each message for *recipient*, oldest first; ``None`` while it waits."""
        with self._lock:
            return {key: item.settled for key, item in self._shelves.get(recipient.value, {}).items()}

    def _put(self, parcel: Parcel) -> bool:
        data = parcel.wire.read()
        with self._lock:
            shelf = self._shelves.setdefault(parcel.recipient.value, {})
            name = parcel_name(parcel)
            duplicate = name in shelf
            if not duplicate:
                self._count += 1
                shelf[name] = _Item(self._count, parcel.wire.digest, data, parcel.sender)
            return duplicate

    def _list(self, recipient: OrganId, after: int, limit: int) -> list[tuple[int, str]]:
        with self._lock:
            shelf = self._shelves.get(recipient.value, {})
            waiting = (
                (item.number, key)
                for key, item in shelf.items()
                if item.settled in (None, Settlement.RELEASED) and item.number > after
            )
            return sorted(waiting)[:limit]

    def _find(self, recipient: OrganId, key: str) -> _Item | None:
        with self._lock:
            return self._shelves.get(recipient.value, {}).get(key)


class MemoryTransport:
    """Carries parcels over a ``MemoryHub``; transports that share the hub reach each other."""

    def __init__(self, hub: MemoryHub | None = None) -> None:
        self.hub = MemoryHub() if hub is None else hub

    @property
    def capabilities(self) -> Capabilities:
        """Sending twice has one effect; it can be polled and told."""
        return Capabilities(idempotent_send=True)

    def close(self) -> None:
        """Do nothing: the hub belongs to the caller."""

    def send(self, parcel: Parcel, *, deadline: float) -> SendResult:  # noqa: ARG002 - memory does not wait
        """Put the parcel on the recipient's shelf."""
        duplicate = self.hub._put(parcel)  # noqa: SLF001 - the two classes are one thing
        return SendResult(custody=Custody.HUB, remote_id=parcel_name(parcel), duplicate=duplicate)

    def poll(
        self,
        recipient: OrganId,
        *,
        cursor: bytes | None,
        limit: int,
        deadline: float,  # noqa: ARG002 - memory does not wait
    ) -> PollPage:
        """List what waits for *recipient*, oldest first.

        Raises:
            PermanentError: ``VND-TRN-011`` when *cursor* is not one that ``poll`` gave.
        """
        try:
            after = int(cursor or b"0")
        except ValueError as error:
            raise foreign_cursor(cursor or b"") from error
        found = self.hub._list(recipient, after, limit)  # noqa: SLF001 - see above
        more = str(found[-1][0]).encode() if len(found) == limit and found else None
        return PollPage(tuple(RemoteHandle(key) for _, key in found), more)

    def fetch(
        self,
        recipient: OrganId,
        handle: RemoteHandle,
        sink: BinaryIO,
        *,
        deadline: float,  # noqa: ARG002 - memory does not wait
    ) -> InboundMeta:
        """Write one message into *sink*.

        Raises:
            TransientError: ``VND-TRN-012`` when it is not there.
        """
        item = self.hub._find(recipient, handle.id)  # noqa: SLF001 - see above
        if item is None:
            raise gone(handle)
        sink.write(item.data)
        return InboundMeta(
            size=len(item.data),
            digest="sha256:" + hashlib.sha256(item.data).hexdigest(),
            remote_id=handle.id,
            sender=item.sender,
        )

    def settle(
        self,
        recipient: OrganId,
        handle: RemoteHandle,
        settlement: Settlement,
        *,
        deadline: float,  # noqa: ARG002 - memory does not wait
    ) -> None:
        """Note what became of a message; the first final word stays."""
        item = self.hub._find(recipient, handle.id)  # noqa: SLF001 - see above
        if item is not None and item.settled in (None, Settlement.RELEASED):
            item.settled = settlement


def gone(handle: RemoteHandle) -> TransientError:
    """Give the error for a message that is not there any more."""
    return TransientError(
        "VND-TRN-012",
        "the message is not there",
        path=handle.id,
        hint="another worker may have taken it; look again",
        facts={"handle": handle.id},
    )


def foreign_cursor(cursor: bytes) -> PermanentError:
    """Give the error for a cursor that this transport did not make."""
    return PermanentError(
        "VND-TRN-011",
        "this cursor was not given by this transport",
        hint="start again without a cursor",
        facts={"cursor": ascii(cursor[:40])},
    )
