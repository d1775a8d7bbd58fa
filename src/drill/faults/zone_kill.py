"""A zone loses its power: every process of it ends at once, and none starts until the power is back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.zone import captured, ordered, shown


@dataclass(frozen=True, slots=True)
class ZoneKilled:
    """`control` holds the zone down; connections to it are refused."""

    kind: ClassVar[str] = "zone-kill"
    control: str
    zone: str

    @property
    def witness(self) -> str:
        """See Fault."""
        return f"direct/{self.zone}:refused"

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(**spec)

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self)

    def capture(self, world: World) -> dict[str, Any]:
        """The zone, which has to be up, and not the last one."""
        return shown(captured(world.control(self.control), self.zone))

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault."""
        return ordered(world.control(self.control), self.zone, "down", "down")

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """The power is back, if it was there; what starts then, the platform starts by itself."""
        control = world.control(self.control)
        if prior["state"] != "up":
            return shown(control.zone(self.zone))
        return ordered(control, self.zone, "up", "up")
