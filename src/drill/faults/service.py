"""What the faults of a single service have in common: the platform itself has to undo them.

Restarting what died is the very thing that is drilled, so that reverting does nothing but read back (and
lets a process run on that is stopped still); it is no failure of the drill when the service is gone then.
"""

from __future__ import annotations

from typing import Any

from drill.faults.zone import up
from drill.faults.zone_control import Control, ServiceState
from drill.model.errors import WorldError


def witness(zone: str, service: str, outcome: str) -> str:
    """An agent is the zone's door; of all else only the zone control can tell."""
    return f"direct/{zone}:{outcome}" if service.startswith("agent") else f"service/{zone}:{service}"


def captured(control: Control, zone: str, service: str) -> dict[str, Any]:
    """The service as it is; WorldError when the zone is not up or the service does not run."""
    found = up(control, zone).service(service)
    if found.state != "up" or not found.pid:
        raise WorldError(f"service {service} is {found.state!r}, not up: it cannot be hurt")
    return shown(found)


def left(control: Control, zone: str, service: str) -> dict[str, Any]:
    """The service as the platform has got it by now."""
    return {
        **shown(control.zone(zone).service(service)),
        "reverted by": "nobody: that is the platform's part",
    }


def shown(service: ServiceState) -> dict[str, Any]:
    """For the journal."""
    return {
        "state": service.state, "pid": service.pid,
        "restarts": service.restarts, "commanded": service.commanded,
    }  # fmt: skip
