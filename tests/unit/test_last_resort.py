"""Whatever goes wrong inside drill never reads as a verdict."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from drill.judge import judge_folded
from drill.model.verdicts import EXIT_WORLD, Status
from drill.runs import Judged, write_results
from histories import outage, plan, streams


def test_an_error_that_nobody_expected_is_one_line_a_log_and_exit_code_four(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own exit code 1 would read as FAIL."""

    def broken(**_: object) -> None:
        raise TypeError("no such thing")

    main = importlib.import_module("drill.cli.main")  # the package has a function of that name
    monkeypatch.setattr(main, "cli", broken)
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr().err.strip()
    assert ended.value.code == EXIT_WORLD
    assert said.startswith(
        "drill: this is a bug of drill, not a verdict: TypeError: no such thing; its log is "
    )
    log = Path(said.rpartition(" ")[2])
    assert "Traceback" in log.read_text(encoding="utf-8")
    log.unlink()


def test_a_run_that_cannot_be_folded_has_a_report_all_the_same(tmp_path: Path) -> None:
    """It says UNKNOWN, and why."""
    read, error = streams(outage()), TypeError("a number where a text is due")
    judged = Judged(tmp_path, plan(), read, judge_folded(plan(), read, error))
    report = write_results(judged)
    assert judged.status is Status.UNKNOWN
    assert "a number where a text is due" in report.read_text(encoding="utf-8")
