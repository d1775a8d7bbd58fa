"""Whose fault it is, as a type.

DrillError
├── DefinitionError   yours: a file or an argument says something that cannot be (exit 3)
├── WorldError        the platform's: it could not be reached, prepared or read (exit 4)
└── JournalError      ours or the disk's: the record of a run is cut, edited or cannot be written
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


class DrillError(Exception):
    """Something the user can read and act upon; never shown with a traceback."""


class DefinitionError(DrillError):
    """One or more mistakes in what the user wrote.

    Attributes:
        mistakes: each `file:line: what is wrong, and what to write instead`.
    """

    def __init__(self, mistakes: str | Sequence[str]) -> None:
        self.mistakes: tuple[str, ...] = (mistakes,) if isinstance(mistakes, str) else tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def all_or_mistakes(steps: Iterable[Callable[[], _T]]) -> list[_T]:
    """What every step gives; or one DefinitionError with the mistakes of all, each once."""
    found: list[_T] = []
    mistakes: list[str] = []
    for step in steps:
        try:
            found.append(step())
        except DefinitionError as error:
            mistakes += error.mistakes
    if mistakes:
        raise DefinitionError(list(dict.fromkeys(mistakes)))
    return found


class WorldError(DrillError):
    """The platform under test, or a tool on the way to it, did not do what was asked."""


class NoAnswerError(WorldError):
    """An order got no answer: whether it was, or will yet be, carried out is not known."""


class NotInstalledError(WorldError):
    """A library that only some commands need is not there."""


class JournalError(DrillError):
    """A journal stream cannot be written, or what is stored of it is not what was written."""
