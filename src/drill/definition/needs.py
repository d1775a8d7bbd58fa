"""What a drill needs of its target, by what it judges and by what its experiment does.

A drill that could not be judged, or whose fault could not be made, is refused before anything is touched;
so is one that would take the only zone there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drill.definition.drill import Drill
from drill.definition.media import EVERY, MediaOrder, media_order
from drill.definition.reader import nearest
from drill.definition.stages import MODEL, SPEECH, STAGES, StageOrder, stage_order
from drill.model.target import Target

ACTIONS = "drill.toolkit.actions"
STAGE_FAULTS = ("speech_fault", "model_fault")
RESTORES = "restore_backup"
INJECTING = ("ehr_fault", "zone_fault", "service_fault", "media_fault", *STAGE_FAULTS, RESTORES)
ZONE_MODES = ("kill", "pause", "isolate", "flap", "lossy-kill")
SERVICE_MODES = ("kill", "hang")
ROLES = ("primary", "replica")
_ROLE = {"zone_fault": "primary", "service_fault": "replica"}
Need = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Injection:
    """One injecting step of an experiment: the action, and what it is told ("" where it is told nothing).

    `stalls`: replication falls silent before. `media`: what is ordered of `media_fault`; `stage`: of
    `speech_fault` or `model_fault`; `wrong`: what of it is no order at all.
    """

    func: str
    mode: str
    zone: str
    stalls: bool
    media: MediaOrder | None = None
    wrong: str = ""
    stage: StageOrder | None = None


def injects(step: dict[str, Any]) -> bool:
    """Whether a step is one of the actions that write down what they do."""
    provider = step.get("provider", {})
    return provider.get("module") == ACTIONS and provider.get("func") in INJECTING


def injections(experiment: str) -> tuple[Injection, ...]:
    """Every injecting step of an experiment (JSON), in order."""
    steps = [step["provider"] for step in json.loads(experiment)["method"] if injects(step)]
    return tuple(_injection(step["func"], step.get("arguments") or {}) for step in steps)


def _injection(func: str, told: dict[str, Any]) -> Injection:
    mode, zone = str(told.get("mode", "")), str(told.get("zone", _ROLE.get(func, "")))
    if func == "media_fault":
        try:
            return Injection(func, mode, zone, stalls=False, media=media_order(told))
        except ValueError as error:
            return Injection(func, mode, zone, stalls=False, wrong=str(error))
    if func in STAGE_FAULTS:
        try:
            return Injection(func, mode, zone, stalls=False, stage=stage_order(func, told))
        except ValueError as error:
            return Injection(func, mode, zone, stalls=False, wrong=str(error))
    stalls = mode == "lossy-kill" or str(told.get("stall_s", 0)) not in ("0", "0.0", "None")
    return Injection(func, mode, zone, stalls)


def restores(experiment: str) -> bool:
    """Whether an experiment (JSON) restores a backup, be it only in a sham, and injects no fault."""
    acts = [act for act in _acts(experiment) if act in INJECTING]
    return bool(acts) and set(acts) == {RESTORES}


def takes_zones(experiment: str) -> bool:
    """Whether an experiment (JSON) is about zones or their services, be it only in a sham."""
    return any(act in ("zone_fault", "service_fault") for act in _acts(experiment))


def hurts_media(experiment: str) -> bool:
    """Whether an experiment (JSON) is about callers' media, be it only in a sham."""
    return "media_fault" in _acts(experiment)


def stages_hurt(experiment: str) -> tuple[str, ...]:
    """Which of speech and model an experiment (JSON) is about, be it only in a sham."""
    acts = _acts(experiment)
    hurt = {*(SPEECH if "speech_fault" in acts else ()), *((MODEL,) if "model_fault" in acts else ())}
    return tuple(stage for stage in STAGES if stage in hurt)


def _acts(experiment: str) -> list[str]:
    """The actions of ours that it names, and those that a sham leaves out."""
    providers = [step.get("provider", {}) for step in json.loads(experiment)["method"]]
    ours = [each for each in providers if each.get("module") == ACTIONS]
    return [str((each.get("arguments") or {}).get("instead_of", each.get("func"))) for each in ours]


def lacking(drill: Drill, target: Target) -> list[str]:
    """Everything that the target lacks for this drill, and what of the experiment cannot be."""
    done = injections(drill.experiment)
    lacks = [
        f"{drill.file}: {what} needs {part}, which target {target.name!r} in {target.file} lacks"
        for what, part, there in dict.fromkeys([*_judged(drill, target), *_made(done, target)])
        if not there
    ]
    return lacks + [
        f"{drill.file}: {drill.experiment_file}: {said}" for each in done for said in _wrong(each, target)
    ]


