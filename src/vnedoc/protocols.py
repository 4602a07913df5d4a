"""The ports: what one room needs of another. No class here does anything.

All ports are synchronous. Bytes go as ``bytes``, ``Wire`` or binary streams, certificates and revocation
lists as DER, times with zone, durations in seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

from vnedoc.model import (
    Blob,
    Capabilities,
    Envelope,
    Finding,
    InboundMeta,
    OrganId,
    Parcel,
    PollPage,
    Received,
    RemoteHandle,
    Report,
    RevocationData,
    SendResult,
    Settlement,
    SignatureAlgorithm,
    StatusMessage,
    Wire,
)

if TYPE_CHECKING:  # loaded only by those who use a directory
    from vnedoc.model import Agency, OrganConversion, Succession

# --- time -----------------------------------------------------------------------------------------


class Clock(Protocol):
    """Tells the time, so that programs and tests can hand in their own."""

    def now(self) -> dt.datetime:
        """Give the present time, with zone."""
        ...


# --- bytes and messages ---------------------------------------------------------------------------


class Decoded(Protocol):
    """A message read from a ``Wire``, with what was odd about it."""

    @property
    def message(self) -> Envelope | StatusMessage:
        """The typed view."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every deviation that was read past."""
        ...


class Codec(Protocol):
    """Bytes to message and back, for one dialect. It knows no keys."""

    def decode(self, wire: Wire) -> Decoded:
        """Read a message; raises ``DecodeError`` or ``LimitExceeded``."""
        ...

    def encode(self, message: Envelope | StatusMessage) -> Wire:
        """Write a message; raises ``RuleError`` when it cannot be written as asked."""
        ...


# --- signing --------------------------------------------------------------------------------------


class SigningIdentity(Protocol):
    """The public half of a key: all that the first of the two signing steps needs."""

    @property
    def certificate(self) -> bytes:
        """The signer's certificate, DER."""
        ...

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Further certificates up to, not necessarily with, the root, DER, nearest first."""
        ...

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What ``sign`` makes."""
        ...


class Signer(SigningIdentity, Protocol):
    """A key that signs here and now. A token, HSM or phone that signs later uses prepare and complete."""

    def sign(self, to_be_signed: bytes) -> bytes:
        """Sign the octets (the hash is part of it); raises ``SigningError``.

        RSA values are as long as the modulus; ECDSA values are DER ``SEQUENCE {r, s}``.
        """
        ...


class Timestamper(Protocol):
    """A time-stamping authority (RFC 3161)."""

    def timestamp(self, imprint: bytes, hash_name: str) -> bytes:
        """Give a ``TimeStampToken``, DER, over an imprint.

        Args:
            imprint: The hash of what is to be stamped.
            hash_name: Which hash, as ``hashlib`` writes it.

        Raises:
            TransportError: The authority cannot be reached.
            SigningError: It refuses, or its answer is not for this imprint.
        """
        ...


class SigningProfile(Protocol):
    """One way of putting a signature into a document, in two steps with a JSON text between them."""

    def prepare(self, wire: Wire, identity: SigningIdentity) -> tuple[bytes, str]:
        """Give the octets to sign, and a state (``vnedoc-signing-state/1``) that holds no document bytes."""
        ...

    def complete(self, wire: Wire, state: str, signature: bytes) -> Wire:
        """Put the signature value in; raises ``StateMismatch`` when the document or key is another."""
        ...


# --- trust ----------------------------------------------------------------------------------------


class TrustSource(Protocol):
    """Where trust starts, and certificates that help to get there."""

    def anchors(self) -> Sequence[bytes]:
        """Give the trust anchors, DER."""
        ...

    def certificates(self) -> Sequence[bytes]:
        """Give certificates that are not trusted by themselves, DER."""
        ...


class RevocationSource(Protocol):
    """Where revocation data comes from. It is data at hand: nothing is fetched.

    A source that has OCSP answers is an ``OcspSource`` too, one that asks for them a ``RevocationFetcher``.
    """

    def crls(self) -> Sequence[bytes]:
        """Give revocation lists, DER; the verifier picks those that fit."""
        ...


