"""The callers' ledger against the store's rows: what is lost, and what is there that should not be.

    acknowledged (ok)        one row, under its id or as its call's turn of that number and content
    nobody can know (info)   none or one: recovered, if it is there
    surely not (fail)        none: whoever gives the ledger leaves it out, and a row of it is a phantom

A lost turn is a *hole* when one that was acknowledged later, to whomever, survives: then the store did not
just stop at some moment. Only a clean tail, behind which nothing survives, is judged by a limit.

Both sides are read once. Of the ledger numbers are kept, and of its texts the ids and contents; of the rows
nothing but where those stand that are not right. A million entries take some 350 bytes each.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

SEQ_BITS = 32


class Told(NamedTuple):
    """One turn as its caller knows it. `promised`: it was acknowledged as saved, at `ack_s`."""

    call: str
    seq: int
    turn_id: str
    digest: str
    promised: bool
    ack_s: float


class Row(Protocol):
    """One turn in the store: as an event of the journal has it, or as a timeline or a restored copy does."""

    @property
    def turn_id(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def position(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it. Turns and rows are named by their place in what was given, from 0 on.

    Attributes:
        promised, perhaps, rows: how many turns were acknowledged, how many may be there, rows read.
        lost: acknowledged turns without a row.
        holes: those of them that were acknowledged before some surviving one.
        holes_in_call: those of them of whose own call a later one survives.
        recovered: turns nobody could know of that are there.
        doubled: turns with more than one row.
        disordered: turns that the store saved before one that their call spoke earlier.
        altered: rows of a known turn, with other content, or another call or number.
        phantom: rows of which no caller knows.
        unplaced: rows without a position.
    """

    promised: int
    perhaps: int
    rows: int
    lost: tuple[int, ...]
    holes: tuple[int, ...]
    holes_in_call: tuple[int, ...]
    recovered: tuple[int, ...]
    doubled: tuple[int, ...]
    disordered: tuple[int, ...]
    altered: tuple[int, ...]
    phantom: tuple[int, ...]
    unplaced: int


@dataclass(slots=True)
class _Ledger:
    """The callers' side by its places: column by column."""

    calls: dict[str, int] = field(default_factory=dict)
    by_turn: dict[int, int] = field(default_factory=dict)
    by_id: dict[str, int] = field(default_factory=dict)
    call_of: array[int] = field(default_factory=lambda: array("l"))
    ack_s: array[float] = field(default_factory=lambda: array("d"))
    promised: bytearray = field(default_factory=bytearray)
    digests: list[str] = field(default_factory=list)
    # The store's side, by the turn's place: rows found for it (2 stands for more), and where the first stood.
    found: bytearray = field(default_factory=bytearray)
    position: array[int] = field(default_factory=lambda: array("q"))

    def fill(self, told: Iterable[Told]) -> None:
        for place, (caller, seq, turn_id, digest, promised, ack_s) in enumerate(told):
            call = self.calls.setdefault(caller, len(self.calls))
            self.by_turn.setdefault(call << SEQ_BITS | seq, place)
            if turn_id:
                self.by_id.setdefault(turn_id, place)
            self.call_of.append(call)
            self.ack_s.append(ack_s)
            self.promised.append(promised)
            self.digests.append(digest)
        self.found = bytearray(len(self.promised))
        self.position = array("q", [0]) * len(self.promised)


def compare(told: Iterable[Told], rows: Iterable[Row]) -> Comparison:
    """See the module. Either side may come from a stream and in any order."""
    ledger = _Ledger()
    ledger.fill(told)
    number, unplaced = 0, 0
    altered, phantom = array("q"), array("q")
    for number, row in enumerate(rows, start=1):
        unplaced += row.position == 0
        place, own = _place_of(ledger, row)
        if place is None:
            phantom.append(number - 1)
            continue
        if not own:
            altered.append(number - 1)
        if ledger.found[place]:
            ledger.found[place] = 2
        else:
            ledger.found[place], ledger.position[place] = 1, row.position
    return _outcome(ledger, number, altered, phantom, unplaced)


def _place_of(ledger: _Ledger, row: Row) -> tuple[int | None, bool]:
    """The turn that a row is of, and whether the row says of it what the caller said."""
    call = ledger.calls.get(row.call)
    spoken = None if call is None else ledger.by_turn.get(call << SEQ_BITS | row.seq)
    if spoken is not None and ledger.digests[spoken] == row.digest:
        return spoken, True
    return ledger.by_id.get(row.turn_id), False


def _outcome(
    ledger: _Ledger, rows: int, altered: array[int], phantom: array[int], unplaced: int
) -> Comparison:
    places = range(len(ledger.promised))
    lost = [n for n in places if ledger.promised[n] and not ledger.found[n]]
    newest_s, newest_in_call = _newest_survivors(ledger) if lost else (-math.inf, array("d"))
    promised = sum(ledger.promised)
    return Comparison(
        promised=promised,
        perhaps=len(places) - promised,
        rows=rows,
        lost=tuple(lost),
        holes=tuple(n for n in lost if ledger.ack_s[n] < newest_s),
        holes_in_call=tuple(n for n in lost if ledger.ack_s[n] < newest_in_call[ledger.call_of[n]]),
        recovered=tuple(n for n in places if ledger.found[n] and not ledger.promised[n]),
        doubled=tuple(n for n in places if ledger.found[n] > 1),
        disordered=tuple(_disordered(ledger)),
        altered=tuple(altered),
        phantom=tuple(phantom),
        unplaced=unplaced,
    )


def _newest_survivors(ledger: _Ledger) -> tuple[float, array[float]]:
    """When the newest surviving turn was acknowledged, and of each call the newest."""
    in_call = array("d", [-math.inf]) * len(ledger.calls)
    for place, found in enumerate(ledger.found):
        if found and ledger.promised[place]:
            call = ledger.call_of[place]
            in_call[call] = max(in_call[call], ledger.ack_s[place])
    return max(in_call, default=-math.inf), in_call


def _disordered(ledger: _Ledger) -> list[int]:
    """Call by call in the order of speech: places of turns that stand no further than one before."""
    wrong, call, furthest = [], -1, 0
    for turn in sorted(ledger.by_turn):
        place = ledger.by_turn[turn]
        if turn >> SEQ_BITS != call:
            call, furthest = turn >> SEQ_BITS, 0
        position = ledger.position[place]
        if not position:
            continue
        if position <= furthest:
            wrong.append(place)
        furthest = max(furthest, position)
    return wrong
