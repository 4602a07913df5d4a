"""The folder: its layout is a contract, and hostile or half-written things in it are not read."""

import errno
import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from test_transport_carriers import THERE, fetch, parcel, poll, settle

from vnedoc.errors import (
    AmbiguousError,
    FileError,
    LimitExceeded,
    PermanentError,
    RouteError,
    SecurityError,
    TransientError,
)
from vnedoc.model import OrganId, RemoteHandle, Settlement, Wire
from vnedoc.transport import FolderTransport

G22 = OrganId("000.00.00.G22")


@pytest.fixture
def road(tmp_path):
    return FolderTransport(tmp_path / "root")


@pytest.fixture(autouse=True)
def _root(road):
    road.root.mkdir()


def drop(road, name, data=b"<edXML/>"):
    """Put a file where a correspondent without this library would."""
    folder = road.folder(G22) / "new"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def test_the_layout(road):
    road.send(parcel("key/1", recipient=G22), deadline=5.0)
    name = f"key%2F1.{hashlib.sha256(b'<edXML/>').hexdigest()}.edxml"
    assert (road.root / "000.00.00.G22" / "new" / name).read_bytes() == b"<edXML/>"
    assert list((road.root / "000.00.00.G22" / "tmp").iterdir()) == []
    (handle,) = poll(road, recipient=G22).handles
    road.settle(G22, handle, Settlement.ACCEPTED, deadline=5.0)
    assert (road.root / "000.00.00.G22" / "done" / name).exists()


def test_a_refused_message_is_kept_aside(road):
    road.send(parcel(), deadline=5.0)
    (handle,) = poll(road).handles
    settle(road, handle, Settlement.REFUSED)
    assert (road.folder(THERE) / "refused" / handle.id).exists()


def test_a_file_that_somebody_else_dropped_is_taken(road):
    drop(road, "tu-he-thong-khac.edxml")
    (handle,) = poll(road, recipient=G22).handles
    assert fetch(road, handle, recipient=G22)[0] == b"<edXML/>"


def test_oldest_first(road):
    for age, name in enumerate(["c", "a", "b"]):
        os.utime(drop(road, f"{name}.edxml"), ns=(age, age))
    assert [one.id for one in poll(road, recipient=G22).handles] == ["c.edxml", "a.edxml", "b.edxml"]
    page = poll(road, recipient=G22, limit=2)
    rest = poll(road, recipient=G22, cursor=page.next_cursor)
    assert [one.id for one in rest.handles] == ["b.edxml"]


def test_what_is_foreign_or_half_written_is_passed_over(road, tmp_path):
    drop(road, "half.edxml.part")
    drop(road, "readme.txt")
    drop(road, "a b.edxml")
    drop(road, ".edxml")
    folder = road.folder(G22) / "new"
    (folder / "folder.edxml").mkdir()
    os.mkfifo(folder / "pipe.edxml")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (folder / "link.edxml").symlink_to(secret)
    (folder / "dangling.edxml").symlink_to(tmp_path / "missing")
    os.link(secret, folder / "hard.edxml")
    drop(road, "good.edxml")
    assert [one.id for one in poll(road, recipient=G22).handles] == ["good.edxml"]


