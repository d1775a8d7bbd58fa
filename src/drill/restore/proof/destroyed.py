"""`copy.destroyed`: of the restored copy nothing is left: no process, nobody who answers, no file.

A copy of patients' data that outlives its drill is a breach. Processes come first: one that still runs holds
its files open, so that their names are gone and their content is not.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from drill.model.restore import Check, Coverage, concluded

NAME = "copy.destroyed"
_CONNECT_S = 1.0


@dataclass(frozen=True, slots=True)
class Process:
    """One that served the copy; a number alone may be another's by now. `started_s`: as psutil has it."""

    pid: int
    started_s: float


def family(pid: int) -> list[Process]:
    """A process and all below it, to be asked while they run; one that ends meanwhile leaves no trace."""
    found = []
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for each in [first, *first.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                found.append(Process(each.pid, each.create_time()))
    return found


def check_destroyed(
    folders: Sequence[Path], processes: Sequence[Process], addresses: Sequence[tuple[str, int]]
) -> Check:
    """Everything that the copy was made of, as it was known while it lived."""
    wrong = [f"process {p.pid} still runs" for p in processes if _runs(p)]
    wrong += [f"{host}:{port} still answers" for host, port in addresses if _answers(host, port)]
    wrong += [f"{path.name} is still there" for path in folders if path.exists() or path.is_symlink()]
    wrong += [f"process {pid} holds {name} open" for pid, name in _holders(folders)]
    total = len(folders) + len(processes) + len(addresses)
    detail = (
        f"{len(folders)} folders, {len(processes)} processes and {len(addresses)} addresses were looked for"
    )
    detail += f"; {wrong[0]}." if wrong else "; none is left."
    coverage = Coverage(total, total, "traces")
    return concluded(NAME, coverage, detail, wrong, measured=f"{len(wrong)} left", limit="0")


def _runs(process: Process) -> bool:
    try:
        found = psutil.Process(process.pid)
        return found.create_time() == process.started_s and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _CONNECT_S):
            return True
    except OSError:
        return False


def _open_files(pid: int) -> list[str]:
    """Names of what it has open; fewer where we may not look, or where it closes them meanwhile."""
    names = []
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                names.append(str(link.readlink()))
    return names


def _holders(folders: Sequence[Path]) -> list[tuple[int, str]]:
    """Processes that we may look into and that have a file of the copy open, deleted or not."""
    below = tuple(f"{path.absolute()}/" for path in folders)
    found: list[tuple[int, str]] = []
    for one in psutil.process_iter():
        names = _open_files(one.pid)
        found += [(one.pid, Path(n).name) for n in names if below and n.startswith(below)][:1]
    return found
