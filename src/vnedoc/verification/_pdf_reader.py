# mypy: disable-error-code="no-untyped-call"
"""A PDF as verification sees it: its signature fields, its revisions, and what changed between them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import attrs
from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.reader import process_data_at_eof
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, enumerate_sig_fields

from vnedoc.errors import DecodeError, VnedocError
from vnedoc.model import Limits
from vnedoc.verification._pdf_bounds import Reader, at, exceeded, raw_contents
from vnedoc.verification._pdf_later import Changes, Shown, review, shown

_END = re.compile(rb"startxref\s+\d+\s+%%EOF(?:\r\n|\r|\n)?")
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
        reference: The field, pyHanko's reference.
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
    reference: Any = attrs.field(repr=False)


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
                self._open(Reader(octets, limits), password)
        except DecodeError as error:
            self.oddity = str(error.facts["cause"])
            with _guarded(self._limits):
                self._open(Reader(octets, limits, strict=False), password)

    def _open(self, reader: Reader, password: bytes | None) -> None:
        declared, allowed = int(reader.trailer["/Size"]), self._limits.pdf_objects
        if declared > allowed:
            raise exceeded("pdf_objects", allowed, declared)
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
            sub_filter=str(at(signature, "/SubFilter") or "").removeprefix("/"),
            byte_range=_numbers(at(signature, "/ByteRange")),
            contents=raw_contents(signature),
            gap=self._reader.gaps.get((holder.idnum, holder.generation)),
            signed_at=_text(at(signature, "/M")),
            revision=self._reader.xrefs.get_last_change(holder),
            permission=_permission(signature, field.get_object()),
            locks=_locks(signature),
            reference=field,
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

    def unexplained(self, end: int) -> bytes:
        """Give what follows *end* and belongs to no revision that a reader sees."""
        with _guarded(self._limits):
            last = self._reader.xrefs.get_xref_container_info(self._reader.xrefs.total_revisions - 1)
            if last.start_location >= end:
                mark = _END.search(self._octets, last.end_location)
                end = mark.end() if mark else end
            return self._octets[end:]

    def later_changes(self, signature: Embedded) -> Changes:
        """Compare every later revision with the signed one."""
        with _guarded(self._limits):
            return review(self._reader, signature.revision, signature.permission, signature.locks)

    def shown(self, signature: Embedded) -> tuple[Shown, ...]:
        """Give the places where the field of *signature* is seen."""
        with _guarded(self._limits):
            return shown(self._reader, signature.reference)

    def active_content(self) -> list[str]:
        """Name what could act when the file is opened: scripts, programs, files inside."""
        found = {kind for token, kind in _ACTIVE.items() if token in self._octets}
        with _guarded(self._limits):
            root = self._reader.root
            for key, kind in (("/JavaScript", "javascript"), ("/EmbeddedFiles", "embedded-file")):
                if at(root, "/Names", key) is not None:
                    found.add(kind)
            action = str(at(root, "/OpenAction", "/S") or "")
            found |= {kind for token, kind in _ACTIVE.items() if action == token.decode()}
        return sorted(found)


@contextmanager
def _guarded(limits: Limits) -> Iterator[None]:
    """Turn whatever pyHanko raises into a typed error, and keep its log lines of this call to ourselves."""
    token = _ours.set(True)
    try:
        yield
    except (VnedocError, Locked, MemoryError):
        raise
    except misc.PdfDecodeLimitError as error:
        raise exceeded("pdf_inflate_bytes", limits.pdf_inflate_bytes, None) from error
    except Exception as error:  # a parser on hostile octets raises whatever its parts do
        cause = f"{type(error).__name__}: {error}"[:200]
        raise DecodeError("VND-PDF-002", "the PDF cannot be read", facts={"cause": cause}) from error
    finally:
        _ours.reset(token)


def _unlock(reader: Reader, password: bytes | None) -> None:
    """Open with the given password or the empty one, as every viewer does."""
    if not isinstance(reader.security_handler, StandardSecurityHandler):
        raise Locked
    if reader.decrypt(password or b"").status == AuthStatus.FAILED:
        raise Locked


def _numbers(value: Any) -> tuple[int, ...]:
    if not isinstance(value, generic.ArrayObject):
        return ()
    found = [one.get_object() for one in value]
    return tuple(map(int, found)) if all(isinstance(one, generic.NumberObject) for one in found) else ()


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, generic.TextStringObject) else None


def _transform(signature: Any, method: str) -> Any:
    """Give the transform parameters of a signature reference, or ``None``."""
    references = at(signature, "/Reference")
    for one in references if isinstance(references, generic.ArrayObject) else ():
        reference = one.get_object()
        if at(reference, "/TransformMethod") == method:
            return at(reference, "/TransformParams") or generic.DictionaryObject()
    return None


def _permission(signature: Any, field: Any) -> int | None:
    """Read DocMDP from the signature, else the field's lock; 2 is the default (ISO 32000-2, table 257)."""
    parameters = _transform(signature, "/DocMDP")
    value = at(field, "/Lock", "/P") if parameters is None else at(parameters, "/P") or 2
    return None if value is None else MDPPerm(value).value


def _locks(signature: Any) -> FieldMDPSpec | None:
    parameters = _transform(signature, "/FieldMDP")
    return None if parameters is None else FieldMDPSpec.from_pdf_object(parameters)
