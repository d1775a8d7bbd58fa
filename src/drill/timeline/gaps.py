"""Silences: times in which a source that should speak said nothing readable.

Breakers, request counters and witnesses should always speak. The other sources should where the plan
counts on them, and where they spoke at all in this run. A store member that does not answer is no silence:
the probe spoke, and said so. An edge or a zone control that cannot be read is one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drill.model.plan import Plan
from drill.timeline.probed import (
    BreakerPath,
    DoorPoint,
    EdgePoint,
    LoadPoint,
    MemberPoint,
    RequestPath,
    ServicePoint,
    WitnessPoint,
)
from drill.timeline.values import Gap, Span

# Probes ask several times a second and the load speaks once a second: these are many missed words.
PROBE_GAP_S = 2.0
LOAD_GAP_S = 3.0
# A service in which nothing changes is written down every two seconds only.
SERVICE_GAP_S = 5.0

_Times = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that should have spoken and what it said; `callers` are the streams that made calls."""

    breakers: tuple[BreakerPath, ...]
    requests: tuple[RequestPath, ...]
    witness: tuple[WitnessPoint, ...]
    load: tuple[LoadPoint, ...]
    doors: tuple[DoorPoint, ...] = ()
    edges: tuple[EdgePoint, ...] = ()
    members: tuple[MemberPoint, ...] = ()
    services: tuple[ServicePoint, ...] = ()
    callers: tuple[str, ...] = ()


def gaps(plan: Plan, within: Span, heard: Heard) -> tuple[Gap, ...]:
    """All silences within a span; a zone that never spoke is one silence as long as the span.

    Sources are `breaker`, `requests`, `witness`, `door.WAY` (`door.direct`), `edge`, `member`, `service`
    by zone, and `load` by stream.
    """
    found: list[Gap] = []
    for source, (zones, times) in _sources(plan, heard).items():
        longest_s = SERVICE_GAP_S if source == "service" else PROBE_GAP_S
        for zone in zones:
            found += _silences(source, zone, times.get(zone, ()), within, longest_s)
    told = _times((p.stream, p.t_s) for p in heard.load)
    for stream in sorted({*told, *heard.callers}) or ["load"]:  # who makes calls has to tell of itself
        found += _silences("load", stream, told.get(stream, ()), within, LOAD_GAP_S)
    return tuple(sorted(found, key=lambda g: (g.start_s, g.source, g.zone)))


def _sources(plan: Plan, heard: Heard) -> dict[str, tuple[Sequence[str], _Times]]:
    """Each source that should speak: the zones it should speak of, and when it did."""
    sources: dict[str, tuple[Sequence[str], _Times]] = {
        "breaker": (plan.zones, {path.zone: [p.t_s for p in path.samples] for path in heard.breakers}),
        "requests": (plan.zones, {path.zone: [p.t_s for p in path.samples] for path in heard.requests}),
        "witness": (plan.zones, _times((p.zone, p.t_s) for p in heard.witness)),
    }
    failover = plan.zones if plan.objectives.failover else ()
    remediation = plan.zones if plan.objectives.remediation else ()
    spoken = {
        "door.direct": (failover, _times((p.zone, p.t_s) for p in heard.doors if p.way == "direct")),
        "edge": (failover, _times((p.zone, p.t_s) for p in heard.edges)),
        "member": (plan.members, _times((p.zone, p.t_s) for p in heard.members)),
        "service": (remediation, _times((p.zone, p.t_s) for p in heard.services)),
    }
    for way in sorted({p.way for p in heard.doors} - {"direct"}):
        spoken[f"door.{way}"] = ((), _times((p.zone, p.t_s) for p in heard.doors if p.way == way))
    for source, (asked, times) in spoken.items():
        sources[source] = (sorted({*asked, *times}), times)
    return sources


def _times(said: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for name, t_s in said:
        times[name].append(t_s)
    return dict(times)


def _silences(
    source: str, zone: str, times: Iterable[float], within: Span, longest_s: float
) -> Iterator[Gap]:
    heard = [within.start_s, *(t for t in times if within.start_s < t < within.end_s), within.end_s]
    for start_s, end_s in itertools.pairwise(heard):
        if end_s - start_s > longest_s:
            yield Gap(start_s, end_s, source=source, zone=zone)
