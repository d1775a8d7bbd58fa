"""How each kind of lane is drawn: `draw(lane, scale, top, name) -> (SVG text, height)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from drill.report.picture import Axis, BarLane, DotLane, Dots, Lane, Limit, Row, RowLane, StepLane
from drill.report.svg import (
    CHARACTER,
    Scale,
    line,
    number,
    rect,
    shorten,
    text,
    thin_dots,
    thin_steps,
    visible,
)

DOTS_MAX = 600
_SHAPES = {
    "degraded": "m0-3.4l3.4 3.4-3.4 3.4-3.4-3.4z",
    "wrong": "m-3-3h6v6h-6z",
    "part": "m-3-3l3 4 3-4",
    "never": "m-3-3l6 6m0-6l-6 6",
}


def title(lane: Lane, y: float, width: int) -> str:
    """What the lane shows, and quietly how to read it where there is room for all of it."""
    name = escape(shorten(visible(lane.title), width))
    fits = (len(lane.title) + len(lane.note)) * (CHARACTER + 0.6) < width
    note = (
        f'<tspan class="lane-note" dx="8">{escape(visible(lane.note))}</tspan>' if lane.note and fits else ""
    )
    return f'<text class="lane-name" x="0" y="{number(y)}">{name}{note}</text>'


def draw(lane: Lane, scale: Scale, top: float, name: str) -> tuple[str, float]:
    """A lane's body below its title, and how high it is."""
    if isinstance(lane, RowLane):
        return _rows(lane, scale, top, name)
    ground = _axis(lane.axis, scale, top, lane.height)
    if isinstance(lane, StepLane):
        drawn = _steps(lane, scale, top) + _beside(lane, scale, top)
        return ground + drawn + _limits(lane.limits, lane.axis, scale, top, lane.height), lane.height
    if isinstance(lane, BarLane):
        return ground + _bars(lane, scale, top), lane.height
    dots = "".join(_dots(d, lane, scale, top) for d in lane.dots)
    return ground + dots + _limits(lane.limits, lane.axis, scale, top, lane.height), lane.height


def _y(value: float, axis: Axis, top: float, height: float) -> float:
    return next(_ys((value,), axis, top, height))


def _ys(values: Iterable[float], axis: Axis, top: float, height: float) -> Iterator[float]:
    return (top + height * (1 - min(1.0, max(0.0, value / axis.top))) for value in values)


def _placed(
    values: Sequence[tuple[float, float]], axis: Axis, scale: Scale, top: float, height: float
) -> Iterator[tuple[float, float]]:
    """Values at their times, in coordinates."""
    ys = _ys((value for _, value in values), axis, top, height)
    return zip(scale.each(t_s for t_s, _ in values), ys, strict=True)


def _axis(axis: Axis, scale: Scale, top: float, height: float) -> str:
    found = []
    for value, label in axis.ticks:
        y = _y(value, axis, top, height)
        found.append(line(scale.left, y, scale.right, y, "axis" if value == 0 else "grid"))
        found.append(text(scale.left - 6, y + 4, label, "tick", "end"))
    return "".join(found)


def _limits(limits: tuple[Limit, ...], axis: Axis, scale: Scale, top: float, height: float) -> str:
    found = []
    for limit in limits:
        y = _y(limit.value, axis, top, height)
        found.append(line(scale.left, y, scale.right, y, "limit"))
        found.append(text(scale.right - 2, y - 4, limit.label, "limit-name", "end"))
    return "".join(found)


def _steps(lane: StepLane, scale: Scale, top: float) -> str:
    if not lane.points:
        return ""
    path = _stairs(lane.points, lane, scale, top)
    fill = f'<path class="area {lane.kind}" d="{path}V{number(top + lane.height)}Z"/>'
    return fill + f'<path class="curve {lane.kind}" d="{path}"/>'


def _beside(lane: StepLane, scale: Scale, top: float) -> str:
    """Only where it is above zero: along the axis it would say nothing."""
    path = "".join(_stairs(spell, lane, scale, top) for spell in _spells(lane.beside))
    return f'<path class="curve beside" d="{path}"/>' if path else ""


def _spells(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Stretches above zero, each with the point at which it ends."""
    found: list[list[tuple[float, float]]] = []
    before = 0.0
    for point in points:
        if point[1] > 0 and before <= 0:
            found.append([])
        if point[1] > 0 or before > 0:
            found[-1].append(point)
        before = point[1]
    return found


def _stairs(values: Sequence[tuple[float, float]], lane: StepLane, scale: Scale, top: float) -> str:
    points = _placed(values, lane.axis, scale, top, lane.height)
    # The highest value has the smallest coordinate: thin on the negative to keep peaks.
    thinned = [(x, -y) for x, y in thin_steps([(x, -y) for x, y in points])]
    path = f"M{number(thinned[0][0])} {number(top + lane.height)}"
    return (
        path + "".join(f"H{number(x)}V{number(y)}" for x, y in thinned) + f"H{number(scale(values[-1][0]))}"
    )


def _bars(lane: BarLane, scale: Scale, top: float) -> str:
    found, base = [], number(top + lane.height)
    for t, count in lane.bars:
        x, right, y = scale(t), scale(t + lane.width_s), _y(count, lane.axis, top, lane.height)
        if count > 0 and right > x:
            found.append(f"M{number(x)} {base}V{number(y)}H{number(right - 0.6)}V{base}Z")
    return f'<path class="bars" d="{"".join(found)}"/>' if found else ""


def _dots(dots: Dots, lane: DotLane, scale: Scale, top: float) -> str:
    places = thin_dots(_placed(dots.points, lane.axis, scale, top, lane.height), DOTS_MAX)
    shape = _SHAPES.get(dots.kind, "h0")
    path = "".join(f"M{number(x)} {number(y)}{shape}" for x, y in places)
    return f'<path class="dots {dots.kind}" d="{path}"/>' if path else ""


def _rows(lane: RowLane, scale: Scale, top: float, name: str) -> tuple[str, float]:
    found = []
    for index, row in enumerate(lane.rows):
        y = top + index * lane.row_height
        label = shorten(row.label, scale.left - 8)
        found.append(text(scale.left - 6, y + lane.row_height / 2 + 3, label, "tick", "end"))
        found.append(
            f"<g><title>{escape(visible(row.text))}</title>{_bands(row, scale, y, lane.row_height, name)}</g>"
        )
    return "".join(found), lane.row_height * max(1, len(lane.rows))


def _bands(row: Row, scale: Scale, y: float, height: float, name: str) -> str:
    found, seen = [], set()
    for band in row.bands:
        x1, x2 = scale(band.start_s), scale(band.end_s)
        place = (round(x1), round(x2), band.kind)
        if place in seen:
            continue  # it would be drawn over itself
        seen.add(place)
        found.append(_band(band.kind, band.label, x1, x2, y, height, name))
    return "".join(found)


def _band(kind: str, label: str, x1: float, x2: float, y: float, height: float, name: str) -> str:
    if kind == "calm":
        return rect(x1, y + height / 2 - 1.5, x2 - x1, 3, "band calm")
    if kind == "thin":
        return line(x1, y + height / 2, x2, y + height / 2, "band thin")
    fill = f' fill="url(#{name}-hatch)"' if kind == "trial" else ""
    found = rect(x1, y + 2, max(x2 - x1, 3), height - 4, f"band {kind}", fill)
    if label and len(label) * CHARACTER + 8 < x2 - x1:
        found += text(x1 + 5, y + height / 2 + 4, label, f"band-name on-{kind}")
    return found
