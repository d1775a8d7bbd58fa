"""Before speech or a model is hurt: each zone reaches it, and nobody else holds the way."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from drill.conduct.guards import stages
from drill.conduct.guards.stages import stage_guards
from drill.faults.toxiproxy import ProxyState, Toxic
from drill.model.events import DoorSample
from drill.model.target import Stage
from unit_targets import TARGET

WAYS = tuple(
    Stage(stage, zone, f"{stage}-{zone}", "http://127.0.0.8:8474", "http://127.0.4.2:17012/reply")
    for stage in ("model", "synthesis")
    for zone in "ab"
)
ANSWERS, OWN = "speech and model answer through every link", "their links carry no foreign fault"


class Platform:
    """What the stages answer, and how their proxies stand."""

    def __init__(self) -> None:
        self.outcome: dict[str, str] = {}
        self.state: dict[str, tuple[bool, tuple[Toxic, ...]]] = {}

    async def url(self, _session: object, way: Stage) -> str:
        return f"http://{way.proxy}"

    async def ask(self, _session: object, way: Stage, _url: str) -> DoorSample:
        return DoorSample(way.zone, way.stage, self.outcome.get(way.proxy, "ok"), 5.0, "")

    def read(self, _world: object, ways: list[Any]) -> dict[Any, ProxyState]:
        found = {way: self.state.get(way.proxy, (True, ())) for way in ways}
        return {way: ProxyState(way.proxy, "", "", *state) for way, state in found.items()}


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Well, until a test says otherwise."""
    there = Platform()
    monkeypatch.setattr(stages, "stage_url", there.url)
    monkeypatch.setattr(stages, "ask_stage", there.ask)
    monkeypatch.setattr(stages, "read", there.read)
    return there


def asked(*hurt: str) -> dict[str, tuple[bool, str]]:
    """Every answer."""
    target = dataclasses.replace(TARGET, stages=WAYS)
    return {name: guard() for name, guard in stage_guards(target, hurt).items()}


def test_stages_that_answer_and_are_free_are_let_be_hurt(platform: Platform) -> None:
    """Of those that are not hurt nobody is asked."""
    platform.outcome["synthesis-a"] = "timeout"
    assert asked("model") == {ANSWERS: (True, ""), OWN: (True, "")}


def test_a_stage_that_does_not_answer_says_no(platform: Platform) -> None:
    """It would be hurt for nothing."""
    platform.outcome["model-b"] = "http_5xx"
    assert asked("model")[ANSWERS] == (False, "model of zone b: http_5xx")


def test_a_way_that_somebody_else_holds_says_no(platform: Platform) -> None:
    """Disabled, or with a toxic that is not ours."""
    toxic = Toxic("theirs", "latency", "downstream", 1.0, (("latency", 1),))
    platform.state = {"model-a": (False, ()), "synthesis-b": (True, (toxic,))}
    assert asked("model", "synthesis")[OWN] == (
        False, "disabled, or with toxics of somebody else: model-a, synthesis-b",
    )  # fmt: skip


def test_no_way_at_all_says_no(platform: Platform) -> None:
    """Nothing asked is nothing known."""
    assert not asked("recognition")[ANSWERS][0]
