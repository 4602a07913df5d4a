"""What making and judging signatures need to name: algorithms, and revocation data."""

from __future__ import annotations

import enum

import attrs


class SignatureAlgorithm(enum.Enum):
    """Signature algorithms that vnedoc makes; the URIs and OIDs of each format live in its engine.

    SHA-1 is not among them: it is read in old archives, never made.
    """

    RSA_SHA256 = "rsa-sha256"
    """RSASSA-PKCS1-v1_5 with SHA-256."""
    RSA_SHA384 = "rsa-sha384"
    RSA_SHA512 = "rsa-sha512"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    """RSASSA-PSS with SHA-256, MGF1 SHA-256, salt of 32 octets (TT 15/2025/TT-BKHCN, row 1.2)."""
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    RSA_PSS_SHA3_256 = "rsa-pss-sha3-256"
    RSA_PSS_SHA3_384 = "rsa-pss-sha3-384"
    RSA_PSS_SHA3_512 = "rsa-pss-sha3-512"
    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"
    ECDSA_SHA3_256 = "ecdsa-sha3-256"
    ECDSA_SHA3_384 = "ecdsa-sha3-384"
    ECDSA_SHA3_512 = "ecdsa-sha3-512"
    ED25519 = "ed25519"
    """EdDSA on edwards25519 (RFC 8032); it brings its own hash."""
    ED448 = "ed448"

    @property
    def hash_name(self) -> str | None:
        """Name of the hash for ``hashlib``; ``None`` where the algorithm brings its own."""
        _, marker, size = self.value.partition("-sha")
        return f"sha{size}".replace("-", "_") if marker else None

    @property
    def family(self) -> str:
        """``rsa`` (PKCS #1 v1.5), ``rsa-pss``, ``ecdsa``, ``ed25519`` or ``ed448``."""
        return self.value.partition("-sha")[0]


@attrs.frozen(kw_only=True)
class RevocationData:
    """What says whether certificates were revoked.

    Attributes:
        crls: Revocation lists, DER (RFC 5280, clause 5).
        ocsps: ``OCSPResponse`` values, DER (RFC 6960, clause 4.2).
    """

    crls: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=False)
