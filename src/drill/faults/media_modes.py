"""The ways callers' media is hurt, each made for one zone of a target: which toxics, and how a door shows it.

What each of them does to callers stands in `media`.
"""

from __future__ import annotations

from drill.definition.media import MediaOrder
from drill.faults.media import NAMES, MediaHurt
from drill.faults.switches import Way
from drill.faults.toxiproxy import Toxic
from drill.model.errors import WorldError
from drill.model.target import Target

_STREAMS = {"up": "upstream", "down": "downstream"}
# Longer than any drill holds.
SILENCE_MS = 3_600_000


def media_fault(order: MediaOrder, target: Target, zone: str) -> MediaHurt:
    """The fault of an order on one zone; WorldError when it cannot be done or the target has no such wire."""
    if problems := list(order.problems()):
        raise WorldError("; ".join(problems))
    ways = sorted(Way(w.api, w.proxy) for w in target.wires if w.carries == "voice" and w.zone == zone)
    if not ways:
        raise WorldError(f"target {target.name!r} names no voice wires that lead to zone {zone}")
    kind, values = _values(order)
    toxics = tuple(Toxic(NAMES[d], kind, _STREAMS[d], 1.0, values) for d in order.directions)
    return MediaHurt(f"media-{order.mode}", zone, tuple(ways), toxics, f"link/{zone}:{_sign(order)}")


def _values(order: MediaOrder) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The toxic's type and attributes."""
    match order.mode:
        case "delay" | "jitter":
            return "latency", (("jitter", order.spread_ms), ("latency", order.latency_ms))
        case "stall":
            return "latency", (("jitter", 0), ("latency", SILENCE_MS))
        case "bandwidth":
            return "bandwidth", (("rate", order.rate_kbytes),)
    return "reset_peer", (("timeout", 0),)


def _sign(order: MediaOrder) -> str:
    words = {"stall": "timeout", "reset": "reset", "jitter": f"spread:{order.seen_ms}"}
    return words.get(order.mode, f"slower:{order.seen_ms}")
