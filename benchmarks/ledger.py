"""A million ledger entries against a million rows, in a process of its own: seconds and peak memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.show import show

ENTRIES = 1_000_000
TURNS_A_CALL = 20
# One entry in so many is lost, altered or unknown to its caller: each branch is walked.
ODD = 100_000


def compare_ledger() -> None:
    """The pure half: both sides come as streams, as from a journal and a cursor, and are compared."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger"], capture_output=True, text=True, check=True, timeout=600
    )
    took_s, alone_s, peak_mb, found = told.stdout.strip().split("\t")
    note = f"of which making the two streams takes {alone_s} s; {found}"
    show("ledger: compare 1,000,000 entries", float(took_s), 15, "s", note)
    show("ledger: peak memory of the whole process", float(peak_mb), 500, "MB")


def _digest(call: str, seq: int) -> str:
    return f"{call[-12:]}{seq:04x}"


def _names(number: int) -> tuple[str, int, str]:
    call = f"CA{number // TURNS_A_CALL:032x}"
    return call, number % TURNS_A_CALL + 1, f"{number:08x}-0000-4000-8000-{number:012x}"


def main() -> None:
    """Print seconds, seconds without the comparison, peak MB, and what was found."""
    from drill.objectives.stored_turns import Told, compare
    from drill.timeline import Stored

    def ledger() -> Iterator[Told]:
        for number in range(ENTRIES):
            call, seq, turn_id = _names(number)
            yield Told(call, seq, turn_id, _digest(call, seq), number % 50 != 0, number / 100)

    def rows() -> Iterator[Stored]:
        for number in range(ENTRIES):
            call, seq, turn_id = _names(number)
            if number % ODD == 1:
                continue
            digest = _digest(call, seq + (number % ODD == 2))
            yield Stored(turn_id, call, seq, digest, "readback:1", number + 1)

    began = time.perf_counter()
    found = compare(ledger(), rows())
    took_s = time.perf_counter() - began
    assert len(found.lost) == len(found.holes) == len(found.altered) == ENTRIES // ODD
    assert not (found.phantom or found.doubled or found.disordered)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    for _ in ledger():
        pass
    for _ in rows():
        pass
    alone_s = time.perf_counter() - began
    print(f"{took_s:.3f}\t{alone_s:.3f}\t{peak_mb:.1f}\tlost {len(found.lost)}, altered {len(found.altered)}")


if __name__ == "__main__":
    main()
