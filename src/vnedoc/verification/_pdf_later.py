# mypy: disable-error-code="no-untyped-call"
"""What came after a signed revision, and whether it is harmless (ISO 32000-2, 12.8.2).

pyHanko's analysis decides what may change at all. The rules here stand beside it, because it takes too much:
signature fields that nobody signed but that paint or act, and the defaults of the whole form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

import attrs
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from vnedoc.verification._pdf_bounds import Reader, at, raw

_Key = tuple[int, int]

# The only form entries that a later revision may change.
_GROWING = {"/Fields", "/SigFlags"}
# Looks of text for fields that have none; to a form with nothing but signature fields they mean nothing.
_TEXT_LOOKS = {"/DA", "/DR"}
# What an empty signature field that is added later may hold: nothing that is seen, nothing that acts.
_INERT = frozenset(
    {"/Type", "/Subtype", "/FT", "/T", "/TU", "/TM", "/Ff", "/V", "/P", "/Rect", "/F", "/Lock", "/SV"}
    | {"/Kids", "/Parent", "/NM", "/M"}
)
# What a field that is signed in the same update may hold beside that: its looks.
_LOOKS = frozenset(("/AP", "/AS", "/DA", "/Q", "/MK", "/BS", "/Border", "/H", "/DR", "/StructParent"))
# Names that make a reader run, send, fetch or unpack something.
_ACTING = frozenset(
    {"/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/AA", "/XFA"}
    | {"/OpenAction", "/SubmitForm", "/ImportData", "/Rendition", "/GoToE", "/GoToR", "/Movie", "/Sound"}
)


@attrs.frozen(kw_only=True)
class Changes:
    """What came after a signed revision.

    Attributes:
        refused: Why the change is not one of those that are harmless; ``None`` when all are.
        filled: Form fields, other than signature fields, whose value changed.
        beyond: The changes are more than the signature's own permission allows.
    """

    refused: str | None = None
    filled: tuple[str, ...] = ()
    beyond: bool = False


@attrs.frozen(kw_only=True)
class Shown:
    """One place where a signature field is seen.

    Attributes:
        page: Counted from 1; 0 when no page lists it.
        width: Of the rectangle, in points.
        height: The same.
    """

    page: int
    width: int
    height: int


def review(reader: Reader, revision: int, permission: int | None, locks: FieldMDPSpec | None) -> Changes:
    """Compare every later revision with *revision*."""
    later = range(revision + 1, reader.xrefs.total_revisions)
    if any(_is_hybrid(reader, one) for one in later):
        return Changes(refused="hybrid cross-references in a later revision")
    level_allowed = None if permission is None else MDPPerm(permission)
    result = DEFAULT_DIFF_POLICY.review_file(reader, revision, field_mdp_spec=locks, doc_mdp=level_allowed)
    if not isinstance(result, DiffResult):
        return Changes(refused=str(result)[:200])
    old = reader.get_historical_resolver(revision)
    nodes, missing = _form(old), _missing(old)
    signed: set[str] = set()
    for one in later:
        new = reader.get_historical_resolver(one)
        found = _form(new)
        refused = (
            _form_entries(old, new, nodes)
            or _added(nodes, found)
            or _acting(old, new)
            or _supplied(missing, new)
        )
        if refused is not None:
            return Changes(refused=refused)
        before = {node.name for node in nodes.values() if node.signed}
        signed |= {node.name for node in found.values() if node.signed} - before
    level = result.modification_level
    touched = result.changed_form_fields if level > ModificationLevel.LTA_UPDATES else ()
    return Changes(
        filled=tuple(sorted(set(map(str, touched)) - signed)),
        beyond=level is ModificationLevel.OTHER
        or (level_allowed is not None and level.value > level_allowed.value),
    )


def _is_hybrid(reader: Reader, revision: int) -> bool:
    kind = reader.xrefs.get_xref_container_info(revision).xref_section_type
    return bool(kind is XRefSectionType.HYBRID_MAIN)


# --- the form -------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Node:
    """A form field, or the widget of one.

    Attributes:
        name: Full name of the field.
        kind: Its ``/FT``, which it may have from above; ``None`` when there is none.
        value: The dictionary.
        signed: It is a signature field, or belongs to one, that has a value.
    """

    name: str
    kind: str | None
    value: Any
    signed: bool


def _form(resolver: Any) -> dict[_Key, _Node]:
    """Give all fields and widgets of the form, by object number."""
    found: dict[_Key, _Node] = {}
    fields = at(resolver.root, "/AcroForm", "/Fields")
    waiting = [(one, "", None, False) for one in _references(fields)]
    while waiting:
        reference, above, kind, signed = waiting.pop()
        key = (reference.idnum, reference.generation)
        if key in found:
            continue
        value = _dictionary(reference.get_object())
        part = at(value, "/T")
        name = above if part is None else f"{above}.{part}" if above else str(part)
        kind = at(value, "/FT") or kind
        signed = kind == "/Sig" and (signed or isinstance(at(value, "/V"), generic.DictionaryObject))
        found[key] = _Node(name=name, kind=kind, value=value, signed=signed)
        waiting += [(one, name, kind, signed) for one in _references(at(value, "/Kids"))]
    return found


def _form_entries(old: Any, new: Any, nodes: Mapping[_Key, _Node]) -> str | None:
    """Refuse other defaults for the whole form: fonts, default appearance, whether readers draw anew."""
    only_signatures = all(node.kind == "/Sig" for node in nodes.values())
    before, after = (_dictionary(at(one.root, "/AcroForm")) for one in (old, new))
    for key in sorted({*before, *after} - _GROWING):
        if only_signatures and key in _TEXT_LOOKS and key not in before:
            continue
        if not _is_same(at(before, key), at(after, key)):
            return f"a change of the form's {key}"
    return None


def _is_same(before: Any, after: Any) -> bool:
    """Compare two values as they stand; what they refer to is pyHanko's analysis to watch."""
    before, after = (
        one.decrypted if isinstance(one, generic.DecryptedObjectProxy) else one for one in (before, after)
    )
    if type(before) is not type(after) or isinstance(before, generic.StreamObject):
        return False
    if isinstance(before, generic.DictionaryObject):
        return before.keys() == after.keys() and all(
            _is_same(before.raw_get(key), after.raw_get(key)) for key in before
        )
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_is_same, before, after))
    return bool(before == after)


