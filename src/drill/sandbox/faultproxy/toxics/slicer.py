"""Slicer: many small packets instead of few large ones."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from drill.sandbox.faultproxy.toxics.base import Flow


@dataclass(frozen=True, slots=True)
class Slicer:
    """Chunks are cut to `average_size` +/- `size_variation` bytes, `delay` MICROseconds apart."""

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    def problem(self) -> str:
        """The original dies of both of these."""
        if self.average_size == 0:
            return "average_size must be greater than 0"
        if self.size_variation >= self.average_size:
            return "size_variation must be less than average_size"
        return ""

    async def pipe(self, flow: Flow) -> None:
        """Forward piece by piece; what is not yet cut stays in the input."""
        while await flow.head() is not None:
            await flow.forward(self._size())
            await asyncio.sleep(self.delay / 1_000_000)
        flow.finish()

    def _size(self) -> int:
        spread = self.size_variation
        return self.average_size + random.randint(-spread, spread)  # noqa: S311  # how bad a network is at the moment: no secret hangs on it
