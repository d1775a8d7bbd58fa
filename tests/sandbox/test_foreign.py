"""Somebody else's platform: a hand-written drill.toml, scaffolded files, pytest as the way in.

The platform is the sandbox's processes, but the drill is told nothing of it beyond what a
stranger would write down: other names, no `profile`, no state folder in sight.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from machine import Machine, excuse

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
INSTANCE = 71  # 127.91, as the file below has it
FAST = Path(__file__).with_name("fast.yaml")
DRILL_TOML = '''
[target.acme-staging]
environment = "staging"
edge = "ws://127.91.0.1:10000/media"

[[target.acme-staging.zones]]
name = "eu-1"
health = "http://127.91.1.1:17001/health"
metrics = "http://127.91.1.1:17001/metrics"

[[target.acme-staging.zones]]
name = "eu-2"
health = "http://127.91.2.1:17001/health"
metrics = "http://127.91.2.1:17001/metrics"

[[target.acme-staging.zones]]
name = "eu-3"
health = "http://127.91.3.1:17001/health"
metrics = "http://127.91.3.1:17001/metrics"

[target.acme-staging.breaker]
name = "ehr"
half_open_calls = 1
wait = "5s"

[target.acme-staging.ehr]
direct = "http://127.91.4.1:17003/fhir"
probe_patient = "synthetic-0007"
requests = {url = "http://127.91.0.7:9100/metrics", metric = "egress_requests_total", label = "link"}
links = [
    {zone = "eu-1", proxy = "ehr-a", api = "http://127.91.0.8:8474"},
    {zone = "eu-2", proxy = "ehr-b", api = "http://127.91.0.8:8474"},
    {zone = "eu-3", proxy = "ehr-c", api = "http://127.91.0.8:8474"},
]

[target.acme-staging.store]
dsn = "postgresql://drill@127.91.1.1:15432/voice"
passfile = "secret/pgpass"
turns = """
SELECT turn_id, call_sid, seq, digest, (extract(epoch FROM created_at) * 1000000)::bigint
FROM turn WHERE drill_id = %(run_id)s"""
outbox_pending = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
'''


@pytest.fixture(scope="module")
def home(running: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `drill init` makes it, with the stranger's own drill.toml and password file."""
    folder = tmp_path_factory.mktemp("home") / "drills-of-acme"
    subprocess.run([sys.executable, "-m", "drill", "init", str(folder)], check=True, capture_output=True)
    (folder / "drill.toml").write_text(DRILL_TOML, encoding="utf-8")
    (folder / "secret").mkdir()
    shutil.copy2(running.parent / "pgpass", folder / "secret" / "pgpass")
    text = FAST.read_text(encoding="utf-8").replace("../../", "../")
    (folder / "drills" / "acme-fast.yaml").write_text(text, encoding="utf-8")
    return folder


def run_pytest(home: Path, *more: str) -> tuple[int, dict[str, str], str]:
    """`pytest drills/acme-fast.yaml`: exit code, outcome by objective from JUnit, and what it printed."""
    junit = home / "junit.xml"
    argv = [sys.executable, "-m", "pytest", "drills/acme-fast.yaml", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*argv, f"--junitxml={junit}", *more],
        cwd=home, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    cases = ET.parse(junit).getroot().iter("testcase")
    outcomes = {
        str(case.get("name")): "failed" if case.find("failure") is not None else "passed" for case in cases
    }
    return done.returncode, outcomes, done.stdout


def test_pytest_drills_a_strangers_platform_and_replays_it(home: Path) -> None:
    """One item per objective, all passed; a replay gives the same; a cut journal fails and says where."""
    machine = Machine()
    code, outcomes, out = run_pytest(home, "--drill-seed", "11")
    if code:
        excuse([name for name, outcome in outcomes.items() if outcome != "passed"], machine.stolen())
    assert (code, set(outcomes.values())) == (0, {"passed"}), out
    assert {"recovery.time_to_recover", "ehr_writes.lost", "integrity.witness"} <= set(outcomes)
    run = next((home / "runs" / "ehr-outage-fast").iterdir())
    code, replayed, _ = run_pytest(home, "--drill-replay", str(run))
    assert (code, replayed) == (0, outcomes)
    assert re.search(r"acme-staging", (run / "report.html").read_text(encoding="utf-8"))
    stream = run / "journal" / "probes.jsonl"
    stream.write_bytes(stream.read_bytes()[:-200])
    code, cut, out = run_pytest(home, "--drill-replay", str(run))
    assert (code, cut["integrity.streams"]) == (1, "failed")
    assert "probes.jsonl:" in out


def test_no_secret_is_in_the_run(home: Path) -> None:
    """The password stands in its file and nowhere in what a run leaves."""
    password = (home / "secret" / "pgpass").read_text().strip().rpartition(":")[2].encode()
    assert len(password) > 8
    files = [path for path in (home / "runs").rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if password in path.read_bytes()] == []
