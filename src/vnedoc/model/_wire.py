"""The exact bytes of a message."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from vnedoc.model._blob import Blob

EDXML_TYPE = "application/xml"
PDF_TYPE = "application/pdf"


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

    @classmethod
    def from_bytes(cls, data: bytes, content_type: str = EDXML_TYPE) -> Wire:
        """Keep *data* in memory."""
        return cls(Blob.from_bytes(data), content_type)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], content_type: str = EDXML_TYPE) -> Wire:
        """Refer to a file; raises ``FileError`` when it cannot be read."""
        return cls(Blob.from_file(path), content_type)

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
