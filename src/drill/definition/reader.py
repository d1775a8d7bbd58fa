"""From a located tree to checked values, collecting every mistake on the way instead of stopping at one.

Somebody who fixes a file wants the whole list. What cannot be read is left out of its section, so that
later checks run on what is there and say nothing about what is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from drill.definition.keys import Key, Kind, ListOf, MapOf, Table
from drill.model.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Node:
    """A value as written: a scalar, a list of nodes or a mapping of nodes, and its line (its key's)."""

    value: Any
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """What could be read of a table: values by key, and the line of each."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a key, or the default when it is absent or was refused."""
        return self.values.get(name, default)

    def section(self, name: str) -> Section:
        """A table below; an empty one stands for what is not there."""
        return self.values.get(name) or Section(self.line)

    def line_of(self, name: str) -> int:
        """Where the key stands, or the table when it does not."""
        return self.lines.get(name, self.line)


class Reader:
    """Reads one file against its tables; `mistakes` grows, `raise_if_any` ends it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._mistakes: list[tuple[int, str]] = []

    def mistake(self, line: int, text: str) -> None:
        """Note what is wrong in a line, and what to write instead."""
        self._mistakes.append((line, text))

    @property
    def mistakes(self) -> list[str]:
        """Everything noted so far, from the top of the file down."""
        return [f"{self.file}:{line}: {text}" for line, text in sorted(self._mistakes, key=lambda m: m[0])]

    def raise_if_any(self) -> None:
        """DefinitionError with all mistakes, when there is one."""
        if self._mistakes:
            raise DefinitionError(self.mistakes)

    def table(self, table: Table, node: Node, path: str = "") -> Section:
        """Check a mapping against a table."""
        section = Section(node.line)
        if not isinstance(node.value, dict):
            self.mistake(node.line, f"{path or table.name} has to hold keys; write {_known(table)} below it")
            return section
        for name, child in node.value.items():
            self._entry(table, section, name, child, path)
        self._missing(table, node, path)
        return section

    def _entry(self, table: Table, section: Section, name: str, child: Node, path: str) -> None:
        key = table.find(name)
        if key is None:
            where = f" in {path}" if path else ""
            self.mistake(
                child.line, f"unknown key {name!r}{where}; {nearest(name, (k.name for k in table.keys))}"
            )
            return
        section.lines[name] = child.line
        value = self.read(key.shape, child, f"{path}.{name}" if path else name)
        if value is not None:
            section.values[name] = value

    def _missing(self, table: Table, node: Node, path: str) -> None:
        for key in table.keys:
            if key.required and key.name not in node.value:
                self.mistake(
                    node.line, f"{path or table.name} lacks the key {key.name!r}; write {_example(key)}"
                )
        if (
            table.least
            and sum(key.name in node.value for key in table.keys if not key.required) < table.least
        ):
            self.mistake(node.line, f"{path or table.name} asks for nothing; write one of {_known(table)}")

    def read(self, shape: Kind | ListOf | MapOf | Table, node: Node, path: str) -> Any:
        """Check a value against what may stand there; None when it is not that."""
        if isinstance(shape, Table):
            return self.table(shape, node, path)
        if isinstance(shape, ListOf):
            return self._list(shape, node, path)
        if isinstance(shape, MapOf):
            return self._map(shape, node, path)
        return self._value(shape, node, path)

    def _value(self, kind: Kind, node: Node, path: str) -> Any:
        if isinstance(node.value, dict | list):
            self.mistake(node.line, f"{path}: a {kind.name} stands here; write a single value")
            return None
        try:
            return kind.parse(node.value)
        except ValueError as error:
            self.mistake(node.line, f"{path}: {error}")
            return None

    def _list(self, shape: ListOf, node: Node, path: str) -> list[Any] | None:
        if not isinstance(node.value, list):
            self.mistake(node.line, f"{path}: is not a list; write it as a list, even of one")
            return None
        if len(node.value) < shape.least:
            self.mistake(node.line, f"{path}: is empty; write at least {shape.least}")
        read = [self.read(shape.item, child, f"{path}[{n}]") for n, child in enumerate(node.value)]
        return [value for value in read if value is not None]

    def _map(self, shape: MapOf, node: Node, path: str) -> dict[str, Any] | None:
        if not isinstance(node.value, dict):
            self.mistake(node.line, f"{path}: names have to stand below it; write {path}: and a name")
            return None
        for name, child in node.value.items():
            self._value(shape.key, Node(name, child.line), path)
        return {name: self.read(shape.item, child, f"{path}.{name}") for name, child in node.value.items()}


def nearest(name: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown word: the nearest known one, or all of them."""
    words = sorted(known)
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(words)}"


def _known(table: Table) -> str:
    return ", ".join(key.name for key in table.keys)


def _example(key: Key) -> str:
    return key.example or f"{key.name} and what belongs below it"
