"""What a report says, as values: every text is ready for a reader, none is ready for a browser.

Nothing here is escaped or marked as safe but the two pictures; that is the templates' work,
and they do it with everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from drill.model.verdicts import Status


@dataclass(frozen=True, slots=True)
class Link:
    """An event's id and the place on this page where it stands."""

    id: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """One objective's verdict."""

    objective: str
    name: str
    status: Status
    sentence: str
    measured: str
    limit: str
    because: tuple[Link, ...]

    @property
    def anchor(self) -> str:
        """Where the row stands on this page."""
        return anchor("objective", self.objective)


@dataclass(frozen=True, slots=True)
class Group:
    """Objectives that belong together, and the worst of their verdicts."""

    title: str
    status: Status
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure; `note` holds its limit or what it is made of."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class TurnRow:
    """Turns of one phase and kind: how many, how long callers waited, what they were told.

    `in_part`: the run's end or the caller's next sentence cut off the rest of the answer.
    """

    phase: str
    kind: str
    turns: int
    p50: str
    p95: str
    p99: str
    full: int
    degraded: int
    wrong_patient: int
    in_part: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table, with the event that tells it (None without one)."""

    text: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report that only some drills ask for: verdicts' own sentences, then a table.

    `name` is its place on the page. The first cell of each row names it; `aside` says how to read it.
    """

    name: str
    title: str
    verdicts: tuple[Row, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    aside: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a fault: what was done, when, what the platform said, and the event."""

    what: str
    when: str
    detail: str
    link: Link


@dataclass(frozen=True, slots=True)
class FaultStory:
    """What was done to the platform and how it was undone. `ending` is one plain sentence."""

    fault: str
    fault_id: str
    witness: str
    spec: str
    prior: str
    moments: tuple[Moment, ...]
    undone: bool
    ending: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the identity table; `code` for digests and names that are copied, not read."""

    label: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class StreamFact:
    """One journal stream: how long, its last chain value, and what is wrong with it ("" for nothing)."""

    name: str
    events: int
    head: str
    fault: str


@dataclass(frozen=True, slots=True)
class Cited:
    """An event that something on this page rests upon; `text` is its journal line without the chain."""

    anchor: str
    id: str
    when: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """The whole report. `wide` and `narrow` are SVG texts, made by us and escaped by us.

    `phases` stand before the objectives, at most one; `sections` after the calls.
    """

    title: str
    drill: str
    run_id: str
    status: Status
    sentence: str
    tally: str
    not_passed: tuple[Row, ...]
    warnings: tuple[str, ...]
    wide: str
    narrow: str
    spoken: str
    zonal: bool
    figures: tuple[Figure, ...]
    phases: tuple[Section, ...]
    groups: tuple[Group, ...]
    calls: str
    turns: tuple[TurnRow, ...]
    sections: tuple[Section, ...]
    faults: tuple[FaultStory, ...]
    guards: tuple[Row, ...]
    identity: tuple[Fact, ...]
    provenance: str
    streams: tuple[StreamFact, ...]
    cited: tuple[Cited, ...]
    command: str


def anchor(*parts: str) -> str:
    """A name that is safe as an id and as a link, and different for different parts."""
    text = "-".join(parts).replace(":", "-")
    return "".join(c if c.isascii() and (c.isalnum() or c in "-._") else f"_{ord(c):x}_" for c in text)
