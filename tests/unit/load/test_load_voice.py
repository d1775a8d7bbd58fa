"""What a caller sends and hears: frames, tones, scripts, playout, lateness."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drill.load import speech
from drill.load.dialect import LONGEST_MARK, Acknowledged, Audio, Clear, DialectError, Mark, MarkGrammar
from drill.load.dialects import dialect_of
from drill.load.frames import Binary
from drill.load.lateness import Lateness
from drill.load.playout import MOST_MARKS, Playout
from drill.load.script import Mix, digest, turns

MS = 1_000_000
TWILIO = dialect_of("twilio")


@pytest.mark.parametrize(("intent", "hertz"), [("chat", 400), ("lookup", 600), ("note", 800)])
def test_an_intents_frame_is_its_tone(intent: str, hertz: int) -> None:
    """20 ms at f Hz change sign 2f times a second, and repeat without a click."""
    frame = base64.b64decode(speech.SPEECH[intent])
    signs = [byte >> 7 for byte in frame * 2]
    changes = sum(a != b for a, b in itertools.pairwise(signs[: speech.FRAME_BYTES + 1]))
    assert len(frame) == speech.FRAME_BYTES
    assert changes == 2 * hertz * speech.FRAME_MS // 1000


@settings(deadline=None)
@given(st.integers(-32635, 32635))
def test_mu_law_keeps_loudness(sample: int) -> None:
    """Encoding and level agree within half a step of the segment."""
    assert abs(speech.level(speech.encode(sample)) - abs(sample)) <= (abs(sample) + 132) / 32


def test_silence_is_silent_in_both_signs_and_a_voice_is_not() -> None:
    """Faint noise counts as silence; one loud chunk does not."""
    assert speech.is_silent(b"\xff\x7f" * 400)
    assert speech.is_silent(bytes([speech.encode(100)] * 800))
    assert not speech.is_silent(b"\xff" * 799 + bytes([speech.encode(2000)]))


def test_agent_frames_are_read_in_any_layout() -> None:
    """Spaces, order of fields and escaped slashes are the platform's own business."""
    assert TWILIO.parse(b'{"event":"media","streamSid":"a","media":{"payload":"/38="}}') == Audio(b"\xff\x7f")
    assert TWILIO.parse(b'{ "event" : "media", "media": {"payload": "\\/38="}}') == Audio(b"\xff\x7f")
    assert TWILIO.parse(b'{"media":{"payload":"/38="},"event":"media"}') == Audio(b"\xff\x7f")
    assert TWILIO.parse(b'{"event":"mark","mark":{"name":"greeting"}}') == Mark("greeting")
    assert TWILIO.parse(b'{"event":"clear"}') == Clear()
    assert TWILIO.parse(b'{"event":"something new"}') is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"event":"mark"}',
        b'{"event":"media","media":{"payload":"%"}}',
        b'{"event":"media","media":{"payload":"A"}}',
        b'{"event":"media","media":{"payload":["/38="]}}',
        b'{"event":"media","media":[]}',
        b'{"event":"mark","mark":"greeting"}',
        b"[" * (1 << 20),
        b'{"event":"mark","mark":{"name":"%b"}}' % (b"x" * (LONGEST_MARK + 1)),
    ],
)
def test_what_is_no_frame_is_refused(text: bytes) -> None:
    """One exception, whatever is wrong."""
    with pytest.raises(DialectError):
        TWILIO.parse(text)


def test_marks_are_read_by_a_grammar_that_can_be_replaced() -> None:
    """The brief's own marks by default."""
    usual = "turn:3:degraded:6b1f-2:synthetic-0042:0123456789abcdef"
    told = Acknowledged(3, "degraded", "6b1f-2", "synthetic-0042", "0123456789abcdef")
    assert MarkGrammar().acknowledged(usual) == told
    assert MarkGrammar().acknowledged("greeting") is None
    assert MarkGrammar().acknowledged(usual.replace("degraded", "wonderful")) is None


def test_a_seed_says_the_same_again() -> None:
    """The key first, then sentences of human length after human pauses."""
    said = list(itertools.islice(turns(5), 400))
    assert said == list(itertools.islice(turns(5), 400))
    assert said[0].intent == "dtmf"
    assert [turn.seq for turn in said] == list(range(1, 401))
    assert all(40 <= turn.pause_frames <= 125 for turn in said)
    assert all(30 <= turn.speech_frames <= 50 for turn in said[1:])


