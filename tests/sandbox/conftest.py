"""A sandbox shared by the tests of one module, on a loopback net of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.embedded import SandboxOptions, sandbox

# A drill for tests/sandbox/test_drill.py to run; our own pytest plugin would conduct it as it stands.
collect_ignore = ["fast.yaml"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Target file of a running sandbox."""
    state = tmp_path_factory.mktemp("sandbox")
    with sandbox(SandboxOptions(instance=71, state=state)) as target:
        yield target
