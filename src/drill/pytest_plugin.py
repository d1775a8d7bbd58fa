"""`pytest drills/`: each drill file is conducted once; each objective is a test item.

An item fails on FAIL and on UNKNOWN alike: CI must not be green because nothing was seen.
The items' names are known before the run from the drill's own objectives; a verdict that a
run did not give at all fails its item.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from drill import wiring
from drill.definition import load_drill
from drill.judge import objective_names
from drill.model.errors import DrillError
from drill.model.target import Target
from drill.model.verdicts import Status
from drill.runs import Judged, judge_run, write_results

_TARGET = pytest.StashKey[Target]()
_STACK = pytest.StashKey[ExitStack]()


class DrillFailed(Exception):  # noqa: N818  # what a failed item shows instead of a traceback
    """An objective that is not PASS, in words."""


class DrillFile(pytest.File):
    """One drill file, conducted when its first item runs."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per objective; the file's mistakes are its collection error."""
        try:
            drill = load_drill(self.path)
        except DrillError as error:
            raise self.CollectError(str(error)) from error
        for name in objective_names(drill.objectives):
            yield ObjectiveItem.from_parent(self, name=name)

    @cached_property
    def judged(self) -> Judged | str:
        """The run of this file, or why there is none; conducted or replayed once."""
        try:
            return self._replay() if self.config.getoption("--drill-replay") else self._conduct()
        except DrillError as error:
            return str(error)

    def _replay(self) -> Judged:
        judged = judge_run(Path(self.config.getoption("--drill-replay")))
        write_results(judged)
        name = load_drill(self.path).drill
        if judged.plan.drill != name:
            raise DrillError(f"the stored run is of {judged.plan.drill!r}, not of {name!r}")
        return judged

    def _conduct(self) -> Judged:
        option = self.config.getoption
        how = wiring.How(
            tuple(sys.argv), option("--drill-seed"), option("--drill-sham"), Path(option("--drill-runs"))
        )
        judged = wiring.run_drill(self.path, _target(self.session), how, lambda _: None)
        if wiring.was_stopped(judged):
            self.session.shouldstop = "a drill was stopped"
        return judged


class ObjectiveItem(pytest.Item):
    """One objective of one run."""

    parent: DrillFile

    def runtest(self) -> None:
        """PASS or an exception that says why not."""
        judged = self.parent.judged
        if isinstance(judged, str):
            raise DrillFailed(judged)
        verdict = next((v for v in judged.verdicts if v.objective == self.name), None)
        if verdict is None:
            raise DrillFailed(f"UNKNOWN: the run gave no verdict on {self.name}")
        self.add_report_section("call", "run", str(judged.folder))
        if verdict.status is not Status.PASS:
            raise DrillFailed(
                f"{verdict.status.name}: {verdict.sentence} (report: {judged.folder / 'report.html'})"
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """The sentence alone; a traceback would only show this file."""
        if isinstance(excinfo.value, DrillFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the item comes from."""
        return self.path, 0, f"{self.path.stem}: {self.name}"


def _target(session: pytest.Session) -> Target:
    """The session's target, opened once and closed when pytest ends."""
    if _TARGET not in session.stash:
        option = session.config.getoption
        file = option("--drill-target-file")
        where = wiring.Where(option("--drill-target"), Path(file) if file else None)
        stack = ExitStack()
        session.config.add_cleanup(stack.close)
        session.stash[_TARGET] = stack.enter_context(wiring.opened(where))
        session.stash[_STACK] = stack
    return session.stash[_TARGET]
