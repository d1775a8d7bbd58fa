"""plan(drill, target, seed) -> Plan: everything resolved and frozen, before anything is touched.

A stored plan is read back strictly: it was written by a program, so whatever that program would not have
written was put there by somebody.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any

from drill.definition import Drill
from drill.definition.needs import ACTIONS, INJECTING, injects, lacking
from drill.model.errors import DefinitionError, JournalError
from drill.model.plan import Objectives, Plan, to_json
from drill.model.target import Target
from drill.model.units import seconds
from drill.traffic import traffic

SEED, CONTROLS = "seed", "controls"  # what an experiment that restores is told besides how long


def plan(drill: Drill, target: Target, *, seed: int, sham: bool) -> Plan:
    """Freeze a drill for a target; DefinitionError when the target lacks what the drill judges."""
    _fits(drill, target)
    return Plan(
        drill=drill.drill, title=drill.title, owner=drill.owner, severity=drill.severity, risk=drill.risk,
        controls=drill.controls, runbook=drill.runbook, schedule=drill.schedule,
        target=target.name, environment=target.environment, profile=target.profile,
        target_digest=target.digest, zones=tuple(zone.name for zone in target.zones),
        capacities=tuple(zone.capacity for zone in target.zones),
        members=tuple(member.zone for member in target.store.members) if target.store else (),
        experiment_file=drill.experiment_file, experiment=_experiment(drill, seed, sham=sham),
        load=drill.load, phases=drill.phases, objectives=_objectives(drill.objectives, target),
        seed=seed, sham=sham, abort_when=drill.abort_when,
    )  # fmt: skip


def _fits(drill: Drill, target: Target) -> None:
    if lacks := lacking(drill, target) + _too_short(drill, target) + _too_many(drill, target):
        raise DefinitionError(lacks)


def _too_short(drill: Drill, target: Target) -> list[str]:
    limits, breaker = drill.objectives.breaker, target.breaker
    if limits is None or breaker is None or limits.closes_within_s >= breaker.wait_s:
        return []
    return [
        (
            f"{drill.file}: breaker.closes_within {seconds(limits.closes_within_s)} is shorter than the "
            f"{seconds(breaker.wait_s)} that the breaker of target {target.name!r} stays open: it could only "
            "hold by luck; write a longer limit"
        )
    ]


def _too_many(drill: Drill, target: Target) -> list[str]:
    """Calls as they are meant, at the profile's highest: no drill asks more of a platform than it is said
    to bear. Chance, and callers who dial again, come on top."""
    meant = traffic(drill.load, drill.phases, 0)
    most = (
        ("concurrency", "max_calls", meant.concurrency, target.max_calls, "calls at a time"),
        (
            "concurrency, mean_call or ramp", "max_calls_per_s",
            meant.most_per_s, target.max_calls_per_s, "calls a second",
        ),
    )  # fmt: skip
    return [
        f"{drill.file}: load asks for {asked:g} {what}, and {key} of target {target.name!r} in {target.file} "
        f"is {limit:g}; change {keys}, or raise {key} if the platform may be called so"
        for keys, key, asked, limit, what in most
        if asked > limit
    ]


def _experiment(drill: Drill, seed: int, *, sham: bool) -> str:
    experiment: dict[str, Any] = json.loads(drill.experiment)
    if drill.objectives.restore is not None:
        told = {SEED: seed, CONTROLS: drill.objectives.restore.controls}
        experiment["configuration"] = experiment.get("configuration", {}) | told
    if not any(injects(step) for step in experiment["method"]):
        known = [f"{ACTIONS}.{name}" for name in INJECTING]
        raise DefinitionError(
            f"{drill.file}: {drill.experiment_file} injects nothing that a drill could prove; "
            f"use the action {', '.join(known[:-1])} or {known[-1]}"
        )
    if sham:
        experiment["method"] = [_sham(step) if injects(step) else step for step in experiment["method"]]
    return json.dumps(experiment, sort_keys=True, separators=(",", ":"))


def _sham(step: dict[str, Any]) -> dict[str, Any]:
    left_out = {"instead_of": step["provider"]["func"]}
    return {**step, "provider": {**step["provider"], "func": "sham", "arguments": left_out}}


def _objectives(asked: Objectives, target: Target) -> Objectives:
    """The breaker's own numbers are the target's to tell, and so is what its backups' policy keeps."""
    if asked.restore is not None and target.backups is not None:
        asked = dataclasses.replace(
            asked, restore=dataclasses.replace(asked.restore, keep=target.backups.keep)
        )
    if asked.breaker is None or target.breaker is None:
        return asked
    known = dataclasses.replace(
        asked.breaker, half_open_calls=target.breaker.half_open_calls, wait_s=target.breaker.wait_s
    )
    return dataclasses.replace(asked, breaker=known)


def plan_from_json(text: str) -> Plan:
    """A stored plan; JournalError when it is cut, or is not exactly a plan of this version."""
    try:
        found: Plan = _value(Plan, json.loads(text, parse_constant=_no_number), "plan.json")
    except (ValueError, RecursionError) as error:
        raise JournalError(f"plan.json is cut short or was edited: {error}") from error
    if to_json(found) != text.removesuffix("\n"):
        raise JournalError("plan.json is not as it was written: it was edited")
    return found


def _no_number(name: str) -> float:
    """NaN above all: every value is within a limit that is not a number."""
    raise ValueError(f"{name} is no number of a plan")


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast("type[Any]", hint), value, where)
    if isinstance(hint, types.UnionType):
        inner = next(each for each in typing.get_args(hint) if each is not type(None))
        return None if value is None else _value(inner, value, where)
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(typing.get_args(hint)[0], each, where) for each in value)
    allowed = (int, float) if hint is float else typing.get_origin(hint) or hint
    if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
        raise JournalError(f"{where} is {value!r}, which is not what a plan holds there: it was edited")
    return value


def _dataclass(cls: type[Any], value: Any, where: str) -> Any:
    hints = typing.get_type_hints(cls)
    may = {f.name for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING}
    if not isinstance(value, dict) or not set(hints) - may <= set(value) <= set(hints):
        raise JournalError(
            f"{where} does not have the members of a plan: it was edited, or another version wrote it"
        )
    return cls(**{name: _value(hints[name], each, f"{where} {name}") for name, each in value.items()})
