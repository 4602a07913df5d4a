"""``QualifyingProperties`` (clause 4.3): what is signed, and what was added later without being signed.

Read only from the ``SignedProperties`` of the signature at hand; what is unsigned is named, and believed
only for what it proves by itself.
"""

from __future__ import annotations

import datetime as dt
import re

import attrs
from lxml import etree

from vnedoc.dsig._grammar import XADES, SignatureElement, children, malformed, require
from vnedoc.dsig._xades._certificates import CertificateReference, read_certificates
from vnedoc.dsig._xades._names import EVALUATED, TIME_STAMPS, local
from vnedoc.dsig._xades._policy import PolicyReference, read_policy
from vnedoc.dsig._xades._statements import STATED, Statements, read_statements
from vnedoc.model import Limits
from vnedoc.xml import text_of

_X = f"{{{XADES}}}"
_QUALIFYING = _X + "QualifyingProperties"
_ANY_XADES = re.compile(r"\{http://uri\.etsi\.org/01903/v[0-9.]+#\}QualifyingProperties(Reference)?")
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_POLICY = "SignaturePolicyIdentifier"
_READ = STATED | {"SigningTime", "SigningCertificate", "SigningCertificateV2", _POLICY}
_TWO_FORMS = ("SigningCertificate", "SignerRole", "SignatureProductionPlace")


@attrs.frozen(kw_only=True, eq=False)
class Properties:
    """The qualifying properties of one signature.

    Attributes:
        qualifying: The ``QualifyingProperties`` element.
        signed: The ``SignedProperties`` element.
        target: ``Target`` of ``QualifyingProperties``.
        signing_time: With zone, as claimed; ``None`` when absent or without zone.
        zoneless_time: A signing time without zone, as written.
        certificates: What ``SigningCertificateV2`` or ``SigningCertificate`` names.
        v2: Whether it was ``SigningCertificateV2``.
        policy: The signature policy that is named; ``None`` for none, or an implied one.
        statements: What else the signer states.
        formats: Identifiers of references whose ``DataObjectFormat`` has a media type.
        content_stamps: Time stamps over the data, from before it was signed, in order.
        not_evaluated: Names of further signed properties.
        unsigned: The unsigned signature properties, in document order.
        ignored: Names of unsigned properties that are not evaluated.
    """

    qualifying: etree._Element
    signed: etree._Element
    target: str | None
    signing_time: dt.datetime | None = None
    zoneless_time: str | None = None
    certificates: tuple[CertificateReference, ...] = ()
    v2: bool = False
    policy: PolicyReference | None = None
    statements: Statements = attrs.field(factory=Statements)
    formats: frozenset[str] = frozenset()
    content_stamps: tuple[etree._Element, ...] = ()
    not_evaluated: tuple[str, ...] = ()
    unsigned: tuple[etree._Element, ...] = ()
    ignored: tuple[str, ...] = ()


def foreign_properties(signature: SignatureElement) -> etree._Element | None:
    """Give the first properties in a form that is not read: an older namespace, or kept elsewhere."""
    for one in _candidates(signature):
        if one.tag != _QUALIFYING:
            return one
    return None


def read_properties(signature: SignatureElement, limits: Limits) -> Properties | None:
    """Read the qualifying properties; ``None`` for a plain XMLDSig signature.

    Raises:
        DecodeError: ``VND-DSIG-001`` when they break their grammar or stand twice.
        LimitExceeded: ``VND-DSIG-002``.
    """
    found = [one for one in _candidates(signature) if one.tag == _QUALIFYING]
    if not found:
        return None
    if len(found) > 1:
        raise malformed(found[1], "a second QualifyingProperties")
    qualifying = found[0]
    parts = children(qualifying)
    if not parts or parts[0].tag != _X + "SignedProperties":
        raise malformed(qualifying, "SignedProperties is required")
    if len(parts) > 2:  # noqa: PLR2004 - signed and unsigned
        raise malformed(parts[2], "unexpected after UnsignedProperties")
    properties = _read_signed(qualifying, parts[0], limits)
    if len(parts) == 1:
        return properties
    unsigned, ignored = _read_unsigned(parts[1])
    return attrs.evolve(properties, unsigned=unsigned, ignored=ignored)


def _candidates(signature: SignatureElement) -> list[etree._Element]:
    found = []
    for holder in signature.objects:
        for one in holder:
            tag = one.tag
            if tag == _QUALIFYING or (isinstance(tag, str) and _ANY_XADES.fullmatch(tag)):
                found.append(one)
    return found


def _read_unsigned(element: etree._Element) -> tuple[tuple[etree._Element, ...], tuple[str, ...]]:
    """Give the properties about the signature, and the names of all that are not evaluated."""
    require(element, "UnsignedProperties", XADES)
    of_signature: list[etree._Element] = []
    ignored: list[str] = []
    seen = set()
    for group in children(element):
        if group.tag in seen:
            raise malformed(group, "stands twice")
        seen.add(group.tag)
        inside = children(group)
        if group.tag == _X + "UnsignedSignatureProperties":
            of_signature = inside
            inside = [one for one in inside if one.tag not in EVALUATED]
        ignored += [local(one) for one in inside]
    return tuple(of_signature), tuple(dict.fromkeys(ignored))


def _read_signed(qualifying: etree._Element, signed: etree._Element, limits: Limits) -> Properties:
    about_signature, about_data = _groups(signed)
    signing_time, zoneless = _read_time(about_signature.get("SigningTime"))
    for name in _TWO_FORMS:
        if name in about_signature and name + "V2" in about_signature:
            raise malformed(about_signature[name], f"{name} beside {name}V2")
    v1, v2 = about_signature.get("SigningCertificate"), about_signature.get("SigningCertificateV2")
    statements = read_statements(
        _either(about_signature, "SignerRole"),
        _either(about_signature, "SignatureProductionPlace"),
        about_data,
    )
    stamps = tuple([one for one in about_data if one.tag in TIME_STAMPS])
    others = [name for name in about_signature if name not in _READ]
    others += [local(one) for one in about_data if local(one) not in STATED and one not in stamps]
    return Properties(
        qualifying=qualifying,
        signed=signed,
        target=qualifying.get("Target"),
        signing_time=signing_time,
        zoneless_time=zoneless,
        certificates=read_certificates(v1, v2, limits),
        v2=v2 is not None,
        policy=read_policy(about_signature.get(_POLICY)),
        statements=statements,
        formats=frozenset([one.reference for one in statements.formats if one.media_type is not None]),
        content_stamps=stamps,
        not_evaluated=tuple(dict.fromkeys(others)),
    )


def _either(properties: dict[str, etree._Element], name: str) -> etree._Element | None:
    return properties.get(name + "V2", properties.get(name))


def _groups(signed: etree._Element) -> tuple[dict[str, etree._Element], list[etree._Element]]:
    """Give properties of the signature by name, each at most once, and those of the data in order."""
    about_signature: dict[str, etree._Element] = {}
    about_data: list[etree._Element] = []
    seen = set()
    for group in children(signed):
        name = local(group)
        if name in seen or name not in ("SignedSignatureProperties", "SignedDataObjectProperties"):
            raise malformed(group, "unexpected in SignedProperties")
        require(group, name, XADES)
        seen.add(name)
        if name == "SignedDataObjectProperties":
            about_data = children(group)
            continue
        for one in children(group):
            name = local(one)
            if name in _READ and not str(one.tag).startswith(_X):
                raise malformed(one, "a property in a foreign namespace")
            if name in about_signature:
                raise malformed(one, "a property stands twice")
            about_signature[name] = one
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
