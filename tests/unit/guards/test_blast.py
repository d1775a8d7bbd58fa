"""How far a drill reaches is counted from its plan, in the worst case; what nobody can count is too far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drill.conduct.guards.blast import Blast, blast, within
from drill.model.guards import BlastLimits, Guards, RealCalls
from drill.model.plan import LoadPlan, Plan
from drill.model.target import Ehr, Link, Target, Zone
from histories import plan as history_plan


def step(func: str, module: str = "drill.toolkit.actions", **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": "action", "name": func, "provider": provider}


def about(*steps: dict[str, Any], calls: int = 30, capacities: tuple[int, ...] = (40, 40, 20)) -> Plan:
    experiment = json.dumps({"method": [*steps, step("hold")]})
    return history_plan(
        experiment=experiment, load=LoadPlan("p.py", "e" * 64, calls, 60.0), capacities=capacities
    )


def target(*links: str, real: int = 0) -> Target:
    zones = tuple(Zone(name, "http://127.0.0.1/h", "http://127.0.0.1/m") for name in "abc")
    ehr = Ehr("http://127.0.0.1/fhir", "synthetic-0001", tuple(Link(z, f"ehr-{z}", "") for z in links), None)
    guards = Guards(real_calls=RealCalls("real", real))
    return Target(
        "t", "staging", "", "ws://127.0.0.1/", zones, None, ehr, None, "", Path("t.toml"), guards=guards
    )


def test_a_zone_that_is_named_counts_with_its_own_capacity() -> None:
    """A fifth of all; six of thirty calls."""
    assert blast(about(step("zone_fault", mode="kill", zone="c")), target()) == Blast(("c",), 0.2, 6, ())


def test_a_role_counts_as_the_largest_zone_not_hit_otherwise() -> None:
    """Nobody knows yet who holds the primary."""
    two = about(step("zone_fault", mode="kill", zone="a"), step("service_fault", mode="kill", zone="replica"))
    assert blast(two, target()).zones == ("a", "b")
    assert blast(two, target()).capacity == 0.8


def test_an_ehr_fault_reaches_every_linked_zone_and_no_capacity() -> None:
    """Two zones of three have a link: four fifths of the calls."""
    assert blast(about(step("ehr_fault", mode="slow")), target("a", "b")) == Blast(("a", "b"), 0.0, 24, ())


def test_media_of_every_zone_is_all() -> None:
    """Said as `every`."""
    found = blast(about(step("media_fault", mode="delay", zone="every")), target())
    assert (len(found.zones), found.capacity, found.calls) == (3, 1.0, 30)


def test_zones_that_do_not_tell_their_capacity_share_alike() -> None:
    """A third, rounded up to a whole call; real calls are counted with it."""
    plan = about(step("zone_fault", mode="kill", zone="c"), calls=31, capacities=(0, 40, 40))
    assert blast(plan, target()).calls == 11
    assert blast(plan, target(real=30)).calls == 21


def test_a_sham_reaches_nothing() -> None:
    """Nobody is hurt by what is left out."""
    assert blast(about(step("sham", instead_of="zone_fault")), target("a")) == Blast((), 0, 0, ())


def test_each_limit_is_held_and_named() -> None:
    """At the limit is within it."""
    found = Blast(("a", "b"), 0.5, 20, ())
    assert within(found, BlastLimits(2, 0.5, 20), "production")[0]
    for limits, word in (
        (BlastLimits(1, 0.5, 20), "2 zones, limit 1"),
        (BlastLimits(2, 0.49, 20), "50% of capacity, limit 49%"),
        (BlastLimits(2, 0.5, 19), "20 calls, limit 19"),
    ):
        ok, detail = within(found, limits, "sandbox")
        assert (ok, word in detail) == (False, True)


def test_somebody_elses_action_is_beyond_every_limit() -> None:
    """Of Kubernetes, say: nobody here can tell what it reaches."""
    plan = about(step("ehr_fault", mode="slow"), step("terminate_pods", "chaosk8s.pod.actions", all=True))
    assert blast(plan, target("a")).unknown == ("terminate_pods",)
    ok, detail = within(blast(plan, target("a")), BlastLimits(3, 1.0, 1000), "staging")
    assert (ok, "terminate_pods" in detail) == (False, True)


def test_without_limits_only_production_says_no() -> None:
    """A sandbox is there to be broken."""
    found = Blast(("a",), 0.3, 10, ())
    assert [within(found, None, name)[0] for name in ("sandbox", "staging", "production")] == [
        True,
        True,
        False,
    ]
