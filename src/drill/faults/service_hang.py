"""One service hangs (SIGSTOP), once: it is there, it listens, it answers nothing. Finding that out is the
platform's part, and so is what comes after. What nobody finds is let run on at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.service import captured, left, shown, witness


@dataclass(frozen=True, slots=True)
class ServiceHung:
    """`control` freezes the named service of the zone."""

    kind: ClassVar[str] = "service-hang"
    control: str
    zone: str
    service: str

    @property
    def witness(self) -> str:
        """See Fault."""
        return witness(self.zone, self.service, "timeout")

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(**spec)

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self)

    def capture(self, world: World) -> dict[str, Any]:
        """The service, which has to run."""
        return captured(world.control(self.control), self.zone, self.service)

    def apply(self, world: World) -> dict[str, Any]:
        """A hang looks like work from outside until somebody asks: the witness is the read-back."""
        control = world.control(self.control)
        control.order_service(self.zone, self.service, "freeze")
        return shown(control.zone(self.zone).service(self.service))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Nothing is started. Where the same process is still there, nobody found the hang, and it is let run
        on: a stop is ours to undo, unlike a death. In a zone that somebody froze nothing is woken."""
        control = world.control(self.control)
        found = control.zone(self.zone)
        if found.state != "up" or found.service(self.service).pid != prior.get("pid"):
            return left(control, self.zone, self.service)
        after = control.order(self.zone, "thaw").service(self.service)
        return {**shown(after), "reverted by": "the drill: nobody had found it"}
