"""Reading values out of the tree: whole text, strict base64, a name for a place."""

from __future__ import annotations

import binascii
import re
from itertools import islice

from lxml import etree

from vnedoc.errors import DecodeError

_WHITE_SPACE = b" \t\r\n"
_LARGE = 1 << 16  # octets; less is decoded as fast without another library
_COUNTED = 10_000  # siblings
# It begins with one rare octet, so that the search passes the rest by quickly, and looks at no gap twice.
_GAP = re.compile(rb" (?<=[A-Za-z0-9+/=] ) *+[A-Za-z0-9+/=]")


def text_of(element: etree._Element) -> str:
    """Give the whole text of an element that holds text alone.

    A comment or instruction in the middle of a value lets two readers see two values, so it is refused.

    Raises:
        DecodeError: ``VND-XML-031`` when it holds comments, processing instructions or child elements.
    """
    if len(element):
        where = location(element)
        raise DecodeError(
            "VND-XML-031",
            "text was expected here, and there are comments, instructions or elements in it",
            path=where,
            hint="ask the sender to write the value as plain text",
            facts={"element": where},
        )
    return element.text or ""


def location(element: etree._Element) -> str:
    """Name a place by local names from the root: ``/edXML/edXMLEnvelope/edXMLHeader/Signature[1]``.

    A position, from 1, stands only where siblings of the same local name exist. Beyond 10 000 it is not
    counted (``a[>10000]``): whoever sends a flood gets no exact list of it.
    """
    steps = [_step(node) for node in (element, *element.iterancestors())]
    return "/" + "/".join(reversed(steps))


def _step(element: etree._Element) -> str:
    name = str(element.tag).rpartition("}")[2]
    if element.getprevious() is None and element.getnext() is None:
        return name
    same = f"{{*}}{name}"
    before = sum(1 for _ in islice(element.itersiblings(same, preceding=True), _COUNTED))
    if before == _COUNTED:
        return f"{name}[>{_COUNTED}]"
    if before or next(element.itersiblings(same), None) is not None:
        return f"{name}[{before + 1}]"
    return name


def strict_base64(text: str | bytes) -> bytes:
    """Decode base64 (RFC 4648, clause 4) with white space of XML in it, and nothing else.

    Raises:
        DecodeError: ``VND-XML-032`` for another character, wrong padding, or bits left over that are not
            zero (RFC 4648, clause 3.5), which would let many texts mean the same octets.
    """
    try:
        octets = text.encode("ascii") if isinstance(text, str) else text
        large = len(octets) > _LARGE
        packed = octets.strip(_WHITE_SPACE) if large else octets.translate(None, _WHITE_SPACE)
        decoded = decode_large(packed) if large else None
        if large and decoded is None:  # white space inside
            packed = octets.translate(None, _WHITE_SPACE)
            decoded = decode_large(packed)
        if decoded is None:
            decoded = binascii.a2b_base64(packed, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise _not_base64("foreign characters or wrong padding") from error
    if packed.endswith(b"="):
        tail = binascii.b2a_base64(decoded[-(len(decoded) % 3) :], newline=False)
        if tail != packed[-4:]:
            raise _not_base64("bits left over")
    return decoded


def decode_large(packed: bytes) -> bytes | None:
    """Decode what has the form of base64 as a whole, many times faster; ``None`` for all that has not."""
    # Imported here: small messages do without it.
    from pybase64 import b64decode

    if len(packed) % 4 or packed.find(b"=", 0, len(packed) - 2) >= 0:
        return None
    try:
        return b64decode(packed, validate=True)
    except binascii.Error:
        return None


def has_gaps(text: str | bytes) -> bool:
    """Tell whether spaces or tabs stand inside a line of *text*, which is base64 with white space.

    White space at line ends, as indentation and around the whole is layout. Inside a line nobody writes it:
    a plus sign that was sent as form data without being escaped arrives as a space.
    """
    if isinstance(text, str):
        if " " not in text and "\t" not in text:
            return False
        text = text.encode("ascii", "replace")
    return _GAP.search(text.replace(b"\t", b" ")) is not None


def _not_base64(cause: str) -> DecodeError:
    return DecodeError(
        "VND-XML-032",
        f"not base64: {cause}",
        hint="ask the sender to export the file again",
        facts={"cause": cause},
    )
