"""The platform of a trial: `python -m soak.platform --port N` is its agents, edge, EHR and zone control.

Its fault proxies are a process of their own (`drill.sandbox.faultproxy`), so that they can die alone.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from aiohttp import web

from drill.faults.zone_control import Control
from fakes.voice_agent import media

TESTS = Path(__file__).parents[1]
# Other tests beside these hold calls and count milliseconds.
POLITE = ("nice", "-n", "10")
ZONES = ("a", "b", "c")
EFFECTS = {"down": "down", "up": "up", "freeze": "frozen", "thaw": "up"}
START_WITHIN_S = 120.0  # a machine that is busy with other tests takes its time
PATIENT = "synthetic-0001"
PROXIES = (*(f"ehr-{zone}" for zone in ZONES), *(f"voice-edge-{zone}" for zone in ZONES))


async def _zones(request: web.Request) -> web.Response:
    zones = request.app["zones"]
    return web.json_response(
        {"zones": {name: {"state": state, "services": {}} for name, state in zones.items()}}
    )


async def _order(request: web.Request) -> web.Response:
    zone, verb = request.match_info["zone"], request.match_info["verb"]
    request.app["zones"][zone] = EFFECTS[verb]
    return web.json_response({})


async def _fhir(request: web.Request) -> web.Response:
    asked = request.query.get("identifier", PATIENT).rpartition("|")[2]
    patient = {"resource": {"resourceType": "Patient", "identifier": [{"value": asked}]}}
    entry = [patient] if request.path.endswith("/Patient") else []
    return web.json_response({"resourceType": "Bundle", "entry": entry})


async def _fine(_: web.Request) -> web.Response:
    return web.Response(text="")


def app() -> web.Application:
    """All parts behind one port."""
    made = web.Application()
    made["zones"] = dict.fromkeys(ZONES, "up")
    made["numbers"] = itertools.count(1)
    made["options"] = argparse.Namespace(
        reply_after=0.2, hang_up_at=0, mute_at=0, mix_up_at=0, hang_up_calls=0, refuse_from=10**9,
        refuse_until=10**9 - 1, talk_on=False,
    )  # fmt: skip
    made.add_routes([
        web.get("/zones", _zones), web.post("/zones/{zone}/{verb}", _order), web.get("/fhir/{kind}", _fhir),
        web.get("/health", _fine), web.get("/media", media),
    ])  # fmt: skip
    return made


_COUNT = itertools.count(1)


def own_host() -> str:
    """A loopback address of this rig's own: there its ports are nobody else's, also while a proxy is dead."""
    return f"127.78.{os.getpid() % 254 + 1}.{next(_COUNT) % 254 + 1}"


@dataclass
class Rig:
    """A running platform and its fault proxies; use as a context."""

    folder: Path
    host: str = field(default_factory=own_host)
    port: int = 17001
    api_port: int = 17002
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Rig:
        self.folder.mkdir(parents=True, exist_ok=True)
        config = [
            {
                "name": name,
                "listen": f"{self.host}:{port}",
                "upstream": f"{self.host}:{self.port}",
                "enabled": True,
            }
            for port, name in enumerate(PROXIES, start=17003)
        ]
        (self.folder / "proxies.json").write_text(json.dumps(config))
        self.target.write_text(self._toml())
        self._spawn("-m", "soak.platform", "--host", self.host, "--port", str(self.port))
        self.start_proxy()
        self._await(f"http://{self.host}:{self.port}/health")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait(10)

    @property
    def target(self) -> Path:
        """Its target file."""
        return self.folder / "target.toml"

    @property
    def api(self) -> str:
        """The fault proxies' API."""
        return f"http://{self.host}:{self.api_port}"

    def state(self) -> dict[str, Any]:
        """Everything that a drill could leave behind: each proxy with its toxics, each zone."""
        proxies = requests.get(f"{self.api}/proxies", timeout=5).json()
        zones = Control(f"http://{self.host}:{self.port}").zones()
        return {**proxies, **{zone.name: zone.state for zone in zones}}

    def start_proxy(self) -> None:
        """As the platform's supervisor would: with its own configuration."""
        config = str(self.folder / "proxies.json")
        where = ("--host", self.host, "--port", str(self.api_port), "--config", config, "--die-with-parent")
        self._spawn("-m", "drill.sandbox.faultproxy", *where)
        self._await(f"{self.api}/version")

    def kill_proxy(self) -> None:
        """SIGKILL to the fault proxies."""
        proxy = self.processes.pop()
        proxy.kill()
        proxy.wait(10)

    def _spawn(self, *arguments: str) -> None:
        env = os.environ | {"PYTHONPATH": str(TESTS)}
        with (self.folder / "platform.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen([*POLITE, sys.executable, *arguments], env=env, stdout=log, stderr=log)
            )

    def _await(self, url: str) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                requests.get(url, timeout=1)
            except requests.RequestException:
                assert time.monotonic() < deadline, f"{url} does not answer"
                time.sleep(0.05)
            else:
                return

    def _toml(self) -> str:
        base = f"http://{self.host}:{self.port}"
        lines = ["[target.sketch]", 'environment = "sandbox"', f'edge = "ws://{self.host}:{self.port}/media"',
                 f'control = "{base}"']  # fmt: skip
        for zone in ZONES:
            lines += ["[[target.sketch.zones]]", f'name = "{zone}"', f'health = "{base}/health"',
                      f'metrics = "{base}/health"']  # fmt: skip
            lines += ["[[target.sketch.wires]]", 'carries = "voice"', 'source = "edge"', f'zone = "{zone}"',
                      f'proxy = "voice-edge-{zone}"', f'api = "{self.api}"']  # fmt: skip
        lines += ["[target.sketch.ehr]", f'direct = "{base}/fhir"', f'probe_patient = "{PATIENT}"']
        for zone in ZONES:
            lines += ["[[target.sketch.ehr.links]]", f'zone = "{zone}"', f'proxy = "ehr-{zone}"',
                      f'api = "{self.api}"']  # fmt: skip
        return "\n".join(lines) + "\n"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    web.run_app(app(), host=args.host, port=args.port, print=None, access_log=None)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # gone with whom started it
    main()