def _added(before: Mapping[_Key, _Node], after: Mapping[_Key, _Node]) -> str | None:
    """Refuse new fields and widgets that show or do anything, unless they are signed with it."""
    for key, node in after.items():
        if key in before:
            continue
        value = node.value
        strange = set(value) - (_INERT | _LOOKS if node.signed else _INERT)
        if strange:
            return f"{min(strange)} in the new field {node.name}"
        if "/Subtype" in value and at(value, "/Subtype") != "/Widget":
            return f"{at(value, '/Subtype')} as the new field {node.name}"
        if not node.signed and not _is_nowhere(value):
            return f"the new field {node.name}, which is empty and has a place on a page"
        if any((one.idnum, one.generation) in before for one in _references(at(value, "/Kids"))):
            return f"the new field {node.name}, which takes over a widget"
    return None


def _is_nowhere(value: Any) -> bool:
    """Tell whether a widget has the rectangle of nothing, literally; a field without one has its widgets."""
    if "/Rect" not in value:
        return "/Subtype" not in value
    return list(_array(at(value, "/Rect"))) == [0, 0, 0, 0]


# --- what acts ------------------------------------------------------------------------------------


def _acting(old: Any, new: Any) -> str | None:
    """Refuse what acts when it is in an object that a later revision wrote and was not there before."""
    for reference in new.explicit_refs_in_revision():
        found = _acting_names(new(reference))
        if found and old.reader.xrefs.get_historical_ref(reference, old.revision) is not None:
            found -= _acting_names(old(reference))
        if found:
            return f"active content that was not signed: {', '.join(sorted(found))}"
    return None


