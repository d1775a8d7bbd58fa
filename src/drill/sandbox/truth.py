"""What a service knows to be true, one JSON object a line, to compare measurements with.

Times are `t_ns` of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO


class Truth:
    """An append-only file, flushed at every line: a killed process leaves whole lines only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", buffering=1, encoding="utf-8")

    def write(self, **facts: object) -> None:
        """Append one line."""
        self._file.write(json.dumps(facts, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """No more lines."""
        self._file.close()
