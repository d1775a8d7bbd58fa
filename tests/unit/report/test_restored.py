"""What somebody quotes of a restore: its own figures, and none of a fault that there was not."""

from __future__ import annotations

import histories as h
from drill.journal import merge
from drill.judge import headline, judge
from drill.model import restore_events as re
from drill.report import build_view
from drill.report.marks import marks
from drill.report.scene import picture
from drill.report.values import View
from drill.report.words import NOTHING
from drill.timeline import fold
from unit.test_restore_objectives import check, plan, told, without


def view(entries: h.Entries) -> View:
    """The report of this history."""
    streams, the_plan = h.streams(entries), plan()
    timeline = fold(merge(streams), the_plan)
    return build_view(the_plan, timeline, judge(the_plan, streams), streams)


def figures(entries: h.Entries) -> dict[str, tuple[str, str]]:
    """Value and note by label."""
    return {figure.label: (figure.value, figure.note) for figure in view(entries).figures}


def test_a_restore_is_quoted_by_what_it_took_and_what_it_lacks() -> None:
    """As the verdicts measured it, with their limits; how far proofs and damages came beside it."""
    assert list(figures(told(kept=("c-0",))).items())[:5] == [
        ("The copy served a call after", ("4.00 s", "limit 30.0 s")),
        ("Acknowledged, and not in the copy", ("1 turn", "10.0 s, limit 15.0 s")),
        ("Age of the youngest whole backup", ("10.0 s", "back 30.0 s, limit newest 24.0 s, back 20.0 s")),
        ("Proofs that covered everything and passed", ("15 of 15", "made of the copy and of the stores")),
        ("Planted damages that were seen", ("14 of 14", "each in a copy of its own")),
    ]


def test_a_proof_that_left_something_out_is_not_counted_as_passed() -> None:
    """Though it said PASS."""
    entries = [
        (
            stream,
            at,
            check("schema.equal", covered=9) if getattr(event, "name", "") == "schema.equal" else event,
        )
        for stream, at, event in told()
    ]
    assert figures(entries)["Proofs that covered everything and passed"][0] == "14 of 15"


def test_where_no_damage_was_planted_the_figure_says_what_that_means() -> None:
    """Nothing was seen to go red."""
    value, note = figures(without(told(), re.ControlRun))["Planted damages that were seen"]
    assert (value, note) == (
        NOTHING,
        "none was planted: nobody knows from this run that the proofs can go red",
    )


def test_a_restore_that_never_began_measures_nothing() -> None:
    """No figure, no limit that looks kept, no proof."""
    values = {value for value, _ in list(figures(told()[:3]).values())[:5]}
    assert values == {NOTHING}


def test_no_word_of_a_fault_breakers_or_callers_who_felt_it() -> None:
    """Nobody was hurt."""
    shown = view(told())
    assert "No fault was applied: a backup was restored beside the platform." in shown.spoken
    assert "reaker" not in shown.spoken + "".join(figure.label for figure in shown.figures)
    assert not any("Felt" in figure.label for figure in shown.figures)


def test_the_picture_has_a_line_where_the_restore_began_and_where_the_copy_served() -> None:
    """Where others have a fault; one that never served has the first only."""
    the_plan = plan()
    labels = [mark.label for mark in marks(the_plan, h.timeline(told(), the_plan), None)]
    assert labels == ["restore begun", "copy served after 4.00 s"]
    halfway = without(told(), re.RestorePhase)
    assert [mark.label for mark in marks(the_plan, h.timeline(halfway, the_plan), None)] == labels[:1]


def test_the_time_of_the_fault_is_the_restores_by_name() -> None:
    """Nothing is hurt in it."""
    named = {band.label for band in picture(plan(), h.timeline([*h.outage(), *told()], plan()), None).phases}
    assert "restore" in named
    assert "fault" not in named


def test_a_restore_that_holds_is_headed_by_its_recovery_time() -> None:
    """As a fault that callers came over is."""
    the_plan, streams = plan(), h.streams(told())
    verdicts = [v for v in judge(the_plan, streams) if v.objective.startswith("restore.")]
    assert "PASS: The copy served its first call 4.00 s after the restore began" in headline(
        the_plan, verdicts
    )
