"""What making and judging signatures need to name: algorithms, and revocation data."""

from __future__ import annotations

import enum

import attrs


class SignatureAlgorithm(enum.Enum):
    """Signature algorithms that vnedoc makes; the URIs and OIDs of each format live in its engine."""

    RSA_SHA256 = "rsa-sha256"
    """RSASSA-PKCS1-v1_5 with SHA-256."""
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    """RSASSA-PSS with SHA-256, MGF1 SHA-256, salt of 32 octets (TT 15/2025/TT-BKHCN, row 1.2)."""
    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"

    @property
    def hash_name(self) -> str:
        """Name of the hash for ``hashlib``."""
        return self.value.rsplit("-", 1)[1]

    @property
    def family(self) -> str:
        """``rsa``, ``rsa-pss`` or ``ecdsa``."""
        return self.value.rsplit("-", 1)[0]


@attrs.frozen(kw_only=True)
class RevocationData:
    """What says whether certificates were revoked.

    Attributes:
        crls: Revocation lists, DER (RFC 5280, clause 5).
        ocsps: ``OCSPResponse`` values, DER (RFC 6960, clause 4.2).
    """

    crls: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=False)
