"""A plan holds everything that a drill will do and be judged by, or there is no plan."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from drill.definition import Drill, load_drill
from drill.model.errors import DefinitionError, JournalError
from drill.model.plan import to_json
from drill.model.target import Breaker, Ehr, Link, Requests, Store, Target, Zone
from drill.plan import plan, plan_from_json

ROOT = Path(__file__).parents[2]
TARGET = Target(
    name="mine",
    environment="sandbox",
    profile="lite",
    edge="ws://127.0.0.1/media",
    zones=(Zone("a", "http://127.0.1.1/health", "http://127.0.1.1/metrics"),),
    breaker=Breaker("ehr", 1, 5.0),
    ehr=Ehr(
        "http://127.0.4.1/fhir",
        "synthetic-0001",
        (Link("a", "ehr-a", "http://127.0.0.8:8474"),),
        Requests("http://127.0.0.7/metrics", "egress_requests_total", "link"),
    ),
    store=Store("postgresql://127.0.1.1/voice", None, "SELECT 1", "SELECT 1"),
    digest="d" * 64,
    file=Path("drill.toml"),
)


@pytest.fixture
def drill(monkeypatch: pytest.MonkeyPatch) -> Drill:
    """The shipped EHR outage drill."""
    monkeypatch.chdir(ROOT)
    return load_drill(Path("drills/ehr-outage.yaml"))


def test_the_breakers_own_numbers_come_from_the_target(drill: Drill) -> None:
    """What a breaker permits is a fact of the platform, not a wish of the drill."""
    breaker = plan(drill, TARGET, seed=1, sham=False).objectives.breaker
    assert breaker is not None
    assert (breaker.half_open_calls, breaker.wait_s) == (1, 5.0)


def test_the_same_input_gives_the_same_digest(drill: Drill) -> None:
    """A plan is a pure function of drill, target, seed and sham."""
    digest = plan(drill, TARGET, seed=1, sham=False).digest
    assert plan(drill, TARGET, seed=1, sham=False).digest == digest
    assert plan(drill, TARGET, seed=2, sham=False).digest != digest
    assert plan(drill, TARGET, seed=1, sham=True).digest != digest
    assert plan(drill, dataclasses.replace(TARGET, digest="e" * 64), seed=1, sham=False).digest != digest


def test_a_plan_names_no_path_of_this_machine(drill: Drill) -> None:
    """Planned from the checkout, its paths are the checkout's own, so that anybody gets the same digest."""
    assert str(ROOT) not in to_json(plan(drill, TARGET, seed=1, sham=False))


def test_a_sham_differs_only_in_the_injecting_action(drill: Drill) -> None:
    """Everything but the fault is done, and nothing of the fault is left."""
    real = json.loads(plan(drill, TARGET, seed=1, sham=False).experiment)
    sham = json.loads(plan(drill, TARGET, seed=1, sham=True).experiment)
    changed = [(r, s) for r, s in zip(real["method"], sham["method"], strict=True) if r != s]
    assert [r["provider"]["func"] for r, _ in changed] == ["ehr_fault"]
    assert [s["provider"] for _, s in changed] == [
        {
            "type": "python",
            "module": "drill.toolkit.actions",
            "func": "sham",
            "arguments": {"instead_of": "ehr_fault"},
        }
    ]
    assert {**real, "method": None} == {**sham, "method": None}


def test_an_experiment_that_injects_nothing_of_ours_is_refused(drill: Drill) -> None:
    """Without a fault that is read back there is nothing to believe, and nothing for a sham to omit."""
    experiment = drill.experiment.replace("ehr_fault", "hold")
    with pytest.raises(DefinitionError) as error:
        plan(dataclasses.replace(drill, experiment=experiment), TARGET, seed=1, sham=False)
    assert error.value.mistakes == (
        (
            "drills/ehr-outage.yaml: experiments/ehr-outage.yaml injects nothing that a drill could prove; "
            "use the action drill.toolkit.actions.ehr_fault, drill.toolkit.actions.zone_fault or "
            "drill.toolkit.actions.service_fault"
        ),
    )


