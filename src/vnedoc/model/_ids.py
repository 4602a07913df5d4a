"""Identifiers: of organisations, of documents, and the number and notation of a document."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

import attrs

from vnedoc.errors import InputError
from vnedoc.model._shape import check_shape, tuple_of

# 2016: four groups of 3, 2, 2 and 3 characters, level 1 last (QĐ 28/2018 Art. 10(2)(a)).
_GRAMMAR_2016 = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Z][0-9A-Z]{2}")
# 2020: groups joined by dots, level 1 first, 35 characters (QĐ 20/2020/QĐ-TTg Art. 4 to 6).
_GRAMMAR_2020 = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+)*")
_GRAMMAR_OTHER = re.compile(r"Z[0-9]{2}[0-9A-Z]{1,32}")
_LONGEST_ORGAN = 35
_LONGEST_DOCUMENT = 200


def _check(code: str, what: str, value: object, longest: int) -> None:
    if not isinstance(value, str):
        raise InputError(code, f"{what} must be text", facts={"seen": type(value).__name__})
    if not value or value != value.strip() or len(value) > longest:
        raise InputError(
            code,
            f"{what} must have 1 to {longest} characters and no space around it",
            hint="trim it, and leave the field out when there is none",
            facts={"seen": value[:80], "longest": longest},
        )
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in value):  # noqa: PLR2004 - control characters
        raise InputError(code, f"{what} holds a control character", facts={"seen": ascii(value[:80])})


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple_of(values)


@attrs.frozen(order=True)
class OrganId:
    """Identifier of an organisation, *mã định danh cơ quan*.

    Two grammars live side by side: ``000.00.00.G22`` (2016, level 1 last) and ``G22.1`` (2020, level 1
    first). Real traffic also breaks both, so any short text is taken and ``grammar`` says which it is.

    Attributes:
        value: As written on the wire, 1 to 60 characters.
        aliases: Other codes of the same organisation; they do not count when two are compared.
    """

    value: str
    aliases: tuple[str, ...] = attrs.field(default=(), eq=False, order=False, converter=_texts)

    def __attrs_post_init__(self) -> None:
        _check("VND-MODEL-001", "an organisation identifier", self.value, 60)
        check_shape(self)
        for one in self.aliases:
            _check("VND-MODEL-001", "an organisation identifier", one, 60)

    @property
    def grammar(self) -> str:
        """``2016``, ``2020`` or ``other``; ``2020`` covers the Z scheme of bodies outside the state."""
        if _GRAMMAR_2016.fullmatch(self.value):
            return "2016"
        if len(self.value) <= _LONGEST_ORGAN and (
            _GRAMMAR_2020.fullmatch(self.value) or _GRAMMAR_OTHER.fullmatch(self.value)
        ):
            return "2020"
        return "other"

    @property
    def level_1(self) -> str | None:
        """The code of the ministry, province or central body, or ``None`` when the grammar is unknown."""
        if self.grammar == "2016":
            return self.value.rsplit(".", 1)[1]
        return self.value.split(".", 1)[0] if self.grammar == "2020" else None

    def same_as(self, other: OrganId) -> bool:
        """Whether both name one organisation, by value or by a declared alias."""
        return not {self.value, *self.aliases}.isdisjoint((other.value, *other.aliases))

    def __str__(self) -> str:
        return self.value


@attrs.frozen(order=True)
class DocumentId:
    """Identifier of a document, *mã định danh văn bản*: opaque, at most 200 characters.

    It may hold slashes, commas and Vietnamese letters, so it is never a file name or a part of a URL.
    """

    value: str

    def __attrs_post_init__(self) -> None:
        _check("VND-MODEL-002", "a document identifier", self.value, _LONGEST_DOCUMENT)

    @classmethod
    def new(cls) -> DocumentId:
        """Make a random one (a UUID, as the axis's own tools do)."""
        return cls(str(uuid.uuid4()))

    def __str__(self) -> str:
        return self.value


@attrs.frozen
class DocumentCode:
    """Number and notation of a document, *số, ký hiệu*: ``7816`` and ``VPCP-TTĐT``.

    Attributes:
        number: ``CodeNumber``; the law gives 11 characters.
        notation: ``CodeNotation``; the law gives 30 characters.
    """

    number: str
    notation: str

    __attrs_post_init__ = check_shape

    def __str__(self) -> str:
        return f"{self.number}/{self.notation}"
