"""The timeline picture as SVG text: pure, well-formed, the same bytes for the same picture.

      phases    │ ramp │ baseline │ fault │ recovery │
      marks            ┆ applied  ┆ reverted ┆ recovered
      lanes     ▁▂▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃      each with its own axis, all over one time axis
      axis     -15 s    0      +15 s

Colours live in the page's style sheet; here are only classes, so that light, dark and print
share one drawing. Whatever a colour says, a shape, a height or a word says as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from drill.report import lanes
from drill.report.picture import Lane, Mark, Picture, RowLane
from drill.report.svg import CHARACTER, Scale, line, number, rect, shorten, text, visible
from drill.report.words import minus

PHASE_HEIGHT = 20
MARK_HEIGHT = 17
TITLE_HEIGHT = 19
LANE_GAP = 15
AXIS_HEIGHT = 34
WIDE, NARROW = 880, 380


@dataclass(frozen=True, slots=True)
class _Placed:
    mark: Mark
    row: int
    x: float
    anchor: str


def draw(picture: Picture, width: int, name: str, key: str = "") -> str:
    """The picture in a given width; `key` and `name` keep the ids of all drawings on one page apart."""
    own = f"{key}{name}"
    scale = Scale(picture.start_s, picture.end_s, _gutter(picture, width), width - 10)
    placed = _place(picture.marks, scale)
    top = PHASE_HEIGHT + MARK_HEIGHT * (1 + max((p.row for p in placed), default=-1)) + 12
    parts: list[str] = []
    titles: list[str] = []
    bottom = float(top)
    for lane in picture.lanes:
        titles.append(lanes.title(lane, bottom + 11, width))
        body, height = lanes.draw(lane, scale, bottom + TITLE_HEIGHT, own)
        parts.append(body)
        bottom += TITLE_HEIGHT + height + LANE_GAP
    behind = _phases(picture, scale) + _faults(picture, scale, bottom) + _grid(picture, scale, bottom, width)
    tall = number(bottom + AXIS_HEIGHT)
    size = f'viewBox="0 0 {width} {tall}" width="{width}" height="{tall}"'
    labels = f'role="img" aria-labelledby="{own}-title {own}-text"'
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture {name}" {size} {labels}>',
        f'<title id="{own}-title">Timeline of the run</title>',
        f'<desc id="{own}-text">{escape(visible(picture.text))}</desc>',
        _patterns(own), behind, _lines(placed, scale, bottom), *parts, *titles, _labels(placed), "</svg>",
    ))  # fmt: skip


def _gutter(picture: Picture, width: int) -> float:
    longest = max((len(label) for lane in picture.lanes for label in _left_of(lane)), default=0)
    return min(max(38.0, longest * CHARACTER + 10), width / 5)


def _left_of(lane: Lane) -> tuple[str, ...]:
    """What stands left of a lane: names of rows, or values of an axis."""
    if isinstance(lane, RowLane):
        return tuple(row.label for row in lane.rows)
    return tuple(label for _, label in lane.axis.ticks)


def _patterns(name: str) -> str:
    hatch = 'width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    return (
        f'<defs><pattern id="{name}-hatch" {hatch}><rect class="hatch-ground" width="5" height="5"/>'
        f'<rect class="hatch-line" width="2.5" height="5"/></pattern></defs>'
    )


def _phases(picture: Picture, scale: Scale) -> str:
    found = []
    for phase in picture.phases:
        x1, x2 = scale(phase.start_s), scale(phase.end_s)
        if x2 - x1 < 1:
            continue
        found.append(rect(x1 + 0.5, 0, x2 - x1 - 1, PHASE_HEIGHT - 2, f"phase phase-{phase.kind}"))
        if len(phase.label) * CHARACTER < x2 - x1 + 2:
            found.append(text((x1 + x2) / 2, 13, phase.label, f"phase-name on-{phase.kind}", "middle"))
    return "".join(found)


def _faults(picture: Picture, scale: Scale, bottom: float) -> str:
    return "".join(
        rect(
            scale(f.start_s), PHASE_HEIGHT, scale(f.end_s) - scale(f.start_s), bottom - PHASE_HEIGHT, "fault"
        )
        for f in picture.faults
    )


def _grid(picture: Picture, scale: Scale, bottom: float, width: int) -> str:
    found = [line(scale.left, bottom, scale.right, bottom, "axis")]
    for tick in scale.ticks(56 if width < WIDE else 64):
        x = scale(tick)
        found.append(line(x, PHASE_HEIGHT, x, bottom + 4, "zero" if tick == 0 else "grid"))
        label = "0" if tick == 0 else minus(f"{tick:+d} s")
        anchor = "end" if x + 20 > width else "middle"
        found.append(text(min(x, scale.right), bottom + 16, label, "tick", anchor))
    zero = shorten(picture.zero, scale.right - scale.left)
    found.append(text(scale.right, bottom + 31, zero, "tick quiet", "end"))
    return "".join(found)


def _place(marks: tuple[Mark, ...], scale: Scale) -> list[_Placed]:
    """Each label in the first row where it does not run into another, from left to right."""
    placed: list[_Placed] = []
    ends: list[float] = []
    for mark in sorted((m for m in marks if scale.shows(m.t_s)), key=lambda m: (m.t_s, m.label)):
        length = len(mark.label) * CHARACTER + 8
        flipped = scale(mark.t_s) + length > scale.right + 8
        left = scale(mark.t_s) - (length if flipped else 0)
        row = next((i for i, end in enumerate(ends) if left > end + 4), len(ends))
        ends[row:row + 1] = [left + length]  # fmt: skip
        placed.append(_Placed(mark, row, scale(mark.t_s), "end" if flipped else "start"))
    return placed


def _lines(placed: list[_Placed], scale: Scale, bottom: float) -> str:
    found = []
    for each in placed:
        mark, y = each.mark, _label_y(each)
        if mark.low_s is not None and mark.high_s is not None:
            x1, x2 = scale(mark.low_s), scale(mark.high_s)
            found.append(
                rect(min(x1, each.x - 1), y + 4, max(x2 - x1, 2), bottom - y - 4, f"interval {mark.kind}")
            )
        found.append(line(each.x, y - 9, each.x, bottom, f"mark {mark.kind}"))
    return "".join(found)


def _labels(placed: list[_Placed]) -> str:
    return "".join(
        text(
            p.x + (-4 if p.anchor == "end" else 4),
            _label_y(p),
            p.mark.label,
            f"mark-name {p.mark.kind}",
            p.anchor,
        )
        for p in placed
    )


def _label_y(placed: _Placed) -> float:
    return PHASE_HEIGHT + MARK_HEIGHT * placed.row + 13
