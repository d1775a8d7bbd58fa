"""The population of recovery points against what is promised: age, reach, and what the policy keeps."""

from __future__ import annotations

from drill.model.plan import RestoreLimits
from drill.model.restore_events import PointSeen
from drill.model.units import seconds
from drill.model.verdicts import Verdict
from drill.objectives.say import count, failed, held, listed, passed, unknown
from drill.timeline import Listing, Restored

BEFORE, AFTER = "before", "after"
ALONE = "standalone"  # a hold without the log since then


def points(name: str, limits: RestoreLimits, found: Restored) -> Verdict:
    """Whether the newest is young enough and the oldest old enough, at the moment of the listing."""
    listing = found.listing(BEFORE)
    limit = f"newest {seconds(limits.age_s)}, back {seconds(limits.window_s)}"
    if listing is None:
        why = found.failures[0][0].reason if found.failures else "the record holds none"
        return unknown(
            name, f"The backups were not listed: {why.rstrip('.')}.", limit=limit, because=[found.id]
        )
    whole = _promised(listing, limits.keep)
    if not whole:
        sentence = f"Of {count(listing.asked.points, 'base backup')} none is whole ({listing.asked.query})."
        return failed(name, sentence, measured="none", limit=limit, because=[listing.id])
    age_s = listing.asked.utc_s - max(point.ended_s for point in whole)
    reach_s = listing.asked.utc_s - min(point.ended_s for point in whole)
    measured = f"newest {seconds(age_s)}, back {seconds(reach_s)}"
    sentence = (
        f"Of {count(listing.asked.points, 'base backup')} ({listing.asked.query}) {len(whole)} are whole; "
        f"the newest is {seconds(max(age_s, 0.0))} old, limit {seconds(limits.age_s)}; the oldest reaches "
        f"back {seconds(reach_s)}, promised {seconds(limits.window_s)}."
    )
    ok = 0 <= age_s <= limits.age_s and reach_s >= limits.window_s
    return held(ok, name, sentence, measured=measured, limit=limit, because=[listing.id])


def _whole(listing: Listing) -> list[PointSeen]:
    return [point for point in listing.points if point.whole]


def _promised(listing: Listing, keep: int) -> list[PointSeen]:
    """All that one can go back to and on from: not those that are there only because they are on hold."""
    whole = sorted(_whole(listing), key=lambda point: point.ended_s)
    newest = {point.name for point in whole[-keep:]}
    return [point for point in whole if point.name in newest or point.hold != ALONE]


def retention(name: str, limits: RestoreLimits, found: Restored) -> Verdict:
    """What the policy keeps is there, what it lets go is not: seen in two listings, before and after.

    One more than the policy's number is no mistake: the next deletion may be under way. Points on hold are
    none that have to go; whether they are there is proved by itself.
    """
    first, last = found.listing(BEFORE), found.listing(AFTER)
    limit = f"{limits.keep} kept"
    if first is None or last is None:
        return unknown(name, "There are no two listings to compare.", limit=limit, because=[found.id])
    had, has = _whole(first), _whole(last)
    measured, because = f"{len(has)} kept", [first.id, last.id]
    early = _let_go_early(had, has, limits.keep)
    wrong = []
    if early:
        wrong.append(f"{listed(early)} went although fewer than {limits.keep} newer ones are there")
    free = [point for point in has if not point.hold]
    if len(free) > limits.keep + 1:
        wrong.append(f"{len(free)} are there, and those beyond {limits.keep} have not gone")
    if min(first.asked.useless_wal, last.asked.useless_wal) > 0:
        wrong.append(f"{last.asked.useless_wal} log files are there that no backup needs")
    if wrong:
        return failed(
            name, f"Retention: {'; '.join(wrong)}.", measured=measured, limit=limit, because=because
        )
    if len(has) < limits.keep:
        sentence = f"Only {len(has)} of the {limits.keep} base backups to be kept have been made so far."
        return unknown(name, sentence, measured=measured, limit=limit, because=because)
    gone = len({point.name for point in had} - {point.name for point in has})
    on_hold = f", {len(has) - len(free)} of them on hold" if len(free) < len(has) else ""
    sentence = (
        f"{count(len(has), 'base backup')} are kept, as the policy says ({limits.keep}){on_hold}; {gone} "
        "went meanwhile, none of them early, and no log file is left that no backup needs."
    )
    return passed(name, sentence, measured=measured, limit=limit, because=because)


def _let_go_early(had: list[PointSeen], has: list[PointSeen], keep: int) -> list[str]:
    """Points that are gone while fewer newer ones are there than the policy keeps."""
    names = {point.name for point in has}
    return [
        point.name
        for point in had
        if point.name not in names and sum(other.ended_s > point.ended_s for other in has) < keep
    ]
