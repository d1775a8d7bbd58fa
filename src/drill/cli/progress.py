"""What a person sees while a drill runs: one line, repainted on a terminal, sparse in a log."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live as Painted
from rich.text import Text

from drill.conduct.live import Live
from drill.conduct.run import Progress

LOG_EVERY_S = 10.0


def line(progress: Progress) -> str:
    """Phase, what is left of it at most, calls up, breach share, and what the platform is doing."""
    live = progress.live
    away = f"   away {len(live.away)}" if live.redials else ""
    return (
        f"{progress.phase:<9} {progress.left_s:5.0f} s left   calls {len(live.calls):3d}   "
        f"in breach {live.breach_share():4.0%}   dropped {live.dropped}{away}   turns {live.turns}   "
        f"{platform(live)}"
    )


def platform(live: Live) -> str:
    """Zones that the edge leaves out and the zone of the primary, where these are watched; and breakers,
    where they are all that is watched or one of them is not closed."""
    parts = []
    if live.edges:
        out = sorted(zone for zone, healthy in live.edges.items() if not healthy)
        parts.append(f"zones out {' '.join(out) or '-'}")
    if live.members:
        primaries = sorted(zone for zone, said in live.members.items() if said.role == "primary")
        parts.append(f"primary {' '.join(primaries) or '?'}")
    if not parts or not live.breakers_closed():
        parts.append(f"breaker {breakers(live)}")
    return "   ".join(parts)


def breakers(live: Live) -> str:
    """`a:closed b:open`, or `-` where none was read."""
    return " ".join(f"{zone}:{state or '?'}" for zone, state in sorted(live.breakers.items())) or "-"


class Terminal:
    """Shows progress; use as a context, once per command."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._painted = Painted(console=self._console, auto_refresh=False, transient=True)
        self._quiet = quiet
        self._last = ("", 0.0)

    def __enter__(self) -> Terminal:
        if self._console.is_terminal and not self._quiet:
            self._painted.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._painted.is_started:
            self._painted.stop()

    def say(self, text: str) -> None:
        """One lasting line."""
        if not self._quiet:
            self._console.print(Text(text), soft_wrap=True)

    def show(self, progress: Progress) -> None:
        """Repaint, or in a log say something at each new phase and now and then."""
        if self._quiet:
            return
        if self._painted.is_started:
            self._painted.update(Text(line(progress)), refresh=True)
            return
        phase, at = self._last
        if phase != progress.phase or time.monotonic() - at >= LOG_EVERY_S:
            self._last = (progress.phase, time.monotonic())
            self._console.print(Text(line(progress)), soft_wrap=True)
