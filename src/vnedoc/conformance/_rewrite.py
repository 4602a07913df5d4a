"""What the national axis does to a message that passes it."""

from __future__ import annotations

import datetime as dt

import attrs

from vnedoc.edxml import EdXmlCodec
from vnedoc.model import VIETNAM, Envelope, TraceHeader, Wire

_DSIG = b' xmlns="http://www.w3.org/2000/09/xmldsig#"'
_HEADER_END = b"</edXML:edXMLHeader>"


def rewrite_as_the_axis_does(wire: Wire, *, at: dt.datetime, organ_id: str = "000.00.00.G22") -> Wire:
    """Re-serialise a message, add a trace header, and carry its signature on in the format's own namespace.

    Args:
        wire: A document message.
        at: Time of passing, with zone.
        organ_id: Who passes it on.
    """
    codec = EdXmlCodec()
    message = codec.decode(wire).message
    if not isinstance(message, Envelope):
        raise TypeError("only document messages are rewritten here")
    trace = TraceHeader(organ_id=organ_id, timestamp=at.astimezone(VIETNAM))
    rewritten = codec.encode(attrs.evolve(message, traces=(*message.traces, trace))).read()
    signature = _signature_of(wire.read()).replace(_DSIG, b"")
    return Wire.from_bytes(rewritten.replace(_HEADER_END, signature + _HEADER_END, 1))


def _signature_of(data: bytes) -> bytes:
    start, end = data.find(b"<Signature"), data.find(b"</Signature>")
    return b"" if start < 0 else data[start : end + len(b"</Signature>")]
