"""The value between the two steps of signing: ``vnedoc-signing-state/1``."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from vnedoc.errors import DecodeError, StateMismatch
from vnedoc.model import SignatureAlgorithm

if TYPE_CHECKING:
    from vnedoc.protocols import SigningIdentity

SCHEMA = "vnedoc-signing-state/1"


class Document(Protocol):
    """A document as far as a state must know it again; a ``Wire`` is one."""

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hex digits over its octets."""

    @property
    def size(self) -> int:
        """Its octets."""


@attrs.frozen(kw_only=True)
class SigningState:
    """All that ``complete`` needs besides the document and the signature value.

    It holds digests and the new parts of the file, never the document's body and never a secret.

    Attributes:
        format: ``pdf`` or ``xml``.
        level: Baseline level that is made, ``B-B``.
        algorithm: What the key must make.
        certificate: The signer's certificate, DER.
        chain: Further certificates, DER.
        document_digest: Digest of the document that was prepared, ``sha256:<hex>``.
        document_size: Its octets.
        to_be_signed: The octets that the key must sign.
        parts: What the format needs; text values only.
    """

    format: str
    level: str
    algorithm: SignatureAlgorithm
    certificate: bytes
    chain: tuple[bytes, ...]
    document_digest: str
    document_size: int
    to_be_signed: bytes
    parts: Mapping[str, str]

    @classmethod
    def start(
        cls,
        *,
        format: str,  # noqa: A002 - the schema's own word
        document: Document,
        identity: SigningIdentity,
        to_be_signed: bytes,
        parts: Mapping[str, str],
        level: str = "B-B",
    ) -> SigningState:
        """Make the state of a first step, with digest and size of *document* and all that *identity* says.

        Args:
            format: ``pdf`` or ``xml``.
            document: What is prepared: a ``Wire``, or what is known of one.
            identity: Certificate, chain and algorithm of the key.
            to_be_signed: The octets that the key must sign.
            parts: What the format needs to complete it.
            level: Baseline level that is made.
        """
        return cls(
            format=format,
            level=level,
            algorithm=identity.algorithm,
            certificate=identity.certificate,
            chain=tuple(identity.chain),
            document_digest=document.digest,
            document_size=document.size,
            to_be_signed=to_be_signed,
            parts=dict(parts),
        )

    def require_document(self, document: Document) -> None:
        """Refuse another document than the one that was prepared.

        Raises:
            StateMismatch: ``VND-SIGN-010``.
        """
        if document.digest != self.document_digest or document.size != self.document_size:
            raise StateMismatch(
                "VND-SIGN-010",
                "this is not the document that was prepared",
                hint="prepare again, then have the new octets signed",
                facts={"expected": self.document_digest, "seen": document.digest},
            )

    def to_json(self) -> str:
        """Give the state as one JSON text."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "format": self.format,
                "level": self.level,
                "algorithm": self.algorithm.value,
                "certificate": _b64(self.certificate),
                "chain": [_b64(one) for one in self.chain],
                "document_digest": self.document_digest,
                "document_size": self.document_size,
                "to_be_signed": _b64(self.to_be_signed),
                "parts": dict(self.parts),
            },
            ensure_ascii=False,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> SigningState:
        """Read what ``to_json`` wrote.

        Raises:
            DecodeError: ``VND-SIGN-011`` when it is something else.
        """
        try:
            value = _of_this_schema(json.loads(text))
            return cls(
                format=str(value["format"]),
                level=str(value["level"]),
                algorithm=SignatureAlgorithm(value["algorithm"]),
                certificate=_unb64(value["certificate"]),
                chain=tuple(_unb64(one) for one in value["chain"]),
                document_digest=str(value["document_digest"]),
                document_size=int(value["document_size"]),
                to_be_signed=_unb64(value["to_be_signed"]),
                parts={str(key): str(one) for key, one in value["parts"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DecodeError(
                "VND-SIGN-011",
                "not a signing state",
                hint=f"give the JSON that prepare made ({SCHEMA})",
                facts={"cause": f"{type(error).__name__}: {error}"[:200]},
            ) from error


@attrs.frozen
class Prepared:
    """What ``prepare`` gives: the octets for the key, and the state for ``complete``."""

    state: SigningState

    @property
    def to_be_signed(self) -> bytes:
        """The octets that the key must sign."""
        return self.state.to_be_signed


def _of_this_schema(value: Any) -> Any:
    if value["schema"] != SCHEMA:
        raise ValueError(f"schema {value['schema']!r}")
    return value


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
