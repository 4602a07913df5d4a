"""Which dialect a document is in, and whether it is a document or a status message."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice

import attrs
from lxml import etree

from vnedoc.edxml._spaces import GOVSOC, ROOTS, namespaces
from vnedoc.edxml._wire import (
    E_DOC,
    GO_VN,
    INET,
    QCVN,
    SOAP,
    STATUS_CODE,
    Dialect,
    clark,
    dialect,
    misspelt,
)
from vnedoc.errors import DecodeError
from vnedoc.model import Finding, OrganId
from vnedoc.xml import location

_LOOKED_AT = 64  # children
_ENVELOPE_2014 = clark(SOAP, "Envelope")
_EDXML = clark(QCVN, "edXML")


@attrs.frozen
class Recognised:
    """What a root element announces.

    Attributes:
        dialect: Whose rows are to be read.
        findings: What is wrong with the root itself; only a lenient reader goes on.
    """

    dialect: Dialect
    findings: tuple[Finding, ...] = ()


def recognise(root: etree._Element, *, lenient: bool = False) -> Recognised:
    """Tell the dialect by the root element.

    Raises:
        DecodeError: ``VND-EDX-001`` no edXML, ``VND-EDX-002`` a GovSOC report, ``VND-EDX-004`` another root
            name or namespace, unless *lenient*.
    """
    if root.tag == _EDXML:
        return Recognised(dialect("2016"))
    name = etree.QName(root)
    spaces = namespaces(root)
    facts = {"root": name.localname, "namespace": name.namespace or ""}
    if GOVSOC in spaces:
        raise DecodeError(
            "VND-EDX-002",
            "this is a GovSOC report (Công văn 8676), another format of the same name",
            path=location(root),
            hint="send it to the system that takes GovSOC reports",
            facts=facts,
        )
    of_2014 = next((one for one in spaces if one in (E_DOC, INET)), None)
    if root.tag == _ENVELOPE_2014 and of_2014 is not None:
        return Recognised(dialect("2014" if of_2014 == E_DOC else "2014-inet"))
    if name.localname.lower() not in ROOTS:
        raise DecodeError(
            "VND-EDX-001",
            "this XML document is not an edXML message",
            path=location(root),
            hint="give a file whose root element is edXML",
            facts=facts,
        )
    known = name.namespace in (QCVN, GO_VN, None)
    if not lenient or not known:
        raise DecodeError(
            "VND-EDX-004",
            "the root element resembles edXML but has another name or namespace",
            path=location(root),
            hint=f'the root must be edXML in the namespace "{QCVN}"',
            facts=facts,
        )
    rows = misspelt(name.namespace or "", flat=name.localname.lower() == "edxmlenvelope")
    return Recognised(rows, (Finding.error("VND-EDX-012", location(root), **facts),))


def variant(base: Dialect, sender: OrganId, first: Iterator[str]) -> Dialect:
    """Tell the edition by the sender's identifier, and the order by what comes first in the header.

    Args:
        base: What the root announced.
        sender: Identifier in From; in the grammar of 2020 it makes the edition 2022.
        first: Names of the model's fields in the order in which the header has them.
    """
    if base.edition == 2014:  # noqa: PLR2004 - a year
        return base
    edition = "2022" if sender.grammar == "2020" else "2016"
    official = next((name for name in first if name in ("document_id", "code")), None) == "code"
    return dialect(f"{edition}-official" if official else edition)


# --- document or status ---------------------------------------------------------------------------


def is_status(root: etree._Element, rows: Dialect) -> bool:
    """Tell a status from a document; refuse what two readers could take for different things.

    Raises:
        DecodeError: ``VND-EDX-005``, ``007`` or ``008``.
    """
    ns = rows.namespace
    soap = rows.packaging == "mime"
    envelope = root if soap or rows.flat else _mandatory(root, ns, "edXMLEnvelope")
    header = _mandatory(envelope, SOAP if soap else ns, "Header" if soap else "edXMLHeader")
    message = _mandatory(header, ns, "MessageHeader", "Status")
    has_code = _child(message, ns, "StatusCode") is not None
    if not has_code and _child(message, ns, "To") is not None and message.tag == clark(ns, "MessageHeader"):
        return False
    body = _child(envelope, SOAP if soap else ns, "Body" if soap else "edXMLBody")
    carrier = None if soap else _child(root, ns, "AttachmentEncoded")
    full = any(
        one is not None and _child(one, ns, "Attachment", "edXMLManifest", "Manifest") is not None
        for one in (body, carrier)
    )
    if has_code and full:
        raise DecodeError(
            "VND-EDX-008",
            "the message has a status code and a body, so it is neither a status nor a document",
            path=location(message),
            hint="ask the sender which of the two it is",
            facts={"line": message.sourceline},
        )
    if has_code:
        return True
    named_status = message.tag == clark(ns, "Status")
    nothing = (full is False) if soap else (body is None and carrier is None)
    if named_status or nothing:
        raise no_code(message)
    return False


def no_code(message: etree._Element) -> DecodeError:
    """Give the error for a status message without its code."""
    return DecodeError(
        "VND-EDX-007",
        "the status message has no status code",
        path=location(message),
        hint="StatusCode must be one of 01 to 06, 13, 15, 16",
        facts={"seen": "", "expected": STATUS_CODE.expected, "line": message.sourceline},
    )


def _child(element: etree._Element, ns: str, *names: str) -> etree._Element | None:
    return next(element.iterchildren(*_tags(ns, names)), None)


@cache
def _tags(ns: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(clark(ns, name) for name in names)


def _mandatory(parent: etree._Element, ns: str, *names: str) -> etree._Element:
    found = _child(parent, ns, *names)
    if found is None:
        if (near := _near(parent, names[0])) is not None:
            raise near
        raise DecodeError(
            "VND-EDX-005",
            f"the message has no {names[0]}",
            path=location(parent),
            hint="ask the sender to export the message again",
            facts={"element": names[0], "line": parent.sourceline},
        )
    return found


def _near(parent: etree._Element, name: str) -> DecodeError | None:
    """Give the error for a child whose name is nearly the one that is wanted."""
    from vnedoc.edxml._rules import did_you_mean

    for child in islice(parent.iterchildren(etree.Element), _LOOKED_AT):
        seen = etree.QName(child).localname
        if seen != name and name in (did_you_mean(seen, etree.QName(parent).localname), did_you_mean(seen)):
            return DecodeError(
                "VND-EDX-019",
                f"the message has no {name}, but {seen}",
                path=location(child),
                hint=f"rename {seen} to {name} in the sending software",
                facts={"element": name, "seen": seen, "line": child.sourceline},
            )
    return None
