"""What a caller's voice is on the wire: 20 ms per intent, and 20 ms of silence, in a dialect's encoding.

Theory: each intent is a pure tone of a multiple of 50 Hz, so 20 ms hold a whole number of
periods and every frame of an utterance is the same bytes: computed once, phase-continuous
when repeated. Loudness of what comes back is judged per byte in mu-law, which keeps the magnitude
in its low seven bits, inverted, and by the loudest sample in linear PCM.
"""

from __future__ import annotations

import base64
import math
import sys
from array import array
from dataclasses import dataclass

from drill.model.units import NS_PER_S

FRAME_MS = 20
FRAME_BYTES = 160
TONES_HZ = {"chat": 400, "lookup": 600, "note": 800}
MULAW, PCM16 = "mulaw", "pcm16"
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


_QUIET = bytes(code for code in range(256) if level(code) < _QUIET_LEVEL)


def is_silent(audio: bytes) -> bool:
    """Whether nothing can be heard in this mu-law audio."""
    return not audio.translate(None, _QUIET)


def _is_silent_pcm(audio: bytes) -> bool:
    samples = array("h", audio[: len(audio) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return not samples or (max(samples) < _QUIET_LEVEL and min(samples) > -_QUIET_LEVEL)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples become bytes: `mulaw` (G.711, a byte each) or `pcm16` (signed, little-endian, two)."""

    name: str
    rate_hz: int

    @property
    def ns_per_byte(self) -> int:
        """Playing time of one byte; whole at the rates of telephony, 8 and 16 kHz."""
        return NS_PER_S // (self.rate_hz * (1 if self.name == MULAW else 2))

    def frame(self, intent: str | None) -> bytes:
        """20 ms of a voice that asks for this, or of silence."""
        count = self.rate_hz * FRAME_MS // 1000
        step = 2 * math.pi * (TONES_HZ[intent] if intent else 0) / self.rate_hz
        samples = [round(_AMPLITUDE * math.sin(step * at)) for at in range(count)]
        if self.name == MULAW:
            return bytes(encode(sample) for sample in samples)
        return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)

    def is_silent(self, audio: bytes) -> bool:
        """Whether nothing can be heard in this audio."""
        return is_silent(audio) if self.name == MULAW else _is_silent_pcm(audio)


_TELEPHONE = Encoding(MULAW, 8000)
SILENCE = base64.b64encode(_TELEPHONE.frame(None))
SPEECH = {intent: base64.b64encode(_TELEPHONE.frame(intent)) for intent in TONES_HZ}
