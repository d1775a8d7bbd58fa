"""The steps of one restore, each written down when it is over.

goal ─ listing ─ choice ─┬─ fetch ─ replay ─ connect ─ prove ─ erase ─ call ─┬─ controls ─ destroy ─ regions
                         └────────────────── recovery time ──────────────────┘
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from drill.model.errors import WorldError
from drill.model.restore import Check
from drill.model.restore_events import (
    PointChosen,
    RestoreBegun,
    RestoredTurn,
    RestoreEnded,
    RestoreFailed,
    RestorePhase,
    TurnsRestored,
)
from drill.model.target import Backups, Target
from drill.model.verdicts import Status
from drill.restore.exercise import controls, prepare, source
from drill.restore.exercise.afterwards import Afterwards
from drill.restore.exercise.call import serve_call
from drill.restore.exercise.erased import erase_again
from drill.restore.exercise.first_call import CommandError, platforms_call
from drill.restore.exercise.kept import Kept, kept_by
from drill.restore.exercise.order import Order, chosen
from drill.restore.exercise.proofs import Known, Material, prove
from drill.restore.exercise.record import Tell, list_points, tell_check
from drill.restore.exercise.sweep import remember, sweep
from drill.restore.instance.isolation import Isolation, isolation
from drill.restore.instance.server import HungError, Layout, RestoreError, Server, serving
from drill.restore.instance.settings import Goal
from drill.restore.proof.destroyed import Process, check_destroyed, family
from drill.restore.proof.manifest import check_manifest
from drill.restore.proof.place import Place
from drill.restore.proof.wal.names import SEGMENT
from drill.restore.stores import BackupStore, RecoveryPoint, open_store
from drill.restore.stores.port import needed
from drill.restore.stores.s3 import GoneError, KeysError

GONE_WITHIN_S = 5.0
TRIES = 3
_FAULTS = {HungError: "deadline", RestoreError: "backup", KeysError: "drill", CommandError: "drill"}
_TIMELINE_DIGITS = 8
_POLL_S = 0.05
DEFAULT_SEGMENT_BYTES = 16 << 20
_SEGMENT_SIZE = "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"


@dataclass(frozen=True, slots=True)
class _Work:
    """What the steps of one restore share."""

    target: Target
    backups: Backups
    store: BackupStore
    order: Order
    run_id: str
    tell: Tell
    layout: Layout
    programs: Path
    apart: Isolation
    source: Place
    deadline: float
    kept: Kept

    @property
    def pristine(self) -> Path:
        """Where the base backup lies as it was fetched, for the controls."""
        return self.layout.data.parent / "pristine"

    @property
    def left_s(self) -> float:
        """Of the order's deadline; HungError when nothing is left."""
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise HungError(f"the restore was not over after {self.order.within_s:g} s")
        return left_s


def exercise(target: Target, order: Order, run_id: str, tell: Tell, workspace: Path) -> None:
    """One restore into `workspace`, which is new and is gone afterwards; what came of it is told.

    Raises WorldError after a `restore.failed` was told: the exercise did not come to its call.
    """
    backups = target.backups
    if backups is None:
        raise WorldError(f"target {target.name!r} names no backups; add [target.{target.name}.backups]")
    if wrong := order.problems():
        raise WorldError("; ".join(wrong))
    sweep(workspace)
    workspace.mkdir(parents=True, mode=0o700)
    phase = _Phase(tell)
    try:
        _all(target, backups, order, run_id, workspace, phase)
    except WorldError as error:
        tell(RestoreFailed(phase.name, _FAULTS.get(type(error), phase.fault), str(error)))
        raise
    finally:
        sweep(workspace)


class _Phase:
    """Where we are: what fails before the fetch is our own preparation, unless a listing says otherwise."""

    def __init__(self, tell: Tell) -> None:
        self.tell, self.name, self.fault = tell, "prepare", "drill"

    def enter(self, name: str, fault: str) -> None:
        self.name, self.fault = name, fault

    def over(self, name: str, detail: str = "") -> None:
        self.tell(RestorePhase(name, detail))


