"""Messages as JSON: ``vnedoc-envelope/1`` for programs in other languages, plain values for ``inspect``.

The JSON follows the model field by field; the published schema lies beside this module.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import stat
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import attrs

from vnedoc.edxml._content import sniff_type
from vnedoc.errors import DecodeError, InputError
from vnedoc.model import VIETNAM, Attachment, Blob, DocumentId, Envelope, OrganId, StatusCode, StatusMessage

SCHEMA = "vnedoc-envelope/1"
_HEAD = 4096


def envelope_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of ``vnedoc-envelope/1``."""
    text = resources.files("vnedoc.edxml").joinpath("schemas/vnedoc-envelope-1.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


# --- out ------------------------------------------------------------------------------------------


def to_json(message: Envelope | StatusMessage, attachment_paths: Sequence[str] = ()) -> str:
    """Write a message as ``vnedoc-envelope/1``; fields that have their default are left out.

    The packed form of attachments is not part of the format: contents are given as they are.

    Args:
        message: A document or a status message.
        attachment_paths: Where each attachment's content lies, in order, relative to the JSON file, with
            ``/`` between the steps. The caller writes those files.

    Raises:
        InputError: ``VND-EDX-066`` when there are not as many paths as attachments.
    """
    files = message.attachments if isinstance(message, Envelope) else ()
    if len(attachment_paths) != len(files):
        raise InputError(
            "VND-EDX-066",
            "every attachment needs its path",
            path="attachments",
            hint="give one path for each attachment, in order",
            facts={"attachments": len(files), "paths": len(attachment_paths)},
        )
    plain = _plain(message, sparse=True)
    if files:
        plain["attachments"] = [
            {"path": path, **_labels(one, sparse=True)}
            for path, one in zip(attachment_paths, files, strict=True)
        ]
    kind = {} if isinstance(message, Envelope) else {"message": "status"}
    return json.dumps({"schema": SCHEMA, **kind, **plain}, ensure_ascii=False, indent=2) + "\n"


def message_to_dict(message: Envelope | StatusMessage) -> dict[str, Any]:
    """Give a message as JSON values for display: every key is there, unknown is ``None`` or ``[]``.

    Attachments show size, digest and the media type of their first bytes, not their content.
    """
    is_document = isinstance(message, Envelope)
    return {"message": "document" if is_document else "status", **_plain(message)}


def _plain(value: Any, *, sparse: bool = False) -> Any:
    """Give JSON values; *sparse* leaves out the fields that have their default."""
    match value:
        case OrganId() if value.aliases and sparse:
            return {"value": value.value, "aliases": list(value.aliases)}
        case OrganId() | DocumentId() | StatusCode():
            return value.value
        case enum.Enum():
            return value.name.lower()
        case dt.datetime():
            return value.astimezone(VIETNAM).isoformat()
        case dt.date():
            return value.isoformat()
        case tuple():
            return [_plain(one, sparse=sparse) for one in value]
        case Attachment():
            return {**_labels(value, sparse=sparse), **_measures(value)}
        case _ if attrs.has(type(value)):
            return {name: _plain(one, sparse=sparse) for name, one in _fields(value, sparse=sparse)}
        case _:
            return value


def _fields(value: Any, *, sparse: bool) -> Iterator[tuple[str, Any]]:
    for field in attrs.fields(type(value)):
        one = getattr(value, field.name)
        if not sparse or one != field.default:
            yield field.name, one


def _labels(attachment: Attachment, *, sparse: bool) -> dict[str, Any]:
    fields = _fields(attachment, sparse=sparse)
    return {name: value for name, value in fields if name not in {"blob", "packed"}}


def _measures(attachment: Attachment) -> dict[str, Any]:
    with attachment.blob.open() as handle:
        measured = sniff_type(handle.read(_HEAD))
    return {
        "size": attachment.blob.size,
        "digest": attachment.blob.digest,
        "measured_type": measured,
        "packed_size": None if attachment.packed is None else attachment.packed.size,
    }


# --- in -------------------------------------------------------------------------------------------


def from_json(text: str | bytes, base: Path) -> Envelope | StatusMessage:
    """Read a message from ``vnedoc-envelope/1``.

    Args:
        text: The JSON, UTF-8 when bytes.
        base: The folder that attachment paths are relative to. They never lead out of it: absolute paths,
            ``..``, backslashes and symbolic links that lead elsewhere are refused.

    Raises:
        DecodeError: ``VND-EDX-060`` to ``064``: not JSON, or not of the schema; ``path`` is a JSON path
            such as ``$.receivers[1].organ_id``.
        InputError: ``VND-EDX-065`` for a path that is refused, ``VND-MODEL-001`` ff. for an identifier.
        FileError: ``VND-IO-001`` when an attachment cannot be read.
    """
    plain = _loaded(text)
    if not isinstance(plain, dict):
        raise _wrong("$", plain, "an object")
    schema = plain.pop("schema", None)
    if schema != SCHEMA:
        raise DecodeError(
            "VND-EDX-064",
            f"the JSON does not say that it is {SCHEMA}",
            path="$.schema",
            hint=f'write "schema": "{SCHEMA}"',
            facts={"seen": str(schema)[:80], "expected": SCHEMA},
        )
    kind = plain.pop("message", "document")
    if kind == "status":
        status: StatusMessage = _object(plain, StatusMessage, "$")
        return status
    if kind != "document":
        raise _wrong("$.message", kind, "document | status")
    attachments = plain.pop("attachments", [])
    if not isinstance(attachments, list):
        raise _wrong("$.attachments", attachments, "a list")
    made = [_attachment(one, base, f"$.attachments[{n}]") for n, one in enumerate(attachments)]
    taken = {one["content_id"] for one in made if "content_id" in one}
    for one in made:
        one.setdefault("content_id", _free_id(taken))
    envelope: Envelope = _object(
        plain, Envelope, "$", more={"attachments": tuple(Attachment(**one) for one in made)}
    )
    return envelope


def _loaded(text: str | bytes) -> Any:
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line, column, cause = error.lineno, error.colno, error.msg
    except UnicodeDecodeError as error:
        line, column, cause = 1, error.start + 1, "not UTF-8"
    except RecursionError:
        line, column, cause = 1, 1, "nested too deeply"
    except ValueError as error:
        line, column, cause = 1, 1, str(error)[:80]
    raise DecodeError(
        "VND-EDX-060",
        f"not JSON at line {line}, column {column}: {cause}",
        path="$",
        hint="check the file with a JSON editor",
        facts={"line": line, "column": column, "cause": cause},
    )


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _attachment(plain: Any, base: Path, at: str) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise _wrong(at, plain, "an object")
    fields = {**plain}
    if "path" not in fields:
        raise _missing(at, "path")
    path = fields.pop("path")
    known = _hints(Attachment)
    for key, value in fields.items():
        if key not in known or key in {"blob", "packed"}:
            raise _surplus(at, key)
        fields[key] = _value(value, known[key], f"{at}.{key}")
    blob = Blob.from_file(_inside(base, _value(path, str, f"{at}.path"), f"{at}.path"))
    fields.setdefault("name", PurePosixPath(path).name)
    return {**fields, "blob": blob}


def _inside(base: Path, path: str, at: str) -> Path:
    """Give the file below *base*, or refuse."""
    steps = PurePosixPath(path)
    reason = None
    if not path.isprintable() or "\\" in path or not steps.name:
        reason = "unusual"
    elif steps.is_absolute() or ".." in steps.parts or ":" in steps.parts[0]:
        reason = "outside"
    else:
        try:
            folder = base.resolve()
            target = (folder / steps).resolve()
            if not target.is_relative_to(folder):
                reason = "outside"
            elif _is_no_file(target):
                reason = "unusual"
            else:
                return target
        except (OSError, RuntimeError, ValueError):
            reason = "unusual"
    raise InputError(
        "VND-EDX-065",
        "the path of an attachment must name a file below the folder of the JSON file",
        path=at,
        hint="put the file beside the JSON file and write its name",
        facts={"seen": ascii(path[:200])[1:-1], "reason": reason},
    )


def _is_no_file(target: Path) -> bool:
    """Tell whether something else than a file is there; a loop of links raises on every Python."""
    try:
        return not stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:
        return False  # reading it will say that it is missing


def _free_id(taken: set[str]) -> str:
    number = 1
    while str(number) in taken:
        number += 1
    taken.add(str(number))
    return str(number)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """Give the types of the fields of a class of the model."""
    return typing.get_type_hints(kind)


def _object(plain: Any, kind: Any, at: str, more: Mapping[str, Any] | None = None) -> Any:
    if not isinstance(plain, dict):
        raise _wrong(at, plain, "an object")
    given = dict(more or {})
    hints = _hints(kind)
    for key, value in plain.items():
        if key not in hints or key in given:
            raise _surplus(at, key)
        given[key] = _value(value, hints[key], f"{at}.{key}")
    for field in attrs.fields(kind):
        if field.default is attrs.NOTHING and field.name not in given:
            raise _missing(at, field.name)
    return kind(**given)


def _value(plain: Any, hint: Any, at: str) -> Any:
    """Make the value that the type *hint* of the model asks for."""
    if isinstance(hint, types.UnionType):
        inner = next(one for one in hint.__args__ if one is not types.NoneType)
        return None if plain is None else _value(plain, inner, at)
    if typing.get_origin(hint) is tuple:
        if not isinstance(plain, list):
            raise _wrong(at, plain, "a list")
        return tuple(_value(one, hint.__args__[0], f"{at}[{n}]") for n, one in enumerate(plain))
    if hint in {OrganId, DocumentId}:
        return _identifier(plain, hint, at)
    if issubclass(hint, enum.Enum):
        return _member(plain, hint, at)
    if issubclass(hint, dt.date):
        return _moment(plain, hint, at)
    if attrs.has(hint):
        return _object(plain, hint, at)
    if type(plain) is not hint:  # so that true is no number
        raise _wrong(at, plain, {str: "a text", int: "an integer", bool: "true or false"}[hint])
    return plain


def _identifier(plain: Any, hint: type[OrganId | DocumentId], at: str) -> OrganId | DocumentId:
    try:
        if hint is OrganId and isinstance(plain, dict):
            organ: OrganId = _object(plain, OrganId, at)
            return organ
        return hint(_value(plain, str, at))
    except DecodeError:
        raise
    except InputError as error:
        error.path = at
        raise


def _member(plain: Any, members: type[enum.Enum], at: str) -> enum.Enum:
    by_code = members is StatusCode  # its codes are what people say
    known = {member.value if by_code else member.name.lower(): member for member in members}
    if not isinstance(plain, str) or plain not in known:
        raise _wrong(at, plain, " | ".join(known))
    return known[plain]


def _moment(plain: Any, hint: type[dt.date], at: str) -> dt.date:
    expected = "a date, 2026-11-30" if hint is dt.date else "a time with offset, 2026-11-30T08:00:00+07:00"
    try:
        if isinstance(plain, str):
            made = hint.fromisoformat(plain)
            if not isinstance(made, dt.datetime) or made.tzinfo is not None:
                return made
    except ValueError:
        pass
    raise _wrong(at, plain, expected)


def _wrong(at: str, seen: Any, expected: str) -> DecodeError:
    return DecodeError(
        "VND-EDX-061",
        f"{expected} was expected",
        path=at,
        hint="see the schema vnedoc-envelope/1",
        facts={"seen": ascii(seen)[:80], "expected": expected},
    )


def _surplus(at: str, key: str) -> DecodeError:
    return DecodeError(
        "VND-EDX-062",
        "there is no such field",
        path=at,
        hint="see the schema vnedoc-envelope/1 for the names of fields",
        facts={"field": ascii(key[:80])[1:-1]},
    )


def _missing(at: str, key: str) -> DecodeError:
    return DecodeError(
        "VND-EDX-063",
        f"the field {key} is missing",
        path=at,
        hint="see the schema vnedoc-envelope/1",
        facts={"field": key},
    )
