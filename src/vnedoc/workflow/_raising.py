"""Raising signatures to a higher baseline level, one's own and those of others."""

from __future__ import annotations

import os
from pathlib import Path as FilePath

from vnedoc.errors import ConfigError, LimitExceeded
from vnedoc.model import Blob, FileKind, Wire
from vnedoc.protocols import Timestamper
from vnedoc.signing import augment_large_xml, augment_xml, require_for_level
from vnedoc.verification import Policy
from vnedoc.workflow._file_seal import outline_of, save_pieces
from vnedoc.workflow._source import (
    Contents,
    Source,
    as_wire,
    contents_of,
    kind_of,
    require_kind,
    require_policy,
)
from vnedoc.workflow._steady import SteadyFile

_HEAD = 4096  # octets that tell what a file is


def augment(
    source: Source,
    policy: Policy,
    *,
    level: str = "B-LTA",
    timestamper: Timestamper | None,
    signature_id: str | None = None,
    resolver: Contents = None,
) -> Wire:
    """Raise an XML signature, whoever made it, to a higher baseline level (EN 319 132-1, clause 6).

    B-T adds a time stamp, B-LT what a verifier needs when certificates have expired, B-LTA an archive time
    stamp over all of it. B-LTA once more renews: one more archive time stamp, before the last one's authority
    or its algorithm is no longer trusted. Not one octet that is there changes.

    Args:
        source: Bytes, path or ``Wire`` of a signed XML file or edXML message, of at most ``tree_bytes``.
        policy: Its trust, revocation data, algorithms, limits and time are those of the validation data.
        level: ``B-T``, ``B-LT`` or ``B-LTA``.
        timestamper: The time-stamping authority, for example ``vnedoc.trust.TsaClient``.
        signature_id: ``Id`` of the signature (``xml_id`` of its report) or its ``id`` there, such as
            ``signature-1``, where there are several.
        resolver: What the signatures cover outside of the document, by its URI, as for ``verify``.

    Raises:
        ConfigError: ``VND-FLOW-025`` for a file that is no XML, ``VND-FLOW-026`` for another *resolver*,
            ``VND-FLOW-027`` for another *policy* or *source*, ``VND-SIGN-086`` for another level or
            *timestamper*.
        DecodeError: It is not well-formed.
        SigningError: ``VND-SIGN-080`` to ``VND-SIGN-084``: there is no such signature, it is not intact,
            another one covers the place, validation data is missing, or the time stamp cannot be used;
            ``VND-SIGN-057``: a certificate was revoked.
        TransportError: The authority cannot be reached.
        FileError: A file cannot be read.
    """
    require_policy(policy)
    wire = as_wire(source)
    _require_xml(wire.blob)
    try:
        return augment_xml(
            wire,
            level,
            timestamper=timestamper,
            trust=policy.trust,
            revocation=policy.revocation,
            signature_id=signature_id,
            resolver=contents_of(resolver),
            at=policy.at,
            limits=policy.limits,
            algorithms=policy.algorithms,
        )
    except LimitExceeded as error:
        if error.facts.get("limit") == "tree_bytes":
            error.hint = f"use vnedoc.workflow.augment_file, for messages of any size; {error.hint}"
        raise


def augment_file(
    source: Wire | str | os.PathLike[str],
    policy: Policy,
    path: str | os.PathLike[str],
    *,
    level: str = "B-LTA",
    timestamper: Timestamper | None,
    signature_id: str | None = None,
    resolver: Contents = None,
    replace: bool = True,
) -> Wire:
    """Raise the signature of an edXML message of any size, from file to file; see ``augment``.

    The attachments are never in memory. ``Limits.digest_bytes`` of *policy* must allow for reading the file
    once for each digest over it.

    Args:
        source: Path or ``Wire`` of a sealed message.
        policy: As for ``augment``, as are the other arguments and the errors.
        path: Where to; its folder must exist.
        level: ``B-T``, ``B-LT`` or ``B-LTA``.
        timestamper: The time-stamping authority.
        signature_id: ``Id`` of the signature (``xml_id`` of its report) or its ``id`` there, such as
            ``signature-1``, where there are several.
        resolver: What the signatures cover outside of the document.
        replace: ``False`` refuses an existing file.

    Raises:
        FileError: ``VND-IO-001`` the file cannot be read, ``VND-IO-003`` it changes meanwhile, ``VND-IO-002``
            the new one cannot be written, ``VND-IO-004`` it exists already. Nothing is left behind.
    """
    require_policy(policy)
    require_kind("source", source, (Wire, str, os.PathLike), "a path or a Wire")
    known = source.blob if isinstance(source, Wire) else Blob(0, "", None, FilePath(source))
    _require_xml(known)
    file = SteadyFile(known)
    document = outline_of(file, known.digest or None, policy.limits)
    pieces = augment_large_xml(
        document,
        file.pieces,
        level,
        timestamper=timestamper,
        trust=policy.trust,
        revocation=policy.revocation,
        signature_id=signature_id,
        resolver=contents_of(resolver),
        at=policy.at,
        limits=policy.limits,
        algorithms=policy.algorithms,
    )
    return save_pieces(pieces(), path, replace=replace)


def require_able(level: str, timestamper: Timestamper | None, policy: Policy | None) -> None:
    """Refuse what cannot reach a level, before a key signs.

    Raises:
        ConfigError: ``VND-SIGN-086``.
    """
    require_for_level(
        level,
        timestamper,
        None if policy is None else policy.trust,
        None if policy is None else policy.revocation,
    )


def _require_xml(blob: Blob) -> None:
    with blob.open() as handle:
        kind = kind_of(handle.read(_HEAD))
    if kind not in (FileKind.XML, FileKind.EDXML):
        raise ConfigError(
            "VND-FLOW-025",
            f"only XML signatures can be raised, and this is {kind.value}",
            hint="give a signed XML file or edXML message",
            facts={"kind": kind.value},
        )
