"""A client of the zone control: what takes zones away and gives them back.

    GET  /zones                              {"zones": {"a": {"state": "up", "services": {...}}}}
    POST /zones/a/down|up|freeze|thaw
    POST /zones/a/services/agent-a/kill|freeze

Nothing but a whole, well-formed 2xx is taken for an answer, and every call ends in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from drill.faults.guarded import refusal, send
from drill.model.errors import NoAnswerError, WorldError

READ_WITHIN_S = 5.0
# An order is answered once it is carried out: a zone's processes have to be gone, or there again.
ORDER_WITHIN_S = 15.0
STATES = ("up", "down", "frozen")


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service: `restarts` by the platform itself, `commanded` on request; `pid` 0 while it does not
    run."""

    name: str
    state: str
    pid: int
    restarts: int
    commanded: int


@dataclass(frozen=True, slots=True)
class ZoneState:
    """One zone: `up`, `down` (held down on request) or `frozen`, and its services by name."""

    name: str
    state: str
    services: tuple[ServiceState, ...]

    def service(self, name: str) -> ServiceState:
        """The service of that name; WorldError when the zone has none."""
        found = next((each for each in self.services if each.name == name), None)
        if found is None:
            known = ", ".join(each.name for each in self.services) or "none"
            raise WorldError(f"zone {self.name} has no service {name!r}; its services are {known}")
        return found


class Control:
    """The zone control at one address. Every method raises WorldError when it is not sure."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def zones(self) -> tuple[ZoneState, ...]:
        """All zones, by name."""
        found = self._ask("GET", "/zones", READ_WITHIN_S)
        zones = found.get("zones") if isinstance(found, dict) else None
        if not isinstance(zones, dict):
            raise WorldError(f"the zone control at {self.url} lists no zones")
        return tuple(_zone(name, data) for name, data in sorted(zones.items()))

    def zone(self, name: str) -> ZoneState:
        """One zone; WorldError for one that the control does not know."""
        zones = self.zones()
        found = next((zone for zone in zones if zone.name == name), None)
        if found is None:
            known = ", ".join(zone.name for zone in zones) or "none"
            raise WorldError(f"the zone control at {self.url} knows no zone {name!r}, only {known}")
        return found

    def order(self, zone: str, verb: str) -> ZoneState:
        """`down`, `up`, `freeze` or `thaw`; returns the zone as it is read back afterwards."""
        self._ask("POST", f"/zones/{quote(zone, safe='')}/{verb}", ORDER_WITHIN_S)
        return self.zone(zone)

    def order_service(self, zone: str, service: str, verb: str) -> None:
        """`kill` or `freeze` one service, once."""
        path = f"/zones/{quote(zone, safe='')}/services/{quote(service, safe='')}/{verb}"
        self._ask("POST", path, ORDER_WITHIN_S)

    def _ask(self, method: str, path: str, within_s: float) -> Any:
        url = self.url + path
        try:
            response = send(method, url, deadline_s=within_s)
            found = response.json() if response.ok else None
        except (requests.RequestException, TimeoutError) as error:
            raise NoAnswerError(
                f"the zone control at {url} gave no answer: {type(error).__name__}"
            ) from error
        if not 200 <= response.status_code < 300:
            raise WorldError(
                f"the zone control refused {method} {url}: status {response.status_code} {refusal(response)}"
            )
        return found


def _zone(name: str, data: Any) -> ZoneState:
    try:
        if data["state"] not in STATES:
            raise WorldError(f"the zone control calls zone {name} {data['state']!r}, which is no state")
        services = (_service(each, told) for each, told in sorted(data["services"].items()))
        return ZoneState(name, data["state"], tuple(services))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WorldError(f"what the zone control tells of zone {name} is no zone: {error!r}") from error


def _service(name: str, told: Any) -> ServiceState:
    numbers = [int(told[key] or 0) for key in ("pid", "restarts", "commanded")]
    return ServiceState(name, str(told["state"]), *numbers)
