"""What may stand in the parts of a ``Signature`` that no signature covers, name by name.

An enveloped signature leaves itself out of what it covers, and nothing covers its value, its ``KeyInfo`` and
the unsigned properties. So these must have no room for content: elements, attributes and texts are those of
the standards, and a text is base64, a number, a time, a URI or the name of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from vnedoc.dsig._grammar import DS, DS11, SIGNATURE_TAG, XADES, has_text
from vnedoc.xml import EXC_C14N, is_base64

_XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"


def _named(namespace: str, names: str) -> frozenset[str]:
    return frozenset(f"{{{namespace}}}{name}" for name in names.split())


_HOLDERS: Mapping[str, frozenset[str]] = {
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
"""What may stand in what, down to the single unsigned properties."""

_SIGNED = _named(DS, "SignedInfo Signature") | _named(XADES, "SignedProperties")
"""Not looked into: signed by itself, or a signature that is judged for itself."""

_EVIDENCE = _HOLDERS[f"{{{XADES}}}UnsignedSignatureProperties"]

_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII)
_NUMBER = re.compile(r"\s*-?[0-9]{0,60}\s*", re.ASCII)
_TIME = re.compile(r"\s*[0-9T:.+Z-]{0,60}\s*", re.ASCII)
_URI = re.compile(r"\s*[^\s<>\"]{0,2048}\s*")
_TOKENS = re.compile(r"[\w.\-#\s]{0,2048}")
_WORD = re.compile(r"[\w.\-]{0,256}")
_TRUTH = re.compile(r"true|false|0|1")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(;\s*charset=[\w.\-\"]{1,40})?", re.ASCII)
_PLACES = re.compile(r"\s*(?:[a-z]+:\S{1,2000}\s+\S{1,2000}\s*){0,10}", re.ASCII)
_SUBJECT = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9.-]{0,40}|[0-9.]{3,80})\s*=[^<>]{0,1023}")
"""A distinguished name begins with the type of its first part."""

_TEXTS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(
        _named(
            DS,
            "X509Certificate X509CRL X509SKI Modulus Exponent P Q G Y J Seed PgenCounter DigestValue"
            " SignatureValue",
        )
        | _named(DS11, "X509Digest PublicKey DEREncodedKeyValue")
        | _named(
            XADES,
            "EncapsulatedTimeStamp EncapsulatedX509Certificate EncapsulatedCRLValue EncapsulatedOCSPValue"
            " EncapsulatedPKIData ByKey IssuerSerialV2",
        )
        | _named(_XADES_141, "SignaturePolicyDocument RecomputedDigestValue"),
        _BASE64,
    ),
    **dict.fromkeys(_named(DS, "X509SerialNumber") | _named(XADES, "Number"), _NUMBER),
    **dict.fromkeys(_named(XADES, "IssueTime ProducedAt"), _TIME),
    **dict.fromkeys(
        _named(XADES, "Identifier DocumentationReference") | _named(_XADES_141, "SigPolDocLocalURI"), _URI
    ),
    **dict.fromkeys(
        _named(DS, "KeyName X509SubjectName X509IssuerName") | _named(XADES, "Issuer ByName"), _SUBJECT
    ),
}
"""What texts there are; every other element has none."""

_PARTS = (
    frozenset(_TEXTS)
    | _EVIDENCE
    | _named(
        DS,
        "DigestMethod CanonicalizationMethod Transforms Transform X509Data X509IssuerSerial"
        " KeyInfo KeyValue RSAKeyValue DSAKeyValue",
    )
    | _named(DS11, "ECKeyValue NamedCurve")
    | _named(EXC_C14N, "InclusiveNamespaces")
    | _named(
        XADES,
        "Include ReferenceInfo CertRefs Cert CertDigest IssuerSerial CRLRefs CRLRef DigestAlgAndValue"
        " CRLIdentifier OCSPRefs OCSPRef OCSPIdentifier ResponderID CRLValues OCSPValues OtherRefs"
        " OtherValues SPDocSpecification DocumentationReferences",
    )
    | _named(_XADES_141, "CertRefs Cert SPDocSpecification")
)
"""Every element that time stamps, certificates, revocation data and references to them are made of."""

_ATTRIBUTES: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id", "Qualifier"), _WORD),
    **dict.fromkeys(("URI", "Algorithm", "Encoding", "Type", "Target", "uri"), _URI),
    **dict.fromkeys(("order", "Order"), _NUMBER),
    "MimeType": _MEDIA_TYPE,
    "PrefixList": _TOKENS,
    "referencedData": _TRUTH,
    "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation": _PLACES,
}


def strangers(element: etree._Element) -> Iterator[etree._Element]:
    """Give what stands in *element* (``KeyInfo``, ``QualifyingProperties``) and no standard puts there.

    Nothing signs these parts of a signature, so they must have no room for content.
    """
    waiting = [element]
    while waiting:
        holder = waiting.pop()
        tag = str(holder.tag)
        if tag in _EVIDENCE:
            yield from _foreign_evidence(holder)
            continue
        if has_room(holder):
            yield holder
        if not len(holder):
            continue
        allowed = _HOLDERS.get(tag, frozenset())
        for one in holder.iterchildren("*"):
            tag = str(one.tag)
            if tag not in allowed:
                yield one
            elif tag not in _SIGNED:
                waiting.append(one)


def has_room(element: etree._Element) -> bool:
    """Tell whether an element has an attribute or a text right in it that no standard puts there."""
    if element.attrib:
        for name, value in element.attrib.items():
            allowed = _ATTRIBUTES.get(str(name))
            if allowed is None or allowed.fullmatch(str(value)) is None:
                return True
    kind = _TEXTS.get(str(element.tag))
    if kind is None:
        return has_text(element)
    text = element.text or ""
    if len(element):  # a comment may stand in a text, too
        text += "".join(one.tail or "" for one in element)
    if kind is _BASE64:
        return not is_base64(text.encode())
    return bool(text) and not text.isspace() and kind.fullmatch(text) is None


def _foreign_evidence(element: etree._Element) -> Iterator[etree._Element]:
    """Give what time stamps, values and the like do not consist of."""
    walker = etree.iterwalk(element, events=("start",))
    for _, one in walker:
        tag = one.tag
        if tag == SIGNATURE_TAG:
            walker.skip_subtree()
        elif tag not in _PARTS:
            yield one
            walker.skip_subtree()
        elif has_room(one):
            yield one
