"""Each zone's breaker: what was sampled, and the transitions between the samples.

A counter of transitions tells of every one, even of those between two samples; the sampled
states alone can skip a short one. A counter that falls was born again with its process.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator

from drill.model.events import BreakerSample, RequestSample
from drill.timeline.probed import BreakerPath, BreakerPoint, RequestPath, RequestPoint, Transition
from drill.timeline.sorted_events import Sorted

_Readable = tuple[BreakerPoint, dict[str, int] | None]


def breakers(events: Sorted) -> tuple[BreakerPath, ...]:
    """The path of every zone that spoke, by name."""
    by_zone: dict[str, list[_Readable]] = {}
    for recorded, sample in events.of(BreakerSample):
        readable = by_zone.setdefault(sample.zone, [])
        if sample.ok:
            point = BreakerPoint(
                events.at(recorded), sample.state,
                sample.successful, sample.failed, sample.not_permitted, recorded.id,
            )  # fmt: skip
            readable.append((point, _counts(sample.transitions)))
    return tuple(_path(zone, by_zone[zone]) for zone in sorted(by_zone))


def _counts(text: str) -> dict[str, int] | None:
    return {str(name): int(count) for name, count in json.loads(text).items()} if text else None


def _path(zone: str, samples: list[_Readable]) -> BreakerPath:
    counted = any(counts is not None for _, counts in samples)
    found: list[Transition] = []
    for before, after in itertools.pairwise(samples):
        found += _counted(zone, before, after) if counted else _sampled(zone, before[0], after[0])
    return BreakerPath(zone, tuple(point for point, _ in samples), tuple(found), counted)


def _sampled(zone: str, before: BreakerPoint, after: BreakerPoint) -> Iterator[Transition]:
    if before.state != after.state:
        yield Transition(zone, after.t_s, before.t_s, before.state, after.state, after.id)


def _counted(zone: str, before: _Readable, after: _Readable) -> Iterator[Transition]:
    """What the counters gained between two samples, put in an order that starts at the former state."""
    old, new = before[1] or {}, after[1] or {}
    gained = Counter(
        {
            name: count - old.get(name, 0) if count >= old.get(name, 0) else count
            for name, count in new.items()
        }
    )
    state = before[0].state
    while left := sorted(+gained):
        name = next((each for each in left if each.partition(">")[0] == state), left[0])
        gained[name] -= 1
        from_state, _, state = name.partition(">")
        yield Transition(zone, after[0].t_s, before[0].t_s, from_state, state, after[0].id)


def requests(events: Sorted) -> tuple[RequestPath, ...]:
    """The wire counter of every zone that has one, by name."""
    by_zone: dict[str, list[RequestPoint]] = {}
    for recorded, sample in events.of(RequestSample):
        points = by_zone.setdefault(sample.zone, [])
        if sample.ok:
            points.append(RequestPoint(events.at(recorded), sample.requests, recorded.id))
    return tuple(RequestPath(zone, tuple(by_zone[zone])) for zone in sorted(by_zone))
