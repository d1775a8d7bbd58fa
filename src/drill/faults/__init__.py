"""Faults as values that can capture, apply, read back and revert themselves.

    prior = fault.capture(world)   # read only
    ...    journal FaultRequested(fault, prior), durable
    fault.apply(world)             # raises WorldError when not sure
    ...
    fault.revert(world, prior)     # idempotent; back to the prior state, not to "off"

A fault is made again from its spec (JSON), so that another process can revert it from the
journal alone. One kind per class; `make` holds the table.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from drill.faults.toxiproxy import Server
from drill.faults.zone_control import Control
from drill.model.errors import JournalError


class World(Protocol):
    """What faults reach the platform through: fault proxy servers and zone control, by address."""

    def server(self, api: str) -> Server:
        """The fault proxy server at this address."""
        ...

    def control(self, url: str) -> Control:
        """The zone control at this address."""
        ...


class Proxies:
    """The real world: one guarded client per address."""

    def server(self, api: str) -> Server:
        """A client; cheap, holds no connection."""
        return Server(api)

    def control(self, url: str) -> Control:
        """Likewise."""
        return Control(url)


class Fault(Protocol):
    """See the module. `witness` says what the drill's own requests must come to while it bites."""

    @property
    def kind(self) -> str:
        """Name in the table of `make`."""
        ...

    @property
    def witness(self) -> str:
        """`OUTCOME` of a `WitnessSample` through every zone's EHR link, or `WAY/ZONE:OUTCOME` of a
        `DoorSample`, where an outcome may be `slower:MS` or `spread:MS`."""
        ...

    def spec(self) -> dict[str, Any]:
        """JSON-able arguments from which the fault can be made again."""
        ...

    def capture(self, world: World) -> dict[str, Any]:
        """The prior state, JSON-able; changes nothing."""
        ...

    def apply(self, world: World) -> dict[str, Any]:
        """Inject and read back; WorldError when it is not sure."""
        ...

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Bring the prior state back and read it back; harmless when it is there already."""
        ...


def make(kind: str, spec: str) -> Fault:
    """A fault from its journal entry; JournalError for a kind this version does not know."""
    # These modules import this one's protocols.
    from drill.faults.link import LinkDown, LinkToxic, LinkUpstream
    from drill.faults.media import KINDS, MediaHurt
    from drill.faults.replication_stall import ReplicationStalled
    from drill.faults.service_hang import ServiceHung
    from drill.faults.service_kill import ServiceKilled
    from drill.faults.zone_isolate import ZoneIsolated
    from drill.faults.zone_kill import ZoneKilled
    from drill.faults.zone_pause import ZonePaused

    table = (
        LinkDown, LinkToxic, LinkUpstream, ReplicationStalled, ServiceHung, ServiceKilled, ZoneIsolated,
        ZoneKilled, ZonePaused,
    )  # fmt: skip
    kinds: dict[str, Any] = {each.kind: each for each in table} | dict.fromkeys(KINDS, MediaHurt)
    if kind not in kinds:
        raise JournalError(f"the journal names a fault kind {kind!r} that this version does not know")
    fault: Fault = kinds[kind].from_spec(json.loads(spec))
    return fault
