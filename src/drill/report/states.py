"""Lanes of states: each zone's breaker, and what the drill's own requests met on its link.

A sample says what a state was at one moment; it is drawn until the next sample. Where samples
are missing for too long nothing is known, and that is drawn as well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from drill.report.picture import Band, Row, RowLane
from drill.timeline import BreakerPath, Span, Timeline, WitnessPoint

_BREAKER = {"closed": "calm", "open": "block", "half_open": "trial"}
_WITNESS = {"ok": "calm", "slow": "trial"}
_SPOKEN = {"half_open": "half-open", "http_5xx": "HTTP 5xx", "wrong_patient": "wrong patient"}


def breaker_lane(timeline: Timeline, window: Span) -> RowLane:
    """One row for each zone that spoke."""
    rows = tuple(_breaker_row(path, timeline, window) for path in timeline.breakers)
    return RowLane(
        "Circuit breaker to the EHR", "by zone: line closed, block open, hatched half-open", 18, rows
    )


def _breaker_row(path: BreakerPath, timeline: Timeline, window: Span) -> Row:
    zero_s = timeline.t0_s
    bands = runs([(p.t_s, p.state) for p in path.samples], window, zero_s, _BREAKER)
    sampled = {(b.start_s, b.kind) for b in bands}
    for move in path.transitions:
        # A trial that began and ended between two samples is known from the counter alone.
        at_s = move.t_s - zero_s
        if (
            move.to_state == "half_open"
            and (at_s, "trial") not in sampled
            and window.start_s <= move.t_s <= window.end_s
        ):
            bands.append(Band(at_s, at_s, "", "trial"))
    opened = sum(t.to_state == "open" for t in path.transitions)
    text = f"zone {path.zone}: opened {opened} times in {len(path.samples)} samples"
    return Row(path.zone, text, (*bands, *unknown(timeline, "breaker", path.zone, window)))


def witness_lane(timeline: Timeline, window: Span) -> RowLane:
    """One row for each zone: what came of requests that the drill itself sent through the link."""
    by_zone: defaultdict[str, list[WitnessPoint]] = defaultdict(list)
    for point in timeline.witness:
        by_zone[point.zone].append(point)
    rows = tuple(_witness_row(zone, by_zone[zone], timeline, window) for zone in sorted(by_zone))
    return RowLane("Witness", "the drill's own requests through each link: line ok, block not", 18, rows)


def _witness_row(zone: str, points: Sequence[WitnessPoint], timeline: Timeline, window: Span) -> Row:
    bands = runs([(p.t_s, p.outcome) for p in points], window, timeline.t0_s, _WITNESS)
    counts = sorted(Counter(p.outcome for p in points).items())
    text = f"zone {zone}: " + ", ".join(f"{count} {_SPOKEN.get(name, name)}" for name, count in counts)
    return Row(zone, text, (*bands, *unknown(timeline, "witness", zone, window)))


def runs(
    samples: Sequence[tuple[float, str]],
    window: Span,
    zero_s: float,
    kinds: Mapping[str, str],
    otherwise: str = "block",
) -> list[Band]:
    """Equal samples in a row as one band; each band ends where another state was seen."""
    found: list[Band] = []
    for t_s, state in sorted(s for s in samples if window.start_s <= s[0] <= window.end_s):
        start_s = t_s - zero_s
        label = _SPOKEN.get(state, state)
        if found and found[-1].label == label:
            continue
        if found:
            found[-1] = _ended(found[-1], start_s)
        found.append(Band(start_s, window.end_s - zero_s, label, kinds.get(state, otherwise)))
    return found


def _ended(band: Band, end_s: float) -> Band:
    return Band(band.start_s, end_s, band.label, band.kind)


def unknown(timeline: Timeline, source: str, zone: str, window: Span) -> Iterable[Band]:
    """Where a source of a zone was silent for too long."""
    zero_s = timeline.t0_s
    return (
        Band(
            max(g.start_s, window.start_s) - zero_s,
            min(g.end_s, window.end_s) - zero_s,
            "no sample",
            "unknown",
        )
        for g in timeline.gaps
        if (g.source, g.zone) == (source, zone) and g.start_s < window.end_s and g.end_s > window.start_s
    )
