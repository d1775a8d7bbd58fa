"""The toxics by name. A new one is a file with a frozen dataclass, and a line here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

from drill.sandbox.faultproxy.errors import bad_request, invalid_type
from drill.sandbox.faultproxy.toxics.bandwidth import Bandwidth
from drill.sandbox.faultproxy.toxics.base import Flow, Noop, Toxic
from drill.sandbox.faultproxy.toxics.latency import Latency
from drill.sandbox.faultproxy.toxics.limit_data import LimitData
from drill.sandbox.faultproxy.toxics.reset_peer import ResetPeer
from drill.sandbox.faultproxy.toxics.slicer import Slicer
from drill.sandbox.faultproxy.toxics.slow_close import SlowClose
from drill.sandbox.faultproxy.toxics.timeout import Timeout

__all__ = ["REGISTRY", "Flow", "Noop", "ResetPeer", "Timeout", "Toxic", "attributes", "make"]

REGISTRY: Mapping[str, Callable[..., Toxic]] = {
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_close": SlowClose,
    "timeout": Timeout,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "limit_data": LimitData,
}
_LARGEST = 1 << 53  # what JSON can carry without loss


def make(kind: str, given: object) -> Toxic:
    """A toxic from its JSON attributes; ApiError 400 for an unknown kind or any odd attribute."""
    cls = REGISTRY.get(kind)
    if cls is None:
        raise invalid_type()
    if not isinstance(given, dict):
        raise bad_request("attributes must be an object")
    known = [f.name for f in dataclasses.fields(cast("Any", cls))]
    for name, value in given.items():
        _check(kind, known, name, value)
    toxic = cls(**given)
    if problem := toxic.problem():
        raise bad_request(problem)
    return toxic


def _check(kind: str, known: list[str], name: str, value: object) -> None:
    if name not in known:
        raise bad_request(f"{kind} has no attribute {name!r}; it has {', '.join(known)}")
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"attribute {name!r} must be a whole number")
    if not 0 <= value <= _LARGEST:
        raise bad_request(f"attribute {name!r} must not be negative or beyond 2^53")


def attributes(toxic: Toxic) -> dict[str, int]:
    """A toxic's attributes as JSON."""
    return dataclasses.asdict(cast("Any", toxic))
