"""A plan holds everything that a drill will do and be judged by, or there is no plan."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from drill.definition import Drill, load_drill
from drill.definition.needs import hurts_media, takes_zones
from drill.model.errors import DefinitionError, JournalError
from drill.model.plan import CapacityLimits, FailoverLimits, RemediationLimits, RestoreLimits, to_json
from drill.model.target import (
    Backups,
    Breaker,
    Ehr,
    Link,
    Member,
    Region,
    Requests,
    Store,
    Target,
    Wire,
    Zone,
)
from drill.plan import plan, plan_from_json
from drill.traffic import PROFILES

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
            "use the action drill.toolkit.actions.ehr_fault, drill.toolkit.actions.zone_fault, "
            "drill.toolkit.actions.service_fault, drill.toolkit.actions.media_fault, "
            "drill.toolkit.actions.speech_fault, drill.toolkit.actions.model_fault or "
            "drill.toolkit.actions.restore_backup"
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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"max_calls": 39},
            (
                "load asks for 40 calls at a time, and max_calls of target 'mine' in drill.toml is 39; "
                "change concurrency, or raise max_calls if the platform may be called so"
            ),
        ),
        (
            {"max_calls_per_s": 13.0},
            (
                "load asks for 13.3333 calls a second, and max_calls_per_s of target 'mine' in drill.toml is "
                "13; change concurrency, mean_call or ramp, or raise max_calls_per_s if the platform may be "
                "called so"
            ),
        ),
    ],
)
def test_no_more_calls_are_planned_than_the_target_bears(
    drill: Drill, changes: dict[str, Any], said: str
) -> None:
    """The ramp's rate counts, being the highest; the named cap itself is allowed."""
    with pytest.raises(DefinitionError) as error:
        plan(drill, dataclasses.replace(TARGET, **changes), seed=1, sham=False)
    assert error.value.mistakes == (f"drills/ehr-outage.yaml: {said}",)
    assert plan(drill, dataclasses.replace(TARGET, max_calls=40), seed=1, sham=False).load.concurrency == 40


@pytest.mark.parametrize("arrivals", PROFILES)
def test_a_target_that_names_no_cap_has_one(drill: Drill, arrivals: str) -> None:
    """2,000 calls and 100 a second, and a profile means its highest."""
    busy = dataclasses.replace(drill.load, concurrency=2001, mean_call_s=200.0, arrivals=arrivals)
    slow = dataclasses.replace(drill.phases, ramp_s=60.0)
    with pytest.raises(
        DefinitionError, match=r"2001 calls at a time, and max_calls of target 'mine' .* is 2000"
    ):
        plan(dataclasses.replace(drill, load=busy, phases=slow), TARGET, seed=1, sham=False)
    short = dataclasses.replace(drill.load, concurrency=2000, mean_call_s=9.0, arrivals=arrivals)
    with pytest.raises(
        DefinitionError, match=r"calls a second, and max_calls_per_s of target 'mine' .* is 100"
    ):
        plan(dataclasses.replace(drill, load=short, phases=slow), TARGET, seed=1, sham=False)


def test_a_plan_holds_its_time_of_day(drill: Drill) -> None:
    """Strictly: without it a stored plan has another digest; with something else there it is none."""
    morning = dataclasses.replace(drill, load=dataclasses.replace(drill.load, arrivals="clinic-morning"))
    planned = plan(morning, TARGET, seed=1, sham=False)
    assert planned.digest != plan(drill, TARGET, seed=1, sham=False).digest
    text = to_json(planned)
    assert plan_from_json(text) == planned
    assert plan_from_json(text.replace('"arrivals":"clinic-morning",', "")).digest != planned.digest
    with pytest.raises(JournalError, match="edited"):
        plan_from_json(text.replace('"clinic-morning"', "1"))


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


# --- zones ------------------------------------------------------------------------------------------

