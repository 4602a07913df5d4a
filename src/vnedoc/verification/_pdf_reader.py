# mypy: disable-error-code="no-untyped-call"
"""The one place where verification touches pyHanko: structure, revisions and what changed between them."""

from __future__ import annotations

import io
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import attrs
from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeLimits,
    DecodePurpose,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader, process_data_at_eof
from pyhanko.pdf_utils.xref import XRefSectionType
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, enumerate_sig_fields

from vnedoc.errors import DecodeError, LimitExceeded, VnedocError
from vnedoc.model import Limits

# What pyHanko raises on hostile files; beside its own errors these are plain ones.
_HOSTILE = (
    misc.PdfError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    OSError,
)
_XREF_ENTRY = 16  # octets of one entry in a cross-reference stream, generously
_BIG = 1024  # a shorter object is not worth the search for a long string in it
_LONG_STRING = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{512,})>")
_ACTIVE = {
    b"/JavaScript": "javascript",
    b"/JS": "javascript",
    b"/Launch": "launch",
    b"/EmbeddedFile": "embedded-file",
    b"/RichMedia": "rich-media",
}

_ours: ContextVar[bool] = ContextVar("vnedoc_verification_calls_pyhanko", default=False)


def _not_ours(_record: logging.LogRecord) -> bool:
    return not _ours.get()


for _name in [one for one in logging.root.manager.loggerDict if one.startswith("pyhanko")]:
    logging.getLogger(_name).addFilter(_not_ours)


class Locked(Exception):
    """The file is encrypted and was not opened; an answer that never leaves the PDF adapter."""


@attrs.frozen(kw_only=True)
class Embedded:
    """One signature field, with what its signature dictionary says.

    Attributes:
        field: Full name of the field.
        container: Number of the object that holds the signature dictionary; two fields must not share it.
        sub_filter: ``/SubFilter`` without the slash.
        byte_range: ``/ByteRange`` as numbers; empty when it is no array of numbers.
        contents: ``/Contents``; ``None`` when it is missing.
        gap: Where the hex string of ``/Contents`` stands in the file; ``None`` when that was not tracked.
        signed_at: ``/M`` as it stands.
        revision: Section of the file that holds it, oldest 0.
        permission: Changes that it permits (DocMDP), 1 to 3; ``None`` when it says nothing.
        locks: Its FieldMDP lock, pyHanko's object.
    """

    field: str
    container: tuple[int, int]
    sub_filter: str
    byte_range: tuple[int, ...]
    contents: bytes | None
    gap: tuple[int, int] | None
    signed_at: str | None
    revision: int
    permission: int | None
    locks: Any = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Changes:
    """What came after a signed revision.

    Attributes:
        refused: Why the change is not one of those that are harmless; ``None`` when all are.
        filled: Form fields, other than signature fields, whose value changed.
        beyond: The changes are more than the signature's own permission allows.
    """

    refused: str | None = None
    filled: tuple[str, ...] = ()
    beyond: bool = False


