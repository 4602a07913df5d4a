# mypy: disable-error-code="no-untyped-call"
"""The one place where signing touches pyHanko: an increment with an empty signature in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import attrs
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from vnedoc.errors import DecodeError, SigningError, VnedocError

_PDF_2 = (2, 0)
_NO_CHANGES = 1  # DocMDP permission 1 (ISO 32000-2, table 257)

_ours: ContextVar[bool] = ContextVar("vnedoc_signing_calls_pyhanko", default=False)


def _not_ours(_record: logging.LogRecord) -> bool:
    return not _ours.get()


for _name in [one for one in logging.root.manager.loggerDict if one.startswith("pyhanko")]:
    logging.getLogger(_name).addFilter(_not_ours)


@attrs.frozen(kw_only=True)
class Entry:
    """What stands in the signature dictionary.

    Attributes:
        signing_time: ``/M``, with zone.
        reason: ``/Reason``.
        location: ``/Location``.
        field: Name of the signature field; ``None`` takes the first free ``Signature<n>``.
        password: Opens an encrypted file.
        room: Octets that the CMS may need.
        seed: Makes the file identifier of this revision.
    """

    signing_time: dt.datetime
    reason: str | None = None
    location: str | None = None
    field: str | None = None
    password: bytes | None = None
    room: int
    seed: bytes


@attrs.frozen
class Increment:
    """What is appended to the document.

    Attributes:
        octets: The new revision, with zeros where the signature comes.
        start: Offset in the new file of ``<`` of ``/Contents``.
        end: Offset after its ``>``.
    """

    octets: bytes
    start: int
    end: int


class _Tail(io.BytesIO):
    """Collects what is appended, under the offsets of the whole file."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self._base = base

    def tell(self) -> int:
        return self._base + super().tell()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._base + super().seek(offset - self._base if whence == io.SEEK_SET else offset, whence)


class _Reader(PdfFileReader):
    """A strict reader. pyHanko reads an unended comment for ever, so all that it is given ends a line."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(io.BytesIO(octets if octets[-1:] in b"\r\n" else octets + b"\n"))

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        stream = generic.Reference(stmnum, 0, self).get_object()
        if isinstance(stream, generic.StreamObject):
            content = stream.read_data(DecodePurpose.OBJECT_STREAM)
            if content[-1:] not in b"\r\n":
                stream._data = content + b"\n"  # noqa: SLF001 - what read_data gives from here on
        return super()._get_object_from_stream(idnum, stmnum, idx)


class _Writer(IncrementalPdfFileWriter):
    """Writes the objects of the signature and nothing else: no producer, no metadata, no random."""

    def _update_meta(self) -> None:
        """Leave the document's metadata as they were signed or written."""

    def write_tail(self, tail: _Tail) -> None:
        self._write_updated_section(tail)

    def set_identifier(self, identifier: bytes) -> None:
        first = self._document_id[0] if "/ID" in self.prev.trailer else generic.ByteStringObject(identifier)
        self._document_id = generic.ArrayObject([first, generic.ByteStringObject(identifier)])


def append_signature(octets: bytes, entry: Entry) -> Increment:
    """Make the increment that adds an empty signature to the document *octets*.

    Raises:
        DecodeError: ``VND-SIGN-020`` not a PDF, ``VND-SIGN-021`` damaged or truncated.
        SigningError: ``VND-SIGN-022`` encrypted, ``VND-SIGN-023`` certified against changes,
            ``VND-SIGN-024`` a form of PDF that cannot be signed safely, ``VND-SIGN-025`` field name in use.
    """
    if not octets.startswith(b"%PDF-"):
        raise DecodeError(
            "VND-SIGN-020", "not a PDF: it does not start with %PDF-", hint="give the PDF file to sign"
        )
    with _guarded():
        reader = _Reader(octets)
        writer = _Writer(reader.stream, prev=reader)
        _decrypt(writer, entry.password)
        _require_open(writer)
        return _append(writer, octets, entry)


