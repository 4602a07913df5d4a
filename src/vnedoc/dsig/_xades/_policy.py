"""``SignaturePolicyIdentifier`` (clause 5.2.9): the policy that is named, and whether a document is it."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.dsig._grammar import DS, XADES, Algorithm, children, malformed, read_digest, require
from vnedoc.dsig._xades._names import XADES_141, local
from vnedoc.errors import VnedocError
from vnedoc.model import Limits
from vnedoc.xml import C14N_METHODS, canonicalize, parse

_X, _Y = f"{{{XADES}}}", f"{{{XADES_141}}}"
_URN = "urn:oid:"


class PolicyState(enum.Enum):
    """What came of holding a policy document against what the signer signed."""

    SAME = "same"
    """It is the very document."""
    OTHER = "other"
    """It is another document."""
    ABSENT = "absent"
    """It is not at hand."""
    UNKNOWN = "unknown"
    """It is at hand, but how its digest is made is not known here."""


@attrs.frozen(kw_only=True)
class PolicyReference:
    """A ``SignaturePolicyId``; an implied policy gives none.

    Attributes:
        identifier: Its URI or ``urn:oid:`` name, white space around it taken away; ``""`` when it has none.
        description: What the signer calls it.
        transforms: Algorithms that the document goes through before it is digested.
        digest: URI of the digest method.
        value: Digest of the document.
        uris: Where the signer says that it can be had (``SPURI``); nothing is fetched from there.
        notices: Texts that the signer wants to be shown (``SPUserNotice``).
        specification: Identifier of the document's own technical specification (``SPDocSpecification``).
    """

    identifier: str
    description: str | None = None
    transforms: tuple[Algorithm, ...] = ()
    digest: str
    value: bytes
    uris: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    specification: str | None = None

    def check(self, policies: Mapping[str, bytes], limits: Limits) -> PolicyState:
        """Look the policy up by its identifier, with or without ``urn:oid:``, and compare the digests."""
        document = policies.get(self.identifier)
        if document is None and self.identifier.startswith(_URN):
            document = policies.get(self.identifier.removeprefix(_URN))
        if document is None:
            return PolicyState.ABSENT
        name = DIGESTS.get(self.digest)
        if name is None:
            return PolicyState.UNKNOWN
        for step in self.transforms:
            if step.uri not in C14N_METHODS:
                return PolicyState.UNKNOWN
            try:
                document = canonicalize(parse(document, limits), step.uri, prefixes=step.prefixes)
            except VnedocError:
                return PolicyState.OTHER
        return PolicyState.SAME if hashlib.new(name, document).digest() == self.value else PolicyState.OTHER


def read_policy(element: etree._Element | None) -> PolicyReference | None:
    """Read the property; ``None`` for an implied policy, and when there is no such property.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    if element is None:
        return None
    choice = children(element)
    if len(choice) != 1:
        raise malformed(element, "expected SignaturePolicyId or SignaturePolicyImplied")
    if choice[0].tag == _X + "SignaturePolicyImplied":
        return None
    require(choice[0], "SignaturePolicyId", XADES)
    parts = {str(one.tag): one for one in children(choice[0])}
    if len(parts) != len(children(choice[0])):
        raise malformed(choice[0], "a part of the policy stands twice")
    name, hashed = parts.get(_X + "SigPolicyId"), parts.get(_X + "SigPolicyHash")
    identifier, description = ("", None) if name is None else read_identifier(name)
    # without a digest there is nothing to compare a document with: the signature stands, the policy is open
    digest, value = ("", b"") if hashed is None else read_digest(children(hashed), hashed)
    qualifiers = parts.get(_X + "SigPolicyQualifiers")
    inside = [] if qualifiers is None else [one for each in children(qualifiers) for one in each]
    return PolicyReference(
        identifier=identifier,
        description=description,
        transforms=_transforms(parts.get(f"{{{DS}}}Transforms")),
        digest=digest,
        value=value,
        uris=tuple(_text(one) for one in inside if one.tag == _X + "SPURI"),
        notices=tuple(
            _text(text)
            for one in inside
            if one.tag == _X + "SPUserNotice"
            for text in one.iterchildren(_X + "ExplicitText")
        ),
        specification=next(
            (read_identifier(one)[0] for one in inside if one.tag == _Y + "SPDocSpecification"), None
        ),
    )


def read_identifier(holder: etree._Element) -> tuple[str, str | None]:
    """Give identifier and description of an ``ObjectIdentifierType``; a bare text is the identifier."""
    identifier = holder.find(_X + "Identifier")
    description = holder.find(_X + "Description")
    return (
        "" if identifier is None else _text(identifier),
        None if description is None else _text(description),
    )


def _text(element: etree._Element) -> str:
    return "".join(str(one) for one in element.itertext()).strip()


def _transforms(element: etree._Element | None) -> tuple[Algorithm, ...]:
    if element is None:
        return ()
    found = []
    for one in children(element):
        prefixes = [inner.get("PrefixList") or "" for inner in one if local(inner) == "InclusiveNamespaces"]
        found.append(Algorithm(one.get("Algorithm") or "", tuple(" ".join(prefixes).split())))
    return tuple(found)