@runtime_checkable
class OcspSource(Protocol):
    """OCSP answers at hand."""

    def ocsps(self) -> Sequence[bytes]:
        """Give ``OCSPResponse`` values, DER; the verifier picks those that fit."""
        ...


@runtime_checkable
class RevocationFetcher(Protocol):
    """Asks for revocation data on one certificate. Only a caller hands one in; no document can."""

    def revocation(self, certificate: bytes, issuer: bytes) -> RevocationData:
        """Give what could be had for a certificate, by its own distribution points; empty when nothing."""
        ...


class Fetcher(Protocol):
    """The door to the network: nothing is fetched unless a caller hands one in."""

    def fetch(
        self,
        url: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        accept: str | None = None,
        max_bytes: int | None = None,
    ) -> bytes:
        """Give the body of the answer to a GET, or to a POST of *body*; raises a ``TransportError``."""
        ...


class ValidationData(Protocol):
    """Certificates and revocation data, DER; they help and are never trusted by themselves."""

    @property
    def certificates(self) -> Sequence[bytes]:
        """Certificates."""
        ...

    @property
    def crls(self) -> Sequence[bytes]:
        """Revocation lists."""
        ...

    @property
    def ocsps(self) -> Sequence[bytes]:
        """``OCSPResponse`` values."""
        ...


class Verifier(Protocol):
    """Judges a document; never raises for a bad signature."""

    def verify(self, wire: Wire) -> Report:
        """Give the report, with every finding."""
        ...


class Opener(Protocol):
    """Turns bytes into an accepted message."""

    def open(self, wire: Wire) -> Received:
        """Judge and read; raises ``VerificationError`` with the report, or ``DecodeError``."""
        ...


# --- exchange -------------------------------------------------------------------------------------


class Transport(Protocol):
    """What every transport has. It keeps no state, never retries and never dedupes."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def close(self) -> None:
        """Release what it holds; may be called twice and never raises."""
        ...


class Sender(Transport, Protocol):
    """A transport that sends."""

    def send(self, parcel: Parcel, *, deadline: float) -> SendResult:
        """Carry the parcel; raises a ``TransportError``. *deadline* is seconds from now."""
        ...


class Poller(Transport, Protocol):
    """A transport that is asked for messages."""

    def poll(self, recipient: OrganId, *, cursor: bytes | None, limit: int, deadline: float) -> PollPage:
        """List messages that wait for *recipient*, oldest first."""
        ...

    def fetch(
        self, recipient: OrganId, handle: RemoteHandle, sink: BinaryIO, *, deadline: float
    ) -> InboundMeta:
        """Stream one message into *sink*."""
        ...

    def settle(
        self, recipient: OrganId, handle: RemoteHandle, settlement: Settlement, *, deadline: float
    ) -> None:
        """Say what became of it; may be said twice."""
        ...


class BlobStore(Protocol):
    """Keeps bodies under their digest."""

    def put(self, source: BinaryIO) -> Blob:
        """Store durably and give the blob; the same octets are stored once."""
        ...

    def get(self, digest: str) -> Blob:
        """Give a stored blob; raises ``ExchangeError`` when it is missing or damaged."""
        ...


class Handler(Protocol):
    """What an application does with an accepted message."""

    def __call__(self, received: Received) -> None:
        """Take it in; an exception means "not yet" and it will be offered again."""
        ...


class Directory(Protocol):
    """Knows organisations and their codes. It is data at hand: nothing is fetched."""

    def resolve(self, organ_id: OrganId) -> OrganId | None:
        """Give the organisation with all its aliases, or ``None`` when it is unknown."""
        ...

    def find(self, code: OrganId | str) -> Agency | None:
        """Give the agency that has the code, as its own or as an alias; ``None`` when nobody has."""
        ...

    def named(self, name: str) -> Sequence[Agency]:
        """Give every agency of that name, compared as ``vnedoc.model.name_key`` does."""
        ...

    def succession(self, code: OrganId | str) -> Succession | None:
        """Say what became of an agency, who took its place and when; ``None`` when it is unknown."""
        ...

    def convert(self, organ_id: OrganId, grammar: str) -> OrganConversion | None:
        """Give its code in the other grammar, ``2016`` or ``2020``: certain where listed, else a guess."""
        ...
