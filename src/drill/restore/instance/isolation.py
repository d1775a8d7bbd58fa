"""How the restored instance is kept apart: a network, user and process namespace of its own where there are
any, else another user (for root, whom PostgreSQL refuses), else only its settings. Which one is said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError

NOBODY = 65534
_APART = (
    "unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--net", "--pid", "--fork",
    "--kill-child", "--mount-proc",
)  # fmt: skip
_DEMOTED = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL",
    "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
)  # fmt: skip
_PROBE_S = 5


@dataclass(frozen=True, slots=True)
class Isolation:
    """What stands before a command, whose files have to be nobody's (`owner`), and how far apart it is."""

    prefix: tuple[str, ...]
    owner: int | None
    words: str

    def own(self, folder: Path) -> None:
        """Give the files to the user that will serve them."""
        if self.owner is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, self.owner, follow_symlinks=False)


def isolation(wanted: str = "auto") -> Isolation:
    """The best that this machine allows; WorldError when root cannot become anybody else."""
    if wanted == "auto" and shutil.which("unshare") and _works([*_APART, "true"]):
        return Isolation(_APART, None, "no network, a process namespace of its own")
    if os.geteuid() != 0:
        return Isolation((), None, "no listener on any network, but the network is there")
    if shutil.which("setpriv") is None:
        raise WorldError(
            "PostgreSQL refuses root, and neither unshare nor setpriv is here; run as another user"
        )
    return Isolation(_DEMOTED, NOBODY, "another user, no listener on any network, but the network is there")


def _works(argv: list[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, timeout=_PROBE_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
