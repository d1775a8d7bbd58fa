"""The ways a zone, or one service of it, fails; each made for one zone of a target.

kill        the zone loses its power
pause       it freezes: sockets stay open, nobody answers
isolate     all ways into and out of it are cut, its processes live
flap        its power goes and comes, several times
lossy-kill  its replication falls silent for a moment, then its power goes
"""

from __future__ import annotations

from drill.definition.needs import SERVICE_MODES, ZONE_MODES
from drill.faults import Fault
from drill.faults.replication_stall import ReplicationStalled
from drill.faults.service_hang import ServiceHung
from drill.faults.service_kill import ServiceKilled
from drill.faults.switches import Way
from drill.faults.zone_isolate import ZoneIsolated
from drill.faults.zone_kill import ZoneKilled
from drill.faults.zone_pause import ZonePaused
from drill.model.errors import WorldError
from drill.model.target import Target

FLAP, LOSSY = "flap", "lossy-kill"
__all__ = [
    "FLAP",
    "LOSSY",
    "SERVICE_MODES",
    "ZONE_MODES",
    "control_of",
    "service_fault",
    "stall",
    "zone_fault",
]


def zone_fault(mode: str, target: Target, zone: str) -> Fault:
    """The fault of a mode on one zone; WorldError when the target names no means for it."""
    control = control_of(target)
    match mode:
        case "kill" | "flap" | "lossy-kill":
            return ZoneKilled(control, zone)
        case "pause":
            return ZonePaused(control, zone)
        case "isolate":
            return ZoneIsolated(control, zone, _ends(target, zone))
    raise ValueError(f"{mode!r} is no way a zone fails; write one of {', '.join(ZONE_MODES)}")


def stall(target: Target, zone: str) -> ReplicationStalled:
    """The silence of a zone's replication; WorldError when the target names no wire that carries it."""
    ways = [Way(w.api, w.proxy) for w in target.wires if w.carries == "wal" and w.zone == zone]
    if not ways:
        raise WorldError(f"target {target.name!r} names no wal wires that lead to zone {zone}")
    return ReplicationStalled(control_of(target), zone, tuple(sorted(ways)))


def service_fault(mode: str, target: Target, zone: str, service: str) -> Fault:
    """The fault of a mode on one service."""
    if mode not in SERVICE_MODES:
        raise ValueError(f"{mode!r} is no way a service fails; write one of {', '.join(SERVICE_MODES)}")
    kind = ServiceKilled if mode == "kill" else ServiceHung
    return kind(control_of(target), zone, service)


def control_of(target: Target) -> str:
    """The root of the target's zone control; WorldError when it names none."""
    if not target.control:
        raise WorldError(f'target {target.name!r} names no zone control; add control = "http://..."')
    return target.control


def _ends(target: Target, zone: str) -> tuple[Way, ...]:
    """Every way with the zone at either end, its ways to the EHR, to speech and to the model included."""
    ways = [Way(wire.api, wire.proxy) for wire in target.wires if zone in (wire.source, wire.zone)]
    if not ways:
        raise WorldError(f"target {target.name!r} names no wires of zone {zone}; add [[target.NAME.wires]]")
    links = target.ehr.links if target.ehr is not None else ()
    ways += [Way(link.api, link.proxy) for link in links if link.zone == zone]
    ways += [Way(way.api, way.proxy) for way in target.stages if way.zone == zone]
    return tuple(sorted(ways))
