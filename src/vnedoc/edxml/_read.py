"""Tree to message. Everything is read through the rows of the wire table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import attrs
from lxml import etree

from vnedoc.edxml._attachments import join
from vnedoc.edxml._table import (
    ATTACHMENT,
    DIALECT,
    DOCUMENT_MESSAGE,
    QCVN,
    REFERENCE,
    STATUS_CODE,
    STATUS_MESSAGE,
    XLINK,
    XMLDSIG,
    Carried,
    Reference,
    Row,
)
from vnedoc.errors import DecodeError
from vnedoc.model import Attachment, Envelope, Finding, Limits, StatusMessage, UnknownElement
from vnedoc.xml import EXC_C14N, XmlDocument, canonicalize, location, text_of

_XML_SPACE = " \t\r\n"
_SHOWN = 80
_LOOKED_AT = 64
_PREFIXES = 16
_XLINK_HREF = f"{{{XLINK}}}href"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SIGNATURES = frozenset({"Signature", "DigitalSignature"})
_ROOTS = frozenset({"edxml", "edxmlenvelope"})
_GOVSOC = "http://edxml.gov.vn/schema"
_YEAR_2014 = frozenset({"http://www.e-doc.vn/Schema/", "http://www.inetcloud.vn/ns/edxml"})
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_MANIFEST = "edXMLEnvelope/edXMLBody/edXMLManifest"
_CARRIER = "AttachmentEncoded"


@attrs.frozen
class Decoded:
    """A message read from its bytes.

    Attributes:
        message: The typed view.
        findings: Everything that was read past; an error-severity one says that a part could not be read.
        dialect: ``2016`` for QCVN 102:2016/BTTTT.
    """

    message: Envelope | StatusMessage
    findings: tuple[Finding, ...] = ()
    dialect: str = DIALECT


def is_edxml(document: XmlDocument) -> bool:
    """Whether the document is edXML, or so near to it that ``decode_document`` says what it is instead."""
    name = etree.QName(document.root)
    return name.localname.lower() in _ROOTS or _relative(document.root) is not None


def decode_document(document: XmlDocument, limits: Limits) -> Decoded:
    """Read a message from the same tree whose signatures were judged.

    Children are read in any order and by namespace and local name. What the table does not know is kept
    in ``unknown``; a value that cannot be read leaves its field empty, is kept in ``unknown`` and gives an
    error-severity finding.

    Args:
        document: A parsed document, see ``vnedoc.xml.parse``.
        limits: Bounds on number and size of attachments and on zip ratio.

    Raises:
        DecodeError: ``VND-EDX-001`` to ``010`` and ``044`` when it is no edXML message or a mandatory
            part is missing, doubled or unreadable; codes of ``vnedoc.xml`` for comments inside a value.
        LimitExceeded: ``VND-EDX-015``.
    """
    root = document.root
    _recognise(root)
    header = _mandatory(_mandatory(root, "edXMLEnvelope"), "edXMLHeader")
    status = _is_status(root, header)
    reader = _Reader(list(document.repairs))
    content = reader.content(root, STATUS_MESSAGE if status else DOCUMENT_MESSAGE, location(root))
    if "sender" not in content.fields:
        raise DecodeError(
            "VND-EDX-006",
            "the message has no sender",
            path=location(header),
            hint="MessageHeader needs From with an OrganId of 1 to 60 characters",
            facts={"line": header.sourceline},
        )
    message = reader.status(content, header) if status else reader.document(content, limits)
    return Decoded(message, tuple(reader.findings))


def extract(document: XmlDocument, limits: Limits) -> tuple[Attachment, ...]:
    """Take the attachments alone, also where the header could not be read or the XML was repaired.

    Nothing is verified. Attachments without a manifest line come too, after those that have one.

    Args:
        document: A parsed document, ``parse(..., repair=True)`` included.
        limits: As for ``decode_document``.

    Raises:
        DecodeError: ``VND-EDX-044`` when the base64 of an attachment is broken.
        LimitExceeded: ``VND-EDX-015``.
    """
    reader = _Reader([])
    references = reader.groups(document.root, REFERENCE)
    carried = reader.groups(document.root, ATTACHMENT)
    return join(references, carried, limits, []).attachments


def verbatim(element: etree._Element) -> str:
    """Give an element as XML text that means the same wherever it is put.

    Exclusive canonical form without comments, as it is under a seal; the prefixes that ``xsi:type`` values
    use are declared too.
    """
    return canonicalize(element, EXC_C14N, prefixes=_type_prefixes(element)).decode("utf-8")


def _type_prefixes(element: etree._Element) -> tuple[str, ...]:
    types = (str(one.get(f"{_XSI}type", "")) for one in element.iter(etree.Element))
    prefixes = sorted({value.partition(":")[0].strip() for value in types if ":" in value})
    return tuple(prefixes[:_PREFIXES])


def _outside_signatures(root: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Give the elements of one name, but none inside a signature: nothing signs what stands in there."""
    walker = etree.iterwalk(root, events=("start",))
    for _, one in walker:
        name = etree.QName(one)
        if name.localname in _SIGNATURES and name.namespace in {XMLDSIG, QCVN}:
            walker.skip_subtree()
        elif one.tag == tag:
            yield one


