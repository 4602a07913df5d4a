"""References: what a URI names, which octets its transforms give, and whether the digest is right.

The rules of XMLDSig 1.1, clauses 4.4.3.2 to 4.4.3.4: same-document URIs only, nothing is ever fetched;
comments are left out for ``""`` and ``#id``; a node set that reaches the digest takes C14N 1.0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.dsig._grammar import DS, ENVELOPED, Algorithm, Reference
from vnedoc.dsig._verdict import RefusedError, Verdict, failed, ill_formed, undecided
from vnedoc.errors import FileError, LimitExceeded, VnedocError
from vnedoc.model import Conclusion, Finding, Limits, SubIndication
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    XmlDocument,
    canonicalize_into,
    canonicalize_stream_into,
    location,
)

Pieces: TypeAlias = Callable[[], Iterable[bytes]]
"""Gives the octets of the file that a document was read from, all of them, whenever it is called."""

_FEW = 8  # namespaces: so many cost next to nothing

MANIFEST_TYPE = DS + "Manifest"
_MANIFEST_TAG = f"{{{DS}}}Manifest"

WITHOUT_COMMENTS: Mapping[str, str] = MappingProxyType(
    {
        C14N: C14N,
        C14N_COMMENTS: C14N,
        C14N_11: C14N_11,
        C14N_11_COMMENTS: C14N_11,
        EXC_C14N: EXC_C14N,
        EXC_C14N_COMMENTS: EXC_C14N,
    }
)
"""Every canonicalisation that is taken, and its form without comments."""

_FORBIDDEN = frozenset(
    {
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
    }
)
"""Transforms that can leave anything out of what is signed, or run programs."""

_ANY_ID: Final = etree.XPath(
    "//@Id | //@ID | //@id | //@*[namespace-uri()]"
    "[local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id']"
)
_ID_NAMES = frozenset({"Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"})
_NCNAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")
_XPOINTER_ID = re.compile(r"#xpointer\(id\((?:'([^']*)'|\"([^\"]*)\")\)\)")


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


@attrs.frozen(kw_only=True, eq=False)
class ReferenceCheck:
    """What became of one reference.

    Attributes:
        reference: What the signature says.
        verdict: PASSED when the digest is right.
        findings: Why it is not, and what is to be known.
        target: The covered element; ``None`` when it was not found.
        whole: Whether the digest ran over the document less nothing but the signature.
        octets: How many octets went into the digest.
        sha256: ``sha256:`` and hex over those octets.
        hash_name: Name of ``hashlib``.
    """

    reference: Reference
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    target: etree._Element | None = None
    whole: bool = False
    octets: int | None = None
    sha256: str | None = None
    hash_name: str | None = None

    @property
    def node(self) -> str | None:
        """Path of the covered element."""
        return None if self.target is None else location(self.target)

    @property
    def ok(self) -> bool:
        """Whether the digest was computed and is right."""
        return self.octets is not None and self.verdict[1] is not SubIndication.HASH_FAILURE


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
    """

    def __init__(self, document: XmlDocument, limits: Limits, pieces: Pieces | None = None) -> None:
        self.document = document
        self.pieces = pieces
        self.limits = limits
        self._left = limits.digest_bytes
        self._steps = limits.canonical_steps
        self._attributes = document.data.count(b"=")
        self._namespaces = _namespaces(document)
        self._ids: dict[str, list[tuple[etree._Element, str]]] | None = None
        # Elements as keys: lxml gives the same object for as long as one is held.
        self.digests: dict[tuple[object, ...], Digest] = {}

    def spend(self, octets: int) -> None:
        """Count octets that go into a digest.

        Raises:
            LimitExceeded: ``VND-DSIG-002`` when all signatures of the file together read too much.
        """
        self._left -= octets
        if self._left < 0:
            raise LimitExceeded.of("VND-DSIG-002", "digest_bytes", self.limits.digest_bytes, None)

    def spend_steps(self, target: Target, method: Algorithm) -> None:
        """Count the work of one canonicalisation, before it is done.

        Raises:
            LimitExceeded: ``VND-DSIG-002`` when all signatures of the file together ask for too much.
        """
        # The reference implementation takes the namespaces of each element one by one, in Python; libxml2
        # takes the square of them, much faster.
        plain = isinstance(target.node, XmlDocument) or method.uri == EXC_C14N
        weight = 1 + self._namespaces**2 // 64 if plain else 24 + 3 * self._namespaces
        self._pay(self._attributes if isinstance(target.node, XmlDocument) else 0)
        for _ in target.element.iter():
            self._pay(weight)

    def _pay(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise LimitExceeded.of("VND-DSIG-002", "canonical_steps", self.limits.canonical_steps, None)

    def resolve(self, reference: Reference) -> Target:
        """Find what the URI of a reference names."""
        uri = reference.uri
        if uri == "":
            return Target(self.document, comments=False)
        if uri == "#xpointer(/)":
            return Target(self.document, comments=True)
        if uri is None or not uri.startswith("#"):
            finding = Finding.error("VND-DSIG-010", reference.location, uri=uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        pointer = _XPOINTER_ID.fullmatch(uri)
        name = uri[1:] if pointer is None else (pointer[1] or pointer[2] or "")
        if _NCNAME.fullmatch(name) is None:
            finding = Finding.error("VND-DSIG-011", reference.location, uri=uri)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        return Target(self._element(name, reference), comments=pointer is not None)

    def _element(self, name: str, reference: Reference) -> etree._Element:
        if self._ids is None:
            self._ids = _identifiers(self.document.root)
        found = self._ids.get(name, [])
        if len(found) > 1:
            places = [location(element) for element, _ in found]
            finding = Finding.error("VND-DSIG-013", reference.location, id=name, places=places)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        if not found or found[0][1] not in _ID_NAMES:
            finding = Finding.error("VND-DSIG-012", reference.location, uri=reference.uri)
            raise failed(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        return found[0][0]


def check_reference(scope: Scope, signature: etree._Element, reference: Reference) -> ReferenceCheck:
    """Digest what a reference covers, and compare."""
    target = None
    try:
        hash_name = DIGESTS.get(reference.digest)
        if hash_name is None:
            finding = Finding.error("VND-DSIG-003", reference.location, algorithm=reference.digest)
            raise undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding)
        target = scope.resolve(reference)
        enveloped, method = _plan(reference)
        inside = _inside(signature, target)
        exclude = signature if enveloped and inside else None
        if enveloped and not inside and _holds(signature, target.element):
            finding = Finding.error("VND-DSIG-009", reference.location, uri=reference.uri)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        if not target.comments:
            method = Algorithm(WITHOUT_COMMENTS[method.uri], method.prefixes)
        digest = _digest(scope, target, method, exclude, hash_name)
        return _compare(reference, target, digest, hash_name)
    except FileError:
        raise  # says nothing about the signature
    except RefusedError as refused:
        return _refused(reference, refused, target)
    except VnedocError as error:
        return _refused(reference, ill_formed(error, reference.location), target)


def _refused(reference: Reference, refused: RefusedError, target: Target | None) -> ReferenceCheck:
    return ReferenceCheck(
        reference=reference,
        verdict=refused.verdict,
        findings=(refused.finding,),
        target=None if target is None else target.element,
        hash_name=DIGESTS.get(reference.digest),
    )


def _digest(
    scope: Scope, target: Target, method: Algorithm, exclude: etree._Element | None, hash_name: str
) -> Digest:
    """Digest what a reference covers; the same is never digested twice."""
    key = (target.node, method, exclude, hash_name)
    known = scope.digests.get(key)
    if known is None:
        scope.spend_steps(target, method)
        sink = _Sink(scope, hash_name)
        _canonicalize(scope, sink, target, method, exclude)
        known = scope.digests[key] = sink.finish()
    return known


def _canonicalize(
    scope: Scope, sink: _Sink, target: Target, method: Algorithm, exclude: etree._Element | None
) -> None:
    """Bring the target into canonical form, what was taken out of the document put back."""
    pieces = scope.pieces
    if pieces is None or not scope.document.cuts:
        canonicalize_into(sink.write, target.node, method.uri, prefixes=method.prefixes, exclude=exclude)
        return
    octets = 0

    def counted() -> Iterator[bytes]:
        nonlocal octets
        for piece in pieces():
            octets += len(piece)
            yield piece

    canonicalize_stream_into(
        sink.write,
        scope.document,
        method.uri,
        counted(),
        target=target.node,
        prefixes=method.prefixes,
        exclude=exclude,
    )
    scope.spend(max(0, octets - sink.octets))  # the rest of the file was read too


def _compare(reference: Reference, target: Target, digest: Digest, hash_name: str) -> ReferenceCheck:
    verdict: Verdict = (Conclusion.PASSED, None)
    findings: tuple[Finding, ...] = ()
    # no node set has an empty canonical form: a digest of nothing is never right
    if not digest.octets or digest.value != reference.value:
        verdict = (Conclusion.FAILED, SubIndication.HASH_FAILURE)
        findings = (
            Finding.error(
                "VND-DSIG-014", reference.location, uri=reference.uri, node=location(target.element)
            ),
        )
    elif reference.type == MANIFEST_TYPE or target.element.tag == _MANIFEST_TAG:
        # the digests inside a manifest are not looked at, so what they stand for is not known to be intact
        verdict = (Conclusion.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
        findings = (Finding.error("VND-DSIG-016", reference.location, uri=reference.uri),)
    return ReferenceCheck(
        reference=reference,
        verdict=verdict,
        findings=findings,
        target=target.element,
        whole=_is_whole(target),
        octets=digest.octets,
        sha256=digest.sha256,
        hash_name=hash_name,
    )


def _plan(reference: Reference) -> tuple[bool, Algorithm]:
    """Reduce the transforms to "less the signature?" and one canonicalisation."""
    enveloped = False
    method: Algorithm | None = None
    for step in reference.transforms:
        facts = {"algorithm": step.uri, "uri": reference.uri}
        if step.uri in _FORBIDDEN:
            finding = Finding.error("VND-DSIG-007", reference.location, **facts)
            raise failed(SubIndication.SIG_CONSTRAINTS_FAILURE, finding)
        if step.uri == ENVELOPED and method is None:
            enveloped = True
        elif step.uri in WITHOUT_COMMENTS and method is None:
            method = step
        else:
            finding = Finding.error("VND-DSIG-008", reference.location, **facts)
            raise undecided(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
    return enveloped, method or Algorithm(C14N)


def _inside(signature: etree._Element, target: Target) -> bool:
    """Tell whether the signature is a part of the target, and not all of it."""
    if isinstance(target.node, XmlDocument):
        return signature is not target.node.root
    return any(one is target.node for one in signature.iterancestors())


def _holds(signature: etree._Element, element: etree._Element) -> bool:
    """Tell whether taking the signature away would take the element with it."""
    return element is signature or any(one is signature for one in element.iterancestors())


def _is_whole(target: Target) -> bool:
    """Tell whether nothing of the document stands outside: a root named by its id leaves instructions out."""
    if isinstance(target.node, XmlDocument):
        return True
    element = target.node
    if element.getparent() is not None:
        return False
    beside = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    return all(one.tag is not etree.PI for one in beside)  # type: ignore[comparison-overlap]


def _identifiers(root: etree._Element) -> dict[str, list[tuple[etree._Element, str]]]:
    """Give every identifier with the elements and the attribute names that bear it.

    An attribute of another vocabulary (``wsu:Id``) identifies nothing here, yet it makes a value ambiguous.
    """
    found: dict[str, list[tuple[etree._Element, str]]] = {}
    for value in _ANY_ID(root):
        found.setdefault(str(value), []).append((value.getparent(), value.attrname))
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


class _Sink:
    """Takes canonical octets as they come, and counts them."""

    def __init__(self, scope: Scope, hash_name: str) -> None:
        self._scope = scope
        self._sha256 = hashlib.sha256()
        self._other = None if hash_name == "sha256" else hashlib.new(hash_name)
        self.octets = 0

    def write(self, data: bytes) -> None:
        self._scope.spend(len(data))
        self.octets += len(data)
        self._sha256.update(data)
        if self._other is not None:
            self._other.update(data)

    def finish(self) -> Digest:
        value = (self._other or self._sha256).digest()
        return Digest(self.octets, value, "sha256:" + self._sha256.hexdigest())
