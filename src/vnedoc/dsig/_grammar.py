"""Strict reading of a ``Signature`` element (XMLDSig 1.1, clause 4) into frozen values.

Nothing is digested here and every count is checked first, so that a flood costs only its parsing.
Comments and processing instructions may stand between elements; text values must be one text node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS, SIGNATURES
from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    location,
    strict_base64,
    text_of,
)

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
_XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
SIGNATURE_TAG = f"{{{DS}}}Signature"
ENVELOPED = DS + "enveloped-signature"

_INCLUSIVE_NAMESPACES = f"{{{EXC_C14N}}}InclusiveNamespaces"
_EXCLUSIVE = frozenset({EXC_C14N, EXC_C14N_COMMENTS})
_BARE = frozenset({ENVELOPED, C14N, C14N_COMMENTS, C14N_11, C14N_11_COMMENTS})


def _named(namespace: str, names: str) -> frozenset[str]:
    return frozenset(f"{{{namespace}}}{name}" for name in names.split())


_CLOSED: Mapping[str, frozenset[str]] = {
    f"{{{DS}}}KeyInfo": _named(DS, "KeyName KeyValue X509Data RetrievalMethod")
    | _named(DS11, "DEREncodedKeyValue KeyInfoReference"),
    f"{{{DS}}}KeyValue": _named(DS, "RSAKeyValue DSAKeyValue") | _named(DS11, "ECKeyValue"),
    f"{{{DS}}}RSAKeyValue": _named(DS, "Modulus Exponent"),
    f"{{{DS}}}DSAKeyValue": _named(DS, "P Q G Y J Seed PgenCounter"),
    f"{{{DS11}}}ECKeyValue": _named(DS11, "NamedCurve PublicKey"),
    f"{{{DS}}}X509Data": _named(DS, "X509Certificate X509CRL X509IssuerSerial X509SKI X509SubjectName")
    | _named(DS11, "X509Digest"),
    f"{{{DS}}}X509IssuerSerial": _named(DS, "X509IssuerName X509SerialNumber"),
    f"{{{XADES}}}QualifyingProperties": _named(XADES, "SignedProperties UnsignedProperties"),
    f"{{{XADES}}}UnsignedProperties": _named(XADES, "UnsignedSignatureProperties"),
    f"{{{XADES}}}UnsignedSignatureProperties": _named(
        XADES,
        "CounterSignature SignatureTimeStamp CompleteCertificateRefs CompleteRevocationRefs"
        " AttributeCertificateRefs AttributeRevocationRefs SigAndRefsTimeStamp RefsOnlyTimeStamp"
        " CertificateValues RevocationValues AttrAuthoritiesCertValues AttributeRevocationValues"
        " ArchiveTimeStamp",
    )
    | _named(
        _XADES_141,
        "TimeStampValidationData ArchiveTimeStamp ArchiveTimeStampV2 CompleteCertificateRefsV2"
        " AttributeCertificateRefsV2 SigAndRefsTimeStampV2 RefsOnlyTimeStampV2 SignaturePolicyStore"
        " RenewedDigestsV2",
    ),
}
"""What may stand in the parts of a ``Signature`` that its own value does not cover; others are leaves."""

_SIGNED = _named(DS, "SignedInfo Signature") | _named(XADES, "SignedProperties")
"""Not looked into: signed by itself, or a signature that is judged for itself."""

_EVIDENCE = _CLOSED[f"{{{XADES}}}UnsignedSignatureProperties"]
_EVIDENCE_SPACES = (f"{{{DS}}}", f"{{{DS11}}}", f"{{{XADES}}}", f"{{{_XADES_141}}}")


@attrs.frozen
class Algorithm:
    """An ``Algorithm`` attribute with what it may carry.

    Attributes:
        uri: The identifier.
        prefixes: ``PrefixList`` of exclusive canonicalisation.
    """

    uri: str
    prefixes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Reference:
    """One ``Reference`` (XMLDSig 1.1, clause 4.4.3).

    Attributes:
        id: Its ``Id``.
        uri: Its ``URI``; ``None`` when the attribute is absent.
        type: Its ``Type``.
        transforms: In order.
        digest: URI of the digest method.
        value: The digest that is claimed.
        element: The element itself.
    """

    id: str | None
    uri: str | None
    type: str | None
    transforms: tuple[Algorithm, ...]
    digest: str
    value: bytes
    element: etree._Element = attrs.field(eq=False, repr=False)

    @property
    def location(self) -> str:
        """Where the element stands."""
        return location(self.element)


@attrs.frozen(kw_only=True)
class KeyInfo:
    """What ``KeyInfo`` holds (clause 4.5); hints, never trust.

    Attributes:
        certificates: From ``X509Certificate``, DER, in order, each once.
        key_values: Bare keys: ``KeyValue`` and ``DEREncodedKeyValue``.
        retrieved: Location of a ``RetrievalMethod`` or ``KeyInfoReference``, which is never followed.
    """

    certificates: tuple[bytes, ...] = ()
    key_values: tuple[etree._Element, ...] = ()
    retrieved: str | None = None


@attrs.frozen(kw_only=True, eq=False)
class SignatureElement:
    """A ``Signature`` that keeps the grammar.

    Attributes:
        element: The element itself.
        id: Its ``Id``.
        signed_info: The one ``SignedInfo``.
        canonicalization: How ``SignedInfo`` becomes octets.
        method: URI of the signature method.
        references: At least one.
        value: ``SignatureValue``.
        key_info: Empty when there is none.
        objects: Its ``Object`` children.
    """

    element: etree._Element
    id: str | None
    signed_info: etree._Element
    canonicalization: Algorithm
    method: str
    references: tuple[Reference, ...]
    value: bytes
    key_info: KeyInfo
    objects: tuple[etree._Element, ...]


def read_signature(element: etree._Element, limits: Limits) -> SignatureElement:
    """Read a ``Signature`` element.

    Raises:
        DecodeError: ``VND-DSIG-001`` when the grammar is broken, or what ``vnedoc.xml`` says of a text value.
        LimitExceeded: ``VND-DSIG-002``.
    """
    parts = children(element)
    if len(parts) < 2:  # noqa: PLR2004 - SignedInfo and SignatureValue
        raise malformed(element, "SignedInfo and SignatureValue are required")
    signed_info, value = parts[0], parts[1]
    require(signed_info, "SignedInfo")
    require(value, "SignatureValue")
    rest = parts[2:]
    key_info = KeyInfo()
    if rest and rest[0].tag == f"{{{DS}}}KeyInfo":
        key_info = _read_key_info(rest.pop(0), limits)
    for one in rest:
        require(one, "Object")
    info = children(signed_info)
    if len(info) < 3:  # noqa: PLR2004 - two methods and one reference
        raise malformed(signed_info, "two methods and at least one Reference are required")
    require(info[0], "CanonicalizationMethod")
    require(info[1], "SignatureMethod")
    _bound(limits.references, "references", len(info) - 2, signed_info)
    return SignatureElement(
        element=element,
        id=element.get("Id"),
        signed_info=signed_info,
        canonicalization=_read_algorithm(info[0]),
        method=_algorithm_of(info[1]),
        references=tuple(_read_reference(one, limits) for one in info[2:]),
        value=_octets(value),
        key_info=key_info,
        objects=tuple(rest),
    )


def children(element: etree._Element) -> list[etree._Element]:
    """Give the child elements; refuse text between them.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    found = []
    stray = element.text
    if stray and not stray.isspace():
        raise malformed(element, "text beside elements")
    for child in element:
        if isinstance(child.tag, str):
            found.append(child)
        if child.tail and not child.tail.isspace():
            raise malformed(element, "text beside elements")
    return found


