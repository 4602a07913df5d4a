"""Which certificate the signer means: ``SigningCertificate`` and its second form (clause 5.2.2, annex D)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.dsig._grammar import DS, XADES, children, malformed, read_digest, require
from vnedoc.dsig._keys import digest as hashed
from vnedoc.dsig._keys import fields_of, issuer_serial
from vnedoc.errors import LimitExceeded, VnedocError
from vnedoc.model import Limits
from vnedoc.xml import strict_base64, text_of

DigestOf: TypeAlias = Callable[[str, bytes], bytes]
"""Gives the digest of octets by a name of ``hashlib``."""


@attrs.frozen(kw_only=True)
class CertificateReference:
    """One ``Cert`` of ``SigningCertificateV2`` or ``SigningCertificate``.

    Attributes:
        digest: URI of the digest method.
        value: Digest of the certificate.
        issuer_serial: DER ``IssuerSerial`` of V2; ``None`` when absent.
        issuer: Name text of V1.
        serial: Serial number of V1.
        fault: Why issuer and serial number could not be read; the digest names the certificate all the same.
    """

    digest: str
    value: bytes
    issuer_serial: bytes | None = None
    issuer: str | None = None
    serial: int | None = None
    fault: VnedocError | None = attrs.field(default=None, eq=False)

    @property
    def hash_name(self) -> str | None:
        """Name of ``hashlib``; ``None`` when the digest method is not known."""
        return DIGESTS.get(self.digest)

    def names(self, certificate: bytes, digest_of: DigestOf = hashed) -> bool:
        """Tell whether the digest is that of *certificate*.

        Args:
            certificate: DER.
            digest_of: Gives the digest of a certificate by a name of ``hashlib``, where many are asked for.
        """
        name = self.hash_name
        return name is not None and digest_of(name, certificate) == self.value

    def agrees(self, certificate: bytes) -> bool:
        """Tell whether issuer and serial number, where given, are those of *certificate*.

        The issuer's text in V1 has no one form, so there only the serial number counts.
        """
        if self.issuer_serial is not None and self.issuer_serial != issuer_serial(certificate):
            return False
        return self.serial is None or self.serial == fields_of(certificate).serial_number


def read_certificates(
    v1: etree._Element | None, v2: etree._Element | None, limits: Limits
) -> tuple[CertificateReference, ...]:
    """Read whichever of the two forms there is.

    Raises:
        DecodeError: ``VND-DSIG-001``.
        LimitExceeded: ``VND-DSIG-002``.
    """
    holder = v1 if v2 is None else v2
    if holder is None:
        return ()
    entries = children(holder)
    if not entries:
        raise malformed(holder, "no certificate is named")
    if len(entries) > limits.certificates:
        raise LimitExceeded.of("VND-DSIG-002", "certificates", limits.certificates, len(entries))
    return tuple([_read_certificate(one, with_text=v2 is None) for one in entries])


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
        try:
            octets = strict_base64(text_of(parts[1]))
        except VnedocError as error:
            return CertificateReference(digest=digest, value=value, fault=error)
        return CertificateReference(digest=digest, value=value, issuer_serial=octets)
    require(parts[1], "IssuerSerial", XADES)
    names = children(parts[1])
    if [one.tag for one in names] != [f"{{{DS}}}X509IssuerName", f"{{{DS}}}X509SerialNumber"]:
        raise malformed(parts[1], "expected X509IssuerName and X509SerialNumber")
    number = names[1].text or ""
    if len(names[1]) or re.fullmatch(r"\s*-?[0-9]{1,60}\s*", number) is None:
        fault = malformed(names[1], "not a serial number")
        return CertificateReference(digest=digest, value=value, fault=fault)
    return CertificateReference(digest=digest, value=value, issuer=text_of(names[0]), serial=int(number))
