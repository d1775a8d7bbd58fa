"""Start the embedded sandbox for one command, from outside: by its command line only.

The drill knows the sandbox the way it knows anybody's platform: by a target file.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import DefinitionError, WorldError
from drill.model.verdicts import EXIT_DEFINITION

START_WITHIN_S = 150.0
STOP_WITHIN_S = 30.0
PROFILES = ("ha", "lite", "realistic")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the sandbox is started; see `drill sandbox up --help`."""

    instance: int = 0
    state: Path | None = None
    defects: tuple[str, ...] = ()
    proxy: str = "auto"
    settings: tuple[str, ...] = ()
    profile: str = PROFILES[0]
    backups: bool = False

    @property
    def state_dir(self) -> Path:
        """Where its target file appears."""
        return self.state or Path(".drill") / f"sandbox-{self.instance}"


@contextmanager
def sandbox(options: SandboxOptions) -> Iterator[Path]:
    """A running sandbox's target file; the sandbox is gone when this ends, however it ends."""
    argv = _command("up", options, "--foreground", "--die-with-parent", "--proxy", options.proxy)
    argv += ["--profile", options.profile, *(["--backups"] if options.backups else [])]
    for defect in options.defects:
        argv += ["--defect", defect]
    for setting in options.settings:
        argv += ["--set", setting]
    state = options.state_dir
    state.parent.mkdir(parents=True, exist_ok=True)
    target = state / "target.toml"
    target.unlink(missing_ok=True)
    log = state.with_name(f"{state.name}.up.log")
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
    try:
        _await_ready(process, target, log)
        yield target
    finally:
        _stop(process)


def _await_ready(process: subprocess.Popen[bytes], target: Path, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        if target.exists():
            return
        time.sleep(0.05)
    message = log.read_text(errors="replace").strip()[-800:] or "the sandbox ended without a word"
    if process.poll() == EXIT_DEFINITION:
        raise DefinitionError(message)
    raise WorldError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=STOP_WITHIN_S)


def _command(verb: str, options: SandboxOptions, *more: str) -> list[str]:
    where: Sequence[str] = ("--state", str(options.state)) if options.state else ()
    return [sys.executable, "-m", "drill.sandbox", verb, "--instance", str(options.instance), *where, *more]
