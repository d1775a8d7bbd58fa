"""Both regions, object by object, while the platform goes on storing, replicating and letting go.

The first region is listed before and after the second one is read. What it had both times has to be in the
second; what it had only once is on its way in, or out. What the second region alone holds is given the
policy's time to go: a replicator that never forgets keeps what the policy let go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drill.model.restore import Check
from drill.model.target import Backups
from drill.restore.proof.objects import Object, check_replica
from drill.restore.stores import BackupStore, RecoveryPoint, open_store

NAME, UNIT = "replica.equal", "objects"
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen: the first region's points and objects, the second one's (None without one), and then the
    first one's names again, at `now_s`."""

    main: BackupStore
    second: BackupStore | None
    points: tuple[RecoveryPoint, ...]
    here: Mapping[str, Object]
    there: Mapping[str, Object] | None
    later: frozenset[str]
    now_s: float


def look(backups: Backups) -> Looked:
    """Read everything that there is; WorldError when that cannot be done."""
    main = open_store(backups, backups.main)
    second = open_store(backups, backups.replica) if backups.replica else None
    points, here = main.points(), main.inventory()
    there = second.inventory() if second else None
    return Looked(main, second, points, here, there, main.keys(), time.time())


def compare_regions(looked: Looked, second: BackupStore, lag_s: float) -> Check:
    """Whether the second region holds what the first does; see the module."""
    there = looked.there or {}
    here = {key: held for key, held in looked.here.items() if key in looked.later}
    known = settled(here, there, looked.here.keys() | looked.later)
    strange = frozenset(key for key in known if key not in here)
    left = left_of(second, strange, lag_s, time.monotonic)
    held = {key: value for key, value in known.items() if key in here or key in left}
    return check_replica(here, held, now_s=looked.now_s, lag_s=lag_s)


def settled(
    here: Mapping[str, Object], there: Mapping[str, Object], passing: frozenset[str] | set[str]
) -> dict[str, Object]:
    """Of the second region what can be judged: what the first has, and what it did not have at any time."""
    return {key: held for key, held in there.items() if key in here or key not in passing}


def left_of(
    store: BackupStore, strange: frozenset[str], within_s: float, clock: Callable[[], float]
) -> frozenset[str]:
    """What of it is still there when its time is over."""
    until = clock() + within_s
    while strange and clock() < until:
        time.sleep(_POLL_S)
        strange &= store.keys()
    return strange