ZONED = dataclasses.replace(
    TARGET,
    zones=tuple(Zone(name, "http://127.0.1.1/health", "http://127.0.1.1/metrics", 40) for name in "ab"),
    store=Store("postgresql://127.0.1.1/voice", None, "SELECT 1", "SELECT 1", (Member("a", "http://a"),)),
    control="http://127.0.0.9",
    edge_admin="http://127.0.0.1:9901",
    wires=(Wire("wal", "b", "a", "wal-b-a", "http://127.0.0.8:8474"),),
)
ASKS = {
    "failover": FailoverLimits(1, 1, 1, 1, 1),
    "capacity": CapacityLimits(0.1),
    "remediation": RemediationLimits(5),
}


def doing(drill: Drill, func: str, **arguments: object) -> Drill:
    """The drill with another action in the place of its own, judging what zone drills judge."""
    experiment = json.loads(drill.experiment)
    provider = {"type": "python", "module": "drill.toolkit.actions", "func": func, "arguments": arguments}
    experiment["method"][0]["provider"] = provider
    judged = dataclasses.replace(drill.objectives, breaker=None, ehr_writes=None, **ASKS)
    return dataclasses.replace(drill, experiment=json.dumps(experiment), objectives=judged)


def lacks(drill: Drill, target: Target) -> list[str]:
    with pytest.raises(DefinitionError) as error:
        plan(drill, target, seed=1, sham=False)
    said = [mistake.removeprefix("drills/ehr-outage.yaml: ") for mistake in error.value.mistakes]
    return [each.replace(", which target 'mine' in drill.toml lacks", "") for each in said]


@pytest.mark.parametrize(
    ("func", "arguments"),
    [
        ("zone_fault", {"mode": "lossy-kill"}),
        ("zone_fault", {"mode": "isolate", "zone": "b", "stall_s": 1}),
        ("service_fault", {"mode": "hang"}),
    ],
)
def test_a_zone_drill_is_planned_where_everything_is_there(
    drill: Drill, func: str, arguments: dict[str, object]
) -> None:
    """Also without any EHR; and its sham still tells what it leaves out."""
    about_zones = doing(drill, func, **arguments)
    planned = plan(about_zones, dataclasses.replace(ZONED, ehr=None), seed=1, sham=False)
    assert (planned.capacities, planned.members) == ((40, 40), ("a",))
    sham = plan(about_zones, ZONED, seed=1, sham=True)
    assert takes_zones(planned.experiment)
    assert takes_zones(sham.experiment)
    assert not takes_zones(plan(drill, TARGET, seed=1, sham=True).experiment)


def test_everything_a_target_lacks_for_a_zone_drill_comes_at_once(drill: Drill) -> None:
    """A target with one zone and nothing that could take it or tell of it."""
    bare = dataclasses.replace(TARGET, store=None)
    stalled = {"mode": "isolate", "stall_s": 1.5}
    assert lacks(doing(drill, "zone_fault", **stalled), bare) == [
        "objectives.turns needs store", "objectives.failover needs edge_admin",
        "objectives.failover needs store.members", "objectives.capacity needs capacity in every zone",
        "objectives.remediation needs control", "the experiment needs control",
        "the experiment needs a second zone", "the experiment needs store.members",
        "the experiment needs wires", "the experiment needs wires that carry wal",
    ]  # fmt: skip


def test_one_zone_is_never_enough(drill: Drill) -> None:
    """Taking the only zone proves nothing but that it is gone."""
    one = dataclasses.replace(ZONED, zones=ZONED.zones[:1])
    found = lacks(doing(drill, "zone_fault", mode="kill", zone="a"), one)
    assert found == ["the experiment needs a second zone"]
    plan(doing(drill, "service_fault", mode="kill", zone="a"), one, seed=1, sham=False)


def test_a_named_zone_needs_no_members(drill: Drill) -> None:
    """Only a role has to be asked for."""
    quiet = dataclasses.replace(ZONED, store=TARGET.store)
    judged = doing(drill, "zone_fault", mode="kill", zone="a")
    free = dataclasses.replace(judged, objectives=dataclasses.replace(judged.objectives, failover=None))
    plan(free, quiet, seed=1, sham=False)


