"""The agent's voice and its pace: reply tones, and stage latencies drawn from lognormal distributions.

Theory: speech and model stages have a floor and a long tail; a lognormal with a given median
has both in one shape parameter. Each call draws from its own seeded source, so that a call
replayed alone has the same latencies.
"""

from __future__ import annotations

import base64
import math
import random
from dataclasses import dataclass

from drill.sandbox.settings import Settings

CHUNK_MS = 100
_RATE = 8000
_SEGMENTS_BIAS = 132
FULL_HZ, DEGRADED_HZ = 300, 200


def mulaw(sample: int) -> int:
    """One linear 16-bit sample as a G.711 mu-law byte."""
    biased = min(abs(sample), 32635) + _SEGMENTS_BIAS
    segment = biased.bit_length() - 8
    code = (segment << 4) | (biased >> (segment + 3)) & 0x0F
    return ~(code | (0x80 if sample < 0 else 0)) & 0xFF


def tone(hertz: float, length_ms: int, level: float = 0.4) -> bytes:
    """A pure tone."""
    step = 2 * math.pi * hertz / _RATE
    return bytes(mulaw(round(level * 32767 * math.sin(step * at))) for at in range(length_ms * _RATE // 1000))


_CHUNKS = {hertz: base64.b64encode(tone(hertz, CHUNK_MS)).decode() for hertz in (FULL_HZ, DEGRADED_HZ)}


@dataclass(slots=True)
class Voice:
    """One call's share of speech and model."""

    settings: Settings
    source: random.Random

    def stt_s(self) -> float:
        """Time to understand."""
        return self._draw_s(self.settings.stt_ms)

    def model_s(self) -> float:
        """Time to think."""
        return self._draw_s(self.settings.model_ms)

    def tts_s(self) -> float:
        """Time to the first audio."""
        return self._draw_s(self.settings.tts_ms)

    def reply(self, *, degraded: bool) -> list[str]:
        """Base64 chunks of 100 ms; a degraded answer sounds lower."""
        length_ms = self.settings.reply_ms * self.source.uniform(0.75, 1.25)
        return [_CHUNKS[DEGRADED_HZ if degraded else FULL_HZ]] * max(1, round(length_ms / CHUNK_MS))

    def _draw_s(self, median_ms: float) -> float:
        return median_ms / 1000 * math.exp(self.settings.sigma * self.source.gauss(0, 1))


def voice(settings: Settings, call_sid: str) -> Voice:
    """The voice of one call."""
    return Voice(settings, random.Random(call_sid))  # noqa: S311 -- latencies, not secrets
