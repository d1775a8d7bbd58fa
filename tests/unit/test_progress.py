"""The line that a person watches while a drill runs."""

from __future__ import annotations

from pathlib import Path

from drill.cli.progress import line, platform
from drill.conduct.live import Live
from drill.conduct.run import Progress
from drill.model.events import MemberSample


def member(zone: str, role: str) -> MemberSample:
    """A store member that answers."""
    return MemberSample(
        zone, ok=True, role=role, state="running", sync=False, streaming=True, timeline=1, detail=""
    )


def live(**seen: object) -> Live:
    """A live picture with what was seen so far."""
    return Live(Path("nowhere"), 1.5, **seen)


def test_without_zones_the_breakers_are_shown() -> None:
    """As in an EHR drill on a platform whose edge nobody can ask."""
    assert platform(live(breakers={"b": "open", "a": "closed"})) == "breaker a:closed b:open"
    assert platform(live()) == "breaker -"


def test_zones_out_of_the_edge_and_the_primary_are_shown() -> None:
    """Closed breakers say nothing then; an open one still does."""
    seen = live(
        edges={"a": False, "b": True}, members={"a": member("a", ""), "b": member("b", "primary")},
        breakers={"a": "closed"},
    )  # fmt: skip
    assert platform(seen) == "zones out a   primary b"
    seen.breakers["b"] = "open"
    assert platform(seen).endswith("breaker a:closed b:open")


def test_nobody_out_and_no_primary_are_said() -> None:
    """A dash where all is well, a question mark where nobody claims to be primary."""
    seen = live(edges={"a": True}, members={"a": member("a", "replica")})
    assert platform(seen) == "zones out -   primary ?"


def test_callers_away_are_counted_where_the_load_tells_of_them() -> None:
    """Without redials nobody knows who waits."""
    assert "away" not in line(Progress("fault", 3.0, live()))
    assert "away 1" in line(Progress("fault", 3.0, live(redials=True, away={"c1"})))
