"""Whether everything that an OSCAL document points to is there: its schema does not say.

A finding may name an observation that does not exist and still be valid by the schema, and by trestle. So
each `...-uuid` and each `#...` has to be the `uuid` of something in the same document, of the kind that is
meant there; and no two things may have one name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# What each pointer has to lead to, by the name of the list that holds it.
POINTERS = {
    "observation-uuid": "observations",
    "risk-uuid": "risks",
    "finding-uuid": "findings",
    "party-uuids": "parties",
    "actor-uuid": "parties",
    "task-uuid": "tasks",
}
ROLE = "role-id"


def dangling(document: Any) -> list[str]:
    """Every pointer that leads nowhere, to the wrong kind or to two places; [] when all is well."""
    named = list(_named(document, ""))
    kinds: dict[str, str] = {}
    found = []
    for kind, name in named:
        if name in kinds:
            found.append(f"{name} is the name of two things: {kinds[name]} and {kind}")
        kinds[name] = kind
    for where, key, name in _pointers(document, ""):
        wanted = POINTERS.get(key, "resources" if key == "href" else "roles" if key == ROLE else "")
        if not wanted:
            found.append(f"{where}: nothing is known of pointers called {key!r}")
        elif kinds.get(name) != wanted:
            found.append(
                f"{where}: {key} {name} is {kinds.get(name, 'not in this document')}, not in {wanted}"
            )
    return found


def _named(value: Any, kind: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("uuid"), str):
            yield kind, value["uuid"]
        elif kind == "roles" and isinstance(value.get("id"), str):
            yield kind, value["id"]
        for key, child in value.items():
            yield from _named(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from _named(child, kind)


def _pointers(value: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Where it stands, what it is called, and what it names."""
    if isinstance(value, list):
        for n, child in enumerate(value):
            yield from _pointers(child, f"{where}[{n}]")
    elif isinstance(value, dict):
        for key, child in value.items():
            if key.endswith(("-uuid", "-uuids")) or key == ROLE:
                yield from ((where, key, name) for name in (child if isinstance(child, list) else [child]))
            elif key == "href" and isinstance(child, str) and child.startswith("#"):
                yield where, key, child[1:]
            else:
                yield from _pointers(child, f"{where}.{key}".lstrip("."))
