"""The one hardened parser. Nothing else in vnedoc turns bytes into an XML tree."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs
from lxml import etree

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Blob, Finding, Limits
from vnedoc.xml import _repair
from vnedoc.xml._guards import check_before, check_encoding, check_tree, find_markup, has_references_in_tags
from vnedoc.xml._runs import Cut

# libxml2's own guards (text of 10 MB, depth of 256) stay on wherever our limits do not need more.
_HUGE_FROM_BYTES = 10_000_000
_HUGE_FROM_DEPTH = 256
_SMALL = 32 * 1024  # octets

_ENCODING_ERRORS = frozenset({etree.ErrorTypes.ERR_INVALID_ENCODING})
# Only a guess that saves the walk: what it finds is looked at in the tree.
_AMPERSAND_IN_DECLARATION = re.compile(rb"xmlns[^=<>]*=\s*(?:\"[^\"<]*&|'[^'<]*&)")
_POSITION = re.compile(r",? line \d+, column \d+$")
# How the messages of libxml2 and expat begin, by what is wrong.
_WHY = re.compile(
    r"(?P<cut>Premature end of data|Couldn't find end of Start Tag|Comment not terminated|no element found"
    r"|unclosed (?:token|CDATA section))"
    r"|(?P<junk>Start tag expected|Extra content at the end|XML declaration allowed only"
    r"|XML or text declaration|junk after document element|syntax error)"
    r"|(?P<ampersand>(?:xmlParse)?EntityRef)"
    r"|(?P<entity>Entity '|undefined entity)"
    r"|(?P<prefix>Namespace prefix|unbound prefix)"
    r"|(?P<tags>Opening and ending tag mismatch|mismatched tag)"
    r"|(?P<less>StartTag: invalid element name|Unescaped '<')"
    r"|(?P<character>(?:\S+ )?invalid Char|xmlParseCharRef|reference to invalid character number)"
    r"|(?P<twice>Attribute \S+ redefined|duplicate attribute)"
)
_BARE_AMPERSAND = re.compile(rb"&[^;&<>\s\"']{0,60}\Z")


@attrs.frozen(eq=False, repr=False)
class XmlDocument:
    """A parsed document, and the bytes it came from.

    The tree is read only by convention: everything that is decided about the document is decided on it.

    Attributes:
        data: The exact input; where contents were taken out, the skeleton that is left.
        root: The document element (``lxml``).
        repairs: What ``repair=True`` had to change; such a document is only good for looking at.
        runs: Contents that were taken out before parsing, by the text that stands in their place, white
            space around it aside; see ``parse_stream``.
        cuts: Where they were taken out, in the order of the document; see ``true_line``.
        gaps: Those keys of ``runs`` whose base64 has spaces or tabs inside a line, see ``has_gaps``.
        declared_ids: Elements by the value of an attribute that the DOCTYPE declares as an identifier; only
            ``parse_with_doctype`` reads one.
        in_scope: How many namespaces are in scope at most, or a few more; ``None`` where nobody looked.
    """

    data: bytes
    root: etree._Element
    repairs: tuple[Finding, ...] = ()
    runs: Mapping[str, Blob] = attrs.field(factory=dict)
    cuts: tuple[Cut, ...] = ()
    gaps: frozenset[str] = frozenset()
    declared_ids: Mapping[str, etree._Element] = attrs.field(factory=dict)
    in_scope: int | None = attrs.field(default=None, kw_only=True)

    @property
    def is_small(self) -> bool:
        """Whether canonical forms may be made at once: 45 MB at most, of long namespaces."""
        return len(self.data) <= _SMALL and not self.cuts

    def __repr__(self) -> str:
        return f"XmlDocument({etree.QName(self.root).localname}, {len(self.data)} octets)"


def parse(data: bytes, limits: Limits | None = None, *, repair: bool = False) -> XmlDocument:
    """Read an XML document (XML 1.0 with namespaces, UTF-8) within *limits*.

    No DOCTYPE, so no entities; no file and no network is touched. Comments, processing instructions and
    white space are kept, CDATA sections become text.

    Args:
        data: The octets, with or without a byte order mark.
        limits: ``file_bytes`` is the caller's; here count ``tree_bytes``, ``depth``, ``nodes``,
            ``attributes`` and ``text_bytes``. Text made of base64 characters and white space alone is
            bounded by ``tree_bytes`` only, so that attachments fit.
        repair: Drop what stands before the XML declaration and bind prefixes that are bound nowhere.
            For looking at broken files only: each repair is an error finding.

    Raises:
        DecodeError: ``VND-XML-001`` not well formed, ``VND-XML-002`` DOCTYPE, ``VND-XML-003`` not UTF-8,
            ``VND-XML-004`` a NUL octet, ``VND-XML-005`` not XML 1.0, ``VND-XML-006`` a namespace
            URI with an ampersand.
        LimitExceeded: ``VND-XML-010``.
    """
    limits = limits or Limits()
    check_before(data, limits)
    source, repairs = _repair.drop_junk(data) if repair else (data, ())
    check_encoding(source)
    _refuse_doctype(source)
    parser = new_parser(len(source), limits)
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        bound = _repair.bind_prefixes(source, parser.error_log) if repair else None
        if bound is None:
            raise syntax_error(error, source, parser, limits) from error
        source, bindings = bound
        repairs += bindings
        root = _parse_again(source, limits)
    if root.getroottree().docinfo.internalDTD is not None:  # the prolog scan found none, so it is wrong
        raise doctype_refused()
    in_scope = check_tree(root, source, limits)
    if has_references_in_tags(source) and _AMPERSAND_IN_DECLARATION.search(source):
        _refuse_ampersands_in_namespaces(root)
    return XmlDocument(data, root, repairs, in_scope=in_scope)


def looks_like_xml(data: bytes) -> bool:
    """Tell whether the first octets are those of markup, in UTF-8 or UTF-16; the rest is not looked at."""
    head = data[:4096]
    if head.startswith((b"\xff\xfe<\x00", b"\xfe\xff\x00<")):
        return True
    return re.match(rb"(?:\xef\xbb\xbf)?\s*<[?!A-Za-z_:\x80-\xff]", head) is not None


def new_parser(size: int, limits: Limits, *, doctype: bool = False) -> etree.XMLParser:
    """Give a parser that reads no other file; with *doctype*, of a DTD what is in the document itself."""
    # A new one each time: cheap (1.4 us), no state shared between threads, an error log of its own.
    # The encoding is given so that no declaration can choose another decoder.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities="internal" if doctype else False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=doctype,
        remove_comments=False,
        remove_pis=False,
        remove_blank_text=False,
        strip_cdata=True,  # the text stays, in one node with its neighbours
        collect_ids=False,
        recover=False,
        huge_tree=size > _HUGE_FROM_BYTES or limits.depth > _HUGE_FROM_DEPTH,
    )


def _parse_again(source: bytes, limits: Limits) -> etree._Element:
    parser = new_parser(len(source), limits)
    try:
        return etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise syntax_error(error, source, parser, limits) from error


def _refuse_doctype(source: bytes) -> None:
    start = find_markup(source)
    if source[start : start + 9].upper() == b"<!DOCTYPE":
        raise doctype_refused()


def doctype_refused() -> DecodeError:
    """Give the error for a DOCTYPE."""
    return DecodeError(
        "VND-XML-002",
        "the file has a DOCTYPE, which is not allowed",
        hint="ask the sender for the file without a DOCTYPE",
    )


def _refuse_ampersands_in_namespaces(root: etree._Element) -> None:
    # libxml2 forgets to escape them in canonical form, so engines digest different octets for one document.
    for _, declaration in etree.iterwalk(root, events=("start-ns",)):
        uri = declaration[1] if isinstance(declaration, tuple) else ""
        if "&" in uri:
            raise DecodeError(
                "VND-XML-006",
                f"the namespace {uri!r} holds an ampersand",
                hint="ask the sender to use a namespace URI without an ampersand",
                facts={"namespace": uri},
            )


def syntax_error(
    error: etree.XMLSyntaxError, source: bytes, parser: etree.XMLParser, limits: Limits
) -> DecodeError | LimitExceeded:
    """Give the error for what the parser refused."""
    line, column = error.position
    log = [entry for entry in parser.error_log if entry.type != etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE]
    if any(entry.type in _ENCODING_ERRORS for entry in log):
        return DecodeError(
            "VND-XML-003",
            f"not UTF-8 at line {line}, column {column}",
            hint="ask the sender to write the file in UTF-8",
            facts={"encoding": "invalid UTF-8", "line": line, "column": column},
        )
    cause = _POSITION.sub("", (error.msg or "unknown").strip()).strip().rstrip(",")
    if cause.startswith("Excessive depth"):
        return LimitExceeded.of("VND-XML-010", "depth", limits.depth, None)
    return not_well_formed(line, column, cause, unfinished=source.rfind(b"<") > source.rfind(b">"))


def not_well_formed(
    line: int, column: int, cause: str, *, before: bytes = b"", at: bytes = b"", unfinished: bool = False
) -> DecodeError:
    """Give the error for what is not well formed, with what is wrong as the fact ``why``.

    Args:
        line: Where, from 1.
        column: Where, from 1.
        cause: What the parser says.
        before: Octets before the place, for a parser that only says "invalid token".
        at: Octets from the place on, for the same.
        unfinished: Whether the last tag of the file is not closed.
    """
    match = _WHY.match(cause)
    why = (match and match.lastgroup) or "other"
    if why in ("other", "less") and unfinished:
        why = "cut"
    elif "invalid token" in cause:
        why = _why_invalid(before, at)
    return DecodeError(
        "VND-XML-001",
        f"not well-formed at line {line}, column {column}: {cause}",
        hint="ask the sender to export the file again",
        facts={"line": line, "column": column, "cause": cause, "why": why},
    )


def _why_invalid(before: bytes, at: bytes) -> str:
    if _BARE_AMPERSAND.search(before):
        return "ampersand"
    if before.endswith(b"<") or at.startswith(b"<"):
        return "less"
    return "character" if at and at[0] < 0x20 and at[:1] not in b"\t\r\n" else "other"  # noqa: PLR2004 - space
