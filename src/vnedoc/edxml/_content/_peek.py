"""The two ends of a file, and a search in it: enough to judge a file of any size without holding it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import attrs

from vnedoc.model import Blob

HEAD = 4096
"""Octets looked at from the start."""
TAIL = 22 + 0xFFFF
"""Octets looked at from the end: the end record of a zip with the longest comment."""
_PIECE = 1 << 16
_WALKED = 32 * 1024 * 1024


@attrs.frozen
class Ends:
    """Both ends of a file.

    Attributes:
        size: Number of octets of the file.
        head: Its first octets, at most ``HEAD``.
        tail: Its last octets, at most ``TAIL``; ``None`` when only a long read would have shown them.
    """

    size: int
    head: bytes
    tail: bytes | None = None


def ends_of(blob: Blob) -> Ends:
    """Look at both ends of *blob*.

    The end of a file that can only be read forward is looked at when the file is no larger than 32 MiB.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    with blob.open() as handle:
        # What decides comes from the pass that took the digest, not from a later look at the file.
        head = handle.read(HEAD) if blob.head is None else blob.head
        if handle.seekable():
            handle.seek(max(0, blob.size - TAIL))
            tail = handle.read(TAIL)
        elif blob.size > _WALKED:
            return Ends(blob.size, head)
        else:
            kept = Tail(TAIL)
            if blob.head is None:
                kept.add(head)
            while piece := handle.read(_PIECE):
                kept.add(piece)
            tail = kept.octets()
    return Ends(blob.size, head, tail)


class Tail:
    """Keeps the last octets of what is fed to it, at a cost that does not depend on the size of pieces."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.total = 0
        self._kept = bytearray()

    def add(self, piece: bytes) -> None:
        """Take the next octets."""
        self.total += len(piece)
        self._kept += piece[-self.size :]
        if len(self._kept) > 2 * self.size + _PIECE:
            del self._kept[: -self.size]

    def octets(self) -> bytes:
        """Give the last octets, at most ``size``."""
        return bytes(self._kept[-self.size :])


def first_pieces(blob: Blob, most: int) -> Iterator[bytes]:
    """Give the first *most* octets of *blob* in pieces.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    with blob.open() as handle:
        left = most
        while left and (piece := handle.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


def find(blob: Blob, needle: bytes, most: int = _WALKED) -> int:
    """Give the offset of *needle* in the first *most* octets of *blob*, -1 where it is not.

    Raises:
        FileError: The file that holds the octets is gone or has changed.
    """
    before, at = b"", 0
    for piece in first_pieces(blob, most):
        window = before + piece
        place = window.find(needle)
        if place >= 0:
            return at + place
        before = window[max(0, len(window) - len(needle) + 1) :]
        at += len(window) - len(before)
    return -1


def skip(handle: BinaryIO, count: int) -> None:
    """Move forward by *count* octets in a stream that stands at its start."""
    if handle.seekable():
        handle.seek(count)
        return
    while count and (piece := handle.read(min(count, _PIECE))):
        count -= len(piece)
