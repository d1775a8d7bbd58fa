"""The runs of a drill one after the other: a dot for each value, a bar for its own 95 % interval.

Times share one scale per lane, from zero; a run that did not come to its end has an arrow instead of a dot.
Words carry everything: the table beside the picture holds the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from drill.model.units import seconds
from drill.quarter.measured import METRICS, Metric, time_told, timed
from drill.quarter.trial import Time, Trial
from drill.report.svg import line, number, text, visible

WIDTH, LEFT, LANE, TITLE, FOOT = 880, 64, 84, 26, 26
_ROUND = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)


def draw_trend(trials: Sequence[Trial], key: str) -> str:
    """The picture as SVG; "" when no run tells a number. `key` keeps its ids apart on the page."""
    shown = [each for each in trials if each.real and any(m.of(each.measures) for m in METRICS)]
    metrics = [metric for metric in METRICS if timed(metric, shown)]
    if not shown or not metrics:
        return ""
    height = len(metrics) * (LANE + TITLE) + FOOT
    parts = [_lane(metric, shown, n * (LANE + TITLE) + TITLE) for n, metric in enumerate(metrics)]
    spoken = escape(visible(" ".join(_spoken(metric, shown) for metric in metrics)))
    return "".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture wide trend" viewBox="0 0 {WIDTH} {height}" ',
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="{key}title {key}text">',
        f'<title id="{key}title">Runs of the quarter, one after the other</title>',
        f'<desc id="{key}text">{spoken}</desc>', *parts, _days(shown, height - FOOT), "</svg>",
    ))  # fmt: skip


def _spoken(metric: Metric, trials: Sequence[Trial]) -> str:
    told = ", ".join(f"{time_told(time)} on {each.day}" for each, time in timed(metric, trials))
    return f"{metric.name}: {told}."


def _x(n: int, of: int) -> float:
    return LEFT + (WIDTH - LEFT - 40) * (n + 0.5) / of


def _lane(metric: Metric, trials: Sequence[Trial], y: float) -> str:
    times = [metric.of(each.measures) for each in trials]
    limits = [metric.limit_s(each.plan) if each.plan else None for each in trials]
    limit = next((each for each in reversed(limits) if each), 0.0)
    top = _top(max([limit, *(t.high_s or t.value_s for t in times if t)]))
    found = [
        text(0, y - 9, metric.name, "lane-name"),
        line(LEFT, y + LANE - 18, WIDTH - 20, y + LANE - 18, "axis"),
    ]
    for value in (0.0, top / 2, top):
        at = _y(value, top, y)
        found += [
            line(LEFT, at, WIDTH - 20, at, "grid"),
            text(LEFT - 8, at + 4, seconds(value) if value else "0", "tick", "end"),
        ]
    if limit:
        at = _y(limit, top, y)
        found += [
            line(LEFT, at, WIDTH - 20, at, "limit"),
            text(WIDTH - 22, at - 4, f"limit {seconds(limit)}", "limit-name", "end"),
        ]
    found += [_dot(time, _x(n, len(times)), top, y) for n, time in enumerate(times) if time]
    return "".join(found)


def _top(highest_s: float) -> float:
    return float(next((each for each in _ROUND if each >= highest_s), highest_s))


def _y(value: float, top: float, y: float) -> float:
    return y + (LANE - 18) * (1 - min(1.0, value / top))


def _dot(time: Time, x: float, top: float, y: float) -> str:
    at = _y(time.value_s, top, y)
    found = ""
    if time.low_s is not None and time.high_s is not None:
        found = line(x, _y(time.low_s, top, y), x, _y(time.high_s, top, y), "whisker")
    if time.open_end:
        shape = f"M{number(x - 5)} {number(at + 4)}l5-8 5 8z"
        return f'{found}<path class="point never" d="{shape}"/>' + text(
            x + 9, at + 4, time_told(time), "tick"
        )
    return f'{found}<circle class="point" cx="{number(x)}" cy="{number(at)}" r="4"/>' + text(
        x + 9, at + 4, time_told(time), "tick"
    )


def _days(trials: Sequence[Trial], y: float) -> str:
    labels = (f"{each.started:%m-%d %H:%M} {each.status.name}" if each.started else "?" for each in trials)
    return "".join(
        text(_x(n, len(trials)), y + 16, label, "tick", "middle") for n, label in enumerate(labels)
    )
