"""What was asked for when a platform is started."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROFILES = ("lite", "ha", "realistic")
_OF_BACKUPS = "backups."
_FETCHED_PROXY = Path(".tools/bin/server")


@dataclass(frozen=True, slots=True)
class Order:
    """One `up`. `profile`: a store without failover, with a quick one, or with Patroni's stock timers.

    `backups`: with base backups and log archiving to an object store of two regions.
    """

    instance: int
    root: Path
    defects: tuple[str, ...]
    settings: Mapping[str, str]
    proxy: str
    isolation: str
    profile: str = "ha"
    backups: bool = False

    @property
    def agents(self) -> dict[str, str]:
        """Settings of the agents."""
        return {key: value for key, value in self.settings.items() if not key.startswith(_OF_BACKUPS)}

    @property
    def policy(self) -> dict[str, str]:
        """Settings of the backups."""
        told = self.settings.items()
        return {key.removeprefix(_OF_BACKUPS): value for key, value in told if key.startswith(_OF_BACKUPS)}


def proxy_program(wanted: str) -> str | None:
    """The fault proxy program to run; none for the embedded one. A path is taken as it is given."""
    if wanted == "embedded":
        return None
    if wanted != "auto":
        return str(Path(wanted).absolute())
    if _FETCHED_PROXY.is_file():
        return str(_FETCHED_PROXY.absolute())
    return shutil.which("toxiproxy-server")
