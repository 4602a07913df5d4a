"""Code lists as enums, each with its Vietnamese name, its source, and how certain that is."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable

_TONED = re.compile("o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ]")
# Two customs of placing the tone mark live side by side: hoà and hòa, thoả and thỏa, uỷ and ủy.
_TONE_MOVED = {
    "oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa",
    "oè": "òe", "oé": "óe", "oẻ": "ỏe", "oẽ": "õe", "oẹ": "ọe",
    "uỳ": "ùy", "uý": "úy", "uỷ": "ủy", "uỹ": "ũy", "uỵ": "ụy",
}  # fmt: skip


def name_key(text: str) -> str:
    """Give what two spellings of one Vietnamese name have in common; for comparing, not for showing.

    Upper and lower case, composed and decomposed letters (TCVN 6909 asks for composed ones), the place of the
    tone mark (``uỷ`` and ``ủy``) and runs of spaces do not count.
    """
    return name_keys((text,))[0]


def name_keys(texts: Iterable[str]) -> list[str]:
    """Give ``name_key`` of each; for very many names, since the costly steps run once over all of them."""
    whole = "\n".join(text.replace("\n", " ") for text in texts)
    whole = unicodedata.normalize("NFC", whole.casefold())
    whole = _TONED.sub(lambda found: _TONE_MOVED[found[0]], whole)
    return [" ".join(one.split()) for one in whole.split("\n")]


class Certainty(enum.Enum):
    """How well a fact of these lists is known."""

    HIGH = "high"
    """Read in the legal text."""
    MEDIUM = "medium"
    """Taken from public programs or pages that cite the legal text."""
    LOW = "low"
    """Practice on the wire, or inferred."""


class _Listed(enum.Enum):
    """A member of a list that has a source."""

    def __init_subclass__(
        cls, *, source: str = "", certainty: Certainty = Certainty.LOW, **more: object
    ) -> None:
        super().__init_subclass__(**more)
        cls._list_source = source  # type: ignore[attr-defined]
        cls._list_certainty = certainty  # type: ignore[attr-defined]

    @property
    def source(self) -> str:
        """The text that the list comes from."""
        return str(type(self)._list_source)  # type: ignore[attr-defined]  # noqa: SLF001 - of its own class

    @property
    def certainty(self) -> Certainty:
        """How well the codes and names are known."""
        found: Certainty = type(self)._list_certainty  # type: ignore[attr-defined]  # noqa: SLF001 - of its own class
        return found


class _Named(_Listed):
    """An enum member whose value is the wire code and whose ``vietnamese`` is the printed name."""

    vietnamese: str

    def __new__(cls, code: object, vietnamese: str = "") -> _Named:  # noqa: PYI034 - enum idiom
        member = object.__new__(cls)
        member._value_ = code
        member.vietnamese = vietnamese
        return member


class Kind(_Named, source="QCVN 102:2016/BTTTT, 2.2.1", certainty=Certainty.MEDIUM):
    """What a document message does, *nghiệp vụ* (QCVN 102:2016, 2.2.1)."""

    NEW = 0, "Văn bản mới"
    REVOKE = 1, "Thu hồi"
    UPDATE = 2, "Cập nhật"
    REPLACE = 3, "Thay thế"


class StatusCode(_Named, source="QCVN 102:2016/BTTTT", certainty=Certainty.MEDIUM):
    """Processing state told to the sender, *trạng thái xử lý*."""

    ARRIVED = "01", "Đã đến"
    REFUSED = "02", "Từ chối tiếp nhận"
    RECEIVED = "03", "Đã tiếp nhận"
    ASSIGNED = "04", "Phân công xử lý"
    PROCESSING = "05", "Đang xử lý"
    DONE = "06", "Hoàn thành"
    RECALL = "13", "Lấy lại"
    RECALL_AGREED = "15", "Đồng ý lấy lại, cập nhật"
    RECALL_REFUSED = "16", "Từ chối lấy lại, cập nhật"

    @property
    def from_document_sender(self) -> bool:
        """Whether the sender of the document sends it: only 13 goes that way, the others come back."""
        return self is StatusCode.RECALL


class Priority(
    _Named,
    source="Nghị định 30/2020/NĐ-CP, Điều 4; mã số theo thực tế trên trục",
    certainty=Certainty.LOW,
):
    """Urgency, *mức độ khẩn* (NĐ 30/2020 Art. 4(2)(c) has codes 1 to 3 by name; the codes are practice)."""

    NORMAL = 0, "Thường"
    URGENT = 1, "Khẩn"
    VERY_URGENT = 2, "Thượng khẩn"
    EXPRESS = 3, "Hỏa tốc"
    EXPRESS_AT_HOUR = 4, "Hỏa tốc hẹn giờ"

    @property
    def stamp(self) -> str | None:
        """What is stamped on the document, ``None`` for the normal case."""
        return None if self is Priority.NORMAL else self.vietnamese.upper()

    @property
    def stamp_size(self) -> tuple[int, int] | None:
        """Width and height of the stamp, millimetres (NĐ 30/2020 Annex III), ``None`` without a rule."""
        return _STAMP_SIZES.get(self.name)


_STAMP_SIZES = {"URGENT": (20, 8), "VERY_URGENT": (40, 8), "EXPRESS": (30, 8)}


class Steering(_Named, source="Phần mềm đang dùng; các nguồn không thống nhất"):
    """Whether the document steers or reports on steering, *loại chỉ đạo*; vendors differ on the numbers."""

    NONE = 0, "Không phải văn bản chỉ đạo"
    STEERING = 1, "Văn bản chỉ đạo"
    REPORT = 2, "Báo cáo thực hiện chỉ đạo"


class ReceiverChange(_Named, source="Phần mềm đang dùng"):
    """What an update does to one recipient."""

    REMOVED = 0, "Đưa ra"
    ADDED = 1, "Thêm vào"


class AdministrativeType(
    _Listed,
    source="Nghị định 30/2020/NĐ-CP, Điều 7; Phụ lục III, mục I",
    certainty=Certainty.HIGH,
):
    """The 29 types of administrative documents (NĐ 30/2020 Art. 7); the value is the printed name.

    Attributes:
        abbreviation: As in a notation, such as ``TTr`` (NĐ 30/2020 Annex III); ``None`` for the two without.
        archive_code: Two digits of the archival packages (Thông tư 05/2025/TT-BNV), taken from a public
            program (``Certainty.MEDIUM``); ``None`` where that has none.
    """

    abbreviation: str | None
    archive_code: str | None

    RESOLUTION = "Nghị quyết", "NQ", "01"
    DECISION = "Quyết định", "QĐ", "02"
    DIRECTIVE = "Chỉ thị", "CT", "03"
    STATUTE = "Quy chế", "QC", None
    RULES = "Quy định", "QyĐ", "04"
    COMMUNIQUE = "Thông cáo", "TC", None
    NOTICE = "Thông báo", "TB", "07"
    GUIDANCE = "Hướng dẫn", "HD", "08"
    PROGRAMME = "Chương trình", "CTr", "09"
    PLAN = "Kế hoạch", "KH", "10"
    OPTION_PLAN = "Phương án", "PA", "11"
    SCHEME = "Đề án", "ĐA", "12"
    PROJECT = "Dự án", "DA", "13"
    REPORT = "Báo cáo", "BC", "14"
    MINUTES = "Biên bản", "BB", "20"
    SUBMISSION = "Tờ trình", "TTr", "15"
    CONTRACT = "Hợp đồng", "HĐ", "21"
    OFFICIAL_LETTER = "Công văn", None, "22"
    TELEGRAM = "Công điện", "CĐ", "23"
    MEMORANDUM = "Bản ghi nhớ", "BGN", "24"
    AGREEMENT = "Bản thỏa thuận", "BTT", "25"
    POWER_OF_ATTORNEY = "Giấy ủy quyền", "GUQ", "16"
    INVITATION = "Giấy mời", "GM", "26"
    INTRODUCTION = "Giấy giới thiệu", "GGT", "27"
    LEAVE = "Giấy nghỉ phép", "GNP", "28"
    DISPATCH_SLIP = "Phiếu gửi", "PG", "17"
    TRANSFER_SLIP = "Phiếu chuyển", "PC", "18"
    NOTICE_SLIP = "Phiếu báo", "PB", "19"
    LETTER = "Thư công", None, "29"

    def __new__(cls, name: str, abbreviation: str | None, archive_code: str | None) -> AdministrativeType:  # noqa: PYI034 - enum idiom
        """Give the member its printed name as value, its abbreviation and its code in archives."""
        member = object.__new__(cls)
        member._value_ = name
        member.abbreviation = abbreviation
        member.archive_code = archive_code
        return member

    @classmethod
    def by_abbreviation(cls, text: str) -> AdministrativeType | None:
        """Find a type by its abbreviation, in any case and composition; ``None`` when there is none."""
        wanted = name_key(text)
        return next((one for one in cls if one.abbreviation and name_key(one.abbreviation) == wanted), None)

    @classmethod
    def by_name(cls, text: str) -> AdministrativeType | None:
        """Find a type by its name, spelled in any of the ways that ``name_key`` takes for one."""
        wanted = name_key(text)
        return next((one for one in cls if name_key(one.value) == wanted), None)
