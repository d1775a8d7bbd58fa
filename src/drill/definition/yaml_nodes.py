"""YAML with line numbers: composed nodes of the safe loader, never a Python object made from a tag.

Stricter than YAML where it hides a mistake: a key given twice is refused instead of the last one winning,
and what JSON cannot hold (dates, sets) has to be written in quotes.
"""

from __future__ import annotations

import math

import yaml

from drill.definition.reader import Node
from drill.model.errors import DefinitionError

NODES_MAX = 50_000  # aliases multiply: ten lines can stand for a billion nodes


def parse_yaml(text: str, file: str) -> Node:
    """The one document of a file as located nodes; DefinitionError with file:line for what is not YAML."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            return Node(None, 1) if root is None else _Locator(loader, file).node(root, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise DefinitionError(f"{file}:{line}: is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DefinitionError(f"{file}:1: is not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise DefinitionError(f"{file}:1: is nested too deeply to be meant; write it flatter") from error


class _Locator:
    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader, self._file, self._count = loader, file, 0

    def node(self, node: yaml.Node, above: tuple[int, ...], line: int = 0) -> Node:
        line = line or node.start_mark.line + 1
        self._count += 1
        if id(node) in above:
            raise self._mistake(line, "an alias holds itself; write the value out")
        if self._count > NODES_MAX:
            raise self._mistake(line, f"holds more than {NODES_MAX} values, counting aliases; write less")
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, (*above, id(node))), line)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.node(child, (*above, id(node))) for child in node.value], line)
        return Node(self._scalar(node, line), line)

    def _mapping(self, node: yaml.MappingNode, above: tuple[int, ...]) -> dict[str, Node]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise self._mistake(line, "a key is not text; write it in quotes")
            if key.value in first:
                said = f"the key {key.value!r} is there already, in line {first[key.value]}; keep one of them"
                raise self._mistake(line, said)
            first[key.value] = line
        self._loader.flatten_mapping(node)
        return {self._key(k): self.node(v, above, k.start_mark.line + 1) for k, v in node.value}

    def _key(self, key: yaml.Node) -> str:
        line = key.start_mark.line + 1
        name = self._scalar(key, line) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise self._mistake(line, "a key is not text; write it in quotes")
        return name

    def _scalar(self, node: yaml.Node, line: int) -> str | int | float | bool | None:
        try:
            value: object = self._loader.construct_object(node)
        except ValueError as error:
            raise self._mistake(line, f"{node.value!r} cannot be ({error}); write it in quotes") from error
        finite = not isinstance(value, float) or math.isfinite(value)
        if finite and (value is None or isinstance(value, str | int | float | bool)):
            return value
        raise self._mistake(line, f"{node.value!r} is neither text nor a plain number; write it in quotes")

    def _mistake(self, line: int, text: str) -> DefinitionError:
        return DefinitionError(f"{self._file}:{line}: {text}")
