"""Names of XAdES: the two namespaces, and which unsigned property is what (EN 319 132-1 V1.3.1, annex D)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from vnedoc.dsig._grammar import XADES

XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
"""The second namespace; what it adds stands beside what the first one has."""

SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

_X, _Y = f"{{{XADES}}}", f"{{{XADES_141}}}"

TIME_STAMPS: Mapping[str, str] = MappingProxyType(
    {
        _X + "AllDataObjectsTimeStamp": "content",
        _X + "IndividualDataObjectsTimeStamp": "content",
        _X + "SignatureTimeStamp": "signature",
        _X + "RefsOnlyTimeStamp": "refs-only",
        _Y + "RefsOnlyTimeStampV2": "refs-only",
        _X + "SigAndRefsTimeStamp": "sig-and-refs",
        _Y + "SigAndRefsTimeStampV2": "sig-and-refs",
        _X + "ArchiveTimeStamp": "archive-132",
        _Y + "ArchiveTimeStamp": "archive-141",
        _Y + "ArchiveTimeStampV2": "archive-141",
    }
)
"""Properties that hold time stamps, and the kind of ``CarriedTimestamp`` that each gives."""

ALL_DATA = _X + "AllDataObjectsTimeStamp"

REFERENCES = frozenset(
    {
        *(_X + name for name in ("CompleteCertificateRefs", "CompleteRevocationRefs")),
        *(_X + name for name in ("AttributeCertificateRefs", "AttributeRevocationRefs")),
        *(_Y + name for name in ("CompleteCertificateRefsV2", "AttributeCertificateRefsV2")),
    }
)
"""Digests of certificates and revocation data: levels C and X. Recognised, never looked up."""

VALUES = frozenset(
    {
        *(_X + name for name in ("CertificateValues", "RevocationValues")),
        *(_X + name for name in ("AttrAuthoritiesCertValues", "AttributeRevocationValues")),
        *(_Y + name for name in ("TimeStampValidationData", "AnyValidationData")),
    }
)
"""Properties that carry certificates and revocation data themselves."""

COUNTER_SIGNATURE = _X + "CounterSignature"

EVALUATED = (
    frozenset(
        name for name, kind in TIME_STAMPS.items() if kind in ("signature", "archive-132", "archive-141")
    )
    | VALUES
    | {COUNTER_SIGNATURE}
)
"""Unsigned properties whose content counts; all others are named and prove nothing."""


def local(element: etree._Element) -> str:
    """Give the local name of an element."""
    tag = str(element.tag)
    return tag[tag.find("}") + 1 :]
