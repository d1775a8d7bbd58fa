"""What one caller hears of the agent, measured at the caller's ear. Pure; state of fixed size.

Theory: what arrives is not what is heard. Audio that comes ahead of its time waits in the playout
buffer, and only where that has run dry does the caller hear silence; so a gap is a dry buffer, and
not two chunks that arrived far apart. An agent's utterance begins with its first sound (silence that
is sent is silence) and ends with its mark, a clear, or the caller's next sentence: only in
between is a dry buffer a hole in what the agent says. A buffer that is dry for less than one frame
is not heard as a gap, and audio that comes so little late is not late.

    gap        = arrival - playout_end, where audio arrives inside an utterance later than
                 playout_end + 20 ms; longest_gap is the longest of a turn, silence their sum in a call
    late share = length of the audio that ended such gaps / length of all audio. On TCP nothing is
                 lost; this is what a receiver with a fixed delay would have thrown away, the share that
                 the E-model (ITU-T G.107, 7.1) counts as lost packets.
    jitter     J(i) = J(i-1) + (|D(i-1,i)| - J(i-1)) / 16, RFC 3550 6.4.1, in integers as in its
                 appendix A.8, with D the difference of the transit times of two chunks. Transit is
                 arrival less the instant at which the playout clock, started by the first chunk of an
                 utterance, is due to play the chunk; audio that is early has transit 0. (RFC 3550
                 expects senders that send at the pace of time; agents send ahead, and being early is
                 neither jitter nor heard. For a stream that is never early this is RFC 3550's figure.)
    barge-in stop = the agent's falling silent (`clear`, or the last sound's end) - the caller's onset,
                 for a caller who began while the agent was to be heard; while the agent has not
                 fallen silent when the turn ends, the time until then, which is a lower bound.
    talk-over  = frames of the caller's speech that were due while the agent was to be heard, x 20 ms
    greeting   = the agent's first sound - the stream being up
    mark round trip = the agent's first message after a mark was answered - that answer; the median
                 of the first 32 of a call. It holds the agent's own time
    round trip = a WebSocket pong (RFC 6455, 5.5.3) - its ping, one for each turn: answered by whatever
                 holds the other end of the stream, with no thought; the median of the last 32
"""

from __future__ import annotations

import statistics

from drill.load.speech import FRAME_MS
from drill.model.events import CallHeard

_NS_PER_MS = 1_000_000
FRAME_NS = FRAME_MS * _NS_PER_MS
MOST_ROUND_TRIPS = 32
LOST_PING_NS = 15_000_000_000