@pytest.mark.parametrize("kind", ["link", "hard", "pipe", "folder"])
def test_what_was_swapped_after_the_listing_is_not_read(road, tmp_path, kind):
    path = drop(road, "a.edxml")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (handle,) = poll(road, recipient=G22).handles
    path.unlink()
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "hard":
        os.link(secret, path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    sink = io.BytesIO()
    with pytest.raises(SecurityError) as caught:
        road.fetch(G22, handle, sink, deadline=5.0)
    assert caught.value.code == "VND-TRN-014"
    assert sink.getvalue() == b""


def test_a_link_under_the_name_of_a_parcel_is_not_followed(road, tmp_path):
    road.send(parcel("other"), deadline=5.0)
    name = f"k.{hashlib.sha256(b'<edXML/>').hexdigest()}.edxml"
    (road.folder(THERE) / "new" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecurityError):
        road.send(parcel(), deadline=5.0)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_was_altered_on_the_road_is_named(road):
    road.send(parcel(), deadline=5.0)
    (path,) = (road.folder(THERE) / "new").iterdir()
    path.write_bytes(b"altered")
    with pytest.raises(SecurityError) as caught:
        road.send(parcel(), deadline=5.0)
    assert caught.value.code == "VND-TRN-010"
    assert path.read_bytes() == b"altered"


@pytest.mark.parametrize("name", ["../a.edxml", "a/b.edxml", "a", "", "..", "a b.edxml", "%zz.edxml"])
def test_a_handle_that_is_no_name(road, name):
    for call in (
        lambda: fetch(road, RemoteHandle(name)),
        lambda: settle(road, RemoteHandle(name), Settlement.ACCEPTED),
    ):
        with pytest.raises(PermanentError) as caught:
            call()
        assert caught.value.code == "VND-TRN-015"


def test_a_root_that_is_missing_is_never_made(tmp_path):
    road = FolderTransport(tmp_path / "not-mounted")
    for call in (lambda: road.send(parcel(), deadline=5.0), lambda: poll(road)):
        with pytest.raises(RouteError) as caught:
            call()
        assert caught.value.code == "VND-TRN-001"
    assert not road.root.exists()


def test_nobody_wrote_yet(road):
    assert poll(road).handles == ()


def fail_with(reason):
    def fail(*args, **more):
        raise OSError(reason, os.strerror(reason))

    return fail


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        (errno.ENOSPC, TransientError, "VND-TRN-002"),
        (errno.EIO, TransientError, "VND-TRN-002"),
        (errno.ESTALE, TransientError, "VND-TRN-002"),
        (errno.EACCES, RouteError, "VND-TRN-001"),
        (errno.EROFS, RouteError, "VND-TRN-001"),
    ],
)
@pytest.mark.parametrize(
    "call", ["pathlib.Path.mkdir", "pathlib.Path.open", "os.fsync", "pathlib.Path.replace"]
)
def test_a_folder_that_cannot_be_written(road, monkeypatch, reason, kind, code, call):
    monkeypatch.setattr(call, fail_with(reason))
    with pytest.raises(kind) as caught:
        road.send(parcel(), deadline=5.0)
    monkeypatch.undo()
    assert caught.value.code == code
    assert not list(road.root.rglob("*.edxml"))
    assert not list(road.root.rglob("*.part"))
    assert not road.send(parcel(), deadline=5.0).duplicate


def test_a_rename_that_may_not_be_on_the_disk_is_ambiguous(road, monkeypatch):
    road.send(parcel("first"), deadline=5.0)
    monkeypatch.setattr("vnedoc.transport._folder.sync_folder", fail_with(errno.EIO))
    with pytest.raises(AmbiguousError) as caught:
        road.send(parcel(), deadline=5.0)
    assert caught.value.code == "VND-TRN-004"
    monkeypatch.undo()
    assert road.send(parcel(), deadline=5.0).duplicate


def test_nothing_to_sync_on_windows(road, monkeypatch):
    monkeypatch.setattr("vnedoc.transport._folder.os.name", "nt")
    monkeypatch.setattr("os.fsync", fail_with(errno.EIO))
    from vnedoc.transport._folder import sync_folder

    sync_folder(road.root / "no matter")


def test_the_deadline_holds_while_writing_and_reading(road):
    with pytest.raises(TransientError) as caught:
        road.send(parcel(), deadline=-1.0)
    assert caught.value.code == "VND-TRN-003"
    assert not list(road.root.rglob("*.edxml"))
    drop(road, "a.edxml")
    with pytest.raises(TransientError) as caught:
        road.fetch(G22, RemoteHandle("a.edxml"), io.BytesIO(), deadline=-1.0)
    assert caught.value.code == "VND-TRN-003"


