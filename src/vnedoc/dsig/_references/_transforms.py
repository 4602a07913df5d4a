"""The transforms of a reference, in the order that is declared, each taking octets or nodes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import DS, ENVELOPED, Algorithm, Reference, children, malformed
from vnedoc.dsig._references._scope import Pointer, Scope, Target
from vnedoc.dsig._verdict import failed, undecided
from vnedoc.errors import LimitExceeded
from vnedoc.model import Blob, Finding, SubIndication
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    FilterStep,
    NodeSet,
    XmlDocument,
    canonicalize_into,
    canonicalize_nodes_into,
    canonicalize_stream_into,
    filter2,
    parse,
    parse_with_doctype,
    strict_base64,
    string_value,
    subtree,
    whole,
    without,
    xpath_filter,
)

BASE64 = DS + "base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"

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

_FORBIDDEN = frozenset({XPATH, FILTER2, XSLT, BASE64})
"""Transforms that can leave anything out of what is signed, or run programs."""

Write: TypeAlias = Callable[[Any], object]
"""Takes octets: ``bytes``, or of a long text a ``memoryview``."""


@attrs.frozen
class Outcome:
    """What a reference covers.

    Attributes:
        element: The element, the root for a document; ``None`` for octets from outside.
        whole: Whether nothing of the document is left out but the signature.
    """

    element: etree._Element | None
    whole: bool


@attrs.frozen
class Plan:
    """What the usual transforms come down to: nodes, perhaps less the signature, in one canonical form.

    Attributes:
        target: What the URI names.
        method: The canonicalisation; without comments where the node set has none.
        exclude: The signature, where it is to be left out.
    """

    target: Target
    method: Algorithm
    exclude: etree._Element | None

    @property
    def outcome(self) -> Outcome:
        """What is covered."""
        return Outcome(self.target.element, is_whole(self.target))


@attrs.frozen(kw_only=True)
class _Selection:
    """Nodes between two transforms: those of *target* less *exclude*, or *nodes* once an XPath chose them."""

    document: XmlDocument
    target: Target
    exclude: etree._Element | None = None
    nodes: NodeSet | None = None


def plan(scope: Scope, signature: etree._Element, reference: Reference, target: Target | Blob) -> Plan | None:
    """Reduce the transforms to "less the signature?" and one canonicalisation; ``None`` where there is more.

    Raises:
        RefusedError: A transform is forbidden or not known, or would take away what is to be signed.
    """
    refuse_transforms(scope.generic, reference.transforms, reference)
    if isinstance(target, Blob):
        return None
    enveloped = False
    method: Algorithm | None = None
    if scope.generic is not None and _holds(signature, target.element):
        return None  # what is left may be empty there
    for step in reference.transforms:
        if method is None and step.uri == ENVELOPED:
            enveloped = True
        elif method is None and step.uri in WITHOUT_COMMENTS:
            method = step
        else:
            return None
    method = method or Algorithm(C14N)
    if not target.comments and method.uri != WITHOUT_COMMENTS[method.uri]:
        method = Algorithm(WITHOUT_COMMENTS[method.uri], method.prefixes)
    return Plan(target, method, _enveloped(signature, target, reference) if enveloped else None)


def refuse_transforms(generic: UnsafeGeneric | None, steps: tuple[Algorithm, ...], at: Pointer) -> None:
    """Refuse what is forbidden by default, and what nobody here knows.

    Raises:
        RefusedError: FAILED for what is forbidden, INDETERMINATE for what is not known.
    """
    for step in steps:
        if step.uri == ENVELOPED or step.uri in WITHOUT_COMMENTS:
            continue
        facts = {"algorithm": step.uri, "uri": at.uri}
        if generic is None and step.uri in _FORBIDDEN:
            raise failed(
                SubIndication.SIG_CONSTRAINTS_FAILURE, Finding.error("VND-DSIG-007", at.location, **facts)
            )
        if generic is None or step.uri not in _allowed(generic):
            raise undecided(
                SubIndication.SIGNED_DATA_NOT_FOUND, Finding.error("VND-DSIG-008", at.location, **facts)
            )


def _allowed(generic: UnsafeGeneric) -> frozenset[str]:
    table = {BASE64: generic.base64, XPATH: generic.xpath, FILTER2: generic.xpath}
    return frozenset(uri for uri, on in table.items() if on)


def canonicalize_plan(scope: Scope, write: Write, made: Plan) -> int:
    """Hand the canonical octets of a plan to *write*, what was taken out of the document put back.

    Returns:
        How many octets of the file were read beside those that were written.
    """
    pieces = scope.pieces
    target, method = made.target, made.method
    if pieces is None or not scope.document.cuts:
        canonicalize_into(
            write,
            target.node,
            method.uri,
            prefixes=method.prefixes,
            exclude=made.exclude,
            at_once=scope.is_small,
        )
        return 0
    read = written = 0

    def counted() -> Iterator[bytes | memoryview]:
        nonlocal read
        for piece in pieces():
            read += len(piece)
            yield piece

    def count(octets: bytes | memoryview) -> None:
        nonlocal written
        written += len(octets)
        write(octets)

    canonicalize_stream_into(
        count,
        scope.document,
        method.uri,
        counted(),
        target=target.node,
        prefixes=method.prefixes,
        exclude=made.exclude,
    )
    return max(0, read - written)


def transform_into(
    scope: Scope,
    write: Write,
    signature: etree._Element,
    steps: tuple[Algorithm, ...],
    at: Pointer,
    target: Target | Blob,
    default: Algorithm | None = None,
) -> Outcome:
    """Hand the octets that the transforms give to *write*, one transform after the other.

    Args:
        scope: The document.
        write: Takes the octets piece by piece.
        signature: The ``Signature`` that the transforms belong to, which ``enveloped-signature`` takes away.
        steps: In order.
        at: What they belong to, for findings.
        target: What its URI names.
        default: The canonical form of nodes that are left at the end, C14N 1.0 when it is not given.

    Raises:
        RefusedError: A transform cannot be done.
        VnedocError: What it works on is not well formed, or too much.
        FileError: What lies outside cannot be read.
    """
    return _Pipeline(scope, signature, at).run(write, steps, target, default or Algorithm(C14N))


class _Pipeline:
    """The transforms of one reference on their way."""

    def __init__(self, scope: Scope, signature: etree._Element, at: Pointer) -> None:
        self.scope = scope
        self.signature = signature
        self.at = at

    def run(
        self, write: Write, steps: tuple[Algorithm, ...], target: Target | Blob, default: Algorithm
    ) -> Outcome:
        refuse_transforms(self.scope.generic, steps, self.at)
        plain = all(one.uri == ENVELOPED or one.uri in WITHOUT_COMMENTS for one in steps)
        outcome = Outcome(None, whole=False)
        value: _Selection | Blob
        if isinstance(target, Blob):
            value = target
        else:
            outcome = Outcome(target.element, plain and is_whole(target))
            value = _Selection(document=self.scope.document, target=target)
        last = len(steps) - 1
        for number, step in enumerate(steps):
            if number == last and step.uri in WITHOUT_COMMENTS:
                self._canonicalize(write, self._nodes(value), step)
                return outcome
            value = self._step(value, step)
        if isinstance(value, Blob):
            for piece in value.checked_chunks():
                write(piece)
        else:
            self._canonicalize(write, value, default)
        return outcome

    def _step(self, value: _Selection | Blob, step: Algorithm) -> _Selection | Blob:
        if step.uri == BASE64:
            return self._base64(value)
        selection = self._nodes(value)
        if step.uri == ENVELOPED:
            return self._enveloped(selection)
        if step.uri == XPATH:
            return self._xpath(selection, step)
        if step.uri == FILTER2:
            return self._filter(selection, step)
        buffer = _Buffer(self.scope.limits.tree_bytes)
        self._canonicalize(buffer.write, selection, step)
        return Blob.from_bytes(buffer.getvalue())

    def _nodes(self, value: _Selection | Blob) -> _Selection:
        """Parse octets where nodes are needed (XMLDSig 1.1, clause 4.4.3.2)."""
        if not isinstance(value, Blob):
            return value
        limits = self.scope.limits
        if value.size > limits.tree_bytes:
            raise LimitExceeded.of("VND-DSIG-002", "tree_bytes", limits.tree_bytes, value.size)
        self.scope.spend(value.size)
        octets = b"".join(value.checked_chunks())
        generic = self.scope.generic
        unsafe = generic is not None and generic.doctype
        document = parse_with_doctype(octets, limits) if unsafe else parse(octets, limits)
        return _Selection(document=document, target=Target(document, comments=True))

    def _canonicalize(self, write: Write, selection: _Selection, step: Algorithm) -> None:
        if selection.nodes is not None:
            self.scope.spend_nodes(selection.document)
            canonicalize_nodes_into(write, selection.nodes, step.uri, prefixes=step.prefixes)
            return
        target = selection.target
        method = step if target.comments else Algorithm(WITHOUT_COMMENTS[step.uri], step.prefixes)
        if selection.document is self.scope.document:
            self.scope.spend_steps(target, method.uri)
            rest = canonicalize_plan(self.scope, write, Plan(target, method, selection.exclude))
            self.scope.spend(rest)
        else:
            self.scope.spend_nodes(selection.document)
            canonicalize_into(write, target.node, method.uri, prefixes=method.prefixes)

    def _enveloped(self, selection: _Selection) -> _Selection:
        if selection.document is not self.scope.document:
            finding = Finding.error("VND-DSIG-057", self.at.location, uri=self.at.uri)
            raise failed(SubIndication.FORMAT_FAILURE, finding)
        if selection.nodes is not None:
            return attrs.evolve(selection, nodes=without(selection.nodes, self.signature))
        if self.scope.generic is not None and _holds(self.signature, selection.target.element):
            return attrs.evolve(selection, nodes=without(self._node_set(selection), self.signature))
        return attrs.evolve(selection, exclude=_enveloped(self.signature, selection.target, self.at))

    def _node_set(self, selection: _Selection) -> NodeSet:
        if selection.nodes is not None:
            return selection.nodes
        document, target = selection.document, selection.target
        if document.cuts:
            # what is chosen by the text of nodes needs all of the text
            finding = Finding.error("VND-DSIG-008", self.at.location, algorithm=XPATH, uri=self.at.uri)
            raise undecided(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
        self.scope.spend_nodes(document)
        nodes = (
            whole(document, comments=target.comments)
            if isinstance(target.node, XmlDocument)
            else subtree(document, target.node, comments=target.comments)
        )
        return nodes if selection.exclude is None else without(nodes, selection.exclude)

    def _base64(self, value: _Selection | Blob) -> Blob:
        """Decode (clause 6.6.2): of nodes, their text, without tags, comments and instructions."""
        if isinstance(value, Blob):
            if value.size > self.scope.limits.digest_bytes:
                limit = self.scope.limits.digest_bytes
                raise LimitExceeded.of("VND-DSIG-002", "digest_bytes", limit, value.size)
            self.scope.spend(value.size)
            return Blob.from_bytes(strict_base64(b"".join(value.checked_chunks())))
        return Blob.from_bytes(strict_base64(string_value(self._node_set(value), work=self.scope.xpath)))

    def _xpath(self, selection: _Selection, step: Algorithm) -> _Selection:
        """Keep the nodes for which an expression is true (clause 6.6.3)."""
        parts = children(_parameters(step))
        if len(parts) != 1 or parts[0].tag != f"{{{DS}}}XPath":
            raise malformed(_parameters(step), "an XPath transform takes one XPath")
        nodes = xpath_filter(
            self._node_set(selection),
            _expression(parts[0]),
            namespaces=parts[0].nsmap,
            here=parts[0],
            work=self.scope.xpath,
        )
        return attrs.evolve(selection, nodes=nodes)

    def _filter(self, selection: _Selection, step: Algorithm) -> _Selection:
        """Intersect, subtract and add subtrees (XPath Filter 2.0, clause 3)."""
        found = []
        for one in children(_parameters(step)):
            kind = one.get("Filter")
            if one.tag != f"{{{FILTER2}}}XPath" or kind not in ("intersect", "subtract", "union"):
                raise malformed(one, "expected XPath with Filter")
            found.append(
                FilterStep(
                    kind=kind,  # type: ignore[arg-type]
                    expression=_expression(one),
                    namespaces=one.nsmap,
                    here=one,
                )
            )
        if not found:
            raise malformed(_parameters(step), "an XPath filter takes at least one XPath")
        nodes = filter2(self._node_set(selection), found, work=self.scope.xpath)
        return attrs.evolve(selection, nodes=nodes)


def _enveloped(signature: etree._Element, target: Target, at: Pointer) -> etree._Element | None:
    """Give the signature where it is a part of the target.

    Raises:
        RefusedError: The target stands inside the signature: taking that away would leave nothing.
    """
    if _inside(signature, target):
        return signature
    if _holds(signature, target.element):
        finding = Finding.error("VND-DSIG-009", at.location, uri=at.uri)
        raise failed(SubIndication.FORMAT_FAILURE, finding)
    return None


def _parameters(step: Algorithm) -> etree._Element:
    assert step.element is not None  # noqa: S101 - the reader keeps it for all that is no canonicalisation
    return step.element


def _expression(element: etree._Element) -> str:
    """Give the text of an ``XPath`` element, in which comments may stand."""
    if any(isinstance(one.tag, str) for one in element):
        raise malformed(element, "elements inside an expression")
    return "".join(element.itertext())


def _inside(signature: etree._Element, target: Target) -> bool:
    """Tell whether the signature is a part of the target, and not all of it."""
    if isinstance(target.node, XmlDocument):
        return signature is not target.node.root
    return any(one is target.node for one in signature.iterancestors())


def _holds(signature: etree._Element, element: etree._Element) -> bool:
    """Tell whether taking the signature away would take the element with it."""
    return element is signature or any(one is signature for one in element.iterancestors())


def is_whole(target: Target) -> bool:
    """Tell whether nothing of the document stands outside: a root named by its id leaves instructions out."""
    if isinstance(target.node, XmlDocument):
        return True
    element = target.node
    if element.getparent() is not None:
        return False
    beside = [*element.itersiblings(), *element.itersiblings(preceding=True)]
    return all(one.tag is not etree.PI for one in beside)  # type: ignore[comparison-overlap]


class _Buffer(io.BytesIO):
    """Octets between two transforms, no more than may be parsed again."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.tell() + len(data) > self._most:
            raise LimitExceeded.of("VND-DSIG-002", "tree_bytes", self._most, None)
        return super().write(data)
