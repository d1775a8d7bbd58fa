"""Hearing turns in mu-law audio."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox.endpointing import (
    QUIET,
    Ear,
    Intent,
    SpeechBegan,
    SpeechEnded,
    hear,
    hear_silence,
    magnitude,
    pitch_hz,
    windows,
)
from drill.sandbox.speech import mulaw, tone

SILENCE = b"\xff"
TONES = {Intent.CHAT: 400, Intent.LOOKUP: 600, Intent.NOTE: 800}
MS = 8


def listen(audio: bytes, ear: Ear = QUIET) -> list[tuple[int, SpeechBegan | SpeechEnded]]:
    """All events, with the end of the 20 ms window (in ms) at which they were heard."""
    events = []
    for at, window in enumerate(windows(audio)):
        end_ms = (at + 1) * 20
        ear, event = hear(ear, window, end_ms * 1_000_000)
        if event is not None:
            events.append((end_ms, event))
    return events


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize("lead_ms", [0, 7, 13])
@pytest.mark.parametrize("level", [0.05, 0.4, 1.0])
def test_the_tone_is_the_intent(intent: Intent, lead_ms: int, level: float) -> None:
    """Soft or loud, aligned with the windows or not."""
    audio = SILENCE * (lead_ms * MS) + tone(TONES[intent], 300, level) + SILENCE * (300 * MS)
    ended = [event for _, event in listen(audio) if isinstance(event, SpeechEnded)]
    assert [event.intent for event in ended] == [intent]


def test_speech_begins_after_100_ms_and_ends_200_ms_after_its_last_voice() -> None:
    """Both moments, and the end of speech itself, to the window."""
    events = listen(SILENCE * (40 * MS) + tone(600, 300) + SILENCE * (400 * MS))
    assert events == [(140, SpeechBegan()), (540, SpeechEnded(Intent.LOOKUP, 340_000_000))]


def test_a_blip_is_no_turn_and_leaves_nothing_behind() -> None:
    """Four windows of voice are forgotten after the silence."""
    blip = tone(800, 80) + SILENCE * (200 * MS)
    assert listen(blip * 5) == []


def test_a_short_pause_does_not_end_the_turn() -> None:
    """180 ms of quiet inside speech: one turn."""
    audio = tone(400, 200) + SILENCE * (180 * MS) + tone(400, 200) + SILENCE * (220 * MS)
    assert [type(event) for _, event in listen(audio)] == [SpeechBegan, SpeechEnded]


def test_noise_below_the_threshold_is_silence() -> None:
    """The line's own hiss never starts a turn."""
    assert listen(tone(600, 2000, 0.005)) == []


@given(st.integers(-32635, 32635))
def test_mulaw_keeps_the_magnitude(sample: int) -> None:
    """Coder and decoder agree within a quantisation step of the segment."""
    assert abs(magnitude(mulaw(sample)) - abs(sample)) <= max(abs(sample) // 16, 8)


@given(st.integers(300, 1500))
def test_pitch_is_the_tone(hertz: int) -> None:
    """Half a crossing per window is the most that can be missed: 25 Hz, and one more at the edge."""
    assert abs(pitch_hz(tone(hertz, 20)) - hertz) <= 50


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_heard(audio: bytes) -> None:
    """Whatever a caller sends, hearing it raises nothing."""
    listen(audio)


def test_silence_by_name_is_silence_by_bytes() -> None:
    """The short cut for silent frames and the long road give the same ear."""
    ear = Ear(voiced_ms=200, silent_ms=40, last_voice_ns=1, votes=(0, 3, 7))
    assert hear_silence(ear, 20) == hear(ear, SILENCE * 160, 99)