def test_a_drill_of_erasures_needs_a_target_that_tells_who_was_erased(drill: Drill) -> None:
    """And one that says nothing of them needs none."""
    asked = RestoreLimits(1.0, 1.0, 1.0, 1.0, erasures=True)
    backups = Backups("directory", Region("x"), "postgresql://r@127.0.0.1/v", None, None, 1.0, 1)
    target = dataclasses.replace(TARGET, backups=backups)
    judged = dataclasses.replace(drill.objectives, restore=asked)
    restoring = dataclasses.replace(doing(drill, "restore_backup"), objectives=judged)
    assert lacks(restoring, target) == ["objectives.restore.erasures needs backups.erasures"]
    silent = dataclasses.replace(judged, restore=dataclasses.replace(asked, erasures=False))
    assert plan(dataclasses.replace(restoring, objectives=silent), target, seed=1, sham=False)


def test_a_drill_of_media_needs_wires_of_voice_and_nothing_to_take_zones(drill: Drill) -> None:
    """Neither a zone control nor, where no role is asked for, the store's members."""
    hurt = doing(drill, "media_fault", mode="delay", zone="every")
    free = dataclasses.replace(
        hurt, objectives=dataclasses.replace(hurt.objectives, failover=None, remediation=None)
    )
    assert lacks(free, dataclasses.replace(ZONED, control="")) == [
        "the experiment needs wires that carry voice"
    ]
    voice = Wire("voice", "edge", "a", "voice-edge-a", "http://127.0.0.8:8474")
    wired = dataclasses.replace(ZONED, control="", store=TARGET.store, wires=(voice,))
    planned = plan(free, wired, seed=1, sham=False)
    sham = plan(free, wired, seed=1, sham=True)
    for each in (planned, sham):
        assert hurts_media(each.experiment)
        assert not takes_zones(each.experiment)
    assert not hurts_media(plan(drill, TARGET, seed=1, sham=True).experiment)


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        ({"mode": "dely", "zone": "a"}, "mode 'dely' is no way media fails"),
        ({"mode": "delay", "zone": "a", "delay_ms": 5}, "would show as 10 ms only"),
        ({"mode": "delay", "zone": "a", "delay_ms": "x"}, "delay_ms 'x' is no whole number"),
        ({"mode": "stall", "zone": "evry"}, "target 'mine' has no zone 'evry'; did you mean 'every'?"),
        ({"mode": "stall"}, "target 'mine' has no zone ''"),
    ],
)
def test_media_orders_are_read_at_the_desk(drill: Drill, arguments: dict[str, object], mistake: str) -> None:
    """As the action would, and a zone has to be said."""
    voice = Wire("voice", "edge", "a", "voice-edge-a", "http://127.0.0.8:8474")
    wired = dataclasses.replace(ZONED, wires=(voice,))
    [said] = lacks(doing(drill, "media_fault", **arguments), wired)
    assert said.startswith("experiments/ehr-outage.yaml: media_fault: ")
    assert mistake in said


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        ({"mode": "kil", "zone": "a"}, "zone_fault knows no mode 'kil'; did you mean 'kill'?"),
        ({"mode": "kill", "zone": "primry"},
         "zone_fault: target 'mine' has no zone 'primry'; did you mean 'primary'?"),
    ],
)  # fmt: skip
def test_what_an_action_would_refuse_is_refused_at_the_desk(
    drill: Drill, arguments: dict[str, object], mistake: str
) -> None:
    """Before two minutes of baseline, not after."""
    assert lacks(doing(drill, "zone_fault", **arguments), ZONED) == [
        f"experiments/ehr-outage.yaml: {mistake}"
    ]


def test_a_plan_of_an_earlier_version_is_still_itself(drill: Drill) -> None:
    """What drills learned to ask since has a default and is not written: same bytes, same digest."""
    planned = plan(drill, TARGET, seed=1, sham=False)
    text = to_json(planned)
    written = json.loads(text)
    assert {"failover", "voice", "arrivals"}.isdisjoint({*written["objectives"], *written["load"]})
    assert plan_from_json(text).digest == planned.digest
