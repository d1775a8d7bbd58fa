"""The conductor's end of the reaper: start it, beat, notice when it is gone or hangs, let it finish."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from drill.conduct.children import Child
from drill.model.errors import WorldError
from drill.reaper.lease import BEAT, QUIT

BEAT_EVERY_S = 0.1
# It answers every beat; one that is dead is noticed at once, this is for one that is stopped or hangs.
SILENT_MAX_S = 3.0
# It may try for half a minute, when a fault proxy does not answer; see drill.reaper.reap.
ENDS_WITHIN_S = 60.0


class Lifeline:
    """A running reaper. It is in no way tied to us: it ends by itself, after us if need be."""

    def __init__(
        self, folder: Path, run_id: str, locks: Sequence[int], alive: Sequence[int], lease_s: float
    ) -> None:
        argv = [sys.executable, "-m", "drill.reaper", "--run", str(folder), "--run-id", run_id]
        argv += ["--lease-s", str(lease_s), *(f"--lock={held}" for held in locks)]
        with (folder / "logs" / "reaper.log").open("ab") as log:
            try:
                process = subprocess.Popen(
                    argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    start_new_session=True, pass_fds=[*locks, *alive],
                )  # fmt: skip
            except OSError as error:
                raise WorldError(f"the reaper process could not be started: {error}") from error
        if process.stdin is None or process.stdout is None:
            raise WorldError("the reaper process has no pipes")
        self.child = Child("reaper", process, folder / "logs" / "reaper.log")
        self._to, self._from = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._heard_s, self._beat_s = 0.0, 0.0

    @property
    def ready(self) -> bool:
        """Whether it has answered a beat: from then on it holds the lease."""
        return self._heard_s > 0

    def beat(self) -> None:
        """Give a sign, at most every tenth of a second, and take in the answers."""
        now_s = time.monotonic()
        if now_s - self._beat_s < BEAT_EVERY_S:
            return
        self._beat_s = now_s
        self._say(BEAT)
        with contextlib.suppress(OSError):
            if os.read(self._from, 4096):
                self._heard_s = now_s

    @property
    def trouble(self) -> str:
        """Why nobody would undo our faults if we died now; "" when somebody would."""
        if self.child.returncode is not None:
            return f"the reaper process died: {self.child.tail(2)}".rstrip(": ")
        if self.ready and time.monotonic() - self._heard_s > SILENT_MAX_S:
            return f"the reaper gave no sign for {SILENT_MAX_S:g} s"
        return ""

    def release(self) -> bool:
        """Let it undo what is left, and go; true when it did so in order."""
        self._say(QUIT)
        try:
            self.child.process.wait(ENDS_WITHIN_S if not self.trouble else SILENT_MAX_S)
        except subprocess.TimeoutExpired:
            self.child.process.kill()
            self.child.process.wait(10)
        return self.child.returncode == 0

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._to, word)
