"""Chance from a seed: the same callers, choices and damages, on every machine and every time."""

from __future__ import annotations

import random


def seeded(seed: int | str) -> random.Random:
    """A source of chance that anybody can draw from again; for nothing that has to be secret."""
    return random.Random(seed)  # noqa: S311  # to be drawn again is its purpose: a plan holds the seed, and no secret is made of it
