"""What a drill tells its load process: all of it, and nothing that somebody's shell happened to hold."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from drill.load.order import LoadOrder
from drill.load.settings import from_environ
from drill.model.errors import DefinitionError
from drill.model.target import Target
from drill.target import allowed_edge

ORDER = LoadOrder(
    profile=Path("calls.py"), edge="ws://127.20.0.1:10000/media", run_id="run", stream=Path("load.jsonl"),
    schedule=Path("schedule.json"), concurrency=12, mean_call_s=30.0, ramp_s=2.0, seconds=300.0, seed=9,
)  # fmt: skip


def target(edge: str, *allow: str) -> Target:
    """A platform with this edge."""
    return Target("mine", "staging", "", edge, (), None, None, None, "", Path("drill.toml"), allow=allow)


def test_what_is_ordered_is_what_is_set() -> None:
    """From one process to the other and nothing lost."""
    order = dataclasses.replace(ORDER, arrivals="clinic-morning", windows_s=120.0)
    settings = from_environ(order.environ({}), Path())
    demand = settings.demand
    assert (settings.edge, settings.run_id, settings.stream) == (order.edge, "run", Path("load.jsonl"))
    assert (demand.concurrency, demand.mean_call_s, demand.ramp_s, demand.seed) == (12, 30.0, 2.0, 9)
    assert (demand.arrivals, demand.windows_s, demand.seconds) == ("clinic-morning", 120.0, 300.0)


@pytest.mark.parametrize("cap", [{"max_calls": 11}, {"max_calls_per_s": 5.9}])
def test_the_caps_of_the_target_are_the_loads_too(cap: dict[str, int]) -> None:
    """Whatever was in the shell."""
    order = dataclasses.replace(ORDER, **cap)
    shell = {"DRILL_MAX_CALLS": "999", "DRILL_MAX_CALLS_PER_S": "999"}
    with pytest.raises(DefinitionError):
        from_environ(order.environ(shell), Path())


@pytest.mark.parametrize(
    ("edge", "allow", "told"),
    [
        ("ws://voice.staging.internal/media", ("voice.staging.internal",), "voice.staging.internal"),
        ("ws://Voice.Staging.Internal/media", ("voice.staging.internal",), "voice.staging.internal"),
        ("ws://10.0.0.7/media", ("10.0.0.8", "10.0.0.7"), "10.0.0.7"),
        ("ws://voice.staging.internal/media", ("ehr.staging.internal",), ""),
        ("ws://voice.staging.internal/media", (), ""),
        ("ws://127.20.0.1:10000/media", ("voice.staging.internal",), ""),
        ("ws://127.20.0.1:10000/media", (), ""),
        ("ws://localhost/media", (), "localhost"),
        ("ws://[::1]/media", (), "::1"),
        ("ws://127.0.0.1.example.org/media", (), ""),
        ("ws://127.0.0.1.example.org/media", ("127.0.0.1.example.org",), "127.0.0.1.example.org"),
    ],
)
def test_a_host_is_allowed_when_and_only_when_drill_toml_allows_it(
    edge: str, allow: tuple[str, ...], told: str
) -> None:
    """And what the shell allows counts for nothing in a drill."""
    order = dataclasses.replace(ORDER, edge=edge, allow=allowed_edge(target(edge, *allow)))
    environ = order.environ({"DRILL_ALLOW_TARGET": "voice.staging.internal", "LOCUST_HOST": "x", "HOME": "h"})
    assert environ.get("DRILL_ALLOW_TARGET", "") == told
    assert "LOCUST_HOST" not in environ
    assert environ["HOME"] == "h"
    if told or edge.startswith("ws://127.20."):
        assert from_environ(environ, Path()).edge == edge
    else:
        with pytest.raises(DefinitionError, match="not on this machine's loopback"):
            from_environ(environ, Path())
