"""Keys of `[target.NAME.guards]`: when, how far and with whose word a platform may be drilled."""

from __future__ import annotations

from drill.definition.guards_kinds import HOURS, METRIC, MOMENT, PUBLIC_KEY, TIME_ZONE
from drill.definition.keys import Key, ListOf, Table
from drill.definition.kinds import AT_LEAST_ONE, COUNT, DURATION, SHARE, TEXT
from drill.model.guards import MAX_DURATION_S

APPROVER = Table(
    "approver",
    "Somebody who may approve drills.",
    (
        Key("name", TEXT, "Who it is, as operators are called too.", 'name = "carol@clinic.example"'),
        Key(
            "key",
            PUBLIC_KEY,
            "The ed25519 public key, as `drill keygen` prints it: the line between dashes in a .pub file.",
            'key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="',
        ),
    ),
)
FREEZE = Table(
    "freeze",
    "A time in which nothing is changed.",
    (
        Key("begin", MOMENT, "From then on, local time of `time_zone`.", 'begin = "2026-12-18T00:00"'),
        Key("end", MOMENT, "Up to then.", 'end = "2027-01-04T08:00"'),
        Key("why", TEXT, "The reason, which a refusal repeats.", 'why = "end of year"'),
    ),
)
BLAST = Table(
    "blast radius",
    "The most that a drill may reach.",
    (
        Key("zones", AT_LEAST_ONE, "Zones that are taken, hurt, or lose the EHR.", "zones = 1"),
        Key("capacity", SHARE, "Share of all zones' capacity that is taken or hurt.", 'capacity = "34%"'),
        Key("calls", COUNT, "Calls in these zones, those of real people included.", "calls = 40"),
    ),
)
REAL_CALLS = Table(
    "real calls",
    "The live-patient interlock.",
    (
        Key(
            "metric",
            METRIC,
            "Gauge of calls that are not synthetic, on every zone's metrics page.",
            'metric = "agent_real_calls"',
        ),
        Key("max", COUNT, "How many there may be in all zones, before and during a drill.", "max = 0"),
    ),
)
GUARDS = Table(
    "guards",
    "When, how far and with whose word the platform may be drilled. Production needs all but `freezes`.",
    (
        Key(
            "time_zone",
            TIME_ZONE,
            "Of `hours` and `freezes`; UTC when not given.",
            'time_zone = "Europe/Berlin"',
            required=False,
        ),
        Key(
            "hours",
            ListOf(HOURS),
            "When a drill may run, from its first call to its end; at any time when not given.",
            'hours = ["mon-fri 09:00-16:00"]',
            required=False,
        ),
        Key(
            "max_duration",
            DURATION,
            f"The longest that a drill may take; {MAX_DURATION_S / 60:.0f}m when not given.",
            'max_duration = "20m"',
            required=False,
        ),
        Key(
            "blast_radius",
            BLAST,
            "How far a drill may reach.",
            "[target.NAME.guards.blast_radius]",
            required=False,
        ),
        Key(
            "real_calls",
            REAL_CALLS,
            "Calls by real people.",
            "[target.NAME.guards.real_calls]",
            required=False,
        ),
        Key("freezes", ListOf(FREEZE), "Change freezes.", "[[target.NAME.guards.freezes]]", required=False),
        Key(
            "approvers",
            ListOf(APPROVER),
            "Who may approve drills in production; one of them has to, for each plan.",
            "[[target.NAME.guards.approvers]]",
            required=False,
        ),
    ),
)
