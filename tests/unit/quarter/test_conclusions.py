"""Satisfied, not satisfied, not tested: and nothing that is not tested reads as a pass."""

from __future__ import annotations

from drill.definition.controls import catalogue
from drill.model.verdicts import Status
from drill.objectives import GROUPS
from drill.quarter.conclusions import Conclusion, conclude, few
from drill.quarter.trial import State
from quarters import a_trial

CP4 = catalogue()["NIST 800-53 CP-4"]
FAIL, UNKNOWN, PASS = Status.FAIL, Status.UNKNOWN, Status.PASS
NAMED = {"ehr-outage": ("NIST 800-53 CP-4",)}


def test_all_runs_that_passed_satisfy_it_with_their_bound() -> None:
    """Five of five, and what that is worth."""
    trials = [a_trial(f"r{n}", f"2026-10-0{n + 1}") for n in range(5)]
    found = conclude(CP4, NAMED, trials)
    assert found.conclusion is Conclusion.SATISFIED
    assert found.sentence == "5 of 5 passed; with 95 % confidence the miss probability is below 45 %."


def test_a_fail_stands_until_a_later_run_passes() -> None:
    """A run without an answer in between does not wash it away."""
    bad = a_trial("r1", "2026-10-01", breaker__opened=FAIL)
    grey = a_trial("r2", "2026-10-02", integrity__load=UNKNOWN)
    assert conclude(CP4, NAMED, [bad, grey]).conclusion is Conclusion.NOT_SATISFIED
    assert conclude(CP4, NAMED, [bad, grey, a_trial("r3", "2026-10-03")]).conclusion is Conclusion.SATISFIED


def test_a_last_run_without_an_answer_is_not_tested() -> None:
    """An earlier pass does not cover for it."""
    trials = [a_trial("r1", "2026-10-01"), a_trial("r2", "2026-10-02", integrity__load=UNKNOWN)]
    found = conclude(CP4, NAMED, trials)
    assert found.conclusion is Conclusion.NOT_TESTED
    assert "gave no answer" in found.sentence


def test_never_run_never_named_and_half_run_are_not_tested() -> None:
    """Each in its own words."""
    assert conclude(CP4, NAMED, []).sentence == "Never tested in this quarter: ehr-outage did not run."
    assert conclude(CP4, {}, []).sentence == "Never tested: no drill names it."
    both = {**NAMED, "ehr-slow": NAMED["ehr-outage"]}
    half = conclude(CP4, both, [a_trial("r1", "2026-10-01")])
    assert half.conclusion is Conclusion.NOT_TESTED
    assert "the drill ehr-slow names it and never ran" in half.sentence.lower()


def test_a_sham_a_refusal_and_a_plan_that_does_not_name_it_are_no_evidence() -> None:
    """Only what really tried the platform, for this control, counts."""
    trials = [
        a_trial("r1", "2026-10-01", state=State.SHAM),
        a_trial("r2", "2026-10-02", state=State.REFUSED),
        a_trial("r3", "2026-10-03", controls=("SOC2 A1.3",)),
    ]  # fmt: skip
    assert conclude(CP4, NAMED, trials).pieces == ()


def test_only_what_can_support_a_control_decides_it() -> None:
    """CP-9 is about stored turns: a breaker says nothing of them; the drill's own integrity does."""
    cp9 = catalogue()["NIST 800-53 CP-9"]
    named = {"ehr-outage": (cp9.id,)}
    breaker = a_trial("r1", "2026-10-01", controls=(cp9.id,), breaker__opened=FAIL)
    assert conclude(cp9, named, [breaker]).conclusion is Conclusion.SATISFIED
    unsound = a_trial("r1", "2026-10-01", controls=(cp9.id,), integrity__fault=UNKNOWN)
    assert conclude(cp9, named, [unsound]).conclusion is Conclusion.NOT_TESTED


def test_words_for_few_runs() -> None:
    """Misses, silence and nothing at all."""
    assert few([PASS, FAIL, PASS]).startswith("2 of 3 passed; with 95 % confidence")
    assert few([FAIL]) == "0 of 1 passed; this says nothing against a miss every time"
    assert few([PASS, UNKNOWN]).endswith("1 run gave no answer and is not counted")
    assert few([UNKNOWN]) == "1 run and no answer"


def test_each_group_of_the_catalogue_is_one_that_is_judged() -> None:
    """A control supported by a group that does not exist could never be tested."""
    known = {group.name for group in GROUPS}
    assert {name for c in catalogue().values() for name in c.supported_by} <= known
