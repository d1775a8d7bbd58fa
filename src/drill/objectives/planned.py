"""Was all of the fault done that the plan says, as often and for as long as it says?

A step that failed before it wrote anything down leaves no fault behind that could be missed: so what was
written down is counted against the steps of the experiment. Chaos Toolkit's word that all went well is not
believed; its word that something did not is.

A hold counts while something is on. A flap takes its own time, all but its last time up.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from drill.definition.needs import ACTIONS, INJECTING, STAGE_FAULTS, Injection, injections
from drill.model.plan import Plan
from drill.model.units import seconds
from drill.objectives.say import count
from drill.timeline import FaultWindow, Timeline

HELD_MIN = 0.8
FLAP = "flap"
STAGE = "stage_fault"
_FLAP = {"times": 3.0, "down_s": 4.0, "up_s": 4.0}  # as the action has them when it is told nothing
_HOLD_S = 20.0


def not_done(plan: Plan, timeline: Timeline) -> list[str]:
    """What of the plan's faults was not done; nothing when all of it was."""
    return [*_refused(timeline), *_told(plan, timeline), *_fewer(plan, timeline), *_shorter(plan, timeline)]


def ids(timeline: Timeline) -> list[str]:
    """The events that tell how the experiment came out."""
    return [note.id for note in (*timeline.refused, *timeline.experiments)]


def _refused(timeline: Timeline) -> Iterator[str]:
    for note in timeline.refused:
        yield f"{note.text.rstrip('.')}"


def _told(plan: Plan, timeline: Timeline) -> Iterator[str]:
    """A bare `failed` is about the platform: its steady state was not there when it was asked again."""
    if _method(plan) and not timeline.experiments:
        yield "nothing tells how the experiment ended"
    for note in timeline.experiments:
        if note.text not in ("completed", "failed"):
            yield f"the experiment ended as {note.text!r}"


def _fewer(plan: Plan, timeline: Timeline) -> Iterator[str]:
    asked, seen = _asked(plan), Counter(_action(fault) for fault in timeline.faults)
    for action, number in sorted(asked.items()):
        if seen[action] < number:
            yield f"the plan asks for {count(number, 'fault')} by {action}, and {seen[action]} came"


def _shorter(plan: Plan, timeline: Timeline) -> Iterator[str]:
    planned_s = plan.phases.fault_s if not _method(plan) else planned(plan)
    held_s = timeline.fault.length_s if timeline.fault else 0.0
    if held_s < HELD_MIN * planned_s:
        yield f"it held for {seconds(held_s)} of {seconds(planned_s)} that were planned"


def _asked(plan: Plan) -> Counter[str]:
    """How many faults each action should make at least; the links of an EHR are the witness's affair."""
    asked: Counter[str] = Counter()
    if _method(plan):
        for each, told in zip(injections(plan.experiment), _arguments(plan), strict=True):
            asked[STAGE if each.func in STAGE_FAULTS else each.func] += _number(plan, each, told)
    return +asked


def _number(plan: Plan, each: Injection, told: Mapping[str, Any]) -> int:
    if each.stage is not None:
        return len(each.stage.stages) * len(plan.zones)
    if each.media is not None:
        return len(plan.zones) if each.zone == "every" else 1
    if each.func == "zone_fault":
        return int(each.stalls) + (int(_flap(plan, told)["times"]) if each.mode == FLAP else 1)
    return int(each.func in INJECTING and each.func != "restore_backup")


def _action(fault: FaultWindow) -> str:
    if fault.witness.partition("/")[0] in ("recognition", "model", "synthesis"):
        return STAGE
    if "/" not in fault.witness:
        return "ehr_fault"
    kinds = {"service": "service_fault", "media": "media_fault"}
    return kinds.get(fault.fault.partition("-")[0], "zone_fault")


def planned(plan: Plan) -> float:
    """For how many seconds the experiment means something to be on; what it leaves open counts as none."""
    total_s, on = 0.0, False
    for provider in _method(plan):
        func, told = provider.get("func"), provider.get("arguments") or {}
        if func == "hold" and on:
            total_s += _value(plan, told.get("seconds"), _HOLD_S)
        flaps = func == "zone_fault" and told.get("mode") == FLAP
        total_s += _flap_s(plan, told) if flaps else 0.0
        on = func != "revert" and (on or (func in INJECTING and not flaps))
    return total_s


def _flap_s(plan: Plan, told: Mapping[str, Any]) -> float:
    flap = _flap(plan, told)
    cycle_s = flap["down_s"] + flap["up_s"]
    total_s = _value(plan, told.get("total_s"), flap["times"] * cycle_s)
    return total_s * (1 - flap["up_s"] / (flap["times"] * cycle_s)) if cycle_s and flap["times"] else 0.0


def _flap(plan: Plan, told: Mapping[str, Any]) -> dict[str, float]:
    return {name: _value(plan, told.get(name), usual) for name, usual in _FLAP.items()}


def _value(plan: Plan, told: object, usual: float) -> float:
    """A number of an experiment, maybe by the name of a setting; 0 where only the environment knew it."""
    if told is None:
        return usual
    text = str(told)
    if text.startswith("${") and text.endswith("}"):
        text = str(json.loads(plan.experiment).get("configuration", {}).get(text[2:-1]))
    try:
        return float(text)
    except ValueError:
        return 0.0


def _method(plan: Plan) -> list[dict[str, Any]]:
    """What the experiment does with the drill's own actions, in order."""
    providers = [step.get("provider", {}) for step in json.loads(plan.experiment).get("method", [])]
    return [provider for provider in providers if provider.get("module") == ACTIONS]


def _arguments(plan: Plan) -> list[dict[str, Any]]:
    return [p.get("arguments") or {} for p in _method(plan) if p.get("func") in INJECTING]
