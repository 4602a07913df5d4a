"""XAdES qualifying properties (EN 319 132-1 V1.3.1): what the signer signed about the signature itself.

Read only from the ``SignedProperties`` of the signature at hand; what is unsigned is named, never believed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.dsig._grammar import DS, XADES, SignatureElement, children, malformed, read_digest, require
from vnedoc.dsig._keys import fields_of, issuer_serial
from vnedoc.errors import LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml import strict_base64, text_of

SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

_X = f"{{{XADES}}}"
_ANY_XADES = re.compile(r"\{http://uri\.etsi\.org/01903/v[0-9.]+#\}QualifyingProperties(Reference)?")
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_EVALUATED = frozenset({"SigningTime", "SigningCertificate", "SigningCertificateV2", "DataObjectFormat"})
_POLICY = "SignaturePolicyIdentifier"


@attrs.frozen(kw_only=True)
class CertificateReference:
    """One ``Cert`` of ``SigningCertificateV2`` or ``SigningCertificate`` (clause 5.2.2, annex D).

    Attributes:
        digest: URI of the digest method.
        value: Digest of the certificate.
        issuer_serial: DER ``IssuerSerial`` of V2; ``None`` when absent.
        issuer: Name text of V1.
        serial: Serial number of V1.
    """

    digest: str
    value: bytes
    issuer_serial: bytes | None = None
    issuer: str | None = None
    serial: int | None = None

    @property
    def hash_name(self) -> str | None:
        """Name of ``hashlib``; ``None`` when the digest method is not known."""
        return DIGESTS.get(self.digest)

    def names(self, certificate: bytes) -> bool:
        """Tell whether the digest is that of *certificate*."""
        name = self.hash_name
        return name is not None and hashlib.new(name, certificate).digest() == self.value

    def agrees(self, certificate: bytes) -> bool:
        """Tell whether issuer and serial number, where given, are those of *certificate*.

        The issuer's text in V1 has no one form, so there only the serial number counts.
        """
        if self.issuer_serial is not None and self.issuer_serial != issuer_serial(certificate):
            return False
        return self.serial is None or self.serial == fields_of(certificate).serial_number


@attrs.frozen(kw_only=True, eq=False)
class Properties:
    """The qualifying properties of one signature.

    Attributes:
        signed: The ``SignedProperties`` element.
        target: ``Target`` of ``QualifyingProperties``.
        signing_time: With zone, as claimed; ``None`` when absent or without zone.
        zoneless_time: A signing time without zone, as written.
        certificates: What ``SigningCertificateV2`` or ``SigningCertificate`` names.
        v2: Whether it was ``SigningCertificateV2``.
        policy: Identifier of a signature policy that is named; ``""`` when it has none.
        formats: Identifiers of references whose ``DataObjectFormat`` has a media type.
        not_evaluated: Names of further signed properties.
        unsigned: Names of unsigned properties.
    """

    signed: etree._Element
    target: str | None
    signing_time: dt.datetime | None = None
    zoneless_time: str | None = None
    certificates: tuple[CertificateReference, ...] = ()
    v2: bool = False
    policy: str | None = None
    formats: frozenset[str] = frozenset()
    not_evaluated: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()


def foreign_properties(signature: SignatureElement) -> etree._Element | None:
    """Give the first properties in a form that is not read: an older namespace, or kept elsewhere."""
    for one in _candidates(signature):
        if one.tag != _X + "QualifyingProperties":
            return one
    return None


def read_properties(signature: SignatureElement, limits: Limits) -> Properties | None:
    """Read the qualifying properties; ``None`` for a plain XMLDSig signature.

    Raises:
        DecodeError: ``VND-DSIG-001`` when they break their grammar or stand twice.
        LimitExceeded: ``VND-DSIG-002``.
    """
    found = [one for one in _candidates(signature) if one.tag == _X + "QualifyingProperties"]
    if not found:
        return None
    if len(found) > 1:
        raise malformed(found[1], "a second QualifyingProperties")
    qualifying = found[0]
    parts = children(qualifying)
    if not parts or parts[0].tag != _X + "SignedProperties":
        raise malformed(qualifying, "SignedProperties is required")
    unsigned: tuple[str, ...] = ()
    if len(parts) > 1:
        require(parts[1], "UnsignedProperties", XADES)
        unsigned = tuple(_local(one) for group in children(parts[1]) for one in children(group))
    if len(parts) > 2:  # noqa: PLR2004 - signed and unsigned
        raise malformed(parts[2], "unexpected after UnsignedProperties")
    return _read_signed(parts[0], qualifying.get("Target"), unsigned, limits)


def _candidates(signature: SignatureElement) -> list[etree._Element]:
    inside = [one for holder in signature.objects for one in holder]
    return [one for one in inside if isinstance(one.tag, str) and _ANY_XADES.fullmatch(one.tag)]


def _read_signed(
    signed: etree._Element, target: str | None, unsigned: tuple[str, ...], limits: Limits
) -> Properties:
    about_signature, about_data = _groups(signed)
    signing_time, zoneless = _read_time(about_signature.get("SigningTime"))
    v1, v2 = about_signature.get("SigningCertificate"), about_signature.get("SigningCertificateV2")
    if v1 is not None and v2 is not None:
        raise malformed(v1, "SigningCertificate beside SigningCertificateV2")
    others = [name for name in about_signature if name not in _EVALUATED and name != _POLICY]
    others += [_local(one) for one in about_data if _local(one) not in _EVALUATED]
    return Properties(
        signed=signed,
        target=target,
        signing_time=signing_time,
        zoneless_time=zoneless,
        certificates=_read_certificates(v1, v2, limits),
        v2=v2 is not None,
        policy=_read_policy(about_signature.get(_POLICY)),
        formats=_read_formats(about_data),
        not_evaluated=tuple(dict.fromkeys(others)),
        unsigned=unsigned,
    )


def _groups(signed: etree._Element) -> tuple[dict[str, etree._Element], list[etree._Element]]:
    """Give properties of the signature by name, each at most once, and those of the data in order."""
    about_signature: dict[str, etree._Element] = {}
    about_data: list[etree._Element] = []
    seen = set()
    for group in children(signed):
        name = _local(group)
        if name in seen or name not in ("SignedSignatureProperties", "SignedDataObjectProperties"):
            raise malformed(group, "unexpected in SignedProperties")
        require(group, name, XADES)
        seen.add(name)
        if name == "SignedDataObjectProperties":
            about_data = children(group)
            continue
        for one in children(group):
            if not str(one.tag).startswith(_X) and _local(one) in (_POLICY, *_EVALUATED):
                raise malformed(one, "a property in a foreign namespace")
            if _local(one) in about_signature:
                raise malformed(one, "a property stands twice")
            about_signature[_local(one)] = one
    return about_signature, about_data


def _read_time(element: etree._Element | None) -> tuple[dt.datetime | None, str | None]:
    if element is None:
        return None, None
    text = text_of(element).strip()
    # one form of ISO 8601, so that the many others that Python reads do not count
    form = _DATE_TIME.fullmatch(text)
    try:
        moment = dt.datetime.fromisoformat(text if form else "")
        moment.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise malformed(element, "SigningTime is not a date and time") from error
    return (None, text) if moment.tzinfo is None else (moment, None)


def _read_certificates(
    v1: etree._Element | None, v2: etree._Element | None, limits: Limits
) -> tuple[CertificateReference, ...]:
    holder = v1 if v2 is None else v2
    if holder is None:
        return ()
    entries = children(holder)
    if not entries:
        raise malformed(holder, "no certificate is named")
    if len(entries) > limits.certificates:
        raise LimitExceeded.of("VND-DSIG-002", "certificates", limits.certificates, len(entries))
    return tuple(_read_certificate(one, with_text=v2 is None) for one in entries)


def _read_certificate(element: etree._Element, *, with_text: bool) -> CertificateReference:
    require(element, "Cert", XADES)
    parts = children(element)
    if not parts:
        raise malformed(element, "CertDigest is required")
    require(parts[0], "CertDigest", XADES)
    digest, value = read_digest(children(parts[0]), parts[0])
    if len(parts) == 1 and not with_text:
        return CertificateReference(digest=digest, value=value)
    if len(parts) != 2:  # noqa: PLR2004 - digest, issuer and serial
        raise malformed(element, "expected CertDigest, then the issuer and serial number")
    if not with_text:
        require(parts[1], "IssuerSerialV2", XADES)
        octets = strict_base64(text_of(parts[1]))
        return CertificateReference(digest=digest, value=value, issuer_serial=octets)
    require(parts[1], "IssuerSerial", XADES)
    names = children(parts[1])
    if [one.tag for one in names] != [f"{{{DS}}}X509IssuerName", f"{{{DS}}}X509SerialNumber"]:
        raise malformed(parts[1], "expected X509IssuerName and X509SerialNumber")
    number = text_of(names[1]).strip()
    if re.fullmatch(r"-?[0-9]{1,60}", number) is None:
        raise malformed(names[1], "not a serial number")
    return CertificateReference(digest=digest, value=value, issuer=text_of(names[0]), serial=int(number))


def _read_policy(element: etree._Element | None) -> str | None:
    """Give the identifier of the policy that is named; an implied policy names none."""
    if element is None:
        return None
    choice = children(element)
    if len(choice) == 1 and choice[0].tag == _X + "SignaturePolicyImplied":
        return None
    identifier = element.find(f".//{_X}SigPolicyId/{_X}Identifier")
    return "" if identifier is None else "".join(identifier.itertext()).strip()


def _read_formats(properties: list[etree._Element]) -> frozenset[str]:
    found = set()
    for one in properties:
        if one.tag == _X + "DataObjectFormat" and one.find(_X + "MimeType") is not None:
            found.add((one.get("ObjectReference") or "").removeprefix("#"))
    return frozenset(found)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
