"""Callers' media into a zone is hurt on its wires, while all connections go on as they can.

callers ═ edge ══ [fault proxy, a toxic for each direction] ══ the zone's agent

What a caller experiences, as tried with the embedded fault proxy and with Toxiproxy 2.12:

delay, jitter   all comes later and in order, as TCP has it; nothing is lost
stall           silence both ways; what was sent meanwhile comes all at once, in order, when it ends. It is
                made by a delay that nobody waits for: Toxiproxy's own `timeout` drops what is under way and
                closes the connection when it is removed, so that no call could survive
bandwidth       speech piles up on its way and comes later and later; what is left comes when it ends
reset           calls break off at the first sound, and new ones do not come up. Toxiproxy ends calls that
                were up already without a reset; the caller is as alone

An edge that asks a zone for its health through the same wire notices what lasts: the sandbox's gives it one
second, twice. Up to 400 ms each way nothing happens; a stall or a reset puts the zone out after two to
three seconds and ends its calls, and their callers dial again. That is the platform's doing, and is drilled.

Reverting makes a toxic harmless before it removes it. Toxiproxy hands what a removed toxic held on by itself,
under its lock, and where the other end is gone it waits five seconds for each piece: a stall whose calls were
ended would keep it silent for minutes. What a harmless toxic lets go is handed on as ever, and what cannot be
ends its connection.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from drill.definition.media import MEDIA_MODES
from drill.faults import World
from drill.faults.switches import Way, at_once, in_part, read
from drill.faults.toxiproxy import ProxyState, Toxic
from drill.model.errors import WorldError

KINDS = tuple(f"media-{mode}" for mode in MEDIA_MODES)
NAMES = {"up": "drill-media-up", "down": "drill-media-down"}
# Attributes with which a toxic does nothing; and how long what it held may take to flow.
_HARMLESS = {"latency": (("jitter", 0), ("latency", 0)), "bandwidth": (("rate", 1_000_000),)}
DRAIN_S = 0.3


@dataclass(frozen=True, slots=True)
class MediaHurt:
    """The same toxics on every voice wire into one zone; others' toxics stay."""

    kind: str
    zone: str
    ways: tuple[Way, ...]
    toxics: tuple[Toxic, ...]
    witness: str

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        ways = tuple(Way(*way) for way in spec["ways"])
        toxics = tuple(_toxic_from(each) for each in spec["toxics"])
        return cls(spec["kind"], spec["zone"], ways, toxics, spec["witness"])

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self) | {"ways": [[way.api, way.proxy] for way in self.ways]}

    def capture(self, world: World) -> dict[str, Any]:
        """What is on the wires, which have to be on; a toxic of our name means somebody else's drill."""
        states = read(world, self.ways)
        if held := [way.proxy for way, state in states.items() if _ours(state)]:
            raise WorldError(
                f"{', '.join(held)} already carry a toxic of a media fault: another drill holds them; "
                "run `drill heal` on that run first"
            )
        if off := [way.proxy for way, state in states.items() if not state.enabled]:
            raise WorldError(f"{', '.join(off)} are switched off: there is no media that could be hurt")
        return _shown(states)

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault. Laid in part, it is not applied, and still outstanding."""

        def lay(way: Way) -> None:
            for toxic in self.toxics:
                world.server(way.api).add_toxic(way.proxy, toxic)

        return self._sure(world, at_once(lay, self.ways), "hurt", set(self.toxics))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Only our toxics go; others' toxics and switches stay."""
        names = {toxic.name for toxic in self.toxics}
        if held := [proxy for _, proxy, toxics in prior["ways"] if names & set(toxics)]:
            raise WorldError(f"{', '.join(held)} had a toxic of that name before; they are left as they are")

        def lift(way: Way) -> None:
            for name in sorted(names):
                world.server(way.api).remove_toxic(way.proxy, name)

        self._ease(world, names)
        return self._sure(world, at_once(lift, self.ways), "restored", set())

    def _ease(self, world: World, names: set[str]) -> None:
        """Let what is held flow. What could not be eased is removed all the same."""
        states = read(world, self.ways)
        there = {
            way: [t for t in state.toxics if t.name in names and t.type in _HARMLESS]
            for way, state in states.items()
        }

        def ease(way: Way) -> None:
            for toxic in there[way]:
                world.server(way.api).set_toxic(way.proxy, replace(toxic, attributes=_HARMLESS[toxic.type]))

        if any(there.values()):
            at_once(ease, self.ways)
            time.sleep(DRAIN_S)

    def _sure(
        self, world: World, failures: list[WorldError], word: str, wanted: set[Toxic]
    ) -> dict[str, Any]:
        states = read(world, self.ways)
        done = sum(_ours(state) == wanted for state in states.values())
        if done < len(states):
            raise in_part(failures, f"{word} only {done} of {len(states)} voice wires of zone {self.zone}")
        return _shown(states)


def _ours(state: ProxyState) -> set[Toxic]:
    return {toxic for toxic in state.toxics if toxic.name in NAMES.values()}


def _toxic_from(spec: dict[str, Any]) -> Toxic:
    pairs = tuple((str(name), int(value)) for name, value in spec["attributes"])
    return Toxic(**{**spec, "attributes": pairs})


def _shown(states: dict[Way, ProxyState]) -> dict[str, Any]:
    """Per wire: server, proxy, names of its toxics."""
    return {"ways": [[w.api, w.proxy, [t.name for t in s.toxics]] for w, s in sorted(states.items())]}
