"""`objectives.voice`: every key is optional, and what could never be judged is refused."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.definition.voice import CALLS_MIN, CLEAN, EXPECTED_MIN
from drill.model.voice import HeardLimits, VoiceLimits
from drill.objectives.percentile import TURNS_MIN
from drill.objectives.voice import ASPECTS

Refused = Callable[..., list[str]]
TURNS = "  turns: {lost_max: 0}\n"
SHORT = ("mean_call: 60s", "mean_call: 18s")


def asking(voice: str) -> tuple[str, str]:
    """The reference file, asking for this of the voice."""
    return TURNS, f"{TURNS}  voice:\n{voice}"


def test_all_limits_of_both_tables_are_read(folder: Path) -> None:
    """Durations in seconds, shares as fractions, scores as they are; None where nothing stands."""
    text = (folder / "drill.yaml").read_text()
    voice = (
        "    clean: {greeting_p95: 800ms, turn_p50: 500ms, turn_p95: 1500ms, barge_stop_p95: 400ms,\n"
        "      missed_max: 1%, gap_p95: 200ms, talk_over_max: 2%, setup_min: 99%, drop_max: 0%,\n"
        "      jitter_p95: 30ms, late_max: 0.5%, mos_min: 4}\n"
        "    fault: {turn_p95: 3s, mos_min: 2.5}\n"
    )
    (folder / "drill.yaml").write_text(text.replace(*asking(voice)).replace(*SHORT))
    assert load_drill(folder / "drill.yaml").objectives.voice == VoiceLimits(
        HeardLimits(0.8, 0.5, 1.5, 0.4, 0.01, 0.2, 0.02, 0.99, 0.0, 0.03, 0.005, 4.0),
        HeardLimits(turn_p95_s=3.0, mos_min=2.5),
    )


def test_one_table_is_enough(folder: Path) -> None:
    """A drill may judge the fault alone."""
    text = (folder / "drill.yaml").read_text()
    (folder / "drill.yaml").write_text(text.replace(*asking("    fault: {gap_p95: 1s}\n")))
    assert load_drill(folder / "drill.yaml").objectives.voice == VoiceLimits(
        HeardLimits(), HeardLimits(gap_p95_s=1.0)
    )


@pytest.mark.parametrize(
    ("voice", "mistake"),
    [
        ("    {}\n", "voice asks for nothing; write one of clean, fault"),
        ("    clean: {}\n", "voice.clean asks for nothing"),
        ("    clean: {mos_min: 5}\n", "5 is not an opinion score; write a number from 1 to 4.5"),
        ("    clean: {mos_min: true}\n", "True is not an opinion score"),
        ("    fault: {turn_p96: 3s}\n", "did you mean 'turn_p95'?"),
        (
            "    clean: {turn_p95: 2s}\n    fault: {turn_p95: 1s}\n",
            "voice.fault.turn_p95 asks for more than voice.clean.turn_p95",
        ),
        (
            "    clean: {mos_min: 3}\n    fault: {mos_min: 4}\n",
            "voice.fault.mos_min asks for more than voice.clean.mos_min",
        ),
        ("    fault: {turn_p50: 2s, turn_p95: 1s}\n", "voice.fault.turn_p50 is above turn_p95"),
    ],
)
def test_mistakes_are_told(refused: Refused, voice: str, mistake: str) -> None:
    """Each with what to write instead."""
    assert mistake in "\n".join(refused(asking(voice), SHORT))


def test_a_baseline_with_too_few_calls_is_refused(refused: Refused) -> None:
    """40 calls of a minute make 10 greetings in 15 s: half of what a percentile takes."""
    assert refused(asking("    clean: {greeting_p95: 1s}\n")) == [
        (
            "drill.yaml:31: voice.clean.greeting_p95 is judged of at least 20 calls, and 10 are expected to "
            "begin in the baseline, where 32 make sure of so many; write a shorter load.mean_call or a "
            "longer baseline"
        )
    ]


def test_so_many_calls_are_expected_that_too_few_come_in_one_run_of_a_hundred() -> None:
    """Poisson: one expected call fewer, and it is more often."""

    def too_few(expected: int) -> float:
        return math.fsum(math.exp(-expected) * expected**n / math.factorial(n) for n in range(CALLS_MIN))

    assert too_few(EXPECTED_MIN) < 0.01 < too_few(EXPECTED_MIN - 1)


def test_turns_need_no_short_calls(folder: Path) -> None:
    """There are many in a call."""
    text = (folder / "drill.yaml").read_text()
    clean = "    clean: {turn_p95: 1s, gap_p95: 1s, missed_max: 1%, drop_max: 1%}\n"
    (folder / "drill.yaml").write_text(text.replace(*asking(clean)))
    assert load_drill(folder / "drill.yaml").objectives.voice


def test_every_limit_has_a_key_and_every_key_a_verdict() -> None:
    """What can be written is judged, and nothing else; and both ends count alike."""
    keys = {key.name for key in CLEAN.keys}
    fields = {field.name.removesuffix("_s") for field in dataclasses.fields(HeardLimits)}
    assert keys == fields == {m.limit.removesuffix("_s") for a in ASPECTS for m in a.measures}
    assert CALLS_MIN == TURNS_MIN
