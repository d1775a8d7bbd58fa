"""A zone: a failure domain that can be ended as one thing, and that never outlives whoever opened it.

One user and PID namespace a zone where the kernel allows it. Where it does not (some containers,
some hardened desktops) a zone is a tree of processes below a subreaper, with PDEATHSIG on each:
weaker (it needs its shim alive to be swept at once), so it is said wherever the platform is described.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drill.sandbox import shim
from drill.sandbox.niceness import settle

NOBODY = 65534
_NAMESPACE = (
    "unshare",
    f"--map-user={NOBODY}",
    f"--map-group={NOBODY}",
    "--user",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
_SHIM = (sys.executable, "-I", "-S", str(Path(__file__).with_name("shim.py")))
_PROBE_DEADLINE_S = 5.0
_OPEN_DEADLINE_S = 10.0
_CLOSE_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class Isolation:
    """How zones are kept together here, and why not better when they are not namespaces."""

    kind: str
    why: str
    prefix: tuple[str, ...]

    @property
    def drops_root(self) -> bool:
        """PostgreSQL refuses root; in a namespace nobody is root already."""
        return not self.prefix and os.geteuid() == 0


def isolation(wanted: str = "auto") -> Isolation:
    """The best that this machine allows; `wanted` may ask for less."""
    if wanted == "processes":
        return _processes("as asked")
    if shutil.which("unshare") is None:
        return _processes("there is no unshare program here (util-linux)")
    try:
        probe = subprocess.run(
            [*_NAMESPACE, "true"], capture_output=True, timeout=_PROBE_DEADLINE_S, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        return _processes("unshare did not answer")
    if probe.returncode != 0:
        return _processes(f"user namespaces are forbidden here ({probe.stderr.strip()})")
    return Isolation("namespaces", "", _NAMESPACE)


def _processes(why: str) -> Isolation:
    return Isolation("processes", why, ())


class ZoneGoneError(Exception):
    """The zone ended while something was asked of it."""


@dataclass(slots=True)
class Zone:
    """One open zone. `on_exit` is told (name, exit code) of each process; `on_gone` when the zone ends."""

    name: str
    isolation: Isolation
    on_exit: Callable[[str, int], None]
    on_gone: Callable[[], None]
    pids: dict[str, int] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _started: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    _settling: set[asyncio.Task[None]] = field(default_factory=set)
    _shim_pid: int = 0
    doomed: bool = False  # its end was asked for: what ends with it did not fail
    still: bool = False  # it is frozen on request
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, log: Path) -> None:
        """Start the zone's first process."""
        with log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *self.isolation.prefix,
                *_SHIM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        hello = await asyncio.wait_for(self._next(), _OPEN_DEADLINE_S)
        if hello is None:
            raise ZoneGoneError(f"zone {self.name} did not start; see {log}")
        self._shim_pid = _on_host(self._process.pid, int(hello["pid"]))
        self._reader = asyncio.create_task(self._read())

    @property
    def root_pid(self) -> int:
        """The process that everything of the zone hangs below, seen from here; 0 before it is open."""
        return 0 if self._process is None else self._process.pid

    def members(self) -> set[int]:
        """Every process of the zone, its first one included."""
        return shim.descendants(self.root_pid) | {self.root_pid} if self.root_pid else set()

    def unstopped(self) -> list[int]:
        """What still runs in it, its first process aside, which must hear the signal to go on."""
        states = shim.states(shim.descendants(self._shim_pid)) if self._shim_pid else {}
        return sorted(pid for pid, state in states.items() if state not in "TtZX")

    @property
    def frozen(self) -> bool:
        """Whether it is frozen as a whole, on request or because its first process is stopped."""
        return self.still or shim.states([self._shim_pid]).get(self._shim_pid) == "T"

    def destroy(self) -> None:
        """SIGKILL everything at once; its end follows."""
        self.doomed = True
        if self._process is None:
            return
        if not self.isolation.prefix:
            # No kernel to take the rest along: hold the tree still, so that nothing slips out of it.
            with suppress(ProcessLookupError):
                os.kill(self.root_pid, signal.SIGSTOP)
            shim.signal_tree(self.root_pid, signal.SIGSTOP)
            shim.signal_tree(self.root_pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self._shim_pid or self.root_pid, signal.SIGKILL)

    def signal_all(self, number: int) -> None:
        """Send a signal to everything in the zone; to its first process only what makes it listen again."""
        if number == signal.SIGCONT and self._shim_pid:
            os.kill(self._shim_pid, number)
        self._send(op="signal-all", number=int(number))

    async def start(self, name: str, argv: Sequence[str], log: Path) -> int:
        """Start a process; returns its pid as this machine counts, not the zone."""
        self._started[name] = asyncio.get_running_loop().create_future()
        self._send(op="start", name=name, argv=list(argv), log=str(log))
        inner = await asyncio.wait_for(self._started[name], _OPEN_DEADLINE_S)
        self.pids[name] = _on_host(self._shim_pid, inner)
        task = asyncio.create_task(settle(self.pids[name], os.nice(0)))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return self.pids[name]

    def signal(self, name: str, number: int) -> None:
        """Send a signal to one process."""
        self._send(op="signal", name=name, number=int(number))

    def kill(self, name: str) -> None:
        """SIGKILL one process."""
        self.signal(name, signal.SIGKILL)

    async def close(self) -> None:
        """End the zone and everything in it; returns when it is gone."""
        for task in self._settling:
            task.cancel()
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_DEADLINE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._reader is not None:
            await self._reader

    def _send(self, **command: object) -> None:
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            raise ZoneGoneError(f"zone {self.name} is gone")
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def _next(self) -> dict[str, Any] | None:
        if self._process is None or self._process.stdout is None:
            return None
        line = await self._process.stdout.readline()
        return json.loads(line) if line else None

    async def _read(self) -> None:
        while (report := await self._next()) is not None:
            if report["event"] == "started":
                self._started[report["name"]].set_result(int(report["pid"]))
            else:
                self.pids.pop(report["name"], None)
                self.on_exit(report["name"], int(report["code"]))
        self.pids.clear()
        self.ended.set()
        for waiting in self._started.values():
            if not waiting.done():
                waiting.set_exception(ZoneGoneError(f"zone {self.name} is gone"))
        self.on_gone()


def _on_host(parent: int, inner: int) -> int:
    """The pid here of the process that its zone knows as `inner`: `parent` itself or one of its children."""
    for child in [parent, *_children(parent)]:
        if _innermost(child) == inner:
            return child
    return 0


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _innermost(pid: int) -> int:
    """A process's pid in its own namespace: the last one in its NSpid line."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -1
    return next((int(line.split()[-1]) for line in status.splitlines() if line.startswith("NSpid")), -1)
