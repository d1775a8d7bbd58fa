"""`points.held` and `points.gone`: what is on hold is there, whole, in every region; what expired is in none.

A listing shows what it is asked for. So a point on hold is looked up by its objects, each of them read to its
end in both regions and unpacked against its manifest in one; and what expired is looked for among all names
that there are, for a point that no listing shows any more may have left its data behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.model.verdicts import Status
from drill.restore.proof.objects import Object

HELD, GONE = "points.held", "points.gone"
HELD_UNIT, GONE_UNIT = "points by region", "objects"
_BASE = "base"


@dataclass(frozen=True, slots=True)
class Seen:
    """One region: the points that it lists as whole, and every object, as it was read."""

    whole: frozenset[str]
    objects: Mapping[str, Object]


@dataclass(frozen=True, slots=True)
class Hold:
    """A point on hold: the log files that it needs, and what its manifest said once it was unpacked; None
    where it could not be."""

    name: str
    log: Sequence[str] = ()
    manifest: Check | None = None


def point_of(key: str) -> str:
    """The point whose part an object is; "" for none."""
    parts = key.split("/")
    return parts[1] if parts[0] == _BASE and len(parts) > 2 else ""


def check_held(
    holds: Sequence[Hold], main: Seen, replica: Seen | None, *, now_s: float, lag_s: float
) -> Check:
    """What the first region wrote within `lag_s` may be on its way to the second; such a point is not judged
    there, and the check is not whole."""
    if not holds:
        return undecided(HELD, HELD_UNIT, "Nothing is on hold, so nothing that is held could be missing.")
    wrong, covered, read = [], 0, 0
    for hold in holds:
        mine = parts_of(hold, main.objects)
        read += len(mine)
        covered += 1
        wrong += [f"{hold.name} in the first region: {said}" for said in _lacking(hold, mine, main)]
        wrong += [f"{hold.name} in the first region: {said}" for said in _torn(hold)]
        if replica is None:
            continue
        theirs = parts_of(hold, replica.objects)
        read += len(theirs)
        late = [o for key, o in mine.items() if key not in theirs and now_s - o.written_s <= lag_s]
        covered += not late
        said_of = [] if late else [*_lacking(hold, theirs, replica), *_unlike(mine, theirs)]
        wrong += [f"{hold.name} in the second region: {said}" for said in said_of]
    total = len(holds) * (1 if replica is None else 2)
    detail = f"{len(holds)} points are on hold; {read} objects of theirs were read to the end"
    detail += f"; {wrong[0]}." if wrong else "; none is missing, cut or another in the second region."
    ways = sorted({"unpacked and held against its manifest" if _proved(h) else "read only" for h in holds})
    coverage, measured = Coverage(covered, total, HELD_UNIT), f"{len(wrong)} wrong"
    return concluded(HELD, coverage, detail, wrong, measured=measured, limit="0", way="; ".join(ways))


def parts_of(hold: Hold, objects: Mapping[str, Object]) -> dict[str, Object]:
    """The objects of a point, and the log files that it needs."""
    return {
        key: each
        for key, each in objects.items()
        if point_of(key) == hold.name or key.rpartition("/")[2] in hold.log
    }


def _proved(hold: Hold) -> bool:
    return hold.manifest is not None and hold.manifest.status is not Status.UNKNOWN


def _lacking(hold: Hold, parts: Mapping[str, Object], seen: Seen) -> Iterator[str]:
    if hold.name not in seen.whole or hold.name not in map(point_of, parts):
        yield "no whole backup of this name is there"
    have = {key.rpartition("/")[2] for key in parts}
    yield from (f"log file {name}, which it needs, is missing" for name in hold.log if name not in have)


def _torn(hold: Hold) -> Iterator[str]:
    if hold.manifest is not None and hold.manifest.status is Status.FAIL:
        yield from hold.manifest.findings[:3] or (hold.manifest.detail,)


def _unlike(mine: Mapping[str, Object], theirs: Mapping[str, Object]) -> Iterator[str]:
    for key, each in mine.items():
        if key not in theirs:
            yield f"{key} is missing"
        elif each.digest != theirs[key].digest:
            yield f"{key} has other content"


@dataclass(frozen=True, slots=True)
class Expired:
    """What must be gone: points older than `oldest` that are not in `held`, and these log files."""

    oldest: str
    held: Collection[str]
    log: Collection[str]

    def among(self, keys: Collection[str]) -> frozenset[str]:
        """Of these names those that must be gone. Names of points sort by time."""
        return frozenset(key for key in keys if self._is(point_of(key)) or key.rpartition("/")[2] in self.log)

    def _is(self, name: str) -> bool:
        return bool(name) and name < self.oldest and name not in self.held


def check_gone(looked_at: int, left: Mapping[str, Collection[str]]) -> Check:
    """`left`: by region, names that must be gone and are there; `looked_at`: of how many names."""
    if not looked_at:
        return undecided(GONE, GONE_UNIT, "There is no object, so none was looked at.")
    wrong = [said for region, keys in left.items() for said in _told(region, keys)]
    detail = (
        f"{looked_at} objects were looked at for parts of expired points and log files that no point needs"
    )
    detail += f"; {wrong[0]}." if wrong else "; none is left."
    coverage, measured = Coverage(looked_at, looked_at, GONE_UNIT), f"{sum(map(len, left.values()))} left"
    return concluded(GONE, coverage, detail, wrong, measured=measured, limit="0")


def _told(region: str, keys: Collection[str]) -> Iterator[str]:
    points = sorted({point_of(key) for key in keys} - {""})
    for name in points:
        parts = sum(point_of(key) == name for key in keys)
        yield f"{name} has expired and is not on hold, and {parts} objects of it are in the {region} region"
    logs = sorted(key for key in keys if not point_of(key))
    if logs:
        yield f"{len(logs)} log files that no point needs are in the {region} region, first {logs[0]}"
