"""A zone stops without ending: the gray failure. Sockets stay open, the kernel still takes connections,
and nobody answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.zone import captured, ordered, shown


@dataclass(frozen=True, slots=True)
class ZonePaused:
    """`control` freezes every process of the zone."""

    kind: ClassVar[str] = "zone-pause"
    control: str
    zone: str

    @property
    def witness(self) -> str:
        """See Fault."""
        return f"direct/{self.zone}:timeout"

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
        return ordered(world.control(self.control), self.zone, "freeze", "frozen")

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """The processes run on, if they ran, from where they were: they do not know that time passed."""
        control = world.control(self.control)
        if prior["state"] != "up":
            return shown(control.zone(self.zone))
        return ordered(control, self.zone, "thaw", "up")
