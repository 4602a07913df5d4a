"""Message to bytes, in each dialect exactly as those who use it write them.

UTF-8 with declaration, LF, two spaces of indentation, base64 on one line. Only what is certain of its form
comes from the message: texts are escaped, unknown elements are parsed and canonicalised, so nothing can
break out of its place.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
from lxml import etree

from vnedoc.edxml._content import default_type, is_transport
from vnedoc.edxml._read import verbatim
from vnedoc.edxml._wire import DEFAULT, SOAP, XLINK, XSI, Carried, Dialect, Reference, Row, dialect
from vnedoc.edxml._wire._kept import nth
from vnedoc.errors import DecodeError, RuleError
from vnedoc.model import (
    Attachment,
    Blob,
    Envelope,
    Finding,
    StatusMessage,
    UnknownElement,
)
from vnedoc.xml import parse

Message = Envelope | StatusMessage
Part = str | Blob
"""Text as it stands, or a content to be written in base64."""

PART = "part"
"""First step of the place of what stood in the part of an attachment, in the form of 2014."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
)
_XML = "http://www.w3.org/XML/1998/namespace"
_USUAL_PREFIXES = {XLINK: "xlink", SOAP: "SOAP-ENV", XSI: "xsi"}
_NAME = re.compile(r"(?:\{([^{}<&\"]*)\})?([^\W\d][\w.\-]*)")
_HEAD = 4096


def encode_message(message: Message, to: str = DEFAULT) -> bytes:
    """Write a message, see ``message_parts``."""
    return parts_to_bytes(message_parts(message, to))


def parts_to_bytes(parts: Iterable[Part]) -> bytes:
    """Put the pieces together."""
    return b"".join(
        base64.b64encode(one.read()) if isinstance(one, Blob) else one.encode("utf-8") for one in parts
    )


def message_parts(message: Message, to: str = DEFAULT) -> list[Part]:
    """Give the pieces that a written message is made of.

    What a message must say and the value leaves out is filled in: the ContentType of attachments. An
    empty text or group is the same as none.

    Args:
        message: The message.
        to: Name of the dialect.

    Raises:
        RuleError: ``VND-EDX-030`` for a character that XML cannot carry, ``VND-EDX-031`` for an unknown
            element or attribute that is not well formed, ``VND-EDX-032`` for one whose parent is not in the
            message, ``VND-EDX-033`` for a field that the dialect has no element for.
        ConfigError: ``VND-EDX-011`` when there is no such dialect.
    """
    parts, lost = parts_and_losses(message, dialect(to))
    if lost:
        fields = [str(one.location) for one in lost]
        raise RuleError(
            "VND-EDX-033",
            f"the dialect {to} cannot carry {', '.join(fields)}",
            findings=lost,
            hint="leave the fields out, or choose another dialect; convert says what is lost",
            facts={"dialect": to, "fields": fields},
        )
    return parts


def parts_and_losses(message: Message, to: Dialect) -> tuple[list[Part], tuple[Finding, ...]]:
    """Give the pieces, and a finding for each field that has no element in the dialect."""
    lost = tuple(losses(message, to.row_of(message), to.name))
    if to.packaging == "mime":
        from vnedoc.edxml._mime import lost_labels, mime_parts

        return mime_parts(message, to), (*lost, *lost_labels(message, to))
    writer = Writer(message, to)
    row = to.row_of(message)
    writer.start(f'{_DECLARATION}<edXML xmlns="{to.namespace}"', "", row)
    writer.children(row, fields_of(message), "", 1)
    writer.refuse_homeless()
    return [*writer.out, "</edXML>\n"], lost


def fields_of(message: Message) -> dict[str, Any]:
    """Give the fields of a message, its attachments as manifest lines and as carried contents."""
    fields = _fields_of(message)
    if isinstance(message, Envelope):
        attachments = [with_types(one) for one in message.attachments]
        fields["references"] = [_reference(one) for one in attachments]
        fields["carried"] = [carried_of(one) for one in attachments]
    return fields


def _fields_of(value: Any) -> dict[str, Any]:
    return {} if value is None else attrs.asdict(value, recurse=False)


def with_types(attachment: Attachment) -> Attachment:
    """Fill in ContentType; raw bytes keep the type of their extension, as the axis's tools write it."""
    if attachment.content_type and attachment.attachment_type:
        return attachment
    with _carried_content(attachment).open() as handle:
        kind = attachment.content_type or default_type(attachment.name, handle.read(_HEAD))
    return attrs.evolve(attachment, content_type=kind, attachment_type=attachment.attachment_type or kind)


def _reference(attachment: Attachment) -> Reference:
    return Reference(
        content_id=attachment.content_id,
        content_type=attachment.content_type,
        description=attachment.description,
        name=attachment.name,
    )


