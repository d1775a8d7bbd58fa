"""The platform can be told to be bad, one named resilience defect at a time.

Theory: a drill that has only ever seen a healthy platform has not been tested: it must be
seen to catch each of these. They are mistakes that real systems ship with; none is active
unless it is named.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum

from drill.sandbox.breaker import Policy

STORM_RETRIES = 8


class Defect(StrEnum):
    """Names as given to `--defect`."""

    BREAKER_NEVER_OPENS = "breaker-never-opens"
    BREAKER_NEVER_CLOSES = "breaker-never-closes"
    RETRY_STORM = "retry-storm"
    EHR_WRITE_LOST = "ehr-write-lost"
    EHR_WRITE_DOUBLED = "ehr-write-doubled"
    CALLS_DROPPED_ON_EHR_ERROR = "calls-dropped-on-ehr-error"
    CASCADE = "cascade"
    ASYNCHRONOUS_REPLICATION = "asynchronous-replication"
    NO_FAILOVER = "no-failover"
    SLOW_FAILOVER = "slow-failover"
    HEALTH_CHECK_LIES = "health-check-lies"
    NO_RESTART = "no-restart"
    STICKY_CLIENTS = "sticky-clients"
    NO_CAPACITY = "no-capacity"
    REPLICA_NEVER_RESYNCS = "replica-never-resyncs"
    NO_BARGE_IN = "no-barge-in"
    LATE_AUDIO = "late-audio"
    SILENT_FALLBACK = "silent-fallback"
    TTS_STALL = "tts-stall"
    NO_ENDPOINTING = "no-endpointing"
    MEDIA_HEAD_OF_LINE = "media-head-of-line"
    GREETING_LOST = "greeting-lost"
    WAL_ARCHIVER_SKIPS = "wal-archiver-skips"
    BACKUPS_STALE = "backups-stale"
    BACKUP_JOB_FAILS_SILENTLY = "backup-job-fails-silently"
    WRONG_RETENTION = "wrong-retention"
    REPLICATOR_LAGS = "replicator-lags"
    REPLICATOR_CORRUPTS = "replicator-corrupts"
    RESTORE_TOO_SLOW = "restore-too-slow"
    HOLD_IGNORED = "hold-ignored"
    VAULT_DELETES = "vault-deletes"
    UNLOGGED_TABLE = "unlogged-table"


Defects = frozenset[Defect]


def parse(names: list[str]) -> Defects:
    """Names to defects; an unknown one is an error that lists the known."""
    unknown = sorted(set(names) - set(Defect))
    if unknown:
        raise ValueError(f"unknown defect {', '.join(unknown)}; known: {', '.join(Defect)}")
    return frozenset(Defect(name) for name in names)


# What can only be wrong with a store that fails over.
_OF_FAILOVER = frozenset(
    {
        Defect.ASYNCHRONOUS_REPLICATION,
        Defect.NO_FAILOVER,
        Defect.SLOW_FAILOVER,
        Defect.STICKY_CLIENTS,
        Defect.REPLICA_NEVER_RESYNCS,
    }
)


# What can only be wrong with backups.
_OF_BACKUPS = frozenset(
    {
        Defect.WAL_ARCHIVER_SKIPS,
        Defect.BACKUPS_STALE,
        Defect.BACKUP_JOB_FAILS_SILENTLY,
        Defect.WRONG_RETENTION,
        Defect.REPLICATOR_LAGS,
        Defect.REPLICATOR_CORRUPTS,
        Defect.RESTORE_TOO_SLOW,
        Defect.HOLD_IGNORED,
        Defect.VAULT_DELETES,
    }
)


def check(names: list[str], profile: str, *, backups: bool = False) -> None:
    """ValueError for an unknown defect, or for one that this profile has no place for."""
    if homeless := sorted(parse(names) & _OF_BACKUPS) if not backups else []:
        raise ValueError(f"defect {', '.join(homeless)} needs a platform with backups: --backups")
    misplaced = sorted(parse(names) & _OF_FAILOVER) if profile == "lite" else []
    if misplaced:
        raise ValueError(f"defect {', '.join(misplaced)} needs a store that fails over: --profile ha")


def spoil(policy: Policy, defects: Defects) -> Policy:
    """The breaker's policy under these defects."""
    if Defect.BREAKER_NEVER_OPENS in defects:
        policy = replace(policy, failure_rate=math.inf)
    if Defect.BREAKER_NEVER_CLOSES in defects:
        policy = replace(policy, wait_s=math.inf)
    return policy
