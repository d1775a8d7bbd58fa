"""Silences: times in which a source that should speak said nothing readable."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from drill.timeline.probed import BreakerPath, LoadPoint, RequestPath, WitnessPoint
from drill.timeline.values import Gap, Span

# Probes ask several times a second and the load speaks once a second: these are many missed words.
PROBE_GAP_S = 2.0
LOAD_GAP_S = 3.0


def gaps(
    zones: Sequence[str],
    within: Span,
    breakers: Sequence[BreakerPath],
    requests: Sequence[RequestPath],
    witness: Sequence[WitnessPoint],
    load: Sequence[LoadPoint],
) -> tuple[Gap, ...]:
    """All silences within a span; a zone that never spoke is one silence as long as the span."""
    found: list[Gap] = []
    breaker_at = {path.zone: [p.t_s for p in path.samples] for path in breakers}
    request_at = {path.zone: [p.t_s for p in path.samples] for path in requests}
    witness_at: defaultdict[str, list[float]] = defaultdict(list)
    for point in witness:
        witness_at[point.zone].append(point.t_s)
    for source, at in (("breaker", breaker_at), ("requests", request_at), ("witness", witness_at)):
        for zone in zones:
            found += _silences(source, zone, at.get(zone, ()), within, PROBE_GAP_S)
    for stream, times in _by_stream(load).items():
        found += _silences("load", stream, times, within, LOAD_GAP_S)
    return tuple(sorted(found, key=lambda g: (g.start_s, g.source, g.zone)))


def _by_stream(load: Sequence[LoadPoint]) -> dict[str, list[float]]:
    streams: defaultdict[str, list[float]] = defaultdict(list)
    for point in load:
        streams[point.stream].append(point.t_s)
    return streams or {"load": []}


def _silences(
    source: str, zone: str, times: Iterable[float], within: Span, longest_s: float
) -> Iterator[Gap]:
    heard = [within.start_s, *(t for t in times if within.start_s < t < within.end_s), within.end_s]
    for start_s, end_s in itertools.pairwise(heard):
        if end_s - start_s > longest_s:
            yield Gap(start_s, end_s, source=source, zone=zone)
