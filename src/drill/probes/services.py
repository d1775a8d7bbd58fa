"""Each zone's services, as the platform's own zone control tells of them (`GET /zones`).

There are many and they seldom change, so a sample is written when something of it did, and otherwise
every two seconds: the journal stays small and silence still means silence.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from drill.model.events import ServiceSample
from drill.probes.ask import FAILURES, say, text

WRITE_EVERY_S = 2.0


class Services:
    """Asks the zone control and hands on what is news."""

    def __init__(self, control: str, zones: Sequence[str]) -> None:
        self._control, self._zones = control, zones
        self._written: dict[tuple[str, str], tuple[float, ServiceSample]] = {}

    async def ask(self, session: aiohttp.ClientSession) -> list[ServiceSample]:
        """The samples to write now; one without a service's name per zone when nobody answered."""
        try:
            found = service_samples(self._zones, await text(session, f"{self._control}/zones"))
        except FAILURES as error:
            found = [_unknown(zone, say(error)) for zone in self._zones]
        return self.news(found, time.monotonic())

    def news(self, found: Sequence[ServiceSample], now_s: float) -> list[ServiceSample]:
        """Those of the samples that changed or were not written for WRITE_EVERY_S."""
        fresh = [sample for sample in found if self._is_news(sample, now_s)]
        for sample in fresh:
            self._written[sample.zone, sample.service] = (now_s, sample)
        return fresh

    def _is_news(self, sample: ServiceSample, now_s: float) -> bool:
        at_s, last = self._written.get((sample.zone, sample.service), (0.0, None))
        return sample != last or now_s - at_s >= WRITE_EVERY_S


def service_samples(zones: Sequence[str], page: str) -> list[ServiceSample]:
    """Every service of the given zones from the control's page; ValueError when it is not a page of one."""
    said: Any = json.loads(page)
    if not isinstance(said, dict) or not isinstance(said.get("zones"), dict):
        raise ValueError("the zone control's page has no zones")
    found: list[ServiceSample] = []
    for zone in zones:
        known = said["zones"].get(zone)
        if not isinstance(known, dict) or not isinstance(known.get("services"), dict):
            found.append(_unknown(zone, "the zone control tells of no services of this zone"))
            continue
        found += [_sample(zone, known, name, each) for name, each in sorted(known["services"].items())]
    return found


def _sample(zone: str, known: dict[str, Any], name: str, service: Any) -> ServiceSample:
    if not isinstance(service, dict):
        raise ValueError(f"the zone control's service {name[:40]!r} is not an object")
    return ServiceSample(
        zone, name[:60], ok=True, zone_state=str(known.get("state", ""))[:60],
        state=str(service.get("state", ""))[:60], pid=_number(service, "pid"),
        restarts=_number(service, "restarts"), commanded=_number(service, "commanded"), detail="",
    )  # fmt: skip


def _number(service: dict[str, Any], name: str) -> int:
    """A count; a service that does not run may have null for its pid."""
    value = service.get(name) or 0
    if not isinstance(value, int):
        raise ValueError(f"the zone control's {name} is not a number")
    return value


def _unknown(zone: str, detail: str) -> ServiceSample:
    return ServiceSample(
        zone, service="", ok=False, zone_state="", state="", pid=0, restarts=0, commanded=0, detail=detail
    )
