"""The conductor's helper processes: each in a session of its own, with a deadline, dead when we are.

Chaos Toolkit and Locust take over signals, globals and sockets of the process they run in,
so neither shares one with the conductor. The kernel ends a child whose parent died
(PR_SET_PDEATHSIG): by SIGTERM, so that the one holding faults can still revert them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError

_PR_SET_PDEATHSIG = 1
DIES_WITHIN_S = 10.0


_LIBC = ctypes.CDLL(None)


def _tied_to(parent: int) -> Callable[[], None]:
    """For the child, before it becomes another program. A parent that died before the kernel was asked
    would never be told of: then there is nothing to become."""

    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie


@dataclass(slots=True)
class Child:
    """A running helper process and the log it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    asked_to_end: bool = False

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def tail(self, lines: int = 5) -> str:
        """The end of its log, for a message; bounded."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " | ".join(line.strip() for line in text.strip().splitlines()[-lines:])[-600:]


def spawn(name: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Child:
    """Start a helper, in `env` or in our own environment; WorldError when it cannot be started."""
    with log.open("ab") as out:
        try:
            process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=env, start_new_session=True, preexec_fn=_tied_to(os.getpid()),  # noqa: PLW1509  # no thread runs yet that could hold a lock over the fork: the read-back's come after the last child
            )  # fmt: skip
        except OSError as error:
            raise WorldError(f"the {name} process could not be started: {error}") from error
    return Child(name, process, log)


def end(
    child: Child, patience_s: float, sleep: Callable[[float], None] = time.sleep,
    hung: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """SIGTERM, then after `patience_s`, or as soon as it is `hung`, SIGKILL to its whole session.

    True when it ended by itself.
    """
    child.asked_to_end = True
    if child.returncode is None:
        child.process.terminate()
    deadline = time.monotonic() + patience_s
    while child.returncode is None and time.monotonic() < deadline and not hung():
        sleep(0.02)
    in_order = child.returncode is not None
    _kill_session(child.process.pid)
    try:
        child.process.wait(timeout=DIES_WITHIN_S)
    except subprocess.TimeoutExpired:  # the kernel holds on to it: whoever unwinds has more to do
        return False
    return in_order


def _kill_session(pid: int) -> None:
    """End whatever the helper left in its session; the session's id is the helper's pid."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
