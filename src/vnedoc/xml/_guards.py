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
from vnedoc.xml._text import decode_large

BOM = b"\xef\xbb\xbf"

# Possessive: nothing is ever tried twice, so the scan is linear in hostile input too.
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n]([^>]{0,200}?)\?>")
_PSEUDO_ATTRIBUTE = re.compile(rb"(version|encoding)[ \t\r\n]*=[ \t\r\n]*(?:\"([^\"]*)\"|'([^']*)')")

_VALUE = re.compile(rb"=[ \t\r\n]*+[\"']")  # texts hold "=" too, and seldom this

_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_MARKS = {
    "UTF-32": (b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\x00<", b"<\x00\x00\x00"),
    "UTF-16": (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00"),
    "UTF-7": (b"+/v",),
    "EBCDIC": (b"\x4c\x6f\xa7\x94",),
}
_FOREIGN_MARKS = tuple(mark for marks in _MARKS.values() for mark in marks)


def find_markup(source: bytes) -> int:
    """Give the offset of what follows the XML declaration, comments, instructions and white space."""
    match = _PROLOG.match(source)
    return match.end() if match else 0


def check_encoding(source: bytes) -> None:
    """Refuse what is not UTF-8 by its first octets or its declaration, NUL octets, and XML 1.1."""
    if source.startswith(_FOREIGN_MARKS):
        raise _wrong_encoding(next(name for name, marks in _MARKS.items() if source.startswith(marks)))
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
_WHITE_SPACE = b" \t\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
# libxml2's inclusive canonicalisation takes the square of the namespaces in scope at every element, so fewer
# of them are allowed, those of the ancestors included: 64 by default, which is 3 s at the limit of nodes.
_IN_SCOPE_SHARE = 4
_LEAST_NODE = 4  # octets: <a/>
_LEAST_ATTRIBUTE = 5  # octets: a="" and a space
_USUAL_DEPTH = 12
FEW_NAMESPACES = 8
_NO_TAGS = (b"<!", b"<?")
_MOST_AMPERSANDS = 64
_TAG = re.compile(rb"<[^<>\"']*+(?:\"[^\"<]*+\"[^<>\"']*+|'[^'<]*+'[^<>\"']*+)*+>")
_LONG = 1 << 20  # octets
_RARE = 4096
_MOST_REFERENCES = 64  # in one text that is looked at in the octets
_SPACES = tuple(f"&#{one};".encode() for one in ("9", "10", "13", "32", "x9", "xA", "xa", "xD", "xd", "x20"))
_AFTER_MARK = 4  # octets; the XML declaration begins before, with or without a byte order mark
_PARSER_DEPTH = 2048  # libxml2 goes no deeper, whatever is asked


def occurrences(data: bytes, octet: bytes) -> int:
    """Count an octet: by leaps while it is rare, which is many times faster in long base64."""
    if len(data) < _LONG:
        return data.count(octet)
    at = -1
    for number in range(_RARE):
        at = data.find(octet, at + 1)
        if at < 0:
            return number
    return _RARE + data.count(octet, at + 1)


def check_before(data: bytes, limits: Limits) -> None:
    """Refuse what would cost too much as a tree, before there is one."""
    if len(data) > limits.tree_bytes:
        raise LimitExceeded.of(_CODE, "tree_bytes", limits.tree_bytes, len(data))
    if len(data) > limits.nodes * _LEAST_NODE:
        # Every element, comment and instruction begins with "<"; what begins with "</" or "<![" is none. A
        # "<" inside comments and CDATA sections is counted too: an upper bound, for three scans at most.
        nodes = occurrences(data, b"<")
        for none in (b"</", b"<!["):
            nodes -= data.count(none) if nodes > limits.nodes else 0
        if nodes > limits.nodes:
            raise LimitExceeded.of(_CODE, "nodes", limits.nodes, nodes)
    # Two attributes for each possible node are plenty: each takes as much memory as an element does.
    most = 2 * limits.nodes
    if len(data) <= limits.text_bytes or occurrences(data, b"=") <= most:
        return
    if _holds_more(_VALUE.finditer(data), most):
        raise LimitExceeded.of(_CODE, "attributes", limits.attributes, None)


def _holds_more(found: Iterator[object], most: int) -> bool:
    return next(islice(found, most, None), None) is not None


def check_tree(root: etree._Element, source: bytes, limits: Limits) -> int | None:
    """Check depth, attributes of each element and length of each text.

    Returns:
        How many namespaces are in scope at most, or a few more; ``None`` where that was not looked for.
    """
    depth = min(limits.depth, _PARSER_DEPTH)
    # Few documents are as deep as the first question asks, and the second one costs by its own length.
    if _depth_exceeds(min(depth, _USUAL_DEPTH))(root) and _depth_exceeds(depth)(root):
        raise LimitExceeded.of(_CODE, "depth", limits.depth, None)
    # What a DOCTYPE declares stands in no tag and in no text.
    told = root.getroottree().docinfo.internalDTD is None
    if not (told and _has_short_tags(source, limits.attributes)):
        _check_attributes(root, limits.attributes)
    in_scope = limits.attributes // _IN_SCOPE_SHARE
    declared = _declarations(source)
    most = None if declared > FEW_NAMESPACES else declared
    if declared > in_scope:
        most = _check_namespaces(root, in_scope)
    if len(source) > limits.text_bytes and not (told and _has_short_texts(source, limits.text_bytes)):
        for text in _texts(root):
            _check_text(text, limits.text_bytes)
    return most


def _declarations(source: bytes) -> int:
    """Give a number of namespace declarations that there are no more of."""
    if len(source) < _LONG:
        return source.count(b"xmlns")
    found, at = 0, -1
    for _ in range(_RARE):
        at = source.find(b"=", at + 1)
        if at < 0:
            return found
        if _VALUE.match(source, at) is None:
            continue
        start = max(source.rfind(b"<", 0, at), 0)
        if at - start > _RARE:
            break
        found += source.find(b"xmlns", start, at) >= 0
    return source.count(b"xmlns")


def has_references_in_tags(source: bytes) -> bool:
    """Tell whether attributes may hold references; many references in texts are not told apart."""
    at = -1
    for _ in range(_MOST_AMPERSANDS):
        at = source.find(b"&", at + 1)
        if at < 0:
            return False
        start = source.rfind(b"<", 0, at)  # there is none in a tag
        tag = _TAG.match(source, start, at) if start >= 0 else None
        if tag is None:
            return True
    return True


def _has_short_tags(source: bytes, attributes: int) -> bool:
    """Tell whether no start tag can have more attributes than that; there is no "<" in one."""
    for start, end in _long_stretches(source, attributes * _LEAST_ATTRIBUTE):
        at = start
        for _ in range(attributes + 1):
            at = source.find(b"=", at, end) + 1
            if not at:
                break
        else:
            return False
    return True


def _has_short_texts(source: bytes, allowed: int) -> bool:
    """Tell whether no text and no value of an attribute can have more octets than that.

    Without entities of its own, a text stands in no fewer octets than it has.
    """
    # Comments, instructions and CDATA sections may have "<" in them: then nothing is known.
    at = 0
    for _ in range(_RARE):
        at = source.find(b"<", at + 1)
        if at < 0:
            break
        if source.startswith(_NO_TAGS, at) and at >= _AFTER_MARK:
            return False
    else:
        if source.find(b"<!", at) >= 0 or source.find(b"<?", at) >= 0:
            return False
    return all(_holds_base64(source, start, end, allowed) for start, end in _long_stretches(source, allowed))


def _holds_base64(source: bytes, start: int, end: int, allowed: int) -> bool:
    """Tell whether a short tag begins there, and all that follows it is base64 and white space."""
    at = source.find(b">", start, end) + 1
    if not 0 < at <= start + allowed:
        return False
    for _ in range(_MOST_REFERENCES):
        reference = source.find(b"&", at, end)
        if not is_base64(source[at : end if reference < 0 else reference]):
            return False
        if reference < 0:
            return True
        if not source.startswith(_SPACES, reference):
            return False
        at = source.index(b";", reference) + 1
    return False


def is_base64(octets: bytes) -> bool:
    """Tell whether there is nothing but the characters of base64 and white space."""
    if len(octets) >= _LONG and decode_large(octets.strip(_WHITE_SPACE)) is not None:
        return True
    return not octets.translate(None, _BASE64)


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


def _check_namespaces(root: etree._Element, allowed: int) -> int:
    in_scope = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        if event == "end-ns":
            in_scope -= 1
            continue
        in_scope += 1
        if in_scope > most:
            most = in_scope
            if most > allowed:
                raise LimitExceeded.of(_CODE, "attributes", allowed, most)
    return most


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
    if len(octets) > allowed and not is_base64(octets):
        raise LimitExceeded.of(_CODE, "text_bytes", allowed, len(octets))
