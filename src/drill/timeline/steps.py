"""Breaches, and the step series of callers who are there and callers who are in breach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from drill.timeline.values import Away, Breach, Call, Step, Turn


def breaches(turns: Sequence[Turn], calls: Sequence[Call], slo_s: float) -> tuple[Breach, ...]:
    """Each turn's time beyond the SLO, within its call; a call in breach twice at once is so once."""
    spans = {call.call: (call.start_s, call.end_s) for call in calls}
    by_call: defaultdict[str, list[Breach]] = defaultdict(list)
    for turn in turns:
        if turn.until_s <= turn.eos_s + slo_s:  # in time, as nearly all are
            continue
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


def steps(calls: Sequence[Call], found: Sequence[Breach], waits: Sequence[Away] = ()) -> tuple[Step, ...]:
    """How many callers are there and in breach, from each moment where that changes to the next.

    There are those in a call, and those who are away from one: these are in breach by being away.
    """
    spans = [(c.start_s, c.end_s, 1, 0) for c in calls]
    spans += [(b.start_s, b.end_s, 0, 1) for b in found]
    spans += [(a.start_s, a.end_s, 1, 1) for a in waits]
    changes: defaultdict[float, list[int]] = defaultdict(lambda: [0, 0])
    for start_s, end_s, there, late in spans:
        if end_s > start_s:
            for at_s, sign in ((start_s, 1), (end_s, -1)):
                changes[at_s][0] += sign * there
                changes[at_s][1] += sign * late
    up = breached = 0
    series = []
    for t_s in sorted(changes):
        up, breached = up + changes[t_s][0], breached + changes[t_s][1]
        series.append(Step(t_s, up, breached))
    return tuple(series)
