"""Ground for drawing: coordinates, escaped text, thinning to what a pixel can show."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

CHARACTER = 6.8  # mean width of a character of the picture's text, in its units
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def number(value: float) -> str:
    """A coordinate to a tenth: what no screen can show would only make the page longer."""
    text = f"{value:.1f}"
    return "0" if text in ("-0.0", "0.0") else text.removesuffix(".0")


def text(x: float, y: float, words: str, classes: str, anchor: str = "start") -> str:
    """A text element; the words may come from anybody."""
    where = f'x="{number(x)}" y="{number(y)}"'
    ended = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{classes}" {where}{ended}>{escape(visible(words))}</text>'


def visible(words: str) -> str:
    """Without what no page may hold: control characters, halves of characters, reversals of writing."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", words)


def shorten(words: str, width: float) -> str:
    """As many words as fit into a width, with an ellipsis where some did not."""
    most = max(1, int(width / CHARACTER))
    return words if len(words) <= most else words[: most - 1] + "…"


def rect(x: float, y: float, width: float, height: float, classes: str, extra: str = "") -> str:
    """A rectangle, never thinner than can be seen."""
    size = f'width="{number(max(width, 1.5))}" height="{number(height)}"'
    return f'<rect class="{classes}" x="{number(x)}" y="{number(y)}" {size}{extra}/>'


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    """A straight line."""
    ends = zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True)
    return f'<line class="{classes}" ' + " ".join(f'{name}="{number(v)}"' for name, v in ends) + "/>"


@dataclass(frozen=True, slots=True)
class Scale:
    """From seconds to the horizontal coordinate."""

    start_s: float
    end_s: float
    left: float
    right: float

    def __call__(self, t_s: float) -> float:
        """Clipped to the picture."""
        return next(self.each((t_s,)))

    def each(self, times_s: Iterable[float]) -> Iterator[float]:
        """Of many: a picture may have a million dots."""
        start_s, left, width = self.start_s, self.left, self.right - self.left
        length_s = max(self.end_s - start_s, 1e-9)
        return (left + min(1.0, max(0.0, (t_s - start_s) / length_s)) * width for t_s in times_s)

    def shows(self, t_s: float) -> bool:
        """Whether a moment lies within the picture."""
        return self.start_s <= t_s <= self.end_s

    def ticks(self, apart: float) -> list[int]:
        """Round seconds, at least so many units apart."""
        per_s = (self.right - self.left) / max(self.end_s - self.start_s, 1e-9)
        days = math.ceil(apart / per_s / 86400) * 86400
        step = next((s for s in _STEPS if s * per_s >= apart), days)
        return list(range(math.ceil(self.start_s / step) * step, math.floor(self.end_s) + 1, step))


def thin_steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """In each column of the picture the last value, preceded by the highest: no peak is lost."""
    columns: dict[int, tuple[float, float, float]] = {}
    for x, value in points:
        _, highest, _ = columns.get(round(x), (x, value, value))
        columns[round(x)] = (x, max(highest, value), value)
    found: list[tuple[float, float]] = []
    for column in sorted(columns):
        x, highest, last = columns[column]
        found += [(x, highest), (x, last)] if highest != last else [(x, last)]
    return found


def thin_dots(points: Iterable[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """One dot for each place; when there are still too many, evenly chosen ones with both ends."""
    pixels = {(round(x), round(y * 2)) for x, y in points}
    places = sorted((float(x), y / 2) for x, y in pixels)
    if len(places) <= most:
        return places
    return [places[i * (len(places) - 1) // (most - 1)] for i in range(most)]
