"""Is everything there that the drill would touch, and would undoing it work?

Rehearsed means, for each fault of the plan, on the target, before anything is applied: its prior state is
captured; the fault's own undoing is carried out from that state, with its real orders and the right to give
them, and finds nothing to undo; where undoing would only read then, each proxy is told to be switched as it
is; and the state captured after that is the one from before. Not rehearsed is what an order does to a
platform that really lost something: whether a zone's services start again is for the drill to find out.
"""

from __future__ import annotations

from collections.abc import Iterable

from drill.faults import Fault, World
from drill.faults.link import LinkToxic
from drill.faults.media import MediaHurt
from drill.faults.replication_stall import ReplicationStalled
from drill.faults.switches import Way, read
from drill.model.errors import WorldError
from drill.toolkit.resolve import Touch

Answer = tuple[bool, str]


def there(found: Iterable[Touch], world: World) -> Answer:
    """Capture the prior state of each; only reads."""
    missing, seen = [], []
    for touch in found:
        try:
            touch.fault.capture(world)
        except WorldError as error:
            missing.append(f"{touch.what}: {error}")
        else:
            seen.append(touch.what)
    return not missing, "; ".join(missing or seen or ["nothing is touched"])


def rehearsed(found: Iterable[Touch], world: World) -> Answer:
    """See the module."""
    wrong, done = [], []
    for touch in found:
        try:
            _rehearse(touch.fault, world)
        except WorldError as error:
            wrong.append(f"{touch.what}: {error}")
        else:
            done.append(touch.what)
    said = (
        f"undone from the state as it is, without effect: {', '.join(done)}" if done else "nothing is touched"
    )
    return not wrong, "; ".join(wrong) or said


def _rehearse(fault: Fault, world: World) -> None:
    prior = fault.capture(world)
    fault.revert(world, prior)
    for way, state in read(world, _only_read(fault)).items():
        world.server(way.api).switch(way.proxy, enabled=state.enabled)
    after = fault.capture(world)
    if after != prior:
        raise WorldError(f"undoing nothing changed something: {prior} became {after}")


def _only_read(fault: Fault) -> tuple[Way, ...]:
    """Proxies of a fault whose undoing changes nothing where its toxic is not there."""
    match fault:
        case LinkToxic(api=api, proxy=proxy):
            return (Way(api, proxy),)
        case MediaHurt(ways=ways) | ReplicationStalled(ways=ways):
            return ways
    return ()
