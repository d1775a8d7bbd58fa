"""Hurting speech and model: look at every way concerned, start what stands in, then lead them there."""

from __future__ import annotations

from drill.definition.stages import StageOrder
from drill.faults.stages import STAND_INS, stage_fault, ways_to
from drill.model.target import Stage
from drill.toolkit.session import Session


def apply_stages(session: Session, order: StageOrder) -> list[str]:
    """Hurt these stages for every zone; returns the fault ids."""
    ways = ways_to(session.target, order.stages)
    for way in ways:
        stage_fault(order, way).capture(session.world)
    faults = [(way, stage_fault(order, way, _stand_in(session, order, way))) for way in ways]
    return [session.inject(f"{order.mode}-{way.proxy}", fault) for way, fault in faults]


def _stand_in(session: Session, order: StageOrder, way: Stage) -> str:
    """One process for each service that is stood in for, however many zones use it."""
    if order.mode not in STAND_INS:
        return ""
    return session.stand_in(STAND_INS[order.mode], way.probe)
