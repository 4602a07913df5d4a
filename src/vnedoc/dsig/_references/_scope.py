"""One document while its signatures are checked: what identifiers name, and the work still to be spent."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final, Protocol, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import SIGNATURE_TAG
from vnedoc.dsig._keys import digest
from vnedoc.dsig._verdict import failed, undecided
from vnedoc.errors import LimitExceeded
from vnedoc.model import Blob, Finding, Limits, SubIndication
from vnedoc.xml import (
    EXC_C14N,
    EXC_C14N_COMMENTS,
    XmlDocument,
    XPathWork,
    has_references_in_tags,
    location,
    occurrences,
)

Pieces: TypeAlias = Callable[[], Iterable[bytes | memoryview]]
"""Gives the octets of the file that a document was read from, all of them, whenever it is called."""

Resolver: TypeAlias = Callable[[str | None], Blob | None]
"""Gives what a URI outside of the document names, ``None`` being a reference without URI; ``None`` when it is
not to be had. It alone decides what may be read: the URI is the sender's."""

_WALKED = 4096  # nodes: a walk through so many is faster than looking through long texts
_FEW = 8  # namespaces: so many cost next to nothing
_LEAST_NODE = 4  # octets: <a/>
_LEAST_ATTRIBUTE = 5  # octets: a="" and a space
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
_BEFORE_VALUE = b"\"' \t\r\n"
_NAMED = 5  # places of one identifier that stands in many
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_ID_NAMES = frozenset({"Id", "ID", "id", _XML_ID})
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
        self.is_small = document.is_small
        self.likely: list[etree._Element] = []  # what references name most often
        self._size = _Size(document)
        self._ids: dict[str, list[tuple[etree._Element, str]]] | None = None
        # Elements as keys: lxml gives the same object for as long as one is held.
        self.digests: dict[tuple[object, ...], Digest] = {}
        self.listed: dict[etree._Element, int] = {}  # references of manifests, by signature
        self.xpath = XPathWork(limits)
        self._hashed: dict[tuple[str, bytes], bytes] = {}
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

    def digest_of(self, hash_name: str, certificate: bytes) -> bytes:
        """Give the digest of a certificate; it is hashed once by each algorithm, whoever asks.

        Raises:
            LimitExceeded: As ``spend``.
        """
        known = self._hashed.get((hash_name, certificate))
        if known is None:
            self.spend(len(certificate))
            known = self._hashed[hash_name, certificate] = digest(hash_name, certificate)
        return known

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
        size = self._size
        fast = method in _EXCLUSIVE or isinstance(target.node, XmlDocument)
        weight = 1 + size.namespaces**2 // 64 if fast else 24 + 3 * size.namespaces
        share = _OF_ATTRIBUTES if fast else 2 * _OF_ATTRIBUTES
        # Counting costs more than the work itself where there is little of it.
        octets = len(self.document.data)
        most = weight * (octets // _LEAST_NODE) + share * (octets // _LEAST_ATTRIBUTE)
        if most >= self.steps // 400:
            most = weight * size.markup + share * size.attributes
            element = target.element
            if most >= self.steps // (4 if element is self.document.root else 1000):
                most = weight * size.nodes(element) + share * size.attributes_in(element)
        self._pay(most)

    def spend_nodes(self, document: XmlDocument) -> None:
        """Count the work of going once through every node of a document, before it is done.

        Raises:
            LimitExceeded: ``VND-DSIG-002``.
        """
        size = self._size if document is self.document else _Size(document)
        self._pay(size.attributes + (24 + 3 * size.namespaces) * size.nodes(document.root))

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
        # A signature that is a document of its own may be detached, and then its data is still to come
        # (EN 319 102-1, table 6). In any other document it is a reference to what nobody shows.
        alone = self.document.root.tag == SIGNATURE_TAG
        if self.resolver is None and self.generic is None and not alone:
            finding = Finding.error("VND-DSIG-010", reference.location, uri=reference.uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        found = None if self.resolver is None else self.resolver(reference.uri)
        if found is None:
            finding = Finding.error("VND-DSIG-053", reference.location, uri=reference.uri)
            raise undecided(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        return found

    def _element(self, name: str, reference: Pointer) -> etree._Element:
        if self._ids is None:
            found = self._likely(name)
            if found is not None:
                return found
            more = None if self.generic is None else self.generic.id_names
            self._ids = _identifiers(self.document, more)
        bearers = self._ids.get(name, [])
        if len(bearers) > 1:
            places = [location(element) for element, _ in bearers[:_NAMED]]
            finding = Finding.error("VND-DSIG-013", reference.location, id=name, places=places)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        if not bearers or bearers[0][1] not in _ID_NAMES:
            finding = Finding.error("VND-DSIG-012", reference.location, uri=reference.uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        return bearers[0][0]

    def _likely(self, name: str) -> etree._Element | None:
        """Give the element of *likely* that bears an identifier, where the octets have room for no other.

        An attribute has that value only where it stands between quotes, as it is or in references; of
        ``xml:id`` the parser takes white space around it away.
        """
        data = self.document.data
        if self.generic is not None or has_references_in_tags(data):
            return None
        for one in self.likely:
            if one.get("Id") == name:
                return one if _is_once(name.encode(), data) else None
        return None


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
        # what ``xml:id`` says is normalised as an ID is (xml:id, clause 4), whoever reads it
        name = str(value).strip() if value.attrname == _XML_ID else str(value)
        found.setdefault(name, []).append((value.getparent(), value.attrname))
    named = [(one.get(name), one) for one in document.root.iter("*") for name in more] if more else []
    for value, element in [*document.declared_ids.items(), *named]:
        if value is None:
            continue
        bearers = found.setdefault(value, [])
        if all(one is not element for one, _ in bearers):
            bearers.append((element, "Id"))
    return found


def _is_once(value: bytes, data: bytes) -> bool:
    """Tell whether a value stands behind a quote, or white space, in one place only."""
    found, at = 0, data.find(value)
    while at > 0 and found < 2:  # noqa: PLR2004
        found += data[at - 1] in _BEFORE_VALUE
        at = data.find(value, at + 1)
    return found == 1


class _Size:
    """How much there is in a document; each number is counted when it is asked for first."""

    def __init__(self, document: XmlDocument) -> None:
        self._document = document
        self._nodes: dict[etree._Element, int] = {}
        self._in: dict[etree._Element, int] = {}

    @cached_property
    def attributes(self) -> int:
        """Attributes at most."""
        return occurrences(self._document.data, b"=")

    @cached_property
    def markup(self) -> int:
        """Nodes at most, but for texts and attributes."""
        return occurrences(self._document.data, b"<")

    @property
    def namespaces(self) -> int:
        """The largest number of namespaces in scope, or a few more where that costs nothing."""
        known = self._document.in_scope
        return self._deepest if known is None else max(known, _FEW)

    @cached_property
    def _deepest(self) -> int:
        if self.markup > _WALKED and self._document.data.count(b"xmlns") <= _FEW:
            return _FEW
        most = here = 0
        for event, _ in etree.iterwalk(self._document.root, events=("start-ns", "end-ns")):
            here += 1 if event == "start-ns" else -1
            most = max(most, here)
        return most

    def nodes(self, element: etree._Element) -> int:
        """Elements, comments and instructions from an element on."""
        if element not in self._nodes:
            self._nodes[element] = int(_COUNT(element))
        return self._nodes[element]

    def attributes_in(self, element: etree._Element) -> int:
        """Attributes from an element on."""
        if element not in self._in:
            self._in[element] = int(_COUNT_ATTRIBUTES(element))
        return self._in[element]
