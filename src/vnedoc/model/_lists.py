"""Code lists as enums, each with its Vietnamese name."""

from __future__ import annotations

import enum


class _Named(enum.Enum):
    """An enum member whose value is the wire code and whose ``vietnamese`` is the printed name."""

    vietnamese: str

    def __new__(cls, code: object, vietnamese: str) -> _Named:  # noqa: PYI034 - enum idiom
        member = object.__new__(cls)
        member._value_ = code
        member.vietnamese = vietnamese
        return member


class Kind(_Named):
    """What a document message does, *nghiệp vụ* (QCVN 102:2016, 2.2.1)."""

    NEW = 0, "Văn bản mới"
    REVOKE = 1, "Thu hồi"
    UPDATE = 2, "Cập nhật"
    REPLACE = 3, "Thay thế"


class StatusCode(_Named):
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


class Priority(_Named):
    """Urgency, *mức độ khẩn* (NĐ 30/2020 Art. 4(2)(c); codes as used on the axis)."""

    NORMAL = 0, "Thường"
    URGENT = 1, "Khẩn"
    VERY_URGENT = 2, "Thượng khẩn"
    EXPRESS = 3, "Hỏa tốc"
    EXPRESS_AT_HOUR = 4, "Hỏa tốc hẹn giờ"


class Steering(_Named):
    """Whether the document steers or reports on steering, *loại chỉ đạo*."""

    NONE = 0, "Không phải văn bản chỉ đạo"
    STEERING = 1, "Văn bản chỉ đạo"
    REPORT = 2, "Báo cáo thực hiện chỉ đạo"


class ReceiverChange(_Named):
    """What an update does to one recipient."""

    REMOVED = 0, "Đưa ra"
    ADDED = 1, "Thêm vào"


class AdministrativeType(enum.Enum):
    """The 29 types of administrative documents (NĐ 30/2020 Art. 7); the value is the printed name."""

    abbreviation: str | None

    RESOLUTION = "Nghị quyết", "NQ"
    DECISION = "Quyết định", "QĐ"
    DIRECTIVE = "Chỉ thị", "CT"
    STATUTE = "Quy chế", "QC"
    RULES = "Quy định", "QyĐ"
    COMMUNIQUE = "Thông cáo", "TC"
    NOTICE = "Thông báo", "TB"
    GUIDANCE = "Hướng dẫn", "HD"
    PROGRAMME = "Chương trình", "CTr"
    PLAN = "Kế hoạch", "KH"
    OPTION_PLAN = "Phương án", "PA"
    SCHEME = "Đề án", "ĐA"
    PROJECT = "Dự án", "DA"
    REPORT = "Báo cáo", "BC"
    MINUTES = "Biên bản", "BB"
    SUBMISSION = "Tờ trình", "TTr"
    CONTRACT = "Hợp đồng", "HĐ"
    OFFICIAL_LETTER = "Công văn", None
    TELEGRAM = "Công điện", "CĐ"
    MEMORANDUM = "Bản ghi nhớ", "BGN"
    AGREEMENT = "Bản thỏa thuận", "BTT"
    POWER_OF_ATTORNEY = "Giấy ủy quyền", "GUQ"
    INVITATION = "Giấy mời", "GM"
    INTRODUCTION = "Giấy giới thiệu", "GGT"
    LEAVE = "Giấy nghỉ phép", "GNP"
    DISPATCH_SLIP = "Phiếu gửi", "PG"
    TRANSFER_SLIP = "Phiếu chuyển", "PC"
    NOTICE_SLIP = "Phiếu báo", "PB"
    LETTER = "Thư công", None

    def __new__(cls, name: str, abbreviation: str | None) -> AdministrativeType:  # noqa: PYI034 - enum idiom
        """Give the member its printed name as value and its abbreviation (NĐ 30/2020 Annex III)."""
        member = object.__new__(cls)
        member._value_ = name
        member.abbreviation = abbreviation
        return member
