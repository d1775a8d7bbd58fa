"""From a journal to a timeline: what happened, in seconds, without a word on whether it was good.

    fold(events, plan) -> Timeline

The measure of harm is an interval SLI. A turn is in breach from its end of speech + SLO until
the first audio of the answer, or until its call ends when no answer came:

    caller speaks ──eos────────SLO┃═══════ in breach ═══════┃ first audio (or the call's end)

and the breach share is calls in breach / calls up, at every moment. Counting turns when they
*end* would show nothing during a total outage, since nobody who waits begins another turn;
a turn whose end nobody wrote down is right-censored at the end of its call, never left out.

A caller whose call broke off or was refused, and who is seen to want it back, is away, and counts
as one call up and in breach until in a call again or giving up: otherwise an outage that hangs up
on everybody would look like nobody waiting.

    call ──────────┃ dropped ═══ in breach ═══ refused ═══ in breach ═══┃ redial answered ───────
"""

from drill.timeline.fold import fold
from drill.timeline.hearing import Heard
from drill.timeline.probed import (
    BreakerPath,
    BreakerPoint,
    DoorPoint,
    EdgePoint,
    HealthPoint,
    LoadPoint,
    MemberPoint,
    ReadBack,
    Record,
    RequestPath,
    RequestPoint,
    ServicePoint,
    Stored,
    Transition,
    WitnessPoint,
)
from drill.timeline.restored import Listing, Restored
from drill.timeline.timeline import Timeline
from drill.timeline.values import (
    Anchor,
    Away,
    Breach,
    Call,
    Child,
    Drawn,
    FaultWindow,
    Gap,
    Guard,
    Note,
    Phase,
    Span,
    Start,
    Step,
    Turn,
)

__all__ = [
    "Anchor", "Away", "Breach", "BreakerPath", "BreakerPoint", "Call", "Child", "DoorPoint", "Drawn",
    "EdgePoint", "FaultWindow", "Gap", "Guard", "HealthPoint", "Heard", "Listing", "LoadPoint",
    "MemberPoint", "Note", "Phase", "ReadBack", "Record", "RequestPath", "RequestPoint", "Restored",
    "ServicePoint", "Span", "Start", "Step", "Stored", "Timeline", "Transition", "Turn",
    "WitnessPoint", "fold",
]  # fmt: skip
