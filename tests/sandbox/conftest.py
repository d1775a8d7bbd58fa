"""A sandbox shared by the tests of one module, on a loopback net of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drill.embedded import SandboxOptions, sandbox

# Drills for the tests to run; our own pytest plugin would conduct them as they stand.
SHARED = 98
collect_ignore = [
    "all-at-once.yaml",
    "fast.yaml",
    "restore-fast.yaml",
    "service-fast.yaml",
    "voice-fast.yaml",
    "zone-fast.yaml",
]


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Target file of a running sandbox; a module that wants a net of its own names its INSTANCE."""
    instance, state = getattr(request.module, "INSTANCE", SHARED), tmp_path_factory.mktemp("sandbox")
    with sandbox(SandboxOptions(instance=instance, state=state, profile="lite")) as target:
        yield target
