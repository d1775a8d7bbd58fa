"""What a timeline is made of. Times are seconds since the run started, unless a name says otherwise.

Each value keeps the id of the event it was read from, so that a verdict can cite it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_s` to `end_s`."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Never below zero."""
        return max(0.0, self.end_s - self.start_s)

    def holds(self, t_s: float) -> bool:
        """Start included, end not."""
        return self.start_s <= t_s < self.end_s


@dataclass(frozen=True, slots=True)
class Phase(Span):
    """One phase of the conductor, until the next one was entered or the run's last event."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """One fault from request to revert; a time is None when that never happened.

    `failed` and `revert_failed` hold the errors, "" when there were none; `prior` and `read_back` what was
    there before and after the revert, as JSON.
    """

    fault_id: str
    fault: str
    spec: str
    witness: str
    requested_s: float
    applied_s: float | None
    reverted_s: float | None
    reverted_by: str
    failed: str
    revert_failed: str
    ids: tuple[str, ...]
    prior: str = "{}"
    read_back: str = "{}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `outcome`: completed, dropped, abandoned, cut, refused (never up), or open (nobody wrote
    its end). `redial_of` is the caller's call before it, "" for the first; `intended_s` is when it was meant
    to start."""

    call: str
    patient: str
    start_s: float
    end_s: float
    outcome: str
    detail: str
    id: str
    redial_of: str = ""
    attempt: int = 1
    intended_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Away(Span):
    """A caller whom the platform cut off or refused, from then until in a call again or giving up.

    `call` is the one that broke off or was refused first, `id` the event that tells; `back` the call
    that got through, "" when none did; `ending` is back, gave_up or open (the evidence ended first).
    `failed_s`: when the platform was last seen to fail them, by breaking off or by refusing; what comes after
    is the caller's own pause.
    """

    call: str
    back: str
    ending: str
    attempts: int
    id: str
    failed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, its two ledger lines joined.

    `outcome` is that of `TurnEnded`, or "open" when there was none: the turn is right-censored then.
    `waited_s` is from the end of speech to the first audio of an answer. Where none came `answered` is
    false, and it is to the end of the call; where there was a sound and no answer followed (`calls` says
    when), to when it was given up. `sound_s` is when anything was heard, None for never. `call_outcome`
    tells how the call around it ended. `whole`: its beginning was written down too, and the beginning of
    its call. `ack_s` is when the caller was told that it is saved. `barge_stop_s`: the caller spoke into
    the agent's answer before this turn, and the agent fell silent after so long; None when nobody did.
    `longest_gap_s`: silence inside the answer. `round_trip_s`: of the media stream alone, by a ping; None
    when unknown.
    """

    call: str
    seq: int
    intent: str
    eos_s: float
    waited_s: float
    answered: bool
    outcome: str
    ledger: str
    turn_id: str
    patient: str
    digest: str
    call_outcome: str
    whole: bool
    id: str
    ack_s: float | None = None
    barge_stop_s: float | None = None
    longest_gap_s: float = 0.0
    round_trip_s: float | None = None
    sound_s: float | None = None

    @property
    def until_s(self) -> float:
        """When the caller stopped waiting."""
        return self.eos_s + self.waited_s

    @property
    def needs_ehr(self) -> bool:
        """Lookups and notes do; chat and keys do not."""
        return self.intent in ("lookup", "note")

    @property
    def latency_s(self) -> float:
        """What the caller waited; infinite when the answer never came."""
        return self.waited_s if self.answered else math.inf

    def undecided(self, slo_s: float) -> bool:
        """The run ended before the answer was due: nothing can be said of this turn."""
        return not self.answered and self.call_outcome in ("cut", "open") and self.waited_s <= slo_s


@dataclass(frozen=True, slots=True)
class Breach(Span):
    """A call that waits longer than the SLO; `turn` is the event that tells how the wait ended."""

    call: str
    turn: str


@dataclass(frozen=True, slots=True)
class Step:
    """From `t_s` until the next step: callers in a call or away from one, and how many are in breach."""

    t_s: float
    up: int
    breached: int

    @property
    def share(self) -> float:
        """Share of those callers in breach; 0 while there is none."""
        return self.breached / self.up if self.up else 0.0


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard's answer."""

    t_s: float
    guard: str
    ok: bool
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class Child:
    """A helper process; `ended_s` None when its end was not written down, `pid` 0 when its start was not."""

    child: str
    pid: int
    started_s: float
    ended_s: float | None
    returncode: int
    expected: bool
    detail: str
    id: str


@dataclass(frozen=True, slots=True)
class Gap(Span):
    """A time in which a source that should speak said nothing readable."""

    source: str
    zone: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """What UTC was at a monotonic time."""

    t_ns: int
    utc_ns: int
    uncertainty_ns: int
    id: str


@dataclass(frozen=True, slots=True)
class Start:
    """How the run began."""

    run_id: str
    drill: str
    plan_digest: str
    seed: int
    sham: bool
    utc: str
    id: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The schedule of calls that one load stream said it follows."""

    calls: int
    digest: str
    seed: int
    concurrency: int
    id: str


@dataclass(frozen=True, slots=True)
class Note:
    """A moment with a text: an abort, the end of the run, what Chaos Toolkit said of itself."""

    t_s: float
    text: str
    id: str
