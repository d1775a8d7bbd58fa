"""Written calls: what they become, and what is said of mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.load.script import HANG_UP, Turn
from drill.load.script_file import read_script
from drill.model.errors import DefinitionError

GOOD = """\
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
  - wait: 1s
  - wait: 500ms
  - hang_up: yes
"""


def written(tmp_path: Path, text: str) -> Path:
    """A file of it."""
    file = tmp_path / "script.yaml"
    file.write_text(text)
    return file


def mistakes(tmp_path: Path, steps: str) -> list[str]:
    """What is said of these steps: LINE: TEXT, the first step being in line 4."""
    file = written(tmp_path, f"script: s\ntitle: t\nsteps:\n{steps}")
    with pytest.raises(DefinitionError) as caught:
        read_script(file)
    return [mistake.removeprefix(f"{file}:") for mistake in caught.value.mistakes]


def test_a_script_becomes_turns_in_frames(tmp_path: Path) -> None:
    """Waits add up and go before the next turn; numbers count turns, not steps; the seed changes nothing."""
    script = read_script(written(tmp_path, GOOD))
    assert script.name == "cannot-wait"
    assert (
        list(script.turns(1))
        == list(script.turns(2))
        == [
            Turn(1, "dtmf", 50, 0, digit="1"),
            Turn(2, "lookup", 0, 40),
            Turn(3, "note", 0, 45, barge_frames=20),
            Turn(4, HANG_UP, 75, 0),
        ]
    )


def test_a_script_that_never_hangs_up_is_refused(tmp_path: Path) -> None:
    """Nobody knows what its caller would do after the last word."""
    (said,) = mistakes(tmp_path, "  - say: chat\n    for: 1s\n")
    assert said == "3: the caller never hangs up; end with the step hang_up: yes"


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    """Also those that have nothing to do with each other."""
    said = mistakes(
        tmp_path,
        "  - say: sing\n    for: 1s\n  - shout: chat\n  - dtmf: 12\n  - barge_in: chat\n    for: 1s\n"
        "  - wait: 2\n  - hang_up: no\n",
    )
    assert [line.split(":")[0] for line in said] == ["4", "6", "6", "6", "7", "8", "10", "11"]
    assert "chat or lookup or note" in said[0]
    assert "unknown key 'shout'" in " ".join(said[1:4])
    assert "lacks the key 'after'" in said[5]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (
            '  - say: chat\n    dtmf: "1"\n    for: 1s\n  - hang_up: yes\n',
            "4: a step does say and dtmf at once",
        ),
        ("  - say: chat\n  - hang_up: yes\n", "4: say lacks the key 'for'"),
        ("  - wait: 1s\n    for: 2s\n  - hang_up: yes\n", "5: 'for' means nothing beside wait"),
        (
            "  - say: chat\n    for: 1s\n    after: 1s\n  - hang_up: yes\n",
            "6: 'after' means nothing beside say",
        ),
        ("  - hang_up: yes\n  - wait: 1s\n", "5: nothing can follow hang_up"),
        ("  - say: chat\n    for: 1h\n  - hang_up: yes\n", "5: steps[0].for: '1h' is not between"),
        ("  - say: chat\n    for: 20ms\n  - hang_up: yes\n", "5: steps[0].for: '20ms' is not between"),
        ('  - dtmf: "12"\n  - hang_up: yes\n', "4: steps[0].dtmf: '12' is not a key"),
        (
            "  - wait: 1s\n  - barge_in: chat\n    after: 1s\n    for: 1s\n  - hang_up: yes\n",
            "4: who barges in",
        ),
        ("  []\n", "3: steps: is empty"),
    ],
)
def test_a_mistake_says_what_to_write(tmp_path: Path, steps: str, wanted: str) -> None:
    """One at a time."""
    (said,) = mistakes(tmp_path, steps)
    assert said.startswith(wanted)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """Like any other."""
    with pytest.raises(DefinitionError, match="cannot be read"):
        read_script(tmp_path / "none.yaml")


def test_the_shipped_script_is_right() -> None:
    """It is the example that people copy."""
    script = read_script(Path(__file__).parents[3] / "loadprofiles/scripts/cannot-wait.yaml")
    assert [turn.intent for turn in script.steps] == ["dtmf", "lookup", "note", "chat", HANG_UP]