def strangers(element: etree._Element) -> Iterator[etree._Element]:
    """Give what stands in *element* (``KeyInfo``, ``QualifyingProperties``) and no standard puts there.

    Nothing signs these parts of a signature, so they must have no room for content.
    """
    waiting = [element]
    while waiting:
        holder = waiting.pop()
        inside = [one for one in holder if isinstance(one.tag, str)]
        if holder.tag in _EVIDENCE:
            yield from _foreign_evidence(holder)
            continue
        allowed = _CLOSED.get(str(holder.tag), frozenset())
        if allowed and has_text(holder):
            yield holder
        for one in inside:
            if one.tag not in allowed:
                yield one
            elif one.tag not in _SIGNED:
                waiting.append(one)


def _foreign_evidence(element: etree._Element) -> Iterator[etree._Element]:
    """Give what is no vocabulary of signatures, in time stamps and the like."""
    walker = etree.iterwalk(element, events=("start",))
    for _, one in walker:
        if one.tag == SIGNATURE_TAG:
            walker.skip_subtree()
        elif not str(one.tag).startswith(_EVIDENCE_SPACES) or one.tag == f"{{{DS}}}Object":
            yield one
            walker.skip_subtree()


def has_text(element: etree._Element) -> bool:
    """Tell whether text other than white space stands right in an element, beside its children."""
    texts = [element.text, *(one.tail for one in element)] if isinstance(element.tag, str) else []
    return any(one and not one.isspace() for one in texts)


