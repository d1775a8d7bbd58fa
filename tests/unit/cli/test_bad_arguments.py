"""What cannot be is said in one message for each mistake, with exit code 3, and nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import Drill, changed
from sealed import stored


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("frobnicate", "No such command 'frobnicate'"),
        ("run", "Missing argument"),
        ("run nope", "there is no drill or suite 'nope' in drills"),
        ("run ehr-outage --seed x", "'x' is not a valid integer"),
        ("run ehr-outage --defect cascade", "--defect: of a sandbox of this command's own; add --sandbox"),
        ("run ehr-outage --profile lite", "--profile: of a sandbox of this command's own; add --sandbox"),
        ("run ehr-outage --instance 3 --set a=b", "--instance and --set: of a sandbox"),
        ("run ehr-outage --sandbox --target staging", "one platform is drilled at a time"),
        ("run ehr-outage --target nope", "drill.toml: has no target 'nope'; known are staging"),
        ("run ehr-outage --target-file nope.toml", "nope.toml: cannot be read: No such file or directory"),
        ("run ehr-outage --approval nope.json", "nope.json: cannot be read: No such file or directory; name"),
        ("plan quarterly", "'quarterly' is a suite, and one drill is wanted here; name one of ehr-outage,"),
        ("approve zones --seed 1 --operator a", "'zones' is a suite, and one drill is wanted here"),
        (
            "approve ehr-outage --seed 1 --operator a --from noon",
            "--from: 'noon' is no time; write it in UTC",
        ),
        ("approve ehr-outage --seed 1 --operator a --for 9d", "--for: an approval holds for more than no"),
        ("approve ehr-outage --seed 1 --operator a --for 9", "--for: '9' is not a duration"),
        ("approve ehr-outage --seed 1 --operator a --key nope", "nope: cannot be read: No such file"),
        ("judge nope", "nope: is no folder of a run: it is not there; name runs/DRILL/RUN"),
        ("judge drills", "drills: is no folder of a run: it holds neither plan.json nor a journal"),
        ("report drills", "drills: is no folder of a run"),
        ("heal nope", "nope: is no folder of a run"),
        ("abort nope", "nope: is no folder of a run"),
        ("seal drills --key nope", "drills: is no folder of a run"),
        ("heal --runs nope", "nope: there is no such folder of runs; name one with --runs"),
        ("abort --runs nope", "nope: there is no such folder of runs"),
        ("report", "name one run's folder, or a quarter with --quarter 2026Q4"),
        ("report --quarter 2026Q5", "'2026Q5' is not a quarter; write it as 2026Q4"),
        ("report --quarter 2026Q4 --as-of noon", "--as-of 'noon' is not a day"),
        ("sign nope --key nope", "does not exist"),
        ("verify nope --key drill.toml", "drill.toml: is no public key in PEM"),
        ("schema experiment", "'experiment' is not one of 'drill', 'target'"),
        ("init .", "drill.toml: is there already; name an empty folder"),
    ],
)
def test_a_mistake_is_said(drill: Drill, command: str, said: str) -> None:
    """In words that say what to write instead."""
    code, out, err = drill(*command.split())
    assert (code, out) == (3, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("command", "mistakes"),
    [
        ("run nope1 nope2", ("'nope1'", "'nope2'")),
        ("check nope1 nope2", ("'nope1'", "'nope2'")),
        ("compare nope1 nope2", ("'nope1'", "'nope2'")),
        (
            "verify nope1 nope2 --key nope3 --key nope4 --tsa-root nope5",
            ("nope3: cannot", "nope4: cannot", "nope5: cannot", "nope1: there is no", "nope2: there is no"),
        ),
    ],
)
def test_all_mistakes_come_at_once(drill: Drill, command: str, mistakes: tuple[str, ...]) -> None:
    """One line each."""
    code, _, err = drill(*command.split())
    assert (code, len(err.splitlines())) == (3, len(mistakes))
    for line, mistake in zip(err.splitlines(), mistakes, strict=True):
        assert mistake in line


def test_every_drill_of_a_run_is_read_before_the_first_begins(drill: Drill) -> None:
    """The mistakes of all of them, not of the first."""
    for name in ("ehr-outage", "ehr-slow"):
        changed(f"drills/{name}.yaml", "severity: SEV2", "severty: SEV2")
    code, _, err = drill("run", "ehr-outage", "ehr-slow")
    assert (code, len(err.splitlines())) == (3, 4)


def test_a_drill_that_a_suite_is_called_as_can_be_planned(drill: Drill) -> None:
    """`zone-failure` is both: of a plan the drill is meant."""
    code, _, err = drill("plan", "zone-failure")
    assert (code, err.split(":")[1].strip()) == (3, "drills/zone-failure.yaml")


@pytest.mark.parametrize("option", ["--out x", "--as-of 2026-01-01", "--findings x", "--drills x"])
def test_what_is_of_a_quarter_is_not_ignored_of_a_run(drill: Drill, tmp_path: Path, option: str) -> None:
    """One run's report is written where the run is."""
    code, _, err = drill("report", stored(tmp_path / "runs"), *option.split())
    assert (code, err.splitlines()[-1].split(";")[0]) == (
        3, f"Error: {option.split()[0]}: of a quarter's report",
    )  # fmt: skip
