"""Certificates and revocation data that a signature carries (clauses 5.4 and 5.5.1), as they are.

Nothing is believed here: whoever judges picks what fits, and each value is signed by its own issuer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import attrs
from lxml import etree

from vnedoc.dsig._grammar import DS, XADES, SignatureElement
from vnedoc.dsig._xades._names import VALUES
from vnedoc.dsig._xades._properties import Properties
from vnedoc.errors import LimitExceeded, VnedocError
from vnedoc.model import Finding, Limits
from vnedoc.xml import location, strict_base64, text_of

_X = f"{{{XADES}}}"

_PLACES: Mapping[str, str] = {
    _X + "EncapsulatedX509Certificate": "certificates",
    _X + "EncapsulatedCRLValue": "crls",
    _X + "EncapsulatedOCSPValue": "ocsps",
    f"{{{DS}}}X509Certificate": "certificates",
    f"{{{DS}}}X509CRL": "crls",
}
_TOKEN = _X + "EncapsulatedTimeStamp"
_HELD = (*_PLACES, _TOKEN)


@attrs.frozen(kw_only=True)
class CarriedValues:
    """What stands in ``KeyInfo`` and in the unsigned properties, DER, each once, in document order.

    Attributes:
        certificates: Certificates.
        crls: Revocation lists.
        ocsps: OCSP responses.
    """

    certificates: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    crls: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=False)


def carried_values(
    signature: SignatureElement, properties: Properties | None, limits: Limits
) -> tuple[CarriedValues, tuple[Finding, ...]]:
    """Read them; what is no base64 is named and left out.

    Raises:
        LimitExceeded: ``VND-DSIG-002`` for more than ``Limits.certificates`` of one kind.
    """
    holders = [one for one in (properties.unsigned if properties else ()) if one.tag in VALUES]
    carried = signature.key_info
    if not holders:
        return CarriedValues(certificates=carried.certificates, crls=carried.crls), ()
    found: dict[str, dict[bytes, None]] = {
        "certificates": dict.fromkeys(carried.certificates),
        "crls": dict.fromkeys(carried.crls),
        "ocsps": {},
    }
    broken = []
    for element in _inside(holders, _PLACES):
        try:
            found[_PLACES[str(element.tag)]][strict_base64(text_of(element))] = None
        except VnedocError as error:
            broken.append(unreadable(element, error))
        for values in found.values():
            if len(values) > limits.certificates:
                raise LimitExceeded.of("VND-DSIG-002", "certificates", limits.certificates, len(values))
    return CarriedValues(**{name: tuple(values) for name, values in found.items()}), tuple(broken)


def digests_inside(holders: Iterable[etree._Element]) -> Iterator[bytes]:
    """Give SHA-256 of every certificate, revocation list, OCSP response and time stamp inside."""
    for element in _inside(holders, _HELD):
        try:
            yield hashlib.sha256(strict_base64(text_of(element))).digest()
        except VnedocError:
            continue


def unreadable(element: etree._Element, error: VnedocError) -> Finding:
    """Give the finding for an unsigned value that cannot be read, and so counts for nothing."""
    name = str(element.tag).rpartition("}")[2]
    return Finding.warning("VND-DSIG-084", location(element), name=name, cause=error.message)


def _inside(holders: Iterable[etree._Element], names: Iterable[str]) -> Iterator[etree._Element]:
    wanted = tuple(names)
    for holder in holders:
        yield from holder.iter(*wanted)
