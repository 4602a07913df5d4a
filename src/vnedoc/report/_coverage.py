"""What a signature covers, in words: the whole, parts of it, another file, another signature."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

import attrs

from vnedoc.model import Conclusion, Covered, Finding, Report, SignatureFormat, SignatureReport
from vnedoc.report._catalogue import word
from vnedoc.report._render import plain

_REVISION = re.compile(r"revision ([0-9]{1,6}) of ([0-9]{1,6})")
_POSITION = re.compile(r"\[[^\]]*\]$")
_SHOWN = 5
_XML = frozenset({SignatureFormat.XADES, SignatureFormat.XMLDSIG})
# What a signature holds of its own, by the last step of the path.
_OWN = frozenset({"SignedProperties", "KeyInfo", "SignatureProperties", "SignatureProperty", "Manifest"})
_NOT_WHOLE = "VND-SIG-102"
# Findings about a reference that covers nothing -> which fact names what it is about, and what is said of it.
_LACKING = {
    "VND-DSIG-014": ("node", "mismatch"),
    "VND-DSIG-010": ("uri", "absent"),
    "VND-DSIG-012": ("uri", "absent"),
    "VND-DSIG-053": ("uri", "absent"),
}


class Part(enum.Enum):
    """What one piece is to its document."""

    WHOLE = "whole"
    ENVELOPED = "enveloped"
    PART = "part"
    OUTSIDE = "outside"
    COUNTER = "counter"
    OWN = "own"
    OTHER = "other"


@attrs.frozen
class Lacking:
    """What a signature refers to without proving it.

    Attributes:
        node: A path or an address.
        key: Why, a word of ``covered``: ``mismatch`` or ``absent``.
    """

    node: str
    key: str


@attrs.frozen
class Piece:
    """One covered piece and what it is to its document."""

    covered: Covered
    part: Part


def pieces_of(signature: SignatureReport) -> tuple[Piece, ...]:
    """Tell what each covered piece is."""
    if signature.format not in _XML:
        return tuple(Piece(one, Part.OTHER) for one in signature.covers)
    # Judged before, with the document at hand: that knows more than a path says.
    root = Part.PART if any(one.code == _NOT_WHOLE for one in signature.findings) else Part.WHOLE
    return tuple(Piece(one, _part_of(one, root)) for one in signature.covers)


def _part_of(one: Covered, root: Part) -> Part:
    where = one.location or ""
    outside = where == "no URI" or (where.startswith('URI="') and where[5:6] not in ("#", '"'))
    if outside or not one.node.startswith("/"):
        return Part.OUTSIDE
    steps = [_POSITION.sub("", step) for step in one.node[1:].split("/")]
    if "Signature" in steps[:-1]:
        if steps[-1] in _OWN:
            return Part.OWN
        if steps[-1] == "SignatureValue":
            return Part.COUNTER
    if len(steps) > 1:
        return Part.ENVELOPED if steps[0] == "Signature" else Part.PART
    return root if all(_keeps_all(uri) for uri in one.transforms) else Part.PART


def _keeps_all(transform: str) -> bool:
    return transform.endswith("#enveloped-signature") or "c14n" in transform


def data_and_own(signature: SignatureReport) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Give what is covered of the data, and what a signature covers of itself, such as its properties."""
    pieces = pieces_of(signature)
    data = tuple(one for one in pieces if one.part is not Part.OWN)
    return data, tuple(one for one in pieces if one.part is Part.OWN)


def lacking(signature: SignatureReport) -> tuple[Lacking, ...]:
    """Give what the signature refers to and does not prove, as its findings say, each once."""
    found = []
    for one in signature.findings:
        fact, key = _LACKING.get(one.code, ("", ""))
        if key:
            found.append(Lacking(_named(one, fact), key))
    return tuple(dict.fromkeys(found))


def _named(finding: Finding, fact: str) -> str:
    value = finding.facts.get(fact)
    return value if isinstance(value, str) and value else 'URI=""'


