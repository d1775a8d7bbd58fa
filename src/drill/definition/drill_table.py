"""Every key of a drill file: kind, meaning, example."""

from __future__ import annotations

from drill.definition.controls import CONTROL
from drill.definition.keys import Key, ListOf, Table
from drill.definition.kinds import AT_LEAST_ONE, COUNT, DURATION, NAME, NUMBER, SHARE, TEXT, choice
from drill.definition.voice import VOICE
from drill.model.plan import FRAMES_MS
from drill.traffic import PROFILES

FRAME = choice("frame", *(f"{ms}ms" for ms in FRAMES_MS))
ARRIVALS = choice("time of day", *PROFILES)
SCHEDULE = choice("schedule", "daily", "weekly", "monthly", "quarterly", "yearly", "on demand")

LOAD = Table(
    "load",
    "The calls that are up while the fault is.",
    (
        Key(
            "profile",
            TEXT,
            "A locustfile, relative to this file.",
            "profile: ../loadprofiles/steady_calls.py",
        ),
        Key(
            "concurrency",
            AT_LEAST_ONE,
            "Calls that are up at a time, on average; where arrivals are not flat, the most that are meant.",
            "concurrency: 40",
        ),
        Key("mean_call", DURATION, "Mean length of a call; quiet-night doubles it.", "mean_call: 60s"),
        Key(
            "arrivals",
            ARRIVALS,
            "Time of day: the shape of the calls' rate over the windows after the ramp; flat when not given.",
            "arrivals: clinic-morning",
            required=False,
        ),
        Key(
            "frame",
            FRAME,
            "Audio that leaves at a time, 20ms when not given; longer is cheaper to carry, and later.",
            "frame: 20ms",
            required=False,
        ),
    ),
)
PHASES = Table(
    "phases",
    "Lengths of the drill's windows.",
    (
        Key("ramp", DURATION, "From the first call to full load; not judged.", "ramp: 10s"),
        Key("baseline", DURATION, "Full load without the fault; it has to be good.", "baseline: 15s"),
        Key(
            "fault",
            DURATION,
            "How long the fault holds; given to the experiment as its configuration `hold_s`.",
            "fault: 30s",
        ),
        Key(
            "recovery",
            DURATION,
            "The longest wait for recovery after the fault is reverted.",
            "recovery: 60s",
        ),
    ),
)
RECOVERY = Table(
    "recovery",
    "When callers count as hurt, and how soon that has to be over.",
    (
        Key(
            "turn_slo",
            DURATION,
            "A turn not answered within this is in breach until it is.",
            "turn_slo: 1500ms",
        ),
        Key(
            "breach_share",
            SHARE,
            "Callers suffer while more than this share of live calls is in breach.",
            "breach_share: 10%",
        ),
        Key(
            "back_share",
            SHARE,
            "Recovered means at most this share in breach, for `sustained` without interruption.",
            "back_share: 5%",
        ),
        Key("sustained", DURATION, "Length of the good window; recovery is its start.", "sustained: 30s"),
        Key(
            "within",
            DURATION,
            "Limit on the time from fault applied to the start of that window (the recovery time objective).",
            "within: 20s",
        ),
        Key(
            "breached_call_seconds",
            NUMBER,
            "Limit on the area under breach, in call-seconds.",
            "breached_call_seconds: 200",
        ),
    ),
)
BREAKER = Table(
    "breaker",
    "What the circuit breaker owes callers; its half-open calls and wait come from the target.",
    (
        Key(
            "opens_within",
            DURATION,
            "From fault applied until every zone's breaker is open.",
            "opens_within: 15s",
        ),
        Key(
            "closes_within",
            DURATION,
            "From fault reverted until every zone's breaker is closed.",
            "closes_within: 15s",
        ),
        Key(
            "requests_per_failure_max",
            NUMBER,
            "EHR requests on the wire per turn that needs the EHR, while the fault holds; more is a storm.",
            "requests_per_failure_max: 2.5",
        ),
    ),
)
CALLS = Table(
    "calls",
    "What calls may suffer.",
    (
        Key(
            "dropped_max",
            COUNT,
            "Calls that the platform may hang up on, refuse, or leave in silence until the caller hangs up.",
            "dropped_max: 0",
        ),
        Key(
            "turn_p95",
            DURATION,
            "Limit on the p95 turn latency in the baseline and after recovery.",
            "turn_p95: 1500ms",
        ),
        Key(
            "unaffected_p95",
            DURATION,
            "Limit on the p95 latency, during the fault, of turns that need no EHR (cascade).",
            "unaffected_p95: 1500ms",
            required=False,
        ),
        Key(
            "answered_min", SHARE, "Least share of all turns that were answered at all.", "answered_min: 99%"
        ),
    ),
)
EHR_WRITES = Table(
    "ehr_writes",
    "EHR writes made during the drill: none lost, none doubled.",
    (
        Key(
            "within",
            DURATION,
            "All are in the EHR this long after the revert, by its own meta.lastUpdated.",
            "within: 30s",
        ),
    ),
)
TURNS = Table(
    "turns",
    "Turns that callers were told were saved.",
    (
        Key(
            "lost_max",
            COUNT,
            "Acknowledged turns that may be missing in the store; one below a surviving turn never may.",
            "lost_max: 0",
        ),
    ),
)
FAILOVER = Table(
    "failover",
    "How soon a platform that lost a zone notices, goes on without it, and is whole again.",
    (
        Key(
            "detected_within",
            DURATION,
            "From fault applied until the edge sends no new call to the lost zone.",
            "detected_within: 5s",
        ),
        Key(
            "primary_within",
            DURATION,
            "From fault applied until a surviving zone's member is primary, or still is.",
            "primary_within: 15s",
        ),
        Key(
            "zone_back_within",
            DURATION,
            "From the last revert until the edge sends calls to the zone again, for good.",
            "zone_back_within: 30s",
        ),
        Key(
            "redundancy_within",
            DURATION,
            "From the last revert until every member of the store holds its log again, one in sync.",
            "redundancy_within: 40s",
        ),
        Key(
            "mttr",
            DURATION,
            "From fault applied until callers were well for good; 30m when not given. Needs `recovery`.",
            "mttr: 30m",
            required=False,
        ),
    ),
)
IN_FLIGHT = Table(
    "in_flight",
    "What becomes of callers whose call breaks off, or is refused, while a fault holds.",
    (
        Key(
            "resumed_min",
            SHARE,
            "Least share of them who are in a call again within `resumed_within`.",
            "resumed_min: 95%",
        ),
        Key("resumed_within", DURATION, "How soon they are in a call again.", "resumed_within: 10s"),
        Key(
            "silence",
            DURATION,
            "Limit on the p95 of what they heard nothing for: last answer before to first good answer after.",
            "silence: 20s",
        ),
    ),
)
CAPACITY = Table(
    "capacity",
    "Room in the surviving zones; what Erlang B expects of it is judged besides.",
    (
        Key(
            "blocked_max",
            SHARE,
            "Share of calls tried while the zone is away, and some other is fit, that may be refused.",
            "blocked_max: 5%",
        ),
    ),
)
REMEDIATION = Table(
    "remediation",
    "Services that are killed, or hang, run again without anybody's help.",
    (
        Key(
            "restarted_within",
            DURATION,
            "From fault applied until the service runs again, as another process.",
            "restarted_within: 15s",
        ),
    ),
)
CONTROLS = ("none", "sample", "all")
RESTORE = Table(
    "restore",
    "Backups that bring back what they promise; the experiment has to restore one (`restore_backup`).",
    (
        Key(
            "rto",
            DURATION,
            "From the restore's beginning until the verified copy has served a call.",
            "rto: 30m",
        ),
        Key(
            "rpo",
            DURATION,
            "How long before the moment that should come back the oldest lost turn may be acknowledged.",
            "rpo: 5m",
        ),
        Key("age", DURATION, "How old the newest whole base backup may be.", "age: 26h"),
        Key("window", DURATION, "How far back there has to be a whole base backup.", "window: 7d"),
        Key(
            "rows",
            choice("comparison of rows", "compared", "left"),
            "Whether every row is compared with a replica that stands at the same position; the experiment "
            "then restores to a position (`to: lsn`). Left when not given.",
            "rows: compared",
            required=False,
        ),
        Key(
            "regions",
            choice("comparison of regions", "compared", "left"),
            "Whether the second region is compared with the first, by content. Left when not given.",
            "regions: compared",
            required=False,
        ),
        Key(
            "erasures",
            choice("replay of erasures", "replayed", "left"),
            "Whether who was erased by the target's register has to be gone from the copy too; an empty "
            "register is UNKNOWN. Left when not given.",
            "erasures: replayed",
            required=False,
        ),
        Key(
            "holds",
            choice("proof of holds", "proved", "left"),
            "Whether each base backup of the target's register of holds has to be there, whole, in both "
            "regions, and everything that expired gone from both. Left when not given.",
            "holds: proved",
            required=False,
        ),
        Key(
            "protected",
            choice("trial of protection", "tried", "left"),
            "Whether a canary in the target's protected place has to refuse being deleted and written over; "
            "UNKNOWN where the target names no such place. Left when not given.",
            "protected: tried",
            required=False,
        ),
        Key(
            "controls",
            choice("number of controls", *CONTROLS),
            "How many damages are planted in copies, each of which a check has to catch; sample when not "
            "given. `drill run --controls` says otherwise for one run.",
            "controls: all",
            required=False,
        ),
    ),
)
OBJECTIVES = Table(
    "objectives",
    "The pass criteria; integrity is judged always, the others where they are asked for.",
    (
        Key("recovery", RECOVERY, "Recovery of callers.", "recovery:", required=False),
        Key("breaker", BREAKER, "Behaviour of the breaker.", "breaker:", required=False),
        Key("calls", CALLS, "Calls and their turns.", "calls:", required=False),
        Key("ehr_writes", EHR_WRITES, "EHR writes.", "ehr_writes: {within: 30s}", required=False),
        Key("turns", TURNS, "Stored turns.", "turns: {lost_max: 0}", required=False),
        Key("failover", FAILOVER, "Loss and return of a zone.", "failover:", required=False),
        Key("in_flight", IN_FLIGHT, "Callers whose call breaks off.", "in_flight:", required=False),
        Key("capacity", CAPACITY, "Room after the loss.", "capacity: {blocked_max: 5%}", required=False),
        Key(
            "remediation",
            REMEDIATION,
            "Services that come back by themselves.",
            "remediation: {restarted_within: 15s}",
            required=False,
        ),
        Key("voice", VOICE, "What callers hear.", "voice:", required=False),
        Key("restore", RESTORE, "Backups that are restored.", "restore:", required=False),
    ),
    least=1,
)
ABORT_WHEN = Table(
    "abort_when",
    "Tripwires, armed once the load is up. A drill that one of them stops is undone within a second, and "
    "never passes.",
    (
        Key(
            "breach_share",
            SHARE,
            "Share of callers in breach at a moment above which the drill stops.",
            "breach_share: 80%",
            required=False,
        ),
        Key(
            "breach_for",
            DURATION,
            "How long `breach_share` has to be passed without interruption; at once when not given.",
            "breach_for: 5s",
            required=False,
        ),
        Key(
            "breached_call_seconds",
            NUMBER,
            "The error budget: area under breach above which the drill stops, in call-seconds.",
            "breached_call_seconds: 900",
            required=False,
        ),
        Key(
            "dropped",
            COUNT,
            "Calls that the platform may hang up on; one more stops the drill.",
            "dropped: 10",
            required=False,
        ),
        Key(
            "blind_for",
            DURATION,
            "How long one kind of probe, or the load, may see nothing at all after it has seen something.",
            "blind_for: 10s",
            required=False,
        ),
    ),
    least=1,
)
DRILL = Table(
    "the drill file",
    "A drill: an experiment under load, and what it has to show.",
    (
        Key("drill", NAME, "Name of the drill and of its folder below runs/.", "drill: ehr-outage"),
        Key("title", TEXT, "What is drilled, in one line.", "title: EHR outage under live calls"),
        Key("owner", TEXT, "Who answers for the result.", "owner: voice platform on-call"),
        Key("severity", TEXT, "Severity of the incident that it rehearses.", "severity: SEV2"),
        Key(
            "risk",
            TEXT,
            "The entry in the risk register.",
            "risk: R-012 EHR connectivity loss",
            required=False,
        ),
        Key(
            "runbook",
            TEXT,
            "The runbook: a file, relative to this one, or an address with ://.",
            "runbook: ../docs/runbooks/ehr-connectivity-loss.md",
            required=False,
        ),
        Key("schedule", SCHEDULE, "How often it is due.", "schedule: quarterly", required=False),
        Key(
            "controls",
            ListOf(CONTROL),
            "Controls of the catalogue (see quarter.md) that the drill is evidence for.",
            "controls: [HIPAA 164.308(a)(7)(ii)(D)]",
            required=False,
        ),
        Key(
            "experiment",
            TEXT,
            "A Chaos Toolkit experiment (YAML or JSON), relative to this file.",
            "experiment: ../experiments/ehr-outage.yaml",
        ),
        Key("load", LOAD, "The calls.", "load:"),
        Key(
            "phases", PHASES, "The windows.", "phases: {ramp: 10s, baseline: 15s, fault: 30s, recovery: 60s}"
        ),
        Key("objectives", OBJECTIVES, "The pass criteria.", "objectives:"),
        Key(
            "abort_when",
            ABORT_WHEN,
            "When the drill is stopped before its end.",
            "abort_when: {breached_call_seconds: 900, blind_for: 10s}",
            required=False,
        ),
    ),
)
