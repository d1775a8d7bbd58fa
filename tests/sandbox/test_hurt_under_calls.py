"""Experiments of speech, of the model and of media, each alone under `chaos run`; what live calls hear."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drill.conduct.children import end, spawn
from drill.embedded import SandboxOptions, sandbox
from drill.faults.toxiproxy import ProxyState, Server
from drill.journal import read_stream
from drill.load.order import LoadOrder
from drill.model.events import CallEnded, CallHeard, CallStarted, Event, TurnEnded
from drill.target import load_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
INSTANCE = 42
STAGES = {
    "model-slow": "slow",
    "model-timeout": "timeout",
    "model-rate-limited": "http_429",
    "model-empty": "empty",
    "speech-slow": "slow",
    "speech-failing": "http_5xx",
    "speech-stalling": "timeout",
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Target file of one that is well."""
    state = tmp_path_factory.mktemp("hurt")
    with sandbox(SandboxOptions(instance=INSTANCE, state=state, profile="lite")) as target:
        yield target


def proxies(target_file: Path) -> list[ProxyState]:
    """All ways to speech, to the model and into zones, as their fault proxy tells them now."""
    target = load_target(target_file)
    ways = [*target.stages, *(wire for wire in target.wires if wire.carries == "voice")]
    known = Server(ways[0].api).read_all()
    return [known[way.proxy] for way in ways]


def chaos(target: Path, folder: Path, experiment: str, hold_s: float) -> dict[str, Any]:
    """`chaos run` on a shipped file; what its activities said. A lite store has no replica to choose."""
    text = (ROOT / "experiments" / f"{experiment}.yaml").read_text(encoding="utf-8")
    file = folder / f"{experiment}.yaml"
    file.write_text(text.replace("zone: replica", "zone: a"), encoding="utf-8")
    program = Path(sys.executable).with_name("chaos")
    done = subprocess.run(
        [program, "--no-version-check", "--no-log-file", "run", file], cwd=folder, check=False, timeout=90,
        env={**os.environ, "DRILL_TARGET": str(target), "DRILL_HOLD_S": f"{hold_s:g}"}, capture_output=True,
        text=True,
    )  # fmt: skip
    journal = json.loads((folder / "journal.json").read_text())
    assert (done.returncode, journal["status"]) == (0, "completed"), done.stdout
    return {run["activity"]["name"]: run.get("output") for run in journal["run"]}


@pytest.mark.parametrize(("name", "witness"), STAGES.items())
def test_an_experiment_runs_alone(platform: Path, tmp_path: Path, name: str, witness: str) -> None:
    """The fault is felt through every link, and is gone afterwards."""
    before = proxies(platform)
    said = chaos(platform, tmp_path, name, 0.2)
    assert {said[each] for each in said if each.endswith("-witness")} == {witness}
    assert proxies(platform) == before


def gaps(events: list[Event]) -> bool:
    """Some caller heard holes, and jitter, and audio that came too late. A call that is well has next to no
    jitter; it is a running mean, so how high it stands when a call ends is chance (15 to 25 ms)."""
    heard = [e for e in events if isinstance(e, CallHeard)]
    return any(e.jitter_ms > 5 and e.silence_ms > 0 and e.late_share > 0 for e in heard)


def piled_up(events: list[Event]) -> bool:
    """Some caller's answers came later and later, or not at all."""
    turns = [e for e in events if isinstance(e, TurnEnded)]
    late = [e for e in turns if e.round_trip_ms > 500 or e.longest_gap_ms > 500]
    return bool(late) or sum(e.outcome == "unanswered" for e in turns) > 3


def torn_off(events: list[Event]) -> bool:
    """Calls broke off, and their callers are in a call again."""
    broken = {e.call for e in events if isinstance(e, CallEnded) and e.outcome == "dropped"}
    return any(isinstance(e, CallStarted) and e.ok and e.redial_of in broken for e in events if broken)


@contextmanager
def calls(target: Path, stream: Path) -> Iterator[None]:
    """A dozen of them, for as long as the block."""
    order = LoadOrder(
        profile=ROOT / "loadprofiles" / "steady_calls.py", edge=load_target(target).edge, run_id="hurt",
        stream=stream, schedule=stream.with_name("schedule.json"), concurrency=12, mean_call_s=6.0,
        ramp_s=1.0, seconds=90.0, seed=3,
    )  # fmt: skip
    load = spawn("load", order.argv(), stream.with_name("load.log"), order.environ(os.environ))
    try:
        deadline = time.monotonic() + 30
        while not (stream.exists() and stream.read_text().count('"call.started"') >= 8):
            assert time.monotonic() < deadline, load.tail()
            time.sleep(0.1)
        yield
        time.sleep(2.0)
    finally:
        end(load, 15.0)


@pytest.mark.parametrize(
    ("name", "shows"), [("voice-jitter", gaps), ("voice-bandwidth", piled_up), ("voice-reset", torn_off)]
)
def test_callers_hear_what_is_done_to_their_media(
    platform: Path, tmp_path: Path, name: str, shows: Callable[[list[Event]], bool]
) -> None:
    """Under a dozen live calls, and none of it is left."""
    before = proxies(platform)
    with calls(platform, tmp_path / "load.jsonl"):
        chaos(platform, tmp_path, name, 6.0)
    events = [recorded.event for recorded in read_stream(tmp_path / "load.jsonl").events]
    assert shows(events)
    assert proxies(platform) == before
