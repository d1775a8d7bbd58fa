"""A drill is stopped in the middle of an activity that blocks for a minute, by all the ways there are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from soak.aborts import HOWS, stop
from soak.crowd import crowd

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
# What is promised is one second; a busy machine gets some more here. `make soak` measures.
GENEROUS_S = 10.0


def test_the_word_is_followed_by_the_effect_although_the_toolkit_hangs(tmp_path: Path) -> None:
    """Undone, sealed, judged, no PASS; whether or not the activity can be interrupted."""
    dice = random.Random(7)
    orders = [*((how, "block") for how in HOWS), ("SIGTERM", "stubborn"), ("SIGINT", "patient")]
    stopped = crowd(tmp_path, orders, lambda w, o: stop(w, dice, *o))
    assert [(each.how, each.hold, each.wrong) for each in stopped if each.wrong] == []
    assert max(each.effect_s for each in stopped) < GENEROUS_S
