"""Where everything of one instance listens: a pure function of its number.

All of 127.0.0.0/8 is the loopback, so an instance is a network 127.(20+N).0.0/16 of its own:
ports never move, and instances differ in one octet that a reader can see in every log line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

ZONES = ("a", "b", "c")
REGIONS = ("one", "two")
MAX_INSTANCE = 235
_FIRST_NET = 20
_LINK_PORT = 18101
_VOICE_PORT = 18111
# What else goes from zone to zone, each pair of zones on a wire of its own.
_WIRE_PORTS = {"sql": 18120, "wal": 18130, "consensus": 18140, "members": 18150}
CARRIED = tuple(_WIRE_PORTS)
# Speech and model: their own ports, past the fault proxies, and the first of their links.
_STAGE_PORTS = {"recognition": 17011, "model": 17012, "synthesis": 17013}
_STAGE_LINKS = {"recognition": 18171, "model": 18174, "synthesis": 18177}
STAGES = tuple(_STAGE_PORTS)


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

    @property
    def name(self) -> str:
        """What a drill calls this instance."""
        return f"sandbox-{self.instance}" if self.instance else "sandbox"

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

    def stage(self, name: str) -> Address:
        """Recognition, model or synthesis, past the fault proxies."""
        return Address(self.host(4, 2), _STAGE_PORTS[name])

    def stage_link(self, name: str, zone: str) -> Address:
        """The fault proxy's listener on a zone's way to it."""
        return Address(self.host(0, 8), _STAGE_LINKS[name] + ZONES.index(zone))

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

    @property
    def control(self) -> Address:
        """The zone control's API."""
        return Address(self.host(0, 9), 8475)

    @property
    def mesh_admin(self) -> Address:
        """The mesh's admin interface."""
        return Address(self.host(0, 6), 19901)

    def mesh(self, zone: str) -> Address:
        """Where a zone's etcd finds the way to the others."""
        return Address(self.host(0, 6), 18701 + ZONES.index(zone))

    def etcd(self, zone: str) -> Address:
        """A zone's etcd, for clients."""
        return Address(self.zone_host(zone), 12379)

    def etcd_peer(self, zone: str) -> Address:
        """A zone's etcd, for its peers."""
        return Address(self.zone_host(zone), 12380)

    def patroni(self, zone: str) -> Address:
        """What a zone's store member says of itself."""
        return Address(self.zone_host(zone), 18008)

    def voice(self, zone: str) -> Address:
        """The fault proxy's listener on the callers' way into a zone."""
        return Address(self.host(0, 8), _VOICE_PORT + ZONES.index(zone))

    def wire(self, carries: str, source: str, zone: str) -> Address:
        """The fault proxy's listener on the way from one zone to another."""
        pair = 3 * ZONES.index(source) + ZONES.index(zone)
        return Address(self.host(0, 8), _WIRE_PORTS[carries] + pair)

    def objects(self, region: str) -> Address:
        """A region's object store."""
        return Address(self.host(0, 10 + REGIONS.index(region)), 9000)

    @property
    def archiver(self) -> Address:
        """Who takes in finished log files."""
        return Address(self.host(0, 12), 9187)

    @property
    def replicator(self) -> Address:
        """Who brings objects to the second region."""
        return Address(self.host(0, 13), 9187)

    @property
    def vault(self) -> Address:
        """The bucket whose objects nobody can delete."""
        return Address(self.host(0, 14), 9000)

    def claims(self, *, cluster: bool = False, backups: bool = False) -> dict[str, Address]:
        """Every address the instance listens at, by what for; `cluster`: with a store in every zone."""
        single = {
            "edge": self.edge,
            "edge admin": self.edge_admin,
            "ehr": self.ehr,
            "fault proxy API": self.proxy_api,
            "egress metrics": self.egress_metrics,
            "zone control": self.control,
            "store a": self.store("a"),
            "store b": self.store("b"),
        }
        single |= {name: self.stage(name) for name in STAGES}
        zoned = {"agent": self.agent, "egress": self.egress, "link": self.link, "voice": self.voice}
        zoned |= {f"{name} link": partial(self.stage_link, name) for name in STAGES}
        if cluster:
            single |= {"store c": self.store("c"), "mesh admin": self.mesh_admin} | self._between()
            zoned |= {
                "etcd": self.etcd,
                "etcd peer": self.etcd_peer,
                "patroni": self.patroni,
                "mesh": self.mesh,
            }
        if backups:
            single |= {f"objects {region}": self.objects(region) for region in REGIONS}
            single |= {"archiver": self.archiver, "replicator": self.replicator, "vault": self.vault}
        return single | {f"{what} {zone}": at(zone) for what, at in zoned.items() for zone in ZONES}

    def _between(self) -> dict[str, Address]:
        return {
            wire_name(carries, source, zone): self.wire(carries, source, zone)
            for carries in CARRIED
            for source, zone in PAIRS
        }


PAIRS = tuple((source, zone) for source in ZONES for zone in ZONES if source != zone)


def link_name(zone: str) -> str:
    """The name of a zone's link to the EHR, at the fault proxy and in the egress counter."""
    return f"ehr-{zone}"


def stage_name(stage: str, zone: str) -> str:
    """The name of a zone's link to recognition, model or synthesis at the fault proxy."""
    return f"{stage}-{zone}"


def wire_name(carries: str, source: str, zone: str) -> str:
    """The name of a way to a zone at the fault proxy."""
    return f"{carries}-{source}-{zone}"
