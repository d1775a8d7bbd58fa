"""A zone's replication falls silent: what its member writes reaches nobody, though all connections stand.

On loopback a replica is never behind, so that a plain kill loses nothing even where nobody waits for the
replica. Stalled for a moment before the zone dies, replication has something to lose.

What is sent meanwhile is dropped, not delayed: a delay would be paid out when the fault is reverted, and the
dead zone's last writes would arrive after all. Reverting closes the connections; replication starts anew
from what really arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.switches import Way, at_once, in_part, read
from drill.faults.toxiproxy import ProxyState, Toxic
from drill.faults.zone import captured
from drill.model.errors import WorldError

# `timeout` 0 drops for ever; removing it closes the connection.
TOXIC = Toxic("drill-wal", "timeout", "downstream", 1.0, (("timeout", 0),))


@dataclass(frozen=True, slots=True)
class ReplicationStalled:
    """A named toxic on every way by which others replicate from the zone."""

    kind: ClassVar[str] = "replication-stall"
    control: str
    zone: str
    ways: tuple[Way, ...]

    @property
    def witness(self) -> str:
        """See Fault."""
        return f"wal/{self.zone}:timeout"

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(spec["control"], spec["zone"], tuple(Way(*way) for way in spec["ways"]))

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        ways = [[way.api, way.proxy] for way in self.ways]
        return {"control": self.control, "zone": self.zone, "ways": ways}

    def capture(self, world: World) -> dict[str, Any]:
        """What is on the ways; a toxic of our name there already means somebody else's drill."""
        captured(world.control(self.control), self.zone)
        states = read(world, self.ways)
        held = [way.proxy for way, state in states.items() if _stalled(state)]
        if held:
            raise WorldError(
                f"{', '.join(held)} already carry a toxic {TOXIC.name!r}: another drill holds them; "
                "run `drill heal` on that run first"
            )
        return _shown(states)

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault."""
        return self._sure(world, at_once(lambda way: _lay(world, way), self.ways), stalled=True)

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Only our toxic goes; others' toxics and switches stay."""
        held = [proxy for _, proxy, toxics in prior["ways"] if TOXIC.name in toxics]
        if held:
            raise WorldError(
                f"{', '.join(held)} had a toxic {TOXIC.name!r} before; they are left as they are"
            )
        return self._sure(world, at_once(lambda way: _lift(world, way), self.ways), stalled=False)

    def _sure(self, world: World, failures: list[WorldError], *, stalled: bool) -> dict[str, Any]:
        states = read(world, self.ways)
        done = sum(_stalled(state) is stalled for state in states.values())
        if done < len(states):
            word = "stalled" if stalled else "restored"
            raise in_part(
                failures, f"{word} only {done} of {len(states)} replication ways of zone {self.zone}"
            )
        return _shown(states)


def _stalled(state: ProxyState) -> bool:
    return any(toxic.name == TOXIC.name for toxic in state.toxics)


def _lay(world: World, way: Way) -> None:
    world.server(way.api).add_toxic(way.proxy, TOXIC)


def _lift(world: World, way: Way) -> None:
    world.server(way.api).remove_toxic(way.proxy, TOXIC.name)


def _shown(states: dict[Way, ProxyState]) -> dict[str, Any]:
    """Per way: server, proxy, names of its toxics."""
    return {"ways": [[w.api, w.proxy, [t.name for t in s.toxics]] for w, s in sorted(states.items())]}
