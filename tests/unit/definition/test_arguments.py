"""What an experiment tells a function is held against what that function takes, without importing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.definition.modules import Signature, signature
from drill.definition.needs import ACTIONS
from drill.definition.words import EHR_MODES, WORDS
from drill.faults import ehr
from drill.restore.exercise.order import Order


def test_the_words_are_those_of_who_carries_them_out() -> None:
    """An EHR fails in the six ways that faults are made of; a restore takes what its order knows."""
    assert set(EHR_MODES) == set(ehr.MODES)
    for name, words in WORDS["restore_backup"].items():
        assert [Order(**{name: word}).problems() for word in words] == [[]] * len(words)
        (said,) = Order(**{name: "nothing"}).problems()
        assert said == f"{name} 'nothing' is none of {', '.join(words)}"


@pytest.mark.parametrize("function", WORDS)
def test_every_word_is_of_an_argument_that_is_there(function: str) -> None:
    """The table speaks of the actions as they are."""
    takes = signature(ACTIONS, function)
    assert takes is not None
    assert set(WORDS[function]) <= takes.names


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("def act(a, b=1, *, c, d=2): ...", Signature(frozenset("abcd"), frozenset("ac"))),
        ("async def act(a): ...", Signature(frozenset("a"), frozenset("a"))),
        ("def act(a, configuration=None, secrets=None): ...", Signature(frozenset("a"), frozenset("a"))),
        ("def act(**more): ...", None),
        ("def act(*more): ...", None),
        ("@wrapped\ndef act(a): ...", None),
        ("from elsewhere import act", None),
        ("act = 1", None),
        ("def act(a): ...\ndef act(b): ...", None),
    ],
)
def test_what_a_function_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, takes: Signature | None
) -> None:
    """Nothing is said where the text does not tell."""
    (tmp_path / "extension_of_a_test.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert signature("extension_of_a_test", "act") == takes
