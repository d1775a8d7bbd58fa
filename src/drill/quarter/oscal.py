"""The quarter in OSCAL: assessment results, and a plan of action and milestones; as plain JSON values.

Each name is made from what it names (UUID version 5 over digests, run ids and objectives), and each time is
the evidence's own, so that the same runs give the same documents. A control that was not tested is
`not-satisfied` here with the reason `other`, since OSCAL has no third word; its remarks say "not tested".

    observation  one verdict of one run        risk       one finding
    finding      one control's conclusion      resource   one run's journal, by its digest

Schema: https://pages.nist.gov/OSCAL/ (version 1.2.1, as compliance-trestle has it).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from drill.model.verdicts import Verdict
from drill.quarter.conclusions import Concluded, Conclusion, Piece
from drill.quarter.findings import Finding, Standing
from drill.quarter.trial import Trial
from drill.quarter.values import QuarterView

VERSION = "1.2.1"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:drill:oscal")
NS = "urn:drill:oscal"
_STATES = {
    Conclusion.SATISFIED: ("satisfied", "pass"),
    Conclusion.NOT_SATISFIED: ("not-satisfied", "fail"),
    Conclusion.NOT_TESTED: ("not-satisfied", "other"),
}
_RISKS = {Standing.CLOSED: "closed", Standing.ACCEPTED: "deviation-approved"}
Json = dict[str, Any]


def assessment_results(view: QuarterView, seed: str) -> Json:
    """The document below `assessment-results`; `seed` names this very rendering (a digest of the report)."""
    return {
        "assessment-results": {
            "uuid": _id("assessment-results", seed),
            "metadata": _metadata(view, "Assessment results"),
            "import-ap": {"href": f"#{_id('plans', seed)}"},
            "results": [_result(view, seed)],
            "back-matter": {"resources": [_plans(view, seed), *map(_resource, _told_of(view))]},
        }
    }


def plan_of_action(view: QuarterView, seed: str) -> Json:
    """The document below `plan-of-action-and-milestones`; a finding without an owner says so."""
    risks = [_risk(f) for f in view.findings]
    document: Json = {
        "uuid": _id("poam", seed),
        "metadata": _metadata(view, "Plan of action and milestones"),
        "system-id": {
            "identifier-type": "http://ietf.org/rfc/rfc4122",
            "id": _id("system", "drilled platform"),
        },
        "observations": _found(view),
        "risks": risks,
        "poam-items": [_item(f) for f in view.findings] or [_nothing(seed)],
        "back-matter": {
            "resources": [_resource(t) for t in _once(f.trial for f in view.findings) if t.digest]
        },
    }
    return {"plan-of-action-and-milestones": _filled(document)}


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{name}"))


def _filled(of: Json) -> Json:
    """Without empty lists and texts, which OSCAL does not allow."""
    kept = {key: value for key, value in of.items() if value not in ([], "", None)}
    return {k: v for k, v in kept.items() if not (k == "back-matter" and not v["resources"])}


def _told_of(view: QuarterView) -> Iterable[Trial]:
    """The quarter's runs, and those of earlier ones of which a finding is still open; who can be read."""
    return (t for t in _once([*view.trials, *(f.trial for f in view.findings)]) if t.digest)


def _once(trials: Iterable[Trial]) -> Iterable[Trial]:
    return {trial.run_id: trial for trial in trials}.values()


def _moment(of: datetime) -> str:
    return of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(of: date) -> str:
    return _moment(datetime.combine(of, time(), UTC))


def last_moment(view: QuarterView) -> datetime:
    """The last thing that the evidence knows: when the last run ended, or the report's day without any."""
    known = [t.ended or t.started for t in view.trials]
    return max((t for t in known if t), default=datetime.combine(view.as_of, time(), UTC)).replace(
        microsecond=0
    )


