"""The writer of one stream, alone in its file: what was appended stands there, or the stream says no more."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from drill.journal.line import chained, genesis
from drill.model.errors import JournalError
from drill.model.events import Event, StreamOpened, StreamSealed
from drill.redact import Redactor, known


class Journal:
    """Writer of one stream; thread-safe within its process, and the only writer of its file.

    What is not on the allow-list of `drill.redact` is not written.

    Durable appends are on disk before `append` returns (fsync); the others are handed to the
    system once their batch is full or `flush` is called. After a write that failed, or that an exception
    out of a signal handler cut short, nobody knows what of the line is in the file: the stream takes no
    more, and ends there, torn or unsealed, for every reader to see.
    """

    def __init__(
        self,
        path: Path,
        run_id: str,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        redactor: Redactor | None = None,
    ) -> None:
        self.stream = path.stem
        self._redactor = redactor or Redactor(known(os.environ))
        self._clock_ns = clock_ns
        self._seq = 0
        self._chain = genesis(self.stream)
        self._lock = threading.Lock()
        self._broken = ""
        try:
            self._file = path.open("x", encoding="utf-8", newline="\n", buffering=1 << 16)
        except OSError as error:
            raise JournalError(f"cannot open the journal stream {path}: {error.strerror}") from error
        self.append(StreamOpened(self.stream, run_id, os.getpid()), durable=True)
        _keep_name(path.parent)

    def append(self, event: Event, *, durable: bool = False, t_ns: int | None = None) -> str:
        """Write one event and return its id; JournalError when it could not be written."""
        with self._lock:
            if self._broken:
                raise JournalError(f"the journal stream {self.stream!r} takes no more: {self._broken}")
            at_ns = self._clock_ns() if t_ns is None else t_ns
            line, chain = chained(self._seq, at_ns, event, self._redactor, self._chain)
            self._write(line, durable=durable)
            self._chain = chain
            self._seq += 1
            self._broken = ""
            return f"{self.stream}:{self._seq - 1}"

    def _write(self, line: str, *, durable: bool) -> None:
        self._broken = "a write was interrupted"
        try:
            self._file.write(line)
            if durable:
                self._file.flush()
                os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            self._broken = f"a write failed: {error}"
            raise JournalError(f"cannot write to the journal stream {self.stream!r}: {error}") from error

    def flush(self) -> None:
        """Hand everything to the operating system, so that another process can read it; JournalError when
        that fails. What could not be written before stays unwritten: `append` told."""
        with self._lock:
            if self._file.closed or self._broken:
                return
            try:
                self._file.flush()
            except OSError as error:
                self._broken = f"a write failed: {error}"
                raise JournalError(f"cannot write to the journal stream {self.stream!r}: {error}") from error

    def seal(self) -> None:
        """Write the last line and close; sealing twice is harmless."""
        if self._file.closed:
            return
        self.append(StreamSealed(self._seq), durable=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Seal on an orderly way out only: a stream that an error cut short must say so."""
        if kind is None:
            self.seal()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Close without a seal: readers will say that the stream was cut short."""
        with contextlib.suppress(OSError):
            self._file.close()


def _keep_name(folder: Path) -> None:
    """A new file is only there after a power cut once its folder is on disk too."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(held)
        finally:
            os.close(held)
    except OSError as error:
        raise JournalError(f"the folder {folder} cannot be made durable: {error.strerror}") from error
