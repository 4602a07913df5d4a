"""What one signature carries, read without checking it."""

from __future__ import annotations

import attrs
from lxml import etree

from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import read_signature
from vnedoc.dsig._references import Pieces, Resolver, Scope
from vnedoc.dsig._xades._properties import Properties, read_properties
from vnedoc.dsig._xades._stamped import StampedOctets
from vnedoc.dsig._xades._timestamps import CarriedTimestamp, carried_timestamps
from vnedoc.dsig._xades._values import CarriedValues, carried_values
from vnedoc.model import Limits
from vnedoc.xml import XmlDocument


@attrs.frozen(kw_only=True, eq=False)
class Carried:
    """What a signature carries.

    Attributes:
        properties: Its qualifying properties; ``None`` for XMLDSig.
        timestamps: Its time stamps, in document order.
        values: Certificates and revocation data.
    """

    properties: Properties | None
    timestamps: tuple[CarriedTimestamp, ...]
    values: CarriedValues


def read_carried(
    document: XmlDocument,
    signature: etree._Element,
    limits: Limits,
    pieces: Pieces | None = None,
    *,
    resolver: Resolver | None = None,
    generic: UnsafeGeneric | None = None,
) -> Carried:
    """Read what a signature carries: nothing is digested, nothing is known to be right.

    Args:
        document: That holds it, as for ``check_signatures``.
        signature: The ``Signature``.
        limits: As for ``check_signatures``, as are the other arguments.
        pieces: Octets of the file of a document with cuts.
        resolver: Gives data outside of the document.
        generic: What is taken beside the usual transforms.

    Raises:
        DecodeError: ``VND-DSIG-001``, or a code of ``vnedoc.xml``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    scope = Scope(document, limits, pieces, resolver=resolver, generic=generic)
    parts = read_signature(signature, limits)
    properties = read_properties(parts, limits)
    stamps, _ = carried_timestamps(parts, properties, StampedOctets(scope, signature), limits)
    values, _ = carried_values(parts, properties, limits)
    return Carried(properties=properties, timestamps=stamps, values=values)
