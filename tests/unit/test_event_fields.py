"""A line that is spelled as others before is looked at no less: its values still have to be what they are."""

from __future__ import annotations

from typing import Any

import pytest

from drill.model.errors import JournalError
from drill.model.event_fields import from_fields
from drill.model.events import BreakerSample, TurnInvoked

INVOKED: dict[str, Any] = {"call": "c", "seq": 1, "intent": "chat", "eos_ns": 7}
BREAKER: dict[str, Any] = {
    "zone": "a", "ok": True, "state": "open", "successful": 0, "failed": 0, "not_permitted": 0,
    "transitions": '{"closed>open": 1}', "detail": "",
}  # fmt: skip


@pytest.mark.parametrize("seen", [0, 1, 2])
@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        (TurnInvoked.kind, INVOKED, {"eos_ns": 1 << 63}),
        (TurnInvoked.kind, INVOKED, {"eos_ns": 1.5}),
        (TurnInvoked.kind, INVOKED, {"seq": True}),
        (TurnInvoked.kind, INVOKED, {"call": None}),
        (TurnInvoked.kind, INVOKED, {"more": 1}),
        (BreakerSample.kind, BREAKER, {"transitions": "[]"}),
        (BreakerSample.kind, BREAKER, {"failed": (1 << 64) - 1}),
    ],
    ids=["64 bits", "a fraction", "a boolean", "nothing", "a field too many", "no counters", "unsigned"],
)
def test_what_is_wrong_is_found_however_many_good_ones_came_before(
    seen: int, kind: str, good: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """The first of a spelling is checked field by field, the others by what may differ."""
    for _ in range(seen):
        from_fields(kind, dict(good), {})
    with pytest.raises(JournalError):
        from_fields(kind, good | wrong, {})


def test_texts_that_come_again_are_kept_once() -> None:
    """Of the second of a spelling on."""
    told: dict[str, str] = {}
    events = [from_fields(TurnInvoked.kind, INVOKED | {"call": "".join(["c", "1"])}, told) for _ in range(3)]
    assert isinstance(events[1], TurnInvoked) and isinstance(events[2], TurnInvoked)
    assert events[0] == events[1]
    assert events[1].call is events[2].call
