"""What a file may say, as tables: the loader, the JSON Schema and the reference pages all read them.

A table is a list of keys; a key has a kind, a meaning and an example. Because nothing else states what is
allowed, an editor that validates by the schema and the loader that refuses cannot come apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A single value.

    Attributes:
        name: what a reader calls it, such as `duration`.
        parse: the value inside from the value as written; its ValueError says what to write instead.
        schema: the same rule as JSON Schema.
    """

    name: str
    parse: Callable[[object], Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose members are all alike; `least` of them have to be there."""

    item: Kind | Table
    least: int = 0


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names, which `key` checks, to members that are all alike."""

    key: Kind
    item: Kind | Table | ListOf


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table: what it holds, what it means, and how it looks."""

    name: str
    shape: Kind | ListOf | MapOf | Table
    meaning: str
    example: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with known keys; `least` of the optional ones have to be there."""

    name: str
    meaning: str
    keys: tuple[Key, ...]
    least: int = 0

    def find(self, name: str) -> Key | None:
        """The key of that name."""
        return next((key for key in self.keys if key.name == name), None)
