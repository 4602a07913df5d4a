"""A message with large attachments, judged without a tree of them.

The file is gone through once to read the message, and once more for each digest over it. A file on a disk is
watched meanwhile, see ``SteadyFile``: the octets that were digested are those that were decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from vnedoc.dsig import SIGNATURE_TAG
from vnedoc.edxml import CONTENT_ELEMENTS, Decoded, is_edxml, read_outline
from vnedoc.errors import FileError, LimitExceeded, VnedocError
from vnedoc.model import Blob, FileKind, Limits, Wire, unreadable
from vnedoc.workflow._source import HEAD, is_judged, kind_of
from vnedoc.workflow._steady import SteadyFile
from vnedoc.xml import NotBase64, Streamed, XmlDocument, cuts_with_markup, looks_like_xml

_PIECE = 1 << 20  # octets


@attrs.frozen
class LargeMessage:
    """An edXML message whose attachments are in its file.

    Attributes:
        blob: The octets of the message.
        watch: Tells whether a file on a disk changes; ``None`` for octets in memory.
        streamed: What was read: the message without the base64 of its attachments. In a ``Signature``
            nothing is missing.
        outcome: What it says, or why it cannot be read.
    """

    blob: Blob
    watch: SteadyFile | None
    streamed: Streamed
    outcome: Decoded | VnedocError

    @property
    def document(self) -> XmlDocument:
        """The message without the base64 of its attachments."""
        return self.streamed.document

    def decoded(self) -> Decoded:
        """Give the message.

        Raises:
            DecodeError: It cannot be read.
            LimitExceeded: Something in it is larger than the limits allow.
        """
        if isinstance(self.outcome, VnedocError):
            raise self.outcome
        return self.outcome

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Give the octets of the file piece by piece.

        Raises:
            FileError: ``VND-IO-003``, at the end, when they are not those that were read; ``VND-IO-001``
                when they cannot be read.
        """
        if self.watch is not None:
            return self.watch.pieces()
        octets = memoryview(self.blob.data or b"")
        return (octets[at : at + _PIECE] for at in range(0, len(octets), _PIECE))


def read_large(
    wire: Wire, limits: Limits, *, digest: bool = False, contents: bool = True
) -> LargeMessage | None:
    """Read a message without its attachments; ``None`` when it begins as no edXML, or a tree does as well.

    Args:
        wire: The message. Where its digest is empty it is not known, and what is read is taken as it is.
        limits: Bounds on what is read.
        digest: Take the digest of the file.
        contents: Take the digest of each attachment, for those who read them later; ``False``: only of those
            that are themselves judged.

    Raises:
        DecodeError: It is not well-formed.
        LimitExceeded: ``VND-XML-010``: it is too large even so, or no edXML after all.
        FileError: ``VND-IO-001`` it cannot be read, ``VND-IO-003`` it is not what the ``Wire`` says.
    """
    head = _head(wire.blob)
    if not looks_like_xml(head) or kind_of(head) is not FileKind.EDXML:
        return None
    watch = None if wire.blob.data is not None else SteadyFile(wire.blob)
    try:
        streamed, outcome = read_outline(
            wire,
            limits,
            _must_stay,
            digest=digest,
            hashed=None if contents else is_judged,
            through=None if watch is None else watch.open,
            plain=wire.size <= limits.tree_bytes,
        )
    except FileError:
        raise
    except NotBase64:
        return None
    except VnedocError:
        if watch is not None and wire.digest:
            _require_same(wire.blob)
        raise
    if not is_edxml(streamed.document):
        raise LimitExceeded.of("VND-XML-010", "tree_bytes", limits.tree_bytes, wire.size)
    return LargeMessage(wire.blob, watch, streamed, outcome)


def _require_same(blob: Blob) -> None:
    """What is wrong with a file counts only where it is still the same."""
    for _ in blob.checked_chunks():
        pass


def _head(blob: Blob) -> bytes:
    with blob.open() as handle:
        try:
            return handle.read(HEAD)
        except OSError as error:
            raise unreadable(blob.path or Path(), error) from error


def _must_stay(streamed: Streamed) -> frozenset[int]:
    """Give the texts that are to be in the tree: those that are not plain base64, and those in signatures."""
    document = streamed.document
    contents = document.root.iter(*(f"{{*}}{name}" for name in CONTENT_ELEMENTS))
    inside = (
        one.text for one in contents if one.text and next(one.iterancestors(SIGNATURE_TAG), None) is not None
    )
    return cuts_with_markup(document) | streamed.cuts_in(inside)
