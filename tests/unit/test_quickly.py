"""A value that was made quickly is one of its class, as frozen as any other."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from drill.model.events import KINDS
from drill.model.quickly import quickly
from drill.timeline import Turn


@pytest.mark.parametrize("cls", [*KINDS.values(), Turn], ids=lambda cls: cls.__name__)
def test_it_is_the_same_value(cls: Any) -> None:
    """Of every kind of event, whatever its fields hold."""
    told = [object() for _ in dataclasses.fields(cls)]
    made, usual = quickly(cls)(*told), cls(*told)
    assert type(made) is cls
    assert made == usual
    assert repr(made) == repr(usual)
    for field in dataclasses.fields(cls):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, "changed")


def test_what_is_not_told_has_its_default() -> None:
    """By name as well as by place."""

    @dataclass(frozen=True, slots=True)
    class Value:
        one: int
        two: int = 2
        more: list[int] = dataclasses.field(default_factory=list)

    assert quickly(Value)(1) == Value(1)
    assert quickly(Value)(one=1, two=3) == Value(1, 3)
    assert quickly(Value)(1).more is not quickly(Value)(1).more
    with pytest.raises(TypeError):
        quickly(Value)(1, three=3)


def test_a_class_that_looks_at_its_fields_is_not_made_so() -> None:
    """It would not be looked at."""

    @dataclass(frozen=True, slots=True)
    class Even:
        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError(self.number)

    with pytest.raises(TypeError, match="Even looks at its fields itself"):
        quickly(Even)
