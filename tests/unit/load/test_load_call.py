"""One caller against an agent that does as each test tells it, in simulated time."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drill.load.call import Call, Identity, Phase
from drill.load.dialects import dialect_of
from drill.load.script import HANG_UP, Turn, digest
from drill.load.speech import SPEECH
from drill.model.events import CallEnded, CallHeard, Event, TurnEnded, TurnHeard, TurnInvoked

MS, S = 1_000_000, 1_000_000_000
VOICE = base64.b64encode(b"\x10\x90" * 400).decode()
QUIET = base64.b64encode(b"\xff" * 800).decode()
ME = Identity("CA1", "MZ1", "synthetic-0042", "run-1")
TURNS = [Turn(1, "dtmf", 5, 0), *(Turn(seq, "note", 5, 4) for seq in range(2, 99))]


class Stage:
    """A call, its clock, what it sent and what it told."""

    def __init__(self, ends_s: float = 600.0, turns: Sequence[Turn] = TURNS, dialect: str = "twilio") -> None:
        self.now_ns = 0
        self.sent: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.call = Call(
            ME, iter(turns), round(ends_s * S), lambda event, _: self.events.append(event), None,
            dialect_of(dialect),
        )  # fmt: skip
        self.call.begin(self, 0)

    def ping(self, payload: bytes) -> None:
        """Nobody answers."""

    def send(self, text: bytes, *, droppable: bool = False) -> None:
        """The call's port."""
        self.sent.append(json.loads(text))
        assert droppable == (self.sent[-1]["event"] == "media")

    def run(self, until: Callable[[], bool], within_s: float = 60.0, late_ns: int = 0) -> None:
        """Frames every 20 ms until something holds; each `late_ns` behind its time."""
        for _ in range(round(within_s * 50)):
            if until():
                return
            self.now_ns += 20 * MS
            self.call.tick(self.now_ns, self.now_ns + late_ns)
        raise AssertionError(f"did not come about: {self.events}")

    def agent(self, event: str, **body: object) -> None:
        """The agent sends a frame."""
        self.call.message(json.dumps({"event": event, "streamSid": "MZ1", **body}).encode(), self.now_ns)

    def say(self, mark: str) -> None:
        """The agent speaks for 100 ms and sets a mark."""
        self.agent("media", media={"payload": VOICE})
        self.agent("mark", mark={"name": mark})

    def mark(self, seq: int, outcome: str = "full", patient: str = ME.patient, own: str = "") -> str:
        """An acknowledgement."""
        intent = "chat" if seq == 1 else "note"
        return f"turn:{seq}:{outcome}:id-{seq}:{patient}:{own or digest('CA1', seq, intent)}"

    def invoked(self) -> list[TurnInvoked]:
        """Turns begun."""
        return [event for event in self.events if isinstance(event, TurnInvoked)]

    def ended(self) -> list[TurnEnded]:
        """Turns ended."""
        return [event for event in self.events if isinstance(event, TurnEnded)]

    def until_turn(self, seq: int) -> None:
        """Up to the instant at which turn `seq` is waited for; earlier ones are answered at once."""
        self.say("greeting")
        for number in itertools.count(1):
            self.run(lambda number=number: len(self.invoked()) == number)
            if number == seq:
                return
            self.say(self.mark(number))


def test_a_call_introduces_itself_as_synthetic() -> None:
    """First words: connected, then who calls, for which drill, and that nobody is real."""
    connected, start = Stage().sent
    assert connected["event"] == "connected"
    assert start["start"]["customParameters"] == {
        "patient": ME.patient,
        "synthetic": "1",
        "drill_id": "run-1",
    }


def test_a_key_is_pressed_after_the_greeting_was_heard() -> None:
    """Not before: the greeting is played at the pace of time."""
    stage = Stage()
    stage.say("greeting")
    stage.run(lambda: bool(stage.invoked()))
    echo = next(at for at, frame in enumerate(stage.sent) if frame["event"] == "mark")
    key = next(at for at, frame in enumerate(stage.sent) if frame["event"] == "dtmf")
    assert stage.invoked()[0].intent == "dtmf"
    assert stage.now_ns >= (100 + 4 * 20) * MS
    assert 2 + 4 == echo < key  # after the four frames of the first 80 ms


