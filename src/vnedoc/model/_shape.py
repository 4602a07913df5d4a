"""The one check that the message values share: each field holds what its annotation says.

It reads the annotations themselves, once for each class and only when the first value is made, so that the
classes stay plain and importing them costs nothing more.
"""

from __future__ import annotations

import datetime as dt
import sys
import typing
from collections.abc import Callable, Iterable
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar

import attrs

from vnedoc.errors import InputError

_S = TypeVar("_S")
_T = TypeVar("_T")

_HINTS = {
    "Blob": "give bytes or a Wire; for a file, Blob.from_file(path)",
    "DocumentCode": 'write number and notation apart: DocumentCode("15", "UBND-VP")',
    "date": "give datetime.date(year, month, day); of a datetime, its date()",
    "datetime": "give datetime.datetime(..., tzinfo=vnedoc.model.VIETNAM)",
    "str": "give text",
}


class _Shape(NamedTuple):
    """What one field may hold.

    Attributes:
        name: Of the field.
        exact: Classes that are taken as they are.
        wide: Classes whose subclasses are taken too.
        items: The same for the items, when the field is a tuple.
    """

    name: str
    exact: frozenset[type]
    wide: tuple[type, ...]
    items: _Shape | None = None


def check_shape(value: attrs.AttrsInstance) -> None:
    """Refuse a value with a field of another type; to be used as ``__attrs_post_init__``.

    Raises:
        InputError: ``VND-MODEL-004``.
    """
    owner = type(value)
    for shape in _shapes(owner):
        seen = getattr(value, shape.name)
        if seen.__class__ not in shape.exact:
            _slow(owner, shape, shape.name, seen)
        if shape.items is not None:
            for number, one in enumerate(seen):
                if one.__class__ not in shape.items.exact:
                    _slow(owner, shape.items, f"{shape.name}[{number}]", one)


def tuple_of(values: Iterable[_T]) -> tuple[_T, ...]:
    """Give the values as a tuple; what is no collection stays as it is, and ``check_shape`` refuses it."""
    return each_of(values, _same)


def each_of(values: Iterable[_S], convert: Callable[[_S], _T]) -> tuple[_T, ...]:
    """Give the converted values as a tuple, see ``tuple_of``."""
    given: object = values
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return tuple(map(convert, values))
    return typing.cast("tuple[_T, ...]", given)


def _same(value: _T) -> _T:
    return value


@cache
def _shapes(owner: type[attrs.AttrsInstance]) -> tuple[_Shape, ...]:
    hints = typing.get_type_hints(owner, vars(sys.modules[owner.__module__]))
    return tuple(_shape(one.name, hints[one.name]) for one in attrs.fields(owner))


def _shape(name: str, hint: Any) -> _Shape:
    if typing.get_origin(hint) is tuple:
        return _Shape(name, frozenset({tuple}), (tuple,), _shape("", typing.get_args(hint)[0]))
    kinds = typing.get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return _Shape(name, frozenset(kinds), kinds)


def _slow(owner: type, shape: _Shape, where: str, seen: object) -> None:
    """Take a subclass, but for those that mean something else: True is no number, a datetime no day."""
    if isinstance(seen, shape.wide) and not isinstance(seen, bool | dt.datetime):
        return
    expected = " or ".join(one.__name__ for one in shape.wide if one is not NoneType)
    kind = type(seen).__name__
    raise InputError(
        "VND-MODEL-004",
        f"this takes {expected}, not {kind}",
        path=f"{owner.__name__}.{where}",
        hint=_HINTS.get(expected, f"give {expected}"),
        facts={"field": f"{owner.__name__}.{where}", "expected": expected, "seen": kind},
    )
