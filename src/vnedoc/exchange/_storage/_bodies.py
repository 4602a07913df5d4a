"""Bodies: small ones stand in their row, large ones in a folder under their digest."""

from __future__ import annotations

import hashlib
import io
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from vnedoc.errors import FileError, LimitExceeded
from vnedoc.model import Blob

_INLINE = 32 * 1024  # octets up to which a body stands in its row
_PART = ".part"
_STALE = 36 * 3600.0  # an unfinished file that old belongs to a process that died


class Spool(io.RawIOBase):
    """Takes a body of any size: small ones in memory, others in a file that becomes durable at ``finish``."""

    def __init__(self, folder: Path, limit: int | None) -> None:
        super().__init__()
        self._folder = folder
        self._limit = limit
        self._hasher = hashlib.sha256()
        self._size = 0
        self._head = bytearray()
        self._file: BinaryIO | None = None
        self._part = folder / "tmp" / f"{uuid.uuid4().hex}{_PART}"

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: object) -> int:
        """Take octets.

        Raises:
            LimitExceeded: ``VND-EXC-021`` when the body grows beyond the limit.
            FileError: ``VND-IO-002`` when the disk is full or fails.
        """
        piece = memoryview(cast(bytes, data)).cast("B")
        self._size += len(piece)
        if self._limit is not None and self._size > self._limit:
            raise LimitExceeded.of("VND-EXC-021", "file_bytes", self._limit, None)
        self._hasher.update(piece)
        with _written(self._part):
            if self._file is None and self._size <= _INLINE:
                self._head += piece
            else:
                self._overflow().write(piece)
        return len(piece)

    def _overflow(self) -> BinaryIO:
        if self._file is None:
            _make_folder(self._part.parent)
            self._file = self._part.open("xb")
            self._file.write(self._head)
            self._head.clear()
        return self._file

    @property
    def digest(self) -> str:
        """``sha256:`` and hex of what came so far."""
        return "sha256:" + self._hasher.hexdigest()

    def finish(self) -> Blob:
        """Give the body; a large one is on the disk under its digest from here on.

        Raises:
            FileError: ``VND-IO-002``; nothing is left under the digest.
        """
        digest = self._hasher.hexdigest()
        if self._file is None:
            return Blob(self._size, "sha256:" + digest, bytes(self._head))
        target = body_path(self._folder, digest)
        with _written(target):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _make_folder(target.parent)
            self._part.replace(target)
            _sync(target.parent)
        return Blob(self._size, "sha256:" + digest, None, target)

    def close(self) -> None:
        """Drop what was not finished."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._part.unlink()
        super().close()


def body_path(folder: Path, digest: str) -> Path:
    """Give where the body with these hex digits stands."""
    return folder / digest[:2] / digest


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(
            "VND-IO-002",
            f"a body cannot be stored: {reason}",
            path=str(path),
            hint="check free space and permissions; nothing was changed",
            facts={"reason": reason},
        ) from error


def _make_folder(folder: Path) -> None:
    for one in (folder.parent, folder):
        if not one.is_dir():
            with suppress(FileExistsError):
                one.mkdir()
            _sync(one.parent)


def _sync(folder: Path) -> None:
    if os.name == "nt":  # no such call, and none is needed
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what processes that died left unfinished."""
    oldest = time.time() - _STALE
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_PART) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                Path(entry.path).unlink()
