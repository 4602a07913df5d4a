"""edXML, the national packet format: bytes to message and back (QCVN 102:2016/BTTTT).

The codec knows no keys and never looks inside a signature. Reading is by namespace and local name, in any
order; writing is byte for byte what the national axis writes. What is not known survives a round trip.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vnedoc.edxml._spaces import is_edxml, looks_like_mime

if TYPE_CHECKING:
    from vnedoc.edxml._codec import EdXmlCodec
    from vnedoc.edxml._content import content_findings, safe_name, sniff_type
    from vnedoc.edxml._convert import Converted, convert, detect
    from vnedoc.edxml._file_writer import Draft, Written, write_file
    from vnedoc.edxml._json import envelope_schema, from_json, message_to_dict, to_json
    from vnedoc.edxml._read import Decoded, decode_document, extract
    from vnedoc.edxml._rules import Rule, agree, check, did_you_mean, locate, rules, rules_to_json
    from vnedoc.edxml._schemas import relaxng
    from vnedoc.edxml._stream import OpenedFile, read_file, read_outline
    from vnedoc.edxml._wire import DIALECTS, Dialect, dialect

SIGNATURE_PARENT: tuple[str, ...] = ("edXML", "edXMLEnvelope", "edXMLHeader")
"""Where the seal goes: it becomes the last child of this element."""

CONTENT_ELEMENTS: frozenset[str] = frozenset({"ContentTransferEncoded"})
"""Local names of the elements whose text is base64, of any length."""

__all__ = [
    "CONTENT_ELEMENTS",
    "DIALECTS",
    "SIGNATURE_PARENT",
    "Converted",
    "Decoded",
    "Dialect",
    "Draft",
    "EdXmlCodec",
    "OpenedFile",
    "Rule",
    "Written",
    "agree",
    "check",
    "content_findings",
    "convert",
    "decode_document",
    "detect",
    "dialect",
    "did_you_mean",
    "envelope_schema",
    "extract",
    "from_json",
    "is_edxml",
    "locate",
    "looks_like_mime",
    "message_to_dict",
    "read_file",
    "read_outline",
    "relaxng",
    "rules",
    "rules_to_json",
    "safe_name",
    "sniff_type",
    "to_json",
    "write_file",
]


_WHERE = {
    **dict.fromkeys(("EdXmlCodec",), "_codec"),
    **dict.fromkeys(("content_findings", "safe_name", "sniff_type"), "_content"),
    **dict.fromkeys(("Converted", "convert", "detect"), "_convert"),
    **dict.fromkeys(("Draft", "Written", "write_file"), "_file_writer"),
    **dict.fromkeys(("envelope_schema", "from_json", "message_to_dict", "to_json"), "_json"),
    **dict.fromkeys(("Decoded", "decode_document", "extract"), "_read"),
    **dict.fromkeys(("Rule", "agree", "check", "did_you_mean", "locate", "rules", "rules_to_json"), "_rules"),
    **dict.fromkeys(("relaxng",), "_schemas"),
    **dict.fromkeys(("OpenedFile", "read_file", "read_outline"), "_stream"),
    **dict.fromkeys(("DIALECTS", "Dialect", "dialect"), "_wire"),
}


def __getattr__(name: str) -> Any:
    # Who only asks whether a file is edXML needs neither rows nor rules, MIME nor zips.
    if name in _WHERE:
        return getattr(import_module(f"vnedoc.edxml.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'vnedoc.edxml' has no attribute {name!r}")
