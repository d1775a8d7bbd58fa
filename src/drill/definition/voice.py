"""`objectives.voice`: its keys, the limits they make, and what of them cannot be.

Both tables hold the same keys, so that a file reads as it is meant: callers hear this when all is well,
and at most that while the fault holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from drill.definition.keys import Key, Kind, Table
from drill.definition.kinds import DURATION, SHARE
from drill.definition.reader import Reader, Section
from drill.model.voice import HeardLimits, VoiceLimits

# The E-model's scale (ITU-T G.107, annex B) ends at 4.5.
LEAST_SCORE, MOST_SCORE = 1.0, 4.5
# What a percentile of calls needs; the same number as a percentile of turns.
CALLS_MIN = 20
# Calls come by chance (Poisson): where so many are expected, at least CALLS_MIN come in 99 of 100 runs.
EXPECTED_MIN = 32


def _score(value: object) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not LEAST_SCORE <= number <= MOST_SCORE:
        raise ValueError(f"{value!r} is not an opinion score; write a number from 1 to 4.5, such as 4.0")
    return number


SCORE = Kind("opinion score", _score, {"type": "number", "minimum": LEAST_SCORE, "maximum": MOST_SCORE})


def _key(name: str, kind: Kind, meaning: str, example: str) -> Key:
    return Key(name, kind, meaning, f"{name}: {example}", required=False)


_HEARD = (
    _key("greeting_p95", DURATION, "p95 from the call's being up to the agent's first sound.", "1s"),
    _key("turn_p50", DURATION, "Median from the end of speech to the first sound of the answer.", "800ms"),
    _key("turn_p95", DURATION, "p95 from the end of speech to the first sound of the answer.", "1500ms"),
    _key("barge_stop_p95", DURATION, "p95 until the agent is silent when spoken into.", "500ms"),
    _key("missed_max", SHARE, "Share of turns that may never be answered.", "1%"),
    _key("gap_p95", DURATION, "p95 of the longest silence inside an answer.", "300ms"),
    _key("talk_over_max", SHARE, "Share of the time in calls in which both may speak at once.", "3%"),
    _key("setup_min", SHARE, "Least share of call attempts that come up.", "99%"),
    _key("drop_max", SHARE, "Share of calls that may break off, or be left in silence.", "1%"),
    _key("jitter_p95", DURATION, "p95 of the jitter (RFC 3550) at the end of calls.", "30ms"),
    _key("late_max", SHARE, "p95 over calls of the share of agent audio that came too late.", "1%"),
    _key("mos_min", SCORE, "p5 over calls of the estimated opinion score of the transport.", "4.0"),
)
CLEAN = Table("clean", "What callers hear in the baseline and after recovery, each for itself.", _HEARD, 1)
FAULT = Table("fault", "What callers hear from the fault's request until they are well again.", _HEARD, 1)
VOICE = Table(
    "voice",
    "What callers hear; only what has a limit is judged.",
    (
        Key("clean", CLEAN, "Limits while all is well.", "clean: {turn_p95: 1500ms}", required=False),
        Key("fault", FAULT, "Limits while the fault holds.", "fault: {turn_p95: 3s}", required=False),
    ),
    least=1,
)
# Answered from whole calls, of which a short baseline holds few.
_OF_CALLS = ("greeting_p95", "talk_over_max", "setup_min", "jitter_p95", "late_max", "mos_min")


def voice_limits(section: Section) -> VoiceLimits:
    """The limits of a section that was read without a mistake."""
    return VoiceLimits(_heard(section.section("clean")), _heard(section.section("fault")))


def _heard(section: Section) -> HeardLimits:
    return HeardLimits(**{_field(key): section.get(key.name) for key in _HEARD})


def _field(key: Key) -> str:
    return f"{key.name}_s" if key.shape is DURATION else key.name


def check_voice(reader: Reader, drill: Section) -> None:
    """Note each limit that could hold by accident only, or that nobody could see to hold."""
    voice = drill.section("objectives").section("voice")
    for line, said in (*_crossed(voice), *_medians(voice), *_too_few(voice, drill)):
        reader.mistake(line, said)


def _crossed(voice: Section) -> Iterator[tuple[int, str]]:
    clean, fault = voice.section("clean"), voice.section("fault")
    for key in _HEARD:
        calm, hurt = clean.get(key.name), fault.get(key.name)
        least = key.name.endswith("_min")
        if calm is not None and hurt is not None and (hurt > calm if least else hurt < calm):
            yield (
                fault.line_of(key.name),
                (
                    f"voice.fault.{key.name} asks for more than voice.clean.{key.name}: callers need not "
                    "hear better while the fault holds; give it the looser limit of the two"
                ),
            )


def _medians(voice: Section) -> Iterator[tuple[int, str]]:
    for name in ("clean", "fault"):
        section = voice.section(name)
        median, most = section.get("turn_p50"), section.get("turn_p95")
        if median is not None and most is not None and median > most:
            said = f"voice.{name}.turn_p50 is above turn_p95, so it says nothing; write a shorter one"
            yield section.line_of("turn_p50"), said


def _too_few(voice: Section, drill: Section) -> Iterator[tuple[int, str]]:
    """Calls that begin, or end, in the baseline: so many are expected of a steady load."""
    clean, load = voice.section("clean"), drill.section("load")
    asked = next((name for name in _OF_CALLS if clean.get(name) is not None), None)
    told = load.get("concurrency"), load.get("mean_call"), drill.section("phases").get("baseline")
    if asked is None or None in told:
        return
    concurrency, mean_call_s, baseline_s = told
    expected = concurrency * baseline_s / mean_call_s
    if expected < EXPECTED_MIN:
        yield (
            clean.line_of(asked),
            (
                f"voice.clean.{asked} is judged of at least {CALLS_MIN} calls, and {expected:.0f} are "
                f"expected to begin in the baseline, where {EXPECTED_MIN} make sure of so many; write a "
                "shorter load.mean_call or a longer baseline"
            ),
        )
