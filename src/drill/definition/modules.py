"""Whether an experiment's Python function is there, found out without importing anything.

Importing would run the code of chaos extensions while a file is merely checked; source files are looked
up and parsed instead.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
# Chaos Toolkit gives these itself.
_FILLED_IN = frozenset({"configuration", "secrets"})


@dataclass(frozen=True, slots=True)
class Signature:
    """Names of a function's arguments, and of those that it cannot do without."""

    names: frozenset[str]
    needed: frozenset[str]


def lacks(module: str, function: str) -> str:
    """What is missing of `module.function`, as a sentence; "" when it is there or cannot be known."""
    source, missing = _source(module)
    if missing:
        return f"there is no Python module {missing!r} here; correct the name or install what brings it"
    tree = _tree(source) if source is not None else None
    names = _names(tree) if tree is not None else None
    if tree is None or names is None or function in names:
        return ""
    return f"the module {module!r} has no function {function!r}; its functions are {_public(tree)}"


def signature(module: str, function: str) -> Signature | None:
    """What a function takes; None where its text does not tell: it is wrapped, say, or takes anything."""
    source, _ = _source(module)
    tree = _tree(source) if source is not None else None
    found = [each for each in tree.body if _is(each, function)] if tree is not None else []
    if len(found) != 1 or not isinstance(found[0], _FUNCTION) or found[0].decorator_list:
        return None
    takes = found[0].args
    if takes.kwarg is not None or takes.vararg is not None or takes.posonlyargs:
        return None
    plain, only = [each.arg for each in takes.args], [each.arg for each in takes.kwonlyargs]
    needed = plain[: len(plain) - len(takes.defaults)]
    needed += [name for name, default in zip(only, takes.kw_defaults, strict=True) if default is None]
    return Signature(frozenset([*plain, *only]) - _FILLED_IN, frozenset(needed) - _FILLED_IN)


def _is(statement: ast.stmt, function: str) -> bool:
    return isinstance(statement, _FUNCTION) and statement.name == function


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
def _tree(source: Path) -> ast.Module | None:
    try:
        return ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def _names(tree: ast.Module) -> frozenset[str] | None:
    """Names bound at a module's top level; None when they cannot be known from its text."""
    names: set[str] = set()
    for statement in tree.body:
        bound = _bound(statement)
        if bound is None:
            return None
        names |= bound
    return frozenset(names)


def _bound(statement: ast.stmt) -> set[str] | None:
    if isinstance(statement, _FUNCTION):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = {alias.asname or alias.name for alias in statement.names}
        return None if "*" in names else names
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return None if isinstance(statement, ast.If | ast.Try) else set()


def _public(tree: ast.Module) -> str:
    """The functions that a module defines; all its names where it only passes on what others define."""
    own = {each.name for each in tree.body if isinstance(each, _FUNCTION)}
    names = own or _names(tree) or set()
    return ", ".join(sorted(name for name in names if not name.startswith("_"))) or "none"
