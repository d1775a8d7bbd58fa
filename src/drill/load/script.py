"""What a caller says: drawn from a mix by the call's seed alone, or written down step by step.

Each turn is drawn whole (pause before it, intent, length) so that what a platform does or
fails to do cannot shift the draws after it: a call replayed says the same. A mix without barge-ins draws
nothing for them, so what callers said before there were any, they still say.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from drill.load.speech import FRAME_MS
from drill.model.chance import seeded

DTMF, HANG_UP = "dtmf", "hang up"
_SPEECH_S = (0.6, 1.0)
_PAUSE_S = (0.8, 2.5)
_PAUSE_LOG_MEAN, _PAUSE_LOG_SD = 0.3, 0.4  # median 1.35 s
_BARGE_S = (0.2, 0.8)
_DRAWN_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """One sentence of a caller, or a key (`dtmf`), or the end (`hang up`); `pause_frames` come before it.

    `barge_frames` above 0: it begins so long after the first sound of what the agent says before it, if the
    agent then still speaks; if not, after the pause as any other.
    """

    seq: int
    intent: str
    pause_frames: int
    speech_frames: int
    barge_frames: int = 0
    digit: str = "1"


class Said(Protocol):
    """Where a call's turns come from."""

    def turns(self, seed: int) -> Iterator[Turn]:
        """The turns of a call with this seed; they do not end, or end with HANG_UP."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What callers ask for, in parts of any size: `lookup` reads the health record, `note` writes it.

    `barge_in` is the share, 0 to 1, of sentences that are spoken into the answer before them.
    """

    chat: float = 40
    lookup: float = 30
    note: float = 30
    barge_in: float = 0.0

    def turns(self, seed: int) -> Iterator[Turn]:
        """Drawn."""
        return turns(seed, self)


USUAL_MIX = Mix()


@dataclass(frozen=True, slots=True)
class Script:
    """A written call: the same for every seed. Made by `drill.load.script_file`."""

    name: str
    steps: tuple[Turn, ...]

    def turns(self, seed: int) -> Iterator[Turn]:  # noqa: ARG002  # callers ask a script and a mix alike; only a mix draws
        """As written."""
        return iter(self.steps)


def turns(seed: int, mix: Mix = USUAL_MIX) -> Iterator[Turn]:
    """A call's turns without end: first the key, then sentences.

    A few are drawn at a time, from the first on each time: a source of chance is 2.5 KB, which thousands of
    calls would each keep for as long as they last.
    """
    for begin in itertools.count(0, _DRAWN_AT_ONCE):
        drawn = list(itertools.islice(_drawn(seed, mix), begin, begin + _DRAWN_AT_ONCE))
        while drawn:
            yield drawn.pop(0)


def _drawn(seed: int, mix: Mix) -> Iterator[Turn]:
    source = seeded(seed)
    intents, shares = ("chat", "lookup", "note"), (mix.chat, mix.lookup, mix.note)
    yield Turn(1, DTMF, _pause_frames(source), 0)
    seq = 1
    while True:
        seq += 1
        intent = source.choices(intents, shares)[0]
        pause, speech = _pause_frames(source), frames_of_s(source.uniform(*_SPEECH_S))
        yield Turn(seq, intent, pause, speech, _barge_frames(source, mix) if mix.barge_in else 0)


def digest(call_sid: str, seq: int, intent: str) -> str:
    """What a turn must be acknowledged with: the caller and the agent compute it each on its own."""
    asked = "chat" if intent == DTMF else intent
    return hashlib.sha256(f"{call_sid}|{seq}|{asked}".encode()).hexdigest()[:16]


def _barge_frames(source: random.Random, mix: Mix) -> int:
    barges, after_s = source.random() < mix.barge_in, source.uniform(*_BARGE_S)
    return frames_of_s(after_s) if barges else 0


def _pause_frames(source: random.Random) -> int:
    shortest_s, longest_s = _PAUSE_S
    pause_s = source.lognormvariate(_PAUSE_LOG_MEAN, _PAUSE_LOG_SD)
    return frames_of_s(min(max(pause_s, shortest_s), longest_s))


def frames_of_s(length_s: float) -> int:
    """Frames in so much time."""
    return round(length_s * 1000 / FRAME_MS)
