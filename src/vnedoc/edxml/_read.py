"""Tree to message. Everything is read through the rows of the wire table.

Most of the time goes into this walk, so it looks at each element once and works out where an element stands
only when there is something to say about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from lxml import etree

from vnedoc.edxml._content import join
from vnedoc.edxml._recognise import is_status, no_code, recognise, variant
from vnedoc.edxml._wire import (
    BASE64,
    DEFAULT,
    QCVN,
    XLINK,
    XMLDSIG,
    XSI,
    Carried,
    Dialect,
    Reference,
    Row,
    clark,
    dialect,
)
from vnedoc.edxml._wire._kept import Kept, nth, parted, paths_of, place_of, put_below, renumber
from vnedoc.errors import DecodeError
from vnedoc.model import (
    Attachment,
    Envelope,
    Finding,
    Limits,
    StatusMessage,
)
from vnedoc.xml import EXC_C14N, XmlDocument, canonicalize, has_gaps, location, text_of

_XML_SPACE = " \t\r\n"
_SHOWN = 80
_PREFIXES = 16
_MOST_GUESSES = 100  # at what unknown names may mean: a flood of them gets no more
_FEW = 8  # places that are worked out one by one
_XLINK_HREF = clark(XLINK, "href")
_XSI_ATTRIBUTE = f"{{{XSI}}}"
_SIGNATURES = frozenset({"Signature", "DigitalSignature"})


@attrs.frozen
class Decoded:
    """A message read from its bytes.

    Attributes:
        message: The typed view.
        findings: Everything that was read past or mended; an error-severity one says that a part could not
            be read, or that a mended file is no proof of anything.
        dialect: Name of the dialect it is in, see ``vnedoc.edxml.Dialect``.
        seals: Number of signatures of the message itself, read past: they are judged elsewhere.
    """

    message: Envelope | StatusMessage
    findings: tuple[Finding, ...] = ()
    dialect: str = DEFAULT
    seals: int = 0


def decode_document(document: XmlDocument, limits: Limits, *, lenient: bool = False) -> Decoded:
    """Read a message from the same tree whose signatures were judged.

    Children are read in any order and by namespace and local name. What the table does not know is kept
    in ``unknown`` and ``unknown_attributes``; a value that cannot be read leaves its field empty, is kept
    in ``unknown`` and gives an error-severity finding.

    Args:
        document: A parsed document, see ``vnedoc.xml.parse``.
        limits: Bounds on number and size of attachments and on zip ratio.
        lenient: Read also other root names and namespaces, other spellings by case, and the forms of dates
            that programs write instead of the standard's. Each gives a finding.

    Raises:
        DecodeError: ``VND-EDX-001`` to ``010`` and ``044`` when it is no edXML message or a mandatory
            part is missing, doubled or unreadable; codes of ``vnedoc.xml`` for comments inside a value.
        LimitExceeded: ``VND-EDX-015``.
    """
    known = recognise(document.root, lenient=lenient)
    reader = Reader(document, lenient=lenient)
    reader.findings += known.findings
    return reader.message(known.dialect, limits)


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
    reader = Reader(document)
    rows = dialect(DEFAULT).document.fields
    references, carried = (reader.everywhere(row) for row in rows if row.field in ("references", "carried"))
    return join(references, carried, limits, []).attachments


def verbatim(element: etree._Element) -> str:
    """Give an element as XML text that means the same wherever it is put.

    Exclusive canonical form without comments, as it is under a seal; the prefixes that ``xsi:type`` values
    use are declared too.
    """
    return canonicalize(element, EXC_C14N, prefixes=_type_prefixes(element)).decode("utf-8")


def _type_prefixes(element: etree._Element) -> tuple[str, ...]:
    types = (str(one.get(f"{_XSI_ATTRIBUTE}type", "")) for one in element.iter(etree.Element))
    prefixes = sorted({value.partition(":")[0].strip() for value in types if ":" in value})
    return tuple(prefixes[:_PREFIXES])


# --- walking --------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """An element stays as it is; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


