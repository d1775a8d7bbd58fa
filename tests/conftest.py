"""Builders beside this file for every test (`from histories import ...`), and what may run side by side.

Theory: much of a drill is waiting, so two processes of pytest share two cores well (`make test`). But a
drill that has to pass wants few others beside it, and two users of one sandbox's net cannot run at once:
those files are a group, and a group stays in one process. Drills go first, for they take longest, and
whatever runs beside them is polite.
"""

import atexit
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
POLITE = 10
GROUPS = {
    "test_zone_drills": DRILLS,
    "test_drill": DRILLS,
    "test_foreign": DRILLS,
    "test_voice_drills": DRILLS,
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


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Asked when pytest runs in several processes."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drills first."""
    items.sort(key=lambda item: GROUPS.get(item.path.stem) != DRILLS)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A process that shares the machine with drills lets them go first."""
    shared = "PYTEST_XDIST_WORKER" in os.environ
    if shared and GROUPS.get(item.path.stem) != DRILLS and os.nice(0) < POLITE:
        os.nice(POLITE - os.nice(0))
