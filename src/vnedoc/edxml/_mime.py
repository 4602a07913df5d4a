"""The packaging of 2014: MIME multipart/related around a SOAP 1.1 part (Công văn 2803/BTTTT-THH).

RFC 2387 and RFC 2046, clause 5.1.1; one level and no more. Such a message is read and written in memory, so
``Limits.tree_bytes`` bounds it whole.
"""

from __future__ import annotations

import binascii
import hashlib
import io
import quopri
import re
import zipfile
from collections.abc import Mapping
from itertools import pairwise

import attrs

from vnedoc.edxml._content import unpack
from vnedoc.edxml._read import Decoded, Reader
from vnedoc.edxml._recognise import recognise
from vnedoc.edxml._wire import Carried, Dialect
from vnedoc.edxml._wire._kept import Kept, nth, paths_of
from vnedoc.edxml._write import PART, Message, Part, Writer, carried_of, fields_of, with_types
from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Attachment, Blob, Envelope, Finding, Limits
from vnedoc.xml import XmlDocument, parse, strict_base64

_START = "Start"
_HEAD = 4096
_HEADER_BYTES = 16 * 1024
_FIRST_BOUNDARY = re.compile(rb"\s*--([^\r\n]{1,70})\r?\n")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]*\?>")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FOLDED = re.compile(rb"\r?\n(?=[ \t])")
_PARAMETER = re.compile(r";\s*+([^\s;=\"]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^\s;\"]*+))")
_READ_HEADERS = frozenset({"content-type", "content-id", "content-transfer-encoding"})
_READ_PARAMETERS = frozenset({"boundary", "start"})
_PLAIN_ID = re.compile(r"[A-Za-z0-9.@_+=\-]{1,200}")
_EPOCH = (1980, 1, 1, 0, 0, 0)


# --- reading --------------------------------------------------------------------------------------


@attrs.frozen
class _Part:
    """One part: its Content-ID without angles, and its octets with the transfer encoding undone."""

    content_id: str | None
    body: bytes


def read_mime(data: bytes, limits: Limits, *, lenient: bool = False) -> tuple[Decoded, XmlDocument | None]:
    """Read a message of 2014.

    The first part, or the one that ``start`` names, holds the message; every further part one attachment.

    Returns:
        The message, and its SOAP part for ``locate``, its places being those of the file; ``None`` where the
        part is in a transfer encoding.

    Raises:
        DecodeError: ``VND-EDX-016`` when the parts cannot be told apart; else as ``decode_document``.
        LimitExceeded: ``VND-EDX-015``.
    """
    if len(data) > limits.tree_bytes:
        raise LimitExceeded.of("VND-EDX-015", "tree_bytes", limits.tree_bytes, len(data))
    start, parts = _split(data, limits)
    first = next((one for one in parts if start and one.content_id == start), parts[0])
    document = parse(first.body, limits, repair=lenient)
    rows = recognise(document.root, lenient=lenient).dialect
    if rows.packaging != "mime":
        raise _broken("the first part is no SOAP message")
    others = [one for one in parts if one is not first]
    carried, kept, findings = _carried(others, rows, limits, lenient=lenient)
    reader = Reader(document, lenient=lenient, carried=carried, kept=kept)
    decoded = reader.message(rows, limits)
    message = decoded.message
    if isinstance(message, Envelope):
        attachments = tuple(_unzipped(one, limits) for one in message.attachments)
        message = attrs.evolve(message, attachments=attachments)
    decoded = attrs.evolve(decoded, message=message, findings=(*decoded.findings, *findings))
    return decoded, _in_file(document, data, first.body)


def _in_file(document: XmlDocument, data: bytes, part: bytes) -> XmlDocument | None:
    """Give the document with as many lines before it as the file has; only its octets are looked at."""
    at = data.find(part)
    if at < 0 or document.repairs:
        return None
    above = b"\n" * data.count(b"\n", 0, at)
    declaration = _DECLARATION.match(part)
    blank = b"" if declaration is None else re.sub(rb"[^\r\n]", b" ", declaration[0])
    return attrs.evolve(document, data=above + blank + part[len(blank) :])


def _split(data: bytes, limits: Limits) -> tuple[str | None, list[_Part]]:
    start, boundary, body = _boundary(data)
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)")
    places = []
    for match in delimiter.finditer(body):
        places.append((match.start(), match.end()))
        if match[1]:
            break
        if len(places) > limits.attachments + 2:
            raise LimitExceeded.of("VND-EDX-015", "attachments", limits.attachments, len(places) - 2)
    parts = [_part(body[after:before]) for (_, after), (before, _) in pairwise(places)]
    if not parts:
        raise _broken("no part between two boundaries")
    return start, parts


