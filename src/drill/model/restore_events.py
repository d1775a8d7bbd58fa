"""What a restore writes down, in a stream of its own: what there was to go back to, how far it came and when,
what came back, and what every proof said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from drill.model.event import Event


@dataclass(frozen=True, slots=True)
class RestoreBegun(Event):
    """A restore begins: its clock runs from here, and nothing was fetched yet.

    `moment_ns` is the moment to which all should come back, on the clock of all events. `goal` says how far
    recovery goes, in words; `goal_kind` is latest, time, name or lsn. `apart`: how the copy is kept apart.
    """

    kind: ClassVar[str] = "restore.begun"
    region: str
    goal_kind: str
    goal: str
    moment_ns: int
    apart: str
    controls: str


@dataclass(frozen=True, slots=True)
class PointSeen(Event):
    """One base backup that a listing of a region showed; `listing` is before or after the restore; `hold` is
    full, standalone, or "" for one that is not on hold."""

    kind: ClassVar[str] = "restore.point"
    region: str
    listing: str
    name: str
    began_s: float
    ended_s: float
    size_bytes: int
    whole: bool
    hold: str = ""


@dataclass(frozen=True, slots=True)
class PopulationListed(Event):
    """A listing is complete: how it was asked for, how many points, log files older than what any of them
    needs (`useless_wal`), and what UTC was (seconds since 1970)."""

    kind: ClassVar[str] = "restore.population"
    region: str
    listing: str
    query: str
    points: int
    wal_files: int
    useless_wal: int
    utc_s: float


@dataclass(frozen=True, slots=True)
class PointChosen(Event):
    """The point that is restored, by which rule (newest, random) and seed, out of how many that would do."""

    kind: ClassVar[str] = "restore.chosen"
    name: str
    rule: str
    seed: int
    eligible: int


@dataclass(frozen=True, slots=True)
class RestorePhase(Event):
    """A phase is over: fetched, replayed, connected, verified, served or destroyed."""

    kind: ClassVar[str] = "restore.phase"
    phase: str
    detail: str


@dataclass(frozen=True, slots=True)
class RestoreFailed(Event):
    """The restore did not come about. `fault`: backup (it cannot be restored), deadline (it takes too long)
    or drill (we could not try: no room, no program of that version, no keys)."""

    kind: ClassVar[str] = "restore.failed"
    phase: str
    fault: str
    reason: str


@dataclass(frozen=True, slots=True)
class RestoredTurn(Event):
    """One turn of this run found in the restored copy. `position` orders the turns; 0 when not told."""

    kind: ClassVar[str] = "restore.turn"
    turn_id: str
    call: str
    seq: int
    digest: str
    position: int


@dataclass(frozen=True, slots=True)
class TurnsRestored(Event):
    """All turns of this run in the copy were read (`ok`), or could not be."""

    kind: ClassVar[str] = "restore.turns"
    ok: bool
    turns: int
    detail: str


@dataclass(frozen=True, slots=True)
class ProofChecked(Event):
    """What a proof said; see model.restore.Check. `status` is PASS, UNKNOWN or FAIL."""

    kind: ClassVar[str] = "restore.check"
    name: str
    status: str
    covered: int
    total: int
    unit: str
    detail: str
    measured: str
    limit: str
    way: str
    findings: tuple[str, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class ControlRun(Event):
    """What came of a planted damage; see model.restore.Control. `outcome` is caught, missed or void."""

    kind: ClassVar[str] = "restore.control"
    damage: str
    expects: str
    outcome: str
    detail: str
    ran: tuple[str, ...]
    red: tuple[str, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class CanaryRequested(Event):
    """An object of the drill's own, `name`, is about to be put at `source`: can it be deleted?"""

    kind: ClassVar[str] = "restore.canary"
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class RestoreEnded(Event):
    """The restore came to its end, and its copy was destroyed as far as it can tell."""

    kind: ClassVar[str] = "restore.ended"


EVENTS = (
    RestoreBegun, PointSeen, PopulationListed, PointChosen, RestorePhase, RestoreFailed, RestoredTurn,
    TurnsRestored, ProofChecked, ControlRun, CanaryRequested, RestoreEnded,
)  # fmt: skip
