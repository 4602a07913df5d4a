"""A message that is too large for a tree, judged without its attachments in memory.

The file is gone through once to read the message, and once more for each digest over it. Every time its
SHA-256 must be that of the ``Wire``, so that the octets that were digested are those that were decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from vnedoc.dsig import SIGNATURE_TAG
from vnedoc.edxml import CONTENT_ELEMENTS, Decoded, is_edxml, read_outline
from vnedoc.errors import FileError, LimitExceeded, VnedocError
from vnedoc.model import Blob, FileKind, Limits, Wire, unreadable
from vnedoc.workflow._source import HEAD, kind_of
from vnedoc.xml import Streamed, XmlDocument, cuts_with_markup, looks_like_xml


@attrs.frozen
class LargeMessage:
    """An edXML message whose attachments are in its file.

    Attributes:
        wire: The message.
        document: The message without the base64 of its attachments. In a ``Signature`` nothing is missing.
        outcome: What it says, or why it cannot be read.
    """

    wire: Wire
    document: XmlDocument
    outcome: Decoded | VnedocError

    def decoded(self) -> Decoded:
        """Give the message.

        Raises:
            DecodeError: It cannot be read.
            LimitExceeded: Something in it is larger than the limits allow.
        """
        if isinstance(self.outcome, VnedocError):
            raise self.outcome
        return self.outcome

    def pieces(self) -> Iterator[bytes]:
        """Give the octets of the file piece by piece.

        Raises:
            FileError: ``VND-IO-003``, at the end, when they are not those of the ``Wire``; ``VND-IO-001``
                when they cannot be read.
        """
        return self.wire.blob.checked_chunks()


def read_large(wire: Wire, limits: Limits) -> LargeMessage | None:
    """Read a message that is larger than ``tree_bytes``; ``None`` when it is not, or begins as no edXML.

    Raises:
        DecodeError: It is not well-formed.
        LimitExceeded: ``VND-XML-010``: it is too large even so, or no edXML after all.
        FileError: ``VND-IO-001`` it cannot be read, ``VND-IO-003`` it is not what the ``Wire`` says.
    """
    if wire.size <= limits.tree_bytes:
        return None
    head = _head(wire.blob)
    if not looks_like_xml(head) or kind_of(head) is not FileKind.EDXML:
        return None
    try:
        document, outcome = read_outline(wire, limits, _must_stay)
    except FileError:
        raise
    except VnedocError:
        for (
            _
        ) in wire.blob.checked_chunks():  # what is wrong with it counts only where the file is still the same
            pass
        raise
    if not is_edxml(document):
        raise LimitExceeded.of("VND-XML-010", "tree_bytes", limits.tree_bytes, wire.size)
    return LargeMessage(wire, document, outcome)


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
