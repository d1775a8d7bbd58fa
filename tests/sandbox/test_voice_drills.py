"""What callers hear, drilled for real: green on a platform that is well, red with every defect of the voice."""

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
# The experiment under which each shows, and what a reader may be told first: dead air is told of as what the
# callers made of it.
DEFECTS = {
    "no-barge-in": ("voice-delay", {"voice.barge_in"}),
    "late-audio": ("voice-delay", {"voice.talk_over"}),
    "no-endpointing": ("voice-delay", {"calls.latency"}),
    "media-head-of-line": ("voice-delay", {"calls.latency"}),
    "greeting-lost": ("voice-delay", {"voice.greeting"}),
    "silent-fallback": ("model-slow", {"calls.dropped", "voice.missed"}),
    "tts-stall": ("speech-stalling", {"calls.dropped", "voice.missed", "voice.gaps"}),
}
CLEAN = ("voice-delay", "model-slow", "speech-stalling")


def fast(folder: Path, experiment: str) -> Path:
    """The fast drill with another experiment."""
    text = FAST.read_text(encoding="utf-8").replace("voice-delay.yaml", f"{experiment}.yaml")
    path = folder / f"{experiment}.yaml"
    path.write_text(text.replace("../../", f"{ROOT}/"), encoding="utf-8")
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One platform that is well, for all experiments one after the other."""
    state = tmp_path_factory.mktemp("voice")
    with sandbox(SandboxOptions(instance=INSTANCE, state=state, profile="lite")) as target:
        yield target


@pytest.mark.parametrize("experiment", CLEAN)
def test_a_platform_that_is_well_passes(whole: Path, tmp_path: Path, experiment: str) -> None:
    """Exit 0 and every objective PASS: media late, a model late, speech that stops in the middle."""
    code, summary = drill(fast(tmp_path, experiment), tmp_path, "--target-file", str(whole))
    assert (code, wrong(summary)) == (0, {})


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """A drill per defect on a platform of its own, some at a time: a red drill needs no quiet machine."""
    folder = tmp_path_factory.mktemp("defects")
    files = {experiment: fast(folder, experiment) for experiment in CLEAN}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            defect: pool.submit(drill, files[experiment], folder / defect, "--sandbox", "--profile", "lite",
                                "--instance", str(INSTANCE + 1 + number), "--defect", defect)
            for number, (defect, (experiment, _)) in enumerate(DEFECTS.items())
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
    assert first in DEFECTS[defect][1] & failed, said
