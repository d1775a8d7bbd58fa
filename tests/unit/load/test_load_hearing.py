"""What a caller hears, against sequences made by hand and RFC 3550's own recursion."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.load.hearing import MOST_ROUND_TRIPS, Hearing
from drill.load.playout import Playout

MS = 1_000_000


class Ear:
    """Hearing and playout as a call has them."""

    def __init__(self) -> None:
        self.hearing, self.playout = Hearing(), Playout()

    def chunk(self, at_ms: float, length_ms: float = 100, *, sound: bool = True) -> None:
        """Agent audio arrives."""
        at_ns, length_ns = round(at_ms * MS), round(length_ms * MS)
        self.hearing.message(at_ns)
        self.hearing.audio(length_ns, self.playout.ends_ns, at_ns, sound=sound)
        self.playout.audio(length_ns, at_ns)

    def heard(self) -> tuple[int, float, float, float]:
        """Underruns, silence, late share, jitter."""
        told = self.hearing.heard("CA1")
        return told.underruns, told.silence_ms, told.late_share, told.jitter_ms


def test_audio_ahead_of_its_time_has_no_gaps() -> None:
    """Ten chunks of 100 ms, sent as fast as may be, then one at the last moment."""
    ear = Ear()
    for at_ms in (*range(10), 1000):
        ear.chunk(at_ms)
    assert ear.heard() == (0, 0.0, 0.0, 0.0)
    assert ear.hearing.longest_gap_ms == 0.0


def test_a_dry_buffer_inside_an_answer_is_a_gap() -> None:
    """Played until 1200 and until 1900: 300 ms and 150 ms of nothing, and two chunks of nine too late."""
    ear = Ear()
    for at_ms in (1000, 1010, 1500, 1510, 1520, 1530, 2050, 2060, 2070):
        ear.chunk(at_ms)
    underruns, silence_ms, late_share, _ = ear.heard()
    assert (underruns, silence_ms, late_share) == (2, 450.0, round(2 / 9, 6))
    assert ear.hearing.longest_gap_ms == 300.0
    ear.hearing.asked()
    assert ear.hearing.longest_gap_ms == 0.0


def test_less_than_a_frame_is_no_gap() -> None:
    """20 ms late is on time, 21 ms is not."""
    ear = Ear()
    ear.chunk(0)
    ear.chunk(120)
    assert ear.heard()[:3] == (0, 0.0, 0.0)
    ear.chunk(241)
    assert ear.heard()[:2] == (1, 21.0)


@pytest.mark.parametrize("end", ["mark", "clear", "asked"])
def test_between_two_answers_silence_is_as_it_should_be(end: str) -> None:
    """Whatever ended the first."""
    ear = Ear()
    ear.chunk(0)
    ear.hearing.clear(50 * MS) if end == "clear" else getattr(ear.hearing, end)()
    ear.chunk(3000)
    assert ear.heard() == (0, 0.0, 0.0, 0.0)


def test_silence_that_is_sent_begins_no_answer() -> None:
    """The greeting is its first sound, and a hole in silence is none."""
    ear = Ear()
    ear.chunk(0, sound=False)
    ear.chunk(700, sound=False)
    ear.chunk(900)
    assert ear.heard()[:3] == (0, 0.0, 0.0)
    assert ear.hearing.heard("CA1").greeting_ms == 900.0
    assert Ear().hearing.heard("CA1").greeting_ms == -1.0


def rfc3550(arrivals_ms: list[float], spacing_ms: float) -> float:
    """6.4.1: D(i,j) = (Rj - Ri) - (Sj - Si); J = J + (|D| - J) / 16."""
    jitter_ms = 0.0
    for before, after in itertools.pairwise(arrivals_ms):
        jitter_ms += (abs(after - before - spacing_ms) - jitter_ms) / 16
    return jitter_ms


delays = st.lists(st.floats(0, 80), min_size=2, max_size=300)


@given(delays)
def test_jitter_is_rfc_3550s_for_a_stream_at_the_pace_of_time(delays_ms: list[float]) -> None:
    """20 ms chunks, each delayed by its own time, the first by none; within the rounding of integers."""
    arrivals_ms = [20 * at + delay_ms for at, delay_ms in enumerate([0.0, *delays_ms])]
    ear = Ear()
    for at_ms in arrivals_ms:
        ear.chunk(at_ms, 20)
    assert ear.heard()[3] == pytest.approx(rfc3550(arrivals_ms, 20), abs=0.002)


def test_being_early_is_no_jitter() -> None:
    """Bursts ahead of their time, at any rhythm."""
    ear = Ear()
    for at_ms in (0, 1, 2, 90, 91, 200, 210):
        ear.chunk(at_ms)
    assert ear.heard()[3] == 0.0


def test_barge_in_stop_is_from_the_callers_onset_to_the_clear() -> None:
    """The agent would have spoken for a second; told once."""
    ear = Ear()
    for _ in range(10):
        ear.chunk(0)
    ear.hearing.onset(300 * MS)
    ear.hearing.clear(470 * MS)
    ear.playout.clear(470 * MS, returned=True)
    ear.chunk(900)
    assert ear.hearing.take_barge_stop_ms(900 * MS) == 170.0
    assert ear.hearing.take_barge_stop_ms(900 * MS) == -1.0


def test_an_agent_without_ears_stops_when_it_has_said_all() -> None:
    """At 1000 ms; with the next answer on its heels, only so much is known: it spoke until the turn ended."""
    ear = Ear()
    for _ in range(10):
        ear.chunk(0)
    ear.hearing.onset(300 * MS)
    ear.chunk(1500)
    assert ear.hearing.take_barge_stop_ms(1500 * MS) == 700.0
    ear = Ear()
    for _ in range(10):
        ear.chunk(0)
    ear.hearing.onset(300 * MS)
    ear.chunk(900)
    assert ear.hearing.take_barge_stop_ms(900 * MS) == 600.0


def test_who_speaks_into_silence_interrupts_nobody() -> None:
    """Neither after the answer nor during silence that is sent."""
    ear = Ear()
    ear.chunk(0)
    ear.hearing.mark()
    ear.chunk(90, sound=False)
    ear.hearing.onset(150 * MS)
    ear.hearing.spoke(150 * MS)
    ear.hearing.clear(160 * MS)
    assert ear.hearing.take_barge_stop_ms(200 * MS) == -1.0
    assert ear.hearing.heard("CA1").talk_over_ms == 0.0


def test_both_speaking_is_counted_in_the_callers_frames() -> None:
    """From 40 to 100 ms."""
    ear = Ear()
    ear.chunk(0)
    for due_ms in range(40, 200, 20):
        ear.hearing.spoke(due_ms * MS)
    assert ear.hearing.heard("CA1").talk_over_ms == 60.0


def test_round_trips_are_a_median_and_bounded() -> None:
    """From a mark's answer to the agent's next message."""
    hearing = Hearing()
    assert hearing.heard("CA1").mark_ms == -1.0
    for number in range(10 * MOST_ROUND_TRIPS):
        hearing.answered(number * 1000 * MS + MS)
        hearing.message(number * 1000 * MS + (31 if number % 2 else 11) * MS)
        hearing.message(number * 1000 * MS + 500 * MS)
    assert hearing.heard("CA1").mark_ms == 20.0


def test_a_ping_is_timed_by_its_own_pong_and_no_other() -> None:
    """What was never sent says nothing, and an old answer is no answer to a new question."""
    hearing = Hearing()
    assert hearing.round_trip_ms == hearing.heard("CA1").round_trip_ms == -1.0
    sent = hearing.ping(1000 * MS)
    hearing.pong(b"else", 1001 * MS)
    assert hearing.round_trip_ms == -1.0
    hearing.pong(sent, 1300 * MS)
    hearing.pong(sent, 1900 * MS)
    assert hearing.round_trip_ms == hearing.heard("CA1").round_trip_ms == 300.0


def test_one_ping_at_a_time_and_a_lost_one_is_given_up() -> None:
    """A line that is silent for long must not be asked over and over; each turn begins unknown."""
    hearing = Hearing()
    first = hearing.ping(1000 * MS)
    assert hearing.ping(5000 * MS) == b""
    second = hearing.ping(17_000 * MS)
    hearing.pong(first, 17_001 * MS)
    assert hearing.round_trip_ms == -1.0
    hearing.pong(second, 17_020 * MS)
    assert hearing.round_trip_ms == 20.0
    hearing.ping(20_000 * MS)
    assert hearing.round_trip_ms == -1.0


chunks = st.lists(st.tuples(st.floats(0, 500), st.sampled_from([20, 100, 1000]), st.booleans()), max_size=60)


@given(chunks)
def test_whatever_comes_the_figures_are_figures(what: list[tuple[float, int, bool]]) -> None:
    """Shares are shares, times are not negative, and silence is no longer than the call."""
    ear, at_ms = Ear(), 0.0
    for gap_ms, length_ms, sound in what:
        at_ms += gap_ms
        ear.chunk(at_ms, length_ms, sound=sound)
    underruns, silence_ms, late_share, jitter_ms = ear.heard()
    assert 0 <= late_share <= 1
    assert 0 <= silence_ms <= at_ms + 0.001
    assert jitter_ms >= 0
    assert (underruns > 0) == (silence_ms > 0) == (late_share > 0)
