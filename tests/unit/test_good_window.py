"""How long callers have to be well until a recovery is over."""

from __future__ import annotations

from drill.conduct.loop import SUSTAIN_MARGIN_S, good_for_s
from histories import plan, voice_plan


def test_callers_are_well_for_the_sustained_window_and_a_little() -> None:
    """Its last instants must not hide the next breach."""
    asked = plan()
    assert asked.objectives.recovery is not None
    assert good_for_s(asked) == asked.objectives.recovery.sustained_s + SUSTAIN_MARGIN_S


def test_what_is_heard_is_listened_to_as_long_as_before_the_fault() -> None:
    """Or there are fewer samples than it takes."""
    asked = voice_plan(recovery=None)
    assert good_for_s(asked) == asked.phases.baseline_s > SUSTAIN_MARGIN_S
