"""Stored runs that are damaged, or lie where nothing can be written: a message, a code, no traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_line import Drill
from sealed import stored


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of a few events, judged UNKNOWN."""
    return stored(tmp_path / "runs")


def cut(file: Path, size: int) -> None:
    """What a disk that was full, or lost its power, leaves."""
    file.write_bytes(file.read_bytes()[:size])


@pytest.mark.parametrize("size", [0, 40, 400])
@pytest.mark.parametrize("stream", ["control", "faults", "load", "probes"])
def test_a_cut_stream_is_judged_and_never_passes(drill: Drill, run: Path, stream: str, size: int) -> None:
    """Exit code 1 or 2, and integrity says which line."""
    cut(run / "journal" / f"{stream}.jsonl", size)
    code, out, err = drill("judge", run, "--json")
    assert (code in (1, 2), err) == (True, "")
    assert f"{stream}.jsonl:" in out


def test_a_cut_plan_names_the_run(drill: Drill, run: Path) -> None:
    """Without its plan nothing can be judged."""
    cut(run / "plan.json", 300)
    for command in (("judge", run), ("report", run), ("compare", run, run)):
        code, out, err = drill(*command)
        assert (code, out) == (4, "")
        assert err.startswith(f"drill: {run}: plan.json is cut short or was edited")


def test_a_run_without_a_journal(drill: Drill, run: Path) -> None:
    """There is nothing to judge, and nothing to heal by: that is not the same as nothing to do."""
    shutil.rmtree(run / "journal")
    for command in ("judge", "heal"):
        code, out, err = drill(command, run)
        assert (code, out) == (4, "")
        assert "holds no journal stream" in err


def test_heal_says_what_it_cannot_read(drill: Drill, run: Path) -> None:
    """Nothing is outstanding as far as the record goes, and the record does not go to its end."""
    cut(run / "journal" / "faults.jsonl", 0)
    code, out, _ = drill("heal", run)
    assert (code, out.splitlines()[-1]) == (0, "nothing is outstanding")
    assert out.startswith("record        noted: faults.jsonl:1: ")


def test_results_that_cannot_be_written(drill: Drill, run: Path) -> None:
    """An auditor's copy is read-only: judge it in another."""
    (run / "verdicts.json").unlink(missing_ok=True)
    (run / "verdicts.json").mkdir()
    for command in ("judge", "report"):
        code, _, err = drill(command, run)
        said = f"{run}/verdicts.json: cannot be written: Is a directory; copy the run to where you may write"
        assert (code, err) == (4, f"drill: {said}\n")


def test_a_stream_that_is_a_folder_is_not_sealed(drill: Drill, run: Path, tmp_path: Path) -> None:
    """And no bundle is left behind."""
    assert drill("keygen", tmp_path / "operator")[0] == 0
    (run / "journal" / "load.jsonl").unlink()
    (run / "journal" / "load.jsonl").mkdir()
    code, _, err = drill("seal", run, "--key", tmp_path / "operator.key")
    assert (code, err) == (4, f"drill: {run}/journal/load.jsonl: cannot be read: Is a directory\n")
    assert not list(run.parent.glob("*.tar"))


def test_a_bundle_where_none_can_be(drill: Drill, run: Path, tmp_path: Path) -> None:
    """A file where a folder should be."""
    assert drill("keygen", tmp_path / "operator")[0] == 0
    out = Path("drill.toml") / "x.evidence.tar"
    code, _, err = drill("seal", run, "--key", tmp_path / "operator.key", "-o", out)
    assert (code, err) == (4, f"drill: cannot write {out}: Not a directory\n")


def test_a_quarter_where_no_folder_can_be(drill: Drill, run: Path) -> None:
    """Nothing was written, and the argument is named."""
    code, _, err = drill("report", "--quarter", "2026Q3", "--runs", run.parents[1], "--out", "drill.toml")
    assert (code, err) == (
        3, "drill: drill.toml: cannot be written: File exists; name another folder with --out\n",
    )  # fmt: skip


def test_runs_where_no_folder_can_be(drill: Drill) -> None:
    """Found out before the platform is asked anything."""
    code, _, err = drill("run", "ehr-outage", "--quiet", "--runs", "drill.toml")
    assert (code, err) == (
        4, "drill: drill.toml: cannot be written: File exists; name another folder with --runs\n",
    )  # fmt: skip
