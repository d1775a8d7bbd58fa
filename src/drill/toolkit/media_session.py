"""Hurting callers' media: choose the zones, look at every wire concerned, then lay the toxics.

Zone after zone, one entry each, so that each zone's own door is the witness; a zone takes some ten
milliseconds. What one zone would refuse is found before any is touched.
"""

from __future__ import annotations

from drill.definition.media import EVERY, MediaOrder
from drill.faults.media import MediaHurt
from drill.faults.media_modes import media_fault
from drill.model.errors import WorldError
from drill.model.target import Target
from drill.toolkit.session import Session
from drill.toolkit.store_members import zone_of


def media_faults(target: Target, order: MediaOrder) -> dict[str, MediaHurt]:
    """The faults of an order by zone; WorldError when one cannot be made."""
    if problems := list(order.problems()):
        raise WorldError("; ".join(problems))
    zones = [z.name for z in target.zones] if order.zone == EVERY else [zone_of(target, order.zone)]
    return {zone: media_fault(order, target, zone) for zone in zones}


def apply_media(session: Session, order: MediaOrder) -> list[str]:
    """Hurt the media of one zone, or of `every` one; returns the fault ids."""
    faults = media_faults(session.target, order)
    for fault in faults.values():
        fault.capture(session.world)
    session.zones.extend(faults)
    return [session.inject(f"{order.mode}-{zone}", fault) for zone, fault in faults.items()]
