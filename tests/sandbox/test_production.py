"""Production drills: somebody else's signed word, a look that changes nothing, live patients who end it, and
nobody's secret in what is left behind.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from drill.evidence.keys import keygen
from drill.target import load_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
INSTANCE = 33
ROOT = Path(__file__).parents[2]
TOKEN = "canary-token-5f0c9a7e1b"
PATIENT = "canary-patient-jane-doe-4711"
GUARDS = """
[target.{name}.guards]
hours = ["mon-sun 00:00-24:00"]
max_duration = "10m"
[target.{name}.guards.blast_radius]
zones = 3
capacity = "0%"
calls = 40
[[target.{name}.guards.approvers]]
name = "carol"
key = "{key}"
"""
DRILL = """\
drill: canaries
title: EHR outage with secrets in the experiment
owner: on-call
severity: SEV2
experiment: experiment.yaml
load: {{profile: {root}/loadprofiles/steady_calls.py, concurrency: 10, mean_call: 60s}}
phases: {{ramp: 2s, baseline: 3s, fault: 60s, recovery: 20s}}
objectives:
  calls: {{dropped_max: 0, turn_p95: 1500ms, answered_min: 90%}}
"""
EXPERIMENT = """\
title: secrets everywhere
description: each way by which one could get out
configuration: {{hold_s: 20}}
secrets: {{api: {{token: {{type: env, key: CANARY_API}}}}}}
method:
  - type: action
    name: cut
    provider:
      {{type: python, module: drill.toolkit.actions, func: ehr_fault, arguments: {{mode: blackholed}}}}
  - type: probe
    name: tell-it-to-a-server-that-fails
    provider: {{type: http, url: "{echo}", headers: {{Authorization: "Bearer ${{token}}"}}, secrets: [api]}}
  - type: probe
    name: have-it-in-an-error
    provider: {{type: python, module: os, func: listdir, arguments: {{path: "/${{token}}"}}, secrets: [api]}}
  - type: probe
    name: print-it
    provider: {{type: process, path: sh, arguments: "-c 'echo $CANARY_API; echo $CANARY_API >&2; exit 3'"}}
  - type: action
    name: hold
    provider:
      {{type: python, module: drill.toolkit.actions, func: hold, arguments: {{seconds: "${{hold_s}}"}}}}
rollbacks:
  - type: action
    name: revert
    provider: {{type: python, module: drill.toolkit.actions, func: revert}}
"""


class Relay(http.server.ThreadingHTTPServer):
    """Writes down each request; passes it on, or fails with a patient's name in the body."""

    daemon_threads = True

    def __init__(self, upstream: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.upstream, self.seen = upstream, list[tuple[str, str]]()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.server_address[:2])


