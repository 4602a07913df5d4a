"""Sealing from files to a file: the octets of ``seal``, in constant memory.

The seal stands before most of what it covers, so the message is gone through twice: once to take its
digest, once to write it. Each time every attachment is held against the digest of its ``Blob``, so that both
passes see the same octets, or nothing is written.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import TypeAlias

import attrs

from vnedoc.edxml import CONTENT_ELEMENTS, SIGNATURE_PARENT, Draft
from vnedoc.errors import StateMismatch
from vnedoc.model import Blob, Level, Limits, Wire, written_whole
from vnedoc.protocols import Signer, SigningIdentity, Timestamper
from vnedoc.signing import (
    LargeXml,
    Measured,
    Prepared,
    SigningState,
    finished_signature,
    prepare_large_xml,
    require_signer,
)
from vnedoc.verification import Policy
from vnedoc.workflow._sealing import Message, require_message, require_rules
from vnedoc.workflow._steady import SteadyFile
from vnedoc.xml import (
    EXC_C14N,
    XmlDocument,
    canonicalize_stream_into,
    cuts_with_markup,
    parse_stream,
    true_offset,
)

Path: TypeAlias = str | os.PathLike[str]


def seal_file(
    message: Message,
    signer: Signer,
    path: Path,
    *,
    signing_time: dt.datetime | None = None,
    replace: bool = True,
    limits: Limits | None = None,
) -> Wire:
    """Write a message to a file with the envelope signature in it, at XAdES B-B.

    The octets are those of ``seal``; attachments may be files of any size (``Blob.from_file``), and none of
    them is ever in memory as a whole.

    Args:
        message: What to send.
        signer: The agency's key.
        path: Where to; its folder must exist.
        signing_time: Claimed time with zone; default now.
        replace: ``False`` refuses an existing file.
        limits: What the receiver takes; a message beyond it is refused. ``None``: its size is not bounded.

    Returns:
        The file: the exact bytes to store and to send.

    Raises:
        RuleError: ``VND-FLOW-020``, the message breaks a rule; every finding is attached.
        SigningError: The key refused.
        LimitExceeded: ``VND-EDX-085``: the message is larger than *limits* allow.
        ConfigError: ``VND-EDX-086``: *path* is the file of an attachment.
        FileError: ``VND-IO-001`` an attachment cannot be read, ``VND-IO-003`` it has changed since its
            ``Blob`` was made, ``VND-IO-002`` the file cannot be written, ``VND-IO-004`` it exists already.
            Whatever is raised, nothing is left behind.
    """
    require_rules(message)
    draft = Draft.of(message, limits=limits)
    require_signer(signer)
    moment = signing_time or dt.datetime.now(dt.UTC)
    state = _prepare(draft, signer, moment, digest=False).state
    return _save(draft, state, signer.sign(state.to_be_signed), path, replace=replace)


def prepare_seal_file(
    message: Message, identity: SigningIdentity, *, signing_time: dt.datetime, limits: Limits | None = None
) -> Prepared:
    """First step of sealing to a file with a key that is elsewhere: what the key must sign.

    Nothing is written, and the state holds digests, never the message: ``complete_seal_file`` takes the
    message again. The state is that of ``prepare_seal`` for the same message.

    Args:
        message: What to send.
        identity: Certificate, chain and what the key makes.
        signing_time: Claimed time with zone; whole seconds are kept.
        limits: As for ``seal_file``, as are the errors.
    """
    require_rules(message)
    return _prepare(Draft.of(message, limits=limits), identity, signing_time, digest=True)


def complete_seal_file(
    message: Message,
    state: SigningState | str,
    signature: bytes,
    path: Path,
    *,
    replace: bool = True,
) -> Wire:
    """Second step: write the message that was prepared, with the signature in it.

    Args:
        message: The same message that was prepared, attachments included.
        state: ``SigningState`` or its JSON text.
        signature: The value that the key made over ``to_be_signed``.
        path: Where to; its folder must exist.
        replace: ``False`` refuses an existing file.

    Raises:
        StateMismatch: ``VND-SIGN-010`` when the message is another one, ``VND-SIGN-043`` when the state is
            not of this profile or was changed.
        SigningError: ``VND-SIGN-042``: the value is not by the certificate's key.
        DecodeError: ``VND-SIGN-011``: *state* is no signing state.
        FileError: As for ``seal_file``.
    """
    require_message(message)
    value = SigningState.from_json(state) if isinstance(state, str) else state
    draft = Draft.of(message)
    finished_signature(value, signature)  # it costs nothing, reading the message does
    value.require_document(_measure(draft, canonical=False))
    return _save(draft, value, signature, path, replace=replace)


def sign_edxml_file(
    source: Wire | Path,
    signer: Signer,
    path: Path,
    *,
    level: str = "B-B",
    signing_time: dt.datetime | None = None,
    timestamper: Timestamper | None = None,
    policy: Policy | None = None,
    replace: bool = True,
    limits: Limits | None = None,
) -> Wire:
    """Seal an edXML message that is written already, of any size, from file to file.

    Its octets stay as they are but for the signature; the result is that of ``sign_edxml``. Three passes
    over the file, which must see the same octets: to find the place, to take the digest, to copy. Whatever
    is not the base64 of attachments must fit ``Limits.tree_bytes``.

    Args:
        source: Path or ``Wire`` of an edXML message without envelope signature.
        signer: The agency's key.
        path: Where to; its folder must exist.
        level: ``B-B``, ``B-T``, ``B-LT`` or ``B-LTA``, see ``augment_file``.
        signing_time: Claimed time with zone; default now.
        timestamper: The time-stamping authority, for ``B-T`` and above.
        policy: Trust and revocation data, for ``B-LT`` and above.
        replace: ``False`` refuses an existing file.
        limits: How much hostile input may cost; ``file_bytes`` bounds the file.

    Returns:
        The file: the exact bytes to store and to send.

    Raises:
        ConfigError: ``VND-SIGN-086``, the level is not known or needs more than was given.
        DecodeError: It is not well-formed edXML.
        LimitExceeded: It is larger than *limits* allow.
        SigningError: It is sealed already, or the key refused.
        FileError: ``VND-IO-001`` the file cannot be read, ``VND-IO-003`` it changes meanwhile, ``VND-IO-002``
            the new one cannot be written, ``VND-IO-004`` it exists already. Nothing is left behind.
    """
    require_signer(signer)
    if level != Level.B_B.value:
        from vnedoc.workflow._raising import augment_file, require_able

        require_able(level, timestamper, policy)
        judging = policy or Policy()
        judging = judging if limits is None else attrs.evolve(judging, limits=limits)
        with tempfile.TemporaryDirectory(dir=FilePath(path).parent) as scratch:
            sealed = FilePath(scratch, "sealed")
            signed = sign_edxml_file(source, signer, sealed, signing_time=signing_time, limits=limits)
            return augment_file(signed, judging, path, level=level, timestamper=timestamper, replace=replace)
    known = source.blob if isinstance(source, Wire) else Blob(0, "", None, FilePath(source))
    file = SteadyFile(known)
    document = outline_of(file, known.digest or None, limits)
    large = LargeXml(
        outline=document,
        measure=lambda: _measure_file(file, document),
        written_offset=lambda offset: true_offset(document.cuts, offset),
    )
    moment = signing_time or dt.datetime.now(dt.UTC)
    state = prepare_large_xml(large, signer, signing_time=moment, parent=SIGNATURE_PARENT).state
    edit = finished_signature(state, signer.sign(state.to_be_signed))
    return save_pieces(edit.pieces(file.pieces()), path, replace=replace)


def save_pieces(pieces: Iterable[bytes | memoryview], path: Path, *, replace: bool) -> Wire:
    """Write the octets as a file, as a whole or not at all."""
    hasher, size = hashlib.sha256(), 0
    with written_whole(path, replace=replace) as handle:
        for piece in pieces:
            handle.write(piece)
            hasher.update(piece)
            size += len(piece)
    return Wire(Blob(size, f"sha256:{hasher.hexdigest()}", None, FilePath(path)))


def outline_of(file: SteadyFile, expected: str | None, limits: Limits | None) -> XmlDocument:
    """Read the file without the base64 of attachments; base64 with markup in it stays where it is."""
    leave: frozenset[int] = frozenset()
    while True:
        streamed = parse_stream(
            file.open, CONTENT_ELEMENTS, limits, expected=expected, leave=leave, hashed=_no_digest
        )
        more = cuts_with_markup(streamed.document)
        if not more:
            return streamed.document
        leave |= more


def _no_digest(_head: bytes) -> bool:
    """Nobody reads the contents here; that they are base64 is all there is to know."""
    return False


def _measure_file(file: SteadyFile, document: XmlDocument) -> Measured:
    """Take the digest of the canonical form; those of the octets are for a second step, and there is none."""
    hasher = hashlib.sha256()
    canonicalize_stream_into(hasher.update, document, EXC_C14N, file.pieces())
    return Measured(canonical_digest=hasher.digest(), digest="", size=0)


def _prepare(draft: Draft, identity: SigningIdentity, moment: dt.datetime, *, digest: bool) -> Prepared:
    document = LargeXml(
        outline=draft.outline.document,
        measure=lambda: _measure(draft, digest=digest),
        written_offset=draft.written_offset,
    )
    return prepare_large_xml(document, identity, signing_time=moment, parent=SIGNATURE_PARENT)


def _measure(draft: Draft, *, digest: bool = True, canonical: bool = True) -> Measured:
    seen = draft.write_into(digest=digest, canonical=canonical)
    return Measured(canonical_digest=seen.canonical_digest or b"", digest=seen.digest or "", size=seen.size)


def _save(draft: Draft, state: SigningState, signature: bytes, path: Path, *, replace: bool) -> Wire:
    edit = finished_signature(state, signature)
    if edit.removed:  # nothing that is written is taken out again
        raise _place_lost(edit.offset)
    try:
        sealed = draft.splice(edit.offset, edit.octets)
    except ValueError as error:
        raise _place_lost(edit.offset) from error
    return sealed.save(path, replace=replace)


def _place_lost(offset: int) -> StateMismatch:
    return StateMismatch(
        "VND-SIGN-046",
        "the place for the signature is not in the text of the message",
        hint="prepare again, then have the new octets signed",
        facts={"offset": offset},
    )
