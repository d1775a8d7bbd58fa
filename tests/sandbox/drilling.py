"""Whole drills for tests, conducted by the command as a user would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from machine import Machine, excuse

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
Summary = dict[str, Any]
WITHIN_S = 300


def embedded(instance: int, profile: str = "lite") -> tuple[str, ...]:
    """On a sandbox of its own."""
    return ("--sandbox", "--profile", profile, "--instance", str(instance))


def command(file: Path, runs: Path, *where: str) -> list[str]:
    """How a drill is started."""
    return [sys.executable, "-m", "drill", "run", str(file), *where, "--json", "--quiet", "--seed", "7",
            "--runs", str(runs)]  # fmt: skip


def drill(file: Path, runs: Path, *where: str) -> tuple[int, Summary]:
    """Run one drill; its exit code and its summary."""
    done = subprocess.run(
        command(file, runs, *where), cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)[0]


def of_status(summary: Summary, status: str) -> set[str]:
    """The objectives of a status."""
    return {name for name, verdict in summary["verdicts"].items() if verdict["status"] == status}


def wrong(summary: Summary) -> dict[str, str]:
    """What is not PASS, with its sentence."""
    return {name: v["sentence"] for name, v in summary["verdicts"].items() if v["status"] != "PASS"}


def passes(file: Path, runs: Path, *where: str) -> Path:
    """Exit 0 and every objective PASS; its run."""
    machine = Machine()
    code, summary = drill(file, runs, *where)
    if code:
        excuse(of_status(summary, "FAIL"), machine.stolen())
    assert (code, wrong(summary)) == (0, {})
    return Path(summary["run"])


def variant(name: str, path: Path, *changes: tuple[str, str]) -> Path:
    """A drill of this folder with its text changed, wherever it is put; a change has to be one."""
    text = (HERE / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    text = text.replace("../../", f"{ROOT}/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def serving(work: Path) -> bool:
    """Whether anybody serves a copy of a restore in this workspace."""
    lines = (" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    return any(f"{work}/data" in line and "postgres" in line for line in lines)
