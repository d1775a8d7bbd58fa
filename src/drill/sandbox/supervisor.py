"""The supervisor: brings the platform up, keeps it up, and takes it down whatever happens.

Theory: nothing here is trusted to clean up. Every process hangs below a zone's first process, every
zone below a pipe that this process holds; when it goes, by whatever signal, the kernel closes the pipes
and the zones are gone. An orderly end is that same road, plus tidying files.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import psycopg

from drill.sandbox import checks, configs, control, roster, shim
from drill.sandbox.backups.parts import Backups
from drill.sandbox.defects import Defect
from drill.sandbox.homes import Home, sweep
from drill.sandbox.keeper import Keeper, NeverUpError, last_line
from drill.sandbox.layout import ZONES
from drill.sandbox.order import Order, proxy_program
from drill.sandbox.roster import FAULT_PROXY, HOMES
from drill.sandbox.state import State, replace
from drill.sandbox.yard import Store, StoreError

START_DEADLINE_S = 120.0
_POLL_S = 0.05


class FailedError(Exception):
    """The platform did not come up; the text says why."""


class Supervisor:
    """One run of one instance. The state folder is held by the caller."""

    def __init__(
        self, order: Order, state: State, store: Store, envoy: str, backups: Backups | None = None
    ) -> None:
        self._order = order
        self._state = state
        self._store = store
        self._backups = backups
        self._phase = "starting"
        self._dirty = False
        self._errands: dict[str, asyncio.Future[int]] = {}
        self._homes = {name: Home(name, store.isolation, self._exited) for name in HOMES}
        specs = roster.specs(order, state, store, envoy, backups)
        self._keepers = {spec.name: self._keeper(spec) for spec in specs}

    async def run(self, stop: asyncio.Event) -> None:
        """Up, until told to stop; FailedError when it does not come up."""
        shim.prctl(shim.PR_SET_CHILD_SUBREAPER, 1)
        self._write_files()
        began_s = time.monotonic()
        homes = [asyncio.create_task(self._keep_home(home)) for home in self._homes.values()]
        members = [asyncio.create_task(keeper.keep()) for keeper in self._keepers.values()]
        bring_up = asyncio.create_task(self._bring_up(began_s))
        told = asyncio.create_task(stop.wait())
        switch = control.listening(self._homes, self._keepers.values(), self._store.layout.control)
        try:
            async with switch:
                await self._until(told, bring_up, [*homes, *members])
        except (NeverUpError, StoreError) as error:
            raise FailedError(str(error)) from error
        except psycopg.Error as error:
            lost = f"the store ended while it was set up: {error}"
            raise FailedError(f"{lost.strip()}\n  see its logs in {self._state.logs}") from error
        finally:
            self._state.target.unlink(missing_ok=True)
            # Members first: one that sees its zone go would only want it back.
            for group in ([told, bring_up, *members], homes):
                for task in group:
                    task.cancel()
                await asyncio.gather(*group, return_exceptions=True)
            shim.kill_descendants(os.getpid())
            for file in self._state.pids.iterdir():
                file.unlink()
            self._state.drop_stores()
            self._phase = "down"
            self._write_status()

    async def _until(
        self, told: asyncio.Task[bool], bring_up: asyncio.Task[None], forever: list[asyncio.Task[None]]
    ) -> None:
        waiting: set[asyncio.Task[bool] | asyncio.Task[None]] = {told, bring_up, *forever}
        while not told.done():
            ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()

    async def _bring_up(self, began_s: float) -> None:
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await self._store.bring_up(self)
                if self._backups is not None:
                    await self._backups.create_roles(await self._store.primary(), self._state.pg / "pgpass")
                await asyncio.gather(*(keeper.up.wait() for keeper in self._keepers.values()))
                await self._edge_sees_all()
        except TimeoutError as error:
            raise FailedError(self._why_not()) from error
        replace(self._state.target, self._target())
        self._phase = "ready"
        self._write_status()
        print(f"ready in {time.monotonic() - began_s:.1f} s", file=sys.stderr, flush=True)

    def _target(self) -> str:
        """The target file."""
        text = configs.target(self._store, self._order.profile, self._order.agents)
        return text if self._backups is None else text + self._backups.target(self._store.layout.name)

    def allow(self, name: str) -> None:
        """See Yard."""
        self._keepers[name].allowed.set()

    async def up(self, name: str) -> None:
        """See Yard."""
        await self._keepers[name].up.wait()

    async def once(self, zone: str, name: str, argv: list[str]) -> Path:
        """See Yard."""
        log = self._state.log(name)
        self._errands[name] = asyncio.get_running_loop().create_future()
        await (await self._homes[zone].zone()).start(name, argv, log)
        if (code := await self._errands[name]) != 0:
            raise StoreError(f"{name} ended with {code}; {last_line(log)}")
        return log

    async def _edge_sees_all(self) -> None:
        """A zone that works is of no use to a caller before the edge knows it."""
        layout = self._store.layout
        places = [f"{layout.voice(zone)}::" for zone in ZONES] + [
            f"envoy://voice-{zone}/::" for zone in ZONES
        ]
        wanted = [f"{place}health_flags::healthy" for place in places]
        while True:
            try:
                _, text = await checks.request(layout.edge_admin, "GET", "/clusters")
            except checks.SilentError:
                text = ""
            if all(line in text for line in wanted):
                return
            await asyncio.sleep(_POLL_S)

    async def _link_up(self) -> bool:
        """Create the links; a fault proxy that was restarted has forgotten them."""
        body = json.dumps(configs.links(self._store))
        try:
            status, _ = await checks.request(self._store.layout.proxy_api, "POST", "/populate", body)
        except checks.SilentError:
            return False
        return status in (200, 201)

    async def _keep_home(self, home: Home) -> None:
        await home.keep(self._state.log(f"zone-{home.name}"), partial(self._gone, home))

    def _keeper(self, spec: roster.Spec) -> Keeper:
        keeper = Keeper(
            spec,
            self._homes[spec.zone].zone,
            self._state.log(spec.name),
            self._state.pids / spec.name,
            self._changed,
        )
        if spec.name in {each.name for each in self._store.specs()}:
            keeper.prepare = partial(self._store.prepare, spec.name, spec.zone)
        else:
            keeper.allowed.set()
        keeper.once = Defect.NO_RESTART in self._order.defects
        if spec.name == FAULT_PROXY:
            keeper.equip = self._link_up
        return keeper

    def _exited(self, name: str, code: int) -> None:
        if name in self._keepers:
            self._keepers[name].ended(code)
        elif not self._errands[name].done():
            self._errands[name].set_result(code)

    def _gone(self, home: Home) -> None:
        """A zone is gone: so is all that was in it."""
        for keeper in self._keepers.values():
            if keeper.spec.zone == home.name:
                keeper.ended(-9)
        for errand in self._errands.values():
            if not errand.done():
                errand.set_result(-9)
        sweep(list(self._homes.values()))

    def _write_files(self) -> None:
        self._state.renew()
        self._store.write_secrets()
        if self._backups is not None:
            self._backups.write_secrets()
        for name, data in roster.service_configs(self._order, self._state, self._store).items():
            replace(self._state.configs / f"{name}.json", json.dumps(data, indent=1) + "\n")
        self._write_status()

    def _why_not(self) -> str:
        down = [keeper for keeper in self._keepers.values() if not keeper.up.is_set()]
        lines = [f"  {it.spec.name}: {it.state}; {last_line(it.log)}" for it in down]
        what = lines or ["  everything answers, but the store's standby or the edge's view is not complete"]
        return "\n".join([f"not ready after {START_DEADLINE_S:.0f} s:", *what])

    def _changed(self) -> None:
        """Write the status once, however much changes at a time."""
        if not self._dirty:
            self._dirty = True
            asyncio.get_running_loop().call_soon(self._write_status)

    def _write_status(self) -> None:
        self._dirty = False
        order, isolation = self._order, self._store.isolation
        self._state.write_status(
            {
                "instance": order.instance,
                "phase": self._phase,
                "pid": os.getpid(),
                "profile": order.profile,
                "isolation": isolation.kind,
                "isolation_why": isolation.why,
                "fault_proxy": proxy_program(order.proxy) or "embedded",
                "defects": list(order.defects),
                "settings": dict(order.settings),
                "edge": configs.edge_url(self._store.layout),
                "target": str(self._state.target),
                "processes": [keeper.facts() for keeper in self._keepers.values()],
            }
        )
