"""A drill with everything beside it, written to a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.model.errors import DefinitionError

DRILL = """\
drill: outage
title: EHR outage
owner: on-call
severity: SEV2
risk: R-1
schedule: quarterly
controls: [SOC2 A1.3]
experiment: experiment.yaml
load:
  profile: calls.py
  concurrency: 40
  mean_call: 60s
phases: {ramp: 10s, baseline: 15s, fault: 30s, recovery: 60s}
objectives:
  recovery:
    turn_slo: 1500ms
    breach_share: 10%
    back_share: 5%
    sustained: 30s
    within: 20s
    breached_call_seconds: 200
  breaker:
    opens_within: 15s
    closes_within: 15s
    requests_per_failure_max: 2.5
  calls: {dropped_max: 0, turn_p95: 1500ms, unaffected_p95: 1500ms, answered_min: 99%}
  ehr_writes:
    within: 30s
  turns: {lost_max: 0}
"""
EXPERIMENT = """\
title: EHR outage
description: no answers
configuration:
  hold_s: 20
method:
  - type: action
    name: cut
    provider: {type: python, module: drill.toolkit.actions, func: ehr_fault, arguments: {mode: refused}}
  - type: action
    name: hold
    provider:
      type: python
      module: drill.toolkit.actions
      func: hold
      arguments: {seconds: "${hold_s}"}
rollbacks:
  - type: action
    name: revert
    provider: {type: python, module: drill.toolkit.actions, func: revert}
"""

Change = tuple[str, str]
Refused = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a drill file and what it names; the test runs in it, so paths are short."""
    (tmp_path / "drill.yaml").write_text(DRILL)
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    (tmp_path / "calls.py").write_text("CALLS = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _changed(file: Path, changes: tuple[Change, ...]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text, f"the test wants to change {old!r}, which is not there"
        text = text.replace(old, new, 1)
    file.write_text(text)


@pytest.fixture
def refused(folder: Path) -> Refused:
    """The mistakes that loading gives after changes to the drill file or another one."""

    def mistakes(*changes: Change, file: str = "drill.yaml") -> list[str]:
        _changed(folder / file, changes)
        with pytest.raises(DefinitionError) as error:
            load_drill(Path("drill.yaml"))
        return list(error.value.mistakes)

    return mistakes
