"""The reference pages of the two file formats, rendered from the tables that the loader reads by.

`python -m drill.reference docs` writes them again; a test compares them with what is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from drill.definition.drill_table import DRILL
from drill.definition.keys import Kind, ListOf, MapOf, Table
from drill.definition.target_table import TARGET

UNITS = """\
A duration is a number with its unit: `1500ms`, `30s`, `5m`, `2h` or `1d`. A share is a percentage such as
`5%`. A bare number is refused where a unit matters. Unknown keys are refused, with the nearest known one;
all mistakes of a file are told at once, each with its line."""
DRILL_INTRO = f"""\
# The drill file

A drill is a Chaos Toolkit experiment under a load profile, and what it has to show. Drill files are YAML, one
drill each, in `drills/`. `drill check` reads them and touches nothing; `drill schema drill` prints the same
rules as JSON Schema, for editors. Paths are relative to the drill file. What verdicts each objective gives
and when they hold: [objectives](objectives.md). What is shipped: [drills](drills.md).

{UNITS}

Limits that contradict each other are refused too: `back_share` above `breach_share`, `sustained`,
`closes_within` or `ehr_writes.within` longer than the recovery phase, `opens_within` longer than the fault
phase, `within` and `sustained` together longer than the fault and recovery phases, a `closes_within`
shorter than the time that the target's breaker stays open, a wire of `abort_when` that is pulled before the
objective of its like is missed, a limit of `voice.fault` stricter than its like in
`voice.clean`, and a limit of `voice.clean` that is judged of whole calls where too few begin in the baseline.

The experiment needs `rollbacks`, a method with an action that a drill can prove (`ehr_fault`, `zone_fault`,
`service_fault`, `media_fault`, `speech_fault`, `model_fault` or `restore_backup` of
`drill.toolkit.actions`), and a configuration `hold_s`, which is replaced by the fault phase in seconds.
Modules and functions that it names are looked up without importing them. What the target lacks for the
experiment or for an objective is told by `drill plan`, all of it at once.

A drill that restores hurts nobody: its experiment's action is `restore_backup`, its fault phase the longest
that the restore may take, and `seed` and `controls` of the experiment's configuration are the run's.
Integrity asks of the restore what it asks of a fault: was it tried, who saw it, is it gone.

`arrivals` other than flat have a shape over the windows after the ramp, with time compressed to fit: a
morning is as long as the drill. `concurrency` is then the most that is meant at a time, and `integrity.load`
expects at each moment what the shape means by then. A load profile that stands for a time of day
(`clinic_morning.py`, `flu_season_peak.py`, `quiet_night.py`) goes with its own arrivals only.

`suites.yaml` beside the drills names lists of them: `quarterly: [ehr-outage, ehr-wrong-patient]`.
"""
TARGET_INTRO = f"""\
# The target file

`drill.toml` describes the platform under test; the sandbox describes itself in the same way. A file may hold
several targets, `[target.NAME]` each. `drill init DIR` writes one with comments; `drill check` says every
mistake of it, and which drills it can take; `drill schema target` prints the same rules as JSON Schema.

A target is looked for in this order: `--target-file`, the file that `DRILL_TARGET` names, `drill.toml` in the
working directory, `.drill/sandbox-0/target.toml`. A name (`--target`) is looked for in both of the last two.

{UNITS}

The edge, the zone control and every fault proxy have to be on this machine (127.0.0.0/8, ::1, localhost)
unless their host is in `allow`: a drill hurts what it is pointed at. No address may carry a password.

A drill that means to hold more calls at a time than `max_calls`, or to start more in a second than
`max_calls_per_s`, is refused before anything is started; the highest of its arrivals counts, and its ramp.
The load process refuses by itself too (DRILL_MAX_CALLS, DRILL_MAX_CALLS_PER_S), also alone. What chance and
callers who dial again add is not counted.

`[target.NAME.guards]` says when, how far and with whose word the platform may be drilled; what each guard
promises stands in [safety](safety.md). A secret that stands in the file is refused with its line: the file is
copied into every run.
"""

CONTROL = """\
Drills of zones need more than drills of the EHR: `control`, an HTTP API that takes a zone away and gives it
back; `wires`, the proxied ways between zones; `store.members`, the store's copies; `edge_admin`. Drills of
speech and of the model need `stages`, the proxied ways to them; drills of callers' media `wires` that carry
voice.

## Zone control

The sandbox serves this API; another platform puts an adapter in front of what it has.

| request | does |
|---|---|
| `GET /zones` | tells of every zone |
| `POST /zones/a/down` | ends every process of the zone at once and holds the zone down |
| `POST /zones/a/up` | the power is back: the platform starts by itself what belongs there |
| `POST /zones/a/freeze` | stops every process of the zone where it is |
| `POST /zones/a/thaw` | lets them run on, also a single one that was stopped |
| `POST /zones/a/services/agent-a/kill` | SIGKILL to one service, once |
| `POST /zones/a/services/agent-a/freeze` | SIGSTOP to one service: a hang |

```json
{"zones": {"a": {"state": "up", "services": {
  "agent-a": {"state": "up", "pid": 123, "restarts": 0, "commanded": 0}}}}}
```

A zone is `up`, `down` (held down on request) or `frozen`. A service is `up` or anything else; its `pid` is
null or 0 while it does not run; `restarts` counts what the platform started again by itself, `commanded` what
followed an order for the zone. An order is answered with 200 and the zone's object once it is carried out, or
was already; with 404 for a zone that is not there; with 409 and `{"error": "..."}` when it cannot be done.
"""


WORDS_MAX = 12  # a longer list is for an editor, which has it from the schema


def drill_page() -> str:
    """docs/drill-file.md."""
    return "\n".join([DRILL_INTRO, *_table(DRILL, "Top level")])


def target_page() -> str:
    """docs/target-file.md."""
    return "\n".join([TARGET_INTRO, *_table(TARGET, "[target.NAME]"), CONTROL]).rstrip("\n") + "\n"


def _table(table: Table, title: str, path: str = "") -> Iterator[str]:
    yield f"## {title}\n\n{table.meaning}\n"
    yield "| key | holds | needed | meaning | example |\n|---|---|---|---|---|"
    for key in table.keys:
        needed = "yes" if key.required else "no"
        yield f"| `{key.name}` | {_holds(key.shape)} | {needed} | {key.meaning} | `{key.example}` |"
    yield ""
    for key in table.keys:
        below = key.shape.item if isinstance(key.shape, ListOf) else key.shape
        if isinstance(below, Table):
            name = f"{path}.{key.name}" if path else key.name
            yield from _table(below, f"`{name}`", name)


def _holds(shape: Kind | ListOf | MapOf | Table) -> str:
    match shape:
        case Kind():
            words = shape.schema.get("enum", ())
            return f"{shape.name}: {', '.join(words)}" if 0 < len(words) <= WORDS_MAX else shape.name
        case ListOf():
            return f"list of {_holds(shape.item)}{', at least one' if shape.least else ''}"
        case MapOf():
            return f"{_holds(shape.item)} by name"
    return f"table {shape.name}"


def main(folder: Path) -> None:
    """Write both pages."""
    (folder / "drill-file.md").write_text(drill_page(), encoding="utf-8")
    (folder / "target-file.md").write_text(target_page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