def _judged(drill: Drill, target: Target) -> Iterator[Need]:
    asked, ehr, store = drill.objectives, target.ehr, target.store
    members = store is not None and bool(store.members)
    if asked.breaker is not None:
        yield "objectives.breaker", "breaker", target.breaker is not None
        yield "objectives.breaker", "ehr.requests", ehr is not None and ehr.requests is not None
    if asked.ehr_writes is not None:
        yield "objectives.ehr_writes", "ehr", ehr is not None
    if asked.turns is not None:
        yield "objectives.turns", "store", store is not None
    if asked.failover is not None:
        yield "objectives.failover", "edge_admin", bool(target.edge_admin)
        yield "objectives.failover", "store.members", members
    if asked.capacity is not None:
        yield "objectives.capacity", "capacity in every zone", all(z.capacity for z in target.zones)
    if asked.restore is not None:
        backups = target.backups
        yield "objectives.restore", "backups", backups is not None
        yield "objectives.restore", "store", store is not None
        yield "objectives.restore", f"an experiment with the action {RESTORES}", _restoring(drill.experiment)
        if asked.restore.rows:
            standby = "backups.standby (whose replay may be paused: the sandbox has one with --profile lite)"
            yield "objectives.restore.rows", standby, backups is not None and bool(backups.standby)
        if asked.restore.regions:
            second = backups is not None and backups.replica is not None
            yield "objectives.restore.regions", "backups.replica", second
        if asked.restore.erasures:
            named = backups is not None and backups.erasures is not None
            yield "objectives.restore.erasures", "backups.erasures", named
        if asked.restore.holds:
            registered = backups is not None and backups.held is not None
            yield "objectives.restore.holds", "backups.held", registered
    if asked.remediation is not None:
        yield "objectives.remediation", "control", bool(target.control)


def _restoring(experiment: str) -> bool:
    return any(each.func == RESTORES for each in injections(experiment))


def _made(done: tuple[Injection, ...], target: Target) -> Iterator[Need]:
    store = target.store
    for each in done:
        if each.func == RESTORES:
            yield "the experiment", "backups", target.backups is not None
            continue
        if each.func == "ehr_fault":
            yield "the experiment", "ehr.links", target.ehr is not None and bool(target.ehr.links)
            continue
        if each.func in STAGE_FAULTS:
            yield from _ways(each.stage, target)
            continue
        if each.func == "media_fault":
            voice = any(wire.carries == "voice" for wire in target.wires)
            yield "the experiment", "wires that carry voice", voice
        else:
            yield "the experiment", "control", bool(target.control)
        if each.func == "zone_fault":
            yield "the experiment", "a second zone", len(target.zones) > 1
        if each.zone in ROLES:
            yield "the experiment", "store.members", store is not None and bool(store.members)
        if each.mode == "isolate":
            yield "the experiment", "wires", bool(target.wires)
        if each.stalls:
            wal = any(wire.carries == "wal" for wire in target.wires)
            yield "the experiment", "wires that carry wal", wal


def _ways(order: StageOrder | None, target: Target) -> Iterator[Need]:
    """Every zone's way: a zone without one would be served on, and the drill would show less than it says."""
    there = {(way.stage, way.zone) for way in target.stages}
    for stage in order.stages if order else ():
        for zone in target.zones:
            yield "the experiment", f"stages: {stage} of zone {zone.name}", (stage, zone.name) in there


def _wrong(each: Injection, target: Target) -> Iterator[str]:
    zones = (*(zone.name for zone in target.zones), *ROLES)
    if each.func == "media_fault":
        said = [each.wrong] if each.media is None else each.media.problems()
        yield from (f"{each.func}: {problem}" for problem in said)
        zones = (*zones, EVERY)
    modes = {"zone_fault": ZONE_MODES, "service_fault": SERVICE_MODES}.get(each.func)
    if each.func in STAGE_FAULTS and each.wrong:
        yield f"{each.func}: {each.wrong}"
    if each.func in ("ehr_fault", RESTORES, *STAGE_FAULTS):
        return
    if modes is not None and each.mode not in modes:
        yield f"{each.func} knows no mode {each.mode!r}; {nearest(each.mode, modes)}"
    if each.zone not in zones:
        yield f"{each.func}: target {target.name!r} has no zone {each.zone!r}; {nearest(each.zone, zones)}"
