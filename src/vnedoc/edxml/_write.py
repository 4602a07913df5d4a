"""Message to bytes, exactly as the national axis writes them.

UTF-8 with declaration, LF, two spaces of indentation, the prefix ``edXML:`` inside the envelope and not
outside, base64 on one line. Only what is certain of its form comes from the message: texts are escaped,
unknown elements are parsed and canonicalised, so nothing can break out of its place.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import attrs
from lxml import etree

from vnedoc.edxml._files import default_type
from vnedoc.edxml._read import nth, verbatim
from vnedoc.edxml._table import DOCUMENT_MESSAGE, QCVN, STATUS_MESSAGE, Carried, Reference, Row
from vnedoc.errors import DecodeError, RuleError
from vnedoc.model import Attachment, Blob, Envelope, StatusMessage, UnknownElement
from vnedoc.xml import parse

_START = f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{QCVN}">\n'
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_HEAD = 4096


def encode_message(message: Envelope | StatusMessage) -> bytes:
    """Write a message, see ``message_parts``."""
    return b"".join(
        base64.b64encode(one.read()) if isinstance(one, Blob) else one.encode("utf-8")
        for one in message_parts(message)
    )


def message_parts(message: Envelope | StatusMessage) -> list[str | Blob]:
    """Give the pieces that a written message is made of: text as it stands, and contents to be put in base64.

    What a message must say and the value leaves out is filled in: the ContentType of attachments. An
    empty text or group is the same as none.

    Raises:
        RuleError: ``VND-EDX-030`` for a character that XML cannot carry, ``VND-EDX-031`` for an unknown
            element that is not well formed, ``VND-EDX-032`` for one whose parent is not in the message.
    """
    fields: dict[str, Any] = _fields_of(message)
    row = STATUS_MESSAGE
    if isinstance(message, Envelope):
        row = DOCUMENT_MESSAGE
        attachments = [_with_types(one) for one in message.attachments]
        fields["references"] = [_reference(one) for one in attachments]
        fields["carried"] = [_carried(one) for one in attachments]
    writer = _Writer(message.unknown)
    writer.children(row, fields, "", 1)
    writer.refuse_homeless()
    return [_START, *writer.out, "</edXML>\n"]


def _fields_of(value: Any) -> dict[str, Any]:
    return {} if value is None else attrs.asdict(value, recurse=False)


def _with_types(attachment: Attachment) -> Attachment:
    """Fill in ContentType; raw bytes keep the type of their extension, as the axis's tools write it."""
    if attachment.content_type and attachment.attachment_type:
        return attachment
    with (attachment.packed or attachment.blob).open() as handle:
        kind = attachment.content_type or default_type(attachment.name, handle.read(_HEAD))
    return attrs.evolve(attachment, content_type=kind, attachment_type=attachment.attachment_type or kind)


def _reference(attachment: Attachment) -> Reference:
    return Reference(
        content_id=attachment.content_id,
        content_type=attachment.content_type,
        description=attachment.description,
        name=attachment.name,
    )


def _carried(attachment: Attachment) -> Carried:
    return Carried(
        content_id=attachment.content_id,
        name=attachment.name,
        description=attachment.description,
        content_type=attachment.attachment_type,
        content=attachment.packed or attachment.blob,
    )


class _Writer:
    """Collects lines. ``waiting`` holds the unknown elements by parent until their place comes."""

    def __init__(self, unknown: tuple[UnknownElement, ...]) -> None:
        self.out: list[str | Blob] = []
        self.waiting: defaultdict[str, list[UnknownElement]] = defaultdict(list)
        for one in unknown:
            self.waiting[one.parent].append(one)

    def children(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        """Write the children of the element *row*, unknown ones in their places."""
        unknown = self.waiting.pop(path, [])
        self._unknown([one for one in unknown if one.after is None], depth)
        for child in row.rows:
            self._child(child, fields, path, depth)
            self._unknown([one for one in unknown if one.after == child.name], depth)
        known = {None, *(child.name for child in row.rows)}
        self._unknown([one for one in unknown if one.after not in known], depth)

    def _child(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        if row.field is None:
            self._element(row, fields, f"{path}/{row.name}".lstrip("/"), depth)
            return
        value = fields.get(row.field)
        for number, one in enumerate(value or () if row.many else (value,), 1):
            where = nth(f"{path}/{row.name}", number)
            if row.value is None:
                self._element(row, _fields_of(one), where, depth)
            elif isinstance(one, Blob):
                self._content(row, one, depth)
            elif one is not None:
                self._leaf(row, row.value.write(one), where, depth)

    def _element(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        start = len(self.out)
        self.children(row, fields, path, depth + 1)
        if len(self.out) == start and not row.structure:
            return
        tag = f"{row.prefix}{row.name}"
        margin = "  " * depth
        empty = len(self.out) == start
        self.out.insert(start, f"{margin}<{tag}{row.declare}>" + ("" if empty else "\n"))
        self.out.append(f"{'' if empty else margin}</{tag}>\n")

    def _leaf(self, row: Row, text: str, path: str, depth: int) -> None:
        if not text and not row.keep_empty:
            return
        if bad := _FORBIDDEN.search(text):
            raise RuleError(
                "VND-EDX-030",
                f"{row.name} holds a character that XML cannot carry",
                path=path,
                hint="take the character out",
                facts={"element": row.name, "character": f"U+{ord(bad[0]):04X}"},
            )
        tag = f"{row.prefix}{row.name}"
        self.out.append(f"{'  ' * depth}<{tag}{row.declare}>{text.translate(_ESCAPES)}</{tag}>\n")

    def _content(self, row: Row, blob: Blob, depth: int) -> None:
        tag = f"{row.prefix}{row.name}"
        self.out += [f"{'  ' * depth}<{tag}{row.declare}>", blob, f"</{tag}>\n"]

    def _unknown(self, elements: list[UnknownElement], depth: int) -> None:
        self.out.extend(f"{'  ' * depth}{_embeddable(one)}\n" for one in elements)

    def refuse_homeless(self) -> None:
        """Refuse unknown elements whose parent was not written: dropping them would lose content."""
        for path in self.waiting:
            raise RuleError(
                "VND-EDX-032",
                f"an unknown element belongs to {path}, which the message does not have",
                path=path,
                hint="take it out of unknown, or put its parent back",
                facts={"parent": path},
            )


def _embeddable(unknown: UnknownElement) -> str:
    try:
        root = parse(unknown.xml.encode("utf-8")).root
        text = verbatim(root)
    except (DecodeError, UnicodeEncodeError) as error:
        raise RuleError(
            "VND-EDX-031",
            "an unknown element is not well-formed XML",
            path=unknown.parent,
            hint="keep unknown elements as they were read",
            facts={"parent": unknown.parent, "cause": str(error)[:200]},
        ) from error
    if any(etree.QName(one).namespace is None for one in root.iter(etree.Element)):
        # Without this the default namespace around it would catch elements that have none.
        name = re.match(r"<[^\s/>]+", text)
        assert name is not None  # noqa: S101 - canonical XML starts with a tag
        if root.nsmap.get(None) is None:
            text = f'{name[0]} xmlns=""{text[name.end() :]}'
    return text
