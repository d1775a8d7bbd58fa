"""What the platform itself logged of its turns: another clock reader, other code, no caller involved.

Nothing here uses the estimator that it checks. A turn is late from its end of speech plus the
SLO until its audio began; a call lives for as long as its agent says. The recovery is the
first instant from which at most `back_share` of live calls were late and, for `sustained_s`
on and ever after, never more than `breach_share`.
"""

from __future__ import annotations

import json
from pathlib import Path

from drill.model.plan import RecoveryLimits
from drill.model.units import NS_PER_S


def recovered_after_s(folder: Path, fault_ns: int, limits: RecoveryLimits) -> float:
    """Seconds from the fault to the recovery, by the platform's turn logs; 0 when nobody was kept waiting."""
    logged = [
        json.loads(line)
        for path in sorted(folder.glob("agent-*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    turns = [line for line in logged if line.get("t_ns_audio")]
    late = [(t["t_ns_eos"] + round(limits.turn_slo_s * NS_PER_S), t["t_ns_audio"]) for t in turns]
    late = [(start, end) for start, end in late if end > start and end > fault_ns]
    calls = [(line["t_ns_up"], line["t_ns_over"]) for line in logged if "t_ns_up" in line]
    return _good_from(late, calls, fault_ns, limits)


def _good_from(
    late: list[tuple[int, int]], calls: list[tuple[int, int]], fault_ns: int, limits: RecoveryLimits
) -> float:
    # Whoever hangs up or dials changes the share as well.
    instants = sorted({instant for span in (*late, *calls) for instant in span if instant > fault_ns})
    shares = [(instant, _share(late, calls, instant)) for instant in instants]
    if all(share <= limits.breach_share for _, share in shares):
        return 0.0
    candidate: int | None = None
    sustained_ns = round(limits.sustained_s * NS_PER_S)
    for instant, share in shares:
        if candidate is not None and instant - candidate >= sustained_ns:
            if all(later <= limits.breach_share for at, later in shares if at >= instant):
                break
            candidate = None
        if share > limits.back_share:
            candidate = None
        elif candidate is None:
            candidate = instant
    if candidate is None:
        raise SystemExit("by its own log the platform never recovered")
    return (candidate - fault_ns) / NS_PER_S


def _share(late: list[tuple[int, int]], calls: list[tuple[int, int]], instant: int) -> float:
    waiting = sum(start <= instant < end for start, end in late)
    up = sum(start <= instant < end for start, end in calls)
    return waiting / up if up else 0.0
