"""What a helper process prints ends in a log that is kept: line by line, it loses its secrets on the way."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import TextIO

LINE_MAX = 65_536


class CleanOutput(io.TextIOBase):
    """Takes the place of a text stream; a line is cleaned once it is whole, or too long to wait for."""

    def __init__(self, stream: TextIO, clean: Callable[[str], str]) -> None:
        self._stream, self._clean, self._line = stream, clean, ""

    def write(self, text: str) -> int:
        """See TextIOBase."""
        *lines, self._line = (self._line + text).split("\n")
        if lines:
            self._stream.write("".join(f"{self._clean(line)}\n" for line in lines))
        if len(self._line) > LINE_MAX:
            self._spill()
        return len(text)

    def flush(self) -> None:
        """What is whole is out; half a line waits for its end, where a secret could go on."""
        self._stream.flush()

    def close(self) -> None:
        """The last line may have no end. The stream itself stays open: others hold it."""
        self._spill()
        self._stream.flush()

    def fileno(self) -> int:
        """Of the stream beneath."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Likewise."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Yes."""
        return True

    def _spill(self) -> None:
        self._stream.write(self._clean(self._line))
        self._line = ""


def guard_output(clean: Callable[[str], str]) -> None:
    """From now on this process prints what is cleaned only; also its tracebacks and its logs."""
    sys.stdout, sys.stderr = CleanOutput(sys.stdout, clean), CleanOutput(sys.stderr, clean)