def _append(writer: _Writer, octets: bytes, entry: Entry) -> Increment:
    writer.set_identifier(hashlib.sha256(entry.seed).digest()[:16])
    if writer.prev.input_version < _PDF_2 and _at(writer.root, "/Extensions", "/ESIC") is None:
        writer.register_extension(ESIC_EXTENSION_1)
        writer.update_root()
    signature = SignatureObject(
        timestamp=entry.signing_time,
        subfilter=SigSeedSubFilter.PADES,
        reason=entry.reason,
        location=entry.location,
        bytes_reserved=2 * entry.room,
    )
    name = _field_name(writer, entry.field)
    steps = PdfCMSEmbedder(SigFieldSpec(sig_field_name=name)).write_cms(name, writer)
    next(steps)
    steps.send(SigObjSetup(sig_placeholder=signature))
    writer.digest_aware_write = True
    tail = _Tail(len(octets))
    if octets[-1:] not in b"\r\n":
        tail.write(b"\n")
    writer.write_tail(tail)
    start, end = signature.contents.offsets
    signature.byte_range.fill_offsets(tail, start, end, tail.tell())
    return Increment(tail.getvalue(), start, end)


def _decrypt(writer: _Writer, password: bytes | None) -> None:
    if not writer.prev.encrypted:
        return
    opened = writer.encrypt(password or b"")
    if opened.status == AuthStatus.FAILED:
        raise SigningError(
            "VND-SIGN-022",
            "the file is encrypted and the password does not open it"
            if password
            else "the file is encrypted and no password was given",
            hint="give the password that opens the file",
            facts={"given": password is not None},
        )
    if writer.prev.security_handler.pdf_mac_enabled:
        raise SigningError(
            "VND-SIGN-024",
            "this file protects its encryption with a MAC (ISO/TS 32004), which a signature would break",
            hint="save it again without that protection, then sign",
            facts={"form": "pdf-mac"},
        )


def _require_open(writer: _Writer) -> None:
    """Refuse when an earlier signature allows no change at all; a new one would break it."""
    signatures = [_at(writer.root, "/Perms", "/DocMDP")]
    for _name, value, reference in enumerate_sig_fields(writer.prev, filled_status=True):
        signatures.append(value.get_object())
        if _at(reference.get_object(), "/Lock", "/P") == _NO_CHANGES:
            raise _closed()
    for one in signatures:
        for transform in _at(one, "/Reference") or ():
            if _at(transform.get_object(), "/TransformParams", "/P") == _NO_CHANGES:
                raise _closed()


def _closed() -> SigningError:
    return SigningError(
        "VND-SIGN-023",
        "the document was certified against any change, so no further signature can be added",
        hint="ask its author for a copy that allows more signatures",
    )


def _field_name(writer: _Writer, wanted: str | None) -> str:
    """Give *wanted* when it is free or an empty signature field, else the first free ``Signature<n>``."""
    taken = _top_names(writer.root)
    if wanted is None:
        number = 1
        while f"Signature{number}" in taken:
            number += 1
        return f"Signature{number}"
    free = {name for name, _value, _reference in enumerate_sig_fields(writer.prev, filled_status=False)}
    if not wanted or (wanted.split(".")[0] in taken and wanted not in free):
        raise SigningError(
            "VND-SIGN-025",
            "a field of this name cannot take the signature",
            path=wanted,
            hint="leave the field name out, or name an empty signature field",
            facts={"field": wanted},
        )
    return wanted


def _top_names(root: Any) -> set[str]:
    fields = _at(root, "/AcroForm", "/Fields") or ()
    return {str(_at(one.get_object(), "/T")) for one in fields}


def _at(value: Any, *keys: str) -> Any:
    """Follow *keys* through dictionaries and references; ``None`` where one is missing."""
    for key in keys:
        if not isinstance(value, generic.DictionaryObject) or key not in value:
            return None
        value = value.raw_get(key).get_object()
    return value


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn whatever pyHanko raises into a typed error, and keep its log lines of this call to ourselves."""
    token = _ours.set(True)
    try:
        yield
    except (VnedocError, MemoryError):
        raise
    except Exception as error:  # a parser on hostile octets raises whatever its parts do
        raise DecodeError(
            "VND-SIGN-021",
            "the PDF is damaged, truncated or not as the standard wants it",
            hint="open it in a PDF program, save a new copy, and sign that",
            facts={"cause": f"{type(error).__name__}: {error}"[:200]},
        ) from error
    finally:
        _ours.reset(token)
