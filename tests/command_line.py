"""What tests of the command line share: the type of their `drill`, and changes to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Told = tuple[int, str, str]
Drill = Callable[..., Told]


def changed(file: str, old: str, new: str) -> None:
    """One change to a file, which has to be possible."""
    text = Path(file).read_text(encoding="utf-8")
    assert old in text, f"the test wants to change {old!r}, which is not in {file}"
    Path(file).write_text(text.replace(old, new, 1), encoding="utf-8")
