"""Secrets that stand in an experiment, or would stand in a list of processes: both are refused.

An experiment is copied into every run of it. What it needs to keep to itself stays in the environment, and is
named: `secrets: {api: {token: {type: env, key: API_TOKEN}}}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from drill.definition.reader import Node, Reader
from drill.redact import secretish, signs

_INSTEAD = "write {type: env, key: NAME}, and the value into that variable"


def check_secrets(reader: Reader, root: Node, text: str) -> None:
    """Note every secret of an experiment, at its line; `text` is the file's."""
    found = dict(signs(text))
    found |= {node.line: f"the value of {name}" for name, node in _inline(root)}
    for line, what in sorted(found.items()):
        reader.mistake(line, f"{what} stands in the experiment, which is copied into every run; {_INSTEAD}")
    names = set(_declared(root))
    for section in ("method", "rollbacks", "steady-state-hypothesis"):
        for node in _processes(root.value.get(section)):
            _arguments(reader, node, names)


def _entries(root: Node) -> Iterator[tuple[str, Node]]:
    """Every secret by name, groups opened."""
    groups = root.value.get("secrets") if isinstance(root.value, dict) else None
    for group in groups.value.values() if groups is not None and isinstance(groups.value, dict) else ():
        if isinstance(group.value, dict):
            yield from group.value.items()


def _declared(root: Node) -> Iterator[str]:
    yield from (name for name, _ in _entries(root))


def _inline(root: Node) -> Iterator[tuple[str, Node]]:
    """Secrets that are written out, and configuration or headers whose name says that they are one."""
    for name, entry in _entries(root):
        if not isinstance(entry.value, dict) or "type" not in entry.value:
            yield name, entry
        elif "default" in entry.value:
            yield f"{name}.default", entry.value["default"]
    for section, node in root.value.items():
        if section != "secrets":
            yield from _named(node)


def _named(node: Node) -> Iterator[tuple[str, Node]]:
    children = node.value if isinstance(node.value, list) else []
    for name, child in node.value.items() if isinstance(node.value, dict) else ():
        plain = isinstance(child.value, str | int | float)
        if secretish(name) and plain and "${" not in str(child.value):
            yield name, child
        else:
            yield from _named(child)
    for child in children:
        yield from _named(child)


def _processes(node: Node | None) -> Iterator[Node]:
    """Providers that start a process."""
    if node is None:
        return
    if isinstance(node.value, dict) and _said(node, "type") == "process":
        yield node
    below = node.value.values() if isinstance(node.value, dict) else node.value
    for child in below if isinstance(node.value, dict | list) else ():
        yield from _processes(child)


def _arguments(reader: Reader, provider: Node, names: set[str]) -> None:
    for key in ("path", "arguments"):
        for line, text in _texts(provider.value.get(key)):
            for name in sorted(names):
                if f"${{{name}}}" in text:
                    said = f"the secret {name} would stand in the list of processes"
                    reader.mistake(line, f"{said}; let the process read it from its environment")


def _texts(node: Node | None) -> Iterator[tuple[int, str]]:
    if node is None:
        return
    if isinstance(node.value, str):
        yield node.line, node.value
    below = node.value.values() if isinstance(node.value, dict) else node.value
    for child in below if isinstance(node.value, dict | list) else ():
        yield from _texts(child)


def _said(node: Node, name: str) -> str:
    child = node.value.get(name) if isinstance(node.value, dict) else None
    return child.value if child is not None and isinstance(child.value, str) else ""
