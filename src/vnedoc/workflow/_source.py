"""What the verbs of the front door take: bytes, a path or a ``Wire``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from vnedoc.edxml import looks_like_mime
from vnedoc.errors import ConfigError
from vnedoc.model import EDXML_TYPE, Blob, FileKind, Limits, Wire, open_file, unreadable
from vnedoc.xml import looks_like_xml

if TYPE_CHECKING:
    from vnedoc.dsig import Resolver

Source: TypeAlias = Wire | bytes | str | os.PathLike[str]
"""A ``Wire``, the bytes themselves, or the path of a file."""

Content: TypeAlias = Source | Blob
"""What an XML signature covers outside of its document: as a ``Source``, or a ``Blob``."""

Contents: TypeAlias = (
    "Mapping[str | None, Content] | Mapping[str, Content] | Callable[[str | None], Content | None] | None"
)
"""Contents by their URI, ``None`` being that of a reference without one: a mapping, or a function that gives
``None`` for what it does not have."""

HEAD = 4096
"""Octets at the start of a file that tell what it is."""

_PDF = b"%PDF-"
_OBJECT = b" obj"
_QCVN = b"QCVN_102_2016"
# ISO 32000 lets readers look for the header in the first 1,024 octets; such a file is a PDF, and a bad one.
_PDF_HEADER_WITHIN = 1024


LARGE_FROM = 1 << 20
"""edXML messages above this size are judged without a tree of their attachments, octets."""


def as_wire(source: Source, content_type: str = EDXML_TYPE, *, unread: bool = False) -> Wire:
    """Give the source as a ``Wire``.

    Args:
        source: ``Wire``, bytes or path.
        content_type: Of bytes and of a file.
        unread: Take no digest of a large file, see ``is_unread``, and a small one into memory.

    Raises:
        ConfigError: ``VND-FLOW-027`` for anything else.
        FileError: ``VND-IO-001`` when a file cannot be read.
    """
    if isinstance(source, Wire):
        return source
    if isinstance(source, bytes | bytearray | memoryview):
        return Wire.from_bytes(bytes(source), content_type)
    require_kind("source", source, (str, os.PathLike), "bytes, a path or a Wire")
    if not unread:
        return Wire.from_file(source, content_type)
    path = Path(source)
    with open_file(path) as handle:
        try:
            size = os.fstat(handle.fileno()).st_size
            octets = handle.read(LARGE_FROM + 1) if size <= LARGE_FROM else b""
        except OSError as error:
            raise unreadable(path, error) from error
    small = size <= LARGE_FROM and len(octets) <= LARGE_FROM  # it may be growing
    return Wire(Blob.from_bytes(octets) if small else Blob(size, "", None, path), content_type)


def contents_of(given: Contents) -> Resolver | None:
    """Give contents outside of a document as the engine takes them: a function from URI to ``Blob``.

    Args:
        given: Mapping, function, or ``None`` for none at all. Files are opened when they are asked for.

    Raises:
        ConfigError: ``VND-FLOW-026``, at once for a mapping, else when the function gives something else.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        table: dict[str | None, Content] = {}
        for uri, content in given.items():
            _require_content(content)
            table[uri] = content
        return lambda uri: _blob_of(table.get(uri))
    if not callable(given):
        raise _no_content(given, "a mapping from URI to content, or a function that takes the URI")
    return lambda uri: _blob_of(given(uri))


def _blob_of(content: Content | None) -> Blob | None:
    if content is None or isinstance(content, Blob):
        return content
    _require_content(content)
    return as_wire(content).blob


def _require_content(content: object) -> None:
    if not isinstance(content, Blob | Wire | bytes | bytearray | memoryview | str | os.PathLike):
        raise _no_content(content, "bytes, a path, a Wire or a Blob for each URI")


def _no_content(seen: object, needs: str) -> ConfigError:
    return ConfigError(
        "VND-FLOW-026",
        f"the contents outside of the document are a {type(seen).__name__}, and must be {needs}",
        hint=f"give resolver as {needs}",
        facts={"seen": type(seen).__name__, "needs": needs},
    )


def require_kind(name: str, given: object, kinds: type | tuple[type, ...], needs: str) -> None:
    """Refuse an argument of another kind; the value itself is never shown.

    Raises:
        ConfigError: ``VND-FLOW-027``.
    """
    if not isinstance(given, kinds):
        raise ConfigError.wrong_kind("VND-FLOW-027", name, given, needs)


def require_policy(policy: object) -> None:
    """Refuse what is no policy.

    Raises:
        ConfigError: ``VND-FLOW-027``.
    """
    from vnedoc.verification import Policy

    require_kind("policy", policy, Policy, "a vnedoc.Policy, such as Policy.strict(trust=…)")


def is_large(size: int, limits: Limits) -> bool:
    """Tell whether an edXML message of that size is judged without a tree of its attachments."""
    return size > min(LARGE_FROM, limits.tree_bytes)


def is_unread(wire: Wire) -> bool:
    """Tell whether the digest of the file is not known yet; its size may be another by now."""
    return wire.blob.data is None and not wire.digest


def name_of(source: Source) -> str | None:
    """Give the path as the caller wrote it, ``None`` for bytes."""
    if isinstance(source, Wire):
        return None if source.blob.path is None else str(source.blob.path)
    return None if isinstance(source, bytes | bytearray | memoryview) else os.fspath(source)


def kind_of(data: bytes) -> FileKind:
    """Tell what a file is by its content, before it is parsed."""
    return _kind_of(data, has_object=_PDF in data[:_PDF_HEADER_WITHIN] and _OBJECT in data)


@attrs.frozen
class Glance:
    """What one look at octets tells.

    Attributes:
        kind: What they are.
        head: The first of them, ``HEAD`` at most.
    """

    kind: FileKind
    head: bytes


def glance(blob: Blob) -> Glance:
    """Tell what a blob is, as ``kind_of`` does of its octets. Those in a file are not held in memory.

    Raises:
        FileError: ``VND-IO-001`` the file is gone, ``VND-IO-003`` it has changed.
    """
    if blob.data is not None:
        return Glance(kind_of(blob.data), blob.data[:HEAD])
    if blob.head is not None and not is_judged(blob.head):
        return Glance(_kind_of(blob.head, has_object=False), blob.head)  # taken with the digest
    # All of them are read, or they could be others than those that are judged.
    head, tail, has_object = b"", b"", False
    for piece in blob.checked_chunks():
        head += piece[: HEAD - len(head)]
        has_object = has_object or _OBJECT in piece or _OBJECT in tail + piece[: len(_OBJECT)]
        tail = (tail + piece[-len(_OBJECT) :])[-len(_OBJECT) :]
    return Glance(_kind_of(head, has_object=_PDF in head[:_PDF_HEADER_WITHIN] and has_object), head)


def is_judged(head: bytes) -> bool:
    """Tell by its first octets whether more of a content is looked at than those, so that they must stay."""
    return looks_like_xml(head) or head.startswith(b"PK") or _PDF in head[:_PDF_HEADER_WITHIN]


def _kind_of(data: bytes, *, has_object: bool) -> FileKind:
    if data.startswith(_PDF):
        return FileKind.PDF
    if looks_like_xml(data):
        return FileKind.EDXML if _QCVN in data[:HEAD] else FileKind.XML
    if looks_like_mime(data):
        return FileKind.EDXML
    # A note that only mentions the header has no objects, and no reader would show it as a PDF.
    if has_object:
        return FileKind.PDF
    return FileKind.UNKNOWN
