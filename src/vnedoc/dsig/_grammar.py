"""Strict reading of a ``Signature`` element (XMLDSig 1.1, clause 4) into frozen values.

Nothing is digested here and every count is checked first, so that a flood costs only its parsing.
Comments and processing instructions may stand between elements; text values must be one text node.
"""

from __future__ import annotations

import re
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
_NO_PARAMETER = {*DIGESTS, *(one.uri for one in SIGNATURES.values() if not one.experimental)}
_X509_DIGEST = f"{{{DS11}}}X509Digest"
_CARRIED = (f"{{{DS}}}X509Certificate", f"{{{DS}}}X509CRL")
_SERIAL = re.compile(r"\s*-?[0-9]{1,60}\s*", re.ASCII)
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
        "TimeStampValidationData AnyValidationData ArchiveTimeStamp ArchiveTimeStampV2"
        " CompleteCertificateRefsV2 AttributeCertificateRefsV2 SigAndRefsTimeStampV2 RefsOnlyTimeStampV2"
        " SignaturePolicyStore RenewedDigestsV2",
    ),
}
"""What may stand in the parts of a ``Signature`` that its own value does not cover; others are leaves."""

_SIGNED = _named(DS, "SignedInfo Signature") | _named(XADES, "SignedProperties")
"""Not looked into: signed by itself, or a signature that is judged for itself."""

_EVIDENCE = _CLOSED[f"{{{XADES}}}UnsignedSignatureProperties"]
_EVIDENCE_SPACES = tuple(f"{{{one}}}" for one in (DS, DS11, XADES, _XADES_141, EXC_C14N))


@attrs.frozen
class Algorithm:
    """An ``Algorithm`` attribute with what it may carry.

    Attributes:
        uri: The identifier.
        prefixes: ``PrefixList`` of exclusive canonicalisation.
        element: The element itself, for transforms whose parameters are read when they run.
    """

    uri: str
    prefixes: tuple[str, ...] = ()
    element: etree._Element | None = attrs.field(default=None, eq=False, repr=False)


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
class CertificateHints:
    """What one ``X509Data`` says of the certificate that it is about (clause 4.5.4), besides carrying it.

    What cannot be read is left out: these are words of the sender, and lead to nothing that is believed.

    Attributes:
        issuer_serials: Issuer as text and serial number.
        key_ids: ``X509SKI``, the key identifier of the certificate's extension.
        subjects: Subject as text.
        digests: URI of the digest method and digest of the certificate.
    """

    issuer_serials: tuple[tuple[str, int], ...] = ()
    key_ids: tuple[bytes, ...] = ()
    subjects: tuple[str, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.issuer_serials or self.key_ids or self.subjects or self.digests)


@attrs.frozen(kw_only=True)
class KeyInfo:
    """What ``KeyInfo`` holds (clause 4.5); hints, never trust.

    Attributes:
        certificates: From ``X509Certificate``, DER, in order, each once.
        crls: From ``X509CRL``, DER, in order, each once.
        hints: Of each ``X509Data`` that says something about its certificate.
        key_values: Bare keys: ``KeyValue`` and ``DEREncodedKeyValue``.
        references: ``RetrievalMethod`` and ``KeyInfoReference``, followed only where the caller allows it.
    """

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    hints: tuple[CertificateHints, ...] = ()
    key_values: tuple[etree._Element, ...] = ()
    references: tuple[etree._Element, ...] = ()

    @property
    def retrieved(self) -> str | None:
        """Location of the first of *references*."""
        return location(self.references[0]) if self.references else None


@attrs.frozen(kw_only=True, eq=False)
class SignatureElement:
    """A ``Signature`` that keeps the grammar.

    Attributes:
        element: The element itself.
        id: Its ``Id``.
        signed_info: The one ``SignedInfo``.
        canonicalization: How ``SignedInfo`` becomes octets.
        method: URI of the signature method.
        method_element: ``SignatureMethod``, for the methods that have parameters.
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
    method_element: etree._Element
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
        key_info = read_key_info(rest.pop(0), limits)
    for one in rest:
        require(one, "Object")
    info = children(signed_info)
    if len(info) < 3:  # noqa: PLR2004 - two methods and one reference
        raise malformed(signed_info, "two methods and at least one Reference are required")
    require(info[0], "CanonicalizationMethod")
    require(info[1], "SignatureMethod")
    bound(limits.references, "references", len(info) - 2, signed_info)
    return SignatureElement(
        element=element,
        id=element.get("Id"),
        signed_info=signed_info,
        canonicalization=_read_algorithm(info[0]),
        method=_algorithm_of(info[1]),
        method_element=info[1],
        references=tuple(read_reference(one, limits) for one in info[2:]),
        value=_octets(value),
        key_info=key_info,
        objects=tuple(rest),
    )


def children(element: etree._Element) -> list[etree._Element]:
    """Give the child elements; refuse text between them.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    found = list(element.iterchildren("*"))
    # comments and instructions are passed over, and what stands after them is not
    nodes = found if len(found) == len(element) else list(element)
    for text in (element.text, *[one.tail for one in nodes]):
        if text and not text.isspace():
            raise malformed(element, "text beside elements")
    return found


def strangers(element: etree._Element) -> Iterator[etree._Element]:
    """Give what stands in *element* (``KeyInfo``, ``QualifyingProperties``) and no standard puts there.

    Nothing signs these parts of a signature, so they must have no room for content.
    """
    waiting = [element]
    while waiting:
        holder = waiting.pop()
        inside = holder.iterchildren("*")
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


