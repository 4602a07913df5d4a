"""The page of the wire table, for make_reference.py.

Names, order and fields come from the table that drives reader and writer; how often an element may stand and
how long its text may be comes from the grammars.
"""

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import attrs
from lxml import etree

from vnedoc.edxml import DIALECTS, Dialect, dialect, relaxng

DIGITS = re.compile(r"\[0-9\]\{1,([0-9]+)\}")
RNG = "{http://relaxng.org/ns/structure/1.0}"
INTRO = """\
Which element of a message is which field of the model, in every dialect. One table in the code drives
reading and writing, and this page is made from it.

- Elements are **read** by namespace and local name, in any order, and under the other names that stand here.
  What is not in the table is kept as it is and written back in its place, with a finding.
- They are **written** in the order of the tables, with the prefix that stands here: some receivers go by it.

```python
from vnedoc.edxml import DIALECTS, dialect

assert DIALECTS == ("2016", "2016-official", "2022", "2022-official", "2014", "2014-inet")
assert dialect("2016").packaging == "xml"
```

`vnedoc convert --to NAME` and {func}`vnedoc.edxml.convert` go from one dialect to another, and list what the
other cannot carry."""
GRAMMARS = """\
What a correct message of a dialect is stands in a RELAX NG grammar (ISO/IEC 19757-2, XML syntax), which any
validator takes, `jing` or `xmllint --relaxng` for instance; {func}`vnedoc.edxml.relaxng` gives its text. It
was written by hand from what is known of the standard and from real messages, not from the code, and says at
each element how well the fact is known. It is stricter than reading: all public samples of documents break it
(letters in `CodeNumber`, no `OrganName`, `Signature` in the wrong namespace), and receivers take them all the
same. Use it to judge what *you* write.

```python
from lxml import etree

from vnedoc.edxml import relaxng

grammar = etree.RelaxNG(etree.fromstring(relaxng("2016").encode()))
attachment = etree.RelaxNG(etree.fromstring(relaxng("2014", part=True).encode()))
```

From a shell: `python -c "from vnedoc.edxml import relaxng; print(relaxng('2022'))" > 2022.rng`, then
`xmllint --noout --relaxng 2022.rng FILE`.

What no grammar can say is in [the rules](rules.md)."""
COLUMNS = """\
*Times* and lengths are those of the grammar: `1`, `0..1`, `1..n` or `0..n` within the element around it.
*Field* is the field of {class}`vnedoc.model.Envelope` or {class}`vnedoc.model.StatusMessage`, with a dot
before it that of the object above; an element without a field only groups those below it. Forms:
*organisation*, the identifier of one, of at most 13 characters in 2016 and 35 in 2022, where old and new
codes live side by side; *document*, the identifier of one. The prefix is `edXML:` where no other is named."""
EXTENSIONS = """\
Elements of one SDK that no field holds, so they are kept as unknown ones: `ResponseForTask`,
`ApplicationType` (also in 2014), `ReplyFors` and `ReferenceCodes` in `MessageHeader`, `DepartmentId` and
`StaffId` in `StaffInfo`, `Paper` directly in `TraceHeaderList`. The grammars of 2016 and 2022 in the axis's
order accept the first two, those of 2014 the second; for the others no place is known."""
ORDERS = """\
Where the order is not the same in every dialect. A status is written in one order everywhere; in it
`OrganName` comes before `OrganizationInCharge` and `Mobile` before `Email`, in a document the other way
round."""
VARIANTS_INTRO = """\
What other programs write instead, and the finding that says so. *Lenient* rows are read only with
`EdXmlCodec(mode="lenient")`. What is written afterwards is always the standard's form."""
# What is no element of the table: standard, variant, where it was seen, code, lenient only.
VARIANTS = (
    ("`edXML` as root", "`EdXML`", "early local guides", "VND-EDX-012", True),
    (
        "`edXML` around `edXMLEnvelope`",
        "`edXMLEnvelope` or `EdXMLEnvelope` as root",
        "early local guides",
        "VND-EDX-012",
        True,
    ),
    (
        "the namespace of QCVN 102:2016",
        "`http://www.go.vn/eDoc`, or none",
        "early local guides; refused across provinces",
        "VND-EDX-012",
        True,
    ),
    (
        "a bound prefix",
        "`edXML:AttachmentEncoded`, `xlink:href` with the prefix not bound",
        "hand-made messages",
        "VND-XML-021",
        True,
    ),
    ("the XML declaration first", "other octets before it", "exports and mail", "VND-XML-020", True),
    (
        "yyyy/MM/dd",
        "dd/MM/yyyy; yyyy-MM-dd; ISO 8601",
        "2014 and programs after it",
        "VND-EDX-020",
        True,
    ),
    (
        "`Signature` in the namespace of XML-Signature",
        "`Signature` in that of QCVN 102:2016; `edXML:DigitalSignature`",
        "the axis and its SDK; the C# library",
        "VND-EDX-026",
        False,
    ),
    ("the name as it is spelt", "the same in other capitals", "hand-written programs", "VND-EDX-027", True),
    ("`cid:` before a ContentId", "none", "the C# library", "", False),
)
MODEL_NAMES = {"references": "attachments", "carried": "attachments"}
CARRIED_NAMES = {"content": "blob", "content_type": "attachment_type"}
PREFIXES = {
    "http://www.w3.org/1999/xlink": "xlink:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://schemas.xmlsoap.org/soap/envelope/": "SOAP-ENV:",
}
FORMS = {
    "an organisation identifier": "organisation",
    "a document identifier of at most 200 characters": "document, at most 200",
    "an integer": "integer",
}
MANY = {(False, False): "1", (False, True): "0..1", (True, False): "1..n", (True, True): "0..n"}


