"""The page of the state machines, and their drawings as SVG: the same tables give the same octets.

States stand below each other. Each state that something leads to has a lane of its own on the right; a line
from another state joins it with a dot, and one arrow goes from the lane into the state. Labels have a column
of their own between boxes and lanes, so whatever the table is, no text lies on another and no line runs
through a box.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import attrs

from vnedoc.exchange import ARRIVAL, HANDLING, INBOX, OUTBOX, RECEIPT, STANDING, Machine

_ROW = 18
_GAP = 22
_PAD = 10
_LANE = 26
_LETTER = 6.4  # width of a letter of 11 px, on the safe side
_LEFT = 34
_TOP = 16
_COLOURS = ("#1f5fa8", "#a83232", "#2f7d32", "#7a3fa0", "#b06000", "#00707a", "#8a1f5c", "#5a6b00", "#444444")


_INTRO = """\
What a document goes through, as the tables that the code itself goes by: what is not in a table does not
happen. The first two are those of {class}`vnedoc.exchange.Thread`, which works out the state from the
messages; the others are those of the store behind {class}`vnedoc.exchange.Exchange`.

In the drawings the way starts at the black dot, and a double frame is an end. What leads into a state has one
colour: follow a line to its lane, and the lane to its arrow. A dot joins; lines that only cross do not. `↻`
leaves the state as it is."""
_MACHINES: tuple[tuple[Machine[Any, Any], str, str], ...] = (
    (
        RECEIPT,
        "How far a recipient has come",
        """\
One document at one recipient, by its status messages 01 to 06. It goes forward only, and a later state may
come first, so the order in which statuses arrive does not matter. A step back is not in the table: it changes
nothing, and by the times in the messages it is the finding [VND-EXC-070](#vnd-exc-070).""",
    ),
    (
        STANDING,
        "Whether a recipient is still to keep it",
        """\
One document at one recipient. 13 asks it back, 15 and 16 answer; revoke, update and replace are messages of
their own, and count when they are proven or a person approved them.""",
    ),
    (OUTBOX, "Outgoing: one document for one recipient", "What is sent is sent at least once, until an end."),
    (
        ARRIVAL,
        "Incoming: bytes",
        "Bytes are kept before they are judged; quarantine keeps what did not pass.",
    ),
    (
        INBOX,
        "Incoming: an accepted message",
        "A revoke, update or replace that nothing proves starts as *waiting* instead of *accepted*.",
    ),
    (
        HANDLING,
        "Incoming: handing over to the application",
        "An accepted message is offered until it is taken.",
    ),
)
_VIETNAMESE = {
    "outbox": {
        "ready": "Sẵn sàng gửi",
        "sending": "Đang gửi",
        "retry-wait": "Chờ gửi lại",
        "sent": "Đã gửi",
        "awaiting-receipt": "Chờ biên nhận",
        "receipted": "Đã có biên nhận",
        "unknown": "Chưa rõ kết quả",
        "rejected": "Bị từ chối",
        "held": "Giữ lại chờ xử lý",
        "dead": "Ngừng gửi",
        "expired": "Quá hạn",
        "cancelled": "Đã hủy",
    },
    "arrival": {
        "stored": "Đã lưu",
        "verifying": "Đang kiểm tra",
        "accepted": "Đã chấp nhận",
        "quarantined": "Để riêng",
    },
    "inbox": {
        "accepted": "Đã chấp nhận",
        "waiting": "Chờ người quyết định",
        "registered": "Đã vào sổ",
    },
    "handling": {
        "pending": "Chờ bàn giao",
        "running": "Đang bàn giao",
        "retry": "Chờ thử lại",
        "done": "Đã bàn giao",
        "dead": "Ngừng thử",
    },
}


def _names(machine: Machine[Any, Any]) -> Mapping[str, str]:
    """Give the Vietnamese names of the states by value."""
    known = _VIETNAMESE.get(machine.name)
    return known or {state.value: state.vietnamese for state in type(machine.first)}


def drawings() -> dict[str, str]:
    """Give every drawing by its file name."""
    return {f"states-{machine.name}.svg": draw(machine, _names(machine)) for machine, _, _ in _MACHINES}


def states_page() -> Iterator[str]:
    """Every machine: its drawing, its states in both languages, and its table."""
    yield "# States"
    yield ""
    yield _INTRO
    for machine, title, text in _MACHINES:
        names = _names(machine)
        yield ""
        yield f"## {title}"
        yield ""
        yield text
        yield ""
        yield f"![The states of {machine.name}](states-{machine.name}.svg)"
        yield ""
        yield "| State | Vietnamese | Steps |"
        yield "|---|---|---|"
        for state, ways in leaving(machine).items():
            steps = "; ".join(
                f"{', '.join(f'`{one}`' for one in steps)} → {target.value}" for target, steps in ways.items()
            )
            yield f"| `{state.value}` | {names[state.value]} | {steps or 'an end'} |"


@attrs.frozen
class _Box:
    """One state: its place, and its rows, each with the steps to one state."""

    state: Any
    top: int
    rows: tuple[tuple[Any, tuple[str, ...]], ...]

    @property
    def height(self) -> int:
        return max(2, len(self.rows) + 1) * _ROW + _PAD

    @property
    def entry(self) -> int:
        """Where the arrow goes in: above the rows that lead out."""
        return self.top + _PAD // 2 + _ROW // 2

    def exit(self, place: int) -> int:
        return self.entry + (place + 1) * _ROW


