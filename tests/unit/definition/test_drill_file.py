"""What a drill file says arrives; what it cannot say is refused with its line and a way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.model.errors import DefinitionError
from drill.model.plan import (
    BreakerLimits,
    CallLimits,
    Objectives,
    Phases,
    RecoveryLimits,
    TurnLimits,
    WriteLimits,
)

Refused = Callable[..., list[str]]


def test_a_whole_file_is_read(folder: Path) -> None:
    """Durations arrive in seconds, shares as fractions, paths beside the file."""
    drill = load_drill(Path("drill.yaml"))
    assert (drill.drill, drill.owner, drill.severity) == ("outage", "on-call", "SEV2")
    assert (drill.controls, drill.runbook, drill.schedule) == (("SOC2 A1.3",), "", "quarterly")
    assert (drill.load.profile, drill.load.concurrency, drill.load.mean_call_s) == ("calls.py", 40, 60.0)
    assert drill.phases == Phases(10.0, 15.0, 30.0, 60.0)
    assert drill.objectives == Objectives(
        RecoveryLimits(1.5, 0.1, 0.05, 30.0, 20.0, 200.0),
        BreakerLimits(15.0, 15.0, 0, 0.0, 2.5),
        CallLimits(0, 1.5, 1.5, 0.99),
        WriteLimits(30.0, timed=True),
        TurnLimits(0),
    )


def test_the_fault_phase_sets_how_long_the_experiment_holds(folder: Path) -> None:
    """`hold_s` of the experiment is the drill's fault phase, whatever the file says."""
    assert json.loads(load_drill(Path("drill.yaml")).experiment)["configuration"]["hold_s"] == 30


def test_an_objective_not_asked_for_is_none(folder: Path) -> None:
    """Leaving an objective out means that it is not judged."""
    file = folder / "drill.yaml"
    file.write_text(file.read_text().replace("  turns: {lost_max: 0}\n", ""))
    assert load_drill(file).objectives.turns is None


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("owner:", "ownr:", "3: unknown key 'ownr'; did you mean 'owner'?"),
        (
            "severity: SEV2",
            "zzz: 1",
            (
                "4: unknown key 'zzz'; known are abort_when, controls, drill, experiment, load, "
                "objectives, owner, phases, risk, runbook, schedule, severity, title"
            ),
        ),
        ("  breaker:\n", "  breakr:\n", "22: unknown key 'breakr' in objectives; did you mean 'breaker'?"),
        (
            "    within: 20s",
            "    withn: 20s",
            ("20: unknown key 'withn' in objectives.recovery; did you mean 'within'?"),
        ),
        (
            "fault: 30s",
            "fault: 30",
            ("13: phases.fault: 30 is not a duration; write a number with a unit, such as 30s, 1500ms or 5m"),
        ),
        (
            "mean_call: 60s",
            "mean_call: '60'",
            (
                "12: load.mean_call: '60' is not a duration; write a number "
                "with a unit, such as 30s, 1500ms or 5m"
            ),
        ),
        (
            "mean_call: 60s",
            "mean_call: 0s",
            ("12: load.mean_call: '0s' is no time at all; write a duration above zero, such as 30s"),
        ),
        (
            "breach_share: 10%",
            "breach_share: 10",
            (
                "17: objectives.recovery.breach_share: 10 is outside "
                "0 % to 100 %; write a percentage such as 5%"
            ),
        ),
        (
            "breach_share: 10%",
            "breach_share: ten",
            ("17: objectives.recovery.breach_share: 'ten' is not a share; write a percentage such as 5%"),
        ),
        (
            "concurrency: 40",
            "concurrency: 0",
            ("11: load.concurrency: 0 is not a count of at least one; write a whole number from 1 on"),
        ),
        (
            "concurrency: 40",
            "concurrency: 4.5",
            ("11: load.concurrency: 4.5 is not a count of at least one; write a whole number from 1 on"),
        ),
        (
            "lost_max: 0",
            "lost_max: -1",
            ("29: objectives.turns.lost_max: -1 is not a count; write a whole number from 0 on"),
        ),
        (
            "lost_max: 0",
            "lost_max: yes",
            ("29: objectives.turns.lost_max: True is not a count; write a whole number from 0 on"),
        ),
        (
            "breached_call_seconds: 200",
            "breached_call_seconds: 200s",
            (
                "21: objectives.recovery."
                "breached_call_seconds: '200s' is not a number; write a number from 0 on"
            ),
        ),
        ("owner: on-call", "owner: 7", "3: owner: 7 is not text; write it in quotes"),
        ("owner: on-call", "owner: ''", "3: owner: is empty; write some text"),
        (
            "drill: outage",
            "drill: EHR outage",
            ("1: drill: 'EHR outage' is not a name; write lower-case letters, digits and hyphens"),
        ),
        (
            "drill: outage",
            "drill: ../up",
            ("1: drill: '../up' is not a name; write lower-case letters, digits and hyphens"),
        ),
        (
            "quarterly",
            "sometimes",
            (
                "6: schedule: 'sometimes' is not a known schedule; write daily or weekly "
                "or monthly or quarterly or yearly or on demand"
            ),
        ),
        ("[SOC2 A1.3]", "SOC2 A1.3", "7: controls: is not a list; write it as a list, even of one"),
        (
            "lost_max: 0",
            "lost_max: [0]",
            ("29: objectives.turns.lost_max: a count stands here; write a single value"),
        ),
        (
            "turns: {lost_max: 0}",
            "turns: 0",
            "29: objectives.turns has to hold keys; write lost_max below it",
        ),
        (
            "experiment.yaml",
            "gone.yaml",
            "8: experiment: there is no file gone.yaml; name one, relative to .",
        ),
        ("calls.py", "gone.py", "10: profile: there is no file gone.py; name one, relative to ."),
        ("risk: R-1", "runbook: gone.md", "5: runbook: there is no file gone.md; name one, relative to ."),
    ],
)
def test_one_mistake_one_message(refused: Refused, old: str, new: str, mistake: str) -> None:
    """Each kind of mistake: its file and line, what is wrong, what to write instead."""
    assert f"drill.yaml:{mistake}" in refused((old, new))


