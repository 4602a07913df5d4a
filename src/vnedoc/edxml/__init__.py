"""edXML, the national packet format: bytes to message and back (QCVN 102:2016/BTTTT).

The codec knows no keys and never looks inside a signature. Reading is by namespace and local name, in any
order; writing is byte for byte what the national axis writes. What is not known survives a round trip.
"""

from vnedoc.edxml._codec import EdXmlCodec
from vnedoc.edxml._files import safe_name, sniff_type
from vnedoc.edxml._json import envelope_from_json, envelope_schema, envelope_to_json, message_to_dict
from vnedoc.edxml._read import Decoded, decode_document, extract, is_edxml
from vnedoc.edxml._rules import check

SIGNATURE_PARENT: tuple[str, ...] = ("edXML", "edXMLEnvelope", "edXMLHeader")
"""Where the seal goes: it becomes the last child of this element."""

__all__ = [
    "SIGNATURE_PARENT",
    "Decoded",
    "EdXmlCodec",
    "check",
    "decode_document",
    "envelope_from_json",
    "envelope_schema",
    "envelope_to_json",
    "extract",
    "is_edxml",
    "message_to_dict",
    "safe_name",
    "sniff_type",
]
