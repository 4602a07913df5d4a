"""The store: what it refuses to open, what a full or failing disk does to it, and joined transactions."""

import errno
import importlib.util
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from exchange_world import MINISTRY, PROVINCE, FixedClock, letter, make
from sqlalchemy import create_engine

from vnedoc.errors import ConfigError, ExchangeError, FileError, MissingExtra
from vnedoc.exchange import Store, _driver, open_store
from vnedoc.model import Wire
from vnedoc.transport import FolderTransport, MemoryTransport


@pytest.fixture
def clock():
    return FixedClock()


def query(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "path"])
def test_a_store_opens_by_path_or_url(tmp_path, form):
    path = tmp_path / "kho văn thư.db"
    with open_store(path if form == "path" else form.format(path)) as store:
        assert store.path == path
        assert store.blobs == tmp_path / "kho văn thư.db.blobs"
    store.close()
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA journal_mode") == [("wal",)]


def test_the_folder_for_bodies_can_be_given(tmp_path, clock):
    with open_store(tmp_path / "s.db", blobs=str(tmp_path / "bodies")) as store:
        make(store, MemoryTransport(), MINISTRY, clock).enqueue(letter(text="x" * 50_000))
        assert list((tmp_path / "bodies").glob("??/*"))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:hunter2@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
        "://",
        "nodb://x",
    ],
)
def test_an_address_that_cannot_be_used(address):
    with pytest.raises(ConfigError) as caught:
        open_store(address)
    assert caught.value.code == "VND-EXC-001"
    assert "hunter2" not in str(caught.value) + repr(caught.value.facts)


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(FileError) as caught:
        open_store(tmp_path / "missing" / "s.db")
    assert caught.value.code == "VND-IO-002"
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "s.db"
    path.write_bytes(b"%PDF-1.7 not a database" * 100)
    with pytest.raises(ExchangeError) as caught:
        open_store(path)
    assert caught.value.code == "VND-EXC-003"
    assert path.read_bytes().startswith(b"%PDF")


def test_a_damaged_store(tmp_path, clock):
    path = tmp_path / "s.db"
    with open_store(path) as store:
        make(store, MemoryTransport(), MINISTRY, clock).enqueue(letter())
    data = bytearray(path.read_bytes())
    data[4096:40960] = os.urandom(36864)
    path.write_bytes(data)
    with pytest.raises(ExchangeError) as caught, open_store(path) as store:
        make(store, MemoryTransport(), MINISTRY, clock).outbox()
    assert caught.value.code == "VND-EXC-003"


@pytest.mark.parametrize("change", ["SET version = 99", "SET version = 0"])
def test_a_store_of_another_version(tmp_path, change):
    path = tmp_path / "s.db"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE vnedoc_schema_version {change}")
    connection.commit()
    connection.close()
    with pytest.raises(ExchangeError) as caught:
        open_store(path)
    assert caught.value.code == "VND-EXC-002"


