"""Message to a file or a hash, in pieces: memory does not grow with the attachments.

The octets are those of ``EdXmlCodec.encode``. What is written as base64 goes by once, and in that pass the
digests are taken and every content is held against the digest that it had when its ``Blob`` was made.

The exclusive canonical form of our own output differs from its octets outside of the base64 alone. So the
small *outline*, in which a token stands for each run of base64, is brought into canonical form, and the runs
are put in where the tokens stand.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import attrs

from vnedoc.edxml._wire import DEFAULT
from vnedoc.edxml._wire import dialect as by_name
from vnedoc.edxml._write import message_parts
from vnedoc.errors import ConfigError, LimitExceeded
from vnedoc.model import (
    EDXML_TYPE,
    Blob,
    Envelope,
    Limits,
    StatusMessage,
    Wire,
    written_whole,
)
from vnedoc.xml import EXC_C14N, XmlDocument, canonicalize_into, parse

Sink: TypeAlias = Callable[[bytes], object]
"""Takes the octets piece by piece."""

# Octets of content at a time. A multiple of 3, so that the base64 of the pieces is that of the whole; small
# enough that a piece is still in the processor's cache when the second and third reader of it come.
_PIECE = 3 << 17


@attrs.frozen(kw_only=True)
class Written:
    """What one pass over a message has given.

    Attributes:
        size: Octets written.
        digest: ``sha256:`` and 64 hex digits over them; ``None`` where it was not asked for.
        canonical_digest: SHA-256 of the exclusive canonical form without comments of the whole document;
            ``None`` where it was not asked for.
    """

    size: int
    digest: str | None = None
    canonical_digest: bytes | None = None


@attrs.frozen(kw_only=True)
class Outline:
    """A written message with a token in place of each run of base64: small, and its canonical form with it.

    Attributes:
        document: The outline as a tree, to look for signatures in.
        canonical: The canonical octets between the runs, one more than there are runs.
        token: What stands for a run; nobody who made the message can have known it.
    """

    document: XmlDocument
    canonical: tuple[bytes, ...]
    token: bytes


@attrs.frozen(eq=False, repr=False)
class Draft:
    """A message as the pieces that its file is made of, to be written as often as needed.

    Attributes:
        texts: The octets between the contents, one more than there are contents.
        contents: What goes in between as base64.
        limits: Bounds on what the outline may hold.
        content_type: Media type of the file.
    """

    texts: tuple[bytes, ...]
    contents: tuple[Blob, ...]
    limits: Limits = attrs.field(factory=Limits)
    content_type: str = EDXML_TYPE

    @classmethod
    def of(
        cls,
        message: Envelope | StatusMessage,
        *,
        limits: Limits | None = None,
        dialect: str = DEFAULT,
    ) -> Draft:
        """Take a message apart; of its contents no more than the first octets are read.

        Args:
            message: What to write.
            limits: What the receiver takes; a message beyond it is refused. ``None``: its size is not
                bounded.
            dialect: Name of the dialect to write.

        Raises:
            RuleError: ``VND-EDX-030`` to ``033``: it cannot be written without losing something.
            LimitExceeded: ``VND-EDX-085``: it is larger than *limits* allow.
            FileError: ``VND-IO-001``: an attachment cannot be read.
        """
        texts: list[list[str]] = [[]]
        contents: list[Blob] = []
        for one in message_parts(message, dialect):
            if isinstance(one, Blob):
                contents.append(one)
                texts.append([])
            else:
                texts[-1].append(one)
        octets = tuple("".join(one).encode("utf-8") for one in texts)
        made = cls(octets, tuple(contents), limits or Limits(), by_name(dialect).content_type)
        if limits is not None:
            _require_within(made, limits)
        return made

    @property
    def size(self) -> int:
        """Octets that the file will have."""
        return sum(map(len, self.texts)) + sum(_encoded_size(one) for one in self.contents)

    @cached_property
    def outline(self) -> Outline:
        """The outline of the message.

        Raises:
            DecodeError: Codes of ``vnedoc.xml``: what is to be written is no XML that a reader would take.
            LimitExceeded: ``VND-XML-010``: neither does it where there is too much of it.
        """
        # Base64 letters, so that the tree's limits take it for what it stands for.
        token = secrets.token_hex(16).encode()
        document = parse(token.join(self.texts), self.limits)
        canonical = io.BytesIO()
        canonicalize_into(canonical.write, document, EXC_C14N)
        return Outline(document=document, canonical=tuple(canonical.getvalue().split(token)), token=token)

    def splice(self, offset: int, octets: bytes) -> Draft:
        """Give the message with *octets* put in.

        Args:
            offset: Where, counted in the octets as they are written.
            octets: What.

        Raises:
            ValueError: The place is not in the text of the message.
        """
        start = 0
        for at, text in enumerate(self.texts):
            if start <= offset <= start + len(text):
                cut = offset - start
                changed = (*self.texts[:at], text[:cut] + octets + text[cut:], *self.texts[at + 1 :])
                return attrs.evolve(self, texts=changed)
            start += len(text) + (_encoded_size(self.contents[at]) if at < len(self.contents) else 0)
        raise ValueError(f"no text at {offset}")

    def written_offset(self, offset: int) -> int:
        """Give the offset in the written octets of a place in the text of the outline."""
        token = len(self.outline.token)
        start = moved = 0
        for text, content in zip(self.texts, self.contents, strict=False):
            start += len(text) + token
            if offset < start:
                break
            moved += _encoded_size(content) - token
        return offset + moved

    def write_into(
        self, sink: Sink | None = None, *, digest: bool = True, canonical: bool = False
    ) -> Written:
        """Write once, in pieces of at most half a mebibyte and the texts between the contents.

        Args:
            sink: Takes the octets; ``None`` only takes the digests.
            digest: Take the SHA-256 of the octets.
            canonical: Take the SHA-256 of the canonical form.

        Raises:
            FileError: ``VND-IO-003`` when an attachment's file has changed since its ``Blob`` was made: what
                was written until then is worth nothing. ``VND-IO-001`` when it cannot be read.
            DecodeError: With *canonical*, see ``outline``.
        """
        plain, normal = hashlib.sha256(), hashlib.sha256()
        sinks = [*([sink] if sink else []), *([plain.update] if digest else [])]
        both = [*sinks, *([normal.update] if canonical else [])]
        forms = self.outline.canonical if canonical else ()
        from pybase64 import b64encode  # here: only those who write need it

        size = 0
        for at, text in enumerate(self.texts):
            for take in sinks:
                take(text)
            size += len(text)
            if canonical:
                normal.update(forms[at])
            if at < len(self.contents):
                for piece in _checked(self.contents[at]):
                    line = b64encode(piece)
                    for take in both:
                        take(line)
                    size += len(line)
        return Written(
            size=size,
            digest=f"sha256:{plain.hexdigest()}" if digest else None,
            canonical_digest=normal.digest() if canonical else None,
        )

    def save(self, path: str | os.PathLike[str], *, replace: bool = True) -> Wire:
        """Write to *path* as a whole or not at all.

        Args:
            path: Where to; its folder must exist.
            replace: ``False`` refuses an existing file.

        Returns:
            The file, with the digest of what was written.

        Raises:
            ConfigError: ``VND-EDX-086``: *path* is the file of an attachment.
            FileError: ``VND-IO-002`` when it cannot be written, ``VND-IO-004`` when it exists already; as
                for ``write_into``. Nothing is left behind.
        """
        target = Path(path)
        _require_apart(target, self.contents)
        with written_whole(target, replace=replace) as handle:
            written = self.write_into(handle.write)
        assert written.digest is not None  # noqa: S101 - it was asked for
        return Wire(Blob(written.size, written.digest, None, target), self.content_type)


def write_file(
    message: Envelope | StatusMessage,
    path: str | os.PathLike[str],
    *,
    replace: bool = True,
    limits: Limits | None = None,
    dialect: str = DEFAULT,
) -> Wire:
    """Write a message to a file, unsigned: the octets of ``EdXmlCodec.encode``, in constant memory.

    The rules are not checked here, see ``check``. It is one pass over attachments of any size: into a
    temporary file in the same folder, flushed to the disk, renamed at the end.

    Args:
        message: What to write.
        path: Where to; its folder must exist.
        replace: ``False`` refuses an existing file.
        limits: What the receiver takes; a message beyond it is refused before anything is written.
        dialect: Name of the dialect to write.

    Returns:
        The file, with the SHA-256 of what was written.

    Raises:
        RuleError: ``VND-EDX-030`` to ``033``: it cannot be written without losing something.
        LimitExceeded: ``VND-EDX-085``: it is larger than *limits* allow.
        ConfigError: ``VND-EDX-086``: *path* is the file of an attachment.
        FileError: ``VND-IO-001`` an attachment cannot be read, ``VND-IO-003`` it has changed since its
            ``Blob`` was made, ``VND-IO-002`` the file cannot be written, ``VND-IO-004`` it exists already.
            Nothing is left behind.
    """
    return Draft.of(message, limits=limits, dialect=dialect).save(path, replace=replace)


def _encoded_size(content: Blob) -> int:
    return (content.size + 2) // 3 * 4


def _checked(content: Blob) -> Iterator[memoryview]:
    """Give the octets in pieces whose length is a multiple of 3, but for the last; then hold the digest."""
    rest = b""
    for chunk in content.checked_chunks(_PIECE):
        view = memoryview(rest + chunk if rest else chunk)
        whole = len(view) - len(view) % 3
        for start in range(0, whole, _PIECE):
            yield view[start : min(start + _PIECE, whole)]
        rest = bytes(view[whole:])
    if rest:
        yield memoryview(rest)


def _require_within(draft: Draft, limits: Limits) -> None:
    sizes = [one.size for one in draft.contents]
    for name, seen in (
        ("attachments", len(sizes)),
        ("attachment_bytes", max(sizes, default=0)),
        ("total_bytes", sum(sizes)),
        ("file_bytes", draft.size),
    ):
        allowed = getattr(limits, name)
        if seen > allowed:
            raise LimitExceeded.of("VND-EDX-085", name, allowed, seen)


def _require_apart(target: Path, contents: tuple[Blob, ...]) -> None:
    """Refuse to replace the file of an attachment by the message that carries it."""
    for one in contents:
        try:
            same = one.path is not None and one.path.samefile(target)
        except (OSError, ValueError):
            continue  # there is no such file, and whoever opens it says so
        if same:
            raise ConfigError(
                "VND-EDX-086",
                "the file to write is one of the attachments",
                path=str(target),
                hint="choose another name for the message",
            )
