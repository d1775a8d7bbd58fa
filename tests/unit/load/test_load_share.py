"""One schedule for several processes: every call is somebody's, and nobody's twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.load.share import Share, alone
from drill.model.errors import WorldError
from drill.traffic import schedule as arrivals
from drill.traffic.schedule import Demand

SCHEDULE = arrivals.draw(Demand(3, 20, 30.0, 2.0, 60.0, 50))


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_call_is_held_by_exactly_one_worker(of: int) -> None:
    """Each share in order of time, together the whole schedule."""
    shares = [Share(number, of, SCHEDULE.digest, 0).own(SCHEDULE) for number in range(of)]
    assert sorted((a for own in shares for a in own), key=lambda a: a.at_s) == list(SCHEDULE.arrivals)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(list(own) == sorted(own, key=lambda a: a.at_s) for own in shares)


def test_another_schedule_is_refused() -> None:
    """A worker on a machine with other settings would hold other calls."""
    other = arrivals.draw(Demand(4, 20, 30.0, 2.0, 60.0, 50))
    with pytest.raises(WorldError, match="the same settings"):
        Share(0, 2, SCHEDULE.digest, 0).own(other)


def test_each_worker_writes_a_stream_of_its_own() -> None:
    """Alone it is load.jsonl as ever; the judge takes load-1 and so on as load streams too."""
    path = Path("journal/load.jsonl")
    assert alone(0.5).stream(path) == path
    assert Share(0, 2, "x", 0).stream(path) == Path("journal/load-1.jsonl")
    assert Share(1, 2, "x", 0).stream(path) == Path("journal/load-2.jsonl")
    assert Share(1, 2, "x", 0).stream(None) is None


def test_the_start_is_one_instant_by_any_clock() -> None:
    """Told in UTC, waited for by the monotonic clock."""
    share = alone(0.5)
    assert abs(share.t0_ns() - Share(1, 2, "x", share.t0_utc_ns).t0_ns()) < 50_000_000
