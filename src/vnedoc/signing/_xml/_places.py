"""Where a signature can go in a document, and what others have signed there already."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from vnedoc.dsig import DS, SIGNATURE_TAG
from vnedoc.errors import DecodeError, SigningError
from vnedoc.xml import XmlDocument, location

_IS_ID = "(local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id')"
_ANY_ID: Final = etree.XPath(f"//*[@*[{_IS_ID} and . = $value]]")
_OWN_IDS: Final = etree.XPath(f"@*[{_IS_ID}]")
_ID_NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")
_POINTER = re.compile(r"#xpointer\(id\((?:'([^']*)'|\"([^\"]*)\")\)\)")
_REFERENCE = f"{{{DS}}}Reference"


def element_at(document: XmlDocument, path: tuple[str, ...]) -> etree._Element:
    """Give the first element in document order with this path of local names.

    Raises:
        DecodeError: ``VND-XML-034`` when there is none.
    """
    here = [document.root] if str(document.root.tag).rpartition("}")[2] == path[0] else []
    for name in path[1:]:
        here = [one for holder in here for one in holder.iterchildren(f"{{*}}{name}")]
    if not here:
        where = "/" + "/".join(path)
        raise DecodeError(
            "VND-XML-034",
            f"there is no element {where} with an end tag",
            path=where,
            hint="the signature needs a place to stand in: write the element with a start and an end tag",
            facts={"element": where},
        )
    return here[0]


def element_named(document: XmlDocument, reference: str) -> etree._Element:
    """Give the one element that ``#id`` names.

    Raises:
        SigningError: ``VND-SIGN-051`` when there is none, or another has the same identifier.
    """
    found: list[etree._Element] = _ANY_ID(document.root, value=reference[1:])
    if len(found) != 1 or not any(found[0].get(name) == reference[1:] for name in _ID_NAMES):
        raise SigningError(
            "VND-SIGN-051",
            f"{len(found)} elements have the identifier that is to be signed",
            hint="give the element an attribute Id that no other element has",
            facts={"uri": reference, "count": len(found)},
        )
    return found[0]


def is_within(element: etree._Element, holder: etree._Element) -> bool:
    """Tell whether *element* is *holder* or stands in it."""
    return element is holder or any(one is holder for one in element.iterancestors())


def covering(document: XmlDocument, element: etree._Element) -> etree._Element | None:
    """Give the first signature that what is put into *element* would break.

    A signature leaves itself out of what it covers, one way or another; all else that its references name
    counts as covered, whatever their transforms take out.
    """
    holders = (element, *element.iterancestors())
    named: dict[str, list[etree._Element]] = {}
    for holder in holders:
        for value in _OWN_IDS(holder):
            named.setdefault(str(value), []).append(holder)
    for reference in document.root.iter(_REFERENCE):
        owner = next(reference.iterancestors(SIGNATURE_TAG), None)
        if owner is None:
            continue
        uri = reference.get("URI")
        whole = uri in ("", "#xpointer(/)")
        for target in holders[-1:] if whole else named.get(_identifier(uri or ""), ()):
            if not (is_within(element, owner) and is_within(owner, target)):
                return owner
    return None


def require_free(document: XmlDocument, element: etree._Element) -> None:
    """Refuse a place where anything new would break a signature that is there.

    Raises:
        SigningError: ``VND-SIGN-052``.
    """
    broken = covering(document, element)
    if broken is not None:
        where = location(broken)
        raise SigningError(
            "VND-SIGN-052",
            "a signature covers the place where this one would go, and would no longer be valid",
            path=where,
            hint="choose a parent that no signature covers, or sign before the others do",
            facts={"place": where},
        )


def _identifier(uri: str) -> str:
    """Give the identifier that a same-document URI names; nothing for another."""
    pointer = _POINTER.fullmatch(uri)
    return (pointer[1] or pointer[2] or "") if pointer else uri[1:] if uri.startswith("#") else ""
