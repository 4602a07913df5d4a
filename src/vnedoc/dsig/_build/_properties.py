"""The signed properties, as text in exclusive canonical form (EN 319 132-1 V1.3.1, clauses 4 to 6)."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache

from vnedoc.dsig._build._claims import CommitmentType, ProductionPlace, SignaturePolicy
from vnedoc.dsig._build._form import XmlForm
from vnedoc.dsig._build._texts import DIGEST_URIS, b64, element, text
from vnedoc.dsig._grammar import DS, XADES
from vnedoc.dsig._keys import issuer_serial

DECLARATION = f' xmlns:xades="{XADES}"'
"""Stands in the canonical form; in the file it is inherited."""

_PLACE = {
    "city": "City",
    "street": "StreetAddress",
    "province": "StateOrProvince",
    "postal_code": "PostalCode",
    "country": "CountryName",
}


def digest_text(prefix: str, hash_name: str, value: str, namespace: str = "") -> str:
    """Give ``DigestMethod`` and ``DigestValue``.

    Args:
        prefix: Of the names, with its colon, or nothing.
        hash_name: Name of ``hashlib``.
        value: In base64.
        namespace: A declaration that both carry, with the space before it.
    """
    return (
        f'<{prefix}DigestMethod{namespace} Algorithm="{DIGEST_URIS[hash_name]}"></{prefix}DigestMethod>'
        f"<{prefix}DigestValue{namespace}>{value}</{prefix}DigestValue>"
    )


def declaration(prefix: str) -> str:
    """Give the declaration of the XMLDSig namespace for a prefix with its colon."""
    return f' xmlns:{prefix[:-1]}="{DS}"' if prefix else f' xmlns="{DS}"'


def signed_properties(
    name: str,
    prefix: str,
    form: XmlForm,
    certificate: bytes,
    signing_time: dt.datetime,
    media_type: str | None,
) -> str:
    """Give ``SignedProperties`` with the identifier ``props-<name>``.

    Args:
        name: Part of all identifiers of the signature.
        prefix: Of the names of XMLDSig, with its colon, or nothing.
        form: What is said besides.
        certificate: The signer's, DER.
        signing_time: With zone; whole seconds are kept.
        media_type: Of what ``ref-<name>`` covers; ``None`` for no ``DataObjectFormat``.
    """
    moment = signing_time.isoformat(timespec="seconds").replace("+00:00", "Z")
    return (
        f'<xades:SignedProperties{DECLARATION} Id="props-{name}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{moment}</xades:SigningTime>"
        f"{_signing_certificate(prefix, form.digest, certificate)}{_policy(prefix, form.policy)}"
        f"{_place(form.place)}{_roles(form.roles)}</xades:SignedSignatureProperties>"
        f"{_data(name, form, media_type)}</xades:SignedProperties>"
    )


@lru_cache(maxsize=64)
def _signing_certificate(prefix: str, hash_name: str, certificate: bytes) -> str:
    value = b64(hashlib.new(hash_name, certificate).digest())
    return (
        f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f"{digest_text(prefix, hash_name, value, declaration(prefix))}</xades:CertDigest>"
        f"<xades:IssuerSerialV2>{b64(issuer_serial(certificate))}</xades:IssuerSerialV2></xades:Cert>"
        f"</xades:SigningCertificateV2>"
    )


def _identifier(name: str, value: str, description: str | None = None) -> str:
    """Give an ``ObjectIdentifierType`` (clause 5.1.2)."""
    qualifier = ' Qualifier="OIDAsURN"' if value.startswith("urn:oid:") else ""
    return (
        f"<xades:{name}><xades:Identifier{qualifier}>{text(value)}</xades:Identifier>"
        f"{element('xades:Description', description)}</xades:{name}>"
    )


def _policy(prefix: str, policy: SignaturePolicy | None) -> str:
    if policy is None:
        return ""
    if policy.identifier is None:
        inner = "<xades:SignaturePolicyImplied></xades:SignaturePolicyImplied>"
    else:
        digest = digest_text(prefix, policy.hash_name, b64(policy.digest), declaration(prefix))
        inner = (
            f"<xades:SignaturePolicyId>{_identifier('SigPolicyId', policy.identifier, policy.description)}"
            f"<xades:SigPolicyHash>{digest}</xades:SigPolicyHash>{_qualifiers(policy)}"
            f"</xades:SignaturePolicyId>"
        )
    return f"<xades:SignaturePolicyIdentifier>{inner}</xades:SignaturePolicyIdentifier>"


def _qualifiers(policy: SignaturePolicy) -> str:
    notice = ""
    if policy.organization is not None:
        numbers = "".join(f"<xades:int>{one}</xades:int>" for one in policy.notice_numbers)
        notice = (
            f"<xades:NoticeRef>{element('xades:Organization', policy.organization)}"
            f"<xades:NoticeNumbers>{numbers}</xades:NoticeNumbers></xades:NoticeRef>"
        )
    notice += element("xades:ExplicitText", policy.notice)
    notice = notice and f"<xades:SPUserNotice>{notice}</xades:SPUserNotice>"
    qualifiers = "".join(
        f"<xades:SigPolicyQualifier>{one}</xades:SigPolicyQualifier>"
        for one in (element("xades:SPURI", policy.uri), notice)
        if one
    )
    return qualifiers and f"<xades:SigPolicyQualifiers>{qualifiers}</xades:SigPolicyQualifiers>"


def _place(place: ProductionPlace | None) -> str:
    if place is None:
        return ""
    parts = "".join(element(f"xades:{name}", getattr(place, field)) for field, name in _PLACE.items())
    return f"<xades:SignatureProductionPlaceV2>{parts}</xades:SignatureProductionPlaceV2>"


def _roles(roles: tuple[str, ...]) -> str:
    if not roles:
        return ""
    claimed = "".join(element("xades:ClaimedRole", one) for one in roles)
    return f"<xades:SignerRoleV2><xades:ClaimedRoles>{claimed}</xades:ClaimedRoles></xades:SignerRoleV2>"


def _data(name: str, form: XmlForm, media_type: str | None) -> str:
    inner = ""
    if media_type is not None:
        inner = (
            f'<xades:DataObjectFormat ObjectReference="#ref-{name}">'
            f"{element('xades:Description', form.description)}{element('xades:MimeType', media_type)}"
            f"{element('xades:Encoding', form.encoding)}</xades:DataObjectFormat>"
        )
    if form.commitment is not None:
        kind = form.commitment.value if isinstance(form.commitment, CommitmentType) else form.commitment
        inner += (
            f"<xades:CommitmentTypeIndication>{_identifier('CommitmentTypeId', kind)}"
            f"<xades:AllSignedDataObjects></xades:AllSignedDataObjects></xades:CommitmentTypeIndication>"
        )
    return inner and f"<xades:SignedDataObjectProperties>{inner}</xades:SignedDataObjectProperties>"
