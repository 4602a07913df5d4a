"""PAdES baseline B-B signatures, in one step or in two (EN 319 142-1, ISO 32000-2 clause 12.8)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import Any

from vnedoc.errors import InputError, StateMismatch
from vnedoc.model import PDF_TYPE, VIETNAM, Blob, SignatureAlgorithm, Wire
from vnedoc.protocols import Signer, SigningIdentity
from vnedoc.signing._cms import container_size, digest_name, signed_attributes, signed_data
from vnedoc.signing._keys import require_value
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._validity import require_identity, require_signer, require_usable, require_wire, zoned


def prepare_pdf(
    wire: Wire,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    reason: str | None = None,
    location: str | None = None,
    field: str | None = None,
    password: bytes | None = None,
) -> Prepared:
    """Make all of a PAdES B-B signature but its value; for keys that sign elsewhere or later.

    Args:
        wire: The PDF; signatures that it holds stay valid.
        identity: Certificate, chain and algorithm of the key.
        signing_time: What the signature claims, with zone.
        reason: Why it is signed.
        location: Where it is signed.
        field: Name of the signature field, new or empty; default ``Signature1``, ``Signature2``, …
        password: Opens an encrypted PDF.

    Returns:
        The octets that the key must sign, and a state that holds no octet of the document.

    Raises:
        DecodeError: ``VND-SIGN-020`` not a PDF, ``VND-SIGN-021`` damaged.
        SigningError: ``VND-SIGN-022`` to ``VND-SIGN-025``, the file cannot take a signature; ``VND-SIGN-047``
            PDF signatures are not made with the key's algorithm (EdDSA, SHA-3);
            ``VND-SIGN-015`` the certificate is not valid at *signing_time*, ``VND-SIGN-016`` it is not for
            signatures.
        InputError: ``VND-SIGN-026`` the time has no zone, ``VND-SIGN-017`` *identity* is no key.
    """
    return _Draft(wire, identity, signing_time, reason, location, field, password).prepared()


def complete_pdf(wire: Wire, state: SigningState, signature: bytes) -> Wire:
    """Put the signature value into the document that was prepared.

    Raises:
        StateMismatch: ``VND-SIGN-010`` another document, ``VND-SIGN-013`` another key or damaged value,
            ``VND-SIGN-014`` not a state for this step.
    """
    require_wire(wire)
    try:
        increment = base64.b64decode(state.parts["increment"], validate=True)
        start, end = int(state.parts["contents_start"]), int(state.parts["contents_end"])
    except (KeyError, ValueError) as error:
        raise _not_for_this() from error
    if state.format != "pdf" or not wire.size < start < end < wire.size + len(increment):
        raise _not_for_this()
    state.require_document(wire)
    document = wire.read()
    digest, prefix = _hash(document, increment, start, end, state.algorithm)
    if digest not in state.to_be_signed:
        raise _not_for_this()
    return _finish(state, signature, document, increment, start, end, prefix)


def sign_pdf(
    wire: Wire,
    signer: Signer,
    *,
    signing_time: dt.datetime | None = None,
    reason: str | None = None,
    location: str | None = None,
    field: str | None = None,
    password: bytes | None = None,
) -> Wire:
    """Sign a PDF at PAdES baseline level B-B, invisibly; the arguments are those of ``prepare_pdf``.

    Args:
        wire: The PDF.
        signer: The key.
        signing_time: Default: now, in Vietnam time.
        reason: Why it is signed.
        location: Where it is signed.
        field: Name of the signature field.
        password: Opens an encrypted PDF.

    Raises:
        VnedocError: As ``prepare_pdf`` and ``complete_pdf``.
    """
    require_signer(signer)
    when = signing_time or dt.datetime.now(VIETNAM)
    draft = _Draft(wire, signer, when, reason, location, field, password)
    state = draft.prepared().state
    return draft.finish(state, signer.sign(state.to_be_signed))


class _Draft:
    """A document with the increment that will sign it."""

    def __init__(
        self,
        wire: Wire,
        identity: SigningIdentity,
        signing_time: dt.datetime,
        reason: str | None,
        location: str | None,
        field: str | None,
        password: bytes | None,
    ) -> None:
        from vnedoc.signing._pdf_writer import Entry, append_signature

        require_wire(wire)
        require_identity(identity)
        if not zoned(signing_time):
            raise InputError(
                "VND-SIGN-026",
                "the signing time needs its zone",
                hint="use datetime(..., tzinfo=vnedoc.model.VIETNAM)",
                facts={"seen": str(signing_time)[:80]},
            )
        require_usable(identity.certificate, signing_time)
        self._wire, self._identity = wire, identity
        self._document = wire.read()
        entry = Entry(
            signing_time=signing_time.replace(microsecond=0),
            reason=reason,
            location=location,
            field=field,
            password=password,
            room=container_size(identity.certificate, tuple(identity.chain), identity.algorithm),
            seed=f"{wire.digest} {signing_time.isoformat()} ".encode() + identity.certificate,
        )
        self._increment = append_signature(self._document, entry)
        self._digest, self._prefix = _hash(
            self._document,
            self._increment.octets,
            self._increment.start,
            self._increment.end,
            identity.algorithm,
        )

    def prepared(self) -> Prepared:
        state = SigningState.start(
            format="pdf",
            document=self._wire,
            identity=self._identity,
            to_be_signed=signed_attributes(self._identity.certificate, self._digest),
            parts={
                "increment": base64.b64encode(self._increment.octets).decode("ascii"),
                "contents_start": str(self._increment.start),
                "contents_end": str(self._increment.end),
            },
        )
        return Prepared(state)

    def finish(self, state: SigningState, signature: bytes) -> Wire:
        new = self._increment
        return _finish(state, signature, self._document, new.octets, new.start, new.end, self._prefix)


def _hash(
    document: bytes, increment: bytes, start: int, end: int, algorithm: SignatureAlgorithm
) -> tuple[bytes, Any]:
    """Give the digest over the ByteRange, and the SHA-256 of the file up to the gap, to go on from."""
    base = len(document)
    before, after = memoryview(increment)[: start - base], memoryview(increment)[end - base :]
    prefix = hashlib.sha256(document)
    prefix.update(before)
    name = digest_name(algorithm)
    if name == "sha256":
        covered = prefix.copy()
    else:
        covered = hashlib.new(name, document)
        covered.update(before)
    covered.update(after)
    return covered.digest(), prefix


def _finish(
    state: SigningState,
    signature: bytes,
    document: bytes,
    increment: bytes,
    start: int,
    end: int,
    prefix: Any,
) -> Wire:
    require_value(state.certificate, state.algorithm, signature, state.to_be_signed)
    cms = signed_data(state.certificate, state.chain, state.algorithm, state.to_be_signed, signature)
    base = len(document)
    room = end - start - 2
    contents = cms.hex().ljust(room, "0").encode("ascii")
    if len(contents) != room:
        raise _not_for_this()
    tail = b"".join((increment[: start - base], b"<", contents, b">", increment[end - base :]))
    whole = prefix.copy()
    whole.update(memoryview(tail)[start - base :])
    octets = document + tail
    return Wire(Blob(len(octets), "sha256:" + whole.hexdigest(), octets), PDF_TYPE)


def _not_for_this() -> StateMismatch:
    return StateMismatch(
        "VND-SIGN-014",
        "this state does not belong to this step, or was altered",
        hint="prepare the document again, then have the new octets signed",
    )