def test_everything_a_target_lacks_comes_at_once(drill: Drill) -> None:
    """Objectives that the platform gives no evidence for are refused before anything is touched."""
    bare = dataclasses.replace(TARGET, breaker=None, ehr=None, store=None)
    with pytest.raises(DefinitionError) as error:
        plan(drill, bare, seed=1, sham=False)
    lacks = [
        "objectives.breaker needs breaker", "objectives.breaker needs ehr.requests",
        "objectives.ehr_writes needs ehr", "objectives.turns needs store", "the experiment needs ehr.links",
    ]  # fmt: skip
    assert error.value.mistakes == tuple(
        f"drills/ehr-outage.yaml: {what}, which target 'mine' in drill.toml lacks" for what in lacks
    )


def test_a_limit_shorter_than_the_breakers_wait_is_refused(drill: Drill) -> None:
    """A breaker that opened just before the revert stays open for its whole wait."""
    slow = dataclasses.replace(TARGET, breaker=Breaker("ehr", 1, 16.0))
    with pytest.raises(DefinitionError) as error:
        plan(drill, slow, seed=1, sham=False)
    assert error.value.mistakes == (
        (
            "drills/ehr-outage.yaml: breaker.closes_within 15.0 s is shorter than the 16.0 s "
            "that the breaker of "
            "target 'mine' stays open: it could only hold by luck; write a longer limit"
        ),
    )


def test_a_stored_plan_is_the_plan(drill: Drill) -> None:
    """Writing and reading back changes nothing, the digest least of all."""
    planned = plan(drill, TARGET, seed=1, sham=False)
    assert plan_from_json(to_json(planned) + "\n") == planned


def test_a_cut_plan_is_refused_wherever_it_is_cut(drill: Drill) -> None:
    """No prefix of a stored plan passes as a plan."""
    text = to_json(plan(drill, TARGET, seed=1, sham=False))
    for length in range(0, len(text), 97):
        with pytest.raises(JournalError, match=r"^plan\.json is cut short or was edited: "):
            plan_from_json(text[:length])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"within_s":20.0',
            '"within_s":"90"',
            (
                "plan.json objectives recovery within_s is '90', which is not "
                "what a plan holds there: it was edited"
            ),
        ),
        (
            '"sham":false',
            '"sham":0',
            "plan.json sham is 0, which is not what a plan holds there: it was edited",
        ),
        (
            '"seed":1',
            '"seed":true',
            "plan.json seed is True, which is not what a plan holds there: it was edited",
        ),
        (
            '"seed":1',
            '"sead":1',
            ("plan.json does not have the members of a plan: it was edited, or another version wrote it"),
        ),
        ('["a"]', '["a",1]', "plan.json zones is 1, which is not what a plan holds there: it was edited"),
        (
            '"within_s":20.0',
            '"within_s":NaN',
            "plan.json is cut short or was edited: NaN is no number of a plan",
        ),
        ('"sham":false', '"sham":true,"sham":false', "plan.json is not as it was written: it was edited"),
        ('"seed":1', '"seed": 1', "plan.json is not as it was written: it was edited"),
    ],
)
def test_an_edited_plan_is_refused(drill: Drill, old: str, new: str, message: str) -> None:
    """An edit that leaves no plan is named, with the place."""
    text = to_json(plan(drill, TARGET, seed=1, sham=False))
    assert old in text
    with pytest.raises(JournalError) as error:
        plan_from_json(text.replace(old, new, 1))
    assert str(error.value) == message


def test_a_moved_limit_has_another_digest(drill: Drill) -> None:
    """An edit that is still a plan is told by the journal, whose first line holds the digest."""
    planned = plan(drill, TARGET, seed=1, sham=False)
    moved = plan_from_json(to_json(planned).replace('"within_s":20.0', '"within_s":90.0'))
    assert moved.digest != planned.digest
