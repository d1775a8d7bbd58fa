"""Whoever of a drill is killed, at whatever moment: the platform is as before, and the run is no PASS.

Fifty of the two hundred of `make soak`, and some of each other victim; see tests/soak.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from soak.crowd import crowd
from soak.trial import VICTIMS, Found, Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
SEED = 7


def trials(folder: Path, victim: str, count: int) -> list[Found]:
    """Run them, three at a time."""
    dice = random.Random(f"{SEED} {victim}")
    return crowd(folder, [Trial.drawn(dice, victim) for _ in range(count)], lambda w, t: w.run(t))


def test_fifty_conductors_killed_leave_nothing_behind(tmp_path: Path) -> None:
    """SIGKILL to the process group, at random moments of random drills."""
    found = trials(tmp_path, "conductor", 50)
    assert [(each.trial, each.wrong) for each in found if each.wrong] == []
    assert sum(each.injected > 0 for each in found) >= 10, "hardly any moment fell into a fault"


@pytest.mark.parametrize("victim", [victim for victim in VICTIMS if victim != "conductor"])
def test_nobody_elses_death_leaves_anything_behind(tmp_path: Path, victim: str) -> None:
    """The reaper, Chaos Toolkit, Locust, the fault proxies, a conductor that is only stopped; all at once."""
    found = trials(tmp_path, victim, 2)
    assert [(each.trial, each.wrong) for each in found if each.wrong] == []
