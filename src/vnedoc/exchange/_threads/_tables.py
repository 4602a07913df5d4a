"""What may become of a document at one recipient, as two tables without I/O.

``RECEIPT`` says how far the recipient has come with it: forward only, since statuses come early, late and
twice, and a document that was taken in after all was not refused. ``STANDING`` says whether the recipient is
still to keep it. A step that is not in its table changes nothing, and is out of order.
"""

from __future__ import annotations

import enum

from vnedoc.exchange._states import Machine
from vnedoc.model import StatusCode


class _Named(enum.Enum):
    vietnamese: str

    def __new__(cls, value: str, vietnamese: str) -> _Named:  # noqa: PYI034 - enum idiom
        member = object.__new__(cls)
        member._value_ = value
        member.vietnamese = vietnamese
        return member


class Progress(_Named):
    """How far a recipient has come with a document, by its status messages."""

    UNKNOWN = "unknown", "Chưa rõ"
    ARRIVED = "arrived", "Đã đến"
    REFUSED = "refused", "Từ chối tiếp nhận"
    RECEIVED = "received", "Đã tiếp nhận"
    ASSIGNED = "assigned", "Phân công xử lý"
    PROCESSING = "processing", "Đang xử lý"
    DONE = "done", "Hoàn thành"


class Standing(_Named):
    """Whether a recipient is still to keep a document."""

    CURRENT = "current", "Đang lưu hành"
    RECALL_ASKED = "recall-asked", "Chờ trả lời lấy lại"
    RECALL_AGREED = "recall-agreed", "Đồng ý lấy lại"
    RECALL_REFUSED = "recall-refused", "Từ chối lấy lại"
    REMOVED = "removed", "Đã đưa ra khỏi nơi nhận"
    REPLACED = "replaced", "Đã được thay thế"
    REVOKED = "revoked", "Đã thu hồi"

    @property
    def withdrawn(self) -> bool:
        """Whether the recipient is no longer to use it."""
        return self in (Standing.RECALL_AGREED, Standing.REMOVED, Standing.REPLACED, Standing.REVOKED)


class StandingStep(_Named):
    """What changes the standing; in the order in which steps of one moment are taken."""

    ADD = "add", "Thêm nơi nhận"
    """An update adds the recipient."""
    REMOVE = "remove", "Đưa ra khỏi nơi nhận"
    """An update takes the recipient out."""
    ASK = "13 ask", "Yêu cầu lấy lại"
    DECLINE = "16 decline", "Từ chối"
    AGREE = "15 agree", "Đồng ý"
    REPLACE = "replace", "Thay thế"
    REVOKE = "revoke", "Thu hồi"


_FORWARD = tuple(Progress)
_CODE_OF = {
    Progress.ARRIVED: StatusCode.ARRIVED,
    Progress.REFUSED: StatusCode.REFUSED,
    Progress.RECEIVED: StatusCode.RECEIVED,
    Progress.ASSIGNED: StatusCode.ASSIGNED,
    Progress.PROCESSING: StatusCode.PROCESSING,
    Progress.DONE: StatusCode.DONE,
}

RECEIPT: Machine[Progress, StatusCode] = Machine(
    "receipt",
    Progress.UNKNOWN,
    {
        (state, _CODE_OF[following]): following
        for place, state in enumerate(_FORWARD)
        # The same state may be told again: people send 05 with news.
        for following in _FORWARD[max(place, 1) :]
    },
)


def _standing_steps() -> dict[tuple[Standing, StandingStep], Standing]:
    state, step = Standing, StandingStep
    return {
        (state.CURRENT, step.ADD): state.CURRENT,
        (state.CURRENT, step.REMOVE): state.REMOVED,
        (state.CURRENT, step.ASK): state.RECALL_ASKED,
        (state.RECALL_ASKED, step.ASK): state.RECALL_ASKED,
        (state.RECALL_ASKED, step.AGREE): state.RECALL_AGREED,
        (state.RECALL_ASKED, step.DECLINE): state.RECALL_REFUSED,
        (state.RECALL_ASKED, step.REMOVE): state.REMOVED,
        (state.RECALL_REFUSED, step.ASK): state.RECALL_ASKED,
        # The recipient may change its mind, and then it has given it back.
        (state.RECALL_REFUSED, step.AGREE): state.RECALL_AGREED,
        (state.RECALL_REFUSED, step.DECLINE): state.RECALL_REFUSED,
        (state.RECALL_REFUSED, step.REMOVE): state.REMOVED,
        (state.RECALL_AGREED, step.AGREE): state.RECALL_AGREED,
        (state.RECALL_AGREED, step.REMOVE): state.REMOVED,
        (state.RECALL_AGREED, step.ADD): state.CURRENT,
        (state.REMOVED, step.ADD): state.CURRENT,
        (state.REMOVED, step.AGREE): state.REMOVED,
        (state.REMOVED, step.DECLINE): state.REMOVED,
        (state.REMOVED, step.REMOVE): state.REMOVED,
        (state.REPLACED, step.AGREE): state.REPLACED,
        (state.REPLACED, step.DECLINE): state.REPLACED,
        (state.REPLACED, step.REPLACE): state.REPLACED,
        (state.REVOKED, step.AGREE): state.REVOKED,
        (state.REVOKED, step.DECLINE): state.REVOKED,
        # Nothing brings back what was revoked or replaced, and a revocation outweighs everything.
        **{(one, step.REPLACE): state.REPLACED for one in state if one is not state.REVOKED},
        **{(one, step.REVOKE): state.REVOKED for one in state},
    }


STANDING: Machine[Standing, StandingStep] = Machine("standing", Standing.CURRENT, _standing_steps())
