"""Breaches, and the step series of calls up and calls in breach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from drill.timeline.values import Breach, Call, Step, Turn


def breaches(turns: Sequence[Turn], calls: Sequence[Call], slo_s: float) -> tuple[Breach, ...]:
    """Each turn's time beyond the SLO, within its call; a call in breach twice at once is so once."""
    spans = {call.call: (call.start_s, call.end_s) for call in calls}
    by_call: defaultdict[str, list[Breach]] = defaultdict(list)
    for turn in turns:
        start_s, end_s = spans.get(turn.call, (turn.eos_s, turn.until_s))
        late = Breach(
            max(start_s, turn.eos_s + slo_s), min(end_s, turn.until_s), call=turn.call, turn=turn.id
        )
        if late.end_s > late.start_s:
            by_call[turn.call].append(late)
    found = [breach for late in by_call.values() for breach in _joined(late)]
    return tuple(sorted(found, key=lambda b: (b.start_s, b.end_s, b.call)))


def _joined(late: list[Breach]) -> Iterable[Breach]:
    """Overlapping breaches of one call as one, ended by the turn that ended last."""
    late.sort(key=lambda b: (b.start_s, b.end_s))
    current = late[0]
    for breach in late[1:]:
        if breach.start_s > current.end_s:
            yield current
            current = breach
        elif breach.end_s > current.end_s:
            current = Breach(current.start_s, breach.end_s, call=breach.call, turn=breach.turn)
    yield current


def steps(calls: Sequence[Call], found: Sequence[Breach]) -> tuple[Step, ...]:
    """How many calls are up and in breach, from each moment where that changes to the next."""
    changes: defaultdict[float, list[int]] = defaultdict(lambda: [0, 0])
    for call in calls:
        if call.end_s > call.start_s:
            changes[call.start_s][0] += 1
            changes[call.end_s][0] -= 1
    for breach in found:
        changes[breach.start_s][1] += 1
        changes[breach.end_s][1] -= 1
    up = breached = 0
    series = []
    for t_s in sorted(changes):
        up, breached = up + changes[t_s][0], breached + changes[t_s][1]
        series.append(Step(t_s, up, breached))
    return tuple(series)
