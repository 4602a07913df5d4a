"""One document while its signatures are checked: what identifiers name, and the work still to be spent."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._verdict import failed, undecided
from vnedoc.errors import LimitExceeded
from vnedoc.model import Blob, Finding, Limits, SubIndication
from vnedoc.xml import EXC_C14N, EXC_C14N_COMMENTS, XmlDocument, XPathWork, location

Pieces: TypeAlias = Callable[[], Iterable[bytes | memoryview]]
"""Gives the octets of the file that a document was read from, all of them, whenever it is called."""

Resolver: TypeAlias = Callable[[str | None], Blob | None]
"""Gives what a URI outside of the document names, ``None`` being a reference without URI; ``None`` when it is
not to be had. It alone decides what may be read: the URI is the sender's."""

_FEW = 8  # namespaces: so many cost next to nothing
_PROBED_OCTETS = 40_000_000  # over all variants, a quarter of a second
_PROBED_STEPS = 1_500_000
_EXCLUSIVE = (EXC_C14N, EXC_C14N_COMMENTS)

_ID = "/descendant::*/@Id | /descendant::*/@ID | /descendant::*/@id"
_PLAIN_ID: Final = etree.XPath(_ID)
_ANY_ID: Final = etree.XPath(
    f"{_ID} | /descendant::*/@*[namespace-uri()]"
    "[local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id']"
)
_PREFIXED_ID = re.compile(rb":[Ii][Dd]\s*=")
_COUNT: Final = etree.XPath(
    "count(descendant-or-self::*) + count(descendant::comment())"
    " + count(descendant::processing-instruction())"
)
_COUNT_ATTRIBUTES: Final = etree.XPath("count(descendant-or-self::*/@*)")
_OF_ATTRIBUTES = 3  # steps for each: libxml2 sorts them by insertion
_NAMED = 5  # places of one identifier that stands in many
_ID_NAMES = frozenset({"Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"})
_NCNAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")
_XPOINTER_ID = re.compile(r"#xpointer\(id\((?:'([^']*)'|\"([^\"]*)\")\)\)")


class Pointer(Protocol):
    """What has a URI and a place in the document: ``Reference``, ``RetrievalMethod``."""

    @property
    def uri(self) -> str | None:
        """The URI; ``None`` when the attribute is absent."""

    @property
    def location(self) -> str:
        """Where it stands."""


@attrs.frozen
class Target:
    """What a URI names.

    Attributes:
        node: The document or one of its elements.
        comments: Whether comments belong to the node set.
    """

    node: XmlDocument | etree._Element
    comments: bool

    @property
    def element(self) -> etree._Element:
        """The element that is covered: the root for the document."""
        return self.node.root if isinstance(self.node, XmlDocument) else self.node


@attrs.frozen
class Digest:
    """What was digested: how many octets, the value of the method asked for, and that of SHA-256."""

    octets: int
    value: bytes
    sha256: str