def _boundary(data: bytes) -> tuple[str | None, bytes, bytes]:
    """Give the Content-ID of the first part where it is named, the boundary, and where to look for parts."""
    match = _FIRST_BOUNDARY.match(data[:_HEAD])
    if match:
        return None, match[1].rstrip(), data
    end = _END_OF_HEADERS.search(data.lstrip(b"\r\n")[:_HEADER_BYTES])
    if end is None:
        raise _broken("the headers do not end")
    stripped = data.lstrip(b"\r\n")
    named = _parameters(_headers(stripped[: end.start()]).get("content-type", ""))
    boundary = named.get("boundary", "").rstrip()
    if not boundary or not boundary.isascii():
        raise _broken("no boundary in Content-Type")
    start = named.get("start", "").strip("<> ")
    return start or None, boundary.encode(), stripped[end.start() :]


def _headers(octets: bytes) -> dict[str, str]:
    """Give the headers that count, by their names in small letters.

    The standard library's reader takes the square of a header's length, and recursion for its comments.
    """
    found: dict[str, str] = {}
    for line in _FOLDED.sub(b"", octets).split(b"\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        name = name.strip().lower()
        if name in found:
            raise _broken(f"the header {name} occurs twice")
        if name in _READ_HEADERS:
            found[name] = value.strip()
    return found


def _parameters(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(value):
        if name.lower() not in _READ_PARAMETERS:
            continue
        if name.lower() in found:
            raise _broken(f"the parameter {name.lower()} occurs twice")
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) or plain
    return found


def _part(octets: bytes) -> _Part:
    octets = octets.removeprefix(b"\r").removeprefix(b"\n")
    end = _END_OF_HEADERS.search(b"\r\n" + octets[:_HEADER_BYTES])
    if end is None:
        return _Part(None, octets)
    headers = _headers(octets[: max(end.start() - 2, 0)])
    name = headers.get("content-id")
    encoding = headers.get("content-transfer-encoding", "").lower()
    body = octets[end.end() - 2 :]
    if encoding == "base64":
        body = strict_base64(body)
    elif encoding == "quoted-printable":
        try:
            body = quopri.decodestring(body)
        except (ValueError, binascii.Error) as error:
            raise _broken("a part is no quoted-printable text") from error
    return _Part(None if name is None else name.strip("<> \t"), body)


def _carried(
    parts: list[_Part], rows: Dialect, limits: Limits, *, lenient: bool
) -> tuple[list[Carried], list[Kept], list[Finding]]:
    """Read the attachments, what no field of theirs holds, and what was odd."""
    assert rows.part is not None  # noqa: S101 - a dialect with parts
    (where,) = paths_of(rows.part, "carried")
    found: list[Carried] = []
    kept: list[Kept] = []
    findings: list[Finding] = []
    for number, one in enumerate(parts, 2):
        document = parse(one.body, limits, repair=lenient)
        reader = Reader(document, lenient=lenient, base=f"part[{number}]")
        if document.root.tag != rows.part.tag:
            raise _broken(f"part {number} is no attachment")
        fields, left = reader.content(document.root, rows.part)
        findings += reader.findings
        here: list[Carried] = fields.get("carried", [])
        if left and not here:
            findings.append(Finding.warning("VND-EDX-017", f"part[{number}]", count=len(left)))
        elif left:
            kept += _by_attachment(left, where, len(found), len(here))
        found += [attrs.evolve(each, content_id=one.content_id or each.content_id) for each in here]
    return found, kept, findings


def _by_attachment(left: list[Kept], where: str, before: int, count: int) -> list[Kept]:
    """Put what is kept below the attachment that it stood in, or the first one of its part.

    Each attachment is written in a part of its own, counted from 1.
    """
    places = {nth(where, place): place for place in range(2, count + 1)}
    depth = where.count("/") + 1
    for one in left:
        head = "/".join(one.parent.split("/")[:depth])
        place = places.get(head, 1)
        inside = where + one.parent[len(head) :] if head in places else one.parent
        one.parent = f"{nth(PART, before + place)}/{inside}".rstrip("/")
    return left


def _unzipped(attachment: Attachment, limits: Limits) -> Attachment:
    """Undo the zip that this dialect puts around every file, archives and office files included."""
    # The part declares one type; the manifest of this dialect has none.
    attachment = attrs.evolve(attachment, content_type=attachment.content_type or attachment.attachment_type)
    if attachment.packed is not None:
        return attachment
    with attachment.blob.open() as handle:
        head = handle.read(_HEAD)
    # Without the name, so that an archive inside the zip is no reason to leave that closed.
    opened = unpack("", attachment.blob, head, limits, attachment.name)
    if opened.content is None:
        return attachment
    return attrs.evolve(attachment, blob=opened.content, packed=attachment.blob)


def _broken(cause: str) -> DecodeError:
    return DecodeError(
        "VND-EDX-016",
        f"the MIME multipart message cannot be taken apart: {cause}",
        hint="ask the sender to export the message again",
        facts={"cause": cause},
    )


# --- writing --------------------------------------------------------------------------------------


def mime_parts(message: Message, to: Dialect) -> list[Part]:
    """Give the pieces of a message of 2014: headers, the SOAP part, and one part for each attachment."""
    files = _named(message.attachments) if isinstance(message, Envelope) else {}
    if isinstance(message, Envelope):
        message = attrs.evolve(message, attachments=tuple(files.values()))
    places = {name: nth(PART, number) for number, name in enumerate(files, 1)}
    bodies: list[tuple[str, list[Part]]] = [(_START, _soap(message, to, frozenset(places.values())))]
    for name, one in files.items():
        bodies.append((name, _document(one, to, Writer(message, to, within=places[name]))))
    boundary = _free_boundary(bodies)
    head = (
        f'MIME-Version: 1.0\r\nContent-Type: {to.content_type}; type="text/xml"; start="<{_START}>"; '
        f'boundary="{boundary}"\r\n'
    )
    out: list[Part] = [head]
    for name, body in bodies:
        out.append(
            f"\r\n--{boundary}\r\nContent-Type: text/xml; charset=UTF-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\nContent-ID: <{name}>\r\n\r\n"
        )
        out += body
    out.append(f"\r\n--{boundary}--\r\n")
    return out


def lost_labels(message: Message, to: Dialect) -> tuple[Finding, ...]:
    """Give a finding for each label of an attachment that headers and parts cannot carry."""
    lost: list[Finding] = []
    files = message.attachments if isinstance(message, Envelope) else ()
    for place, (one, name) in enumerate(zip(files, _named(files), strict=True)):
        where = f"attachments[{place}]"
        if name != one.content_id:
            lost.append(Finding.warning("VND-EDX-014", f"{where}.content_id", dialect=to.name))
        if one.content_type and one.attachment_type and one.content_type != one.attachment_type:
            lost.append(Finding.warning("VND-EDX-014", f"{where}.content_type", dialect=to.name))
    return tuple(lost)


def _named(attachments: tuple[Attachment, ...]) -> Mapping[str, Attachment]:
    """Give every attachment a Content-ID of its own, which headers can carry."""
    named: dict[str, Attachment] = {}
    for number, one in enumerate(attachments, 1):
        fit = _PLAIN_ID.fullmatch(one.content_id) is not None and one.content_id != _START
        name = one.content_id if fit else f"attachment-{number}"
        while name in named:
            name = f"{name}-{number}"
        named[name] = attrs.evolve(one, content_id=name)
    return named


def _soap(message: Message, to: Dialect, parts: frozenset[str]) -> list[Part]:
    row = to.row_of(message)
    writer = Writer(message, to, elsewhere=parts)
    scope = "".join(f' xmlns:{prefix}="{ns}"' for ns, prefix in to.scope.items())
    writer.start(f'<?xml version="1.0" encoding="UTF-8"?>\n<{row.prefix}{row.name}{scope}', "", row)
    writer.children(row, fields_of(message), "", 1)
    writer.refuse_homeless()
    return [*writer.out, f"</{row.prefix}{row.name}>"]


def _document(attachment: Attachment, to: Dialect, writer: Writer) -> list[Part]:
    row = to.part
    assert row is not None  # noqa: S101 - a dialect with parts
    typed = with_types(attachment)
    packed = typed.packed or Blob.from_bytes(_zip(typed))
    scope = f' xmlns:edXML="{to.namespace}"'
    writer.start(f'<?xml version="1.0" encoding="UTF-8"?>\n<{row.prefix}{row.name}{scope}', "", row)
    writer.children(row, {"carried": [attrs.evolve(carried_of(typed), content=packed)]}, "", 1)
    writer.refuse_homeless()
    return [*writer.out, f"</{row.prefix}{row.name}>"]


def _zip(attachment: Attachment) -> bytes:
    """Give a zip with the file as its one entry; the same file gives the same octets."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        entry = zipfile.ZipInfo(f"{attachment.content_id}", _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        made.writestr(entry, attachment.blob.read())
    return buffer.getvalue()


def _free_boundary(bodies: list[tuple[str, list[Part]]]) -> str:
    """Give a boundary that stands in no part; "=" keeps it out of all base64."""
    texts = [one for _, body in bodies for one in body if isinstance(one, str)]
    seed = hashlib.sha256("".join(texts).encode()).hexdigest()[:32]
    number = 0
    while any(f"=_{seed}_{number}" in text for text in texts):
        number += 1
    return f"=_{seed}_{number}"
