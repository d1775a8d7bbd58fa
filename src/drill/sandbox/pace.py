"""How long speech and model take, and how much there is to say: drawn from lognormal distributions.

Theory: such a stage has a floor and a long tail; a lognormal with a given median has both in one shape
parameter. Each draw has its own seed, made of the call, the turn and the stage, so that a call replayed
alone has the same latencies, whoever draws them.
"""

from __future__ import annotations

import math
import random

from drill.sandbox.settings import Settings

RECOGNITION, MODEL, SYNTHESIS = STAGES = ("recognition", "model", "synthesis")


def stage_s(settings: Settings, stage: str, call_sid: str, seq: int) -> float:
    """Seconds until the stage's first word."""
    medians_ms = {RECOGNITION: settings.stt_ms, MODEL: settings.model_ms, SYNTHESIS: settings.tts_ms}
    spread = math.exp(settings.sigma * _source(call_sid, seq, stage).gauss(0, 1))
    return medians_ms[stage] / 1000 * spread


def answer_ms(settings: Settings, call_sid: str, seq: int) -> float:
    """Milliseconds of speech in an answer."""
    return settings.reply_ms * _source(call_sid, seq, "length").uniform(0.75, 1.25)


def _source(call_sid: str, seq: int, what: str) -> random.Random:
    return random.Random(f"{call_sid}:{seq}:{what}")  # noqa: S311 -- latencies, not secrets
