"""Where backups lie, behind one small port: points to go back to, base backups, log files, an inventory.

Reading only. A store says whose fault it is when there is nothing to read: an address that nobody answers
at, keys that are refused, a place that is empty.
"""

from __future__ import annotations

from pathlib import Path

from drill.model.target import Backups, Region
from drill.restore.stores.barman_cloud import BarmanCloud
from drill.restore.stores.directory import Directory
from drill.restore.stores.pgbackrest import PgBackRest
from drill.restore.stores.port import BackupStore, RecoveryPoint

__all__ = ["BackupStore", "RecoveryPoint", "open_store"]


def open_store(backups: Backups, region: Region) -> BackupStore:
    """The store of one region; WorldError when its keys or its command are not there."""
    match backups.kind:
        case "barman-cloud":
            return BarmanCloud(region)
        case "directory":
            return Directory(Path(region.location), backups.programs)
        case _:
            return PgBackRest(region.location)
