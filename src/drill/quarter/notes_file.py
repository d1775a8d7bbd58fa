"""findings.yaml: what people add, read with every mistake at once, and held against the runs that it names.

A finding that names no run of the population, an objective that its run never judged, or a retest that did
not come later, is a mistake: such a line would read as a record of something that never was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from drill.definition.keys import Key, Kind, ListOf, Table
from drill.definition.kinds import NAME, TEXT, choice
from drill.definition.load import read_text
from drill.definition.reader import Reader, Section, nearest
from drill.definition.yaml_nodes import parse_yaml
from drill.quarter.notes import Acceptance, Approval, Notes, Person, Remark, Taken
from drill.quarter.trial import Trial


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f'{value!r} is not a day; write it in quotes, as "2026-12-31"') from None


DAY = Kind("day", _day, {"type": "string", "format": "date"})
SEVERITY = choice("severity", "low", "moderate", "high", "critical")
KIND = choice("kind of remark", "manual step", "deviation", "skipped")
ACCEPTED = Table(
    "accepted",
    "Who carries the risk.",
    (
        Key("by", TEXT, "Name and role.", "by: chief information security officer"),
        Key("until", DAY, "To the end of this day.", 'until: "2027-03-31"'),
        Key("reason", TEXT, "Why it is borne.", "reason: replaced in March"),
    ),
)
FINDING = Table(
    "a finding",
    "Something that did not hold, and who mends it.",
    (
        Key("id", TEXT, "How people call it.", "id: F-2026-014"),
        Key("title", TEXT, "What is wrong, in one line.", "title: The breaker never opens"),
        Key("drill", NAME, "The drill that found it.", "drill: ehr-outage"),
        Key("run", TEXT, "The run that found it.", "run: 20261125T072105Z-ae4957"),
        Key("objectives", ListOf(TEXT, least=1), "What did not pass there.", "objectives: [breaker.opened]"),
        Key("severity", SEVERITY, "How bad it is.", "severity: high"),
        Key("owner", TEXT, "Who mends it.", "owner: voice platform"),
        Key("due", DAY, "By when.", 'due: "2026-12-31"'),
        Key("cause", TEXT, "Why it was so, once that is known.", "cause: a threshold", required=False),
        Key("action", TEXT, "What is done about it.", "action: lower the threshold", required=False),
        Key(
            "changed", TEXT, "What was changed, and where that is written.", "changed: CHG-7", required=False
        ),
        Key("retest", TEXT, "The later run that shows it mended.", "retest: RUN", required=False),
        Key("accepted", ACCEPTED, "When it is borne instead.", "accepted:", required=False),
    ),
)
PERSON = Table(
    "a participant",
    "Who took part.",
    (Key("name", TEXT, "Who.", "name: on-call"), Key("role", TEXT, "As what.", "role: operator")),
)
APPROVAL = Table(
    "an approval",
    "Who allowed what.",
    (
        Key("what", TEXT, "What was allowed.", "what: the drills of this quarter"),
        Key("by", TEXT, "Who allowed it.", "by: head of operations"),
        Key("date", DAY, "When.", 'date: "2026-10-01"'),
        Key("reference", TEXT, "Where that is written.", "reference: CHG-1204", required=False),
    ),
)
REMARK = Table(
    "a remark",
    "Something that the journal cannot know.",
    (
        Key("run", TEXT, "The run that it is about.", "run: 20261125T072105Z-ae4957"),
        Key("kind", KIND, "What it is.", "kind: manual step"),
        Key("what", TEXT, "What was done, or was not, and why.", "what: restarted the gateway of zone b"),
        Key("by", TEXT, "Who did it.", "by: on-call"),
    ),
)
FILE = Table(
    "the findings file",
    "What people add to a quarter of drills.",
    (
        Key("findings", ListOf(FINDING), "Findings.", "findings:", required=False),
        Key("participants", ListOf(PERSON), "Who took part.", "participants:", required=False),
        Key("approvals", ListOf(APPROVAL), "Who allowed it.", "approvals:", required=False),
        Key("remarks", ListOf(REMARK), "What the journal cannot know.", "remarks:", required=False),
    ),
    least=1,
)


def read_notes(path: Path, trials: Sequence[Trial]) -> Notes:
    """Read the file and hold it against the runs; DefinitionError with every mistake."""
    reader = Reader(str(path))
    section = reader.table(FILE, parse_yaml(read_text(path, "findings file"), str(path)))
    runs = {each.run_id: each for each in trials}
    findings, seen = [], set[str]()
    for each in section.get("findings", ()):
        _check_finding(reader, each, runs, seen)
        findings.append(each)
    for each in section.get("remarks", ()):
        _named_run(reader, each, "run", runs)
    reader.raise_if_any()
    return Notes(
        path.name,
        tuple(_taken(each) for each in findings),
        tuple(Person(p.get("name"), p.get("role")) for p in section.get("participants", ())),
        tuple(_approval(a) for a in section.get("approvals", ())),
        tuple(
            Remark(r.get("run"), r.get("kind"), r.get("what"), r.get("by"), r.line)
            for r in section.get("remarks", ())
        ),
    )


def _check_finding(reader: Reader, of: Section, runs: Mapping[str, Trial], seen: set[str]) -> None:
    name = of.get("id", "")
    if name in seen:
        reader.mistake(of.line_of("id"), f"id: {name!r} is there already; give each finding its own")
    seen.add(name)
    found = _named_run(reader, of, "run", runs)
    if found is None:
        return
    if of.get("drill") not in (None, found.drill):
        reader.mistake(
            of.line_of("drill"), f"drill: the run {found.run_id} is of {found.drill!r}; write that"
        )
    judged = {v.objective: v.status for v in found.verdicts}
    for objective in of.get("objectives", ()):
        if objective not in judged:
            said = f"objectives: {objective!r} was not judged there; {nearest(objective, judged)}"
            reader.mistake(of.line_of("objectives"), said)
    _check_retest(reader, of, found, runs)


def _check_retest(reader: Reader, of: Section, found: Trial, runs: Mapping[str, Trial]) -> None:
    later = _named_run(reader, of, "retest", runs) if of.get("retest") else None
    if later is None:
        return
    if later.drill != found.drill or not (later.started and found.started and later.started > found.started):
        said = f"retest: {later.run_id} is no later run of {found.drill!r}; name one, or leave the line out"
        reader.mistake(of.line_of("retest"), said)


def _named_run(reader: Reader, of: Section, key: str, runs: Mapping[str, Trial]) -> Trial | None:
    name = of.get(key)
    if name is None:
        return None
    if name not in runs:
        reader.mistake(of.line_of(key), f"{key}: {name!r} is none of the runs here; {nearest(name, runs)}")
    return runs.get(name)


def _taken(of: Section) -> Taken:
    risk = of.get("accepted")
    texts = {
        k: of.get(k, "")
        for k in ("id", "title", "drill", "run", "severity", "owner", "cause", "action", "changed", "retest")
    }
    return Taken(
        objectives=tuple(of.get("objectives")), due=of.get("due"), line=of.line, **texts,
        accepted=Acceptance(risk.get("by"), risk.get("until"), risk.get("reason")) if risk else None,
    )  # fmt: skip


def _approval(of: Section) -> Approval:
    return Approval(of.get("what"), of.get("by"), of.get("date"), of.get("reference", ""))
