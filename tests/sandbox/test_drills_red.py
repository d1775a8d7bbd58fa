"""Whole drills that must not be green: platforms with a defect, and drills that were not whole.

Red and grey need no quiet machine, so two are conducted at a time, each on a net of its own; what never
comes back need not be waited for as long.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from drilling import of_status, wrong
from reds import Work, abandoned, defective, ended, raising, sham, shown

from machine import excuse

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1200)]
INSTANCE = 50
AT_A_TIME = 2
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
    "abandoned": abandoned,
    "dead load": ended("locust", signal.SIGKILL),
    "dead probes": ended("drill.probes", signal.SIGKILL),
    "ctrl-c": ended("conductor", signal.SIGINT),
}
Drilled = dict[str, Future[Any]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    """All of them, two at a time."""
    folder = tmp_path_factory.mktemp("red")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            name: pool.submit(work, folder / name, INSTANCE + number)
            for number, (name, work) in enumerate(WORKS.items())
        }


@pytest.mark.parametrize(("kind", "defect"), CASES)
def test_a_defect_fails_and_is_named_first(drilled: Drilled, kind: str, defect: str) -> None:
    """Exit 1, the objective of that promise fails, and the report's first sentence names what broke."""
    code, summary = drilled[defect].result()
    if code != 1:
        excuse(wrong(summary), summary["stolen"])
    assert code == 1, wrong(summary)
    failed = of_status(summary, "FAIL") & DEFECTS[kind][defect]
    assert failed, wrong(summary)
    title, _, said, *_ = (Path(summary["run"]) / "report.md").read_text(encoding="utf-8").splitlines()
    assert title.startswith("# FAIL")
    assert any(name in said.replace("\\", "") for name in failed), said  # Markdown escapes underscores


def test_a_sham_drill_is_unknown(drilled: Drilled) -> None:
    """Exit 2, because its witness was never seen."""
    code, summary = drilled["sham"].result()
    assert code == 2
    assert "integrity.witness" in of_status(summary, "UNKNOWN")
    assert of_status(summary, "FAIL") == set()


def test_a_dead_load_generator_is_never_green(drilled: Drilled) -> None:
    """Locust killed in the fault window: the fault is reverted, and what it took along is nobody's fault."""
    code, summary = drilled["dead load"].result()
    assert code in (1, 2)
    assert "integrity.children" in of_status(summary, "UNKNOWN")
    assert {"ehr_writes.altered", "turns.phantom"}.isdisjoint(of_status(summary, "FAIL"))
    assert "integrity.reverted" not in of_status(summary, "FAIL")


def test_dead_probes_are_never_green(drilled: Drilled) -> None:
    """Probes killed in the fault window: no data is no PASS."""
    code, summary = drilled["dead probes"].result()
    assert code in (1, 2)
    assert "integrity.children" in of_status(summary, "UNKNOWN")


def test_ctrl_c_reverts_and_judges_what_was_seen(drilled: Drilled) -> None:
    """SIGINT to the conductor: the fault is reverted, streams are sealed, nothing is PASS as a whole."""
    code, summary = drilled["ctrl-c"].result()
    assert code in (1, 2)
    assert "integrity.ended" in of_status(summary, "UNKNOWN")
    assert "integrity.reverted" in of_status(summary, "PASS")


def test_a_fault_that_raises_is_never_green(drilled: Drilled) -> None:
    """UNKNOWN, though Chaos Toolkit calls it completed."""
    code, _ = drilled["raising"].result()
    assert code == 2


def test_a_drill_that_is_killed_midway_leaves_no_zone_behind(drilled: Drilled) -> None:
    """See `abandoned`."""
    drilled["abandoned"].result()


def test_no_process_of_any_of_them_is_left(drilled: Drilled) -> None:
    """Neither of a sandbox nor of a drill, however it ended."""
    for future in drilled.values():
        future.exception()
    nets = "|".join(str(INSTANCE + number) for number in range(len(drilled)))
    assert [line for line in shown(rf"sandbox-({nets})\b") if "pytest" not in line] == []
