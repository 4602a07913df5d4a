"""A file that is read several times, and refused when two readings saw different octets."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vnedoc.errors import FileError
from vnedoc.model import Blob, file_changed, unreadable

_PIECE = 3 << 15  # octets; larger ones get new memory from the system each time, and leave the cache


class SteadyFile:
    """Octets that several passes go over: the first one says what they are, later ones must see the same.

    The passes are compared by a message authentication code (GMAC) under a key that never leaves this
    object. Whoever changes the file meanwhile does not know the key and cannot make the codes agree; and it
    costs a tenth of one more SHA-256.

    Args:
        blob: The octets. Its size and digest are not looked at, so they need not be known.
    """

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._key, self._nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        self._first = (0, b"")

    def open(self) -> BinaryIO:
        """Give a stream whose last reading from the first octet to the end is the first pass."""
        return cast("BinaryIO", _Watched(self, self._blob.open()))

    def pieces(self) -> Iterator[bytes]:
        """Give the octets of a later pass, piece by piece.

        Raises:
            FileError: ``VND-IO-003``, at the end, when they are not those of the first pass; ``VND-IO-001``
                when they cannot be read.
        """
        code = self.code()
        try:
            for piece in self._blob.chunks(_PIECE):
                code.update(piece)
                if code.size > self._first[0]:  # it may be growing for as long as we read
                    break
                yield piece
        except FileError:
            raise
        except OSError as error:
            raise unreadable(self._blob.path or Path(), error) from error
        if code.value() != self._first:
            raise file_changed(self._blob.digest, self._blob.path)

    def code(self) -> _Code:
        """Begin the code of one pass."""
        return _Code(self._key, self._nonce)

    def take(self, code: _Code) -> None:
        """Take the code of the first pass."""
        self._first = code.value()


class _Code:
    def __init__(self, key: bytes, nonce: bytes) -> None:
        self._encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
        self.size = 0

    def update(self, octets: bytes) -> None:
        self._encryptor.authenticate_additional_data(octets)
        self.size += len(octets)

    def value(self) -> tuple[int, bytes]:
        self._encryptor.finalize()
        return self.size, self._encryptor.tag


class _Watched(io.BufferedIOBase):
    """The stream of the first pass. Whoever goes back to its start begins anew."""

    def __init__(self, file: SteadyFile, handle: BinaryIO) -> None:
        super().__init__()
        self._file, self._handle = file, handle
        self._code = file.code()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        octets = self._handle.read(-1 if size is None else size)
        if octets:
            self._code.update(octets)
        return octets

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._code = self._file.code()
        return self._handle.seek(offset, whence)

    def tell(self) -> int:
        return self._handle.tell()

    def close(self) -> None:
        if not self.closed:
            self._file.take(self._code)
            self._handle.close()
        super().close()
