"""Two regions of a store that goes on living while they are compared."""

from __future__ import annotations

from drill.restore.exercise.regions import settled
from drill.restore.proof.objects import Object

A, B = Object(1, "a"), Object(1, "b")


def test_what_is_on_its_way_in_or_out_is_not_judged() -> None:
    """`new` came and `old` went while the second region was read."""
    assert settled({"k": A}, {"k": A, "new": B, "old": B}, {"k", "new", "old"}) == {"k": A}


def test_what_the_first_region_never_had_is_judged() -> None:
    assert settled({"k": A}, {"k": A, "kept": B}, {"k"}) == {"k": A, "kept": B}
