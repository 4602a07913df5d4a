"""The exact bytes of a message."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from vnedoc.model._blob import Blob
from vnedoc.model._shape import check_shape

EDXML_TYPE = "application/xml"
PDF_TYPE = "application/pdf"

_PDF_HEADER = b"%PDF-"


@attrs.frozen
class Wire:
    """The bytes that were signed, stored, sent or received. They are never serialised again.

    An ``Envelope`` is only a view of a ``Wire``; whatever is decided is decided on these bytes.

    Attributes:
        blob: The octets with their size and SHA-256.
        content_type: Media type, ``application/xml`` for edXML and ``application/pdf`` for PDF.
    """

    blob: Blob
    content_type: str = EDXML_TYPE

    __attrs_post_init__ = check_shape

    @classmethod
    def from_bytes(cls, data: bytes, content_type: str | None = None) -> Wire:
        """Keep *data* in memory; without *content_type* the first octets tell a PDF from edXML."""
        return cls(Blob.from_bytes(data), content_type or _type_by(data))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], content_type: str | None = None) -> Wire:
        """Refer to a file; without *content_type* its first octets tell a PDF from edXML.

        Raises:
            FileError: ``VND-IO-001`` when it cannot be read.
        """
        blob = Blob.from_file(path)
        if content_type is None:
            with blob.open() as handle:
                content_type = _type_by(handle.read(len(_PDF_HEADER)))
        return cls(blob, content_type)

    @property
    def size(self) -> int:
        """Number of octets."""
        return self.blob.size

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hex digits."""
        return self.blob.digest

    def read(self) -> bytes:
        """Give all octets; raises ``FileError`` when a file is gone or has changed."""
        return self.blob.read()

    def save(self, path: str | os.PathLike[str], *, replace: bool = True) -> Path:
        """Write the octets to *path* as a whole or not at all; see ``Blob.save``."""
        return self.blob.save(path, replace=replace)


def _type_by(head: bytes) -> str:
    return PDF_TYPE if bytes(head[: len(_PDF_HEADER)]) == _PDF_HEADER else EDXML_TYPE
