"""Identifiers: of organisations, of documents, and the number and notation of a document."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from vnedoc.errors import InputError
from vnedoc.model._shape import check_shape, tuple_of

if TYPE_CHECKING:
    from vnedoc.model._reference._agency import OrganConversion

# 2016: four groups of 3, 2, 2 and 3 characters, level 1 last (QĐ 28/2018 Art. 10(2)(a)).
_GRAMMAR_2016 = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Z][0-9A-Z]{2}")
# 2020: groups joined by dots, level 1 first, 35 characters (QĐ 20/2020/QĐ-TTg Art. 4 to 6).
_GRAMMAR_2020 = re.compile(r"[A-Y][0-9]{2}(\.[0-9A-Z]+)*")
_GRAMMAR_OTHER = re.compile(r"Z[0-9]{2}[0-9A-Z]{1,32}")
# An enterprise has its registration number: ten digits, three more for a dependent unit.
_ENTERPRISE = re.compile(r"[0-9]{10}(-?[0-9]{3})?")
_WIDTHS_2016 = (3, 2, 2, 3)
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


class OrganKind(enum.Enum):
    """What an organisation's identifier says about it (QĐ 20/2020/QĐ-TTg Art. 4 to 6)."""

    STATE_BODY = "state body"
    """A body in the levels A to Y: of the state, the Party, or an organisation beside them."""
    ENTERPRISE = "enterprise"
    """An enterprise, cooperative or household business, by its registration number."""
    OTHER_BODY = "other body"
    """Another organisation, in one of the schemes Z01 to Z99."""
    UNKNOWN = "unknown"


@attrs.frozen(order=True)
class OrganId:
    """Identifier of an organisation, *mã định danh cơ quan*.

    Two grammars live side by side: ``000.00.00.G22`` (2016, level 1 last) and ``G22.1`` (2020, level 1
    first). Real traffic also breaks both, so any short text is taken and ``grammar`` says which it is.
    Nothing converts one into the other but a directory; ``guess_2020`` and ``guess_2016`` only guess.

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
        """``2016``, ``2020`` or ``other``.

        ``2020`` covers the registration numbers of enterprises and the Z scheme of bodies outside the state.
        """
        if _GRAMMAR_2016.fullmatch(self.value):
            return "2016"
        return "other" if self.kind is OrganKind.UNKNOWN else "2020"

    @property
    def kind(self) -> OrganKind:
        """What kind of organisation it names, as far as the code says."""
        if _GRAMMAR_2016.fullmatch(self.value):
            return OrganKind.STATE_BODY
        if len(self.value) > _LONGEST_ORGAN:
            return OrganKind.UNKNOWN
        if _GRAMMAR_2020.fullmatch(self.value):
            return OrganKind.STATE_BODY
        if _ENTERPRISE.fullmatch(self.value):
            return OrganKind.ENTERPRISE
        return OrganKind.OTHER_BODY if _GRAMMAR_OTHER.fullmatch(self.value) else OrganKind.UNKNOWN

    @property
    def level_1(self) -> str | None:
        """The code of the ministry, province or central body; ``None`` where the value has none."""
        if self.grammar == "2016":
            return self.value.rsplit(".", 1)[1]
        if self.grammar == "other" or self.kind is OrganKind.ENTERPRISE:
            return None
        return self.value.split(".", 1)[0]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that are used, level 1 first; empty for what has no levels.

        In the 2016 grammar a group of zeros is not used: ``000.00.17.H36`` has ``("H36", "17")``.
        """
        if self.kind is not OrganKind.STATE_BODY:
            return ()
        groups = self.value.split(".")
        if self.grammar == "2020":
            return tuple(groups)
        return tuple(one for one in reversed(groups) if one.strip("0"))

    @property
    def level(self) -> int | None:
        """How deep the body stands: 1 for a ministry or province; ``None`` for what has no levels."""
        return len(self.groups) or None

    @property
    def parent(self) -> OrganId | None:
        """The body one level up, in the same grammar and without aliases, as the code says.

        ``None`` at level 1 and for what has no levels. A directory may know better.
        """
        groups = self.groups
        if len(groups) < 2:  # noqa: PLR2004 - level 1 has nobody above it
            return None
        if self.grammar == "2020":
            above = OrganId(self.value.rpartition(".")[0])
            return above if above.grammar == "2020" else None
        whole = self.value.split(".")
        lowest = next(at for at, one in enumerate(whole) if one.strip("0"))
        whole[lowest] = "0" * len(whole[lowest])
        return OrganId(".".join(whole))

    def guess_2020(self) -> OrganConversion | None:
        """Guess the code of 2020 for one of 2016: the groups from right to left, without those of zeros.

        A rule of thumb that real directories break: never send by it alone. ``None`` when this is no code
        of 2016, or when what comes out is none of 2020.
        """
        from vnedoc.model._reference._agency import OrganConversion

        if self.grammar != "2016":
            return None
        guess = OrganId(".".join(self.groups))
        return OrganConversion(guess, certain=False) if guess.grammar == "2020" else None

    def guess_2016(self) -> OrganConversion | None:
        """Guess the code of 2016 for one of 2020: the rule of ``guess_2020`` backwards, zeros filled in.

        ``None`` when this is no code of 2020 with levels, or when its groups do not fit.
        """
        from vnedoc.model._reference._agency import OrganConversion

        groups = self.groups
        if self.grammar != "2020" or not groups or len(groups) > len(_WIDTHS_2016):
            return None
        padded = [""] * (len(_WIDTHS_2016) - len(groups)) + [*reversed(groups)]
        guess = OrganId(
            ".".join(one.rjust(width, "0") for one, width in zip(padded, _WIDTHS_2016, strict=True))
        )
        return (
            OrganConversion(guess, certain=False)
            if (guess.grammar, guess.level) == ("2016", len(groups))
            else None
        )

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