def _metadata(view: QuarterView, title: str) -> Json:
    owners = sorted({part.planned.owner for part in view.drills if part.planned.owner})
    people = [
        {"uuid": _id("person", f"{p.name} {p.role}"), "type": "person", "name": p.name,
         "props": [_prop("role", p.role)]}
        for p in view.participants
    ]  # fmt: skip
    return {
        "title": f"{title}: disaster-recovery drills, {view.quarter}",
        "last-modified": _moment(last_moment(view)),
        "version": f"{view.quarter} as of {view.as_of.isoformat()}",
        "oscal-version": VERSION,
        "roles": [{"id": "drill-owner", "title": "Answers for a drill's result"}],
        "parties": [
            {"uuid": _id("tool", "drill"), "type": "organization", "name": "drill, the program that judged"},
            *({"uuid": _id("owner", o), "type": "organization", "name": o} for o in owners), *people,
        ],
        "responsible-parties": [{"role-id": "drill-owner", "party-uuids": [_id("owner", o) for o in owners]}]
        if owners
        else [{"role-id": "drill-owner", "party-uuids": [_id("tool", "drill")]}],
    }  # fmt: skip


def _prop(name: str, value: str) -> Json:
    return {"name": name, "ns": NS, "value": " ".join(value.split()) or "none"}


def _plans(view: QuarterView, seed: str) -> Json:
    digests = sorted({t.plan.digest for t in view.trials if t.plan})
    return {
        "uuid": _id("plans", seed),
        "title": "Plans frozen before each fault",
        "description": "Each run's plan.json, by its SHA-256: "
        + (", ".join(digests) or "there was no run")
        + ".",
    }


def _resource(trial: Trial) -> Json:
    return {
        "uuid": _id("run", trial.digest),
        "title": f"Run {trial.run_id} of {trial.drill}",
        "description": "The run's journal. The hash is over the last chain value of each stream, by name.",
        "props": [
            _prop("state", trial.state.value),
            _prop("plan-sha256", trial.plan.digest if trial.plan else ""),
        ],
        "rlinks": [
            {
                "href": f"runs/{trial.where}/journal",
                "hashes": [{"algorithm": "SHA-256", "value": trial.digest}],
            }
        ],
    }


def _result(view: QuarterView, seed: str) -> Json:
    controls = [c.control.token for c in view.named] or ["cp-4"]
    tried = _all_observations(t for t in view.trials if t.real)
    told = {observation["uuid"] for observation in tried}
    return _filled({
        "uuid": _id("result", seed),
        "title": f"Drills of {view.quarter}",
        "description": f"{view.sentence} {view.population}.",
        "start": _day(view.quarter.first),
        "end": _moment(max(datetime.combine(view.as_of, time(23, 59, 59), UTC), last_moment(view))),
        "props": [_prop("status", view.status.name)],
        "reviewed-controls": {
            "control-selections": [{"include-controls": [{"control-id": token} for token in controls]}]
        },
        "observations": tried + [each for each in _found(view) if each["uuid"] not in told],
        "risks": [_risk(f) for f in view.findings],
        "findings": [_finding(c) for c in view.named],
    })  # fmt: skip


def _all_observations(trials: Iterable[Trial]) -> list[Json]:
    return [_observation(trial, v) for trial in _once(trials) if trial.digest for v in trial.verdicts]


def _found(view: QuarterView) -> list[Json]:
    """The verdicts that findings rest on, of whichever run: also one refused, or of an earlier quarter."""
    wanted = {_observation_id(f.trial, name) for f in view.findings for name in f.objectives}
    return [each for each in _all_observations(f.trial for f in view.findings) if each["uuid"] in wanted]


def _observation_id(trial: Trial, objective: str) -> str:
    return _id("observation", f"{trial.digest} {objective}")


