"""`drill` as somebody calls it: arguments in; exit code, answer and complaint out. Nothing is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from command_line import Drill, Told
from drill.cli import main
from drill.scaffold import init


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `drill init` leaves it; the test runs in it, so paths are short."""
    init(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("DRILL_TARGET", raising=False)
    return Path()


@pytest.fixture
def drill(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Drill:
    """Run one command in that folder."""

    def run(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["drill", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as done:
            code = int(done.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run
