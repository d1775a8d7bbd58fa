"""Whole drills that must not be green: platforms with a defect, and drills that were not whole.

One after the other, each on a net of its own; what never comes back need not be waited for as long.
"""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest
from drilling import Summary, of_status, wrong
from reds import Work, abandoned, defective, ended, raising, sham, shown

from machine import Machine, excuse

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
INSTANCE = 50
# By kind of drill, what a reader has to be told first; dead air may be told of as what callers made of it.
DEFECTS = {
    "ehr": {
        "breaker-never-opens": {"breaker.opened"},
        "breaker-never-closes": {"breaker.closed"},
        "retry-storm": {"breaker.no_retry_storm"},
        "ehr-write-lost": {"ehr_writes.lost"},
        "ehr-write-doubled": {"ehr_writes.doubled"},
        "calls-dropped-on-ehr-error": {"calls.dropped"},
        "cascade": {"calls.no_cascade"},
    },
    "zone": {
        "asynchronous-replication": {"turns.lost"},
        "no-failover": {"failover.primary"},
        "slow-failover": {"failover.primary"},
        "health-check-lies": {"failover.detected"},
        "no-restart": {"failover.zone_back"},
        "sticky-clients": {"recovery.time_to_recover"},
        "no-capacity": {"capacity.blocked"},
        "replica-never-resyncs": {"failover.redundancy"},
    },
    "voice": {
        "no-barge-in": {"voice.barge_in"},
        "late-audio": {"voice.talk_over", "voice.barge_in"},
        "no-endpointing": {"calls.latency", "calls.answered"},
        "media-head-of-line": {"calls.latency", "voice.greeting"},
        "greeting-lost": {"voice.greeting"},
        "silent-fallback": {"calls.dropped", "voice.missed"},
        "tts-stall": {"calls.dropped", "voice.missed"},
    },
}
CASES = [(kind, defect) for kind, defects in DEFECTS.items() for defect in defects]
WORKS: dict[str, Work] = {
    **{defect: partial(defective, kind, defect) for kind, defect in CASES},
    "sham": sham,
    "raising": raising,
    "dead load": ended("locust", signal.SIGKILL),
    "dead probes": ended("drill.probes", signal.SIGKILL),
    "ctrl-c": ended("conductor", signal.SIGINT),
}
INSTANCES = {name: INSTANCE + number for number, name in enumerate([*WORKS, "abandoned"])}


def conducted(name: str, folder: Path, first: set[str] | None = None, code: int = 1) -> Summary:
    """Its summary: it ended with that exit code, and what `first` names has FAIL, if anything is named.

    A green is never excused, whoever took the processor away.
    """
    machine = Machine()
    found, summary = WORKS[name](folder, INSTANCES[name])
    failed = of_status(summary, "FAIL")
    if found and (found != code or (first and not failed & first)):
        excuse(failed, machine.stolen())
    assert found == code, wrong(summary)
    return summary


@pytest.mark.parametrize(("kind", "defect"), CASES)
def test_a_defect_fails_and_is_named_first(tmp_path: Path, kind: str, defect: str) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names what broke."""
    summary = conducted(defect, tmp_path, DEFECTS[kind][defect])
    failed = of_status(summary, "FAIL") & DEFECTS[kind][defect]
    assert failed, wrong(summary)
    title, _, said, *_ = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8").splitlines()
    assert title.startswith("# FAIL")
    assert any(name in said.replace("\\", "") for name in failed), said  # Markdown escapes underscores


def test_a_sham_drill_is_unknown(tmp_path: Path) -> None:
    """Exit 2 and nothing that failed, because its witness was never seen."""
    summary = conducted("sham", tmp_path, code=2)
    assert "integrity.witness" in of_status(summary, "UNKNOWN")


def test_a_dead_load_generator_is_never_green(tmp_path: Path) -> None:
    """Locust killed in the fault window: the fault is reverted, and what it took along is nobody's fault."""
    code, summary = WORKS["dead load"](tmp_path, INSTANCES["dead load"])
    assert code in (1, 2)
    assert "integrity.children" in of_status(summary, "UNKNOWN")
    assert {"ehr_writes.altered", "turns.phantom"}.isdisjoint(of_status(summary, "FAIL"))
    assert "integrity.reverted" not in of_status(summary, "FAIL")


def test_dead_probes_are_never_green(tmp_path: Path) -> None:
    """Probes killed in the fault window: no data is no PASS."""
    code, summary = WORKS["dead probes"](tmp_path, INSTANCES["dead probes"])
    assert code in (1, 2)
    assert "integrity.children" in of_status(summary, "UNKNOWN")


def test_ctrl_c_reverts_and_judges_what_was_seen(tmp_path: Path) -> None:
    """SIGINT to the conductor: the fault is reverted, streams are sealed, nothing is PASS as a whole."""
    code, summary = WORKS["ctrl-c"](tmp_path, INSTANCES["ctrl-c"])
    assert code in (1, 2)
    assert "integrity.ended" in of_status(summary, "UNKNOWN")
    assert "integrity.reverted" in of_status(summary, "PASS")


def test_a_fault_that_raises_is_never_green(tmp_path: Path) -> None:
    """UNKNOWN, though Chaos Toolkit calls it completed."""
    conducted("raising", tmp_path, code=2)


def test_a_drill_that_is_killed_midway_leaves_no_zone_behind(tmp_path: Path) -> None:
    """See `abandoned`."""
    abandoned(tmp_path, INSTANCES["abandoned"])


def test_no_process_of_any_of_them_is_left() -> None:
    """Neither of a sandbox nor of a drill, however it ended."""
    nets = "|".join(str(number) for number in INSTANCES.values())
    assert [line for line in shown(rf"sandbox-({nets})\b") if "pytest" not in line] == []
