"""What a drill would touch is found as its actions find it; undoing is tried, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drill.conduct.guards.rehearsal import rehearsed, there
from drill.faults import Proxies
from drill.faults.toxiproxy import Server, Toxic
from drill.model.target import Target
from drill.target import load_target
from drill.toolkit.resolve import touches
from fakes.platform import Platform, serving


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with serving(tmp_path) as (platform, _):
        yield platform


@pytest.fixture
def target(platform: Platform, tmp_path: Path) -> Target:
    return load_target(tmp_path / "target.toml")


QUIET = (("jitter", 0), ("latency", 0))
EVERYTHING: list[tuple[str, dict[str, Any]]] = [
    ("ehr_fault", {"mode": "refused"}),
    ("ehr_fault", {"mode": "slow"}),
    ("ehr_fault", {"mode": "errors"}),
    ("zone_fault", {"mode": "kill", "zone": "a"}),
    ("zone_fault", {"mode": "pause", "zone": "b"}),
    ("zone_fault", {"mode": "isolate", "zone": "c"}),
    ("zone_fault", {"mode": "lossy-kill", "zone": "primary"}),
    ("zone_fault", {"mode": "flap", "zone": "replica", "total_s": "${hold_s}"}),
    ("service_fault", {"mode": "kill", "service": "agent", "zone": "b"}),
    ("service_fault", {"mode": "hang", "service": "store-c", "zone": "c"}),
    ("media_fault", {"mode": "delay", "zone": "every"}),
]


def experiment(*acts: tuple[str, dict[str, Any]]) -> str:
    steps = [
        {
            "type": "action",
            "provider": {
                "type": "python",
                "module": "drill.toolkit.actions",
                "func": func,
                "arguments": told,
            },
        }
        for func, told in acts
    ]
    return json.dumps({"configuration": {"hold_s": 20}, "method": steps})


def state(platform: Platform) -> Any:
    return json.dumps(platform.zones), platform.enabled(), platform.toxics()


def test_every_kind_of_fault_is_found_and_told_how_it_is_undone(target: Target) -> None:
    """By name and by role."""
    found = touches(experiment(*EVERYTHING), target, Proxies())
    assert {"zone a", "zone b", "zone c", "replication from zone a", "service agent-b of zone b"} <= {
        each.what for each in found
    }
    assert all(each.undone for each in found)


def test_looking_gives_no_order(platform: Platform, target: Target) -> None:
    """Neither to the zone control nor to the proxies."""
    before = state(platform)
    ok, detail = there(touches(experiment(*EVERYTHING), target, Proxies()), Proxies())
    assert ok, detail
    assert (platform.log, state(platform)) == ([], before)


def test_undoing_is_rehearsed_with_its_own_orders_and_changes_nothing(
    platform: Platform, target: Target
) -> None:
    """`up` to a zone that is up, `thaw` to one that runs."""
    before = state(platform)
    ok, detail = rehearsed(touches(experiment(*EVERYTHING), target, Proxies()), Proxies())
    assert ok, detail
    assert state(platform) == before
    assert {"a up", "b thaw"} <= set(platform.log)
    assert not {each for each in platform.log if each.split()[1] in ("down", "freeze", "kill")}


def test_an_undoing_that_is_refused_is_found_before_the_fault(platform: Platform, target: Target) -> None:
    """The right to give orders is missing."""
    platform.refuses = True
    ok, detail = rehearsed(touches(experiment(EVERYTHING[3]), target, Proxies()), Proxies())
    assert (ok, "not now" in detail) == (False, True)


def test_what_is_not_there_is_told_by_name(platform: Platform, target: Target) -> None:
    """A proxy that is gone; a toxic of this drill's own name; and the rest is looked at all the same."""
    gone = next(link.proxy for link in target.ehr.links) if target.ehr else ""
    platform.registry.delete(gone)
    Server(platform.api).add_toxic("voice-edge-b", Toxic("drill-media-up", "latency", "upstream", 1.0, QUIET))
    ok, detail = there(touches(experiment(EVERYTHING[0], EVERYTHING[-1]), target, Proxies()), Proxies())
    assert not ok
    assert gone in detail
    assert "another drill holds them" in detail
