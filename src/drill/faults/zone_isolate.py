"""A zone is cut off: all ways into and out of it are gone, while its processes live and do not know.

callers ─x─▶ zone ─x─▶ other zones, EHR          every x is a proxy that stops to listen
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.switches import Way, read, switch
from drill.faults.toxiproxy import ProxyState
from drill.faults.zone import captured
from drill.model.errors import WorldError


@dataclass(frozen=True, slots=True)
class ZoneIsolated:
    """All `ways` of the zone, as one fault: they go together and come back together."""

    kind: ClassVar[str] = "zone-isolate"
    control: str
    zone: str
    ways: tuple[Way, ...]

    @property
    def witness(self) -> str:
        """See Fault."""
        return f"link/{self.zone}:refused"

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(spec["control"], spec["zone"], tuple(Way(*way) for way in spec["ways"]))

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        ways = [[way.api, way.proxy] for way in self.ways]
        return {"control": self.control, "zone": self.zone, "ways": ways}

    def capture(self, world: World) -> dict[str, Any]:
        """Which ways are on; the zone has to be up, and not the last one."""
        captured(world.control(self.control), self.zone)
        states = read(world, self.ways)
        if not any(state.enabled for state in states.values()):
            raise WorldError(f"zone {self.zone} is cut off already: another drill or an incident holds it")
        return _shown(states)

    def apply(self, world: World) -> dict[str, Any]:
        """All off. Cut in part, it is not applied, and still outstanding: reverting undoes the part."""
        return _shown(switch(world, dict.fromkeys(self.ways, False)))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """On again are those that were."""
        wanted = {Way(api, proxy): bool(enabled) for api, proxy, enabled in prior["ways"]}
        return _shown(switch(world, wanted))


def _shown(states: dict[Way, ProxyState]) -> dict[str, Any]:
    return {"ways": [[way.api, way.proxy, state.enabled] for way, state in sorted(states.items())]}