def require(element: etree._Element, name: str, namespace: str = DS) -> None:
    """Refuse an element of another name.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    if element.tag != f"{{{namespace}}}{name}":
        raise malformed(element, f"expected {name} here")


def malformed(element: etree._Element, cause: str) -> DecodeError:
    """Give the error for a signature that breaks its grammar."""
    return DecodeError(
        "VND-DSIG-001",
        f"not a well-formed XML signature: {cause}",
        path=location(element),
        hint="ask the signer's software to make the signature again",
        facts={"cause": cause},
    )


def read_digest(parts: Sequence[etree._Element], within: etree._Element) -> tuple[str, bytes]:
    """Read ``DigestMethod`` and ``DigestValue``, which must be all of *parts*.

    Raises:
        DecodeError: ``VND-DSIG-001`` or a code of ``vnedoc.xml``.
    """
    if len(parts) != 2:  # noqa: PLR2004 - the two elements of the docstring
        raise malformed(within, "expected DigestMethod and DigestValue")
    require(parts[0], "DigestMethod")
    require(parts[1], "DigestValue")
    return _algorithm_of(parts[0]), _octets(parts[1])


def _read_reference(element: etree._Element, limits: Limits) -> Reference:
    require(element, "Reference")
    parts = children(element)
    transforms: tuple[Algorithm, ...] = ()
    if parts and parts[0].tag == f"{{{DS}}}Transforms":
        steps = children(parts[0])
        if not steps:
            raise malformed(parts[0], "an empty list of transforms")
        _bound(limits.transforms, "transforms", len(steps), parts[0])
        for step in steps:
            require(step, "Transform")
        transforms = tuple(_read_algorithm(step) for step in steps)
        parts = parts[1:]
    digest, value = read_digest(parts, element)
    return Reference(
        id=element.get("Id"),
        uri=element.get("URI"),
        type=element.get("Type"),
        transforms=transforms,
        digest=digest,
        value=value,
        element=element,
    )


def _read_algorithm(element: etree._Element) -> Algorithm:
    """Read an algorithm that may be exclusive canonicalisation; what others carry is for them to refuse."""
    uri = element.get("Algorithm")
    if not uri:
        raise malformed(element, "no algorithm is named")
    if uri not in _BARE and uri not in _EXCLUSIVE:
        return Algorithm(uri)
    parts = children(element)
    if not parts:
        return Algorithm(uri)
    if uri in _BARE:
        raise malformed(element, "this algorithm takes no parameter")
    if len(parts) > 1 or parts[0].tag != _INCLUSIVE_NAMESPACES:
        raise malformed(element, "this algorithm takes one InclusiveNamespaces at most")
    return Algorithm(uri, tuple((parts[0].get("PrefixList") or "").split()))


def _algorithm_of(element: etree._Element) -> str:
    """Give the algorithm of a digest or signature method; those that are known take no parameter."""
    uri = element.get("Algorithm")
    if not uri:
        raise malformed(element, "no algorithm is named")
    if (uri in DIGESTS or uri in SIGNATURES) and children(element):
        raise malformed(element, "this algorithm takes no parameter")
    return uri


def _read_key_info(element: etree._Element, limits: Limits) -> KeyInfo:
    encoded: list[etree._Element] = []
    bare: list[etree._Element] = []
    retrieved = None
    for child in children(element):
        if child.tag == f"{{{DS}}}X509Data":
            encoded += [one for one in children(child) if one.tag == f"{{{DS}}}X509Certificate"]
        elif child.tag in (f"{{{DS}}}KeyValue", f"{{{DS11}}}DEREncodedKeyValue"):
            bare.append(child)
        elif child.tag in (f"{{{DS}}}RetrievalMethod", f"{{{DS11}}}KeyInfoReference"):
            retrieved = retrieved or location(child)
    _bound(limits.certificates, "certificates", len(encoded) + len(bare), element)
    certificates = dict.fromkeys(_octets(one) for one in encoded)
    return KeyInfo(certificates=tuple(certificates), key_values=tuple(bare), retrieved=retrieved)


def _octets(element: etree._Element) -> bytes:
    return strict_base64(text_of(element))


def _bound(allowed: int, limit: str, seen: int, element: etree._Element) -> None:
    if seen > allowed:
        raise LimitExceeded.of("VND-DSIG-002", limit, allowed, seen, path=location(element))
