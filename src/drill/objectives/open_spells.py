"""When a zone's breaker was open: spells from its opening to its closing, half-open trials included."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from drill.timeline import BreakerPath, BreakerPoint, RequestPoint, Span, Timeline

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
NOT_CLOSED = frozenset({OPEN, HALF_OPEN})


def opened_at(path: BreakerPath, from_s: float, until_s: float) -> tuple[float, str] | None:
    """First proof within a time that the breaker was open: a counted transition or a sampled state."""
    proofs = [(t.t_s, t.id) for t in path.transitions if t.to_state == OPEN]
    proofs += [(p.t_s, p.id) for p in path.samples if p.state in NOT_CLOSED]
    return min((proof for proof in proofs if from_s <= proof[0] <= until_s), default=None)


def spells(path: BreakerPath, from_s: float, until_s: float) -> list[Span]:
    """Times between samples that all show the breaker not closed, with no closing counted in between."""
    turned = {t.t_s for t in path.transitions if CLOSED in (t.from_state, t.to_state)}
    found: list[Span] = []
    inside = False
    for point in path.samples:
        not_closed = point.state in NOT_CLOSED and from_s <= point.t_s <= until_s
        if not_closed and inside and point.t_s not in turned:
            found[-1] = Span(found[-1].start_s, point.t_s)
        elif not_closed:
            found.append(Span(point.t_s, point.t_s))
        inside = not_closed
    return [spell for spell in found if spell.length_s > 0]


def all_open(timeline: Timeline, zones: Sequence[str]) -> Span | None:
    """While the fault held and every zone's breaker had opened; None when one never did."""
    fault = timeline.fault
    if fault is None:
        return None
    first = [opened_at(timeline.breaker(zone), fault.start_s, fault.end_s) for zone in zones]
    times = [proof[0] for proof in first if proof]
    return Span(max(times), fault.end_s) if times and len(times) == len(zones) else None


def growth(values: Sequence[int]) -> int:
    """How far a counter went up; one that fell was born again at zero."""
    return sum(after - before if after >= before else after for before, after in itertools.pairwise(values))


def requests_within(points: Sequence[RequestPoint], span: Span) -> list[RequestPoint]:
    """Samples of a wire counter within a span, both ends included."""
    return [p for p in points if span.start_s <= p.t_s <= span.end_s]


def samples_within(points: Sequence[BreakerPoint], span: Span) -> list[BreakerPoint]:
    """Samples of a breaker within a span, both ends included."""
    return [p for p in points if span.start_s <= p.t_s <= span.end_s]