class Scope:
    """One document while its signatures are checked: its identifiers, and the work still to be spent.

    Args:
        document: As it was parsed.
        limits: Bounds on the work.
        pieces: Where the texts are that were taken out of *document*; without it no digest over one of
            them is ever right.
        resolver: Gives what lies outside of the document.
        generic: What lowers the guard, for test vectors.
    """

    def __init__(
        self,
        document: XmlDocument,
        limits: Limits,
        pieces: Pieces | None = None,
        *,
        resolver: Resolver | None = None,
        generic: UnsafeGeneric | None = None,
    ) -> None:
        self.document = document
        self.pieces = pieces
        self.limits = limits
        self.resolver = resolver
        self.generic = generic
        self.left = limits.digest_bytes
        self.steps = limits.canonical_steps
        self._attributes = document.data.count(b"=")
        self._markup = document.data.count(b"<")
        self._namespaces = _namespaces(document)
        self._ids: dict[str, list[tuple[etree._Element, str]]] | None = None
        # Elements as keys: lxml gives the same object for as long as one is held.
        self.digests: dict[tuple[object, ...], Digest] = {}
        self.listed: dict[etree._Element, int] = {}  # references of manifests, by signature
        self.xpath = XPathWork(limits)
        self._probe: Scope | None = None
        self._stamps: Scope | None = None

    def renewed(self) -> Scope:
        """Give the same with nothing spent yet, for what a caller asks for after the check."""
        fresh = copy.copy(self)
        fresh.left = self.limits.digest_bytes
        fresh.steps = self.limits.canonical_steps
        fresh.xpath = XPathWork(self.limits)
        return fresh

    def for_diagnosis(self) -> Scope:
        """Give the same with little to spend, one for all that is only explained."""
        if self._probe is None:
            self._probe = self.renewed()
            self._probe.left = min(self.limits.digest_bytes, _PROBED_OCTETS)
            self._probe.steps = min(self.limits.canonical_steps, _PROBED_STEPS)
        return self._probe

    def for_stamps(self) -> Scope:
        """Give the same to spend once more, one for what all time stamps of the document have stamped."""
        if self._stamps is None:
            self._stamps = self.renewed()
        return self._stamps

    def spend(self, octets: int) -> None:
        """Count octets that go into a digest.

        Raises:
            LimitExceeded: ``VND-DSIG-002`` when all signatures of the file together read too much.
        """
        self.left -= octets
        if self.left < 0:
            raise LimitExceeded.of("VND-DSIG-002", "digest_bytes", self.limits.digest_bytes, None)

    def spend_steps(self, target: Target, method: str) -> None:
        """Count the work of one canonicalisation of nodes of this document, before it is done.

        Raises:
            LimitExceeded: ``VND-DSIG-002`` when all signatures of the file together ask for too much.
        """
        # The reference implementation takes the namespaces of each element one by one, in Python; libxml2
        # takes the square of them, much faster.
        whole = isinstance(target.node, XmlDocument)
        weight = 1 + self._namespaces**2 // 64 if whole or method in _EXCLUSIVE else 24 + 3 * self._namespaces
        share = _OF_ATTRIBUTES if whole or method in _EXCLUSIVE else 2 * _OF_ATTRIBUTES
        most = weight * self._markup + share * self._attributes
        # counting costs more than the work itself where there is little of it
        if most >= self.steps // 1000:
            most = weight * int(_COUNT(target.element)) + share * int(_COUNT_ATTRIBUTES(target.element))
        self._pay(most)

    def spend_nodes(self, document: XmlDocument) -> None:
        """Count the work of going once through every node of a document, before it is done.

        Raises:
            LimitExceeded: ``VND-DSIG-002``.
        """
        attributes, namespaces = self._attributes, self._namespaces
        if document is not self.document:
            attributes, namespaces = document.data.count(b"="), _namespaces(document)
        self._pay(attributes + (24 + 3 * namespaces) * int(_COUNT(document.root)))

    def _pay(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded.of("VND-DSIG-002", "canonical_steps", self.limits.canonical_steps, None)

    def resolve(self, reference: Pointer) -> Target | Blob:
        """Find what the URI of a reference names: nodes of this document, or octets from elsewhere.

        Raises:
            RefusedError: Nothing, or nothing that is taken.
        """
        uri = reference.uri
        if uri == "":
            return Target(self.document, comments=False)
        if uri == "#xpointer(/)":
            return Target(self.document, comments=True)
        if uri is None or not uri.startswith("#"):
            return self._from_elsewhere(reference)
        pointer = _XPOINTER_ID.fullmatch(uri)
        name = uri[1:] if pointer is None else (pointer[1] or pointer[2] or "")
        if _NCNAME.fullmatch(name) is None:
            finding = Finding.error("VND-DSIG-011", reference.location, uri=uri)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        return Target(self._element(name, reference), comments=pointer is not None)

    def _from_elsewhere(self, reference: Pointer) -> Blob:
        if self.resolver is None and self.generic is None:
            finding = Finding.error("VND-DSIG-010", reference.location, uri=reference.uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        found = None if self.resolver is None else self.resolver(reference.uri)
        if found is None:
            finding = Finding.error("VND-DSIG-053", reference.location, uri=reference.uri)
            raise undecided(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        return found

    def _element(self, name: str, reference: Pointer) -> etree._Element:
        if self._ids is None:
            more = None if self.generic is None else self.generic.id_names
            self._ids = _identifiers(self.document, more)
        found = self._ids.get(name, [])
        if len(found) > 1:
            places = [location(element) for element, _ in found[:_NAMED]]
            finding = Finding.error("VND-DSIG-013", reference.location, id=name, places=places)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        if not found or found[0][1] not in _ID_NAMES:
            finding = Finding.error("VND-DSIG-012", reference.location, uri=reference.uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        return found[0][0]


def _identifiers(
    document: XmlDocument, more: tuple[str, ...] | None
) -> dict[str, list[tuple[etree._Element, str]]]:
    """Give every identifier with the elements and the names of the attributes that bear it.

    The names are those of XMLDSig and XAdES (``Id``), of other vocabularies (``ID``, ``id``) and ``xml:id``.
    What a DOCTYPE declares is one too, where one is read. An attribute of another vocabulary (``wsu:Id``)
    identifies nothing here, yet it makes a value ambiguous.
    """
    found: dict[str, list[tuple[etree._Element, str]]] = {}
    # other encodings than UTF-8 come with test vectors alone
    prefixed = more is not None or _PREFIXED_ID.search(document.data)
    for value in (_ANY_ID if prefixed else _PLAIN_ID)(document.root):
        found.setdefault(str(value), []).append((value.getparent(), value.attrname))
    named = [(one.get(name), one) for one in document.root.iter("*") for name in more] if more else []
    for value, element in [*document.declared_ids.items(), *named]:
        if value is None:
            continue
        bearers = found.setdefault(value, [])
        if all(one is not element for one, _ in bearers):
            bearers.append((element, "Id"))
    return found


def _namespaces(document: XmlDocument) -> int:
    """Give the largest number of namespaces in scope, at most that of the declarations there are."""
    if document.data.count(b"xmlns") <= _FEW:
        return _FEW
    most = here = 0
    for event, _ in etree.iterwalk(document.root, events=("start-ns", "end-ns")):
        here += 1 if event == "start-ns" else -1
        most = max(most, here)
    return most
