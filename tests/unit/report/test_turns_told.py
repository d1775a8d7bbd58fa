"""Turns in the report: each in one column, and no number that another contradicts."""

from __future__ import annotations

import re

import histories as h
from drill.journal import merge
from drill.judge import judge
from drill.report import build_view
from drill.report.values import View
from drill.timeline import fold


def view(entries: h.Entries) -> View:
    """The report of this history."""
    streams, the_plan = h.streams(entries), h.plan()
    return build_view(the_plan, fold(merge(streams), the_plan), judge(the_plan, streams), streams)


def heard_in_part() -> h.Entries:
    """Two callers hear the answer begin when the run ends and takes the call."""
    ends = [
        e
        for n in range(2)
        for e in h.turn(f"c{n:02d}", 990, 90.0, 0.6, outcome="unanswered", ended_s=h.UNWIND_S + 0.5)
    ]
    return [*h.outage(), *ends]


def test_a_turn_that_was_heard_in_part_is_not_one_without_an_answer() -> None:
    """In the key figure, in the table, and as the verdict counts."""
    shown = view(heard_in_part())
    (turns,) = (figure for figure in shown.figures if figure.label == "Turns")
    (answered,) = (row for group in shown.groups for row in group.rows if row.objective == "calls.answered")
    (never,) = re.findall(r"(\d+) never", answered.sentence)
    assert f"{never} without an answer, 2 heard in part" in turns.note
    last = [row for row in shown.turns if row.phase == "recovered"]
    assert (sum(row.in_part for row in last), sum(row.unanswered for row in last)) == (2, 0)


def test_every_turn_of_a_row_is_in_one_of_its_columns() -> None:
    """Nothing is left out or counted twice."""
    for row in view(heard_in_part()).turns:
        assert row.turns == row.full + row.degraded + row.wrong_patient + row.in_part + row.unanswered
