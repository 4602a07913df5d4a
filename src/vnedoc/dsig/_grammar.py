"""Strict reading of a ``Signature`` element (XMLDSig 1.1, clause 4) into frozen values.

Nothing is digested here and every count is checked first, so that a flood costs only its parsing.
Comments and processing instructions may stand between elements; text values must be one text node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

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
SIGNATURE_TAG = f"{{{DS}}}Signature"
ENVELOPED = DS + "enveloped-signature"

_INCLUSIVE_NAMESPACES = f"{{{EXC_C14N}}}InclusiveNamespaces"
_EXCLUSIVE = frozenset({EXC_C14N, EXC_C14N_COMMENTS})
_NO_PARAMETER = {*DIGESTS, *(one.uri for one in SIGNATURES.values() if not one.experimental)}
_X509_DIGEST = f"{{{DS11}}}X509Digest"
_X509_DATA, _CERTIFICATE, _CRL = (f"{{{DS}}}{one}" for one in ("X509Data", "X509Certificate", "X509CRL"))
_CARRIED = (_CERTIFICATE, _CRL)
_KEY_INFO, _TRANSFORMS, _TRANSFORM = (f"{{{DS}}}{one}" for one in ("KeyInfo", "Transforms", "Transform"))
_SIGNED_INFO, _SIGNATURE_VALUE, _OBJECT = (
    f"{{{DS}}}{one}" for one in ("SignedInfo", "SignatureValue", "Object")
)
_CANONICALIZATION_METHOD, _SIGNATURE_METHOD, _REFERENCE = (
    f"{{{DS}}}{one}" for one in ("CanonicalizationMethod", "SignatureMethod", "Reference")
)
_DIGEST_METHOD, _DIGEST_VALUE = (f"{{{DS}}}{one}" for one in ("DigestMethod", "DigestValue"))
_BARE_KEYS = (f"{{{DS}}}KeyValue", f"{{{DS11}}}DEREncodedKeyValue")
_POINTERS = (f"{{{DS}}}RetrievalMethod", f"{{{DS11}}}KeyInfoReference")
_MOST_KEPT = 8192  # characters of a certificate
_SERIAL = re.compile(r"\s*-?[0-9]{1,60}\s*", re.ASCII)
_BARE = frozenset({ENVELOPED, C14N, C14N_COMMENTS, C14N_11, C14N_11_COMMENTS})


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


_PLAIN: Mapping[str, Algorithm] = {uri: Algorithm(uri) for uri in (*_BARE, *_EXCLUSIVE)}


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


_NO_KEYS = KeyInfo()


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
    signed_info, value, *rest = parts
    _require(signed_info, _SIGNED_INFO)
    _require(value, _SIGNATURE_VALUE)
    key_info = _NO_KEYS
    if rest and rest[0].tag == _KEY_INFO:
        key_info = read_key_info(rest.pop(0), limits)
    for one in rest:
        _require(one, _OBJECT)
    info = children(signed_info)
    if len(info) < 3:  # noqa: PLR2004 - two methods and one reference
        raise malformed(signed_info, "two methods and at least one Reference are required")
    _require(info[0], _CANONICALIZATION_METHOD)
    _require(info[1], _SIGNATURE_METHOD)
    bound(limits.references, "references", len(info) - 2, signed_info)
    return SignatureElement(
        element=element,
        id=element.get("Id"),
        signed_info=signed_info,
        canonicalization=_read_algorithm(info[0]),
        method=_algorithm_of(info[1]),
        method_element=info[1],
        references=tuple([read_reference(one, limits) for one in info[2:]]),
        value=_octets(value),
        key_info=key_info,
        objects=tuple(rest),
    )


def children(element: etree._Element) -> list[etree._Element]:
    """Give the child elements; refuse text between them.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    found = list(element)
    text = element.text
    if text and not text.isspace():
        raise malformed(element, "text beside elements")
    mixed = False
    for one in found:
        # comments and instructions are passed over, and what stands after them is not
        mixed = mixed or one.__class__ is not etree._Element  # noqa: SLF001
        text = one.tail
        if text and not text.isspace():
            raise malformed(element, "text beside elements")
    return [one for one in found if isinstance(one.tag, str)] if mixed else found


