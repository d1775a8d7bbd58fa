"""Waits of callers who were cut off, each caller's flaps as the one wait that they are.

    cut off ── redial ── taken, dropped ── redial ── taken, dropped ── redial ── in a call that holds
       └──────────────────────────────── one wait ────────────────────────────────┘

Being taken is not being back: a call holds when a good answer came in it, or else when it did not break off
and left no turn unanswered. Who was in such a call and is cut off again waits again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from drill.objectives.writes import ACKNOWLEDGED
from drill.timeline import Away, Call, Timeline, Turn
from drill.timeline.away import BROKEN

Waits = list[Away]


class Callers:
    """Calls and their turns, and who made them."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.calls = {call.call: call for call in timeline.calls}
        self.turns: defaultdict[str, list[Turn]] = defaultdict(list)
        for turn in timeline.turns:
            self.turns[turn.call].append(turn)
        self._waits = {wait.call: wait for wait in timeline.away}

    def caller(self, call: str) -> str:
        """A caller by the first call of theirs."""
        seen = {call}
        while (found := self.calls.get(call)) is not None and found.redial_of not in {"", *seen}:
            seen.add(call := found.redial_of)
        return call

    def waits(self, hit: Sequence[Away]) -> list[Waits]:
        """Of each caller the waits that begin with one of these, and end with a call that holds."""
        by_caller: defaultdict[str, Waits] = defaultdict(list)
        for wait in hit:
            known = by_caller[self.caller(wait.call)]
            if not known or wait.start_s >= known[-1].end_s:
                known.append(self._whole(wait))
        return list(by_caller.values())

    def _whole(self, first: Away) -> Away:
        chain = list(self._chain(first))
        last = chain[-1]
        whole = replace(
            last, start_s=first.start_s, call=first.call, attempts=sum(w.attempts for w in chain), id=first.id
        )
        if last.ending != "back" or self.holds(last.back):
            return whole
        # Taken, and nothing came of it; nobody tells what became of the caller.
        return replace(whole, end_s=self._timeline.evidence.end_s, back="", ending="open")

    def _chain(self, wait: Away) -> Iterator[Away]:
        yield wait
        while wait.ending == "back" and not self.holds(wait.back) and wait.back in self._waits:
            wait = self._waits[wait.back]
            yield wait

    def holds(self, name: str) -> bool:
        """See the module."""
        call, turns = self.calls.get(name), self.turns[name]
        if call is None:
            return False
        if any(good(turn) and turn.until_s <= self._timeline.evidence.end_s for turn in turns):
            return True
        return not self._broke_off(call) and not any(self._overdue(turn) for turn in turns)

    def _broke_off(self, call: Call) -> bool:
        return call.outcome in BROKEN and call.end_s <= self._timeline.evidence.end_s

    def _overdue(self, turn: Turn) -> bool:
        slo_s = self._timeline.turn_slo_s
        due = turn.eos_s + slo_s < self._timeline.evidence.end_s
        return due and not turn.answered and not turn.undecided(slo_s)


def good(turn: Turn) -> bool:
    """It came, and it helped."""
    return turn.answered and turn.outcome in ACKNOWLEDGED
