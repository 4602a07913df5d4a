"""What is refused around the parser: before it by the octets, after it by the tree.

Limits are checked as cheaply as the octets allow: most small messages are never walked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from lxml import etree

from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits

BOM = b"\xef\xbb\xbf"

# Possessive: nothing is ever tried twice, so the scan is linear in hostile input too.
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n]([^>]{0,200}?)\?>")
_PSEUDO_ATTRIBUTE = re.compile(rb"(version|encoding)[ \t\r\n]*=[ \t\r\n]*(?:\"([^\"]*)\"|'([^']*)')")

_VALUE = re.compile(rb"=[ \t\r\n]*+[\"']")  # texts hold "=" too, and seldom this

_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


def find_markup(source: bytes) -> int:
    """Give the offset of what follows the XML declaration, comments, instructions and white space."""
    match = _PROLOG.match(source)
    return match.end() if match else 0


def check_encoding(source: bytes) -> None:
    """Refuse what is not UTF-8 by its first octets or its declaration, NUL octets, and XML 1.1."""
    for name, marks in (
        ("UTF-32", (b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\x00<", b"<\x00\x00\x00")),
        ("UTF-16", (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")),
        ("UTF-7", (b"+/v",)),
        ("EBCDIC", (b"\x4c\x6f\xa7\x94",)),
    ):
        if source.startswith(marks):
            raise _wrong_encoding(name)
    nul = source.find(b"\x00")
    if nul >= 0:
        raise nul_octet(nul)
    declaration = _DECLARATION.match(source)
    if declaration is None:
        return
    for match in _PSEUDO_ATTRIBUTE.finditer(declaration[1]):
        value = (match[2] or match[3] or b"").decode("latin-1")
        if match[1] == b"encoding" and value.lower() not in _ENCODINGS:
            raise _wrong_encoding(value)
        if match[1] == b"version" and value != "1.0":
            raise DecodeError(
                "VND-XML-005",
                f"XML version {value} is not supported",
                hint="ask the sender for XML 1.0",
                facts={"version": value},
            )


def nul_octet(offset: int) -> DecodeError:
    """Give the error for a NUL octet."""
    return DecodeError(
        "VND-XML-004",
        f"a NUL octet at offset {offset}",
        hint="ask the sender to export the file again",
        facts={"offset": offset},
    )


def _wrong_encoding(name: str) -> DecodeError:
    return DecodeError(
        "VND-XML-003",
        f"the encoding is {name}, only UTF-8 is read",
        hint="ask the sender to write the file in UTF-8",
        facts={"encoding": name, "line": 1, "column": 1},
    )


# --- limits ---------------------------------------------------------------------------------------

_CODE = "VND-XML-010"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
# libxml2's inclusive canonicalisation takes the square of the namespaces in scope at every element, so fewer
# of them are allowed, those of the ancestors included: 64 by default, which is 3 s at the limit of nodes.
_IN_SCOPE_SHARE = 4
_LEAST_NODE = 4  # octets: <a/>
_LEAST_ATTRIBUTE = 5  # octets: a="" and a space
_AFTER_MARK = 4  # octets; the XML declaration begins before, with or without a byte order mark
_PARSER_DEPTH = 2048  # libxml2 goes no deeper, whatever is asked


def check_before(data: bytes, limits: Limits) -> None:
    """Refuse what would cost too much as a tree, before there is one."""
    if len(data) > limits.tree_bytes:
        raise LimitExceeded.of(_CODE, "tree_bytes", limits.tree_bytes, len(data))
    if len(data) > limits.nodes * _LEAST_NODE:
        # Every element, comment and instruction begins with "<"; what begins with "</" or "<![" is none. A
        # "<" inside comments and CDATA sections is counted too: an upper bound, for three scans at most.
        nodes = data.count(b"<")
        for none in (b"</", b"<!["):
            nodes -= data.count(none) if nodes > limits.nodes else 0
        if nodes > limits.nodes:
            raise LimitExceeded.of(_CODE, "nodes", limits.nodes, nodes)
    # Two attributes for each possible node are plenty: each takes as much memory as an element does.
    most = 2 * limits.nodes
    if len(data) > limits.text_bytes and data.count(b"=") > most and _holds_more(_VALUE.finditer(data), most):
        raise LimitExceeded.of(_CODE, "attributes", limits.attributes, None)


def _holds_more(found: Iterator[object], most: int) -> bool:
    return next(islice(found, most, None), None) is not None


def check_tree(root: etree._Element, source: bytes, limits: Limits) -> None:
    """Check depth, attributes of each element and length of each text."""
    if _depth_exceeds(min(limits.depth, _PARSER_DEPTH))(root):
        raise LimitExceeded.of(_CODE, "depth", limits.depth, None)
    # No element can have more attributes, no text more octets, than the whole document has.
    attributes = source.count(b"=")
    # What a DOCTYPE declares stands in no tag and in no text.
    told = root.getroottree().docinfo.internalDTD is None
    if attributes > limits.attributes and not (told and _has_short_tags(source, limits.attributes)):
        _check_attributes(root, limits.attributes)
    in_scope = limits.attributes // _IN_SCOPE_SHARE
    if attributes > in_scope and source.count(b"xmlns") > in_scope:
        _check_namespaces(root, in_scope)
    if len(source) > limits.text_bytes and not (told and _has_short_texts(source, limits.text_bytes)):
        for text in _texts(root):
            _check_text(text, limits.text_bytes)


def _has_short_tags(source: bytes, attributes: int) -> bool:
    """Tell whether no start tag can have more attributes than that; there is no "<" in one."""
    return all(
        source.count(b"=", start, end) <= attributes
        for start, end in _long_stretches(source, attributes * _LEAST_ATTRIBUTE)
    )


def _has_short_texts(source: bytes, allowed: int) -> bool:
    """Tell whether no text and no value of an attribute can have more octets than that.

    Without entities of its own, a text stands in no fewer octets than it has.
    """
    if any(True for _ in _long_stretches(source, allowed)):
        return False
    # Comments, instructions and CDATA sections may have "<" in them: then nothing is known.
    return source.find(b"<!") < 0 and source.find(b"<?", _AFTER_MARK) < 0


def _long_stretches(source: bytes, octets: int) -> Iterator[tuple[int, int]]:
    """Give the stretches of more octets than that without "<", found by leaps and not octet by octet."""
    at = 0
    while at + octets < len(source):
        last = source.rfind(b"<", at + 1, at + 1 + octets)
        if last < 0:
            last = source.find(b"<", at + 1 + octets)
            last = last if last >= 0 else len(source)
            yield at, last
        at = last


@lru_cache(maxsize=16)
def _depth_exceeds(depth: int) -> etree.XPath:
    # One child step for each level: the node set is empty after the deepest one, and the rest costs nothing.
    return etree.XPath("boolean(/*" + "/*" * depth + ")")


def _check_attributes(root: etree._Element, allowed: int) -> None:
    declared = 0
    for _, item in etree.iterwalk(root, events=("start-ns", "start")):
        if not isinstance(item, etree._Element):  # noqa: SLF001 - (prefix, URI)
            declared += 1
            continue
        seen = declared + len(item.attrib)
        declared = 0
        if seen > allowed:
            raise LimitExceeded.of(_CODE, "attributes", allowed, seen)


def _check_namespaces(root: etree._Element, allowed: int) -> None:
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > allowed:
            raise LimitExceeded.of(_CODE, "attributes", allowed, in_scope)


def _texts(root: etree._Element) -> Iterator[str | None]:
    for outside in (*root.itersiblings(preceding=True), *root.itersiblings()):
        yield outside.text
    for node in root.iter():
        yield node.text
        yield node.tail
        if isinstance(node.tag, str):
            yield from node.attrib.values()


def _check_text(text: str | None, allowed: int) -> None:
    if text is None or len(text) * 4 <= allowed:
        return
    octets = text.encode()
    if len(octets) > allowed and octets.translate(None, _BASE64):
        raise LimitExceeded.of(_CODE, "text_bytes", allowed, len(octets))
