"""Where a run's restored copy lies while it is there: known to whoever has to see to it that it goes."""

from __future__ import annotations

from pathlib import Path

WORKSPACE = "restored"


def workspace(folder: Path) -> Path:
    """Of the run in a folder."""
    return (folder / WORKSPACE).absolute()