def test_a_store_that_somebody_keeps_locked(tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    open_store(path).close()
    monkeypatch.setattr("vnedoc.exchange._storage._database._BUSY_MS", 1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(ExchangeError) as caught:
        open_store(path)
    holder.close()
    assert caught.value.code == "VND-EXC-004"


def test_tables_that_are_gone(tmp_path, clock):
    path = tmp_path / "s.db"
    with open_store(path) as store:
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE vnedoc_attempt")
        connection.execute("DROP TABLE vnedoc_event")
        connection.commit()
        connection.close()
        with pytest.raises(ExchangeError) as caught:
            make(store, MemoryTransport(), MINISTRY, clock).enqueue(letter())
    assert caught.value.code == "VND-EXC-005"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_store_that_may_not_be_written(tmp_path):
    path = tmp_path / "s.db"
    open_store(path).close()
    path.chmod(0o444)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's lines are not measured
        code = 1
        try:
            os.setuid(65534)
            with pytest.raises(FileError) as caught:
                open_store(path)
            code = 0 if caught.value.code == "VND-IO-002" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_extra_is_named_when_it_is_missing(tmp_path):
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from vnedoc.errors import MissingExtra\n"
        "import vnedoc.exchange\n"
        "try: vnedoc.exchange.open_store('x.db')\n"
        "except MissingExtra as error: print(error.facts['extra'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "exchange"


def test_importing_loads_no_database():
    program = "import sys, vnedoc.exchange, vnedoc.transport; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_missing_extra_in_process(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vnedoc.exchange._storage", None)
    with pytest.raises(MissingExtra):
        _driver.open_store(tmp_path / "s.db")


def test_only_what_exists_can_be_imported():
    import vnedoc.exchange

    assert vnedoc.exchange.Store is Store
    with pytest.raises(AttributeError):
        vnedoc.exchange.Nothing  # noqa: B018 - the access is the test


def test_one_module_knows_the_database():
    (folder,) = importlib.util.find_spec("vnedoc.exchange").submodule_search_locations
    users = [
        path.name
        for path in Path(folder).rglob("*.py")
        if "sqlalchemy import" in path.read_text(encoding="utf-8")
    ]
    assert users == ["_database.py"]


# --- bodies ---------------------------------------------------------------------------------------


def test_put_and_get(tmp_path):
    with open_store(tmp_path / "s.db") as store:
        for data in (b"", b"x", b"y" * 32_768, b"z" * 32_769, os.urandom(3_000_000)):
            wire = Wire.from_bytes(data)
            with wire.blob.open() as source:
                blob = store.put(source)
            assert (blob.digest, blob.size) == (wire.digest, len(data))
            assert store.get(wire.digest).read() == data
        with wire.blob.open() as source:
            assert store.put(source) == blob
        assert sum(one.is_file() for one in store.blobs.rglob("*")) == 2


def test_bodies_that_were_left_unfinished_are_swept(tmp_path):
    folder = tmp_path / "s.db.blobs" / "tmp"
    folder.mkdir(parents=True)
    old, new = folder / "old.part", folder / "new.part"
    for one in (old, new, folder / "other"):
        one.write_bytes(b"x")
    os.utime(old, (0, 0))
    os.utime(folder / "other", (0, 0))
    open_store(tmp_path / "s.db").close()
    assert sorted(one.name for one in folder.iterdir()) == ["new.part", "other"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open", "mkdir"])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_while_a_body_is_stored(tmp_path, clock, monkeypatch, call, reason):
    def fail(*args, **more):
        raise OSError(reason, os.strerror(reason))

    wire = letter(text="x" * 50_000)
    with open_store(tmp_path / "s.db") as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock)
        target = "os.fsync" if call == "fsync" else f"pathlib.Path.{call}"
        monkeypatch.setattr(target, fail)
        with pytest.raises(FileError) as caught:
            sender.enqueue(wire)
        assert caught.value.code == "VND-IO-002"
        monkeypatch.undo()
        assert sender.outbox() == ()
        assert not list(store.blobs.rglob("*.part"))
        sender.enqueue(wire)
        assert sender.send_due().sent == 1


def test_a_disk_that_fails_while_a_body_is_closed(tmp_path, monkeypatch):
    with open_store(tmp_path / "s.db") as store:
        spool = store.spool()
        spool.write(b"x" * 50_000)
        assert spool.writable()
        monkeypatch.setattr("pathlib.Path.unlink", _no)
        spool.close()
        spool.close()


def _no(*args, **more):
    raise OSError(errno.EIO, "no")


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from exchange_world import MINISTRY, FixedClock, letter, make
from vnedoc.errors import VnedocError
from vnedoc.exchange import open_store
from vnedoc.transport import MemoryTransport

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kept = failed = 0
with open_store(Path(sys.argv[1]) / "s.db") as store:
    sender = make(store, MemoryTransport(), MINISTRY, FixedClock())
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    for number in range(60):
        try:
            sender.enqueue(letter(f"doc-{number}", text="x" * 20_000))
            kept += 1
        except VnedocError as error:
            assert error.code == "VND-IO-002", error
            failed += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert len(sender.outbox()) == kept
    assert sender.send_due(limit=100).sent == kept
print(kept > 0, failed > 0)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_FSIZE")
def test_a_disk_that_is_full_loses_nothing_and_recovers(tmp_path):
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), here], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["True", "True"], "")


def test_a_full_disk_on_the_receiving_side_acknowledges_nothing(tmp_path, clock, monkeypatch):
    (tmp_path / "drop").mkdir()
    road = FolderTransport(tmp_path / "drop")
    with open_store(tmp_path / "s.db") as mine, open_store(tmp_path / "r.db") as theirs:
        sender, receiver = make(mine, road, MINISTRY, clock), make(theirs, road, PROVINCE, clock)
        sender.enqueue(letter(text="x" * 50_000))
        sender.send_due()
        monkeypatch.setattr("os.fsync", _no)
        with pytest.raises(FileError):
            receiver.collect()
        monkeypatch.undo()
        assert receiver.inbox() == ()
        assert len(list(road.folder(PROVINCE).glob("new/*"))) == 1
        assert len(receiver.collect().accepted) == 1


# --- joining the application's transaction --------------------------------------------------------


def test_a_message_is_kept_when_the_application_commits(tmp_path, clock):
    path = tmp_path / "app.db"
    with open_store(path) as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock)
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            (entry,) = sender.enqueue(letter(), connection=connection)
        with engine.connect() as connection, connection.begin() as transaction:
            sender.enqueue(letter("doc-2", text="x" * 50_000), connection=connection)
            transaction.rollback()
        engine.dispose()
        assert [one.document_id for one in sender.outbox()] == [entry.document_id]
        assert sender.send_due().sent == 1


def test_a_connection_outside_a_transaction_is_refused(tmp_path, clock):
    path = tmp_path / "app.db"
    plain = sqlite3.connect(path)
    with open_store(path) as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock)
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            for one in (connection, plain, object()):
                with pytest.raises(ExchangeError) as caught:
                    sender.enqueue(letter(), connection=one)
                assert caught.value.code == "VND-EXC-012"
        engine.dispose()
        plain.close()
        assert sender.outbox() == ()


def test_a_database_without_the_tables_cannot_be_joined(tmp_path, clock):
    with open_store(tmp_path / "s.db") as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock)
        engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
        with engine.begin() as connection, pytest.raises(ExchangeError) as caught:
            sender.enqueue(letter(), connection=connection)
        engine.dispose()
    assert caught.value.code == "VND-EXC-005"


def test_a_fork_opens_its_own_connections(tmp_path, clock, monkeypatch):
    with open_store(tmp_path / "s.db") as store:
        sender = make(store, MemoryTransport(), MINISTRY, clock)
        sender.enqueue(letter())
        before = store._database._engine.pool
        monkeypatch.setattr("vnedoc.exchange._storage._database.os.getpid", lambda: 1)
        assert len(sender.outbox()) == 1
        assert store._database._engine.pool is not before
        before.dispose()
