"""What an experiment would touch on a target, found as its actions find it, and nothing done.

The actions themselves choose by the same functions, so that what is rehearsed is what is done; only a zone
chosen by its role may be another one by then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drill.definition.media import media_order
from drill.definition.needs import RESTORES, injects
from drill.definition.stages import stage_order
from drill.faults import Fault, World
from drill.faults.ehr import ehr_fault
from drill.faults.stages import stage_fault, ways_to
from drill.faults.zones import service_fault, stall, zone_fault
from drill.model.target import Target
from drill.toolkit.media_session import media_faults
from drill.toolkit.session import ehr_of
from drill.toolkit.store_members import zone_of
from drill.toolkit.zone_session import service_named, zone_order

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_UNDONE = {
    "link-down": "the proxy listens again, if it did",
    "link-toxic": "the toxic is removed, others stay",
    "link-upstream": "the proxy leads where it led",
    "replication-stall": "the toxics are removed, others stay",
    "service-hang": "by the platform itself: that is what is drilled",
    "service-kill": "by the platform itself: that is what is drilled",
    "zone-isolate": "the proxies that listened do so again",
    "zone-kill": "the zone's power is given back",
    "zone-pause": "the zone is let go on",
}


@dataclass(frozen=True, slots=True)
class Touch:
    """One fault as it would be applied: by which action, on what, and how it is undone."""

    action: str
    what: str
    fault: Fault

    @property
    def undone(self) -> str:
        """In words."""
        kind = self.fault.kind
        return _UNDONE["link-toxic"] if kind.startswith("media-") else _UNDONE[kind]


def touches(experiment: str, target: Target, world: World) -> list[Touch]:
    """Every fault of an experiment (JSON), in order; WorldError when something is not there."""
    data = json.loads(experiment)
    known = data.get("configuration") or {}
    found: list[Touch] = []
    for step in data["method"]:
        if injects(step) and step["provider"]["func"] != RESTORES:
            told = {
                name: _told(value, known) for name, value in (step["provider"].get("arguments") or {}).items()
            }
            found += _of(step["provider"]["func"], told, target, world)
    return found


def _told(value: Any, known: dict[str, Any]) -> Any:
    """An argument as Chaos Toolkit would fill it in, where the experiment's own configuration has it."""
    match = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
    return known.get(match[1], value) if match else value


def _of(func: str, told: dict[str, Any], target: Target, world: World) -> Iterator[Touch]:
    action = f"{func} {told.get('mode', '')}".strip()
    match func:
        case "ehr_fault":
            for link in ehr_of(target).links:
                yield Touch(
                    action, f"proxy {link.proxy} at {link.api}", ehr_fault(told["mode"], link, "a stand-in")
                )
        case "zone_fault":
            order = zone_order(
                **{name: value for name, value in told.items() if not name.startswith("target")}
            )
            zone = zone_of(target, order.zone)
            if order.silent_s > 0:
                yield Touch(action, f"replication from zone {zone}", stall(target, zone))
            yield Touch(action, f"zone {zone}", zone_fault(order.mode, target, zone))
        case "service_fault":
            service, wanted = told.get("service", "agent"), told.get("zone", "replica")
            zone, name = service_named(world, target, service, wanted)
            yield Touch(
                action, f"service {name} of zone {zone}", service_fault(told["mode"], target, zone, name)
            )
        case "media_fault":
            for zone, fault in media_faults(target, media_order(told)).items():
                wires = ", ".join(way.proxy for way in fault.ways)
                yield Touch(action, f"media into zone {zone} ({wires})", fault)
        case "speech_fault" | "model_fault":
            hurt = stage_order(func, told)
            for way in ways_to(target, hurt.stages):
                what = f"{way.stage} of zone {way.zone} (proxy {way.proxy} at {way.api})"
                yield Touch(action, what, stage_fault(hurt, way, "a stand-in"))