# --- which message it is --------------------------------------------------------------------------


def _relative(root: etree._Element) -> str | None:
    """Name what an XML document is that resembles edXML without being it."""
    spaces = {etree.QName(one).namespace for one in islice(root.iter(etree.Element), _LOOKED_AT)}
    if _GOVSOC in spaces:
        return "GovSOC"
    if spaces & _YEAR_2014 and etree.QName(root).namespace == _SOAP:
        return "2014"
    return None


def _recognise(root: etree._Element) -> None:
    name = etree.QName(root)
    if root.tag == f"{{{QCVN}}}edXML":
        return
    facts = {"root": name.localname, "namespace": name.namespace or ""}
    match _relative(root):
        case "GovSOC":
            raise DecodeError(
                "VND-EDX-002",
                "this is a GovSOC report (Công văn 8676), another format of the same name",
                path=location(root),
                hint="send it to the system that takes GovSOC reports",
                facts=facts,
            )
        case "2014":
            raise DecodeError(
                "VND-EDX-003",
                "this is a message of the 2014 form (Công văn 2803), which is not supported yet",
                path=location(root),
                hint="ask the sender for the form of QCVN 102:2016/BTTTT",
                facts=facts,
            )
        case _ if name.localname.lower() in _ROOTS:
            raise DecodeError(
                "VND-EDX-004",
                "the root element resembles edXML but has another name or namespace",
                path=location(root),
                hint=f'the root must be edXML in the namespace "{QCVN}"',
                facts=facts,
            )
        case _:
            raise DecodeError(
                "VND-EDX-001",
                "this XML document is not an edXML message",
                path=location(root),
                hint="give a file whose root element is edXML",
                facts=facts,
            )


def _children(element: etree._Element, *names: str) -> list[etree._Element]:
    tags = {f"{{{QCVN}}}{name}" for name in names}
    return [child for child in element.iterchildren(etree.Element) if child.tag in tags]


def _mandatory(parent: etree._Element, *names: str) -> etree._Element:
    found = _children(parent, *names)
    if not found:
        raise DecodeError(
            "VND-EDX-005",
            f"the message has no {names[0]}",
            path=location(parent),
            hint="ask the sender to export the message again",
            facts={"element": names[0], "line": parent.sourceline},
        )
    return found[0]


def _is_status(root: etree._Element, header: etree._Element) -> bool:
    """Tell a status from a document; refuse what two readers could take for different things."""
    message = _mandatory(header, "MessageHeader", "Status")
    line = {"line": message.sourceline}
    has_code = bool(_children(message, "StatusCode"))
    bodies = [*_children(root, _CARRIER), *_children(_children(root, "edXMLEnvelope")[0], "edXMLBody")]
    if has_code and any(len(_children(one, "Attachment", "edXMLManifest", "Manifest")) for one in bodies):
        raise DecodeError(
            "VND-EDX-008",
            "the message has a status code and a body, so it is neither a status nor a document",
            path=location(message),
            hint="ask the sender which of the two it is",
            facts=line,
        )
    if has_code:
        return True
    if etree.QName(message).localname == "Status" or not (bodies or _children(message, "To")):
        raise _no_code(message)
    return False


def _no_code(message: etree._Element) -> DecodeError:
    return DecodeError(
        "VND-EDX-007",
        "the status message has no status code",
        path=location(message),
        hint="StatusCode must be one of 01 to 06, 13, 15, 16",
        facts={"seen": "", "expected": STATUS_CODE.expected, "line": message.sourceline},
    )


# --- what it says ---------------------------------------------------------------------------------


@attrs.frozen
class _Content:
    """What was found inside one element; parents of unknown elements are relative to it."""

    fields: dict[str, Any] = attrs.field(factory=dict)
    unknown: list[UnknownElement] = attrs.field(factory=list)

    def __bool__(self) -> bool:
        return bool(self.fields or self.unknown)

    def take_unknown(self, component: str, inner: list[UnknownElement]) -> None:
        self.unknown.extend(
            attrs.evolve(one, parent=f"{component}/{one.parent}" if one.parent else component)
            for one in inner
        )