def test_frames_never_stop() -> None:
    """One per 20 ms, numbered without a gap, silence while listening."""
    stage = Stage()
    stage.until_turn(3)
    media = [frame["media"] for frame in stage.sent if frame["event"] == "media"]
    assert [int(frame["chunk"]) for frame in media] == list(range(1, stage.now_ns // (20 * MS) + 1))
    assert [int(frame["sequenceNumber"]) for frame in stage.sent[1:]] == list(range(1, len(stage.sent)))
    assert sum(frame["payload"] == SPEECH["note"].decode() for frame in media) == 2 * 4


def test_speech_ends_when_it_was_due_not_when_it_was_sent() -> None:
    """A generator that is late must not make the platform look quick."""
    stage = Stage()
    stage.until_turn(1)
    stage.say(stage.mark(1))
    stage.run(lambda: len(stage.invoked()) == 2, late_ns=300 * MS)
    assert stage.invoked()[1].eos_ns == stage.now_ns


def test_a_turn_is_answered_at_the_first_sound() -> None:
    """Silence before the voice is no answer yet; the acknowledgement is its own instant."""
    stage = Stage()
    stage.until_turn(2)
    stage.agent("media", media={"payload": QUIET})
    stage.now_ns += 50 * MS
    stage.agent("media", media={"payload": VOICE})
    heard_ns = stage.now_ns
    stage.now_ns += 70 * MS
    stage.agent("mark", mark={"name": stage.mark(2, "degraded")})
    turn = stage.ended()[-1]
    assert (turn.outcome, turn.ledger, turn.turn_id) == ("degraded", "ok", "id-2")
    assert (turn.first_audio_ns, turn.ack_ns) == (heard_ns, heard_ns + 70 * MS)
    assert [e for e in stage.events if isinstance(e, TurnHeard)][-1] == TurnHeard("CA1", 2, heard_ns)


@pytest.mark.parametrize("wrong", [{"patient": "synthetic-0043"}, {"own": "0" * 16}])
def test_somebody_elses_record_is_told_as_such(wrong: dict[str, str]) -> None:
    """Another patient, or a digest that is not this caller's: saved, but not right."""
    stage = Stage()
    stage.until_turn(2)
    stage.say(stage.mark(2, **wrong))
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("wrong_patient", "ok")


def test_a_turn_acknowledged_without_a_sound_was_not_answered() -> None:
    """Saved, and the patient heard nothing."""
    stage = Stage()
    stage.until_turn(2)
    stage.agent("mark", mark={"name": stage.mark(2)})
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("unanswered", "ok")


def test_after_fifteen_seconds_of_nothing_the_caller_hangs_up() -> None:
    """Nobody can know whether the turn was saved; that the call was no good, everybody."""
    stage = Stage()
    stage.until_turn(2)
    asked_ns = stage.now_ns
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.now_ns - asked_ns == 15 * S
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("unanswered", "info")
    assert stage.events[-1] == CallEnded("CA1", "abandoned", "no answer within 15 s")
    assert stage.sent[-1]["event"] == "stop"


def unsaved(stage: Stage, seq: int) -> None:
    """The agent says of turn `seq` that it cannot be saved: audio, no mark; the caller waits in vain."""
    stage.agent("media", media={"payload": VOICE})
    stage.run(lambda: len(stage.ended()) == seq)


def test_a_caller_who_was_told_something_goes_on() -> None:
    """An apology without an acknowledgement is no dead air."""
    stage = Stage()
    stage.until_turn(2)
    asked_ns = stage.now_ns
    unsaved(stage, 2)
    assert stage.now_ns - asked_ns == 15 * S
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("unanswered", "info")
    assert stage.ended()[-1].first_audio_ns == asked_ns
    stage.run(lambda: len(stage.invoked()) == 3)


def test_a_late_answer_is_not_taken_for_the_next_turns() -> None:
    """Its mark carries the older number, so the audio before it did not answer this turn."""
    stage = Stage()
    stage.until_turn(2)
    unsaved(stage, 2)
    stage.run(lambda: len(stage.invoked()) == 3)
    stage.say(stage.mark(2))
    assert len(stage.ended()) == 2
    stage.now_ns += 400 * MS
    stage.say(stage.mark(3))
    assert stage.ended()[-1].first_audio_ns == stage.now_ns
    assert [turn.seq for turn in stage.ended()] == [1, 2, 3]


def test_a_late_answer_does_not_keep_a_caller_on_a_dead_line() -> None:
    """What was heard belonged to an older turn; of this one nothing was heard."""
    stage = Stage()
    stage.until_turn(2)
    unsaved(stage, 2)
    stage.run(lambda: len(stage.invoked()) == 3)
    stage.say(stage.mark(2))
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.events[-1] == CallEnded("CA1", "abandoned", "no answer within 15 s")


def test_a_call_hangs_up_at_its_time_between_turns() -> None:
    """`stop` is its last frame."""
    stage = Stage(ends_s=2.0)
    stage.until_turn(1)
    stage.say(stage.mark(1))
    stage.run(lambda: len(stage.invoked()) == 2)
    stage.say(stage.mark(2))
    stage.call.ends_ns = stage.now_ns
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.events[-1] == CallEnded("CA1", "completed", "")
    assert stage.sent[-1]["event"] == "stop"


def test_a_turn_in_flight_is_waited_for_ten_seconds() -> None:
    """Then the caller hangs up all the same, and the turn's fate is open."""
    stage = Stage()
    stage.until_turn(2)
    stage.call.ends_ns = stage.now_ns
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.now_ns == stage.call.ends_ns + 10 * S
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("unanswered", "info")
    assert isinstance(stage.events[-1], CallEnded)


def test_a_platform_that_hangs_up_drops_the_call_and_its_turn() -> None:
    """Told once, and nothing is sent afterwards."""
    stage = Stage()
    stage.until_turn(2)
    sent = len(stage.sent)
    stage.call.closed(stage.now_ns, "1011")
    stage.call.closed(stage.now_ns, "again")
    stage.call.tick(stage.now_ns + 20 * MS, stage.now_ns)
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("dropped", "info")
    assert stage.events[-1] == CallEnded("CA1", "dropped", "1011")
    assert len(stage.sent) == sent


def test_a_run_that_ends_cuts_the_call() -> None:
    """The open turn is unanswered, and nobody can know."""
    stage = Stage()
    stage.until_turn(2)
    stage.call.cut(stage.now_ns, "the run ended")
    assert (stage.ended()[-1].outcome, stage.ended()[-1].ledger) == ("unanswered", "info")
    assert stage.events[-1] == CallEnded("CA1", "cut", "the run ended")


def test_a_caller_who_is_not_greeted_hangs_up() -> None:
    """Without having said a word; the greeting that comes too late reaches nobody."""
    stage = Stage()
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.now_ns == 15 * S
    stage.say("greeting")
    assert [event.kind for event in stage.events] == ["call.heard", "call.ended"]
    assert stage.events[-1] == CallEnded("CA1", "abandoned", "no greeting within 15 s")


def test_every_turn_begun_is_ended_once_whatever_happens() -> None:
    """The ledger has pairs only, also with an agent that repeats itself and skips ahead."""
    stage = Stage(ends_s=40.0)
    stage.until_turn(2)
    for _ in range(3):
        stage.say(stage.mark(2))
    stage.say(stage.mark(9))
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert [turn.seq for turn in stage.ended()] == [turn.seq for turn in stage.invoked()]


# --- speaking into an answer ------------------------------------------------------------------

RUDE = [*TURNS[:2], Turn(3, "note", 5, 20, barge_frames=10), *TURNS[3:]]


def long_answer(stage: Stage, mark: str) -> None:
    """Two seconds of voice ahead of their time, and the mark."""
    for _ in range(20):
        stage.agent("media", media={"payload": VOICE})
    stage.agent("mark", mark={"name": mark})


def speaking_into(stage: Stage) -> int:
    """Up to the fifth frame that is spoken into the answer to turn 2; when the first was due."""
    stage.until_turn(2)
    long_answer(stage, stage.mark(2))
    answered_ns = stage.now_ns
    stage.run(lambda: stage.call.phase is Phase.SPEAKING)
    onset_ns = stage.now_ns
    assert onset_ns - answered_ns == 10 * 20 * MS
    stage.run(lambda: stage.now_ns == onset_ns + 80 * MS)
    return onset_ns


def test_a_caller_speaks_into_an_answer_and_is_answered() -> None:
    """The cut answer counts as given, its mark goes back at the clear, and ends nothing."""
    stage = Stage(turns=RUDE)
    onset_ns = speaking_into(stage)
    stage.agent("clear")
    sent = len(stage.sent)
    stage.run(lambda: len(stage.invoked()) == 3)
    assert [frame["mark"]["name"] for frame in stage.sent[sent:] if frame["event"] == "mark"] == [
        stage.mark(2)
    ]
    assert stage.invoked()[2].eos_ns == onset_ns + 19 * 20 * MS
    stage.say(stage.mark(3))
    assert [(turn.seq, turn.outcome) for turn in stage.ended()] == [(1, "full"), (2, "full"), (3, "full")]
    assert [turn.barge_stop_ms for turn in stage.ended()] == [-1.0, -1.0, 80.0]
    stage.run(lambda: len(stage.invoked()) == 4)


def test_an_agent_that_speaks_on_is_told_as_such() -> None:
    """It fell silent when its answer was over, and until then both spoke."""
    stage = Stage(turns=RUDE)
    onset_ns = speaking_into(stage)
    answer_ends_ns = onset_ns - 200 * MS + 2000 * MS
    stage.run(lambda: stage.now_ns >= answer_ends_ns + 300 * MS)
    stage.say(stage.mark(3))
    assert stage.ended()[-1].barge_stop_ms == 1800.0
    stage.call.cut(stage.now_ns, "enough")
    (heard,) = [event for event in stage.events if isinstance(event, CallHeard)]
    assert heard.talk_over_ms == 20 * 20


def test_an_answer_that_ends_before_the_caller_would_speak_into_it_is_not_spoken_into() -> None:
    """100 ms of answer, 200 ms until the caller would: the turn comes after its pause."""
    stage = Stage(turns=RUDE)
    stage.until_turn(3)
    stage.say(stage.mark(3))
    assert stage.ended()[-1].barge_stop_ms == -1.0


def test_an_answer_cut_short_before_its_mark_may_still_be_acknowledged() -> None:
    """Agents that speak at the pace of time mark the end; a late mark is the older turn's own."""
    stage = Stage(turns=RUDE)
    stage.until_turn(2)
    for _ in range(4):
        stage.agent("media", media={"payload": VOICE})
    stage.run(lambda: len(stage.invoked()) == 3)
    stage.agent("mark", mark={"name": stage.mark(2)})
    stage.say(stage.mark(3))
    assert [(turn.seq, turn.outcome) for turn in stage.ended()] == [(1, "full"), (2, "full"), (3, "full")]


def test_an_answer_cut_short_that_is_never_acknowledged_is_ended_all_the_same() -> None:
    """When the next one is, or the call: the ledger has pairs only."""
    stage = Stage(turns=RUDE)
    stage.until_turn(2)
    for _ in range(4):
        stage.agent("media", media={"payload": VOICE})
    stage.run(lambda: len(stage.invoked()) == 3)
    stage.agent("media", media={"payload": VOICE})
    stage.call.closed(stage.now_ns, "gone")
    assert [(turn.seq, turn.outcome) for turn in stage.ended()[1:]] == [(2, "dropped"), (3, "dropped")]
    again = Stage(turns=RUDE)
    again.until_turn(2)
    for _ in range(4):
        again.agent("media", media={"payload": VOICE})
    again.run(lambda: len(again.invoked()) == 3)
    again.say(again.mark(3))
    assert [(turn.seq, turn.outcome, turn.ledger) for turn in again.ended()[1:]] == [
        (2, "unanswered", "info"),
        (3, "full", "ok"),
    ]


def test_a_written_call_hangs_up_where_it_says() -> None:
    """After the answer was heard, and the wait before it."""
    stage = Stage(turns=[Turn(1, "note", 5, 20), Turn(2, HANG_UP, 50, 0)])
    stage.say("greeting")
    stage.run(lambda: len(stage.invoked()) == 1)
    stage.agent("media", media={"payload": VOICE})
    stage.agent("mark", mark={"name": f"turn:1:full:id-1:{ME.patient}:{digest('CA1', 1, 'note')}"})
    heard_ns = stage.now_ns + 100 * MS
    stage.run(lambda: stage.call.phase is Phase.OVER)
    assert stage.events[-1] == CallEnded("CA1", "completed", "")
    assert stage.now_ns == heard_ns + 49 * 20 * MS
    assert [turn.outcome for turn in stage.ended()] == ["full"]


def test_a_clear_that_keeps_its_marks_does_not_keep_the_caller() -> None:
    """Exotel tells nobody of marks that were cleared; the caller goes on all the same."""
    stage = Stage(dialect="exotel")
    stage.agent("media", media={"payload": base64.b64encode(b"\x00\x40" * 8000).decode()})
    stage.agent("mark", mark={"name": "greeting"})
    stage.agent("clear")
    stage.run(lambda: bool(stage.invoked()), within_s=1.0)
    assert not [frame for frame in stage.sent if frame["event"] == "mark"]


def test_what_was_heard_is_told_before_the_end() -> None:
    """Greeting at its first sound; the mark's round trip from the echo to the next answer."""
    stage = Stage()
    stage.now_ns = 250 * MS
    stage.until_turn(1)
    asked_ns = stage.now_ns
    stage.now_ns += 400 * MS
    stage.say(stage.mark(1))
    stage.call.cut(stage.now_ns, "the run ended")
    heard, ended = stage.events[-2:]
    assert isinstance(heard, CallHeard)
    assert isinstance(ended, CallEnded)
    assert (heard.greeting_ms, heard.underruns, heard.late_share) == (250.0, 0, 0.0)
    assert heard.mark_ms == asked_ns / MS + 400 - 350  # the greeting's mark was played 100 ms after it came
