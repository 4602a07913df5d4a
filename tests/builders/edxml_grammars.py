"""A grammar beside the wire table: walks both and says in words where they differ."""

import re

import attrs
from lxml import etree

from vnedoc.model import StatusCode

RNG = "http://relaxng.org/ns/structure/1.0"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
# A correct element that no field of the model holds: the codec keeps it as unknown.
EXTENSIONS = frozenset(
    {
        *((name, one) for name in ("2016", "2022") for one in ("ResponseForTask", "ApplicationType")),
        *((name, "ApplicationType") for name in ("2014", "2014-inet")),
    }
)


@attrs.frozen(eq=False)
class Item:
    """One element of a grammar, where it is used."""

    tag: str
    pattern: etree._Element
    many: bool
    optional: bool
    loose: bool


class Grammar:
    """Walks the patterns of a grammar."""

    def __init__(self, text):
        self.root = etree.fromstring(text.encode())
        self._defines = {one.get("name"): one for one in self.root.iterfind(f"{{{RNG}}}define")}

    def starts(self):
        return list(self.items(self.root.find(f"{{{RNG}}}start")))

    def inside(self, pattern):
        """Give every pattern that is used in one, elements not entered."""
        for one in pattern.iterchildren(etree.Element):
            kind = etree.QName(one).localname
            if kind == "ref":
                # The content of signatures is any element, without end.
                if one.get("name") != "anything":
                    yield from self.inside(self._defines[one.get("name")])
                continue
            yield kind, one
            if kind not in ("element", "attribute"):
                yield from self.inside(one)

    def items(self, pattern, *, many=False, optional=False, loose=False):
        for one in pattern.iterchildren(etree.Element):
            kind = etree.QName(one).localname
            flags = {
                "many": many or kind in ("zeroOrMore", "oneOrMore"),
                "optional": optional or kind in ("zeroOrMore", "optional", "choice"),
                "loose": loose or kind == "interleave",
            }
            if kind == "element":
                yield Item(self._clark(one), one, many, optional, loose)
            elif kind == "ref":
                if one.get("name") != "anything":
                    yield from self.items(self._defines[one.get("name")], **flags)
            elif kind in ("choice", "group", "interleave", "optional", "zeroOrMore", "oneOrMore"):
                yield from self.items(one, **flags)

    def attributes(self, pattern):
        return {
            self._clark(one): {value.text for value in one.iter(f"{{{RNG}}}value")}
            for kind, one in self.inside(pattern)
            if kind == "attribute"
        }

    def values(self, pattern):
        """Give the texts that are listed, and the regular expressions."""
        found = list(self.inside(pattern))
        patterns = [one.text for kind, one in found if kind == "param" and one.get("name") == "pattern"]
        return {one.text for kind, one in found if kind == "value"}, patterns

    def is_leaf(self, pattern):
        return any(kind in ("text", "data", "value") for kind, _ in self.inside(pattern))

    def _clark(self, one):
        prefix, _, local = one.get("name").rpartition(":")
        attribute = etree.QName(one).localname == "attribute"
        if prefix:
            ns = "http://www.w3.org/XML/1998/namespace" if prefix == "xml" else one.nsmap[prefix]
        elif "ns" in one.attrib or attribute:
            ns = one.get("ns", "")
        else:
            ns = self.root.get("ns")
        return f"{{{ns}}}{local}" if ns else local


def compare(name, tree, row, item, path=""):
    """Say in words where a row and an element of the grammar differ."""
    here = f"{path}/{row.name}"
    yield from compare_attributes(tree, row, item, here)
    if row.kept:
        return  # the codec reads nothing of it
    if (row.value is not None) != tree.is_leaf(item.pattern):
        yield f"{here}: a text in the one, a group in the other"
    if row.value is not None:
        yield from compare_values(tree, row, item, here)
    # What is read but never written is no part of a correct message; other spellings neither.
    rows = [one for one in row.rows if one.written]
    items = [
        one for one in tree.items(item.pattern) if (name, etree.QName(one.tag).localname) not in EXTENSIONS
    ]
    if [one.tag for one in items[-1:]] == [f"{{{XMLDSIG}}}Signature"] and items[-1].optional:
        items.pop()
    for start, end in loose_runs(items):
        rows[start:end] = sorted(rows[start:end], key=lambda one: one.tag)
        items[start:end] = sorted(items[start:end], key=lambda one: one.tag)
    if [one.tag for one in rows] != [one.tag for one in items]:
        yield f"{here}: table {[one.name for one in rows]}, grammar {[one.tag for one in items]}"
        return
    for one, other in zip(rows, items, strict=True):
        if one.many != other.many:
            yield f"{here}/{one.name}: occurs again in one only"
        if (one.required or one.structure) and other.optional:
            yield f"{here}/{one.name}: may be absent in the grammar only"
        yield from compare(name, tree, one, other, here)


def loose_runs(items):
    """Give the places of elements whose order is free."""
    start = None
    for place, one in enumerate([*items, None]):
        loose = one is not None and one.loose
        if loose and start is None:
            start = place
        elif not loose and start is not None:
            yield start, place
            start = None


def compare_attributes(tree, row, item, here):
    told = tree.attributes(item.pattern)
    written = {key: text for key, text in row.attributes.items() if text is not None}
    known = {*row.attributes, *row.attribute_fields}
    if missing := {*written, *row.attribute_fields} - set(told):
        yield f"{here}: attributes {missing} are not in the grammar"
    if more := set(told) - known:
        yield f"{here}: attributes {more} are not in the table"
    for key, text in written.items():
        if told.get(key) and text not in told[key]:
            yield f"{here}: attribute {key} is written as {text}"


DATES = {
    "yyyy/MM/dd": "2026/11/30",
    "dd/MM/yyyy": "30/11/2026",
    "yyyy/MM/dd HH:mm:ss": "2026/11/30 08:00:05",
    "dd/MM/yyyy HH:mm:ss": "30/11/2026 08:00:05",
}


def compare_values(tree, row, item, here):
    expected = row.value.expected
    listed, patterns = tree.values(item.pattern)
    if expected in DATES:
        (pattern,) = patterns
        fitting = {form for form, text in DATES.items() if re.fullmatch(pattern, text)}
        if fitting != {expected}:
            yield f"{here}: {expected} in the table, {fitting} in the grammar"
    elif " | " in expected:
        codes = {one.value for one in StatusCode} if row.field == "code" else set(expected.split(" | "))
        if listed != codes:
            yield f"{here}: {codes} in the table, {listed} in the grammar"
    elif listed:
        yield f"{here}: a code list in the grammar only"
