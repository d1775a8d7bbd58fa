"""Two cores, one for what is measured and one for what it talks to; children that never outlive us."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from drill.load.speech import SPEECH

HERE = Path(__file__).parent
HOST = "127.88.0.1"
_UP_S = 10.0
_PR_SET_PDEATHSIG = 1


def cores() -> tuple[int, int]:
    """The measured core and the other one; SystemExit on a machine with one only."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise SystemExit("bench-calls needs two cores: one for the client, one for what it calls")
    return allowed[0], allowed[1]


def compiled(name: str, folder: Path) -> Path | None:
    """benchmarks/calls/NAME.c as a program; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    program = folder / name
    subprocess.run([compiler, "-O2", "-o", program, HERE / f"{name}.c"], check=True, timeout=120)
    return program


def module(name: str) -> list[str]:
    """The command of one of this package's programs."""
    return [sys.executable, "-m", f"benchmarks.calls.{name}"]


def agent(folder: Path, answer_ms: int, voice_ms: int) -> list[str | Path]:
    """The command of the reference agent: in C, or its slower twin where there is no compiler."""
    program = compiled("agent", folder)
    if program is None:
        return [*module("agent"), str(answer_ms), str(voice_ms)]
    voices = (SPEECH[intent].decode() for intent in ("chat", "lookup", "note"))
    return [program, str(answer_ms), str(voice_ms), *voices]


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.create_server((HOST, 0)) as door:
        return int(door.getsockname()[1])


@contextmanager
def running(
    argv: Sequence[str | Path], core: int, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child on its core, killed at the end; what it prints goes to `log`."""
    bound = functools.partial(_bound, core)
    with log.open("wb") as out:
        child = subprocess.Popen(argv, stdout=out, stderr=out, env=environ, preexec_fn=bound)  # noqa: PLW1509  # forked by the only thread
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def _bound(core: int) -> None:
    """In the child: its core, and its end with ours."""
    os.sched_setaffinity(0, {core})
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def serving(argv: Sequence[str | Path], core: int, log: Path) -> Iterator[tuple[int, int]]:
    """A server that is up: its port and its process id."""
    port = free_port()
    with running([*argv, HOST, str(port)], core, log) as child:
        deadline = time.monotonic() + _UP_S
        while True:
            try:
                socket.create_connection((HOST, port), 1.0).close()
                break
            except OSError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{argv[0]} does not serve:\n{log.read_text()}") from None
                time.sleep(0.05)
        yield port, child.pid
        if child.poll() is not None:
            raise SystemExit(f"{argv[0]} ended by itself:\n{log.read_text()[-600:]}")


def told(argv: Sequence[str | Path], core: int, within_s: float) -> bytes:
    """What a child prints on its core; SystemExit when it fails."""
    done = subprocess.run(
        argv, capture_output=True, check=False, timeout=within_s, preexec_fn=functools.partial(_bound, core)
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{argv[0]} failed: {done.stderr.decode(errors='replace')[-600:]}")
    return done.stdout