def _all(target: Target, backups: Backups, order: Order, run_id: str, workspace: Path, phase: _Phase) -> None:
    programs, apart = prepare.programs_of(backups.programs), isolation()
    region = backups.main if order.region == "main" else backups.replica
    if region is None:
        raise WorldError("there is no second region to restore from; add [target.NAME.backups.replica]")
    store = open_store(backups, region)
    place = source.place_of(backups.source, backups.passfile)
    compares = order.to == "lsn" and backups.standby
    standby = source.place_of(backups.standby, backups.passfile) if compares else None
    socket = Path(tempfile.mkdtemp(prefix="drill-"))
    remember(workspace, socket)
    layout = Layout(workspace / "data", socket, workspace / "wal", workspace / "server.log")
    with source.standing(standby, workspace) as stands:
        moment_ns = time.monotonic_ns() - (round(order.before_s * 1e9) if order.to == "time" else 0)
        goal = stands or _goal(order, place, run_id)
        segment_bytes = _segment_bytes(place)
        if goal.lsn:
            source.await_archived(store, goal.lsn, segment_bytes, time.monotonic)
        deadline = time.monotonic() + order.within_s
        phase.tell(RestoreBegun(order.region, order.to, str(goal), moment_ns, apart.words, order.controls))
        work = _Work(
            target, backups, store, order, run_id, phase.tell, layout, programs, apart, place, deadline,
            kept_by(backups, segment_bytes),
        )  # fmt: skip
        _restore(work, goal, standby, phase)
    phase.enter("afterwards", "drill")
    list_points(work.tell, store, kept_by(backups, segment_bytes), order.region, "after")
    Afterwards(work.tell, backups, segment_bytes, workspace, run_id).prove()
    phase.tell(RestoreEnded())


def _goal(order: Order, place: Place, run_id: str) -> Goal:
    """A position is an end, that of a named point too: what begins there was written later."""
    match order.to:
        case "time":
            return Goal("time", utc_us=round((time.time() - order.before_s) * 1e6))
        case "name":
            name = f"drill-{run_id}"[:60]
            return Goal("name", name=name, lsn=source.position(place, name), inclusive=False)
        case "lsn":
            return Goal("lsn", lsn=source.position(place), inclusive=False)
        case _:
            return Goal()


def _segment_bytes(place: Place) -> int:
    with place.session() as session:
        row = session.execute(_SEGMENT_SIZE).fetchone()
    return int(row[0]) if row else DEFAULT_SEGMENT_BYTES


def _restore(work: _Work, goal: Goal, standby: Place | None, phase: _Phase) -> None:
    phase.enter("list", "backup")
    points, wal = list_points(work.tell, work.store, work.kept, work.order.region, "before")
    point, eligible = chosen(work.kept.promised(points), goal, work.order.point, work.order.seed)
    work.tell(PointChosen(point.name, work.order.point, work.order.seed, eligible))
    names = needed(wal, point)
    phase.enter("prepare", "drill")
    prepare.check_version(work.programs, point)
    prepare.check_room(work.layout.data.parent, point, len(names) * work.kept.segment_bytes)
    phase.enter("fetch", "backup")
    work.store.fetch_base(point, work.layout.data)
    tell_check(work.tell, check_manifest(work.layout.data))
    if work.order.controls != "none":  # replay changes the copy, and the store may let the point go meanwhile
        shutil.copytree(work.layout.data, work.pristine)
    _ = work.left_s
    work.store.fetch_wal(names, work.layout.archive)
    phase.over("fetched", f"{point.size_bytes / 1e6:.0f} MB and {len(names)} log files")
    phase.enter("replay", "backup")
    with _served(work, goal, phase) as server:
        oldest = _older_log(work, point)
        known = _prove(work, server, goal, standby, oldest, phase)
        if work.order.controls != "none":
            server.stop()
            controls.run(_grounds(work, points, oldest, known), work.order.controls, work.order.seed)


def _older_log(work: _Work, point: RecoveryPoint) -> RecoveryPoint:
    """The log from the oldest point on is proved, be it replayed or not. What is let go while it is fetched
    is asked for again, from the point that is the oldest by then."""
    for _ in range(TRIES - 1):
        with suppress(GoneError):
            return _older_log_once(work, point)
    return _older_log_once(work, point)


