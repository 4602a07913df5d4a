"""An organisation as a directory lists it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from vnedoc.errors import InputError
from vnedoc.model._envelope import _organ, _organ_or_none, _zoned
from vnedoc.model._ids import OrganId
from vnedoc.model._lists import Certainty, _Named
from vnedoc.model._shape import check_shape, each_of

LONGEST_TEXT = 500
"""Characters in a name or another text of an agency."""


class AgencyState(_Named, source="vnedoc-directory/1", certainty=Certainty.HIGH):
    """Whether an organisation still exists."""

    ACTIVE = "active", "Đang hoạt động"
    MERGED = "merged", "Đã sáp nhập"
    ABOLISHED = "abolished", "Đã chấm dứt hoạt động"


def _organs(values: Iterable[OrganId | str]) -> tuple[OrganId, ...]:
    return each_of(values, _organ)


def _level_of_code(agency: Agency) -> int | None:
    level: int | None = getattr(agency.organ_id, "level", None)  # what is no OrganId is refused later
    return level


@attrs.frozen(kw_only=True)
class Agency:
    """An organisation as a directory lists it, *cơ quan, tổ chức*.

    Attributes:
        organ_id: Its code, with its other codes as aliases: the code of 2016 beside that of 2020, and so on.
        name: As the directory has it, 1 to 500 characters.
        parent: The body one level up as the directory says, ``None`` at the top or when it does not say.
        level: 1 for a ministry or province; by default what the code says.
        email: Its mailbox.
        phone: Its telephone number.
        fax: Its fax number.
        remote_id: What the directory that it came from calls the entry; opaque.
        valid_from: First day of the organisation under this code.
        valid_to: Last day; ``None`` while it exists, or when nobody knows.
        state: Whether it still exists.
        successors: Who took its place, by code; several after a division.
        modified: When the directory changed the entry; of two versions, the one changed later holds.
    """

    organ_id: OrganId = attrs.field(converter=_organ)
    name: str
    parent: OrganId | None = attrs.field(default=None, converter=_organ_or_none)
    level: int | None = attrs.field(default=attrs.Factory(_level_of_code, takes_self=True))
    email: str | None = None
    phone: str | None = None
    fax: str | None = None
    remote_id: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    state: AgencyState = AgencyState.ACTIVE
    successors: tuple[OrganId, ...] = attrs.field(default=(), converter=_organs)
    modified: dt.datetime | None = attrs.field(default=None, converter=_zoned)

    def __attrs_post_init__(self) -> None:
        check_shape(self)
        for field, text in (
            ("name", self.name),
            ("email", self.email),
            ("phone", self.phone),
            ("fax", self.fax),
            ("remote_id", self.remote_id),
        ):
            if text is not None and not _usable(text):
                raise InputError(
                    "VND-MODEL-006",
                    f"a text of an agency has 1 to {LONGEST_TEXT} characters and no control character",
                    path=f"Agency.{field}",
                    hint="trim it, and leave the field out when there is none",
                    facts={"field": f"Agency.{field}", "seen": ascii(text[:80])},
                )
        if self.level is not None and not 1 <= self.level <= _DEEPEST:
            raise InputError(
                "VND-MODEL-007",
                f"the level of an agency is a number from 1 to {_DEEPEST}",
                path="Agency.level",
                facts={"seen": self.level, "longest": _DEEPEST},
            )
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise InputError(
                "VND-MODEL-008",
                "an agency cannot end before it begins",
                path="Agency.valid_to",
                hint="check both days",
                facts={"begin": self.valid_from.isoformat(), "end": self.valid_to.isoformat()},
            )
        if self.organ_id == self.parent or self.organ_id in self.successors:
            raise InputError(
                "VND-MODEL-009",
                "an agency is neither its own parent nor its own successor",
                path="Agency",
                facts={"organ": self.organ_id.value},
            )

    @property
    def active(self) -> bool:
        """Whether it still exists."""
        return self.state is AgencyState.ACTIVE


_DEEPEST = 35
"""No code of 35 characters has more groups; levels given by a directory are bounded alike."""


def _usable(text: str) -> bool:
    """Tell whether the text is not empty, short, trimmed, encodable, and without control characters."""
    if text.isprintable() and 0 < len(text) <= LONGEST_TEXT:
        return text[0] != " " != text[-1]
    if not 0 < len(text) <= LONGEST_TEXT or text != text.strip():
        return False
    return not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 or 0xD800 <= ord(one) < 0xE000 for one in text)  # noqa: PLR2004 - control characters and surrogates


@attrs.frozen(kw_only=True)
class Succession:
    """What became of an organisation.

    Attributes:
        agency: The one that was asked for.
        chain: Those that came after it, nearest first, each once.
        present: Those that exist today and took its place; itself while it is active. Empty when it was
            abolished without a successor, or when the directory lists none of them.
        ended: Its last day; ``None`` while it exists, or when nobody knows.
        unknown: Codes of successors that the directory does not list.
    """

    agency: Agency
    chain: tuple[Agency, ...] = ()
    present: tuple[Agency, ...] = ()
    ended: dt.date | None = None
    unknown: tuple[OrganId, ...] = ()


@attrs.frozen
class OrganConversion:
    """A code of an organisation in another grammar, and whether it may be relied on.

    Attributes:
        organ_id: The code that was asked for.
        certain: ``True`` when a directory lists both codes for one organisation. ``False`` for the rule of
            thumb: a guess, to be looked up before anything is sent.
    """

    organ_id: OrganId
    certain: bool = attrs.field(kw_only=True)
