"""A platform of three zones without any: its zone control, its store members' status, its fault proxies.

All in one thread of the test's own process. Behind the proxies stands a server that greets like PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from drill.sandbox.faultproxy.api import make_app
from drill.sandbox.faultproxy.registry import Registry

ZONES = ("a", "b", "c")
EFFECTS = {"down": "down", "up": "up", "freeze": "frozen", "thaw": "up"}


def service(pid: int) -> dict[str, Any]:
    """A service that runs."""
    return {"state": "up", "pid": pid, "restarts": 0, "commanded": 0}


@dataclass
class Platform:
    """What the servers tell, to be changed by tests. `log` is every request to the zone control.

    `lies`: the control says yes and does nothing. `refuses`: it answers 409.
    """

    zones: dict[str, Any] = field(
        default_factory=lambda: {
            zone: {"state": "up", "services": {f"agent-{zone}": service(n), f"store-{zone}": service(n + 50)}}
            for n, zone in enumerate(ZONES, start=100)
        }
    )
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    synchronous: bool = True
    lies: bool = False
    refuses: bool = False
    log: list[str] = field(default_factory=list)
    api: str = ""
    control: str = ""
    listens: dict[str, str] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)

    def lead(self, primary: str) -> None:
        """One primary, the others follow it, the first of them in sync."""
        others = [zone for zone in ZONES if zone != primary]
        replica = {"state": "running", "role": "replica", "replication_state": "streaming", "timeline": 1}
        self.members = {zone: {**replica, "sync_standby": zone == others[0]} for zone in others}
        self.members[primary] = {"state": "running", "role": "primary", "timeline": 1}

    def enabled(self) -> set[str]:
        """Names of the proxies that listen."""
        return {name for name, proxy in self.registry.proxies.items() if proxy.to_json()["enabled"]}

    def toxics(self) -> dict[str, list[str]]:
        """Names of the toxics by proxy, where there are any."""
        found = {name: proxy.to_json()["toxics"] for name, proxy in self.registry.proxies.items()}
        return {name: [toxic["name"] for toxic in toxics] for name, toxics in found.items() if toxics}

    # --- handlers ---------------------------------------------------------------------------

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"zones": self.zones})

    async def _order(self, request: web.Request) -> web.Response:
        zone, verb = request.match_info["zone"], request.match_info["verb"]
        self.log.append(f"{zone} {verb}")
        if zone not in self.zones or verb not in EFFECTS:
            return web.json_response({"error": "unknown"}, status=404)
        if self.refuses:
            return web.json_response({"error": "not now"}, status=409)
        if not self.lies:
            self.zones[zone]["state"] = EFFECTS[verb]
        return web.json_response(self.zones[zone])

    async def _order_service(self, request: web.Request) -> web.Response:
        zone, name, verb = (request.match_info[part] for part in ("zone", "service", "verb"))
        self.log.append(f"{name} {verb}")
        if verb == "kill" and not self.lies:
            self.zones[zone]["services"][name] |= {"pid": None, "state": "ended (-9)"}
        return web.json_response(self.zones[zone])

    async def _member(self, request: web.Request) -> web.Response:
        found = self.members.get(request.match_info["zone"])
        return web.json_response(found) if found else web.Response(status=500, text="gone")

    async def _config(self, _: web.Request) -> web.Response:
        return web.json_response({"synchronous_mode": self.synchronous})

    def _app(self) -> web.Application:
        app = web.Application()
        app.add_routes([
            web.get("/zones", self._list), web.post("/zones/{zone}/{verb}", self._order),
            web.post("/zones/{zone}/services/{service}/{verb}", self._order_service),
            web.get("/member/{zone}/patroni", self._member), web.get("/member/{zone}/config", self._config),
        ])  # fmt: skip
        return app

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Until `stop`."""
        runners = [web.AppRunner(app, shutdown_timeout=0.1) for app in (self._app(), make_app(self.registry))]
        for runner in runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.control, self.api = ("http://{}:{}".format(*runner.addresses[0]) for runner in runners)
        store = await asyncio.start_server(_greet, "127.0.0.1", 0)
        upstream = "{}:{}".format(*store.sockets[0].getsockname())
        for name in [*wires(), *(f"ehr-{zone}" for zone in ZONES)]:
            body = {"name": name, "listen": "127.0.0.1:0", "upstream": upstream}
            self.listens[name] = (await self.registry.create(body)).to_json()["listen"]
        ready.set()
        await stop.wait()
        self.registry.stop()
        store.close()
        for runner in runners:
            await runner.cleanup()

    def toml(self) -> str:
        """The platform as a target file."""
        lines = ["[target.fake]", 'environment = "sandbox"', 'edge = "ws://127.0.0.1:1/media"',
                 f'control = "{self.control}"']  # fmt: skip
        for zone in ZONES:
            lines += ["[[target.fake.zones]]", f'name = "{zone}"', f'health = "{self.control}/zones"',
                      f'metrics = "{self.control}/zones"']  # fmt: skip
        for name in wires():
            carries, source, zone = name.split("-")
            lines += ["[[target.fake.wires]]", f'carries = "{carries}"', f'source = "{source}"',
                      f'zone = "{zone}"', f'proxy = "{name}"', f'api = "{self.api}"']  # fmt: skip
        lines += [
            "[target.fake.ehr]",
            'direct = "http://127.0.0.1:1/fhir"',
            'probe_patient = "synthetic-0001"',
        ]
        for zone in ZONES:
            lines += ["[[target.fake.ehr.links]]", f'zone = "{zone}"', f'proxy = "ehr-{zone}"',
                      f'api = "{self.api}"']  # fmt: skip
        lines += ["[target.fake.store]", 'dsn = "postgresql://127.0.0.1/voice"', 'turns = "-"',
                  'outbox_pending = "-"']  # fmt: skip
        for zone in ZONES:
            lines += ["[[target.fake.store.members]]", f'zone = "{zone}"',
                      f'status = "{self.control}/member/{zone}"']  # fmt: skip
        return "\n".join(lines) + "\n"


def wires() -> list[str]:
    """Names of all wires: voice from the edge, everything else between each two zones."""
    pairs = [(source, zone) for zone in ZONES for source in ZONES if source != zone]
    between = [f"{c}-{s}-{z}" for c in ("sql", "wal", "consensus", "members") for s, z in pairs]
    return [*(f"voice-edge-{zone}" for zone in ZONES), *between]


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(64):
            writer.write(b"N")
    writer.close()


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[Platform, Path]]:
    """The platform, led by zone a, and its target file."""
    platform, ready = Platform(), threading.Event()
    platform.lead("a")
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(platform.serve(ready, stop)), daemon=True
    )
    thread.start()
    assert ready.wait(10)
    (folder / "target.toml").write_text(platform.toml())
    try:
        yield platform, folder / "target.toml"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
