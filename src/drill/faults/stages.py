"""The ways speech and model fail, each made at one zone's link to one stage.

slow, timeout                          the answer comes late, or so late that nobody waits for it
failing, stalling, rate-limited, empty a stand-in answers, or spoils what the stage answers (`standin`)
"""

from __future__ import annotations

from drill.definition.stages import SLOW_JITTER_MS, SLOW_MS, StageOrder
from drill.faults import Fault
from drill.faults.ehr import SILENCE_MS
from drill.faults.link import LinkToxic, LinkUpstream
from drill.faults.toxiproxy import Toxic
from drill.model.errors import WorldError
from drill.model.target import Stage, Target

TOXIC_NAME = "drill-stage"
# What a stand-in is told to be.
STAND_INS = {
    "failing": "errors", "stalling": "stalling", "rate-limited": "rate-limited", "empty": "empty",
}  # fmt: skip
_LATENCY_MS = {"slow": (SLOW_MS, SLOW_JITTER_MS), "timeout": (SILENCE_MS, 0)}


def stage_fault(order: StageOrder, way: Stage, stand_in: str = "") -> Fault:
    """The fault of an order on one way; `stand_in` is the address that most modes lead to."""
    witness = order.witness(way.stage, way.zone)
    if order.mode in STAND_INS:
        return LinkUpstream(way.api, way.proxy, stand_in, witness)
    latency_ms, jitter_ms = _LATENCY_MS[order.mode]
    values = (("jitter", jitter_ms), ("latency", latency_ms))
    return LinkToxic(way.api, way.proxy, Toxic(TOXIC_NAME, "latency", "downstream", 1.0, values), witness)


def ways_to(target: Target, stages: tuple[str, ...]) -> list[Stage]:
    """Every zone's way to these stages; WorldError when the target names none to one of them."""
    found = [way for way in target.stages if way.stage in stages]
    if missing := [stage for stage in stages if stage not in {way.stage for way in found}]:
        raise WorldError(
            f"target {target.name!r} names no way to {', '.join(missing)}; "
            f"add [[target.{target.name}.stages]]"
        )
    return found