def read_reference(element: etree._Element, limits: Limits) -> Reference:
    """Read a ``Reference`` of ``SignedInfo`` or ``Manifest``.

    Raises:
        DecodeError: ``VND-DSIG-001`` or a code of ``vnedoc.xml``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    require(element, "Reference")
    parts = children(element)
    transforms: tuple[Algorithm, ...] = ()
    if parts and parts[0].tag == f"{{{DS}}}Transforms":
        transforms = read_transforms(parts[0], limits)
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


def read_transforms(element: etree._Element, limits: Limits) -> tuple[Algorithm, ...]:
    """Read ``Transforms``, at least one.

    Raises:
        DecodeError: ``VND-DSIG-001``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    steps = children(element)
    if not steps:
        raise malformed(element, "an empty list of transforms")
    bound(limits.transforms, "transforms", len(steps), element)
    for step in steps:
        require(step, "Transform")
    return tuple(_read_algorithm(step) for step in steps)


def _read_algorithm(element: etree._Element) -> Algorithm:
    """Read an algorithm that may be exclusive canonicalisation; what others carry is for them to refuse."""
    uri = element.get("Algorithm")
    if not uri:
        raise malformed(element, "no algorithm is named")
    if uri not in _BARE and uri not in _EXCLUSIVE:
        return Algorithm(uri, element=element)
    parts = children(element)
    if not parts:
        return Algorithm(uri)
    if uri in _BARE:
        raise malformed(element, "this algorithm takes no parameter")
    if len(parts) > 1 or parts[0].tag != _INCLUSIVE_NAMESPACES:
        raise malformed(element, "this algorithm takes one InclusiveNamespaces at most")
    return Algorithm(uri, tuple((parts[0].get("PrefixList") or "").split()))


def _algorithm_of(element: etree._Element) -> str:
    """Give the algorithm of a digest or signature method; whoever knows more of it reads its parameters."""
    uri = element.get("Algorithm")
    if not uri:
        raise malformed(element, "no algorithm is named")
    if uri in _NO_PARAMETER and children(element):
        raise malformed(element, "this algorithm takes no parameter")
    return uri


def read_key_info(element: etree._Element, limits: Limits) -> KeyInfo:
    """Read ``KeyInfo``; what no table names is left out.

    Raises:
        DecodeError: ``VND-DSIG-001`` or a code of ``vnedoc.xml``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    return read_key_parts(children(element), limits, element)


def read_key_parts(parts: Sequence[etree._Element], limits: Limits, within: etree._Element) -> KeyInfo:
    """Read what stands in ``KeyInfo``, or elsewhere in its place; see ``read_key_info``."""
    encoded: list[etree._Element] = []
    lists: list[etree._Element] = []
    described: list[list[etree._Element]] = []
    bare: list[etree._Element] = []
    references: list[etree._Element] = []
    for child in parts:
        if child.tag == f"{{{DS}}}X509Data":
            described.append(children(child))
            encoded += [one for one in described[-1] if one.tag == f"{{{DS}}}X509Certificate"]
            lists += [one for one in described[-1] if one.tag == f"{{{DS}}}X509CRL"]
        elif child.tag in (f"{{{DS}}}KeyValue", f"{{{DS11}}}DEREncodedKeyValue"):
            bare.append(child)
        elif child.tag in (f"{{{DS}}}RetrievalMethod", f"{{{DS11}}}KeyInfoReference"):
            references.append(child)
    total = sum(len(one) for one in described) + len(bare) + len(references)
    bound(limits.certificates, "certificates", total, within)
    hints = tuple(one for one in map(_read_hints, described) if one)
    return KeyInfo(
        certificates=tuple(dict.fromkeys(_octets(one) for one in encoded)),
        crls=tuple(dict.fromkeys(one for one in map(_octets_or_none, lists) if one is not None)),
        hints=hints,
        key_values=tuple(bare),
        references=tuple(references),
    )


def _read_hints(parts: list[etree._Element]) -> CertificateHints | None:
    if all(one.tag in _CARRIED for one in parts):
        return None
    by_name: dict[str, list[etree._Element]] = {}
    for one in parts:
        by_name.setdefault(str(one.tag), []).append(one)
    serials = (_issuer_serial(one) for one in by_name.get(f"{{{DS}}}X509IssuerSerial", ()))
    key_ids = (_octets_or_none(one) for one in by_name.get(f"{{{DS}}}X509SKI", ()))
    digests = ((one.get("Algorithm") or "", _octets_or_none(one)) for one in by_name.get(_X509_DIGEST, ()))
    return CertificateHints(
        issuer_serials=tuple(one for one in serials if one is not None),
        key_ids=tuple(one for one in key_ids if one is not None),
        subjects=tuple(one.text or "" for one in by_name.get(f"{{{DS}}}X509SubjectName", ()) if not len(one)),
        digests=tuple((uri, value) for uri, value in digests if value is not None),
    )


def _issuer_serial(element: etree._Element) -> tuple[str, int] | None:
    values = [one.text or "" for one in element if not len(one)]
    if len(values) != 2 or _SERIAL.fullmatch(values[1]) is None:  # noqa: PLR2004 - name and number
        return None
    return values[0], int(values[1])


def _octets(element: etree._Element) -> bytes:
    return strict_base64(text_of(element))


def _octets_or_none(element: etree._Element) -> bytes | None:
    try:
        return _octets(element)
    except DecodeError:
        return None


def bound(allowed: int, limit: str, seen: int, element: etree._Element) -> None:
    """Refuse more than *allowed* of what the limit of that name counts.

    Raises:
        LimitExceeded: ``VND-DSIG-002``.
    """
    if seen > allowed:
        raise LimitExceeded.of("VND-DSIG-002", limit, allowed, seen, path=location(element))
