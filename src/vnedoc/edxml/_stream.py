"""Reading messages of any size: their attachments stay in the file, memory does not grow with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import attrs

from vnedoc.edxml._codec import STREAMED_FROM, EdXmlCodec
from vnedoc.edxml._read import Decoded, decode_document
from vnedoc.edxml._spaces import looks_like_mime
from vnedoc.errors import DecodeError, LimitExceeded, VnedocError
from vnedoc.model import Blob, Finding, Limits, Wire, file_changed, open_file, unreadable
from vnedoc.xml import (
    ByteSource,
    Streamed,
    XmlDocument,
    all_hashed,
    looks_like_xml,
    parse_stream,
    true_line,
)

_CONTENTS = frozenset({"ContentTransferEncoded"})
_HEAD = 4096
_PASSES = 5  # each leaves more text where it is, and the third or fourth has it all


@attrs.frozen
class OpenedFile:
    """A message read from a file.

    The contents of its attachments are read from the file when they are opened, where the file is larger
    than 1 MiB: it must stay where it is, and a change to it is noticed by ``Blob.read`` and ``Blob.save``.

    Attributes:
        decoded: The message, with what was found while reading.
        size: Octets that were read.
        wire: The file with the digest of just those octets; ``None`` when the digest was not wanted.
    """

    decoded: Decoded
    size: int
    wire: Wire | None


def read_file(
    path: str | os.PathLike[str], *, limits: Limits | None = None, digest: bool = True, mode: str = "strict"
) -> OpenedFile:
    """Read a message of any size from a file. Nothing is verified.

    Parsing, decoding of the base64 and the digest of each attachment take one pass, and the memory it
    needs does not depend on the size of the attachments. Everything but them must fit ``tree_bytes``.

    Args:
        path: The file.
        limits: Bounds on what is read, ``file_bytes`` for the whole.
        digest: ``False`` leaves the digest of the whole file out, which is half of the work.
        mode: As for ``EdXmlCodec``.

    Raises:
        DecodeError: As ``EdXmlCodec.decode`` raises it; lines are those of the file.
        LimitExceeded: Something is larger than *limits* allow.
        FileError: ``VND-IO-001`` when the file cannot be read; ``VND-IO-003`` when it changes meanwhile.
        ConfigError: ``VND-EDX-018`` for an unknown mode.
    """
    limits = limits or Limits()
    codec = EdXmlCodec(limits, mode)
    target = Path(path)
    with open_file(target) as handle:
        try:
            head = handle.read(_HEAD)
            size = os.fstat(handle.fileno()).st_size
            if size > limits.file_bytes:
                raise LimitExceeded.of("VND-EDX-015", "file_bytes", limits.file_bytes, size)
            if not _is_streamed(head, size, limits, lenient=mode == "lenient"):
                data = head + handle.read(limits.tree_bytes)
                blob = Blob(len(data), f"sha256:{hashlib.sha256(data).hexdigest()}", path=target)
                decoded = codec.decode(Wire.from_bytes(data))
                return OpenedFile(decoded, len(data), Wire(blob) if digest else None)
        except OSError as error:
            raise unreadable(target, error) from error
    decoded, streamed = _decode(
        partial(open_file, target), limits, lenient=mode == "lenient", digest=digest, expected=None
    )
    wire = None if streamed.digest is None else Wire(Blob(streamed.size, streamed.digest, path=target))
    return OpenedFile(decoded, streamed.size, wire)


def open_large(wire: Wire, limits: Limits, *, lenient: bool) -> tuple[Decoded, XmlDocument] | None:
    """Read a wire without a tree of its attachments; ``None`` when it is too small or no XML.

    Raises:
        DecodeError: As ``decode_document`` raises it.
        LimitExceeded: Something is larger than *limits* allow.
        FileError: The file is gone or is not the one that the wire has the digest of.
    """
    with wire.blob.open() as handle:
        head = handle.read(_HEAD)
    if not _is_streamed(head, wire.size, limits, lenient=lenient):
        return None
    if wire.size > limits.file_bytes:
        raise LimitExceeded.of("VND-EDX-015", "file_bytes", limits.file_bytes, wire.size)
    # What is in memory cannot change.
    expected = None if wire.blob.data is not None else wire.digest
    decoded, streamed = _decode(wire.blob.open, limits, lenient=lenient, digest=False, expected=expected)
    return decoded, streamed.document


def read_outline(
    wire: Wire,
    limits: Limits,
    must_stay: Callable[[Streamed], frozenset[int]],
    *,
    digest: bool = False,
    hashed: Callable[[bytes], bool] | None = None,
    through: ByteSource | None = None,
    plain: bool = False,
) -> tuple[Streamed, Decoded | VnedocError]:
    """Read a message for the judgement of its signatures, without a tree of its attachments.

    Args:
        wire: The message. Where its digest is empty it is not known, and what is read is taken as it is.
        limits: Bounds on what is read, ``file_bytes`` for the whole.
        must_stay: Gives the ``Cut.start`` of texts that are to be in the tree.
        digest: Take the digest of the file.
        hashed: Which contents are to have a digest, as for ``parse_stream``; ``None``: all.
        through: As for ``parse_stream``.
        plain: As for ``parse_stream``.

    Returns:
        What was read, its document with its runs, and the message in it, or why it cannot be read:
        signatures come first.

    Raises:
        DecodeError: It is not well-formed.
        LimitExceeded: Something is larger than *limits* allow.
        FileError: The file is gone or is not the one that the wire has the digest of.
        NotBase64: As *plain* says.
    """
    steady = wire.blob.data is not None
    expected = None if steady else wire.digest or None
    leave: frozenset[int] = frozenset()
    for _ in range(_PASSES):
        streamed = parse_stream(
            wire.blob.open,
            _CONTENTS,
            limits,
            digest=digest,
            expected=expected,
            leave=leave,
            hashed=hashed or all_hashed,
            steady=steady,
            through=through,
            plain=plain,
        )
        misplaced = must_stay(streamed)
        if not misplaced:
            outcome, misplaced = _read(streamed, limits, lenient=False)
            if not misplaced:
                return streamed, outcome
        leave |= misplaced
    raise LimitExceeded.of("VND-XML-010", "tree_bytes", limits.tree_bytes, wire.size)


def _is_streamed(head: bytes, size: int, limits: Limits, *, lenient: bool) -> bool:
    is_xml = looks_like_xml(head) or (lenient and b"<?xml" in head and not looks_like_mime(head))
    return is_xml and size > min(STREAMED_FROM, limits.tree_bytes)


def _decode(
    source: ByteSource, limits: Limits, *, lenient: bool, digest: bool, expected: str | None
) -> tuple[Decoded, Streamed]:
    leave: frozenset[int] = frozenset()
    for _ in range(_PASSES):
        streamed = parse_stream(
            source, _CONTENTS, limits, digest=digest, expected=expected, repair=lenient, leave=leave
        )
        outcome, misplaced = _read(streamed, limits, lenient=lenient)
        if not misplaced:
            if isinstance(outcome, VnedocError):
                raise outcome from outcome.__cause__
            return outcome, streamed
        leave |= misplaced
    raise file_changed(expected or "")


def _read(
    streamed: Streamed, limits: Limits, *, lenient: bool
) -> tuple[Decoded | VnedocError, frozenset[int]]:
    """Read the message, or say why it cannot be; and which cuts are to be left where they are, to read again.

    A token must not get out: text that is kept as it stands is read again, in its place.
    """
    document = streamed.document
    try:
        decoded = decode_document(document, limits, lenient=lenient)
    except DecodeError as error:
        located = _with_true_line(error, document)
        located.__cause__ = error.__cause__
        return located, streamed.cuts_in([str(error.facts)])
    except LimitExceeded as error:
        return error, frozenset()
    findings = tuple(_in_file(one, document) for one in decoded.findings)
    return attrs.evolve(decoded, findings=findings), streamed.cuts_in(_kept(decoded))


def _kept(decoded: Decoded) -> Iterator[str]:
    """Give the texts that may hold elements as they stand."""
    yield from (one.xml for one in decoded.message.unknown)
    yield from (str(dict(one.facts)) for one in decoded.findings)


def _in_file(finding: Finding, document: XmlDocument) -> Finding:
    line = finding.facts.get("line")
    if not document.cuts or not isinstance(line, int):
        return finding
    return attrs.evolve(finding, facts={**finding.facts, "line": true_line(document, line)})


def _with_true_line(error: DecodeError, document: XmlDocument) -> DecodeError:
    line = error.facts.get("line")
    if not document.cuts or not isinstance(line, int):
        return error
    facts = {**error.facts, "line": true_line(document, line)}
    return DecodeError(error.code, error.message, path=error.path, hint=error.hint, facts=facts)
