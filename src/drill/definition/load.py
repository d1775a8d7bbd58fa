"""From a drill file, and the files that it names, to a Drill: every mistake of all of them in one error."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import os
from pathlib import Path

from drill.definition.controls import check_supported
from drill.definition.drill import Drill
from drill.definition.drill_table import DRILL
from drill.definition.experiment import HOLD, check_experiment, plain
from drill.definition.experiment_secrets import check_secrets
from drill.definition.limits import check_limits
from drill.definition.reader import Node, Reader, Section
from drill.definition.voice import voice_limits
from drill.definition.yaml_nodes import parse_yaml
from drill.model.errors import DefinitionError
from drill.model.plan import (
    FRAMES_MS,
    AbortLimits,
    BreakerLimits,
    CallLimits,
    CapacityLimits,
    FailoverLimits,
    InFlightLimits,
    LoadPlan,
    Objectives,
    Phases,
    RecoveryLimits,
    RemediationLimits,
    RestoreLimits,
    TurnLimits,
    WriteLimits,
)
from drill.redact import signs
from drill.traffic import FLAT

# What the business is promised where a drill says nothing else.
DEFAULT_MTTR_S = 1800.0


def load_drill(path: Path) -> Drill:
    """Read a drill file; DefinitionError with every mistake in it, its experiment and its load profile."""
    reader = Reader(str(path))
    text = read_text(path, "drill file")
    section = reader.table(DRILL, parse_yaml(text, str(path)))
    for line, what in signs(text):
        reader.mistake(line, f"{what} stands in the file, which is copied into every run; take it out")
    check_limits(reader, section)
    check_supported(reader, section)
    profile = _beside(reader, section.section("load"), "profile", path)
    if profile is not None:
        _check_python(reader, section.section("load"), profile)
    experiment, other = _experiment(reader, section, path)
    if "://" not in section.get("runbook", "://"):
        _beside(reader, section, "runbook", path)
    mistakes = reader.mistakes + other
    if mistakes or profile is None or experiment is None:
        raise DefinitionError(mistakes)
    return _build(section, path, profile, experiment)


def read_text(path: Path, what: str) -> str:
    """A file's text; DefinitionError when it is not there or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}:1: is not UTF-8 text; save the file as UTF-8") from error
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read: {error.strerror}; name an existing {what}") from error


def _beside(reader: Reader, section: Section, key: str, path: Path) -> Path | None:
    """The file that a key names, relative to the drill file; noted as a mistake when it is not there."""
    named = section.get(key)
    if named is None:
        return None
    found = Path(os.path.normpath(path.parent / named))
    if not found.is_file():
        said = f"{key}: there is no file {found}; name one, relative to {path.parent}"
        reader.mistake(section.line_of(key), said)
        return None
    return found


def _check_python(reader: Reader, section: Section, profile: Path) -> None:
    try:
        tree = ast.parse(profile.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else 1
        said = f"profile: {profile}:{line} is not Python: {getattr(error, 'msg', error)}; name a locustfile"
        reader.mistake(section.line_of("profile"), said)
        return
    _check_arrivals(reader, section, _own_arrivals(tree))


def _check_arrivals(reader: Reader, section: Section, own: str) -> None:
    """A locustfile that stands for a time of day cannot be run as another: the load would refuse it."""
    asked = section.get("arrivals", FLAT.name)
    if own and asked != own:
        line = section.line_of("arrivals" if section.get("arrivals") else "profile")
        said = f"arrivals: {asked!r} is asked of a load profile whose own are {own!r}; write arrivals: {own}"
        reader.mistake(line, said)


def _own_arrivals(tree: ast.Module) -> str:
    """What a class of a locustfile sets as its `arrivals`; "" where none does."""
    bodies = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    values = [
        each.value
        for each in itertools.chain(*bodies)
        if isinstance(each, ast.Assign) and any(getattr(t, "id", "") == "arrivals" for t in each.targets)
    ]
    return next((v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)), "")


def _experiment(reader: Reader, section: Section, path: Path) -> tuple[tuple[Path, Node] | None, list[str]]:
    file = _beside(reader, section, "experiment", path)
    if file is None:
        return None, []
    try:
        text = read_text(file, "experiment")
        # JSON is YAML once tabs are gone, and JSON has none inside its strings.
        root = parse_yaml(text.replace("\t", " ") if file.suffix == ".json" else text, str(file))
    except DefinitionError as error:
        return None, list(error.mistakes)
    own = Reader(str(file))
    check_experiment(own, root)
    if isinstance(root.value, dict):
        check_secrets(own, root, text)
    return (file, root), own.mistakes


