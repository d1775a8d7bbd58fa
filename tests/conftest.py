"""Builders beside this file for every test (`from histories import ...`), and what may run side by side.

Theory: much of a test with processes is waiting, so two processes of pytest share two cores well
(`make test`). But a drill that has to pass wants a machine that answers in time: nothing runs beside it.
Beside one that must not pass runs what is light (no processes) and polite; all that has processes of its
own comes afterwards. Two users of one sandbox's net cannot run at once: those files are a group, and a group
stays in one process.
"""

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

sys.path.insert(0, str(Path(__file__).parent))

# A shell that starts us in the background has us ignore Ctrl-C, and whom we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Locks of targets: what a test leaves behind on a platform that is gone is nobody's business.
os.environ["DRILL_STATE"] = tempfile.mkdtemp(prefix="drill-state-")
atexit.register(shutil.rmtree, os.environ["DRILL_STATE"], ignore_errors=True)

# How long an example takes is the machine's business; pytest's own deadline ends what hangs.
settings.register_profile("drill", deadline=None)
settings.load_profile("drill")

GREEN, RED, SANDBOX, RIG = "green drills", "red drills", "one sandbox", "fault rig"
POLITE = 10
LONGEST = "test_restore"
LIGHT = ("tests/unit/", "tests/properties/")
GROUPS = {
    "test_drills_green": GREEN,
    "test_foreign": GREEN,
    "test_restore_drills": GREEN,
    "test_drills_red": RED,
    "test_refusals": SANDBOX,
    "test_experiments": SANDBOX,
    "test_chaos_run_interrupted": SANDBOX,
    "test_faults": RIG,
    "test_toxiproxy_conformance": RIG,
    "test_load": "load",
    "test_load_processes": "load",
    "test_killed": "killed",
    "test_abort": "killed",
    "test_disk_full": "killed",
    "test_stopping": "killed",
}


class Groups(LoadScopeScheduling):
    """A file is a group, and some files are one. (xdist's own groups do not reach pytest 9's node ids.)"""

    def _split_scope(self, nodeid: str) -> str:
        name = Path(nodeid.partition("::")[0]).stem
        return GROUPS.get(name, name)

    def _assign_work_unit(self, node: WorkerController) -> None:
        """While another process drills, only what may run beside it; the rest when that has ended."""
        waiting = next(iter(next(iter(self.workqueue.values()))))
        elsewhere = {group for group, at in self._drilling() if at != node}
        if not elsewhere or (elsewhere == {RED} and waiting.startswith(LIGHT)):
            super()._assign_work_unit(node)

    def _drilling(self) -> set[tuple[str, WorkerController]]:
        """The drills that are left to run, and the processes that run them."""
        return {
            (group, node)
            for node, work in self.assigned_work.items()
            for group in (GREEN, RED)
            if not all(work.get(group, {}).values())
        }

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Whoever waited is asked again: a drill may have been the last, and a process holds back its last
        test until it knows of another."""
        super().mark_test_complete(node, item_index, duration)
        self.schedule()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Asked when pytest runs in several processes."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drills first, and what may run beside them; then the longest file, so that nobody waits for it."""

    def order(item: pytest.Item) -> tuple[bool, bool, bool, bool]:
        group, light = GROUPS.get(item.path.stem), item.nodeid.startswith(LIGHT)
        return group != GREEN, group != RED, not light, item.path.stem != LONGEST

    items.sort(key=order)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A process that shares the machine with drills lets them go first."""
    if "PYTEST_XDIST_WORKER" not in os.environ or GROUPS.get(item.path.stem) in (GREEN, RED):
        return
    if os.nice(0) < POLITE:
        os.nice(POLITE - os.nice(0))
    # Linux may share the processor out by session (sched(7), autogroups): niceness counts only within one.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(POLITE if item.nodeid.startswith(LIGHT) else 0))
