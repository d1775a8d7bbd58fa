"""Frames that leave together are the frames that would leave one by one, and nothing else happens."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from drill.load.call import Call, Identity
from drill.load.dialects import dialect_of
from drill.load.frames import Parser
from drill.load.script import DTMF, HANG_UP, Turn, digest
from drill.load.websocket import Line
from drill.model.events import Event, TurnInvoked

MS = 1_000_000
ROUND_MS = 200
AGES_NS = tuple(range((ROUND_MS - 20) * MS, -1, -20 * MS))
ME = Identity("CA1", "MZ1", "synthetic-0042", "run-1")
VOICE, QUIET = (base64.b64encode(sample * 800).decode() for sample in (b"\x10", b"\xff"))

frames = st.integers(1, 60)
spoken = st.tuples(
    st.sampled_from(["note", "chat", "lookup"]), frames, frames, st.sampled_from([0, 0, 5, 30])
)
turn = spoken | spoken | st.tuples(st.sampled_from([DTMF, HANG_UP]), frames, frames)
agent = st.sampled_from(["", "", "", "", "voice", "voice", "quiet", "greeting", "answer", "answer", "clear"])


class Watched(Line):
    """A line that nobody takes anything from; `together` counts frames that came in one piece with others."""

    together = 0

    def frames(self, framed: bytes, number: int) -> None:
        """See Line."""
        self.together += number
        super().frames(framed, number)

    def take(self) -> bytes:
        """What was sent since the last time."""
        taken, self._out = self._out, b""
        return taken


class Side:
    """A call that has begun, with its line and all that it told."""

    def __init__(self, dialect: str, turns: Sequence[Turn], ends_ms: int) -> None:
        self.line, self.events = Watched(-1, Parser()), list[tuple[Event, int]]()
        self.call = Call(ME, iter(turns), ends_ms * MS, self.see, None, dialect_of(dialect))
        self.call.begin(self.line, 0)

    def see(self, event: Event, t_ns: int) -> None:
        """Remember."""
        self.events.append((event, t_ns))

    def one_by_one(self, due_ns: int, now_ns: int) -> None:
        """A round as one frame after the other."""
        for age_ns in AGES_NS:
            self.call.tick(due_ns - age_ns, now_ns)


def words(what: str, number: int, intent: str) -> list[bytes]:
    """What the agent sends; `number` is the turn that it answers."""
    mark = (
        "greeting"
        if what == "greeting"
        else f"turn:{number}:full:id-{number}:{ME.patient}:{digest('CA1', number, intent)}"
    )
    told = {
        "voice": [{"event": "media", "media": {"payload": VOICE}}],
        "quiet": [{"event": "media", "media": {"payload": QUIET}}],
        "greeting": [{"event": "mark", "mark": {"name": mark}}],
        "clear": [{"event": "clear"}],
    }
    told["answer"] = told["voice"] + [{"event": "mark", "mark": {"name": mark}}]
    return [
        json.dumps({**each, "streamSid": "MZ1", "stream_id": "MZ1"}).encode() for each in told.get(what, [])
    ]


@given(
    dialect=st.sampled_from(["twilio", "telnyx"]),
    said=st.lists(turn, min_size=3, max_size=30),
    rounds=st.lists(agent, min_size=60, max_size=160),
    ends_ms=st.integers(3_000, 40_000),
    late_ms=st.integers(0, 300),
)
def test_frames_together_are_the_frames_one_by_one(
    dialect: str, said: list[tuple[str, int, int]], rounds: list[str], ends_ms: int, late_ms: int
) -> None:
    """Same bytes on the line, same events at the same instants, whatever is said by either side."""
    turns = [Turn(seq, *each) for seq, each in enumerate(said, 1)]
    turns += [Turn(len(said) + 1, HANG_UP, 1, 1)] * 200
    together, single = Side(dialect, turns, ends_ms), Side(dialect, turns, ends_ms)
    for number, what in enumerate(rounds, 1):
        due_ns = number * ROUND_MS * MS
        asked = sum(isinstance(event, TurnInvoked) for event, _ in single.events)
        for text in words(what, asked, turns[max(0, asked - 1)].intent):
            together.call.message(text, due_ns)
            single.call.message(text, due_ns)
        together.call.ticks(AGES_NS, due_ns, due_ns + late_ms * MS, together.line)
        single.one_by_one(due_ns, due_ns + late_ms * MS)
        assert together.line.take() == single.line.take()
        assert together.events == single.events


def test_a_caller_who_waits_sends_in_one_piece() -> None:
    """Nearly all frames of one who waits for the greeting; where a number grows by a digit, singly."""
    waits = Side("twilio", [Turn(1, "chat", 1, 1)] * 9, 600_000)
    for number in range(1, 61):
        waits.call.ticks(AGES_NS, number * ROUND_MS * MS, number * ROUND_MS * MS, waits.line)
    assert 0.8 < waits.line.together / 600 < 1
