"""What a caller says, decided by the call's seed alone.

Each turn is drawn whole (pause before it, intent, length) so that what a platform does or
fails to do cannot shift the draws after it: a call replayed says the same.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from drill.load.speech import FRAME_MS

DTMF = "dtmf"
_SPEECH_S = (0.6, 1.0)
_PAUSE_S = (0.8, 2.5)
_PAUSE_LOG_MEAN, _PAUSE_LOG_SD = 0.3, 0.4  # median 1.35 s


@dataclass(frozen=True, slots=True)
class Mix:
    """What callers ask for, in parts of any size: `lookup` reads the health record, `note` writes it."""

    chat: float = 40
    lookup: float = 30
    note: float = 30


USUAL_MIX = Mix()


@dataclass(frozen=True, slots=True)
class Turn:
    """One sentence of a caller, or the key pressed first (`dtmf`); `pause_frames` come before it."""

    seq: int
    intent: str
    pause_frames: int
    speech_frames: int


def turns(seed: int, mix: Mix = USUAL_MIX) -> Iterator[Turn]:
    """A call's turns without end: first the key, then sentences."""
    source = random.Random(seed)  # noqa: S311  # callers, not secrets
    intents, shares = ("chat", "lookup", "note"), (mix.chat, mix.lookup, mix.note)
    yield Turn(1, DTMF, _pause_frames(source), 0)
    seq = 1
    while True:
        seq += 1
        intent = source.choices(intents, shares)[0]
        yield Turn(seq, intent, _pause_frames(source), _frames(source.uniform(*_SPEECH_S)))


def digest(call_sid: str, seq: int, intent: str) -> str:
    """What a turn must be acknowledged with: the caller and the agent compute it each on its own."""
    asked = "chat" if intent == DTMF else intent
    return hashlib.sha256(f"{call_sid}|{seq}|{asked}".encode()).hexdigest()[:16]


def _pause_frames(source: random.Random) -> int:
    shortest_s, longest_s = _PAUSE_S
    pause_s = source.lognormvariate(_PAUSE_LOG_MEAN, _PAUSE_LOG_SD)
    return _frames(min(max(pause_s, shortest_s), longest_s))


def _frames(length_s: float) -> int:
    return round(length_s * 1000 / FRAME_MS)
