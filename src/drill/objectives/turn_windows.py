"""Whose a turn is: the baseline's, the fault's, or that of the time after it.

    ── baseline ──────────── asked so late that ──┃═══ fault ═══════════
                             no answer was due    ┃

Turns are sorted by their end of speech. One that was asked shortly before the fault says nothing of the
baseline: if it is still open when the fault comes, what becomes of it is the fault's doing, and to count
only its neighbours that were quick would flatter. So the baseline ends for turns as long before the fault
as an answer may take; of those asked in between the open ones are the fault's, the others nobody's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

from drill.timeline import Span, Turn


def within(turns: Sequence[Turn], span: Span | None) -> Sequence[Turn]:
    """Turns whose end of speech lies in a span; they are, as a timeline's are, in the order of that."""
    if span is None:
        return ()
    first, end = (bisect_left(turns, t_s, key=attrgetter("eos_s")) for t_s in (span.start_s, span.end_s))
    return turns[first:end]


def due_before_end(turns: Sequence[Turn], span: Span | None, due_s: float) -> Sequence[Turn]:
    """Turns of a baseline: an answer was due, after `due_s`, before it ended."""
    return within(turns, Span(span.start_s, span.end_s - due_s)) if span else ()


def asked_or_open(turns: Sequence[Turn], span: Span | None, due_s: float) -> Sequence[Turn]:
    """Turns of a fault: asked while it held, or open when it came and not due by then."""
    if span is None:
        return ()
    before = within(turns, Span(span.start_s - due_s, span.start_s))
    return [*(t for t in before if t.until_s > span.start_s), *within(turns, span)]