def test_what_callers_said_before_there_were_barge_ins_they_still_say() -> None:
    """The draws of seed 4711, as they were."""
    said = [
        (turn.seq, turn.intent, turn.pause_frames, turn.speech_frames)
        for turn in itertools.islice(turns(4711), 200)
    ]
    assert hashlib.sha256(repr(said).encode()).hexdigest()[:16] == "f0f481b4e092a0e1"


def test_a_share_of_sentences_is_spoken_into_the_answer() -> None:
    """As many as asked, 0.2 to 0.8 s after its first sound; never the key."""
    said = list(itertools.islice(turns(3, Mix(barge_in=0.25)), 4001))
    barging = [turn.barge_frames for turn in said if turn.barge_frames]
    assert not said[0].barge_frames
    assert 0.22 < len(barging) / 4000 < 0.28
    assert min(barging) >= 10
    assert max(barging) <= 40


def test_a_mix_is_kept() -> None:
    """Shares of what callers ask for come out as asked."""
    said = [turn.intent for turn in itertools.islice(turns(1, Mix(chat=0, lookup=1, note=3)), 1, 4001)]
    assert said.count("chat") == 0
    assert 0.72 < said.count("note") / 4000 < 0.78


def test_the_key_is_acknowledged_as_chat() -> None:
    """The agent knows no intent of that name."""
    assert digest("CA1", 1, "dtmf") == digest("CA1", 1, "chat") != digest("CA1", 1, "note")


def test_a_binary_message_says_nothing_to_a_dialect_of_texts() -> None:
    """Even when it looks like one."""
    assert TWILIO.parse(Binary(b'{"event":"clear"}')) is None


def test_an_acknowledgement_with_a_number_that_is_none_is_no_acknowledgement() -> None:
    """A platform's own pattern may let more through than digits."""
    loose = MarkGrammar(
        turn=re.compile("(?P<seq>.*):(?P<outcome>.):(?P<turn_id>.):(?P<patient>.):(?P<digest>.)")
    )
    assert loose.acknowledged("x:a:b:c:d") is None
    assert loose.acknowledged("7:a:b:c:d") == Acknowledged(7, "a", "b", "c", "d")


def test_audio_is_played_at_the_pace_of_time() -> None:
    """Two chunks of 100 ms that come at once take 200 ms, and the mark after them waits for both."""
    ear = Playout()
    ear.audio(100 * MS, 0)
    ear.audio(100 * MS, 0)
    ear.mark(Mark("a"), 0)
    assert ear.played(199 * MS) == []
    assert ear.played(200 * MS) == [Mark("a")]
    assert ear.played(300 * MS) == []


@pytest.mark.parametrize("returned", [True, False])
def test_clear_makes_marks_due_at_once(returned: bool) -> None:
    """What was not played is told all the same, where the dialect has it so; what was played, everywhere."""
    ear = Playout()
    ear.mark(Mark("played"), 0)
    ear.audio(1000 * MS, 0)
    ear.mark(Mark("a"), 0)
    ear.clear(10 * MS, returned=returned)
    assert ear.played(10 * MS) == [Mark("played"), Mark("a", lost=not returned)]
    ear.audio(100 * MS, 20 * MS)
    assert ear.ends_ns == 120 * MS


def test_marks_are_bounded() -> None:
    """An agent that sends nothing but marks costs no memory."""
    ear = Playout()
    for number in range(10 * MOST_MARKS):
        ear.mark(Mark(str(number)), 0)
    assert len(ear.played(0)) == MOST_MARKS


@settings(deadline=None)
@given(st.lists(st.floats(0.06, 5000), min_size=1, max_size=200))
def test_lateness_percentiles_are_within_a_bucket(late_ms: list[float]) -> None:
    """Never below the truth, at most 5 % above."""
    histogram = Lateness()
    for value_ms in late_ms:
        histogram.add(value_ms, 1)
    truth = max(late_ms)
    assert truth * 0.999 - 0.001 <= histogram.quantile_ms(1.0) <= truth * 1.051 + 0.001


def test_no_frames_are_not_late() -> None:
    """An idle second has no lateness."""
    assert Lateness().quantile_ms(0.99) == 0.0