@attrs.frozen
class Line:
    """One element in its place."""

    path: str
    depth: int
    field: str
    row: Any


def wire_page() -> Iterator[str]:
    """Every dialect, row by row, and how they differ."""
    yield "# Messages on the wire"
    yield ""
    yield INTRO
    yield from _dialects()
    yield ""
    yield "## Grammars"
    yield ""
    yield GRAMMARS
    yield ""
    yield "## Elements"
    yield ""
    yield COLUMNS
    for title, pick, part in (
        ("Document message", lambda one: one.document, False),
        ("Status message", lambda one: one.status, False),
        ("Part of an attachment", lambda one: one.part, True),
    ):
        for names in _groups(pick):
            yield ""
            yield f"### {title}, {_listed(names)}"
            yield ""
            yield from _table(pick(dialect(names[0])), names[0], part=part)
    yield ""
    yield EXTENSIONS
    yield from _orders()
    yield from _variants()


def _dialects() -> Iterator[str]:
    yield ""
    yield "## Dialects"
    yield ""
    yield "| Name | What it is | Packaging | Namespace |"
    yield "|---|---|---|---|"
    for name in DIALECTS:
        one = dialect(name)
        packaging = "one XML document" if one.packaging == "xml" else "MIME multipart/related, SOAP 1.1"
        yield f"| `{name}` | {one.title} | {packaging} | `{one.namespace}` |"


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if names[1:] else names[0]


