"""Patience: whether and when a caller whose call broke off, or was refused, dials again. Pure.

Theory: callers who lose a zone do not vanish, they come back, all at about the same time, to what is
left; a load without them is lighter than the outage it plays. Pauses are lognormal, as human reaction
times are, and every one of them is drawn from the arrival's own seed: what a platform does decides how
often a caller dials, never what the dice show.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from drill.model.chance import seeded
from drill.model.units import NS_PER_S

REDIALLED_S = 8.0  # a call for which somebody dialled again lasts this long at least: it has a turn in it


@dataclass(frozen=True, slots=True)
class Patience:
    """A caller's. Pauses before dialling again have this median and log-sd, and lie within the bounds;
    `calls_max` counts all calls of a caller, the first included; `trying_s` is counted from the break."""

    pause_s: float = 1.0
    log_sd: float = 0.4
    shortest_s: float = 0.4
    longest_s: float = 4.0
    calls_max: int = 6
    trying_s: float = 30.0


USUAL = Patience()


def pause_s(patience: Patience, seed: int, calls: int, tried_s: float) -> float | None:
    """The pause of a caller who has made `calls` calls, and wants one back since `tried_s` seconds.

    None: out of patience. A call that would be dialled only after `trying_s` is not dialled.
    """
    if calls >= patience.calls_max:
        return None
    source = seeded(_number(f"pause|{seed}|{calls}"))
    drawn_s = source.lognormvariate(math.log(patience.pause_s), patience.log_sd)
    pause_s = round(min(max(drawn_s, patience.shortest_s), patience.longest_s), 3)
    return pause_s if tried_s + pause_s <= patience.trying_s else None


def script_seed(seed: int, attempt: int) -> int:
    """What decides what is said in a caller's call number `attempt`: in the first, the arrival's own seed."""
    return seed if attempt == 1 else _number(f"script|{seed}|{attempt}")


def ends_ns(meant_ns: int, up_ns: int, attempt: int) -> int:
    """When a call that came up at `up_ns` is to end; the caller's first was meant to end at `meant_ns`."""
    return meant_ns if attempt == 1 else max(meant_ns, up_ns + round(REDIALLED_S * NS_PER_S))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
