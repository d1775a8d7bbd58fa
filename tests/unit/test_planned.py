"""What a plan asks of its fault is held against what was done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drill.model import events as ev
from drill.model import plan as pl
from drill.model.verdicts import Status, Verdict
from drill.objectives.planned import planned
from histories import Entries, outage, plan, verdicts, without, zone_loss, zone_plan

PASS, UNKNOWN = Status.PASS, Status.UNKNOWN
NAME = "integrity.fault"


def act(func: str, **told: Any) -> dict[str, Any]:
    """A step of an experiment, with one of the drill's own actions."""
    return {"provider": {"module": "drill.toolkit.actions", "func": func, "arguments": told}}


def of(*steps: dict[str, Any], **changes: Any) -> pl.Plan:
    """A plan with an experiment of these steps."""
    experiment = json.dumps({"method": steps, "configuration": {"hold_s": 30}})
    return plan(experiment=experiment, **changes)


def ended(detail: str = "", status: str = "completed") -> Entries:
    """Chaos Toolkit's last word."""
    return [("faults", 56.25, ev.ExperimentEnded(status, deviated=False, detail=detail))]


OUTAGE = of(act("ehr_fault", mode="blackholed"), act("hold", seconds="${hold_s}"), act("revert"))


def found(entries: Entries, the_plan: pl.Plan = OUTAGE) -> Verdict:
    """The verdict that this module is about."""
    return verdicts(entries, the_plan)[NAME]


def test_a_fault_done_as_planned_passes() -> None:
    """All steps, the whole time, and the experiment's end."""
    assert found([*outage(), *ended()]).status is PASS


def test_an_experiment_that_says_a_step_failed_is_believed() -> None:
    """Its success is not, its failure is."""
    verdict = found([*outage(), *ended("did not succeed: zone-flap")])
    assert (verdict.status, "did not succeed: zone-flap" in verdict.sentence) == (UNKNOWN, True)


def test_an_interrupted_experiment_is_unknown() -> None:
    """Whatever it did until then."""
    assert found([*outage(), *ended("told to end", "interrupted")]).status is UNKNOWN


def test_a_steady_state_that_is_asked_again_too_early_says_nothing_of_the_fault() -> None:
    """Chaos Toolkit calls it failed; no step was."""
    assert found([*outage(), *ended(status="failed")]).status is PASS


def test_an_experiment_whose_end_nobody_wrote_is_unknown() -> None:
    """The fault runner died."""
    assert "how the experiment ended" in found(outage()).sentence


def test_a_second_fault_that_was_never_asked_for_is_missed() -> None:
    """Two steps, one fault in the record."""
    two = of(act("ehr_fault", mode="slow"), act("zone_fault", mode="kill", zone="b"))
    assert "1 fault by zone_fault, and 0 came" in found([*outage(), *ended()], two).sentence


@pytest.mark.parametrize(
    ("step", "number"),
    [
        (act("zone_fault", mode="flap", times=3), 3),
        (act("zone_fault", mode="lossy-kill"), 2),
        (act("media_fault", mode="stall", zone="every"), 3),
        (act("speech_fault", mode="slow"), 6),
        (act("service_fault", mode="kill"), 1),
    ],
)
def test_each_step_asks_for_so_many_faults(step: dict[str, Any], number: int) -> None:
    """Zones, stages, stalls and times."""
    assert f"asks for {number} fault" in found([*outage(), *ended()], of(step)).sentence


def test_a_refused_fault_is_told() -> None:
    """Nothing was touched, so that there is no request of it."""
    refused: Entries = [("faults", 26.15, ev.FaultFailed("f2", "ehr-b already carries a toxic"))]
    verdict = found([*outage(), *refused, *ended()])
    assert (verdict.status, "f2: ehr-b already carries" in verdict.sentence) == (UNKNOWN, True)


def test_a_refused_fault_leaves_nothing_behind() -> None:
    """There is nothing to undo."""
    refused: Entries = [("faults", 26.15, ev.FaultFailed("f2", "ehr-b already carries a toxic"))]
    assert verdicts([*outage(), *refused, *ended()], OUTAGE)["integrity.reverted"].status is PASS


def test_a_fault_that_held_for_a_moment_is_unknown() -> None:
    """A few seconds prove nothing of half a minute."""
    short = zone_loss(reverted_s=30.2, listens_s=34.2, fit_s=36.2, back_s=37.2, streaming_s=40.2)
    assert "held for 4.00 s of 25.0 s" in found(short, zone_plan()).sentence


def test_a_flap_is_planned_until_its_zone_is_back_for_the_last_time() -> None:
    """Two thirds down, one third up, three times: 36 s less the last 4."""
    flap = act("zone_fault", mode="flap", times=3, down_s=2, up_s=1, total_s="36")
    assert planned(of(flap)) == pytest.approx(32.0)


def test_holds_count_only_while_something_is_on() -> None:
    """What is waited for before a fault and after its revert is none of it."""
    steps = (act("hold", seconds=9), act("ehr_fault", mode="slow"), act("hold", seconds="${hold_s}"))
    assert planned(of(*steps, act("revert"), act("hold", seconds=7))) == 30.0


def test_what_the_environment_knew_alone_is_not_guessed() -> None:
    """A setting that is no number in the plan."""
    unresolved = of(act("ehr_fault", mode="slow"), act("hold", seconds="${else_s}"))
    assert planned(unresolved) == 0.0


def test_a_history_without_faults_names_what_was_refused() -> None:
    """Not even the first one was applied."""
    none = without(outage(), lambda e: isinstance(e, ev.FaultRequested | ev.FaultApplied | ev.FaultReverted))
    refused: Entries = [("faults", 26.15, ev.FaultFailed("f1", "another drill holds it"))]
    assert "another drill holds it" in found([*none, *refused, *ended()]).sentence
