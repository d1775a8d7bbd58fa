"""Hearing a turn in mu-law audio: when speech begins, when it ends, what it asks for.

Theory: G.711 mu-law is a sign bit and a logarithmic magnitude, so loudness is a table
look-up and a sum, and pitch is the rate of sign changes: a tone of f Hz crosses zero 2f
times a second. Speech has ended after `SILENCE_MS` of quiet; each voiced 20 ms window
votes for the nearest intent, and the majority outvotes windows that the tone only half fills.
Pure: audio and its arrival time go in, a new `Ear` and at most one event come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from drill.sandbox.defects import Defect, Defects

SAMPLES_PER_MS = 8
WINDOW = 20 * SAMPLES_PER_MS
SPEECH_MS = 100
SILENCE_MS = 200
LONG_SILENCE_MS = 3000
LOUD = 4  # mean magnitude in 1/256 of full scale: about -36 dB


class Intent(StrEnum):
    """What a caller asks for; `chat` needs no health record."""

    CHAT = "chat"
    LOOKUP = "lookup"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Enough voice to be speech: a caller who talks over the agent is heard from here on."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """A whole utterance; `eos_ns` is the arrival of its last voiced window.

    `intent` is what this ear makes of it; `votes` are what it heard, for a better one; none for a key.
    """

    intent: Intent
    eos_ns: int
    votes: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Ear:
    """What has been heard of the utterance so far."""

    voiced_ms: int = 0
    silent_ms: int = 0
    last_voice_ns: int = 0
    votes: tuple[int, int, int] = (0, 0, 0)


QUIET = Ear()
_INTENTS = (Intent.CHAT, Intent.LOOKUP, Intent.NOTE)


def magnitude(code: int) -> int:
    """Linear magnitude of one mu-law byte (G.711: bias 132, eight segments of sixteen steps)."""
    inverted = ~code & 0xFF
    return (((inverted & 0x0F) << 3) + 132 << ((inverted >> 4) & 7)) - 132


_LEVEL = bytes(magnitude(code) >> 7 for code in range(256))
_SIGN = bytes(code >> 7 for code in range(256))


def loud(window: bytes) -> bool:
    """Whether there is a voice in this window."""
    return sum(window.translate(_LEVEL)) >= LOUD * len(window)


def pitch_hz(window: bytes) -> float:
    """Half the sign changes per second; the whole window is compared with itself in one big integer."""
    signs = int.from_bytes(window.translate(_SIGN))
    pairs = len(window) - 1
    changes = (signs ^ (signs >> 8)) & ((1 << 8 * pairs) - 1)
    return changes.bit_count() / 2 / max(pairs, 1) * SAMPLES_PER_MS * 1000


def intent_of(pitch: float) -> Intent:
    """The nearest of 400, 600 and 800 Hz."""
    if pitch < 500:
        return Intent.CHAT
    return Intent.LOOKUP if pitch < 700 else Intent.NOTE


def windows(audio: bytes) -> Iterator[bytes]:
    """Cut audio of any length into 20 ms pieces; transports may bundle frames."""
    return (audio[at : at + WINDOW] for at in range(0, len(audio), WINDOW))


def ends_after_ms(defects: Defects) -> int:
    """Quiet that ends speech. The defect: nobody looks for the end, a timeout for dead lines finds it."""
    return LONG_SILENCE_MS if Defect.NO_ENDPOINTING in defects else SILENCE_MS


def hear(
    ear: Ear, window: bytes, now_ns: int, end_ms: int = SILENCE_MS
) -> tuple[Ear, SpeechBegan | SpeechEnded | None]:
    """Take in one window that arrived at `now_ns`; so much quiet ends speech."""
    length_ms = len(window) // SAMPLES_PER_MS
    return _voice(ear, window, length_ms, now_ns) if loud(window) else hear_silence(ear, length_ms, end_ms)


def hear_silence(ear: Ear, length_ms: int, end_ms: int = SILENCE_MS) -> tuple[Ear, SpeechEnded | None]:
    """Take in silence; it ends an utterance that was long enough and forgets a blip that was not."""
    if not ear.voiced_ms:
        return ear, None
    silent_ms = ear.silent_ms + length_ms
    if silent_ms < end_ms:
        return replace(ear, silent_ms=silent_ms), None
    if ear.voiced_ms < SPEECH_MS:
        return QUIET, None
    return QUIET, SpeechEnded(elected(ear.votes), ear.last_voice_ns, ear.votes)


def elected(votes: Sequence[int]) -> Intent:
    """What most windows voted for; ValueError for votes that are none."""
    if len(votes) != len(_INTENTS) or not any(votes):
        raise ValueError(f"{votes!r} are no votes for {', '.join(_INTENTS)}")
    return _INTENTS[votes.index(max(votes))]


def _voice(ear: Ear, window: bytes, length_ms: int, now_ns: int) -> tuple[Ear, SpeechBegan | None]:
    chosen = _INTENTS.index(intent_of(pitch_hz(window)))
    chat, lookup, note = (count + (at == chosen) for at, count in enumerate(ear.votes))
    voiced_ms = ear.voiced_ms + length_ms
    began = ear.voiced_ms < SPEECH_MS <= voiced_ms
    return Ear(voiced_ms, 0, now_ns, (chat, lookup, note)), SpeechBegan() if began else None
