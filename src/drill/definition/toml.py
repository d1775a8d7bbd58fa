"""TOML with line numbers. tomllib keeps none, so keys and headers are located in the text: good enough to
point a reader at the line, and what cannot be located falls back to the line of what holds it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from drill.definition.reader import Node
from drill.model.errors import DefinitionError

Path = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ENTRY = re.compile(rf"\s*({_DOTTED})\s*=")


def parse_toml(text: str, file: str) -> Node:
    """The whole file as located nodes; DefinitionError with file:line when it is not TOML."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        said = str(error).split(" (at ")[0]
        raise DefinitionError(f"{file}:{line}: is not TOML: {said}; write key = value lines") from error
    return _node(value, _locate(text), (), 1)


def _node(value: Any, lines: dict[Path, int], path: Path, above: int) -> Node:
    line = lines.get(path, above)
    if isinstance(value, dict):
        return Node({k: _node(v, lines, (*path, k), line) for k, v in value.items()}, line)
    if isinstance(value, list):
        return Node([_node(v, lines, (*path, n), line) for n, v in enumerate(value)], line)
    return Node(value, line)


def _locate(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {}
    last: dict[Path, int] = {}  # array of tables -> index of its newest member
    prefix: Path = ()
    quoted = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not quoted and (header := _HEADER.match(line)):
            prefix = _enter(header[2], header[1] == "[[", last)
            _note(lines, prefix, number)
        elif not quoted and (entry := _ENTRY.match(line)):
            _note(lines, (*prefix, *_split(entry[1])), number)
        quoted ^= bool((line.count('"""') + line.count("'''")) % 2)
    return lines


def _enter(dotted: str, array: bool, last: dict[Path, int]) -> Path:
    path: Path = ()
    parts = _split(dotted)
    for n, part in enumerate(parts, start=1):
        path = (*path, part)
        if array and n == len(parts):
            last[path] = last.get(path, -1) + 1
        if path in last:
            path = (*path, last[path])
    return path


def _note(lines: dict[Path, int], path: Path, number: int) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], number)


def _split(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]
