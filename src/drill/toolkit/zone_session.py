"""Taking zones and services away, in steps: choose, make sure, stall if asked to, take, and give back.

Everything that can be refused is refused before the first step that touches the platform.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from drill.faults import Fault, World
from drill.faults.ledger import outstanding
from drill.faults.zones import FLAP, LOSSY, control_of, service_fault, stall, zone_fault
from drill.journal import read_stream
from drill.model.errors import WorldError
from drill.model.target import Target
from drill.toolkit.session import Session
from drill.toolkit.store_members import zone_of

STALL_S = 1.5
STALL_MAX_S = 60.0
FLAP_MAX_S = 3600.0
TIMES_MAX = 100
_TAKES = ("zone-kill", "zone-pause", "zone-isolate")


@dataclass(frozen=True, slots=True)
class ZoneOrder:
    """What to do to which zone (a name, `primary` or `replica`).

    Attributes:
        stall_s: how long replication from the zone is silent before; None: as long as the mode needs.
        times, down_s, up_s: of a flap.
    """

    mode: str
    zone: str
    stall_s: float | None = None
    times: int = 3
    down_s: float = 4.0
    up_s: float = 4.0

    def __post_init__(self) -> None:
        if not 1 <= self.times <= TIMES_MAX:
            raise WorldError(f"a zone flaps 1 to {TIMES_MAX} times, not {self.times}")
        whole_s = self.times * (self.down_s + self.up_s)
        if not (min(self.down_s, self.up_s) >= 0 and whole_s <= FLAP_MAX_S):
            raise WorldError(f"a flap takes at most {FLAP_MAX_S:g} s, and no time of it is below zero")
        if not 0 <= self.silent_s <= STALL_MAX_S:
            raise WorldError(f"a stall takes 0 to {STALL_MAX_S:g} s, not {self.silent_s:g}")

    @property
    def silent_s(self) -> float:
        """The stall's length; 0 for none."""
        if self.stall_s is None:
            return STALL_S if self.mode == LOSSY else 0.0
        return self.stall_s


def zone_order(
    mode: str,
    zone: str = "primary",
    times: int | str = 3,
    down_s: float | str = 4,
    up_s: float | str = 4,
    stall_s: float | str | None = None,
    total_s: float | str | None = None,
) -> ZoneOrder:
    """An order as experiments write it, numbers maybe as text; WorldError or ValueError for what is none."""
    down, up = float(down_s), float(up_s)
    if total_s is not None:
        down, up = fitted(float(total_s), int(times), down, up)
    return ZoneOrder(mode, zone, None if stall_s is None else float(stall_s), int(times), down, up)


def fitted(total_s: float, times: int, down_s: float, up_s: float) -> tuple[float, float]:
    """(down_s, up_s) in the same proportion, so that all `times` of both take `total_s`."""
    whole_s = times * (down_s + up_s)
    if whole_s <= 0 or total_s < 0:
        raise WorldError("a flap within a time needs times, down_s and up_s above zero")
    return down_s * total_s / whole_s, up_s * total_s / whole_s


def apply_zone(session: Session, order: ZoneOrder) -> list[str]:
    """Take the zone; returns the fault ids. A flap gives it back each time, all else leaves it taken."""
    zone = zone_of(session.target, order.zone)
    fault = zone_fault(order.mode, session.target, zone)
    _spare_one(session, zone)
    fault.capture(session.world)
    session.zones.append(zone)
    stalled = _stalled(session, zone, order.silent_s) if order.silent_s > 0 else []
    taken = [session.inject(f"{order.mode}-{zone}", fault)]
    session.revert_some(stalled, "action")  # it has done its work
    if order.mode != FLAP:
        return [*stalled, *taken]
    return [*stalled, *taken, *_flap(session, f"{FLAP}-{zone}", fault, taken[0], order)]


def apply_service(session: Session, mode: str, service: str, zone: str) -> list[str]:
    """Hurt one service, named in full or by its stem; returns the fault id."""
    found, name = service_named(session.world, session.target, service, zone)
    session.zones.append(found)
    return [session.inject(f"{mode}-{name}", service_fault(mode, session.target, found, name))]


def service_named(world: World, target: Target, service: str, zone: str) -> tuple[str, str]:
    """The zone that is meant and the service's full name there; WorldError when it has none."""
    found = zone_of(target, zone)
    known = [each.name for each in world.control(control_of(target)).zone(found).services]
    names = [name for name in (service, f"{service}-{found}") if name in known]
    if not names:
        raise WorldError(f"zone {found} has no service {service!r}; its services are {', '.join(known)}")
    return found, names[0]


def _stalled(session: Session, zone: str, silent_s: float) -> list[str]:
    fault_id = session.inject(f"stall-{zone}", stall(session.target, zone))
    time.sleep(silent_s)
    return [fault_id]


def _flap(session: Session, label: str, fault: Fault, first: str, order: ZoneOrder) -> list[str]:
    """From the first down on: up again, down again, and up at the end. Returns the later fault ids."""
    ids = [first]
    for left in range(order.times - 1, -1, -1):
        time.sleep(order.down_s)
        session.revert_some(ids[-1:], "action")
        time.sleep(order.up_s)
        if left:
            ids.append(session.inject(label, fault))
    return ids[1:]


def _spare_one(session: Session, zone: str) -> None:
    """A zone that is cut off looks up to the zone control; what this experiment took is known here."""
    session.journal.flush()
    taken = {
        json.loads(each.spec)["zone"]
        for each in outstanding(read_stream(session.path).events)
        if each.fault in _TAKES
    }
    if taken | {zone} >= {each.name for each in session.target.zones}:
        raise WorldError(f"zone {zone} is the last one that this experiment has left: none would be up")
