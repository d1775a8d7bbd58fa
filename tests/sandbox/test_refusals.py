"""What cannot be drilled is refused in words: nothing started, nothing injected, no traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drill.faults.toxiproxy import Server, Toxic
from drill.target import load_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
FAST = Path(__file__).with_name("fast.yaml")


def drill(*arguments: object, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    done = subprocess.run(
        [sys.executable, "-m", "drill", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_target_that_is_down_is_refused_and_said(running: Path, tmp_path: Path) -> None:
    """A dead EHR address: exit 4, the guard is named, no load and no fault in the run's journal."""
    text = running.read_text(encoding="utf-8").replace(":17003/fhir", ":17999/fhir")
    target = running.with_name("down.toml")
    target.write_text(text, encoding="utf-8")
    code, _, err = drill("run", FAST, "--target-file", target, "--quiet", "--runs", tmp_path)
    assert code == 4
    assert "EHR can be read back" in err
    assert "nothing was injected" in err
    (run,) = (tmp_path / "ehr-outage-fast").iterdir()
    assert sorted(path.stem for path in (run / "journal").iterdir()) == ["control"]
    assert json.loads((run / "verdicts.json").read_text())["overall"] != "PASS"


def test_somebody_elses_fault_on_a_link_is_refused(running: Path, tmp_path: Path) -> None:
    """Another drill's toxic stays where it is, and this drill does not start. That may be thrown away: it
    touched nothing, so the next one asks the same question and gets the same answer."""
    ehr = load_target(running).ehr
    assert ehr is not None
    link = ehr.links[1]
    foreign = Toxic("somebody-elses", "latency", "downstream", 1.0, (("jitter", 0), ("latency", 1)))
    Server(link.api).add_toxic(link.proxy, foreign)
    try:
        for runs in (tmp_path / "first", tmp_path / "second"):
            code, _, err = drill("run", FAST, "--target-file", running, "--quiet", "--runs", runs)
            assert code == 4
            assert "ehr-b: is disabled or carries toxics of somebody else" in err
            assert Server(link.api).read(link.proxy).toxics == (foreign,)
            shutil.rmtree(runs)
    finally:
        Server(link.api).remove_toxic(link.proxy, "somebody-elses")


def test_ports_in_use_are_named(running: Path) -> None:
    """A second sandbox on the same net: exit 4 and the ports; the first one is untouched."""
    code, _, err = drill("run", FAST, "--sandbox", "--instance", 98, "--quiet")
    assert code == 4
    assert "127.118." in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "no-such-drill"), "ehr-outage"),
        (("run", FAST, "--sandbox", "--instance", "77", "--defect", "no-such-defect"), "breaker-never-opens"),
        (("run", FAST, "--defect", "cascade"), "--sandbox"),
        (("run", FAST, "--target-file", "absent.toml"), "absent.toml"),
        (("judge", "drills"), "plan.json"),
        (("heal", "drills"), "no folder of a run"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_bad_arguments_say_what_to_write_instead(arguments: tuple[object, ...], words: str) -> None:
    """Exit 3 or 4, and the right word."""
    code, _, err = drill(*arguments)
    assert code in (3, 4)
    assert words in err


def test_an_edited_journal_is_a_failure_and_names_its_line(running: Path, tmp_path: Path) -> None:
    """One digit changed in a stored run: exit 1 on judging it again, and file and line."""
    target = running.with_name("down2.toml")
    target.write_text(
        running.read_text(encoding="utf-8").replace(":17003/fhir", ":17999/fhir"), encoding="utf-8"
    )
    drill("run", FAST, "--target-file", target, "--quiet", "--runs", tmp_path)
    (run,) = (tmp_path / "ehr-outage-fast").iterdir()
    stream = run / "journal" / "control.jsonl"
    stream.write_text(stream.read_text(encoding="utf-8").replace('"seed":', '"seed":1', 1), encoding="utf-8")
    code, out, _ = drill("judge", run, "--json")
    found = json.loads(out)[0]["verdicts"]["integrity.streams"]
    assert (code, found["status"]) == (1, "FAIL")
    assert "control.jsonl:2" in found["sentence"]
