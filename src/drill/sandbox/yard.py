"""What a store asks of the supervisor, what it offers, and what runs outside the zones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from drill.sandbox.layout import Address, Layout
from drill.sandbox.spec import Spec
from drill.sandbox.state import State
from drill.sandbox.zones import Isolation

OUTSIDE = "outside"


class StoreError(Exception):
    """The store could not be prepared; the text says why."""


class Yard(Protocol):
    """The supervisor, as a store that comes up sees it."""

    def allow(self, name: str) -> None:
        """Let a kept process start."""

    async def up(self, name: str) -> None:
        """Returns when it works."""

    async def once(self, zone: str, name: str, argv: list[str]) -> Path:
        """Run a program to its end in a zone; returns its log; StoreError when it fails."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A way between zones through the fault proxy: who goes where, carrying what."""

    name: str
    carries: str
    source: str
    zone: str
    listen: Address
    upstream: Address


class Store(Protocol):
    """A store, whatever its profile."""

    @property
    def layout(self) -> Layout:
        """The instance's addresses."""

    @property
    def state(self) -> State:
        """The instance's folder."""

    @property
    def isolation(self) -> Isolation:
        """How zones are kept together."""

    @property
    def dsn(self) -> str:
        """Where the drill reads back."""

    def for_agent(self, zone: str) -> dict[str, Any]:
        """How a zone's agent finds it: members of an agent's configuration."""

    def wires(self) -> list[Wire]:
        """What of it goes between zones."""

    def status_addresses(self) -> dict[str, Address]:
        """Where each zone's member tells about itself; empty without such."""

    def specs(self) -> list[Spec]:
        """Its processes."""

    def service_configs(self) -> Mapping[str, dict[str, Any]]:
        """Configurations without secrets, by name."""

    def write_secrets(self) -> None:
        """New passwords, and the files that hold them."""

    def prepare(self, name: str, zone: str) -> None:
        """Before each start of one of its processes."""

    async def primary(self) -> Address:
        """Where the primary is; waits until there is one."""

    async def bring_up(self, yard: Yard) -> None:
        """From nothing to tables and redundancy; StoreError when it cannot."""
