"""Builders beside this file for every test (`from histories import ...`), and what may run side by side.

Theory: much of a test with processes is waiting, so two processes of pytest share two cores well
(`make test`). But a drill that has to pass wants a machine that answers in time: while drills run, what runs
beside them is light (no processes) and polite, and all that has processes of its own comes afterwards.
Two users of one sandbox's net cannot run at once: those files are a group, and a group stays in one process.
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

DRILLS, SANDBOX, RIG = "drills", "one sandbox", "fault rig"
POLITE, LAST = 10, 19
LONGEST = "test_restore"
LIGHT = ("tests/unit/", "tests/properties/")
GROUPS = {
    "test_drills_green": DRILLS,
    "test_foreign": DRILLS,
    "test_drills_red": DRILLS,
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
        """While another process drills, only what is light; the rest is given out when it has ended."""
        waiting = next(iter(next(iter(self.workqueue.values()))))
        if waiting.startswith(LIGHT) or not self._drilling() - {node}:
            super()._assign_work_unit(node)

    def _drilling(self) -> set[WorkerController]:
        """The processes that have drills left to run."""
        return {node for node, work in self.assigned_work.items() if not all(work.get(DRILLS, {}).values())}

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """With the last drill the processes that waited go on."""
        drilled = self._drilling()
        super().mark_test_complete(node, item_index, duration)
        if drilled and not self._drilling():
            self.schedule()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Asked when pytest runs in several processes."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drills first, and what may run beside them; then the longest file, so that nobody waits for it."""

    def order(item: pytest.Item) -> tuple[bool, bool, bool]:
        name = item.path.stem
        return GROUPS.get(name) != DRILLS, not item.nodeid.startswith(LIGHT), name != LONGEST

    items.sort(key=order)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A process that shares the machine with drills lets them go first."""
    if "PYTEST_XDIST_WORKER" not in os.environ or GROUPS.get(item.path.stem) == DRILLS:
        return
    if os.nice(0) < POLITE:
        os.nice(POLITE - os.nice(0))
    # Linux may share the processor out by session (sched(7), autogroups): niceness counts only within one.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LAST if item.nodeid.startswith(LIGHT) else 0))