def test_a_missing_key_is_named_with_an_example(refused: Refused) -> None:
    """A required key that is not there is asked for where its table begins."""
    assert refused(("owner: on-call\n", "")) == [
        "drill.yaml:1: the drill file lacks the key 'owner'; write owner: voice platform on-call"
    ]


def test_asking_for_no_objective_is_refused(refused: Refused, folder: Path) -> None:
    """A drill without objectives would have nothing to fail by."""
    text = (folder / "drill.yaml").read_text()
    objectives = text[text.index("objectives:") :]
    assert refused((objectives, "objectives: {}\n")) == [
        (
            "drill.yaml:14: objectives asks for nothing; write one of recovery, breaker, calls, ehr_writes, "
            "turns, failover, in_flight, capacity, remediation, voice, restore"
        )
    ]


def test_a_runbook_may_be_an_address(folder: Path) -> None:
    """What is not a file is shown as it stands."""
    file = folder / "drill.yaml"
    file.write_text(file.read_text().replace("risk: R-1", "runbook: https://wiki.example/ehr"))
    assert load_drill(file).runbook == "https://wiki.example/ehr"


def test_a_profile_that_is_not_python_is_refused(refused: Refused) -> None:
    """A locustfile that could not even be parsed would die after the platform was loaded."""
    assert refused(("CALLS = 1", "CALLS ="), file="calls.py") == [
        "drill.yaml:10: profile: calls.py:1 is not Python: invalid syntax; name a locustfile"
    ]


def test_all_mistakes_come_at_once(refused: Refused, folder: Path) -> None:
    """Mistakes in the drill file and in its experiment arrive together, from the top down."""
    experiment = folder / "experiment.yaml"
    experiment.write_text(experiment.read_text().replace("title: EHR outage\n", ""))
    mistakes = refused(("owner:", "ownr:"), ("fault: 30s", "fault: 30"), ("calls.py", "gone.py"))
    assert [mistake.split(": ")[0] for mistake in mistakes] == [
        "drill.yaml:1", "drill.yaml:3", "drill.yaml:10", "drill.yaml:13", "experiment.yaml:1",
    ]  # fmt: skip


def test_a_file_that_is_not_there(folder: Path) -> None:
    """A wrong path is one message, not a traceback."""
    with pytest.raises(DefinitionError) as error:
        load_drill(Path("nope.yaml"))
    assert error.value.mistakes == (
        "nope.yaml: cannot be read: No such file or directory; name an existing drill file",
    )


def test_a_file_that_is_not_text(folder: Path) -> None:
    """Bytes that are no UTF-8 are named as that."""
    (folder / "drill.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(DefinitionError, match=r"^drill.yaml:1: is not UTF-8 text; save the file as UTF-8$"):
        load_drill(Path("drill.yaml"))


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n", "# nothing\n"])
def test_a_file_without_keys(folder: Path, text: str) -> None:
    """Empty files and lists are no drills."""
    (folder / "drill.yaml").write_text(text)
    with pytest.raises(DefinitionError, match=r"drill.yaml:1: the drill file has to hold keys; write drill,"):
        load_drill(Path("drill.yaml"))
