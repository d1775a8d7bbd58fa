"""What can be set about backups, and what the archiver and the replicator are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from drill.sandbox import defects
from drill.sandbox.defects import Defect, Defects
from drill.sandbox.settings import ConfigError, build

NEVER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """When a base backup is taken, how many are kept, how late the second region may be.

    Given with `--set backups.every_s=10` and so on. `segment_s`: the longest that a log file stays open.
    `heartbeat_s`: how often something is committed, so that every moment has a commit after it. `erase_s`:
    how often a synthetic person is stored, and another one erased.
    """

    every_s: float = 10.0
    keep: int = 3
    segment_s: float = 4.0
    heartbeat_s: float = 0.5
    lag_s: float = 1.0
    erase_s: float = 2.0


def policy(told: Mapping[str, str]) -> Policy:
    """The policy from the settings of a command line; ConfigError for what is none."""
    found = build(Policy, dict(told), "backups")
    above = ("every_s", "keep", "segment_s", "heartbeat_s", "erase_s")
    if min(getattr(found, name) for name in above) <= 0 or found.lag_s < 0:
        raise ConfigError(f"backups: {', '.join(above)} are above 0, lag_s is not below")
    return found


@dataclass(frozen=True, slots=True)
class ObjectsConfig:
    """One region of the object store: its address, its folder, whose requests it takes, its secrets."""

    host: str
    port: int
    folder: Path
    access_key: str
    secret_key: str
    passphrase: str


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """The archiver, or the replicator, which needs less of it.

    `regions` are the endpoints, the first is written to; `credentials` an AWS shared credentials file; `dsn`
    is for the role that streams, `eraser` for the one that deletes; `erased` is the register of who is gone,
    `held` that of base backups on hold.
    """

    host: str
    port: int
    regions: tuple[str, ...]
    credentials: Path
    bucket: str
    server: str
    dsn: str
    eraser: str
    passfile: str
    erased: Path
    held: Path
    programs: Path
    work: Path
    truth: Path
    policy: Policy = field(default_factory=Policy)
    defects: Defects = frozenset()


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """The vault: its address, the keys that are used there, its bucket."""

    host: str
    port: int
    credentials: Path
    bucket: str
    defects: Defects = frozenset()


def objects(data: Mapping[str, Any]) -> ObjectsConfig:
    """One region's configuration from JSON data."""
    return build(ObjectsConfig, data, "objects")


def backups(data: Mapping[str, Any]) -> BackupConfig:
    """The archiver's or the replicator's configuration from JSON data, spoilt where a defect says so."""
    active = _active(data)
    told = spoil(build(Policy, data.get("policy", {}), "backups"), active)
    regions = tuple(data.get("regions", ()))
    return build(BackupConfig, {**data, "policy": told, "defects": active, "regions": regions}, "backups")


def vault(data: Mapping[str, Any]) -> VaultConfig:
    """The vault's configuration from JSON data."""
    return build(VaultConfig, {**data, "defects": _active(data)}, "vault")


def _active(data: Mapping[str, Any]) -> Defects:
    try:
        return defects.parse(list(data.get("defects", [])))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def spoil(policy: Policy, active: Defects) -> Policy:
    """The policy that is really followed under these defects."""
    every_s = NEVER_S if Defect.BACKUPS_STALE in active else policy.every_s
    keep = 1 if Defect.WRONG_RETENTION in active else policy.keep
    lag_s = NEVER_S if Defect.REPLICATOR_LAGS in active else policy.lag_s
    return replace(policy, every_s=every_s, keep=keep, lag_s=lag_s)
