"""What callers hear, drilled for real: green on a platform that is well, red with each defect."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from machine import Machine

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
FAST = Path(__file__).with_name("voice-fast.yaml")
INSTANCE = 60
AT_A_TIME = 2
# What a reader may be told first: dead air is told of as what callers made of it.
DEFECTS = {
    "no-barge-in": {"voice.barge_in"},
    "late-audio": {"voice.talk_over", "voice.barge_in"},
    "no-endpointing": {"calls.latency", "calls.answered"},
    "media-head-of-line": {"calls.latency", "voice.greeting"},
    "greeting-lost": {"voice.greeting"},
    "silent-fallback": {"calls.dropped", "voice.missed"},
    "tts-stall": {"calls.dropped", "voice.missed"},
}
# The experiment under which each shows; most show without any, so theirs is short.
UNDER = {"silent-fallback": "model-slow", "tts-stall": "speech-stalling"}
WINDOWS = "{ramp: 2s, baseline: 10s, fault: 9s, recovery: 10s}"


def red(folder: Path, defect: str) -> Path:
    """A defect's drill. No recovery is waited for; who has no answer hangs up after 15 s."""
    hurt = defect in UNDER
    text = FAST.read_text(encoding="utf-8").replace("drill: voice-fast", f"drill: {defect}")
    assert WINDOWS in text
    times = "baseline: 8s, fault: 17s" if hurt else "baseline: 13s, fault: 3s"
    text = text.replace(WINDOWS, f"{{ramp: 2s, {times}, recovery: 2s}}")
    experiment = f"experiments/{UNDER.get(defect, 'voice-delay')}.yaml"
    text = text.replace("tests/sandbox/all-at-once.yaml", experiment).replace("../../", f"{ROOT}/")
    if defect == "media-head-of-line":  # a queue is long only where many stand in it
        text = text.replace("concurrency: 20", "concurrency: 30")
    path = folder / f"{defect}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def drill(file: Path, runs: Path, *where: str) -> tuple[int, dict[str, Any]]:
    """Run one drill; its exit code and its summary."""
    argv = [sys.executable, "-m", "drill", "run", str(file), *where, "--json", "--quiet", "--seed", "7"]
    done = subprocess.run(
        [*argv, "--runs", str(runs)], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)[0]


def wrong(summary: dict[str, Any]) -> dict[str, str]:
    """What is not PASS, with its sentence."""
    return {name: v["sentence"] for name, v in summary["verdicts"].items() if v["status"] != "PASS"}


def test_a_platform_that_is_well_is_late_at_worst_and_never_silent(tmp_path: Path) -> None:
    """Media late, speech that stalls and a model that is late, at once: exit 0, every objective PASS."""
    where = ("--sandbox", "--profile", "lite", "--instance", str(INSTANCE))
    machine = Machine()
    code, summary = drill(FAST, tmp_path, *where)
    machine.excuse(wrong(summary))
    assert (code, wrong(summary)) == (0, {})
    assert "calls' own media took 3" in summary["verdicts"]["integrity.witness"]["sentence"]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """A drill per defect on a platform of its own, some at a time: a red drill needs no quiet machine."""
    folder = tmp_path_factory.mktemp("defects")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            defect: pool.submit(drill, red(folder, defect), folder / defect, "--sandbox", "--profile", "lite",
                                "--instance", str(INSTANCE + 1 + number), "--defect", defect)
            for number, defect in enumerate(DEFECTS)
        }  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_fails_and_is_named_first(drilled: dict[str, Future[Any]], defect: str) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names it."""
    code, summary = drilled[defect].result()
    assert code == 1
    failed = {name for name, verdict in summary["verdicts"].items() if verdict["status"] == "FAIL"}
    said = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8").splitlines()[2]
    first = said.partition(":")[0].strip("*").replace("\\", "")
    assert first in DEFECTS[defect] & failed, said