def _groups(pick: Callable[[Dialect], Any]) -> list[list[str]]:
    """Put dialects together that have the same rows in whatever order; the first has its order shown."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in DIALECTS:
        if (row := pick(dialect(name))) is not None:
            key = tuple(sorted(" ".join((one.path, *_cells(one))) for one in _lines(row)))
            groups.setdefault(key, []).append(name)
    return list(groups.values())


# --- rows -----------------------------------------------------------------------------------------


def _lines(row: Any, path: str = "", field: str = "", depth: int = 0) -> Iterator[Line]:
    here = f"{path}/{row.name}".lstrip("/")
    yield Line(here, depth, field, row)
    for child in row.rows if row.written else ():
        yield from _lines(child, here, _field(child, row, field), depth + 1)
    for attribute, (name, _) in row.attribute_fields.items():
        yield Line(f"{here}/@{_attribute(attribute)}", depth + 1, f"{field}.{name}".lstrip("."), None)


def _field(child: Any, row: Any, field: str) -> str:
    if child.field is None:
        return field
    carried = field == "attachments[]" and any(one.field == "content" for one in row.rows)
    name = (
        CARRIED_NAMES.get(child.field, child.field) if carried else MODEL_NAMES.get(child.field, child.field)
    )
    return f"{field}.{name}{'[]' if child.many else ''}".lstrip(".")


def _attribute(name: str) -> str:
    ns, _, local = name.lstrip("{").rpartition("}")
    return f"{PREFIXES.get(ns, 'edXML:' if ns else '')}{local}"


def _cells(line: Line) -> tuple[str, str]:
    """Give field and notes."""
    row = line.row
    if row is None:
        return f"`{_relative(line.field)}`", ""
    notes = []
    if row.read_as:
        notes.append(f"also read as {', '.join(f'`{one}`' for one in row.read_as)}")
    if not row.prefix:
        notes.append("no prefix")
    if not row.written:
        below = ", with what is in it as in 2016" if row.rows else ""
        notes.append(f"read{below}; never written")
    if row.kept:
        notes.append("kept as it is")
    if row.always and not row.kept:
        notes.append("written even when empty")
    if row.attributes:
        told = (
            f"`{_attribute(name)}`" + ("" if text is None else f"=`{text}`")
            for name, text in sorted(row.attributes.items())
        )
        notes.append(f"attributes {', '.join(told)}")
    field = f"`{_relative(line.field)}`" if row.field else ""
    return field, "; ".join(notes)


def _relative(field: str) -> str:
    """Give a field of a message by its name, one of an object inside with a dot before it."""
    _, dot, last = field.rpartition(".")
    return f"{dot}{last}"


def _table(root: Any, name: str, *, part: bool) -> Iterator[str]:
    facts = _facts(name, root, part=part)
    yield "| Element | Field | Form | Times | Notes |"
    yield "|---|---|---|---|---|"
    for line in _lines(root):
        field, notes = _cells(line)
        times, longest = facts.get(line.path, ("", ""))
        if line.row is None:
            form, times = "cid:…", "1"
        else:
            form = FORMS.get(expected := line.row.value.expected, expected) if line.row.value else ""
        if longest:
            form = f"at most {longest}" if "digits" in longest else f"{form}, at most {longest}"
        local = line.path.rpartition("/")[2]
        if line.row is not None and line.row.prefix.startswith("SOAP"):
            local = f"{line.row.prefix}{local}"
        indent = "&nbsp;&nbsp;" * line.depth
        cells = (f"{indent}`{local}`", field, form.replace("|", "\\|"), times, notes)
        yield f"| {' | '.join(cells)} |"


def _facts(name: str, root: Any, *, part: bool) -> dict[str, tuple[str, str]]:
    """Give times and greatest length of each element of a grammar, by path."""
    tree = etree.fromstring(relaxng(name, part=part).encode())
    defines = {one.get("name"): one for one in tree.iterfind(f"{RNG}define")}
    found: dict[str, tuple[str, str]] = {}

    def walk(pattern: Any, path: str, *, many: bool = False, optional: bool = False) -> None:
        for one in pattern.iterchildren(etree.Element):
            kind = etree.QName(one).localname
            if kind == "element":
                local = (one.get("name") or "").rpartition(":")[2]
                here = f"{path}/{local}".lstrip("/")
                found.setdefault(here, (MANY[many, optional], ""))
                walk(one, here)
            elif kind == "ref" and one.get("name") not in ("anything", "organ"):
                walk(defines[one.get("name")], path, many=many, optional=optional)
            elif kind == "param" and one.get("name") == "maxLength":
                found[path] = (found[path][0], one.text or "")
            elif kind == "param" and (match := DIGITS.fullmatch(one.text or "")):
                found[path] = (found[path][0], f"{match[1]} digits")
            elif kind not in ("attribute", "ref"):
                walk(
                    one,
                    path,
                    many=many or kind in ("zeroOrMore", "oneOrMore"),
                    optional=optional or kind in ("zeroOrMore", "optional"),
                )

    start = tree.find(f"{RNG}start")
    kinds = [defines[one.get("name")] for one in start.iter(f"{RNG}ref")] if start is not None else []
    is_status = any(line.row is not None and line.row.name == "StatusCode" for line in _lines(root))
    walk(kinds[1 if is_status else 0] if kinds else start, "")
    return found


# --- how they differ ------------------------------------------------------------------------------


def _orders() -> Iterator[str]:
    yield ""
    yield "## Orders side by side"
    yield ""
    yield ORDERS
    for name_of_element in ("MessageHeader", "Bussiness", "Reference"):
        columns: dict[tuple[str, ...], list[str]] = {}
        for name in DIALECTS:
            for line in _lines(dialect(name).document):
                if line.row is not None and line.row.name == name_of_element and line.row.written:
                    order = tuple(f"`{child.name}`" for child in line.row.rows if child.written)
                    columns.setdefault(order, []).append(name)
        yield ""
        yield f"### {name_of_element}"
        yield ""
        yield f"| | {' | '.join(_listed(names) for names in columns.values())} |"
        yield f"|---:|{'---|' * len(columns)}"
        for number, row in enumerate(zip_longest(*columns, fillvalue=""), 1):
            yield f"| {number} | {' | '.join(row)} |"


def _variants() -> Iterator[str]:
    yield ""
    yield "## Variants"
    yield ""
    yield VARIANTS_INTRO
    yield ""
    yield "| Standard | Variant | Dialects | Finding | Lenient |"
    yield "|---|---|---|---|---|"
    spellings: dict[tuple[str, str], list[str]] = {}
    for name in DIALECTS:
        one = dialect(name)
        for root in (one.document, one.status, one.part):
            for line in _lines(root) if root else ():
                for other in line.row.read_as if line.row else ():
                    held = spellings.setdefault((line.row.name, other), [])
                    if name not in held:
                        held.append(name)
    for (standard, other), names in spellings.items():
        where = "all" if len(names) == len(DIALECTS) else ", ".join(names)
        yield f"| `{standard}` | `{other}` | {where} | {_code('VND-EDX-027')} | |"
    yield ""
    yield "| Standard | Variant | Who writes it | Finding | Lenient |"
    yield "|---|---|---|---|---|"
    for standard, other, who, code, lenient in VARIANTS:
        yield f"| {standard} | {other} | {who} | {_code(code)} | {'yes' if lenient else ''} |"


def _code(code: str) -> str:
    return f"[{code}](#{code.lower()})" if code else ""
