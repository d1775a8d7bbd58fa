"""A stream that is being written, followed from another process."""

from __future__ import annotations

from pathlib import Path

from drill.journal.line import genesis, parse_line
from drill.model.errors import JournalError
from drill.model.events import Recorded


class Tail:
    """Follow a growing stream from another process: only whole, verified lines, each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._stream = path, path.stem
        self._chain, self._offset = genesis(path.stem), 0

    def read(self) -> list[Recorded]:
        """What is new since the last call; JournalError when a whole line does not verify."""
        if not self._path.exists():
            return []
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError as error:
            raise JournalError(f"{self._path} cannot be read: {error.strerror}") from error
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        events = []
        for line in whole.splitlines():
            read = parse_line(line, self._chain)
            self._chain = read.chain
            events.append(Recorded(self._stream, read.seq, read.t_ns, read.event))
        return events