class Hearing:
    """See the module. All instants are of the caller's monotonic clock, in nanoseconds.

    `begun_ns`: when the stream was up. `awaits_ns`: since when the agent knows of a mark, while it has said
    nothing; `message` need not be called otherwise. `sounding`: the agent is inside an utterance.
    `loud_until_ns`: when the last of its sound is played.
    """

    __slots__ = (
        "_all_ns", "_clock_ns", "_first_ns", "_gap_ns", "_gaps", "_jitter16_ns",
        "_late_ns", "_onset_ns", "_pinged_ns", "_pongs_ns", "_round_trips_ns", "_silence_ns", "_stop_ns",
        "_talk_over", "_transit_ns", "_turn_trip_ns",
        "awaits_ns", "begun_ns", "loud_until_ns", "sounding",
    )  # fmt: skip

    def __init__(self, begun_ns: int = 0) -> None:
        self.begun_ns, self._first_ns, self.sounding, self.loud_until_ns = begun_ns, -1, False, 0
        self._all_ns = self._late_ns = self._gap_ns = self._gaps = self._silence_ns = self._talk_over = 0
        self._clock_ns = self._transit_ns = self._jitter16_ns = 0
        self._onset_ns = self.awaits_ns = 0
        self._stop_ns = -1
        self._round_trips_ns: list[int] = []
        self._pinged_ns, self._turn_trip_ns = 0, -1
        self._pongs_ns: list[int] = []

    # --- the agent ------------------------------------------------------------------------

    def message(self, now_ns: int) -> None:
        """Anything came from the agent."""
        if self.awaits_ns:
            if len(self._round_trips_ns) < MOST_ROUND_TRIPS:
                self._round_trips_ns.append(now_ns - self.awaits_ns)
            self.awaits_ns = 0

    def audio(self, length_ns: int, ends_ns: int, now_ns: int, *, sound: bool = True) -> None:
        """Audio came, into a buffer that is played until `ends_ns`. `sound`: something can be heard in it;
        looked at only outside an utterance."""
        self._all_ns += length_ns
        if self.sounding:
            if now_ns > ends_ns + FRAME_NS:
                self._dry(now_ns - ends_ns, length_ns)
        elif sound:
            self._begin(now_ns)
        elif now_ns > ends_ns:
            self._clock_ns = 0
        if self._clock_ns:
            self._arrived(length_ns, now_ns - self._clock_ns)
        else:
            self._clock_ns, self._transit_ns = now_ns + length_ns, 0
        if self.sounding:
            if self._onset_ns and self._stop_ns < 0 and now_ns >= self.loud_until_ns:
                self._stop_ns = self.loud_until_ns - self._onset_ns
            self.loud_until_ns = max(now_ns, ends_ns) + length_ns

    def _dry(self, gap_ns: int, length_ns: int) -> None:
        self._gaps += 1
        self._silence_ns += gap_ns
        self._late_ns += length_ns
        self._gap_ns = max(self._gap_ns, gap_ns)

    def _begin(self, now_ns: int) -> None:
        self.sounding = True
        if self._first_ns < 0:
            self._first_ns = now_ns

    def _arrived(self, length_ns: int, transit_ns: int) -> None:
        self._clock_ns += length_ns
        if transit_ns > 0 or self._transit_ns or self._jitter16_ns:
            transit_ns = max(0, transit_ns)
            self._jitter16_ns += abs(transit_ns - self._transit_ns) - ((self._jitter16_ns + 8) >> 4)
            self._transit_ns = transit_ns

    def mark(self) -> None:
        """The agent marked the end of what it says."""
        self.sounding, self._clock_ns = False, 0

    def clear(self, now_ns: int) -> None:
        """The agent takes back what has not been played."""
        if self._onset_ns and self._stop_ns < 0:
            self._stop_ns = min(now_ns, self.loud_until_ns) - self._onset_ns
        self.sounding, self._clock_ns = False, 0
        self.loud_until_ns = min(now_ns, self.loud_until_ns)

    # --- the caller -----------------------------------------------------------------------

    def onset(self, due_ns: int) -> None:
        """The caller begins to speak."""
        self._onset_ns, self._stop_ns = (due_ns if due_ns < self.loud_until_ns else 0), -1

    def spoke(self, due_ns: int) -> None:
        """The caller spoke for a frame."""
        if due_ns < self.loud_until_ns:
            self._talk_over += 1

    def asked(self) -> None:
        """The caller has said what there was to say: whatever comes now is a new utterance."""
        self.sounding, self._clock_ns, self._gap_ns = False, 0, 0

    def answered(self, now_ns: int) -> None:
        """A mark was played, and the agent was told."""
        self.awaits_ns = now_ns

    # --- the line -------------------------------------------------------------------------

    def ping(self, now_ns: int) -> bytes:
        """What to send as a ping; b"" while another is not answered yet, and may still be."""
        self._turn_trip_ns = -1
        if self._pinged_ns and now_ns - self._pinged_ns < LOST_PING_NS:
            return b""
        self._pinged_ns = now_ns
        return now_ns.to_bytes(8)

    def pong(self, payload: bytes, now_ns: int) -> None:
        """It came back; what we never sent, or gave up, says nothing."""
        if self._pinged_ns and payload == self._pinged_ns.to_bytes(8):
            self._turn_trip_ns = now_ns - self._pinged_ns
            self._pongs_ns = [*self._pongs_ns[1 - MOST_ROUND_TRIPS :], self._turn_trip_ns]
            self._pinged_ns = 0

    # --- figures --------------------------------------------------------------------------

    @property
    def round_trip_ms(self) -> float:
        """Of the line, since the caller last asked; -1 unknown."""
        return _ms(self._turn_trip_ns) if self._turn_trip_ns >= 0 else -1.0

    @property
    def longest_gap_ms(self) -> float:
        """Since the caller last asked."""
        return _ms(self._gap_ns)

    def take_barge_stop_ms(self, now_ns: int) -> float:
        """How long the agent spoke on when the caller last spoke into it, told once; -1 when nobody did."""
        if not self._onset_ns:
            return -1.0
        stop_ns = self._stop_ns if self._stop_ns >= 0 else min(now_ns, self.loud_until_ns) - self._onset_ns
        self._onset_ns, self._stop_ns = 0, -1
        return _ms(max(0, stop_ns))

    def heard(self, call: str) -> CallHeard:
        """The whole call."""
        trips_ns = self._round_trips_ns
        return CallHeard(
            call=call,
            greeting_ms=_ms(self._first_ns - self.begun_ns) if self._first_ns >= 0 else -1.0,
            underruns=self._gaps,
            silence_ms=_ms(self._silence_ns),
            talk_over_ms=float(self._talk_over * FRAME_MS),
            jitter_ms=_ms(self._jitter16_ns >> 4),
            late_share=round(self._late_ns / self._all_ns, 6) if self._all_ns else 0.0,
            mark_ms=_ms(statistics.median(trips_ns)) if trips_ns else -1.0,
            round_trip_ms=_ms(statistics.median(self._pongs_ns)) if self._pongs_ns else -1.0,
            round_trip_spread_ms=self._spread_ms(),
        )

    def _spread_ms(self) -> float:
        """Between the longest and the shortest round trip; -1 for fewer than two."""
        trips_ns = self._pongs_ns
        return _ms(max(trips_ns) - min(trips_ns)) if len(trips_ns) > 1 else -1.0


def _ms(length_ns: float) -> float:
    return round(length_ns / _NS_PER_MS, 3)
