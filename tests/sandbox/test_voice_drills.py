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

from drill.embedded import SandboxOptions, sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
FAST = Path(__file__).with_name("voice-fast.yaml")
INSTANCE = 30
AT_A_TIME = 3
# What a reader may be told first: dead air is told of as what callers made of it.
DEFECTS = {
    "no-barge-in": {"voice.barge_in"},
    "late-audio": {"voice.talk_over", "voice.barge_in"},
    "no-endpointing": {"calls.latency", "calls.answered"},
    "media-head-of-line": {"calls.latency"},
    "greeting-lost": {"voice.greeting"},
    "silent-fallback": {"calls.dropped", "voice.missed"},
    "tts-stall": {"calls.dropped", "voice.missed"},
}
HURT = {"silent-fallback": "model-slow", "tts-stall": "speech-stalling"}
WINDOWS = "{ramp: 3s, baseline: 11s, fault: 9s, recovery: 11s}"


def fast(folder: Path, name: str, experiment: str = "", windows: str = WINDOWS) -> Path:
    """The fast drill under this name, with another experiment or other windows."""
    text = FAST.read_text(encoding="utf-8").replace("drill: voice-fast", f"drill: {name}")
    assert WINDOWS in text
    text = text.replace(WINDOWS, windows).replace("../../", f"{ROOT}/")
    if experiment:
        text = text.replace(f"{ROOT}/experiments/voice-delay.yaml", experiment)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def red(folder: Path, defect: str) -> Path:
    """A defect's drill. No recovery is waited for; who has no answer hangs up after 15 s."""
    if defect not in HURT:
        return fast(folder, defect, windows="{ramp: 2s, baseline: 11s, fault: 5s, recovery: 3s}")
    windows = "{ramp: 2s, baseline: 9s, fault: 17s, recovery: 3s}"
    return fast(folder, defect, f"{ROOT}/experiments/{HURT[defect]}.yaml", windows)


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One platform that is well, for all experiments one after the other."""
    state = tmp_path_factory.mktemp("voice")
    with sandbox(SandboxOptions(instance=INSTANCE, state=state, profile="lite")) as target:
        yield target


def test_a_platform_that_is_well_bears_late_media(whole: Path, tmp_path: Path) -> None:
    """Exit 0 and every objective PASS; the calls' own wires show the delay."""
    code, summary = drill(fast(tmp_path, "late"), tmp_path, "--target-file", str(whole))
    assert (code, wrong(summary)) == (0, {})
    assert "calls' own media took 3" in summary["verdicts"]["integrity.witness"]["sentence"]


def test_a_platform_that_is_well_is_never_silent(whole: Path, tmp_path: Path) -> None:
    """Speech stalls and the model is late, at once: exit 0, and every turn was answered."""
    file = fast(tmp_path, "silence", str(FAST.with_name("stages-down.yaml")))
    code, summary = drill(file, tmp_path, "--target-file", str(whole))
    assert (code, wrong(summary)) == (0, {})


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
