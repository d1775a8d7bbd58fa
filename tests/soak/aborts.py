"""Aborts in the middle of an activity that blocks for a minute: how long from the word to the effect."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from drill.model.events import FaultApplied
from drill.model.verdicts import Status
from drill.reaper.abort import abort
from drill.runs import judge_run
from soak.trial import Begun, Worker

HOWS = ("SIGINT", "SIGTERM", "SIGINT twice", "drill abort")
# In C, with no chance to run a handler; in Python, catching whatever comes; and one that ends when told.
HOLDS = ("block", "stubborn", "patient")
LINKS = 3
EFFECT_WITHIN_S = 1.0


@dataclass
class Stopped:
    """How an abort came out. `effect_s`: from the word until the last fault was undone."""

    how: str
    hold: str
    run: Path
    effect_s: float = 0.0
    ended_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


def stop(worker: Worker, dice: random.Random, how: str, hold: str) -> Stopped:
    """Begin, wait until the activity blocks, say the word, wait for the end, look."""
    before = worker.rig.state()
    begun = worker.begin(("ehr_fault", {"mode": dice.choice(("refused", "slow", "blackholed"))}), hold)
    begun.await_event(FaultApplied, count=LINKS)
    time.sleep(dice.uniform(0.1, 0.5))
    stopped, said_s = Stopped(how, hold, begun.folder), time.monotonic()
    _say(how, begun)
    begun.await_end()
    stopped.ended_s = time.monotonic() - said_s
    stopped.effect_s = begun.last_revert_s() - said_s
    if worker.rig.state() != before:
        stopped.wrong.append("something was left behind")
    stopped.wrong += _evidence(begun)
    return stopped


def _say(how: str, begun: Begun) -> None:
    if how == "drill abort":
        abort(begun.folder)
        return
    os.kill(begun.pid, signal.Signals[how.split()[0]])
    if "twice" in how:
        time.sleep(0.05)
        os.kill(begun.pid, signal.SIGINT)


def _evidence(begun: Begun) -> list[str]:
    """The conductor's own streams are sealed, the results are written, and they are no PASS."""
    wrong = [f"{s.name}: {s.fault}" for s in begun.streams() if s.fault and s.name in ("control", "reaper")]
    wrong += [f"no {name}" for name in ("verdicts.json", "report.html") if not (begun.folder / name).exists()]
    if judge_run(begun.folder).status is Status.PASS:
        wrong.append("was judged PASS")
    return wrong if "stopped by" in begun.reason() else [*wrong, f"aborted because {begun.reason()!r}"]
