"""The ledger against the store, on the smallest histories that can be told apart."""

from __future__ import annotations

import dataclasses

from drill.objectives.stored_turns import Comparison, Told, compare
from drill.timeline import Stored


def told(seq: int, call: str = "c", *, promised: bool = True, ack_s: float | None = None) -> Told:
    """A turn as its caller knows it; one that nobody can know of has no id."""
    turn_id = f"{call}-{seq}" if promised else ""
    return Told(call, seq, turn_id, f"{call}|{seq}", promised, float(seq) if ack_s is None else ack_s)


def row(seq: int, call: str = "c", turn_id: str = "", digest: str = "", position: int = -1) -> Stored:
    """The row that belongs to it."""
    return Stored(
        turn_id or f"{call}-{seq}", call, seq, digest or f"{call}|{seq}", "r:1",
        seq if position < 0 else position,
    )  # fmt: skip


def found(turns: list[Told], rows: list[Stored]) -> Comparison:
    """Both sides as streams."""
    return compare(iter(turns), iter(rows))


ALL = [told(1), told(2), told(3)]
ROWS = [row(1), row(2), row(3)]


def test_what_is_whole_has_no_fault() -> None:
    """And everything is counted."""
    assert found(ALL, ROWS) == Comparison(3, 0, 3, (), (), (), (), (), (), (), (), 0)


def test_the_last_turns_missing_are_lost_and_no_hole() -> None:
    """A clean tail."""
    seen = found(ALL, ROWS[:1])
    assert (seen.lost, seen.holes) == ((1, 2), ())


def test_a_turn_missing_below_a_surviving_one_of_its_call_is_a_hole() -> None:
    """The conversation has a gap."""
    seen = found(ALL, [row(1), row(3)])
    assert (seen.lost, seen.holes, seen.holes_in_call) == ((1,), (1,), (1,))


def test_a_turn_missing_below_a_surviving_one_of_another_call_is_a_hole_too() -> None:
    """The store kept what was written after it."""
    seen = found([told(1), told(1, "d", ack_s=9.0)], [row(1, "d")])
    assert (seen.lost, seen.holes, seen.holes_in_call) == ((0,), (0,), ())


def test_acknowledged_at_the_same_moment_is_not_later() -> None:
    """Neither stands below the other."""
    assert found([told(1, ack_s=5.0), told(1, "d", ack_s=5.0)], [row(1, "d")]).holes == ()


def test_a_turn_that_nobody_can_know_of_may_be_there_or_not() -> None:
    """There it is recovered, not there it is not lost, and what is below it is no hole."""
    perhaps = told(3, promised=False)
    assert found([told(1), perhaps], [row(1), row(3)]).recovered == (1,)
    assert found([told(1), perhaps], [row(1)]).lost == ()
    assert found([told(1), perhaps], [row(3)]).holes == ()


def test_a_row_that_no_caller_knows_is_a_phantom() -> None:
    """Neither its id nor its call and number."""
    assert found(ALL, [*ROWS, row(9)]).phantom == (3,)


def test_another_content_under_another_id_is_a_phantom_and_the_turn_is_lost() -> None:
    """Only its place in the call is the same."""
    seen = found(ALL, [row(1), row(2), row(3, turn_id="x", digest="y")])
    assert (seen.lost, seen.phantom, seen.altered) == ((2,), (2,), ())


def test_the_same_turn_under_another_id_is_there() -> None:
    """What was said is in the store."""
    assert found(ALL, [row(1), row(2), row(3, turn_id="x")]) == found(ALL, ROWS)


def test_a_turn_stored_twice_is_doubled_whatever_its_ids() -> None:
    """The same id again, or another for the same words."""
    assert found(ALL, [*ROWS, row(2)]).doubled == (1,)
    assert found(ALL, [*ROWS, row(2, turn_id="x")]).doubled == (1,)
    assert found(ALL, [*ROWS, row(2), row(2), row(2)]).doubled == (1,)


def test_other_content_or_another_place_under_its_id_is_altered() -> None:
    """And not lost."""
    other = found(ALL, [row(1), row(2), row(3, digest="y")])
    assert (other.altered, other.lost, other.phantom) == ((2,), (), ())
    moved = found(ALL, [row(1), row(2), dataclasses.replace(row(3), seq=7)])
    assert (moved.altered, moved.lost) == ((2,), ())


def test_a_turn_saved_before_an_earlier_one_of_its_call_is_out_of_order() -> None:
    """Wherever the rows were read; other calls do not matter."""
    seen = found([*ALL, told(1, "d")], [row(3, position=5), row(2, position=8), row(1), row(1, "d")])
    assert seen.disordered == (2,)


def test_rows_without_a_position_are_counted_and_not_out_of_order() -> None:
    """The store does not tell."""
    seen = found(ALL, [row(3, position=0), row(1), row(2)])
    assert (seen.unplaced, seen.disordered) == (1, ())
