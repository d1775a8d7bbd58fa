"""What is proved of the stores once the copy is gone: both regions, what is on hold, what expired, and that
what is protected refuses.

Each is told, also when it could not be made: what nobody looked at is not known.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError
from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.restore_events import CanaryRequested
from drill.model.target import Backups
from drill.restore.exercise import regions
from drill.restore.exercise.kept import Kept, read_holds
from drill.restore.exercise.prepare import check_room
from drill.restore.exercise.proofs import made
from drill.restore.exercise.record import Tell, tell_check
from drill.restore.exercise.regions import Looked, compare_regions, left_of, look
from drill.restore.proof.holds import (
    GONE,
    GONE_UNIT,
    HELD,
    HELD_UNIT,
    Expired,
    Hold,
    Seen,
    check_gone,
    check_held,
)
from drill.restore.proof.manifest import check_manifest
from drill.restore.proof.protected import NAME as PROTECTED
from drill.restore.proof.protected import UNIT as ATTEMPTS
from drill.restore.proof.protected import check_protected
from drill.restore.stores.canary import Canary
from drill.restore.stores.port import TornError

NOT_NAMED = "The target names no protected place ([target.NAME.backups.protected]), so nothing was tried."


@dataclass(frozen=True, slots=True)
class Afterwards:
    """`segment_bytes`: of a log file; `workspace`: room to unpack what is on hold."""

    tell: Tell
    backups: Backups
    segment_bytes: int
    workspace: Path
    run_id: str

    def prove(self) -> None:
        """All of it."""
        if self.backups.replica or self.backups.held:
            self._stores()
        tell_check(self.tell, made(PROTECTED, ATTEMPTS, self._protected))

    def _stores(self) -> None:
        backups = self.backups
        try:
            looked = look(backups)
        except WorldError as error:
            asked = [(regions.NAME, regions.UNIT)] if backups.replica else []
            asked += [(HELD, HELD_UNIT), (GONE, GONE_UNIT)] if backups.held else []
            for name, unit in asked:
                tell_check(self.tell, undecided(name, unit, f"It could not be made: {error}."))
            return
        if second := looked.second:
            compared = made(
                regions.NAME, regions.UNIT, lambda: compare_regions(looked, second, backups.lag_s)
            )
            tell_check(self.tell, compared)
        if register := backups.held:
            tell_check(self.tell, made(HELD, HELD_UNIT, lambda: self._held(looked, read_holds(register))))
            tell_check(self.tell, made(GONE, GONE_UNIT, lambda: self._gone(looked, read_holds(register))))

    def _held(self, looked: Looked, holds: dict[str, str]) -> Check:
        kept = Kept(self.backups.keep, self.segment_bytes, holds)
        logs = {point.name: kept.log_of(point) for point in looked.points}
        found = [Hold(name, logs.get(name, ()), self._manifest(looked, name)) for name in holds]
        main = Seen(frozenset(p.name for p in looked.points if p.whole), looked.here)
        replica = None
        if looked.second and looked.there is not None:
            replica = Seen(frozenset(p.name for p in looked.second.points() if p.whole), looked.there)
        return check_held(found, main, replica, now_s=looked.now_s, lag_s=self.backups.lag_s)

    def _manifest(self, looked: Looked, name: str) -> Check | None:
        """What the manifest of a point says of it, unpacked; None when it is not there to be unpacked."""
        point = next((each for each in looked.points if each.name == name and each.whole), None)
        if point is None:
            return None
        folder = self.workspace / "held"
        check_room(self.workspace, point, 0)
        try:
            looked.main.fetch_base(point, folder)
            return check_manifest(folder)
        except TornError as error:
            return concluded(HELD, Coverage(0, 1, HELD_UNIT), str(error), [str(error)])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _gone(self, looked: Looked, holds: dict[str, str]) -> Check:
        """What had expired when the first region was listed, and is there when its time to go is over."""
        kept = Kept(self.backups.keep, self.segment_bytes, holds)
        whole = sorted((p for p in looked.points if p.whole), key=lambda p: p.ended_s)
        if len(whole) < kept.keep:
            said = f"Nothing has had to go yet: {len(whole)} of the {kept.keep} points to be kept are there."
            return undecided(GONE, GONE_UNIT, said)
        names = {key.rpartition("/")[2] for key in (*looked.here, *(looked.there or ()))}
        oldest = min(point.name for point in whole[-kept.keep :])
        expired = Expired(oldest, holds.keys(), kept.useless(names, looked.points))
        lag_s, keys = self.backups.lag_s, frozenset(looked.there or ())
        left = {"first": left_of(looked.main, expired.among(looked.later), lag_s, time.monotonic)}
        if looked.second:
            left["second"] = left_of(looked.second, expired.among(keys), lag_s, time.monotonic)
        return check_gone(len(looked.later) + len(keys), left)

    def _protected(self) -> Check:
        place = self.backups.protected
        if place is None:
            return undecided(PROTECTED, ATTEMPTS, NOT_NAMED)
        canary = Canary(place, self.run_id)
        self.tell(CanaryRequested(canary.key, place.location))
        return check_protected(canary.tried(), time.time())
