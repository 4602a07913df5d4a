"""What a signer can say in the signed properties (EN 319 132-1 V1.3.1, clause 5.2)."""

from __future__ import annotations

import enum
import hashlib
from typing import Final

import attrs

from vnedoc.dsig._build._texts import require_text, unusable
from vnedoc.model import Blob

HASHES: Final = ("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
"""Digests that are made, names of ``hashlib``; SHA-1 and SHA-224 are not among them."""

_MOST_NOTICES = 100  # numbers
_MOST_NUMBER = 2**31 - 1


class CommitmentType(enum.Enum):
    """What the signer commits to (EN 319 132-1, clause 5.2.3; TS 119 172-1, annex B).

    The value is the URI that XAdES writes; ``oid`` is the same for CMS.
    """

    PROOF_OF_ORIGIN = "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin"
    """Made, approved and sent it."""
    PROOF_OF_RECEIPT = "http://uri.etsi.org/01903/v1.2.2#ProofOfReceipt"
    """Received its content."""
    PROOF_OF_DELIVERY = "http://uri.etsi.org/01903/v1.2.2#ProofOfDelivery"
    """Delivered it to a place that the recipient can reach."""
    PROOF_OF_SENDER = "http://uri.etsi.org/01903/v1.2.2#ProofOfSender"
    """Sent it, without having made it."""
    PROOF_OF_APPROVAL = "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval"
    """Approved its content."""
    PROOF_OF_CREATION = "http://uri.etsi.org/01903/v1.2.2#ProofOfCreation"
    """Made it, without having approved or sent it."""

    @property
    def oid(self) -> str:
        """The object identifier, dotted."""
        return f"1.2.840.113549.1.9.16.6.{list(CommitmentType).index(self) + 1}"


@attrs.frozen(kw_only=True)
class SignaturePolicy:
    """The policy that a signature follows (clause 5.2.9).

    Attributes:
        identifier: URI or ``urn:oid:…``; ``None`` when the policy is implied by what is signed or agreed.
        digest: Hash of the policy document.
        hash_name: Name of ``hashlib`` for *digest*.
        description: In words.
        uri: Where the document can be had.
        notice: What a reader is to be shown.
        organization: Whose notice it is; goes with *notice_numbers*.
        notice_numbers: Numbers of notices of that organization.
    """

    identifier: str | None
    digest: bytes = b""
    hash_name: str = "sha256"
    description: str | None = None
    uri: str | None = None
    notice: str | None = None
    organization: str | None = None
    notice_numbers: tuple[int, ...] = attrs.field(default=(), converter=tuple)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be written.

        Raises:
            ConfigError: ``VND-SIGN-048``.
        """
        for name in ("identifier", "description", "uri", "notice", "organization"):
            value = getattr(self, name)
            if value is not None:
                require_text(value, f"policy.{name}")
        if self.hash_name not in HASHES:
            raise unusable("policy.hash_name", f"{self.hash_name!r} is none of {', '.join(HASHES)}")
        expected = hashlib.new(self.hash_name).digest_size
        if self.identifier is None:
            if any((self.digest, self.description, self.uri, self.notice, self.organization)):
                raise unusable("policy", "an implied policy says nothing else")
        elif len(self.digest) != expected:
            raise unusable("policy.digest", f"{expected} octets of {self.hash_name} are needed")
        if (self.organization is None) != (not self.notice_numbers):
            raise unusable("policy.notice_numbers", "organization and numbers go together")
        numbers = self.notice_numbers
        if len(numbers) > _MOST_NOTICES or not all(
            type(one) is int and 0 <= one <= _MOST_NUMBER for one in numbers
        ):
            raise unusable("policy.notice_numbers", f"at most {_MOST_NOTICES} natural numbers are needed")

    @classmethod
    def of(
        cls,
        identifier: str,
        document: bytes | Blob,
        *,
        hash_name: str = "sha256",
        description: str | None = None,
        uri: str | None = None,
        notice: str | None = None,
    ) -> SignaturePolicy:
        """Name a policy by its document, whose octets are hashed here as they are.

        Args:
            identifier: URI or ``urn:oid:…``.
            document: The policy itself.
            hash_name: Name of ``hashlib``.
            description: In words.
            uri: Where the document can be had.
            notice: What a reader is to be shown.

        Raises:
            ConfigError: ``VND-SIGN-048`` for what cannot be written.
            FileError: The document cannot be read.
        """
        if hash_name not in HASHES:
            raise unusable("policy.hash_name", f"{hash_name!r} is none of {', '.join(HASHES)}")
        hasher = hashlib.new(hash_name)
        blob = Blob.from_bytes(document) if isinstance(document, bytes) else document
        for piece in blob.checked_chunks():
            hasher.update(piece)
        return cls(
            identifier=identifier,
            digest=hasher.digest(),
            hash_name=hash_name,
            description=description,
            uri=uri,
            notice=notice,
        )

    @classmethod
    def implied(cls) -> SignaturePolicy:
        """Say that a policy holds that the signature does not name (``SignaturePolicyImplied``)."""
        return cls(identifier=None)


@attrs.frozen(kw_only=True)
class ProductionPlace:
    """Where the signer says to have signed (clause 5.2.5); at least one part is given."""

    city: str | None = None
    street: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be written.

        Raises:
            ConfigError: ``VND-SIGN-048``.
        """
        given = {name: value for name, value in attrs.asdict(self).items() if value is not None}
        if not given:
            raise unusable("place", "it is empty")
        for name, value in given.items():
            require_text(value, f"place.{name}")