class Reader:
    """Walks elements and rows together, and collects the findings.

    Attributes:
        findings: In the order in which they were met.
    """

    def __init__(
        self,
        document: XmlDocument,
        *,
        lenient: bool = False,
        base: str = "",
        carried: list[Carried] | None = None,
        kept: list[Kept] | None = None,
    ) -> None:
        self.findings: list[Finding] = list(document.repairs)
        self._root = document.root
        self._runs = document.runs
        self._gaps = document.gaps
        self._lenient = lenient
        self._asked = 0
        self._meant: dict[tuple[str, str], str | None] = {}
        self._seals = 0
        self._base = base  # stands before every place: the part of a MIME message
        self._carried = carried or []  # that came outside of the document
        self._kept = kept or []  # that no field of those holds
        self._places: dict[etree._Element, str] | None = None

    def place(self, element: etree._Element) -> str:
        """Say where *element* stands, in the form of ``vnedoc.xml.location``."""
        if self._places is None:
            if self._asked < _FEW:
                self._asked += 1
                return f"{self._base}{location(element)}"
            # All at once: asking each element for its own place is quadratic in siblings.
            self._places = {self._root: f"{self._base}{location(self._root)}"}
            for parent, where in _walk(self._root, self._places[self._root]):
                self._places[parent] = where
        return self._places[element]

    def content(  # noqa: C901, PLR0912 - the one loop that every element goes through
        self, element: etree._Element, row: Row
    ) -> tuple[dict[str, Any], list[Kept]]:
        """Read the children of *element* by the rows of *row*.

        Returns:
            What the fields hold, in the order of the document; and what no field holds, with parents
            relative to *element*.
        """
        fields: dict[str, Any] = {}
        kept: list[Kept] = []
        seen: set[str] = set()
        after: str | None = None
        index = row.index
        if element.keys():
            self._attributes(element, row, "", fields, kept)
        text = element.text
        if text and text.strip(_XML_SPACE):
            self._stray(element, text)
        for child in element:
            text = child.tail
            if text and text.strip(_XML_SPACE):
                self._stray(element, text)
            tag: Any = child.tag
            known = index.get(tag)
            try:
                if known is None:
                    known = self._odd(child, row)
                    if known is None:
                        continue
                if known.name in seen and not known.many:
                    raise _Unreadable(self._repeated(child, known))  # noqa: TRY301 - one way to keep an element
                if known.is_text and (text := child.text) and not len(child) and not child.keys():
                    # Every second element; the others, and what is odd about one, are looked at closely.
                    text = text.strip(_XML_SPACE)
                    produced = bool(text)
                    if produced:
                        fields[known.field] = text  # type: ignore[index]  # every leaf has one
                elif known.value is None:
                    produced = self._group(child, known, fields, kept)
                else:
                    produced = self._leaf(child, known, fields, kept)
            except _Unreadable as why:
                self._keep(child, known, why.finding, after, kept)
                if known is not None:
                    after = known.name  # what follows stays behind it
                continue
            if tag != known.tag:
                self._misspelt(child, known)
            if produced or known.structure:
                seen.add(known.name)
                after = known.name
        return fields, kept

    def _leaf(  # noqa: C901 - two of three elements come here
        self, child: etree._Element, row: Row, fields: dict[str, Any], kept: list[Kept]
    ) -> bool:
        value: Any = row.value  # the caller asked, and every leaf has a field
        field: Any = row.field
        text = child.text
        if len(child):
            text = text_of(child)  # refuses
        text = text.strip(_XML_SPACE) if text else ""
        if not text and not row.keep_empty:
            if child.keys():
                self._empty(child, row)
            return False
        if value.plain:
            read: Any = text
        elif value is BASE64:
            read = self._octets(child, row, text)
        else:
            try:
                read = value.read(text)
            except ValueError as error:
                read = self._not_read(child, row, text, error)
            else:
                if value.exact is not None and value.exact.fullmatch(text) is None:
                    self._note("VND-EDX-020", child, row, text)
        if child.keys():
            name = nth(row.name, len(fields.get(field, ())) + 1) if row.many else row.name
            self._attributes(child, row, name, fields, kept)
        if row.many:
            fields.setdefault(field, []).append(read)
        else:
            fields[field] = read
        return True

    def _octets(self, child: etree._Element, row: Row, text: str) -> Any:
        read: Any = self._runs.get(text) if self._runs else None
        if read is None:
            try:
                read = BASE64.read(text)
            except ValueError as error:
                return self._not_read(child, row, text, error)
        if (self._gaps and text in self._gaps) or has_gaps(text):
            self.findings.append(Finding.error("VND-EDX-081", self.place(child), element=row.name))
        return read

    def _empty(self, child: etree._Element, row: Row) -> None:
        """Keep an element without text that has attributes which we would not write."""
        if surplus := _surplus(child, row):
            attribute = surplus[0].rpartition("}")[2]
            raise _Unreadable(
                Finding.warning("VND-EDX-025", self.place(child), element=row.name, attribute=attribute)
            )

    def _group(self, child: etree._Element, row: Row, fields: dict[str, Any], kept: list[Kept]) -> bool:
        """Put what *child* holds into *fields*; ``False`` when it holds nothing."""
        if row.kept:
            if len(child) or (child.text and child.text.strip(_XML_SPACE)) or _surplus(child, row):
                code = "VND-EDX-013" if row.always else "VND-EDX-024"
                raise _Unreadable(Finding.info(code, self.place(child), element=row.name))
            return False
        inner, left = self.content(child, row)
        if not inner and not left:
            return False
        component = row.name
        if row.field is None:
            fields.update(inner)
        elif row.many:
            ones = fields.setdefault(row.field, [])
            ones.append(self._made(child, row, inner))
            component = nth(row.name, len(ones))
        else:
            fields[row.field] = self._made(child, row, inner)
        if left:
            kept += put_below(component, left)
        return True

    def _made(self, child: etree._Element, row: Row, inner: dict[str, Any]) -> Any:
        """Make the object of a group, or say what it lacks."""
        if row.required_rows:
            missing = ", ".join(one.name for one in row.required_rows if one.field not in inner)
            if missing:
                facts = {"element": row.name, "missing": missing}
                raise _Unreadable(Finding.error("VND-EDX-023", self.place(child), **facts))
        if row.shape is Reference:
            self._same_content(child, inner)
        if row.shape is Reference or row.shape is Carried:
            inner["source"] = child
            inner["place"] = self.place
        return row.build(inner)

    def _same_content(self, child: etree._Element, inner: Mapping[str, Any]) -> None:
        """Report a manifest line that names its attachment twice, and not alike: readers could differ."""
        href, content_id = child.get(_XLINK_HREF), inner.get("content_id")
        if href and content_id and href[:4].lower() == "cid:" and href[4:].strip() != content_id:
            facts = {"content_id": content_id[:_SHOWN], "seen": str(href)[:_SHOWN]}
            self.findings.append(Finding.error("VND-EDX-039", self.place(child), **facts))

    def everywhere(self, row: Row) -> list[Any]:
        """Read all elements of one row, wherever they stand but in a signature; leave out unreadable ones."""
        made = []
        for element in _outside_signatures(self._root, row.tag):
            inner, _ = self.content(element, row)
            try:
                made.append(self._made(element, row, inner))
            except _Unreadable:
                continue
        return made

    # --- the two kinds of message ---

    def message(self, rows: Dialect, limits: Limits) -> Decoded:
        """Read the whole document as a message in the dialect *rows*."""
        status = is_status(self._root, rows)
        row = rows.status if status else rows.document
        fields, kept = self.content(self._root, row)
        if "sender" not in fields:
            header = next(
                self._root.iter(clark(rows.namespace, "MessageHeader"), clark(rows.namespace, "Status"))
            )
            raise DecodeError(
                "VND-EDX-006",
                "the message has no sender",
                path=location(header),
                hint="MessageHeader needs From with an OrganId of 1 to 60 characters",
                facts={"line": header.sourceline},
            )
        if rows.flat:
            put_below("edXMLEnvelope", kept)
        found = variant(rows, fields["sender"].organ_id, iter(() if status else fields))
        make = self._status if status else self._document
        message = make(row, fields, kept, limits)
        return Decoded(message, tuple(self.findings), found.name, self._seals)

    def _status(self, row: Row, fields: dict[str, Any], kept: list[Kept], _limits: Limits) -> StatusMessage:
        if "code" not in fields:
            raise no_code(self._root)
        if "response_for" not in fields:
            self.findings.append(
                Finding.error(
                    "VND-EDX-023", location(self._root), element="MessageHeader", missing="ResponseFor"
                )
            )
        message: StatusMessage = row.build(fields | parted(kept))
        return message

    def _document(self, row: Row, fields: dict[str, Any], kept: list[Kept], limits: Limits) -> Envelope:
        """Make the document message, its manifest lines joined with the attachments."""
        references: list[Reference] = fields.pop("references", [])
        carried: list[Carried] = [*fields.pop("carried", []), *self._carried]
        joined = join(references, carried, limits, self.findings)
        manifest, carrier = paths_of(row, "references", "carried")
        if kept:
            kept = renumber(kept, manifest, joined.reference_places)
            kept = renumber(kept, carrier, joined.carried_places)
        in_parts = renumber(self._kept, "part", joined.carried_places)
        kept += sorted(in_parts, key=lambda one: place_of(one.parent))
        parent, _, name = manifest.rpartition("/")
        kept += [Kept(parent, after=name, xml=verbatim(one)) for one in joined.unmatched]
        fields["attachments"] = joined.attachments
        envelope: Envelope = row.build(fields | parted(kept))
        return envelope

    # --- oddities ---

    def _odd(self, child: etree._Element, row: Row) -> Row | None:
        """Find the row of an element that the index does not have.

        Returns:
            The row that a lenient reader takes it for; ``None`` for what is passed over: comments,
            instructions, and signatures, which are judged elsewhere and never travel on with the message.
        """
        if not isinstance(child.tag, str):
            return None
        name = etree.QName(child)
        if name.localname in _SIGNATURES:
            if name.namespace == XMLDSIG:
                self._seals += 1
                return None
            if name.namespace == QCVN or row.name in ("edXMLHeader", "Header"):
                self._seals += 1
                self.findings.append(Finding.info("VND-EDX-026", self.place(child), element=name.localname))
                return None
        if self._lenient:
            lowered = name.localname.lower()
            for one in row.rows:
                if lowered in (spelling.lower() for spelling in (one.name, *one.read_as)):
                    return one
        raise _Unreadable(self._unknown(child, name.localname, row))

    def _unknown(self, child: etree._Element, name: str, row: Row) -> Finding:
        from vnedoc.edxml._rules import did_you_mean

        asked = (name, row.name)
        if asked not in self._meant and len(self._meant) < _MOST_GUESSES:
            self._meant[asked] = did_you_mean(*asked)
        better = self._meant.get(asked)
        if better is None:
            return Finding.info("VND-EDX-024", self.place(child), element=name)
        return Finding.warning("VND-EDX-036", self.place(child), element=name, better=better)

    def _misspelt(self, child: etree._Element, row: Row) -> None:
        seen = etree.QName(child).localname
        self.findings.append(Finding.warning("VND-EDX-027", self.place(child), seen=seen, expected=row.name))

    def _keep(
        self, child: etree._Element, row: Row | None, finding: Finding, after: str | None, kept: list[Kept]
    ) -> None:
        """Keep an element as it is. A known one goes back to its own place, after what was read there."""
        self.findings.append(finding)
        if prefixes := _type_prefixes(child):
            local = etree.QName(child).localname
            self.findings.append(
                Finding.info("VND-EDX-029", self.place(child), element=local, prefixes=list(prefixes))
            )
        kept.append(Kept("", after=after if row is None else row.name, xml=verbatim(child)))

    def _not_read(self, child: etree._Element, row: Row, text: str, error: ValueError) -> Any:
        """Read a value that is not in the standard's form, where leniency was asked for; else refuse it."""
        value = row.value
        assert value is not None  # noqa: S101 - a leaf
        facts = {"element": row.name, "seen": text[:_SHOWN], "expected": value.expected}
        if self._lenient and value.lenient is not None:
            try:
                read = value.lenient(text)
            except ValueError:
                pass
            else:
                self._note("VND-EDX-020", child, row, text)
                return read
        where = self.place(child)
        if row.fatal is None:
            better = value.better(text)
            if better is None:
                raise _Unreadable(Finding.error("VND-EDX-021", where, **facts)) from error
            raise _Unreadable(Finding.error("VND-EDX-037", where, **facts, better=better)) from error
        raise DecodeError(
            row.fatal,
            f"{row.name} cannot be read: {value.expected} was expected",
            path=where,
            hint="ask the sender to export the message again",
            facts={**facts, "line": child.sourceline},
        ) from error

    def _note(self, code: str, child: etree._Element, row: Row, text: str) -> None:
        assert row.value is not None  # noqa: S101 - a leaf
        self.findings.append(
            Finding.warning(
                code, self.place(child), element=row.name, seen=text[:_SHOWN], expected=row.value.expected
            )
        )

    def _repeated(self, child: etree._Element, row: Row) -> Finding:
        where = self.place(child)
        if row.structure:
            raise DecodeError(
                "VND-EDX-010",
                f"{row.name} occurs more than once",
                path=where,
                hint="two readers could take different ones; ask the sender to export the message again",
                facts={"element": row.name, "line": child.sourceline},
            )
        return Finding.error("VND-EDX-022", where, element=row.name)

    def _attributes(
        self, element: etree._Element, row: Row, parent: str, fields: dict[str, Any], kept: list[Kept]
    ) -> None:
        """Take the attributes of an element: into fields, or kept unless they are what we write anyway."""
        for key, text in element.items():
            name, value = str(key), str(text)
            if name in row.attribute_fields:
                field, form = row.attribute_fields[name]
                try:
                    fields[field] = form.read(value.strip(_XML_SPACE))
                    continue
                except ValueError:
                    pass
            if name == _XLINK_HREF and value and not value.lower().startswith("cid:"):
                self.findings.append(Finding.warning("VND-EDX-050", self.place(element), seen=value[:_SHOWN]))
            elif name in row.attributes:
                if row.attributes[name] == value:
                    continue
            elif not name.startswith(_XSI_ATTRIBUTE):
                self.findings.append(
                    Finding.warning(
                        "VND-EDX-025",
                        self.place(element),
                        element=row.name,
                        attribute=name.rpartition("}")[2],
                    )
                )
            kept.append(Kept(parent, name=name, value=value))

    def _stray(self, element: etree._Element, text: str) -> None:
        self.findings.append(
            Finding.warning("VND-EDX-028", self.place(element), seen=text.strip(_XML_SPACE)[:_SHOWN])
        )


def _surplus(element: etree._Element, row: Row) -> list[str]:
    """Name the attributes that would not be written."""
    return [str(key) for key, text in element.items() if row.attributes.get(str(key)) != text]


def _outside_signatures(root: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Give the elements of one name, but none inside a signature: nothing signs what stands in there."""
    walker = etree.iterwalk(root, events=("start",))
    for _, one in walker:
        name = etree.QName(one)
        if name.localname in _SIGNATURES and name.namespace in {XMLDSIG, QCVN}:
            walker.skip_subtree()
        elif one.tag == tag:
            yield one


def _walk(root: etree._Element, where: str) -> Iterator[tuple[etree._Element, str]]:
    """Give each element below *root* with its place."""
    waiting = [(root, where)]
    while waiting:
        parent, above = waiting.pop()
        named = [(child, etree.QName(child).localname) for child in parent.iterchildren(etree.Element)]
        total = Counter(name for _, name in named)
        met: Counter[str] = Counter()
        for child, name in named:
            met[name] += 1
            number = f"[{met[name]}]" if total[name] > 1 else ""
            here = f"{above}/{name}{number}"
            yield child, here
            waiting.append((child, here))
