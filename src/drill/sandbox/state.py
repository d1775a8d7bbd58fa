"""The folder of one instance: what is in it, who holds it, and what the last one left.

Theory: a pid in a file can be anybody's by tomorrow. Whoever runs holds a lock on `lock`, which the
kernel drops with the process; "is it up" is "is the lock held", and never a guess.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

_MARKER = "lock"
_STORES = ("pg", "backups")
_OURS = (
    "logs",
    "truth",
    "pids",
    "configs",
    "ehr.sqlite",
    "ehr.sqlite-wal",
    "ehr.sqlite-shm",
    "pgpass",
    "target.toml",
    "status.json",
)


class StateError(Exception):
    """The folder cannot be used; the text says why."""


class HeldError(Exception):
    """Another supervisor holds the folder."""


@dataclass(frozen=True, slots=True)
class State:
    """The folder at `root`, an absolute path."""

    root: Path

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.root / "logs"

    @property
    def truth(self) -> Path:
        """What the services know to be true, JSON Lines."""
        return self.root / "truth"

    @property
    def pids(self) -> Path:
        """One file for each running process, its pid as this machine counts."""
        return self.root / "pids"

    @property
    def configs(self) -> Path:
        """What the services were started with."""
        return self.root / "configs"

    @property
    def pg(self) -> Path:
        """The PostgreSQL clusters, one for each zone that has one."""
        return self.root / "pg"

    @property
    def backups(self) -> Path:
        """Both regions of the object store, what its services are told, and the keys to it."""
        return self.root / "backups"

    @property
    def passfile(self) -> Path:
        """The store's password, as libpq reads it."""
        return self.root / "pgpass"

    @property
    def target(self) -> Path:
        """What a drill needs to know; there only while the platform is ready."""
        return self.root / "target.toml"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Refuse a folder that holds what is not ours: starting empties it."""
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise StateError(f"{self.root} is not a folder; name another with --state")
        if any(self.root.iterdir()) and not (self.root / _MARKER).is_file():
            raise StateError(
                f"{self.root} is not empty and not a sandbox's; name an empty folder with --state"
            )

    def hold(self) -> TextIO:
        """Lock the folder for as long as the returned file is open; HeldError when it is locked."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = (self.root / _MARKER).open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise HeldError(str(self.root)) from error
        return lock

    def held(self) -> bool:
        """Whether a supervisor is alive on this folder."""
        if not (self.root / _MARKER).is_file():
            return False
        try:
            self.hold().close()
        except HeldError:
            return True
        return False

    def renew(self) -> None:
        """Empty folders for a new run; only what a sandbox makes is removed."""
        self._remove(*_OURS, *_STORES)
        for folder in (self.logs, self.truth, self.pids, self.configs, self.pg):
            folder.mkdir()

    def drop_stores(self) -> None:
        """Remove what a platform that ended stored: 0.65 GB, most of it room that etcd reserves, and nobody
        reads it again. Logs, truth and status stay for whoever asks what happened."""
        self._remove(*_STORES)

    def _remove(self, *names: str) -> None:
        for path in (self.root / name for name in names):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def write_status(self, status: dict[str, Any]) -> None:
        """Replace the status in one step: a reader sees the old or the new one."""
        replace(self.root / "status.json", json.dumps(status, indent=1) + "\n")

    def read_status(self) -> dict[str, Any]:
        """The last status written; empty when there is none."""
        try:
            found: dict[str, Any] = json.loads((self.root / "status.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file in one step."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