def test_a_body_that_changed_since_it_was_enqueued_is_not_sent(road, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(b"first")
    wire = Wire.from_file(path)
    path.write_bytes(b"second")
    with pytest.raises(SecurityError) as caught:
        road.send(parcel(wire=wire), deadline=5.0)
    assert caught.value.code == "VND-TRN-013"
    assert not list(road.root.rglob("*.edxml"))
    path.unlink()
    with pytest.raises(FileError) as caught:
        road.send(parcel(wire=wire), deadline=5.0)
    assert caught.value.code == "VND-IO-001"


class Sink(io.BytesIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, data):
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LimitExceeded.of("VND-EXC-021", "file_bytes", 1, 2), LimitExceeded),
        (FileError("VND-IO-002", "full"), FileError),
        (OSError(errno.ENOSPC, "full"), TransientError),
    ],
)
def test_what_the_sink_says_comes_through(road, error, kind):
    drop(road, "a.edxml")
    with pytest.raises(kind):
        road.fetch(G22, RemoteHandle("a.edxml"), Sink(error), deadline=5.0)


@pytest.mark.parametrize("reason", [errno.EACCES, errno.ENOTDIR])
def test_a_folder_that_may_not_be_read(road, monkeypatch, reason):
    drop(road, "a.edxml")
    monkeypatch.setattr(os, "open", fail_with(reason))
    with pytest.raises(RouteError):
        fetch(road, RemoteHandle("a.edxml"), recipient=G22)
    monkeypatch.undo()
    monkeypatch.setattr(os, "scandir", fail_with(reason))
    with pytest.raises(RouteError):
        poll(road, recipient=G22)


def test_settling_when_another_worker_is_faster(road, monkeypatch):
    drop(road, "a.edxml")
    replace = Path.replace

    def faster(self, target):
        monkeypatch.undo()
        replace(self, target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", faster)
    road.settle(G22, RemoteHandle("a.edxml"), Settlement.ACCEPTED, deadline=5.0)
    assert (road.folder(G22) / "done" / "a.edxml").exists()


def test_a_file_that_vanishes_while_it_is_listed(road, monkeypatch):
    drop(road, "a.edxml")
    monkeypatch.setattr(os, "lstat", fail_with(errno.ENOENT))
    assert poll(road, recipient=G22).handles == ()


def test_what_dead_writers_left_is_swept(road):
    road.send(parcel(recipient=G22), deadline=5.0)
    folder = road.folder(G22) / "tmp"
    for name in ("old.part", "new.part", "other"):
        (folder / name).write_bytes(b"x")
    os.utime(folder / "old.part", (0, 0))
    os.utime(folder / "other", (0, 0))
    poll(road, recipient=G22)
    assert sorted(one.name for one in folder.iterdir()) == ["new.part", "other"]


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from test_transport_carriers import parcel
from vnedoc.transport import FolderTransport
point = sys.argv[3]
module, name = {"written": (os, "fsync"), "renamed": (None, None)}[point]
def die(*args): os.kill(os.getpid(), signal.SIGKILL)
if point == "written":
    os.fsync = die
else:
    import vnedoc.transport._folder as folder
    sync = folder.sync_folder
    folder.sync_folder = lambda path: die() if path.name == "new" and any(path.iterdir()) else sync(path)
    folder._make_folder = lambda path: path.mkdir(parents=True, exist_ok=True)
FolderTransport(sys.argv[1]).send(parcel(data=b"x" * 1000), deadline=5.0)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("point", ["written", "renamed"])
def test_a_writer_that_is_killed_leaves_nothing_or_everything(road, point):
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", KILLED, str(road.root), here, point], check=False)
    assert done.returncode == -9
    handles = poll(road).handles
    assert len(handles) == (point == "renamed")
    assert [fetch(road, one)[0] for one in handles] == [b"x" * 1000] * len(handles)
    assert road.send(parcel(data=b"x" * 1000), deadline=5.0).duplicate is (point == "renamed")
    assert len(poll(road).handles) == 1


def test_memory_does_not_grow_with_the_size(road, tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as handle:
        handle.truncate(64 * 1024 * 1024)
    wire = Wire.from_file(path)
    tracemalloc.start()
    try:
        road.send(parcel(wire=wire), deadline=60.0)
        (handle,) = poll(road).handles
        with (tmp_path / "copy").open("wb") as sink:
            meta = road.fetch(THERE, handle, sink, deadline=60.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert meta.digest == wire.digest
    assert peak < 4 * 1024 * 1024
