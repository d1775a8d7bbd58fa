"""Whole drills on platforms that are well: every objective PASS, and what was stored says so again.

They want the machine to themselves: they come first, and nothing runs beside them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from drilling import embedded, passes, variant

from drill.embedded import SandboxOptions, sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
EHR, VOICE, ZONES = 70, 60, 50
# A flapping zone cuts off more callers, for longer: away for 10 s at a time, its primary's lease ends.
# One that is frozen is found by silence.
WAYS = {
    "zone-kill": (),
    "zone-pause": (("detected_within: 8s", "detected_within: 12s"),),
    "zone-isolate": (),
    "zone-flap": (
        ("fault: 16s", "fault: 45s"), ("8s, within: 30s", "8s, within: 60s"), ("mttr: 60s", "mttr: 75s"),
        ("dropped_max: 20", "dropped_max: 40"), ("seconds: 400", "seconds: 600"),
    ),
}  # fmt: skip


def test_an_ehr_outage_passes_and_judging_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """The stored run gives the same verdicts and report, byte for byte.

    Sealed, it verifies; altered in one byte of its journal, it does not.
    """
    run = passes(variant("fast.yaml", tmp_path / "fast.yaml"), tmp_path, *embedded(EHR))
    before = {name: (run / name).read_bytes() for name in ("verdicts.json", "report.html", "report.md")}
    again = subprocess.run([sys.executable, "-m", "drill", "judge", str(run)], cwd=tmp_path, check=False)
    assert again.returncode == 0
    assert {name: (run / name).read_bytes() for name in before} == before
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert re.findall(rf"sandbox-{EHR}|127\.{20 + EHR}\.", shown) == []
    bundle = tmp_path / "run.evidence.tar"
    assert evidence(tmp_path, "keygen", "operator") == evidence(
        tmp_path, "seal", str(run), "--key", "operator.key", "-o", str(bundle)
    ) == (0, "")  # fmt: skip
    assert evidence(tmp_path, "verify", str(bundle), "--key", "operator.pub") == (0, "")
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"turn.ended", b"turn.ender", 1))
    assert evidence(tmp_path, "verify", str(bundle), "--key", "operator.pub") == (1, "content")


def evidence(folder: Path, *arguments: str) -> tuple[int, str]:
    """A command about evidence: its exit code, and the broken link that it names."""
    argv = [sys.executable, "-m", "drill", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    broken = re.search(r"^BROKEN at (\w+)", done.stdout, re.MULTILINE)
    return done.returncode, broken[1] if broken else done.stderr


def test_media_speech_and_a_model_that_are_late_at_once_leave_nobody_in_silence(tmp_path: Path) -> None:
    """And that the media were late was seen on the wire."""
    run = passes(variant("voice-fast.yaml", tmp_path / "voice.yaml"), tmp_path, *embedded(VOICE))
    said = (run / "report.md").read_text(encoding="utf-8")
    assert "calls' own media took 3" in said.replace("\\", "")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """One platform for all ways, one after the other: it has to come home from each."""
    with sandbox(SandboxOptions(instance=ZONES, state=tmp_path_factory.mktemp("zones"))) as target:
        yield ("--target-file", str(target))


@pytest.mark.parametrize("way", WAYS)
def test_a_zone_is_lost_and_comes_home(whole: tuple[str, str], tmp_path: Path, way: str) -> None:
    file = variant("zone-fast.yaml", tmp_path / f"{way}.yaml", ("zone-kill.yaml", f"{way}.yaml"), *WAYS[way])
    passes(file, tmp_path, *whole)


def test_a_service_that_hangs_comes_back_without_help(whole: tuple[str, str], tmp_path: Path) -> None:
    """Found, ended and started again by the platform alone."""
    passes(variant("service-fast.yaml", tmp_path / "service.yaml"), tmp_path, *whole)