def _build(section: Section, path: Path, profile: Path, experiment: tuple[Path, Node]) -> Drill:
    phases, load = section.section("phases"), section.section("load")
    return Drill(
        drill=section.get("drill"),
        title=section.get("title"),
        owner=section.get("owner"),
        severity=section.get("severity"),
        risk=section.get("risk", ""),
        runbook=section.get("runbook", ""),
        schedule=section.get("schedule", ""),
        controls=tuple(section.get("controls", ())),
        experiment_file=str(experiment[0]),
        experiment=_resolved(experiment[1], phases.get("fault")),
        load=LoadPlan(
            profile=str(profile),
            profile_digest=hashlib.sha256(profile.read_bytes()).hexdigest(),
            concurrency=load.get("concurrency"),
            mean_call_s=load.get("mean_call"),
            arrivals=load.get("arrivals", FLAT.name),
            frame_ms=int(load.get("frame", f"{FRAMES_MS[0]}ms").removesuffix("ms")),
        ),
        phases=Phases(*(phases.get(name) for name in ("ramp", "baseline", "fault", "recovery"))),
        objectives=_objectives(section.section("objectives")),
        abort_when=_abort_when(section.get("abort_when")),
        file=path,
    )


def _resolved(root: Node, fault_s: float) -> str:
    experiment = plain(root)
    experiment["configuration"][HOLD] = int(fault_s) if fault_s == int(fault_s) else fault_s
    return json.dumps(experiment, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _objectives(section: Section) -> Objectives:
    recovery, breaker = section.get("recovery"), section.get("breaker")
    calls, writes, turns = section.get("calls"), section.get("ehr_writes"), section.get("turns")
    failover, in_flight = section.get("failover"), section.get("in_flight")
    capacity, remediation, voice = section.get("capacity"), section.get("remediation"), section.get("voice")
    return Objectives(
        recovery=_recovery(recovery) if recovery else None,
        breaker=_breaker(breaker) if breaker else None,
        calls=_calls(calls) if calls else None,
        ehr_writes=WriteLimits(writes.get("within"), timed=True) if writes else None,
        turns=TurnLimits(turns.get("lost_max")) if turns else None,
        failover=_failover(failover) if failover else None,
        in_flight=_in_flight(in_flight) if in_flight else None,
        capacity=CapacityLimits(capacity.get("blocked_max")) if capacity else None,
        remediation=RemediationLimits(remediation.get("restarted_within")) if remediation else None,
        voice=voice_limits(voice) if voice else None,
        restore=_restore(section.section("restore")) if section.get("restore") else None,
    )


def _abort_when(section: Section | None) -> AbortLimits | None:
    if section is None:
        return None
    return AbortLimits(
        breach_share=section.get("breach_share"),
        breach_for_s=section.get("breach_for", 0.0),
        breached_call_s=section.get("breached_call_seconds"),
        dropped=section.get("dropped"),
        blind_s=section.get("blind_for"),
    )


def _restore(section: Section) -> RestoreLimits:
    return RestoreLimits(
        rto_s=section.get("rto"),
        rpo_s=section.get("rpo"),
        age_s=section.get("age"),
        window_s=section.get("window"),
        rows=section.get("rows") == "compared",
        regions=section.get("regions") == "compared",
        controls=section.get("controls", "sample"),
        erasures=section.get("erasures") == "replayed",
        holds=section.get("holds") == "proved",
        protected=section.get("protected") == "tried",
    )


def _failover(section: Section) -> FailoverLimits:
    return FailoverLimits(
        detected_within_s=section.get("detected_within"),
        primary_within_s=section.get("primary_within"),
        zone_back_within_s=section.get("zone_back_within"),
        redundancy_within_s=section.get("redundancy_within"),
        mttr_s=section.get("mttr", DEFAULT_MTTR_S),
    )


def _in_flight(section: Section) -> InFlightLimits:
    return InFlightLimits(
        resumed_min=section.get("resumed_min"),
        resumed_within_s=section.get("resumed_within"),
        silence_s=section.get("silence"),
    )


def _recovery(section: Section) -> RecoveryLimits:
    return RecoveryLimits(
        turn_slo_s=section.get("turn_slo"),
        breach_share=section.get("breach_share"),
        back_share=section.get("back_share"),
        sustained_s=section.get("sustained"),
        within_s=section.get("within"),
        breached_call_s=section.get("breached_call_seconds"),
    )


def _breaker(section: Section) -> BreakerLimits:
    return BreakerLimits(
        opens_within_s=section.get("opens_within"),
        closes_within_s=section.get("closes_within"),
        half_open_calls=0,
        wait_s=0.0,
        requests_per_failure_max=section.get("requests_per_failure_max"),
    )


def _calls(section: Section) -> CallLimits:
    return CallLimits(
        dropped_max=section.get("dropped_max"),
        turn_p95_s=section.get("turn_p95"),
        unaffected_p95_s=section.get("unaffected_p95"),
        answered_min=section.get("answered_min"),
    )
