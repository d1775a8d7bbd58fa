"""How speech and model are to be hurt, as orders: what there is to hurt, the ways, and how each is seen.

stage         asked by an agent for                        reached through
recognition   what was said                                its link of each zone
model         words to answer with                         likewise
synthesis     the words as sound                           likewise

mode          what an agent gets                           how the drill's own request comes out
slow          every answer two seconds later               later
failing       503                                          http_5xx
stalling      half of an answer, and no end                no whole answer in time
timeout       nothing                                      likewise
rate-limited  429                                          http_429
empty         an answer in good form that says nothing     empty
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGES = RECOGNITION, MODEL, SYNTHESIS = ("recognition", "model", "synthesis")
SPEECH = (RECOGNITION, SYNTHESIS)
SPEECH_MODES = ("slow", "failing", "stalling")
MODEL_MODES = ("slow", "timeout", "rate-limited", "empty")
BOTH = "both"
PARTS = (*SPEECH, BOTH)
SLOW_MS, SLOW_JITTER_MS = 2000, 200
# A request that took this long was slow, and none that is not hurt takes it.
SEEN_SLOW_MS = 1500
_SIGNS = {
    "slow": f"slower:{SEEN_SLOW_MS}",
    "failing": "http_5xx",
    "stalling": "timeout",
    "timeout": "timeout",
    "rate-limited": "http_429",
    "empty": "empty",
}


@dataclass(frozen=True, slots=True)
class StageOrder:
    """Which stages to hurt, and how."""

    stages: tuple[str, ...]
    mode: str

    def witness(self, stage: str, zone: str) -> str:
        """How the drill's own requests to a stage come out meanwhile; see `drill.faults.Fault`."""
        return f"{stage}/{zone}:{_SIGNS[self.mode]}"


def speech_order(mode: str, part: str = BOTH) -> StageOrder:
    """ValueError for what is no mode or part of speech."""
    if mode not in SPEECH_MODES:
        raise ValueError(f"mode {mode!r} is no way speech fails; write one of {', '.join(SPEECH_MODES)}")
    if part not in PARTS:
        raise ValueError(f"part {part!r} is none of speech; write one of {', '.join(PARTS)}")
    return StageOrder(SPEECH if part == BOTH else (part,), mode)


def model_order(mode: str) -> StageOrder:
    """ValueError for what is no mode of the model."""
    if mode not in MODEL_MODES:
        raise ValueError(f"mode {mode!r} is no way a model fails; write one of {', '.join(MODEL_MODES)}")
    return StageOrder((MODEL,), mode)


def stage_order(func: str, told: Mapping[str, Any]) -> StageOrder:
    """The order that an experiment's arguments make of `speech_fault` or `model_fault`; ValueError."""
    mode = str(told.get("mode", ""))
    return model_order(mode) if func == "model_fault" else speech_order(mode, str(told.get("part", BOTH)))
