"""Before a zone is taken, all of them are there and nobody else holds them; what cannot answer says no."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.conduct import guards
from drill.definition.needs import takes_zones
from drill.faults import Proxies
from drill.faults.replication_stall import TOXIC
from drill.model.events import GuardChecked
from drill.model.plan import FailoverLimits, Plan
from drill.model.target import Target
from drill.target import load_target
from fakes.platform import Platform, serving
from histories import plan as history_plan

OURS = (
    "every zone is up", "store is whole", "edge sends calls to every zone", "wires carry no foreign fault",
)  # fmt: skip


def about(func: str, **arguments: str) -> Plan:
    """A plan whose experiment does one thing."""
    provider = {"module": "drill.toolkit.actions", "func": func, "arguments": arguments}
    return dataclasses.replace(history_plan(), experiment=json.dumps({"method": [{"provider": provider}]}))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with serving(tmp_path) as (platform, _):
        yield platform


@pytest.fixture
def target(platform: Platform, tmp_path: Path) -> Target:
    return load_target(tmp_path / "target.toml")


def asked(target: Target, plan: Plan, folder: Path) -> dict[str, GuardChecked]:
    """The answers of the guards of zones, by name. Others may say no: nothing stands behind them here."""
    return {answer.guard: answer for answer in guards.check(plan, target, folder) if answer.guard in OURS}


def no(target: Target, folder: Path) -> dict[str, str]:
    """What they refuse, and why."""
    found = asked(target, about("zone_fault", mode="kill"), folder)
    return {answer.guard: answer.detail for answer in found.values() if not answer.ok}


def test_guards_of_zones_are_for_drills_of_zones(target: Target, tmp_path: Path) -> None:
    """Shams of them included; a drill of the EHR does not ask."""
    assert list(asked(target, about("zone_fault", mode="kill"), tmp_path)) == list(OURS)
    assert asked(target, about("ehr_fault", mode="slow"), tmp_path) == {}
    assert takes_zones(about("sham", instead_of="service_fault").experiment)
    assert not takes_zones(about("sham", instead_of="ehr_fault").experiment)


def test_media_needs_its_wires_and_the_edge_only(platform: Platform, target: Target, tmp_path: Path) -> None:
    """A zone that is frozen is told by its health; a toxic of somebody else is no."""
    Proxies().server(platform.api).add_toxic("voice-edge-a", TOXIC)
    for plan in (about("media_fault", mode="delay", zone="every"), about("sham", instead_of="media_fault")):
        found = asked(target, plan, tmp_path)
        assert list(found) == list(OURS[2:])
        assert found[OURS[3]].detail.endswith("voice-edge-a")


def test_a_whole_platform_is_let_through(target: Target, tmp_path: Path) -> None:
    """An edge that cannot be asked matters only where the drill judges by it."""
    assert no(target, tmp_path) == {}
    judged = about("zone_fault", mode="kill")
    asks = dataclasses.replace(judged.objectives, failover=FailoverLimits(1, 1, 1, 1, 1))
    found = asked(target, dataclasses.replace(judged, objectives=asks), tmp_path)
    assert found[OURS[2]].detail == "the target names no edge_admin, the drill judges failover"


def test_everything_that_is_not_as_it_should_be_is_told(
    platform: Platform, target: Target, tmp_path: Path
) -> None:
    """A zone frozen, a member behind, a wire cut, a stall left behind, an edge that is silent."""
    platform.zones["b"]["state"] = "frozen"
    platform.members["c"] |= {"replication_state": "in archive recovery"}
    Proxies().server(platform.api).switch("sql-a-b", enabled=False)
    Proxies().server(platform.api).add_toxic("wal-b-a", TOXIC)
    found = no(dataclasses.replace(target, edge_admin="http://127.0.0.1:1"), tmp_path)
    assert found[OURS[0]] == "zone b: frozen"
    assert found[OURS[1]] == "zone c: replica, running, not streaming"
    assert "ClientConnectorError" in found[OURS[2]]
    assert found[OURS[3]] == "disabled, or with toxics of somebody else: sql-a-b, wal-b-a"


def test_a_control_that_does_not_answer_says_no(target: Target, tmp_path: Path) -> None:
    """In words."""
    found = no(dataclasses.replace(target, control="http://127.0.0.1:1"), tmp_path)
    assert "gave no answer" in found[OURS[0]]


def test_a_zone_that_the_control_does_not_know_is_not_up(
    platform: Platform, target: Target, tmp_path: Path
) -> None:
    """Silence about a zone is no."""
    platform.zones.pop("c")
    assert no(target, tmp_path)[OURS[0]] == "zone c: not told of"


def test_a_wire_without_its_proxy_says_no(platform: Platform, target: Target, tmp_path: Path) -> None:
    """Named by its proxy."""
    platform.registry.delete("voice-edge-a")
    assert "there is no proxy voice-edge-a" in no(target, tmp_path)[OURS[3]]
