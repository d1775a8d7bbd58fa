"""Before a run's folder is written: no file that goes into it holds a secret that is known by value."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drill.model.errors import DefinitionError
from drill.model.plan import Plan, to_json
from drill.model.target import Target
from drill.redact import HIDDEN, SECRET_NAMES, Redactor
from drill.target import redactor_of


def secret_names(experiment: str) -> tuple[str, ...]:
    """Variables of the environment from which an experiment (JSON) takes its secrets."""
    groups: dict[str, Any] = json.loads(experiment).get("secrets") or {}
    entries = [each for group in groups.values() if isinstance(group, dict) for each in group.values()]
    return tuple(sorted({str(e["key"]) for e in entries if isinstance(e, dict) and "key" in e}))


def with_names(environ: Mapping[str, str], experiment: str) -> dict[str, str]:
    """The environment, with the experiment's secrets named beside those that are named already."""
    names = {*environ.get(SECRET_NAMES, "").split(","), *secret_names(experiment)} - {""}
    return {**environ, SECRET_NAMES: ",".join(sorted(names))}


def refuse_secrets(plan: Plan, target: Target, environ: Mapping[str, str] = os.environ) -> None:
    """DefinitionError for each line of the target file, and for a plan, that holds such a secret."""
    redactor = redactor_of(target, environ)
    mistakes = [f"{target.file}:{line}: holds {_SAID}" for line in _lines(target.file, redactor)]
    if redactor.clean(to_json(plan)) != to_json(plan):
        mistakes.append(f"{plan.drill}: the drill or its experiment holds {_SAID}")
    if mistakes:
        raise DefinitionError(mistakes)


_SAID = (
    "the value of a secret of the environment or of the store's password file, "
    "and would be copied into every run; take it out"
)


def _lines(file: Path, redactor: Redactor) -> Iterator[int]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if HIDDEN in redactor.clean(line) and HIDDEN not in line:
            yield number
