"""PID 1 of a zone: starts what it is told to, reports what ended, and takes all of it along when it goes.

Theory: the kernel kills a PID namespace with its first process, so a zone that has this
process on top dies whole, at once, however its members daemonise. The zone's life hangs on one
pipe: when standard input ends, for whatever reason the other side is gone, so is the zone.
Without namespaces the same process is a child subreaper that walks its descendants instead.

Standard library only and run as a file (`python -I -S shim.py`): three of these start at once.

Commands, a JSON object a line: {"op":"start","name","argv","log"}, {"op":"signal","name","number"} and
{"op":"signal-all","number"}, which spares this process alone.
Reports: {"event":"hello"|"started"|"exited", ...}.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SWEEP_DEADLINE_S = 5.0


def prctl(option: int, value: int) -> None:
    """One prctl(2) call; OSError when the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def parents() -> dict[int, int]:
    """Parent of every process that /proc shows."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name in parentheses may hold anything, a parenthesis too: cut at the last one.
                tail = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found[int(entry.name)] = int(tail[1])
    return found


def states(pids: Iterable[int]) -> dict[int, str]:
    """The kernel's letter for each process that is still there: T stopped, Z dead, and so on."""
    found = {}
    for pid in pids:
        try:
            found[pid] = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def descendants(root: int) -> set[int]:
    """All processes below `root`."""
    above = parents()
    below: set[int] = set()
    layer = {root}
    while layer := {pid for pid, parent in above.items() if parent in layer} - below:
        below |= layer
    return below


def kill_descendants(root: int, spared: frozenset[int] = frozenset()) -> None:
    """SIGKILL everything below `root`, again until nothing new appears; `spared` trees are left alone."""
    deadline = time.monotonic() + SWEEP_DEADLINE_S
    while time.monotonic() < deadline:
        victims = descendants(root) - spared
        for kept in spared:
            victims -= descendants(kept)
        if not victims:
            return
        for pid in victims:
            _kill(pid, signal.SIGKILL)
        _collect(victims)


def signal_all(number: int) -> None:
    """Send a signal to every process of the zone but this one."""
    if os.getpid() == 1:
        try:
            os.kill(-1, number)  # the kernel's "all but the first": no fork slips through
        except ProcessLookupError:
            return  # nobody is there
    else:
        signal_tree(os.getpid(), number)


def signal_tree(root: int, number: int) -> None:
    """Signal all below `root`, again until nobody new appears: a stopped parent cannot fork any more."""
    deadline = time.monotonic() + SWEEP_DEADLINE_S
    told: set[int] = set()
    while time.monotonic() < deadline and (found := descendants(root) - told):
        for pid in found:
            _kill(pid, number)
        told |= found


def _collect(pids: set[int]) -> None:
    time.sleep(0.005)
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


class Shim:
    """The processes of one zone, by name."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def serve(self, wakeup: int) -> None:
        """Obey until standard input ends."""
        self._report(event="hello", pid=os.getpid())
        pending = b""
        while True:
            ready, _, _ = select.select([0, wakeup], [], [])
            if wakeup in ready:
                os.read(wakeup, 4096)
                self._reap()
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        if command["op"] == "signal-all":
            signal_all(command["number"])
            return
        name = command["name"]
        if command["op"] == "start":
            shim, pid = os.getpid(), os.fork()
            if pid == 0:
                _become(command["argv"], command["log"], shim)
            self._names[pid] = name
            self._report(event="started", name=name, pid=pid)
        else:
            for pid in [pid for pid, known in self._names.items() if known == name]:
                _kill(pid, command["number"])

    def _reap(self) -> None:
        """Collect the dead; what a named process left behind as orphans goes with it."""
        gone = []
        while (waited := _wait_any()) is not None:
            pid, status = waited
            if name := self._names.pop(pid, None):
                gone.append((name, pid, os.waitstatus_to_exitcode(status)))
        if gone:
            kill_descendants(os.getpid(), frozenset(self._names))
        for name, pid, code in gone:
            self._report(event="exited", name=name, pid=pid, code=code)

    def _report(self, **facts: object) -> None:
        try:
            os.write(1, json.dumps(facts).encode() + b"\n")
        except BrokenPipeError:
            return


def _wait_any() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _become(argv: list[str], log: str, shim: int) -> NoReturn:
    """In the forked child: turn into the named program, or leave a line in its log."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != shim:
            os._exit(127)
        os.execvp(argv[0], argv)  # noqa: S606  # an argument list, no shell
    except OSError as error:
        os.write(out, f"{argv[0]}: {error}\n".encode())
        os._exit(127)


def main() -> None:
    """Serve; then take everything along."""
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)  # noqa: ARG005  # the signature is the system's
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    Shim().serve(read_end)
    if os.getpid() != 1:
        kill_descendants(os.getpid())


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
