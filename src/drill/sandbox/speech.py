"""The agent's voice: tones in G.711 mu-law, cut into pieces of 100 ms."""

from __future__ import annotations

import math

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


_SOUND = {hertz: tone(hertz, CHUNK_MS) for hertz in (FULL_HZ, DEGRADED_HZ)}
# What an agent has recorded for the day on which nothing speaks for it.
RECORDED = tuple([_SOUND[DEGRADED_HZ]] * 6)


def pieces(length_ms: float, *, degraded: bool) -> list[bytes]:
    """Speech of this length, cut into 100 ms; what is said in a degraded answer sounds lower."""
    return [_SOUND[DEGRADED_HZ if degraded else FULL_HZ]] * max(1, round(length_ms / CHUNK_MS))
