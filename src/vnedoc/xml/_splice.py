"""Finding the place in the octets where a signature goes in."""

from __future__ import annotations

import re
from xml.parsers import expat

from vnedoc.errors import DecodeError
from vnedoc.xml._guards import BOM
from vnedoc.xml._parse import not_well_formed

_CHUNK = 64 * 1024
_END_TAG = re.compile(rb"</(?:[^\s:<>/]+:)?([^\s:<>/]+)\s*>")


class _Found(Exception):
    pass


def end_tag_offset(data: bytes, path: tuple[str, ...]) -> int:
    """Give the offset of the ``<`` of an end tag.

    Args:
        data: A document that ``parse`` accepts; on another the answer means nothing.
        path: Local names from the document element down, for example ``("edXML", "edXMLEnvelope")``. The
            first element in document order with that path counts.

    Raises:
        DecodeError: ``VND-XML-034`` when there is no such element or it has no end tag (``<a/>``);
            ``VND-XML-001`` or ``VND-XML-002`` where it comes upon what ``parse`` does not accept.
    """
    # Where every "<" begins a tag, the last end tag is that of the document element.
    offset = data.rfind(b"</") if len(path) == 1 and _has_only_tags(data) else _follow(data, path)
    tag = _END_TAG.match(data, offset) if offset >= 0 else None
    if tag is None or tag[1].decode(errors="replace") != path[-1]:
        where = "/" + "/".join(path)
        raise DecodeError(
            "VND-XML-034",
            f"there is no element {where} with an end tag",
            path=where,
            hint="the signature needs a place to stand in: write the element with a start and an end tag",
            facts={"element": where},
        )
    return offset


def _has_only_tags(data: bytes) -> bool:
    """Tell that there are no comments, CDATA sections or instructions after the XML declaration."""
    if b"!" in data and b"<!" in data:  # one octet is looked for many times faster than two
        return False
    return data.rfind(b"<?", 0, data.rfind(b"?") + 1) <= len(BOM)


def _follow(data: bytes, path: tuple[str, ...]) -> int:
    """Follow the path through the document; -1 when it leads nowhere.

    lxml's trees know no offsets, expat does. It decides nothing: it only finds where to put the octets of a
    signature into a document that the one parser has already read.
    """
    depth = matched = 0  # open elements, and how many of them, from the root down, are on the path
    offset = -1

    def start(name: str, _attributes: list[str]) -> None:
        nonlocal depth, matched
        if matched == depth < len(path) and name.rpartition(":")[2] == path[depth]:
            matched += 1
        depth += 1

    def end(_name: str) -> None:
        nonlocal depth, matched, offset
        if depth == matched == len(path):
            offset = parser.CurrentByteIndex
            raise _Found
        depth -= 1
        matched = min(matched, depth)

    def doctype(*_parts: object) -> None:
        raise DecodeError(
            "VND-XML-002",
            "the file has a DOCTYPE, which is not allowed",
            hint="ask the sender for the file without a DOCTYPE",
        )

    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True  # a list is cheaper than a mapping, and neither is looked at
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    view = memoryview(data)
    try:
        for at in range(0, len(view), _CHUNK):
            parser.Parse(bytes(view[at : at + _CHUNK]), False)  # noqa: FBT003 - a C signature
        parser.Parse(b"", True)  # noqa: FBT003 - a C signature
    except _Found:
        pass
    except expat.ExpatError as error:
        cause = expat.ErrorString(error.code) or "unknown"
        at = parser.ErrorByteIndex
        raise not_well_formed(
            error.lineno, error.offset + 1, cause, before=data[max(0, at - 64) : at], at=data[at : at + 4]
        ) from error
    return offset
