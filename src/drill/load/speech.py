"""What a caller's voice is on the wire: one mu-law frame per intent, and one of silence.

Theory: each intent is a pure tone of a multiple of 50 Hz, so 20 ms hold a whole number of
periods and every frame of an utterance is the same 160 bytes: computed once, phase-continuous
when repeated. Loudness of what comes back is judged per byte: mu-law keeps the magnitude in
its low seven bits, inverted.
"""

from __future__ import annotations

import base64
import math

FRAME_MS = 20
FRAME_BYTES = 160
TONES_HZ = {"chat": 400, "lookup": 600, "note": 800}
_RATE_HZ = 8000
_AMPLITUDE = 12_000
_BIAS, _CLIP = 132, 32_635
_QUIET_LEVEL = 256  # of 32768: -42 dB, below any voice and above line noise


def encode(sample: int) -> int:
    """One 16-bit sample as a G.711 mu-law byte."""
    biased = min(abs(sample), _CLIP) + _BIAS
    segment = biased.bit_length() - 8
    mantissa = (biased >> (segment + 3)) & 0x0F
    return 0xFF ^ ((0x80 if sample < 0 else 0) | segment << 4 | mantissa)


def level(code: int) -> int:
    """Linear magnitude of a mu-law byte, 0 to 32124."""
    magnitude = 0x7F ^ (code & 0x7F)
    return (((magnitude & 0x0F) << 3) + _BIAS << (magnitude >> 4)) - _BIAS


def tone(hertz: int) -> bytes:
    """One frame of a pure tone."""
    step = 2 * math.pi * hertz / _RATE_HZ
    return bytes(encode(round(_AMPLITUDE * math.sin(step * at))) for at in range(FRAME_BYTES))


SILENCE = base64.b64encode(b"\xff" * FRAME_BYTES)
SPEECH = {intent: base64.b64encode(tone(hertz)) for intent, hertz in TONES_HZ.items()}
_QUIET = bytes(code for code in range(256) if level(code) < _QUIET_LEVEL)


def is_silent(audio: bytes) -> bool:
    """Whether nothing can be heard in this mu-law audio."""
    return not audio.translate(None, _QUIET)
