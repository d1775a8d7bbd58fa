"""Which code judges: one digest over the source of everything from the journal to the verdicts.

A version number does not tell two checkouts apart; this does.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from drill.evidence.seals import Judge

# What `drill.judge` is made of; nothing that it imports is left out (a test holds this).
_ROOMS = (
    "change_point.py", "definition", "emodel.py", "erlang.py", "journal", "judge.py", "model",
    "objectives", "plan.py", "recovery_estimate.py", "redact.py", "timeline", "traffic",
)  # fmt: skip


@cache
def installed_judge() -> Judge:
    """The judge of this installation."""
    root = Path(__file__).parent.parent
    whole = hashlib.sha256()
    for path in files(root):
        whole.update(f"{path.relative_to(root).as_posix()}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return Judge(version("drill"), whole.hexdigest())


def files(root: Path) -> list[Path]:
    """Every source file that judging rests on, in one order."""
    rooms = [root / room for room in _ROOMS]
    found = [path for room in rooms for path in ([room] if room.is_file() else room.rglob("*.py"))]
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())
