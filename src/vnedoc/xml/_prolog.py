"""What stands before the document element, read from the bytes before any parser sees them."""

from __future__ import annotations

import re

from vnedoc.errors import DecodeError

BOM = b"\xef\xbb\xbf"

# Possessive: nothing is ever tried twice, so the scan is linear in hostile input too.
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n]([^>]{0,200}?)\?>")
_PSEUDO_ATTRIBUTE = re.compile(rb"(version|encoding)[ \t\r\n]*=[ \t\r\n]*(?:\"([^\"]*)\"|'([^']*)')")

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
        raise DecodeError(
            "VND-XML-004",
            f"a NUL octet at offset {nul}",
            hint="ask the sender to export the file again",
            facts={"offset": nul},
        )
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


def _wrong_encoding(name: str) -> DecodeError:
    return DecodeError(
        "VND-XML-003",
        f"the encoding is {name}, only UTF-8 is read",
        hint="ask the sender to write the file in UTF-8",
        facts={"encoding": name, "line": 1, "column": 1},
    )