def leaving(machine: Machine[Any, Any]) -> dict[Any, dict[Any, list[str]]]:
    """Give for each state the states it leads to, with the steps that do."""
    ways: dict[Any, dict[Any, list[str]]] = {state: {} for state in type(machine.first)}
    for (source, step), target in machine.steps.items():
        ways[source].setdefault(target, []).append(step.value)
    return ways


def draw(machine: Machine[Any, Any], names: Mapping[str, str]) -> str:
    """Give the drawing of *machine*; *names* are the Vietnamese names of its states by value."""
    boxes, y = {}, _TOP
    for state, ways in leaving(machine).items():
        rows = tuple((target, tuple(ways[target])) for target in type(machine.first) if target in ways)
        boxes[state] = _Box(state, y, rows)
        y += boxes[state].height + _GAP
    texts = [text for state in boxes for text in (state.value, names[state.value])]
    wide = round(max(map(len, texts)) * (_LETTER + 0.6)) + 2 * _PAD
    labels = [_label(box, place) for box in boxes.values() for place in range(len(box.rows))]
    right = _LEFT + wide
    first_lane = right + 2 * _PAD + round(max(map(len, labels)) * _LETTER)
    reached = [
        state for state in boxes if any(state in dict(b.rows) for b in boxes.values() if b.state != state)
    ]
    # Nearest to the boxes is the lane that spans least, so that few lines cross.
    reached.sort(key=lambda state: (_span(state, boxes), list(boxes).index(state)))
    lanes = {state: first_lane + place * _LANE for place, state in enumerate(reached)}
    width = first_lane + len(lanes) * _LANE
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}">',
        '<g font-family="DejaVu Sans, Arial, sans-serif" font-size="11">',
        f"<title>{escape(machine.name)}</title>",
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>',
    ]
    for state, x in lanes.items():
        out += _bus(state, x, right, boxes, _COLOURS[reached.index(state) % len(_COLOURS)])
    for box in boxes.values():
        out += _boxed(box, names, wide, machine)
        out += _labelled(box, right, reached)
    return "\n".join((*out, "</g>", "</svg>")) + "\n"


def _label(box: _Box, place: int) -> str:
    target, steps = box.rows[place]
    return ("↻ " if target is box.state else "") + ", ".join(steps)


def _span(state: Any, boxes: Mapping[Any, _Box]) -> int:
    ends = [boxes[state].entry, *(y for _, y in _joins(state, boxes))]
    return max(ends) - min(ends)


def _joins(state: Any, boxes: Mapping[Any, _Box]) -> list[tuple[_Box, int]]:
    return [
        (box, box.exit(place))
        for box in boxes.values()
        for place, (target, _) in enumerate(box.rows)
        if target is state and box.state is not state
    ]


def _bus(state: Any, x: int, right: int, boxes: Mapping[Any, _Box], colour: str) -> list[str]:
    joins, entry = _joins(state, boxes), boxes[state].entry
    ends = [entry, *(y for _, y in joins)]
    lines = [
        f'<path d="M{x} {min(ends)}V{max(ends)}M{x} {entry}H{right + 7}" fill="none" stroke="{colour}"/>'
    ]
    lines.append(f'<path d="M{right} {entry}l8 -4v8z" fill="{colour}"/>')
    for _, y in joins:
        lines.append(
            f'<path d="M{right} {y}H{x}" stroke="{colour}"/><circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
        )
    return lines


def _boxed(box: _Box, names: Mapping[str, str], wide: int, machine: Machine[Any, Any]) -> list[str]:
    middle, centre = _LEFT + wide // 2, box.top + box.height // 2
    final = box.state in machine.final
    lines = [_frame(box, wide, 0, "#eef3ea" if final else "#eef2f8")]
    if final:
        lines.append(_frame(box, wide, 3, "none"))
    value, name = escape(box.state.value), escape(names[box.state.value])
    start = f'<text x="{middle}" text-anchor="middle"'
    lines.append(f'{start} y="{centre - 3}" font-weight="bold">{value}</text>')
    lines.append(f'{start} y="{centre + 12}">{name}</text>')
    if box.state is machine.first:
        lines.append(f'<circle cx="9" cy="{centre}" r="5"/><path d="M{_LEFT} {centre}l-8 -4v8z"/>')
        lines.append(f'<path d="M9 {centre}H{_LEFT - 7}" stroke="#000000"/>')
    return lines


def _frame(box: _Box, wide: int, inset: int, fill: str) -> str:
    place = f'x="{_LEFT + inset}" y="{box.top + inset}"'
    size = f'width="{wide - 2 * inset}" height="{box.height - 2 * inset}"'
    return f'<rect {place} {size} rx="{6 - inset // 2}" fill="{fill}" stroke="#333333"/>'


def _labelled(box: _Box, right: int, order: list[Any]) -> list[str]:
    lines = []
    for place, (target, _) in enumerate(box.rows):
        # A label stands on its line; one that leads back to the same state has none.
        own = target is box.state
        colour = "#333333" if own else _COLOURS[order.index(target) % len(_COLOURS)]
        where = f'x="{right + _PAD}" y="{box.exit(place) - 3}"'
        lines.append(f'<text {where} fill="{colour}">{escape(_label(box, place))}</text>')
    return lines
