"""A store: the database, the bodies, and the log."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs

from vnedoc.errors import ExchangeError, FileError
from vnedoc.exchange._storage import _database as db
from vnedoc.exchange._storage._bodies import Spool, body_path, sweep
from vnedoc.exchange._values import Event
from vnedoc.model import Blob

if TYPE_CHECKING:
    from typing import Self

_CHUNK = 1 << 20
_log = logging.getLogger("vnedoc.exchange")

Observer = Callable[[Event], None]


@attrs.frozen(kw_only=True)
class Scope:
    """Whose rows a driver works on, and under which name.

    Attributes:
        organ: The organisation's identifier.
        route: Name of the transport's settings.
        worker: Name of this worker.
        lease: For how long a claim holds.
        horizon: Longest time that a row may have to wait. One that is due later was written by a clock that
            was wrong, and is due now.
        observer: Is told each event after its transaction committed.
    """

    organ: str
    route: str
    worker: str
    lease: dt.timedelta
    horizon: dt.timedelta
    observer: Observer | None = None


def is_over(moment: Any, now: dt.datetime, scope: Scope) -> Any:
    """Say, of a column or a time, whether it is past, or so far ahead that a wrong clock wrote it."""
    return (moment <= now) | (moment > now + scope.horizon)


class Ledger:
    """One write transaction, and the events in it."""

    def __init__(self, connection: db.Connection, tenant: str, worker: str) -> None:
        self.connection = connection
        self.tenant = tenant
        self.events: list[Event] = []
        self._worker = worker

    def note(self, at: dt.datetime, subject: str, before: str | None, after: str, reason: str) -> None:
        """Add a line to the log."""
        values = {"at": at, "subject": subject, "before": before, "after": after, "reason": reason}
        seq = self.insert(db.event_log, tenant=self.tenant, worker=self._worker, **values)
        self.events.append(
            Event(
                seq=seq,
                at=at,
                subject=subject,
                before=before,
                after=after,
                reason=reason,
                worker=self._worker,
            )
        )

    def insert(self, table: db.Table, **values: Any) -> int:
        """Add a row; give its number."""
        key = self.connection.execute(table.insert().values(**values)).inserted_primary_key
        assert key is not None  # noqa: S101 - a single insert always gives its key
        return int(key[0])

    def keep(self, blob: Blob) -> None:
        """Add the row of a body; one that is large is in the folder already."""
        known = db.select(db.blob.c.digest).where(db.blob.c.digest == blob.digest)
        if self.connection.execute(known).first() is None:
            self.connection.execute(
                db.blob.insert().values(digest=blob.digest, size=blob.size, inline=blob.data)
            )


class Store:
    """Everything that must survive: open one with ``open_store``. Threads may share it."""

    def __init__(self, database: db.Database, blobs: Path, tenant: str) -> None:
        self.tenant = tenant
        self.blobs = blobs
        self._database = database
        sweep(blobs / "tmp")

    @classmethod
    def open(cls, address: str | os.PathLike[str], blobs: Path | None, tenant: str) -> Self:
        """See ``open_store``."""
        database = db.open_database(address)
        folder = blobs or database.path.with_name(database.path.name + ".blobs")
        return cls(database, folder, tenant)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._database.path

    def close(self) -> None:
        """Close the database; may be called twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- transactions -----------------------------------------------------------------------------

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Ledger]:
        """Open a write transaction; the observer hears of its events once it is committed."""
        with self._database.write() as connection:
            ledger = Ledger(connection, self.tenant, scope.worker)
            yield ledger
        if scope.observer is not None:
            for event in ledger.events:
                _tell(scope.observer, event)

    @contextmanager
    def join(self, connection: object, scope: Scope) -> Iterator[Ledger]:
        """Write in a transaction of the application, which commits or rolls back.

        Raises:
            ExchangeError: ``VND-EXC-012`` when it is not a SQLAlchemy connection inside a transaction.
        """
        if not isinstance(connection, db.Connection) or not connection.in_transaction():
            raise ExchangeError(
                "VND-EXC-012",
                "this connection cannot be joined",
                path="connection",
                hint="give a sqlalchemy.Connection on which a transaction has begun",
                facts={"seen": type(connection).__name__},
            )
        with db.typed(self.path):
            yield Ledger(connection, self.tenant, scope.worker)

    @contextmanager
    def read(self) -> Iterator[db.Connection]:
        """Open a read transaction."""
        with self._database.read() as connection:
            yield connection

    # --- bodies -----------------------------------------------------------------------------------

    def spool(self, limit: int | None = None) -> Spool:
        """Give a sink for one body of at most *limit* octets; close it."""
        return Spool(self.blobs, limit)

    def put(self, source: BinaryIO) -> Blob:
        """Store a body durably; the same octets are stored once (``protocols.BlobStore``).

        Raises:
            FileError: ``VND-IO-002`` when it cannot be written; nothing half-written is left.
        """
        with self.spool() as spool:
            while piece := source.read(_CHUNK):
                spool.write(piece)
            blob = spool.finish()
        with self._database.write() as connection:
            Ledger(connection, self.tenant, "").keep(blob)
        return blob

    def get(self, digest: str) -> Blob:
        """Give a stored body after its octets were compared with *digest*.

        Raises:
            ExchangeError: ``VND-EXC-022`` when it is missing, ``VND-EXC-023`` when it was changed.
        """
        with self._database.read() as connection:
            row = connection.execute(db.blob.select().where(db.blob.c.digest == digest)).first()
        if row is None:
            raise _missing(digest)
        if row.inline is not None:
            found = Blob.from_bytes(row.inline)
        else:
            try:
                found = Blob.from_file(body_path(self.blobs, digest.removeprefix("sha256:")))
            except FileError as error:
                raise _missing(digest) from error
        if found.digest != digest:
            raise ExchangeError(
                "VND-EXC-023",
                "a stored body was changed",
                path=digest,
                hint="restore the blob folder and the database from the same backup",
                facts={"expected": digest, "seen": found.digest},
            )
        return found

    # --- the log ----------------------------------------------------------------------------------

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Give up to *limit* lines of the log after line *after*, oldest first."""
        log = db.event_log
        query = (
            log.select()
            .where((log.c.tenant == self.tenant) & (log.c.seq > after))
            .order_by(log.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Event(
                seq=row.seq,
                at=row.at,
                subject=row.subject,
                before=row.before,
                after=row.after,
                reason=row.reason,
                worker=row.worker,
            )
            for row in rows
        )


def _tell(observer: Observer, event: Event) -> None:
    try:
        observer(event)
    except Exception:  # noqa: BLE001 - whatever it is, it is the observer's
        # The row is committed: an observer that fails cannot undo it and must not stop the queue.
        _log.exception("an observer of the exchange failed")


def _missing(digest: str) -> ExchangeError:
    return ExchangeError(
        "VND-EXC-022",
        "a stored body is missing",
        path=digest,
        hint="restore the blob folder that belongs to this database",
        facts={"digest": digest},
    )
