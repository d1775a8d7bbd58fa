"""A caller's script as a YAML file, compiled to turns before the run; every mistake at once, with its line.

    script: cannot-wait
    title: A caller who interrupts the agent, and hangs up.
    steps:
      - wait: 1s
      - dtmf: "1"
      - say: lookup
        for: 800ms
      - barge_in: note
        after: 400ms
        for: 900ms
      - hang_up: yes

Each step but `wait` begins when the answer before it was heard, and `wait` adds to that; `barge_in` begins
`after` the answer's first sound. A script has to end with `hang_up`, and is refused otherwise: nobody
would know what was meant after its last word. A call whose scheduled end comes first is hung up then,
between two turns, as every call is.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from drill.definition.keys import Key, Kind, ListOf, Table
from drill.definition.kinds import DURATION, NAME, TEXT, choice
from drill.definition.load import read_text
from drill.definition.reader import Reader, Section
from drill.definition.yaml_nodes import parse_yaml
from drill.load.script import DTMF, HANG_UP, Script, Turn, frames_of_s
from drill.load.speech import FRAME_MS, TONES_HZ

LONGEST_S = 60.0  # of a sentence or a wait: longer ones are slips of the pen
SHORTEST_SPEECH_S = 0.2  # agents take anything much shorter for noise
_ACTS = ("say", "barge_in", "dtmf", "wait", "hang_up")
_KEYS = "0123456789*#"


def _digit(value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or value not in _KEYS:
        raise ValueError(f'{value!r} is not a key; write one of {_KEYS} in quotes, such as "1"')
    return value


def _yes(value: object) -> bool:
    if value is not True:
        raise ValueError(f"{value!r} says nothing; write hang_up: yes")
    return True


def _some_time(least_s: float) -> Kind:
    def parse(value: object) -> float:
        length_s = DURATION.parse(value)
        if not least_s <= length_s <= LONGEST_S:
            raise ValueError(f"{value!r} is not between {least_s:g} s and {LONGEST_S:g} s; write such a time")
        return float(length_s)

    return Kind("time", parse, DURATION.schema)


INTENT = choice("intent", *TONES_HZ)
STEP = Table(
    "step",
    "One thing that the caller does.",
    (
        Key("say", INTENT, "Say a sentence that asks for this.", "say: lookup", required=False),
        Key("barge_in", INTENT, "The same, into the answer before it.", "barge_in: chat", required=False),
        Key("for", _some_time(SHORTEST_SPEECH_S), "How long the sentence is.", "for: 800ms", required=False),
        Key("after", _some_time(FRAME_MS / 1000), "How far into the answer.", "after: 400ms", required=False),
        Key("dtmf", Kind("key", _digit, {"enum": list(_KEYS)}), "Press a key.", 'dtmf: "1"', required=False),
        Key("wait", _some_time(FRAME_MS / 1000), "Say nothing for so long.", "wait: 1s", required=False),
        Key("hang_up", Kind("yes", _yes, {"const": True}), "End the call.", "hang_up: yes", required=False),
    ),
    least=1,
)
SCRIPT = Table(
    "script",
    "What a caller does, from the greeting to the end.",
    (
        Key("script", NAME, "Its name.", "script: cannot-wait"),
        Key("title", TEXT, "Who this is.", "title: A caller who interrupts."),
        Key("steps", ListOf(STEP, 1), "One after the other.", "steps: and a list below it"),
    ),
)


def read_script(path: Path) -> Script:
    """The script in a file; DefinitionError with every mistake in it."""
    reader = Reader(str(path))
    section = reader.table(SCRIPT, parse_yaml(read_text(path, "script"), str(path)))
    steps: list[Section] = section.get("steps") or []
    for step in steps:
        _check_step(reader, step)
    _check_end(reader, section, steps)
    reader.raise_if_any()
    return Script(section.get("script"), _compiled(steps))


def _check_step(reader: Reader, step: Section) -> None:
    acts = [name for name in _ACTS if name in step.lines]
    if len(acts) != 1:
        said = f"does {' and '.join(acts)} at once" if acts else "does nothing"
        reader.mistake(step.line, f"a step {said}; write one of {', '.join(_ACTS)} in each")
        return
    wanted = {"say": {"for"}, "barge_in": {"for", "after"}}.get(acts[0], set())
    for name in sorted(({"for", "after"} & set(step.lines)) ^ wanted):
        if name in wanted:
            key = STEP.find(name)
            example = key.example if key else name
            reader.mistake(step.line, f"{acts[0]} lacks the key {name!r}; write {example}")
        else:
            reader.mistake(step.line_of(name), f"{name!r} means nothing beside {acts[0]}; leave it out")


def _check_end(reader: Reader, section: Section, steps: list[Section]) -> None:
    ends = [at for at, step in enumerate(steps) if "hang_up" in step.lines]
    if steps and not ends:
        reader.mistake(section.line_of("steps"), "the caller never hangs up; end with the step hang_up: yes")
    elif ends and ends[0] != len(steps) - 1:
        reader.mistake(steps[ends[0] + 1].line, "nothing can follow hang_up; leave it out, or hang up later")
    for before, step in itertools.pairwise(steps):
        if "wait" in before.lines and "barge_in" in step.lines:
            reader.mistake(before.line, "who barges in does not wait; leave the wait out, or say `after`")


def _compiled(steps: list[Section]) -> tuple[Turn, ...]:
    turns, pause_s = list[Turn](), 0.0
    for step in steps:
        if "wait" in step.values:
            pause_s += step.get("wait")
            continue
        turns.append(_turn(step, len(turns) + 1, frames_of_s(pause_s)))
        pause_s = 0.0
    return tuple(turns)


def _turn(step: Section, seq: int, pause_frames: int) -> Turn:
    if "hang_up" in step.values:
        return Turn(seq, HANG_UP, pause_frames, 0)
    if "dtmf" in step.values:
        return Turn(seq, DTMF, pause_frames, 0, digit=step.get("dtmf"))
    intent = step.get("say") or step.get("barge_in")
    speech, barge = frames_of_s(step.get("for")), frames_of_s(step.get("after", 0.0))
    return Turn(seq, intent, pause_frames, speech, barge)
