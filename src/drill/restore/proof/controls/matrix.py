"""Damage x check: which check saw which damage, which was asked and saw nothing, which was not asked."""

from __future__ import annotations

from collections.abc import Sequence

from drill.model.restore import Control

RED, GREEN, NOT_ASKED = "red", "green", ""


def matrix(controls: Sequence[Control]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Names of the checks that were asked at all, and for each control a row of cells under them."""
    checks = tuple(dict.fromkeys(name for control in controls for name in control.ran))
    return checks, tuple(tuple(_cell(control, name) for name in checks) for control in controls)


def _cell(control: Control, check: str) -> str:
    if check not in control.ran:
        return NOT_ASKED
    return RED if check in control.red else GREEN
