"""What the actions of one experiment share: target, ledger, and the stand-ins they started.

Chaos Toolkit calls functions by name and keeps nothing between them, so this is the one
place with module state: one experiment per process, one session per experiment. Under the
runner the ledger is the run's `faults` stream; under plain `chaos run` it is a run folder of
its own below `.drill/faults/`, which `drill heal` understands just as well.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from drill.faults import Fault, Proxies
from drill.faults.ehr import STAND_INS, ehr_fault
from drill.faults.ledger import apply, fence, outstanding, revert, revert_surely
from drill.journal import Journal, read_stream
from drill.model.errors import JournalError, WorldError
from drill.model.target import Ehr, Target
from drill.reaper.alive import ALIVE, hold
from drill.reaper.lock import TargetLock
from drill.target import find_target, redactor_of

STREAM_VARIABLE = "DRILL_FAULT_STREAM"
RUN_VARIABLE = "DRILL_RUN_ID"
STAND_IN_WITHIN_S = 10.0
ALONE = Path(".drill") / "faults"


@dataclass(slots=True)
class Session:
    """One experiment's hands on the platform. `zones` are those that it hit, in order.

    `alone`: under plain `chaos run`. It then holds the locks of the target while anything may be outstanding.
    """

    target: Target
    path: Path
    journal: Journal
    world: Proxies = field(default_factory=Proxies)
    stand_ins: list[subprocess.Popen[bytes]] = field(default_factory=list)
    standing: dict[tuple[str, str], str] = field(default_factory=dict)
    zones: list[str] = field(default_factory=list)
    alone: bool = False
    lock: TargetLock = field(default_factory=TargetLock)
    alive: int | None = None
    count: int = 0

    def apply_ehr(self, mode: str) -> list[str]:
        """The fault on every link to the EHR, one after the other; returns their ids."""
        ehr = ehr_of(self.target)
        stand_in = self.stand_in(mode, ehr.direct) if mode in STAND_INS else ""
        return [self.inject(f"{mode}-{link.proxy}", ehr_fault(mode, link, stand_in)) for link in ehr.links]

    def inject(self, label: str, fault: Fault) -> str:
        """Apply one fault through the ledger; returns its id. WorldError when it is not sure."""
        self._hold()
        self.count += 1
        fault_id = f"f{self.count}-{label}"
        apply(self.journal, fault_id, fault, self.world, fence(self.path.parent.parent))
        return fault_id

    def revert_some(self, ids: Collection[str], by: str) -> None:
        """Undo these faults, last first; WorldError when one could not be undone."""
        self.journal.flush()
        todo = [each for each in outstanding(read_stream(self.path).events) if each.fault_id in ids]
        if failures := revert(self.journal, todo, self.world, by):
            raise WorldError("could not restore: " + "; ".join(failures))

    def revert_all(self, by: str) -> None:
        """Undo everything outstanding, last first; WorldError when something could not be undone."""
        with contextlib.suppress(JournalError):  # undone is what was written, also when no more can be
            self.journal.flush()
        failures = revert_surely(self.journal, read_stream(self.path).events, self.world, by)
        for process in self.stand_ins:
            _end(process)
        self.stand_ins.clear()
        self.standing.clear()
        if failures:
            raise WorldError("could not restore: " + "; ".join(failures))
        self._let_go()

    def _hold(self) -> None:
        if self.alone and not self.lock.fds:
            run = self.path.parent.parent
            self.lock.acquire(self.target, run, "chaos run")
            self.alive = hold(run / ALIVE)

    def _let_go(self) -> None:
        self.lock.clear()
        self.lock.close()
        if self.alive is not None:
            os.close(self.alive)
            self.alive = None

    def stand_in(self, mode: str, real: str) -> str:
        """Address of a process that stands in for the service at an address, started at the first call."""
        root = "/".join(real.split("/", 3)[:3])
        if (mode, root) not in self.standing:
            self.standing[mode, root] = self._started(mode, root)
        return self.standing[mode, root]

    def _started(self, mode: str, root: str) -> str:
        argv = [sys.executable, "-m", "drill.faults.standin", "--mode", mode, "--upstream", root]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.stand_ins.append(process)
        address = _first_line(process)
        if not address:
            raise WorldError(f"the stand-in for {mode} did not start within {STAND_IN_WITHIN_S:g} s")
        return address


def _first_line(process: subprocess.Popen[bytes]) -> str:
    """The line it prints once it listens; "" when it does not in time."""
    out = process.stdout
    if out is None:
        return ""
    os.set_blocking(out.fileno(), False)
    deadline = time.monotonic() + STAND_IN_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        line: bytes | None = out.readline()
        if line:
            return line.decode().strip()
        time.sleep(0.05)
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)


def ehr_of(target: Target) -> Ehr:
    """The target's EHR; WorldError when it names none or no links."""
    if target.ehr is None or not target.ehr.links:
        raise WorldError(f"target {target.name!r} names no EHR links; add [[target.{target.name}.ehr.links]]")
    return target.ehr


def target_of(target: str | None = None, target_file: str | None = None) -> Target:
    """The target an activity means: its arguments, then DRILL_TARGET, then the usual places."""
    name = target or os.environ.get("DRILL_TARGET_NAME") or None
    return find_target(name, Path(), file=Path(target_file) if target_file else None)


_SESSIONS: dict[tuple[Path, str], Session] = {}


def opened(target: str | None = None, target_file: str | None = None) -> Session:
    """The process's session for a target; the first call opens its ledger."""
    found = target_of(target, target_file)
    key = (found.file.resolve(), found.name)
    if key not in _SESSIONS:
        stream = os.environ.get(STREAM_VARIABLE)
        _SESSIONS[key] = _under_a_drill(found, Path(stream)) if stream else _alone(found)
    return _SESSIONS[key]


def open_sessions() -> list[Session]:
    """Sessions opened so far; none when no action has touched anything."""
    return list(_SESSIONS.values())


def _under_a_drill(target: Target, stream: Path) -> Session:
    journal = Journal(stream, os.environ.get(RUN_VARIABLE, ""), redactor=redactor_of(target))
    return Session(target, stream, journal)


def _alone(target: Target) -> Session:
    run_id = f"chaos-{time.time_ns()}-{os.getpid()}"
    path = ALONE / run_id / "journal" / "faults.jsonl"
    path.parent.mkdir(parents=True)
    return Session(target, path, Journal(path, run_id, redactor=redactor_of(target)), alone=True)