def _older_log_once(work: _Work, point: RecoveryPoint) -> RecoveryPoint:
    """Of the restored point's own log nothing has to be asked for: it is here, be the point gone or not."""
    promised = work.kept.promised(work.store.points())
    older = [each for each in promised if each.whole and each.start < point.start]
    oldest = min([*older, point], key=lambda each: each.start)
    have = {path.name for path in work.layout.archive.iterdir()}
    # Nothing that came since: what the copy was not given it cannot be asked for.
    newest = max(name[_TIMELINE_DIGITS:] for name in have if SEGMENT.fullmatch(name))
    names = [
        name
        for name in needed(work.store.wal(), oldest)
        if name not in have and SEGMENT.fullmatch(name) and name[_TIMELINE_DIGITS:] <= newest
    ]
    work.store.fetch_wal(names, work.layout.archive)
    return oldest


@contextmanager
def _served(work: _Work, goal: Goal, phase: _Phase) -> Iterator[Server]:
    """The copy, recovered; destroyed afterwards, which is proved."""
    traces: list[Process] = []
    try:
        with serving(work.layout, work.programs, goal, work.apart) as server:
            traces = family(server.process.pid)
            ended = server.recovered(time.monotonic() + work.left_s)
            phase.over("replayed", "; ".join(ended.lines))
            phase.over("connected", f"pg_is_in_recovery() is false at {server.place}")
            traces = family(server.process.pid)
            yield server
    finally:
        tell_check(work.tell, _destroyed(work, traces))
        phase.over("destroyed")


def _destroyed(work: _Work, traces: list[Process]) -> Check:
    """The copy's files removed, and whether anything of it is left; a namespace takes a moment to die."""
    folders = [work.layout.data, work.layout.archive, work.layout.socket, work.pristine]
    until = time.monotonic() + GONE_WITHIN_S
    while True:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        check = check_destroyed(folders, traces, ())
        if check.status is Status.PASS or time.monotonic() > until:
            return check
        time.sleep(_POLL_S)


def _prove(
    work: _Work, server: Server, goal: Goal, standby: Place | None, oldest: RecoveryPoint, phase: _Phase
) -> Known:
    phase.enter("verify", "backup")
    database = source.database_of(work.backups)
    copy = server.place.of(database)
    material = Material(
        copy, work.source, standby, work.layout.archive, work.programs, oldest, goal, work.left_s
    )
    known = Known()
    for check in prove(material, known):
        tell_check(work.tell, check)
    _turns(work, copy)
    known.erased = erase_again(work.tell, work.backups, copy)
    phase.over("verified")
    phase.enter("call", "backup")
    turns = work.target.store.turns if work.target.store else ""
    said = serve_call(copy, turns, work.run_id)
    if work.backups.first_call:
        said += f"; {platforms_call(work.backups.first_call, copy, work.apart, work.left_s)}"
    phase.over("served", said)
    return known


def _grounds(
    work: _Work, points: tuple[RecoveryPoint, ...], oldest: RecoveryPoint, known: Known
) -> controls.Grounds:
    return controls.Grounds(
        work.tell, work.pristine, points, oldest, known, work.layout, work.programs, work.apart,
        source.database_of(work.backups), work.backups.every_s,
    )  # fmt: skip


def _turns(work: _Work, copy: Place) -> None:
    """What the copy holds of this run, row by row: the judge compares it with what callers were told."""
    if work.target.store is None:
        return
    try:
        with copy.session({"search_path": "public"}) as session:
            rows = session.execute(work.target.store.turns.encode(), {"run_id": work.run_id}).fetchall()
        for row in rows:
            position = int(row[4]) if len(row) > 4 else 0  # see [target.NAME.store] turns
            work.tell(RestoredTurn(str(row[0]), str(row[1]), int(row[2]), str(row[3]), position))
    except Exception as error:  # noqa: BLE001  # the query is the target's: whatever it does is told
        work.tell(TurnsRestored(ok=False, turns=0, detail=f"{type(error).__name__}: {str(error)[:200]}"))
        return
    work.tell(TurnsRestored(ok=True, turns=len(rows), detail=""))
