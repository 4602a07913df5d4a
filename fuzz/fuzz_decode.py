"""Fuzz target: octets through ``decode``, rules and ``encode``; nothing but a ``VnedocError`` may come out.

Run it with atheris, see CONTRIBUTING.md::

    python fuzz/fuzz_decode.py -dict=fuzz/edxml.dict work-folder fuzz/corpus/decode fuzz/corpus/found

The suite replays the corpus through ``one_input`` without atheris.
"""

import base64
import contextlib
import sys
from typing import Any
from unittest import mock

_NAMES = ("a.pdf", "a.docx", "a.zip", "a.doc", "a", "a.png", "a.docm", "a.pdf.exe")
_QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


class Lost(AssertionError):
    """A message that we wrote is read as another one, or two ways to read it differ."""


def one_input(data: bytes) -> None:
    """Read *data* strictly and leniently, and do with what was read what programs do with it.

    What starts with ``@`` is a file and no message: it is put into one, under a name that its second octet
    chooses, so that mutations need not find their way through base64.

    Raises:
        Lost: Writing lost something, or a stream is read otherwise than a tree.
    """
    from vnedoc.errors import VnedocError
    from vnedoc.model import Limits

    if data[:1] == b"@":
        data = _carrying(_NAMES[data[1] % len(_NAMES)] if data[1:] else "", data[2:])
    limits = Limits(
        tree_bytes=1 << 20, text_bytes=1 << 16, attachment_bytes=1 << 20, total_bytes=1 << 21, nodes=5000
    )
    for mode in ("strict", "lenient"):
        _same_when_streamed(data, mode, limits)
        try:
            _use(data, mode, limits)
        except VnedocError as error:
            str(error)
        else:
            return


def _carrying(name: str, content: bytes) -> bytes:
    facts = f"<ContentId>cid:1</ContentId><AttachmentName>{name}</AttachmentName>"
    text = base64.b64encode(content).decode()
    return (
        f'<edXML xmlns="{_QCVN}"><edXMLEnvelope><edXMLHeader><MessageHeader>'
        "<From><OrganId>H99.1</OrganId></From>"
        f"<To><OrganId>H99.2</OrganId></To></MessageHeader></edXMLHeader><edXMLBody><edXMLManifest><Reference>"
        f"{facts}</Reference></edXMLManifest></edXMLBody></edXMLEnvelope><AttachmentEncoded><Attachment>{facts}"
        f"<ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"
    ).encode()


def _same_when_streamed(data: bytes, mode: str, limits: Any) -> None:
    """A small message is read as a tree, a large one as a stream: two readers, one result."""
    from vnedoc.edxml import EdXmlCodec
    from vnedoc.errors import VnedocError
    from vnedoc.model import Wire

    codec, wire = EdXmlCodec(limits, mode=mode), Wire.from_bytes(data)
    outcomes: list[Any] = []
    for bounds in ((1 << 30, 1 << 30), (0, 32)):
        with contextlib.ExitStack() as patched:
            for place in ("vnedoc.edxml._codec.STREAMED_FROM", "vnedoc.edxml._stream.STREAMED_FROM"):
                patched.enter_context(mock.patch(place, bounds[0]))
            patched.enter_context(mock.patch("vnedoc.xml._skeleton._LONG", bounds[1]))
            try:
                decoded = codec.decode(wire)
            except VnedocError:  # of two faults either may be met first
                outcomes.append("refused")
            else:
                outcomes.append((decoded.message, [one.code for one in decoded.findings]))
    if outcomes[0] != outcomes[1]:
        raise Lost("streamed")


def _use(data: bytes, mode: str, limits: Any) -> None:
    from vnedoc.edxml import DIALECTS, EdXmlCodec, check, convert, message_to_dict, safe_name
    from vnedoc.errors import VnedocError
    from vnedoc.model import Limits, Wire
    from vnedoc.report import render_finding

    wire = Wire.from_bytes(data)
    decoded = EdXmlCodec(limits, mode=mode).decode(wire)
    message = decoded.message
    for finding in (*decoded.findings, *check(message)):
        for language in ("vi", "en"):
            render_finding(finding, language)
    for one in getattr(message, "attachments", ()):
        safe_name(one.name)
        for _ in one.blob.chunks():
            pass
    message_to_dict(message)
    with contextlib.suppress(VnedocError):
        convert(wire, DIALECTS[len(data) % len(DIALECTS)], mode=mode, limits=limits)
    codec = EdXmlCodec(Limits(), dialect=decoded.dialect if decoded.dialect in DIALECTS else "2016")
    written = codec.encode(message)
    # What the message leaves out is filled in once, so the octets are compared and not the values.
    try:
        again = codec.encode(codec.decode(written).message)
    except VnedocError as error:
        raise Lost(codec.dialect) from error
    if again != written:
        raise Lost(codec.dialect)


def main() -> None:
    import atheris

    # Instrumented, one function of this module makes atheris 2.3 itself crash on Python 3.11.
    with atheris.instrument_imports(include=["vnedoc"], exclude=["vnedoc.xml._skeleton"]):
        import vnedoc.edxml
        import vnedoc.edxml._convert
        import vnedoc.edxml._mime
        import vnedoc.report  # noqa: F401 - instrumented on import
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
