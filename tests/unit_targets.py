"""A target made by hand, for tests that only look at its values."""

from __future__ import annotations

from pathlib import Path

from drill.model.target import Target, Zone

ZONES = tuple(
    Zone(name, f"http://127.0.0.1/{name}/health", f"http://127.0.0.1/{name}/metrics") for name in "abc"
)
TARGET = Target(
    "here", "staging", "", "ws://127.0.0.1/media", ZONES, None, None, None, "d" * 64, Path("t.toml")
)
