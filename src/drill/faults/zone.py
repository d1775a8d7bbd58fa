"""What all faults of a zone have in common: they take one zone, never the last one, and only from `up`."""

from __future__ import annotations

from typing import Any

from drill.faults.zone_control import Control, ZoneState
from drill.model.errors import WorldError


def up(control: Control, name: str) -> ZoneState:
    """The zone as it is; WorldError when it is not up, since then somebody else holds it."""
    found = control.zone(name)
    if found.state != "up":
        raise WorldError(
            f"zone {name} is {found.state}, not up: another drill or an incident holds it; "
            "if it was a drill, run `drill heal` on that run first"
        )
    return found


def captured(control: Control, name: str) -> ZoneState:
    """The zone as it is; WorldError when it is not up, or when no other one would be left."""
    found = up(control, name)
    others = [zone for zone in control.zones() if zone.name != name]
    if not others:
        raise WorldError(f"{name} is the only zone: there is none that could take over")
    if not any(zone.state == "up" for zone in others):
        raise WorldError(f"zone {name} is the last one that is up: taking it would leave none")
    return found


def ordered(control: Control, name: str, verb: str, state: str) -> dict[str, Any]:
    """Give an order and read back the state that it should have led to."""
    found = control.order(name, verb)
    if found.state != state:
        raise WorldError(f"zone {name} was told {verb} and reads back {found.state}, not {state}")
    return shown(found)


def shown(zone: ZoneState) -> dict[str, Any]:
    """For the journal."""
    return {"state": zone.state, "services": {each.name: each.state for each in zone.services}}
