"""Mending of files that are nearly XML, for looking at them. What is mended never passes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from vnedoc.model import Finding
from vnedoc.xml._guards import BOM, find_markup

_JUNK_WITHIN = 4096
_KNOWN = {
    "edXML": "http://www.mic.gov.vn/TBT/QCVN_102_2016",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_PREFIX = re.compile(r"Namespace prefix ([^\s:<>&'\"=/]+) ")


def drop_junk(data: bytes) -> tuple[bytes, tuple[Finding, ...]]:
    """Drop what stands before the XML declaration (XML 1.0, 2.8: nothing may)."""
    at = data.find(b"<?xml ", 0, _JUNK_WITHIN)
    junk = data[: max(at, 0)]
    if junk in (b"", BOM) or junk.lstrip().startswith(b"<"):  # markup is no junk: it may quote a declaration
        return data, ()
    return data[at:], (Finding.error("VND-XML-020", octets=at),)


def bind_prefixes(source: bytes, log: Iterable[etree._LogEntry]) -> tuple[bytes, tuple[Finding, ...]] | None:
    """Declare on the document element every prefix that the parser found unbound.

    Returns:
        The new octets and one finding for each prefix, or ``None`` when no unbound prefix was the trouble.
    """
    unbound: dict[str, int] = {}
    for entry in log:
        match = _PREFIX.match(entry.message)
        if entry.type == etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE and match:
            unbound.setdefault(match[1], entry.line)
    name = re.compile(rb"<[^\s<>/]+").match(source, find_markup(source))
    if not unbound or name is None:
        return None
    namespaces = {prefix: _namespace_for(prefix, source) for prefix in unbound}
    # No quotes, "<" or "&" are in them: the patterns see to it.
    added = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())
    findings = tuple(
        Finding.error("VND-XML-021", prefix=prefix, namespace=uri, line=unbound[prefix])
        for prefix, uri in namespaces.items()
    )
    return source[: name.end()] + added.encode() + source[name.end() :], findings


def _namespace_for(prefix: str, source: bytes) -> str:
    # What the file itself binds the prefix to somewhere else is the best guess at what was meant.
    declaration = rb"\sxmlns:" + re.escape(prefix.encode()) + rb"\s*=\s*[\"']([^\"'<&]+)[\"']"
    elsewhere = re.search(declaration, source)
    if elsewhere:
        return elsewhere[1].decode("utf-8", "replace")
    return _KNOWN.get(prefix, f"urn:vnedoc:unbound:{prefix}")
