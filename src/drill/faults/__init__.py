"""Faults as values that can capture, apply, read back and revert themselves.

    prior = fault.capture(world)   # read only
    ...    journal FaultRequested(fault, prior), durable
    fault.apply(world)             # raises WorldError when not sure
    ...
    fault.revert(world, prior)     # idempotent; back to the prior state, not to "off"

A fault is made again from its spec (JSON), so that another process can revert it from the
journal alone. One kind per class; `KINDS` is the table.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from drill.faults.toxiproxy import Server
from drill.model.errors import JournalError


class World(Protocol):
    """What faults reach the platform through: the fault proxy servers, by API address."""

    def server(self, api: str) -> Server:
        """The fault proxy server at this address."""
        ...


class Proxies:
    """The real world: one guarded client per address."""

    def server(self, api: str) -> Server:
        """A client; cheap, holds no connection."""
        return Server(api)


class Fault(Protocol):
    """See the module. `witness` is the outcome a request through the faulted link must show."""

    @property
    def kind(self) -> str:
        """Name in KINDS."""
        ...

    @property
    def witness(self) -> str:
        """Expected `WitnessSample.outcome` while the fault bites."""
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
    from drill.faults.link import LinkDown, LinkToxic, LinkUpstream  # link.py imports this module's protocols

    kinds: dict[str, Any] = {each.kind: each for each in (LinkDown, LinkToxic, LinkUpstream)}
    if kind not in kinds:
        raise JournalError(f"the journal names a fault kind {kind!r} that this version does not know")
    fault: Fault = kinds[kind].from_spec(json.loads(spec))
    return fault
