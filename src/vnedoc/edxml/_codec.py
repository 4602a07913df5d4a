"""The codec: one object with both directions, for every dialect."""

from __future__ import annotations

import attrs

from vnedoc.edxml._read import Decoded, decode_document
from vnedoc.edxml._spaces import looks_like_mime
from vnedoc.edxml._wire import DEFAULT, Dialect, dialect
from vnedoc.edxml._write import encode_message
from vnedoc.errors import ConfigError, DecodeError, LimitExceeded
from vnedoc.model import Envelope, Limits, StatusMessage, Wire
from vnedoc.xml import XmlDocument, looks_like_xml, parse

MODES = ("strict", "lenient")
STREAMED_FROM = 1 << 20
"""Messages above this size are read in one pass that leaves their attachments in the file, octets."""


def _mode(_codec: EdXmlCodec, _attribute: object, value: str) -> None:
    if value not in MODES:
        raise ConfigError(
            "VND-EDX-018",
            f"there is no mode {value!r}",
            hint="use strict or lenient",
            facts={"seen": str(value)[:80], "known": list(MODES)},
        )


def _known(_codec: EdXmlCodec, _attribute: object, value: str) -> None:
    dialect(value)


@attrs.frozen
class EdXmlCodec:
    """Bytes to message and back; implements ``vnedoc.protocols.Codec``.

    Attributes:
        limits: Bounds on what is read.
        mode: ``strict`` reads what is well formed, in any dialect. ``lenient`` also mends what is not: junk
            before the XML declaration, unbound prefixes, another root name or namespace, spellings that
            differ by case, other forms of dates. Every repair is a finding.
        dialect: Name of the dialect that is written; any is read.
    """

    limits: Limits = attrs.field(factory=Limits)
    mode: str = attrs.field(default="strict", validator=_mode)
    dialect: str = attrs.field(default=DEFAULT, validator=_known)

    def decode(self, wire: Wire) -> Decoded:
        """Read a message. Nothing is verified.

        Of a message above 1 MiB the contents of the attachments stay where they are, and are read from the
        file of *wire* when they are opened: it must stay, see ``read_file``.

        Raises:
            DecodeError: Not XML (codes of ``vnedoc.xml``) or no edXML message (``VND-EDX-001`` ff.).
            LimitExceeded: Something is larger than ``limits`` allow.
            FileError: The file is gone or has changed.
        """
        return self.open(wire)[0]

    def open(self, wire: Wire) -> tuple[Decoded, XmlDocument | None]:
        """Read a message, and give the document that it was read from too, for ``locate``.

        Args:
            wire: The message.

        Returns:
            The message, and the tree that was read, less large contents; of the form of 2014 the SOAP part,
            or ``None`` where it is in a transfer encoding.

        Raises:
            DecodeError: As ``decode``.
            LimitExceeded: As ``decode``.
            FileError: As ``decode``.
        """
        lenient = self.mode == "lenient"
        if wire.size > min(STREAMED_FROM, self.limits.tree_bytes):
            from vnedoc.edxml._stream import open_large

            opened = open_large(wire, self.limits, lenient=lenient)
            if opened is not None:
                return opened
        if wire.size > self.limits.tree_bytes:
            raise LimitExceeded.of("VND-EDX-015", "tree_bytes", self.limits.tree_bytes, wire.size)
        data = wire.read()
        if not looks_like_xml(data):
            if looks_like_mime(data):
                from vnedoc.edxml._mime import read_mime

                return read_mime(data, self.limits, lenient=lenient)
            if not (lenient and b"<?xml" in data[:4096]):
                raise _no_message()
        document = parse(data, self.limits, repair=lenient)
        return decode_document(document, self.limits, lenient=lenient), document

    def detect(self, wire: Wire) -> Dialect:
        """Name the dialect of a message.

        Raises:
            DecodeError: It is no edXML message.
            LimitExceeded: Something is larger than ``limits`` allow.
        """
        return dialect(self.decode(wire).dialect)

    def encode(self, message: Envelope | StatusMessage) -> Wire:
        """Write a message, unsigned; the same message always gives the same bytes.

        The rules are not checked here, see ``check``. Attachments are written raw unless they hold the
        bytes of a transport zip (``packed``), and ContentType is filled in where it is absent.

        Raises:
            RuleError: ``VND-EDX-030`` to ``033``: it cannot be written without losing something.
        """
        data = encode_message(message, self.dialect)
        return Wire.from_bytes(data, dialect(self.dialect).content_type)


def _no_message() -> DecodeError:
    return DecodeError(
        "VND-EDX-001",
        "this is neither XML nor a multipart message, so it is no edXML message",
        hint="give a file whose root element is edXML",
        facts={"root": "", "namespace": ""},
    )
