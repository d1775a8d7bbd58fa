"""Chaos Toolkit both ways: `drill` as an extension of it, and a runner that drives it.

As an extension: actions and probes that plain experiment files name; `chaos discover drill`
lists them. As a runner: `python -m drill.toolkit.runner` conducts one experiment in a process
of its own and writes what really happened to the journal.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["discover"]


def discover(discover_system: bool = True) -> Any:  # Chaos Toolkit's own signature
    """What this extension offers, in Chaos Toolkit's terms."""
    from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result

    found = initialize_discovery_result("drill", __version__, "drill")
    found["activities"].extend(discover_actions("drill.toolkit.actions"))
    found["activities"].extend(discover_probes("drill.toolkit.probes"))
    if discover_system:
        found["system"] = None
    return found
