"""Lists of what is printed or stamped on a document."""

from __future__ import annotations

import enum

from vnedoc.model._lists import Certainty, _Listed, _Named


class Medium(_Named, source="Nghị định 30/2020/NĐ-CP, Điều 25", certainty=Certainty.HIGH):
    """What a document is kept on."""

    PAPER = "paper", "Giấy"
    ELECTRONIC = "electronic", "Điện tử"


_P, _E = Medium.PAPER, Medium.ELECTRONIC


class CopyType(
    _Listed, source="Nghị định 30/2020/NĐ-CP, Điều 25; Phụ lục III, mục I", certainty=Certainty.HIGH
):
    """Kinds of certified copies, *bản sao*; the value is the abbreviation, as in ``05/SY-UBND``.

    Attributes:
        vietnamese: The printed name; ``stamp`` has it in capitals.
        directions: The media that it may lead from and to.
    """

    vietnamese: str
    directions: frozenset[tuple[Medium, Medium]]

    COPY = "SY", "Sao y", ((_P, _P), (_E, _P), (_P, _E))
    DUPLICATE = "SL", "Sao lục", ((_P, _P), (_P, _E), (_E, _P))
    EXCERPT = "TrS", "Trích sao", ((_P, _P), (_P, _E), (_E, _E), (_E, _P))

    def __new__(cls, code: str, vietnamese: str, directions: tuple[tuple[Medium, Medium], ...]) -> CopyType:  # noqa: PYI034 - enum idiom
        """Give the member its abbreviation as value, its name, and the media it may lead between."""
        member = object.__new__(cls)
        member._value_ = code
        member.vietnamese = vietnamese
        member.directions = frozenset(directions)
        return member

    @property
    def abbreviation(self) -> str:
        """As in a notation; the same as the value."""
        return str(self.value)

    @property
    def stamp(self) -> str:
        """What is printed on the copy."""
        return self.vietnamese.upper()

    def allows(self, source: Medium, target: Medium) -> bool:
        """Tell whether such a copy of a document on *source* may be made on *target*."""
        return (source, target) in self.directions


class Authority(_Named, source="Nghị định 30/2020/NĐ-CP, Phụ lục I, II.7.b", certainty=Certainty.HIGH):
    """In whose name somebody signs, *quyền hạn ký*; the value is printed before the position."""

    COLLECTIVE = "TM.", "Thay mặt tập thể"
    ACTING = "Q.", "Quyền cấp trưởng"
    DEPUTY = "KT.", "Ký thay người đứng đầu"
    BY_ORDER = "TL.", "Thừa lệnh"
    SUB_DELEGATED = "TUQ.", "Thừa ủy quyền"


class Secrecy(_Named, source="Luật Bảo vệ bí mật nhà nước 29/2018/QH14", certainty=Certainty.HIGH):
    """Degrees of state secrets, *độ mật*; such documents never go over the axis (QĐ 28/2018 Art. 1)."""

    SECRET = "secret", "Mật"
    VERY_SECRET = "very secret", "Tối mật"
    TOP_SECRET = "top secret", "Tuyệt mật"

    @property
    def stamp(self) -> str:
        """What is stamped on the document."""
        return self.vietnamese.upper()


class Circulation(_Named, source="Nghị định 30/2020/NĐ-CP, Phụ lục I và III", certainty=Certainty.HIGH):
    """Marks that limit who may read or keep a document, *chỉ dẫn phạm vi lưu hành*."""

    RETURN_AFTER_READING = "return", "Xem xong trả lại"
    INTERNAL = "internal", "Lưu hành nội bộ"
    TO_BE_RECALLED = "recall", "Tài liệu thu hồi"

    @property
    def stamp(self) -> str:
        """What is stamped on the document."""
        return self.vietnamese.upper()

    @property
    def secret_only(self) -> bool:
        """Whether the mark belongs to secret documents."""
        return self is Circulation.TO_BE_RECALLED


def code_lists() -> tuple[type[enum.Enum], ...]:
    """Give every list with a source, those of the wire first."""
    from vnedoc.model import _lists as wire
    from vnedoc.model._reference._agency import AgencyState

    return (
        wire.Kind,
        wire.StatusCode,
        wire.Priority,
        wire.Steering,
        wire.ReceiverChange,
        wire.AdministrativeType,
        CopyType,
        Medium,
        Authority,
        Secrecy,
        Circulation,
        AgencyState,
    )
