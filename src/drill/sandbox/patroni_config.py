"""A zone's Patroni configuration, as data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drill.sandbox.defects import Defect
from drill.sandbox.layout import ZONES, Layout

SCOPE = "voice"
NEVER_S = 3600
_LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True, slots=True)
class Timers:
    """Patroni's clockwork: `ttl_s` without a word from the leader and another takes over."""

    ttl_s: int
    loop_wait_s: int
    retry_timeout_s: int

    def words(self) -> dict[str, int]:
        """Under Patroni's names."""
        return {"ttl": self.ttl_s, "loop_wait": self.loop_wait_s, "retry_timeout": self.retry_timeout_s}


# 5 s is the least that works: a retry time of 1 s silently blocks failover for ever.
SHORT = Timers(5, 1, 2)
STOCK = Timers(30, 10, 10)


def timers(profile: str, defects: Collection[str]) -> Timers:
    """A profile's timers, spoilt where a defect says so. A lease that never ends is no failover."""
    if Defect.NO_FAILOVER in defects:
        return Timers(NEVER_S, 1, 2)
    if Defect.SLOW_FAILOVER in defects:
        return STOCK
    return STOCK if profile == "realistic" else SHORT


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of the superuser and of replication."""

    superuser: str
    replication: str


def ways(layout: Layout, zone: str, *, lost: bool = False) -> dict[str, str]:
    """Other members' published addresses, and this zone's wires to them; `lost`: wires to nowhere."""
    found = {}
    for other in ZONES:
        if other != zone:
            wal = layout.egress_metrics if lost else layout.wire("wal", zone, other)
            found[f"//{layout.store(other)}/"] = f"//{wal}/"
            found[f"//{layout.patroni(other)}/"] = f"//{layout.wire('members', zone, other)}/"
    return found


def configuration(
    layout: Layout,
    zone: str,
    *,
    profile: str,
    defects: Collection[str],
    parameters: dict[str, str],
    passwords: Passwords,
    folder: Path,
    binaries: Path,
    lost: bool = False,
    small_segments: bool = False,
) -> dict[str, Any]:
    """Everything Patroni reads, and below `drill` what `patroni_member` does."""
    timing = timers(profile, defects)
    replication = {"username": "replicator", "password": passwords.replication}
    superuser = {"username": "postgres", "password": passwords.superuser}
    return {
        "drill": {
            "timers": {} if timing is STOCK else timing.words(),
            "ways": ways(layout, zone, lost=lost),
        },
        "scope": SCOPE,
        "name": zone,
        "restapi": {"listen": str(layout.patroni(zone)), "connect_address": str(layout.patroni(zone))},
        # Its own zone's voice only: a zone that is cut off must not find another way to the quorum.
        "etcd3": {"host": str(layout.etcd(zone)), "use_proxies": True},
        "bootstrap": {
            "dcs": _agreed(timing, defects, parameters),
            "initdb": [
                "no-sync",
                "no-instructions",
                {"encoding": "UTF8"},
                {"locale": "C"},
                *([{"wal-segsize": "1"}] if small_segments else []),
            ],
        },
        "postgresql": {
            "listen": str(layout.store(zone)),
            "connect_address": str(layout.store(zone)),
            "data_dir": str(folder / zone),
            "bin_dir": str(binaries),
            "pgpass": str(folder / f"pgpass-{zone}"),
            "authentication": {"superuser": superuser, "replication": replication, "rewind": superuser},
            "pg_hba": [
                f"host replication all {_LOOPBACK} scram-sha-256",
                f"host all all {_LOOPBACK} scram-sha-256",
            ],
            # Else it waits for the next checkpoint, which is minutes away.
            "basebackup": {"checkpoint": "fast"},
            "parameters": {"unix_socket_directories": ""},
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
        },
    }


def _agreed(timing: Timers, defects: Collection[str], parameters: dict[str, str]) -> dict[str, Any]:
    """What all members have in common. A commit is acknowledged when a second zone has it."""
    return {
        **timing.words(),
        "maximum_lag_on_failover": 1 << 20,
        "synchronous_mode": Defect.ASYNCHRONOUS_REPLICATION not in defects,
        "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": parameters},
    }