class _Passing(http.server.BaseHTTPRequestHandler):
    server: Relay

    def _pass(self) -> None:
        self.server.seen.append((self.command, str(self.headers)))
        if self.server.upstream:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = requests.request(self.command, self.server.upstream + self.path, data=body, timeout=10)
            status, text = found.status_code, found.content
        else:
            status, text = 500, f'{{"error": 1, "patient": "{PATIENT}"}}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _pass  # noqa: N815  # the library's names

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def relay(upstream: str = "") -> Iterator[Relay]:
    server = Relay(upstream)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def home(running: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with carol's key, a drill with canaries, and the sandbox as a production target."""
    folder = tmp_path_factory.mktemp("production")
    _, public = keygen(folder / "carol")
    key = "".join(public.read_text().splitlines()[1:-1])
    text = running.read_text().replace('environment = "sandbox"', 'environment = "production"')
    production = running.with_name("production.toml")
    production.write_text(text + GUARDS.format(name=load_target(running).name, key=key))
    (folder / "drill.yaml").write_text(DRILL.format(root=ROOT))
    (folder / "experiment.yaml").write_text(EXPERIMENT.format(echo="http://127.0.0.1:1/"))
    return folder


def argv(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "drill", *map(str, arguments)]


def drill(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    done = subprocess.run(
        argv(*arguments), capture_output=True, text=True, timeout=90, check=False, env=environ()
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def environ() -> dict[str, str]:
    return {**os.environ, "CANARY_API": TOKEN, "DRILL_OPERATOR": "alice"}


def approval(home: Path, target: Path, operator: str = "alice") -> Path:
    out = home / f"approval-{time.monotonic_ns()}.json"
    code, said, err = drill(
        "approve", home / "drill.yaml", "--target-file", target, "--seed", 7, "--operator", operator,
        "--key", home / "carol.key", "--out", out, "--reason", "CHG-1",
    )  # fmt: skip
    assert code == 0, err
    assert "approved  by carol for alice" in said
    return out


def test_a_look_changes_nothing(running: Path, home: Path) -> None:
    """Every request to the fault proxies and to the zone control only reads, and all is as it was."""
    target = load_target(running)
    assert target.ehr is not None
    api = target.ehr.links[0].api
    before = requests.get(f"{api}/proxies", timeout=10).json()
    with relay(api) as proxies, relay(target.control) as control:
        text = running.read_text().replace(api, proxies.url).replace(target.control, control.url)
        seen = running.with_name("seen.toml")
        seen.write_text(text)
        code, out, err = drill("check", "--live", home / "drill.yaml", "--target-file", seen, "--json")
        assert {method for method, _ in proxies.seen} == {"GET"}
        assert {method for method, _ in control.seen} <= {"GET"}
    (found,) = json.loads(out)
    assert [each for each in found["guards"] if not each["ok"]] == []
    assert (code, found["ok"], err) == (0, True, "")
    assert [each["what"].split()[1] for each in found["touches"]] == ["ehr-a", "ehr-b", "ehr-c"]
    assert (found["begin_s"], found["end_s"]) == (5.0, 65.0)
    assert requests.get(f"{api}/proxies", timeout=10).json() == before


def test_production_is_refused_without_a_word_of_somebody_else(
    running: Path, home: Path, tmp_path: Path
) -> None:
    """None, one that was edited, one of the operator's own; with a good one the look says yes."""
    production = running.with_name("production.toml")
    code, _, err = drill(
        "run", home / "drill.yaml", "--target-file", production, "--quiet", "--runs", tmp_path
    )
    assert code == 4
    assert "production is approved by somebody else: production: none was given" in err
    assert "nothing was injected" in err
    good = approval(home, production)
    edited = json.loads(good.read_text())
    payload = base64.b64decode(edited["payload"]).replace(b'"seed": 7', b'"seed": 8')
    edited["payload"] = base64.b64encode(payload).decode()
    bad = tmp_path / "edited.json"
    bad.write_text(json.dumps(edited))
    look = ("check", "--live", home / "drill.yaml", "--target-file", production)
    assert "was changed after it was signed" in drill(*look, "--approval", bad)[1]
    code, out, _ = drill(*look, "--approval", good, "--operator", "Carol")
    assert (code, "approved a drill of their own" in out) == (4, True)
    code, out, _ = drill(*look, "--approval", good)
    assert (code, "carol approved plan" in out) == (0, True), out
    code, _, err = drill(
        "approve", home / "drill.yaml", "--target-file", production, "--seed", 7, "--operator", "carol",
        "--key", home / "carol.key", "--out", tmp_path / "own.json",
    )  # fmt: skip
    assert (code, "somebody else has to approve" in err) == (3, True)


@contextmanager
def real_call(edge: str) -> Iterator[None]:
    """A caller who does not say to be synthetic."""
    line = websocket.create_connection(edge, timeout=10)
    start = {"streamSid": "MZreal", "callSid": "CAreal", "customParameters": {"patient": "x"}}
    line.send(json.dumps({"event": "start", "start": start, "streamSid": "MZreal"}))
    try:
        yield
    finally:
        line.close()


def test_a_real_call_is_seen_before_a_drill(running: Path, home: Path) -> None:
    """One is above a limit of none."""
    with real_call(load_target(running).edge):
        time.sleep(1)
        code, out, _ = drill("check", "--live", home / "drill.yaml", "--target-file", running)
    assert (code, "1 real calls, limit 0" in out) == (4, True), out


def test_live_patients_end_a_drill_and_no_secret_is_left_behind(
    running: Path, home: Path, tmp_path: Path
) -> None:
    """The run of an approved plan in production: it ends within seconds of a real call, undone and UNKNOWN.

    Planted: a token in headers, an error and the output of a process; a patient in the body of a failure; the
    store's password. None of them stands in the run's folder, in what was printed, or in arguments.
    """
    production, target = running.with_name("production.toml"), load_target(running)
    password = (running.parent / "pgpass").read_text().strip().rpartition(":")[2]
    with relay() as echo:
        (home / "experiment.yaml").write_text(EXPERIMENT.format(echo=echo.url))
        good = approval(home, production)
        command = argv("run", home / "drill.yaml", "--target-file", production, "--runs", tmp_path / "runs",
                       "--approval", good)  # fmt: skip
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ(), start_new_session=True
        )
        try:
            arguments = _until_held(process, tmp_path / "runs")
            with real_call(target.edge):
                printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    (run,) = (tmp_path / "runs" / "canaries").iterdir()
    told = (run / "journal" / "control.jsonl").read_text()
    assert process.returncode == 2, printed.decode()
    assert "live patients: 1 real calls" in told
    assert TOKEN in str(echo.seen), "the canary was never used"
    assert target.ehr is not None
    states = requests.get(f"{target.ehr.links[0].api}/proxies", timeout=10).json()
    assert all(each["enabled"] and not each["toxics"] for each in states.values())
    assert json.loads(told.splitlines()[1])["operator"] == "alice"
    assert "carol approved plan" in (run / "report.html").read_text()
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert {"toolkit.log", "target.toml", "report.html", "approval.json"} <= {path.name for path in files}
    for secret in (TOKEN, PATIENT, password):
        forms = [secret.encode(), base64.b64encode(secret.encode())]
        assert [path for path, data in files.items() if any(form in data for form in forms)] == []
        assert secret.encode() not in printed + arguments
    assert "[hidden]" in (run / "logs" / "toolkit.log").read_text()


def _until_held(process: subprocess.Popen[bytes], runs: Path) -> bytes:
    """Waits until the experiment holds its fault; every process's arguments, as others could read them."""
    seen, until_s = b"", time.monotonic() + 90
    while time.monotonic() < until_s and process.poll() is None:
        logs = list(runs.glob("canaries/*/logs/toolkit.log"))
        seen += b"".join(_read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        if logs and "hold" in logs[0].read_text():
            return seen
        time.sleep(0.2)
    raise AssertionError(f"the fault was never held: {process.stdout.read() if process.stdout else b''!r}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it ended meanwhile
