"""Runs made of hand-built histories, stored as a real run is: numbered, with real journals, ready to seal."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from drill.evidence.environment import environment_bytes
from drill.evidence.keys import keygen, signer
from drill.evidence.record import record_bytes
from drill.evidence.register import enrol
from drill.evidence.sealing import Signing, seal
from drill.journal import Journal
from drill.model import events as ev
from drill.model.plan import Plan, to_json
from histories import UTC_NS, Entries, ns
from histories import plan as a_plan

BEGAN = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=UTC_NS // 1000)
LATER = timedelta(minutes=5)


def utc(moment: datetime) -> str:
    """As the evidence spells it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def small(plan: Plan, run_id: str, began: datetime) -> Entries:
    """Hardly a run: begun, one fault, ended. Four streams of a few lines each; judged UNKNOWN."""
    utc_ns = (began - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    started = ev.RunStarted(
        run_id=run_id, drill=plan.drill, plan_digest=plan.digest, seed=7, sham=False, argv=("drill",),
        version="0.1.0", python="3.13", commit="c", utc="u",
    )  # fmt: skip
    return [
        ("control", 0.0, started), ("control", 0.1, ev.ClockAnchor(utc_ns, 800)),
        ("control", 9.0, ev.ClockAnchor(utc_ns + 8_900_000_000, 800)), ("control", 9.1, ev.RunEnded("u")),
        ("faults", 2.0, ev.FaultRequested("f1", "ehr-blackholed", "{}", "{}", "timeout")),
        ("faults", 2.1, ev.FaultApplied("f1", "{}")),
        ("faults", 5.0, ev.FaultReverted("f1", "{}", "toolkit")),
        ("load", 1.0, ev.LoadSample(1, 1.0, 1.0, 0.2, 50, 0)),
        ("probes", 1.0, ev.HealthSample("a", ok=True, detail="")),
    ]  # fmt: skip


def stored(
    runs: Path, entries: Entries | None = None, plan: Plan | None = None, number: int = 1,
    began: datetime | None = None,
) -> Path:  # fmt: skip
    """The folder of a run that was begun `number` days after the first would have been."""
    plan, began = plan or a_plan(), began or BEGAN + timedelta(days=number - 1)
    run_id = f"{began:%Y%m%dT%H%M%SZ}-{number:06x}"
    environment = environment_bytes()
    record = enrol(
        runs, target=plan.target, drill=plan.drill, run_id=run_id, created_utc=utc(began),
        plan_sha256=plan.digest, environment_sha256=hashlib.sha256(environment).hexdigest(),
    )  # fmt: skip
    folder = runs / plan.drill / run_id
    (folder / "journal").mkdir(parents=True)
    (folder / "run.json").write_bytes(record_bytes(record))
    (folder / "plan.json").write_text(to_json(plan) + "\n")
    (folder / "environment.json").write_bytes(environment)
    (folder / "target.toml").write_text('[target.sandbox]\nedge = "http://127.20.0.1:8080"\n')
    write(folder / "journal", entries if entries is not None else small(plan, run_id, began), run_id)
    return folder


def write(journal: Path, entries: Entries, run_id: str) -> None:
    """Entries as sealed streams."""
    by_stream: defaultdict[str, list[tuple[float, ev.Event]]] = defaultdict(list)
    for stream, at_s, event in entries:
        by_stream[stream].append((at_s, event))
    for stream, lines in by_stream.items():
        lines.sort(key=lambda line: line[0])
        now_ns = [ns(0.0)]
        with Journal(journal / f"{stream}.jsonl", run_id, clock_ns=partial(now_ns.__getitem__, 0)) as file:
            for at_s, event in lines:
                now_ns[0] = ns(at_s)
                file.append(event)


def signing(stem: Path, at: datetime = BEGAN + LATER) -> Signing:
    """A key's signing at a moment of one's own; the key is made when it is not there."""
    if not stem.with_name(f"{stem.name}.key").exists():
        keygen(stem)
    who, key = signer(str(stem.with_name(f"{stem.name}.key")))
    return Signing(who, key, now=lambda: at)


def bundles(folder: Path, numbers: Sequence[int]) -> list[Path]:
    """Bundles of runs of one target; `folder/operator.pub` is the key that sealed them."""
    made = []
    for number in range(1, max(numbers) + 1):
        run = stored(folder / "runs", number=number)
        if number in numbers:
            at = BEGAN + timedelta(days=number - 1) + LATER
            made.append(seal(run, signing(folder / "operator", at), folder / f"{number}.evidence.tar"))
    shutil.rmtree(folder / "runs")
    return made
