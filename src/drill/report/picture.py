"""What the timeline picture is made of: plain frozen values, in seconds relative to its zero.

A picture is a stack of lanes over one time axis. A lane knows nothing of drills, so that the
drawing can be tried with three numbers, and the drill knows nothing of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time with a name: a phase, a fault, a state. `kind` chooses how it looks."""

    start_s: float
    end_s: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line through all lanes; `low_s` to `high_s` is its confidence interval."""

    t_s: float
    label: str
    kind: str
    low_s: float | None = None
    high_s: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line that values are held against."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from 0 to `top`, with a label at each tick."""

    top: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class StepLane:
    """One value that holds until the next: (second, value). `beside`: a second such value, dashed."""

    title: str
    note: str
    kind: str
    height: int
    axis: Axis
    points: tuple[tuple[float, float], ...]
    limits: tuple[Limit, ...] = ()
    beside: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Dots:
    """Points of one kind: (second, value)."""

    kind: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DotLane:
    """Single values; what lies beyond the axis is drawn at its upper edge."""

    title: str
    note: str
    height: int
    axis: Axis
    dots: tuple[Dots, ...]
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class BarLane:
    """Counts per `width_s`: (second at which the bar begins, count)."""

    title: str
    note: str
    height: int
    axis: Axis
    width_s: float
    bars: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a lane of states; `text` is read out and shown on hovering."""

    label: str
    text: str
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class RowLane:
    """States, one row for each zone."""

    title: str
    note: str
    row_height: int
    rows: tuple[Row, ...]


Lane = StepLane | DotLane | BarLane | RowLane


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it. `zero` says what second 0 is; `text` tells the picture to who cannot see it."""

    start_s: float
    end_s: float
    zero: str
    text: str
    phases: tuple[Band, ...]
    faults: tuple[Band, ...]
    marks: tuple[Mark, ...]
    lanes: tuple[Lane, ...]
