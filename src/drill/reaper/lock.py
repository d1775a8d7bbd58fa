"""One drill at a time on a platform: a lock for each address that a drill touches.

Two target files that name the same edge, zone control or fault proxy describe one platform in part, so that
the addresses are locked, not the files. A lock is the kernel's, held by conductor and reaper; the record in
it names the last owner. A free lock whose record names a run with something outstanding is not free.

The locks are of one machine and user (`$DRILL_STATE`, else `~/.local/state/drill`). A drill from elsewhere
is seen by the guards that look for foreign faults.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from drill.definition.target_checks import is_loopback
from drill.faults.ledger import left
from drill.model.errors import JournalError, WorldError
from drill.model.target import Target
from drill.reaper.alive import hold

RECORD_MAX_BYTES = 8192


def state_dir() -> Path:
    """Where locks are kept."""
    if own := os.environ.get("DRILL_STATE"):
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "drill"


def addresses(target: Target) -> list[str]:
    """HOST:PORT of all that a drill touches, sorted. Loopback belongs to a network namespace: it is named."""
    urls = [target.edge, target.control, *(wire.api for wire in target.wires)]
    urls += [way.api for way in target.stages]
    urls += [link.api for link in target.ehr.links] if target.ehr else []
    return sorted({_place(url) for url in urls if url})


def _place(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    host = parts.hostname or ""
    return f"{_net() if is_loopback(host) else ''}{host}:{port}"


def _net() -> str:
    try:
        return f"{Path('/proc/self/ns/net').readlink()} "
    except OSError:
        return ""


@dataclass(slots=True)
class TargetLock:
    """Held locks of one target; `fds` are for a reaper to hold on to them."""

    paths: list[Path] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)

    def acquire(self, target: Target, run: Path, drill: str) -> None:
        """All or none; WorldError says who holds one, or what was left behind and how to undo it."""
        folder = state_dir() / "locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for address in addresses(target):
                self._one(folder, address)
            self._record(run, drill)
        except OSError as error:
            self.close()
            raise WorldError(f"the locks in {folder} cannot be used: {error}; set DRILL_STATE") from error
        except WorldError:
            self.close()
            raise

    def _one(self, folder: Path, address: str) -> None:
        path = folder / f"{hashlib.sha256(address.encode()).hexdigest()[:20]}.json"
        held = hold(path)
        if held is None:
            raise WorldError(
                f"{address.split()[-1]} is held by {_owner(path)}: wait for it, or `drill abort`"
            )
        self.paths.append(path)
        self.fds.append(held)
        if trouble := _left(path):
            raise WorldError(f"{address.split()[-1]}: {trouble}")

    def _record(self, run: Path, drill: str) -> None:
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = json.dumps({"drill": drill, "run": str(run.resolve()), "pid": os.getpid(), "since": since})
        for held in self.fds:
            os.ftruncate(held, 0)
            os.pwrite(held, text.encode(), 0)

    def clear(self) -> None:
        """Nothing is outstanding: the records may go."""
        clear(self.fds)

    def close(self) -> None:
        """Let go; a record that was not cleared stays and speaks."""
        for held in self.fds:
            os.close(held)
        self.fds.clear()
        self.paths.clear()


def clear(fds: Iterable[int]) -> None:
    """Empty the records behind these descriptors."""
    for held in fds:
        with contextlib.suppress(OSError):
            os.ftruncate(held, 0)


def forget(target: Target) -> None:
    """The platform behind these addresses was started anew: what was left on it went with the old one."""
    folder = state_dir() / "locks"
    for address in addresses(target):
        path = folder / f"{hashlib.sha256(address.encode()).hexdigest()[:20]}.json"
        held = hold(path) if path.exists() else None
        if held is not None:
            clear([held])
            os.close(held)


def _read(path: Path) -> dict[str, Any]:
    """The record; empty when there is none, or none that can be read."""
    try:
        found = json.loads(path.read_bytes()[:RECORD_MAX_BYTES] or b"{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _owner(path: Path) -> str:
    record = _read(path)
    return (
        f"drill {record.get('drill', '?')} of run {record.get('run', '?')} "
        f"(pid {record.get('pid', '?')}, since {record.get('since', '?')})"
    )


def _left(path: Path) -> str:
    """What the last owner left behind; "" for nothing."""
    record = _read(path)
    if not record:
        return ""
    run = Path(str(record.get("run", "")))
    try:
        found = left(run)
    except JournalError:
        return (
            f"the last drill here, {_owner(path)}, did not end in order and its journal is gone: nobody "
            f"knows what it left; look at the platform, then remove {path}"
        )
    if not found:
        return ""
    return f"run {run} left {len(found)} faults behind; run `drill heal {run}` first"
