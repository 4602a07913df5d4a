"""What a row of the wire table is: one element, and the field of the model that it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from vnedoc.edxml._wire._values import Value
from vnedoc.model import EDXML_TYPE, Blob, Envelope

Setter = Callable[[Any, Any], None]


@attrs.frozen(kw_only=True, eq=False)
class Row:
    """One element of the wire.

    With ``value`` it is a leaf, with ``shape`` a group that becomes one object, with neither a wrapper
    whose rows belong to the object around it.

    Attributes:
        name: Local name as it is written.
        ns: Namespace.
        field: Field of the object around it; ``None`` for a wrapper.
        value: How the text of a leaf is read and written.
        shape: Class of the object that a group becomes.
        rows: Children in the order in which they are written.
        many: May occur again; the field is a tuple.
        required: The object around it cannot be made without it.
        fatal: Code of the ``DecodeError`` when the text cannot be read; ``None``: a finding instead.
        keep_empty: An empty element is a value, not an absent one.
        absent: Value of the field when the element is absent.
        read_as: Other spellings that are read, with a finding.
        structure: Written even when empty, and refused when it occurs again.
        always: Written even when empty: some receivers want the tag.
        kept: Nothing of it is read; it stays as it is, without a finding.
        written: ``False``: read where it occurs, never written.
        prefix: Namespace prefix that is written, with its colon.
        declare: Namespace declarations that are written, as text.
        attributes: Attributes that are known, in Clark notation, and the text that is written for each;
            ``None``: not written by itself.
        attribute_fields: Attributes that fill a field, in Clark notation.
        is_text: A leaf whose text is its value, and that occurs once.
        tag: Name in Clark notation.
        index: Row of each child that is read, by name in Clark notation.
        fields: The rows that fill the fields of ``shape``, those inside wrappers included.
        required_rows: Those of ``fields`` that are required.
    """

    name: str
    ns: str
    field: str | None = None
    value: Value | None = None
    shape: Callable[..., Any] | None = None
    rows: tuple[Row, ...] = ()
    many: bool = False
    required: bool = False
    fatal: str | None = None
    keep_empty: bool = False
    absent: Any = None
    read_as: tuple[str, ...] = ()
    structure: bool = False
    always: bool = False
    kept: bool = False
    written: bool = True
    prefix: str = "edXML:"
    declare: str = ""
    attributes: Mapping[str, str | None] = attrs.field(factory=dict)
    attribute_fields: Mapping[str, tuple[str, Value]] = attrs.field(factory=dict)
    is_text: bool = attrs.field(init=False, repr=False)
    tag: str = attrs.field(init=False, repr=False)
    index: Mapping[str, Row] = attrs.field(init=False, repr=False)
    fields: tuple[Row, ...] = attrs.field(init=False, repr=False)
    required_rows: tuple[Row, ...] = attrs.field(init=False, repr=False)
    _plan: tuple[tuple[Setter, str, bool, Any], ...] | None = attrs.field(init=False, repr=False)

    @is_text.default
    def _is_text(self) -> bool:
        return self.value is not None and self.value.plain and not (self.many or self.keep_empty)

    @tag.default
    def _tag(self) -> str:
        return clark(self.ns, self.name)

    @index.default
    def _index(self) -> Mapping[str, Row]:
        return {clark(row.ns, name): row for row in self.rows for name in (row.name, *row.read_as)}

    @fields.default
    def _fields(self) -> tuple[Row, ...]:
        return tuple(one for row in self.rows for one in (row.fields if row.field is None else (row,)))

    @required_rows.default
    def _required_rows(self) -> tuple[Row, ...]:
        return tuple(row for row in self.fields if row.required)

    @_plan.default
    def _make_plan(self) -> tuple[tuple[Setter, str, bool, Any], ...] | None:
        """Say how the object is made without its constructor: each slot, its field, many, and its default."""
        if self.shape is None:
            return None
        shape: Any = self.shape
        filled = {row.field: row for row in self.fields}
        plan = []
        for one in attrs.fields(shape):
            row = filled.get(one.name)
            many = row is not None and row.many
            if row is None:
                default = None if one.default is attrs.NOTHING else one.default
            else:
                default = () if many else row.absent
            plan.append((getattr(shape, one.name).__set__, one.name, many, default))
        return tuple(plan)

    def build(self, found: Mapping[str, Any]) -> Any:
        """Make the object from the fields that were found.

        The constructor is passed by: every value comes from a ``Value`` or another row, so what it would
        check holds already. A test builds each object again with its constructor.
        """
        shape: Any = self.shape
        made = shape.__new__(shape)
        for put, name, many, default in self._plan or ():
            if many:
                put(made, tuple(found.get(name, ())))
            else:
                put(made, found.get(name, default))
        return made


def clark(ns: str, name: str) -> str:
    """Give a name in Clark notation."""
    return f"{{{ns}}}{name}" if ns else name


@attrs.frozen(kw_only=True, eq=False)
class Reference:
    """One line of the manifest. ``source`` is the element it was read from."""

    content_id: str | None
    content_type: str | None
    description: str | None
    name: str | None
    source: Any = None
    place: Callable[[Any], str] = lambda _: ""

    @property
    def where(self) -> str:
        """Its place in the document, for findings."""
        return self.place(self.source)


@attrs.frozen(kw_only=True, eq=False)
class Carried:
    """One attachment as it is carried; ``source`` and ``where`` as for ``Reference``."""

    content_id: str | None
    name: str | None
    description: str | None
    content_type: str | None
    content: Blob
    source: Any = None
    place: Callable[[Any], str] = lambda _: ""

    @property
    def where(self) -> str:
        """Its place in the document, for findings."""
        return self.place(self.source)


@attrs.frozen
class Dialect:
    """One way of writing a message.

    Attributes:
        name: ``2016``, ``2016-official``, ``2022``, ``2022-official``, ``2014`` or ``2014-inet``.
        edition: Year of the text that it follows: 2014, 2016 or 2022.
        title: What it is, for people.
        source: The text that it follows, and who writes so.
        namespace: Of its own elements.
        document: Rows of a document message.
        status: Rows of a status message.
        packaging: ``xml``, one XML document, or ``mime``, multipart/related with a SOAP 1.1 part.
        part: Rows of an attachment's own MIME part; ``None`` for ``xml``.
        scope: Prefixes that are bound on the root, by namespace.
        flat: The envelope itself is the root: a mistake that a lenient reader takes.
    """

    name: str
    edition: int
    title: str
    source: str
    namespace: str = attrs.field(repr=False)
    document: Row = attrs.field(repr=False)
    status: Row = attrs.field(repr=False)
    packaging: str = attrs.field(default="xml", repr=False)
    part: Row | None = attrs.field(default=None, repr=False)
    scope: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    flat: bool = attrs.field(default=False, repr=False)

    @property
    def content_type(self) -> str:
        """Media type of a message in it."""
        return EDXML_TYPE if self.packaging == "xml" else "multipart/related"

    def row_of(self, message: object) -> Row:
        """Give the rows for a kind of message."""
        return self.document if isinstance(message, Envelope) else self.status
