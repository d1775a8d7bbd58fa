"""Actions for Chaos Toolkit experiments."""

from __future__ import annotations

import time

from chaoslib.exceptions import ActivityFailed

from drill.definition.media import media_order
from drill.definition.stages import BOTH, model_order, speech_order
from drill.faults.ehr import MODES
from drill.faults.zones import SERVICE_MODES, ZONE_MODES
from drill.model.errors import DrillError
from drill.toolkit.media_session import apply_media
from drill.toolkit.session import open_sessions, opened
from drill.toolkit.stage_session import apply_stages
from drill.toolkit.zone_session import apply_service, apply_zone, zone_order

__all__ = [
    "ehr_fault",
    "hold",
    "media_fault",
    "model_fault",
    "restore_backup",
    "revert",
    "service_fault",
    "sham",
    "speech_fault",
    "zone_fault",
]

HOLD_MAX_S = 3600.0


def ehr_fault(mode: str, target: str | None = None, target_file: str | None = None) -> list[str]:
    """Make the EHR fail on every link that leads to it, in one of the six ways; returns the fault ids.

    Each fault's prior state is written to the ledger before it is applied, and it is read back after.
    """
    if mode not in MODES:
        raise ActivityFailed(f"mode {mode!r} is no way an EHR fails; write one of {', '.join(MODES)}")
    try:
        return opened(target, target_file).apply_ehr(mode)
    except DrillError as error:
        raise ActivityFailed(str(error)) from error


def zone_fault(
    mode: str,
    zone: str = "primary",
    target: str | None = None,
    target_file: str | None = None,
    times: int | str = 3,
    down_s: float | str = 4,
    up_s: float | str = 4,
    stall_s: float | str | None = None,
    total_s: float | str | None = None,
) -> list[str]:
    """Take a zone away: kill, pause, isolate, flap or lossy-kill; returns the fault ids.

    `zone` is a name, `primary` (it holds the primary) or `replica` (the first by name that holds none).
    `stall_s` before that, replication from the zone falls silent: 1.5 for lossy-kill, else 0 unless given.
    A flap blocks while the zone goes `times` times, down for `down_s` and up for `up_s` each; with `total_s`
    both are stretched so that all of it takes that long. All other modes leave the zone taken.
    """
    if mode not in ZONE_MODES:
        raise ActivityFailed(f"mode {mode!r} is no way a zone fails; write one of {', '.join(ZONE_MODES)}")
    try:
        order = zone_order(mode, zone, times, down_s, up_s, stall_s, total_s)
        return apply_zone(opened(target, target_file), order)
    except (DrillError, ValueError) as error:
        raise ActivityFailed(str(error)) from error


def service_fault(
    mode: str,
    service: str = "agent",
    zone: str = "replica",
    target: str | None = None,
    target_file: str | None = None,
) -> list[str]:
    """Kill one service of a zone, or make it hang, once; returns the fault id.

    `service` is its full name or what stands before `-ZONE` in it; `zone` is as in `zone_fault`. Nothing
    here starts it again: that is the platform's part.
    """
    if mode not in SERVICE_MODES:
        raise ActivityFailed(
            f"mode {mode!r} is no way a service fails; write one of {', '.join(SERVICE_MODES)}"
        )
    try:
        return apply_service(opened(target, target_file), mode, service, zone)
    except DrillError as error:
        raise ActivityFailed(str(error)) from error


def media_fault(
    mode: str,
    zone: str,
    direction: str = "both",
    delay_ms: int | str | None = None,
    jitter_ms: int | str | None = None,
    rate_kbps: int | str | None = None,
    target: str | None = None,
    target_file: str | None = None,
) -> list[str]:
    """Hurt callers' media on its way: delay, jitter, stall, bandwidth or reset; returns the fault ids.

    `zone` is as in `zone_fault`, or `every`, which has to be said. `direction` is up (callers to agents),
    down or both. `delay_ms` (150) and `jitter_ms` are added in each direction; `jitter` alone adds 0 to
    twice `jitter_ms` (60). `rate_kbps` (16) is kilobits a second of each connection, a multiple of 8.
    """
    told = {"delay_ms": delay_ms, "jitter_ms": jitter_ms, "rate_kbps": rate_kbps}
    try:
        order = media_order({"mode": mode, "zone": zone, "direction": direction, **told})
        return apply_media(opened(target, target_file), order)
    except (DrillError, ValueError) as error:
        raise ActivityFailed(str(error)) from error


def speech_fault(
    mode: str, part: str = BOTH, target: str | None = None, target_file: str | None = None
) -> list[str]:
    """Make speech fail for every zone: slow, failing or stalling; returns the fault ids.

    `part` is recognition (what callers say), synthesis (what they hear) or both.
    """
    try:
        return apply_stages(opened(target, target_file), speech_order(mode, part))
    except (DrillError, ValueError) as error:
        raise ActivityFailed(str(error)) from error


def model_fault(mode: str, target: str | None = None, target_file: str | None = None) -> list[str]:
    """Make the model fail for every zone: slow, timeout, rate-limited or empty; returns the fault ids."""
    try:
        return apply_stages(opened(target, target_file), model_order(mode))
    except (DrillError, ValueError) as error:
        raise ActivityFailed(str(error)) from error


def restore_backup(
    to: str = "latest",
    point: str = "newest",
    region: str = "main",
    before_s: float | str = 10,
    within_s: float | str = 120,
    controls: str = "sample",
    seed: int | str = 0,
    target: str | None = None,
    target_file: str | None = None,
) -> str:
    """Restore a base backup and the log into an instance of its own, prove it, use it, destroy it.

    `to` is latest, time (`before_s` ago), name or lsn; `point` newest or random, by `seed`; `region` main or
    replica; `controls` says how many damages are planted in copies: none, sample or all. What came of it is
    in `restore.jsonl` beside the faults; nothing of the copy is left.
    """
    # What restores brings PostgreSQL's and S3's clients along: no other fault has to wait for them.
    from drill.restore.exercise import Order
    from drill.toolkit.restore_session import restore

    order = Order(to, float(before_s), point, region, controls, float(within_s), int(seed))
    try:
        return restore(opened(target, target_file), order)
    except (DrillError, ValueError) as error:
        raise ActivityFailed(str(error)) from error


def hold(seconds: float | str = 20) -> float:
    """Keep things as they are for this long; an hour at most."""
    length_s = float(seconds)
    if not 0 <= length_s <= HOLD_MAX_S:
        raise ActivityFailed(f"hold takes 0 to {HOLD_MAX_S:g} seconds, not {length_s:g}")
    time.sleep(length_s)
    return length_s


def revert() -> str:
    """Bring back the state from before every fault of this experiment, in reverse order."""
    try:
        for each in open_sessions():
            each.revert_all("rollback")
    except DrillError as error:
        raise ActivityFailed(str(error)) from error
    return "reverted"


def sham(instead_of: str = "ehr_fault") -> str:
    """Does nothing: stands in for an injecting action in a sham drill, which must end UNKNOWN."""
    return f"sham: nothing was injected by {instead_of}"
