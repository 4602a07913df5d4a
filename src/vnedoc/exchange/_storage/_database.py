"""The tables, and the only door to SQLAlchemy.

Every write is one transaction that takes the write lock at its beginning, is synced to the disk when it
commits, and leaves nothing behind when it fails. All table names start with ``vnedoc_``, since they may stand
in the application's own database.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    event,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from vnedoc.errors import ConfigError, ExchangeError, FileError, VnedocError

SCHEMA_VERSION = 1
_BUSY_MS = 30_000
_WRITE = "vnedoc_write"

metadata = MetaData()


_FIRST = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
_LAST = dt.datetime(9999, 12, 30, tzinfo=dt.UTC)


class _Instant(TypeDecorator[dt.datetime]):
    """A time with zone, kept as UTC text of fixed width, so that text order is time order."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        try:
            moment = value.astimezone(dt.UTC)
        except OverflowError:  # within hours of the first or the last year: the day before or after is near
            moment = _FIRST if value.year == 1 else _LAST
        # not strftime, which writes the year 1 as "1"
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else dt.datetime.fromisoformat(value)


def _text(name: str, length: int = 200, *, null: bool = False) -> Column[Any]:
    return Column(name, String(length), nullable=null)


def _when(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, _Instant, nullable=null)


def _count(name: str, default: int = 0) -> Column[Any]:
    return Column(name, Integer, nullable=False, default=default)


def _ref(name: str, target: str, *, null: bool = False, unique: bool = False) -> Column[Any]:
    return Column(name, ForeignKey(f"vnedoc_{target}"), nullable=null, unique=unique)


def _lease() -> tuple[Column[Any], ...]:
    """Give the columns of a row that workers claim; ``token`` grows with each claim and fences the last."""
    return (
        _text("state", 20),
        _when("next_at"),
        _when("lease_until", null=True),
        Column("worker", String(400)),
        _count("token"),
        _count("claims"),
        _count("attempts"),
        _when("first_try_at", null=True),
        _text("error_code", 40, null=True),
        Column("error", Text),
    )


def _table(name: str, *items: Any, **options: Any) -> Table:
    return Table(f"vnedoc_{name}", metadata, *items, **options)


schema_version = _table("schema_version", Column("version", Integer, primary_key=True), _when("at"))

blob = _table(
    "blob",
    Column("digest", String(71), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("inline", LargeBinary),  # NULL: the octets are in the blob folder
)

document = _table(
    "document",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),  # whose register it is in
    _text("direction", 3),
    _text("sender"),
    _text("document_id"),
    _text("kind", 20),
    _text("variant"),
    _text("addressee"),
    _text("code", null=True),
    _ref("digest", "blob.digest"),
    _text("content_type"),
    _when("created_at"),
    UniqueConstraint("tenant", "organ", "direction", "sender", "document_id", "kind", "variant", "addressee"),
)

outbox = _table(
    "outbox",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),
    _text("route"),
    _ref("document", "document.id"),
    _text("recipient"),
    *_lease(),
    _text("idempotency_key"),
    _text("remote_id", 400, null=True),
    _when("created_at"),
    _when("sent_at", null=True),
    _text("business_state", 2, null=True),
    _text("business_evidence", 20, null=True),
    _text("recall", 2, null=True),
    _text("recall_evidence", 20, null=True),
    UniqueConstraint("tenant", "idempotency_key"),
    Index("vnedoc_outbox_due", "tenant", "organ", "route", "state", "next_at"),
    Index("vnedoc_outbox_document", "document"),
)

attempt = _table(
    "attempt",
    Column("id", Integer, primary_key=True),
    _ref("outbox", "outbox.id"),
    _count("token"),
    Column("worker", String(400)),
    _when("started_at"),
    _when("ended_at"),
    _text("outcome", 20),
    _text("error_code", 40, null=True),
    Column("error", Text),
    Index("vnedoc_attempt_outbox", "outbox"),
)

arrival = _table(
    "arrival",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),
    _text("route"),
    _text("handle", 400),
    _ref("digest", "blob.digest"),
    *_lease(),
    _ref("document", "document.id", null=True),
    _text("settlement", 20, null=True),  # what the other side is, or was, told
    _text("conclusion", 20, null=True),
    Column("findings", JSON, nullable=False, default=list),
    _count("copies"),
    _when("created_at"),
    UniqueConstraint("tenant", "organ", "route", "handle", "digest"),
    Index("vnedoc_arrival_state", "tenant", "organ", "state"),
)

inbox = _table(
    "inbox",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),
    _text("route"),
    # The key of a message is the unique key of its document row.
    _ref("document", "document.id", unique=True),
    _text("state", 20),
    _text("evidence", 20),
    _count("copies"),
    _count("conflicts"),
    _when("created_at"),
    _when("registered_at", null=True),
    Index("vnedoc_inbox_organ", "tenant", "organ"),
)

handling = _table(
    "handling",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),
    _text("route"),
    _text("handler"),
    _ref("inbox", "inbox.id"),
    *_lease(),
    UniqueConstraint("inbox", "handler"),
    Index("vnedoc_handling_due", "tenant", "organ", "route", "state", "next_at"),
)

