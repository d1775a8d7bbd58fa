"""Events as the fields of their journal lines, and back: every field there, and of its type.

Most lines of a journal are spelled in one of a few dozen ways (kind, names in order, types). Each is looked
at once; of a line that is spelled so again, only the values are left to look at.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from drill.model.errors import JournalError
from drill.model.events import KINDS, Event
from drill.model.quickly import quickly

_INT_END = 1 << 63


def _checkable(hint: object) -> type | types.UnionType:
    if typing.get_origin(hint) is tuple:
        return list  # JSON has no tuples
    return int | float if hint is float else typing.cast("type", hint)


_FIELDS: dict[str, tuple[tuple[str, type | types.UnionType], ...]] = {
    kind: tuple(
        (f.name, _checkable(typing.get_type_hints(cls)[f.name]))
        for f in dataclasses.fields(typing.cast("Any", cls))
    )
    for kind, cls in KINDS.items()
}


# What a kind learned after its first journals were written: those are still read.
_SINCE: dict[str, frozenset[str]] = {
    kind: frozenset(
        f.name for f in dataclasses.fields(typing.cast("Any", cls)) if f.default is not dataclasses.MISSING
    )
    for kind, cls in KINDS.items()
}


def to_fields(event: Event) -> dict[str, Any]:
    """The event's own fields, ready for JSON."""
    return {name: getattr(event, name) for name, _ in _FIELDS[event.kind]}


_Key = tuple[str, tuple[str, ...], tuple[type, ...]]
_Pick = Callable[[Mapping[str, Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """What lines of one spelling become, and which of their values are numbers and texts."""

    make: Callable[..., Event]
    numbers: _Pick
    texts: tuple[str, ...]
    pick_texts: _Pick
    counts: bool


# There are no more than kinds and int-or-float choices allow.
_SPELLINGS: dict[_Key, _Spelling] = {}


def from_fields(kind: str, fields: dict[str, Any], told: dict[str, str] | None = None) -> Event:
    """An event from its journal line; JournalError where a field is missing, or is not what it has to be.

    `told` is where texts that come again are kept once: names of calls and patients stand in many lines.
    """
    key = (kind, tuple(fields), tuple(map(type, fields.values())))
    spelling = _SPELLINGS.get(key)
    if spelling is None:
        return _first_of_its_spelling(key, fields)
    if max(spelling.numbers(fields)) >= _INT_END:
        raise JournalError(f"event {kind!r} holds a number of more than 64 bits: {fields}"[:200])
    if spelling.counts:
        _check_counts(kind, fields)
    if told is not None:
        texts = spelling.pick_texts(fields)
        fields.update(zip(spelling.texts, map(told.setdefault, texts, texts), strict=False))
    return spelling.make(*fields.values())


def _first_of_its_spelling(key: _Key, fields: dict[str, Any]) -> Event:
    kind, names, found = key
    event = _checked(kind, fields)
    if names == tuple(name for name, _ in _FIELDS[kind]) and list not in found:
        texts = tuple(name for name, of in zip(names, found, strict=True) if of is str)
        numbers = tuple(name for name, of in zip(names, found, strict=True) if of is int)
        _SPELLINGS[key] = _Spelling(
            quickly(KINDS[kind]), _picked(numbers), texts, _picked(texts), "transitions" in names
        )
    return event


def _picked(names: tuple[str, ...]) -> _Pick:
    """Values by these names; twice the one that is alone, and 0 where there is none: there has to be one."""
    if not names:
        return lambda _: (0,)
    return typing.cast("_Pick", itemgetter(*names, names[0]))


def _checked(kind: str, fields: dict[str, Any]) -> Event:
    cls = KINDS.get(kind)
    if cls is None:
        raise JournalError(f"unknown event kind {kind!r}: this journal was written by another version")
    expected = _FIELDS[kind]
    if not {name for name, _ in expected} - _SINCE[kind] <= set(fields) <= {name for name, _ in expected}:
        raise JournalError(f"event {kind!r} has the fields {sorted(fields)}, which are not its own")
    for name, type_ in expected:
        if name in fields:
            _check_value(kind, name, fields[name], type_)
    if "transitions" in fields:
        _check_counts(kind, fields)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return cls(**values)


def _check_value(kind: str, name: str, value: object, type_: type | types.UnionType) -> None:
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        raise JournalError(f"event {kind!r}: field {name!r} is {value!r}, which is not a {type_}")
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        raise JournalError(f"event {kind!r}: field {name!r} is {value!r}, no list of texts")
    if isinstance(value, int) and value >= _INT_END:
        raise JournalError(f"event {kind!r}: field {name!r} is {value}, a number of more than 64 bits")


def _check_counts(kind: str, fields: Mapping[str, Any]) -> None:
    moves = fields["transitions"]
    if not _counts(moves):
        raise JournalError(f"event {kind!r}: field 'transitions' is {moves[:80]!r}: no counters")


@functools.lru_cache(maxsize=1024)
def _counts(text: str) -> bool:
    """Whether a breaker's transitions are nothing, or an object of whole numbers."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and all(type(number) is int for number in found.values())
