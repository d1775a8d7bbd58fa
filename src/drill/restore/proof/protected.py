"""`points.protected`: what is put beside the backups cannot be deleted, nor written over.

Tried on a canary, an object of the drill's own, and never on a backup. In a bucket with versions a plain
deletion only hides an object and a plain overwriting only adds to it, so what counts is the version that was
put: deleting it has to be refused, and it has to be what it was afterwards.

A refusal may as well come from keys that may delete nothing at all. So a lock has to be seen on the canary,
or the same keys have to have deleted something else of the canary's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.units import seconds

NAME, UNIT = "points.protected", "attempts"
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of the attempts. A refusal is the store's own word for it, "" when there was none.

    Attributes:
        lock: the mode of the lock that was seen on the canary, "" without one; `until_s`: up to when, UTC.
        versioned: the store gave the canary a version.
        overwritten, deleted, removed: the refusals of writing over it, of deleting it by name, and of
            deleting its version (of deleting it, where there are no versions).
        may_delete: the same keys deleted something else of the canary's own.
        whole: afterwards it was what had been put.
    """

    lock: str
    until_s: float
    versioned: bool
    overwritten: str
    deleted: str
    removed: str
    may_delete: bool
    whole: bool


def check_protected(tried: Tried, now_s: float) -> Check:
    """See the module."""
    locked = bool(tried.lock) and tried.until_s > now_s
    wrong = []
    if not tried.removed:
        wrong.append("the canary could be deleted" + (" by its version" if tried.versioned else ""))
    if not tried.versioned and not tried.overwritten:
        wrong.append("the canary could be written over")
    if not tried.whole:
        wrong.append("the canary is not there as it was put")
    lock = f"a lock of mode {tried.lock} for {seconds(tried.until_s - now_s)}" if locked else "no lock"
    if not wrong and not locked and not tried.may_delete:
        said = f"It was refused ({tried.removed}), but {lock} is on the canary, and nothing shows that"
        return undecided(NAME, UNIT, f"{said} these keys could delete anything at all.")
    detail = (
        f"A canary with {lock} was written over ({_told(tried.overwritten, tried)}), deleted by its name "
    )
    detail += f"({_told(tried.deleted, tried)}) and for good ({tried.removed or 'not refused'})"
    detail += f"; {wrong[0]}." if wrong else "; afterwards it was there as it had been put."
    way = "the same keys deleted a mark of their own" if tried.may_delete else "by the lock alone"
    coverage, measured = Coverage(ATTEMPTS, ATTEMPTS, UNIT), f"{len(wrong)} not refused"
    return concluded(NAME, coverage, detail, wrong, measured=measured, limit="0", way=way)


def _told(refusal: str, tried: Tried) -> str:
    """What came of an attempt that adds a version where there are any."""
    return refusal or ("added beside it" if tried.versioned else "not refused")
