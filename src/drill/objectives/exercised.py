"""A drill without a fault exercises a restore instead. Did that really happen, who saw it, is it gone?

The same three questions as for a fault, under the same names. The copy itself is the witness: it was asked
whether it had recovered, and it answered a call.
"""

from __future__ import annotations

from drill.definition.needs import restores
from drill.model.plan import Plan
from drill.model.verdicts import Status, Verdict
from drill.objectives.say import failed, passed, unknown
from drill.timeline import Timeline

FAULT, WITNESS, REVERTED = "integrity.fault", "integrity.witness", "integrity.reverted"


def instead_of_a_fault(plan: Plan) -> bool:
    """Whether a plan restores and injects nothing."""
    return plan.objectives.restore is not None and restores(plan.experiment)


def judge(plan: Plan, timeline: Timeline) -> tuple[Verdict, ...]:
    """See the module."""
    found = timeline.restored
    if found is None:
        why = "this was a sham run" if plan.sham else "none even began"
        none = f"This drill exercises a restore, and there was none: {why}."
        say = passed if plan.sham else unknown
        return (
            unknown(FAULT, none),
            unknown(WITNESS, none),
            say(REVERTED, "No copy was made, so none was left."),
        )
    return _happened(timeline), _seen(timeline), _gone(timeline)


def _happened(timeline: Timeline) -> Verdict:
    found = timeline.restored
    if found is None:
        return unknown(FAULT, "There was no restore.")
    ours = [(failure, id_) for failure, id_ in found.failures if failure.fault == "drill"]
    if ours:
        sentence = f"The restore could not be tried: {ours[0][0].reason.rstrip('.')}."
        return unknown(FAULT, sentence, because=[found.id, ours[0][1]])
    if not found.ended and not found.failures:
        return unknown(FAULT, "The restore began, and nothing tells how it ended.", because=[found.id])
    because = [found.id, *([found.ended] if found.ended else []), *(id_ for _, id_ in found.failures)]
    return passed(
        FAULT, "No fault belongs to this drill: a restore is exercised, and it was tried.", because=because
    )


def _seen(timeline: Timeline) -> Verdict:
    found = timeline.restored
    connected = found.mark("connected") if found else None
    if found is None:
        return unknown(WITNESS, "There was no restore.")
    if connected is None:
        failures = [id_ for failure, id_ in found.failures if failure.fault != "drill"]
        if failures:
            return passed(
                WITNESS, "The copy did not come up, which the restore itself wrote down.", because=failures
            )
        return unknown(WITNESS, "Nobody saw a restored copy that had recovered.", because=[found.id])
    return passed(WITNESS, f"The copy itself was asked: {connected.detail}.", because=[connected.id])


def _gone(timeline: Timeline) -> Verdict:
    found = timeline.restored
    check = found.check("copy.destroyed") if found else None
    if found is None or check is None:
        never = found is not None and found.mark("fetched") is None and bool(found.failures)
        say = passed if never else unknown
        said = (
            "Nothing was fetched, so no copy was left." if never else "Nothing tells that the copy is gone."
        )
        return say(REVERTED, said, because=[found.id] if found else [])
    say = {Status.PASS: passed, Status.FAIL: failed}.get(Status[check[0].status], unknown)
    return say(REVERTED, f"The restored copy: {check[0].detail}", because=[check[1]])