def carried_of(attachment: Attachment) -> Carried:
    """Give an attachment as XML carries it: a transport zip stays one where its reader opens it again."""
    return Carried(
        content_id=attachment.content_id,
        name=attachment.name,
        description=attachment.description,
        content_type=attachment.attachment_type,
        content=_carried_content(attachment),
    )


def _carried_content(attachment: Attachment) -> Blob:
    # MIME packs archives and office files too; in XML they would be taken for what they are packed in.
    if attachment.packed is None:
        return attachment.blob
    with attachment.packed.open() as handle:
        head = handle.read(_HEAD)
    return attachment.packed if is_transport(attachment.name, head) else attachment.blob


# --- losses ---------------------------------------------------------------------------------------

# Told elsewhere: attachments are written apart, unknown things are refused where they have no place.
_ELSEWHERE = frozenset({"attachments", "unknown", "unknown_attributes", "aliases"})


def losses(value: Any, row: Row, name: str, at: str = "") -> Iterator[Finding]:
    """Give a finding for each field of *value* that says something and has no row to be written by."""
    known = {one.field: one for one in row.fields if one.written}
    for field in attrs.fields(type(value)):
        if field.name in _ELSEWHERE:
            continue
        held = getattr(value, field.name)
        here = f"{at}.{field.name}" if at else field.name
        child = known.get(field.name)
        if held in (None, (), "", field.default):
            continue
        if child is None:
            yield Finding.warning("VND-EDX-014", here, dialect=name)
        elif child.shape is not None:
            for place, one in enumerate(held if child.many else (held,)):
                yield from losses(one, child, name, f"{here}[{place}]" if child.many else here)


# --- writing --------------------------------------------------------------------------------------


