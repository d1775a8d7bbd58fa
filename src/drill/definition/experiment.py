"""A Chaos Toolkit experiment as a drill needs it: with a method that acts, and rollbacks that undo it.

Chaos Toolkit judges its own file when it runs; here is refused only what would make a drill of it
meaningless or unsafe, before anything is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drill.definition.modules import Signature, lacks, signature
from drill.definition.needs import ACTIONS
from drill.definition.reader import Node, Reader, nearest
from drill.definition.words import WORDS

HOLD = "hold_s"
_KINDS = ("action", "probe")
_PROVIDERS = ("python", "process", "http")


def check_experiment(reader: Reader, root: Node) -> None:
    """Note every mistake of an experiment."""
    if not isinstance(root.value, dict):
        reader.mistake(root.line, "is not an experiment; write title, description, method and rollbacks")
        return
    for name in ("title", "description"):
        if name not in root.value:
            reader.mistake(root.line, f"the experiment lacks the key {name!r}; write {name}: and some text")
    _configuration(reader, root)
    method = _activities(reader, root, "method", "what injects the fault")
    _activities(reader, root, "rollbacks", "what undoes the method, so that no fault is left behind")
    if method and all(_text(activity, "type") == "probe" for activity in method):
        reader.mistake(root.value["method"].line, "the method only looks; write an action that injects")
    _hypothesis(reader, root)


def plain(node: Node) -> Any:
    """The value without its lines."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.value.items()}
    return [plain(child) for child in node.value] if isinstance(node.value, list) else node.value


def _configuration(reader: Reader, root: Node) -> None:
    node = root.value.get("configuration")
    if node is None or not isinstance(node.value, dict) or HOLD not in node.value:
        reader.mistake(
            node.line if node else root.line,
            f"the experiment has no configuration {HOLD!r}, by which a drill sets how long its fault holds; "
            f"write configuration: {{{HOLD}: 30}} and ${{{HOLD}}} where it is used",
        )


def _activities(reader: Reader, root: Node, name: str, holds: str) -> list[Node]:
    node = root.value.get(name)
    if node is None or not isinstance(node.value, list) or not node.value:
        reader.mistake(node.line if node else root.line, f"the experiment has no {name}; write {holds}")
        return []
    for activity in node.value:
        _activity(reader, activity, name)
    return list(node.value)


def _hypothesis(reader: Reader, root: Node) -> None:
    node = root.value.get("steady-state-hypothesis")
    probes = node.value.get("probes") if node is not None and isinstance(node.value, dict) else None
    for probe in probes.value if probes is not None and isinstance(probes.value, list) else ():
        _activity(reader, probe, "steady-state-hypothesis")


def _activity(reader: Reader, node: Node, where: str) -> None:
    if not isinstance(node.value, dict):
        reader.mistake(node.line, f"{where}: an activity has keys; write type, name and provider")
        return
    if "ref" in node.value:
        return
    kind, name = _text(node, "type"), _text(node, "name")
    if kind not in _KINDS:
        reader.mistake(
            _line(node, "type"), f"{where}: {kind!r} is no type of activity; write action or probe"
        )
    if not name:
        reader.mistake(node.line, f"{where}: an activity has no name; write name: and what it does")
    provider = node.value.get("provider")
    if provider is None or not isinstance(provider.value, dict):
        reader.mistake(node.line, f"{where}: {name!r} has no provider; write provider: and its type")
        return
    _provider(reader, provider, f"{where}: {name!r}")


def _provider(reader: Reader, node: Node, what: str) -> None:
    kind = _text(node, "type")
    if kind not in _PROVIDERS:
        said = f"{what}: unknown provider type {kind!r}; {nearest(kind, _PROVIDERS)}"
        reader.mistake(_line(node, "type"), said)
    if kind != "python":
        return
    module, function = _text(node, "module"), _text(node, "func")
    if not module or not function:
        reader.mistake(node.line, f"{what}: a Python provider lacks module or func; write both")
    elif missing := lacks(module, function):
        reader.mistake(_line(node, "module"), f"{what}: {missing}")
    else:
        _arguments(reader, node, f"{what}: {function}", signature(module, function))
        _words(reader, node, f"{what}: {function}", WORDS.get(function, {}) if module == ACTIONS else {})


def _arguments(reader: Reader, provider: Node, what: str, takes: Signature | None) -> None:
    """Chaos Toolkit would refuse these only once the load is up."""
    if takes is None:
        return
    given = _given(provider)
    for name, node in given.items():
        if name not in takes.names:
            known = nearest(name, takes.names) if takes.names else "it takes none"
            reader.mistake(node.line, f"{what} takes no argument {name!r}; {known}")
    for name in sorted(takes.needed - set(given)):
        line = _line(provider, "arguments")
        reader.mistake(line, f"{what} needs the argument {name!r}; write it below arguments:")


def _words(reader: Reader, provider: Node, what: str, known: Mapping[str, tuple[str, ...]]) -> None:
    """What stands in the configuration (`${name}`) is not known yet."""
    for name, node in _given(provider).items():
        words = known.get(name, ())
        if words and node.value not in words and not str(node.value).startswith("${"):
            reader.mistake(
                node.line, f"{what} knows no {name} {node.value!r}; {nearest(str(node.value), words)}"
            )


def _given(provider: Node) -> dict[str, Node]:
    """The arguments that a provider names."""
    node = provider.value.get("arguments")
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _text(node: Node, name: str) -> str:
    child = node.value.get(name) if isinstance(node.value, dict) else None
    return child.value if child is not None and isinstance(child.value, str) else ""


def _line(node: Node, name: str) -> int:
    child: Node | None = node.value.get(name)
    return child.line if child is not None else node.line
