"""A rehearsal in words, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from drill.conduct.rehearse import NOT_ASKED, REHEARSED, Rehearsal


def rehearsals(found: Sequence[Rehearsal]) -> str:
    """For a terminal."""
    return "\n\n".join("\n".join(_lines(each)) for each in found)


def _lines(found: Rehearsal) -> Iterator[str]:
    plan = found.plan
    yield f"{plan.drill} on {plan.target}: plan {plan.digest[:12]}, seed {plan.seed}; nothing was changed"
    yield f"reaches {found.reach}"
    yield (
        f"touches, from {_clock(found.begin_s)} to {_clock(found.end_s)} after the first call "
        f"(over by {_clock(found.latest_s)} at the latest):"
    )
    for each in found.touched:
        yield f"  {each.action}: {each.what}; undone: {each.undone}"
    for name in found.unknown:
        yield f"  {name}: an action of others; nobody here can tell what it touches"
    if found.trouble:
        yield f"  not found: {found.trouble}"
    elif not found.touched:
        yield "  nothing"
    yield "guards:"
    for answer in found.answers:
        yield f"  {'yes' if answer.ok else 'NO':<10}{answer.guard}" + (
            f": {answer.detail}" if answer.detail else ""
        )
    yield f"  {'not asked':<10}{REHEARSED}: {NOT_ASKED}"
    yield "a run would be let begin" if found.ok else "a run would be refused"


def _clock(seconds_s: float) -> str:
    return f"{int(seconds_s) // 60}:{int(seconds_s) % 60:02d}"


def as_data(found: Rehearsal) -> dict[str, Any]:
    """For machines."""
    reach, touched = found.reach, found.touched
    return {
        "drill": found.plan.drill, "target": found.plan.target, "plan_digest": found.plan.digest,
        "seed": found.plan.seed, "ok": found.ok, "trouble": found.trouble,
        "begin_s": found.begin_s, "end_s": found.end_s, "latest_s": found.latest_s,
        "reach": {"zones": list(reach.zones), "capacity": reach.capacity, "calls": reach.calls},
        "touches": [
            {"action": t.action, "what": t.what, "kind": t.fault.kind, "undone": t.undone} for t in touched
        ],
        "unknown": list(found.unknown),
        "guards": [{"guard": a.guard, "ok": a.ok, "detail": a.detail} for a in found.answers],
        "not_asked": [{"guard": REHEARSED, "why": NOT_ASKED}],
    }  # fmt: skip