class _Unreadable(Exception):
    """An element stays as it is; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


@attrs.frozen
class _Reader:
    """Walks elements and rows together, and collects the findings.

    Places are put together on the way down: asking each element for its own is quadratic in siblings.
    """

    findings: list[Finding]

    def content(self, element: etree._Element, row: Row, where: str) -> _Content:
        """Read the children of *element*, which stands at *where*, by the rows of *row*."""
        self._note_attributes(element, row, where)
        self._note_stray_text(element, where)
        found = _Content()
        seen: set[str] = set()
        after: str | None = None
        for child, name, place in _placed(element, where):
            if self._skip_signature(name, row, place):
                continue
            known = row.index.get(name.localname) if name.namespace == QCVN else None
            try:
                if known is None:
                    raise _Unreadable(Finding.info("VND-EDX-024", place, element=name.localname))  # noqa: TRY301 - one way to keep an element
                if known.name in seen and not known.many:
                    raise _Unreadable(_repeated(child, known, place))  # noqa: TRY301 - as above
                produced = self._child(child, known, found, place)
            except _Unreadable as kept:
                self.findings.append(kept.finding)
                if prefixes := _type_prefixes(child):
                    self.findings.append(
                        Finding.info("VND-EDX-029", place, element=name.localname, prefixes=list(prefixes))
                    )
                # A known name goes back to its own place, after the value that was read if there is one.
                before = after if known is None else known.name
                found.unknown.append(UnknownElement(parent="", after=before, xml=verbatim(child)))
                continue
            if known.name != name.localname:
                self.findings.append(
                    Finding.warning("VND-EDX-027", place, seen=name.localname, expected=known.name)
                )
            if produced or known.structure:
                seen.add(known.name)
                after = known.name
        return found

    def _child(self, child: etree._Element, row: Row, found: _Content, where: str) -> bool:
        """Put what *child* holds into *found*; ``False`` when it holds nothing."""
        if row.value is not None:
            return self._leaf(child, row, found, where)
        inner = self.content(child, row, where)
        if not inner:
            return False
        component = row.name
        if row.field is None:
            found.fields.update(inner.fields)
        elif row.many:
            made = _made(child, row, inner, where)
            ones = found.fields.setdefault(row.field, [])
            ones.append(made)
            component = nth(row.name, len(ones))
        else:
            found.fields[row.field] = _made(child, row, inner, where)
        found.take_unknown(component, inner.unknown)
        return True

    def _leaf(self, child: etree._Element, row: Row, found: _Content, where: str) -> bool:
        assert row.value is not None  # noqa: S101 - the caller asked
        assert row.field is not None  # noqa: S101 - every leaf has a field
        self._note_attributes(child, row, where)
        text = text_of(child).strip(_XML_SPACE)
        if not text and not row.keep_empty:
            return False
        facts = {"element": row.name, "seen": text[:_SHOWN], "expected": row.value.expected}
        try:
            value = row.value.read(text)
        except ValueError as error:
            if row.fatal is None:
                raise _Unreadable(Finding.error("VND-EDX-021", where, **facts)) from error
            raise DecodeError(
                row.fatal,
                f"{row.name} cannot be read: {row.value.expected} was expected",
                path=where,
                hint="ask the sender to export the message again",
                facts={**facts, "line": child.sourceline},
            ) from error
        if row.value.exact is not None and row.value.exact.fullmatch(text) is None:
            self.findings.append(Finding.warning("VND-EDX-020", where, **facts))
        if row.many:
            found.fields.setdefault(row.field, []).append(value)
        else:
            found.fields[row.field] = value
        return True

    def groups(self, root: etree._Element, row: Row) -> list[Any]:
        """Read all elements of one row, wherever they stand but in a signature; leave out unreadable ones."""
        made = []
        for number, element in enumerate(_outside_signatures(root, f"{{{QCVN}}}{row.name}"), 1):
            where = nth(f"//{row.name}", number)
            inner = self.content(element, row, where)
            try:
                made.append(_made(element, row, inner, where))
            except _Unreadable:
                continue
        return made

    # --- the two kinds of message ---

    def status(self, content: _Content, header: etree._Element) -> StatusMessage:
        """Make the status message."""
        if "code" not in content.fields:
            raise _no_code(header)
        if "response_for" not in content.fields:
            self.findings.append(
                Finding.error("VND-EDX-023", location(header), element="MessageHeader", missing="ResponseFor")
            )
        message: StatusMessage = STATUS_MESSAGE.build(content.fields, unknown=tuple(content.unknown))
        return message

    def document(self, content: _Content, limits: Limits) -> Envelope:
        """Make the document message, its manifest lines joined with the attachments."""
        references = content.fields.pop("references", [])
        carried = content.fields.pop("carried", [])
        joined = join(references, carried, limits, self.findings)
        unknown = _renumber(content.unknown, f"{_MANIFEST}/Reference", joined.reference_places)
        unknown = _renumber(unknown, f"{_CARRIER}/Attachment", joined.carried_places)
        unknown += [
            UnknownElement(parent=_MANIFEST, after="Reference", xml=verbatim(one)) for one in joined.unmatched
        ]
        envelope: Envelope = DOCUMENT_MESSAGE.build(
            content.fields, attachments=joined.attachments, unknown=tuple(unknown)
        )
        return envelope

    # --- oddities ---

    def _skip_signature(self, name: etree.QName, row: Row, where: str) -> bool:
        """Pass over signatures: they are judged elsewhere and never travel on with the message."""
        if name.namespace == XMLDSIG and name.localname == "Signature":
            return True
        theirs = row.name == "edXMLHeader" or name.namespace == QCVN
        if theirs and name.localname in _SIGNATURES:
            self.findings.append(Finding.info("VND-EDX-026", where, element=name.localname))
            return True
        return False

    def _note_attributes(self, element: etree._Element, row: Row, where: str) -> None:
        for key, value in element.attrib.items():
            name = str(key)
            if name == _XLINK_HREF and value and not str(value).lower().startswith("cid:"):
                self.findings.append(Finding.warning("VND-EDX-050", where, seen=str(value)[:_SHOWN]))
            elif name not in row.attributes and not name.startswith(_XSI):
                local = name.rpartition("}")[2]
                self.findings.append(Finding.warning("VND-EDX-025", where, element=row.name, attribute=local))

    def _note_stray_text(self, element: etree._Element, where: str) -> None:
        for text in (element.text, *(child.tail for child in element)):
            stray = (text or "").strip(_XML_SPACE)
            if stray:
                self.findings.append(Finding.warning("VND-EDX-028", where, seen=stray[:_SHOWN]))


def _placed(element: etree._Element, where: str) -> Iterator[tuple[etree._Element, etree.QName, str]]:
    """Give each child element with its name and its place, in the form of ``vnedoc.xml.location``."""
    named = [(child, etree.QName(child)) for child in element.iterchildren(etree.Element)]
    total = Counter(name.localname for _, name in named)
    met: Counter[str] = Counter()
    for child, name in named:
        met[name.localname] += 1
        number = f"[{met[name.localname]}]" if total[name.localname] > 1 else ""
        yield child, name, f"{where}/{name.localname}{number}"


def _made(child: etree._Element, row: Row, inner: _Content, where: str) -> Any:
    """Make the object of a group, or say what it lacks."""
    missing = [one.name for one in row.fields if one.required and one.field not in inner.fields]
    if missing:
        raise _Unreadable(Finding.error("VND-EDX-023", where, element=row.name, missing=", ".join(missing)))
    more = {"source": child, "where": where} if row.shape in {Reference, Carried} else {}
    return row.build(inner.fields, **more)


def _repeated(child: etree._Element, row: Row, where: str) -> Finding:
    if row.structure:
        raise DecodeError(
            "VND-EDX-010",
            f"{row.name} occurs more than once",
            path=where,
            hint="two readers could take different ones; ask the sender to export the message again",
            facts={"element": row.name, "line": child.sourceline},
        )
    return Finding.error("VND-EDX-022", where, element=row.name)


def nth(name: str, place: int) -> str:
    """Give the path component of the *place*-th element of that name, counted from 1."""
    return name if place == 1 else f"{name}[{place}]"


def _renumber(unknown: list[UnknownElement], stem: str, places: Mapping[int, int]) -> list[UnknownElement]:
    """Let unknown elements inside manifest lines and attachments follow these to their new places."""
    old = {nth(stem, before): nth(stem, now) for before, now in places.items()}
    kept = []
    for one in unknown:
        head, slash, rest = _split(one.parent, stem)
        if not head:
            kept.append(one)
        elif head in old:
            kept.append(attrs.evolve(one, parent=f"{old[head]}{slash}{rest}"))
    return kept


def _split(parent: str, stem: str) -> tuple[str, str, str]:
    """Split the component that *stem* ends in from what follows; empty when it is not there."""
    depth = stem.count("/") + 1
    parts = parent.split("/")
    head = "/".join(parts[:depth])
    if len(parts) < depth or head.partition("[")[0] != stem:
        return "", "", parent
    rest = "/".join(parts[depth:])
    return head, "/" if rest else "", rest
