"""Transport quality by ITU-T G.107 (06/2015), the E-model: estimated, from what calls heard and no more.

    R = 93.2 - Idd - Ie,eff          MOS = f(R)

93.2 is Ro - Is with every other parameter at its default (G.107, 7.7); Idd is what delay alone costs, with
perfect echo control; Ie,eff what the codec and lost speech cost (G.113, appendix I).

The model is of transport, mouth to ear. How long an agent thinks is no part of it: so the only way in is
`estimate`, which takes a `Heard` and nothing else, and the two quantities have types of their own. Delay is
half a round trip, without terminals and jitter buffers. Over TCP nothing is lost: what came too late to be
played stands for it, unless the line's own round trips were all alike: then the agent was late, and not the
line. Both make the result an estimate, and everybody who shows it has to say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NewType

from drill.timeline import Heard

R_DEFAULT = 93.2
STEADY_S = 0.02  # one frame: audio that is no later than that is not late
OneWayMs = NewType("OneWayMs", float)
"""Mouth to ear, in the transport alone: Ta of G.107."""
LossPercent = NewType("LossPercent", float)
"""Speech that was not played when it was due: Ppl of G.107, in percent."""

_PERCEPTIBLE_MS = 100.0  # mT of G.107, table 1, default class of sensitivity; sT is 1
_WORST_IE = 95.0
# G.109, table 1: what users think of speech that is rated R or better.
_CATEGORIES = (
    (90.0, "best"), (80.0, "high"), (70.0, "medium"), (60.0, "low"), (50.0, "poor"),
)  # fmt: skip
BELOW = "not recommended"


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec in G.113's terms: `ie` its own impairment, `bpl` how well it bears random loss."""

    name: str
    ie: float
    bpl: float


# G.113 (11/2007), appendix I, tables I.1 and I.3.
G711 = Codec("G.711", 0.0, 4.3)
G711_PLC = Codec("G.711 with loss concealment", 0.0, 25.1)
G729A = Codec("G.729A", 11.0, 19.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated quality of one call's transport: rating factor and opinion score."""

    r: float
    mos: float


def estimate(heard: Heard) -> Estimate | None:
    """What G.107 expects of this call's transport; None when its round trip is not known.

    G.711 without concealment: the caller's ear plays silence for what is late, and so is it counted.
    """
    if heard.round_trip_s is None:
        return None
    one_way_ms = OneWayMs(heard.round_trip_s * 1000 / 2)
    r = rating(one_way_ms, LossPercent(_lines_share(heard) * 100), G711)
    return Estimate(r, opinion(r))


def _lines_share(heard: Heard) -> float:
    """Share of the agent's audio for whose lateness the line may answer."""
    steady = heard.spread_s is not None and heard.spread_s < STEADY_S
    return 0.0 if steady else heard.late_share


def rating(one_way_ms: OneWayMs, loss: LossPercent, codec: Codec) -> float:
    """R of G.107, equation 7-1, every parameter at its default that is not an argument."""
    return R_DEFAULT - delay_impairment(one_way_ms) - equipment_impairment(loss, codec)


def delay_impairment(one_way_ms: OneWayMs) -> float:
    """Idd of G.107, equations 7-27 and 7-28: none up to 100 ms."""
    if one_way_ms <= _PERCEPTIBLE_MS:
        return 0.0
    x = math.log2(one_way_ms / _PERCEPTIBLE_MS)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def equipment_impairment(loss: LossPercent, codec: Codec) -> float:
    """Ie,eff of G.107, equation 7-29, for random loss (BurstR = 1)."""
    return codec.ie + (_WORST_IE - codec.ie) * loss / (loss + codec.bpl)


def opinion(r: float) -> float:
    """Mean opinion score of R, G.107 annex B: 1 to 4.5.

    Just above R = 0 the curve dips below 1, the worst that there is.
    """
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def category(mos: float) -> str:
    """What G.109, table 1, calls speech of this opinion score; `not recommended` below poor (R = 50)."""
    return next((name for least, name in _CATEGORIES if mos >= opinion(least)), BELOW)
