"""What the restored server is told, over whatever its own files say: command line settings win over all."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drill.restore.proof.wal.names import lsn_text

PORT = 5432
KINDS = ("latest", "time", "name", "lsn")
_TARGETS = tuple(f"recovery_target{what}" for what in ("", "_time", "_name", "_lsn", "_xid"))


@dataclass(frozen=True, slots=True)
class Goal:
    """How far recovery goes: to the latest, to a time (`utc_us`), to a named restore point, to a position.

    `inclusive`: with a position, whether the record that begins there is applied.
    """

    kind: str = "latest"
    utc_us: int = 0
    name: str = ""
    lsn: int = 0
    inclusive: bool = True

    def settings(self) -> dict[str, str]:
        """PostgreSQL's own words for it."""
        match self.kind:
            case "time":
                told = {"recovery_target_time": f"{_utc(self.utc_us)}+00"}
            case "name":
                told = {"recovery_target_name": self.name}
            case "lsn":
                told = {"recovery_target_lsn": lsn_text(self.lsn)}
            case _:
                return {}
        return told | {"recovery_target_inclusive": "on" if self.inclusive else "off"}

    def __str__(self) -> str:
        words = {"time": _utc(self.utc_us) + " UTC", "name": self.name, "lsn": lsn_text(self.lsn)}
        return f"{self.kind} {words[self.kind]}" if self.kind in words else "the latest"


def _utc(utc_us: int) -> str:
    return datetime.fromtimestamp(utc_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def apart(data: Path, socket: Path, archive: Path, goal: Goal) -> dict[str, str]:
    """All of it. Hot standby is off: a server that can be asked has ended its recovery."""
    copy = f"cp {shlex.quote(str(archive))}/%f %p"
    return {
        "data_directory": str(data),
        "hba_file": str(socket / "hba.conf"),
        "ident_file": str(socket / "ident.conf"),
        "external_pid_file": "",
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(socket),
        "ssl": "off",
        "archive_mode": "off",
        "archive_command": "",
        "archive_library": "",
        "primary_conninfo": "",
        "primary_slot_name": "",
        "synchronous_standby_names": "",
        "hot_standby": "off",
        "wal_level": "replica",
        "max_wal_senders": "4",
        "max_logical_replication_workers": "0",
        "autovacuum": "off",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_timezone": "UTC",
        "log_min_messages": "info",
        "restore_command": copy,
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
        # A platform that was itself restored may still carry its own.
        **dict.fromkeys(_TARGETS, ""),
        **goal.settings(),
    }


def arguments(settings: dict[str, str]) -> list[str]:
    """As a server's command line takes them; the empty ones only where emptiness is a setting."""
    # A target that is cleared after another was set would clear that one too.
    ordered = sorted(settings.items(), key=lambda it: bool(it[1]) and it[0] in _TARGETS)
    return [word for name, value in ordered for word in ("-c", f"{name}={value}")]