def has_text(element: etree._Element) -> bool:
    """Tell whether text other than white space stands right in an element, beside its children."""
    if not isinstance(element.tag, str):
        return False
    text = element.text
    if text and not text.isspace():
        return True
    for one in element:
        text = one.tail
        if text and not text.isspace():
            return True
    return False


def require(element: etree._Element, name: str, namespace: str = DS) -> None:
    """Refuse an element of another name.

    Raises:
        DecodeError: ``VND-DSIG-001``.
    """
    _require(element, f"{{{namespace}}}{name}")


def _require(element: etree._Element, tag: str) -> None:
    if element.tag != tag:
        raise malformed(element, f"expected {tag.rpartition('}')[2]} here")


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
    method, value = parts
    if method.tag != _DIGEST_METHOD or value.tag != _DIGEST_VALUE:
        require(method, "DigestMethod")
        require(value, "DigestValue")
    return _algorithm_of(method), _octets(value)


def read_reference(element: etree._Element, limits: Limits) -> Reference:
    """Read a ``Reference`` of ``SignedInfo`` or ``Manifest``.

    Raises:
        DecodeError: ``VND-DSIG-001`` or a code of ``vnedoc.xml``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    _require(element, _REFERENCE)
    parts = children(element)
    transforms: tuple[Algorithm, ...] = ()
    if parts and parts[0].tag == _TRANSFORMS:
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
        _require(step, _TRANSFORM)
    return tuple([_read_algorithm(step) for step in steps])


def _read_algorithm(element: etree._Element) -> Algorithm:
    """Read an algorithm that may be exclusive canonicalisation; what others carry is for them to refuse."""
    uri = element.get("Algorithm")
    if not uri:
        raise malformed(element, "no algorithm is named")
    known = _PLAIN.get(uri)
    if known is None:
        return Algorithm(uri, element=element)
    if not len(element) and not element.text:
        return known
    parts = children(element)
    if not parts:
        return known
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
    if (len(element) or element.text) and uri in _NO_PARAMETER and children(element):
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
    described: list[list[etree._Element]] = []
    bare: list[etree._Element] = []
    references: list[etree._Element] = []
    for child in parts:
        tag = child.tag
        if tag == _X509_DATA:
            described.append(children(child))
        elif tag in _BARE_KEYS:
            bare.append(child)
        elif tag in _POINTERS:
            references.append(child)
    total = sum(map(len, described)) + len(bare) + len(references)
    bound(limits.certificates, "certificates", total, within)
    inside = [one for each in described for one in each]
    encoded = [one for one in inside if one.tag == _CERTIFICATE]
    lists = [one for one in inside if one.tag == _CRL] if len(encoded) != len(inside) else []
    return KeyInfo(
        certificates=tuple(dict.fromkeys([_certificate(one) for one in encoded])),
        crls=tuple(dict.fromkeys([one for one in map(_octets_or_none, lists) if one is not None])),
        hints=tuple([one for one in map(_read_hints, described) if one]),
        key_values=tuple(bare),
        references=tuple(references),
    )


def _read_hints(parts: list[etree._Element]) -> CertificateHints | None:
    if all([one.tag in _CARRIED for one in parts]):  # noqa: C419 - a list is made faster than it is asked for
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
    text = element.text
    return strict_base64(text_of(element) if len(element) or text is None else text)


def _certificate(element: etree._Element) -> bytes:
    text = text_of(element)
    return _known_certificate(text) if len(text) <= _MOST_KEPT else strict_base64(text)


@lru_cache(maxsize=64)
def _known_certificate(text: str) -> bytes:
    """Give the same octets for the same text, so that what is known of them is found at once."""
    return strict_base64(text)


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