evidence = _table(
    "evidence",
    Column("id", Integer, primary_key=True),
    _text("tenant"),
    _text("organ"),
    _text("type", 20),
    _ref("outbox", "outbox.id", null=True),  # what it is about; neither for one that matches nothing
    _ref("inbox", "inbox.id", null=True),
    _ref("document", "document.id"),  # the message that is the evidence
    _text("code", 2),
    _text("grade", 20),  # proven or claimed, by the message itself; whether it matches is said by the above
    _text("issuer"),
    _when("said_at", null=True),
    _when("at"),
    Column("description", Text),
    _ref("digest", "blob.digest"),
    Index("vnedoc_evidence_outbox", "outbox"),
    Index("vnedoc_evidence_inbox", "inbox"),
    Index("vnedoc_evidence_open", "tenant", "organ", "code"),
)

event_log = _table(
    "event",
    Column("seq", Integer, primary_key=True),
    _text("tenant"),
    _when("at"),
    _text("subject", 40),
    _text("before", 20, null=True),
    _text("after", 20),
    _text("reason", 40),
    Column("worker", String(400), nullable=False),
    sqlite_autoincrement=True,  # a number is never used twice
)


def first_of(column: Any, value: Any) -> Any:
    """Give *column*, or *value* where it is NULL."""
    return func.coalesce(column, literal(value, column.type))


def first_letters(column: Any, count: int) -> Any:
    """Give the first *count* letters of a text column."""
    return func.substr(column, 1, count)


class Database:
    """One store's database: typed errors, write transactions, nothing else."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.path = path
        self._engine = engine
        self._owner = os.getpid()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a write transaction; it commits at the end and rolls back on any error."""
        with self._transaction({_WRITE: True}) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: one consistent view."""
        with self._transaction({}) as connection:
            yield connection

    @contextmanager
    def _transaction(self, options: dict[str, Any]) -> Iterator[Connection]:
        if os.getpid() != self._owner:
            # A connection must not cross a fork: the child leaves the parent's alone and opens its own.
            self._engine.dispose(close=False)
            self._owner = os.getpid()
        with (
            typed(self.path),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close all connections; may be called twice."""
        self._engine.dispose()


def open_database(address: str | os.PathLike[str]) -> Database:
    """Open the database at *address*, a path or a SQLAlchemy URL, and make its tables when they are missing.

    Raises:
        ConfigError: ``VND-EXC-001`` when the URL is none, names another database than SQLite or no file.
        FileError: ``VND-IO-002`` when the file cannot be made or written.
        ExchangeError: ``VND-EXC-002`` when a newer version made it, ``VND-EXC-003`` when it is damaged or no
            database, ``VND-EXC-004`` when another process keeps it locked.
    """
    path = _path_of(address)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    database = Database(engine, path)
    try:
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _path_of(address: str | os.PathLike[str]) -> Path:
    text = os.fspath(address)
    if "://" not in text:
        return Path(text)
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise _unusable("this is no database URL") from error
    if url.get_backend_name() != "sqlite":
        raise _unusable("only SQLite stores can be opened")
    if not url.database or url.database == ":memory:" or url.query:
        raise _unusable("a durable store needs a plain file")
    return Path(url.database)


def _unusable(why: str) -> ConfigError:
    # The address is not repeated: a URL may hold a password.
    return ConfigError(
        "VND-EXC-001",
        why,
        path="store",
        hint="give a path, or sqlite:///PATH",
        facts={"why": why},
    )


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin and by nobody else
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    # Taking the write lock at once keeps a transaction from failing halfway because another one wrote.
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _migrate(database: Database) -> None:
    with database.write() as connection:
        if not inspect(connection).has_table(schema_version.name):
            metadata.create_all(connection)
            now = dt.datetime.now(dt.UTC)
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION, at=now))
            return
        found = connection.execute(select(schema_version.c.version)).scalars().all()
    newest = max(found, default=0)
    if newest != SCHEMA_VERSION:
        raise ExchangeError(
            "VND-EXC-002",
            f"the store has version {newest}, this program knows version {SCHEMA_VERSION}",
            path=str(database.path),
            hint="use the version of vnedoc that made the store, or a newer one",
            facts={"seen": newest, "known": SCHEMA_VERSION},
        )


@contextmanager
def typed(path: Path) -> Iterator[None]:
    """Turn what the database says into errors of the tree."""
    try:
        yield
    except DBAPIError as error:
        raise _judged(path, error) from error


_FILE_TROUBLE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_DAMAGE = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")


def _judged(path: Path, error: DBAPIError) -> VnedocError:
    name = str(getattr(error.orig, "sqlite_errorname", "") or "")
    reason = str(error.orig)
    if name.startswith(_FILE_TROUBLE):
        return FileError(
            "VND-IO-002",
            f"the store cannot be written: {reason}",
            path=str(path),
            hint="check free space and permissions; nothing was changed",
            facts={"reason": reason},
        )
    if name.startswith(_DAMAGE):
        return ExchangeError(
            "VND-EXC-003",
            f"the store is damaged or is no database: {reason}",
            path=str(path),
            hint="check the path; restore the file from a backup",
            facts={"reason": reason},
        )
    if name.startswith(_LOCKED):
        return ExchangeError(
            "VND-EXC-004",
            "another process keeps the store locked",
            path=str(path),
            hint="end the program that holds it, then try again",
            facts={"reason": reason},
        )
    return ExchangeError(
        "VND-EXC-005",
        f"the store refused: {reason}",
        path=str(path),
        hint="nothing was changed; check that the store belongs to this version",
        facts={"reason": reason},
    )


__all__ = [
    "Connection",
    "Database",
    "Table",
    "arrival",
    "attempt",
    "blob",
    "document",
    "event_log",
    "evidence",
    "first_letters",
    "first_of",
    "handling",
    "inbox",
    "open_database",
    "outbox",
    "select",
    "typed",
]
