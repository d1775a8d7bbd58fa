"""Many proxies switched as nearly at once as can be: one request each, side by side, then one look at all.

A cut that takes seconds is another fault: the zone would be half there meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from drill.faults import World
from drill.faults.toxiproxy import ProxyState
from drill.model.errors import NoAnswerError, WorldError

AT_ONCE = 8


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """A proxy by its server's address and its name."""

    api: str
    proxy: str


def read(world: World, ways: Sequence[Way]) -> dict[Way, ProxyState]:
    """Every way as it is, one request per server; WorldError when one is not there."""
    servers = {api: world.server(api).read_all() for api in sorted({way.api for way in ways})}
    missing = [way.proxy for way in ways if way.proxy not in servers[way.api]]
    if missing:
        raise WorldError(f"there is no proxy {', '.join(missing)} at {', '.join(servers)}")
    return {way: servers[way.api][way.proxy] for way in ways}


def switch(world: World, wanted: dict[Way, bool]) -> dict[Way, ProxyState]:
    """Each way on or off; WorldError that names those which are not as wanted. All are tried."""

    def one(way: Way) -> None:
        world.server(way.api).switch(way.proxy, enabled=wanted[way])

    failures = at_once(one, wanted)
    found = read(world, tuple(wanted))
    wrong = [way.proxy for way, on in wanted.items() if found[way].enabled is not on]
    if wrong:
        what = f"switched only in part, not {', '.join(wrong)} ({len(wrong)} of {len(wanted)})"
        raise in_part(failures, what)
    return found


def in_part(failures: Sequence[WorldError], what: str) -> WorldError:
    """Why not all is as wanted; an order without an answer among them may yet be carried out."""
    unclear = any(isinstance(failure, NoAnswerError) for failure in failures)
    said = f"{what}; {failures[0]}" if failures else what
    return NoAnswerError(said) if unclear else WorldError(said)


def at_once(one: Callable[[Way], None], ways: Iterable[Way]) -> list[WorldError]:
    """Do it to each way, some at a time; what went wrong."""

    def tried(way: Way) -> WorldError | None:
        try:
            one(way)
        except WorldError as error:
            return error
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [failure for failure in pool.map(tried, ways) if failure]
