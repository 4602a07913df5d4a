"""What a state of the XML profile holds, and how it becomes octets again."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import attrs
from lxml import etree

from vnedoc.dsig import (
    CONTENT,
    VALUE,
    CoreCheck,
    check_signatures,
    find_signatures,
    is_whole,
    method_of,
    parse_alone,
    public_key,
    stands_alone,
    to_xml_value,
    verify_value,
)
from vnedoc.errors import InputError, SigningError, StateMismatch
from vnedoc.model import Limits, Wire
from vnedoc.signing._diagnosis import likely_fault
from vnedoc.signing._state import SigningState
from vnedoc.xml import parse

FORMAT = "xml"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_HINTS = {
    None: "sign to_be_signed with the key of the certificate that was given to prepare",
    "raw-ecdsa": "this looks like the plain r || s: give the value as DER (ECDSA-Sig-Value, RFC 3279)",
    "pss-salt": "the salt must be as long as the hash: set the salt length of the key or device",
    "other-padding": "the padding is the other one: RSASSA-PSS and PKCS #1 v1.5 are two algorithms",
}
"""What to do, by what is likely wrong with a value."""

_MOST_DIGITS = 18  # of an offset; Python itself refuses to read thousands
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?")
_SIGNATURE_START = re.compile(r"<(?:ds:)?Signature[\s>]")
_SIGNATURE_END = re.compile(r"</(?:ds:)?Signature>")
_EMPTY_END = b"/>"
_BEFORE = re.compile(r'>?(?:<(?!(?:ds:)?Signature[\s>])[\w.:\-]+(?:\s+xmlns(?::[\w.\-]+)?="[^"<>]*")*>)*')
_AFTER = re.compile(r"(?:</[\w.:\-]+>)*")
_EARLIER = re.compile(r' Id="[\w.\-]+"')
_SIGNATURE_ID = re.compile(r"<(?:ds:)?Signature xmlns(?::ds)?=\"[^\"]*\" Id=\"([^\"]*)\"")


@attrs.frozen(kw_only=True)
class Place:
    """Where the text of a signature goes, in octets of the document that was prepared.

    Attributes:
        offset: From the start.
        removed: Octets there that it replaces.
        earlier: Offset and text of an attribute that goes in before; ``None`` for nothing.
    """

    offset: int
    removed: int = 0
    earlier: tuple[int, str] | None = None

    def put(self, data: bytes, text: bytes) -> bytes:
        """Put *text* into the document."""
        head, tail = data[: self.offset], data[self.offset + self.removed :]
        if self.earlier is not None:
            at, added = self.earlier
            head = b"".join((head[:at], added.encode(), head[at:]))
        return b"".join((head, text, tail))

    def to_parts(self) -> dict[str, str]:
        """Give it as texts."""
        parts = {"offset": str(self.offset)}
        if self.removed:
            parts["removed"] = str(self.removed)
        if self.earlier is not None:
            parts["earlier_offset"], parts["earlier"] = str(self.earlier[0]), self.earlier[1]
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, str]) -> Place:
        """Read what ``to_parts`` gave.

        Raises:
            StateMismatch: ``VND-SIGN-043``.
        """
        earlier = None
        if "earlier" in parts:
            earlier = (_number(parts.get("earlier_offset", "")), parts["earlier"])
        offset, removed = _number(parts.get("offset", "")), _number(parts.get("removed", "0"))
        if earlier is not None and earlier[0] > offset:
            raise bad_state("its places are out of order")
        if earlier is not None and _EARLIER.fullmatch(earlier[1]) is None:
            raise bad_state("what goes in before is no identifier")
        return cls(offset=offset, removed=removed, earlier=earlier)


def content_of(data: bytes, *, octets: bool) -> bytes:
    """Give what stands in the ``Object`` of an enveloping signature for a content."""
    return base64.b64encode(data) if octets else _PROLOG.sub(b"", data, count=1)


def text_of_state(state: SigningState) -> str:
    """Give the text of the signature, without its value.

    Raises:
        StateMismatch: ``VND-SIGN-043`` for a state that is not of this profile or was changed.
    """
    if state.format != FORMAT:
        raise bad_state(f"a state for {state.format}")
    text = state.parts.get("signature", "")
    if text.count(VALUE) != 1 or text.count(CONTENT) != ("content" in state.parts):
        raise bad_state("parts are missing")
    if stands_alone(text) and state.to_be_signed not in text.encode():
        raise bad_state("the octets to sign are not those of the signature")
    start, ends = _SIGNATURE_START.search(text), [one.end() for one in _SIGNATURE_END.finditer(text)]
    # around it are the tags of what holds it, at most
    if (
        start is None
        or len(ends) != 1
        or _BEFORE.fullmatch(text, 0, start.start()) is None
        or _AFTER.fullmatch(text, ends[0]) is None
    ):
        raise bad_state("it is more or less than a signature")
    return text


def with_value(state: SigningState, text: str, signature: bytes) -> str:
    """Put the value into the text, once it is proven to be by the key of the certificate in it.

    Raises:
        SigningError: ``VND-SIGN-042``.
        StateMismatch: ``VND-SIGN-043`` when the text carries another certificate.
    """
    value = proven_value(state, signature)
    if f"X509Certificate>{base64.b64encode(state.certificate).decode()}</" not in text:
        raise bad_state("another certificate stands in the signature")
    return text.replace(VALUE, value)


def proven_value(state: SigningState, signature: bytes) -> str:
    """Give the value as XML carries it, once it is proven to be by the certificate's key.

    Raises:
        SigningError: ``VND-SIGN-042``.
    """
    key = public_key(state.certificate)
    if key is not None:
        try:
            value = to_xml_value(key, signature)
        except ValueError:
            value = b""
        if verify_value(key, method_of(state.algorithm), value, state.to_be_signed):
            return base64.b64encode(value).decode()
    likely = None
    if key is not None:
        likely = likely_fault(state.certificate, state.algorithm, signature, state.to_be_signed)
    raise SigningError(
        "VND-SIGN-042",
        "the signature value is not by the certificate's key over the prepared octets",
        hint=_HINTS[likely],
        facts={"algorithm": state.algorithm.value, "likely": likely},
    )


def placed(wire: Wire, state: SigningState, text: str) -> bytes:
    """Give the octets of the document that *text*, with a value or without, stands in.

    Raises:
        StateMismatch: ``VND-SIGN-043`` when the place is not in the document.
        FileError: The content cannot be read, or has changed.
    """
    packaging = state.parts.get("packaging", "enveloped")
    if packaging == "detached":
        for _ in wire.blob.checked_chunks():
            pass
        return DECLARATION + text.encode()
    data = wire.read()
    if packaging == "enveloping":
        content = content_of(data, octets=state.parts.get("content") == "octets")
        before, _, after = text.partition(CONTENT)
        return b"".join((DECLARATION, before.encode(), content, after.encode()))
    place = Place.from_parts(state.parts)
    if not 0 < place.offset + place.removed <= len(data) or not place.offset:
        raise bad_state("the offset is outside of the document")
    if data[place.offset : place.offset + place.removed] != (_EMPTY_END if place.removed else b""):
        raise bad_state("it takes away more than the end of an empty element")
    return place.put(data, text.encode())


def require_whole(wire: Wire, state: SigningState, text: str) -> None:
    """Refuse a text whose signed parts are not what the octets to sign say.

    Raises:
        StateMismatch: ``VND-SIGN-043``.
    """
    try:
        if stands_alone(text):
            signature = parse_alone(_alone(text))
        else:
            signature = signature_in(placed(wire, state, text), id_of(text))
        whole = is_whole(signature, state.to_be_signed)
    except InputError as error:
        raise bad_state(error.message) from error
    if not whole:
        raise bad_state("the octets to sign are not those of the signature")


def require_right(wire: Wire, state: SigningState, octets: bytes) -> None:
    """Refuse a finished document in which a signature is not right: the new one, or one that was before.

    Args:
        wire: What was prepared.
        state: What is completed.
        octets: The finished document.

    Raises:
        StateMismatch: ``VND-SIGN-043``.
    """
    detached = state.parts.get("packaging") == "detached"
    identifier = id_of(state.parts["signature"])
    checks = check_signatures(parse(octets), Limits(), resolver=lambda _uri: wire.blob if detached else None)
    mine = [one for one in checks if one.element.get("Id") == identifier]
    if len(mine) != 1 or not (mine[0].value_ok and all(one.ok for one in mine[0].references)):
        raise bad_state("the signature is not right where it would stand")
    if mine[0].unsigned:
        raise bad_state("something stands in the signature that it does not cover")
    if len(checks) > 1:
        before = check_signatures(parse(wire.read()), Limits())
        others = [one for one in checks if one is not mine[0]]
        if [_rightness(one) for one in others] != [_rightness(one) for one in before]:
            raise bad_state("a signature that was there would be broken")


def _rightness(check: CoreCheck) -> tuple[object, ...]:
    return check.value_ok, check.conclusion, [one.ok for one in check.references]


def id_of(text: str) -> str:
    """Give the identifier of the signature whose text this is."""
    found = _SIGNATURE_ID.search(text)
    if found is None:
        raise bad_state("parts are missing")
    return found[1]


def signature_in(data: bytes, identifier: str) -> etree._Element:
    """Give the signature with this identifier.

    Raises:
        StateMismatch: ``VND-SIGN-043`` when there is none.
        DecodeError: The octets cannot be read.
        LimitExceeded: With the signature in it, the document is beyond what a verifier reads.
    """
    found = [one for one in find_signatures(parse(data)) if one.get("Id") == identifier]
    if len(found) != 1:
        raise bad_state("the signature cannot be found again")
    return found[0]


def _alone(text: str) -> str:
    """Give the signature without what it is wrapped in."""
    start, end = _SIGNATURE_ID.search(text), _SIGNATURE_END.search(text)
    return "" if start is None or end is None else text[start.start() : end.end()]


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise bad_state("parts are missing")
    return int(digits)


def bad_state(cause: str) -> StateMismatch:
    """Give the error for a state that cannot be completed."""
    return StateMismatch(
        "VND-SIGN-043",
        f"not a state of the XML profile: {cause}",
        hint="prepare again, then have the new octets signed",
        facts={"cause": cause},
    )
