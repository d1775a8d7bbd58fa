"""Drills by name, by path or by suite. `suites.yaml` beside the drills names lists of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from drill.definition.keys import ListOf, MapOf
from drill.definition.kinds import NAME
from drill.definition.load import read_text
from drill.definition.reader import Reader, nearest
from drill.definition.yaml_nodes import parse_yaml
from drill.model.errors import DefinitionError

SUITES_FILE = "suites.yaml"
_SUITES = MapOf(NAME, ListOf(NAME, least=1))


def all_drills(folder: Path) -> list[Path]:
    """Every drill file of a folder, by name; DefinitionError when there is none."""
    found = sorted(path for path in folder.glob("*.yaml") if path.name != SUITES_FILE)
    if not found:
        raise DefinitionError(f"{folder}: holds no drill file; name another folder, or run `drill init DIR`")
    return found


def read_suites(folder: Path) -> dict[str, list[str]]:
    """The suites of a folder; DefinitionError for one that names a drill that is not there."""
    file = folder / SUITES_FILE
    if not file.is_file():
        return {}
    reader = Reader(str(file))
    root = parse_yaml(read_text(file, "suites file"), str(file))
    suites: dict[str, list[str]] = reader.read(_SUITES, root, "suites") or {}
    known = {path.stem for path in folder.glob("*.yaml")} - {file.stem}
    for suite, names in suites.items():
        for name in sorted(set(names or ()) - known):
            said = f"{suite}: there is no drill {name!r} in {folder}; {nearest(name, known)}"
            reader.mistake(root.value[suite].line, said)
    reader.raise_if_any()
    return suites


def expand(names: Iterable[str], folder: Path) -> list[Path]:
    """The files that are meant, each once, in order: a path, a suite's name or a drill's name."""
    suites, found, mistakes = read_suites(folder), [], []
    for name in names:
        files = [folder / f"{drill}.yaml" for drill in suites.get(name, ())] or [_one(name, folder)]
        for file in files:
            if file.is_file():
                found.append(file)
            else:
                known = {*suites, *(p.stem for p in folder.glob("*.yaml") if p.name != SUITES_FILE)}
                mistakes.append(f"there is no drill or suite {name!r} in {folder}; {nearest(name, known)}")
    if mistakes:
        raise DefinitionError(mistakes)
    return list(dict.fromkeys(found))


def one(name: str, folder: Path) -> Path:
    """The file of one drill, by path or name; DefinitionError for a suite that no drill is called as."""
    suites, file = read_suites(folder), _one(name, folder)
    if name in suites and not file.is_file():
        said = f"{name!r} is a suite, and one drill is wanted here; name one of {', '.join(suites[name])}"
        raise DefinitionError(said)
    return file if name in suites else expand([name], folder)[0]


def _one(name: str, folder: Path) -> Path:
    return Path(name) if Path(name).suffix or "/" in name else folder / f"{name}.yaml"
