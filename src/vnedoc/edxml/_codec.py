"""The codec of QCVN 102:2016/BTTTT: one object with both directions."""

from __future__ import annotations

import attrs

from vnedoc.edxml._read import Decoded, decode_document
from vnedoc.edxml._write import encode_message
from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Envelope, Limits, StatusMessage, Wire
from vnedoc.xml import looks_like_xml, parse


@attrs.frozen
class EdXmlCodec:
    """Bytes to message and back; implements ``vnedoc.protocols.Codec``.

    Attributes:
        limits: Bounds on what is read.
    """

    limits: Limits = attrs.field(factory=Limits)

    def decode(self, wire: Wire) -> Decoded:
        """Read a message. Nothing is verified.

        Raises:
            DecodeError: Not XML (codes of ``vnedoc.xml``) or no edXML message (``VND-EDX-001`` ff.).
            LimitExceeded: Something is larger than ``limits`` allow.
        """
        if wire.size > self.limits.tree_bytes:
            raise LimitExceeded.of("VND-EDX-015", "tree_bytes", self.limits.tree_bytes, wire.size)
        data = wire.read()
        if not looks_like_xml(data):
            raise DecodeError(
                "VND-EDX-001",
                "this is not XML, so it is no edXML message",
                hint="give a file whose root element is edXML",
                facts={"root": "", "namespace": ""},
            )
        return decode_document(parse(data, self.limits), self.limits)

    def encode(self, message: Envelope | StatusMessage) -> Wire:
        """Write a message, unsigned; the same message always gives the same bytes.

        The rules are not checked here, see ``check``. Attachments are written raw unless they hold the
        bytes of a transport zip (``packed``), and ContentType is filled in where it is absent.

        Raises:
            RuleError: ``VND-EDX-030`` to ``032``: it cannot be written without losing something.
        """
        return Wire.from_bytes(encode_message(message))
