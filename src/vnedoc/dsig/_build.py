"""Making the enveloped XAdES B-B signature (EN 319 132-1 V1.3.1, clauses 4 to 6).

Both signed parts are written in their exclusive canonical form, so the octets that are digested and signed
are those of the file, but for one declaration: no second form, no serialiser in between.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence

import attrs

from vnedoc.dsig._algorithms import SHA256, SignatureMethod
from vnedoc.dsig._grammar import DS, ENVELOPED, XADES
from vnedoc.dsig._keys import issuer_serial
from vnedoc.dsig._xades import SIGNED_PROPERTIES_TYPE
from vnedoc.xml import EXC_C14N

VALUE = "{value}"
"""Stands in the text of a signature where its value goes; no other brace is in it."""

_DECLARATION = f' xmlns:xades="{XADES}"'
_TRANSFORM = '<Transform Algorithm="{}"></Transform>'
_DIGEST = '<DigestMethod{} Algorithm="{}"></DigestMethod><DigestValue{}>{}</DigestValue>'


@attrs.frozen
class EnvelopedSignature:
    """A signature that lacks its value.

    Attributes:
        text: The ``Signature`` element, with ``VALUE`` in place of the value.
        signed_info: The octets to sign.
    """

    text: str
    signed_info: bytes


def build_enveloped(
    *,
    digest: bytes,
    method: SignatureMethod,
    certificate: bytes,
    chain: Sequence[bytes],
    signing_time: dt.datetime,
    media_type: str,
    seed: bytes,
) -> EnvelopedSignature:
    """Build a ``Signature`` over a whole document.

    Args:
        digest: SHA-256 of the document's exclusive canonical form without comments, before the signature
            is in it.
        method: How the value is made.
        certificate: The signer's, DER.
        chain: Further certificates, DER, nearest first.
        signing_time: With zone; whole seconds are kept.
        media_type: Of the document; XML-safe text.
        seed: Octets that identifiers are derived from; nobody who wrote the document must have known them.

    Raises:
        ValueError: *certificate* is not one.
    """
    name = hashlib.sha256(seed).hexdigest()[:32]
    properties = _signed_properties(name, certificate, signing_time, media_type)
    properties_digest = hashlib.sha256(properties.encode()).digest()
    signed_info = _signed_info(name, method, digest, properties_digest)
    # It is inherited here. Written twice, its copy could be changed without anybody noticing.
    inherited = properties.replace(_DECLARATION, "", 1)
    carried = "".join(f"<X509Certificate>{_b64(one)}</X509Certificate>" for one in (certificate, *chain))
    text = (
        f'<Signature xmlns="{DS}" Id="sig-{name}">{signed_info}<SignatureValue>{VALUE}</SignatureValue>'
        f"<KeyInfo><X509Data>{carried}</X509Data></KeyInfo>"
        f'<Object><xades:QualifyingProperties{_DECLARATION} Target="#sig-{name}">{inherited}'
        f"</xades:QualifyingProperties></Object></Signature>"
    )
    return EnvelopedSignature(text, signed_info.encode())


def _signed_info(name: str, method: SignatureMethod, document: bytes, properties: bytes) -> str:
    canonical = _TRANSFORM.format(EXC_C14N)
    return (
        f'<SignedInfo xmlns="{DS}">'
        f'<CanonicalizationMethod Algorithm="{EXC_C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{method.uri}"></SignatureMethod>'
        f'<Reference Id="ref-{name}" URI="">'
        f"<Transforms>{_TRANSFORM.format(ENVELOPED)}{canonical}</Transforms>"
        f"{_digest(document)}</Reference>"
        f'<Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#props-{name}"><Transforms>{canonical}</Transforms>'
        f"{_digest(properties)}</Reference></SignedInfo>"
    )


def _signed_properties(name: str, certificate: bytes, signing_time: dt.datetime, media_type: str) -> str:
    moment = signing_time.isoformat(timespec="seconds").replace("+00:00", "Z")
    cert_digest = _digest(hashlib.sha256(certificate).digest(), f' xmlns="{DS}"')
    return (
        f'<xades:SignedProperties{_DECLARATION} Id="props-{name}"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{moment}</xades:SigningTime>"
        f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{cert_digest}</xades:CertDigest>"
        f"<xades:IssuerSerialV2>{_b64(issuer_serial(certificate))}</xades:IssuerSerialV2></xades:Cert>"
        f"</xades:SigningCertificateV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
        f'<xades:DataObjectFormat ObjectReference="#ref-{name}"><xades:MimeType>{media_type}</xades:MimeType>'
        f"</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>"
    )


def _digest(value: bytes, namespace: str = "") -> str:
    return _DIGEST.format(namespace, SHA256, namespace, _b64(value))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
