"""Digests of a bag of rows: their number, and the sums of two 64-bit hashes of each.

A sum does not mind the order in which rows come, so a table may be hashed in parts that are added up. XOR
would not either, but two equal rows cancel out: a pair of rows that is there twice has the XOR of one that
is not there at all. Sums see the pair, and so does the count.

These hashes are no cryptography: they see damage and mistakes, not somebody who forges rows to match.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a bag of rows; `Sums()` is of none."""

    rows: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.rows + other.rows, self.first + other.first, self.second + other.second)


def sums_of(hashes: Iterable[tuple[int, int]]) -> Sums:
    """Row by row; PostgreSQL's own sums of the same hashes are the same."""
    rows = first = second = 0
    for one, two in hashes:
        rows, first, second = rows + 1, first + one, second + two
    return Sums(rows, first, second)


def differing(source: dict[int, Sums], copy: dict[int, Sums]) -> list[int]:
    """Buckets that are not the same on both sides, the smallest first: it is the cheapest to look into."""
    either = source.keys() | copy.keys()
    unlike = [n for n in either if source.get(n, Sums()) != copy.get(n, Sums())]
    return sorted(unlike, key=lambda n: (source.get(n, Sums()).rows + copy.get(n, Sums()).rows, n))
