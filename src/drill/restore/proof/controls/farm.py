"""A folder once more, as hard links: it takes no room, and a file is damaged by putting another in its place.

Never by writing to it: the link would carry the damage into what was proved.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def farm(folder: Path, to: Path) -> Path:
    """Every file of `folder` below `to`; real copies where links are not to be had."""
    shutil.copytree(folder, to, copy_function=_link, symlinks=True)
    return to


def _link(source: str, to: str) -> str:
    try:
        os.link(source, to, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, to)
    return to


def put(path: Path, data: bytes) -> None:
    """Other content under the same name, in a file of its own."""
    path.unlink()
    path.write_bytes(data)