class Document:
    """An opened PDF.

    Attributes:
        encrypted: It was decrypted to be read.
        filled: The filled signature fields.
        empty: Names of the empty ones.
        oddity: Why it could not be read strictly; ``None`` when it could.
    """

    def __init__(self, octets: bytes, limits: Limits, password: bytes | None) -> None:
        """Read the structure, strictly if it can be.

        A file that breaks the syntax rules but can still be read is marked: its revisions cannot be compared
        reliably, so only a signature over all of its octets counts.

        Raises:
            DecodeError: ``VND-PDF-002`` it cannot be read at all.
            LimitExceeded: ``VND-PDF-005``.
            Locked: The password is missing or wrong.
        """
        self._octets = octets
        self._limits = limits
        self.oddity: str | None = None
        try:
            with _guarded(self._limits):
                self._open(_Reader(octets, limits), password)
        except DecodeError as error:
            self.oddity = str(error.facts["cause"])
            with _guarded(self._limits):
                self._open(_Reader(octets, limits, strict=False), password)

    def _open(self, reader: _Reader, password: bytes | None) -> None:
        _require_at_most(self._limits.pdf_objects, int(reader.trailer["/Size"]))
        self.encrypted = bool(reader.encrypted)
        if self.encrypted:
            _unlock(reader, password)
        self.filled: list[Embedded] = []
        self.empty: list[str] = []
        self._reader = reader
        for name, value, reference in enumerate_sig_fields(reader):
            if value is None or isinstance(value.get_object(), generic.NullObject):
                self.empty.append(str(name))
            else:
                self.filled.append(self._embedded(str(name), value, reference))

    @property
    def hybrid(self) -> bool:
        """The file has two cross-reference tables, for old and for new readers."""
        return bool(self._reader.xrefs.hybrid_xrefs_present)

    def _embedded(self, name: str, value: Any, field: Any) -> Embedded:
        holder = value.reference if isinstance(value, generic.IndirectObject) else field.reference
        signature = value.get_object()
        if not isinstance(signature, generic.DictionaryObject):
            raise misc.PdfReadError(f"the value of signature field {name} is no dictionary")
        return Embedded(
            field=name,
            container=(holder.idnum, holder.generation),
            sub_filter=str(_at(signature, "/SubFilter") or "").removeprefix("/"),
            byte_range=_numbers(_at(signature, "/ByteRange")),
            contents=_raw_contents(signature),
            gap=self._reader.gaps.get((holder.idnum, holder.generation)),
            signed_at=_text(_at(signature, "/M")),
            revision=self._reader.xrefs.get_last_change(holder),
            permission=_permission(signature, field.get_object()),
            locks=_locks(signature),
        )

    def is_whole_revision(self, signature: Embedded, end: int) -> bool:
        """Tell whether the file up to *end* is the signature's revision, all of it and no more."""
        xrefs = self._reader.xrefs
        with _guarded(self._limits):
            stream = self._reader.stream
            stream.seek(end)
            try:
                declared = process_data_at_eof(stream)
            except misc.PdfReadError:
                return False
            if declared != xrefs.get_startxref_for_revision(signature.revision):
                return False
            ends = (xrefs.get_xref_container_info(one).end_location for one in range(signature.revision + 1))
            return all(one <= end for one in ends)

    def is_read_to_the_end(self, end: int) -> bool:
        """Tell whether what follows *end* is revisions that a reader sees, with nothing after the last."""
        with _guarded(self._limits):
            tail = self._octets[-64:].rstrip(b"\r\n")
            return (self._reader.last_startxref or 0) >= end and tail.endswith(b"%%EOF")

    def later_changes(self, signature: Embedded) -> Changes:
        """Compare every later revision with the signed one."""
        with _guarded(self._limits):
            if self._hybrid_after(signature.revision):
                return Changes(refused="hybrid cross-references in a later revision")
            fields = {str(name) for name, _value, _reference in enumerate_sig_fields(self._reader)}
            permission = None if signature.permission is None else MDPPerm(signature.permission)
            result = DEFAULT_DIFF_POLICY.review_file(
                self._reader, signature.revision, field_mdp_spec=signature.locks, doc_mdp=permission
            )
            if not isinstance(result, DiffResult):
                return Changes(refused=str(result)[:200])
            level = result.modification_level
            touched = result.changed_form_fields if level > ModificationLevel.LTA_UPDATES else ()
            return Changes(
                filled=tuple(sorted(set(map(str, touched)) - fields)),
                beyond=level is ModificationLevel.OTHER
                or (permission is not None and level.value > permission.value),
            )

    def _hybrid_after(self, revision: int) -> bool:
        xrefs = self._reader.xrefs
        later = range(revision + 1, xrefs.total_revisions)
        return any(
            xrefs.get_xref_container_info(one).xref_section_type is XRefSectionType.HYBRID_MAIN
            for one in later
        )

    def active_content(self) -> list[str]:
        """Name what could act when the file is opened: scripts, programs, files inside."""
        found = {kind for token, kind in _ACTIVE.items() if token in self._octets}
        with _guarded(self._limits):
            root = self._reader.root
            for key, kind in (("/JavaScript", "javascript"), ("/EmbeddedFiles", "embedded-file")):
                if _at(root, "/Names", key) is not None:
                    found.add(kind)
            action = str(_at(root, "/OpenAction", "/S") or "")
            found |= {kind for token, kind in _ACTIVE.items() if action == token.decode()}
        return sorted(found)


class _Reader(PdfFileReader):  # type: ignore[misc, unused-ignore]
    """A reader that finds signature values by slicing, and remembers where they stand."""

    def __init__(self, octets: bytes, limits: Limits, *, strict: bool = True) -> None:
        self._octets = octets
        self.gaps: dict[tuple[int, int], tuple[int, int]] = {}
        # A comment that nothing ends would be read for ever, so the stream always ends with a line end.
        super().__init__(
            io.BytesIO(octets if octets[-1:] in b"\r\n" else octets + b"\n"),
            strict=strict,
            decode_limits=DecodeLimits(
                per_stream=StreamDecodeLimits(max_output_size=limits.pdf_inflate_bytes),
                per_purpose={
                    **DEFAULT_PURPOSE_LIMITS,
                    DecodePurpose.XREF_STREAM: StreamDecodeLimits(
                        max_output_size=limits.pdf_objects * _XREF_ENTRY
                    ),
                },
            ),
        )

    def _read_object(self, ref: Any, marker: Any, *args: Any, **options: Any) -> Any:
        short = self._shortened(marker) if isinstance(marker, int) else None
        if short is None:
            return super()._read_object(ref, marker, *args, **options)
        octets, mark, start, end = short
        stream = self.stream
        self.stream = io.BytesIO(octets)
        try:
            value = super()._read_object(ref, 0, *args, **options)
        finally:
            self.stream = stream
        holder = value.raw_object if isinstance(value, generic.DecryptedObjectProxy) else value
        if not _replace_mark(holder, mark, bytes.fromhex(self._octets[start + 1 : end - 1].decode())):
            return super()._read_object(ref, marker, *args, **options)
        self.gaps[ref.idnum, ref.generation] = (start, end)
        return value

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        """Read from an object stream whose content, too, ends with a line end."""
        stream = generic.Reference(stmnum, 0, self).get_object()
        if isinstance(stream, generic.StreamObject):
            content = stream.read_data(DecodePurpose.OBJECT_STREAM)
            if content[-1:] not in b"\r\n":
                stream._data = content + b"\n"  # noqa: SLF001 - what read_data gives from here on
        return super()._get_object_from_stream(idnum, stmnum, idx)

    def _shortened(self, start: int) -> tuple[bytes, bytes, int, int] | None:
        """Give the object at *start* with a mark in place of its one long hex string, and where that is.

        pyHanko reads hex strings one digit at a time, which takes longer than all other work on a signature.
        A value counts as read this way only when the mark turns up as ``/Contents`` of what was parsed.
        """
        stop = self._octets.find(b"endobj", start)
        if stop - start < _BIG:
            return None
        octets = self._octets[start : stop + 6]
        found = list(_LONG_STRING.finditer(octets))
        if len(found) != 1 or b"stream" in octets or len(found[0][1]) % 2:
            return None
        mark = os.urandom(16)
        first, last = found[0].start(1) - 1, found[0].end(1) + 1
        short = b"".join((octets[:first], b"<", mark.hex().encode(), b">", octets[last:], b"\n0"))
        return short, mark, start + first, start + last


