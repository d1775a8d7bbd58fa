"""Which transactions a target brings back: the log's prefix, on the smallest logs that can be told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drill.model.verdicts import Status
from drill.restore.proof.wal.prefix import Prefix, Target, check_target, expected
from drill.restore.proof.wal.transactions import COMMITS, Kind, Transaction, Transactions, parse_record


def log(*ends: tuple[int, int] | tuple[int, int, Kind]) -> list[Transaction]:
    """(xid, time) or (xid, time, kind), in the log's order; positions go up by ten."""
    return [
        Transaction(10 * n, e[0], e[2] if len(e) == 3 else Kind.COMMIT, e[1])
        for n, e in enumerate(ends, start=1)
    ]


def brought(records: list[Transaction], target: Target) -> set[int]:
    """The ids that are there."""
    return set(expected(records, target).committed)


def test_a_time_brings_back_what_stands_before_the_first_later_end() -> None:
    """The plain case."""
    assert brought(log((1, 100), (2, 200), (3, 300)), Target(time_us=200)) == {1, 2}


def test_a_time_that_is_exclusive_leaves_out_its_own_moment() -> None:
    """recovery_target_inclusive = off."""
    assert brought(log((1, 100), (2, 200), (3, 300)), Target(time_us=200, inclusive=False)) == {1}


def test_an_earlier_commit_behind_a_later_one_is_not_there() -> None:
    """The log's order rules, not the clock; and the check says so without calling it wrong."""
    records = log((1, 100), (2, 300), (3, 199), (4, 400))
    prefix = expected(records, Target(time_us=200))
    assert (prefix.committed, prefix.early) == ({1}, {3})
    assert check_target(records, Target(time_us=200), frozenset({1})).status is Status.PASS


def test_an_abort_ends_recovery_as_well() -> None:
    """PostgreSQL looks at both."""
    assert brought(log((1, 100), (2, 300, Kind.ABORT), (3, 150)), Target(time_us=200)) == {1}


def test_the_preparation_of_a_transaction_ends_nothing() -> None:
    """It has a time too, and PostgreSQL does not look at it."""
    assert brought(log((1, 100), (2, 300, Kind.PREPARE), (3, 150)), Target(time_us=200)) == {1, 3}


def test_subtransactions_come_with_their_transaction() -> None:
    """Each has an id of its own in the copy."""
    records = [Transaction(10, 1, Kind.COMMIT, 100, (2, 3)), Transaction(20, 4, Kind.COMMIT, 300, (5,))]
    prefix = expected(records, Target(time_us=200))
    assert (prefix.committed, prefix.beyond) == ({1, 2, 3}, {4, 5})


def test_a_position_takes_the_record_that_begins_there_or_leaves_it() -> None:
    """Inclusive and exclusive."""
    records = log((1, 100), (2, 200), (3, 300))
    assert brought(records, Target(lsn=20)) == {1, 2}
    assert brought(records, Target(lsn=20, inclusive=False)) == {1}


def test_the_widest_step_back_of_the_clock_is_reported() -> None:
    """In microseconds, before the target."""
    assert expected(log((1, 100), (2, 300), (3, 250), (4, 900)), Target(time_us=500)).inversion_us == 50


def test_a_missing_and_an_extra_transaction_are_both_wrong() -> None:
    """And named."""
    check = check_target(log((1, 1), (2, 2), (3, 9)), Target(time_us=5), frozenset({1, 3}))
    assert check.status is Status.FAIL
    assert check.findings == ("transaction 2 is missing", "transaction 3 is from after the target")


def test_a_time_that_no_transaction_ends_after_is_unknown() -> None:
    """Nobody can tell that it was reached."""
    assert check_target(log((1, 1)), Target(time_us=5), frozenset({1})).status is Status.UNKNOWN


def test_a_target_is_told_as_people_write_it() -> None:
    """A position, a time, or the end."""
    said = [str(target) for target in (Target(lsn=0x17C3B00), Target(time_us=1_500_000), Target())]
    assert said == ["position 0/017C3B00", "1970-01-01 00:00:01.500000 UTC", "the end of the log"]


def test_a_log_without_transactions_proves_nothing() -> None:
    """Vacuous."""
    assert check_target([], Target(), frozenset()).status is Status.UNKNOWN


def test_a_copy_that_cannot_be_asked_is_unknown() -> None:
    """Not passed, not failed."""
    assert check_target(log((1, 1)), Target(), None).status is Status.UNKNOWN


ENDS = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(list(Kind))), max_size=30)


@given(ENDS, st.integers(0, 50), st.booleans())
def test_what_is_brought_back_is_a_prefix_of_the_commits(
    ends: list[tuple[int, Kind]], at_us: int, inclusive: bool
) -> None:
    """For any log and any time."""
    records = [Transaction(n, n, kind, at) for n, (at, kind) in enumerate(ends, start=1)]
    commits = [r.xid for r in records if r.kind in COMMITS]
    prefix: Prefix = expected(records, Target(time_us=at_us, inclusive=inclusive))
    assert sorted(prefix.committed) == commits[: len(prefix.committed)]
    assert prefix.committed | prefix.beyond == set(commits)


@given(ENDS, st.integers(0, 49))
def test_a_later_target_never_brings_back_less(ends: list[tuple[int, Kind]], at_us: int) -> None:
    """Monotonic."""
    records = [Transaction(n, n, kind, at) for n, (at, kind) in enumerate(ends, start=1)]
    assert brought(records, Target(time_us=at_us)) <= brought(records, Target(time_us=at_us + 1))


@given(st.lists(st.builds(
    Transaction, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.sampled_from(list(Kind)),
    st.integers(-(2**62), 2**62), st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple),
)))  # fmt: skip
def test_packed_transactions_come_out_as_they_went_in(given_ones: list[Transaction]) -> None:
    """All of them, in order."""
    assert list(Transactions(given_ones)) == given_ones


HEAD = (
    "rmgr: Transaction len (rec/tot):     34/    34, tx:       {}, lsn: 0/017C3B00, prev 0/017C3AC0, desc: "
)


def test_records_are_read_from_pg_waldump() -> None:
    """A commit with subtransactions, an abort, both halves of a prepared one."""
    commit = parse_record(HEAD.format(3251) + "COMMIT 1970-01-01 00:00:01.500000 UTC; subxacts: 3252 3253\n")
    assert commit == Transaction(0x17C3B00, 3251, Kind.COMMIT, 1_500_000, (3252, 3253))
    abort = parse_record(HEAD.format(7) + "ABORT 1970-01-01 00:00:02.000001 UTC")
    assert abort == Transaction(0x17C3B00, 7, Kind.ABORT, 2_000_001)
    prepare = "PREPARE gid 1970-01-09 00:00:00.000000 UTC: 1970-01-01 00:00:03.000000 UTC; subxacts: 9"
    assert parse_record(HEAD.format(8) + prepare) == Transaction(0x17C3B00, 8, Kind.PREPARE, 3_000_000, (9,))
    ended = parse_record(HEAD.format(0) + "COMMIT_PREPARED 8: 1970-01-01 00:00:04.000000 UTC; subxacts: 9")
    assert ended == Transaction(0x17C3B00, 8, Kind.COMMIT_PREPARED, 4_000_000, (9,))


def test_other_records_are_passed_over() -> None:
    """They end no transaction."""
    assert parse_record("first record is after 0/3000000, at 0/3000168, skipping over 360 bytes") is None
    assert parse_record(HEAD.format(3) + "INVALIDATION ; inval msgs: relcache 1") is None