def piece_text(piece: Piece, lang: str, *, named: bool = False) -> str:
    """Say what one piece is: ``/HDon/DLHDon``, *named* ``/HDon/DLHDon (#data)``, the other file ``a.pdf``."""
    one = piece.covered
    if piece.part is Part.OUTSIDE:
        name = one.node if one.location != "no URI" else word("covered", "unnamed", lang)
        return f"{word('covered', 'outside', lang)} {plain(name)}"
    if piece.part is Part.COUNTER:
        holder = one.node.rpartition("/")[0]
        return f"{word('covered', 'counter', lang)} ({plain(holder)})"
    if piece.part is Part.OTHER:
        return node_text(one.node, lang)
    uri = (one.location or "").removeprefix('URI="').removesuffix('"')
    path = plain(one.node) + (f" ({plain(uri)})" if named and uri.startswith("#") else "")
    return f"{word('covered', 'enveloped', lang)} {path}" if piece.part is Part.ENVELOPED else path


def signs_text(signature: SignatureReport, lang: str) -> str:
    """Say what a signature signs, by what it was proven to cover."""
    data, _ = data_and_own(signature)
    parts = {one.part for one in data}
    where = where_text(signature.where, lang)
    at = _at(signature.where, lang)
    if not parts:
        return at + word("covered", "nothing", lang)
    if parts == {Part.OTHER}:
        earlier = all(_is_earlier(one.covered.node) for one in data)
        return at + _short(data, lang) if earlier else where
    said = [where] if Part.WHOLE in parts else []
    inside = [one for one in data if one.part is Part.PART]
    if inside and not said:
        said.append(f"{at}{word('covered', 'part', lang)}: {_short(inside, lang)}")
    others = [one for one in data if one.part not in (Part.PART, Part.WHOLE)]
    if others:
        said.append(_short(others, lang))
    return "; ".join(said)


def unsigned_rest(report: Report, lang: str) -> str | None:
    """Say which parts alone are signed in a file that PASSED although nobody signed the whole of it.

    Only the rule ``element`` lets such a file pass. A file that is nothing but a signature has no rest.
    """
    if report.covers != "element" or not report.passed:
        return None
    found: dict[str, list[Piece]] = {}
    for signature in report.signatures:
        if signature.format in _XML and signature.conclusion is Conclusion.PASSED:
            found.setdefault(signature.where, []).extend(pieces_of(signature))
    said = []
    for where, pieces in found.items():
        data = [one for one in pieces if one.part not in (Part.OWN, Part.COUNTER)]
        whole = any(one.part is Part.WHOLE or one.covered.node.startswith("/Signature/") for one in pieces)
        if data and not whole:
            said.append(_at(where, lang) + _short(data, lang))
    return word("covered", "rest", lang).replace("{parts}", "; ".join(said)) if said else None


def _at(where: str, lang: str) -> str:
    return "" if where == "document" else f"{where_text(where, lang)}: "


def _short(pieces: Sequence[Piece], lang: str) -> str:
    texts = list(dict.fromkeys(piece_text(one, lang, named=True) for one in pieces))
    more = len(texts) - _SHOWN
    tail = f", {word('covered', 'more', lang).replace('{count}', str(more))}" if more > 0 else ""
    return ", ".join(texts[:_SHOWN]) + tail


def _is_earlier(node: str) -> bool:
    revision = _REVISION.fullmatch(node)
    return revision is not None and revision[1] != revision[2]


def where_text(where: str, lang: str) -> str:
    """Say where a signature stands or what a finding is about: the document, the message, an attachment."""
    if where.startswith("attachment:"):
        return f"{word('where', 'attachment', lang)} {plain(where.removeprefix('attachment:'))}"
    return plain(word("where", where, lang))


def place_text(where: str, lang: str) -> str:
    """Say where a signature that nobody judged stands; what it signs is not known then."""
    return word("covered", "place", lang) if where == "document" else where_text(where, lang)


def node_text(node: str, lang: str) -> str:
    """Say what a signature covers; a path or an address stays as it is."""
    revision = _REVISION.fullmatch(node)
    if revision is None:
        return plain(node)
    text = word("label", "revision", lang)
    return text.replace("{number}", revision[1]).replace("{count}", revision[2])