def _acting_names(value: Any) -> set[str]:
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = raw(waiting.pop())
        if isinstance(one, dict):
            found |= _ACTING & one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, generic.NameObject) and one in _ACTING:
            found.add(str(one))
    return found


# --- what was missing -----------------------------------------------------------------------------


def _missing(resolver: Any) -> set[int]:
    """Give the numbers of objects that a revision refers to and does not hold, which makes them null.

    pyHanko takes a new object for unused when nothing *new* refers to it, and does not follow ``/Parent``,
    from which pages inherit.
    """
    xrefs, revision = resolver.reader.xrefs, resolver.revision
    missing: set[int] = set()
    met: set[_Key] = set()
    waiting: list[Any] = [resolver.trailer_view]
    while waiting:
        one = raw(waiting.pop())
        if isinstance(one, generic.IndirectObject):
            key = (one.idnum, one.generation)
            if key in met:
                continue
            met.add(key)
            if xrefs.get_historical_ref(one.reference, revision) is None:
                missing.add(one.idnum)
            else:
                waiting.append(resolver.once(one.reference))
        elif isinstance(one, (dict, list)):
            waiting += one.values() if isinstance(one, dict) else one
    return missing


def _supplied(missing: set[int], new: Any) -> str | None:
    """Refuse an object that the signed revision already referred to."""
    found = missing & {one.idnum for one in new.explicit_refs_in_revision()}
    return f"object {min(found)}, which the signed part refers to and does not hold" if found else None


# --- what is seen ---------------------------------------------------------------------------------


def shown(reader: Reader, field: Any) -> tuple[Shown, ...]:
    """Give the places where the signature field *field*, a reference, is seen in the last revision."""
    last = reader.get_historical_resolver(reader.xrefs.total_revisions - 1)
    value = _dictionary(last(field.reference))
    widgets = [
        (field, value),
        *((one, _dictionary(one.get_object())) for one in _references(at(value, "/Kids"))),
    ]
    seen = [(one, widget) for one, widget in widgets if "/Rect" in widget and not _is_nowhere(widget)]
    pages = _pages(last) if seen else {}
    return tuple(
        Shown(page=pages.get((one.idnum, one.generation), 0), width=width, height=height)
        for one, widget in seen
        for width, height in [_size(at(widget, "/Rect"))]
    )


def _pages(resolver: Any) -> dict[_Key, int]:
    """Give the page of each annotation, counted from 1."""
    found: dict[_Key, int] = {}
    waiting = list(_references(generic.ArrayObject([resolver.root.raw_get("/Pages")])))
    met: set[_Key] = set()
    count = 0
    while waiting:
        reference = waiting.pop()
        if (
            not isinstance(reference, generic.IndirectObject)
            or (reference.idnum, reference.generation) in met
        ):
            continue
        met.add((reference.idnum, reference.generation))
        node = _dictionary(reference.get_object())
        kids = list(_references(at(node, "/Kids")))
        waiting += kids[::-1]
        if not kids:
            count += 1
            for one in _references(at(node, "/Annots")):
                found.setdefault((one.idnum, one.generation), count)
    return found


def _size(rectangle: Any) -> tuple[int, int]:
    numbers = [float(one) for one in _array(rectangle) if isinstance(one, (int, float, generic.FloatObject))]
    if len(numbers) != 4:  # noqa: PLR2004 - two corners
        return 0, 0
    left, bottom, right, top = numbers
    return ceil(abs(right - left)), ceil(abs(top - bottom))


# --- shapes ---------------------------------------------------------------------------------------


def _dictionary(value: Any) -> Any:
    return value if isinstance(value, generic.DictionaryObject) else generic.DictionaryObject()


def _array(value: Any) -> Iterator[Any]:
    if isinstance(value, generic.ArrayObject):
        yield from (one.get_object() for one in value)


def _references(value: Any) -> Iterator[Any]:
    if isinstance(value, generic.ArrayObject):
        yield from (one for one in value if isinstance(one, generic.IndirectObject))
