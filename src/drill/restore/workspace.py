"""Where a run's restored copy lies while it is there: known to whoever has to see to it that it goes."""

from __future__ import annotations

from pathlib import Path

WORKSPACE = "restored"


def workspace(folder: Path) -> Path:
    """Of the run in a folder."""
    return (folder / WORKSPACE).absolute()


def swept(folder: Path) -> bool:
    """Remove the restored copy that the run in a folder left, if it did; what it paused goes on.

    WorldError when something stays: another sweep tries again.
    """
    if not workspace(folder).exists():
        return False
    from drill.restore.exercise import sweep  # a second of imports, of which most runs have no use

    return sweep(workspace(folder))
