"""What callers may hear, as limits: one set for when all is well, one for while a fault holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeardLimits:
    """Limits on what callers hear; None where a drill does not ask.

    Attributes:
        greeting_p95_s: from the stream being up to the agent's first sound.
        turn_p50_s: from the end of speech to the first sound of the answer, median.
        turn_p95_s: the same, p95.
        barge_stop_p95_s: from the caller's speaking into an answer to the agent's silence.
        missed_max: share of turns that were never answered.
        gap_p95_s: longest silence inside an answer.
        talk_over_max: share of the time in calls in which agent and caller spoke at once.
        setup_min: least share of call attempts that came up.
        drop_max: share of calls that the platform broke off, or left in silence until the caller hung up.
        jitter_p95_s: RFC 3550's estimate at the end of a call.
        late_max: share of a call's agent audio that came after it should have been played, p95 of calls.
        mos_min: least estimated opinion score of a call's transport, p5 of calls.
    """

    greeting_p95_s: float | None = None
    turn_p50_s: float | None = None
    turn_p95_s: float | None = None
    barge_stop_p95_s: float | None = None
    missed_max: float | None = None
    gap_p95_s: float | None = None
    talk_over_max: float | None = None
    setup_min: float | None = None
    drop_max: float | None = None
    jitter_p95_s: float | None = None
    late_max: float | None = None
    mos_min: float | None = None


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """`clean` holds in the baseline and after recovery, each for itself; `fault` between them."""

    clean: HeardLimits
    fault: HeardLimits
