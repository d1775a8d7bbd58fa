"""Objectives: pure functions (plan, timeline) -> verdicts, and the one table of them.

Each is a group of verdicts with fixed names, so that a run which never came far still has
every verdict it was promised. A group whose function returns nothing was not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drill.journal import Stream
from drill.model.plan import Objectives, Plan
from drill.model.verdicts import Verdict
from drill.objectives import (
    breaker,
    calls,
    capacity,
    failover,
    faulted,
    in_flight,
    integrity,
    late_writes,
    recovery,
    remediation,
    restore,
    steady,
    turns,
    voice,
    writes,
)
from drill.timeline import Timeline

Judge = Callable[[Plan, Timeline, Sequence[Stream]], tuple[Verdict, ...]]


@dataclass(frozen=True, slots=True)
class Group:
    """One objective: its name in a drill file, its verdicts' names, and what finds them."""

    name: str
    verdicts: tuple[str, ...]
    asked: Callable[[Objectives], bool]
    judge: Judge


def _group(
    name: str,
    verdicts: tuple[str, ...],
    asked: Callable[[Objectives], bool],
    judge: Callable[[Plan, Timeline], tuple[Verdict, ...]],
) -> Group:
    return Group(name, verdicts, asked, lambda plan, timeline, _streams: judge(plan, timeline))


def _always(_objectives: Objectives) -> bool:
    return True


GROUPS: tuple[Group, ...] = (
    Group("ehr_writes", writes.NAMES, lambda o: o.ehr_writes is not None, writes.judge),
    _group("ehr_writes", late_writes.NAMES, late_writes.asks, late_writes.judge),
    _group("calls", calls.NAMES, lambda o: o.calls is not None, calls.judge),
    _group("calls", calls.SPREAD, calls.asks_for_spread, calls.judge_spread),
    _group("recovery", recovery.NAMES, lambda o: o.recovery is not None, recovery.judge),
    _group("breaker", breaker.NAMES, lambda o: o.breaker is not None, breaker.judge),
    Group("turns", turns.NAMES, lambda o: o.turns is not None, turns.judge),
    _group("failover", failover.NAMES, lambda o: o.failover is not None, failover.judge),
    _group("in_flight", in_flight.NAMES, lambda o: o.in_flight is not None, in_flight.judge),
    _group("capacity", capacity.NAMES, lambda o: o.capacity is not None, capacity.judge),
    _group("remediation", remediation.NAMES, lambda o: o.remediation is not None, remediation.judge),
    *(_group("voice", (aspect.name,), aspect.asked, aspect.judge) for aspect in voice.ASPECTS),
    _group("restore", restore.NAMES, restore.asks, restore.judge),
    _group("restore", (f"restore.{restore.ROWS}",), restore.asks_rows, restore.judge_rows),
    _group("restore", (f"restore.{restore.REGIONS}",), restore.asks_regions, restore.judge_regions),
    _group("restore", (f"restore.{restore.ERASURES}",), restore.asks_erasures, restore.judge_erasures),
    _group(
        "restore",
        tuple(f"restore.{name}" for name in (restore.HELD, restore.GONE)),
        restore.asks_holds,
        restore.judge_holds,
    ),
    _group("restore", (f"restore.{restore.PROTECTED}",), restore.asks_protected, restore.judge_protected),
    _group("restore", (restore.CONTROLS,), restore.asks_controls, restore.judge_controls),
    Group("integrity", integrity.OWN, _always, integrity.judge),
    _group("integrity", steady.NAMES, _always, steady.judge),
    _group("integrity", faulted.NAMES, _always, faulted.judge),
)

__all__ = ["GROUPS", "Group"]
