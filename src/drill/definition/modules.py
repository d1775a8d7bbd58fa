"""Whether an experiment's Python function is there, found out without importing anything.

Importing would run the code of chaos extensions while a file is merely checked; source files are looked
up and parsed instead.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def lacks(module: str, function: str) -> str:
    """What is missing of `module.function`, as a sentence; "" when it is there or cannot be known."""
    source, missing = _source(module)
    if missing:
        return f"there is no Python module {missing!r} here; correct the name or install what brings it"
    names = _names(source) if source is not None else None
    if names is None or function in names:
        return ""
    return f"the module {module!r} has no function {function!r}; its functions are {_public(names)}"


def _source(module: str) -> tuple[Path | None, str]:
    """The module's source file, or the first dotted name that does not exist; (None, "") when opaque."""
    top, *rest = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return None, top
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    file = Path(spec.origin) if spec.origin else None
    for depth, part in enumerate(rest, start=2):
        file, places = _below(places, part)
        if file is None and not places:
            return None, ".".join(module.split(".")[:depth])
    return (file if file is not None and file.suffix == ".py" else None), ""


def _below(places: list[Path], part: str) -> tuple[Path | None, list[Path]]:
    for place in places:
        if (place / part / "__init__.py").is_file():
            return place / part / "__init__.py", [place / part]
        compiled = next(iter(sorted(place.glob(f"{part}.*so"))), None)
        for file in (place / f"{part}.py", compiled):
            if file is not None and file.is_file():
                return file, []
    return None, [place / part for place in places if (place / part).is_dir()]


@cache
def _names(source: Path) -> frozenset[str] | None:
    """Names bound at a module's top level; None when they cannot be known from its text."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for statement in tree.body:
        bound = _bound(statement)
        if bound is None:
            return None
        names |= bound
    return frozenset(names)


def _bound(statement: ast.stmt) -> set[str] | None:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = {alias.asname or alias.name for alias in statement.names}
        return None if "*" in names else names
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return None if isinstance(statement, ast.If | ast.Try) else set()


def _public(names: frozenset[str]) -> str:
    return ", ".join(sorted(name for name in names if not name.startswith("_"))) or "none"
