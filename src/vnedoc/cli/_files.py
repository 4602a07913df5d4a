"""Writing several files, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vnedoc.errors import FileError
from vnedoc.model import Blob


def write_new(folder: Path, parts: Mapping[str, Blob]) -> list[Path]:
    """Write *parts* into *folder*, which is made if need be. No file there is replaced.

    Raises:
        FileError: ``VND-IO-004`` when a name exists, ``VND-IO-002`` when writing fails; what this call had
            written is taken away again.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            "VND-IO-002",
            f"cannot make the folder: {error.strerror or error}",
            path=str(folder),
            hint="check the path and its permissions",
            facts={"reason": error.strerror or str(error)},
        ) from error
    written: list[Path] = []
    try:
        for name, blob in parts.items():
            written.append(blob.save(folder / name, replace=False))
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written