class Writer:
    """Collects pieces. What no field holds waits, by parent, until its place comes."""

    def __init__(
        self,
        message: Message,
        to: Dialect,
        *,
        within: str | None = None,
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        """Start with nothing written.

        Args:
            message: What holds what no field holds.
            to: The dialect.
            within: Take only what stood below this first step.
            elsewhere: Leave what stood below these first steps: other writers take it.
        """
        self.out: list[Part] = []
        self._scope = to.scope
        self._waiting: defaultdict[str, list[UnknownElement]] = defaultdict(list)
        self._attributes: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for one in message.unknown:
            if (place := _below(one.parent, within, elsewhere)) is not None:
                self._waiting[place].append(one)
        for each in message.unknown_attributes:
            if (place := _below(each.parent, within, elsewhere)) is not None:
                self._attributes[place][each.name] = each.value

    def start(self, tag: str, path: str, row: Row) -> None:
        """Write a start tag with its attributes; *tag* lacks only the closing angle."""
        self.out.append(f"{tag}{self._attributes_of(row, {}, path)}>\n")

    def children(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        """Write the children of the element *row*, unknown ones in their places."""
        unknown = self._waiting.pop(path, [])
        if unknown:
            self._unknown([one for one in unknown if one.after is None], depth)
        for child in row.rows:
            if child.written and not child.kept:
                self._child(child, fields, path, depth)
            elif child.always and not any(one.after == child.name for one in unknown):
                tag = f"{child.prefix}{child.name}"
                self.out.append(f"{'  ' * depth}<{tag}{self._attributes_of(child, {}, path)}></{tag}>\n")
            if unknown:
                self._unknown([one for one in unknown if one.after == child.name], depth)
        if unknown:
            known = {None, *(child.name for child in row.rows)}
            self._unknown([one for one in unknown if one.after not in known], depth)

    def _child(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        if row.field is None:
            self.element(row, fields, f"{path}/{row.name}".lstrip("/"), depth)
            return
        value = fields.get(row.field)
        for number, one in enumerate(value or () if row.many else (value,), 1):
            where = nth(f"{path}/{row.name}".lstrip("/"), number)
            if row.value is None:
                self.element(row, _fields_of(one), where, depth)
            elif isinstance(one, Blob):
                self._content(row, one, where, depth)
            else:
                self._leaf(row, "" if one is None else row.value.write(one), where, depth)

    def element(self, row: Row, fields: Mapping[str, Any], path: str, depth: int) -> None:
        """Write one element with its children, or nothing when it holds nothing and may be left out."""
        start = len(self.out)
        self.children(row, fields, path, depth + 1)
        empty = len(self.out) == start
        if empty and not (row.structure or row.always or self._speaks(row, fields, path)):
            return
        tag = f"{row.prefix}{row.name}"
        margin = "  " * depth
        attributes = self._attributes_of(row, fields, path)
        self.out.insert(start, f"{margin}<{tag}{row.declare}{attributes}>" + ("" if empty else "\n"))
        self.out.append(f"{'' if empty else margin}</{tag}>\n")

    def _speaks(self, row: Row, fields: Mapping[str, Any], path: str) -> bool:
        """Tell whether an element without children has attributes that say something."""
        if self._attributes.get(path):
            return True
        return any(fields.get(field) is not None for field, _ in row.attribute_fields.values())

    def _leaf(self, row: Row, text: str, path: str, depth: int) -> None:
        if not text and not row.keep_empty and not row.always:
            return
        tag = f"{row.prefix}{row.name}"
        attributes = self._attributes_of(row, {}, path)
        checked = _allowed(text, row.name, path).translate(_ESCAPES)
        self.out.append(f"{'  ' * depth}<{tag}{row.declare}{attributes}>{checked}</{tag}>\n")

    def _content(self, row: Row, blob: Blob, path: str, depth: int) -> None:
        tag = f"{row.prefix}{row.name}"
        attributes = self._attributes_of(row, {}, path)
        self.out += [f"{'  ' * depth}<{tag}{row.declare}{attributes}>", blob, f"</{tag}>\n"]

    def _attributes_of(self, row: Row, fields: Mapping[str, Any], path: str) -> str:
        kept = self._attributes.pop(path, None)
        if kept is None and not row.attributes and not row.attribute_fields:
            return ""
        values = {name: text for name, text in row.attributes.items() if text is not None}
        for name, (field, form) in row.attribute_fields.items():
            if fields.get(field) is not None:
                values[name] = form.write(fields[field])
        values |= kept or {}
        made: list[str] = []
        declared = dict(self._scope)
        for name, text in values.items():
            match = _NAME.fullmatch(name)
            if match is None:
                raise _not_well_formed(path, f"no attribute name: {name[:80]!r}")
            prefix = self._prefix(match[1], declared, made)
            value = _allowed(text, match[2], path).translate(_ATTRIBUTE_ESCAPES)
            made.append(f' {prefix}{match[2]}="{value}"')
        return "".join(made)

    def _prefix(self, ns: str | None, declared: dict[str, str], made: list[str]) -> str:
        """Give the prefix for a namespace of attributes, and declare it where it is not bound."""
        if not ns:
            return ""
        if ns == _XML:
            return "xml:"
        if ns not in declared:
            declared[ns] = _USUAL_PREFIXES.get(ns, f"a{len(declared)}")
            made.append(f' xmlns:{declared[ns]}="{ns.translate(_ATTRIBUTE_ESCAPES)}"')
        return f"{declared[ns]}:"

    def _unknown(self, elements: list[UnknownElement], depth: int) -> None:
        self.out.extend(f"{'  ' * depth}{_embeddable(one)}\n" for one in elements)

    def refuse_homeless(self) -> None:
        """Refuse what is unknown and whose parent was not written: dropping it would lose content."""
        for path in (*self._waiting, *self._attributes):
            raise RuleError(
                "VND-EDX-032",
                f"an unknown element or attribute belongs to {path}, which the message does not have",
                path=path,
                hint="take it out of unknown, or put its parent back",
                facts={"parent": path},
            )


def _below(parent: str, within: str | None, elsewhere: frozenset[str]) -> str | None:
    """Give the place of something inside the document that is written; ``None`` when it is in another."""
    step, _, rest = parent.partition("/")
    if within is None:
        return None if step in elsewhere else parent
    return rest if step == within else None


def _allowed(text: str, name: str, path: str) -> str:
    if bad := _FORBIDDEN.search(text):
        raise RuleError(
            "VND-EDX-030",
            f"{name} holds a character that XML cannot carry",
            path=path,
            hint="take the character out",
            facts={"element": name, "character": f"U+{ord(bad[0]):04X}"},
        )
    return text


def _not_well_formed(path: str, cause: str) -> RuleError:
    return RuleError(
        "VND-EDX-031",
        "an unknown element or attribute is not well-formed XML",
        path=path,
        hint="keep what is unknown as it was read",
        facts={"parent": path, "cause": cause[:200]},
    )


def _embeddable(unknown: UnknownElement) -> str:
    try:
        root = parse(unknown.xml.encode("utf-8")).root
        text = verbatim(root)
    except (DecodeError, UnicodeEncodeError) as error:
        raise _not_well_formed(unknown.parent, str(error)) from error
    if any(etree.QName(one).namespace is None for one in root.iter(etree.Element)):
        # Without this the default namespace around it would catch elements that have none.
        name = re.match(r"<[^\s/>]+", text)
        assert name is not None  # noqa: S101 - canonical XML starts with a tag
        if root.nsmap.get(None) is None:
            text = f'{name[0]} xmlns=""{text[name.end() :]}'
    return text
