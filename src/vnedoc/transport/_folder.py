"""A folder, local or shared, as the meeting place.

``ROOT/<encoded OrganId>/new/<encoded key>.edxml`` holds what waits for an organisation, ``tmp/`` what is
being written, ``done/`` what was taken and ``refused/`` what never will be. A message stands under its final
name only when it is whole and on the disk: it is written under another name in the same file system, synced,
renamed, and the folder is synced.
"""

from __future__ import annotations

import errno
import hashlib
import heapq
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from vnedoc.errors import (
    AmbiguousError,
    FactValue,
    PermanentError,
    RouteError,
    SecurityError,
    TransientError,
    TransportError,
    VnedocError,
)
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
from vnedoc.transport._memory import foreign_cursor, gone
from vnedoc.transport._names import encode_name, is_encoded, parcel_name

_NEW, _TMP, _DONE, _REFUSED = "new", "tmp", "done", "refused"
_SUFFIX = ".edxml"
_PART = ".part"
_CHUNK = 1 << 18
_STALE = 36 * 3600.0  # an unfinished file that old belongs to a writer that died (the Maildir rule)
_ROUTE_ERRORS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.ELOOP}
# A FIFO would block an open, a link would lead out of the folder: neither is followed.
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class FolderTransport:
    """Carries parcels through a folder that exists; the folders of organisations are made when needed."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    @property
    def capabilities(self) -> Capabilities:
        """Sending twice has one effect, because the key is the name."""
        return Capabilities(idempotent_send=True)

    def close(self) -> None:
        """Do nothing: no file stays open between calls."""

    def folder(self, recipient: OrganId) -> Path:
        """Give the folder of one organisation; it need not exist."""
        return self.root / encode_name(recipient.value)

    # --- sending ----------------------------------------------------------------------------------

    def send(self, parcel: Parcel, *, deadline: float) -> SendResult:
        """Write the message durably into the recipient's ``new`` folder.

        Raises:
            SecurityError: ``VND-TRN-010`` when the file that is there was altered, ``VND-TRN-013`` when the
                bytes are not those of the parcel's digest.
            RouteError: ``VND-TRN-001`` when the root is missing or may not be written.
            TransientError: ``VND-TRN-002`` when the disk is full or the share is away, ``VND-TRN-003`` when
                the deadline passed; nothing is left under the final name.
            AmbiguousError: ``VND-TRN-004`` when it is not known whether the rename is on the disk.
        """
        until = time.monotonic() + deadline
        home = self.folder(parcel.recipient)
        name = encode_name(parcel_name(parcel)) + _SUFFIX
        with _typed(self.root):
            self._require_root()
            for part in (_TMP, _NEW):
                _make_folder(home / part)
            duplicate = self._present(home, name, parcel)
        if not duplicate:
            with _typed(home / _TMP):
                temporary = home / _TMP / f"{uuid.uuid4().hex}{_PART}"
                try:
                    _write(temporary, parcel, until)
                    temporary.replace(home / _NEW / name)
                finally:
                    # After the rename there is nothing left to remove.
                    with suppress(OSError):
                        temporary.unlink()
        try:
            sync_folder(home / _NEW)
        except OSError as error:
            raise AmbiguousError(
                "VND-TRN-004",
                f"the folder could not be synced: {error.strerror}",
                path=str(home / _NEW),
                hint="send it again; the name keeps it from being taken twice",
                facts={"reason": error.strerror or ""},
            ) from error
        return SendResult(custody=Custody.HUB, remote_id=name, duplicate=duplicate)

    def _require_root(self) -> None:
        # Never made here: a share that is not mounted must not become a local folder.
        if not self.root.is_dir():
            raise RouteError(
                "VND-TRN-001",
                "the exchange folder is missing",
                path=str(self.root),
                hint="create it, or mount the share",
                facts={"folder": str(self.root), "reason": "missing"},
            )

    def _present(self, home: Path, name: str, parcel: Parcel) -> bool:
        for part in (_NEW, _DONE, _REFUSED):
            try:
                with _open_regular(home / part / name) as handle:
                    seen = "sha256:" + hashlib.file_digest(handle, "sha256").hexdigest()
            except FileNotFoundError:
                continue
            if seen != parcel.wire.digest:
                raise SecurityError(
                    "VND-TRN-010",
                    "the file in the exchange folder was altered",
                    path=str(home / part / name),
                    hint="look who can write there, take the altered file away, then send again",
                    facts={"expected": parcel.wire.digest, "seen": seen},
                )
            return True
        return False

    # --- receiving --------------------------------------------------------------------------------

    def poll(
        self,
        recipient: OrganId,
        *,
        cursor: bytes | None,
        limit: int,
        deadline: float,  # noqa: ARG002 - one listing of a folder
    ) -> PollPage:
        """List whole messages that wait for *recipient*, oldest first.

        What is no regular file, has a second link or a foreign name is passed over.

        Raises:
            RouteError: ``VND-TRN-001`` when the root is missing or may not be read.
            PermanentError: ``VND-TRN-011`` when *cursor* is not one that ``poll`` gave.
        """
        after = _place(cursor)
        home = self.folder(recipient)
        with _typed(home):
            self._require_root()
            _sweep(home / _TMP)
            found = heapq.nsmallest(limit, (one for one in _waiting(home / _NEW) if one > after))
        more = f"{found[-1][0]}/{found[-1][1]}".encode() if len(found) == limit and found else None
        return PollPage(tuple(RemoteHandle(name) for _, name in found), more)

    def fetch(
        self, recipient: OrganId, handle: RemoteHandle, sink: BinaryIO, *, deadline: float
    ) -> InboundMeta:
        """Stream one message into *sink*.

        Raises:
            TransientError: ``VND-TRN-012`` when it is not there, ``VND-TRN-002``, ``VND-TRN-003``.
            SecurityError: ``VND-TRN-014`` when it is a link, a pipe or anything but one whole file.
            RouteError: ``VND-TRN-001`` when it may not be read.
        """
        until = time.monotonic() + deadline
        path = self.folder(recipient) / _NEW / _name_of(handle)
        hasher, size = hashlib.sha256(), 0
        with _typed(path):
            try:
                source = _open_regular(path)
            except FileNotFoundError as error:
                raise gone(handle) from error
            with source:
                while piece := source.read(_CHUNK):
                    _in_time(until)
                    hasher.update(piece)
                    size += len(piece)
                    sink.write(piece)
        return InboundMeta(size=size, digest="sha256:" + hasher.hexdigest(), remote_id=handle.id)

    def settle(
        self,
        recipient: OrganId,
        handle: RemoteHandle,
        settlement: Settlement,
        *,
        deadline: float,  # noqa: ARG002 - one rename
    ) -> None:
        """Move the message to ``done`` or ``refused``; a released one stays. May be said twice.

        Raises:
            RouteError: ``VND-TRN-001`` when the folder may not be written.
            TransientError: ``VND-TRN-002``.
        """
        if settlement is Settlement.RELEASED:
            return
        home = self.folder(recipient)
        name = _name_of(handle)
        target = home / (_DONE if settlement is Settlement.ACCEPTED else _REFUSED)
        with _typed(home):
            if not (home / _NEW / name).exists():
                return
            _make_folder(target)
            with suppress(FileNotFoundError):  # another worker was faster
                (home / _NEW / name).replace(target / name)
            sync_folder(target)
            sync_folder(home / _NEW)


def sync_folder(folder: Path) -> None:
    """Put the entries of *folder* on the disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make *folder* and its parent, durably, when they are not there; the root is never made."""
    for one in (folder.parent, folder):
        if not one.is_dir():
            with suppress(FileExistsError):
                one.mkdir()
            sync_folder(one.parent)


def _write(target: Path, parcel: Parcel, until: float) -> None:
    hasher = hashlib.sha256()
    with target.open("xb") as handle:
        for piece in parcel.wire.blob.chunks(_CHUNK):
            _in_time(until)
            hasher.update(piece)
            handle.write(piece)
        handle.flush()
        os.fsync(handle.fileno())
    if "sha256:" + hasher.hexdigest() != parcel.wire.digest:
        raise SecurityError(
            "VND-TRN-013",
            "the bytes to send are not those that were enqueued",
            path=parcel.document_id,
            hint="restore the stored body; nothing was sent",
            facts={"expected": parcel.wire.digest, "seen": "sha256:" + hasher.hexdigest()},
        )


def _in_time(until: float) -> None:
    if time.monotonic() > until:
        raise TransientError("VND-TRN-003", "the deadline passed", hint="give it more time")


def _waiting(folder: Path) -> Iterator[tuple[int, str]]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if not entry.name.endswith(_SUFFIX) or not is_encoded(entry.name.removesuffix(_SUFFIX)):
                continue
            try:
                seen = os.lstat(entry.path)  # DirEntry.stat does not count links on Windows
            except FileNotFoundError:
                continue
            if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1:
                yield seen.st_mtime_ns, entry.name


def _sweep(folder: Path) -> None:
    """Remove what dead writers left."""
    oldest = time.time() - _STALE
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_PART) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                Path(entry.path).unlink()


def _place(cursor: bytes | None) -> tuple[int, str]:
    if cursor is None:
        return (-1, "")
    time_ns, slash, name = cursor.decode("ascii", "replace").partition("/")
    if not slash or not time_ns.isdigit():
        raise foreign_cursor(cursor)
    return int(time_ns), name


def _name_of(handle: RemoteHandle) -> str:
    name = handle.id.removesuffix(_SUFFIX)
    if name == handle.id or not is_encoded(name):
        raise PermanentError(
            "VND-TRN-015",
            "this is not the name of a message in a folder",
            path=handle.id,
            hint="use the handles that poll gives",
            facts={"handle": handle.id},
        )
    return handle.id


def _open_regular(path: Path) -> BufferedReader:
    """Open *path* once and make sure that what was opened is one whole file of its own."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _unsafe(path, "link") from error
        raise
    seen = os.fstat(descriptor)
    if not stat.S_ISREG(seen.st_mode) or seen.st_nlink != 1:
        os.close(descriptor)
        raise _unsafe(path, "links" if stat.S_ISREG(seen.st_mode) else "kind")
    return os.fdopen(descriptor, "rb")


def _unsafe(path: Path, what: str) -> SecurityError:
    return SecurityError(
        "VND-TRN-014",
        "this is not a plain file of its own",
        path=str(path),
        hint="remove it from the exchange folder and find out who put it there",
        facts={"file": path.name, "what": what},
    )


def _judged(path: Path, error: OSError) -> TransportError:
    """Give the transport error for a failure before anything stood under a final name."""
    reason = error.strerror or str(error)
    facts: dict[str, FactValue] = {"folder": str(path), "reason": reason}
    if error.errno in _ROUTE_ERRORS:
        return RouteError(
            "VND-TRN-001",
            f"the exchange folder cannot be used: {reason}",
            path=str(path),
            hint="check that it is there and who may write to it",
            facts=facts,
        )
    return TransientError(
        "VND-TRN-002",
        f"the exchange folder did not work: {reason}",
        path=str(path),
        hint="free space or bring the share back; it will be tried again",
        facts=facts,
    )


@contextmanager
def _typed(path: Path) -> Iterator[None]:
    try:
        yield
    except VnedocError:  # also what the sink or the parcel's own file has to say
        raise
    except OSError as error:
        raise _judged(path, error) from error
