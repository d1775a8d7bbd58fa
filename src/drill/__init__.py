"""Chaos and disaster-recovery drills for voice platforms whose green can be believed."""

from __future__ import annotations

from typing import Any

__all__ = ["discover"]


def discover(discover_system: bool = True) -> Any:  # Chaos Toolkit's own signature
    """Entry of `chaos discover drill`; loaded only when asked for."""
    from drill.toolkit import discover as found

    return found(discover_system)