def _replace_mark(value: Any, mark: bytes, contents: bytes) -> bool:
    """Put the real ``/Contents`` where the mark was parsed: in the dictionary, or in its ``/V``."""
    for holder in (value, value.get("/V") if isinstance(value, generic.DictionaryObject) else None):
        if isinstance(holder, generic.DictionaryObject) and _raw_contents(holder) == mark:
            holder[generic.pdf_name("/Contents")] = generic.ByteStringObject(contents)
            return True
    return False


@contextmanager
def _guarded(limits: Limits) -> Iterator[None]:
    """Turn whatever pyHanko raises into a typed error, and keep its log lines of this call to ourselves."""
    token = _ours.set(True)
    try:
        yield
    except VnedocError:
        raise
    except misc.PdfDecodeLimitError as error:
        allowed = limits.pdf_inflate_bytes
        raise LimitExceeded.of("VND-PDF-005", "pdf_inflate_bytes", allowed, None) from error
    except _HOSTILE as error:
        cause = f"{type(error).__name__}: {error}"[:200]
        raise DecodeError("VND-PDF-002", "the PDF cannot be read", facts={"cause": cause}) from error
    finally:
        _ours.reset(token)


def _require_at_most(allowed: int, seen: int) -> None:
    if seen > allowed:
        raise LimitExceeded.of("VND-PDF-005", "pdf_objects", allowed, seen)


def _unlock(reader: PdfFileReader, password: bytes | None) -> None:
    """Open with the given password or the empty one, as every viewer does."""
    if not isinstance(reader.security_handler, StandardSecurityHandler):
        raise Locked
    if reader.decrypt(password or b"").status == AuthStatus.FAILED:
        raise Locked


def _at(value: Any, *keys: str) -> Any:
    """Follow *keys* through dictionaries and references; ``None`` where one is missing."""
    for key in keys:
        if not isinstance(value, generic.DictionaryObject) or key not in value:
            return None
        value = value.raw_get(key).get_object()
    return value


def _numbers(value: Any) -> tuple[int, ...]:
    if not isinstance(value, generic.ArrayObject):
        return ()
    found = [one.get_object() for one in value]
    return tuple(map(int, found)) if all(isinstance(one, generic.NumberObject) for one in found) else ()


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, generic.TextStringObject) else None


def _raw_contents(signature: Any) -> bytes | None:
    """Give ``/Contents`` without decryption, which does not apply to it (ISO 32000-2, 7.6.2)."""
    if "/Contents" not in signature:
        return None
    value = signature.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    if isinstance(value, (generic.TextStringObject, generic.ByteStringObject)):
        octets: bytes = value.original_bytes
        return octets
    return None


def _transform(signature: Any, method: str) -> Any:
    """Give the transform parameters of a signature reference, or ``None``."""
    references = _at(signature, "/Reference")
    for one in references if isinstance(references, generic.ArrayObject) else ():
        reference = one.get_object()
        if _at(reference, "/TransformMethod") == method:
            return _at(reference, "/TransformParams") or generic.DictionaryObject()
    return None


def _permission(signature: Any, field: Any) -> int | None:
    """Read DocMDP from the signature, else the field's lock; 2 is the default (ISO 32000-2, table 257)."""
    parameters = _transform(signature, "/DocMDP")
    value = _at(field, "/Lock", "/P") if parameters is None else _at(parameters, "/P") or 2
    return None if value is None else MDPPerm(value).value


def _locks(signature: Any) -> FieldMDPSpec | None:
    parameters = _transform(signature, "/FieldMDP")
    return None if parameters is None else FieldMDPSpec.from_pdf_object(parameters)
