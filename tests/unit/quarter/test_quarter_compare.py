"""A comparison says what became worse, and never that nothing did where it could not have seen it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from click.testing import CliRunner

from drill.cli import reports
from drill.cli.main import cli
from drill.model.verdicts import Status
from drill.quarter.compare import compare
from drill.quarter.trial import Measures, Time, Trial
from quarters import a_trial


def _runs(month: int, *times_s: float) -> list[Trial]:
    return [
        a_trial(f"m{month}-{n}", f"2026-{month:02d}-{n + 1:02d}", recovery_s=t) for n, t in enumerate(times_s)
    ]


def test_a_clear_slowdown_is_shown() -> None:
    """Twice as long, with little spread."""
    (found,) = compare(_runs(7, 10, 11, 10.5), _runs(10, 21, 20, 22))
    ttr = found.changes[0]
    assert (ttr.status, found.status) == (Status.FAIL, Status.FAIL)
    assert ttr.sentence.startswith("Slower: 2.00 times as long (95 % interval ")


def test_few_and_scattered_runs_say_that_they_say_little() -> None:
    """The power stands in the sentence, and the status is UNKNOWN, not PASS."""
    (found,) = compare(_runs(7, 8, 12, 20), _runs(10, 9, 14, 18))
    ttr = found.changes[0]
    assert ttr.status is Status.UNKNOWN
    assert "which says little" in ttr.sentence
    assert "one by 1.5 in " in ttr.sentence
    assert "no change" not in ttr.sentence


def test_enough_runs_alike_pass_with_their_power_named() -> None:
    """It would have been seen."""
    (found,) = compare(_runs(7, 10, 11, 10, 11, 10.5), _runs(10, 10.5, 10, 11, 10.2, 10.8))
    assert found.changes[0].status is Status.PASS
    assert "one by 1.5 in more than 99 % of cases" in found.changes[0].sentence


def test_one_run_each_cannot_be_compared() -> None:
    """Nor can a run that never recovered, but that one is worse than those which did."""
    (found,) = compare(_runs(7, 10), _runs(10, 30))
    assert found.changes[0].status is Status.UNKNOWN
    never = dataclasses.replace(_runs(10, 1)[0], measures=Measures(Time(30.0, open_end=True)))
    assert compare(_runs(7, 10, 11), [never])[0].changes[0].status is Status.FAIL


def test_a_loss_in_three_of_three_is_seen_and_in_one_is_not() -> None:
    """Loss is counted in runs."""
    before = _runs(7, 10, 10, 10)
    lost = [dataclasses.replace(t, measures=Measures(loss=Time(3.0))) for t in _runs(10, 10, 10, 10)]
    assert compare(before, lost)[0].changes[2].status is Status.FAIL
    one = compare(before, [lost[0], *_runs(11, 10, 10)])[0].changes[2]
    assert one.status is Status.UNKNOWN
    assert "1 of 3" in one.sentence


def test_passes_that_became_fewer_are_told_with_their_chance() -> None:
    """One of three is not shown; three of three are."""
    before = _runs(7, 10, 10, 10)
    after = [a_trial(f"x{n}", f"2026-10-0{n + 1}", breaker__opened=Status.FAIL) for n in range(3)]
    turned, _ = compare(before, after)[0].turned
    assert (turned.objective, turned.counts, turned.status) == (
        "breaker.opened",
        "3 of 3, then 0 of 3",
        Status.FAIL,
    )
    turned, _ = compare(before, [after[0], *_runs(11, 10, 10)])[0].turned
    assert turned.status is Status.UNKNOWN
    assert turned.sentence.endswith(
        "were it missed in half of the runs, this would have been seen in 12 % of cases"
    )


def test_what_passed_as_often_as_before_says_whether_fewer_passes_could_have_been_seen() -> None:
    """Three runs against two could not; forty against forty could, and pass."""
    (few,) = compare(_runs(7, 10, 10, 10), _runs(10, 10, 10))[0].turned
    assert (few.counts, few.status) == ("as often as before", Status.UNKNOWN)
    assert few.sentence.endswith("with so few runs fewer passes could not be seen at all")
    many = [a_trial(f"x{n}", "2026-10-01") for n in range(40)]
    (alike,) = compare(many, many)[0].turned
    assert alike.status is Status.PASS
    assert "this would have been seen in more than 99 % of cases" in alike.sentence
    assert "no change" not in alike.sentence


def test_the_command_prints_the_power_of_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its exit code says that it could not have seen it."""
    sets = {"a": _runs(7, 8, 12, 20), "b": _runs(10, 9, 14, 18)}
    monkeypatch.setattr(reports, "_set", lambda name, _: tuple(sets[name]))
    done = CliRunner().invoke(cli, ["compare", "a", "b"])
    assert done.exit_code == 2
    assert re.search(
        r"this test would have seen one by 1\.5 in \d+ % of cases, and one by 2 in \d+ %", done.output
    )
    assert re.search(r"other objectives: passed as often as before; .* seen in 12 % of cases", done.output)


def test_recoveries_that_nobody_felt_are_counted_and_have_no_mean() -> None:
    """Zero has no logarithm: three of three felt after none were is seen, one of three is not."""
    never, felt = _runs(7, 0, 0, 0), _runs(10, 12, 14, 13)
    assert compare(never, felt)[0].changes[0].status is Status.FAIL
    one = compare(never, [*felt[:1], *_runs(11, 0, 0)])[0].changes[0]
    assert (one.status, one.after) == (
        Status.UNKNOWN,
        "0 s in 2 of 3 runs; at most 12.0 s, so that there is no mean",
    )
    assert "1 of 3" in one.sentence
