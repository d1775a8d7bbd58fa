"""pytest's way in: small, so that pytest starts no slower where no drill is collected.

Options are declared here; the body is loaded the first time a drill file is collected.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `pytest drills/`."""
    group = parser.getgroup("drill", "chaos and disaster-recovery drills")
    group.addoption("--drill-target", default=None, help="name of a target in drill.toml")
    group.addoption("--drill-target-file", default=None, help="target file instead of ./drill.toml")
    group.addoption("--drill-seed", type=int, default=None, help="seed of the arrivals")
    group.addoption("--drill-sham", action="store_true", help="everything but the fault; must end UNKNOWN")
    group.addoption("--drill-runs", default="runs", help="folder for the runs")
    group.addoption(
        "--drill-replay", default=None, metavar="RUN", help="judge this stored run, conduct nothing"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect `*.yaml` files that are drill files: they begin with the key `drill:`."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    with file_path.open(encoding="utf-8", errors="replace") as file:
        if not any(line.startswith("drill:") for line in file):
            return None
    from drill.pytest_plugin import DrillFile  # only once there is a drill

    return DrillFile.from_parent(parent, path=file_path)
