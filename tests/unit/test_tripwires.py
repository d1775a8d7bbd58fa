"""When a wire is pulled, by the live picture and a clock of the test's own; and what a drill file may ask."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from drill.conduct.live import Live
from drill.conduct.tripwires import Wires
from drill.definition import load_drill
from drill.model.errors import DefinitionError
from drill.model.events import BreakerSample, CallEnded, CallStarted, DoorSample, Event, Recorded, TurnInvoked
from drill.model.plan import AbortLimits, to_json
from drill.plan import plan_from_json
from histories import plan


class Rig:
    """Wires over a live picture; time is told."""

    def __init__(self, **limits: float) -> None:
        self.now_s = 100.0
        self.live = Live(Path("/nowhere"), turn_slo_s=1.0)
        self.wires = Wires(AbortLimits(**limits), self.live, lambda: self.now_s)

    def see(self, event: Event) -> None:
        """An event of now."""
        self.live._see(Recorded("s", 1, int(self.now_s * 1e9), event))

    def after(self, seconds: float) -> str:
        """The answer that much later."""
        self.now_s += seconds
        return self.wires()

    def waiting(self, *, calls: int = 2, late: int = 2) -> None:
        """So many calls, so many of them waiting for long."""
        for number in range(calls):
            self.see(CallStarted(f"c{number}", "p", 0, ok=True, detail=""))
        for number in range(late):
            self.see(TurnInvoked(f"c{number}", 1, "chat", -(10**12)))


def sample(*, ok: bool) -> BreakerSample:
    """A breaker that is read, or not."""
    return BreakerSample("a", ok, "closed" if ok else "", 0, 0, 0, "", "")


def test_no_wire_is_pulled_while_all_is_well() -> None:
    """None of them, whatever the limits."""
    rig = Rig(breach_share=0.0, breached_call_s=0.0, dropped=0, blind_s=1.0)
    rig.waiting(late=0)
    assert [rig.after(10), rig.after(10)] == ["", ""]


def test_a_share_in_breach_has_to_last() -> None:
    """Without interruption: a moment below the limit begins anew."""
    rig = Rig(breach_share=0.5, breach_for_s=3.0)
    rig.waiting()
    assert [rig.after(1), rig.after(2)] == ["", ""]
    rig.live.waiting.clear()
    assert rig.after(2) == ""
    rig.waiting()
    assert [rig.after(1), rig.after(2)] == ["", ""]
    assert rig.after(1) == "tripwire: 100% of callers in breach, above 50% for 3.00 s"


def test_a_share_at_the_limit_pulls_nothing() -> None:
    """Above is above."""
    rig = Rig(breach_share=0.5)
    rig.waiting(late=1)
    assert rig.after(1) == ""


def test_the_error_budget_is_an_area() -> None:
    """Two callers for five seconds are ten call-seconds; the eleventh is one too many."""
    rig = Rig(breached_call_s=10.0)
    rig.waiting()
    rig.after(0)
    assert rig.after(5) == ""
    assert "budget of 10 breached call-seconds is spent" in rig.after(0.5)


def test_so_many_calls_may_be_dropped() -> None:
    """One more stops the drill."""
    rig = Rig(dropped=1)
    rig.waiting(late=0)
    rig.see(CallEnded("c0", "dropped", ""))
    assert rig.after(1) == ""
    rig.see(CallEnded("c1", "dropped", ""))
    assert "2 calls were dropped, above 1" in rig.after(0)


def test_a_probe_that_saw_and_sees_no_more_is_blind() -> None:
    """A failed question is no sight; a refused door is; what never saw anything cannot go blind."""
    rig = Rig(blind_s=5.0)
    assert rig.after(60) == ""
    rig.see(sample(ok=True))
    rig.see(DoorSample("a", "direct", "ok", 1.0, ""))
    for _ in range(6):
        rig.now_s += 1
        rig.see(sample(ok=False))
        rig.see(DoorSample("a", "direct", "refused", 1.0, ""))
    assert rig.after(0) == "tripwire: nothing was seen of breakers for 5.00 s"


def test_wires_are_part_of_the_plan() -> None:
    """They are read back as they were frozen, and change its digest."""
    drawn = plan(abort_when=AbortLimits(breach_share=0.8, dropped=3))
    assert plan_from_json(to_json(drawn)) == drawn
    assert drawn.digest != plan().digest


ROOT = Path(__file__).parents[2]


def loaded(tmp_path: Path, wires: str) -> AbortLimits | None:
    """The wires of the shipped EHR drill with this line added."""
    text = (ROOT / "drills" / "ehr-outage.yaml").read_text().replace(": ../", f": {ROOT}/")
    (tmp_path / "d.yaml").write_text(f"{text}abort_when: {wires}\n")
    return load_drill(tmp_path / "d.yaml").abort_when


def test_a_drill_file_draws_wires(tmp_path: Path) -> None:
    """All of them; those that are left out are not drawn."""
    asked = "{breach_share: 80%, breach_for: 5s, breached_call_seconds: 900, dropped: 10, blind_for: 10s}"
    assert loaded(tmp_path, asked) == AbortLimits(0.8, 5.0, 900, 10, 10.0)
    assert dataclasses.asdict(loaded(tmp_path, "{blind_for: 1s}") or AbortLimits())["dropped"] is None


@pytest.mark.parametrize(
    ("wires", "said"),
    [
        (
            "{breach_share: 10%}",
            "abort_when.breach_share 0.1 stops the drill before its own limit breach_share",
        ),
        ("{breached_call_seconds: 200}", "before its own limit breached_call_seconds 200 can be missed"),
        ("{dropped: 0}", "before its own limit dropped_max 0 can be missed"),
        ("{breach_for: 2s}", "abort_when.breach_for needs breach_share"),
        ("{}", "abort_when"),
        ("{blind: 2s}", "unknown key 'blind' in abort_when"),
        ("{blind_for: 2}", "not a duration"),
    ],
)
def test_wires_that_cannot_be_are_refused_at_their_line(tmp_path: Path, wires: str, said: str) -> None:
    """File, line and what to write instead."""
    with pytest.raises(DefinitionError) as refused:
        loaded(tmp_path, wires)
    line = len((tmp_path / "d.yaml").read_text().splitlines())
    assert any(f"d.yaml:{line}: " in each and said in each for each in refused.value.mistakes)
