"""Bytes that can be opened again and again, with their size and digest."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from vnedoc.errors import FileError

_CHUNK = 1 << 20


@attrs.frozen(eq=False, repr=False)
class Blob:
    """Bytes in memory, in a file, or inside another file. Two blobs are equal when their digests are.

    Attributes:
        size: Number of octets.
        digest: ``sha256:`` and 64 hex digits over those octets. Given as ``None`` it is computed when it is
            asked for the first time: only for octets that cannot change.
        data: The octets when they are in memory, else ``None``.
        path: The file that holds them and nothing else, else ``None``.
        opener: Gives a new stream of the octets where they lie inside something else, such as base64 in an
            XML file, else ``None``. It can be pickled where what it reads from can.
        head: The first octets, as they were when the digest was taken; ``None`` when nobody kept them.
    """

    size: int
    _digest: str | None = attrs.field(alias="digest")
    data: bytes | None = None
    path: Path | None = None
    opener: Callable[[], BinaryIO] | None = None
    head: bytes | None = None

    @property
    def digest(self) -> str:
        if self._digest is None:
            hasher = hashlib.sha256()
            for piece in self.chunks():
                hasher.update(piece)
            object.__setattr__(self, "_digest", "sha256:" + hasher.hexdigest())
        assert self._digest is not None  # noqa: S101 - set above
        return self._digest

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Blob:
        """Keep *data* in memory."""
        octets = bytes(data)
        return cls(len(octets), None, octets)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Blob:
        """Refer to the file *path*, which is read once for its digest and must not change after.

        Raises:
            FileError: ``VND-IO-001`` when it cannot be read, or is a folder, a pipe or a device: those may
                never end and cannot be read twice.
        """
        target = Path(path)
        with open_file(target) as handle:
            try:
                hasher = hashlib.file_digest(handle, "sha256")  # type: ignore[arg-type]
                size = handle.tell()
            except OSError as error:
                raise unreadable(target, error) from error
        return cls(size, "sha256:" + hasher.hexdigest(), None, target)

    def open(self) -> BinaryIO:
        """Give a new binary stream at the first octet; the caller closes it.

        The stream does not know the digest: ``read`` and ``save`` do.

        Raises:
            FileError: ``VND-IO-001`` when the file is gone.
        """
        if self.data is not None:
            return io.BytesIO(self.data)
        if self.opener is not None:
            return self.opener()
        assert self.path is not None  # noqa: S101 - one of the three is always set by the constructors
        return open_file(self.path)

    def read(self) -> bytes:
        """Give all octets.

        Raises:
            FileError: ``VND-IO-001`` when the file is gone, ``VND-IO-003`` when it has changed.
        """
        if self.data is not None:
            return self.data
        with self.open() as handle:
            octets = handle.read()
        if self._digest is not None:
            self._expect(hashlib.sha256(octets).hexdigest())
        return octets

    def _expect(self, digest: str) -> None:
        if "sha256:" + digest != self.digest:
            raise file_changed(self.digest, self.path)

    def chunks(self, size: int = _CHUNK) -> Iterator[bytes]:
        """Give the octets piece by piece (at most *size* octets from a file), never a file whole.

        Raises:
            FileError: ``VND-IO-001`` when the file is gone.
        """
        if self.data is not None:
            yield self.data
            return
        with self.open() as handle:
            while piece := handle.read(size):
                yield piece

    def checked_chunks(self, size: int = _CHUNK) -> Iterator[bytes]:
        """Give the octets piece by piece (at most *size* octets), and hold the digest at their end.

        What is made of the pieces counts only when the last of them has been taken.

        Raises:
            FileError: ``VND-IO-001`` when they cannot be read, ``VND-IO-003`` when they have changed.
        """
        if self.data is not None:  # cannot change
            yield from (self.data[at : at + size] for at in range(0, self.size, size))
            return
        if self._digest is None:  # nor can these
            yield from self.chunks(size)
            return
        hasher, seen = hashlib.sha256(), 0
        try:
            for piece in self.chunks(size):
                hasher.update(piece)
                seen += len(piece)
                if seen > self.size:  # it may be growing for as long as we read
                    break
                yield piece
        except FileError:
            raise
        except OSError as error:
            raise unreadable(self.path or Path(), error) from error
        if seen != self.size:
            raise file_changed(self.digest, self.path)
        self._expect(hasher.hexdigest())

    def save(self, path: str | os.PathLike[str], *, replace: bool = True) -> Path:
        """Write the octets to *path* as a whole or not at all: temporary name, fsync, then the real name.

        Args:
            path: Where to; its folder must exist.
            replace: ``False`` refuses an existing file.

        Raises:
            FileError: ``VND-IO-001`` when the file that holds the octets is gone, ``VND-IO-003`` when it has
                changed, ``VND-IO-002`` when *path* cannot be written, ``VND-IO-004`` when it exists already.
        """
        with written_whole(path, replace=replace) as handle:
            for piece in self.checked_chunks():
                handle.write(piece)
        return Path(path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blob) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        where = "memory" if self.data is not None else str(self.path or "inside another file")
        return f"Blob(size={self.size}, digest={self.digest[:19]}…, {where})"


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str], *, replace: bool = True) -> Iterator[BinaryIO]:
    """Give a stream whose octets become the file *path* as a whole, or not at all.

    They go to a temporary name in the same folder, which is flushed to the disk and renamed at the end of
    the block, or taken away where the block raises.

    Args:
        path: Where to; its folder must exist.
        replace: ``False`` refuses an existing file.

    Raises:
        FileError: ``VND-IO-002`` when it cannot be written or is a device or pipe, ``VND-IO-004`` when it
            exists already.
    """
    target = Path(path)
    if not _nameable(target):
        raise _unwritable(target, OSError(errno.EINVAL, os.strerror(errno.EINVAL)))
    _require_plain(target)
    scratch = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            with scratch.open("xb") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            if replace:
                scratch.replace(target)
            else:
                os.link(scratch, target)
        finally:
            scratch.unlink(missing_ok=True)
    except FileExistsError as error:
        raise FileError(
            "VND-IO-004",
            "the file exists already",
            path=str(target),
            hint="choose another name or an empty folder; nothing is overwritten",
        ) from error
    except FileError:
        raise
    except OSError as error:
        raise _unwritable(target, error) from error


def _require_plain(target: Path) -> None:
    """Refuse a device, pipe or socket: the rename would put a file in its place, for every program."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return  # there is nothing, or whoever writes says why not
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise _unwritable(target, OSError(errno.EINVAL, "not a regular file"))


def _nameable(path: Path) -> bool:
    try:
        return bool(path.name) and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(
        "VND-IO-002",
        f"cannot write: {error.strerror or error}",
        path=str(path),
        hint="check that the folder exists, may be written and has room",
        facts={"reason": error.strerror or str(error)},
    )


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        FileError: ``VND-IO-001`` when it cannot be read, or is a folder, a pipe or a device.
    """
    try:
        _require_file(path)
        return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(path, error) from error


def _require_file(path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file")


def unreadable(path: Path, error: OSError | ValueError) -> FileError:
    """Give the typed error for a file that cannot be read."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return FileError(
        "VND-IO-001",
        f"cannot read: {reason}",
        path=str(path),
        hint="check the path and its permissions",
        facts={"reason": reason},
    )


def file_changed(expected: str, path: Path | None = None) -> FileError:
    """Give the typed error for a file that is no longer what it was when its digest was taken."""
    return FileError(
        "VND-IO-003",
        "the file has changed since it was first read",
        path=None if path is None else str(path),
        hint="copy the file to a place that nobody writes to, then start again",
        facts={"expected": expected},
    )