def _observation(trial: Trial, verdict: Verdict) -> Json:
    because = " ".join(verdict.because) or "no event: its absence is what was found"
    told = (("measured", verdict.measured), ("limit", verdict.limit))
    at = trial.ended or trial.started or datetime(1970, 1, 1, tzinfo=UTC)
    return {
        "uuid": _observation_id(trial, verdict.objective),
        "title": f"{verdict.objective} of {trial.run_id}: {verdict.status.name}",
        "description": verdict.sentence,
        "props": [_prop("status", verdict.status.name), *(_prop(k, v) for k, v in told if v)],
        "methods": ["TEST"],
        "types": ["control-objective"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": _id("tool", "drill")}]}],
        "relevant-evidence": [
            {"href": f"#{_id('run', trial.digest)}", "description": f"Journal events: {because}"}
        ],
        "collected": _moment(at),
    }


def _finding(of: Concluded) -> Json:
    state, reason = _STATES[of.conclusion]
    return _filled({
        "uuid": _id("finding", f"{of.control.id} {' '.join(p.trial.digest for p in of.pieces)}"),
        "title": f"{of.control.id}: {of.conclusion.value}",
        "description": of.sentence,
        "props": [_prop("conclusion", of.conclusion.value), _prop("framework", of.control.framework)],
        "target": {
            "type": "objective-id",
            "target-id": f"{of.control.token}_obj",
            "title": of.control.title,
            "description": of.control.claim,
            "status": {"state": state, "reason": reason, "remarks": f"{of.conclusion.value}. {of.sentence}"},
        },
        "related-observations": _related(of.decisive),
    })  # fmt: skip


def _related(pieces: Sequence[Piece]) -> list[Json]:
    return [
        {"observation-uuid": _observation_id(piece.trial, v.objective)}
        for piece in pieces
        if piece.trial.digest
        for v in piece.verdicts
    ]


def _risk_id(of: Finding) -> str:
    return _id("risk", f"{of.id} {of.trial.run_id}")


def _risk(of: Finding) -> Json:
    own = [n for n in of.objectives if of.trial.digest]
    return _filled({
        "uuid": _risk_id(of),
        "title": f"{of.id}: {of.title}",
        "description": f"{of.title}. Found by run {of.trial.run_id}.",
        "statement": (of.trial.plan.risk if of.trial.plan else "") or "No risk is named in the drill.",
        "props": [
            _prop("standing", of.standing.value),
            _prop("severity", of.taken.severity if of.taken else "not rated"),
            _prop("owner", of.taken.owner if of.taken else "nobody"),
        ],
        "status": _RISKS.get(of.standing, "open"),
        "deadline": _day(of.taken.due) if of.taken else "",
        "remediations": [_remediation(of)],
        "related-observations": [{"observation-uuid": _observation_id(of.trial, name)} for name in own],
    })  # fmt: skip


def _remediation(of: Finding) -> Json:
    told = of.taken.action if of.taken and of.taken.action else "No action is on record."
    told += f" Changed: {of.taken.changed}" if of.taken and of.taken.changed else ""
    retest = f" Retest: run {of.retest.run_id}, {of.retest.status.name}." if of.retest else " No retest yet."
    return _filled({
        "uuid": _id("remediation", f"{of.id} {of.trial.run_id}"),
        "lifecycle": "completed" if of.standing is Standing.CLOSED else "planned",
        "title": f"Mend {of.id} and test again",
        "description": told + retest,
        "tasks": [] if of.taken is None else [{
            "uuid": _id("task", f"{of.id} {of.trial.run_id}"), "type": "milestone",
            "title": f"{of.id} is mended and a later run passes",
            "timing": {"on-date": {"date": _day(of.taken.due)}},
        }],
    })  # fmt: skip


def _item(of: Finding) -> Json:
    return _filled({
        "uuid": _id("item", f"{of.id} {of.trial.run_id}"),
        "title": f"{of.id}: {of.title}",
        "description": f"{of.standing.value}; owner: {of.taken.owner if of.taken else 'nobody'}; "
        f"due: {of.taken.due.isoformat() if of.taken else 'no day set'}.",
        "related-observations": [
            {"observation-uuid": _observation_id(of.trial, name)} for name in of.objectives if of.trial.digest
        ],
        "related-risks": [{"risk-uuid": _risk_id(of)}],
    })  # fmt: skip


def _nothing(seed: str) -> Json:
    """The schema wants an item; that there is nothing to do is one."""
    return {
        "uuid": _id("item", f"none {seed}"),
        "title": "Nothing is open",
        "description": "There is no finding.",
    }
