"""One service ends without warning (SIGKILL), once. What comes after is the platform's part."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.service import captured, left, shown, witness
from drill.model.errors import WorldError

GONE_WITHIN_S = 2.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class ServiceKilled:
    """`control` kills the named service of the zone."""

    kind: ClassVar[str] = "service-kill"
    control: str
    zone: str
    service: str

    @property
    def witness(self) -> str:
        """See Fault."""
        return witness(self.zone, self.service, "refused")

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
        """Killed is who has another pid than before, or none."""
        control = world.control(self.control)
        before = control.zone(self.zone).service(self.service).pid
        control.order_service(self.zone, self.service, "kill")
        deadline = time.monotonic() + GONE_WITHIN_S
        while (found := control.zone(self.zone).service(self.service)).pid == before:
            if time.monotonic() > deadline:
                raise WorldError(f"service {self.service} was told to end and still runs as pid {before}")
            time.sleep(LOOK_EVERY_S)
        return shown(found)

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Nothing is started; what the platform made of it is read back."""
        del prior
        return left(world.control(self.control), self.zone, self.service)
