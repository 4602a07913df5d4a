"""Reading documents with a DOCTYPE, for public test vectors and old archives only.

Whatever the DOCTYPE says, no file and no network is touched, and its entities stay small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

import attrs
from lxml import etree

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml._guards import check_before, check_encoding, check_tree, find_markup
from vnedoc.xml._nodes._tree import qualified_name
from vnedoc.xml._parse import XmlDocument, new_parser, not_well_formed, syntax_error

_REFERENCE = re.compile(rb"&([^#&;\s<>\"']{1,1000});")
_LATIN_1 = re.compile(
    rb"<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*[\"']iso-8859-1[\"']", re.IGNORECASE
)
_EXTERNAL = re.compile(
    rb"<!DOCTYPE[ \t\r\n]++[^ \t\r\n\[>]++"
    rb"(?P<identifier>[ \t\r\n]++(?:SYSTEM|PUBLIC)(?:[ \t\r\n]*+(?:\"[^\"]*+\"|'[^']*+')){1,2})"
)
_NOT_LINE_END = re.compile(rb"[^\r\n]")
_PREDEFINED = {b"amp": 1, b"lt": 1, b"gt": 1, b"quot": 1, b"apos": 1}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def parse_with_doctype(data: bytes, limits: Limits | None = None) -> XmlDocument:
    """Read an XML document that may have a DOCTYPE, of which only the internal subset is read.

    Attribute defaults are filled in, entities become their texts, and attributes declared as ``ID`` make
    ``declared_ids``. An external subset is passed over. UTF-16 and ISO-8859-1 are read, besides UTF-8.

    Args:
        data: The octets.
        limits: As for ``parse``, and ``entity_bytes``.

    Raises:
        DecodeError: ``VND-XML-043`` when the DOCTYPE declares parameter entities, or an entity is used that
            stands elsewhere or is not declared; ``VND-XML-042`` when two elements have one declared
            identifier; what ``parse`` raises, except for the DOCTYPE.
        LimitExceeded: ``VND-XML-010``.
    """
    limits = limits or Limits()
    check_before(data, limits)
    source = _without_external(_as_utf_8(data))
    declared = _Declared(source, limits)
    start = find_markup(source)
    if source[start : start + 9].upper() == b"<!DOCTYPE":
        declared.read()
    parser = new_parser(len(source), limits, doctype=True)
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise syntax_error(error, source, parser, limits) from error
    if sum(1 for _ in root.iter()) > limits.nodes:  # entities may hold elements
        raise LimitExceeded.of("VND-XML-010", "nodes", limits.nodes, None)
    check_tree(root, source, attrs.evolve(limits, text_bytes=limits.text_bytes + limits.entity_bytes))
    return XmlDocument(data, root, declared_ids=_ids(root, declared.ids) if declared.ids else {})


def _as_utf_8(data: bytes) -> bytes:
    """Change the octets, not the declaration: the parsers are told the encoding and do not believe it."""
    encoding = "utf-16" if data.startswith(_UTF_16) else "iso-8859-1" if _LATIN_1.match(data) else None
    if encoding is None:
        check_encoding(data)
        return data
    try:
        source = data.decode(encoding).encode()
    except UnicodeError as error:
        raise DecodeError(
            "VND-XML-003",
            f"not {encoding.upper()}, which it says it is",
            hint="ask the sender to write the file in UTF-8",
            facts={"encoding": f"invalid {encoding.upper()}", "line": 1, "column": 1},
        ) from error
    check_encoding(re.sub(rb"encoding[^?>]*", b"", source[:300], count=1) + source[300:])
    return source


def _without_external(source: bytes) -> bytes:
    """Blank the name of the external subset: to fill in defaults, libxml2 would open it."""
    match = _EXTERNAL.match(source, find_markup(source))
    if match is None:
        return source
    start, end = match.span("identifier")
    return source[:start] + _NOT_LINE_END.sub(b" ", match["identifier"]) + source[end:]


def _ids(root: etree._Element, declared: frozenset[tuple[str, str]]) -> Mapping[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in root.iter("*"):
        local = etree.QName(element).localname
        name = f"{element.prefix}:{local}" if element.prefix else local
        for key, value in element.attrib.items():
            uri, _, attribute = str(key)[1:].rpartition("}") if "}" in key else ("", "", str(key))
            scope = {prefix or "": bound for prefix, bound in element.nsmap.items()} if uri else {}
            attribute = qualified_name(element, uri, attribute, scope) if uri else attribute
            if (name, attribute) not in declared:
                continue
            identifier = str(value).strip()
            if found.setdefault(identifier, element) is not element:
                raise DecodeError(
                    "VND-XML-042",
                    f"several elements have the identifier {identifier!r}",
                    hint="do not accept the signature: it does not say which of them it means",
                    facts={"id": identifier},
                )
    return found


class _Read(Exception):
    pass


class _Declared:
    """Goes through the DOCTYPE, and no further, before the parser sees it.

    Attributes:
        ids: Names of element and attribute, as written, of the attributes of type ``ID``.
    """

    def __init__(self, source: bytes, limits: Limits) -> None:
        self.ids: frozenset[tuple[str, str]] = frozenset()
        self._source = source
        self._limits = limits
        self._sizes = dict(_PREDEFINED)
        self._used = [name for name in _REFERENCE.findall(source) if name not in _PREDEFINED]

    def read(self) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.StartDoctypeDeclHandler = self._start
        parser.EntityDeclHandler = self._entity
        parser.AttlistDeclHandler = self._attribute
        parser.EndDoctypeDeclHandler = self._end
        try:
            parser.Parse(self._source, True)  # noqa: FBT003 - a C signature
        except _Read:
            return
        except expat.ExpatError as error:
            at = parser.ErrorByteIndex
            cause = expat.ErrorString(error.code) or "unknown"
            before, there = self._source[max(0, at - 64) : at], self._source[at : at + 4]
            raise not_well_formed(error.lineno, error.offset + 1, cause, before=before, at=there) from error

    def _start(self, name: str, system: str | None, *_more: object) -> None:
        if system is not None:  # it was not blanked, so it is not as expected
            raise _refused(f"DOCTYPE {name}")

    def _entity(
        self,
        name: str,
        is_parameter: int,
        value: str | None,
        *_more: object,
    ) -> None:
        if is_parameter:
            raise _refused(f"%{name};")
        if value is None:
            return  # it stands elsewhere: to declare it is allowed, to use it is not
        size = len(value.encode())
        for match in _REFERENCE.finditer(value.encode()):
            size += self._size(match[1])
        self._sizes.setdefault(name.encode(), size)
        # However they are nested and wherever they stand, no more than this can come of them.
        if max(self._sizes.values()) * len(self._used) > self._limits.entity_bytes:
            raise LimitExceeded.of("VND-XML-010", "entity_bytes", self._limits.entity_bytes, None)

    def _size(self, name: bytes) -> int:
        if name not in self._sizes:
            raise _refused(f"&{name.decode(errors='replace')};")
        return self._sizes[name]

    def _attribute(self, element: str, name: str, kind: str, *_more: object) -> None:
        if kind == "ID":
            self.ids |= {(element, name)}

    def _end(self) -> None:
        for name in set(self._used):
            self._size(name)
        raise _Read


def _refused(entity: str) -> DecodeError:
    return DecodeError(
        "VND-XML-043",
        f"the entity {entity} cannot be used: it stands elsewhere, is a parameter entity, or is unknown",
        hint="ask the sender for the file without a DOCTYPE",
        facts={"entity": entity},
    )
