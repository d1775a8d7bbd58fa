"""Both regions, object by object, while the platform goes on storing, replicating and letting go.

The first region is listed before and after the second one is read. What it had both times has to be in the
second; what it had only once is on its way in, or out. What the second region alone holds is given the
policy's time to go: a replicator that never forgets keeps what the policy let go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from drill.model.restore import Check
from drill.model.target import Backups, Region
from drill.restore.exercise.proofs import made
from drill.restore.exercise.record import Tell, tell_check
from drill.restore.proof.objects import Object, check_replica
from drill.restore.stores import BackupStore, open_store

NAME = "replica.equal"
_POLL_S = 1.0


def compare_regions(tell: Tell, backups: Backups, replica: Region) -> None:
    """Tell what came of it; see the module."""
    tell_check(tell, made(NAME, "objects", lambda: _compared(backups, replica)))


def _compared(backups: Backups, replica: Region) -> Check:
    main, second = open_store(backups, backups.main), open_store(backups, replica)
    before, there = main.inventory(), second.inventory()
    after, now_s = main.keys(), time.time()
    here = {key: held for key, held in before.items() if key in after}
    known = settled(here, there, before.keys() | after)
    strange = frozenset(key for key in known if key not in here)
    left = _left(second, strange, backups.lag_s, time.monotonic)
    held = {key: value for key, value in known.items() if key in here or key in left}
    return check_replica(here, held, now_s=now_s, lag_s=backups.lag_s)


def settled(
    here: Mapping[str, Object], there: Mapping[str, Object], passing: frozenset[str] | set[str]
) -> dict[str, Object]:
    """Of the second region what can be judged: what the first has, and what it did not have at any time."""
    return {key: held for key, held in there.items() if key in here or key not in passing}


def _left(
    second: BackupStore, strange: frozenset[str], within_s: float, clock: Callable[[], float]
) -> frozenset[str]:
    """What of it is still there when its time is over."""
    until = clock() + within_s
    while strange and clock() < until:
        time.sleep(_POLL_S)
        strange &= second.keys()
    return strange
