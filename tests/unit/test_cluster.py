"""The store that fails over, as far as it is data: addresses, wires, timers, who leads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox import defects, members, mesh, patroni_config
from drill.sandbox.defects import Defect
from drill.sandbox.layout import CARRIED, PAIRS, ZONES, Address, Layout, wire_name
from drill.sandbox.patroni_member import through

LAYOUT = Layout(3)


@given(st.integers(0, 235))
def test_no_two_parts_of_an_instance_share_an_address(instance: int) -> None:
    claims = Layout(instance).claims(cluster=True)
    assert len(set(claims.values())) == len(claims)


def test_instances_share_no_address() -> None:
    one, other = (set(Layout(n).claims(cluster=True).values()) for n in (4, 5))
    assert not one & other


def test_each_pair_of_zones_has_a_wire_for_all_that_goes_between_them() -> None:
    names = {wire_name(carries, source, zone) for carries in CARRIED for source, zone in PAIRS}
    assert names <= set(LAYOUT.claims(cluster=True))
    assert len(PAIRS) == len(ZONES) * (len(ZONES) - 1)


@pytest.mark.parametrize("source", ZONES)
def test_the_mesh_sends_each_zone_over_its_own_wires(source: str) -> None:
    found = mesh.configuration(LAYOUT)
    listener = next(each for each in found["static_resources"]["listeners"] if each["name"] == source)
    hosts = listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    targets = {host["routes"][0]["route"]["cluster"] for host in hosts}
    assert targets == {wire_name("consensus", source, zone) for zone in ZONES if zone != source}


@pytest.mark.parametrize("profile", ["ha", "realistic"])
@pytest.mark.parametrize("names", [(), (Defect.NO_FAILOVER,), (Defect.SLOW_FAILOVER,)])
def test_timers_obey_patronis_rule(profile: str, names: tuple[Defect, ...]) -> None:
    timing = patroni_config.timers(profile, names)
    assert timing.loop_wait_s + 2 * timing.retry_timeout_s <= timing.ttl_s


def test_the_realistic_profile_has_the_stock_lease() -> None:
    assert patroni_config.timers("realistic", ()).ttl_s == 30
    assert patroni_config.timers("ha", ()).ttl_s < 10


def test_a_zone_reads_the_others_addresses_as_its_wires_and_its_own_as_they_are() -> None:
    ways = patroni_config.ways(LAYOUT, "b")
    published = f"postgres://{LAYOUT.store('a')}/postgres http://{LAYOUT.patroni('b')}/patroni"
    read = through(ways, published)
    wire, own = LAYOUT.wire("wal", "b", "a"), LAYOUT.patroni("b")
    assert read == f"postgres://{wire}/postgres http://{own}/patroni"


def test_asynchronous_replication_is_a_defect_and_not_the_rule() -> None:
    def synchronous(*names: str) -> bool:
        found = patroni_config._agreed(patroni_config.SHORT, names, {})  # the agreed part alone
        return bool(found["synchronous_mode"])

    assert synchronous()
    assert not synchronous(Defect.ASYNCHRONOUS_REPLICATION)


def test_defects_of_failover_need_a_store_that_fails_over() -> None:
    defects.check(["no-failover"], "ha")
    with pytest.raises(ValueError, match="--profile ha"):
        defects.check(["no-failover"], "lite")


@asynccontextmanager
async def member(host: str, status: int, body: object) -> AsyncIterator[Address]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} x\r\nServer: member\r\n\r\n{json.dumps(body)}".encode())
        writer.close()

    async with await asyncio.start_server(answer, host, 0) as server:
        yield Address(*server.sockets[0].getsockname())


async def _leader(*said: tuple[str, int, object]) -> str | None:
    async with AsyncExitStack() as held:
        addresses = {
            zone: await held.enter_async_context(member("127.0.0.1", status, body))
            for zone, status, body in said
        }
        return await members.primary(addresses)


def test_the_member_that_says_so_leads() -> None:
    assert asyncio.run(_leader(("a", 503, {}), ("b", 200, {"timeline": 2}))) == "b"


def test_of_two_that_say_so_the_newer_timeline_leads() -> None:
    assert asyncio.run(_leader(("a", 200, {"timeline": 1}), ("b", 200, {"timeline": 2}))) == "b"


def test_nobody_leads_while_nobody_says_so() -> None:
    assert asyncio.run(_leader(("a", 503, {}), ("b", 503, {}))) is None


def test_an_answer_that_is_none_leads_nobody() -> None:
    assert asyncio.run(_leader(("a", 200, ["what"]))) is None
