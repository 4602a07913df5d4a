"""Namespaces, and the first look at a file: is it edXML at all. Nothing heavy is needed for that."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from vnedoc.xml import XmlDocument

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
E_DOC = "http://www.e-doc.vn/Schema/"
INET = "http://www.inetcloud.vn/ns/edxml"
GO_VN = "http://www.go.vn/eDoc"
"""Namespace of early local guides; what is written in it is refused across provinces."""
GOVSOC = "http://edxml.gov.vn/schema"
"""Of malware reports (Công văn 8676), another format of the same name."""
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

ROOTS = frozenset({"edxml", "edxmlenvelope"})
"""Local names of roots that are meant to be edXML, in lower case."""

_GOVSOC_OCTETS = GOVSOC.encode()
_LOOKED_AT = 64  # elements
_HEAD = 4096
_MIME_HEADERS = re.compile(
    rb"[\r\n]*(?:mime-version|content-type|content-id|soapaction)[ \t]*:", re.IGNORECASE
)
_BOUNDARY = re.compile(rb"\s*--([^\r\n]{1,70})\r?\n")


def looks_like_mime(data: bytes) -> bool:
    """Tell whether the first octets are those of a multipart message, with or without its headers."""
    head = data[:_HEAD]
    if _MIME_HEADERS.match(head):
        return b"multipart/" in head.lower()
    return _BOUNDARY.match(head) is not None and b"content-" in head.lower()


def is_edxml(document: XmlDocument) -> bool:
    """Whether the document is edXML, or so near to it that ``decode_document`` says what it is instead."""
    space, _, name = str(document.root.tag).rpartition("}")
    if name.lower() in ROOTS:
        return True
    # A namespace stands in the octets as it is, unless characters of it are references.
    if space != f"{{{SOAP}" and _GOVSOC_OCTETS not in document.data and b"&" not in document.data:
        return False
    spaces = namespaces(document.root)
    return GOVSOC in spaces or (space == f"{{{SOAP}" and (E_DOC in spaces or INET in spaces))


def namespaces(root: etree._Element) -> dict[str | None, None]:
    """Give the namespaces of the first elements, in the order in which they occur."""
    first = islice(root.iter(etree.Element), _LOOKED_AT)
    tags = [str(one.tag) for one in first]
    return dict.fromkeys(tag[1 : tag.index("}")] if tag.startswith("{") else None for tag in tags)
