"""How callers' media is to be hurt, as an order: what it may say, and by how much the drill will see it.

mode        what happens on the wire                         how it is seen at the zone's link door
delay       everything arrives later                         it takes longer
jitter      everything arrives 0 to twice `jitter_ms` later  how long it takes varies
stall       nothing arrives, nothing is lost                 nobody answers
bandwidth   each connection is given `rate_kbps`             it takes longer, in proportion to its page
reset       connections are torn off                         it is torn off

`up` is from callers to agents, `down` from agents to callers. A fault too small for the door to show it
could never be proved, so it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EVERY = "every"
MEDIA_MODES = ("delay", "jitter", "stall", "bandwidth", "reset")
DIRECTIONS = ("up", "down", "both")
NUMBERS = ("delay_ms", "jitter_ms", "rate_kbps")
# What each mode can be told; a number that it would ignore is a mistake.
_TAKES = {"delay": ("delay_ms", "jitter_ms"), "jitter": ("jitter_ms",), "bandwidth": ("rate_kbps",)}
DELAY_MS, JITTER_MS, RATE_KBPS = 150, 60, 16
LONGEST_MS = 60_000
# Below this a busy machine's own hesitation would pass for the fault.
SEEN_MS_MIN = 50
# A door waits for 0.8 s: what takes longer is seen to take at least this.
SEEN_MS_MAX = 700
# No request for a health page, and no answer to one, is shorter than this with its headers.
PAGE_BYTES_MIN = 120
BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class MediaOrder:
    """One fault of media. None for a number is the mode's own: 150 ms, 60 ms, 16 kilobits a second.

    Attributes:
        zone: a name, `primary`, `replica`, or `every`.
        delay_ms, jitter_ms: added in each direction; a delay is within `jitter_ms` of `delay_ms`.
        rate_kbps: kilobits a second, of each connection and direction.
    """

    mode: str
    zone: str
    direction: str = "both"
    delay_ms: int | None = None
    jitter_ms: int | None = None
    rate_kbps: int | None = None

    @property
    def latency_ms(self) -> int:
        """The middle of the delay. Jitter alone is half of its width, for nothing arrives too early."""
        if self.mode == "jitter":
            return self.spread_ms
        return DELAY_MS if self.delay_ms is None else self.delay_ms

    @property
    def spread_ms(self) -> int:
        """How far a delay is from its middle at most."""
        if self.jitter_ms is None:
            return JITTER_MS if self.mode == "jitter" else 0
        return self.jitter_ms

    @property
    def rate_kbytes(self) -> int:
        """Kilobytes a second, as a fault proxy counts."""
        return (RATE_KBPS if self.rate_kbps is None else self.rate_kbps) // BITS_PER_BYTE

    @property
    def directions(self) -> tuple[str, ...]:
        """`up`, `down` or both of them."""
        return ("up", "down") if self.direction == "both" else (self.direction,)

    @property
    def seen_ms(self) -> int | None:
        """By how many milliseconds a link door shows it at least; None where a word shows it."""
        ways = len(self.directions)
        match self.mode:
            case "delay":
                shown = ways * (self.latency_ms - self.spread_ms)
            case "jitter":
                shown = self.spread_ms
            case "bandwidth":
                shown = ways * PAGE_BYTES_MIN // max(1, self.rate_kbytes)
            case _:
                return None
        return min(shown, SEEN_MS_MAX)

    def problems(self) -> Iterator[str]:
        """Everything that is wrong with it, in words; nothing when it can be done."""
        if self.mode not in MEDIA_MODES:
            yield f"mode {self.mode!r} is no way media fails; write one of {', '.join(MEDIA_MODES)}"
            return
        if self.direction not in DIRECTIONS:
            yield f"direction {self.direction!r} is none; write one of {', '.join(DIRECTIONS)}"
        told = [name for name in NUMBERS if getattr(self, name) is not None]
        idle = [name for name in told if name not in _TAKES.get(self.mode, ())]
        if idle:
            yield f"mode {self.mode} has no use for {', '.join(idle)}"
        wrong = [name for name in told if not 0 <= getattr(self, name) <= LONGEST_MS]
        if wrong:
            yield f"{', '.join(wrong)} must be 0 to {LONGEST_MS}"
        if not (idle or wrong):
            yield from self._unseen()

    def _unseen(self) -> Iterator[str]:
        if self.spread_ms > self.latency_ms:
            yield f"jitter_ms {self.spread_ms} is above delay_ms {self.latency_ms}: nothing arrives too early"
        elif self.rate_kbps is not None and (self.rate_kbps % BITS_PER_BYTE or not self.rate_kbps):
            yield f"rate_kbps {self.rate_kbps} is no multiple of 8 above 0: fault proxies count kilobytes"
        elif self.seen_ms is not None and self.seen_ms < SEEN_MS_MIN:
            yield (
                f"mode {self.mode} would show as {self.seen_ms} ms only: nobody could tell it from a slow "
                f"answer; make it {SEEN_MS_MIN} ms at least"
            )


def media_order(told: Mapping[str, Any]) -> MediaOrder:
    """The order that an experiment's arguments make; ValueError for what is no number.

    A number that stands in the experiment's configuration (`${name}`) is not known yet, and left out.
    """
    return MediaOrder(
        str(told.get("mode", "")),
        str(told.get("zone", "")),
        str(told.get("direction", "both")),
        *(_number(name, told.get(name)) for name in NUMBERS),
    )


def _number(name: str, told: object) -> int | None:
    if told is None or str(told).startswith("${"):
        return None
    try:
        return int(str(told))
    except ValueError:
        raise ValueError(f"{name} {told!r} is no whole number") from None
