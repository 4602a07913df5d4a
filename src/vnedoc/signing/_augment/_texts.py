"""The text of what is added.

Each element declares its own namespaces, so that its canonical form does not depend on where it stands.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from vnedoc.protocols import ValidationData
from vnedoc.xml import EXC_C14N

XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"

_X = f' xmlns:xades="{XADES}"'
_Y = f' xmlns:xades141="{XADES_141}"'
_METHOD = f'<ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
UNSIGNED_SIGNATURE_PROPERTIES = (
    f"<xades:UnsignedSignatureProperties{_X}>",
    "</xades:UnsignedSignatureProperties>",
)
"""The tags around unsigned properties about the signature (clause 4.3.6)."""

UNSIGNED_PROPERTIES = (
    f"<xades:UnsignedProperties{_X}>{UNSIGNED_SIGNATURE_PROPERTIES[0]}",
    f"{UNSIGNED_SIGNATURE_PROPERTIES[1]}</xades:UnsignedProperties>",
)
"""The tags around those (clause 4.3.3)."""

TOKEN_END = "</xades:EncapsulatedTimeStamp>"  # noqa: S105 - a tag


def signature_stamp() -> str:
    """Give ``SignatureTimeStamp`` (EN 319 132-1, clause 5.3) with room for a token."""
    return (
        f"<xades:SignatureTimeStamp{_X}>{_METHOD}<xades:EncapsulatedTimeStamp>{TOKEN_END}"
        f"</xades:SignatureTimeStamp>"
    )


def archive_stamp() -> str:
    """Give ``ArchiveTimeStamp`` of the second namespace (clause 5.5.2) with room for a token."""
    return (
        f"<xades141:ArchiveTimeStamp{_Y}>{_METHOD}<xades:EncapsulatedTimeStamp{_X}>{TOKEN_END}"
        f"</xades141:ArchiveTimeStamp>"
    )


def certificate_values(certificates: Sequence[bytes]) -> str:
    """Give ``CertificateValues`` (clause 5.4.1); nothing for none."""
    inside = _each("EncapsulatedX509Certificate", certificates)
    return f"<xades:CertificateValues{_X}>{inside}</xades:CertificateValues>" if inside else ""


def revocation_values(evidence: ValidationData) -> str:
    """Give ``RevocationValues`` (clause 5.4.2); nothing for none."""
    inside = "".join(
        f"<xades:{group}>{_each(name, values)}</xades:{group}>"
        for group, name, values in (
            ("CRLValues", "EncapsulatedCRLValue", evidence.crls),
            ("OCSPValues", "EncapsulatedOCSPValue", evidence.ocsps),
        )
        if values
    )
    return f"<xades:RevocationValues{_X}>{inside}</xades:RevocationValues>" if inside else ""


def validation_data(evidence: ValidationData) -> str:
    """Give ``TimeStampValidationData`` (clause 5.5.1); nothing for none."""
    inside = certificate_values(evidence.certificates) + revocation_values(evidence)
    return (
        f"<xades141:TimeStampValidationData{_Y}>{inside}</xades141:TimeStampValidationData>" if inside else ""
    )


def encoded(octets: bytes) -> str:
    """Give octets as base64."""
    return base64.b64encode(octets).decode("ascii")


def _each(name: str, values: Sequence[bytes]) -> str:
    return "".join(f"<xades:{name}>{encoded(one)}</xades:{name}>" for one in values)
