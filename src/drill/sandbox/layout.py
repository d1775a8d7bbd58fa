"""Where everything of one instance listens: a pure function of its number.

All of 127.0.0.0/8 is the loopback, so an instance is a network 127.(20+N).0.0/16 of its own:
ports never move, and instances differ in one octet that a reader can see in every log line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

ZONES = ("a", "b", "c")
MAX_INSTANCE = 235
_FIRST_NET = 20
_LINK_PORT = 18101


class Address(NamedTuple):
    """A TCP address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The addresses of instance `instance`."""

    instance: int

    def __post_init__(self) -> None:
        if not 0 <= self.instance <= MAX_INSTANCE:
            raise ValueError(f"instance {self.instance} is outside 0 to {MAX_INSTANCE}")

    def host(self, third: int, fourth: int) -> str:
        """127.M.third.fourth"""
        return f"127.{_FIRST_NET + self.instance}.{third}.{fourth}"

    def zone_host(self, zone: str) -> str:
        """The address of a zone: 127.M.1.1 for a, and so on."""
        return self.host(ZONES.index(zone) + 1, 1)

    @property
    def edge(self) -> Address:
        """HTTP and the WebSocket `/media`."""
        return Address(self.host(0, 1), 10000)

    @property
    def edge_admin(self) -> Address:
        """Envoy's admin interface."""
        return Address(self.host(0, 1), 19901)

    @property
    def ehr(self) -> Address:
        """The health record service, past the fault proxies."""
        return Address(self.host(4, 1), 17003)

    @property
    def proxy_api(self) -> Address:
        """The fault proxy's API."""
        return Address(self.host(0, 8), 8474)

    @property
    def egress_metrics(self) -> Address:
        """The counting relay's own metrics."""
        return Address(self.host(0, 7), 9100)

    def agent(self, zone: str) -> Address:
        """A zone's voice agent."""
        return Address(self.zone_host(zone), 17001)

    def store(self, zone: str) -> Address:
        """A zone's PostgreSQL server; zones a and b have one."""
        return Address(self.zone_host(zone), 15432)

    def egress(self, zone: str) -> Address:
        """Where a zone's agent finds the EHR: the counting relay."""
        return Address(self.host(0, 7), _LINK_PORT + ZONES.index(zone))

    def link(self, zone: str) -> Address:
        """The fault proxy's listener on a zone's way to the EHR."""
        return Address(self.host(0, 8), _LINK_PORT + ZONES.index(zone))

    def claims(self) -> dict[str, Address]:
        """Every address the instance listens at, by what for."""
        single = {
            "edge": self.edge,
            "edge admin": self.edge_admin,
            "ehr": self.ehr,
            "fault proxy API": self.proxy_api,
            "egress metrics": self.egress_metrics,
            "store primary": self.store("a"),
            "store standby": self.store("b"),
        }
        zoned = {"agent": self.agent, "egress": self.egress, "link": self.link}
        return single | {f"{what} {zone}": at(zone) for what, at in zoned.items() for zone in ZONES}


def link_name(zone: str) -> str:
    """The name of a zone's link to the EHR, at the fault proxy and in the egress counter."""
    return f"ehr-{zone}"
