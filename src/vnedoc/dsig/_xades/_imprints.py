"""What each kind of time stamp has stamped: the octets whose hash its token holds.

Clauses are those of EN 319 132-1 V1.3.1; the form of archive time stamps in the first namespace is that of
TS 101 903 V1.3.2, clause 7.7.1. Every part takes the canonicalisation that the time stamp itself names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._grammar import DS, XADES, Algorithm, Reference, SignatureElement
from vnedoc.dsig._xades._names import ALL_DATA, REFERENCES, SIGNED_PROPERTIES_TYPE, TIME_STAMPS, local
from vnedoc.dsig._xades._properties import Properties
from vnedoc.errors import DecodeError
from vnedoc.xml import C14N, C14N_METHODS, location

_X = f"{{{XADES}}}"
_INCLUSIVE = "InclusiveNamespaces"

Write: TypeAlias = Callable[[Any], object]
"""Takes octets: ``bytes``, or of a long text a ``memoryview``."""

Hash: TypeAlias = Any
"""An object of ``hashlib``, whose class has no public name."""


class Octets(Protocol):
    """Gives the octets of the parts of a signature, counted against the limits of the document."""

    def reference(self, write: Write, reference: Reference, method: Algorithm) -> None:
        """Hand over what a reference covers after its transforms; a node set in the form of *method*.

        Raises:
            VnedocError: It cannot be had.
        """

    def element(self, write: Write, element: etree._Element, method: Algorithm) -> None:
        """Hand over the canonical form of an element.

        Raises:
            VnedocError: There is none, or a limit was hit.
        """


@attrs.frozen(kw_only=True, eq=False)
class Imprints:
    """Computes the imprints of the time stamps of one signature, when they are asked for.

    Attributes:
        signature: The signature.
        properties: Its own.
        octets: Where the octets come from.
    """

    signature: SignatureElement
    properties: Properties
    octets: Octets
    _known: dict[tuple[etree._Element, str], bytes] = attrs.field(factory=dict, init=False)
    _data: dict[tuple[Algorithm, str], Hash] = attrs.field(factory=dict, init=False)

    def of(self, stamp: etree._Element, hash_name: str) -> bytes:
        """Give the digest of what the tokens in *stamp* must have stamped.

        Args:
            stamp: One of the properties that hold time stamps.
            hash_name: Name of ``hashlib``, as the token's ``messageImprint`` says.

        Raises:
            DecodeError: ``VND-DSIG-085`` when it cannot be told what was stamped, or what the parts raise.
            LimitExceeded: ``VND-DSIG-002``.
        """
        known = self._known.get((stamp, hash_name))
        if known is None:
            try:
                hasher = hashlib.new(hash_name)
            except ValueError as error:
                raise _incomputable(stamp, f"the hash {hash_name[:40]} is not known") from error
            known = self._known[stamp, hash_name] = self._digest(hasher, stamp)
        return known

    def _digest(self, hasher: Hash, stamp: etree._Element) -> bytes:
        method = _method(stamp)
        if stamp.find(_X + "ReferenceInfo") is not None:
            raise _incomputable(stamp, "it stamps what another document says (ReferenceInfo)")
        kind = TIME_STAMPS[str(stamp.tag)]
        if kind in ("archive-132", "archive-141"):
            # All archive time stamps begin with the data, which may be large: it is gone through once.
            begun = self._data.get((method, hasher.name))
            if begun is None:
                for reference in self.signature.references:
                    self.octets.reference(hasher.update, reference, method)
                begun = self._data[method, hasher.name] = hasher
            hasher = begun.copy()
        _PARTS[kind](self, hasher.update, stamp, method)
        digest: bytes = hasher.digest()
        return digest

    # --- the kinds ------------------------------------------------------------------------------

    def _signature(self, write: Write, _stamp: etree._Element, method: Algorithm) -> None:
        """5.3: the ``SignatureValue`` element."""
        self.octets.element(write, self._part("SignatureValue"), method)

    def _content(self, write: Write, stamp: etree._Element, method: Algorithm) -> None:
        """5.2.8.1 and 5.2.8.2: what references cover, all but the properties, or those that are listed."""
        listed = included_references(self.signature, stamp)
        _require_parts(stamp, listed)
        for reference in listed:
            self.octets.reference(write, reference, method)

    def _archive(self, write: Write, stamp: etree._Element, method: Algorithm) -> None:
        """5.5.2.2, behind the data: the parts of the signature, unsigned properties before it, objects."""
        for name in ("SignedInfo", "SignatureValue", "KeyInfo"):
            for part in self.signature.element.iterchildren(f"{{{DS}}}{name}"):
                self.octets.element(write, part, method)
        for one in self._before(stamp):
            self.octets.element(write, one, method)
        for one in self._objects(referenced=stamp.tag != _X + "ArchiveTimeStamp"):
            self.octets.element(write, one, method)

    def _signature_and_references(self, write: Write, stamp: etree._Element, method: Algorithm) -> None:
        """A.1.5.1: the value, its time stamps, and the references to validation data before it."""
        self.octets.element(write, self._part("SignatureValue"), method)
        for one in self._before(stamp):
            if one.tag in REFERENCES or one.tag == _X + "SignatureTimeStamp":
                self.octets.element(write, one, method)

    def _references_only(self, write: Write, stamp: etree._Element, method: Algorithm) -> None:
        """A.1.5.2: the references to validation data before it."""
        listed = [one for one in self._before(stamp) if one.tag in REFERENCES]
        _require_parts(stamp, listed)
        for one in listed:
            self.octets.element(write, one, method)

    # --- their parts ----------------------------------------------------------------------------

    def _part(self, name: str) -> etree._Element:
        return next(self.signature.element.iterchildren(f"{{{DS}}}{name}"))

    def _before(self, stamp: etree._Element) -> Iterator[etree._Element]:
        for one in self.properties.unsigned:
            if one is stamp:
                return
            yield one

    def _objects(self, *, referenced: bool) -> Iterator[etree._Element]:
        """Give every ``Object`` but that of the properties.

        The first form leaves out those that a reference names, which the second does not: where transforms
        follow, the reference need not cover all of them.
        """
        names = {f"#{one.get('Id')}" for one in self.signature.objects if one.get("Id")}
        named = {one.uri for one in self.signature.references if one.uri in names}
        for one in self.signature.objects:
            if one is self.properties.qualifying.getparent():
                continue
            if referenced or f"#{one.get('Id')}" not in named:
                yield one


_PARTS: Mapping[str, Callable[[Imprints, Write, etree._Element, Algorithm], None]] = {
    "content": Imprints._content,  # noqa: SLF001 - a table of its own methods
    "signature": Imprints._signature,  # noqa: SLF001
    "refs-only": Imprints._references_only,  # noqa: SLF001
    "sig-and-refs": Imprints._signature_and_references,  # noqa: SLF001
    "archive-132": Imprints._archive,  # noqa: SLF001
    "archive-141": Imprints._archive,  # noqa: SLF001
}


def included_references(signature: SignatureElement, stamp: etree._Element) -> tuple[Reference, ...]:
    """Give the references whose data a content time stamp has stamped, in its own order.

    Raises:
        DecodeError: ``VND-DSIG-085`` when it lists something else.
    """
    listed = _all_but_properties if stamp.tag == ALL_DATA else _included
    return tuple(listed(signature, stamp))


def _all_but_properties(signature: SignatureElement, _stamp: etree._Element) -> Iterator[Reference]:
    for one in signature.references:
        if one.type != SIGNED_PROPERTIES_TYPE:
            yield one


def _included(signature: SignatureElement, stamp: etree._Element) -> Iterator[Reference]:
    by_name = {f"#{one.id}": one for one in signature.references if one.id}
    for include in stamp.iterchildren(_X + "Include"):
        reference = by_name.get(include.get("URI") or "")
        if reference is None or include.get("referencedData") not in ("true", "1"):
            raise _incomputable(stamp, "it lists something else than the data of a Reference")
        yield reference


def _method(stamp: etree._Element) -> Algorithm:
    """Give the canonicalisation that the stamp names; without one it is Canonical XML 1.0 (4.5)."""
    element = stamp.find(f"{{{DS}}}CanonicalizationMethod")
    uri = None if element is None else element.get("Algorithm")
    if element is None or not uri:
        return Algorithm(C14N)
    if uri not in C14N_METHODS:
        raise _incomputable(stamp, f"the canonicalisation {uri[:200]} is not known")
    lists = [one.get("PrefixList") or "" for one in element if isinstance(one.tag, str)]
    inside = [local(one) for one in element if isinstance(one.tag, str)]
    if any(name != _INCLUSIVE for name in inside) or (inside and "exc-c14n" not in uri):
        raise _incomputable(stamp, f"the canonicalisation {uri[:200]} has parameters that are not known")
    return Algorithm(uri, tuple(" ".join(lists).split()))


def _require_parts(stamp: etree._Element, parts: Sequence[object]) -> None:
    """Refuse a time stamp over nothing: the hash of no octets is in anybody's token."""
    if not parts:
        raise _incomputable(stamp, "there is nothing that it could have stamped")


def _incomputable(stamp: etree._Element, cause: str) -> DecodeError:
    return DecodeError(
        "VND-DSIG-085",
        f"it cannot be computed what the time stamp has stamped: {cause}",
        path=location(stamp),
        hint="hand in what the signature covers, or judge it with software that knows this form",
        facts={"cause": cause},
    )
